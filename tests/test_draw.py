"""The pictures: what they say, and that it can be read."""

import subprocess
import sys
from fractions import Fraction
from functools import cache
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

from sgdexplained import MLP, SGD, Tensor, draw, half_squared_error
from sgdexplained.draw import language

ROOT = Path(__file__).parent.parent
BENCH = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
PATHS = [([[1, -1], [1, 2]], None), ([[2, 1], [-1, -2]], None), ([[1], [3]], None)]
PHONE = 358  # pixels that a phone 390 pixels wide leaves for a figure


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def bench(inputs=((1, 2),), targets=((1,),), node=None, **options):
    options = {"init": BENCH} | ({} if node is None else {"node": node}) | options
    net = MLP([2, 3, 1], **options)
    half_squared_error(net([list(x) for x in inputs]), [list(t) for t in targets]).backward()
    return net


def path_net():
    net = MLP([2, 2, 2, 1], init=PATHS)
    half_squared_error(net([[1, 2]]), [[1]]).backward()
    return net


def texts(ax):
    return [text.get_text() for text in ax.texts]


def boxes(ax):
    """Give each text's extent, without the descent that numbers do not use."""
    ax.figure.draw_without_rendering()
    return {
        (text.get_text(), number): text.get_window_extent()
        for number, text in enumerate(ax.texts)
        if text.get_text().strip()
    }


PICTURES = {
    "2-3-1": lambda: draw.network(bench(), notes={(2, 0): "target 1"}),
    "2-3-1 values": lambda: draw.network(bench(), show="values"),
    "2-3-1 gradients": lambda: draw.network(bench(), show="gradients"),
    "batch": lambda: draw.network(
        bench([(1, 2), (2, 1), (-2, 1), (0, -2)], [[1], [-1], [2], [6]]), example=None
    ),
    "2-2-2-1": lambda: draw.network(path_net()),
    "4-3-2": lambda: draw.network(random_net([4, 3, 2])),
    "grid": lambda: draw.weight_grid([[1, 0, -1], [2, 0, -2]]),
    "films": lambda: draw.factors([1, 2], [1, 0, 1], [1, 2, -1], rows=["x₁ = 1", "x₂ = 2"]),
    "routes": lambda: draw.paths(path_net()),
    "stack": lambda: draw.batch_stack([[1, 2], [2, 1]], [[1, 0, -1], [3, 6, -3]]),
    "step": lambda: step_of(bench()),
}


def random_net(sizes):
    net = MLP(sizes, node=Tensor, seed=3)
    half_squared_error(net([[1.0, 2.0, -1.0, 0.5][: sizes[0]]]), [[1.0] * sizes[-1]]).backward()
    return net


def step_of(net):
    before = net.values()
    SGD(net.parameters(), lr=0.1).step()
    return draw.step(before, net.values())


@cache
def drawn(picture):
    """Draw a picture once for all tests that only look at it."""
    return PICTURES[picture]()


# -- It can be read ------------------------------------------------------------------------------


@pytest.mark.parametrize("picture", PICTURES)
def test_no_text_covers_another(picture):
    found = boxes(drawn(picture))

    overlaps = [
        (one[0], two[0])
        for one, two in combinations(found, 2)
        if (width := min(found[one].x1, found[two].x1) - max(found[one].x0, found[two].x0)) > 1
        and (height := min(found[one].y1, found[two].y1) - max(found[one].y0, found[two].y0)) > 4
        and width * height > 0
    ]

    assert overlaps == []


@pytest.mark.parametrize("picture", PICTURES)
def test_no_text_is_clipped_and_the_title_is_above_the_drawing(picture):
    ax = PICTURES[picture]()
    draw.title(ax, "A sentence that is so long that it has to be broken into two lines, or three.")
    found = boxes(ax)
    frame, heading = ax.figure.bbox, ax.figure._suptitle.get_window_extent()

    assert heading.x0 >= 0
    assert heading.x1 <= frame.x1
    assert heading.y1 <= frame.y1
    for name, box in found.items():
        assert box.x0 >= -0.5, name
        assert box.y0 >= -0.5, name
        assert box.x1 <= frame.x1 + 0.5, name
        assert box.y1 <= heading.y0, name


@pytest.mark.parametrize("picture", PICTURES)
def test_type_is_at_least_eleven_pixels_high_on_a_phone(picture):
    ax = drawn(picture)
    sizes = [text.get_fontsize() for text in (*ax.texts, *ax.get_yticklabels())]
    shown = PHONE / (ax.figure.get_size_inches()[0] * 96)

    assert min(sizes) * 96 / 72 * shown >= 11


def luminance(rgb):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrast(one, two):
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


def darkened(rgb):
    """Apply the filter with which the site shows drawings in the dark."""
    turn = [[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]]
    return np.clip(turn @ (0.925 - 0.85 * np.array(rgb)), 0, 1)


def test_white_becomes_the_ground_of_a_dark_page():
    assert contrast(darkened((1, 1, 1)), to_rgb("#131416")) < 1.02


@pytest.mark.parametrize(
    "ink",
    [
        draw.INK,
        draw.POSITIVE,
        draw.NEGATIVE,
        draw.ZERO,
        draw.SENDER.colour,
        draw.DERIVATIVE.colour,
        draw.UPSTREAM.colour,
    ],
)
def test_every_ink_has_contrast_in_the_light_and_in_the_dark(ink):
    assert contrast(to_rgb(ink), (1, 1, 1)) >= 4.5
    assert contrast(darkened(to_rgb(ink)), to_rgb("#131416")) >= 4.5


# -- It says what is true ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (3, "3"),
        (3.0, "3"),
        (-0.0, "0"),
        (-2, "−2"),
        (0.5, "0.5"),
        (Fraction(-1, 2), "−1/2"),
        (Fraction(4, 2), "2"),
        (np.float64(1.25), "1.25"),
        (-16.75, "−16.8"),
        (1e-9, "1e−9"),
        (1234567, "1.23e6"),
        (float("-inf"), "−∞"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_are_written_as_people_write_them(value, written):
    assert draw.number(value) == written


def test_only_an_exact_zero_is_written_as_zero():
    assert draw.number(5e-324) != "0"
    assert draw.number(0.0, signed=True) == "0"
    assert draw.number(1, signed=True) == "+1"


def test_a_network_shows_all_weights_and_gradients_of_the_bench():
    shown = texts(draw.network(bench(), key=False))

    assert shown.count("+1") == 4
    assert shown.count("0") == 6  # four gradients, one weight, one inactive unit
    assert {"+3", "+2", "−2", "−1", "b 1", "shut, inactive"} <= set(shown)


def test_lines_with_a_gradient_of_zero_are_dashed_and_no_others_are():
    ax = draw.network(bench(), key=False)
    lines = [line for line in ax.lines if line.get_xdata()[0] != line.get_xdata()[1]]
    dashed = [line for line in lines if line.get_linestyle() != "-"]

    assert len(lines) == 9
    assert len(dashed) == 3
    assert {line.get_color() for line in dashed} == {draw.ZERO}


@pytest.mark.parametrize("node", [None, Tensor])
def test_scalars_and_tensors_give_the_same_picture(node):
    assert texts(draw.network(bench(node=node))) == texts(draw.network(bench()))


def test_an_example_in_a_batch_brings_its_own_part_and_the_parts_add_up():
    inputs, targets = [(1, 2), (2, 1), (-2, 1), (0, -2)], [[1], [-1], [2], [6]]
    net = bench(inputs, targets)

    parts = [draw.network_data(net, i)["layers"][0]["weight_gradients"] for i in range(4)]
    whole = draw.network_data(net, None)["layers"][0]["weight_gradients"]

    assert np.array_equal(np.sum(parts, axis=0), whole)
    assert whole == [[1.75, 3, -1.75], [1.25, -2.5, -1.25]]
    assert "2 of 4" in texts(draw.network(net, example=None))


def test_before_a_backward_pass_a_network_shows_its_values():
    net = MLP([2, 3, 1], init=BENCH)
    net([[1, 2]])

    assert texts(draw.network(net)) == texts(draw.network(net, show="values"))


def test_plain_data_are_drawn_without_a_network():
    layer = {"weights": [[2, 1]], "weight_gradients": [[1, 0]]}

    shown = texts(draw.network({"inputs": [1], "layers": [layer]}, key=False))

    numbers = [text for text in shown if text and not text[0].isalpha()]
    assert numbers == ["2", "1", "+1", "0", "1"]


def test_films_multiply_to_the_gradient_of_the_engine():
    net = bench()
    layer = net.layers[0]
    upstream = [row[0] for row in net.values()["W2"]]  # times the seed, 1

    shown = texts(draw.factors(layer.inputs[0], layer.derivatives[0], upstream))

    written = [draw.number(g, signed=True) for row in net.gradients()["W1"] for g in row]
    start = shown.index("gradient") + 2  # then the equals sign
    assert shown[start : start + 6] == written


def test_routes_add_up_to_the_output():
    net = path_net()

    found = draw.path_list(net)

    assert len(found) == 8
    assert sum(route["contribution"] for route in found) == net.layers[-1].activations[0][0] == 3
    assert sum(route["open"] for route in found) == 4


def test_a_batch_is_divided_exactly():
    shown = texts(draw.batch_stack([[1], [2], [1]], [[1], [0], [0]], reduction="mean"))

    assert shown[-1] == "+1/3"
    assert texts(draw.batch_stack([[1], [2]], [[1], [1]], reduction="sum"))[-1] == "+3"


def test_a_step_hatches_exactly_what_has_not_moved():
    ax = step_of(bench())

    assert sum(bool(patch.get_hatch()) for patch in ax.patches) == 4
    assert sum("→" in text for text in texts(ax)) == 9


def test_bars_and_curves_carry_their_numbers_and_names():
    assert texts(draw.bars(["a", "b"], [1, -2.5], signed=True)) == ["+1", "−2.5"]
    assert texts(draw.curve([0, 1], [0, 1], label="loss")) == ["loss"]


# -- It fits into its surroundings ---------------------------------------------------------------


def test_pictures_leave_the_readers_settings_alone():
    before = dict(mpl.rcParams)

    for picture in PICTURES.values():
        draw.title(picture(), "A title.")

    assert dict(mpl.rcParams) == before


def test_pictures_are_drawn_into_given_axes():
    _, (left, right) = draw.figure(3, columns=2)

    assert draw.weight_grid([[1]], ax=left) is left
    assert draw.curve([0, 1], [0, 1], right) is right
    draw.title(right, "A curve.")
    assert right.get_title(loc="left") == "A curve."


def test_alternative_text_becomes_the_label_of_the_figure():
    ax = draw.weight_grid([[1]])

    draw.alt(ax, "One\n   cell.")

    assert ax.figure.get_label() == "One cell."


# -- It refuses what it cannot draw --------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: draw.network(MLP([2, 3, 1])), "not seen an example"),
        (lambda: draw.network(random_net([2, 6, 1])), r"\[2, 6, 1\] units is too large"),
        (lambda: draw.network(random_net([2, 1, 1, 1, 1, 1])), "4 layers of weights"),
        (lambda: draw.network(bench(), show="all"), "show is 'all'"),
        (lambda: draw.network(bench(), example=1), "example is 1, expected 0 to 0"),
        (lambda: draw.weight_grid([1, 2]), "expected a matrix"),
        (lambda: draw.weight_grid([[1, 2], [1]]), "rows of the same length"),
        (lambda: draw.weight_grid([[0] * 13]), "1 by 13 is too large"),
        (lambda: draw.weight_grid([[1]], kind="weights"), "kind is 'weights'"),
        (lambda: draw.weight_grid([[1]], rows=["a", "b"]), "2 row labels for 1 rows"),
        (lambda: draw.weight_grid([[1]], after=[[1, 2]]), "differ in shape"),
        (lambda: draw.factors([1], [1, 0], [1]), "2 derivatives and 1 upstream"),
        (lambda: draw.batch_stack([[1]], [[1], [2]]), "1 rows of activations and 2"),
        (lambda: draw.batch_stack([[1]], [[1]], reduction="max"), "reduction is 'max'"),
        (lambda: draw.paths(bench()), "biases, which belong to no path"),
        (lambda: draw.paths([]), "there are 0 paths"),
        (lambda: draw.bars(["a"], [1, 2]), "1 labels and 2 values"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_reason(attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt()


def test_gradients_are_not_shown_before_they_are_known():
    net = MLP([2, 3, 1], init=BENCH)
    net([[1, 2]])

    with pytest.raises(ValueError, match="run backward"):
        draw.network(net, show="gradients")


def test_a_notebook_stays_interactive_after_its_first_figure():
    try:
        with draw.style():
            mpl.interactive(True)  # as a notebook does when its first figure is made

        assert mpl.is_interactive()
    finally:
        mpl.interactive(False)


def test_without_matplotlib_the_error_says_what_to_install():
    program = "import sys; sys.modules['matplotlib'] = None; from sgdexplained import draw"

    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )

    assert done.returncode != 0
    assert 'pip install "sgdexplained[plot]"' in done.stderr


def test_the_style_uses_type_that_comes_with_matplotlib():
    path = Path(mpl.font_manager.findfont(language.STYLE["font.family"][0]))

    assert path.is_relative_to(mpl.get_data_path())


def tints(ax):
    return [patch.get_alpha() for patch in ax.patches if patch.get_alpha() is not None]


def test_grids_on_one_scale_have_the_same_tint_for_the_same_gradient():
    alone = tints(draw.weight_grid([[1, 1]]))
    beside = tints(draw.weight_grid([[1, 2]], scale=2))
    assert tints(draw.weight_grid([[1, 1]], scale=2)) == [beside[0]] * 2
    assert alone[0] == beside[1] > beside[0]


def test_a_step_has_one_scale_for_all_layers():
    before = {"W1": [[1]], "W2": [[1]]}
    ax = draw.step(before, {"W1": [[0]], "W2": [[-1]]})
    small, large = tints(ax)
    assert small < large


def test_a_step_has_the_colours_of_its_gradients_so_what_goes_down_is_blue():
    ax = draw.step({"W1": [[1, 1, 1]]}, {"W1": [[0, 2, 1]]})
    assert [patch.get_facecolor()[:3] for patch in ax.patches if patch.get_alpha() is not None] == [
        to_rgb(draw.POSITIVE),
        to_rgb(draw.NEGATIVE),
    ]


def test_values_of_two_networks_are_no_step():
    with pytest.raises(ValueError, match="before and after differ in shape"):
        draw.step({"W1": [[1, 1]]}, {"W1": [[1]]})


def test_a_network_has_one_scale_of_widths_for_all_layers():
    init = [([[1]], None), ([[1]], None)]
    net = MLP([1, 1, 1], init=init)
    net([[2]])[0][0].backward()
    data = draw.network_data(net)
    data["layers"][0]["weight_gradients"], data["layers"][1]["weight_gradients"] = [[1]], [[2]]
    widths = [line.get_linewidth() for line in draw.network(data, key=False).lines[:2]]
    assert widths[0] < widths[1]
