"""Stands in for Autograd, so that its tests test this engine. What we do not offer is skipped."""

from __future__ import annotations

from typing import Any

import pytest

from sgdexplained import Tensor


def __getattr__(name: str) -> Any:
    def not_offered(*_: Any, **__: Any) -> Any:
        pytest.skip(f"autograd.{name} is not offered")

    return not_offered


def grad(function: Any, argnum: int = 0) -> Any:
    """Return the function that computes a gradient, once: ours has no gradient of its own."""

    def gradient(*arguments: Any) -> Any:
        if any(isinstance(one, Tensor) for one in arguments):
            pytest.skip("a gradient of a gradient is not offered")
        given = list(arguments)
        x = given[argnum] = real_tensor(given[argnum])
        out = function(*given)
        if not isinstance(out, Tensor) or not out.requires_grad:
            return 0 * x.data
        out.backward()
        return 0 * x.data if x.grad is None else x.grad

    return gradient


def real_tensor(value: Any) -> Tensor:
    """Return a value as a Tensor, or skip the test that asks for another kind of number."""
    try:
        return Tensor(value)
    except (TypeError, ValueError):
        pytest.skip(f"arguments of type {type(value).__name__} are not offered")
