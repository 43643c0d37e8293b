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


AT_ONCE = 1 << 16
"""So many entries are looked at together: what is made of them stays in the processor's cache."""


FEW_AT_ONCE = 1 << 14
"""The same, where no room is to be spent."""


def shared(tensor: Tensor) -> Any:
    """Return a NumPy view of a tensor; ``None`` if there cannot be one."""
    if not tensor.is_cpu or tensor.dtype not in SHARED or tensor.is_neg() or tensor.is_conj():
        return None
    return tensor.detach().numpy() if tensor.requires_grad else tensor.numpy()


def wide(tensor: Tensor) -> Tensor:
    """Return numbers in float64, or in float32 on a device that has no float64 (``mps``).

    Examples
    --------
    >>> wide(torch.ones(1, dtype=torch.bfloat16)).dtype
    torch.float64
    """
    return tensor.double() if has_float64(tensor.device) else tensor.float()


def has_float64(device: torch.device) -> bool:
    """Return whether a device computes in float64."""
    return device.type != "mps"


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


def differs(one: Tensor, other: Tensor) -> Tensor:
    """Return where two tensors of the same shape and type differ.

    Examples
    --------
    >>> differs(torch.tensor([1.0, 0.0]), torch.tensor([1.0, 2.0]))
    tensor([False,  True])
    """
    first, second = shared(one), shared(other)
    if first is None or second is None or not one.dim():
        return one != other
    return torch.from_numpy(first != second)


def zeros_in(tensor: Tensor) -> int:
    """Count the zeros of a tensor.

    Examples
    --------
    >>> zeros_in(torch.tensor([[1.0, 0.0], [float("nan"), 0.0]]))
    2
    """
    numbers = shared(tensor)
    if numbers is None:
        return tensor.numel() - int(tensor.count_nonzero())
    import numpy as np

    numbers = numbers.ravel(order="K")
    parts = range(0, numbers.size, AT_ONCE)
    return sum(int(np.count_nonzero(numbers[k : k + AT_ONCE] == 0)) for k in parts)


def has_zero(tensor: Tensor) -> bool:
    """Return whether a tensor is 0 anywhere."""
    numbers = shared(tensor)
    return not bool(tensor.all() if numbers is None else numbers.all())


def zeros_of(tensor: Tensor) -> Tensor | None:
    """Return where a tensor is 0; ``None`` if it is 0 nowhere.

    Examples
    --------
    >>> zeros_of(torch.tensor([1.0, 0.0])), zeros_of(torch.tensor([1.0, float("nan")]))
    (tensor([False,  True]), None)
    """
    return is_zero(tensor) if has_zero(tensor) else None


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


def only_(array: Tensor, mask: Tensor) -> Tensor:
    """Set an array of bits to 0 where a mask is not set, without room for another such array.

    Examples
    --------
    >>> only_(torch.tensor([6, 4], dtype=torch.int16), torch.tensor([True, False]))
    tensor([6, 0], dtype=torch.int16)
    """
    numbers, chosen = shared(array), shared(mask)
    if numbers is None or chosen is None or array.shape != mask.shape:
        return array.mul_(mask)
    import numpy as np

    np.multiply(numbers, chosen, out=numbers)
    return array


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


def looked_up(table: Tensor, numbers: Tensor, mostly: int | None = None) -> Tensor:
    """Return what stands in a table at each number.

    Parameters
    ----------
    table : Tensor
    numbers : Tensor of int
    mostly : int, optional
        A number for which 0 stands in the table: if most are that one, only the others are looked
        up. It must be 0.

    Examples
    --------
    >>> looked_up(torch.tensor([7, 8, 9]), torch.tensor([[2, 0]]))
    tensor([[9, 7]])
    >>> looked_up(torch.tensor([0, 8, 9]), torch.tensor([[0, 0, 0, 0, 2]]), mostly=0)
    tensor([[0, 0, 0, 0, 9]])
    """
    own = shared(numbers) if mostly == 0 else None
    if own is not None and numbers.dim():
        import numpy as np

        flat = own.reshape(-1)
        if 4 * np.count_nonzero(flat) < len(flat):
            entries = table.numpy()
            found = np.zeros(flat.shape, entries.dtype)
            for start in range(0, len(flat), FEW_AT_ONCE):
                part = flat[start : start + FEW_AT_ONCE]
                others = np.flatnonzero(part != 0)
                found[start + others] = entries[part[others]]
            return torch.from_numpy(found.reshape(own.shape))
    table, flat = table.to(numbers.device), numbers.reshape(-1)
    found = torch.empty(flat.shape, dtype=table.dtype, device=table.device)
    for part, into in zip(flat.split(AT_ONCE), found.split(AT_ONCE), strict=True):
        torch.index_select(table, 0, part.to(torch.int32), out=into)
    return found.view(numbers.shape)


def kinds(codes: Tensor) -> list[int]:
    """Return which codes there are besides 0.

    Examples
    --------
    >>> kinds(torch.tensor([[0, 3], [7, 3]], dtype=torch.uint8))
    [3, 7]
    """
    numbers = shared(codes)
    if numbers is None:
        return [code for code in torch.unique(codes).tolist() if code]
    import numpy as np

    flat = numbers.reshape(-1)
    others = flat[np.flatnonzero(flat.view(bool))]
    counts = np.bincount(others)
    return [int(code) for code in np.flatnonzero(counts)]


def has(codes: Tensor, code: int) -> bool:
    """Return whether a code is among others.

    Examples
    --------
    >>> has(torch.tensor([3, 7], dtype=torch.uint8), 7), has(torch.tensor([3]), 7)
    (True, False)
    """
    numbers = shared(codes)
    if numbers is None:
        return bool((codes == code).any())
    flat = numbers.ravel(order="K")
    parts = range(0, flat.size, FEW_AT_ONCE)
    return any(bool((flat[start : start + FEW_AT_ONCE] == code).any()) for start in parts)


def both(one: Tensor, other: Tensor) -> bool:
    """Return whether two arrays of the same shape are both not 0 in any place.

    Examples
    --------
    >>> both(torch.tensor([24, 0]), torch.tensor([32, 0])), both(torch.eye(2), 1 - torch.eye(2))
    (True, False)
    """
    first, second = shared(one), shared(other)
    if first is None or second is None or not one.is_contiguous() or not other.is_contiguous():
        return bool(one.logical_and(other).any())
    import numpy as np

    first, second = first.ravel(), second.ravel()
    parts = (slice(k, k + FEW_AT_ONCE) for k in range(0, first.size, FEW_AT_ONCE))
    return any(bool(np.logical_and(first[part], second[part]).any()) for part in parts)


def few(mask: Tensor, part: int = 4) -> Any:
    """Return the numbers of the places of a mask that are set, as NumPy's; None if they are many.

    Many are more than one in `part`.

    Examples
    --------
    >>> few(torch.tensor([[False, False, False], [False, True, False]]))
    array([4])
    """
    numbers = shared(mask)
    if numbers is None:
        return None
    import numpy as np

    if part * np.count_nonzero(numbers) > numbers.size:
        return None
    return np.flatnonzero(numbers)


def lengths(numbers: Tensor) -> Tensor:
    """Return the length of each column.

    Examples
    --------
    >>> lengths(torch.tensor([[3.0, 1.0], [4.0, 0.0]]))
    tensor([5., 1.])
    """
    if numbers.dtype.itemsize < 4:
        numbers = numbers.float()
    own = shared(numbers)
    if own is None or own.dtype.kind != "f":
        return (numbers * numbers).sum(-2).sqrt_()
    import numpy as np

    return torch.from_numpy(np.asarray(np.sqrt(np.einsum("...bn,...bn->...n", own, own))))


def small_in(gradient: Tensor, rows: Tensor, columns: Tensor, many: float = 0) -> int:
    """Count the entries of a matrix that are not 0 and no larger than their row's by column's.

    If it is seen sooner that they are fewer than `many`, the number is only no smaller than that.

    Examples
    --------
    >>> numbers = torch.tensor([[1e-9, 0.0], [1.0, -1e-8]])
    >>> small_in(numbers, torch.tensor([1e-7, 1e-7]), torch.ones(2))
    2
    """
    if not gradient.numel() or not (finite(rows) and finite(columns)):
        return 0
    gradient = gradient.reshape(len(rows), -1)
    own, across, down = shared(gradient), shared(rows), shared(columns)
    if own is None or across is None or down is None:
        limit, size = rows.unsqueeze(-1) * columns, gradient.abs()
        return int(((size <= limit) & (size > 0)).sum())
    import numpy as np

    step = max(1, AT_ONCE // 2 // max(1, own.shape[1]))
    blocks = [slice(start, start + step) for start in range(0, len(own), step)]
    # Most often hardly any is smaller than the largest limit.
    largest, none = across.max(initial=0) * down.max(initial=0), zeros_in(gradient)
    count = sum(int(np.count_nonzero(np.abs(own[k]) <= largest)) for k in blocks) - none
    if count < many or not count:
        return count
    limits = ((k, across[k, None] * down) for k in blocks)
    return sum(int(np.count_nonzero(np.abs(own[k]) <= limit)) for k, limit in limits) - none


def small(gradient: Tensor, limit: Tensor) -> int:
    """Count the entries of a gradient that are not 0 and no larger than a limit for each.

    Examples
    --------
    >>> small(torch.tensor([1e-9, 0.0, -1.0]), torch.tensor([1e-7, 1e-7, 1e-7]))
    1
    """
    if not finite(limit):
        return 0
    own, other = shared(gradient.abs()), shared(limit)
    if own is None or other is None:
        size = gradient.abs()
        return int(((size <= limit) & (size > 0)).sum())
    return int(((own <= other) & (own != 0)).sum())
