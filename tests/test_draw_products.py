"""The lines of factors show what the engine multiplies."""

import matplotlib as mpl

mpl.use("agg")

import pytest

from sgdexplained import MLP, half_squared_error
from sgdexplained.draw import number, products
from sgdexplained.reasons import activation_derivative, sender_activation, upstream_gradient


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_last_cell_of_each_line_is_the_gradient_of_the_engine():
    net = MLP([2, 3, 1], init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])])
    half_squared_error(net([[1, 2]]), [[1]]).backward()
    layer = net.layers[0]
    [said], [slopes], [signals] = (
        sender_activation(layer),
        activation_derivative(layer),
        upstream_gradient(layer),
    )
    lines = [(f"{j} to {k}", said[j], slopes[k], signals[k]) for j in range(2) for k in range(3)]
    drawn = texts(products(lines))
    gradients = [number(g, signed=True) for row in net.gradients()["W1"] for g in row]
    assert drawn[4 + 7 :: 8] == gradients


def test_a_zero_is_written_without_its_sign():
    assert texts(products([("w", 0, 1, -3.0)]))[-1] == "0"


def test_zeros_are_hatched_and_nothing_else_is():
    ax = products([("w", 2, 0, 5)])
    assert sum(bool(patch.get_hatch()) for patch in ax.patches) == 2


@pytest.mark.parametrize("count", [0, 13])
def test_lines_that_nobody_could_read_are_refused(count):
    with pytest.raises(ValueError, match=f"there are {count} lines"):
        products([("w", 1, 1, 1)] * count)
