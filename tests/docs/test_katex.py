"""Maths is set while the site is built, and a formula that is wrong fails the build."""

import json
from collections.abc import Iterator
from pathlib import Path

import katex
import pytest
from sphinx.errors import ExtensionError
from sphinx.testing.util import SphinxTestApp

DOCS = Path(__file__).parent.parent.parent / "docs"
REAL = DOCS / katex.PACKAGE / "dist" / "katex.min.js"

# It answers with what it was asked, and refuses what is called wrong.
STAND_IN = """
var katex = {
    renderToString: (latex, options) => {
        if (latex.includes("wrong")) throw new Error("this is wrong");
        return "<b>" + latex + "</b>" + JSON.stringify(options);
    },
};
"""
STYLE = '@font-face{src:url(fonts/A.woff2) format("woff2"),url(fonts/A.ttf) format("truetype")}'


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Lay out a folder as npm lays out KaTeX."""
    package = tmp_path / katex.PACKAGE
    (package / "dist" / "fonts").mkdir(parents=True)
    for name in ["A.ttf", "A.woff", "A.woff2"]:
        (package / "dist" / "fonts" / name).touch()
    (package / "dist" / "katex.min.js").write_text(STAND_IN, "utf-8")
    (package / "dist" / "katex.min.css").write_text(STYLE, "utf-8")
    (package / "LICENSE").touch()
    return package


@pytest.fixture
def site(package: Path) -> Iterator[SphinxTestApp]:
    """Build a site of two pages, one of them with maths."""
    folder = package.parents[1]
    (folder / "conf.py").write_text(
        'extensions = ["katex"]\nhtml_math_renderer = "katex"\n', "utf-8"
    )
    (folder / "index.rst").write_text(
        "Title\n=====\n\n"
        "See :math:`a < b` and :eq:`first` and :math:`wrong & sad`.\n\n"
        ".. math:: c\n   :label: first\n\n"
        ".. math::\n\n   d &= e \\\\\n   &= f\n\n"
        ".. toctree::\n\n   plain\n",
        "utf-8",
    )
    (folder / "plain.rst").write_text("Plain\n=====\n", "utf-8")
    app = SphinxTestApp(srcdir=folder)
    app.build()
    yield app
    app.cleanup()


def test_rendering_is_strict_and_tells_lines_from_sentences(package: Path) -> None:
    html = katex.render(package / "dist" / "katex.min.js", "x", display=True)

    assert json.loads(html.removeprefix("<b>x</b>")) == {
        "strict": "error",
        "throwOnError": True,
        "displayMode": True,
    }


def test_a_page_shows_its_formulas_rendered(site: SphinxTestApp) -> None:
    page = (site.outdir / "index.html").read_text("utf-8")

    assert '<b>a < b</b>{"strict":"error","throwOnError":true,"displayMode":false}' in page
    assert r"<b>\begin{aligned}d &= e \\" in page
    assert 'id="equation-first"' in page
    assert '<span class="eqno">(1)' in page
    assert "mathjax" not in page.lower()


def test_a_wrong_formula_warns_and_shows_its_source(site: SphinxTestApp) -> None:
    assert "index.rst:4: WARNING: invalid formula: this is wrong" in site.warning.getvalue()
    assert "<code>wrong &amp; sad</code>" in (site.outdir / "index.html").read_text("utf-8")


def test_only_pages_with_maths_load_its_style(site: SphinxTestApp) -> None:
    assert katex.STYLE in (site.outdir / "index.html").read_text("utf-8")
    assert katex.STYLE not in (site.outdir / "plain.html").read_text("utf-8")


def test_only_pages_with_maths_ask_for_its_fonts_early(site: SphinxTestApp) -> None:
    page = (site.outdir / "index.html").read_text("utf-8")

    assert all(f'href="_static/katex/fonts/{name}"' in page for name in katex.FONTS)
    assert "preload" not in (site.outdir / "plain.html").read_text("utf-8")


@pytest.mark.skipif(not REAL.exists(), reason="KaTeX is missing: `nox -s docs` installs it")
def test_the_fonts_asked_for_exist() -> None:
    assert all((REAL.parent / "fonts" / name).exists() for name in katex.FONTS)


def test_the_site_holds_what_the_style_asks_for_and_the_licence(site: SphinxTestApp) -> None:
    folder = site.outdir / "_static" / "katex"
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}

    assert files == {"fonts/A.woff2", "katex.min.css"}
    assert (folder / "LICENSE").exists()
    style = (folder / "katex.min.css").read_text("utf-8")
    assert style == '@font-face{src:url(fonts/A.woff2) format("woff2")}'


def test_a_missing_package_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text('extensions = ["katex"]\n', "utf-8")

    with pytest.raises(ExtensionError, match="npm ci"):
        SphinxTestApp(srcdir=tmp_path)


@pytest.mark.skipif(not REAL.exists(), reason="KaTeX is missing: `nox -s docs` installs it")
def test_katex_itself_renders_and_refuses() -> None:
    html = katex.render(REAL, r"\frac{\partial L}{\partial w}", display=False)

    assert "<math" in html
    assert 'aria-hidden="true"' in html
    for wrong in [r"\nope", "a_", r"\frac{1}", "% a comment that ends nowhere"]:
        with pytest.raises(katex.InvalidFormulaError):
            katex.render(REAL, wrong, display=False)
