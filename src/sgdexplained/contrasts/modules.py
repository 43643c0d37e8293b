"""Parts of a network that skip, mask or share parameters, or let examples change each other.

All take a batch, one row an example: a ``Tensor`` of shape (B, n), or B lists of n Scalars. They
stand between the layers of a network, not inside one: as the activation of a layer they would be
asked for a derivative of their own, which a unit here does not have.
"""

from __future__ import annotations

from random import Random

from sgdexplained.errors import NotFiniteError, ShapeError
from sgdexplained.node import Node, is_integer, is_number, python_number
from sgdexplained.sgd import in_range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Embedding:
    """A table with a row of weights for each token, of which a batch uses the rows it names.

    A row that is looked up twice receives the sum of both gradients. A row that is not looked up
    has an honest reason not to move: it was not used. How that is said depends on the node. As
    Scalars its weights keep no gradient (``None``), and every optimiser skips them. As part of a
    Tensor its gradient is a row of zeros, which an optimiser steps: momentum and decay act on it.

    Parameters
    ----------
    weight : Tensor of shape (V, n), or V lists of n Scalars
        The table, one row a token.

    Raises
    ------
    ShapeError
        If `weight` is not a table.
    TypeError
        If it is not made of nodes.

    Examples
    --------
    >>> from sgdexplained import Tensor
    >>> embedding = Embedding(Tensor([[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]]))
    >>> rows = embedding([1, 3, 1])
    >>> rows.data.tolist()
    [[3.0, 4.0], [7.0, 8.0], [3.0, 4.0]]
    >>> rows.backward(gradient=[[1, 2], [5, 6], [10, 20]])
    >>> embedding.weight.grad.tolist()  # row 1: (1, 2) + (10, 20)
    [[0.0, 0.0], [11.0, 22.0], [0.0, 0.0], [5.0, 6.0], [0.0, 0.0]]
    """

    def __init__(self, weight: Any) -> None:
        self.weight = weight
        self.shape = _batch_shape("weight", weight)

    def __call__(self, tokens: Any) -> Any:
        """Return the rows of the tokens.

        Parameters
        ----------
        tokens : sequence of int, length B
            Each from 0 to V - 1.

        Returns
        -------
        Tensor or list of lists of Scalar, shape (B, n)
            Scalars are those of the table itself.

        Raises
        ------
        ShapeError
            If there are no tokens.
        TypeError
            If a token is no integer.
        ValueError
            If a token is outside the table.
        """
        places = []
        for token in tokens:
            if not is_integer(token):
                raise TypeError(f"a token is {token!r}, expected an integer")
            if not 0 <= token < self.shape[0]:
                raise ValueError(f"a token is {token!r}, expected 0 to {self.shape[0] - 1}")
            places.append(int(token))
        if not places:
            raise ShapeError("the batch is empty, expected at least one token")
        if isinstance(self.weight, Node):
            return self.weight[places]  # type: ignore[index]
        return [list(self.weight[place]) for place in places]

    def parameters(self) -> list[Any]:
        """Return the Tensor, or every Scalar, of the table."""
        return _flat(self.weight)


class Dropout:
    """Silence units at random while training, and make up for it by scaling the others.

    Parameters
    ----------
    keep : number, default 0.5
        Probability that a unit is kept, above 0 and up to 1.
    seed : int, default 0
        Of the random masks; the same masks for Scalars and for Tensors.
    shared : bool, default False
        Draw one mask for the whole batch, instead of a fresh one for each example.

    Attributes
    ----------
    training : bool
        Set it to ``False`` and activations pass unchanged.
    mask : list of list of int, or None
        The last mask: for each example, 1 for a unit that was kept, 0 for one that was dropped.

    Raises
    ------
    ValueError
        If `keep` is not above 0 and up to 1.

    Examples
    --------
    With a mask of our own: what is kept counts double, what is dropped gets gradient 0.

    >>> from sgdexplained import Scalar
    >>> a = [[Scalar(3), Scalar(5)]]
    >>> dropout = Dropout(keep=0.5)
    >>> out = dropout(a, mask=[1, 0])
    >>> out
    [[Scalar(6.0), Scalar(0.0)]]
    >>> sum(out[0]).backward()
    >>> [unit.grad for unit in a[0]]
    [2.0, 0.0]

    Nobody is dropped after training.

    >>> dropout.training = False
    >>> dropout(a) is a
    True
    """

    def __init__(self, keep: Any = 0.5, seed: int = 0, shared: bool = False) -> None:
        number = python_number(keep)
        if not is_number(number) or not 0 < number <= 1:
            raise ValueError(f"keep is {keep!r}, expected a number above 0 and up to 1")
        self.keep = number
        self.shared = shared
        self.training = True
        self.mask: list[list[int]] | None = None
        self._random = Random(seed)

    def __call__(self, activations: Any, mask: Any = None) -> Any:
        """Return the activations, masked and scaled.

        Parameters
        ----------
        activations : Tensor or nested list of Scalar, shape (B, n)
            Activations of the units.
        mask : array_like of 0 and 1, shape (B, n) or (n,), optional
            Which units to keep, for each example or for all; drawn if not given.

        Returns
        -------
        Tensor or nested list of Scalar, shape (B, n)

        Raises
        ------
        ShapeError
            If the activations are no batch, or the mask does not fit.
        TypeError
            If they are not made of nodes.
        ValueError
            If the mask holds anything but 0 and 1.
        """
        examples, units = _batch_shape("activations", activations)
        if not self.training:
            return activations
        self.mask = (
            self._drawn(examples, units) if mask is None else _checked_mask(mask, examples, units)
        )
        # a' = a m / keep      so that the mean over all masks is a
        factors = [[kept / self.keep for kept in row] for row in self.mask]
        if not isinstance(activations, list | tuple):
            return activations * factors
        return [
            [a * factor for a, factor in zip(row, scaled, strict=True)]
            for row, scaled in zip(activations, factors, strict=True)
        ]

    def _drawn(self, examples: int, units: int) -> list[list[int]]:
        rows = 1 if self.shared else examples
        mask = [[int(self._random.random() < self.keep) for _ in range(units)] for _ in range(rows)]
        return mask * examples if self.shared else mask


class BatchNorm:
    """Give every unit mean 0 and variance 1 over the batch, so that examples affect each other.

    Parameters
    ----------
    gamma : Tensor of shape (n,) or list of n Scalars, optional
        Scale γ of each unit.
    beta : Tensor of shape (n,) or list of n Scalars, optional
        Shift β of each unit.
    eps : number, default 1e-5
        ε, added to the variance; with 0 and fractions everything is exact where roots are.

    Raises
    ------
    ShapeError
        If γ and β have different lengths.
    ValueError
        If `eps` is negative.

    Notes
    -----
    There are no running averages: this is what happens in training. A bias before it, added to
    every example alike, is taken off again with the mean, and its gradient is 0.

    Examples
    --------
    One unit, four examples. Only the first is active, so without normalisation only it would
    receive a gradient.

    >>> from fractions import Fraction
    >>> from sgdexplained import Scalar
    >>> z = [[Scalar(Fraction(value))] for value in (5, -1, -1, -3)]
    >>> a = [unit.relu() for [unit] in BatchNorm(eps=0)(z)]
    >>> [unit.data > 0 for unit in a]
    [True, False, False, False]
    >>> sum(a).backward()
    >>> [int(54 * unit.grad) for [unit] in z]
    [1, -2, -2, 3]
    """

    def __init__(self, gamma: Any = None, beta: Any = None, eps: Any = 1e-5) -> None:
        self.gamma, self.beta = gamma, beta
        self.eps = in_range("eps", eps)
        lengths = {len(each) for each in (gamma, beta) if each is not None}
        if len(lengths) > 1:
            raise ShapeError(
                f"gamma has length {len(gamma)} and beta {len(beta)}, expected the same"
            )
        self._units = lengths.pop() if lengths else None

    def __call__(self, z: Any) -> Any:
        """Return the pre-activations, normalised over the batch.

        Parameters
        ----------
        z : Tensor or nested list of Scalar, shape (B, n)
            Pre-activations, of at least two examples.

        Returns
        -------
        Tensor or nested list of Scalar, shape (B, n)

        Raises
        ------
        ShapeError
            If `z` is no batch, has a single example, or γ and β are of another length.
        TypeError
            If it is not made of nodes.
        ValueError
            If a pre-activation is the same in all examples and ε is 0.
        """
        examples, units = _batch_shape("z", z)
        if examples < 2:
            raise ShapeError("a batch of one example has no variance, expected two or more")
        if self._units not in (None, units):
            raise ShapeError(f"gamma or beta has length {self._units}, expected {units}")
        gamma, beta = self.gamma, self.beta
        if isinstance(z, Node):
            scale, shift = 1 if gamma is None else gamma, 0 if beta is None else beta
            return _normalised_tensor(z, scale, shift, self.eps)
        columns = zip(*z, strict=True)
        gammas = [1] * units if gamma is None else gamma
        betas = [0] * units if beta is None else beta
        normalised = [
            _normalised_unit(column, scale, shift, self.eps)
            for column, scale, shift in zip(columns, gammas, betas, strict=True)
        ]
        return [list(row) for row in zip(*normalised, strict=True)]

    def parameters(self) -> list[Any]:
        """Return γ and β, or every Scalar in them."""
        given = [each for each in (self.gamma, self.beta) if each is not None]
        return [node for each in given for node in _flat(each)]


# For each unit by itself, over the examples:
#
#     ẑ = (z - mean) / √(variance + ε)      variance = mean of (z - mean)²
#     out = γ ẑ + β
#
# It is put together from sums, products and a root, so the engine finds the derivative: through
# the mean and the variance each output depends on every example.
_FLAT = "a pre-activation is the same in all examples and eps is 0: expected a variance above 0"


def _normalised_tensor(z: Any, gamma: Any, beta: Any, eps: Any) -> Any:
    centred = z - z.mean(axis=0)
    variance = (centred * centred).mean(axis=0)
    return centred / _root(variance + eps, _FLAT) * gamma + beta


def _normalised_unit(z: Any, gamma: Any, beta: Any, eps: Any) -> list[Any]:
    mean = sum(z) / len(z)
    centred = [one - mean for one in z]
    variance = sum(one * one for one in centred) / len(z)
    spread = _root(variance + eps, _FLAT)
    return [one / spread * gamma + beta for one in centred]


def weight_norm(direction: Any, gain: Any) -> Any:
    """Return the weights ``gain * direction / |direction|``: their length is a parameter by itself.

    Descending along the direction moves every component, also one whose weight has gradient 0.

    Parameters
    ----------
    direction : Tensor of shape (n,), or list of n Scalars
        Which way the weights of a unit point.
    gain : Scalar, Tensor or number
        How long they are.

    Returns
    -------
    Tensor of shape (n,), or list of n Scalars

    Raises
    ------
    ShapeError
        If `direction` is no vector.
    ValueError
        If it is all zeros.

    Examples
    --------
    The second weight has gradient 0, and the second component of the direction has not.

    >>> from fractions import Fraction
    >>> from sgdexplained import Scalar
    >>> direction = [Scalar(Fraction(3)), Scalar(Fraction(4))]
    >>> weights = weight_norm(direction, gain=5)
    >>> [w.data for w in weights] == [3, 4]
    True
    >>> weights[0].backward()
    >>> [v.grad for v in direction]
    [Fraction(16, 25), Fraction(-12, 25)]
    """
    # w = g v / |v|
    message = "direction is all zeros, expected one that points somewhere"
    if isinstance(direction, Node):
        shape = getattr(direction, "shape", ())
        if len(shape) != 1:
            raise ShapeError(f"direction has shape {shape}, expected (n,)")
        scale = _scale(direction.data.reshape(-1))
        scaled = direction / scale
        return scaled * (gain / _root((scaled * scaled).sum(), message))
    if not direction or not all(isinstance(v, Node) for v in direction):
        raise ShapeError(f"direction is {direction!r}, expected a list of Scalars")
    scale = _scale([v.data for v in direction])
    scaled = [v / scale for v in direction]
    length = _root(sum(v * v for v in scaled), message)
    return [v * (gain / length) for v in scaled]


# ## What they share


def _root(x: Any, message: str) -> Any:
    """Return the square root of a node, exact for fractions that have one; 0 is an error."""
    # d√x/dx = 1 / (2 √x)
    if not x.is_finite(x.data):
        raise NotFiniteError(f"a sum of squares is {x.data}: the numbers are too large to square")
    if 0 in (x.data.flat if hasattr(x.data, "flat") else [x.data]):
        raise ValueError(message)
    y = x.maths.sqrt(x.data)
    return x.computed(y, x, 1 / (2 * y))


def _scale(numbers: Any) -> Any:
    """Return what to divide numbers by so that their squares neither overflow nor vanish.

    The direction stays as it is. Where there is no danger it is 1, so that nothing is rounded.
    """
    largest = max(map(abs, numbers), default=0)
    return 1 if largest == 0 or 1e-100 < largest < 1e100 else largest


def _batch_shape(name: str, nodes: Any) -> tuple[int, int]:
    """Return (B, n) of a Tensor or of nested lists of Scalars, or raise."""
    for node in _flat(nodes):
        if not isinstance(node, Node):
            kind = type(node).__name__
            raise TypeError(f"{name} holds {kind}, expected a Tensor or nested lists of Scalars")
    if isinstance(nodes, list | tuple):
        shapes = [(len(row) if isinstance(row, list | tuple) else None) for row in nodes]
        if not shapes or shapes[0] in (None, 0) or len(set(shapes)) > 1:
            raise ShapeError(f"{name} has rows of lengths {shapes}, expected rows of one length")
        return len(shapes), len(nodes[0])
    shape: tuple[int, ...] = getattr(nodes, "shape", ())
    if len(shape) != 2 or 0 in shape:
        raise ShapeError(f"{name} has shape {shape}, expected (B, n), one row an example")
    return shape[0], shape[1]


def _checked_mask(mask: Any, examples: int, units: int) -> list[list[int]]:
    """Return a given mask as one row for each example, or raise."""
    rows = mask.tolist() if hasattr(mask, "tolist") else list(mask)
    if rows and not isinstance(rows[0], list | tuple):
        rows = [rows] * examples
    if len(rows) != examples or any(len(row) != units for row in rows):
        raise ShapeError(
            f"the mask has rows of lengths {[len(row) for row in rows]}, expected {examples} rows "
            f"of {units}, or one row of {units}"
        )
    for row in rows:
        for kept in row:
            if getattr(kept, "shape", ()) or kept not in (0, 1):
                raise ValueError(f"the mask holds {kept!r}, expected 0 and 1")
    return [[int(kept) for kept in row] for row in rows]


def _flat(nodes: Any) -> list[Any]:
    if isinstance(nodes, list | tuple):
        return [node for part in nodes for node in _flat(part)]
    return [nodes]
