// What a reader's eyes and clicks would find, as JSON in an element that the test reads.
addEventListener("load", () => {
  const rgba = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  // Relative luminance and contrast as WCAG 2.2 defines them.
  const channel = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const luminance = ({ r, g, b }) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour.a === 1) return colour;
    }
    return { r: 255, g: 255, b: 255, a: 1 };
  };
  document.querySelectorAll("details").forEach((details) => (details.open = true));
  const size = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return [width, height];
  };
  let least = { ratio: Infinity };
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || ["SCRIPT", "STYLE"].includes(element.tagName)) continue;
    if (!element.getClientRects().length) continue;
    texts += 1;
    const style = getComputedStyle(element);
    const colour = rgba(element.closest("svg") ? style.fill : style.color);
    const ratio = contrast(colour, background(element));
    if (ratio < least.ratio) least = { ratio, text: walker.currentNode.data.trim().slice(0, 60), tag: element.tagName };
  }
  const links = [...document.querySelectorAll("a[href]")].map((a) => a.getAttribute("href"));
  const audit = {
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    width: innerWidth,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    sections: [...document.querySelectorAll("section")].map((s) => [s.id, ...size(s)]),
    figures: [...document.querySelectorAll("figure")].map((f) => [f.id, ...size(f.querySelector("svg") ?? f)]),
    marks: [...document.querySelectorAll("figure svg")].map((s) => s.querySelectorAll("circle, path, polyline, line, rect").length),
    formulas: [...document.querySelectorAll("math")].map(size),
    broken: links.filter((href) => href.startsWith("#") && !document.getElementById(href.slice(1))),
    files: links.filter((href) => !href.startsWith("#")),
    requests: performance.getEntriesByType("resource").map((entry) => entry.name),
    least,
    texts,
  };
  // In a frame: the frame's owner shows it.
  if (parent !== window) return parent.postMessage(JSON.stringify(audit), "*");
  const output = document.createElement("pre");
  output.id = "audit";
  output.textContent = JSON.stringify(audit);
  document.body.append(output);
});
