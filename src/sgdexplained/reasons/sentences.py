"""Reasons in words: one sentence for each weight and bias."""

from __future__ import annotations

from math import ulp

from sgdexplained.reasons.rows import at
from sgdexplained.reasons.wording import number, sum_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sgdexplained.reasons.factors import Factors
    from sgdexplained.reasons.rows import Reason
    from sgdexplained.reasons.source import MLPSource

MOST_LISTED = 8  # examples; more of them are counted


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
    source : MLPSource
        Of its network.
    row : Reason
        Everything about it but the sentence.

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
    Moves: gradient = 2 (input 1) × 1 (derivative) × 1 (upstream gradient).
    >>> tell(one, [[2]], [[2]])
    Stays: the loss is flat here, its derivative there is 0.
    >>> tell(one, [[0]], [[2]])
    Stays: input 1 is inactive, it is 0.
    >>> tell([([[1, 1]], [0, 0])], [[2]], [[2, 1]])
    Stays: the loss is flat in output 1, its derivative there is 0.
    >>> tell([([[1]], [0]), ([[1, 0]], [0, 0])], [[2]], [[2, 5]])
    Stays: the loss is flat in every output that unit 1 reaches, its derivative there is 0.
    >>> tell([([[-1]], [0]), ([[3]], [0])], [[2]], [[1]])
    Stays: unit 1 is shut: the derivative of its activation at -2 is 0.
    >>> tell([([[1]], [0]), ([[-1, 0]], [0, 0]), ([[1], [1]], [0])], [[2]], [[1]])
    Stays: no path ahead of unit 1 of layer 1 is open, each meets a shut unit or a weight of 0.
    >>> tell([([[1]], [0]), ([[1, 1]], [0, 0]), ([[1], [-1]], [0])], [[2]], [[1]])
    Stays: the paths ahead of unit 1 of layer 1 cancel: -1 + 1 = 0.
    >>> last = [([[1, 1]], [0, 0]), ([[1], [-1]], [0])]
    >>> tell([([[1]], [0]), ([[1]], [0]), *last], [[2]], [[1]])
    Stays: the paths ahead of unit 1 of layer 1 cancel further ahead.
    >>> tell([([[1]], [0]), ([[1e-200]], [0])], [[1e-200]], [[1]])
    Stays: the product is too small for the number type.

    Of more examples the contributions are, as long as there are not too many.

    >>> tell(one, [[2], [1]], [[3], [0]], reduction="sum")
    Moves: both examples contribute: -2 + 1 = -1.
    >>> tell(one, [[2], [1]], [[3], [1]], reduction="sum")
    Moves: 1 of 2 examples contributes: -2 + 0 = -2.
    >>> tell(one, [[2], [1], [1]], [[3], [0], [1]])
    Moves: 2 of 3 examples contribute: (-2 + 1 + 0) / 3 = -0.3333, diluted from -0.5.
    >>> tell(one, [[1]] * 8, [[0]] * 8)
    Moves: all 8 examples contribute: (1 + 1 + 1 + 1 + 1 + 1 + 1 + 1) / 8 = 1.
    >>> tell(one, [[1]] * 9, [[0]] * 9)
    Moves: all 9 examples contribute: mean = 1.
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
    Moves: gradient = 2 (input 1) × 1 (derivative) × 1 (upstream gradient). Parts of the move: -2
    gradient, -0.5 decay.
    >>> tell(one, [[2]], [[2]], weight_decay=0.5)
    Moves although its gradient is 0 (the loss is flat here, its derivative there is 0): -0.5
    decay.
    >>> tell([([[4]], [0])], [[1]], [[6]], weight_decay=0.5)
    Stays: the optimiser's own parts undo the gradient's (2 gradient, -2 decay); its gradient is
    -2.
    """

    def __init__(self, source: MLPSource, row: Reason) -> None:
        self.source, self.row, self.network = source, row, source.layers
        self.reduction, self.examples = source.reduction, source.examples
        names = Names(len(self.network))
        self.receiver = names.unit(row.layer, row.receiver - 1)
        self.sender = "" if row.sender is None else names.unit(row.layer - 1, row.sender - 1)

    def text(self) -> str:
        """Return the sentence."""
        row = self.row
        if row.moves and row.gradient is None:
            return f"Moves without a gradient: the optimiser's own rule adds {number(row.move)}."
        if row.moves and row.zero:
            return f"Moves although its gradient is 0 ({self.zero()}): {self.origin()}."
        if row.moves:
            more = self.origin()
            return f"Moves: {self.product()}." + (f" Parts of the move: {more}." if more else "")
        if row.why == row.zero:
            return f"Stays: {self.zero()}."
        return f"Stays: {self.kept()}."

    # What the gradient is made of

    def product(self) -> str:
        """Say how the gradient comes about."""
        row, rest = self.row, self.row.outside
        if len(row.places) > 1:
            text = self.of_places()
        elif self.examples == 1:
            text = self.of_factors() if rest else f"gradient = {self.of_factors()}"
        else:
            text = self.of_examples()
        if rest:
            return f"{text}; the loss itself adds {number(rest)}, the sum is {number(row.gradient)}"
        return text

    def of_places(self) -> str:
        """Say what a number receives in each of its places."""
        scale = self.source.scale
        given = {name: sum(numbers) / scale for name, numbers in self.row.places.items()}
        listed = ", ".join(f"{number(one)} as {name}" for name, one in given.items())
        return f"it stands in {len(given)} places and gets {listed}"

    def of_factors(self) -> str:
        """Say what is multiplied in the only example."""
        said, gate, back = self.row.factors[0]
        if self.network[self.row.layer - 1].mixes:
            spot = self.row.parameter.name, self.row.place
            delta = number(self.source.column_of(spot)[1][0])
            rest = f"{delta} (delta), which comes back through an activation that mixes units"
        else:
            rest = f"{number(gate)} (derivative) × {number(back)} (upstream gradient)"
        return f"{number(said)} ({self.sender}) × {rest}" if self.sender else rest

    def of_examples(self) -> str:
        """Say what the examples give."""
        row = self.row
        contributing = [c for c in row.contributions if c != 0]
        count = len(contributing)
        all_of_them = count == self.examples
        who = _every(count) if all_of_them else f"{count} of {self.examples} examples"
        do = "contributes" if count == 1 and not all_of_them else "contribute"
        if self.examples > MOST_LISTED:
            listed = self.reduction
        elif self.reduction == "sum":
            listed = sum_of(row.contributions)
        else:
            listed = f"({sum_of(row.contributions)}) / {self.examples}"
        mean = sum(row.contributions) / self.source.scale if row.outside else row.gradient
        text = f"{who} {do}: {listed} = {number(mean)}"
        if self.reduction == "sum" or all_of_them or not count:
            return text
        return f"{text}, diluted from {number(sum(contributing) / count)}"

    # Why the gradient is zero

    def zero(self) -> str:
        """Say why the gradient is zero."""
        row = self.row
        if any(row.contributions):
            return self.of_sum()
        if len(row.places) > 1:
            return f"in its {len(row.places)} places: {self.of_any(row.zero)}"
        if row.zero in ("mixed", "never together"):
            return self.of_each()
        if self.examples == 1:
            return self.of_one(row.zero)
        return f"{self.of_any(row.zero)} in {_every(self.examples)}"

    def of_sum(self) -> str:
        """Say why contributions that are not 0 come to nothing."""
        row = self.row
        if row.outside and row.zero == "paths cancel":
            added = f"the loss itself adds {number(row.outside)}"
            return f"{added}, and takes back what the examples give"
        listed = f": {sum_of(row.contributions)} = 0" if self.examples <= MOST_LISTED else ""
        return {
            "examples cancel": f"the examples cancel{listed}",
            "rounding": "the examples cancel but for rounding",
            "underflow": "its gradient is too small for the number type",
        }[row.zero]

    def of_each(self) -> str:
        """Say for which examples each reason holds."""
        groups: dict[str, list[int]] = {}
        for i, reasons in enumerate(self.row.reasons, start=1):
            groups.setdefault(" and ".join(map(self.of_any, reasons)), []).append(i)
        return "; ".join(f"{text} in {_examples(places)}" for text, places in groups.items())

    def of_any(self, word: str) -> str:
        """Say a reason that several examples can share."""
        return {
            "flat": "the loss is flat",
            "inactive": f"{self.sender} is inactive",
            "shut": f"{self.receiver} is shut",
            "saturated": f"{self.receiver} is saturated",
            "closed": f"no path ahead of {self.receiver} is open",
            "paths cancel": f"the paths ahead of {self.receiver} cancel",
            "rounding": f"the paths ahead of {self.receiver} cancel but for rounding",
            "underflow": "the product is too small for the number type",
            "examples cancel": "the examples cancel",
            "never together": "its ends are never active together",
            "mixed": "each example has a reason of its own",
        }[word]

    def of_one(self, word: str) -> str:
        """Say a reason of the only example, with its numbers."""
        layer, k = self.row.layer - 1, self.row.receiver - 1
        text = self.of_any(word)
        if word == "flat":
            text += f" {self.where_flat()}, its derivative there is 0"
        if word == "inactive":
            text += ", its activation is 0" if layer else ", it is 0"
        if word in ("shut", "saturated"):
            z = at(self.network[layer].pre_activations, (0, k))
            active = "" if word == "shut" else "it is active, but "
            text += f": {active}the derivative of its activation at {number(z)} is 0"
            if self.network[layer].mixes:
                text = f"{self.receiver} is {word}: no activation changes with its pre-activation"
        if word == "closed":
            met = {"shut": "a shut unit", "zero": "a weight of 0"}
            closers = sorted(closing(self.network, layer, k))
            if closers:
                text += f", each meets {' or '.join(met[closer] for closer in closers)}"
        if word == "paths cancel":
            terms = [] if self.network[layer].mixes else returned(self.network, layer, k)
            mixing = " in an activation that mixes units" if self.network[layer].mixes else ""
            text += f": {sum_of(terms)} = 0" if terms else mixing or " further ahead"
        return text

    def where_flat(self) -> str:
        """Say where the loss of the only example is flat: everywhere, or ahead of the receiver."""
        outputs = self.network[-1].upstream
        if not any(at(outputs, (0, k)) for k in range(len(outputs[0]))):
            return "here"
        if self.row.layer == len(self.network):
            return f"in {self.receiver}"
        return f"in every output that {self.receiver} reaches"

    # What the optimiser adds, or keeps back

    def origin(self) -> str:
        """Say which part of the move comes from what; nothing if all of it is the gradient's."""
        parts = self.row.parts
        if parts is None:
            return "the optimiser does not let its parts be told apart"
        if not (parts["memory"] or parts["decay"]):
            return ""
        return ", ".join(f"{number(part)} {key}" for key, part in parts.items() if part != 0)

    def kept(self) -> str:
        """Say why a number stays although its gradient is not 0, or although there is none."""
        row, gradient = self.row, number(self.row.gradient)
        if row.why == "swallowed":
            return self.swallowed()
        if row.why == "held":
            parts = row.parts
            if parts is not None and (parts["memory"] or parts["decay"]):
                undone = f"the optimiser's own parts undo the gradient's ({self.origin()})"
                return f"{undone}; its gradient is {gradient}"
            return f"the step is 0 or too small to change the number, its gradient is {gradient}"
        outputs = "the outputs" if self.source.unreached else "it"
        return {
            "frozen": "it requires no gradient (requires_grad is False)",
            "not listed": "it is not among the optimiser's parameters",
            "no gradient": "it has no gradient, because the loss was not computed from " + outputs,
            "lr 0": f"the learning rate is 0; its gradient is {gradient}",
        }[row.why]

    def swallowed(self) -> str:
        """Say how far the step would go, and how far the next number is."""
        row = self.row
        step = number(at(self.source.swallowed[row.parameter.name], row.place))
        gap = number(spacing(row.parameter.value, row.value))
        near = number(row.value)
        return f"its step of {step} is swallowed, because numbers next to {near} lie {gap} apart"


def spacing(values: Any, value: Any) -> Any:
    """Return how far the next number of the same type is away.

    Examples
    --------
    >>> spacing([1.0], 1.0)
    2.220446049250313e-16
    >>> import numpy as np
    >>> spacing(np.ones(1, np.float32), 1.0)
    1.1920928955078125e-07
    """
    if hasattr(values, "dtype"):
        from numpy import spacing as gap

        return abs(gap(values.dtype.type(value))).item()
    return ulp(value)


def closing(network: list[Factors], number: int, k: int) -> set[str]:
    """Return what closes the paths ahead of a unit: ``"shut"`` units, ``"zero"`` weights.

    Parameters
    ----------
    network : list of Factors
        Of all layers, of a single example.
    number, k : int
        Layer and unit, from 0; every path ahead of the unit is closed.

    Returns
    -------
    set of str

    Examples
    --------
    The first unit ahead is cut off by a weight of 0, the second is shut, and so is the one that
    the third leads to.

    >>> from sgdexplained.reasons.factors import Factors
    >>> first = Factors([[9]], [], [], [], [[1]], [], [])
    >>> ahead = Factors([[0, 1, 1]], [], [], [], [[1, 0, 1]], [], [])
    >>> after = Factors([[9], [9], [1]], [], [], [], [[0]], [], [])
    >>> sorted(closing([first, ahead, after], 0, 0))
    ['shut', 'zero']
    """
    found, units = set(), {k}
    # From layer to layer, each unit once: the number of paths does not matter.
    for ahead in network[number + 1 :]:
        reached = set()
        for unit in units:
            for m, w in enumerate(ahead.weight[unit]):
                if w == 0:
                    found.add("zero")
                elif ahead.derivatives[0][m] == 0 and not ahead.mixes:
                    found.add("shut")
                else:
                    reached.add(m)
        units = reached
    return found


def returned(network: list[Factors], number: int, k: int) -> list[Any]:
    """Return what the units of the next layer sent back to unit k of the only example, but zeros.

    Examples
    --------
    >>> from sgdexplained.reasons.factors import Factors
    >>> ahead = Factors([[0, 0], [2, 3]], [], [], [], [], [], [[5, 7]])
    >>> returned([ahead, ahead], 0, 1)
    [10, 21]
    """
    if number + 1 == len(network):
        return []
    ahead = network[number + 1]
    pairs = zip(ahead.weight[k], ahead.deltas[0], strict=True)
    return [at(w * d, ()) for w, d in pairs if w * d != 0]


def _examples(places: list[int]) -> str:
    if len(places) > MOST_LISTED:
        return f"{len(places)} examples"
    *most, last = map(str, places)
    return f"example {last}" if not most else f"examples {', '.join(most)} and {last}"


def _every(count: int) -> str:
    return "both examples" if count == 2 else f"all {count} examples"
