"""Markup of live pictures: elements, numbers, and the controls that a reader moves."""

from __future__ import annotations

from functools import lru_cache
from html import escape

from sgdexplained.reasons.wording import minus, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def tag(name: str, *content: str, **attributes: Any) -> str:
    """Write an element; underscores in names of attributes become hyphens.

    What is ``None`` or ``False`` is left out, what is ``True`` stands without a value.

    Examples
    --------
    >>> tag("text", "a &lt; b", class_="unit", x=1.50, aria_hidden="true", hidden=False)
    '<text class="unit" x="1.5" aria-hidden="true">a &lt; b</text>'
    """
    parts = [name]
    for key, value in attributes.items():
        if value is True:
            parts.append(_written(key))
        elif value is not None and value is not False:
            text = f"{value:g}" if isinstance(value, float) else _escaped(str(value))
            parts.append(f'{_written(key)}="{text}"')
    return f"<{' '.join(parts)}>{''.join(content)}</{name}>"


# The same few words come again and again, several hundred in each picture.
_escaped = lru_cache(maxsize=1024)(escape)


@lru_cache(maxsize=128)
def _written(attribute: str) -> str:
    return attribute.rstrip("_").replace("_", "-")


def text_of(value: Any) -> str:
    """Write a number as all of the site does.

    Examples
    --------
    >>> text_of(-2), text_of(0.1 + 0.2)
    ('−2', '0.3')
    """
    return minus(number(value))


def signed(value: Any) -> str:
    """Write a number with its sign, also if it is positive.

    Examples
    --------
    >>> signed(2), signed(-0.5), signed(0)
    ('+2', '−0.5', '0')
    """
    return ("+" if value is not None and value > 0 else "") + text_of(value)


def sign(value: Any) -> str:
    """Name the class of a number: it decides about colour and hatching."""
    if value is None:
        return "none"
    return "positive" if value > 0 else "negative" if value < 0 else "zero"


def plain_text(value: float) -> str:
    """Write a number as a field takes it."""
    return f"{value:.6g}"


# ## Controls
#
# What a control does is in `data-do`; the script of the page sends that word and the control's
# value to Python and knows nothing else.


def slider(
    do: str, label: str, value: float, low: float, high: float, step: float, *, said: str = ""
) -> str:
    """Write a slider and a field for the same number; `said` is its name where `label` is short."""
    shown = plain_text(value)
    common = {"data_do": do, "data_field": do, "value": shown, "autocomplete": "off"}
    words, said = tag("span", label, class_="live-label"), said or _said(label)
    ranged = tag(
        "input",
        type="range",
        min=low,
        max=high,
        step=step,
        aria_label=said,
        **common,
    ).removesuffix("</input>")
    typed = tag(
        "input",
        type="text",
        inputmode="decimal",
        aria_label=f"{said}, as a number",
        **common,
    ).removesuffix("</input>")
    return tag("div", words, ranged, typed, class_="live-slider")


def entry(do: str, label: str, value: str) -> str:
    """Write a field for a number that somebody guesses."""
    field = tag("input", type="text", data_do=do, data_field=do, value=value, autocomplete="off")
    words = tag("span", label, class_="live-label")
    return tag("label", words, field.removesuffix("</input>"), class_="live-menu")


def button(do: str, words: str, value: str = "", *, disabled: bool = False, **more: Any) -> str:
    """Write a button."""
    return tag(
        "button",
        words,
        type="button",
        data_do=do,
        data_value=value or None,
        disabled=disabled,
        **more,
    )


def choice(
    do: str, legend: str, options: Iterable[tuple[str, str]], chosen: str, *, said: str = ""
) -> str:
    """Write a few options of which one is chosen, as a row of buttons; `said` is a longer name."""
    buttons = [
        button(do, words, value, aria_pressed="true" if value == chosen else "false")
        for value, words in options
    ]
    words = tag("span", legend, class_="live-label", aria_hidden="true")
    row = tag("span", *buttons, class_="live-choice")
    return tag("div", words, row, class_="live-options", role="group", aria_label=said or legend)


def menu(do: str, label: str, options: Iterable[tuple[str, str]], chosen: str) -> str:
    """Write a list to choose from."""
    items = [
        tag("option", escape(words), value=value, selected=value == chosen)
        for value, words in options
    ]
    return tag(
        "label",
        tag("span", label, class_="live-label"),
        tag("select", *items, data_do=do, data_field=do, autocomplete="off"),
        class_="live-menu",
    )


def _said(label: str) -> str:
    """Take the markup out of a label."""
    for mark in ("<sub>", "</sub>", "<var>", "</var>", "<code>", "</code>"):
        label = label.replace(mark, "")
    return label
