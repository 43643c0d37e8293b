"""Ops that take numbers one by one: of a Scalar, or of every element of a Tensor.

Each returns a node of the kind it was given. Where an op takes two operands one of them may be a
plain number or array, and Tensors are repeated as for ``+``.
"""

from __future__ import annotations

from sgdexplained.node import Node, beside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    N = TypeVar("N", bound=Node)


# ## Smooth functions


def sqrt(x: N) -> N:
    """Return the square root; of a fraction exactly, if that has one.

    Parameters
    ----------
    x : Scalar or Tensor
        Numbers above 0.

    Returns
    -------
    Scalar or Tensor

    Raises
    ------
    ValueError
        If a number is negative, or 0: there the curve is upright and has no derivative. (PyTorch
        and JAX hand an infinite one back.)

    Examples
    --------
    >>> from fractions import Fraction
    >>> from sgdexplained import Scalar
    >>> x = Scalar(Fraction(4, 9))
    >>> y = sqrt(x)
    >>> y.backward()
    >>> y.data, x.grad
    (Fraction(2, 3), Fraction(3, 4))
    """
    # d√x/dx = 1 / (2 √x)
    y = x.maths.sqrt(x.data)
    if 0 in (y.flat if hasattr(y, "flat") else [y]):
        raise ValueError("the square root has no derivative at 0, expected numbers above 0")
    return x.computed(y, x, x.one_over(2 * y))


def sin(x: N) -> N:
    """Return the sine of angles in radians.

    Parameters
    ----------
    x : Scalar or Tensor
        Angles.

    Returns
    -------
    Scalar or Tensor

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> x = Scalar(0)
    >>> y = sin(x)
    >>> y.backward()
    >>> y.data, x.grad
    (0.0, 1.0)
    """
    # d sin(x)/dx = cos(x)
    return x.computed(x.maths.sin(x.data), x, x.maths.cos(x.data))


def cos(x: N) -> N:
    """Return the cosine of angles in radians.

    Parameters
    ----------
    x : Scalar or Tensor
        Angles.

    Returns
    -------
    Scalar or Tensor

    Examples
    --------
    >>> from math import pi
    >>> from sgdexplained import Scalar
    >>> x = Scalar(pi / 2)
    >>> cos(x).backward()
    >>> x.grad
    -1.0
    """
    # d cos(x)/dx = -sin(x)
    return x.computed(x.maths.cos(x.data), x, -x.maths.sin(x.data))


# ## One of two


def maximum(x: Any, y: Any) -> Any:
    """Return the larger of two; where they are equal each has half the say.

    Parameters
    ----------
    x, y : Scalar, Tensor, number or array
        At least one of them a node.

    Returns
    -------
    Scalar or Tensor

    Raises
    ------
    TypeError
        If neither is a node, or one is a Scalar and the other a Tensor.
    ShapeError
        If two Tensors do not fit.

    Examples
    --------
    >>> from sgdexplained import Tensor
    >>> x, y = Tensor([1.0, 2.0, 3.0]), Tensor([3.0, 2.0, 1.0])
    >>> maximum(x, y).sum().backward()
    >>> x.grad.tolist(), y.grad.tolist()
    ([0.0, 0.5, 1.0], [1.0, 0.5, 0.0])
    >>> maximum(x, 2.5).data.tolist()
    [2.5, 2.5, 3.0]
    """
    # max(x, y)      derivative: 1 towards the larger, 0 towards the smaller, 1/2 each where equal
    node, a, b = _values(x, y)
    return _one_of(node, node.maths.maximum(a, b), (x, a > b), (y, b > a), a == b)


def minimum(x: Any, y: Any) -> Any:
    """Return the smaller of two; where they are equal each has half the say.

    Parameters
    ----------
    x, y : Scalar, Tensor, number or array
        At least one of them a node.

    Returns
    -------
    Scalar or Tensor

    Raises
    ------
    TypeError
        If neither is a node, or one is a Scalar and the other a Tensor.
    ShapeError
        If two Tensors do not fit.

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> x, y = Scalar(2.0), Scalar(3.0)
    >>> minimum(x, y).backward()
    >>> x.grad, y.grad
    (1.0, 0.0)
    """
    # min(x, y)      derivative: 1 towards the smaller, 0 towards the larger, 1/2 each where equal
    node, a, b = _values(x, y)
    return _one_of(node, -node.maths.maximum(-a, -b), (x, a < b), (y, b < a), a == b)


def where(condition: Any, x: Any, y: Any) -> Any:
    """Return x where the condition holds, and y elsewhere; only what is chosen gets a gradient.

    Parameters
    ----------
    condition : bool, or array of them
        What a comparison such as ``x > 0`` gives.
    x, y : Scalar, Tensor, number or array
        At least one of them a node.

    Returns
    -------
    Scalar or Tensor

    Raises
    ------
    TypeError
        If neither `x` nor `y` is a node, or the condition is one.
    ShapeError
        If the three do not fit.

    Examples
    --------
    >>> from sgdexplained import Tensor
    >>> x, y = Tensor([1.0, 2.0]), Tensor([10.0, 20.0])
    >>> out = where(x > 1.5, x, y)
    >>> out.sum().backward()
    >>> out.data.tolist(), x.grad.tolist(), y.grad.tolist()
    ([10.0, 2.0], [0.0, 1.0], [1.0, 0.0])
    """
    # where(c, x, y)      derivative: 1 towards the chosen, 0 towards the other
    if isinstance(condition, Node):
        raise TypeError(f"the condition is {condition!r}, expected truth values: compare it")
    node, a, b = _values(x, y)
    if hasattr(node, "shape"):
        from sgdexplained.tensor import common_shape

        common_shape(getattr(condition, "shape", ()), a.shape, b.shape)
    maths = node.maths
    value = maths.where(condition, a, b)
    zero = maths.zero(value)
    chosen = maths.where(condition, zero + 1, zero)
    return _joined(node, value, (x, chosen), (y, 1 - chosen))


def clamp(x: Any, low: Any = None, high: Any = None) -> Any:
    """Return the node held between two bounds; at a bound it is still open.

    Parameters
    ----------
    x : Scalar or Tensor
        What to hold.
    low, high : number, array, Scalar or Tensor, optional
        The bounds; a node has the gradient of what is held at it.

    Returns
    -------
    Scalar or Tensor
        The derivative used at exactly `low` and `high` is 1, towards `x`, as in PyTorch.

    Raises
    ------
    TypeError
        If there is no bound, or one is no number.
    ValueError
        If both are numbers and `low` is above `high`.

    Examples
    --------
    >>> from sgdexplained import Tensor
    >>> x = Tensor([-0.5, 0.0, 0.5, 2.5])
    >>> y = clamp(x, 0, 2.5)
    >>> y.sum().backward()
    >>> y.data.tolist(), x.grad.tolist()
    ([0.0, 0.0, 0.5, 2.5], [0.0, 1.0, 1.0, 1.0])
    """
    # clamp(x) = min(max(x, low), high)      derivative: 1 if low <= x <= high, else 0
    if low is None and high is None:
        raise TypeError("clamp has neither a low nor a high, expected a bound")
    _, *bounds = _values(x, *(bound for bound in (low, high) if bound is not None))[1:]
    if len(bounds) == 2 and _any(bounds[0] > bounds[1]):
        raise ValueError(f"low is {low!r} and high is {high!r}, expected low to be the smaller")
    if low is not None:
        x = where(x < low, low, x)
    return x if high is None else where(x > high, high, x)


# ## Steps: the derivative is 0 wherever there is one


def sign(x: N) -> N:
    """Return 1 for a positive number, -1 for a negative one, 0 for 0.

    Parameters
    ----------
    x : Scalar or Tensor
        Numbers.

    Returns
    -------
    Scalar or Tensor
        Its derivative is 0: everything before it stays where it is.

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> x = Scalar(-2.5)
    >>> y = sign(x)
    >>> y.backward()
    >>> y.data, x.grad
    (-1, 0)
    """
    # sign(x)      derivative: 0
    step, number = x.maths.step, x.data == x.data  # NaN is none, and stays
    signs = step(x.data, 0) - step(-x.data, 0)
    return x.computed(x.maths.where(number, signs, x.data), x, 0)


def round(x: N) -> N:  # noqa: A001 (the name that everybody knows)
    """Return the nearest whole number, the even one of two.

    Parameters
    ----------
    x : Scalar or Tensor
        Numbers.

    Returns
    -------
    Scalar or Tensor
        Its derivative is 0: everything before it stays where it is.

    Examples
    --------
    >>> from sgdexplained import Tensor
    >>> x = Tensor([0.5, 1.5, -2.6])
    >>> y = round(x)
    >>> y.sum().backward()
    >>> y.data.tolist(), x.grad.tolist()
    ([0.0, 2.0, -3.0], [0.0, 0.0, 0.0])
    """
    # round(x)      derivative: 0
    return x.computed(x.maths.round(x.data) + 0, x, 0)


def detach(x: N) -> N:
    """Return the value as a node without a past: no gradient goes through it.

    Parameters
    ----------
    x : Scalar or Tensor
        What to cut off.

    Returns
    -------
    Scalar or Tensor
        With a copy of the numbers; a Tensor that needs no gradient.

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> w = Scalar(3)
    >>> (w * detach(w)).backward()
    >>> w.grad  # 3, and not 6
    3
    """
    kind: Any = x.__class__
    out: N = kind(x.data, requires_grad=False) if hasattr(x, "requires_grad") else kind(x.data)
    return out


# ## What they share


def _values(x: Any, *others: Any) -> tuple[Any, ...]:
    """Return the first node among the operands, and the numbers of all of them.

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> _values(2, Scalar(0.5))
    (Scalar(0.5), 2.0, 0.5)
    """
    operands = (x, *others)
    node = next((one for one in operands if isinstance(one, Node)), None)
    if node is None:
        raise TypeError(f"expected a Scalar or a Tensor, got {x!r}")
    numbers = [_number(one, node) for one in operands]
    if hasattr(node, "shape"):
        from sgdexplained.tensor import common_shape

        common_shape(*(array.shape for array in numbers))
    return node, *numbers


def _number(one: Any, node: Node) -> Any:
    if isinstance(one, Node):
        if one.maths is not node.maths:
            raise TypeError(f"{one!r} beside {node!r}: expected Scalars alone, or Tensors alone")
        return one.data
    constant: Any = node.constant
    if hasattr(node.data, "dtype"):
        return constant(one, node.data.dtype)
    # In the number type of the node: 0 beside 0.5 is 0.0.
    return node.maths.zero(node.data) + beside(constant(one), node.data)


def _any(truth: Any) -> bool:
    return bool(truth.any() if hasattr(truth, "any") else truth)


def _one_of(node: Node, value: Any, x: Any, y: Any, equal: Any) -> Node:
    """Return a node of the value that is one of two; of each it is told where it is the one."""
    where, zero = node.maths.where, node.maths.zero(value)
    half = where(equal, node.one_over(2), zero)
    return _joined(node, value, *((one, where(wins, zero + 1, half)) for one, wins in (x, y)))


def _joined(node: Node, value: Any, *pairs: tuple[Any, Any]) -> Node:
    """Return a node of those operands that are nodes, each with its derivative."""
    parents = [pair for pair in pairs if isinstance(pair[0], Node)]
    return node.computed(value, *(part for pair in parents for part in pair))
