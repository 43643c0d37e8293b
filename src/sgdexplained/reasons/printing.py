"""An explanation as a table: in print of at most 80 columns, or on a page.

A small network has a row for each entry, a large one a line for each parameter.
"""

from __future__ import annotations

from collections import Counter
from html import escape
from textwrap import wrap

from sgdexplained.reasons.wording import causes, counted, minus, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from sgdexplained.reasons.rows import Parameter, Reason

WIDTH = 80
MOST_PRINTED = 256
"""How many rows are printed; of more there is one line for each parameter."""
LONGEST_NAME = 30


def table(summary: str, rows: Iterable[Reason]) -> str:
    """Return the rows one below the other.

    What the columns *move* and *grad* say is not said again: the first word of each sentence is
    left out, and its last full stop. As the column *grad*, the third factor has a short name.
    """
    cells, sentences = [("", "value", "grad", "move")], ["why"]
    for row in rows:
        move = number(row.move) if row.moves else "stays"
        cells.append((row.name, number(row.value), number(row.gradient), move))
        text = row.sentence.removeprefix("Moves: ").removeprefix("Stays: ")[:-1]
        text = text.removeprefix("gradient = ")
        sentences.append(text.replace("(upstream gradient)", "(upstream)"))
    return _aligned(summary, cells, sentences)


def short_table(
    summary: str, parameters: Iterable[Parameter], words: Sequence[str], said: Mapping[str, str]
) -> str:
    """Return one line for each parameter."""
    cells, sentences = [("", "shape", "move", "stay")], ["why"]
    for name, shape, moves, stays, why in _lines(parameters, words, said):
        cells.append((name, shape, moves, stays))
        sentences.append(why)
    return _aligned(summary, cells, sentences)


def _lines(
    parameters: Iterable[Parameter], words: Sequence[str], said: Mapping[str, str]
) -> Iterable[tuple[str, str, str, str, str]]:
    """Yield name, shape, how many move, how many stay, and why not by the gradient alone."""
    for parameter in parameters:
        moving, staying = parameter.split(words)
        others = Counter({word: n for word, n in moving.items() if word != "gradient"})
        why = [*causes(staying, said, parameter.whys), *causes(others, said, parameter.whys)]
        why.append(parameter.beside if parameter.whys else parameter.note)
        yield (
            parameter.name,
            " × ".join(map(str, parameter.shape)) or "1",
            counted(moving.total()),
            counted(staying.total()),
            "; ".join(text for text in why if text),
        )


def _aligned(summary: str, cells: Sequence[tuple[str, ...]], sentences: list[str]) -> str:
    names, *columns = zip(*cells, strict=True)
    first = min(max(map(len, names)), LONGEST_NAME)
    widths = [max(map(len, column)) for column in columns]
    room = WIDTH - first - sum(widths) - 2 * len(cells[0])
    lines = [*wrap(summary, WIDTH), ""]
    for (name, *numbers), sentence in zip(cells, sentences, strict=True):
        if len(name) > first:  # a long name has a line of its own
            lines.append(name)
            name = ""  # noqa: PLW2901
        left = name.ljust(first) + "".join(
            f"  {text:>{width}}" for text, width in zip(numbers, widths, strict=True)
        )
        top, *others = wrap(sentence, room) or [""]
        lines.append(f"{left}  {top}".rstrip())
        lines += [" " * (WIDTH - room) + line for line in others]
    return "\n".join(lines)


# ## On a page
#
# Notebooks ask an object for its HTML. A page knows what a minus sign is, may give a row as much
# room as its sentence needs, and tells signs apart by the classes, if it has a style for them.


def html_table(summary: str, rows: Iterable[Reason]) -> str:
    """Return the rows as a table in HTML, the summary as its caption."""
    return _html(summary, ("parameter", "value", "gradient", "move", "why"), map(_html_row, rows))


def short_html_table(
    summary: str, parameters: Iterable[Parameter], words: Sequence[str], said: Mapping[str, str]
) -> str:
    """Return one line for each parameter as a table in HTML."""
    lines = (
        f'<tr class="{"stays" if moves == "0" else "moves"}">'
        f'<th scope="row"><code>{escape(name)}</code></th> '
        f'<td class="value">{shape.replace(" ", "&nbsp;")}</td> <td class="value">{moves}</td> '
        f'<td class="value">{stays}</td> '
        f'<td class="why">{escape(why)}</td></tr>'
        for name, shape, moves, stays, why in _lines(parameters, words, said)
    )
    return _html(summary, ("parameter", "shape", "move", "stay", "why"), lines)


def _html(summary: str, heads: Iterable[str], lines: Iterable[str]) -> str:
    columns = " ".join(f'<th scope="col">{head}</th>' for head in heads)
    return "\n".join(
        [
            '<table class="explanation">',
            f"<caption>{escape(summary)}</caption>",
            f"<thead><tr>{columns}</tr></thead>",
            "<tbody>",
            *lines,
            "</tbody>",
            "</table>",
        ]
    )


def _html_row(row: Reason) -> str:
    numbers = (
        f'<td class="{sign}">{minus(number(value))}</td>'
        for sign, value in (
            ("value", row.value),
            (_sign(row.gradient), row.gradient),
            (_sign(row.move), row.move),
        )
    )
    name = f'<th scope="row"><code>{escape(row.name)}</code></th>'
    why = f'<td class="why">{minus(escape(row.sentence))}</td>'
    return f'<tr class="{"moves" if row.moves else "stays"}">{name} {" ".join(numbers)} {why}</tr>'


def _sign(value: Any) -> str:
    if value is None:
        return "none"
    return "positive" if value > 0 else "negative" if value < 0 else "zero"
