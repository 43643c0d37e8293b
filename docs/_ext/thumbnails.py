"""The small drawings on the cards of the story, each drawn for its size.

The figures of the pages would be illegible here. A drawing is 160 by 96, has hardly a word in it,
and takes its colours from the page: ink, and grey for what is exactly zero, dashed or hatched.
"""

from collections.abc import Callable, Sequence
from html import escape
from itertools import pairwise

WIDTH, HEIGHT = 160, 96
Point = tuple[float, float]


# -- Marks ---------------------------------------------------------------------------------------


def line(points: Sequence[Point], kind: str = "ink") -> str:
    """Draw a line through points: ``ink``, ``zero`` (dashed) or ``thin``."""
    through = " ".join(f"{x:g},{y:g}" for x, y in points)
    return f'<polyline class="{kind}" points="{through}"/>'


def unit(x: float, y: float, kind: str = "open", radius: float = 9) -> str:
    """Draw a unit: ``open`` (outlined), ``full`` or ``zero`` (hatched)."""
    return f'<circle class="{kind}" cx="{x:g}" cy="{y:g}" r="{radius:g}"/>'


def bar(x: float, y: float, width: float, kind: str = "full", height: float = 12) -> str:
    """Draw a bar, to the left if its width is negative."""
    left = min(x, x + width)
    return (
        f'<rect class="{kind}" x="{left:g}" y="{y:g}" width="{abs(width):g}" height="{height:g}"/>'
    )


def text(x: float, y: float, words: str, size: int = 17) -> str:
    """Write a word, centred."""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}">{escape(words)}</text>'


def arrow(start: Point, end: Point, kind: str = "ink") -> str:
    """Draw an arrow with an open head."""
    (x0, y0), (x1, y1) = start, end
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    dx, dy = 7 * (x1 - x0) / length, 7 * (y1 - y0) / length
    head = [(x1 - dx - dy, y1 - dy + dx), (x1, y1), (x1 - dx + dy, y1 - dy - dx)]
    return line([start, end], kind) + line(head, "ink")


def join(one: Point, other: Point, kind: str = "ink") -> str:
    """Draw a weight between two units."""
    return line([one, other], kind)


def curve(of: Callable[[float], float], start: float = 14, end: float = 146) -> list[Point]:
    """Give the points of a curve."""
    return [(x, of(x)) for x in (start + (end - start) * k / 40 for k in range(41))]


# -- What several drawings are made of -----------------------------------------------------------


def network(layers: Sequence[int], zero: Sequence[Point] = ()) -> str:
    """Draw a network; units named by layer and place in ``zero`` are shut, their weights dashed."""
    step = 128 / (len(layers) - 1)
    places = [
        [(16 + step * k, 48 + 30 * (j - (n - 1) / 2)) for j in range(n)]
        for k, n in enumerate(layers)
    ]
    marks = ""
    for k, (senders, receivers) in enumerate(pairwise(places)):
        for j, one in enumerate(senders):
            for i, other in enumerate(receivers):
                still = (k, j) in zero or (k + 1, i) in zero
                marks += join(one, other, "zero" if still else "ink")
    for k, column in enumerate(places):
        for j, (x, y) in enumerate(column):
            marks += unit(x, y, "zero" if (k, j) in zero else "open")
    return marks


def cells(x: float, y: float, rows: Sequence[str], size: float = 11) -> str:
    """Draw a grid of cells: ``#`` is full, anything else is empty."""
    return "".join(
        bar(x + size * j, y + size * i, size - 1.5, "full" if mark == "#" else "faint", size - 1.5)
        for i, row in enumerate(rows)
        for j, mark in enumerate(row)
    )


def dots(points: Sequence[Point], kind: str = "full", radius: float = 3) -> str:
    """Draw small discs."""
    return "".join(unit(x, y, kind, radius) for x, y in points)


def jagged(of: Callable[[float], float], rough: float) -> list[Point]:
    """Give the points of a curve that trembles."""
    return [(x, y + rough * (-1) ** k * (1 + k % 3) / 2) for k, (x, y) in enumerate(curve(of))]


# -- One for each page ---------------------------------------------------------------------------


def drawings() -> dict[int, str]:
    """Give the marks of each drawing, by the number in the name of its page."""
    factors = "".join(
        bar(x, 34, 26, kind, 26) for x, kind in [(8, "faint"), (52, "zero"), (96, "faint")]
    )
    valley = curve(lambda x: 82 - ((x - 80) / 66) ** 2 * 66)
    arrows = [(-34, -16), (30, -30), (12, 28), (44, 6), (-10, -30)]
    cloud = [(-8, -9), (6, 8), (-3, 11), (9, -4), (0, -14), (-6, 5), (4, -8)]
    return {
        1: network([2, 3, 1], zero=[(1, 1)]),
        2: factors + text(43, 53, "×") + text(87, 53, "×") + text(140, 53, "= 0"),
        3: line(valley, "thin") + arrow((38, 55), (124, 50)) + unit(34, 50, "full", 5),
        4: network([1, 1, 1])
        + arrow((134, 20), (26, 20), "thin")
        + text(80, 14, "1", 15)
        + text(48, 84, "2", 15)
        + text(112, 84, "2", 15),
        5: join((20, 20), (71, 44), "zero")
        + join((20, 76), (71, 52), "zero")
        + join((89, 48), (142, 48), "zero")
        + unit(80, 48, "zero", 13)
        + text(38, 50, "0")
        + text(118, 42, "0"),
        6: line([(12, 62), (44, 62), (70, 22)])
        + unit(28, 62, "zero", 5)
        + line([(90, 74), (104, 72), (128, 28), (148, 24)])
        + unit(116, 50, "open", 5),
        7: line([(12, 34), (96, 34), (104, 80), (148, 80)]) + unit(54, 28, "full", 6),
        8: unit(34, 48, "full", 14) + unit(126, 48, "full", 14) + join((50, 48), (110, 48), "zero"),
        9: cells(14, 14, ["#..", "...", "...", ".#."])
        + text(66, 52, "+")
        + cells(82, 14, ["...", "#..", "...", "..#"])
        + text(136, 52, "…"),
        10: text(80, 40, "g₁ + g₂ + g₃", 19)
        + line([(28, 52), (132, 52)])
        + text(80, 76, "3 ?", 19),
        11: "".join(arrow((62, 50), (62 + x, 50 + y), "thin") for x, y in arrows)
        + arrow((62, 50), (140, 50)),
        12: line(curve(lambda x: 16 + 60 * (x - 14) / 132), "zero")
        + line(jagged(lambda x: 82 - 66 * 0.955 ** (x - 14), 3)),
        13: bar(16, 24, 14) + bar(16, 54, 14) + bar(30, 54, 108, "zero"),
        14: join((20, 48), (74, 22))
        + join((86, 22), (140, 48))
        + join((20, 48), (74, 74), "zero")
        + join((86, 74), (140, 48), "zero")
        + unit(16, 48)
        + unit(144, 48)
        + unit(80, 22)
        + unit(80, 74, "zero"),
        15: line([(20, 10), (140, 86)])
        + dots([(34, 62), (50, 70), (44, 52)], "open", 5)
        + arrow((58, 62), (98, 34), "thin")
        + dots([(104, 30), (120, 38), (114, 20)], "full", 5),
        16: "".join(join((34, y), (80, 48), "thin") for y in (15, 37, 59, 81))
        + "".join(unit(28, y, "open" if y < 20 else "zero", 8) for y in (15, 37, 59, 81))
        + bar(72, 32, 18, "faint", 32)
        + arrow((92, 48), (142, 48)),
        17: line([(20, 6), (146, 90)], "thin")
        + line([(14, 80), (146, 22)], "thin")
        + line([(104, 6), (104, 90)], "thin")
        + text(28, 40, "1")
        + text(76, 26, "5")
        + text(84, 84, "9")
        + text(130, 52, "13"),
        18: text(42, 40, "× 10")
        + text(118, 40, "÷ 10")
        + unit(80, 62)
        + join((14, 62), (70, 62))
        + join((90, 62), (146, 62)),
        19: dots([(40 + 3 * x, 48 + 2 * y) for x, y in cloud])
        + arrow((74, 48), (98, 48), "thin")
        + dots([(124 + x, 48 + 0.7 * y) for x, y in cloud]),
        20: line([(14, 84), (146, 84)], "zero")
        + line(jagged(lambda x: 66 - 56 * 0.95 ** (x - 14), 4)),
        21: "".join(line([(x, 80), (x, 74)], "thin") for x in range(16, 120, 8))
        + bar(128, 14, 12, "full", 66),
        22: bar(16, 26, 4)
        + arrow((34, 32), (142, 32))
        + bar(16, 60, 60)
        + arrow((90, 66), (142, 66)),
        23: line([(14, 26), (146, 26)])
        + line([(14, 30), (146, 86)], "zero")
        + dots([(14 + 22 * k, 26) for k in range(7)])
        + dots([(14 + 22 * k, 30 + 9.3 * k) for k in range(7)], "open"),
        24: network([1, 2, 2, 2, 1], zero=[(2, 0), (2, 1)]),
        25: '<path class="faint" d="M80 48 L80 8 A40 40 0 0 1 114.6 68 Z"/>'
        '<circle class="thin" cx="80" cy="48" r="40"/>'
        + arrow((80, 48), (118, 48))
        + arrow((80, 48), (99, 15)),
        26: cells(14, 14, ["#..#.", "..#..", ".#...", "...##", "#.#.."], 12)
        + cells(90, 14, ["##...", "##...", "##...", "##...", "##..."], 12),
        27: "".join(
            bar(80, 6 + 14 * k, 14 * w, "full", 10) for k, w in enumerate((-4, -2, 1, -1, 2, 4))
        )
        + line([(80, 2), (80, 94)], "thin"),
        28: cells(14, 20, ["###"], 16)
        + cells(14, 60, ["#"], 16)
        + arrow((70, 28), (104, 44))
        + arrow((40, 68), (104, 52))
        + unit(122, 48, "full"),
    }


def drawing(number: int) -> str:
    """Give the drawing of a page as SVG; it is decoration, since its card says what the page asks.

    Raises
    ------
    KeyError
        If there is none for a page of this number.
    """
    return (
        f'<svg class="story-drawing" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        f"{drawings()[number]}</svg>"
    )
