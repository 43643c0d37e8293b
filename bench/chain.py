"""A chain of nodes, each computed from the one before: forward and backward."""

from __future__ import annotations

from typing import Any

from bench.work import Work

# A little below 1, so that the value of the last node is neither 0 nor infinite.
FACTOR = 0.999999


def micrograd(length: int) -> Work:
    """Return the chain of micrograd's values; it ends in ``RecursionError`` at about 1000."""
    from micrograd.engine import Value

    return _chain(Value(2.0), length, no_gradient=0)


def ours(length: int) -> Work:
    """Return the chain of Scalars."""
    from sgdexplained import Scalar

    return _chain(Scalar(2.0), length)


def mygrad(length: int) -> Work:
    """Return the chain of MyGrad's tensors."""
    import mygrad

    mygrad.turn_memory_guarding_off()  # as its manual advises where speed counts
    first = mygrad.tensor(2.0)

    def step() -> Any:
        node = first
        for _ in range(length):
            node = node * FACTOR
        node.backward()
        return node.data

    return Work(step, lambda: [[float(first.grad)]])


def torch(length: int) -> Work:
    """Return the chain of PyTorch's tensors, one number each."""
    import torch

    return _chain(torch.tensor(2.0, dtype=torch.float64, requires_grad=True), length)


def autograd(length: int) -> Work:
    """Return the chain as Autograd sees it, a function."""
    from autograd import value_and_grad

    def chain(x: Any) -> Any:
        for _ in range(length):
            x = x * FACTOR
        return x

    derive = value_and_grad(chain)
    last: list[float] = []

    def step() -> Any:
        value, gradient = derive(2.0)
        last[:] = [float(gradient)]
        return value

    return Work(step, lambda: [last])


def _chain(first: Any, length: int, no_gradient: Any = None) -> Work:
    def step() -> Any:
        first.grad = no_gradient
        node = first
        for _ in range(length):
            node = node * FACTOR
        node.backward()
        return node.data

    return Work(step, lambda: [[float(first.grad)]])
