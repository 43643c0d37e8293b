"""Explain one step of a PyTorch model: which entries of its parameters move, and why."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn

from sgdexplained.pytorch import causes as c
from sgdexplained.pytorch.fast import both, finite, is_zero, small, small_in
from sgdexplained.pytorch.keep import kept, randomness
from sgdexplained.pytorch.names import examples_in, held, name_of, own, registered
from sgdexplained.pytorch.notes import Notes
from sgdexplained.pytorch.record import Recorder, tensors
from sgdexplained.pytorch.report import ModelExplanation
from sgdexplained.pytorch.source import ModelSource
from sgdexplained.pytorch.step import PARTS, Step, StepOf, nonzero, some, take_step
from sgdexplained.reasons import Parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from torch.optim import Optimizer

    from sgdexplained.pytorch.watch import Watch

# How far a parameter is nudged to see whether the loss depends on it, in standard deviations of 1.

NOISY = 0.01
"""Gradients no larger than rounding are told if there are so many of a parameter's."""

NUDGES = (1.0, 30.0, -30.0)


def explain_model(
    model: nn.Module,
    inputs: Any,
    targets: Any,
    loss: Callable[..., Tensor],
    optimizer: Optimizer,
    step: Callable[[], Any] | None = None,
) -> ModelExplanation:
    """Say for every entry of every parameter of a PyTorch model whether a step moves it, and why.

    Nothing is left behind: parameters, gradients, buffers, random state and the optimizer are as
    before, also after an error.

    Parameters
    ----------
    model : torch.nn.Module
    inputs : tensor, tuple or dict
        A tuple holds the arguments of the model, a dict those with names.
    targets : any
        As the loss wants it.
    loss : callable
        Of the outputs and the targets.
    optimizer : torch.optim.Optimizer
    step : callable, optional
        Your own training step, without arguments: what happens between ``backward()`` and
        ``step()`` is watched as well.

    Returns
    -------
    ModelExplanation

    Raises
    ------
    TypeError
        If the model, the optimizer or the loss is none.
    ValueError
        If the model has no parameters, the optimizer none of them, the loss is not one number, or
        inputs and model are on different devices.

    Examples
    --------
    >>> import torch
    >>> from sgdexplained import explain
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    >>> with torch.no_grad():
    ...     _ = model[0].bias.copy_(torch.tensor([1.0, -9.0, 1.0]))
    >>> sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> mse = torch.nn.functional.mse_loss
    >>> found = explain(model, torch.ones(4, 2), torch.zeros(4, 1), mse, sgd)
    >>> found.counts()["0.weight"], found.counts()["2.weight"]
    ({'gradient': 4, 'shut': 2}, {'gradient': 2, 'inactive': 1})
    """
    parameters = _checked(model, inputs, targets, loss, optimizer)
    owned = [p for group in optimizer.param_groups for p in group["params"]]
    with kept(model, *owned) as keep:
        for tensor in (
            *parameters.values(),
            *tensors([g["params"] for g in optimizer.param_groups]),
        ):
            tensor.grad = None
        once = Pass(model, inputs, targets, loss, parameters)
        once.values = {name: keep.before(one) for name, one in parameters.items()}
        once.run()
        found = once.reasons(optimizer)
        once.forget()
    evaluate = _evaluation(model, inputs, targets, loss, optimizer)
    if step is not None:
        from sgdexplained.pytorch.loop import watch_step

        taken = watch_step(step, model, optimizer, parameters, once.gradients)
    else:
        closure = _needs_closure(optimizer)
        with kept(model, optimizer, stepping=True) if closure else nullcontext():
            taken = take_step(optimizer, parameters, once.gradients, evaluate, once.values)
    return explanation(once, found, taken)


def explain_no_pass(
    parameters: dict[str, Tensor], values: dict[str, Tensor], notes: list[str], step: Step
) -> ModelExplanation:
    """Return the explanation of a step before which nothing went backward: no gradient is there.

    Parameters
    ----------
    parameters, values : dict of Tensor
        As they are, and as they were before the step.
    notes : list of str
    step : Step
    """
    once = Pass(None, None, None, None, parameters)
    once.values, once.notes = values, notes
    once.gradients = dict.fromkeys(parameters)
    words = {n: "no gradient" if one.requires_grad else "frozen" for n, one in parameters.items()}
    found = {name: (c.CODE[word], Notes(), True) for name, word in words.items()}
    return explanation(once, found, step)


def _needs_closure(optimizer: Optimizer) -> bool:
    from sgdexplained.pytorch.twin import needs_closure

    return needs_closure(optimizer)


def _checked(model: Any, inputs: Any, targets: Any, loss: Any, optimizer: Any) -> dict[str, Tensor]:
    """Refuse what cannot be explained, and say why; return the parameters."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is {type(model).__name__}, expected a torch.nn.Module")
    if not isinstance(optimizer, torch.optim.Optimizer):
        kind = type(optimizer).__name__
        raise TypeError(f"optimizer is {kind}, expected a torch.optim.Optimizer such as SGD")
    if not callable(loss):
        raise TypeError(f"loss is {loss!r}, expected a function of outputs and targets")
    parameters, names = registered(model)
    if not parameters:
        others = sorted(name for name, one in held(model).values() if one.requires_grad)
        hint = (
            f"; it holds {', '.join(others[:3])} without registering it (use ModuleList)"
            if others
            else ""
        )
        raise ValueError(f"the model {type(model).__name__} has no parameters{hint}")
    _no_lazy_ones(model)
    owned = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not owned & names.keys():
        raise ValueError(
            f"the optimizer {type(optimizer).__name__} has none of the {len(parameters)} "
            "parameters of the model: it was made for another model, or for another copy of it"
        )
    _one_device(model, parameters, inputs, targets)
    return parameters


def _no_lazy_ones(model: nn.Module) -> None:
    """Refuse parameters and buffers whose shape is not known yet."""
    both = (*model.named_parameters(), *model.named_buffers())
    lazy = [name for name, one in both if nn.parameter.is_lazy(one)]
    if lazy:
        raise ValueError(
            f"{', '.join(lazy[:3])}{' and others' if len(lazy) > 3 else ''} of the model "
            f"{type(model).__name__} {'has' if len(lazy) == 1 else 'have'} no numbers yet, because "
            "a lazy module waits for its first input: call the model once with your inputs, make "
            "the optimizer after that, and explain then"
        )


def _one_device(model: nn.Module, parameters: dict[str, Tensor], inputs: Any, targets: Any) -> None:
    """Refuse a model without numbers, and inputs that are somewhere else."""
    devices = {one.device for one in parameters.values()}
    if any(device.type == "meta" for device in devices):
        raise ValueError(
            f"the model {type(model).__name__} is on the device meta: it has no numbers to explain"
        )
    if len(devices) == 1:
        (home,) = devices
        for what, given in (("inputs", inputs), ("targets", targets)):
            for tensor in tensors(given):
                if tensor.device != home and tensor.dim():
                    raise ValueError(
                        f"{what} are on {tensor.device} and the model is on {home}: "
                        "move them to one device"
                    )


def call_model(model: nn.Module, inputs: Any) -> Any:
    """Call the model: a tuple holds its arguments, a dict those with names."""
    if isinstance(inputs, tuple):
        return model(*inputs)
    if isinstance(inputs, dict):
        return model(**inputs)
    return model(inputs)


def call_loss(loss: Any, outputs: Any, targets: Any) -> Any:
    """Call the loss function."""
    return loss(outputs, targets)


def _evaluation(
    model: nn.Module, inputs: Any, targets: Any, loss: Any, optimizer: Optimizer
) -> Callable[[], Tensor]:
    def evaluate() -> Tensor:
        optimizer.zero_grad()
        with torch.enable_grad():
            value: Tensor = loss(call_model(model, inputs), targets)
            value.backward()
        return value

    return evaluate


class Pass:
    """One forward and one backward pass, watched."""

    def __init__(
        self,
        model: nn.Module | None,
        inputs: Any,
        targets: Any,
        loss: Any,
        parameters: dict[str, Tensor],
    ) -> None:
        self.model, self.inputs, self.targets, self.loss = model, inputs, targets, loss
        self.parameters = parameters
        self.notes: list[str] = []
        self.asides: list[str] = []  # notes that explain nothing
        self.names: dict[int, list[str]] = registered(model)[1] if model is not None else {}
        self.models = [] if model is None else [model]
        self.given = {id(one) for one in tensors((inputs, targets))}  # no parameters, so not told
        self.spoken: dict[int, str] = {}  # what a script calls its tensors
        self.examples = examples_in(inputs)
        self.recorder: Recorder
        self.watch: Watch
        self.uses: Mapping[int, list[Any]] = {}
        self.value = torch.tensor(torch.nan)
        self.gradients: dict[str, Tensor | None] = {}
        self.values: dict[str, Tensor] = {}  # before the pass
        self.whys: dict[str, dict[str, str]] = {}
        self.first_broken = ""

    @classmethod
    def recorded(cls, recorder: Recorder, watch: Watch, parameters: dict[str, Tensor]) -> Pass:
        """Return a pass that has been run already."""
        once = cls(None, None, None, None, parameters)
        once.recorder, once.watch, once.value = recorder, watch, watch.loss
        once.values = {n: p.detach().clone() for n, p in parameters.items()}
        once.changed = set()
        watch.finish()
        once.gradients = {n: p.grad for n, p in parameters.items()}
        return once

    # ## The pass

    def run(self) -> None:
        """Run it; the caller keeps what it changes."""
        model: Any = self.model
        before = {name: (one, one._version) for name, one in self.parameters.items()}  # noqa: SLF001
        buffers = {own(name): one.clone() for name, one in model.named_buffers()}
        self.random = randomness()
        self.recorder = Recorder(self.parameters.values(), model.buffers(), model)
        if not torch.is_grad_enabled():
            self.notes.append(
                "gradients are switched off where explain is called (no_grad or the like), and "
                "were switched on to explain the step: where they are off, loss.backward() raises "
                "an error"
            )
        eager = torch.compiler.set_stance("force_eager")
        with torch.inference_mode(mode=False), torch.enable_grad(), eager:
            with self.recorder:
                outputs = self._forward()
                self.value = self._lost(outputs)
            self.watch = self.recorder.before_backward(self.value, outputs)
            if self.value.requires_grad:
                try:
                    self.value.backward()
                except Exception as error:
                    error.add_note("raised in the backward pass, while a step was explained")
                    raise
                finally:
                    self.watch.close()
        self.watch.finish()
        self.gradients = {name: one.grad for name, one in self.parameters.items()}
        now = {own(name): one for name, one in model.named_buffers()}
        self.tell_of_changes(
            {n: one for n, (one, version) in before.items() if one._version != version},  # noqa: SLF001
            {name: (one, now[name]) for name, one in buffers.items() if name in now},
        )

    def tell_of_changes(
        self, parameters: dict[str, Tensor], buffers: dict[str, tuple[Tensor, Tensor]]
    ) -> None:
        """Say what the forward pass itself has changed.

        Parameters
        ----------
        parameters : dict of Tensor
            That may have changed, as they are now.
        buffers : dict of two tensors
            Before and now.
        """
        self.changed = {
            name for name, one in parameters.items() if not _same(one.detach(), self.values[name])
        }
        moved = [name for name, (before, now) in buffers.items() if not _same(before, now)]
        if moved:
            self.asides.append(
                f"the forward pass changed {_some(moved, 'buffer')} "
                "(running statistics or the like)"
            )
        if self.changed:
            self.asides.append(
                f"the forward pass itself changed {_some(sorted(self.changed), 'parameter')}, "
                "before any step (max_norm or the like)"
            )

    def _forward(self) -> Any:
        try:
            return call_model(self.model, self.inputs)
        except Exception as error:
            name = type(self.model).__name__
            error.add_note(f"raised in the forward pass of {name}, while a step was explained")
            raise

    def _lost(self, outputs: Any) -> Tensor:
        try:
            value = call_loss(self.loss, outputs, self.targets)
        except Exception as error:
            error.add_note("raised in the loss function, while a step was explained")
            raise
        if not isinstance(value, Tensor):
            raise TypeError(
                f"the loss returns {type(value).__name__}, expected a tensor of one number"
            )
        if value.numel() != 1:
            raise ValueError(
                f"the loss has the shape {tuple(value.shape)}, expected one number: "
                "take its mean() or sum()"
            )
        return value

    def forget(self) -> None:
        """Let go of the graph: what a step is tried with needs room."""
        self.recorder.forget()
        self.watch.forget()
        self.value = self.value.detach()

    # ## What it means

    @torch.no_grad()
    def reasons(self, optimizer: Optimizer | None) -> dict[str, tuple[Any, Notes, bool]]:
        """Return for each parameter: codes (a tensor or one), notes, and whether it is whole."""
        self.uses = self.watch.uses
        self._about_the_loss()
        self.notes += dict.fromkeys(self.recorder.remarks)
        self._about_strangers(optimizer)
        found = {}
        felt: dict[Any, bool] = {}
        owned = None
        if optimizer is not None:
            owned = {id(p) for group in optimizer.param_groups for p in group["params"]}
        for name, parameter in self.parameters.items():
            gradient = self.gradients[name]
            if gradient is None or id(parameter) not in self.watch.leaves:
                word, note = self._no_gradient(parameter, felt)
                codes: Any = c.CODE[word]
                if gradient is not None:  # it was stored before this pass
                    codes = is_zero(_dense(gradient)).to(torch.uint8) * codes
                notes = Notes({word: note} if note else {})
            else:
                listed = owned is None or id(parameter) in owned
                codes, notes = self._zeros(name, parameter, gradient, listed=listed)
            names = self.names.get(id(parameter), [])
            if len(names) > 1:
                notes.beside.append("also named " + ", ".join(names[1:]))
            if name in self.changed:
                notes.beside.append("the forward pass itself changed it")
            found[name] = codes, notes, gradient is None
        return found

    def _about_the_loss(self) -> None:
        value = self.value
        if self.examples == 0:
            self.notes.append("the batch is empty: it has no example")
        if not bool(torch.isfinite(value.detach()).all()):
            self.first_broken = "" if (why := self._no_number()) else self._broken()
            why = why or (f": {self.first_broken}" if self.first_broken else "")
            self.notes.append(f"the loss is {value.item()}{why}")
        if value.is_leaf and value.requires_grad and not self._is_parameter(value):
            number = self.recorder.numbers.get(value)
            made = [str(call) for which, call in self.recorder.made if which == number]
            by = f", made by {made[-1]}" if made else ""
            self.notes.append(
                f"the loss is a new tensor{by}: nothing leads from it back to the model"
            )
        elif (
            value.requires_grad
            and float(value.detach()) == 0
            and any(
                one is not None and bool((one != 0).any())
                for one in map(_dense, self.gradients.values())
            )
        ):
            self.notes.append("the loss is 0, and its gradient is not: weights move all the same")
        elif not value.requires_grad:
            self.notes.append(
                "the loss requires no gradient, so loss.backward() raises an error: "
                "nothing leads from it back to a parameter"
            )

    def _no_number(self) -> str:
        """Say why the loss is NaN, where that is known; and why its gradients are not."""
        watch = self.watch
        found = [
            f"{call.name} {call.place} {what}"
            for node, what in watch.no_number.items()
            if what and (call := watch.calls[node])
        ]
        if not found or not bool(self.value.detach().isnan().all()):
            return ""
        given = [_dense(one) for one in self.gradients.values() if one is not None]
        zero = given and not any(some(nonzero(one)) for one in given)
        more = (
            "; the gradient is 0 and not nan, because nothing goes into this mean" if zero else ""
        )
        return f", because {found[0]}{more}"

    def _broken(self) -> str:
        """Say which call of the forward pass has made the first NaN (or infinity) of the loss."""
        recorder, value = self.recorder, self.value
        if not recorder.checks and self.model is not None:
            recorder = Recorder(self.parameters.values(), self.model.buffers(), self.model)
            recorder.checks = True
            eager = torch.compiler.set_stance("force_eager")
            with kept(self.model), torch.inference_mode(mode=False), torch.enable_grad(), eager:
                self.random()
                with recorder:
                    value = self._lost(self._forward())
        number = recorder.numbers.get(value)
        found = None if number is None else recorder.broken.get(number)
        if found is None:
            return ""
        if found.given is None:
            return f"the first {found.what} is made by {found.call}"
        names = {recorder.numbers.get(one): name for name, one in self.parameters.items()}
        if found.given in names:
            return f"{names[found.given]} has {found.what} in it, before the step"
        return f"{found.what} is in what {found.call} is given"

    def _is_parameter(self, value: Tensor) -> bool:
        return any(value is one for one in self.parameters.values())

    def _about_strangers(self, optimizer: Optimizer | None) -> None:
        if optimizer is None:
            return
        owned = {id(p) for group in optimizer.param_groups for p in group["params"]}
        known = {id(one) for one in self.parameters.values()} | self.given | {id(self.value)}
        strangers = [leaf for key, (_, leaf) in self.watch.leaves.items() if key not in known]
        for leaf in strangers[:5]:
            nor = "" if id(leaf) in owned else ", nor in the optimizer"
            what = f"no parameter of the model{nor}" if self.models else "not in the optimizer"
            self.notes.append(f"the loss depends on {self._name_of(leaf)}, which is {what}")
        if len(strangers) > 5:
            self.notes.append(f"and on {len(strangers) - 5} tensors more of that kind")

    def _name_of(self, leaf: Tensor) -> str:
        if id(leaf) in self.spoken:
            return f"{self.spoken[id(leaf)]} of shape {tuple(leaf.shape)}"
        names = [name_of(leaf, model) for model in self.models]
        plain = f"a tensor of shape {tuple(leaf.shape)}"
        return next((name for name in names if name != plain), plain)

    def _no_gradient(  # noqa: PLR0911 (one cause after the other)
        self, parameter: Tensor, felt: dict[Any, bool]
    ) -> tuple[str, str]:
        """Return why there is no gradient: a word and a note."""
        if not parameter.requires_grad:
            return "frozen", ""
        if id(parameter) in self.watch.leaves:
            return "no gradient", f"the loss reaches it, but {self._taken(parameter)}"
        if not self.recorder.was_used(parameter):
            return "not used", "not used in this forward pass"
        sure, perhaps = self.recorder.cuts_between(parameter, self.value)
        if sure:
            return "cut", f"cut by {sure[0]}"
        if not perhaps and self.recorder.leads(parameter, self.value):
            return "cut", "a call between it and the loss has no gradient, and was not seen"
        if not perhaps:
            return "not used", "used, but its result is not used by the loss"
        key = tuple(perhaps)
        if key not in felt:
            felt[key] = self._felt(parameter)
        if felt[key]:
            return "cut", f"cut by {perhaps[0]}"
        return "not used", (
            "used, but the loss stays the same when it is nudged "
            f"(its result goes into {perhaps[0]})"
        )

    def _taken(self, parameter: Tensor) -> str:
        """Say who took the gradient of a parameter away that the loss reaches."""
        node = self.watch.gave_none(self.watch.leaves[id(parameter)][0])
        if node is None:
            return "its gradient was taken away by a hook"
        return f"{self.watch.calls[node]} returns None for it"

    def _felt(self, parameter: Tensor) -> bool:
        """Return whether the value of the loss depends on a parameter: nudge it, and look."""
        if self.model is None or not parameter.is_floating_point():
            return True
        value = self.value.detach().clone()
        with kept(self.model), torch.no_grad(), torch.compiler.set_stance("force_eager"):
            mine = parameter.detach().clone()
            drawn = torch.Generator().manual_seed(1)
            noise = torch.randn(mine.shape, generator=drawn, dtype=torch.float64)
            for scale in NUDGES:
                parameter.copy_(mine + (scale * noise).to(mine.device, mine.dtype))
                self.random()
                now = self.loss(call_model(self.model, self.inputs), self.targets).detach()
                if not (torch.equal(now, value) or bool((now.isnan() & value.isnan()).all())):
                    return True
        return False

    def _zeros(
        self, name: str, parameter: Tensor, gradient: Tensor, *, listed: bool
    ) -> tuple[Any, Notes]:
        """Return the code of each entry of a gradient, and notes."""
        dense = _dense(gradient)
        codes = self.watch.told.pop(id(parameter), None)
        notes = Notes()
        if codes is not None:
            if isinstance(codes, Tensor):
                codes = codes.to(dense.device)
                self._padding(parameter, codes)
            present = [c.WORDS[code] for code in c.present(codes)]
            whys = {word: why for word in present if (why := self._why(parameter, word))}
            self.whys[name] = whys
            if listed:  # otherwise they are not what is told
                notes.whys.update(whys)
        if not finite(dense):
            infinite = ~torch.isfinite(dense)
            codes = c.full(codes, dense)
            codes[infinite] = c.CODE["not finite"]
            notes.whys["not finite"] = self._born(parameter)
        if (noise := self._noise(parameter, dense)) is not None:
            notes.noise.append(
                f"{noise} of its gradients are noise: no larger than rounding, because what is "
                "added up cancels"
            )
        unknown = sorted({use.op for use in self.watch.uses[id(parameter)] if not use.rule})
        if unknown:
            notes.beside.append(f"op not known: {', '.join(unknown)}")
        return codes, notes

    def _padding(self, parameter: Tensor, codes: Tensor) -> None:
        for use in self.watch.uses[id(parameter)]:
            if use.op == "Embedding" and use.padding is not None and use.padding < len(codes):
                row = codes[use.padding]
                row[row == c.CODE["inactive"]] = c.CODE["padding row"]

    def _born(self, parameter: Tensor) -> str:
        """Say where a gradient that is not finite comes from."""
        if self.first_broken:
            return self.first_broken
        watch = self.watch
        node = watch.leaves[id(parameter)][0]
        layer, seen = [node], {node}
        while layer:
            for one in layer:
                if one in watch.infinite:
                    return watch.infinite[one]
            ahead = [user for one in layer for user, _ in watch.consumers[one]]
            layer = [user for user in dict.fromkeys(ahead) if user not in seen]
            seen.update(layer)
        return "the loss sent it back"

    def _why(self, parameter: Tensor, word: str) -> str:
        """Say what made a gradient 0: an operation and the reader's line."""
        bits = {
            "flat": c.NEUTRAL & ~c.OFF,
            "shut": c.SHUT,
            "saturated": c.SATURATED,
            "closed": c.SHUT | c.SATURATED | c.CLOSED | c.FLAT,
            "mixed": c.SHUT | c.SATURATED | c.CLOSED,
            "never together": c.SHUT | c.SATURATED,
            "paths cancel": c.PATHS,
            "underflow": c.UNDERFLOW,
            "not used": c.OFF,
        }.get(word)
        if word == "op not known":
            ops = list(dict.fromkeys(self.watch.unknown.values()))
            return ", ".join(ops)
        watch = self.watch
        users = watch.users(parameter)
        if word == "inactive":  # of what it is multiplied by directly
            found = [one for one in users if watch.made.get(one, 0) & c.INACTIVE]
            return "; ".join(list(dict.fromkeys(watch.cause(one) for one in found))[:2])
        if bits is None:
            return ""
        start = watch.leaves[id(parameter)][0]
        nodes = watch.makers(start, bits, outside=word == "flat", across=word == "closed")
        if word == "mixed":
            return self._mixed(start, bits, users)
        said = []
        for node in nodes:
            call = watch.calls[node]
            if node in watch.empty:
                said.append(f"{call} is given nothing")
            elif word == "paths cancel":
                said.append(f"at {call}")
            elif word == "underflow":
                said.append(f"too small for the number type in {call}")
            elif word == "not used":
                said.append(f"its result is not taken by {call}")
            else:
                said.append(watch.cause(node))
        return "; ".join(list(dict.fromkeys(said))[:2])

    def _mixed(self, start: Any, bits: int, users: list[Any]) -> str:
        """Say what makes a gradient 0 in some examples, and what in others: of all that came."""
        watch = self.watch
        came = reduce(int.__or__, (watch.arriving.get(one, 0) for one in users), 0)
        said = [watch.cause(node) for node in watch.makers(start, bits) if came & bits]
        if came & c.PATHS:
            said += [f"paths cancel at {watch.calls[one]}" for one in watch.makers(start, c.PATHS)]
        if came & c.FLAT:
            found = watch.makers(start, c.NEUTRAL & ~c.OFF, outside=True)
            said += [watch.cause(node) for node in found]
        return "; ".join(list(dict.fromkeys(said))[:3])

    def _noise(self, parameter: Tensor, gradient: Tensor) -> int | None:
        """Return how many gradients are no larger than the rounding of what they add up."""
        uses = self.watch.uses[id(parameter)]
        if not uses or not all(use.rule for use in uses) or not gradient.is_floating_point():
            return None
        eps, many = 4 * torch.finfo(gradient.dtype).eps, gradient.numel() * NOISY
        bounds = uses[0].bounds() if len(uses) == 1 else None
        # A few of many are that small by chance.
        if bounds is not None and small_in(gradient, bounds[0] * eps, bounds[1], many) < many:
            return None
        count = small(gradient, _sum(use.size() for use in uses).mul_(eps))
        return count if count and count >= many else None


def _sum(parts: Iterable[Tensor]) -> Tensor:
    return reduce(Tensor.add, parts)  # and not from 0, which is one pass more


# ## Put together


def explanation(
    once: Pass, found: dict[str, tuple[Any, Notes, bool]], step: Step | None
) -> ModelExplanation:
    """Put together what a pass and a step have shown."""
    listed = []
    for name, tensor in once.parameters.items():
        codes, notes, whole = found[name]
        listed.append(_parameter(name, tensor, once, codes, notes, whole, step))
    uses = {n: once.uses.get(id(p), []) for n, p in once.parameters.items()}
    source = ModelSource(uses, step, once.examples, once.whys)
    value = float(once.value.detach())
    about = [*once.notes, *(step.notes if step is not None else []), *once.asides]
    return ModelExplanation(listed, value, once.examples, source, about)


def _parameter(
    name: str, tensor: Tensor, once: Pass, codes: Any, notes: Notes, whole: bool, step: Step | None
) -> Parameter:
    shape = tuple(tensor.shape)
    gradient = once.gradients[name]
    parts: Parts | None = None
    mine = None if step is None else step[name]
    # On the processor it is the same array, and the step knows what it told.
    reason = torch.zeros(shape, dtype=torch.uint8) if mine is None else mine.reason.cpu()
    zero = _written(codes, reason, finite="not finite" not in notes.whys)
    if mine is not None:
        if mine.swallows:
            kind = str(mine.dtype).removeprefix("torch.")
            notes.whys["swallowed"] = f"the step is too small for {kind}"
        notes.whys.update(mine.whys)
        notes.beside += mine.beside
        if mine.told_apart and mine.moves_anyway:
            parts = Parts(mine)
    made = ModelParameter(
        name=name,
        shape=shape,
        value=_array(once.values[name]),
        gradient=None if gradient is None else _array(gradient),
        move=mine,
        reason=_array(reason),
        zero=_array(zero) if isinstance(zero, Tensor) else zero,
        parts=parts,
        whole=whole,
    )
    made.notes = notes
    return made


def _written(
    codes: int | Tensor | c.Crossed | None, reason: Tensor, *, finite: bool
) -> int | Tensor | None:
    """Write why gradients are 0 or missing where the step has nothing to say.

    Returns
    -------
    Tensor, int or None
        The codes of gradients of 0, if they must be kept beside `reason`; 0 if there are none;
        ``None`` if `reason` tells them.
    """
    if isinstance(codes, int):
        reason += is_zero(reason).to(torch.uint8) * codes
        return 0
    if codes is None:
        return 0
    if isinstance(codes, c.Crossed) and codes.write(reason):
        return None
    array = c.full(codes, reason).cpu()
    if not both(reason, array):  # never two words for one entry
        reason += array
        return None if finite else array * (array != c.CODE["not finite"])
    reason += array * is_zero(reason)
    if finite:
        return array
    infinite = array == c.CODE["not finite"]
    reason[infinite] = array[infinite]
    return array * ~infinite


class ModelParameter(Parameter):
    """A parameter whose move is computed when somebody asks for it, and what is said of it."""

    _move: Any
    _zero: Any
    _step: StepOf | None
    notes: Notes = Notes()
    _told: tuple[str, dict[str, str], str] | None = None

    def told(self) -> tuple[str, dict[str, str], str]:
        """Return the note, its parts that belong to reasons, and the rest."""
        if self._told is None:
            self._told = self.notes.told(self)
        return self._told

    # A dataclass sets what it does not compute itself.
    note = property(lambda self: self.told()[0], lambda _self, _: None)
    whys = property(lambda self: self.told()[1], lambda _self, _: None)
    beside = property(lambda self: self.told()[2], lambda _self, _: None)

    @property
    def zero(self) -> Any:
        """Why its gradient is 0; if it moves nowhere without one, that is why it stays there."""
        if self._zero is None:
            self._zero = self.reason * (self.gradient == 0)
        return self._zero

    @zero.setter
    def zero(self, codes: Any) -> None:
        self._zero = codes

    @property
    def move(self) -> Any:
        """New value minus old."""
        if self._move is None:
            found = None if self._step is None else self._step.move
            self._move = _array(torch.zeros(self.shape) if found is None else found)
        return self._move

    @move.setter
    def move(self, step: StepOf | None) -> None:
        self._step, self._move = step, None


class Parts(Mapping[str, Any]):
    """The parts of a move, each made when somebody asks for it."""

    def __init__(self, step: StepOf) -> None:
        self.step = step

    def __getitem__(self, key: str) -> Any:
        return _array(self.step.part(key))

    def __iter__(self) -> Iterator[str]:
        return iter(PARTS)

    def __len__(self) -> int:
        return len(PARTS)


def _dense(gradient: Any) -> Any:
    if gradient is None or gradient.layout == torch.strided:
        return None if gradient is None else gradient.detach()
    return gradient.detach().to_dense()


def _array(tensor: Tensor) -> Any:
    tensor = tensor.detach()
    tensor = tensor.to_dense() if tensor.layout != torch.strided else tensor
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.float()
    return tensor.cpu().numpy()


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool(
        ((one == other) | (one.isnan() & other.isnan())).all()
        if one.is_floating_point()
        else (one == other).all()
    )


def _some(names: list[str], what: str) -> str:
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return f"{len(names)} {what}{'s' if len(names) > 1 else ''}: {', '.join(names[:4])}{more}"
