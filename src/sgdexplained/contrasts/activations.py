"""Activation functions for which *inactive* and *shut* come apart.

For ReLU an inactive unit (a = 0) is also shut (derivative 0), so it learns nothing. Here are units
that are inactive and open (gelu at 0), active and shut (relu6 at 7), or active and shut at a single
point only (silu at its minimum).

Each function takes a ``Scalar`` or a ``Tensor`` and returns one of the same kind, with the value
and the derivative worked out side by side. Those with no further argument, or with a default for
it, can be handed to a network as they are: ``MLP([2, 3, 1], activation=gelu)``.

At a kink a function has no derivative, and each docstring tells which number is used instead. The
last four functions of this page are the same function spelled four ways, and at the kink they give
three answers.
"""

from __future__ import annotations

import math

from sgdexplained import ops
from sgdexplained.node import beside, is_number, python_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from sgdexplained.node import Node

    N = TypeVar("N", bound=Node)


# ## Never shut, or shut at a single point


def leaky_relu(x: N, slope: Any = 0.01) -> N:
    """Return the node where it is positive, and `slope` times it elsewhere.

    Parameters
    ----------
    x : Scalar or Tensor
        Pre-activations.
    slope : number, default 0.01
        Of the left side, from 0 to 1; also used at exactly 0, as PyTorch does.

    Returns
    -------
    Scalar or Tensor

    Raises
    ------
    ValueError
        If `slope` is outside [0, 1].

    Examples
    --------
    A unit that ReLU would shut sends a hundredth of the signal back.

    >>> from sgdexplained import Scalar
    >>> z = Scalar(-2)
    >>> a = leaky_relu(z)
    >>> a.backward()
    >>> a.data, z.grad
    (-0.02, 0.01)
    """
    slope = python_number(slope)
    if not is_number(slope) or not 0 <= slope <= 1:
        raise ValueError(f"slope is {slope!r}, expected a number from 0 to 1")
    # leaky(x) = x if x > 0, else s x      derivative: 1 if x > 0, else s
    z, maths = x.data, x.maths
    slope = beside(slope, z)
    open_ = maths.step(z, 0)
    return x.computed(maths.where(z > 0, z, slope * z), x, open_ + slope * (1 - open_))


def elu(x: N, alpha: Any = 1) -> N:
    """Return the node where it is positive, and alpha (exp(x) - 1) elsewhere.

    Parameters
    ----------
    x : Scalar or Tensor
        Pre-activations.
    alpha : number, default 1
        How far below 0 the left side goes, above 0. With 1 there is no kink; with another number
        the derivative used at exactly 0 is `alpha`, that of the left side, as in PyTorch.

    Returns
    -------
    Scalar or Tensor

    Raises
    ------
    ValueError
        If `alpha` is not positive.

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> z = Scalar(-2.0)
    >>> a = elu(z)
    >>> a.backward()
    >>> round(a.data, 4), round(z.grad, 4)
    (-0.8647, 0.1353)
    """
    alpha = python_number(alpha)
    if not is_number(alpha) or not 0 < alpha < math.inf:
        raise ValueError(f"alpha is {alpha!r}, expected a number above 0")
    # elu(x) = x if x > 0, else α (eˣ - 1)      derivative: 1 if x > 0, else α eˣ
    z, maths = x.data, x.maths
    alpha = beside(alpha, z)
    rise = alpha * maths.exp(z)
    return x.computed(maths.where(z > 0, z, rise - alpha), x, maths.where(z > 0, 1, rise))


def gelu(x: N) -> N:
    """Return x Φ(x), with the normal distribution function Φ itself, no approximation to it.

    The derivative is 0 at x = -0.7518 alone, and *negative* left of that: a gradient that arrives
    there is passed on with the opposite sign.

    Parameters
    ----------
    x : Scalar or Tensor
        Pre-activations.

    Returns
    -------
    Scalar or Tensor

    Notes
    -----
    Far to the left Φ is smaller than the spacing of the floats just below 1, from which it is taken
    off; the value is therefore exactly 0 left of about -8.4 (in float32, left of about -5.6).

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> z = Scalar(-2)
    >>> gelu(z).backward()
    >>> round(z.grad, 4)
    -0.0852
    """
    # gelu(x) = x Φ(x)      derivative: Φ(x) + x φ(x)      φ(x) = Φ'(x) = exp(-x²/2) / √(2π)
    z, maths = x.data, x.maths
    below = (1 + maths.erf(z / beside(math.sqrt(2), z))) / 2
    # Beyond 40 the density is 0, long before the square of z is too large for a float.
    near = -maths.maximum(-maths.maximum(z, -40), -40)
    density = maths.exp(-near * near / 2) / beside(math.sqrt(2 * math.pi), z)
    # Adding 0 turns the -0.0 of the far left into 0.0.
    return x.computed(z * below + 0, x, below + near * density)


def silu(x: N) -> N:
    """Return x σ(x), with the logistic function σ; also called swish.

    The derivative is 0 at the minimum, x = -1.2785, and nowhere else; left of it it is negative.

    Parameters
    ----------
    x : Scalar or Tensor
        Pre-activations.

    Returns
    -------
    Scalar or Tensor

    Examples
    --------
    At its minimum the unit is active, and shut.

    >>> from sgdexplained import Scalar
    >>> z = Scalar(-1.27846454)
    >>> a = silu(z)
    >>> a.backward()
    >>> round(a.data, 5), abs(z.grad) < 1e-8
    (-0.27846, True)
    """
    # silu(x) = x σ(x)      derivative: σ(x) (1 + x σ(-x))      since 1 - σ(x) = σ(-x)
    z, maths = x.data, x.maths
    right, left = maths.sigmoid(z), maths.sigmoid(-z)
    return x.computed(z * right + 0, x, right * (1 + z * left))


# ## Shut on the far side as well


def relu6(x: N) -> N:
    """Return the node held between 0 and 6.

    Parameters
    ----------
    x : Scalar or Tensor
        Pre-activations.

    Returns
    -------
    Scalar or Tensor
        The derivative used at exactly 0 and 6 is 0, as in PyTorch.

    Examples
    --------
    At its largest activation it is shut.

    >>> from sgdexplained import Scalar
    >>> z = Scalar(7)
    >>> a = relu6(z)
    >>> a.backward()
    >>> a.data, z.grad
    (6, 0)
    """
    # relu6(x) = min(max(x, 0), 6)      derivative: 1 if 0 < x < 6, else 0
    z, maths = x.data, x.maths
    y = -maths.maximum(-maths.maximum(z, 0), -6)
    return x.computed(y, x, maths.step(z, 0) * maths.step(6 - z, 0))


def hard_tanh(x: N) -> N:
    """Return the node held between -1 and 1.

    Parameters
    ----------
    x : Scalar or Tensor
        Pre-activations.

    Returns
    -------
    Scalar or Tensor
        The derivative used at exactly -1 and 1 is 0, as in PyTorch.

    Examples
    --------
    Inactive in the middle, where it is open; active at both ends, where it is shut.

    >>> from sgdexplained import Scalar
    >>> units = [Scalar(-2), Scalar(0), Scalar(2)]
    >>> outputs = [hard_tanh(z) for z in units]
    >>> sum(outputs).backward()
    >>> [a.data for a in outputs], [z.grad for z in units]
    ([-1, 0, 1], [0, 1, 0])
    """
    # hardtanh(x) = min(max(x, -1), 1)      derivative: 1 if -1 < x < 1, else 0
    z, maths = x.data, x.maths
    y = -maths.maximum(-maths.maximum(z, -1), -1)
    return x.computed(y, x, maths.step(z + 1, 0) * maths.step(1 - z, 0))


# ## Four spellings of max(x, 0)
#
# One function, four ways to write it, three slopes at exactly 0: 0, 1/2 and 1. Each is a
# subgradient, so none is wrong; but a layer of zeros sits at exactly 0, and whether it ever
# learns is then decided by the spelling. PyTorch has all four, with the slopes given here; that of
# its clamp has changed before and a change to 0 was proposed in 2026.


def relu(x: N) -> N:
    """Return max(x, 0) with the derivative 0 at exactly 0, the spelling of the story.

    Parameters
    ----------
    x : Scalar or Tensor
        Pre-activations.

    Returns
    -------
    Scalar or Tensor

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> for spelling in relu, maximum, clamp_min, clamp:
    ...     z = Scalar(0)
    ...     spelling(z).backward()
    ...     print(f"{spelling.__name__:<9} {z.grad}")
    relu      0
    maximum   0.5
    clamp_min 1
    clamp     1
    """
    return x.relu(kink=0)


def maximum(x: N, floor: Any = 0) -> N:
    """Return the larger of a node and a number; where they are equal, each has half the say.

    Parameters
    ----------
    x : Scalar or Tensor
        Pre-activations.
    floor : number, default 0
        What to compare with; :func:`sgdexplained.ops.maximum` also takes a node.

    Returns
    -------
    Scalar or Tensor

    Raises
    ------
    TypeError
        If `floor` is no number.

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> z = Scalar(0)
    >>> maximum(z).backward()
    >>> z.grad
    0.5
    """
    return ops.maximum(x, floor)  # type: ignore[no-any-return]


def clamp(x: N, low: Any = 0, high: Any = None) -> N:
    """Return the node held between two numbers, bounds included: at a bound it is open.

    Parameters
    ----------
    x : Scalar or Tensor
        Pre-activations.
    low : number, default 0
        The least value.
    high : number, optional
        The largest value; none if not given.

    Returns
    -------
    Scalar or Tensor
        The derivative used at exactly `low` and `high` is 1.

    Raises
    ------
    TypeError
        If a bound is no number.
    ValueError
        If `low` is above `high`.

    Examples
    --------
    The function of ``relu6``, with the other answer at its two kinks.

    >>> from sgdexplained import Scalar
    >>> for function in relu6, lambda z: clamp(z, 0, 6):
    ...     units = [Scalar(z) for z in (-1, 0, 3, 6, 7)]
    ...     sum(function(z) for z in units).backward()
    ...     print([z.grad for z in units])
    [0, 0, 1, 0, 0]
    [0, 1, 1, 1, 0]
    """
    return ops.clamp(x, low, high)  # type: ignore[no-any-return]


def clamp_min(x: N, low: Any = 0) -> N:
    """Return the node, but at least `low`: :func:`clamp` without an upper bound.

    Parameters
    ----------
    x : Scalar or Tensor
        Pre-activations.
    low : number, default 0
        The least value; the derivative used there is 1.

    Returns
    -------
    Scalar or Tensor

    Raises
    ------
    TypeError
        If `low` is no number.

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> z = Scalar(0)
    >>> clamp_min(z).backward()
    >>> z.grad
    1
    """
    return clamp(x, low)
