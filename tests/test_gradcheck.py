"""gradcheck: exact where it can be, off the kinks, and not to be fooled."""

import math
from fractions import Fraction

import numpy as np
import pytest

from sgdexplained import MLP, Scalar, Tensor, gradcheck, half_squared_error, softmax_cross_entropy
from sgdexplained.sgd import SGD

from .helpers import BENCH_1, BENCH_4, bench, floats


@pytest.mark.parametrize("node", [Scalar, Tensor])
@pytest.mark.parametrize("batch", [BENCH_1, BENCH_4], ids=["one", "four"])
def test_error_is_exactly_zero_with_fractions(node, batch):
    """Every slice of the loss is quadratic between kinks, and there a difference is exact."""
    net = bench(node)
    x, t = batch
    error = gradcheck(lambda: half_squared_error(net(x), t), net.parameters())
    assert error == 0
    assert isinstance(error, (int, Fraction))


@pytest.mark.parametrize("node", [Scalar, Tensor])
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_floats_agree_to_rounding(node, activation):
    net = MLP([2, 3, 2], node, activation, seed=4)
    x = [[1.0, 2.0], [-0.5, 0.75]]
    error = gradcheck(lambda: softmax_cross_entropy(net(x), [0, 1]), net.parameters())
    assert 0 < error < 1e-8


@pytest.mark.parametrize("node", [Scalar, Tensor])
def test_weights_and_gradients_are_left_as_they_were(node):
    net = bench(node, floats)
    x, t = BENCH_4
    half_squared_error(net(x), t).backward()
    values, gradients = net.values(), net.gradients()
    values = {name: np.array(value) for name, value in values.items()}
    gradcheck(lambda: half_squared_error(net(x), t), net.parameters())
    for name in values:
        np.testing.assert_array_equal(net.values()[name], values[name])
        np.testing.assert_array_equal(net.gradients()[name], gradients[name])


def test_weights_and_gradients_are_put_back_after_a_failure():
    w = Scalar(2.0)
    w.grad = 7.0
    with pytest.raises(AssertionError):
        gradcheck(lambda: Scalar.computed(w.data**2, w, 99.0), [w])
    assert (w.data, w.grad) == (2.0, 7.0)

    def fails():
        if w.data != 2.0:
            raise KeyboardInterrupt
        return w * w

    with pytest.raises(KeyboardInterrupt):
        gradcheck(fails, [w])
    assert (w.data, w.grad) == (2.0, 7.0)


@pytest.mark.parametrize(("exact", "right", "wrong"), [(True, "4", "5"), (False, "4.0", "5.0")])
def test_wrong_derivative_fails_with_both_numbers(exact, right, wrong):
    w = Scalar(Fraction(2) if exact else 2.0)

    def square():
        return Scalar.computed(w.data**2, w, 2 * w.data + 1)

    with pytest.raises(
        AssertionError, match=rf"backward gives {wrong}, central differences give {right[0]}"
    ):
        gradcheck(square, [w])


def test_a_small_mistake_is_found_too():
    w = Scalar(2.0)
    with pytest.raises(AssertionError, match="backward gives 4.0004, central differences give 4.0"):
        gradcheck(lambda: Scalar.computed(w.data**2, w, 2.0002 * w.data), [w])
    w = Scalar(Fraction(2))
    with pytest.raises(AssertionError):
        gradcheck(lambda: Scalar.computed(w.data**2, w, 4 + Fraction(1, 10**30)), [w])


def test_the_wrong_number_of_an_array_is_named():
    w = Tensor([[1.0, 2.0], [3.0, 4.0]])

    def square_but_one():
        slope = 2 * w.data
        slope[1, 0] = 0
        return Tensor.computed(w.data**2, w, slope).sum()

    with pytest.raises(
        AssertionError, match=r"parameter 0\[1, 0\]: backward gives 0.0, central .* 6"
    ):
        gradcheck(square_but_one, [w])


def test_missing_gradient_counts_as_zero():
    used, unused = Scalar(2.0), Scalar(3.0)
    assert gradcheck(lambda: used * 2, [used, unused]) < 1e-9
    with pytest.raises(AssertionError, match="parameter 1: backward gives 0, central differences"):
        gradcheck(lambda: used * unused.data, [used, unused])


def test_nan_is_no_agreement():
    w = Scalar(2.0)
    with pytest.raises(AssertionError, match="backward gives nan"):
        gradcheck(lambda: Scalar.computed(w.data**2, w, math.nan), [w])


@pytest.mark.parametrize("z", [Fraction(1, 2000), Fraction(-1, 2000), Fraction(1, 100_000)])
def test_a_kink_nearby_is_stayed_off(z):
    """The first step of 1/1000 reaches over the kink, where a difference says nothing."""
    w = Scalar(z)
    assert gradcheck(w.relu, [w]) == 0
    w = Scalar(float(z) / 100)
    assert gradcheck(w.relu, [w]) < 1e-6


@pytest.mark.parametrize("zero", [Fraction(0), 0.0])
@pytest.mark.parametrize("kink", [0, 1])
def test_sitting_on_a_kink_is_called_a_kink(zero, kink):
    """A central difference gives 1/2 there for any step, which is neither convention's value."""
    w = Scalar(zero)
    with pytest.raises(
        AssertionError, match=r"differences give (1/2|0\.5).*the derivative is .* a kink"
    ):
        gradcheck(lambda: w.relu(kink=kink), [w])
    assert gradcheck(lambda: w.relu(kink=Fraction(1, 2)), [w]) == 0


def test_wrong_derivative_is_not_called_a_kink():
    w = Scalar(2.0)
    with pytest.raises(AssertionError) as caught:
        gradcheck(lambda: Scalar.computed(w.data**2, w, 5.0), [w])
    assert "kink" not in str(caught.value)


def test_fractions_have_no_rounding_to_blame():
    w = Scalar(Fraction(2))
    with pytest.raises(AssertionError) as caught:
        gradcheck(lambda: Scalar.computed(w.data + 10**20, w, Fraction(1001, 1000)), [w])
    assert str(caught.value) == (
        "parameter 0: backward gives 1001/1000, central differences give 1"
    )


def test_wrong_derivative_beside_a_kink_is_still_wrong():
    w = Scalar(Fraction(1, 2000))
    with pytest.raises(AssertionError):
        gradcheck(lambda: Scalar.computed(max(w.data, 0), w, Fraction(1, 3)), [w])


def test_step_and_tolerance_can_be_given():
    w = Scalar(2.0)
    assert gradcheck(lambda: w**3, [w], step=0.5, tolerance=0.3) == pytest.approx(0.25)
    with pytest.raises(AssertionError):
        gradcheck(lambda: w**3, [w], step=0.5, tolerance=1e-12)


def test_a_checked_network_trains():
    """The check must not leave a graph behind that refuses the next pass."""
    net = bench(Tensor, floats)
    x, t = BENCH_1
    gradcheck(lambda: half_squared_error(net(x), t), net.parameters())
    half_squared_error(net(x), t).backward()
    SGD(net.parameters(), lr=0.01).step()
    assert half_squared_error(net(x), t).item() == pytest.approx(0.29737, abs=5e-6)
