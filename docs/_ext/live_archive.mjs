/* Make the archive of Python modules that live pictures load: `node live_archive.mjs PYODIDE PACKAGE TO`.

   It is Pyodide's standard library with the package beside it. What a first picture needs is
   compiled here, by the same Python that the reader's browser runs, because a browser would take
   longer to compile these modules than to do all the rest. */

import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [pyodide, packageFolder, target] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`));
const lockFileContents = JSON.stringify({
  info: { abi_version: "2026_0", arch: "wasm32", platform: "emscripten_5_0_3", python: "3.14.2" },
  packages: {},
});
const python = await loadPyodide({ lockFileContents });

python.FS.mkdirTree("/source/sgdexplained");
python.FS.mount(python.FS.filesystems.NODEFS, { root: packageFolder }, "/source/sgdexplained");
python.runPython(`
import sys

LIBRARY, SOURCE = "/lib/python314.zip", "/source"
sys.path.insert(0, SOURCE)
sys.dont_write_bytecode = True

import json
from sgdexplained.live.room import ask

asked = {"room": "picture", "view": "network", "start": "", "address": "", "do": "x1", "value": "3"}
ask(json.dumps(asked))

# What has been imported so far, by the names of the files in the archive.
wanted = set()
for module in list(sys.modules.values()):
    file = getattr(module, "__file__", None) or ""
    for root in (LIBRARY, SOURCE):
        if file.startswith(root + "/") and file.endswith(".py"):
            wanted.add(file.removeprefix(root + "/"))

from importlib._bootstrap_external import _code_to_hash_pyc
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

# What cannot work in a browser, for want of processes, sockets and terminals, or is not needed.
# (doctest needs pdb, which needs _pyrepl; zipfile needs cp437.)
LEFT_OUT = tuple("""asyncio/windows_ ctypes/macholib/ encodings/cp encodings/iso8859_ encodings/koi8_
    encodings/mac_ ftplib http/cookiejar http/server imaplib logging/handlers mailbox multiprocessing/
    pickletools plistlib poplib smtplib socketserver sqlite3/ unittest/mock wsgiref/ xml/ xmlrpc/""".split())
wanted_here = wanted | {"encodings/cp437.py"}

texts = {}
with ZipFile(LIBRARY) as library:
    for one in library.namelist():
        if one.endswith(".py") and (one in wanted_here or not one.startswith(LEFT_OUT)):
            texts[one] = library.read(one)
for file in Path(SOURCE, "sgdexplained").rglob("*.py"):
    texts[file.relative_to(SOURCE).as_posix()] = file.read_bytes()

with ZipFile("/archive.zip", "w") as archive:
    def put(name, content):
        archive.writestr(ZipInfo(name), content, ZIP_DEFLATED, 9)
    for name, text in sorted(texts.items()):
        if name in wanted:
            code = compile(text, f"{LIBRARY}/{name}", "exec", dont_inherit=True)
            # Unchecked: the source does not change behind it.
            put(name + "c", _code_to_hash_pyc(code, bytes(8), checked=False))
        # A reader may ask for the source of the package, and change it.
        if name not in wanted or name.startswith("sgdexplained/"):
            put(name, text)
`);
writeFileSync(target, python.FS.readFile("/archive.zip"));
