// How the page looks: light, dark, on a phone and in print. Series colours are told apart with
// common colour blindness (Okabe and Ito's set, and steps of a single lightness ramp).
#include "tools/lab/charts/page.h"

namespace facet::atlas {

const char* const kPageStyle = R"css(
:root { color-scheme: light dark;
  --paper: #fdfdfb; --card: #ffffff; --ink: #1d2329; --soft: #5b6570; --line: #dde1e5;
  --accent: #0b62a8;
  --o0: #e0932b; --o1: #c2406b; --o2: #7a3fa8; --o3: #1f2f6b;
  --s0: #0072b2; --s1: #d55e00; --s2: #00865f; --s3: #b5478f; --s4: #9a7400; --s5: #3b9fd8;
  --s6: #4a4f57; --s7: #7d2e10;
  --wrong: #9aa2ab; --margin: #e0932b; --still: #cfe3d6; --bad: #d03a1e; --pull: #7a3fa8;
  --vanish: #8fb8d8; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14171a; --card: #1b1f23; --ink: #e6e9ec; --soft: #9aa5b0; --line: #323941;
  --accent: #6fb4ee;
  --o0: #f4b860; --o1: #f07f9d; --o2: #b58cf0; --o3: #7fa8ff;
  --s0: #4fa8e6; --s1: #f28c3c; --s2: #2fc08f; --s3: #e58bc6; --s4: #d9b23a; --s5: #9bd4f7;
  --s6: #b8bfc7; --s7: #d98a6a;
  --wrong: #59626b; --margin: #d98f2e; --still: #2b4537; --bad: #ff6a4d; --pull: #b58cf0;
  --vanish: #3f6687; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 4.5rem; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
header, main { max-width: 1180px; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.75rem; }
h1 { font-size: 1.9rem; line-height: 1.15; margin: 0 0 .5rem; letter-spacing: -.02em; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 0 0 .35rem; letter-spacing: -.01em; }
h3 { font-size: 1rem; margin: 1.1rem 0 .4rem; font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
p { margin: .35rem 0 .7rem; max-width: 46rem; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: .15em; }
code { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .9em; }
.lead { color: var(--soft); }
section { margin: 2.4rem 0; padding-top: 1.4rem; border-top: 1px solid var(--line); }
#choose { position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; gap: .5rem 1rem;
  align-items: center; margin: 1rem auto 0; padding: .6rem 1.25rem; max-width: 1180px;
  background: var(--paper); border-bottom: 1px solid var(--line); font-size: .9rem; }
#choose[hidden] { display: none; }
#choose label { color: var(--soft); display: flex; gap: .4rem; align-items: center; }
select { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--line);
  border-radius: 6px; padding: .3rem .4rem; max-width: 13rem; }
.jump { margin-left: auto; display: flex; gap: .15rem; }
.jump a { padding: .15rem .5rem; text-decoration: none; border-radius: 6px; }
.jump a:hover { background: var(--line); }
article { min-width: 0; }
.js article[hidden] { display: none; }
.js .losses.pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 1.5rem; }
.js .losses.pair .two { grid-template-columns: minmax(0, 1fr); }
figure { margin: .6rem 0 1.4rem; padding: .9rem 1rem .8rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 10px; break-inside: avoid; }
figcaption, .scene, .none { color: var(--soft); font-size: .88rem; }
figcaption { margin-top: .35rem; max-width: 46rem; }
.two { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .8rem 1.4rem; align-items: start; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg.chart { max-width: 560px; } svg.map { max-width: 470px; }
svg.circle { max-width: 520px; margin: 0 auto; }
svg text { font: 11.5px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--soft); }
svg .title { font-weight: 600; fill: var(--ink); font-size: 12.5px; }
svg path { fill: none; }
.grid { stroke: var(--line); } .axis { stroke: var(--soft); } .diagonal { stroke: var(--soft); stroke-dasharray: 2 4; }
.plot { stroke: var(--line); }
.curves path { stroke-width: 2.1; stroke-linejoin: round; stroke-linecap: round; vector-effect: non-scaling-stroke; }
/* Where curves coincide, all are seen: each is drawn thinner than the one below it. */
.curves path:nth-child(1):not(:last-child) { stroke-width: 4.4; } .curves path:nth-child(2):not(:last-child) { stroke-width: 3.4; }
.curves path:nth-child(3):not(:last-child) { stroke-width: 2.6; } .curves path:nth-child(n+5) { stroke-width: 1.5; }
.curves.second path:nth-child(n) { stroke-dasharray: 1 5; stroke-width: 2.6; }
.o0 { stroke: var(--o0); } .o1 { stroke: var(--o1); } .o2 { stroke: var(--o2); } .o3 { stroke: var(--o3); }
.s0 { stroke: var(--s0); } .s1 { stroke: var(--s1); } .s2 { stroke: var(--s2); } .s3 { stroke: var(--s3); }
.s4 { stroke: var(--s4); } .s5 { stroke: var(--s5); } .s6 { stroke: var(--s6); } .s7 { stroke: var(--s7); }
.legend { display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; margin: .4rem 0 0; font-size: .85rem; color: var(--ink); max-width: none; }
.legend span { display: inline-flex; align-items: center; gap: .4rem; }
.legend i { width: 22px; border-top: 3px solid var(--soft); }
.legend i.o0 { border-color: var(--o0); } .legend i.o1 { border-color: var(--o1); }
.legend i.o2 { border-color: var(--o2); } .legend i.o3 { border-color: var(--o3); }
.legend i.s0 { border-color: var(--s0); } .legend i.s1 { border-color: var(--s1); }
.legend i.s2 { border-color: var(--s2); } .legend i.s3 { border-color: var(--s3); }
.legend i.s4 { border-color: var(--s4); } .legend i.s5 { border-color: var(--s5); }
.legend i.s6 { border-color: var(--s6); } .legend i.s7 { border-color: var(--s7); }
.legend.second i { border-top-style: dotted; }
.legend b { width: 14px; height: 14px; border-radius: 3px; flex: none; }
.legend em { font-style: normal; font-weight: 600; }
.heat { mix-blend-mode: multiply; } image.heat { image-rendering: pixelated; }
.halo { stroke: var(--card); stroke-width: 3.2; opacity: .85; stroke-linejoin: round; }
.mask { stroke: var(--ink); stroke-width: 1.3; stroke-linejoin: round; }
svg .wrong { fill: var(--wrong); } svg .margin { fill: var(--margin); } svg .still { fill: var(--still); }
.key { list-style: none; margin: 1rem 0; padding: 0; font-size: .9rem; }
.key li { display: flex; gap: .6rem; margin: .45rem 0; }
.key b { width: 14px; height: 14px; border-radius: 3px; flex: none; margin-top: .25em; }
b.away { background: var(--bad); }
b.wrong { background: var(--wrong); } b.margin { background: var(--margin); } b.still { background: var(--still); }
.arrow { stroke: var(--ink); stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; }
.arrow.away { stroke: var(--bad); }
.dot { stroke: var(--soft); stroke-width: 3; stroke-linecap: round; }
.proxy { stroke: var(--card); stroke-width: 2; } .proxy.own { fill: var(--s0); } .proxy.other { fill: var(--soft); }
svg .f-target { fill: var(--bad); } svg .f-negative { fill: var(--pull); } svg .f-vanish { fill: var(--vanish); }
b.f-target { background: var(--bad); } b.f-negative { background: var(--pull); } b.f-vanish { background: var(--vanish); }
b.f-growth { background: var(--margin); } b.f-step { background: var(--wrong); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; width: 100%; }
th { text-align: left; color: var(--soft); font-weight: 500; vertical-align: bottom; }
th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.glance td:nth-child(2) { width: 108px; } svg.spark { width: 80px; height: 28px; } .glance td { padding-top: .1rem; padding-bottom: .1rem; }
.spark path { stroke-width: 1.6; } .bad { color: var(--bad); font-weight: 600; }
.matrix { font-size: .8rem; width: auto; } .matrix td, .matrix th { padding: .2rem .3rem; font-variant-numeric: tabular-nums; text-align: center; border: 1px solid var(--card); }
.matrix th:first-child { text-align: left; white-space: nowrap; }
@media (prefers-color-scheme: dark) { .heat { filter: invert(1) hue-rotate(180deg); mix-blend-mode: screen; } }
@media (max-width: 720px) { body { font-size: 15px; } header, main { padding: 0 .9rem; }
  #choose { padding: .5rem .9rem; gap: .4rem .7rem; } .jump { display: none; } select { max-width: 9.5rem; }
  .two, .js .losses.pair { grid-template-columns: minmax(0, 1fr); }
  figure { padding: .7rem .6rem; } section { margin: 1.8rem 0; } }
@media print { :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; }
  body { font-size: 10pt; } #choose { display: none; } figure { border: none; padding: 0; }
  section { break-before: page; } #glance { break-before: auto; } }
)css";

}  // namespace facet::atlas
