"""Keep the words of index directives in the search when a few pages alone are read again.

Sphinx takes its words and titles from the last search index, but not these, so after a second build
readers would find only what the changed pages list. They are put back before pages are written; a
page that is read again lists its own anew.
"""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.search import js_index


def put_back(app: Sphinx, env: BuildEnvironment) -> None:
    """Take the entries of the last index over into the one that Sphinx is about to make."""
    path = Path(app.outdir, "searchindex.js")
    if app.builder.format != "html" or not path.exists():
        return
    last = js_index.loads(path.read_text("utf-8"))
    pages = last["docnames"]
    kept: dict[str, list[tuple[str, str, str]]] = {}
    for word, places in last["indexentries"].items():
        for page, target, main in places:
            kept.setdefault(pages[page], []).append((word, target, "main" if main else ""))
    entries = env._search_index_index_entries  # noqa: SLF001 (Sphinx has no door to it)
    entries.update({page: kept[page] for page in kept if page in env.found_docs})


def setup(app: Sphinx) -> dict[str, Any]:
    """Do it when all pages are read, and none is written."""
    app.connect("env-check-consistency", put_back)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
