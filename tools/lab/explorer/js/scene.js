// What is shown: one sample of the first class, a vector a class, and one or two losses.

let infos = [];  // every loss with its parameters, from the losses themselves
const infoOf = name => infos.find(info => info.name === name);

const freshScene = () => ({
  D: 2,
  length: 1,
  x: onSphere(142, 0),
  w: [90, 210, 330].map(angle => onSphere(angle, 0)),
  losses: [{name: "arcface", settings: {}, state: {}}, null],
  yaw: -100,
  pitch: 20,  // from where the sphere is seen
});
let scene = freshScene();

// Classes evenly spread: on the circle as a regular polygon, the first on top.
const spreadClasses = C => {
  scene.w = scene.D === 2 ? Array.from({length: C}, (_, j) => onSphere(90 + 360 * j / C, 0)) :
                            covering(C);
};
const randomDirection = random => scene.D === 2 ?
    onSphere(360 * random() - 180, 0) :
    onSphere(360 * random() - 180, degrees(Math.asin(2 * random() - 1)));

// A view, complete or not; on the circle everything lies in the plane.
const useView = view => {
  scene = {...freshScene(), ...view};
  setSpace(scene.D);
};

// Keeps the classes there are, adds others away from them.
const setClasses = C => {
  scene.w.length = Math.min(scene.w.length, C);
  while (scene.w.length < C) {
    const places =
        scene.D === 2 ? Array.from({length: 72}, (_, k) => onSphere(5 * k, 0)) : covering(200);
    const gap = place => Math.max(...scene.w.map(w => dot(place, w)));
    scene.w.push(places.reduce((best, place) => gap(place) < gap(best) - 1e-9 ? place : best));
  }
};
const setSpace = D => {
  scene.D = D;
  if (D === 3) return;
  const flat = v => onSphere(longitudeOf(v), 0);
  scene.x = flat(scene.x);
  scene.w = scene.w.map(flat);
};

const coordinates = v => v.slice(0, scene.D);
const sampleVector = () => scaled(coordinates(scene.x), scene.length);

// The batch that a loss sees. A class loss: the sample and a proxy a class, where the loss compares
// samples of different classes a second one at the second proxy. A pair loss: the sample, a second
// one of its class, and two equal ones of every other class, where the classes stand.
const batchFor = (info, typical) => {
  const x = [sampleVector()], y = [0];
  const place = j => scaled(coordinates(scene.w[j]), scene.length);
  if (info.proxies) {
    if (typical.companion) {
      x.push(place(1));
      y.push(1);
    }
    return {x, w: scene.w.map(coordinates), y};
  }
  scene.w.forEach((_, j) => {
    for (let twice = j === 0 ? 1 : 2; twice > 0; --twice) {
      x.push(place(j));
      y.push(j);
    }
  });
  return {x, y};
};

// Parameters that differ from their defaults.
const given = loss => Object.fromEntries(
    Object.entries(loss.settings)
        .filter(
            ([name, text]) =>
                text !== infoOf(loss.name).parameters.find(p => p.name === name).default));

// The great circle through the class of the sample and the sample: directions at angles from -180
// to 180 degrees, the class at 0. On the circle it is the circle, counterclockwise.
const kTurn = 360;
const turn = () => {
  const u = scene.w[0];
  let v = [-u[1], u[0], 0];
  if (scene.D === 3) {
    const across = sum(scene.x, scaled(u, -dot(scene.x, u)));
    const any = Math.abs(u[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0];
    v = unit(size(across) > 1e-9 ? across : cross(u, any));
  }
  const angles = Array.from({length: kTurn}, (_, k) => -180 + (k + 0.5) * 360 / kTurn);
  return {
    angles,
    u,
    v,
    points: angles.map(a => sum(scaled(u, Math.cos(radians(a))), scaled(v, Math.sin(radians(a))))),
    edges: angles.map((_, k) => [k, (k + 1) % kTurn]),
    here: degrees(Math.atan2(dot(scene.x, v), dot(scene.x, u))),
    angleOf: w => degrees(Math.atan2(dot(w, v), dot(w, u))),
  };
};

// What one loss says of the scene. The field is computed by the picture.
const study = (loss, circle) => {
  const info = infoOf(loss.name), settings = given(loss);
  const rows = info.proxies ? 2 : 2 * scene.w.length;
  const typical = ask({do: "typical", loss: loss.name, settings, rows});
  const batch = batchFor(info, typical);
  const state = {...typical.state, ...loss.state};
  if (state.E) state.E = state.E.slice(0, batch.y.length);
  const request = {loss: loss.name, settings, state, ...batch};
  const walk = ask({
    do: "walk",
    ...request,
    points: circle.points.map(coordinates),
    edges: circle.edges,
    classes: true
  });
  const slopes = walk.force.map((force, k) => {
    const along = radians(circle.angles[k]);
    const tangent =
        coordinates(sum(scaled(circle.u, -Math.sin(along)), scaled(circle.v, Math.cos(along))));
    return 0 - dot(force, tangent);
  });
  return {info, typical, request, gradient: ask({do: "grad", ...request}), walk, slopes};
};

// The view as text for the address, and back.
const sceneText = () => encodeURIComponent(JSON.stringify(scene));
const useAddress = text => {
  try {
    const view = JSON.parse(decodeURIComponent(text));
    const known = loss => loss === null || infoOf(loss.name);
    if (view.losses.length === 2 && view.losses[0] && view.losses.every(known) &&
        view.w.length >= 2)
      useView(view);
  } catch { /* an address that is no view: the scene stays */
  }
};
