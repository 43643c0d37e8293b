"""Nothing assumes the processor: models on a GPU that is pretended, where there is none."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812

from sgdexplained import explain  # noqa: E402

from .models import batch, perceptron, squared  # noqa: E402
from .pretended import pretended_gpu  # noqa: E402


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(12, 8, padding_idx=0)
        self.block = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True, norm_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, words):
        return self.head(self.block(self.words(words)).mean(1))


def _perceptron():
    model = perceptron(5, 6, 3)
    model[0].bias.data[1] = -99.0
    return model, batch(4, 5), torch.zeros(4, 3), squared


def _convolutions():
    layers = [nn.Conv2d(2, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2)]
    model = nn.Sequential(*layers, nn.Conv2d(6, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))
    model[4].bias.data[2] = -99.0
    return model, batch(4, 2, 8, 8), torch.tensor([0, 1, 2, 1]), F.cross_entropy


def _transformer():
    words = torch.tensor([[1, 2, 3, 0], [4, 5, 6, 7]])
    return Transformer(), words, torch.tensor([0, 2]), F.cross_entropy


MODELS = {"perceptron": _perceptron, "convolutions": _convolutions, "transformer": _transformer}


def prepared(name, kind):
    """Return a model, its batch and an optimizer with a memory."""
    torch.manual_seed(0)
    model, inputs, targets, loss = MODELS[name]()
    optimizer = kind(model.parameters(), lr=0.01)
    loss(model(inputs), targets).backward()
    optimizer.step()
    return model, inputs, targets, loss, optimizer


def move(gpu, model, inputs, targets, optimizer):
    gpu.take([*model.parameters(), *model.buffers(), inputs, targets])
    gpu.take([one.grad for one in model.parameters() if one.grad is not None])
    for memory in optimizer.state.values():  # what counts the steps stays on the processor
        gpu.take([one for one in memory.values() if isinstance(one, torch.Tensor) and one.dim()])


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_on_a_pretended_gpu_is_explained_as_one_on_the_processor(name, kind, own):
    def explained(model, inputs, targets, loss, optimizer):
        def train():
            optimizer.zero_grad()
            loss(model(inputs), targets).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()

        return explain(model, inputs, targets, loss, optimizer, step=train if own else None)

    things = prepared(name, kind)
    twins = copy.deepcopy(things[:3])
    expected = explained(*things)
    with pretended_gpu() as gpu:
        model, inputs, targets, loss, optimizer = prepared(name, kind)
        move(gpu, model, inputs, targets, optimizer)
        assert {one.device for one in model.parameters()} == {gpu.device}
        before = {key: one.clone() for key, one in model.state_dict().items()}
        found = explained(model, inputs, targets, loss, optimizer)
        text = str(found)
        rows = [found.row(one.name, (0,) * len(one.shape)) for one in found.parameters]
        sentences = [row.sentence for row in rows]
        data = found.to_data()
        assert all(torch.equal(one, before[key]) for key, one in model.state_dict().items())
        assert {one.device for one in model.parameters()} == {gpu.device}
    assert gpu.refusals == 0
    assert text == str(expected)
    assert data["about"] == expected.to_data()["about"]
    assert len(sentences) == len(expected.parameters)
    for one, other in zip(found.parameters, expected.parameters, strict=True):
        assert one.reason.tolist() == other.reason.tolist()
        assert one.move.ravel().tolist() == pytest.approx(other.move.ravel().tolist(), abs=1e-6)
    assert len(twins) == 3


def test_the_pretended_gpu_refuses_what_a_gpu_refuses():
    with pretended_gpu() as gpu:
        one, other = torch.ones(3), torch.ones(3)
        gpu.take(one)
        assert one.device == gpu.device != other.device
        assert (one * 2).device == gpu.device
        assert (one * torch.tensor(2.0)).device == gpu.device
        assert one.cpu().device == other.device == one.to("cpu").device
        assert other.to(one.device).device == gpu.device == torch.zeros(2, device=one.device).device
        assert one[torch.tensor([0, 1])].device == gpu.device
        assert other.device != gpu.device
        for wrong in (
            lambda: one + other,
            one.numpy,
            lambda: torch.where(one > 0, other, 0),
            lambda: one.index_select(0, torch.tensor([0])),
            lambda: other.to(one.device) + other,
        ):
            with pytest.raises((RuntimeError, TypeError), match=r"same device|to numpy"):
                wrong()
        weight = nn.Parameter(torch.ones(3))
        gpu.take(weight)
        (weight * 2).sum().backward()
        assert weight.grad.device == gpu.device
    assert gpu.refusals == 5


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW])
@pytest.mark.parametrize("name", MODELS)
def test_a_device_without_float64(name, kind):
    found = []
    for where in ("mps", None):
        torch.manual_seed(0)
        with pretended_gpu("mps") as gpu:
            model, inputs, targets, loss, optimizer = prepared(name, kind)
            for group in optimizer.param_groups:  # some steps are too small
                group["lr"] = 1e-9
            if where:
                move(gpu, model, inputs, targets, optimizer)
            found.append(explain(model, inputs, targets, loss, optimizer))
        assert gpu.refusals == 0
    assert str(found[0]) == str(found[1])
    assert "swallowed" in str(found[0])


def test_a_device_without_float64_refuses_it():
    with pretended_gpu("mps") as gpu:
        one = torch.ones(3)
        gpu.take(one)
        with pytest.raises(RuntimeError, match="no float64"):
            one.double()
        assert one.cpu().double().dtype == torch.float64


def test_inputs_on_another_device_are_named():
    model, inputs, targets, loss, optimizer = prepared("perceptron", torch.optim.SGD)
    with pretended_gpu() as gpu:
        gpu.take(list(model.parameters()))
        with pytest.raises(ValueError, match="inputs are on cpu and the model is on cuda:0"):
            explain(model, inputs, targets, loss, optimizer)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_on_a_gpu(name, kind):
    model, inputs, targets, loss, optimizer = prepared(name, kind)
    here = explain(model, inputs, targets, loss, optimizer)
    model = model.cuda()
    optimizer = kind(model.parameters(), lr=0.01)
    before, state = copy.deepcopy(model.state_dict()), torch.cuda.get_rng_state()
    there = explain(model, inputs.cuda(), targets.cuda(), loss, optimizer)
    assert {name: set(c) for name, c in there.counts().items()}.keys() == here.counts().keys()
    for key, one in model.state_dict().items():
        assert torch.equal(one, before[key])
        assert one.is_cuda
    assert torch.equal(torch.cuda.get_rng_state(), state)
