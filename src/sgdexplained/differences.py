"""Check gradients against differences: move one number a little, see how much the loss changes."""

from __future__ import annotations

from itertools import product

from sgdexplained.backward import ONE_AT_A_TIME, reached
from sgdexplained.node import Node, beside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any


def gradcheck(
    loss: Callable[[], Node],
    parameters: Sequence[Node],
    step: Any = None,
    tolerance: Any = None,
) -> Any:
    """Compare every gradient with a central difference and return the largest error.

    Parameters
    ----------
    loss : callable
        Runs the forward pass and returns the loss, from the parameters' present data.
    parameters : sequence of Scalar or Tensor
        Leaves that `loss` uses.
    step : number, optional
        How far to move a number to either side: 1/1000 if everything is exact, else 1e-5 of the
        number or of 1.
    tolerance : number, optional
        Largest error to accept: 0 if everything is exact, else 1e-6 of the gradient or of 1.

    Returns
    -------
    number
        Largest difference found; exactly 0 for fractions and a piecewise quadratic loss.

    Raises
    ------
    AssertionError
        If a gradient and its difference do not agree; the message has both numbers.
    TypeError
        If the loss or a parameter is no node.

    Notes
    -----
    A difference across a kink tells nothing about the derivative on either side. Where the two
    disagree the step is therefore made smaller, until it no longer reaches over a kink nearby;
    only then is it an error. A number exactly on a kink has no derivative to compare with,
    and the error says so.

    In float32 a difference over 1e-5 drowns in rounding: check the same function in float64, or
    give a longer step and a larger tolerance.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from sgdexplained import Scalar
    >>> w = Scalar(Fraction(1, 3))
    >>> gradcheck(lambda: (3 * w - 5) ** 2 / 2, [w])
    0
    """
    parameters = list(parameters)
    if not parameters:
        raise ValueError("there are no parameters to check, expected at least one")
    for parameter in parameters:
        if not isinstance(parameter, Node):
            raise TypeError(f"a parameter is {parameter!r}, expected a Scalar or a Tensor")
    # Numbers are moved in their places, so no other thread may see them meanwhile.
    with ONE_AT_A_TIME:
        return _largest_error(loss, parameters, step, tolerance)


def _largest_error(
    loss: Callable[[], Node], parameters: list[Node], step: Any, tolerance: Any
) -> Any:
    out = loss()
    if not isinstance(out, Node):
        raise TypeError(f"the loss is {out!r}, expected a Scalar or a Tensor")
    # The pass leaves a gradient on every leaf, also on those that nobody asked about.
    before = [(node, node.grad) for node in [*parameters, *reached(out)] if node.left is None]
    for node, _ in before:
        node.grad = None
    try:
        out.backward()  # type: ignore[attr-defined]
        gradients = [parameter.grad for parameter in parameters]
    finally:
        for node, gradient in before:
            node.grad = gradient
    worst: Any = 0
    for number, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
        for where, value, put in _numbers(parameter):
            backward = 0 if gradient is None else gradient if where is None else gradient[where]
            name = f"{number}" if where is None else f"{number}{list(where)}"
            worst = max(worst, _compare(loss, backward, value, put, step, tolerance, name))
    return worst


def _compare(
    loss: Callable[[], Node],
    backward: Any,
    value: Any,
    put: Callable[[Any], None],
    step: Any,
    tolerance: Any,
    name: str,
) -> Any:
    """Return the error of one gradient, or raise."""
    from fractions import Fraction  # only here: scalars should load quickly

    def at(moved: Any) -> Any:
        put(moved)
        result = loss().data
        return result.item() if hasattr(result, "item") else result

    try:
        here = at(value)
        exact = isinstance(value, int | Fraction) and isinstance(here, int | Fraction)
        h = step or (Fraction(1, 1000) if exact else beside(1e-5, value) * max(1, abs(value)))
        usual = 0 if exact else beside(1e-6, backward) * max(1, abs(backward))
        limit = usual if tolerance is None else tolerance
        first, slopes = h, []
        for _ in range(5):
            left, right = (here - at(value - h)) / h, (at(value + h) - here) / h
            central = (left + right) / 2
            if abs(central - backward) <= limit:
                return abs(central - backward)
            slopes.append((central, left, right))
            h = h / 8
    finally:
        put(value)
    central, left, right = slopes[0]
    # A loss is rounded to one part in 2⁵², and a difference cannot see anything smaller.
    unseen = 0 if exact else abs(float(here)) * 2**-52 / float(first)
    message = f"parameter {name}: backward gives {backward}, central differences give {central}"
    if abs(central - backward) <= 4 * unseen:
        message += f"; the loss is {here}, and its rounding alone may make that difference"
    elif abs(right - left) > abs(central - backward):
        message += f"; the derivative is {left} on one side and {right} on the other: a kink"
    raise AssertionError(message)


def _numbers(parameter: Node) -> Iterator[tuple[Any, Any, Callable[[Any], None]]]:
    """Yield place, value and setter of each number of a parameter."""
    data = parameter.data
    if not hasattr(data, "shape"):

        def put_number(value: Any) -> None:
            parameter.data = value

        yield None, data, put_number
        return
    for where in product(*(range(length) for length in data.shape)):

        def put_element(value: Any, where: tuple[int, ...] = where) -> None:
            data[where] = value

        value = data[where]
        yield where, value, put_element
