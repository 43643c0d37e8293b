"""Explain one step: for every weight and bias whether it moves, how far, and why."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import asdict, dataclass
from fractions import Fraction

from sgdexplained.layers import MLP, gradients, values
from sgdexplained.node import Node
from sgdexplained.reasons.factors import common, factors_of, receiver_reasons, weight_reasons
from sgdexplained.reasons.step import moves, parts
from sgdexplained.reasons.sentences import Sentence, html_table, summary, table
from sgdexplained.reasons.words import copied_layers, plain
from sgdexplained.sgd import Optimiser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from matplotlib.axes import Axes

    from sgdexplained.losses import Reduction
    from sgdexplained.reasons.factors import Factors
    from sgdexplained.reasons.step import Moves


@dataclass
class Reason:
    """Why one weight or bias moves or stays.

    Attributes
    ----------
    name : str
        As in ``net.named_parameters()`` of Scalars: ``W1[0][2]``, counted from 0 as in Python.
    layer, sender, receiver : int
        Its place, counted from 1 as in the sentence; the sender of a bias is ``None``.
    value, gradient, move : number
        Before the step; dL/d(value), ``None`` if there is none; new value minus old.
    moves : bool
        Whether the step changes it at all.
    why : str
        If it moves: ``gradient``; or ``memory``, ``decay`` or ``memory+decay`` if the gradient is
        zero. If it stays: the word in `zero`, or ``held`` (it has a gradient, and the optimiser
        does not move it), ``frozen`` (the optimiser does not have it), ``no gradient`` (``None``).
    zero : str
        Why the gradient is zero: ``flat`` loss, ``silent`` sender, ``shut`` receiver, ``closed``
        routes ahead, ``routes cancel``, ``examples cancel``, ``mixed`` if no single reason holds
        for all examples, ``rounding`` if a product is too small for its number type. Empty if the
        gradient is not zero.
    contributions : list of number
        The gradient of each example's own loss: their mean (or sum) is the gradient.
    reasons : list of tuple of str
        For each example all that makes its contribution zero; nothing if it is not.
    factors : list of (number, number, number)
        For each example sender, slope and upstream: their product is the contribution.
    parts : dict or None
        How much of the move comes from ``gradient``, ``memory`` and ``decay``, which add up to it;
        ``None`` if it is frozen, or if the optimiser does not let them be told apart. For
        optimisers that are not linear (Adam) what counts is the order: decay alone, then what
        memory adds to it, then what the gradient adds to both.
    sentence : str
        All this in words, units counted from 1.
    """

    name: str
    layer: int
    sender: int | None
    receiver: int
    value: Any
    gradient: Any
    move: Any
    moves: bool
    why: str
    zero: str
    contributions: list[Any]
    reasons: list[tuple[str, ...]]
    factors: list[tuple[Any, Any, Any]]
    parts: dict[str, Any] | None
    sentence: str = ""


class Explanation:
    """What :func:`explain` found out: one :class:`Reason` for each weight and bias.

    It prints as a table of at most 80 columns, and a notebook shows it as one; iterating gives the
    rows.

    Attributes
    ----------
    rows : list of Reason
        Layer by layer, weights before biases.
    loss : number
        Of the batch, before the step.
    examples : int
        Number of examples in the batch.
    reduction : {"mean", "sum"}
        What the loss did with them.
    net : MLP
        A copy of the network as it was before the step, after the backward pass.
    """

    def __init__(self, rows: list[Reason], loss: Any, reduction: str, net: MLP) -> None:
        self.rows, self.loss, self.reduction, self.net = rows, loss, reduction, net
        self.examples = len(rows[0].contributions)

    def __iter__(self) -> Iterator[Reason]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, name: str) -> Reason:
        """Return the row of one weight or bias.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"there is no {name!r}, but for example {self.rows[0].name!r}")

    def summary(self) -> str:
        """Return in one sentence how many do not move, and why."""
        return summary(self.rows)

    def to_data(self) -> dict[str, Any]:
        """Return everything as dicts, lists, numbers and strings; fractions become strings."""
        data: dict[str, Any] = _plain_data(
            {
                "summary": self.summary(),
                "loss": self.loss,
                "examples": self.examples,
                "reduction": self.reduction,
                "rows": [asdict(row) for row in self.rows],
            }
        )
        return data

    def draw(self, ax: Axes | None = None) -> Axes:
        """Draw the network before the step, with its gradients; the summary is the title.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        Axes

        Raises
        ------
        ImportError
            If there is no matplotlib.
        ValueError
            If the network is too large, see :func:`sgdexplained.draw.network`.
        """
        from sgdexplained.draw import network, title

        ax = network(self.net, example=0 if self.examples == 1 else None, ax=ax)
        title(ax, self.summary())
        return ax

    def __str__(self) -> str:
        return table(self)

    def _repr_html_(self) -> str:
        return html_table(self)

    def __repr__(self) -> str:
        return f"<Explanation: {self.summary()}>"


def explain(
    net: MLP,
    X: Any,
    target: Any,
    loss: Callable[..., Any],
    optimiser: Optimiser,
    reduction: Reduction = "mean",
) -> Explanation:
    """Say for every weight and bias whether one step moves it, how far, and why.

    The step is taken from zero gradients, on copies: neither the network nor the optimiser, its
    memory or any gradient changes.

    Parameters
    ----------
    net : MLP
        Of Scalars or Tensors, with any activation function without randomness of its own.
    X : shape (B, inputs)
        A batch, one row an example.
    target : array_like
        As the loss wants it.
    loss : callable
        A loss of this package, or any function of outputs, target and ``reduction=`` that returns
        a node.
    optimiser : Optimiser
        Of the network's parameters. Parameters that it does not have are frozen.
    reduction : {"mean", "sum"}
        Handed to the loss.

    Returns
    -------
    Explanation

    Raises
    ------
    TypeError
        If the network, the optimiser or what the loss returns is none.
    ValueError
        If a parameter stands in two places, so that there is no single reason for it.
    NotFiniteError
        If the loss or a gradient is NaN or infinite.

    Notes
    -----
    A zero counts only if it is exactly zero. With floats, contributions that would cancel on paper
    may leave a gradient of 1e-17; it is reported as what it is, a tiny gradient that moves the
    weight. With fractions nothing of the kind happens.

    The contribution of an example is what its row sends back. If examples are coupled by the loss,
    the contributions still add up to the gradient, but they are not gradients of the examples' own
    losses. Coupling inside the network (batch normalisation) is not possible in an ``MLP``.

    Examples
    --------
    >>> from sgdexplained import MLP, SGD, half_squared_error
    >>> net = MLP([2, 3, 1], init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])])
    >>> sgd = SGD(net.parameters(), lr=0.1)
    >>> step = explain(net, [[1, 2]], [[1]], half_squared_error, sgd)
    >>> print(step)
    4 of 13 do not move: 3 shut receiver, 1 inactive sender.
    <BLANKLINE>
              value  grad  move  why
    W1[0][0]      1     1  -0.1  Moves: input 1 sends 1 × slope 1 × upstream 1.
    W1[0][1]      1     0     0  Stays: unit 2 is shut, its slope at z = -2 is 0.
    W1[0][2]      2    -1   0.1  Moves: input 1 sends 1 × slope 1 × upstream -1.
    W1[1][0]      1     2  -0.2  Moves: input 2 sends 2 × slope 1 × upstream 1.
    W1[1][1]     -2     0     0  Stays: unit 2 is shut, its slope at z = -2 is 0.
    W1[1][2]      0    -2   0.2  Moves: input 2 sends 2 × slope 1 × upstream -1.
    b1[0]         0     1  -0.1  Moves: slope 1 × upstream 1.
    b1[1]         1     0     0  Stays: unit 2 is shut, its slope at z = -2 is 0.
    b1[2]        -1    -1   0.1  Moves: slope 1 × upstream -1.
    W2[0][0]      1     3  -0.3  Moves: unit 1 sends 3 × slope 1 × seed 1.
    W2[1][0]      2     0     0  Stays: unit 2 is inactive, it sends 0.
    W2[2][0]     -1     1  -0.1  Moves: unit 3 sends 1 × slope 1 × seed 1.
    b2[0]         0     1  -0.1  Moves: slope 1 × seed 1.
    >>> step.row("W2[1][0]").why, step.row("W2[1][0]").reasons
    ('inactive', [('inactive',)])
    """
    if not isinstance(net, MLP):
        raise TypeError(f"net is {net!r}, expected an MLP")
    if not isinstance(optimiser, Optimiser):
        raise TypeError(f"optimiser is {optimiser!r}, expected an Optimiser such as SGD")
    parameters = net.parameters()
    if len({id(parameter) for parameter in parameters}) < len(parameters):
        raise ValueError("a parameter stands in two places: there is no single reason for it")
    memo: dict[int, Any] = {}
    twin = copy(net)
    twin.layers = copied_layers(net, memo)
    stepper = deepcopy(optimiser, memo)
    for parameter in [*twin.parameters(), *stepper.parameters]:
        parameter.grad = None
    result = loss(twin(plain(X)), target, reduction=reduction)
    if not isinstance(result, Node):
        raise TypeError(f"the loss is {result!r}, expected a Scalar or a Tensor")
    result.backward()  # type: ignore[attr-defined]
    network = factors_of(twin.layers, 1 if reduction == "sum" else len(X))
    rows = [
        row
        for name, step in _steps(twin, stepper).items()
        for row in _rows(network, int(name[1:]) - 1, name[0], step)
    ]
    for row in rows:
        row.sentence = Sentence(network, row, reduction).text()
    return Explanation(rows, plain(result.data), reduction, twin)


# ## The rows
#
# The numbers of a step are kept in one shape for Tensors and Scalars: by parameter name (`W1`),
# nested lists sender by receiver.


@dataclass
class _Step:
    """What one step has to do with the parameters of one name, in plain nested lists."""

    values: Any
    gradients: Any
    moves: Any
    parts: dict[str, Any] | None


def _steps(net: MLP, optimiser: Optimiser) -> dict[str, _Step]:
    """Return, by name of parameters, what a step of the optimiser would do to them."""
    moved, split = moves(optimiser), parts(optimiser)
    return {
        name: _Step(
            plain(values(nodes)),
            plain(gradients(nodes)),
            _looked_up(moved, nodes),
            split and {key: _looked_up(part, nodes) for key, part in split.items()},
        )
        for name, nodes in net.arrays().items()
    }


def _looked_up(found: Moves, nodes: Any) -> Any:
    """Return what was found for a Tensor, or for each of nested lists of Scalars."""
    if isinstance(nodes, list | tuple):
        return [_looked_up(found, part) for part in nodes]
    return found.get(id(nodes))


def _at(numbers: Any, place: tuple[int, ...]) -> Any:
    """Return the number at a place; ``None`` if there is nothing, there or around it."""
    for index in place:
        if numbers is None:
            return None
        numbers = numbers[index]
    return numbers


def _rows(network: list[Factors], number: int, kind: str, step: _Step) -> Iterator[Reason]:
    """Yield the rows of a layer (from 0): of its weights (``"W"``), or of its biases (``"b"``)."""
    factors = network[number]
    batch = range(len(factors.senders))
    units = range(len(factors.slopes[0]))
    blocked = [[receiver_reasons(network, number, i, k) for i in batch] for k in units]
    # A bias is a weight whose sender always says 1.
    said = [list(column) for column in zip(*factors.senders, strict=True)]
    for j, sent in enumerate(said if kind == "W" else [[1 for _ in batch]]):
        for k in units:
            place = (j, k) if kind == "W" else (k,)
            deltas = [row[k] for row in factors.deltas]
            contributions = [a * d + 0 for a, d in zip(sent, deltas, strict=True)]
            reasons = [
                weight_reasons(a, c, blocked[k][i])
                for i, (a, c) in enumerate(zip(sent, contributions, strict=True))
            ]
            gradient, move = _at(step.gradients, place), _at(step.moves, place)
            own = None
            if move is not None and step.parts is not None:
                own = {key: _at(part, place) for key, part in step.parts.items()}
            zero = _zero(gradient, contributions, reasons)
            yield Reason(
                name=f"{kind}{number + 1}" + "".join(f"[{index}]" for index in place),
                layer=number + 1,
                sender=j + 1 if kind == "W" else None,
                receiver=k + 1,
                value=_at(step.values, place),
                gradient=gradient,
                move=move or 0,
                moves=bool(move),
                why=_why(gradient, move, zero, own),
                zero=zero,
                contributions=contributions,
                reasons=reasons,
                factors=[(sent[i], factors.slopes[i][k], factors.upstream[i][k]) for i in batch],
                parts=own,
            )


def _zero(gradient: Any, contributions: list[Any], reasons: list[tuple[str, ...]]) -> str:
    """Return why a gradient is zero; nothing if it is not, or if there is none."""
    if gradient is None or gradient != 0:
        return ""
    if any(c > 0 for c in contributions) and any(c < 0 for c in contributions):
        return "examples cancel"
    return "rounding" if any(contributions) else common(reasons)


def _why(gradient: Any, move: Any, zero: str, own: dict[str, Any] | None) -> str:
    """Return the code word of a row."""
    if move is None:
        return "frozen"
    if gradient is None:
        return "no gradient"
    if not move:
        return zero or "held"
    if gradient != 0:
        return "gradient"
    return "+".join(word for word in ("memory", "decay") if own and own[word]) or "memory"


def _plain_data(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _plain_data(part) for key, part in data.items()}
    if isinstance(data, list | tuple):
        return [_plain_data(part) for part in data]
    return str(data) if isinstance(data, Fraction) else data
