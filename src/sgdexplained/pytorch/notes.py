"""What is said beside the counts of a parameter: each cause at its reason, what explains nothing last."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sgdexplained.pytorch.causes import SAID, WORDS
from sgdexplained.reasons import SAID as COMMON_SAID
from sgdexplained.reasons.codes import ZERO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sgdexplained.reasons import Parameter

NO_GRADIENT = {*ZERO, "padding row", "hook", "op not known", "cleared"}
"""Words for why a gradient is 0, or is not there."""

BY_OTHERS = ("memory+decay", "memory", "decay", "own rule")
"""Words for why an entry moves all the same."""


@dataclass
class Notes:
    """What is to be said of a parameter.

    Attributes
    ----------
    whys : dict of str
        By word: why entries have that reason.
    beside : list of str
        What belongs to no reason.
    noise : list of str
        What is said of gradients that are hardly more than 0.
    """

    whys: dict[str, str] = field(default_factory=dict)
    beside: list[str] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)

    def settle(self, parameter: Parameter) -> None:
        """Give each cause to the reason that it explains: the reason of most entries comes first.

        Examples
        --------
        >>> from sgdexplained.pytorch.causes import CODE
        >>> from sgdexplained.reasons import Parameter
        >>> codes = [CODE["decay"], CODE["shut"]]
        >>> weight = Parameter("w", (2,), [1, 1], [0, 0], [1, 0], codes)
        >>> notes = Notes({"flat": "no label counts", "shut": "relu"}, ["tied"], ["noise"])
        >>> notes.settle(weight)
        >>> weight.whys
        {'shut': 'relu', 'decay': 'the gradient is 0 (no label counts)'}
        >>> weight.note
        'with a shut receiver: relu; with a flat loss: no label counts; tied; noise'
        """
        moving, staying = parameter.split(WORDS)
        counts = staying + Counter({word: moving[word] for word in moving if word != "gradient"})
        whys = dict(sorted(self.whys.items(), key=lambda one: -counts[one[0]]))
        told = {word: why for word, why in whys.items() if word in counts}
        left = {word: why for word, why in whys.items() if word not in counts}
        others = [word for word in BY_OTHERS if moving[word] and word not in told]
        zeros = list(dict.fromkeys(why for word, why in left.items() if word in NO_GRADIENT))
        if others and zeros:
            told.update(dict.fromkeys(others, f"the gradient is 0 ({'; '.join(zeros)})"))
            left = {word: why for word, why in left.items() if word not in NO_GRADIENT}
        parameter.whys = told
        if "not listed" in counts:  # a second mistake
            left = {word: f"no gradient either: {why}" for word, why in left.items()}
        after = [*dict.fromkeys(left.values()), *self.beside, *self.noise]
        parameter.beside = "; ".join(after)
        parameter.note = "; ".join([*_named(whys), *self.beside, *self.noise])


def _named(whys: dict[str, str]) -> list[str]:
    """Return causes; with the reasons that they belong to, if there are several causes."""
    if len(set(whys.values())) < 2:
        return list(whys.values())[:1]
    said = {**COMMON_SAID, **SAID}
    return [f"{said.get(word, word)}: {why}" for word, why in whys.items()]
