"""Why deltas and gradients are 0, of arrays: all weights of a layer at once.

No array has an entry for each weight *and* example. What holds of a sender in all examples is one
reduction over its activations, and what holds of a receiver in all examples the *and* of its bytes.
Only where neither says why a gradient is 0 the signs of all products are needed; they are counted
by products of matrices of 0 and 1, as a gradient is.

This module needs NumPy, so only what has arrays opens it.
"""

from __future__ import annotations

import numpy as np

from sgdexplained.reasons.codes import CODE
from sgdexplained.reasons.factors import (
    CLOSED,
    FIRST,
    FLAT,
    INACTIVE,
    PATHS_CANCEL,
    ROUNDING,
    SATURATED,
    SHUT,
    UNDERFLOW,
    entry_reasons,
    exact_sum,
    zero_code,
)
from sgdexplained.reasons.mixing import mixed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sgdexplained.reasons.factors import Factors
    from sgdexplained.reasons.step import Step

    Array = np.ndarray[Any, np.dtype[Any]]

_FIRST = np.array(FIRST, np.uint8)
# A truth value times one of these stays a byte.
_SHUT, _SATURATED, _UNDERFLOW = (np.uint8(bit) for bit in (SHUT, SATURATED, UNDERFLOW))


# ## Products of signs


def _count(left: Array, right: Array) -> Array:
    """Return how often both are true, for each row of the one and column of the other."""
    # Whole numbers up to 2²⁴ are exact in float32, and BLAS multiplies nothing faster.
    product: Array = left.astype(np.float32) @ right.astype(np.float32)
    return product


def _signs(left: Array, right: Array) -> tuple[Array, Array]:
    """Return how many terms of each entry of a matrix product are positive, and negative."""
    above, below = left > 0, left < 0
    over, under = right > 0, right < 0
    return (
        _count(above, over) + _count(below, under),
        _count(above, under) + _count(below, over),
    )


def _may_underflow(left: Array, right: Array, number: Any = float) -> bool:
    """Return whether a product of two numbers that are not 0 could be 0.

    Contributions are told as Python's floats; what comes back is computed in the type of the array.
    """
    if left.dtype == object or not left.size or not right.size:
        return False
    smallest = []
    for numbers in (left, right):
        sizes = np.abs(numbers)
        least = sizes.min()
        if least == 0:
            sizes[sizes == 0] = np.inf
            least = sizes.min()
        smallest.append(number(least))
    return bool(smallest[0] * smallest[1] == 0)


# ## Deltas


def block(layers: list[Factors]) -> None:
    """Set ``blocked`` and ``behind`` of each layer, from the last to the first.

    Examples
    --------
    >>> import numpy as np
    >>> from sgdexplained.reasons.factors import WORDS_OF, Factors
    >>> numbers = [
    ...     ([[1, 1, 1]], [[1]], [[-1, 1, 1]], [[0, 1, 1]], [[0, 1, 1]], [[2, 0, 2]], [[0, 0, 2]]),
    ...     ([[1], [0], [1]], [[1, 1, 1]], [[1]], [[1]], [[1]], [[2]], [[2]]),
    ... ]
    >>> layers = [Factors(*(np.array(one, float) for one in layer)) for layer in numbers]
    >>> block(layers)
    >>> [WORDS_OF[bits] for bits in layers[0].blocked[0]]
    [('shut',), ('closed',), ()]
    """
    flat = np.where((layers[-1].upstream == 0).all(axis=1), FLAT, 0).astype(np.uint8)[:, None]
    ahead: Factors | None = None
    for layer in reversed(layers):
        nothing = layer.upstream == 0
        behind = np.zeros(nothing.shape, np.uint8)
        if ahead is None:
            behind[nothing] = FLAT
        elif nothing.any():
            rows, units = nothing.any(axis=1), nothing.any(axis=0)
            found = _behind(ahead, rows, units)
            part = np.ix_(rows, units)
            behind[part] = np.where(nothing[part], found, 0)
        if layer.mixes:
            behind = mixed(layer, behind)
            shut = behind == SHUT
        else:
            shut = layer.derivatives == 0
        blocked = flat | behind | shut * _SHUT | (shut & (layer.activations != 0)) * _SATURATED
        blocked |= (blocked == 0) * _UNDERFLOW
        blocked *= layer.deltas == 0
        layer.behind, layer.blocked = behind, blocked
        ahead = layer


def _behind(ahead: Factors, rows: Array, units: Array) -> Array:
    """Return for some examples and units the bit that says why nothing came back."""
    weight, deltas = ahead.weight[units].T, ahead.deltas[rows]
    behind = ahead.behind[rows]
    is_open = behind != SHUT if ahead.mixes else ahead.derivatives[rows] != 0
    behind = np.where(behind, behind, UNDERFLOW)
    wired = weight != 0
    found = np.full((len(deltas), weight.shape[1]), CLOSED, np.uint8)
    # One open path is enough to be not closed: then what is wrong is further ahead.
    for bit in (UNDERFLOW, FLAT, ROUNDING, PATHS_CANCEL):
        here = is_open & (behind == bit)
        if here.any():
            found[_count(here, wired) > 0] = bit
    positive, negative = _signs(deltas, weight)
    cancel = (positive > 0) & (negative > 0)
    if _may_underflow(deltas, weight, deltas.dtype.type):
        for i, k in np.argwhere(cancel):
            terms = deltas[i] * weight[:, k]
            cancel[i, k] = (terms > 0).any() and (terms < 0).any()
    found[cancel] = PATHS_CANCEL
    if found.size and deltas.dtype != object:
        for i, k in np.argwhere(cancel):
            if exact_sum((deltas[i] * weight[:, k]).tolist()) != 0:
                found[i, k] = ROUNDING
    return found


# ## Gradients


def zero_codes(inputs: Array, layer: Factors, gradients: Array) -> Any:
    """Return for each weight the code of why its gradient is 0; 0 where it is not.

    Parameters
    ----------
    inputs : array, shape (B, n)
        Activations of the senders; ones for biases.
    layer : Factors
        After :func:`block`.
    gradients : array, shape (n, m)
        Of the weights.

    Returns
    -------
    array of uint8, shape (n, m), or 0 if no gradient is 0
    """
    zero = gradients == 0
    if not zero.any():
        return 0
    inactive = ~(inputs != 0).any(axis=0)
    common = np.bitwise_and.reduce(layer.blocked, axis=0)
    bits = common[None, :] | np.where(inactive, INACTIVE, 0).astype(np.uint8)[:, None]
    codes = _FIRST[bits]
    codes[~zero] = 0
    rest = zero & (bits == 0)
    if rest.any():
        _look_closer(codes, rest, inputs, layer)
    return codes


def _look_closer(codes: Array, rest: Array, inputs: Array, layer: Factors) -> None:
    """Set the codes where neither end of a weight explains by itself why its gradient is 0."""
    rows, columns = np.flatnonzero(rest.any(axis=1)), np.flatnonzero(rest.any(axis=0))
    senders, deltas = inputs[:, rows], layer.deltas[:, columns]
    part = np.ix_(rows, columns)
    if _may_underflow(senders, deltas):
        places = np.argwhere(rest[part])
    else:
        positive, negative = _signs(senders.T, deltas)
        live = (deltas != 0).any(axis=0)
        found = np.where(live, CODE["never together"], CODE["mixed"]).astype(np.uint8)
        found = np.where((positive == 0) & (negative == 0), found[None, :], CODE["underflow"])
        cancel = (positive > 0) & (negative > 0)
        found[cancel] = CODE["examples cancel"]
        codes[part] = np.where(rest[part], found, codes[part])
        # Exact numbers that cancel leave nothing to look at.
        places = np.argwhere(cancel & rest[part] & (inputs.dtype != object))
    # Few are left: those are looked at number by number.
    for j, k in places:
        said, back = senders[:, j].tolist(), deltas[:, k].tolist()
        products = [a * d for a, d in zip(said, back, strict=True)]
        reasons = entry_reasons(said, back, layer.blocked[:, columns[k]].tolist())
        alive = any(said) and any(back)
        codes[rows[j], columns[k]] = zero_code(products, reasons, alive)


def contributing(inputs: Array, layer: Factors) -> Any:
    """Return for each weight in how many examples it gets something."""
    active, reached = inputs != 0, layer.deltas != 0
    if _may_underflow(inputs, layer.deltas):
        return np.array(
            [((column[:, None] * layer.deltas) != 0).sum(axis=0) for column in inputs.T]
        )
    if active.all():  # no sender makes a difference: one row stands for all
        shape = (inputs.shape[1], reached.shape[1])
        return np.broadcast_to(reached.sum(axis=0, dtype=np.int32), shape)
    return _count(active.T, reached).astype(np.int32)


def reasons(step: Step, parameter: Any, move: Any, zero: Any) -> Any:
    """Return for each number of a Tensor the code of why it moves or stays.

    Parameters
    ----------
    step : Step
        Of the optimiser.
    parameter : Tensor
        Holds its gradient.
    move : array or None
        Of the parameter.
    zero : array of uint8, or 0
        Codes of why gradients are 0, in the shape of the parameter.

    Returns
    -------
    array of uint8, or an int that stands for all
    """
    gradient = parameter.grad
    if move is None:
        return step.reason(parameter, gradient, None, 0)
    moved = move != 0
    if gradient is None:
        stays = step.reason(parameter, None, 0, 0)
        return np.where(moved, CODE["own rule"], stays).astype(np.uint8) if moved.any() else stays
    codes = np.where(moved, CODE["gradient"], zero).astype(np.uint8)
    nothing = gradient == 0
    without = moved & nothing
    if without.any():
        codes[without] = CODE["memory"]
        own = step.parts_of(parameter)
        if own is not None:
            remembered, decayed = own["memory"] != 0, own["decay"] != 0
            codes[without & decayed] = CODE["decay"]
            codes[without & decayed & remembered] = CODE["memory+decay"]
    held = ~(moved | nothing)
    if held.any():
        steps = step.steps.get(id(parameter))
        codes[held] = step.held(0)
        if steps is not None:
            codes[held & (np.asarray(steps) != 0)] = CODE["swallowed"]
    return codes
