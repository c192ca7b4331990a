// D = 3: the sphere from far away. Regions are cells between meridians and parallels, smaller ones
// along their borders; where the gradient jumps between neighbouring cells there is a dot.

const kSphere = {
  x: 200,
  y: 200,
  r: 160,
  longest: 34,
  columns: 72,
  rows: 36,
  cuts: 5,
  arrows: 260
};

const makeGrid = () => {
  const {columns, rows, arrows} = kSphere, points = [], edges = [];
  for (let r = 0; r < rows; ++r) {
    for (let c = 0; c < columns; ++c) {
      points.push(onSphere((c + 0.5) * 360 / columns - 180, (r + 0.5) * 180 / rows - 90));
      edges.push([r * columns + c, r * columns + (c + 1) % columns]);
      if (r + 1 < rows) edges.push([r * columns + c, (r + 1) * columns + c]);
    }
  }
  return {points: [...points, ...covering(arrows)], edges, cells: points.length};
};
const grid = makeGrid();

// The cells beside one of another region, cut into kSphere.cuts squared: [first column, row,
// region].
const borderOf = (result, {region, largest}) => {
  const {columns, rows, cuts} = kSphere, pieces = [], points = [];
  for (let cell = 0; cell < grid.cells; ++cell) {
    const c = cell % columns, r = (cell - c) / columns, beside = [];
    for (const [dc, dr] of [[1, 0], [-1, 0], [0, 1], [0, -1]])
      if (r + dr >= 0 && r + dr < rows)
        beside.push((r + dr) * columns + (c + dc + columns) % columns);
    if (beside.every(other => region[other] === region[cell])) continue;
    for (let k = 0; k < cuts * cuts; ++k) {
      const column = c + (k % cuts) / cuts, row = r + Math.floor(k / cuts) / cuts,
            half = 0.5 / cuts;
      pieces.push([column, row]);
      points.push(onSphere((column + half) * 360 / columns - 180, (row + half) * 180 / rows - 90));
    }
  }
  const found =
      points.length ? ask({do: "walk", ...result.request, points, edges: [], largest}).region : [];
  return pieces.map((piece, k) => [...piece, found[k]]);
};
const fieldOf = result => {
  const field = ask({do: "walk", ...result.request, points: grid.points, edges: grid.edges});
  return {...field, border: borderOf(result, field)};
};

// On the page x goes right, y up, z to the eye.
const seen = v => {
  const a = radians(scene.yaw), b = radians(scene.pitch);
  const right = -Math.sin(a) * v[0] + Math.cos(a) * v[1],
        depth = Math.cos(a) * v[0] + Math.sin(a) * v[1];
  return [
    right, Math.cos(b) * v[2] - Math.sin(b) * depth, Math.cos(b) * depth + Math.sin(b) * v[2]
  ];
};
const unseen = ([x, y, z]) => {
  const a = radians(scene.yaw), b = radians(scene.pitch);
  const depth = Math.cos(b) * z - Math.sin(b) * y, up = Math.sin(b) * z + Math.cos(b) * y;
  return [Math.cos(a) * depth - Math.sin(a) * x, Math.sin(a) * depth + Math.cos(a) * x, up];
};
const project = v => {
  const [x, y, z] = seen(v);
  return [kSphere.x + kSphere.r * x, kSphere.y - kSphere.r * y, z];
};
// What lies behind the rim is drawn on it.
const projectToRim = v => {
  const [x, y, z] = seen(v), rim = z < 0 ? Math.hypot(x, y) : 1;
  return `${tenth(kSphere.x + kSphere.r * x / rim)} ${tenth(kSphere.y - kSphere.r * y / rim)}`;
};

// The visible cells of each region as one path.
const regionPaths = result => {
  const {columns, rows} = kSphere, paths = {wrong: "", margin: "", still: ""};
  const cut = new Set(
      result.field.border.map(([c, r]) => Math.floor(r + 1e-9) * columns + Math.floor(c + 1e-9)));
  const corner = (c, r) => projectToRim(onSphere(c * 360 / columns - 180, r * 180 / rows - 90));
  for (let r = 0; r < rows; ++r) {
    for (let from = 0, to; from < columns; from = to) {
      const region = result.field.region[r * columns + from];
      const drawn = c => !cut.has(r * columns + c) && seen(grid.points[r * columns + c])[2] > -0.06;
      for (to = from;
           to < columns && drawn(to) && result.field.region[r * columns + to] === region;)
        ++to;
      if (to === from) {
        ++to;
        continue;
      }
      const below = [], above = [];
      for (let c = from; c <= to; ++c) {
        below.push(corner(c, r));
        above.unshift(corner(c, r + 1));
      }
      paths[region] += "M" + [...below, ...above].join("L") + "z";
    }
  }
  const part = 1 / kSphere.cuts;
  for (const [c, r, region] of result.field.border) {
    if (seen(onSphere((c + part / 2) * 360 / columns - 180, (r + part / 2) * 180 / rows - 90))[2] <
        -0.02)
      continue;
    const corners =
        [corner(c, r), corner(c + part, r), corner(c + part, r + part), corner(c, r + part)];
    paths[region] += "M" + corners.join("L") + "z";
  }
  return Object.entries(paths).map(
      ([region, d]) => svgElement("path", {class: "sphere-region region " + region, d}));
};

// An arrow at a place of the sphere, as it is seen; "" on the far side.
const sphereArrow = (place, force, largest, longest) => {
  const length = drawnLength(force, largest, longest);
  const [x, y, z] = project(place);
  if (z < 0.03 || !(length > 0.5)) return "";
  const [fx, fy] = seen(unit(force)), foreshortened = Math.hypot(fx, fy);
  if (length * foreshortened < 0.5) return "";
  return arrow(x, y, fx / foreshortened, -fy / foreshortened, length * foreshortened);
};

const sphereField = (result, number, count) => {
  let d = "";
  for (let k = grid.cells + number; k < grid.points.length; k += count)
    d += sphereArrow(grid.points[k], result.field.force[k], result.field.largest, kSphere.longest);
  const dots = result.field.jumps
                   .map(jump => {
                     const [x, y, z] = project(jump.at);
                     return z > 0 ? `M${tenth(x - 0.8)} ${tenth(y)}h1.6` : "";
                   })
                   .join("");
  return svgElement(
      "g", {}, svgElement("path", {class: "field " + kNames[number], d}),
      svgElement("path", {class: "step " + kNames[number], d: dots}));
};

const drawSphere = (field, results) => {
  field.replaceChildren(
      svgElement("circle", {class: "ball", cx: kSphere.x, cy: kSphere.y, r: kSphere.r}),
      ...regionPaths(results[0]),
      ...results.map((result, number) => sphereField(result, number, results.length)));
  results.forEach((result, number) => {
    const d = forcesNow(result)
                  .map(
                      ([index, force]) => sphereArrow(
                          vectorOf(index), force, result.field.largest, kCircle.longest))
                  .join("");
    field.append(svgElement("path", {class: "force " + kNames[number], d}));
  });
};

const placeOnSphere = handles => handles.forEach((handle, index) => {
  const [x, y, z] = project(vectorOf(index));
  placeHandle(handle, index, x, y, z < 0);
});

// The direction under a place of the picture, on the near or the far side; outside, on the rim.
const fromSphere = (x, y, near) => {
  let u = (x - kSphere.x) / kSphere.r, v = (kSphere.y - y) / kSphere.r;
  const rim = Math.max(1, Math.hypot(u, v));
  u /= rim;
  v /= rim;
  const z = Math.sqrt(Math.max(0, 1 - u * u - v * v));
  return unit(unseen([u, v, near ? z : -z]));
};
