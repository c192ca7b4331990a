// The curves, the masks and the table of numbers.

const legendEntry = (text, number) =>
    element("span", {}, element("i", {class: kPens[number]}), text);

const showCurves = (circle, results) => {
  const match = $("same").checked;
  const value = chart("value L", circle, results.map(r => r.walk.value), results, match);
  const slope =
      chart("gradient dL/dφ per radian", circle, results.map(r => r.slopes), results, match);
  $("charts").replaceChildren(value.picture, slope.picture);
  const notes = [value.times, slope.times].map(times => "× " + shortNumber(times)).join(", ");
  $("charts-legend")
      .replaceChildren(...results.map(
          (result, k) =>
              legendEntry(result.typical.describe + (k === 1 && match ? ` (${notes})` : ""), k)));
  $("same").parentNode.hidden = results.length < 2;
};

const showMasks = (circle, results) => $("masks").replaceChildren(...results.map(
    result => result.info.cosines ?
        strips(circle, result, result.info.name) :
        element(
            "p", {class: "none"},
            `${result.info.name} reads no cosines to proxies: it has no row a class.`)));

// A number in a table: as short as can be read, or all that a double holds.
const sixDigits = v =>
    v !== 0 && Math.abs(v) < 1e-4 ? v.toExponential(5) : String(+v.toPrecision(6));
const digitsText = v => v === null ? "not finite" : $("digits").checked ? String(v) : sixDigits(v);
const cell = (v, of) => element("td", {class: "n", "data-of": of}, digitsText(v));
const headRow = names =>
    element("tr", {}, ...names.map((name, k) => element("th", k > 0 ? {class: "n"} : {}, name)));
const axisNames = () => ["x", "y", "z"].slice(0, scene.D);

// One row a class (of a pair loss: a sample): angle, cosine and what it gives; then dL/dw.
const classTable = (result, name) => {
  const {gradient, info, request} = result, rows = [];
  gradient.cos[0].forEach((c, k) => {
    const cells = [cell(c, name + ".cos")];
    if (gradient.dcos) cells.push(cell(gradient.dcos[0][k], name + ".dcos"));
    (info.proxies ? gradient.dw : gradient.dx)[k].forEach(
        v => cells.push(cell(v, name + (info.proxies ? ".dw" : ".dx"))));
    const of = info.proxies ? k + 1 : `${request.y[k] + 1}, sample ${k + 1}`;
    rows.push(element(
        "tr", {}, element("td", {}, String(of)),
        element("td", {class: "n"}, degreesText(degrees(Math.acos(c)))), ...cells));
  });
  const gradientNames = axisNames().map(axis => (info.proxies ? "dL/dw " : "dL/dx ") + axis);
  const head = ["class", "θ", "cos θ", ...(gradient.dcos ? ["dL/dcos θ"] : []), ...gradientNames];
  return element("table", {}, element("thead", {}, headRow(head)), element("tbody", {}, ...rows));
};
const sampleTable = (result, name) => {
  const dx = result.gradient.dx[0];
  const head = ["value L", ...axisNames().map(axis => "dL/dx " + axis), "|dL/dx|"];
  return element(
      "table", {}, element("thead", {}, headRow(head)),
      element(
          "tbody", {},
          element(
              "tr", {},
              element("td", {"data-of": name + ".value"}, digitsText(result.gradient.value)),
              ...dx.map(v => cell(v, result.info.proxies ? name + ".dx" : "")),
              cell(size(dx), ""))));
};

// What `facet grad` has to be given for the same numbers.
const asCommand = result => {
  const {loss, settings, state, x, w, y} = result.request;
  const set = Object.entries(settings).map(([name, text]) => ` ${name}=${text}`).join("");
  const files = {"x.npy": x, ...(w ? {"w.npy": w} : {}), "y.npy": y, "state.json": state};
  const command = `facet grad --loss ${loss}${set ? " --set" + set : ""} --x x.npy${
                      w ? " --w w.npy" : ""} --y y.npy` +
      ` --state state.json --dtype f64${result.info.cosines ? " --dcos" : ""} --out g`;
  return [
    command, "",
    ...Object.entries(files).map(([file, content]) => `${file}  ${JSON.stringify(content)}`)
  ].join("\n");
};

const showNumbers = results => {
  const open = [...$("numbers").querySelectorAll("details")].map(details => details.open);
  $("numbers").replaceChildren(...results.flatMap(
      (result, k) =>
          [element("h4", {}, result.typical.describe),
           element("div", {class: "scroll"}, sampleTable(result, kNames[k])),
           element("div", {class: "scroll"}, classTable(result, kNames[k])),
           element(
               "details", open[k] ? {open: ""} : {},
               element("summary", {}, "the same with facet grad"),
               element("pre", {tabindex: 0}, asCommand(result)))]));
};

const showKey = results => {
  const entry = (mark, text) => element("li", {}, mark, text);
  const pair = results.length === 2;
  const entries = [
    entry(element("b", {class: "wrong"}), "nearer to another class"),
    entry(element("b", {class: "margin"}), "margin region"),
    entry(element("b", {class: "still"}), "left alone")
  ];
  if (pair || scene.D === 3)
    entries.push(...results.map(
        (result, k) => entry(
            element("i", {class: kNames[k]}),
            `force, ${result.info.name}` +
                (pair && scene.D === 3 && k === 0 ? " (also the regions)" : ""))));
  else entries.push(entry(element("b", {class: "away"}), "turned away from its class"));
  entries.push(entry(element("i", {class: "step"}), "the gradient jumps"));
  $("picture-key").replaceChildren(...entries);
  $("longest").textContent =
      results
          .map(
              result =>
                  `${shortNumber((result.field ?? result.walk).largest)} (${result.info.name})`)
          .join(", ");
};
