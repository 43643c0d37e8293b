"""Questions about whole tensors, asked in the fastest way there is.

On the processor NumPy answers some of them ten times faster than PyTorch, and shares the memory;
a mask times a number is faster than an assignment under the mask. What counts is the passes over
arrays as large as the weights: there are few to spend.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

# Number types that NumPy has as well.
SHARED = {
    torch.float64, torch.float32, torch.float16, torch.int64, torch.int32, torch.int16, torch.int8,
    torch.uint8, torch.bool, torch.complex64, torch.complex128,
}  # fmt: skip


def shared(tensor: Tensor) -> Any:
    """Return a NumPy view of a tensor; ``None`` if there cannot be one."""
    if tensor.device.type != "cpu" or tensor.dtype not in SHARED or tensor.is_neg():
        return None
    return None if tensor.is_conj() else tensor.detach().numpy()


def any_true(mask: Tensor) -> bool:
    """Return whether anything is set.

    Examples
    --------
    >>> any_true(torch.tensor([False, True])), any_true(torch.zeros(0, dtype=torch.bool))
    (True, False)
    """
    numbers = shared(mask)
    return bool(mask.any() if numbers is None else numbers.any())


def is_zero(tensor: Tensor) -> Tensor:
    """Return where a tensor is 0."""
    numbers = shared(tensor)
    if numbers is None or not tensor.dim():
        return tensor == 0
    return torch.from_numpy(numbers == 0)


def zeros_of(tensor: Tensor) -> Tensor | None:
    """Return where a tensor is 0; ``None`` if it is 0 nowhere.

    Examples
    --------
    >>> zeros_of(torch.tensor([1.0, 0.0])), zeros_of(torch.tensor([1.0, float("nan")]))
    (tensor([False,  True]), None)
    """
    numbers = shared(tensor)
    if numbers is None:
        return None if bool(tensor.all()) else tensor == 0
    return None if numbers.all() else is_zero(tensor)


def finite(tensor: Tensor) -> bool:
    """Return whether all entries are finite.

    Examples
    --------
    >>> finite(torch.tensor([1.0, float("inf")])), finite(torch.tensor([3e38, 3e38]))
    (False, True)
    """
    if tensor.is_sparse:
        tensor = tensor.coalesce().values()
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return True
    total = tensor.detach().sum()
    if not total.is_complex() and math.isfinite(float(total)):
        return True
    return bool(torch.isfinite(tensor).all())


def bits(mask: Tensor, bit: int) -> Tensor:
    """Return a number where a mask is set, and 0 elsewhere.

    Examples
    --------
    >>> bits(torch.tensor([True, False]), 8)
    tensor([8, 0], dtype=torch.int16)
    """
    return mask.to(torch.int16).mul_(bit)


def only(array: Tensor, mask: Tensor) -> Tensor:
    """Return an array of bits where a mask is set, and 0 elsewhere."""
    return array * mask.to(torch.int16)


def and_over(array: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Return the bits that are set everywhere along some dimensions.

    Examples
    --------
    >>> and_over(torch.tensor([[6, 4], [3, 4]], dtype=torch.int16), (0,))
    tensor([2, 4], dtype=torch.int16)
    """
    numbers = shared(array)
    if numbers is not None:
        import numpy as np

        return torch.from_numpy(np.asarray(np.bitwise_and.reduce(numbers, axis=dims)))
    found = array
    for dim in sorted((d % array.dim() for d in dims), reverse=True):
        while found.shape[dim] > 1:  # in halves, as there is no such reduction in PyTorch
            half = (found.shape[dim] + 1) // 2
            rest = found.narrow(dim, found.shape[dim] - half, half)
            found = found.narrow(dim, 0, half) & rest
        found = found.squeeze(dim)
    return found


def never(tensor: Tensor, dim: int) -> Tensor:
    """Return where a tensor is 0 all along a dimension.

    Examples
    --------
    >>> never(torch.tensor([[0.0, 1.0], [0.0, 0.0]]), 0)
    tensor([ True, False])
    """
    numbers = shared(tensor)
    if numbers is None:
        return ~tensor.any(dim)
    import numpy as np

    return torch.from_numpy(np.asarray(~numbers.any(axis=dim)))


def lines_with(mask: Tensor, dim: int) -> Tensor:
    """Return the numbers of the rows (of the other dimension of two) where anything is set.

    Examples
    --------
    >>> lines_with(torch.tensor([[False, False], [True, False]]), 1)
    tensor([1])
    """
    numbers = shared(mask)
    if numbers is None:
        return mask.any(dim).nonzero().view(-1)
    return torch.from_numpy(numbers.any(axis=dim).nonzero()[0])


def how_many(mask: Tensor) -> int:
    """Return in how many places a mask is set."""
    numbers = shared(mask)
    if numbers is None:
        return int(mask.sum())
    import numpy as np

    return int(np.count_nonzero(numbers))


def looked_up(table: Tensor, numbers: Tensor) -> Tensor:
    """Return what stands in a table at each number.

    Examples
    --------
    >>> looked_up(torch.tensor([7, 8, 9]), torch.tensor([[2, 0]]))
    tensor([[9, 7]])
    """
    index = numbers.reshape(-1).to(torch.int32)
    return table.to(index.device).index_select(0, index).view(numbers.shape)


def noisy(own: Tensor, size: Tensor, eps: float) -> Tensor | None:
    """Return where sizes of gradients are not 0 and no larger than rounding; None if nowhere.

    Examples
    --------
    >>> noisy(torch.tensor([1e-9, 0.0, 1.0]), torch.tensor([1.0, 1.0, 1.0]), 1e-7)
    tensor([ True, False, False])
    """
    if not finite(size):
        return None
    limit = size * eps
    one, other = shared(own), shared(limit)
    if one is None or other is None:
        near = (own <= limit) & (own > 0)
        return near if bool(near.any()) else None
    close = one <= other
    if not close.any():
        return None
    close &= one != 0
    return torch.from_numpy(close) if close.any() else None
