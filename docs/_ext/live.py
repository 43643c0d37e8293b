"""Live pictures: drawn by the build, and touched by the reader with Python in the page.

``.. live:: network`` writes the picture as it stands before anybody touches it: complete without
scripts. Only pages that have something live get the script, and Python is fetched when something
is touched. See docs/contributing/live.md.
"""

import gzip
import json
import shutil
from html import escape
from pathlib import Path
from typing import Any, ClassVar
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import live_cells
import live_engine
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

import sgdexplained
from sgdexplained.live.views import VIEWS, page

# What Python in the page is made of. The compiled part is packed by the build: see worker.mjs.
FILES = ["pyodide.mjs", "pyodide.asm.mjs", "python_stdlib.zip"]
PACKED = "pyodide.asm.wasm"
FOLDER = "_static/live"
OWN_WHEEL = f"{FOLDER}/sgdexplained.whl"


class live(nodes.General, nodes.Element):  # noqa: N801
    """A live picture on a page."""


class LiveDirective(SphinxDirective):
    """Put a live picture into a page; its content is the sentence below it."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "start": directives.unchanged,
        "name": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        """Draw it."""
        view = self.arguments[0]
        start = self.options.get("start", "")
        try:
            drawn = page(view, start)
        except ValueError as error:
            raise self.error(f"live {view}: {error}") from error
        name = nodes.make_id(self.options.get("name", view))
        here = self.env.metadata[self.env.docname]
        if name in here.setdefault("live", []):
            raise self.error(f"live {view}: {name!r} is on this page already, give a :name:")
        here["live"].append(name)
        node = live(view=view, start=start, drawn=drawn, anchor=name, label=VIEWS[view].title)
        node += self.parse_content_to_nodes()
        return [node]


def visit_html(self: Any, node: live) -> None:
    """Write the picture, and a line for what must be told."""
    self.body.append(
        f'<div class="live live-of-{node["view"]}" id="{node["anchor"]}" role="group"'
        f' aria-label="{escape(node["label"])}" data-live="{node["view"]}"'
        f' data-start="{escape(node["start"])}">{node["drawn"]}'
        '<p class="live-word" role="status"></p>'
    )


def depart_html(self: Any, _: live) -> None:
    """End it."""
    self.body.append("</div>\n")


def leave_out(_self: Any, _: live) -> None:
    """Write nothing where there are no pictures."""
    raise nodes.SkipNode


# -- What the page needs ---------------------------------------------------------------------------


def add_script(app: Sphinx, name: str, _template: str, context: dict[str, Any], _: Any) -> None:
    """Load the script on pages that have something live, and on no other."""
    here = app.env.metadata.get(name, {})
    if not {"live", "cells", "engine", "guess"} & set(here):
        return
    told = {
        "data-runtime": f"{FOLDER}/pyodide-{version(app)}/",
        "data-wheel": wheel(app),
    }
    app.add_js_file("live/live.js", loading_method="defer", **told)
    if here.get("cells"):
        app.add_js_file("live/cells.js", loading_method="defer")
    if here.get("guess"):
        app.add_js_file("live/guess.js", loading_method="defer")
    if here.get("engine"):
        known = {"data-claims": live_engine.FILE, "data-root": "../" * name.count("/") or "./"}
        app.add_js_file("live/engine.js", loading_method="defer", **known)
    app.add_css_file("live/live.css")
    del context


def wheel(app: Sphinx) -> str:
    """Give the address of the package: where the site offers it, or else a copy of our own."""
    return getattr(app.config, "downloads_wheel", "") or OWN_WHEEL


def source(app: Sphinx) -> Path:
    """Find Pyodide."""
    folder = Path(app.confdir, "node_modules", "pyodide")
    if not folder.exists():
        message = "pyodide is missing: run `npm ci --prefix docs`, as `nox -s docs` does."
        raise ExtensionError(message)
    return folder


def version(app: Sphinx) -> str:
    """Read the version of Pyodide: it stands in the addresses, so that no old file is mixed in."""
    return json.loads((source(app) / "package.json").read_text("utf-8"))["version"]


def copy_runtime(app: Sphinx, error: Exception | None) -> None:
    """Copy Pyodide, and the package if nobody else offers it."""
    if error or app.builder.format != "html":
        return
    folder, target = source(app), Path(app.outdir, FOLDER, f"pyodide-{version(app)}")
    target.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(folder / name, target / name)
    packed = target / f"{PACKED}.gz"
    if not packed.exists():
        packed.write_bytes(gzip.compress((folder / PACKED).read_bytes(), mtime=0))
    if wheel(app) == OWN_WHEEL or not Path(app.outdir, wheel(app)).exists():
        pack(Path(app.outdir, wheel(app)))


def pack(path: Path) -> None:
    """Write the package as an archive whose bytes are the same each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    package = Path(sgdexplained.__file__).parent
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for file in sorted(package.rglob("*.py")):
            archive.writestr(
                ZipInfo(file.relative_to(package.parent).as_posix()),
                file.read_bytes(),
                ZIP_DEFLATED,
            )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register live pictures."""
    others = ["latex", "text", "man", "texinfo"]
    app.add_node(live, html=(visit_html, depart_html), **dict.fromkeys(others, (leave_out, None)))
    app.add_directive("live", LiveDirective)
    live_cells.setup(app)
    live_engine.setup(app)
    app.connect("html-page-context", add_script)
    app.connect("build-finished", copy_runtime)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
