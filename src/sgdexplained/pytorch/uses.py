"""One operation that a parameter enters: what it multiplies to make the gradient.

An entry of the gradient is a sum of products, sender times delta. There are four ways in which
operations do that; each knows the sum for all entries at once, and the products of one entry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch

from sgdexplained.pytorch.activations import Activation
from sgdexplained.pytorch.fast import lengths

Place = tuple[int, ...]
Pairs = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # rows, senders, deltas


# Products that add a bias.
ADDS = {"Addmm", "Baddbmm"}


@dataclass
class Use:
    """One operation that a parameter enters.

    Attributes
    ----------
    op : str
        As PyTorch's graph calls it: ``Addmm``.
    rule : str
        ``matmul``, ``broadcast``, ``rows`` or ``kernel``; empty if no rule is known.
    senders : Tensor or None
        ``None`` stands for ones.
    given : Tensor or None
        The gradient of what the operation made; ``None`` if `activation` can tell it.
    shape : tuple of int
        Of the operand: the parameter, or a view of it.
    places : Tensor or None
        Of each entry of the parameter its number in the operand, -1 if it is not there; ``None``:
        the same.
    flipped : bool
        Whether the operand is the parameter's transpose.
    turned : bool
        Whether the rule makes the operand's transpose.
    scale : float
        A number that all products are multiplied by.
    lead : tuple of int
        The shape of the rows before they were made one dimension.
    activation : Activation or None
        What the operation's result goes through, if that is known.
    reach : Tensor or None
        The length of each column of deltas that are a matrix; of `many` rows.
    """

    op: str
    shape: tuple[int, ...]
    rule: str = ""
    senders: Any = None
    given: Any = None
    places: torch.Tensor | None = None
    leaf: tuple[int, ...] = ()
    flipped: bool = False
    turned: bool = False
    scale: float = 1.0
    lead: tuple[int, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    activation: Activation | None = None
    padding: int | None = None
    reach: torch.Tensor | None = None
    many: int = 0

    @property
    def deltas(self) -> Any:
        """The gradient of what the operation made."""
        if self.given is None and self.activation is not None:
            return self.activation.deltas().view(self.options["deltas"])
        return self.given

    def settle(self, activation: Activation | None, lead: tuple[int, ...]) -> None:
        """Take in what comes after; deltas that it can tell are not kept twice."""
        self.activation, self.lead = activation, lead
        if self.given is not None and self.given.dim() == 2:
            self.reach, self.many = lengths(self.given), len(self.given)
        alike = self.rule == "kernel" or (self.rule == "matmul" and not self.turned)
        # A bias; it may be one of a convolution or of a product.
        alike |= self.rule == "broadcast" and ("view" in self.options or self.op in ADDS)
        if activation is None or not alike or self.given is None:
            return
        if activation.upstream.numel() == self.given.numel():
            self.options["deltas"] = self.given.shape
            self.given = None

    def gradient(self) -> torch.Tensor:
        """Return the sum of sender times delta, in the shape of the parameter."""
        return self._of_leaf(self._product(self.senders, self.deltas) * self.scale)

    def size(self) -> torch.Tensor:
        """Return the sum of the sizes of all products, in the shape of the parameter."""
        senders = None if self.senders is None else self.senders.abs()
        return self._of_leaf(self._product(senders, self.deltas.abs()) * abs(self.scale))

    def bounds(self) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Return numbers of rows and of columns whose products are at least `size`, or None.

        A vector has no rows: it is one row.
        """
        if self.reach is None or self.places is not None:
            return None
        if self.rule == "matmul" and len(self.leaf) == 2 and self.senders.dim() == 2:
            rows, columns = lengths(self.senders) * abs(self.scale), self.reach
            return (columns, rows) if self.turned != self.flipped else (rows, columns)
        if self.rule == "broadcast" and self.senders is None and self.leaf == self.reach.shape:
            # No sum of sizes is larger than the length times the root of how many there are.
            return torch.full_like(self.reach[:1], abs(self.scale) * self.many**0.5), self.reach
        return None

    def _of_leaf(self, operand: torch.Tensor) -> torch.Tensor:
        if self.flipped:
            return operand.T.reshape(self.leaf)
        if self.places is None:
            return operand.reshape(self.leaf)
        picked = operand.reshape(-1)[self.places.clamp(min=0)]
        return torch.where(self.places >= 0, picked, 0).reshape(self.leaf)

    def _product(self, senders: torch.Tensor | None, deltas: Any) -> torch.Tensor:
        product: torch.Tensor = getattr(self, f"_{self.rule}")(senders, deltas)
        return product.reshape(self.shape)

    def _matmul(self, senders: Any, deltas: torch.Tensor) -> torch.Tensor:
        made = senders.transpose(-1, -2) @ deltas
        return made.transpose(-1, -2) if self.turned else made

    def _broadcast(self, senders: Any, deltas: torch.Tensor) -> torch.Tensor:
        made = deltas if senders is None else senders * deltas
        return made.sum_to_size(self.options.get("view", self.shape))

    def _rows(self, senders: Any, deltas: torch.Tensor) -> torch.Tensor:
        made = torch.zeros(self.shape, dtype=deltas.dtype, device=deltas.device)
        rows = self.options["rows"].reshape(-1)
        if "bags" in self.options:
            deltas = deltas[self.options["bags"]]
        made.index_add_(0, rows, (senders * deltas).reshape(len(rows), *self.shape[1:]))
        return made

    def _kernel(self, senders: Any, deltas: torch.Tensor) -> torch.Tensor:
        like = torch.empty(self.shape, dtype=deltas.dtype, device=deltas.device)
        made: torch.Tensor = torch.ops.aten.convolution_backward(
            deltas, senders, like, None, *self.options["convolution"], [False, True, False]
        )[1]
        return made

    # One entry

    def operand_place(self, place: Place) -> Place | None:
        """Return where an entry of the parameter stands in the operand; None if it does not."""
        if self.flipped:
            place = place[::-1]
        number = 0
        for length, index in zip(self.shape if self.flipped else self.leaf, place, strict=True):
            number = number * length + index
        if self.places is not None:
            number = int(self.places.reshape(-1)[number])
            if number < 0:
                return None
        found = []
        for length in reversed(self.shape):
            number, index = divmod(number, length)
            found.append(index)
        return tuple(reversed(found))

    def pairs(self, place: Place) -> Pairs | None:
        """Return the products of one entry: numbers in the deltas, senders, deltas.

        ``None`` if no rule is known; the numbers count the flattened deltas.
        """
        if not self.rule:
            return None
        at = self.operand_place(place)
        empty = torch.zeros(0)
        if at is None:
            return empty.long(), empty, empty
        numbers, senders, deltas = getattr(self, f"_{self.rule}_at")(at)
        return numbers, senders * self.scale, deltas

    def _numbers(self) -> torch.Tensor:
        return torch.arange(self.deltas.numel(), device=self.deltas.device).view(self.deltas.shape)

    def _matmul_at(self, at: Place) -> Pairs:
        *batch, j, k = (*at[:-2], at[-1], at[-2]) if self.turned else at
        if self.deltas.dim() > len(at):  # the operand of a vector
            batch = []
        deltas = self.deltas[tuple(batch)][..., k]
        return self._numbers()[tuple(batch)][..., k], self.senders[tuple(batch)][..., j], deltas

    def _broadcast_at(self, at: Place) -> Pairs:
        view = self.options.get("view", self.shape)
        if view != self.shape:
            number = 0
            for length, index in zip(self.shape, at, strict=True):
                number = number * length + index
            at = (
                tuple(int(x) for x in torch.unravel_index(torch.tensor(number), view))
                if view
                else ()
            )
        skipped = self.deltas.dim() - len(view)
        index = (slice(None),) * skipped + tuple(
            slice(None) if length == 1 else place for length, place in zip(view, at, strict=True)
        )
        deltas = self.deltas[index]
        if self.senders is None:
            senders = torch.ones_like(deltas)
        else:
            senders = self.senders.expand(self.deltas.shape)[index]
        return self._numbers()[index].reshape(-1), senders.reshape(-1), deltas.reshape(-1)

    def _rows_at(self, at: Place) -> Pairs:
        rows = self.options["rows"].reshape(-1)
        chosen = (rows == at[0]).nonzero().reshape(-1)
        column = (slice(None), *at[1:])
        senders = self.senders.reshape(-1)[chosen]
        if "bags" in self.options:
            chosen = self.options["bags"][chosen]
        deltas = self.deltas.reshape(-1, *self.shape[1:])[column][chosen]
        return self._numbers().reshape(-1, *self.shape[1:])[column][chosen], senders, deltas

    def _kernel_at(self, at: Place) -> Pairs:
        stride, padding, dilation, transposed, _, groups = self.options["convolution"]
        offset = at[2:]
        # A transposed convolution is the same with inputs and deltas in each other's place.
        image, moving = (self.deltas, self.senders) if transposed else (self.senders, self.deltas)
        pads = [x for p in reversed(list(padding)) for x in (p, p)]
        image = torch.nn.functional.pad(image, pads)
        numbers: Any = None
        if transposed:
            numbers = torch.nn.functional.pad(self._numbers() + 1, pads)
        per_group = moving.shape[1] // groups
        channel = at[0] // per_group * self.shape[1] + at[1]
        window = [slice(None), channel]
        for size, step, spread, place in zip(
            moving.shape[2:], stride, dilation, offset, strict=True
        ):
            start = place * spread
            window.append(slice(start, start + step * (size - 1) + 1, step))
        seen = image[tuple(window)]
        moved = moving[:, at[0]]
        if transposed:
            inside = numbers[tuple(window)]
            kept = inside > 0
            return inside[kept] - 1, moved[kept], seen[kept]
        return self._numbers()[:, at[0]].reshape(-1), seen.reshape(-1), moved.reshape(-1)

    def example_of(self, numbers: torch.Tensor, examples: int) -> torch.Tensor | None:
        """Return of which example each product is, by its number; None if that is not known."""
        shape = tuple(self.deltas.shape)
        if self.lead and shape[:1] != (examples,):
            shape = self.lead
        if self.options.get("all"):  # no example of its own
            return None
        total = self.deltas.numel()
        if shape and shape[0] == examples:
            return torch.div(numbers, total // examples, rounding_mode="floor")
        if len(shape) > 1 and shape[1] == examples:
            inner = total // prod(shape[:2])
            return torch.div(numbers, inner, rounding_mode="floor") % examples
        return None
