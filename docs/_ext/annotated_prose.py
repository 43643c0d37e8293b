"""Turn what a source says of itself into prose: its comments, and its docstrings."""

import re
from textwrap import dedent

from docutils import nodes

# A comment is written for a reader of the source, not in a markup language: of its signs only the
# two that everybody uses count, and a line that is a formula is set as one.
INLINE = re.compile(r"``?([^`]+)``?|(?<![\w*])\*(?=\S)([^*]+)(?<=\S)\*(?![\w*])|:\w+:`~?([^`]+)`")
FORMULA = re.compile(r"d[^=]*/d\w* = |.*\S {3,}\S")
GAP = re.compile(r" {3,}")

# numpydoc's sections. What they hold is a definition list in reST already.
SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)
SEE_ALSO = re.compile(r"^See Also\n-{3,}\n(.+\n?)*\n?", re.MULTILINE)


def comment_to_nodes(comment: str) -> list[nodes.Element]:
    """Write a comment as paragraphs, lists, formulas and code."""
    written: list[nodes.Element] = []
    for block in filter(None, re.split(r"\n\s*\n", comment.strip("\n"))):
        lines = block.splitlines()
        if all(line.startswith("  ") for line in lines):
            text = dedent(block)
            written.append(nodes.literal_block(text, text, language="text"))
        elif all(map(FORMULA.match, lines)):
            written.append(formulas(lines))
        else:
            written.append(nodes.paragraph("", "", *inline(" ".join(map(str.strip, lines)))))
    return written


def formulas(lines: list[str]) -> nodes.Element:
    """Write one formula below the other; in the source a gap divides those of a line."""
    block = nodes.line_block(classes=["annotated-formula"])
    for line in lines:
        block += [nodes.line("", part) for part in GAP.split(line)]
    return block


def inline(text: str) -> list[nodes.Node]:
    """Write a sentence, with what is code in it as code."""
    written: list[nodes.Node] = []
    end = 0
    for match in INLINE.finditer(text):
        code, emphasised, name = match.groups()
        written.append(nodes.Text(text[end : match.start()]))
        if emphasised:
            written.append(nodes.emphasis("", emphasised))
        else:
            written.append(nodes.literal("", code or name))
        end = match.end()
    return [*written, nodes.Text(text[end:])]


def docstring_to_rest(docstring: str) -> str:
    """Write the sections of a docstring as parts that need no place in the page's outline."""
    text = SEE_ALSO.sub("", f"{docstring}\n")
    return SECTION.sub(r".. rubric:: \1\n   :class: annotated-section\n\n", text)
