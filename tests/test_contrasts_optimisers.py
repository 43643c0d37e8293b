"""Optimisers: what moves a weight whose gradient is 0, and what makes all gradients alike."""

import math
from fractions import Fraction

import numpy as np
import pytest

from sgdexplained import MLP, SGD, NotFiniteError, Scalar, Tensor, half_squared_error
from sgdexplained.contrasts.optimisers import (
    Adagrad,
    Adam,
    AdamW,
    MovingAverage,
    RMSprop,
    SignSGD,
)

ADAPTIVE = [Adagrad, RMSprop, Adam, AdamW]
ALL = [SignSGD, *ADAPTIVE]


def steps(optimiser_of, gradients, start=0.0):
    """Return how far the weight goes downhill at each of these gradients."""
    w = Scalar(start)
    optimiser = optimiser_of([w])
    moves = []
    for gradient in gradients:
        before = w.data
        w.grad = gradient
        optimiser.step()
        moves.append(before - w.data)
    return moves


def one_then_zeros(count):
    return [1] + [0] * count


# ## Zero gradient, and what the weight does


def test_plain_sgd_stays_where_the_gradient_is_zero():
    assert steps(lambda w: SGD(w, lr=0.1), one_then_zeros(5)) == [0.1, 0, 0, 0, 0, 0]


def test_momentum_makes_nine_tenths_of_its_way_at_zero_gradient():
    moves = steps(lambda w: SGD(w, lr=0.1, momentum=0.9), one_then_zeros(400))
    assert moves[0] == pytest.approx(0.1)
    assert sum(moves) == pytest.approx(1)
    assert sum(moves[1:]) / sum(moves) == pytest.approx(0.9)


def test_nesterov_makes_81_per_cent_of_its_way_at_zero_gradient():
    moves = steps(lambda w: SGD(w, lr=0.1, momentum=0.9, nesterov=True), one_then_zeros(400))
    assert (moves[0], sum(moves)) == pytest.approx((0.19, 1))
    assert sum(moves[1:]) / sum(moves) == pytest.approx(0.81)


def test_weight_decay_halves_a_weight_in_693_steps_without_any_gradient():
    w = Scalar(2.0)
    optimiser = SGD([w], lr=0.1, weight_decay=0.01)
    trace = []
    for _ in range(693):
        w.grad = 0
        optimiser.step()
        trace.append(w.data)
    assert trace[0] == pytest.approx(1.998)
    assert trace[-2] > 1 > trace[-1]
    assert trace[-1] == pytest.approx(0.9998, abs=5e-5)


def test_adam_makes_83_per_cent_of_its_way_at_zero_gradient():
    moves = steps(lambda w: Adam(w, lr=1), one_then_zeros(1500))
    assert moves[:4] == pytest.approx([1, 0.670, 0.518, 0.424], abs=5e-4)
    assert sum(moves) == pytest.approx(6.0055, abs=5e-5)
    assert sum(moves[1:]) / sum(moves) == pytest.approx(0.83, abs=0.005)


@pytest.mark.parametrize(
    ("silence", "first", "total"), [(10_000, 3.162206, 31.7651), (100_000, 3.162278, 31.7658)]
)
def test_after_long_silence_one_gradient_moves_adam_by_the_published_bound(silence, first, total):
    bound = (1 - 0.9) / math.sqrt(1 - 0.999)
    moves = steps(lambda w: Adam(w, lr=1, eps=1e-30), [0] * (silence - 1) + [1] + [0] * 1500)
    assert not any(moves[: silence - 1])
    assert moves[silence - 1] == pytest.approx(first, abs=5e-7)
    assert max(moves) <= bound == pytest.approx(3.1623, abs=5e-5)
    assert sum(moves) == pytest.approx(total, abs=5e-5)
    # The bound, and the way to go after it, belong to a silence without end.
    endless = bound / (1 - 0.9 / math.sqrt(0.999))
    assert sum(moves) < endless == pytest.approx(31.7658, abs=5e-5)
    # The usual ε shortens the step by 3 parts in ten million.
    usual = steps(lambda w: Adam(w, lr=1), [0] * (silence - 1) + [1])[-1]
    assert usual == pytest.approx(moves[silence - 1] * (1 - 1e-8 * math.sqrt(1000)), abs=1e-8)


def test_adam_turns_a_tiny_penalty_into_steps_of_the_learning_rate():
    penalty, lr = 1e-4, 1e-3
    adam = steps(lambda w: Adam(w, lr=lr, weight_decay=penalty), [0] * 1000, start=2.0)
    sgd = steps(lambda w: SGD(w, lr=lr, weight_decay=penalty), [0] * 1000, start=2.0)
    assert adam[0] == pytest.approx(9.9995e-4, rel=1e-6)
    assert sgd[0] == pytest.approx(2e-7)
    assert adam[0] / sgd[0] == pytest.approx(5000, rel=1e-4)
    assert 2 - sum(adam) == pytest.approx(1.119, abs=5e-4)
    assert 2 - sum(sgd) == pytest.approx(1.9998, abs=5e-5)


def test_adamw_shrinks_a_weight_whose_gradient_is_always_zero():
    moves = steps(lambda w: AdamW(w, lr=1e-3, weight_decay=0.01), [0] * 1000, start=2.0)
    assert 2 - sum(moves) == pytest.approx(2 * (1 - 1e-5) ** 1000, rel=1e-12)
    assert 2 - sum(moves) == pytest.approx(1.9801, abs=5e-5)


def test_rmsprop_stays_at_zero_gradient_but_forgets_how_large_gradients_were():
    moves = steps(lambda w: RMSprop(w, lr=1), [1] * 3000 + [0] * 500 + [1])
    assert moves[2999] == pytest.approx(1, abs=1e-7)  # used to gradients of 1
    assert not any(moves[3000:3500])
    assert moves[3500] == pytest.approx(7.78, abs=0.005)
    assert moves[3500] == pytest.approx(1 / math.sqrt(0.99**501 + 0.01), rel=1e-6)


def test_rmsprop_counts_a_first_gradient_as_large_however_small_it_is():
    assert steps(lambda w: RMSprop(w, lr=1), [1])[0] == pytest.approx(10, rel=1e-6)
    assert steps(lambda w: RMSprop(w, lr=1), [1e-3])[0] == pytest.approx(10, rel=2e-4)


def test_adagrad_neither_moves_nor_forgets_at_zero_gradient():
    moves = steps(lambda w: Adagrad(w, lr=1), [1, 0, 0, 0, 0, 0, 1])
    assert moves == pytest.approx([1, 0, 0, 0, 0, 0, 1 / math.sqrt(2)])


def test_newtons_step_moves_a_weight_whose_gradient_is_zero():
    # Half of w'Hw has its minimum at 0, which Newton's method reaches in one step from anywhere.
    u, v = Scalar(2), Scalar(-1)
    H = [[2, 1], [1, 2]]
    loss = (u * u * H[0][0] + u * v * (H[0][1] + H[1][0]) + v * v * H[1][1]) / Fraction(2)
    loss.backward()
    assert (u.grad, v.grad) == (3, 0)
    step = (u.data - 0, v.data - 0)
    assert [row[0] * step[0] + row[1] * step[1] for row in H] == [u.grad, v.grad]
    assert step == (2, -1)


def test_an_average_of_weights_goes_on_when_the_weight_has_stopped():
    w = Scalar(Fraction(0))
    average = MovingAverage([w], decay=Fraction(99, 100))
    w.data = Fraction(1)
    for t in range(1, 101):
        average.update()
        assert average.values == [1 - Fraction(99, 100) ** t]


# ## How far: size of the gradient against size of the step


@pytest.mark.parametrize("kind", [SignSGD, Adagrad, Adam])
def test_first_step_is_the_learning_rate_whatever_the_gradient(kind):
    for gradient in (1, 1000, -7):
        [move] = steps(lambda w: kind(w, lr=0.25), [gradient])
        assert move == pytest.approx(math.copysign(0.25, gradient), rel=1e-7)


def test_eps_is_what_tells_a_gradient_of_a_millionth_from_one_of_1():
    [tiny] = steps(lambda w: Adam(w, lr=1), [1e-6])
    [whole] = steps(lambda w: Adam(w, lr=1), [1])
    assert (tiny, whole) == pytest.approx((0.990, 1.000), abs=5e-4)
    assert tiny == pytest.approx(1e-6 / (1e-6 + 1e-8))


def test_adam_moves_nine_of_thirteen_weights_of_the_bench_all_equally_far():
    init = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
    lengths = {}
    for kind in (SGD, Adam):
        net = MLP([2, 3, 1], init=init)
        before = [w.data for w in net.parameters()]
        half_squared_error(net([[1, 2]]), [[1]]).backward()
        kind(net.parameters(), lr=0.01).step()
        moves = [w.data - b for w, b in zip(net.parameters(), before, strict=True)]
        assert sum(move != 0 for move in moves) == 9
        lengths[kind] = math.hypot(*moves)
    assert lengths[SGD] == pytest.approx(0.01 * math.sqrt(23))
    assert lengths[SGD] == pytest.approx(0.04796, abs=5e-6)
    assert lengths[Adam] == pytest.approx(3 * 0.01)


def test_sum_with_a_smaller_rate_is_the_mean_until_a_penalty_joins():
    def after(gradient, lr, weight_decay):
        return 2 - steps(lambda w: SGD(w, lr, weight_decay=weight_decay), [gradient], start=2.0)[0]

    assert after(12 / 4, 0.01, 0) == pytest.approx(after(12, 0.01 / 4, 0))
    assert after(12 / 4, 0.01, 0.1) == pytest.approx(1.968)
    assert after(12, 0.01 / 4, 0.1) == pytest.approx(1.9695)


def test_steps_of_single_examples_can_walk_uphill_when_only_signs_count():
    gradients = [-1, -1, -1, 9]
    assert sum(gradients) / 4 == 1.5  # downhill is towards smaller weights ...
    moves = steps(lambda w: SignSGD(w, lr=1), gradients, start=0)
    assert sum(moves) / 4 == -0.5  # ... and the weight grows


def test_sign_of_zero_is_zero():
    for node, gradient in ((Scalar(1.0), 0.0), (Tensor([1.0, 1.0]), np.array([0.0, -3.0]))):
        node.grad = gradient
        SignSGD([node], lr=0.5).step()
    assert node.data.tolist() == [1.0, 1.5]


@pytest.mark.parametrize("kind", ADAPTIVE)
def test_the_scale_of_the_loss_does_not_matter(kind):
    gradients = [1.0, -0.5, 0.25, 2.0, 0.0, -1.0]
    small = steps(lambda w: kind(w, lr=0.1, eps=1e-30), gradients)
    large = steps(lambda w: kind(w, lr=0.1, eps=1e-30), [1024 * g for g in gradients])
    assert small == pytest.approx(large, rel=1e-12)


# ## The formulas, put differently


def test_equal_gradients_make_equal_adam_steps_from_the_first_on():
    g, eps = 0.5, 0.25
    moves = steps(lambda w: Adam(w, lr=1, eps=eps), [g] * 50)
    assert moves == pytest.approx([g / (g + eps)] * 50)  # eps outside the root


def test_adam_is_a_ratio_of_weighted_means_of_all_gradients_so_far():
    gradients, (beta1, beta2), eps = [1.0, -3.0, 0.5, 0.0, 2.0], (0.5, 0.75), 1e-3

    def mean(values, beta):
        weights = [beta**age for age in reversed(range(len(values)))]
        return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)

    expected = [
        0.1 * mean(seen, beta1) / (math.sqrt(mean([g * g for g in seen], beta2)) + eps)
        for seen in (gradients[: t + 1] for t in range(len(gradients)))
    ]
    moves = steps(lambda w: Adam(w, 0.1, (beta1, beta2), eps), gradients)
    assert moves == pytest.approx(expected)


def test_rmsprop_and_adagrad_divide_by_the_root_of_what_they_remember():
    gradients = [1.0, -3.0, 0.5, 0.0, 2.0]
    seen = [gradients[: t + 1] for t in range(5)]
    sums = [sum(g * g for g in each) for each in seen]
    expected = [0.1 * g / (math.sqrt(s) + 0.5) for g, s in zip(gradients, sums, strict=True)]
    assert steps(lambda w: Adagrad(w, 0.1, eps=0.5), gradients) == pytest.approx(expected)
    means = [sum(0.25 * 0.75**age * g * g for age, g in enumerate(reversed(e))) for e in seen]
    expected = [0.1 * g / (math.sqrt(m) + 0.5) for g, m in zip(gradients, means, strict=True)]
    moves = steps(lambda w: RMSprop(w, 0.1, alpha=0.75, eps=0.5), gradients)
    assert moves == pytest.approx(expected)


def test_for_plain_sgd_penalty_and_decay_are_the_same_and_for_adam_not():
    gradients = [Fraction(n, 7) for n in (3, -2, 0, 5)]
    settings = {"lr": Fraction(1, 10), "weight_decay": Fraction(1, 5)}
    coupled, decoupled = (
        steps(lambda w, kind=kind: SGD(w, **settings, decoupled=kind), gradients, Fraction(2))
        for kind in (False, True)
    )
    assert coupled == decoupled
    adam = steps(lambda w: Adam(w, lr=0.1, weight_decay=0.2), gradients, 2.0)
    adamw = steps(lambda w: AdamW(w, lr=0.1, weight_decay=0.2), gradients, 2.0)
    assert all(abs(a - b) > 0.001 for a, b in zip(adam, adamw, strict=True))


def test_adamw_without_decay_is_adam():
    gradients = [1.0, -3.0, 0.5, 0.0]
    adamw = steps(lambda w: AdamW(w, weight_decay=0), gradients, 2.0)
    assert adamw == steps(Adam, gradients, 2.0)


def test_defaults_are_those_of_pytorch():
    w = [Scalar(1.0)]
    adam, adamw, rmsprop, adagrad = Adam(w), AdamW(w), RMSprop(w), Adagrad(w)
    assert (adam.lr, adam.betas, adam.eps, adam.weight_decay) == (1e-3, (0.9, 0.999), 1e-8, 0)
    assert (adamw.lr, adamw.betas, adamw.eps, adamw.weight_decay) == (
        1e-3,
        (0.9, 0.999),
        1e-8,
        0.01,
    )
    assert (rmsprop.lr, rmsprop.alpha, rmsprop.eps) == (0.01, 0.99, 1e-8)
    assert (adagrad.lr, adagrad.eps) == (0.01, 1e-10)


# ## Dead units: decay as a way back, or not


def z_of(weights, x, bias=0):
    return sum(w.data * value for w, value in zip(weights, x, strict=True)) + bias


def steps_until_open(optimiser_of, weights, bias, x, limit):
    """Return at which step a dead unit opens, or None."""
    w = [Scalar(value) for value in weights]
    b = Scalar(bias)
    optimiser = optimiser_of(w, b)
    for step in range(1, limit + 1):
        for parameter in (*w, b):
            parameter.zero_grad()
        z = sum(weight * value for weight, value in zip(w, x, strict=True)) + b
        z.relu().backward()
        if z.data > 0:
            return step - 1
        assert [parameter.grad for parameter in (*w, b)] == [0] * (len(w) + 1)
        optimiser.step()
    return None


def test_decay_on_weights_but_not_on_biases_opens_a_dead_unit_at_step_69():
    settings = {"lr": 0.1, "weight_decay": 0.1, "decoupled": True}
    step = steps_until_open(lambda w, b: SGD(w, **settings), [-1.0], 0.5, [1], 200)
    assert step == 69


def test_decay_on_weights_and_biases_alike_never_opens_a_dead_unit():
    settings = {"lr": 0.1, "weight_decay": 0.1, "decoupled": True}
    step = steps_until_open(lambda w, b: SGD([*w, b], **settings), [-1.0], 0.5, [1], 1000)
    assert step is None


@pytest.mark.parametrize("penalty", [1e-4, 1e-2, 1])
def test_adam_with_a_penalty_opens_a_dead_unit_at_step_108(penalty):
    def adam(w, b):  # noqa: ARG001
        return Adam(w, lr=1e-3, weight_decay=penalty)

    assert steps_until_open(adam, [1.0, -0.4], 0.0, [1, 3], 200) == 108


# ## Zero is not None; Scalars and Tensors


def test_none_is_skipped_and_zero_is_stepped():
    for kind in ALL:
        zero, none = Scalar(2.0), Scalar(2.0)
        optimiser = kind([zero, none], lr=0.5)
        zero.grad = none.grad = 1.0
        optimiser.step()
        at, memory = none.data, dict(optimiser.memory[1])
        zero.grad, none.grad = 0.0, None
        optimiser.step()
        assert (none.data, optimiser.memory[1]) == (at, memory)
        assert (zero.data != at) == issubclass(kind, Adam)


def test_the_step_count_stands_still_while_there_is_no_gradient():
    w, rare = Scalar(0.0), Scalar(0.0)
    adam = Adam([w, rare], lr=1)
    for gradient in (1, None, None, 1):
        w.grad, rare.grad = 1, gradient
        adam.step()
    assert [memory["steps"] for memory in adam.memory] == [4, 2]
    assert rare.data == pytest.approx(-2)


@pytest.mark.parametrize("kind", ALL)
def test_scalars_and_tensors_go_the_same_way(kind):
    start, gradients = [1.0, -2.0, 0.5], [[1.0, 0.0, -3.0], [0.0, 0.0, 2.0], [-0.5, 4.0, 0.0]]
    scalars, tensor = [Scalar(x) for x in start], Tensor(start)
    single = Tensor(np.array(start, dtype=np.float32))
    optimisers = [kind(scalars, lr=0.1), kind([tensor, single], lr=0.1)]
    for row in gradients:
        for w, gradient in zip(scalars, row, strict=True):
            w.grad = gradient
        tensor.grad, single.grad = np.array(row), np.array(row, dtype=np.float32)
        for optimiser in optimisers:
            optimiser.step()
    assert tensor.data.tolist() == pytest.approx([w.data for w in scalars], rel=1e-14)
    assert single.data.dtype == np.float32
    assert single.data.tolist() == pytest.approx(tensor.data.tolist(), rel=1e-5)
    remembered = [m for m in optimisers[1].memory[1].values() if isinstance(m, np.ndarray)]
    assert {m.dtype for m in remembered} <= {np.dtype(np.float32)}


@pytest.mark.parametrize("kind", ALL)
def test_a_tensor_is_stepped_in_place_and_its_gradient_left_alone(kind):
    w = Tensor([1.0, 2.0])
    array = w.data
    w.grad = np.array([1.0, -1.0])
    optimiser = kind([w], lr=0.1)
    for _ in range(3):
        optimiser.step()
    assert w.data is array
    assert w.grad.tolist() == [1.0, -1.0]


def test_a_penalty_joins_the_gradient_without_being_written_into_it():
    w = Tensor([1.0, 2.0])
    w.grad = np.array([1.0, -1.0])
    Adam([w], weight_decay=0.5).step()
    assert w.grad.tolist() == [1.0, -1.0]


def test_an_average_is_a_copy_of_its_own():
    w = Tensor([1.0, 2.0])
    average = MovingAverage([w], decay=0.5)
    w.data -= 1.0
    assert average.values[0].tolist() == [1.0, 2.0]
    average.update()
    assert average.values[0].tolist() == [0.5, 1.5]


# ## Errors

W = Scalar(1.0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Adam([], lr=1), ValueError, "there are no parameters"),
        (lambda: Adam([W, W]), ValueError, "given twice"),
        (lambda: Adam([W], lr=-1), ValueError, "lr is -1, expected a finite number from 0"),
        (lambda: Adam([W], betas=(0.9,)), ValueError, r"betas is \(0.9,\), expected two numbers"),
        (lambda: Adam([W], betas=0.9), ValueError, "betas is 0.9, expected two numbers"),
        (lambda: Adam([W], betas=(0.9, 1)), ValueError, "a beta is 1, expected .* less than 1"),
        (lambda: Adam([W], eps=0), ValueError, "eps is 0, expected a number above 0"),
        (lambda: Adam([W], eps=-1), ValueError, "eps is -1, expected"),
        (lambda: Adam([W], eps=True), ValueError, "eps is True, expected"),
        (lambda: AdamW([W], weight_decay=-1), ValueError, "weight_decay is -1, expected"),
        (lambda: RMSprop([W], alpha=1), ValueError, "alpha is 1, expected .* less than 1"),
        (lambda: RMSprop([W], eps=0.0), ValueError, "eps is 0.0, expected a number above 0"),
        (lambda: RMSprop([W], eps=-2), ValueError, "eps is -2, expected"),
        (lambda: Adagrad([W], eps=-3), ValueError, "eps is -3, expected"),
        (lambda: Adagrad([W], eps=0), ValueError, "eps is 0, .* 0 / 0 is no step"),
        (lambda: SignSGD([2 * W], lr=1), TypeError, "parameter 0 was computed"),
        (lambda: MovingAverage([]), ValueError, "no parameters, expected at least one"),
        (lambda: MovingAverage([W], decay=1), ValueError, "decay is 1, expected .* less than 1"),
    ],
)
def test_errors_say_what_was_given_and_what_was_expected(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("kind", ALL)
def test_a_gradient_that_is_not_finite_moves_nothing_and_is_named(kind):
    good, bad = Scalar(1.0), Scalar(2.0)
    good.grad, bad.grad = 1.0, math.nan
    optimiser = kind({"W1": good, "b1": bad}, lr=0.1)
    with pytest.raises(NotFiniteError, match="parameter b1"):
        optimiser.step()
    assert (good.data, bad.data, optimiser.memory) == (1.0, 2.0, [{}, {}])
