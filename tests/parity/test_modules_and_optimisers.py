"""Networks, modules, and whole trajectories of every optimiser."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sgdexplained import MLP, SGD, Scalar, Tensor, contrasts, softmax_cross_entropy
from sgdexplained.contrasts import BatchNorm, Dropout, Embedding, weight_norm

from .engines import BOTH, assert_same, needs, numbers, our_pullback, peer_pullback

# ## Networks


@needs("torch")
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu", "silu", "elu"])
def test_training_a_network_as_torch_does(activation):
    import torch
    from torch import nn

    sizes = [5, 7, 6, 3]
    x, labels = numbers(20, 5), np.arange(20) % 3
    function = getattr(contrasts, activation, activation) if activation != "relu" else "relu"
    net = MLP(sizes, node=Tensor, activation=function, init="xavier", seed=3)
    kinds = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
    kind = kinds.get(activation) or getattr(
        nn, {"gelu": "GELU", "silu": "SiLU", "elu": "ELU"}[activation]
    )
    linears = [nn.Linear(n, m).double() for n, m in itertools.pairwise(sizes)]
    with torch.no_grad():
        for linear, layer in zip(linears, net.layers, strict=True):
            linear.weight.copy_(torch.tensor(layer.weight.data.T))
            linear.bias.copy_(torch.tensor(layer.bias.data))
    other = nn.Sequential(linears[0], kind(), linears[1], kind(), linears[2])
    ours = SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
    theirs = torch.optim.SGD(other.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
    for _ in range(20):
        loss = softmax_cross_entropy(net(x), labels)
        ours.zero_grad()
        loss.backward()
        ours.step()
        their_loss = nn.CrossEntropyLoss()(other(torch.tensor(x)), torch.tensor(labels))
        theirs.zero_grad()
        their_loss.backward()
        theirs.step()
        np.testing.assert_allclose(loss.data, their_loss.item(), rtol=1e-12)
    for linear, layer in zip(linears, net.layers, strict=True):
        assert_same(layer.weight.data, linear.weight.detach().numpy().T)
        assert_same(layer.bias.data, linear.bias.detach().numpy())


@BOTH
def test_deltas_are_gradients_of_pre_activations(peer):
    net = MLP([3, 4, 2], node=Tensor, init="xavier", seed=1)
    x, offsets = numbers(6, 3), [np.zeros((6, 4)), np.zeros((6, 2))]
    (net(x) ** 2).sum().backward()
    (W1, b1), (W2, b2) = [(layer.weight.data, layer.bias.data) for layer in net.layers]

    def theirs(first, second):
        if peer == "torch":
            import torch

            a, c, d, e, f = (torch.tensor(one) for one in (x @ W1 + b1, W2, b2, 0.0, 0.0))
            return ((torch.relu(a + first) @ c + d + second + e + f) ** 2).sum()
        import jax

        return ((jax.nn.relu(x @ W1 + b1 + first) @ W2 + b2 + second) ** 2).sum()

    _, gradients = peer_pullback(peer, theirs, offsets)
    assert_same([layer.deltas for layer in net.layers], gradients)


# ## Modules


TOKENS = [1, 3, 1, 0, 3, 3]


@BOTH
def test_embedding(peer):
    table, seed = numbers(5, 2), numbers(6, 2, seed=1)

    def theirs(weight):
        if peer == "torch":
            import torch

            return torch.nn.functional.embedding(torch.tensor(TOKENS), weight)
        return weight[np.array(TOKENS)]

    ours = our_pullback(lambda weight: Embedding(weight)(TOKENS), [table], seed)
    assert_same(ours, peer_pullback(peer, theirs, [table], seed))


@needs("torch")
def test_dropout_with_the_mask_that_torch_drew():
    import torch

    activations, seed = numbers(8, 5), numbers(8, 5, seed=1)
    generator = torch.manual_seed(0)
    x = torch.tensor(activations, requires_grad=True)
    out = torch.nn.functional.dropout(x, p=0.25, training=True)
    out.backward(torch.tensor(seed))
    assert generator.initial_seed() == 0
    mask = (out != 0).int().numpy()
    assert 0 < mask.sum() < mask.size
    ours = our_pullback(lambda a: Dropout(keep=0.75)(a, mask=mask), [activations], seed)
    assert_same(ours, (out.detach().numpy(), [x.grad.numpy()]))


@BOTH
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_batch_norm(peer, eps):
    arrays = [numbers(6, 3), numbers(3, seed=1), numbers(3, seed=2)]
    seed = numbers(6, 3, seed=3)

    def theirs(z, gamma, beta):
        if peer == "torch":
            import torch

            return torch.nn.functional.batch_norm(
                z, None, None, gamma, beta, training=True, eps=eps
            )
        return (z - z.mean(0)) / (z.var(0) + eps) ** 0.5 * gamma + beta

    value, gradients = peer_pullback(peer, theirs, arrays, seed)
    ours = our_pullback(lambda z, g, b: BatchNorm(g, b, eps)(z), arrays, seed)
    # What passes through a mean and a variance is a difference of larger numbers.
    assert_same(ours, (value, gradients), scale=10.0)

    z, gamma, beta = (
        [[Scalar(one) for one in row] for row in np.atleast_2d(a).tolist()] for a in arrays
    )
    out = BatchNorm(gamma[0], beta[0], eps)(z)
    total = sum(
        unit * float(weight)
        for row, weights in zip(out, seed, strict=True)
        for unit, weight in zip(row, weights, strict=True)
    )
    total.backward()
    assert_same([[[unit.grad for unit in row] for row in z]], [gradients[0]], scale=10.0)
    assert_same([[unit.grad for unit in gamma[0]]], [gradients[1]], scale=10.0)
    assert_same([[unit.grad for unit in beta[0]]], [gradients[2]], scale=10.0)


@BOTH
def test_weight_norm(peer):
    arrays, seed = [numbers(4), numbers(seed=1)], numbers(4, seed=2)

    def theirs(direction, gain):
        if peer == "torch":
            import torch

            return torch._weight_norm(direction[None], gain.reshape(1, 1), 0)[0]
        return gain * direction / (direction**2).sum() ** 0.5

    assert_same(our_pullback(weight_norm, arrays, seed), peer_pullback(peer, theirs, arrays, seed))


# ## Optimisers
#
# Twenty-five steps of three parameters: one whose gradient is zero now and then (all of it, or a
# part), one that has none now and then, and one that never has any.

STEPS = 25


def gradients_of_step(step):
    first = numbers(2, 3, seed=step)
    if step % 5 == 0:
        first = np.zeros((2, 3))
    first[0, 0] = 0.0
    second = None if step % 4 in (0, 3) else numbers(3, seed=100 + step)
    return [first, second, None]


START = [numbers(2, 3, seed=50), numbers(3, seed=51), numbers(2, seed=52)]


def our_trajectory(optimiser, options, node):
    if node is Tensor:
        parameters = [Tensor(array) for array in START]
        groups = [[parameter] for parameter in parameters]
    else:
        groups = [[Scalar(number) for number in array.ravel().tolist()] for array in START]
        parameters = [parameter for group in groups for parameter in group]
    made = optimiser(parameters, **options)
    path = []
    for step in range(STEPS):
        for group, gradient in zip(groups, gradients_of_step(step), strict=True):
            if node is Tensor:
                group[0].grad = gradient
            else:
                each = [None] * len(group) if gradient is None else gradient.ravel().tolist()
                for parameter, one in zip(group, each, strict=True):
                    parameter.grad = one
        made.step()
        path.append([np.ravel([np.ravel(p.data) for p in group]).copy() for group in groups])
    return path


def torch_trajectory(optimiser, options):
    import torch

    parameters = [torch.tensor(array, requires_grad=True) for array in START]
    made = getattr(torch.optim, optimiser)(parameters, **options)
    path = []
    for step in range(STEPS):
        for parameter, gradient in zip(parameters, gradients_of_step(step), strict=True):
            parameter.grad = None if gradient is None else torch.tensor(gradient)
        made.step()
        path.append([p.detach().numpy().ravel().copy() for p in parameters])
    return path


OPTIMISERS = [
    (SGD, {"lr": 0.1}),
    (SGD, {"lr": 0.1, "weight_decay": 0.05}),
    (SGD, {"lr": 0.1, "momentum": 0.9}),
    (SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.05}),
    (SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    (SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
    (contrasts.Adagrad, {}),
    (contrasts.Adagrad, {"lr": 0.5, "eps": 1e-3}),
    (contrasts.RMSprop, {}),
    (contrasts.RMSprop, {"lr": 0.05, "alpha": 0.9, "eps": 1e-3}),
    (contrasts.Adam, {}),
    (contrasts.Adam, {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-3}),
    (contrasts.Adam, {"lr": 0.05, "weight_decay": 0.1}),
    (contrasts.AdamW, {}),
    (contrasts.AdamW, {"lr": 0.05, "weight_decay": 0.1, "betas": (0.8, 0.95)}),
]
NAMED = [
    pytest.param(*one, id=f"{one[0].__name__} {' '.join(one[1]) or 'defaults'}")
    for one in OPTIMISERS
]


@needs("torch")
@pytest.mark.parametrize("node", [Scalar, Tensor])
@pytest.mark.parametrize(("optimiser", "options"), NAMED)
def test_trajectory_as_in_torch(optimiser, options, node):
    ours = our_trajectory(optimiser, options, node)
    theirs = torch_trajectory(optimiser.__name__, options)
    assert_same(ours, theirs)
    assert_same(ours[-1][2], START[2].ravel())  # never a gradient, never moved


@needs("torch")
@pytest.mark.parametrize("node", [Scalar, Tensor])
@pytest.mark.parametrize("momentum", [0, 0.9])
def test_decoupled_decay_is_a_shrinking_before_the_step_of_torch(node, momentum):
    import torch

    ours = our_trajectory(
        SGD, {"lr": 0.1, "momentum": momentum, "weight_decay": 0.05, "decoupled": True}, node
    )
    parameters = [torch.tensor(array, requires_grad=True) for array in START]
    made = torch.optim.SGD(parameters, lr=0.1, momentum=momentum)
    for step in range(STEPS):
        for parameter, gradient in zip(parameters, gradients_of_step(step), strict=True):
            parameter.grad = None if gradient is None else torch.tensor(gradient)
            if gradient is not None:
                with torch.no_grad():
                    parameter.mul_(1 - 0.1 * 0.05)
        made.step()
        assert_same(ours[step], [p.detach().numpy().ravel() for p in parameters])


# JAX has optimisers only as examples, and no gradient of None: what has one is stepped.
IN_JAX = [
    (SGD, {"lr": 0.1}, "sgd", (0.1,)),
    (SGD, {"lr": 0.1, "momentum": 0.9}, "momentum", (0.1, 0.9)),
    (SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}, "nesterov", (0.1, 0.9)),
    (contrasts.Adam, {"lr": 0.05}, "adam", (0.05,)),
]


@needs("jax")
@pytest.mark.parametrize(("optimiser", "options", "name", "arguments"), IN_JAX)
def test_trajectory_as_in_jax(optimiser, options, name, arguments):
    import jax
    from jax.example_libraries import optimizers

    jax.config.update("jax_enable_x64", True)
    start, update, current = getattr(optimizers, name)(*arguments)
    state = start(jax.numpy.asarray(START[0]))
    ours = our_trajectory(optimiser, options, Tensor)
    for step in range(STEPS):
        state = update(step, jax.numpy.asarray(gradients_of_step(step)[0]), state)
        assert_same(ours[step][0], np.ravel(current(state)))
