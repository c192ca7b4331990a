// What the page does when scripts run: chooses losses, and lays charts over each other.
#include "tools/lab/charts/page.h"

namespace facet::atlas {

const char* const kPageScript = R"js("use strict";
(() => {
  const plot = {left: 48, top: 26, width: 318, height: 182};  // as in chart.h
  const $ = id => document.getElementById(id);
  const studies = [...document.querySelectorAll("section.study")];
  const articleOf = (study, loss) =>
    [...study.querySelectorAll("article")].find(a => a.dataset.loss === loss && !a.dataset.laid);
  const losses = [...studies[0].querySelectorAll("article")].map(a => a.dataset.loss);
  const svgNamespace = document.querySelector("svg").namespaceURI;
  const svg = (name, attributes, text = "") => {
    const node = document.createElementNS(svgNamespace, name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    node.textContent = text;
    return node;
  };

  const axisOf = text => {
    const [low, high, scale] = text.split(" ");
    return {low: +low, high: +high, scale};
  };
  // Both ranges in one; `times` enlarges the second.
  const joined = (a, b, times) => {
    if (a.scale !== b.scale || (a.scale !== "linear" && a.scale !== "log")) return a;
    return {low: Math.min(a.low, b.low * times), high: Math.max(a.high, b.high * times), scale: a.scale};
  };
  const ticksOf = axis => {
    const ticks = [];
    if (axis.scale === "log") {
      for (let v = Math.ceil(axis.low); v <= axis.high; ++v)
        ticks.push([v, v > 3 && v < 6 ? 10 ** (v - 3) + "k" : String(+(10 ** v).toPrecision(3))]);
      return ticks;
    }
    const least = (axis.high - axis.low) / 5, power = 10 ** Math.floor(Math.log10(least));
    const step = [1, 2, 5, 10].map(f => f * power).find(s => s >= least * (1 - 1e-6));
    for (let k = Math.ceil(axis.low / step - 1e-6); k <= axis.high / step + 1e-6; ++k)
      ticks.push([k * step, String(+(k * step).toPrecision(4))]);
    return ticks;
  };
  const drawAxes = (group, x, y) => {
    group.replaceChildren();
    const right = plot.left + plot.width, bottom = plot.top + plot.height;
    const number = {"text-anchor": "end", class: "label", x: plot.left - 6};
    for (const [v, text] of x.ticks) {
      const at = plot.left + plot.width * (v - x.low) / (x.high - x.low);
      group.append(svg("path", {class: "grid", d: `M${at} ${plot.top}V${bottom}`}),
        svg("text", {"text-anchor": "middle", class: "label", x: at, y: bottom + 15}, text));
    }
    for (const [v, text] of y.ticks) {
      const at = plot.top + plot.height * (1 - (v - y.low) / (y.high - y.low));
      group.append(svg("path", {class: v === 0 ? "axis" : "grid", d: `M${plot.left} ${at}H${right}`}),
        svg("text", {...number, y: at + 4}, text));
    }
  };
  // Moves curves drawn for one pair of ranges to where another pair has them.
  const move = (group, oldX, oldY, newX, newY, times) => {
    const kx = (oldX.high - oldX.low) / (newX.high - newX.low);
    const tx = plot.left + plot.width * (oldX.low - newX.low) / (newX.high - newX.low) - kx * plot.left;
    const ky = times * (oldY.high - oldY.low) / (newY.high - newY.low);
    const bottom = plot.top + plot.height;
    const ty = bottom - plot.height * (times * oldY.low - newY.low) / (newY.high - newY.low) - ky * bottom;
    group.setAttribute("transform", `matrix(${kx} 0 0 ${ky} ${tx} ${ty})`);
  };
  const reach = axis => Math.max(Math.abs(axis.low), Math.abs(axis.high));

  // Draws the curves of chart b into chart a. Returns by what they were enlarged.
  const lay = (a, b, match) => {
    const ax = axisOf(a.dataset.x), ay = axisOf(a.dataset.y);
    const bx = axisOf(b.dataset.x), by = axisOf(b.dataset.y);
    const linear = ay.scale === "linear" && by.scale === "linear" && !("same" in a.dataset);
    const times = match && linear ? reach(ay) / reach(by) : 1;
    const x = joined(ax, bx, 1), y = joined(ay, by, times);
    const curves = a.querySelector(".curves"), other = b.querySelector(".curves").cloneNode(true);
    other.classList.add("second");
    a.append(other);
    const changed = x.low !== ax.low || x.high !== ax.high || y.low !== ay.low || y.high !== ay.high;
    if (changed && (y.scale === "linear" || y.scale === "log")) {
      x.ticks = x.scale === "angle" ? [0, 30, 60, 90, 120, 150, 180].map(v => [v, v + "°"]) : ticksOf(x);
      y.ticks = ticksOf(y);
      drawAxes(a.querySelector(".axes"), x, y);
    }
    move(curves, ax, ay, x, y, 1);
    move(other, bx, by, x, y, times);
    return times;
  };
  const named = (legend, name, note) => {
    const em = document.createElement("em");
    em.textContent = name + note;
    legend.prepend(em);
    return legend;
  };
  const overlay = (study, first, second, match) => {
    const a = articleOf(study, first).cloneNode(true), b = articleOf(study, second);
    a.dataset.laid = "1";
    a.hidden = false;
    a.removeAttribute("id");
    a.querySelector("h3").textContent = `${first}, and ${second} dotted`;
    const figures = [...b.querySelectorAll("figure")];
    a.querySelectorAll("figure").forEach((figure, k) => {
      if (!figures[k]) return;
      const charts = [...figures[k].querySelectorAll("svg.chart")];
      const notes = [];
      figure.querySelectorAll("svg.chart").forEach((chart, n) => {
        if (!charts[n]) return;
        const times = lay(chart, charts[n], match);
        if (times !== 1) notes.push("× " + times.toPrecision(3));
      });
      const legend = figure.querySelector(".legend"), more = figures[k].querySelector(".legend");
      if (!legend || !more) return;
      named(legend, first, "");
      const copy = named(more.cloneNode(true), second, notes.length ? ` (${notes.join(", ")})` : "");
      copy.classList.add("second");
      legend.after(copy);
    });
    for (let k = a.querySelectorAll("figure").length; k < figures.length; ++k)
      a.append(figures[k].cloneNode(true));
    study.querySelector(".losses").append(a);
  };

  const show = () => {
    const first = $("first").value, second = $("second").value === first ? "" : $("second").value;
    for (const study of studies) {
      study.querySelectorAll("article[data-laid]").forEach(a => a.remove());
      const over = second !== "" && "overlay" in study.dataset;
      study.querySelector(".losses").classList.toggle("pair", second !== "" && !over);
      for (const article of study.querySelectorAll("article")) {
        const loss = article.dataset.loss;
        article.hidden = over || (loss !== first && loss !== second);
        article.style.order = loss === first ? 0 : 1;
      }
      if (over) overlay(study, first, second, $("match").checked);
    }
    $("matching").style.visibility = second === "" ? "hidden" : "visible";
  };
  const choose = (first, second) => {
    if (losses.includes(first)) $("first").value = first;
    $("second").value = losses.includes(second) ? second : "";
    show();
  };
  const remember = () => {
    const second = $("second").value;
    history.replaceState(null, "", "#" + encodeURIComponent($("first").value + (second && "+" + second)));
  };

  document.documentElement.classList.add("js");
  for (const loss of losses) {
    $("first").append(new Option(loss, loss));
    $("second").append(new Option(loss, loss));
  }
  $("choose").hidden = losses.length < 2;
  for (const id of ["first", "second", "match"])
    $(id).addEventListener("change", () => { remember(); show(); });
  document.querySelectorAll("a[data-choose]").forEach(link => link.addEventListener("click", event => {
    event.preventDefault();
    choose(link.dataset.choose, $("second").value);
    remember();
    studies[0].scrollIntoView();
  }));
  const [first, second] = decodeURIComponent(location.hash.slice(1)).split("+");
  choose(losses.includes(first) ? first : losses[0], second);
})();
)js";

}  // namespace facet::atlas
