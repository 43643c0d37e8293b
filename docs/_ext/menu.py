"""The menu's captions without a role that they do not fulfil.

Sphinx calls the caption of a list of pages a heading and gives it no level, which leaves a screen
reader at a loss. In the menu it is a label above a list, and no heading of the page.
"""

from typing import Any

from sphinx.application import Sphinx

TREE = "furo_navigation_tree"
ROLE = ' role="heading"'
CAPTION = f'<p class="caption"{ROLE}>'


def leave_role_out(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: Any
) -> None:
    """Take the role out of the menu that the theme has made."""
    context[TREE] = context.get(TREE, "").replace(
        f'<p class="caption"{ROLE}>', '<p class="caption">'
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Do so after the theme."""
    app.connect("html-page-context", leave_role_out, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
