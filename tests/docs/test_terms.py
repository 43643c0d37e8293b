"""A term of the glossary is linked where it first appears on a page, and only in sentences."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sphinx.testing.util import SphinxTestApp

GLOSSARY = (
    "Glossary\n========\n\n.. glossary::\n\n   unit\n      A node.\n\n   step\n      A step.\n"
)
PAGE = """\
About units
===========

.. rst-class:: figure-title

A unit in the title of a figure.

The ``unit`` and `a unit <glossary.html>`_; *units* come first, a unit second, united never.
One step.

.. toctree::

   glossary
   other
"""

# The title of a source comes first here, and a word that is linked by hand.
OTHER = """\
Other
=====

.. [1] Units: a book.

A :term:`step`, in [1]_, of a unit.
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SphinxTestApp]:
    (tmp_path / "conf.py").write_text(
        'extensions = ["terms"]\nterms_by_hand = ["step"]\n'
        'terms_not_on = ["glossary"]\nterms_glossary = "glossary.rst"\n',
        "utf-8",
    )
    (tmp_path / "index.rst").write_text(PAGE, "utf-8")
    (tmp_path / "other.rst").write_text(OTHER, "utf-8")
    (tmp_path / "glossary.rst").write_text(GLOSSARY, "utf-8")
    app = SphinxTestApp(srcdir=tmp_path, warningiserror=True)
    app.build()
    yield app
    app.cleanup()


def test_the_first_appearance_in_a_sentence_is_linked(site: SphinxTestApp) -> None:
    page = (site.outdir / "index.html").read_text("utf-8")

    assert re.findall(r'glossary\.html#term-\w+"><span class="term-link">(\w+)<', page) == ["units"]
    assert "<em><a " in page


def test_each_page_counts_for_itself_and_the_glossary_not_at_all(site: SphinxTestApp) -> None:
    other = (site.outdir / "other.html").read_text("utf-8")

    assert re.findall(r'term-link">(\w+)<', other) == ["unit"]
    assert "term-link" not in (site.outdir / "glossary.html").read_text("utf-8")


def test_a_word_of_many_meanings_is_linked_by_hand(site: SphinxTestApp) -> None:
    page, other = ((site.outdir / name).read_text("utf-8") for name in ["index.html", "other.html"])

    assert "glossary.html#term-step" not in page
    assert "glossary.html#term-step" in other


def test_pages_depend_on_the_glossary(site: SphinxTestApp) -> None:
    depends = {page for page, files in site.env.dependencies.items() if files}

    assert depends == {"index", "other"}
