"""Each page has the menu that the theme would make; its captions are labels, not headings."""

import re
from collections.abc import Iterator
from pathlib import Path

import menu
import pytest
from sphinx.testing.util import SphinxTestApp

CONF = 'extensions = [{}]\nhtml_theme = "furo"\n'
PAGES = {
    "index": "Home\n====\n\n.. toctree::\n   :caption: Learn\n\n   one\n   part/index\n\n"
    ".. toctree::\n   :caption: Look up\n   :hidden:\n\n   two words\n",
    "one": "One\n===\n",
    "part/index": 'A "part"\n========\n\n.. toctree::\n\n   inner\n   deeper/index\n',
    "part/inner": "``code`` & more\n===============\n\nOne\n---\n\nTwo\n---\n",
    "part/deeper/index": "Deeper\n======\n\n.. toctree::\n\n   deepest\n",
    "part/deeper/deepest": "Deepest\n=======\n",
    "two words": "Two words\n=========\n",
    "orphan": ":orphan:\n\nOrphan\n======\n",
}


def menus(srcdir: Path, extensions: str) -> Iterator[tuple[str, str]]:
    """Build the site and give the menu of each page."""
    srcdir.mkdir()
    (srcdir / "conf.py").write_text(CONF.format(extensions), "utf-8")
    for name, text in PAGES.items():
        (srcdir / name).parent.mkdir(parents=True, exist_ok=True)
        (srcdir / f"{name}.rst").write_text(text, "utf-8")
    app = SphinxTestApp(srcdir=srcdir)
    app.build()
    for name in [*PAGES, "search"]:
        html = Path(app.outdir, f"{name}.html").read_text("utf-8")
        yield name, re.search(r'<div class="sidebar-tree">(.*?)</div>', html, re.DOTALL)[1]
    yield "warnings", app.warning.getvalue()
    app.cleanup()


def test_each_page_has_the_menu_that_the_theme_would_make(tmp_path: Path) -> None:
    theirs = dict(menus(tmp_path / "theirs", ""))
    ours = dict(menus(tmp_path / "ours", '"menu"'))

    assert ours == {name: text.replace(menu.ROLE, "") for name, text in theirs.items()}
    assert "current-page" in ours["part/deeper/deepest"]
    assert "current" not in ours["orphan"]


def test_a_form_that_is_not_known_is_reported_and_the_theme_makes_the_menus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = dict(menus(tmp_path / "theirs", ""))
    monkeypatch.setattr(menu, "BOX", ' class="another"')
    ours = dict(menus(tmp_path / "ours", '"menu"'))

    assert ours.pop("warnings").count("the theme writes menus in another form") == 1
    theirs.pop("warnings")
    assert ours == {name: text.replace(menu.ROLE, "") for name, text in theirs.items()}


def test_a_caption_is_no_heading_without_a_level() -> None:
    caption = '<p class="caption" role="heading"><span class="caption-text">Learn</span></p>'
    context = {menu.TREE: f'{caption}\n<ul><li role="heading">One</li></ul>'}

    menu.leave_role_out(None, "", "", context, None)

    assert context[menu.TREE] == (
        '<p class="caption"><span class="caption-text">Learn</span></p>\n'
        '<ul><li role="heading">One</li></ul>'
    )
