/* Python, in a thread of its own: the page stays quick, and can end it at any time.

   The build puts Pyodide's two scripts before this one: they leave `loadPyodide` and
   `createPyodideModule`. Each message is a question for `ask` of sgdexplained.live.room. Python comes
   with the site: nothing is fetched from elsewhere. */

// Without a list of packages nothing can be downloaded, and `import numpy` says plainly that it
// is not there.
const lockFileContents = JSON.stringify({
  info: { abi_version: "2026_0", arch: "wasm32", platform: "emscripten_5_0_3", python: "3.14.2" },
  packages: {},
});

const folder = new URL(".", import.meta.url).href;
const WASM = "pyodide.asm.wasm";

const fetchIt = globalThis.fetch;
globalThis.fetch = (address, ...rest) =>
  String(address).endsWith(WASM) ? unpacked(address) : fetchIt(address, ...rest);

/** Fetch the compiled Python, which is packed: many hosts would send it as large as it is.

    It is unpacked and compiled while it comes in. */
async function unpacked(address) {
  const answer = await fetchIt(`${address}.gz`);
  if (!answer.ok) throw new Error(`${address}.gz is not there (${answer.status})`);
  const reader = answer.body.getReader();
  const first = await reader.read();
  const whole = new ReadableStream({
    start: (to) => to.enqueue(first.value),
    pull: async (to) => {
      const { done, value } = await reader.read();
      done ? to.close() : to.enqueue(value);
    },
  });
  // A host that declares the packing has made the browser unpack it already.
  const packed = first.value[0] === 0x1f && first.value[1] === 0x8b;
  return new Response(packed ? whole.pipeThrough(new DecompressionStream("gzip")) : whole, {
    headers: { "Content-Type": "application/wasm" },
  });
}

/** Load Python with its modules and the package; give the function that answers. */
async function load() {
  const py = await loadPyodide({
    createPyodideModule,
    indexURL: folder,
    stdLibURL: `${folder}modules.zip`,
    lockFileContents,
  });
  postMessage({ progress: "Python is here; the engine follows…" });
  return py.pyimport("sgdexplained.live.room").ask;
}

const room = load();
room.catch(() => {});

globalThis.onmessage = async ({ data }) => {
  try {
    const ask = await room;
    postMessage({ id: data.id, answer: ask(data.request) });
  } catch (error) {
    postMessage({ id: data.id, problem: `Python could not answer: ${error.message}` });
  }
};
