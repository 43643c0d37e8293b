"""Run the engine for a state: replay the steps taken, and explain the next one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sgdexplained.live.state import (
    NAMES,
    State,
    Taken,
    inputs,
    network,
    numbers_of,
    optimiser,
    targets,
)
from sgdexplained.losses import half_squared_error
from sgdexplained.reasons import explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sgdexplained.layers import MLP
    from sgdexplained.sgd import Optimiser


@dataclass(frozen=True)
class Entry:
    """What one step did to one weight: where it stood, and what moved it how far."""

    before: Any
    gradient: Any
    move: Any
    contributions: tuple[Any, ...]
    parts: dict[str, Any] | None


@dataclass
class Ran:
    """What the engine found out about a state.

    Attributes
    ----------
    net : MLP
        After the steps taken and one more pass forward and backward.
    rows : dict of str to Reason
        For each weight what the next step does to it, and why.
    loss : number
        Before the next step.
    summary : str
        How many weights the next step does not move, and why.
    account : list of dict of str to Entry
        For each step taken, what it did to each weight.
    """

    net: MLP
    rows: dict[str, Any]
    loss: Any
    summary: str
    account: list[dict[str, Entry]]

    @property
    def weights(self) -> tuple[Any, ...]:
        """The numbers of the network after the steps taken."""
        return numbers_of(self.net)


@lru_cache(maxsize=64)
def run(state: State) -> Ran:
    """Take the steps of a state, and explain the one that would come next.

    Raises
    ------
    ValueError
        If the batch is empty.
    NotFiniteError
        If the numbers have grown too large.

    Examples
    --------
    >>> from sgdexplained.live.state import State
    >>> ran = run(State())
    >>> ran.rows["W1[0][0]"].gradient, ran.rows["W1[0][1]"].why
    (1.0, 'shut')

    A step taken is one more line of the account.

    >>> taken = State(past=(Taken(((1, 2, 1),), "mean", 0.1),))
    >>> ran = run(taken)
    >>> ran.net.layers[0].weight[0][0].data
    0.9
    >>> ran.account[0]["W1[0][0]"].move == ran.weights[0] - 1
    True
    """
    if not state.batch:
        raise ValueError("no example is in the batch, expected at least one")
    net, stepper, account = _replayed(state.weights, state.opt, state.past)
    stepper.lr = state.lr
    rows, found = _explained(net, stepper, state.batch, state.reduction)
    _pass(net, state.batch, state.reduction)
    return Ran(net, rows, found.loss, found.summary(), account)


def would_move(state: State, now: tuple[float, ...]) -> bool:
    """Return whether plain SGD would move the chosen weight: quicker than :func:`run`.

    Parameters
    ----------
    state : State
        What would be so.
    now : tuple of number
        The network as it is; a state without steps has its own.

    Examples
    --------
    >>> would_move(State(), State().weights), would_move(State(pick="b2[0]"), State().weights)
    (False, True)
    """
    net = network(now if state.past else state.weights)
    _pass(net, state.batch, state.reduction)
    return bool(state.lr and net.named_parameters()[state.pick].grad)


def _replayed(
    weights: tuple[float, ...], opt: str, past: tuple[Taken, ...]
) -> tuple[MLP, Optimiser, list[dict[str, Entry]]]:
    """Take steps from the start; those that all states share are not taken again."""
    net = network(weights)
    values, memory, account = _after(weights, opt, past)
    for parameter, value in zip(net.parameters(), values, strict=True):
        parameter.data = value
    stepper = optimiser(State(opt=opt), net)
    stepper.memory = [dict(one) for one in memory]
    return net, stepper, list(account)


@lru_cache(maxsize=512)
def _after(
    weights: tuple[float, ...], opt: str, past: tuple[Taken, ...]
) -> tuple[list[Any], list[dict[str, Any]], tuple[dict[str, Entry], ...]]:
    """Return values, memory and account after the steps of `past`."""
    if not past:
        net = network(weights)
        start = optimiser(State(opt=opt), net)
        return [one.data for one in net.parameters()], start.memory, ()
    # From the front, so that no step is deeper in calls than another.
    for steps in range(1, len(past)):
        _after(weights, opt, past[:steps])
    net, stepper, account = _replayed(weights, opt, past[:-1])
    taken = past[-1]
    stepper.lr = taken.lr
    rows, _ = _explained(net, stepper, taken.examples, taken.reduction)
    entries = {
        name: Entry(
            row.value, row.gradient, row.move, tuple(row.contributions), row.parts and {**row.parts}
        )
        for name, row in rows.items()
    }
    _pass(net, taken.examples, taken.reduction)
    stepper.step()
    return [one.data for one in net.parameters()], stepper.memory, (*account, entries)


def _explained(
    net: MLP, stepper: Optimiser, examples: Any, reduction: Any
) -> tuple[dict[str, Any], Any]:
    found = explain(
        net, inputs(examples), targets(examples), half_squared_error, stepper, reduction
    )
    rows = {row.name: row for row in found}
    return {name: rows[name] for name in NAMES}, found


def _pass(net: MLP, examples: Any, reduction: Any) -> None:
    """Go forward and backward once, from no gradients."""
    net.zero_grad()
    loss: Any = half_squared_error(net(inputs(examples)), targets(examples), reduction=reduction)
    loss.backward()
