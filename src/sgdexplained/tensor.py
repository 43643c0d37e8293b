"""Tensor: a node that holds a NumPy array, of floats or of exact fractions.

The elementwise operations are those of :mod:`sgdexplained.node`, rule by rule. What arrays add is
structure: shapes that broadcast, matrix products, sums, indexing. There the local derivative is no
factor but a linear map, here a :class:`LinearMap`, and the backward pass treats it like a factor:
it multiplies it by the gradient.
"""

from __future__ import annotations

import math
from sys import getrefcount
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sgdexplained import backward as backward_pass
from sgdexplained.array_maths import Array, ArrayMaths
from sgdexplained.errors import GraphError, NotFiniteError, ShapeError
from sgdexplained.node import Node, is_integer, new
from sgdexplained.scalar import Scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# ## Local derivatives of arrays


class LinearMap:
    """A local derivative that is a function: ``map * gradient`` is what the parent receives.

    Parameters
    ----------
    apply : callable
        Takes dL/d(node) and returns dL/d(parent) as an array that nobody else holds.

    Examples
    --------
    >>> import numpy as np
    >>> weight = np.array([[1.0, 2.0]])
    >>> LinearMap(lambda g: g.dot(weight.T)) * np.array([[10.0, 1.0]])
    array([[12.]])
    """

    __slots__ = ("apply",)

    def __init__(self, apply: Callable[[Array], Any]) -> None:
        self.apply = apply

    def __mul__(self, gradient: Array) -> Any:
        return self.apply(gradient)


class Slope(LinearMap):
    """An elementwise factor, as a map that never returns -0.0.

    A derivative of 0 times a negative gradient is -0.0: 0 in every sum, and a puzzle in print;
    adding 0 makes it 0.0.

    Parameters
    ----------
    factor : array or number
        d(node)/d(parent), element by element.
    """

    __slots__ = ("factor",)

    def __init__(self, factor: Any) -> None:
        self.factor = factor

    def __mul__(self, gradient: Array) -> Any:
        return self.factor * gradient + 0


_UNCHANGED = LinearMap(np.array)  # the derivative of a sum is 1; each parent gets a copy of its own


class _Nothing:
    """What a sum of gradient arrays starts from: it keeps the first as it is.

    A zero array would have to be allocated, filled and added, which costs a third of a step when
    the batch is a single example.
    """

    __slots__ = ()

    def __add__(self, share: Any) -> Array:
        return share if share.__class__ is np.ndarray else _boxed(share)


_NOTHING = _Nothing()


def _boxed(number: Any) -> Array:
    """Return what came of an array of one number as an array again.

    NumPy unpacks such an array in passing, and would not put a Python number back as an object.
    """
    return np.asarray(number, None if isinstance(number, np.ndarray | np.generic) else object)


def _sum_to(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Undo broadcasting: add up what was one number before it was repeated.

    Examples
    --------
    >>> copies = np.array([[1.0, 10.0], [2.0, 20.0]])
    >>> _sum_to(copies, (2,)), _sum_to(copies, (2, 1)), _sum_to(copies, ())
    (array([ 3., 30.]), array([[11.],
           [22.]]), array(33.))
    """
    if gradient.shape == shape:
        return gradient
    added = gradient.ndim - len(shape)
    repeated = [
        axis
        for axis, length in enumerate(gradient.shape)
        if axis < added or (shape[axis - added] == 1 and length != 1)
    ]
    return _boxed(gradient.sum(axis=tuple(repeated))).reshape(shape)


def _fingerprint(one: Any) -> Any:
    """Return something that changes when the numbers of a Tensor or array change.

    It holds the numbers themselves, but of more than 1024 only 64 or so at even distances, and the
    number of steps that optimisers have taken, since a step may move a few weights of many.
    """
    array = one if one.__class__ is np.ndarray else one.data
    if array.size > 1024:
        # An odd distance, so that it does not meet the same column in every row.
        some = array.flat[:: array.size // 64 | 1]
        return one.steps[0] if isinstance(one, Tensor) else 0, _fingerprint(some)
    # Of objects the bytes are addresses, which are given away again: those are kept instead.
    return tuple(array.flat) if array.dtype.hasobject else array.tobytes()


# ## Operators on two operands


def _aligned(rule: Callable[[Any, Any], Any], reflected: Callable[[Any, Any], Any]) -> Any:
    """Make an operator of arrays from a rule of :class:`Node` and the rule for swapped operands.

    The rules want two nodes of one shape, or a node and a constant. So shapes are matched first,
    by a node whose derivative undoes it, and an operand that needs no gradient counts as constant.

    Examples
    --------
    A column and a row make a table, and each number adds up what its uses send back.

    >>> column, row = Tensor([[6.0], [12.0]]), Tensor([2.0, 3.0])
    >>> for out in column + row, column - row, column * row, column / row, row ** (column / 6):
    ...     column.zero_grad()
    ...     row.zero_grad()
    ...     out.sum().backward()
    ...     print(out.data.tolist(), column.grad.round(1).tolist(), row.grad.tolist())
    [[8.0, 9.0], [14.0, 15.0]] [[2.0], [2.0]] [2.0, 2.0]
    [[4.0, 3.0], [10.0, 9.0]] [[2.0], [2.0]] [-2.0, -2.0]
    [[12.0, 18.0], [24.0, 36.0]] [[5.0], [5.0]] [18.0, 18.0]
    [[3.0, 2.0], [6.0, 4.0]] [[0.8], [0.8]] [-4.5, -2.0]
    [[2.0, 3.0], [4.0, 9.0]] [[0.8], [2.1]] [5.0, 7.0]

    Constants may stand on either side, and so may a Tensor that needs no gradient.

    >>> x, fixed = Tensor([2.0]), Tensor([6.0], requires_grad=False)
    >>> for out in (
    ...     *(x + 6, x - 6, x * 6, x / 6, x**3),
    ...     *(6 + x, 6 - x, 6 * x, 6 / x, 1**x),
    ...     *(fixed + x, fixed - x, fixed * x, fixed / x, x / fixed),
    ... ):
    ...     x.zero_grad()
    ...     out.backward()
    ...     print(out.item(), x.grad.round(4).item())
    8.0 1.0
    -4.0 1.0
    12.0 6.0
    0.3333333333333333 0.1667
    8.0 12.0
    8.0 1.0
    4.0 -1.0
    12.0 6.0
    3.0 -1.5
    1.0 0.0
    8.0 1.0
    4.0 -1.0
    12.0 6.0
    3.0 -1.5
    0.3333333333333333 0.1667
    >>> (fixed * 2).requires_grad, fixed.exp().requires_grad
    (False, False)
    """

    def operator(self: Tensor, other: Any) -> Any:
        other_is_node = isinstance(other, Tensor)
        value = other.data if other_is_node else self.constant(other, self.data.dtype)
        shape = common_shape(self.data.shape, value.shape)
        used = [self, other if other_is_node else value]
        if other_is_node and other.requires_grad:
            right = other.broadcast_to(shape)
            if right.__class__ is not self.__class__:  # one of them is a Tensor of your own kind
                right = self.computed(right.data, right, None)
            if self.requires_grad:
                out = rule(self.broadcast_to(shape), right)
            else:
                out = reflected(right, self.data)
        else:
            out = rule(self.broadcast_to(shape), value)
            if not self.requires_grad:
                return Tensor(_boxed(out.data), requires_grad=False)
        out.data = _boxed(out.data)
        out.requires_grad = True
        if out.dleft is None:
            out.dleft = out.dright = _UNCHANGED
        elif out.dleft.__class__ is not Slope:
            out.dleft = Slope(out.dleft)
            if out.right is not None:
                out.dright = Slope(out.dright)
        out.used, out.steps = remembered(*used), [0]
        return out

    return operator


def common_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that all can be repeated to, or raise ``ShapeError``.

    Examples
    --------
    >>> common_shape((2, 1), (3,))
    (2, 3)
    >>> try:
    ...     common_shape((2,), (3,))
    ... except ShapeError as error:
    ...     print(str(error).partition(":")[0])
    shapes (2,) and (3,) do not fit
    """
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(
            f"shapes {' and '.join(map(str, shapes))} do not fit: each axis must have the same "
            "length in all, or length 1"
        ) from None


def remembered(*used: Any) -> list[tuple[Any, Any]]:
    """Return what a node was computed from, each with the fingerprint of its present numbers."""
    return list(zip(used, map(_fingerprint, used), strict=True))


def _array_of(one: Any) -> Any:
    return one.data if isinstance(one, Tensor) else one


def _owner(array: Array) -> Any:
    """Return the array whose memory this one shows: itself, if it is no view."""
    return array if array.base is None else array.base


def _fitted(parent: Tensor, derivative: Any, shape: tuple[int, ...]) -> tuple[Tensor, LinearMap]:
    """Return a parent in the shape in which its share arrives, and its derivative as a map."""
    if isinstance(derivative, LinearMap):
        return parent, derivative
    if np.shape(derivative) not in ((), shape):
        shape = common_shape(np.shape(derivative), shape)
    return parent.broadcast_to(shape), _UNCHANGED if derivative is None else Slope(derivative)


def _connect(out: Tensor, parents: list[tuple[Tensor, Any]]) -> None:
    """Take those parents that want a gradient, each in the shape in which its share comes."""
    wanted = [_fitted(*pair, out.data.shape) for pair in parents if pair[0].requires_grad]
    out.left, out.dleft = wanted[0] if wanted else (None, None)
    out.right, out.dright = wanted[1] if len(wanted) > 1 else (None, None)
    out.requires_grad = bool(wanted)
    # A derivative that is somebody's own numbers is lost when somebody writes into them.
    factors = [d.factor for _, d in wanted if isinstance(d, Slope) and np.ndim(d.factor)]
    shown = [out.data, *(parent for parent, _ in parents)] if factors else []
    for one in shown:
        if any(np.may_share_memory(factor, _array_of(one)) for factor in factors):
            out.used += remembered(one)


class Tensor(Node):
    """An array that remembers how it was computed.

    Parameters
    ----------
    data : array_like
        Real numbers. ``float32`` is kept; so are fractions, in an array of objects; everything
        else becomes ``float64``. The numbers are copied.
    requires_grad : bool, default True
        Whether the backward pass should leave a gradient here. Data that is not trained can also
        be given as a plain array wherever an operation takes a Tensor.

    Raises
    ------
    TypeError
        If `data` holds anything but real numbers; truth values are not numbers.

    See Also
    --------
    sgdexplained.scalar.Scalar : the same for a single number.

    Examples
    --------
    >>> W = Tensor([[1.0, -1.0], [1.0, 2.0]])
    >>> z = [[1.0, 2.0]] @ W
    >>> z.relu().sum().backward()
    >>> z.data, W.grad
    (array([[3., 3.]]), array([[1., 1.],
           [2., 2.]]))
    """

    __slots__ = ("requires_grad", "spare", "steps", "used")

    maths = ArrayMaths

    # The values this node was computed from, each with its fingerprint of that moment.
    used: list[tuple[Any, Any]]
    # How often an optimiser has moved this tensor: one counter for it and all its views.
    steps: list[int]
    # The array of the last gradient, into which the next one may be written.
    spare: Any
    requires_grad: bool

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        self.data = np.array(self.constant(data))
        self.requires_grad = requires_grad
        self.grad = None
        self.left = self.dleft = self.right = self.dright = None
        self.used, self.steps = [], [0]
        self.spare = None

    # ## Elementwise operations: the rules of Node

    __add__ = _aligned(Node.__add__, Node.__radd__)  # type: ignore[misc]
    __radd__ = _aligned(Node.__radd__, Node.__add__)  # type: ignore[misc]
    __mul__ = _aligned(Node.__mul__, Node.__rmul__)  # type: ignore[misc]
    __rmul__ = _aligned(Node.__rmul__, Node.__mul__)  # type: ignore[misc]
    __sub__ = _aligned(Node.__sub__, Node.__rsub__)
    __rsub__ = _aligned(Node.__rsub__, Node.__sub__)
    __truediv__ = _aligned(Node.__truediv__, Node.__rtruediv__)
    __rtruediv__ = _aligned(Node.__rtruediv__, Node.__truediv__)
    __pow__ = _aligned(Node.__pow__, Node.__rpow__)
    __rpow__ = _aligned(Node.__rpow__, Node.__pow__)
    __mod__ = _aligned(Node.__mod__, Node.__rmod__)
    __rmod__ = _aligned(Node.__rmod__, Node.__mod__)

    @classmethod
    def computed(
        cls, data: Any, left: Any, dleft: Any, right: Any = None, dright: Any = None
    ) -> Self:
        """Return a node with these parents and local derivatives (see ``Node``)."""
        out = new(cls)
        out.data = data = data if data.__class__ is np.ndarray else _boxed(data)
        out.grad = out.right = out.dright = None
        out.left, out.dleft, out.requires_grad = left, dleft, True
        out.used, out.steps, out.spare = [], [0], None
        if left.__class__ is tuple:  # many parents, such as those of a layer
            return out
        # Most often there is nothing to fit: one parent, and a map that knows its shape.
        if right is not None or not left.requires_grad or not isinstance(dleft, LinearMap):
            _connect(out, [(left, dleft)] + ([] if right is None else [(right, dright)]))
        if _owner(data) is _owner(left.data):
            out.steps = left.steps
        return out

    @staticmethod
    def factor(own: Any) -> Slope:
        """Return a derivative that holds numbers of its own, into which nobody else can write."""
        return Slope(own)

    # ## Structure

    def broadcast_to(self, shape: tuple[int, ...]) -> Tensor:
        """Return the tensor repeated along axes until it has this shape.

        Examples
        --------
        >>> x = Tensor([[1.0], [2.0]])
        >>> y = x.broadcast_to((2, 3))
        >>> y.data.tolist()
        [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]
        >>> y.backward(gradient=[[1, 10, 100], [2, 20, 200]])
        >>> x.grad.tolist()  # every copy is a use of the one number
        [[111.0], [222.0]]
        """
        before = self.data.shape
        if shape == before:
            return self
        try:
            repeated = np.broadcast_to(self.data, shape)
        except (TypeError, ValueError):
            raise ShapeError(f"shape {before} cannot be repeated to {shape}") from None
        return self.computed(repeated, self, LinearMap(lambda g: _sum_to(g, before)))

    def __matmul__(self, other: Any) -> Tensor:
        """Return the matrix product; a vector stands for one row at the left, one column right."""
        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return matmul(other, self)

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """Return the sum over all elements, or over one or more axes.

        Examples
        --------
        >>> x = Tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> x.sum(), x.sum(axis=0), x.sum(axis=-1, keepdims=True)
        (Tensor(10.), Tensor([4., 6.]), Tensor([[3.],
                [7.]]))
        >>> x.sum(axis=0).backward(gradient=[10, 20])
        >>> x.grad.tolist()
        [[10.0, 20.0], [10.0, 20.0]]
        """
        # d(sum x)/dx_i = 1: every element receives what the sum received
        shape = self.data.shape
        out = self.data.sum(axis=numbered_axes(axis, shape), keepdims=keepdims)
        return self.computed(out, self, LinearMap(lambda g: _spread(g, axis, shape)))

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """Return the mean over all elements, or over one or more axes.

        Examples
        --------
        >>> x = Tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> x.mean(), x.mean(axis=0), x.mean(axis=0, keepdims=True)
        (Tensor(2.5), Tensor([2., 3.]), Tensor([[2., 3.]]))
        >>> x.mean(axis=1).backward(gradient=[1, 10])
        >>> x.grad.tolist()
        [[0.5, 0.5], [5.0, 5.0]]
        """
        # mean = sum / count, and so its derivative is 1 / count
        total = self.sum(axis, keepdims)
        if self.data.size == 0:
            raise ShapeError(f"mean of an empty array of shape {self.data.shape}")
        mean: Tensor = total / (self.data.size // total.data.size)
        return mean

    def max(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """Return the largest element, overall or along one axis; equal ones share the gradient.

        Examples
        --------
        >>> x = Tensor([[1.0, 3.0], [4.0, 4.0]])
        >>> x.max(), x.max(axis=0), x.max(axis=1, keepdims=True)
        (Tensor(4.), Tensor([4., 4.]), Tensor([[3.],
                [4.]]))
        >>> x.max(axis=1).backward(gradient=[10, 20])
        >>> x.grad.tolist()
        [[0.0, 10.0], [10.0, 10.0]]
        """
        # d(max x)/dx_i = 1 for the largest, 0 for the others
        shape = self.data.shape
        if self.data.size == 0:
            raise ShapeError(f"max of an empty array of shape {shape}")
        axes = numbered_axes(axis, shape)
        largest = _boxed(self.data.max(axis=axes, keepdims=True))
        # Where one is NaN, it counts as the largest, and it alone.
        winners = np.asarray((self.data == largest) | (self.data != self.data))
        winners = winners.astype(self.data.dtype)
        count = winners.sum(axis=axes, keepdims=True)
        out = largest if keepdims else largest.reshape(np.shape(self.data.max(axis=axes)))
        return self.computed(
            out, self, LinearMap(lambda g: _spread(g, axis, shape) * winners / count + 0)
        )

    def reshape(self, *shape: Any) -> Tensor:
        """Return the same numbers in another shape.

        Examples
        --------
        >>> x = Tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> x.reshape(4), x.reshape((1, -1))
        (Tensor([1., 2., 3., 4.]), Tensor([[1., 2., 3., 4.]]))
        >>> x.reshape(4).backward(gradient=[1, 2, 3, 4])
        >>> x.grad.tolist()
        [[1.0, 2.0], [3.0, 4.0]]
        """
        before = self.data.shape
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        try:
            out = self.data.reshape(wanted)
        except (TypeError, ValueError):
            raise ShapeError(f"shape {before} cannot become {wanted}") from None
        return self.computed(out, self, LinearMap(lambda g: np.array(g).reshape(before)))

    def transpose(self, *axes: Any) -> Tensor:
        """Return the array with its axes in another order; reversed if none is given.

        Examples
        --------
        >>> x = Tensor([[[1.0, 2.0, 3.0]]])
        >>> x.transpose().shape, x.transpose(1, 2, 0).shape, x.transpose((1, -1, 0)).shape
        ((3, 1, 1), (1, 3, 1), (1, 3, 1))
        >>> x.transpose(1, 2, 0).backward(gradient=[[[10], [20], [30]]])
        >>> x.grad.tolist()
        [[[10.0, 20.0, 30.0]]]
        """
        shape = self.data.shape
        given = axes[0] if len(axes) == 1 and isinstance(axes[0], tuple | list) else axes
        order = numbered_axes(tuple(given), shape) or tuple(reversed(range(len(shape))))
        if len(order) != len(shape):
            raise ShapeError(f"axes {order} do not fit shape {shape}, expected each once")
        back = tuple(np.argsort(order))
        out = self.data.transpose(order)
        return self.computed(out, self, LinearMap(lambda g: np.array(np.transpose(g, back))))

    @property
    def T(self) -> Tensor:  # noqa: N802 (the name that everybody knows)
        """The array with its axes reversed."""
        return self.transpose()

    def __getitem__(self, key: Any) -> Tensor:
        """Return a part; an element that is taken twice receives both gradients.

        Examples
        --------
        >>> x = Tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> x[1], x[:, 0], x[[]].shape
        (Tensor([3., 4.]), Tensor([1., 3.]), (0, 2))
        >>> x[[0, 1, 0], 1].backward(gradient=[10, 20, 30])
        >>> x.grad.tolist()
        [[0.0, 40.0], [0.0, 20.0]]
        """
        key = tuple(map(_kept, key)) if isinstance(key, tuple) else _kept(key)
        shape, dtype = self.data.shape, self.data.dtype

        def put_back(gradient: Array) -> Array:
            # Not `whole[key] += gradient`: NumPy would add only one of two equal indices.
            whole = np.zeros(shape, dtype)
            np.add.at(whole, key, gradient)
            return whole

        return self.computed(np.array(self.data[key], dtype), self, LinearMap(put_back))

    # ## The backward pass

    def backward(self, gradient: Any = None) -> None:
        """Add d(this tensor)/d(leaf) times `gradient` to the gradient of every leaf behind it.

        Parameters
        ----------
        gradient : array_like, optional
            The derivative to start from, in the shape of this tensor. A single number, such as a
            loss, starts from 1.

        Raises
        ------
        ShapeError
            If this tensor has more than one element and no `gradient`, or one of another shape.
        GraphError
            If nothing behind this tensor requires a gradient, or if an array it was computed from
            has changed since. An optimiser's step is always noticed; of an array of more than
            1024 numbers that is written into otherwise, 64 places are compared.
        NotFiniteError
            If this tensor holds NaN or infinity.

        Examples
        --------
        >>> W = Tensor([[1.0], [2.0]])
        >>> (W * 3).backward(gradient=[[1.0], [10.0]])
        >>> W.grad.tolist()
        [[3.0], [30.0]]

        Fractions start from a fraction.

        >>> from fractions import Fraction
        >>> third = Tensor([Fraction(1, 3)])
        >>> (third * 2).backward()
        >>> third.grad.tolist()
        [Fraction(2, 1)]
        """
        if not self.requires_grad:
            raise GraphError("backward: nothing this Tensor was computed from needs a gradient")
        if not self.is_finite(self.data):
            raise NotFiniteError(f"backward: the loss is {self.data}, expected finite numbers")
        shape = self.data.shape
        if gradient is None:
            if self.data.size != 1:
                raise ShapeError(
                    f"backward from shape {shape} starts from a gradient of that shape"
                )
            dtype = self.data.dtype  # beside fractions the 1 is a fraction, too
            gradient = self.data * 0 + 1 if dtype.hasobject else np.array(1, dtype).reshape(shape)
        else:
            gradient = self.constant(gradient, self.data.dtype)
            if gradient.shape != shape:
                raise ShapeError(f"the gradient has shape {gradient.shape}, expected {shape}")
            gradient = gradient + 0  # a copy, in which -0.0 is 0.0
        backward_pass.backward(self, gradient, _NOTHING)

    def accumulated(self, before: Any) -> Any:
        """Return what a leaf holds after a pass, in its own number type.

        Examples
        --------
        >>> w = Tensor([1.0])
        >>> for factor in 3, 4:
        ...     (factor * w).backward()
        >>> w.grad.tolist()
        [7.0]
        """
        gradient = np.asarray(self.grad if before is None else before + self.grad)
        dtype = self.data.dtype
        return gradient if gradient.dtype is dtype else gradient.astype(dtype)

    def accepts(self, gradient: Any) -> bool:
        """Return whether `gradient` has the shape of the data, and finite numbers."""
        shape = getattr(gradient, "shape", ())
        return shape == self.data.shape and self.is_finite(gradient)

    def stepped(self) -> None:
        """Take note that an optimiser has changed the data."""
        self.steps[0] += 1

    def check_unchanged(self, interior: list[Any]) -> None:
        """Raise ``GraphError`` if a value that `interior` was computed from has changed since."""
        for node in interior:
            for one, fingerprint in node.used:
                if _fingerprint(one) != fingerprint:
                    raise GraphError(
                        f"an array of shape {_array_of(one).shape} was changed between the forward "
                        "and the backward pass: run the forward pass again, or step afterwards"
                    )

    # ## Large gradients are written where the last one was
    #
    # A large array comes from the system empty, page by page, and often goes back to it as soon as
    # it is dropped. Then taking it anew at each step costs more than all that is written into it.
    # So `zero_grad` lays a large gradient aside for the next pass; but never one that somebody
    # else still holds, such as the gradient of an earlier step that is kept to be compared.

    def zero_grad(self, *, set_to_none: bool = True) -> None:
        """Forget the gradient, see :meth:`Node.zero_grad <sgdexplained.node.Node.zero_grad>`."""
        if getattr(self.grad, "size", 0) > 10_000:
            self.spare = self.grad if _is_ours_alone(self) else None
        self.grad = None if set_to_none else self.maths.zero(self.data)

    # What is laid aside is of no use to a copy, or in a file.
    def __getstate__(self) -> Any:
        state: Any = super().__getstate__()
        return state[0], state[1] | {"spare": None}

    def room_for(self, *factors: Array) -> Any:
        """Return the array of the last gradient for a product of `factors`, if it is free."""
        spare, self.spare = self.spare, None
        fits = spare is not None and spare.shape == self.data.shape
        return spare if fits and all(one.dtype is spare.dtype for one in factors) else None

    # ## Reading it

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        shape: tuple[int, ...] = self.data.shape
        return shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.data.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        size: int = self.data.size
        return size

    @property
    def dtype(self) -> Any:
        """Number type of the array."""
        return self.data.dtype

    def item(self) -> Any:
        """Return the only element as a Python number.

        Examples
        --------
        >>> Tensor([[2.5]]).item()
        2.5
        """
        if self.data.size != 1:
            raise ShapeError(f"item of shape {self.data.shape}, expected a single element")
        return self.data.item()

    def __len__(self) -> int:
        if not self.data.shape:
            raise TypeError("a Tensor of shape () has no length")
        return len(self.data)

    def __contains__(self, value: Any) -> bool:
        raise TypeError(f"{value!r} in a Tensor would look for a node: ask its .data")

    def __iter__(self) -> Iterator[Tensor]:
        return map(self.__getitem__, range(len(self)))

    def __array__(self, *args: Any, **kwargs: Any) -> Array:
        raise TypeError("a Tensor is no array, since its graph would be lost: use its .data")

    def __repr__(self) -> str:
        numbers = np.array2string(self.data, separator=", ", prefix="Tensor(")
        kind = "" if self.data.dtype == np.float64 else f", dtype={self.data.dtype}"
        return f"Tensor({numbers}{kind})"

    @staticmethod
    def constant(value: Any, dtype: Any = None) -> Any:
        """Return `value` as an array of real numbers, of type `dtype` if given; else raise.

        Examples
        --------
        >>> from fractions import Fraction
        >>> Tensor.constant([1, 2]), Tensor.constant(np.float32([1, 2]))
        (array([1., 2.]), array([1., 2.], dtype=float32))
        >>> Tensor.constant([1, Fraction(1, 2)]), Tensor.constant([1], np.dtype(object))
        (array([1, Fraction(1, 2)], dtype=object), array([1], dtype=object))
        >>> Tensor.constant(np.float16([1])).dtype, Tensor.constant([1.0], "float32").dtype
        (dtype('float64'), dtype('float32'))
        >>> for bad in "1", [True, 1.5], [[1], [1, 2]], [1j], [None], Tensor(1.0):
        ...     try:
        ...         Tensor.constant(bad)
        ...     except (TypeError, ShapeError) as error:
        ...         print(error)
        a Tensor takes real numbers, got an array of <U1
        a Tensor takes real numbers, got a truth value among them
        the rows have different lengths, expected a full array
        a Tensor takes real numbers, got an array of complex128
        a Scalar takes a real number, got NoneType: None
        expected numbers or an array, got a Tensor
        """
        if value.__class__ is np.ndarray and (value.dtype is dtype or value.dtype == np.float64):
            return value if dtype is None or value.dtype == dtype else value.astype(dtype)
        # A masked array hides numbers. (In a table of pandas `mask` is a method.)
        if isinstance(value, Node) or not callable(getattr(value, "mask", callable)):
            raise TypeError(f"expected numbers or an array, got a {type(value).__name__}")
        try:
            array = np.asarray(value)
        except ValueError:
            raise ShapeError("the rows have different lengths, expected a full array") from None
        if array.dtype.kind in "iu":
            # Beside fractions a whole number stays one: Fraction * 3.0 would be a float.
            array = array.astype(np.object_ if dtype == np.object_ else np.float64)
        elif array.dtype == object:
            numbers = [Scalar.constant(number) for number in array.flat]
            whole = numbers and all(isinstance(number, int) for number in numbers)
            if whole and array is not value and dtype != np.object_:  # too large for NumPy's own
                array = array.astype(np.float64)
        elif array.dtype.kind != "f":
            raise TypeError(f"a Tensor takes real numbers, got an array of {array.dtype}")
        if isinstance(value, list | tuple) and _holds_truth_value(value):
            raise TypeError("a Tensor takes real numbers, got a truth value among them")
        if array.dtype not in (np.float32, np.float64, object):
            array = array.astype(np.float64)
        return array if dtype is None else array.astype(dtype, copy=False)

    @staticmethod
    def is_finite(value: Any) -> bool:
        """Return whether an array holds neither NaN nor infinity.

        Examples
        --------
        >>> Tensor.is_finite(np.array([1e300, 1])), Tensor.is_finite(np.array([np.nan, 1]))
        (True, False)
        """
        if value.__class__ is not np.ndarray or value.dtype.kind != "f":
            value = Tensor.constant(value)
            if value.dtype == object:
                return all(map(Scalar.is_finite, value.flat))
        # The sum of squares is finite only if every number is, and takes one quick pass; it may
        # overflow where they are (of which `dot` would warn), and then a second look decides.
        return math.isfinite(np.vdot(value, value)) or bool(np.isfinite(value).all())


def _references(tensor: Tensor) -> int:
    return getrefcount(tensor.grad)


def _is_ours_alone(tensor: Tensor) -> bool:
    """Return whether nobody but the tensor holds its gradient, or an array that shows it.

    Examples
    --------
    >>> w = Tensor([1.0, 2.0])
    >>> w.sum().backward()
    >>> _is_ours_alone(w)
    True
    >>> row = w.grad[:1]
    >>> _is_ours_alone(w)
    False
    """
    flags = getattr(tensor.grad, "flags", None)
    whole = flags is not None and flags.owndata and flags.carray
    del flags  # which holds the array, too
    return whole and _references(tensor) == _ALONE


# How many references there are to an array that nobody else holds differs from Python to Python,
# so they are counted once, on one of which we know it.
_PROBE = Tensor(0.0)
_PROBE.grad = np.zeros(1)
_ALONE = _references(_PROBE)


def numbered_axes(axis: Any, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the axes as a tuple of numbers from 0, or raise an error that names the shape."""
    if axis is None:
        return None
    axes = axis if isinstance(axis, tuple) else (axis,)
    if any(not is_integer(one) or not -len(shape) <= one < len(shape) for one in axes):
        raise ShapeError(f"axis {axis!r} does not fit shape {shape}")
    numbers = tuple(one % len(shape) for one in axes)
    if len(set(numbers)) < len(numbers):
        raise ShapeError(f"axis {axis!r} names an axis of shape {shape} twice")
    return numbers


def _holds_truth_value(nested: Any) -> bool:
    """Return whether a list holds True or False, which NumPy would take for 1 or 0."""
    return any(
        _holds_truth_value(part)
        if isinstance(part, list | tuple)
        else part.__class__ in (bool, np.bool)
        for part in nested
    )


def _kept(key: Any) -> Any:
    """Return a copy of indices, which may be changed before the backward pass needs them."""
    if not isinstance(key, np.ndarray | list):
        return key
    copy = np.array(key)
    # NumPy makes [] an array of floats, and then refuses those.
    return copy if copy.size or isinstance(key, np.ndarray) else copy.astype(int)


def _spread(gradient: Array, axis: Any, shape: tuple[int, ...]) -> Array:
    """Give each element of `shape` the gradient of the sum it went into."""
    axes = numbered_axes(axis, shape)
    axes = tuple(range(len(shape))) if axes is None else axes
    kept = [1 if one in axes else length for one, length in enumerate(shape)]
    return np.array(np.broadcast_to(np.reshape(gradient, kept), shape))


# ## Products of matrices
#
# Why `dot` and not `@`? NumPy hands `@` of a column and a row to a plain loop, four times slower
# than the product that `dot` uses; and with a batch of one, every weight gradient is a column
# times a row.


def matmul(left: Any, right: Any) -> Tensor:
    """Return the product of two matrices or vectors, at least one of them a Tensor.

    Parameters
    ----------
    left : Tensor or array_like, shape (..., n, m) or (m,)
        A vector at the left counts as a row.
    right : Tensor or array_like, shape (..., m, p) or (m,)
        A vector at the right counts as a column.

    Returns
    -------
    Tensor, shape (..., n, p), with the axes of vectors left out
        Axes before the last two count the matrices; they are matched as for any operator.

    Raises
    ------
    ShapeError
        If the inner lengths differ, an operand has no axis, or the numbers of matrices do not fit.

    Examples
    --------
    >>> a, b = Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]])
    >>> matmul(a, b).backward()
    >>> a.grad.tolist(), b.grad.tolist()
    ([[3.0, 4.0]], [[1.0], [2.0]])
    >>> row = Tensor([5.0, 6.0])
    >>> matmul(row, [7, 8]), matmul([1, 2], b), matmul(a.data, row), matmul(a, [[1, 0], [0, 1]])
    (Tensor(83.), Tensor([11.]), Tensor([17.]), Tensor([[1., 2.]]))
    >>> fixed = Tensor([1.0, 2.0], requires_grad=False)
    >>> matmul(fixed, [1, 1]).requires_grad
    False
    >>> matmul(fixed, row).backward()
    >>> row.grad.tolist(), fixed.grad
    ([1.0, 2.0], None)
    >>> for one, other in (a, a), (a, 2):
    ...     try:
    ...         matmul(one, other)
    ...     except ShapeError as error:
    ...         print(str(error).partition(":")[0])
    matrix product of shapes (1, 2) and (1, 2)
    matrix product of shapes (1, 2) and ()

    Two matrices, each times the same column:

    >>> column, two = Tensor([[1.0], [1.0]]), [[[1, 2]], [[3, 4]]]
    >>> matmul(two, column).sum().backward()
    >>> column.grad.tolist()
    [[4.0], [6.0]]
    """
    dtype = left.data.dtype if isinstance(left, Tensor) else right.data.dtype
    used = [
        one if isinstance(one, Tensor) else Tensor.constant(one, dtype) for one in (left, right)
    ]
    x, y = (_array_of(one) for one in used)
    rows = x.reshape(1, -1) if x.ndim == 1 else x
    columns = y.reshape(-1, 1) if y.ndim == 1 else y
    if not x.ndim or not y.ndim or rows.shape[-1] != columns.shape[-2]:
        raise ShapeError(
            f"matrix product of shapes {x.shape} and {y.shape}: expected (n, m) and (m, p)"
        )
    matrices = common_shape(rows.shape[:-2], columns.shape[:-2])
    whole = (*matrices, rows.shape[-2], columns.shape[-1])
    out = _product(rows, columns).reshape(
        matrices + x.shape[-2:-1] + (y.shape[-1:] if y.ndim > 1 else ())
    )

    # d(X Y) = dX Y + X dY,  so  dL/dX = dL/d(XY) Yᵀ  and  dL/dY = Xᵀ dL/d(XY)
    def towards_x(gradient: Array) -> Any:
        share = _product(np.reshape(gradient, whole), np.swapaxes(columns, -1, -2))
        return _sum_to(share, rows.shape).reshape(x.shape)

    def towards_y(gradient: Array) -> Any:
        share = _product(np.swapaxes(rows, -1, -2), np.reshape(gradient, whole))
        return _sum_to(share, columns.shape).reshape(y.shape)

    maps = [LinearMap(towards_x), LinearMap(towards_y)]
    nodes = [pair for pair in zip(used, maps, strict=True) if isinstance(pair[0], Tensor)]
    product = Tensor.computed(out, *(part for pair in nodes for part in pair))
    product.used = remembered(*used)
    return product


def _product(x: Array, y: Array) -> Any:
    return x.dot(y) if x.ndim == y.ndim == 2 else np.matmul(x, y)
