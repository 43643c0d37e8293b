"""Small models and losses for the tests of this folder."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import nn

from sgdexplained import explain


def perceptron(*sizes: int, activation: Any = nn.ReLU, last: Any = None) -> nn.Sequential:
    """Layers of these sizes, with an activation between them and perhaps another at the end."""
    parts: list[nn.Module] = []
    for number, (before, after) in enumerate(itertools.pairwise(sizes), start=1):
        parts.append(nn.Linear(before, after))
        if number < len(sizes) - 1:
            parts.append(activation())
    return nn.Sequential(*parts, *([] if last is None else [last]))


def squared(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return ((outputs - targets) ** 2).mean()


def batch(*shape: int) -> torch.Tensor:
    """Numbers none of which is 0."""
    drawn = torch.rand(shape, generator=torch.Generator().manual_seed(3)) + 0.1
    signs = torch.arange(drawn.numel()).view(shape) % 3 == 1
    return torch.where(signs, -drawn, drawn)


def sgd(model: nn.Module, lr: float = 0.1, **options: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=lr, **options)


def why(model, inputs, targets=None, loss=squared, optimizer=None, step=None):
    """Explain a step with plain SGD, if no other optimizer is given."""
    return explain(model, inputs, targets, loss, optimizer or sgd(model), step=step)


class Lambda(nn.Module):
    """A module of parts and a function of them."""

    def __init__(self, function: Any, **parts: Any) -> None:
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, *inputs: Any) -> Any:
        return self.function(self, *inputs)


def total(explanation) -> dict[str, int]:
    """Count the words of all parameters together."""
    found: dict[str, int] = {}
    for counts in explanation.counts().values():
        for word, count in counts.items():
            found[word] = found.get(word, 0) + count
    return found
