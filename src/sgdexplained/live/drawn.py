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

# As in the pictures of `sgdexplained.draw`: so whoever has read one of them can read this one.
WIDE, HIGH = 410, 354
HALF = 17  # half the height of a unit
ROUND = 14  # of its corners
PLACES = {
    "x": [(26, 99), (26, 249)],
    "h": [(216, 74), (216, 174), (216, 274)],
    "y": [(366, 174)],
}
REACHES = {"x": 22, "h": 46, "y": 28}  # half the width of a unit
BIAS = HALF + 15  # how far below the middle of a unit its bias stands
KEY = 342  # where the lines are explained


@cache
def ends_of(name: str) -> tuple[tuple[int, int] | None, tuple[int, int]]:
    """Return where a line begins and ends; a bias begins nowhere, and ends at its unit.

    Examples
    --------
    >>> ends_of("W1[1][0]"), ends_of("b1[2]")
    (((48, 249), (170, 74)), (None, (216, 274)))
    """
    layer, places = name[1], [int(one) for one in re.findall(r"\[(\d)\]", name)]
    sender, receiver = ("x", "h") if layer == "1" else ("h", "y")
    if name[0] == "b":
        return None, PLACES[receiver][places[0]]
    (x1, y1), (x2, y2) = PLACES[sender][places[0]], PLACES[receiver][places[1]]
    return (x1 + REACHES[sender], y1), (x2 - REACHES[receiver], y2)


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
    told = {"gradient": "gradient", "move": "move", "weight": "value"}[state.show]
    shown = {name: getattr(row, told) for name, row in ran.rows.items()}
    signs = state.show != "weight"
    sizes = [abs(value) for name, value in shown.items() if value and signs and name[0] == "W"]
    edges = [_edge(name, state, ran, shown[name]) for name in ran.rows]
    # The chosen number is drawn last, so that nothing lies on top of it.
    edges.sort(key=lambda drawn: 'aria-pressed="true"' in drawn)
    lines = [
        _line(
            name,
            "pick",
            sign(shown[name]) if signs else "",
            1 if not (shown[name] and sizes) else abs(shown[name]) / max(sizes),
            picked=name == state.pick,
        )
        for name in ran.rows
        if name[0] == "W"
    ]
    return _svg(
        label,
        _headings(state.show, 0.73, 0.45),
        lines,
        _units(state, ran),
        [_near(state, ran)],
        edges,
        _key(state.show) if signs else [],
    )


def _question(state: State, ran: Ran, label: str) -> str:
    """Draw the network before the answer: each weight, and a question mark."""
    lines = [_line(name, "mark", "", 0) for name in ran.rows if name[0] == "W"]
    edges, values = [], []
    for name, row in ran.rows.items():
        marked = name in state.marks
        said = f"{called(name)}, {text_of(row.value)}: it stays"
        word = "stays" if marked else "?"
        place = _along(name, 0.75) if name[0] == "W" else _middle(name)
        edges.append(_label(name, word, "", "mark", said, short(row.value), place, pressed=marked))
        if name[0] == "W":
            x, y = _along(name, 0.3)
            values.append(_text(short(row.value), x, y + 5, "value"))
    headings = _headings("weight", 0.3, 0.4)
    return _svg(label, headings, lines, _units(state, ran, secret=True), values, edges)


def _svg(label: str, *drawn: list[str]) -> str:
    return tag(
        "svg",
        *(one for some in drawn for one in some),
        viewBox=f"0 0 {WIDE} {HIGH}",
        class_="live-network",
        role="group",
        aria_label=label,
    )


def _on_ground(words: str, x: float, y: float, anchor: str = "middle") -> str:
    """Write a number on a ground of its own, so that no line goes through it."""
    wide = 7 * len(words) + 6
    left = x - (wide if anchor == "end" else wide / 2)
    ground = tag("rect", class_="ground", x=left, y=y - 13, width=wide, height=18, rx=4)
    return ground + _text(words, x - (3 if anchor == "end" else 0), y, "note near", anchor)


def _text(words: str, x: float, y: float, kind: str, anchor: str | None = "middle") -> str:
    return tag("text", words, class_=kind, x=x, y=y, text_anchor=anchor, aria_hidden="true")


def _headings(word: str, share: float, share_ahead: float) -> list[str]:
    columns = [("input", 26), ("z | a", 216), ("output", 366)]
    columns += [(word, _along("W1[0][0]", share)[0]), (word, _along("W2[0][0]", share_ahead)[0])]
    return [_text(words, x, 14, "heading") for words, x in columns]


def _key(word: str) -> list[str]:
    """Explain the three kinds of line, in the words of the other pictures."""
    entries = [(f"{word} +", "positive", 4, 8), (f"{word} −", "negative", 4, 148)]
    drawn = []
    for words, kind, width, x in [*entries, ("exactly 0", "zero", 1.5, 288)]:
        line = {"x1": x, "x2": x + 28, "y1": KEY, "y2": KEY, "stroke_width": width}
        drawn.append(tag("line", class_=f"line {kind}", **line))
        drawn.append(_text(words, x + 36, KEY + 5, f"note {kind}", None))
    return drawn


def shown_example(state: State) -> int:
    """Return the place in the batch of the example that is moved; the first if it is left out."""
    return 0 if state.at in state.out else sum(i not in state.out for i in range(state.at))


def _line(name: str, do: str, kind: str, share: Any, *, picked: bool = False) -> str:
    """Draw the line of a weight; it can be chosen anywhere, by mouse or finger."""
    (x1, y1), (x2, y2) = ends_of(name)  # type: ignore[misc]
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    width = 1.5 if kind in ("", "zero", "none") else round(1.5 + 4 * float(share), 2)
    return tag(
        "g",
        tag("line", class_="reach", **ends),
        tag("line", class_="behind", **ends) if picked else "",
        tag("line", class_=f"line {kind}".strip(), stroke_width=width, **ends),
        data_do=do,
        data_value=name,
        aria_hidden="true",
    )


def _edge(name: str, state: State, ran: Ran, value: Any) -> str:
    row = ran.rows[name]
    what, told = ("move", row.move) if state.show == "move" else ("gradient", row.gradient)
    said = (
        f"{called(name)}: {text_of(row.value)}, {what} {signed(told)}, "
        f"{'moves' if row.moves else 'stays'}"
    )
    kind, before = sign(value), short(row.value)
    if state.show == "weight":
        word, kind = short(value), "plain"
        before = ""
    else:
        word = short(value or 0, plus=True)
    more = ""
    if state.told:
        right = (name in state.marks) == (not row.moves)
        said += f", {'right' if right else 'wrong'}"
        word += " ✓" if right else " ✗"
        more = " right" if right else " wrong"
    picked, place = name == state.pick, _middle(name)
    return _label(name, word, kind, "pick", said, before, place, pressed=picked, more=more)


def _label(
    name: str,
    word: str,
    kind: str,
    do: str,
    said: str,
    before: str,
    place: tuple[int, int],
    *,
    pressed: bool,
    more: str = "",
) -> str:
    """Write the number of a line, or a bias and its number; it can be chosen."""
    x, y = place
    parts, room = [tag("tspan", word, class_=f"shown {kind}".strip())], len(word)
    if name[0] == "b":
        parts.insert(0, tag("tspan", f"b {before or word}", class_="value"))
        room = len(f"b {before or word}")
        if before:
            parts[1] = tag("tspan", word, class_=f"shown {kind}".strip(), dx=3)
            room += 1 + len(word)
        else:
            parts.pop()
    wide = 8 * room + 6
    hit = max(wide, 40)
    return tag(
        "g",
        # The whole number and a little around it: a thumb must find it.
        tag("rect", class_="hit", x=x - hit / 2, y=y - 15, width=hit, height=30),
        tag("rect", class_="pill", x=x - wide / 2, y=y - 10, width=wide, height=20, rx=4),
        tag("text", " ".join(parts), x=x, y=y + 5, text_anchor="middle"),
        class_="edge" + (" bias" if name[0] == "b" else "") + (" picked" if pressed else "") + more,
        data_key=f"edge-{name}" if do == "pick" else f"mark-{name}",
        data_do=do,
        data_value=name,
        data_arrows="nudge" if do == "pick" else None,
        tabindex="0",
        role="button",
        aria_pressed="true" if pressed else "false",
        # It begins with what is seen, for those who speak to their computer.
        aria_label=f"{re.sub('<[^>]+>', '', ' '.join(parts))}: {said}",
    )


def _near(state: State, ran: Ran) -> str:
    """Write beside the chosen line what its number does not tell: its weight, or its gradient."""
    name, row = state.pick, ran.rows[state.pick]
    alone = state.show == "move" and row.move and not row.gradient
    if state.show == "weight" or alone:
        words = f"gradient = {short(row.gradient or 0, plus=True)}"
    else:
        words = f"weight = {short(row.value)}"
    x, y = _middle(name)
    if name[0] == "b":
        if "weight" in words:
            return ""  # a bias stands there always
        return _on_ground(words, x, y + (45 if name[1] == "2" else 22))
    if name[1] == "1":
        return _on_ground(words, x + 10, y + 22, "end")
    x, y = {"0": (336, 98), "1": (300, 200), "2": (336, 254)}[name[3]]
    return _on_ground(words, x, y)


# Where things stand does not change while the numbers do.
@cache
def _along(name: str, share: float) -> tuple[int, int]:
    """Return a place on a line, at a share of the way."""
    begin, (x, y) = ends_of(name)
    assert begin is not None
    return round(begin[0] + share * (x - begin[0])), round(begin[1] + share * (y - begin[1]))


@cache
def _middle(name: str) -> tuple[int, int]:
    """Return where the number of a line stands, or a bias: no two on the same spot."""
    if name[0] == "b":
        _, (x, y) = ends_of(name)
        return x, y + BIAS
    # About there the six lines of the first layer are equally far apart.
    return _along(name, 0.73 if name[1] == "1" else 0.45)


@cache
def hatching(x0: int, x1: int, y: int, half: int, round_left: int, round_right: int) -> str:
    """Hatch a field from `x0` to `x1`, which may be round at its left or its right."""
    strokes = []
    for start in range(x0 - 2 * half, x1, 6):
        inside = [
            (start + step, y + half - step)
            for step in range(2 * half + 1)
            if _within(start + step, half - step, x0, x1, half, round_left, round_right)
        ]
        if len(inside) > 1:
            (a, b), (c, _) = inside[0], inside[-1]
            strokes.append(f"M{a} {b}l{c - a} -{c - a}")
    return tag("path", class_="hatching", d="".join(strokes))


def _within(
    x: int, up: int, x0: int, x1: int, half: int, round_left: int, round_right: int
) -> bool:
    """Tell whether a place lies in the field; `up` is how far above its middle."""
    if not x0 <= x <= x1:
        return False
    for corner, depth in ((round_left, x0 + round_left - x), (round_right, x - x1 + round_right)):
        high = abs(up) - (half - corner)
        if depth > 0 and high > 0 and depth**2 + high**2 > corner**2:
            return False
    return True


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
    drawn = []
    for j, place in enumerate(PLACES["x"]):
        drawn.append(unit(place, REACHES["x"], [short(x[j])], inactive=x[j] == 0 and not secret))
        name = f"x<tspan class='sub' dy='3'>{j + 1}</tspan>"
        drawn.append(_text(name, place[0], place[1] - HALF - 7, "note"))
    derivatives = activation_derivative(hidden)[at]
    for k, place in enumerate(PLACES["h"]):
        z, a = hidden.pre_activations[at][k], hidden.activations[at][k]
        shut = derivatives[k] == 0 and not secret
        inactive = a == 0 and not secret
        drawn.append(unit(place, REACHES["h"], [short(z), short(a)], shut=shut, inactive=inactive))
        found = [word for word, true in (("shut", shut), ("inactive", inactive)) if true]
        words = f"unit {k + 1}" + (f": {', '.join(found)}" if found else "")
        # Clear of the numbers on the lines at its left.
        middle = place[0] + (15 if found else 0)
        drawn.append(_text(words, middle, place[1] - HALF - 7, "note"))
    y, target = last.activations[at][0], state.batch[at][2]
    px, py = PLACES["y"][0]
    drawn.append(unit((px, py), REACHES["y"], [short(y)]))
    drawn.append(_text(f"target {short(target)}", px, py - HALF - 7, "note"))
    drawn.append(_text(f"loss {short(ran.loss)}", px, py + BIAS + 26, "note"))
    return drawn


def unit(
    place: tuple[int, int],
    reach: int,
    halves: list[str],
    *,
    shut: bool = False,
    inactive: bool = False,
    half: int = HALF,
) -> str:
    """Draw a unit as all pictures of the site do.

    Its left side is hatched and barred where it is shut, its right side where it is inactive.

    Examples
    --------
    >>> drawn = unit((100, 50), 40, ["-2", "0"], shut=True)
    >>> drawn.count('class="bar"'), 'class="bar" x="57"' in drawn
    (1, True)
    """
    x, y = place
    left, right = x - reach, x + reach
    two = len(halves) == 2
    box = {"y": y - half, "height": 2 * half}
    parts = [tag("rect", class_="body", x=left, width=2 * reach, rx=ROUND, **box)]
    for side, closed in (("left", shut), ("right", inactive)):
        if not closed:
            continue
        begin, end = (left, x if two else right) if side == "left" else (x if two else left, right)
        corners = (ROUND if begin == left else 0, ROUND if end == right else 0)
        parts.append(hatching(begin, end, y, half, *corners))
        edge = left if side == "left" else right
        parts.append(tag("rect", class_="bar", x=edge - 3, width=6, **box))
    if two:
        parts.append(tag("line", class_="middle", x1=x, x2=x, y1=y - half, y2=y + half))
    for index, text in enumerate(halves):
        middle = left + 2 * reach * (index + 0.5) / len(halves)
        kind = "long" if two and len(text) > 4 else None  # for which the bars leave less room
        parts.append(tag("text", text, class_=kind, x=middle, y=y + 5, text_anchor="middle"))
    kinds = "unit" + (" shut" if shut else "") + (" inactive" if inactive else "")
    return tag("g", *parts, class_=kinds, aria_hidden="true")
