"""Functions of plain numbers that the rules of :mod:`sgdexplained.node` are written with.

:mod:`sgdexplained.array_maths` has the same for arrays, under the same names.
"""

from __future__ import annotations

import math
from math import isqrt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class NumberMaths:
    """The functions that :class:`~sgdexplained.node.Node` needs, of plain numbers.

    Where Python raises an error of its own (``exp`` of a large number, ``log`` of a negative one)
    these return what IEEE arithmetic says, or raise an error that names the value.
    """

    @staticmethod
    def zero(x: Any) -> Any:
        """Return 0 in the number type of `x`.

        Examples
        --------
        >>> from fractions import Fraction
        >>> NumberMaths.zero(5), NumberMaths.zero(-math.inf), NumberMaths.zero(Fraction(1, 2))
        (0, 0.0, Fraction(0, 1))
        """
        # Not `type(x)(0)` for all: what makes a number of its own for each value may have no 0.
        # Not `0 * x` for all: infinity times 0 is no number.
        return type(x)(0) if x.__class__ is float or _is_decimal(x) else 0 * x

    @staticmethod
    def exp(x: Any) -> Any:
        """Return e to the power `x`; infinity where that is too large for a float.

        Examples
        --------
        >>> NumberMaths.exp(0), NumberMaths.exp(1000), NumberMaths.exp(-(10**400))
        (1.0, inf, 0.0)
        """
        try:
            return x.exp() if _is_decimal(x) else math.exp(x)
        except ArithmeticError:  # an integer far below 0 is too large for a float as well
            return _like(x, math.inf if x > 0 else 0.0)

    @staticmethod
    def log(x: Any) -> Any:
        """Return the natural logarithm of a positive number.

        Examples
        --------
        >>> NumberMaths.log(1)
        0.0
        >>> try:
        ...     NumberMaths.log(0)
        ... except ValueError as error:
        ...     print(error)
        log of 0: expected a positive number
        """
        if x <= 0:
            raise ValueError(f"log of {x!r}: expected a positive number")
        return x.ln() if _is_decimal(x) else math.log(x)

    @staticmethod
    def log1p(x: Any) -> Any:
        """Return log(1 + x), exact for small x."""
        return _like(x, math.log1p(x))

    @staticmethod
    def sqrt(x: Any) -> Any:
        """Return the square root of a number from 0; of a fraction exactly, if that has one.

        Examples
        --------
        >>> from fractions import Fraction
        >>> NumberMaths.sqrt(2.25), NumberMaths.sqrt(Fraction(4, 9)), NumberMaths.sqrt(0)
        (1.5, Fraction(2, 3), 0.0)
        >>> try:
        ...     NumberMaths.sqrt(-1)
        ... except ValueError as error:
        ...     print(error)
        square root of -1: expected a number from 0
        """
        if x < 0:
            raise ValueError(f"square root of {x!r}: expected a number from 0")
        if hasattr(x, "denominator"):  # an integer or a fraction
            top, bottom = isqrt(x.numerator), isqrt(x.denominator)
            if top * top == x.numerator and bottom * bottom == x.denominator:
                return (NumberMaths.zero(x) + top) / bottom
        return x.sqrt() if _is_decimal(x) else math.sqrt(x)

    @staticmethod
    def sin(x: Any) -> Any:
        """Return the sine of an angle in radians."""
        return _like(x, math.sin(x))

    @staticmethod
    def cos(x: Any) -> Any:
        """Return the cosine of an angle in radians."""
        return _like(x, math.cos(x))

    @staticmethod
    def round(x: Any) -> Any:
        """Return the nearest whole number, the even one of two, in the number type of `x`.

        Examples
        --------
        >>> [NumberMaths.round(x) for x in (0.5, 1.5, -2.6, math.inf)]
        [0.0, 2.0, -3.0, inf]
        """
        return NumberMaths.zero(x) + round(x) if x - x == 0 else x

    @staticmethod
    def tanh(x: Any) -> Any:
        """Return the hyperbolic tangent."""
        return _like(x, math.tanh(x))

    @staticmethod
    def erf(x: Any) -> Any:
        """Return the error function."""
        return _like(x, math.erf(x))

    @staticmethod
    def sigmoid(x: Any) -> Any:
        """Return 1 / (1 + exp(-x)), without overflow on either side.

        Examples
        --------
        >>> [NumberMaths.sigmoid(x) for x in (-1000, 0, 1000)]
        [0.0, 0.5, 1.0]
        >>> round(NumberMaths.sigmoid(2), 4), round(NumberMaths.sigmoid(-2), 4)
        (0.8808, 0.1192)
        """
        exp = NumberMaths.exp
        if x >= 0:
            return 1 / (1 + exp(-x))
        y = exp(x)
        return y / (1 + y)

    @staticmethod
    def relu(x: Any, kink: Any) -> tuple[Any, Any]:
        """Return max(x, 0) and its derivative, which is `kink` at 0.

        Examples
        --------
        >>> [NumberMaths.relu(x, 0.5) for x in (-2, 0, 2, float("nan"))]
        [(0, 0), (0, 0.5), (2, 1), (nan, nan)]
        """
        # Why `>` and not `>=`? With `>=` every unit that sits at exactly 0, as all do in a layer
        # of zeros, would count as open.
        if x > 0:
            return x, 1
        if x <= 0:
            return NumberMaths.zero(x), kink if x == 0 else 0
        return x, x  # NaN stays NaN, on the way there and back

    @staticmethod
    def maximum(x: Any, floor: Any) -> Any:
        """Return the larger of the two, in the number type of `x`; NaN stays NaN.

        Examples
        --------
        >>> [NumberMaths.maximum(x, 1) for x in (-0.5, 1.0, 2.0, float("nan"))]
        [1.0, 1.0, 2.0, nan]
        """
        return x if x > floor or x != x else NumberMaths.zero(x) + floor  # noqa: PLR0124 (NaN)

    @staticmethod
    def step(x: Any, at_zero: Any) -> Any:
        """Return 1 for a positive number, 0 for a negative one, `at_zero` for 0.

        Examples
        --------
        >>> [NumberMaths.step(x, 0.5) for x in (-2, 0, 2)]
        [0, 0.5, 1]
        """
        return at_zero if x == 0 else int(x > 0)

    @staticmethod
    def where(condition: Any, yes: Any, no: Any) -> Any:
        """Return `yes` if the condition holds, else `no`.

        Examples
        --------
        >>> NumberMaths.where(2 > 1, "yes", "no"), NumberMaths.where(2 < 1, "yes", "no")
        ('yes', 'no')
        """
        return yes if condition else no

    @staticmethod
    def power(x: Any, n: Any) -> tuple[Any, Any]:
        """Return xⁿ and its derivative n xⁿ⁻¹.

        Examples
        --------
        >>> NumberMaths.power(2, 3), NumberMaths.power(-2, 3), NumberMaths.power(2, -1)
        ((8, 12), (-8, 12), (0.5, -0.25))
        >>> NumberMaths.power(0, 0), NumberMaths.power(5, 0), NumberMaths.power(0, 1)
        ((1, 0), (1, 0), (0, 1))
        >>> NumberMaths.power(-1e200, 3), NumberMaths.power(-1e200, 2)
        ((-inf, inf), (inf, -2e+200))
        >>> for x, n in (0, -1), (0, 0.5), (-8, 0.5):
        ...     try:
        ...         NumberMaths.power(x, n)
        ...     except ValueError as error:
        ...         print(error)
        0 to the power -1 has no derivative, expected a power >= 1
        0 to the power 0.5 has no derivative, expected a power >= 1
        -8 to the power 0.5 is not a real number
        """
        if n == 0:
            return x**0, 0 * x  # flat everywhere, though xⁿ⁻¹ does not exist at 0
        if x == 0 and n < 1:
            raise ValueError(f"{x!r} to the power {n!r} has no derivative, expected a power >= 1")
        if x < 0 and n % 1 != 0:
            raise ValueError(f"{x!r} to the power {n!r} is not a real number")
        return _power(x, n), n * _power(x, n - 1)

    @staticmethod
    def exponential(x: Any, n: Any) -> tuple[Any, Any]:
        """Return xⁿ and its derivative towards the *exponent*, xⁿ log x.

        At x = 0 that is 0 for every n above 0; for n = 0 it is 0 as well, as in PyTorch.

        Examples
        --------
        >>> [NumberMaths.exponential(x, n) for x, n in ((1, 3), (0.0, 2), (0, 0))]
        [(1, 0.0), (0.0, 0.0), (1, 0)]
        >>> for x, n in (0, -1), (-2, 2):
        ...     try:
        ...         NumberMaths.exponential(x, n)
        ...     except ValueError as error:
        ...         print(error)
        0 to the power -1 is no number
        log of -2: expected a positive number
        """
        if x == 0:
            if n < 0:
                raise ValueError(f"{x!r} to the power {n!r} is no number")
            return x**n, 0 * x
        out = _power(x, n)
        return out, out * _like(out, NumberMaths.log(x))


def _power(x: Any, n: Any) -> Any:
    try:
        return x**n
    except OverflowError:
        # The result is too large; or a number is, and then `float` says so.
        return math.inf if float(x) > 0 or float(n) % 2 == 0 else -math.inf


# ## Decimals
#
# A decimal and a float refuse to be added. What `math` computes is a float, so beside a decimal
# it becomes one.


def _is_decimal(x: Any) -> bool:
    return hasattr(x, "ln")  # asked by a method: importing the class would cost more than all else


def _like(x: Any, y: float) -> Any:
    return type(x)(y) if _is_decimal(x) else y
