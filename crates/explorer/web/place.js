// Where w_0 is, and the reader's hand on it: the circle of minima for two samples, the simplex of shares for three, bars for more.

const TURN = Math.PI / 180;
let handles = [];
let dragged = null;

const place = () => (scene.m === 2 ? circle : scene.m === 3 ? simplex : bars);
const startNow = () => Array.from(core.ask("start"));

// Two samples: the plane of (c_0, c_1).
const circle = {
  title: "The plane of the two samples",
  caption:
    "Every point of the circle is a global minimum with the same loss. Drag w₀ with the mouse or a finger, or use the arrow keys: left and right turn it, up and down change its length.",
  extent: 1.28,
  at({ width, height }, c) {
    const unit = Math.min(width, height) / 2 / this.extent;
    return [width / 2 + unit * c[0], height / 2 - unit * c[1]];
  },
  back({ width, height }, x, y) {
    const unit = Math.min(width, height) / 2 / this.extent;
    const c = [(x - width / 2) / unit, (height / 2 - y) / unit];
    const norm = Math.hypot(...c);
    const scale = norm > 1.2 ? 1.2 / norm : norm < 0.03 ? 0.03 / (norm || 1) : 1;
    return norm === 0 ? [0.03, 0] : c.map((c) => c * scale);
  },
  nudge(c, key, big) {
    const [angle, norm] = [Math.atan2(c[1], c[0]), Math.hypot(...c)];
    const turn = { ArrowLeft: 1, ArrowRight: -1 }[key] ?? 0;
    const stretch = { ArrowUp: 1, ArrowDown: -1 }[key] ?? 0;
    const [a, r] = [angle + turn * (big ? 10 : 1) * TURN, clamp(norm + stretch * (big ? 0.1 : 0.01), 0.03, 1.2)];
    return [r * Math.cos(a), r * Math.sin(a)];
  },
  words: (c) => `angle ${(Math.atan2(c[1], c[0]) / TURN).toFixed(1)} degrees, length ${Math.hypot(...c).toFixed(3)}`,
  background(area) {
    const { pen } = area;
    const [x0, y0] = this.at(area, [0, 0]);
    const ring = this.at(area, [1, 0])[0] - x0;
    line(pen, ...this.at(area, [-1.2, 0]), ...this.at(area, [1.2, 0]), palette.grid);
    line(pen, ...this.at(area, [0, -1.2]), ...this.at(area, [0, 1.2]), palette.grid);
    pen.strokeStyle = palette.soft;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.arc(x0, y0, ring, 0, 2 * Math.PI);
    pen.stroke();
    [[1, 0], [0, 1], [-1, 0], [0, -1]].forEach((c, k) => {
      if (scene.activation === "relu" && k > 1) return;
      dot(pen, ...this.at(area, c), 6, sampleColour(k % 2));
      const name = `${k > 1 ? "−" : ""}a${subscript(k % 2)}`;
      write(pen, name, ...this.at(area, c.map((c) => 1.17 * c)), { size: 13, colour: palette.text });
    });
  },
};

// Three samples: shares p_i = c_i²/Σc² as a point of a triangle.
const simplex = {
  title: "The shares of the three samples",
  caption:
    "A corner is a pure datapoint, the middle an even mixture; a point shows the shares pᵢ = cᵢ²/Σc². Drag w₀ with the mouse or a finger, or move it with the arrow keys.",
  corners({ width, height }) {
    const side = Math.min(width - 56, (height - 52) / 0.866);
    const [x, y] = [width / 2, (height - 0.866 * side) / 2 + 0.866 * side];
    return [[x - side / 2, y], [x + side / 2, y], [x, y - 0.866 * side]];
  },
  at(area, c) {
    const total = c.reduce((sum, c) => sum + c * c, 0);
    const corners = this.corners(area);
    return [0, 1].map((axis) => corners.reduce((sum, corner, i) => sum + (corner[axis] * c[i] * c[i]) / total, 0));
  },
  back(area, x, y, c) {
    const [a, b, d] = this.corners(area);
    const det = (b[0] - a[0]) * (d[1] - a[1]) - (d[0] - a[0]) * (b[1] - a[1]);
    const second = ((x - a[0]) * (d[1] - a[1]) - (d[0] - a[0]) * (y - a[1])) / det;
    const third = ((b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1])) / det;
    return this.of([1 - second - third, second, third], c);
  },
  // Correlations with these shares, of the norm and the signs that they had.
  of(shares, c) {
    const inside = shares.map((p) => Math.max(p, 2e-4));
    const total = inside.reduce((sum, p) => sum + p, 0);
    const norm = Math.hypot(...c);
    return inside.map((p, i) => (c[i] < 0 ? -1 : 1) * norm * Math.sqrt(p / total));
  },
  nudge(c, key, big) {
    const total = c.reduce((sum, c) => sum + c * c, 0);
    const shares = c.map((c) => (c * c) / total);
    const by = big ? 0.1 : 0.01;
    const move = { ArrowLeft: [by, -by, 0], ArrowRight: [-by, by, 0], ArrowUp: [-by / 2, -by / 2, by], ArrowDown: [by / 2, by / 2, -by] }[key];
    return this.of(shares.map((p, i) => p + move[i]), c);
  },
  words(c) {
    const total = c.reduce((sum, c) => sum + c * c, 0);
    return `shares ${c.map((c) => ((100 * c * c) / total).toFixed(1) + " %").join(", ")}`;
  },
  background(area) {
    const { pen } = area;
    const corners = this.corners(area);
    pen.strokeStyle = palette.soft;
    pen.lineWidth = 1.5;
    pen.beginPath();
    corners.forEach((corner) => pen.lineTo(...corner));
    pen.closePath();
    pen.stroke();
    corners.forEach((corner, i) => {
      dot(pen, ...corner, 6, sampleColour(i));
      write(pen, `a${subscript(i)}`, corner[0], corner[1] + (i === 2 ? -17 : 17), { size: 13, colour: palette.text });
    });
  },
};

// More samples: a bar each.
const bars = {
  title: "The correlations of the start",
  caption:
    "Pull a bar up or down with the mouse or a finger, or with the arrow keys: cᵢ(0) = ⟨w₀, aᵢ⟩. Below zero a ReLU neuron does not see the sample.",
  scale: () => Math.max(0.6, scene.norm),
  frame(area) {
    const most = this.scale();
    return frame(area, { x: [-0.5, scene.m - 0.5], y: [-most, most], bottom: 20, yTicks: ticks(-most, most, 4), xTicks: [] });
  },
  at(area, c, i) {
    const { atX, atY } = this.frameOf(area);
    return [atX(i), atY(c[i])];
  },
  frameOf({ width, height }) {
    const most = this.scale();
    const [left, right, top, bottom] = [34, width - 8, 8, height - 20];
    return {
      atX: (i) => left + ((i + 0.5) / scene.m) * (right - left),
      atY: (c) => bottom - ((clamp(c, -most, most) + most) / (2 * most)) * (bottom - top),
      value: (y) => clamp(((bottom - y) / (bottom - top)) * 2 * most - most, -most, most),
      room: (right - left) / scene.m,
    };
  },
  back(area, x, y, c, i) {
    return c.map((c, j) => (j === i ? this.frameOf(area).value(y) : c));
  },
  nudge(c, key, big, i) {
    const by = (big ? 0.1 : 0.01) * ({ ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[key] ?? 0);
    return c.map((c, j) => (j === i ? clamp(c + by, -this.scale(), this.scale()) : c));
  },
  words: (c, i) => `correlation with a${subscript(i)}: ${c[i].toFixed(3)}`,
  background(area) {
    const { pen } = area;
    const { atX, atY, bottom } = this.frame(area);
    const c = startNow();
    const room = this.frameOf(area).room;
    const thick = Math.max(1, Math.min(30, room * 0.66));
    for (let i = 0; i < scene.m; i += 1) {
      pen.fillStyle = sampleColour(i);
      pen.fillRect(atX(i) - thick / 2, Math.min(atY(0), atY(c[i])), thick, Math.abs(atY(c[i]) - atY(0)));
      if (room > 15) write(pen, `a${subscript(i)}`, atX(i), bottom + 4, { base: "top", size: 12 });
    }
    line(pen, atX(-0.5), atY(0), atX(scene.m - 0.5), atY(0), palette.text);
  },
};

function dot(pen, x, y, radius, colour) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}

const surface = () => {
  const canvas = by("place-canvas");
  return { width: canvas.clientWidth, height: canvas.clientHeight };
};

function buildPlace() {
  handles.forEach((handle) => handle.remove());
  const count = scene.m <= 3 ? 1 : scene.m;
  handles = Array.from({ length: count }, (_, i) => {
    const label = scene.m <= 3 ? "Start w₀" : `Start, correlation with a${subscript(i)}`;
    const handle = make("button", { type: "button", class: "handle", role: "slider", "aria-label": label, "aria-valuemin": -1, "aria-valuemax": 1 });
    if (scene.m > 12) handle.classList.add("slim");
    handle.addEventListener("keydown", (event) => {
      if (!event.key.startsWith("Arrow")) return;
      event.preventDefault();
      const c = startNow().slice(0, scene.m);
      moveStart(place().nudge(c, event.key, event.shiftKey, i));
    });
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      handle.focus({ preventScroll: true });
      handle.setPointerCapture(event.pointerId);
      dragged = i;
    });
    handle.addEventListener("pointermove", (event) => {
      if (dragged !== i) return;
      const box = by("place-canvas").getBoundingClientRect();
      const c = startNow().slice(0, scene.m);
      moveStart(place().back(surface(), event.clientX - box.left, event.clientY - box.top, c, i));
    });
    for (const end of ["pointerup", "pointercancel"]) handle.addEventListener(end, () => (dragged = null));
    by("place-surface").append(handle);
    return handle;
  });
  by("place-title").textContent = place().title;
  by("place-caption").textContent = place().caption;
  by("place-canvas").setAttribute("aria-label", place().title);
}

// The residual stays what it was; the norm of the settings follows.
function moveStart(c) {
  const residual = startNow()[scene.m];
  change({ start: [...c, residual] });
}

function drawPlace() {
  const area = sheet(by("place-canvas"));
  const here = place();
  const c = startNow();
  here.background(area);
  if (scene.m <= 3) lanes.forEach((lane, k) => drawPath(area, here, lane, k));
  handles.forEach((handle, i) => {
    const [x, y] = here.at(area, c, i);
    handle.style.transform = `translate(${x}px, ${y}px)`;
    handle.setAttribute("aria-valuenow", (scene.m <= 3 ? Math.hypot(...c) : c[i]).toFixed(3));
    handle.setAttribute("aria-valuetext", here.words(c.slice(0, scene.m), i));
  });
}

function drawPath(area, here, lane, k) {
  const { pen } = area;
  pen.strokeStyle = laneColour(k);
  pen.lineWidth = 1.4;
  pen.globalAlpha = 0.85;
  pen.beginPath();
  for (const row of lane.rows) pen.lineTo(...here.at(area, row.subarray(2)));
  if (lane.diverged === null) pen.lineTo(...here.at(area, lane.c));
  pen.stroke();
  pen.globalAlpha = 1;
  if (lane.diverged === null) dot(pen, ...here.at(area, lane.c), 5, laneColour(k));
}
