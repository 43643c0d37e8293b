"""Show the figure first: the code that draws it is folded away below it.

A cell that only prepares something, or only checks what the text says, is folded too: its first
line is a comment that begins with *Set-up* or *Check*, and is what the reader sees of it.

Only in what is shown. The scripts and notebooks that readers download, and the tests, have the code
where it is written. A native ``<details>`` needs no script, and a keyboard opens it.
"""

from html import escape
from itertools import takewhile
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

OUTPUT = "sphx-glr-script-out"
SUMMARY = "Code of this figure"
# What a cell prints stays in sight, so its code must be found under it.
SUMMARY_WITH_OUTPUT = "Code of this figure and of the output"
ASIDE = ("# Set-up:", "# Check:")


def is_result(node: nodes.Node) -> bool:
    """Tell whether a node is what the cell above it drew or gave."""
    return isinstance(node, nodes.image | nodes.raw) or OUTPUT in node.get("classes", ())


def results_of(code: nodes.literal_block) -> list[nodes.Element]:
    """List what follows a cell directly: its figures, and its output."""
    siblings = code.parent.children
    after = (one for one in siblings[siblings.index(code) + 1 :] if isinstance(one, nodes.Element))
    return list(takewhile(is_result, after))


def fold(code: nodes.literal_block, results: list[nodes.Element], summary: str = "") -> None:
    """Move the code of a cell below its results, into an element that opens on demand."""
    parent = code.parent
    alone = all(isinstance(one, nodes.image) for one in results)
    summary = summary or (SUMMARY if alone else SUMMARY_WITH_OUTPUT)
    before = f'<details class="figure-code"><summary>{escape(summary)}</summary>'
    place = parent.index(code) + len(results)
    parent.remove(code)
    parent.insert(
        place,
        [nodes.raw("", before, format="html"), code, nodes.raw("", "</details>", format="html")],
    )


def aside(code: nodes.literal_block) -> str:
    """Return the comment with which a cell says that nobody needs to read it, or nothing."""
    first = code.astext().lstrip().partition("\n")[0]
    return first.removeprefix("# ").rstrip(".") if first.startswith(ASIDE) else ""


def fold_all(app: Sphinx, document: nodes.document) -> None:
    """Fold the code of all figures of a story page, and what prepares them."""
    if not app.env.docname.startswith(f"{app.config.story_folder}/"):
        return
    for code in list(document.findall(nodes.literal_block)):
        if code.get("language", "").lower() != "python":
            continue
        results = results_of(code)
        if any(isinstance(one, nodes.image) for one in results):
            fold(code, results)
        elif summary := aside(code):
            fold(code, results, summary)


def setup(app: Sphinx) -> dict[str, Any]:
    """Fold when a page has been read."""
    app.connect("doctree-read", fold_all)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
