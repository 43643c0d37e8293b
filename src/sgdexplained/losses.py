"""Losses: one number that says how wrong the outputs are, and the derivatives it sends back.

A loss is one node. Its local derivative towards the outputs is what backpropagation starts with:
for half the squared error it is *output minus target*, for softmax with cross-entropy *probability
minus one-hot label*.

Every loss takes the outputs of a network, one row an example, and adds up the outputs of an
example. ``reduction`` says what happens to the examples: their **mean** (the default, so that the
size of a step does not grow with the size of the batch) or their **sum**.

Outputs are a ``Tensor`` of shape (B, n) or (B,), or the same as nested lists of ``Scalar``.
"""

from __future__ import annotations

from sgdexplained.errors import ShapeError
from sgdexplained.maths import NumberMaths
from sgdexplained.node import Node, is_integer, python_number
from sgdexplained.scalar import Scalar
from sgdexplained.units import Factors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Literal

    from sgdexplained.array_maths import Array

    Reduction = Literal["mean", "sum"]
    Rule = Callable[[Any, Any, Any], tuple[Any, Any]]


def half_squared_error(output: Any, target: Any, reduction: Reduction = "mean") -> Node:
    """Return (output - target)² / 2, summed over outputs, mean or sum over examples.

    The half makes the derivative *output minus target*, without a factor 2.

    Parameters
    ----------
    output : Tensor or nested list of Scalar, shape (B, n) or (B,)
        Outputs of the network.
    target : array_like
        What they should be, in the same shape.
    reduction : {"mean", "sum"}
        Over the examples.

    Returns
    -------
    Scalar or Tensor
        The loss, a single number.

    Raises
    ------
    ShapeError
        If the shapes differ or the batch is empty.
    ValueError
        If the reduction is unknown.

    Examples
    --------
    >>> y = [[Scalar(2)], [Scalar(5)]]
    >>> loss = half_squared_error(y, [[1], [1]], reduction="sum")
    >>> loss.backward()
    >>> loss.data, y[0][0].grad, y[1][0].grad
    (8.5, 1.0, 4.0)
    """
    return _elementwise(_half_squared, output, target, reduction)


# loss = r² / 2      dloss/doutput = r      with r = output - target
def _half_squared(y: Any, t: Any, _: Any) -> tuple[Any, Any]:
    residual = y - t
    return residual * residual / 2, residual


def mean_squared_error(output: Any, target: Any, reduction: Reduction = "mean") -> Node:
    """Return (output - target)²; the mean divides by every number, outputs as well as examples.

    This is the convention of PyTorch's ``MSELoss``: with three outputs an example weighs a third
    of what it weighs in :func:`half_squared_error`, times two for the missing half.

    Parameters
    ----------
    output : Tensor or nested list of Scalar, shape (B, n) or (B,)
        Outputs of the network.
    target : array_like
        What they should be, in the same shape.
    reduction : {"mean", "sum"}
        Over the examples and the outputs.

    Returns
    -------
    Scalar or Tensor
        The loss, a single number.

    Raises
    ------
    ShapeError
        If the shapes differ or the batch is empty.
    ValueError
        If the reduction is unknown.

    Examples
    --------
    >>> y = [[Scalar(3.0), Scalar(1.0)]]
    >>> loss = mean_squared_error(y, [[1, 1]])
    >>> loss.backward()
    >>> loss.data, y[0][0].grad
    (2.0, 2.0)
    """
    return _elementwise(_squared, output, target, reduction, count_outputs=True)


# loss = r²      dloss/doutput = 2r
def _squared(y: Any, t: Any, _: Any) -> tuple[Any, Any]:
    residual = y - t
    return residual * residual, 2 * residual


def logistic(output: Any, label: Any, reduction: Reduction = "mean") -> Node:
    """Return log(1 + exp(-label * output)), the logistic loss of labels -1 and 1.

    Parameters
    ----------
    output : Tensor or nested list of Scalar, shape (B, n) or (B,)
        Scores; a positive one votes for the label 1.
    label : array_like of -1 and 1
        In the same shape.
    reduction : {"mean", "sum"}
        Over the examples.

    Returns
    -------
    Scalar or Tensor
        The loss, a single number.

    Raises
    ------
    ShapeError
        If the shapes differ or the batch is empty.
    ValueError
        If a label is neither -1 nor 1, or the reduction is unknown.

    Examples
    --------
    A right answer with margin 2 still teaches.

    >>> y = Scalar(2.0)
    >>> logistic(y, 1).backward()
    >>> round(y.grad, 4)
    -0.1192
    """
    return _elementwise(_logistic, output, label, reduction, signs=True)


# loss = log(1 + exp(-m))      dloss/doutput = -label * sigmoid(-m)      with m = label * output
#
# max(-m, 0) + log(1 + exp(-|m|)) is the same number, and its exp cannot overflow.
def _logistic(y: Any, t: Any, maths: Any) -> tuple[Any, Any]:
    margin = t * y
    loss = maths.maximum(-margin, 0) + maths.log1p(maths.exp(-abs(margin)))
    return loss, -t * maths.sigmoid(-margin)


def hinge(output: Any, label: Any, reduction: Reduction = "mean") -> Node:
    """Return max(0, 1 - label * output), the hinge loss of labels -1 and 1.

    Parameters
    ----------
    output : Tensor or nested list of Scalar, shape (B, n) or (B,)
        Scores; a positive one votes for the label 1.
    label : array_like of -1 and 1
        In the same shape.
    reduction : {"mean", "sum"}
        Over the examples.

    Returns
    -------
    Scalar or Tensor
        The loss, a single number.

    Raises
    ------
    ShapeError
        If the shapes differ or the batch is empty.
    ValueError
        If a label is neither -1 nor 1, or the reduction is unknown.

    Examples
    --------
    A right answer with margin 2 teaches nothing: the gradient is exactly 0.

    >>> y = Scalar(2.0)
    >>> hinge(y, 1).backward()
    >>> y.grad
    0.0
    """
    return _elementwise(_hinge, output, label, reduction, signs=True)


# loss = max(0, 1 - m)      dloss/doutput = -label where m < 1, else 0
def _hinge(y: Any, t: Any, maths: Any) -> tuple[Any, Any]:
    slack = 1 - t * y
    # Adding 0 gives whole numbers the type of the outputs: -1 / 3 would end all fractions.
    return maths.maximum(slack, 0), maths.zero(slack) - t * maths.step(slack, 0)


def softmax_cross_entropy(logits: Any, labels: Any, reduction: Reduction = "mean") -> Node:
    """Return -log of the probability that softmax gives to the right class.

    Parameters
    ----------
    logits : Tensor or nested list of Scalar, shape (B, n)
        Scores of n classes.
    labels : sequence of int, length B
        The right class of each example, from 0 to n - 1.
    reduction : {"mean", "sum"}
        Over the examples.

    Returns
    -------
    Scalar or Tensor
        The loss, a single number.

    Raises
    ------
    ShapeError
        If there is not one label for each row, or the batch is empty.
    TypeError
        If a label is no integer.
    ValueError
        If a label is out of range, or the reduction is unknown.

    Examples
    --------
    Probabilities 0.6, 0.3 and 0.1, and the second class would be right: the derivatives
    are the probabilities, minus 1 at the right class.

    >>> from math import log
    >>> z = [Scalar(log(6)), Scalar(log(3)), Scalar(0.0)]
    >>> softmax_cross_entropy([z], [1]).backward()
    >>> [round(logit.grad, 12) for logit in z]
    [0.6, -0.7, 0.1]
    """
    if not _is_nested(logits):
        if not isinstance(logits, Node):
            raise TypeError(f"logits are {logits!r}, expected a Tensor, or Scalars in lists")
        return _node(logits, _rows_of_arrays(reduction, logits, logits.data, labels))
    shape, parents = _flattened(logits)
    if len(shape) != 2:
        raise ShapeError(f"logits have shape {shape}, expected (B, n)")
    _check_scalars(parents)
    rows = [list(row) for row in logits]
    _checked_labels(labels, *shape)
    divisor = _divisor_of(reduction)(len(rows))
    loss: Any = 0
    derivatives: list[Any] = []
    for row, label in zip(rows, labels, strict=True):
        # loss = log(sum exp z) - z[label]      dloss/dz = softmax(z) - onehot(label)
        #
        # Taking the largest logit off first changes neither, and no exp can overflow.
        largest = max(z.data for z in row)
        weights = [NumberMaths.exp(z.data - largest) for z in row]
        total = sum(weights)
        loss += NumberMaths.log(total) - (row[label].data - largest)
        derivatives += [w / total - (k == label) for k, w in enumerate(weights)]
    factors = Factors(_over(derivative, divisor) for derivative in derivatives)
    return Scalar.computed(_over(loss, divisor), (tuple(parents),), factors)


def weighted_mean(losses: Sequence[Node], sizes: Sequence[Any]) -> Node:
    """Return the mean loss of all examples from the mean losses of batches of unequal size.

    Parameters
    ----------
    losses : sequence of Scalar or Tensor
        Mean loss of each batch.
    sizes : sequence of int
        Number of examples in each batch.

    Returns
    -------
    Scalar or Tensor
        Σ size × loss / Σ size.

    Raises
    ------
    ShapeError
        If there is not one size for each loss, or none at all.
    ValueError
        If a size is not a positive integer.

    Examples
    --------
    Batches of 4, 4 and 2 with losses 1, 1 and 6: the mean of means would be 8/3.

    >>> weighted_mean([Scalar(1), Scalar(1), Scalar(6)], [4, 4, 2])
    Scalar(2.0)
    """
    if len(losses) != len(sizes) or not losses:
        raise ShapeError(f"{len(losses)} losses and {len(sizes)} sizes: expected one size for each")
    for size in sizes:
        if not is_integer(size) or size < 1:
            raise ValueError(f"a batch has {size!r} examples, expected a positive integer")
    total: Any = sum(loss * size for loss, size in zip(losses, sizes, strict=True))
    mean: Node = total / sum(sizes)
    return mean


# ## What the losses share


def _elementwise(
    rule: Rule,
    output: Any,
    target: Any,
    reduction: str,
    *,
    count_outputs: bool = False,
    signs: bool = False,
) -> Node:
    """Make one node of a rule (loss and its derivative) for pairs of an output and a target."""
    if not _is_nested(output):
        if not isinstance(output, Node):
            raise TypeError(f"an output is {output!r}, expected a Tensor, or Scalars in lists")
        numbers = _pairs_of_arrays(
            rule, count_outputs, signs, reduction, output, output.data, target
        )
        return _node(output, numbers)
    divisor_of = _divisor_of(reduction)
    (shape, outputs), (shape_of_targets, targets) = _flattened(output), _flattened(target)
    if shape != shape_of_targets:
        raise ShapeError(
            f"outputs of shape {shape} and targets of shape {shape_of_targets}: expected the same"
        )
    if not outputs:
        raise ShapeError("the batch is empty, expected at least one example")
    _check_scalars(outputs)
    targets = [Scalar.constant(t) for t in targets]
    for t in targets:
        if signs and t not in (-1, 1):
            raise ValueError(f"a label is {t!r}, expected -1 or 1")
    divisor = divisor_of(len(outputs) if count_outputs else shape[0] if shape else 1)
    pairs = [rule(y.data, t, NumberMaths) for y, t in zip(outputs, targets, strict=True)]
    loss = sum(value for value, _ in pairs)
    derivatives = Factors(_over(derivative, divisor) for _, derivative in pairs)
    return Scalar.computed(_over(loss, divisor), (tuple(outputs),), derivatives)


def _node(output: Any, numbers: tuple[Any, Any]) -> Node:
    """Make the node of a loss from its value and its derivatives by the outputs."""
    loss, derivatives = numbers
    node: Node = output.computed(loss, output, output.factor(derivatives))
    return node


def _pairs_of_arrays(
    rule: Rule,
    count_outputs: bool,
    signs: bool,
    reduction: str,
    kind: Any,
    y: Array,
    target: Any,
) -> tuple[Any, Array]:
    """Return the same loss of an array, and its derivatives: the rule takes all pairs at once.

    Parameters
    ----------
    kind : Tensor, or a class of them
        Whose ``maths`` and ``constant`` to use.

    Examples
    --------
    >>> from sgdexplained import Tensor
    >>> y = Tensor([[2.0, -0.5], [0.0, 3.0]])
    >>> for loss in half_squared_error, mean_squared_error, logistic, hinge:
    ...     y.zero_grad()
    ...     out = loss(y, [[1, -1], [-1, 1]])
    ...     out.backward()
    ...     print(round(out.item(), 4), y.grad.round(4).tolist())
    1.5625 [[0.5, 0.25], [0.5, 1.0]]
    1.5625 [[0.5, 0.25], [0.5, 1.0]]
    0.6714 [[-0.0596, 0.1888], [0.25, -0.0237]]
    0.75 [[0.0, 0.5], [0.5, 0.0]]
    >>> half_squared_error(y, y.data, "sum").item(), hinge(Tensor(3.0), -1).item()
    (0.0, 4.0)
    >>> half_squared_error(Tensor([3.0, 1.0]), [1, 1]).item()
    1.0
    >>> for loss, target in (hinge, [[1, 0], [1, 1]]), (hinge, [1, 1]), (half_squared_error, 1):
    ...     try:
    ...         loss(y, target)
    ...     except ValueError as error:
    ...         print(error)
    a label is np.float64(0.0), expected -1 or 1
    outputs of shape (2, 2) and targets of shape (2,): expected the same
    outputs of shape (2, 2) and targets of shape (): expected the same
    """
    import numpy as np

    divisor_of = _divisor_of(reduction)
    t = kind.constant(target, y.dtype)
    if y.shape != t.shape:
        raise ShapeError(
            f"outputs of shape {y.shape} and targets of shape {t.shape}: expected the same"
        )
    if y.size == 0:
        raise ShapeError("the batch is empty, expected at least one example")
    if signs and not ((t == 1) | (t == -1)).all():
        raise ValueError(f"a label is {t[(t != 1) & (t != -1)][0]!r}, expected -1 or 1")
    divisor = divisor_of(y.size if count_outputs else len(y) if y.shape else 1)
    loss, derivatives = rule(y, t, kind.maths)
    return _over(np.add.reduce(loss, axis=None), divisor), _over(derivatives, divisor)


def _rows_of_arrays(reduction: str, kind: Any, z: Array, labels: Any) -> tuple[Any, Array]:
    """Return the cross-entropy of all rows, and its derivatives.

    Examples
    --------
    >>> from sgdexplained import Tensor
    >>> z = Tensor([[0.0, 0.0], [1e308, -1e308]])
    >>> loss = softmax_cross_entropy(z, [1, 0], "sum")
    >>> loss.backward()
    >>> round(loss.item(), 4), z.grad.tolist()
    (0.6931, [[0.5, -0.5], [0.0, 0.0]])
    >>> for labels in [2, 0], [0, -1], [0], [0.0, 1.0], [True, False]:
    ...     try:
    ...         softmax_cross_entropy(z, labels)
    ...     except (TypeError, ValueError) as error:
    ...         print(error)
    a label is 2, expected 0 to 1
    a label is -1, expected 0 to 1
    2 rows of logits and 1 labels: expected as many
    a label is 0.0, expected an integer
    a label is True, expected an integer
    """
    import numpy as np

    divisor_of, maths = _divisor_of(reduction), kind.maths
    if z.ndim != 2:
        raise ShapeError(f"logits have shape {z.shape}, expected (B, n)")
    classes = np.asarray(labels)
    # Going through the labels one by one takes time, so only where there is something to name.
    # A list may hold truth values, which NumPy would make integers.
    named = labels.__class__ is not np.ndarray or classes.dtype.kind not in "iu"
    if named or classes.shape != z.shape[:1] or not len(z):
        _checked_labels(labels, *z.shape)
        classes = classes.astype(int)
    if classes.min() < 0 or classes.max() >= z.shape[1]:
        _checked_labels(labels, *z.shape)
    # The right class of each row, counted through all rows one after the other.
    right = np.add(np.arange(0, z.size, z.shape[1]), classes, dtype=int)
    # The same formulas as for a row of numbers, see above.
    with np.errstate(over="ignore", under="ignore"):  # exp of minus infinity is 0, as it should be
        shifted = z - np.maximum.reduce(z, axis=1, keepdims=True)
        weights = maths.exp(shifted) if z.dtype.hasobject else np.exp(shifted)
    totals = np.add.reduce(weights, axis=1, keepdims=True)
    logs = maths.log(totals) if z.dtype.hasobject else np.log(totals)  # from 1: nothing to check
    loss = np.add.reduce(logs[:, 0] - shifted.take(right))
    derivatives = weights / totals
    derivatives.put(right, derivatives.take(right) - 1)
    divisor = divisor_of(len(z))
    return _over(loss, divisor), _over(derivatives, divisor)


# Where an array of outputs wants numbers and no node: what works them out, and its first arguments.
OF_ARRAYS: dict[Any, tuple[Any, tuple[Any, ...]]] = {
    half_squared_error: (_pairs_of_arrays, (_half_squared, False, False)),
    mean_squared_error: (_pairs_of_arrays, (_squared, True, False)),
    logistic: (_pairs_of_arrays, (_logistic, False, True)),
    hinge: (_pairs_of_arrays, (_hinge, False, True)),
    softmax_cross_entropy: (_rows_of_arrays, ()),
}


def _divisor_of(reduction: str) -> Callable[[int], int]:
    """Return what turns the number of examples into the number to divide by."""
    if reduction == "mean":
        return int
    if reduction == "sum":
        return lambda _: 1
    raise ValueError(f"reduction is {reduction!r}, expected 'mean' or 'sum'")


def _over(number: Any, divisor: Any) -> Any:
    """Divide, but keep an integer an integer where there is nothing to divide by."""
    return number if divisor == 1 else number / divisor


def _checked_labels(labels: Any, examples: int, classes: int) -> None:
    """Raise unless `labels` holds, for every example, an integer from 0 to `classes` - 1."""
    if not examples:
        raise ShapeError("the batch is empty, expected at least one example")
    if len(labels) != examples:
        raise ShapeError(f"{examples} rows of logits and {len(labels)} labels: expected as many")
    for label in labels:
        if not is_integer(label):
            raise TypeError(f"a label is {label!r}, expected an integer")
        if not 0 <= label < classes:
            raise ValueError(f"a label is {label!r}, expected 0 to {classes - 1}")


def _check_scalars(outputs: Iterable[Any]) -> None:
    for output in outputs:
        if not isinstance(output, Scalar):
            raise TypeError(f"an output is {output!r}, expected a Scalar")


def _is_nested(output: Any) -> bool:
    return isinstance(output, (list, tuple, Scalar))


def _flattened(nested: Any) -> tuple[tuple[int, ...], list[Any]]:
    """Return the shape of nested lists, and what they hold, one after the other.

    Examples
    --------
    >>> _flattened([[1, 2, 3], [4, 5, 6]])
    ((2, 3), [1, 2, 3, 4, 5, 6])
    >>> _flattened(7)
    ((), [7])
    >>> for uneven in [[1, 2], [3]], [[1], 2]:
    ...     try:
    ...         _flattened(uneven)
    ...     except ShapeError as error:
    ...         print(error)
    rows of different lengths, [2, 1]: expected the same
    a number beside rows: expected all to be numbers, or all to be rows
    """
    shape: tuple[int, ...] = ()
    parts = [nested]
    while any(rows := [_is_row(part) for part in parts]):
        if not all(rows):
            raise ShapeError("a number beside rows: expected all to be numbers, or all to be rows")
        lengths = [len(part) for part in parts]
        if lengths.count(lengths[0]) < len(lengths):
            raise ShapeError(f"rows of different lengths, {lengths}: expected the same")
        shape += (lengths[0],)
        parts = [number for part in parts for number in part]
    return shape, [python_number(part) for part in parts]


def _is_row(part: Any) -> bool:
    """Return whether `part` holds numbers; an array without axes is one itself."""
    return (
        hasattr(part, "__iter__")
        and not isinstance(part, str)
        and getattr(part, "shape", None) != ()
    )
