"""Follow a training script that runs, and explain one of its optimizer steps.

Nothing of the script is changed. Hooks of all optimizers tell when a step comes, a recorder sees
the calls of the forward pass, and the backward pass is asked to leave its graph until it was read.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.overrides import _get_current_function_mode_stack

from sgdexplained.pytorch.causes import CODE
from sgdexplained.pytorch.loop import Seen, Writes, between, really
from sgdexplained.pytorch.model import Pass, explanation
from sgdexplained.pytorch.record import Recorder
from sgdexplained.pytorch.step import dense, nonzero, some

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from torch.optim import Optimizer

    from sgdexplained.pytorch.watch import Watch


class _Recorder(Recorder):
    """Leaves fused calls as they are, so that the script's numbers stay the same."""

    def __init__(self) -> None:
        super().__init__()
        self.composes = self.off = False

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Record the call, unless an optimizer makes it."""
        if self.off:
            return func(*args, **(kwargs or {}))
        return super().__torch_function__(func, types, args, kwargs)


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
        self.watch: Watch | None = None
        self.watched: list[Any] = []  # nodes of graphs that were to be freed
        self.passes = 0
        self.over = self.inside = False
        self.said = ""
        self.arrived: dict[int, Tensor] = {}
        self.arrivals: dict[int, int] = {}
        self.handles: list[Any] = []
        self.followed: set[int] = set()
        self.stance: Any = None
        self.stale: set[int] = set()  # the ids of parameters that had a gradient before the pass

    def begin(self) -> None:
        """Set the hooks; record from now on if the first step is wanted."""
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
        if self.wanted == 1:
            self._record()

    def end(self) -> str:
        """Take everything away; return the explanation, or what is to be said instead of it."""
        self._stop()
        if self.said:
            return ""
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

    def _stop(self) -> None:
        if self.stance is not None:
            self.stance.__exit__(None, None, None)
            self.stance = None
        self.over = True
        if torch.autograd.backward == self._backward:
            torch.autograd.backward = self.backward  # type: ignore[assignment]
        for handle in self.handles:
            handle.remove()
        self.handles = []
        self._leave()
        self.watch, self.watched, self.arrived = None, [], {}

    def _leave(self) -> None:
        """Leave our modes, unless the script is inside one of its own that it must leave first."""
        while self.modes and (stack := _get_current_function_mode_stack()):
            if stack[-1] is not self.modes[-1]:
                return
            self.modes.pop().__exit__(None, None, None)

    def _called(self, module: nn.Module, _: Any) -> None:
        """Remember a module that is called and stands in no other, with hooks on its parameters."""
        if id(module) not in self.inner:
            parts = {id(one) for one in module.modules()}
            self.roots = [root for root in self.roots if id(root) not in parts]
            self.inner |= parts - {id(module)}
            if next(module.parameters(), None) is not None:
                self.roots.append(module)
            self.inner.add(id(module))
        if any(module is root for root in self.roots):
            self.lately.add(id(module))
            if self.modes:
                self._follow(module.parameters())

    def _follow(self, parameters: Any) -> None:
        for one in parameters:
            if id(one) not in self.followed and one.is_leaf and one.requires_grad:
                self.followed.add(id(one))
                self.writes.parameters[str(id(one))] = one
                self.handles.append(one.register_post_accumulate_grad_hook(self._came))

    def _came(self, tensor: Tensor) -> None:
        if tensor.grad is not None:
            self.arrived[id(tensor)] = tensor.grad.detach().clone()
            self.arrivals[id(tensor)] = self.arrivals.get(id(tensor), 0) + 1
            self.writes.by.pop(id(tensor), None)

    def _backward(self, tensors: Any, *args: Any, **kwargs: Any) -> Any:
        """Stand in for ``torch.autograd.backward``: keep the graph until it was read."""
        loss = tensors if isinstance(tensors, Tensor) else tensors[0] if len(tensors) == 1 else None
        if self.over or not self.modes or self.inside or loss is None or not loss.requires_grad:
            return self.backward(tensors, *args, **kwargs)
        names = ("grad_tensors", "retain_graph", "create_graph")
        given = {**dict(zip(names, args[:3], strict=False)), **kwargs}
        if given.get("create_graph") or given.get("inputs") is not None or len(args) > 3:
            return self.backward(tensors, *args, **kwargs)
        self._free()
        keeps = bool(given.pop("retain_graph", False))
        self.writes.off = True
        try:
            watch = self.recorder.before_backward(loss)
            leaves = [leaf for _, leaf in watch.leaves.values()]
            self._follow(leaves)
            self.stale |= {
                id(one) for one in leaves if one.grad is not None and some(nonzero(dense(one.grad)))
            }
            try:
                result = self.backward(tensors, **given, retain_graph=True)
            finally:
                watch.close()
        finally:
            self.writes.off = False
        self.watch, self.passes = watch, self.passes + 1
        if not keeps:
            self.watched.append(loss)
        return result

    def _free(self) -> None:
        """Free the graphs that the script believes to be freed: its mistakes stay its own."""
        for loss in self.watched:
            leaves = [leaf for _, leaf in self.watch.leaves.values()] if self.watch else []
            if leaves:
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
            return None
        self.inside = True
        self.writes.off = True
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
        if self.watch is None:
            return
        given = {name: one.grad for name, one in self.parameters.items()}
        try:
            for one in self.parameters.values():
                one.grad = self.arrived.get(id(one), one.grad)
            once = Pass.recorded(self.recorder, self.watch, self.parameters)
            self.found = once, self._added(once.reasons(None))
        finally:
            for name, one in self.parameters.items():
                one.grad = given[name]

    def _added(self, found: dict[str, Any]) -> dict[str, Any]:
        """Take back reasons of the last pass where gradients of earlier ones were there before."""
        for name, (codes, note, whole) in list(found.items()):
            if id(self.parameters[name]) in self.stale and isinstance(codes, Tensor):
                codes[codes == CODE["hook"]] = CODE["mixed"]
                more = "added to the gradient of an earlier backward pass"
                found[name] = codes, f"{note}; {more}" if note else more, whole
        return found

    def _after(self, optimizer: Optimizer, *_: Any) -> None:
        if self.over:
            self._stop()
            return
        if not self.inside:
            self.lately.clear()
            if self.steps + 1 == self.wanted and not self.modes:
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
        if self.found is None:
            text = "no backward pass was seen before it"
            text += "".join(f"\n* {note}" for note in step.notes)
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
        """Name the parameters of the modules that were called, and those of the optimizer."""
        named: dict[str, Tensor] = {}
        theirs = [one for group in optimizer.param_groups for one in group["params"]]
        owned = {id(one) for one in theirs}
        roots = [
            root
            for root in self.roots
            if id(root) in self.lately or any(id(one) in owned for one in root.parameters())
        ]
        spoken = _spoken()
        for number, root in enumerate(roots):
            name = spoken.get(id(root), f"{type(root).__name__}{number + 1}")
            prefix = f"{name}." if len(self.roots) > 1 else ""
            for key, one in root.named_parameters():
                named[prefix + key] = one
        known = {id(one) for one in named.values()}
        for number, one in enumerate(theirs):
            if id(one) not in known:
                named[spoken.get(id(one), f"parameter {number}")] = one
        return named


def _spoken() -> dict[int, str]:
    """Return what the script calls its tensors and modules, by their ``id``."""
    names: dict[int, str] = {}
    for name, thing in vars(sys.modules["__main__"]).items():
        if isinstance(thing, Tensor | nn.Module):
            names[id(thing)] = name
            if isinstance(thing, nn.Module):
                for key, one in thing.named_parameters():
                    names.setdefault(id(one), f"{name}.{key}")
        elif isinstance(thing, list | tuple):
            for number, one in enumerate(thing):
                if isinstance(one, Tensor):
                    names[id(one)] = f"{name}[{number}]"
    return names
