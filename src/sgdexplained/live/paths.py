"""Close a path: one weight, four paths ahead of it, and what comes back through them."""

from __future__ import annotations

from functools import lru_cache

from sgdexplained.layers import MLP
from sgdexplained.live.drawn import short, unit
from sgdexplained.live.markup import sign, signed, tag, text_of
from sgdexplained.reasons import explain
from sgdexplained.reasons.wording import minus, sum_of
from sgdexplained.sgd import SGD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sgdexplained.live.run import Ran
    from sgdexplained.live.state import State

WIDE, HIGH = 500, 330
FIRST, LAST = (150, 170), (450, 170)
REACH, HALF = 40, 19
ROWS = (50, 130, 210, 290)
MIDDLE = {"text_anchor": "middle"}


def network(ahead: tuple[float, ...], closed: tuple[str, ...]) -> MLP:
    """Return a network with one unit, four units ahead of it, and one output.

    A unit that is shut by hand has a bias that keeps it shut.

    Examples
    --------
    >>> network((3, -1, -2, 1), ("unit 3",))([[1]])
    [[Scalar(3)]]
    """
    biases = [-9 if f"unit {k + 1}" in closed else 0 for k in range(4)]
    weights = [([[1]], [0]), ([[1, 1, 1, 1]], biases), ([[v] for v in ahead], [0])]
    return MLP([1, 1, 4, 1], init=weights)


@lru_cache(maxsize=64)
def behind(ahead: tuple[float, ...], closed: tuple[str, ...]) -> Any:
    """Explain the weight behind all paths; the output itself is the loss, so that 1 comes back.

    Examples
    --------
    >>> behind((3, -1, -2, 1), ()).gradient, behind((3, -1, -2, 1), ("unit 4",)).zero
    (1, 'paths cancel')
    """
    net = network(ahead, closed)
    sgd = SGD(net.parameters(), lr=0.1)
    found = explain(net, [[1]], [[0]], lambda y, *_, **__: y[0][0], sgd)
    return found.row("W1[0][0]")


def paths(state: State, ran: Ran) -> str:  # noqa: ARG001
    """Draw the paths; a unit is shut and opened by choosing it."""
    lines, units = [_arrow((6, 170), (FIRST[0] - REACH, 170), "line")], []
    for k, (value, y) in enumerate(zip(state.ahead, ROWS, strict=True)):
        place, shut = (280, y), f"unit {k + 1}" in state.closed
        kinds = "line " + ("zero cut" if shut or not value else sign(value))
        lines += [
            _arrow((FIRST[0] + REACH, FIRST[1]), (280 - REACH, y), kinds),
            _arrow((280 + REACH, y), (LAST[0] - REACH, LAST[1]), kinds),
        ]
        now = "shut" if shut else "open"
        # It begins with what is seen, for those who speak to their computer.
        words = f"unit {k + 1} {now}; its weight ahead is {text_of(value)}"
        units.append(
            tag(
                "g",
                # Of its own, so that the whole unit and its name can be pressed.
                tag("rect", class_="hit", x=280 - REACH, y=y - 38, width=2 * REACH, height=60),
                tag("text", f"unit {k + 1} ", x=280, y=y - HALF - 7, text_anchor="middle"),
                # A unit that is shut by its bias is inactive too.
                unit(place, REACH, [now], shut=shut, inactive=shut, half=HALF),
                data_key=f"path-{k + 1}",
                data_do="shut",
                data_value=str(k + 1),
                tabindex="0",
                role="button",
                aria_pressed="true" if shut else "false",
                aria_label=words,
            )
        )
        x, height = 374, round(165 + (y - 170) * 0.4)
        units.append(
            tag(
                "g",
                tag("rect", class_="pill", x=x - 20, y=height - 11, width=40, height=22, rx=4),
                tag("text", short(value), x=x, y=height + 5, text_anchor="middle"),
                class_="edge",
                aria_hidden="true",
            )
        )
    row = behind(state.ahead, state.closed)
    gradient = f"gradient {signed(row.gradient)}"
    ends = [
        unit(FIRST, REACH, ["first unit"], half=HALF),
        unit(LAST, REACH, ["output"], half=HALF),
        tag("text", "weight <tspan font-style='italic'>w</tspan>", x=54, y=157, **MIDDLE),
        tag("text", gradient, class_=f"shown {sign(row.gradient)}", x=54, y=195, **MIDDLE),
    ]
    return tag(
        "svg",
        *lines,
        *ends,
        *units,
        viewBox=f"0 0 {WIDE} {HIGH}",
        class_="live-network live-paths",
        role="group",
        aria_label="Four paths: choose a unit to shut it or to open it",
    )


def _arrow(begin: tuple[int, int], end: tuple[int, int], kinds: str) -> str:
    (x1, y1), (x2, y2) = begin, end
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kinds, stroke_width=2)


def told(state: State, ran: Ran) -> str:  # noqa: ARG001
    """Say what comes back, and what closing has changed.

    Examples
    --------
    >>> from sgdexplained.live.state import State
    >>> said = told(State(closed=("unit 1",)), None)
    >>> "The open paths carry −1 − 2 + 1 = −2" in said, "closing has changed its sign" in said
    (True, True)
    """
    row = behind(state.ahead, state.closed)
    open_ = [v for k, v in enumerate(state.ahead) if f"unit {k + 1}" not in state.closed]
    words = "No path is open, so the gradient of w is 0."
    if open_:
        carried = f"{sum_of(open_)} = {text_of(row.gradient)}"
        words = f"The open paths carry {carried}: this is the gradient of w."
    if len(open_) == len(state.ahead):
        words += " All four paths are open: shut a unit, and look at the gradient."
    whole = behind(state.ahead, ()).gradient
    if len(open_) < len(state.ahead):
        words += f" With all paths open it is {text_of(whole)}: {_effect(whole, row.gradient)}."
    return tag("p", minus(words)) + tag("p", minus(row.sentence), class_="live-sentence")


def _effect(before: Any, now: Any) -> str:
    if now == before:
        return "closing has changed nothing"
    if now == 0:
        return "now the weight stays"
    if before == 0:
        return "closing has set the weight in motion"
    if before * now < 0:
        return "closing has changed its sign"
    return "closing has made it larger" if abs(now) > abs(before) else "closing has made it smaller"
