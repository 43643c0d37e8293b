"""Why a gradient is zero, read from the factors: which of them is zero, and what made it so."""

from __future__ import annotations

from dataclasses import dataclass

from sgdexplained.layers import values
from sgdexplained.reasons.words import (
    activation_derivative,
    delta,
    plain,
    sender_activation,
    upstream_gradient,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sgdexplained.layers import Linear

# Why an example gives a weight nothing, in the order in which they are told: the sender's factor
# is zero (`silent`), the slope is (`shut`), the upstream signal is (`flat`, `closed`, `routes
# cancel`); or none of them is, and their product is too small for the number type (`rounding`).
REASONS = ("flat", "inactive", "shut", "closed", "paths cancel", "rounding")


@dataclass
class Factors:
    """What a layer multiplied in one pass, in plain numbers, one row an example.

    Attributes
    ----------
    weights : list of list of number, shape (n, m)
        Sender by receiver.
    senders : list of list of number, shape (B, n)
        What was said.
    z, slopes : list of list of number, shape (B, m)
        What the units heard, and φ'(z).
    upstream, deltas : list of list of number, shape (B, m)
        dloss/da and dloss/dz of each example's own loss.
    """

    weights: list[list[Any]]
    senders: list[list[Any]]
    z: list[list[Any]]
    slopes: list[list[Any]]
    upstream: list[list[Any]]
    deltas: list[list[Any]]


def factors_of(layers: list[Linear], scale: int) -> list[Factors]:
    """Return the factors of each layer after a backward pass.

    Parameters
    ----------
    layers : list of Linear
        From the inputs to the outputs.
    scale : int
        What the loss of an example was divided by: B for a mean, 1 for a sum.

    Returns
    -------
    list of Factors
    """
    return [
        Factors(
            plain(values(layer.weight)),
            sender_activation(layer),
            plain(layer.pre_activations),
            activation_derivative(layer),
            [[u * scale for u in row] for row in upstream_gradient(layer)],
            [[d * scale for d in row] for row in delta(layer)],
        )
        for layer in layers
    ]


def receiver_reasons(network: list[Factors], number: int, i: int, k: int) -> tuple[str, ...]:
    """Return why unit k of a layer has no delta in example i; nothing if it has one.

    All that stands in the way is told: as long as one of the reasons holds, the delta is zero.

    Parameters
    ----------
    network : list of Factors
        Of all layers.
    number, i, k : int
        Layer, example and unit, each from 0.

    Returns
    -------
    tuple of str
        Some of ``REASONS``.

    Examples
    --------
    >>> from sgdexplained import MLP, half_squared_error
    >>> def reasons(init, z, target):
    ...     net = MLP([1] + [len(weight[0]) for weight, _ in init], init=init)
    ...     half_squared_error(net([[1], [z]]), [[0] * len(init[-1][0][0]), target]).backward()
    ...     return receiver_reasons(factors_of(net.layers, 2), 0, 1, 0)
    >>> one = ([[1]], [0])
    >>> reasons([one], 2, [1]), reasons([one], 2, [2])
    ((), ('flat',))
    >>> reasons([one, ([[-1]], [0])], 2, [1]), reasons([one, one], -2, [1])
    ((), ('shut',))

    Looking ahead: shut or cut off, cancelling, flat where it leads, and all of that further on.

    >>> reasons([one, ([[-1]], [0]), one], 2, [1]), reasons([one, ([[0]], [0])], 2, [1])
    (('closed',), ('closed',))
    >>> cancelling = [([[1, 1]], [0, 0]), ([[1], [-1]], [0])]
    >>> reasons([one, *cancelling], 2, [1]), reasons([one, one, *cancelling], 2, [1])
    (('paths cancel',), ('paths cancel',))
    >>> reasons([one, ([[1, 0]], [0, 0])], 2, [2, 1])
    ('flat',)
    >>> reasons([one, one], -2, [0]), reasons([one, one, ([[1, 0]], [0, 0])], 2, [2, 1])
    (('flat', 'shut'), ('flat',))
    >>> reasons([one, ([[1e-200]], [0]), ([[1e-200]], [0])], 2, [1])
    ('rounding',)

    Nothing is 0 but the product.

    >>> tiny = Factors([[1]], [[1]], [[1]], slopes=[[1e-200]], upstream=[[1e-200]], deltas=[[0.0]])
    >>> receiver_reasons([tiny], 0, 0, 0)
    ('rounding',)
    """
    layer = network[number]
    if layer.deltas[i][k] != 0:
        return ()
    found = set()
    if all(seed == 0 for seed in network[-1].upstream[i]):
        found.add("flat")
    if layer.slopes[i][k] == 0:
        found.add("shut")
    if layer.upstream[i][k] == 0:
        found.add(_ahead(network, number, i, k))
    return tuple(word for word in REASONS if word in found) or ("rounding",)


def weight_reasons(said: Any, contribution: Any, receiver: tuple[str, ...]) -> tuple[str, ...]:
    """Return why an example gives nothing to a weight whose sender said `said`.

    Examples
    --------
    >>> weight_reasons(2, 6, ()), weight_reasons(0, 0, ()), weight_reasons(2, 0, ("shut",))
    ((), ('inactive',), ('shut',))
    >>> weight_reasons(0, 0, ("flat", "shut")), weight_reasons(1e-200, 0.0, ())
    (('flat', 'inactive', 'shut'), ('rounding',))
    """
    if contribution != 0:
        return ()
    found = {"inactive", *receiver} if said == 0 else set(receiver)
    return tuple(word for word in REASONS if word in found) or ("rounding",)


def _ahead(network: list[Factors], number: int, i: int, k: int) -> str:
    """Return why nothing came back to a unit: ``flat``, ``closed``, ``routes cancel``, ..."""
    if number == len(network) - 1:
        return "flat"
    ahead = network[number + 1]
    terms = returned(network, number, i, k)
    if any(term > 0 for term in terms) and any(term < 0 for term in terms):
        return "paths cancel"
    found = {
        _ahead(network, number + 1, i, m) if ahead.upstream[i][m] == 0 else "rounding"
        for m, w in enumerate(ahead.weights[k])
        if w != 0 and ahead.slopes[i][m] != 0
    }
    # One open route is enough to be not closed: then what is wrong is further ahead.
    for word in ("paths cancel", "flat", "rounding"):
        if word in found:
            return word
    return "closed"


def returned(network: list[Factors], number: int, i: int, k: int) -> list[Any]:
    """Return what each unit of the next layer sent back to unit k: weight times delta.

    Examples
    --------
    >>> ahead = Factors([[0, 0], [2, 3]], [], [], [], [], [[9, 9], [5, 7]])
    >>> returned([ahead, ahead], 0, 1, 1)
    [10, 21]
    """
    ahead = network[number + 1]
    return [w * d for w, d in zip(ahead.weights[k], ahead.deltas[i], strict=True)]


def closing(network: list[Factors], number: int, i: int, k: int) -> set[str]:
    """Return what closes the routes ahead of a unit: ``"shut"`` units, ``"zero"`` weights.

    Parameters
    ----------
    network : list of Factors
        Of all layers.
    number, i, k : int
        Layer, example and unit, each from 0; every route ahead of the unit is closed.

    Returns
    -------
    set of str

    Examples
    --------
    The first unit ahead is cut off by a weight of 0, the second is shut, and so is the one that
    the third leads to.

    >>> ahead = Factors([[9, 9, 9], [0, 1, 1]], [], [], [[9, 9, 9], [1, 0, 1]], [], [])
    >>> after = Factors([[9], [9], [1]], [], [], [[9], [0]], [], [])
    >>> sorted(closing([ahead, ahead, after], 0, 1, 1)), closing([ahead, after], 0, 1, 2)
    (['shut', 'zero'], {'shut'})
    """
    ahead, found = network[number + 1], set()
    for m, w in enumerate(ahead.weights[k]):
        if w == 0:
            found.add("zero")
        elif ahead.slopes[i][m] == 0:
            found.add("shut")
        else:
            found |= closing(network, number + 1, i, m)
    return found


def common(reasons: list[tuple[str, ...]]) -> str:
    """Return the first reason that holds in every example, or ``"mixed"``.

    Examples
    --------
    >>> common([("shut",), ("inactive", "shut")]), common([("shut",), ("inactive",)])
    ('shut', 'mixed')
    """
    return next((word for word in REASONS if all(word in found for found in reasons)), "mixed")
