"""What a unit's pre-activation goes through: the derivative there, and the upstream gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional as F  # noqa: N812 (the field's own abbreviation)

# How the derivative is read from what PyTorch keeps of an activation function.
KEPT = {
    "Relu": ("result", lambda r, _: r > 0),
    "Sigmoid": ("result", lambda r, _: r * (1 - r)),
    "Tanh": ("result", lambda r, _: 1 - r * r),
    "Gelu": ("self", lambda z, n: _slope(z, lambda x: F.gelu(x, approximate=n["approximate"]))),
    "Silu": ("self", lambda z, _: _slope(z, F.silu)),
    "Mish": ("self", lambda z, _: _slope(z, F.mish)),
    "Softplus": ("self", lambda z, n: _slope(z, lambda x: F.softplus(x, **n))),
    "LeakyRelu": ("self", lambda z, n: torch.where(z > 0, 1.0, n["negative_slope"]).to(z.dtype)),
}
OPTIONS = {
    "Gelu": ("approximate",),
    "Softplus": ("beta", "threshold"),
    "LeakyRelu": ("negative_slope",),
}


@dataclass
class Activation:
    """One activation function, at one place of the network.

    Attributes
    ----------
    name : str
        The call that the reader wrote: ``relu``.
    op : str
        As PyTorch's graph calls it.
    kept : Tensor
        What PyTorch keeps: the activations or the pre-activations; of a ReLU where it is active.
    upstream : Tensor
        The gradient that comes back to the activations.
    """

    name: str
    op: str
    kept: torch.Tensor
    upstream: torch.Tensor
    options: dict[str, Any]

    def shrink(self) -> None:
        """Keep only what the derivative needs: of a ReLU a bit, which is a quarter of a number."""
        if self.op == "Relu":
            self.kept = self.kept > 0

    def deltas(self) -> torch.Tensor:
        """Return the gradient of the pre-activations: derivative times upstream gradient."""
        kept = self.kept.reshape(self.upstream.shape)
        delta: torch.Tensor = KEPT[self.op][1](kept, self.options) * self.upstream
        return delta

    def derivatives(self, numbers: torch.Tensor) -> torch.Tensor:
        """Return the derivatives of the activations with these numbers."""
        kept = self.kept.reshape(-1)[numbers]
        derivative: torch.Tensor = KEPT[self.op][1](kept, self.options)
        return derivative.to(self.upstream.dtype)

    def upstreams(self, numbers: torch.Tensor) -> torch.Tensor:
        """Return the upstream gradients of the activations with these numbers."""
        return self.upstream.reshape(-1)[numbers]


def activation_of(node: Any, op: str, name: str, upstream: torch.Tensor) -> Activation | None:
    """Return what a node is as an activation function; None if it is none that is known."""
    if op not in KEPT:
        return None
    kept = getattr(node, f"_saved_{KEPT[op][0]}").detach()
    options = {one: getattr(node, f"_saved_{one}") for one in OPTIONS.get(op, ())}
    return Activation(name, op, kept, upstream, options)


def _slope(z: torch.Tensor, function: Any) -> torch.Tensor:
    with torch.enable_grad():
        z = z.detach().clone().requires_grad_()
        (slope,) = torch.autograd.grad(function(z).sum(), z)
    return slope
