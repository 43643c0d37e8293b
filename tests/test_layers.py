"""Layers and networks: one set of words and numbers for both node types."""

import math
from fractions import Fraction

import numpy as np
import pytest

from sgdexplained import (
    MLP,
    SGD,
    Linear,
    NotFiniteError,
    Scalar,
    ShapeError,
    Tensor,
    half_squared_error,
    softmax_cross_entropy,
)

from .helpers import BENCH_VALUES, floats, fractions, has_minus_zero, listed

X = [[0.5, -1.0, 2.0], [1.5, 0.25, -0.5], [-2.0, 1.0, 0.75], [0.0, 0.0, 1.0]]
T = [[1.0, 0.0], [0.5, -1.0], [2.0, 2.0], [-1.0, 0.0]]


def softplus_like(z):
    return z * z / 4 + z


ACTIVATIONS = pytest.mark.parametrize(
    "activation", ["relu", "tanh", "sigmoid", None, softplus_like]
)
BOTH = pytest.mark.parametrize("node", [Scalar, Tensor])


def phi(activation, z):
    """Return an activation and its slope, by the calculus book."""
    s = 1 / (1 + np.exp(-z))
    return {
        "relu": (np.maximum(z, 0), (z > 0) * 1.0),
        "tanh": (np.tanh(z), 1 - np.tanh(z) ** 2),
        "sigmoid": (s, s * (1 - s)),
        None: (z, np.ones_like(z)),
        softplus_like: (z * z / 4 + z, z / 2 + 1),
    }[activation]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@BOTH
@ACTIVATIONS
def test_everything_of_a_pass_can_be_read_and_is_what_the_formulas_say(activation, node, reduction):
    """Z = A W + b, gates, deltas D = U * G, U = D Wᵀ, dW = Aᵀ D, row by row."""
    net = MLP([3, 4, 2], node=node, activation=activation, output="tanh", seed=5)
    half_squared_error(net(X), T, reduction=reduction).backward()
    first, last = net.layers
    W1, b1, W2, b2 = (np.array(value) for value in net.values().values())
    a0 = np.array(X)
    z1 = a0 @ W1 + b1
    a1, g1 = phi(activation, z1)
    z2 = a1 @ W2 + b2
    a2, g2 = phi("tanh", z2)
    d2 = (a2 - np.array(T)) * g2 / (len(X) if reduction == "mean" else 1)
    d1 = d2 @ W2.T * g1

    def same(one, other):
        np.testing.assert_allclose(np.array(one), other, rtol=1e-12, atol=1e-14)

    for layer, a, z, out, g, d in ((first, a0, z1, a1, g1, d1), (last, a1, z2, a2, g2, d2)):
        same(layer.inputs, a)
        same(layer.pre_activations, z)
        same(layer.activations, out)
        same(layer.derivatives, g)
        same(layer.deltas, d)
    gradients = net.gradients()
    same(gradients["W1"], a0.T @ d1)
    same(gradients["b1"], d1.sum(axis=0))
    same(gradients["W2"], a1.T @ d2)
    same(gradients["b2"], d2.sum(axis=0))


@pytest.mark.parametrize("init", ["he", "xavier", "uniform"])
@pytest.mark.parametrize("bias", [True, False])
@ACTIVATIONS
def test_networks_of_scalars_and_of_tensors_give_the_same_numbers(activation, bias, init):
    results = []
    for node in (Scalar, Tensor):
        net = MLP([3, 4, 4, 2], node, activation, init=init, bias=bias, seed=7)
        optimiser = SGD(net.parameters(), lr=0.05, momentum=0.5)
        for _ in range(3):
            net.zero_grad()
            loss = softmax_cross_entropy(net(X), [0, 1, 1, 0])
            loss.backward()
            optimiser.step()
        results.append((net, float(loss.data)))
    (one, loss_one), (other, loss_other) = results
    assert loss_one == pytest.approx(loss_other, rel=1e-13)
    assert list(one.values()) == list(other.values())
    for name in one.values():
        for read in ("values", "gradients"):
            left, right = getattr(one, read)()[name], getattr(other, read)()[name]
            np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-13)
    for left, right in zip(one.layers, other.layers, strict=True):
        assert left.shape == right.shape
        for read in ("inputs", "pre_activations", "activations", "derivatives", "deltas"):
            got = getattr(right, read)
            assert isinstance(got, np.ndarray) or read == "inputs"
            np.testing.assert_allclose(getattr(left, read), got, rtol=1e-10, atol=1e-13)


def test_one_seed_gives_one_network_and_another_seed_another():
    def drawn(node, seed):
        return [listed(value) for value in MLP([2, 3, 1], node, seed=seed).values().values()]

    assert drawn(Scalar, 0) == drawn(Scalar, 0) == drawn(Tensor, 0)
    assert drawn(Scalar, 0) != drawn(Scalar, 1)


@pytest.mark.parametrize(
    ("init", "variance", "limit"),
    [("he", 2 / 40, None), ("xavier", 2 / 100, math.sqrt(6 / 100)), ("uniform", 1 / 3, 1)],
)
def test_drawn_weights_have_the_spread_they_are_named_for(init, variance, limit):
    net = MLP([40, 60], Tensor, init=init, seed=3)
    weight = net.values()["W1"]
    assert weight.var() == pytest.approx(variance, rel=0.1)
    assert abs(weight.mean()) < 0.03
    assert limit is None or abs(weight).max() <= limit
    assert not net.values()["b1"].any()


@BOTH
def test_weight_j_k_goes_from_unit_j_to_unit_k(node):
    net = MLP([2, 3], node, init=[([[1.0, 10.0, 100.0], [2.0, 20.0, 200.0]], [0.0, 0.0, 7.0])])
    net([[1.0, 0.0]])
    assert listed(net.layers[0].pre_activations) == [[1, 10, 107]]
    net([[0.0, 1.0]])
    assert listed(net.layers[0].pre_activations) == [[2, 20, 207]]


@BOTH
def test_batch_is_worked_off_as_if_each_example_were_alone(node):
    net = MLP([3, 4, 2], node, seed=1)
    half_squared_error(net(X), T, reduction="sum").backward()
    whole = [np.array(layer.deltas) for layer in net.layers]
    gates = [np.array(layer.derivatives) for layer in net.layers]
    summed = {name: np.array(value) for name, value in net.gradients().items()}
    net.zero_grad()
    for row in range(len(X)):
        half_squared_error(net(X[row : row + 1]), T[row : row + 1]).backward()
        for index, layer in enumerate(net.layers):
            np.testing.assert_allclose(np.array(layer.deltas)[0], whole[index][row], rtol=1e-12)
            np.testing.assert_array_equal(np.array(layer.derivatives)[0], gates[index][row])
    for name, value in net.gradients().items():
        np.testing.assert_allclose(np.array(value), summed[name], rtol=1e-12)


@BOTH
def test_before_a_pass_there_is_nothing_to_read(node):
    layer = MLP([2, 3, 1], node).layers[0]
    read = (layer.inputs, layer.pre_activations, layer.activations, layer.derivatives, layer.deltas)
    assert read == (None,) * 5


@BOTH
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_before_a_backward_pass_there_are_no_deltas(node, activation):
    net = MLP([2, 3, 1], node, activation)
    net([[1.0, 2.0], [1.0, 2.0]])
    assert np.all(np.equal(np.array(net.layers[0].deltas, dtype=object), None))
    assert all(np.all(np.equal(np.array(g, dtype=object), None)) for g in net.gradients().values())


@BOTH
def test_asking_for_gates_changes_nothing(node):
    net = MLP([2, 3, 1], node, "tanh")
    half_squared_error(net([[1.0, 2.0]]), [[1.0]]).backward()
    gradients, deltas = net.gradients(), net.layers[0].deltas
    assert net.layers[0].derivatives is not None
    for name in gradients:
        np.testing.assert_array_equal(net.gradients()[name], gradients[name])
    np.testing.assert_array_equal(net.layers[0].deltas, deltas)


@pytest.mark.parametrize("kink", [0, 0.5, 1])
@BOTH
def test_kink_is_the_gate_of_a_unit_at_exactly_zero(node, kink):
    net = MLP(
        [1, 2, 1], node, init=[([[1.0, -1.0]], [0.0, 0.0]), ([[1.0], [1.0]], [0.0])], kink=kink
    )
    [[y]] = [net([[0.0]])] if node is Tensor else net([[0.0]])
    y.backward() if node is Scalar else y.sum().backward()
    layer = net.layers[0]
    assert listed(layer.derivatives) == [[kink, kink]]
    assert listed(layer.deltas) == [[kink, kink]]
    assert listed(net.gradients()["b1"]) == [kink, kink]


@BOTH
def test_fractions_stay_exact_through_a_network(node):
    x, t = [[1, 2], [2, 1], [-2, 1]], [[1], [-1], [2]]
    net = MLP([2, 3, 1], node, init=fractions(BENCH_VALUES))
    half_squared_error(net(x), t).backward()
    approximate = MLP([2, 3, 1], node, init=floats(BENCH_VALUES))
    half_squared_error(approximate(x), t).backward()
    for name, gradient in net.gradients().items():
        numbers = list(np.array(gradient, dtype=object).flat)
        assert all(isinstance(number, Fraction) for number in numbers)
        close = np.array(approximate.gradients()[name]).ravel()
        assert [float(number) for number in numbers] == pytest.approx(close.tolist(), rel=1e-14)
    assert net.gradients()["b1"][1] == Fraction(6, 3)


@BOTH
def test_no_minus_zero_is_shown(node):
    net = MLP([2, 3, 1], node, init=floats(BENCH_VALUES))
    half_squared_error(net([[1.0, 2.0], [-0.0, 0.0]]), [[9.0], [9.0]]).backward()
    for layer in net.layers:
        assert not any(has_minus_zero(part) for part in (layer.deltas, layer.derivatives))
    assert not any(has_minus_zero(gradient) for gradient in net.gradients().values())
    for parameter in net.parameters():
        assert not has_minus_zero(np.asarray(parameter.grad))


def test_inputs_may_be_nodes_and_then_get_a_gradient():
    values = [([[2.0, -1.0]], [0.0, 0.0]), ([[1.0], [3.0]], [0.0])]
    x = Scalar(1.0)
    MLP([1, 2, 1], init=values)([[x]])[0][0].backward()
    assert x.grad == 2
    x = Tensor([[1.0]])
    MLP([1, 2, 1], Tensor, init=values)(x).backward()
    assert x.grad == 2
    x = Tensor([[1.0]], requires_grad=False)
    MLP([1, 2, 1], Tensor, init=values)(x).backward()
    assert x.grad is None


def test_inputs_may_mix_numbers_and_nodes():
    x = Scalar(3.0)
    layer = Linear([[Scalar(2.0)], [Scalar(5.0)], [Scalar(7.0)]])
    [[z]] = layer([[1.0, x, 4]])
    z.backward()
    assert (z.data, x.grad) == (45, 5)
    assert [row[0].grad for row in layer.weight] == [1, 3, 4]


def test_frozen_weight_takes_no_gradient_and_lets_it_through():
    frozen = Linear(Tensor([[2.0]], requires_grad=False), Tensor([1.0]), "relu")
    x = Tensor([[3.0]])
    frozen(x).backward()
    assert frozen.weight.grad is None
    assert (x.grad, frozen.bias.grad) == (2, 1)


def test_float32_network_stays_float32():
    net = MLP([2, 2, 1], lambda numbers: Tensor(np.asarray(numbers, np.float32)))
    loss = half_squared_error(net([[1.0, 2.0]]), [[1.0]])
    loss.backward()
    SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1).step()
    assert loss.dtype == np.float32
    assert {p.dtype for p in net.parameters()} == {p.grad.dtype for p in net.parameters()}
    assert {p.dtype for p in net.parameters()} == {np.dtype(np.float32)}


# ## Names


@BOTH
def test_parameters_have_names(node):
    net = MLP([2, 3, 1], node, bias=True)
    names = list(net.named_parameters())
    if node is Tensor:
        assert names == ["W1", "b1", "W2", "b2"]
    else:
        assert len(names) == 13
        assert (names[0], names[5], names[6], names[-1]) == (
            "W1[0][0]",
            "W1[1][2]",
            "b1[0]",
            "b2[0]",
        )
    assert list(net.values()) == list(net.gradients()) == ["W1", "b1", "W2", "b2"]
    assert list(MLP([2, 3, 1], node, bias=False).values()) == ["W1", "W2"]
    assert repr(net.layers[0]) == "Linear(2 -> 3, activation=relu)"


@BOTH
def test_what_is_not_finite_is_reported_by_name(node):
    net = MLP([2, 3, 1], node)
    half_squared_error(net([[1.0, 2.0]]), [[0.0]]).backward()
    net.check_finite()
    bad, worse = list(net.named_parameters().items())[1:3]
    bad[1].data = bad[1].data * math.inf + 1 if node is Scalar else np.full(bad[1].shape, np.inf)
    worse[1].grad = worse[1].data * math.nan
    with pytest.raises(NotFiniteError) as caught:
        net.check_finite()
    assert str(caught.value) == f"not finite: {bad[0]}, gradient of {worse[0]}"


@BOTH
def test_infinite_output_is_never_trained_on(node):
    net = MLP([1, 1], node, init=[([[1e200]], [0.0])])
    with np.errstate(over="ignore"):
        loss = half_squared_error(net([[1e200]]), [[0.0]])
    with pytest.raises(NotFiniteError, match="the loss is inf"):
        loss.backward()


# ## Bad input


@pytest.mark.parametrize(
    "sizes",
    [[], [3], [2, 0], [2, -1, 1], [2, 1.5], ["2", 1]],
    ids=str,
)
def test_sizes_are_positive_integers(sizes):
    with pytest.raises(ValueError, match="expected two or more positive integers"):
        MLP(sizes)


@pytest.mark.parametrize("init", ["normal", "He", ""])
def test_unknown_initialisation_names_the_known_ones(init):
    with pytest.raises(ValueError, match=f"init is '{init}', expected 'he', 'xavier', 'uniform'"):
        MLP([2, 1], init=init)


@pytest.mark.parametrize("activation", ["gelu", "ReLU", 3, ""])
@pytest.mark.parametrize("where", ["activation", "output"])
def test_unknown_activation_names_the_known_ones(activation, where):
    with pytest.raises(ValueError, match=f"activation is {activation!r}, expected 'relu', 'tanh'"):
        MLP([2, 2, 1], **{where: activation})


@pytest.mark.parametrize("kink", [-0.1, 1.5, math.nan, True])
@BOTH
def test_kink_is_checked_when_the_network_is_made(kink, node):
    with pytest.raises(ValueError, match=f"kink is {kink}, expected a number from 0 to 1"):
        MLP([2, 2, 1], node, kink=kink)


@BOTH
def test_values_that_do_not_fit_name_both_shapes(node):
    with pytest.raises(ShapeError, match=r"weights of layer 1 are \(2, 2\), expected \(2, 3\)"):
        MLP([2, 3], node, init=[([[1.0, 2.0], [3.0, 4.0]], [0.0, 0.0])])
    with pytest.raises(ShapeError, match=r"shape \(1, 2\) and biases of shape \(3,\)"):
        MLP([1, 2], node, init=[([[1.0, 2.0]], [0.0, 0.0, 0.0])])
    with pytest.raises(ShapeError, match="init has values for 1 layers, expected 2"):
        MLP([1, 2, 1], node, init=[([[1.0, 2.0]], None)])


def test_weights_are_nodes():
    with pytest.raises(TypeError, match="a weight is 1.0, expected a Scalar"):
        Linear([[1.0, 2.0]])
    with pytest.raises(ShapeError, match=r"expected \(n, m\) and \(m,\)"):
        Linear(Tensor([1.0, 2.0]))


@pytest.mark.parametrize(
    "inputs", [[1.0, 2.0], [[1.0]], [[1.0, 2.0, 3.0]], [[[1.0, 2.0]]], 1.0], ids=str
)
def test_inputs_of_tensors_that_do_not_fit_name_both_shapes(inputs):
    with pytest.raises(
        ShapeError, match=r"shape \(2, 3\) expects inputs of shape \(B, 2\).*got \("
    ):
        MLP([2, 3], Tensor)(inputs)


@pytest.mark.parametrize(
    "inputs",
    [[1.0, 2.0], [[1.0]], [[1.0, 2.0, 3.0]]],
    ids=str,
)
def test_inputs_of_scalars_that_do_not_fit_tell_what_was_given(inputs):
    with pytest.raises(ShapeError, match="an example is .*, expected a row of 2 inputs"):
        MLP([2, 3])(inputs)


@pytest.mark.parametrize("wrong", [True, "1", None], ids=repr)
def test_inputs_of_tensors_are_real_numbers(wrong):
    with pytest.raises(TypeError, match="takes .*real number"):
        MLP([1, 3], Tensor)([[wrong]])


@BOTH
def test_empty_batch_reaches_the_loss_and_is_refused_there(node):
    net = MLP([2, 1], node)
    outputs = net([] if node is Scalar else np.ones((0, 2)))
    with pytest.raises(ShapeError, match="batch is empty"):
        half_squared_error(outputs, outputs if node is Scalar else np.ones((0, 1)))
