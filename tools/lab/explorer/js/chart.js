// Line charts over the turn, and the strips of the masks under them. Units as in the atlas's
// charts.

const kPlot = {
  left: 48,
  top: 26,
  width: 318,
  height: 182
};
const acrossPlot = angle => kPlot.left + kPlot.width * (angle + 180) / 360;

// Multiples of 1, 2 or 5 times a power of ten, about five, that enclose both ends.
const niceTicks = (low, high) => {
  const span = Math.max(high - low, 1e-12 * Math.max(Math.abs(low), Math.abs(high)) + 1e-30);
  const power = 10 ** Math.floor(Math.log10(span / 5));
  const step = [1, 2, 5, 10].map(f => f * power).find(s => s >= span / 5 * (1 - 1e-6));
  const first = Math.floor(low / step + 1e-6),
        last = Math.max(Math.ceil(high / step - 1e-6), first + 1);
  return Array.from({length: last - first + 1}, (_, k) => (first + k) * step);
};

const linePath = (angles, values, low, high) => {
  let path = "", pen = "M";
  values.forEach((v, k) => {
    if (v === null) {
      pen = "M";
      return;
    }
    const y = kPlot.top + kPlot.height * (1 - (v - low) / (high - low));
    path += `${pen}${tenth(acrossPlot(angles[k]))} ${tenth(y)}`;
    pen = "L";
  });
  return path;
};

const angleTicks = (group, bottom) => {
  for (let v = -180; v <= 180; v += 60) {
    group.append(
        svgElement("path", {class: "grid", d: `M${acrossPlot(v)} ${kPlot.top}V${bottom}`}),
        svgElement("text", {"text-anchor": "middle", x: acrossPlot(v), y: bottom + 15}, v + "°"));
  }
};
const hereLine = (circle, bottom) => svgElement(
    "path", {class: "here", d: `M${tenth(acrossPlot(circle.here))} ${kPlot.top}V${bottom}`});

// The angle of a jump between two points of the turn.
const jumpAngle = (circle, jump) => {
  const at = [...jump.at, 0].slice(0, 3);
  return circle.angleOf(at);
};

// `series`: a list of values for each loss. Returns the chart and by what the second was enlarged.
const chart = (title, circle, series, results, match) => {
  const reach = values => Math.max(...values.filter(v => v !== null).map(Math.abs), 0);
  const times = match && series.length === 2 && reach(series[1]) > 0 && reach(series[0]) > 0 ?
      reach(series[0]) / reach(series[1]) :
      1;
  const shown =
      [series[0], ...series.slice(1).map(values => values.map(v => v === null ? null : v * times))];
  const all = shown.flat().filter(v => v !== null);
  const ticks = niceTicks(Math.min(0, ...all), Math.max(0, ...all));
  const low = ticks[0], high = ticks[ticks.length - 1], bottom = kPlot.top + kPlot.height;
  const axes = svgElement("g", {class: "axes"});
  angleTicks(axes, bottom);
  for (const v of ticks) {
    const y = kPlot.top + kPlot.height * (1 - (v - low) / (high - low));
    axes.append(
        svgElement("path", {
          class: v === 0 ? "axis" : "grid",
          d: `M${kPlot.left} ${tenth(y)}H${kPlot.left + kPlot.width}`
        }),
        svgElement("text", {"text-anchor": "end", x: kPlot.left - 6, y: y + 4}, shortNumber(v)));
  }
  const picture = svgElement(
      "svg", {class: "chart", viewBox: "0 0 380 250", role: "img", "aria-label": title},
      svgElement("text", {class: "title", x: 8, y: 14}, title), axes,
      svgElement(
          "text", {"text-anchor": "middle", x: kPlot.left + kPlot.width / 2, y: bottom + 33},
          "angle φ from its class"));
  results.forEach((result, k) => {
    const d =
        result.walk.jumps
            .map(jump => `M${tenth(acrossPlot(jumpAngle(circle, jump)))} ${kPlot.top + 8 * k}v8`)
            .join("");
    picture.append(svgElement("path", {class: "step " + kNames[k], d}));
  });
  picture.append(hereLine(circle, bottom));
  const pens = ["curves", "curves second"];
  shown.forEach(
      (values, k) => picture.append(svgElement(
          "g", {class: pens[k]},
          svgElement("path", {class: kPens[k], d: linePath(circle.angles, values, low, high)}))));
  if (scene.D === 2) {
    scene.w.forEach((w, j) => picture.append(svgElement("circle", {
      class: j === 0 ? "place own" : "place",
      cx: tenth(acrossPlot(circle.angleOf(w))),
      cy: bottom,
      r: 3.4
    })));
  }
  return {picture, times};
};

// A row of a strip: runs of equal shade, blue where the class pushes and orange where it pulls.
const kShades = 12, kDecades = 3;
const shadeOf = (v, largest) => {
  if (v === null || largest === 0) return 0;
  const part = 1 + Math.log10(Math.max(Math.abs(v) / largest, 10 ** -kDecades)) / kDecades;
  return Math.sign(v) * Math.round(kShades * part);
};
const stripRow = (circle, values, largest, top, height) => {
  const row = svgElement("g");
  const shades = values.map(v => shadeOf(v, largest)), half = 180 / kTurn;
  for (let from = 0, to; from < shades.length; from = to) {
    for (to = from; to < shades.length && shades[to] === shades[from];) ++to;
    if (shades[from] === 0) continue;
    const left = acrossPlot(circle.angles[from] - half),
          right = acrossPlot(circle.angles[to - 1] + half);
    row.append(svgElement("rect", {
      class: shades[from] > 0 ? "push" : "pull",
      x: tenth(left),
      y: top,
      width: tenth(right - left),
      height,
      "fill-opacity": (Math.abs(shades[from]) / kShades).toFixed(2)
    }));
  }
  return row;
};

// The mask of one loss: what each class gives over the turn.
const strips = (circle, result, name) => {
  const C = scene.w.length, height = 16, bottom = kPlot.top + C * (height + 3);
  const slopes = scene.w.map((w, j) => result.walk.dcos.map((row, k) => {
    const v = row[j], c = dot(circle.points[k], w);
    return v === null || v === undefined ? null : v * Math.sqrt(Math.max(0, 1 - c * c));
  }));
  const largest = Math.max(...slopes.flat().map(v => Math.abs(v ?? 0)));
  const picture = svgElement(
      "svg", {
        class: "strip",
        viewBox: `0 0 380 ${bottom + 24}`,
        role: "img",
        "aria-label": "what each class gives: " + name
      },
      svgElement(
          "text", {class: "title", x: 8, y: 14}, `${name}, at most ${shortNumber(largest)}`));
  scene.w.forEach((_, j) => {
    const top = kPlot.top + j * (height + 3);
    const jumps =
        result.walk.jumps.filter(jump => jump.classes.includes(j))
            .map(jump => `M${tenth(acrossPlot(jumpAngle(circle, jump)))} ${top - 1}v${height + 2}`)
            .join("");
    picture.append(
        svgElement("rect", {class: "row", x: kPlot.left, y: top, width: kPlot.width, height}),
        stripRow(circle, slopes[j], largest, top, height),
        svgElement("path", {class: "step", d: jumps}),
        svgElement(
            "text", {"text-anchor": "end", x: kPlot.left - 6, y: top + 12},
            j === 0 ? "own" : "class " + (j + 1)));
  });
  for (let v = -180; v <= 180; v += 60)
    picture.append(
        svgElement("text", {"text-anchor": "middle", x: acrossPlot(v), y: bottom + 14}, v + "°"));
  picture.append(hereLine(circle, bottom));
  return picture;
};
