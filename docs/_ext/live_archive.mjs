/* Make the library that live pictures load: `node live_archive.mjs PYODIDE WHEEL TO`.

   It is Pyodide's standard library. What a first picture needs is compiled here, by the same Python
   that the reader's browser runs, because a browser would take longer to compile these modules than
   to do all the rest. For modules of the package, the compiled code alone is put in: their source
   comes to the reader in the wheel, and Python takes compiled code only if it was made of the source
   that it has found. */

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [pyodide, wheel, target] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`));
const lockFileContents = JSON.stringify({
  info: { abi_version: "2026_0", arch: "wasm32", platform: "emscripten_5_0_3", python: "3.14.2" },
  packages: {},
});
const python = await loadPyodide({ lockFileContents });

python.FS.writeFile("/package.whl", readFileSync(wheel));
python.runPython(`
import sys
from zipfile import ZIP_STORED, ZipFile, ZipInfo

# As in the worker of the page.
LIBRARY, SITE = "/lib/python314.zip", "/lib/site"
with ZipFile("/package.whl") as wheel:
    wheel.extractall(SITE)
sys.path.insert(0, SITE)
sys.dont_write_bytecode = True

import json
from sgdexplained.live.room import ask

asked = {"room": "picture", "view": "network", "start": "", "address": "", "do": "x1", "value": "3"}
ask(json.dumps(asked))

# What has been imported so far: modules of the library by their names in the archive.
wanted, ours = set(), []
for module in list(sys.modules.values()):
    file = getattr(module, "__file__", None) or ""
    if file.startswith(LIBRARY + "/") and file.endswith(".py"):
        wanted.add(file.removeprefix(LIBRARY + "/"))
    elif file.startswith(SITE + "/"):
        ours.append(file)

from importlib._bootstrap_external import _code_to_hash_pyc
from pathlib import Path
from py_compile import PycInvalidationMode, compile as compile_file

# What cannot work in a browser, for want of processes, sockets and terminals, or is not needed.
# (doctest needs pdb, which needs _pyrepl; zipfile needs cp437.)
LEFT_OUT = tuple("""asyncio/windows_ ctypes/macholib/ encodings/cp encodings/iso8859_ encodings/koi8_
    encodings/mac_ ftplib http/cookiejar http/server imaplib logging/handlers mailbox multiprocessing/
    pickletools plistlib poplib smtplib socketserver sqlite3/ unittest/mock wsgiref/ xml/ xmlrpc/""".split())
wanted_here = wanted | {"encodings/cp437.py"}

contents = {}
with ZipFile(LIBRARY) as library:
    for one in library.namelist():
        if one in wanted:
            code = compile(library.read(one), f"{LIBRARY}/{one}", "exec", dont_inherit=True)
            # Unchecked: the source is not there, so it cannot change.
            contents[one + "c"] = _code_to_hash_pyc(code, bytes(8), checked=False)
        elif one.endswith(".py") and (one in wanted_here or not one.startswith(LEFT_OUT)):
            contents[one] = library.read(one)
for file in ours:
    made = compile_file(file, doraise=True, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    contents["site/" + Path(made).relative_to(SITE).as_posix()] = Path(made).read_bytes()

# Not packed: the whole is packed once, with the compiled Python before it.
with ZipFile("/library.zip", "w", ZIP_STORED) as archive:
    for name, content in sorted(contents.items()):
        archive.writestr(ZipInfo(name), content)
`);
writeFileSync(target, python.FS.readFile("/library.zip"));
