// Out of the page: commands that repeat the scene, its numbers, a link.

function commands() {
  const exact = by("reduced").checked;
  return lanes.map((lane) => {
    const words = [
      "cargo run --release --bin train --",
      `--samples ${scene.m} --dim ${scene.n}`,
      `--schedule ${lane.kind} --batch ${lane.b}`,
      `--step-size ${scene.eta} --reduction ${scene.reduction} --activation ${scene.activation}`,
      lane.momentum > 0 ? `--update heavy-ball:${lane.momentum}` : "",
      scene.start ? "--from w0.npy" : `--init-norm ${scene.norm}`,
      `--seed ${scene.seed}`,
      // Without a number of its own, train takes as many steps as its law grants; for momentum it has none.
      clock > 0 ? `--steps ${clock} --tolerance 0` : lane.momentum > 0 ? "--steps 100000" : "",
      exact ? "--engine reduced" : "",
    ];
    return words.filter(Boolean).join(" ");
  });
}

// Every word in one piece: lines end between words, never after the hyphens of an option.
function showCommands() {
  const lines = commands().map((command) => command.split(" ").flatMap((word, k) => [k ? " " : "", make("span", { class: "word" }, word)]));
  by("command").replaceChildren(...lines.flatMap((words, k) => [k ? "\n" : "", ...words]));
  by("npy").hidden = !scene.start;
  by("to-the-bit").hidden = Boolean(scene.start);
  by("repeat-text").textContent = repeatWords();
}

// How near the numbers of the commands are to those of the page.
function repeatWords() {
  const exact = by("reduced").checked;
  if (exact && !scene.start) return "The same seed gives the same start, the same batches and, to the last bit, the same correlations as on this page.";
  const restless = lanes.filter((lane) => lane.threshold > 0 && lane.perSample >= lane.threshold);
  return [
    exact ? "" : "In a checkout of puremix, these train the model for real, on Burn by automatic differentiation, from the same start and with the same batches.",
    scene.start ? "The start was dragged: save it as w0.npy, by the button below, in the directory where you run the commands. The file holds the vector w₀, and its correlations may differ from those of the page in the last digit." : "",
    "Where a run converges, the numbers agree up to rounding.",
    restless.length ? `${restless.map((lane) => lane.name).join(" and ")}: η_B is not below the threshold of stability, so that every step amplifies rounding and the numbers part.` : "Above the threshold of stability rounding is amplified, and the numbers part.",
  ].filter(Boolean).join(" ");
}

// As Rust reads numbers: String knows no negative zero, which a velocity can leave behind.
const written = (x) => (x === Infinity ? "inf" : Object.is(x, -0) ? "-0" : String(x));

function csv() {
  const header = ["algorithm", "batch", "momentum", "step", "R", ...Array.from({ length: scene.m }, (_, i) => `c_${i}`)];
  const rows = lanes.flatMap((lane) => {
    const now = lane.diverged === null && lane.rows.at(-1)[0] !== lane.step ? [[lane.step, lane.logRatio, ...lane.c]] : [];
    return [...lane.rows, ...now].map((row) => [lane.kind, lane.b, lane.momentum, ...row]);
  });
  return [header, ...rows].map((row) => row.map(written).join(",")).join("\n") + "\n";
}

// A NumPy file of one vector of 64-bit floats.
function npy(vector) {
  const text = `{'descr': '<f8', 'fortran_order': False, 'shape': (${vector.length},), }`;
  const header = new TextEncoder().encode(text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11, " ") + "\n");
  const bytes = new Uint8Array(10 + header.length + 8 * vector.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(header, 10);
  const view = new DataView(bytes.buffer);
  vector.forEach((x, k) => view.setFloat64(10 + header.length + 8 * k, x, true));
  return bytes;
}

function save(name, content, type) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
  by("shared").textContent = `Saved ${name}.`;
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    by("shared").textContent = `Copied ${what}.`;
  } catch {
    // Without a clipboard the text is selected instead.
    by("command").textContent = text;
    getSelection().selectAllChildren(by("command"));
    by("shared").textContent = `Press Ctrl-C or ⌘C to copy ${what}.`;
  }
}

function wireSharing() {
  by("reduced").addEventListener("change", showCommands);
  by("copy").addEventListener("click", () => copy(commands().join("\n"), "the commands"));
  by("csv").addEventListener("click", () => save("explorer.csv", csv(), "text/csv"));
  by("link").addEventListener("click", () => copy(location.href.split("#")[0] + toAddress(scene), "the link"));
  by("npy").addEventListener("click", () => {
    if (core.module.start_weights()) save("w0.npy", npy(core.numbers(scene.n)), "application/octet-stream");
    else by("shared").textContent = core.message();
  });
}
