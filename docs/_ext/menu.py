"""The menu of all pages: made once for the whole site, and with captions that are labels.

From page to page, two things differ: from where the links start, and which entries lead to the
page that is read. Sphinx and the theme make the whole menu anew for each page, and that took more
than half of the time in which pages are written. Here they make it once, as the first page has it,
and each page gets its own from that.

Sphinx calls the caption of a list of pages a heading and gives it no level, which leaves a screen
reader at a loss. In the menu it is a label above a list, and no heading of the page.
"""

import re
from functools import cache
from typing import Any, NamedTuple

from sphinx.application import Sphinx
from sphinx.environment.adapters.toctree import global_toctree_for_doc
from sphinx.util import logging
from sphinx.util.osutil import relative_uri

TREE = "furo_navigation_tree"
ROLE = ' role="heading"'
CAPTION = f'<p class="caption"{ROLE}>'
# Where Sphinx's way to a menu waits while the theme looks for it.
ASIDE = "toctree_set_aside"

LEVEL = re.compile(r"toctree-l\d+")
BOX = ' class="toctree-checkbox"'
# What differs from page to page: a list, and an entry with its link and the box that opens it.
PARTS = re.compile(
    r"<ul>|</ul>|"
    r'<li class="(?P<classes>[^"]*)"><a class="reference internal" href="(?P<target>[^"]*)">'
    r"(?P<rest>.*?</a>(?:<input .*?/>)?)"
)

logger = logging.getLogger(__name__)


class Menu(NamedTuple):
    """The menu as the first page has it, and which of its parts lead to each other page."""

    html: str
    leading_to: dict[str, set[int]]


def menu_of(html: str) -> Menu:
    """Find for each address the entry that links to it, and all lists and entries around that."""
    leading_to = {}
    around: list[list[int]] = []  # of each list that is open: its place, and its latest entry's
    for part in PARTS.finditer(html):
        if part[0] == "<ul>":
            around.append([part.start()])
        elif part[0] == "</ul>":
            around.pop()
        else:
            around[-1][1:] = [part.start()]
            leading_to[part["target"]] = {place for each in around for place in each}
    return Menu(html, leading_to)


def seen_from(page: str, menu: Menu) -> str:
    """Write the menu as the page with this address has it, the same as Sphinx and the theme do."""
    leading = menu.leading_to.get(page, set())

    def written(part: re.Match[str]) -> str:
        leads = part.start() in leading
        target = part["target"]
        if target is None:
            return '<ul class="current">' if leads else part[0]
        classes, link, rest = part["classes"], "reference internal", part["rest"]
        if leads:
            classes = LEVEL.sub(r"\g<0> current", classes)
            rest = rest.replace(BOX, f' checked=""{BOX}')
        if target == page:
            classes, link = f"{classes} current-page", f"current {link}"
        address = "#" if target == page else relative_uri(page, target)
        return f'<li class="{classes}"><a class="{link}" href="{address}">{rest}'

    return PARTS.sub(written, menu.html)


def theme_menu(app: Sphinx, docname: str) -> str:
    """Let Sphinx and the theme make the menu of one page."""
    from furo.navigation import get_navigation_tree

    asked = {"collapse": False, "titles_only": True, "maxdepth": -1, "includehidden": True}
    tree = global_toctree_for_doc(app.env, docname, app.builder, tags=app.tags, **asked)
    return get_navigation_tree(app.builder.render_partial(tree)["fragment"])


def first_menu(app: Sphinx) -> Menu | None:
    """Take the menu of the first page, which is no entry of it, if the others can be made of it.

    A later version of the theme may write menus in a form that we do not know. So one page, that
    around which most lists are, is compared with what the theme makes for it.
    """
    menu = menu_of(theme_menu(app, app.config.root_doc))
    docnames = {app.builder.get_target_uri(docname): docname for docname in app.env.found_docs}
    for page in sorted(menu.leading_to, key=lambda page: -len(menu.leading_to[page]))[:1]:
        if seen_from(page, menu) != theme_menu(app, docnames[page]):
            message = "the theme writes menus in another form than menu.py: each is made anew"
            logger.warning(message, type="menu")
            return None
    return menu


def leave_role_out(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: Any
) -> None:
    """Take the role out of the menu that the theme has made."""
    context[TREE] = context.get(TREE, "").replace(CAPTION, '<p class="caption">')


def setup(app: Sphinx) -> dict[str, Any]:
    """Keep the theme from making a menu, and put ours in its place."""
    # Sphinx writes one page before it divides the others among processes, which so inherit it.
    made_once = cache(first_menu)

    def set_aside(
        app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: Any
    ) -> None:
        if app.config.html_theme == "furo":
            context[ASIDE] = context.pop("toctree", None)

    def put_in(
        app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: Any
    ) -> None:
        # The page for missing addresses brings a way of its own, with links that work anywhere.
        if context.get(ASIDE) and "toctree" not in context:
            context["toctree"] = context.pop(ASIDE)
            menu = made_once(app)
            context[TREE] = (
                seen_from(app.builder.get_target_uri(page), menu) if menu else theme_menu(app, page)
            )

    app.connect("html-page-context", set_aside, priority=100)
    app.connect("html-page-context", put_in, priority=800)
    app.connect("html-page-context", leave_role_out, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
