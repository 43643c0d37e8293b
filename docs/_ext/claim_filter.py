"""The form that narrows the table of claims down; claims.js makes it work.

It is written when the site is built, so that its place is taken from the start; where there are no
scripts, the style hides it.
"""

from collections.abc import Iterable
from html import escape

from docutils import nodes

# What can be chosen, besides an order, and what chooses everything.
LISTS = {"verdict": "all verdicts", "part": "all parts"}
ORDERS = {"number": "by number", "page": "by page"}


def form(verdicts: Iterable[str], parts: Iterable[str], count: int) -> nodes.raw:
    """Offer what occurs in the table, in the order in which it occurs."""
    lists = "".join(
        choice(name, {"": LISTS[name]} | {value: value for value in values if value})
        for name, values in (("verdict", verdicts), ("part", parts))
    )
    html = (
        '<form class="claims-filter" autocomplete="off">'
        f"{lists}{choice('order', ORDERS)}"
        f'<output aria-live="polite">{count} of {count} claims</output></form>'
    )
    return nodes.raw("", html, format="html")


def choice(name: str, options: dict[str, str]) -> str:
    """Write a list to choose from."""
    written = "".join(
        f'<option value="{escape(value)}">{escape(text)}</option>'
        for value, text in options.items()
    )
    return f'<label>{name.capitalize()}<select name="{name}">{written}</select></label>'
