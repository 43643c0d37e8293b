"""Ops that put Tensors together, or give their numbers other axes."""

from __future__ import annotations

from sgdexplained.errors import ShapeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from sgdexplained.tensor import Tensor


def concatenate(parts: Sequence[Any], axis: int = 0) -> Tensor:
    """Return the parts one after the other along an axis that they have.

    Parameters
    ----------
    parts : sequence of Tensor or array_like
        At least one of them a Tensor; of one shape, but for the length of that axis.
    axis : int, default 0
        Along which they follow each other.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If the parts do not fit, or have no such axis.
    TypeError
        If none is a Tensor.

    Examples
    --------
    Each part receives the gradient of its own piece; one that is there twice receives both.

    >>> from sgdexplained import Tensor
    >>> x, y = Tensor([1.0, 2.0]), Tensor([3.0])
    >>> z = concatenate([x, y, [4], x])
    >>> z.backward(gradient=[1, 2, 3, 4, 50, 60])
    >>> z.data.tolist(), x.grad.tolist(), y.grad.tolist()
    ([1.0, 2.0, 3.0, 4.0, 1.0, 2.0], [51.0, 62.0], [3.0])
    """
    # d(concatenation)/d(part) = 1 where the part stands: its gradient is cut out again
    import numpy as np

    from sgdexplained.tensor import LinearMap, Tensor

    first = next((part for part in parts if isinstance(part, Tensor)), None)
    if first is None:
        raise TypeError(f"expected a Tensor among the parts, got {parts!r}")
    arrays = [
        part.data if isinstance(part, Tensor) else first.constant(part, first.dtype)
        for part in parts
    ]
    place = one_axis(axis, first.shape)
    try:
        whole = np.concatenate(arrays, axis=place)
    except ValueError:
        shapes = " and ".join(str(array.shape) for array in arrays)
        raise ShapeError(
            f"parts of shapes {shapes} along axis {axis}: expected the other axes to agree"
        ) from None
    ends = np.cumsum([array.shape[place] for array in arrays])
    wanted = [isinstance(part, Tensor) and part.requires_grad for part in parts]
    if not any(wanted):
        return Tensor(whole, requires_grad=False)

    def cut(gradient: Any) -> list[list[Any]]:
        pieces = np.split(gradient, ends[:-1], axis=place)
        return [[np.array(piece) for piece, asks in zip(pieces, wanted, strict=True) if asks]]

    learning = tuple(part for part, asks in zip(parts, wanted, strict=True) if asks)
    return first.computed(whole, (learning,), LinearMap(cut))


def stack(parts: Sequence[Any], axis: int = 0) -> Tensor:
    """Return the parts side by side along an axis of their own.

    Parameters
    ----------
    parts : sequence of Tensor or array_like
        At least one of them a Tensor; all of one shape.
    axis : int, default 0
        Where the axis that counts the parts is put.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If the parts do not fit, or the result has no such axis.
    TypeError
        If none is a Tensor.

    Examples
    --------
    >>> from sgdexplained import Tensor
    >>> x, y = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    >>> stack([x, y]).data.tolist(), stack([x, y], axis=1).data.tolist()
    ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 3.0], [2.0, 4.0]])
    >>> stack([x, y]).backward(gradient=[[1, 2], [3, 4]])
    >>> y.grad.tolist()
    [3.0, 4.0]
    """
    from sgdexplained.tensor import Tensor

    first = next((part for part in parts if isinstance(part, Tensor)), None)
    if first is None:
        raise TypeError(f"expected a Tensor among the parts, got {parts!r}")
    shapes = []
    slices = []
    for part in parts:
        array = part if isinstance(part, Tensor) else first.constant(part, first.dtype)
        shapes.append(array.shape)
        place = one_axis(axis, (1, *array.shape))
        slices.append(array.reshape((*array.shape[:place], 1, *array.shape[place:])))
    if len(set(shapes)) > 1:
        raise ShapeError(
            f"parts of shapes {' and '.join(map(str, shapes))}: expected all to be alike"
        )
    return concatenate(slices, place)


def squeeze(x: Tensor, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Return the same numbers without axes of length 1.

    Parameters
    ----------
    x : Tensor
        Numbers.
    axis : int, tuple of int, or None
        Which axes to leave out; all that have length 1 if not given.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If there is no such axis, or it has another length.

    Examples
    --------
    >>> from sgdexplained import Tensor
    >>> x = Tensor([[[1.0], [2.0]]])
    >>> squeeze(x).shape, squeeze(x, axis=0).shape
    ((2,), (2, 1))
    """
    from sgdexplained.tensor import numbered_axes

    out = numbered_axes(axis, x.shape)
    if out is None:
        out = tuple(place for place, length in enumerate(x.shape) if length == 1)
    if any(x.shape[place] != 1 for place in out):
        raise ShapeError(f"axis {axis!r} of shape {x.shape} has not length 1")
    return x.reshape([length for place, length in enumerate(x.shape) if place not in out])


def flatten(x: Tensor) -> Tensor:
    """Return the same numbers on one axis, row after row.

    Parameters
    ----------
    x : Tensor
        Numbers.

    Returns
    -------
    Tensor, shape (n,)

    Examples
    --------
    >>> from sgdexplained import Tensor
    >>> flatten(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1., 2., 3., 4.])
    """
    return x.reshape(-1)


def one_axis(axis: Any, shape: tuple[int, ...]) -> int:
    """Return the axis as a number from 0.

    Raises
    ------
    ShapeError
        If it is no single axis of this shape.

    Examples
    --------
    >>> one_axis(-1, (2, 3))
    1
    >>> try:
    ...     one_axis((0, 1), (2, 3))
    ... except ShapeError as error:
    ...     print(error)
    axis (0, 1) of shape (2, 3): expected a single axis
    """
    from sgdexplained.tensor import numbered_axes

    if axis is None or isinstance(axis, tuple):
        raise ShapeError(f"axis {axis!r} of shape {shape}: expected a single axis")
    [number] = numbered_axes(axis, shape) or ()
    return number
