"""The picture of the architecture is true: what it says of imports is so."""

import ast
import re
from functools import cache
from pathlib import Path

import architecture
import pytest

import sgdexplained

SOURCE = Path(sgdexplained.__file__).parent
STOREY_OF = {
    room.name: number for number, rooms in enumerate(architecture.STOREYS) for room in rooms
}
CABINETS = {cabinet.name for cabinet in architecture.CABINETS}
ARRAYS = {rooms[1].name for rooms in architecture.STOREYS if len(rooms) == 2}
# What of another room needs NumPy at once; only what has arrays opens it.
OPENED_LATE = {"reasons/in_bulk.py", "reasons/mixing.py", "reasons/noting.py"}
# A cabinet that is for arrays alone.
CABINETS_OF_ARRAYS = {"fused"}
# Known to all, and to no module in particular.
EVERYWHERE = {"errors"}
# The door for the shell: it opens what it is asked for.
DOORS = {"__main__"}
# A cabinet that one module opens, when it is handed something that only the cabinet knows.
OPENED_FOR_A_GUEST = {"reasons/mlp.py": {"pytorch"}}


@cache
def imports_of(path: Path) -> list[tuple[str, bool]]:
    """List what a module imports, and whether it does so at once; types alone do not count."""
    tree = ast.parse(path.read_text("utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        at_once = node in tree.body
        if isinstance(node, ast.Import):
            found += [(alias.name, at_once) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(f"{node.module}.{alias.name}", at_once) for alias in node.names]
    return found


def room_of(name: str) -> str:
    """Name the room in which an imported name lives."""
    return name.removeprefix("sgdexplained.").partition(".")[0]


def modules() -> list[Path]:
    return [path for path in sorted(SOURCE.rglob("*.py")) if path != SOURCE / "__init__.py"]


def home_of(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def test_every_module_has_a_room() -> None:
    homes = {home_of(path) for path in modules()}

    assert homes == {*STOREY_OF, *CABINETS} | EVERYWHERE | DOORS


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_room_stands_on_those_below(path: Path) -> None:
    home = home_of(path)
    known = {
        room_of(name) for name, _ in imports_of(path) if name.startswith("sgdexplained.")
    } - EVERYWHERE
    guests = OPENED_FOR_A_GUEST.get(path.relative_to(SOURCE).as_posix(), set())
    assert not guests & {room_of(name) for name, at_once in imports_of(path) if at_once}
    known -= guests
    if home in DOORS:
        assert known <= CABINETS
    elif home in CABINETS:
        # A reader chooses among the optimisers of `contrasts`.
        opened = {"contrasts"} if home == "live" else set()
        assert known <= {*STOREY_OF, home} | opened
    elif home in EVERYWHERE:
        assert known == set()
    else:
        # Into what is above, or beside it, nobody looks: but scalars are arrays' ground.
        storey = STOREY_OF[home]
        below = {name for name, number in STOREY_OF.items() if number < storey}
        beside = {rooms[0].name for rooms in architecture.STOREYS[storey : storey + 1]}
        assert known <= below | {home} | (beside if home in ARRAYS else set())


def test_only_arrays_import_numpy_at_once_and_only_drawing_matplotlib() -> None:
    found: dict[str, set[str]] = {"numpy": set(), "matplotlib": set()}
    for path in modules():
        for name, at_once in imports_of(path):
            library = name.partition(".")[0]
            late = path.relative_to(SOURCE).as_posix() in OPENED_LATE
            if library in found and ((at_once and not late) or library == "matplotlib"):
                found[library].add(home_of(path))

    assert found == {"numpy": ARRAYS | CABINETS_OF_ARRAYS, "matplotlib": {"draw"}}


def test_the_picture_names_every_room_and_says_so_in_words() -> None:
    svg = architecture.picture()
    names = re.findall(r'<text class="name"[^>]*>(\w+)<', svg)

    assert set(names) == {*STOREY_OF, *CABINETS}
    assert len(names) == len(set(names))
    assert all(name in architecture.description() for name in names)
    assert set(architecture.WAY) <= set(names)
    assert len(architecture.LEGS) == len(architecture.WAY) - 1


def test_what_is_opened_late_is_imported_at_once_by_nobody_else() -> None:
    late = {"sgdexplained." + name.removesuffix(".py").replace("/", ".") for name in OPENED_LATE}
    for path in modules():
        if path.relative_to(SOURCE).as_posix() in OPENED_LATE:
            continue
        at_once = {name.rpartition(".")[0] for name, now in imports_of(path) if now} | {
            name for name, now in imports_of(path) if now
        }
        assert not late & at_once
