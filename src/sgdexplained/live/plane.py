"""Draw the plane of the inputs: which units are open where, and the examples in it.

The engine is asked point by point. The hidden layer is one line of weights for each unit, so the
places where the same units are open form a piece without holes or bays, a *linear region*.
"""

from __future__ import annotations

from functools import lru_cache

from sgdexplained.live.markup import tag, text_of
from sgdexplained.live.state import network
from sgdexplained.reasons import activation_derivative

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sgdexplained.live.run import Ran
    from sgdexplained.live.state import Example, State

REACH = 4  # the plane shows features from -REACH to REACH
CELLS = 32  # so many points in a row are asked
SIDE = 256
FEWEST = 24  # points of a region that has room for its label


def to_plane(feature: float) -> float:
    """Return where a feature lies on the drawing, from the left or from below."""
    return SIDE * (feature + REACH) / (2 * REACH)


def from_share(share: float) -> float:
    """Return the feature at a share of the width, on the grid of quarters.

    Examples
    --------
    >>> from_share(0.5), from_share(0.0), from_share(2.0), from_share(0.56)
    (0, -4, 4, 0.5)
    """
    quarters = round((min(max(share, 0), 1) * 2 - 1) * REACH * 4)
    return quarters // 4 if quarters % 4 == 0 else quarters / 4


@lru_cache(maxsize=64)
def open_units(weights: tuple[float, ...]) -> tuple[tuple[int, ...], ...]:
    """Ask the engine at every point which units are open: one bit for each unit.

    Examples
    --------
    >>> from sgdexplained.live.state import START
    >>> rows = open_units(START)
    >>> len(rows), len(rows[0]), rows[0][0], rows[-1][-1]
    (32, 32, 0, 6)
    """
    middle = [REACH * ((2 * i + 1) / CELLS - 1) for i in range(CELLS)]
    layer = network(weights).layers[0]
    layer([[x1, -x2] for x2 in middle for x1 in middle])
    sets = [
        sum(1 << k for k, slope in enumerate(slopes) if slope)
        for slopes in activation_derivative(layer)
    ]
    return tuple(tuple(sets[i : i + CELLS]) for i in range(0, len(sets), CELLS))


def regions(weights: tuple[float, ...], examples: tuple[Example, ...] = ()) -> str:
    """Colour the plane by which units are open, and write their numbers into each region.

    Where a dot is in the way, the numbers stand above it or below it.
    """
    dots = [(to_plane(x1), SIDE - to_plane(x2)) for x1, x2, _ in examples]
    size = SIDE // CELLS
    paths: dict[int, list[str]] = {}
    places: dict[int, list[tuple[int, int]]] = {}
    for i, row in enumerate(open_units(weights)):
        start = 0
        for j in range(CELLS):
            places.setdefault(row[j], []).append((i, j))
            if j + 1 == CELLS or row[j + 1] != row[j]:
                wide = size * (j + 1 - start)
                paths.setdefault(row[j], []).append(
                    f"M{size * start} {size * i}h{wide}v{size}h-{wide}z"
                )
                start = j + 1
    drawn = [
        tag("path", d="".join(path), class_=f"region r{key}") for key, path in sorted(paths.items())
    ]
    drawn += [_shutting(weights, k) for k in range(3)]
    for key, points in sorted(places.items()):
        if len(points) >= FEWEST:
            y, x = (size * (sum(one) / len(points) + 0.5) for one in zip(*points, strict=True))
            inside = [
                y + more
                for more in (0, -26, 26)
                if (int(y + more) // size, int(x) // size) in points
                and all(abs(x - u) > 30 or abs(y + more - v) > 20 for u, v in dots)
            ]
            y = next(iter(inside), y)
            words = " ".join(str(k + 1) for k in range(3) if key >> k & 1) or "none"
            drawn.append(
                tag(
                    "text",
                    words,
                    class_="region-name",
                    x=round(x),
                    y=round(y) + 5,
                    text_anchor="middle",
                )
            )
    return "".join(drawn)


def _shutting(weights: tuple[float, ...], k: int) -> str:
    """Draw the line on which a unit's pre-activation is 0."""
    w1, w2, b = weights[k], weights[3 + k], weights[6 + k]
    ends = []
    for x in (-REACH, REACH):
        if w2 and abs(w1 * x + b) <= REACH * abs(w2):
            ends.append((float(x), -(w1 * x + b) / w2))
        if w1 and abs(w2 * x + b) <= REACH * abs(w1):
            ends.append((-(w2 * x + b) / w1, float(x)))
    if len(ends) < 2:
        return ""
    (x1, y1), (x2, y2) = min(ends), max(ends)
    return tag(
        "line",
        class_="shutting",
        x1=round(to_plane(x1), 1),
        y1=round(SIDE - to_plane(y1), 1),
        x2=round(to_plane(x2), 1),
        y2=round(SIDE - to_plane(y2), 1),
    )


def points(state: State, ran: Ran) -> str:
    """Draw the examples; the one that is moved has a handle."""
    drawn = []
    for i, (x1, x2, target) in enumerate(state.examples):
        moved, inside = i == state.at, i not in state.out
        x, y = to_plane(x1), SIDE - to_plane(x2)
        where = f"x1 {text_of(x1)}, x2 {text_of(x2)}"
        name = f"Example {i + 1}: " if len(state.examples) > 1 else "Input: "
        kinds = "point" + (" moved" if moved else "") + ("" if inside else " out")
        parts = [
            tag("circle", class_="hit", cx=x, cy=y, r=16),
            tag("circle", class_="dot", cx=x, cy=y, r=11 if moved else 9),
            # In the dot, because the numbers beside it are those of units.
            tag("text", str(i + 1), x=x, y=y + 5, class_="point-name", text_anchor="middle"),
        ]
        roles = (
            {
                "data_key": f"point-{i}",
                "data_arrows": "point",
                "data_value": str(i),
                "tabindex": "0",
                "role": "slider",
                "aria_valuemin": -REACH,
                "aria_valuemax": REACH,
                "aria_valuenow": x1,
                "aria_valuetext": f"{where}, {open_here(ran, state, i)}",
                "aria_label": f"{name}arrow keys move it",
            }
            if moved
            else {
                "data_key": f"point-{i}",
                "data_do": "at",
                "data_value": str(i),
                "tabindex": "0",
                "role": "button",
                "aria_label": f"{name}{where}, target {text_of(target)}: choose it",
            }
        )
        drawn.append((moved, tag("g", *parts, class_=kinds, **roles)))
    return "".join(text for _, text in sorted(drawn))


def open_here(ran: Ran, state: State, i: int) -> str:
    """Say which units are open for an example."""
    x1, x2, _ = state.examples[i]
    layer = network(ran.weights).layers[0]
    layer([[x1, x2]])
    return words_for([k + 1 for k, slope in enumerate(activation_derivative(layer)[0]) if slope])


def words_for(units: list[int]) -> str:
    """Say which units are open.

    Examples
    --------
    >>> words_for([]), words_for([2]), words_for([1, 3]), words_for([1, 2, 3])
    ('no unit is open', 'unit 2 is open', 'units 1 and 3 are open', 'units 1, 2 and 3 are open')
    """
    if not units:
        return "no unit is open"
    if len(units) == 1:
        return f"unit {units[0]} is open"
    *most, last = map(str, units)
    return f"units {', '.join(most)} and {last} are open"


def _feature(number: int) -> str:
    return f"x<tspan class='sub' dy='3'>{number}</tspan>"


def frame(slots: dict[str, str]) -> str:
    """Draw the plane around its two slots: regions below, points on top."""
    axis = SIDE // 2
    return tag(
        "svg",
        tag("g", slots["regions"], data_slot="regions"),
        tag("path", class_="axes", d=f"M0 {axis}H{SIDE}M{axis} 0V{SIDE}"),
        tag("text", _feature(1), class_="axis", x=SIDE - 20, y=axis - 7),
        tag("text", _feature(2), class_="axis", x=axis - 7, y=15, text_anchor="end"),
        tag("rect", class_="field", width=SIDE, height=SIDE, data_drag="drag"),
        tag("g", slots["points"], data_slot="points"),
        viewBox=f"0 0 {SIDE} {SIDE}",
        class_="live-plane",
        role="group",
        aria_label="The plane of the inputs",
    )
