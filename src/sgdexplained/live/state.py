"""What a reader has set up, and how it is written into an address.

The state of a live picture is one text, such as ``x=3,1;t=1;b1=0,4,-1;pick=W1.0.1``. It tells only
what differs from the picture's start, so that it is short enough to send to somebody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby
from math import isfinite

from sgdexplained.contrasts.optimisers import Adagrad, Adam, AdamW, RMSprop
from sgdexplained.layers import MLP
from sgdexplained.sgd import SGD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sgdexplained.sgd import Optimiser

MOST = 1000  # no number of a picture is larger: it would not fit
MOST_STEPS = 200  # all of them are taken again for each picture
MOST_EXAMPLES = 6

# The optimisers that a reader can choose, and how each is made.
OPTIMISERS: dict[str, Callable[[Any, float], Optimiser]] = {
    "SGD": SGD,
    "momentum": lambda parameters, lr: SGD(parameters, lr, momentum=0.9),
    "Nesterov": lambda parameters, lr: SGD(parameters, lr, momentum=0.9, nesterov=True),
    "Adagrad": Adagrad,
    "RMSprop": RMSprop,
    "Adam": Adam,
    "AdamW": AdamW,
}

# The weights of the network with two inputs, three hidden units and one output, in one row.
NAMES = [
    *(f"W1[{j}][{k}]" for j in range(2) for k in range(3)),
    *(f"b1[{k}]" for k in range(3)),
    *(f"W2[{k}][0]" for k in range(3)),
    "b2[0]",
]
START = (1, 1, 2, 1, -2, 0, 0, 1, -1, 1, 2, -1, 0)

Example = tuple[float, float, float]  # two features and the target


@dataclass(frozen=True)
class Taken:
    """The circumstances of one step that was taken."""

    examples: tuple[Example, ...]
    reduction: str
    lr: float


@dataclass(frozen=True)
class State:
    """Everything that a reader can change.

    Attributes
    ----------
    weights : tuple of number
        Of the network as it was before the steps of `past`, in the order of `NAMES`.
    examples : tuple of (number, number, number)
        Two features and the target of each example.
    out : tuple of int
        Places (from 0) of the examples that are left out of the batch.
    at : int
        Place of the example that the reader moves.
    reduction : {"mean", "sum"}
        What the loss does with the examples.
    lr : number
        Learning rate.
    opt : str
        A key of `OPTIMISERS`.
    past : tuple of Taken
        The steps taken since the reader last set a weight by hand.
    show : {"weight", "gradient", "move"}
        What the edges tell.
    pick : str
        The chosen weight or bias.
    closed : tuple of str
        Units (``"unit 2"``) that are shut by hand.
    ahead : tuple of number
        Weights of the four paths of the picture in which paths are closed.
    marks : tuple of str
        Weights that the reader thinks will stay.
    told : bool
        Whether the answer is shown.
    guess : str
        What the reader thinks that the gradient of the chosen weight is, as typed.
    """

    weights: tuple[float, ...] = START
    examples: tuple[Example, ...] = ((1, 2, 1),)
    out: tuple[int, ...] = ()
    at: int = 0
    reduction: str = "mean"
    lr: float = 0.1
    opt: str = "SGD"
    past: tuple[Taken, ...] = ()
    show: str = "gradient"
    pick: str = "W1[0][1]"
    closed: tuple[str, ...] = ()
    ahead: tuple[float, ...] = (3, -1, -2, 1)
    marks: tuple[str, ...] = ()
    told: bool = False
    guess: str = ""

    @property
    def batch(self) -> tuple[Example, ...]:
        """The examples that are in the batch."""
        return tuple(e for i, e in enumerate(self.examples) if i not in self.out)

    def write(self, start: State | None = None) -> str:
        """Write what differs from `start` as a text for an address.

        Examples
        --------
        >>> State().write()
        ''
        >>> State(examples=((3, 0.5, 1),), pick="b1[1]").write()
        'e=3,0.5,1;pick=b1.1'
        """
        start = State() if start is None else start
        fields = self._fields()
        before = start._fields()
        return ";".join(f"{key}={text}" for key, text in fields.items() if text != before[key])

    def _fields(self) -> dict[str, str]:
        return {
            "w": _numbers(self.weights),
            "e": _examples(self.examples),
            "out": _numbers(self.out),
            "at": str(self.at),
            "red": self.reduction,
            "lr": _number(self.lr),
            "opt": self.opt,
            "past": "~".join(
                f"{_examples(one.examples)}!{one.reduction}!{_number(one.lr)}!{len(list(same))}"
                for one, same in groupby(self.past)
            ),
            "show": self.show,
            "pick": _plain(self.pick),
            "closed": ",".join(map(_plain, self.closed)),
            "ahead": _numbers(self.ahead),
            "marks": ",".join(map(_plain, self.marks)),
            "told": str(int(self.told)),
            "guess": self.guess,
        }

    @classmethod
    def read(cls, text: str, start: State | None = None) -> State:
        """Read what :meth:`write` has written.

        Raises
        ------
        ValueError
            If the text names what there is not, or a number is none.

        Examples
        --------
        >>> State.read("e=3,0.5,1;pick=b1.1").examples
        ((3, 0.5, 1),)
        >>> State.read("e=3")
        Traceback (most recent call last):
        ...
        ValueError: the address says e=3, expected examples of three numbers
        """
        state = cls() if start is None else start
        for part in filter(None, text.split(";")):
            key, _, value = part.partition("=")
            if key not in _READ:
                raise ValueError(f"the address says {key!r}, expected one of {', '.join(_READ)}")
            state = replace(state, **_READ[key](value))
        return state.checked()

    def checked(self) -> State:
        """Return this state if everything in it fits together; else raise ``ValueError``."""
        if len(self.weights) != len(NAMES):
            raise ValueError(f"there are {len(self.weights)} weights, expected {len(NAMES)}")
        if len(self.ahead) != 4:
            raise ValueError(f"there are {len(self.ahead)} weights ahead, expected 4")
        if not 0 < len(self.examples) <= MOST_EXAMPLES:
            raise ValueError(
                f"there are {len(self.examples)} examples, expected 1 to {MOST_EXAMPLES}"
            )
        places = range(len(self.examples))
        if self.at not in places or any(one not in places for one in self.out):
            raise ValueError(f"there is no such example, expected a place below {len(places)}")
        if not 0 <= self.lr <= MOST:
            raise ValueError(f"the learning rate is {self.lr}, expected a number from 0 to {MOST}")
        if self.guess:
            fraction_from(self.guess, "your answer")
        if len(self.past) > MOST_STEPS:
            raise ValueError(f"there are {len(self.past)} steps, expected at most {MOST_STEPS}")
        return self


# ## The network of a state


def network(weights: tuple[float, ...]) -> MLP:
    """Return the 2-3-1 network with these weights.

    Examples
    --------
    >>> network(START)([[1, 2]])
    [[Scalar(2)]]
    """
    w = list(weights)
    return MLP([2, 3, 1], init=[([w[0:3], w[3:6]], w[6:9]), ([[a] for a in w[9:12]], w[12:13])])


def numbers_of(net: MLP) -> tuple[float, ...]:
    """Return the weights of a 2-3-1 network in one row."""
    named = net.named_parameters()
    return tuple(named[name].data for name in NAMES)


def optimiser(state: State, net: MLP) -> Optimiser:
    """Return the chosen optimiser, without memory."""
    return OPTIMISERS[state.opt](net.named_parameters(), state.lr)


def inputs(examples: tuple[Example, ...]) -> list[list[Any]]:
    """Return the features of examples, one row each."""
    return [[x1, x2] for x1, x2, _ in examples]


def targets(examples: tuple[Example, ...]) -> list[list[Any]]:
    """Return the targets of examples, one row each."""
    return [[target] for _, _, target in examples]


# ## Numbers as text


def fraction_from(text: str, what: str) -> Fraction:
    """Read a number as people write it: whole, decimal or a fraction.

    Raises
    ------
    ValueError
        If it is none of these.

    Examples
    --------
    >>> fraction_from("−1/4", "the gradient"), fraction_from("0,5", "the gradient")
    (Fraction(-1, 4), Fraction(1, 2))
    >>> fraction_from("a half", "the gradient")
    Traceback (most recent call last):
    ...
    ValueError: the gradient is 'a half', expected a number such as −2, 0.5 or 1/3
    """
    plain = text.strip().replace("−", "-").replace(",", ".")
    # No powers of ten: a short text with one may mean a number that takes hours to write down.
    if not re.fullmatch(r"[-+]?\d{1,9}(\.\d{1,9}|/0*[1-9]\d{0,8})?", plain):
        raise ValueError(f"{what} is {_cut(text)}, expected a number such as −2, 0.5 or 1/3")
    return Fraction(plain)


def number_from(text: str, what: str) -> float:
    """Read a number that somebody typed: whole if it can be.

    Raises
    ------
    ValueError
        If it is no number, or one that is too large.

    Examples
    --------
    >>> number_from("2.50", "the target"), number_from("-0", "the target"), number_from("−1", "b")
    (2.5, 0, -1)
    >>> number_from("two", "the target")
    Traceback (most recent call last):
    ...
    ValueError: the target is 'two', expected a number from -1000 to 1000
    >>> number_from("9" * 400, "the target")
    Traceback (most recent call last):
    ...
    ValueError: the target is '99999999999999999999999999999…', expected a number from -1000 to 1000
    """
    try:
        value = float(text.replace("−", "-").replace(",", "."))
    except ValueError:
        value = float("nan")
    if not isfinite(value) or abs(value) > MOST:
        raise ValueError(f"{what} is {_cut(text)}, expected a number from -{MOST} to {MOST}")
    return int(value) if value == int(value) else value


def _cut(text: str) -> str:
    """Repeat what was given, but not all of a novel."""
    return repr(text if len(text) <= 30 else f"{text[:29]}…")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _numbers(values: tuple[float, ...]) -> str:
    return ",".join(map(_number, values))


def _examples(examples: tuple[Example, ...]) -> str:
    return "/".join(map(_numbers, examples))


def _read_numbers(text: str, what: str) -> tuple[float, ...]:
    return tuple(number_from(part, what) for part in text.split(",")) if text else ()


def _read_examples(text: str) -> tuple[Example, ...]:
    examples = []
    for part in text.split("/"):
        one = _read_numbers(part, "an example")
        if len(one) != 3:
            raise ValueError(f"the address says e={text}, expected examples of three numbers")
        examples.append((one[0], one[1], one[2]))
    return tuple(examples)


def _read_past(text: str) -> tuple[Taken, ...]:
    past: list[Taken] = []
    for part in filter(None, text.split("~")):
        try:
            examples, reduction, lr, count = part.split("!")
            steps = int(count)
        except ValueError:
            raise ValueError(
                f"the address says past={part}, expected examples!reduction!lr!count"
            ) from None
        if not 0 < steps <= MOST_STEPS:
            raise ValueError(f"the address has {steps} steps, expected 1 to {MOST_STEPS}")
        taken = Taken(
            _read_examples(examples),
            _one_of(reduction, "mean", "sum"),
            number_from(lr, "the learning rate"),
        )
        past += [taken] * steps
    return tuple(past)


def _one_of(text: str, *words: str) -> str:
    if text not in words:
        raise ValueError(f"{text!r} is not known, expected one of {', '.join(words)}")
    return text


def _plain(name: str) -> str:
    """Write a name without brackets, which do not belong into an address."""
    return name.replace("[", ".").replace("]", "").replace(" ", "")


def _name(text: str) -> str:
    head, *places = text.split(".")
    return _one_of(head + "".join(f"[{place}]" for place in places), *NAMES)


def _closed(text: str) -> str:
    number = _one_of(text, "unit1", "unit2", "unit3", "unit4")[-1]
    return f"unit {number}"


_READ: dict[str, Callable[[str], dict[str, Any]]] = {
    "w": lambda text: {"weights": _read_numbers(text, "a weight")},
    "e": lambda text: {"examples": _read_examples(text)},
    "out": lambda text: {"out": tuple(int(one) for one in _read_numbers(text, "a place"))},
    "at": lambda text: {"at": int(number_from(text, "a place"))},
    "red": lambda text: {"reduction": _one_of(text, "mean", "sum")},
    "lr": lambda text: {"lr": number_from(text, "the learning rate")},
    "opt": lambda text: {"opt": _one_of(text, *OPTIMISERS)},
    "past": lambda text: {"past": _read_past(text)},
    "show": lambda text: {"show": _one_of(text, "weight", "gradient", "move")},
    "pick": lambda text: {"pick": _name(text)},
    "closed": lambda text: {"closed": tuple(map(_closed, filter(None, text.split(","))))},
    "ahead": lambda text: {"ahead": _read_numbers(text, "a weight ahead")},
    "marks": lambda text: {"marks": tuple(map(_name, filter(None, text.split(","))))},
    "told": lambda text: {"told": text == "1"},
    "guess": lambda text: {"guess": text},
}
