"""Which weights move in one SGD step, how far, and why.

The package is an autograd engine that fits into one sitting: nodes that remember how they were
computed, one backward pass, a few losses, networks and optimisers. In the order in which data
meets them: :mod:`~sgdexplained.node`, :mod:`~sgdexplained.scalar`, :mod:`~sgdexplained.tensor`,
:mod:`~sgdexplained.backward`, :mod:`~sgdexplained.losses`, :mod:`~sgdexplained.layers`,
:mod:`~sgdexplained.sgd`.

One step of a network with two inputs, three relu units and one output, in exact numbers:

>>> from sgdexplained import MLP, SGD, half_squared_error
>>> net = MLP([2, 3, 1], init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])])
>>> loss = half_squared_error(net([[1, 2]]), [[1]])
>>> loss.backward()
>>> net.layers[0].activations  # the second unit is inactive ...
[[3, 0, 1]]
>>> net.gradients()["W1"]  # ... and no weight that leads to it moves
[[1.0, 0.0, -1.0], [2.0, 0.0, -2.0]]
>>> SGD(net.parameters(), lr=0.1).step()
>>> net.values()["W1"]
[[0.9, 1.0, 2.1], [0.8, -2.0, 0.2]]
"""

from __future__ import annotations

from sgdexplained.errors import GraphError, NotFiniteError, ShapeError
from sgdexplained.scalar import Scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sgdexplained.differences import gradcheck
    from sgdexplained.layers import MLP, Linear
    from sgdexplained.losses import (
        half_squared_error,
        hinge,
        logistic,
        mean_squared_error,
        softmax_cross_entropy,
        weighted_mean,
    )
    from sgdexplained.reasons import Explanation, explain
    from sgdexplained.sgd import SGD
    from sgdexplained.tensor import Tensor

# In the order of reading. What is not Scalar or an error is loaded when it is first asked for:
# scalars need no NumPy. No module has the name of something public in it, for importing the
# module would put it in that thing's place.
__all__ = [
    "Scalar",
    "Tensor",
    "half_squared_error",
    "mean_squared_error",
    "softmax_cross_entropy",
    "logistic",
    "hinge",
    "weighted_mean",
    "Linear",
    "MLP",
    "SGD",
    "gradcheck",
    "explain",
    "Explanation",
    "ShapeError",
    "GraphError",
    "NotFiniteError",
]

_HOME = {
    "Tensor": "tensor",
    "half_squared_error": "losses",
    "mean_squared_error": "losses",
    "softmax_cross_entropy": "losses",
    "logistic": "losses",
    "hinge": "losses",
    "weighted_mean": "losses",
    "Linear": "layers",
    "MLP": "layers",
    "SGD": "sgd",
    "gradcheck": "differences",
    "explain": "reasons",
    "Explanation": "reasons",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
