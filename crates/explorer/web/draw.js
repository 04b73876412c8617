// Drawing on canvases: sizes, colours of the page's scheme, axes.

// One colour a sample, those of the project's figures, in turns.
const SAMPLE_COLOURS = ["blue", "vermillion", "green", "orange", "sky", "purple", "text", "grey"];
// Of the lanes, where several are in one picture; samples have the first three colours there.
const LANE_COLOURS = ["text", "purple", "orange"];
const FONT = "'Source Sans 3', 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

let palette = {};
function readPalette() {
  const style = getComputedStyle(document.documentElement);
  const names = [...SAMPLE_COLOURS, "soft", "grid", "rule", "card", "yellow"];
  palette = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}
const sampleColour = (i) => palette[SAMPLE_COLOURS[i % SAMPLE_COLOURS.length]];
const laneColour = (k) => palette[LANE_COLOURS[k]];

// A canvas as large as its place, in pixels of the device; what is drawn is in those of the page.
function sheet(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.lineJoin = "round";
  return { pen, width, height };
}

function write(pen, text, x, y, { align = "center", base = "middle", colour = palette.soft, size = 12, weight = 400 } = {}) {
  pen.font = `${weight} ${size}px ${FONT}`;
  pen.textAlign = align;
  pen.textBaseline = base;
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}

function line(pen, x0, y0, x1, y1, colour, width = 1, dash = []) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
  pen.setLineDash([]);
}

const power = (k) => (k <= 3 ? String(10 ** k) : "10" + [...String(k)].map((d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]).join(""));

// Linear ticks: about so many round numbers between two.
function ticks(low, high, wanted = 4) {
  const raw = (high - low) / wanted;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * [1, 2, 5, 10].find((factor) => factor * unit >= raw);
  const first = Math.ceil(low / step - 1e-9);
  const values = [];
  for (let k = first; k * step <= high + 1e-9 * step; k += 1) values.push(Number((k * step).toPrecision(12)));
  return values;
}

// A frame with a grid; places of values in it.
function frame({ pen, width, height }, { x, y, left = 34, right = 8, top = 8, bottom = 20, xLabel, yTicks, xTicks, xName = String, yName = String }) {
  const place = (scale, from, to) => (value) => from + ((value - scale[0]) / (scale[1] - scale[0])) * (to - from);
  const atX = place(x, left, width - right);
  const atY = place(y, height - bottom, top);
  for (const tick of yTicks) {
    line(pen, left, atY(tick), width - right, atY(tick), palette.grid);
    write(pen, yName(tick), left - 5, atY(tick), { align: "right", size: 11 });
  }
  for (const tick of xTicks) {
    line(pen, atX(tick), top, atX(tick), height - bottom, palette.grid);
    write(pen, xName(tick), clamp(atX(tick), left, width - right - 4), height - bottom + 4, { base: "top", size: 11 });
  }
  if (xLabel) write(pen, xLabel, width - right, height - 1, { align: "right", base: "bottom", size: 11 });
  return { atX, atY, left, right: width - right, top, bottom: height - bottom };
}

// Runs draw at most once before the next frame.
const pending = new Set();
function soon(draw) {
  if (pending.has(draw)) return;
  pending.add(draw);
  requestAnimationFrame(() => {
    pending.delete(draw);
    draw();
  });
}

// Text that is the same already costs no layout.
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};
const by = (id) => document.getElementById(id);
