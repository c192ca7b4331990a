// Controls of a loss, made from its own table of parameters.

// The ends of a slider: what is allowed, where that is wide a few times the default.
const sliderRange = p => {
  const d = Math.abs(+p.default), typical = p.default === "" || d === 0 ? 1 : d;
  let low =
      p.lowest === null || p.lowest < 0 ? Math.max(p.lowest ?? -Infinity, -3 * typical) : p.lowest;
  let high =
      Math.min(p.highest ?? Infinity, p.kind === "count" ? Math.max(10, 4 * typical) : 3 * typical);
  if (low >= high) low = p.lowest ?? 0;
  const step = p.kind === "count" ? 1 : (high - low) / 300;
  if (p.kind !== "count" && p.allowed.includes(">") && !p.allowed.includes(">=")) low += step;
  return {low, high, step};
};

const numberControl = (p, id, text, change) => {
  const {low, high, step} = sliderRange(p);
  const slider = element("input", {type: "range", id, min: low, max: high, step});
  const field = element("input", {
    type: "text",
    inputmode: "decimal",
    "aria-label": p.name + " as a number",
    placeholder: "not set"
  });
  const set = value => {
    field.value = value;
    slider.value = value === "" ? low : +value;
  };
  set(text);
  slider.addEventListener("input", () => {
    field.value = String(+(+slider.value).toPrecision(4));
    change(field.value);
  });
  field.addEventListener("input", () => {
    if (field.value !== "" && isFinite(+field.value)) slider.value = +field.value;
    change(field.value.trim());
  });
  return [slider, field];
};
const choiceControl = (p, id, text, change) => {
  const select = element(
      "select", {id, class: "both"}, ...p.choices.map(choice => new Option(choice, choice)));
  select.value = text;
  select.addEventListener("change", () => change(select.value));
  return [select];
};
const parameterControl = (p, id, text, change) => {
  const made = (p.choices.length ? choiceControl : numberControl)(p, id, text, change);
  return element("div", {class: "parameter"}, element("label", {for: id
                 }, p.name), ...made, element("small", {}, p.doc));
};

// An empty field of a parameter that has a default means the default.
const setParameter = (loss, p, text) => {
  if (text === "" || text === p.default) delete loss.settings[p.name];
  else loss.settings[p.name] = text;
};

// Numbers that the loss keeps between steps; counters of calls among them are harmless.
const stateControls = (loss, place, typical, change) => {
  const scalars = Object.entries(typical.state).filter(([, value]) => typeof value === "number");
  if (scalars.length === 0) return [];
  const rows = scalars.map(([name, value]) => {
    const id = `state-${place}-${name}`;
    const field = element("input", {type: "text", inputmode: "decimal", id, class: "both"});
    field.value = String(loss.state[name] ?? value);
    field.addEventListener("input", () => {
      if (field.value.trim() === "" || !isFinite(+field.value)) return;
      loss.state[name] = +field.value;
      change();
    });
    return element("div", {class: "parameter"}, element("label", {for: id
                   }, name), field);
  });
  return [element("details", {}, element("summary", {}, "state before the call"), ...rows)];
};

// Fills the card of the first (0) or second (1) loss. `choose` is called with a name or "".
const fillCard = (card, place, choose, change) => {
  const loss = scene.losses[place];
  const select = element(
      "select", {"aria-label": kNames[place] + " loss"},
      ...(place === 1 ? [new Option("none", "")] : []),
      ...infos.map(info => new Option(info.name, info.name)));
  select.value = loss ? loss.name : "";
  select.addEventListener("change", () => choose(select.value));
  const refused = element("p", {class: "refused", role: "alert", hidden: ""});
  card.replaceChildren(card.querySelector("summary"), select, refused);
  if (!loss) return;
  const info = infoOf(loss.name);
  const typical = ask({do: "typical", loss: loss.name, rows: 2});
  card.append(
      element("p", {class: "formula"}, info.formula),
      ...info.parameters.map(
          p => parameterControl(
              p, `parameter-${place}-${p.name}`, loss.settings[p.name] ?? p.default,
              text => {
                setParameter(loss, p, text);
                change();
              })),
      ...stateControls(loss, place, typical, change));
};
const showRefusal = (card, text) => {
  const refused = card.querySelector(".refused");
  refused.textContent = text;
  refused.hidden = text === "";
};
