"""What was found out about one step: a row for each entry, made when it is asked for."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from sgdexplained.reasons.codes import PHRASES, WORDS
from sgdexplained.reasons.printing import (
    MOST_PRINTED,
    html_table,
    short_html_table,
    short_table,
    table,
)
from sgdexplained.reasons.rows import Parameter, Reason, Source, plain_data
from sgdexplained.reasons.wording import summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from matplotlib.axes import Axes


class Explanation(Sequence[Reason]):
    """What :func:`explain` found out: a sequence of one :class:`Reason` for each weight and bias.

    It keeps arrays in the shape of each parameter. A row, its factors and its sentence are made
    when somebody asks for them. It prints as a table of at most 80 columns, and a notebook shows it
    as one: a row for each entry of a small network, a line for each parameter of a large one.

    Parameters
    ----------
    parameters : list of Parameter
        In the order of the network.
    loss : number
        Of the batch, before the step.
    examples : int
        Number of examples in the batch.
    reduction : {"mean", "sum"} or None
        What the loss did with them; ``None`` if that is not known.
    source : Source
        Makes what is not kept.
    words : sequence of str
        What the codes of the parameters stand for.
    said : mapping
        How the summary says these words; a word that is not there is said as it is.

    Examples
    --------
    >>> from sgdexplained.reasons import CODE
    >>> codes = [CODE["gradient"], CODE["shut"]]
    >>> bias = Parameter("b1", (2,), [1, 1], [2, 0], [-2, 0], codes)
    >>> step = Explanation([bias], loss=3, examples=1, reduction="sum", source=Source())
    >>> print(step)
    1 of 2 does not move: 1 with a shut receiver.
    <BLANKLINE>
           value  grad   move  why
    b1[0]      1     2     -2  gradient
    b1[1]      1     0  stays  shut
    >>> step[1], step.row("b1", (1,)).why, step.counts()
    (<b1[1]: Stays: shut.>, 'shut', {'b1': {'gradient': 1, 'shut': 1}})
    """

    def __init__(
        self,
        parameters: list[Parameter],
        loss: Any,
        examples: int,
        reduction: str | None,
        source: Source,
        words: Sequence[str] = WORDS,
        said: Mapping[str, str] = PHRASES,
    ) -> None:
        self.parameters, self.loss, self.examples = parameters, loss, examples
        self.reduction, self.source = reduction, source
        self.words, self.said = tuple(words), dict(said)
        self._ends = list(accumulate(len(parameter) for parameter in parameters))

    # ## Rows

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = index + len(self) if index < 0 else index
        if not 0 <= number < len(self):
            expected = f"expected {-len(self)} to {len(self) - 1}" if len(self) else "there is none"
            raise IndexError(f"row {index} of {len(self)}: {expected}")
        which = bisect_right(self._ends, number)
        parameter = self.parameters[which]
        return self._row(parameter, parameter.place(number - self._ends[which] + len(parameter)))

    def __iter__(self) -> Iterator[Reason]:
        return (
            self._row(parameter, place)
            for parameter in self.parameters
            for place in parameter.places()
        )

    def _row(self, parameter: Parameter, place: tuple[int, ...]) -> Reason:
        return Reason(parameter, place, self.source, self.words)

    @property
    def rows(self) -> list[Reason]:
        """All rows: parameter by parameter, weights before biases."""
        return list(self)

    def parameter(self, name: str) -> Parameter:
        """Return what is known of a parameter as a whole.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        known = f"but for example {self.parameters[0].name!r}" if self.parameters else "nor any"
        raise KeyError(f"there is no {name!r}, {known}")

    def row(self, name: str, place: tuple[int, ...] | None = None) -> Reason:
        """Return the row of one weight or bias: ``row("W1[0][2]")`` or ``row("W1", (0, 2))``.

        Raises
        ------
        KeyError
            If there is no parameter of that name, or no such place in it.
        """
        if place is None:
            stem, indices = re.fullmatch(r"(.*?)((?:\[\d+\])*)", name, re.DOTALL).groups()  # type: ignore[union-attr]
            place = tuple(map(int, re.findall(r"\d+", indices)))
        else:
            stem, place = name, tuple(place)
        if all(parameter.name != stem for parameter in self.parameters) and len(self):
            raise KeyError(f"there is no {name!r}, but for example {self[0].name!r}")
        parameter = self.parameter(stem)
        if len(place) != len(parameter.shape) or not all(
            0 <= index < length for index, length in zip(place, parameter.shape, strict=True)
        ):
            raise KeyError(
                f"there is no place {place} in {stem!r}, whose shape is {parameter.shape}"
            )
        return self._row(parameter, place)

    # ## All of it

    def counts(self) -> dict[str, dict[str, int]]:
        """Return for each parameter how many entries move or stay for which reason."""
        found = {}
        for parameter in self.parameters:
            moving, staying = parameter.split(self.words)
            found[parameter.name] = dict(moving + staying)
        return found

    def summary(self) -> str:
        """Return in one sentence how many do not move, and why."""
        moving: Counter[str] = Counter()
        staying: Counter[str] = Counter(dict.fromkeys(self.words, 0))  # ties in their order
        for parameter in self.parameters:
            moves, stays = parameter.split(self.words)
            moving.update(moves)
            staying.update(stays)
        return summary(moving, +staying, self.said)

    def to_data(self, *, rows: bool = True) -> dict[str, Any]:
        """Return everything as dicts, lists, numbers and strings; fractions become strings.

        Parameters
        ----------
        rows : bool, default True
            Whether with all rows. Of a network of a million weights those are a million
            sentences: ``False`` leaves them out, and ``"counts"`` tells the rest.
        """
        data: dict[str, Any] = plain_data(
            {
                "summary": self.summary(),
                "loss": self.loss,
                "examples": self.examples,
                "reduction": self.reduction,
                "counts": self.counts(),
                "notes": {one.name: one.note for one in self.parameters if one.note},
            }
        )
        return data | ({"rows": [row.to_data() for row in self]} if rows else {})

    def draw(self, ax: Axes | None = None) -> Axes:
        """Draw it: a small network with its gradients, or maps of the weights by reason.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        Axes

        Raises
        ------
        ImportError
            If there is no matplotlib.
        """
        from sgdexplained.draw import title

        ax = self.source.draw(self, ax)
        title(ax, self.summary())
        return ax

    def __str__(self) -> str:
        if len(self) > MOST_PRINTED:
            return short_table(self.summary(), self.parameters, self.words, self.said)
        return table(self.summary(), self)

    def _repr_html_(self) -> str:
        if len(self) > MOST_PRINTED:
            return short_html_table(self.summary(), self.parameters, self.words, self.said)
        return html_table(self.summary(), self)

    def __repr__(self) -> str:
        return f"<Explanation: {self.summary()}>"
