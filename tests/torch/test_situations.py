"""What people asked about in public, each as the smallest program: the cause must be named.

Every situation is reduced from questions of people whose weights did not move, or moved though they
should not. Beside many of them stands a relative: the same cause in other clothes.
"""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812
from torch.utils.checkpoint import checkpoint  # noqa: E402

from .models import Lambda, batch, perceptron, sgd, squared, total, why  # noqa: E402


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def here() -> str:
    return "test_situations.py:"


def only(explanation, word):
    """Whether one word holds for every entry of the model."""
    counts = total(explanation)
    return set(counts) == {word}


# ## The graph is cut


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        (".item()", lambda y: torch.tensor(y.item(), requires_grad=True)),
        ("float()", lambda y: torch.tensor(float(y.sqrt()), requires_grad=True)),
        (".tolist()", lambda y: torch.tensor(y.tolist(), requires_grad=True)),
        ("numpy", lambda y: torch.from_numpy(y.detach().reshape(1).numpy()).requires_grad_()),
    ],
)
@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
def test_a_number_is_taken_out_of_the_loss_and_made_to_require_a_gradient(name, taken):
    found = why(
        perceptron(3, 4, 1), batch(4, 3), torch.zeros(4, 1), lambda y, t: taken(squared(y, t))
    )
    assert only(found, "cut")
    notes = [one.note for one in found.parameters]
    assert all(f"cut by {name if name != 'numpy' else '.detach()'} at {here()}" in n for n in notes)
    assert "the loss is a new tensor" in found.notes[0]
    assert here() in found.notes[0]


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        (".data", lambda h: h.data),
        (".detach()", lambda h: h.detach()),
        pytest.param(".detach()", lambda h: torch.from_numpy(h.detach().numpy()), id="numpy"),
        (".tolist()", lambda h: torch.tensor(h.tolist())),
        ("no_grad around clone", torch.no_grad()(lambda h: h.clone())),
        ("new_tensor", lambda h: h.new_tensor(h)),
    ],
)
@pytest.mark.filterwarnings("ignore:To copy construct")
def test_the_forward_pass_leaves_the_graph_behind(name, taken):
    model = Lambda(
        lambda m, x: m.head(taken(torch.tanh(m.encoder(x)))),
        encoder=nn.Linear(3, 4),
        head=nn.Linear(4, 1),
    )
    found = why(model, batch(4, 3), torch.zeros(4, 1))
    assert found.counts()["encoder.weight"] == {"cut": 12}
    assert found.parameter("encoder.bias").note.startswith(f"cut by {name} at {here()}")
    assert found.counts()["head.weight"] == {"gradient": 4}


def test_an_encoder_runs_under_no_grad():
    def forward(model, x):
        with torch.no_grad():
            seen = model.encoder(x).flatten(1)
        return model.head(seen)

    model = Lambda(forward, encoder=nn.Conv2d(1, 2, 3), head=nn.Linear(8, 1))
    found = why(model, batch(4, 1, 4, 4), torch.zeros(4, 1))
    assert found.counts()["encoder.weight"] == {"cut": 18}
    where = f"in module encoder (Conv2d) at {here()}"
    assert f"cut by no_grad around conv2d {where}" in found.parameter("encoder.weight").note
    assert found.counts()["head.weight"] == {"gradient": 8}


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("the indices of max", lambda h: h.max(1)[1].float().unsqueeze(1)),
        ("the indices of min", lambda h: h.min(1, keepdim=True).indices.float()),
        ("the indices of topk", lambda h: h.topk(1, 1).indices.float()),
        ("the indices of sort", lambda h: torch.sort(h, 1)[1][:, :1].float()),
        ("the indices of kthvalue", lambda h: h.kthvalue(2, 1, keepdim=True)[1].float()),
        ("the indices of median", lambda h: h.median(1, keepdim=True)[1].float()),
        ("the indices of mode", lambda h: h.mode(1, keepdim=True)[1].float()),
        (
            "the indices of max_pool1d",
            lambda h: F.max_pool1d(h, 2, return_indices=True)[1][:, :1].float(),
        ),
        ("argmax", lambda h: h.argmax(1, keepdim=True).float()),
        ("argmin", lambda h: h.argmin(1, keepdim=True).float()),
        ("argsort", lambda h: h.argsort(1)[:, :1].float()),
        ("the comparison >", lambda h: (h[:, :1] > 0).float()),
        (".long()", lambda h: (h[:, :1] * 100).long().float()),
        (".to(int32)", lambda h: (h[:, :1] * 100).to(torch.int32).float()),
    ],
)
def test_an_index_or_a_comparison_has_no_derivative(name, chosen):
    model = Lambda(
        lambda m, x: m.second(chosen(m.first(x)) + 1), first=nn.Linear(3, 5), second=nn.Linear(1, 1)
    )
    found = why(model, batch(4, 3), torch.zeros(4, 1))
    assert set(found.counts()["first.weight"]) == {"cut"}
    assert f"cut by {name} at {here()}" in found.parameter("first.weight").note
    assert found.counts()["second.weight"] == {"gradient": 1}


def test_a_threshold_in_the_loss_makes_a_new_constant():
    model = perceptron(3, 4, 1, last=nn.Sigmoid())
    found = why(model, batch(4, 3), torch.ones(4, 1), lambda y, t: squared((y > 0.5).float(), t))
    assert only(found, "cut")
    assert f"cut by the comparison > at {here()}" in found.parameter("0.weight").note
    assert "requires no gradient" in found.notes[0]


@pytest.mark.filterwarnings("ignore:None of the inputs")
def test_a_reentrant_checkpoint_without_an_input_that_requires_a_gradient():
    model = Lambda(
        lambda m, x: m.head(checkpoint(m.body, x, use_reentrant=True)),
        body=nn.Linear(3, 4),
        head=nn.Linear(4, 1),
    )
    found = why(model, batch(4, 3), torch.zeros(4, 1))
    assert found.counts()["body.weight"] == {"cut": 12}
    assert "a reentrant checkpoint around linear" in found.parameter("body.weight").note


# ## Flat functions


@pytest.mark.parametrize(
    "function", [torch.round, torch.floor, torch.ceil, torch.sign, torch.trunc]
)
def test_a_step_function_in_the_loss(function):
    found = why(
        perceptron(3, 4, 1),
        batch(4, 3),
        torch.full((4, 1), 3.0),
        lambda y, t: squared(function(y), t),
    )
    assert only(found, "flat")
    assert f"{function.__name__} is flat" in found.parameter("0.weight").note
    assert here() in found.parameter("0.weight").note


def test_a_step_function_in_the_model():
    model = Lambda(lambda m, x: m.b(torch.round(m.a(x))), a=nn.Linear(3, 4), b=nn.Linear(4, 1))
    found = why(model, 9 * batch(4, 3), torch.zeros(4, 1))
    words = set(found.counts()["a.weight"])
    assert words <= {"shut", "saturated"}
    assert "round is flat" in found.parameter("a.weight").note


@pytest.mark.parametrize("last", [nn.Softmax(dim=1), nn.LogSoftmax(dim=1)])
def test_softmax_over_one_output(last):
    found = why(
        perceptron(3, 4, 1, activation=nn.Sigmoid, last=last), batch(4, 3), torch.ones(4, 1)
    )
    assert "gradient" not in total(found)
    assert "over one entry is constant" in found.parameter("2.weight").note


def test_a_probability_outside_its_clamp():
    model = nn.Embedding(5, 1)
    nn.init.zeros_(model.weight)

    def entropy(p, t):
        p = p.clamp(1e-7, 1 - 1e-7)
        return -(t * p.log() + (1 - t) * (1 - p).log()).mean()

    adam = torch.optim.Adam(model.parameters())
    found = why(model, torch.tensor([1, 1]), torch.ones(2, 1), entropy, adam)
    assert found.counts()["weight"] == {"flat": 1, "inactive": 4}
    assert f"outside the limits of clamp at {here()}" in found.parameter("weight").note


@pytest.mark.parametrize(
    "limit",
    [lambda y: y.clamp(-1, 1), F.hardtanh, lambda y: y.clamp(max=1)],
    ids=["clamp", "hardtanh", "max alone"],
)
def test_an_output_outside_its_clamp(limit):
    model = nn.Linear(1, 1)
    nn.init.constant_(model.weight, 3.0)
    nn.init.zeros_(model.bias)
    found = why(model, torch.ones(2, 1), torch.zeros(2, 1), lambda y, t: squared(limit(y), t))
    assert only(found, "flat")
    assert "outside the limits of" in found.parameter("weight").note


def test_a_margin_that_is_met():
    model = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.eye(2))
    points = torch.tensor([[0.5, 0.5], [0.5, 0.6], [9.0, 9.0]])
    found = why(
        model, points, None, lambda e, _: F.triplet_margin_loss(e[:1], e[1:2], e[2:], margin=1.0)
    )
    assert only(found, "flat")
    assert f"the margin of triplet_margin_loss is met at {here()}" in found.parameter("weight").note


def test_each_reason_of_a_parameter_has_its_line():
    model = perceptron(3, 4, 1, last=nn.ReLU())
    with torch.no_grad():
        model[0].bias[0] = model[2].bias[0] = -99.0
    note = why(model, batch(4, 3), torch.ones(4, 1)).parameter("0.weight").note
    assert "shut receiver: the derivative of relu is 0 in module 1 (ReLU)" in note
    assert "no open path ahead: the derivative of relu is 0 in module 3 (ReLU)" in note


def test_a_nudge_draws_the_same_random_numbers_again():
    numpy = pytest.importorskip("numpy")

    def forward(model, x):
        # A number that goes to the loss, and does not change it: only the noise is random.
        nothing = 0 * round(model.first(x).mean().item() / 1e9)
        noise = torch.rand(1) + numpy.random.rand()
        return model.head(F.dropout(x, 0.5)) + nothing + noise.float()

    model = Lambda(forward, first=nn.Linear(3, 2), head=nn.Linear(3, 1))
    found = why(model, batch(4, 3), torch.zeros(4, 1))
    assert found.counts()["first.weight"] == {"not used": 6}
    assert "the loss stays the same when it is nudged" in found.parameter("first.weight").note


def test_a_batch_without_examples():
    found = why(nn.Linear(3, 1), batch(4, 3)[:0], torch.zeros(0, 1))
    assert "the batch is empty: it has no example" in found.notes


def test_a_hinge_that_is_met():
    model = nn.Linear(1, 1)
    with torch.no_grad():
        model.weight.fill_(5.0)
    found = why(model, torch.ones(2, 1), torch.ones(2, 1), lambda y, t: F.relu(1 - y * t).mean())
    assert only(found, "flat")
    assert "the derivative of relu is 0" in found.parameter("bias").note


def test_advantages_that_are_all_equal():
    reward = torch.tensor([2.0, 2.0, 2.0])
    advantage = (reward - reward.mean()) / (reward.std() + 1e-4)
    found = why(
        nn.Linear(3, 4),
        batch(3, 3),
        advantage,
        lambda y, a: -(a * F.log_softmax(y, 1)[:, 0]).mean(),
    )
    assert only(found, "flat")
    assert f"times 0 in * at {here()}" in found.parameter("weight").note


def test_a_loss_of_0_whose_gradient_is_not_0():
    reward = torch.tensor([0.0, 1.0, 2.0])
    advantage = (reward - reward.mean()) / reward.std()

    def loss(y, a):
        logs = F.log_softmax(y, 1)[:, 0]
        return -(a * (logs - logs.detach()).exp()).mean()

    found = why(nn.Linear(3, 4), batch(3, 3), advantage, loss)
    assert only(found, "gradient")
    assert found.loss == 0
    assert any("the loss is 0" in note for note in found.notes)


def test_labels_that_are_all_masked():
    found = why(nn.Linear(3, 4), batch(3, 3), torch.full((3,), -100), F.cross_entropy)
    assert only(found, "flat")
    assert "no label counts in cross_entropy" in found.parameter("weight").note
    assert any("the loss is nan" in note for note in found.notes)


# ## Registered, listed, frozen


def test_to_makes_a_tensor_of_a_parameter():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1)).to(torch.float64)
            self.line = nn.Linear(3, 1)

        def forward(self, x):
            return self.line(x) * self.scale.float()

    found = why(Scaled(), batch(4, 3), torch.zeros(4, 1))
    (note,) = [note for note in found.notes if "scale" in note]
    assert "no parameter of the model, nor in the optimizer" in note


def test_layers_in_a_python_list():
    class Stack(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = [nn.Linear(3, 3)]
            self.head = nn.Linear(3, 1)

        def forward(self, x):
            for one in self.hidden:
                x = torch.tanh(one(x))
            return self.head(x)

    found = why(Stack(), batch(4, 3), torch.zeros(4, 1))
    notes = " ".join(found.notes)
    assert "hidden[0].weight of shape (3, 3)" in notes
    assert "hidden[0].bias" in notes
    assert "nor in the optimizer" in notes


def test_a_parameter_that_no_optimizer_has_is_not_listed_whatever_its_gradient_is():
    model = Lambda(
        lambda m, x: m.head(m.middle(torch.relu(m.first(x)).data).relu()),
        first=nn.Linear(3, 4),
        middle=nn.Linear(4, 4),
        fixed=nn.Linear(4, 4).requires_grad_(False),
        head=nn.Linear(4, 1),
    )
    with torch.no_grad():
        model.middle.bias[0] = -9.0
    optimizer = sgd(model.head)
    found = why(model, batch(4, 3), torch.zeros(4, 1), optimizer=optimizer)
    assert found.counts()["first.weight"] == {"not listed": 12}
    assert found.counts()["middle.bias"] == {"not listed": 4}
    assert found.counts()["fixed.weight"] == {"frozen": 16}
    row = found.row("middle.bias", (0,))
    assert (row.why, row.zero) == ("not listed", "shut")
    assert "not among the optimizer's parameters; its gradient is 0 (its receiver" in row.sentence
    assert "it has no gradient (cut by .data" in found.row("first.weight", (0, 0)).sentence


def test_what_a_unit_makes_and_nobody_takes_is_not_used_and_no_inactive_sender():
    model = Lambda(
        lambda m, x: m.head(m.first(x)[:, :2]), first=nn.Linear(3, 4), head=nn.Linear(2, 1)
    )
    found = why(model, batch(4, 3), torch.zeros(4, 1))
    for name, stays in (("first.weight", 6), ("first.bias", 2)):
        assert found.counts()[name] == {"gradient": stays, "not used": stays}
        assert f"not taken by an index at {here()}" in found.parameter(name).note
    assert "is not used by the loss" in found.row("first.weight", (3, 0)).sentence


def test_a_head_that_was_swapped_after_the_optimizer_was_made():
    model = perceptron(3, 4, 9, activation=nn.Tanh)
    optimizer = sgd(model)
    model[2] = nn.Linear(4, 2)
    labels = torch.tensor([0, 1, 0, 1])
    found = why(model, batch(4, 3), labels, F.cross_entropy, optimizer)
    assert found.counts()["2.weight"] == {"not listed": 8}
    assert found.counts()["2.bias"] == {"not listed": 2}
    assert any("2 tensors that are no parameters of the model" in note for note in found.notes)


def test_a_layer_that_was_frozen_after_the_optimizer_was_made():
    model = perceptron(3, 4, 2)
    optimizer = sgd(model)
    model[0].requires_grad_(False)
    labels = torch.tensor([0, 1, 0, 1])
    found = why(model, batch(4, 3), labels, F.cross_entropy, optimizer)
    assert found.counts()["0.weight"] == {"frozen": 12}
    assert "requires_grad is False" in found.row("0.weight", (0, 0)).sentence


def test_a_branch_whose_result_is_not_used():
    model = Lambda(
        lambda m, x: (m.a(torch.tanh(m.body(x))), m.b(torch.tanh(m.body(x)))),
        body=nn.Linear(3, 4),
        a=nn.Linear(4, 1),
        b=nn.Linear(4, 1),
        c=nn.Linear(4, 1),
    )
    found = why(model, batch(4, 3), torch.zeros(4, 1), lambda y, t: squared(y[0], t))
    assert found.counts()["b.weight"] == {"not used": 4}
    assert "its result is not used by the loss" in found.parameter("b.weight").note
    assert "not used in this forward pass" in found.parameter("c.weight").note


def test_a_result_that_only_gives_its_shape():
    model = Lambda(
        lambda m, x: m.a(x) + torch.ones_like(m.b(x)), a=nn.Linear(3, 1), b=nn.Linear(3, 1)
    )
    found = why(model, batch(4, 3), torch.zeros(4, 1))
    assert found.counts()["b.weight"] == {"not used": 3}


def test_a_number_that_is_only_printed():
    def forward(model, x):
        str(model.b(x).sum().item())
        return model.a(x)

    model = Lambda(forward, a=nn.Linear(3, 1), b=nn.Linear(3, 1))
    found = why(model, batch(4, 3), torch.zeros(4, 1))
    assert found.counts()["b.weight"] == {"not used": 3}
    assert "the loss stays the same when it is nudged" in found.parameter("b.weight").note


def test_one_tensor_under_two_names():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(5, 3)
            self.head = nn.Linear(3, 5, bias=False)
            self.head.weight = self.embed.weight

        def forward(self, words):
            return self.head(self.embed(words))

    model = Tied()
    found = why(model, torch.tensor([0, 1]), torch.tensor([1, 2]), F.cross_entropy)
    assert found.counts() == {"embed.weight": {"gradient": 15}}
    assert found.parameter("embed.weight").note == "also named head.weight"
    places = {one["op"] for one in found.source.products(found.parameters[0], (0, 0))}
    assert len(places) == 2


# ## The loop and the optimizer


def looped(model, loop, optimizer=None):
    optimizer = optimizer or sgd(model)
    inputs, targets = batch(4, 3), torch.zeros(4, 1)

    def step():
        loop(lambda: squared(model(inputs), targets), optimizer)

    return why(model, inputs, targets, squared, optimizer, step)


def test_gradients_are_cleared_before_the_step():
    def loop(loss, optimizer):
        loss().backward()
        optimizer.zero_grad()
        optimizer.step()

    found = looped(perceptron(3, 4, 1, activation=nn.Tanh), loop)
    assert only(found, "cleared")
    assert "zero_grad" in found.parameter("0.weight").note


def test_the_learning_rate_is_0_in_a_warm_up():
    model = perceptron(3, 4, 1, activation=nn.Tanh)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: step / 100)
    found = why(model, batch(4, 3), torch.zeros(4, 1), squared, optimizer)
    assert only(found, "lr 0")


def test_another_optimizer_steps():
    model = perceptron(3, 2, 1, activation=nn.Sigmoid)
    theirs = sgd(model, lr=0.01)

    def loop(loss, _):
        theirs.zero_grad()
        loss().backward()
        theirs.step()

    found = looped(model, loop, sgd(model, lr=0.0))
    assert only(found, "another optimizer")
    assert any("another optimizer" in note for note in found.notes)


def test_gradients_are_clipped_to_nothing():
    model = perceptron(3, 4, 1, activation=nn.Tanh)

    def loop(loss, optimizer):
        optimizer.zero_grad()
        loss().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0)
        optimizer.step()

    found = looped(model, loop)
    assert only(found, "cleared")
    assert "clip_grad_norm_" in found.parameter("0.weight").note


def test_the_scaler_skips_the_step():
    model = perceptron(3, 4, 1, activation=nn.Tanh)
    scaler = torch.amp.GradScaler("cpu")

    def loop(loss, optimizer):
        optimizer.zero_grad()
        scaler.scale(loss() * 1e38 * 1e38).backward()
        scaler.step(optimizer)
        scaler.update()

    found = looped(model, loop)
    assert "gradient" not in total(found)
    assert any("skipped" in note for note in found.notes)


# ## Zero products


def test_an_output_that_is_shut():
    model = perceptron(3, 4, 1, activation=nn.Tanh, last=nn.ReLU())
    with torch.no_grad():
        model[2].bias.fill_(-9.0)
    found = why(model, batch(4, 3), torch.ones(4, 1))
    assert found.counts()["2.weight"] == {"shut": 4}
    assert found.counts()["0.weight"] == {"closed": 12}
    assert "relu is 0 in module 3 (ReLU)" in found.parameter("0.weight").note


def test_a_dead_unit():
    model = perceptron(3, 4, 1)
    with torch.no_grad():
        model[0].bias.fill_(9.0)
        model[0].bias[1] = -99.0
    found = why(model, batch(4, 3), torch.ones(4, 1))
    assert found.counts() == {
        "0.weight": {"gradient": 9, "shut": 3},
        "0.bias": {"gradient": 3, "shut": 1},
        "2.weight": {"gradient": 3, "inactive": 1},
        "2.bias": {"gradient": 1},
    }
    assert found.row("0.weight", (1, 0)).why == "shut"
    assert found.row("2.weight", (0, 1)).why == "inactive"


def test_a_dead_filter():
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 1)
    )
    with torch.no_grad():
        model[0].bias.copy_(torch.tensor([9.0, -99.0]))
    found = why(model, batch(4, 1, 6, 6), torch.ones(4, 1))
    assert found.counts()["0.weight"] == {"gradient": 9, "shut": 9}
    assert found.counts()["4.weight"] == {"gradient": 4, "inactive": 4}


class LowRank(nn.Module):
    def __init__(self, first, second):
        super().__init__()
        self.base = nn.Linear(3, 3).requires_grad_(False)
        self.A = nn.Parameter(torch.randn(2, 3) * first)
        self.B = nn.Parameter(torch.randn(3, 2) * second)

    def forward(self, x):
        return self.base(x) + x @ self.A.T @ self.B.T


def test_the_second_factor_of_an_adapter_is_0():
    found = why(LowRank(1, 0), batch(4, 3), torch.ones(4, 3))
    assert found.counts()["A"] == {"closed": 6}
    assert f"weights of 0 in @ at {here()}" in found.parameter("A").note
    assert found.counts()["B"] == {"gradient": 6}
    assert found.counts()["base.weight"] == {"frozen": 9}


def test_both_factors_of_an_adapter_are_0():
    found = why(LowRank(0, 0), batch(4, 3), torch.ones(4, 3))
    assert found.counts()["A"] == {"closed": 6}
    assert found.counts()["B"] == {"inactive": 6}


@pytest.mark.parametrize("activation", [nn.Sigmoid, nn.Tanh])
def test_saturated_units(activation):
    model = perceptron(3, 4, 4, 1, activation=activation)
    with torch.no_grad():
        model[0].weight.abs_().add_(0.1)
    found = why(model, 100 + 99 * batch(4, 3).abs(), torch.ones(4, 1))
    assert found.counts()["0.weight"] == {"saturated": 12}
    assert f"derivative of {activation.__name__.lower()} is 0" in found.parameter("0.weight").note


def test_a_pixel_that_is_always_0():
    pixels = batch(4, 3)
    pixels[:, 0] = 0
    found = why(perceptron(3, 4, 1, activation=nn.Tanh), pixels, torch.zeros(4, 1))
    assert found.counts()["0.weight"] == {"gradient": 8, "inactive": 4}
    assert {row.place[1] for row in found if row.why == "inactive"} == {0}


def test_the_bias_of_the_keys():
    def attend(m, x):
        return (m.q(x) @ m.k(x).transpose(1, 2) / 2).softmax(-1) @ m.v(x)

    model = Lambda(attend, q=nn.Linear(4, 4), k=nn.Linear(4, 4), v=nn.Linear(4, 4))
    found = why(model, torch.randn(2, 5, 4), torch.zeros(2, 5, 4))
    assert "no larger than rounding" in found.parameter("k.bias").note
    assert all(
        "rounding" not in found.parameter(name).note
        for name in ("q.bias", "v.bias", "q.weight", "k.weight", "v.weight")
    )


def test_a_bias_before_batch_normalisation():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1))
    found = why(model, torch.randn(16, 3), torch.zeros(16, 1))
    assert "no larger than rounding" in found.parameter("0.bias").note
    assert "rounding" not in found.parameter("1.bias").note


def test_a_step_that_is_swallowed():
    model = nn.Linear(2, 1).to(torch.bfloat16)
    nn.init.ones_(model.weight)
    ones = torch.ones(2, 2, dtype=torch.bfloat16)
    found = why(model, ones, ones[:, :1], squared, sgd(model, lr=1e-4))
    assert only(found, "swallowed")
    assert "bfloat16 numbers next to 1 lie" in found.row("weight", (0, 0)).sentence
    assert found.parameter("weight").note == "the step is too small for bfloat16"
    assert "too small for" in str(found)


def test_a_gradient_too_small_for_its_number_type():
    model = Lambda(
        lambda m, x: m.b(torch.tanh(m.a(x).half() * 1e-4).float() * 1e-4),
        a=nn.Linear(3, 2),
        b=nn.Linear(2, 1),
    )
    with torch.no_grad():
        model.b.weight.fill_(1.0)
    found = why(model, batch(4, 3), torch.zeros(4, 1), lambda y, t: 1e-3 * squared(y, t))
    assert set(found.counts()["a.weight"]) == {"underflow"}
    assert "too small for the number type" in found.parameter("a.weight").note


# ## It moves, though it should not


def test_memory_moves_a_row_that_is_not_used():
    model = nn.Embedding(4, 2)
    adam = torch.optim.Adam(model.parameters(), lr=0.1)
    model(torch.tensor([0])).sum().backward()
    adam.step()
    found = why(model, torch.tensor([1]), None, lambda y, _: y.sum(), adam)
    assert found.counts()["weight"] == {"memory": 2, "gradient": 2, "inactive": 4}
    row = found.row("weight", (0, 0))
    assert (row.why, row.zero) == ("memory", "inactive")
    assert "inactive" in row.sentence
    assert "memory" in row.sentence


def test_a_row_of_padding():
    model = nn.Embedding(4, 2, padding_idx=1)
    found = why(model, torch.tensor([0, 1]), None, lambda y, _: y.sum())
    assert found.counts()["weight"] == {"gradient": 2, "padding row": 2, "inactive": 4}


def test_a_hook_takes_the_gradient_and_decay_moves_it():
    model = nn.Linear(3, 2)
    model.weight.register_hook(torch.zeros_like)
    model.bias.register_hook(torch.zeros_like)
    found = why(model, batch(4, 3), torch.zeros(4, 2), squared, sgd(model, lr=1, weight_decay=0.5))
    assert only(found, "decay")
    assert {row.zero for row in found} == {"hook"}


def test_a_hook_on_an_activation():
    def forward(model, x):
        hidden = model.a(x)
        hidden.register_hook(torch.zeros_like)
        return model.b(hidden)

    model = Lambda(forward, a=nn.Linear(3, 4), b=nn.Linear(4, 1))
    found = why(model, batch(4, 3), torch.zeros(4, 1))
    assert found.counts()["a.weight"] == {"hook": 12}


def test_an_optimizer_moves_by_its_own_rule():
    class Shrink(torch.optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        @torch.no_grad()
        def step(self):
            for group in self.param_groups:
                for one in group["params"]:
                    one.mul_(1 - group["lr"] / 10)
                    if one.grad is not None:
                        one.sub_(group["lr"] * one.grad)

    model = Lambda(lambda m, x: m.used(x), used=nn.Linear(3, 1), unused=nn.Linear(3, 1))
    found = why(model, batch(4, 3), torch.zeros(4, 1), squared, Shrink(model.parameters(), lr=0.1))
    assert found.counts()["unused.weight"] == {"own rule": 3}


def test_statistics_of_a_frozen_layer_run():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    model[0].requires_grad_(False)
    model[1].requires_grad_(False)
    found = why(model, batch(8, 3), torch.ones(8, 1))
    assert found.counts()["1.weight"] == {"frozen": 4}
    assert any(
        "3 buffers: 1.running_mean, 1.running_var, 1.num_batches_tracked" in note
        for note in found.notes
    )


def test_the_forward_pass_itself_changes_a_parameter():
    model = nn.Embedding(4, 2, max_norm=0.1)
    before = model.weight.detach().clone()
    found = why(model, torch.tensor([1]), None, lambda y, _: y.sum())
    assert "the forward pass itself changed it" in found.parameter("weight").note
    assert torch.equal(model.weight, before)


def test_momentum_moves_what_was_frozen_later():
    model = perceptron(3, 4, 1, activation=nn.Tanh)
    optimizer = sgd(model, momentum=0.9)
    inputs, targets = batch(4, 3), torch.ones(4, 1)
    squared(model(inputs), targets).backward()
    optimizer.step()
    model[0].requires_grad_(False)

    def step():
        optimizer.zero_grad(set_to_none=False)
        squared(model(inputs), targets).backward()
        optimizer.step()

    found = why(model, inputs, targets, squared, optimizer, step)
    assert found.counts()["0.weight"] == {"memory": 12}
    assert found.counts()["2.weight"] == {"gradient": 4}


# ## Not finite, or it did move


def test_infinity_times_0_where_a_branch_was_not_chosen():
    model = Lambda(
        lambda m, x: torch.where(m.w > 0, torch.sqrt(m.w), m.w) * x,
        w=nn.Parameter(torch.tensor([-1.0, 4.0])),
    )
    found = why(model, torch.ones(2), torch.zeros(2))
    assert found.counts()["w"] == {"not finite": 1, "gradient": 1}
    note = found.parameter("w").note
    assert f"first in sqrt at {here()}" in note
    assert "not chosen by where" in note


def test_a_sigmoid_that_is_applied_twice():
    model = perceptron(3, 4, 1, activation=nn.Tanh, last=nn.Sigmoid())
    found = why(model, batch(4, 3), torch.zeros(4, 1), F.binary_cross_entropy_with_logits)
    assert only(found, "gradient")
    assert any("sigmoid is applied twice" in note for note in found.notes)


def test_a_softmax_that_is_applied_twice():
    model = perceptron(3, 4, 2, activation=nn.Tanh, last=nn.Softmax(dim=1))
    found = why(model, batch(4, 3), torch.tensor([0, 1, 0, 1]), F.cross_entropy)
    assert any("softmax is applied twice" in note for note in found.notes)
