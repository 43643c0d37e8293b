"""The faces of the site are those that its style names, and each page asks for them early."""

import re
from pathlib import Path

import pytest
import typefaces
from sphinx.errors import ExtensionError
from sphinx.testing.util import SphinxTestApp

DOCS = Path(__file__).parent.parent.parent / "docs"
NAMES = {name for names in typefaces.files().values() for name in names}


@pytest.fixture
def site(tmp_path: Path) -> SphinxTestApp:
    for face, names in typefaces.files().items():
        folder = tmp_path / typefaces.PACKAGES / face
        (folder / "files").mkdir(parents=True)
        (folder / "LICENSE").write_text(f"of {face}", "utf-8")
        for name in [*names, "not-used.woff2"]:
            (folder / "files" / name).write_text(name, "utf-8")
    (tmp_path / "deep").mkdir()
    (tmp_path / "conf.py").write_text('extensions = ["typefaces"]\n', "utf-8")
    (tmp_path / "index.rst").write_text("Page\n====\n\n.. toctree::\n\n   deep/page\n", "utf-8")
    (tmp_path / "deep" / "page.rst").write_text("Deep\n====\n", "utf-8")
    app = SphinxTestApp(srcdir=tmp_path)
    app.build()
    return app


def test_the_style_loads_these_files_and_no_others() -> None:
    style = (DOCS / "_static" / "site.css").read_text("utf-8")
    loaded = re.findall(r'url\("([^"]+\.woff2)"\)', style)

    assert sorted(loaded) == sorted(f"{typefaces.FOLDER}/{name}" for name in NAMES)
    assert style.count("font-display: optional") == style.count("@font-face") == len(NAMES)


@pytest.mark.parametrize("page", ["index.html", "deep/page.html"])
def test_every_page_asks_for_them_at_its_top(page: str, site: SphinxTestApp) -> None:
    path = site.outdir / page
    hrefs = re.findall(r'rel="preload" as="font"[^>]*href="([^"]+)"', path.read_text("utf-8"))

    assert {Path(href).name for href in hrefs} == NAMES
    assert all((path.parent / href).exists() for href in hrefs)


def test_the_site_holds_them_and_their_licences(site: SphinxTestApp) -> None:
    held = {path.name for path in (site.outdir / "_static" / typefaces.FOLDER).iterdir()}

    assert held == NAMES | {f"{face}-LICENSE.txt" for face in typefaces.FACES}


def test_a_missing_face_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text('extensions = ["typefaces"]\n', "utf-8")

    with pytest.raises(ExtensionError, match="npm ci"):
        SphinxTestApp(srcdir=tmp_path)
