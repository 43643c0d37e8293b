"""Details that nothing else depends on: one changed character in the package breaks each."""

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from matplotlib import pyplot as plt

from sgdexplained import (
    MLP,
    SGD,
    GraphError,
    Linear,
    NotFiniteError,
    Scalar,
    ShapeError,
    Tensor,
    draw,
    explain,
    gradcheck,
    half_squared_error,
    hinge,
    softmax_cross_entropy,
)
from sgdexplained.affine import affine
from sgdexplained.array_maths import ArrayMaths
from sgdexplained.backward import topological_order
from sgdexplained.contrasts.optimisers import MovingAverage
from sgdexplained.maths import NumberMaths
from sgdexplained.reasons.codes import HELD, PHRASES, ZERO
from sgdexplained.reasons.paths import active_paths
from sgdexplained.reasons.wording import summary

from .helpers import BENCH_1, BENCH_4, bench


def sentence(net, name, loss=half_squared_error, parameters=None, **options):
    sgd = SGD(parameters or net.parameters(), lr=1, **options)
    return explain(net, [[1]], [[0]], loss, sgd).row(name).sentence


def first_output(outputs, target, reduction):
    return outputs[0][0] * {"mean": len(target)}[reduction]


def test_what_is_not_in_play_says_so():
    net = MLP([1, 2], init=[([[1, 1]], [0, 0])])
    assert sentence(net, "W1[0][1]", first_output) == (
        "Stays: it has no gradient, because the loss was not computed from it."
    )
    assert sentence(net, "W1[0][1]", first_output, [net.layers[0].weight[0][0]]) == (
        "Stays: it is not among the optimiser's parameters."
    )


def test_a_step_that_is_too_small_says_so():
    net = MLP([1, 1], init=[([[1.0]], None)])
    step = explain(net, [[1.0]], [[0.0]], half_squared_error, SGD(net.parameters(), lr=1e-30))
    assert step.row("W1[0][0]").sentence == (
        "Stays: its step of -1e-30 is swallowed, because numbers next to 1 lie 2.22e-16 apart."
    )


@pytest.mark.parametrize(("batch", "example"), [(BENCH_1, 0), (BENCH_4, None)])
def test_the_only_example_of_a_batch_is_drawn(batch, example, monkeypatch):
    net, seen = bench(), []
    real = draw.network

    def network(data, **options):
        seen.append(data["inputs"])
        return real(data, **options)

    monkeypatch.setattr(draw, "network", network)
    explain(net, *batch, half_squared_error, SGD(net.parameters(), lr=1)).draw()
    assert seen == [None if example is None else batch[0][example]]


def test_a_long_summary_fits_into_the_table_as_well():
    net = MLP([2, 2, 1], Tensor, seed=3)
    x = [[0.0, 5e-324], [5e-324, 5e-324]]
    step = explain(net, x, [[1.0]] * 2, half_squared_error, SGD(net.parameters(), lr=1e-3))
    assert len(step.summary()) > 100
    lines = str(step).splitlines()
    assert 70 < len(lines[0]) <= max(map(len, lines)) <= 80


def test_a_relu_layer_of_arrays_is_one_node():
    layer = Linear(Tensor([[1.0]]), Tensor([0.0]), "relu")
    interior = []
    topological_order(layer([[1.0]]), interior, [])
    assert len(interior) == 1


def test_the_slope_at_a_kink_is_0_unless_told_otherwise():
    layer = Linear([[Scalar(1)]], activation="relu")
    layer([[0]])
    assert layer.derivatives == [[0]]


def test_maximum_is_no_minus_zero():
    assert math.copysign(1, NumberMaths.maximum(-0.0, 0)) == 1


def test_the_last_place_of_the_grid_is_watched():
    x = Tensor(np.ones(2000))
    loss = (x * x).sum()
    x.data[1984] = 2
    with pytest.raises(GraphError):
        loss.backward()


def test_gradient_of_a_single_number_is_an_array():
    x = Tensor(2.0)
    h = x * 2
    (h * 3).backward()
    assert isinstance(h.grad, np.ndarray)
    assert isinstance(x.grad, np.ndarray)


def test_any_numbers_may_be_asked_whether_they_are_finite():
    assert Tensor.is_finite([1.0, 2.0])
    assert not Tensor.is_finite([1.0, math.inf])
    assert not Tensor.is_finite(np.array([Fraction(1), math.nan], dtype=object))


def test_a_relu_layer_of_arrays_is_shut_at_0_unless_told_otherwise():
    W, b = Tensor([[1.0]]), Tensor([0.0])
    affine([[0.0]], W, b, relu=True).backward()
    assert b.grad.tolist() == [0]


def test_a_small_slope_may_be_wrong_by_1e_6_and_no_more():
    w = Scalar(1.0)
    with pytest.raises(AssertionError):
        gradcheck(lambda: Scalar.computed(w.data / 2, w, 0.5 + 1.5e-6), [w])
    assert gradcheck(lambda: Scalar.computed(w.data / 2, w, 0.5 + 0.5e-6), [w]) < 1e-6
    assert gradcheck(lambda: Scalar.computed(w.data * 1000, w, 1000 + 5e-4), [w]) > 1e-4


def test_zero_to_a_power_too_large_for_a_float_is_refused():
    with pytest.raises(OverflowError):
        NumberMaths.power(0.0, 10**400)


def test_each_number_of_the_page_is_coloured_by_its_sign():
    net = MLP([1, 2], init=[([[0.5, 0.0]], None)])
    step = explain(net, [[1.0]], [[0.0, 0.5]], half_squared_error, SGD(net.parameters(), lr=1))
    page = step._repr_html_()
    assert '<td class="positive">0.5</td> <td class="negative">−0.5</td>' in page
    assert '<td class="negative">−0.5</td> <td class="positive">0.5</td>' in page
    assert page.index("</thead>") < page.index("<tbody>") < page.index("</tbody>")


def test_data_of_an_explanation_have_these_names():
    net = MLP([1, 1], init=[([[1.0]], None)])
    step = explain(net, [[1.0]], [[0.0]], half_squared_error, SGD(net.parameters(), lr=1))
    names = {"summary", "loss", "examples", "reduction", "counts", "notes"}
    assert set(step.to_data(rows=False)) == names
    assert set(step.to_data()) == names | {"rows"}
    assert step.to_data()["reduction"] == step.reduction == "mean"


def test_a_product_that_is_too_small_for_floats_is_underflow():
    net = MLP([1, 1, 1], activation="sigmoid", init=[([[1.0]], None), ([[1e-100]], None)])
    step = explain(net, [[-700.0]], [[1.0]], half_squared_error, SGD(net.parameters(), lr=1))
    assert step.row("W1[0][0]").reasons == [("underflow",)]


def test_fractions_of_an_array_are_worked_off_one_by_one():
    x = np.array([Fraction(0), Fraction(1)], dtype=object)
    assert ArrayMaths.exp(x).tolist() == [1, math.e]
    assert ArrayMaths.exp(x[0]).dtype == object


def test_the_whole_page_of_a_small_network():
    """Every tag and class: a style that does not find them shows nothing."""
    net = MLP([1, 1], init=[([[1.0]], [0.0])])
    sgd = SGD(net.layers[0].weight[0], lr=1)
    assert explain(net, [[2.0]], [[1.0]], first_output, sgd)._repr_html_() == (
        '<table class="explanation">\n'
        "<caption>1 of 2 does not move: 1 not in the optimiser.</caption>\n"
        '<thead><tr><th scope="col">parameter</th> <th scope="col">value</th> '
        '<th scope="col">gradient</th> <th scope="col">move</th> <th scope="col">why</th>'
        "</tr></thead>\n"
        "<tbody>\n"
        '<tr class="moves"><th scope="row"><code>W1[0][0]</code></th> '
        '<td class="value">1</td> <td class="positive">2</td> <td class="negative">−2</td> '
        '<td class="why">Moves: gradient = 2 (input 1) × 1 (derivative) × 1 (upstream gradient).'
        "</td></tr>\n"
        '<tr class="stays"><th scope="row"><code>b1[0]</code></th> '
        '<td class="value">0</td> <td class="positive">1</td> <td class="zero">0</td> '
        '<td class="why">Stays: it is not among the optimiser&#x27;s parameters.</td></tr>\n'
        "</tbody>\n"
        "</table>"
    )


def test_a_page_shows_where_there_is_no_gradient():
    net = MLP([1, 2], init=[([[1, 1]], None)])
    page = explain(net, [[1]], [[0]], first_output, SGD(net.parameters(), lr=1))._repr_html_()
    assert '<td class="none">none</td> <td class="zero">0</td>' in page


@pytest.mark.parametrize("why", [*ZERO, *HELD])
def test_the_summary_has_words_for_everything_that_keeps_a_parameter(why):
    assert summary(Counter(), Counter([why]), PHRASES) == f"1 of 1 does not move: 1 {PHRASES[why]}."


@pytest.mark.parametrize("size", [5e-324, -5e-324])
def test_a_mean_that_is_too_small_is_no_cancelling(size):
    net = MLP([1, 1], init=[([[0.0]], [4 * size])])
    x, target = [[0.25], [0.25], [0.25], [0.0]], [[0.0]] * 4
    step = explain(net, x, target, half_squared_error, SGD(net.parameters(), lr=1))
    row = step.row("W1[0][0]")
    assert (row.contributions, row.gradient, row.zero) == ([size] * 3 + [0], 0, "underflow")


@pytest.mark.parametrize("size", [5e-324, -5e-324])
def test_a_route_lost_in_rounding_is_no_cancelling(size):
    net = MLP([1, 1, 2], activation=None, init=[([[1.0]], [0.0]), ([[0.25, 0.0]], [4 * size, 0.0])])
    x, target = [[0.0]] * 4, [[0.0, 0.0]] * 4
    step = explain(net, x, target, half_squared_error, SGD(net.parameters(), lr=1))
    assert step.row("b1[0]").reasons == [("underflow",)] * 4


def test_eight_examples_that_cancel_are_listed():
    net = MLP([1, 1], init=[([[1]], [0])])
    x, target = [[1], [-1]] * 4, [[0], [-2]] * 4
    step = explain(net, x, target, half_squared_error, SGD(net.parameters(), lr=1), "sum")
    assert step.row("W1[0][0]").sentence == (
        "Stays: the examples cancel: 1 - 1 + 1 - 1 + 1 - 1 + 1 - 1 = 0."
    )


def test_a_step_is_drawn_where_one_is_told_to():
    net = MLP([1, 1], init=[([[1]], [0])])
    step = explain(net, [[1]], [[0]], half_squared_error, SGD(net.parameters(), lr=1))
    _, (ax, other) = plt.subplots(ncols=2)
    assert step.draw(ax=ax) is ax
    assert ax.texts
    assert not other.texts


def test_a_step_that_did_not_finish_says_so():
    class Interrupted(SGD):
        def move(self, *_):
            raise KeyboardInterrupt

    w = Scalar(1)
    (w * 2).backward()
    with pytest.raises(KeyboardInterrupt) as caught:
        Interrupted([w], lr=1).step()
    assert caught.value.__notes__ == [
        "The step did not finish: some parameters may have moved, others not."
    ]


def test_a_gradient_behind_a_missing_one_is_looked_at():
    unreached, w = Scalar(1.0), Scalar(2.0)
    w.grad = math.nan
    with pytest.raises(NotFiniteError):
        SGD([unreached, w], lr=1).step()


class Trap:
    """A local derivative that cannot be used."""

    def __mul__(self, gradient):
        raise ZeroDivisionError


def test_a_pass_that_failed_says_so_and_reads_no_node_twice():
    w = Scalar(1)
    node = Scalar.computed(1, w, Trap())
    for _ in range(100):
        node = node + node  # so many routes that nobody could walk them all
    with pytest.raises(ZeroDivisionError) as caught:
        node.backward()
    assert caught.value.__notes__ == [
        "The backward pass did not finish: every leaf keeps the gradient it had."
    ]
    assert w.grad is None


def test_arrays_stay_quiet_where_every_warning_is_an_error():
    with np.errstate(all="raise"):
        assert Tensor([-1000.0]).exp().item() == 0
        assert Tensor([-1000.0]).sigmoid().item() == 0
        assert (Tensor([1e200]) ** 2).item() == math.inf
        assert (Tensor([2.0]) ** math.inf).item() == math.inf
        assert (Tensor([0.0]) ** 0).item() == 1


def test_a_label_is_no_array():
    z = [[Scalar(1.0), Scalar(2.0)]]
    with pytest.raises(TypeError, match="expected an integer"):
        softmax_cross_entropy(z, [np.array([1])])


def test_truth_values_deep_inside_are_no_numbers():
    with pytest.raises(TypeError, match="truth value"):
        Tensor([[[1.5, True]]])


def test_labels_in_an_array_are_counted():
    with pytest.raises(ShapeError):
        softmax_cross_entropy(Tensor(np.zeros((2, 2))), np.array([0]))


def test_a_layer_of_arrays_is_linear_unless_told_otherwise():
    assert affine([[1.0]], Tensor([[-2.0]])).item() == -2


def test_every_step_between_the_passes_is_noticed():
    x = Tensor(np.ones(2000))
    sgd = SGD([x], lr=1)
    x.grad = np.zeros(2000)
    x.grad[1] = 1  # where no fingerprint looks
    sgd.step()
    loss = (x * x).sum()
    sgd.step()
    with pytest.raises(GraphError):
        loss.backward()


def test_a_step_of_either_factor_is_noticed():
    x, y = Tensor(np.ones(2000)), Tensor(np.ones(2000))
    for moved in x, y:
        loss = (x * y).sum()
        moved.grad = np.zeros(2000)
        SGD([moved], lr=1).step()
        with pytest.raises(GraphError):
            loss.backward()
        moved.zero_grad()


def test_a_product_hands_back_no_minus_zero():
    x, y = Tensor(0.0), Tensor(1.0)
    (x * y).backward(gradient=-1)
    assert not np.signbit(y.grad)


def test_a_product_of_matrices_takes_no_stack_of_them():
    with pytest.raises(ShapeError):
        Tensor([1.0, 2.0]) @ Tensor([[[1.0]], [[2.0]]])


def test_a_route_names_its_input():
    net = MLP([2, 1], init=[([[1], [1]], None)])
    assert [next(iter(one.factors)) for one in active_paths(net, [1, 1])] == ["x[0]", "x[1]"]


def test_examples_are_listed_with_commas():
    net = MLP([1, 1], init=[([[1]], [0])])
    step = explain(
        net, [[0], [0], [0], [1]], [[1]] * 4, half_squared_error, SGD(net.parameters(), lr=1)
    )
    assert step.row("W1[0][0]").sentence == (
        "Stays: input 1 is inactive in examples 1, 2 and 3; the loss is flat in example 4."
    )
    step = explain(
        net, [[0]] * 8 + [[1]], [[1]] * 9, half_squared_error, SGD(net.parameters(), lr=1)
    )
    assert "inactive in examples 1, 2, 3, 4, 5, 6, 7 and 8;" in step.row("W1[0][0]").sentence


def test_slopes_as_far_apart_as_the_error_make_no_kink():
    w = Scalar(Fraction(0))
    with pytest.raises(AssertionError) as caught:
        gradcheck(lambda: Scalar.computed(max(w.data, Fraction(0)), w, Fraction(3, 2)), [w])
    assert "kink" not in str(caught.value)


def test_numbers_that_are_not_a_number_have_not_changed():
    x = Tensor([math.nan, 2.0])
    (x * x)[1].backward()
    assert x.grad[1] == 4


def test_nothing_has_a_logarithm():
    assert Tensor(np.zeros(0)).log().shape == (0,)


def test_the_label_that_is_wrong_is_named():
    with pytest.raises(ValueError, match=r"a label is .*2\.0"):
        hinge(Tensor([1.0, 1.0]), [-1.0, 2.0])


def test_a_step_of_the_inputs_of_a_layer_is_noticed():
    x = Tensor(np.ones((1, 2000)))
    loss = affine(x, Tensor(np.ones((2000, 1))))
    x.grad = np.zeros((1, 2000))
    SGD([x], lr=1).step()
    with pytest.raises(GraphError):
        loss.backward()


def test_a_list_of_truth_values_chooses():
    x = Tensor([1.0, 2.0, 3.0])
    y = x[[True, False, True]]
    y.backward(gradient=[10, 100])
    assert (y.data.tolist(), x.grad.tolist()) == ([1, 3], [10, 0, 100])


def test_a_number_below_1_can_be_too_large():
    assert NumberMaths.power(0.5, -2001) == (math.inf, -math.inf)


def test_who_does_not_win_a_maximum_gets_no_minus_zero():
    x = Tensor([1.0, 2.0])
    x.max().backward(gradient=-1)
    assert not np.signbit(x.grad[0])


def test_a_moving_average_keeps_99_in_100_unless_told_otherwise():
    assert MovingAverage([Scalar(1)]).decay == 0.99
