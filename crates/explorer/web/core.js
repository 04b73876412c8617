// The module: what the page computes with. Buffers are copied at once, for the next call may move them.

const core = await (async () => {
  const packed = atob(document.getElementById("module").textContent.trim());
  const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const { instance } = await WebAssembly.instantiate(await new Response(stream).arrayBuffer(), {});
  const module = instance.exports;
  const numbers = (count) => new Float64Array(module.memory.buffer, module.numbers(), count).slice();
  const message = () =>
    new TextDecoder().decode(new Uint8Array(module.memory.buffer, module.message(), module.message_length()));
  return { module, numbers, message, ask: (name, ...values) => numbers(module[name](...values)) };
})();
