"""What an operation multiplies to make the gradient of a parameter: senders and deltas.

For each operation that parameters enter there is one rule. An entry of the gradient is a sum of
products, sender times delta; a rule knows the sum for all entries, and the products of one entry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch

from sgdexplained.pytorch.activations import Activation
from sgdexplained.pytorch.causes import ELEMENTWISE, OF_SEVERAL, kind

Place = tuple[int, ...]
Chain = list[tuple[Any, int, int]]  # nodes a parameter went through: argument in, number out
Pairs = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # rows, senders, deltas


# Through these a parameter goes and stays where it is.
SAME = {"ToCopy", "Clone", "Alias", "View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze"}


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
    deltas : Tensor or None
        The gradient of what the operation made.
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
    """

    op: str
    shape: tuple[int, ...]
    rule: str = ""
    senders: torch.Tensor | None = None
    deltas: torch.Tensor | None = None
    places: torch.Tensor | None = None
    leaf: tuple[int, ...] = ()
    flipped: bool = False
    turned: bool = False
    scale: float = 1.0
    lead: tuple[int, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    activation: Activation | None = None
    padding: int | None = None

    def gradient(self) -> torch.Tensor:
        """Return the sum of sender times delta, in the shape of the parameter."""
        return self._of_leaf(self._product(self.senders, self.deltas) * self.scale)

    def size(self) -> torch.Tensor:
        """Return the sum of the sizes of all products, in the shape of the parameter."""
        senders = None if self.senders is None else self.senders.abs()
        return self._of_leaf(self._product(senders, self.deltas.abs()) * abs(self.scale))

    def bound(self) -> torch.Tensor:
        """Return no less than `size`, and cheaper where that is a matrix product."""
        if self.rule != "matmul" or self.places is not None:
            return self.size()
        rows = _length(self.senders) * abs(self.scale)
        columns = _length(self.deltas)
        if self.turned != self.flipped:
            rows, columns = columns, rows
        return (rows.unsqueeze(-1) * columns.unsqueeze(-2)).reshape(self.leaf)

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
            at = tuple(
                int(x) for x in torch.unravel_index(torch.tensor(number), view)
            ) if view else ()
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
        numbers = torch.nn.functional.pad(self._numbers() + 1, pads) if transposed else None
        per_group = moving.shape[1] // groups
        channel = at[0] // per_group * self.shape[1] + at[1]
        window = [slice(None), channel]
        for size, step, spread, place in zip(moving.shape[2:], stride, dilation, offset, strict=True):
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


def _apart(senders: torch.Tensor) -> torch.Tensor:
    """Return senders without their graph; those that are parameters as a copy, since these move."""
    base = senders if senders._base is None else senders._base  # noqa: SLF001
    own = base.is_leaf and base.requires_grad
    return senders.detach().clone() if own else senders.detach()


def _length(numbers: torch.Tensor) -> torch.Tensor:
    """Return the length of each column."""
    if numbers.dtype.itemsize < 4:
        numbers = numbers.float()
    return (numbers * numbers).sum(-2).sqrt_()


def use_of(
    node: Any,
    i: int,
    arrived: tuple[torch.Tensor | None, ...],
    gradient: torch.Tensor,
    leaf: torch.Tensor,
    chain: Chain,
) -> Use:
    """Return what an operation did with a parameter, without copying a number."""
    use = Use(kind(node), tuple(gradient.shape), leaf=tuple(leaf.shape))
    deltas = arrived[0]
    if deltas is None:
        return use
    try:
        found = _rule(use.op, node, i, deltas, gradient)
    except Exception:  # noqa: BLE001 (kept under another name by another version of PyTorch)
        found = None
    if found is None:
        return use
    use.shape = found.get("shape", use.shape)
    use.rule, use.senders, use.deltas = found["rule"], found.get("senders"), found["deltas"]
    use.turned, use.scale = found.get("turned", False), found.get("scale", 1.0)
    use.options = found.get("options", {})
    if use.op == "Embedding":
        use.padding = node._saved_padding_idx  # noqa: SLF001
    if use.senders is not None:
        use.senders = _apart(use.senders)
    if use.senders is not None and use.senders.dtype != use.deltas.dtype:
        use.senders = use.senders.to(use.deltas.dtype)
    names = [kind(node) for node, _, _ in chain if kind(node) not in SAME]
    if names == ["T"] or (names == ["Transpose"] and leaf.dim() == 2):
        use.flipped = use.shape == tuple(leaf.shape)[::-1]
        if use.flipped:
            return use
    try:
        use.places = _places(gradient, leaf, chain)
    except Exception:  # noqa: BLE001 (a view of a kind that cannot be followed)
        return Use(use.op, use.shape, leaf=use.leaf)
    return use


def _places(gradient: torch.Tensor, leaf: torch.Tensor, chain: Chain) -> torch.Tensor | None:
    if all(kind(node) in SAME for node, _, _ in chain):
        return None
    numbers = torch.arange(1, gradient.numel() + 1, dtype=torch.float64, device=gradient.device)
    numbers = numbers.view(gradient.shape)
    for node, i, number in reversed(chain):
        if kind(node) == "ToCopy":
            continue
        outs = len(node._input_metadata)  # noqa: SLF001
        answer = node(*(numbers if k == number else None for k in range(outs)))
        numbers = answer[i] if isinstance(answer, tuple) else answer
    return (numbers.reshape(-1) - 1).to(torch.int64).view(leaf.shape)


def _rule(
    op: str, node: Any, i: int, deltas: torch.Tensor, gradient: torch.Tensor
) -> dict[str, Any] | None:
    """Return the rule of an operation for one of its arguments."""
    ones = {"rule": "broadcast", "deltas": deltas}
    get = lambda name: getattr(node, f"_saved_{name}")  # noqa: E731
    if op in {"Mm", "Addmm", "Bmm", "Baddbmm"}:
        first = {"Addmm": 1, "Baddbmm": 1}.get(op, 0)
        left, right = {
            "Mm": ("self", "mat2"),
            "Addmm": ("mat1", "mat2"),
            "Bmm": ("self", "mat2"),
            "Baddbmm": ("batch1", "batch2"),
        }[op]
        if i < first:
            return {**ones, "scale": float(get("beta"))}
        scale = float(get("alpha")) if first else 1.0
        if i == first + 1:
            return {"rule": "matmul", "senders": get(left), "deltas": deltas, "scale": scale}
        return {
            "rule": "matmul",
            "senders": get(right).transpose(-1, -2),
            "deltas": deltas.transpose(-1, -2),
            "turned": True,
            "scale": scale,
        }
    if op in {"Add", "Sub"}:
        scale = float(getattr(node, "_saved_alpha", 1)) * (-1 if op == "Sub" and i == 1 else 1)
        return {**ones, "scale": scale}
    if op == "Mul":
        other = get("other" if i == 0 else "self")
        if other is None:
            return None
        if not isinstance(other, torch.Tensor):
            return {**ones, "scale": float(other)}
        return {**ones, "senders": other}
    if op == "Div":
        other = get("other")
        if not isinstance(other, torch.Tensor):
            return {**ones, "scale": 1 / float(other)} if i == 0 else None
        return {**ones, "senders": 1 / other if i == 0 else -get("self") / other / other}
    if op == "Mv":
        if i == 0:
            return {
                "rule": "matmul",
                "senders": get("vec").unsqueeze(0),
                "deltas": deltas.unsqueeze(0),
                "turned": True,
            }
        matrix = get("self")
        return {**ones, "senders": matrix, "deltas": deltas.unsqueeze(-1).expand(matrix.shape)}
    if op in {"Dot", "Vdot"}:
        name = "self" if i else {"Dot": "tensor", "Vdot": "other"}[op]
        other = get(name)
        return {**ones, "senders": other, "deltas": deltas.expand(other.shape)}
    if op == "Trilinear" and i == 1:
        left, right = get("i1"), get("i3")
        both = (left.unsqueeze(-1) * right.unsqueeze(-2)).flatten(1)
        shape = (gradient.shape[0], both.shape[1])
        return {
            "rule": "matmul", "senders": both, "deltas": deltas, "turned": True, "shape": shape
        }  # fmt: skip
    if op in {"Cat", "Stack"}:
        return {**ones, "deltas": gradient}
    if op == "Repeat" and gradient.dim() == deltas.dim() == 1:
        return {**ones, "deltas": deltas.view(-1, gradient.numel()), "options": {"all": True}}
    if op == "EmbeddingBag" and get("mode") in {0, 1}:
        bags = get("result1")
        senders = torch.ones(len(bags), 1, dtype=deltas.dtype, device=deltas.device)
        if get("mode") == 1:
            senders = senders / get("result2")[bags].unsqueeze(-1)
        if get("per_sample_weights") is not None:
            senders = get("per_sample_weights").unsqueeze(-1)
        rows = get("indices")
        senders = senders * (rows != get("padding_idx")).unsqueeze(-1)
        options = {"rows": rows, "bags": bags}
        return {"rule": "rows", "senders": senders, "deltas": deltas, "options": options}
    if op == "Convolution":
        if i == 1:
            names = "stride padding dilation transposed output_padding groups".split()
            options = {"convolution": [get(name) for name in names]}
            return {"rule": "kernel", "senders": get("input"), "deltas": deltas, "options": options}
        view = (gradient.numel(), *(1,) * (deltas.dim() - 2))
        return {**ones, "options": {"view": view}} if i == 2 else None
    if op == "Embedding":
        rows, padding = get("indices"), get("padding_idx")
        if get("scale_grad_by_freq"):
            return None
        senders = (rows != padding).to(deltas.dtype).unsqueeze(-1)
        return {"rule": "rows", "senders": senders, "deltas": deltas, "options": {"rows": rows}}
    if op in {"IndexSelect", "Index"}:
        return _picked(op, node, deltas, gradient)
    if "BatchNorm" in op or op in {"NativeLayerNorm", "NativeGroupNorm"}:
        return _normed(op, node, i, deltas, gradient)
    if op == "PreluKernel" and i == 1:
        own = get("self")
        return {**ones, "senders": torch.where(own < 0, own, 0)}
    if op in ELEMENTWISE | OF_SEVERAL:
        slopes = node(torch.ones_like(deltas))
        slopes = slopes[i] if isinstance(slopes, tuple) else slopes
        return {**ones, "senders": slopes} if slopes.shape == deltas.shape else None
    if op in {"Sum", "Mean", "Norm", "LinalgVectorNorm", "Amax", "Amin"}:
        return _reduced(node, i, deltas, gradient)
    if op in {"Expand", "Repeat"} and deltas.dim() == gradient.dim():
        return ones
    return None


def _picked(
    op: str, node: Any, deltas: torch.Tensor, gradient: torch.Tensor
) -> dict[str, Any] | None:
    if op == "IndexSelect":
        rows, dim = node._saved_index, node._saved_dim  # noqa: SLF001
    else:
        indices = node._saved_indices  # noqa: SLF001
        if len(indices) != 1 or indices[0] is None or indices[0].dtype == torch.bool:
            return None
        rows, dim = indices[0], 0
    if dim != 0 or gradient.dim() == 0:
        return None
    rows = rows.remainder(gradient.shape[0])
    senders = torch.ones((*rows.shape, *(1,) * (gradient.dim() - 1)), dtype=deltas.dtype)
    return {
        "rule": "rows",
        "senders": senders.to(deltas.device),
        "deltas": deltas,
        "options": {"rows": rows},
    }


def _normed(
    op: str, node: Any, i: int, deltas: torch.Tensor, gradient: torch.Tensor
) -> dict[str, Any] | None:
    given = node._saved_input  # noqa: SLF001
    if i not in {1, 2}:
        return None
    view: tuple[int, ...]
    if op == "NativeLayerNorm":
        view = tuple(gradient.shape)
        mean, rstd = node._saved_result1, node._saved_result2  # noqa: SLF001
        normal = (given - mean) * rstd
    else:
        view = (gradient.numel(), *(1,) * (given.dim() - 2))
        if op == "NativeGroupNorm":
            groups = node._saved_group  # noqa: SLF001
            flat = given.reshape(given.shape[0], groups, -1)
            mean, rstd = node._saved_result1, node._saved_result2  # noqa: SLF001
            normal = ((flat - mean.unsqueeze(-1)) * rstd.unsqueeze(-1)).view(given.shape)
        elif getattr(node, "_saved_training", False):
            mean, rstd = node._saved_result1, node._saved_result2  # noqa: SLF001
            normal = (given - mean.view(view)) * rstd.view(view)
        else:
            mean = node._saved_running_mean  # noqa: SLF001
            eps = node._saved_eps if hasattr(node, "_saved_eps") else node._saved_epsilon  # noqa: SLF001
            rstd = (node._saved_running_var + eps).rsqrt()  # noqa: SLF001
            normal = (given - mean.view(view)) * rstd.view(view)
    found = {"rule": "broadcast", "deltas": deltas, "options": {"view": view}}
    return {**found, "senders": normal} if i == 1 else found


def _reduced(
    node: Any, i: int, deltas: torch.Tensor, gradient: torch.Tensor
) -> dict[str, Any] | None:
    slopes = node(torch.ones_like(deltas))
    slopes = slopes[i] if isinstance(slopes, tuple) else slopes
    spread = deltas
    if deltas.numel() == 1:
        spread = deltas.reshape(())
    elif deltas.dim() != gradient.dim():
        for dim in sorted(d % gradient.dim() for d in node._saved_dim):  # noqa: SLF001
            spread = spread.unsqueeze(dim)
    return {
        "rule": "broadcast",
        "senders": slopes,
        "deltas": spread.expand(gradient.shape),
        "options": {"all": True},
    }
