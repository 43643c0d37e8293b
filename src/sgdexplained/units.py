"""A whole unit of numbers as one node: w1 x1 + w2 x2 + ... + b, or the relu of that.

:mod:`sgdexplained.affine` does the same for a layer of arrays.
"""

from __future__ import annotations

from itertools import compress, repeat
from operator import mul

from sgdexplained.maths import NumberMaths
from sgdexplained.node import beside
from sgdexplained.scalar import Scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any


class Factors(tuple):  # type: ignore[type-arg]
    """One local derivative for each parent of a group; times a gradient, it gives their shares."""

    __slots__ = ()

    def __mul__(self, gradient: Any) -> tuple[list[Any], ...]:
        # Nothing came back: nothing to hand on, to however many parents.
        return ([factor * gradient for factor in self],) if gradient else ()


class Unit:
    """What a unit keeps: its derivatives towards weights, bias and senders, its pre-activation.

    Parameters
    ----------
    data : number
        z = w1 x1 + w2 x2 + ... + b.
    derivative : number
        The derivative of relu at z; 1 if there is no relu.
    inputs : tuple of number
        Activations of the senders, and a 1 for the bias.
    weights : tuple of number
        The weights of the forward pass, of those senders that get a gradient.

    Attributes
    ----------
    data, grad : number
        z and dL/dz, under the names that a node for z would use.
    """

    __slots__ = ("data", "derivative", "grad", "inputs", "weights")

    def __init__(
        self, data: Any, derivative: Any, inputs: tuple[Any, ...], weights: tuple[Any, ...]
    ) -> None:
        self.data, self.derivative, self.inputs, self.weights = data, derivative, inputs, weights
        self.grad: Any = None

    def __mul__(self, gradient: Any) -> tuple[Iterable[Any], ...]:
        # dL/dz = derivative * dL/da
        self.grad = delta = self.derivative * gradient
        # Nothing comes back through a shut unit: nothing to hand on, to however many parents.
        if not delta:
            return ()
        return map(mul, self.inputs, repeat(delta)), map(mul, self.weights, repeat(delta))


def linear_units(
    rows: Sequence[Sequence[Any]],
    columns: Sequence[Sequence[Scalar]],
    biases: Sequence[Scalar] | None = None,
    relu: bool = False,
    kink: Any = 0,
) -> list[list[Scalar]]:
    """Return the activations of a layer, each a single node whose ``dleft`` is a :class:`Unit`.

    ``sum(w * x)`` makes two nodes for every weight; this makes one for a whole unit, with the same
    derivatives.

    Parameters
    ----------
    rows : sequence of sequence of number or Scalar, shape (B, n)
        Activations of the n senders, a row for each example; numbers need no gradient and get none.
    columns : sequence of sequence of Scalar, shape (m, n)
        For each of the m receivers the n weights that lead to it.
    biases : sequence of Scalar, length m, or None
        One for each receiver.
    relu : bool, default False
        Whether the units apply relu.
    kink : number, default 0
        Slope of relu at exactly 0.

    Returns
    -------
    nested list of Scalar, shape (B, m)

    Examples
    --------
    >>> w, b = [Scalar(1), Scalar(-2)], Scalar(1)
    >>> [[z]] = linear_units([[1, 2]], [w], [b])
    >>> z.backward()
    >>> z.data, [weight.grad for weight in w], b.grad
    (-2, [1, 2], 1)

    The same unit with relu is shut, and remembers its pre-activation.

    >>> [[a]] = linear_units([[1, 2]], [w], [b], relu=True)
    >>> a.data, a.dleft.data, a.dleft.derivative
    (0, -2, 0)
    """
    # A bias is a weight whose sender is always 1.
    for_bias = () if biases is None else (1,)
    of_biases = [()] * len(columns) if biases is None else [(bias,) for bias in biases]
    receivers = []
    for column, bias in zip(columns, of_biases, strict=True):
        # What the weights are now serves all examples, so it is looked up once.
        weights = tuple([w.data for w in column])
        receivers.append(((*column, *bias), (*weights, *[b.data for b in bias]), weights))
    return [_units_of_example(row, receivers, for_bias, relu, kink) for row in rows]


def _units_of_example(
    row: Sequence[Any], receivers: list[Any], for_bias: tuple[int, ...], relu: bool, kink: Any
) -> list[Scalar]:
    learn = [isinstance(x, Scalar) for x in row]
    senders = tuple(compress(row, learn))
    learning = len(senders)
    mixed = 0 < learning < len(row)  # nodes beside plain numbers
    inputs = (
        tuple([x.data if isinstance(x, Scalar) else Scalar.constant(x) for x in row]) + for_bias
    )
    units = []
    for own, values, weights in receivers:
        # z = x_1 w_1 + x_2 w_2 + ... + 1 b
        out = z = sum(map(mul, inputs, values))
        derivative = 1
        if relu and not z > 0:  # above 0 relu is the identity
            out, derivative = NumberMaths.relu(z, beside(kink, z) if kink else 0)
        # dz/dw_j = x_j      dz/db = 1      dz/dx_j = w_j
        kept = tuple(compress(weights, learn)) if mixed else weights[:learning]
        units.append(Scalar.computed(out, (own, senders), Unit(z, derivative, inputs, kept)))
    return units
