"""The small networks of the story, number by number."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from sgdexplained import MLP, SGD, Scalar, Tensor, gradcheck, half_squared_error

from .helpers import BENCH_1, BENCH_4, PATH_VALUES, bench, flat, floats, fractions, listed

BOTH = pytest.mark.parametrize("node", [Scalar, Tensor])
ALL_OPEN, RAY = Fraction(1, 2), [Fraction(k, 20) for k in range(11)]


def passed(node, batch, reduction="mean", kind=fractions):
    """Return the bench after a forward and a backward pass, with its loss."""
    net = bench(node, kind)
    x, t = batch
    loss = half_squared_error(net(x), t, reduction=reduction)
    loss.backward()
    return net, loss


def read(part):
    return {name: listed(value) for name, value in part.items()}


def value(node):
    return node.item() if isinstance(node, Tensor) else node.data


def square(gradients):
    return sum(number * number for number in flat(gradients))


# ## Bench-1


@BOTH
@pytest.mark.parametrize("kind", [fractions, floats])
def test_bench_1_forward(node, kind):
    net, loss = passed(node, BENCH_1, kind=kind)
    hidden, output = net.layers
    assert listed(hidden.pre_activations) == [[3, -2, 1]]
    assert listed(hidden.activations) == [[3, 0, 1]]
    assert listed(hidden.derivatives) == [[1, 0, 1]]
    assert listed(output.activations) == [[2]]
    assert value(loss) == Fraction(1, 2)


@BOTH
@pytest.mark.parametrize("kind", [fractions, floats])
def test_bench_1_backward(node, kind):
    net, _ = passed(node, BENCH_1, kind=kind)
    assert listed(net.layers[1].deltas) == [[1]]
    assert listed(net.layers[0].deltas) == [[1, 0, -1]]
    gradients = read(net.gradients())
    assert gradients == {
        "W1": [[1, 0, -1], [2, 0, -2]],
        "b1": [1, 0, -1],
        "W2": [[3], [0], [1]],
        "b2": [1],
    }
    assert len(list(flat(gradients))) == 13
    assert list(flat(gradients)).count(0) == 4
    assert square(gradients) == 23


@BOTH
def test_bench_1_zeros_are_the_weights_of_the_silent_unit(node):
    net, _ = passed(node, BENCH_1)
    gradients = read(net.gradients())
    assert [row[1] for row in gradients["W1"]] == [0, 0]
    assert gradients["b1"][1] == 0
    assert gradients["W2"][1] == [0]


@BOTH
def test_bench_1_gradient_is_sender_times_delta(node):
    net, _ = passed(node, BENCH_1)
    for layer, name in zip(net.layers, ("W1", "W2"), strict=True):
        product = np.outer(listed(layer.inputs), listed(layer.deltas))
        assert product.tolist() == listed(net.gradients()[name])


@BOTH
@pytest.mark.parametrize("batch", [BENCH_1, BENCH_4], ids=["one", "four"])
def test_central_differences_agree_exactly(node, batch):
    net = bench(node)
    x, t = batch
    step = Fraction(1, 1000)
    assert gradcheck(lambda: half_squared_error(net(x), t), net.parameters(), step=step) == 0


@BOTH
@pytest.mark.parametrize("batch", [BENCH_1, BENCH_4], ids=["one", "four"])
def test_no_unit_sits_on_its_kink(node, batch):
    """Nets of whole numbers hit 0 easily, and the difference quotient would then mean nothing."""
    net, _ = passed(node, batch)
    assert min(abs(z) for z in flat(net.layers[0].pre_activations)) > 0


@BOTH
def test_bench_1_residual_along_the_ray_is_a_polynomial(node):
    """r = 1 - 23 eta + 12 eta² while no gate flips, which is up to eta = 1/2."""
    net, _ = passed(node, BENCH_1)
    start = read(net.values())
    for eta in [*RAY, Fraction(51, 100), Fraction(3, 5)]:
        net, _ = passed(node, BENCH_1)
        SGD(net.parameters(), lr=eta).step()
        assert eta == 0 or read(net.values()) != start
        loss = half_squared_error(net(BENCH_1[0]), BENCH_1[1])
        residual = listed(net.layers[1].activations)[0][0] - 1
        polynomial = 1 - 23 * eta + 12 * eta**2
        assert (residual == polynomial) == (eta <= ALL_OPEN)
        assert value(loss) == residual**2 / 2
        gates = [z > 0 for z in listed(net.layers[0].pre_activations)[0]]
        assert (gates == [True, False, True]) == (eta < ALL_OPEN)


@pytest.mark.parametrize(
    ("eta", "change", "digits"),
    [
        (0.001, -0.02272, 5),
        (0.01, -0.20263, 5),
        ((23 - math.sqrt(481)) / 24, -0.5, 12),
        (0.05, -0.4928, 4),
        ((23 - math.sqrt(433)) / 24, 0, 12),
        (0.1, 0.1962, 4),
        (1, 127.5, 12),
        (-0.01, 0.25793, 5),
    ],
)
def test_bench_1_loss_after_one_step(eta, change, digits):
    net, loss = passed(Scalar, BENCH_1, kind=floats)
    if eta > 0:
        SGD(net.parameters(), lr=eta).step()
    else:
        for parameter in net.parameters():
            parameter.data -= eta * parameter.grad
    after = half_squared_error(net(BENCH_1[0]), BENCH_1[1])
    assert round(after.data - loss.data, digits) == pytest.approx(change, abs=1e-12)


def test_bench_1_step_of_one_silences_the_first_unit():
    net, _ = passed(Scalar, BENCH_1)
    SGD(net.parameters(), lr=1).step()
    net(BENCH_1[0])
    assert net.layers[0].pre_activations[0][0] == -3


@BOTH
def test_bench_1_step_of_a_tenth(node):
    net, _ = passed(node, BENCH_1)
    SGD(net.parameters(), lr=Fraction(1, 10)).step()
    tenths = {name: (np.array(v, dtype=object) * 10).tolist() for name, v in net.values().items()}
    assert tenths == {
        "W1": [[9, 10, 21], [8, -20, 2]],
        "b1": [-1, 10, -9],
        "W2": [[7], [20], [-11]],
        "b2": [-1],
    }


@BOTH
def test_bench_1_with_the_right_answer_teaches_nothing(node):
    """Two units are active, and all 13 gradients are 0."""
    net, loss = passed(node, ([[1, 2]], [[2]]))
    assert value(loss) == 0
    assert list(flat(net.gradients())) == [0] * 13


@BOTH
def test_new_weights_in_the_old_pass_give_the_gradient_of_nothing(node):
    """The output layer first, and the hidden deltas from its new weights: what must not happen."""
    net, _ = passed(node, BENCH_1)
    stepped = [Fraction(7, 10), Fraction(2), Fraction(-11, 10)]
    wrong = np.outer([1, 2], [w * gate for w, gate in zip(stepped, (1, 0, 1), strict=True)])
    assert (wrong * 10).tolist() == [[7, 0, -11], [14, 0, -22]]
    assert read(net.gradients())["W1"] != wrong.tolist()


def test_slice_through_the_weight_of_the_silent_unit():
    """Flat where its gradient is 0, and a cliff beyond: -2 to 0 changes the loss by 12."""
    losses = []
    for w in (-3, -2, -1, Fraction(-1, 2), 0, 1):
        net = bench(Scalar)
        net.layers[0].weight[1][1].data = Fraction(w)
        losses.append(float(half_squared_error(net([[1, 2]]), [[1]]).data))
    assert losses == [0.5, 0.5, 0.5, 4.5, 12.5, 40.5]


# ## Bench-4

TABLE = {
    "z": [[3, -2, 1], [3, 1, 3], [-1, -3, -5], [-2, 5, -1]],
    "gates": [[1, 0, 1], [1, 1, 1], [0, 0, 0], [0, 1, 0]],
    "y": [[2], [2], [0], [10]],
    "r": [[1], [3], [-2], [4]],
    "zeros": [4, 0, 12, 9],
}


@BOTH
@pytest.mark.parametrize("kind", [fractions, floats])
def test_bench_4_table(node, kind):
    net, loss = passed(node, BENCH_4, "sum", kind)
    hidden, output = net.layers
    assert listed(hidden.pre_activations) == TABLE["z"]
    assert listed(hidden.derivatives) == TABLE["gates"]
    assert listed(output.activations) == TABLE["y"]
    assert listed(output.deltas) == TABLE["r"]
    assert value(loss) == 15


@BOTH
def test_bench_4_means(node):
    net, loss = passed(node, BENCH_4)
    assert value(loss) == Fraction(15, 4)
    quarters = {k: (np.array(v, dtype=object) * 4).tolist() for k, v in net.gradients().items()}
    assert quarters == {
        "W1": [[7, 12, -7], [5, -10, -5]],
        "b1": [4, 14, -4],
        "W2": [[12], [23], [10]],
        "b2": [6],
    }
    assert square(net.gradients()) == Fraction(893125, 10000)
    assert 0 not in list(flat(net.gradients()))


@BOTH
def test_bench_4_example_by_example(node):
    """4, 0, 12 and 9 of 13 gradients are exactly 0; of the mean none is."""
    x, t = BENCH_4
    zeros, total = [], np.zeros(13, dtype=object)
    for row in range(4):
        net, _ = passed(node, (x[row : row + 1], t[row : row + 1]))
        numbers = list(flat(net.gradients()))
        zeros.append(numbers.count(0))
        total = total + np.array(numbers, dtype=object)
    assert zeros == TABLE["zeros"]
    mean, _ = passed(node, BENCH_4)
    assert (total / Fraction(4)).tolist() == list(flat(mean.gradients()))


@BOTH
def test_bench_4_third_example_moves_the_output_bias_alone(node):
    net, _ = passed(node, ([[-2, 1]], [[2]]))
    moved = [name for name, value in read(net.gradients()).items() if any(flat(value))]
    assert moved == ["b2"]


@BOTH
def test_bench_4_each_unit_is_active_in_two_of_four(node):
    net, _ = passed(node, BENCH_4)
    gates = np.array(listed(net.layers[0].derivatives))
    assert gates.sum(axis=0).tolist() == [2, 2, 2]
    assert gates.max(axis=0).tolist() == [1, 1, 1]


@BOTH
def test_bench_4_sum_is_four_means(node):
    sums, _ = passed(node, BENCH_4, "sum")
    means, _ = passed(node, BENCH_4)
    assert list(flat(sums.gradients())) == [4 * g for g in flat(means.gradients())]
    assert listed(sums.gradients()["W2"]) == [[12], [23], [10]]


# ## Diamond


def diamond(c, r=1, q=-1):
    """Return output and gradient of x - w -> h, and from h through r and through q."""
    w = Scalar(Fraction(1))
    h = (w * 1).relu()
    y = (h * 2).relu() * r + (h * 1 + c).relu() * q
    y.backward()
    return y.data, w.grad


def test_diamond_closing_a_route_can_double_the_gradient():
    assert diamond(0) == (1, 1)
    assert diamond(-2) == (2, 2)
    assert diamond(Fraction(-99, 100)) == (Fraction(199, 100), 1)
    assert diamond(Fraction(-101, 100)) == (2, 2)


@pytest.mark.parametrize("node", [Scalar, Tensor])
def test_diamond_as_a_network(node):
    for c, gradient in ((0, 1), (-2, 2)):
        init = fractions([([[1]], [0]), ([[2, 1]], [0, c]), ([[1], [-1]], [0])])
        net = MLP([1, 1, 2, 1], node, init=init)
        y = net([[1]])
        (y if node is Tensor else y[0][0]).backward()
        assert listed(net.gradients()["W1"]) == [[gradient]]


@pytest.mark.parametrize(("q", "both", "one"), [(-2, 0, 2), (-4, -2, 2)])
def test_diamond_closing_a_route_can_wake_or_turn_the_gradient(q, both, one):
    """Routes worth +2 and -2 cancel; +2 and -4 leave the other sign."""
    assert diamond(0, q=q)[1] == both
    assert diamond(-2, q=q)[1] == one


# ## Path net


def path_net(node):
    net = MLP([2, 2, 2, 1], node, init=[(fractions(weight), None) for weight, _ in PATH_VALUES])
    y = net([[1, 2]])
    (y if node is Tensor else y[0][0]).backward()
    return net, listed(net.layers[2].activations)[0][0]


@BOTH
def test_path_net_values(node):
    net, y = path_net(node)
    assert listed(net.layers[0].pre_activations) == [[3, 3]]
    assert listed(net.layers[1].pre_activations) == [[3, -3]]
    assert y == 3
    assert listed(net.gradients()["W1"]) == [[2, -1], [4, -2]]


@BOTH
def test_path_net_is_the_sum_of_its_open_routes(node):
    net, y = path_net(node)
    W1, W2, W3 = (listed(weight) for weight in net.values().values())
    (g1,), (g2,) = listed(net.layers[0].derivatives), listed(net.layers[1].derivatives)
    x = (1, 2)
    routes = list(itertools.product(range(2), repeat=3))
    active_paths = [(i, j, k) for i, j, k in routes if g1[j] and g2[k]]
    worth = {(i, j, k): x[i] * W1[i][j] * W2[j][k] * W3[k][0] for i, j, k in active_paths}
    assert (len(routes), len(active_paths)) == (8, 4)
    assert sorted(worth.values()) == [-4, 1, 2, 4]
    assert sum(worth.values()) == y
    for i, j in itertools.product(range(2), repeat=2):
        through = sum(v for (a, b, _), v in worth.items() if (a, b) == (i, j))
        assert listed(net.gradients()["W1"])[i][j] == through / W1[i][j]


@BOTH
def test_path_net_units_balance(node):
    """What comes in as weight times gradient goes out again: 6 and -3, and y in every layer."""
    net, y = path_net(node)
    values, gradients = read(net.values()), read(net.gradients())
    products = {
        name: np.array(values[name], dtype=object) * np.array(gradients[name], dtype=object)
        for name in values
    }
    assert products["W1"].sum(axis=0).tolist() == products["W2"].sum(axis=1).tolist() == [6, -3]
    assert [product.sum() for product in products.values()] == [y] * 3


@BOTH
def test_bench_1_units_balance_before_and_after_a_step(node):
    net, _ = passed(node, BENCH_1)
    values, gradients = read(net.values()), read(net.gradients())
    eta = Fraction(1, 10)

    def incoming(part, unit):
        return [row[unit] for row in part["W1"]] + [part["b1"][unit]]

    def balance(part, unit):
        return sum(w * w for w in incoming(part, unit)) - part["W2"][unit][0] ** 2

    for unit, total in enumerate((3, 0, -1)):
        pairs = zip(incoming(values, unit), incoming(gradients, unit), strict=True)
        assert sum(w * g for w, g in pairs) == total
        assert values["W2"][unit][0] * gradients["W2"][unit][0] == total
    SGD(net.parameters(), lr=eta).step()
    after = read(net.values())
    assert (balance(values, 0), balance(after, 0)) == (1, Fraction(97, 100))
    for unit in range(3):
        change = eta**2 * balance(gradients, unit)
        assert balance(after, unit) - balance(values, unit) == change
