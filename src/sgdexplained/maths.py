"""Functions of plain numbers that the rules of :mod:`sgdexplained.node` are written with.

:mod:`sgdexplained.array_maths` has the same for arrays, under the same names.
"""

from __future__ import annotations

import math

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
        >>> NumberMaths.zero(5), NumberMaths.zero(0.5)
        (0, 0.0)
        """
        return type(x)(0)

    @staticmethod
    def exp(x: Any) -> Any:
        """Return e to the power `x`; infinity where that is too large for a float.

        Examples
        --------
        >>> NumberMaths.exp(0), NumberMaths.exp(1000), NumberMaths.exp(-(10**400))
        (1.0, inf, 0.0)
        """
        try:
            return math.exp(x)
        except OverflowError:  # an integer far below 0 is too large for a float as well
            return math.inf if x > 0 else 0.0

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
        return math.log(x)

    @staticmethod
    def log1p(x: Any) -> Any:
        """Return log(1 + x), exact for small x."""
        return math.log1p(x)

    @staticmethod
    def tanh(x: Any) -> Any:
        """Return the hyperbolic tangent."""
        return math.tanh(x)

    @staticmethod
    def erf(x: Any) -> Any:
        """Return the error function."""
        return math.erf(x)

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
        if x >= 0:
            return 1 / (1 + math.exp(-x))
        y = math.exp(x)
        return y / (1 + y)

    @staticmethod
    def relu(x: Any, kink: Any) -> tuple[Any, Any]:
        """Return max(x, 0) and its slope, which is `kink` at 0.

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
            return type(x)(0), kink if x == 0 else 0
        return x, x  # NaN stays NaN, on the way there and back

    @staticmethod
    def maximum(x: Any, floor: int) -> Any:
        """Return the larger of the two, in the number type of `x`; NaN stays NaN.

        Examples
        --------
        >>> [NumberMaths.maximum(x, 1) for x in (-0.5, 1.0, 2.0, float("nan"))]
        [1.0, 1.0, 2.0, nan]
        """
        return type(x)(floor) if x <= floor else x

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


def _power(x: Any, n: Any) -> Any:
    try:
        return x**n
    except OverflowError:
        # The result is too large; or a number is, and then `float` says so.
        return math.inf if float(x) > 0 or float(n) % 2 == 0 else -math.inf
