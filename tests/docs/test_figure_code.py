"""The code of a figure stands below it, folded; all other code stands where it was."""

from types import SimpleNamespace

import figure_code
from docutils import nodes
from docutils.utils import new_document


def cell(text: str) -> nodes.literal_block:
    return nodes.literal_block("", text, language="Python")


def picture() -> nodes.image:
    return nodes.image(uri="a.svg", alt="A line.")


def output(text: str) -> nodes.literal_block:
    return nodes.literal_block("", text, language="none", classes=["sphx-glr-script-out"])


def shown(*parts: nodes.Node, page: str = "story/1/plot_1") -> list[str]:
    document = new_document("page")
    document += nodes.section("", *parts)
    config = SimpleNamespace(story_folder="story")
    app = SimpleNamespace(env=SimpleNamespace(docname=page), config=config)
    figure_code.fold_all(app, document)
    return [getattr(part, "tagname", "") + ": " + part.astext() for part in document[0]]


def fold_of(text: str, summary: str = "Code of this figure") -> list[str]:
    start = f'raw: <details class="figure-code"><summary>{summary}</summary>'
    return [start, f"literal_block: {text}", "raw: </details>"]


def test_the_figure_comes_first() -> None:
    text = nodes.paragraph("", "Look.")

    found = shown(cell("draw()"), picture(), picture(), text)

    assert found == ["image: A line.", "image: A line.", *fold_of("draw()"), "paragraph: Look."]


def test_what_a_cell_says_stays_in_sight() -> None:
    found = shown(cell("draw()\n42"), picture(), output("42"))

    both = "Code of this figure and of the output"
    assert found == ["image: A line.", "literal_block: 42", *fold_of("draw()\n42", both)]


def test_code_without_a_figure_is_not_folded() -> None:
    between = nodes.comment("", "GENERATED")

    found = shown(cell("a"), output("1"), between, cell("draw()"), picture(), cell("b"))

    assert found[:4] == [
        "literal_block: a",
        "literal_block: 1",
        "comment: GENERATED",
        "image: A line.",
    ]
    assert found[4:] == [*fold_of("draw()"), "literal_block: b"]


def test_other_pages_stay_as_they_are() -> None:
    found = shown(cell("draw()"), picture(), page="howto/reuse")

    assert found == ["literal_block: draw()", "image: A line."]


def test_what_only_prepares_or_checks_is_folded_under_its_own_words() -> None:
    found = shown(cell("# Set-up: a network\nnet()"), output("1"), cell("# Checked\nnet()"))

    assert found == [
        "literal_block: 1",
        *fold_of("# Set-up: a network\nnet()", "Set-up: a network"),
        "literal_block: # Checked\nnet()",
    ]
