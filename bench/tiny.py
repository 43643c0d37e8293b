"""One SGD step of a network that fits on a page: 2-3-1, ReLU, half the squared error, one example.

There is next to nothing to compute, so this is what an engine costs beside the arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.work import Work

SIZES = [2, 3, 1]
LR = 1e-6  # so that a million steps do not end the training


def data() -> tuple[Any, Any, list[tuple[Any, Any]]]:
    """Return inputs, targets and, for each layer, weights (from sender to receiver) and biases."""
    layers = [
        (np.array([[1.0, 1.0, 2.0], [1.0, -2.0, 0.5]]), np.array([0.0, 1.0, -1.0])),
        (np.array([[1.0], [2.0], [-1.0]]), np.array([0.5])),
    ]
    return np.array([[1.0, 2.0]]), np.array([[1.0]]), layers


def numpy_by_hand() -> Work:
    """Return the step written out, without any graph: the limit."""
    x, target, ((W1, b1), (W2, b2)) = data()
    last: list[Any] = []

    def step() -> Any:
        z1 = x.dot(W1)
        z1 += b1
        h1 = np.maximum(z1, 0)
        y = h1.dot(W2)
        y += b2
        y -= target
        loss = (y * y).sum() / 2

        dW2 = h1.T.dot(y)
        db2 = y.sum(axis=0)
        d1 = y.dot(W2.T)
        d1 *= z1 > 0
        dW1 = x.T.dot(d1)
        db1 = d1.sum(axis=0)

        last[:] = dW1, db1, dW2, db2
        for parameter, gradient in zip((W1, b1, W2, b2), last, strict=True):
            parameter -= LR * gradient  # noqa: PLW2901 (in place)
        return loss

    return Work(step, lambda: last)


def ours() -> Work:
    """Return the step as our pages write it."""
    from sgdexplained import MLP, SGD, Tensor, half_squared_error

    x, target, layers = data()
    net = MLP(SIZES, node=Tensor, init=layers)
    sgd = SGD(net.parameters(), lr=LR)

    def step() -> Any:
        loss = half_squared_error(net(x), target)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        return loss.data

    return Work(step, lambda: [p.grad for p in net.parameters()])


def ours_fused() -> Work:
    """Return the same step in one call."""
    from sgdexplained import MLP, SGD, Tensor, half_squared_error
    from sgdexplained.fused import FusedStep

    x, target, layers = data()
    net = MLP(SIZES, node=Tensor, init=layers)
    step = FusedStep(net, half_squared_error, SGD(net.parameters(), lr=LR))
    return Work(lambda: step(x, target), lambda: [p.grad for p in net.parameters()])


def ours_scalars() -> Work:
    """Return the same step of single numbers instead of arrays."""
    from sgdexplained import MLP, SGD, half_squared_error

    x, target, layers = data()
    net = MLP(SIZES, init=[(weight.tolist(), bias.tolist()) for weight, bias in layers])
    sgd = SGD(net.parameters(), lr=LR)
    inputs, targets = x.tolist(), target.tolist()

    def step() -> Any:
        loss = half_squared_error(net(inputs), targets)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        return loss.data

    return Work(step, lambda: [[p.grad for p in net.parameters()]])


def autograd() -> Work:
    """Return the step of Autograd: a loss of all parameters, and its derivative."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    x, target, layers = data()
    parameters = [array for layer in layers for array in layer]
    last: list[Any] = []

    def loss_of(parameters: Any) -> Any:
        W1, b1, W2, b2 = parameters
        h1 = anp.maximum(anp.dot(x, W1) + b1, 0)
        residual = anp.dot(h1, W2) + b2 - target
        return anp.sum(residual * residual) / 2

    derive = value_and_grad(loss_of)

    def step() -> Any:
        loss, gradients = derive(parameters)
        last[:] = gradients
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= LR * gradient  # noqa: PLW2901 (in place)
        return loss

    return Work(step, lambda: last)


def mygrad() -> Work:
    """Return the step of MyGrad."""
    import mygrad as mg
    from mygrad.nnet.activations import relu

    mg.turn_memory_guarding_off()  # as its manual advises where speed counts
    x, target, layers = data()
    parameters = [mg.tensor(array) for layer in layers for array in layer]
    W1, b1, W2, b2 = parameters

    def step() -> Any:
        h1 = relu(mg.matmul(x, W1) + b1)
        residual = mg.matmul(h1, W2) + b2 - target
        loss = (residual * residual).sum() / 2
        loss.backward()
        for parameter in parameters:
            parameter.data -= LR * parameter.grad
        return loss.data

    return Work(step, lambda: [p.grad for p in parameters])


def torch_nn() -> Work:
    """Return the step as PyTorch's users write it: modules, a loss and an optimiser."""
    import torch
    from torch import nn

    x, target, layers = data()
    inputs, targets = torch.from_numpy(x), torch.from_numpy(target)
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)).to(torch.float64)
    linears = [net[0], net[2]]
    with torch.no_grad():
        for linear, (weight, bias) in zip(linears, layers, strict=True):
            linear.weight.copy_(torch.from_numpy(weight).T)
            linear.bias.copy_(torch.from_numpy(bias))
    loss_of = nn.MSELoss()
    sgd = torch.optim.SGD(net.parameters(), lr=LR)

    def step() -> Any:
        loss = loss_of(net(inputs), targets) / 2
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        return loss.detach()

    return Work(step, lambda: [g for one in linears for g in (one.weight.grad.T, one.bias.grad)])


def torch_tensors() -> Work:
    """Return the step of PyTorch without modules and optimiser."""
    import torch

    x, target, layers = data()
    inputs, targets = torch.from_numpy(x), torch.from_numpy(target)
    parameters = [torch.from_numpy(array).requires_grad_() for layer in layers for array in layer]
    W1, b1, W2, b2 = parameters

    def step() -> Any:
        h1 = torch.relu(torch.addmm(b1, inputs, W1))
        residual = torch.addmm(b2, h1, W2) - targets
        loss = (residual * residual).sum() / 2
        for parameter in parameters:
            parameter.grad = None
        loss.backward()
        with torch.no_grad():
            for parameter in parameters:
                parameter.sub_(parameter.grad, alpha=LR)
        return loss.detach()

    return Work(step, lambda: [p.grad for p in parameters])


def jax() -> Work:
    """Return the step of JAX, compiled as a whole; it may write over the old parameters."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    x, target, layers = data()
    parameters = [jnp.array(array) for layer in layers for array in layer]
    state = [[p.copy() for p in parameters]]

    def loss_of(parameters: Any, x: Any, target: Any) -> Any:
        W1, b1, W2, b2 = parameters
        residual = jax.nn.relu(x @ W1 + b1) @ W2 + b2 - target
        return (residual * residual).sum() / 2

    def update(parameters: Any, x: Any, target: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(parameters, x, target)
        return loss, [p - LR * g for p, g in zip(parameters, gradients, strict=True)]

    compiled = jax.jit(update, donate_argnums=0)

    def step() -> Any:
        loss, state[0] = jax.block_until_ready(compiled(state[0], x, target))
        return loss

    # Nobody sees the gradients of the compiled step, so those of the first are asked for apart.
    return Work(step, lambda: jax.grad(loss_of)(parameters, x, target))
