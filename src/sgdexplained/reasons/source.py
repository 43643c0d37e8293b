"""What is known of each weight and bias of an MLP after one pass, and what can be made of it."""

from __future__ import annotations

from sgdexplained.layers import gradients, values
from sgdexplained.reasons import in_lists
from sgdexplained.reasons.codes import CODE
from sgdexplained.reasons.factors import (
    PATHS_CANCEL,
    WORDS_OF,
    Factors,
    column,
    entry_reasons,
    zero_code,
)
from sgdexplained.reasons.rows import Parameter, Source, at
from sgdexplained.reasons.sentences import Sentence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

    from sgdexplained.layers import MLP
    from sgdexplained.reasons.explanation import Explanation
    from sgdexplained.reasons.passes import Pass
    from sgdexplained.reasons.rows import Place, Reason
    from sgdexplained.reasons.step import Step

    Spot = tuple[str, Place]


class MLPSource(Source):
    """The factors of all layers, and the few other things that a row may be asked for.

    Parameters
    ----------
    layers : list of Factors
        Of one pass, as it left them.
    reduction : {"mean", "sum"}
        What the loss did with its examples.
    examples : int
        B.
    plain : list of bool
        For each layer whether it has no activation function.
    """

    def __init__(
        self, layers: list[Factors], reduction: str, examples: int, plain: list[bool]
    ) -> None:
        self.layers, self.reduction, self.examples, self.plain = layers, reduction, examples, plain
        self.scale = 1 if reduction == "sum" else examples
        # Of what stands in several places all of them; what else the loss adds to gradients; and
        # steps that were too small.
        self.tied: dict[Spot, list[Spot]] = {}
        self.rest: dict[str, Any] = {}
        self.swallowed: dict[str, Any] = {}
        self.unreached = False

    # ## Entry by entry

    def spot(self, parameter: Parameter, place: Place) -> list[Spot]:
        """Return all places in which an entry stands; mostly it is one."""
        whole = self.tied.get((parameter.name, ()))
        if whole is not None:
            return [(name, place) for name, _ in whole]
        return self.tied.get((parameter.name, place), [(parameter.name, place)])

    def column_of(self, spot: Spot) -> tuple[list[Any], list[Any], list[int]]:
        """Return activations of the sender, deltas and blocked bits of one place, by example."""
        name, place = spot
        layer = self.layers[int(name[1:]) - 1]
        k = place[-1]
        bias = len(place) == 1
        senders = [1] * self.examples if bias else column(layer.inputs, place[0])
        return senders, column(layer.deltas, k), column(layer.blocked, k)

    def products(self, spots: list[Spot]) -> tuple[list[Any], list[int]]:
        """Return contribution and blocked bits of each example, over all places of an entry."""
        if len(spots) == 1:
            senders, deltas, blocked = self.column_of(spots[0])
            products = [a * d + 0 for a, d in zip(senders, deltas, strict=True)]
            return products, entry_reasons(senders, deltas, blocked)
        parts = [self.products([spot]) for spot in spots]
        totals = [
            sum(numbers) for numbers in zip(*(products for products, _ in parts), strict=True)
        ]
        sets = []
        for total, numbers, bits in zip(
            totals,
            zip(*(products for products, _ in parts), strict=True),
            zip(*(reasons for _, reasons in parts), strict=True),
            strict=True,
        ):
            common, either = 255, 0
            for one in bits:
                common, either = common & one, either | one
            sets.append(0 if total != 0 else PATHS_CANCEL if any(numbers) else common or either)
        return totals, sets

    def zero(self, parameter: Parameter, place: Place) -> int:
        """Return the code of why the gradient of one entry is 0, the slow way."""
        spots = self.spot(parameter, place)
        products, sets = self.products(spots)
        if at(self.rest.get(parameter.name, 0), place) and any(products):
            return CODE["paths cancel"]
        ends = [self.column_of(spot) for spot in spots]
        alive = any(any(senders) and any(deltas) for senders, deltas, _ in ends)
        return zero_code(products, sets, alive)

    def contributions(self, parameter: Parameter, place: Place) -> list[Any]:
        """Return what each example gives: the gradient of its own loss."""
        return self.products(self.spot(parameter, place))[0]

    def reasons(self, parameter: Parameter, place: Place) -> list[tuple[str, ...]]:
        """Return for each example all that makes its contribution 0."""
        return [WORDS_OF[bits] for bits in self.products(self.spot(parameter, place))[1]]

    def factors(self, parameter: Parameter, place: Place) -> list[tuple[Any, Any, Any]]:
        """Return for each example the three factors of its contribution."""
        layer = self.layers[int(parameter.name[1:]) - 1]
        senders, _, _ = self.column_of((parameter.name, place))
        derivatives, upstream = (
            column(rows, place[-1]) for rows in (layer.derivatives, layer.upstream)
        )
        return list(zip(senders, derivatives, upstream, strict=True))

    def places(self, parameter: Parameter, place: Place) -> dict[str, list[Any]]:
        """Return, by name, what each example gives in each place where this entry stands."""
        return {
            name + "".join(f"[{index}]" for index in spot): self.products([(name, spot)])[0]
            for name, spot in self.spot(parameter, place)
        }

    def outside(self, parameter: Parameter, place: Place) -> Any:
        """Return the part of the gradient that does not come through the outputs."""
        return at(self.rest.get(parameter.name, 0), place)

    def ends(self, parameter: Parameter, place: Place) -> tuple[Any, Any, Any]:
        """Return layer, sender and receiver, counted from 1; the sender of a bias is ``None``."""
        *senders, receiver = place
        return int(parameter.name[1:]), senders[0] + 1 if senders else None, receiver + 1

    def sentence(self, row: Reason) -> str:
        """Return why an entry moves or stays, in words."""
        return Sentence(self, row).text()

    def draw(self, explanation: Explanation, ax: Axes | None) -> Axes:
        """Draw a small network with its gradients, or maps of the weights of a large one."""
        from sgdexplained import draw

        if draw.fits({"layers": [{"weights": layer.weight} for layer in self.layers]}):
            return draw.network(self.drawing(explanation), ax=ax)
        return super().draw(explanation, ax)

    def drawing(self, explanation: Explanation) -> dict[str, Any]:
        """Return what :func:`sgdexplained.draw.network` draws."""
        one = self.examples == 1
        layers = []
        for number, layer in enumerate(self.layers, start=1):
            named = {one.name: one for one in explanation.parameters}
            weight, bias = named[f"W{number}"], named.get(f"b{number}")
            layers.append(
                {
                    "weights": _lists(layer.weight),
                    "biases": None if bias is None else _lists(bias.value),
                    "plain": self.plain[number - 1],
                    "z": _lists(layer.pre_activations)[0] if one else None,
                    "a": _lists(layer.activations)[0] if one else None,
                    "gates": _lists(layer.derivatives)[0] if one else None,
                    "open_in": None
                    if one
                    else [
                        (sum(g != 0 for g in gates), len(gates))
                        for gates in zip(*_lists(layer.derivatives), strict=True)
                    ],
                    "weight_gradients": _numbers(weight),
                    "bias_gradients": None if bias is None else _numbers(bias),
                }
            )
        return {"inputs": _lists(self.layers[0].inputs)[0] if one else None, "layers": layers}


def _lists(numbers: Any) -> Any:
    return numbers.tolist() if hasattr(numbers, "tolist") else numbers


def _numbers(parameter: Parameter) -> Any:
    """Return gradients as nested lists, 0 where there is none."""
    numbers = [at(parameter.gradient, place) or 0 for place in parameter.places()]
    width = parameter.shape[-1]
    rows = [numbers[start : start + width] for start in range(0, len(numbers), width)]
    return rows if len(parameter.shape) == 2 else rows[0]


# ## All parameters at once


def parameters_of(net: MLP, ran: Pass, step: Step, source: MLPSource) -> list[Parameter]:
    """Return what is known of each parameter; the network still holds the gradients of the pass."""
    arrays = net.arrays()
    bulk = not isinstance(net.layers[0].weight, list | tuple)
    for layer in source.layers:  # from here on those of each example's own loss
        layer.deltas = _scaled(layer.deltas, source.scale)
        layer.upstream = _scaled(layer.upstream, source.scale)
    if bulk:
        from sgdexplained.reasons import in_bulk

        in_bulk.block(source.layers)
    else:
        in_lists.block(source.layers)
    source.unreached = all(not _any(layer.deltas) for layer in source.layers)
    _tie(arrays, source)
    make = _of_arrays if bulk else _of_lists
    found = [
        make(name, nodes, source.layers[int(name[1:]) - 1], step) for name, nodes in arrays.items()
    ]
    for parameter, nodes in zip(found, arrays.values(), strict=True):
        _correct(parameter, nodes, ran, step, source)
    return found


def _any(rows: Any) -> bool:
    return bool(rows.any()) if hasattr(rows, "any") else any(any(row) for row in rows)


def _scaled(rows: Any, scale: int) -> Any:
    if scale == 1:
        return rows
    if hasattr(rows, "shape"):
        return rows * scale
    return [[number * scale for number in row] for row in rows]


def _tie(arrays: dict[str, Any], source: MLPSource) -> None:
    """Note which numbers or arrays stand in several places."""
    spots: dict[int, list[Spot]] = {}
    for name, nodes in arrays.items():
        for place, node in _spots(nodes):
            spots.setdefault(id(node), []).append((name, place))
    for shared in spots.values():
        if len(shared) > 1:
            source.tied.update(dict.fromkeys(shared, shared))


def _spots(nodes: Any, place: Place = ()) -> list[tuple[Place, Any]]:
    if not isinstance(nodes, list | tuple):
        return [(place, nodes)]
    return [spot for index, part in enumerate(nodes) for spot in _spots(part, (*place, index))]


def _of_arrays(name: str, node: Any, layer: Factors, step: Step) -> Parameter:
    from numpy import ones

    from sgdexplained.reasons import in_bulk

    gradient, move = gradients(node), step.moves.get(id(node))
    value, bias = node.data.copy(), node.data.ndim == 1
    if not bias:  # the network's own array until now: a copy less while the optimiser steps
        layer.weight = value
    inputs = ones((len(layer.deltas), 1), layer.deltas.dtype) if bias else layer.inputs
    zero: Any = 0
    if gradient is not None:
        zero = in_bulk.zero_codes(inputs, layer, gradient[None] if bias else gradient)
    counts = in_bulk.contributing(inputs, layer)
    if bias:
        counts = counts[0]
        zero = zero[0] if hasattr(zero, "shape") else zero
    return Parameter(
        name,
        node.data.shape,
        value,
        gradient,
        move,
        in_bulk.reasons(step, node, move, zero),
        zero,
        counts,
        step.parts_of(node),
    )


def _of_lists(name: str, nodes: Any, layer: Factors, step: Step) -> Parameter:
    bias = name[0] == "b"
    rows = [nodes] if bias else nodes
    inputs = [[1]] * len(layer.deltas) if bias else layer.inputs
    slopes = gradients(rows)
    zero = in_lists.zero_codes(inputs, layer, slopes)
    moved = [[step.moves.get(id(node)) for node in row] for row in rows]
    reason = [
        [step.reason(*one) for one in zip(*entries, strict=True)]
        for entries in zip(rows, slopes, moved, zero, strict=True)
    ]
    counts = in_lists.contributing(inputs, layer)
    parts: dict[str, Any] | None = None
    if step.parts is not None:
        parts = {
            key: [[part.get(id(node)) for node in row] for row in rows]
            for key, part in step.parts.items()
        }
    table: list[Any] = [slopes, moved, reason, zero, counts]
    if bias:
        table = [rows[0] for rows in table]
        parts = parts and {key: part[0] for key, part in parts.items()}
    shape = (len(nodes),) if bias else (len(nodes), len(nodes[0]))
    gradient, move, codes, zeros, examples = table
    return Parameter(
        name, shape, values(nodes), gradient, move, codes, zeros, examples, parts=parts
    )


def _correct(parameter: Parameter, nodes: Any, ran: Pass, step: Step, source: MLPSource) -> None:
    """Set right what does not follow from one layer alone: penalties, tied numbers."""
    name, spots = parameter.name, _spots(nodes)
    if "steps" in vars(step):  # something was held, and its sentence tells how far it would go
        source.swallowed[name] = _looked_up(step.steps, nodes)
    if parameter.gradient is None:
        return
    if any(id(node) in ran.outside for _, node in spots):
        source.rest[name] = _rest(parameter, source)
    elif not any((name, place) in source.tied for place, _ in spots):
        return
    parameter.contributing = None
    for place in parameter.places():
        if at(parameter.gradient, place) == 0:
            before, code = at(parameter.zero, place), source.zero(parameter, place)
            _put(parameter.zero, place, code)
            if at(parameter.reason, place) == before:
                _put(parameter.reason, place, code)


def _rest(parameter: Parameter, source: MLPSource) -> Any:
    """Return what of a gradient is not what the examples give."""
    if hasattr(parameter.gradient, "shape"):
        given: Any = 0
        for name, _ in source.tied.get((parameter.name, ()), [(parameter.name, ())]):
            layer = source.layers[int(name[1:]) - 1]
            bias = len(parameter.shape) == 1
            given = given + (layer.deltas.sum(axis=0) if bias else layer.inputs.T.dot(layer.deltas))
        return parameter.gradient - given / source.scale
    rest = [
        0
        if gradient is None
        else gradient - sum(source.contributions(parameter, place)) / source.scale
        for place in parameter.places()
        for gradient in [at(parameter.gradient, place)]
    ]
    width = parameter.shape[-1]
    rows = [rest[start : start + width] for start in range(0, len(rest), width)]
    return rows if len(parameter.shape) == 2 else rows[0]


def _looked_up(found: dict[int, Any], nodes: Any) -> Any:
    """Return what was found for a Tensor, or for each of nested lists of Scalars."""
    if isinstance(nodes, list | tuple):
        return [_looked_up(found, part) for part in nodes]
    return found.get(id(nodes))


def _put(codes: Any, place: Place, code: int) -> None:
    if hasattr(codes, "shape"):
        codes[place] = code
    elif not isinstance(codes, int):
        for index in place[:-1]:
            codes = codes[index]
        codes[place[-1]] = code
