// D = 2: the circle with a ring for each loss, the field outside, the classes inside.

const kCircle = {
  x: 200,
  y: 200,
  r: 146,
  ring: 12,
  classes: 104,
  longest: 44
};

const onPicture = (v, radius) => [kCircle.x + radius * v[0], kCircle.y - radius * v[1]];

const ringPath = (from, to, outer) => {
  const inner = outer - kCircle.ring + 2, large = to - from > 180 ? 1 : 0;
  const at = (angle, radius) => onPicture(onSphere(angle, 0), radius).map(tenth).join(" ");
  return `M${at(from, outer)}A${outer} ${outer} 0 ${large} 0 ${at(to, outer)}L${at(to, inner)}` +
      `A${inner} ${inner} 0 ${large} 1 ${at(from, inner)}z`;
};
// Runs of equal regions; `start` is the longitude of the turn's 0 degrees.
const ring = (circle, result, start, outer) => {
  const group = svgElement("g"), region = result.walk.region, half = 180 / kTurn;
  for (let from = 0, to; from < region.length; from = to) {
    for (to = from; to < region.length && region[to] === region[from];) ++to;
    const piece = ringPath(
        start + circle.angles[from] - half, start + circle.angles[to - 1] + half + 0.2, outer);
    group.append(svgElement("path", {class: "region " + region[from], d: piece}));
  }
  return group;
};

// Whether the force turns the sample away from its class.
const turnsAway = (circle, k, force) => {
  const t = [-circle.points[k][1], circle.points[k][0]];
  return (force[0] * t[0] + force[1] * t[1]) * circle.angles[k] > 0;
};

const circleField = (circle, result, number, alone) => {
  let along = "", away = "";
  const every = kTurn / 36, half = every / 2 + (number === 1 ? every / 2 : 0);
  for (let k = half | 0; k < kTurn; k += every) {
    const force = result.walk.force[k];
    const length = drawnLength(force, result.walk.largest, kCircle.longest);
    if (!(length > 0.4)) continue;
    const [x, y] = onPicture(circle.points[k], kCircle.r + 4), [ux, uy] = unit(force);
    const drawn = arrow(x, y, ux, -uy, length);
    if (alone && turnsAway(circle, k, force)) away += drawn;
    else along += drawn;
  }
  return svgElement(
      "g", {}, svgElement("path", {class: "field " + kNames[number], d: along}),
      svgElement("path", {class: "field away", d: away}));
};

const circlePlaces =
    () => [...scene.w.map(w => onPicture(w, kCircle.classes)), onPicture(scene.x, kCircle.r - 5)];

const circleForces = (result, number) => {
  const places = circlePlaces();
  const d = forcesNow(result)
                .map(([index, force]) => {
                  const length = drawnLength(force, result.walk.largest, kCircle.longest);
                  if (!(length > 1)) return "";
                  const [ux, uy] = unit(force);
                  return arrow(...places[index], ux, -uy, length);
                })
                .join("");
  return svgElement("path", {class: "force " + kNames[number], d});
};

const drawCircle = (field, circle, results) => {
  const start = longitudeOf(scene.w[0]);
  field.replaceChildren(
      svgElement("circle", {class: "disc", cx: kCircle.x, cy: kCircle.y, r: kCircle.r}));
  scene.w.forEach(w => field.append(svgElement("path", {
    class: "ray",
    d: `M${kCircle.x} ${kCircle.y}L${onPicture(w, kCircle.r).map(tenth).join(" ")}`
  })));
  results.forEach((result, number) => {
    const outer = kCircle.r - 1 - number * kCircle.ring;
    const jumps = result.walk.jumps
                      .map(jump => {
                        const ends = [outer - kCircle.ring + 1, outer + 2].map(
                            r => onPicture([...jump.at, 0], r).map(tenth).join(" "));
                        return `M${ends[0]}L${ends[1]}`;
                      })
                      .join("");
    field.append(
        ring(circle, result, start, outer), svgElement("path", {class: "step", d: jumps}),
        circleField(circle, result, number, results.length === 1));
  });
  results.forEach((result, number) => field.append(circleForces(result, number)));
};

const placeOnCircle = handles =>
    circlePlaces().forEach(([x, y], index) => placeHandle(handles[index], index, x, y, false));

// Where on the circle a place of the picture points.
const fromCircle = (x, y) => onSphere(degrees(Math.atan2(kCircle.y - y, x - kCircle.x)), 0);
