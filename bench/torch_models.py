"""Explain a step of models of PyTorch, beside a training step of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

LR = 1e-6  # so that the training hardly goes on


def _perceptron() -> tuple[Any, Any, Any]:
    import torch
    from torch import nn

    layers: list[Any] = [nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(128, 10))
    return model, torch.rand(128, 784), torch.randint(10, (128,))


def _convolutions() -> tuple[Any, Any, Any]:
    import torch
    from torch import nn

    layers: list[Any] = []
    for before, after in ((3, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    model = nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(2048, 440), nn.ReLU(), nn.Linear(440, 10)
    )
    return model, torch.randn(32, 3, 32, 32), torch.randint(10, (32,))


def _transformer() -> tuple[Any, Any, Any]:
    import torch
    from torch import nn

    class Transformer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(100, 128)
            self.places = nn.Parameter(torch.randn(64, 128) / 50)
            block = nn.TransformerEncoderLayer(128, 4, 512, 0.0, batch_first=True, norm_first=True)
            self.blocks = nn.TransformerEncoder(block, 5, enable_nested_tensor=False)
            self.head = nn.Linear(128, 100)

        def forward(self, words: Any) -> Any:
            return self.head(self.blocks(self.words(words) + self.places)).transpose(1, 2)

    return Transformer(), torch.randint(100, (16, 64)), torch.randint(100, (16, 64))


MODELS = {"perceptron": _perceptron, "convolutions": _convolutions, "transformer": _transformer}


def _set_up(model: str, optimizer: str) -> tuple[Any, Any, Any, Any, Callable[[], Any]]:
    """Return model, inputs, targets, optimizer and what takes one step."""
    import torch
    from torch.nn.functional import cross_entropy

    torch.manual_seed(0)
    module, inputs, targets = MODELS[model]()
    chosen = getattr(torch.optim, optimizer)(module.parameters(), lr=LR)

    def step() -> float:
        chosen.zero_grad()
        loss = cross_entropy(module(inputs), targets)
        loss.backward()
        chosen.step()
        return loss.item()

    for _ in range(2):  # an optimizer that remembers has something to remember
        step()
    return module, inputs, targets, chosen, step


def torch_step(model: str, optimizer: str) -> Work:
    """Return one step of training."""
    module, _, _, _, step = _set_up(model, optimizer)
    return Work(step, lambda: [one.grad.numpy() for one in module.parameters()])


def torch_explained(model: str, optimizer: str) -> Work:
    """Return the explanation of such a step."""
    from torch.nn.functional import cross_entropy

    from sgdexplained import explain

    module, inputs, targets, chosen, _ = _set_up(model, optimizer)
    last: list[Any] = []

    def step() -> float:
        last[:] = [explain(module, inputs, targets, cross_entropy, chosen)]
        loss: float = last[0].loss
        return loss

    return Work(step, lambda: [one.gradient for one in last[0].parameters])
