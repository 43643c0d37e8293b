"""More ops, which other libraries have too, and which the story does not need.

The core has what a network is made of. These are put together from it, each with its value and its
derivative in view, so each is also an example of how an op is added.

- :mod:`~sgdexplained.ops.elementwise`: of numbers and arrays alike, one by one;
- :mod:`~sgdexplained.ops.reductions`: of arrays, along an axis;
- :mod:`~sgdexplained.ops.shapes`: parts put together, and axes left out.

At a kink or a tie a function has no derivative, and each says which number it uses instead.

>>> from sgdexplained import Scalar
>>> from sgdexplained.ops import maximum
>>> x, y = Scalar(3.0), Scalar(3.0)
>>> maximum(x, y).backward()
>>> x.grad, y.grad  # equal ones share
(0.5, 0.5)
"""

from sgdexplained.ops.elementwise import (
    clamp,
    cos,
    detach,
    maximum,
    minimum,
    round,  # noqa: A004 (the name that everybody knows; so are the next)
    sign,
    sin,
    sqrt,
    where,
)
from sgdexplained.ops.reductions import (
    cumsum,
    log_softmax,
    min,  # noqa: A004
    prod,
    softmax,
    std,
    var,
)
from sgdexplained.ops.shapes import concatenate, flatten, squeeze, stack

__all__ = [
    "clamp",
    "concatenate",
    "cos",
    "cumsum",
    "detach",
    "flatten",
    "log_softmax",
    "maximum",
    "min",
    "minimum",
    "prod",
    "round",
    "sign",
    "sin",
    "softmax",
    "sqrt",
    "squeeze",
    "stack",
    "std",
    "var",
    "where",
]
