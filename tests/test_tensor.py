"""Tensor: what arrays add to the operations of the table."""

import itertools
import operator
import pickle
import re
from fractions import Fraction
from functools import cache

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
    half_squared_error,
)

from .helpers import assert_slopes, differences, fractions, has_minus_zero, listed


def random(*shape, seed=0):
    """Return numbers away from 0 and from each other."""
    rng = np.random.default_rng(seed)
    count = int(np.prod(shape))
    numbers = (np.arange(count) + 1) / 4 * np.where(rng.random(count) < 0.5, -1, 1)
    return rng.permutation(numbers).reshape(shape)


@cache
def weights(shape):
    """Return different seeds for different places: a sum would hide a transposed gradient."""
    numbers = np.asarray(np.cos(np.arange(int(np.prod(shape)))).reshape(shape) + 2)
    numbers.flags.writeable = False
    return numbers


def weighed(tensor):
    return (tensor * weights(tensor.shape)).sum()


# ## Broadcasting

SHAPES = [(), (1,), (3,), (1, 1), (1, 3), (2, 1), (2, 3), (2, 1, 3), (1, 2, 1), (4, 1, 1, 3)]


def fits(one, other):
    try:
        np.broadcast_shapes(one, other)
    except ValueError:
        return False
    return True


PAIRS = [pair for pair in itertools.product(SHAPES, SHAPES) if fits(*pair)]


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=str)
def test_broadcasting_is_undone_for_both_operands(one, other):
    """A number that was repeated receives the sum of what its copies received."""
    x, y = Tensor(random(*one)), Tensor(random(*other, seed=1))
    for operation in (
        lambda: x + y,
        lambda: x - y,
        lambda: x * y,
        lambda: x / y,
        lambda: (x * x + 1) ** y,
    ):
        assert_slopes(lambda operation=operation: weighed(operation()), x, y)


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=str)
def test_constant_arrays_broadcast_on_either_side(one, other):
    x, c = Tensor(random(*one)), random(*other, seed=1)
    for operation in (
        lambda: x + c,
        lambda: c + x,
        lambda: x - c,
        lambda: c - x,
        lambda: x * c,
        lambda: c * x,
        lambda: x / c,
        lambda: c / x,
        lambda: abs(c) ** x,
        lambda: (x * x + 1) ** c,
    ):
        out = operation()
        assert isinstance(out, Tensor)
        assert out.shape == np.broadcast_shapes(one, other)
        assert_slopes(lambda operation=operation: weighed(operation()), x)


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=str)
def test_tensor_without_gradient_is_a_constant(one, other):
    x, c = Tensor(random(*one)), Tensor(random(*other, seed=1), requires_grad=False)
    for operation in (
        lambda: x + c,
        lambda: c + x,
        lambda: x - c,
        lambda: c - x,
        lambda: x * c,
        lambda: x / c,
        lambda: c / x,
        lambda: (c * c) ** x,
        lambda: (x * x + 1) ** c,
    ):
        assert_slopes(lambda operation=operation: weighed(operation()), x)
        assert c.grad is None


@pytest.mark.parametrize("shape", [(2, 3), (4, 2, 3), (3,)])
def test_broadcast_to_adds_up_on_the_way_back(shape):
    x = Tensor(random(3))
    assert_slopes(lambda: weighed(x.broadcast_to(shape)), x)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow"])
@pytest.mark.parametrize("kind", [Tensor, np.array, list])
def test_shapes_that_do_not_fit_are_both_named(name, kind):
    x, y = Tensor(np.ones((2, 3))), kind(np.ones((4,)))
    with pytest.raises(ShapeError, match=r"\(2, 3\) and \(4,\) do not fit"):
        getattr(operator, name)(x, y)


def test_broadcast_to_a_shape_that_does_not_fit_names_both():
    with pytest.raises(ShapeError, match=r"\(3,\) cannot be repeated to \(2,\)"):
        Tensor(np.ones(3)).broadcast_to((2,))


# ## Products


@pytest.mark.parametrize(
    ("left", "right", "out"),
    [
        ((2, 3), (3, 4), (2, 4)),
        ((1, 3), (3, 1), (1, 1)),
        ((3, 1), (1, 4), (3, 4)),
        ((3,), (3, 4), (4,)),
        ((2, 3), (3,), (2,)),
        ((3,), (3,), ()),
        ((1,), (1,), ()),
        ((1,), (1, 4), (4,)),
    ],
)
@pytest.mark.parametrize("layout", ["C", "F"])
def test_matrix_product_of_matrices_and_vectors(left, right, out, layout):
    x = Tensor(np.array(random(*left), order=layout))
    y = Tensor(np.array(random(*right, seed=1), order=layout))
    assert (x @ y).shape == out
    np.testing.assert_allclose((x @ y).data, x.data @ y.data)
    assert_slopes(lambda: weighed(x @ y), x, y)
    for constant in (x.data.copy(), listed(x.data), Tensor(x.data, requires_grad=False)):
        assert_slopes(lambda constant=constant: weighed(constant @ y), y)
    for constant in (y.data.copy(), listed(y.data), Tensor(y.data, requires_grad=False)):
        assert_slopes(lambda constant=constant: weighed(x @ constant), x)


def test_matrix_times_itself():
    x = Tensor(random(3, 3))
    assert_slopes(lambda: weighed(x @ x), x)
    assert_slopes(lambda: weighed(x.T @ x), x)


@pytest.mark.parametrize(
    ("left", "right"),
    [((2, 3), (2, 3)), ((3,), (2, 3)), ((2, 3), (2,)), ((), (2,)), ((2, 2, 2), (3, 2))],
)
def test_matrix_product_that_does_not_fit_names_both_shapes(left, right):
    with pytest.raises(ShapeError, match=re.escape(f"{left} and {right}: expected (n, m)")):
        Tensor(np.ones(left)) @ Tensor(np.ones(right))


# ## Sums, means, maxima

AXES = [None, 0, 1, 2, -1, -3, (0, 1), (0, 2), (2, 0), (-1, 0), (0, 1, 2)]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("name", ["sum", "mean", "max"])
def test_reductions_over_all_axes(name, axis, keepdims):
    x = Tensor(random(2, 3, 4))
    out = getattr(x, name)(axis=axis, keepdims=keepdims)
    expected = getattr(x.data, name)(axis=axis, keepdims=keepdims)
    assert out.shape == expected.shape
    np.testing.assert_allclose(out.data, expected)
    assert_slopes(lambda: weighed(getattr(x, name)(axis=axis, keepdims=keepdims)), x)


@pytest.mark.parametrize("name", ["sum", "mean", "max"])
def test_reductions_of_a_single_number(name):
    x = Tensor(3.0)
    getattr(x, name)().backward()
    assert x.grad == 1


def test_equal_maxima_share_the_gradient():
    x = Tensor([[1.0, 1.0, 0.0], [2.0, 0.0, 1.0]])
    x.max(axis=1).backward([1.0, 1.0])
    assert x.grad.tolist() == [[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]


@pytest.mark.parametrize("name", ["sum", "mean", "max"])
@pytest.mark.parametrize("axis", [2, -3, "rows", 0.5, (0, 5)], ids=repr)
def test_axis_that_does_not_exist_is_named_with_the_shape(name, axis):
    with pytest.raises(ShapeError, match=r"axis .* does not fit shape \(2, 3\)"):
        getattr(Tensor(np.ones((2, 3))), name)(axis=axis)


@pytest.mark.parametrize("name", ["mean", "max"])
def test_nothing_has_no_mean_and_no_maximum(name):
    with pytest.raises(ShapeError, match=rf"{name} of an empty array of shape \(0, 3\)"):
        getattr(Tensor(np.ones((0, 3))), name)()


# ## Other shapes and orders


@pytest.mark.parametrize("shape", [(6,), (3, 2), (1, 2, 3), (-1,), (2, -1)], ids=str)
def test_reshape_brings_gradients_back_to_their_places(shape):
    x = Tensor(random(2, 3))
    assert_slopes(lambda: weighed(x.reshape(shape)), x)
    assert_slopes(lambda: weighed(x.reshape(*shape)), x)


@pytest.mark.parametrize("axes", list(itertools.permutations(range(3))), ids=str)
def test_transpose_brings_gradients_back_to_their_places(axes):
    """A transposition of three axes is not its own inverse."""
    x = Tensor(random(2, 3, 4))
    assert x.transpose(*axes).shape == tuple(x.shape[axis] for axis in axes)
    assert_slopes(lambda: weighed(x.transpose(*axes)), x)


def test_t_reverses_all_axes():
    x = Tensor(random(2, 3, 4))
    assert x.T.shape == (4, 3, 2)
    assert_slopes(lambda: weighed(x.T * x.T), x)


def test_impossible_shapes_are_both_named():
    with pytest.raises(ShapeError, match=r"shape \(2, 3\) cannot become \(4,\)"):
        Tensor(np.ones((2, 3))).reshape(4)
    with pytest.raises(ShapeError, match=r"axis \(0, 0\) names an axis of shape \(2, 3\) twice"):
        Tensor(np.ones((2, 3))).transpose(0, 0)


KEYS = [
    0,
    -1,
    (1, 2),
    slice(None),
    slice(1, None),
    slice(None, None, -2),
    (slice(None), 1),
    (slice(0, 2), slice(1, 3)),
    (..., 0),
    (None, 0),
    [0, 0, 2],
    [[0, 1], [1, 1]],
    np.array([2, 2, 2]),
    ([0, 1, 0], [1, 1, 1]),
    (slice(None), [1, 1]),
    np.array([True, False, True]),
    np.arange(12).reshape(3, 4) % 2 == 0,
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_indexing_adds_up_what_is_taken_twice(key):
    """`whole[key] += gradient` would drop all but one of two equal indices."""
    x = Tensor(random(3, 4))
    index = np.array(key) if isinstance(key, list) else key
    np.testing.assert_array_equal(x[key].data, x.data[index])
    assert_slopes(lambda: weighed(x[key] * x[key]), x)


def test_repeated_index_counts_each_time():
    table = Tensor(np.zeros((3, 2)))
    table[[0, 2, 0, 0]].sum().backward()
    assert table.grad.tolist() == [[3, 3], [0, 0], [1, 1]]


@pytest.mark.parametrize("axes", [1, 2])
def test_indices_changed_after_the_pass_do_not_move_the_gradient(axes):
    rows = np.array([0, 1])
    x = Tensor(random(3, 3))
    y = x[rows if axes == 1 else (rows, rows)].sum()
    rows[:] = 2
    y.backward()
    assert not x.grad[2].any()
    assert x.grad[:2].any()


def test_tensor_can_be_walked_through_row_by_row():
    x = Tensor(random(3, 2))
    rows = list(x)
    assert len(x) == len(rows) == 3
    (rows[0] * rows[2]).sum().backward()
    np.testing.assert_array_equal(x.grad, [x.data[2], [0, 0], x.data[0]])
    with pytest.raises(TypeError, match=r"shape \(\) has no length"):
        len(Tensor(1.0))


# ## Number types and layouts


@pytest.mark.parametrize(
    "data",
    [
        3,
        [1, 2],
        [[1, 2], [3, 4]],
        np.arange(3),
        np.arange(3, dtype=np.uint8),
        [1.5, 2],
        np.float16(2),
    ],
    ids=repr,
)
def test_everything_else_becomes_float64(data):
    assert Tensor(data).dtype == np.float64


def test_data_is_copied():
    numbers = np.ones(2)
    x = Tensor(numbers)
    numbers[:] = 7
    assert x.data.tolist() == [1, 1]


def test_float32_is_kept_beside_anything():
    x = Tensor(np.ones((2, 2), np.float32))
    other = np.full((2, 2), 2.0)
    for y in (
        x * other,
        x + 1,
        2 * x,
        x / np.float64(3),
        x @ other,
        other @ x,
        x**2,
        x - [1.0, 2.0],
    ):
        assert y.dtype == np.float32
        y.sum().backward()
        assert x.grad.dtype == np.float32
    for y in (
        x.mean(),
        x.max(),
        x.T,
        x[0],
        x.reshape(4),
        x.relu(kink=0.5),
        x.broadcast_to((2, 2, 2)),
    ):
        assert y.dtype == np.float32


def test_gradient_has_the_type_of_its_own_data():
    x, y = Tensor(np.ones(2, np.float32)), Tensor(np.ones(2))
    (x * y).sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (np.float32, np.float64)


EXACT = {
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(),
    "max": lambda x: x.max(),
    "max of columns": lambda x: x.max(axis=0).sum(),
    "mean of axes": lambda x: x.mean(axis=(0, 1)),
    "broadcast": lambda x: x.reshape(4).broadcast_to((3, 4)).mean(),
    "product": lambda x: (x @ x.T).sum() / 3,
    "vector at the right": lambda x: (x @ [1, 2]).sum(),
    "row at the left": lambda x: ([[1, 2]] @ x).mean(),
    "whole numbers": lambda x: (x * 2 - 1 + [1, 2]).mean(),
    "repeated rows": lambda x: (x[[0, 0, 1]] ** 2).mean(),
    "one over": lambda x: (1 / x).T.sum(),
    "determinant": lambda x: x[0, 0] * x[1, 1] - x[0, 1],
    "relu": lambda x: (x - 1).relu().sum(),
    "loss": lambda x: half_squared_error(x, [[1, 2], [3, 4]]),
}


@pytest.mark.parametrize("name", EXACT)
def test_fractions_stay_fractions_through_everything(name):
    """A float anywhere on the way would show as a float here; thirds have none."""
    function, third = EXACT[name], Fraction(1, 3)
    numbers = [[third, 2 * third], [5 * third, 4 * third]]
    x = Tensor(numbers)
    out = function(x)
    out.backward()
    assert out.dtype == x.grad.dtype == object
    assert isinstance(out.item(), Fraction)
    assert not any(isinstance(number, float) for number in x.grad.flat)
    approximate = Tensor(np.array(numbers, dtype=float))
    function(approximate).backward()
    assert out.item() == pytest.approx(function(approximate).item(), rel=1e-14)
    np.testing.assert_allclose(x.grad.astype(float), approximate.grad, rtol=1e-13, atol=1e-15)


def test_objects_that_are_whole_numbers_stay_objects():
    """A lone Python int would come back from NumPy as int64, and cut 0.5 down to 0."""
    x = Tensor(np.array([1, 2], dtype=object))
    total = x.sum()
    assert total.dtype == object
    assert (total * 0.5).item() == 1.5
    (total * Fraction(1, 3)).backward()
    assert x.grad.tolist() == [Fraction(1, 3)] * 2


def arrangements():
    base = random(4, 6)
    return {
        "C": base,
        "F": np.asfortranarray(base),
        "strided": random(8, 12)[::2, ::2],
        "reversed": base[::-1, ::-1],
        "transposed": random(6, 4).T,
        "repeated": np.broadcast_to(random(6), (4, 6)),
    }


@pytest.mark.parametrize("name", arrangements())
def test_layout_in_memory_does_not_matter(name):
    array = arrangements()[name]
    x, plain = Tensor(array), Tensor(np.ascontiguousarray(array))
    for one in (x, plain):
        out = ((one @ array.T) * 2 + (array @ one.T)).relu().max(axis=0) + one[:, [0]].T
        (out.reshape(2, 2).T * [[1.0, 2.0]]).sum().backward()
    np.testing.assert_array_equal(x.grad, plain.grad)
    y = Tensor(np.ones((4, 6)))
    (y * array).sum().backward()
    np.testing.assert_array_equal(y.grad, array)
    (y * array).backward(array)
    np.testing.assert_allclose(y.grad, array + array**2)


# ## NumPy's operands


@pytest.mark.parametrize("array", [np.array([1.0, 2.0]), np.float64(2), np.int64(2), [1.0, 2.0], 2])
def test_array_on_the_left_reaches_the_tensor(array):
    """Without __array_ufunc__ = None, NumPy would make an object array of nodes."""
    x = Tensor([3.0, 4.0])
    for out in (array + x, array - x, array * x, array / x, array**x):
        assert type(out) is Tensor
        assert out.shape == (2,)


def test_array_times_scalar_is_refused():
    with pytest.raises(TypeError, match="takes a real number, got ndarray"):
        np.ones(2) * Scalar(2.0)


def test_graph_is_not_lost_unseen():
    x = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match="a Tensor is no array.*use its .data"):
        np.asarray(x)
    with pytest.raises(TypeError):
        np.exp(x)
    with pytest.raises(TypeError, match="expected numbers or an array, got a Tensor"):
        Tensor(x)


def test_scalar_and_tensor_do_not_mix():
    x, s = Tensor([1.0]), Scalar(1.0)
    with pytest.raises(TypeError, match="expected numbers or an array, got a Scalar"):
        x + s
    with pytest.raises(TypeError, match="takes a real number, got Tensor"):
        s * x


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (["a"], "an array of <U1"),
        ("abc", "an array of <U3"),
        (True, "an array of bool"),
        ([True, False], "an array of bool"),
        ([1j], "an array of complex128"),
        (None, "NoneType: None"),
        ([None, 1.0], "NoneType: None"),
        (np.array([True, Fraction(1)], dtype=object), "bool: True"),
        (np.array(["a", 1], dtype=object), "str: 'a'"),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), "datetime64"),
    ],
    ids=str,
)
def test_what_are_no_real_numbers_is_refused(data, named):
    with pytest.raises(TypeError, match=f"takes .*real number.*, got .*{named}"):
        Tensor(data)
    with pytest.raises(TypeError, match=f"takes .*real number.*, got .*{named}"):
        Tensor([1.0]) * data


def test_rows_of_different_length_are_refused():
    with pytest.raises(ShapeError, match="rows have different lengths"):
        Tensor([[1.0, 2.0], [3.0]])


# ## Backward


def test_backward_from_an_array_needs_a_seed():
    with pytest.raises(ShapeError, match=r"shape \(2, 3\) starts from a gradient of that shape"):
        (Tensor(np.ones((2, 3))) * 2).backward()


@pytest.mark.parametrize(
    "seed", [np.ones((3, 2)), np.ones(3), 1.0, np.ones((1, 2, 3))], ids=np.shape
)
def test_seed_of_another_shape_names_both(seed):
    with pytest.raises(ShapeError, match=r"the gradient has shape .*, expected \(2, 3\)"):
        (Tensor(np.ones((2, 3))) * 2).backward(seed)


def test_seed_is_an_array_of_real_numbers():
    with pytest.raises(TypeError, match="takes real numbers, got an array of bool"):
        (Tensor(np.ones(2)) * 2).backward([True, False])


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_single_number_needs_no_seed(shape):
    x = Tensor(np.full(shape, 3.0))
    (x * x).backward()
    assert x.grad == 6
    (x * x).backward(np.full(shape, 2))
    assert x.grad == 18


def test_seed_weighs_the_outputs():
    x = Tensor([1.0, 2.0])
    (x * x).backward([10, 1])
    assert x.grad.tolist() == [20, 4]


def test_backward_where_nothing_learns_is_refused():
    frozen = Tensor([1.0], requires_grad=False)
    for y in (frozen, frozen * 2, frozen.exp(), frozen @ frozen, frozen.sum(), frozen[0], -frozen):
        with pytest.raises(GraphError, match="nothing .*this Tensor was computed from"):
            y.backward()
    loss = half_squared_error(frozen, [1.0])
    with pytest.raises(GraphError, match="needs a gradient"):
        loss.backward()


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, object])
def test_loss_that_is_not_finite_is_reported(number, dtype):
    x = Tensor(np.array([1.0, number], dtype=dtype))
    with pytest.raises(NotFiniteError, match="the loss is .*expected finite numbers"):
        x.sum().backward()
    with pytest.raises(NotFiniteError):
        x.backward([1.0, 1.0])
    assert x.grad is None


def test_large_finite_numbers_are_finite():
    """Their squares overflow, which is no reason to refuse them."""
    x = Tensor([1e200, -1e300])
    x.backward([1.0, 1.0])
    assert x.grad.tolist() == [1, 1]


def test_inputs_need_no_gradient_and_get_none():
    x, w = Tensor([[1.0, 2.0]], requires_grad=False), Tensor([[1.0], [1.0]])
    for y in (x @ w, (x * w.T).sum(), (w.T + x).sum(), (x - w.T).sum()):
        y.backward()
    assert x.grad is None
    assert w.grad is not None


# ## Data changed between forward and backward


def replace(x):
    x.data = x.data * 2


def write(x):
    x.data *= 2


def write_one(x):
    x.data.flat[0] += 1


def step(x):
    x.grad = np.ones_like(x.data)
    SGD([x], lr=0.5).step()


CHANGES = pytest.mark.parametrize("change", [replace, write, step])
GRAPHS = {
    "x * x": lambda x: x * x,
    "x * 3 * x": lambda x: x * 3 * x,
    "x / y": lambda x: 1 / x,
    "x ** 2": lambda x: x**2,
    "x @ x": lambda x: x.reshape(1, -1) @ x.reshape(-1, 1),
    "row": lambda x: x[0] * x[1],
    "broadcast": lambda x: x * x.sum(axis=0),
    "transposed": lambda x: x.T @ x,
}


@pytest.mark.parametrize("shape", [(3, 2), (60, 60)], ids=["small", "large"])
@pytest.mark.parametrize("name", GRAPHS)
@CHANGES
def test_changed_data_is_refused_or_harmless(change, name, shape):
    """A gradient mixed from old and new data would be the gradient of nothing."""
    x = Tensor(random(*shape))
    GRAPHS[name](x).sum().backward()
    expected = x.grad
    x.zero_grad()
    y = GRAPHS[name](x).sum()
    change(x)
    x.zero_grad()
    refused = None
    try:
        y.backward()
    except GraphError as error:
        refused = str(error)
    if refused is None:
        np.testing.assert_array_equal(x.grad, expected)
    else:
        assert x.grad is None
        assert "was changed between the forward and the backward pass" in refused


@pytest.mark.parametrize("shape", [(3, 2), (60, 60)], ids=["small", "large"])
@CHANGES
def test_changed_factor_is_refused(change, shape):
    x = Tensor(random(*shape))
    y = (x * x).sum()
    change(x)
    with pytest.raises(GraphError, match="was changed between the forward and the backward pass"):
        y.backward()


def test_one_number_written_into_a_small_array_is_refused():
    x, w = Tensor(random(2, 2)), Tensor(random(2, 2))
    for y in ((x * w).sum(), (x @ w).sum(), (x / w).sum()):
        write_one(w)
        with pytest.raises(GraphError, match=r"shape \(2, 2\) was changed"):
            y.backward()


@pytest.mark.parametrize("shape", [(2, 2), (60, 60)])
@pytest.mark.parametrize("name", ["mul", "matmul", "truediv"])
def test_input_array_written_into_is_refused(name, shape):
    """A buffer that is filled again for the next batch is the common way to get here."""
    inputs, w = random(*shape), Tensor(random(*shape))
    for operands in ((inputs, w), (w, inputs)):
        y = getattr(operator, name)(*operands).sum()
        inputs *= 3
        with pytest.raises(GraphError, match="was changed"):
            y.backward()


@pytest.mark.parametrize("activation", ["relu", "tanh", None])
def test_network_whose_data_changed_is_refused(activation):
    net = MLP([2, 3, 1], node=Tensor, activation=activation, seed=1)
    x, t = random(4, 2), random(4, 1)

    def run():
        net.zero_grad()
        return half_squared_error(net(x), t)

    loss = run()
    net.layers[1].weight.data *= 2
    with pytest.raises(GraphError):
        loss.backward()
    loss = run()
    x += 1
    with pytest.raises(GraphError):
        loss.backward()
    run().backward()
    loss = run()
    for parameter in net.parameters():
        parameter.grad = np.ones(parameter.shape)
    SGD(net.parameters(), lr=0.1).step()
    net.zero_grad()
    with pytest.raises(GraphError):
        loss.backward()
    assert all(parameter.grad is None for parameter in net.parameters())


def test_values_of_exp_written_into_are_refused():
    """exp is its own derivative: its output is needed on the way back."""
    x = Tensor([1.0, 2.0])
    y = x.exp()
    y.data *= 2
    with pytest.raises(GraphError, match="was changed"):
        y.sum().backward()


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "relu", "log"])
def test_outputs_written_into_are_harmless(name):
    x = Tensor([1.0, 2.0])
    y = getattr(x, name)()
    y.backward([1.0, 1.0])
    expected = x.grad.copy()
    x.zero_grad()
    y = getattr(x, name)()
    y.data *= 2
    y.backward([1.0, 1.0])
    np.testing.assert_array_equal(x.grad, expected)


def test_changed_fractions_are_noticed_although_addresses_are_used_again():
    """The bytes of an array of objects are addresses, and freed memory is given out anew."""
    x = Tensor([Fraction(1, 3)])
    y = (x * x).sum()
    addresses = x.data.tobytes()
    for _ in range(100):
        x.data -= 1
        if x.data.tobytes() == addresses:
            break
    with pytest.raises(GraphError, match="was changed"):
        y.backward()


def test_writing_the_same_numbers_again_is_harmless():
    for x in (Tensor([1.0, 2.0]), Tensor(fractions([1, 2]))):
        y = (x * x).sum()
        x.data = x.data * 2 / 2
        y.backward()
        assert x.grad.tolist() == [2, 4]


# ## What a reader sees


def test_no_minus_zero_in_any_gradient():
    """Shut gates, inactive senders and negative seeds give -0.0 in every product."""
    net = MLP([2, 4, 3, 1], node=Tensor, seed=2)
    inputs = Tensor([[0.0, -1.0], [1.0, 0.0], [0.0, 0.0]])
    for count in (1, 2, 3):
        rows = inputs[:count]
        outputs = net(rows)
        (outputs * [[-1.0]]).sum().backward()
        shown = [inputs.grad, rows.grad, outputs.grad]
        shown += [p.grad for p in net.parameters()]
        shown += [layer.deltas for layer in net.layers]
        assert not any(has_minus_zero(array) for array in shown)
        net.zero_grad()


def test_no_minus_zero_from_elementwise_rules():
    x = Tensor([-1.0, 0.0, 2.0])
    for function in (
        lambda: x.relu() * -1,
        lambda: -(x * [0.0, 0.0, 0.0]),
        lambda: (x * 0) / -2,
        lambda: x * 0 - x * 0,
        lambda: (-x).relu()[[0, 0]],
        lambda: (-x).max() * 1,
        lambda: (x**0) * -1,
    ):
        x.zero_grad()
        out = function()
        out.backward(-np.ones(out.shape))
        assert not has_minus_zero(x.grad)


def test_repr_shows_numbers_and_an_unusual_type():
    assert repr(Tensor([[1.0, 0.5]])) == "Tensor([[1. , 0.5]])"
    assert repr(Tensor(np.ones(1, np.float32))) == "Tensor([1.], dtype=float32)"
    assert "np.float64" not in repr(Tensor(2.0)) + repr(Tensor([1.0]).sum())
    assert type(Tensor([2.0]).item()) is float


def test_item_of_many_numbers_names_the_shape():
    with pytest.raises(ShapeError, match=r"item of shape \(2,\), expected a single element"):
        Tensor([1.0, 2.0]).item()


def test_gradient_of_a_long_expression():
    x, w, b = Tensor(random(5, 3)), Tensor(random(3, 4, seed=1) / 4), Tensor(random(4, seed=2))

    def loss():
        z = x @ w + b
        shifted = z - z.max(axis=1, keepdims=True)
        p = shifted.exp() / shifted.exp().sum(axis=1, keepdims=True)
        return -(p[np.arange(5), [0, 1, 2, 3, 0]] + 0.1).log().mean() + (w**2).sum() / 7

    assert_slopes(loss, x, w, b)
    assert differences(loss, b).shape == (4,)


# ## A large gradient is written where the last one was


def large_layer():
    """A layer of more numbers than the allocator keeps, and one pass through it and back."""
    layer = Linear(Tensor(random(200, 100)), Tensor(random(100)), "relu")

    def run(rows):
        layer.weight.zero_grad()
        layer(rows).sum().backward()
        return layer.weight

    return run


def test_a_large_gradient_is_written_where_the_last_one_was():
    run, rows = large_layer(), random(3, 200)
    weight = run(rows)
    expected = weight.grad.copy()
    weight.zero_grad()
    free = weight.spare
    assert run(2 * rows).grad is free
    assert np.allclose(free, 2 * expected)


@pytest.mark.parametrize(
    "hold",
    [lambda g: g, lambda g: g[3:5], memoryview, lambda g: [g.T]],
    ids=["itself", "rows", "memoryview", "in a list"],
)
def test_a_gradient_that_somebody_holds_is_never_written_over(hold):
    run, rows = large_layer(), random(3, 200)
    weight = run(rows)
    expected = weight.grad.copy()
    held = hold(weight.grad)
    run(2 * rows)
    assert np.array_equal(np.asarray(held).reshape(-1), np.asarray(hold(expected)).reshape(-1))
    assert np.allclose(weight.grad, 2 * expected)


def test_an_array_of_ones_own_is_never_written_over():
    run, rows = large_layer(), random(3, 200)
    both = np.zeros((2, 200, 100))
    run(rows).grad = both[0]
    run(rows)
    assert not both.any()


def test_nothing_laid_aside_goes_into_a_file():
    run, rows = large_layer(), random(3, 200)
    weight = run(rows)
    weight.zero_grad()
    assert len(pickle.dumps(weight)) < 1.5 * weight.data.nbytes
    assert np.array_equal(pickle.loads(pickle.dumps(weight)).data, weight.data)


def test_a_spare_array_of_another_shape_or_type_is_not_used():
    run, rows = large_layer(), random(3, 200)
    weight = run(rows)
    expected = weight.grad.copy()
    weight.zero_grad()
    weight.data = weight.data.astype(np.float32)
    assert run(rows.astype(np.float32)).grad.dtype == np.float32
    run(rows.astype(np.float32))
    assert np.allclose(weight.grad, expected, rtol=1e-3, atol=1e-3)
