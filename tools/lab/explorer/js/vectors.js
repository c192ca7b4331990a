// Vectors are lists of three numbers; on the circle the third is 0. Angles are in degrees.

const radians = degrees => degrees * Math.PI / 180;
const degrees = radians => radians * 180 / Math.PI;
const dot = (a, b) => a.reduce((sum, v, k) => sum + v * b[k], 0);
const size = v => Math.hypot(...v);
const scaled = (v, by) => v.map(entry => entry * by);
const sum = (a, b) => a.map((v, k) => v + b[k]);
const unit = v => scaled(v, 1 / size(v));
const cross =
    (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];

// Longitude and latitude, the north pole on the third axis.
const onSphere = (longitude, latitude) =>
    [Math.cos(radians(latitude)) * Math.cos(radians(longitude)),
     Math.cos(radians(latitude)) * Math.sin(radians(longitude)), Math.sin(radians(latitude))];
const longitudeOf = v => degrees(Math.atan2(v[1], v[0]));
const latitudeOf = v => degrees(Math.atan2(v[2], Math.hypot(v[0], v[1])));

// The angle between unit vectors, also where it is small.
const angleBetween = (a, b) => degrees(Math.atan2(size(cross(a, b)), dot(a, b)));

// N directions that cover the sphere evenly: the golden angle from one to the next.
const covering = N => Array.from({length: N}, (_, k) => {
  const z = 1 - (2 * k + 1) / N, around = k * Math.PI * (3 - Math.sqrt(5));
  return [Math.sqrt(1 - z * z) * Math.cos(around), Math.sqrt(1 - z * z) * Math.sin(around), z];
});

// Random numbers in [0, 1) that a view can be asked for again (mulberry32).
const randomFrom = seed => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
