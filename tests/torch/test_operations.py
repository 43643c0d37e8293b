"""For each operation that parameters enter: sender times delta, added up, is the gradient.

In float64 to 1e-12 of its largest entry, for all entries at once and for single ones; in smaller
number types as well as these allow. So what a row tells of its factors is what was computed.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812
from torch.nn.utils import parametrizations  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

from sgdexplained.pytorch.model import explain_model  # noqa: E402

from .models import Lambda, perceptron, sgd  # noqa: E402

DOUBLE = torch.float64


def draw(*shape: int) -> Any:
    return torch.randn(shape, dtype=DOUBLE)


def weights(*shape: int) -> Any:
    return nn.Parameter(draw(*shape))


def first(module: nn.Module) -> nn.Module:
    """Return a module that hands on the first of its results."""
    return Lambda(lambda m, *x: m.inner(*x)[0], inner=module)


def of(function: Any, **parameters: Any) -> nn.Module:
    return Lambda(function, **parameters)


def low_precision(module: nn.Module) -> nn.Module:
    def forward(m, x):
        with torch.autocast("cpu", torch.bfloat16):
            return m.inner(x).float()

    return Lambda(forward, inner=module.float())


def words(*rows: list[int]) -> Any:
    return torch.tensor(rows)


LAYERS = {
    "linear": lambda: (nn.Linear(3, 2), draw(4, 3)),
    "linear in three dimensions": lambda: (nn.Linear(3, 2), draw(4, 5, 3)),
    "linear without bias": lambda: (nn.Linear(3, 2, bias=False), draw(4, 5, 3)),
    "linear of one vector": lambda: (nn.Linear(3, 2), draw(3)),
    "bilinear": lambda: (of(lambda m, x: m.b(x, x), b=nn.Bilinear(3, 3, 2)), draw(4, 3)),
    "conv1d": lambda: (nn.Conv1d(2, 4, 3, stride=2, padding=1), draw(3, 2, 9)),
    "conv2d in groups": lambda: (
        nn.Conv2d(4, 4, (3, 2), (2, 1), (1, 0), (1, 2), groups=2),
        draw(3, 4, 7, 8),
    ),
    "conv3d": lambda: (nn.Conv3d(1, 2, 2), draw(2, 1, 3, 4, 3)),
    "circular conv1d": lambda: (
        nn.Conv1d(2, 2, 3, padding="same", padding_mode="circular"),
        draw(2, 2, 5),
    ),
    "depthwise conv2d": lambda: (nn.Conv2d(3, 6, 3, groups=3), draw(2, 3, 5, 5)),
    "transposed conv2d": lambda: (
        nn.ConvTranspose2d(4, 6, 3, 2, 1, output_padding=1, groups=2),
        draw(2, 4, 4, 4),
    ),
    "embedding": lambda: (nn.Embedding(6, 3), words([1, 2], [1, 1])),
    "embedding with padding": lambda: (nn.Embedding(6, 3, padding_idx=1), words([1, 2], [1, 4])),
    "sparse embedding": lambda: (nn.Embedding(6, 3, sparse=True), words([1, 2], [1, 4])),
    "embedding bag": lambda: (nn.EmbeddingBag(6, 3), words([1, 2], [1, 4])),
    "embedding bag, sums": lambda: (nn.EmbeddingBag(6, 3, mode="sum"), words([1, 2], [1, 4])),
    "layer norm": lambda: (nn.LayerNorm(4), draw(3, 5, 4)),
    "layer norm of two dimensions": lambda: (nn.LayerNorm((5, 4)), draw(3, 5, 4)),
    "batch norm": lambda: (nn.BatchNorm1d(4), draw(5, 4)),
    "batch norm of images": lambda: (nn.BatchNorm2d(4), draw(5, 4, 3, 3)),
    "batch norm, evaluating": lambda: (nn.BatchNorm2d(4).eval(), draw(5, 4, 3, 3)),
    "group norm": lambda: (nn.GroupNorm(2, 4), draw(5, 4, 3)),
    "instance norm": lambda: (nn.InstanceNorm1d(4, affine=True), draw(5, 4, 3)),
    "rms norm": lambda: (nn.RMSNorm(4), draw(5, 4)),
    "prelu": lambda: (nn.PReLU(4), draw(5, 4)),
}

ATTENTION = {
    "attention": lambda: (
        of(lambda m, x: m.a(x, x, x)[0], a=nn.MultiheadAttention(8, 2, batch_first=True)),
        draw(3, 5, 8),
    ),
    "fused attention": lambda: (
        of(lambda m, x: m.a(x, x, x, need_weights=False)[0], a=nn.MultiheadAttention(8, 2)),
        draw(3, 5, 8),
    ),
    "attention to others": lambda: (
        of(
            lambda m, x: m.a(x, x[..., :4], x[..., :3])[0],
            a=nn.MultiheadAttention(8, 2, kdim=4, vdim=3, add_bias_kv=True),
        ),
        draw(3, 5, 8),
    ),
    "scaled dot product": lambda: (
        of(
            lambda m, x: F.scaled_dot_product_attention(m.q(x), m.k(x), m.v(x), is_causal=True),
            q=nn.Linear(4, 4),
            k=nn.Linear(4, 4),
            v=nn.Linear(4, 4),
        ),
        draw(2, 5, 4),
    ),
    "encoder": lambda: (
        nn.TransformerEncoderLayer(8, 2, 16, 0.3, F.gelu, batch_first=True, norm_first=True),
        draw(3, 5, 8),
    ),
    "decoder": lambda: (
        of(lambda m, x: m.d(x, x), d=nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)),
        draw(3, 5, 8),
    ),
}

RECURRENT = {
    "lstm": lambda: (
        first(nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True, dropout=0.2)),
        draw(2, 5, 3),
    ),
    "lstm with projection": lambda: (first(nn.LSTM(3, 4, proj_size=2)), draw(5, 2, 3)),
    "lstm in float32": lambda: (first(nn.LSTM(3, 4, 2).float()), draw(5, 2, 3).float()),
    "gru": lambda: (first(nn.GRU(3, 4)), draw(5, 2, 3)),
    "rnn": lambda: (first(nn.RNN(3, 4, nonlinearity="relu")), draw(5, 2, 3)),
    "lstm cell": lambda: (first(nn.LSTMCell(3, 4)), draw(5, 3)),
    "gru cell": lambda: (nn.GRUCell(3, 4), draw(5, 3)),
}

PARAMETRISED = {
    "weight norm": lambda: (parametrizations.weight_norm(nn.Linear(3, 2)), draw(4, 3)),
    "spectral norm": lambda: (parametrizations.spectral_norm(nn.Linear(3, 2)), draw(4, 3)),
    "orthogonal": lambda: (parametrizations.orthogonal(nn.Linear(3, 3)), draw(4, 3)),
    "tied": lambda: (
        of(lambda m, x: m.e(x) @ m.e.weight.T, e=nn.Embedding(5, 3)),
        torch.tensor([0, 1]),
    ),
    "residual": lambda: (of(lambda m, x: x + m.a(x) + m.a(m.a(x)), a=nn.Linear(3, 3)), draw(4, 3)),
    "checkpointed": lambda: (
        of(
            lambda m, x: checkpoint(m.b, m.a(x), use_reentrant=False),
            a=nn.Linear(3, 3),
            b=perceptron(3, 4, 2),
        ),
        draw(4, 3),
    ),
    "reentrant checkpoint": lambda: (
        of(
            lambda m, x: checkpoint(m.b, m.a(x), use_reentrant=True),
            a=nn.Linear(3, 3),
            b=perceptron(3, 4, 2),
        ),
        draw(4, 3),
    ),
    "autocast": lambda: (low_precision(perceptron(3, 4, 2)), draw(4, 3).float()),
}

OWN = {
    "scale and shift": lambda: (
        of(lambda m, x: x * m.w + m.b - m.c, w=weights(3), b=weights(1, 3), c=weights(4, 1)),
        draw(4, 3),
    ),
    "division": lambda: (
        of(lambda m, x: x / m.w + m.b / x, w=weights(3), b=weights(3)),
        draw(4, 3),
    ),
    "functions of a parameter": lambda: (
        of(lambda m, x: x * m.w.exp() * F.softplus(m.b), w=weights(3), b=weights(3)),
        draw(4, 3),
    ),
    "vectors": lambda: (
        of(
            lambda m, x: x @ m.w * m.v.dot(m.w) + m.w.norm() + m.m.mv(m.w).sum(),
            w=weights(3),
            v=weights(3),
            m=weights(2, 3),
        ),
        draw(4, 3),
    ),
    "a matrix from the left": lambda: (of(lambda m, x: m.w @ x.T, w=weights(2, 3)), draw(4, 3)),
    "einsum": lambda: (
        of(lambda m, x: torch.einsum("bi,hio->bho", x, m.w), w=weights(2, 3, 5)),
        draw(4, 3),
    ),
    "bmm": lambda: (of(lambda m, x: torch.bmm(m.w, x), w=weights(2, 5, 3)), draw(2, 3, 4)),
    "baddbmm": lambda: (
        of(
            lambda m, x: torch.baddbmm(m.b, m.w, x, beta=2, alpha=3),
            b=weights(5, 4),
            w=weights(2, 5, 3),
        ),
        draw(2, 3, 4),
    ),
    "rows by index": lambda: (
        of(
            lambda m, x: m.w[x] + m.w[1:3].sum() + torch.index_select(m.w, 0, x[0]).sum(),
            w=weights(5, 3),
        ),
        words([0, 1], [1, 1]),
    ),
    "a token and positions": lambda: (
        of(
            lambda m, x: torch.cat([m.token.expand(len(x), -1, -1), x], 1) + m.position,
            token=weights(1, 1, 3),
            position=weights(1, 6, 3),
        ),
        draw(4, 5, 3),
    ),
    "a choice": lambda: (
        of(lambda m, x: torch.where(x > 0, m.w, m.b * x), w=weights(3), b=weights(3)),
        draw(4, 3),
    ),
    "the larger of two": lambda: (
        of(lambda m, x: torch.maximum(x, m.w) + torch.lerp(x, m.w, 0.3), w=weights(3)),
        draw(4, 3),
    ),
    "stacked vectors": lambda: (
        of(lambda m, x: x @ torch.stack([m.w, m.b], 1), w=weights(3), b=weights(3)),
        draw(4, 3),
    ),
    "addcmul": lambda: (
        of(lambda m, x: torch.addcmul(m.b, x, m.w), w=weights(3), b=weights(3)),
        draw(4, 3),
    ),
    "outer product": lambda: (
        of(lambda m, x: x @ torch.outer(m.w, m.b), w=weights(3), b=weights(2)),
        draw(4, 3),
    ),
    "functional calls": lambda: (
        of(
            lambda m, x: F.linear(F.conv1d(x, m.c), m.w, m.b),
            c=weights(2, 1, 2),
            w=weights(2, 3),
            b=weights(2),
        ),
        draw(4, 1, 4),
    ),
}

ALL = {**LAYERS, **ATTENTION, **RECURRENT, **PARAMETRISED, **OWN}


def curved(outputs, _):
    """A loss whose gradient is different in every place."""
    factors = torch.linspace(0.5, 1.5, outputs.numel(), dtype=outputs.dtype)
    return (outputs * factors.view(outputs.shape)).pow(2).mean()


@pytest.mark.parametrize("name", ALL)
def test_sender_times_delta_adds_up_to_the_gradient(name):
    torch.manual_seed(1)
    before = torch.get_default_dtype()
    torch.set_default_dtype(DOUBLE)
    try:
        model, inputs = ALL[name]()
        found = explain_model(model, inputs, None, curved, sgd(model))
    finally:
        torch.set_default_dtype(before)
    chosen = random.Random(0)
    for parameter in found.parameters:
        if parameter.gradient is None:
            assert parameter.note
            continue
        uses = found.source.uses[parameter.name]
        assert uses
        assert all(use.rule for use in uses)
        gradient = torch.from_numpy(parameter.gradient).double()
        limit = {"float64": 1e-12, "float32": 1e-5}[str(parameter.gradient.dtype)]
        limit = (1e-2 if name == "autocast" else limit) * max(gradient.abs().max().item(), 1e-3)
        added = sum(use.gradient().double() for use in uses)
        assert (added - gradient).abs().max().item() <= limit
        for _ in range(3):
            place = tuple(chosen.randrange(length) for length in parameter.shape)
            products = found.source.products(parameter, place)
            added = sum(one["sender"] * one["delta"] for one in products)
            assert abs(added - gradient[place].item()) <= limit
            for one in products:
                product = one["derivative"] * one["upstream"]
                assert product == pytest.approx(one["delta"], rel=1e-5, abs=limit)
            each = found.source.contributions(parameter, place)
            assert not each or abs(sum(each) - gradient[place].item()) <= limit


@pytest.mark.parametrize(
    "name", ["linear", "conv2d in groups", "attention", "encoder", "embedding"]
)
def test_examples_get_what_is_theirs(name):
    """The contribution of an example is the gradient of its own part of the loss."""
    torch.manual_seed(1)
    model, inputs = ALL[name]()
    model.double().eval()
    found = explain_model(model, inputs, None, curved, sgd(model))
    factors = torch.linspace(0.5, 1.5, model(inputs).numel(), dtype=DOUBLE)
    for parameter in found.parameters:
        place = (0,) * len(parameter.shape)
        each = found.row(parameter.name, place).contributions
        tensor = dict(model.named_parameters())[parameter.name]
        for example, mine in enumerate(each):
            outputs = model(inputs)
            parts = (outputs * factors.view(outputs.shape)).pow(2) / outputs.numel()
            (gradient,) = torch.autograd.grad(parts[example].sum(), tensor)
            assert mine == pytest.approx(gradient[place].item(), rel=1e-10, abs=1e-14)


def test_an_operation_without_a_rule_is_named_and_not_guessed():
    model = of(lambda m, x: (x * m.w.cumsum(0)).sum(1), w=weights(3))
    found = explain_model(model, draw(4, 3), None, curved, sgd(model))
    assert "op not known: Cumsum" in found.parameter("w").note
    assert "op not known: Cumsum" in found.row("w", (0,)).sentence
    assert found.row("w", (0,)).contributions == []


def test_a_function_of_the_readers_own():
    class Halved(torch.autograd.Function):
        @staticmethod
        def forward(_, x):
            return x / 2

        @staticmethod
        def backward(_, gradient):
            return gradient * torch.tensor([0.0, 0.5])

    model = of(lambda m, x: Halved.apply(m.a(x)), a=nn.Linear(3, 2).double())
    found = explain_model(model, draw(4, 3), None, curved, sgd(model))
    assert found.counts()["a.weight"] == {"shut": 3, "gradient": 3}
    assert "backward() of Halved gives 0 at test_operations" in found.parameter("a.weight").note
