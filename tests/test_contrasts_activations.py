"""Other activations: inactive is not shut, loud is not open, and the kink is a convention."""

import math
import subprocess
import sys
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest

from sgdexplained import MLP, SGD, Scalar, Tensor, gradcheck, half_squared_error
from sgdexplained.contrasts import activations
from sgdexplained.contrasts.activations import (
    clamp,
    clamp_min,
    elu,
    gelu,
    hard_tanh,
    leaky_relu,
    maximum,
    relu,
    relu6,
    silu,
)

NORMAL = NormalDist()
LINE = [-9, -2.5, -0.75, -0.125, 0.125, 0.5, 2.5, 5.5, 7]  # on no kink of any function


def logistic(x):
    return 1 / (1 + math.exp(-x))


# name: the function, and its value and slope in textbook form
FORMS = {
    "leaky_relu": (
        leaky_relu,
        lambda x: x if x > 0 else x / 100,
        lambda x: 1 if x > 0 else 1 / 100,
    ),
    "elu": (elu, lambda x: x if x > 0 else math.expm1(x), lambda x: 1 if x > 0 else math.exp(x)),
    "gelu": (
        gelu,
        lambda x: x * math.erfc(-x / math.sqrt(2)) / 2,
        lambda x: NORMAL.cdf(x) + x * NORMAL.pdf(x),
    ),
    "silu": (
        silu,
        lambda x: x * logistic(x),
        lambda x: logistic(x) + x * logistic(x) * (1 - logistic(x)),
    ),
    "relu6": (relu6, lambda x: min(max(x, 0), 6), lambda x: int(0 < x < 6)),
    "hard_tanh": (hard_tanh, lambda x: min(max(x, -1), 1), lambda x: int(-1 < x < 1)),
    "relu": (relu, lambda x: max(x, 0), lambda x: int(x > 0)),
    "maximum": (maximum, lambda x: max(x, 0), lambda x: int(x > 0)),
    "clamp": (lambda x: clamp(x, -1, 5), lambda x: min(max(x, -1), 5), lambda x: int(-1 < x < 5)),
    "clamp_min": (clamp_min, lambda x: max(x, 0), lambda x: int(x > 0)),
}
SMOOTH = ["elu", "gelu", "silu"]
PIECEWISE = [name for name in FORMS if name not in SMOOTH]


def value_and_slope(function, x):
    z = Scalar(x)
    a = function(z)
    a.backward()
    return a.data, z.grad


# ## Values and slopes


@pytest.mark.parametrize("name", FORMS)
def test_scalars_follow_the_closed_form(name):
    function, value, slope = FORMS[name]
    for x in LINE:
        assert value_and_slope(function, x) == pytest.approx((value(x), slope(x)), abs=1e-14)


@pytest.mark.parametrize("name", FORMS)
def test_scalar_slope_is_what_differences_say(name):
    for x in LINE:
        z = Scalar(x)
        gradcheck(lambda z=z: FORMS[name][0](z), [z])


@pytest.mark.parametrize("name", FORMS)
def test_tensor_slope_is_what_differences_say(name):
    z = Tensor([LINE, LINE[::-1]])
    upstream = np.arange(1, 1 + z.data.size).reshape(z.shape)

    def loss():
        return (FORMS[name][0](z) * upstream).sum()

    gradcheck(loss, [z])


@pytest.mark.parametrize("name", FORMS)
def test_scalar_and_one_by_one_tensor_agree(name):
    for x in [*LINE, 0.0, 6.0, -1.0, 1.0]:
        z = Tensor([[x]])
        a = FORMS[name][0](z)
        a.backward()
        expected = value_and_slope(FORMS[name][0], x)
        assert (a.item(), z.grad.item()) == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", FORMS)
def test_float32_stays_float32_on_the_way_out_and_back(name):
    function, value, slope = FORMS[name]
    z = Tensor(np.array([LINE], dtype=np.float32))
    a = function(z)
    a.sum().backward()
    assert {a.dtype, a.dleft.factor.dtype, z.grad.dtype} == {np.dtype(np.float32)}
    assert a.data[0] == pytest.approx([value(x) for x in LINE], rel=2e-6, abs=2e-7)
    assert z.grad[0] == pytest.approx([slope(x) for x in LINE], rel=2e-6, abs=2e-7)


@pytest.mark.parametrize("name", PIECEWISE)
def test_piecewise_linear_functions_keep_fractions_exact(name):
    def function(x):
        return leaky_relu(x, Fraction(1, 100)) if name == "leaky_relu" else FORMS[name][0](x)

    numbers = [Fraction(n, 3) for n in (-8, -2, 1, 4, 11, 20)]
    exact = [FORMS[name][1](x) for x in numbers]
    tensor = Tensor(numbers)
    scalars = [Scalar(x) for x in numbers]
    assert [function(z).data for z in scalars] == exact
    assert function(tensor).data.tolist() == exact
    assert gradcheck(lambda: sum(function(z) for z in scalars), scalars) == 0
    assert gradcheck(lambda: function(tensor).sum(), [tensor]) == 0
    function(tensor).sum().backward()
    assert tensor.grad.tolist() == [value_and_slope(function, x)[1] for x in numbers]
    assert all(isinstance(x, int | Fraction) for x in tensor.grad.tolist())


@pytest.mark.parametrize("name", PIECEWISE)
def test_integers_stay_integers_where_the_slope_is_one(name):
    a, slope = value_and_slope(FORMS[name][0], 3)
    if name == "hard_tanh":
        assert (a, slope) == (1, 0)
    else:
        assert (a, slope) == (3, 1)
    assert isinstance(a, int)


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_functions_of_fractions_give_floats(name):
    a, slope = value_and_slope(FORMS[name][0], Fraction(-1, 2))
    assert (a, slope) == pytest.approx(value_and_slope(FORMS[name][0], -0.5))
    tensor = Tensor([Fraction(-1, 2), Fraction(1, 2)])
    assert FORMS[name][0](tensor).data[0] == pytest.approx(a)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("x", [-0.75, Fraction(-3, 4), 0.5, Fraction(1, 2)])
def test_an_array_without_axes_is_an_array_too(name, x):
    z = Tensor(x)
    a = FORMS[name][0](z)
    a.backward()
    assert a.shape == z.grad.shape == ()
    expected = value_and_slope(FORMS[name][0], x)
    assert (a.item(), z.grad.item()) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", FORMS)
def test_the_far_ends_neither_overflow_nor_print_a_minus_zero(name):
    function, value, _ = FORMS[name]
    ends = [-1000.0, 700.0]
    for x in ends:
        a, slope = value_and_slope(function, x)
        assert a == pytest.approx(min(max(x, 0), value(700.0)) if x < 0 else value(x), abs=10.001)
        assert 0 <= slope <= 1
    z = Tensor(ends)
    a = function(z)
    a.sum().backward()
    assert np.isfinite(a.data).all()
    assert "-0.0" not in str(a.data.tolist() + z.grad.tolist())


@pytest.mark.parametrize("name", FORMS)
def test_not_a_number_is_not_turned_into_a_number(name):
    assert math.isnan(FORMS[name][0](Scalar(math.nan)).data)
    assert np.isnan(FORMS[name][0](Tensor([math.nan, 1.0])).data).tolist() == [True, False]


def test_gelu_is_exactly_zero_only_where_floats_end():
    assert value_and_slope(gelu, -8.3)[0] < 0 == value_and_slope(gelu, -8.4)[0]
    single = gelu(Tensor(np.array([-5.5, -5.6], np.float32)))
    assert (single.data < 0).tolist() == [True, False]


# ## Conventions at the kinks

KINKS = [
    (relu, 0, 0),
    (maximum, 0, 0.5),
    (clamp_min, 0, 1),
    (clamp, 0, 1),
    (leaky_relu, 0, 0.01),
    (lambda x: leaky_relu(x, 0.25), 0, 0.25),
    (relu6, 0, 0),
    (relu6, 6, 0),
    (lambda x: clamp(x, 0, 6), 0, 1),
    (lambda x: clamp(x, 0, 6), 6, 1),
    (hard_tanh, -1, 0),
    (hard_tanh, 1, 0),
    (elu, 0, 1),
    (lambda x: elu(x, 0.5), 0, 0.5),
    (lambda x: maximum(x, 2), 2, 0.5),
]


@pytest.mark.parametrize(("function", "x", "slope"), KINKS)
def test_slope_at_the_kink_is_the_one_that_is_documented(function, x, slope):
    for number in (x, float(x), Fraction(x)):
        assert value_and_slope(function, number)[1] == slope
    for array in (np.array([x, x], float), np.array([x, x], np.float32)):
        z = Tensor(array)
        function(z).sum().backward()
        assert z.grad.tolist() == pytest.approx([slope, slope], rel=1e-7)


def test_next_to_a_kink_there_is_no_convention():
    for edge in (0.0, 6.0):
        below, above = math.nextafter(edge, -9), math.nextafter(edge, 9)
        inside = [value_and_slope(relu6, x)[1] for x in (below, above)]
        assert inside == ([0, 1] if edge == 0 else [1, 0])
    for edge in (-1.0, 1.0):
        below, above = math.nextafter(edge, -9), math.nextafter(edge, 9)
        inside = [value_and_slope(hard_tanh, x)[1] for x in (below, above)]
        assert inside == ([0, 1] if edge == -1 else [1, 0])


@pytest.mark.parametrize(
    ("spelling", "learns"), [(relu, False), (maximum, True), (clamp_min, True), (clamp, True)]
)
def test_the_spelling_of_relu_decides_whether_a_layer_of_zeros_ever_learns(spelling, learns):
    init = [([[0.0, 0.0, 0.0]], [0.0, 0.0, 0.0]), ([[1.0], [-1.0], [0.5]], [0.0])]
    net = MLP([1, 3, 1], Tensor, activation=spelling, init=init)
    inputs, targets = [[1.0], [-1.0]], [[1.0], [3.0]]
    optimiser = SGD(net.parameters(), lr=0.1)
    for _ in range(500):
        net.zero_grad()
        half_squared_error(net(inputs), targets).backward()
        optimiser.step()
    loss = half_squared_error(net(inputs), targets).item()
    weights = net.values()
    if learns:
        assert loss < 1e-6
    else:  # half the variance of the targets is left, and the output bias is their mean
        assert loss == pytest.approx(0.5, abs=1e-12)
        assert weights["b2"].tolist() == pytest.approx([2])
        assert not weights["W1"].any()
        assert weights["W2"].tolist() == [[1.0], [-1.0], [0.5]]


# ## Silent or shut: chain x = 1 -> z -> a -> y = 2a, loss y


def chain(function, z):
    w_in, w_out = Scalar(z), Scalar(2)
    a = function(w_in * 1)
    (a * w_out).backward()
    return a.data, w_in.grad, w_out.grad


@pytest.mark.parametrize(
    ("function", "z", "a", "into", "out"),
    [
        (relu, -2, 0, 0, 0),
        (relu, 2, 2, 2, 2),
        (lambda z: z.tanh(), 0, 0, 2, 0),
        (gelu, 0, 0, 1, 0),
        (relu6, 7, 6, 0, 6),
        (hard_tanh, 2, 1, 0, 1),
        (silu, -1.27846454276107, -0.27846454276107, 0, -0.27846454276107),
        (lambda z: z.sigmoid(), 10, 0.99995, 9.1e-5, 0.99995),
        (lambda z: z.sigmoid(), -10, 4.5e-5, 9.1e-5, 4.5e-5),
    ],
)
def test_silent_and_shut_come_apart_everywhere_but_in_relu(function, z, a, into, out):
    assert chain(function, z) == pytest.approx((a, into, out), rel=0.01, abs=1e-12)


def test_silu_and_gelu_are_shut_at_one_point_and_turn_the_sign_left_of_it():
    for function, point in ((silu, -1.2785), (gelu, -0.7518)):
        assert value_and_slope(function, point - 5e-5)[1] < 0
        assert value_and_slope(function, point + 5e-5)[1] > 0
        assert value_and_slope(function, -4)[1] < 0
    assert value_and_slope(gelu, -2)[1] == pytest.approx(-0.0852, abs=5e-5)


def test_at_the_minimum_of_silu_the_activation_is_z_plus_one():
    z = -1.27846454276107
    assert value_and_slope(silu, z) == pytest.approx((z + 1, 0), abs=1e-14)


BENCH = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]


def test_leaky_relu_teaches_the_unit_that_relu_silences():
    slope = Fraction(1, 100)
    net = MLP([2, 3, 1], activation=lambda z: leaky_relu(z, slope), init=BENCH)
    half_squared_error(net([[Fraction(1), Fraction(2)]]), [[Fraction(1)]]).backward()
    hidden, gradients = net.layers[0], net.gradients()
    assert hidden.activations[0][1] == Fraction(-2, 100)
    assert hidden.deltas[0][1] == Fraction(192, 10_000)
    assert [row[1] for row in gradients["W1"]] == [Fraction(192, 10_000), Fraction(384, 10_000)]
    assert gradients["W2"][1] == [Fraction(-192, 10_000)]


def balance(function):
    """Return, for each unit of the bench, the sums of weight times gradient before and after it."""
    net = MLP([2, 3, 1], activation=function, init=BENCH)
    half_squared_error(net([[Fraction(1), Fraction(2)]]), [[Fraction(1)]]).backward()
    w, g = net.values(), net.gradients()
    return [
        (
            sum(w["W1"][j][k] * g["W1"][j][k] for j in range(2)) + w["b1"][k] * g["b1"][k],
            w["W2"][k][0] * g["W2"][k][0],
        )
        for k in range(3)
    ]


def test_units_balance_for_leaky_relu_and_not_for_gelu():
    assert all(
        before == after for before, after in balance(lambda z: leaky_relu(z, Fraction(1, 4)))
    )
    assert all(abs(before - after) > 0.01 for before, after in balance(gelu))


def test_a_sigmoid_slope_is_never_zero_holds_for_real_numbers_only():
    exact, rounded = Tensor([-104.0]), Tensor(np.array([-104.0], np.float32))
    for z in (exact, rounded):
        z.sigmoid().sum().backward()
    assert exact.grad[0] > 0
    assert rounded.grad[0] == 0


# ## In a network


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("node", [Scalar, Tensor])
def test_every_function_is_an_activation_of_a_network(name, node):
    function = FORMS[name][0]
    net = MLP([2, 4, 1], node, activation=function, init="uniform", seed=3)
    x, t = [[1.5, -0.5], [-2.0, 0.25]], [[1.0], [0.0]]
    gradcheck(lambda: half_squared_error(net(x), t), net.parameters())
    z, gates = net.layers[0].pre_activations, net.layers[0].derivatives
    for row, slopes in zip(z, gates, strict=True):
        expected = [value_and_slope(function, float(one))[1] for one in row]
        assert list(slopes) == pytest.approx(expected)


# ## Errors, and what is not loaded


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: leaky_relu(x, 2), ValueError, "slope is 2, expected a number from 0 to 1"),
        (lambda x: leaky_relu(x, -0.1), ValueError, "slope is -0.1, expected"),
        (lambda x: leaky_relu(x, True), ValueError, "slope is True, expected"),
        (lambda x: elu(x, 0), ValueError, "alpha is 0, expected a number above 0"),
        (lambda x: elu(x, math.inf), ValueError, "alpha is inf, expected"),
        (lambda x: maximum(x, "a"), TypeError, "takes (a )?real number"),
        (lambda x: clamp(x, "a"), TypeError, "a (Scalar|Tensor) takes (a )?real number"),
        (lambda x: clamp(x, 0, "a"), TypeError, "takes (a )?real numbers?, got"),
        (lambda x: clamp(x, 2, 1), ValueError, "low is 2 and high is 1, expected"),
        (lambda x: clamp_min(x, True), TypeError, "takes (a )?real number.*bool"),
    ],
)
def test_errors_say_what_was_given_and_what_was_expected(call, error, words):
    for x in (Scalar(1.0), Tensor([1.0])):
        with pytest.raises(error, match=words):
            call(x)


def test_activations_and_optimisers_of_scalars_load_no_numpy():
    program = """
import sys
sys.modules["numpy"] = None  # importing it would now be an error
from sgdexplained import Scalar
from sgdexplained.contrasts import *
w = Scalar(1.5)
for phi in relu, maximum, clamp, clamp_min, leaky_relu, elu, gelu, silu, relu6, hard_tanh:
    phi(w).backward()
for kind in SignSGD, Adagrad, RMSprop, Adam, AdamW:
    kind([w], lr=0.1).step()
MovingAverage([w]).update()
weight_norm([w], 1)[0].backward()
BatchNorm()(Dropout(keep=1)(Embedding([[Scalar(1)], [Scalar(2)]])([0, 1])))[0][0].backward()
print(w.data < 1.5)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (run.stdout.strip(), run.stderr) == ("True", "")


def test_the_core_never_imports_the_cabinet():
    program = """
import sys
import sgdexplained
for name in dir(sgdexplained):
    getattr(sgdexplained, name)
print([name for name in sys.modules if "contrasts" in name])
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (run.stdout.strip(), run.stderr) == ("[]", "")


def test_every_public_function_of_the_page_is_tested_above():
    defined = {
        name
        for name, value in vars(activations).items()
        if getattr(value, "__module__", "") == activations.__name__ and not name.startswith("_")
    }
    assert defined == set(FORMS)
