"""The head of a page names a picture for those who share it, by an address that is whole."""

import re
from pathlib import Path

import pytest
from page_head import UNUSED
from sphinx.testing.util import SphinxTestApp

CONF = """
extensions = ["sphinxext.opengraph", "page_head"]
ogp_social_cards = {{"enable": False}}
ogp_site_url = "{site}"
ogp_image = "{image}"
"""


@pytest.mark.parametrize("site", ["https://example.org/docs/", ""])
def test_only_a_site_that_knows_its_address_names_its_picture(tmp_path: Path, site: str) -> None:
    picture = f"{site}_static/social.png" if site else ""
    (tmp_path / "conf.py").write_text(CONF.format(site=site, image=picture), "utf-8")
    (tmp_path / "index.rst").write_text("Title\n=====\n\nText.\n", "utf-8")
    app = SphinxTestApp(srcdir=tmp_path)

    app.build()

    html = (app.outdir / "index.html").read_text("utf-8")
    assert re.findall('og:image" content="([^"]*)"', html) == [picture] * bool(site)
    assert re.findall('og:url" content="([^"]*)"', html) == [f"{site}index.html"] * bool(site)
    assert (app.outdir / "_static" / "social.png").exists() == bool(site)
    assert html.count('name="viewport"') == 1
    app.cleanup()


def test_styles_that_nothing_uses_are_not_loaded(tmp_path: Path) -> None:
    static = tmp_path / "static"
    static.mkdir()
    styles = ["sg_gallery.css", *UNUSED]
    for name in styles:
        (static / name).write_text("p {}", "utf-8")
    loaded = f'html_static_path = ["static"]\nhtml_css_files = {styles}\n'
    (tmp_path / "conf.py").write_text(CONF.format(site="", image="") + loaded, "utf-8")
    (tmp_path / "index.rst").write_text("Title\n=====\n\nText.\n", "utf-8")
    app = SphinxTestApp(srcdir=tmp_path)

    app.build()

    html = (app.outdir / "index.html").read_text("utf-8")
    assert re.findall(r"sg_gallery[\w-]*\.css", html) == ["sg_gallery.css"]
    app.cleanup()
