"""The sitemap names every page by its whole address, if that is known."""

from pathlib import Path

import pytest
from sphinx.testing.util import SphinxTestApp


@pytest.mark.parametrize("base", ["https://example.org/a/", "https://example.org/a", ""])
def test_every_page_is_listed_where_the_address_is_known(tmp_path: Path, base: str) -> None:
    (tmp_path / "conf.py").write_text(
        f'extensions = ["sitemap"]\nhtml_baseurl = "{base}"\n', "utf-8"
    )
    (tmp_path / "index.rst").write_text("Title\n=====\n\n.. toctree::\n\n   b/page\n", "utf-8")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "page.rst").write_text("Page\n====\n", "utf-8")
    (tmp_path / "404.rst").write_text(":orphan:\n\nLost\n====\n", "utf-8")
    app = SphinxTestApp(srcdir=tmp_path)

    app.build()

    path = Path(app.outdir, "sitemap.xml")
    assert path.exists() == bool(base)
    if base:
        text = path.read_text("utf-8")
        assert text.count("<loc>") == 2
        assert "<loc>https://example.org/a/index.html</loc>" in text
        assert "<loc>https://example.org/a/b/page.html</loc>" in text
    app.cleanup()
