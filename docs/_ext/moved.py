"""Lead an old address to where its content stands now: a page, or a place that left its page.

``redirects.toml`` says what has moved. sphinx_reredirects writes a page for each old name, which
leads to the new one and keeps the anchor. Here the anchors get their ways that went elsewhere: in
those pages, or in a page that kept its name.
"""

import json
import tomllib
from pathlib import Path
from posixpath import dirname, relpath
from typing import Any

from sphinx.application import Sphinx

NOTHING_YET = "const places = {};"
LEAD = (
    "<script>{places} const place = places[window.location.hash.slice(1)]; "
    "if (place) window.location.replace(place + window.location.hash);</script>"
)


def address(old: str, new: str) -> str:
    """Say how to get from one page to another."""
    return f"{relpath(new, dirname(old))}.html"


def read(path: Path) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Read what moved: the addresses of pages, and for each page those of its places."""
    pages: dict[str, str] = {}
    places: dict[str, dict[str, str]] = {}
    for old, new in tomllib.loads(path.read_text("utf-8")).items():
        page, _, anchor = old.partition("#")
        if anchor:
            places.setdefault(page, {})[anchor] = address(page, new)
        else:
            pages[page] = address(page, new)
    return pages, places


def ways(places: dict[str, str]) -> str:
    """Write the ways to places as a line of script."""
    return f"const places = {json.dumps(places, sort_keys=True)};"


def lead_on(app: Sphinx, page: str, _template: str, context: dict[str, Any], _: Any) -> None:
    """Lead on from a page that kept its name, if the place that is asked for left it."""
    if places := read(Path(app.confdir, "redirects.toml"))[1].get(page):
        context["metatags"] = context.get("metatags", "") + LEAD.format(places=ways(places))


def lead_apart(app: Sphinx, problem: Exception | None) -> None:
    """Tell the pages of old names which places went elsewhere."""
    if problem or app.builder.name != "html":
        return
    pages, places = read(Path(app.confdir, "redirects.toml"))
    for page in pages.keys() & places.keys():
        path = Path(app.outdir, f"{page}.html")
        path.write_text(path.read_text("utf-8").replace(NOTHING_YET, ways(places[page])), "utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Lead on from single pages while they are written, and from old names at the end."""
    app.connect("html-page-context", lead_on, priority=950)
    app.connect("build-finished", lead_apart)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
