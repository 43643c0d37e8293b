"""Functions of arrays that the rules of :mod:`sgdexplained.node` are written with.

:mod:`sgdexplained.maths` has the same for plain numbers. Arrays of fractions are done number by
number with those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sgdexplained.maths import NumberMaths

if TYPE_CHECKING:
    from collections.abc import Callable

Array = np.ndarray[Any, Any]


def _or_each(function: Callable[[Any], Any], of_number: Callable[[Any], Any]) -> Any:
    """Return `function`, except that object arrays (fractions) are done number by number."""
    of_each = np.frompyfunc(of_number, 1, 1)

    def applied(x: Any) -> Any:
        if np.asarray(x).dtype != object:
            return function(x)
        return np.asarray(of_each(x), object)  # an array of one fraction comes out unpacked

    return staticmethod(applied)


def _positive_log(x: Any) -> Any:
    smallest = np.fmin.reduce(x, axis=None, initial=np.inf)  # which NaN cannot hide
    if smallest <= 0:
        raise ValueError(f"log of an array with {smallest}: expected positive numbers")
    return np.log(x)


def _root_from_zero(x: Any) -> Any:
    smallest = np.fmin.reduce(x, axis=None, initial=np.inf)
    if smallest < 0:
        raise ValueError(f"square root of an array with {smallest}: expected numbers from 0")
    return np.sqrt(x)


def _quiet_exp(x: Any) -> Any:
    with np.errstate(over="ignore", under="ignore"):
        return np.exp(x)


def _sigmoid(x: Any) -> Any:
    # exp of a negative number cannot overflow, so each side uses the form that has one.
    small = _quiet_exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


class ArrayMaths:
    """The functions that :class:`~sgdexplained.node.Node` needs, of arrays.

    Examples
    --------
    Floats are done all at once; fractions one by one, and they stay fractions where that is
    possible.

    >>> from fractions import Fraction
    >>> floats, fractions = np.array([-1.0, 0.0, 4.0]), np.array([Fraction(-1), Fraction(4)])
    >>> ArrayMaths.maximum(floats, 0), ArrayMaths.maximum(fractions, 0)
    (array([0., 0., 4.]), array([Fraction(0, 1), Fraction(4, 1)], dtype=object))
    >>> ArrayMaths.zero(floats), ArrayMaths.zero(fractions)
    (array([0., 0., 0.]), array([Fraction(0, 1), Fraction(0, 1)], dtype=object))
    >>> ArrayMaths.exp(floats).round(2), ArrayMaths.exp(fractions).astype(float).round(2)
    (array([ 0.37,  1.  , 54.6 ]), array([ 0.37, 54.6 ]))
    >>> ArrayMaths.sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """

    zero = _or_each(np.zeros_like, NumberMaths.zero)
    exp = _or_each(_quiet_exp, NumberMaths.exp)
    log = _or_each(_positive_log, NumberMaths.log)
    log1p = _or_each(np.log1p, NumberMaths.log1p)
    sqrt = _or_each(_root_from_zero, NumberMaths.sqrt)
    sin = _or_each(np.sin, NumberMaths.sin)
    cos = _or_each(np.cos, NumberMaths.cos)
    round = _or_each(np.round, NumberMaths.round)
    tanh = _or_each(np.tanh, NumberMaths.tanh)
    sigmoid = _or_each(_sigmoid, NumberMaths.sigmoid)

    @staticmethod
    def erf(x: Any) -> Any:
        """Return the error function, which NumPy does not have, number by number.

        Examples
        --------
        >>> ArrayMaths.erf(np.array([0.0, 1.0])).round(4)
        array([0.    , 0.8427])
        """
        x = np.asarray(x)  # an array of one number is unpacked by any sum or product
        return np.asarray(np.frompyfunc(NumberMaths.erf, 1, 1)(x)).astype(x.dtype)

    @staticmethod
    def relu(x: Any, kink: Any) -> tuple[Any, Any]:
        """Return max(x, 0) and its derivative, which is `kink` at 0.

        Examples
        --------
        >>> ArrayMaths.relu(np.array([-2.0, 0.0, 2.0]), 0.5)
        (array([0., 0., 2.]), array([0. , 0.5, 1. ]))
        """
        return ArrayMaths.maximum(x, 0), ArrayMaths.step(x, kink)

    @staticmethod
    def maximum(x: Any, floor: Any) -> Any:
        """Return the larger of the two, in the number type of `x`; NaN stays NaN."""
        if np.asarray(x).dtype.hasobject:  # beside fractions the floor becomes one
            return np.maximum(x, ArrayMaths.zero(x) + floor)
        return np.maximum(x, floor)

    @staticmethod
    def step(x: Any, at_zero: Any) -> Any:
        """Return 1 for a positive number, 0 for a negative one, `at_zero` for 0."""
        x = np.asarray(x)
        slope = np.where(x > 0, 1, 0).astype(x.dtype)
        slope[x == 0] = at_zero  # put in one by one: a 0.5 would turn integers to floats
        return slope

    @staticmethod
    def where(condition: Any, yes: Any, no: Any) -> Any:
        """Return `yes` where the condition holds, `no` elsewhere.

        Examples
        --------
        >>> ArrayMaths.where(np.array([True, False]), 1, 2)
        array([1, 2])
        """
        return np.where(condition, yes, no)

    @staticmethod
    def power(x: Any, n: Any) -> tuple[Any, Any]:
        """Return xⁿ and its derivative n xⁿ⁻¹.

        Examples
        --------
        >>> ArrayMaths.power(np.array([2.0, -2.0, 0.0]), np.array([3.0, 2.0, 0.0]))
        (array([8., 4., 1.]), array([12., -4.,  0.]))
        >>> for x, n in (0.0, -1.0), (-8.0, 0.5):
        ...     try:
        ...         ArrayMaths.power(np.array([x]), np.array([n]))
        ...     except ValueError as error:
        ...         print(error)
        0 to a power below 1 has no derivative, expected powers >= 1
        a negative number to a broken power is not a real number
        """
        x, n = np.broadcast_arrays(x, n)
        pairs = np.frompyfunc(NumberMaths.power, 2, 2) if object in (x.dtype, n.dtype) else _powers
        out, slope = pairs(x, n)
        return out, slope

    @staticmethod
    def exponential(x: Any, n: Any) -> tuple[Any, Any]:
        """Return xⁿ and its derivative towards the exponent, xⁿ log x; at x = 0 that is 0.

        Examples
        --------
        >>> ArrayMaths.exponential(np.array([1.0, 0.0, 0.0]), np.array([3.0, 2.0, 0.0]))
        (array([1., 0., 1.]), array([0., 0., 0.]))
        >>> try:
        ...     ArrayMaths.exponential(np.array([0.0]), np.array([-1.0]))
        ... except ValueError as error:
        ...     print(error)
        0 to a negative power is no number
        """
        x, n = np.broadcast_arrays(x, n)
        if object in (x.dtype, n.dtype):
            out, slope = np.frompyfunc(NumberMaths.exponential, 2, 2)(x, n)
            return out, slope
        if np.any((x == 0) & (n < 0)):
            raise ValueError("0 to a negative power is no number")
        with np.errstate(over="ignore", invalid="ignore"):
            # 1 in place of 0: its logarithm makes the derivative 0.
            return x**n, x**n * ArrayMaths.log(np.where(x == 0, 1, x))


def _powers(x: Array, n: Array) -> tuple[Any, Any]:
    if np.any((x == 0) & (n < 1) & (n != 0)):
        raise ValueError("0 to a power below 1 has no derivative, expected powers >= 1")
    with np.errstate(over="ignore", invalid="ignore"):
        if np.any((x < 0) & (n % 1 != 0)):
            raise ValueError("a negative number to a broken power is not a real number")
        # Where n is 0 the power is flat, and xⁿ⁻¹ need not exist: any base but 0 gives 0.
        return x**n, n * np.where(n == 0, 1, x) ** (n - 1)
