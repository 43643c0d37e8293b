"""Paths: chains of weights from an input to an output."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from sgdexplained.layers import values
from sgdexplained.reasons.words import activation_derivative, copied_layers, plain, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sgdexplained.layers import MLP


@dataclass(frozen=True)
class Path:
    """One chain of weights from an input to an output.

    Attributes
    ----------
    units : tuple of int
        Where it passes, layer by layer, counted from 1: input, hidden units, output.
    factors : dict
        What is multiplied along it: the input (``"x[0]"``), each weight (``"W1[0][2]"``) and the
        derivative of each unit (``"derivative1[2]"``).
    """

    units: tuple[int, ...]
    factors: dict[str, Any]

    @property
    def contribution(self) -> Any:
        """The product of all factors: what the path brings to the output."""
        return prod(self.factors.values())

    def without(self, name: str) -> Any:
        """Return the product of all factors but one: how the contribution depends on that one.

        Raises
        ------
        KeyError
            If the path has no such factor.
        """
        if name not in self.factors:
            raise KeyError(f"{name} is not on the path {self}")
        return prod(factor for key, factor in self.factors.items() if key != name)

    def __str__(self) -> str:
        first, *hidden, last = self.units
        stops = [f"input {first}", *(f"unit {unit}" for unit in hidden), f"output {last}"]
        return " → ".join(stops)


def active_paths(net: MLP, example: Any, through: str | None = None) -> list[Path]:
    """Return the paths of which every unit is open for one example.

    In a network without biases, of units with φ(z) = z φ'(z) (relu, leaky relu, linear), the
    contributions of all open paths add up to the outputs. The derivative of an output with
    respect to a weight is the same sum over the paths through it, without the weight itself.
    With biases the first sum leaves out what the biases bring, and the second is right for
    weights that leave an input.

    Parameters
    ----------
    net : MLP
        It is left as it is: the example goes through a copy. The number of paths is the product
        of all layer sizes, so keep it small.
    example : sequence of number
        One row of inputs.
    through : str, optional
        Name of a weight, such as ``"W1[0][2]"``: only paths that use it.

    Returns
    -------
    list of Path

    Raises
    ------
    KeyError
        If the network has no weight of the name `through`.
    ShapeError
        If the example has not as many entries as there are inputs.

    Examples
    --------
    Four of eight paths are open, and their contributions make the output.

    >>> from sgdexplained import MLP
    >>> net = MLP(
    ...     [2, 2, 2, 1],
    ...     init=[([[1, -1], [1, 2]], None), ([[2, 1], [-1, -2]], None), ([[1], [3]], None)],
    ... )
    >>> net([[1, 2]])
    [[Scalar(3)]]
    >>> for path in active_paths(net, [1, 2]):
    ...     print(path, path.contribution)
    input 1 → unit 1 → unit 1 → output 1 2
    input 1 → unit 2 → unit 1 → output 1 1
    input 2 → unit 1 → unit 1 → output 1 4
    input 2 → unit 2 → unit 1 → output 1 -4

    The derivative of the output with respect to the weight from input 2 to unit 2:

    >>> sum(path.without("W1[1][1]") for path in active_paths(net, [1, 2], through="W1[1][1]"))
    -2
    """
    layers = copied_layers(net, {})
    run(layers, [plain(example)])
    weights = [plain(values(layer.weight)) for layer in layers]
    names = {
        f"W{number}[{j}][{k}]"
        for number, matrix in enumerate(weights, start=1)
        for j, row in enumerate(matrix)
        for k in range(len(row))
    }
    if through is not None and through not in names:
        raise KeyError(f"the network has no weight {through!r}, but for example {min(names)!r}")
    paths = [Path((j,), {f"x[{j - 1}]": x}) for j, x in enumerate(plain(example), start=1)]
    for number, (layer, matrix) in enumerate(zip(layers, weights, strict=True), start=1):
        derivatives = activation_derivative(layer)[0]
        paths = [
            _extended(path, number, k, matrix, derivative)
            for path in paths
            for k, derivative in enumerate(derivatives)
            if derivative != 0
        ]
    return [path for path in paths if through is None or through in path.factors]


def _extended(path: Path, number: int, k: int, matrix: list[list[Any]], derivative: Any) -> Path:
    """Return the path one weight longer, to unit k (from 0) of the layer of that number."""
    j = path.units[-1] - 1
    factors = {f"W{number}[{j}][{k}]": matrix[j][k], f"derivative{number}[{k}]": derivative}
    return Path((*path.units, k + 1), path.factors | factors)
