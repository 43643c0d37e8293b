"""Where engines may differ: at kinks, in reductions, at overflow. Each test names a version."""

from __future__ import annotations

import numpy as np
import pytest

from sgdexplained import (
    SGD,
    NotFiniteError,
    Scalar,
    Tensor,
    contrasts,
    half_squared_error,
    logistic,
    mean_squared_error,
)

from .engines import our_pullback, peer_pullback, pinned

# ## Slopes at a kink: ours, PyTorch's, JAX's
#
# The function is the same everywhere else. JAX spells a clamp as a minimum of a maximum, and each
# gives half to either side; its `leaky_relu` and `hard_tanh` count the kink to the other side.

KINKS = {
    "relu at 0": (0, lambda x: x.relu(), 0, "relu", 0, "nn.relu", 0),
    "maximum at 0": (0, contrasts.maximum, 0.5, "maximum", 0.5, "numpy.maximum", 0.5),
    "clamp_min at 0": (0, contrasts.clamp_min, 1, "clamp_min", 1, "numpy.clip", 0.5),
    "clamp at 0": (0, lambda x: contrasts.clamp(x, 0, 6), 1, "clamp", 1, "numpy.clip 6", 0.5),
    "clamp at 6": (6, lambda x: contrasts.clamp(x, 0, 6), 1, "clamp", 1, "numpy.clip 6", 0.5),
    "relu6 at 0": (0, contrasts.relu6, 0, "relu6", 0, "nn.relu6", 0),
    "relu6 at 6": (6, contrasts.relu6, 0, "relu6", 0, "nn.relu6", 0),
    "hard_tanh at -1": (-1, contrasts.hard_tanh, 0, "hardtanh", 0, "nn.hard_tanh", 1),
    "hard_tanh at 1": (1, contrasts.hard_tanh, 0, "hardtanh", 0, "nn.hard_tanh", 1),
    "leaky_relu at 0": (0, contrasts.leaky_relu, 0.01, "leaky_relu", 0.01, "nn.leaky_relu", 1),
    "elu, alpha 2, at 0": (0, lambda x: contrasts.elu(x, 2), 2, "elu", 2, "nn.elu", 2),
}


def _torch_kink(name):
    import torch
    from torch.nn import functional

    return {
        "relu": torch.relu,
        "maximum": lambda x: torch.maximum(x, torch.zeros_like(x)),
        "clamp_min": lambda x: x.clamp_min(0),
        "clamp": lambda x: x.clamp(0, 6),
        "relu6": functional.relu6,
        "hardtanh": functional.hardtanh,
        "leaky_relu": functional.leaky_relu,
        "elu": lambda x: functional.elu(x, 2.0),
    }[name]


def _jax_kink(name):
    import jax

    return {
        "nn.relu": jax.nn.relu,
        "numpy.maximum": lambda x: jax.numpy.maximum(x, 0),
        "numpy.clip": lambda x: jax.numpy.clip(x, 0),
        "numpy.clip 6": lambda x: jax.numpy.clip(x, 0, 6),
        "nn.relu6": jax.nn.relu6,
        "nn.hard_tanh": jax.nn.hard_tanh,
        "nn.leaky_relu": jax.nn.leaky_relu,
        "nn.elu": lambda x: jax.nn.elu(x, 2.0),
    }[name]


@pytest.mark.parametrize("name", KINKS)
def test_our_slope_at_a_kink(name):
    place, function, slope, *_ = KINKS[name]
    node = Scalar(place)
    function(node).backward()
    assert node.grad == slope
    _, [gradient] = our_pullback(function, [[float(place)]])
    assert gradient.tolist() == [slope]


@pinned("torch")
@pytest.mark.parametrize("name", KINKS)
def test_slope_of_torch_at_a_kink(name):
    place, _, _, spelling, slope, *_ = KINKS[name]
    _, [gradient] = peer_pullback("torch", _torch_kink(spelling), [float(place)])
    assert gradient == slope


@pinned("jax")
@pytest.mark.parametrize("name", KINKS)
def test_slope_of_jax_at_a_kink(name):
    place, *_, spelling, slope = KINKS[name]
    _, [gradient] = peer_pullback("jax", _jax_kink(spelling), [float(place)])
    assert gradient == slope


@pinned("torch")
def test_of_equal_largest_torch_shares_without_an_axis_and_chooses_with_one():
    import torch

    x = [[1.0, 1.0], [1.0, 0.0]]
    _, [ours] = our_pullback(lambda x: x.max(axis=1), [x])
    assert ours.tolist() == [[0.5, 0.5], [1, 0]]
    _, [shared] = peer_pullback("torch", lambda x: x.amax(1), [x])
    assert shared.tolist() == [[0.5, 0.5], [1, 0]]
    _, [chosen] = peer_pullback("torch", lambda x: torch.max(x, 1)[0], [x])
    assert chosen.tolist() == [[1, 0], [1, 0]]


# ## Reductions


@pinned("torch")
def test_mean_of_torch_divides_by_outputs_too():
    import torch

    outputs, targets = [[3.0, 1.0, 2.0], [0.0, 0.0, 4.0]], [[1.0, 1.0, 1.0], [1.0, 2.0, 0.0]]
    theirs = torch.nn.functional.mse_loss(torch.tensor(outputs), torch.tensor(targets)).item()
    assert mean_squared_error(Tensor(outputs), targets).data == pytest.approx(theirs, rel=1e-6)
    # By example: half of the sum of squares, and a mean over the two examples.
    assert half_squared_error(Tensor(outputs), targets).data * 2 / 3 == pytest.approx(theirs)


# ## Gradients over passes


@pinned("torch")
def test_kept_interior_gradients_add_up_in_torch_and_are_replaced_here():
    import torch

    a = torch.tensor(1.0, requires_grad=True)
    b = 2 * a
    b.retain_grad()
    c = 3 * b
    c.backward(retain_graph=True)
    c.backward()
    assert (a.grad.item(), b.grad.item()) == (12, 6)
    a = Scalar(1.0)
    b = 2 * a
    c = 3 * b
    c.backward()
    c.backward()
    assert (a.grad, b.grad) == (12, 3)


# ## Where numbers end


@pinned("torch")
def test_logistic_loss_of_torch_overflows_and_ours_does_not():
    import torch

    y = torch.tensor([-800.0], dtype=torch.float64, requires_grad=True)
    loss = torch.nn.functional.soft_margin_loss(y, torch.ones(1, dtype=torch.float64))
    assert loss.item() == np.inf
    assert logistic(Tensor([-800.0]), [1]).data == 800


@pinned("torch")
def test_torch_steps_on_nan_and_we_refuse():
    import torch

    weight = torch.tensor([2.0], requires_grad=True)
    weight.grad = torch.tensor([np.nan])
    torch.optim.SGD([weight], lr=0.5).step()
    assert weight.isnan().item()
    ours = Scalar(2.0)
    ours.grad = np.nan
    with pytest.raises(NotFiniteError):
        SGD([ours], lr=0.5).step()
    assert ours.data == 2


@pytest.mark.parametrize("peer", [pytest.param(p, marks=pinned(p)) for p in ("torch", "jax")])
def test_infinite_slope_of_a_root_at_0_is_an_error_here(peer):
    _, [gradient] = peer_pullback(peer, lambda x: x**0.5, [0.0])
    assert gradient == np.inf
    with pytest.raises(ValueError, match="no derivative"):
        Tensor([0.0]) ** 0.5
