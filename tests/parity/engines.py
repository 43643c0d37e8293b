"""The other two engines, each as one function: value and vector-Jacobian product."""

from __future__ import annotations

from importlib import metadata
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from sgdexplained import Tensor

# The versions whose conventions the tests describe; others may have changed their mind.
VERSIONS = {"torch": "2.13.0", "jax": "0.10.2"}


def needs(package: str) -> Any:
    """Return the mark of a test that needs a package, whatever its version."""
    reason = f"{package} is not installed: `nox -s parity` installs it"
    return pytest.mark.skipif(find_spec(package) is None, reason=reason)


def pinned(package: str) -> Any:
    """Return the mark of a test of a convention, which belongs to one version."""
    try:
        version = metadata.version(package).partition("+")[0]
    except metadata.PackageNotFoundError:
        return needs(package)
    reason = f"written for {package} {VERSIONS[package]}, and {version} is installed"
    return pytest.mark.skipif(version != VERSIONS[package], reason=reason)


BOTH = pytest.mark.parametrize("peer", [pytest.param(name, marks=needs(name)) for name in VERSIONS])


def peer_pullback(
    peer: str, function: Any, arrays: list[Any], seed: Any = None
) -> tuple[Any, list[Any]]:
    """Return the value of a function of a peer, and the gradients of its arguments.

    Parameters
    ----------
    peer : {"torch", "jax"}
        Whose arrays the function takes.
    function : callable
        Takes as many arrays as there are in `arrays`.
    arrays : list of array
        In float64.
    seed : array, optional
        What goes back; ones if not given.
    """
    if peer == "torch":
        import torch

        inputs = [torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in arrays]
        out = function(*inputs)
        out.backward(torch.ones_like(out) if seed is None else torch.tensor(np.asarray(seed)))
        gradients = [torch.zeros_like(x) if x.grad is None else x.grad for x in inputs]
        return out.detach().numpy(), [gradient.numpy() for gradient in gradients]
    import jax

    jax.config.update("jax_enable_x64", True)
    out, back = jax.vjp(function, *[jax.numpy.asarray(np.asarray(a, float)) for a in arrays])
    gradients = back(jax.numpy.ones_like(out) if seed is None else jax.numpy.asarray(seed))
    return np.asarray(out), [np.asarray(gradient) for gradient in gradients]


def our_pullback(function: Any, arrays: list[Any], seed: Any = None) -> tuple[Any, list[Any]]:
    """Return the same of a function of our Tensors."""
    inputs = [Tensor(array) for array in arrays]
    out = function(*inputs)
    out.backward(np.ones(out.shape) if seed is None else seed)
    return out.data, [np.zeros(x.shape) if x.grad is None else x.grad for x in inputs]


def assert_same(ours: Any, theirs: Any, scale: float | None = None) -> None:
    """Compare arrays, or nested lists of them, to 1e-12 of their largest number."""
    if isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other, scale)
        return
    one, other = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    assert one.shape == other.shape
    largest = scale or np.abs(other).max(initial=0.0)
    np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12 * largest)


def numbers(*shape: int, seed: int = 0, low: float = -2.0, high: float = 2.0) -> Any:
    """Return numbers that are at no kink."""
    return np.random.default_rng(seed).uniform(low, high, shape)
