"""What several test modules share: the benches, the table of operations, differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from sgdexplained import MLP, Scalar, Tensor

BENCH_VALUES = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
BENCH_1 = ([[1, 2]], [[1]])
BENCH_4 = ([[1, 2], [2, 1], [-2, 1], [0, -2]], [[1], [-1], [2], [6]])
PATH_VALUES = [([[1, -1], [1, 2]], None), ([[2, 1], [-1, -2]], None), ([[1], [3]], None)]


class Op(NamedTuple):
    """An operation, its derivatives by the calculus book, and places to try them at."""

    name: str
    function: Callable[..., Any]
    value: Callable[..., float]
    slopes: tuple[Callable[..., float], ...]
    places: tuple[tuple[float, ...], ...]
    exact: bool = False


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


_PAIRS = ((3.0, 2.0), (-1.5, 0.5), (0.25, -4.0))
_BOTH_SIDES = ((2.0,), (-0.75,), (0.0,))
_POSITIVE = ((2.0,), (0.125,), (1.0,))

OPS = [
    Op("x + y", lambda x, y: x + y, lambda x, y: x + y, (lambda *_: 1, lambda *_: 1), _PAIRS, True),
    Op(
        "x - y", lambda x, y: x - y, lambda x, y: x - y, (lambda *_: 1, lambda *_: -1), _PAIRS, True
    ),
    Op(
        "x * y",
        lambda x, y: x * y,
        lambda x, y: x * y,
        (lambda x, y: y, lambda x, y: x),
        _PAIRS,
        True,
    ),
    Op(
        "x / y",
        lambda x, y: x / y,
        lambda x, y: x / y,
        (lambda x, y: 1 / y, lambda x, y: -x / y**2),
        _PAIRS,
        True,
    ),
    Op(
        "x ** y",
        lambda x, y: x**y,
        lambda x, y: x**y,
        (lambda x, y: y * x ** (y - 1), lambda x, y: x**y * math.log(x)),
        ((2.0, 3.0), (0.5, -1.5), (4.0, 0.0)),
    ),
    Op("x * x", lambda x: x * x, lambda x: x * x, (lambda x: 2 * x,), _BOTH_SIDES, True),
    Op("x - x", lambda x: x - x, lambda x: 0, (lambda x: 0,), _BOTH_SIDES, True),
    Op("-x", lambda x: -x, lambda x: -x, (lambda x: -1,), _BOTH_SIDES, True),
    Op("x + 3", lambda x: x + 3, lambda x: x + 3, (lambda x: 1,), _BOTH_SIDES, True),
    Op("3 + x", lambda x: 3 + x, lambda x: 3 + x, (lambda x: 1,), _BOTH_SIDES, True),
    Op("x - 3", lambda x: x - 3, lambda x: x - 3, (lambda x: 1,), _BOTH_SIDES, True),
    Op("3 - x", lambda x: 3 - x, lambda x: 3 - x, (lambda x: -1,), _BOTH_SIDES, True),
    Op("x * 3", lambda x: x * 3, lambda x: x * 3, (lambda x: 3,), _BOTH_SIDES, True),
    Op("3 * x", lambda x: 3 * x, lambda x: 3 * x, (lambda x: 3,), _BOTH_SIDES, True),
    Op("x / 3", lambda x: x / 3, lambda x: x / 3, (lambda x: 1 / Fraction(3),), _BOTH_SIDES, True),
    Op("3 / x", lambda x: 3 / x, lambda x: 3 / x, (lambda x: -3 / x**2,), _POSITIVE, True),
    Op("x ** 3", lambda x: x**3, lambda x: x**3, (lambda x: 3 * x**2,), _BOTH_SIDES, True),
    Op("x ** 1", lambda x: x**1, lambda x: x, (lambda x: 1,), _BOTH_SIDES, True),
    Op("x ** 0", lambda x: x**0, lambda x: 1, (lambda x: 0,), _BOTH_SIDES, True),
    Op("x ** -2", lambda x: x**-2, lambda x: x**-2, (lambda x: -2 * x**-3,), _POSITIVE, True),
    Op("x ** 0.5", lambda x: x**0.5, lambda x: x**0.5, (lambda x: 0.5 * x**-0.5,), _POSITIVE),
    Op("2 ** x", lambda x: 2**x, lambda x: 2**x, (lambda x: 2**x * math.log(2),), _BOTH_SIDES),
    Op("exp", lambda x: x.exp(), math.exp, (math.exp,), _BOTH_SIDES),
    Op("log", lambda x: x.log(), math.log, (lambda x: 1 / x,), _POSITIVE),
    Op("tanh", lambda x: x.tanh(), math.tanh, (lambda x: 1 - math.tanh(x) ** 2,), _BOTH_SIDES),
    Op(
        "sigmoid",
        lambda x: x.sigmoid(),
        _sigmoid,
        (lambda x: _sigmoid(x) * (1 - _sigmoid(x)),),
        _BOTH_SIDES,
    ),
    Op(
        "relu",
        lambda x: x.relu(),
        lambda x: max(x, 0),
        (lambda x: int(x > 0),),
        ((2.0,), (-0.75,)),
        True,
    ),
]

CASES = [(op, place) for op in OPS for place in op.places]
EXACT_CASES = [(op, place) for op, place in CASES if op.exact]


def label(case: Any) -> str:
    """Name a case of the table in pytest's list."""
    return case.name if isinstance(case, Op) else ",".join(map(str, case))


def fractions(numbers: Any) -> Any:
    """Return nested lists of numbers as nested lists of fractions."""
    if isinstance(numbers, list | tuple):
        return [fractions(number) for number in numbers]
    return None if numbers is None else Fraction(numbers)


def floats(numbers: Any) -> Any:
    """Return nested lists of numbers as nested lists of floats."""
    if isinstance(numbers, list | tuple):
        return [floats(number) for number in numbers]
    return None if numbers is None else float(numbers)


def bench(node: Any = Scalar, kind: Callable[[Any], Any] = fractions) -> MLP:
    """Return the 2-3-1 network of the benches."""
    return MLP([2, 3, 1], node=node, init=[kind(pair) for pair in BENCH_VALUES])


def listed(numbers: Any) -> Any:
    """Return an array as nested lists, and nested lists as they are."""
    return numbers.tolist() if isinstance(numbers, np.ndarray) else numbers


def flat(numbers: Any) -> Iterator[Any]:
    """Yield every number of arrays and nested lists."""
    numbers = listed(numbers)
    if isinstance(numbers, dict):
        numbers = list(numbers.values())
    if isinstance(numbers, list | tuple):
        for part in numbers:
            yield from flat(part)
    else:
        yield numbers


def has_minus_zero(numbers: Any) -> bool:
    """Return whether a number would print as -0.0."""
    return any(number == 0 and math.copysign(1, number) < 0 for number in flat(numbers))


def differences(loss: Callable[[], Tensor], tensor: Tensor, step: float = 1e-6) -> Any:
    """Return the central differences of a loss with respect to each number of a tensor."""
    slopes = np.zeros(tensor.data.shape)
    for where in np.ndindex(tensor.data.shape):
        before = tensor.data[where]
        tensor.data[where] = before + step
        above = loss().item()
        tensor.data[where] = before - step
        below = loss().item()
        tensor.data[where] = before
        slopes[where] = (above - below) / (2 * step)
    return slopes


def assert_slopes(loss: Callable[[], Tensor], *tensors: Tensor) -> None:
    """Check the gradients of tensors against differences."""
    for tensor in tensors:
        tensor.zero_grad()
    value = loss()
    value.backward()
    rounding = 1e-7 * max(1, abs(value.item()))
    for tensor in tensors:
        assert tensor.grad.shape == tensor.data.shape
        slopes = differences(loss, tensor)
        np.testing.assert_allclose(tensor.grad, slopes, rtol=1e-5, atol=rounding)
