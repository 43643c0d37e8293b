"""Tell the reader of a story page how far along it is: which part, and which page of it.

And leave out what sphinx-gallery adds for tags, which the story has none of: an empty element with
the same name for each part, and a script on every page of the site.
"""

import re
from typing import Any, NamedTuple

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

TAGS = re.compile(r"\.\. raw:: html\n\n +<div id='sg-tag-list'.*\n")
TAGS_SCRIPT = "sg-tags.js"


class Progress(NamedTuple):
    """Where a page stands; all counted from 1."""

    part: int
    parts: int
    page: int
    pages: int
    index: str
    title: str


def progress_of(env: BuildEnvironment, index: str, docname: str) -> Progress | None:
    """Find a page among the pages of its part; ``None`` if it belongs to no part."""
    parts = env.toctree_includes.get(index, [])
    for number, part in enumerate(parts, start=1):
        pages = env.toctree_includes.get(part, [])
        if docname in pages:
            title = env.titles[part].astext()
            place = pages.index(docname) + 1
            return Progress(number, len(parts), place, len(pages), part, title)
    return None


def show(app: Sphinx, page: str, _template: str, context: dict[str, Any], _: Any) -> None:
    """Hand it to the template of the page; leave the script out."""
    scripts = context["script_files"]
    context["script_files"] = [one for one in scripts if TAGS_SCRIPT not in str(one.filename)]
    context["progress"] = progress_of(app.env, app.config.story_index, page)


def leave_tags_out(app: Sphinx, page: str, source: list[str]) -> None:
    """Remove the place for tags from the index of the story and of its parts."""
    if page.startswith(app.config.story_index.rpartition("/")[0]):
        source[0] = TAGS.sub("", source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Compute it for every page; page.html shows it."""
    app.add_config_value("story_index", "story/index", "html")
    app.connect("source-read", leave_tags_out)
    # After sphinx-gallery, which adds the script.
    app.connect("html-page-context", show, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
