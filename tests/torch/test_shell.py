"""The command says what the Python call says: of the same model, in the same words."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

torch = pytest.importorskip("torch")

from sgdexplained import explain  # noqa: E402
from sgdexplained.pytorch.command import Following  # noqa: E402

BEGIN = """
import torch
from torch import nn
torch.manual_seed(0)
mse = nn.functional.mse_loss
x, y = torch.randn(8, 3), torch.randn(8, 1)
"""
OPTIMIZER = "optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)\n"
LOOP = """
for _ in range(2):
    optimizer.zero_grad()
    mse(model(x), y).backward()
    optimizer.step()
"""
STACK = "nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1), nn.ReLU())"
SHUT = f"model = {STACK}\nmodel[2].bias.data.fill_(-99)\n"
CLASS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stack = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1), nn.ReLU())
        self.spare = nn.Linear(3, 3)
        self.spare.weight.data.normal_(0, 0.1)
        nn.init.orthogonal_(self.spare.weight)
    def forward(self, x):
        return self.stack(x)
model = Net().to(torch.float64).to(torch.float32)
model.stack[2].bias.data.fill_(-99)
"""


def run(code):
    """Run a script as ``__main__``; return what it holds afterwards."""
    script = ModuleType("__main__")
    before, sys.modules["__main__"] = sys.modules["__main__"], script
    try:
        exec(compile(code, "train.py", "exec"), vars(script))
    finally:
        sys.modules["__main__"] = before
    return vars(script)


@pytest.fixture
def follow(capsys):
    """Run a script while it is followed; return what is said of a step."""

    def follow(code, step=1):
        following = Following(step)
        following.begin()
        try:
            run(code)
        finally:
            said = following.end()
        return capsys.readouterr().err.removeprefix("sgdexplained: ") + said

    return follow


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(SHUT + OPTIMIZER, id="a stack of modules"),
        pytest.param(CLASS + OPTIMIZER, id="a module with a stack in it, and one not used"),
        pytest.param(
            f"model = {STACK}\n{OPTIMIZER}model[0] = nn.Linear(3, 4)\n", id="a layer replaced"
        ),
        pytest.param(
            f"model = {STACK}\noptimizer = torch.optim.SGD([p for p in model.parameters()][:2])\n",
            id="a list of parameters",
        ),
        pytest.param(
            "model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))\n"
            + OPTIMIZER,
            id="buffers",
        ),
        pytest.param(
            "model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 1))\n"
            "model[1].weight = model[0].weight\n" + OPTIMIZER,
            id="tied weights",
        ),
        pytest.param(
            "model = nn.Sequential(nn.Embedding(5, 2, max_norm=0.5), nn.Flatten(), nn.Linear(6, 1))"
            "\nx = torch.tensor([[0, 1, 1]] * 8)\n" + OPTIMIZER,
            id="a forward pass that changes weights",
        ),
        pytest.param(
            "inner = " + STACK + "\nmodel = nn.Module()\nmodel.net = inner\n"
            "model.forward = lambda x: inner(x)\n" + OPTIMIZER,
            id="a wrapper",
        ),
        pytest.param(
            "other = nn.Parameter(torch.ones(1))\n"
            "class Own(nn.Linear):\n"
            "    def forward(self, x):\n"
            "        return super().forward(x) * other\n"
            "model = Own(3, 1)\n" + OPTIMIZER,
            id="a tensor outside the model",
        ),
    ],
)
def test_both_ways_say_the_same(follow, code):
    held = run(BEGIN + code)
    found = explain(held["model"], held["x"], held["y"], held["mse"], held["optimizer"])
    # A tensor outside has a name in a script.
    text = str(found).replace("a tensor of shape (1,)", "other of shape (1,)")
    assert " ".join(follow(BEGIN + code + LOOP).split()) == " ".join(
        f"step 1, of SGD:\n{text}".split()
    )


def test_which_module_is_named(follow):
    said = " ".join(follow(BEGIN + SHUT + OPTIMIZER + LOOP).split())
    assert "no open path ahead: the derivative of relu is 0 in module 3 (ReLU)" in said
    assert "train.py" not in said

    code = BEGIN + CLASS + OPTIMIZER + LOOP
    line = code[: code.index("return self.stack(x)")].count("\n") + 1
    said = " ".join(follow(code).split())
    assert f"the derivative of relu is 0 in module stack.3 (ReLU) at train.py:{line}" in said
    assert "not used by the loss: not used in this forward pass" in said


def test_a_wrapper_whose_parts_are_called(follow):
    """A class in the manner of Lightning: its own `forward` is never called."""
    code = """
class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.net, self.head = nn.Linear(3, 4), nn.Linear(4, 1)
    def training_step(self):
        return mse(self.head(self.net(x).relu()), y)
class Trainer:
    def fit(self, model):
        self.model = model
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        loss = model.training_step()
        loss.backward()
        optimizer.step()
Trainer().fit(Whole())
"""
    said = follow(BEGIN + code)

    for name in ("net.weight", "net.bias", "head.weight", "head.bias"):
        assert f"\n{name} " in said


TWO = """
G, D = nn.Linear(2, 2), nn.Linear(2, 1)
g, d = torch.optim.Adam(G.parameters()), torch.optim.SGD(D.parameters(), lr=0.1)
for _ in range(2):
    fake = G(torch.randn(4, 2))
    d.zero_grad()
    D(fake.detach()).mean().backward()
    d.step()
    g.zero_grad()
    (-D(fake).mean()).backward()
    g.step()
"""


@pytest.mark.parametrize(("step", "kind", "other"), [(1, "SGD", "G"), (2, "Adam", "D")])
def test_of_two_models_with_an_optimizer_each_one_is_explained(follow, step, kind, other):
    said = follow(BEGIN + TWO, step)

    count = 6 if other == "D" else 3
    assert said.startswith(f"step {step}, of {kind}:\nAll {count} move.\n")
    left = "SGD" if other == "D" else "Adam"
    assert f"* not listed: {other}, whose 2 parameters another optimizer has ({left})" in said


def test_two_models_in_one_optimizer_have_their_names_in_front(follow):
    code = """
first, last, teacher = nn.Linear(3, 2), nn.Linear(2, 1), nn.Linear(3, 1).requires_grad_(False)
optimizer = torch.optim.SGD([*first.parameters(), *last.parameters()], lr=0.1)
mse(last(first(x)), teacher(x)).backward()
optimizer.step()
"""
    said = follow(BEGIN + code)

    assert "\nfirst.weight " in said
    assert "\nlast.weight " in said
    assert "* not listed: teacher, whose 2 parameters require no gradient" in said


def test_a_model_that_no_optimizer_has_is_listed(follow):
    code = """
first, last = nn.Linear(3, 2), nn.Linear(2, 1)
optimizer = torch.optim.SGD(last.parameters(), lr=0.1)
mse(last(first(x)), y).backward()
optimizer.step()
"""
    said = follow(BEGIN + code)

    assert "8 of 11 do not move: 8 not in the optimizer." in said
    assert "\nfirst.weight " in said


def test_parameters_of_no_model(follow):
    code = """
def train():
    w, spare, shift = (nn.Parameter(torch.ones(3)) for _ in range(3))
    optimizer = torch.optim.SGD([w, spare], lr=0.1)
    mse((x * w + shift).sum(1, keepdim=True), y).backward()
    optimizer.step()
train()
"""
    said = follow(BEGIN + code)

    assert "\nw " in said
    assert "\nspare " in said
    assert "* the loss depends on shift of shape (3,), which is not in the optimizer" in said


def test_a_compiled_model_has_its_own_names(follow):
    code = SHUT.replace("model =", "own =").replace("model[", "own[")
    code += "model = torch.compile(own, backend='eager')\n" + OPTIMIZER
    said = follow(BEGIN + code + LOOP)

    assert said.startswith("step 1, of SGD:\n21 of 21 do not move: ")
    assert "\n0.weight " in said
    assert "in module 3 (ReLU)" in " ".join(said.split())


def test_two_backward_passes_add_up(follow):
    twice = LOOP.replace("    mse", "    mse(model(x), y).backward()\n    mse")
    said = " ".join(follow(BEGIN + SHUT.replace("-99", "99") + OPTIMIZER + twice).split())

    assert "added to the gradient of an earlier backward pass" in said
    assert "* gradients of 2 backward passes add up" in said


# ## What is said


def test_frozen_but_with_a_stored_gradient(follow):
    code = f"""
model = {STACK}
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for number in range(3):
    if number == 2:
        model[0].requires_grad_(False)
    optimizer.zero_grad(set_to_none=False)
    mse(model(x), y).backward()
    optimizer.step()
"""
    said = " ".join(follow(BEGIN + code, 3).split())

    now = "by memory: requires_grad is False now, and a gradient of 0 is still stored"
    assert f"9 {now}" in said
    assert "3 with requires_grad=False" in said
    assert (
        "* 0.weight and 0.bias require no gradient now, but a gradient of 0 is still stored, so "
        "the optimizer goes on to move them by memory. What would change it: zero_grad() without "
        "set_to_none=False, which sets the gradient to None; or leave them out of the optimizer"
    ) in said
    # With the default they have no gradient, and stay.
    said = follow(BEGIN + code.replace("set_to_none=False", ""), 3)
    assert "16 with requires_grad=False" in said
    assert "still stored" not in said


CLIPPED = """
loss = nn.functional.cross_entropy({scores}, labels{options})
loss.backward()
nn.utils.clip_grad_norm_(model.parameters(), {limit})
optimizer.step()
"""
LABELS = "model = nn.Linear(3, 2)\nlabels = torch.full((8,), -100)\n" + OPTIMIZER


@pytest.mark.parametrize(
    ("labels", "options", "why", "nan"),
    [
        ("torch.full((8,), -100)", "", "every label is ignore_index = -100", True),
        ("torch.ones(8).long()", ", ignore_index=1", "every label is ignore_index = 1", True),
        ("torch.full((8,), -100)", ", reduction='sum'", "every label is ignore_index = -100", 0),
        ("torch.zeros(0).long()", "", "cross_entropy", True),
        (
            "torch.zeros(8).long()",
            ", weight=torch.tensor([0.0, 1.0]), reduction='sum'",
            "the weight of the class of each label is 0",
            False,
        ),
    ],
)
def test_why_no_label_counts(follow, labels, options, why, nan):
    scores = "model(x)[:len(labels)]"
    code = LABELS + f"labels = {labels}\n" + CLIPPED.format(scores=scores, options=options, limit=1)
    said = " ".join(follow(BEGIN + code).split())

    assert f"because {why}" in said
    assert ("the loss is nan, because cross_entropy at train.py:" in said) == bool(nan)
    assert ("the gradient is 0 and not nan" in said) == bool(nan)


@pytest.mark.parametrize("options", ["", ", weight=torch.tensor([0.0, 1.0])", ", ignore_index=0"])
def test_nothing_is_said_of_labels_where_some_count(follow, options):
    # No label is class 0, so its gradient is 0, and that is asked about.
    code = LABELS + "labels[:] = 0\nlabels[0] = 1\n" if options else LABELS + "labels[0] = 1\n"
    code += CLIPPED.format(scores="model(x).sigmoid().log()", options=options, limit=1)
    said = " ".join(follow(BEGIN + code.replace("cross_entropy", "nll_loss")).split())

    assert "4 of 8 do not move" in said
    assert "no label that counts is this class in nll_loss" in said
    assert "because" not in said
    assert "nan" not in said


def test_the_mean_of_nothing(follow):
    code = (
        f"model = {STACK}\n{OPTIMIZER}(model(x)[y > 99] ** 2).mean().backward()\noptimizer.step()"
    )
    said = " ".join(follow(BEGIN + code).split())

    line = (BEGIN + code).count("\n")
    assert f"the loss is nan, because mean at train.py:{line} is the mean of no numbers" in said


def test_a_call_that_clips_is_named_whether_it_changes_anything(follow):
    code = LABELS.replace("-100", "1") + CLIPPED
    less = follow(BEGIN + code.format(scores="model(x)", options="", limit=0.01))
    assert "by clip_grad_norm_ at train.py:" in " ".join(less.split())
    assert "changed nothing" not in less

    none = follow(BEGIN + code.format(scores="model(x)", options="", limit=99))
    line = (BEGIN + code).count("\n") - 1
    assert f"\n* clip_grad_norm_ at train.py:{line} changed nothing\n" in none


def test_no_word_of_a_table_is_spelled_in_two_ways(follow):
    code = f"model = {STACK}\n{OPTIMIZER}model[0] = nn.Linear(3, 4)\n"
    said = follow(BEGIN + code + LOOP)

    assert "16 not in the optimizer" in said
    assert "optimiser" not in said


def test_noise_is_told_after_all_causes(follow):
    code = """
model = nn.Sequential(nn.Linear(3, 40), nn.BatchNorm1d(40), nn.Linear(40, 1)).bfloat16()
x, y = x.bfloat16(), y.bfloat16()
model[0].bias.grad = torch.ones_like(model[0].bias) * 1e-30
optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
"""
    twice = LOOP.replace("    optimizer.zero_grad()\n", "")
    said = " ".join(follow(BEGIN + code + twice).split())
    causes = (
        "with a swallowed step: the step is too small for bfloat16",
        "added to the gradient of an earlier backward pass",
        "of its gradients are noise: no larger than rounding",
    )
    bias = said[said.index("0.bias") : said.index("1.weight")]
    assert all(cause in bias for cause in causes)
    assert sorted(causes, key=bias.index) == list(causes)
