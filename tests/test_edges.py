"""The edges: rare number types, views, frozen layers, threads, files. Each once went wrong."""

import copy
import enum
import math
import pickle
import sys
import threading
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from sgdexplained import (
    MLP,
    SGD,
    GraphError,
    Linear,
    NotFiniteError,
    Scalar,
    ShapeError,
    Tensor,
    explain,
    gradcheck,
    half_squared_error,
    logistic,
    softmax_cross_entropy,
    weighted_mean,
)
from sgdexplained.contrasts import (
    Adagrad,
    Adam,
    BatchNorm,
    Embedding,
    MovingAverage,
    RMSprop,
    clamp,
    elu,
    gelu,
    leaky_relu,
    weight_norm,
)
from sgdexplained.ops import concatenate, cumsum, prod, sign, stack
from sgdexplained.tensor import LinearMap

D, F = Decimal, Fraction


# ## A step between the passes is noticed, also through a view

VIEWS = {
    "itself": lambda w: w,
    "T": lambda w: w.T,
    "transpose": lambda w: w.transpose(1, 0),
    "reshape": lambda w: w.reshape(-1),
    "broadcast_to": lambda w: w.broadcast_to((2, 50, 50)),
    "view of a view": lambda w: w.T.reshape(1, 50, 50).T,
    "an op of one's own": lambda w: w.computed(
        w.data[::-1], w, LinearMap(lambda gradient: gradient[::-1] + 0)
    ),
}


@pytest.mark.parametrize("name", VIEWS)
def test_step_between_the_passes_is_noticed(name):
    # More numbers than are compared one by one, and the step moves one that is not.
    w = Tensor(np.ones((50, 50)))
    y = VIEWS[name](w)
    loss = (y * y).sum()
    w.grad = np.zeros((50, 50))
    w.grad[0, 1] = 1
    SGD([w], lr=1).step()
    with pytest.raises(GraphError, match="was changed between"):
        loss.backward()


def test_step_after_the_values_were_used_up_is_harmless():
    w = Tensor(np.ones((50, 50)))
    y = w.exp().T
    loss = (y * y).sum()
    w.grad = np.ones((50, 50))
    SGD([w], lr=1).step()
    w.zero_grad()
    loss.backward()
    assert np.allclose(w.grad, 2 * math.e**2)


# ## An op of one's own with two parents


def product(x, y):
    return x.computed(x.data * y.data, x, y.data, y, x.data)


def test_own_op_of_two_tensors_broadcasts():
    column, row = Tensor([[6.0], [12.0]]), Tensor([2.0, 3.0])
    out = product(column, row)
    out.sum().backward()
    assert (column.grad.tolist(), row.grad.tolist()) == ([[5.0], [5.0]], [18.0, 18.0])


def test_own_op_gives_no_gradient_to_a_parent_that_needs_none():
    x, fixed = Tensor([2.0]), Tensor([3.0], requires_grad=False)
    for out in product(x, fixed), product(fixed, x):
        x.zero_grad()
        out.backward()
        assert (x.grad.tolist(), fixed.grad) == ([3.0], None)
    neither = product(fixed, fixed)
    assert (neither.requires_grad, neither.left, neither.data.tolist()) == (False, None, [9.0])


@pytest.mark.parametrize("which", [0, 1])
def test_own_op_notices_a_step_between_the_passes(which):
    pair = [Tensor(np.ones((50, 50))), Tensor(np.ones((50, 50)))]
    loss = product(*pair).sum()
    pair[which].grad = np.zeros((50, 50))
    pair[which].grad[0, 1] = 1
    SGD([pair[which]], lr=1).step()
    with pytest.raises(GraphError, match="was changed between"):
        loss.backward()


def test_own_op_whose_derivative_is_its_value_notices_a_change():
    x = Tensor([1.0, 2.0])
    y = x.exp()
    y.data[0] = 5
    with pytest.raises(GraphError, match="was changed between"):
        y.sum().backward()


def test_own_op_whose_derivative_does_not_fit_is_refused():
    x = Tensor([1.0, 2.0, 3.0])
    with pytest.raises(ShapeError, match=r"shape \(3,\) cannot be repeated to \(\)"):
        x.computed(x.data.sum(), x, 1)
    with pytest.raises(ShapeError, match=r"\(2,\) and \(3,\) do not fit"):
        x.computed(x.data, x, np.ones(2))


class Own(Tensor):
    """A Tensor of one's own kind."""


def test_tensor_of_ones_own_kind_computes():
    for one, other in (Own([2.0]), Tensor([3.0])), (Tensor([2.0]), Own([3.0])):
        for out in one + other, one * other, one - other, one / other, one**other, one @ other:
            out.backward()
        assert one.grad[0] == pytest.approx(1 + 3 + 1 + 1 / 3 + 3 * 2.0**2 + 3)
        assert other.grad[0] == pytest.approx(1 + 2 - 1 - 2 / 9 + 8 * math.log(2) + 2)
    net = MLP([2, 2, 1], node=Own, seed=1)
    half_squared_error(net([[1.0, 2.0]]), [[1.0]]).backward()
    twin = MLP([2, 2, 1], node=Tensor, seed=1)
    half_squared_error(twin([[1.0, 2.0]]), [[1.0]]).backward()
    assert net.gradients()["W1"].tolist() == twin.gradients()["W1"].tolist()
    x = Own([[1.0, 2.0]])
    net(x).sum().backward()
    assert x.grad.shape == (1, 2)


class OwnNumber(Scalar):
    """A Scalar of one's own kind."""


@pytest.mark.parametrize("kinds", [(OwnNumber, Scalar), (Scalar, OwnNumber)])
def test_scalar_of_ones_own_kind_computes(kinds):
    one, other = (kind(number) for kind, number in zip(kinds, (3.0, 2.0), strict=True))
    one_too, other_too = Scalar(3.0), Scalar(2.0)
    for x, y in (one, other), (one_too, other_too):
        for out in x + y, x * y, x - y, x / y, x**y, x % y, sum([x, y]), 1 - x, 2**y:
            out.backward()
    assert (one.grad, other.grad) == (one_too.grad, other_too.grad)


def test_network_of_scalars_of_ones_own_kind():
    net, twin = (MLP([2, 2, 1], node=node, seed=1) for node in (OwnNumber, Scalar))
    for one in net, twin:
        half_squared_error(one([[OwnNumber(1.0), 2.0]]), [[1.0]]).backward()
    assert isinstance(net.parameters()[0], OwnNumber)
    assert net.gradients() == twin.gradients()


# ## Layers


def test_frozen_layer_remembers_its_pass():
    layer = Linear(Tensor([[1.0, -1.0]], requires_grad=False), None, "relu")
    out = layer([[2]])
    assert out.requires_grad is False
    assert out.left is None
    assert layer.pre_activations.tolist() == [[2.0, -2.0]]
    assert layer.derivatives.tolist() == [[1.0, 0.0]]
    assert layer.activations.tolist() == [[2.0, 0.0]]
    assert layer.deltas is None


def own_relu(z):
    return z if z.data > 0 else Scalar(0.0)


def test_unit_whose_activation_is_constant_is_shut():
    init = [([[1.0, -1.0]], None), ([[1.0], [1.0]], None)]
    net = MLP([1, 2, 1], activation=own_relu, init=init)
    net([[2]])
    assert net.layers[0].derivatives == [[1.0, 0.0]]
    net([[0]])
    assert net.layers[0].derivatives == [[0.0, 0.0]]


@pytest.mark.parametrize(
    "constant",
    [lambda z: Tensor(z.data, requires_grad=False), lambda z: z.data],
    ids=["a Tensor", "an array"],
)
def test_layer_whose_activation_is_constant_is_shut(constant):
    layer = Linear(Tensor([[1.0, -1.0]]), None, constant)
    layer([[2]])
    assert layer.derivatives.tolist() == [[0.0, 0.0]]


def centred(z):
    return z - z.mean(axis=1, keepdims=True)


def test_derivative_of_an_activation_that_mixes_units_is_the_units_own():
    layer = Linear(Tensor([[1.0, 0.5, -1.0]]), None, centred)
    layer([[1], [2]])
    assert layer.derivatives.tolist() == [[pytest.approx(2 / 3)] * 3] * 2
    together = Linear(Tensor([[1.0, 0.5]]), None, lambda z: z - z.mean(axis=0))
    together([[1], [2]])
    assert together.derivatives.tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_derivative_of_an_activation_of_single_units_is_asked_for_twice_only():
    asked = []

    def square(z):
        asked.append(z)
        return z * z

    layer = Linear(Tensor(np.linspace(-2, 2, 30)[None]), None, square)
    layer([[1.0], [2.0]])
    asked.clear()
    assert np.allclose(layer.derivatives, 2 * layer.pre_activations)
    assert len(asked) == 2


@pytest.mark.parametrize("node", [Scalar, Tensor])
def test_values_are_those_of_the_moment(node):
    net = MLP([1, 1], node=node, init=[([[1.0]], [0.0])])
    net([[3.0]])
    values, outputs = net.values(), net.layers[0].activations
    half_squared_error(net([[3.0]]), [[0.0]]).backward()
    SGD(net.parameters(), lr=0.1).step()
    assert np.asarray(values["W1"]).tolist() == [[1.0]]
    assert np.asarray(outputs).tolist() == [[3.0]]


def test_weights_that_are_floats_beside_biases_that_are_fractions():
    net = MLP([2, 1], node=Tensor, init=[([[1], [2]], [F(1, 2)])])
    out = net([[1, 2]])
    assert out.data.tolist() == [[5.5]]
    half_squared_error(out, [[0]]).backward()
    assert net.layers[0].weight.grad.tolist() == [[5.5], [11.0]]
    assert net.layers[0].bias.grad.tolist() == [5.5]
    other_way = MLP([2, 1], node=Tensor, init=[([[F(1)], [F(2)]], [0.5])])
    assert other_way([[1, 2]]).data.tolist() == [[5.5]]


# ## Files and copies


def trained(node, optimiser, activation="relu"):
    net = MLP([2, 3, 1], node=node, seed=3, activation=activation, output="tanh")
    step = optimiser(net.parameters(), lr=0.125)
    train(net, step)
    return net, step


def train(net, optimiser):
    net.zero_grad()
    half_squared_error(net([[1.0, 2.0]]), [[1.0]]).backward()
    optimiser.step()


@pytest.mark.parametrize("node", [Scalar, Tensor])
@pytest.mark.parametrize("activation", ["relu", "tanh", None, gelu])
@pytest.mark.parametrize(
    "twin_of", [lambda pair: pickle.loads(pickle.dumps(pair)), copy.deepcopy], ids=["file", "copy"]
)
def test_network_and_optimiser_survive(node, activation, twin_of):
    net, adam = trained(node, Adam, activation)
    twin, twins_adam = twin_of((net, adam))
    assert repr(twin.values()) == repr(net.values())
    assert repr(twin.gradients()) == repr(net.gradients())
    assert twin.layers[0].activations is None  # it remembers no pass
    assert net.layers[0].activations is not None
    before = repr(net.values())
    train(twin, twins_adam)
    assert repr(net.values()) == before
    train(net, adam)
    assert repr(twin.values()) == repr(net.values())
    assert twins_adam.parameters[0] is twin.parameters()[0]


# ## Threads


class Interrupted(Tensor):
    """A root between whose search and walk another thread begins a pass of its own."""

    def check_unchanged(self, interior):
        super().check_unchanged(interior)
        self.other.start()
        self.other.join(timeout=0.5)  # it waits for this pass, or else ends long before


def test_threads_share_parameters():
    w = Tensor([1.0])
    failed = []

    def work():
        try:
            (w * 3).backward()
        except BaseException as error:  # noqa: BLE001 (whatever it is)
            failed.append(error)

    root = Interrupted.computed(w.data * 2, w, 2)
    root.other = threading.Thread(target=work)
    root.backward()
    root.other.join()
    assert not failed
    assert w.grad.tolist() == [5.0]


def test_derivative_may_run_a_pass_of_its_own():
    w, x = Tensor([2.0]), Tensor([3.0])

    def again(gradient):
        (w * w).backward(gradient)
        return gradient * 1

    x.computed(x.data, x, LinearMap(again)).backward()
    assert (w.grad.tolist(), x.grad.tolist()) == ([4.0], [1.0])


def test_threads_explain_and_check_one_network():
    """Both ask for gradients of their own, so none may see those of another thread."""
    net = MLP([2, 3, 1], node=Tensor, seed=1)
    X, target, still = [[1.0, 2.0]], [[1.0]], SGD(net.parameters(), lr=0)
    found, failed = set(), []

    def explained():
        found.add(str(explain(net, X, target, half_squared_error, still)))

    def checked():
        gradcheck(lambda: half_squared_error(net(X), target), net.parameters())

    def work(call):
        try:
            for _ in range(10):
                call()
        except BaseException as error:  # noqa: BLE001 (whatever it is)
            failed.append(error)

    between = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # change threads as often as it goes
    try:
        threads = [threading.Thread(target=work, args=(call,)) for call in [explained, checked] * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(between)
    assert not failed
    assert len(found) == 1
    assert net.parameters()[0].grad is None


# ## Number types


class Size(enum.IntEnum):
    """Numbers with names: the type has no zero."""

    SMALL = 1
    LARGE = 3


class Half:
    """A number whose type knows no other number, as some of SymPy's."""

    def __init__(self, value="1/2"):
        if value != "1/2":
            raise ValueError(value)
        self.value = F(value)

    def __mul__(self, other):
        return self.value * getattr(other, "value", other)

    def __sub__(self, other):
        return self.value - getattr(other, "value", other)

    __rmul__ = __mul__


def test_number_whose_type_has_no_zero():
    x = Scalar(Size.LARGE)
    x.backward()
    assert x.grad == 1
    (-x).relu().backward()
    assert x.grad == 1
    from numbers import Real

    Real.register(Half)
    x = Scalar(Half())
    (x * 2).backward()
    x.backward()
    assert x.grad == 3
    assert x.maths.zero(Half()) == 0


@pytest.mark.parametrize(
    ("function", "derivative"),
    [
        (lambda x: x.log(), 0.25),
        (lambda x: x.exp(), math.exp(4)),
        (lambda x: x.tanh(), 1 - math.tanh(4) ** 2),
        (lambda x: x.sigmoid(), math.exp(-4) / (1 + math.exp(-4)) ** 2),
        (lambda x: x**x, 256 * (1 + math.log(4))),
        (lambda x: 2**x, 16 * math.log(2)),
        (lambda x: x.relu(kink=0.5), 1),
        (abs, 1),
        (leaky_relu, 1),
        (lambda x: leaky_relu(-x), -0.01),
        (lambda x: elu(-x, alpha=0.5), -math.exp(-4) / 2),
        (gelu, 1.000503),
    ],
    ids=range(12),
)
def test_functions_of_decimals(function, derivative):
    x = Scalar(D(4))
    function(x).backward()
    assert isinstance(x.grad, D)
    assert float(x.grad) == pytest.approx(derivative, rel=1e-5)


def test_infinite_exp_of_a_decimal():
    assert Scalar(D("1e30")).exp().data == D("Infinity")
    assert Scalar(D(-3)).relu().data == 0


def test_losses_of_decimals():
    x = Scalar(D(2))
    logistic(x, 1).backward()
    assert float(x.grad) == pytest.approx(-1 / (1 + math.exp(2)))
    z = [Scalar(D(0)), Scalar(D(0))]
    softmax_cross_entropy([z], [1]).backward()
    assert [logit.grad for logit in z] == [D("0.5"), D("-0.5")]
    x.zero_grad()
    (x * 3).backward(gradient=0.5)
    assert x.grad == D("1.5")


def test_kink_beside_decimals():
    x = Scalar(D(0))
    x.relu(kink=0.5).backward(gradient=3)
    assert x.grad == D("1.5")
    net = MLP([1, 1, 1], kink=0.5, init=[([[D(1)]], [D(0)]), ([[D(2)]], None)])
    net([[0]])[0][0].backward()
    assert net.gradients()["b1"] == [D("1.0")]


def test_gradcheck_of_decimals():
    x = Scalar(D(2))
    assert gradcheck(lambda: x**3, [x]) < D("1e-6")
    with pytest.raises(AssertionError, match="backward gives 5"):
        gradcheck(lambda: x.computed(x.data**3, x, 5), [x])


@pytest.mark.parametrize("optimiser", [SGD, Adam, RMSprop, Adagrad])
def test_optimisers_of_decimals(optimiser):
    ours, floats = Scalar(D(2)), Scalar(2.0)
    for w in ours, floats:
        step = optimiser([w], lr=0.5)
        for _ in range(3):
            w.zero_grad()
            (w * w).backward()
            step.step()
    assert isinstance(ours.data, D)
    assert float(ours.data) == pytest.approx(floats.data)


def test_widest_floats_become_pythons():
    assert type(Scalar(np.longdouble(2)).data) is float
    x = Tensor(np.longdouble([2]))
    assert x.dtype == np.float64
    assert SGD([x], lr=np.longdouble(0.5)).lr.__class__ is float


def test_large_whole_numbers_become_floats():
    assert Tensor([2**64]).dtype == np.float64
    assert Tensor([2**64, F(1, 2)]).dtype == object
    assert Tensor(np.array([1, 2], dtype=object)).dtype == object
    half = Tensor([F(1, 2)])
    assert (half + np.array([2**64])).data.tolist() == [2**64 + F(1, 2)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fraction_beside_an_array_of_floats(dtype):
    x = Tensor(np.array([-1, 2], dtype))
    for function in (
        lambda x: leaky_relu(x, F(1, 4)),
        lambda x: elu(x, F(1, 2)),
        lambda x: x.relu(F(1, 2)),
        lambda x: x * F(1, 2),
        lambda x: BatchNorm(eps=F(1, 8))(x.reshape(2, 1)),
    ):
        assert function(x).dtype == dtype
    average = MovingAverage([x], decay=F(1, 2))
    average.update()
    assert average.values[0].dtype == dtype
    assert type(RMSprop([x], alpha=F(1, 2)).alpha) is float
    assert type(SGD([x], lr=F(1, 2)).lr) is float


def test_fraction_of_no_axes():
    x = Tensor(F(1, 2))
    assert x.max().item() == F(1, 2)
    x.max().backward()
    assert x.grad.item() == 1
    assert (x.sum().item(), x.mean().item()) == (F(1, 2), F(1, 2))


class Column:
    """Like a column of a table of pandas: a method is called `mask`."""

    def mask(self):
        """Hide numbers."""

    def __array__(self, dtype=None, copy=None):
        return np.array([1.0, 2.0])


def test_column_of_a_table_is_no_masked_array():
    assert Tensor(Column()).data.tolist() == [1.0, 2.0]
    for hidden in np.ma.masked_array([1.0, 2.0], [True, False]), np.ma.masked_array([1.0]):
        with pytest.raises(TypeError, match="expected numbers or an array, got a MaskedArray"):
            Tensor(hidden)


@pytest.mark.parametrize("labels", [[1, 0], (1, 0), np.array([1, 0], object), range(1, -1, -1)])
def test_labels_are_whole_numbers_in_any_sequence(labels):
    z = Tensor([[0.0, 1.0], [2.0, 0.0]])
    numbers = [[Scalar(number) for number in row] for row in z.data.tolist()]
    loss = softmax_cross_entropy(z, labels)
    assert loss.item() == pytest.approx(softmax_cross_entropy(numbers, labels).item())


@pytest.mark.parametrize("truth", [True, np.True_])
def test_truth_value_is_no_number_and_no_index(truth):
    z = Tensor([[0.0, 1.0]])
    for call in (
        lambda: softmax_cross_entropy(z, [truth]),
        lambda: softmax_cross_entropy([[Scalar(0.0), Scalar(1.0)]], [truth]),
        lambda: weighted_mean([Scalar(1)], [truth]),
        lambda: Embedding(z)([truth]),
        lambda: MLP([truth, 1]),
        lambda: z.sum(truth),
        lambda: z.max(axis=(truth,)),
        lambda: z.transpose(0, truth),
        lambda: Scalar(truth),
        lambda: Tensor([truth, 1.5]),
        lambda: SGD([z], lr=truth),
        lambda: z.relu(kink=truth),
        lambda: leaky_relu(z, truth),
        lambda: elu(z, truth),
    ):
        with pytest.raises((TypeError, ValueError)):
            call()


def test_node_is_no_setting():
    node = Scalar(0.5)
    for call in (
        lambda: SGD([node], lr=node),
        lambda: node.relu(kink=node),
        lambda: leaky_relu(node, node),
        lambda: elu(node, node),
        lambda: Adam([node], betas=(node, node)),
        lambda: MovingAverage([node], decay=node),
        lambda: SGD([node], lr=Tensor(0.5)),
    ):
        with pytest.raises((TypeError, ValueError)):
            call()


# ## Axes, NaN, and the ends of the number line


def test_axes():
    x = Tensor(np.ones((2, 3)))
    with pytest.raises(ShapeError, match="twice"):
        x.sum(axis=(0, -2))
    assert x.transpose(-1, 0).shape == x.transpose((1, 0)).shape == x.transpose([1, 0]).shape
    assert x.transpose(-1, 0).shape == (3, 2)
    for wanted in (2.0, 3), (-1, -1), ("a",), (True, 2.5):
        with pytest.raises(ShapeError):
            x.reshape(*wanted)
    with pytest.raises(ShapeError):
        x.broadcast_to((2.5, 3))


@pytest.mark.parametrize("axis", [(0, 1), (1,), (), None, [0], True, 1.0])
def test_ops_along_one_axis_take_one(axis):
    x = Tensor(np.ones((2, 3)))
    calls = [lambda: concatenate([x, x], axis), lambda: stack([x, x], axis)]
    calls += [lambda: cumsum(x, axis)] + ([lambda: prod(x, axis)] if axis is not None else [])
    for call in calls:
        with pytest.raises(ShapeError, match="axis"):
            call()


def test_nan_keeps_to_itself():
    x = Tensor([[1.0, math.nan, 3.0], [1.0, 2.0, 2.0]])
    out = x.max(axis=1)
    assert math.isnan(out.data[0])
    out[1:].sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0, 0.0], [0.0, 0.5, 0.5]]
    x.zero_grad()
    assert (out.dleft * np.array([1.0, 1.0])).tolist() == [[0.0, 1.0, 0.0], [0.0, 0.5, 0.5]]
    with pytest.raises(ValueError, match=r"log of an array with -1\.0"):
        Tensor([math.nan, -1.0]).log()


@pytest.mark.parametrize("node", [Scalar, Tensor])
def test_zero_to_the_power_of_a_node(node):
    for exponent in 2.0, 0.5, 0.0:
        y = node(exponent)
        out = 0**y
        out.backward()
        assert (out.item(), float(y.grad)) == (0.0**exponent, 0.0)
    x, y = node(0.0), node(2.0)
    (x**y).backward()
    assert (float(x.grad), float(y.grad)) == (0.0, 0.0)
    with pytest.raises(ValueError, match="log of"):
        _ = (-2) ** y


@pytest.mark.parametrize("size", [1e200, 1e-200, 1.0])
def test_weight_norm_of_large_and_small_numbers(size):
    for direction in (
        [Scalar(3 * size), Scalar(-4 * size)],
        Tensor([3 * size, -4 * size]),
    ):
        weights = weight_norm(direction, gain=5)
        numbers = weights.data if isinstance(direction, Tensor) else [w.data for w in weights]
        assert list(numbers) == pytest.approx([3, -4])
        weights[0].backward()
        gradients = direction.grad if isinstance(direction, Tensor) else [v.grad for v in direction]
        assert [g * size for g in gradients] == pytest.approx([16 / 25, 12 / 25])


@pytest.mark.parametrize("node", [Scalar, Tensor])
def test_batch_that_is_too_large_to_square_is_refused(node):
    z = Tensor([[1e200], [-1e200]]) if node is Tensor else [[Scalar(1e200)], [Scalar(-1e200)]]
    with np.errstate(over="ignore"), pytest.raises(NotFiniteError, match="too large to square"):
        BatchNorm()(z)


def test_array_without_axes_is_a_number():
    y = Scalar(2.0)
    half_squared_error(y, np.array(1.0)).backward()
    assert y.grad == 1
    half_squared_error([[Scalar(2.0)]], [[np.array(1.0)]]).backward()
    assert clamp(Scalar(2), np.int64(0), np.int64(1)).data == 1


# ## gradcheck


def test_gradcheck_leaves_other_gradients_alone():
    w, b, c = Scalar(2.0), Scalar(1.0), Scalar(1.0)
    w.grad, c.grad = 7.0, 5.0
    gradcheck(lambda: (w * 3 + b * c) ** 2, [w])
    assert (w.grad, b.grad, c.grad) == (7.0, None, 5.0)


@pytest.mark.parametrize("value", [1e12, -1e12, 1e-3])
def test_gradcheck_of_large_numbers(value):
    for node in Scalar(value), Tensor([value]):
        gradcheck(
            lambda node=node: (
                (node * node / 2).sum() if node.__class__ is Tensor else node * node / 2
            ),
            [node],
        )
        with pytest.raises(AssertionError):
            gradcheck(lambda node=node: node.computed(node.data * 3, node, 2), [node])


def test_gradcheck_says_when_rounding_hides_the_slope():
    w = Scalar(1.0)
    with pytest.raises(AssertionError, match="its rounding alone may make that difference"):
        gradcheck(lambda: w + 1e12, [w])


# ## Reading a node


def test_reading_one_number():
    loss = Scalar(2) / 3
    assert (float(loss), f"{loss:.3f}", f"{loss}") == (2 / 3, "0.667", repr(loss))
    assert f"{Scalar(F(2, 3)):.3f}" == "0.667"
    assert f"{Tensor([0.5]):.2f}" == "0.50"
    assert float(Tensor([[0.5]])) == 0.5
    with pytest.raises(ShapeError, match="expected a single element"):
        float(Tensor([1.0, 2.0]))
    assert (Tensor(np.ones((2, 3))).ndim, Tensor(np.ones((2, 3))).size) == (2, 6)


def test_comparisons_are_of_values():
    one, two = Scalar(1), Scalar(2)
    assert (one < two, one <= 1, two > 1.5, two >= one) == (True,) * 4
    assert (two < one, two <= 1, one > 1.5, one >= two) == (False,) * 4
    assert max([one, two]) is two
    x = Tensor([1.0, 2.0])
    assert (x > 1).tolist() == [False, True]
    assert (x <= Tensor([0.0, 3.0])).tolist() == [False, True]
    assert (x < [2, 2]).tolist() == [True, False]
    assert (x >= 2).tolist() == [False, True]


def test_equal_means_the_same_node():
    one, other = Scalar(1), Scalar(1)
    assert one == one  # noqa: PLR0124
    assert one != other
    assert one in [other, one]
    assert one not in [other, None, "one"]
    assert len({one, other, one}) == 2
    for call in (lambda: one == 1, lambda: one == 1, lambda: one != 1.5, lambda: np.ones(2) == one):
        with pytest.raises(TypeError, match="would compare a node with its value"):
            call()


@pytest.mark.parametrize("node", [Scalar, Tensor])
def test_sign_and_absolute_value(node):
    for value, slope in (2.0, 1.0), (-2.0, -1.0), (0.0, 0.0):
        x = node(value)
        abs(x).backward()
        assert (abs(x).item(), float(x.grad)) == (abs(value), slope)
        assert +x is x
    assert math.isnan(sign(node(math.nan)).item())
