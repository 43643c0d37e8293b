"""Who holds a tensor: parameters of a model, and tensors that it holds without registering them."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

# What ``torch.compile`` wraps a module in calls it by this name.
WRAPPED = "_orig_mod"


def own(name: str) -> str:
    """Return the name that a parameter or module has without ``torch.compile``.

    Examples
    --------
    >>> own("_orig_mod.blocks.0._orig_mod.weight"), own("_orig_mod")
    ('blocks.0.weight', '')
    """
    if WRAPPED not in name:
        return name
    return ".".join(part for part in name.split(".") if part != WRAPPED)


def registered(model: nn.Module) -> tuple[dict[str, Tensor], dict[int, list[str]]]:
    """Return the parameters by their first name, and all names of each by its ``id``.

    The names are those of the reader's own model: ``torch.compile`` does not show in them.
    """
    first = {own(name): parameter for name, parameter in model.named_parameters()}
    names: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(own(name))
    return first, names


def held(model: nn.Module) -> dict[int, tuple[str, Tensor]]:
    """Return tensors in attributes, lists and dicts of modules that are no parameters or buffers.

    Examples
    --------
    >>> model = nn.Module()
    >>> model.layers = [nn.Linear(2, 1)]
    >>> sorted(name for name, _ in held(model).values())
    ['layers[0].bias', 'layers[0].weight']
    """
    known = {id(one) for one in (*model.parameters(), *model.buffers())}
    found: dict[int, tuple[str, Tensor]] = {}
    seen: set[int] = set()
    todo: list[tuple[str, Any, bool]] = [("", model, True)]
    while todo:
        name, thing, _ = todo.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, Tensor):
            if id(thing) not in known:
                found[id(thing)] = name, thing
        elif isinstance(thing, nn.Module):
            inside = {**vars(thing), **thing._modules, **thing._parameters}  # noqa: SLF001
            todo += [
                (own(f"{name}.{key}".lstrip(".")), one, True)
                for key, one in inside.items()
                if not key.startswith("_")
            ]
        elif isinstance(thing, list | tuple):
            todo += [(f"{name}[{k}]", one, True) for k, one in enumerate(thing)]
        elif isinstance(thing, dict):
            todo += [(f"{name}[{key!r}]", one, True) for key, one in thing.items()]
    return found


def name_of(leaf: Tensor, model: nn.Module) -> str:
    """Say what a tensor is that the loss reaches and the model does not know."""
    shape = f"of shape {tuple(leaf.shape)}"
    others = held(model)
    if id(leaf) in others:
        return f"{others[id(leaf)][0]} {shape}"
    for name, tensor in others.values():
        if tensor.grad_fn is not None and id(leaf) in _behind(tensor):
            return f"a tensor {shape} from which {name} was computed (by .to() or the like)"
    return f"a tensor {shape}"


def _behind(tensor: Tensor) -> set[int]:
    seen: set[Any] = set()
    found: set[int] = set()
    todo = [tensor.grad_fn]
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.add(id(node.variable))
        todo += [ahead for ahead, _ in node.next_functions]
    return found


def examples_in(inputs: Any) -> int:
    """Return how many examples there are: the length of the first input tensor."""
    from sgdexplained.pytorch.record import tensors

    for tensor in tensors(inputs):
        if tensor.dim():
            return int(tensor.shape[0])
    return 1
