"""Reasons in words: one sentence a weight, and the table of all of them."""

from __future__ import annotations

import re
from fractions import Fraction
from html import escape
from textwrap import wrap

from sgdexplained.reasons.factors import Factors, closing, returned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from sgdexplained.reasons.mlp import Explanation, Reason

WIDTH = 80
MOST_LISTED = 8  # examples; more of them are counted
MOST_SHOWN = 200  # rows on a page; more of them are counted

# The code words of a row, as the summary says them.
SAID = {
    "inactive": "inactive sender",
    "shut": "shut receiver",
    "closed": "no open route ahead",
    "flat": "flat loss",
    "paths cancel": "cancelling routes",
    "examples cancel": "cancelling examples",
    "mixed": "mixed reasons",
    "rounding": "lost in rounding",
    "held": "held by the optimiser",
    "frozen": "frozen",
    "no gradient": "no gradient",
}


def number(value: Any) -> str:
    """Write a number in some nine characters at most, exactly if that is short.

    Examples
    --------
    >>> number(3.0), number(0.1 + 0.2), number(Fraction(23, 4)), number(Fraction(99, 625))
    ('3', '0.3', '23/4', '0.1584')
    >>> number(-0.0), number(None), number(12345678), number(123456789)
    ('0', 'none', '12345678', '1.235e+08')
    >>> number(Fraction(1, 99)), number(Fraction(1, 100)), number(12345678.0)
    ('1/99', '0.01', '12345678')
    """
    if value is None:
        return "none"
    if isinstance(value, int | Fraction) or value == value // 1:
        exact = Fraction(value)
        if exact.denominator < 100 and len(str(exact)) < 9:
            return str(exact)
    return f"{float(value):.4g}"


def sum_of(terms: Sequence[Any]) -> str:
    """Write a sum with its signs.

    Examples
    --------
    >>> sum_of([6, -6]), sum_of([-1, 0, 2])
    ('6 - 6', '-1 + 0 + 2')
    """
    first, *others = terms
    return number(first) + "".join(
        f" {'-' if term < 0 else '+'} {number(abs(term))}" for term in others
    )


class Names:
    """What the units of a network are called, counted from 1.

    Parameters
    ----------
    depth : int
        Number of layers of weights.

    Examples
    --------
    >>> names = Names(2)
    >>> names.unit(0, 1), names.unit(1, 0), names.unit(2, 0), Names(3).unit(2, 0)
    ('input 2', 'unit 1', 'output 1', 'unit 1 of layer 2')
    """

    def __init__(self, depth: int) -> None:
        self.depth = depth

    def unit(self, layer: int, k: int) -> str:
        """Return the name of unit k (from 0) of a layer (0 for the inputs)."""
        if layer == 0:
            return f"input {k + 1}"
        if layer == self.depth:
            return f"output {k + 1}"
        return f"unit {k + 1}" + (f" of layer {layer}" if self.depth > 2 else "")


# ## One sentence


class Sentence:
    """Writes why one weight or bias moves or stays, from the factors of its layer.

    Parameters
    ----------
    network : list of Factors
        Of all layers.
    row : Reason
        Everything about it but the sentence.
    reduction : {"mean", "sum"}
        What the loss does with its examples.

    Examples
    --------
    Of one example the numbers are told.

    >>> from textwrap import fill
    >>> from sgdexplained import MLP, SGD, explain, half_squared_error
    >>> def tell(init, X, target, name="W1[0][0]", reduction="mean", **options):
    ...     net = MLP([1] + [len(weight[0]) for weight, _ in init], init=init)
    ...     sgd = SGD(net.parameters(), lr=1, **options)
    ...     step = explain(net, X, target, half_squared_error, sgd, reduction)
    ...     print(fill(step.row(name).sentence, 95))
    >>> one = [([[1]], [0])]
    >>> tell(one, [[2]], [[1]])
    Moves: input 1 sends 2 × slope 1 × seed 1.
    >>> tell(one, [[2]], [[2]])
    Stays: the loss is flat here (seed 0).
    >>> tell(one, [[0]], [[2]])
    Stays: input 1 is inactive, it sends 0.
    >>> tell([([[1, 1]], [0, 0])], [[2]], [[2, 1]])
    Stays: the loss is flat in output 1 (seed 0).
    >>> tell([([[1]], [0]), ([[1, 0]], [0, 0])], [[2]], [[2, 5]])
    Stays: the loss is flat in every output that unit 1 reaches (seed 0).
    >>> tell([([[-1]], [0]), ([[3]], [0])], [[2]], [[1]])
    Stays: unit 1 is shut, its slope at z = -2 is 0.
    >>> tell([([[1]], [0]), ([[-1, 0]], [0, 0]), ([[1], [1]], [0])], [[2]], [[1]])
    Stays: no route ahead of unit 1 of layer 1 is open, each meets a shut unit or a weight of 0.
    >>> tell([([[1]], [0]), ([[1, 1]], [0, 0]), ([[1], [-1]], [0])], [[2]], [[1]])
    Stays: the routes ahead of unit 1 of layer 1 cancel: -1 + 1 = 0.
    >>> last = [([[1, 1]], [0, 0]), ([[1], [-1]], [0])]
    >>> tell([([[1]], [0]), ([[1]], [0]), *last], [[2]], [[1]])
    Stays: the routes ahead of unit 1 of layer 1 cancel further ahead.
    >>> tell([([[1]], [0]), ([[1e-200]], [0])], [[1e-200]], [[1]])
    Stays: the product is too small for the number type.

    Of more examples the contributions are, as long as there are not too many.

    >>> tell(one, [[2], [1]], [[3], [0]], reduction="sum")
    Moves: both examples, -2 + 1 = -1.
    >>> tell(one, [[2], [1]], [[3], [1]], reduction="sum")
    Moves: 1 of 2 examples, -2 + 0 = -2.
    >>> tell(one, [[2], [1], [1]], [[3], [0], [1]])
    Moves: 2 of 3 examples, (-2 + 1 + 0) / 3 = -0.3333, diluted from -0.5.
    >>> tell(one, [[1]] * 8, [[0]] * 8)
    Moves: all 8 examples, (1 + 1 + 1 + 1 + 1 + 1 + 1 + 1) / 8 = 1.
    >>> tell(one, [[1]] * 9, [[0]] * 9)
    Moves: all 9 examples, mean = 1.
    >>> tell(one, [[2], [1]], [[3], [-1]])
    Stays: the examples cancel: -2 + 2 = 0.
    >>> tell(one, [[1], [-1]] * 5, [[0], [-2]] * 5, reduction="sum")
    Stays: the examples cancel.
    >>> tell(one, [[2], [1]], [[2], [1]])
    Stays: the loss is flat in both examples.
    >>> tell(one, [[2], [0], [1], [0]], [[2], [1], [1], [0]])
    Stays: the loss is flat in examples 1 and 3; input 1 is inactive in example 2; the loss is flat
    and input 1 is inactive in example 4.
    >>> tell(one, [[0]] * 9 + [[1]], [[0]] * 9 + [[1]])
    Stays: the loss is flat in all 10 examples.

    The optimiser may add something of its own.

    >>> tell(one, [[2]], [[1]], weight_decay=0.5)
    Moves: input 1 sends 2 × slope 1 × seed 1. Parts of the move: -2 gradient, -0.5 decay.
    >>> tell(one, [[2]], [[2]], weight_decay=0.5)
    Moves without a gradient (the loss is flat here (seed 0)): -0.5 decay.
    >>> tell([([[4]], [0])], [[1]], [[6]], weight_decay=0.5)
    Stays: the optimiser's own parts undo the gradient's (2 gradient, -2 decay), though its
    gradient is -2.
    """

    def __init__(self, network: list[Factors], row: Reason, reduction: str) -> None:
        self.network, self.row, self.reduction = network, row, reduction
        names, number_of_layer = Names(len(network)), row.layer
        self.receiver = names.unit(number_of_layer, row.receiver - 1)
        self.sender = "" if row.sender is None else names.unit(number_of_layer - 1, row.sender - 1)
        self.examples = len(row.contributions)

    def text(self) -> str:
        """Return the sentence."""
        row = self.row
        if row.why == "frozen":
            return "Stays: it is not among the optimiser's parameters."
        if row.why == "no gradient":
            return "Stays: it has no gradient, since the loss was not computed from it; skipped."
        if row.moves and row.zero:
            return f"Moves without a gradient ({self.zero()}): {self.origin()}."
        if row.moves:
            more = self.origin()
            return f"Moves: {self.product()}." + (f" Parts of the move: {more}." if more else "")
        if row.zero:
            return f"Stays: {self.zero()}."
        return f"Stays: {self.held()}, though its gradient is {number(row.gradient)}."

    # What the gradient is made of

    def product(self) -> str:
        """Say how the gradient comes about."""
        row = self.row
        if self.examples == 1:
            said, gate, back = row.factors[0]
            from_ahead = "seed" if row.layer == len(self.network) else "upstream"
            rest = f"slope {number(gate)} × {from_ahead} {number(back)}"
            return f"{self.sender} sends {number(said)} × {rest}" if self.sender else rest
        contributing = [c for c in row.contributions if c != 0]
        count = len(contributing)
        all_of_them = count == self.examples
        who = _every(count) if all_of_them else f"{count} of {self.examples} examples"
        if self.examples > MOST_LISTED:
            listed = self.reduction
        elif self.reduction == "sum":
            listed = sum_of(row.contributions)
        else:
            listed = f"({sum_of(row.contributions)}) / {self.examples}"
        text = f"{who}, {listed} = {number(row.gradient)}"
        if self.reduction == "sum" or all_of_them:
            return text
        return f"{text}, diluted from {number(sum(contributing) / count)}"

    # Why the gradient is zero

    def zero(self) -> str:
        """Say why the gradient is zero."""
        row = self.row
        if row.zero == "examples cancel":
            listed = self.examples <= MOST_LISTED
            return "the examples cancel" + (f": {sum_of(row.contributions)} = 0" if listed else "")
        if row.zero != "mixed":
            alone = self.examples == 1
            if row.zero == "rounding" and any(row.contributions):
                return "its gradient is too small for the number type"
            text = self.of_one(row.zero) if alone else self.of_any(row.zero)
            return text if alone else f"{text} in {_every(self.examples)}"
        groups: dict[str, list[int]] = {}
        for i, reasons in enumerate(row.reasons, start=1):
            groups.setdefault(" and ".join(map(self.of_any, reasons)), []).append(i)
        return "; ".join(f"{text} in {_examples(places)}" for text, places in groups.items())

    def of_any(self, word: str) -> str:
        """Say a reason that several examples can share."""
        return {
            "flat": "the loss is flat",
            "inactive": f"{self.sender} is inactive",
            "shut": f"{self.receiver} is shut",
            "closed": f"no route ahead of {self.receiver} is open",
            "paths cancel": f"the routes ahead of {self.receiver} cancel",
            "rounding": "the product is too small for the number type",
        }[word]

    def of_one(self, word: str) -> str:
        """Say a reason of the only example, with its numbers."""
        layer, k = self.row.layer - 1, self.row.receiver - 1
        text = self.of_any(word)
        if word == "flat":
            text += f" {self.where_flat()} (seed 0)"
        if word == "inactive":
            text += ", it sends 0"
        if word == "shut":
            text += f", its slope at z = {number(self.network[layer].z[0][k])} is 0"
        if word == "closed":
            met = {"shut": "a shut unit", "zero": "a weight of 0"}
            closers = sorted(closing(self.network, layer, 0, k))
            text += f", each meets {' or '.join(met[closer] for closer in closers)}"
        if word == "paths cancel":
            terms = [term for term in returned(self.network, layer, 0, k) if term != 0]
            text += f": {sum_of(terms)} = 0" if terms else " further ahead"
        return text

    def where_flat(self) -> str:
        """Say where the loss of the only example is flat: everywhere, or ahead of the receiver."""
        if all(seed == 0 for seed in self.network[-1].upstream[0]):
            return "here"
        if self.row.layer == len(self.network):
            return f"in {self.receiver}"
        return f"in every output that {self.receiver} reaches"

    # What the optimiser adds

    def origin(self) -> str:
        """Say which part of the move comes from what; nothing if all of it is the gradient's."""
        parts = self.row.parts
        if parts is None:
            return "the optimiser does not let its parts be told apart"
        if not (parts["memory"] or parts["decay"]):
            return ""
        return ", ".join(f"{number(part)} {key}" for key, part in parts.items() if part != 0)

    def held(self) -> str:
        """Say why a parameter with a gradient stays."""
        parts = self.row.parts
        if parts is not None and (parts["memory"] or parts["decay"]):
            return f"the optimiser's own parts undo the gradient's ({self.origin()})"
        return "the step is 0 or too small to change the number"


def _examples(places: list[int]) -> str:
    if len(places) > MOST_LISTED:
        return f"{len(places)} examples"
    *most, last = map(str, places)
    return f"example {last}" if not most else f"examples {', '.join(most)} and {last}"


def _every(count: int) -> str:
    return "both examples" if count == 2 else f"all {count} examples"


# ## The table and its summary


def summary(rows: Sequence[Reason]) -> str:
    """Count what moves and what does not, and why.

    Examples
    --------
    >>> from types import SimpleNamespace as Row
    >>> stays = [Row(moves=False, why=why) for why in ("shut", "frozen", "shut", "inactive")]
    >>> moves = [Row(moves=True, why=why) for why in ("gradient", "memory", "decay")]
    >>> print(summary(stays + moves[:1]))
    4 of 5 do not move: 2 shut receiver, 1 inactive sender, 1 frozen.
    >>> print(summary(stays[:1] + moves[:2]))
    1 of 3 does not move: 1 shut receiver; 1 moves without a gradient.
    >>> print(summary(moves))
    All 3 move; 2 move without a gradient.
    >>> for words in summary([Row(moves=False, why=why) for why in SAID]).split(", "):
    ...     print(words)
    11 of 11 do not move: 1 inactive sender
    1 shut receiver
    1 no open route ahead
    1 flat loss
    1 cancelling routes
    1 cancelling examples
    1 mixed reasons
    1 lost in rounding
    1 held by the optimiser
    1 frozen
    1 no gradient.
    """
    staying: dict[str, int] = {}
    for row in rows:
        if not row.moves:
            staying[row.why] = staying.get(row.why, 0) + 1
    count = sum(staying.values())
    if count:
        words = sorted(staying, key=lambda word: (-staying[word], list(SAID).index(word)))
        why = ", ".join(f"{staying[word]} {SAID[word]}" for word in words)
        text = f"{count} of {len(rows)} {'does' if count == 1 else 'do'} not move: {why}"
    else:
        text = f"All {len(rows)} move"
    without = sum(row.moves and row.why != "gradient" for row in rows)
    if without:
        text += f"; {without} {'moves' if without == 1 else 'move'} without a gradient"
    return f"{text}."


def table(explanation: Explanation) -> str:
    """Return the rows one below the other, in lines of at most 80 characters."""
    cells = [("", "value", "grad", "move")]
    cells += [
        (row.name, number(row.value), number(row.gradient), number(row.move)) for row in explanation
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    room = WIDTH - sum(widths) - 2 * len(widths)
    lines = [*wrap(explanation.summary(), WIDTH), ""]
    for row, sentence in zip(cells, ["why", *(row.sentence for row in explanation)], strict=True):
        name, *numbers = row
        left = name.ljust(widths[0]) + "".join(
            f"  {text:>{width}}" for text, width in zip(numbers, widths[1:], strict=True)
        )
        first, *others = wrap(sentence, room)
        lines.append(f"{left}  {first}")
        lines += [" " * (WIDTH - room) + line for line in others]
    return "\n".join(lines)


# ## The table on a page
#
# Notebooks ask an object for its HTML. A page knows what a minus sign is, may give a row as much
# room as its sentence needs, and tells signs apart by the classes, if it has a style for them.


def html_table(explanation: Explanation) -> str:
    """Return the table in HTML, the summary as its caption; long ones are cut."""
    heads = "".join(
        f'<th scope="col">{head}</th>' for head in ("parameter", "value", "gradient", "move", "why")
    )
    rows = explanation.rows[:MOST_SHOWN]
    left_out = len(explanation) - len(rows)
    last = [f'<tr><td colspan="5">and {left_out} more.</td></tr>'] if left_out else []
    lines = [
        '<table class="explanation">',
        f"<caption>{escape(explanation.summary())}</caption>",
        f"<thead><tr>{heads}</tr></thead>",
        "<tbody>",
        *map(_html_row, rows),
        *last,
        "</tbody>",
        "</table>",
    ]
    return "\n".join(lines)


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
    return f'<tr class="{"moves" if row.moves else "stays"}">{name}{"".join(numbers)}{why}</tr>'


def _sign(value: Any) -> str:
    if value is None:
        return "none"
    return "positive" if value > 0 else "negative" if value < 0 else "zero"


def minus(text: str) -> str:
    """Write minus signs where a text has hyphens before numbers.

    Examples
    --------
    >>> minus("slope -2, 6 - 6 = 0, upstream-like, 1e-05")
    'slope −2, 6 − 6 = 0, upstream-like, 1e−05'
    """
    return re.sub(r"-(?=[ \d])", "−", text)
