"""What is known of a parameter as a whole, and of each of its entries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import product
from math import prod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from matplotlib.axes import Axes

    from sgdexplained.reasons.explanation import Explanation

    Place = tuple[int, ...]


def at(numbers: Any, place: Place) -> Any:
    """Return one entry of an array or of nested lists, as a Python number.

    What is no array or list stands for all places.

    Examples
    --------
    >>> at([[1, 2], [3, 4]], (1, 0)), at(7, (1, 0)), at([None, [5]], (0, 3))
    (3, 7, None)
    >>> import numpy as np
    >>> at(np.array([[1.5, 2.5]]), (0, 1))
    2.5
    """
    if hasattr(numbers, "tolist"):
        entry = numbers[place] if numbers.ndim else numbers[()]
        return entry.item() if hasattr(entry, "item") else entry
    for index in place:
        if not isinstance(numbers, list | tuple):
            break
        numbers = numbers[index]
    return numbers


def flat(numbers: Any, count: int) -> list[Any]:
    """Return all entries in a row, `count` of them.

    Examples
    --------
    >>> flat([[1, 2], [3, 4]], 4), flat(7, 3), flat([5], 1)
    ([1, 2, 3, 4], [7, 7, 7], [5])
    """
    if hasattr(numbers, "ravel"):
        row: list[Any] = numbers.ravel().tolist()
        return row if len(row) == count else row * count
    if not isinstance(numbers, list | tuple):
        return [numbers] * count
    row = list(numbers)
    while row and isinstance(row[0], list | tuple):
        row = [entry for part in row for entry in part]
    return row


@dataclass(eq=False)
class Parameter:
    """What one step has to do with one parameter; arrays or nested lists in its shape.

    Attributes
    ----------
    name : str
        As its network calls it.
    shape : tuple of int
        ``()`` for a number.
    value, gradient, move : array, nested lists, number or None
        Before the step; of the loss, ``None`` if there is none; new value minus old, ``None`` if
        the optimiser does not have it.
    reason, zero : array or nested lists of int, or int
        Codes, places in ``WORDS``: why an entry moves or stays; why its gradient is 0. One int
        stands for all entries.
    contributing : array or nested lists of int, int or None
        In how many examples an entry gets something; ``None`` if that is not known.
    parts : mapping or None
        How much of the move comes from ``gradient``, ``memory`` and ``decay``; ``None`` if they
        cannot be told apart.
    whole : bool
        Whether the reason was found for the parameter as a whole, not entry by entry.
    note : str
        A few words for its line in a table.
    whys : mapping of str
        By reason: words of the note that tell why entries have it.
    beside : str
        The rest of the note.
    """

    name: str
    shape: tuple[int, ...]
    value: Any
    gradient: Any
    move: Any
    reason: Any
    zero: Any = 0
    contributing: Any = None
    parts: Mapping[str, Any] | None = None
    whole: bool = False
    note: str = ""
    whys: Mapping[str, str] = field(default_factory=dict)
    beside: str = ""

    def __len__(self) -> int:
        return prod(self.shape)

    def places(self) -> Iterator[Place]:
        """Yield the place of each entry, in order."""
        return product(*map(range, self.shape))

    def place(self, number: int) -> Place:
        """Return the place of an entry, from its number.

        Examples
        --------
        >>> Parameter("W1", (2, 3), 0, 0, 0, 0).place(5)
        (1, 2)
        """
        found = []
        for length in reversed(self.shape):
            number, index = divmod(number, length)
            found.append(index)
        return tuple(reversed(found))

    def split(self, words: Sequence[str]) -> tuple[Counter[str], Counter[str]]:
        """Count by reason the entries that move, and those that stay.

        Examples
        --------
        >>> from sgdexplained.reasons import CODE, WORDS
        >>> codes = [CODE["gradient"], CODE["shut"], CODE["shut"]]
        >>> for part in Parameter("b1", (3,), [1, 1, 1], [2, 0, 0], [-2, 0, 0], codes).split(WORDS):
        ...     print(dict(part))
        {'gradient': 1}
        {'shut': 2}
        """
        if hasattr(self.reason, "ravel") and hasattr(self.move, "ravel"):
            from numpy import bincount  # an array: so NumPy is there

            moving = self.move.ravel() != 0
            codes = self.reason.ravel()
            counted = [
                dict(enumerate(bincount(codes[chosen]).tolist())) for chosen in (moving, ~moving)
            ]
        else:
            pairs = Counter(
                (code, bool(move))
                for code, move in zip(
                    flat(self.reason, len(self)), flat(self.move, len(self)), strict=True
                )
            )
            counted = [
                {code: n for (code, moves), n in pairs.items() if moves is wanted}
                for wanted in (True, False)
            ]
        moves, stays = (
            Counter({words[code]: n for code, n in sorted(part.items()) if n}) for part in counted
        )
        return moves, stays


class Source:
    """Where an explanation gets what it does not keep; each kind of network has its own.

    A method is given the :class:`Parameter` and a place in it, counted from 0.
    """

    receivers_down = False
    """Whether the rows of a weight are its receivers, as in PyTorch."""

    def contributions(self, parameter: Parameter, place: Place) -> list[Any]:  # noqa: ARG002
        """Return what each example gives: the gradient of its own loss."""
        return []

    def reasons(self, parameter: Parameter, place: Place) -> list[tuple[str, ...]]:  # noqa: ARG002
        """Return for each example all that makes its contribution 0."""
        return []

    def factors(self, parameter: Parameter, place: Place) -> list[tuple[Any, Any, Any]]:  # noqa: ARG002
        """Return for each example the three factors of its contribution."""
        return []

    def places(self, parameter: Parameter, place: Place) -> dict[str, list[Any]]:  # noqa: ARG002
        """Return, by name, what each example gives in each place where this entry stands."""
        return {}

    def outside(self, parameter: Parameter, place: Place) -> Any:  # noqa: ARG002
        """Return the part of the gradient that does not come through the outputs."""
        return 0

    def ends(self, parameter: Parameter, place: Place) -> tuple[Any, Any, Any]:  # noqa: ARG002
        """Return layer, sender and receiver, counted from 1, or ``None`` for what there is not."""
        return None, None, None

    def sentence(self, row: Reason) -> str:
        """Return why an entry moves or stays, in words."""
        return f"{'Moves' if row.moves else 'Stays'}: {row.why}."

    def draw(self, explanation: Explanation, ax: Axes | None) -> Axes:
        """Draw the explanation: maps of the weights, coloured by reason."""
        from sgdexplained.draw import reason_maps

        maps = [
            (one.name, one.shape, one.reason)
            for one in explanation.parameters
            if 0 not in one.shape
        ]
        return reason_maps(
            maps,
            explanation.words,
            explanation.said,
            ax=ax,
            receivers_down=self.receivers_down,
        )


class Reason:
    """Why one weight or bias moves or stays.

    Attributes
    ----------
    name : str
        The parameter's, with the place: ``W1[0][2]``, counted from 0 as in Python.
    parameter : Parameter
        What it is an entry of.
    place : tuple of int
        Where it stands in it, counted from 0.
    layer, sender, receiver : int or None
        Its place, counted from 1 as in the sentence; the sender of a bias is ``None``.
    value, gradient, move : number
        Before the step; dL/d(value), ``None`` if there is none; new value minus old.
    moves : bool
        Whether the step changes it at all.
    why : str
        If it moves: ``gradient``; or ``memory``, ``decay``, ``memory+decay`` or ``own rule`` if
        there is no gradient that could move it. If it stays: the word in `zero`; or, if it has a
        gradient, ``lr 0`` (the learning rate is 0), ``swallowed`` (the step is smaller than the
        distance between numbers of this size) or ``held`` (the optimiser does not move it); or
        ``not listed`` (the optimiser does not have it), ``frozen`` (it requires no gradient), ``no
        gradient`` (the loss was not computed from it), and so on as in ``WORDS``.
    zero : str
        Why the gradient is zero: ``flat`` loss, ``inactive`` sender, ``shut`` receiver or
        ``saturated`` (shut, but active), ``closed`` paths ahead, ``paths cancel``, ``examples
        cancel``, ``never together`` (both ends work, but never in the same example), ``mixed`` if
        no single reason holds for all examples, ``rounding`` if what is left of a sum is lost,
        ``underflow`` if a product is too small for its number type. Empty if the gradient is not
        zero.
    contributions : list of number
        The gradient of each example's own loss: their mean (or sum) is the gradient.
    reasons : list of tuple of str
        For each example all that makes its contribution zero; nothing if it is not.
    factors : list of (number, number, number)
        For each example activation of the sender, derivative of the activation and upstream
        gradient: their product is the contribution.
    contributing : int or None
        How many examples contribute.
    places : dict
        Of a number that stands in several places (a tied weight) what each of them contributes, by
        name and example; their sums are the contributions.
    outside : number
        The part of the gradient that does not come through the outputs, but from the loss itself,
        such as that of a penalty; 0 if there is none.
    parts : dict or None
        How much of the move comes from ``gradient``, ``memory`` and ``decay``, which add up to it;
        ``None`` if the optimiser does not have it, or does not let them be told apart. For
        optimisers that are not linear (Adam) what counts is the order: decay alone, then what
        memory adds to it, then what the gradient adds to both.
    note : str
        What else is known of the parameter.
    sentence : str
        All this in words, units counted from 1.
    """

    DATA = (
        *("name", "layer", "sender", "receiver", "value", "gradient", "move", "moves", "why"),
        *("zero", "contributions", "reasons", "factors", "parts", "sentence"),
    )

    def __init__(
        self, parameter: Parameter, place: Place, source: Source, words: Sequence[str]
    ) -> None:
        self.parameter, self.place, self.note = parameter, place, parameter.note
        self._source = source
        self.name = parameter.name + "".join(f"[{index}]" for index in place)
        self.value = at(parameter.value, place)
        self.gradient = at(parameter.gradient, place)
        move = at(parameter.move, place)
        self.move = move or 0
        self.moves = bool(move)
        self.why = words[at(parameter.reason, place)]
        self.zero = words[at(parameter.zero, place)]
        self.parts: dict[str, Any] | None = None
        if parameter.parts is not None and move is not None:
            self.parts = {key: at(part, place) for key, part in parameter.parts.items()}
        self.layer, self.sender, self.receiver = source.ends(parameter, place)

    @cached_property
    def contributions(self) -> list[Any]:
        """What each example gives."""
        return self._source.contributions(self.parameter, self.place)

    @cached_property
    def reasons(self) -> list[tuple[str, ...]]:
        """Why examples give nothing."""
        return self._source.reasons(self.parameter, self.place)

    @cached_property
    def factors(self) -> list[tuple[Any, Any, Any]]:
        """The three factors, example by example."""
        return self._source.factors(self.parameter, self.place)

    @cached_property
    def contributing(self) -> int | None:
        """How many examples contribute."""
        known: int | None = at(self.parameter.contributing, self.place)
        if known is None and self.contributions:
            return len([c for c in self.contributions if c != 0])
        return known

    @cached_property
    def places(self) -> dict[str, list[Any]]:
        """What examples give, place by place."""
        return self._source.places(self.parameter, self.place)

    @cached_property
    def outside(self) -> Any:
        """What the loss gives by itself."""
        return self._source.outside(self.parameter, self.place)

    @cached_property
    def sentence(self) -> str:
        """All this in words."""
        return self._source.sentence(self)

    def to_data(self) -> dict[str, Any]:
        """Return it as a dict of lists, numbers and strings; fractions become strings."""
        data: dict[str, Any] = plain_data({name: getattr(self, name) for name in self.DATA})
        return data

    def __eq__(self, other: object) -> bool:
        told = "name", "value", "gradient", "move", "why", "zero"
        return isinstance(other, Reason) and all(
            getattr(self, name) == getattr(other, name) for name in told
        )

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.sentence}>"


def plain_data(data: Any) -> Any:
    """Return dicts and lists of what JSON knows; a fraction becomes a string.

    Examples
    --------
    >>> plain_data({"move": (Fraction(1, 2), 3)})
    {'move': ['1/2', 3]}
    """
    if isinstance(data, dict):
        return {key: plain_data(part) for key, part in data.items()}
    if isinstance(data, list | tuple):
        return [plain_data(part) for part in data]
    return str(data) if isinstance(data, Fraction) else data
