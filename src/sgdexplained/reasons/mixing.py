"""Activations that mix units, such as a softmax: a unit's activation depends on other units.

Then what comes back to a unit is a sum over all units that it has a part in, and its own derivative
does not decide alone. This module needs NumPy, so only what has arrays opens it.
"""

from __future__ import annotations

import numpy as np

from sgdexplained.reasons.factors import (
    CLOSED,
    FLAT,
    PATHS_CANCEL,
    ROUNDING,
    SHUT,
    UNDERFLOW,
)
from sgdexplained.tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from sgdexplained.reasons.factors import Factors


def jacobian(phi: Callable[[Any], Any], z: Any, derivatives: Any) -> Any:
    """Return what yields the derivatives of a function that mixes units; ``None`` if none does.

    Parameters
    ----------
    phi : callable
        The activation function, of Tensors.
    z : array, shape (B, m)
        Where it is asked.
    derivatives : array, shape (B, m)
        What comes back through it from a gradient of ones.

    Returns
    -------
    callable or None
        Yields for each unit (of each example, if examples are mixed as well) the examples it is
        asked in, its number, and the derivatives of its activation towards all of `z`.

    Examples
    --------
    >>> centred = lambda z: z - z.mean(axis=1, keepdims=True)
    >>> [
    ...     (unit, back.tolist())
    ...     for _, unit, back in jacobian(centred, np.ones((1, 2)), np.ones(1))()
    ... ]
    [(0, [[0.5, -0.5]]), (1, [[-0.5, 0.5]])]
    >>> jacobian(lambda z: z.relu(), np.ones((1, 2)), np.ones((1, 2))) is None
    True
    """
    units = Tensor(z)
    out = phi(units)
    if not getattr(out, "requires_grad", False) or out.data.shape != z.shape:
        return None

    def back(gradient: Any) -> Any:
        units.grad = None
        out.backward(gradient=gradient)
        return units.grad

    probe = np.arange(1, z.size + 1).reshape(z.shape) % 7 + z * 0 + 1
    got, alone = back(probe), derivatives * probe
    tolerance = 0 if z.dtype == object else 1e-6 if z.dtype == "float32" else 1e-12
    if not (np.abs(got - alone) > tolerance * (np.abs(got) + np.abs(alone))).any():
        return None
    examples, width = z.shape
    rows = [np.arange(examples) == i for i in range(examples)]
    if not any((back(probe * row[:, None])[~row] != 0).any() for row in rows):
        rows = [np.ones(examples, bool)]  # no example has a part in another: ask all at once

    def yielded() -> Iterator[tuple[Any, int, Any]]:
        for row in rows:
            for unit in range(width):
                yield row, unit, back(row[:, None] * (np.arange(width) == unit) + z * 0)

    return yielded


def mixed(layer: Factors, behind: Any) -> Any:
    """Return for each unit the bit that says why nothing comes back through a mixing activation.

    The derivatives of the layer become those of each unit by itself.

    Parameters
    ----------
    layer : Factors
        With its ``jacobian``, which is forgotten.
    behind : array of uint8, shape (B, m)
        Why nothing comes back to an activation, where nothing does.

    Returns
    -------
    array of uint8, shape (B, m)
        0 where something comes back.
    """
    shape = layer.deltas.shape
    own = layer.derivatives * 0
    positive, negative, wired = (np.zeros(shape, bool) for _ in range(3))
    found = np.zeros(shape, np.uint8)
    for row, unit, back in layer.jacobian():
        one = len(row) != row.sum()  # examples are mixed: what comes back to one goes to all
        upstream = layer.upstream[row, unit][0] if one else layer.upstream[:, unit][:, None]
        why = behind[row, unit][0] if one else behind[:, unit][:, None]
        terms, has = back * upstream, back != 0
        positive |= terms > 0
        negative |= terms < 0
        wired |= has
        found |= np.where(has, np.where(why == 0, UNDERFLOW, why), 0).astype(np.uint8)
        own[row, unit] = back[row, unit]
    codes = np.where(wired, CLOSED, SHUT).astype(np.uint8)
    for bit in (UNDERFLOW, FLAT, ROUNDING, PATHS_CANCEL):
        codes[found & bit != 0] = bit
    codes[positive & negative] = PATHS_CANCEL
    codes[layer.deltas != 0] = 0
    layer.derivatives, layer.jacobian = own, None
    return codes
