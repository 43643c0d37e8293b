"""Why products and convolutions hand on zeros: asked directly, since they are most of the work."""

from __future__ import annotations

from math import fsum
from typing import Any

import torch

from sgdexplained.pytorch import causes as c
from sgdexplained.pytorch.causes import Crossed, Reasons, kind
from sgdexplained.pytorch.fast import (
    and_over,
    any_true,
    bits,
    few,
    finite,
    is_zero,
    lines_with,
    never,
    only,
    only_,
    shared,
    wide,
    zeros_in,
)

# The two factors of each product: (argument, its saved name, the argument's other, its name).
FACTORS = {
    "Mm": (0, "_saved_self", 1, "_saved_mat2"),
    "Addmm": (1, "_saved_mat1", 2, "_saved_mat2"),
    "Bmm": (0, "_saved_self", 1, "_saved_mat2"),
    "Baddbmm": (1, "_saved_batch1", 2, "_saved_batch2"),
}

MOST_ADDED = 1000
"""So many sums that come out as 0 are added up again, without rounding."""

Found = tuple[Reasons, list[int]]


def is_sum(what: str, i: int) -> bool:
    """Return whether an operation adds up what it hands on to an argument."""
    return what in {"Add", "Sub"} or (what, i) in {
        ("Addmm", 0),
        ("Baddbmm", 0),
        ("Addmv", 0),
        ("Convolution", 2),
    }


def of_bias(
    zero: torch.Tensor, arrived: torch.Tensor, coming: Reasons | None, what: str
) -> Reasons:
    """Return why a bias gets nothing: of all places that it is added to."""
    if what == "Convolution":
        dims: tuple[int, ...] = (0, *range(2, arrived.dim()))
    else:
        skipped = arrived.dim() - zero.dim()
        dims = tuple(k for k in range(arrived.dim()) if k < skipped or zero.shape[k - skipped] == 1)
    array = torch.zeros(zero.shape, dtype=torch.int16, device=zero.device)
    present = 0
    common_ones = _of_receivers(coming, dims)
    if common_ones is not None:
        array |= only(common_ones.array.view(zero.shape), zero)
        present |= common_ones.present
    rest = zero & is_zero(array)
    if any_true(rest):
        works = ~_all_of(arrived == 0, dims).view(zero.shape)
        array |= bits(rest & works, c.EXAMPLES) | bits(rest & ~works, c.MIXED)
        present |= c.EXAMPLES | c.MIXED | c.ROUNDING
        if arrived.dim() == 2 and zero.dim() == 1:
            both = array.unsqueeze(0)
            ones = torch.ones_like(arrived[:, :1]).T
            _rounded(both, (rest & works).unsqueeze(0), c.EXAMPLES, ones, arrived)
    return Reasons(array, present)


def of_weights(
    node: Any, i: int, zero: torch.Tensor, arrived: torch.Tensor, coming: Reasons | None
) -> Found | None:
    """Return why a weight of a product gets nothing; None if the node is no product."""
    what = kind(node)
    if what in FACTORS:
        left, left_name, right, right_name = FACTORS[what]
        if i == right:
            senders, deltas, array = getattr(node, left_name), arrived, coming
            return _weights(zero, senders, deltas, array)
        if i == left:
            senders = getattr(node, right_name).transpose(-1, -2)
            turned = None if coming is None else coming.turned()
            found = _weights(zero.transpose(-1, -2), senders, arrived.transpose(-1, -2), turned)
            return found[0].turned(), found[1]
    if what == "Convolution" and i == 1:
        return _kernel(node, zero, arrived, coming)
    return None


def settled_by_ends(
    node: Any, i: int, gradient: torch.Tensor, coming: Reasons | None
) -> Crossed | None:
    """Return why a weight matrix gets nothing, if whole rows and columns say it; None if not.

    Senders (B, n) and deltas (B, m) make a gradient (n, m). It is 0 where a sender is inactive, and
    where nothing comes to a receiver, in all examples. If no more entries are 0 than that, these
    are the ones.
    """
    what = kind(node)
    if what not in FACTORS or i != FACTORS[what][2] or gradient.dim() != 2:
        return None
    senders = getattr(node, FACTORS[what][1])
    if shared(gradient) is None or shared(senders) is None or not finite(gradient):
        return None
    rows, columns, present = _ends(senders, coming)
    if columns is None:
        columns = torch.zeros(gradient.shape[1], dtype=torch.int16)
    across, down = rows.numpy(), columns.numpy()
    others = len(across) - int((across != 0).sum()), len(down) - int((down != 0).sum())
    if zeros_in(gradient) != gradient.numel() - others[0] * others[1]:
        return None
    return Crossed(across, down, present)


def of_inputs(
    node: Any, i: int, zero: torch.Tensor, arrived: torch.Tensor, coming: Reasons | None
) -> Found | None:
    """Return why a sender gets nothing back from a product; None if the node is no product."""
    what = kind(node)
    if what in FACTORS:
        left, left_name, right, right_name = FACTORS[what]
        if i == left:
            return _senders(zero, getattr(node, right_name), arrived, coming)
        if i == right:
            weights = getattr(node, left_name).transpose(-1, -2)
            turned = None if coming is None else coming.turned()
            found = _senders(zero.transpose(-1, -2), weights, arrived.transpose(-1, -2), turned)
            return found[0].turned(), found[1]
    if what == "Convolution" and i == 0:
        return _pixels(node, zero, arrived, coming)
    return None


def common(coming: Reasons | None, dims: tuple[int, ...]) -> Reasons | None:
    """Return the reasons that hold for all places along some dimensions."""
    if coming is None:
        return None
    return Reasons(and_over(coming.array, dims), coming.present)


def _of_receivers(coming: Reasons | None, dims: tuple[int, ...]) -> Reasons | None:
    """Return what holds for a receiver in all places: that nobody takes its result is a reason."""
    found = common(coming, dims)
    if found is not None and found.present & c.OFF:
        found.array[found.array == c.NEUTRAL] = c.NOT_TAKEN
    return found


def _all_of(mask: torch.Tensor, dims: tuple[int, ...]) -> torch.Tensor:
    for dim in sorted((d % mask.dim() for d in dims), reverse=True):
        mask = mask.all(dim)
    return mask


def _weights(
    zero: torch.Tensor, senders: torch.Tensor, deltas: torch.Tensor, coming: Reasons | None
) -> Found:
    """Senders (..., B, n) and deltas (..., B, m) make a gradient (..., n, m)."""
    rows, columns, present = _ends(senders, coming)
    array, rest = _crossed(zero, rows, columns)
    if rest is None:
        return Reasons(array, present), []
    present |= c.NEVER | c.MIXED | c.UNDERFLOW | c.EXAMPLES | c.ROUNDING
    if rest.dim() > 2:
        return Reasons(array | _closer(rest, senders, deltas), present), [c.UNDERFLOW, c.EXAMPLES]
    # Most often few are left: only their rows and columns are multiplied.
    across, down = lines_with(rest, 1), lines_with(rest, 0)
    rest = rest[across][:, down]
    array[across.unsqueeze(1), down] |= _closer(rest, senders, deltas, across, down)
    return Reasons(array, present), [c.UNDERFLOW, c.EXAMPLES]


def _ends(
    senders: torch.Tensor, coming: Reasons | None
) -> tuple[torch.Tensor, torch.Tensor | None, int]:
    """Return the bits of each sender and of each receiver, and which there may be."""
    rows = bits(never(senders, -2), c.INACTIVE)
    common_ones = _of_receivers(coming, (-2,))
    if common_ones is None:
        return rows, None, c.INACTIVE
    return rows, common_ones.array, c.INACTIVE | common_ones.present


def _crossed(
    zero: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the bits of the row and the column of each zero, and where there are none of either.

    `rows` has the shape (..., n) and `columns` (..., m); None stands for no bits at all.
    """
    turned = zero.dim() == 2 and not zero.is_contiguous() and zero.T.is_contiguous()
    if turned and columns is not None:
        array, rest = _crossed(zero.T, columns, rows)
        return array.T, None if rest is None else rest.T
    places = few(zero, 32) if zero.dim() == 2 and zero.is_contiguous() else None
    if places is None:
        array = rows.unsqueeze(-1)
        if columns is not None:
            array = array | columns.unsqueeze(-2)
        array = only_(array.expand(zero.shape).contiguous(), zero)
        rest = is_zero(array).logical_and_(zero)
        return array, rest if any_true(rest) else None
    array = torch.zeros(zero.shape, dtype=torch.int16)
    across, down = divmod(places, zero.shape[1])
    found = rows.numpy()[across]
    if columns is not None:
        found = found | columns.numpy()[down]
    array.numpy().reshape(-1)[places] = found
    left = places[found == 0]
    if not len(left):
        return array, None
    rest = torch.zeros(zero.shape, dtype=torch.bool)
    rest.numpy().reshape(-1)[left] = True
    return array, rest


def _closer(
    rest: torch.Tensor,
    senders: torch.Tensor,
    deltas: torch.Tensor,
    rows: torch.Tensor | None = None,
    columns: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return why gradients are 0 that neither end of a weight explains by itself.

    `rest` may be of some rows and columns alone. What is made on the way is freed at once.
    """
    works = _ones(_chosen(deltas, columns))
    any_delta = works.any(-2).unsqueeze(-2)
    active = _ones(_chosen(senders, rows))
    apart = is_zero(active.transpose(-1, -2) @ works).logical_and_(rest)
    del active, works
    array = apart.to(torch.int16).mul_(bits(any_delta, c.NEVER ^ c.MIXED) ^ c.MIXED)
    full = apart.logical_xor_(rest)
    if any_true(full):
        senders, deltas = _chosen(senders, rows), _chosen(deltas, columns)
        size = wide(senders.abs()).transpose(-1, -2) @ wide(deltas.abs())
        small = full & (size < torch.finfo(deltas.dtype).smallest_normal)
        array |= bits(small, c.UNDERFLOW) | bits(full & ~small, c.EXAMPLES)
        _rounded(array, full & ~small, c.EXAMPLES, senders.transpose(-1, -2), deltas)
    return array


def _ones(array: torch.Tensor) -> torch.Tensor:
    """Return 1 where an array is not 0, and 0 elsewhere."""
    return is_zero(array).logical_not_().float()


def _chosen(array: torch.Tensor, columns: torch.Tensor | None) -> torch.Tensor:
    return array if columns is None else array[:, columns]


def _rounded(
    array: torch.Tensor, places: torch.Tensor, bit: int, rows: torch.Tensor, columns: torch.Tensor
) -> None:
    """Tell sums that cancel from sums whose rest is lost in rounding: few, so one by one."""
    if array.dim() != 2 or int(places.sum()) > MOST_ADDED:
        return
    for j, k in places.nonzero().tolist():
        if fsum((rows[j] * columns[:, k]).tolist()) != 0:
            array[j, k] = (int(array[j, k]) & ~bit) | c.ROUNDING


def _senders(
    zero: torch.Tensor, weights: torch.Tensor, deltas: torch.Tensor, coming: Reasons | None
) -> Found:
    """Weights (..., n, m) and deltas (..., B, m) make a gradient (..., B, n)."""
    rows = zero.any(-1)
    if zero.dim() == 2 and any_true(~rows):  # most often few rows have zeros
        part = None if coming is None else Reasons(coming.array[rows], coming.present)
        found, made = _senders(zero[rows], weights, deltas[rows], part)
        array = torch.zeros(zero.shape, dtype=torch.int16, device=zero.device)
        array[rows] = found.array
        return Reasons(array, found.present), made
    link = (weights != 0).float().transpose(-1, -2)
    size = wide(weights.abs()).transpose(-1, -2)
    return _ahead(
        zero,
        deltas,
        coming,
        lambda mask: mask.float() @ link > 0,
        lambda: wide(deltas.abs()) @ size,
        (-1,),
        lambda array, places: _rounded(array, places, c.PATHS, deltas, weights.transpose(-1, -2)),
    )


def _pixels(node: Any, zero: torch.Tensor, deltas: torch.Tensor, coming: Reasons | None) -> Found:
    weights = node._saved_weight  # noqa: SLF001
    link = (weights != 0).float()
    size = wide(weights.abs())
    inputs = node._saved_input  # noqa: SLF001
    return _ahead(
        zero,
        deltas,
        coming,
        lambda mask: convolved(node, mask.float(), inputs.float(), link, 0) > 0.5,
        lambda: convolved(node, wide(deltas.abs()), wide(inputs), size, 0),
        tuple(range(1, zero.dim())),
    )


def _ahead(  # noqa: C901, PLR0912 (one reason after the other, in their order)
    zero: torch.Tensor,
    deltas: torch.Tensor,
    coming: Reasons | None,
    reaches: Any,
    sizes: Any,
    example: tuple[int, ...],
    rounded: Any = None,
) -> Found:
    made: list[int] = []
    array = torch.zeros(zero.shape, dtype=torch.int16, device=zero.device)
    present = c.CLOSED
    full = zero & reaches(~is_zero(deltas))
    if any_true(full):
        small = full & (sizes() < torch.finfo(deltas.dtype).smallest_normal)
        array = bits(small, c.UNDERFLOW) | bits(full & ~small, c.PATHS)
        if rounded is not None:
            rounded(array, full & ~small)
        present |= c.UNDERFLOW | c.PATHS | c.ROUNDING
        made += [bit for bit in (c.UNDERFLOW, c.PATHS) if any_true((array & bit) != 0)]
    rest = zero & ~full
    if not any_true(rest):
        return Reasons(array, present), made
    off = None
    if coming is not None:
        open_ = is_zero(coming.array & (c.SHUT | c.OFF))
        for bit in (c.UNKNOWN, c.HOOK, c.PATHS, c.FLAT, c.UNDERFLOW, c.ROUNDING):
            if not bit & coming.present:
                continue
            here = coming.has(bit) & open_
            if bit == c.FLAT:  # flat as a whole, and cut off besides
                here &= ~coming.has(c.CLOSED)
            if any_true(here):
                array |= bits(rest & is_zero(array) & reaches(here), bit)
                present |= bit
        if coming.present & c.OFF:
            off = coming.has(c.OFF)
            left = reaches(torch.ones_like(off)) & ~reaches(~off)
            array |= bits(rest & is_zero(array) & left, c.NEUTRAL)
            present |= c.OFF
    cut = rest & is_zero(array)
    if any_true(cut):
        array |= bits(cut, c.CLOSED)
        if any_true(cut & ~reaches(torch.ones_like(deltas))):
            made.append(c.CLOSED)  # weights of 0 alone
    if coming is not None and coming.present & c.WHOLE:
        flat = coming.has(c.WHOLE) if off is None else coming.has(c.WHOLE) | off
        flat = _all_of(flat, example)
        if off is not None:
            flat &= ~_all_of(off, example)
        flat = flat.reshape(flat.shape + (1,) * (zero.dim() - flat.dim()))
        array |= bits(flat & rest, c.FLAT | c.WHOLE)
        present |= c.FLAT | c.WHOLE
    return Reasons(array, present), made


# ## Convolutions


def convolved(
    node: Any, deltas: torch.Tensor, inputs: torch.Tensor, weights: torch.Tensor, i: int
) -> torch.Tensor:
    """Return what a convolution hands on to its input (0) or its weight (1), of other numbers."""
    saved = [
        getattr(node, f"_saved_{name}")
        for name in ("stride", "padding", "dilation", "transposed", "output_padding", "groups")
    ]
    wanted = [i == 0, i == 1, False]
    answer: torch.Tensor = torch.ops.aten.convolution_backward(
        deltas, inputs, weights, None, *saved, wanted
    )[i]
    return answer


def _kernel(node: Any, zero: torch.Tensor, deltas: torch.Tensor, coming: Reasons | None) -> Found:
    inputs, weights = node._saved_input, node._saved_weight  # noqa: SLF001
    made: list[int] = []
    shape = weights.float()
    active = (~is_zero(inputs)).float()
    places = (0, *range(2, deltas.dim()))
    array = torch.zeros(zero.shape, dtype=torch.int16, device=zero.device)
    present = c.INACTIVE
    common_ones = _of_receivers(coming, places)
    if common_ones is not None:
        array = only(_by_unit(node, common_ones.array, zero), zero)
        present |= common_ones.present
    ones = torch.ones_like(deltas, dtype=torch.float32)
    if any_true(is_zero(active)) or any(node._saved_padding):  # noqa: SLF001
        inactive = convolved(node, ones, active, shape, 1) < 0.5
        array |= bits(zero & inactive, c.INACTIVE)
    rest = zero & is_zero(array)
    if any_true(rest):
        works = (~is_zero(deltas)).float()
        both = convolved(node, works, active, shape, 1)
        apart = rest & (both < 0.5)
        any_delta = ~is_zero(_by_unit(node, works.amax(places), zero))
        array |= bits(apart & any_delta, c.NEVER) | bits(apart & ~any_delta, c.MIXED)
        full = rest & ~apart
        if any_true(full):
            size = convolved(node, wide(deltas.abs()), wide(inputs.abs()), wide(weights), 1)
            small = full & (size < torch.finfo(deltas.dtype).smallest_normal)
            array |= bits(small, c.UNDERFLOW) | bits(full & ~small, c.EXAMPLES)
            made += [c.UNDERFLOW, c.EXAMPLES]
        present |= c.NEVER | c.MIXED | c.UNDERFLOW | c.EXAMPLES
    return Reasons(array, present), made


def _by_unit(node: Any, units: torch.Tensor, zero: torch.Tensor) -> torch.Tensor:
    """Lay one number for each output channel out in the shape of the kernel."""
    if not node._saved_transposed:  # noqa: SLF001
        return units.view(-1, *(1,) * (zero.dim() - 1)).expand(zero.shape)
    groups = node._saved_groups  # noqa: SLF001
    per_group = units.view(groups, 1, -1).expand(groups, zero.shape[0] // groups, -1)
    return per_group.reshape(zero.shape[0], -1, *(1,) * (zero.dim() - 2)).expand(zero.shape)
