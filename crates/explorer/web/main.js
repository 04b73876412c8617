// The clock, the settings, and who tells whom.

const STEP_MS = 9;
const CHUNK = 4096;
const END = 1e9;
let playing = false;
// Whether it was told that all runs have come to their end.
let ended = false;
let lastFrame = 0;
let debt = 0;
let pace = { steps: 0, since: 0 };
const frames = [];

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const pointed = () => 10 ** scene.speed;
const showsBatch = () => clock > 0 && (!playing || (scene.speed <= 1.35 && !calm()));

function play() {
  if (playing) return;
  playing = true;
  lastFrame = performance.now();
  pace = { steps: 0, since: lastFrame };
  // The first step comes at once.
  debt = 1;
  by("play").textContent = "Pause";
  requestAnimationFrame(tick);
}

function pause() {
  playing = false;
  by("play").textContent = "Play";
  by("pace").textContent = "";
  describeLanes();
  showCommands();
  soon(drawStage);
}

const ends = () => lanes.map((lane) => `${lane.name}: ${lane.verdict()}`).join("; ");

// Where a reader stopped, for readers of words: the clock itself is silent.
function stop() {
  pause();
  say(by("spoken"), `Paused at step ${count(clock)}. ${ends()}.`);
}

function tick(now) {
  if (!playing) return;
  frames.push(now - lastFrame);
  if (frames.length > 600) frames.shift();
  const passed = Math.min(now - lastFrame, 100) / 1000;
  lastFrame = now;
  debt += passed * pointed();
  const wanted = Math.min(Math.floor(debt), END - clock);
  const begun = performance.now();
  let taken = 0;
  // At the look at which all have come to their end the clock stops.
  while (taken < wanted && performance.now() - begun < STEP_MS && (ended || !allArrived())) taken += advance(Math.min(CHUNK, wanted - taken));
  // What this machine cannot take in a frame is not made up for later.
  debt = taken < wanted ? 0 : debt - taken;
  pace.steps += taken;
  if (taken > 0) after();
  if (now - pace.since > 700) showPace(now);
  if (playing) requestAnimationFrame(tick);
}

function showPace(now) {
  const reached = (1000 * pace.steps) / (now - pace.since);
  by("pace").textContent = reached < 0.8 * pointed() && pointed() > 30 ? `at ${count(Number(reached.toPrecision(2)))} a second, all that this device gives` : "";
  pace = { steps: 0, since: now };
  describeLanes();
}

// After steps were taken.
function after() {
  lanes.forEach((lane) => lane.update());
  drawStage();
  if (!ended && allArrived()) {
    ended = true;
    pause();
    const last = Math.max(...lanes.map((lane) => lane.arrived));
    by("status").textContent = `All have come to their end by step ${count(last)}. ${ends()}.`;
  }
  if (clock >= END) pause();
}

function drawStage() {
  drawLanes();
  if (scene.m <= 3) drawPlace();
  // Last, for sizes are asked for above, and new text would make the browser work them out again.
  say(by("clock"), count(clock));
}

function run(steps) {
  pause();
  for (let left = steps; left > 0; ) left -= advance(left);
  forgetDrawn();
  after();
  describeLanes();
  showCommands();
}

// Changes some of the scene, and starts again from its start; whether that was possible.
function change(part) {
  const next = structuredClone(scene);
  const { lane, kind, b, momentum, ...rest } = part;
  if (lane !== undefined && next.lanes[lane]) {
    const old = next.lanes[lane];
    // From all samples to fewer: one, unless a size is named; and fewer than all is no longer gradient descent.
    const size = b ?? (old.kind === "gd" && kind !== "gd" ? 1 : old.b);
    const fewer = old.kind === "gd" && b < scene.m ? "sgd" : old.kind;
    next.lanes[lane] = { kind: kind ?? fewer, b: size, momentum: momentum ?? old.momentum };
  }
  Object.assign(next, rest);
  if (["m", "n", "seed"].some((key) => key in rest) && !("start" in rest)) next.start = null;
  if ("m" in rest && !("n" in rest)) next.n = Math.max(next.n, next.m);
  if ("norm" in rest && next.start) {
    const factor = rest.norm / Math.hypot(...next.start);
    next.start = next.start.map((x) => x * factor);
  }
  if (next.start) next.norm = Number(Math.hypot(...next.start).toPrecision(4));
  const asked = structuredClone(next);
  const fine = load(tidy(next));
  const words = fine ? corrections(asked, next, part) : "";
  // Beside what was filled in: the cards of the stage, or the settings.
  if (words) by(lane === undefined ? "refusal" : "status").textContent = words;
  return fine;
}

// Browsers refuse more than some ten changes of the address a second.
let addressTimer = 0;
function keepAddress() {
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => history.replaceState(null, "", toAddress(scene)), 250);
}

let built = "";

// Puts a scene on the stage.
function load(next) {
  const old = scene;
  scene = next;
  const same = settings(old) === made && settings(next) === made && JSON.stringify(old.lanes) === JSON.stringify(next.lanes);
  const refusal = rebuild();
  by("refusal").textContent = refusal ? `${refusal[0].toUpperCase()}${refusal.slice(1)}.` : "";
  if (refusal) {
    scene = old;
    rebuild();
  }
  const shape = `${scene.m} ${scene.lanes.length}`;
  if (shape !== built) {
    built = shape;
    buildCards();
    buildPlace();
  }
  by("status").textContent = "";
  by("spoken").textContent = "";
  ended = false;
  debt = 0;
  showSettings();
  showChapter();
  describeLanes();
  showCommands();
  forgetSurvey();
  if (!same || !lotteryIsReady) resetLottery();
  soon(drawAll);
  keepAddress();
  return !refusal;
}

function drawAll() {
  forgetDrawn();
  drawStage();
  drawPlace();
  drawLottery();
  drawSurvey();
}

function showSettings() {
  const put = (id, value) => {
    if (document.activeElement !== by(id) || by(id).type === "range") by(id).value = value;
  };
  put("m", scene.m);
  put("m-range", scene.m);
  by("n").min = scene.m;
  put("n", scene.n);
  put("eta", scene.eta);
  put("eta-range", Math.log10(scene.eta));
  by("eta-range").setAttribute("aria-valuetext", `η = ${scene.eta}`);
  put("norm", scene.norm);
  put("norm-range", scene.norm);
  put("seed", scene.seed);
  for (const name of ["reduction", "activation"]) {
    document.querySelectorAll(`input[name=${name}]`).forEach((radio) => (radio.checked = radio.value === scene[name]));
  }
  by("speed").value = scene.speed;
  showSpeed();
}

function showSpeed() {
  const a = pointed();
  const text = `${count(Number(a.toPrecision(2)))} step${a < 1.5 ? "" : "s"} a second`;
  by("speed-shown").textContent = text;
  by("speed").setAttribute("aria-valuetext", text);
}

function wire() {
  const toggle = () => (playing ? stop() : play());
  const step = () => {
    run(1);
    say(by("spoken"), `Step ${count(clock)}.`);
  };
  by("play").addEventListener("click", toggle);
  by("step").addEventListener("click", step);
  by("restart").addEventListener("click", () => change({}));
  by("speed").addEventListener("input", () => {
    scene.speed = Number(by("speed").value);
    showSpeed();
    keepAddress();
  });
  // A half-typed number is no wish yet; an empty or foreign one is put back.
  const number = (id, part) =>
    by(id).addEventListener("change", () => {
      const value = by(id).valueAsNumber;
      if (Number.isFinite(value)) change(part(value));
      by(id).value = scene[id];
    });
  number("m", (m) => ({ m }));
  number("n", (n) => ({ n }));
  number("eta", (eta) => ({ eta }));
  number("norm", (norm) => ({ norm }));
  number("seed", (seed) => ({ seed }));
  const slide = (id, part) => by(id).addEventListener("input", () => change(part(by(id).valueAsNumber)));
  slide("m-range", (m) => ({ m }));
  slide("eta-range", (power) => ({ eta: Number((10 ** power).toPrecision(2)) }));
  slide("norm-range", (norm) => ({ norm }));
  for (const name of ["reduction", "activation"]) {
    document.querySelectorAll(`input[name=${name}]`).forEach((radio) => radio.addEventListener("change", () => change({ [name]: radio.value })));
  }
  by("reseed").addEventListener("click", () => change({ seed: scene.seed + 1 }));
  by("lane-add").addEventListener("click", () => {
    const used = scene.lanes.map((lane) => lane.kind);
    const kind = ["gd", "sgd", "cyclic"].find((kind) => !used.includes(kind)) ?? "sgd";
    change({ lanes: [...scene.lanes, { kind, b: 1 }] });
  });
  by("lane-remove").addEventListener("click", () => change({ lanes: scene.lanes.slice(0, -1) }));
  by("lottery-run").addEventListener("click", runLottery);
  by("survey-run").addEventListener("click", runSurvey);
  by("settings").addEventListener("submit", (event) => event.preventDefault());
  wireSharing();
  addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, button, textarea, [role=slider]") || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { " ": toggle, ".": step, 0: () => change({}) }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  addEventListener("hashchange", () => load(fromAddress(location.hash)));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    readPalette();
    buildCards();
    describeLanes();
    drawAll();
  });
  new ResizeObserver(() => soon(drawAll)).observe(document.querySelector("main"));
}

readPalette();
buildChapters();
wire();
load(fromAddress(location.hash));
// For the tests of the page, and for whoever opens the console.
globalThis.explorer = { core, run, surveyWords, binned, stepCount, play, pause, change, tellChapter, commands, csv, frames, npy: () => core.module.start_weights() && [...npy(core.numbers(scene.n))], runLottery, runSurvey, state: () => ({ scene, lanes, clock, playing, draws, survey }) };
document.documentElement.dataset.ready = "";
