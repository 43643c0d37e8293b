"""Scalar: a node that holds one number, of any kind.

Nothing here needs NumPy, and nothing imports it. With ``fractions.Fraction`` every gradient is
exact.
"""

from __future__ import annotations

from sgdexplained import backward as backward_pass
from sgdexplained.errors import NotFiniteError
from sgdexplained.maths import NumberMaths
from sgdexplained.node import Node, beside, python_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _beside_any(rule: Any) -> Any:
    return lambda self, other: rule(self, _like(self, other))


def _after_any(rule: Any, of_number: Any) -> Any:
    def operator(self: Any, other: Any) -> Any:
        is_node = isinstance(other, Scalar)
        return rule(_like(self, other), self) if is_node else of_number(self, other)

    return operator


def _like(own: Any, other: Any) -> Any:
    """Return another kind of Scalar as a node of one's own kind; all else as it is.

    Examples
    --------
    >>> class Weight(Scalar):
    ...     pass
    >>> w = Weight(3)
    >>> [type(out).__name__ for out in (w - Scalar(1), Scalar(1) - w, w * Scalar(2), w - 1)]
    ['Weight', 'Weight', 'Weight', 'Weight']
    >>> (Scalar(1) - w).backward()
    >>> w.grad
    -1
    """
    if not isinstance(other, Scalar) or other.__class__ is own.__class__:
        return other
    return own.computed(other.data, other, None)


class Scalar(Node):
    """A number that remembers how it was computed.

    Parameters
    ----------
    data : number
        An ``int``, ``float``, ``Fraction`` or any other real number type, kept as it is.
        NumPy's numbers become Python's.

    Raises
    ------
    TypeError
        If `data` is not a number, or is a truth value or a complex number.

    See Also
    --------
    sgdexplained.tensor.Tensor : the same for arrays.

    Notes
    -----
    Arithmetic is that of the numbers. So exact numbers and floats raise ``ZeroDivisionError`` where
    something is divided by 0, and an integer or fraction that is too large for a float raises
    ``OverflowError`` where it meets one. Floats that grow too large become infinite.

    Examples
    --------
    One weight, one input, one target, and the gradient of half the squared error.

    >>> w = Scalar(2)
    >>> loss = (w * 3 - 5) ** 2 / 2
    >>> loss.backward()
    >>> loss.data, w.grad
    (0.5, 3.0)

    Fractions stay fractions.

    >>> from fractions import Fraction
    >>> w = Scalar(Fraction(1, 3))
    >>> (w**3).backward()
    >>> w.grad
    Fraction(1, 3)
    """

    __slots__ = ()

    maths = NumberMaths

    def __init__(self, data: Any) -> None:
        self.data = self.constant(data)
        self.grad = None
        self.left = self.dleft = self.right = self.dright = None

    def backward(self, gradient: Any = 1) -> None:
        """Add d(this node)/d(leaf) times `gradient` to the gradient of every leaf behind it.

        Parameters
        ----------
        gradient : number, default 1
            The derivative to start from: 1 if this node is the loss.

        Raises
        ------
        NotFiniteError
            If the value of this node is NaN or infinite.

        Notes
        -----
        The local derivatives were worked out in the forward pass. Giving a node other ``data``
        afterwards does not change what this pass computes.

        Examples
        --------
        >>> x = Scalar(3)
        >>> y = x * x + x  # used three times: the contributions 3, 3 and 1 add up
        >>> y.backward()
        >>> x.grad
        7
        """
        if not self.is_finite(self.data):
            raise NotFiniteError(f"backward: the loss is {self.data!r}, expected a finite number")
        # A zero and a one of the same number type keep integers and fractions exact.
        zero = self.maths.zero(self.data)
        start = beside(self.constant(gradient), self.data)
        backward_pass.backward(self, zero + start, zero)

    def __repr__(self) -> str:
        return f"Scalar({self.data!r})"

    # The rules of Node want two operands of one class. A class of your own may stand beside others:
    # they are taken over into nodes of its kind.
    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in ("add", "sub", "mul", "truediv", "pow", "mod"):
            rule, of_number = getattr(cls, f"__{name}__"), getattr(cls, f"__r{name}__")
            setattr(cls, f"__{name}__", _beside_any(rule))
            setattr(cls, f"__r{name}__", _after_any(rule, of_number))

    @staticmethod
    def constant(value: Any) -> Any:
        """Return `value` if it is a real number, NumPy's as Python's; else raise ``TypeError``."""
        kind = value.__class__
        if kind is float or kind is int:
            return value
        if kind is not bool:
            # Imported only here: it would triple the time that importing this package takes.
            from numbers import Complex, Number, Real

            if isinstance(value, Number) and (
                isinstance(value, Real) or not isinstance(value, Complex)
            ):
                return python_number(value)
        raise TypeError(f"a Scalar takes a real number, got {kind.__name__}: {value!r}")

    @staticmethod
    def is_finite(value: Any) -> bool:
        """Return whether a number is neither NaN nor infinite."""
        try:
            return bool(value - value == 0)
        except ArithmeticError:  # that is how decimals say it
            return False
