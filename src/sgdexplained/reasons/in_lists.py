"""Why deltas and gradients are 0, of plain numbers in nested lists: no NumPy.

Each layer asks only the one ahead of it, which has its answers ready: so the cost grows with the
depth, not with the number of paths.
"""

from __future__ import annotations

from sgdexplained.reasons.factors import (
    CLOSED,
    FLAT,
    PATHS_CANCEL,
    ROUNDING,
    SATURATED,
    SHUT,
    UNDERFLOW,
    entry_reasons,
    exact_sum,
    zero_code,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sgdexplained.reasons.factors import Factors


def block(layers: list[Factors]) -> None:
    """Set ``blocked`` and ``behind`` of each layer, from the last to the first.

    Examples
    --------
    A unit that is shut, one behind a weight of 0, and one that two paths cancel for.

    >>> from sgdexplained.reasons.factors import WORDS_OF, Factors
    >>> last = Factors([[1], [0], [1]], [[1, 1, 1]], [[1]], [[1]], [[1]], [[2]], [[2]])
    >>> first = Factors(
    ...     [[1, 1, 1]], [[1]], [[-1, 1, 1]], [[0, 1, 1]], [[0, 1, 1]], [[2, 0, 2]], [[0, 0, 2]]
    ... )
    >>> block([first, last])
    >>> [WORDS_OF[bits] for bits in first.blocked[0]]
    [('shut',), ('closed',), ()]
    """
    ahead: Factors | None = None
    flat = [FLAT * (not any(row)) for row in layers[-1].upstream]
    for layer in reversed(layers):
        layer.blocked, layer.behind = [], []
        by_sender = [
            [(m, w) for m, w in enumerate(row) if w != 0] for row in (ahead.weight if ahead else [])
        ]
        for i, deltas in enumerate(layer.deltas):
            behind = [
                0 if u != 0 else FLAT if ahead is None else _behind(ahead, i, by_sender[k])
                for k, u in enumerate(layer.upstream[i])
            ]
            layer.behind.append(behind)
            layer.blocked.append(
                [
                    0
                    if delta != 0
                    else (flat[i] | (0 if g != 0 else SHUT if a == 0 else SHUT | SATURATED) | back)
                    or UNDERFLOW
                    for delta, g, a, back in zip(
                        deltas, layer.derivatives[i], layer.activations[i], behind, strict=True
                    )
                ]
            )
        ahead = layer


def _behind(ahead: Factors, i: int, weights: list[tuple[int, Any]]) -> int:
    """Return the bit that says why nothing came back to a unit, over weights that are not 0."""
    deltas = ahead.deltas[i]
    terms = [w * deltas[m] for m, w in weights if deltas[m] != 0]
    if any(term > 0 for term in terms) and any(term < 0 for term in terms):
        return PATHS_CANCEL if exact_sum(terms) == 0 else ROUNDING
    derivatives, behind = ahead.derivatives[i], ahead.behind[i]
    # One open path is enough to be not closed: then what is wrong is further ahead.
    found = {behind[m] or UNDERFLOW for m, _ in weights if derivatives[m] != 0}
    return next((bit for bit in (PATHS_CANCEL, ROUNDING, FLAT, UNDERFLOW) if bit in found), CLOSED)


def zero_codes(inputs: list[list[Any]], layer: Factors, gradients: Any) -> list[list[int]]:
    """Return for each weight the code of why its gradient is 0; 0 where it is not.

    Parameters
    ----------
    inputs : list of list of number, shape (B, n)
        Activations of the senders; ones for biases.
    layer : Factors
        After :func:`block`.
    gradients : nested list, shape (n, m)
        Of the weights; ``None`` where there is none.
    """
    receivers = list(
        zip(zip(*layer.deltas, strict=True), zip(*layer.blocked, strict=True), strict=True)
    )
    live = [any(deltas) for deltas, _ in receivers]
    codes = []
    for senders, row in zip(zip(*inputs, strict=True), gradients, strict=True):
        active = any(senders)
        codes.append(
            [
                0
                if gradient is None or gradient != 0
                else zero_code(
                    [a * d for a, d in zip(senders, deltas, strict=True)],
                    entry_reasons(senders, deltas, blocked),
                    active and live[k],
                )
                for k, (gradient, (deltas, blocked)) in enumerate(zip(row, receivers, strict=True))
            ]
        )
    return codes


def contributing(inputs: list[list[Any]], layer: Factors) -> list[list[int]]:
    """Return for each weight in how many examples it gets something."""
    columns = list(zip(*layer.deltas, strict=True))
    return [
        [sum(a * d != 0 for a, d in zip(senders, deltas, strict=True)) for deltas in columns]
        for senders in zip(*inputs, strict=True)
    ]
