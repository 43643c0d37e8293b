"""What a step of an optimizer does to each entry of each parameter, and why.

Everything is tried on copies, see :mod:`~sgdexplained.pytorch.twin`: the step itself; where an
entry has a gradient and stays, the same step in float64; and, to tell memory and decay from the
gradient, a step with gradients of 0, and one of those without what earlier steps left behind. What
is only asked of single entries is tried when somebody asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, optim

from sgdexplained.pytorch.causes import CODE, WORDS
from sgdexplained.pytorch.fast import differs, finite, has, is_zero, shared
from sgdexplained.pytorch.keep import kept
from sgdexplained.pytorch.twin import (
    ELEMENTWISE,
    SEPARATE,
    Buffers,
    frozen,
    needs_closure,
    picked,
    stepped,
    without_hooks,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from torch.optim import Optimizer

    Place = tuple[int, ...]
    Gradients = dict[str, Tensor | None]
    Piece = tuple[str, Tensor, slice | None]  # of which parameter, and which of its entries

__all__ = ["CODE", "WORDS", "Step", "StepOf", "skeleton", "take_step"]

PARTS = ("gradient", "memory", "decay")

# How many entries are tried at a time: copies of so many are made, not of the whole model.
AT_A_TIME = 1 << 16
ADDED_AT_A_TIME = 1 << 14


@dataclass
class StepOf:
    """What the step does to one parameter.

    Attributes
    ----------
    name : str
    listed : bool
        Whether the optimizer has it.
    lr : float or None
        The learning rate of its group; ``None`` if the group has none.
    optimizer : str
        The name of the optimizer's class.
    gradient : Tensor or None
        What the optimizer is given.
    arrived : Tensor or None
        In a step of the reader's own: what the backward pass left, if that is known.
    reason : Tensor of uint8
        Indices into `WORDS`. 0 where the step has nothing to say: the entry stays and has no
        gradient, or a gradient of 0.
    whole : str
        A word that holds for the whole parameter: ``not listed``, ``lr 0``, ``cleared`` or
        ``never stepped``. Empty if there is none.
    whys : dict of str
        By word: why entries have that reason.
    beside : list of str
        What belongs to no reason.
    told_apart : bool
        Whether the move could be split.
    asked : bool
        Whether it requires a gradient.
    exact : Tensor or None
        If entries are swallowed: their step in float64, 0 for the others.
    open : bool
        Whether some of its reasons are still to be found.
    rate : float or None
        If entries are swallowed and a step is no more than its gradient times this number: that.
    broken : int
        How many entries with a finite gradient the step makes infinite or NaN.
    again : Again or None
        Takes the step once more when a move is asked for, so that no move need be kept.
    found : dict of (Tensor or None)
        What is kept of the properties `move` (new value minus old; ``None`` if no entry moves),
        `remembered` and `decayed` (the move with gradients of 0, with and without
        memory; ``None`` if nothing would move).
    """

    name: str
    listed: bool
    lr: float | None
    optimizer: str
    gradient: Tensor | None
    reason: Tensor
    dtype: torch.dtype
    whole: str = ""
    told_apart: bool = True
    exact: Tensor | None = None
    arrived: Tensor | None = None
    asked: bool = True
    open: bool = False
    rate: float | None = None
    again: Again | None = None
    found: dict[str, Tensor | None] = field(default_factory=dict)
    broken: int = 0
    whys: dict[str, str] = field(default_factory=dict)
    beside: list[str] = field(default_factory=list)

    @property
    def note(self) -> str:
        """All that is said, in a row."""
        return "; ".join(dict.fromkeys([*self.whys.values(), *self.beside]))

    @property
    def move(self) -> Tensor | None:
        """New value minus old; ``None`` if no entry moves."""
        return self._found("move", lambda again: again.move())

    @property
    def moved(self) -> Tensor | None:
        """Where it moves; ``None`` if nowhere."""
        return None if self.move is None else nonzero(self.move)

    @property
    def remembered(self) -> Tensor | None:
        """The move with gradients of 0; ``None`` if nothing would move."""
        return self._found("remembered", lambda again: again.remembered())

    @property
    def decayed(self) -> Tensor | None:
        """The same without memory."""
        return self._found("decayed", lambda again: again.decayed())

    @property
    def moves_anyway(self) -> bool:
        """Whether an entry may move without a gradient."""
        if self.again is not None:
            return self.again.decays or self.again.remembers
        return self.remembered is not None or self.decayed is not None

    def put(self, **found: Tensor | None) -> None:
        """Set what was found: ``move``, ``remembered`` or ``decayed``."""
        self.found.update(found)

    def _found(self, name: str, make: Callable[[Again], Tensor | None]) -> Tensor | None:
        if name not in self.found:
            self.found[name] = None if self.again is None else make(self.again)
        return self.found[name]

    @property
    def swallows(self) -> bool:
        """Whether steps are too small for the number type."""
        return has(self.reason, CODE["swallowed"])

    def parts(self) -> dict[str, Tensor] | None:
        """Return where the move comes from: gradient, memory and decay, which add up to it.

        ``decay`` is what happens without gradient and without memory, ``memory`` what memory adds
        to that, ``gradient`` what the gradient adds to both. ``None`` if nobody can tell.
        """
        if not self.told_apart or not self.listed:
            return None
        return {key: self.part(key) for key in PARTS}

    def part(self, key: str) -> Tensor:
        """Return one part of the move."""
        zero = torch.zeros(self.reason.shape, device=self.reason.device)
        remembered = zero if self.remembered is None else self.remembered
        if key == "gradient":
            return (zero if self.move is None else self.move) - remembered
        decayed = zero if self.decayed is None else self.decayed
        return remembered - decayed if key == "memory" else decayed + 0

    def uphill(self) -> Tensor | None:
        """Return which entries move up their gradient; ``None`` if none do."""
        if self.move is None or self.gradient is None or self.gradient.is_complex():
            return None
        up = self.move * dense(self.gradient) > 0
        return up if some(up) else None

    def remark(self, place: Place) -> str:
        """Say of an entry that moves up its gradient why it does; nothing of others."""
        up, parts = self.uphill(), self.parts()
        if up is None or not bool(up[place]):
            return ""
        if parts is None or float(parts["gradient"][place]) * float(self.move[place]) > 0:  # type: ignore[index]
            return "It moves up its gradient: the optimizer's rule does that."
        others = [word for word in ("memory", "decay") if float(parts[word][place])]
        outweigh = "outweighs" if len(others) == 1 else "outweigh"
        return f"It moves up its gradient, because {' and '.join(others)} {outweigh} it."

    def numbers(self, place: Place, value: float) -> dict[str, Any]:
        """Return the numbers of one entry: gradient, move, lr, parts, exact step and spacing."""
        parts, exact = self.parts(), _at(self.exact, place)
        if self.rate is not None and int(self.reason[place]) == CODE["swallowed"]:
            exact = self.rate * _at(dense(self.gradient), place)  # type: ignore[arg-type]
        return {
            "gradient": _at(None if self.gradient is None else dense(self.gradient), place),
            "move": _at(self.move, place) or 0.0,
            "lr": self.lr,
            "parts": parts and {key: _at(part, place) for key, part in parts.items()},
            "exact": exact,
            "spacing": spacing(value, exact, self.dtype)
            if exact and self.dtype.is_floating_point
            else None,
        }

    def sentence(self, place: Place, value: float, because: str = "") -> str:
        """Say what the step has to say of one entry; nothing if the gradient says it all.

        Parameters
        ----------
        place : tuple of int
        value : number
            Of the entry, before the step.
        because : str
            Why its gradient is 0, for an entry that moves without one.
        """
        from sgdexplained.pytorch.step_words import sentence

        return sentence(self, place, value, because)


@dataclass
class Step:
    """What the step does to each parameter, by name.

    Attributes
    ----------
    of : dict of StepOf
    notes : list of str
        What concerns the whole step.
    """

    of: dict[str, StepOf]
    notes: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> StepOf:
        return self.of[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.of)


def take_step(
    optimizer: Optimizer,
    parameters: dict[str, Tensor],
    gradients: Gradients,
    evaluate: Callable[[], Tensor] | None = None,
    values: dict[str, Tensor] | None = None,
) -> Step:
    """Return what a step of the optimizer would do, and why; nothing changes.

    Parameters
    ----------
    optimizer : Optimizer
        Any subclass of ``torch.optim.Optimizer``.
    parameters : dict of Tensor
        By name, in the order of the model. Those that the optimizer does not have are *not listed*.
    gradients : dict of (Tensor or None)
        By the same names; dense or sparse.
    evaluate : callable, optional
        Clears the gradients, computes the loss on the model itself, goes backward and returns the
        loss. Asked only by optimizers that need a closure (LBFGS).
    values : dict of Tensor, optional
        Copies of the parameters that nobody will change, if there are any.

    Returns
    -------
    Step

    Raises
    ------
    TypeError
        If the optimizer needs a closure and there is none.
    RuntimeError
        If a step of it fails.

    Examples
    --------
    >>> w = torch.nn.Parameter(torch.ones(3))
    >>> sgd = torch.optim.SGD([w], lr=0.5, weight_decay=0.25)
    >>> step = take_step(sgd, {"w": w}, {"w": torch.tensor([1.0, 0.0, -0.25])})
    >>> [WORDS[code] for code in step["w"].reason]
    ['gradient', 'decay', 'held']
    >>> {key: part.tolist() for key, part in step["w"].parts().items()}["gradient"]
    [-0.5, 0.0, 0.125]
    """
    step = skeleton(optimizer, parameters, gradients)
    mine = {name: one for name, one in parameters.items() if step[name].listed}
    if needs_closure(optimizer):
        _with_closure(optimizer, mine, step, evaluate)
    else:
        if type(optimizer) in ELEMENTWISE:
            _keep_for_later(optimizer, mine, step, values)
        buffers = Buffers()
        left = {name: one for name, one in mine.items() if not _added(optimizer, one, step[name])}
        for portion in _portions(optimizer, left, gradients):
            _try(optimizer, portion, step, buffers)
    for group in optimizer.param_groups if any(one.broken for one in step.of.values()) else ():
        ours = {id(one) for one in group["params"]}
        for name, one in mine.items():
            if step[name].broken and id(one) in ours:
                step[name].beside.append(_told_broken(step[name], group))
    for name in parameters:
        if step[name].open or not step[name].listed:
            _judge(step[name])
    return step


def skeleton(optimizer: Optimizer, parameters: dict[str, Tensor], gradients: Gradients) -> Step:
    """Return a step in which nothing moves yet."""
    listed = {id(one): group for group in optimizer.param_groups for one in group["params"]}
    step = Step({})
    for name, parameter in parameters.items():
        group = listed.get(id(parameter))
        step.of[name] = StepOf(
            name,
            group is not None,
            _rate(group),
            type(optimizer).__name__,
            gradients.get(name),
            torch.zeros(parameter.shape, dtype=torch.uint8, device=parameter.device),
            parameter.dtype,
            asked=parameter.requires_grad,
        )
    step.notes = _notes(optimizer, parameters, step)
    return step


# ## The step, on copies
#
# What is tried together is a portion: parameters, or slices of large ones, so that no copy is
# large and each is still in the processor's cache when it is needed next.


def _portions(
    optimizer: Optimizer, mine: dict[str, Tensor], gradients: Gradients
) -> Iterator[list[Piece]]:
    """Yield the optimizer's parameters a few at a time, or all at once if they may be coupled."""
    if type(optimizer) not in SEPARATE:
        names = {id(one): name for name, one in mine.items()}
        others = (one for group in optimizer.param_groups for one in group["params"])
        yield [(names.get(id(one), f"other {k}"), one, None) for k, one in enumerate(others)]
        return
    room = AT_A_TIME
    portion: list[Piece] = []
    for piece in _pieces(optimizer, mine, gradients):
        _, one, where = piece
        many = one.numel() if where is None else where.stop - where.start
        if portion and many > room:
            yield portion
            room, portion = AT_A_TIME, []
        portion.append(piece)
        room -= many
    if portion:
        yield portion


def _pieces(optimizer: Optimizer, mine: dict[str, Tensor], gradients: Gradients) -> Iterator[Piece]:
    for name, one in mine.items():
        many, gradient = one.numel(), gradients.get(name)
        apart = type(optimizer) in ELEMENTWISE and all(
            part is None or (part.layout == torch.strided and part.is_contiguous())
            for part in (one, gradient)
        )
        if not apart or many <= AT_A_TIME:
            yield name, one, None
            continue
        for start in range(0, many, AT_A_TIME):
            yield name, one, slice(start, min(many, start + AT_A_TIME))


def _keep_for_later(
    optimizer: Optimizer, mine: dict[str, Tensor], step: Step, values: dict[str, Tensor] | None
) -> None:
    """Let the step be taken again, of each parameter alone, after the optimizer has gone on."""
    starts = [
        one.detach().clone() if values is None else values[name] for name, one in mine.items()
    ]
    still, copies = frozen(optimizer, list(mine.values()), starts)
    for name, one in zip(mine, copies, strict=True):
        gradient = step[name].gradient
        if gradient is None or gradient.layout == torch.strided:
            step[name].again = Again(still, one, gradient)


class Again:
    """The step of one parameter, whose entries do not depend on each other.

    Parameters
    ----------
    optimizer : Optimizer
        A frozen one.
    parameter : Tensor
        Of that optimizer.
    gradient : Tensor or None

    Attributes
    ----------
    decays, remembers : bool
        Whether it may move entries that have no gradient, and by what.
    """

    def __init__(self, optimizer: Optimizer, parameter: Tensor, gradient: Tensor | None) -> None:
        self.optimizer, self.parameter, self.gradient = optimizer, parameter, gradient
        group = _group(optimizer, parameter)
        self.decays = bool(group.get("weight_decay") or group.get("lambd"))
        self.remembers = bool(optimizer.state.get(parameter))

    def move(self) -> Tensor | None:
        """Return by how much each entry moves; ``None`` if none does."""
        return self._move(self.gradient)

    def remembered(self) -> Tensor | None:
        """Return the same with gradients of 0."""
        if not self.remembers:
            return self.decayed()
        return None if self.gradient is None else self._move(torch.zeros_like(self.gradient))

    def decayed(self) -> Tensor | None:
        """Return the same without what was remembered."""
        if not self.decays or self.gradient is None:
            return None
        return self._move(torch.zeros_like(self.gradient), state=False)

    def _move(self, gradient: Tensor | None, *, state: bool = True) -> Tensor | None:
        (after,) = stepped(self.optimizer, [self.parameter], [gradient], state=state)
        return difference(after, self.parameter)[0]


def _added(optimizer: Optimizer, one: Tensor, mine: StepOf) -> bool:
    """Fill in the reasons of one parameter if SGD only adds its gradient; return whether it does.

    What has a gradient moves then, or its step is too small for the number type. It is added a part
    at a time, into the same room, so that nothing large is made.
    """
    rate, gradient = _only_adds(optimizer, one, mine.gradient), mine.gradient
    if rate is None or gradient is None:
        return False
    import numpy as np

    swallowed = np.uint8(CODE["swallowed"])
    moved = np.uint8((CODE["gradient"] - CODE["swallowed"]) % 256)  # from one word to the other
    finest = one.dtype == torch.float64  # what does not move then is a longer story
    old, given = one.detach().flatten(), gradient.detach().flatten()
    new, word = torch.empty_like(old[:ADDED_AT_A_TIME]), mine.reason.view(-1).numpy()
    for start in range(0, len(old), ADDED_AT_A_TIME):
        part = slice(start, start + ADDED_AT_A_TIME)
        after = new[: len(old) - start]
        torch.add(old[part], given[part], alpha=rate, out=after)
        asks, moves = given[part].numpy() != 0, after.numpy() != old[part].numpy()
        if not finite(after) or (finest and (asks != moves).any()):
            word[:] = 0
            return False
        # Sums are faster than to write under a mask, and what moves is among what is asked to.
        np.multiply(asks, swallowed, out=word[part])
        word[part] += moves * moved
    mine.rate = None if finest else rate
    return True


def _only_adds(optimizer: Optimizer, one: Tensor, gradient: Tensor | None) -> float | None:
    """Return what SGD multiplies a gradient by, if it adds that in one operation, as on a CPU."""
    rate = _plain(optimizer, one)
    if not rate or gradient is None or gradient.dtype != one.dtype:
        return None
    group = _group(optimizer, one)
    if group["foreach"] or group["fused"] or group["differentiable"]:
        return None
    plain = one.layout == gradient.layout == torch.strided and shared(one) is not None
    return rate if plain and not isinstance(group["lr"], Tensor) else None


def _try(optimizer: Optimizer, portion: list[Piece], step: Step, buffers: Buffers) -> None:
    """Fill in the reasons of some parameters, and the moves that cannot be found later."""
    if not portion:
        return
    whole = [step[name].gradient if name in step.of else one.grad for name, one, _ in portion]
    gradients = [
        one if one is None or one.layout != torch.strided else picked(one, where)
        for one, (_, _, where) in zip(whole, portion, strict=True)
    ]
    try:
        tensors, places = [one for _, one, _ in portion], [where for _, _, where in portion]
        after = stepped(optimizer, tensors, gradients, places=places, buffers=buffers)
    except Exception as error:
        raise RuntimeError(
            f"a step of {type(optimizer).__name__} fails, tried on copies: {error}"
        ) from error
    late = []
    for k, (name, one, where) in enumerate(portion):
        if name not in step.of:
            continue
        mine, gradient, before = step[name], gradients[k], picked(one, where)
        moved, broken = _moved(after[k], before, gradient)
        mine.broken += broken
        asks = None if gradient is None else nonzero(dense(gradient))
        both, lost, still = _compared(asks, moved)
        mine.open |= lost is not None and mine.lr == 0
        if both is not None:
            word = mine.reason if where is None else mine.reason.view(-1)[where]
            word += _times(both, "gradient")
        if mine.again is None:
            mine.put(move=difference(after[k], before)[0])
            late.append((k, still))
        elif still is not None:
            _beside(optimizer, portion[k], after[k], still, mine)
        if lost is not None and mine.lr != 0:
            _exactly(optimizer, portion, gradients, k, lost, mine)
    buffers.release()
    if late:
        _split(optimizer, portion, gradients, late, step, buffers)


def _moved(after: Tensor, before: Tensor, gradient: Tensor | None) -> tuple[Tensor | None, int]:
    """Return where numbers differ, and how many with a finite gradient are not finite any more."""
    moved, broken = differs(after, before), 0
    if not finite(after):
        moved &= ~(after.isnan() & before.isnan())
        bad = moved & ~after.isfinite()
        broken = int((bad if gradient is None else bad & dense(gradient).isfinite()).sum())
    return _any(moved), broken


def _beside(optimizer: Optimizer, piece: Piece, after: Tensor, still: Tensor, mine: StepOf) -> None:
    """Write why entries move though their gradient is 0: only these are looked at."""
    _, one, where = piece
    start = 0 if where is None else where.start
    chosen, local = slice(start, start + still.numel()), slice(None)
    if not _many(still):
        local = still.flatten().nonzero().flatten()
        chosen = local + start
    before = picked(one, chosen)
    # Their gradient is 0, so what moves them is what they would do without one.
    remembered, decayed = _minus(after.flatten()[local], before), None
    if mine.again is not None and mine.again.decays:
        zeros = torch.zeros_like(before)
        (without,) = stepped(optimizer, [one], [zeros], state=False, places=[chosen])
        decayed = _minus(without, before)
    words = torch.zeros(before.shape, dtype=torch.uint8, device=one.device)
    _without_gradient(words, still.flatten()[local], remembered, decayed, given=True)
    mine.reason.view(-1)[chosen] += words


def _split(
    optimizer: Optimizer,
    portion: list[Piece],
    gradients: list[Tensor | None],
    late: list[tuple[int, Tensor | None]],
    step: Step,
    buffers: Buffers,
) -> None:
    """Keep the moves of whole parameters without gradients, and write what they tell."""
    without = _without(optimizer, portion, gradients, buffers)
    for k, still in late:
        mine = step[portion[k][0]]
        mine.told_apart = without is not None
        remembered, decayed = (None, None) if without is None else without[k]
        mine.put(remembered=remembered, decayed=decayed)
        if still is not None:
            given = gradients[k] is not None
            _without_gradient(mine.reason, still, remembered, decayed, given=given)


def _told_broken(mine: StepOf, group: dict[str, Any]) -> str:
    """Say how many entries the step makes infinite or NaN, and of one cause what it is."""
    eps = group.get("eps")
    none = isinstance(eps, float) and eps and not torch.tensor(eps, dtype=mine.dtype)
    kind = str(mine.dtype).removeprefix("torch.")
    why = f", because eps={eps:g} is 0 in {kind}" if none else ""
    return f"the step makes {mine.broken} not finite{why}"


def _without(
    optimizer: Optimizer,
    portion: list[Piece],
    gradients: list[Tensor | None],
    buffers: Buffers,
) -> list[tuple[Tensor | None, Tensor | None]] | None:
    """Return the moves without gradients, with and without memory; ``None`` if nobody can tell."""
    known = type(optimizer) in SEPARATE
    decays = not known or any(
        group.get("weight_decay") or group.get("lambd") for group in optimizer.param_groups
    )
    tensors = [one for _, one, _ in portion]
    remembers = not known or any(optimizer.state.get(one) for one in tensors)
    zeros = [None if one is None else _zeros(one) for one in gradients]

    def moves(*, state: bool) -> list[Tensor | None]:
        after = stepped(optimizer, tensors, zeros, state=state, buffers=buffers)
        found = [difference(new, one)[0] for new, one in zip(after, tensors, strict=True)]
        buffers.release()
        return found

    decayed: list[Tensor | None] = [None] * len(portion)
    try:
        if decays:
            decayed = moves(state=False)
        remembered = moves(state=True) if remembers else decayed
    except Exception:  # noqa: BLE001 (an optimizer may refuse to step without gradient or memory)
        return None
    return list(zip(remembered, decayed, strict=True))


def _exactly(
    optimizer: Optimizer,
    portion: list[Piece],
    gradients: list[Tensor | None],
    k: int,
    lost: Tensor,
    mine: StepOf,
) -> None:
    """Say of entries that have a gradient and did not move whether their step was too small.

    The step is taken once more in float64, unless it is known to be no more than the gradient times
    the learning rate.
    """
    _, one, where = portion[k]
    gradient = gradients[k]
    word = mine.reason if where is None else mine.reason.view(-1)[where]
    # No number type is finer than float64. Next to 0 its numbers are: what moves a weight of 0 by
    # a little is a step all the same.
    finest = one.dtype == torch.float64
    rate = None if finest else _plain(optimizer, one)
    if rate is not None:
        mine.rate = rate
        word += _times(lost, "swallowed")
        return
    alone = type(optimizer) in ELEMENTWISE and gradient is not None and not gradient.is_sparse
    if alone:
        chosen: Any = slice(0, one.numel()) if where is None else where
        given = gradient.flatten()  # type: ignore[union-attr]
        if not _many(lost):
            # Of a few their numbers; of many it is faster to try all.
            few = lost.flatten().nonzero().flatten()
            given, chosen = given[few], few + chosen.start
        start = [torch.zeros_like(one.detach())] if finest else None
        (after,) = stepped(optimizer, [one], [given], double=True, values=start, places=[chosen])
    else:
        tensors = [other for _, other, _ in portion]
        start = [torch.zeros_like(other.detach()) for other in tensors] if finest else None
        after = stepped(optimizer, tensors, gradients, double=True, values=start)[k]
        chosen = lost.flatten().nonzero().flatten()
        after = after.flatten()[chosen.to(after.device)]
    value = picked(one, chosen)
    exact = after if finest else after - value.to(after.device).to(after.dtype)
    swallowed = nonzero(exact).to(one.device)
    if exact.device != one.device:
        exact = exact.float().to(one.device)
    if finest:
        # From 0 a step knows nothing of decay: a larger one may have been taken back.
        swallowed &= exact.abs() <= _spacing(value, exact)
    if mine.exact is None:
        number = exact.dtype if finest or exact.is_complex() else torch.float32
        mine.exact = torch.zeros(one.shape, dtype=number, device=one.device)
    if isinstance(chosen, slice):
        lost = lost.flatten()
        mine.exact.view(-1)[chosen] = torch.where(lost, exact, 0).to(mine.exact.dtype)
        words = _times(lost & swallowed, "swallowed") + _times(lost & ~swallowed, "held")
        mine.reason.view(-1)[chosen] += words
        return
    mine.exact.view(-1)[chosen] = exact.to(mine.exact.dtype)
    words = torch.full(swallowed.shape, CODE["held"], dtype=torch.uint8, device=one.device)
    words[swallowed] = CODE["swallowed"]
    mine.reason.view(-1)[chosen] = words


def _group(optimizer: Optimizer, one: Tensor) -> dict[str, Any]:
    """Return the group that a parameter of an optimizer is in."""
    return next(g for g in optimizer.param_groups if any(one is mine for mine in g["params"]))


def _plain(optimizer: Optimizer, one: Tensor) -> float | None:
    """Return what SGD multiplies a gradient by, if it does nothing else; ``None`` if it does."""
    if type(optimizer) is not optim.SGD:
        return None
    group = _group(optimizer, one)
    if group["momentum"] or group["weight_decay"]:
        return None
    return float(group["lr"]) * (1 if group["maximize"] else -1)


def _many(mask: Tensor) -> bool:
    return bool(mask.sum() * 8 > mask.numel())


def _with_closure(
    optimizer: Optimizer,
    mine: dict[str, Tensor],
    step: Step,
    evaluate: Callable[[], Tensor] | None,
) -> None:
    """Let the optimizer itself step, since only the model can compute its loss; put all back."""
    kind = type(optimizer).__name__
    if evaluate is None:
        raise TypeError(
            f"{kind} needs a closure that computes the loss: hand in your own training step, "
            "step=, in which you call optimizer.step(closure)"
        )
    ever = {name: torch.zeros_like(one, dtype=torch.bool) for name, one in mine.items()}
    evaluations = 0

    def closure() -> Tensor:
        nonlocal evaluations
        evaluations += 1
        with torch.enable_grad():
            loss = evaluate()
        for name, one in mine.items():
            if one.grad is not None:
                ever[name] |= nonzero(dense(one.grad))
        return loss

    with kept(mine, optimizer, stepping=True):
        before = {name: one.detach().clone() for name, one in mine.items()}
        without_hooks(optimizer)(optimizer, closure)
        for name, one in mine.items():
            step[name].put(move=difference(one.detach(), before[name])[0])
            step[name].told_apart = False
            step[name].open = True
    for name, seen in ever.items():
        moved = step[name].moved
        if moved is not None:
            # Without a gradient at any of the points, only what is remembered is left.
            step[name].reason[moved & ~seen] = CODE["memory"]
    step.notes.append(f"a step of {kind} computes the loss {_times_said(evaluations)}")


def _times_said(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


# ## What it means


def _judge(mine: StepOf) -> None:
    """Fill in the reasons of one parameter, where they are not known yet."""
    if not mine.listed:
        mine.whole = "not listed"
    elif mine.lr == 0 and mine.move is None:
        mine.whole = "lr 0"
    if not mine.listed:
        left_out(mine)
        return
    asks = None if mine.gradient is None else nonzero(dense(mine.gradient))
    if mine.whole:
        if asks is not None:
            mine.reason = _times(asks, mine.whole)
        return
    both, lost, still = _compared(asks, mine.moved)
    if both is not None:
        _say(mine, both, "gradient")
    if still is not None:
        # Where one of them is written already, a closure knew better.
        still &= is_zero(mine.reason)
        given = mine.gradient is not None
        _without_gradient(mine.reason, still, mine.remembered, mine.decayed, given=given)
    if lost is not None:
        _say(mine, lost, "held")


def left_out(mine: StepOf) -> None:
    """Say of all entries that the optimizer does not have them: no gradient would move them.

    Who freezes a parameter leaves it out of the optimizer, so that is no second mistake.
    """
    if mine.asked:
        mine.reason.fill_(CODE["not listed"])


def _say(mine: StepOf, where: Tensor, word: str) -> None:
    """Write a word where there is none yet."""
    mine.reason += _times(where & is_zero(mine.reason), word)


def _without_gradient(
    reason: Tensor,
    still: Tensor,
    remembered: Tensor | None,
    decayed: Tensor | None,
    *,
    given: bool,
) -> None:
    """Write why entries move though their gradient is 0, or though there is none."""
    none = torch.zeros_like(still)
    memory = decay = none
    if decayed is not None and given:
        # Without a gradient nobody but the optimizer's author knows what it does to a parameter.
        decay = nonzero(decayed)
    if remembered is not None and remembered is not decayed:
        memory = nonzero(remembered if decayed is None else remembered - decayed)
    words = (
        ("own rule", ~memory & ~decay),
        ("memory", memory & ~decay),
        ("decay", decay & ~memory),
        ("memory+decay", memory & decay),
    )
    for word, where in words:
        if some(still & where):
            reason += _times(still & where, word)


def _notes(optimizer: Optimizer, parameters: dict[str, Tensor], step: Step) -> list[str]:
    """Return what can be said of the optimizer before it steps."""
    ours = {id(one) for one in parameters.values()}
    strangers = [
        one for group in optimizer.param_groups for one in group["params"] if id(one) not in ours
    ]
    notes = []
    if strangers:
        many = len(strangers)
        notes.append(
            f"the optimizer has {many} {'tensor' if many == 1 else 'tensors'} that "
            f"{'is no parameter' if many == 1 else 'are no parameters'} of the model"
        )
    missing = [name for name in step if not step[name].listed]
    if missing and len(missing) == len(parameters):
        notes.append("the optimizer has no parameter of this model")
    hooks = len(optimizer._optimizer_step_pre_hooks) + len(  # noqa: SLF001 (there is no other way)
        optimizer._optimizer_step_post_hooks  # noqa: SLF001
    )
    if hooks:
        told = "1 step hook" if hooks == 1 else f"{hooks} step hooks"
        notes.append(f"the optimizer has {told} of its own, not called here")
    return notes


# ## Numbers


def dense(gradient: Tensor) -> Tensor:
    """Return a gradient as a tensor that has all its entries.

    Examples
    --------
    >>> dense(torch.eye(2).to_sparse()).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return gradient.detach().to_dense() if gradient.layout != torch.strided else gradient.detach()


def _zeros(gradient: Tensor) -> Tensor:
    """Return zeros in the places of a gradient: a lazy optimizer looks at those alone."""
    if not gradient.is_sparse:
        return torch.zeros_like(gradient)
    given = gradient.detach().coalesce()
    zeros = torch.zeros_like(given.values())
    return torch.sparse_coo_tensor(
        given.indices(), zeros, given.shape, is_coalesced=True, check_invariants=False
    )


def nonzero(numbers: Tensor) -> Tensor:
    """Return where a tensor is not 0: true for NaN; ten times faster than to compare with 0."""
    return numbers != 0 if numbers.is_complex() else numbers.to(torch.bool)


def some(mask: Tensor) -> bool:
    """Tell whether any entry of a mask is true: a hundred times faster than to ask a mask that."""
    return bool(mask.numel()) and bool(mask.contiguous().view(torch.uint8).amax())


def difference(after: Tensor, before: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """Return by how much each entry differs, and where; ``None`` twice if nowhere.

    NaN that stays NaN does not differ, nor does infinity that stays infinite.
    """
    move, before = _minus(after, before), before.detach()
    where = nonzero(move)
    if not finite(move):
        where = (after != before) & ~(after.isnan() & before.isnan())
        move = torch.where(where, move, 0)
    return (move, where) if some(where) else (None, None)


def _minus(after: Tensor, before: Tensor) -> Tensor:
    half = after.dtype in {torch.float16, torch.bfloat16}
    number = torch.float32 if half else after.dtype
    return after.to(number) - before.detach().to(number)


def _compared(
    asks: Tensor | None, moved: Tensor | None
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """Return where there is a gradient and a move, only a gradient, only a move; None if nowhere.

    Examples
    --------
    >>> _compared(torch.tensor([True, True]), torch.tensor([True, False]))
    (tensor([ True, False]), tensor([False,  True]), None)
    """
    if asks is None or moved is None:
        return None, _any(asks), _any(moved)
    apart = asks ^ moved
    if not some(apart):  # most often all that is asked to move does
        return asks, None, None
    return _any(asks & moved), _any(asks & apart), _any(moved & apart)


def _any(mask: Tensor | None) -> Tensor | None:
    return mask if mask is not None and some(mask) else None


def _times(mask: Tensor, word: str) -> Tensor:
    """Return the code of a word where a mask is true, 0 elsewhere."""
    return mask.contiguous().view(torch.uint8) * CODE[word]


def spacing(value: float, direction: float, dtype: torch.dtype) -> float:
    """Return how far the next number of a type lies from a value, on one side.

    Examples
    --------
    >>> spacing(1.0, 1.0, torch.bfloat16), spacing(1.0, -1.0, torch.bfloat16)
    (0.0078125, 0.00390625)
    """
    return float(_spacing(torch.tensor(value, dtype=dtype), torch.tensor(direction)))


def _spacing(value: Tensor, direction: Tensor) -> Tensor:
    far = torch.full_like(value, torch.inf).copysign(direction.to(value.dtype))
    return (torch.nextafter(value, far).double() - value.double()).abs()


def _rate(group: dict[str, Any] | None) -> float | None:
    rate = None if group is None else group.get("lr")
    return None if rate is None else float(rate)


def _at(numbers: Tensor | None, place: Place) -> Any:
    return None if numbers is None else numbers[place].item()
