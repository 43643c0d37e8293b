"""Let a copy of an optimizer step, so that the reader's own stays as it is."""

from __future__ import annotations

import inspect
from collections import defaultdict
from copy import copy, deepcopy
from functools import cache

import torch
from torch import Tensor, optim

from sgdexplained.pytorch.fast import has_float64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from torch.optim import Optimizer

# What happens to an entry under these depends on no other parameter, so a few parameters can be
# tried at a time, which takes less memory.
SEPARATE = (
    optim.ASGD,
    optim.Adadelta,
    optim.Adafactor,
    optim.Adagrad,
    optim.Adam,
    optim.AdamW,
    optim.Adamax,
    optim.Muon,
    optim.NAdam,
    optim.RAdam,
    optim.RMSprop,
    optim.Rprop,
    optim.SGD,
    optim.SparseAdam,
)

# What happens to an entry under these depends on no other entry either.
ELEMENTWISE = {*SEPARATE} - {optim.Adafactor, optim.Muon, optim.SparseAdam}

# What is not copied, because nothing can change it.
PLAIN = {bool, int, float, str}

# Number types that some devices have not.
DOUBLE = {torch.float64, torch.complex128}

# These are the optimizer's own affairs, and a hook of the reader's is not called by a copy.
LEFT_OUT = {"param_groups", "state"}


class Buffers:
    """Room for copies, used again and again: to ask the system for it takes as long as a step."""

    def __init__(self) -> None:
        self._free: dict[Any, list[tuple[int, Tensor]]] = defaultdict(list)
        self._taken: list[tuple[Any, tuple[int, Tensor]]] = []

    def copy(self, tensor: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """Return a copy of a tensor, in float64 or whatever is asked for.

        What its device cannot hold is copied to the processor.
        """
        if dtype in DOUBLE and not has_float64(tensor.device):
            tensor = tensor.detach().cpu()
        dtype, many = dtype or tensor.dtype, tensor.numel()
        if tensor.layout != torch.strided or not tensor.dim():
            return tensor.detach().clone().to(dtype)
        free = self._free[dtype, tensor.device]
        fits = [(size, k) for k, (size, _) in enumerate(free) if size >= many]
        room = free.pop(min(fits)[1]) if fits else None
        if room is None:
            room = many, torch.empty(many, dtype=dtype, device=tensor.device)
        self._taken.append(((dtype, tensor.device), room))
        flat = room[1] if room[0] == many else room[1][:many]
        return flat.view(tensor.shape).copy_(tensor.detach())

    def release(self) -> None:
        """Take all copies back."""
        for key, room in self._taken:
            self._free[key].append(room)
        self._taken = []


def needs_closure(optimizer: Optimizer) -> bool:
    """Tell whether a step of an optimizer must be given a function that computes the loss.

    Examples
    --------
    >>> w = torch.nn.Parameter(torch.ones(1))
    >>> needs_closure(optim.LBFGS([w])), needs_closure(optim.SGD([w]))
    (True, False)
    """
    return _needs_closure(type(optimizer).step)


@cache
def _needs_closure(step: Callable[..., Any]) -> bool:
    asked = inspect.signature(step).parameters
    return any(
        given.default is inspect.Parameter.empty and given.kind == given.POSITIONAL_OR_KEYWORD
        for name, given in list(asked.items())[1:]
    )


def without_hooks(optimizer: Optimizer) -> Callable[..., Any]:
    """Return the step of an optimizer's class, without the hooks that PyTorch puts around it.

    Nor is it the one of a scheduler, which counts the steps.
    """
    step: Any = type(optimizer).step
    return step.__wrapped__ if getattr(step, "hooked", False) else step  # type: ignore[no-any-return]


def stepped(
    optimizer: Optimizer,
    parameters: list[Tensor],
    gradients: list[Tensor | None],
    *,
    state: bool = True,
    double: bool = False,
    values: list[Tensor] | None = None,
    places: list[slice | Tensor | None] | None = None,
    buffers: Buffers | None = None,
) -> list[Tensor]:
    """Return what parameters would be after a step with these gradients.

    Parameters
    ----------
    optimizer : Optimizer
        It does not change; neither do its state and its groups.
    parameters : list of Tensor
        Of the optimizer, all or some.
    gradients : list of (Tensor or None)
        One for each parameter, of the chosen `places` alone; they do not change.
    state : bool, default True
        ``False`` steps as if it were the first step.
    double : bool, default False
        Compute in float64, whatever the number type of the parameters.
    values : list of Tensor, optional
        Start from these instead of the parameters' own.
    places : list of (slice, Tensor of int or None), optional
        Of each parameter only these entries, in a row; ``None`` for all of them, in its shape.
    buffers : Buffers, optional
        Where copies go; what is returned holds until it is asked to release them.

    Returns
    -------
    list of Tensor
        New tensors, in float64 if asked; on the processor if their device has no float64.

    Examples
    --------
    >>> w = torch.nn.Parameter(torch.ones(2))
    >>> sgd = optim.SGD([w], lr=0.5)
    >>> stepped(sgd, [w], [torch.tensor([1.0, 0.0])]), w.grad
    ([tensor([0.5000, 1.0000])], None)
    """
    places = [None] * len(parameters) if places is None else places
    copier = _Copier(buffers or Buffers(), double)
    starts = [picked(one, where) for one, where in zip(values or parameters, places, strict=True)]
    copies = [copier.tensor(value, entry=True) for value in starts]
    twin = _twin(optimizer, parameters, copies, places, copier, state)
    _give(copies, gradients, clone=type(optimizer) not in SEPARATE)
    step = without_hooks(optimizer)
    try:
        with torch.no_grad():
            step(twin)
    except (KeyError, AttributeError):
        if state:
            raise
        # Some (Adagrad) make their state when they are built, and find none now.
        twin = _built_anew(optimizer, twin)
        with torch.no_grad():
            step(twin)
    return [one.detach() for one in copies]


def frozen(
    optimizer: Optimizer, parameters: list[Tensor], values: list[Tensor]
) -> tuple[Any, list[Tensor]]:
    """Return an optimizer as it is now, to be asked later, and its own parameters.

    Parameters
    ----------
    optimizer : Optimizer
    parameters : list of Tensor
        Of the optimizer, all or some.
    values : list of Tensor
        Copies of them, which are not copied once more.

    Examples
    --------
    >>> w = torch.nn.Parameter(torch.ones(2))
    >>> sgd = optim.SGD([w], lr=0.5)
    >>> still, (one,) = frozen(sgd, [w], [w.detach().clone()])
    >>> sgd.param_groups[0]["lr"] = 0.25
    >>> stepped(still, [one], [torch.tensor([1.0, 0.0])])
    [tensor([0.5000, 1.0000])]
    """
    copies = [one.detach() for one in values]
    copier = _Copier(Buffers(), double=False)
    places: list[Any] = [None] * len(parameters)
    return _twin(optimizer, parameters, copies, places, copier, state=True), copies


def _give(copies: list[Tensor], gradients: list[Tensor | None], *, clone: bool) -> None:
    """Set the gradients; as copies, if the step may change them in their places."""
    for one, gradient in zip(copies, gradients, strict=True):
        given = None if gradient is None else gradient.detach().to(one.device).to(one.dtype)
        one.grad = given.clone() if clone and given is not None else given


def picked(whole: Tensor, places: slice | Tensor | None) -> Tensor:
    """Return some entries of a tensor in a row, of a slice without copying; ``None``: all of it.

    Examples
    --------
    >>> picked(torch.eye(2), slice(1, 4)), picked(torch.eye(2), None).shape
    (tensor([0., 0., 1.]), torch.Size([2, 2]))
    """
    return whole.detach() if places is None else whole.detach().flatten()[places]


def _twin(
    optimizer: Optimizer,
    parameters: list[Tensor],
    copies: list[Tensor],
    places: list[slice | Tensor | None],
    copier: _Copier,
    state: bool,
) -> Any:
    """Return an optimizer of the same class for copies of parameters."""
    for mine, one in zip(parameters, copies, strict=True):
        one.requires_grad_(mine.requires_grad)
        copier.memo[id(mine)] = one
    chosen = set(copier.memo)
    where = {id(one): some for one, some in zip(parameters, places, strict=True)}
    twin: Any = object.__new__(type(optimizer))
    for key, value in vars(optimizer).items():
        if key in LEFT_OUT or "_hooks" in key or key == "step":
            continue
        vars(twin)[key] = copier.copied(value)
    twin.param_groups = [
        {key: copier.copied(value) for key, value in group.items() if key != "params"}
        | {"params": [copier.memo[id(one)] for one in group["params"] if id(one) in chosen]}
        for group in optimizer.param_groups
    ]
    for group in twin.param_groups if copier.double else ():
        # Kernels that fuse a step want the number types that they were given first.
        group.update({key: False for key in ("foreach", "fused") if key in group})
        if isinstance(group.get("eps"), tuple) and group["eps"][0] is None:
            # Adafactor takes the smallest distance of the number type.
            smallest = min(torch.finfo(mine.dtype).eps for mine in parameters)
            group["eps"] = (smallest, *group["eps"][1:])
    twin.state = defaultdict(dict)
    for key, value in optimizer.state.items() if state else ():
        if not isinstance(key, Tensor):
            twin.state[key] = copier.copied(value)
        elif id(key) in chosen:
            part = _remembered(key, value, where[id(key)])
            twin.state[copier.memo[id(key)]] = copier.memory(part)
    for hooks in ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks"):
        vars(twin)[hooks] = {}
    return twin


def _remembered(parameter: Tensor, memory: Any, where: slice | Tensor | None) -> Any:
    """Return of what is remembered for each entry that of the chosen ones."""
    if where is None:
        return memory
    return {
        name: picked(part, where)
        if isinstance(part, Tensor)
        and part.shape == parameter.shape
        and (part.dim() or name != "step")
        else part
        for name, part in memory.items()
    }


class _Copier:
    """Copies what an optimizer holds, with copies of parameters in place of parameters."""

    def __init__(self, buffers: Buffers, double: bool) -> None:
        self.buffers, self.double = buffers, double
        # In `memo` a parameter stands for its copy: what refers to it then refers to the copy.
        self.memo: dict[int, Any] = {}
        # A number alone is a count or the like, unless it is told that it belongs to a parameter.
        self.entries: set[int] = set()

    def tensor(self, value: Tensor, *, entry: bool = False) -> Tensor:
        dtype, entry = None, entry or bool(value.dim()) or id(value) in self.entries
        if self.double and entry and (value.is_floating_point() or value.is_complex()):
            dtype = torch.complex128 if value.is_complex() else torch.float64
        return self.buffers.copy(value, dtype)

    def memory(self, part: Any) -> Any:
        """Copy what is remembered of one parameter."""
        if isinstance(part, dict):
            self.entries.update(id(one) for name, one in part.items() if name != "step")
        return self.copied(part)

    def copied(self, value: Any) -> Any:
        if value is None or type(value) in PLAIN:
            return value
        if id(value) in self.memo:
            return self.memo[id(value)]
        if isinstance(value, Tensor):
            made: Any = self.tensor(value)
        elif isinstance(value, dict):
            made = copy(value)
            made.clear()
            made.update({self._key(key): self.copied(part) for key, part in value.items()})
        elif isinstance(value, list):
            made = [self.copied(part) for part in value]
        elif type(value) is tuple:
            made = tuple(self.copied(part) for part in value)
        elif isinstance(value, torch.Generator):
            made = value.clone_state()
        else:
            try:
                made = deepcopy(value, self.memo)
            except Exception:  # noqa: BLE001 (a lock, a file: what is no number is shared)
                made = value
        self.memo[id(value)] = made
        return made

    def _key(self, key: Any) -> Any:
        return self.memo.get(id(key), key) if isinstance(key, Tensor) else key


def _built_anew(optimizer: Optimizer, twin: Any) -> Any:
    """Return an optimizer of the class as its constructor makes it, with the twin's groups."""
    asked = inspect.signature(type(optimizer).__init__).parameters
    options = {key: value for key, value in optimizer.defaults.items() if key in asked}
    build: Callable[..., Any] = type(optimizer)
    groups = [group for group in twin.param_groups if group["params"]]
    return build([dict(group) for group in groups], **options)
