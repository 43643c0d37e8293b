"""What each promise of the engine costs: the same step, with one promise after the other left out.

Every engine of this file runs in a process of its own, so it may change the package for good.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench import digits, tiny
from bench.work import Work


def numpy_by_hand(batch: int) -> Work:
    """Return the step without any engine: the limit."""
    return digits.numpy_by_hand(batch, "float64") if batch else tiny.numpy_by_hand()


def ours(batch: int) -> Work:
    """Return the step as it is: of the network for images, or without a batch of 2-3-1."""
    return digits.ours(batch, "float64") if batch else tiny.ours()


def changes_unnoticed(batch: int) -> Work:
    """Return the step when nobody compares arrays with what they were in the forward pass."""
    _leave_changes_unnoticed()
    return ours(batch)


def nan_unnoticed(batch: int) -> Work:
    """Return the step when nobody looks for NaN in the loss and in the gradients."""
    _leave_nan_unnoticed()
    return ours(batch)


def nothing_put_back(batch: int) -> Work:
    """Return the step when a pass that fails does not give the gradients back."""
    _put_nothing_back()
    return ours(batch)


def no_promise(batch: int) -> Work:
    """Return the step with none of the three: what is left is nodes, layers and optimiser."""
    _leave_changes_unnoticed()
    _leave_nan_unnoticed()
    _put_nothing_back()
    return ours(batch)


def _leave_changes_unnoticed() -> None:
    from sgdexplained import affine, tensor

    def nothing(*_: Any) -> list[Any]:
        return []

    tensor.remembered = affine.remembered = nothing
    tensor.Tensor.check_unchanged = nothing  # type: ignore[assignment,method-assign]


class _First:
    """What a sum of gradients starts from: it keeps the first as it is."""

    def __add__(self, share: Any) -> Any:
        return share


_FIRST = _First()


def _leave_nan_unnoticed() -> None:
    from sgdexplained import tensor

    def accepts(*_: Any) -> bool:
        return True

    def backward(self: Any) -> None:
        tensor.backward_pass.backward(self, np.array(1, self.dtype), _FIRST)

    tensor.Tensor.accepts = accepts  # type: ignore[method-assign]
    tensor.Tensor.backward = backward  # type: ignore[assignment,method-assign]


def _put_nothing_back() -> None:
    from sgdexplained import backward as pass_of

    # The engine's own lines again: without the lock and the way back there is nothing to call, and
    # a seam in the engine, made only to be measured, would be one more call in each pass.
    def backward(root: Any, gradient: Any, zero: Any) -> None:
        interior: list[Any] = []
        leaves: list[Any] = []
        pass_of.topological_order(root, interior, leaves)
        root.check_unchanged(interior)
        for node in interior:
            node.grad = zero
        for leaf, _ in leaves:
            leaf.grad = zero
        root.grad = zero + gradient
        pass_of.propagate(interior)
        for leaf, before in leaves:
            leaf.grad = leaf.accumulated(before)

    pass_of.backward = backward
