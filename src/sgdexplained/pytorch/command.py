"""Follow a training script that runs, and explain one of its optimizer steps.

Nothing of the script is changed. Hooks of all optimizers tell when a step comes, a recorder sees
the calls of the forward pass, and the backward pass is asked to leave its graph until it was read.
"""

from __future__ import annotations

import sys
import warnings
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.optim import Optimizer
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.overrides import _get_current_function_mode_stack

from sgdexplained.pytorch.causes import CODE
from sgdexplained.pytorch.loop import Seen, Writes, between, really
from sgdexplained.pytorch.model import Pass, explain_no_pass, explanation
from sgdexplained.pytorch.names import examples_in
from sgdexplained.pytorch.record import Recorder, reader_frame, tensors
from sgdexplained.pytorch.scope import alive, scope
from sgdexplained.pytorch.step import dense, nonzero, some
from sgdexplained.pytorch.watch import nodes_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from sgdexplained.pytorch.watch import Watch


NO_WARNING = r"Using `torch\.compile\(module\)` when there are global hooks"


class _Recorder(Recorder):
    """Leaves fused calls as they are, so that the script's numbers stay the same."""

    def __init__(self) -> None:
        super().__init__()
        self.composes = self.off = False
        self.checks = True
        self.modules: dict[int, str] = {}  # by their `id`; known only when the step comes
        self.own: set[int] = set()  # the ids of parameters of the models; known only then, too
        self.before: set[int] = set()  # what was used before the first model was called
        self.begun = False

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Record the call, unless an optimizer makes it."""
        if self.off:
            return func(*args, **(kwargs or {}))
        return super().__torch_function__(func, types, args, kwargs)

    def enter(self, module: nn.Module) -> None:
        """Note that a module is called; the outermost is called by code of the reader's."""
        if not self.within:
            self.start = reader_frame(2)
        if not self.begun and next(module.parameters(), None) is not None:
            # What gave the parameters their first values is no use of them.
            self.begun, self.before, self.used = True, self.used, set()
        self.within.append(_Part(module, self))

    def leave(self, module: nn.Module) -> None:
        """Note that it is over."""
        while self.within and self.within.pop().number != id(module):
            pass
        if not self.within:
            self.start = None

    def turn(self) -> tuple[Any, set[int]]:
        """Hand out what was seen of calls that used tensors, and see anew."""
        seen = self.edges, self.used
        self.edges, self.used = defaultdict(list), set()
        return seen

    def join(self, edges: Any, used: set[int]) -> None:
        """Take up again what was handed out."""
        for number, ways in edges.items():
            self.edges[number] = ways + self.edges[number]
        self.used |= used

    def was_used(self, tensor: Tensor) -> bool:
        """Return whether any call was given the tensor; of a model's, since that was called."""
        early = id(tensor) not in self.own and self.numbers.get(tensor) in self.before
        return early or self.lately_used(tensor)

    def lately_used(self, tensor: Tensor) -> bool:
        """Return whether any call was given the tensor since the first model was called."""
        return super().was_used(tensor)


class _Part:
    """A module that was called. It gets its name later, when it is known what belongs together."""

    def __init__(self, module: nn.Module, recorder: _Recorder) -> None:
        self.number, self.kind, self.recorder = id(module), type(module).__name__, recorder

    def __str__(self) -> str:
        name = self.recorder.modules.get(self.number)
        return f"{name} ({self.kind})" if name else self.kind

    def __bool__(self) -> bool:
        return self.number in self.recorder.modules

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Part) and self.number == other.number

    def __hash__(self) -> int:
        return hash(self.number)


@dataclass
class Window:
    """What was seen between two steps."""

    watches: list[Watch]
    arrived: dict[int, Tensor]
    arrivals: dict[int, int]
    stale: set[int]
    before_call: dict[int, tuple[Tensor, Tensor]]
    by: dict[int, str]
    edges: Any
    used: set[int]


class Following:
    """Counts the steps of all optimizers, and explains the one that is wanted.

    Parameters
    ----------
    wanted : int
        Which call of ``optimizer.step()``, from 1.
    """

    def __init__(self, wanted: int) -> None:
        self.wanted, self.steps = wanted, 0
        self.roots: list[nn.Module] = []
        self.inner: set[int] = set()  # the ids of modules inside those
        self.lately: set[int] = set()  # the ids of roots called since the step before
        self.watches: list[Watch] = []  # of the passes that reached different tensors
        self.older: Window | None = None
        self.last: Optimizer | None = None  # that stepped before
        self.watched: list[Any] = []  # nodes of graphs that were to be freed
        self.passes = 0
        self.over = self.inside = False
        self.said = ""
        self.stuck = ""  # why backward() raised an error
        self.arrived: dict[int, Tensor] = {}
        self.arrivals: dict[int, int] = {}
        self.handles: list[Any] = []
        self.followed: set[int] = set()
        self.stance: Any = None
        self.stale: set[int] = set()  # the ids of parameters that had a gradient before the pass

    def begin(self) -> None:
        """Set the hooks; record from now on if the first step is wanted."""
        # Our hooks are gone before anything is compiled, so there is nothing to warn of.
        warnings.filterwarnings("ignore", NO_WARNING, UserWarning)
        # What is compiled sees neither hooks nor modes, so until then it runs as it is written.
        self.stance = torch.compiler.set_stance("force_eager")
        self.backward = torch.autograd.backward
        torch.autograd.backward = self._backward  # type: ignore[assignment]
        self.handles = [
            register_module_forward_pre_hook(self._called),
            register_optimizer_step_pre_hook(self._before),
            register_optimizer_step_post_hook(self._after),
        ]
        self.modes: list[Any] = []
        if self.wanted <= 2:
            self._record()

    def end(self) -> str:
        """Take everything away; return the explanation, or what is to be said instead of it."""
        self._stop()
        if self.said:
            return ""
        if self.stuck:
            return self.stuck
        if self.steps:
            times = "once" if self.steps == 1 else f"{self.steps} times"
            return (
                f"the script called optimizer.step() {times}, so step {self.wanted} was not "
                "explained"
            )
        return f"the script never called optimizer.step(){self._stuck()}"

    # ## What the script does

    def _record(self) -> None:
        self.recorder = _Recorder()
        self.writes = Writes({})
        self.modes = [self.recorder, self.writes]
        for mode in self.modes:
            mode.__enter__()
        self.given: set[int] = set()
        self.outputs: list[Any] = []  # nodes that the outermost modules have made
        self.examples: int | None = None
        self.before_call: dict[int, tuple[Tensor, Tensor]] = {}
        self.handles.append(register_module_forward_hook(self._returned, always_call=True))

    def _stop(self) -> None:
        if self.stance is not None:
            self.stance.__exit__(None, None, None)
            self.stance = None
        self.over = True
        ours = [one for one in warnings.filters if getattr(one[1], "pattern", "") == NO_WARNING]
        for one in ours:
            warnings.filters.remove(one)  # type: ignore[attr-defined]
        if torch.autograd.backward == self._backward:
            torch.autograd.backward = self.backward  # type: ignore[assignment]
        for handle in self.handles:
            handle.remove()
        self.handles = []
        self._leave()
        self.watches, self.watched, self.arrived, self.older = [], [], {}, None

    # An optimizer is asked about what came since its own step before. Which one will step is not
    # known, so what came before the step of another one is laid aside, and not thrown away.

    def _turn(self, optimizer: Optimizer) -> None:
        """Lay aside what was seen until the step of an optimizer."""
        self.last = optimizer
        self.older = Window(
            self.watches, self.arrived, self.arrivals, self.stale, self.before_call,
            self.writes.by, *self.recorder.turn(),
        )  # fmt: skip
        self.watches, self.arrived, self.arrivals, self.stale = [], {}, {}, set()
        self.before_call, self.writes.by = {}, {}

    def _join(self, optimizer: Optimizer) -> None:
        """Take it up again, unless it is the same optimizer that steps now."""
        older, self.older = self.older, None
        if older is None or optimizer is self.last:
            return
        moved = {id(one) for group in self.last.param_groups for one in group["params"]}  # type: ignore[union-attr]
        reached = {key for watch in self.watches for key in watch.leaves}
        self.stale |= older.stale - reached
        self.watches = older.watches + self.watches
        self.arrived = older.arrived | self.arrived
        self.arrivals = older.arrivals | self.arrivals
        before = {key: one for key, one in older.before_call.items() if key not in moved}
        self.before_call = before | self.before_call
        self.writes.by = older.by | self.writes.by
        self.recorder.join(older.edges, older.used)

    def _leave(self) -> None:
        """Leave our modes, unless the script is inside one of its own that it must leave first."""
        while self.modes and (stack := _get_current_function_mode_stack()):
            if stack[-1] is not self.modes[-1]:
                return
            self.modes.pop().__exit__(None, None, None)

    def _called(self, module: nn.Module, args: Any) -> None:
        """Remember a module that is called and stands in no other, with hooks on its parameters."""
        if self.modes:
            self.recorder.enter(module)
        if id(module) not in self.inner:
            parts = {id(one) for one in module.modules()}
            self.roots = [root for root in self.roots if id(root) not in parts]
            self.inner |= parts - {id(module)}
            if next(module.parameters(), None) is not None:
                self.roots.append(module)
            self.inner.add(id(module))
        if any(module is root for root in self.roots):
            self.lately.add(id(module))
            if self.modes and not self.inside:
                self._follow(module.parameters())
                self._look_at(module, args)

    def _returned(self, module: nn.Module, _: Any, output: Any) -> None:
        if not self.modes:
            return
        self.recorder.leave(module)
        outermost = not self.inside and not self.recorder.within
        if outermost and next(module.parameters(), None) is not None:
            # What comes after it is the loss function.
            self.outputs += nodes_of(output)

    def _look_at(self, module: nn.Module, args: Any) -> None:
        """Keep what a model has before it is called, and how many examples it is given."""
        with torch._C.DisableTorchFunction(), torch.no_grad():  # noqa: SLF001
            self.given |= {id(one) for one in tensors(args)}
            self.examples = examples_in(args) if next(tensors(args), None) is not None else None
            for one in (*module.parameters(), *module.buffers()):
                if id(one) not in self.before_call:
                    self.before_call[id(one)] = one, one.detach().clone()

    def _follow(self, parameters: Any) -> None:
        for one in parameters:
            if id(one) not in self.followed and one.is_leaf and one.requires_grad:
                self.followed.add(id(one))
                self.writes.parameters[str(id(one))] = one
                self.handles.append(one.register_post_accumulate_grad_hook(self._came))

    def _came(self, tensor: Tensor) -> None:
        if tensor.grad is not None:
            self.arrived[id(tensor)] = tensor.grad.detach().clone()
            again = id(tensor) not in self.writes.by  # what was written over does not add up
            self.arrivals[id(tensor)] = self.arrivals.get(id(tensor), 0) * again + 1
            self.writes.by.pop(id(tensor), None)

    def _backward(self, tensors: Any, *args: Any, **kwargs: Any) -> Any:
        """Stand in for ``torch.autograd.backward``: keep the graph until it was read."""
        loss = tensors if isinstance(tensors, Tensor) else tensors[0] if len(tensors) == 1 else None
        if self.over or not self.modes or self.inside or loss is None or not loss.requires_grad:
            watched = not self.over and self.modes and not self.inside
            if watched and loss is not None and not loss.requires_grad:
                self._tell_what_is_stuck(loss)
            return self.backward(tensors, *args, **kwargs)
        names = ("grad_tensors", "retain_graph", "create_graph")
        given = {**dict(zip(names, args[:3], strict=False)), **kwargs}
        if given.get("create_graph") or given.get("inputs") is not None or len(args) > 3:
            return self.backward(tensors, *args, **kwargs)
        self._free()
        keeps = bool(given.pop("retain_graph", False))
        self.writes.off = True
        try:
            watch = self.recorder.before_backward(loss, nodes=self.outputs)
            self.outputs = []
            leaves = [leaf for _, leaf in watch.leaves.values()]
            self._follow(leaves)
            self.stale -= {id(one) for one in leaves}
            self.stale |= {
                id(one) for one in leaves if one.grad is not None and some(nonzero(dense(one.grad)))
            }
            try:
                result = self.backward(tensors, **given, retain_graph=True)
            finally:
                watch.close()
        finally:
            self.writes.off = False
        self.passes += 1
        self.watches = [one for one in self.watches if not one.leaves.keys() <= watch.leaves.keys()]
        self.watches.append(watch)
        if not keeps:
            self.watched.append((loss, leaves))
        return result

    def _tell_what_is_stuck(self, loss: Tensor) -> None:
        """Find out why a loss requires no gradient: its ``backward()`` raises an error."""
        self.inside = self.writes.off = self.recorder.off = True
        try:
            with suppress(Exception), torch._C.DisableTorchFunction():  # noqa: SLF001
                optimizer = self._likely()
                self.parameters = self._named(optimizer)
                watch = self.recorder.before_backward(loss)
                once = Pass.recorded(self.recorder, watch, self.parameters)
                once.gradients = dict.fromkeys(self.parameters)
                self._tell_of(once)
                text = explanation(once, once.reasons(None), None)
                self.stuck = f"step {self.steps + 1} did not come:\n{text}"
        finally:
            self.inside = self.writes.off = self.recorder.off = False

    def _likely(self) -> Any:
        """Return an optimizer that has parameters of a model that was called, if there is one."""
        ours = {id(one) for root in self.roots for one in root.parameters()}
        for one in alive(Optimizer):
            if any(id(p) in ours for group in one.param_groups for p in group["params"]):
                return one
        return SimpleNamespace(param_groups=[])

    def _free(self) -> None:
        """Free the graphs that the script believes to be freed: its mistakes stay its own."""
        for loss, leaves in self.watched:
            if leaves:
                with suppress(RuntimeError):  # it may have written into what the graph needs
                    torch.autograd.grad(
                        loss, leaves, torch.ones_like(loss), retain_graph=False, allow_unused=True
                    )
        self.watched = []

    # ## The step

    def _before(self, optimizer: Optimizer, args: Any, kwargs: Any) -> Any:
        if self.over or self.inside:
            return None
        self.steps += 1
        if self.steps != self.wanted:
            self._free()  # while the parameters are as they were in the pass
            return None
        self.inside = True
        self.writes.off = True
        self._join(optimizer)
        self.parameters = self._named(optimizer)
        seen = Seen(optimizer, self.parameters)
        seen.calls, seen.scaler = 1, self.writes.scaler
        for name, one in self.parameters.items():
            if id(one) in self.arrived:
                seen.arrived[name] = self.arrived[id(one)]
                seen.arrivals[name] = self.arrivals[id(one)]
        self.writes.parameters = dict(self.parameters)
        self.seen = seen
        changed: Any = None
        closure = kwargs.get("closure", args[1] if len(args) > 1 else None)
        if closure is None:
            self._look()
        else:

            def watched() -> Any:
                # The first evaluation is watched like any other pass.
                first = seen.step is None
                self.inside = self.writes.off = self.recorder.off = not first
                result = closure()
                self.inside = self.writes.off = self.recorder.off = True
                if first:
                    for name, one in self.parameters.items():
                        if id(one) in self.arrived:
                            seen.arrived[name] = self.arrived[id(one)]
                            seen.arrivals[name] = 1
                    self._look()
                else:
                    seen.snapshot(self.writes)
                return result

            self.recorder.off = True
            changed = (args[0], watched), {k: one for k, one in kwargs.items() if k != "closure"}
        self.before = {name: one.detach().clone() for name, one in self.parameters.items()}
        return changed

    def _look(self) -> None:
        """Explain the gradients as they arrived, and try the step on copies."""
        self._safely(self._read)

    def _safely(self, work: Callable[[], None]) -> None:
        """Do our own work: it is not recorded, and a mistake in it does not stop the script."""
        try:
            with torch._C.DisableTorchFunction():  # noqa: SLF001 (there is no other way)
                work()
        except Exception as error:  # noqa: BLE001 (whatever it is, it is not the script's)
            self._print(f"the step could not be explained: {type(error).__name__}: {error}\n")
            self.over = True

    def _print(self, text: str) -> None:
        self.said = f"sgdexplained: {text}"
        sys.stdout.flush()
        sys.stderr.write(self.said)
        sys.stderr.flush()

    def _read(self) -> None:
        self.seen.snapshot(self.writes)
        self.found: Any = None
        watch = self._watch(self.seen.optimizer)
        if watch is None:
            return
        given = {name: one.grad for name, one in self.parameters.items()}
        try:
            for one in self.parameters.values():
                one.grad = self.arrived.get(id(one), one.grad)
            once = Pass.recorded(self.recorder, watch, self.parameters)
            self._tell_of(once)
            self.found = once, self._added(once.reasons(self.seen.optimizer))
        finally:
            for name, one in self.parameters.items():
                one.grad = given[name]

    def _watch(self, optimizer: Optimizer) -> Watch | None:
        """Return the last pass that reached a parameter of an optimizer, or the last of all."""
        theirs = {id(one) for group in optimizer.param_groups for one in group["params"]}
        ours = [one for one in self.watches if theirs & one.leaves.keys()] or self.watches
        return ours[-1] if ours else None

    def _tell_of(self, once: Pass) -> None:
        """Let a pass know what the models were before it, and what they are called."""
        once.names, once.spoken = self.scope.names(), self.scope.spoken
        once.models = list(self.scope.models.values())
        once.given = self.given | self.scope.others
        if self.examples is not None:
            once.examples = self.examples
        now = {id(one): name for name, one in self.parameters.items()}
        once.values.update(
            (now[key], value) for key, (_, value) in self.before_call.items() if key in now
        )
        once.tell_of_changes(
            {n: p for n, p in self.parameters.items() if id(p) in self.before_call},
            {
                name: (self.before_call[id(one)][1], one)
                for name, one in self.scope.buffers().items()
                if id(one) in self.before_call
            },
        )
        once.notes += self.scope.notes

    def _added(self, found: dict[str, Any]) -> dict[str, Any]:
        """Take back reasons of the last pass where gradients of earlier ones were there before."""
        for name, (codes, notes, _) in found.items():
            if id(self.parameters[name]) not in self.stale:
                continue
            notes.beside.append("added to the gradient of an earlier backward pass")
            if isinstance(codes, Tensor):
                codes[codes == CODE["hook"]] = CODE["mixed"]
        return found

    def _after(self, optimizer: Optimizer, *_: Any) -> None:
        if self.over:
            self._stop()
            return
        if not self.inside:
            self.lately.clear()
            if self.modes:
                self._turn(optimizer)
            elif self.steps + 2 >= self.wanted:
                self._record()
            return
        if optimizer is not self.seen.optimizer:
            return
        if not self.over:
            self._safely(self._tell)
        self._stop()

    def _tell(self) -> None:
        seen = self.seen
        step = seen.found()
        for name, one in self.parameters.items():
            really(step[name], one.detach(), self.before[name], seen)
            between(step[name], seen, None, None)
        step.notes += [note for note in seen.notes() if not note.startswith("no gradient")]
        self._say(step)

    def _say(self, step: Any) -> None:
        head = f"step {self.wanted}, of {type(self.seen.optimizer).__name__}"
        if self.found is None and any(one is not None for one in self.seen.given.values()):
            text = "no backward pass was seen before it"
            text += "".join(f"\n* {note}" for note in step.notes)
        elif self.found is None:
            notes = ["no backward pass was seen before it", *self.scope.notes]
            text = str(explain_no_pass(self.parameters, self.before, notes, step))
        else:
            once, found = self.found
            text = str(explanation(once, found, step))
        self._print(f"{head}:\n{text}\n")

    def _stuck(self) -> str:
        """Say how far the script came: what was computed, and whether anything went backward."""
        if self.passes:
            return (
                f", after {self.passes} backward passes"
                if self.passes > 1
                else (", after a backward pass")
            )
        return ", and no backward pass either"

    # ## Names

    def _named(self, optimizer: Optimizer) -> dict[str, Tensor]:
        """Name the parameters of the models, and what else the optimizer has in this step."""
        self.scope = scope(self.roots, self.lately, optimizer)
        self.recorder.modules = self.scope.modules()
        named = self.scope.parameters()
        known = self.recorder.own = {id(one) for one in named.values()}
        watch = self._watch(optimizer)
        reached = {} if watch is None else watch.leaves
        theirs = [one for group in optimizer.param_groups for one in group["params"]]
        for number, one in enumerate(theirs):
            # What belongs to no model and was not used is only told of.
            used = id(one) in reached or self.recorder.lately_used(one)
            if id(one) not in known and (used or not self.scope.models):
                named[self.scope.spoken.get(id(one), f"parameter {number}")] = one
        return named
