"""Explain one step of an MLP: for every weight and bias whether it moves, how far, and why."""

from __future__ import annotations

import sys

from sgdexplained.backward import ONE_AT_A_TIME
from sgdexplained.layers import MLP, values
from sgdexplained.reasons.explanation import Explanation
from sgdexplained.reasons.passes import Untouched, run
from sgdexplained.reasons.source import MLPSource, parameters_of
from sgdexplained.reasons.step import Step
from sgdexplained.reasons.words import plain
from sgdexplained.sgd import Optimiser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sgdexplained.losses import Reduction


def explain(
    net: MLP,
    X: Any,
    target: Any,
    loss: Callable[..., Any],
    optimiser: Optimiser,
    reduction: Reduction = "mean",
    *,
    step: Callable[[], Any] | None = None,
) -> Explanation:
    """Say for every weight and bias whether one step moves it, how far, and why.

    The step is taken from zero gradients, by a copy of the optimiser. The network, the optimiser
    with its memory and all gradients are afterwards what they were, also after an error.

    Parameters
    ----------
    net : MLP
        Of Scalars or Tensors, with any activation function without randomness of its own. Or a
        ``torch.nn.Module`` with its ``torch.optim.Optimizer``; needs ``sgdexplained[torch]``.
    X : shape (B, inputs)
        A batch, one row an example.
    target : array_like
        As the loss wants it.
    loss : callable
        A loss of this package, or any function of outputs, target and ``reduction=`` that returns
        a node.
    optimiser : Optimiser
        Of the network's parameters, or of some of them.
    reduction : {"mean", "sum"}
        Handed to the loss.
    step : callable, optional
        Only for models of PyTorch, see ``sgdexplained.pytorch.explain_model``.

    Returns
    -------
    Explanation

    Raises
    ------
    TypeError
        If the network, the optimiser or what the loss returns is none.
    NotFiniteError
        If the loss or a gradient is NaN or infinite.

    Notes
    -----
    A zero counts only if it is exactly zero. With floats, contributions that would cancel on paper
    may leave a gradient of 1e-17; it is reported as what it is, a tiny gradient that moves the
    weight. With fractions nothing of the kind happens.

    The contribution of an example is what its row sends back. If examples are coupled by the loss,
    the contributions still add up to the gradient, but they are not gradients of the examples' own
    losses.

    All reasons of a layer are made at once; rows, factors and sentences when somebody asks for
    them. It takes about as long as a few steps of training, whatever the size of the batch.

    Examples
    --------
    >>> from sgdexplained import MLP, SGD, half_squared_error
    >>> net = MLP([2, 3, 1], init=[([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])])
    >>> sgd = SGD(net.parameters(), lr=0.1)
    >>> step = explain(net, [[1, 2]], [[1]], half_squared_error, sgd)
    >>> print(step)
    4 of 13 do not move: 3 with a shut receiver, 1 with an inactive sender.
    <BLANKLINE>
              value  grad   move  why
    W1[0][0]      1     1   -0.1  1 (input 1) × 1 (derivative) × 1 (upstream)
    W1[0][1]      1     0  stays  unit 2 is shut: the derivative of its activation
                                  at -2 is 0
    W1[0][2]      2    -1    0.1  1 (input 1) × 1 (derivative) × -1 (upstream)
    W1[1][0]      1     2   -0.2  2 (input 2) × 1 (derivative) × 1 (upstream)
    W1[1][1]     -2     0  stays  unit 2 is shut: the derivative of its activation
                                  at -2 is 0
    W1[1][2]      0    -2    0.2  2 (input 2) × 1 (derivative) × -1 (upstream)
    b1[0]         0     1   -0.1  1 (derivative) × 1 (upstream)
    b1[1]         1     0  stays  unit 2 is shut: the derivative of its activation
                                  at -2 is 0
    b1[2]        -1    -1    0.1  1 (derivative) × -1 (upstream)
    W2[0][0]      1     3   -0.3  3 (unit 1) × 1 (derivative) × 1 (upstream)
    W2[1][0]      2     0  stays  unit 2 is inactive, its activation is 0
    W2[2][0]     -1     1   -0.1  1 (unit 3) × 1 (derivative) × 1 (upstream)
    b2[0]         0     1   -0.1  1 (derivative) × 1 (upstream)
    >>> step.row("W2[1][0]").why, step.row("W2[1][0]").reasons
    ('inactive', [('inactive',)])
    """
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(net, torch.nn.Module):
        from sgdexplained.pytorch.model import explain_model  # opened for such models alone

        found: Explanation = explain_model(net, X, target, loss, optimiser, step=step)
        return found
    if not isinstance(net, MLP):
        raise TypeError(f"net is {net!r}, expected an MLP or a torch.nn.Module")
    if step is not None:
        raise TypeError("step= is for models of PyTorch, expected none for an MLP")
    if not isinstance(optimiser, Optimiser):
        raise TypeError(f"optimiser is {optimiser!r}, expected an Optimiser such as SGD")
    # Other threads may use the same network: they see no gradients of this pass.
    with ONE_AT_A_TIME, Untouched(net) as kept:
        kept.keep(optimiser.parameters)
        for parameter in optimiser.parameters:
            parameter.grad = None
        ran = run(net, _numbers(X), target, loss, reduction, kept)
        frozen = kept.frozen()
        for parameter in net.parameters():
            if id(parameter) in frozen:
                parameter.grad = None
        taken = Step(optimiser, frozen)
        plain_layers = [layer.activation is None for layer in net.layers]
        source = MLPSource(ran.layers, reduction, len(X), plain_layers)
        parameters = parameters_of(net, ran, taken, source)
    return Explanation(parameters, ran.loss, len(X), reduction, source)


def _numbers(X: Any) -> Any:
    """Return a batch as numbers: nodes in it are not part of the network, and get no gradient."""
    return X if hasattr(X, "tolist") else values(plain(X))
