"""Losses: values, seeds, what is divided by what, and every label that is none."""

import math
from fractions import Fraction

import numpy as np
import pytest

from sgdexplained import (
    Scalar,
    ShapeError,
    Tensor,
    half_squared_error,
    hinge,
    logistic,
    mean_squared_error,
    softmax_cross_entropy,
    weighted_mean,
)

from .helpers import fractions, has_minus_zero

OUTPUTS = [[0.5, -0.75, 2.0], [3.0, 0.25, -2.0]]
TARGETS = {
    half_squared_error: [[1.0, 0.0, 2.0], [-1.0, 0.5, 3.0]],
    mean_squared_error: [[1.0, 0.0, 2.0], [-1.0, 0.5, 3.0]],
    logistic: [[1, -1, 1], [-1, 1, 1]],
    hinge: [[1, -1, 1], [-1, 1, 1]],
    softmax_cross_entropy: [2, 0],
}
LOSSES = pytest.mark.parametrize("loss", TARGETS, ids=lambda loss: loss.__name__)
ELEMENTWISE = pytest.mark.parametrize(
    "loss",
    [half_squared_error, mean_squared_error, logistic, hinge],
    ids=lambda loss: loss.__name__,
)
REDUCTIONS = pytest.mark.parametrize("reduction", ["mean", "sum"])


def scalars(numbers):
    if isinstance(numbers, list):
        return [scalars(number) for number in numbers]
    return Scalar(numbers)


def by_the_book(loss, y, t):
    """Return the loss of one pair, from its definition."""
    return {
        half_squared_error: lambda: (y - t) ** 2 / 2,
        mean_squared_error: lambda: (y - t) ** 2,
        logistic: lambda: math.log(1 + math.exp(-t * y)),
        hinge: lambda: max(0, 1 - t * y),
    }[loss]()


def total(loss, outputs, targets):
    """Return the sum over all pairs, or over all rows."""
    if loss is softmax_cross_entropy:
        return sum(
            math.log(sum(map(math.exp, row))) - row[label]
            for row, label in zip(outputs, targets, strict=True)
        )
    return sum(
        by_the_book(loss, y, t)
        for row, wanted in zip(outputs, targets, strict=True)
        for y, t in zip(row, wanted, strict=True)
    )


@REDUCTIONS
@LOSSES
def test_value_and_seeds_are_those_of_the_definition(loss, reduction):
    """The mean divides by examples; only the mean squared error counts outputs as well."""
    divisor = {"sum": 1, "mean": 6 if loss is mean_squared_error else 2}[reduction]
    targets, h = TARGETS[loss], 1e-6
    nodes = scalars(OUTPUTS)
    out = loss(nodes, targets, reduction=reduction)
    out.backward()
    assert out.data == pytest.approx(total(loss, OUTPUTS, targets) / divisor, rel=1e-14)
    for i in range(2):
        for j in range(3):
            above, below = [list(row) for row in OUTPUTS], [list(row) for row in OUTPUTS]
            above[i][j] += h
            below[i][j] -= h
            slope = (total(loss, above, targets) - total(loss, below, targets)) / (2 * h) / divisor
            assert nodes[i][j].grad == pytest.approx(slope, rel=1e-6, abs=1e-9)


@REDUCTIONS
@LOSSES
@pytest.mark.parametrize("columns", [1, 3])
def test_scalars_and_tensor_agree(loss, reduction, columns):
    outputs = [row[:columns] for row in OUTPUTS]
    targets = TARGETS[loss]
    if loss is softmax_cross_entropy:
        targets = [label % columns for label in targets]
    else:
        targets = [row[:columns] for row in targets]
    nodes, tensor = scalars(outputs), Tensor(outputs)
    one, other = loss(nodes, targets, reduction), loss(tensor, targets, reduction)
    one.backward()
    other.backward()
    assert other.shape == ()
    assert other.item() == pytest.approx(one.data, rel=1e-14, abs=1e-16)
    gradients = [[node.grad for node in row] for row in nodes]
    np.testing.assert_allclose(tensor.grad, gradients, rtol=1e-13, atol=1e-16)
    assert not has_minus_zero(gradients)
    assert not has_minus_zero(tensor.grad)


@ELEMENTWISE
def test_row_of_outputs_counts_as_examples(loss):
    """Shape (B,): each number is an example, and the mean divides by B."""
    targets = [1.0, -1.0, 1.0, 1.0]
    outputs = [0.5, 2.0, -1.0, 3.0]
    expected = sum(by_the_book(loss, y, t) for y, t in zip(outputs, targets, strict=True)) / 4
    assert loss(scalars(outputs), targets).data == pytest.approx(expected, rel=1e-14)
    assert loss(Tensor(outputs), targets).item() == pytest.approx(expected, rel=1e-14)


@ELEMENTWISE
def test_single_output_is_a_single_example(loss):
    expected = by_the_book(loss, 0.5, 1)
    assert loss(Scalar(0.5), 1).data == pytest.approx(expected, rel=1e-14)
    assert loss(Tensor(0.5), 1).item() == pytest.approx(expected, rel=1e-14)
    y = Tensor(np.array(Fraction(1, 3), dtype=object))
    assert half_squared_error(y, 1).item() == Fraction(2, 9)


@LOSSES
def test_mean_of_a_batch_repeated_is_the_same_and_its_sum_doubles(loss):
    """Mean, not sum, is the default: a step should not grow with the batch."""
    targets = TARGETS[loss]
    for kind in (scalars, Tensor):
        once, twice = loss(kind(OUTPUTS), targets), loss(kind(OUTPUTS * 2), targets * 2)
        assert twice.data == pytest.approx(once.data, rel=1e-14)
        once = loss(kind(OUTPUTS), targets, "sum")
        twice = loss(kind(OUTPUTS * 2), targets * 2, "sum")
        assert twice.data == pytest.approx(2 * once.data, rel=1e-14)


@pytest.mark.parametrize("loss", [half_squared_error, mean_squared_error, hinge])
@REDUCTIONS
def test_fractions_stay_exact(loss, reduction):
    outputs = fractions([["1/3", "2/7"], ["-5/3", 0], ["1/9", "1/11"]])
    targets = [[1, -1], [-1, 1], [1, 1]]
    divisor = {"sum": 1, "mean": 6 if loss is mean_squared_error else 3}[reduction]
    expected = Fraction(total(loss, outputs, targets)) / divisor
    nodes, tensor = scalars(outputs), Tensor(outputs)
    one, other = loss(nodes, targets, reduction), loss(tensor, targets, reduction)
    one.backward()
    other.backward()
    assert one.data == other.item() == expected
    assert isinstance(one.data, Fraction)
    assert isinstance(other.item(), Fraction)
    gradients = [[node.grad for node in row] for row in nodes]
    assert gradients == tensor.grad.tolist()
    for i, row in enumerate(outputs):
        for j, y in enumerate(row):
            t = targets[i][j]
            slope = {
                half_squared_error: y - t,
                mean_squared_error: 2 * (y - t),
                hinge: -t if t * y < 1 else 0,
            }[loss]
            assert gradients[i][j] == slope / Fraction(divisor)
            assert not isinstance(gradients[i][j], float)


def test_seed_of_softmax_is_probability_minus_label():
    z = [math.log(6), math.log(3), 0.0]
    nodes = scalars([z])
    softmax_cross_entropy(nodes, [0]).backward()
    assert [node.grad for node in nodes[0]] == pytest.approx([-0.4, 0.3, 0.1], rel=1e-14)


def test_margin_two_teaches_logistic_but_not_hinge():
    y = Scalar(2.0)
    logistic(y, 1).backward()
    assert y.grad == pytest.approx(-0.1192, abs=5e-5)
    y = Scalar(2.0)
    hinge(y, 1).backward()
    assert y.grad == 0


def test_hinge_at_its_kink_is_shut():
    for y in (Scalar(1.0), Tensor(1.0)):
        hinge(y, 1).backward()
        assert y.grad == 0
        assert not has_minus_zero([float(y.grad)])


# ## Far out

FAR = pytest.mark.parametrize("kind", [scalars, Tensor])


def gradient(nodes):
    return (
        nodes.grad.tolist() if isinstance(nodes, Tensor) else [[n.grad for n in r] for r in nodes]
    )


@FAR
def test_softmax_of_logits_a_thousand_apart(kind):
    """exp(1000) is no float; the largest logit is taken off first."""
    nodes = kind([[1000.0, -1000.0, 0.0], [-1000.0, -1000.0, -1000.0]])
    loss = softmax_cross_entropy(nodes, [1, 2], reduction="sum")
    loss.backward()
    assert float(loss.data) == pytest.approx(2000 + math.log(3), rel=1e-15)
    assert gradient(nodes)[0] == [1, -1, 0]
    assert gradient(nodes)[1] == pytest.approx([1 / 3, 1 / 3, -2 / 3], rel=1e-15)


@FAR
def test_softmax_that_is_sure_and_right_has_no_loss(kind):
    nodes = kind([[1000.0, -1000.0]])
    loss = softmax_cross_entropy(nodes, [0])
    loss.backward()
    assert loss.data == 0
    assert gradient(nodes) == [[0, 0]]
    assert not has_minus_zero(gradient(nodes))


@FAR
def test_logistic_of_scores_of_a_thousand(kind):
    nodes = kind([[1000.0, -1000.0, -1000.0, 1000.0]])
    loss = logistic(nodes, [[1, 1, -1, -1]], reduction="sum")
    loss.backward()
    assert loss.data == 2000
    assert gradient(nodes) == [[0, -1, 0, 1]]


@FAR
def test_small_losses_keep_their_digits(kind):
    """log(1 + exp(-40)) is exp(-40), not 0."""
    loss = logistic(kind([[40.0]]), [[1]])
    assert float(loss.data) == pytest.approx(math.exp(-40), rel=1e-14)


# ## Unequal batches


def test_weighted_mean_is_the_mean_over_examples_not_over_batches():
    losses = [Scalar(1), Scalar(1), Scalar(6)]
    mean = weighted_mean(losses, [4, 4, 2])
    mean.backward()
    assert mean.data == 2
    assert [loss.grad for loss in losses] == [0.4, 0.4, 0.2]


@pytest.mark.parametrize("node", [Scalar, Tensor])
def test_ragged_batches_add_up_to_the_whole_exactly(node):
    y = fractions([1, "1/3", "5/7", -2, "3/11", 0, 4])
    t = fractions([0, 1, 2, 3, 4, 5, 6])

    def gradients(sizes):
        w = node(Fraction(1, 3))
        losses, start = [], 0
        for size in sizes:
            part = slice(start, start + size)
            outputs = w * y[part] if node is Tensor else [w * number for number in y[part]]
            losses.append(half_squared_error(outputs, t[part]))
            start += size
        mean = weighted_mean(losses, sizes)
        mean.backward()
        return mean.data, w.grad

    assert gradients([7]) == gradients([3, 3, 1]) == gradients([1, 2, 4]) == gradients([1] * 7)
    assert not isinstance(gradients([2, 5])[1], float)


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "2", None], ids=repr)
def test_size_of_a_batch_is_a_positive_integer(size):
    with pytest.raises(ValueError, match=r"a batch has .* examples, expected a positive integer"):
        weighted_mean([Scalar(1)], [size])


def test_sizes_may_be_integers_of_numpy():
    assert weighted_mean([Scalar(1), Scalar(4)], np.array([2, 1])).data == 2


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, []), (2, [1]), (1, [1, 2])])
def test_one_size_for_each_batch(count, sizes):
    with pytest.raises(ShapeError, match=f"{count} losses and {len(sizes)} sizes: expected one"):
        weighted_mean([Scalar(1)] * count, sizes)


# ## Bad input


@LOSSES
@pytest.mark.parametrize("reduction", ["none", "Mean", None, 1], ids=repr)
@pytest.mark.parametrize("kind", [scalars, Tensor])
def test_unknown_reduction_names_the_known_ones(loss, reduction, kind):
    with pytest.raises(ValueError, match=f"reduction is {reduction!r}, expected 'mean' or 'sum'"):
        loss(kind(OUTPUTS), TARGETS[loss], reduction=reduction)


@ELEMENTWISE
@pytest.mark.parametrize("kind", [scalars, Tensor])
@pytest.mark.parametrize(
    "targets", [[[1.0], [1.0]], [1.0, 1.0], [[1.0] * 3] * 3, [[1.0] * 3], 1.0], ids=str
)
def test_targets_of_another_shape_name_both(loss, kind, targets):
    """Broadcasting (2, 3) against (2, 1) would be a inactive, wrong loss."""
    shape = str(np.shape(targets)).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(
        ShapeError, match=rf"outputs of shape \(2, 3\) and targets of shape {shape}"
    ):
        loss(kind(OUTPUTS), targets)


@ELEMENTWISE
def test_empty_batch_is_refused(loss):
    for nodes, targets in (([], []), (Tensor(np.ones((0, 3))), np.ones((0, 3)))):
        with pytest.raises(ShapeError, match="batch is empty, expected at least one example"):
            loss(nodes, targets)


def test_empty_batch_of_logits_is_refused():
    for nodes in ([], Tensor(np.ones((0, 3)))):
        with pytest.raises(
            ShapeError, match=r"batch is empty, expected at least|expected \(B, n\)"
        ):
            softmax_cross_entropy(nodes, [])


@pytest.mark.parametrize("kind", [scalars, Tensor])
@pytest.mark.parametrize("loss", [logistic, hinge])
@pytest.mark.parametrize("wrong", [0, 2, 0.5])
def test_labels_of_two_classes_are_minus_one_and_one(loss, wrong, kind):
    """0 and 1 are the labels of other libraries; here 0 would silently teach nothing."""
    with pytest.raises(ValueError, match=rf"a label is .*{wrong}.*, expected -1 or 1"):
        loss(kind([[1.0], [2.0]]), [[1], [wrong]])


@pytest.mark.parametrize("kind", [scalars, Tensor])
@pytest.mark.parametrize(
    ("labels", "error", "words"),
    [
        ([0, 3], ValueError, "a label is 3, expected 0 to 2"),
        ([-1, 0], ValueError, "a label is -1, expected 0 to 2"),
        (np.array([0, 3]), ValueError, "a label is .*3.*, expected 0 to 2"),
        ([0, 1.0], TypeError, "a label is 1.0, expected an integer"),
        (np.array([0.0, 1.0]), TypeError, "a label is .*0.0.*, expected an integer"),
        ([0, True], TypeError, "a label is .*True.*, expected an integer"),
        (np.array([True, False]), TypeError, "a label is .*True.*, expected an integer"),
        (["0", "1"], TypeError, "a label is .*'0'.*, expected an integer"),
        ([None, 1], TypeError, "a label is None, expected an integer"),
        ([[0], [1]], TypeError, r"a label is \[0\], expected an integer"),
        (np.array([[0], [1]]), TypeError, r"a label is array\(\[0\]\), expected an integer"),
        ([0], ShapeError, "2 rows of logits and 1 labels"),
        ([0, 1, 2], ShapeError, "2 rows of logits and 3 labels"),
    ],
    ids=repr,
)
def test_labels_are_indices_of_classes(labels, error, words, kind):
    with pytest.raises(error, match=words):
        softmax_cross_entropy(kind(OUTPUTS), labels)


@pytest.mark.parametrize("kind", [scalars, Tensor])
def test_labels_may_be_integers_of_numpy(kind):
    labels = np.array([2, 0], dtype=np.uint8)
    plain = softmax_cross_entropy(kind(OUTPUTS), [2, 0]).data
    assert softmax_cross_entropy(kind(OUTPUTS), labels).data == plain
    assert softmax_cross_entropy(kind(OUTPUTS), list(labels)).data == plain


def test_logits_are_rows_of_one_length():
    with pytest.raises(ShapeError, match=r"logits have shape \(3,\), expected \(B, n\)"):
        softmax_cross_entropy(Tensor(np.ones(3)), [0])
    with pytest.raises(ShapeError, match=r"expected \(B, n\)"):
        softmax_cross_entropy(scalars([1.0, 2.0]), [0, 1])
    with pytest.raises(ShapeError, match="rows of different lengths"):
        softmax_cross_entropy(scalars([[1.0, 2.0], [1.0]]), [0, 0])
    with pytest.raises(ShapeError, match="rows of different lengths"):
        half_squared_error(scalars([[1.0, 2.0], [1.0]]), [[1.0, 2.0], [1.0]])


@LOSSES
@pytest.mark.parametrize("outputs", [OUTPUTS, np.array(OUTPUTS)], ids=type)
def test_outputs_without_a_graph_are_refused(loss, outputs):
    """Their gradient would reach nobody."""
    with pytest.raises(TypeError, match=r"(?s)(an output is|logits are) .*, expected .*Scalar"):
        loss(outputs, TARGETS[loss])


@ELEMENTWISE
@pytest.mark.parametrize("kind", [scalars, Tensor])
@pytest.mark.parametrize("wrong", [True, "1", None, 1j], ids=repr)
def test_targets_are_real_numbers(loss, kind, wrong):
    with pytest.raises(TypeError, match="takes .*real number"):
        loss(kind([[1.0]]), [[wrong]])


def test_float32_stays_float32():
    for loss, targets in TARGETS.items():
        y = Tensor(np.array(OUTPUTS, np.float32))
        out = loss(y, targets)
        out.backward()
        assert out.dtype == y.grad.dtype == np.float32


@pytest.mark.parametrize("kind", ["int8", "uint8", "int32", "uint64"])
def test_labels_may_be_of_any_integer_type(kind):
    # So many rows that their places do not fit into the smallest of the types.
    logits = np.random.default_rng(0).standard_normal((300, 3))
    labels = np.arange(300) % 3
    one, other = Tensor(logits), Tensor(np.asfortranarray(logits))
    expected = softmax_cross_entropy(one, labels)
    loss = softmax_cross_entropy(other, labels.astype(kind))
    for node in expected, loss:
        node.backward()
    assert loss.item() == expected.item()
    np.testing.assert_array_equal(other.grad, one.grad)
    assert (np.argmin(other.grad, axis=1) == labels).all()  # the only ones that are negative


def test_softmax_of_fractions_is_that_of_floats():
    floats = Tensor(OUTPUTS)
    exact = Tensor([[Fraction(number) for number in row] for row in OUTPUTS])
    assert exact.dtype == object
    for logits in floats, exact:
        softmax_cross_entropy(logits, [2, 0]).backward()
    np.testing.assert_allclose(exact.grad.astype(float), floats.grad, rtol=1e-12)
