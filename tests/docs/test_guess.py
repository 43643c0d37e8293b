"""A question folds its answer away; one that cannot be answered is refused."""

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from sphinx.testing.util import SphinxTestApp

CHOICE = """\
.. guess::
   :answer: 2

   How many?

   A. One.
   B. *Two*.

   Because one and one are two.
"""
NUMBER = """\
.. guess::
   :answer: -1/2
   :unit: steps

   How far?

   Half a step back.
"""


@pytest.fixture
def built(tmp_path: Path) -> Callable[[str], tuple[str, str]]:
    """Build a page that holds some text; give its HTML and what the build says."""

    def build(text: str) -> tuple[str, str]:
        source = tmp_path / "source"
        source.mkdir()
        (source / "conf.py").write_text('extensions = ["guess"]\n', "utf-8")
        (source / "index.rst").write_text(f"Page\n====\n\n{text}", "utf-8")
        warnings = StringIO()
        app = SphinxTestApp("html", srcdir=source, warning=warnings)
        app.build()
        app.cleanup()
        return (app.outdir / "index.html").read_text("utf-8"), warnings.getvalue()

    return build


def words(html: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", html).split())


def test_a_choice_folds_the_right_one_and_why(built: Callable[[str], tuple[str, str]]) -> None:
    page, warnings = built(CHOICE)
    folded = page[page.index('<details class="guess-answer">') : page.index("</details>")]

    assert warnings == ""
    assert '<div class="guess" data-kind="choice" data-answer="2">' in page
    assert re.search(r'<ol class="[^"]*guess-choices', page)
    assert words(folded) == "Show the answer B. Two . Because one and one are two."


def test_a_number_has_its_unit(built: Callable[[str], tuple[str, str]]) -> None:
    page, warnings = built(NUMBER)

    assert warnings == ""
    assert 'data-kind="number" data-answer="-1/2" data-unit="steps"' in page
    assert "\N{MINUS SIGN}1/2 steps" in words(page)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (":answer: 2", ":answer: 3", "':answer: is '3', expected the number of a choice, 1 to 2"),
        ("   :answer: 2\n", "", "expected the number of a choice"),
        ("   Because one and one are two.\n", "", "it does not say why"),
        ("   How many?\n", "", "it has no question"),
        ("A. One.", "A. 1.", "choice A is not a sentence, expected words after 'A.'"),
        (":answer: 2", ":answer: two", "':answer: is 'two'"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    built: Callable[[str], tuple[str, str]], old: str, new: str, problem: str
) -> None:
    assert old in CHOICE

    _, warnings = built(CHOICE.replace(old, new))

    assert re.search(problem.strip("'"), warnings)
