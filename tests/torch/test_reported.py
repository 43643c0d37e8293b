"""Small programs of kinds that people report: one call names the cause."""

from __future__ import annotations

import re

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812

from .models import Lambda, batch, perceptron, sgd, squared, total, why  # noqa: E402


def note(found, name):
    return found.parameter(name).note


def test_experts_are_chosen_by_argmax():
    def forward(model, x):
        choice = F.one_hot(model.gate(x).argmax(1), 2).float()
        return choice[:, :1] * model.first(x) + choice[:, 1:] * model.second(x)

    model = Lambda(forward, gate=nn.Linear(3, 2), first=nn.Linear(3, 1), second=nn.Linear(3, 1))
    found = why(model, batch(6, 3), torch.zeros(6, 1))
    assert found.counts()["gate.weight"] == {"cut": 6}
    assert re.match(r"cut by argmax at test_reported.py:\d+", note(found, "gate.weight"))


def test_the_last_normalisation_of_a_branch_starts_at_0():
    norm = nn.BatchNorm2d(2)
    nn.init.zeros_(norm.weight)
    model = Lambda(
        lambda m, x: m.out((x + m.norm(m.conv(x))).mean((2, 3))),
        conv=nn.Conv2d(2, 2, 3, padding=1),
        norm=norm,
        out=nn.Linear(2, 1),
    )
    found = why(model, batch(4, 2, 5, 5), torch.ones(4, 1))
    assert found.counts()["conv.weight"] == {"closed": 36}
    assert "weights of 0 in batch_norm" in note(found, "conv.weight")
    assert found.counts()["norm.weight"] == {"gradient": 2}


def test_a_sequence_of_one_step_has_no_state_before():
    model = Lambda(
        lambda m, x: m.out(m.lstm(x.unsqueeze(1))[0][:, -1]),
        lstm=nn.LSTM(3, 4, batch_first=True),
        out=nn.Linear(4, 1),
    )
    found = why(model, batch(4, 3), torch.ones(4, 1))
    assert found.counts()["lstm.weight_hh_l0"] == {"inactive": 64}


def test_a_part_of_the_loss_has_the_weight_0():
    model = Lambda(lambda m, x: (m.a(x), m.b(x)), a=nn.Linear(3, 1), b=nn.Linear(3, 1))
    share = 0.0
    found = why(
        model,
        batch(4, 3),
        torch.ones(4, 1),
        lambda y, t: squared(y[0], t) + share * squared(y[1], t),
    )
    assert found.counts()["b.weight"] == {"flat": 3}
    assert "times 0 in *" in note(found, "b.weight")


def test_softmax_over_the_wrong_dimension_of_a_single_example():
    model = nn.Sequential(nn.Linear(3, 5), nn.LogSoftmax(dim=0))
    found = why(model, batch(1, 3), torch.tensor([2]), F.nll_loss)
    assert sum(total(found).values()) == 20
    assert not {"gradient"} & total(found).keys()
    assert "log_softmax over one entry is constant" in note(found, "0.weight")


def test_adam_in_half_precision_divides_by_0():
    model = nn.Linear(3, 2).half()
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    found = why(
        model,
        batch(4, 3).half() * 1e-3,
        torch.zeros(4, 2).half(),
        lambda y, t: squared(y, t) * 1e-3,
        adam,
    )
    assert "not finite, because eps=1e-08 is 0 in float16" in note(found, "weight")
    # In float32 there is nothing to say.
    model = nn.Linear(3, 2)
    found = why(model, batch(4, 3), optimizer=torch.optim.Adam(model.parameters()), targets=0)
    assert "not finite" not in str(found)


def test_dropout_drops_all():
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(1.0), nn.Linear(4, 1))
    found = why(model, batch(4, 3), torch.ones(4, 1))
    assert found.counts()["0.weight"] == {"closed": 12}
    assert "dropped by dropout" in note(found, "0.weight")
    assert found.counts()["2.weight"] == {"inactive": 4}


def test_features_are_made_in_inference_mode():
    def forward(model, x):
        with torch.inference_mode():
            features = model.encoder(x)
        return model.head(features.clone())

    model = Lambda(forward, encoder=nn.Linear(3, 4), head=nn.Linear(4, 1))
    found = why(model, batch(4, 3), torch.ones(4, 1))
    assert found.counts()["encoder.weight"] == {"cut": 12}
    assert "cut by inference_mode around linear" in note(found, "encoder.weight")


def test_a_parameter_is_made_in_the_forward_pass():
    def forward(model, x):
        return model.layer(x) * nn.Parameter(model.scale * 2)

    model = Lambda(forward, layer=nn.Linear(3, 3), scale=nn.Parameter(torch.ones(3)))
    before = nn.Parameter.__new__
    found = why(model, batch(4, 3), torch.ones(4, 3))
    assert found.counts()["scale"] == {"cut": 3}
    assert "cut by nn.Parameter at test_reported.py" in note(found, "scale")
    assert any("which is no parameter of the model" in one for one in found.notes)
    assert nn.Parameter.__new__ is before


def test_the_loop_never_goes_backward():
    model = nn.Linear(3, 1)
    optimizer = sgd(model)

    def train():
        optimizer.zero_grad()
        squared(model(batch(4, 3)), torch.ones(4, 1))
        optimizer.step()

    found = why(model, batch(4, 3), torch.ones(4, 1), optimizer=optimizer, step=train)
    assert total(found) == {"no gradient": 4}
    assert "no backward pass reached a parameter" in str(found)


def test_a_loop_multiplies_gradients_by_0():
    model = nn.Linear(3, 1)
    optimizer = sgd(model)

    def train():
        optimizer.zero_grad()
        squared(model(batch(4, 3)), torch.ones(4, 1)).backward()
        for one in model.parameters():
            one.grad = one.grad * 0
        optimizer.step()

    found = why(model, batch(4, 3), torch.ones(4, 1), optimizer=optimizer, step=train)
    assert total(found) == {"cleared": 4}
    assert "made 0 by grad = ... at test_reported.py" in note(found, "weight")


def test_a_function_of_the_readers_own_runs_inside_a_module():
    """What runs after it is still seen in its module."""

    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(_, x):
            return x * 2

        @staticmethod
        def backward(_, gradient):
            return gradient * 2

    model = nn.Sequential(
        Lambda(lambda _, x: Twice.apply(x)), nn.Linear(3, 4), nn.ReLU(), perceptron(4, 1)
    )
    with torch.no_grad():
        model[1].bias.fill_(-99.0)
    found = why(model, batch(4, 3), torch.ones(4, 1))
    assert "in module 2 (ReLU)" in note(found, "1.weight")
    assert all(not one._forward_pre_hooks and not one._forward_hooks for one in model.modules())
