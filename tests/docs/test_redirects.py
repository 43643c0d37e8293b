"""An address that has changed leads to a page that is there."""

import re
import tomllib
from pathlib import Path

import pytest
from sphinx.testing.util import SphinxTestApp

ROOT = Path(__file__).parent.parent.parent
MOVED = tomllib.loads((ROOT / "docs" / "redirects.toml").read_text("utf-8"))


def sources() -> set[str]:
    """Name all pages that somebody writes, and those that are made of a module."""
    scripts = [path.relative_to(ROOT / "gallery") for path in (ROOT / "gallery").rglob("*.*")]
    names = {f"story/{path.with_suffix('').as_posix()}" for path in scripts}
    names |= {name.replace("GALLERY_HEADER", "index") for name in names}
    modules = (path.relative_to(ROOT / "src") for path in (ROOT / "src").rglob("*.py"))
    for module in modules:
        name = ".".join(module.with_suffix("").parts)
        names |= {f"reference/api/{name}", f"engine/{name.removeprefix('sgdexplained.')}"}
    pages = (ROOT / "docs").glob("[!n]*/*.md")
    return names | {path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in pages}


def test_each_leads_to_a_page() -> None:
    assert set(MOVED.values()) <= sources()


def test_no_page_stands_where_one_has_moved_away() -> None:
    assert set(MOVED) & sources() == set()


def claims_of(page: str) -> set[str]:
    """Name the anchors of the claims on a page of the story."""
    script = (ROOT / "gallery" / page.removeprefix("story/")).with_suffix(".py")
    return {
        f"claim-{name.lower()}" for name in re.findall(r"\.\. claim:: (\w+)", script.read_text())
    }


def test_a_place_that_left_its_page_is_where_its_address_leads() -> None:
    for old, new in MOVED.items():
        page, _, anchor = old.partition("#")
        if anchor:
            assert anchor in claims_of(new)
            assert anchor not in claims_of(MOVED.get(page, page))


@pytest.mark.parametrize("page", ["old/plot_1", "there/plot_2"])
def test_each_old_name_and_each_page_knows_what_left_it(tmp_path: Path, page: str) -> None:
    (tmp_path / "conf.py").write_text(
        "import moved\n"
        "from pathlib import Path\n"
        'extensions = ["sphinx_reredirects", "moved"]\n'
        'redirects = moved.read(Path(__file__).with_name("redirects.toml"))[0]\n'
        f"redirect_html_template_file = {str(ROOT / 'docs/_templates/redirect.html')!r}\n"
    )
    (tmp_path / "redirects.toml").write_text(
        '"old/plot_1" = "there/plot_2"\n'
        '"old/plot_1#claim-a1" = "away/plot_3"\n"there/plot_2#claim-a1" = "away/plot_3"\n'
    )
    (tmp_path / "index.rst").write_text("T\n=\n\n.. toctree::\n   :glob:\n\n   */*\n")
    for name in "there/plot_2", "away/plot_3":
        path = tmp_path / f"{name}.rst"
        path.parent.mkdir()
        path.write_text("T\n=\n")
    app = SphinxTestApp(srcdir=tmp_path, warningiserror=True)

    app.build()

    html = (app.outdir / f"{page}.html").read_text("utf-8")
    assert html.count('const places = {"claim-a1": "../away/plot_3.html"};') == 1
    assert "const places" not in (app.outdir / "away/plot_3.html").read_text("utf-8")
    app.cleanup()
