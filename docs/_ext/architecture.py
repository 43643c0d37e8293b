"""Draw the architecture: storeys that stand on those below them, and the way of data through them.

The picture is written into the page, so that its colours and letters are those of the page. What it
says of imports is checked by tests/docs/test_architecture.py.
"""

from html import escape
from typing import Any, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class Room(NamedTuple):
    """A module or package, and in a few words what it holds."""

    name: str
    holds: str


# From the ground up. Where there are two rooms, the first is for numbers, the second for arrays.
STOREYS = [
    [Room("maths", "rules for numbers"), Room("array_maths", "rules for arrays")],
    [Room("node", "every op once: its value and its derivatives")],
    [Room("backward", "the backward pass: it multiplies and adds")],
    [Room("scalar", "a number with a past"), Room("tensor", "an array with a past")],
    [Room("ops", "more ops, for those who reach for them")],
    [Room("units", "a unit as one node"), Room("affine", "a layer as one node")],
    [Room("layers", "networks, and what a pass left in them")],
    [Room("losses", "one number, and where the way back begins")],
    [Room("sgd", "what a gradient does to a weight")],
    [Room("differences", "whether a gradient is right")],
    [Room("draw", "the pictures; matplotlib only here")],
    [Room("reasons", "why a weight moved, or did not")],
]
# Beside the house, and never opened by it; they know the house, and not each other;
# only `live` also opens `contrasts`, whose optimisers a reader can choose.
CABINETS = [
    Room("contrasts", "what breaks a claim"),
    Room("parallel", "several processes"),
    Room("fused", "a step in one call"),
    Room("pytorch", "why, for PyTorch"),
    Room("live", "what a reader touches"),
]

# Where data stops on its way: what leads it to the next stop, in which lane beside the house.
WAY = ["layers", "losses", "backward", "sgd", "reasons"]
LEGS = [("forward", 0, "value"), ("back", 1, "gradient"), ("step", 2, "value"), ("why", 0, "value")]

DESCRIPTION = (
    "A house of storeys, each standing on those below it. From the ground up: {storeys}. "
    "Beside it stand cabinets, which the house never opens: {cabinets}. "
    "Data goes forward from layers to losses, back to backward, as a step to sgd, "
    "and on to reasons, which say why."
)

WIDTH, HOUSE = 360, 264
STOREY, GAP = 46, 6
LANES = [290, 316, 342]


def description() -> str:
    """Say in words what the picture shows."""
    storeys = ", ".join(" beside ".join(room.name for room in rooms) for rooms in STOREYS)
    return DESCRIPTION.format(
        storeys=storeys, cabinets=", ".join(cabinet.name for cabinet in CABINETS)
    )


def tops() -> dict[str, float]:
    """Give the upper edge of each room, from the top of the picture down."""
    # The cabinets stand apart, two side by side.
    shelves = batched(CABINETS, 2)
    levels = [*shelves, *reversed(STOREYS)]
    return {
        room.name: level * (STOREY + GAP) + (14 if level >= len(shelves) else 0)
        for level, rooms in enumerate(levels)
        for room in rooms
    }


def batched(rooms: list[Room], number: int) -> list[list[Room]]:
    """Cut a list of rooms into lists of at most so many."""
    return [rooms[first : first + number] for first in range(0, len(rooms), number)]


def room(one: Room, x: float, top: float, width: float) -> str:
    """Draw a room: its name, and below it what it holds."""
    middle = x + width / 2
    kind = "cabinet" if one in CABINETS else "room"
    return (
        f'<rect class="{kind}" x="{x + 0.5}" y="{top + 0.5}" width="{width - 1}"'
        f' height="{STOREY - 1}" rx="4"/>'
        f'<text class="name" x="{middle}" y="{top + 19}">{one.name}</text>'
        f'<text class="holds" x="{middle}" y="{top + 36}">{escape(one.holds)}</text>'
    )


def stop(number: int, y: float) -> str:
    """Draw a stop on the way, at the edge of a room."""
    return (
        f'<circle class="stop" cx="{HOUSE}" cy="{y}" r="10"/>'
        f'<text class="number" x="{HOUSE}" y="{y + 4.5}">{number}</text>'
    )


def leg(label: str, lane: float, kind: str, start: float, end: float) -> str:
    """Draw the way from one stop to the next: out to a lane, along it, and back in."""
    turn = 8 if end > start else -8
    out, back = HOUSE + 11, HOUSE + 13
    path = (
        f"M{out} {start}H{lane - 8}Q{lane} {start} {lane} {start + turn}"
        f"V{end - turn}Q{lane} {end} {lane - 8} {end}H{back}"
    )
    beside, middle = lane + 14, (start + end) / 2
    return (
        f'<path class="leg {kind}" d="{path}"/>'
        f'<path class="tip" d="M{back} {end}l8 -4v8z"/>'
        f'<text class="way" x="{beside}" y="{middle}"'
        f' transform="rotate(-90 {beside} {middle})">{label}</text>'
    )


def picture() -> str:
    """Draw all of it."""
    places = tops()
    parts = []
    for rooms in [*batched(CABINETS, 2), *STOREYS]:
        width = (HOUSE - GAP * (len(rooms) - 1)) / len(rooms)
        parts += [
            room(one, number * (width + GAP), places[one.name], width)
            for number, one in enumerate(rooms)
        ]
    levels = [places[name] + STOREY / 2 for name in WAY]
    leaving = 0
    for (label, lane, kind), start, end in zip(LEGS, levels, levels[1:], strict=False):
        # A leg arrives on the side from which it comes, and the next one leaves on the other.
        side = -6 if end > start else 6
        parts.append(leg(label, LANES[lane], kind, start + leaving, end + side))
        leaving = -side
    parts += [stop(number, y) for number, y in enumerate(levels, start=1)]
    height = max(places.values()) + STOREY
    return (
        f'<svg class="architecture" role="img" aria-label="{escape(description())}"'
        f' viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">{"".join(parts)}</svg>'
    )


class ArchitectureDirective(SphinxDirective):
    """Show the picture."""

    def run(self) -> list[nodes.Node]:
        """Write it into the page."""
        self.env.note_dependency(__file__)
        return [nodes.raw("", picture(), format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("architecture", ArchitectureDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
