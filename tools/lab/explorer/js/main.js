// Ties what is moved to what is shown.

let handles = [], field = null;
const cards = [...document.querySelectorAll(".card.loss")];
let fieldKey = "", fields = [];  // the fields of the sphere, and of what they were computed

// The studies of the losses that accept their settings; of the others the refusal is shown.
const studies = circle => {
  const results = [];
  scene.losses.forEach((loss, place) => {
    if (!loss) return;
    try {
      results.push(study(loss, circle));
      showRefusal(cards[place], "");
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      showRefusal(cards[place], error.message);
    }
  });
  return results;
};

const addFields = results => {
  const key = JSON.stringify([
    scene.length, scene.w,
    results.map(result => [result.request.loss, result.request.settings, result.request.state])
  ]);
  if (key !== fieldKey) fields = results.map(fieldOf);
  fieldKey = key;
  results.forEach((result, k) => {
    result.field = fields[k];
  });
};

const show = () => {
  const circle = turn(), results = studies(circle);
  placeControls();
  if (scene.D === 2) placeOnCircle(handles);
  else placeOnSphere(handles);
  if (results.length === 0) return;
  if (scene.D === 2) {
    drawCircle(field, circle, results);
  } else {
    addFields(results);
    drawSphere(field, results);
  }
  showKey(results);
  showCurves(circle, results);
  showMasks(circle, results);
  showNumbers(results);
};
let asked = 0, saved = 0;
const changed = () => {
  if (asked === 0)
    asked = requestAnimationFrame(() => {
      asked = 0;
      show();
    });
  clearTimeout(saved);
  saved = setTimeout(() => history.replaceState(null, "", "#" + sceneText()), 400);
};

// --- the scene's controls ---
const moved = () => $("moved").selectedIndex === 0 ? scene.w.length : $("moved").selectedIndex - 1;
const placeControls = () => {
  const v = vectorOf(moved());
  $("longitude").value = longitudeOf(v);
  $("longitude-text").textContent = degreesText(longitudeOf(v));
  $("latitude").value = latitudeOf(v);
  $("latitude-text").textContent = degreesText(latitudeOf(v));
  $("length").value = Math.log10(scene.length);
  if (document.activeElement !== $("length-text"))
    $("length-text").value = shortNumber(scene.length);
  $("classes").value = scene.w.length;
  $("classes-text").textContent = scene.w.length;
};
// Where the number of classes, the space or a loss is another: controls and handles are made anew.
const rebuild = () => {
  const index = $("moved").selectedIndex;
  $("moved").replaceChildren(
      new Option("sample"), ...scene.w.map((_, j) => new Option("class " + (j + 1))));
  $("moved").selectedIndex = index >= 0 && index <= scene.w.length ? index : 0;
  $("latitude-row").hidden = $("turning").hidden = scene.D === 2;
  document.querySelectorAll("input[name=space]").forEach(input => {
    input.checked = +input.value === scene.D;
  });
  field = svgElement("g");
  const holds = svgElement("g");
  $("picture").replaceChildren(field, holds);
  handles = makeHandles(holds);
  handles.forEach(listenTo);
  cards.forEach((card, place) => fillCard(card, place, name => chooseLoss(place, name), changed));
  changed();
};
const chooseLoss = (place, name) => {
  scene.losses[place] = name === "" ? null : {name, settings: {}, state: {}};
  scene.length = Math.max(...scene.losses.filter(loss => loss)
                              .map(loss => ask({do: "typical", loss: loss.name, rows: 2}).length));
  rebuild();
};

const listenToControls = () => {
  document.querySelectorAll("input[name=space]")
      .forEach(input => input.addEventListener("change", () => {
        setSpace(+input.value);
        rebuild();
      }));
  $("classes").addEventListener("input", () => {
    setClasses(+$("classes").value);
    rebuild();
  });
  $("length").addEventListener("input", () => {
    scene.length = +(10 ** +$("length").value).toPrecision(4);
    changed();
  });
  $("length-text").addEventListener("input", () => {
    if (+$("length-text").value > 0 && isFinite(+$("length-text").value))
      scene.length = +$("length-text").value;
    changed();
  });
  $("moved").addEventListener("change", placeControls);
  for (const id of ["longitude", "latitude"])
    $(id).addEventListener("input", () => {
      setVector(moved(), onSphere(+$("longitude").value, scene.D === 2 ? 0 : +$("latitude").value));
      changed();
    });
  $("spread").addEventListener("click", () => {
    spreadClasses(scene.w.length);
    changed();
  });
  let seed = 0;
  $("random").addEventListener("click", () => {
    const random = randomFrom(++seed);
    scene.w = scene.w.map(() => randomDirection(random));
    scene.x = randomDirection(random);
    changed();
  });
  $("reset").addEventListener("click", () => {
    useView({});
    rebuild();
  });
  for (const id of ["same", "digits"]) $(id).addEventListener("change", changed);
};

// --- the picture ---
const pointOf = event => {
  const box = $("picture").getBoundingClientRect();
  return [
    (event.clientX - box.left) * 400 / box.width, (event.clientY - box.top) * 400 / box.height
  ];
};
const kSteps = {
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1]
};
const listenTo = (handle, index) => {
  let near = null;  // on which side the vector is held; null: it is not
  handle.addEventListener("pointerdown", event => {
    near = scene.D === 2 || seen(vectorOf(index))[2] >= 0;
    handle.setPointerCapture(event.pointerId);
    handle.classList.add("held");
    $("moved").selectedIndex = index === scene.w.length ? 0 : index + 1;
    handle.focus({preventScroll: true});
    event.preventDefault();
    event.stopPropagation();
  });
  handle.addEventListener("pointermove", event => {
    if (near === null) return;
    setVector(
        index, scene.D === 2 ? fromCircle(...pointOf(event)) : fromSphere(...pointOf(event), near));
    changed();
  });
  for (const end of ["pointerup", "pointercancel"])
    handle.addEventListener(end, () => {
      near = null;
      handle.classList.remove("held");
    });
  handle.addEventListener("keydown", event => {
    const step = kSteps[event.key];
    if (!step) return;
    event.preventDefault();
    const by = event.shiftKey ? 10 : 1, v = vectorOf(index);
    if (scene.D === 2) setVector(index, onSphere(longitudeOf(v) + by * (step[0] + step[1]), 0));
    else
      setVector(
          index,
          onSphere(
              longitudeOf(v) - by * step[0],
              Math.max(-90, Math.min(90, latitudeOf(v) + by * step[1]))));
    changed();
  });
};
const listenToSphere = () => {
  let last = null;
  $("picture").addEventListener("pointerdown", event => {
    if (scene.D === 3 && event.target.classList.contains("ball")) {
      last = pointOf(event);
      $("picture").setPointerCapture(event.pointerId);
    }
  });
  $("picture").addEventListener("pointermove", event => {
    if (last === null) return;
    const [x, y] = pointOf(event), perUnit = 180 / Math.PI / kSphere.r;
    scene.yaw -= (x - last[0]) * perUnit;
    scene.pitch = Math.max(-90, Math.min(90, scene.pitch + (y - last[1]) * perUnit));
    last = [x, y];
    changed();
  });
  for (const end of ["pointerup", "pointercancel"])
    $("picture").addEventListener(end, () => {
      last = null;
    });
};

const begin = async () => {
  await startEngine();
  infos = ask({do: "losses"});
  useAddress(location.hash.slice(1));
  document.documentElement.classList.add("live-on");
  $("live").hidden = false;
  listenToControls();
  listenToSphere();
  addEventListener("hashchange", () => {
    useAddress(location.hash.slice(1));
    rebuild();
  });
  rebuild();
};
// For who examines the page: resolves when it has drawn the scene that is given, or refuses to.
const explorerReady =
    typeof WebAssembly === "object" ? begin() : Promise.reject(new Error("no WebAssembly"));
explorerReady.catch(() => {
  $("without").hidden = false;
});
window.explorer = {
  ready: explorerReady,
  ask: request => ask(request),
  show: view => {
    if (view) {
      useView(view);
      rebuild();
    }
    show();
  },
};
