"""Properties that hold for every network, tried on many drawn at random."""

from fractions import Fraction
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sgdexplained import (
    MLP,
    SGD,
    Scalar,
    Tensor,
    gradcheck,
    half_squared_error,
    hinge,
    mean_squared_error,
    weighted_mean,
)

from .helpers import flat, fractions, listed

often = settings(max_examples=60, deadline=None, derandomize=True, database=None)
less_often = settings(max_examples=25, deadline=None, derandomize=True, database=None)
small = st.integers(-3, 3)
# From the simplest on; one draw from a list is faster than two numbers and their quotient.
thirds = st.sampled_from(
    sorted(
        {Fraction(n, d) for n in range(-9, 10) for d in (1, 2, 3, 7)},
        key=lambda number: (number.denominator, abs(number), number < 0),
    )
)


def matrix(rows, columns, numbers=small):
    return st.lists(
        st.lists(numbers, min_size=columns, max_size=columns), min_size=rows, max_size=rows
    )


@st.composite
def problems(draw, numbers=small, bias=True, hidden=2):
    """Draw sizes, weights, a batch and its targets."""
    sizes = [draw(st.integers(1, 3)) for _ in range(hidden + 1)] + [draw(st.integers(1, 2))]
    init = []
    for n, m in pairwise(sizes):
        offset = draw(st.lists(numbers, min_size=m, max_size=m)) if bias else None
        init.append((fractions(draw(matrix(n, m, numbers))), fractions(offset)))
    batch = draw(st.integers(1, 4))
    x = fractions(draw(matrix(batch, sizes[0], numbers)))
    t = fractions(draw(matrix(batch, sizes[-1], numbers)))
    return sizes, init, x, t


def gradients(net):
    return list(flat(net.gradients()))


def run(problem, loss=half_squared_error, node=Scalar, reduction="mean"):
    sizes, init, x, t = problem
    net = MLP(sizes, node, init=init)
    out = loss(net(x), t, reduction=reduction)
    out.backward()
    return net, out


# ## The three theorems


@often
@given(problems())
def test_a_weight_moves_only_if_an_example_opens_both_its_ends(problem):
    """Necessary, not sufficient: of the zeros some are at weights that were open."""
    net, _ = run(problem)
    for layer, name in zip(net.layers, ("W1", "W2", "W3"), strict=True):
        gradient = net.gradients()[name]
        for j, row in enumerate(gradient):
            for k, number in enumerate(row):
                if number != 0:
                    assert any(
                        said[j] != 0 and gates[k] != 0 and delta[k] != 0
                        for said, gates, delta in zip(
                            layer.inputs, layer.derivatives, layer.deltas, strict=True
                        )
                    )


@often
@given(problems())
def test_gradient_is_the_sum_of_sender_times_delta(problem):
    net, _ = run(problem)
    for layer, name in zip(net.layers, ("W1", "W2", "W3"), strict=True):
        for j, row in enumerate(net.gradients()[name]):
            for k, number in enumerate(row):
                pairs = zip(layer.inputs, layer.deltas, strict=True)
                assert number == sum(said[j] * delta[k] for said, delta in pairs)


@often
@given(problems(numbers=thirds))
def test_units_balance(problem):
    """What comes into a relu unit as weight times gradient goes out of it again."""
    net, _ = run(problem)
    values, grads = net.values(), net.gradients()
    for layer in (1, 2):
        W, gW = values[f"W{layer}"], grads[f"W{layer}"]
        b, gb = values[f"b{layer}"], grads[f"b{layer}"]
        out, g_out = values[f"W{layer + 1}"], grads[f"W{layer + 1}"]
        for unit in range(len(b)):
            received = sum(row[unit] * g[unit] for row, g in zip(W, gW, strict=True))
            received += b[unit] * gb[unit]
            assert received == sum(w * g for w, g in zip(out[unit], g_out[unit], strict=True))


@often
@given(problems(numbers=thirds), st.sampled_from([Fraction(1, 10), Fraction(1, 3), Fraction(2)]))
def test_a_step_changes_the_balance_by_its_square(problem, lr):
    net, _ = run(problem)
    before, grads = net.values(), net.gradients()
    SGD(net.parameters(), lr).step()
    after = net.values()

    def balance(part, layer, unit):
        incoming = [row[unit] for row in part[f"W{layer}"]] + [part[f"b{layer}"][unit]]
        return sum(w * w for w in incoming) - sum(w * w for w in part[f"W{layer + 1}"][unit])

    for layer in (1, 2):
        for unit in range(len(before[f"b{layer}"])):
            change = balance(after, layer, unit) - balance(before, layer, unit)
            assert change == lr**2 * balance(grads, layer, unit)


@often
@given(problems(numbers=thirds, bias=False))
def test_output_and_slopes_are_sums_over_open_routes(problem):
    sizes, init, x, _ = problem
    net = MLP(sizes, init=init)
    row = x[0]
    outputs = net([row])
    outputs[0][0].backward()
    W = list(net.values().values())
    gates = [layer.derivatives[0] for layer in net.layers]
    worth = {
        (i, j, k): (row[i], W[0][i][j], W[1][j][k], W[2][k][0])
        for i in range(sizes[0])
        for j in range(sizes[1])
        for k in range(sizes[2])
        if gates[0][j] and gates[1][k]
    }

    def total(leave_out, keep=lambda _: True):
        return sum(
            np.prod([number for place, number in enumerate(numbers) if place != leave_out])
            for route, numbers in worth.items()
            if keep(route)
        )

    assert outputs[0][0].data == total(None)
    grads = list(net.gradients().values())
    for i, j, k in np.ndindex(*sizes[:3]):
        assert (grads[0][i][j] or 0) == total(1, lambda r, i=i, j=j: r[:2] == (i, j))
        assert (grads[1][j][k] or 0) == total(2, lambda r, j=j, k=k: r[1:] == (j, k))
        assert (grads[2][k][0] or 0) == total(3, lambda r, k=k: r[2] == k)


# ## Gradients in general


@less_often
@given(problems(numbers=thirds))
def test_differences_agree_exactly_wherever_no_unit_is_near_its_kink(problem):
    sizes, init, x, t = problem
    net = MLP(sizes, init=init)
    net(x)
    hidden = [z for layer in net.layers[:-1] for z in flat(layer.pre_activations)]
    assume(all(abs(z) > Fraction(1, 1000) for z in hidden))
    assert gradcheck(lambda: half_squared_error(net(x), t), net.parameters()) == 0


@less_often
@given(problems(), st.sampled_from([half_squared_error, mean_squared_error]))
def test_scalars_tensors_and_fractions_agree(problem, loss):
    exact, out = run(problem, loss)
    arrays, out_of_arrays = run(problem, loss, Tensor)
    assert out.data == out_of_arrays.item()
    assert gradients(exact) == gradients(arrays)
    assert not any(isinstance(g, float) for g in gradients(exact) + gradients(arrays))
    sizes, init, x, t = problem
    floats = partial(np.asarray, dtype=float)
    init = [(floats(weight), floats(bias)) for weight, bias in init]
    for node in (Scalar, Tensor):
        net, out = run((sizes, init, floats(x), floats(t)), loss, node)
        assert gradients(net) == pytest.approx([float(g) for g in gradients(exact)], rel=1e-12)


@often
@given(problems(numbers=thirds), thirds)
def test_gradients_are_linear_in_the_seed(problem, factor):
    sizes, init, x, t = problem
    for node in (Scalar, Tensor):
        net = MLP(sizes, node, init=init)
        loss = half_squared_error(net(x), t)
        loss.backward()
        once = gradients(net)
        net.zero_grad()
        loss.backward(factor)
        assert gradients(net) == [factor * g for g in once]


@often
@given(st.lists(thirds, min_size=4, max_size=4), thirds, thirds)
def test_seeds_of_an_array_add_up(numbers, first, second):
    x = Tensor(np.array(numbers, dtype=object))

    def gradient(seed):
        x.zero_grad()
        (x * x.sum() + x[[0, 0, 1, 2]]).backward(seed)
        return x.grad

    one, other = np.array([first, 0, 1, second], dtype=object), np.array([second] * 4, dtype=object)
    assert gradient(one + other).tolist() == (gradient(one) + gradient(other)).tolist()


@often
@given(problems(numbers=thirds))
def test_gradient_of_a_sum_of_losses_is_the_sum_of_gradients(problem):
    sizes, init, x, t = problem
    for node in (Scalar, Tensor):
        net = MLP(sizes, node, init=init)

        def losses(net=net):
            outputs = net(x)
            return half_squared_error(outputs, t), mean_squared_error(outputs, t, "sum")

        first, second = losses()
        (first + second).backward()
        together = gradients(net)
        net.zero_grad()
        for loss in losses():
            loss.backward()
        assert gradients(net) == together


@often
@given(problems(numbers=thirds))
def test_second_pass_doubles_every_gradient(problem):
    sizes, init, x, t = problem
    for node in (Scalar, Tensor):
        net = MLP(sizes, node, init=init)
        loss = half_squared_error(net(x), t)
        loss.backward()
        once = gradients(net)
        loss.backward()
        assert gradients(net) == [2 * g for g in once]


# ## Batches


@often
@given(problems(numbers=thirds))
def test_gradient_of_the_mean_is_the_mean_of_the_gradients(problem):
    sizes, init, x, t = problem
    for node in (Scalar, Tensor):
        whole, _ = run(problem, node=node)
        alone = [
            gradients(run((sizes, init, [a], [b]), node=node)[0]) for a, b in zip(x, t, strict=True)
        ]
        means = [sum(part) / Fraction(len(x)) for part in zip(*alone, strict=True)]
        assert gradients(whole) == means


@often
@given(problems(numbers=thirds), st.integers(1, 3), st.sampled_from([half_squared_error, hinge]))
def test_shards_weighted_by_their_size_give_the_whole(problem, cut, loss):
    """The mean of the means of unequal shards would not."""
    sizes, init, x, t = problem
    assume(cut < len(x))
    if loss is hinge:
        t = [[1 if number > 0 else -1 for number in row] for row in t]
    for node in (Scalar, Tensor):
        whole, out = run((sizes, init, x, t), loss, node)
        net = MLP(sizes, node, init=init)
        shards = [(x[:cut], t[:cut]), (x[cut:], t[cut:])]
        losses = [loss(net(a), b) for a, b in shards]
        mean = weighted_mean(losses, [cut, len(x) - cut])
        mean.backward()
        assert mean.data == out.data
        assert gradients(net) == gradients(whole)


@often
@given(problems(numbers=thirds), st.randoms(use_true_random=False))
def test_order_of_the_examples_does_not_matter(problem, random):
    sizes, init, x, t = problem
    order = list(range(len(x)))
    random.shuffle(order)
    shuffled = (sizes, init, [x[i] for i in order], [t[i] for i in order])
    for node in (Scalar, Tensor):
        one, other = run(problem, node=node), run(shuffled, node=node)
        assert one[1].data == other[1].data
        assert gradients(one[0]) == gradients(other[0])
        deltas = [listed(net.layers[0].deltas) for net, _ in (one, other)]
        assert [deltas[0][i] for i in order] == deltas[1]


@often
@given(problems(numbers=thirds), st.integers(2, 3))
def test_repeating_the_batch_changes_the_sum_and_not_the_mean(problem, times):
    sizes, init, x, t = problem
    more = (sizes, init, x * times, t * times)
    assert gradients(run(problem)[0]) == gradients(run(more)[0])
    once, often_ = run(problem, reduction="sum")[0], run(more, reduction="sum")[0]
    assert [times * g for g in gradients(once)] == gradients(often_)


@often
@given(problems(numbers=thirds), st.permutations(range(3)))
def test_units_of_a_layer_may_be_numbered_otherwise(problem, order):
    sizes, init, x, t = problem
    order = [unit for unit in order if unit < sizes[1]]
    (W1, b1), (W2, b2), last = init
    first = [[row[u] for u in order] for row in W1], [b1[u] for u in order]
    swapped = [first, ([W2[u] for u in order], b2), last]
    one, other = run(problem)[0], run((sizes, swapped, x, t))[0]
    assert [one.gradients()["b1"][u] for u in order] == other.gradients()["b1"]
    assert one.gradients()["W3"] == other.gradients()["W3"]
