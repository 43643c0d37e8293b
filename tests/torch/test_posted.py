"""Programs of the kind that people post: `explain` and the command name the same cause."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from sgdexplained import explain  # noqa: E402
from sgdexplained.pytorch.command import Following  # noqa: E402

from .test_shell import BEGIN, LOOP, OPTIMIZER, follow, run  # noqa: E402, F401 (a fixture)

TWO = """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 4), nn.Linear(4, 1)
        self.scale = nn.Parameter(torch.ones(4))
    def forward(self, x):
        return self.b({hidden})
model = Model()
"""
FUNCTION = """
class Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w=None):
        return x.round()
    @staticmethod
    def backward(ctx, gradient):
        return {back}, None
rounded = Round.apply
"""


def both(follow, code, loss=None):  # noqa: F811 (a fixture)
    """Return what the call and the command say, each in one line."""
    code = BEGIN + code + OPTIMIZER + ("" if loss is None else f"mse = {loss}\n")
    held = run(code)
    found = explain(held["model"], held["x"], held["y"], held["mse"], held["optimizer"])
    said = follow(code + LOOP)
    return found, " ".join(str(found).split()), " ".join(said.split())


def test_half_of_a_recurrent_layer_is_not_used(follow):  # noqa: F811
    code = """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.out = nn.LSTM(3, 5, bidirectional=True), nn.Linear(5, 1)
    def forward(self, x):
        return self.out(self.rnn(x.view(2, 4, 3))[0][..., :5]).view(8, 1)
model = Model()
"""
    found, text, said = both(follow, code)
    assert found.counts()["rnn.weight_ih_l0_reverse"] == {"not used": 60}
    assert found.counts()["rnn.bias_ih_l0_reverse"] == {"not used": 20}
    for one in (text, said):
        assert "200 of 406 do not move: 200 not used by the loss." in one
        assert "its result is not taken by an index at" in one


def test_a_function_of_the_readers_own_returns_none(follow):  # noqa: F811
    code = FUNCTION.format(back="gradient") + TWO.format(hidden="rounded(self.a(x), self.scale)")
    found, text, said = both(follow, code)
    line = (BEGIN + code).split("\n").index("    def backward(ctx, gradient):")
    assert found.counts()["scale"] == {"no gradient": 4}
    for one in (text, said):
        assert f"the loss reaches it, but backward() of Round at train.py:{line}" in one
        assert "returns None for it" in one
        assert "hook" not in one


def test_a_hook_takes_the_gradient_of_a_parameter_as_a_whole():
    code = TWO.format(hidden="self.a(x)")
    held = run(BEGIN + code + OPTIMIZER)
    take = lambda one: setattr(one, "grad", None)  # noqa: E731
    handle = held["model"].a.bias.register_post_accumulate_grad_hook(take)
    found = explain(held["model"], held["x"], held["y"], held["mse"], held["optimizer"])
    handle.remove()
    assert "its gradient was taken away by a hook" in found.parameter("a.bias").note


def test_a_function_of_the_readers_own_gives_0(follow):  # noqa: F811
    code = FUNCTION.format(back="gradient * 0") + TWO.format(hidden="rounded(self.a(x))")
    found, text, said = both(follow, code)
    assert found.counts()["a.weight"] == {"shut": 12}
    for one in (text, said):
        assert "backward() of Round gives 0 at train.py" in one


def test_what_a_function_of_the_readers_own_does_inside_is_no_cut(follow):  # noqa: F811
    code = FUNCTION.format(back="gradient") + TWO.format(hidden="rounded(self.a(x)).detach()")
    found, text, said = both(follow, code)
    assert found.counts()["a.weight"] == {"cut": 12}
    for one in (text, said):
        assert "cut by .detach() at train.py" in one
        assert "round" not in one


def test_a_function_of_the_readers_own_that_has_no_gradient_at_all(follow):  # noqa: F811
    code = FUNCTION.format(back="gradient").replace(
        "return x.round()", "x = x.round(); ctx.mark_non_differentiable(x); return x"
    )
    found, text, said = both(follow, code + TWO.format(hidden="rounded(self.a(x))"))
    assert found.counts()["a.weight"] == {"cut": 12}
    for one in (text, said):
        assert "a call between it and the loss has no gradient, and was not seen" in one


@pytest.mark.parametrize(
    ("change", "loss", "said"),
    [
        pytest.param(
            "", "lambda y, t: (y.mul(0).log() * t.abs()).sum()", "inf is made by log", id="0"
        ),
        pytest.param(
            "",
            "lambda y, t: ((y - y).div(y - y) * t).sum()",
            "the first nan is made by / at train.py",
            id="0 / 0",
        ),
        pytest.param(
            "x[1, 1] = float('nan')\n", None, "nan is in what linear in module a", id="inputs"
        ),
        pytest.param(
            "model.b.weight.data[0, 1] = float('nan')\n",
            None,
            "b.weight has nan in it, before the step",
            id="a weight",
        ),
        pytest.param(
            "",
            "lambda y, t: (y.expand(8, 3).masked_fill(y > -9e9, -torch.inf).softmax(1) - t).sum()",
            "the first nan is made by softmax at train.py",
            id="all masked",
        ),
    ],
)
def test_where_the_first_nan_of_a_forward_pass_is_made(follow, change, loss, said):  # noqa: F811
    _, *texts = both(follow, TWO.format(hidden="self.a(x)") + change, loss)
    for text in texts:
        assert f"* the loss is {'inf' if 'inf' in said else 'nan'}: " in text.replace("-inf", "inf")
        assert said in text
        assert "no label" not in text


def test_a_class_that_no_label_names(follow):  # noqa: F811
    code = "model = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid())\ny = torch.tensor([0, 1] * 4)\n"
    found, *texts = both(follow, code, "lambda y, t: nn.functional.nll_loss(y.log(), t)")
    assert found.counts()["0.bias"] == {"gradient": 2, "flat": 2}
    for text in texts:
        assert "with a flat loss: no label that counts is this class in nll_loss" in text


# ## Two networks with an optimizer each, and their steps in any order

TWO_NETWORKS = """
G, D = (nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 3)) for _ in range(2))
g, d = torch.optim.Adam(G.parameters()), torch.optim.SGD(D.parameters(), lr=0.1)
G[0].bias.data = torch.tensor([-99.0, 9, 9, 9])
D[0].bias.data = torch.tensor([-99.0, -99, 9, 9])
for _ in range(2):
"""
ORDERS = {
    "a step after each pass": "fake = G(x); g.zero_grad(); D(fake).mean().backward(); g.step(); "
    "d.zero_grad(); (D(x) - 2 * D(fake.detach())).mean().backward(); d.step()",
    "both passes, then both steps": "fake = G(x); g.zero_grad(); D(fake).mean().backward(); "
    "d.zero_grad(); (D(x) - 2 * D(fake.detach())).mean().backward(); g.step(); d.step()",
}


@pytest.mark.parametrize("step", [1, 2, 3, 4])
@pytest.mark.parametrize("order", ORDERS)
def test_an_optimizer_is_told_of_the_pass_that_reached_it(follow, order, step):  # noqa: F811
    said = " ".join(follow(f"{BEGIN}{TWO_NETWORKS}    {ORDERS[order]}\n", step).split())
    kind, shut = ("Adam", 1) if step % 2 else ("SGD", 2)
    assert said.startswith(f"step {step}, of {kind}: ")
    assert f"0.weight 4 × 3 {12 - 3 * shut} {3 * shut} {3 * shut} with a shut receiver" in said
    assert f"0.bias 4 {4 - shut} {shut} {shut} with a shut receiver" in said
    for wrong in ("cut off", "not used", "earlier", "add up", "could not be explained"):
        assert wrong not in said


@pytest.mark.parametrize("step", [2, 4])
def test_what_was_computed_before_the_step_of_another_optimizer_is_known(follow, step):  # noqa: F811
    loop = "fake = G(x).detach(); d.zero_grad(); D(fake).mean().backward(); d.step(); "
    loop += "g.zero_grad(); D(fake).mean().backward(); g.step()"
    said = " ".join(follow(f"{BEGIN}{TWO_NETWORKS}    {loop}\n", step).split())
    assert "31 of 31 do not move: 31 cut off from the loss." in said
    assert "cut by .detach() at train.py:" in said


def test_gradients_that_were_cleared_do_not_add_up(follow):  # noqa: F811
    code = TWO.format(hidden="self.a(x)") + OPTIMIZER
    cleared = "    mse(model(x), y).backward()\n    optimizer.zero_grad()\n    mse"
    said = follow(BEGIN + code + LOOP.replace("    mse", cleared))
    assert "add up" not in said
    added = "    mse(model(x), y).backward()\n    mse"
    assert "* gradients of 2 backward passes add up" in follow(
        BEGIN + code + LOOP.replace("    mse", added)
    )


# ## The step does not come, or nothing goes backward before it


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ("mse = lambda y, t: ((y > 0.5).float() - t).pow(2).mean()\n", "cut by the comparison >"),
        ("mse = lambda y, t: torch.tensor((y - t).pow(2).mean().item())\n", "cut by .item()"),
        ("torch.set_grad_enabled(False)\n", "cut by no_grad around linear in module a (Linear)"),
    ],
)
def test_why_backward_raises_an_error(capsys, change, cause):
    following = Following(1)
    following.begin()
    try:
        with pytest.raises(RuntimeError, match="does not require grad"):
            run(BEGIN + TWO.format(hidden="self.a(x)") + OPTIMIZER + change + LOOP)
    finally:
        said = " ".join(following.end().split())
        torch.set_grad_enabled(True)
    assert said.startswith("step 1 did not come: 25 of 25 do not move: 21 cut off from the loss")
    assert cause in said
    assert "* the loss requires no gradient, so loss.backward() raises an error" in said
    assert not capsys.readouterr().err


@pytest.mark.parametrize("step", [1, 2])
def test_nothing_goes_backward_before_a_step(follow, step):  # noqa: F811
    code = TWO.format(hidden="self.a(x)") + "model.scale.requires_grad_(False)\n" + OPTIMIZER
    said = " ".join(follow(BEGIN + code + LOOP.replace("backward()", "backward"), step).split())
    assert said.startswith(
        f"step {step}, of SGD: 25 of 25 do not move: 21 without a gradient, 4 with "
        "requires_grad=False. shape move stay why scale 4 0 4 4 with requires_grad=False a.weight "
    )
    assert "* no backward pass was seen before it" in said


def test_gradients_that_somebody_else_made(follow):  # noqa: F811
    code = TWO.format(hidden="self.a(x)") + OPTIMIZER
    hand = "for p in model.parameters(): p.grad = torch.ones_like(p)\n"
    said = follow(BEGIN + code + hand + "optimizer.step()\n")
    assert said == "step 1, of SGD:\nno backward pass was seen before it\n"


def test_gradients_are_switched_off_where_explain_is_called():
    held = run(BEGIN + TWO.format(hidden="self.a(x)") + OPTIMIZER)
    given = [held[name] for name in ("model", "x", "y", "mse", "optimizer")]
    assert not any("switched off" in note for note in explain(*given).notes)
    with torch.no_grad():
        assert any("gradients are switched off where explain" in n for n in explain(*given).notes)


# ## Causes by their names


@pytest.mark.parametrize(
    ("hidden", "cause"),
    [
        (
            "torch.distributions.Normal(self.a(x), self.scale).sample()",
            "cut by no_grad around Normal.sample at train.py:",
        ),
        (
            "torch.eye(4)[torch.distributions.Categorical(logits=self.a(x)).sample()]",
            "cut by Categorical.sample at train.py:",
        ),
    ],
)
def test_a_sample_of_a_distribution_is_named_as_that(follow, hidden, cause):  # noqa: F811
    found, *texts = both(follow, TWO.format(hidden=hidden))
    assert found.counts()["a.weight"] == {"cut": 12}
    for text in texts:
        assert cause in text


def test_a_distribution_that_can_be_differentiated_cuts_nothing(follow):  # noqa: F811
    hidden = "torch.distributions.Normal(self.a(x), self.scale.exp()).rsample()"
    found, *_ = both(follow, TWO.format(hidden=hidden))
    assert found.counts()["a.weight"] == {"gradient": 12}


def test_a_mask_on_weights_is_told(follow):  # noqa: F811
    code = TWO.format(hidden="self.a(x)")
    code += "import torch.nn.utils.prune as prune\nprune.l1_unstructured(model.a, 'weight', 5)\n"
    found, *texts = both(follow, code)
    assert found.counts()["a.weight_orig"] == {"gradient": 7, "inactive": 5}
    for text in texts:
        assert "5 with an inactive sender: times 0 in * in module" in text
    assert "(times 0 in *" in found.row("a.weight_orig", _first(found, "a.weight_orig")).sentence


def _first(found, name):
    return next(row.place for row in found if row.parameter.name == name and not row.moves)


def test_a_layer_that_is_given_no_rows(follow):  # noqa: F811
    hidden = "self.scale + torch.zeros(8, 4).index_add(0, torch.arange(0), self.a(x[:0]))"
    found, *texts = both(follow, TWO.format(hidden=hidden))
    assert found.counts()["a.weight"] == {"not used": 12}
    assert found.counts()["a.bias"] == {"not used": 4}
    for text in texts:
        assert "linear in module a (Linear) at train.py" in text
        assert "is given nothing" in text


def test_mixed_reasons_are_told_each(follow):  # noqa: F811
    code = TWO.format(hidden="self.a(x).relu()") + "x, y = torch.tensor([[1.0, 1, 1]] * 2), y[:2]\n"
    code += "x[1] = -1; y = torch.zeros(2, 1)\n"
    code += "model.a.weight.data.fill_(1.0); model.a.bias.data.zero_()\n"
    code += "model.b.weight.data.fill_(1.0); model.b.bias.data.zero_()\n"
    # One example is shut, and the outputs of the other are taken once with a plus and a minus.
    loss = "lambda y, t: (y.relu() - y.relu() * 1.0).sum() + 0 * t.sum()"
    found, *texts = both(follow, code, loss)
    assert found.counts()["a.weight"] == {"mixed": 12}
    for text in texts:
        assert "for mixed reasons: the derivative of relu is 0 at train.py" in text
        assert "paths cancel at" in text
