"""What an operation multiplies to make the gradient of a parameter: one rule for each operation."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from sgdexplained.pytorch.causes import ELEMENTWISE, OF_SEVERAL, kind
from sgdexplained.pytorch.fast import has_float64
from sgdexplained.pytorch.uses import Use

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

Found = dict[str, Any] | None
Chain = list[tuple[Any, int, int]]  # nodes a parameter went through: argument in, number out

# Through these a parameter goes and stays where it is.
SAME = {"ToCopy", "Clone", "Alias", "View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze"}


def _apart(senders: Tensor) -> Tensor:
    """Return senders without their graph; those that are parameters as a copy, since these move."""
    base = senders if senders._base is None else senders._base  # noqa: SLF001
    own = base.is_leaf and base.requires_grad
    return senders.detach().clone() if own else senders.detach()


def use_of(
    node: Any,
    i: int,
    arrived: tuple[Tensor | None, ...],
    gradient: Tensor,
    leaf: Tensor,
    chain: Chain,
) -> Use:
    """Return what an operation did with a parameter, without copying a number."""
    use = Use(kind(node), tuple(gradient.shape), leaf=tuple(leaf.shape))
    deltas = arrived[0]
    if deltas is None:
        return use
    try:
        rule = RULES.get(use.op)
        found = None if rule is None else rule(node, i, deltas, gradient)
    except Exception:  # noqa: BLE001 (kept under another name by another version of PyTorch)
        found = None
    if found is None:
        return use
    use.shape = found.get("shape", use.shape)
    use.rule, use.senders, use.given = found["rule"], found.get("senders"), found["deltas"]
    use.turned, use.scale = found.get("turned", False), found.get("scale", 1.0)
    use.options = found.get("options", {})
    if use.op == "Embedding":
        use.padding = node._saved_padding_idx  # noqa: SLF001
    if use.senders is not None:
        use.senders = _apart(use.senders)
    if use.senders is not None and use.senders.dtype != use.given.dtype:
        use.senders = use.senders.to(use.given.dtype)
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


def _places(gradient: Tensor, leaf: Tensor, chain: Chain) -> Tensor | None:
    if all(kind(node) in SAME for node, _, _ in chain):
        return None
    # Nodes hand on the numbers of the entries, which must be exact in the number type.
    double = has_float64(gradient.device)
    if not double and gradient.numel() >= 1 << 24:
        raise ValueError("too many entries to count in float32")
    kept = torch.float64 if double else torch.float32
    numbers = torch.arange(1, gradient.numel() + 1, dtype=kept, device=gradient.device)
    numbers = numbers.view(gradient.shape)
    for node, i, number in reversed(chain):
        if kind(node) == "ToCopy":
            continue
        outs = len(node._input_metadata)  # noqa: SLF001
        answer = node(*(numbers if k == number else None for k in range(outs)))
        numbers = answer[i] if isinstance(answer, tuple) else answer
    return (numbers.reshape(-1) - 1).to(torch.int64).view(leaf.shape)


# ## The rules


def _saved(node: Any, name: str) -> Any:
    return getattr(node, f"_saved_{name}")


def _ones(deltas: Tensor, **more: Any) -> dict[str, Any]:
    """Return the rule of what is only added, or copied: the sender is 1."""
    return {"rule": "broadcast", "deltas": deltas, **more}


# The names of the two factors of a product, and the number of the first among the arguments.
FACTORS = {
    "Mm": ("self", "mat2", 0),
    "Addmm": ("mat1", "mat2", 1),
    "Bmm": ("self", "mat2", 0),
    "Baddbmm": ("batch1", "batch2", 1),
}


def _product(node: Any, i: int, deltas: Tensor, _: Tensor) -> Found:
    left, right, first = FACTORS[kind(node)]
    if i < first:
        return _ones(deltas, scale=float(_saved(node, "beta")))
    scale = float(_saved(node, "alpha")) if first else 1.0
    if i == first + 1:
        senders = _saved(node, left)
        return {"rule": "matmul", "senders": senders, "deltas": deltas, "scale": scale}
    senders = _saved(node, right).transpose(-1, -2)
    turned = deltas.transpose(-1, -2)
    return {"rule": "matmul", "senders": senders, "deltas": turned, "turned": True, "scale": scale}


def _sum(node: Any, i: int, deltas: Tensor, _: Tensor) -> Found:
    sign = -1 if kind(node) == "Sub" and i == 1 else 1
    return _ones(deltas, scale=sign * float(getattr(node, "_saved_alpha", 1)))


def _times(node: Any, i: int, deltas: Tensor, _: Tensor) -> Found:
    other = _saved(node, "other" if i == 0 else "self")
    if other is None:
        return None
    if not isinstance(other, Tensor):
        return _ones(deltas, scale=float(other))
    return _ones(deltas, senders=other)


def _divided(node: Any, i: int, deltas: Tensor, _: Tensor) -> Found:
    other = _saved(node, "other")
    if not isinstance(other, Tensor):
        return _ones(deltas, scale=1 / float(other)) if i == 0 else None
    return _ones(deltas, senders=1 / other if i == 0 else -_saved(node, "self") / other / other)


def _matrix_times_vector(node: Any, i: int, deltas: Tensor, _: Tensor) -> Found:
    if i == 0:
        vector = _saved(node, "vec").unsqueeze(0)
        return {"rule": "matmul", "senders": vector, "deltas": deltas.unsqueeze(0), "turned": True}
    matrix = _saved(node, "self")
    return _ones(deltas.unsqueeze(-1).expand(matrix.shape), senders=matrix)


def _vector_times_vector(node: Any, i: int, deltas: Tensor, _: Tensor) -> Found:
    other = _saved(node, "self" if i else {"Dot": "tensor", "Vdot": "other"}[kind(node)])
    return _ones(deltas.expand(other.shape), senders=other)


def _bilinear(node: Any, i: int, deltas: Tensor, gradient: Tensor) -> Found:
    if i != 1:
        return None
    both = (_saved(node, "i1").unsqueeze(-1) * _saved(node, "i3").unsqueeze(-2)).flatten(1)
    shape = (gradient.shape[0], both.shape[1])
    return {"rule": "matmul", "senders": both, "deltas": deltas, "turned": True, "shape": shape}


def _convolution(node: Any, i: int, deltas: Tensor, gradient: Tensor) -> Found:
    if i == 2:
        return _ones(deltas, options={"view": _channels(gradient, deltas)})
    if i != 1:
        return None
    names = ("stride", "padding", "dilation", "transposed", "output_padding", "groups")
    options = {"convolution": [_saved(node, name) for name in names]}
    senders = _saved(node, "input")
    return {"rule": "kernel", "senders": senders, "deltas": deltas, "options": options}


def _channels(gradient: Tensor, like: Tensor) -> tuple[int, ...]:
    return (gradient.numel(), *(1,) * (like.dim() - 2))


def _embedding(node: Any, _: int, deltas: Tensor, __: Tensor) -> Found:
    if _saved(node, "scale_grad_by_freq"):
        return None
    rows = _saved(node, "indices")
    senders = (rows != _saved(node, "padding_idx")).to(deltas.dtype).unsqueeze(-1)
    return {"rule": "rows", "senders": senders, "deltas": deltas, "options": {"rows": rows}}


def _embedding_bag(node: Any, _: int, deltas: Tensor, __: Tensor) -> Found:
    mode, bags, rows = _saved(node, "mode"), _saved(node, "result1"), _saved(node, "indices")
    if mode not in {0, 1}:
        return None
    senders = torch.ones(len(bags), 1, dtype=deltas.dtype, device=deltas.device)
    if mode == 1:
        senders = senders / _saved(node, "result2")[bags].unsqueeze(-1)
    if _saved(node, "per_sample_weights") is not None:
        senders = _saved(node, "per_sample_weights").unsqueeze(-1)
    senders = senders * (rows != _saved(node, "padding_idx")).unsqueeze(-1)
    options = {"rows": rows, "bags": bags}
    return {"rule": "rows", "senders": senders, "deltas": deltas, "options": options}


def _copied(_: Any, __: int, ___: Tensor, gradient: Tensor) -> Found:
    return _ones(gradient)


def _repeated(_: Any, __: int, deltas: Tensor, gradient: Tensor) -> Found:
    if gradient.dim() == deltas.dim() and all(
        length in {1, repeated}
        for length, repeated in zip(gradient.shape, deltas.shape, strict=True)
    ):
        return _ones(deltas)
    if not gradient.dim() == deltas.dim() == 1:
        return None
    return _ones(deltas.view(-1, gradient.numel()), options={"all": True})


def _spread(_: Any, __: int, deltas: Tensor, gradient: Tensor) -> Found:
    return _ones(deltas) if deltas.dim() == gradient.dim() else None


def _leaky(node: Any, i: int, deltas: Tensor, _: Tensor) -> Found:
    own = _saved(node, "self")
    return _ones(deltas, senders=torch.where(own < 0, own, 0)) if i == 1 else None


def _function(node: Any, i: int, deltas: Tensor, _: Tensor) -> Found:
    """Return the rule of a function of one number, or of several: its own derivative."""
    slopes = node(torch.ones_like(deltas))
    slopes = slopes[i] if isinstance(slopes, tuple) else slopes
    return _ones(deltas, senders=slopes) if slopes.shape == deltas.shape else None


def _picked(node: Any, _: int, deltas: Tensor, gradient: Tensor) -> Found:
    op = kind(node)
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


def _normed(node: Any, i: int, deltas: Tensor, gradient: Tensor) -> Found:
    op = kind(node)
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


def _reduced(node: Any, i: int, deltas: Tensor, gradient: Tensor) -> Found:
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


RULES: dict[str, Callable[[Any, int, Tensor, Tensor], Found]] = {
    **dict.fromkeys(ELEMENTWISE | OF_SEVERAL, _function),
    **dict.fromkeys(FACTORS, _product),
    **dict.fromkeys(("Add", "Sub"), _sum),
    **dict.fromkeys(("Dot", "Vdot"), _vector_times_vector),
    **dict.fromkeys(("Cat", "Stack"), _copied),
    **dict.fromkeys(("IndexSelect", "Index"), _picked),
    **dict.fromkeys(
        (
            "NativeBatchNorm",
            "CudnnBatchNorm",
            "MiopenBatchNorm",
            "NativeLayerNorm",
            "NativeGroupNorm",
        ),
        _normed,
    ),
    **dict.fromkeys(("Sum", "Mean", "Norm", "LinalgVectorNorm", "Amax", "Amin"), _reduced),
    "Mul": _times,
    "Div": _divided,
    "Mv": _matrix_times_vector,
    "Trilinear": _bilinear,
    "Convolution": _convolution,
    "Embedding": _embedding,
    "EmbeddingBag": _embedding_bag,
    "Repeat": _repeated,
    "Expand": _spread,
    "PreluKernel": _leaky,
}
"""The operations whose factors are known; of others it is said that they are not."""
