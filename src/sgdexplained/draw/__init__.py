"""The shared pictures: a network, a grid of weights, one product, paths, a batch.

Every page of the site draws with these functions, and they draw a network of yours as well:

>>> from sgdexplained import MLP, draw, half_squared_error
>>> net = MLP([2, 3, 1], seed=1)
>>> half_squared_error(net([[1.0, 2.0]]), [[1.0]]).backward()
>>> axes = draw.network(net)

Each function takes a network or plain numbers, draws into `ax` or makes a figure of its own, and
returns the axes. Colours and marks mean the same everywhere; :mod:`sgdexplained.draw.language`
fixes them. This is the only part of the package that needs matplotlib.
"""

try:
    import matplotlib as mpl  # noqa: F401
except ImportError as error:
    raise ImportError(
        'drawing needs matplotlib, which is missing: pip install "sgdexplained[plot]"'
    ) from error

from sgdexplained.draw.curves import bars, curve, point
from sgdexplained.draw.grid import batch_stack, factors, step, weight_grid
from sgdexplained.draw.language import (
    DERIVATIVE,
    GRID,
    INK,
    NEGATIVE,
    POSITIVE,
    SENDER,
    UPSTREAM,
    WIDTH,
    ZERO,
    alt,
    figure,
    number,
    show,
    style,
    title,
)
from sgdexplained.draw.maps import reason_maps
from sgdexplained.draw.network import fits, network, network_data
from sgdexplained.draw.paths import path_list, paths
from sgdexplained.draw.products import products

__all__ = [
    "GRID",
    "INK",
    "NEGATIVE",
    "POSITIVE",
    "SENDER",
    "DERIVATIVE",
    "UPSTREAM",
    "WIDTH",
    "ZERO",
    "alt",
    "bars",
    "batch_stack",
    "curve",
    "factors",
    "figure",
    "fits",
    "network",
    "network_data",
    "number",
    "products",
    "point",
    "path_list",
    "paths",
    "reason_maps",
    "show",
    "step",
    "style",
    "title",
    "weight_grid",
]
