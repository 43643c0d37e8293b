"""Tell the reader of a story page how far along it is, how long it takes, and what comes before it.

And leave out what sphinx-gallery adds for tags, which the story has none of: an empty element with
the same name for each part, and a script on every page of the site.
"""

import re
from collections.abc import Iterator
from math import ceil
from typing import Any, ClassVar, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

TAGS = re.compile(r"\.\. raw:: html\n\n +<div id='sg-tag-list'.*\n")
TAGS_SCRIPT = "sg-tags.js"
# A slow pace: many read in their second language, and look at the figures as they go.
WORDS_A_MINUTE = 150

logger = logging.getLogger(__name__)


class Needed(NamedTuple):
    """A page that should be read before."""

    number: int
    docname: str
    title: str


class Progress(NamedTuple):
    """Where a page stands; all counted from 1."""

    part: int
    parts: int
    page: int
    pages: int
    index: str
    title: str
    minutes: int
    needs: tuple[Needed, ...]


# -- Which page it is ----------------------------------------------------------------------------


def pages_of(env: BuildEnvironment, index: str) -> list[str]:
    """List the pages of the whole story, in order."""
    parts = env.toctree_includes.get(index, [])
    return [page for part in parts for page in env.toctree_includes.get(part, [])]


def progress_of(env: BuildEnvironment, index: str, docname: str) -> Progress | None:
    """Find a page among those of the story; ``None`` if it belongs to no part."""
    pages = pages_of(env, index)
    if docname not in pages:
        return None
    parts = env.toctree_includes[index]
    part = next(one for one in parts if docname in env.toctree_includes.get(one, []))
    about = env.metadata[docname]
    return Progress(
        part=parts.index(part) + 1,
        parts=len(parts),
        page=pages.index(docname) + 1,
        pages=len(pages),
        index=part,
        title=env.titles[part].astext(),
        minutes=minutes(about.get("words", 0)),
        needs=tuple(needed(env, pages, about.get("needs", ()))),
    )


def needed(env: BuildEnvironment, pages: list[str], numbers: Any) -> Iterator[Needed]:
    """Find the pages that a page builds on, by their numbers."""
    for number in numbers:
        if number <= len(pages):
            docname = pages[number - 1]
            yield Needed(number, docname, env.titles[docname].astext())


class NeedsDirective(SphinxDirective):
    """Name the pages of the story on which this one builds: ``.. needs:: 1 5``, or ``nothing``."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """Remember the numbers; the top of the page shows them."""
        words = self.arguments[0].replace(",", " ").split()
        if words != ["nothing"] and not all(word.isdecimal() for word in words):
            text = f"needs: {self.arguments[0]!r}, expected numbers of pages, or 'nothing'"
            raise self.error(text)
        numbers = [int(word) for word in words if word != "nothing"]
        self.env.metadata[self.env.docname]["needs"] = numbers
        return []


# -- How long it takes ---------------------------------------------------------------------------


def visible_words(document: nodes.document) -> int:
    """Count the words that stand in sight: no code, nothing folded, no alternative texts."""
    return sum(len(text.split()) for text in visible_texts(document))


def visible_texts(node: nodes.Element) -> Iterator[str]:
    """Yield the prose of a page that does not have to be opened first."""
    depth = 0
    for child in node.children:
        if isinstance(child, nodes.raw):
            depth += child.astext().count("<details") - child.astext().count("</details")
        elif depth or isinstance(child, nodes.literal_block | nodes.doctest_block | nodes.comment):
            continue
        elif isinstance(child, nodes.Text):
            yield child.astext()
        elif isinstance(child, nodes.Element) and not is_folded(child):
            yield from visible_texts(child)


def is_folded(node: nodes.Element) -> bool:
    """Tell a dropdown, and what only another page shows."""
    classes = node.get("classes", ())
    return node.get("design_component") == "dropdown" or "claim-refuted" in classes


def minutes(words: int) -> int:
    """Say how long so many words take."""
    return max(1, ceil(words / WORDS_A_MINUTE))


def count_words(app: Sphinx, document: nodes.document) -> None:
    """Remember how many words a page of the story has."""
    if app.env.docname.startswith(f"{app.config.story_folder}/"):
        app.env.metadata[app.env.docname]["words"] = visible_words(document)


# -- Show it -------------------------------------------------------------------------------------


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
    app.add_directive("needs", NeedsDirective)
    app.connect("source-read", leave_tags_out)
    # After the code of figures has been folded.
    app.connect("doctree-read", count_words, priority=900)
    # After sphinx-gallery, which adds the script.
    app.connect("html-page-context", show, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
