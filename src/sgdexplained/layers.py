"""Layers and networks, of Scalars or of Tensors, in the same words.

A layer computes, for a batch of B examples with one row each,

    | Z = A W + b: pre-activations of the receivers
    | A' = φ(Z): their activations

and remembers both until the next pass, with the derivative φ'(Z) of each unit and, after a backward
pass, dL/dZ (its *delta*). ``W[j, k]`` goes **from** unit j **to** unit k.

In these four things every gradient can be read, since for one example

    | dL/dW[j, k] = activation of the sender j × delta of the receiver k
    | delta of k = derivative φ' of k × its upstream gradient, from the layer ahead
"""

from __future__ import annotations

import math
from itertools import pairwise, product
from operator import methodcaller
from random import Random

from sgdexplained.errors import NotFiniteError, ShapeError
from sgdexplained.node import Node, checked_kink, is_integer
from sgdexplained.scalar import Scalar
from sgdexplained.units import linear_units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, Literal

    Activation = Literal["relu", "tanh", "sigmoid"] | Callable[[Any], Any] | None


class Linear:
    """A layer of weights, biases and, if wanted, an activation function.

    Parameters
    ----------
    weight : Tensor of shape (n, m), or n lists of m Scalars
        ``weight[j][k]`` goes from sender j to receiver k.
    bias : Tensor of shape (m,), list of m Scalars, or None
        Added to the pre-activations.
    activation : {"relu", "tanh", "sigmoid"}, callable or None
        φ; a callable takes and returns a node. ``None`` leaves the layer linear.
    kink : number, default 0
        Slope of relu at exactly 0.

    Raises
    ------
    ShapeError
        If weight and bias do not fit.
    ValueError
        If the activation is unknown or the kink is outside [0, 1].

    Examples
    --------
    >>> layer = Linear([[Scalar(1), Scalar(-1)]], [Scalar(0), Scalar(1)], "relu")
    >>> layer([[3]])
    [[Scalar(3), Scalar(0)]]
    >>> layer.pre_activations, layer.activations, layer.derivatives
    ([[3, -2]], [[3, 0]], [[1, 0]])
    """

    def __init__(
        self, weight: Any, bias: Any = None, activation: Activation = None, kink: Any = 0
    ) -> None:
        self.weight, self.bias = weight, bias
        self.activation, self.kink = activation, checked_kink(kink)
        self._phi = _function(activation, kink)
        self._of_scalars = isinstance(weight, list | tuple)
        self.shape = _checked_shape(weight, bias)
        self._affine: Any = None
        if not self._of_scalars:
            from sgdexplained.affine import affine  # needs NumPy, which a layer of Scalars does not

            self._affine = affine
        self._inputs: Any = None
        self._z: Any = None
        self._a: Any = None

    def __call__(self, inputs: Any) -> Any:
        """Return the activations of a batch.

        Parameters
        ----------
        inputs : shape (B, n)
            One row an example: a Tensor or an array, or nested lists of Scalars or numbers.

        Returns
        -------
        Tensor or nested list of Scalar, shape (B, m)

        Raises
        ------
        ShapeError
            If a row has not n entries.
        """
        relu = self.activation == "relu"
        if self._of_scalars:
            units = self._units(inputs, relu)
            # With relu, one node is a whole unit; its derivative knows the unit's pre-activation.
            z: Any = [[unit.dleft for unit in row] for row in units] if relu else units
            a: Any = units if relu else [[self._phi(unit) for unit in row] for row in units]
        else:
            layer = self._affine(inputs, self.weight, self.bias, relu, self.kink)
            z, a = (layer.dleft, layer) if relu else (layer, self._phi(layer))
        # Only now, so that after an error the layer still remembers the whole of the last pass.
        self._inputs, self._z, self._a = inputs, z, a
        return a

    def _units(self, inputs: Any, relu: bool) -> list[list[Scalar]]:
        n, _ = self.shape
        if not hasattr(inputs, "__iter__") or getattr(inputs, "shape", None) == ():
            raise ShapeError(f"a batch is {inputs!r}, expected rows of {n} inputs")
        rows = [list(row) if hasattr(row, "__iter__") else row for row in inputs]
        for row in rows:
            if not isinstance(row, list) or len(row) != n:
                raise ShapeError(f"an example is {row!r}, expected a row of {n} inputs")
        columns = list(zip(*self.weight, strict=True))
        return linear_units(rows, columns, self.bias, relu, self.kink)

    # A copy, or a file, begins without memory: what is remembered is a graph that leads to the
    # parameters of this layer, and its derivatives are functions, which no file can hold.
    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | dict.fromkeys(("_inputs", "_z", "_a"))

    # ## What the last pass left behind

    @property
    def inputs(self) -> Any:
        """The activations of the senders, shape (B, n)."""
        return values(self._inputs)

    @property
    def pre_activations(self) -> Any:
        """Z, shape (B, m)."""
        return values(self._z)

    @property
    def activations(self) -> Any:
        """φ(Z), shape (B, m)."""
        return values(self._a)

    @property
    def derivatives(self) -> Any:
        """The derivative φ'(Z) of each unit's activation, shape (B, m): 0 or 1 for relu.

        It is towards the unit's own pre-activation, also where φ mixes units, as softmax does.
        """
        return _slopes(self._phi, values(self._z))

    @property
    def deltas(self) -> Any:
        """dL/dZ, shape (B, m); ``None`` before a backward pass.

        L is the loss that went backward. If it was a sum over the batch, row i is the delta of
        example i alone; if it was a mean, it is that divided by B.
        """
        return gradients(self._z)

    def __repr__(self) -> str:
        n, m = self.shape
        return f"Linear({n} -> {m}, activation={self.activation})"


class MLP:
    """A multilayer perceptron: linear layers with an activation function between them.

    Parameters
    ----------
    sizes : sequence of int
        Number of units in each layer, inputs first: ``[2, 3, 1]``.
    node : {Scalar, Tensor}, default Scalar
        What the parameters are. Both give the same numbers for the same seed.
    activation : {"relu", "tanh", "sigmoid"}, callable or None, default "relu"
        Of the hidden layers.
    output : {"relu", "tanh", "sigmoid"}, callable or None, default None
        Activation of the last layer.
    init : {"he", "xavier", "uniform"} or sequence of (weight, bias), default "he"
        How to draw the weights (normal with variance 2/n; uniform with variance 2/(n + m);
        uniform from -1 to 1), biases being 0; or the values themselves, layer by layer.
    seed : int, default 0
        Of the random numbers; the same on every machine for the uniform kinds.
    bias : bool, default True
        Whether drawn layers have biases.
    kink : number, default 0
        Slope of relu at exactly 0.

    Attributes
    ----------
    layers : list of Linear
        From the inputs to the output.

    Raises
    ------
    ShapeError
        If given values do not fit `sizes`.
    ValueError
        If there are fewer than two sizes, one is not a positive integer, or a word is unknown.

    Examples
    --------
    >>> net = MLP([2, 3, 1], init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])])
    >>> net([[1, 2]])
    [[Scalar(2)]]
    >>> net.layers[0].activations
    [[3, 0, 1]]
    """

    def __init__(
        self,
        sizes: Sequence[Any],
        node: Any = Scalar,
        activation: Activation = "relu",
        output: Activation = None,
        init: Any = "he",
        seed: int = 0,
        bias: bool = True,
        kink: Any = 0,
    ) -> None:
        sizes = list(sizes)
        if len(sizes) < 2 or any(not is_integer(n) or n < 1 for n in sizes):
            raise ValueError(f"sizes is {sizes}, expected two or more positive integers")
        pairs = list(pairwise(sizes))
        if isinstance(init, str):
            random = Random(seed)
            init = [(_drawn(n, m, init, random), [0.0] * m if bias else None) for n, m in pairs]
        if not isinstance(init, list | tuple):
            raise TypeError(f"init is {init!r}, expected a word or a list of (weight, bias)")
        if len(init) != len(pairs):
            raise ShapeError(f"init has values for {len(init)} layers, expected {len(pairs)}")
        self.layers = []
        for index, ((n, m), (weight, offset)) in enumerate(zip(pairs, init, strict=True)):
            phi = output if index == len(pairs) - 1 else activation
            layer = Linear(_nodes(weight, node), _nodes(offset, node), phi, kink)
            if layer.shape != (n, m):
                raise ShapeError(
                    f"weights of layer {index + 1} are {layer.shape}, expected {(n, m)}"
                )
            self.layers.append(layer)

    def __call__(self, inputs: Any) -> Any:
        """Return the outputs of a batch, shape (B, outputs), from inputs of shape (B, inputs)."""
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs

    def arrays(self) -> dict[str, Any]:
        """Return ``{"W1": ..., "b1": ..., "W2": ...}``, each a Tensor or nested list of Scalars."""
        named = {}
        for number, layer in enumerate(self.layers, start=1):
            named[f"W{number}"] = layer.weight
            if layer.bias is not None:
                named[f"b{number}"] = layer.bias
        return named

    def named_parameters(self) -> dict[str, Any]:
        """Return every Tensor by its name (``W1``), or every Scalar (``W1[0][2]``)."""
        return {
            name + place: node
            for name, nodes in self.arrays().items()
            for place, node in _places(nodes)
        }

    def parameters(self) -> list[Any]:
        """Return every Tensor, or every Scalar, of the network."""
        return list(self.named_parameters().values())

    def values(self) -> dict[str, Any]:
        """Return the parameters' values by name, as arrays or nested lists."""
        return {name: values(nodes) for name, nodes in self.arrays().items()}

    def gradients(self) -> dict[str, Any]:
        """Return the parameters' gradients by name, as arrays or nested lists."""
        return {name: gradients(nodes) for name, nodes in self.arrays().items()}

    def zero_grad(self, *, set_to_none: bool = True) -> None:
        """Forget all gradients, see :meth:`Node.zero_grad <sgdexplained.node.Node.zero_grad>`."""
        for parameter in self.parameters():
            parameter.zero_grad(set_to_none=set_to_none)

    def check_finite(self) -> None:
        """Raise ``NotFiniteError`` with the names of values and gradients that are not finite.

        Examples
        --------
        >>> net = MLP([2, 1], init=[([[1.0], [math.inf]], [0.0])])
        >>> net.layers[0].bias[0].grad = math.nan
        >>> net.layers[0].weight[0][0].grad = 5.0
        >>> try:
        ...     net.check_finite()
        ... except NotFiniteError as error:
        ...     print(error)
        not finite: W1[1][0], gradient of b1[0]
        """
        wrong = []
        for name, node in self.named_parameters().items():
            if not node.is_finite(node.data):
                wrong.append(name)
            if node.grad is not None and not node.is_finite(node.grad):
                wrong.append(f"gradient of {name}")
        if wrong:
            raise NotFiniteError(f"not finite: {', '.join(wrong)}")


# ## Numbers in nested lists, or in arrays


def values(nodes: Any) -> Any:
    """Return the data of a node, of nested lists of nodes, or plain numbers as they are.

    Examples
    --------
    >>> values([[Scalar(1), Scalar(2)], [Scalar(3), 4]])
    [[1, 2], [3, 4]]
    """
    if isinstance(nodes, list | tuple):
        return [values(node) for node in nodes]
    data = nodes.data if hasattr(nodes, "grad") else nodes
    # A step writes into an array, and what was read before it should stay.
    return data.copy() if hasattr(data, "copy") else data


def gradients(nodes: Any) -> Any:
    """Return the gradient of a node or of nested lists of nodes; ``None`` where there is none.

    Examples
    --------
    >>> w = [Scalar(1), Scalar(2)]
    >>> (w[0] * 5).backward()
    >>> gradients(w)
    [5, None]
    """
    if isinstance(nodes, list | tuple):
        return [gradients(node) for node in nodes]
    # Adding 0 turns the -0.0 of a shut unit into 0.0.
    return None if nodes is None or nodes.grad is None else nodes.grad + 0


def _places(nodes: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(nodes, list | tuple):
        for index, part in enumerate(nodes):
            for place, node in _places(part):
                yield f"[{index}]{place}", node
    else:
        yield "", nodes


def _nodes(numbers: Any, node: Any) -> Any:
    """Wrap numbers as parameters: one Tensor, or nested lists of Scalars."""
    if numbers is None or isinstance(numbers, Node):
        return numbers
    if getattr(node, "maths", None) is not Scalar.maths:  # a kind of Tensor, or a function
        return node(numbers)
    if isinstance(numbers, str) or not hasattr(numbers, "__iter__"):
        return node(numbers)
    return [_nodes(part, node) for part in numbers]


def _drawn(n: int, m: int, init: str, random: Random) -> list[list[float]]:
    """Draw the weights of a layer with n inputs and m outputs.

    Examples
    --------
    >>> for init in "he", "xavier", "uniform":
    ...     drawn = [w for row in _drawn(50, 150, init, Random(0)) for w in row]
    ...     mean_square = sum(w * w for w in drawn) / len(drawn)
    ...     print(init, len(drawn), round(mean_square, 3), round(min(drawn), 2))
    he 7500 0.04 -0.64
    xavier 7500 0.01 -0.17
    uniform 7500 0.333 -1.0
    """
    if init == "he":  # variance 2/n: relu halves the mean square, and this doubles it again
        spread = math.sqrt(2 / n)
        return [[random.gauss(0, spread) for _ in range(m)] for _ in range(n)]
    if init == "xavier":  # variance 2/(n + m): between what forward (1/n) and backward (1/m) want
        limit = math.sqrt(6 / (n + m))
    elif init == "uniform":
        limit = 1.0
    else:
        raise ValueError(f"init is {init!r}, expected 'he', 'xavier', 'uniform' or given values")
    return [[random.uniform(-limit, limit) for _ in range(m)] for _ in range(n)]


def _checked_shape(weight: Any, bias: Any) -> tuple[int, int]:
    """Return (senders, receivers), or raise an error that names what does not fit.

    Examples
    --------
    >>> from sgdexplained import Tensor
    >>> W = Tensor([[1.0, 2.0]])
    >>> _checked_shape(W, Tensor([0.0, 0.0]))
    (1, 2)
    >>> for bias in 3.0, Tensor([0.0]):
    ...     try:
    ...         _checked_shape(W, bias)
    ...     except (TypeError, ShapeError) as error:
    ...         print(error)
    3.0 is neither a Tensor nor a list of Scalars
    weights of shape (1, 2) and biases of shape (1,): expected (n, m) and (m,)
    """
    if isinstance(weight, list | tuple):
        for number in [entry for row in weight for entry in row] + list(bias or []):
            if not isinstance(number, Scalar):
                raise TypeError(f"a weight is {number!r}, expected a Scalar")
        lengths = {len(row) for row in weight}
        shape = (len(weight), *lengths)
        receivers = None if bias is None else (len(bias),)
    else:
        for given in (weight,) if bias is None else (weight, bias):
            if not isinstance(given, Node) or not hasattr(given, "shape"):
                raise TypeError(f"{given!r} is neither a Tensor nor a list of Scalars")
        shape = weight.shape
        receivers = None if bias is None else bias.shape
    if len(shape) != 2 or (receivers is not None and receivers != shape[1:]):
        raise ShapeError(
            f"weights of shape {shape} and biases of shape {receivers}: expected (n, m) and (m,)"
        )
    return shape


def _function(activation: Any, kink: Any) -> Callable[[Any], Any]:
    # Functions that a network can take along into a file: none that is made on the spot.
    if activation is None:
        return _as_it_is
    if activation == "relu":
        return methodcaller("relu", kink)
    if activation in ("tanh", "sigmoid"):
        return methodcaller(activation)
    if callable(activation):
        function: Callable[[Any], Any] = activation
        return function
    raise ValueError(
        f"activation is {activation!r}, expected 'relu', 'tanh', 'sigmoid', a function or None"
    )


def _as_it_is(z: Any) -> Any:
    return z


def _slopes(phi: Callable[[Any], Any], z: Any) -> Any:
    """Return φ'(z), found by asking the engine."""
    if z is None:
        return None
    if isinstance(z, list):
        return [_slopes(phi, part) for part in z]
    if not hasattr(z, "shape"):
        return _pulled_back(phi, Scalar(z), 1)
    from sgdexplained.tensor import Tensor

    units = Tensor(z)
    ones = units.data * 0 + 1
    slopes = _pulled_back(phi, units, ones)
    if phi.__class__ is methodcaller:
        return slopes
    # All units can be asked at once if φ takes each by itself. Then, with 1, 2, 3, ... sent back
    # in place of ones, each derivative comes back that many times.
    many = ones.cumsum().reshape(ones.shape)
    if (abs(_pulled_back(phi, units, many) - many * slopes) <= 1e-9 * abs(many * slopes)).all():
        return slopes
    for place in product(*map(range, ones.shape)):
        alone = ones * 0
        alone[place] = 1
        slopes[place] = _pulled_back(phi, units, alone)[place]
    return slopes


def _pulled_back(phi: Callable[[Any], Any], units: Any, gradient: Any) -> Any:
    """Return what comes back through φ to its units: 0 if its value does not depend on them."""
    units.grad = None
    out = phi(units)
    if isinstance(out, Node) and getattr(out, "requires_grad", True):
        out.backward(gradient)  # type: ignore[attr-defined]
    return units.maths.zero(units.data) if units.grad is None else units.grad
