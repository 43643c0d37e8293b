"""The reader's own training step: what happens before its step() is named, with its line."""

from __future__ import annotations

import copy
import re

import pytest

torch = pytest.importorskip("torch")

from torch import nn, optim  # noqa: E402

from sgdexplained.pytorch.loop import watch_step  # noqa: E402
from sgdexplained.pytorch.step import WORDS, take_step  # noqa: E402


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


X = torch.tensor([[1.0, -2.0, 0.5], [0.3, 1.0, -1.0]])


def loss_of(model):
    return (model(X) - 1).square().mean()


def line(name):
    return rf"{name} at test_step_own\.py:\d+"


def watched(model, optimizer, own, *others):
    """Watch a step, and see that it left nothing behind."""
    before = str((copy.deepcopy(model.state_dict()), optimizer.state_dict(), torch.get_rng_state()))
    gradients = [(one.grad, one.grad is None or one.grad.clone()) for one in model.parameters()]
    step = watch_step(own, model, optimizer, dict(model.named_parameters()), None, *others)
    assert str((model.state_dict(), optimizer.state_dict(), torch.get_rng_state())) == before
    for one, (gradient, contents) in zip(model.parameters(), gradients, strict=True):
        assert one.grad is gradient
        assert gradient is None or torch.equal(gradient, contents)
        assert not one._backward_hooks
        assert not one._post_accumulate_grad_hooks
    return step


def words(mine):
    return {WORDS[code] for code in mine.reason.flatten()}


def test_a_plain_step_is_what_a_step_on_copies_is(model):
    optimizer = optim.Adam(model.parameters(), lr=0.1)

    def own():
        optimizer.zero_grad()
        loss_of(model).backward()
        optimizer.step()

    for _ in range(3):
        step = watched(model, optimizer, own)
        optimizer.zero_grad()
        loss_of(model).backward()
        gradients = {name: one.grad for name, one in model.named_parameters()}
        alone = take_step(optimizer, dict(model.named_parameters()), gradients)
        for name in alone:
            assert torch.equal(step[name].move, alone[name].move)
            assert torch.equal(step[name].reason, alone[name].reason)
            assert torch.equal(step[name].gradient, gradients[name])
            assert not step[name].note
        assert not step.notes
        own()


@pytest.mark.parametrize("to_none", [True, False])
def test_cleared_before_the_step(model, to_none):
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def own():
        loss_of(model).backward()
        optimizer.zero_grad(set_to_none=to_none)
        optimizer.step()

    step = watched(model, optimizer, own)
    mine = step["0.weight"]

    assert mine.whole == "cleared"
    assert words(mine) == {"cleared"}
    assert mine.move is None
    how = "cleared" if to_none else "made 0"
    assert re.fullmatch(f"{how} by {line('Optimizer.zero_grad')}", mine.note)
    assert re.search(r"its gradient of \S+ was lost before the step: ", mine.sentence((0, 0), 1.0))


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (
            lambda m: nn.utils.clip_grad_norm_(m.parameters(), 0),
            f"made 0 by {line('clip_grad_norm_')}",
        ),
        (
            lambda m: nn.utils.clip_grad_norm_(m.parameters(), 1e-3),
            rf"scaled by \S+ by {line('clip_grad_norm_')}",
        ),
        (
            lambda m: nn.utils.clip_grad_value_(m.parameters(), 1e-2),
            f"changed by {line('clip_grad_value_')}",
        ),
        (lambda m: m[0].weight.grad.mul_(0.5), f"scaled by 0.5 by {line('mul_')}"),
        (lambda m: m[0].weight.grad.data.zero_(), f"made 0 by {line('zero_')}"),
        (lambda m: m[0].weight.grad.clamp_(0, 0), f"made 0 by {line('clamp_')}"),
        (
            lambda m: setattr(m[0].weight, "grad", None),
            rf"cleared by {line('grad = ...')}".replace("...", r"\.\.\."),
        ),
        (lambda m: m.zero_grad(), f"cleared by {line('Module.zero_grad')}"),
        (
            lambda m: torch._foreach_mul_([m[0].weight.grad], 3.0),
            f"scaled by 3 by {line('_foreach_mul_')}",
        ),
    ],
)
def test_what_changes_a_gradient_is_named_with_its_line(model, change, note):
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def own():
        optimizer.zero_grad()
        loss_of(model).backward()
        change(model)
        optimizer.step()

    mine = watched(model, optimizer, own)["0.weight"]

    assert re.fullmatch(note, mine.note), mine.note
    assert words(mine) == ({"cleared"} if note.startswith(("made", "cleared")) else {"gradient"})


def test_a_mask_is_told_by_entries(model):
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def own():
        loss_of(model).backward()
        model[0].weight.grad[0] = 0
        optimizer.step()

    mine = watched(model, optimizer, own)["0.weight"]

    assert [WORDS[code] for code in mine.reason[:, 0]] == ["cleared"] + ["gradient"] * 3
    assert mine.note.startswith("3 of 12 made 0")


def test_never_stepped(model):
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    step = watched(model, optimizer, lambda: loss_of(model).backward())

    assert step.notes == ["your step did not call optimizer.step()"]
    assert {mine.whole for mine in step.of.values()} == {"never stepped"}
    assert (
        step["2.bias"].sentence((0,), 1.0).startswith("Stays: the optimizer was not asked to step")
    )


def test_a_scaler_that_skips(model):
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu")

    def own():
        scaler.scale(loss_of(model) * 1e36).backward()
        scaler.step(optimizer)
        scaler.update()

    step = watched(model, optimizer, own)

    assert step.notes[0].startswith("GradScaler skipped optimizer.step(): gradients are not finite")
    assert "(of 0.weight and 3 more)" in step.notes[0]
    assert scaler._scale is None or float(scaler._scale) == 2.0**16


def test_a_scaler_that_does_not_skip(model):
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu")

    def own():
        scaler.scale(loss_of(model)).backward()
        scaler.step(optimizer)
        scaler.update()

    mine = watched(model, optimizer, own)["0.weight"]

    assert mine.note.startswith("scaled by 1.526e-05 by GradScaler.step at ")
    assert words(mine) == {"gradient"}


def test_another_optimizer(model):
    optimizer, theirs = optim.SGD(model.parameters(), lr=0.0), optim.Adam(model[0].parameters())
    hidden = [theirs]  # its state must go back although nobody handed it in

    def own():
        loss_of(model).backward()
        hidden[0].step()

    step = watched(model, optimizer, own)

    assert step.notes == [
        "your step calls another optimizer (Adam) and not this one",
        "your step did not call optimizer.step()",
        "the learning rate of this optimizer is 0",
    ]
    assert words(step["0.weight"]) == {"another optimizer"}
    assert words(step["2.weight"]) == {"never stepped"}
    assert not theirs.state


def test_both_optimizers_and_moves_of_nobody(model):
    first, second = (
        optim.SGD(model[0].parameters(), lr=0.1),
        optim.SGD(model[2].parameters(), lr=0.1),
    )

    def own():
        loss_of(model).backward()
        first.step()
        second.step()
        with torch.no_grad():
            model[2].bias.clamp_(5, 6)

    step = watched(model, first, own)
    assert step.notes == ["your step calls another optimizer (SGD) as well"]
    assert words(step["0.weight"]) == {"gradient"}
    assert words(step["2.weight"]) == {"another optimizer"}

    alone = optim.SGD(model[0].parameters(), lr=0.1)

    def moves_it():
        loss_of(model).backward()
        alone.step()
        model[2].bias.data.add_(1)

    assert words(watched(model, alone, moves_it)["2.bias"]) == {"changed outside"}


def test_moved_and_moved_back(model):
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def own():
        kept = model[2].bias.detach().clone()
        loss_of(model).backward()
        optimizer.step()
        model[2].bias.data.copy_(kept)

    mine = watched(model, optimizer, own)["2.bias"]
    assert words(mine) == {"changed outside"}
    assert mine.note == "moved by the optimizer, and moved back after it"
    assert mine.sentence((0,), 1.0).startswith("Stays: moved by the optimizer, and moved back")


def test_gradients_that_were_not_cleared_are_noted(model):
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    loss_of(model).backward()
    fresh = {name: one.grad.clone() for name, one in model.named_parameters()}

    def own():
        loss_of(model).backward()
        optimizer.step()

    step = watch_step(own, model, optimizer, dict(model.named_parameters()), fresh)
    assert step["0.weight"].note == "added to the gradient of an earlier backward pass: not cleared"


def test_gradients_of_earlier_passes_alone(model):
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    loss_of(model).backward()
    step = watched(model, optimizer, optimizer.step)

    assert step.notes == ["no gradient arrived in your step: no backward pass reached a parameter"]
    assert step["0.weight"].note == "its gradient is left from an earlier backward pass"


def test_several_passes_and_several_steps(model):
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def own():
        for _ in range(2):
            loss_of(model).backward()
            loss_of(model).backward()
            optimizer.step()

    step = watched(model, optimizer, own)
    assert step.notes == [
        "your step calls optimizer.step() 2 times",
        "gradients of 4 backward passes add up",
    ]
    assert words(step["0.weight"]) == {"gradient"}
    assert step["0.weight"].parts() is None


def test_a_frozen_layer_that_momentum_moves(model):
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    loss_of(model).backward()
    optimizer.step()
    model[0].requires_grad_(False)

    def own():
        optimizer.zero_grad(set_to_none=False)
        loss_of(model).backward()
        optimizer.step()

    assert words(watched(model, optimizer, own)["0.weight"]) == {"memory"}


@pytest.mark.parametrize("kind", [optim.LBFGS, optim.SGD])
def test_a_closure(model, kind):
    optimizer = kind(model.parameters(), lr=0.1)

    def own():
        def closure():
            optimizer.zero_grad()
            loss = loss_of(model)
            loss.backward()
            return loss

        optimizer.step(closure)

    step = watched(model, optimizer, own)
    assert words(step["0.weight"]) == {"gradient"}
    assert step["0.weight"].move is not None
    assert (step["0.weight"].parts() is None) == (kind is optim.LBFGS)
    loss_of(model).backward()
    assert torch.equal(step["0.weight"].gradient, model[0].weight.grad)


@pytest.mark.parametrize("error", [ValueError("theirs"), KeyboardInterrupt()])
def test_an_error_of_the_step_is_its_own_and_leaves_nothing(model, error):
    optimizer = optim.Adam(model.parameters())
    before = copy.deepcopy(model.state_dict())

    def own():
        loss_of(model).backward()
        optimizer.step()
        raise error

    with pytest.raises(type(error)) as caught:
        watch_step(own, model, optimizer, dict(model.named_parameters()))

    assert caught.value is error
    assert all(torch.equal(one, before[name]) for name, one in model.state_dict().items())
    assert not optimizer.state
    assert all(one.grad is None for one in model.parameters())
    from torch.optim.optimizer import _global_optimizer_pre_hooks

    assert not _global_optimizer_pre_hooks


GLOBAL = {}


def uses_globals():
    GLOBAL["scaler"].scale(loss_of(GLOBAL["model"])).backward()
    GLOBAL["scaler"].step(GLOBAL["optimizer"])
    GLOBAL["scaler"].update()
    GLOBAL["scheduler"].step()


def test_what_the_function_refers_to_is_put_back(model):
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    GLOBAL.update(
        model=model,
        optimizer=optimizer,
        scaler=torch.amp.GradScaler("cpu", growth_interval=1),
        scheduler=optim.lr_scheduler.StepLR(optimizer, 1),
    )
    watched(model, optimizer, uses_globals)

    assert GLOBAL["scheduler"].last_epoch == 0
    assert GLOBAL["scaler"]._scale is None
    assert optimizer.param_groups[0]["lr"] == 0.1


@pytest.mark.parametrize(
    "after",
    [
        lambda optimizer, _: optimizer.zero_grad(),
        lambda _, model: nn.utils.clip_grad_norm_(model.parameters(), 1e9),
    ],
    ids=["cleared", "clipped"],
)
def test_what_comes_after_the_step_changes_no_gradient_before_it(model, after):
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    inputs = torch.randn(5, 3)

    def own():
        model(inputs).sum().backward()
        optimizer.step()
        after(optimizer, model)

    step = watch_step(own, model, optimizer, dict(model.named_parameters()))
    assert step.notes == []
    assert not any(step[name].note for name in step)
