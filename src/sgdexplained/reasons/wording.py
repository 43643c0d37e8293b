"""Numbers, sums and counts in words."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


def number(value: Any) -> str:
    """Write a number in some nine characters at most, exactly if that is short.

    Examples
    --------
    >>> number(3.0), number(0.1 + 0.2), number(Fraction(23, 4)), number(Fraction(99, 625))
    ('3', '0.3', '23/4', '0.1584')
    >>> number(-0.0), number(None), number(12345678), number(123456789)
    ('0', 'none', '12345678', '1.235e+08')
    >>> number(Fraction(1, 99)), number(Fraction(1, 100)), number(12345678.0)
    ('1/99', '0.01', '12345678')
    """
    if value is None:
        return "none"
    if isinstance(value, int | Fraction) or value == value // 1:
        exact = Fraction(value)
        if exact.denominator < 100 and len(str(exact)) < 9:
            return str(exact)
    return f"{float(value):.4g}"


def sum_of(terms: Sequence[Any]) -> str:
    """Write a sum with its signs.

    Examples
    --------
    >>> sum_of([6, -6]), sum_of([-1, 0, 2])
    ('6 - 6', '-1 + 0 + 2')
    """
    first, *others = terms
    return number(first) + "".join(
        f" {'-' if term < 0 else '+'} {number(abs(term))}" for term in others
    )


def minus(text: str) -> str:
    """Write minus signs where a text has hyphens before numbers.

    Examples
    --------
    >>> minus("derivative -2, 6 - 6 = 0, upstream-like, 1e-05")
    'derivative −2, 6 − 6 = 0, upstream-like, 1e−05'
    """
    return re.sub(r"-(?=[ \d])", "−", text)


def counted(count: int) -> str:
    """Write how many there are, with commas from five digits on.

    Examples
    --------
    >>> counted(1101), counted(235146)
    ('1101', '235,146')
    """
    return f"{count:,}" if count > 9999 else str(count)


def listed(counts: Counter[str], said: Mapping[str, str]) -> str:
    """Write counts by reason, the most frequent first.

    Examples
    --------
    >>> from collections import Counter
    >>> listed(Counter({"shut": 1, "flat": 2}), {"shut": "with a shut receiver"})
    '2 flat, 1 with a shut receiver'
    """
    return ", ".join(f"{counted(n)} {said.get(word, word)}" for word, n in counts.most_common())


def causes(counts: Counter[str], said: Mapping[str, str], whys: Mapping[str, str]) -> list[str]:
    """Write counts by reason, the most frequent first, each with its cause.

    Examples
    --------
    >>> from collections import Counter
    >>> counts = Counter({"inactive": 1, "shut": 4, "never together": 2, "flat": 3})
    >>> because = {"shut": "relu in line 3", "never together": "relu in line 3", "flat": "a clamp"}
    >>> for text in causes(counts, {"shut": "with a shut receiver"}, because):
    ...     print(text)
    4 with a shut receiver, 2 never together: relu in line 3
    3 flat: a clamp
    1 inactive
    """
    groups: dict[str, Counter[str]] = {}
    for word, n in counts.most_common():
        groups.setdefault(whys.get(word, ""), Counter())[word] = n
    return [listed(one, said) + (f": {why}" if why else "") for why, one in groups.items()]


def summary(moving: Counter[str], staying: Counter[str], said: Mapping[str, str]) -> str:
    """Say in one sentence how many do not move, and why.

    Examples
    --------
    >>> from collections import Counter
    >>> from sgdexplained.reasons.codes import PHRASES
    >>> def say(moving, staying):
    ...     return summary(Counter(moving), Counter(staying), PHRASES)
    >>> say({"gradient": 13}, {}), say({"gradient": 1}, {"shut": 1})
    ('All 13 move.', '1 of 2 does not move: 1 with a shut receiver.')
    >>> say({"gradient": 1, "memory": 1}, {"inactive": 2})
    '2 of 4 do not move: 2 with an inactive sender; 1 moves, but not by its gradient.'
    >>> say({"decay": 2}, {}), say({"decay": 1, "gradient": 1}, {})
    ('All 2 move, but not by their gradient.', 'All 2 move; 1 moves, but not by its gradient.')
    """
    total = moving.total() + staying.total()
    if staying:
        do = "does" if staying.total() == 1 else "do"
        text = f"{counted(staying.total())} of {counted(total)} {do} not move: "
        text += listed(staying, said)
    else:
        text = f"All {counted(total)} move"
    without = moving.total() - moving["gradient"]
    if without and without == total:
        text += ", but not by their gradient"
    elif without:
        one = without == 1
        text += f"; {counted(without)} {'moves' if one else 'move'}, but not by "
        text += f"{'its' if one else 'their'} gradient"
    return f"{text}."
