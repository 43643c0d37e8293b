"""Scalar: any kind of real number, kept as it is, and nothing else."""

import decimal
import operator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from sgdexplained import MLP, SGD, NotFiniteError, Scalar, ShapeError, half_squared_error

from .helpers import flat


@pytest.mark.parametrize("number", [3, 3.5, Fraction(1, 3), Decimal("0.1"), 10**30, -0.5], ids=repr)
def test_number_is_kept_as_it_is(number):
    node = Scalar(number)
    assert node.data is number
    node.backward()
    assert type(node.grad) is type(number)
    assert node.grad == 1


def test_integers_stay_integers():
    x = Scalar(3)
    y = x * x * 2 - x + 7
    y.backward()
    assert (y.data, x.grad) == (22, 11)
    assert type(x.grad) is int


def test_decimals_are_exact():
    x = Scalar(Decimal("0.1"))
    (x * x * 3).backward()
    assert x.grad == Decimal("0.6")
    assert isinstance(x.grad, Decimal)


def test_division_by_a_whole_number_keeps_fractions():
    """1 / 3 in Python is a float, and would end all exactness behind it."""
    x = Scalar(Fraction(1, 7))
    (x * x / 3).backward()
    assert x.grad == Fraction(2, 21)
    assert isinstance(x.grad, Fraction)


@pytest.mark.parametrize(
    "number", [np.float64(0.5), np.float32(0.5), np.int64(2), np.uint8(2), np.float16(2)], ids=repr
)
def test_numbers_of_numpy_become_numbers_of_python(number):
    """Scalar(np.float64(0.5)) is what a reader would see, and nothing that they typed."""
    x = Scalar(number)
    assert type(x.data) in (int, float)
    assert "np." not in repr(x)
    for y in (number * x, x * number, number + x, x - number, number - x, number / x, x / number):
        assert isinstance(y, Scalar)
        assert type(y.data) in (int, float)
        y.backward(number)
    assert type(x.grad) is float


def test_power_with_a_number_of_numpy_on_either_side():
    x = Scalar(3.0)
    left, right = np.float64(2) ** x, x ** np.float64(2)
    assert (left.data, right.data) == (8, 9)
    assert {type(left.data), type(right.data)} == {float}


def test_inputs_targets_and_learning_rates_of_numpy_leave_no_trace():
    net = MLP([2, 2, 1], init=[(np.eye(2), np.ones(2)), (np.ones((2, 1)), np.zeros(1))])
    loss = half_squared_error(net(np.array([[1.0, 2.0]])), np.array([[1.0]]))
    loss.backward()
    momentum, decay = np.float64(0.5), np.float32(0.5)
    rate = np.float64(0.5)
    SGD(net.parameters(), rate, momentum=momentum, weight_decay=decay).step()
    assert type(loss.data) is float
    layer = net.layers[0]
    for part in (net.values(), net.gradients(), layer.activations, layer.inputs, layer.deltas):
        assert {type(number) for number in flat(part)} == {float}


def test_learning_rate_of_numpy_given_later_leaves_no_trace():
    w = Scalar(2.0)
    w.backward()
    optimiser = SGD([w], lr=1.0)
    optimiser.lr = np.float64(0.5)
    optimiser.step()
    assert repr(w) == "Scalar(1.5)"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("3", "str: '3'"),
        (None, "NoneType: None"),
        (True, "bool: True"),
        (np.True_, "bool"),
        (1j, "complex: 1j"),
        (np.complex128(1), "complex128"),
        ([1], r"list: \[1\]"),
        (np.array([1.0]), "ndarray"),
        (Scalar(1), r"Scalar: Scalar\(1\)"),
    ],
    ids=repr,
)
def test_what_is_no_real_number_is_refused(given, named):
    with pytest.raises(TypeError, match=f"takes a real number, got .*{named}"):
        Scalar(given)


@pytest.mark.parametrize("given", [True, "2", None, 1j, [1.0]], ids=repr)
@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow"])
def test_constants_are_real_numbers_too(name, given):
    operation = getattr(operator, name)
    with pytest.raises(TypeError, match="takes a real number, got"):
        operation(Scalar(2.0), given)
    with pytest.raises(TypeError, match="takes a real number, got"):
        operation(given, Scalar(2.0))


@pytest.mark.parametrize("given", [True, "2", None, 1j, [1.0]], ids=repr)
def test_seed_is_a_real_number_too(given):
    with pytest.raises(TypeError, match="takes a real number, got"):
        Scalar(2.0).backward(given)


def test_division_by_zero_is_python_s():
    with pytest.raises(ZeroDivisionError):
        1 / Scalar(0.0)
    with pytest.raises(ZeroDivisionError):
        Scalar(1.0) / 0


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_backward_from_a_loss_that_is_not_finite_names_it(number):
    x = Scalar(number)
    with pytest.raises(NotFiniteError, match=f"loss is {number}, expected a finite number"):
        (x * 2).backward()
    assert x.grad is None


def test_power_too_large_for_a_float_is_reported_as_the_loss():
    with pytest.raises(NotFiniteError, match="loss is -inf"):
        (Scalar(-1e200) ** 3).backward()


def test_seed_has_the_number_type_of_the_loss():
    x = Scalar(Fraction(1, 2))
    (x * x).backward(3)
    assert x.grad == 3
    assert isinstance(x.grad, Fraction)


# ## Data changed between forward and backward: harmless


def test_changed_data_does_not_change_the_pass_that_was_run():
    w, v = Scalar(2.0), Scalar(3.0)
    h = w * v
    y = h * h + w.exp() - w
    expected = (2 * 6 * 3 + y.data - 36 + 2 - 1, 2 * 6 * 2)
    w.data, v.data, h.data, y.data = 100.0, 200.0, 300.0, 400.0
    y.backward()
    assert (w.grad, v.grad) == expected


def test_step_between_forward_and_backward_is_harmless():
    net = MLP([2, 3, 1], seed=3)
    x, t = [[1.0, 2.0], [0.5, -1.0]], [[1.0], [0.0]]
    half_squared_error(net(x), t).backward()
    expected = net.gradients()
    net.zero_grad()
    loss = half_squared_error(net(x), t)
    for parameter in net.parameters():
        parameter.grad = 1.0
    SGD(net.parameters(), lr=0.1).step()
    net.zero_grad()
    loss.backward()
    assert net.gradients() == expected


def test_inputs_changed_after_the_pass_are_harmless():
    net = MLP([2, 1], init=[([[1.0], [1.0]], None)])
    x = [[1.0, 2.0]]
    [[y]] = net(x)
    x[0][0] = 50.0
    y.backward()
    assert net.gradients()["W1"] == [[1.0], [2.0]]


# ## Printing


def test_repr_shows_the_number_as_python_does():
    assert repr(Scalar(0.5)) == "Scalar(0.5)"
    assert repr(Scalar(Fraction(1, 3))) == "Scalar(Fraction(1, 3))"


def test_a_decimal_and_a_float_do_not_mix():
    with pytest.raises((TypeError, decimal.FloatOperation)):
        Scalar(Decimal(1)) + 0.5


@pytest.mark.parametrize("row", [[True, 1.0], ["a", 1.0], [None, 1.0], [1j, 1.0]], ids=repr)
def test_inputs_of_a_layer_are_real_numbers(row):
    with pytest.raises(TypeError, match="takes a real number, got"):
        MLP([2, 1])([row])


@pytest.mark.parametrize("row", [[1.0], [1.0, 2.0, 3.0], []], ids=repr)
def test_row_of_another_length_is_named(row):
    with pytest.raises(ShapeError, match="expected a row of 2 inputs"):
        MLP([2, 1])([[1.0, 2.0], row])
