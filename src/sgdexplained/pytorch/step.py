"""What a step of an optimizer does to each entry of each parameter, and why.

Everything is tried on copies, see :mod:`~sgdexplained.pytorch.twin`: the step itself; where an
entry has a gradient and stays, the same step in float64; and, to tell memory and decay from the
gradient, a step with gradients of 0, and one of those without what earlier steps left behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate

import torch
from torch import Tensor, optim

from sgdexplained.pytorch.keep import kept
from sgdexplained.pytorch.twin import (
    ELEMENTWISE,
    SEPARATE,
    Buffers,
    needs_closure,
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

WORDS = (
    "",
    "gradient",
    "memory",
    "decay",
    "memory+decay",
    "own rule",
    "not listed",
    "lr 0",
    "swallowed",
    "held",
    "cleared",
    "never stepped",
    "another optimizer",
    "changed outside",
)
CODE = {word: code for code, word in enumerate(WORDS)}

# How many entries are tried at a time: copies of so many are made, not of the whole model.
AT_A_TIME = 1 << 18


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
    move : Tensor or None
        New value minus old; ``None`` if no entry moves.
    moved : Tensor of bool, or None
        Where it moves; ``None`` likewise.
    reason : Tensor of uint8
        Indices into `WORDS`. 0 where the step has nothing to say: the entry stays and has no
        gradient, or a gradient of 0.
    whole : str
        A word that holds for the whole parameter: ``not listed``, ``lr 0``, ``cleared`` or
        ``never stepped``. Empty if there is none.
    note : str
        A few words more.
    remembered, decayed : Tensor or None
        The move with gradients of 0, with and without memory; ``None`` if nothing would move.
    told_apart : bool
        Whether the move could be split.
    asked : bool
        Whether it requires a gradient.
    exact : Tensor or None
        If entries are swallowed: their step in float64, 0 for the others.
    """

    name: str
    listed: bool
    lr: float | None
    optimizer: str
    gradient: Tensor | None
    reason: Tensor
    dtype: torch.dtype
    move: Tensor | None = None
    moved: Tensor | None = None
    whole: str = ""
    note: str = ""
    remembered: Tensor | None = None
    decayed: Tensor | None = None
    told_apart: bool = True
    exact: Tensor | None = None
    arrived: Tensor | None = None
    asked: bool = True

    def parts(self) -> dict[str, Tensor] | None:
        """Return where the move comes from: gradient, memory and decay, which add up to it.

        ``decay`` is what happens without gradient and without memory, ``memory`` what memory adds
        to that, ``gradient`` what the gradient adds to both. ``None`` if nobody can tell.
        """
        if not self.told_apart or not self.listed:
            return None
        zero = torch.zeros(self.reason.shape, device=self.reason.device)
        move = zero if self.move is None else self.move
        remembered = zero if self.remembered is None else self.remembered
        decayed = zero if self.decayed is None else self.decayed
        return {
            "gradient": move - remembered,
            "memory": remembered - decayed,
            "decay": decayed + 0,
        }

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
            return "It moves up its gradient: the optimiser's rule does that."
        others = [word for word in ("memory", "decay") if float(parts[word][place])]
        outweigh = "outweighs" if len(others) == 1 else "outweigh"
        return f"It moves up its gradient, because {' and '.join(others)} {outweigh} it."

    def numbers(self, place: Place, value: float) -> dict[str, Any]:
        """Return the numbers of one entry: gradient, move, lr, parts, exact step and spacing."""
        parts, exact = self.parts(), _at(self.exact, place)
        return {
            "gradient": _at(None if self.gradient is None else dense(self.gradient), place),
            "move": _at(self.move, place) or 0.0,
            "lr": self.lr,
            "parts": parts and {key: _at(part, place) for key, part in parts.items()},
            "exact": exact,
            "spacing": None if not exact else spacing(value, exact, self.dtype),
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
        buffers = Buffers()
        for portion in _portions(optimizer, mine):
            _try(optimizer, portion, step, buffers)
    for name in parameters:
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


def _portions(optimizer: Optimizer, mine: dict[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    """Yield the optimizer's parameters a few at a time, or all at once if they may be coupled."""
    if type(optimizer) not in SEPARATE:
        names = {id(one): name for name, one in mine.items()}
        others = (one for group in optimizer.param_groups for one in group["params"])
        yield {names.get(id(one), f"other {k}"): one for k, one in enumerate(others)}
        return
    ends = accumulate((one.numel() for one in mine.values()), initial=0)
    portions: dict[int, dict[str, Tensor]] = {}
    for (name, one), end in zip(mine.items(), ends, strict=False):
        portions.setdefault(end // AT_A_TIME, {})[name] = one
    yield from portions.values()


def _try(optimizer: Optimizer, portion: dict[str, Tensor], step: Step, buffers: Buffers) -> None:
    """Fill in the moves of some parameters."""
    if not portion:
        return
    tensors = list(portion.values())
    gradients = [
        step[name].gradient if name in step.of else one.grad for name, one in portion.items()
    ]
    try:
        moves = _moves(optimizer, tensors, gradients, buffers)
    except Exception as error:
        raise RuntimeError(
            f"a step of {type(optimizer).__name__} fails, tried on copies: {error}"
        ) from error
    without = _without(optimizer, tensors, gradients, buffers)
    for k, name in enumerate(portion):
        if name not in step.of:
            continue
        mine = step[name]
        mine.move, mine.moved = moves[k]
        mine.told_apart = without is not None
        if without is not None:
            mine.remembered, mine.decayed = without[k]
        lost = _lost(mine)
        if lost is not None and mine.lr != 0:
            _exactly(optimizer, portion, gradients, k, lost, mine)


def _moves(
    optimizer: Optimizer,
    tensors: list[Tensor],
    gradients: list[Tensor | None],
    buffers: Buffers,
    *,
    state: bool = True,
) -> list[tuple[Tensor | None, Tensor | None]]:
    after = stepped(optimizer, tensors, gradients, state=state, buffers=buffers)
    moves = [difference(new, old) for new, old in zip(after, tensors, strict=True)]
    buffers.release()
    return moves


def _without(
    optimizer: Optimizer,
    tensors: list[Tensor],
    gradients: list[Tensor | None],
    buffers: Buffers,
) -> list[tuple[Tensor | None, Tensor | None]] | None:
    """Return the moves without gradients, with and without memory; ``None`` if nobody can tell."""
    known = type(optimizer) in SEPARATE
    decays = not known or any(
        group.get("weight_decay") or group.get("lambd") for group in optimizer.param_groups
    )
    remembers = not known or any(optimizer.state.get(one) for one in tensors)
    nothing: list[tuple[Tensor | None, Tensor | None]] = [(None, None)] * len(tensors)
    if not decays and not remembers:
        return nothing
    zeros = [None if gradient is None else _zeros(gradient) for gradient in gradients]
    try:
        decayed = remembered = nothing
        if decays:
            decayed = _decoupled(optimizer, tensors) or _moves(
                optimizer, tensors, zeros, buffers, state=False
            )
            remembered = decayed
        if remembers:
            remembered = _moves(optimizer, tensors, zeros, buffers)
    except Exception:  # noqa: BLE001 (an optimizer may refuse to step without gradient or memory)
        return None
    return [(one[0], other[0]) for one, other in zip(remembered, decayed, strict=True)]


def _decoupled(
    optimizer: Optimizer, tensors: list[Tensor]
) -> list[tuple[Tensor | None, Tensor | None]] | None:
    """Return the moves by decay alone of AdamW, which scales a weight; ``None`` for all others."""
    if type(optimizer) is not optim.AdamW:
        return None
    groups = {id(one): group for group in optimizer.param_groups for one in group["params"]}
    moves = []
    for one in tensors:
        group = groups[id(one)]
        if isinstance(group["lr"], Tensor):
            return None
        after = one.detach() * (1 - group["lr"] * group["weight_decay"])
        moves.append(difference(after, one))
    return moves


def _exactly(
    optimizer: Optimizer,
    portion: dict[str, Tensor],
    gradients: list[Tensor | None],
    k: int,
    lost: Tensor,
    mine: StepOf,
) -> None:
    """Take the step once more in float64, for entries that have a gradient and did not move."""
    tensors = list(portion.values())
    one = tensors[k]
    # No number type is finer than float64. Next to 0 its numbers are: what moves a weight of 0 by
    # a little is a step all the same.
    finest = one.dtype == torch.float64
    fine = [other.detach() * 0 for other in tensors] if finest else None
    places = lost.flatten().nonzero().flatten()
    gradient = gradients[k]
    if type(optimizer) in ELEMENTWISE and gradient is not None and not gradient.is_sparse:
        start = None if fine is None else [fine[k]]
        (after,) = stepped(optimizer, [one], [gradient], double=True, values=start, places=places)
    else:
        after = stepped(optimizer, tensors, gradients, double=True, values=fine)[k]
        after = after.flatten()[places]
    value = one.detach().flatten()[places]
    exact = after - (0 if finest else value.double())
    swallowed = nonzero(exact)
    if finest:
        # From 0 a step knows nothing of decay: a larger one may have been taken back.
        swallowed &= exact.abs() <= _spacing(value, exact)
    word = torch.full_like(places, CODE["held"], dtype=torch.uint8)
    word[swallowed] = CODE["swallowed"]
    mine.reason.view(-1)[places] = word
    number = torch.float64 if finest else torch.float32
    mine.exact = torch.zeros(one.shape, dtype=number, device=one.device)
    mine.exact.view(-1)[places] = exact.to(number)


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
            step[name].move, step[name].moved = difference(one.detach(), before[name])
            step[name].told_apart = False
    for name, seen in ever.items():
        moved = step[name].moved
        if moved is not None:
            # Without a gradient at any of the points, only what is remembered is left.
            step[name].reason[moved & ~seen] = CODE["memory"]
    step.notes.append(f"a step of {kind} computes the loss {evaluations} times")


# ## What it means


def _judge(mine: StepOf) -> None:
    """Fill in the reasons of one parameter, where they are not known yet."""
    if not mine.listed:
        mine.whole = "not listed"
    elif mine.lr == 0 and mine.move is None:
        mine.whole = "lr 0"
    asks = None if mine.gradient is None else nonzero(dense(mine.gradient))
    if not mine.listed:
        left_out(mine)
        return
    if mine.whole:
        if asks is not None:
            mine.reason = _times(asks, mine.whole)
        return
    if mine.moved is not None:
        if asks is not None:
            _say(mine, mine.moved & asks, "gradient")
        _without_gradient(mine, mine.moved if asks is None else mine.moved & ~asks)
    if (lost := _lost(mine)) is not None:
        _say(mine, lost, "held")


def left_out(mine: StepOf) -> None:
    """Say of all entries that the optimizer does not have them: no gradient would move them.

    Who freezes a parameter leaves it out of the optimizer, so that is no second mistake.
    """
    if mine.asked:
        mine.reason.fill_(CODE["not listed"])


def _say(mine: StepOf, where: Tensor, word: str) -> None:
    """Write a word where there is none yet."""
    mine.reason += _times(where & ~nonzero(mine.reason), word)


def _without_gradient(mine: StepOf, still: Tensor) -> None:
    """Say why entries move though their gradient is 0, or though there is none."""
    if not some(still):
        return
    none = torch.zeros_like(still)
    memory = decay = none
    if mine.decayed is not None:
        decay = nonzero(mine.decayed)
    if mine.remembered is not None and mine.remembered is not mine.decayed:
        added = mine.remembered - (0 if mine.decayed is None else mine.decayed)
        memory = nonzero(added)
    if mine.gradient is None:
        # Nobody but the optimizer's author knows what it does to a parameter without a gradient.
        decay = none
    words = (
        ("own rule", ~memory & ~decay),
        ("memory", memory & ~decay),
        ("decay", decay & ~memory),
        ("memory+decay", memory & decay),
    )
    for word, where in words:
        if some(still & where):
            _say(mine, still & where, word)


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
    half = after.dtype in {torch.float16, torch.bfloat16}
    number = torch.float32 if half else after.dtype
    before = before.detach()
    move = after.to(number) - before.to(number)
    where = nonzero(move)
    if not bool(move.sum().isfinite()):
        where = (after != before) & ~(after.isnan() & before.isnan())
    return (move, where) if some(where) else (None, None)


def _lost(mine: StepOf) -> Tensor | None:
    """Return where there is a gradient and no move; ``None`` if nowhere."""
    if mine.gradient is None:
        return None
    asks = nonzero(dense(mine.gradient))
    lost = asks if mine.moved is None else asks & ~mine.moved
    return lost if some(lost) else None


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
