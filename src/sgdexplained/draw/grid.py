"""Weights as a grid: a row for each sender, a column for each receiver."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from matplotlib.patches import Rectangle

from sgdexplained.draw.language import (
    DERIVATIVE,
    GRID,
    HATCH,
    INK,
    SENDER,
    SMALL,
    TEXT,
    UPSTREAM,
    WIDTH,
    ZERO,
    canvas,
    colour_of,
    matrix_of,
    number,
    subscript,
    text_width,
    write,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from matplotlib.axes import Axes

    from sgdexplained.draw.language import Factor

MOST_CELLS = 12
CELL = 0.44  # height of a cell, in inches
FAINT, FULL = 0.12, 0.42  # how strong the colour of a cell is, for the smallest and the largest


@dataclass
class _Panel:
    """One grid: a text and a fill (a colour and its strength) for each cell."""

    texts: list[list[str]]
    fills: list[list[tuple[str, float] | None]]
    zeros: list[list[bool]]
    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    heading: str = ""
    colour: str = INK
    sign: str = ""
    size: float = TEXT
    cell: float = field(init=False)
    label: float = field(init=False)

    def __post_init__(self) -> None:
        n, m = len(self.texts), len(self.texts[0])
        if max(n, m) > MOST_CELLS:
            raise ValueError(
                f"a grid of {n} by {m} is too large to read, expected at most {MOST_CELLS} each way"
            )
        for names, expected, what in ((self.rows, n, "row"), (self.columns, m, "column")):
            if names and len(names) != expected:
                raise ValueError(f"{len(names)} {what} labels for {expected} {what}s")
        words = [text for row in self.texts for text in row]
        self.cell = max(0.52, *(text_width(text, self.size) + 0.18 for text in words))
        self.cell = max(self.cell, *(text_width(c, SMALL) + 0.1 for c in self.columns), 0)
        self.label = max((text_width(row, SMALL) + 0.12 for row in self.rows), default=0.0)

    @property
    def left(self) -> float:
        return self.label + (0.34 if self.sign else 0)

    @property
    def width(self) -> float:
        heading = text_width(self.heading, SMALL)
        return self.left + max(self.cell * len(self.texts[0]), heading)

    @property
    def top(self) -> float:
        return (0.3 if self.heading else 0) + (0.28 if self.columns else 0)

    @property
    def height(self) -> float:
        return self.top + CELL * len(self.texts)

    def draw(self, ax: Axes, x: float, y: float) -> None:
        n, m = len(self.texts), len(self.texts[0])
        x0, y0 = x + self.left, y + self.top
        if self.heading:
            look: dict[str, Any] = {"fontsize": SMALL, "color": self.colour, "style": "italic"}
            write(ax, x0, y + 0.13, self.heading, ha="left", **look)
        if self.sign:
            write(ax, x + 0.17, y0 + CELL * n / 2, self.sign, fontsize=TEXT + 5)
        for j in range(n):
            for k in range(m):
                self._cell(ax, x0 + k * self.cell, y0 + j * CELL, j, k)
        for j, name in enumerate(self.rows):
            write(ax, x0 - 0.1, y0 + (j + 0.5) * CELL, name, ha="right", fontsize=SMALL)
        for k, name in enumerate(self.columns):
            write(ax, x0 + (k + 0.5) * self.cell, y0 - 0.14, name, fontsize=SMALL)

    def _cell(self, ax: Axes, x: float, y: float, j: int, k: int) -> None:
        fill, zero, text = self.fills[j][k], self.zeros[j][k], self.texts[j][k]
        if fill and not zero:
            ax.add_patch(Rectangle((x, y), self.cell, CELL, fc=fill[0], alpha=fill[1], lw=0))
        look: dict[str, Any] = {"fc": "none", "lw": 0.9, "ec": ZERO}
        if zero:
            ax.add_patch(Rectangle((x, y), self.cell, CELL, fc="none", ec=GRID, lw=0, hatch=HATCH))
        ax.add_patch(Rectangle((x, y), self.cell, CELL, **look))
        middle = x + self.cell / 2, y + CELL / 2
        look = {"fontsize": self.size, "color": ZERO if zero else INK}
        write(ax, *middle, text, halo=zero, **look)


def _flow(panels: Sequence[_Panel], ax: Axes | None, width: float, per_row: int = 99) -> Axes:
    """Lay panels out from left to right, and below when a row is full."""
    lines: list[list[_Panel]] = [[]]
    for panel in panels:
        used = sum(one.width + 0.25 for one in lines[-1])
        if lines[-1] and (used + panel.width > width - 0.1 or len(lines[-1]) == per_row):
            lines.append([])
        lines[-1].append(panel)
    heights = [max(panel.height for panel in line) for line in lines]
    ax = canvas(sum(heights) + 0.22 * (len(lines) - 1) + 0.1, width, ax)
    y = 0.05
    for line, height in zip(lines, heights, strict=True):
        x = 0.06
        for panel in line:
            panel.draw(ax, x, y)
            x += panel.width + 0.25
        y += height + 0.22
    return ax


def _signed(matrix: list[list[Any]], scale: Any = None, **names: Any) -> _Panel:
    """Return a panel of gradients: blue above zero, vermilion below, hatched at zero."""
    largest = scale or max(abs(value) for row in matrix for value in row) or 1
    return _Panel(
        texts=[[number(value, signed=True) for value in row] for row in matrix],
        fills=[[(colour_of(value), _strength(value, largest)) for value in row] for row in matrix],
        zeros=[[value == 0 for value in row] for row in matrix],
        **names,
    )


def _film(matrix: list[list[Any]], factor: Factor, **names: Any) -> _Panel:
    """Return a panel that shows one factor over all weights."""
    largest = max(abs(value) for row in matrix for value in row) or 1
    return _Panel(
        texts=[[number(value) for value in row] for row in matrix],
        fills=[[(factor.colour, _strength(value, largest)) for value in row] for row in matrix],
        zeros=[[value == 0 for value in row] for row in matrix],
        heading=f"{factor.mark} {factor.name}",
        colour=factor.colour,
        **names,
    )


def _strength(value: Any, largest: Any) -> float:
    return FAINT + (FULL - FAINT) * float(abs(value) / largest)


def _default_names(n: int, m: int) -> tuple[list[str], list[str]]:
    return [f"from {j + 1}" for j in range(n)], [f"to {k + 1}" for k in range(m)]


def weight_grid(
    matrix: Any,
    ax: Axes | None = None,
    *,
    kind: str = "gradients",
    after: Any = None,
    gradients: Any = None,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    heading: str = "",
    scale: Any = None,
    width: float = WIDTH,
) -> Axes:
    """Draw a matrix as a grid of senders (rows) by receivers (columns), with all its numbers.

    Parameters
    ----------
    matrix : array_like, shape (n, m)
        Gradients, or the weights themselves.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    kind : {"gradients", "values"}
        Gradients are coloured by sign and hatched where they are exactly zero; values are not.
    after : array_like, shape (n, m), optional
        The weights after a step, if `matrix` holds those before: a cell shows both, and is hatched
        where the weight has not moved.
    gradients : array_like, shape (n, m), optional
        With `after`: the gradients that made the step, whose signs colour the cells.
    rows, columns : sequence of str, optional
        Names of senders and receivers; an empty list for none.
    heading : str, optional
        A few words above the grid.
    scale : number, optional
        The size of a gradient that gets the full tint; the largest in the grid if not given. Grids
        that are compared need the same.
    width : float
        Of the drawing, in inches.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the matrices do not fit together, are too large to read, or `kind` is unknown.

    Examples
    --------
    >>> ax = weight_grid([[1, 0, -1], [2, 0, -2]], rows=["x₁ = 1", "x₂ = 2"])
    >>> [text.get_text() for text in ax.texts][:3]
    ['+1', '0', '−1']
    """
    if kind not in ("gradients", "values"):
        raise ValueError(f"kind is {kind!r}, expected 'gradients' or 'values'")
    cells = matrix_of(matrix)
    from_names, to_names = _default_names(len(cells), len(cells[0]))
    names: dict[str, Any] = {
        "rows": from_names if rows is None else rows,
        "columns": to_names if columns is None else columns,
        "heading": heading,
    }
    if after is not None:
        panel = _moved(cells, matrix_of(after), gradients, scale, **names)
    elif kind == "gradients":
        panel = _signed(cells, scale, **names)
    else:
        panel = _Panel(
            texts=[[number(value) for value in row] for row in cells],
            fills=[[None] * len(row) for row in cells],
            zeros=[[False] * len(row) for row in cells],
            **names,
        )
    return _flow([panel], ax, width)


def _moved(
    before: list[list[Any]], after: list[list[Any]], gradients: Any, scale: Any, **names: Any
) -> _Panel:
    """Return a panel with the old and the new value of each weight."""
    tints = matrix_of(gradients) if gradients is not None else None
    for other in (after, tints or before):
        if [len(row) for row in other] != [len(row) for row in before]:
            raise ValueError("the matrices before and after, and of gradients, differ in shape")
    pairs = [list(zip(*both, strict=True)) for both in zip(before, after, strict=True)]
    largest = scale or max((abs(g) for row in tints or [] for g in row), default=0) or 1
    fills: list[list[tuple[str, float] | None]] = [[None] * len(row) for row in before]
    if tints:
        fills = [[(colour_of(g), _strength(g, largest)) for g in row] for row in tints]
    return _Panel(
        texts=[
            [number(old) if old == new else f"{number(old)} → {number(new)}" for old, new in row]
            for row in pairs
        ],
        fills=fills,
        zeros=[[old == new for old, new in row] for row in pairs],
        size=SMALL,
        **names,
    )


def step(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    ax: Axes | None = None,
    *,
    width: float = WIDTH,
) -> Axes:
    """Draw every weight and bias of a network before and after a step.

    Parameters
    ----------
    before, after : dict
        What ``net.values()`` gives: ``W1``, ``b1``, ``W2`` and so on. A network of Tensors gives
        the arrays themselves, which a step changes, so keep copies. The colours are those of
        the gradients with which SGD takes this step: what went down is blue, because its gradient
        is positive, and what went up is vermilion.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    width : float
        Of the drawing, in inches.

    Returns
    -------
    Axes

    Examples
    --------
    >>> before = {"W1": [[1, 1]], "b1": [0, 0]}
    >>> ax = step(before, {"W1": [[0.5, 1]], "b1": [-0.5, 0]})
    >>> [text.get_text() for text in ax.texts][1:5]
    ['1 → 0.5', '1', '0 → −0.5', '0']
    """
    panels = []
    layers = range(1, 1 + sum(name.startswith("W") for name in before))
    old, new = ([_with_bias(source, index) for index in layers] for source in (before, after))
    pulls = [_differences(*both) for both in zip(new, old, strict=True)]
    # One scale for all layers: the same tint is the same move.
    scale = max(abs(value) for stack in pulls for row in stack for value in row)
    for index, stacks in enumerate(zip(old, new, pulls, strict=True), start=1):
        n, m = len(matrix_of(before[f"W{index}"])), len(stacks[0][0])
        sender = "x" if index == 1 else "a"
        rows = [subscript(sender, j) if n > 1 else sender for j in range(n)]
        rows += ["b"] if len(stacks[0]) > n else []
        names = ["W", "b"] if "b" in rows else ["W"]
        panels.append(
            _moved(
                *stacks,
                scale,
                rows=rows,
                columns=["to output"]
                if index == len(layers) and m == 1
                else [f"to unit {k + 1}" for k in range(m)],
                heading=" and ".join(subscript(name, index - 1) for name in names),
            )
        )
    return _flow(panels, ax, width)


def _differences(before: list[list[Any]], after: list[list[Any]]) -> list[list[Any]]:
    """Return how much larger each number is after than before."""
    if [len(row) for row in before] != [len(row) for row in after]:
        raise ValueError("the matrices before and after differ in shape")
    pairs = (zip(*both, strict=True) for both in zip(before, after, strict=True))
    return [[new - old for old, new in row] for row in pairs]


def _with_bias(source: Mapping[str, Any], index: int) -> list[list[Any]]:
    bias = source.get(f"b{index}")
    return matrix_of(source[f"W{index}"]) + ([] if bias is None else matrix_of([bias]))


def factors(
    senders: Sequence[Any],
    derivatives: Sequence[Any],
    upstream: Sequence[Any],
    ax: Axes | None = None,
    *,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    width: float = WIDTH,
) -> Axes:
    """Draw the one product, activation × derivative × upstream, as three films over the weights.

    Parameters
    ----------
    senders : sequence of n numbers
        The activation of each sender: one number for each row of the weights.
    derivatives, upstream : sequence of m numbers
        Of each receiver: one number for each column.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    rows, columns : sequence of str, optional
        Names of senders and receivers.
    width : float
        Of the drawing, in inches.

    Returns
    -------
    Axes

    Examples
    --------
    >>> ax = factors(senders=[1, 2], derivatives=[1, 0, 1], upstream=[1, 2, -1])
    """
    n, m = len(senders), len(derivatives)
    if len(upstream) != m:
        raise ValueError(f"{m} derivatives and {len(upstream)} upstream signals: expected one each")
    from_names, to_names = _default_names(n, m)
    names: dict[str, Any] = {
        "rows": from_names if rows is None else rows,
        "columns": to_names if columns is None else columns,
    }
    product = [[a * d * u + 0 for d, u in zip(derivatives, upstream, strict=True)] for a in senders]
    below = {"columns": names["columns"]}
    panels = [
        _film([[a] * m for a in senders], SENDER, **names),
        _film([list(derivatives) for _ in senders], DERIVATIVE, sign="×", **below),
        _film([list(upstream) for _ in senders], UPSTREAM, sign="×", **below),
        _signed(product, heading="gradient", sign="=", **below),
    ]
    # Under the first film, so that the four stand in two rows of two.
    panels[2].rows = [""] * n
    panels[2].label = max(0.0, panels[0].label - 0.34)
    panels[0].cell = panels[2].cell = max(panels[0].cell, panels[2].cell)
    return _flow(panels, ax, width, per_row=2)


def batch_stack(
    senders: Any,
    deltas: Any,
    ax: Axes | None = None,
    *,
    reduction: str = "mean",
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    width: float = WIDTH,
) -> Axes:
    """Draw the gradient of each example, activation times delta, and their mean or sum.

    Parameters
    ----------
    senders : array_like, shape (B, n)
        Activations of the senders, one row an example.
    deltas : array_like, shape (B, m)
        Deltas of the receivers, of each example alone (before any division by B).
    ax : Axes, optional
        Where to draw; a new figure if not given.
    reduction : {"mean", "sum"}
        What the batch makes of them.
    rows, columns : sequence of str, optional
        Names of senders and receivers.
    width : float
        Of the drawing, in inches.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there is not one row of deltas for each row of activations, or `reduction` is unknown.

    Examples
    --------
    >>> ax = batch_stack([[1, 2], [2, 1]], [[1, 0], [3, 6]])
    >>> [text.get_text() for text in ax.texts][-4:]
    ['+7/2', '+6', '+5/2', '+3']
    """
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is {reduction!r}, expected 'mean' or 'sum'")
    said, errors = matrix_of(senders), matrix_of(deltas)
    if len(said) != len(errors):
        raise ValueError(f"{len(said)} rows of activations and {len(errors)} of deltas")
    products = [
        [[a * d + 0 for d in delta] for a in row] for row, delta in zip(said, errors, strict=True)
    ]
    count = len(products)
    total = [
        [sum(cells) for cells in zip(*lines, strict=True)] for lines in zip(*products, strict=True)
    ]
    result = (
        [[_over(value, count) for value in row] for row in total] if reduction == "mean" else total
    )
    largest = max(abs(value) for one in products for row in one for value in row) or 1
    names: dict[str, Any] = {"rows": rows or (), "columns": columns or ()}
    panels = [
        _signed(one, largest, heading=f"example {index}", **names)
        for index, one in enumerate(products, start=1)
    ]
    heading = f"{reduction} of the {count}"
    panels.append(_signed(result, largest, heading=heading, sign="=", **names))
    return _flow(panels, ax, width)


def _over(value: Any, count: int) -> Any:
    return Fraction(value, count) if isinstance(value, int | Fraction) else value / count
