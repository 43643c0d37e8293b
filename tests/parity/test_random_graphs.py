"""Thousands of random graphs, built from one description in every engine."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sgdexplained import Scalar, Tensor

from .engines import assert_same, needs

# A description is a list of lines; each names an operation and which of the nodes so far it takes.
# Leaves have shapes that fit each other by broadcasting, so everything can meet everything.
LEAVES = [(2, 3), (3,), (2, 1), (1, 3), (), (2, 3)]
ONE = ["tanh", "sigmoid", "relu", "soft_log", "square", "negate", "shift", "exp_tanh"]
TWO = ["add", "subtract", "multiply", "ratio", "add", "multiply"]
STRUCTURE = ["sum0", "mean1", "max", "flip", "gram", "twice", "total"]


def functions(module, sigmoid, relu, maximum):
    """Return the operations in terms of one engine's functions."""
    return {
        "tanh": module.tanh,
        "sigmoid": sigmoid,
        "relu": relu,
        "soft_log": lambda x: module.log(1 + x * x),
        "square": lambda x: x**2 / 2,
        "negate": lambda x: -x,
        "shift": lambda x: 1.5 - x / 2,
        "exp_tanh": lambda x: module.exp(module.tanh(x)),
        "add": lambda x, y: x + y,
        "subtract": lambda x, y: x - y,
        "multiply": lambda x, y: x * y,
        "ratio": lambda x, y: x / (1 + y * y),
        "sum0": lambda x: x.sum(axis=0) if x.shape else x,
        "mean1": lambda x: x.mean(axis=-1, keepdims=True) if x.shape else x,
        "max": lambda x: maximum(x) if x.shape else x,
        # There and back, with something that depends on the order in between.
        "flip": lambda x: (x.T * np.arange(1.0, 3.0)).T if x.shape == (2, 3) else x,
        "gram": lambda x: x @ x.T @ x / 4 if x.shape == (2, 3) else x,
        "twice": lambda x: x[np.array([1, 1])] + x if x.shape == (2, 3) else x,
        "total": lambda x: x.sum() / 4,
    }


SIX = len(LEAVES)


class OurFunctions:
    """Functions of our nodes, under the names that modules of arrays have."""

    tanh = staticmethod(lambda x: x.tanh())
    exp = staticmethod(lambda x: x.exp())
    log = staticmethod(lambda x: x.log())


def our_functions():
    return functions(
        OurFunctions,
        lambda x: x.sigmoid(),
        lambda x: x.relu(),
        lambda x: x.max(axis=-1, keepdims=True),
    )


def torch_functions():
    import torch

    return {
        **functions(torch, torch.sigmoid, torch.relu, lambda x: x.amax(-1, keepdim=True)),
        "flip": lambda x: (
            (x.T * torch.arange(1.0, 3.0, dtype=x.dtype)).T if x.shape == (2, 3) else x
        ),
    }


def jax_functions():
    import jax

    jax.config.update("jax_enable_x64", True)
    return functions(
        jax.numpy, jax.nn.sigmoid, jax.nn.relu, lambda x: x.max(axis=-1, keepdims=True)
    )


@st.composite
def descriptions(draw, names=(*ONE, *TWO, *STRUCTURE), leaves=SIX):
    """Draw up to twelve lines, each of which may use every node before it, also twice."""
    lines = []
    for count in range(leaves, leaves + draw(st.integers(3, 12))):
        # Late nodes more often than early ones: graphs get deep.
        place = st.integers(0, count - 1) | st.integers(max(0, count - 3), count - 1)
        lines.append((draw(st.sampled_from(names)), draw(place), draw(place)))
    return lines, draw(st.integers(0, 10**6))


def built(lines, leaves, table):
    """Return every node of the graph, the loss last."""
    nodes = list(leaves)
    for name, i, j in lines:
        nodes.append(table[name](nodes[i], nodes[j]) if name in TWO else table[name](nodes[i]))
    # Two of the last nodes, so that there are dead ends as well.
    loss = nodes[-1] * nodes[-2]
    nodes.append(loss.sum() if hasattr(loss, "sum") else loss)
    return nodes


def smooth(lines, nodes, leaves):
    """Return whether no node is close to a kink, where rounding decides which side it is on."""
    for name, i, _ in lines:
        x = np.asarray(nodes[i].data)
        if name == "relu" and ((x != 0) & (abs(x) < 1e-9)).any():
            return False
        if name == "max" and x.shape:
            gaps = x.max(axis=-1, keepdims=True) - x
            if ((gaps != 0) & (gaps < 1e-9)).any():
                return False
    return len(nodes) > leaves


def values(seed, shapes):
    random = np.random.default_rng(seed)
    return [random.uniform(-1.5, 1.5, shape) for shape in shapes]


def ours(lines, seed):
    """Return loss, gradients of the leaves, and the largest number on the way there and back."""
    leaves = [Tensor(array) for array in values(seed, LEAVES)]
    nodes = built(lines, leaves, our_functions())
    assume(smooth(lines, nodes, len(leaves)))
    nodes[-1].backward()
    seen = [np.abs(node.data).max() for node in nodes]
    seen += [np.abs(node.grad).max() for node in nodes if node.grad is not None]
    scale = max(1.0, *seen)
    # Beyond that a difference of large numbers says nothing about either engine.
    assume(scale < 1e4)
    gradients = [np.zeros(x.shape) if x.grad is None else x.grad for x in leaves]
    return nodes[-1].data, gradients, scale


THOUSANDS = settings(
    max_examples=2000,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@needs("torch")
@THOUSANDS
@given(descriptions())
def test_graphs_of_tensors_as_in_torch(description):
    import torch

    lines, seed = description
    value, gradients, scale = ours(lines, seed)
    leaves = [torch.tensor(array, requires_grad=True) for array in values(seed, LEAVES)]
    loss = built(lines, leaves, torch_functions())[-1]
    loss.backward()
    theirs = [torch.zeros_like(x) if x.grad is None else x.grad for x in leaves]
    assert_same([value], [loss.item()], scale)
    assert_same(gradients, [gradient.numpy() for gradient in theirs], scale)


@needs("jax")
@settings(THOUSANDS, max_examples=1000)
@given(descriptions())
def test_graphs_of_tensors_as_in_jax(description):
    import jax

    lines, seed = description
    value, gradients, scale = ours(lines, seed)
    table = jax_functions()
    leaves = [jax.numpy.asarray(array) for array in values(seed, LEAVES)]
    loss, theirs = jax.value_and_grad(lambda xs: built(lines, xs, table)[-1])(leaves)
    assert_same([value], [float(loss)], scale)
    assert_same(gradients, [np.asarray(gradient) for gradient in theirs], scale)


@needs("torch")
@THOUSANDS
@given(descriptions(names=(*ONE, *TWO), leaves=3))
def test_graphs_of_scalars_as_in_torch(description):
    import torch

    lines, seed = description
    numbers = [float(one) for one in values(seed, [()] * 3)]
    leaves = [Scalar(number) for number in numbers]
    nodes = built(lines, leaves, our_functions())
    assume(smooth(lines, nodes, len(leaves)))
    nodes[-1].backward()
    scale = max(1.0, *(abs(one) for node in nodes for one in (node.data, node.grad or 0)))
    assume(scale < 1e4)
    others = [torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in numbers]
    loss = built(lines, others, torch_functions())[-1]
    loss.backward()
    assert_same([nodes[-1].data], [loss.item()], scale)
    theirs = [0.0 if x.grad is None else x.grad.item() for x in others]
    assert_same([[x.grad or 0.0 for x in leaves]], [theirs], scale)
