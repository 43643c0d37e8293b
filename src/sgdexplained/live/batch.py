"""Several examples: which weights each of them moves, and what becomes of them together."""

from __future__ import annotations

from dataclasses import replace

from sgdexplained.live.markup import button, choice, sign, signed, tag, text_of
from sgdexplained.live.run import run
from sgdexplained.live.state import MOST_EXAMPLES, NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sgdexplained.live.run import Ran
    from sgdexplained.live.state import State

REDUCTIONS = [("mean", "mean"), ("sum", "sum")]
FIRST = NAMES[:6]  # the weights of the first layer, two rows of three


def nobody(state: State, ran: Ran) -> str:  # noqa: ARG001
    """Say how many of the weights no example moves.

    Examples
    --------
    >>> from sgdexplained.live.run import run
    >>> from sgdexplained.live.state import State
    >>> state = State(examples=((1, 2, 1), (2, 2, 1)))
    >>> print(nobody(state, run(state)))
    No example moves 4 of the 13: W1[0][1], W1[1][1], b1[1], W2[1][0].
    """
    none = [name for name in NAMES if not any(ran.rows[name].contributions)]
    if not none:
        return "Each of the 13 is moved by at least one example."
    listed = f": {', '.join(none)}" if len(none) <= 6 else ""
    return f"No example moves {len(none)} of the 13{listed}."


def movers(state: State, ran: Ran) -> str:
    """Write for each example which weights it moves.

    Examples
    --------
    >>> from sgdexplained.live.run import run
    >>> from sgdexplained.live.state import State
    >>> state = State(examples=((1, 2, 1), (-2, 1, 2)))
    >>> movers(state, run(state)).count("<span>moves</span>")
    10
    """
    inside = [i for i in range(len(state.examples)) if i not in state.out]
    lines = []
    for place, i in enumerate(inside):
        moved = [name for name in NAMES if ran.rows[name].contributions[place]]
        cells = [
            tag(
                "td",
                tag("span", "moves" if name in moved else "no"),
                class_="on" if name in moved else "off",
            )
            for name in NAMES
        ]
        head = tag("th", f"example {i + 1}", scope="row")
        lines.append(tag("tr", head, *cells, tag("td", str(len(moved)), class_="count")))
    heads = [tag("th", tag("span", name), scope="col") for name in NAMES]
    table = tag(
        "table",
        tag("thead", tag("tr", tag("td"), *heads, tag("th", "moves", scope="col"))),
        tag("tbody", *lines),
        class_="live-movers",
    )
    scroll = {"class_": "live-scroll", "tabindex": "0", "role": "group"}
    return tag("div", table, aria_label="Who moves what", **scroll)


def members(state: State, ran: Ran) -> str:  # noqa: ARG001
    """Write the examples, each to be chosen and to be put in or taken out."""
    lines = []
    for i, (x1, x2, target) in enumerate(state.examples):
        words = f"({text_of(x1)}, {text_of(x2)}), target {text_of(target)}"
        inside = i not in state.out
        last = inside and len(state.batch) == 1
        lines.append(
            tag(
                "li",
                button(
                    "at",
                    f"{i + 1}: {words}",
                    str(i),
                    data_key=f"example-{i}",
                    aria_pressed="true" if i == state.at else "false",
                ),
                button(
                    "toggle",
                    "in" if inside else "out",
                    str(i),
                    data_key=f"toggle-{i}",
                    class_="in" if inside else None,
                    aria_label=f"Example {i + 1} is {'in' if inside else 'out of'} the batch",
                    disabled=last,
                ),
            )
        )
    count = len(state.examples)
    tools = [
        button("add", "Add an example", disabled=count >= MOST_EXAMPLES),
        button("remove", "Remove the chosen", disabled=count < 2),
        choice(
            "reduction", "The step takes the", [("mean", "mean"), ("sum", "sum")], state.reduction
        ),
    ]
    return tag("ul", *lines, class_="live-members") + tag("div", *tools, class_="live-row")


# ## Outer products


def outer(state: State, ran: Ran) -> str:  # noqa: ARG001
    """Write each example's own gradient of the first layer, their sum and their mean.

    If an example is left out, what the mean of all would be stands beside them.

    Examples
    --------
    >>> from re import findall
    >>> from sgdexplained.live.run import run
    >>> from sgdexplained.live.state import State
    >>> state = State(examples=((1, 2, 1), (3, 1, 1)))
    >>> findall("<caption>([^<]+)", outer(state, run(state)))
    ['example 1', 'example 2', 'their sum', 'their mean']
    >>> state = State(examples=((1, 2, 1), (3, 1, 1)), out=(1,))
    >>> findall("<caption>([^<]+)", outer(state, run(state)))
    ['example 1', 'the mean of all 2']
    """
    inside = [i for i in range(len(state.examples)) if i not in state.out]
    # Of the sum, what an example contributes is what it would give alone.
    summed = run(replace(state, reduction="sum"))
    grids = []
    for place, i in enumerate(inside):
        values = [summed.rows[name].contributions[place] for name in FIRST]
        senders = [summed.rows[name].factors[place][0] for name in ("W1[0][0]", "W1[1][0]")]
        deltas = [
            summed.rows[name].factors[place][1] * summed.rows[name].factors[place][2]
            for name in FIRST[:3]
        ]
        grids.append(_grid(f"example {i + 1}", values, senders, deltas))
    if len(inside) > 1:
        for word in ("sum", "mean"):
            together = run(replace(state, reduction=word))
            kind = "together used" if word == state.reduction else "together"
            grids.append(_grid(f"their {word}", _first(together), kind=kind))
    if state.out:
        whole = _first(run(replace(state, reduction="mean", out=())))
        words = f"the mean of all {len(state.examples)}"
        grids.append(_grid(words, whole, kind="together all"))
    used = _first(run(state))
    still = sum(not value for value in used)
    told = (
        f"{still} of the 6 weights of the first layer have a gradient of 0."
        if still
        else "No weight of the first layer has a gradient of 0."
    )
    if state.out:
        told = f"In the batch, {told[0].lower()}{told[1:]}"
        turned = sum(a * b < 0 for a, b in zip(used, whole, strict=True))
        if turned:
            told += f" For {turned} of the others, the gradient of the batch has the other sign"
            told += " than the mean of all."
    return tag("div", *grids, tag("p", told), class_="live-outer")


def _first(ran: Ran) -> list[Any]:
    """Return the gradients of the weights of the first layer."""
    return [ran.rows[name].gradient for name in FIRST]


def _grid(
    caption: str,
    values: list[Any],
    senders: list[Any] | None = None,
    deltas: list[Any] | None = None,
    kind: str = "",
) -> str:
    """Write a grid of two senders and three receivers; around it the vectors that it is made of."""
    head = ""
    if deltas is not None:
        heads = [
            tag("th", f"δ{'₁₂₃'[k]} {text_of(delta)}", scope="col")
            for k, delta in enumerate(deltas)
        ]
        head = tag("thead", tag("tr", tag("td"), *heads))
    lines = []
    for j in range(2):
        first = (
            "" if senders is None else tag("th", f"x{'₁₂'[j]} {text_of(senders[j])}", scope="row")
        )
        cells = [
            tag("td", signed(value), class_=sign(value)) for value in values[3 * j : 3 * j + 3]
        ]
        lines.append(tag("tr", first, *cells))
    return tag(
        "table",
        tag("caption", caption),
        head,
        tag("tbody", *lines),
        class_=f"live-grid {kind}".strip(),
    )
