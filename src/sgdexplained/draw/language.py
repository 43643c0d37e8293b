"""The visual language: what each colour, dash and mark means, and how numbers are written.

Blue and vermilion tell the sign of what a figure shows, a gradient or a move.

============== ============================== ==========================================
meaning        colour                         and, for those who do not see the colour
============== ============================== ==========================================
value          ink                            a plain number
above zero     blue                           a plus sign, a solid line
below zero     vermilion                      a minus sign, a solid line
exactly zero   grey                           0, a dashed line, a hatched cell
activation     green                          a disc
derivative     purple                         a triangle that rises, like relu
upstream       amber                          a triangle that points back
============== ============================== ==========================================

The inks keep their contrast on white and, turned by ``invert(0.925) hue-rotate(180deg)``, on black.
Figures are as narrow as their type allows, so that it can be read on a phone.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import isfinite

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.cbook import is_math_text
from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from matplotlib.figure import Figure

INK = "#1f2328"
"""Colour of text, axes and outlines."""
POSITIVE = "#0067a3"
"""Colour of a gradient, or a move, above zero."""
NEGATIVE = "#b84a00"
"""Colour of a gradient, or a move, below zero."""
ZERO = "#6f6f6f"
"""Colour of what is exactly zero; its lines are dashed, its cells hatched."""
GRID = "#d4d4d4"
"""Colour of lines that only guide the eye."""


@dataclass(frozen=True)
class Factor:
    """One of the three factors of a weight's gradient: its name, colour and mark."""

    name: str
    colour: str
    mark: str


SENDER = Factor("activation", "#007a5a", "●")
"""The activation of the sender."""
DERIVATIVE = Factor("derivative", "#9b3d79", "◢")
"""The derivative of the receiver's activation function."""
UPSTREAM = Factor("upstream", "#8a6000", "◀")
"""What comes back to the receiver from the layer ahead."""

WIDTH = 5.4
"""Width of a figure in inches."""
TEXT, SMALL, TITLE = 15.0, 13.5, 17.0
"""Sizes of type in points; on a phone 390 pixels wide, SMALL comes out at 12 pixels."""
TITLE_NAME = "title-of-figure"
"""Name of the title in an SVG file: a web page may take it out, and set it as text."""
LINE, THICK = 1.3, 4.5
DASH = (0, (3.2, 2.6))
HATCH = "////"
MINUS = "\N{MINUS SIGN}"

STYLE: dict[str, Any] = {
    "font.family": ["STIXGeneral", "DejaVu Sans"],
    "font.size": TEXT,
    "mathtext.fontset": "stix",
    "text.color": INK,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.constrained_layout.h_pad": 0.08,
    "axes.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": TEXT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": TEXT,
    "axes.unicode_minus": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "lines.linewidth": 2.2,
    "lines.solid_capstyle": "round",
    "hatch.linewidth": 0.7,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw with the type and lines of this site, inside a ``with`` block.

    Examples
    --------
    >>> with style():
    ...     fig, ax = plt.subplots(figsize=(WIDTH, 3))
    """
    with mpl.rc_context(STYLE):  # type: ignore[arg-type, unused-ignore]
        yield
        interactive = mpl.is_interactive()
    # A notebook becomes interactive with its first figure. Leaving the context would undo that, and
    # the second figure would never be shown.
    mpl.interactive(interactive)


def figure(
    height: float, width: float = WIDTH, rows: int = 1, columns: int = 1, **options: Any
) -> tuple[Figure, Any]:
    """Return a figure and its axes, in the style of the site.

    Parameters
    ----------
    height, width : float
        Size in inches, before a title is put on top.
    rows, columns : int, default 1
        How many axes.
    **options
        For ``matplotlib.pyplot.subplots``.

    Returns
    -------
    Figure, and Axes or an array of them

    Examples
    --------
    >>> fig, (left, right) = figure(2.5, columns=2, sharey=True)
    """
    with style():
        return plt.subplots(rows, columns, figsize=(width, height), **options)


def show() -> None:
    """Show all figures in windows: the last line of a script that runs alone."""
    plt.show()


def canvas(height: float, width: float, ax: Axes | None) -> Axes:
    """Return axes without frame in which one unit is one inch, the origin at the top left."""
    if ax is None:
        with style():
            fig = plt.figure(figsize=(width, height), layout="none")
            ax = fig.add_axes((0, 0, 1, 1))
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    ax.set_aspect("equal", anchor="NW")
    ax.axis("off")
    return ax


def number(value: Any, *, signed: bool = False, digits: int = 3) -> str:
    """Write a number as the figures do.

    Parameters
    ----------
    value : number
        Whole numbers lose their ``.0``, fractions stay fractions.
    signed : bool, default False
        Whether a positive number gets a plus sign.
    digits : int, default 3
        How many significant digits of a decimal number are kept.

    Returns
    -------
    str
        Only what is exactly zero is written as 0.

    Examples
    --------
    >>> number(3.0), number(-0.0), number(0.25), number(Fraction(-1, 2)), number(2, signed=True)
    ('3', '0', '0.25', '−1/2', '+2')
    >>> number(1e-7), number(float("inf"))
    ('1e−7', '∞')
    """
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, Fraction):
        text = str(abs(value))
    elif abs(value) == float("inf"):
        text = "∞"
    elif isfinite(value) and value == int(value) and abs(value) < 1e5:
        text = str(abs(int(value)))
    else:
        text = f"{abs(value):.{digits}g}".replace("e-0", "e-").replace("e+0", "e")
        text = text.replace("-", MINUS)
    return (MINUS if value < 0 else "+" if signed and value > 0 else "") + text


def colour_of(gradient: Any) -> str:
    """Return the colour of a gradient, by its sign."""
    return POSITIVE if gradient > 0 else NEGATIVE if gradient < 0 else ZERO


def write(ax: Axes, x: float, y: float, text: str, *, halo: bool = False, **options: Any) -> Text:
    """Write a word or a number into a drawing; a halo keeps it clear of the lines behind."""
    look: dict[str, Any] = {"ha": "center", "va": "center_baseline", "fontsize": TEXT, "color": INK}
    with style():
        label = ax.text(x, y, text, **(look | options))
    if halo:
        label.set_path_effects([withStroke(linewidth=6.5, foreground="white")])
    return label


@cache
def text_width(text: str, fontsize: float = TEXT, **font: Any) -> float:
    """Return how wide a text will be, in inches."""
    if not text.strip():
        return 0.0
    with style():
        properties = FontProperties(family=STYLE["font.family"], size=fontsize, **font)
        width, *_ = text_to_path.get_text_width_height_descent(
            text, properties, ismath=is_math_text(text)
        )
    return float(width) / 72


def wrapped(sentence: str, width: float, fontsize: float, **options: Any) -> str:
    """Break a sentence into lines that are at most `width` inches wide."""
    lines = [""]
    for word in sentence.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, fontsize, **options) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def title(place: Figure | Axes, sentence: str) -> None:
    """Put a sentence over a figure or over one of several axes, left-aligned and wrapped.

    A figure grows by the height of its title, so that the drawing keeps its size.

    Parameters
    ----------
    place : Figure or Axes
        Where; axes that are alone in their figure stand for the figure.
    sentence : str
        What the picture shows, with its full stop.

    Examples
    --------
    >>> fig, ax = figure(2)
    >>> title(ax, "Nothing is drawn yet.")
    >>> fig.get_suptitle()
    'Nothing is drawn yet.'
    """
    if isinstance(place, Axes):
        fig: Any = place.figure
        if len(fig.axes) > 1:
            room = place.get_position().width * fig.get_size_inches()[0]
            with style():
                place.set_title(wrapped(sentence, room, TEXT), fontsize=TEXT, color=INK)
            return
    else:
        fig = place
    width, height = fig.get_size_inches()
    margin = 0.06
    # On a coarse grid of pixels bold letters are set up to a twentieth wider than they are drawn.
    text = wrapped(sentence, 0.95 * (width - 2 * margin), TITLE, weight="bold")
    grown = title_height(text.count("\n") + 1)
    place_of: dict[str, float] = {"x": margin / width}
    if fig.get_layout_engine() is None:
        # A layout engine would make room; a drawing to scale has none, and moves down.
        for ax in fig.axes:
            box = ax.get_position(original=True)
            share = height / (height + grown)
            ax.set_position((box.x0, box.y0 * share, box.width, box.height * share))
        place_of["y"] = 1 - margin / (height + grown)
    fig.set_size_inches(width, height + grown)
    look = {"fontsize": TITLE, "fontweight": "bold", "color": INK, "linespacing": 1.1}
    with style():
        fig.suptitle(text, ha="left", va="top", gid=TITLE_NAME, **place_of, **look)


def title_height(lines: int) -> float:
    """Return by how many inches a title of so many lines makes a figure higher."""
    return lines * TITLE * 1.22 / 72 + 0.16


def alt(place: Figure | Axes, text: str) -> None:
    """Say in words what a figure shows, for those who cannot see it.

    It is the last thing said of a figure, so here words that were written into it with matplotlib
    alone also get the type of the site, and a size that can be read on a phone.

    Parameters
    ----------
    place : Figure or Axes
        The figure, or axes in it.
    text : str
        One to three sentences.

    Examples
    --------
    >>> fig, ax = figure(2)
    >>> alt(ax, "An empty frame.")
    >>> fig.get_label()
    'An empty frame.'
    """
    fig: Any = place.figure if isinstance(place, Axes) else place
    fig.set_label(" ".join(text.split()))
    for words in fig.findobj(Text):
        words.set_fontfamily(STYLE["font.family"])
        words.set_fontsize(max(SMALL, words.get_fontsize()))


def subscript(letter: str, index: int) -> str:
    """Return a letter with its index, counted from 0, as readers count, from 1."""
    return letter + str(index + 1).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def matrix_of(numbers: Any) -> list[list[Any]]:
    """Return numbers as a list of rows, or raise ``ValueError``."""
    rows: Sequence[Any] = numbers.tolist() if hasattr(numbers, "tolist") else numbers
    rows = [row.tolist() if hasattr(row, "tolist") else row for row in rows]
    matrix = [list(row) if hasattr(row, "__iter__") else [] for row in rows]
    if not matrix or not matrix[0] or len({len(row) for row in matrix}) > 1:
        raise ValueError(f"expected a matrix, a list of rows of the same length; got {numbers!r}")
    return matrix
