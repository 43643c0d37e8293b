/* Python, in a thread of its own: the page stays quick, and can end it at any time.

   The first message says where the runtime and the package are; each later one is a question for
   `ask` of sgdexplained.live.room. Python comes with the site: nothing is fetched from elsewhere. */

// Without a list of packages nothing can be downloaded, and `import numpy` says plainly that it
// is not there.
const NO_PACKAGES = JSON.stringify({
  info: { abi_version: "2026_0", arch: "wasm32", platform: "emscripten_5_0_3", python: "3.14.2" },
  packages: {},
});

const WASM = "pyodide.asm.wasm";

let room = null;

/** Fetch the compiled Python, which is packed: many hosts would send it as large as it is. */
async function unpacked(address) {
  const answer = await fetchIt(`${address}.gz`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  // A host that declares the packing has made the browser unpack it already.
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const stream = new Blob([bytes]).stream();
  return new Response(packed ? stream.pipeThrough(new DecompressionStream("gzip")) : stream, {
    headers: { "Content-Type": "application/wasm" },
  });
}

const fetchIt = globalThis.fetch;
globalThis.fetch = (address, ...rest) =>
  String(address).endsWith(WASM) ? unpacked(address) : fetchIt(address, ...rest);

/** Load Python and the package; give the function that answers. */
async function load({ runtime, wheel }) {
  const coming = fetchIt(wheel);
  const { loadPyodide } = await import(`${runtime}pyodide.mjs`);
  const py = await loadPyodide({ indexURL: runtime, lockFileContents: NO_PACKAGES });
  postMessage({ progress: "Python is here; the engine follows…" });
  const answer = await coming;
  if (!answer.ok) throw new Error(`${wheel} is not there (${answer.status})`);
  py.unpackArchive(await answer.arrayBuffer(), "wheel", { extractDir: "/lib/site" });
  py.runPython("import sys; sys.path.insert(0, '/lib/site')");
  return py.pyimport("sgdexplained.live.room").ask;
}

globalThis.onmessage = async ({ data }) => {
  if (data.runtime) {
    room = load(data);
    room.catch(() => {});
    return;
  }
  try {
    const ask = await room;
    postMessage({ id: data.id, answer: ask(data.request) });
  } catch (error) {
    postMessage({ id: data.id, problem: `Python could not answer: ${error.message}` });
  }
};
