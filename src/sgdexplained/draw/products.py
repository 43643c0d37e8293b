"""The one product of each weight: activation × derivative × upstream = gradient, a line each."""

from __future__ import annotations

from matplotlib.patches import Rectangle

from sgdexplained.draw.language import (
    DERIVATIVE,
    GRID,
    HATCH,
    INK,
    SENDER,
    SMALL,
    UPSTREAM,
    WIDTH,
    ZERO,
    canvas,
    colour_of,
    number,
    text_width,
    write,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes

FACTORS = (SENDER, DERIVATIVE, UPSTREAM)
HIGH, BETWEEN = 0.4, 0.1  # height of a line and room between two, in inches
SIGN, MARGIN, HEADING = 0.26, 0.06, 0.3
STRENGTH = 0.26  # of the colour of a cell
MOST_LINES = 12


def products(
    lines: Sequence[tuple[str, Any, Any, Any]],
    ax: Axes | None = None,
    *,
    width: float = WIDTH,
) -> Axes:
    """Draw for each weight its three factors and their product; a factor of zero is hatched.

    Parameters
    ----------
    lines : sequence of (str, number, number, number)
        A short name of the weight, the activation of its sender (1 for a bias), the derivative of
        its receiver, and the upstream gradient there.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    width : float
        Of the drawing, in inches.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there are no lines, or more than 12.

    Examples
    --------
    >>> ax = products([("x₁ → 2", 1, 0, 2), ("2 → output", 0, 1, 1)])
    >>> [text.get_text() for text in ax.texts][-4:]
    ['×', '1', '=', '0']
    """
    if not 0 < len(lines) <= MOST_LINES:
        raise ValueError(f"there are {len(lines)} lines, expected 1 to {MOST_LINES}")
    headings = [f"{factor.mark} {factor.name}" for factor in FACTORS] + ["gradient"]
    colours = [factor.colour for factor in FACTORS] + [INK]
    names = max(text_width(name, SMALL) for name, *_ in lines) + 0.12
    cell = (width - 2 * MARGIN - names - 3 * SIGN) / 4
    starts = [MARGIN + names + place * (cell + SIGN) for place in range(4)]
    ax = canvas(HEADING + len(lines) * (HIGH + BETWEEN), width, ax)
    for x, heading, colour in zip(starts, headings, colours, strict=True):
        look: dict[str, Any] = {"fontsize": SMALL, "color": colour, "style": "italic"}
        write(ax, x + cell / 2, 0.13, heading, **look)
    for row, (name, *factors) in enumerate(lines):
        y = HEADING + row * (HIGH + BETWEEN)
        write(ax, MARGIN, y + HIGH / 2, name, ha="left", fontsize=SMALL)
        result = factors[0] * factors[1] * factors[2] + 0
        tints = [*colours[:3], colour_of(result)]
        for place, (value, tint) in enumerate(zip([*factors, result], tints, strict=True)):
            if place:
                sign = "=" if place == 3 else "×"
                write(ax, starts[place] - SIGN / 2, y + HIGH / 2, sign)
            _cell(ax, starts[place], y, cell, number(value, signed=place == 3), value == 0, tint)
    return ax


def _cell(ax: Axes, x: float, y: float, width: float, text: str, zero: bool, tint: str) -> None:
    fill: dict[str, Any] = {"fc": tint, "alpha": STRENGTH, "lw": 0}
    if zero:
        fill = {"fc": "none", "ec": GRID, "lw": 0, "hatch": HATCH}
    ax.add_patch(Rectangle((x, y), width, HIGH, **fill))
    ax.add_patch(Rectangle((x, y), width, HIGH, fc="none", ec=ZERO, lw=0.9))
    look: dict[str, Any] = {"color": ZERO if zero else INK, "halo": zero}
    write(ax, x + width / 2, y + HIGH / 2, text, **look)
