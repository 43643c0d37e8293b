"""Leave everything as it was: what a pass or a step of a PyTorch model may change, put back.

:func:`kept` remembers the tensors with their contents, and the dictionaries and lists that models
and optimizers keep them in. It walks from what it is given through modules, optimizers, schedulers
and the containers of Python; it does not walk into objects of other classes.
"""

from __future__ import annotations

import random
import sys
from collections import deque
from contextlib import contextmanager
from operator import is_
from types import FunctionType

import torch
from torch import Tensor, nn
from torch.nn.modules import module as module_hooks
from torch.optim import Optimizer, lr_scheduler
from torch.optim import optimizer as optimizer_hooks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Back = Callable[[], None]

# Objects whose attributes are looked at; others (a logger, a data set) are left alone.
OPEN = (nn.Module, Optimizer, lr_scheduler.LRScheduler, torch.amp.GradScaler)

# Things that nothing changes: most of what is met.
PLAIN = {
    str, int, float, bool, type, FunctionType, type(None), torch.dtype, torch.device
}  # fmt: skip


@contextmanager
def kept(*things: Any, stepping: bool = False) -> Iterator[Kept]:
    """Put everything back on leaving, also after an error and after Ctrl-C.

    Parameters
    ----------
    *things : Module, Optimizer, Tensor, or containers of them
        What is walked through. ``None`` is passed over.
    stepping : bool, default False
        Whether an optimizer will really step inside. If not, gradients and the state of optimizers
        get back the same tensors, but these are not copied first: that saves their memory.

    Yields
    ------
    Kept
        Its `look` remembers more, at any time before that changes.

    Notes
    -----
    What comes back: values of parameters, buffers and other tensors, and which tensor is where;
    ``.grad``, the same object with the same contents; ``requires_grad``; hooks of tensors, modules
    and optimizers; training mode; attributes of modules; state and groups of optimizers; the random
    state of torch on every device, of NumPy and of Python; gradient mode, autocast, anomaly mode
    and the default number type. Contents go back without the notice of autograd, so a graph that
    was made before can still be used after.

    Examples
    --------
    >>> model = nn.Linear(2, 1)
    >>> before = model.weight.detach().clone()
    >>> with kept(model):
    ...     _ = model.weight.data.zero_()
    ...     model.eval()
    Linear(in_features=2, out_features=1, bias=True)
    >>> torch.equal(model.weight, before), model.training
    (True, True)
    """
    keep = Kept(stepping)
    for thing in (*things, *_global_hooks()):
        keep.look(thing)
    world = _world()
    try:
        yield keep
    finally:
        try:
            _put_back(keep, world)
        except KeyboardInterrupt:
            # Twice the same is as good as once: nobody is left with half of it.
            _put_back(keep, world)
            raise


class Kept:
    """What was looked at, and how to put it back."""

    def __init__(self, stepping: bool) -> None:
        self.stepping = stepping
        self._seen: dict[int, Any] = {}  # the object, so that its id is not given away
        self._copies: dict[int, Tensor] = {}
        self._back: list[Back] = []

    def look(self, thing: Any) -> None:
        """Remember a thing and what it holds, if that was not done before."""
        todo = [thing]
        while todo:
            one = todo.pop()
            if type(one) in PLAIN or id(one) in self._seen:
                continue
            if isinstance(one, Tensor):
                todo += self._tensor(one)
            elif isinstance(one, OPEN):
                todo.append(vars(one))
            elif isinstance(one, tuple):
                todo += one
            elif isinstance(one, dict | list | set | deque):
                todo += self._container(one)
            elif (back := _random_back(one)) is not None:
                self._back.append(back)
            else:
                continue
            self._seen[id(one)] = one

    def before(self, tensor: Tensor) -> Tensor:
        """Return the numbers of a tensor as they were when it was looked at.

        Examples
        --------
        >>> w = nn.Parameter(torch.ones(2))
        >>> with kept(w) as keep:
        ...     _ = w.data.zero_()
        >>> keep.before(w)
        tensor([1., 1.])
        """
        return self._copies[id(tensor)]

    def back(self) -> None:
        """Put all of it back; what was looked at last comes first."""
        errors = []
        for back in reversed(self._back):
            try:
                back()
            except Exception as error:  # noqa: BLE001 (the others are still to go back)
                errors.append(error)
        if errors:
            raise errors[0]

    def _container(self, box: Any) -> list[Any]:
        inside: Any = dict(box) if isinstance(box, dict) else list(box)

        def back() -> None:
            if _same(box, inside):
                return
            box.clear()
            box.extend(inside) if isinstance(box, list | deque) else box.update(inside)

        self._back.append(back)
        held = [*inside, *inside.values()] if isinstance(inside, dict) else inside
        return [one for one in held if type(one) not in PLAIN]

    def _tensor(self, tensor: Tensor) -> list[Any]:
        """Remember one tensor; return what hangs on it."""
        hooks, after = tensor._backward_hooks, tensor._post_accumulate_grad_hooks  # noqa: SLF001
        leaf, asked, version = tensor.is_leaf, tensor.requires_grad, _version(tensor)
        gradient = tensor.grad if leaf else None
        alias = tensor.detach() if tensor.layout != torch.strided else tensor.data
        contents, self._copies[id(tensor)] = _contents(alias)

        def back() -> None:
            if _place(tensor) != _place(alias):
                tensor.data = alias
            contents()
            if version is not None and _version(tensor) != version:
                torch._C._autograd._unsafe_set_version_counter((tensor,), (version,))  # noqa: SLF001
            if tensor._backward_hooks is not hooks:  # noqa: SLF001
                tensor._backward_hooks = hooks  # noqa: SLF001
            if tensor._post_accumulate_grad_hooks is not after:  # noqa: SLF001
                tensor._post_accumulate_grad_hooks = after  # noqa: SLF001
            if leaf and tensor.is_leaf:
                if tensor.requires_grad != asked:
                    tensor.requires_grad_(asked)
                if tensor.grad is not gradient:
                    tensor.grad = gradient

        self._back.append(back)
        return [hooks, after, *([gradient] if self.stepping else [])]


def _same(box: Any, inside: Any) -> bool:
    """Tell whether a container holds what it held: == would compare tensors entry by entry."""
    if len(box) != len(inside) or not all(map(is_, box, inside)):
        return False
    return not isinstance(box, dict) or all(map(is_, box.values(), inside.values()))


def _version(tensor: Tensor) -> int | None:
    return None if tensor.is_inference() else int(tensor._version)  # noqa: SLF001


def _place(tensor: Tensor) -> tuple[Any, ...]:
    """Return where the numbers of a tensor lie, so that it can be seen that others took over."""
    if tensor.layout != torch.strided:
        return (tensor.layout,)
    start = tensor.data_ptr() if tensor.device.type != "meta" else 0
    return (start, tensor.dtype, tensor.device, tensor.shape, tensor.stride())


def _contents(alias: Tensor) -> tuple[Back, Tensor]:
    """Copy the numbers; return the function that puts them back, and the copy."""
    if alias.device.type == "meta":
        return (lambda: None), alias
    if alias.layout == torch.strided and (storage := alias.untyped_storage()).nbytes() <= 2 * max(
        alias.nbytes, 1
    ):
        # As it is: also where places of an expanded tensor lie on each other, and NaN to the bit.
        saved = storage.clone()
        copy = torch.empty(0, dtype=alias.dtype, device=alias.device)
        copy.set_(saved, alias.storage_offset(), alias.shape, alias.stride())

        def back() -> None:
            storage.copy_(saved)

    else:
        copy = alias.clone()

        def back() -> None:
            with torch.no_grad():
                alias.copy_(copy)

    return back, copy


# ## The rest of the world


def _put_back(keep: Kept, world: list[Back]) -> None:
    for back in world:
        back()
    keep.back()


def _global_hooks() -> list[Any]:
    """Return the dictionaries of the hooks that hold for all modules and optimizers."""
    return [
        *(box for name, box in sorted(vars(module_hooks).items()) if name.startswith("_global_")),
        optimizer_hooks._global_optimizer_pre_hooks,  # noqa: SLF001
        optimizer_hooks._global_optimizer_post_hooks,  # noqa: SLF001
    ]


def randomness() -> Back:
    """Remember the random state of all that has one; return what puts it back.

    Examples
    --------
    >>> again = randomness()
    >>> first = torch.rand(3)
    >>> again()
    >>> torch.equal(torch.rand(3), first)
    True
    """
    backs = _random_states()

    def back() -> None:
        for one in backs:
            one()

    return back


def _random_states() -> list[Back]:
    backs = [_mode(torch.set_rng_state, torch.get_rng_state())]
    for name in _devices():
        room = getattr(torch, name)
        count = room.device_count() if hasattr(room, "device_count") else 1
        for index in range(count):
            where = (torch.device(name, index),) if name != "mps" else ()
            backs.append(_mode(room.set_rng_state, room.get_rng_state(*where), *where))
    backs.append(_mode(random.setstate, random.getstate()))
    if (numpy := sys.modules.get("numpy")) is not None:
        backs.append(_mode(numpy.random.set_state, numpy.random.get_state()))
    return backs


def _devices() -> list[str]:
    return [name for name in ("cuda", "mps", "xpu") if _initialised(name)]


def _world() -> list[Back]:
    """Remember the random state of all that has one, and the modes of torch."""
    backs = [_mode(torch.set_default_dtype, torch.get_default_dtype())]
    backs += [_mode(torch.set_grad_enabled, torch.is_grad_enabled())]
    backs += [_mode(torch.set_anomaly_enabled, torch.is_anomaly_enabled())]
    backs += [_mode(torch.set_autocast_cache_enabled, torch.is_autocast_cache_enabled())]
    backs += _random_states()
    for name in ["cpu", *_devices()]:
        backs += [
            _mode(torch.set_autocast_enabled, name, torch.is_autocast_enabled(name)),
            _mode(torch.set_autocast_dtype, name, torch.get_autocast_dtype(name)),
        ]
    return backs


def _initialised(name: str) -> bool:
    room = getattr(torch, name, None)
    if room is None or not room.is_available():
        return False
    return bool(room.is_initialized()) if hasattr(room, "is_initialized") else True


def _mode(setting: Callable[..., Any], *state: Any) -> Back:
    def back() -> None:
        setting(*state)

    return back


def _random_back(one: Any) -> Back | None:
    """Return how to put back a source of random numbers; ``None`` if it is none."""
    if isinstance(one, torch.Generator):
        return _mode(one.set_state, one.get_state())
    if isinstance(one, random.Random):
        return _mode(one.setstate, one.getstate())
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(one, numpy.random.Generator):
        return _mode(setattr, one.bit_generator, "state", one.bit_generator.state)
    if numpy is not None and isinstance(one, numpy.random.RandomState):
        return _mode(one.set_state, one.get_state())
    return None
