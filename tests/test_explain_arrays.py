"""Explain, made in bulk: it says what a slow and plain calculation says, entry by entry.

The slow one knows nothing of bytes and matrix products: it follows every path of every example.
"""

import copy
import itertools
import pickle
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import cache, partial
from random import Random

import numpy as np
import pytest

from sgdexplained import (
    MLP,
    SGD,
    NotFiniteError,
    Scalar,
    Tensor,
    explain,
    half_squared_error,
    softmax_cross_entropy,
)
from sgdexplained.contrasts.activations import hard_tanh, leaky_relu, relu6
from sgdexplained.contrasts.optimisers import Adam, AdamW
from sgdexplained.reasons import Explanation, dead
from sgdexplained.sgd import Optimiser
from tests.helpers import floats, fractions, listed

F = Fraction
BOTH = pytest.mark.parametrize("node", [Scalar, Tensor])


# ## The slow calculation


def random_network(seed, node, kind=fractions, deep=False):
    """Return a network full of zeros, a batch and its targets."""
    random = Random(seed)
    depth = random.choice([1, 2, 3, 3, 4]) if deep else random.choice([1, 2, 2, 3])
    sizes = [random.randint(1, 4) for _ in range(depth + 1)]

    def numbers(n, m):
        return kind([[random.choice([-2, -1, 0, 0, 1, 1, 2]) for _ in range(m)] for _ in range(n)])

    init = [
        (numbers(n, m), numbers(1, m)[0] if random.random() < 0.7 else None)
        for n, m in itertools.pairwise(sizes)
    ]
    activation = random.choice(
        ["relu", "relu", relu6, hard_tanh, partial(leaky_relu, slope=F(1, 4))]
    )
    net = MLP(sizes, node, activation, random.choice([None, None, "relu"]), init)
    batch = random.choice([1, 1, 2, 3, 5])
    X, target = numbers(batch, sizes[0]), numbers(batch, sizes[-1])
    outputs = net(X)
    outputs = listed(outputs.data) if node is Tensor else [[y.data for y in row] for row in outputs]
    # Some examples have nothing left to learn.
    target = [y if random.random() < 0.3 else t for y, t in zip(outputs, target, strict=True)]
    return net, X, target


def paths(factors, number, i, k):
    """Yield what every path from a unit to the loss carries: its factors, one by one."""
    layer = factors[number]
    if number == len(factors) - 1:
        yield [layer.upstream[i][k]]
        return
    ahead = factors[number + 1]
    for m, w in enumerate(ahead.weight[k]):
        for further in paths(factors, number + 1, i, m):
            yield [w, ahead.derivatives[i][m], *further]


class Ahead:
    """What lies ahead of a unit, for one example: the same for all weights into the unit."""

    def __init__(self, factors, number, i, k):
        carried = list(paths(factors, number, i, k))
        self.upstream = sum(prod(path) for path in carried)
        self.whole = [path for path in carried if all(path[:-1])]
        self.cancels = any(prod(path) != 0 for path in self.whole)


def slow_words(factors, number, i, j, k, ahead):
    """Return the words for one weight (or bias, with j None) and one example."""
    layer = factors[number]
    said = 1 if j is None else layer.inputs[i][j]
    upstream = ahead.upstream
    if said * layer.derivatives[i][k] * upstream != 0:
        return ()
    words = []
    if not any(factors[-1].upstream[i]):
        words.append("flat")
    if said == 0:
        words.append("inactive")
    if layer.derivatives[i][k] == 0:
        words.append("saturated" if layer.activations[i][k] != 0 else "shut")
    if upstream == 0:
        if not ahead.whole:
            words.append("closed")
        elif ahead.cancels:
            words.append("paths cancel")
        elif "flat" not in words:
            words.append("flat")
    order = ("flat", "inactive", "shut", "saturated", "closed", "paths cancel")
    return tuple(word for word in order if word in words)


def prod(numbers):
    if not all(numbers):
        return 0
    out = 1
    for number in numbers:
        out *= number
    return out


def slow_zero(contributions, reasons, alive):
    """Return the word for why a gradient is 0."""
    if any(contributions):
        return "examples cancel"
    for word in ("flat", "inactive", "shut", "saturated", "closed", "paths cancel"):
        also = {"shut": {"saturated"}}.get(word, set())
        if all({word, *also} & set(words) for words in reasons):
            return (
                word if not (also and all(also & set(words) for words in reasons)) else "saturated"
            )
    return "never together" if alive else "mixed"


class Plain:
    """The factors of a layer as nested lists."""

    def __init__(self, layer):
        for name in ("weight", "inputs", "derivatives", "activations", "upstream", "deltas"):
            setattr(self, name, listed(getattr(layer, name)))


# All numbers are small multiples of powers of 1/2: floats are as exact as fractions, and faster.
@BOTH
@pytest.mark.parametrize(("part", "kind"), [(0, fractions), (1, floats), (2, floats), (3, floats)])
def test_bulk_says_what_every_path_of_every_example_says(node, part, kind):
    met = Counter()
    for seed in range(200 * part, 200 * (part + 1)):
        net, X, target = random_network(seed, node, kind, deep=True)
        sgd = SGD(net.parameters(), lr=kind(F(1, 8)))
        step = explain(net, X, target, half_squared_error, sgd, "sum")
        factors = [Plain(layer) for layer in step.source.layers]
        ahead = cache(partial(Ahead, factors))
        for row in step:
            number, k = row.layer - 1, row.receiver - 1
            j = None if row.sender is None else row.sender - 1
            batch = range(len(X))
            reasons = [slow_words(factors, number, i, j, k, ahead(number, i, k)) for i in batch]
            said = [1 if j is None else factors[number].inputs[i][j] for i in batch]
            deltas = [factors[number].deltas[i][k] for i in batch]
            contributions = [a * d for a, d in zip(said, deltas, strict=True)]
            zero = slow_zero(contributions, reasons, any(said) and any(deltas))
            assert row.reasons == reasons
            assert row.contributions == contributions
            assert row.gradient == sum(contributions)
            assert row.zero == (zero if row.gradient == 0 else "")
            assert row.contributing == sum(c != 0 for c in contributions)
            met[row.zero] += 1
    assert {
        *("", "flat", "inactive", "shut", "saturated", "closed"),
        *("examples cancel", "never together", "mixed", "paths cancel"),
    } <= set(met)


@cache
def in_fractions(seed):
    """Return a network, its batch and what is said of its step, for every number type alike."""
    net, X, target = random_network(seed, Scalar)
    sgd = SGD(net.parameters(), lr=F(1, 8))
    return net, X, target, explain(net, X, target, half_squared_error, sgd)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_floats_say_what_fractions_say(dtype):
    """Small whole numbers are exact in both."""
    for seed in range(150):
        net, X, target, exact = in_fractions(seed)
        init = [
            (
                np.array(listed(net.values()[f"W{number}"]), dtype),
                np.array(listed(net.values()[f"b{number}"]), dtype) if layer.bias else None,
            )
            for number, layer in enumerate(net.layers, start=1)
        ]
        sizes = [len(X[0]), *(weight.shape[1] for weight, _ in init)]
        phi, output = net.layers[0].activation, net.layers[-1].activation
        if len(init) == 1:
            phi = output
        rounding = MLP(sizes, Tensor, phi, output, init)
        numbers = [np.array(listed(one), dtype) for one in (X, target)]
        sgd = SGD(rounding.parameters(), lr=0.125)
        rounded = explain(rounding, *numbers, half_squared_error, sgd)
        for one, other in zip(exact, rounded, strict=True):
            # A third is not exact, so what cancels over three examples may not.
            if one.zero != other.zero:
                assert {one.zero, other.zero} <= {"examples cancel", "rounding", ""}
                assert len(X) in (3, 5)
                continue
            assert one.reasons == other.reasons
            assert one.contributing == other.contributing


# ## The defects that were found


def only_a_number(outputs, target, reduction):  # noqa: ARG001
    return Scalar(3.0) * 1


@BOTH
def test_a_loss_that_is_not_computed_from_the_outputs(node):
    net = MLP([2, 1], node, init=[([[1.0], [2.0]], [0.0])])
    step = explain(net, [[1, 2]], [[0]], only_a_number, SGD(net.parameters(), lr=0.1))

    assert step.summary() == "3 of 3 do not move: 3 without a gradient."
    assert {row.sentence for row in step} == {
        "Stays: it has no gradient, because the loss was not computed from the outputs."
    }


def test_a_loss_that_needs_no_gradient():
    net = MLP([2, 1], Tensor, init=[([[1.0], [2.0]], [0.0])])
    fixed = Tensor(2.0, requires_grad=False)
    step = explain(net, [[1, 2]], [[0]], lambda *_, **__: fixed, SGD(net.parameters(), lr=0.1))

    assert {row.why for row in step} == {"no gradient"}
    assert step.loss == 2


def test_frozen_after_the_optimiser_was_built():
    net = MLP(
        [2, 2, 1], Tensor, init=[([[1.0, -1.0], [2.0, 1.0]], [0.0, 0.0]), ([[1.0], [1.0]], [0.0])]
    )
    sgd = SGD(net.parameters(), lr=0.1)
    net.layers[1].weight.requires_grad = False
    row = explain(net, [[1, 2]], [[0]], half_squared_error, sgd).row("W2[0][0]")

    assert (row.why, row.gradient, row.moves) == ("frozen", None, False)
    assert row.sentence == "Stays: it requires no gradient (requires_grad is False)."
    assert net.layers[1].weight.requires_grad is False


def test_behind_frozen_layers_reasons_are_found_as_if_they_were_not():
    def made():
        return MLP(
            [1, 1, 1, 1], Tensor, init=[([[1.0]], [0.0]), ([[-1.0]], [0.0]), ([[1.0]], [0.0])]
        )

    free, half = made(), made()
    for layer in half.layers[1:]:
        layer.weight.requires_grad = False
    of_free, of_half = (
        explain(net, [[2.0]], [[1.0]], half_squared_error, SGD([net.layers[0].weight], lr=1))
        for net in (free, half)
    )
    assert of_free.row("W1[0][0]").zero == of_half.row("W1[0][0]").zero == "closed"
    assert of_half.row("W2[0][0]").reasons == of_free.row("W2[0][0]").reasons == [("shut",)]


class Own(SGD):
    """Moves what has no gradient."""

    def _move_all(self):
        for parameter in self.parameters:
            parameter.data = parameter.data - 1


@BOTH
def test_an_own_rule_that_moves_without_a_gradient(node):
    net = MLP([2, 1], node, init=[([[1.0], [2.0]], [0.0])])
    step = explain(net, [[1, 2]], [[0]], only_a_number, Own(net.parameters(), lr=0.1))

    assert {(row.why, row.moves, row.gradient) for row in step} == {("own rule", True, None)}
    assert step[0].sentence == "Moves without a gradient: the optimiser's own rule adds -1."


class OwnAtFirst(SGD):
    """Moves the first number of an array that has no gradient."""

    def _move_all(self):
        for parameter in self.parameters:
            parameter.data = parameter.data - (np.arange(parameter.data.size) == 0).reshape(
                parameter.data.shape
            )


def test_an_own_rule_that_moves_some_without_a_gradient():
    net = MLP([2, 1], Tensor, init=[([[1.0], [2.0]], None)])
    step = explain(net, [[1, 2]], [[0]], only_a_number, OwnAtFirst(net.parameters(), lr=0.1))

    assert [row.why for row in step] == ["own rule", "no gradient"]


@BOTH
def test_an_optimiser_without_a_learning_rate_holds(node):
    class Still(Optimiser):
        def __init__(self, parameters):
            super().__init__(parameters, lr=1)
            del self.lr

        def move(self, parameter, gradient, memory):
            pass

        def step(self):
            pass

    net = MLP([1, 1], node, init=[([[1.0]], None)])
    row = explain(net, [[2]], [[0]], half_squared_error, Still(net.parameters()))[0]

    assert (row.gradient, row.why) == (4, "held")


def test_inputs_that_are_a_node_get_no_gradient():
    net, X = MLP([1, 1], Tensor, init=[([[1.0]], None)]), Tensor([[2.0]])
    explain(net, X, [[0]], half_squared_error, SGD(net.parameters(), lr=1))

    assert X.grad is None


@BOTH
def test_what_a_loss_adds_stands_beside_the_mean_of_the_examples(node):
    net = MLP([1, 1], node, None, init=[([[F(3)]], None)])
    weight = net.parameters()[0]

    def decayed(outputs, targets, reduction="mean"):
        penalty = weight * weight
        return half_squared_error(outputs, targets, reduction) + (
            penalty if node is Scalar else penalty.sum()
        )

    X = targets = fractions([[1], [2]])
    row = explain(net, X, targets, decayed, SGD([weight], lr=1))[0]

    # The examples give (3 - 1) * 1 and (6 - 2) * 2, and w * w gives 6.
    assert (row.contributions, row.outside, row.gradient) == ([2, 8], 6, 11)


@BOTH
def test_an_example_whose_product_underflows_does_not_contribute(node):
    net = MLP([1, 1], node, init=[([[1.0]], None)])
    sgd = SGD(net.parameters(), lr=1)
    X, targets = [[1e-200], [1.0], [2.0]], [[0.0]] * 3
    row = explain(net, X, targets, half_squared_error, sgd)[0]

    assert (row.contributing, row.contributions) == (2, [0, 1, 4])


@BOTH
def test_paths_whose_sum_is_lost_to_rounding_do_not_cancel(node):
    init = [([[1.0]], None), ([[1.0, 1e-17, -1.0]], None), ([[1.0], [1.0], [1.0]], None)]
    net = MLP([1, 1, 3, 1], node, None, init=init)
    row = explain(net, [[1.0]], [[1.0]], half_squared_error, SGD(net.parameters(), lr=1))[0]

    assert (row.gradient, row.zero, row.reasons) == (0, "rounding", [("rounding",)])


@BOTH
def test_learning_rate_0_and_a_swallowed_step_are_told_apart(node):
    net = MLP([1, 1], node, init=[([[1.0]], None)])
    still = explain(net, [[2]], [[0]], half_squared_error, SGD(net.parameters(), lr=0))[0]
    tiny = explain(net, [[2]], [[0]], half_squared_error, SGD(net.parameters(), lr=1e-30))[0]

    assert (still.why, still.sentence) == (
        "lr 0",
        "Stays: the learning rate is 0; its gradient is 4.",
    )
    assert (tiny.why, tiny.sentence) == (
        "swallowed",
        "Stays: its step of -4e-30 is swallowed, because numbers next to 1 lie 2.22e-16 apart.",
    )


def test_steps_that_are_swallowed_in_float32():
    net = MLP([1, 2], Tensor, init=[(np.array([[1, 1000]], np.float32), None)])
    adam = Adam(net.parameters(), lr=1e-5)
    small, large = explain(net, [[1.0]], [[0.0, 0.0]], half_squared_error, adam)

    assert small.why == "gradient"
    assert (large.why, large.sentence) == (
        "swallowed",
        "Stays: its step of -1e-05 is swallowed, because numbers next to 1000 lie 6.104e-05 apart.",
    )


def test_a_rule_that_scales_instead_of_adding_is_held():
    class Scales(SGD):
        def move(self, parameter, gradient, memory):  # noqa: ARG002
            parameter.data = parameter.data * 1.0

    net = MLP([1, 1], Tensor, init=[([[1.0]], None)])
    row = explain(net, [[2]], [[0]], half_squared_error, Scales(net.parameters(), lr=1))[0]

    assert row.why == "held"
    assert row.sentence == (
        "Stays: the step is 0 or too small to change the number, its gradient is 4."
    )


def tied(node, layer=False):
    net = MLP([1, 1, 1], node, None, init=[([[F(2)]], [F(1)]), ([[F(3)]], [F(0)])])
    first, second = net.layers
    if layer:
        net.layers[1] = first
    elif node is Scalar:
        second.weight[0][0] = first.weight[0][0]
    else:
        second.weight = first.weight
    return net, list({id(one): one for one in net.parameters()}.values())


@BOTH
def test_a_tied_weight_has_the_sum_of_its_places(node):
    net, parameters = tied(node)
    batch = fractions([[1], [2]]), fractions([[1], [0]])
    step = explain(net, *batch, half_squared_error, SGD(parameters, lr=F(1, 10)))

    # a = 2x + 1; y = 2a; dL/dy = y - t: 5 and 10. As W1: dL/dy * 2 * x, as W2: dL/dy * a.
    for name in ("W1[0][0]", "W2[0][0]"):
        row = step.row(name)
        assert row.places == {"W1[0][0]": [10, 40], "W2[0][0]": [15, 50]}
        assert row.contributions == [25, 90]
        assert (row.gradient, row.contributing) == (F(115, 2), 2)
        assert row.sentence == (
            "Moves: it stands in 2 places and gets 25 as W1[0][0], 65/2 as W2[0][0]."
        )


@BOTH
def test_places_of_a_tied_weight_may_cancel(node):
    net, parameters = tied(node)
    # y = w (w x + 1), so dy/dw = 2 w x + 1, which is 0 at w = 2 for x = -1/4.
    row = explain(net, [[F(-1, 4)]], [[F(5)]], half_squared_error, SGD(parameters, lr=1))[0]

    assert (row.gradient, row.zero, row.reasons) == (0, "paths cancel", [("paths cancel",)])


@BOTH
def test_a_layer_that_stands_in_two_places_remembers_both(node):
    net, parameters = tied(node, layer=True)
    step = explain(net, [[F(1)]], [[F(0)]], half_squared_error, SGD(parameters, lr=1))

    # a = 2 + 1, y = 2a + 1 = 7.
    assert step.row("W1[0][0]").places == {"W1[0][0]": [14], "W2[0][0]": [21]}
    assert step.row("b2[0]").places == {"b1[0]": [14], "b2[0]": [7]}
    assert net.layers[0] is net.layers[1]


@pytest.mark.parametrize(("activation", "z"), [("tanh", 40.0), ("sigmoid", 1000.0), (relu6, 7)])
@BOTH
def test_saturated_is_shut_and_yet_active(node, activation, z):
    net = MLP([1, 1, 1], node, activation, init=[([[z]], None), ([[1.0]], None)])
    row = explain(net, [[1.0]], [[0.0]], half_squared_error, SGD(net.parameters(), lr=1))[0]

    assert (row.why, row.reasons) == ("saturated", [("saturated",)])
    assert row.sentence.startswith("Stays: unit 1 is saturated: it is active, but the derivative")


# ## Faults, and their relatives


def mixing(activation, X=((1.0,),), weights=(1.0, 2.0, 3.0)):
    net = MLP(
        [1, 3, 1],
        Tensor,
        activation,
        init=[([[1.0, 0.5, -1.0]], None), ([[w] for w in weights], None)],
    )
    return explain(net, X, [[1.0]] * len(X), half_squared_error, SGD(net.parameters(), lr=0.1))


def softmax(z):
    powers = z.exp()
    return powers / powers.sum(axis=1, keepdims=True)


def test_what_comes_back_through_an_activation_that_mixes_units_cancels():
    row = mixing(lambda z: z - z.mean(axis=1, keepdims=True)).row("W1[0][1]")

    assert (row.gradient, row.zero, row.reasons) == (0, "paths cancel", [("paths cancel",)])
    assert row.factors[0][1] == pytest.approx(2 / 3)
    assert row.sentence == (
        "Stays: the paths ahead of unit 2 cancel in an activation that mixes units."
    )


def test_only_a_weight_of_the_layer_that_mixes_is_told_of_it():
    step = mixing(softmax)

    assert step.row("W1[0][0]").sentence.endswith("through an activation that mixes units.")
    assert step.row("W2[0][0]").sentence == (
        "Moves: gradient = 0.5741 (unit 1) × 1 (derivative) × 0.5036 (upstream gradient)."
    )


@BOTH
def test_paths_that_underflow_do_not_cancel(node):
    init = [([[1.0]], None), ([[1e-200, 1e-200]], None), ([[1e-200], [-1e-200]], None)]
    net = MLP([1, 1, 2, 1], node, None, init=init)
    row = explain(net, [[1.0]], [[1.0]], half_squared_error, SGD(net.parameters(), lr=1))[0]

    assert (row.zero, row.reasons) == ("underflow", [("underflow",)])


def test_equal_weights_ahead_of_a_softmax_teach_it_nothing():
    step = mixing(softmax, weights=(2.0, 2.0, 2.0))
    assert {row.zero for row in step if row.layer == 1} <= {"paths cancel", ""}
    assert not any(row.zero in ("shut", "saturated") for row in step)


def test_a_unit_that_no_activation_depends_on_is_shut():
    row = mixing(
        lambda z: z - z * [[1.0, 1.0, 0.0]] + z.sum(axis=1, keepdims=True) * [[0.0, 0.0, 0.0]]
    )
    assert [row.row(f"W1[0][{k}]").zero for k in range(3)] == ["shut", "shut", ""]


def test_an_activation_that_mixes_examples():
    step = mixing(lambda z: z - z.mean(axis=0, keepdims=True), ((1.0,), (2.0,)), (2.0, 2.0, 2.0))
    net = step.source.layers[0]
    assert net.mixes
    for row in step:
        assert row.gradient == pytest.approx(sum(row.contributions) / 2)
    # One example alone loses its own mean: nothing passes.
    assert {row.zero for row in mixing(lambda z: z - z.mean(axis=0, keepdims=True))} == {
        "shut",
        "inactive",
    }


def test_elementwise_activations_are_not_taken_for_mixing_ones():
    for phi in (relu6, hard_tanh, lambda z: z * z.sigmoid(), lambda z: z.exp() / (1 + z.exp())):
        assert not any(layer.mixes for layer in mixing(phi).source.layers)


def test_an_own_relu_that_returns_a_constant():
    def own(z):
        return z if z.data > 0 else Scalar(0.0)

    net = MLP([1, 2, 1], activation=own, init=[([[1.0, -1.0]], None), ([[1.0], [1.0]], None)])
    sgd = SGD(net.parameters(), lr=0.1)
    step = explain(net, [[2.0]], [[1.0]], half_squared_error, sgd)
    assert step.row("W1[0][1]").factors == [(2.0, 0, 1.0)]
    assert step.row("W2[1][0]").why == "inactive"

    step = explain(net, [[0.0]], [[1.0]], half_squared_error, sgd)
    assert {row.gradient for row in step if row.layer == 1} == {None}


@BOTH
def test_inputs_and_targets_that_are_nodes_keep_their_gradients(node):
    net = MLP([1, 1], node, init=[([[2.0]], None)])
    if node is Scalar:
        x, t = Scalar(1.0), Scalar(0.5)
        batch = [[x]], [[t * 2]]
    else:
        x, t = Tensor([[1.0]]), Tensor([[0.5]])
        batch = x, t * 2
    x.grad = t.grad = before = node([[7.0]] if node is Tensor else 7.0).data

    def squares(outputs, target, reduction):  # noqa: ARG001
        if node is Scalar:
            return (outputs[0][0] - target[0][0]) ** 2
        return ((outputs - target) ** 2).sum()

    row = explain(net, *batch, squares, SGD(net.parameters(), lr=0.1))[0]
    assert row.gradient == 2
    assert x.grad is before
    assert t.grad is before
    computed = batch[1] if node is Tensor else batch[1][0][0]
    assert computed.grad is None


@BOTH
def test_a_penalty_that_reads_the_parameters(node):
    net = MLP([1, 1], node, init=[([[F(2)]], None)])
    (w,) = net.parameters()
    w.grad = before = w.data * 0 + 5

    def with_penalty(factor, outputs, target, reduction):
        square = w * w if node is Scalar else (w * w).sum()
        return half_squared_error(outputs, target, reduction=reduction) + square * factor

    sgd = SGD([w], lr=F(1, 10))
    row = explain(net, [[F(1)]], [[F(-2)]], partial(with_penalty, F(1, 2)), sgd)[0]
    assert (row.gradient, row.contributions, row.outside) == (6, [4], 2)
    assert row.sentence == (
        "Moves: 1 (input 1) × 1 (derivative) × 4 (upstream gradient); the loss itself adds 2, "
        "the sum is 6."
    )
    row = explain(net, [[F(1)]], [[F(-2)]], partial(with_penalty, -1), sgd)[0]
    assert (row.gradient, row.zero) == (0, "paths cancel")
    assert row.sentence == "Stays: the loss itself adds -4, and takes back what the examples give."
    assert w.grad is before


@BOTH
def test_nothing_changes_if_it_fails_or_is_interrupted(node):
    net = MLP([1, 2, 1], node, seed=1)
    half_squared_error(net([[1.0]]), [[0.5]]).backward()
    sgd = SGD(net.parameters(), lr=0.1, momentum=0.5)
    sgd.step()
    if node is Tensor:
        net.layers[0].weight.requires_grad = False
    grads = [p.grad for p in net.parameters()]
    layers, memory = list(net.layers), [vars(layer).copy() for layer in net.layers]

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    class Stops(SGD):
        def move(self, *_):
            raise KeyboardInterrupt

    def infinite(outputs):
        return (outputs[0][0] if node is Scalar else outputs.sum()) * 1e308 * 1e308

    stops = Stops(net.parameters() if node is Scalar else net.parameters()[1:], lr=1)
    for loss, optimiser, X, error in (
        (interrupted, sgd, [[1.0]], KeyboardInterrupt),
        (half_squared_error, stops, [[1.0]], KeyboardInterrupt),
        (lambda outputs, *_, **__: infinite(outputs), sgd, [[1.0]], NotFiniteError),
        (half_squared_error, sgd, [[1.0, 2.0]], ValueError),
        (lambda *_, **__: 3, sgd, [[1.0]], TypeError),
    ):
        with np.errstate(all="ignore"), pytest.raises(error):
            explain(net, X, [[0.5]], loss, optimiser)
        assert all(p.grad is g for p, g in zip(net.parameters(), grads, strict=True))
        assert all(one is other for one, other in zip(net.layers, layers, strict=True))
        assert all(
            all(vars(layer)[key] is value for key, value in before.items())
            for layer, before in zip(net.layers, memory, strict=True)
        )
        if node is Tensor:
            assert net.layers[0].weight.requires_grad is False


@BOTH
def test_explanations_can_be_pickled_and_copied(node):
    net = MLP([2, 3, 1], node, lambda z: z.relu(), seed=1)
    step = explain(
        net, [[1.0, 2.0]] * 2, [[1.0]] * 2, half_squared_error, SGD(net.parameters(), lr=1)
    )

    for again in (pickle.loads(pickle.dumps(step)), copy.deepcopy(step)):
        assert isinstance(again, Explanation)
        assert again.to_data() == step.to_data()
        assert str(again) == str(step)
    row = pickle.loads(pickle.dumps(step[3]))
    assert (row, row.sentence) == (step[3], step[3].sentence)


def test_an_explanation_is_a_sequence():
    net = MLP([2, 3, 1], seed=1)
    step = explain(net, [[1.0, 2.0]], [[1.0]], half_squared_error, SGD(net.parameters(), lr=1))

    assert isinstance(step, Sequence)
    names = [row.name for row in step]
    assert [step[i].name for i in range(13)] == [step[i - 13].name for i in range(13)] == names
    assert [row.name for row in step[2:11:4]] == names[2:11:4]
    assert [row.name for row in reversed(step)] == names[::-1]
    assert step.index(step[4]) == 4
    assert step[4] in step
    assert step[4] != "W1[1][1]"
    assert len({step[4], step[4], step[5]}) == 2
    assert step.row("W1", (1, 2)) == step.row("W1[1][2]") == step[5]
    for wrong in (13, -14):
        with pytest.raises(IndexError, match="expected -13 to 12"):
            step[wrong]


def test_counts_and_the_lines_of_a_large_network():
    random = np.random.default_rng(0)
    net = MLP([30, 20, 3], Tensor, seed=0)
    X = random.standard_normal((4, 30)) * (random.random(30) > 0.2)
    step = explain(net, X, [0, 1, 2, 0], softmax_cross_entropy, AdamW(net.parameters()))

    counts = step.counts()
    assert list(counts) == ["W1", "b1", "W2", "b2"]
    for parameter in step.parameters:
        rows = [step.row(parameter.name, place) for place in parameter.places()]
        assert Counter(row.why for row in rows) == counts[parameter.name]
    assert sum(sum(one.values()) for one in counts.values()) == len(step) == 683
    assert max(map(len, str(step).splitlines())) <= 80
    data = step.to_data(rows=False)
    assert data["counts"] == counts
    assert "rows" not in data


# ## How the work grows
#
# Counted, not timed: a clock says something else on every day.


def calls(code):
    """Return how many functions some code calls, in a fresh interpreter."""
    program = f"""
import sys
from sgdexplained import *
from sgdexplained.reasons import explain
count = 0
def counted(frame, event, argument):
    global count
    count += event in ("call", "c_call")
{code}
explain(net, X, T, half_squared_error, sgd)
sys.setprofile(counted)
step = explain(net, X, T, half_squared_error, sgd)
sys.setprofile(None)
print(count)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def flat_network(depth, width=6, node="Scalar"):
    return f"""
net = MLP([2] + [{width}] * {depth} + [1], {node}, lambda z: z, bias=False, init="uniform")
X = [[1.0, 2.0]]
T = [[y.data for y in row] for row in net(X)] if {node} is Scalar else net(X).data
sgd = SGD(net.parameters(), lr=1.0)
"""


def test_the_work_grows_with_the_depth_not_with_the_number_of_paths():
    four, eight, twelve = (calls(flat_network(depth)) for depth in (4, 8, 12))

    assert twelve - eight == pytest.approx(eight - four, rel=0.1)


def test_for_arrays_no_function_is_called_for_each_weight_or_example():
    def work(width, batch):
        return f"""
import numpy as np
random = np.random.default_rng(0)
net = MLP([{width}, {width}, 3], Tensor, seed=0)
X, T = random.standard_normal(({batch}, {width})), random.standard_normal(({batch}, 3))
sgd = SGD(net.parameters(), lr=1.0)
"""

    small, wide, many = calls(work(8, 2)), calls(work(64, 2)), calls(work(8, 64))
    assert wide < 1.5 * small
    assert many < 1.5 * small


def arrays(random, sizes):
    """Draw the first numbers of a large network, faster than one by one."""
    return [
        (random.standard_normal((n, m)) / n**0.5, random.standard_normal(m))
        for n, m in itertools.pairwise(sizes)
    ]


@pytest.mark.parametrize("optimiser", [SGD, Adam, AdamW])
@pytest.mark.parametrize("batch", [1, 128, 512])
def test_memory_is_a_few_arrays_of_the_size_of_parameters_and_activations(optimiser, batch):
    random = np.random.default_rng(0)
    sizes = [784, 256, 128, 10]
    net = MLP(sizes, Tensor, init=arrays(random, sizes))
    X, target = random.standard_normal((batch, 784)), random.integers(0, 10, batch)
    chosen = optimiser(net.parameters(), lr=0.001)
    softmax_cross_entropy(net(X), target).backward()
    chosen.step()
    explain(net, X[:1], target[:1], softmax_cross_entropy, chosen)  # loads what it needs
    parameters = sum(one.data.nbytes for one in net.parameters())
    activations = 8 * batch * sum(sizes)

    tracemalloc.start()
    step = explain(net, X, target, softmax_cross_entropy, chosen)
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(step) == 235146
    assert highest <= 12 * (parameters + activations)


def test_sentences_of_deep_networks_follow_no_path_twice():
    net = MLP([1] + [6] * 14 + [1], init="he", seed=1)
    for layer in net.layers[:-1]:
        for row in layer.weight:
            for w in row:
                w.data = abs(w.data) + 0.1
    for w in net.layers[-1].weight:
        w[0].data = 0.0
    row = explain(net, [[1.0]], [[5.0]], half_squared_error, SGD(net.parameters(), lr=1))[0]

    assert row.why == "closed"
    assert row.sentence.endswith("each meets a weight of 0.")
    assert dead(net, [[1.0]])


def test_a_large_network_draws_maps_of_its_weights():
    random = np.random.default_rng(0)
    net = MLP([600, 300, 2], Tensor, init=arrays(random, [600, 300, 2]))
    X = random.standard_normal((2, 600))
    X[:, 7] = 0
    step = explain(net, X, [[1.0, 0.0]] * 2, half_squared_error, SGD(net.parameters(), lr=1))
    ax = step.draw()

    assert len(ax.images) == 4
    picture = ax.images[0].get_array()
    assert picture.shape == (200, 150, 3)
    # The only inactive sender is one row of 600, and yet it is seen.
    row = picture[7 // 3]
    assert not (row == picture[30]).all()
    assert "inactive sender" in ax.figure.get_label()
    assert step.summary().split()[0] in ax.figure.get_suptitle()
