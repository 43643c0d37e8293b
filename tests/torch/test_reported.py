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


def told(found):
    """Return what is printed, in one line: each cause stands at its reason."""
    return " ".join(str(found).split())


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


def test_detach_in_place():
    def forward(m, x):
        hidden = m.a(x)
        hidden.detach_()
        return m.b(hidden)

    found = why(
        Lambda(forward, a=nn.Linear(3, 4), b=nn.Linear(4, 1)), batch(4, 3), torch.ones(4, 1)
    )
    assert found.counts()["a.weight"] == {"cut": 12}
    assert note(found, "a.weight").startswith("cut by .detach_() at test_reported.py:")
    assert found.counts()["b.bias"] == {"gradient": 1}


def test_detach_in_place_of_something_the_loss_does_not_need():
    def forward(m, x):
        m.a(x).detach_()
        return m.b(x)

    found = why(
        Lambda(forward, a=nn.Linear(3, 4), b=nn.Linear(3, 1)), batch(4, 3), torch.ones(4, 1)
    )
    assert found.counts()["a.weight"] == {"not used": 12}


def test_a_submodule_whose_forward_is_decorated_with_no_grad():
    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 4)

        @torch.no_grad()
        def forward(self, x):
            return self.layer(x)

    found = why(nn.Sequential(Encoder(), nn.Linear(4, 1)), batch(4, 3), torch.ones(4, 1))
    assert found.counts()["0.layer.weight"] == {"cut": 12}
    assert note(found, "0.layer.weight").startswith("cut by no_grad around linear")


def test_a_normalisation_of_one_entry_is_constant():
    model = nn.Sequential(nn.Linear(3, 1), nn.LayerNorm(1), nn.Linear(1, 1))
    found = why(model, batch(4, 3), torch.ones(4, 1))
    assert found.counts()["0.weight"] == {"closed": 3}
    assert note(found, "0.weight").startswith("layer_norm over one entry is constant")


def test_a_normalisation_whose_weights_are_0_is_told_apart():
    model = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2), nn.Linear(2, 1))
    nn.init.zeros_(model[1].weight)
    found = why(model, batch(4, 3), torch.ones(4, 1))
    assert note(found, "0.weight").startswith("weights of 0 in layer_norm")


@pytest.mark.parametrize("activation", [nn.Tanh(), nn.ReLU(), nn.Identity(), nn.Softmax(-1)])
def test_a_backward_hook_of_a_module_takes_the_gradient(activation):
    model = nn.Sequential(nn.Linear(3, 4), activation, nn.Linear(4, 1))
    with torch.no_grad():
        model[0].bias.fill_(3.0)
    handle = activation.register_full_backward_hook(lambda _, into, __: tuple(g * 0 for g in into))
    found = why(model, batch(4, 3), torch.ones(4, 1))
    handle.remove()
    assert total(found)["hook"] == 16
    assert not {"underflow", "closed", "paths cancel"} & total(found).keys()


def test_a_hook_of_a_node_of_the_graph_takes_the_gradient():
    def forward(m, x):
        hidden = torch.tanh(m.a(x))
        hidden.grad_fn.register_hook(lambda into, _: tuple(g * 0 for g in into))
        return m.b(hidden)

    found = why(
        Lambda(forward, a=nn.Linear(3, 4), b=nn.Linear(4, 1)), batch(4, 3), torch.ones(4, 1)
    )
    assert found.counts()["a.weight"] == {"hook": 12}


def test_two_backward_passes_cancel():
    model, inputs = nn.Linear(3, 1), batch(4, 3)
    optimizer = sgd(model)

    def train():
        optimizer.zero_grad()
        loss = squared(model(inputs), torch.ones(4, 1))
        loss.backward(retain_graph=True)
        (-loss).backward()
        optimizer.step()

    found = why(model, inputs, torch.ones(4, 1), optimizer=optimizer, step=train)
    assert total(found) == {"paths cancel": 4}
    assert "3 with paths that cancel: the gradients of 2 backward passes add up to 0" in told(found)
    assert "add up to 0" in found.row("weight", (0, 1)).sentence


def test_the_own_step_takes_another_batch():
    model, inputs = nn.Linear(3, 1), batch(4, 3)
    optimizer = sgd(model)

    def train():
        optimizer.zero_grad()
        squared(model(inputs * torch.tensor([1.0, 0.0, 1.0])), torch.ones(4, 1)).backward()
        optimizer.step()

    found = why(model, inputs, torch.ones(4, 1), optimizer=optimizer, step=train)
    assert found.counts()["weight"] == {"gradient": 2, "no gradient": 1}
    assert "in your step its gradient is 0" in found.row("weight", (0, 1)).sentence
    assert "1 without a gradient: in your step its gradient is 0" in told(found)


def test_numbers_are_put_back_in_the_loop():
    model, inputs = nn.Linear(3, 1), batch(4, 3)
    optimizer, old = sgd(model), model.weight.detach().clone()

    def train():
        optimizer.zero_grad()
        squared(model(inputs), torch.ones(4, 1)).backward()
        optimizer.step()
        model.weight.data = old.clone()

    found = why(model, inputs, torch.ones(4, 1), optimizer=optimizer, step=train)
    assert found.counts()["weight"] == {"changed outside": 3}
    assert "moved back after it" in found.row("weight", (0, 1)).sentence
    assert "3 changed outside the optimizer: moved by the optimizer, and moved back" in told(found)
    assert "does not move it" not in found.row("weight", (0, 1)).sentence


def test_the_optimizer_got_what_was_left_of_a_generator():
    model = perceptron(3, 4, 1)
    left = model.parameters()
    names = [name for name, _ in zip(("0.weight", "0.bias", "2.weight"), left, strict=False)]
    found = why(model, batch(4, 3), torch.ones(4, 1), optimizer=torch.optim.SGD(left, lr=0.1))
    told = {name for name, counts in found.counts().items() if "not listed" in counts}
    assert set(names) <= told


def test_the_optimizer_was_made_for_a_copy():
    from copy import deepcopy

    model = perceptron(3, 4, 1)
    with pytest.raises(ValueError, match="made for another model, or for another copy of it"):
        why(model, batch(4, 3), torch.ones(4, 1), optimizer=sgd(deepcopy(model)))


def test_a_scheduler_rounds_the_learning_rate_to_0():
    model = nn.Linear(3, 1)
    optimizer = sgd(model)
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: epoch // 10)
    assert total(why(model, batch(4, 3), torch.ones(4, 1), optimizer=optimizer)) == {"lr 0": 4}


def test_a_gradient_penalty_without_create_graph():
    inputs = batch(4, 3).requires_grad_()

    def penalty(outputs, _):
        (slope,) = torch.autograd.grad(outputs.sum(), inputs, retain_graph=True)
        return slope.pow(2).sum()

    found = why(perceptron(3, 4, 1), inputs, None, penalty)
    assert total(found) == {"cut": 21}
    assert note(found, "0.weight").startswith("cut by grad at test_reported.py:")


def test_examples_with_the_weight_0():
    weights = torch.zeros(4)
    found = why(
        nn.Linear(3, 4),
        batch(4, 3),
        torch.tensor([0, 1, 2, 3]),
        lambda y, t: (F.cross_entropy(y, t, reduction="none") * weights).mean(),
    )
    assert total(found) == {"flat": 16}


def test_gradients_are_clipped_before_they_are_unscaled():
    model, inputs = nn.Linear(3, 1), batch(4, 3)
    optimizer = sgd(model)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)

    def train():
        optimizer.zero_grad()
        scaler.scale(squared(model(inputs), torch.ones(4, 1))).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()

    found = why(model, inputs, torch.ones(4, 1), optimizer=optimizer, step=train)
    factor = float(re.search(r"scaled by (\S+) by", note(found, "weight"))[1])
    assert factor < 2.0**-15  # clipped, and divided by the scale besides
