"""What the step has to say of one entry, in a sentence."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sgdexplained.pytorch.step import StepOf


def sentence(step: StepOf, place: tuple[int, ...], value: float, because: str = "") -> str:
    """Return the sentence; empty if the gradient says it all.

    Examples
    --------
    >>> import torch
    >>> from sgdexplained.pytorch.step import take_step
    >>> w = torch.nn.Parameter(torch.ones(2, dtype=torch.bfloat16))
    >>> gradient = torch.tensor([0.5, 0.0], dtype=torch.bfloat16)
    >>> sgd = torch.optim.SGD([w], lr=1e-4)
    >>> step = take_step(sgd, {"w": w}, {"w": gradient})
    >>> step["w"].sentence((0,), 1.0)
    'Stays: its step of -5e-05 is swallowed, because bfloat16 numbers next to 1 lie 0.003906 apart.'
    >>> step["w"].sentence((1,), 1.0)
    ''
    """
    from sgdexplained.pytorch.step import WORDS, dense

    word = WORDS[int(step.reason[place])]
    numbers = step.numbers(place, value)
    gradient = _number(numbers["gradient"])
    why = step.whys.get(word, because)
    apart = f" ({why})" if why else ""
    moved = _said(numbers["parts"]) or _number(numbers["move"])
    none = numbers["gradient"] is None
    otherwise = f"Moves {'without a gradient' if none else 'although its gradient is 0'}{apart}"
    told = f": {step.whys[word]}" if word in step.whys else ""
    of = "" if step.arrived is None else f" of {_number(dense(step.arrived)[place].item())}"
    said = {
        "memory": f"{otherwise}: {moved}.",
        "decay": f"{otherwise}: {moved}.",
        "memory+decay": f"{otherwise}: {moved}.",
        "own rule": f"{otherwise}: {_number(numbers['move'])} by the rule of {step.optimizer}.",
        "not listed": f"Stays: it is not among the optimizer's parameters; "
        f"{_its(numbers['gradient'], because)}.",
        "lr 0": f"Stays: the learning rate is 0; its gradient is {gradient}.",
        "swallowed": _swallowed(step, numbers, value),
        "held": f"Stays: {step.optimizer} does not move it; its gradient is {gradient}.",
        "cleared": f"Stays: its gradient{of} was lost before the step{told}.",
        "never stepped": f"Stays: the optimizer was not asked to step; its gradient is {gradient}.",
        "another optimizer": f"Moves by {_number(numbers['move'])}: not by this optimizer.",
        "paths cancel": f"Stays: its gradient is 0{told}.",
        "no gradient": f"Stays: its gradient is 0{told}." if not none else "",
        "changed outside": f"Stays: {why}; its gradient is {gradient}."
        if not numbers["move"]
        else f"Moves by {_number(numbers['move'])}: not by an optimizer.",
    }
    return said.get(word, "")


def _its(gradient: Any, because: str) -> str:
    """Say what its gradient is, and of one that is 0 or is not there also why."""
    why = f" ({because})" if because else ""
    if gradient is None:
        return f"it has no gradient{why}"
    return f"its gradient is {_number(gradient)}{why}"


def _swallowed(step: StepOf, numbers: dict[str, Any], value: float) -> str:
    if not numbers["exact"]:
        return ""
    kind = str(step.dtype).removeprefix("torch.")
    if numbers["spacing"] is None or abs(numbers["exact"]) > numbers["spacing"]:
        return f"Stays: its step of {_number(numbers['exact'])} is lost in the rounding of {kind}."
    return (
        f"Stays: its step of {_number(numbers['exact'])} is swallowed, because {kind} numbers "
        f"next to {_number(value)} lie {_number(numbers['spacing'])} apart."
    )


def _said(parts: dict[str, float] | None) -> str:
    """Say the parts of a move that are not 0, or nothing if there are none.

    Examples
    --------
    >>> _said({"gradient": 0.0, "memory": -0.25, "decay": 1.0})
    '-0.25 memory, 1 decay'
    """
    return ", ".join(f"{_number(part)} {word}" for word, part in (parts or {}).items() if part)


def _number(value: Any) -> str:
    from sgdexplained.reasons.wording import number

    return number(value)
