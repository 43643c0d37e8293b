"""A fused step does what the lines of the story do, and keeps their promises."""

import pickle
from copy import deepcopy
from functools import partial
from itertools import pairwise
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
from sgdexplained.contrasts import Adagrad, Adam, AdamW, RMSprop
from sgdexplained.fused import FEW, FusedStep, _without_node, example_gradients
from sgdexplained.reasons import upstream_gradient
from sgdexplained.tensor import LinearMap

OPTIMISERS = [
    SGD,
    lambda parameters, lr: SGD(parameters, lr, momentum=0.9, nesterov=True),
    lambda parameters, lr: SGD(parameters, lr, weight_decay=0.1),
    Adagrad,
    RMSprop,
    Adam,
    AdamW,
]
LOSSES = [half_squared_error, mean_squared_error, logistic, hinge, softmax_cross_entropy]


def by_lines(net, loss, optimiser):
    """Return the step as the story writes it."""

    def step(inputs, targets):
        value = loss(net(inputs), targets)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        return value.item()

    return step


def scaled_tanh(z):
    return (z * 2).tanh() / 2  # three nodes


def squared_then_halved(y, target):
    return ((y - target) ** 2).mean() / 2  # several nodes


def drawn(seed):
    """Return a network, what it learns from, a loss and how to make an optimiser, at random."""
    random = Random(seed)
    sizes = [random.randint(1, 6) for _ in range(random.randint(2, 5))]
    if random.random() < 0.2:
        sizes[:2] = 40, 40  # more gradients than are looked through
    kind = random.choice(["float64", "float32"])
    init = [
        (
            np.array([[random.gauss(0, 1) for _ in range(m)] for _ in range(n)], kind),
            np.array([random.gauss(0, 1) for _ in range(m)], kind)
            if random.random() < 0.8
            else None,
        )
        for n, m in pairwise(sizes)
    ]
    words = ["relu", "tanh", "sigmoid", None, scaled_tanh]
    net = MLP(
        sizes,
        Tensor,
        activation=random.choice(words),
        output=random.choice(words),
        init=init,
        kink=random.choice([0, 0, 0.5]),
    )
    for parameter in net.parameters()[:-1]:
        parameter.requires_grad = random.random() > 0.2
    loss = random.choice([*LOSSES, squared_then_halved])
    batches = []
    for _ in range(4):
        examples = random.choice([1, 3, 3, 8])
        x = np.array([[random.gauss(0, 1) for _ in range(sizes[0])] for _ in range(examples)])
        y = np.array([[random.choice([-1, 1]) for _ in range(sizes[-1])] for _ in range(examples)])
        if loss is softmax_cross_entropy:
            y = np.array([random.randrange(sizes[-1]) for _ in range(examples)])
        batches.append((x, y))
    if loss in LOSSES and random.random() < 0.3:
        loss = partial(loss, reduction="sum")
    return net, loss, random.choice(OPTIMISERS), batches


def seen(net):
    """Return all numbers that a step leaves behind."""
    return [
        *net.values().values(),
        *net.gradients().values(),
        *(
            getattr(layer, name)
            for layer in net.layers
            for name in ("inputs", "pre_activations", "activations", "derivatives", "deltas")
        ),
    ]


def assert_same(net, other):
    for one, two in zip(seen(net), seen(other), strict=True):
        np.testing.assert_array_equal(one, two, strict=True)


@pytest.mark.parametrize("seed", range(200))
def test_it_is_the_step_of_the_story_to_the_last_bit(seed):
    net, loss, optimiser, batches = drawn(seed)
    other = deepcopy(net)
    learning = [p for p in net.parameters() if p.requires_grad]
    fused = FusedStep(net, loss, optimiser(learning, 0.05))
    lines = by_lines(
        other, loss, optimiser([p for p in other.parameters() if p.requires_grad], 0.05)
    )
    for inputs, targets in batches:
        assert fused(inputs, targets) == lines(inputs, targets)
        assert_same(net, other)


def page(node=Tensor):
    """Return the network of page 1."""
    return MLP(
        [2, 3, 1], node, init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
    )


def wide():
    """Return a network with more gradients than are looked through."""
    net = MLP([50, 30, 1], Tensor)
    assert sum(p.size for p in net.parameters()) > FEW
    return net


def step_of(net, loss=half_squared_error, lr=0.1, optimiser=SGD):
    return FusedStep(net, loss, optimiser(net.named_parameters(), lr))


def test_the_layers_know_what_came_back_to_their_units():
    net, other = page(), page()
    step_of(net)([[1, 2]], [[1]])
    by_lines(other, half_squared_error, SGD(other.parameters(), 0.1))([[1, 2]], [[1]])

    assert upstream_gradient(net.layers[0]) == upstream_gradient(other.layers[0])


def of_sizes(sizes):
    """Return a network whose outputs are far too low, with large weights at the end."""
    net = MLP(sizes, Tensor)
    first, last = net.layers
    first.weight.data[:], first.bias.data[:], last.weight.data[:] = 0, 1, -(2.0**500)
    return net


BOTH_WAYS = pytest.mark.parametrize(
    "sizes", [[2, 3, 1], [50, 30, 1]], ids=["looked through", "bounded"]
)


@BOTH_WAYS
def test_a_gradient_that_is_not_finite_moves_nothing(sizes):
    net = of_sizes(sizes)
    before = net.values()
    # The loss is finite, and so is the delta 2**500; times the input it is infinite.
    with (
        np.errstate(over="ignore"),
        pytest.raises(NotFiniteError, match="gradient of parameter W1 is not finite: nothing"),
    ):
        step_of(net, hinge)(np.full((1, sizes[0]), 2.0**600), [[1]])

    assert all((before[name] == value).all() for name, value in net.values().items())
    assert np.isinf(net.gradients()["W1"]).all()


@BOTH_WAYS
def test_a_gradient_whose_square_overflows_is_finite(sizes):
    net = of_sizes(sizes)
    step_of(net, hinge)(np.full((1, sizes[0]), 2.0**100), [[1]])

    assert (net.gradients()["W1"] == 2.0**600).all()
    assert (net.layers[0].weight.data == -0.1 * 2.0**600).all()


@BOTH_WAYS
def test_an_unused_input_that_is_nan_is_noticed(sizes):
    net = of_sizes(sizes)
    net.layers[0].bias.data[:] = -1  # all units are shut: the deltas are 0
    x = np.zeros((2, sizes[0]))
    x[1, 1] = np.inf
    with np.errstate(invalid="ignore"), pytest.raises(NotFiniteError):
        step_of(net, hinge)(x, [[1], [1]])


def test_a_loss_that_is_not_finite_moves_nothing():
    net = page()
    with pytest.raises(NotFiniteError, match="the loss is nan"):
        step_of(net)([[np.nan, 1]], [[1]])
    assert net.values()["W1"].tolist() == page().values()["W1"].tolist()


def test_a_gradient_that_somebody_holds_is_not_written_over():
    net = page()
    step = step_of(net)
    step([[1, 2]], [[1]])
    whole = net.layers[0].weight.grad
    kept = whole.copy()
    step([[5, 6]], [[1]])
    row = net.layers[0].weight.grad[0]
    other = row.copy()
    step([[7, 8]], [[1]])

    assert (whole == kept).all()
    assert (row == other).all()
    assert (net.layers[0].weight.grad != kept).any()


def test_a_gradient_that_nobody_holds_is_written_where_the_last_one_was():
    net = page()
    step = step_of(net)
    step([[1, 2]], [[1]])
    address = net.layers[0].weight.grad.ctypes.data
    step([[5, 6]], [[1]])

    assert net.layers[0].weight.grad.ctypes.data == address


def other_array(net, _):
    net.layers[0].weight.data = net.layers[0].weight.data * 2


def other_bias(net, optimiser):
    net.layers[1].bias = optimiser.parameters[-1] = Tensor([3.0])


def frozen_weight(net, _):
    net.layers[0].weight.requires_grad = False


def other_layer(net, optimiser):
    net.layers[0] = deepcopy(net.layers[0])
    optimiser.parameters[:2] = net.layers[0].weight, net.layers[0].bias


def other_rate(_, optimiser):
    optimiser.lr = 0.01


def another_pass(net, _):
    half_squared_error(net([[9, 9]]), [[1]]).backward()


@pytest.mark.parametrize(
    "change", [other_array, other_bias, frozen_weight, other_layer, other_rate, another_pass]
)
def test_it_follows_what_is_changed_between_two_steps(change):
    net, other = page(), page()
    fused = step_of(net)
    sgd = SGD(other.named_parameters(), 0.1)
    lines = by_lines(other, half_squared_error, sgd)
    batch = [[1, 2], [2, 1]], [[1], [-1]]
    for _ in range(2):
        assert fused(*batch) == lines(*batch)
        assert_same(net, other)
        change(net, fused.optimiser)
        change(other, sgd)
    assert fused(*batch) == lines(*batch)
    assert_same(net, other)


def test_batches_may_have_different_sizes():
    net, other = page(), page()
    fused = step_of(net)
    lines = by_lines(other, half_squared_error, SGD(other.named_parameters(), 0.1))
    for examples in 3, 1, 3, 2:
        batch = [[1, 2]] * examples, [[1]] * examples
        assert fused(*batch) == lines(*batch)
        assert_same(net, other)


def test_a_penalty_in_the_loss_is_counted():
    def loss_for(net):
        weight = net.layers[0].weight
        return lambda y, target: half_squared_error(y, target) + (weight * weight).sum()

    net, other = page(), page()
    fused, lines = (
        make(one, loss_for(one), SGD(one.parameters(), 0.1))
        for make, one in ((FusedStep, net), (by_lines, other))
    )
    for _ in range(3):
        assert fused([[1, 2]], [[1]]) == lines([[1, 2]], [[1]])
        assert_same(net, other)


@BOTH_WAYS
def test_a_penalty_whose_derivative_is_not_finite_moves_nothing(sizes):
    net = MLP(sizes, Tensor)
    before, weight = net.values(), net.layers[0].weight

    def loss(y, target):
        steep = Tensor.computed(
            np.float64(0), weight, LinearMap(lambda _: np.full(weight.shape, np.inf))
        )
        return half_squared_error(y, target) + steep

    with pytest.raises(NotFiniteError, match="gradient of parameter W1 is not finite"):
        step_of(net, loss)(np.ones((1, sizes[0])), [[1]])
    assert all((before[name] == value).all() for name, value in net.values().items())


def test_a_backward_pass_that_fails_leaves_no_gradient():
    class Stop(BaseException):
        pass

    def phi(z):
        out = z.tanh()
        out.dleft.factor = _Breaks()
        return out

    class _Breaks:
        def __mul__(self, _):
            raise Stop

    net = MLP([2, 3, 1], Tensor, activation=phi)
    before = net.values()
    with pytest.raises(Stop) as caught:
        step_of(net)([[1, 2]], [[1]])

    assert caught.value.__notes__ == ["The backward pass did not finish: there are no gradients."]
    assert [p.grad for p in net.parameters()] == [None] * 4
    assert all((before[name] == value).all() for name, value in net.values().items())


def test_an_optimiser_with_a_step_of_its_own_takes_it():
    class Own(SGD):
        def step(self):
            self.parameters[0].data[:] = 7

    net = page()
    step_of(net, optimiser=Own)([[1, 2]], [[1]])
    assert (net.values()["W1"] == 7).all()
    assert (net.values()["W2"] == page().values()["W2"]).all()


def test_an_update_that_fails_says_so():
    class Stop(BaseException):
        pass

    class Stops(Tensor):
        def stepped(self):
            raise Stop

    net = page()
    net.layers[1].weight = Stops(net.layers[1].weight.data)
    with pytest.raises(Stop) as caught:
        step_of(net)([[1, 2]], [[1]])
    assert caught.value.__notes__ == [
        "The step did not finish: some parameters may have moved, others not."
    ]


def test_a_graph_that_is_still_open_notices_the_step():
    net = page()
    pending = half_squared_error(net([[1, 2]]), [[1]])
    step_of(net)([[1, 2]], [[1]])
    with pytest.raises(GraphError, match="was changed between"):
        pending.backward()


@pytest.mark.parametrize("copied", [deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_goes_on_by_itself(copied):
    step = step_of(page(), optimiser=Adam)
    step([[1, 2]], [[1]])
    other = copied(step)

    assert [step([[1, 2]], [[1]]) for _ in range(3)] == [other([[1, 2]], [[1]]) for _ in range(3)]
    assert_same(step.net, other.net)
    step([[1, 2]], [[1]])
    assert (step.net.values()["W1"] != other.net.values()["W1"]).any()


def mixed():
    net = page()
    net.layers[1].bias = Tensor(np.float32([0]))
    return net


def tied():
    weight = Tensor([[1.0, 0.0], [0.0, 1.0]])
    return MLP([2, 2, 2], init=[(weight, None), (weight, None)])


def frozen():
    net = page()
    for parameter in net.parameters():
        parameter.requires_grad = False
    return net


def of_other_parameters(net, which=slice(None), more=()):
    return lambda: FusedStep(net, hinge, SGD([*net.parameters()[which], *more], 1))


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: FusedStep(7, hinge, SGD([Tensor(1)], 1)), TypeError, "the network is 7, expected"),
        (lambda: FusedStep(page(), hinge, 7), TypeError, "the optimiser is 7, expected"),
        (
            lambda: step_of(page(Scalar)),
            TypeError,
            "parameters are Scalar, expected Tensors",
        ),
        (lambda: step_of(mixed()), TypeError, "parameters are float32 and float64, expected"),
        (
            lambda: FusedStep(tied(), hinge, SGD([tied().layers[0].weight], 1)),
            ValueError,
            "W1 and W2 are one parameter",
        ),
        (of_other_parameters(page(), slice(1, None)), ValueError, "the optimiser has not W1"),
        (of_other_parameters(page(), more=[Tensor(1)]), ValueError, "not of the network"),
        (lambda: step_of(page())([1, 2], [[1]]), ShapeError, r"shape \(2,\), expected \(B, 2\)"),
        (lambda: step_of(page())([[1]], [[1]]), ShapeError, r"shape \(1, 1\), expected \(B, 2\)"),
        (lambda: step_of(page())(Tensor([[1, 2]]), 1), TypeError, "expected numbers or an array"),
        (lambda: step_of(page())([[1, 2]], [[1, 2]]), ShapeError, "targets of shape"),
        (lambda: step_of(page())(np.empty((0, 2)), np.empty((0, 1))), ShapeError, "is empty"),
        (lambda: step_of(page(), lambda y, t: 1.0)([[1, 2]], 1), TypeError, "the loss is 1.0"),
        (lambda: step_of(page(), lambda y, t: y - t)([[1, 2]] * 2, 1), ShapeError, "item of shape"),
        (lambda: step_of(page(), lambda y, t: Tensor(1))([[1, 2]], 1), GraphError, "do not reach"),
    ],
)
def test_what_cannot_be_done_is_named(attempt, error, message):
    with pytest.raises(error, match=message):
        attempt()


def test_a_network_that_was_frozen_afterwards_is_named():
    net = page()
    step = step_of(net)
    for parameter in net.parameters():
        parameter.requires_grad = False
    with pytest.raises(GraphError, match="no parameter of the network requires a gradient"):
        step([[1, 2]], [[1]])


def test_a_learning_rate_that_is_none_is_named_before_anything_moves():
    step = step_of(page())
    step.optimiser.lr = -1
    with pytest.raises(ValueError, match="lr is -1"):
        step([[1, 2]], [[1]])
    assert step.net.values()["W1"].tolist() == page().values()["W1"].tolist()


# ## Losses without a node


def numbers_of(loss, outputs, targets):
    """Return value and derivatives of a loss by way of its node."""
    node = loss(Tensor(outputs), targets)
    node.backward()
    return node.item(), node.left.grad


@pytest.mark.parametrize("kind", ["float64", "float32"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_without_a_node_gives_the_same_numbers(loss, reduction, kind):
    random = np.random.default_rng(0)
    reduced = partial(loss, reduction=reduction)
    for examples, outputs in (1, 1), (1, 5), (7, 1), (7, 5), (40, 3):
        for size in 0.1, 1, 30, 1000:
            y = (size * random.standard_normal((examples, outputs))).astype(kind)
            targets = random.choice([-1, 1], (examples, outputs))
            if loss is softmax_cross_entropy:
                targets = random.integers(0, outputs, examples)
            for given in targets, targets.tolist():
                value, derivatives = _without_node(reduced)(Tensor, y, given)
                expected, gradient = numbers_of(reduced, y, given)

                assert value == expected
                np.testing.assert_array_equal(derivatives, gradient, strict=True)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(
    ("loss", "outputs", "targets"),
    [
        (softmax_cross_entropy, [[1e308, -1e308], [0, 0]], [1, 0]),
        (softmax_cross_entropy, [[1e308, -1e308], [-1e308, 1e308]], [0, 1]),
        (half_squared_error, [[1e200]], [[-1e200]]),
        (mean_squared_error, [[1e200]], [[-1e200]]),
        (logistic, [[1e308], [-1e308]], [[-1], [-1]]),
        (hinge, [[1e308], [1.5e308]], [[-1], [-1]]),
    ],
)
def test_numbers_at_the_end_of_their_range_are_the_same(loss, outputs, targets, reduction):
    reduced, y = partial(loss, reduction=reduction), np.array(outputs, float)
    with np.errstate(over="ignore", invalid="ignore"):
        value, derivatives = _without_node(reduced)(Tensor, y, targets)
        node = reduced(Tensor(outputs), targets)
    assert value == node.item()
    np.testing.assert_array_equal(derivatives, node.dleft.factor)


WRONG = [
    *((loss, [[1, 2]], [[1]]) for loss in LOSSES[:4]),
    *((loss, [[1, 2]], "x") for loss in LOSSES[:4]),
    *((loss, np.empty((0, 2)), np.empty((0, 2))) for loss in LOSSES[:4]),
    *((loss, [[1, 2]], [[1, label]]) for loss in (logistic, hinge) for label in (0, 2, np.nan)),
    # An ignored label is marked by -100, or by -1, in other libraries.
    *((softmax_cross_entropy, [[1, 2]], [label]) for label in (-100, -1, 2, 1.0, True, "1")),
    (softmax_cross_entropy, [[1, 2], [3, 4]], np.array([0, -100])),
    (softmax_cross_entropy, [[1, 2], [3, 4]], np.array([2, 0])),
    (softmax_cross_entropy, [[1, 2], [3, 4]], np.array([0.0, 1.0])),
    (softmax_cross_entropy, [[1, 2], [3, 4]], [0]),
    (softmax_cross_entropy, [[1, 2], [3, 4]], [[0], [1]]),
    (softmax_cross_entropy, np.empty((0, 2)), []),
    (partial(hinge, reduction="max"), [[1, 2]], [[1, 1]]),
    (partial(softmax_cross_entropy, reduction=None), [[1, 2]], [1]),
]


@pytest.mark.parametrize(("loss", "outputs", "targets"), WRONG)
def test_what_is_wrong_is_refused_in_the_same_words(loss, outputs, targets):
    with pytest.raises((TypeError, ValueError)) as expected:
        loss(Tensor(outputs), targets)
    with pytest.raises(expected.type) as refused:
        _without_node(loss)(Tensor, np.array(outputs, float), targets)
    assert str(refused.value) == str(expected.value)


@pytest.mark.parametrize("loss", [*LOSSES, partial(hinge, reduction="sum")])
def test_a_loss_of_the_package_makes_no_node(loss, monkeypatch):
    def computed(*_):
        raise AssertionError("a node was made")

    step = step_of(page(), loss)
    monkeypatch.setattr(Tensor, "computed", computed)
    assert step([[1, 2]], [0] if loss is softmax_cross_entropy else [[1]]) >= 0
    with pytest.raises(AssertionError, match="a node was made"):
        step_of(page(), squared_then_halved)([[1, 2]], [[1]])


@pytest.mark.parametrize(
    "loss",
    [
        squared_then_halved,
        lambda y, target: hinge(y, target, "sum"),
        partial(hinge, label=[[1]]),
        partial(hinge, Tensor([[1.0]])),
        partial(hinge, Tensor([[1.0]]), reduction="sum"),
        partial(squared_then_halved, reduction="sum"),
        partial(hinge),
    ],
)
def test_any_other_loss_is_left_to_the_engine(loss):
    assert _without_node(loss) is None


def test_a_loss_that_is_changed_between_two_steps_is_followed():
    step = step_of(page(), lr=0)
    batch = [[1, 2]], [[4]]
    expected = {loss: loss(page()([[1, 2]]), [[4]]).item() for loss in LOSSES[:2]}
    for loss in (*LOSSES[:2], squared_then_halved, *LOSSES[:2]):
        step.loss = loss
        assert step(*batch) == expected.get(loss, 2.0)


# ## The gradients of each example


def test_the_gradients_of_the_examples_add_up_to_that_of_the_batch():
    net = page()
    half_squared_error(net([[1, 2], [2, 1], [-2, 1]]), [[1], [-1], [2]], "sum").backward()
    for layer in net.layers:
        each = example_gradients(layer)
        assert each.shape == (3, *layer.shape)
        np.testing.assert_array_equal(each.sum(axis=0), layer.weight.grad)


def test_they_are_written_where_it_is_said():
    net = page()
    half_squared_error(net([[1, 2], [2, 1]]), [[1], [-1]]).backward()
    layer = net.layers[0]
    place = np.empty((2, 2, 3))

    assert example_gradients(layer, out=place) is place
    np.testing.assert_array_equal(place, example_gradients(layer))


def test_they_are_of_the_type_of_the_layer():
    net = MLP([2, 3, 1], lambda numbers: Tensor(np.float32(numbers)))
    half_squared_error(net([[1.5, 2]]), [[1]]).backward()
    assert example_gradients(net.layers[0]).dtype == np.float32


def test_what_has_no_gradient_of_each_example_is_named():
    net = page()
    with pytest.raises(GraphError, match="forward and backward"):
        example_gradients(net.layers[0])
    net([[1, 2]])
    with pytest.raises(GraphError, match="forward and backward"):
        example_gradients(net.layers[0])
    half_squared_error(net([[1, 2]]), [[1]]).backward()
    for out in np.empty((2, 2, 3)), np.empty((1, 2, 3), "float32"), [[[0] * 3] * 2]:
        with pytest.raises(ShapeError, match=r"expected an array of shape \(1, 2, 3\)") as caught:
            example_gradients(net.layers[0], out=out)
        given = f"shape {out.shape}, {out.dtype}" if isinstance(out, np.ndarray) else repr(out)
        assert given in str(caught.value)
    with pytest.raises(TypeError, match="a layer of Tensors"):
        example_gradients(page(Scalar).layers[0])
