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
        """Return 0 in the number type of `x`."""
        return type(x)(0)

    @staticmethod
    def exp(x: Any) -> Any:
        """Return e to the power `x`; infinity where that is too large for a float."""
        try:
            return math.exp(x)
        except OverflowError:  # an integer far below 0 is too large for a float as well
            return math.inf if x > 0 else 0.0

    @staticmethod
    def log(x: Any) -> Any:
        """Return the natural logarithm of a positive number."""
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
        """Return 1 / (1 + exp(-x)), without overflow on either side."""
        if x >= 0:
            return 1 / (1 + math.exp(-x))
        y = math.exp(x)
        return y / (1 + y)

    @staticmethod
    def relu(x: Any, kink: Any) -> tuple[Any, Any]:
        """Return max(x, 0) and its slope, which is `kink` at 0."""
        # Why `>` and not `>=`? With `>=` every unit that sits at exactly 0, as all do in a layer
        # of zeros, would count as open.
        if x > 0:
            return x, 1
        if x <= 0:
            return type(x)(0), kink if x == 0 else 0
        return x, x  # NaN stays NaN, on the way there and back

    @staticmethod
    def maximum(x: Any, floor: int) -> Any:
        """Return the larger of the two, in the number type of `x`; NaN stays NaN."""
        return type(x)(floor) if x <= floor else x

    @staticmethod
    def step(x: Any, at_zero: Any) -> Any:
        """Return 1 for a positive number, 0 for a negative one, `at_zero` for 0."""
        return at_zero if x == 0 else int(x > 0)

    @staticmethod
    def where(condition: Any, yes: Any, no: Any) -> Any:
        """Return `yes` if the condition holds, else `no`."""
        return yes if condition else no

    @staticmethod
    def power(x: Any, n: Any) -> tuple[Any, Any]:
        """Return xⁿ and its derivative n xⁿ⁻¹."""
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
