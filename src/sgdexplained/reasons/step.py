"""Take a step with a copy of an optimiser, so that the reader's own stays as it was."""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from math import isfinite

from sgdexplained.reasons.codes import CODE
from sgdexplained.scalar import Scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
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
        ``id`` of the parameter: a number, or an array for a Tensor.

    Examples
    --------
    >>> from sgdexplained import SGD, Scalar
    >>> w = Scalar(2.0)
    >>> (3 * w).backward()
    >>> optimiser = SGD([w], lr=0.5)
    >>> moves(optimiser)[id(w)], moves(optimiser, gradient=False)[id(w)], w.data
    (-1.5, 0.0, 2.0)
    """
    twin = _stepped(optimiser, gradient=gradient, memory=memory)
    found = {}
    for mine, copied in zip(optimiser.parameters, twin.parameters, strict=True):
        moved = copied.data
        moved -= mine.data  # of an array in its place, which nobody else needs any more
        found[id(mine)] = moved
    return found


def _stepped(
    optimiser: Optimiser,
    *,
    gradient: bool = True,
    memory: bool = True,
    data: Callable[[Any], Any] | None = None,
) -> Optimiser:
    """Return a copy after its step; `data` makes of each value what the copy's parameter holds."""
    memo: dict[int, Any] = {}
    for parameter in optimiser.parameters:
        if parameter.__class__ is Scalar:  # as deepcopy would, in a tenth of the time
            memo[id(parameter)] = copied = Scalar(parameter.data)
            copied.grad = parameter.grad
        elif not gradient and parameter.grad is not None:  # instead of a copy
            memo[id(parameter.grad)] = 0 * parameter.grad
    if not memory:
        memo[id(optimiser.memory)] = [{} for _ in optimiser.parameters]
    twin = deepcopy(optimiser, memo)
    for parameter in twin.parameters:
        if not gradient and parameter.__class__ is Scalar and parameter.grad is not None:
            parameter.grad = 0 * parameter.grad
        if data is not None:
            parameter.data = data(parameter.data)
    twin.step()
    return twin


def parts(optimiser: Optimiser, moved: Moves) -> dict[str, Moves] | None:
    """Split the moves of a step by where they come from.

    ``decay`` is what happens without gradient and without memory, ``memory`` what the memory adds
    to that, ``gradient`` what this step's gradient adds to both. For optimisers that are linear
    (SGD with momentum, Nesterov, decay) there is no other way to split; for the others the parts
    are right in this order.

    Parameters
    ----------
    optimiser : Optimiser
        Its parameters hold the gradients. Neither it nor they change.
    moved : dict
        All of the step, from :func:`moves`.

    Returns
    -------
    dict or None
        ``{"gradient": ..., "memory": ..., "decay": ...}``, each as from :func:`moves`; ``None``
        if the optimiser cannot step without gradient or memory.
    """
    try:
        decay = moves(optimiser, gradient=False, memory=False)
        remembers = any(optimiser.memory)
        remembered = moves(optimiser, gradient=False) if remembers else decay
    except ArithmeticError:
        return None
    found = {
        "gradient": {key: moved[key] - remembered[key] for key in moved},
        "memory": {key: remembered[key] - decay[key] if remembers else 0 for key in moved},
        "decay": decay,
    }
    return found if all(_finite(part) for one in found.values() for part in one.values()) else None


def _finite(numbers: Any) -> bool:
    if not hasattr(numbers, "shape"):
        return isfinite(numbers)
    if numbers.dtype == object:
        return all(map(isfinite, numbers.ravel()))
    from numpy import isfinite as each

    return bool(each(numbers).all())


# ## How far a step would have gone
#
# A step can be too small to change a number: then the new value is the old one, and nothing can be
# read from their difference. So a copy steps values that note what is taken from them.


def steps(optimiser: Optimiser) -> Moves:
    """Return what a step adds to each parameter, before the sum is rounded.

    Returns
    -------
    dict
        ``id`` of the parameter: as from :func:`moves`; left out if the optimiser does not add to
        the value it finds.

    Examples
    --------
    >>> from sgdexplained import SGD, Scalar
    >>> w = Scalar(1.0)
    >>> (4 * w).backward()
    >>> optimiser = SGD([w], lr=1e-20)
    >>> moves(optimiser)[id(w)], steps(optimiser)[id(w)]
    (0.0, -4e-20)
    """
    try:
        twin = _stepped(optimiser, data=_noting)
    except ArithmeticError:
        return {}
    return {
        id(mine): copied.data.taken
        for mine, copied in zip(optimiser.parameters, twin.parameters, strict=True)
        if getattr(copied.data, "taken", None) is not None
    }


class _Noting(float):
    """A float that notes what was added to it."""

    taken: Any

    def __sub__(self, other: Any) -> Any:
        return _noted(float(self) - other, self.taken - other)

    def __add__(self, other: Any) -> Any:
        return _noted(float(self) + other, self.taken + other)


def _noted(value: Any, taken: Any) -> Any:
    noting = _Noting(value)
    noting.taken = taken
    return noting


def _noting(data: Any) -> Any:
    if not hasattr(data, "shape"):
        return _noted(data, 0) if isinstance(data, int | float) else data
    if data.dtype == object:
        return data
    from sgdexplained.reasons.noting import NotingArray

    return NotingArray.of(data)


class Step:
    """One step of an optimiser: how far each parameter moves, and from what.

    Parameters
    ----------
    optimiser : Optimiser
        Its parameters hold the gradients. Neither it nor they change.
    frozen : set of int
        ``id`` of the parameters that require no gradient.

    Attributes
    ----------
    moves : dict
        As from :func:`moves`.
    parts : dict or None
        As from :func:`parts`.
    """

    def __init__(self, optimiser: Optimiser, frozen: set[int]) -> None:
        self.optimiser, self.frozen = optimiser, frozen
        self.moves = moves(optimiser)
        self.parts = parts(optimiser, self.moves)

    @cached_property
    def steps(self) -> Moves:
        """As from :func:`steps`: only asked for if something is held."""
        return steps(self.optimiser)

    def parts_of(self, parameter: Any) -> dict[str, Any] | None:
        """Return the parts of the move of one parameter."""
        key = id(parameter)
        if self.parts is None or key not in self.moves:
            return None
        return {name: part[key] for name, part in self.parts.items()}

    def reason(self, parameter: Any, gradient: Any, move: Any, zero: int) -> int:
        """Return the code of why a number moves or stays; `zero` is that of why its gradient is 0.

        Examples
        --------
        >>> from sgdexplained import SGD, Scalar
        >>> from sgdexplained.reasons.codes import CODE, WORDS
        >>> w, other = Scalar(1.0), Scalar(1.0)
        >>> (3 * w + other).backward()
        >>> step = Step(SGD([w], lr=1e-20), frozen=set())
        >>> WORDS[step.reason(w, 3.0, 0.0, 0)], WORDS[step.reason(other, 1.0, None, 0)]
        ('swallowed', 'not listed')
        >>> WORDS[step.reason(w, 0.0, 0.0, CODE["shut"])], WORDS[step.reason(w, 3.0, -1.0, 0)]
        ('shut', 'gradient')
        """
        if move is None:
            return CODE["frozen" if id(parameter) in self.frozen else "not listed"]
        if gradient is None:
            if move:
                return CODE["own rule"]
            return CODE["frozen" if id(parameter) in self.frozen else "no gradient"]
        if not move:
            return zero or self.held(self.steps.get(id(parameter)))
        if gradient != 0:
            return CODE["gradient"]
        own = self.parts_of(parameter)
        words = [word for word in ("memory", "decay") if own and own[word]]
        return CODE["+".join(words) or "memory"]

    def held(self, step: Any) -> int:
        """Return the code of why a number with a gradient stays, from its unrounded step."""
        if step:
            return CODE["swallowed"]
        return CODE["lr 0" if getattr(self.optimiser, "lr", None) == 0 else "held"]
