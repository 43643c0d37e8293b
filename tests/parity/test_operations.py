"""Every operation, loss and activation function, one by one."""

from __future__ import annotations

import numpy as np
import pytest

from sgdexplained import (
    Scalar,
    contrasts,
    half_squared_error,
    hinge,
    logistic,
    mean_squared_error,
    ops,
    softmax_cross_entropy,
    weighted_mean,
)
from sgdexplained.affine import affine

from .engines import BOTH, assert_same, numbers, our_pullback, peer_pullback


def functions_of(peer):
    """Return the peer's module of functions."""
    if peer == "torch":
        import torch

        return torch
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax.numpy


# ## Operations that everybody spells alike

MATRIX, OTHER = numbers(3, 4), numbers(3, 4, seed=1)
ROW, COLUMN, ONE = numbers(4, seed=2), numbers(3, 1, seed=3), numbers(seed=4)
POSITIVE = numbers(3, 4, seed=5, low=0.25, high=3)

SAME = {
    "add": (lambda x, y: x + y, [MATRIX, OTHER]),
    "add a row": (lambda x, y: x + y, [MATRIX, ROW]),
    "add a column to a row": (lambda x, y: x + y, [COLUMN, ROW]),
    "add a number": (lambda x: 2 + x + 3.5, [MATRIX]),
    "subtract": (lambda x, y: x - y, [MATRIX, COLUMN]),
    "subtract from a number": (lambda x: 1.5 - x, [MATRIX]),
    "negate": (lambda x: -x, [MATRIX]),
    "multiply": (lambda x, y: x * y, [MATRIX, OTHER]),
    "multiply a single number": (lambda x, y: x * y, [ONE, MATRIX]),
    "square by product": (lambda x: x * x, [MATRIX]),
    "divide": (lambda x, y: x / y, [MATRIX, POSITIVE]),
    "divide by a row": (lambda x, y: x / y, [MATRIX, POSITIVE[0]]),
    "divide a number": (lambda x: 3 / x, [POSITIVE]),
    "square": (lambda x: x**2, [MATRIX]),
    "cube": (lambda x: x**3, [MATRIX]),
    "root": (lambda x: x**0.5, [POSITIVE]),
    "inverse": (lambda x: x**-1, [POSITIVE]),
    "power of two nodes": (lambda x, y: x**y, [POSITIVE, OTHER]),
    "power of a number": (lambda x: 2.5**x, [MATRIX]),
    "matrix product": (lambda x, y: x @ y, [MATRIX, OTHER.T]),
    "matrix by vector": (lambda x, y: x @ y, [MATRIX, ROW]),
    "vector by matrix": (lambda x, y: x @ y, [COLUMN[:, 0], MATRIX]),
    "vector by vector": (lambda x, y: x @ y, [ROW, ROW * 2]),
    "matrices by matrices": (lambda x, y: x @ y, [numbers(2, 3, 4), numbers(2, 4, 5, seed=1)]),
    "matrices by a vector": (lambda x, y: x @ y, [numbers(2, 3, 4), ROW]),
    "matrices, repeated": (lambda x, y: x @ y, [numbers(2, 1, 3, 4), numbers(5, 4, 2, seed=1)]),
    "remainder": (lambda x, y: x % y, [MATRIX * 4, POSITIVE]),
    "remainder of a number": (lambda x: x % 0.75, [MATRIX]),
    "absolute value": (abs, [MATRIX]),
    "power of 0": (lambda x: 0**x, [POSITIVE]),
    "sum": (lambda x: x.sum(), [MATRIX]),
    "sum of columns": (lambda x: x.sum(axis=0), [MATRIX]),
    "sum of rows, kept": (lambda x: x.sum(axis=1, keepdims=True), [MATRIX]),
    "sum of both axes": (lambda x: x.sum(axis=(0, 1)), [MATRIX]),
    "mean": (lambda x: x.mean(), [MATRIX]),
    "mean of rows": (lambda x: x.mean(axis=-1), [MATRIX]),
    "reshape": (lambda x: x.reshape(2, 6), [MATRIX]),
    "transpose": (lambda x: x.T, [MATRIX]),
    "one row": (lambda x: x[1], [MATRIX]),
    "part": (lambda x: x[1:, ::2], [MATRIX]),
    "rows, one of them twice": (lambda x: x[np.array([0, 2, 0])], [MATRIX]),
    "elements": (lambda x: x[np.array([0, 2, 0]), np.array([1, 1, 1])], [MATRIX]),
}


@BOTH
@pytest.mark.parametrize("name", SAME)
def test_operation(peer, name):
    function, arrays = SAME[name]
    value, _ = our_pullback(function, arrays)
    seed = numbers(*value.shape, seed=9)
    assert_same(our_pullback(function, arrays, seed), peer_pullback(peer, function, arrays, seed))


# ## Functions that are spelled differently

WIDE = numbers(5, 8, low=-9, high=9)


def _jax(name):
    def function(*arguments, **options):
        import jax

        return getattr(jax.nn, name)(*arguments, **options)

    return function


def _torch(name):
    def function(*arguments, **options):
        import torch

        return getattr(torch.nn.functional, name)(*arguments, **options)

    return function


# name: ours, PyTorch's, JAX's, where
FUNCTIONS = {
    "exp": (lambda x: x.exp(), lambda x: x.exp(), lambda x: functions_of("jax").exp(x), WIDE),
    "log": (lambda x: x.log(), lambda x: x.log(), lambda x: functions_of("jax").log(x), POSITIVE),
    "tanh": (lambda x: x.tanh(), lambda x: x.tanh(), lambda x: functions_of("jax").tanh(x), WIDE),
    "sigmoid": (lambda x: x.sigmoid(), lambda x: x.sigmoid(), _jax("sigmoid"), WIDE),
    "relu": (lambda x: x.relu(), lambda x: x.relu(), _jax("relu"), WIDE),
    "max": (lambda x: x.max(), lambda x: x.amax(), lambda x: x.max(), WIDE),
    "max of rows": (
        lambda x: x.max(axis=1),
        lambda x: x.amax(1),
        lambda x: x.max(axis=1),
        WIDE,
    ),
    "max of columns, kept, with equal ones": (
        lambda x: x.max(axis=0, keepdims=True),
        lambda x: x.amax(0, keepdim=True),
        lambda x: x.max(axis=0, keepdims=True),
        np.round(WIDE / 6),
    ),
    "broadcast": (
        lambda x: x.broadcast_to((2, 3, 4)),
        lambda x: x.broadcast_to((2, 3, 4)),
        lambda x: functions_of("jax").broadcast_to(x, (2, 3, 4)),
        COLUMN,
    ),
    "transpose of three axes": (
        lambda x: x.reshape(2, 4, 5).transpose(2, 0, 1),
        lambda x: x.reshape(2, 4, 5).permute(2, 0, 1),
        lambda x: x.reshape(2, 4, 5).transpose(2, 0, 1),
        WIDE,
    ),
    "leaky_relu": (contrasts.leaky_relu, _torch("leaky_relu"), _jax("leaky_relu"), WIDE),
    "leaky_relu, slope 0.2": (
        lambda x: contrasts.leaky_relu(x, 0.2),
        lambda x: _torch("leaky_relu")(x, 0.2),
        lambda x: _jax("leaky_relu")(x, 0.2),
        WIDE,
    ),
    "elu": (contrasts.elu, _torch("elu"), _jax("elu"), WIDE),
    "elu, alpha 2": (
        lambda x: contrasts.elu(x, 2),
        lambda x: _torch("elu")(x, 2),
        lambda x: _jax("elu")(x, 2),
        WIDE,
    ),
    "gelu": (
        contrasts.gelu,
        _torch("gelu"),
        lambda x: _jax("gelu")(x, approximate=False),
        WIDE,
    ),
    "silu": (contrasts.silu, _torch("silu"), _jax("silu"), WIDE),
    "relu6": (contrasts.relu6, _torch("relu6"), _jax("relu6"), WIDE),
    "hard_tanh": (contrasts.hard_tanh, _torch("hardtanh"), _jax("hard_tanh"), WIDE / 4),
    "maximum": (
        lambda x: contrasts.maximum(x, 1),
        lambda x: functions_of("torch").maximum(x, functions_of("torch").ones_like(x)),
        lambda x: functions_of("jax").maximum(x, 1),
        WIDE,
    ),
    "clamp": (
        lambda x: contrasts.clamp(x, -1, 6),
        lambda x: x.clamp(-1, 6),
        lambda x: functions_of("jax").clip(x, -1, 6),
        WIDE,
    ),
    "clamp_min": (
        lambda x: contrasts.clamp_min(x, -2),
        lambda x: x.clamp_min(-2),
        lambda x: functions_of("jax").clip(x, -2),
        WIDE,
    ),
    "contrasts.relu": (contrasts.relu, _torch("relu"), _jax("relu"), WIDE),
}


@BOTH
@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(peer, name):
    ours, torchs, jaxs, array = FUNCTIONS[name]
    value, _ = our_pullback(ours, [array])
    seed = numbers(*value.shape, seed=9)
    theirs = peer_pullback(peer, torchs if peer == "torch" else jaxs, [array], seed)
    assert_same(our_pullback(ours, [array], seed), theirs)


ELEMENTWISE = [
    name
    for name in FUNCTIONS
    if not name.startswith(("max of", "broadcast", "transpose")) and name != "max"
]


@BOTH
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_function_of_scalars(peer, name):
    ours, torchs, jaxs, array = FUNCTIONS[name]
    nodes = [Scalar(number) for number in array.ravel().tolist()]
    outs = [ours(node) for node in nodes]
    for out in outs:
        out.backward()
    value, [gradient] = peer_pullback(peer, torchs if peer == "torch" else jaxs, [array])
    assert_same([[out.data for out in outs]], [value.ravel()])
    assert_same([[node.grad for node in nodes]], [gradient.ravel()])


@BOTH
@pytest.mark.parametrize("relu", [False, True])
def test_whole_layer_as_one_node(peer, relu):
    arrays = [numbers(5, 3), numbers(3, 4, seed=1), numbers(4, seed=2)]
    seed = numbers(5, 4, seed=3)

    def theirs(x, weight, bias):
        z = x @ weight + bias
        return FUNCTIONS["relu"][1 if peer == "torch" else 2](z) if relu else z

    ours = our_pullback(lambda x, weight, bias: affine(x, weight, bias, relu=relu), arrays, seed)
    assert_same(ours, peer_pullback(peer, theirs, arrays, seed))


# ## Losses

OUTPUTS, TARGETS = numbers(6, 3, low=-3, high=3), numbers(6, 3, seed=1)
SIGNS = np.sign(TARGETS)
CLASSES = np.array([0, 2, 1, 1, 0, 2])


def _in_torch(name):
    """Return PyTorch's loss of all examples, summed."""

    def function(y):
        import torch
        from torch.nn import functional

        targets, signs = torch.tensor(TARGETS), torch.tensor(SIGNS)
        return {
            "half_squared_error": lambda: functional.mse_loss(y, targets, reduction="sum") / 2,
            "mean_squared_error": lambda: functional.mse_loss(y, targets, reduction="sum"),
            # Not soft_margin_loss, which overflows: see test_conventions.
            "logistic": lambda: -functional.logsigmoid(signs * y).sum(),
            # PyTorch's hinge losses are others: of embeddings, and of several classes.
            "hinge": lambda: functional.relu(1 - signs * y).sum(),
            "softmax_cross_entropy": lambda: functional.cross_entropy(
                y, torch.tensor(CLASSES), reduction="sum"
            ),
        }[name]()

    return function


def _in_jax(name):
    """Return the same by its formula: JAX itself has no losses."""

    def function(y):
        import jax

        return {
            "half_squared_error": lambda: ((y - TARGETS) ** 2).sum() / 2,
            "mean_squared_error": ((TARGETS - y) ** 2).sum,
            "logistic": lambda: jax.nn.softplus(-SIGNS * y).sum(),
            "hinge": lambda: jax.nn.relu(1 - SIGNS * y).sum(),
            "softmax_cross_entropy": lambda: (
                -jax.nn.log_softmax(y)[np.arange(len(CLASSES)), CLASSES].sum()
            ),
        }[name]()

    return function


LOSSES = {
    "half_squared_error": (half_squared_error, TARGETS, 6),
    "mean_squared_error": (mean_squared_error, TARGETS, 18),
    "logistic": (logistic, SIGNS, 6),
    "hinge": (hinge, SIGNS, 6),
    "softmax_cross_entropy": (softmax_cross_entropy, CLASSES, 6),
}


@BOTH
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("scale", [1, 300], ids=["", "large outputs"])
def test_loss(peer, name, reduction, scale):
    loss, targets, examples = LOSSES[name]
    share = 1 / examples if reduction == "mean" else 1.0
    value, [gradient] = peer_pullback(
        peer, _in_torch(name) if peer == "torch" else _in_jax(name), [OUTPUTS * scale]
    )
    ours = our_pullback(lambda y: loss(y, targets, reduction=reduction), [OUTPUTS * scale])
    assert_same(ours, (value * share, [gradient * share]))

    nodes = [[Scalar(number) for number in row] for row in (OUTPUTS * scale).tolist()]
    of_scalars = loss(nodes, targets.tolist(), reduction=reduction)
    of_scalars.backward()
    assert_same([of_scalars.data], [value * share])
    assert_same([[[node.grad for node in row] for row in nodes]], [gradient * share])


@BOTH
def test_weighted_mean(peer):
    sizes = [4, 4, 2]
    ours = our_pullback(lambda x: weighted_mean([x[0], x[1], x[2]], sizes), [ROW[:3]])
    theirs = peer_pullback(peer, lambda x: (4 * x[0] + 4 * x[1] + 2 * x[2]) / 10, [ROW[:3]])
    assert_same(ours, theirs)


# ## The ops of the room beside

SHIFTED = numbers(5, 8, seed=6, low=-9, high=9)


def _two(name):
    """Return a function of two arrays: ours, PyTorch's, JAX's."""
    torchs = _with_torch(lambda torch, *arrays: getattr(torch, name)(*arrays))
    jaxs = _with_jax(lambda jnp, *arrays: getattr(jnp, name)(*arrays))
    return getattr(ops, name), torchs, jaxs


def _with_torch(function):
    return lambda *arrays: function(functions_of("torch"), *arrays)


def _with_jax(function):
    return lambda *arrays: function(functions_of("jax"), *arrays)


TIES = np.round(WIDE / 3)

# name: ours, PyTorch's, JAX's, arrays
OPS = {
    "sqrt": (ops.sqrt, lambda x: x.sqrt(), _with_jax(lambda jnp, x: jnp.sqrt(x)), [POSITIVE]),
    "sin": (ops.sin, lambda x: x.sin(), _with_jax(lambda jnp, x: jnp.sin(x)), [WIDE]),
    "cos": (ops.cos, lambda x: x.cos(), _with_jax(lambda jnp, x: jnp.cos(x)), [WIDE]),
    "maximum": (*_two("maximum"), [WIDE, SHIFTED]),
    "maximum at ties": (*_two("maximum"), [TIES, np.round(SHIFTED / 3)]),
    "minimum": (*_two("minimum"), [WIDE, SHIFTED]),
    "minimum at ties": (*_two("minimum"), [TIES, np.round(SHIFTED / 3)]),
    "where": (
        lambda x, y: ops.where(x > y, x, y * 2),
        _with_torch(lambda torch, x, y: torch.where(x > y, x, y * 2)),
        _with_jax(lambda jnp, x, y: jnp.where(x > y, x, y * 2)),
        [WIDE, SHIFTED[0]],
    ),
    "clamp": (
        lambda x: ops.clamp(x, -1.5, 2.5),
        lambda x: x.clamp(-1.5, 2.5),
        _with_jax(lambda jnp, x: jnp.clip(x, -1.5, 2.5)),
        [WIDE],
    ),
    "sign": (ops.sign, lambda x: x.sign(), _with_jax(lambda jnp, x: jnp.sign(x)), [TIES]),
    "round": (ops.round, lambda x: x.round(), _with_jax(lambda jnp, x: jnp.round(x)), [TIES / 2]),
    "min": (ops.min, lambda x: x.amin(), lambda x: x.min(), [WIDE]),
    "min of rows at ties": (
        lambda x: ops.min(x, axis=1),
        lambda x: x.amin(1),
        lambda x: x.min(axis=1),
        [TIES],
    ),
    "prod": (ops.prod, lambda x: x.prod(), lambda x: x.prod(), [ROW]),
    "prod of rows": (
        lambda x: ops.prod(x, axis=1),
        lambda x: x.prod(1),
        lambda x: x.prod(axis=1),
        [MATRIX],
    ),
    "cumsum": (
        lambda x: ops.cumsum(x, 1),
        lambda x: x.cumsum(1),
        lambda x: x.cumsum(1),
        [MATRIX],
    ),
    "var": (
        lambda x: ops.var(x, axis=0, correction=1),
        lambda x: x.var(0),
        lambda x: x.var(axis=0, ddof=1),
        [MATRIX],
    ),
    "std": (ops.std, lambda x: x.std(correction=0), lambda x: x.std(), [MATRIX]),
    "softmax": (ops.softmax, lambda x: x.softmax(-1), _jax("softmax"), [WIDE]),
    "log_softmax": (ops.log_softmax, lambda x: x.log_softmax(-1), _jax("log_softmax"), [WIDE]),
    "concatenate": (
        lambda x, y: ops.concatenate([x, y, x], axis=1),
        _with_torch(lambda torch, x, y: torch.cat([x, y, x], 1)),
        _with_jax(lambda jnp, x, y: jnp.concatenate([x, y, x], 1)),
        [MATRIX, COLUMN],
    ),
    "stack": (
        lambda x, y: ops.stack([x, y, x], axis=-1),
        _with_torch(lambda torch, x, y: torch.stack([x, y, x], -1)),
        _with_jax(lambda jnp, x, y: jnp.stack([x, y, x], -1)),
        [MATRIX, OTHER],
    ),
    "squeeze": (ops.squeeze, lambda x: x.squeeze(), lambda x: x.squeeze(), [COLUMN]),
    "flatten": (ops.flatten, lambda x: x.flatten(), lambda x: x.flatten(), [MATRIX]),
}


@BOTH
@pytest.mark.parametrize("name", OPS)
def test_op_of_the_room_beside(peer, name):
    ours, torchs, jaxs, arrays = OPS[name]
    value, _ = our_pullback(ours, arrays)
    seed = numbers(*value.shape, seed=9)
    theirs = peer_pullback(peer, torchs if peer == "torch" else jaxs, arrays, seed)
    assert_same(our_pullback(ours, arrays, seed), theirs)


def test_every_op_is_compared():
    compared = {name.split()[0] for name in OPS}
    assert compared == set(ops.__all__) - {"detach"}
