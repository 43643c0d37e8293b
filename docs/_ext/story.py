"""Tell the reader of a story page how far along it is, how long it takes, and what comes before it.

And leave out what sphinx-gallery adds for tags, which the story has none of: an empty element with
the same name for each part, and a script on every page of the site.
"""

import json
import re
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import thumbnails
from anew import write_when_changed
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

TAGS = re.compile(r"\.\. raw:: html\n\n +<div id='sg-tag-list'.*\n")
THUMBNAILS = re.compile(
    r'\.\. raw:: html\n\n +<div class="sphx-glr-thumbnails">'
    r".*?\.\. thumbnail-parent-div-close\n\n\.\. raw:: html\n\n +</div>\n",
    re.DOTALL,
)
SENTENCE = re.compile(r".*?[.?!](?=\s|$)|.*")
TAGS_SCRIPT = "sg-tags.js"
# A slow pace: many read in their second language, and look at the figures as they go.
WORDS_A_MINUTE = 150


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


def is_line(node: nodes.Node) -> bool:
    """Tell the paragraphs that stand directly under the title."""
    return isinstance(node, nodes.paragraph) and isinstance(node.parent, nodes.section)


def count_words(app: Sphinx, document: nodes.document) -> None:
    """Remember how many words a page of the story has, and the first sentence under its title."""
    if app.env.docname.startswith(f"{app.config.story_folder}/"):
        about = app.env.metadata[app.env.docname]
        about["words"] = visible_words(document)
        line = next((one.astext() for one in document.findall(is_line)), "")
        about["line"] = SENTENCE.match(" ".join(line.split()))[0]


# -- Cards ---------------------------------------------------------------------------------------


class story_cards(nodes.General, nodes.Element):  # noqa: N801 (nodes of a page have such names)
    """The place of the cards of some pages, filled when all pages have been read."""


class CardsDirective(SphinxDirective):
    """Show a card for each of the pages: its question, one line, its number, a drawing."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Keep the place."""
        return [story_cards(pages=self.arguments[0].split())]


class PagesThatUse(SphinxDirective):
    """Show a card for each page that uses one of some names, below a heading, if there is one.

    sphinx-gallery knows which pages these are. It shows thumbnails whose links have no visible
    text, so that nobody who listens to the page hears where they lead.
    """

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {"heading": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Keep the place, below its heading."""
        source = Path(self.env.srcdir)
        noted = source / self.config.sphinx_gallery_conf["backreferences_dir"]
        uses = json.loads((noted / "backreferences_all.json").read_text("utf-8"))
        pages = {
            Path(folder, name).relative_to(source).with_suffix("").as_posix()
            for used in self.arguments[0].split()
            for name, _, folder, *_ in uses.get(used, [])
        }
        if not pages:
            return []
        heading = self.options["heading"]
        found = self.parse_text_to_nodes(
            f"{heading}\n{'-' * len(heading)}\n", allow_section_headings=True
        )
        found[-1] += story_cards(pages=sorted(pages))
        self.env.metadata[self.env.docname]["has_cards"] = True
        return found


class FillCards(SphinxPostTransform):
    """Write the cards from what the pages say of themselves."""

    default_priority = 5

    def run(self, **_: Any) -> None:
        """Replace each place by a list of cards."""
        for place in list(self.document.findall(story_cards)):
            cards = [self.card(page) for page in place["pages"]]
            place.replace_self(nodes.bullet_list("", *cards, classes=["story-cards"]))

    def card(self, page: str) -> nodes.list_item:
        """Write the card of a page; the link is its title, and covers it all."""
        progress = progress_of(self.env, self.config.story_index, page)
        words, about = self.env.titles[page].astext(), self.env.metadata[page]
        link = addnodes.pending_xref(
            "", nodes.inline("", words), refdomain="std", reftype="doc", refexplicit=True
        )
        link["reftarget"], link["refdoc"] = f"/{page}", self.env.docname
        title = nodes.paragraph("", "", link, classes=["story-question"])
        card = nodes.list_item("", classes=["story-card"])
        if number := re.search(r"plot_(\d+)", page):
            card += nodes.raw("", thumbnails.drawing(int(number[1])), format="html")
        card += title
        card += nodes.paragraph("", about.get("line", ""), classes=["story-line"])
        if progress:
            length = f"{progress.minutes} minute{'s' if progress.minutes > 1 else ''}"
            facts = f"Page {progress.page} · about {length}"
            card += nodes.paragraph("", facts, classes=["story-facts"])
        return card


def cards_for(thumbnails_of: re.Match[str]) -> str:
    """Write our directive in place of the thumbnails of sphinx-gallery."""
    pages = re.findall(r":doc:`/([^`]+)`", thumbnails_of[0])
    return f".. story-cards:: {' '.join(pages)}\n" if pages else ""


def pages_with_cards(env: BuildEnvironment) -> list[str]:
    """List the pages that show cards: the indexes, and those of the reference."""
    index = env.config.story_index
    users = [page for page, about in env.metadata.items() if about.get("has_cards")]
    return [index, *env.toctree_includes.get(index, []), *users]


def on_cards(env: BuildEnvironment) -> list[Any]:
    """List what cards show."""
    folder = f"{env.config.story_folder}/"
    pages = sorted(page for page in env.found_docs if page.startswith(folder))
    return [
        (
            page,
            env.titles[page].astext(),
            env.metadata[page].get("line"),
            progress_of(env, env.config.story_index, page),
        )
        for page in pages
    ]


# -- Show it -------------------------------------------------------------------------------------


def show(app: Sphinx, page: str, _template: str, context: dict[str, Any], _: Any) -> None:
    """Hand it to the template of the page; leave the script out."""
    scripts = context["script_files"]
    context["script_files"] = [one for one in scripts if TAGS_SCRIPT not in str(one.filename)]
    context["progress"] = progress_of(app.env, app.config.story_index, page)


def leave_tags_out(app: Sphinx, page: str, source: list[str]) -> None:
    """Remove the place for tags from the index of the story and of its parts; put in our cards."""
    if page.startswith(app.config.story_index.rpartition("/")[0]):
        source[0] = THUMBNAILS.sub(cards_for, TAGS.sub("", source[0]))


def setup(app: Sphinx) -> dict[str, Any]:
    """Compute it for every page; page.html shows it."""
    app.add_config_value("story_index", "story/index", "html")
    app.add_directive("needs", NeedsDirective)
    app.add_directive("story-cards", CardsDirective)
    app.add_directive("story-pages-that-use", PagesThatUse)
    app.add_post_transform(FillCards)
    app.connect("source-read", leave_tags_out)
    write_when_changed(app, "cards", pages_with_cards, on_cards)
    # After the code of figures has been folded.
    app.connect("doctree-read", count_words, priority=900)
    # After sphinx-gallery, which adds the script.
    app.connect("html-page-context", show, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
