"""Show the figure first: the code that draws it is folded away below it.

Only in what is shown. The scripts and notebooks that readers download, and the tests, have the code
where it is written. A native ``<details>`` needs no script, and a keyboard opens it.
"""

from itertools import takewhile
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

OUTPUT = "sphx-glr-script-out"
SUMMARY = "Code of this figure"
# What a cell prints stays in sight, so its code must be found under it.
SUMMARY_WITH_OUTPUT = "Code of this figure and of the output"


def is_result(node: nodes.Node) -> bool:
    """Tell whether a node is what the cell above it drew or gave."""
    return isinstance(node, nodes.image | nodes.raw) or OUTPUT in node.get("classes", ())


def results_of(code: nodes.literal_block) -> list[nodes.Element]:
    """List what follows a cell directly: its figures, and its output."""
    siblings = code.parent.children
    after = (one for one in siblings[siblings.index(code) + 1 :] if isinstance(one, nodes.Element))
    return list(takewhile(is_result, after))


def fold(code: nodes.literal_block, results: list[nodes.Element]) -> None:
    """Move the code of a cell below its results, into an element that opens on demand."""
    parent = code.parent
    alone = all(isinstance(one, nodes.image) for one in results)
    summary = SUMMARY if alone else SUMMARY_WITH_OUTPUT
    before = f'<details class="figure-code"><summary>{summary}</summary>'
    parent.remove(code)
    place = parent.index(results[-1]) + 1
    parent.insert(
        place,
        [nodes.raw("", before, format="html"), code, nodes.raw("", "</details>", format="html")],
    )


def fold_all(app: Sphinx, document: nodes.document) -> None:
    """Fold the code of all figures of a story page."""
    if not app.env.docname.startswith(f"{app.config.story_folder}/"):
        return
    for code in list(document.findall(nodes.literal_block)):
        results = results_of(code)
        if code.get("language", "").lower() == "python" and any(
            isinstance(one, nodes.image) for one in results
        ):
            fold(code, results)


def setup(app: Sphinx) -> dict[str, Any]:
    """Fold when a page has been read."""
    app.connect("doctree-read", fold_all)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
