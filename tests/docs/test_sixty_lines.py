"""The engine in sixty lines: short, without recursion, with the gradients of the real one."""

import random
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from sgdexplained import Scalar

PAGE = Path(__file__).parents[2] / "docs" / "engine" / "sixty-lines.md"
ENGINE = re.search(r"```\{code-cell\} python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[1]


@pytest.fixture(scope="module")
def small() -> Any:
    names: dict[str, Any] = {}
    exec(ENGINE, names)
    return names["Value"]


def computation(seed: int) -> Callable[[list[Any]], Any]:
    """Choose steps at random, each from numbers that are there already; some are used often."""
    choose = random.Random(seed)
    steps = []
    for there in range(3, 3 + choose.randint(1, 12)):
        one, other = choose.randrange(there), choose.randrange(there)
        steps.append((choose.choice("+-*/^r"), one, other, choose.randint(2, 3)))

    def run(leaves: list[Any]) -> Any:
        numbers = list(leaves)
        for kind, one, other, power in steps:
            a, b = numbers[one], numbers[other]
            if kind == "+":
                made = a + b + 1
            elif kind == "-":
                made = a - b
            elif kind == "*":
                made = 2 * (a * b)
            elif kind == "/":
                made = a / (b * b + 1)
            elif kind == "^":
                made = (a * Fraction(1, 2)) ** power
            else:
                made = a.relu()
            numbers.append(made)
        return sum(numbers[3:], numbers[0])

    return run


def gradients(kind: Any, seed: int) -> list[Any]:
    """Compute there and back with exact fractions, with one engine or the other."""
    choose = random.Random(seed)
    leaves = [kind(Fraction(choose.randint(-3, 3))) for _ in range(3)]
    result = computation(seed)(leaves)
    result.backward()
    return [result.data, *(leaf.grad for leaf in leaves)]


@pytest.mark.parametrize("first", range(0, 1000, 100))
def test_both_engines_give_the_same_gradients(small: Any, first: int) -> None:
    different = [
        seed
        for seed in range(first, first + 100)
        if gradients(small, seed) != [number or 0 for number in gradients(Scalar, seed)]
    ]

    assert different == []


def test_the_computations_are_worth_comparing() -> None:
    found = [gradients(Scalar, seed) for seed in range(100)]

    assert sum(any(grad for grad in one[1:]) for one in found) > 80
    assert sum(any(not grad for grad in one[1:]) for one in found) > 10


def test_it_is_as_short_as_it_says() -> None:
    assert len([line for line in ENGINE.splitlines() if line.strip()]) <= 60


def test_a_long_chain_needs_no_nested_calls(small: Any) -> None:
    x = small(1)
    y = x
    for _ in range(20_000):
        y = y + 1
    y.backward()

    assert x.grad == 1
