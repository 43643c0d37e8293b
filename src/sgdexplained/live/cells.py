"""Run the examples of a page as the reader has them, from its beginning to the chosen one."""

from __future__ import annotations

import ast
import io
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

from sgdexplained.live.needs import PICTURES, Needs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_SHOWN = 20_000  # characters of output; a loop that prints would fill the page
MOST_CALLS = 5  # at each end of a traceback

# For each page: its names, what they need, and the cells that have made them.
_pages: dict[str, tuple[dict[str, Any], Needs, list[str]]] = {}


def answer(page: str, cells: list[list[str]]) -> dict[str, Any]:
    r"""Run the last of some cells; those before it are run first, if they have not been.

    Pictures are left out, for there is no matplotlib in the page; of the earlier cells, also what
    needs NumPy or PyTorch. The chosen cell is told that these are not there.

    Parameters
    ----------
    page : str
        Cells of one page share their names.
    cells : list of (kind, source)
        From the top of the page. Of a ``"doctest"`` each statement shows its value, as at a prompt;
        of a ``"cell"`` only the last one does, as in a notebook.

    Returns
    -------
    dict
        ``output``, what the cell printed; ``failed``, whether it ended in an error; ``earlier``,
        how many cells had to be run before it; ``pictures``, how many statements were left out.

    Examples
    --------
    >>> answer("somewhere", [["cell", "x = 2"], ["doctest", "x + 1\nx * 3"]])
    {'output': '3\n6\n', 'failed': False, 'earlier': 1, 'pictures': 0}

    Only lines of the reader stand in the report of an error.

    >>> print(answer("somewhere", [["cell", "x = 2"], ["cell", "y = x\ny[0]"]])["output"], end="")
    Traceback (most recent call last):
      line 2
        y[0]
    TypeError: 'int' object is not subscriptable
    """
    names, needs, done = _pages.get(page, ({}, Needs(), []))
    sources = [source for _, source in cells]
    if not done or done != sources[: len(done)] or len(done) >= len(sources):
        names, needs, done = {"__name__": "__main__"}, Needs(), []
    earlier = len(cells) - 1 - len(done)
    ran = Run("", failed=False, pictures=0)
    for number, (kind, source) in enumerate(cells[len(done) :], start=len(done) + 1):
        chosen = number == len(cells)
        ran = run_cell(kind, source, names, needs, chosen=chosen)
        if ran.failed:
            if not chosen:
                told = f"An earlier example of the page, number {number}, failed:\n{ran.output}"
                ran = Run(told, failed=True, pictures=0)
            break
        done = [*done, source]
    _pages[page] = (names, needs, done)
    output = ran.output
    if len(output) > MOST_SHOWN:
        output = f"{output[:MOST_SHOWN]}\n... and {len(output) - MOST_SHOWN} characters more"
    return {
        "output": output,
        "failed": ran.failed,
        "earlier": earlier,
        "pictures": ran.pictures,
    }


@dataclass
class Run:
    """What became of a cell."""

    output: str
    failed: bool
    pictures: int


def run_cell(
    kind: str, source: str, names: dict[str, Any], needs: Needs, *, chosen: bool = True
) -> Run:
    r"""Run one cell.

    Examples
    --------
    >>> run_cell("cell", "1 + 1\n2 + 2", {}, Needs())
    Run(output='4\n', failed=False, pictures=0)
    >>> print(run_cell("cell", "x = 1\nprint(x", {}, Needs()).output, end="")
    Traceback (most recent call last):
      line 2
        print(x
    SyntaxError: '(' was never closed

    A picture is left out.

    >>> run_cell("cell", "x = 1\nax = draw.curve([x], [x])\nax.set(xlabel='x')", {}, Needs())
    Run(output='', failed=False, pictures=2)
    """
    printed = io.StringIO()
    shown, sys.displayhook = sys.displayhook, _display
    typed, sys.stdin = sys.stdin, _Nobody()
    pictures = 0
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            statements = list(needs.of(source))
            for statement, missing in statements:
                if missing and (missing == PICTURES or not chosen):
                    pictures += missing == PICTURES and not isinstance(statement, ast.ImportFrom)
                    continue
                last = statement is statements[-1][0]
                exec(_compiled(statement, shows=kind == "doctest" or last), names)
        return Run(printed.getvalue(), failed=False, pictures=pictures)
    except BaseException as error:  # noqa: BLE001
        return Run(printed.getvalue() + report(error, source), failed=True, pictures=pictures)
    finally:
        sys.displayhook, sys.stdin = shown, typed


class _Nobody(io.TextIOBase):
    """A keyboard at which nobody sits."""

    def readline(self, _size: int | None = -1) -> str:  # type: ignore[override]
        """Say so."""
        raise EOFError("nobody can type here while it runs: write the text into the code")


def _display(value: Any) -> None:
    """Show a value as a prompt does, but keep no name for it."""
    if value is not None:
        print(repr(value))  # noqa: T201


HERE = "<your code>"


def _compiled(statement: ast.stmt, *, shows: bool) -> Any:
    """Compile a statement: as at a prompt if it shows its values."""
    if shows:
        return compile(ast.Interactive([statement]), HERE, "single")
    return compile(ast.Module([statement], type_ignores=[]), HERE, "exec")


def report(error: BaseException, source: str) -> str:
    r"""Write an error with the reader's own lines, and without ours.

    Examples
    --------
    Calls without an end do not fill the page.

    >>> endless = "def f():\n    return f()\nf()"
    >>> run_cell("cell", endless, {}, Needs()).output.count("line 2") < 10
    True
    """
    lines = source.splitlines()
    if isinstance(error, SyntaxError) and error.filename in (HERE, "<unknown>"):
        numbers, said = [error.lineno or 1], f"{type(error).__name__}: {error.msg}"
    else:
        frames = traceback.extract_tb(error.__traceback__)
        numbers = [frame.lineno or 1 for frame in frames if frame.filename == HERE]
        said = "".join(traceback.format_exception_only(error)).strip()
    if isinstance(error, ModuleNotFoundError):
        said += f" (it is not in the page; the notebook has {error.name})"
    told = ["Traceback (most recent call last):"]
    for place, number in enumerate(numbers):
        if MOST_CALLS <= place < len(numbers) - MOST_CALLS:
            # Calls without an end are a thousand, and the first few tell it.
            if place == MOST_CALLS:
                told.append(f"  and {len(numbers) - 2 * MOST_CALLS} more calls")
            continue
        told.append(f"  line {number}")
        if number <= len(lines):
            told.append(f"    {lines[number - 1].strip()}")
    return "\n".join([*told, said, ""])
