"""A whole unit of numbers as one node: w1 x1 + w2 x2 + ... + b.

:mod:`sgdexplained.affine` does the same for a layer of arrays.
"""

from __future__ import annotations

from operator import mul

from sgdexplained.scalar import Scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class Factors(tuple):  # type: ignore[type-arg]
    """One local derivative for each of many parents; times a gradient, it gives their shares."""

    __slots__ = ()

    def __mul__(self, gradient: Any) -> Any:
        # Nothing came back, as behind a shut gate: nothing to hand on, to however many parents.
        return [factor * gradient for factor in self] if gradient else ()


def linear_units(
    inputs: Sequence[Any], columns: Sequence[Sequence[Scalar]], biases: Sequence[Scalar | None]
) -> list[Scalar]:
    """Return the pre-activations of a layer for one example, each as a single node.

    ``sum(w * x)`` makes two nodes for every weight; this makes one for a whole unit, with the same
    derivatives.

    Parameters
    ----------
    inputs : sequence of number or Scalar
        What the n senders say; numbers need no gradient and get none.
    columns : sequence of sequence of Scalar
        For each of the m receivers the n weights that lead to it.
    biases : sequence of Scalar or None
        One for each receiver; ``None`` where there is none.

    Returns
    -------
    list of Scalar
        m pre-activations.

    Examples
    --------
    >>> w, b = [Scalar(1), Scalar(-2)], Scalar(1)
    >>> [z] = linear_units([1, 2], [w], [b])
    >>> z.backward()
    >>> z.data, [weight.grad for weight in w], b.grad
    (-2, [1, 2], 1)
    """
    senders = [x for x in inputs if x.__class__ is Scalar]
    values = [x.data if x.__class__ is Scalar else Scalar.constant(x) for x in inputs]
    heard = [j for j, x in enumerate(inputs) if x.__class__ is Scalar]
    units = []
    for weights, bias in zip(columns, biases, strict=True):
        # z = x_1 w_1 + x_2 w_2 + ... + b
        # dz/dw_j = x_j      dz/dx_j = w_j      dz/db = 1
        slopes = [w.data for w in weights]
        z = sum(map(mul, values, slopes))
        towards_senders = slopes if len(heard) == len(slopes) else [slopes[j] for j in heard]
        if bias is None:
            parents = (*weights, *senders)
            factors = Factors((*values, *towards_senders))
        else:
            z += bias.data
            parents = (*weights, *senders, bias)
            factors = Factors((*values, *towards_senders, 1))
        units.append(Scalar.computed(z, parents, factors))
    return units
