// The story: scenes in order, each with what happens and what to watch for.

const CHAPTERS = [
  {
    title: "GD mixes",
    text: "Full-batch gradient descent uses all eight samples at every step. The neuron keeps the direction of its start within their span and grows to length 1, so every sample stays in the mixture.",
    watch: "the bars rise to the dashed marks, which Theorem 1 computes from the start alone. Rₜ, the log-ratio of the winner to the rest, never moves.",
    scene: { m: 8, n: 12, eta: 0.2, reduction: "mean", activation: "linear", norm: 0.5, seed: 2229, lanes: "gd", speed: 2 },
    tools: [["Another start", () => ({ seed: scene.seed + 1 })], ["ReLU, which sees only some", () => ({ activation: "relu", seed: 1 })]],
  },
  {
    title: "Take one away",
    text: "Each step now draws seven of the eight samples at random and leaves one out. Both runs start alike, and yet the second leaves the mixture and ends in a single sample (Theorem 2).",
    watch: "after some ten thousand steps Rₜ wanders off on the right, and then climbs for good. Smaller batches get there sooner; b = 8 never does.",
    scene: { m: 8, n: 12, eta: 0.2, reduction: "mean", activation: "linear", norm: 0.5, seed: 2229, lanes: "gd,sgd:7", speed: 4.3 },
    tools: [8, 7, 4, 1].map((b) => [`b = ${b}`, () => ({ lane: 1, kind: "sgd", b })]),
  },
  {
    title: "Take turns",
    text: "Chance is not needed: the samples in a fixed order, one at a time, end in one of them too. For two samples this is Theorem 4; for more it is a conjecture, about almost every start.",
    watch: "three algorithms share start and clock. One mixes, two choose, and those two need not choose alike.",
    scene: { m: 8, n: 12, eta: 0.2, reduction: "mean", activation: "linear", norm: 0.5, seed: 3469, lanes: "gd,sgd:1,cyclic:1", speed: 2.3 },
    tools: [["Another start", () => ({ seed: scene.seed + 1 })]],
  },
  {
    title: "Who wins",
    text: "With two samples the minima are a circle: GD walks straight out to it, SGD wanders along it until a datapoint holds it. Which one is a lottery, and its odds are linear in the angle of the start: P(a₀) = (2/π) arctan(c₀/c₁).",
    watch: "drag w₀ along the circle and draw 20,000 runs. The counts follow the law, whatever b and η are.",
    scene: { m: 2, n: 2, eta: 0.1, reduction: "mean", activation: "linear", norm: 0.5, seed: 31, lanes: "gd,sgd:1", speed: 2.5 },
    tools: [["Draw 20,000 runs", drawFromStory], ["Three samples", () => ({ m: 3, n: 3, seed: 31 })]],
  },
  {
    title: "How fast",
    text: "A step moves the clock of the lottery by κ = η_B² b(m−b)/(m(m−1)), and selection takes a time of about ten on that clock. With summed gradients half of the samples are therefore fastest, and one sample is as slow as all but one.",
    watch: "the lane in the middle commits first, its rivals need about twice as many steps. Average the gradients instead, and b = 1 is fastest.",
    scene: { m: 8, n: 8, eta: 0.1, reduction: "sum", activation: "linear", norm: 0.5, seed: 31, lanes: "sgd:1,sgd:4,sgd:7", speed: 3.3 },
    tools: [["Summed", () => ({ reduction: "sum" })], ["Averaged", () => ({ reduction: "mean" })], ["Another seed", () => ({ seed: scene.seed + 1 })]],
  },
  {
    title: "How far",
    text: "The theorem asks for η ≤ 1/5, yet nothing breaks until the step per sample η_B reaches ½. There a minimum turns unstable, because a step multiplies the error in the length of w by 1 − 4η_B, and no algorithm converges.",
    watch: "at η_B = 0.55 the runs jump about for ever. Bring η below ½ and they settle.",
    scene: { m: 4, n: 6, eta: 0.55, reduction: "sum", activation: "linear", norm: 0.5, seed: 31, lanes: "gd,sgd:1,cyclic:1", speed: 1.6 },
    tools: [0.2, 0.45, 0.55].map((eta) => [`η = ${eta}`, () => ({ eta })]),
  },
  {
    title: "Momentum",
    text: "Both runs have the same start, batches and step size, and the second adds momentum: v ← βv + g and w ← w − ηv with β = 0.9. As η → 0 it has the odds of SGD, on a clock that is faster by 1/(1−β)², here a hundred times.",
    watch: "the second run commits after some 20,000 steps, the first after 1.5 million. Draw the runs of the second: their counts follow the law of chapter 4.",
    scene: { m: 2, n: 2, eta: 0.004, reduction: "mean", activation: "linear", norm: 0.5, seed: 31, lanes: "sgd:1,sgd:1:0.9", speed: 4.8 },
    tools: [...[0.5, 0.8, 0.9].map((momentum) => [`β = ${momentum}`, () => ({ lane: 1, momentum })]), ["Draw 20,000 runs of the second", () => drawFromStory("1")]],
  },
];

// What the buttons of chapters promise: 20,000 runs, of a lane or of the one that is chosen.
function drawFromStory(lane) {
  by("lottery-runs").value = "20000";
  if (lane && isLottery(lanes[lane])) by("lottery-lane").value = lane;
  by("lottery").scrollIntoView({ behavior: calm() ? "auto" : "smooth" });
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

function showChapter() {
  const chapter = CHAPTERS[scene.story - 1] ?? CHAPTERS[0];
  [...by("chapters").querySelectorAll("button")].forEach((button, k) => {
    if (k === scene.story - 1) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
  });
  by("chapter-title").textContent = chapter.title;
  by("chapter-text").textContent = chapter.text;
  by("chapter-watch").replaceChildren(make("strong", {}, "Watch: "), chapter.watch);
  const tools = chapter.tools.map(([label, part]) => {
    const button = make("button", { type: "button", class: "small" }, label);
    button.addEventListener("click", () => {
      const asked = part();
      if (!asked) return;
      if (!change(asked)) return;
      if (!calm()) play();
    });
    return button;
  });
  const next = scene.story < CHAPTERS.length ? [make("button", { type: "button", class: "small next" }, `Next: ${CHAPTERS[scene.story].title}`)] : [];
  next.forEach((button) => button.addEventListener("click", () => tellChapter(scene.story + 1)));
  by("chapter-tools").replaceChildren(...tools, ...next);
}
