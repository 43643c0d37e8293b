"""The ops of the room beside: values, derivatives, ties and kinks, and what they refuse."""

import math
from fractions import Fraction

import numpy as np
import pytest

from sgdexplained import Scalar, ShapeError, Tensor, gradcheck, ops

F = Fraction


def random(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-2, 2, shape)


def weighed(out):
    """Make one number of an array, so that each element counts in its own way."""
    if out.__class__ is Scalar:
        return out
    return (out * np.cos(np.arange(out.size)).reshape(out.shape)).sum()


A, B, P = random(3, 4), random(3, 4, seed=1), random(3, 4, seed=2) ** 2 + 0.5

SMOOTH = {
    "sqrt": (ops.sqrt, [P]),
    "sin": (ops.sin, [A]),
    "cos": (ops.cos, [A]),
    "abs": (abs, [A]),
    "maximum": (ops.maximum, [A, B]),
    "maximum of a row": (ops.maximum, [A, B[0]]),
    "maximum of a column and a row": (ops.maximum, [A[:, :1], B[0]]),
    "maximum of a number": (lambda x: ops.maximum(x, 0.3), [A]),
    "maximum, number first": (lambda x: ops.maximum(0.3, x), [A]),
    "minimum": (ops.minimum, [A, B]),
    "minimum of a number": (lambda x: ops.minimum(x, 0.3), [A]),
    "where": (lambda x, y: ops.where(A > B, x, y), [A, B]),
    "where of a number": (lambda x: ops.where(A > 0.25, x, 7), [A]),
    "where, number first": (lambda x: ops.where(A > 0.25, 7, x), [A]),
    "where with fewer truth values": (lambda x, y: ops.where(A[0] > 0, x, y), [A, B]),
    "where with more truth values": (lambda x, y: ops.where(A > 0, x, y), [A[0], B[:, :1]]),
    "clamp": (lambda x: ops.clamp(x, -0.5, 1.25), [A]),
    "clamp low": (lambda x: ops.clamp(x, low=-0.5), [A]),
    "clamp high": (lambda x: ops.clamp(x, high=0.5), [A]),
    "clamp between nodes": (ops.clamp, [A, B - 1, B + 1]),
    "remainder": (lambda x, y: x % y, [A * 3, P]),
    "remainder of a number": (lambda x: x % 0.75, [A]),
    "remainder of a number by": (lambda x: 7.5 % x, [P]),
    "min": (ops.min, [A]),
    "min of rows": (lambda x: ops.min(x, axis=1, keepdims=True), [A]),
    "prod": (ops.prod, [A]),
    "prod of columns": (lambda x: ops.prod(x, axis=0), [A]),
    "prod of rows, kept": (lambda x: ops.prod(x, axis=-1, keepdims=True), [A]),
    "prod of all, kept": (lambda x: ops.prod(x, keepdims=True), [A]),
    "cumsum": (lambda x: ops.cumsum(x, axis=0), [A]),
    "cumsum of rows": (lambda x: ops.cumsum(x, axis=-1), [A]),
    "var": (ops.var, [A]),
    "var of rows": (lambda x: ops.var(x, axis=1, keepdims=True, correction=1), [A]),
    "std of columns": (lambda x: ops.std(x, axis=0), [A]),
    "std, corrected": (lambda x: ops.std(x, correction=1), [A]),
    "softmax": (ops.softmax, [A]),
    "softmax of columns": (lambda x: ops.softmax(x, axis=0), [A]),
    "log_softmax": (ops.log_softmax, [A]),
    "log_softmax of columns": (lambda x: ops.log_softmax(x, axis=0), [A]),
    "concatenate": (lambda x, y: ops.concatenate([x, y, x]), [A, B]),
    "concatenate columns": (lambda x, y: ops.concatenate([x, B, y], axis=-1), [A, B[:, :2]]),
    "stack": (lambda x, y: ops.stack([x, y]), [A, B]),
    "stack last": (lambda x, y: ops.stack([x, B, y], axis=-1), [A, B]),
    "squeeze": (lambda x: ops.squeeze(x[:, None, :, None]), [A]),
    "squeeze one": (lambda x: ops.squeeze(x[:, None, :, None], axis=-1), [A]),
    "flatten": (ops.flatten, [A]),
    "matrices": (lambda x, y: x @ y, [random(2, 3, 4), random(2, 4, 5, seed=1)]),
    "matrices by a matrix": (lambda x, y: x @ y, [random(2, 3, 4), random(4, 5, seed=1)]),
    "a matrix by matrices": (lambda x, y: x @ y, [A, random(2, 4, 5, seed=1)]),
    "matrices by a vector": (lambda x, y: x @ y, [random(2, 3, 4), random(4, seed=1)]),
    "a vector by matrices": (lambda x, y: x @ y, [random(4), random(2, 4, 5, seed=1)]),
    "matrices, repeated": (lambda x, y: x @ y, [random(2, 1, 3, 4), random(5, 4, 2, seed=1)]),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_gradient_is_the_slope(name):
    function, arrays = SMOOTH[name]
    tensors = [Tensor(array) for array in arrays]
    assert gradcheck(lambda: weighed(function(*tensors)), tensors) < 1e-7


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, (_, arrays) in SMOOTH.items()
        if name.split()[0].rstrip(",") in {"sqrt", "sin", "cos", "maximum", "minimum", "clamp"}
        and all(array.shape == A.shape for array in arrays)
    ]
    + ["abs", "remainder", "remainder of a number", "remainder of a number by"],
)
def test_scalars_say_the_same(name):
    function, arrays = SMOOTH[name]
    tensors = [Tensor(array) for array in arrays]
    out = function(*tensors)
    out.sum().backward()
    for place in np.ndindex(A.shape):
        scalars = [Scalar(float(array[place])) for array in arrays]
        one = function(*scalars)
        one.backward()
        assert one.data == pytest.approx(out.data[place], rel=1e-14)
        gradients = [tensor.grad[place] for tensor in tensors]
        found = [0 if scalar.grad is None else scalar.grad for scalar in scalars]
        assert found == pytest.approx(gradients, rel=1e-14)


@pytest.mark.parametrize("node", [Scalar, Tensor])
@pytest.mark.parametrize(
    ("function", "numbers", "value", "slopes"),
    [
        (ops.maximum, (2.0, 2.0), 2.0, (0.5, 0.5)),
        (ops.minimum, (2.0, 2.0), 2.0, (0.5, 0.5)),
        (lambda x: ops.maximum(x, 2), (2.0,), 2.0, (0.5,)),
        (lambda x: ops.clamp(x, 0, 2), (2.0,), 2.0, (1.0,)),
        (lambda x: ops.clamp(x, 2, 3), (2.0,), 2.0, (1.0,)),
        (ops.clamp, (1.0, 2.0, 3.0), 2.0, (0.0, 1.0, 0.0)),
        (ops.clamp, (4.0, 2.0, 3.0), 3.0, (0.0, 0.0, 1.0)),
        (lambda x, y: ops.where(True, x, y), (1.0, 2.0), 1.0, (1.0, 0.0)),
        (lambda x, y: ops.where(False, x, y), (1.0, 2.0), 2.0, (0.0, 1.0)),
        (lambda x: ops.maximum(x, x), (2.0,), 2.0, (1.0,)),
        (lambda x, y: x % y, (-7.0, 3.0), 2.0, (1.0, 3.0)),
        (lambda x, y: x % y, (6.0, 3.0), 0.0, (1.0, -2.0)),
        (ops.sign, (-2.5,), -1.0, (0.0,)),
        (ops.sign, (0.0,), 0.0, (0.0,)),
        (ops.sign, (2.5,), 1.0, (0.0,)),
        (ops.round, (2.5,), 2.0, (0.0,)),
        (ops.round, (-0.25,), 0.0, (0.0,)),
        (lambda x: x * ops.detach(x), (3.0,), 9.0, (3.0,)),
    ],
    ids=range(18),
)
def test_ties_kinks_and_steps(node, function, numbers, value, slopes):
    nodes = [node(number) for number in numbers]
    out = function(*nodes)
    out.backward()
    assert out.item() == value
    assert math.copysign(1, out.item()) == math.copysign(1, value)
    assert tuple(float(one.grad) for one in nodes) == slopes


def test_fractions_stay_fractions():
    half, third = F(1, 2), F(1, 3)
    for function, numbers, value, slopes in (
        (ops.maximum, (half, half), half, [half, half]),
        (ops.minimum, (half, third), third, [0, 1]),
        (lambda x: ops.clamp(x, 0, third), (half,), third, [0]),
        (lambda x, y: x % y, (F(7, 2), third), F(1, 6), [1, -10]),
        (ops.sqrt, (F(9, 4),), F(3, 2), [third]),
        (abs, (-half,), half, [-1]),
        (ops.round, (F(5, 3),), 2, [0]),
    ):
        scalars = [Scalar(number) for number in numbers]
        out = function(*scalars)
        out.backward()
        assert ([out.data], [one.grad for one in scalars]) == ([value], slopes)
        assert not any(isinstance(one.grad, float) for one in scalars)
        tensors = [Tensor([number]) for number in numbers]
        out = function(*tensors)
        out.backward()
        assert (out.data.tolist(), [one.grad.tolist()[0] for one in tensors]) == ([value], slopes)
        assert not any(isinstance(one.grad[0], float) for one in tensors)
    x = Tensor([half, third, 2])
    ops.prod(x).backward()
    assert x.grad.tolist() == [F(2, 3), 1, F(1, 6)]
    x.zero_grad()
    ops.var(x).backward()
    assert sum(x.grad) == 0
    assert ops.cumsum(x, 0).data.tolist() == [half, F(5, 6), F(17, 6)]


@pytest.mark.parametrize("name", SMOOTH)
def test_float32_stays(name):
    function, arrays = SMOOTH[name]
    tensors = [Tensor(array.astype(np.float32)) for array in arrays]
    out = function(*tensors)
    assert out.dtype == np.float32
    weighed(out).backward()
    assert {tensor.grad.dtype for tensor in tensors} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", SMOOTH)
def test_frozen_operands_get_nothing(name):
    function, arrays = SMOOTH[name]
    fixed = [Tensor(array, requires_grad=False) for array in arrays]
    assert function(*fixed).requires_grad is False
    for learning in range(len(arrays)):
        tensors = [
            Tensor(array, requires_grad=place == learning) for place, array in enumerate(arrays)
        ]
        weighed(function(*tensors)).backward()
        assert [tensor.grad is not None for tensor in tensors] == [
            place == learning for place in range(len(arrays))
        ]


def test_product_with_zeros():
    x = Tensor([[2.0, 0.0, 5.0], [0.0, 0.0, 5.0]])
    ops.prod(x, axis=1).sum().backward()
    assert x.grad.tolist() == [[0.0, 10.0, 0.0], [0.0, 0.0, 0.0]]


def test_softmax_of_large_scores():
    x = Tensor([[1e308, -1e308, 0.0]])
    with np.errstate(over="ignore"):
        assert ops.softmax(x).data.tolist() == [[1.0, 0.0, 0.0]]
    far = Tensor([0.0, 1000.0])
    assert ops.log_softmax(far).data.tolist() == [-1000.0, 0.0]


def test_nan_stays():
    assert math.isnan(ops.maximum(Scalar(math.nan), 1.0).data)
    assert math.isnan(ops.maximum(1.0, Scalar(math.nan)).data)
    assert math.isnan(ops.clamp(Scalar(math.nan), 0, 1).data)
    assert np.isnan(ops.minimum(Tensor([math.nan]), 1).data).all()


X, Y = Tensor(A), Tensor([1.0, 2.0])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ops.sqrt(Scalar(0)), ValueError, "square root has no derivative at 0"),
        (lambda: ops.sqrt(Tensor([1.0, 0.0])), ValueError, "square root has no derivative at 0"),
        (lambda: ops.sqrt(Scalar(-1)), ValueError, "square root of -1: expected a number from 0"),
        (lambda: ops.maximum(1, 2), TypeError, "expected a Scalar or a Tensor, got 1"),
        (lambda: ops.maximum(X, Scalar(1)), TypeError, "expected Scalars alone, or Tensors alone"),
        (lambda: ops.maximum(X, Y), ShapeError, r"\(3, 4\) and \(2,\) do not fit"),
        (lambda: ops.maximum(X, [1.0, 2.0]), ShapeError, r"\(3, 4\) and \(2,\) do not fit"),
        (lambda: ops.where(Y > 0, X, X), ShapeError, r"\(2,\) and \(3, 4\) and \(3, 4\) do not"),
        (lambda: ops.where(Y, Y, Y), TypeError, "expected truth values: compare it"),
        (lambda: ops.where(True, 1, 2), TypeError, "expected a Scalar or a Tensor, got 1"),
        (lambda: ops.clamp(X), TypeError, "neither a low nor a high, expected a bound"),
        (lambda: ops.clamp(X, 2, 1), ValueError, "low is 2 and high is 1, expected low to be"),
        (lambda: ops.clamp(X, "a"), TypeError, "takes real numbers"),
        (lambda: ops.min(Tensor([])), ShapeError, "empty array"),
        (lambda: ops.min(X, axis=2), ShapeError, r"axis 2 does not fit shape \(3, 4\)"),
        (lambda: ops.prod(X, axis=2), ShapeError, r"axis 2 does not fit shape \(3, 4\)"),
        (lambda: ops.cumsum(X, axis=2), ShapeError, r"axis 2 does not fit shape \(3, 4\)"),
        (lambda: ops.var(Y, correction=2), ShapeError, "variance of 2 numbers, expected more th"),
        (lambda: ops.std(Tensor([2.0, 2.0])), ValueError, "no derivative at 0"),
        (lambda: ops.softmax(X, axis=2), ShapeError, r"axis 2 does not fit shape \(3, 4\)"),
        (lambda: ops.log_softmax(Tensor([])), ShapeError, r"softmax of an empty array of shape"),
        (lambda: ops.concatenate([X, Y]), ShapeError, r"shapes \(3, 4\) and \(2,\) along axis 0"),
        (lambda: ops.concatenate([X], 2), ShapeError, r"axis 2 does not fit shape \(3, 4\)"),
        (lambda: ops.concatenate([[1]]), TypeError, "expected a Tensor among the parts"),
        (lambda: ops.concatenate([]), TypeError, "expected a Tensor among the parts"),
        (lambda: ops.stack([X, Y]), ShapeError, r"shapes \(3, 4\) and \(2,\): expected all to"),
        (lambda: ops.stack([X], 3), ShapeError, r"axis 3 does not fit"),
        (lambda: ops.stack([]), TypeError, "expected a Tensor among the parts"),
        (lambda: ops.squeeze(X, 0), ShapeError, r"axis 0 of shape \(3, 4\) has not length 1"),
        (lambda: Tensor(1.0) @ X, ShapeError, r"matrix product of shapes \(\) and \(3, 4\)"),
        (
            lambda: Tensor(random(2, 3, 4)) @ random(3, 4, 2),
            ShapeError,
            r"shapes \(2,\) and \(3,\) do not fit",
        ),
    ],
    ids=range(31),
)
def test_what_does_not_fit_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_ops_of_scalars_need_no_numpy():
    import subprocess
    import sys

    program = (
        "import sys; sys.modules['numpy'] = None\n"
        "from sgdexplained import Scalar\n"
        "from sgdexplained.ops import clamp, maximum, sqrt, where\n"
        "x = Scalar(4.0); sum([sqrt(x), maximum(x, 1), clamp(x, 0, 1), where(x > 0, x, 0)])"
        ".backward(); print(x.grad)"
    )
    out = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert out == "2.25\n"
