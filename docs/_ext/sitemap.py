"""List all pages for search engines, if it is known where the site will be."""

from html import escape
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

SITEMAP = """\
<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{urls}</urlset>
"""


def write(app: Sphinx, failure: Exception | None) -> None:
    """Write ``sitemap.xml``; its addresses must be whole, so there is none without a base."""
    base = app.config.html_baseurl
    if failure or not base or app.builder.format != "html":
        return
    pages = sorted(app.env.found_docs - set(app.config.sitemap_leaves_out))
    places = (escape(app.builder.get_target_uri(page)) for page in pages)
    urls = "".join(
        f"<url><loc>{escape(base.rstrip('/'))}/{place}</loc></url>\n" for place in places
    )
    Path(app.outdir, "sitemap.xml").write_text(SITEMAP.format(urls=urls), "utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Write it when all pages are there."""
    app.add_config_value("sitemap_leaves_out", ["404"], "html")
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
