"""One SGD step of a network of the usual size: 784-256-128-10, ReLU, softmax cross-entropy."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import numpy as np

from bench.work import Work

SIZES = [784, 256, 128, 10]
LR = 0.01


def data(batch: int, dtype: str) -> tuple[Any, Any, list[tuple[Any, Any]]]:
    """Return inputs, labels and, for each layer, weights (from sender to receiver) and biases."""
    x, labels, layers = _drawn(batch, dtype)
    return x, labels, [(weight.copy(), bias.copy()) for weight, bias in layers]


@cache
def _drawn(batch: int, dtype: str) -> tuple[Any, Any, list[tuple[Any, Any]]]:
    random = np.random.default_rng(0)
    x = random.standard_normal((batch, SIZES[0])).astype(dtype)
    labels = random.integers(0, SIZES[-1], batch)
    layers = [
        (
            (random.standard_normal((n, m)) * np.sqrt(2 / n)).astype(dtype),
            (random.standard_normal(m) / 10).astype(dtype),
        )
        for n, m in itertools.pairwise(SIZES)
    ]
    return x, labels, layers


def numpy_by_hand(batch: int, dtype: str) -> Work:
    """Return the step written out, without any graph: the limit.

    It does nothing that is not needed: `dot` where ``@`` would leave BLAS (a column times a row),
    sums, gates and updates in place.
    """
    x, labels, ((W1, b1), (W2, b2), (W3, b3)) = data(batch, dtype)
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
        p = np.exp(z3)
        total = p.sum(axis=1, keepdims=True)
        loss = (np.log(total[:, 0]) - z3[rows, labels]).mean()

        p /= total
        p[rows, labels] -= 1
        p /= batch
        dW3 = h2.T.dot(p)
        db3 = p.sum(axis=0)
        d2 = p.dot(W3.T)
        d2 *= z2 > 0
        dW2 = h1.T.dot(d2)
        db2 = d2.sum(axis=0)
        d1 = d2.dot(W2.T)
        d1 *= z1 > 0
        dW1 = x.T.dot(d1)
        db1 = d1.sum(axis=0)

        last[:] = dW1, db1, dW2, db2, dW3, db3
        for parameter, gradient in zip((W1, b1, W2, b2, W3, b3), last, strict=True):
            parameter -= LR * gradient  # noqa: PLW2901 (in place)
        return loss

    return Work(step, lambda: last)


def ours(batch: int, dtype: str) -> Work:
    """Return the step as our pages write it."""
    from sgdexplained import MLP, SGD, Tensor, softmax_cross_entropy

    x, labels, layers = data(batch, dtype)
    net = MLP(SIZES, node=Tensor, init=layers)
    sgd = SGD(net.parameters(), lr=LR)

    def step() -> Any:
        loss = softmax_cross_entropy(net(x), labels)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        return loss.data

    return Work(step, lambda: [p.grad for p in net.parameters()])


def ours_fused(batch: int, dtype: str) -> Work:
    """Return the same step in one call."""
    from sgdexplained import MLP, SGD, Tensor, softmax_cross_entropy
    from sgdexplained.fused import FusedStep

    x, labels, layers = data(batch, dtype)
    net = MLP(SIZES, node=Tensor, init=layers)
    step = FusedStep(net, softmax_cross_entropy, SGD(net.parameters(), lr=LR))
    return Work(lambda: step(x, labels), lambda: [p.grad for p in net.parameters()])


def autograd(batch: int, dtype: str) -> Work:
    """Return the step of Autograd: a loss of all parameters, and its derivative."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    x, labels, layers = data(batch, dtype)
    parameters = [array for layer in layers for array in layer]
    rows = np.arange(batch)
    last: list[Any] = []

    def loss_of(parameters: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = parameters
        h1 = anp.maximum(anp.dot(x, W1) + b1, 0)
        h2 = anp.maximum(anp.dot(h1, W2) + b2, 0)
        z = anp.dot(h2, W3) + b3
        z = z - anp.max(z, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - z[rows, labels])

    derive = value_and_grad(loss_of)

    def step() -> Any:
        loss, gradients = derive(parameters)
        last[:] = gradients
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= LR * gradient  # noqa: PLW2901 (in place)
        return loss

    return Work(step, lambda: last)


def mygrad(batch: int, dtype: str) -> Work:
    """Return the step of MyGrad, with its own ReLU and cross-entropy."""
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    mg.turn_memory_guarding_off()  # as its manual advises where speed counts
    x, labels, layers = data(batch, dtype)
    parameters = [mg.tensor(array) for layer in layers for array in layer]
    W1, b1, W2, b2, W3, b3 = parameters

    def step() -> Any:
        h1 = relu(mg.matmul(x, W1) + b1)
        h2 = relu(mg.matmul(h1, W2) + b2)
        loss = softmax_crossentropy(mg.matmul(h2, W3) + b3, labels)
        loss.backward()
        for parameter in parameters:
            parameter.data -= LR * parameter.grad
        return loss.data

    return Work(step, lambda: [p.grad for p in parameters])


def torch_nn(batch: int, dtype: str) -> Work:
    """Return the step as PyTorch's users write it: modules, a loss and an optimiser."""
    import torch
    from torch import nn

    x, labels, layers = data(batch, dtype)
    images, classes = torch.from_numpy(x), torch.from_numpy(labels)
    net = nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)
    ).to(images.dtype)
    linears = [net[0], net[2], net[4]]
    with torch.no_grad():
        for linear, (weight, bias) in zip(linears, layers, strict=True):
            linear.weight.copy_(torch.from_numpy(weight).T)
            linear.bias.copy_(torch.from_numpy(bias))
    loss_of = nn.CrossEntropyLoss()
    sgd = torch.optim.SGD(net.parameters(), lr=LR)

    def step() -> Any:
        loss = loss_of(net(images), classes)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        return loss.detach()

    return Work(step, lambda: [g for one in linears for g in (one.weight.grad.T, one.bias.grad)])


def torch_tensors(batch: int, dtype: str) -> Work:
    """Return the step of PyTorch without modules and optimiser."""
    import torch
    from torch.nn.functional import cross_entropy

    x, labels, layers = data(batch, dtype)
    images, classes = torch.from_numpy(x), torch.from_numpy(labels)
    parameters = [torch.from_numpy(array).requires_grad_() for layer in layers for array in layer]
    W1, b1, W2, b2, W3, b3 = parameters

    def step() -> Any:
        h1 = torch.relu(torch.addmm(b1, images, W1))
        h2 = torch.relu(torch.addmm(b2, h1, W2))
        loss = cross_entropy(torch.addmm(b3, h2, W3), classes)
        for parameter in parameters:
            parameter.grad = None
        loss.backward()
        with torch.no_grad():
            for parameter in parameters:
                parameter.sub_(parameter.grad, alpha=LR)
        return loss.detach()

    return Work(step, lambda: [p.grad for p in parameters])


def jax(batch: int, dtype: str) -> Work:
    """Return the step of JAX, compiled as a whole; it may write over the old parameters."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", dtype == "float64")
    x, labels, layers = data(batch, dtype)
    parameters = [jnp.array(array) for layer in layers for array in layer]
    state = [[p.copy() for p in parameters]]

    def loss_of(parameters: Any, x: Any, labels: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = parameters
        h1 = jax.nn.relu(x @ W1 + b1)
        h2 = jax.nn.relu(h1 @ W2 + b2)
        logs = jax.nn.log_softmax(h2 @ W3 + b3)
        return -jnp.take_along_axis(logs, labels[:, None], axis=1).mean()

    def update(parameters: Any, x: Any, labels: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(parameters, x, labels)
        return loss, [p - LR * g for p, g in zip(parameters, gradients, strict=True)]

    compiled = jax.jit(update, donate_argnums=0)

    def step() -> Any:
        loss, state[0] = jax.block_until_ready(compiled(state[0], x, labels))
        return loss

    # Nobody sees the gradients of the compiled step, so those of the first are asked for apart.
    return Work(step, lambda: jax.grad(loss_of)(parameters, x, labels))
