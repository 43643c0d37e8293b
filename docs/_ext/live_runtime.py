"""Python for the page: three files, made by the build from Pyodide and the package.

A script, which is Pyodide's two and our worker in one; the compiled Python, packed; and an archive
with the modules of the standard library and of the package. Their folder has a name that changes
when one of them does, so that a browser never mixes old and new.
"""

import gzip
import json
import re
import shutil
import subprocess
from functools import cache
from hashlib import sha256
from pathlib import Path

from sphinx.errors import ExtensionError

import sgdexplained

HERE = Path(__file__).parent
PACKAGE = Path(sgdexplained.__file__).parent
WORKER = HERE / "live_worker.mjs"
ARCHIVE = HERE / "live_archive.mjs"

# Pyodide's own files, and what they are called in the site.
SCRIPTS = ["pyodide.mjs", "pyodide.asm.mjs"]
WASM = "pyodide.asm.wasm"
MODULES = "modules.zip"


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


def write(docs: Path, below: Path) -> None:
    """Write the three files into their folder, unless they are there."""
    source, target = pyodide(docs), below / folder_name(docs)
    for old in below.glob("pyodide-*"):
        if old != target:
            shutil.rmtree(old)
    if (target / "worker.mjs").exists():
        return
    target.mkdir(parents=True, exist_ok=True)
    (target / f"{WASM}.gz").write_bytes(gzip.compress((source / WASM).read_bytes(), mtime=0))
    pack_modules(source, target / MODULES)
    texts = [(source / name).read_text("utf-8") for name in SCRIPTS]
    (target / "worker.mjs").write_text(bundle(*texts, WORKER.read_text("utf-8")), "utf-8")


def pack_modules(source: Path, target: Path) -> None:
    """Let Python itself, in Node.js, make the archive of modules."""
    node = shutil.which("node")
    if node is None:
        message = "node is missing, expected Node.js on the PATH: it came with the npm that ran."
        raise RuntimeMissingError(message)
    command = [node, str(ARCHIVE), str(source), str(PACKAGE), str(target)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeMissingError(f"the archive of modules could not be made: {ran.stderr.strip()}")


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
