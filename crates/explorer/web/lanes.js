// The lanes of the stage: bars of the correlations, the same over time, and R_t.

let cards = [];
const decades = () => Math.max(3, Math.ceil(Math.log10(Math.max(clock, 1)) + 1e-9));

function buildCards() {
  by("setup").prepend(by("place"));
  by("lanes").replaceChildren();
  cards = scene.lanes.map((lane, k) => {
    const kind = make("select", { "aria-label": `Algorithm ${k + 1}` });
    for (const name of KINDS) kind.append(make("option", { value: name }, NAMES[name]));
    const batch = make("input", { type: "number", min: 1, max: scene.m, step: 1, "aria-label": `Batch size of algorithm ${k + 1}` });
    const batchLabel = make("label", { class: "batch" }, make("var", {}, "b"), " = ", batch);
    const momentum = make("input", { type: "number", min: 0, max: MOST_MOMENTUM, step: 0.01, "aria-label": `Momentum β of algorithm ${k + 1}` });
    const momentumLabel = make("label", { class: "momentum" }, "momentum β = ", momentum);
    const verdict = make("p", { class: "verdict" });
    const canvas = (name, label) => make("canvas", { class: name, role: "img", "aria-label": label });
    const [bars, over, ratio] = [canvas("bars", ""), canvas("over", ""), canvas("ratio", "")];
    const facts = make("p", { class: "facts" });
    const swatch = make("span", { class: "swatch", "aria-hidden": "true" });
    const head = make("div", { class: "row head" }, swatch, kind, batchLabel, momentumLabel);
    const card = make("article", { class: "lane", "aria-label": `Algorithm ${k + 1}` }, head, verdict, bars, over, ratio, facts);
    by("lanes").append(card);
    kind.addEventListener("change", () => change({ lane: k, kind: kind.value }));
    batch.addEventListener("change", () => {
      change({ lane: k, b: Number(batch.value) });
      batch.value = scene.lanes[k].b;
    });
    momentum.addEventListener("change", () => {
      change({ lane: k, momentum: Number(momentum.value) });
      momentum.value = scene.lanes[k].momentum;
    });
    return { kind, batch, momentum, verdict, bars, over, ratio, facts, swatch, drawn: {} };
  });
  // Where the plane of the samples can be drawn, it stands on the stage.
  if (scene.m <= 3) by("lanes").prepend(by("place"));
  by("lanes").dataset.count = scene.lanes.length + (scene.m <= 3 ? 1 : 0);
  by("setup").classList.toggle("alone", scene.m <= 3);
  by("lane-add").disabled = scene.lanes.length >= MOST_LANES;
  by("lane-remove").disabled = scene.lanes.length <= 1;
  const legend = Array.from({ length: Math.min(scene.m, 16) }, (_, i) => {
    const chip = make("span", { class: "chip" });
    chip.style.background = sampleColour(i);
    return make("span", {}, chip, `a${subscript(i)}`);
  });
  by("legend").replaceChildren(...legend, ...(scene.m > 16 ? ["…"] : []));
}

function drawLanes() {
  for (const [k, card] of cards.entries()) {
    const lane = lanes[k];
    if (!lane) continue;
    if (document.activeElement !== card.batch) card.batch.value = lane.b;
    if (document.activeElement !== card.momentum) card.momentum.value = lane.momentum;
    card.kind.value = lane.kind;
    card.batch.max = scene.m;
    card.swatch.style.background = laneColour(k);
    card.swatch.hidden = scene.m > 3;
    say(card.verdict, lane.verdict());
    card.verdict.classList.toggle("bad", lane.diverged !== null || lane.dead);
    // A picture that would change by less than a pixel is not drawn again.
    const flashes = showsBatch() ? lane.batch() : [];
    const heights = lane.c.map((c) => Math.round(200 * c));
    if (isNew(card, "bars", [heights, flashes])) drawBars(card.bars, lane, flashes);
    const along = [decades(), Math.round(80 * Math.log10(Math.max(lane.step, 1))), lane.step < 2 && lane.step, lane.diverged];
    if (!isNew(card, "over", along)) continue;
    drawOver(card.over, lane);
    drawRatio(card.ratio, lane);
  }
}

function isNew(card, name, parts) {
  const key = parts.join();
  const before = card.drawn[name];
  card.drawn[name] = key;
  return key !== before;
}

// As after another size, scheme or start.
function forgetDrawn() {
  for (const card of cards) card.drawn = {};
}

// Slower than the pictures: words for readers of words.
function describeLanes() {
  for (const [k, card] of cards.entries()) {
    const lane = lanes[k];
    if (!lane) continue;
    const values = lane.c.slice(0, 12).map((c) => c.toFixed(3)).join(", ");
    const more = lane.c.length > 12 ? ", …" : "";
    card.bars.setAttribute("aria-label", `${lane.name} after ${count(clock)} steps: ${lane.verdict()}; correlations ${values}${more}`);
    card.over.setAttribute("aria-label", `${lane.name}: the correlations over ${count(clock)} steps, logarithmic axis`);
    card.ratio.setAttribute("aria-label", `${lane.name}: log-ratio R of the ${lane.ratioName}, now ${digits(lane.logRatio)}`);
    const beyond = lane.threshold > 0 && lane.perSample >= lane.threshold;
    card.facts.textContent = [
      `η_B = ${digits(lane.perSample)}${beyond ? `, not below the threshold ${lane.threshold === 0.5 ? "½" : digits(lane.threshold)}` : ""}`,
      lane.momentum > 0 ? `ε = η_B/(1−β) = ${digits(lane.effective)}` : "",
      lane.kappa > 0 && lane.effective < 0.5 ? `${lane.unit} = ${stepCount(1 / lane.kappa)} steps` : "",
      `loss ${lane.diverged === null ? lane.loss.toFixed(4) : "–"}`,
      distanceOf(lane),
    ].filter(Boolean).join(" · ");
  }
}

function distanceOf({ limit, diverged, distance }) {
  if (!limit || diverged !== null) return "";
  const what = limit.point ? "the predicted mixture" : limit.eitherSign ? "a datapoint of either sign" : scene.activation === "linear" ? "±aᵢ" : "aᵢ";
  return `distance to ${what} ${distance.toExponential(1)}`;
}

function drawBars(canvas, lane, flashes) {
  const area = sheet(canvas);
  const { pen, width } = area;
  const signed = lane.c.some((c) => c < -0.02) || lane.rows[0].subarray(2).some((c) => c < -0.02);
  const most = Math.max(1, ...lane.c.map((c) => Math.min(Math.abs(c), 2)));
  const y = [signed ? -most : 0, most * 1.06];
  const { atX, atY, top, bottom } = frame(area, {
    x: [-0.5, scene.m - 0.5], y, bottom: 18, yTicks: signed ? [-1, 0, 1] : [0, 0.5, 1], xTicks: [],
  });
  const room = (width - 42) / scene.m;
  const thick = Math.max(1, Math.min(30, room * 0.66));
  for (const i of flashes) {
    pen.fillStyle = palette.yellow;
    pen.globalAlpha = 0.32;
    pen.fillRect(atX(i) - room * 0.48, top, room * 0.96, bottom - top);
    pen.globalAlpha = 1;
  }
  lane.c.forEach((c, i) => {
    pen.fillStyle = sampleColour(i);
    const end = atY(clamp(c, y[0], y[1]));
    pen.fillRect(atX(i) - thick / 2, Math.min(end, atY(0)), thick, Math.abs(end - atY(0)));
    if (room > 15) write(pen, `a${subscript(i)}`, atX(i), bottom + 3, { base: "top", size: 12 });
  });
  line(pen, atX(-0.5), atY(0), atX(scene.m - 0.5), atY(0), palette.text);
  if (lane.limit?.point) {
    lane.limit.numbers.forEach((alpha, i) => line(pen, atX(i) - room * 0.46, atY(alpha), atX(i) + room * 0.46, atY(alpha), palette.text, 1.5, [3, 2]));
  }
}

// The rows after the start in stretches of a pixel, [x, rows], and the state of now.
function stretches(lane, atX) {
  const found = [];
  let [last, stretch] = [-Infinity, []];
  const add = (x, row) => {
    if (x - last < 1) return stretch.push(row);
    [last, stretch] = [x, [row]];
    found.push([x, stretch]);
  };
  for (let k = 1; k < lane.rows.length; k += 1) add(atX(lane.logs[k]), lane.rows[k]);
  if (lane.step > 0 && lane.diverged === null) add(atX(Math.log10(lane.step)), [lane.step, lane.logRatio, ...lane.c]);
  return found;
}

// The path of a column of the rows, x and y in turns: of every stretch its least and its largest value, so that a run that jumps is seen to jump.
function pathOf(along, column, atY) {
  const points = [];
  for (const [x, rows] of along) {
    let [low, high] = [Infinity, -Infinity];
    for (const row of rows) {
      low = Math.min(low, row[column]);
      high = Math.max(high, row[column]);
    }
    const rises = rows[0][column] < (low + high) / 2;
    const first = atY(rises ? low : high);
    const second = atY(rises ? high : low);
    points.push(x, first);
    if (Math.abs(second - first) > 0.5) points.push(x, second);
  }
  return points;
}

function strokePath(pen, points) {
  pen.beginPath();
  for (let k = 0; k < points.length; k += 2) pen.lineTo(points[k], points[k + 1]);
  pen.stroke();
}

function timeFrame(area, y, yTicks, label) {
  const far = decades();
  const xTicks = Array.from({ length: far + 1 }, (_, k) => k).filter((k) => far <= 6 || k % 2 === 0);
  return frame(area, { x: [0, far], y, yTicks, xTicks, xName: power, top: 20, bottom: label ? 32 : 18, xLabel: label });
}

function drawOver(canvas, lane) {
  const area = sheet(canvas);
  const { pen } = area;
  const y = [lane.low < -0.02 ? -1 : 0, 1.06 * clamp(lane.high, 1, 2)];
  const { atX, atY, left, right, top, bottom } = timeFrame(area, y, ticks(y[0], 1, 4), "");
  pen.save();
  pen.beginPath();
  pen.rect(left, top - 2, right - left, bottom - top + 4);
  pen.clip();
  if (lane.limit?.point) {
    lane.limit.numbers.forEach((alpha, i) => {
      pen.globalAlpha = 0.7;
      line(pen, left, atY(alpha), right, atY(alpha), sampleColour(i), 1, [4, 3]);
      pen.globalAlpha = 1;
    });
  }
  const along = stretches(lane, atX);
  pen.lineWidth = scene.m > 16 ? 1 : 1.6;
  for (let i = 0; i < scene.m; i += 1) {
    pen.strokeStyle = sampleColour(i);
    strokePath(pen, pathOf(along, i + 2, atY));
  }
  pen.restore();
  line(pen, left, bottom, right, bottom, palette.text);
  entitle(pen, "correlations cᵢ over the steps", left, top);
}

// The title of a plot, above it.
function entitle(pen, text, left, top) {
  write(pen, text, left, top - 9, { align: "left" });
}

function drawRatio(canvas, lane) {
  const area = sheet(canvas);
  const { pen } = area;
  let low = -1;
  const high = 10;
  for (const row of lane.rows) if (Number.isFinite(row[1])) low = Math.min(low, row[1]);
  const y = [Math.floor(Math.max(low, -5)), high];
  const { atX, atY, left, right, top, bottom } = timeFrame(area, y, ticks(y[0], high, 3), "step t");
  pen.save();
  pen.beginPath();
  pen.rect(left, top, right - left, bottom - top);
  pen.clip();
  pen.strokeStyle = palette.text;
  pen.lineWidth = 1.6;
  strokePath(pen, pathOf(stretches(lane, atX), 1, (ratio) => atY(clamp(ratio, -1e3, 1e3))));
  pen.restore();
  line(pen, left, bottom, right, bottom, palette.text);
  entitle(pen, `log-ratio Rₜ of the ${lane.ratioName}`, left, top);
}
