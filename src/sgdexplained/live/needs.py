"""Find out, statement by statement, what an example needs that is not in the page.

The build asks this to mark the examples that can run; the page asks it again to leave out, of the
examples above the chosen one, what cannot.
"""

from __future__ import annotations

import ast
from symtable import SymbolTable, symtable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Names that stand for what is not in the page.
ABSENT = {
    "numpy": "NumPy",
    "np": "NumPy",
    "Tensor": "NumPy",
    "scipy": "SciPy",
    "torch": "PyTorch",
    "jax": "JAX",
    "matplotlib": "matplotlib",
    "plt": "matplotlib",
    "draw": "matplotlib",
}
PICTURES = "matplotlib"


class Needs:
    r"""What each statement of a page needs, read from top to bottom.

    Examples
    --------
    >>> needs = Needs()
    >>> code = "from sgdexplained import MLP, draw\nax = draw.network(MLP([1, 1]))\nx = 2"
    >>> for one, missing in needs.of(code):
    ...     print(ast.unparse(one), "|", missing)
    from sgdexplained import MLP |
    from sgdexplained import draw | matplotlib
    ax = draw.network(MLP([1, 1])) | matplotlib
    x = 2 |

    What a statement needs, those need that use its names.

    >>> [missing for _, missing in needs.of("ax.set(xlabel='x')\nx += 1")]
    ['matplotlib', '']
    """

    def __init__(self) -> None:
        self.made: dict[str, str] = {}

    def of(self, source: str) -> Iterator[tuple[ast.stmt, str]]:
        """Give each statement with what it lacks: a word, or nothing.

        Raises
        ------
        SyntaxError
            If the source is no Python.
        """
        for statement in _apart(ast.parse(source).body):
            missing = self._missing(statement)
            for name in names_made(statement):
                self.made[name] = missing
            yield statement, missing

    def _missing(self, statement: ast.stmt) -> str:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            heads = {part for alias in statement.names for part in alias.name.split(".")}
            if isinstance(statement, ast.ImportFrom):
                heads |= set((statement.module or "").split("."))
            found = [ABSENT[head] for head in sorted(heads) if head in ABSENT]
        else:
            names = sorted(names_used(statement))
            found = [self.made.get(name, ABSENT.get(name, "")) for name in names]
        # NumPy before matplotlib: without the first, a cell cannot run at all.
        return next(filter(None, sorted(found, key=lambda word: (not word, word == PICTURES))), "")


def _apart(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Give each name of an import a statement of its own: one may be there, another not."""
    for statement in statements:
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                one = ast.ImportFrom(statement.module, [alias], statement.level)
                yield ast.copy_location(one, statement)
        else:
            yield statement


MUTATORS = {"append", "extend", "insert", "add", "update", "remove", "pop", "clear", "sort"}


def names_made(statement: ast.stmt) -> set[str]:
    r"""Return the names of the page that a statement makes or changes.

    Examples
    --------
    >>> def made(code):
    ...     return sorted(names_made(ast.parse(code).body[0]))
    >>> made("a, b = 1, [c for c in d]"), made("def f(x):\n    y = x"), made("import os as p")
    (['a', 'b'], ['f'], ['p'])
    >>> made("for x in xs:\n    found.append(x)"), made("total += 1")
    (['found', 'x'], ['total'])
    """
    top = _table(statement)
    made = {one.get_name() for one in top.get_symbols() if one.is_assigned() or one.is_imported()}
    for node in ast.walk(statement):
        if (isinstance(node, ast.Attribute) and node.attr in MUTATORS) or (
            isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
        ):
            made |= {node.value.id} if isinstance(node.value, ast.Name) else set()
    return made


def names_used(statement: ast.stmt) -> set[str]:
    r"""Return the names of the page that a statement uses: not those of its own loops.

    A function uses what its body uses, as if it were called at once.

    Examples
    --------
    >>> def used(code):
    ...     return sorted(names_used(ast.parse(code).body[0]))
    >>> used("x = x + y"), used("total += z"), used("[u * w for u in us]")
    (['x', 'y'], ['total', 'z'], ['us', 'w'])
    >>> used("for x in xs:\n    f(x)"), used("def f(a):\n    b = a\n    return b + c")
    (['f', 'xs'], ['c'])
    """
    table = _table(statement)
    found = set(_referenced(table, top=True))
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        # What a loop sets it sets before it is used.
        found -= {one.get_name() for one in table.get_symbols() if one.is_assigned()}
    for node in ast.walk(statement):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def _table(statement: ast.stmt) -> SymbolTable:
    return symtable(ast.unparse(statement), "page", "exec")


def _referenced(table: SymbolTable, *, top: bool) -> Iterator[str]:
    for one in table.get_symbols():
        if one.is_referenced() and (top or one.is_global()):
            yield one.get_name()
    for inner in table.get_children():
        yield from _referenced(inner, top=False)
