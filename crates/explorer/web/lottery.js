// Many runs: who wins beside the law, how long it takes beside κ, and every batch size.

const LEVEL = 1e-4;
// Of a frame; less where the stage plays.
const sliceMs = () => (playing ? 6 : 13);

// Only one ensemble is in the module at a time.
let drawing = null;

// Runs an ensemble in slices between frames; tells of the runs as they end.
async function ensemble({ kind, b, momentum, runs, own }, tell) {
  const mine = (drawing = {});
  if (!core.module.ensemble(KINDS.indexOf(kind), b, momentum, runs, own ? 1 : 0)) throw new Error(core.message());
  const look = core.module.ensemble_look();
  let steps = 20000;
  let seen = 0;
  for (let state = 1; state === 1; ) {
    await new Promise((next) => (document.hidden ? setTimeout(next) : requestAnimationFrame(next)));
    if (drawing !== mine) return false;
    const begun = performance.now();
    state = core.module.ensemble_slice(steps);
    if (state === 0) throw new Error(core.message());
    const taken = performance.now() - begun;
    steps = clamp((steps * sliceMs()) / Math.max(taken, 0.5), 2000, 2e7);
    const fresh = core.ask("ensemble_ended", seen);
    seen += fresh.length / 3;
    const ended = [];
    for (let at = 0; at < fresh.length; at += 3) ended.push({ winner: fresh[at], steps: fresh[at + 1], cosine: fresh[at + 2] });
    tell(ended, seen, look);
  }
  drawing = null;
  return true;
}

const isLottery = (lane) => lane.kappa > 0 || lane.kind === "reshuffle";
let draws = null;
let lotteryIsReady = false;

function resetLottery() {
  lotteryIsReady = true;
  drawing = null;
  draws = null;
  const select = by("lottery-lane");
  const chosen = select.value;
  select.replaceChildren(
    ...lanes.map((lane) => {
      const option = make("option", { value: lane.k }, lane.name);
      option.disabled = !isLottery(lane);
      return option;
    }),
  );
  const able = lanes.filter(isLottery).map((lane) => String(lane.k));
  select.value = able.includes(chosen) ? chosen : (able[0] ?? "");
  by("lottery-run").disabled = able.length === 0;
  by("lottery-run").textContent = "Draw";
  by("lottery-progress").value = 0;
  by("winners-text").textContent = able.length
    ? ""
    : "Nothing is drawn here: all samples, or a fixed order, leave nothing to chance. Choose SGD with b < m as one of the algorithms.";
  by("times-text").textContent = "";
  soon(drawLottery);
}

async function runLottery() {
  if (draws?.running) {
    drawing = null;
    return;
  }
  const lane = lanes[Number(by("lottery-lane").value)];
  const runs = Number(by("lottery-runs").value);
  const mine = (draws = { lane, runs, done: 0, counts: Array(scene.m).fill(0), others: 0, diverged: 0, look: 1, times: [], sum: 0, running: true, law: lawOf(lane, runs) });
  by("lottery-run").textContent = "Stop";
  try {
    await ensemble({ kind: lane.kind, b: lane.b, momentum: lane.momentum, runs }, (ended, done, look) => {
      mine.look = look;
      for (const { winner, steps, cosine } of ended) {
        if (Number.isNaN(cosine)) mine.diverged += 1;
        else if (winner < 0) mine.others += 1;
        else {
          mine.counts[winner] += 1;
          mine.times.push(steps);
          mine.sum += steps;
        }
      }
      mine.done = done;
      by("lottery-progress").value = done / runs;
      soon(drawLottery);
    });
  } catch (error) {
    by("winners-text").textContent = error.message;
  }
  mine.running = false;
  if (draws === mine) {
    by("lottery-run").textContent = "Draw again";
    drawLottery();
    describeLottery();
  }
}

// The odds for small steps, if a law is known.
function lawOf(lane, runs) {
  if (lane.kappa <= 0) return null;
  const [paths, ...rest] = core.ask("odds", runs > 50000 ? 5e-4 : 1e-3, scene.seed);
  // With no active sample there is nobody to win.
  if (rest.some(Number.isNaN)) return null;
  const two = core.ask("odds_of_two");
  // From a start of length 1 the correction with momentum is known, too; here starts have any length.
  const corrected = two.length && lane.b === 1 && lane.kind !== "replacement" && lane.momentum === 0;
  const slope = corrected ? two[0] * lane.perSample : 0;
  return { paths, odds: rest.slice(0, scene.m), errors: rest.slice(scene.m), slope, mean: two[1] ?? null };
}

// Whether the law, with its correction, lies in the exact interval of a count, its own error added.
function inside(k) {
  const { counts, done, law } = draws;
  const [low, high] = core.ask("interval", counts[k], done, LEVEL);
  const odds = law.odds[k] + (k === 0 ? law.slope : -law.slope);
  return odds >= low - 4 * law.errors[k] && odds <= high + 4 * law.errors[k];
}

function drawLottery() {
  drawWinners();
  drawTimes();
  if (draws && !draws.running) describeLottery();
}

function drawWinners() {
  const area = sheet(by("winners"));
  const { pen, width } = area;
  const shares = draws?.done ? draws.counts.map((n) => n / draws.done) : [];
  const odds = draws?.law?.odds ?? [];
  const most = Math.max(0.2, ...shares, ...odds) * 1.12;
  const { atX, atY, bottom } = frame(area, { x: [-0.5, scene.m - 0.5], y: [0, most], yTicks: ticks(0, most, 4), xTicks: [], bottom: 20, yName: (v) => String(v) });
  const room = (width - 42) / scene.m;
  const thick = Math.max(1, Math.min(46, room * 0.6));
  for (let i = 0; i < scene.m; i += 1) {
    if (room > 15) write(pen, `a${subscript(i)}`, atX(i), bottom + 4, { base: "top", size: 12 });
    if (shares.length) {
      pen.fillStyle = sampleColour(i);
      pen.fillRect(atX(i) - thick / 2, atY(shares[i]), thick, bottom - atY(shares[i]));
    }
    if (odds.length) {
      line(pen, atX(i) - room * 0.44, atY(odds[i]), atX(i) + room * 0.44, atY(odds[i]), palette.text, 2);
    }
    if (shares.length && draws.done > 50) {
      const [low, high] = core.ask("interval", draws.counts[i], draws.done, LEVEL);
      line(pen, atX(i), atY(low), atX(i), atY(high), palette.text, 1);
    }
  }
  line(pen, atX(-0.5), bottom, atX(scene.m - 0.5), bottom, palette.text);
  if (!shares.length) write(pen, "no run yet", width / 2, bottom / 2, { size: 13 });
}

function drawTimes() {
  const area = sheet(by("times"));
  const { pen, width } = area;
  const scaled = draws?.lane.kappa > 0;
  const unit = scaled ? draws.lane.kappa : 1;
  const average = draws?.times.length ? (draws.sum / draws.times.length) * unit : 0;
  const far = average > 0 && (!scaled || average > 15) ? niceAbove(3 * average) : 30;
  const { bins, over, step, end } = binned(draws?.times ?? [], far / unit, draws?.look ?? 1);
  const [wide, last] = [step * unit, end * unit];
  const most = Math.max(1, over, ...bins) * 1.1;
  const xLabel = scaled || !draws ? `time to selection, κ t${draws?.lane.momentum > 0 ? "/(1−β)²" : ""}` : "steps to selection";
  const { atX, atY, top, bottom } = frame(area, { x: [0, 1.12 * last], y: [0, most], yTicks: [], xTicks: ticks(0, far, 5).filter((tick) => tick < 0.95 * last), bottom: 34, left: 10, xLabel });
  pen.fillStyle = palette.sky;
  const bar = (from, to, n) => pen.fillRect(atX(from) + 0.5, atY(n), Math.max(1, atX(to) - atX(from) - 1), bottom - atY(n));
  bins.forEach((n, k) => bar(k * wide, (k + 1) * wide, n));
  // Whatever took longer stands apart.
  bar(1.04 * last, 1.08 * last, over);
  write(pen, `≥ ${digits(last, 2)}`, atX(1.06 * last), bottom + 4, { base: "top", size: 11 });
  line(pen, atX(0), bottom, atX(last), bottom, palette.text);
  line(pen, atX(1.03 * last), bottom, atX(1.09 * last), bottom, palette.text);
  if (!draws?.times.length) return write(pen, "no run yet", width / 2, bottom / 2, { size: 13 });
  line(pen, atX(average), top, atX(average), bottom, palette.text, 1.5);
  write(pen, `mean ${digits(average)}`, atX(average) + 5, top + 6, { align: "left", colour: palette.text });
  if (draws.law?.mean) {
    line(pen, atX(draws.law.mean), top + 18, atX(draws.law.mean), bottom, palette.text, 1.5, [4, 3]);
    write(pen, `law ${digits(draws.law.mean)}`, atX(draws.law.mean) + 5, top + 24, { align: "left", colour: palette.text });
  }
}

// Times in bins up to about an end, and how many are over it. Runs are looked at every so many steps: bins are multiples of that, or they would hold
// now one look and now two. A run that a look finds at its end came there since the look before.
function binned(times, about, look) {
  const step = look * Math.max(1, Math.round(about / 45 / look));
  const bins = Array(Math.max(1, Math.round(about / step))).fill(0);
  let over = 0;
  for (const steps of times) {
    const k = Math.max(0, Math.ceil(steps / step) - 1);
    if (k < bins.length) bins[k] += 1;
    else over += 1;
  }
  return { bins, over, step, end: step * bins.length };
}

const niceAbove = (x) => ticks(0, x, 2).at(-1) || x;

function describeLottery() {
  const { lane, counts, done, others, diverged, law, times, sum } = draws;
  if (!done) return;
  const share = (k) => `${((100 * counts[k]) / done).toFixed(2)} %`;
  const order = counts.map((_, k) => k).sort((i, j) => counts[j] - counts[i]).slice(0, 4);
  const parts = [`${count(done)} runs of ${lane.name}: ` + order.map((k) => `a${subscript(k)} won ${share(k)}${law ? ` (law ${(100 * law.odds[k]).toFixed(2)} %)` : ""}`).join(", ") + "."];
  if (!times.length) parts.splice(0, 1, `${count(done)} runs of ${lane.name}: none of them came to a datapoint.`);
  if (diverged) parts.push(`${count(diverged)} diverged.`);
  if (others) parts.push(`${count(others)} ${others === 1 ? "was" : "were"} at no datapoint when their steps were used up.`);
  if (!law && lane.kind === "reshuffle") parts.push("For reshuffled epochs no law of the winner is known: an epoch visits every sample once, which takes out most of the chance.");
  else if (law?.paths > 0) {
    parts.push(`Marks: the law for steps that become small, an unbiased Monte Carlo of ${count(law.paths)} paths with standard errors up to ${Math.max(...law.errors).toExponential(0)}.`);
  } else if (law?.errors.some((error) => error > 0)) {
    parts.push("Marks: the law for steps that become small, from a lattice solution right to 1e-5.");
  } else if (law) {
    parts.push("Marks: the law (2/π) arctan(c₀/c₁), in closed form and exact as the steps become small.");
  }
  if (law && lane.momentum > 0) parts.push(`With momentum the law holds as η → 0 with β fixed, which is derived and not proved; ε = η_B/(1−β), here ${digits(lane.effective)}, is to be far below 1−β.`);
  if (law?.slope) parts.push(`The first correction for this step size moves P(a₀) by ${law.slope.toFixed(4).replace("-", "−")}.`);
  if (law) {
    const out = counts.map((_, k) => k).filter((k) => !inside(k));
    const around = `its 99.99 % interval around the law${law.slope ? " with this correction" : ""}`;
    parts.push(out.length ? `Outside of ${around}: the count of ${out.map((k) => `a${subscript(k)}`).join(", ")}. The law is one for small steps; try a smaller η.` : `No count is outside ${around} (thin lines: the exact intervals).`);
  }
  say(by("winners-text"), parts.join(" "));
  const mean = sum / times.length;
  const text =
    `Until the losers together are below 1e-4 of the winner: ${stepCount(mean)} steps on average` +
    (lane.kappa > 0 ? `, ${digits(mean * lane.kappa)} in units of ${lane.unit} = ${stepCount(1 / lane.kappa)} steps, κ = η_B² b(m−b)/(m(m−1))${lane.kind === "replacement" ? " (with replacement η_B² b/m)" : ""}. In this unit the law knows neither b nor η${lane.momentum > 0 ? " nor β" : ""}.` : ".") +
    (law?.mean ? ` Dashed: the mean of the law, log(cosh D/cosh d₀), exact as the steps become small, from a start of length 1${mean * lane.kappa > law.mean && scene.norm < 1 ? "; growing up to it takes the rest" : ""}.` : "");
  say(by("times-text"), times.length ? text : "No run came to a datapoint, so that there is no time to show.");
}

let survey = null;

// What the runs of a survey depend on, and the chapter.
const surveyKey = ({ m, n, eta, reduction, activation, norm, seed, story }) => JSON.stringify([m, n, eta, reduction, activation, norm, seed, story]);

// A survey speaks of the scene that it was run in: in another it is taken away.
function forgetSurvey() {
  if (!survey || survey.key === surveyKey(scene)) return;
  if (survey.running) drawing = null;
  survey = null;
  by("survey-run").textContent = "Run every batch size";
  by("survey-progress").value = 0;
  by("survey-text").textContent = "";
}

// Batch sizes for the survey: all, or a dozen with the last ones among them.
function surveyed() {
  const { m } = scene;
  if (m <= 12) return Array.from({ length: m }, (_, k) => k + 1);
  const some = Array.from({ length: 9 }, (_, k) => Math.round(1 + (k * (m - 4)) / 8));
  return [...new Set([...some, m - 2, m - 1, m])].sort((a, b) => a - b);
}

async function runSurvey() {
  if (survey?.running) {
    drawing = null;
    return;
  }
  const runs = Number(by("survey-runs").value);
  const sizes = surveyed();
  const { m, eta, reduction, activation, norm } = scene;
  const mine = (survey = { key: surveyKey(scene), m, eta, reduction, activation, norm, runs, sizes, points: [], running: true });
  by("survey-run").textContent = "Stop";
  for (const [at, b] of sizes.entries()) {
    const kind = b === scene.m ? "gd" : "sgd";
    const fine = await ensemble({ kind, b, momentum: 0, runs, own: true }, (ended, done) => {
      mine.points.push(...ended.map(({ cosine }) => [b, cosine]));
      by("survey-progress").value = (at + done / runs) / sizes.length;
      soon(drawSurvey);
    });
    if (!fine) break;
  }
  mine.running = false;
  if (survey !== mine) return;
  by("survey-run").textContent = "Run every batch size";
  drawSurvey();
  describeSurvey();
}

function drawSurvey() {
  const area = sheet(by("survey"));
  const { pen, width } = area;
  const m = survey?.m ?? scene.m;
  const { atX, atY, left, right, top, bottom } = frame(area, { x: [0, 1.08], y: [0, 1.05], top: 20, yTicks: [0, 0.25, 0.5, 0.75, 1], xTicks: [0, 0.25, 0.5, 0.75, 1], bottom: 34, xLabel: "b/m" });
  entitle(pen, "largest cosine with a sample", left, top);
  line(pen, left, bottom, right, bottom, palette.text);
  if (!survey) return write(pen, "no run yet", width / 2, bottom / 2, { size: 13 });
  const spread = Math.min(14, (0.3 * (right - left)) / m);
  pen.globalAlpha = 0.5;
  survey.points.forEach(([b, cosine], k) => {
    if (!Number.isFinite(cosine)) return;
    // A golden ratio spreads the points of a column evenly.
    const jitter = (((k * 0.6180339887) % 1) - 0.5) * 2 * spread;
    dot(pen, atX(b / m) + jitter, atY(cosine), 2.2, b === m ? palette.vermillion : palette.blue);
  });
  pen.globalAlpha = 1;
}

function describeSurvey() {
  say(by("survey-text"), surveyWords(survey));
}

// A run is pure if the cosine is 1 up to this; a mean below the other is far from it.
const PURE = 1 - 1e-6;
const FAR_BELOW = 0.95;

// What the runs show, and the jump only if they show it.
function surveyWords({ m, eta, reduction, activation, norm, sizes, runs, points }) {
  const complete = points.length === sizes.length * runs;
  const [below, full] = [points.filter(([b]) => b < m), points.filter(([b]) => b === m)].map(tally);
  const parts = [`m = ${m}, η = ${eta} (${reduction === "sum" ? "summed" : "averaged"}), ${activation === "relu" ? "ReLU" : "linear"}, starts of norm ${norm}.`];
  if (!complete) parts.push(`The runs were stopped: ${count(points.length)} of ${count(sizes.length * runs)} have ended.`);
  if (below.all) parts.push(belowWords(below));
  if (full.all) parts.push(fullWords(full));
  const seen = complete && below.pure === below.all && full.diverged === 0 && full.mean < FAR_BELOW;
  parts.push(seen ? "The jump is at b = m and nowhere before." : complete ? "So these runs do not show a jump at b = m alone." : "");
  return parts.filter(Boolean).join(" ");
}

function tally(points) {
  const cosines = points.map(([, cosine]) => cosine).filter(Number.isFinite);
  const pure = cosines.filter((cosine) => cosine > PURE).length;
  const sum = cosines.reduce((sum, cosine) => sum + cosine, 0);
  return { all: points.length, diverged: points.length - cosines.length, pure, least: Math.min(...cosines), mean: cosines.length ? sum / cosines.length : null };
}

function belowWords({ all, diverged, pure, least }) {
  if (pure === all) return `b < m: all ${count(all)} runs ended along a single sample.`;
  if (diverged === all) return `b < m: all ${count(all)} runs diverged.`;
  const rest = all - diverged - pure;
  const others = [diverged ? `${count(diverged)} diverged` : "", rest ? `${count(rest)} did not, with a largest cosine down to ${digits(least)}` : ""];
  return `b < m: ${count(pure)} of ${count(all)} runs ended along a single sample, ${others.filter(Boolean).join(", ")}.`;
}

function fullWords({ all, diverged, mean }) {
  if (mean === null) return `b = m: all ${count(all)} runs diverged, so that there is no mean.`;
  return `b = m: the largest cosine is ${digits(mean)} on average${diverged ? ` over the ${count(all - diverged)} runs that did not diverge; ${count(diverged)} did` : ""}.`;
}
