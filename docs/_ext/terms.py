"""Link a term of the glossary where it first appears on a page."""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

# A card is one link already, and the title of a figure is read at one glance.
NO_LINKS = {"sd-card", "figure-title"}


def is_prose(text: nodes.Text) -> bool:
    """Tell whether a text stands in a sentence of ours, and in no link."""
    node = text.parent
    while isinstance(node, nodes.emphasis | nodes.strong):
        node = node.parent
    if type(node) is not nodes.paragraph:
        return False
    while node is not None:
        # The title of a source is no sentence of ours.
        if isinstance(node, nodes.footnote | nodes.citation):
            return False
        if isinstance(node, nodes.Element) and not NO_LINKS.isdisjoint(node.get("classes", ())):
            return False
        node = node.parent
    return True


def pattern_of(terms: list[str]) -> re.Pattern[str]:
    """Match any of the terms, longest first, also with a capital and in the plural."""
    longest_first = sorted(terms, key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})s?\b", re.IGNORECASE)


def link_terms(app: Sphinx, document: nodes.document, page: str) -> None:
    """Link each term once."""
    if page.startswith(tuple(app.config.terms_not_on)):
        return
    known = {
        name.lower(): (docname, anchor)
        for name, _, kind, docname, anchor, _ in app.env.get_domain("std").get_objects()
        if kind == "term" and name.lower() not in app.config.terms_by_hand
    }
    if not known:
        return
    pattern = pattern_of(list(known))
    linked = set()
    for text in filter(is_prose, list(document.findall(nodes.Text))):
        parts: list[nodes.Node] = []
        done = 0
        for match in pattern.finditer(text):
            target = known[match[1].lower()]
            if target not in linked:
                linked.add(target)
                word = nodes.inline("", match[0], classes=["term-link"])
                link = make_refnode(app.builder, page, *target, word)
                parts += [nodes.Text(text[done : match.start()]), link]
                done = match.end()
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text[done:])])


def note_glossary(app: Sphinx, page: str, _source: list[str]) -> None:
    """Read every page again when the glossary has changed."""
    if app.config.terms_glossary and not page.startswith(tuple(app.config.terms_not_on)):
        app.env.note_dependency(app.config.terms_glossary)


def setup(app: Sphinx) -> dict[str, Any]:
    """Link terms when all pages have been read."""
    app.add_config_value("terms_by_hand", [], "env")
    app.add_config_value("terms_glossary", "", "env")
    app.add_config_value("terms_not_on", [], "env")
    app.connect("source-read", note_glossary)
    app.connect("doctree-resolved", link_terms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
