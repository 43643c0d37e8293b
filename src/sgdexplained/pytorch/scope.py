"""Which models a script trains with an optimizer, and what the script calls them."""

from __future__ import annotations

import gc
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from sgdexplained.pytorch.names import own
from sgdexplained.pytorch.record import passed_over, reader_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Around a model of the reader's: its parameters have their own names inside.
WRAPPERS = {"OptimizedModule", "DataParallel", "DistributedDataParallel"}


@dataclass
class Scope:
    """The models that a step is explained of.

    Attributes
    ----------
    models : dict of Module
        By the name that goes before the names of their parameters; empty if there is only one.
    notes : list of str
        On models that took part and are left out.
    others : set of int
        The ``id`` of the parameters of all models that are left out.
    spoken : dict of str
        What the script calls tensors and modules, by their ``id``.
    """

    models: dict[str, nn.Module] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    others: set[int] = field(default_factory=set)
    spoken: dict[int, str] = field(default_factory=dict)

    def parameters(self) -> dict[str, Tensor]:
        """Name the parameters of all models."""
        first = {
            id(one): (_joined(name, key), one)
            for name, model in reversed(self.models.items())
            for key, one in reversed(list(model.named_parameters()))
        }
        return dict(reversed(first.values()))

    def buffers(self) -> dict[str, Tensor]:
        """Name the buffers of all models."""
        return {
            _joined(name, key): one
            for name, model in self.models.items()
            for key, one in model.named_buffers()
        }

    def names(self) -> dict[int, list[str]]:
        """Return all names of each parameter, by its ``id``."""
        found: dict[int, list[str]] = defaultdict(list)
        for name, model in self.models.items():
            for key, one in model.named_parameters(remove_duplicate=False):
                found[id(one)].append(_joined(name, key))
        return found

    def modules(self) -> dict[int, str]:
        """Name the modules of all models, by their ``id``."""
        return {
            id(one): _joined(name, key)
            for name, model in self.models.items()
            for key, one in model.named_modules()
        }


def scope(called: Iterable[nn.Module], lately: set[int], optimizer: Optimizer) -> Scope:
    """Return the models whose parameters an optimizer has, or that no optimizer has.

    Parameters
    ----------
    called : iterable of Module
        Modules that the script called and that stand in no other that it called.
    lately : set of int
        The ``id`` of those that were called since the step before.
    optimizer : Optimizer

    Examples
    --------
    >>> from torch.optim import SGD
    >>> G, D = nn.Linear(2, 2), nn.Linear(2, 1)
    >>> g, d = SGD(G.parameters()), SGD(D.parameters())
    >>> found = scope([G, D], {id(G), id(D)}, g)
    >>> sorted(found.parameters()), found.notes
    (['bias', 'weight'], ['not listed: D, whose 2 parameters another optimizer has (SGD)'])
    """
    mine = {id(one) for one in _held(optimizer)}
    modules, optimizers = alive(nn.Module), alive(Optimizer)
    others = {
        id(one): type(other).__name__
        for other in optimizers
        if other is not optimizer
        for one in _held(other)
        if id(one) not in mine
    }
    roots = [_unwrapped(root) for root in called]
    fresh = {id(_unwrapped(root)) for root in called if id(root) in lately}
    tops = _tops(roots, modules, mine, others)
    found = Scope(spoken=spoken())
    chosen: list[nn.Module] = []
    left: list[nn.Module] = []
    for root, top in zip(roots, tops, strict=True):
        own = list(top.parameters())
        forgotten = any(one.requires_grad and id(one) not in others for one in own)
        here = id(root) in fresh
        if any(id(one) in mine for one in own) or (here and forgotten):
            chosen.append(top)
        elif here:
            left.append(top)
    chosen, left = _each(chosen), _each(left)
    if not chosen:  # an optimizer of something else
        chosen, left = left, []
    for number, one in enumerate(chosen):
        name = found.spoken.get(id(one), f"{type(one).__name__}{number + 1}")
        found.models[name if len(chosen) > 1 else ""] = one
    ours = {id(one) for one in found.parameters().values()}
    found.others = {id(one) for root in roots for one in root.parameters()} - ours
    found.notes = [_left_out(one, others, found.spoken) for one in left]
    return found


def _each(modules: list[nn.Module]) -> list[nn.Module]:
    return list({id(one): one for one in modules}.values())


def _left_out(model: nn.Module, others: dict[int, str], spoken: dict[int, str]) -> str:
    name = spoken.get(id(model), f"a {type(model).__name__}")
    own = list(model.parameters())
    kinds = dict.fromkeys(others[id(one)] for one in own if id(one) in others)
    who = f"another optimizer has ({', '.join(kinds)})" if kinds else "require no gradient"
    return f"not listed: {name}, whose {len(own)} parameters {who}"


def _joined(name: str, key: str) -> str:
    key = own(key)  # without torch.compile
    return f"{name}.{key}" if name and key else name or key


def _held(optimizer: Optimizer) -> Iterator[Tensor]:
    for group in getattr(optimizer, "param_groups", ()):
        yield from group["params"]


def alive(kind: type[Any]) -> list[Any]:
    """Return all objects of a kind that there are: a script may keep them anywhere."""
    return [one for one in gc.get_objects() if issubclass(type(one), kind)]


def _unwrapped(module: nn.Module) -> nn.Module:
    while type(module).__name__ in WRAPPERS:
        inner = getattr(module, "_orig_mod", None) or getattr(module, "module", None)
        if not isinstance(inner, nn.Module):
            break
        module = inner
    return module


def _tops(
    roots: list[nn.Module], modules: list[nn.Module], mine: set[int], others: dict[int, str]
) -> list[nn.Module]:
    """Return the module that each stands in, if all that it has besides is trained with it."""
    parents: dict[int, list[nn.Module]] = defaultdict(list)
    for one in modules:
        if type(one).__name__ in WRAPPERS:
            continue
        for inner in vars(one).get("_modules", {}).values():
            if inner is not None:
                parents[id(inner)].append(one)
    used = {id(one) for root in roots for one in root.parameters() if one.requires_grad}
    together = mine | (used - others.keys())

    def climbed(module: nn.Module) -> nn.Module:
        own = {id(one) for one in module.parameters()}
        for parent in parents[id(module)]:
            more = {id(one) for one in parent.parameters()} - own
            if own & mine and more <= together:
                return climbed(parent)
        return module

    return [climbed(root) for root in roots]


def spoken() -> dict[int, str]:
    """Return what the script calls its tensors and modules, by their ``id``."""
    names: dict[int, str] = {}
    for things in _rooms():
        for name, thing in things.items():
            for key, one in _named(name, thing):
                names.setdefault(id(one), key)
        for name, thing in things.items():
            if isinstance(thing, nn.Module):
                for key, parameter in thing.named_parameters():
                    names.setdefault(id(parameter), _joined(name, key))
    return names


def _named(name: str, thing: Any) -> Iterator[tuple[str, Tensor | nn.Module]]:
    """Yield a tensor or a module, or the tensors in a list or dict, with their names."""
    if isinstance(thing, nn.Module | Tensor):
        yield name, thing
    keys: Iterable[Any] = ()
    if isinstance(thing, list | tuple):
        keys = range(len(thing))
    elif isinstance(thing, dict):
        keys = list(thing)
    yield from ((f"{name}[{key!r}]", thing[key]) for key in keys if isinstance(thing[key], Tensor))


def _rooms() -> Iterator[dict[str, Any]]:
    """Yield names and things: of the script, and of its functions that are running."""
    main = vars(sys.modules["__main__"])
    yield {name: one for name, one in main.items() if name[:2] != "__"}
    frame = reader_frame()
    while frame is not None:
        if not passed_over(frame):
            things = {name: one for name, one in frame.f_locals.items() if name[:2] != "__"}
            held = things.pop("self", None)
            yield things
            if held is not None and not isinstance(held, nn.Module):
                yield dict(getattr(held, "__dict__", {}))
        frame = frame.f_back
