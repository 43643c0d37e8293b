"""The step of every optimizer on copies: the same moves as its own, split, and nothing changed."""

from __future__ import annotations

import copy
import inspect

import pytest

torch = pytest.importorskip("torch")

from torch import nn, optim  # noqa: E402

from sgdexplained.pytorch.step import WORDS, take_step  # noqa: E402
from sgdexplained.pytorch.twin import SEPARATE, stepped  # noqa: E402


class Decay(optim.Optimizer):
    """Moves parameters that have no gradient."""

    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for one in group["params"]:
                one.mul_(1 - group["lr"])
                if one.grad is not None:
                    one.grad.mul_(2)  # in its place, as some do
                    one.sub_(group["lr"] * one.grad)


class Coupled(optim.Optimizer):
    """Scales every step by the norm of all gradients, and remembers it in an attribute."""

    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})
        self.seen = []
        self.lock = (one for one in ())  # cannot be copied

    @torch.no_grad()
    def step(self, closure=None):  # noqa: ARG002
        everything = [one for group in self.param_groups for one in group["params"]]
        norm = sum(one.grad.norm() for one in everything if one.grad is not None)
        self.seen.append(norm)
        self.state["all"]["norm"] = norm
        for one in everything:
            if one.grad is not None:
                one.sub_(one.grad / (norm + len(self.seen)))


class Raises(optim.SGD):
    def step(self, closure=None):  # noqa: ARG002
        raise OverflowError("too much")


# What each does to an entry whose gradient is 0, after steps in which it had one.
OPTIMIZERS = [
    ("SGD", optim.SGD, {}, ""),
    ("SGD with momentum", optim.SGD, {"momentum": 0.9}, "memory"),
    ("SGD with Nesterov", optim.SGD, {"momentum": 0.9, "nesterov": True}, "memory"),
    ("SGD with decay", optim.SGD, {"weight_decay": 0.1}, "decay"),
    ("SGD with both", optim.SGD, {"momentum": 0.9, "weight_decay": 0.1}, "memory+decay"),
    ("SGD uphill", optim.SGD, {"maximize": True}, ""),
    ("SGD foreach", optim.SGD, {"foreach": True, "momentum": 0.9}, "memory"),
    ("SGD fused", optim.SGD, {"fused": True, "momentum": 0.9}, "memory"),
    ("Adam", optim.Adam, {"lr": 0.01}, "memory"),
    ("Adam with decay", optim.Adam, {"lr": 0.01, "weight_decay": 0.1}, "memory+decay"),
    ("Adam amsgrad", optim.Adam, {"lr": 0.01, "amsgrad": True}, "memory"),
    ("Adam foreach", optim.Adam, {"lr": 0.01, "foreach": True}, "memory"),
    ("Adam fused", optim.Adam, {"lr": 0.01, "fused": True}, "memory"),
    ("Adam with a tensor", optim.Adam, {"lr": torch.tensor(0.01)}, "memory"),
    ("AdamW", optim.AdamW, {"lr": 0.01}, "memory+decay"),
    ("Adamax", optim.Adamax, {}, "memory"),
    ("NAdam", optim.NAdam, {}, "memory"),
    ("RAdam", optim.RAdam, {}, "memory"),
    ("Adafactor", optim.Adafactor, {"weight_decay": 0.1}, "decay"),
    ("Adagrad", optim.Adagrad, {"initial_accumulator_value": 0.1}, ""),
    ("Adagrad with decay", optim.Adagrad, {"weight_decay": 0.1}, "memory+decay"),
    ("Adadelta", optim.Adadelta, {}, ""),
    ("ASGD", optim.ASGD, {"lambd": 0.1}, "memory+decay"),
    ("RMSprop", optim.RMSprop, {}, ""),
    ("RMSprop with momentum", optim.RMSprop, {"momentum": 0.9}, "memory"),
    ("RMSprop centered", optim.RMSprop, {"centered": True}, ""),
    ("Rprop", optim.Rprop, {}, ""),
    ("SparseAdam", optim.SparseAdam, {}, ""),
    ("Muon", optim.Muon, {}, "memory+decay"),
    ("of the reader's", Coupled, {}, ""),
    ("of the reader's, decays", Decay, {}, "decay"),
]
CASES = pytest.mark.parametrize(
    ("kind", "options", "word"),
    [case[1:] for case in OPTIMIZERS],
    ids=[case[0] for case in OPTIMIZERS],
)


def test_all_optimizers_of_torch_are_here():
    public = {
        one
        for one in vars(optim).values()
        if inspect.isclass(one) and issubclass(one, optim.Optimizer) and one is not optim.Optimizer
    }
    tried = {kind for _, kind, _, _ in OPTIMIZERS}

    assert public - tried == {optim.LBFGS}  # it needs a closure: tests below
    assert public - set(SEPARATE) == {optim.LBFGS}


def prepared(kind, options, dtype=torch.float32, steps=2):
    """Return an optimizer after some steps, its parameters, and gradients that are 0 in a row."""
    torch.manual_seed(0)
    parameters = {
        "first": nn.Parameter(torch.randn(3, 4, dtype=dtype)),
        "second": nn.Parameter(torch.randn(2, 3, dtype=dtype)),
        "without": nn.Parameter(torch.randn(2, 2, dtype=dtype)),
    }
    groups = [
        {"params": [parameters["first"]]},
        {"params": [parameters["second"], parameters["without"]]},
    ]
    optimizer = kind(groups, **options)
    gradients = {}
    for number in range(steps + 1):
        for name in ("first", "second"):
            gradient = torch.randn_like(parameters[name])
            if number == steps:
                gradient[0] = 0
            if kind is optim.SparseAdam:
                gradient = gradient.to_sparse(1)
            gradients[name] = parameters[name].grad = gradient
        gradients["without"] = None
        if number < steps:
            optimizer.step()
    for one in parameters.values():
        one.grad = None
    return optimizer, parameters, gradients


def really(optimizer, parameters, gradients):
    """Return the moves of a real step."""
    before = {name: one.detach().clone() for name, one in parameters.items()}
    for name, one in parameters.items():
        one.grad = None if gradients[name] is None else gradients[name].clone()
    optimizer.step()
    return {name: one.detach() - before[name] for name, one in parameters.items()}


@CASES
def test_the_moves_are_those_of_a_real_step(kind, options, word):  # noqa: ARG001
    optimizer, parameters, gradients = prepared(kind, options)
    given = copy.deepcopy(gradients)
    state = str(optimizer.state_dict())
    own = {key: str(value) for key, value in vars(optimizer).items() if key != "state"}
    values = {name: one.detach().clone() for name, one in parameters.items()}
    step = take_step(optimizer, parameters, gradients)

    assert str(optimizer.state_dict()) == state
    assert {key: str(value) for key, value in vars(optimizer).items() if key != "state"} == own
    for name, one in parameters.items():
        assert torch.equal(one, values[name])
        assert one.grad is None
        assert (gradients[name] is None) == (given[name] is None)
        if gradients[name] is not None:
            assert torch.equal(gradients[name].to_dense(), given[name].to_dense())
    for name, move in really(optimizer, parameters, gradients).items():
        mine = step[name]
        assert torch.equal(mine.move if mine.move is not None else torch.zeros_like(move), move)
        if mine.moved is not None:
            assert torch.equal(mine.moved, move != 0)


@CASES
def test_the_parts_add_up_and_the_words_fit_them(kind, options, word):
    optimizer, parameters, gradients = prepared(kind, options)
    step = take_step(optimizer, parameters, gradients)
    for name, mine in step.of.items():
        parts = mine.parts()
        assert parts.keys() == {"gradient", "memory", "decay"}
        move = torch.zeros(mine.reason.shape) if mine.move is None else mine.move
        total = parts["gradient"] + parts["memory"] + parts["decay"]
        assert torch.allclose(total, move, rtol=1e-6, atol=1e-7)
        if gradients[name] is None:
            continue
        gradient = gradients[name].to_dense()
        # Rprop leaves a weight where it is when its gradient has changed its sign.
        expected = {"gradient", "held"} if kind is optim.Rprop else {"gradient"}
        assert {WORDS[code] for code in mine.reason[gradient != 0]} == expected
        assert {WORDS[code] for code in mine.reason[gradient == 0]} == {word}
        assert not mine.whole
        still = {place for place, part in parts.items() if bool((part[gradient == 0] != 0).any())}
        # Muon makes the step of an entry from the gradients of all entries of its matrix.
        others = {"gradient"} if kind is optim.Muon else set()
        assert still == set(word.split("+")) - {""} | others


def test_a_parameter_without_a_gradient_moves_by_the_rule_of_its_optimizer_alone():
    for name, kind, options, _ in OPTIMIZERS:
        optimizer, parameters, gradients = prepared(kind, options)
        mine = take_step(optimizer, parameters, gradients)["without"]
        expected = "own rule" if kind is Decay else ""

        assert {WORDS[code] for code in mine.reason.flatten()} == {expected}, name
        assert (mine.move is not None) == (kind is Decay)


@pytest.mark.parametrize("kind", [optim.SGD, optim.AdamW, optim.Muon, optim.Rprop])
def test_portions_change_nothing(kind, monkeypatch):
    from sgdexplained.pytorch import step as room

    found = []
    for size in (1, 1 << 18):
        monkeypatch.setattr(room, "AT_A_TIME", size)
        optimizer, parameters, gradients = prepared(kind, {})
        found.append(take_step(optimizer, parameters, gradients))

    assert len(list(room._portions(optimizer, parameters, gradients))) == 1
    monkeypatch.setattr(room, "AT_A_TIME", 1)
    assert len(list(room._portions(optimizer, parameters, gradients))) > 1
    for name in parameters:
        one, other = found[0][name], found[1][name]
        assert torch.equal(one.reason, other.reason)
        assert one.move is other.move is None or torch.equal(one.move, other.move)


@pytest.mark.parametrize("kind", [optim.SGD, optim.AdamW, optim.Rprop, optim.Adagrad])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_slices_of_a_large_parameter_change_nothing(kind, dtype, monkeypatch):
    from sgdexplained.pytorch import step as room

    torch.manual_seed(0)
    weight = nn.Parameter(torch.randn(40, 16).to(dtype))
    # Some have no gradient, and of some the step is too small to be seen.
    gradient = torch.randn(40, 16) * 10.0 ** torch.randint(-6, 2, (40, 16))
    gradient = (gradient * (torch.rand(40, 16) > 0.3)).to(dtype)
    optimizer = kind([weight], lr=1e-3)
    weight.grad = torch.randn(40, 16).to(dtype)
    optimizer.step()
    found = []
    for size in (64, 1 << 18):
        monkeypatch.setattr(room, "AT_A_TIME", size)
        found.append(take_step(optimizer, {"w": weight}, {"w": gradient})["w"])
    one, other = found
    assert one.reason.equal(other.reason)
    assert one.move.equal(other.move)
    assert all(torch.equal(one.part(key), other.part(key)) for key in room.PARTS)
    # SGD's own step is known, the others find out by trying; AdamW's and Rprop's are not so small.
    words = {WORDS[code] for code in one.reason.unique()}
    assert "gradient" in words
    assert ("swallowed" in words) == (dtype == torch.bfloat16 or kind in {optim.SGD, optim.Adagrad})
    for place in (one.reason == room.CODE["swallowed"]).nonzero().tolist()[:9]:
        numbers = one.numbers(tuple(place), weight[tuple(place)].item())
        assert numbers["exact"] == pytest.approx(other.numbers(tuple(place), 1.0)["exact"])
        assert 0 < abs(numbers["exact"]) < numbers["spacing"]


# ## Why an entry with a gradient stays


def one_weight(value, gradient, dtype=torch.float32, kind=optim.SGD, **options):
    weight = nn.Parameter(torch.tensor(value, dtype=dtype))
    optimizer = kind([weight], **options)
    gradient = torch.tensor(gradient, dtype=dtype)
    return take_step(optimizer, {"w": weight}, {"w": gradient})["w"]


@pytest.mark.parametrize(
    ("dtype", "step", "spacing"),
    [
        (torch.bfloat16, -1e-4, 2.0**-8),
        (torch.float16, -1e-4, 2.0**-11),
        (torch.float32, -1e-8, 2.0**-24),
        (torch.float64, -1e-17, 2.0**-53),
    ],
)
def test_a_step_too_small_for_its_numbers_is_swallowed(dtype, step, spacing):
    mine = one_weight([1.0, 0.0], [1.0, 1.0], dtype, lr=-step)

    assert [WORDS[code] for code in mine.reason] == ["swallowed", "gradient"]
    numbers = mine.numbers((0,), 1.0)
    assert numbers["exact"] == pytest.approx(step)
    assert numbers["spacing"] == spacing  # below 1 numbers lie half as far apart as above
    assert numbers["move"] == 0
    name = str(dtype).removeprefix("torch.")
    assert mine.sentence((0,), 1.0).startswith(f"Stays: its step of {step:.4g} is swallowed")
    assert f"because {name} numbers next to 1 lie" in mine.sentence((0,), 1.0)
    assert not mine.sentence((1,), 0.0)


def test_upwards_numbers_lie_further_apart_at_a_power_of_two():
    mine = one_weight([1.0], [-1.0], torch.bfloat16, lr=1e-4)

    assert mine.numbers((0,), 1.0)["spacing"] == 2.0**-7


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.AdamW])
def test_a_learning_rate_of_0_is_named_for_the_whole(kind):
    mine = one_weight([1.0, 2.0], [3.0, 0.0], kind=kind, lr=0.0)

    assert mine.whole == "lr 0"
    assert [WORDS[code] for code in mine.reason] == ["lr 0", ""]
    assert mine.sentence((0,), 1.0) == "Stays: the learning rate is 0; its gradient is 3."


def test_a_gradient_that_decay_takes_back_is_held():
    for dtype in (torch.float32, torch.float64):
        mine = one_weight([1.0], [-0.5], dtype, lr=0.5, weight_decay=0.5)

        assert WORDS[mine.reason[0]] == "held"
        assert mine.sentence((0,), 1.0) == "Stays: SGD does not move it; its gradient is -0.5."


def test_decay_that_a_weight_of_0_does_not_feel():
    mine = one_weight([0.0, 1.0], [0.0, 0.0], lr=0.1, weight_decay=0.5)

    assert [WORDS[code] for code in mine.reason] == ["", "decay"]
    assert mine.sentence((1,), 1.0, "unit 2 is shut") == (
        "Moves although its gradient is 0 (unit 2 is shut): -0.05 decay."
    )


def test_memory_against_the_gradient_moves_uphill():
    weight = nn.Parameter(torch.zeros(2))
    optimizer = optim.SGD([weight], lr=0.1, momentum=0.9)
    weight.grad = torch.tensor([1.0, 1.0])
    optimizer.step()
    mine = take_step(optimizer, {"w": weight}, {"w": torch.tensor([-0.5, 0.5])})["w"]

    assert mine.uphill().tolist() == [True, False]
    assert mine.remark((0,)) == "It moves up its gradient, because memory outweighs it."
    assert not mine.remark((1,))
    assert "the optimizer's rule" in one_weight([1.0], [1.0], lr=0.1, maximize=True).remark((0,))
    assert {WORDS[code] for code in mine.reason} == {"gradient"}


def test_not_listed_and_strangers():
    model, other = nn.Linear(2, 1), nn.Linear(2, 1)
    optimizer = optim.SGD([model.bias, *other.parameters()], lr=0.1)
    gradients = {"weight": torch.tensor([[1.0, 0.0]]), "bias": torch.tensor([1.0])}
    step = take_step(optimizer, dict(model.named_parameters()), gradients)

    assert step["weight"].whole == "not listed"
    assert not step["weight"].listed
    assert step["weight"].parts() is None
    assert [WORDS[code] for code in step["weight"].reason[0]] == ["not listed"] * 2
    assert step["weight"].sentence((0, 0), 1.0) == (
        "Stays: it is not among the optimizer's parameters; its gradient is 1."
    )
    assert step["bias"].listed
    assert step.notes == ["the optimizer has 2 tensors that are no parameters of the model"]


def test_an_optimizer_of_another_model():
    model, other = nn.Linear(2, 1), nn.Linear(2, 1)
    optimizer = optim.SGD(other.parameters(), lr=0.1)
    step = take_step(optimizer, dict(model.named_parameters()), {"weight": None, "bias": None})

    assert "the optimizer has no parameter of this model" in step.notes


def test_an_entry_can_move_because_of_the_gradients_of_others():
    optimizer, parameters, gradients = prepared(optim.Muon, {"weight_decay": 0, "momentum": 0})
    gradients["first"] = torch.ones(3, 4)
    gradients["first"][0, 0] = 0
    mine = take_step(optimizer, parameters, gradients)["first"]

    assert WORDS[mine.reason[0, 0]] == "own rule"
    assert mine.sentence((0, 0), 1.0).endswith("by the rule of Muon.")


def test_a_gradient_that_is_not_finite():
    mine = one_weight([1.0, 1.0, float("nan")], [float("nan"), float("inf"), 0.0], lr=0.1)

    assert [WORDS[code] for code in mine.reason] == ["gradient", "gradient", ""]


def test_complex_and_0_dimensional_parameters():
    mine = one_weight(2.0, 1.0, lr=0.1)
    assert WORDS[mine.reason] == "gradient"
    mine = one_weight([1 + 1j], [1j], torch.complex64, lr=0.1)
    assert WORDS[mine.reason[0]] == "gradient"


# ## Closures


def quadratic():
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    x = torch.randn(5, 3)
    x[:, 1] = 0

    def evaluate(optimizer):
        def inner():
            optimizer.zero_grad()
            loss = model(x).square().sum()
            loss.backward()
            return loss

        return inner

    return model, evaluate


@pytest.mark.parametrize("line_search", [None, "strong_wolfe"])
def test_lbfgs(line_search):
    model, evaluate = quadratic()
    optimizer = optim.LBFGS(model.parameters(), lr=0.1, line_search_fn=line_search)
    evaluate = evaluate(optimizer)
    optimizer.step(evaluate)
    optimizer.zero_grad()
    parameters = dict(model.named_parameters())
    values = {name: one.detach().clone() for name, one in parameters.items()}
    state = str(optimizer.state_dict())
    gradients = {"weight": torch.ones(2, 3), "bias": torch.ones(2)}
    step = take_step(optimizer, parameters, gradients, evaluate)

    assert str(optimizer.state_dict()) == state
    for name, one in parameters.items():
        assert torch.equal(one, values[name])
        assert one.grad is None
    optimizer.step(evaluate)
    for name, one in parameters.items():
        assert torch.equal(step[name].move, one.detach() - values[name])
        assert step[name].parts() is None
    assert {WORDS[code] for code in step["weight"].reason[:, 0]} == {"gradient"}
    assert step["weight"].moved[:, 1].any() == False  # noqa: E712
    assert "a step of LBFGS computes the loss" in step.notes[0]


def test_lbfgs_without_a_closure_says_what_to_hand_in():
    model, _ = quadratic()
    optimizer = optim.LBFGS(model.parameters())
    with pytest.raises(TypeError, match=r"LBFGS needs a closure .*step\(closure\)"):
        take_step(optimizer, dict(model.named_parameters()), {"weight": None, "bias": None})


def test_an_optimizer_that_fails_is_named():
    with pytest.raises(RuntimeError, match="a step of Raises fails, tried on copies: too much"):
        one_weight([1.0], [1.0], kind=Raises)
    weight = nn.Parameter(torch.ones(2, 2))
    gradient = torch.eye(2).to_sparse()
    with pytest.raises(RuntimeError, match="a step of Adam fails.*does not support sparse"):
        take_step(optim.Adam([weight]), {"w": weight}, {"w": gradient})


def test_hooks_of_the_optimizer_and_schedulers_are_not_called():
    calls = []
    weight = nn.Parameter(torch.ones(1))
    optimizer = optim.SGD([weight], lr=0.1)
    scheduler = optim.lr_scheduler.StepLR(optimizer, 1)
    optimizer.register_step_pre_hook(lambda *_: calls.append("hook"))
    before = str(scheduler.state_dict()), getattr(optimizer, "_opt_called", None)
    step = take_step(optimizer, {"w": weight}, {"w": torch.ones(1)})

    assert not calls
    assert before == (str(scheduler.state_dict()), getattr(optimizer, "_opt_called", None))
    assert step.notes == ["the optimizer has 1 step hook of its own, not called here"]
    assert step["w"].move.tolist() == [pytest.approx(-0.1)]


def test_double_starts_from_the_values_that_are_handed_in():
    weight = nn.Parameter(torch.ones(1))
    optimizer = optim.SGD([weight], lr=0.5)
    (after,) = stepped(optimizer, [weight], [torch.ones(1)], double=True, values=[torch.zeros(1)])

    assert after.dtype == torch.float64
    assert after.tolist() == [-0.5]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("lr", [1.0, torch.tensor(1.0)])
def test_decay_of_adamw_is_that_of_a_step_without_gradient_and_memory(dtype, lr):
    optimizer, parameters, gradients = prepared(optim.AdamW, {"lr": lr}, dtype)
    step = take_step(optimizer, parameters, gradients)
    for name in ("first", "second"):
        one = parameters[name]
        (after,) = stepped(optimizer, [one], [torch.zeros_like(one)], state=False)
        decayed = step[name].decayed
        number = torch.float32 if dtype == torch.bfloat16 else dtype
        move = after.to(number) - one.detach().to(number)
        assert torch.equal(torch.zeros_like(move) if decayed is None else decayed, move)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@CASES
def test_on_a_gpu(kind, options, word):  # noqa: ARG001
    optimizer, parameters, gradients = prepared(kind, options)
    cpu = take_step(optimizer, parameters, gradients)
    torch.set_default_device("cuda")
    try:
        optimizer, parameters, gradients = prepared(kind, options)
        step = take_step(optimizer, parameters, gradients)
        moves = really(optimizer, parameters, gradients)
    finally:
        torch.set_default_device("cpu")
    for name, move in moves.items():
        assert step[name].reason.device.type == "cuda"
        found = step[name].move
        assert torch.equal(found if found is not None else torch.zeros_like(move), move)
        assert step[name].reason.shape == cpu[name].reason.shape


@pytest.mark.parametrize("steps", [0, 2])
@pytest.mark.parametrize(
    "kind",
    [
        *(optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad, optim.Adafactor),
        *(optim.NAdam, optim.RAdam, optim.Adamax, optim.ASGD, optim.Adadelta),
    ],
)
def test_a_number_alone_is_swallowed_as_in_a_vector(kind, steps):
    """What is remembered of it is no count, though it has no dimension either."""
    one = {"alone": nn.Parameter(torch.tensor(1.0)), "vector": nn.Parameter(torch.ones(1))}
    one = {name: nn.Parameter(number.detach().bfloat16()) for name, number in one.items()}
    optimizer = kind(one.values(), lr=1e-5)
    gradients = {name: torch.ones_like(number) for name, number in one.items()}
    for _ in range(steps):
        for name, number in one.items():
            number.grad = gradients[name].clone()
        optimizer.step()
    step = take_step(optimizer, one, gradients)
    assert WORDS[step["vector"].reason] == WORDS[step["alone"].reason] == "swallowed"
    exact = step["alone"].numbers((), 1.0)["exact"]
    assert exact == pytest.approx(step["vector"].numbers((0,), 1.0)["exact"])
    assert exact != 0


@pytest.mark.parametrize("size", [1, 1 << 14])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_what_sgd_only_adds_is_told_as_by_a_step_of_its_own(dtype, size, monkeypatch):
    from sgdexplained.pytorch import step as room

    weight = nn.Parameter(torch.randn(30, 7).to(dtype))
    gradient = (torch.randn(30, 7) * 10.0 ** torch.randint(-9, 2, (30, 7))).to(dtype)
    gradient[3] = 0
    optimizer = optim.SGD([weight], lr=1e-3)
    monkeypatch.setattr(room, "ADDED_AT_A_TIME", size)
    added = take_step(optimizer, {"w": weight}, {"w": gradient})["w"]
    monkeypatch.setattr(room, "_added", lambda *_: False)
    tried = take_step(optimizer, {"w": weight}, {"w": gradient})["w"]
    assert added.reason.equal(tried.reason)
    assert added.move.equal(tried.move)
    assert (added.reason == room.CODE["swallowed"]).any() == (dtype != torch.float64)
    for number in (float("inf"), float("nan")):
        gradient[1, 1] = number
        assert WORDS[take_step(optimizer, {"w": weight}, {"w": gradient})["w"].reason[1, 1]] == (
            "gradient"
        )
