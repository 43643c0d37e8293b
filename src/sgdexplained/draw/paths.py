"""Paths: every chain of weights from an input to an output, and what it carries."""

from __future__ import annotations

from itertools import product
from math import prod

from sgdexplained.draw.curves import bars
from sgdexplained.draw.language import INK, colour_of, number, subscript
from sgdexplained.layers import MLP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from matplotlib.axes import Axes

MOST_PATHS = 24


def path_list(net: MLP, example: int = 0, output: int = 0) -> list[dict[str, Any]]:
    """Return every path of a small network without biases, as plain data.

    Parameters
    ----------
    net : MLP
        A network of relu or linear layers after a forward pass.
    example : int, default 0
        Which row of the batch.
    output : int, default 0
        At which output the paths end.

    Returns
    -------
    list of dict
        ``places``: the units passed, input first, counted from 0. ``product``: input times all
        weights on the way. ``open``: whether every unit on the way is open. ``contribution``: the
        product if open, else 0; all of them add up to the output.

    Raises
    ------
    ValueError
        If the network has biases, has not seen the example, or an activation function that does
        not pass on its input times 0 or 1.

    Examples
    --------
    >>> from sgdexplained import MLP
    >>> net = MLP([1, 2, 1], init=[([[1, -1]], None), ([[2], [3]], None)])
    >>> output = net([[4]])
    >>> for path in path_list(net):
    ...     print(path["places"], path["product"], path["open"], path["contribution"])
    (0, 0, 0) 8 True 8
    (0, 1, 0) -12 False 0
    """
    if any(layer.bias is not None for layer in net.layers):
        raise ValueError("the network has biases, which belong to no path: expected bias=None")
    if any(layer.activation not in (None, "relu") for layer in net.layers):
        raise ValueError("paths add up to the output for relu and linear layers only")
    if net.layers[0].inputs is None or not 0 <= example < len(net.layers[0].inputs):
        raise ValueError(f"the network has not seen example {example}: run a forward pass first")
    inputs = net.layers[0].inputs[example]
    weights = [value for name, value in net.values().items() if name.startswith("W")]
    gates = [layer.derivatives[example] for layer in net.layers]
    found = []
    for way in product(*(range(layer.shape[0]) for layer in net.layers)):
        places = (*way, output)
        factors = [w[j][k] for w, j, k in zip(weights, places, places[1:], strict=False)]
        value = inputs[places[0]] * prod(factors)
        is_open = all(gate[k] != 0 for gate, k in zip(gates, places[1:], strict=True))
        found.append(
            {
                "places": places,
                "product": value,
                "open": is_open,
                "contribution": value if is_open else 0 * value + 0,
            }
        )
    return found


def paths(
    source: MLP | Sequence[Mapping[str, Any]],
    ax: Axes | None = None,
    *,
    example: int = 0,
    total: str = "sum",
) -> Axes:
    """Draw every path as a bar, hollow where it is cut, and their sum.

    Parameters
    ----------
    source : MLP or sequence of dict
        A network (see :func:`path_list`), or paths as plain data with ``product``, ``open`` and
        either ``places`` or a ``name``.
    ax : Axes, optional
        Where to draw; a new figure if not given.
    example : int, default 0
        Which row of the batch.
    total : str, default "sum"
        Name of the last bar.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there are no paths, or more than 24.

    Examples
    --------
    >>> ax = paths(
    ...     [
    ...         {"name": "through r", "product": 2, "open": True},
    ...         {"name": "through q", "product": -1, "open": False},
    ...     ]
    ... )
    >>> [text.get_text() for text in ax.texts]
    ['+2', '−1 cut', '+2']
    """
    listed = path_list(source, example) if isinstance(source, MLP) else list(source)
    if not 0 < len(listed) <= MOST_PATHS:
        raise ValueError(f"there are {len(listed)} paths, expected 1 to {MOST_PATHS}")
    values = [path["product"] for path in listed]
    is_open = [bool(path["open"]) for path in listed]
    names = [path.get("name") or _name(path["places"]) for path in listed]
    carried = sum(value for value, passes in zip(values, is_open, strict=True) if passes)
    texts = [
        number(value, signed=True) + ("" if passes else " cut")
        for value, passes in zip(values, is_open, strict=True)
    ]
    ax = bars(
        [*names, total],
        [*values, carried],
        ax,
        colours=[*(colour_of(value) for value in values), INK],
        hollow=[*(not passes for passes in is_open), False],
        texts=[*texts, number(carried, signed=True)],
    )
    ax.axhline(len(values) - 0.5, color=INK, linewidth=0.8)
    return ax


def _name(places: Sequence[int]) -> str:
    """Return the units on the way, counted from 1: x₁ → 2 → y."""
    return " → ".join([subscript("x", places[0]), *(str(place + 1) for place in places[1:-1]), "y"])
