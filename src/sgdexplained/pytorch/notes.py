"""What is said beside the counts of a parameter: each cause at its reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sgdexplained.pytorch.causes import PHRASES, WORDS
from sgdexplained.reasons import PHRASES as COMMON_PHRASES
from sgdexplained.reasons.codes import ZERO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sgdexplained.reasons import Parameter

NO_GRADIENT = {*ZERO, "padding row", "hook", "op not known", "cleared", "cut", "not used"}
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

    def told(self, parameter: Parameter) -> tuple[str, dict[str, str], str]:
        """Give each cause to the reason that it explains: the reason of most entries comes first.

        Returns
        -------
        str
            All that is to be said.
        dict of str
            By reason: why entries have it.
        str
            The rest.

        Examples
        --------
        >>> from sgdexplained.pytorch.causes import CODE
        >>> from sgdexplained.reasons import Parameter
        >>> codes = [CODE["decay"], CODE["shut"]]
        >>> weight = Parameter("w", (2,), [1, 1], [0, 0], [1, 0], codes)
        >>> notes = Notes({"flat": "no label counts", "shut": "relu"}, ["tied"], ["noise"])
        >>> for part in notes.told(weight):
        ...     print(part)
        with a shut receiver: relu; with a flat loss: no label counts; tied; noise
        {'shut': 'relu', 'decay': 'the gradient is 0 (no label counts)'}
        tied; noise
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
        if "not listed" in counts:  # a second mistake
            left = {
                word: f"no gradient either: {why}" if word in {"cut", "not used"} else why
                for word, why in left.items()
            }
        after = [*dict.fromkeys(left.values()), *self.beside, *self.noise]
        note = [*_named(whys), *self.beside, *self.noise]
        return "; ".join(note), told, "; ".join(after)


def _named(whys: dict[str, str]) -> list[str]:
    """Return causes; with the reasons that they belong to, if there are several causes."""
    if len(set(whys.values())) < 2:
        return list(whys.values())[:1]
    said = {**COMMON_PHRASES, **PHRASES}
    return [f"{said.get(word, word)}: {why}" for word, why in whys.items()]
