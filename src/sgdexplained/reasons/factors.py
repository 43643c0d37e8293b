"""What a pass leaves in a layer, and the sets of reasons as bits of one small number.

All that makes the contribution of an example 0 at a receiver is a set of words. As long as one of
them holds the contribution is 0, so all are told. A set is one byte: bit n stands for word n of
``ZERO``. What holds in every example is then the *and* of their bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from sgdexplained.reasons.codes import CODE, ZERO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

PLACES = ZERO[:8]
"""The reasons of a single example."""

FLAT, INACTIVE, SHUT, SATURATED, CLOSED, PATHS_CANCEL, ROUNDING, UNDERFLOW = (
    1 << place for place in range(8)
)


def _words(bits: int) -> tuple[str, ...]:
    # What is saturated is shut as well; the narrower word is told.
    bits &= ~SHUT if bits & SATURATED else ~0
    return tuple(word for place, word in enumerate(PLACES) if bits >> place & 1)


WORDS_OF = tuple(map(_words, range(256)))
"""For each byte the words of its set, in the order in which they are told.

>>> WORDS_OF[FLAT | SHUT], WORDS_OF[SHUT | SATURATED], WORDS_OF[0]
(('flat', 'shut'), ('saturated',), ())
"""

FIRST = tuple(CODE[words[0]] if words else 0 for words in WORDS_OF)
"""For each byte the code of the word that is told; 0 for the empty set."""


@dataclass
class Factors:
    """What a layer multiplied in one pass: arrays or nested lists, one row an example.

    Attributes
    ----------
    weight : shape (n, m)
        Sender by receiver.
    inputs : shape (B, n)
        Activations of the senders.
    pre_activations, activations, derivatives : shape (B, m)
        z, φ(z) and φ'(z). If the activation mixes units, the derivative of each by itself.
    upstream, deltas : shape (B, m)
        dloss/da and dloss/dz of each example's own loss.
    mixes : bool
        Whether the activation of a unit depends on the pre-activations of others.
    blocked : shape (B, m)
        The set of all that makes a delta 0, as bits; 0 where it is not 0.
    behind : shape (B, m)
        Where nothing comes back from ahead, the bit that says why; used on the way back.
    jacobian : callable or None
        Of an activation that mixes units: yields its derivatives, see ``mixing``; used on the
        way back, and then forgotten.
    """

    weight: Any
    inputs: Any
    pre_activations: Any
    activations: Any
    derivatives: Any
    upstream: Any
    deltas: Any
    mixes: bool = False
    blocked: Any = None
    behind: Any = None
    jacobian: Any = None


def column(rows: Any, k: int) -> list[Any]:
    """Return one column of an array or of nested lists, as Python numbers.

    Examples
    --------
    >>> column([[1, 2], [3, 4]], 1)
    [2, 4]
    """
    if hasattr(rows, "tolist"):
        numbers: list[Any] = rows[:, k].tolist()
        return numbers
    return [row[k] for row in rows]


def entry_reasons(
    senders: Iterable[Any], deltas: Iterable[Any], blocked: Iterable[int]
) -> list[int]:
    """Return for each example, as bits, all that makes its contribution to a weight 0.

    Examples
    --------
    >>> entry_reasons([2, 0, 0, 2, 1e-200], [3, 3, 0, 0, 1e-200], [0, 0, SHUT, SHUT, 0])
    [0, 2, 6, 4, 128]
    """
    found = []
    for sender, delta, bits in zip(senders, deltas, blocked, strict=True):
        if sender * delta != 0:
            found.append(0)
        else:
            found.append((bits | INACTIVE if sender == 0 else bits) or UNDERFLOW)
    return found


def zero_code(contributions: list[Any], reasons: list[int], alive: bool) -> int:
    """Return the code of why a gradient is 0, from contributions and reasons of its examples.

    Parameters
    ----------
    contributions : list of number
        Of each example.
    reasons : list of int
        Bits, of each example.
    alive : bool
        Whether the sender is active in some example and the receiver has a delta in some.

    Examples
    --------
    >>> from sgdexplained.reasons.codes import WORDS
    >>> (
    ...     WORDS[zero_code([0, 0], [FLAT | SHUT, SHUT], False)],
    ...     WORDS[zero_code([1, -1], [0, 0], True)],
    ... )
    ('shut', 'examples cancel')
    >>> WORDS[zero_code([0, 0], [SHUT, INACTIVE], True)]
    'never together'
    >>> (
    ...     WORDS[zero_code([0, 0], [SHUT, FLAT], False)],
    ...     WORDS[zero_code([1e16, 1, -1e16], [0] * 3, True)],
    ... )
    ('mixed', 'rounding')
    """
    if any(c > 0 for c in contributions) and any(c < 0 for c in contributions):
        return CODE["examples cancel" if exact_sum(contributions) == 0 else "rounding"]
    if any(contributions):
        return CODE["underflow"]
    common = 255
    for bits in reasons:
        common &= bits
    return FIRST[common] or CODE["never together" if alive else "mixed"]


def exact_sum(numbers: Iterable[Any]) -> Any:
    """Return a sum without the rounding of its parts.

    Examples
    --------
    >>> exact_sum([1e16, 1, -1e16])
    1.0
    """
    from math import fsum

    numbers = list(numbers)
    return fsum(numbers) if any(isinstance(one, float) for one in numbers) else sum(numbers)
