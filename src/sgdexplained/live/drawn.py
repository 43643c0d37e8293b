"""Draw the 2-3-1 network as SVG: what each edge tells, and what can be chosen."""

from __future__ import annotations

import re
from functools import cache

from sgdexplained.live.markup import sign, signed, tag, text_of
from sgdexplained.reasons import activation_derivative
from sgdexplained.reasons.wording import minus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sgdexplained.live.run import Ran
    from sgdexplained.live.state import State

WIDE, HIGH = 500, 362
RADIUS = 29
PLACES = {
    "x": [(32, 105), (32, 245)],
    "h": [(298, 62), (298, 180), (298, 298)],
    "y": [(466, 180)],
}
PILL = (92, 26)


@cache
def ends_of(name: str) -> tuple[tuple[int, int] | None, tuple[int, int]]:
    """Return where an edge begins and ends; a bias begins nowhere.

    Examples
    --------
    >>> ends_of("W1[1][0]"), ends_of("b1[2]")
    (((32, 245), (298, 62)), (None, (298, 298)))
    """
    layer, places = name[1], [int(one) for one in re.findall(r"\[(\d)\]", name)]
    senders, receivers = (PLACES["x"], PLACES["h"]) if layer == "1" else (PLACES["h"], PLACES["y"])
    if name[0] == "b":
        return None, receivers[places[0]]
    return senders[places[0]], receivers[places[1]]


def called(name: str) -> str:
    """Say in words which weight a name means.

    Examples
    --------
    >>> called("W1[1][0]"), called("b1[2]")
    ('weight from input 2 to unit 1', 'bias of unit 3')
    >>> called("W2[2][0]"), called("b2[0]")
    ('weight from unit 3 to the output', 'bias of the output')
    """
    places = [int(one) + 1 for one in re.findall(r"\[(\d)\]", name)]
    if name.startswith("b"):
        return "bias of the output" if name[1] == "2" else f"bias of unit {places[0]}"
    if name[1] == "1":
        return f"weight from input {places[0]} to unit {places[1]}"
    return f"weight from unit {places[0]} to the output"


def picture(state: State, ran: Ran, label: str, *, asks: bool = False) -> str:
    """Draw the network of a state; if it `asks`, without what the reader is to find out."""
    if asks and not state.told:
        return _question(state, ran, label)
    shown = {
        name: row.gradient if state.show == "gradient" else row.move
        for name, row in ran.rows.items()
    }
    largest = max((abs(value) for value in shown.values() if value), default=0)
    edges = [_edge(name, state, ran, shown[name]) for name in ran.rows]
    # The chosen edge is drawn last, so that nothing lies on top of it.
    edges.sort(key=lambda drawn: 'aria-pressed="true"' in drawn)
    lines = [_line(name, state, shown[name], largest) for name in ran.rows if name[0] == "W"]
    return _svg(label, lines, _units(state, ran), edges)


def _question(state: State, ran: Ran, label: str) -> str:
    """Draw the network before the answer: each weight with a question mark."""
    lines = []
    for name in ran.rows:
        begin, (x2, y2) = ends_of(name)
        if begin is not None:
            x1, y1 = begin
            lines.append(tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_="line", stroke_width=1.5))
    edges = []
    for name, row in ran.rows.items():
        marked = name in state.marks
        text = [
            tag("tspan", short(row.value), class_="value"),
            tag("tspan", "stays" if marked else "?", class_="shown", dx=4),
        ]
        said = f"{called(name)}, {text_of(row.value)}: it stays"
        edges.append(_label(name, text, "mark", said, pressed=marked, zero=marked))
    return _svg(label, lines, _units(state, ran, secret=True), edges)


def _svg(label: str, *drawn: list[str]) -> str:
    return tag(
        "svg",
        *(one for some in drawn for one in some),
        viewBox=f"0 0 {WIDE} {HIGH}",
        class_="live-network",
        role="group",
        aria_label=label,
    )


def shown_example(state: State) -> int:
    """Return the place in the batch of the example that is moved; the first if it is left out."""
    return 0 if state.at in state.out else sum(i not in state.out for i in range(state.at))


def _line(name: str, state: State, value: Any, largest: Any) -> str:
    (x1, y1), (x2, y2) = ends_of(name)  # type: ignore[misc]
    width = 1.5 if not value else 1.5 + 4.5 * abs(value) / largest
    kinds = ["line", sign(value)]
    if name == state.pick:
        kinds.append("picked")
    return tag(
        "line", x1=x1, y1=y1, x2=x2, y2=y2, class_=" ".join(kinds), stroke_width=round(width, 2)
    )


def _edge(name: str, state: State, ran: Ran, value: Any) -> str:
    row = ran.rows[name]
    what = "gradient" if state.show == "gradient" else "move"
    said = (
        f"{called(name)}: {text_of(row.value)}, {what} {signed(value)}, "
        f"{'moves' if row.moves else 'stays'}"
    )
    text = [
        tag("tspan", short(row.value), class_="value"),
        tag("tspan", short(value or 0, plus=True), class_=f"shown {sign(value)}", dx=4),
    ]
    kinds = ""
    if state.told:
        right = (name in state.marks) == (not row.moves)
        text.append(tag("tspan", "✓" if right else "✗", class_="judged"))
        said += f", {'right' if right else 'wrong'}"
        kinds = " right" if right else " wrong"
    return _label(name, text, "pick", said, pressed=name == state.pick, zero=not value, kinds=kinds)


def _label(
    name: str, text: list[str], do: str, said: str, *, pressed: bool, zero: bool, kinds: str = ""
) -> str:
    """Write the label of an edge, which can be chosen."""
    x, y = _middle(name)
    wide, high = PILL
    return tag(
        "g",
        # The whole label and a little around it: a thumb must find it.
        tag("rect", class_="hit", x=x - wide / 2, y=y - 20, width=wide, height=40),
        tag("rect", class_="pill", x=x - wide / 2, y=y - high / 2, width=wide, height=high, rx=6),
        _hatching(x, y) if zero else "",
        tag("text", " ".join(text), x=x, y=y + 5, text_anchor="middle"),
        class_="edge" + (" zero" if zero else "") + (" picked" if pressed else "") + kinds,
        data_key=f"edge-{name}" if do == "pick" else f"mark-{name}",
        data_do=do,
        data_value=name,
        data_arrows="nudge" if do == "pick" else None,
        tabindex="0",
        role="button",
        aria_pressed="true" if pressed else "false",
        # It begins with what is seen, for those who speak to their computer.
        aria_label=f"{re.sub('<[^>]+>', '', ' '.join(text))}: {said}",
    )


# Where things stand does not change while the numbers do.
@cache
def _middle(name: str) -> tuple[int, int]:
    """Return where the numbers of an edge stand: no two on the same spot."""
    begin, (x, y) = ends_of(name)
    if begin is None:
        below = (x, y) == PLACES["h"][2]
        return x, y + (RADIUS + 17 if below else -RADIUS - 17)
    share = 0.67 if name[1] == "1" else 0.46
    return round(begin[0] + share * (x - begin[0])), round(begin[1] + share * (y - begin[1]))


@cache
def _hatching(x: int, y: int) -> str:
    """Hatch the ends of a label: exactly zero."""
    wide, high = PILL
    left, bottom = x - wide // 2, y + high // 2
    starts = [*range(left + 2, left + 18, 6), *range(left + wide - 36, left + wide - 22, 6)]
    strokes = "".join(f"M{start} {bottom - 1}l{high - 2} -{high - 2}" for start in starts)
    return tag("path", class_="hatching", d=strokes)


def short(value: Any, *, plus: bool = False) -> str:
    """Write a number in the room of a label: two decimals, and never 0 for what is not 0.

    Examples
    --------
    >>> short(-2), short(-0.8256, plus=True), short(1 / 3, plus=True), short(0)
    ('−2', '−0.83', '+0.33', '0')
    >>> short(123.456), short(12.345), short(1234567), short(-1e-9)
    ('123', '12.3', '1e6', '−1e−9')
    """
    size = abs(value)
    if size and not 0.005 <= size < 10000:
        text = f"{float(value):.0e}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    else:
        decimals = 2 if size < 10 else 1 if size < 100 else 0
        text = f"{float(value):.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if decimals else text
    return ("+" if plus and value > 0 else "") + minus(text)


def _units(state: State, ran: Ran, *, secret: bool = False) -> list[str]:
    at, (hidden, last) = shown_example(state), ran.net.layers
    x = hidden.inputs[at]
    drawn = [
        _unit(place, [f"x<tspan class='sub' dy='3'>{j + 1}</tspan>", short(x[j])], "input")
        for j, place in enumerate(PLACES["x"])
    ]
    derivatives = activation_derivative(hidden)[at]
    for k, place in enumerate(PLACES["h"]):
        z, a = hidden.pre_activations[at][k], hidden.activations[at][k]
        shut = derivatives[k] == 0 and not secret
        drawn.append(
            _unit(
                place,
                [f"z {short(z)}", f"a {short(a)}"],
                "unit" + (" shut" if shut else "") + (" inactive" if a == 0 and not secret else ""),
                bar=shut,
            )
        )
    y, target = last.activations[at][0], state.batch[at][2]
    drawn.append(_unit(PLACES["y"][0], ["y", short(y)], "unit output"))
    px, py = PLACES["y"][0]
    drawn.append(
        tag(
            "text",
            f"target {short(target)}",
            class_="note",
            x=px - 2,
            y=py + 52,
            text_anchor="middle",
        )
    )
    drawn.append(
        tag(
            "text",
            f"loss {short(ran.loss)}",
            class_="note",
            x=px - 2,
            y=py + 74,
            text_anchor="middle",
        )
    )
    return drawn


def _unit(place: tuple[int, int], lines: list[str], kind: str, *, bar: bool = False) -> str:
    x, y = place
    texts = [
        tag("text", line, x=x, y=y - 4 + 18 * i, text_anchor="middle")
        for i, line in enumerate(lines)
    ]
    closed = (
        [tag("rect", class_="bar", x=x + RADIUS - 1, y=y - 20, width=7, height=40)] if bar else []
    )
    return tag(
        "g", tag("circle", cx=x, cy=y, r=RADIUS), *closed, *texts, class_=kind, aria_hidden="true"
    )
