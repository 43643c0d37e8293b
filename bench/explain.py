"""Explain a step, beside the step itself: a network, a batch, and an optimiser in mid-training."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

LR = 1e-6  # so that a million steps do not end the training


def _set_up(
    sizes: tuple[int, ...], batch: int, optimiser: str, node: str
) -> tuple[Any, Any, Any, Any, Callable[[], Any]]:
    """Return network, inputs, targets, optimiser and what takes one step."""
    import sgdexplained
    from sgdexplained import MLP, half_squared_error
    from sgdexplained.contrasts import optimisers

    random = np.random.default_rng(0)
    layers: Any = [
        (random.standard_normal((n, m)) * np.sqrt(2 / n), random.standard_normal(m) / 10)
        for n, m in itertools.pairwise(sizes)
    ]
    x: Any = random.standard_normal((batch, sizes[0]))
    target: Any = random.standard_normal((batch, sizes[-1]))
    if node == "Scalar":
        layers = [(weight.tolist(), bias.tolist()) for weight, bias in layers]
        x, target = x.tolist(), target.tolist()
    net = MLP(sizes, getattr(sgdexplained, node), init=layers)
    kind = getattr(optimisers, optimiser, None) or getattr(sgdexplained, optimiser)
    chosen = kind(net.parameters(), lr=LR)

    def step() -> Any:
        loss = half_squared_error(net(x), target)
        chosen.zero_grad()
        loss.backward()
        chosen.step()
        return loss.data

    for _ in range(2):  # an optimiser that remembers has something to remember
        step()
    return net, x, target, chosen, step


def training_step(sizes: tuple[int, ...], batch: int, optimiser: str, node: str) -> Work:
    """Return one step of training."""
    net, _, _, _, step = _set_up(sizes, batch, optimiser, node)

    def gradients() -> list[Any]:
        found = [p.grad for p in net.parameters()]
        return [found] if node == "Scalar" else found

    return Work(step, gradients)


def explained(sizes: tuple[int, ...], batch: int, optimiser: str, node: str) -> Work:
    """Return the explanation of such a step."""
    from sgdexplained import explain, half_squared_error

    net, x, target, chosen, _ = _set_up(sizes, batch, optimiser, node)
    last: list[Any] = []

    def step() -> Any:
        last[:] = [explain(net, x, target, half_squared_error, chosen)]
        return last[0].loss

    def gradients() -> list[Any]:
        if node == "Scalar":
            return [[row.gradient for row in last[0]]]
        return [parameter.gradient for parameter in last[0].parameters]

    return Work(step, gradients)
