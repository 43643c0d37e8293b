"""Embedding, dropout, normalisation: parameters skipped, masked, shared, and examples that talk."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from sgdexplained import (
    MLP,
    SGD,
    Scalar,
    ShapeError,
    Tensor,
    gradcheck,
    half_squared_error,
    softmax_cross_entropy,
)
from sgdexplained.contrasts.modules import BatchNorm, Dropout, Embedding, weight_norm
from sgdexplained.contrasts.optimisers import Adam, AdamW
from sgdexplained.layers import gradients, values


def scalars(rows):
    return [[Scalar(number) for number in row] for row in rows]


def both(rows):
    return [scalars(rows), Tensor(rows)]


# ## Embedding

TABLE = [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]]
ARRIVING = [[1, 2], [5, 6], [10, 20]]  # at tokens 1, 3 and 1


def send_back(rows, arriving):
    """Let these gradients arrive at the rows."""
    if isinstance(rows, Tensor):
        rows.backward(gradient=arriving)
    else:
        sum(
            node * gradient
            for nodes, numbers in zip(rows, arriving, strict=True)
            for node, gradient in zip(nodes, numbers, strict=True)
        ).backward()


def test_a_token_used_twice_receives_the_sum_of_both_gradients():
    for weight in both(TABLE):
        embedding = Embedding(weight)
        rows = embedding([1, 3, 1])
        assert np.array(values(rows)).tolist() == [[3, 4], [7, 8], [3, 4]]
        send_back(rows, ARRIVING)
        assert list(gradients(weight)[1]) == [11, 22]
        assert list(gradients(weight)[3]) == [5, 6]


def test_plain_indexed_addition_drops_the_first_of_two_uses():
    lost = np.zeros((5, 2))
    lost[[1, 3, 1]] += np.array(ARRIVING)
    assert lost[1].tolist() == [10, 20]


def test_rows_not_looked_up_have_no_gradient_as_scalars_and_zeros_in_a_tensor():
    as_scalars, as_tensor = both(TABLE)
    for weight in (as_scalars, as_tensor):
        send_back(Embedding(weight)([1, 3, 1]), ARRIVING)
    assert [gradients(as_scalars)[row] for row in (0, 2, 4)] == [[None, None]] * 3
    assert [as_tensor.grad[row].tolist() for row in (0, 2, 4)] == [[0, 0]] * 3


def rows_that_move(weight, optimiser_of, batches):
    """Return, for each batch of tokens, which rows of the table moved."""
    embedding = Embedding(weight)
    optimiser = optimiser_of(embedding.parameters())
    moved = []
    for tokens in batches:
        before = np.array(values(weight), dtype=float)
        optimiser.zero_grad()
        send_back(embedding(tokens), [[1.0, 1.0]] * len(tokens))
        optimiser.step()
        changed = (np.array(values(weight), dtype=float) != before).any(axis=1)
        moved.append(np.flatnonzero(changed).tolist())
    return moved


def test_which_rows_move_depends_on_the_optimiser():
    batches = [[1], [3], [3]]
    table = [[float(number) for number in row] for row in TABLE]
    sgd = rows_that_move(Tensor(table), lambda p: SGD(p, lr=0.1), batches)
    momentum = rows_that_move(Tensor(table), lambda p: SGD(p, lr=0.1, momentum=0.9), batches)
    adam = rows_that_move(Tensor(table), Adam, batches)
    adamw = rows_that_move(Tensor(table), AdamW, batches)
    assert sgd == [[1], [3], [3]]
    assert momentum == adam == [[1], [1, 3], [1, 3]]  # only after the row was seen once
    assert adamw == [[0, 1, 2, 3, 4]] * 3


def test_a_row_without_gradient_stays_even_under_adamw():
    table = [[float(number) for number in row] for row in TABLE]
    assert rows_that_move(scalars(table), AdamW, [[1], [3]]) == [[1], [3]]


def test_an_embedding_tied_to_the_output_teaches_rows_that_were_not_looked_up():
    table = [[1.0, 0.5], [-0.5, 1.0], [0.25, -1.0], [-1.0, -0.75]]
    apart, tied = Tensor(table), Tensor(table)
    softmax_cross_entropy(Embedding(apart)([2]) @ Tensor(table).T, [0]).backward()
    softmax_cross_entropy(Embedding(tied)([2]) @ tied.T, [0]).backward()
    assert apart.grad.any(axis=1).tolist() == [False, False, True, False]
    assert tied.grad.any(axis=1).tolist() == [True, True, True, True]


def test_gradient_of_an_embedding_agrees_with_differences():
    table = [[0.5, -1.0], [2.0, 0.25], [1.5, -0.5]]
    for weight in both(table):
        embedding = Embedding(weight)

        def loss(embedding=embedding):
            return half_squared_error(embedding([2, 0, 2]), [[1, 2], [3, 4], [5, 6]])

        assert len(embedding.parameters()) in (1, 6)
        gradcheck(loss, embedding.parameters())


def test_numpy_integers_are_tokens_too():
    for weight in both(TABLE):
        rows = Embedding(weight)(np.array([4, 0]))
        assert np.array(values(rows)).tolist() == [[9, 10], [1, 2]]


# ## Shared weights, and classes that were not right


def test_a_weight_shared_by_positions_is_closed_at_one_and_open_at_another():
    x, gates = [1, 2, 3, 4], [1, 1, 0]
    taps = [Scalar(1), Scalar(1)]
    heard = [taps[0] * x[i] + taps[1] * x[i + 1] for i in range(3)]
    sum(z * gate for z, gate in zip(heard, gates, strict=True)).backward()
    assert [tap.grad for tap in taps] == [1 + 2, 2 + 3]


@pytest.mark.parametrize(
    ("logits", "seeds"),
    [([0, 0, 0, 0], [-3 / 4, 1 / 4, 1 / 4, 1 / 4]), ([2, -1, -3], [-0.0535, 0.0471, 0.0064])],
)
def test_wrong_classes_are_pushed_however_unlikely(logits, seeds):
    row = [Scalar(z) for z in logits]
    softmax_cross_entropy([row], [0]).backward()
    assert [z.grad for z in row] == pytest.approx(seeds, abs=5e-5)


# ## Dropout


def test_a_given_mask_scales_what_is_kept_and_silences_the_rest():
    keep = Fraction(1, 4)
    for a in both([[Fraction(1), Fraction(2)], [Fraction(3), Fraction(4)]]):
        dropout = Dropout(keep)
        out = dropout(a, mask=[[1, 0], [1, 1]])
        assert np.array(values(out)).tolist() == [[4, 0], [12, 16]]
        send_back(out, [[1, 1], [1, 1]])
        assert np.array(gradients(a)).tolist() == [[4, 0], [4, 4]]
        assert dropout.mask == [[1, 0], [1, 1]]


def test_one_row_of_mask_stands_for_every_example():
    for a in both([[1.0, 2.0], [3.0, 4.0]]):
        assert np.array(values(Dropout(0.5)(a, mask=[0, 1]))).tolist() == [[0, 4], [0, 8]]


def test_weights_of_dropped_units_get_zero_and_not_none():
    w, v = Scalar(3.0), Scalar(2.0)
    [[a]] = Dropout(0.5)([[(w * 1.0).relu()]], mask=[0])
    (a * v).backward()
    assert (w.grad, v.grad) == (0, 0)


def test_mean_over_all_masks_is_the_network_without_dropout():
    keep, a = Fraction(1, 3), [Fraction(2), Fraction(-5), Fraction(7)]
    mean = [Fraction(0)] * 3
    for mask in product((0, 1), repeat=3):
        chance = keep ** sum(mask) * (1 - keep) ** (3 - sum(mask))
        [row] = values(Dropout(keep)(scalars([a]), mask=mask))
        mean = [m + chance * value for m, value in zip(mean, row, strict=True)]
    assert mean == a


def test_dropout_on_a_linear_unit_is_a_ridge_penalty_in_expectation():
    w, x, t = (1, -2, 3), (1, 2, 1), 1
    losses, slopes = [], []
    for mask in product((0, 1), repeat=3):
        weights = [Scalar(Fraction(one)) for one in w]
        [row] = Dropout(Fraction(1, 2))(
            [[one * x_j for one, x_j in zip(weights, x, strict=True)]], mask
        )
        loss = (sum(row) - t) ** 2 / 2
        loss.backward()
        losses.append(loss.data)
        slopes.append([one.grad for one in weights])
    plain = Fraction((1 * 1 - 2 * 2 + 3 * 1 - t) ** 2, 2)
    ridge = Fraction(sum(one**2 * x_j**2 for one, x_j in zip(w, x, strict=True)), 2)
    assert sum(losses) / 8 == plain + ridge == Fraction(1, 2) + 13
    assert [sum(column) / 8 for column in zip(*slopes, strict=True)] == [0, -10, 2]


def chance_that_an_edge_is_untouched(batch, shared):
    """Try every pair of masks before and after the edge, all equally likely for keep 1/2."""
    rows = 1 if shared else batch
    masks = list(product((0, 1), repeat=rows))
    untouched = 0
    for senders, receivers in product(masks, masks):
        edge = Scalar(1)
        sent = Dropout(0.5)([[Scalar(1)]] * batch, [[s] for s in senders] * (batch // rows))
        heard = [[(edge * a).relu()] for [a] in sent]
        said = Dropout(0.5)(heard, [[r] for r in receivers] * (batch // rows))
        sum(a for [a] in said).backward()
        untouched += edge.grad == 0
    return Fraction(untouched, len(masks) ** 2)


@pytest.mark.parametrize("batch", [1, 2, 4])
def test_fresh_masks_leave_an_edge_untouched_three_quarters_to_the_batch_size(batch):
    assert chance_that_an_edge_is_untouched(batch, shared=False) == Fraction(3, 4) ** batch


@pytest.mark.parametrize("batch", [1, 4, 16])
def test_one_mask_for_the_batch_leaves_an_edge_untouched_as_often_as_for_one_example(batch):
    assert chance_that_an_edge_is_untouched(batch, shared=True) == Fraction(3, 4)


def test_chances_in_print_are_those_of_the_formula():
    chances = [(3 / 4) ** batch for batch in (1, 4, 16)]
    assert chances == pytest.approx([0.75, 0.316, 0.010], abs=5e-4)


def test_drawn_masks_are_fresh_for_each_example_unless_shared():
    a = [[1.0] * 8] * 6
    fresh, shared = Dropout(0.5, seed=1), Dropout(0.5, seed=1, shared=True)
    for dropout in (fresh, shared):
        dropout(scalars(a))
    assert len({tuple(row) for row in fresh.mask}) > 1
    assert len({tuple(row) for row in shared.mask}) == 1
    assert fresh.mask[0] == shared.mask[0]
    before = fresh.mask
    fresh(scalars(a))
    assert fresh.mask != before


def test_the_same_seed_drops_the_same_scalars_and_tensor_elements():
    rows = [[float(4 * i + k) for k in range(1, 5)] for i in range(5)]
    outs = [values(Dropout(0.75, seed=3)(a)) for a in both(rows)]
    assert outs[0] == outs[1].tolist()
    mask = Dropout(0.75, seed=3)
    mask(Tensor(rows))
    assert outs[1].tolist() == pytest.approx(np.array(rows) * mask.mask / 0.75)


def test_the_share_of_kept_units_is_keep():
    dropout = Dropout(0.8, seed=0)
    dropout(Tensor(np.ones((100, 100))))
    share, error = np.mean(dropout.mask), math.sqrt(0.8 * 0.2 / 10_000)
    assert abs(share - 0.8) < 4 * error


def test_nothing_is_dropped_when_all_is_kept_or_training_is_over():
    for a in both([[1.0, 2.0], [3.0, 4.0]]):
        everything = Dropout(keep=1)
        assert np.array(values(everything(a))).tolist() == [[1, 2], [3, 4]]
        assert everything.mask == [[1, 1], [1, 1]]
        after = Dropout(keep=0.5)
        after.training = False
        assert after(a) is a
        assert after.mask is None


def test_dropout_keeps_float32():
    a = Tensor(np.ones((2, 3), np.float32))
    out = Dropout(0.75)(a)
    out.sum().backward()
    assert out.dtype == a.grad.dtype == np.float32


# ## BatchNorm

Z = [5, -1, -1, -3]


def d1(z, norm):
    """Send 1 back into each active unit of relu(norm(z)), and return the gradients of z."""
    if isinstance(z, Tensor):
        norm(z).relu().sum().backward()
        return z.grad[:, 0].tolist()
    sum(unit.relu() for [unit] in norm(z)).backward()
    return [unit.grad for [unit] in z]


def test_batchnorm_gives_inactive_examples_more_gradient_than_the_active_one():
    exact = [Fraction(n, 54) for n in (1, -2, -2, 3)]
    for z in both([[Fraction(number)] for number in Z]):
        normalised = np.array(values(BatchNorm(eps=0)(z)))[:, 0]
        assert normalised.tolist() == [Fraction(n, 3) for n in (5, -1, -1, -3)]
        assert d1(z, BatchNorm(eps=0)) == exact
        assert sum(exact) == 0
    for z in both([[float(number)] for number in Z]):
        assert d1(z, BatchNorm(eps=0)) == pytest.approx([float(n) for n in exact], rel=1e-12)


def test_without_batchnorm_only_the_active_example_gets_a_gradient():
    assert d1(scalars([[number] for number in Z]), lambda z: z) == [1, 0, 0, 0]


def test_a_bias_before_batchnorm_gets_exactly_zero():
    w, b = Scalar(Fraction(2)), Scalar(Fraction(-5))
    z = [[w * Fraction(x) + b] for x in (5, 2, 2, 1)]
    assert [unit.data for [unit] in z] == Z
    sum(unit.relu() for [unit] in BatchNorm(eps=Fraction(7))(z)).backward()
    assert b.grad == 0
    assert w.grad != 0


def test_the_gradient_of_a_batch_is_no_sum_over_examples_once_they_talk():
    alone = []
    for example in range(4):
        z = [[Scalar(Fraction(number))] for number in Z]
        BatchNorm(eps=0)(z)[example][0].relu().backward()
        alone.append([unit.grad for [unit] in z])
    for example in (1, 2, 3):  # an inactive output sends nothing back, to nobody
        assert alone[example] == [0, 0, 0, 0]
    assert [share != 0 for share in alone[0]] == [True, True, True, True]


def test_normalised_units_have_mean_0_and_variance_1_over_the_batch():
    rows = [[1.0, 10.0], [2.0, -30.0], [4.0, 0.5], [-8.0, 2.0], [0.0, 1.0]]
    for z in both(rows):
        out = np.array(values(BatchNorm(eps=0)(z)))
        assert out.mean(axis=0) == pytest.approx([0, 0], abs=1e-12)
        assert out.var(axis=0) == pytest.approx([1, 1])


def test_population_variance_divides_by_the_batch_size():
    out = BatchNorm(eps=0)(scalars([[Fraction(0)], [Fraction(6)]]))
    assert values(out) == [[-1], [1]]  # variance 9; divided by B - 1 it would be 18


def test_gamma_and_beta_scale_and_shift_each_unit():
    rows = [[Fraction(0), Fraction(1)], [Fraction(6), Fraction(5)]]
    gamma, beta = [Fraction(2), Fraction(3)], [Fraction(10), Fraction(20)]
    of_scalars = BatchNorm([Scalar(g) for g in gamma], [Scalar(b) for b in beta], eps=0)
    of_tensors = BatchNorm(Tensor(gamma), Tensor(beta), eps=0)
    for norm, z in zip((of_scalars, of_tensors), both(rows), strict=True):
        out = norm(z)
        assert np.array(values(out)).tolist() == [[8, 17], [12, 23]]
        send_back(out, [[1, 0], [3, 5]])
        assert np.array(gradients(norm.gamma)).tolist() == [2, 5]
        assert np.array(gradients(norm.beta)).tolist() == [4, 5]
    assert len(of_scalars.parameters()) == 4
    assert of_tensors.parameters() == [of_tensors.gamma, of_tensors.beta]
    assert BatchNorm().parameters() == []


@pytest.mark.parametrize("eps", [0, 1e-5, 0.5])
@pytest.mark.parametrize("node", [Scalar, Tensor])
def test_gradient_of_batchnorm_agrees_with_differences(node, eps):
    def wrap(row):
        return Tensor(row) if node is Tensor else [Scalar(number) for number in row]

    rows, t = [[1.0, -2.0], [0.5, 3.0], [-1.5, 0.25]], [[1, 2], [3, 4], [5, 6]]
    z = Tensor(rows) if node is Tensor else scalars(rows)
    norm = BatchNorm(wrap([1.5, -0.5]), wrap([0.25, 1.0]), eps)
    inputs = [z] if node is Tensor else [unit for row in z for unit in row]
    gradcheck(lambda: half_squared_error(norm(z), t), [*inputs, *norm.parameters()])


def test_scalars_and_tensors_are_normalised_alike():
    rows, t = [[1.0, -2.0], [0.5, 3.0], [-1.5, 0.25]], [[1, 2], [3, 4], [5, 6]]
    shares = []
    for z in both(rows):
        half_squared_error(BatchNorm()(z), t).backward()
        shares.append(np.array(gradients(z)))
    assert shares[0] == pytest.approx(shares[1], rel=1e-12)


def test_batchnorm_keeps_float32():
    z = Tensor(np.array([[1.0], [2.0], [4.0]], np.float32))
    out = BatchNorm()(z)
    out.relu().sum().backward()
    assert out.dtype == z.grad.dtype == np.float32


def test_a_network_with_batchnorm_between_its_layers():
    net = MLP([2, 3, 1], Tensor, init="uniform", seed=5)
    hidden, output = net.layers
    hidden_linear = MLP([2, 3], Tensor, init=[(hidden.weight, hidden.bias)])
    norm = BatchNorm(Tensor([1.0, 1.0, 1.0]), Tensor([0.0, 0.0, 0.0]))
    x, t = [[1.0, 2.0], [-0.5, 0.25], [3.0, -1.0]], [[1.0], [0.0], [2.0]]

    def loss():
        return half_squared_error(output(norm(hidden_linear(x)).relu()), t)

    gradcheck(loss, [*net.parameters(), *norm.parameters()])
    loss().backward()
    assert hidden.bias.grad == pytest.approx([0, 0, 0], abs=1e-15)


# ## Weight normalisation


def test_weight_normalisation_moves_a_component_whose_weight_has_gradient_zero():
    direction, gain = [Scalar(Fraction(3)), Scalar(Fraction(4))], Scalar(Fraction(5))
    weights = weight_norm(direction, gain)
    assert values(weights) == [3, 4]
    send_back([weights], [[1, 0]])
    assert gradients(direction) == [Fraction(64, 100), Fraction(-48, 100)]
    assert gain.grad == Fraction(3, 5)


def test_weight_normalisation_of_a_tensor_is_that_of_scalars():
    direction, gain = Tensor([Fraction(3), Fraction(4)]), Tensor(Fraction(5))
    weights = weight_norm(direction, gain)
    assert weights.data.tolist() == [3, 4]
    send_back(weights, [1, 0])
    assert direction.grad.tolist() == [Fraction(64, 100), Fraction(-48, 100)]
    assert gain.grad.item() == Fraction(3, 5)


def test_the_gradient_of_a_direction_stands_at_right_angles_to_it():
    direction = Tensor([0.5, -2.0, 1.5])
    weights = weight_norm(direction, 2.0)
    assert math.hypot(*weights.data) == pytest.approx(2)
    send_back(weights, [1.0, 2.0, -0.5])
    assert direction.data @ direction.grad == pytest.approx(0, abs=1e-15)


def test_gradient_of_weight_normalisation_agrees_with_differences():
    direction, gain = Tensor([0.5, -2.0, 1.5]), Tensor(2.0)

    def loss():
        return (weight_norm(direction, gain) * [1.0, 2.0, -0.5]).sum()

    gradcheck(loss, [direction, gain])


# ## Errors


@pytest.mark.parametrize("weight", both(TABLE), ids=["scalars", "tensor"])
@pytest.mark.parametrize(
    ("tokens", "error", "words"),
    [
        ([5], ValueError, "a token is 5, expected 0 to 4"),
        ([-1], ValueError, "a token is -1, expected 0 to 4"),
        ([1.0], TypeError, "a token is 1.0, expected an integer"),
        ([True], TypeError, "a token is True, expected an integer"),
        (["a"], TypeError, "a token is 'a', expected an integer"),
        ([[0, 1]], TypeError, r"a token is \[0, 1\], expected an integer"),
        ([], ShapeError, "the batch is empty, expected at least one token"),
    ],
)
def test_tokens_must_be_integers_of_the_table(weight, tokens, error, words):
    with pytest.raises(error, match=words):
        Embedding(weight)(tokens)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Embedding(Tensor([1, 2])), ShapeError, r"weight has shape \(2,\), expected"),
        (lambda: Embedding(scalars([[1, 2], [3]])), ShapeError, r"rows of lengths \[2, 1\]"),
        (lambda: Embedding([]), ShapeError, r"weight has rows of lengths \[\], expected"),
        (lambda: Embedding([[], []]), ShapeError, r"weight has rows of lengths \[0, 0\]"),
        (lambda: Embedding([[1, 2]]), TypeError, "weight holds int, expected a Tensor"),
        (lambda: Dropout(0), ValueError, "keep is 0, expected a number above 0 and up to 1"),
        (lambda: Dropout(1.5), ValueError, "keep is 1.5, expected"),
        (lambda: Dropout(True), ValueError, "keep is True, expected"),
        (lambda: Dropout("half"), ValueError, "keep is 'half', expected"),
        (lambda: Dropout()(Tensor([1, 2])), ShapeError, r"activations has shape \(2,\), expected"),
        (lambda: Dropout()([Scalar(1)]), ShapeError, r"rows of lengths \[None\], expected"),
        (lambda: Dropout()(Scalar(1)), ShapeError, r"activations has shape \(\), expected"),
        (lambda: Dropout()([[1]]), TypeError, "activations holds int, expected"),
        (
            lambda: Dropout()(Tensor([[1, 2]]), [[1, 0], [1, 0]]),
            ShapeError,
            r"mask has rows of lengths \[2, 2\], expected 1 rows of 2",
        ),
        (lambda: Dropout()(Tensor([[1, 2]]), [1]), ShapeError, r"rows of lengths \[1\], expected"),
        (lambda: Dropout()(Tensor([[1, 2]]), []), ShapeError, r"rows of lengths \[\], expected"),
        (lambda: Dropout()(Tensor([[1, 2]]), [1, 0.5]), ValueError, "holds 0.5, expected 0 and 1"),
        (lambda: BatchNorm(eps=-1), ValueError, "eps is -1, expected"),
        (
            lambda: BatchNorm(Tensor([1]), Tensor([1, 2])),
            ShapeError,
            "gamma has length 1 and beta 2, expected the same",
        ),
        (lambda: BatchNorm()(Tensor([[1]])), ShapeError, "batch of one example has no variance"),
        (lambda: BatchNorm()(scalars([[1]])), ShapeError, "expected two or more"),
        (lambda: BatchNorm()(Tensor([1, 2])), ShapeError, r"z has shape \(2,\), expected"),
        (lambda: BatchNorm()(np.ones((2, 2))), TypeError, "z holds ndarray, expected a Tensor"),
        (
            lambda: BatchNorm([Scalar(1)])(scalars([[1, 2], [3, 4]])),
            ShapeError,
            "gamma or beta has length 1, expected 2",
        ),
        (
            lambda: BatchNorm(eps=0)(Tensor([[1, 2], [1, 3]])),
            ValueError,
            "a pre-activation is the same in all examples and eps is 0",
        ),
        (
            lambda: BatchNorm(eps=0)(scalars([[1, 2], [1, 3]])),
            ValueError,
            "eps is 0: expected a variance above 0",
        ),
        (lambda: weight_norm(Tensor([[1, 2]]), 1), ShapeError, r"direction has shape \(1, 2\)"),
        (lambda: weight_norm([], 1), ShapeError, r"direction is \[\], expected a list of Scalars"),
        (lambda: weight_norm([1, 2], 1), ShapeError, r"direction is \[1, 2\], expected"),
        (lambda: weight_norm(Tensor([0, 0]), 1), ValueError, "direction is all zeros, expected"),
        (lambda: weight_norm([Scalar(0)], 1), ValueError, "all zeros, expected one that points"),
    ],
)
def test_errors_say_what_was_given_and_what_was_expected(call, error, words):
    with pytest.raises(error, match=words):
        call()
