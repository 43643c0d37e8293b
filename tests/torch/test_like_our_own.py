"""The same networks built both ways, as an MLP of this package and of PyTorch: the same words.

And against brute force: what is blamed for a zero is set free, and the gradient comes back.
"""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import sgdexplained  # noqa: E402
from sgdexplained import MLP, SGD, explain  # noqa: E402

from .models import batch, perceptron, sgd, squared, why  # noqa: E402

ACTIVATIONS = {"relu": nn.ReLU, None: nn.Identity, "tanh": nn.Tanh}


def both_ways(seed):
    """Build a random network of small whole numbers twice, and explain a step of each."""
    drawn = random.Random(seed)
    sizes = [drawn.randint(1, 4) for _ in range(drawn.randint(2, 5))]
    size = drawn.choice([1, 2, 4])  # a mean of these is exact

    def numbers(*shape):
        if len(shape) == 1:
            return [float(drawn.choice([-2, -1, -1, 0, 0, 1, 1, 2])) for _ in range(shape[0])]
        return [numbers(*shape[1:]) for _ in range(shape[0])]

    init = [(numbers(a, b), numbers(b)) for a, b in itertools.pairwise(sizes)]
    inputs, targets = numbers(size, sizes[0]), numbers(size, sizes[-1])
    activation = drawn.choice(["relu", "relu", None])
    net = MLP(sizes, init=init, activation=activation)
    if drawn.random() < 0.3:  # an example that the loss has nothing to teach
        targets[0] = [node.data for node in net(inputs)[0]] if sizes else targets[0]
    own = explain(net, inputs, targets, sgdexplained.half_squared_error, SGD(net.parameters(), 0.1))
    model = perceptron(*sizes, activation=ACTIVATIONS[activation]).double()
    with torch.no_grad():
        for layer, (weight, bias) in zip(
            (one for one in model if isinstance(one, nn.Linear)), init, strict=True
        ):
            layer.weight.copy_(torch.tensor(weight, dtype=torch.float64).T)
            layer.bias.copy_(torch.tensor(bias, dtype=torch.float64))
    tensors = (torch.tensor(one, dtype=torch.float64) for one in (inputs, targets))
    theirs = why(model, *tensors, lambda y, t: ((y - t) ** 2).sum() / 2 / len(t))
    return own, theirs


@pytest.mark.parametrize("hundred", range(20))
def test_the_same_words_for_the_same_network(hundred):
    seen = set()
    for seed in range(100 * hundred, 100 * hundred + 100):
        own, theirs = both_ways(seed)
        mine = [(own.parameter(one.name), one) for one in own.parameters]
        for (ours, _), other in zip(mine, theirs.parameters, strict=True):
            for place in ours.places():
                there = place[::-1]
                one, same = own.row(ours.name, place), theirs.row(other.name, there)
                assert (one.why, one.zero) == (same.why, same.zero), (seed, one.name)
                assert one.gradient == same.gradient
                assert len(one.contributions) == len(same.contributions)
                assert sum(same.contributions) == pytest.approx(one.gradient)
                seen.add(one.zero)
    assert {"", "shut", "inactive", "closed", "flat"} <= seen


def gradient_with(model, row, inputs, targets, *hooks):
    """Return the gradient of a row's entry while modules have these forward hooks."""
    handles = [module.register_forward_hook(hook) for module, hook in hooks]
    try:
        model.zero_grad()
        squared(model(inputs), targets).backward()
        return model.get_parameter(row.parameter.name).grad[row.place].item()
    finally:
        for handle in handles:
            handle.remove()


def opened(_, given, out):
    """Leave the activations as they are, and let every gradient through."""
    return out.detach() + given[0] - given[0].detach()


def sending(row):
    """Make the sender 1 for the gradient alone: the activations stay as they are."""

    def hook(module, _, out):
        weight = module.weight[row.place]
        column = torch.nn.functional.one_hot(torch.tensor(row.place[0]), out.shape[1])
        return out + (weight - weight.detach()) * column

    return hook


@pytest.mark.parametrize("seed", range(20))
def test_what_is_blamed_set_free_brings_the_gradient_back(seed):
    """And only where nothing else stands in the way of any example."""
    torch.manual_seed(seed)
    model = perceptron(3, 5, 4, 2).double()
    with torch.no_grad():
        model[0].bias -= 0.5
        model[2].bias -= 0.3
    inputs = batch(3, 3).double() * torch.tensor([1.0, 0.0, 1.0])
    targets = torch.ones(3, 2, dtype=torch.float64)
    units = [module for module in model if isinstance(module, nn.ReLU)]
    came_back = set()
    for row in why(model, inputs, targets):
        if row.why not in {"inactive", "shut", "closed"}:
            continue
        assert gradient_with(model, row, inputs, targets) == 0
        layer = int(row.parameter.name.split(".")[0])
        factors = row.factors
        if row.why == "inactive":
            hooks, others = [(model[layer], sending(row))], [d * u for _, d, u in factors]
        elif row.why == "shut":
            hooks, others = [(model[layer + 1], opened)], [s * u for s, _, u in factors]
        else:
            hooks = [(unit, opened) for unit in units[layer // 2 + 1 :]]
            others = [s * d for s, d, _ in factors]
        returned = gradient_with(model, row, inputs, targets, *hooks) != 0
        assert returned == any(others)
        came_back |= {row.why} if returned else set()
    assert "shut" in came_back


@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.1}])
def test_whole_rows_and_columns_tell_what_entries_tell(options, monkeypatch):
    from sgdexplained.pytorch import watch

    settled = []
    ends = watch.settled_by_ends
    for seed in range(40):
        torch.manual_seed(seed)
        model = perceptron(5, 6, 4, 2)
        inputs = torch.randn(3, 5).mul_(torch.rand(3, 5) > 0.4)
        with torch.no_grad():
            model[0].bias.sub_(torch.rand(6) * 3)
        found = []
        for use in (lambda *given: settled.append(ends(*given)) or settled[-1], lambda *_: None):
            monkeypatch.setattr(watch, "settled_by_ends", use)
            found.append(why(model, inputs, torch.ones(3, 2), optimizer=sgd(model, **options)))
        for one, other in zip(found[0].parameters, found[1].parameters, strict=True):
            assert (one.reason == other.reason).all()
            assert np.all(one.zero == other.zero)
            assert one.note == other.note
    assert any(one is None for one in settled)
    assert any(one is not None and one.codes() for one in settled)
