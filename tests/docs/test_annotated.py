"""The annotated source is the source: cut into pieces, with nothing lost and nothing added."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import annotated_prose
import annotated_source
import pytest
from docutils import nodes
from sphinx.testing.util import SphinxTestApp

import sgdexplained

ROOT = Path(__file__).parent.parent.parent
MODULE = dedent(
    '''
    """The module, which says `this`."""

    from __future__ import annotations

    # Said of the number.
    NUMBER = 1


    # ## The part
    #
    # Said of the part: *all* of `it`.


    # d(x + y)/dx = 1      d(x + y)/dy = 1
    class Thing:
        """Be a thing.

        Parameters
        ----------
        size : int
            How large.
        """

        __slots__ = ("size",)

        # ## Inside

        @property
        def half(self):
            """Return a half; see :func:`_hidden`."""
            # This stays in the code.
            return self.size / 2

        def plain(self):
            return self.size


    def _hidden():
        """Hide."""

        return NUMBER


    def act(thing):
        return thing
    '''
).lstrip("\n")


def test_what_stands_above_a_statement_is_said_of_it() -> None:
    number = next(piece for piece in annotated_source.read(MODULE) if "NUMBER = 1" in piece.code)

    assert number.comment == "Said of the number."


def test_headings_classes_and_public_functions_make_the_outline() -> None:
    titles = [(piece.depth, piece.title) for piece in annotated_source.read(MODULE) if piece.title]

    assert titles == [(1, "The part"), (2, "Thing"), (3, "Inside"), (2, "act")]


def test_a_definition_without_words_joins_the_one_before() -> None:
    half = next(piece for piece in annotated_source.read(MODULE) if "Thing.half" in piece.names)

    assert half.names == ["Thing.half", "Thing.plain"]
    assert half.code.startswith("@property\ndef half(self):\n    # This stays in the code.\n")
    assert half.code.endswith("\n\ndef plain(self):\n    return self.size")


def test_imports_are_told_from_code() -> None:
    pieces = annotated_source.read(MODULE)

    assert [piece.code for piece in pieces if piece.imports] == [
        "from __future__ import annotations"
    ]


def test_what_linters_are_told_is_left_out() -> None:
    source = (
        'ONE = "#noqa"  # noqa: E501 (why)\nTWO = 2  # typed\nTHREE = 3  # type: ignore[misc]\n'
    )
    pieces = annotated_source.read(source)
    assert [piece.code for piece in pieces if piece.code] == [
        'ONE = "#noqa"\nTWO = 2  # typed\nTHREE = 3'
    ]


def modules() -> list[str]:
    """List the modules, without what needs PyTorch and what runs when it is imported."""
    found = pkgutil.walk_packages(sgdexplained.__path__, "sgdexplained.", onerror=lambda name: None)
    left_out = {"pytorch", "__main__"}
    return [one.name for one in found if one.name.split(".")[1] not in left_out]


MODULES = modules()


def bare(line: str) -> str:
    """Reduce a line to its letters: prose loses its signs and places, code its indentation."""
    return re.sub(r'^[ru]+(?=""")|\W', "", line.strip())


@pytest.mark.parametrize("name", MODULES)
def test_no_line_of_the_package_is_lost(name: str) -> None:
    source = Path(importlib.import_module(name).__file__ or "").read_text("utf-8")
    shown = "\n".join(
        text
        for piece in annotated_source.read(source)
        for text in [piece.comment, piece.docstring, piece.code, "" if piece.names else piece.title]
    )

    source = re.sub("  # (noqa|type: ignore).*", "", source)
    written, kept = (sorted(filter(None, map(bare, text.splitlines()))) for text in [source, shown])
    assert written == kept


def test_a_line_that_is_a_formula_is_set_as_one() -> None:
    formula, paragraph = annotated_prose.comment_to_nodes(
        "d(x * y)/dx = y      d(x * y)/dy = x\n\n`x * x` has *two* edges; 2 * (1 + 4) = 10."
    )

    assert [line.astext() for line in formula.children] == ["d(x * y)/dx = y", "d(x * y)/dy = x"]
    assert [code.astext() for code in paragraph.findall(nodes.literal)] == ["x * x"]
    assert [word.astext() for word in paragraph.findall(nodes.emphasis)] == ["two"]
    assert paragraph.astext().endswith("2 * (1 + 4) = 10.")


def test_the_sections_of_a_docstring_need_no_outline() -> None:
    rest = annotated_prose.docstring_to_rest(
        "Do.\n\nReturns\n-------\nint\n\nSee Also\n--------\nother : thing\n\nNotes\n-----\nWell."
    )

    assert ".. rubric:: Returns\n" in rest
    assert "other" not in rest
    assert rest.endswith("Well.\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Build a site with an annotated module and a reference."""
    package = f"annotated_{tmp_path.name}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    (tmp_path / package / "module.py").write_text(MODULE, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "conf.py").write_text(
        'extensions = ["sphinx.ext.autodoc", "annotated"]\nnitpicky = True\n'
        f'annotated_package = "{package}"\nannotated_modules = ["module"]\n',
        "utf-8",
    )
    (docs / "index.rst").write_text(
        "Title\n=====\n\n:engine:`half <module.Thing.half>`, "
        "which is :engine:`one of two <module.Thing.half>`\n\n"
        f".. autoclass:: {package}.module.Thing\n   :members:\n\n"
        ".. toctree::\n\n   engine/module\n",
        "utf-8",
    )
    app = SphinxTestApp(srcdir=docs, warningiserror=True)
    app.build()
    yield Path(app.outdir)
    app.cleanup()


def test_definitions_can_be_linked_to(site: Path) -> None:
    page = (site / "engine" / "module.html").read_text("utf-8")
    index = (site / "index.html").read_text("utf-8")

    assert page.count('id="code-Thing"') == page.count('id="code-Thing.half"') == 1
    assert 'href="engine/module.html#code-Thing.half"><code' in index
    assert 'href="engine/module.html#code-Thing.half"><span>one of two</span>' in index


def test_the_reference_links_to_the_source(site: Path) -> None:
    index = (site / "index.html").read_text("utf-8")

    assert re.search(r'module.html#code-Thing.half"[^>]*><span class="source-link', index)


def test_what_the_reference_leaves_out_is_found_in_the_source(site: Path) -> None:
    index = (site / "index.html").read_text("utf-8")

    assert 'href="engine/module.html#code-_hidden"' in index


def pages_named(site: Path) -> list[tuple[str, str]]:
    """Return address and title of the pages that a page of the source names below its pieces."""
    page = (site / "engine" / "module.html").read_text("utf-8")
    parts = re.findall(r'<div class="annotated-uses.*?</div>', page, re.DOTALL)
    return re.findall(r'href="([^"]*)">(.*?)</a>', "".join(parts))


def test_a_piece_of_the_source_names_the_pages_that_link_to_it(site: Path) -> None:
    assert pages_named(site) == [("../index.html", "Title")]


@pytest.mark.parametrize(
    ("words", "named"),
    [("plain", []), (":engine:`act <module.act>`", [("../index.html", "Title")])],
)
def test_a_link_that_comes_or_goes_changes_the_page_of_the_source(
    site: Path, words: str, named: list[tuple[str, str]]
) -> None:
    docs = site.parent.parent
    for links in "plain", words:
        text = (docs / "index.rst").read_text("utf-8")
        text = re.sub(r":engine:`[^`]*`|plain", links, text)
        (docs / "index.rst").write_text(text, "utf-8")
        app = SphinxTestApp(srcdir=docs, warningiserror=True, freshenv=False)
        app.build()
        app.cleanup()

    assert pages_named(site) == named


def test_every_module_has_a_page_or_a_reason_to_have_none() -> None:
    index = (ROOT / "docs" / "engine" / "index.md").read_text("utf-8")
    named = set(re.findall(r"`([\w.]+)`", index))
    packages = {"contrasts", "ops", "reasons"}
    missing = {
        short
        for name in MODULES
        if (short := name.removeprefix("sgdexplained.")) not in named | packages
        and short.partition(".")[0] not in named
    }

    assert missing == set()
