"""The head of a page names a picture for those who share it, by an address that is whole."""

import re
from pathlib import Path

import pytest
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
