"""Take a step with a copy of an optimiser, so that the reader's own stays as it was."""

from __future__ import annotations

from copy import deepcopy
from math import isfinite

from sgdexplained.reasons.words import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sgdexplained.sgd import Optimiser

    Moves = dict[int, Any]


def moves(optimiser: Optimiser, *, gradient: bool = True, memory: bool = True) -> Moves:
    """Return how far a step would move each parameter: new value minus old.

    Parameters
    ----------
    optimiser : Optimiser
        Its parameters hold the gradients. Neither it nor they change.
    gradient : bool, default True
        ``False`` steps with gradients of zero instead.
    memory : bool, default True
        ``False`` steps without what was remembered of earlier steps.

    Returns
    -------
    dict
        ``id`` of the parameter: a number, or nested lists for a Tensor.

    Examples
    --------
    >>> from sgdexplained import SGD, Scalar
    >>> w = Scalar(2.0)
    >>> (3 * w).backward()
    >>> optimiser = SGD([w], lr=0.5)
    >>> moves(optimiser)[id(w)], moves(optimiser, gradient=False)[id(w)], w.data
    (-1.5, 0.0, 2.0)
    """
    twin = deepcopy(optimiser)
    if not gradient:
        for parameter in twin.parameters:
            if parameter.grad is not None:
                parameter.grad = 0 * parameter.grad
    if not memory:
        twin.memory = [{} for _ in twin.parameters]
    twin.step()
    return {
        id(mine): _difference(plain(copied.data), plain(mine.data))
        for mine, copied in zip(optimiser.parameters, twin.parameters, strict=True)
    }


def parts(optimiser: Optimiser) -> dict[str, Moves] | None:
    """Split the moves of a step by where they come from.

    ``decay`` is what happens without gradient and without memory, ``memory`` what the memory adds
    to that, ``gradient`` what this step's gradient adds to both. For optimisers that are linear
    (SGD with momentum, Nesterov, decay) there is no other way to split; for the others the parts
    are right in this order.

    Parameters
    ----------
    optimiser : Optimiser
        Its parameters hold the gradients. Neither it nor they change.

    Returns
    -------
    dict or None
        ``{"gradient": ..., "memory": ..., "decay": ...}``, each as from :func:`moves`; ``None``
        if the optimiser cannot step without gradient or memory.
    """
    try:
        decay = moves(optimiser, gradient=False, memory=False)
        remembered = moves(optimiser, gradient=False)
    except ArithmeticError:
        return None
    found = {
        "gradient": _minus(moves(optimiser), remembered),
        "memory": _minus(remembered, decay),
        "decay": decay,
    }
    return found if all(_finite(part) for one in found.values() for part in one.values()) else None


def _minus(some: Moves, others: Moves) -> Moves:
    return {key: _difference(some[key], others[key]) for key in some}


def _difference(after: Any, before: Any) -> Any:
    if isinstance(after, list):
        return [_difference(a, b) for a, b in zip(after, before, strict=True)]
    return after - before


def _finite(numbers: Any) -> bool:
    return all(map(_finite, numbers)) if isinstance(numbers, list) else isfinite(numbers)
