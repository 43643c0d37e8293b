"""Run a network forward and back for an explanation, and leave everything as it was."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from itertools import chain

from sgdexplained.layers import gradients, values
from sgdexplained.node import Node
from sgdexplained.reasons.factors import Factors
from sgdexplained.reasons.words import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Self

    from sgdexplained.layers import MLP, Linear


@dataclass
class Pass:
    """What is left of one pass.

    Attributes
    ----------
    layers : list of Factors
        Of all layers; deltas and upstream gradients are those of the loss.
    loss : number
        Before the step.
    outside : set of int
        ``id`` of the parameters that the loss also reads by itself, as a penalty does.
    """

    layers: list[Factors]
    loss: Any
    outside: set[int]


class Untouched:
    """Puts back what a pass leaves behind in a network and in all nodes that the loss reads.

    That is also so if the pass fails, or is interrupted.

    Parameters
    ----------
    net : MLP
        Its layers remember a pass, its parameters hold gradients.
    """

    def __init__(self, net: MLP) -> None:
        self.net, self.layers = net, net.layers
        # A layer that stands in two places remembers one pass; here each place needs its own.
        first = {id(layer): place for place, layer in reversed([*enumerate(net.layers)])}
        net.layers = [
            layer if first[id(layer)] == place else copy(layer)
            for place, layer in enumerate(net.layers)
        ]
        self.gradients: list[tuple[Node, Any]] = []
        self.memory = [(layer, layer._inputs, layer._z, layer._a) for layer in net.layers]  # noqa: SLF001
        self.wanting: list[tuple[Any, bool]] = []

    def __enter__(self) -> Self:
        return self

    def keep(self, nodes: Any) -> None:
        """Remember the gradients of some nodes; they are put back at the end."""
        self.gradients += [(node, node.grad) for node in nodes]

    def want(self, parameters: list[Any]) -> None:
        """Ask for the gradients of all parameters, frozen ones too: others look through them."""
        for parameter in parameters:
            if not getattr(parameter, "requires_grad", True):
                self.wanting.append((parameter, False))
                parameter.requires_grad = True

    def frozen(self) -> set[int]:
        """Return the ids of the parameters that require no gradient, and let them be so again."""
        for parameter, wanted in self.wanting:
            parameter.requires_grad = wanted
        return {id(parameter) for parameter, _ in self.wanting}

    def __exit__(self, *_: object) -> None:
        self.frozen()
        self.net.layers = self.layers
        # The last first: what was remembered of a node earliest is what it had.
        for node, gradient in reversed(self.gradients):
            node.grad = gradient
        for layer, inputs, z, a in self.memory:
            layer._inputs, layer._z, layer._a = inputs, z, a  # noqa: SLF001


def run(
    net: MLP, inputs: Any, target: Any, loss: Callable[..., Any], reduction: str, kept: Untouched
) -> Pass:
    """Send a batch forward and the loss back, through the network itself.

    It is not a copy: a loss may read the parameters by itself, and a penalty does.

    Raises
    ------
    TypeError
        If what the loss returns is no node.
    """
    parameters = net.parameters()
    kept.keep(parameters)
    kept.want(parameters)
    for parameter in parameters:
        parameter.grad = None
    outputs = net(inputs)
    # Kept now: the loss may use the network once more.
    memory = [(layer, layer._inputs, layer._z, layer._a) for layer in net.layers]  # noqa: SLF001
    result = loss(outputs, target, reduction=reduction)
    if not isinstance(result, Node):
        raise TypeError(f"the loss is {result!r}, expected a Scalar or a Tensor")
    own = {id(node) for _, _, z, a in memory for node in chain(_nodes(z), _nodes(a))}
    outside: set[int] = set()
    ids = {id(parameter) for parameter in parameters}
    kept.keep(
        node
        for node in _graph(result, own, ids, outside)
        if id(node) not in own and id(node) not in ids
    )
    if getattr(result, "requires_grad", True):
        result.backward()  # type: ignore[attr-defined]
    for layer, remembered, z, a in memory:
        layer._inputs, layer._z, layer._a = remembered, z, a  # noqa: SLF001
    return Pass([_factors(layer) for layer in net.layers], plain(values(result)), outside)


def _nodes(nested: Any) -> Iterator[Any]:
    if isinstance(nested, list | tuple):
        for part in nested:
            yield from _nodes(part)
    else:
        yield nested


def _graph(root: Any, own: set[int], parameters: set[int], outside: set[int]) -> Iterator[Any]:
    """Yield every node that `root` depends on; note which parameters others than layers read."""
    seen: set[int] = {id(root)}
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        left, within = node.left, id(node) in own
        groups = left if left.__class__ is tuple else ((left, node.right),)
        for group in groups:
            # All examples meet the same weights: a group is looked through once.
            if group.__class__ is tuple and within:
                if id(group) in seen:
                    continue
                seen.add(id(group))
            for parent in group:
                if parent is None:
                    continue
                if not within and id(parent) in parameters:
                    outside.add(id(parent))
                if id(parent) not in seen:
                    seen.add(id(parent))
                    stack.append(parent)


def _factors(layer: Linear) -> Factors:
    """Return what a layer multiplied, in arrays or nested lists of its own."""
    z, a = values(layer._z), values(layer._a)  # noqa: SLF001
    back = gradients(layer._a), gradients(layer._z)  # noqa: SLF001
    # A layer with relu has its derivatives at hand.
    slopes = getattr(layer._z, "derivatives", None)  # noqa: SLF001
    slopes = layer.derivatives if slopes is None else z * 0 + slopes
    if hasattr(z, "shape"):
        zeros = z * 0
        upstream, deltas, slopes = (zeros if one is None else one for one in (*back, slopes))
        found = Factors(layer.weight.data, _own(layer.inputs, z), z, a, slopes, upstream, deltas)
        if callable(layer.activation):
            from sgdexplained.reasons.mixing import jacobian

            found.jacobian = jacobian(layer._phi, z, slopes)  # noqa: SLF001
            found.mixes = found.jacobian is not None
        return found
    upstream, deltas, slopes = (
        [[0 if one is None else one for one in row] for row in rows] for rows in (*back, slopes)
    )
    return Factors(values(layer.weight), plain(layer.inputs), z, a, slopes, upstream, deltas)


def _own(inputs: Any, like: Any) -> Any:
    """Return inputs as an array that nobody else writes into."""
    from numpy import array

    return array(inputs, dtype=like.dtype)
