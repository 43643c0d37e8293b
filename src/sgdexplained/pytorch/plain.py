"""Have fused calls computed step by step, so that each step can be asked.

A fused kernel (an LSTM, attention, weight normalisation) hands back one gradient and tells nothing
of what happened inside. Made of its parts it computes the same, but for rounding.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils import checkpoint as checkpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sgdexplained.pytorch.record import Recorder

ATTENTION = {"scaled_dot_product_attention", "multi_head_attention_forward"}
RECURRENT = {"lstm", "gru", "rnn_tanh", "rnn_relu"}


def composed(
    name: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Call a function; where it is fused and has parts, compute the parts."""
    if name in ATTENTION:
        with sdpa_kernel(SDPBackend.MATH):
            return func(*args, **kwargs)
    if name in RECURRENT:
        with _without_libraries():
            return func(*args, **kwargs)
    if name == "_weight_norm":
        return _weight_norm(*args, **kwargs)
    return func(*args, **kwargs)


@contextmanager
def _without_libraries() -> Iterator[None]:
    """Switch off the libraries that fuse; the public switches set their number types as well."""
    off, on = torch._C, (torch._C._get_mkldnn_enabled(), torch._C._get_cudnn_enabled())  # noqa: SLF001
    try:
        off._set_mkldnn_enabled(False)  # noqa: SLF001
        off._set_cudnn_enabled(False)  # noqa: SLF001
        yield
    finally:
        off._set_mkldnn_enabled(on[0])  # noqa: SLF001
        off._set_cudnn_enabled(on[1])  # noqa: SLF001


def _weight_norm(v: torch.Tensor, g: torch.Tensor, dim: int = 0) -> torch.Tensor:
    return v * (g / torch.norm_except_dim(v, 2, dim))


@contextmanager
def plain_checkpoints(recorder: Recorder) -> Iterator[None]:
    """Run what is checkpointed once, and keep what it needs: a second run would be seen twice.

    A reentrant checkpoint none of whose inputs requires a gradient cuts the graph, as it always
    does; that is told.
    """

    class Function(checkpoints.CheckpointFunction):  # type: ignore[misc]
        @staticmethod
        def apply(run: Callable[..., Any], _: bool, *args: Any) -> Any:
            if any(isinstance(a, torch.Tensor) and a.requires_grad for a in args):
                return run(*args)
            before, recorder.inside = recorder.inside, "a reentrant checkpoint"
            try:
                with torch.no_grad():
                    return run(*args)
            finally:
                recorder.inside = before

    before = checkpoints.CheckpointFunction, checkpoints._checkpoint_hook  # noqa: SLF001
    checkpoints.CheckpointFunction = Function
    checkpoints._checkpoint_hook = lambda *_, **__: nullcontext()  # noqa: SLF001
    try:
        yield
    finally:
        checkpoints.CheckpointFunction, checkpoints._checkpoint_hook = before  # noqa: SLF001
