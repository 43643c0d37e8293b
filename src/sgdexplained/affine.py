"""A whole layer of arrays as one node: X W + b, or relu(X W + b).

Three nodes in a row (product, sum, relu) would say the same. One node for all of them spares two
passes over arrays on the way there and back, and what it does on the way back is the sentence of
this project: *the gradient of a weight is the activation of its sender times the delta of its
receiver*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sgdexplained.errors import ShapeError
from sgdexplained.node import checked_kink
from sgdexplained.tensor import Tensor, remembered

if TYPE_CHECKING:
    from sgdexplained.array_maths import Array


class Affine:
    """The derivatives of relu(X W + b) towards W, b and X, and what the layer saw on the way.

    Parameters
    ----------
    inputs : array, shape (B, n)
        X: the activations of the senders, one row for each example.
    weight : array, shape (n, m)
        W of the forward pass.
    data : array, shape (B, m)
        Z = X W + b.
    derivatives : array, shape (B, m), or None
        The derivative of relu at Z; ``None`` if there is no relu.
    towards : str
        Which of the parents want a share: some of ``"Wbx"``, in this order.
    parent : Tensor
        The weights themselves, whose gradient may be written where their last one was.

    Attributes
    ----------
    data, grad : array, shape (B, m)
        Z and dL/dZ, under the names that a node for Z would use.
    """

    __slots__ = ("data", "derivatives", "grad", "inputs", "parent", "towards", "weight")

    def __init__(
        self,
        inputs: Array,
        weight: Array,
        data: Array,
        derivatives: Any,
        towards: str,
        parent: Tensor,
    ) -> None:
        self.inputs, self.weight, self.data, self.derivatives = inputs, weight, data, derivatives
        self.towards, self.parent = towards, parent
        self.grad: Any = None

    def __mul__(self, gradient: Array) -> list[list[Array]]:
        # dL/dZ = derivative * dL/dA
        delta = gradient if self.derivatives is None else gradient * self.derivatives
        self.grad = delta
        shares = []
        if "W" in self.towards:  # dL/dW = Xᵀ dL/dZ
            room = self.parent.room_for(self.inputs, delta)
            shares.append(self.inputs.T.dot(delta, out=room))
        if "b" in self.towards:  # dL/db = dL/dZ, summed over the examples
            shares.append(np.add.reduce(delta))
        # Only if somebody before this layer learns: for a batch of images it would cost as much
        # as all the rest.
        if "x" in self.towards:  # dL/dX = dL/dZ Wᵀ
            shares.append(delta.dot(self.weight.T))
        return [shares]


def affine(
    x: Any, weight: Tensor, bias: Tensor | None = None, relu: bool = False, kink: Any = 0
) -> Tensor:
    """Return X W + b, or relu(X W + b), as one node; its ``dleft`` is an :class:`Affine`.

    Parameters
    ----------
    x : Tensor or array_like, shape (B, n)
        One row an example.
    weight : Tensor, shape (n, m)
        ``weight[j, k]`` goes from sender j to receiver k.
    bias : Tensor, shape (m,), optional
        Added to every row.
    relu : bool, default False
        Whether to apply relu.
    kink : number, default 0
        Slope of relu at exactly 0.

    Returns
    -------
    Tensor, shape (B, m)

    Raises
    ------
    ShapeError
        If `x` is not a matrix with n columns.

    Examples
    --------
    >>> W, b = Tensor([[1.0, -1.0], [1.0, 2.0]]), Tensor([-4.0, 0.0])
    >>> a = affine([[1.0, 2.0]], W, b, relu=True)
    >>> a.sum().backward()
    >>> a.data.tolist(), a.dleft.data.tolist()
    ([[0.0, 3.0]], [[-1.0, 3.0]])
    >>> W.grad.tolist(), b.grad.tolist()
    ([[0.0, 1.0], [0.0, 2.0]], [0.0, 1.0])

    Inputs that are a Tensor receive a gradient too, and what needs none gets none.

    >>> x, fixed = Tensor([[3.0, 1.0]]), Tensor([[1.0], [2.0]], requires_grad=False)
    >>> affine(x, fixed).backward()
    >>> x.grad.tolist(), fixed.grad, affine([[3.0, 1.0]], fixed).requires_grad
    ([[1.0, 2.0]], None, False)
    >>> z = Tensor([[0.0]])
    >>> affine([[1.0]], z, relu=True, kink=0.5).backward()
    >>> z.grad.tolist()
    [[0.5]]
    >>> try:
    ...     affine([1.0, 2.0], W)
    ... except ShapeError as error:
    ...     print(str(error).partition(", one")[0])
    a layer with weights of shape (2, 2) expects inputs of shape (B, 2)
    """
    is_node = isinstance(x, Tensor)
    W = weight.data
    inputs = x.data if is_node else Tensor.constant(x, W.dtype)
    if inputs.shape[1:] != W.shape[:1]:
        raise ShapeError(
            f"a layer with weights of shape {W.shape} expects inputs of shape "
            f"(B, {W.shape[0]}), one row an example; got {inputs.shape}"
        )
    z = inputs.dot(W)
    if bias is not None:
        if z.dtype is bias.data.dtype:
            z += bias.data
        else:  # weights that are floats, and biases that are fractions
            z = z + bias.data
    out, derivatives = z, None
    if relu:
        out = Tensor.maths.maximum(z, 0)
        derivatives = z > 0 if kink == 0 else Tensor.maths.step(z, checked_kink(kink))
    parents, towards = [], ""
    if weight.requires_grad:
        parents.append(weight)
        towards = "W"
    if bias is not None and bias.requires_grad:
        parents.append(bias)
        towards += "b"
    if is_node and x.requires_grad:
        parents.append(x)
        towards += "x"
    seen = Affine(inputs, W, z, derivatives, towards, weight)
    if not parents:
        frozen = Tensor(out, requires_grad=False)
        frozen.dleft = seen  # nobody asks for a gradient, but what the layer saw can still be read
        return frozen
    node = Tensor.computed(out, (tuple(parents),), seen)
    node.used = remembered(weight, x if is_node else inputs)
    return node
