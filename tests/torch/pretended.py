"""A GPU that is not there: tensors that lie on the processor and say that they do not.

What a GPU refuses is refused here: a tensor with dimensions from the processor among its own, and
`numpy()` of one of its own. What a GPU computes is computed by the processor, so the kernels of a
real one are not tested by this.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

if TYPE_CHECKING:
    from collections.abc import Iterator

CPU = torch.device("cpu")

# What may be given tensors of both: copies, and indices of the processor.
BOTH = {
    "aten::copy_", "aten::_to_copy", "aten::index", "aten::index_put", "aten::index_put_",
    "aten::_index_put_impl_", "aten::set_",
}  # fmt: skip


class Pretended:
    """Which storages are said to be on the GPU."""

    def __init__(self, kind: str = "cuda") -> None:
        self.device = torch.device(kind, 0)
        self.doubles = kind != "mps"  # those of Apple have no float64
        self.storages: dict[int, Any] = {}  # kept alive, so that an address stays one storage's
        self.making = False  # whether what is made now is on the GPU whatever it is made of
        self.refusals = 0

    def has(self, tensor: Any) -> bool:
        if tensor.layout != torch.strided:
            return self.has(tensor._values() if tensor.is_sparse else tensor.values())
        return tensor.untyped_storage()._cdata in self.storages

    def take(self, found: Any) -> None:
        for one in tree_leaves(found):
            if isinstance(one, torch.Tensor):
                parts = [one]
                if one.is_sparse:
                    parts = [one._values(), one._indices()]
                for part in parts:
                    storage = part.untyped_storage()
                    self.storages[storage._cdata] = storage

    def refuse(self, what: str) -> None:
        self.refusals += 1
        raise RuntimeError(what)


class Operations(TorchDispatchMode):
    """Sees every operation, those of a backward pass too."""

    def __init__(self, gpu: Pretended) -> None:
        super().__init__()
        self.gpu = gpu

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        given = [one for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Tensor)]
        there = [self.gpu.has(one) for one in given]
        if any(there) and func._schema.name not in BOTH:
            here = [one for one, on in zip(given, there, strict=True) if not on and one.dim()]
            if here:
                shape = tuple(here[0].shape)
                self.gpu.refuse(
                    f"Expected all tensors to be on the same device: {func} is given a tensor of "
                    f"shape {shape} on the processor, and others on the GPU"
                )
        result = func(*args, **(kwargs or {}))
        into = func._schema.name == "aten::copy_"
        if self.gpu.making or (any(there) and not into):
            self.gpu.take(result)
            if not self.gpu.doubles and torch.float64 in {
                one.dtype for one in tree_leaves(result) if isinstance(one, torch.Tensor)
            }:
                self.gpu.refuse(f"{func}: the device has no float64")
        return result


class Calls(TorchFunctionMode):
    """Sees calls that say, or are told, where a tensor is."""

    def __init__(self, gpu: Pretended) -> None:
        super().__init__()
        self.gpu = gpu

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "__get__":
            attribute = getattr(getattr(func, "__self__", None), "__name__", "")
            if attribute in {"device", "is_cuda", "is_cpu"}:
                on = self.gpu.has(args[0])
                if attribute == "device":
                    return self.gpu.device if on else func(*args)
                return on == (attribute == "is_cuda")
        if name in {"numpy", "__array__", "__dlpack__"} and self.gpu.has(args[0]):
            self.gpu.refusals += 1
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        asked = [
            torch.device(one)
            for one in (*args, *kwargs.values())
            if isinstance(one, torch.device) or (isinstance(one, str) and one == "cpu")
        ]
        if name == "cpu":
            asked = [CPU]
        if not asked:
            return func(*args, **kwargs)
        args, kwargs = tree_map(
            lambda one: CPU if isinstance(one, torch.device) else one, (args, kwargs)
        )
        before, self.gpu.making = self.gpu.making, asked[0].type != "cpu"
        try:
            result = func(*args, **kwargs)
            same = isinstance(result, torch.Tensor) and result is (args[0] if args else None)
            if asked[0].type == "cpu" and isinstance(result, torch.Tensor):
                return self._here(result)
            return result.clone() if same and not self.gpu.has(result) else result
        finally:
            self.gpu.making = before

    def _here(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return a copy on the processor."""
        if not self.gpu.has(tensor):
            return tensor
        with torch._C._DisableTorchDispatch():
            return tensor.clone()


@contextmanager
def pretended_gpu(kind: str = "cuda") -> Iterator[Pretended]:
    """Everything on this GPU: what it ``take``s, and what is made of that."""
    gpu = Pretended(kind)
    clone = torch.UntypedStorage.clone

    def cloned(storage):
        made = clone(storage)
        if storage._cdata in gpu.storages:
            gpu.storages[made._cdata] = made
        return made

    run = torch.autograd._engine_run_backward
    calls = Calls(gpu)

    def run_watched(*args, **kwargs):
        with calls:  # hooks of a backward pass are seen too
            return run(*args, **kwargs)

    torch.UntypedStorage.clone = cloned
    torch.autograd._engine_run_backward = run_watched
    try:
        with calls, Operations(gpu):
            yield gpu
    finally:
        torch.UntypedStorage.clone = clone
        torch.autograd._engine_run_backward = run
