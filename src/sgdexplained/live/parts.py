"""The parts of a live picture that are words: the chosen weight, its account, all weights."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape

from sgdexplained.live.drawn import called
from sgdexplained.live.markup import button, sign, signed, tag, text_of
from sgdexplained.live.run import run, would_move
from sgdexplained.live.state import MOST, State, number_from
from sgdexplained.reasons import activation_derivative
from sgdexplained.reasons.wording import minus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sgdexplained.live.run import Entry, Ran

MOST_LINES = 12  # of an account; the middle of a longer one is left out


def chosen(state: State, ran: Ran) -> str:
    """Say what the chosen weight's gradient is made of; or its move, where moves are shown."""
    row = ran.rows[state.pick]
    if state.show == "move" and row.parts is not None:
        return _chosen_move(state, row)
    parts = [
        tag("span", text, class_=f"factor {kind} {sign(value)}")
        for kind, text, value in _factors(row)
    ]
    product = tag(
        "span",
        "= " if len(parts) == 1 else "",
        f"gradient {tag('b', signed(row.gradient))}",
        class_=f"factor product {sign(row.gradient)}",
    )
    times = tag("span", " × ", class_="times")
    equals = tag("span", " = ", class_="times")
    line = times.join(parts) + (equals + product if parts else product)
    return tag("p", line, class_="live-factors") + tag(
        "p", escape(minus(row.sentence)), class_="live-sentence"
    )


def _chosen_move(state: State, row: Any) -> str:
    """Say what the move of the chosen weight is made of.

    Examples
    --------
    >>> from re import sub
    >>> state = State(pick="W1[1][0]", show="move", lr=0.25)
    >>> print(sub("<[^>]*>", "", chosen(state, run(state))))
    −learning rate 0.25 × gradient +2 = move −0.5Moves against its gradient.
    """
    gradient, times = row.gradient, tag("span", " × ", class_="times")
    if state.opt == "SGD":
        listed = [
            tag("span", f"−learning rate {tag('b', text_of(state.lr))}", class_="factor"),
            tag(
                "span",
                f"gradient {tag('b', signed(gradient))}",
                class_=f"factor {sign(gradient)}",
            ),
        ]
    else:
        times = tag("span", " + ", class_="times")
        names = {"gradient": "by the gradient", "memory": "by memory", "decay": "by decay"}
        listed = [
            tag("span", f"{names[kind]} {tag('b', signed(part))}", class_=f"factor {sign(part)}")
            for kind, part in row.parts.items()
            if part or kind == "gradient"
        ]
    product = tag(
        "span", f"move {tag('b', signed(row.move))}", class_=f"factor product {sign(row.move)}"
    )
    words = row.sentence
    if row.move and gradient:
        against = row.move * gradient < 0
        words = "Moves against its gradient." if against else "Moves along its gradient."
    line = times.join(listed) + tag("span", " = ", class_="times") + product
    return tag("p", line, class_="live-factors") + tag(
        "p", escape(minus(words)), class_="live-sentence"
    )


def _factors(row: Any) -> list[tuple[str, str, Any]]:
    """Return the three factors of the only example; of several, their contributions."""
    if len(row.factors) == 1:
        a, slope, upstream = row.factors[0]
        factors = [
            ("derivative", f"derivative {tag('b', text_of(slope))}", slope),
            ("upstream", f"upstream gradient {tag('b', text_of(upstream))}", upstream),
        ]
        if row.name[0] == "W":
            factors.insert(0, ("sender", f"activation {tag('b', text_of(a))}", a))
        return factors
    return [
        ("example", f"example {i}: {tag('b', signed(c))}", c)
        for i, c in enumerate(row.contributions, start=1)
    ]


def name_of(state: State) -> str:
    """Name the chosen weight, for a reader of sentences and for one of code."""
    words = called(state.pick)
    return f"{words[0].upper()}{words[1:]} ({tag('code', state.pick)})"


# ## What would change it


def remedy(state: State, ran: Ran) -> str:
    """Say what would make the chosen weight move; nothing if it moves. It is tried before.

    Examples
    --------
    >>> state = State(examples=((0, 0, -1),), pick="W1[1][2]")
    >>> print(remedy(state, run(state)).partition(" <")[0].removeprefix('<p class="live-remedy">'))
    It would move if the bias of unit 3 were 1 instead of −1, and input 2 were 1 instead of 0.
    """
    row = ran.rows[state.pick]
    if row.moves or len(state.batch) > 1:
        return ""
    found = _remedy(state, ran)
    if not found:
        return ""
    words = ", and ".join(words for words, _ in found)
    value = "|".join(change for _, change in found)
    return tag(
        "p", f"It would move if {words}. ", button("try", "Try it", value), class_="live-remedy"
    )


def _remedy(state: State, ran: Ran) -> list[tuple[str, str]]:
    """Find one small change that sets the chosen weight in motion, or two."""
    tried = []
    for words, change in _candidates(state, ran):
        changed = attempt(state, change)
        if would_move(changed, ran.weights):
            return [(words, change)]
        tried.append((words, change, changed))
    for words, change, changed in tried:
        for more, second in _candidates(changed, run(changed)):
            last = attempt(changed, second)
            if would_move(last, ran.weights):
                return [(words, change), (more, second)]
    return []


def attempt(state: State, changes: str) -> State:
    """Make changes such as ``"b1[1]=3"``, ``"x1=1"`` or both, with a bar between them.

    Examples
    --------
    >>> now = attempt(State(), "b1[1]=4|target=2")
    >>> now.weights[7], now.examples
    (4, ((1, 2, 2),))
    """
    for change in changes.split("|"):
        name, _, text = change.partition("=")
        value = number_from(text, name)
        if name == "lr":
            state = replace(state, lr=value)
        elif name in EXAMPLE:
            one = list(state.examples[state.at])
            one[EXAMPLE.index(name)] = value
            examples = list(state.examples)
            examples[state.at] = (one[0], one[1], one[2])
            state = replace(state, examples=tuple(examples))
        else:
            state = set_weight(state, run(state), name, value)
    return state


EXAMPLE = ("x1", "x2", "target")


def _candidates(state: State, ran: Ran) -> list[tuple[str, str]]:
    """List small changes of which one may set the chosen weight in motion, the smallest first."""
    found = []
    k = _hidden_unit(state.pick)
    hidden = ran.net.layers[0]
    x1, x2, target = state.examples[state.at]
    if k is not None and activation_derivative(hidden)[0][k] == 0:
        bias = ran.rows[f"b1[{k}]"].value
        # One more than just enough, so that the unit is clearly open; that may hit the target.
        for more in (1, 2):
            raised = bias - hidden.pre_activations[0][k] + more
            words = f"the bias of unit {k + 1} were {text_of(raised)} instead of {text_of(bias)}"
            found.append((words, f"b1[{k}]={raised!r}"))
    if k is not None and ran.rows[f"W2[{k}][0]"].value == 0:
        found.append((f"the weight ahead of unit {k + 1} were 1 instead of 0", f"W2[{k}][0]=1"))
    if state.lr == 0:
        found.append(("the learning rate were 0.1 instead of 0", "lr=0.1"))
    if ran.loss == 0:
        words = f"the target were {text_of(target + 1)} instead of {text_of(target)}"
        found.append((words, f"target={target + 1!r}"))
    j = _input(state.pick)
    if j is not None and (x1, x2)[j] == 0:
        # One of the two leaves a unit open.
        for value in (1, -1):
            words = f"input {j + 1} were {text_of(value)} instead of 0"
            found.append((words, f"x{j + 1}={value}"))
    return [one for one in found if abs(float(one[1].partition("=")[2])) <= MOST]


def _hidden_unit(name: str) -> int | None:
    """Return the hidden unit (from 0) at one end of a weight; of the first layer, the receiver."""
    places = [int(one) for one in re.findall(r"\[(\d)\]", name)]
    if name.startswith("b2"):
        return None
    return places[0] if name[0] == "b" or name[1] == "2" else places[1]


def _input(name: str) -> int | None:
    return int(name[3]) if name.startswith("W1") else None


def set_weight(state: State, ran: Ran, name: str, value: float) -> State:
    """Set one weight by hand; the steps taken become the start."""
    weights = dict(zip(ran.rows, ran.weights, strict=True)) | {name: value}
    return replace(state, weights=tuple(weights.values()), past=())


# ## All weights, and the account of one


def table(state: State, ran: Ran) -> str:
    """Write all rows of `explain`; the name of a weight chooses it."""
    head = tag(
        "tr",
        tag("td"),
        *(tag("th", one, scope="col") for one in ("value", "gradient", "move", "why")),
    )
    lines = [
        tag(
            "tr",
            tag("th", button("pick", tag("code", name), name, data_key=f"row-{name}"), scope="row"),
            tag("td", text_of(row.value)),
            tag("td", signed(row.gradient), class_=sign(row.gradient)),
            tag("td", signed(row.move), class_=sign(row.move)),
            tag("td", escape(minus(row.sentence)), class_="why"),
            class_="picked" if name == state.pick else None,
        )
        for name, row in ran.rows.items()
    ]
    return tag("table", tag("thead", head), tag("tbody", *lines), class_="live-table")


def account(state: State, ran: Ran) -> str:
    """Write how far the chosen weight has gone, step by step, and what moved it."""
    if not ran.account:
        return tag("p", "No step has been taken yet.", class_="live-none")
    entries = [step[state.pick] for step in ran.account]
    several = max(len(entry.contributions) for entry in entries)
    kinds = ("gradient", "memory", "decay")
    columns = ["step", "before", "dL/dw"]
    if several > 1:
        columns += [f"example {i + 1}" for i in range(several)]
    columns += [f"by {kind}" for kind in kinds] + ["move"]
    lines = [
        _account_line(number, entry, several, kinds)
        for number, entry in enumerate(entries, start=1)
    ]
    if len(lines) > MOST_LINES:
        left_out = len(lines) - MOST_LINES
        gap = tag("tr", tag("td", f"and {left_out} more", colspan=len(columns)))
        lines = [*lines[: MOST_LINES // 2], gap, *lines[-MOST_LINES // 2 :]]
    table = tag(
        "table",
        tag("thead", tag("tr", *(tag("th", one, scope="col") for one in columns))),
        tag("tbody", *lines),
        class_="live-table live-account",
    )
    scroll = {"class_": "live-scroll", "tabindex": "0", "role": "group"}
    return tag("p", _told(state, entries, ran)) + tag(
        "div", table, aria_label="The account", **scroll
    )


def _account_line(number: int, entry: Entry, several: int, kinds: tuple[str, ...]) -> str:
    cells = [tag("th", str(number), scope="row"), tag("td", text_of(entry.before))]
    cells.append(tag("td", signed(entry.gradient), class_=sign(entry.gradient)))
    if several > 1:
        listed = [*entry.contributions, *[None] * several][:several]
        cells += [tag("td", "" if one is None else signed(one), class_=sign(one)) for one in listed]
    for kind in kinds:
        part = None if entry.parts is None else entry.parts[kind]
        cells.append(tag("td", "?" if part is None else signed(part), class_=sign(part)))
    cells.append(tag("td", signed(entry.move), class_=sign(entry.move)))
    return tag("tr", *cells)


def _told(state: State, entries: list[Entry], ran: Ran) -> str:
    """Tell the account in a sentence: how far in all, and by what."""
    now = ran.rows[state.pick].value
    steps = "1 step" if len(entries) == 1 else f"{len(entries)} steps"
    text = (
        f"In {steps} of {state.opt} the {called(state.pick)} went from "
        f"{text_of(entries[0].before)} to {text_of(now)}. So it moved by "
        f"{signed(now - entries[0].before)}"
    )
    shares = {}
    for kind in ("gradient", "memory", "decay"):
        share = sum(entry.parts[kind] for entry in entries if entry.parts)
        if share:
            shares[kind] = share
    listed = ", ".join(f"{signed(share)} by {kind}" for kind, share in shares.items())
    return escape(f"{text}: {listed}." if listed else f"{text}.")
