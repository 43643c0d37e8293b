"""Watch the reader's own training step: what happens between ``backward()`` and ``step()``."""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode

from sgdexplained.pytorch.fast import wide
from sgdexplained.pytorch.keep import kept
from sgdexplained.pytorch.step import (
    CODE,
    WORDS,
    Step,
    StepOf,
    dense,
    difference,
    left_out,
    nonzero,
    skeleton,
    some,
    take_step,
)
from sgdexplained.pytorch.twin import needs_closure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any

    from torch.optim import Optimizer

    from sgdexplained.pytorch.step import Gradients

PASSED_OVER = (str(Path(torch.__file__).parent), str(Path(__file__).parent))


def watch_step(
    own_step: Callable[[], Any],
    model: Any,
    optimizer: Optimizer,
    parameters: dict[str, Tensor],
    gradients: Gradients | None = None,
    *others: Any,
) -> Step:
    """Run the reader's own step once, put everything back, and return what it did.

    Parameters
    ----------
    own_step : callable
        Takes no arguments: the body of a training loop, with ``backward()`` and ``step()`` in it.
    model : Module
    optimizer : Optimizer
        The one that is asked about.
    parameters : dict of Tensor
    gradients : dict of (Tensor or None), optional
        Of a pass from cleared gradients, to see what the step's own are made of.
    *others : Module, Optimizer, GradScaler, scheduler, Tensor
        What else the step changes and must be put back. Optimizers are found without it, and
        what the function refers to.

    Returns
    -------
    Step
        Moves are those that happened; gradients are those that the optimizer was given.

    Examples
    --------
    >>> model = torch.nn.Linear(2, 1)
    >>> sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> def own():
    ...     model(torch.ones(1, 2)).sum().backward()
    ...     sgd.zero_grad()
    ...     sgd.step()
    >>> step = watch_step(own, model, sgd, dict(model.named_parameters()))
    >>> step["weight"].whole, step["weight"].whys["cleared"].split(" at ")[0]
    ('cleared', 'cleared by Optimizer.zero_grad')
    """
    seen = Seen(optimizer, parameters)
    with kept(model, optimizer, parameters, *others, *reached(own_step), stepping=True) as keep:
        seen.look = keep.look
        before = {name: one.detach().clone() for name, one in parameters.items()}
        stale = {name: one.grad for name, one in parameters.items() if one.grad is not None}
        stale = {name: one.detach().clone() for name, one in stale.items()}
        with seen.watching():
            own_step()
        step = seen.found()
        for name, one in parameters.items():
            really(step[name], one.detach(), before[name], seen)
    for name in parameters:
        fresh = (gradients or {}).get(name)
        between(step[name], seen, stale.get(name), fresh)
        mine = step[name]
        if fresh is not None and mine.gradient is None and name not in seen.arrived:
            # It could have one, but the reader's own step did not bring it.
            mine.reason[(mine.reason == 0) & nonzero(dense(fresh))] = CODE["no gradient"]
        elif fresh is not None and mine.gradient is not None:
            lost = (mine.reason == 0) & nonzero(dense(fresh)) & ~nonzero(dense(mine.gradient))
            if some(lost) and mine.listed:
                passes = seen.arrivals.get(name, 0)
                word = "paths cancel" if passes > 1 else "no gradient"
                mine.reason[lost] = CODE[word]
                mine.whys[word] = (
                    f"the gradients of {passes} backward passes add up to 0"
                    if passes > 1
                    else "in your step its gradient is 0, and in a pass with these inputs it is not"
                )
    step.notes += seen.notes()
    return step


def reached(function: Callable[[], Any]) -> list[Any]:
    """Return the objects that a function refers to by name: its step may change them.

    Examples
    --------
    >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))])
    >>> reached(lambda: sgd.step())[0] is sgd
    True
    """
    code = getattr(function, "__code__", None)
    found = [getattr(function, "__self__", None), getattr(function, "__defaults__", None)]
    if code is None:
        return found
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:
            continue
    room = function.__globals__
    found = [room[name] for name in code.co_names if name in room] + found
    return [one for one in found if one is not None]


# ## Watching


class Writes(TorchFunctionMode):
    """Sees who changes a gradient, and in which line of the reader's.

    Attributes
    ----------
    by : dict of str
        By the ``id`` of a parameter: the last call that changed its gradient.
    """

    def __init__(self, parameters: dict[str, Tensor]) -> None:
        super().__init__()
        self.parameters = parameters
        self.by: dict[int, str] = {}
        self.scaler = self.off = False

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Call it; note a call that sets a gradient, or that writes into one."""
        name = getattr(func, "__name__", "")
        if not self.off:
            if name == "__set__":
                if args and func == torch.Tensor.grad.__set__:  # type: ignore[attr-defined]
                    self.by[id(args[0])] = call("grad = ...")
            elif name.endswith("_") and not name.endswith("__"):
                self.scaler |= name.startswith("_amp_foreach_non_finite_check")
                self._written(name, args)
        return func(*args, **(kwargs or {}))

    def _written(self, name: str, args: tuple[Any, ...]) -> None:
        given = {one.data_ptr() for one in _tensors(args[:1]) if one.layout == torch.strided}
        for one in self.parameters.values():
            gradient = one.grad
            if gradient is None or gradient.layout != torch.strided:
                continue
            if gradient.data_ptr() in given:
                self.by[id(one)] = call(name)

    def told(self) -> dict[str, str]:
        """Return the calls by the names of the parameters."""
        return {
            name: self.by[id(one)] for name, one in self.parameters.items() if id(one) in self.by
        }


def call(name: str) -> str:
    """Return which function of PyTorch the reader called, or else this one, and in which line."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 (a traceback would read files)
    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith(PASSED_OVER):
            return f"{name} at {Path(code.co_filename).name}:{frame.f_lineno}"
        if "torch" in code.co_filename and not _inner(code.co_qualname):
            name = code.co_qualname
        frame = frame.f_back
    return name


def _inner(name: str) -> bool:
    """Tell whether a function only wraps or helps another."""
    last = name.rsplit(".", 1)[-1]
    return "<locals>" in name or last.startswith("_") or name.startswith("Writes")


def _tensors(found: Any) -> Iterator[Tensor]:
    if isinstance(found, Tensor):
        yield found
    elif isinstance(found, list | tuple):
        for one in found:
            yield from _tensors(one)


@dataclass
class Seen:
    """What was seen of one step of the reader's."""

    optimizer: Optimizer
    parameters: dict[str, Tensor]
    look: Callable[[Any], None] = print
    arrived: dict[str, Tensor] = field(default_factory=dict)
    arrivals: dict[str, int] = field(default_factory=dict)
    given: Gradients = field(default_factory=dict)
    ever: dict[str, Tensor] = field(default_factory=dict)
    by: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    scaler: bool = False
    others: list[Optimizer] = field(default_factory=list)
    step: Step | None = None
    goes_on: dict[str, list[str]] = field(default_factory=dict)  # frozen, and moved: by what
    calls_of: dict[str, bool] = field(default_factory=lambda: defaultdict(bool))

    def watching(self) -> _Watching:
        """Return a context in which all this is seen."""
        return _Watching(self)

    def came(self, name: str, tensor: Tensor) -> None:
        """Keep what a backward pass has left in a parameter."""
        if tensor.grad is None:
            return
        self.arrived[name] = tensor.grad.detach().clone()
        self.arrivals[name] = self.arrivals.get(name, 0) + 1

    def asked(self, writes: Writes, who: Any, args: Any, kwargs: Any) -> Any:
        """Look at an optimizer that is about to step."""
        inner = getattr(who, "optimizer", None)
        if who is not self.optimizer and inner is not self.optimizer:
            if who not in self.others:
                self.others.append(who)
                self.look(who)
            return None
        self.calls += 1
        closure = kwargs.get("closure", args[1] if len(args) > 1 else None)
        if closure is None:
            self.snapshot(writes)
            return None

        def watched() -> Any:
            loss = closure()
            self.snapshot(writes)
            return loss

        return (args[0], watched), {key: one for key, one in kwargs.items() if key != "closure"}

    def snapshot(self, writes: Writes) -> None:
        """Look at the gradients that the optimizer is given now, and try its step on copies."""
        writes.off = True
        try:
            for name, one in self.parameters.items():
                if one.grad is not None:
                    self.ever[name] = self.ever.get(name, False) | nonzero(dense(one.grad))
            if self.step is None:
                self.by = writes.told()
                self.given = {
                    name: None if one.grad is None else one.grad.detach().clone()
                    for name, one in self.parameters.items()
                }
                if needs_closure(self.optimizer):
                    self.step = skeleton(self.optimizer, self.parameters, self.given)
                    for mine in self.step.of.values():
                        mine.told_apart = False
                else:
                    self.step = take_step(self.optimizer, self.parameters, self.given)
                self.step.notes = [note for note in self.step.notes if "not called" not in note]
        finally:
            writes.off = False

    def found(self) -> Step:
        """Return the step; one in which nothing happens if the optimizer was not asked."""
        if self.step is None:
            self.given = {
                name: None if one.grad is None else one.grad.detach().clone()
                for name, one in self.parameters.items()
            }
            self.step = skeleton(self.optimizer, self.parameters, self.given)
            for name, mine in self.step.of.items():
                if not mine.listed:
                    left_out(mine)
                    continue
                mine.whole = "never stepped"
                gradient = self.arrived.get(name, mine.gradient)
                if gradient is not None:
                    mine.reason[nonzero(dense(gradient))] = CODE["never stepped"]
        return self.step

    def notes(self) -> list[str]:
        """Return what to say of the whole step."""
        notes = []
        if self.others:
            names = " and ".join(dict.fromkeys(type(one).__name__ for one in self.others))
            also = "as well" if self.calls else "and not this one"
            notes.append(f"your step calls another optimizer ({names}) {also}")
        if not self.calls:
            notes.append(self._never())
            if all(group.get("lr") == 0 for group in self.optimizer.param_groups):
                notes.append("the learning rate of this optimizer is 0")
        elif self.calls > 1:
            notes.append(f"your step calls optimizer.step() {self.calls} times")
        if self.goes_on:
            notes.append(self._goes_on())
        notes += [f"{one} changed nothing" for one, did in self.calls_of.items() if not did]
        passes = max(self.arrivals.values(), default=0)
        if not passes:
            notes.append("no gradient arrived in your step: no backward pass reached a parameter")
        elif passes > 1:
            notes.append(f"gradients of {passes} backward passes add up")
        return notes

    def _goes_on(self) -> str:
        """Say why frozen parameters still move, and what would change it."""
        words = {word for found in self.goes_on.values() for word in found}
        parts = [part for part in ("memory", "decay") if any(part in word for word in words)]
        require, them = ("requires", "it") if len(self.goes_on) == 1 else ("require", "them")
        return (
            f"{listed_names(list(self.goes_on))} {require} no gradient now, but a gradient of 0 is "
            f"still stored, so the optimizer goes on to move {them} by "
            f"{' and '.join(parts) or 'its own rule'}. What would change it: zero_grad() without "
            f"set_to_none=False, which sets the gradient to None; or leave {them} out of the "
            "optimizer"
        )

    def _never(self) -> str:
        bad = [
            name
            for name, gradient in self.given.items()
            if gradient is not None and not bool(dense(gradient).isfinite().all())
        ]
        if not bad:
            return "your step did not call optimizer.step()"
        who = "GradScaler skipped" if self.scaler else "optimizer.step() was not called"
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        return f"{who} optimizer.step(): gradients are not finite (of {bad[0]}{more})"


def listed_names(names: list[str]) -> str:
    """Write names in a row, and only how many there are beyond the first few.

    Examples
    --------
    >>> listed_names(["a", "b"]), listed_names(["a"] * 6)
    ('a and b', 'a, a, a and 3 more')
    """
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} more"]
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


class _Watching:
    """Hooks of parameters and of all optimizers, for the time of a step."""

    def __init__(self, seen: Seen) -> None:
        self.seen, self.writes = seen, Writes(seen.parameters)

    def __enter__(self) -> None:
        self.handles: list[Any] = []
        for name, one in self.seen.parameters.items():
            if one.is_leaf and one.requires_grad:
                self.handles.append(one.register_post_accumulate_grad_hook(self._arrival(name)))
        self.handles.append(
            register_optimizer_step_pre_hook(
                lambda who, args, kwargs: self.seen.asked(self.writes, who, args, kwargs)
            )
        )
        self.writes.__enter__()

    def __exit__(self, *error: object) -> None:
        self.writes.__exit__(*error)
        self.seen.scaler = self.writes.scaler
        if self.seen.step is None:  # what comes after the step is not between it and the pass
            self.seen.by = self.writes.told()
        for handle in self.handles:
            handle.remove()

    def _arrival(self, name: str) -> Callable[[Tensor], None]:
        def arrival(tensor: Tensor) -> None:
            self.writes.by.pop(id(tensor), None)  # what was done before does not count
            self.seen.came(name, tensor)

        return arrival


# ## What was found


def really(mine: StepOf, after: Tensor, before: Tensor, seen: Seen) -> None:
    """Take the move that happened in place of the one that was tried."""
    move, where = difference(after, before)
    none = torch.zeros_like(mine.reason, dtype=torch.bool)
    tried = none if mine.moved is None else mine.moved
    happened = none if where is None else where
    mine.put(move=move)
    coupled = needs_closure(seen.optimizer) and mine.listed and seen.calls
    if coupled:
        ever = seen.ever.get(mine.name, none)
        mine.reason[happened & ever] = CODE["gradient"]
        mine.reason[happened & ~ever] = CODE["memory"]
        if mine.gradient is not None:
            mine.reason[~happened & nonzero(dense(mine.gradient))] = CODE["held"]
        return
    surplus = happened & ~tried
    if some(surplus) or seen.calls > 1:
        mine.told_apart = False
    if seen.calls > 1 and mine.listed:
        # Later steps may move what the first left alone; they had gradients of their own.
        ever = seen.ever.get(mine.name, none)
        mine.reason[surplus] = CODE["memory"]
        mine.reason[surplus & ever] = CODE["gradient"]
        return
    if some(surplus):
        theirs = any(mine.name in _names(seen, other) for other in seen.others)
        if theirs and not mine.listed:
            # The other optimizer has it: what that leaves alone has a gradient of 0.
            still = none if mine.gradient is None else nonzero(dense(mine.gradient))
            mine.reason[~happened & ~still] = 0
        mine.reason[surplus] = CODE["another optimizer" if theirs else "changed outside"]
        mine.whole = ""
    undone = tried & ~happened
    if some(undone):
        mine.reason[undone] = CODE["changed outside"]
        mine.whys["changed outside"] = "moved by the optimizer, and moved back after it"


def _names(seen: Seen, other: Optimizer) -> set[str]:
    theirs = {id(one) for group in other.param_groups for one in group["params"]}
    return {name for name, one in seen.parameters.items() if id(one) in theirs}


def between(mine: StepOf, seen: Seen, stale: Tensor | None, fresh: Tensor | None) -> None:
    """Compare the gradient that arrived with the one that the optimizer was given."""
    arrived, given = seen.arrived.get(mine.name), mine.gradient
    by = f" by {seen.by[mine.name]}" if mine.name in seen.by else ""
    if arrived is None:
        frozen = "" if mine.asked else "requires_grad is False now, and "
        if given is not None and some(nonzero(dense(given))):
            mine.beside.append(f"{frozen}its gradient is left from an earlier backward pass")
        elif given is not None and frozen and mine.move is not None:
            stored = f"{frozen}a gradient of 0 is still stored"
            mine.whys |= dict.fromkeys(_moving(mine), stored)
            seen.goes_on[mine.name] = _moving(mine)
    else:
        mine.arrived = arrived
        both = () if stale is None or fresh is None else (dense(stale), dense(fresh))
        if both and bool((both[0] != 0).any()) and _same(arrived, both[0] + both[1]):
            mine.beside.append("added to the gradient of an earlier backward pass: not cleared")
        came = nonzero(dense(arrived))
        kept_on = torch.zeros_like(came) if given is None else nonzero(dense(given))
        lost = came & ~kept_on
        if some(lost):
            stays = lost if mine.moved is None else lost & ~mine.moved
            if mine.listed and seen.calls:
                mine.reason[stays & (mine.reason == 0)] = CODE["cleared"]
                if not some(kept_on) and mine.move is None:
                    mine.whole = "cleared"
            how = "cleared" if given is None else "made 0"
            part = "" if not some(kept_on) else f"{int(lost.sum())} of {lost.numel()} "
            mine.whys["cleared"] = f"{part}{how}{by}"
        elif given is not None:
            changed = _changed(dense(arrived), dense(given), by)
            mine.beside += changed
            if by:
                seen.calls_of[seen.by[mine.name]] |= bool(changed)


def _moving(mine: StepOf) -> list[str]:
    """Return the words of the entries that move."""
    found = mine.reason[mine.moved] if mine.moved is not None else mine.reason[:0]
    return [WORDS[code] for code in found.unique().tolist()]


def _changed(arrived: Tensor, given: Tensor, by: str) -> list[str]:
    """Say how one gradient became another: by a factor, or else."""
    if torch.equal(arrived, given) or not bool(arrived.isfinite().all()):
        return [] if torch.equal(arrived, given) else [f"was not finite, changed{by}"] * bool(by)
    size = wide(arrived).norm()
    if not size:
        return [f"changed{by}"]
    factor = float((wide(arrived) * wide(given)).sum() / size**2)
    if _same(wide(given), factor * wide(arrived), torch.finfo(given.dtype).eps):
        return [f"scaled by {factor:.4g}{by}"]
    return [f"changed{by}"]


def _same(one: Tensor, other: Tensor, eps: float = 1e-6) -> bool:
    one, other = dense(one), dense(other)
    return torch.allclose(one, other, rtol=8 * eps, atol=8 * eps * float(other.abs().max()))
