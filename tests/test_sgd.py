"""SGD against sequences worked out by hand, and what it refuses."""

import math
from fractions import Fraction

import numpy as np
import pytest

from sgdexplained import MLP, SGD, GraphError, NotFiniteError, Scalar, Tensor

BOTH = pytest.mark.parametrize("node", [Scalar, Tensor])
HALF, TENTH = Fraction(1, 2), Fraction(1, 10)


def path(node, gradients, start=Fraction(2), **options):
    """Return where a weight is after each step of given gradients."""
    w = node(start)
    optimiser = SGD([w], **options)
    places = []
    for gradient in gradients:
        if gradient is None:
            w.grad = None
        else:
            w.grad = gradient if node is Scalar else np.array(gradient, dtype=object)
        optimiser.step()
        places.append(w.data if node is Scalar else w.item())
    return places


@BOTH
def test_plain_step_goes_against_the_gradient(node):
    assert path(node, [3, -1, 0], lr=HALF) == [HALF, 1, 1]


@BOTH
def test_momentum_goes_on_without_a_gradient(node):
    """v: 4, 2, 1, then 1/2 + 8."""
    assert path(node, [4, 0, 0, 8], lr=1, momentum=HALF) == [-2, -4, -5, Fraction(-27, 2)]


@BOTH
def test_nesterov_looks_one_velocity_ahead(node):
    """Steps g + v/2 with v: 4, 2, 1."""
    assert path(node, [4, 0, 0], lr=1, momentum=HALF, nesterov=True) == [-4, -5, Fraction(-11, 2)]


def test_momentum_path_is_ten_first_steps_long():
    """One gradient of 1, then zeros: 0.1 at once, 0.9 without any gradient."""
    places = path(Scalar, [1.0] + [0.0] * 300, start=0.0, lr=0.1, momentum=0.9)
    assert places[0] == pytest.approx(-0.1)
    assert places[-1] == pytest.approx(-1, rel=1e-12)
    places = path(Scalar, [1.0] + [0.0] * 300, start=0.0, lr=0.1, momentum=0.9, nesterov=True)
    assert places[0] == pytest.approx(-0.19)
    assert places[-1] == pytest.approx(-1, rel=1e-12)


@BOTH
def test_coupled_decay_enters_the_gradient(node):
    """w ← w - (g + w/10) / 2."""
    assert path(node, [1, 0], lr=HALF, weight_decay=TENTH) == [Fraction(14, 10), Fraction(133, 100)]


@BOTH
def test_without_momentum_both_decays_are_the_same_step(node):
    options = {"lr": HALF, "weight_decay": TENTH}
    assert path(node, [1, 0, 5], **options) == path(node, [1, 0, 5], decoupled=True, **options)


@BOTH
def test_coupled_decay_enters_the_velocity_and_decoupled_does_not(node):
    options = {"lr": HALF, "weight_decay": TENTH, "momentum": HALF}
    # v: 1 + 2/10 = 6/5, then 3/5 + 14/100
    assert path(node, [1, 0], **options) == [Fraction(7, 5), Fraction(103, 100)]
    # v: 1, 1/2; the weight shrinks by 1/20 before each step
    places = path(node, [1, 0], decoupled=True, **options)
    assert places == [Fraction(7, 5), Fraction(7, 5) * Fraction(19, 20) - Fraction(1, 4)]


def test_decay_halves_a_weight_in_693_steps():
    places = path(Scalar, [0.0] * 693, start=2.0, lr=0.1, weight_decay=0.01)
    assert places[0] == pytest.approx(1.998)
    assert round(places[-1], 4) == 0.9998


@BOTH
def test_none_is_skipped_and_zero_is_stepped(node):
    """Nothing was said about the first; about the second it was said that it should stay."""
    options = {"lr": 1, "momentum": HALF}
    assert path(node, [4, None, None], **options) == [-2, -2, -2]
    assert path(node, [4, 0, 0], **options) == [-2, -4, -5]
    assert path(node, [None], lr=1, weight_decay=HALF) == [2]
    assert path(node, [0], lr=1, weight_decay=HALF) == [1]


@BOTH
def test_velocity_rests_while_there_is_no_gradient(node):
    assert path(node, [4, None, 0], lr=1, momentum=HALF) == [-2, -2, -4]


@BOTH
def test_each_parameter_has_its_own_memory(node):
    v, w = node(0.0), node(0.0)
    optimiser = SGD([v, w], lr=1, momentum=0.5)
    v.grad, w.grad = v.data + 2.0, w.data + 4.0
    optimiser.step()
    v.grad, w.grad = v.data * 0, w.data * 0
    optimiser.step()
    assert (v.data, w.data) == (-3, -6)
    assert [float(memory["velocity"]) for memory in optimiser.memory] == [1, 2]


def test_a_step_moves_arrays_where_they_are():
    """Whoever holds the array, a view of the weights say, sees them move."""
    w = Tensor([[1.0, 2.0]])
    array = w.data
    w.grad = np.array([[2.0, 4.0]])
    SGD([w], lr=0.5).step()
    assert w.data is array
    assert array.tolist() == [[0, 0]]


def test_a_step_leaves_gradients_alone():
    w = Tensor([1.0, 2.0])
    w.grad = gradient = np.array([2.0, 4.0])
    optimiser = SGD([w], lr=0.5, momentum=0.5, nesterov=True, weight_decay=0.5)
    optimiser.step()
    optimiser.step()
    assert w.grad is gradient
    assert gradient.tolist() == [2, 4]


def test_all_weights_move_at_once():
    """The gradients are those of the old weights, whatever has moved already."""
    v, w = Scalar(2.0), Scalar(3.0)
    (v * w).backward()
    SGD([v, w], lr=1).step()
    assert (v.data, w.data) == (-1, 1)


@BOTH
def test_zero_grad_forgets_or_sets_to_zero(node):
    w = node(2.0)
    (w * 3).backward()
    optimiser = SGD([w], lr=0.1)
    optimiser.zero_grad(set_to_none=False)
    assert w.grad == 0
    optimiser.zero_grad()
    assert w.grad is None


def test_learning_rate_may_change_between_steps():
    w = Scalar(4.0)
    optimiser = SGD([w], lr=1)
    for lr in (1, 0.5, 0):
        w.grad = 2.0
        optimiser.lr = lr
        optimiser.step()
    assert w.data == 1


def test_on_a_parabola_the_learning_rate_decides():
    """Curvature 1: a rate of 1 lands, 2 bounces for ever, 3 makes the loss four times as large."""
    for lr, expected in ((1, [0, 0]), (2, [-1, 1]), (3, [-2, 4])):
        w = Scalar(1)
        optimiser = SGD([w], lr=lr)
        places = []
        for _ in range(2):
            optimiser.zero_grad()
            (w * w / 2).backward()
            optimiser.step()
            places.append(w.data)
        assert places == expected


# ## Bad input

NUMBERS = [-0.1, math.nan, math.inf, -math.inf, True, "0.1", None, 1j, [0.1]]


@pytest.mark.parametrize("lr", NUMBERS, ids=repr)
def test_learning_rate_is_a_finite_number_from_zero(lr):
    with pytest.raises(ValueError, match=r"lr is .*, expected a finite number from 0"):
        SGD([Scalar(1.0)], lr=lr)


def test_learning_rate_is_checked_again_at_each_step():
    """A schedule that returns NaN would destroy every weight."""
    w = Scalar(1.0)
    w.backward()
    optimiser = SGD([w], lr=0.1)
    optimiser.lr = math.nan
    with pytest.raises(ValueError, match="lr is nan"):
        optimiser.step()
    assert w.data == 1


@pytest.mark.parametrize("momentum", [*NUMBERS, 1, 1.5], ids=repr)
def test_momentum_is_below_one(momentum):
    with pytest.raises(ValueError, match="momentum is .*, expected a number from 0 to less than 1"):
        SGD([Scalar(1.0)], lr=0.1, momentum=momentum)


@pytest.mark.parametrize("decay", NUMBERS, ids=repr)
def test_decay_is_a_finite_number_from_zero(decay):
    with pytest.raises(ValueError, match="weight_decay is .*, expected a finite number from 0"):
        SGD([Scalar(1.0)], lr=0.1, weight_decay=decay)


def test_nesterov_needs_momentum():
    with pytest.raises(ValueError, match="expected momentum above 0"):
        SGD([Scalar(1.0)], lr=0.1, nesterov=True)


@pytest.mark.parametrize("parameters", [[], (), {}], ids=repr)
def test_no_parameters_is_refused(parameters):
    with pytest.raises(ValueError, match="no parameters, expected at least one"):
        SGD(parameters, lr=0.1)


@BOTH
def test_same_parameter_twice_is_refused(node):
    w = node(1.0)
    for parameters in ([w, w], {"a": w, "b": w}):
        with pytest.raises(ValueError, match="given twice"):
            SGD(parameters, lr=0.1)


def test_what_is_no_parameter_is_refused_by_name():
    with pytest.raises(TypeError, match=r"parameter 1 is 3\.0, expected a Scalar or a Tensor"):
        SGD([Scalar(1.0), 3.0], lr=0.1)
    with pytest.raises(TypeError, match="parameter h was computed or needs no gradient"):
        SGD({"h": Scalar(1.0) * 2}, lr=0.1)
    with pytest.raises(TypeError, match="parameter 0 was computed or needs no gradient"):
        SGD([Tensor([1.0], requires_grad=False)], lr=0.1)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@BOTH
def test_gradient_that_is_not_finite_is_named_and_nothing_moves(node, number):
    v, w = node(1.0), node(2.0)
    v.grad, w.grad = v.data * 1.0, w.data * number
    optimiser = SGD({"v": v, "w": w}, lr=0.1, momentum=0.5)
    with pytest.raises(NotFiniteError, match="of parameter w is not finite: nothing moved"):
        optimiser.step()
    assert (v.data, w.data) == (1, 2)
    assert optimiser.memory == [{}, {}]


def test_step_that_moves_one_column_of_many_is_noticed_by_a_pending_pass():
    """A inactive layer lets most of a large weight stand still; the few that moved still count."""
    weight = Tensor(np.ones((100, 100)))
    x = Tensor(np.ones((1, 100)))
    loss = (x @ weight).sum()
    weight.grad = np.zeros((100, 100))
    weight.grad[:, 3] = 1.0
    SGD([weight], lr=0.01).step()

    with pytest.raises(GraphError, match=r"shape \(100, 100\) was changed"):
        loss.backward()

    assert x.grad is None


def test_fraction_as_learning_rate_steps_an_array_of_floats():
    weight = Tensor([1.0])
    weight.grad = np.array([2.0])
    SGD([weight], lr=Fraction(1, 4), momentum=Fraction(1, 2)).step()

    assert weight.data.tolist() == [0.5]


def test_network_instead_of_its_parameters_is_refused():
    with pytest.raises(TypeError, match=r"expected parameters, got .*give its .parameters\(\)"):
        SGD(MLP([1, 1]), lr=0.1)
