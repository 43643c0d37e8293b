"""Ops that take the elements along an axis together: of Tensors."""

from __future__ import annotations

from sgdexplained.errors import ShapeError
from sgdexplained.ops.elementwise import sqrt
from sgdexplained.ops.shapes import one_axis

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sgdexplained.tensor import Tensor

    Axis = int | tuple[int, ...] | None


# ## From many numbers to one


def min(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:  # noqa: A001
    """Return the smallest element, overall or along axes; equal ones share the gradient.

    Parameters
    ----------
    x : Tensor
        Numbers.
    axis : int, tuple of int, or None
        Which axes to go along; all if not given.
    keepdims : bool, default False
        Whether to keep those axes, with length 1.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If `x` is empty or has no such axis.

    Examples
    --------
    >>> from sgdexplained import Tensor
    >>> x = Tensor([[1.0, 3.0], [4.0, 4.0]])
    >>> y = min(x, axis=1)
    >>> y.backward(gradient=[10, 20])
    >>> y.data.tolist(), x.grad.tolist()
    ([1.0, 4.0], [[10.0, 0.0], [10.0, 10.0]])
    """
    return -(-x).max(axis, keepdims)


def prod(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the product of all elements, or along one axis.

    Parameters
    ----------
    x : Tensor
        Numbers.
    axis : int or None
        Which axis to go along; all if not given.
    keepdims : bool, default False
        Whether to keep that axis, with length 1.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If `x` has no such axis.

    Notes
    -----
    Dividing the product by each factor would be shorter, and fail where a factor is 0.

    Examples
    --------
    >>> from sgdexplained import Tensor
    >>> x = Tensor([2.0, 0.0, 5.0])
    >>> y = prod(x)
    >>> y.backward()
    >>> y.item(), x.grad.tolist()
    (0.0, [0.0, 10.0, 0.0])
    """
    # d(prod x)/dx_i = the product of all others: of those before it, times those after it
    import numpy as np

    from sgdexplained.tensor import LinearMap

    if axis is None:
        whole = prod(x.reshape(-1), 0)
        return whole.reshape([1] * x.ndim) if keepdims else whole
    place = one_axis(axis, x.shape)
    lines = np.moveaxis(x.data, place, -1)
    ones = np.ones_like(lines[..., :1])
    before = np.concatenate([ones, lines], axis=-1)[..., :-1].cumprod(axis=-1)
    after = np.concatenate([ones, lines[..., ::-1]], axis=-1)[..., :-1].cumprod(axis=-1)[..., ::-1]
    others = np.moveaxis(before * after, -1, place)
    value = x.data.prod(axis=place, keepdims=True)
    out = x.computed(value, x, LinearMap(lambda gradient: others * gradient + 0))
    return out if keepdims else out.reshape(x.shape[:place] + x.shape[place + 1 :])


def var(x: Tensor, axis: Axis = None, keepdims: bool = False, correction: int = 0) -> Tensor:
    """Return the variance: the mean squared distance from the mean.

    Parameters
    ----------
    x : Tensor
        Numbers.
    axis : int, tuple of int, or None
        Which axes to go along; all if not given.
    keepdims : bool, default False
        Whether to keep those axes, with length 1.
    correction : int, default 0
        What to take off the count before dividing by it. NumPy and JAX take off 0, PyTorch 1.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If no more than `correction` numbers go together, or there is no such axis.

    Examples
    --------
    >>> from sgdexplained import Tensor
    >>> x = Tensor([1.0, 2.0, 6.0])
    >>> y = var(x, correction=1)
    >>> y.backward()
    >>> y.item(), x.grad.tolist()
    (7.0, [-2.0, -1.0, 3.0])
    """
    # var(x) = Σ (x - mean)² / (n - correction)
    centred = x - x.mean(axis, keepdims=True)
    total = (centred * centred).sum(axis, keepdims)
    count = x.size // total.size - correction
    if count <= 0:
        raise ShapeError(
            f"variance of {x.size // total.size} numbers, expected more than {correction}"
        )
    variance: Tensor = total / count
    return variance


def std(x: Tensor, axis: Axis = None, keepdims: bool = False, correction: int = 0) -> Tensor:
    """Return the standard deviation, the root of the variance.

    Parameters
    ----------
    x : Tensor
        Numbers.
    axis : int, tuple of int, or None
        Which axes to go along; all if not given.
    keepdims : bool, default False
        Whether to keep those axes, with length 1.
    correction : int, default 0
        What to take off the count before dividing by it. NumPy and JAX take off 0, PyTorch 1.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If no more than `correction` numbers go together, or there is no such axis.
    ValueError
        If all numbers are equal: the root has no derivative at 0.

    Examples
    --------
    >>> from sgdexplained import Tensor
    >>> x = Tensor([1.0, 5.0])
    >>> y = std(x)
    >>> y.backward()
    >>> y.item(), x.grad.tolist()
    (2.0, [-0.5, 0.5])
    """
    return sqrt(var(x, axis, keepdims, correction))


# ## From many numbers to as many


def cumsum(x: Tensor, axis: int) -> Tensor:
    """Return the sums of all elements so far, along an axis.

    Parameters
    ----------
    x : Tensor
        Numbers.
    axis : int
        Which axis to go along.

    Returns
    -------
    Tensor, of the shape of `x`

    Raises
    ------
    ShapeError
        If `x` has no such axis.

    Examples
    --------
    Each number receives what all sums from it on received.

    >>> from sgdexplained import Tensor
    >>> x = Tensor([1.0, 2.0, 3.0])
    >>> y = cumsum(x, axis=0)
    >>> y.backward(gradient=[1, 10, 100])
    >>> y.data.tolist(), x.grad.tolist()
    ([1.0, 3.0, 6.0], [111.0, 110.0, 100.0])
    """
    # d(x_0 + ... + x_k)/dx_i = 1 if i <= k, else 0
    import numpy as np

    from sgdexplained.tensor import LinearMap

    axis = one_axis(axis, x.shape)

    def back(gradient: Any) -> Any:
        return np.flip(np.flip(gradient, axis).cumsum(axis), axis)

    return x.computed(x.data.cumsum(axis), x, LinearMap(back))


def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """Return exp(x) divided by its sum along an axis: numbers above 0 that add up to 1.

    It mixes what it takes: each output depends on every input, and the gradients of the inputs add
    up to 0.

    Parameters
    ----------
    x : Tensor
        Scores.
    axis : int, default -1
        Along which the outputs add up to 1.

    Returns
    -------
    Tensor, of the shape of `x`

    Raises
    ------
    ShapeError
        If `x` is empty or has no such axis.

    Examples
    --------
    >>> from math import log
    >>> from sgdexplained import Tensor
    >>> x = Tensor([log(6), log(3), 0.0])
    >>> p = softmax(x)
    >>> p[0].backward()
    >>> p.data.round(4).tolist(), x.grad.round(4).tolist()
    ([0.6, 0.3, 0.1], [0.24, -0.18, -0.06])
    """
    # p = exp(x) / Σ exp(x)      dL/dx = p (g - Σ p g), with g = dL/dp
    from sgdexplained.tensor import LinearMap

    shifted = _without_largest(x, axis)
    p = x.maths.exp(shifted)
    p = p / p.sum(axis=axis, keepdims=True)

    def back(gradient: Any) -> Any:
        return p * (gradient - (p * gradient).sum(axis=axis, keepdims=True)) + 0

    return x.computed(p, x, LinearMap(back))


def log_softmax(x: Tensor, axis: int = -1) -> Tensor:
    """Return the logarithm of :func:`softmax`, which stays finite where a probability is near 0.

    Parameters
    ----------
    x : Tensor
        Scores.
    axis : int, default -1
        Along which the probabilities add up to 1.

    Returns
    -------
    Tensor, of the shape of `x`

    Raises
    ------
    ShapeError
        If `x` is empty or has no such axis.

    Examples
    --------
    >>> from sgdexplained import Tensor
    >>> x = Tensor([0.0, 1000.0])
    >>> y = log_softmax(x)
    >>> y[0].backward()
    >>> y.data.tolist(), x.grad.tolist()
    ([-1000.0, 0.0], [1.0, -1.0])
    """
    # y = x - log Σ exp(x)      dL/dx = g - exp(y) Σ g, with g = dL/dy
    from sgdexplained.tensor import LinearMap

    shifted, maths = _without_largest(x, axis), x.maths
    y = shifted - maths.log(maths.exp(shifted).sum(axis=axis, keepdims=True))
    p = maths.exp(y)

    def back(gradient: Any) -> Any:
        return gradient - p * gradient.sum(axis=axis, keepdims=True) + 0

    return x.computed(y, x, LinearMap(back))


def _without_largest(x: Tensor, axis: int) -> Any:
    """Return the numbers less the largest along an axis: no exp of them can overflow."""
    from sgdexplained.tensor import numbered_axes

    numbered_axes(axis, x.shape)
    if not x.size:
        raise ShapeError(f"softmax of an empty array of shape {x.shape}")
    return x.data - x.data.max(axis=axis, keepdims=True)
