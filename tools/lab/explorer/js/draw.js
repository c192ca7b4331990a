// SVG and HTML elements, arrows and numbers as text.

const $ = id => document.getElementById(id);
const svgElement = (name, attributes = {}, ...children) => {
  const node = document.createElementNS($("picture").namespaceURI, name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  node.append(...children);
  return node;
};
const element = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  node.append(...children);
  return node;
};

const tenth = v => String(Math.round(v * 10) / 10);
const shortNumber = v => v === null ? "not finite" : String(+v.toPrecision(4));
const degreesText = v => v.toFixed(1).replace(/^-0\.0$/, "0.0") + "°";
const kNames = ["first", "second"];
const kPens = ["s0", "s3"];

// From (x, y) along (ux, uy), a unit vector on the page, where y grows downwards.
const arrow = (x, y, ux, uy, length) => {
  const tip = Math.min(5, 0.6 * length), tx = x + length * ux, ty = y + length * uy;
  const p = (a, b) => `${tenth(a)} ${tenth(b)}`;
  return `M${p(x, y)}L${p(tx, ty)}M${p(tx - tip * (ux - 0.6 * uy), ty - tip * (uy + 0.6 * ux))}` +
      `L${p(tx, ty)}L${p(tx - tip * (ux + 0.6 * uy), ty - tip * (uy - 0.6 * ux))}`;
};

// What can be taken hold of: the sample, then the classes. Made once for every number of classes,
// so that a handle keeps the focus while what is around it is drawn anew.
const makeHandles = onto => {
  const handle = (kind, name, text) => svgElement(
      "g", {
        class: "handle " + kind,
        tabindex: 0,
        role: "slider",
        "aria-label": name,
        "aria-valuemin": -180,
        "aria-valuemax": 180
      },
      svgElement("circle", {class: "reach", r: 20}),
      svgElement("circle", {class: "body", r: kind === "sample" ? 10 : 9}),
      svgElement("text", {y: 4}, text));
  const handles = scene.w.map(
      (_, j) => handle(
          j === 0 ? "own" : "other", `class ${j + 1}${j === 0 ? ", that of the sample" : ""}`,
          String(j + 1)));
  handles.push(handle("sample", "sample", "x"));  // last: it lies on top
  onto.replaceChildren(...handles);
  return handles;
};
const vectorOf = index => index === scene.w.length ? scene.x : scene.w[index];
const setVector = (index, v) => {
  if (index === scene.w.length) scene.x = v;
  else scene.w[index] = v;
};
const placeHandle = (handle, index, x, y, behind) => {
  const v = vectorOf(index), angle = longitudeOf(v);
  handle.setAttribute("transform", `translate(${tenth(x)} ${tenth(y)})`);
  handle.setAttribute("aria-valuenow", angle.toFixed(1));
  handle.setAttribute(
      "aria-valuetext",
      scene.D === 2 ? degreesText(angle) :
                      `longitude ${degreesText(angle)}, latitude ${degreesText(latitudeOf(v))}`);
  handle.classList.toggle("behind", behind);
};

// How long a force is drawn: the longest of the field is `longest` units.
const drawnLength = (force, largest, longest) => largest > 0 ? longest * size(force) / largest : 0;

// The forces on the sample and, of a class loss, on the proxies: [index of the vector, force].
const forcesNow = result => {
  const push = row => row.map(v => 0 - v);
  const forces = [[scene.w.length, scaled(push(result.gradient.dx[0]), scene.length)]];
  (result.gradient.dw ?? []).forEach((row, j) => forces.push([j, push(row)]));
  return forces;
};
