"""A question that the reader answers before being told: one of several choices, or a number.

``.. guess::`` holds the question; a list of choices, unless a number is asked for; and why. Without
a script the answer is folded below. A script may make the choices buttons: it finds the kind and
the answer in ``data-kind`` and ``data-answer``, and the folded part in ``details.guess-answer``.
"""

import re
from html import escape
from string import ascii_uppercase
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

NUMBER = re.compile(r"[-−]?\d+(\.\d+)?(/\d+)?")
SUMMARY = "Show the answer"


class guess(nodes.General, nodes.Element):  # noqa: N801 (nodes of a page have names like this)
    """A question with its folded answer."""


class GuessError(ValueError):
    """A question that cannot be shown, in words for its author."""


def parts_of(body: list[nodes.Node]) -> tuple[list[nodes.Node], list[nodes.Node], list[nodes.Node]]:
    """Divide what stands in a question into the question, its choices, and why."""
    lists = [place for place, node in enumerate(body) if isinstance(node, nodes.enumerated_list)]
    if not lists:
        return body[:1], [], body[1:]
    place = lists[0]
    return body[:place], list(body[place].children), body[place + 1 :]


def check(answer: str, choices: list[nodes.Node], question: int, why: int) -> None:
    """Refuse a question without an answer, and an answer without a reason."""
    if not question:
        raise GuessError("it has no question before its choices")
    if not why:
        raise GuessError("it does not say why: text is expected after the question or its choices")
    if choices:
        if not (answer.isdecimal() and 1 <= int(answer) <= len(choices)):
            text = f":answer: is {answer!r}, expected the number of a choice, 1 to {len(choices)}"
            raise GuessError(text)
        for letter, choice in zip(ascii_uppercase, choices, strict=False):
            # "B. 0." would begin a list within the list, and show no words.
            if [type(node) for node in choice.children] != [nodes.paragraph]:
                text = f"choice {letter} is not a sentence, expected words after '{letter}.'"
                raise GuessError(text)
    elif not NUMBER.fullmatch(answer):
        raise GuessError(f":answer: is {answer!r}, expected a number, or a list of choices")


class GuessDirective(SphinxDirective):
    """Ask the reader; fold the answer away."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "answer": directives.unchanged_required,
        "unit": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Build the question, the choices and the answer."""
        question, choices, why = parts_of(self.parse_content_to_nodes())
        answer = self.options.get("answer", "")
        try:
            check(answer, choices, len(question), len(why))
        except GuessError as problem:
            raise self.error(f"guess: {problem}") from problem
        kind = "choice" if choices else "number"
        node = guess(kind=kind, answer=answer, unit=self.options.get("unit", ""))
        node += nodes.container("", *question, classes=["guess-question"])
        if choices:
            offered = nodes.enumerated_list("", *choices, enumtype="upperalpha", prefix="")
            offered["suffix"] = "."
            offered["classes"] = ["guess-choices"]
            node += offered
        node += nodes.raw("", folded(), format="html")
        node += self.right(kind, answer, choices)
        node += why
        node += nodes.raw("", "</details>", format="html")
        return [node]

    def right(self, kind: str, answer: str, choices: list[nodes.Node]) -> nodes.paragraph:
        """Say the right answer before its reason."""
        if kind == "number":
            text = answer.replace("-", "−")
            unit = self.options.get("unit", "")
            return nodes.paragraph(
                "", "", nodes.strong("", f"{text} {unit}".strip()), classes=["guess-right"]
            )
        letter = ascii_uppercase[int(answer) - 1]
        said = [node.deepcopy() for node in choices[int(answer) - 1].children[0].children]
        lead = nodes.strong("", f"{letter}. ")
        return nodes.paragraph("", "", lead, *said, classes=["guess-right"])


def folded() -> str:
    """Begin what opens on demand; a keyboard opens it, and no script is needed."""
    return f'<details class="guess-answer"><summary>{SUMMARY}</summary>'


def visit(self: Any, node: guess) -> None:
    """Open the box; a script needs no more than its attributes."""
    unit = f' data-unit="{escape(node["unit"])}"' if node["unit"] else ""
    kind, answer = node["kind"], escape(node["answer"])
    self.body.append(f'<div class="guess" data-kind="{kind}" data-answer="{answer}"{unit}>\n')


def depart(self: Any, _node: guess) -> None:
    """Close the box."""
    self.body.append("</div>\n")


def passed(_self: Any, _node: guess) -> None:
    """Other writers show the content as it stands."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Offer the directive."""
    other = (passed, passed)
    app.add_node(guess, html=(visit, depart), text=other, latex=other, man=other, texinfo=other)
    app.add_directive("guess", GuessDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
