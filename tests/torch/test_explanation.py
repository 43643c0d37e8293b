"""What an explanation of a model offers, what it refuses, and that it leaves nothing behind."""

from __future__ import annotations

import copy
import gc
import json
import pickle

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812

from sgdexplained import MLP, SGD, explain, half_squared_error  # noqa: E402
from sgdexplained.pytorch.causes import CODE  # noqa: E402
from sgdexplained.pytorch.model import _written  # noqa: E402

from .models import Lambda, batch, perceptron, sgd, squared, why  # noqa: E402


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.fc1, self.fc2 = nn.Linear(8, 16), nn.Linear(16, 8)

    def forward(self, x):
        normal = self.norm(x)
        x = x + self.attention(normal, normal, normal, need_weights=False)[0]
        return x + self.fc2(torch.relu(self.fc1(x)))


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean(1))


@pytest.fixture
def transformer():
    torch.manual_seed(0)
    model = Small()
    with torch.no_grad():
        model.blocks[0].fc1.bias[3] = -99.0
    labels = torch.tensor([0, 1, 2, 0])
    return why(model, batch(4, 5, 8), labels, F.cross_entropy)


def test_a_row_has_its_factors_and_a_sentence(transformer):
    row = transformer.row("blocks.0.fc1.weight", (3, 7))
    assert (row.why, row.gradient) == ("shut", 0)
    assert row.sentence.startswith("Stays: its receiver is shut")
    other = transformer.row("blocks.0.fc1.weight", (2, 7))
    assert other.sentence.startswith("Moves: ")
    assert sum(other.contributions) == pytest.approx(other.gradient, rel=1e-4)
    assert transformer.row("blocks.0.fc2.weight", (1, 3)).why == "inactive"


def test_one_example_is_told_with_its_factors():
    model = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1))
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), (2.0, 1.0, 3.0, 0.0), strict=True):
            parameter.fill_(value)
    found = why(
        model, torch.tensor([[2.0]]), torch.tensor([[14.0]]), lambda y, t: ((y - t) ** 2).sum() / 2
    )
    assert found.row("0.weight", (0, 0)).factors == [(2.0, 1.0, 3.0)]
    assert (
        found.row("0.weight", (0, 0)).sentence
        == "Moves: gradient = 2 (activation) × 1 (derivative) × 3 (upstream gradient)."
    )
    assert (
        found.row("2.weight", (0, 0)).sentence
        == "Moves: gradient = 5 (activation) × 1 (upstream gradient)."
    )


def test_it_prints_a_line_for_each_parameter(transformer):
    lines = str(transformer).splitlines()
    assert max(map(len, lines)) <= 80
    assert "3 do not" not in lines[0]
    assert any(line.startswith("head.weight") for line in lines)
    assert "shut receiver" in str(transformer)


def test_it_becomes_data_and_html_and_a_picture(transformer):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    data = transformer.to_data()
    assert json.loads(json.dumps(data)) == data
    assert data["counts"]["blocks.0.fc1.weight"]["shut"] >= 8
    assert "rows" not in data
    assert "<table" in transformer._repr_html_()
    assert transformer.draw() is not None
    matplotlib.pyplot.close("all")


def test_it_can_be_copied_pickled_and_holds_no_graph(transformer):
    for again in (copy.deepcopy(transformer), pickle.loads(pickle.dumps(transformer))):
        assert again.counts() == transformer.counts()
        assert (
            again.row("head.weight", (0, 0)).sentence
            == transformer.row("head.weight", (0, 0)).sentence
        )
    held = [
        one
        for uses in transformer.source.uses.values()
        for use in uses
        for one in (use.senders, use.deltas)
        if one is not None
    ]
    assert held
    assert all(one.grad_fn is None and not one.requires_grad for one in held)


def test_it_does_not_change_with_the_model_later():
    model = perceptron(3, 4, 1)
    optimizer = sgd(model)
    found = why(model, batch(4, 3), torch.zeros(4, 1), squared, optimizer)
    before = found.to_data(rows=True)
    squared(model(batch(4, 3)), torch.zeros(4, 1)).backward()
    optimizer.step()
    assert found.to_data(rows=True) == before


def test_the_move_is_what_a_step_does():
    torch.manual_seed(0)
    model = Small()
    # Not Adam: it makes a step of what is noise in the bias of the keys.
    optimizer = sgd(model, momentum=0.9, weight_decay=0.1)
    inputs, labels = batch(4, 5, 8), torch.tensor([0, 1, 2, 0])
    F.cross_entropy(model(inputs), labels).backward()
    optimizer.step()
    optimizer.zero_grad()
    found = why(model, inputs, labels, F.cross_entropy, optimizer)
    before = {name: one.detach().clone() for name, one in model.named_parameters()}
    F.cross_entropy(model(inputs), labels).backward()
    optimizer.step()
    for name, one in model.named_parameters():
        move = (one.detach() - before[name]).numpy()
        assert found.parameter(name).move == pytest.approx(move, rel=1e-3, abs=1e-6)


# ## Nothing is left behind


class Busy(nn.Module):
    """Does all that a forward pass may do to itself and the world."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.line = nn.Linear(3, 2)
        self.calls = 0
        self.error = None

    def forward(self, x):
        self.calls += 1
        x = torch.dropout(self.norm(x), 0.5, self.training)
        if self.error:
            raise self.error
        return self.line(x)


def state(model, optimizer):
    return (
        {name: one.clone() for name, one in model.state_dict().items()},
        [one.grad for one in model.parameters()],
        copy.deepcopy(optimizer.state_dict()),
        torch.get_rng_state(),
        model.calls,
        model.training,
        torch.is_grad_enabled(),
    )


def assert_same_state(one, other):
    for name, tensor in one[0].items():
        assert torch.equal(tensor, other[0][name])
    assert all(a is b for a, b in zip(one[1], other[1], strict=True))
    assert str(one[2]) == str(other[2])
    assert torch.equal(one[3], other[3])
    assert one[4:] == other[4:]


@pytest.mark.parametrize("error", [None, ValueError("mine"), KeyboardInterrupt()])
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.no_grad])
def test_nothing_is_left_behind(error, mode):
    model = Busy()
    optimizer = torch.optim.Adam(model.parameters())
    squared(model(batch(4, 3)), torch.zeros(4, 2)).backward()
    optimizer.step()
    model.error = error
    before = state(model, optimizer)
    with mode():
        if error is None:
            why(model, batch(4, 3), torch.zeros(4, 2), squared, optimizer)
        else:
            with pytest.raises(type(error)) as caught:
                why(model, batch(4, 3), torch.zeros(4, 2), squared, optimizer)
            assert caught.value is error
            if isinstance(error, Exception):
                assert "forward pass of Busy" in caught.value.__notes__[0]
    assert_same_state(before, state(model, optimizer))


def test_no_hook_is_left_and_no_function_exchanged():
    from torch.utils import checkpoint

    before = checkpoint.CheckpointFunction, checkpoint._checkpoint_hook
    model = perceptron(3, 4, 1)
    why(model, batch(4, 3), torch.zeros(4, 1))
    assert (checkpoint.CheckpointFunction, checkpoint._checkpoint_hook) == before
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


def test_the_graph_is_freed():
    def nodes():
        return sum(type(one).__name__.endswith("Backward0") for one in gc.get_objects())

    gc.collect()
    before = nodes()
    gc.disable()
    try:
        found = why(perceptron(3, 4, 1), batch(4, 3), torch.zeros(4, 1))
        assert nodes() == before  # at once, so that the memory is there for the next step
    finally:
        gc.enable()
    assert found.row("0.weight", (0, 0)).sentence


def test_a_pass_inside_no_grad_and_inside_another_mode_is_the_same():
    model = perceptron(3, 4, 1)
    plain = why(model, batch(4, 3), torch.zeros(4, 1)).counts()
    with torch.no_grad():
        assert why(model, batch(4, 3), torch.zeros(4, 1)).counts() == plain
    inputs, targets = batch(4, 3), torch.zeros(4, 1)
    with torch.inference_mode():
        assert why(model, inputs, targets).counts() == plain


# ## What is refused


def refused(error, match, model=None, inputs=None, loss=squared, optimizer=None, step=None):
    model = model or perceptron(3, 4, 1)
    inputs = batch(4, 3) if inputs is None else inputs
    with pytest.raises(error, match=match):
        why(model, inputs, torch.zeros(4, 1), loss, optimizer or sgd(perceptron(1, 1)), step)


def test_a_model_without_parameters():
    refused(ValueError, "ReLU has no parameters", nn.ReLU())
    model = Lambda(lambda m, x: m.layers[0](x))
    model.layers = [nn.Linear(3, 1)]
    refused(ValueError, r"layers\[0\].bias, layers\[0\].weight without registering", model)


def test_an_optimizer_of_another_model():
    refused(ValueError, "SGD has none of the 4 parameters of the model")


def test_what_is_no_optimizer_and_no_loss():
    model = perceptron(3, 4, 1)
    with pytest.raises(TypeError, match="optimizer is SGD, expected a torch.optim.Optimizer"):
        explain(model, batch(4, 3), None, squared, _ours())
    refused(TypeError, "loss is 3, expected a function", model, loss=3, optimizer=sgd(model))


def _ours():
    return SGD(MLP([1, 1]).parameters(), lr=0.1)


def test_a_loss_that_is_not_one_number():
    model = perceptron(3, 4, 1)
    refused(
        ValueError,
        r"shape \(4, 1\), expected one number",
        model,
        loss=lambda y, t: y - t,
        optimizer=sgd(model),
    )
    refused(TypeError, "the loss returns float", model, loss=lambda y, t: 3.0, optimizer=sgd(model))


def test_a_model_without_numbers():
    model = nn.Linear(3, 1, device="meta")
    with pytest.raises(ValueError, match="the model Linear is on the device meta"):
        why(model, torch.ones(2, 3, device="meta"), torch.ones(2, 1, device="meta"))


def test_inputs_on_another_device():
    model = perceptron(3, 4, 1)
    inputs = batch(4, 3).to("meta")
    refused(
        ValueError,
        "inputs are on meta and the model is on cpu",
        model,
        inputs,
        optimizer=sgd(model),
    )


def test_a_step_for_an_mlp_of_our_own():
    net = MLP([1, 1])
    with pytest.raises(TypeError, match="step= is for models of PyTorch"):
        explain(net, [[1.0]], [[1.0]], half_squared_error, SGD(net.parameters(), lr=1), step=print)


def test_an_optimizer_that_needs_a_closure_gets_one():
    model = perceptron(3, 4, 1, activation=nn.Tanh)
    before = {name: one.clone() for name, one in model.state_dict().items()}
    lbfgs = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=2)
    found = why(model, batch(4, 3), torch.zeros(4, 1), squared, lbfgs)
    assert found.counts()["0.weight"] == {"gradient": 12}
    assert all(torch.equal(one, before[name]) for name, one in model.state_dict().items())
    assert not lbfgs.state_dict()["state"]


# ## Arguments


def test_inputs_may_be_a_tuple_or_a_dict():
    model = Lambda(lambda m, x, y: m.a(x) + y, a=nn.Linear(3, 1))
    x, y = batch(4, 3), batch(4, 1)
    model.forward = lambda x, y: model.a(x) + y
    first = why(model, (x, y), torch.zeros(4, 1)).counts()
    assert why(model, {"x": x, "y": y}, torch.zeros(4, 1)).counts() == first


def test_a_model_that_computes_its_own_loss():
    model = Lambda(lambda m, x: {"loss": m.a(x).pow(2).mean()}, a=nn.Linear(3, 1))
    found = why(model, batch(4, 3), None, lambda out, _: out["loss"])
    assert found.counts()["a.weight"] == {"gradient": 3}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_model_is_run_as_it_was_written():
    model = perceptron(3, 4, 1, activation=nn.Tanh)
    compiled = torch.compile(model)
    found = why(compiled, batch(4, 3), torch.zeros(4, 1), squared, sgd(model))
    assert list(found.counts()) == [name for name, _ in model.named_parameters()]
    assert found.counts()["0.weight"] == {"gradient": 12}
    assert found.row("0.weight", (1, 2)).moves
    assert found.row("_orig_mod.0.weight", (1, 2)).moves  # as its state_dict has it


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_part_of_a_model_does_not_show_in_names():
    model = perceptron(3, 4, 1)
    with torch.no_grad():
        model[0].bias.fill_(-99.0)
    model[1] = torch.compile(model[1])
    model[2] = torch.compile(nn.Sequential(model[2], nn.BatchNorm1d(1)))
    found = why(model, batch(4, 3), torch.zeros(4, 1))
    assert list(found.counts())[2:] == ["2.0.weight", "2.0.bias", "2.1.weight", "2.1.bias"]
    assert found.parameter("0.weight").note == "the derivative of relu is 0 in module 1 (ReLU)"
    assert "2.1.running_mean" in str(found)


@pytest.mark.parametrize(("kind", "state"), [(torch.optim.SGD, 0), (torch.optim.AdamW, 2)])
def test_no_array_is_kept_twice(monkeypatch, kind, state):
    """Beside the parameter: its value, its gradient, and what its optimizer remembers of it."""
    from sgdexplained.pytorch.watch import Watch

    def count() -> int:
        gradients = [one.grad for one in model.parameters()]  # which Python has not seen before
        alive = [one for one in gc.get_objects() if type(one) in {torch.Tensor, nn.Parameter}]
        alive += [one for one in gradients if one is not None]
        places = {
            one.data_ptr()
            for one in alive
            if one.dtype == torch.float32 and tuple(one.shape) in {(37, 53), (53, 37)}
        }
        return len(places)

    during = []
    finish = Watch.finish
    monkeypatch.setattr(Watch, "finish", lambda watch: (during.append(count()), finish(watch)))
    model = nn.Sequential(nn.Linear(53, 37), nn.ReLU(), nn.Linear(37, 1))

    optimizer = kind(model.parameters(), lr=0.1)
    squared(model(batch(4, 53)), torch.zeros(4, 1)).backward()
    optimizer.step()
    optimizer.zero_grad()
    gc.collect()

    found = why(model, batch(4, 53), torch.zeros(4, 1), optimizer=optimizer)

    assert during == [3 + state]
    assert count() == 3 + 2 * state
    one = found.parameter("0.weight")
    before = one.value.copy()
    with torch.no_grad():
        model[0].weight.zero_()  # what is computed later is computed of what was there
    assert (one.move != 0).any()
    assert one.move is one.move
    assert (one.value == before).all()
    if kind is torch.optim.SGD:
        step = torch.from_numpy(before) - 0.1 * torch.from_numpy(one.gradient)
        assert torch.allclose(
            torch.from_numpy(one.move), step - torch.from_numpy(before), atol=1e-7
        )


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
@pytest.mark.parametrize("kind", ["SGD", "AdamW", "Adagrad"])
def test_parameters_without_entries(kind):
    model = nn.Sequential(nn.Linear(3, 0), nn.ReLU(), nn.Linear(0, 2), nn.LayerNorm(2))
    optimizer = getattr(torch.optim, kind)(model.parameters(), lr=0.1)
    found = why(model, batch(4, 3), torch.zeros(4, 2), optimizer=optimizer)
    assert found.counts()["0.weight"] == found.counts()["2.weight"] == {}
    assert "0.weight 0 × 3 0 0" in " ".join(str(found).split())
    assert found.to_data(rows=True)
    assert "<table" in found._repr_html_()
    assert "0.weight" not in found.draw().figure.get_label()


@pytest.mark.parametrize("turned", [False, True])
def test_two_words_for_one_entry_whose_codes_multiply_to_256(turned):
    """Their product is 0 in a byte: what the optimizer holds, and a gradient that is not finite."""
    held, infinite, shut = (CODE[word] for word in ("held", "not finite", "shut"))
    assert held * infinite % 256 == 0
    reason = torch.tensor([[held, 0, held, 1]], dtype=torch.uint8).T
    codes = torch.tensor([[infinite, shut, 0, 0]], dtype=torch.uint8).T
    if turned:  # no row after the other
        reason, codes = (torch.stack([one, one])[..., 0].T for one in (reason, codes))
    zero = _written(codes, reason, finite=False)
    assert reason[:, 0].tolist() == [infinite, shut, held, 1]
    assert zero[:, 0].tolist() == [0, shut, 0, 0]


def test_why_a_gradient_is_0_is_known_whether_it_moves_or_not():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    with torch.no_grad():
        model[0].bias[1] = -99.0
    for options in ({}, {"weight_decay": 0.1}):
        found = why(model, batch(4, 3), torch.zeros(4, 1), optimizer=sgd(model, **options))
        rows = [found.row("0.weight", (unit, 2)) for unit in range(4)]
        assert rows[1].zero == "shut"
        assert rows[1].moves == bool(options)
        assert rows[1].why == ("decay" if options else "shut")
        assert [row.zero for row in rows if row.gradient] == [""] * sum(
            bool(row.gradient) for row in rows
        )


@pytest.mark.parametrize(
    ("lazy", "names"),
    [
        (lambda: nn.LazyLinear(4), "0.weight, 0.bias of the model Sequential have no numbers yet"),
        (
            lambda: nn.LazyBatchNorm1d(affine=False),
            "0.running_mean, 0.running_var of the model Sequential have no numbers yet",
        ),
        (lambda: nn.Sequential(nn.LazyLinear(2), nn.LazyLinear(4)), "and others of the model"),
    ],
)
def test_a_lazy_module_is_told_to_be_called_first(lazy, names):
    model = nn.Sequential(lazy(), nn.Linear(4, 1))
    before = {name: type(one) for name, one in model.named_parameters()}
    hooks = [len(one._forward_pre_hooks) for one in model.modules()]

    with pytest.raises(ValueError, match=names) as caught:
        why(model, batch(2, 4), torch.zeros(2, 1))

    assert "call the model once with your inputs" in str(caught.value)
    assert {name: type(one) for name, one in model.named_parameters()} == before
    assert [len(one._forward_pre_hooks) for one in model.modules()] == hooks
    model(batch(2, 4))
    assert "gradient" in why(model, batch(2, 4), torch.zeros(2, 1)).counts()["1.weight"]
