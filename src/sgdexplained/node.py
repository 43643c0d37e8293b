"""A node of the graph, and every operation of the core: its value and its derivative.

A node holds a value (``data``), later a gradient (``grad``), and what the backward pass needs to
know of its origin: one or two parents (``left``, ``right``) and the derivative of the node with
respect to each of them (``dleft``, ``dright``), worked out while the forward pass runs, from the
values of that moment.

The rules below are written once and serve numbers (:class:`~sgdexplained.scalar.Scalar`) and
arrays (:class:`~sgdexplained.tensor.Tensor`) alike: for an elementwise operation the derivative is
a factor, and ``y`` is the derivative of ``x * y`` whether it is a number or an array.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Self


class Node:
    """A value that remembers how it was computed.

    Use :class:`~sgdexplained.scalar.Scalar` or :class:`~sgdexplained.tensor.Tensor`; this class
    holds what both have in common.

    Attributes
    ----------
    data : number or array
        The value.
    grad : number or array or None
        dL/d(data), in the shape of `data`; ``None`` until a backward pass has reached the node.
        A leaf adds up the passes since ``zero_grad``; a computed node shows the last one.
    left, right : Node, tuple of Node, or None
        The parents. A leaf has none; a node with one parent has no `right`; a tuple in `left`
        stands for many parents, in groups, each of them a tuple of nodes.
    dleft, dright : number, array, LinearMap or None
        Local derivatives: d(this node)/d(parent), multiplied by the gradient on the way back.
        ``None`` in `dleft` stands for 1 (towards both parents, if there are two).

    Examples
    --------
    >>> from sgdexplained import Scalar
    >>> x, y = Scalar(3), Scalar(4)
    >>> out = x * y
    >>> (out.left is x, out.dleft), (out.right is y, out.dright)
    ((True, 4), (True, 3))
    """

    # Slots instead of a dictionary: a node of the graph takes 80 bytes. A node never points
    # forward, so there is no cycle, and a graph is gone as soon as nobody holds its last node.
    __slots__ = ("data", "dleft", "dright", "grad", "left", "right")

    # NumPy asks this before it takes an operand apart: `array * node` is left to `__rmul__`.
    __array_ufunc__ = None

    data: Any
    grad: Any
    left: Any
    dleft: Any
    right: Any
    dright: Any

    # exp, log, tanh, maximum and step: of plain numbers, or of arrays.
    maths: ClassVar[Any]

    # ## Sums and products
    #
    # These two are what a network is made of, so they are written out; the rest goes through
    # `computed`, which does the same.

    # d(x + y)/dx = 1      d(x + y)/dy = 1
    def __add__(self, other: Any) -> Self:
        cls = self.__class__
        out = new(cls)
        out.grad = None
        out.left = self
        out.dleft = None
        if other.__class__ is cls:
            out.data = self.data + other.data
            out.right = other
        else:
            out.data = self.data + self.constant(other)
            out.right = None
        out.dright = None
        return out

    __radd__ = __add__

    # d(x * y)/dx = y      d(x * y)/dy = x
    #
    # `x * x` has two edges to the same parent, and the two contributions add up to 2x.
    def __mul__(self, other: Any) -> Self:
        cls = self.__class__
        out = new(cls)
        out.grad = None
        out.left = self
        if other.__class__ is cls:
            out.dright = x = self.data
            out.dleft = y = other.data
            out.data = x * y
            out.right = other
        else:
            out.dleft = y = self.constant(other)
            out.data = self.data * y
            out.right = out.dright = None
        return out

    __rmul__ = __mul__

    # ## The rest of arithmetic

    # d(-x)/dx = -1
    def __neg__(self) -> Self:
        return self.computed(-self.data, self, -1)

    # d(x - y)/dx = 1      d(x - y)/dy = -1
    def __sub__(self, other: Any) -> Self:
        if other.__class__ is self.__class__:
            return self.computed(self.data - other.data, self, 1, other, -1)
        return self.computed(self.data - self.constant(other), self, None)

    def __rsub__(self, other: Any) -> Self:
        return self.computed(self.constant(other) - self.data, self, -1)

    # d(x / y)/dx = 1 / y      d(x / y)/dy = -x / y²
    def __truediv__(self, other: Any) -> Self:
        if other.__class__ is self.__class__:
            # -(x / y) / y and not -x / y²: the square of a large y would be infinite
            y = other.data
            out = self.data / y
            return self.computed(out, self, self.one_over(y), other, -out / y)
        y = self.constant(other)
        return self.computed(self.data / y, self, self.one_over(y))

    def __rtruediv__(self, other: Any) -> Self:
        y = self.data
        out = self.constant(other) / y
        return self.computed(out, self, -out / y)

    # d(xⁿ)/dx = n xⁿ⁻¹      d(xʸ)/dy = xʸ log x
    def __pow__(self, other: Any) -> Self:
        x, maths = self.data, self.maths
        if other.__class__ is self.__class__:
            y = other.data
            out, slope = maths.power(x, y)
            return self.computed(out, self, slope, other, maths.exponential(x, y)[1])
        out, slope = maths.power(x, self.constant(other))
        return self.computed(out, self, slope)

    def __rpow__(self, other: Any) -> Self:
        out, slope = self.maths.exponential(self.constant(other), self.data)
        return self.computed(out, self, slope)

    # d(x % y)/dx = 1      d(x % y)/dy = -⌊x / y⌋
    #
    # x % y = x - n y with a whole n, which changes only where the value jumps.
    def __mod__(self, other: Any) -> Self:
        x = self.data
        if other.__class__ is self.__class__:
            y = other.data
            return self.computed(x % y, self, 1, other, -(x // y))
        return self.computed(x % self.constant(other), self, None)

    def __rmod__(self, other: Any) -> Self:
        x, y = self.constant(other), self.data
        return self.computed(x % y, self, -(x // y))

    # d|x|/dx = sign(x)      0 at the kink
    def __abs__(self) -> Self:
        """Return the absolute value.

        Examples
        --------
        >>> from sgdexplained import Scalar
        >>> for number in -2, 0, 2:
        ...     x = Scalar(number)
        ...     abs(x).backward()
        ...     print(abs(x).data, x.grad)
        2 -1
        0 0
        2 1
        """
        step = self.maths.step
        return self.computed(abs(self.data), self, step(self.data, 0) - step(-self.data, 0))

    def __pos__(self) -> Self:
        return self

    # ## Comparisons, and what has no answer
    #
    # A comparison asks about values, and gives truth values: they have no derivative.

    def __lt__(self, other: Any) -> Any:
        return self.data < _value(other)

    def __le__(self, other: Any) -> Any:
        return self.data <= _value(other)

    def __gt__(self, other: Any) -> Any:
        return self.data > _value(other)

    def __ge__(self, other: Any) -> Any:
        return self.data >= _value(other)

    # Why is `==` none of them? A list, a set or a dictionary looks for a node with it, and there
    # two nodes of the same value must stay two. So it asks whether both are the same node, and
    # refuses to answer False to somebody who meant the value.
    def __eq__(self, other: object) -> bool:
        if hasattr(other, "__float__") and not isinstance(other, Node):
            raise TypeError(f"{self!r} == {other!r} would compare a node with its value: use .data")
        return self is other

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} is a node, neither true nor false: compare its .data")

    # ## Reading one number

    def item(self) -> Any:
        """Return the value as a plain number, without its graph.

        Examples
        --------
        >>> from sgdexplained import Scalar
        >>> loss = Scalar(2) / 3
        >>> float(loss) == loss.item() == loss.data, f"{loss:.3f}"
        (True, '0.667')
        """
        return self.data

    def __float__(self) -> float:
        return float(self.item())

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        try:
            return format(self.item(), spec)
        except TypeError:  # fractions have learnt to be formatted only in Python 3.12
            return format(float(self), spec)

    # ## Functions of one node

    def exp(self) -> Self:
        """Return e to the power of the node.

        Examples
        --------
        >>> from sgdexplained import Scalar
        >>> x = Scalar(0)
        >>> y = x.exp()
        >>> y.backward()
        >>> y.data, x.grad
        (1.0, 1.0)
        """
        # d exp(x)/dx = exp(x)
        y = self.maths.exp(self.data)
        return self.computed(y, self, y)

    def log(self) -> Self:
        """Return the natural logarithm; the data must be positive.

        Examples
        --------
        >>> from sgdexplained import Scalar
        >>> x = Scalar(4)
        >>> y = x.log()
        >>> y.backward()
        >>> round(y.data, 4), x.grad
        (1.3863, 0.25)
        """
        # d log(x)/dx = 1 / x
        return self.computed(self.maths.log(self.data), self, 1 / self.data)

    def tanh(self) -> Self:
        """Return the hyperbolic tangent.

        Examples
        --------
        >>> from sgdexplained import Scalar
        >>> x = Scalar(1)
        >>> y = x.tanh()
        >>> y.backward()
        >>> round(y.data, 4), round(x.grad, 4)
        (0.7616, 0.42)
        """
        # d tanh(x)/dx = 1 - tanh(x)²
        y = self.maths.tanh(self.data)
        return self.computed(y, self, 1 - y * y)

    def sigmoid(self) -> Self:
        """Return 1 / (1 + exp(-x)), the logistic function.

        Examples
        --------
        >>> from sgdexplained import Scalar
        >>> for number in 0, 2, -2:
        ...     x = Scalar(number)
        ...     y = x.sigmoid()
        ...     y.backward()
        ...     print(round(y.data, 4), round(x.grad, 4))
        0.5 0.25
        0.8808 0.105
        0.1192 0.105
        """
        # dσ(x)/dx = σ(x) (1 - σ(x))
        #
        # Far to the left 1 - σ is 1 and far to the right σ is: computing σ(-x) beside σ(x) keeps
        # the small one of the two exact.
        y = self.maths.sigmoid(self.data)
        return self.computed(y, self, y * self.maths.sigmoid(-self.data))

    def relu(self, kink: Any = 0) -> Self:
        """Return the node where it is positive and 0 elsewhere.

        Parameters
        ----------
        kink : number, default 0
            The derivative to use at exactly 0, where the function has none: any value from 0 to 1
            is a subgradient. PyTorch, TensorFlow and JAX use 0.

        Raises
        ------
        ValueError
            If `kink` is outside [0, 1].

        Examples
        --------
        >>> from sgdexplained import Scalar
        >>> z = Scalar(0)
        >>> z.relu().backward()
        >>> z.relu(kink=1).backward()
        >>> z.grad  # 0 from the first pass, 1 from the second
        1
        """
        # relu(x) = max(x, 0)      derivative: 1 if x > 0, 0 if x < 0, and `kink` at 0
        out, slope = self.maths.relu(
            self.data, kink if kink == 0 else beside(checked_kink(kink), self.data)
        )
        return self.computed(out, self, slope)

    # ## What the engine needs of a node

    def one_over(self, y: Any) -> Any:
        """Return 1 / `y`, with a 1 of this node's number type: 1 / 3 would end all fractions."""
        return (self.maths.zero(self.data) + 1) / y

    @classmethod
    def computed(
        cls, data: Any, left: Any, dleft: Any, right: Any = None, dright: Any = None
    ) -> Self:
        """Return a node with these parents and local derivatives (see the class attributes)."""
        out = new(cls)
        out.data = data
        out.grad = None
        out.left, out.dleft = left, dleft
        out.right, out.dright = right, dright
        return out

    @staticmethod
    def constant(value: Any) -> Any:
        """Return `value` as something to compute with, or raise ``TypeError``."""
        raise NotImplementedError

    def accumulated(self, before: Any) -> Any:
        """Return what a leaf holds after a pass: its gradient `before`, if any, and the new one."""
        return self.grad if before is None else before + self.grad

    @staticmethod
    def is_finite(value: Any) -> bool:
        """Return whether `value` holds neither NaN nor infinity."""
        raise NotImplementedError

    def accepts(self, gradient: Any) -> bool:
        """Return whether `gradient` has the shape of the data, and finite numbers.

        Examples
        --------
        >>> from sgdexplained import Scalar
        >>> Scalar(2.0).accepts(1.0), Scalar(2.0).accepts(float("nan"))
        (True, False)
        """
        fits = getattr(gradient, "shape", ()) == getattr(self.data, "shape", ())
        return fits and self.is_finite(gradient)

    def stepped(self) -> None:
        """Take note that an optimiser has changed the data."""

    def check_unchanged(self, interior: list[Any]) -> None:
        """Raise ``GraphError`` if a value that `interior` was computed from has changed since."""

    def zero_grad(self, *, set_to_none: bool = True) -> None:
        """Forget the gradient.

        Parameters
        ----------
        set_to_none : bool, default True
            ``False`` stores a zero instead. The two differ: an optimiser skips a parameter
            without gradient and steps one whose gradient is zero, so momentum and decay act on it.

        Examples
        --------
        >>> from sgdexplained import Scalar
        >>> w = Scalar(2.0)
        >>> (3 * w).backward()
        >>> w.zero_grad(set_to_none=False)
        >>> w.grad
        0.0
        >>> w.zero_grad()
        >>> w.grad is None
        True
        """
        self.grad = None if set_to_none else self.maths.zero(self.data)


# ## What people type in


def checked_kink(kink: Any) -> Any:
    """Return `kink` if it is a number from 0 to 1, a subgradient of ReLU at 0; else raise."""
    number = python_number(kink)
    if not is_number(number) or not 0 <= number <= 1:
        raise ValueError(f"kink is {kink!r}, expected a number from 0 to 1")
    return number


def python_number(value: Any) -> Any:
    """Return NumPy's number, or the only one of an array, as Python's; all else as it is."""
    if isinstance(value, Node) or not (hasattr(value, "item") and hasattr(value, "__float__")):
        return value
    number = value.item()
    # NumPy's widest float has no counterpart in Python, and stays what it is.
    return float(number) if hasattr(number, "item") else number


def is_number(value: Any) -> bool:
    """Return whether `value` is a plain number: no node, and no truth value."""
    return hasattr(value, "__float__") and not isinstance(value, bool | Node)


def is_integer(value: Any) -> bool:
    """Return whether `value` is a whole number of any kind, but not an array of one.

    Truth values have ``__index__`` by accident, those of NumPy up to version 2.2.
    """
    kind = getattr(getattr(value, "dtype", None), "kind", "i")
    return (
        hasattr(value, "__index__")
        and not isinstance(value, bool)
        and not hasattr(value, "__len__")
        and kind in "iu"
    )


def beside(number: Any, data: Any) -> Any:
    """Return a plain number in a type that can stand beside `data`.

    An array of floats times a fraction would be an array of objects, and a float times a decimal
    is an error of Python's.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from fractions import Fraction
    >>> beside(Fraction(1, 2), 3.0), beside(0.1, Decimal(3)), beside(2, Decimal(3))
    (Fraction(1, 2), Decimal('0.1'), 2)
    """
    if isinstance(number, int):
        return number
    if hasattr(data, "dtype"):
        return float(number) if data.dtype.kind == "f" else number
    # Decimals alone have a method for logarithms.
    is_decimal = hasattr(data, "ln") and not hasattr(number, "ln")
    return type(data)(str(float(number))) if is_decimal else number


def _value(operand: Any) -> Any:
    return operand.data if isinstance(operand, Node) else operand


# Makes an empty node without a detour through ``__init__``, which checks what people type in.
new = object.__new__
