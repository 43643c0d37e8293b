"""Maps of the weights of a large network: a square for each, coloured by why it moves or stays."""

from __future__ import annotations

from math import ceil

from matplotlib.patches import Rectangle

from sgdexplained.draw.language import (
    DERIVATIVE,
    INK,
    LINE,
    NEGATIVE,
    POSITIVE,
    SENDER,
    SMALL,
    UPSTREAM,
    WIDTH,
    alt,
    canvas,
    text_width,
    write,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from matplotlib.axes import Axes

MOST_MAPS = 8
SQUARES = 256  # across a map, at most; beyond, a square stands for several weights
TALLEST = 4.4  # inches
STRIP = 0.16  # the height of a map of a single row
LARGEST, NARROWEST = 0.16, 1.2  # inches: the height of a square, the width of a map
COLUMN, GAP = 0.3, 0.25  # inches: the width of a map of a single column, and before it
FEW, FLATTEST = 8, 0.1  # so few rows are never flatter than this, in inches
LINED = 0.08  # inches: squares of this size and more have lines between them
BESIDE = 1.9  # inches: the room for what stands beside a map, at most
MOVES = ("gradient", "memory", "decay", "memory+decay", "own rule")

# The colour says which factor is to blame; what moves stays pale.
COLOURS = {
    "gradient": "#e6ebf0",
    "memory": POSITIVE,
    "decay": "#5aa0d0",
    "memory+decay": "#00446c",
    "own rule": "#9cc8e6",
    "inactive": SENDER.colour,
    "shut": DERIVATIVE.colour,
    "saturated": "#d08bb5",
    "flat": UPSTREAM.colour,
    "closed": "#c39a3b",
    "paths cancel": "#e0c27a",
    "examples cancel": INK,
    "never together": "#5c6b9c",
    "mixed": "#6f6f6f",
    "lr 0": NEGATIVE,
}
OTHERS = ("#b84a00", "#e08a52", "#7a2e00", "#f0b48c", "#4d4d4d", "#a8a8a8")


def reason_maps(
    parameters: Sequence[tuple[str, tuple[int, ...], Any]],
    words: Sequence[str],
    said: Mapping[str, str] | None = None,
    ax: Axes | None = None,
    *,
    width: float = WIDTH,
    receivers_down: bool = False,
) -> Axes:
    """Draw a map of each parameter, its weights coloured by reason.

    A matrix has a row for each sender and a column for each receiver, or a row for each receiver,
    as in PyTorch; a bias then stands as a column beside its matrix, so that the rows of both belong
    to the same units. Where a map has more weights than can be told apart, a square stands for
    several, and shows the rarest of their reasons: so nothing rare is lost between what is
    frequent.

    Parameters
    ----------
    parameters : sequence of (name, shape, codes)
        Codes are an array or nested lists in that shape, or one int for all entries: places in
        `words`.
    words : sequence of str
        The reasons.
    said : mapping, optional
        What the key calls them.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    width : float
        Of the drawing, in inches.
    receivers_down : bool
        Whether the rows of a matrix are its receivers.

    Returns
    -------
    Axes
        One unit is one inch; y runs down. Of more than eight parameters those are drawn that have
        most entries without a gradient.

    Raises
    ------
    ValueError
        If there is no parameter to draw.

    Examples
    --------
    >>> words = ["", "gradient", "shut"]
    >>> ax = reason_maps([("W1", (2, 3), [[1, 2, 1], [1, 2, 1]]), ("b1", (3,), [1, 2, 1])], words)
    >>> ax.figure.get_label()
    'Maps of W1, b1, coloured by reason: 6 gradient, 3 shut.'

    A bias of PyTorch stands beside its weight:

    >>> maps = [("1.weight", (2, 3), [[1, 1, 1], [2, 2, 2]]), ("1.bias", (2,), [1, 2])]
    >>> ax = reason_maps(maps, words, receivers_down=True)
    >>> [image.get_array().shape[:2] for image in ax.images]
    [(2, 3), (2, 1)]
    """
    import numpy as np

    tables = [(name, shape, _matrix(shape, codes)) for name, shape, codes in parameters]
    if not tables:
        raise ValueError("there is no parameter to draw")
    everything = np.concatenate([codes.ravel() for _, _, codes in tables])
    counts = np.bincount(everything, minlength=len(words)).tolist()
    moving = words.index("gradient") if "gradient" in words else -1
    chosen = sorted(tables, key=lambda one: -int((one[2] != moving).sum()))[:MOST_MAPS]
    shown = [one for one in tables if any(one is other for other in chosen)]

    order = np.argsort([-count for count in counts], kind="stable")
    present = [code for code in order.tolist() if counts[code]]
    colours = _colours([words[code] for code in present])
    palette = np.ones((len(words), 3))
    for code in present:
        palette[code] = _rgb(colours[words[code]])
    rarity = np.argsort(order)  # the rarest has the highest rank

    rows = _rows(shown, receivers_down)
    heights = [_height(one[0][2], width) for one in rows]
    names = {word: _name(word, said) for word in colours}
    entries = [(words[code], f"{counts[code]:,} {names[words[code]]}") for code in present]
    more = len(tables) - len(shown)
    top = sum(heights) + 0.42 * len(rows) + 0.3 * (more > 0)
    ax = canvas(top + 0.28 * len(_lines(entries, width)) + 0.1, width, ax)

    y = 0.0
    for ((name, shape, codes), *beside), height in zip(rows, heights, strict=True):
        y += 0.34
        titles = [_heading(one, size, column, min(width, BESIDE)) for one, size, column in beside]
        room = max((GAP + text_width(text, SMALL) for text in titles), default=0.0)
        across = width - 0.1 - room
        if codes.shape[0] > 1:  # as wide as it is, but not a thread
            across = min(across, max(NARROWEST, height * codes.shape[1] / codes.shape[0]))
        title = _heading(name, shape, codes, width - room)
        _map(ax, codes, palette, rarity, (0.05, y, across, height))
        write(ax, 0.05, y - 0.16, title, ha="left", fontsize=SMALL)
        x = 0.05 + max(across, text_width(title, SMALL)) + GAP
        for text, (_, _, column) in zip(titles, beside, strict=True):
            _map(ax, column.T, palette, rarity, (x, y, COLUMN, height))
            write(ax, x, y - 0.16, text, ha="left", fontsize=SMALL)
        y += height + 0.08
    if more:
        write(ax, 0.05, y + 0.14, f"and {more} more parameters", ha="left", fontsize=SMALL)
        y += 0.3
    _key(ax, y + 0.2, _lines(entries, width), colours)
    listed = ", ".join(text for _, text in entries)
    alt(ax, f"Maps of {', '.join(name for name, _, _ in shown)}, coloured by reason: {listed}.")
    return ax


def _rows(tables: list[Any], receivers_down: bool) -> list[list[Any]]:
    """Put a bias beside its matrix, if the rows of the matrix are the units of the bias."""
    rows: list[list[Any]] = []
    for name, shape, codes in tables:
        if receivers_down and rows and len(shape) == 1 and len(rows[-1]) == 1:
            before, rows_of, _ = rows[-1][0]
            same = before.rpartition(".")[0] == name.rpartition(".")[0]
            if same and len(rows_of) > 1 and rows_of[0] == shape[0]:
                rows[-1].append((name, shape, codes))
                continue
        rows.append([(name, shape, codes)])
    return rows


def _name(word: str, said: Mapping[str, str] | None) -> str:
    """Return what the key calls a reason: of what moves, it says so."""
    name = (said or {}).get(word, word)
    return f"move {name}" if said and word in MOVES else name


def _matrix(shape: tuple[int, ...], codes: Any) -> Any:
    """Return codes as a matrix: a vector is a row, more axes are joined into columns."""
    import numpy as np

    table = np.broadcast_to(np.asarray(codes, dtype=np.intp), shape)
    return table.reshape(shape[0] if len(shape) > 1 else 1, -1)


def _height(codes: Any, width: float) -> float:
    rows, columns = codes.shape
    square = max((width - 0.1) / columns, FLATTEST if rows <= FEW else 0.0)
    return float(min(TALLEST, max(STRIP, min(LARGEST, square) * rows)))


def _map(
    ax: Axes, codes: Any, palette: Any, rarity: Any, place: tuple[float, float, float, float]
) -> None:
    x, y, across, height = place
    step = [max(1, ceil(length / SQUARES)) for length in codes.shape]
    squares = _rarest(codes, rarity, *step)
    limits = ax.get_xlim(), ax.get_ylim()
    ax.imshow(
        palette[squares],
        extent=(x, x + across, y + height, y),
        interpolation="nearest",
        aspect="auto",
        origin="upper",
        zorder=1,
    )
    ax.set_aspect("equal", anchor="NW")
    ax.set_xlim(limits[0])
    ax.set_ylim(limits[1])
    if max(step) == 1:
        rows, columns = codes.shape
        white: dict[str, Any] = {"color": "white", "lw": LINE / 2, "zorder": 1.5}
        if height / rows >= LINED:
            ax.hlines([y + height * row / rows for row in range(1, rows)], x, x + across, **white)
        if across / columns >= LINED:
            places = [x + across * column / columns for column in range(1, columns)]
            ax.vlines(places, y, y + height, **white)
    ax.add_patch(Rectangle((x, y), across, height, fc="none", ec=INK, lw=LINE / 2, zorder=2))


def _rarest(codes: Any, rarity: Any, down: int, right: int) -> Any:
    """Return for each block of a matrix the rarest code in it.

    Examples
    --------
    >>> import numpy as np
    >>> _rarest(np.array([[0, 0, 1], [0, 2, 1]]), np.array([0, 1, 2]), 2, 2).tolist()
    [[2, 1]]
    """
    import numpy as np

    if down == right == 1:
        return codes
    rows, columns = (
        -length % step for length, step in zip(codes.shape, (down, right), strict=True)
    )
    ranks = np.pad(rarity[codes], ((0, rows), (0, columns)), mode="edge")
    blocks = ranks.reshape(ranks.shape[0] // down, down, ranks.shape[1] // right, right)
    return np.argsort(rarity)[blocks.max(axis=(1, 3))]


def _heading(name: str, shape: tuple[int, ...], codes: Any, width: float) -> str:
    """Say what a map shows, in one line; a name that is too long loses its beginning.

    Examples
    --------
    >>> import numpy as np
    >>> heading = _heading("blocks.0.fc1.weight", (400, 2), np.zeros((400, 2)), 3.5)
    >>> heading[0], heading.endswith("weight: 400 × 2, a square is 2 × 1")
    ('…', True)
    """
    step = [max(1, ceil(length / SQUARES)) for length in codes.shape]
    size = f": {' × '.join(map(str, shape)) or 'one number'}"
    if max(step) > 1:
        size += f", a square is {step[0]} × {step[1]}"
        if text_width(f"{name}{size} weights", SMALL) < width - 0.1:
            size += " weights"
    cut = 0
    while cut < len(name) and text_width(_ending(name, cut) + size, SMALL) > width - 0.1:
        cut += 1
    return _ending(name, cut) + size


def _ending(name: str, cut: int) -> str:
    return f"…{name[cut:]}" if cut else name


def _colours(words: list[str]) -> dict[str, str]:
    """Return a colour for each word; words without one of their own get what is left."""
    others = iter(OTHERS * len(words))
    return {word: COLOURS.get(word) or next(others) for word in words}


def _rgb(colour: str) -> list[float]:
    return [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]


def _lines(entries: list[tuple[str, str]], width: float) -> list[list[tuple[str, str]]]:
    """Break the key into lines that fit."""
    lines: list[list[tuple[str, str]]] = [[]]
    used = 0.0
    for entry in entries:
        room = text_width(entry[1], SMALL) + 0.5
        if lines[-1] and used + room > width:
            lines.append([])
            used = 0.0
        lines[-1].append(entry)
        used += room
    return lines


def _key(
    ax: Axes, y: float, lines: list[list[tuple[str, str]]], colours: Mapping[str, str]
) -> None:
    for line in lines:
        x = 0.05
        for word, text in line:
            ax.add_patch(Rectangle((x, y - 0.08), 0.2, 0.16, fc=colours[word], ec=INK, lw=LINE / 2))
            write(ax, x + 0.28, y, text, ha="left", fontsize=SMALL)
            x += text_width(text, SMALL) + 0.5
        y += 0.28
