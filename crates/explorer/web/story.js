// The story: scenes in order, each with what happens and what to watch for. A tool is a name, then what it does or the settings that it makes, and
// what is then to be seen, unless they are those of the chapter.

const anotherSeed = () => ({ seed: scene.seed + 1 });

const CHAPTERS = [
  {
    title: "GD mixes",
    text: "Full-batch gradient descent uses all eight samples at every step. The neuron keeps the direction of its start within their span and grows to length 1, so every sample stays in the mixture.",
    watch: "the bars rise to the dashed marks, which Theorem 1 computes from the start alone. Rₜ, the log-ratio of the largest correlation to the rest, never moves.",
    scene: { m: 8, n: 12, eta: 0.2, reduction: "mean", activation: "linear", norm: 0.5, seed: 2229, lanes: "gd", speed: 2 },
    tools: [
      ["Another start", anotherSeed],
      ["Linear", { activation: "linear", seed: 2229 }],
      ["ReLU, which sees only some", { activation: "relu", seed: 1 }, "A ReLU neuron is trained only on the samples whose correlation is positive at the start. Their bars rise to the dashed marks; the others stay where they are."],
    ],
  },
  {
    title: "Take one away",
    text: "Each step now draws seven of the eight samples at random and leaves one out. Both runs start alike, and yet the second leaves the mixture and ends in a single sample (Theorem 2).",
    watch: "after some ten thousand steps Rₜ wanders off on the right, and then climbs for good. Smaller batches get there sooner; b = 8 never does.",
    scene: { m: 8, n: 12, eta: 0.2, reduction: "mean", activation: "linear", norm: 0.5, seed: 2229, lanes: "gd,sgd:7", speed: 4.3 },
    tools: [
      ["b = 8", { lane: 1, kind: "sgd", b: 8 }, "With b = 8 every step draws all eight samples, so the second run is gradient descent and stays in the same mixture."],
      ["b = 7", { lane: 1, kind: "sgd", b: 7 }],
      ["b = 4", { lane: 1, kind: "sgd", b: 4 }, "With b = 4 every step draws half of the samples, and the second run leaves the mixture much sooner than with seven."],
      ["b = 1", { lane: 1, kind: "sgd", b: 1 }, "With b = 1 every step draws a single sample, and the second run leaves the mixture soonest."],
    ],
  },
  {
    title: "Take turns",
    text: "Chance is not needed: the samples in a fixed order, one at a time, end in one of them too. For two samples this is Theorem 4; for more it is a conjecture, about almost every start.",
    watch: "three algorithms share start and clock. One mixes, two choose, and those two need not choose alike.",
    scene: { m: 8, n: 12, eta: 0.2, reduction: "mean", activation: "linear", norm: 0.5, seed: 3469, lanes: "gd,sgd:1,cyclic:1", speed: 2.3 },
    tools: [["Another start", anotherSeed]],
  },
  {
    title: "Who wins",
    text: "With two samples the minima are a circle: GD walks straight out to it, SGD wanders along it until a datapoint holds it. Which one is a lottery, and its odds are linear in the angle of the start: P(a₀) = (2/π) arctan(c₀/c₁).",
    watch: "drag w₀ along the circle and draw 20,000 runs. The counts follow the law for small η.",
    scene: { m: 2, n: 2, eta: 0.1, reduction: "mean", activation: "linear", norm: 0.5, seed: 31, lanes: "gd,sgd:1", speed: 2.5 },
    tools: [["Draw 20,000 runs", drawFromStory], ["Two samples", { m: 2, n: 2, seed: 31 }], ["Three samples", { m: 3, n: 3, seed: 31 }, "With three samples the shares of the samples are a point of a triangle, and a datapoint is a corner. The odds have no closed form; they come from a lattice solution, and the counts follow them for small η."]],
  },
  {
    title: "How fast",
    text: "A step moves the clock of the lottery by κ = η_B² b(m−b)/(m(m−1)), and selection takes a time of about ten on that clock. With summed gradients half of the samples are therefore fastest, and one sample is as slow as all but one.",
    watch: "the lane in the middle commits first, its rivals need about twice as many steps. Average the gradients instead, and b = 1 is fastest.",
    scene: { m: 8, n: 8, eta: 0.1, reduction: "sum", activation: "linear", norm: 0.5, seed: 31, lanes: "sgd:1,sgd:4,sgd:7", speed: 3.3 },
    tools: [
      ["Summed", { reduction: "sum" }],
      ["Averaged", { reduction: "mean" }, "With averaged gradients η_B = η/b, so larger batches take smaller steps: b = 1 is as fast as before and now the fastest, and b = 7 needs about 49 times as many steps."],
      ["Another seed", anotherSeed],
    ],
  },
  {
    title: "How far",
    text: "The theorem asks for η ≤ 1/5, yet without momentum, and from a start of length about 1 or less, nothing breaks until the step per sample η_B reaches ½. There a minimum turns unstable, because a step multiplies the error in the length of w by 1 − 4η_B, and none of these algorithms converges without momentum.",
    watch: "at η_B = 0.55 the runs jump about for ever. Bring η below ½ and they settle.",
    scene: { m: 4, n: 6, eta: 0.55, reduction: "sum", activation: "linear", norm: 0.5, seed: 31, lanes: "gd,sgd:1,cyclic:1", speed: 1.6 },
    tools: [
      ...[0.2, 0.45].map((eta) => [`η = ${eta}`, { eta }, `With η_B = ${eta}, below ½, all three runs settle: GD in the mixture, the other two in a datapoint each.`]),
      ["η = 0.55", { eta: 0.55 }],
    ],
  },
  {
    title: "Momentum",
    text: "Both runs have the same start, batches and step size, and the second adds momentum: v ← βv + g and w ← w − ηv with β = 0.9. As η → 0 it has the odds of SGD, on a clock that is faster by 1/(1−β)², here a hundred times.",
    watch: "the second run commits after some 20,000 steps, the first after 1.5 million. Draw the runs of the second: their counts follow the law of chapter 4. A single run may pick another sample; the odds stay.",
    scene: { m: 2, n: 2, eta: 0.004, reduction: "mean", activation: "linear", norm: 0.5, seed: 31, lanes: "sgd:1,sgd:1:0.9", speed: 4.8 },
    tools: [...[0.5, 0.8].map((momentum) => [`β = ${momentum}`, { lane: 1, momentum }, `With β = ${momentum} the clock of the second run is faster by 1/(1−β)² = ${Math.round(1 / (1 - momentum) ** 2)} instead of a hundred.`]), ["β = 0.9", { lane: 1, momentum: 0.9 }], ["Draw 20,000 runs of the second", () => drawFromStory("1")]],
  },
];

// What the buttons of chapters promise: 20,000 runs, of a lane or of the one that is chosen.
function drawFromStory(lane) {
  by("lottery-runs").value = "20000";
  if (lane && isLottery(lanes[lane])) by("lottery-lane").value = lane;
  by("lottery").scrollIntoView({ behavior: calm() ? "auto" : "smooth" });
  // Whoever goes by keys goes along.
  by("lottery-title").focus({ preventScroll: true });
  if (!draws?.running && !by("lottery-run").disabled) runLottery();
  return null;
}

function buildChapters() {
  const items = CHAPTERS.map(({ title }, k) => {
    const button = make("button", { type: "button" }, make("span", { class: "number" }, String(k + 1)), make("span", { class: "title" }, title));
    button.addEventListener("click", () => tellChapter(k + 1));
    return make("li", {}, button);
  });
  by("chapters").replaceChildren(...items);
}

function tellChapter(number) {
  const { lanes, ...rest } = CHAPTERS[number - 1].scene;
  const address = Object.entries({ ...rest, lanes, story: number }).map(([key, value]) => `${key}=${value}`).join("&");
  pause();
  load(fromAddress(address));
  if (!calm()) play();
}

// Whether the scene has the settings of a tool; its seed is but a start.
function isActive({ lane, kind, b, momentum, seed, ...rest }) {
  const here = lane === undefined ? {} : scene.lanes[lane];
  const asked = Object.entries({ kind, b, momentum }).filter(([, value]) => value !== undefined);
  return Boolean(here) && asked.every(([key, value]) => here[key] === value) && Object.entries(rest).every(([key, value]) => scene[key] === value);
}

// What the chapter speaks of and the scene has otherwise.
function departures(chapter) {
  const own = fromAddress(Object.entries(chapter.scene).map(([key, value]) => `${key}=${value}`).join("&"));
  const names = { m: "m", eta: "η", reduction: "gradients", activation: "activation" };
  const values = { mean: "averaged", sum: "summed", relu: "ReLU" };
  const changed = Object.keys(names).filter((key) => own[key] !== scene[key]);
  const parts = changed.map((key) => `${names[key]} ${key.length < 4 ? "= " : ""}${values[scene[key]] ?? scene[key]}`);
  // With other samples every batch of all samples is another one.
  const algorithms = (of) => JSON.stringify(of.lanes.map(({ kind, b, momentum }) => [kind, kind === "gd" ? 0 : b, momentum]));
  if (algorithms(own) !== algorithms(scene)) parts.push("other algorithms");
  return parts;
}

let told = 0;

function showChapter() {
  const chapter = CHAPTERS[scene.story - 1] ?? CHAPTERS[0];
  if (told !== chapter) buildChapter((told = chapter));
  const settings = chapter.tools.map(([, does]) => (typeof does === "function" ? null : isActive(does)));
  [...by("chapter-tools").querySelectorAll(".tool")].forEach((button, k) => {
    if (settings[k] !== null) button.setAttribute("aria-pressed", settings[k]);
  });
  const changed = departures(chapter);
  const seen = changed.length ? chapter.tools.filter(([, , sees], k) => sees && settings[k]).map(([, , sees]) => sees) : [];
  const watch = changed.length === 0 ? [make("strong", {}, "Watch: "), chapter.watch] : seen.length === 1 ? [make("strong", {}, "Changed: "), seen[0]] : [make("strong", {}, "Changed: "), `${changed.join(", ")}. The text above speaks of the chapter’s own scene.`];
  by("chapter-watch").replaceChildren(...watch);
}

// The words and the buttons of a chapter; they stay while its scene changes, and with them the focus.
function buildChapter(chapter) {
  const number = CHAPTERS.indexOf(chapter) + 1;
  [...by("chapters").querySelectorAll("button")].forEach((button, k) => {
    if (k === number - 1) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
  });
  by("chapter-title").textContent = chapter.title;
  by("chapter-text").textContent = chapter.text;
  const tools = chapter.tools.map(([label, does]) => {
    const button = make("button", { type: "button", class: "small tool" }, label);
    button.addEventListener("click", () => {
      const asked = typeof does === "function" ? does() : does;
      if (!asked || !change(asked)) return;
      if (!calm()) play();
    });
    return button;
  });
  const next = CHAPTERS[number] ? [make("button", { type: "button", class: "small next" }, `Next: ${CHAPTERS[number].title}`)] : [];
  next.forEach((button) => button.addEventListener("click", () => tellChapter(number + 1)));
  by("chapter-tools").replaceChildren(...tools, ...next);
}
