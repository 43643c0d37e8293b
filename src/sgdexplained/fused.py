"""A whole training step in one call, as fast as if it were written out by hand.

The lines of the story build a graph, walk back along it and drop it:

    | loss = half_squared_error(net(X), targets)
    | sgd.zero_grad(); loss.backward(); sgd.step()

One can look between any two of them, and most of what the engine does beside the arithmetic is for
those who look, or write, there. A *fused* step does the same four things in one call. Nobody comes
in between, so the promises of the engine cost less:

* *Changed arrays are noticed*: the arrays of the forward pass cannot change before the backward
  pass, so there is nothing to compare.
* *A gradient that is NaN or infinite moves nothing*: no gradient of a layer is larger than the norm
  of its inputs times the norm of its deltas. These are fewer numbers than its weights unless the
  batch is large. Only if this bound is not finite the gradients themselves are looked through.
* *A step that fails leaves no half of a gradient*: it leaves none at all.

A loss of this package makes no node here: its value and its derivatives are all that is wanted. Any
other function of the outputs makes its nodes, and the engine walks back through them.

Losses, gradients, steps and what the layers remember are the same numbers, to the last bit.
"""

from __future__ import annotations

from functools import partial
from itertools import accumulate
from math import isfinite
from sys import getrefcount
from typing import TYPE_CHECKING, Any

import numpy as np

from sgdexplained.backward import ONE_AT_A_TIME
from sgdexplained.errors import GraphError, NotFiniteError, ShapeError
from sgdexplained.layers import MLP, Linear
from sgdexplained.losses import OF_ARRAYS
from sgdexplained.node import Node
from sgdexplained.sgd import SGD, UNFINISHED, Optimiser
from sgdexplained.tensor import Slope, Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from sgdexplained.array_maths import Array

__all__ = ["FusedStep", "example_gradients"]


class FusedStep:
    """Forward pass, loss, backward pass and update of a network of Tensors, in one call.

    Parameters
    ----------
    net : MLP
        Of Tensors, all ``float64`` or all ``float32``.
    loss : callable
        Takes outputs (a Tensor) and targets, and returns a node. A loss of this package, such as
        :func:`~sgdexplained.half_squared_error`, is the fastest; so is
        ``functools.partial(half_squared_error, reduction="sum")``.
    optimiser : Optimiser
        Of all parameters of the network that require a gradient, and of no others.

    Raises
    ------
    TypeError
        If `net` is no network of Tensors of one float type, or `optimiser` is no optimiser.
    ValueError
        If a parameter stands in two places of the network, if the optimiser misses one that
        requires a gradient, or has one that is not of the network.

    See Also
    --------
    sgdexplained.backward.backward : what this does in one go, step by step.

    Examples
    --------
    >>> from sgdexplained import MLP, SGD, half_squared_error
    >>> layers = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
    >>> net = MLP([2, 3, 1], Tensor, init=layers)
    >>> step = FusedStep(net, half_squared_error, SGD(net.parameters(), lr=0.1))
    >>> step([[1, 2]], [[1]])
    0.5
    >>> net.gradients()["W1"].tolist()
    [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0]]
    >>> net.layers[0].deltas.tolist(), net.layers[0].weight.data.tolist()
    ([[1.0, 0.0, -1.0]], [[0.9, 1.0, 2.1], [0.8, -2.0, 0.2]])
    """

    def __init__(self, net: MLP, loss: Callable[[Tensor, Any], Node], optimiser: Optimiser) -> None:
        _checked(net, optimiser)
        self.net, self.loss, self.optimiser = net, loss, optimiser
        self._workspace: _Workspace | None = None

    def __call__(self, inputs: Any, targets: Any) -> float:
        """Take one step and return the loss before it.

        Parameters
        ----------
        inputs : array_like, shape (B, n)
            One row an example.
        targets : array_like
            What the loss takes beside the outputs.

        Returns
        -------
        float
            The loss of the batch.

        Raises
        ------
        ShapeError
            If the inputs are no matrix with n columns, or the loss is more than one number.
        NotFiniteError
            If the loss or a gradient is NaN or infinite; then nothing has moved.
        TypeError
            If the loss is no node.

        Notes
        -----
        Gradients are those of this step alone; they stay in ``grad`` until the next one.
        """
        with ONE_AT_A_TIME:
            workspace = self._workspace_for(inputs)
            workspace.forward()
            self.net.layers[0]._inputs = inputs  # noqa: SLF001 (as they were given)
            value, node = workspace.loss(self.loss, targets)
            if not isfinite(value):
                raise NotFiniteError(
                    f"the loss is {value}, expected a finite number: nothing moved"
                )
            try:
                finite = workspace.backward(node)
            except BaseException as error:
                workspace.forget_gradients()
                error.add_note("The backward pass did not finish: there are no gradients.")
                raise
            self._update(workspace, finite)
        return value

    # Arrays that are written into are of no use to a copy, or in a file.
    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_workspace": None}

    def _workspace_for(self, inputs: Any) -> _Workspace:
        """Return the arrays of the last step, with these inputs; others if they do not fit."""
        first = self.net.layers[0].weight.data
        x = Tensor.constant(inputs, first.dtype)
        if x.shape[1:] != first.shape[:1]:
            raise ShapeError(
                f"inputs of shape {x.shape}, expected (B, {first.shape[0]}), one row an example"
            )
        workspace = self._workspace
        if workspace is None or not workspace.fits(self.net, len(x)):
            workspace = self._workspace = _Workspace(self.net, self.optimiser, len(x))
        workspace.inputs = x
        return workspace

    def _update(self, workspace: _Workspace, finite: bool) -> None:
        optimiser = self.optimiser
        if optimiser.__class__ is SGD and not (optimiser.momentum or optimiser.weight_decay):
            optimiser._check(gradients=not finite)  # noqa: SLF001 (its step, in other words)
            workspace.move(optimiser.lr)
        else:
            optimiser.step()


def _checked(net: Any, optimiser: Any) -> list[Tensor]:
    """Return the parameters of a network, or raise an error that names what cannot be fused."""
    if not isinstance(net, MLP):
        raise TypeError(f"the network is {net!r}, expected an MLP")
    if not isinstance(optimiser, Optimiser):
        raise TypeError(f"the optimiser is {optimiser!r}, expected an optimiser of this package")
    named = net.named_parameters()
    types = {getattr(one.data, "dtype", type(one).__name__) for one in named.values()}
    if len(types) > 1 or not types <= {np.dtype(np.float32), np.dtype(np.float64)}:
        raise TypeError(
            f"the parameters are {' and '.join(sorted(map(str, types)))}, expected Tensors that "
            "are all float32 or all float64"
        )
    places: dict[int, str] = {}
    for name, one in named.items():
        if id(one) in places:
            raise ValueError(f"{places[id(one)]} and {name} are one parameter: use backward()")
        places[id(one)] = name
    listed = {id(one) for one in optimiser.parameters}
    for name, one in named.items():
        if one.requires_grad and id(one) not in listed:
            raise ValueError(f"the optimiser has not {name}: give it, or let it need no gradient")
    if not listed <= set(places):
        raise ValueError("the optimiser has a parameter that is not of the network")
    return list(named.values())


# ## Arrays that are written into at each step

# So few gradients are looked through faster than bounded, which takes two calls for each layer.
FEW = 1024


class _Workspace:
    """The arrays that a step needs, for a network and a size of the batch.

    Gradients lie in one array, so that few calls of NumPy do for all of them.
    """

    def __init__(self, net: MLP, optimiser: Optimiser, batch: int) -> None:
        parameters = _checked(net, optimiser)
        self.listed: list[Any] = optimiser.parameters
        self.forget_gradients()
        # What `fits` compares with: whoever changes one of these needs other arrays.
        self.batch, self.net_layers = batch, [*net.layers]
        self.parts = [(one, one.weight, one.bias) for one in net.layers]
        self.seen = [(one, one.data, one.requires_grad) for one in parameters]
        self.learning = [one for one in parameters if one.requires_grad]
        if not self.learning:
            raise GraphError("no parameter of the network requires a gradient")
        self.flat = np.empty(sum(one.size for one in self.learning), parameters[0].dtype)
        self.steps = np.empty_like(self.flat)
        self.gradients, steps = (_parts(one, self.learning) for one in (self.flat, self.steps))
        self.moves = [(one, one.data, step) for one, step in zip(self.learning, steps, strict=True)]
        self.inputs: Any = None
        self.outputs = Tensor(0.0)
        self.last_loss: Any = None
        self.of_arrays: Any = None
        self.gradient: Any = None  # of a loss without a node, by the outputs
        self.lr: Any = None
        self.lr_as_array: Any = None
        gradient_of = {id(one): g for one, g in zip(self.learning, self.gradients, strict=True)}
        self.layers: list[_Layer] = []
        for layer in net.layers:
            passes_on = any(before.learns for before in self.layers)
            self.layers.append(_Layer(layer, batch, passes_on, gradient_of))
        # The bound reads what is at both ends of each layer.
        at_ends = batch * sum(sum(layer.shape) for layer in net.layers)
        self.looks_through = self.flat.size <= max(at_ends, FEW)
        del gradient_of  # which is one reference to each gradient
        self.our_references = self.references()

    def references(self) -> list[int]:
        return [getrefcount(self.flat), *map(getrefcount, self.gradients)]

    def fits(self, net: MLP, batch: int) -> bool:
        """Return whether all is as it was at the start, and nobody holds a gradient."""
        self.forget_gradients()
        for layer, weight, bias in self.parts:
            if layer.weight is not weight or layer.bias is not bias:
                return False
        for parameter, data, wanted in self.seen:
            if parameter.data is not data or parameter.requires_grad is not wanted:
                return False
        return (
            batch == self.batch
            and net.layers == self.net_layers
            and self.references() == self.our_references
        )

    def forget_gradients(self) -> None:
        for parameter in self.listed:
            parameter.grad = None

    def forward(self) -> None:
        x = self.inputs
        for layer in self.layers:
            x = layer.forward(x)
        self.outputs.data = x

    def loss(self, loss: Any, targets: Any) -> tuple[float, Tensor | None]:
        """Return the value of the loss; and its node, or if it has none, keep its derivatives."""
        if loss is not self.last_loss:
            self.last_loss, self.of_arrays = loss, _without_node(loss)
        if self.of_arrays is None:
            node = loss(self.outputs, targets)
            if not isinstance(node, Tensor):
                raise TypeError(f"the loss is {node!r}, expected a Tensor")
            return node.item(), node
        value, self.gradient = self.of_arrays(Tensor, self.outputs.data, targets)
        return float(value), None

    def backward(self, loss: Tensor | None) -> bool:
        """Give each parameter its gradient, and return whether all are known to be finite."""
        gradient = self.gradient if loss is None else _through(loss, self.outputs)
        for layer in reversed(self.layers):
            layer.backward(gradient)
            if layer.back is None:  # nobody before it learns
                break
            gradient = layer.back
        bounded = not self.looks_through
        for parameter, array in zip(self.learning, self.gradients, strict=True):
            if parameter.grad is not None:  # the loss has read it too, as a penalty does
                np.add(array, parameter.grad, out=array)
                bounded = False
            parameter.grad = array
        if bounded:
            return isfinite(sum(layer.bound() for layer in self.layers if layer.learns))
        return isfinite(np.vdot(self.flat, self.flat))

    def move(self, lr: Any) -> None:
        """Take the step of plain SGD, w ← w - η g: all η g at once, and then each parameter."""
        if lr is not self.lr:  # a Python number would be made an array at each step
            self.lr, self.lr_as_array = lr, np.asarray(lr, self.flat.dtype)
        np.multiply(self.flat, self.lr_as_array, self.steps)
        try:
            for parameter, data, step in self.moves:
                np.subtract(data, step, data)
                parameter.stepped()
        except BaseException as error:
            error.add_note(UNFINISHED)
            raise


def _without_node(loss: Any) -> Callable[[Any, Array, Any], tuple[Any, Array]] | None:
    """Return what gives value and derivatives of a loss of this package; of any other, nothing.

    Examples
    --------
    >>> from sgdexplained import half_squared_error
    >>> summed = _without_node(partial(half_squared_error, reduction="sum"))
    >>> summed(Tensor, np.array([[3.0], [1.0]]), [[1], [0]])
    (np.float64(2.5), array([[2.],
           [1.]]))
    >>> _without_node(lambda output, target: half_squared_error(output, target))
    """
    reduction = "mean"
    if loss.__class__ is partial and not loss.args and loss.keywords.keys() == {"reduction"}:
        loss, reduction = loss.func, loss.keywords["reduction"]
    for own, (function, settings) in OF_ARRAYS.items():
        if loss is own:
            return partial(function, *settings, reduction)
    return None


def _parts(flat: Array, like: list[Tensor]) -> list[Array]:
    """Cut an array into arrays of the shapes of some tensors.

    Examples
    --------
    >>> [part.tolist() for part in _parts(np.arange(5), [Tensor([[1], [2]]), Tensor([1, 2, 3])])]
    [[[0], [1]], [2, 3, 4]]
    """
    ends = list(accumulate(one.size for one in like))
    return [
        flat[end - one.size : end].reshape(one.shape) for one, end in zip(like, ends, strict=True)
    ]


class _Seen:
    """An array and its gradient, under the names that a node for it would use."""

    __slots__ = ("data", "grad")

    def __init__(self, data: Any) -> None:
        self.data: Any = data
        self.grad: Any = None


class _Layer:
    """A layer, and the arrays into which its numbers are written.

    Parameters
    ----------
    layer : Linear
        Weights, biases and activation function.
    batch : int
        Number of examples.
    passes_on : bool
        Whether a layer before this one learns.
    gradient_of : dict of int to array
        Where the gradients of weights and biases belong, by their ids.
    """

    def __init__(
        self, layer: Linear, batch: int, passes_on: bool, gradient_of: dict[int, Array]
    ) -> None:
        weight = layer.weight.data
        z = np.empty((batch, weight.shape[1]), weight.dtype)
        self.layer, self.weight, self.transposed = layer, weight, weight.T
        self.weight_gradient = gradient_of.get(id(layer.weight))
        # As rows, like those of Z: NumPy is quicker with arrays of the same number of axes.
        self.bias = None if layer.bias is None else layer.bias.data[None]
        gradient = gradient_of.get(id(layer.bias))
        self.bias_gradient = None if gradient is None else gradient[None]
        # It is quicker with arrays than with Python numbers, too.
        self.zero = np.zeros((), weight.dtype)
        self.zeros = np.zeros((1, weight.shape[1]), weight.dtype)
        self.learns = self.weight_gradient is not None or self.bias_gradient is not None
        self.back = np.empty((batch, len(weight)), weight.dtype) if passes_on else None
        self.inputs: Any = None
        self.z = self.a = _Seen(z)
        # The commonest function has arrays of its own; any other is left to the engine.
        self.relu = layer.activation == "relu" and layer.kink == 0
        if layer.activation is not None:
            self.a = _Seen(np.empty_like(z))
        self.open, self.delta = np.empty(z.shape, bool), np.empty_like(z)
        self.leaf, self.node = Tensor(0.0), Tensor(0.0)
        self.leaf.data = z

    def forward(self, x: Array) -> Array:
        """Return the activations, and let the layer remember this pass."""
        layer, seen, a = self.layer, self.z, self.a
        z = seen.data
        x.dot(self.weight, z)
        if self.bias is not None:
            np.add(z, self.bias, z)
        if self.relu:
            np.maximum(z, self.zero, out=a.data)
        elif a is not seen:
            self.node = layer._phi(self.leaf)  # noqa: SLF001
            a.data = self.node.data
        seen.grad = a.grad = None
        self.inputs = layer._inputs = x  # noqa: SLF001
        layer._z, layer._a = seen, a  # noqa: SLF001
        activations: Array = a.data
        return activations

    def backward(self, upstream: Array) -> None:
        """Work out the gradients of weights and biases, and what goes back to the inputs."""
        delta = upstream
        if self.relu:
            delta = self.delta
            # First 1 and 0 in place of True and False: NumPy multiplies one type in less time.
            delta[...] = np.greater(self.z.data, self.zero, self.open)
            np.multiply(delta, upstream, delta)
        elif self.a is not self.z:
            delta = _through(self.node, self.leaf, upstream)
        self.a.grad, self.z.grad = upstream, delta
        if self.weight_gradient is not None:  # dL/dW = Xᵀ dL/dZ
            self.inputs.T.dot(delta, self.weight_gradient)
        if self.bias_gradient is not None:  # dL/db = dL/dZ, summed over the examples
            if len(delta) == 1:  # one example: adding 0 is quicker than summing, and means the same
                np.add(delta, self.zeros, self.bias_gradient)
            else:
                np.add.reduce(delta, axis=0, out=self.bias_gradient, keepdims=True)
        if self.back is not None:  # dL/dX = dL/dZ Wᵀ
            delta.dot(self.transposed, self.back)

    def bound(self) -> float:
        """Return a number that is finite only if all gradients of the layer are."""
        x, delta = self.inputs, self.z.grad
        return float(np.vdot(x, x)) * float(np.vdot(delta, delta))


def _through(node: Tensor, leaf: Tensor, gradient: Any = None) -> Any:
    """Return what reaches a leaf: at once if it is one node away, or else by a backward pass."""
    if node.left is leaf and node.right is None and node.dleft.__class__ is Slope:
        return node.dleft.factor + 0 if gradient is None else node.dleft * gradient
    leaf.grad = None
    node.backward(gradient)
    reached: Any = leaf.grad
    if reached is None:
        raise GraphError("the outputs of the network do not reach the loss")
    return reached


# ## The gradient of every example


def example_gradients(layer: Linear, out: Array | None = None) -> Array:
    """Return dL/dW of each example of a batch: activation of the sender × delta of the receiver.

    Parameters
    ----------
    layer : Linear
        Of Tensors, after a forward and a backward pass.
    out : array, shape (B, n, m), optional
        Where to write them. All gradients of a batch take much memory, and taking that anew for
        each batch costs about as much as the products.

    Returns
    -------
    array, shape (B, n, m)
        Of the loss that went backward: for a mean every number is divided by B.

    Raises
    ------
    GraphError
        If there was no forward and backward pass.
    ShapeError
        If `out` has another shape or number type.
    TypeError
        If the layer is of Scalars.

    Examples
    --------
    Two examples; the first leaves the second unit shut.

    >>> from sgdexplained import MLP, half_squared_error
    >>> net = MLP([1, 2, 1], Tensor, init=[([[1, -1]], [0, 2.5]), ([[1], [1]], [0])])
    >>> half_squared_error(net([[3], [2]]), [[2], [0]], "sum").backward()
    >>> example_gradients(net.layers[0]).tolist(), net.gradients()["W1"].tolist()
    ([[[3.0, 0.0]], [[5.0, 5.0]]], [[8.0, 5.0]])
    """
    if isinstance(layer.weight, list | tuple):
        raise TypeError("the gradients of each example need a layer of Tensors, not of Scalars")
    inputs, deltas = layer.inputs, layer.deltas
    if deltas is None:
        raise GraphError("expected a layer after a forward and backward pass")
    inputs = Tensor.constant(inputs, deltas.dtype)
    shape = (*inputs.shape, deltas.shape[1])
    if out is not None and (getattr(out, "shape", None), getattr(out, "dtype", None)) != (
        shape,
        deltas.dtype,
    ):
        raise ShapeError(f"out is {_kind(out)}, expected an array of shape {shape}, {deltas.dtype}")
    each: Array = np.multiply(inputs[:, :, None], deltas[:, None, :], out=out)
    return each


def _kind(out: Any) -> str:
    shape = getattr(out, "shape", None)
    return repr(out) if shape is None else f"an array of shape {shape}, {out.dtype}"
