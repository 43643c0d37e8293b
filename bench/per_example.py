"""The gradient of every single example of a batch, of the network of :mod:`bench.digits`.

For each parameter an array with one gradient an example, and nothing is stepped.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.digits import SIZES, data
from bench.work import Work


def numpy_by_hand(batch: int) -> Work:
    """Return one pass back, and then what each sender said times each receiver's delta."""
    x, labels, ((W1, b1), (W2, b2), (W3, b3)) = data(batch, "float64")
    rows = np.arange(batch)
    last: list[Any] = []

    def step() -> Any:
        z1 = x.dot(W1)
        z1 += b1
        h1 = np.maximum(z1, 0)
        z2 = h1.dot(W2)
        z2 += b2
        h2 = np.maximum(z2, 0)
        z3 = h2.dot(W3)
        z3 += b3
        z3 -= z3.max(axis=1, keepdims=True)
        d3 = np.exp(z3)
        total = d3.sum(axis=1, keepdims=True)
        loss = (np.log(total[:, 0]) - z3[rows, labels]).sum()

        d3 /= total
        d3[rows, labels] -= 1
        d2 = d3.dot(W3.T)
        d2 *= z2 > 0
        d1 = d2.dot(W2.T)
        d1 *= z1 > 0
        last.clear()
        for senders, deltas in (x, d1), (h1, d2), (h2, d3):
            last.extend((senders[:, :, None] * deltas[:, None, :], deltas))
        return loss

    return Work(step, lambda: _first_and_last(last))


def ours(batch: int) -> Work:
    """Return the same, read off our layers after one pass back."""
    from sgdexplained import MLP, Tensor, softmax_cross_entropy
    from sgdexplained.fused import example_gradients

    x, labels, layers = data(batch, "float64")
    # The sum over the batch is not wanted, so no weight asks for it; the deltas come all the same.
    frozen = [(Tensor(weight, requires_grad=False), Tensor(bias)) for weight, bias in layers]
    net = MLP(SIZES, node=Tensor, init=frozen)
    last: list[Any] = []
    # The arrays of the last batch are written into again, as the manual advises.
    places: list[Any] = [None] * len(layers)

    def step() -> Any:
        net.zero_grad()
        loss = softmax_cross_entropy(net(x), labels, reduction="sum")
        loss.backward()
        last.clear()
        for index, layer in enumerate(net.layers):
            places[index] = example_gradients(layer, out=places[index])
            last.extend((places[index], layer.deltas))
        return loss.data

    return Work(step, lambda: _first_and_last(last))


def torch(batch: int) -> Work:
    """Return ``torch.func.vmap`` of the gradient of one example's loss."""
    import torch
    from torch.func import grad_and_value, vmap
    from torch.nn.functional import cross_entropy

    x, labels, layers = data(batch, "float64")
    images, classes = torch.from_numpy(x), torch.from_numpy(labels)
    parameters = [torch.from_numpy(array) for layer in layers for array in layer]
    last: list[Any] = []

    def loss_of(parameters: Any, image: Any, label: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = parameters
        h1 = torch.relu(image @ W1 + b1)
        h2 = torch.relu(h1 @ W2 + b2)
        return cross_entropy(h2 @ W3 + b3, label)

    derive = vmap(grad_and_value(loss_of), in_dims=(None, 0, 0))

    def step() -> Any:
        last.clear()
        gradients, losses = derive(parameters, images, classes)
        last.extend(gradients)
        return losses.sum()

    return Work(step, lambda: _first_and_last(last))


def jax(batch: int) -> Work:
    """Return ``jax.vmap`` of the gradient of one example's loss, compiled as a whole."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    x, labels, layers = data(batch, "float64")
    parameters = [jnp.array(array) for layer in layers for array in layer]
    last: list[Any] = []

    def loss_of(parameters: Any, image: Any, label: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = parameters
        h1 = jax.nn.relu(image @ W1 + b1)
        h2 = jax.nn.relu(h1 @ W2 + b2)
        return -jax.nn.log_softmax(h2 @ W3 + b3)[label]

    derive = jax.jit(jax.vmap(jax.value_and_grad(loss_of), in_axes=(None, 0, 0)))

    def step() -> Any:
        last.clear()
        losses, gradients = jax.block_until_ready(derive(parameters, x, labels))
        last.extend(gradients)
        return losses.sum()

    return Work(step, lambda: _first_and_last(last))


def _first_and_last(gradients: list[Any]) -> list[Any]:
    """Return the gradients of two examples: those of all would be a quarter of a gigabyte."""
    return [one for array in gradients for one in (array[0], array[-1])]
