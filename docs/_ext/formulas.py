"""Short formulas in sentences stay on one line: half a formula says something else.

The spaces around an operator become no-break spaces, a derivative stays with what it is taken at,
and a large number in one piece. A long chain may still break before its equals signs, so that it
fits a phone.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

OPERATORS = set("=≠≈<>≤≥+−±×·/←")
NO_BREAK = "\N{NO-BREAK SPACE}"
THOUSANDS = re.compile(r"(?<=\d) (?=\d{3}\b)")
DERIVATIVE_AT = "\N{PRIME}\N{WORD JOINER}("
LONGEST = 26  # characters, which fit a phone
LONGEST_TERM = 14
WORD = re.compile(r"[^\W\d_]{4}")
AS_WRITTEN = (nodes.FixedTextElement, nodes.comment, nodes.literal, nodes.math, nodes.raw)
CODE_OF_A_SCRIPT = "code_links_block"  # of sphinx-gallery, which has put links into it by then


def is_term(piece: str) -> bool:
    """Tell a number or a name from a word; where a text ends, a formula may go on in another."""
    return len(piece) <= LONGEST_TERM and not WORD.search(piece)


def unbroken(text: str) -> str:
    """Put no-break spaces into the formulas of a text."""
    pieces = re.split(r"(\s)", text)  # words, and what stands between them
    for place in range(0, len(pieces), 2):
        around = pieces[max(0, place - 2) : place + 3 : 2]
        if pieces[place] in OPERATORS and all(map(is_term, around)):
            for space in {place - 1, place + 1} & set(range(len(pieces))):
                pieces[space] = NO_BREAK
    joined = THOUSANDS.sub(NO_BREAK, "".join(pieces)).replace("\N{PRIME}(", DERIVATIVE_AT)
    return re.sub(r"[^ \n]+", lambda found: fitting(found[0]), joined)


def fitting(formula: str) -> str:
    """Let a formula that is too long for a phone break before its equals signs."""
    return formula.replace(f"{NO_BREAK}=", " =") if len(formula) > LONGEST else formula


class Formulas(SphinxPostTransform):
    """Go through what is written, and leave code and displayed formulas alone."""

    default_priority = 8  # when texts are filled in
    formats = ("html",)

    def run(self, **_: Any) -> None:
        """Change the texts of a page."""
        for text in list(self.document.findall(nodes.Text)):
            changed = unbroken(str(text))
            if changed != text and not is_as_written(text):
                text.parent.replace(text, nodes.Text(changed))


def is_as_written(node: nodes.Node) -> bool:
    """Tell whether a text is code or the like."""
    while node := node.parent:
        if isinstance(node, AS_WRITTEN) or node.tagname == CODE_OF_A_SCRIPT:
            return True
    return False


def setup(app: Sphinx) -> dict[str, Any]:
    """Do it when pages are written."""
    app.add_post_transform(Formulas)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
