"""Python for the page: three files, made by the build from Pyodide and the package.

A script, which is Pyodide's two and our worker in one; the compiled Python with the standard
library, packed; and the wheel that the site offers for download. The folder of the first two has a
name that changes when one of the three does, and the script asks for the wheel with the same word,
so that a browser never mixes old and new.
"""

import gzip
import json
import os
import re
import shutil
import subprocess
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from sphinx.errors import ExtensionError

import sgdexplained

HERE = Path(__file__).parent
PACKAGE = Path(sgdexplained.__file__).parent
WORKER = HERE / "live_worker.mjs"
ARCHIVE = HERE / "live_archive.mjs"

# Pyodide's own files, and what they are called in the site.
SCRIPTS = ["pyodide.mjs", "pyodide.asm.mjs"]
WASM = "pyodide.asm.wasm"
PYTHON = "python.gz"


class RuntimeMissingError(ExtensionError):
    """Pyodide or Node.js is missing, or Pyodide is not as we know it."""


def pyodide(docs: Path) -> Path:
    """Find Pyodide."""
    folder = docs / "node_modules" / "pyodide"
    if not folder.exists():
        message = "pyodide is missing: run `npm ci --prefix docs`, as `nox -s docs` does."
        raise RuntimeMissingError(message)
    return folder


@cache
def folder_name(docs: Path) -> str:
    """Name the folder after the version of Pyodide and all that goes into the files."""
    version = json.loads((pyodide(docs) / "package.json").read_text("utf-8"))["version"]
    parts = [WORKER, ARCHIVE, Path(__file__), *sorted(PACKAGE.rglob("*.py"))]
    digest = sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()
    return f"pyodide-{version}-{digest[:8]}"


def write(docs: Path, below: Path, wheel: Path) -> None:
    """Write two files into their folder, unless they are there; the third is the wheel."""
    source, target = pyodide(docs), below / folder_name(docs)
    for old in below.glob("pyodide-*"):
        if old != target:
            shutil.rmtree(old)
    if (target / "worker.mjs").exists():
        return
    if not wheel.exists():
        message = f"{wheel.name} is missing, which the pages load: install hatchling to build it."
        raise RuntimeMissingError(message)
    target.mkdir(parents=True, exist_ok=True)
    compiled = (source / WASM).read_bytes()
    packed = gzip.compress(compiled + library(source, wheel), mtime=0)
    (target / PYTHON).write_bytes(packed)
    # The wheel keeps its address while the version does, so it is asked for by this build's word.
    word = target.name.rpartition("-")[2]
    address = f"{Path(os.path.relpath(wheel, target)).as_posix()}?{word}"
    known = {"python": PYTHON, "compiled": len(compiled), "wheel": address}
    texts = [(source / name).read_text("utf-8") for name in SCRIPTS]
    worker = f"const SITE = {json.dumps(known)};\n{WORKER.read_text('utf-8')}"
    (target / "worker.mjs").write_text(bundle(*texts, worker), "utf-8")


def library(source: Path, wheel: Path) -> bytes:
    """Let Python itself, in Node.js, make the archive of its modules."""
    node = shutil.which("node")
    if node is None:
        message = "node is missing, expected Node.js on the PATH: it came with the npm that ran."
        raise RuntimeMissingError(message)
    with TemporaryDirectory() as folder:
        made = Path(folder, "library.zip")
        command = [node, str(ARCHIVE), str(source), str(wheel), str(made)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            message = f"the library for the page could not be made: {ran.stderr.strip()}"
            raise RuntimeMissingError(message)
        return made.read_bytes()


EXPORTS = re.compile(r"export\s*\{(\w+) as loadPyodide,\s*(\w+) as version\};?\s*")
DEFAULT = re.compile(r"export default (\w+);?\s*$")
MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def bundle(loader: str, compiled: str, worker: str) -> str:
    """Put Pyodide's scripts and our worker into one module, each in a scope of its own."""
    found, default = EXPORTS.search(loader), DEFAULT.search(compiled)
    if found is None or default is None:
        message = "pyodide's scripts export something else than loadPyodide and one function"
        raise RuntimeMissingError(message)
    first = MAP.sub("", EXPORTS.sub("", loader)).strip()
    second = DEFAULT.sub("", compiled).strip()
    return (
        f"const loadPyodide = (() => {{\n{first}\nreturn {found[1]};\n}})();\n"
        f"const createPyodideModule = (() => {{\n{second}\nreturn {default[1]};\n}})();\n{worker}"
    )
