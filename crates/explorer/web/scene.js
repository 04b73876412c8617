// The scene: every setting of the page, in its address and back, and what the module makes of it.

const KINDS = ["gd", "sgd", "cyclic", "reshuffle", "replacement"];
const NAMES = {
  gd: "GD, all samples",
  sgd: "SGD",
  cyclic: "Cyclic SGD",
  reshuffle: "SGD, reshuffled epochs",
  replacement: "SGD, with replacement",
};
const SHORT = { gd: "GD", sgd: "SGD", cyclic: "cyclic", reshuffle: "reshuffled", replacement: "with replacement" };
const MOST_SAMPLES = 64;
const MOST_LANES = 3;
const MOST_MOMENTUM = 0.99;

const FIRST = {
  m: 8, n: 12, eta: 0.2, reduction: "mean", activation: "linear", norm: 0.5, seed: 2229,
  lanes: [{ kind: "gd", b: 8, momentum: 0 }], start: null, speed: 2, story: 1,
};
let scene = structuredClone(FIRST);

const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
const whole = (x, low, high) => clamp(Math.round(x), low, high);

// What was asked for and is out of bounds, and what was used instead: sentences.
function corrections(asked, used, { lane, b: asksForBatch }) {
  const sentences = [];
  const compare = (name, from, to, bound = to) => {
    if (!Number.isFinite(from) || from === to) return;
    if (name !== "β" && Math.round(from) === to) sentences.push(`${name} is a whole number: ${to} is used.`);
    else sentences.push(`${name} is at ${from > to ? "most" : "least"} ${bound}.`);
  };
  compare("m", asked.m, used.m);
  compare("n", asked.n, used.n, used.n === used.m ? `m = ${used.m}` : count(used.n));
  compare("The seed", asked.seed, used.seed);
  asked.lanes.slice(0, MOST_LANES).forEach(({ kind, b, momentum }, k) => {
    const now = used.lanes[k];
    if (kind !== "gd" || (k === lane && asksForBatch !== undefined)) compare("b", b, now.b, now.b === used.m ? `m = ${used.m}` : now.b);
    compare("β", momentum, now.momentum);
  });
  return [...new Set(sentences)].join(" ");
}

// Brings a scene into bounds: b ≤ m ≤ n, full batches for gradient descent, no momentum unless it is named.
function tidy(scene) {
  scene.m = whole(scene.m, 2, MOST_SAMPLES);
  scene.n = whole(scene.n, scene.m, 100000);
  scene.seed = whole(scene.seed, 0, Number.MAX_SAFE_INTEGER);
  scene.lanes = scene.lanes.slice(0, MOST_LANES);
  for (const lane of scene.lanes) {
    lane.b = lane.kind === "gd" ? scene.m : whole(lane.b, 1, scene.m);
    lane.momentum = clamp(Number(lane.momentum) || 0, 0, MOST_MOMENTUM);
  }
  if (scene.start && scene.start.length !== scene.m + 1) scene.start = null;
  if (scene.start && scene.n === scene.m) scene.start[scene.m] = 0;
  return scene;
}

function toAddress(scene) {
  const lane = ({ kind, b, momentum }) => (momentum > 0 ? `${kind}:${b}:${momentum}` : kind === "gd" ? kind : `${kind}:${b}`);
  const lanes = scene.lanes.map(lane).join(",");
  const { m, n, eta, reduction, activation, norm, seed, speed, story } = scene;
  const parts = { m, n, eta, reduction, activation, norm, seed, lanes, speed, story };
  if (scene.start) parts.w0 = [...scene.start].join(",");
  return "#" + Object.entries(parts).map(([key, value]) => `${key}=${value}`).join("&");
}

function fromAddress(address) {
  const given = new Map(address.replace(/^#/, "").split("&").map((part) => part.split("=", 2)));
  const scene = structuredClone(FIRST);
  const number = (key) => {
    const value = Number(given.get(key));
    if (given.has(key) && given.get(key) !== "" && Number.isFinite(value)) scene[key] = value;
  };
  ["m", "n", "eta", "norm", "seed", "speed", "story"].forEach(number);
  if (["mean", "sum"].includes(given.get("reduction"))) scene.reduction = given.get("reduction");
  if (["linear", "relu"].includes(given.get("activation"))) scene.activation = given.get("activation");
  const lanes = (given.get("lanes") ?? "").split(",").map((lane) => {
    const [kind, b, momentum] = lane.split(":");
    return { kind, b: Number(b ?? 1) || 1, momentum: Number(momentum) || 0 };
  });
  if (lanes.every(({ kind }) => KINDS.includes(kind))) scene.lanes = lanes;
  const start = given.get("w0")?.split(",").map(Number);
  if (start?.every(Number.isFinite)) scene.start = start;
  return tidy(scene);
}

// What stands on the stage: one entry a lane, with the rows that the module has recorded.
let lanes = [];
let clock = 0;

// What the module has made its scene of.
let made = "";
const settings = ({ m, n, eta, reduction, activation, norm, seed, start }) =>
  JSON.stringify([m, n, eta, reduction, activation, norm, seed, start]);

// Puts all lanes at the start; why not, if that is refused.
function rebuild() {
  if (settings(scene) !== made) {
    made = "";
    const refusal = makeScene();
    if (refusal) return refusal;
    made = settings(scene);
  }
  clock = 0;
  lanes = [];
  for (const [k, { kind, b, momentum }] of scene.lanes.entries()) {
    if (!core.module.lane(k, KINDS.indexOf(kind), b, momentum)) return core.message();
    lanes.push(new Track(k, kind, b, momentum));
  }
  return null;
}

function makeScene() {
  const { module } = core;
  const { m, n, eta, norm, seed } = scene;
  const fine = module.scene(m, n, scene.activation === "relu" ? 1 : 0, scene.reduction === "sum" ? 1 : 0, eta, norm, seed);
  if (!fine) return core.message();
  if (scene.start) {
    scene.start.forEach((value) => module.start_push(value));
    if (!module.start_set()) return core.message();
  }
  return null;
}

class Track {
  constructor(k, kind, b, momentum) {
    Object.assign(this, { k, kind, b, momentum, rows: [], logs: [], low: 0, high: 0, arrived: null });
    const [type, ...numbers] = core.ask("lane_limit", k);
    this.limit = type === undefined ? null : { point: type === 1, eitherSign: type === 3, numbers };
    [this.perSample, this.kappa, this.rate, this.effective, this.threshold] = core.ask("rates", KINDS.indexOf(kind), b, momentum);
    this.update();
  }

  get name() {
    const name = this.kind === "gd" ? "GD" : `${SHORT[this.kind]}, b = ${this.b}`;
    return this.momentum > 0 ? `${name}, β = ${this.momentum}` : name;
  }

  // In what its time to selection is counted; kappa is a step on this clock.
  get unit() {
    return this.momentum > 0 ? "(1−β)²/κ" : "1/κ";
  }

  // Reads what is new.
  update() {
    const [step, diverged, dead, loss, distance, logRatio, mixed, leader, normSq, residual, overlap, ...c] =
      core.ask("lane_read", this.k);
    Object.assign(this, { step, dead: dead === 1, loss, distance, logRatio, mixed, leader, normSq, residual, overlap, c });
    this.diverged = diverged < 0 ? null : diverged;
    const width = scene.m + 2;
    const fresh = core.ask("lane_rows", this.k, this.rows.length);
    for (let at = 0; at < fresh.length; at += width) this.add(fresh.subarray(at, at + width));
  }

  // A row, its place on the axis of time, and how far the correlations have gone.
  add(row) {
    this.rows.push(row);
    this.logs.push(Math.log10(row[0]));
    for (let i = 2; i < row.length; i += 1) {
      if (row[i] < this.low) this.low = row[i];
      if (row[i] > this.high) this.high = row[i];
    }
  }

  // Whether all samples are in every batch, so that nobody wins.
  get isFull() {
    return this.kind === "gd" || (this.b === scene.m && this.kind !== "replacement");
  }

  // What the log-ratio R compares.
  get ratioName() {
    return this.isFull ? "largest |cᵢ| to the rest" : "winner to the rest";
  }

  batch() {
    return core.ask("lane_batch", this.k);
  }

  verdict() {
    if (this.diverged !== null) return `diverged at step ${count(this.diverged)}`;
    if (this.dead) return "dead: no sample is active";
    const length = Math.sqrt(this.normSq);
    const off = Math.abs(length - 1) < 0.02 ? "" : `, at length ${length.toFixed(2)}`;
    const leader = this.leader < 0 ? "" : datapoint(this.leader, this.c[this.leader]);
    if (this.mixed < 1.005 && leader) return off ? `along ${leader}${off}` : `a pure datapoint: ${leader}`;
    return `mixes ${this.mixed.toFixed(this.mixed < 10 ? 2 : 1)} samples${off}`;
  }
}

// The name of a datapoint, −a₅ where the correlation is negative.
const subscript = (i) => [...String(i)].map((d) => "₀₁₂₃₄₅₆₇₈₉"[d]).join("");
const datapoint = (i, c) => `${c < 0 ? "−" : ""}a${subscript(i)}`;

// The step of the next look for ends after one: at multiples of 8, later of 16, 32, …, whatever the frames do.
function nextLook(step) {
  const unit = 2 ** Math.floor(Math.log2(Math.max(step, 512) / 64));
  return (Math.floor(step / unit) + 1) * unit;
}

// Takes steps on all lanes up to so many, but not beyond the next look; how many it took. They share the clock.
function advance(most) {
  const look = nextLook(clock);
  const steps = Math.min(most, look - clock);
  for (const lane of lanes) core.module.lane_advance(lane.k, steps);
  clock += steps;
  if (clock === look) {
    for (const lane of lanes) if (lane.arrived === null && core.module.lane_has_settled(lane.k)) lane.arrived = clock;
  }
  return steps;
}

const allArrived = () => lanes.every((lane) => lane.arrived !== null);

const count = (x) => Math.round(x).toLocaleString("en-GB");
// A number of steps: whole from a hundred on, below with two digits, and never 0.
const stepCount = (x) => (x >= 99.5 ? count(x) : Number.isFinite(x) ? (x >= 1e-6 ? x.toPrecision(2) : x.toExponential(1)) : "–");
const digits = (x, n = 3) => (Number.isFinite(x) ? Number(x.toPrecision(n)).toString() : "–");
