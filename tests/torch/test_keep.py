"""Whatever happens inside, outside everything is as it was: values, objects, hooks, randomness."""

from __future__ import annotations

import copy
import random
from collections import deque

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn.utils import parametrizations  # noqa: E402
from torch.optim.optimizer import (  # noqa: E402
    _global_optimizer_pre_hooks,
    register_optimizer_step_pre_hook,
)

from sgdexplained.pytorch.keep import kept  # noqa: E402


class AllKinds(nn.Module):
    """Does to itself in `forward` what modules should not do, and some do."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5, 3, max_norm=0.5)
        self.norm = nn.BatchNorm1d(3)
        self.spectral = parametrizations.spectral_norm(nn.Linear(3, 3))
        self.drop = nn.Dropout()
        self.head = nn.Linear(3, 2)
        self.tied = nn.Linear(3, 2, bias=False)
        self.tied.weight = self.head.weight
        self.register_buffer("positions", torch.arange(3.0).expand(4, 3))
        self.register_buffer("sparse", torch.eye(3).to_sparse())
        self.register_buffer("nothing", None)
        self.hidden = [nn.Linear(3, 3)]
        self.calls, self.log, self.last = 0, [], deque([1], maxlen=2)
        self.cache = torch.zeros(2)
        self.noise = torch.Generator().manual_seed(1)
        self.dice = random.Random(2)
        self.numpy_dice = np.random.default_rng(3)

    def forward(self, index):
        self.calls += 1
        self.log.append(self.calls)
        self.last.append(2)
        self.new_attribute = index
        self.cache.add_(1)
        self.positions.untyped_storage()[0] = 9
        x = self.embed(index) + self.positions[0] + torch.rand(3, generator=self.noise)
        x = self.drop(self.norm(self.spectral(x + self.dice.random() + self.numpy_dice.random())))
        return self.tied(self.hidden[0](x)) + self.head(x)


def everything(model, optimizer):
    """Return all that is compared: contents as copies, and objects as themselves."""
    contents, objects = {}, {}
    for name, one in [
        *model.named_parameters(remove_duplicate=False),
        *model.named_buffers(),
        *model.hidden[0].named_parameters("hidden"),
        ("cache", model.cache),
    ]:
        contents[name] = (one.detach().to_dense().clone(), one.requires_grad, one._version)
        objects[name] = (
            id(one),
            id(one.grad),
            one.data_ptr() if one.layout == torch.strided else 0,
        )
        if one.grad is not None:
            contents[name + ".grad"] = one.grad.clone()
        contents[name + ".hooks"] = str((one._backward_hooks, one._post_accumulate_grad_hooks))
    for name, module in model.named_modules():
        contents[name] = (module.training, sorted(vars(module)), len(module._forward_hooks))
    contents["plain"] = (model.calls, list(model.log), list(model.last))
    contents["state"] = copy.deepcopy(optimizer.state_dict())
    objects["state"] = [
        (id(key), {name: id(part) for name, part in one.items()})
        for key, one in optimizer.state.items()
    ]
    objects["groups"] = [
        (id(group), list(map(id, group["params"]))) for group in optimizer.param_groups
    ]
    contents["random"] = (
        torch.get_rng_state(),
        random.getstate(),
        str(np.random.get_state()),  # noqa: NPY002
        model.noise.get_state(),
        model.dice.getstate(),
        str(model.numpy_dice.bit_generator.state),
    )
    contents["modes"] = (
        torch.is_grad_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.get_autocast_dtype("cpu"),
        torch.is_anomaly_enabled(),
        torch.get_default_dtype(),
    )
    contents["step hooks"] = (
        len(optimizer._optimizer_step_pre_hooks),
        len(nn.modules.module._global_forward_hooks),
        len(_global_optimizer_pre_hooks),
    )
    return contents, objects


def equal(one, other):
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other


def trained():
    torch.manual_seed(0)
    model = AllKinds()
    optimizer = torch.optim.AdamW(
        [*model.parameters(), *model.hidden[0].parameters()], lr=torch.tensor(0.1)
    )
    model.norm.eval()
    model(torch.tensor([0, 1, 1, 4])).sum().backward()
    optimizer.step()
    return model, optimizer


def havoc(model, optimizer):
    """A forward pass, a backward pass, a step, and all kinds of things besides."""
    torch.set_grad_enabled(True)
    model(torch.tensor([2, 3, 3, 1])).square().sum().backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    optimizer.param_groups[0]["lr"].fill_(7)
    optimizer.param_groups[0]["betas"] = (0, 0)
    optimizer.add_param_group({"params": [nn.Parameter(torch.ones(1))]})
    optimizer.register_step_pre_hook(lambda *_: None)
    nn.modules.module.register_module_forward_hook(lambda *_: None)
    register_optimizer_step_pre_hook(lambda *_: None)
    model.train()
    model.head.eval()
    model.head.bias.requires_grad_(False)
    model.head.bias.grad = None
    model.norm.weight.register_hook(lambda gradient: gradient)
    model.norm.bias.register_post_accumulate_grad_hook(lambda parameter: None)
    model.norm.weight = nn.Parameter(torch.zeros(3))
    model.embed.weight.data = torch.zeros(5, 3)
    model.register_buffer("another", torch.zeros(1))
    model.add_module("more", nn.Linear(1, 1))
    model.head.register_forward_hook(lambda *_: None)
    del model.last
    torch.set_grad_enabled(False)
    torch.set_anomaly_enabled(True)
    torch.set_default_dtype(torch.float64)
    torch.set_autocast_enabled("cpu", True)
    torch.set_autocast_dtype("cpu", torch.float16)
    random.random(), np.random.rand(), torch.rand(1)  # noqa: NPY002


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_nothing_is_left_behind(error):
    model, optimizer = trained()
    before = everything(model, optimizer)

    def inside():
        with kept(model, optimizer, stepping=True):
            havoc(model, optimizer)
            assert torch.get_default_dtype() == torch.float64
            if error is not None:
                raise error

    if error is None:
        inside()
    else:
        with pytest.raises(error):
            inside()
    after = everything(model, optimizer)

    for some, others in zip(before, after, strict=True):
        for name in some:
            assert equal(some[name], others[name]), name
        assert some.keys() == others.keys()


def test_a_second_interrupt_while_things_go_back_does_not_leave_half(monkeypatch):
    from sgdexplained.pytorch import keep

    model = nn.Linear(2, 1)
    before = model.weight.detach().clone()
    whole, calls = keep._put_back, []

    def interrupted(*args):
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        whole(*args)

    monkeypatch.setattr(keep, "_put_back", interrupted)
    with pytest.raises(KeyboardInterrupt), kept(model):
        model.weight.data.zero_()

    assert torch.equal(model.weight, before)


def test_an_error_in_one_thing_does_not_keep_the_others_back():
    model = nn.Linear(2, 1)
    before = model.weight.detach().clone()

    def fails():
        raise RuntimeError("no way back")

    def inside():
        with kept(model) as keep:
            keep._back.append(fails)
            model.weight.data.zero_()

    with pytest.raises(RuntimeError, match="no way back"):
        inside()

    assert torch.equal(model.weight, before)


def test_a_graph_made_before_still_goes_backward():
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    loss = model(torch.ones(1, 2)).sum()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with kept(model, optimizer, stepping=True):
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    loss.backward()

    assert model[0].weight.grad is not None


def test_without_a_step_gradients_are_the_same_objects_and_not_copied():
    model = nn.Linear(2, 1)
    model(torch.ones(1, 2)).sum().backward()
    gradient = model.weight.grad
    with kept(model):
        model.weight.grad = None
        model(torch.ones(1, 2)).sum().backward()
        assert model.weight.grad is not gradient

    assert model.weight.grad is gradient
    assert gradient.tolist() == [[1, 1]]


def test_another_optimizer_met_on_the_way_is_looked_at_in_time():
    model = nn.Linear(2, 1)
    other = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.ones(1, 2)).sum().backward()
    with kept(model, stepping=True) as keep:
        keep.look(other)
        other.step()
        assert other.state

    assert not other.state


@pytest.mark.parametrize("shape", ["view", "transposed", "meta", "inference"])
def test_tensors_of_every_make(shape):
    large = torch.arange(12.0)
    tensor = {
        "view": lambda: large[2:4],
        "transposed": lambda: torch.arange(6.0).view(2, 3).T,
        "meta": lambda: torch.zeros(2, device="meta"),
        "inference": inferred,
    }[shape]()
    before = None if shape == "meta" else tensor.clone()
    with kept(tensor):
        if shape == "inference":
            with torch.inference_mode():
                tensor.add_(1)
        else:
            tensor.add_(1)

    assert before is None or torch.equal(tensor, before)


def inferred():
    with torch.inference_mode():
        return torch.ones(2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_on_a_gpu():
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout()).to("cuda")
    optimizer = torch.optim.Adam(model.parameters())
    before = model[0].weight.detach().clone(), torch.cuda.get_rng_state()
    with kept(model, optimizer, stepping=True):
        model(torch.ones(1, 2, device="cuda")).sum().backward()
        optimizer.step()

    assert torch.equal(model[0].weight, before[0])
    assert torch.equal(torch.cuda.get_rng_state(), before[1])
    assert not optimizer.state
