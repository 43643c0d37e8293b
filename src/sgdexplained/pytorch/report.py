"""The explanation of a PyTorch model: the common one, and notes about the whole."""

from __future__ import annotations

from collections import Counter
from html import escape
from textwrap import wrap
from typing import Any

from sgdexplained.pytorch.causes import PHRASES, WORDS
from sgdexplained.pytorch.names import own
from sgdexplained.reasons import PHRASES as COMMON_PHRASES
from sgdexplained.reasons.explanation import Explanation
from sgdexplained.reasons.printing import WIDTH, short_html_table, short_table
from sgdexplained.reasons.wording import counted, summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sgdexplained.reasons import Parameter, Reason, Source


# Moves that are neither this step's gradient nor its absence, and how the summary says them.
BESIDE = {
    "not finite": "with a gradient that is not finite",
    "another optimizer": "moved by another optimizer",
    "changed outside": "changed outside the optimizer",
}


class ModelExplanation(Explanation):
    """What :func:`sgdexplained.explain` found out about a step of a PyTorch model.

    It prints one line for each parameter, then what is to be said of the whole.

    Attributes
    ----------
    notes : list of str
        What concerns no single parameter: the loss, tensors that nobody listed, buffers that the
        forward pass changed, the reader's own step.
    """

    def __init__(
        self,
        parameters: list[Parameter],
        loss: float,
        examples: int,
        source: Source,
        notes: list[str],
    ) -> None:
        said = {**COMMON_PHRASES, **PHRASES}
        super().__init__(parameters, loss, examples, "sum", source, words=WORDS, said=said)
        self.notes = notes

    def parameter(self, name: str) -> Parameter:
        """Return what is known of a parameter as a whole; a compiled model's name will do as well.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        return super().parameter(own(name))

    def row(self, name: str, place: tuple[int, ...] | None = None) -> Reason:
        """Return the row of one entry; a compiled model's name will do as well.

        Raises
        ------
        KeyError
            If there is no parameter of that name, or no such place in it.
        """
        return super().row(own(name), place)

    def summary(self) -> str:
        """Return in one sentence how many do not move, and why."""
        moving: Counter[str] = Counter()
        staying: Counter[str] = Counter(dict.fromkeys(self.words, 0))
        for parameter in self.parameters:
            moves, stays = parameter.split(self.words)
            moving.update(moves)
            staying.update(stays)
        # What moves by something else than this step is told apart.
        others = {word: moving.pop(word) for word in BESIDE if moving[word]}
        moving["gradient"] += sum(others.values())
        text = summary(moving, +staying, self.said)
        for word, count in others.items():
            text = f"{text[:-1]}; {counted(count)} {BESIDE[word]}."
        return text

    def to_data(self, *, rows: bool = False) -> dict[str, Any]:
        """Return everything as dicts, lists, numbers and strings.

        Parameters
        ----------
        rows : bool, default False
            Whether with a row for each entry: a model has many.
        """
        data = super().to_data(rows=rows)
        return {**data, "about": list(self.notes)}

    def __str__(self) -> str:
        text = short_table(self.summary(), self.parameters, self.words, self.said)
        for note in self.notes:
            text += "\n" + "\n".join(wrap(f"* {note}", WIDTH, subsequent_indent="  "))
        return text

    def _repr_html_(self) -> str:
        table = short_html_table(self.summary(), self.parameters, self.words, self.said)
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return table + (f"<ul>{notes}</ul>" if notes else "")
