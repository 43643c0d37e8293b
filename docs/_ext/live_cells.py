"""Mark the examples of a page that Python in the page can run, and say why not for the others."""

import ast
from doctest import DocTestParser
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from sgdexplained.live.needs import PICTURES, Needs

LANGUAGES = {"python", "Python", "default", "pycon", "ipython3", "ipython", "python3"}


class cell(nodes.container):  # noqa: N801
    """An example of a page, with the reason why it cannot run, if there is one."""


def kind_of(text: str) -> str:
    """Tell a doctest from a cell."""
    return "doctest" if text.lstrip().startswith(">>>") else "cell"


def source_of(text: str) -> str:
    """Take the prompts and the output off a doctest."""
    if kind_of(text) == "cell":
        return text
    return "".join(example.source for example in DocTestParser().get_examples(text))


def missing_in(source: str, needs: Needs) -> str | None:
    """Say what an example lacks: nothing if it can run, ``None`` if it is no Python."""
    try:
        found = list(needs.of(source))
    except SyntaxError:
        return None
    lacks = [missing for _, missing in found if missing]
    heavy = [missing for missing in lacks if missing != PICTURES]
    works = any(
        not missing and not isinstance(one, ast.Import | ast.ImportFrom) for one, missing in found
    )
    if heavy:
        return heavy[0]
    return PICTURES if lacks and not works else ""


def mark(app: Sphinx, document: nodes.document) -> None:
    """Put each example of the pages that have them into a cell."""
    docname = app.env.docname
    # Questions get buttons, see guess.js; they stand on any page.
    if any(type(node).__name__ == "guess" for node in document.findall(nodes.Element)):
        app.env.metadata[docname]["guess"] = True
    if not docname.startswith(tuple(app.config.live_cells_on)):
        return
    needs, found = Needs(), False
    for block in list(document.findall(is_example)):
        text = block.astext()
        missing = missing_in(source_of(text), needs)
        if missing is None or is_output(block):
            continue
        wrapped = cell("", kind=kind_of(text), missing=missing)
        block.replace_self(wrapped)
        wrapped += block
        found = found or not missing
    if found:
        app.env.metadata[docname]["cells"] = True


def is_example(node: nodes.Node) -> bool:
    """Tell whether a node is Python that a page shows."""
    if isinstance(node, nodes.doctest_block):
        return True
    if not isinstance(node, nodes.literal_block):
        return False
    if "cell_input" in node.parent.get("classes", []):
        return True
    return node.get("language", "default") in LANGUAGES and (
        node.get("language") != "default" or node.astext().lstrip().startswith(">>>")
    )


def is_output(block: nodes.Element) -> bool:
    """Tell whether it is the output of a cell."""
    above = block.parent
    while above is not None:
        classes = set(above.get("classes", []) if isinstance(above, nodes.Element) else [])
        if classes & {"cell_output", "sphx-glr-script-out", "output"}:
            return True
        above = above.parent
    return "sphx-glr-script-out" in block.get("classes", [])


def visit_html(self: Any, node: cell) -> None:
    """Write where the script finds it."""
    missing = f' data-missing="{node["missing"]}"' if node["missing"] else ""
    self.body.append(f'<div class="live-cell" data-kind="{node["kind"]}"{missing}>')


def depart_html(self: Any, _: cell) -> None:
    """End it."""
    self.body.append("</div>\n")


def setup(app: Sphinx) -> None:
    """Register cells."""
    app.add_config_value("live_cells_on", ["story/", "ask/", "first-step"], "env")
    nothing = (lambda *_: None, lambda *_: None)
    app.add_node(cell, html=(visit_html, depart_html), latex=nothing, text=nothing)
    # After those who look for code beside its figure.
    app.connect("doctree-read", mark, priority=900)
