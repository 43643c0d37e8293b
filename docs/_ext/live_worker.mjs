/* Python, in a thread of its own: the page stays quick, and can end it at any time.

   The build puts Pyodide's two scripts before this one: they leave `loadPyodide` and
   `createPyodideModule`; and `SITE`, which tells where the wheel is and how the packed file is
   divided. Each message is a question for `ask` of sgdexplained.live.room. Python comes with the
   site: nothing is fetched from elsewhere. */

// Without a list of packages nothing can be downloaded, and `import numpy` says plainly that it
// is not there.
const lockFileContents = JSON.stringify({
  info: { abi_version: "2026_0", arch: "wasm32", platform: "emscripten_5_0_3", python: "3.14.2" },
  packages: {},
});

const folder = new URL(".", import.meta.url).href;
const WASM = "pyodide.asm.wasm";
const LIBRARY = "library.zip";

const fetchIt = globalThis.fetch;

/** Fetch a file of the site. */
async function get(address) {
  const answer = await fetchIt(new URL(address, folder));
  if (!answer.ok) throw new Error(`${address} is not there (${answer.status})`);
  return answer;
}

/** Unpack what comes in, unless the browser has done so: some hosts declare the packing. */
async function unpacked(answer) {
  const reader = answer.body.getReader();
  const first = await reader.read();
  const whole = new ReadableStream({
    start: (to) => to.enqueue(first.value),
    pull: async (to) => {
      const { done, value } = await reader.read();
      done ? to.close() : to.enqueue(value);
    },
  });
  const packed = first.value[0] === 0x1f && first.value[1] === 0x8b;
  return packed ? whole.pipeThrough(new DecompressionStream("gzip")) : whole;
}

/** Fetch the compiled Python and its library, which are one packed file: the first is compiled
    while it comes in, and what stands behind it is the second. */
async function python() {
  const reader = (await unpacked(await get(SITE.python))).getReader();
  let left = SITE.compiled;
  let library;
  const rest = new Promise((resolve) => (library = resolve));
  const wasm = new ReadableStream({
    async pull(to) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`${SITE.python} is not whole`);
      to.enqueue(value.subarray(0, left));
      const behind = value.subarray(left);
      left -= Math.min(left, value.length);
      if (left) return;
      to.close();
      const parts = [behind];
      for (let next = await reader.read(); !next.done; next = await reader.read()) parts.push(next.value);
      library(new Response(new Blob(parts)));
    },
  });
  return { [WASM]: new Response(wasm, { headers: { "Content-Type": "application/wasm" } }), [LIBRARY]: rest };
}

// Puts the package where Python looks for it, as its wheel has it; beside it what was compiled.
const UNPACK = `
import sys
from zipfile import ZipFile
with ZipFile("/lib/package.whl") as wheel, ZipFile("/lib/python314.zip") as library:
    wheel.extractall("/lib/site")
    for name in library.namelist():
        if name.startswith("site/"):
            library.extract(name, "/lib")
sys.path.insert(0, "/lib/site")
`;
/** Load Python with its library and the package; give the function that answers. */
async function load() {
  const wheel = get(SITE.wheel).then((answer) => answer.arrayBuffer());
  wheel.catch(() => {});
  const files = await python();
  globalThis.fetch = (address, ...more) => files[String(address).split("/").pop()] ?? fetchIt(address, ...more);
  const py = await loadPyodide({
    createPyodideModule,
    indexURL: folder,
    stdLibURL: `${folder}${LIBRARY}`,
    lockFileContents,
  });
  postMessage({ progress: "Python is here; the engine follows…" });
  py.FS.writeFile("/lib/package.whl", new Uint8Array(await wheel));
  py.runPython(UNPACK);
  return py.pyimport("sgdexplained.live.room").ask;
}

const room = load();
room.catch(() => {});

globalThis.onmessage = async ({ data }) => {
  try {
    const ask = await room;
    postMessage({ id: data.id, answer: ask(data.request) });
  } catch (error) {
    // Of a traceback the last line tells what it is.
    const said = String(error?.message ?? error).trim().split("\n").at(-1) || "it does not say why";
    postMessage({ id: data.id, problem: `Python could not answer: ${said}.` });
  }
};
