"""Bars and curves in the style of the site."""

from __future__ import annotations

from matplotlib.ticker import MaxNLocator

from sgdexplained.draw.language import (
    HATCH,
    INK,
    LINE,
    SMALL,
    ZERO,
    figure,
    number,
    style,
    text_width,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes


def bars(
    labels: Sequence[str],
    values: Sequence[Any],
    ax: Axes | None = None,
    *,
    colours: Sequence[str] | str = INK,
    hollow: Sequence[bool] | None = None,
    texts: Sequence[str] | None = None,
    signed: bool = False,
) -> Axes:
    """Draw horizontal bars, first one at the top, with the number at the end of each.

    Parameters
    ----------
    labels : sequence of str
        What each bar is.
    values : sequence of number
        How long it is; exact zeros get a dashed tick.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    colours : str or sequence of str, default ink
        For all bars, or for each.
    hollow : sequence of bool, optional
        Which bars are only hatched outlines: what would be, but is not.
    texts : sequence of str, optional
        What to write at the ends instead of the numbers.
    signed : bool, default False
        Whether positive numbers get a plus sign.

    Returns
    -------
    Axes

    Examples
    --------
    >>> ax = bars(["first", "second"], [3, -1])
    >>> [text.get_text() for text in ax.texts]
    ['3', '−1']
    """
    if len(labels) != len(values):
        raise ValueError(f"{len(labels)} labels and {len(values)} values: expected one for each")
    if ax is None:
        _, ax = figure(0.38 * len(labels) + 0.35)
    each = [colours] * len(values) if isinstance(colours, str) else list(colours)
    empty = list(hollow) if hollow is not None else [False] * len(values)
    words = list(texts) if texts is not None else [number(v, signed=signed) for v in values]
    sizes = [float(value) for value in values]
    reach = (max(0.0, *sizes) - min(0.0, *sizes)) or 1.0
    with style():
        for row, (size, colour, is_empty, text) in enumerate(
            zip(sizes, each, empty, words, strict=True)
        ):
            look: dict[str, Any] = {"facecolor": colour, "edgecolor": colour, "linewidth": LINE}
            if is_empty:
                look = {
                    "facecolor": "none",
                    "edgecolor": ZERO,
                    "linewidth": LINE,
                    "linestyle": (0, (3.2, 2.6)),
                    "hatch": HATCH,
                }
            ax.barh(row, size, height=0.62, **look)
            # The gap is in points, so that it stays when the limits of the axes are changed.
            ax.annotate(
                text,
                (size, row),
                (5 if size >= 0 else -5, 0),
                textcoords="offset points",
                ha="left" if size >= 0 else "right",
                va="center_baseline",
                color=ZERO if is_empty or size == 0 else colour,
                fontsize=SMALL,
                fontweight="bold",
            )
    ax.set_ylim(len(values) - 0.45, -0.55)
    ax.set_yticks(range(len(values)), labels)
    ax.tick_params(left=False, bottom=False, labelbottom=False)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.axvline(0, color=INK, linewidth=0.8)
    # Room for the numbers, once it is known what the labels leave.
    fig: Any = ax.figure
    fig.draw_without_rendering()
    inches = ax.get_position().width * fig.get_size_inches()[0]
    room = max(text_width(text, SMALL, weight="bold") for text in words) + 0.12
    sides = [min(sizes) < 0, max(sizes) > 0 or not any(sizes)]
    margin = reach * room / max(inches - sum(sides) * room, 1)
    ax.set_xlim(min(0.0, *sizes) - margin * sides[0], max(0.0, *sizes) + margin * sides[1])
    return ax


def curve(
    x: Sequence[Any],
    y: Sequence[Any],
    ax: Axes | None = None,
    *,
    label: str = "",
    colour: str = INK,
    dashed: bool = False,
    marker: str = "",
) -> Axes:
    """Draw a curve with its name at its right end.

    Parameters
    ----------
    x, y : sequence of number
        The points.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    label : str, optional
        Its name, written in its colour; no legend is needed.
    colour : str, default ink
        Of the curve and the name.
    dashed : bool, default False
        Whether to dash it.
    marker : str, optional
        A mark on each point, as matplotlib names it.

    Returns
    -------
    Axes

    Examples
    --------
    >>> ax = curve([0, 1, 2], [0, 1, 4], label="square")
    """
    if ax is None:
        _, ax = figure(3.2)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
            axis.set_major_formatter(lambda value, _: number(round(value, 10)))
    with style():
        look = (0, (5, 3)) if dashed else "-"
        xs, ys = [float(one) for one in x], [float(one) for one in y]
        ax.plot(xs, ys, color=colour, linestyle=look, marker=marker, linewidth=2.2)
        if label:
            ax.annotate(
                label,
                (xs[-1], ys[-1]),
                xytext=(6, 0),
                textcoords="offset points",
                color=colour,
                fontsize=SMALL,
                va="center",
            )
    return ax


def point(
    x: Any,
    y: Any,
    ax: Axes,
    *,
    label: str = "",
    colour: str = INK,
    hollow: bool = False,
    offset: tuple[float, float] = (12, -12),
) -> Axes:
    """Mark a point of a curve and say what is there.

    Parameters
    ----------
    x, y : number
        Where.
    ax : Axes
        The axes of the curve.
    label : str, optional
        A few words.
    colour : str, default ink
        Of the mark and the words.
    hollow : bool, default False
        Whether to draw a ring instead of a dot: something is exactly zero there.
    offset : tuple of float
        From the point to the words, in points, right and up; words at the left end at it.

    Returns
    -------
    Axes

    Examples
    --------
    >>> ax = curve([0, 1, 2], [1, 0, 1])
    >>> [text.get_text() for text in point(1, 0, ax, label="flat", hollow=True).texts]
    ['flat']
    """
    with style():
        face = "white" if hollow else colour
        look: dict[str, Any] = {"markeredgecolor": colour, "markerfacecolor": face}
        ax.plot([float(x)], [float(y)], "o", markersize=9, markeredgewidth=1.6, zorder=5, **look)
        ax.annotate(
            label,
            (float(x), float(y)),
            xytext=offset,
            textcoords="offset points",
            color=colour,
            fontsize=SMALL,
            ha="left" if offset[0] > 0 else "right" if offset[0] < 0 else "center",
            va="center",
        )
    return ax
