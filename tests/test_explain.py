"""Explain: every zero has its true reason, every move is the move that a step makes."""

import itertools
import json
import subprocess
import sys
from collections import Counter
from copy import deepcopy
from fractions import Fraction
from functools import partial
from html.parser import HTMLParser
from math import copysign
from random import Random

import numpy as np
import pytest

from sgdexplained import (
    MLP,
    SGD,
    GraphError,
    NotFiniteError,
    Scalar,
    ShapeError,
    Tensor,
    half_squared_error,
    hinge,
    logistic,
    mean_squared_error,
    softmax_cross_entropy,
)
from sgdexplained.contrasts.activations import gelu, hard_tanh, leaky_relu, relu6, silu
from sgdexplained.contrasts.optimisers import Adagrad, Adam, AdamW, RMSprop, SignSGD
from sgdexplained.reasons import (
    CODE,
    Explanation,
    Parameter,
    Source,
    activation_derivative,
    active_paths,
    co_active,
    dead,
    delta,
    explain,
    inactive,
    sender_activation,
    shut,
    upstream_gradient,
    weights_without_contribution,
    without_contribution,
)
from sgdexplained.reasons.printing import MOST_PRINTED
from sgdexplained.sgd import Optimiser
from tests.helpers import BENCH_1, BENCH_4, PATH_VALUES, bench, flat, floats, fractions, listed

F = Fraction
BOTH = pytest.mark.parametrize("node", [Scalar, Tensor])


def network(values, **options):
    """Return an exact network of these (weight, bias) pairs."""
    values = [fractions(pair) for pair in values]
    sizes = [len(values[0][0]), *(len(weight[0]) for weight, _ in values)]
    return MLP(sizes, init=values, **options)


def explained(net, X, target, loss=half_squared_error, reduction="mean", **options):
    """Explain a step of SGD with learning rate 1/10 on exact numbers."""
    sgd = SGD(net.parameters(), lr=F(1, 10), **options)
    return explain(net, fractions(X), fractions(target), loss, sgd, reduction)


def linear(outputs, target, reduction):
    """Return the loss target · outputs: its seeds are the targets, whatever the outputs."""
    total = sum(
        y * t for row, ts in zip(outputs, target, strict=True) for y, t in zip(row, ts, strict=True)
    )
    return total / len(target) if reduction == "mean" else total


def whys(explanation):
    return {row.name: row.why for row in explanation if not row.moves}


# ## The benches


@BOTH
def test_bench_1_has_four_zeros_with_two_reasons(node):
    step = explained(bench(node), *BENCH_1)

    assert whys(step) == {
        "W1[0][1]": "shut",
        "W1[1][1]": "shut",
        "b1[1]": "shut",
        "W2[1][0]": "inactive",
    }
    assert (
        step.summary() == "4 of 13 do not move: 3 with a shut receiver, 1 with an inactive sender."
    )
    assert sum(row.gradient**2 for row in step) == 23
    assert step.row("W1[1][2]").factors == [(2, 1, -1)]


@BOTH
def test_bench_1_without_residual_is_flat_though_two_units_are_on(node):
    step = explained(bench(node), BENCH_1[0], [[2]])

    assert set(whys(step).values()) == {"flat"}
    assert len(whys(step)) == 13
    assert step.row("W1[0][1]").reasons == [("flat", "shut")]


@BOTH
def test_bench_4_lists_what_every_example_gives(node):
    step = explained(bench(node), *BENCH_4)

    assert step.summary() == "All 13 move."
    assert step.row("W1[0][1]").contributions == [0, 12, 0, 0]
    assert step.row("W1[1][1]").contributions == [0, 6, 0, -16]
    assert step.row("W2[1][0]").contributions == [0, 3, 0, 20]
    assert step.row("W2[1][0]").gradient == F(23, 4)
    assert step.row("W2[1][0]").sentence == (
        "Moves: 2 of 4 examples contribute: (0 + 3 + 0 + 20) / 4 = 23/4, diluted from 23/2."
    )
    assert sum(row.gradient**2 for row in step) == F("89.3125")


@pytest.mark.parametrize(("example", "zeros"), [(0, 4), (1, 0), (2, 12), (3, 9)])
def test_bench_4_one_example_alone(example, zeros):
    X, target = ([rows[example]] for rows in BENCH_4)
    step = explained(bench(), X, target)

    assert len(whys(step)) == zeros
    assert step.row("b2[0]").moves


def test_zero_input_freezes_its_weights_though_the_receiver_is_on():
    step = explained(bench(), [BENCH_4[0][3]], [BENCH_4[1][3]])

    assert step.row("W1[0][1]").why == "inactive"
    assert step.row("W1[0][1]").sentence == "Stays: input 1 is inactive, it is 0."
    assert (step.row("W1[1][1]").gradient, step.row("b1[1]").gradient) == (-16, 8)


@pytest.mark.parametrize(
    ("weights", "bias", "gradient", "why"),
    [
        ([2, 1], 0, 1, ""),
        ([2, 1], -2, 2, ""),  # the second route is closed, and the gradient doubles
        ([1, 1], 0, 0, "paths cancel"),
        ([1, 1], -2, 1, ""),  # closing one of two routes brings the gradient back
        ([1, 2], 0, -1, ""),
        ([1, 2], -3, 1, ""),
        ([0, 1], -2, 0, "closed"),
    ],
)
def test_diamond(weights, bias, gradient, why):
    net = network([([[1]], [0]), ([weights], [0, bias]), ([[1], [-1]], [0])])
    row = explained(net, [[1]], [[1]], linear).row("W1[0][0]")

    assert (row.gradient, row.zero) == (gradient, why)


def test_cancelling_routes_are_listed():
    net = network([([[1]], [0]), ([[1, 2]], [0, 0]), ([[6], [-3]], [0])])
    row = explained(net, [[1]], [[1]], linear).row("W1[0][0]")

    assert row.sentence == "Stays: the paths ahead of unit 1 of layer 1 cancel: 6 - 6 = 0."


def test_path_net_has_four_open_routes_of_eight():
    net = network(PATH_VALUES)
    routes = active_paths(net, [1, 2])

    assert [route.contribution for route in routes] == [2, 1, 4, -4]
    assert sum(route.contribution for route in routes) == net([[1, 2]])[0][0].data == 3
    assert str(routes[3]) == "input 2 → unit 2 → unit 1 → output 1"


@BOTH
def test_derivatives_are_sums_over_open_routes_without_the_weight(node):
    net = network(PATH_VALUES, node=node)
    step = explained(net, [[1, 2]], [[1]], partial(half_squared_error))
    seed = 3 - 1
    for row in step:
        routes = active_paths(net, [1, 2], through=row.name)
        assert seed * sum(route.without(row.name) for route in routes) == row.gradient
    assert [[step.row(f"W1[{j}][{k}]").gradient / seed for k in (0, 1)] for j in (0, 1)] == [
        [2, -1],
        [4, -2],
    ]


# ## Active, and yet no update: six ways


def test_both_ends_active_but_never_together():
    net = network([([[1]], [0]), ([[-1]], [1]), ([[1]], [0])])
    row = explained(net, [[2], [-1]], [[5], [5]]).row("W2[0][0]")

    assert (row.why, row.reasons) == ("never together", [("shut",), ("inactive",)])
    assert row.sentence == (
        "Stays: unit 1 of layer 2 is shut in example 1; unit 1 of layer 1 is inactive in example 2."
    )


def test_examples_that_cancel():
    row = explained(network([([[1]], None)]), [[1], [1]], [[0], [2]]).row("W1[0][0]")

    assert (row.why, row.contributions) == ("examples cancel", [1, -1])
    assert row.sentence == "Stays: the examples cancel: 1 - 1 = 0."


@pytest.mark.parametrize(
    ("last", "bias", "sentence"),
    [
        ([[0]], 0, "Stays: no path ahead of unit 1 of layer 1 is open, each meets a weight of 0."),
        ([[1]], -9, "Stays: no path ahead of unit 1 of layer 1 is open, each meets a shut unit."),
    ],
)
def test_dead_end(last, bias, sentence):
    net = network([([[1]], [0]), ([[1]], [bias]), (last, [1])])
    row = explained(net, [[1]], [[5]]).row("W1[0][0]")

    assert (row.why, row.sentence) == ("closed", sentence)


def test_nothing_to_learn_when_the_margin_is_met():
    row = explained(network([([[2]], None)]), [[1]], [[1]], hinge).row("W1[0][0]")

    assert (row.why, row.sentence) == (
        "flat",
        "Stays: the loss is flat here, its derivative there is 0.",
    )


@pytest.mark.parametrize(("activation", "z"), [(relu6, 7), (hard_tanh, 2)])
def test_active_but_saturated(activation, z):
    net = network([([[z]], None)], output=activation)
    row = explained(net, [[1]], [[0]]).row("W1[0][0]")

    assert row.why == "saturated"
    assert not inactive(net.layers[0] if net([[1]]) else None)[0][0]


def test_relu_output_that_is_shut_teaches_nothing_though_the_loss_is_not_flat():
    step = explained(network([([[-1]], [0])], output="relu"), [[1]], [[3]])

    assert step.loss == F(9, 2)
    assert whys(step) == {"W1[0][0]": "shut", "b1[0]": "shut"}


def test_one_output_has_nothing_to_learn_and_the_other_is_out_of_reach():
    net = network([([[1, 1]], None), ([[0, 1], [1, 0]], None)])
    step = explained(net, [[1]], [[4, 1]])

    assert step.row("W1[0][0]").reasons == [("flat",)]
    assert step.row("W1[0][0]").sentence == (
        "Stays: the loss is flat in every output that unit 1 reaches, its derivative there is 0."
    )
    assert (
        step.row("W2[0][1]").sentence
        == "Stays: the loss is flat in output 2, its derivative there is 0."
    )
    assert step.row("W1[0][1]").moves


def test_of_several_open_ways_ahead_a_cancellation_is_told_first():
    # Unit 1 reaches output 1, which has nothing to learn, and output 2 by two routes that cancel.
    net = network(
        [
            ([[1]], None),
            ([[1, 1]], None),
            ([[1, 0, 0], [0, 1, 1]], None),
            ([[1, 0], [0, 1], [0, -1]], None),
        ]
    )
    row = explained(net, [[1]], [[0, 1]], linear).row("W1[0][0]")

    assert row.reasons == [("paths cancel",)]
    assert row.sentence == "Stays: the paths ahead of unit 1 of layer 1 cancel further ahead."


# ## Moving without a gradient


def trajectory(optimiser_of, gradients, start=0.0):
    """Explain and take step after step of one weight that is given these gradients."""
    net = MLP([1, 1], init=[([[start]], None)])
    optimiser = optimiser_of(net.parameters())
    rows = []
    for gradient in gradients:
        batch = ([[1]], [[gradient]])
        rows.append(explain(net, *batch, linear, optimiser).row("W1[0][0]"))
        before = net.layers[0].weight[0][0].data
        net.zero_grad()
        linear(net(batch[0]), batch[1], "mean").backward()
        optimiser.step()
        assert net.layers[0].weight[0][0].data - before == rows[-1].move
    return rows


ONE_THEN_ZEROS = [1.0] + [0.0] * 400


def test_momentum_makes_nine_tenths_of_its_way_from_memory():
    rows = trajectory(partial(SGD, lr=F(1, 10), momentum=F(9, 10)), [F(1)] + [F(0)] * 60, F(0))

    assert [row.why for row in rows] == ["gradient"] + ["memory"] * 60
    assert rows[0].move == F(-1, 10)
    assert rows[3].parts == {"gradient": 0, "memory": -(F(9, 10) ** 3) / 10, "decay": 0}
    assert sum(row.move for row in rows) == -(1 - F(9, 10) ** 61)


def test_nesterov_makes_four_fifths_of_its_way_from_memory():
    rows = trajectory(partial(SGD, lr=0.1, momentum=0.9, nesterov=True), ONE_THEN_ZEROS)

    assert rows[0].move == pytest.approx(-0.19)
    assert sum(row.move for row in rows if row.why == "memory") == pytest.approx(-0.81)


@pytest.mark.parametrize("decoupled", [False, True])
def test_decay_moves_a_weight_that_has_no_gradient(decoupled):
    decay = partial(SGD, lr=0.1, weight_decay=0.01, decoupled=decoupled)
    rows = trajectory(decay, [0.0] * 3, 2.0)

    assert [row.why for row in rows] == ["decay"] * 3
    assert rows[0].value + rows[0].move == pytest.approx(1.998)
    assert rows[0].sentence == (
        "Moves although its gradient is 0 (the loss is flat here, its derivative there is 0): "
        "-0.002 decay."
    )


def test_adam_goes_on_from_memory():
    rows = trajectory(partial(Adam, lr=1), ONE_THEN_ZEROS)

    assert [round(-row.move, 3) for row in rows[:4]] == [1, 0.67, 0.518, 0.424]
    assert {row.why for row in rows[1:100]} == {"memory"}
    total = sum(row.move for row in rows)
    assert -total == pytest.approx(6.0055, abs=1e-4)
    assert sum(row.parts["memory"] for row in rows) / total == pytest.approx(0.83, abs=0.005)


def test_adam_with_a_penalty_moves_five_thousand_times_as_far_as_sgd_with_one():
    adam = trajectory(partial(Adam, lr=1e-3, weight_decay=1e-4), [0.0], 2.0)[0]
    sgd = trajectory(partial(SGD, lr=1e-3, weight_decay=1e-4), [0.0], 2.0)[0]

    assert (adam.why, sgd.why) == ("decay", "decay")
    assert adam.move == pytest.approx(-9.9995e-4, rel=1e-6)
    assert adam.move / sgd.move == pytest.approx(5000, rel=1e-3)


def test_adamw_moves_by_memory_and_decay_together():
    rows = trajectory(partial(AdamW, lr=1e-3), [1.0, 0.0], 2.0)

    assert rows[1].why == "memory+decay"
    assert rows[1].parts["decay"] == pytest.approx(-1e-5 * (2 - 1e-3), rel=1e-4)


@pytest.mark.parametrize("optimiser", [Adagrad, RMSprop, SignSGD])
def test_memory_of_sizes_alone_moves_nothing(optimiser):
    rows = trajectory(partial(optimiser, lr=0.1), [1.0, 0.0, 0.0])

    assert [row.moves for row in rows] == [True, False, False]
    assert [row.why for row in rows] == ["gradient", "flat", "flat"]


def test_parts_of_a_step_with_everything():
    rows = trajectory(
        partial(SGD, lr=F(1, 10), momentum=F(1, 2), weight_decay=F(1, 4)), [F(1), F(2)], F(4)
    )

    w = 4 - F(1, 10) * (1 + 1)
    assert rows[1].value == w
    assert rows[1].parts == {
        "gradient": F(-1, 10) * 2,
        "memory": F(-1, 10) * F(1, 2) * 2,
        "decay": F(-1, 10) * F(1, 4) * w,
    }
    assert rows[1].why == "gradient"
    assert rows[1].sentence.endswith(
        "Parts of the move: -1/5 gradient, -1/10 memory, -0.095 decay."
    )


# ## A gradient, and yet no move


def test_frozen_is_not_zero():
    net = bench()
    sgd = SGD([net.layers[1].bias[0]], lr=F(1, 10))
    step = explain(net, *BENCH_1, half_squared_error, sgd)

    assert Counter(whys(step).values()) == {"not listed": 12}
    assert step.row("W2[0][0]").gradient == 3
    assert step.row("W2[0][0]").parts is None


def test_a_frozen_tensor():
    net = bench(Tensor)
    sgd = SGD([net.layers[0].weight], lr=F(1, 10), momentum=F(1, 2))
    half_squared_error(net(fractions(BENCH_4[0])), fractions(BENCH_4[1])).backward()
    sgd.step()
    step = explain(net, [[-1, -2]], [[1]], half_squared_error, sgd)

    assert {row.why for row in step if row.name[:2] != "W1"} == {"not listed"}
    assert (
        step.summary()
        == "7 of 13 do not move: 7 not in the optimiser; 4 move, but not by their gradient."
    )


@BOTH
def test_an_output_that_the_loss_never_looks_at(node):
    net = network([([[1, 1]], [0, 0])], node=node)
    optimiser = SGD(net.parameters(), lr=F(1, 10), momentum=F(1, 2))
    for _ in range(2):
        net.zero_grad(set_to_none=False)
        half_squared_error(net([[F(1)]]), [[F(0), F(0)]]).backward()
        optimiser.step()

    def first(outputs, target, reduction):
        y = outputs[0][0] if node is Scalar else outputs[:, :1].sum()
        return y * target[0][0] / {"mean": len(target)}[reduction]

    step = explain(net, [[F(1)]], [[F(1)]], first, optimiser)
    row = step.row("W1[0][1]")

    # A Scalar that the loss was not computed from has no gradient and is skipped. A Tensor is one
    # parameter: the gradient of the whole array exists, with a zero in this place.
    if node is Scalar:
        assert (row.why, row.gradient, row.move) == ("no gradient", None, 0)
        assert "none  " in str(step)
    else:
        assert (row.why, row.gradient, row.zero) == ("memory", 0, "flat")
        assert row.move != 0


def test_held_by_the_optimiser():
    net = network([([[1]], None)])
    still = explain(net, [[1]], [[0]], half_squared_error, SGD(net.parameters(), lr=0))
    assert still.row("W1[0][0]").why == "lr 0"

    sgd = SGD(net.parameters(), lr=F(1, 10), weight_decay=2)
    balanced = explain(net, [[F(1)]], [[F(-2)]], linear, sgd).row("W1[0][0]")
    assert (balanced.why, balanced.gradient, balanced.move) == ("held", -2, 0)
    assert balanced.parts == {"gradient": F(1, 5), "memory": 0, "decay": F(-1, 5)}


def test_parts_that_cannot_be_told_apart():
    class Inverse(Optimiser):
        """Divides by the gradient: without one there is no step to compare with."""

        def move(self, parameter, gradient, memory):  # noqa: ARG002
            parameter.data -= self.lr / gradient

    net = network([([[1]], None)])
    row = explain(net, [[1]], [[3]], half_squared_error, Inverse(net.parameters(), lr=1)).row(
        "W1[0][0]"
    )

    assert (row.why, row.move, row.parts) == ("gradient", F(1, 2), None)
    assert row.sentence == (
        "Moves: gradient = 1 (input 1) × 1 (derivative) × -2 (upstream gradient). "
        "Parts of the move: the optimiser does not let its parts be told apart."
    )


def test_infinite_parts_of_a_move_are_none():
    class Inverse(Optimiser):
        """Divides by the gradient: without one the step would be infinite."""

        def move(self, parameter, gradient, memory):  # noqa: ARG002
            with np.errstate(divide="ignore"):
                parameter.data -= self.lr / gradient

    net = MLP([1, 1], Tensor, init=[([[1.0]], None)])
    inverse = Inverse(net.parameters(), lr=1)
    row = explain(net, [[1.0]], [[3.0]], half_squared_error, inverse).row("W1[0][0]")

    assert (row.move, row.parts) == (0.5, None)


def test_a_move_from_memory_that_cannot_do_without_it():
    class Drift(Optimiser):
        """Goes the same way whatever the gradient, and has to remember which."""

        def move(self, parameter, gradient, memory):  # noqa: ARG002
            parameter.data -= self.lr / memory.get("way", 0)

    net = network([([[1]], None)])
    drift = Drift(net.parameters(), lr=1)
    drift.memory = [{"way": 2}]
    row = explain(net, [[1]], [[1]], half_squared_error, drift).row("W1[0][0]")

    assert (row.why, row.zero, row.parts) == ("memory", "flat", None)
    assert row.sentence.startswith(
        "Moves although its gradient is 0 (the loss is flat here, its derivative there is 0): "
    )


# ## Floats


def test_near_cancellation_of_floats_is_a_tiny_gradient():
    def gradient_of(numbers):
        net = MLP([1, 1], init=[([[numbers[0] * 0]], None)])
        sgd = SGD(net.parameters(), lr=1)
        ones = [[numbers[0] * 0 + 1]] * 3
        return explain(net, ones, [[n] for n in numbers], linear, sgd, "sum").row("W1[0][0]")

    exact = gradient_of([F(1, 10), F(2, 10), F(-3, 10)])
    rounded = gradient_of([0.1, 0.2, -0.3])
    assert (exact.why, exact.moves) == ("examples cancel", False)
    assert (rounded.why, rounded.moves) == ("gradient", True)
    assert 0 < rounded.gradient < 1e-15


@BOTH
def test_a_product_too_small_for_a_float_says_so(node):
    net = MLP([1, 1], node=node, init=[([[1.0]], None)])
    sgd = SGD(net.parameters(), lr=0.1)
    row = explain(net, [[1e-200]], [[-1e-200]], half_squared_error, sgd).row("W1[0][0]")

    assert (row.why, row.reasons) == ("underflow", [("underflow",)])
    assert row.sentence == "Stays: the product is too small for the number type."


def test_contributions_too_small_for_float32_are_no_cancellation():
    net = MLP([1, 1], node=Tensor, init=[(np.array([[1]], np.float32), None)])
    sgd = SGD(net.parameters(), lr=0.1)
    row = explain(net, [[1e-30]], [[-1e-30]], half_squared_error, sgd).row("W1[0][0]")

    assert (row.gradient, row.zero, row.reasons) == (0, "underflow", [()])
    assert row.contributions[0] > 0
    assert row.sentence == "Stays: its gradient is too small for the number type."


def test_not_finite_is_an_error():
    net = MLP([1, 1], init=[([[1e200]], None)])
    with pytest.raises(NotFiniteError):
        explain(net, [[1e200]], [[0.0]], half_squared_error, SGD(net.parameters(), lr=0.1))


# ## Against brute force
#
# Many small networks full of zeros. For every weight and every example the reasons must be the
# blocking factors, all of them and no other: a calculation by hand, in which exactly the factors
# that are named are set free, gives something, and as long as one of them is not it gives 0.

ACTIVATIONS = {
    "relu": "relu",
    "leaky relu": partial(leaky_relu, slope=F(1, 100)),
    "relu6": relu6,
    "hard tanh": hard_tanh,
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "gelu": gelu,
    "silu": silu,
}
EXACT = {"relu", "leaky relu", "relu6", "hard tanh"}
OPTIMISERS = [
    lambda p, kind: SGD(p, lr=kind(F(1, 8))),
    lambda p, kind: SGD(p, lr=kind(F(1, 8)), momentum=kind(F(1, 2))),
    lambda p, kind: SGD(
        p, kind(F(1, 8)), momentum=kind(F(1, 2)), nesterov=True, weight_decay=kind(F(1, 4))
    ),
    lambda p, kind: SGD(p, lr=kind(F(1, 8)), weight_decay=kind(F(1, 4)), decoupled=True),
    lambda p, _: Adagrad(p, lr=0.125),
    lambda p, _: RMSprop(p, lr=0.125),
    lambda p, _: Adam(p, lr=0.125, weight_decay=0.25),
    lambda p, _: AdamW(p, lr=0.125),
    lambda p, kind: SignSGD(p, lr=kind(F(1, 8))),
]


class Case:
    """One random network, batch, loss and optimiser, possibly in the middle of a training."""

    def __init__(self, seed, activation, node):
        random = self.random = Random(seed)
        self.kind = fractions if activation in EXACT else floats
        sizes = [random.randint(1, 3) for _ in range(random.choice([2, 3, 3, 4]))]
        self.loss = random.choice(
            [half_squared_error, mean_squared_error, hinge, linear_of(node)]
            + [logistic, softmax_cross_entropy] * (activation not in EXACT)
        )
        if self.loss is softmax_cross_entropy:
            sizes[-1] = 3
        self.reduction = random.choice(["mean", "sum"])
        bias = random.random() < 0.7
        init = [
            (self.numbers(n, m), self.numbers(1, m)[0] if bias else None)
            for n, m in itertools.pairwise(sizes)
        ]
        phi = ACTIVATIONS[activation]
        self.net = MLP(
            sizes, node=node, activation=phi, output=random.choice([None, None, phi]), init=init
        )
        self.X = self.numbers(random.choice([1, 1, 2, 3, 4]), sizes[0])
        self.target = self.targets(sizes[-1])
        self.optimiser = random.choice(OPTIMISERS)(self.net.parameters(), self.kind)
        for _ in range(random.choice([0, 0, 1, 2])):
            self.step()

    def numbers(self, n, m):
        return self.kind(
            [[self.random.choice([-2, -1, 0, 0, 1, 1, 2]) for _ in range(m)] for _ in range(n)]
        )

    def targets(self, m):
        if self.loss is softmax_cross_entropy:
            return [self.random.randrange(m) for _ in self.X]
        if self.loss in (hinge, logistic):
            return self.kind([[self.random.choice([-1, 1]) for _ in range(m)] for _ in self.X])
        wanted = self.numbers(len(self.X), m)
        # Some examples have nothing left to learn.
        said = [list(flat(row)) for row in outputs_of(self.net, self.X)]
        return [s if self.random.random() < 0.25 else w for s, w in zip(said, wanted, strict=True)]

    def step(self):
        self.net.zero_grad()
        self.loss(self.net(self.X), self.target, reduction=self.reduction).backward()
        self.optimiser.step()

    def explain(self):
        return explain(self.net, self.X, self.target, self.loss, self.optimiser, self.reduction)


def linear_of(node):
    """Return the linear loss for lists of Scalars, or for Tensors."""
    if node is Scalar:
        return linear

    def of_tensors(outputs, target, reduction):
        total = (outputs * target).sum()
        return total / len(target) if reduction == "mean" else total

    return of_tensors


def outputs_of(net, X):
    return (
        listed(net(X).data)
        if isinstance(net.layers[0].weight, Tensor)
        else [[y.data for y in row] for row in net(X)]
    )


def seeds_of(case):
    """Return what the loss alone says to each output, example by example."""
    outputs = outputs_of(case.net, case.X)
    scale = len(case.X) if case.reduction == "mean" else 1
    if isinstance(case.net.layers[0].weight, Tensor):
        leaves = Tensor(outputs)
        case.loss(leaves, case.target, reduction=case.reduction).backward()
        found = listed(leaves.grad)
    else:
        leaves = [[Scalar(y) for y in row] for row in outputs]
        case.loss(leaves, case.target, reduction=case.reduction).backward()
        found = [[y.grad for y in row] for row in leaves]
    return [[seed * scale for seed in row] for row in found]


class Pass:
    """What the last pass of a network left, as lists, and what the loss says to its outputs."""

    def __init__(self, case):
        layers = case.net.layers
        self.inputs = [listed(layer.inputs) for layer in layers]
        self.gates = [listed(layer.derivatives) for layer in layers]
        values = case.net.values()
        self.weights = [listed(values[f"W{n}"]) for n in range(1, len(layers) + 1)]
        self.seeds = seeds_of(case)


def by_hand(left, row, i, free=()):
    """Return what example i gives to a weight, with the named factors set free."""
    number, k = row.layer - 1, row.receiver - 1
    random = Random(1)

    def freed(x, word):
        return x if x != 0 or word not in free else random.randint(10**6, 10**7)

    gates = [of_layer[i] for of_layer in left.gates]
    upstream = [freed(seed, "flat") for seed in left.seeds[i]]
    for n in range(len(gates) - 1, number, -1):
        deltas = [freed(g, "closed") * u for g, u in zip(gates[n], upstream, strict=True)]
        upstream = [
            sum(
                freed(w, "closed") * d * (random.randint(1, 10**6) if "paths cancel" in free else 1)
                for w, d in zip(out, deltas, strict=True)
            )
            for out in left.weights[n]
        ]
    said = 1 if row.sender is None else left.inputs[number][i][row.sender - 1]
    word = "saturated" if "saturated" in free else "shut"
    return freed(said, "inactive") * freed(gates[number][k], word) * upstream[k]


def check_reasons(left, row):
    for i, reasons in enumerate(row.reasons):
        said, gate, back = row.factors[i]
        assert said * gate * back == pytest.approx(row.contributions[i])
        contribution = by_hand(left, row, i)
        if not reasons:
            assert row.contributions[i] == pytest.approx(contribution)
            assert row.contributions[i] != 0
        elif reasons == ("underflow",):
            said, gate, back = map(F, row.factors[i])
            assert said * gate * back != 0
        else:
            assert row.contributions[i] == 0
            assert by_hand(left, row, i, reasons) != 0
            for word in reasons:
                others = set(reasons) - {word}
                assert by_hand(left, row, i, others) == pytest.approx(0, abs=1e-6)


def check_gradient(case, row):
    total = sum(row.contributions)
    gradient = total / len(case.X) if case.reduction == "mean" else total
    if all(isinstance(number, F) for number in flat([*case.X, case.net.values()])):
        assert row.gradient == gradient
    else:
        assert row.gradient == pytest.approx(gradient, abs=1e-12)
    if row.zero == "examples cancel":
        dropped = row.contributions.copy()
        dropped.remove(next(c for c in dropped if c != 0))
        assert sum(dropped) != 0
    elif row.zero in ("mixed", "never together"):
        assert all(row.reasons)
        assert not set.intersection(*map(set, row.reasons))
    elif row.zero and row.zero != "underflow":
        # What is saturated is shut, too.
        holds = {row.zero, "saturated"} if row.zero == "shut" else {row.zero}
        assert all(holds & set(reasons) for reasons in row.reasons)
    assert bool(row.zero) == (row.gradient == 0)


def check_move(row):
    assert row.moves == (row.move != 0)
    assert sum(row.parts.values()) == pytest.approx(row.move, abs=1e-12)
    if row.moves and row.gradient == 0:
        assert row.parts["gradient"] == 0
        assert row.why == "+".join(key for key in ("memory", "decay") if row.parts[key] != 0)
    elif row.moves:
        assert row.why == "gradient"
    else:
        assert row.why == (row.zero or "held")


@BOTH
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_reason_is_the_true_one(activation, node):
    for seed in range(20):
        case = Case(seed, activation, node)
        explanation = case.explain()
        before = {name: deepcopy(listed(value)) for name, value in case.net.values().items()}
        case.net(case.X)
        left = Pass(case)
        for row in explanation:
            check_reasons(left, row)
            check_gradient(case, row)
            check_move(row)
            assert row.sentence.endswith(".")
        gradients = list(flat(explanation_numbers(explanation, "gradient")))
        case.step()
        assert gradients == list(flat(case.net.gradients()))
        moved = list(flat(case.net.values()))
        old = list(flat(before))
        assert [row.move for row in explanation] == [b - a for a, b in zip(old, moved, strict=True)]


def explanation_numbers(explanation, attribute):
    return [getattr(row, attribute) for row in explanation]


def test_random_networks_meet_every_reason():
    met = Counter()
    for seed in range(150):
        for row in Case(seed, "relu", Scalar).explain():
            met[row.zero] += 1
            met[row.why] += 1
            met.update(word for reasons in row.reasons for word in reasons)

    wanted = {"flat", "inactive", "shut", "closed", "paths cancel", "examples cancel", "mixed"}
    assert wanted | {"gradient", "memory", "decay", "memory+decay"} <= set(met)


def test_a_perturbed_target_teaches_again_what_was_flat():
    found = 0
    for seed in range(150):
        case = Case(seed, "relu", Scalar)
        if case.loss not in (half_squared_error, mean_squared_error):
            continue
        stuck = [row.name for row in case.explain() if row.reasons == [("flat",)] * len(case.X)]
        case.target = [[t + 10**6 + 7 * k for k, t in enumerate(ts)] for ts in case.target]
        again = case.explain()
        assert all(again.row(name).gradient != 0 for name in stuck)
        found += len(stuck)
    assert found > 10


def test_an_example_less_moves_what_cancelled():
    found = 0
    for seed in range(150):
        case = Case(seed, "leaky relu", Scalar)
        for row in case.explain():
            if row.zero == "examples cancel" and case.loss is not mean_squared_error:
                i = next(i for i, c in enumerate(row.contributions) if c != 0)
                X, target = list(case.X), list(case.target)
                del X[i], target[i]
                less = explain(case.net, X, target, case.loss, case.optimiser, case.reduction)
                assert less.row(row.name).gradient != 0
                found += 1
    assert found > 10


# ## Nothing of the reader's changes


@BOTH
@pytest.mark.parametrize("optimiser", [partial(SGD, momentum=0.5, weight_decay=0.1), Adam])
def test_network_gradients_and_memory_stay_as_they_were(node, optimiser):
    net = bench(node, floats)
    adam = optimiser(net.parameters(), lr=0.1)
    half_squared_error(net(BENCH_4[0]), BENCH_4[1]).backward()
    adam.step()
    parameters = net.parameters()

    def state():
        layers = [(layer.inputs, layer.pre_activations, layer.deltas) for layer in net.layers]
        return repr((net.values(), net.gradients(), adam.memory, layers))

    before = state()
    explain(net, *BENCH_1, half_squared_error, adam)
    assert state() == before
    assert all(a is b for a, b in zip(net.parameters(), parameters, strict=True))
    assert all(a is b for a, b in zip(adam.parameters, parameters, strict=True))


def test_a_scalar_network_needs_no_numpy():
    code = """
import sys
from sgdexplained import MLP, SGD, half_squared_error
from sgdexplained.reasons import dead, explain, active_paths
net = MLP([2, 3, 1])
print(explain(net, [[1, 2]], [[1]], half_squared_error, SGD(net.parameters(), lr=1)).summary())
dead(net, [[1, 2]]), active_paths(net, [1, 2])
assert "numpy" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "of 13" in done.stdout


# ## How it is read


def test_the_table_fits_into_a_hundred_columns():
    net = bench()
    sgd = SGD(net.parameters(), lr=F(1, 10), momentum=F(9, 10), weight_decay=F(1, 7))
    half_squared_error(net(fractions(BENCH_4[0])), fractions(BENCH_4[1])).backward()
    sgd.step()
    step = explain(
        net, fractions(BENCH_4[0]) * 5, fractions(BENCH_4[1]) * 5, half_squared_error, sgd
    )
    lines = str(step).splitlines()

    assert max(map(len, lines)) <= 100
    assert lines[0] == step.summary()
    assert [line.split()[0] for line in lines[3:] if line[0] != " "] == [row.name for row in step]
    assert str(step) == "\n".join(lines)


def test_plain_data_goes_through_json():
    data = explained(bench(), *BENCH_4).to_data()
    again = json.loads(json.dumps(data))

    assert again == data
    row = next(row for row in again["rows"] if row["name"] == "W2[1][0]")
    assert (row["gradient"], row["contributions"]) == ("23/4", ["0", "3", "0", "20"])
    assert (row["layer"], row["sender"], row["receiver"]) == (2, 2, 1)


@BOTH
def test_arrays_are_welcome_and_python_numbers_come_back(node):
    net = bench(node, lambda numbers: numbers)
    sgd = SGD(net.parameters(), lr=0.5)
    X, target = map(np.array, BENCH_4)
    step = explain(net, X, target, half_squared_error, sgd)

    assert json.loads(json.dumps(step.to_data()))["summary"] == "All 13 move."
    assert {type(x) for row in step for factors in row.factors for x in factors} <= {int, float}
    assert dead(net, X[2:]) == [[True, False, True], [False]]
    assert {type(route.contribution) for route in active_paths(net, X[0])} <= {int, float}


def test_large_batches_are_counted_not_listed():
    net = network([([[1]], [0]), ([[1]], [0])])
    X, target = [[-1]] * 20 + [[1], [0]], [[3]] * 22
    step = explained(net, X, target)

    assert step.row("W1[0][0]").sentence == (
        "Moves: 1 of 22 examples contributes: mean = -1/11, diluted from -2."
    )
    assert step.row("b2[0]").sentence == "Moves: all 22 examples contribute: mean = -65/22."

    step = explained(net, [*X[:20], *[[0]] * 3], [*target, [3]])
    assert step.row("W1[0][0]").sentence == "Stays: unit 1 is shut in all 23 examples."
    net = network([([[1]], [1]), ([[-1]], [1]), ([[1]], [0])])
    step = explained(net, [[1]] * 9 + [[-2]] * 2, [[5]] * 11)
    assert step.row("W2[0][0]").sentence == (
        "Stays: unit 1 of layer 2 is shut in 9 examples; "
        "unit 1 of layer 1 is inactive in examples 10 and 11."
    )


def test_rows_by_name():
    step = explained(bench(), *BENCH_1)

    assert len(step) == 13
    assert repr(step) == f"<Explanation: {step.summary()}>"
    assert step.row("b1[1]").sender is None
    with pytest.raises(KeyError, match=r"W1\[0\]\[0\]"):
        step.row("W3[0][0]")


def test_it_draws_itself():
    ax = explained(bench(), *BENCH_1).draw()

    assert "4 of 13 do not move" in ax.figure.get_suptitle()


def test_wrong_questions():
    net = bench()
    with pytest.raises(TypeError, match="SGD"):
        explain(net, *BENCH_1, half_squared_error, 0.1)
    with pytest.raises(TypeError, match="MLP"):
        explain([], *BENCH_1, half_squared_error, SGD(net.parameters(), lr=1))


def test_coupled_examples_still_add_up():
    def spread(outputs, _, reduction):
        (first,), (second,) = outputs
        return (first - second) ** 2 / (2 if reduction == "mean" else 1)

    step = explained(bench(), [[2, 1], [1, 2]], [], spread)
    for row in step:
        assert row.gradient == sum(row.contributions) / 2


# ## The words


@BOTH
def test_three_factors_make_the_gradient(node):
    net = bench(node)
    half_squared_error(
        net(fractions(BENCH_4[0])), fractions(BENCH_4[1]), reduction="sum"
    ).backward()
    for layer, gradients in zip(net.layers, ("W1", "W2"), strict=True):
        a, s, u = sender_activation(layer), activation_derivative(layer), upstream_gradient(layer)
        product = [
            [sum(a[i][j] * s[i][k] * u[i][k] for i in range(4)) for k in range(len(s[0]))]
            for j in range(len(a[0]))
        ]
        assert product == listed(net.gradients()[gradients])
        assert delta(layer) == [
            [x * y for x, y in zip(*rows, strict=True)] for rows in zip(s, u, strict=True)
        ]


@BOTH
def test_words_of_bench_4(node):
    net = bench(node)
    half_squared_error(net(fractions(BENCH_4[0])), fractions(BENCH_4[1])).backward()
    hidden, last = net.layers

    assert shut(hidden) == inactive(hidden)
    assert [row.count(True) for row in shut(hidden)] == [1, 0, 3, 2]
    assert co_active(hidden) == [[2, 1, 2], [2, 2, 2]]
    assert co_active(last) == [[2], [2], [2]]
    assert without_contribution(hidden) == [False, False, False]
    assert dead(net, fractions(BENCH_4[0])) == [[False] * 3, [False]]
    assert dead(net, fractions([BENCH_4[0][2], BENCH_4[0][3]])) == [[True, False, True], [False]]


def test_untouched_is_more_than_a_zero_gradient():
    net = network([([[1]], None)])
    half_squared_error(net([[1], [1]]), [[0], [2]]).backward()

    assert net.gradients()["W1"] == [[0]]
    assert weights_without_contribution(net.layers[0]) == [[False]]
    assert without_contribution(net.layers[0]) == [False]


@pytest.mark.parametrize(
    ("activation", "z", "said", "gate"),
    [
        ("relu", -2, True, True),
        ("relu", 2, False, False),
        ("tanh", 0, True, False),
        (gelu, 0, True, False),
        (relu6, 7, False, True),
        ("sigmoid", -10, False, False),
        ("sigmoid", 10, False, False),
        (partial(leaky_relu, slope=F(1, 100)), -2, False, False),
    ],
)
def test_silent_and_shut_come_apart(activation, z, said, gate):
    net = MLP([1, 1], output=activation, init=[([[z]], None)])
    net([[1]])

    assert inactive(net.layers[0]) == [[said]]
    assert shut(net.layers[0]) == [[gate]]


def test_dead_asks_a_copy():
    net = network([([[1]], [0]), ([[1]], [0])])
    net([[F(3)]])

    assert dead(net, [[-1], [-2]]) == [[True], [False]]
    assert net.layers[0].inputs == [[3]]
    with pytest.raises(ShapeError, match="empty"):
        dead(net, [])


def test_words_ask_for_a_pass_first():
    net = network([([[1]], None)])
    for word in (sender_activation, activation_derivative, inactive, shut, co_active):
        with pytest.raises(GraphError, match="forward"):
            word(net.layers[0])
    net([[1]])
    for word in (
        upstream_gradient,
        delta,
        without_contribution,
        weights_without_contribution,
    ):
        with pytest.raises(GraphError, match="backward"):
            word(net.layers[0])


def test_routes_through_a_weight_that_is_not_there():
    with pytest.raises(KeyError, match=r"W4\[0\]\[0\]"):
        active_paths(network(PATH_VALUES), [1, 2], through="W4[0][0]")
    with pytest.raises(KeyError, match="is not on the path"):
        active_paths(network(PATH_VALUES), [1, 2])[0].without("W1[1][1]")


def test_no_minus_zero_is_shown():
    for row in explained(bench(kind=floats), *BENCH_4):
        for number in (row.gradient, row.move, *row.contributions):
            assert number != 0 or copysign(1, number) == 1


class Page(HTMLParser):
    """What a table in HTML says: its tags, and the text of each cell."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.cells, self.classes = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag in ("td", "th", "caption"):
            self.cells.append("")
            self.classes.append(dict(attrs).get("class") or dict(attrs).get("scope"))

    def handle_data(self, data):
        if self.cells and data.strip():
            self.cells[-1] += data


def test_a_page_shows_the_table_with_heads():
    step = explained(bench(kind=floats), *BENCH_1)
    page = Page(step._repr_html_())

    assert page.tags.count("table") == 1
    assert page.cells[0] == step.summary()
    assert page.cells[1:6] == ["parameter", "value", "gradient", "move", "why"]
    assert page.classes[1:6] == ["col"] * 5
    assert page.classes[6::5] == ["row"] * 13
    assert page.cells[6::5] == [row.name for row in step]
    assert page.cells[10::5] == [row.sentence.replace("-", "−") for row in step]


def test_a_page_tells_signs_apart():
    net = network([([[2]], [0])])
    sgd = SGD(net.parameters()[:1], lr=1)
    page = Page(explain(net, [[-3]], [[-4]], half_squared_error, sgd)._repr_html_())

    weight, bias = page.cells[6:11], page.cells[11:16]
    assert weight[:4] == ["W1[0][0]", "2", "6", "−6"]
    assert page.classes[6:11] == ["row", "value", "positive", "negative", "why"]
    assert bias[:4] == ["b1[0]", "0", "−2", "0"]
    assert page.classes[11:16] == ["row", "value", "negative", "zero", "why"]


def test_a_page_escapes_what_it_shows():
    class Strange(Source):
        def sentence(self, row):  # noqa: ARG002
            return "<b> & co"

    one = Parameter("<w>", (1,), [1], [1], [-1], [CODE["gradient"]])
    page = Explanation([one], 1, 1, "sum", Strange())._repr_html_()

    assert '<td class="why">&lt;b&gt; &amp; co</td>' in page
    assert "<code>&lt;w&gt;[0]</code>" in page


def test_of_a_network_too_large_to_print_there_is_a_line_for_each_parameter():
    net = MLP([20, 11, 1], seed=1)
    step = explain(net, [[1] * 20], [[1]], half_squared_error, SGD(net.parameters(), lr=1))
    page = Page(step._repr_html_())

    assert len(step) == 243 <= MOST_PRINTED
    assert page.tags.count("tr") == 1 + 243
    table = str(step)
    assert all(row.name in table for row in step)

    net = MLP([20, 12, 1], seed=1)
    step = explain(net, [[1] * 20], [[1]], half_squared_error, SGD(net.parameters(), lr=1))
    page = Page(step._repr_html_())
    counts = step.counts()

    assert len(step) == 265 > MOST_PRINTED
    assert page.cells[0] == step.summary()
    assert page.cells[6::5] == ["W1", "b1", "W2", "b2"]
    assert [int(cell) for cell in page.cells[9::5]] == [
        sum(n for word, n in counts[name].items() if word != "gradient") for name in counts
    ]
    lines = str(step).splitlines()
    assert [line.split()[0] for line in lines[-4:]] == ["W1", "b1", "W2", "b2"]
    assert f"{counts['b1']['shut']} with a shut receiver" in lines[-3]


def test_a_printed_table_fits_a_terminal():
    step = explained(bench(kind=floats), *BENCH_4)

    assert max(map(len, str(step).splitlines())) <= 80


def test_an_explanation_of_nothing_has_no_first_row():
    with pytest.raises(IndexError, match=r"^row 0 of 0: there is none$"):
        Explanation([], 1, 1, "sum", Source())[0]


def test_an_explanation_of_nothing_knows_no_name():
    with pytest.raises(KeyError, match=r"there is no 'W1', nor any"):
        Explanation([], 1, 1, "sum", Source()).parameter("W1")
