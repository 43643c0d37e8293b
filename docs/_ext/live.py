"""Live pictures: drawn by the build, and touched by the reader with Python in the page.

``.. live:: network`` writes the picture as it stands before anybody touches it: complete without
scripts. Only pages that have something live get the script, and Python is fetched when something
is touched. See docs/contributing/live.md.
"""

from html import escape
from pathlib import Path
from typing import Any, ClassVar

import live_cells
import live_engine
import live_runtime
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective

from sgdexplained.live.views import VIEWS, page

FOLDER = "_static/live"


class live(nodes.General, nodes.Element):  # noqa: N801
    """A live picture on a page."""


class LiveDirective(SphinxDirective):
    """Put a live picture into a page; its content is the sentence below it."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "start": directives.unchanged,
        "name": directives.unchanged,
        "folded": directives.unchanged_required,
        "lead": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Draw it."""
        view = self.arguments[0]
        start = self.options.get("start", "")
        try:
            drawn = page(view, start, " ".join(self.options.get("lead", "").split()))
        except ValueError as error:
            raise self.error(f"live {view}: {error}") from error
        name = nodes.make_id(self.options.get("name", view))
        here = self.env.metadata[self.env.docname]
        if name in here.setdefault("live", []):
            raise self.error(f"live {view}: {name!r} is on this page already, give a :name:")
        here["live"].append(name)
        node = live(view=view, start=start, drawn=drawn, anchor=name, label=VIEWS[view].title)
        node["folded"] = self.options.get("folded", "")
        node += self.parse_content_to_nodes()
        return [node]


def visit_html(self: Any, node: live) -> None:
    """Write the picture, and a line for what must be told."""
    drawn, word = node["drawn"], '<p class="live-word" role="status"></p>'
    if node["folded"]:
        # What is said of a question tells its answer, so it is folded once more.
        words = f"<summary>{escape(node['folded'])}</summary>"
        drawn = (
            f'<details class="live-fold">{words}<div>{drawn}{word}<details><summary>Why</summary>'
        )
        word = ""
    self.body.append(
        f'<div class="live live-of-{node["view"]}" id="{node["anchor"]}" role="group"'
        f' aria-label="{escape(node["label"])}" data-live="{node["view"]}"'
        f' data-start="{escape(node["start"])}">{drawn}{word}'
    )


def depart_html(self: Any, node: live) -> None:
    """End it."""
    self.body.append("</details></div></details></div>\n" if node["folded"] else "</div>\n")


def leave_out(_self: Any, _: live) -> None:
    """Write nothing where there are no pictures."""
    raise nodes.SkipNode


# -- What the page needs ---------------------------------------------------------------------------


def add_script(app: Sphinx, name: str, _template: str, context: dict[str, Any], _: Any) -> None:
    """Load the script on pages that have something live, and on no other."""
    here = app.env.metadata.get(name, {})
    if not {"live", "cells", "engine", "guess"} & set(here):
        return
    worker = f"{FOLDER}/{app.config.live_runtime}/worker.mjs"
    app.add_js_file("live/live.js", loading_method="defer", **{"data-worker": worker})
    if here.get("cells"):
        app.add_js_file("live/cells.js", loading_method="defer")
    if here.get("guess"):
        app.add_js_file("live/guess.js", loading_method="defer")
    if here.get("engine"):
        root = {"data-root": "../" * name.count("/") or "./"}
        app.add_js_file("live/engine.js", loading_method="defer", **root)
    app.add_css_file("live/live.css")
    del context


def name_runtime(app: Sphinx, config: Config) -> None:
    """Make the folder of Python a setting: when it changes, all pages are written anew."""
    config.live_runtime = live_runtime.folder_name(Path(app.confdir))


def write_runtime(app: Sphinx, error: Exception | None) -> None:
    """Write Python for the page into the site."""
    if not error and app.builder.format == "html":
        wheel = Path(app.outdir, app.config.downloads_wheel)
        live_runtime.write(Path(app.confdir), Path(app.outdir, FOLDER), wheel)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register live pictures."""
    others = ["latex", "text", "man", "texinfo"]
    app.add_node(live, html=(visit_html, depart_html), **dict.fromkeys(others, (leave_out, None)))
    app.add_directive("live", LiveDirective)
    live_cells.setup(app)
    live_engine.setup(app)
    app.connect("html-page-context", add_script)
    app.add_config_value("live_runtime", "", "html", str)
    app.connect("config-inited", name_runtime)
    # After downloads.py, which writes the wheel.
    app.connect("build-finished", write_runtime, priority=600)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
