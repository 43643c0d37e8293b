"""The network: the activation of every unit, and what every weight would do to the loss."""

from __future__ import annotations

from itertools import pairwise

from matplotlib.patches import FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path

from sgdexplained.draw.language import (
    DASH,
    HATCH,
    INK,
    LINE,
    NEGATIVE,
    POSITIVE,
    SMALL,
    THICK,
    WIDTH,
    ZERO,
    canvas,
    colour_of,
    number,
    text_width,
    write,
)
from sgdexplained.layers import MLP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from matplotlib.axes import Axes


MOST_UNITS, MOST_LAYERS = 5, 4
HALF = 0.2  # half the height of a unit, in inches
TOP = 0.34  # room for the headings
LABEL = 0.235  # room for a number on a line, from the middle of one to the middle of the next
LOWEST, HIGHEST = 2.2, 1.5  # heights: of a drawing that needs no more, of a unit at most


def _plain(numbers: Any) -> Any:
    return numbers.tolist() if hasattr(numbers, "tolist") else numbers


def network_data(net: MLP, example: int | None = 0) -> dict[str, Any]:
    """Return what :func:`network` draws, as plain data: change it, or write your own.

    Parameters
    ----------
    net : MLP
        A network after a forward pass and, for gradients, a backward pass.
    example : int or None, default 0
        Whose values and gradients: those of one example, or ``None`` for the gradients of the
        whole batch. If the loss was a mean over B examples, so are the gradients: what one example
        contributes is divided by B.

    Returns
    -------
    dict
        ``inputs``: list of numbers, or ``None``. ``layers``: a list of dicts with ``weights``
        (rows are senders), ``biases``, ``z``, ``a``, ``gates``, for a whole batch ``open_in`` (in
        how many examples of how many a unit is open) and, after a backward pass,
        ``weight_gradients`` and ``bias_gradients``; what is unknown or absent is ``None``.
        ``plain`` tells layers without an activation function.

    Raises
    ------
    ValueError
        If the network has not seen an example yet, or not that many.

    Examples
    --------
    >>> from sgdexplained import MLP
    >>> net = MLP([1, 1], init=[([[2]], [1])])
    >>> net([[3]])
    [[Scalar(7)]]
    >>> data = network_data(net)
    >>> data["inputs"], data["layers"][0]["z"], data["layers"][0]["weight_gradients"]
    ([3], [7], None)
    """
    if net.layers[0].inputs is None:
        raise ValueError("the network has not seen an example yet: run a forward pass first")
    inputs = _plain(net.layers[0].inputs)
    if example is not None and not 0 <= example < len(inputs):
        raise ValueError(f"example is {example!r}, expected 0 to {len(inputs) - 1}")
    values, gradients = net.values(), net.gradients()
    layers = []
    for index, layer in enumerate(net.layers, start=1):
        senders, deltas = _plain(layer.inputs), _plain(layer.deltas)
        one: dict[str, Any] = {
            "weights": _plain(values[f"W{index}"]),
            "biases": _plain(values.get(f"b{index}")),
            "plain": layer.activation is None,
            "open_in": None,
            "weight_gradients": None,
            "bias_gradients": None,
            "z": None,
            "a": None,
            "gates": None,
        }
        if example is None:
            gates = list(zip(*_plain(layer.derivatives), strict=True))
            one["open_in"] = [(sum(g != 0 for g in unit), len(unit)) for unit in gates]
            if deltas is not None and None not in deltas[0]:
                one["weight_gradients"] = _plain(gradients[f"W{index}"])
                one["bias_gradients"] = _plain(gradients.get(f"b{index}"))
        else:
            one["z"] = _plain(layer.pre_activations)[example]
            one["a"] = _plain(layer.activations)[example]
            one["gates"] = _plain(layer.derivatives)[example]
            delta = None if deltas is None or None in deltas[example] else deltas[example]
            if delta is not None:
                one["weight_gradients"] = [[a * d + 0 for d in delta] for a in senders[example]]
                one["bias_gradients"] = [d + 0 for d in delta]
        layers.append(one)
    return {"inputs": None if example is None else inputs[example], "layers": layers}


def network(
    net: MLP | Mapping[str, Any],
    show: str = "both",
    example: int | None = 0,
    ax: Axes | None = None,
    *,
    notes: Mapping[tuple[int, int], str] | None = None,
    key: bool = True,
    digits: int = 3,
    width: float = WIDTH,
) -> Axes:
    """Draw a small network: units with pre-activation and activation, weights with their gradients.

    A unit with an activation function shows ``z | a``. Its left side is hatched and barred where
    it is shut, its right side where it is inactive: there the gradients on that side end. A line is
    as thick as its gradient is large, dashed and grey where it is exactly zero.

    Parameters
    ----------
    net : MLP or dict
        A network after a forward pass, or the plain data of :func:`network_data`.
    show : {"both", "values", "gradients"}
        The numbers on the lines: weights, gradients or both.
    example : int or None, default 0
        Whose numbers, see :func:`network_data`.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    notes : dict, optional
        A few words over a unit, by layer (0 for the inputs) and place: ``{(2, 0): "target 1"}``.
    key : bool, default True
        Whether to explain the lines below.
    digits : int, default 3
        How many significant digits of a decimal number are kept.
    width : float
        Of the drawing, in inches.

    Returns
    -------
    Axes
        One unit is one inch; y runs down.

    Raises
    ------
    ValueError
        If `show` is unknown, there are no gradients to show, or the network is too large:
        more than 5 units in a layer, or more than 4 layers.

    Examples
    --------
    >>> from sgdexplained import MLP, half_squared_error
    >>> net = MLP([2, 3, 1], init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])])
    >>> half_squared_error(net([[1, 2]]), [[1]]).backward()
    >>> ax = network(net)
    """
    data, show = _checked(net, show, example)
    units, texts, gap = _layout(data, show, digits, width)
    for (place, index), note in (notes or {}).items():
        units[place][index]["note"] = note
    layers, left = data["layers"], _overhang(units[0])
    widths = [max(unit["width"] for unit in column) for column in units]
    shares = [_shares(one, gap) for one in texts]
    heights = [_lines_height(*both) for both in zip(texts, shares, strict=True)]
    chain = all(len(column) == 1 for column in units)
    body = max(0 if chain else LOWEST, _rows_height(units), *heights)
    named = all(_fits(one, gap, show) for one in shares)
    lines = 0 if not key or show == "values" else 1 if named else 2
    ax = canvas(TOP + body + 0.05 + 0.3 * lines, width, ax)

    for column, room in zip(units, widths, strict=True):
        for index, unit in enumerate(column):
            unit["width"] = room
            unit["x"] = left + room / 2
            unit["y"] = TOP + body * (index + 0.5) / len(column)
        write(ax, left + room / 2, 0.14, column[0]["heading"], fontsize=SMALL, style="italic")
        left += room + gap
    # One scale for the whole network: equal gradients are equally wide in every layer.
    largest = 0 if show == "values" else _largest(layers)
    for index, layer in enumerate(layers):
        if named:
            _headings(ax, units[index][0]["x"] + widths[index] / 2, shares[index], gap, show)
        gradients = layer.get("weight_gradients") if show != "values" else None
        ends = _ends(units[index], units[index + 1])
        _edges(ax, ends, gradients, largest)
        for side, strings in texts[index].items():
            _numbers(ax, ends, strings, shares[index][side], gradients, side)
    for unit in (unit for column in units for unit in column):
        _unit(ax, unit, show)
    if lines:
        _key(ax, TOP + body + 0.18, width)
    if lines == 2:
        first = "weight, then gradient" if show == "both" else "gradient"
        write(ax, width / 2, TOP + body + 0.48, f"on each line: {first}", fontsize=SMALL)
    return ax


def fits(data: Mapping[str, Any]) -> bool:
    """Return whether a network is small enough to be drawn, from its :func:`network_data`.

    Examples
    --------
    >>> fits({"layers": [{"weights": [[1] * 5]}]}), fits({"layers": [{"weights": [[1] * 6]}]})
    (True, False)
    """
    layers = data["layers"]
    return max(_sizes(layers)) <= MOST_UNITS and len(layers) <= MOST_LAYERS


def _sizes(layers: Any) -> list[int]:
    return [len(layers[0]["weights"]), *(len(layer["weights"][0]) for layer in layers)]


def _layout(
    data: Mapping[str, Any], show: str, digits: int, width: float
) -> tuple[list[list[dict[str, Any]]], list[dict[str, list[list[str]]]], float]:
    """Return units by layer, texts on the lines by layer, and the way from layer to layer."""
    layers = data["layers"]
    units = [
        _input_units(data, len(layers[0]["weights"]), digits),
        *(_layer_units(layer, digits) for layer in layers),
    ]
    for unit in units[-1]:
        unit["inactive"] = False  # it sends to nobody
    texts = [_line_texts(layer, show, digits) for layer in layers]
    used = sum(max(unit["width"] for unit in column) for column in units)
    gap = (width - _overhang(units[0]) - _overhang(units[-1]) - used) / len(layers)
    needed = max(sum(_widest(strings) + 0.1 for strings in one.values()) for one in texts)
    if needed > gap and digits > 2:
        return _layout(data, show, digits - 1, width)
    return units, texts, gap


def _checked(
    net: MLP | Mapping[str, Any], show: str, example: int | None
) -> tuple[Mapping[str, Any], str]:
    """Return plain data that can be drawn and what can be shown of it, or raise ``ValueError``."""
    if show not in ("both", "values", "gradients"):
        raise ValueError(f"show is {show!r}, expected 'both', 'values' or 'gradients'")
    data = network_data(net, example) if isinstance(net, MLP) else net
    layers = data["layers"]
    if not fits(data):
        sizes = _sizes(layers)
        raise ValueError(
            f"a network of {sizes} units is too large to draw, expected at most {MOST_UNITS} "
            f"units in a layer and {MOST_LAYERS} layers of weights"
        )
    if layers[0].get("weight_gradients") is not None:
        return data, show
    if show == "gradients":
        raise ValueError("there are no gradients to show: run backward() on a loss first")
    return data, "values"


def _input_units(data: Mapping[str, Any], n: int, digits: int) -> list[dict[str, Any]]:
    values = data.get("inputs") or [None] * n
    return [
        {
            "halves": ["" if x is None else number(x, digits=digits)],
            "shut": False,
            "inactive": x == 0,
            "heading": "input",
            "width": 0.46 if x is None else max(0.46, text_width(number(x, digits=digits)) + 0.24),
        }
        for x in values
    ]


def _layer_units(layer: Mapping[str, Any], digits: int) -> list[dict[str, Any]]:
    m = len(layer["weights"][0])
    names = ("z", "a", "gates", "biases", "bias_gradients", "open_in")
    zs, activations, gates, biases, slopes, counts = (
        layer.get(name) or [None] * m for name in names
    )
    units = []
    for z, a, gate, bias, slope, count in zip(
        zs, activations, gates, biases, slopes, counts, strict=True
    ):
        halves = [""] if a is None else [number(a, digits=digits)]
        if a is not None and z is not None and not layer.get("plain"):
            halves = [number(z, digits=digits), number(a, digits=digits)]
        if count is not None and not layer.get("plain"):
            halves = [f"{count[0]} of {count[1]}"]
        half = max(0.3, *(text_width(text) + 0.18 for text in halves))
        unit = {
            "halves": halves,
            "shut": gate == 0 or (count is not None and count[0] == 0),
            "inactive": a == 0,
            "heading": "output" if layer.get("plain") else "open in" if count else "z | a",
            "width": max(0.46, len(halves) * half),
            "bias": None if bias is None else f"b {number(bias, digits=digits)}",
            "bias_gradient": slope,
            "slope": None if slope is None else number(slope, signed=True, digits=digits),
        }
        words = [word for word in ("shut", "inactive") if unit[word] and len(halves) == 2]
        unit["note"] = ", ".join(words)
        units.append(unit)
    return units


# ## Where the numbers on the lines go
#
# All lines leave a unit at its right side and enter one at its left, so at a given share of the
# way their heights are known. The numbers stand where even the closest two are far enough apart
# or, if that is nowhere, as far as can be; then they are staggered along their lines.


def _line_texts(layer: Mapping[str, Any], show: str, digits: int) -> dict[str, list[list[str]]]:
    """Return what stands near the senders (weights) and near the receivers (gradients)."""
    texts = {}
    if show != "gradients":
        texts["sender"] = [[number(w, digits=digits) for w in row] for row in layer["weights"]]
    if show != "values":
        rows = layer["weight_gradients"]
        texts["receiver"] = [[number(g, signed=True, digits=digits) for g in row] for row in rows]
    return texts


def _widest(texts: list[list[str]]) -> float:
    return max(text_width(text, weight="bold") for row in texts for text in row)


def _closest(n: int, m: int, share: float) -> float:
    """Return how close lines come at a share of the way, the height of the drawing being 1."""
    heights = sorted(
        (1 - share) * (j + 0.5) / n + share * (k + 0.5) / m for j in range(n) for k in range(m)
    )
    return min((after - before for before, after in pairwise(heights)), default=1.0)


def _shares(texts: Mapping[str, list[list[str]]], gap: float) -> dict[str, float]:
    """Return how far along the lines the numbers stand, near the senders and the receivers."""
    found = {}
    for side, strings in texts.items():
        n, m = len(strings), len(strings[0])
        half = _widest(strings) / 2
        nearest, farthest = (half + 0.07) / gap, max(0.5 - (half + 0.03) / gap, 0.3)
        spread = [nearest + (farthest - nearest) * part / 24 for part in range(25)]
        preferred = min(max(0.3, nearest), farthest)
        if side == "receiver":
            spread, preferred = [1 - share for share in spread], 1 - preferred

        def merit(
            share: float, n: int = n, m: int = m, preferred: float = preferred
        ) -> tuple[float, float]:
            return min(_closest(n, m, share), LABEL / LOWEST), -abs(share - preferred)

        found[side] = max([*spread, preferred], key=merit)
    return found


def _lines_height(texts: Mapping[str, list[list[str]]], shares: Mapping[str, float]) -> float:
    """Return how high a drawing must be for the numbers on its lines, within reason."""
    needed = []
    for side, strings in texts.items():
        n, m = len(strings), len(strings[0])
        needed.append(min(LABEL / _closest(n, m, shares[side]), HIGHEST * max(n, m)))
    return max(needed)


def _rows_height(units: list[list[dict[str, Any]]]) -> float:
    """Return how high a drawing must be for its units and what stands above and below them."""
    heights = []
    for column in units:
        bias = 0.24 if any(unit.get("bias") is not None for unit in column) else 0
        note = 0.24 if any(unit.get("note") for unit in column) else 0
        heights.append((2 * HALF + 0.2 + bias + note) * len(column))
    return max(heights)


def _overhang(column: list[dict[str, Any]]) -> float:
    """Return how far words above and below units reach out at the side of the drawing."""
    words = [
        max(
            text_width(unit.get("note") or "", SMALL),
            text_width(f"{unit.get('bias') or ''}  {unit.get('slope') or ''}", SMALL),
            text_width(unit["heading"], SMALL),
        )
        for unit in column
    ]
    widest: float = max(unit["width"] for unit in column)
    return max(0.0, max(words) - widest) / 2 + 0.05


# ## The parts of the drawing

Ends = list[list[tuple[float, float, float, float]]]


def _ends(senders: list[dict[str, Any]], receivers: list[dict[str, Any]]) -> Ends:
    """Return where each line begins and ends: x and y at its sender, x and y at its receiver."""
    return [
        [(s["x"] + s["width"] / 2, s["y"], r["x"] - r["width"] / 2, r["y"]) for r in receivers]
        for s in senders
    ]


def _largest(layers: Sequence[Mapping[str, Any]]) -> Any:
    """Return the size of the largest gradient of a weight in any layer."""
    rows = [row for layer in layers for row in layer.get("weight_gradients") or []]
    return max((abs(g) for row in rows for g in row), default=0)


def _edges(ax: Axes, ends: Ends, gradients: Any, largest: Any) -> None:
    for j, row in enumerate(ends):
        for k, (x0, y0, x1, y1) in enumerate(row):
            gradient = gradients[j][k] if gradients else None
            look: dict[str, Any] = {"color": INK, "linewidth": LINE}
            if gradient is not None:
                look["color"] = colour_of(gradient)
                look["linewidth"] += (THICK - LINE) * float(abs(gradient) / (largest or 1))
            if gradient is not None and gradient == 0:
                look |= {"linestyle": DASH, "linewidth": 1.6 * LINE}  # the point of most pictures
            ax.plot([x0, x1], [y0, y1], solid_capstyle="butt", zorder=1, **look)


def _numbers(
    ax: Axes, ends: Ends, texts: list[list[str]], share: float, gradients: Any, side: str
) -> None:
    """Write the numbers along the lines, a little farther on where one would cover another."""
    width = _widest(texts)
    tries = [0, *(sign * part / 40 for part in range(1, 9) for sign in (1, -1))]
    taken: list[tuple[float, float]] = []
    for j, row in enumerate(ends):
        for k, (x0, y0, x1, y1) in enumerate(row):
            places = [
                (x0 + (share + more) * (x1 - x0), y0 + (share + more) * (y1 - y0))
                for more in tries
                if width / 2 + 0.05 < (share + more) * (x1 - x0) < x1 - x0 - width / 2 - 0.05
            ] or [(x0 + share * (x1 - x0), y0 + share * (y1 - y0))]

            def crowd(place: tuple[float, float]) -> int:
                x, y = place
                return sum(abs(x - u) < width and abs(y - v) < LABEL - 0.03 for u, v in taken)

            place = min(places, key=crowd)
            taken.append(place)
            look: dict[str, Any] = {"halo": True, "zorder": 3}
            if side == "receiver":
                look |= {"color": colour_of(gradients[j][k]), "weight": "bold"}
                # Else a minus sign would melt into a thick line of its own colour.
                look["bbox"] = {"boxstyle": "square,pad=0.25", "fc": "white", "ec": "none"}
            write(ax, *place, texts[j][k], **look)


def _unit(ax: Axes, unit: Mapping[str, Any], show: str) -> None:
    x, y, width = unit["x"], unit["y"], unit["width"]
    x0, x1 = x - width / 2, x + width / 2
    pill: dict[str, Any] = {"boxstyle": f"round,pad=0,rounding_size={HALF}", "zorder": 4}
    outline = FancyBboxPatch((x0, y - HALF), width, 2 * HALF, fc="none", ec=INK, lw=LINE, **pill)
    outline.set_zorder(6)
    ax.add_patch(outline)
    two = len(unit["halves"]) == 2
    for side, closed in (("left", unit["shut"]), ("right", unit["inactive"])):
        start, end = (x0, x if two else x1) if side == "left" else (x if two else x0, x1)
        if closed:
            shade = Rectangle(
                (start, y - HALF), end - start, 2 * HALF, fc="none", ec=ZERO, hatch=HATCH, lw=0
            )
            ax.add_patch(shade)
            shade.set_clip_path(outline)
            edge = x0 if side == "left" else x1
            _bar(ax, edge, y)
    if two:
        ax.plot([x, x], [y - HALF, y + HALF], color=INK, linewidth=0.8, zorder=5)
    for index, text in enumerate(unit["halves"]):
        closed = unit["inactive"] if index == len(unit["halves"]) - 1 else unit["shut"]
        place = x0 + width * (index + 0.5) / len(unit["halves"])
        write(ax, place, y, text, halo=closed, zorder=7)
    if unit.get("note"):
        write(ax, x, y - HALF - 0.14, unit["note"], fontsize=SMALL, zorder=7)
    if unit.get("bias") is not None:
        _bias(ax, x, y + HALF + 0.15, unit, show)


def _bar(ax: Axes, x: float, y: float) -> None:
    """Draw a bar at the side of a unit where no gradient passes."""
    path = Path([(x, y - HALF), (x, y + HALF)], [Path.MOVETO, Path.LINETO])
    ax.add_patch(PathPatch(path, ec=INK, fc="none", lw=THICK, capstyle="butt", zorder=8))


def _bias(ax: Axes, x: float, y: float, unit: Mapping[str, Any], show: str) -> None:
    value, gradient, slope = unit["bias"], unit["slope"], unit["bias_gradient"]
    options: dict[str, Any] = {"fontsize": SMALL, "zorder": 7}
    if gradient is None or show == "values":
        write(ax, x, y, value, **options)
        return
    if show == "gradients":
        write(ax, x, y, f"b {gradient}", color=colour_of(slope), weight="bold", **options)
        return
    room = text_width(value, SMALL), text_width(gradient, SMALL, weight="bold")
    start = x - (sum(room) + 0.1) / 2
    write(ax, start, y, value, ha="left", **options)
    look: dict[str, Any] = {"color": colour_of(slope), "weight": "bold"}
    write(ax, start + room[0] + 0.1, y, gradient, ha="left", **look, **options)


def _fits(share: Mapping[str, float], gap: float, show: str) -> bool:
    """Tell whether the numbers on the lines can be named above the first of them."""
    room = gap * (share["receiver"] - share["sender"]) if show == "both" else gap
    return room > (text_width("weight", SMALL) + text_width("gradient", SMALL)) / 2 + 0.08


def _headings(ax: Axes, start: float, share: Mapping[str, float], gap: float, show: str) -> None:
    for word, side in (("weight", "sender"), ("gradient", "receiver")):
        if side in share:
            x = start + (share[side] if show == "both" else 0.5) * gap
            write(ax, x, 0.14, word, fontsize=SMALL, style="italic")


def _key(ax: Axes, y: float, width: float) -> None:
    """Explain the three kinds of line."""
    entries: list[tuple[str, dict[str, Any]]] = [
        ("gradient +", {"color": POSITIVE, "linewidth": THICK - 1}),
        (f"gradient {number(-1)[0]}", {"color": NEGATIVE, "linewidth": THICK - 1}),
        ("exactly 0", {"color": ZERO, "linewidth": LINE, "linestyle": DASH}),
    ]
    sample = 0.36
    rooms = [sample + 0.08 + text_width(text, SMALL) for text, _ in entries]
    between = min(0.4, (width - 0.1 - sum(rooms)) / 2)
    x = (width - sum(rooms) - 2 * between) / 2
    for (text, look), room in zip(entries, rooms, strict=True):
        ax.plot([x, x + sample], [y, y], solid_capstyle="butt", **look)
        write(ax, x + sample + 0.08, y, text, ha="left", fontsize=SMALL, color=look["color"])
        x += room + between
