"""Bad input and bad luck: each call gives a right answer or an error that is documented.

Hypothesis draws what people may hand to the package: odd shapes, number types and values, wrong
types, calls in any order. A call that fails must leave every object as it was before.

The run is the same each time. ``FUZZ_TIMES=100 pytest tests/test_fuzz.py`` tries a hundred times as
many examples, other ones in each run.
"""

import contextlib
import gc
import math
import os
import sys
import tracemalloc
from copy import deepcopy
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from itertools import count
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

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
    hinge,
    logistic,
    mean_squared_error,
    softmax_cross_entropy,
    weighted_mean,
)
from sgdexplained.contrasts import (
    Adagrad,
    Adam,
    AdamW,
    BatchNorm,
    Dropout,
    Embedding,
    MovingAverage,
    RMSprop,
    SignSGD,
    clamp,
    elu,
    gelu,
    hard_tanh,
    leaky_relu,
    maximum,
    relu6,
    silu,
    weight_norm,
)
from sgdexplained.tensor import LinearMap
from sgdexplained.units import linear_units

from .helpers import bench, flat

TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
BOTH = pytest.mark.parametrize("node", [Scalar, Tensor])
# ValueError has ShapeError in it.
DOCUMENTED = (TypeError, ValueError, IndexError, GraphError, NotFiniteError, ZeroDivisionError)
FINITE = (NotFiniteError, ZeroDivisionError)


def tries(number):
    return settings(
        max_examples=number * TIMES,
        deadline=None,
        derandomize=TIMES == 1,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


# From the simplest on, as Hypothesis would find them.
thirds = st.sampled_from(
    sorted(
        {Fraction(n, d) for n in range(-6, 7) for d in (1, 2, 3)},
        key=lambda number: (number.denominator, abs(number), number < 0),
    )
)
ODD = [0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 1e-308, 1e-170, 1e170, 1e308, -1e308, 40.0, -745.0]
finite = (
    st.sampled_from(ODD) | st.floats(-50, 50) | st.floats(allow_nan=False, allow_infinity=False)
)
any_float = finite | st.sampled_from([math.nan, math.inf, -math.inf])


# ## Programs of array operations: a Tensor against an array of Scalars
#
# NumPy adds, multiplies, reshapes, picks and sums an array of objects by asking the objects. So the
# same program that runs on a Tensor of fractions runs on an array of Scalars, and the engine of
# numbers says what every gradient must be, exactly.

shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)


@st.composite
def fraction_arrays(draw, shape):
    size = math.prod(shape)
    numbers = draw(st.lists(thirds, min_size=size, max_size=size))
    array = np.empty(size, dtype=object)
    array[:] = numbers
    return array.reshape(shape)


def boxed(thing):
    """Return an array of objects; NumPy hands out the only one of an array bare."""
    return thing if isinstance(thing, np.ndarray) else np.asarray(thing, dtype=object)


def scalars(array):
    return boxed(np.frompyfunc(Scalar, 1, 1)(array))


def numbers_of(twin):
    return [one.data if isinstance(one, Scalar) else one for one in twin.flat]


def reduced(name, x, **options):
    """Add up or take the mean; NumPy also does it along axes that there are not, or of nothing."""
    if isinstance(x, np.ndarray):
        axis_of_none = x.ndim == 0 and options["axis"] is not None
        if axis_of_none or (name == "mean" and x.size == 0):
            raise ValueError
    return getattr(x, name)(**options)


def first_of(x):
    first = next(iter(x))
    return boxed(first) if isinstance(x, np.ndarray) else first


def multiplied(x, y):
    """Multiply matrices; NumPy also multiplies stacks of them."""
    if isinstance(x, np.ndarray) and max(x.ndim, y.ndim) > 2:
        raise ValueError
    return x @ y


AXES = st.none() | st.integers(-3, 3)
keys = st.one_of(
    st.integers(-4, 4),
    st.builds(slice, *[st.none() | st.integers(-3, 3)] * 2, st.sampled_from([None, 1, 2, -1])),
    st.lists(st.integers(-3, 2), max_size=3),
    st.just(Ellipsis),
    st.none(),
)
# What to do, and with what; each takes two arrays of the program so far, Tensors or of Scalars.
STEPS = st.one_of(
    st.sampled_from(
        [
            ("add", lambda x, y: x + y),
            ("subtract", lambda x, y: x - y),
            ("multiply", lambda x, y: x * y),
            ("divide", lambda x, y: x / y),
            ("matrix product", multiplied),
            ("negate", lambda x, _: -x),
            ("turn", lambda x, _: x.T),
            ("square", lambda x, _: x**2),
            ("invert", lambda x, _: 2 / x),
            ("iterate", lambda x, _: x - first_of(x)),
        ]
    ),
    st.builds(lambda k, x_: ("by a constant", lambda x, _: k - x_ * x), thirds, thirds),
    st.builds(
        lambda name, axis, keep: (name, lambda x, _: reduced(name, x, axis=axis, keepdims=keep)),
        st.sampled_from(["sum", "mean"]),
        AXES,
        st.booleans(),
    ),
    st.builds(lambda s: ("reshape", lambda x, _: x.reshape(s)), shapes | st.just((-1,))),
    st.builds(lambda k: ("pick", lambda x, _: x[k]), keys | st.tuples(keys, keys)),
    st.builds(lambda o: ("transpose", lambda x, _: x.transpose(*o)), st.permutations(range(3))),
)
# How NumPy and a number say no.
REFUSED = (TypeError, ValueError, IndexError, ZeroDivisionError, StopIteration)


def outcome(step, x, y):
    try:
        return boxed(step(x, y)) if isinstance(x, np.ndarray) else step(x, y)
    except REFUSED:
        return None


@tries(150)
@given(st.data())
def test_programs_of_arrays_agree_with_numbers(data):
    leaves, twins = [], []
    for _ in range(2):
        array = data.draw(shapes.flatmap(fraction_arrays))
        leaves.append(Tensor(array))
        twins.append(scalars(array))
    values, expected = list(leaves), list(twins)
    for _ in range(data.draw(st.integers(1, 5))):
        name, step = data.draw(STEPS)
        i, j = (data.draw(st.integers(0, len(values) - 1)) for _ in range(2))
        out, wanted = outcome(step, values[i], values[j]), outcome(step, expected[i], expected[j])
        if wanted is None:
            assert out is None, name
        else:
            assert out is not None, name
            assert (out.shape, out.data.dtype) == (wanted.shape, object), name
            assert list(out.data.flat) == numbers_of(wanted), name
            values.append(out)
            expected.append(wanted)
    root, twin = values[-1], expected[-1]
    seed = np.arange(1, root.data.size + 1).reshape(root.shape)
    root.backward(seed)
    for one, weight in zip(twin.flat, seed.flat, strict=True):
        if isinstance(one, Scalar):
            one.backward(int(weight))
    for leaf, numbers in zip(leaves, twins, strict=True):
        gradient = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad
        assert gradient.shape == leaf.shape
        assert list(gradient.flat) == [one.grad or 0 for one in numbers.flat]


@tries(60)
@given(
    st.sampled_from([np.float32, np.float64, np.float16, np.int8, np.uint64, np.longdouble]),
    shapes,
    st.sampled_from([np.float32, np.float64, np.int64, object]),
    st.sampled_from(["add", "subtract", "multiply", "true_divide", "power"]),
)
def test_number_types_are_kept(kind, shape, other_kind, operation):
    """A Tensor stays float32, or fractions, or becomes float64; constants take its type."""
    x = Tensor(np.ones(shape, kind))
    kept = np.float32 if kind is np.float32 else np.float64
    assert x.dtype == kept
    out = getattr(np, operation)(np.ones(shape), np.full(shape, 2.0)) * 0
    y = {
        "add": lambda a, b: a + b,
        "subtract": lambda a, b: a - b,
        "multiply": lambda a, b: a * b,
        "true_divide": lambda a, b: a / b,
        "power": lambda a, b: a**b,
    }[operation](x, np.full(shape, 2, other_kind))
    assert y.dtype == kept
    assert y.shape == out.shape
    y.sum().backward()
    assert (x.grad.dtype, x.grad.shape) == (kept, shape)


# ## Numbers of any size: floats against fractions and decimals
#
# A float is a fraction, so sums, products, quotients and their slopes can be worked out exactly;
# what is left is one rounding or two, or a number that is too large or too small for a float.


def as_float(exact):
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def agree(found, exact, relative=1e-15):
    """Whether a float is the exact number, give or take roundings at any size."""
    wanted = as_float(exact)
    if math.isinf(wanted) or math.isinf(found):
        return min(abs(found), abs(wanted)) > 1.79e308 and (found > 0) == (wanted > 0)
    return math.isclose(found, wanted, rel_tol=relative, abs_tol=1e-322)


def tensors_and_scalars(function, numbers):
    """Yield value and gradients from Scalars and from Tensors, where the value is finite."""
    for node in (Scalar, Tensor):
        with np.errstate(all="ignore"), contextlib.suppress(*FINITE):
            nodes = [node(number) for number in numbers]
            out = function(*nodes)
            out.backward()
            yield float(out.data), [float(one.grad) for one in nodes]


ARITHMETIC = {
    "x + y": (lambda x, y: x + y, lambda *_: (1, 1)),
    "x - y": (lambda x, y: x - y, lambda *_: (1, -1)),
    "x * y": (lambda x, y: x * y, lambda x, y: (y, x)),
    "x / y": (lambda x, y: x / y, lambda x, y: (1 / y, -x / y**2)),
}


@pytest.mark.parametrize("name", ARITHMETIC)
@tries(60)
@given(finite, finite)
def test_arithmetic_of_any_size(name, x, y):
    function, slopes = ARITHMETIC[name]
    exact = Fraction(x), Fraction(y)
    assume(name != "x / y" or y)
    for value, gradients in tensors_and_scalars(function, (x, y)):
        assert agree(value, function(*exact))
        # An intermediate result may be too small or too large where the slope itself is not.
        for gradient, slope in zip(gradients, slopes(*exact), strict=True):
            assert agree(gradient, slope, 1e-14) or abs(value) < 1e-300


@tries(60)
@given(finite, st.integers(-4, 4))
def test_powers_of_any_size(x, n):
    assume(x or n >= 1)
    for value, [gradient] in tensors_and_scalars(lambda z: z**n, [x]):
        assert agree(value, Fraction(x) ** n, 1e-14)
        assert agree(gradient, n * Fraction(x) ** (n - 1), 1e-14)


@tries(40)
@given(any_float, any_float)
def test_powers_are_right_or_refused(x, n):
    """Python's and NumPy's powers say the same, and for a negative base so does the engine."""
    try:
        expected = Scalar(x) ** n
    except ValueError:
        with pytest.raises(ValueError, match="power"):
            Tensor([x]) ** n
        return
    except ZeroDivisionError:
        assert x == 0
        return
    with np.errstate(all="ignore"):
        out = Tensor([x]) ** n
    np.testing.assert_allclose(out.data, [expected.data], rtol=1e-14)


LARGEST = Decimal(sys.float_info.max)
# Enough digits for a difference of nearly equal numbers, and exponents that do not end at 308.
DIGITS = Context(prec=60, Emin=-(10**9), Emax=10**9)


def decimal_exp(x):
    if x < -10_000:
        return Decimal(0)
    return (Decimal("Infinity")) if x > 10_000 else x.exp()


def decimal_sigmoid(x):
    return 1 / (1 + decimal_exp(-x))


def decimal_tanh(x):
    return 2 * decimal_sigmoid(2 * x) - 1


# Φ(x), for which decimals have no function: the C library's is exact on the left.
def normal(x):
    return Decimal(math.erfc(-float(x) / math.sqrt(2)) / 2)


def density(x):
    return decimal_exp(-x * x / 2) / Decimal(2 * math.pi).sqrt()


FUNCTIONS = {
    "exp": (lambda z: z.exp(), decimal_exp, decimal_exp),
    "log": (lambda z: z.log(), lambda x: x.ln(), lambda x: 1 / x),
    "tanh": (lambda z: z.tanh(), decimal_tanh, lambda x: 1 - decimal_tanh(x) ** 2),
    "sigmoid": (
        lambda z: z.sigmoid(),
        decimal_sigmoid,
        lambda x: decimal_sigmoid(x) * decimal_sigmoid(-x),
    ),
    "relu": (lambda z: z.relu(), lambda x: max(x, 0), lambda x: int(x > 0)),
    "gelu": (gelu, lambda x: x * normal(x), lambda x: normal(x) + x * density(x)),
    "silu": (
        silu,
        lambda x: x * decimal_sigmoid(x),
        lambda x: decimal_sigmoid(x) * (1 + x * decimal_sigmoid(-x)),
    ),
    "elu": (
        elu,
        lambda x: x if x > 0 else decimal_exp(x) - 1,
        lambda x: 1 if x > 0 else decimal_exp(x),
    ),
    "leaky relu": (
        lambda z: leaky_relu(z, 0.25),
        lambda x: x if x > 0 else x / 4,
        lambda x: 1 if x > 0 else Decimal("0.25"),
    ),
    "relu6": (relu6, lambda x: min(max(x, 0), 6), lambda x: int(0 < x < 6)),
    "hard tanh": (hard_tanh, lambda x: min(max(x, -1), 1), lambda x: int(-1 < x < 1)),
    "maximum": (maximum, lambda x: max(x, 0), lambda x: int(x > 0) if x else Decimal("0.5")),
    "clamp": (lambda z: clamp(z, -2, 3), lambda x: min(max(x, -2), 3), lambda x: int(-2 <= x <= 3)),
    "hinge": (lambda z: hinge(z, 1), lambda x: max(1 - x, 0), lambda x: -int(x < 1)),
    "logistic": (
        lambda z: logistic(z, -1),
        lambda x: x if x > 100 else (1 + decimal_exp(x)).ln(),
        decimal_sigmoid,
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@tries(60)
@given(finite)
def test_functions_of_any_number(name, x):
    """No function overflows on the way to a number that is finite, and NumPy is not heard of it."""
    function, value_of, slope_of = FUNCTIONS[name]
    assume(name != "log" or x > 0)
    with localcontext(DIGITS):
        wanted = value_of(Decimal(x)), slope_of(Decimal(x))
        for node in (Scalar, Tensor):
            z = node(x)
            with np.errstate(over="ignore" if wanted[1] > LARGEST else "warn"):
                out = function(z)
            found = float(out.data)
            if math.isinf(found):
                assert wanted[0] > LARGEST
                continue
            out.backward()
            assert math.isclose(found, wanted[0], rel_tol=1e-13, abs_tol=1e-15)
            slope = float(z.grad)
            overflown = math.isinf(slope) and wanted[1] > LARGEST
            assert overflown or math.isclose(slope, wanted[1], rel_tol=1e-13, abs_tol=1e-15)


@tries(80)
@given(st.lists(finite, min_size=1, max_size=4), st.integers(0, 3))
def test_softmax_of_any_numbers(logits, label):
    assume(label < len(logits))
    with localcontext(DIGITS):
        largest = max(map(Decimal, logits))
        weights = [decimal_exp(Decimal(z) - largest) for z in logits]
        total = sum(weights)
        loss = total.ln() + (largest - Decimal(logits[label]))
        seeds = [w / total - (k == label) for k, w in enumerate(weights)]
        scalars_, tensor = [Scalar(z) for z in logits], Tensor([logits])
        for out in (softmax_cross_entropy(x, [label]) for x in ([scalars_], tensor)):
            if loss > LARGEST:
                with pytest.raises(NotFiniteError):
                    out.backward()
                return
            assert math.isclose(float(out.data), loss, rel_tol=1e-14, abs_tol=1e-15)
            out.backward()
        for gradients in ([z.grad for z in scalars_], tensor.grad[0].tolist()):
            for gradient, seed in zip(gradients, seeds, strict=True):
                assert math.isclose(gradient, seed, rel_tol=1e-13, abs_tol=1e-15)


@pytest.mark.parametrize("function", [f for f, *_ in FUNCTIONS.values()], ids=FUNCTIONS)
@tries(15)
@given(st.sampled_from([math.nan, math.inf, -math.inf]))
def test_what_is_not_finite_never_looks_finite_again(function, x):
    """From NaN comes NaN; from infinity the limit or NaN, in the slope as in the value."""
    for node in (Scalar, Tensor):
        z = node(x)
        with np.errstate(all="ignore"), contextlib.suppress(*DOCUMENTED):
            out = function(z)
            assert math.isnan(x) <= math.isnan(out.data)
            out.backward()
            assert not math.isnan(x)
            far = math.copysign(1e6, x)
            limit = node(far)
            function(limit).backward()
            assert math.isnan(z.grad) or z.grad == pytest.approx(limit.grad, abs=1e-5)


@tries(60)
@given(st.integers(-(10**400), 10**400), st.sampled_from(sorted(FUNCTIONS)))
def test_integers_and_fractions_too_large_for_a_float(n, name):
    """They stay exact where nothing but arithmetic is done; elsewhere they are refused."""
    huge = n + (10**400 if n >= 0 else -(10**400))
    for number in (huge, Fraction(huge, 3)):
        z = Scalar(number)
        (z * z).backward()
        assert z.grad == 2 * number
        try:
            out = FUNCTIONS[name][0](z)
        except (ValueError, OverflowError):
            continue
        assert out.data in (0, 0.0, math.inf, number, -1, 1, 6, -2, 3, 1 - number) or name == "log"
        with pytest.raises(OverflowError):
            z * 0.5


# ## Wrong types, anywhere

JUNK = [
    None, "a", b"a", "", True, np.True_, 1j, np.complex64(1j), np.array([1j]), {}, {1}, {0: 1},
    object(), int, len, [], [[]], [[], []], (), [None], [True], [[1], [1, 2]], [1, "2"], ["a"],
    np.array(["a"]), np.array([None]), np.array([True, False]), np.array(True),
    np.datetime64("2026-01-01"), np.zeros(2, dtype=[("a", float)]), np.ma.array([1.0, 2.0]),
    np.zeros(0), np.zeros((0, 2)), np.zeros((2, 0)), np.ones(3), np.ones((1, 1, 1)), 7, -1, 0,
    2.5, math.nan, math.inf, Fraction(1, 3), Decimal("1.5"), Decimal("inf"), [math.nan],
    [[math.inf, 1]], range(3), [Fraction(1)], [Scalar(1)], [[Scalar(1.0)]], Scalar(2.0),
    Tensor(2.0), Tensor([1.0, 2.0]), Tensor([[1.0]]), [Tensor([1.0])], bytearray(b"ab"),
]  # fmt: skip


def net_of(node):
    return MLP([2, 3, 1], node, seed=1)


def fresh(node):
    return node(2.0)


def explained(**given_):
    net = net_of(Scalar)
    usual = {
        "net": net,
        "X": [[1.0, 2.0]],
        "target": [[1.0]],
        "loss": half_squared_error,
        "optimiser": SGD(net.parameters(), lr=0.1),
    }
    return explain(**(usual | given_))


def stepped(make, gradient):
    w, v = Tensor([1.0, 2.0]), Scalar(1.0)
    w.grad, v.grad = gradient, 1.0
    optimiser = make([w, v])
    before = (w.data.tolist(), v.data, repr(optimiser.memory))
    try:
        optimiser.step()
    except DOCUMENTED:
        assert (w.data.tolist(), v.data, repr(optimiser.memory)) == before
        raise


LOSSES = [half_squared_error, mean_squared_error, hinge, logistic, softmax_cross_entropy]
OPTIMISERS = {
    "SGD": lambda parameters: SGD(parameters, lr=0.1, momentum=0.5),
    "Nesterov": lambda parameters: SGD(parameters, lr=0.1, momentum=0.5, nesterov=True),
    "decay": lambda parameters: SGD(parameters, lr=0.1, weight_decay=0.5, decoupled=True),
    "SignSGD": lambda parameters: SignSGD(parameters, lr=0.1),
    "Adagrad": Adagrad,
    "RMSprop": RMSprop,
    "Adam": Adam,
    "AdamW": AdamW,
}
CALLS = {
    "Scalar": Scalar,
    "Tensor": Tensor,
    "Tensor + ": lambda x: Tensor([1.0, 2.0]) + x,
    " - Tensor": lambda x: x - Tensor([1.0, 2.0]),
    "Tensor * ": lambda x: Tensor([[1.0, 2.0]]) * x,
    " / Tensor": lambda x: x / Tensor([1.0, 2.0]),
    "Tensor ** ": lambda x: Tensor([1.0, 2.0]) ** x,
    " ** Tensor": lambda x: x ** Tensor([1.0, 2.0]),
    "Tensor @ ": lambda x: Tensor([[1.0, 2.0]]) @ x,
    " @ Tensor": lambda x: x @ Tensor([1.0, 2.0]),
    "Tensor of fractions * ": lambda x: Tensor([Fraction(1, 2)] * 2) * x,
    "Scalar + ": lambda x: Scalar(2.0) + x,
    " / Scalar": lambda x: x / Scalar(2.0),
    "Scalar ** ": lambda x: Scalar(2.0) ** x,
    " ** Scalar": lambda x: x ** Scalar(2.0),
    "Tensor[]": lambda x: Tensor([[1.0, 2.0]])[x],
    "sum": lambda x: Tensor([[1.0, 2.0]]).sum(x),
    "mean": lambda x: Tensor([[1.0, 2.0]]).mean(x),
    "max": lambda x: Tensor([[1.0, 2.0]]).max(x),
    "reshape": lambda x: Tensor([[1.0, 2.0]]).reshape(x),
    "transpose": lambda x: Tensor([[1.0, 2.0]]).transpose(x),
    "broadcast_to": lambda x: Tensor([[1.0, 2.0]]).broadcast_to(x),
    "Tensor.backward": lambda x: Tensor([1.0, 2.0]).backward(x),
    "Scalar.backward": lambda x: Scalar(2.0).backward(x),
    "Tensor.relu": lambda x: Tensor([0.0]).relu(x),
    "Scalar.relu": lambda x: Scalar(0.0).relu(x),
    "leaky_relu": lambda x: leaky_relu(Scalar(1.0), x),
    "elu": lambda x: elu(Tensor([1.0]), x),
    "maximum": lambda x: maximum(Scalar(1.0), x),
    "clamp": lambda x: clamp(Scalar(1.0), x, 2),
    "clamp, high": lambda x: clamp(Scalar(1.0), 0, x),
    "MLP": MLP,
    "MLP, node": lambda x: MLP([2, 1], x),
    "MLP, activation": lambda x: MLP([2, 1, 1], activation=x),
    "MLP, init": lambda x: MLP([2, 1], init=x),
    "MLP, init of Tensors": lambda x: MLP([2, 1], Tensor, init=[x]),
    "MLP, kink": lambda x: MLP([2, 1], kink=x),
    "Linear": Linear,
    "Linear, bias": lambda x: Linear(Tensor([[1.0, 2.0]]), x),
    "Linear of Scalars, bias": lambda x: Linear([[Scalar(1.0)]], x),
    "net of Scalars": net_of(Scalar),
    "net of Tensors": net_of(Tensor),
    "weighted_mean": lambda x: weighted_mean(x, [1]),
    "weighted_mean, sizes": lambda x: weighted_mean([Scalar(1.0)], x),
    "SGD": lambda x: SGD(x, lr=0.1),
    "SGD, lr": lambda x: SGD([Scalar(1.0)], lr=x),
    "SGD, momentum": lambda x: SGD([Scalar(1.0)], lr=1, momentum=x),
    "SGD, weight_decay": lambda x: SGD([Scalar(1.0)], lr=1, weight_decay=x),
    "Adam, betas": lambda x: Adam([Scalar(1.0)], betas=x),
    "Adam, a beta": lambda x: Adam([Scalar(1.0)], betas=(x, 0.5)),
    "Adam, eps": lambda x: Adam([Scalar(1.0)], eps=x),
    "RMSprop, alpha": lambda x: RMSprop([Scalar(1.0)], alpha=x),
    "MovingAverage": MovingAverage,
    "MovingAverage, decay": lambda x: MovingAverage([Scalar(1.0)], x),
    "Embedding": Embedding,
    "Embedding()": Embedding(Tensor([[1.0, 2.0], [3.0, 4.0]])),
    "Dropout": Dropout,
    "Dropout()": Dropout(),
    "Dropout(), mask": lambda x: Dropout()(Tensor([[1.0, 2.0]]), mask=x),
    "BatchNorm()": BatchNorm(),
    "BatchNorm, gamma": lambda x: BatchNorm(gamma=x)(Tensor([[1.0], [2.0]])),
    "BatchNorm, beta": lambda x: BatchNorm(beta=x)([[Scalar(1.0)], [Scalar(2.0)]]),
    "BatchNorm, eps": lambda x: BatchNorm(eps=x),
    "weight_norm": lambda x: weight_norm(x, 1),
    "weight_norm, gain": lambda x: weight_norm(Tensor([1.0, 2.0]), x),
    "gradcheck": lambda x: gradcheck(x, [Scalar(1.0)]),
    "gradcheck, loss": lambda x: gradcheck(lambda: x, [Scalar(1.0)]),
    "gradcheck, parameters": lambda x: gradcheck(lambda: Scalar(1.0), x),
    "explain, net": lambda x: explained(net=x),
    "explain, X": lambda x: explained(X=x),
    "explain, target": lambda x: explained(target=x),
    "explain, loss": lambda x: explained(loss=x),
    "explain, what the loss returns": lambda x: explained(loss=lambda *_, **__: x),
    "explain, optimiser": lambda x: explained(optimiser=x),
    **{f"{name}, gradient": (lambda x, m=make: stepped(m, x)) for name, make in OPTIMISERS.items()},
    **{f"{one.__name__}, outputs": (lambda x, f=one: f(x, [[1]])) for one in LOSSES},
    **{f"{one.__name__}, arrays": (lambda x, f=one: f(Tensor([[1.0, 2.0]]), x)) for one in LOSSES},
    **{
        f"{one.__name__}, numbers": (lambda x, f=one: f([[Scalar(1.0), Scalar(2.0)]], x))
        for one in LOSSES
    },
    **{
        f"{one.__name__}, reduction": (lambda x, f=one: f(Tensor([[1.0]]), [[1]], x))
        for one in LOSSES[:-1]
    },
}


# NumPy before 2.2 takes an empty array for False, with this warning, and what follows refuses it.
@pytest.mark.filterwarnings("ignore:The truth value of an empty array:DeprecationWarning")
@pytest.mark.parametrize("name", CALLS)
def test_wrong_types_are_refused_or_used(name):
    """Each alone, each in a list, and some pairs: these need no Hypothesis, which takes longer."""
    random = Random(name if TIMES == 1 else None)
    pairs = [random.choices(JUNK, k=2) for _ in range(20 * TIMES)]
    for thing in [*JUNK, *([one] for one in JUNK), *pairs]:
        try:
            refused_or_used(CALLS[name], thing)
        except Exception as error:
            error.add_note(f"given {thing!r}")
            raise


def refused_or_used(call, thing):
    with np.errstate(all="ignore"):
        try:
            out = call(thing)
        except DOCUMENTED:
            return
        except AssertionError as error:
            # gradcheck may find that a gradient is wrong; nothing else may.
            if "central differences" in str(error):
                return
            raise
    for node in flat(out if isinstance(out, list) else [out]):
        if isinstance(node, Tensor):
            assert isinstance(node.data, np.ndarray)
            assert node.dtype in (np.float32, np.float64, object)
        if isinstance(node, Scalar):
            assert Scalar.constant(node.data) is node.data


# ## Calls in any order
#
# The machine below calls what there is in any order and keeps its own account: each node with its
# numbers and, for every number of every leaf, the derivative at the moment of the forward pass.


class Bomb:
    """A local derivative that is interrupted."""

    def __mul__(self, gradient):
        raise KeyboardInterrupt


class Account:
    """What a node should be: its numbers, their derivatives, and what they were computed from."""

    def __init__(self, node, numbers, slopes, used):
        self.node, self.numbers, self.slopes, self.used = node, numbers, slopes, used
        self.version = 0
        self.gradient = None

    def stale(self):
        return any(account.version != version for account, version in self.used)


class Calls(RuleBasedStateMachine):
    kind = Scalar
    width = 1

    def array(self, numbers):
        return numbers[0] if self.kind is Scalar else np.array(numbers, dtype=object)

    def listed(self, array):
        if array is None:
            return None
        return [array] if self.kind is Scalar else array.tolist()

    @initialize(numbers=st.lists(thirds, min_size=4, max_size=4))
    def begin(self, numbers):
        self.counter = count()
        self.all, self.leaves = [], []
        for start in (0, 2):
            self.leaf(numbers[start : start + self.width])
        self.velocities = [None, None]
        half = Fraction(1, 2)
        self.optimiser = SGD([one.node for one in self.leaves], lr=half, momentum=half)

    def leaf(self, numbers):
        ids = [next(self.counter) for _ in numbers]
        leaf = Account(self.kind(self.array(numbers)), list(numbers), [{i: 1} for i in ids], set())
        leaf.ids = ids
        self.all.append(leaf)
        self.leaves.append(leaf)

    def add(self, node, numbers, slopes, parents):
        if all(
            abs(n.numerator) < 10**60 and n.denominator < 10**60 for n in map(Fraction, numbers)
        ):
            used = set().union(*(parent.used for parent in parents))
            used |= {(parent, parent.version) for parent in parents}
            self.all.append(Account(node, numbers, slopes, used))

    some = st.runner().flatmap(lambda machine: st.sampled_from(machine.all))
    some_leaf = st.runner().flatmap(lambda machine: st.sampled_from(machine.leaves))
    some_numbers = st.lists(thirds, min_size=2, max_size=2)

    @rule(one=some, other=some)
    def product(self, one, other):
        slopes = [
            {key: b * p.get(key, 0) + a * q.get(key, 0) for key in p | q}
            for a, b, p, q in zip(one.numbers, other.numbers, one.slopes, other.slopes, strict=True)
        ]
        numbers = [a * b for a, b in zip(one.numbers, other.numbers, strict=True)]
        self.add(one.node * other.node, numbers, slopes, [one, other])

    @rule(one=some, other=some)
    def difference(self, one, other):
        slopes = [
            {key: p.get(key, 0) - q.get(key, 0) for key in p | q}
            for p, q in zip(one.slopes, other.slopes, strict=True)
        ]
        numbers = [a - b for a, b in zip(one.numbers, other.numbers, strict=True)]
        self.add(one.node - other.node, numbers, slopes, [one, other])

    @rule(one=some, factor=thirds)
    def affine(self, one, factor):
        slopes = [{key: factor * p for key, p in slope.items()} for slope in one.slopes]
        self.add(factor * one.node + 1, [factor * a + 1 for a in one.numbers], slopes, [one])

    @rule(one=some)
    def relu(self, one):
        slopes = [
            {key: p * (a > 0) for key, p in slope.items()}
            for a, slope in zip(one.numbers, one.slopes, strict=True)
        ]
        self.add(one.node.relu(), [max(a, 0) for a in one.numbers], slopes, [one])

    @rule(one=some)
    def swap(self, one):
        node = one.node + 0 if self.kind is Scalar else one.node[list(reversed(range(self.width)))]
        self.add(node, one.numbers[::-1], one.slopes[::-1], [one])

    @rule(one=some, seed=some_numbers)
    def backward(self, one, seed):
        seed = seed[: self.width]
        try:
            one.node.backward(self.array(seed))
        except GraphError:
            assert self.kind is Tensor
            assert one.stale()
            return
        total = {}
        for weight, slope in zip(seed, one.slopes, strict=True):
            for key, p in slope.items():
                total[key] = total.get(key, 0) + weight * p
        for leaf in self.leaves:
            if not total.keys().isdisjoint(leaf.ids):
                before = leaf.gradient or [0] * self.width
                leaf.gradient = [b + total.get(i, 0) for b, i in zip(before, leaf.ids, strict=True)]

    @rule(one=some, other=some)
    def interrupted_backward(self, one, other):
        bomb = Bomb() if self.kind is Scalar else LinearMap(Bomb().__mul__)
        node = self.kind.computed(one.node.data + 0, one.node, bomb) * other.node
        with pytest.raises((KeyboardInterrupt, GraphError)) as caught:
            node.backward(self.array([1] * self.width))
        assert "every leaf keeps the gradient" in caught.value.__notes__[-1]

    @rule(one=some, thing=st.sampled_from(["a", None, 1j, [1, 2, 3], [True], Scalar]))
    def misuse(self, one, thing):
        for call in (
            lambda: one.node + thing,
            lambda: one.node.backward(thing),
            lambda: one.node.relu(kink=thing),
            lambda: half_squared_error(one.node, thing),
        ):
            with pytest.raises((TypeError, ValueError)):
                call()

    @precondition(lambda self: self.kind is Tensor)
    @rule(one=some, numbers=some_numbers)
    def write(self, one, numbers):
        one.node.data[...] = numbers[: self.width]
        one.numbers = numbers[: self.width]
        one.version += 1

    @rule(leaf=some_leaf, numbers=some_numbers)
    def replace(self, leaf, numbers):
        leaf.node.data = self.array(numbers[: self.width])
        leaf.numbers = numbers[: self.width]
        leaf.version += 1

    @rule(set_to_none=st.booleans())
    def zero_grad(self, set_to_none):
        self.optimiser.zero_grad(set_to_none=set_to_none)
        for leaf in self.leaves[:2]:
            leaf.gradient = None if set_to_none else [0] * self.width

    @rule()
    def step(self):
        self.optimiser.step()
        for k, leaf in enumerate(self.leaves[:2]):
            if leaf.gradient is not None:
                before = self.velocities[k] or [0] * self.width
                velocity = [b / Fraction(2) + g for b, g in zip(before, leaf.gradient, strict=True)]
                self.velocities[k] = velocity
                leaf.numbers = [a - v / 2 for a, v in zip(leaf.numbers, velocity, strict=True)]
                leaf.version += 1

    @rule(lr=st.sampled_from([math.nan, -1, None, "a"]))
    def bad_step(self, lr):
        self.optimiser.lr, good = lr, self.optimiser.lr
        with pytest.raises(ValueError, match="lr is"):
            self.optimiser.step()
        self.optimiser.lr = good

    @invariant()
    def agrees(self):
        for one in getattr(self, "all", []):
            assert self.listed(one.node.data) == one.numbers
        for leaf in getattr(self, "leaves", []):
            assert self.listed(leaf.node.grad) == leaf.gradient


class CallsOfTensors(Calls):
    kind = Tensor
    width = 2


@pytest.mark.parametrize("machine", [Calls, CallsOfTensors])
def test_calls_in_any_order(machine):
    run_state_machine_as_test(machine, settings=settings(tries(50), stateful_step_count=20))


# ## Networks, losses, optimisers, explanations


def snapshot(net, optimiser):
    return deepcopy((net.values(), net.gradients(), optimiser.memory, optimiser.lr))


def same(one, other):
    if isinstance(one, np.ndarray):
        return one.shape == other.shape and same(one.tolist(), other.tolist())
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or repr(one) == repr(other) == "nan"


@BOTH
@tries(60)
@given(
    st.lists(any_float, min_size=4, max_size=4),
    st.lists(any_float, min_size=2, max_size=2),
    st.sampled_from(["relu", "tanh", "sigmoid", gelu, silu]),
    st.sampled_from(LOSSES[:2]),
    st.sampled_from(sorted(OPTIMISERS)),
)
def test_a_step_on_any_numbers_is_finite_or_refused(node, x, t, activation, loss, name):
    """Whatever fails leaves parameters, gradients and memory as they were before."""
    net = MLP([2, 2, 1], node, activation=activation, seed=3)
    optimiser = OPTIMISERS[name](net.parameters())
    for inputs, target in ((x[:2], t[0]), (x[2:], t[1])):
        net.zero_grad()
        before = snapshot(net, optimiser)
        with np.errstate(all="ignore"):
            try:
                out = loss(net([inputs]), [[target]])
                out.backward()
            except FINITE:
                assert same(snapshot(net, optimiser), before)
                continue
            assert math.isfinite(out.data)
            before = snapshot(net, optimiser)
            try:
                optimiser.step()
            except NotFiniteError:
                assert same(snapshot(net, optimiser), before)
                continue
            if max(map(abs, map(float, flat(before[1])))) < 1e150:
                net.check_finite()


@pytest.mark.parametrize("name", OPTIMISERS)
@tries(30)
@given(st.lists(st.none() | any_float | st.just([1.0]) | st.just("a"), min_size=1, max_size=6))
def test_optimisers_step_numbers_and_arrays_alike_or_refuse(name, gradients):
    v, w = Scalar(1.0), Tensor([1.0])
    optimisers = [OPTIMISERS[name]([one]) for one in (v, w)]
    for gradient in gradients:
        v.grad = w.grad = gradient
        if isinstance(gradient, float):
            w.grad = np.array([gradient])
        before = (v.data, w.data.tolist(), deepcopy([one.memory for one in optimisers]))
        refused = []
        for optimiser in optimisers:
            try:
                with np.errstate(all="ignore"):
                    optimiser.step()
            except (TypeError, ValueError, NotFiniteError):
                refused.append(optimiser)
        if gradient is None or refused:
            after = (v.data, w.data.tolist(), [one.memory for one in optimisers])
            assert same(after, before)
            assert gradient is None or len(refused) == 2
        elif not same(v.data, w.item()):
            assert v.data == pytest.approx(w.item(), rel=1e-12)


@BOTH
@tries(40)
@given(
    st.lists(st.lists(any_float, min_size=2, max_size=2), min_size=1, max_size=3),
    st.sampled_from(sorted(OPTIMISERS)),
    st.sampled_from(["relu", "tanh", relu6]),
    st.booleans(),
)
def test_explain_any_batch_or_refuse_it(node, x, name, activation, remembers):
    net = MLP([2, 2, 1], node, activation=activation, seed=3)
    optimiser = OPTIMISERS[name](net.parameters())
    if remembers:
        half_squared_error(net([[1.0, 2.0]]), [[1.0]]).backward()
        optimiser.step()
    before = snapshot(net, optimiser)
    with np.errstate(all="ignore"):
        try:
            step = explain(net, x, [[1.0]] * len(x), half_squared_error, optimiser)
        except NotFiniteError:
            step = None
    assert same(snapshot(net, optimiser), before)
    for row in step or ():
        assert row.sentence
        assert row.moves == (row.move != 0)
        assert (row.gradient == 0) == bool(row.zero)
        mean = sum(row.contributions) / len(x)
        assert math.isnan(mean) or row.gradient == pytest.approx(mean, rel=1e-9, abs=1e-12)
        for contribution, reasons in zip(row.contributions, row.reasons, strict=True):
            assert (contribution == 0) == bool(reasons)
    assert step is None or max(map(len, str(step).splitlines())) <= 100


@BOTH
@tries(40)
@given(st.lists(any_float, min_size=2, max_size=2), st.sampled_from(sorted(FUNCTIONS)))
def test_gradcheck_leaves_everything_as_it_was(node, numbers, name):
    x, y = map(node, numbers)
    y.grad = x.data
    function = FUNCTIONS[name][0]
    with np.errstate(all="ignore"), contextlib.suppress(AssertionError, *DOCUMENTED):
        worst = gradcheck(lambda: function(x * y), [x, y])
        assert worst >= 0
    assert same([float(x.data), float(y.data)], numbers)
    assert x.grad is None
    assert same(float(y.grad), numbers[0])


@BOTH
@tries(30)
@given(
    st.sampled_from(
        [[[1.0]], [[1.0, 2.0, 3.0]], [1.0, 2.0], 3.0, [["a", "b"]], None, [[1.0, 2.0], [1.0]], [[]]]
    )
)
def test_a_batch_that_does_not_fit_is_forgotten(node, x):
    """The layers go on speaking of the last pass that there was."""
    net = bench(node)
    half_squared_error(net([[1, 2]]), [[1]]).backward()
    before = [
        deepcopy((one.inputs, one.pre_activations, one.activations, one.deltas))
        for one in net.layers
    ]
    with pytest.raises((TypeError, ValueError)):
        net(x)
    after = [(one.inputs, one.pre_activations, one.activations, one.deltas) for one in net.layers]
    assert same(after, before)


# ## Cases that fuzzing has found


@BOTH
def test_slope_of_a_quotient_by_a_large_number(node):
    """Its square is infinite, and x / inf would be a gradient of exactly 0."""
    x, y = node(1e300), node(1e200)
    (x / y).backward()
    assert float(y.grad) == pytest.approx(-1e-100)
    y = node(1e200)
    (1e300 / y).backward()
    assert float(y.grad) == pytest.approx(-1e-100)


def test_slope_of_a_quotient_in_float32():
    x, y = (Tensor(np.float32([1e20])) for _ in "xy")
    (x / y).backward()
    assert y.grad.tolist() == pytest.approx([-1e-20])


def test_exp_of_an_integer_far_below_zero():
    assert Scalar(-(10**400)).exp().data == 0
    assert Scalar(10**400).exp().data == math.inf


@BOTH
def test_power_whose_slope_alone_is_too_large(node):
    with np.errstate(over="ignore"):
        assert float((node(1e-300) ** -1).data) == pytest.approx(1e300)
    with pytest.raises(ValueError, match="power"):
        node(-1.0) ** math.inf


def test_softmax_of_equal_large_numbers_is_even():
    """log 2 is lost in 1e17 + log 2."""
    logits = [Scalar(1e17), Scalar(1e17)]
    assert softmax_cross_entropy([logits], [0]).data == pytest.approx(math.log(2))


def test_one_integer_of_an_array_of_fractions_stays_exact():
    """As an array of integers it would cut every constant down to an integer."""
    x = Tensor(np.array([1, Fraction(1, 2)], dtype=object))
    half = x[0] * Fraction(1, 2)
    half.backward()
    assert half.item() == Fraction(1, 2)
    assert x.grad.tolist() == [Fraction(1, 2), 0]


def test_zero_gradient_of_a_single_fraction_can_be_stepped():
    w = Tensor(Fraction(2))
    w.zero_grad(set_to_none=False)
    SGD([w], lr=Fraction(1, 2), weight_decay=Fraction(1, 2)).step()
    assert w.item() == Fraction(3, 2)


def test_a_single_number_cannot_be_iterated():
    """It would look like an empty list."""
    with pytest.raises(TypeError, match="no length"):
        list(Tensor(3.0))
    assert [row.data.tolist() for row in Tensor([[1.0], [2.0]])] == [[1.0], [2.0]]


def test_no_index_picks_nothing():
    x = Tensor([1.0, 2.0])
    picked = x[[]]
    assert picked.shape == (0,)
    picked.sum().backward()
    assert x.grad.tolist() == [0, 0]
    assert x[np.array(1)].item() == 2


def test_product_of_matrices_without_a_row():
    x, y = Tensor(np.ones((0, 3))), Tensor(np.ones((3, 2)))
    (x @ y).sum().backward()
    assert x.grad.shape == (0, 3)
    assert y.grad.tolist() == [[0, 0]] * 3


@pytest.mark.parametrize(
    "function",
    [lambda x: x.T, lambda x: x[None] @ [Fraction(1)], Tensor.sum],
    ids=["turn", "multiply", "sum"],
)
def test_single_fraction_that_is_used_twice(function):
    """NumPy adds up two such gradients to a bare number, which has no shape to turn."""
    x = Tensor(Fraction(1, 2))
    y = function(x)
    (y + y).backward()
    assert x.grad.dtype == object
    assert x.grad == 2


def test_infinite_decimal_is_not_finite():
    for text in ("inf", "-inf", "nan", "snan"):
        with pytest.raises(NotFiniteError):
            Scalar(Decimal(text)).backward()


def test_complex_number_in_an_array_is_no_learning_rate():
    for bad in (np.array([1j]), np.array([True]), np.array([0.1, 0.2])):
        with pytest.raises(ValueError):  # noqa: PT011 (the words are NumPy's or ours)
            SGD([Scalar(1.0)], lr=bad)
    assert SGD([Scalar(1.0)], lr=np.array([0.5])).lr == 0.5


def test_masked_array_is_refused():
    """The numbers behind the mask would be used."""
    with pytest.raises(TypeError, match="expected numbers or an array, got a MaskedArray"):
        Tensor(np.ma.array([1.0, 2.0], mask=[True, False]))


def test_gradcheck_reads_its_parameters_once():
    w = Scalar(2.0)
    assert gradcheck(lambda: w * w, (one for one in [w])) < 1e-9


def test_gradient_of_another_shape_is_refused():
    """NumPy would repeat it."""
    w = Tensor([[1.0, 2.0], [3.0, 4.0]])
    for gradient in (np.ones(2), 1.0, [[1.0, 2.0], [3.0, 4.0]]):
        w.grad = gradient
        with pytest.raises(ShapeError, match=r"gradient of parameter 0 has shape .* \(2, 2\)"):
            SGD([w], lr=1).step()
    assert w.data.tolist() == [[1, 2], [3, 4]]


# ## Bad luck


@pytest.mark.parametrize("name", OPTIMISERS)
@BOTH
def test_interrupted_step_says_so(node, name, monkeypatch):
    """What came before the interruption has moved, what comes after has not: it cannot be undone.

    A copy of every array would have to be kept for that, which costs a fifth of a small step.
    """
    parameters = [node(2.0) for _ in range(3)]
    for one in parameters:
        one.grad = one.data * 0 + 1
    optimiser = OPTIMISERS[name](parameters)
    real, calls = optimiser.move, []

    def stopped(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*arguments)

    monkeypatch.setattr(optimiser, "move", stopped)
    with pytest.raises(KeyboardInterrupt) as caught:
        optimiser.step()

    assert "did not finish: some parameters may have moved" in caught.value.__notes__[-1]
    moved, *others = [float(one.data) for one in parameters]
    assert moved < 2
    assert others == [2, 2]
    assert optimiser.memory[1:] == [{}, {}]


def test_a_hundred_thousand_weights_of_one_unit():
    n = 100_000
    w, x = [Scalar(k) for k in range(n)], Scalar(2)
    [[z]] = linear_units([[x] * n], [w])
    z.backward()
    assert (z.data, x.grad) == (n * (n - 1), n * (n - 1) // 2)
    assert all(weight.grad == 2 for weight in w)


def test_a_million_uses_of_one_number():
    n = 1_000_000
    x = Tensor([1.0])
    x.broadcast_to((n,)).sum().backward()
    assert x.grad.tolist() == [n]


@BOTH
def test_two_thousand_steps_leave_nothing_behind(node):
    net = MLP([1, 1], node, init=[([[0.5]], [0.0])])
    optimiser = SGD(net.parameters(), lr=0.1, momentum=0.5)

    def train(steps):
        for _ in range(steps):
            optimiser.zero_grad()
            half_squared_error(net([[1.0]]), [[2.0]]).backward()
            optimiser.step()

    def memory():
        gc.collect()  # Python keeps freed tuples for later, until it collects
        return tracemalloc.get_traced_memory()[0]

    train(100)
    tracemalloc.start()
    try:
        train(100)
        before = memory()
        train(2_000)
        assert memory() - before < 2_000  # one object a step would be eight times that
    finally:
        tracemalloc.stop()
