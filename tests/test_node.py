"""Every operation of the core, for both node types, from one table."""

import math
from fractions import Fraction

import numpy as np
import pytest

from sgdexplained import Scalar, Tensor

from .helpers import CASES, EXACT_CASES, OPS, has_minus_zero, label


@pytest.mark.parametrize(("op", "place"), CASES, ids=label)
def test_scalar_has_the_value_and_slopes_of_the_calculus_book(op, place):
    inputs = [Scalar(x) for x in place]
    out = op.function(*inputs)
    out.backward()
    assert out.data == pytest.approx(op.value(*place), rel=1e-14)
    for node, slope in zip(inputs, op.slopes, strict=True):
        assert node.grad == pytest.approx(float(slope(*place)), rel=1e-14)


@pytest.mark.parametrize(("op", "place"), CASES, ids=label)
def test_scalar_slopes_are_central_differences(op, place):
    inputs = [Scalar(x) for x in place]
    op.function(*inputs).backward()
    h = 1e-6
    for index, node in enumerate(inputs):
        above = [x + h * (i == index) for i, x in enumerate(place)]
        below = [x - h * (i == index) for i, x in enumerate(place)]
        slope = (op.value(*above) - op.value(*below)) / (2 * h)
        assert node.grad == pytest.approx(slope, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)], ids=str)
@pytest.mark.parametrize(("op", "place"), CASES, ids=label)
def test_a_tensor_of_one_number_is_a_scalar(op, place, shape):
    scalars = [Scalar(x) for x in place]
    tensors = [Tensor(np.full(shape, x)) for x in place]
    one, other = op.function(*scalars), op.function(*tensors)
    one.backward()
    other.backward()
    assert isinstance(other.data, np.ndarray)
    assert other.shape == shape
    assert other.data.dtype == np.float64
    assert other.item() == pytest.approx(one.data, rel=1e-15)
    for scalar, tensor in zip(scalars, tensors, strict=True):
        assert isinstance(tensor.grad, np.ndarray)
        assert tensor.grad.shape == shape
        assert tensor.grad.item() == pytest.approx(scalar.grad, rel=1e-15)
        assert not has_minus_zero([scalar.grad, tensor.grad])


@pytest.mark.parametrize(("op", "place"), EXACT_CASES, ids=label)
def test_fractions_give_exact_slopes(op, place):
    """Thirds have no exact float: any float on the way would show."""
    place = tuple(Fraction(x) + Fraction(1, 3) for x in place)
    inputs = [Scalar(x) for x in place]
    out = op.function(*inputs)
    out.backward()
    assert isinstance(out.data, Fraction)
    assert out.data == op.value(*place)
    for node, slope in zip(inputs, op.slopes, strict=True):
        assert isinstance(node.grad, Fraction)
        assert node.grad == slope(*place)


@pytest.mark.parametrize("shape", [(), (3,), (2, 1)], ids=str)
@pytest.mark.parametrize(("op", "place"), EXACT_CASES, ids=label)
def test_arrays_of_fractions_give_exact_slopes(op, place, shape):
    """An array of one fraction is unpacked by NumPy in passing, and must not become a float."""
    place = tuple(Fraction(x) + Fraction(1, 3) for x in place)
    inputs = [Tensor(np.full(shape, x, dtype=object)) for x in place]
    out = op.function(*inputs)
    out.sum().backward()
    assert out.data.dtype == object
    assert all(number == op.value(*place) for number in out.data.flat)
    for node, slope in zip(inputs, op.slopes, strict=True):
        assert node.grad.dtype == object
        assert node.grad.shape == shape
        for number in node.grad.flat:
            assert not isinstance(number, float)
            assert number == slope(*place)


@pytest.mark.parametrize(("op", "place"), CASES, ids=label)
def test_objects_that_are_floats_stay_objects(op, place):
    inputs = [Tensor(np.array([x], dtype=object)) for x in place]
    out = op.function(*inputs)
    out.backward()
    assert out.data.dtype == object
    assert out.data[0] == pytest.approx(op.value(*place), rel=1e-14)
    assert inputs[0].grad.dtype == object
    assert inputs[0].grad[0] == pytest.approx(float(op.slopes[0](*place)), rel=1e-14)


@pytest.mark.parametrize("shape", [(), (2,), (2, 3)], ids=str)
@pytest.mark.parametrize(("op", "place"), CASES, ids=label)
def test_float32_stays_float32(op, place, shape):
    inputs = [Tensor(np.full(shape, x, dtype=np.float32)) for x in place]
    out = op.function(*inputs)
    out.sum().backward()
    assert out.data.dtype == np.float32
    for node, slope in zip(inputs, op.slopes, strict=True):
        assert node.grad.dtype == np.float32
        assert node.grad.flat[0] == pytest.approx(float(slope(*place)), rel=1e-5)


@pytest.mark.parametrize("node", [Scalar, Tensor])
def test_names_of_the_table_are_unique(node):
    """The table would otherwise hide a case behind another of the same name."""
    assert len({op.name for op in OPS}) == len(OPS)
    assert all(hasattr(node, name) for name in ("exp", "log", "tanh", "sigmoid", "relu"))


# ## Powers


def node_types(test):
    return pytest.mark.parametrize("node", [Scalar, Tensor])(test)


def value(node):
    return node.item() if isinstance(node, Tensor) else node.data


@node_types
def test_power_zero_is_flat_even_at_zero(node):
    """n * x**(n - 1) would divide by zero there."""
    x = node(0.0)
    y = x**0
    y.backward()
    assert value(y) == 1
    assert x.grad == 0


@node_types
def test_power_one_at_zero_has_slope_one(node):
    x = node(0.0)
    (x**1).backward()
    assert x.grad == 1


@node_types
@pytest.mark.parametrize("power", [0.5, -1, -0.5])
def test_zero_to_a_power_below_one_has_no_slope(node, power):
    with pytest.raises(ValueError, match="derivative, expected (a power|powers) >= 1"):
        node(0.0) ** power


@node_types
def test_broken_power_of_a_negative_number_is_refused(node):
    """Python would return a complex number, NumPy a NaN."""
    with pytest.raises(ValueError, match="not a real number"):
        node(-2.0) ** 0.5


@node_types
def test_log_of_zero_or_less_names_the_number(node):
    with pytest.raises(ValueError, match=r"-2\.0.*expected .*positive number"):
        node(-2.0).log()
    with pytest.raises(ValueError, match=r"0.*expected .*positive number"):
        node(0.0).log()


@node_types
def test_large_numbers_do_not_overflow_a_sigmoid_or_tanh(node):
    for z, expected in ((-1000.0, 0.0), (1000.0, 1.0)):
        x = node(z)
        y = x.sigmoid()
        y.backward()
        assert value(y) == expected
        assert x.grad == 0
        x = node(z)
        x.tanh().backward()
        assert x.grad == 0


@node_types
def test_far_out_slope_of_sigmoid_keeps_its_digits(node):
    """1 - sigmoid(40) would be 0 in floats, and the slope would vanish on one side only."""
    left, right = node(-40.0), node(40.0)
    left.sigmoid().backward()
    right.sigmoid().backward()
    assert float(left.grad) == pytest.approx(math.exp(-40), rel=1e-14)
    assert right.grad == left.grad


@node_types
def test_exp_overflows_to_infinity_and_is_reported_as_the_loss(node):
    y = node(1000.0).exp()
    assert value(y) == math.inf
    with pytest.raises(ArithmeticError, match="loss is .*inf.*expected"):
        y.backward()


# ## The kink


@node_types
def test_relu_at_exactly_zero_is_shut(node):
    """With >= instead of > every unit at exactly 0 would count as open."""
    x = node(0.0)
    x.relu().backward()
    assert x.grad == 0


@node_types
@pytest.mark.parametrize("kink", [0, 0.25, 0.5, 1])
def test_relu_takes_any_subgradient_at_zero_and_only_there(node, kink):
    for z, slope in ((0.0, kink), (-0.0, kink), (1e-300, 1), (-1e-300, 0)):
        x = node(z)
        x.relu(kink=kink).backward()
        assert x.grad == slope


@node_types
@pytest.mark.parametrize("kink", [-0.1, 1.1, math.nan, math.inf, True])
def test_kink_outside_the_subgradients_is_refused(node, kink):
    with pytest.raises(ValueError, match=rf"kink is {kink}, expected a number from 0 to 1"):
        node(1.0).relu(kink=kink)


@node_types
def test_programs_for_one_function_differ_at_its_kink(node):
    """relu(-x) + x and relu(x) are equal; at 0 the rules of the parts give 1 and 0."""
    x = node(0.0)
    ((-x).relu() + x).backward()
    assert x.grad == 1
    x = node(0.0)
    (x.relu() - (-x).relu()).backward()
    assert x.grad == 0
    x = node(0.0)
    ((-x).relu() + x - x.relu()).backward()
    assert x.grad == 1


@node_types
def test_relu_of_a_negative_number_prints_without_a_minus(node):
    assert not has_minus_zero(value(node(-3.0).relu()))


@node_types
def test_nan_is_not_hidden_by_relu(node):
    assert math.isnan(value(node(math.nan).relu()))


# ## Zero and none


@node_types
def test_no_gradient_and_zero_gradient_differ(node):
    w = node(2.0)
    assert w.grad is None
    w.zero_grad(set_to_none=False)
    assert w.grad == 0
    assert w.grad is not None
    w.zero_grad()
    assert w.grad is None


@node_types
def test_zero_gradient_of_an_infinite_weight_is_zero(node):
    """0 * inf would be NaN."""
    w = node(math.inf)
    w.zero_grad(set_to_none=False)
    assert w.grad == 0


def test_zero_gradient_has_the_shape_and_type_of_the_data():
    w = Tensor(np.float32(2))
    w.zero_grad(set_to_none=False)
    assert isinstance(w.grad, np.ndarray)
    assert w.grad.dtype == np.float32
    s = Scalar(Fraction(1, 3))
    s.zero_grad(set_to_none=False)
    assert isinstance(s.grad, Fraction)


@node_types
def test_a_shut_gate_leaves_no_minus_zero(node):
    """-2.0 * 0 is -0.0, a puzzle in print."""
    x = node(-1.0)
    h = x.relu()
    (h * -2.0).backward()
    assert not has_minus_zero([value(h), *np.ravel(x.grad), *np.ravel(h.grad)])


@node_types
def test_a_negative_zero_seed_leaves_no_minus_zero(node):
    x = node(3.0)
    y = x + 1
    y.backward(-0.0)
    assert not has_minus_zero([*np.ravel(x.grad), *np.ravel(y.grad)])


def test_product_shows_its_parents_and_local_derivatives():
    x, y = Scalar(3), Scalar(4)
    out = x * y
    assert (out.left, out.dleft, out.right, out.dright) == (x, 4, y, 3)


@node_types
def test_new_operations_need_a_value_and_a_slope_only(node):
    def cube(x):
        return node.computed(x.data**3, x, 3 * x.data**2)

    x = node(2.0)
    y = cube(x) * 10
    y.backward()
    assert value(y) == 80
    assert x.grad == 120
