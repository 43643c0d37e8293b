"""The words of the site as functions: what a layer's units did in the last pass.

Each takes a layer (``net.layers[0]``) after a forward pass, or a forward and a backward pass, and
returns plain nested lists: one row an example, one column a unit.
"""

from __future__ import annotations

from copy import deepcopy
from operator import mul

from sgdexplained.errors import GraphError, ShapeError
from sgdexplained.layers import MLP, Linear, gradients

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Numbers = list[list[Any]]
    Mask = list[list[bool]]


# ## The three factors of a gradient


def sender_activation(layer: Linear) -> Numbers:
    """Return the activations of the senders of a layer: the first factor of dL/dW.

    Parameters
    ----------
    layer : Linear
        After a forward pass.

    Returns
    -------
    list of list of number, shape (B, n)

    Raises
    ------
    GraphError
        If there was no forward pass.

    Examples
    --------
    >>> from sgdexplained import MLP
    >>> net = MLP([2, 3, 1], init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])])
    >>> net([[1, 2]])
    [[Scalar(2)]]
    >>> sender_activation(net.layers[0]), sender_activation(net.layers[1])
    ([[1, 2]], [[3, 0, 1]])
    """
    return _remembered(layer.inputs, "forward")


def activation_derivative(layer: Linear) -> Numbers:
    """Return the derivative φ'(z) of each unit: the second factor of dL/dW.

    Parameters
    ----------
    layer : Linear
        After a forward pass.

    Returns
    -------
    list of list of number, shape (B, m)

    Raises
    ------
    GraphError
        If there was no forward pass.

    Examples
    --------
    >>> from sgdexplained import MLP
    >>> net = MLP([2, 3, 1], init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])])
    >>> _ = net([[1, 2]])
    >>> activation_derivative(net.layers[0])
    [[1, 0, 1]]
    """
    return _remembered(layer.derivatives, "forward")


def upstream_gradient(layer: Linear) -> Numbers:
    """Return dL/da of each unit, what came back to it: the third factor of dL/dW.

    Parameters
    ----------
    layer : Linear
        After a backward pass.

    Returns
    -------
    list of list of number, shape (B, m)
        Of the loss that went backward: if that was a mean, every number is divided by B. The
        last layer's are what the loss sends back.

    Raises
    ------
    GraphError
        If there was no backward pass.

    Examples
    --------
    The weight from input 2 into unit 3 has the gradient 2 × 1 × -1.

    >>> from sgdexplained import MLP, half_squared_error
    >>> net = MLP([2, 3, 1], init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])])
    >>> half_squared_error(net([[1, 2]]), [[1]]).backward()
    >>> upstream_gradient(net.layers[0])
    [[1.0, 2.0, -1.0]]
    >>> net.gradients()["W1"][1][2]
    -2.0
    """
    return _reached(gradients(layer._a))  # noqa: SLF001 (the layer remembers it for this)


def delta(layer: Linear) -> Numbers:
    """Return dL/dz of each unit: its derivative φ'(z) times its upstream gradient.

    Parameters
    ----------
    layer : Linear
        After a backward pass.

    Returns
    -------
    list of list of number, shape (B, m)
        Of the loss that went backward: if that was a mean, every number is divided by B.

    Raises
    ------
    GraphError
        If there was no backward pass.

    Examples
    --------
    >>> from sgdexplained import MLP, half_squared_error
    >>> net = MLP([2, 3, 1], init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])])
    >>> half_squared_error(net([[1, 2]]), [[1]]).backward()
    >>> delta(net.layers[0])
    [[1.0, 0.0, -1.0]]
    """
    return _reached(layer.deltas)


# ## One example


def inactive(layer: Linear) -> Mask:
    """Return whether the activation of each unit was exactly 0.

    Parameters
    ----------
    layer : Linear
        After a forward pass.

    Returns
    -------
    list of list of bool, shape (B, m)

    Raises
    ------
    GraphError
        If there was no forward pass.

    Examples
    --------
    >>> from sgdexplained import MLP
    >>> net = MLP([2, 3, 1], init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])])
    >>> _ = net([[1, 2]])
    >>> inactive(net.layers[0])
    [[False, True, False]]
    """
    return [[a == 0 for a in row] for row in _remembered(layer.activations, "forward")]


def shut(layer: Linear) -> Mask:
    """Return whether the derivative φ'(z) of each unit was exactly 0.

    Parameters
    ----------
    layer : Linear
        After a forward pass.

    Returns
    -------
    list of list of bool, shape (B, m)

    Raises
    ------
    GraphError
        If there was no forward pass.

    Examples
    --------
    Inactive and shut are one thing for relu only. A tanh unit at 0 is inactive and learns most.

    >>> from sgdexplained import MLP
    >>> net = MLP([1, 1], output="tanh", init=[([[1]], None)])
    >>> _ = net([[0]])
    >>> inactive(net.layers[0]), shut(net.layers[0])
    ([[True]], [[False]])
    """
    return [[d == 0 for d in row] for row in activation_derivative(layer)]


# ## One batch


def without_contribution(layer: Linear) -> list[bool]:
    """Return which units no example of the batch sent anything back to: every delta is exactly 0.

    Neither the bias of such a unit nor a weight that leads to it has a gradient. A gradient can
    also be 0 because examples cancel: then the unit was touched.

    Parameters
    ----------
    layer : Linear
        After a backward pass.

    Returns
    -------
    list of bool, length m

    Raises
    ------
    GraphError
        If there was no backward pass.

    Examples
    --------
    >>> from sgdexplained import MLP, half_squared_error
    >>> net = MLP([2, 3, 1], init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])])
    >>> half_squared_error(net([[1, 2]]), [[1]]).backward()
    >>> without_contribution(net.layers[0])
    [False, True, False]
    >>> half_squared_error(net([[1, 2], [2, 1]]), [[1], [-1]]).backward()
    >>> without_contribution(net.layers[0])
    [False, False, False]
    """
    return [all(d == 0 for d in column) for column in _columns(delta(layer))]


def weights_without_contribution(layer: Linear) -> Mask:
    """Return which weights got exactly 0 from every example of the batch.

    Parameters
    ----------
    layer : Linear
        After a backward pass.

    Returns
    -------
    list of list of bool, shape (n, m)
        Sender by receiver, as the weights are.

    Raises
    ------
    GraphError
        If there was no backward pass.

    Examples
    --------
    >>> from sgdexplained import MLP, half_squared_error
    >>> net = MLP([2, 3, 1], init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])])
    >>> half_squared_error(net([[1, 2]]), [[1]]).backward()
    >>> weights_without_contribution(net.layers[0])
    [[False, True, False], [False, True, False]]
    >>> weights_without_contribution(net.layers[1])
    [[False], [True], [False]]
    """
    senders, receivers = _columns(sender_activation(layer)), _columns(delta(layer))
    return [[not any(map(mul, sender, deltas)) for deltas in receivers] for sender in senders]


def co_active(layer: Linear) -> list[list[int]]:
    """Count the examples in which sender and receiver worked together.

    A weight can only have a gradient if there is an example in which its sender is not inactive and
    its receiver is open *at the same time*: that each was so in some example is not enough.

    Parameters
    ----------
    layer : Linear
        After a forward pass.

    Returns
    -------
    list of list of int, shape (n, m)
        Sender by receiver, as the weights are: with S the (B, n) matrix of active senders and R
        the (B, m) matrix of open receivers, SᵀR.

    Raises
    ------
    GraphError
        If there was no forward pass.

    Examples
    --------
    The sender is active in the first example, the receiver open in the second.

    >>> from sgdexplained import MLP
    >>> net = MLP([1, 1, 1, 1], init=[([[1]], [0]), ([[-1]], [1]), ([[1]], [0])])
    >>> _ = net([[2], [-1]])
    >>> sender_activation(net.layers[1]), activation_derivative(net.layers[1])
    ([[2], [0]], [[0], [1]])
    >>> co_active(net.layers[1])
    [[0]]
    """
    active = [[a != 0 for a in sender] for sender in _columns(sender_activation(layer))]
    is_open = [[d != 0 for d in receiver] for receiver in _columns(activation_derivative(layer))]
    return [[sum(map(mul, sender, receiver)) for receiver in is_open] for sender in active]


# ## Every example of a set


def dead(net: MLP, X: Any) -> Mask:
    """Return which units are shut for every example of a set.

    Parameters
    ----------
    net : MLP
        It is left as it is: the set goes through a copy.
    X : shape (B, inputs)
        The set on which a unit is dead or not, one row an example.

    Returns
    -------
    list of list of bool
        For each layer one row with one entry for each unit.

    Raises
    ------
    ShapeError
        If the set is empty, or a row has not as many entries as there are inputs.

    Examples
    --------
    The second unit is shut for the first example, but not dead on both.

    >>> from sgdexplained import MLP
    >>> net = MLP([2, 3, 1], init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])])
    >>> dead(net, [[1, 2]])
    [[False, True, False], [False]]
    >>> dead(net, [[1, 2], [2, 1]])
    [[False, False, False], [False]]
    """
    if len(X) == 0:
        raise ShapeError("the set is empty, expected at least one example")
    layers = copied_layers(net, {})
    run(layers, plain(X))
    return [[all(column) for column in _columns(shut(layer))] for layer in layers]


# ## What the modules of this package share


def copied_layers(net: MLP, memo: dict[int, Any]) -> list[Linear]:
    """Return layers with the same numbers, which remember no pass; `memo` is that of deepcopy."""
    return [
        Linear(
            deepcopy(layer.weight, memo), deepcopy(layer.bias, memo), layer.activation, layer.kink
        )
        for layer in net.layers
    ]


def run(layers: list[Linear], X: Any) -> Any:
    """Return the outputs of layers one after the other."""
    for layer in layers:
        X = layer(X)
    return X


def plain(numbers: Any) -> Any:
    """Return an array, or lists of them, as nested lists of Python numbers.

    Examples
    --------
    >>> import numpy as np
    >>> plain([np.array([1.0, 2.0]), [3, np.float64(4.0)]])
    [[1.0, 2.0], [3, 4.0]]
    """
    if isinstance(numbers, list | tuple):
        return [plain(part) for part in numbers]
    return numbers.tolist() if hasattr(numbers, "tolist") else numbers


def _remembered(numbers: Any, which: str) -> Numbers:
    if numbers is None:
        raise GraphError(f"the layer has seen no {which} pass yet")
    rows: Numbers = plain(numbers)
    return rows


def _reached(numbers: Any) -> Numbers:
    """Return gradients as lists, 0 for a unit that the loss was not computed from.

    Examples
    --------
    >>> _reached([[2, None]])
    [[2, 0]]
    >>> for ask in (
    ...     lambda: _reached([[None]]),
    ...     lambda: _reached(None),
    ...     lambda: inactive(Linear([[]])),
    ... ):
    ...     try:
    ...         ask()
    ...     except GraphError as error:
    ...         print(error)
    the layer has seen no backward pass yet
    the layer has seen no backward pass yet
    the layer has seen no forward pass yet
    """
    rows = _remembered(numbers, "backward")
    if all(number is None for row in rows for number in row):
        _remembered(None, "backward")
    return [[0 if number is None else number for number in row] for row in rows]


def _columns(rows: list[list[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
