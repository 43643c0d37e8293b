"""The live pictures: what a page shows at first, and what it shows after each change.

A picture is a text (its state, see :mod:`sgdexplained.live.state`) and a set of slots. The build
asks for the slots of the start; the page asks :func:`answer` for them after every change, with the
word of the control that the reader used. So there is one function, and both agree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from html import escape

from sgdexplained.live import paths as path_pictures
from sgdexplained.live import plane as planes
from sgdexplained.live.batch import members, movers, nobody, outer
from sgdexplained.live.drawn import called, picture
from sgdexplained.live.markup import (
    button,
    choice,
    entry,
    menu,
    plain_text,
    signed,
    slider,
    tag,
    text_of,
)
from sgdexplained.live.parts import account, attempt, chosen, name_of, remedy, set_weight, table
from sgdexplained.live.run import run
from sgdexplained.live.state import (
    MOST_STEPS,
    NAMES,
    OPTIMISERS,
    State,
    Taken,
    fraction_from,
    number_from,
)
from sgdexplained.reasons.wording import minus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sgdexplained.live.run import Ran
    from sgdexplained.live.state import Example


@dataclass(frozen=True)
class View:
    """A kind of live picture.

    Attributes
    ----------
    title : str
        What the picture is called.
    start : State
        What it shows at first.
    layout : callable
        Writes the whole picture of a state, with its slots and controls.
    slots : tuple of str
        Names of the functions in `SLOTS` that are asked again after each change.
    """

    title: str
    start: State
    layout: Callable[[State, dict[str, str]], str]
    slots: tuple[str, ...]


# ## Slots: the parts that change

SLOTS: dict[str, Callable[[State, Ran], str]] = {
    "network": lambda state, ran: picture(state, ran, "The network: choose a line"),
    "question": lambda state, ran: picture(state, ran, "Choose what stays", asks=True),
    "points": planes.points,
    "regions": lambda state, ran: planes.regions(ran.weights, state.examples),
    "show": lambda state, ran: choice(
        "show",
        "Show",
        [("weight", "weight"), ("gradient", "gradient"), ("move", "move of the next step")],
        state.show,
        said="Lines show",
    ),
    "steps": lambda state, ran: _steps(state),
    "name": lambda state, ran: name_of(state),
    "chosen": chosen,
    "remedy": remedy,
    "members": members,
    "movers": movers,
    "nobody": nobody,
    "paths": path_pictures.paths,
    "told": path_pictures.told,
    "outer": outer,
    "table": table,
    "account": account,
    "summary": lambda state, ran: f"{ran.summary} The loss is {text_of(ran.loss)}.",
}

# What takes too long to be drawn while something is dragged; it follows when there is time.
LATER = {"regions", "table", "account"}


def _steps(state: State) -> str:
    taken = len(state.past)
    count = "no step taken" if not taken else f"{taken} step{'s' if taken > 1 else ''} taken"
    full = taken >= MOST_STEPS
    return "".join(
        [
            button("step", "Take the step", disabled=full, class_="live-main"),
            button("step10", "Take ten", disabled=full),
            button("back", "Back", disabled=not taken),
            button("restart", "Again from the start", disabled=not taken),
            tag("span", count, class_="live-count"),
        ]
    )


def _slot(name: str, slots: dict[str, str], element: str = "div", **more: Any) -> str:
    return tag(element, slots[name], data_slot=name, **more)


# ## Layouts


def _example_sliders(state: State) -> str:
    x1, x2, target = state.examples[state.at]
    return "".join(
        [
            slider("x1", "<var>x</var><sub>1</sub>", x1, -4, 4, 0.25),
            slider("x2", "<var>x</var><sub>2</sub>", x2, -4, 4, 0.25),
            slider("target", "target", target, -4, 4, 0.25),
        ]
    )


def _weight_panel(state: State, slots: dict[str, str]) -> str:
    value = dict(zip(NAMES, state.weights, strict=True))[state.pick]
    value_of = slider("weight", "value", value, -4, 4, 0.25)
    # Each part for itself, so that the sentence can stay in sight on a phone.
    return "".join(
        [
            _slot("name", slots, "p", class_="live-name live-panel"),
            tag("div", value_of, class_="live-controls live-panel"),
            _slot("chosen", slots, class_="live-panel live-telling", aria_live="polite"),
            _slot("remedy", slots, class_="live-controls live-panel"),
        ]
    )


def _folded(words: str, content: str) -> str:
    return tag("details", tag("summary", words), content, class_="live-more")


def _network(state: State, slots: dict[str, str]) -> str:
    lr = slider("lr", "learning rate", state.lr, 0, 0.5, 0.01)
    return "".join(
        [
            tag(
                "div",
                # What is pressed again and again stands beside what it changes, also on a phone.
                tag(
                    "div",
                    _slot("network", slots),
                    _bar(_slot("show", slots), _slot("steps", slots)),
                    class_="live-left",
                ),
                tag(
                    "div",
                    planes.frame(slots),
                    tag("div", _example_sliders(state), lr, class_="live-controls live-sliders"),
                    class_="live-right",
                ),
                class_="live-stage",
            ),
            _legend(),
            _slot("summary", slots, "p", class_="live-summary"),
            _weight_panel(state, slots),
            _folded("All thirteen: weights and biases, in numbers", _slot("table", slots)),
            _folded("How far the chosen weight has gone", _slot("account", slots)),
        ]
    )


def _predict(state: State, slots: dict[str, str]) -> str:
    return "".join(
        [
            tag(
                "p",
                "Which of the thirteen numbers stay in the next step? Choose them in the picture.",
                class_="live-ask",
            ),
            tag(
                "div",
                tag("div", _slot("question", slots), class_="live-left"),
                tag(
                    "div",
                    planes.frame(slots),
                    tag("div", _example_sliders(state), class_="live-controls live-sliders"),
                    class_="live-right",
                ),
                class_="live-stage",
            ),
            _slot("verdict", slots, aria_live="polite"),
            tag(
                "p",
                "What is the gradient of this weight? Type a number. "
                "You can also choose another one.",
            ),
            tag(
                "div",
                menu("pick", "weight", [(name, name) for name in NAMES], state.pick),
                entry("guess", "its gradient", state.guess),
                class_="live-controls live-bar",
            ),
            _slot("judged", slots, aria_live="polite"),
            _slot("answer", slots, class_="live-answer"),
        ]
    )


def verdict(state: State, ran: Ran) -> str:
    """Judge what the reader has chosen.

    Examples
    --------
    >>> state = State(marks=("b1[1]", "b2[0]"), told=True)
    >>> verdict(state, run(state)).partition(" 4 of 13")[0]
    '<p>4 stay. You found 1 of them, and chose 1 that moves.'
    """
    if not state.told:
        chosen_now = f"{len(state.marks)} chosen"
        return tag(
            "p",
            button("tell", "Let the engine judge", class_="live-main"),
            " ",
            tag("span", chosen_now, class_="live-count"),
            class_="live-controls",
        )
    stays = {name for name, row in ran.rows.items() if not row.moves}
    found = len(stays & set(state.marks))
    wrong = len(set(state.marks) - stays)
    if found == len(stays) and not wrong:
        words = f"All right: exactly these {found} stay." if found else "All right: none stays."
    else:
        beyond = f", and chose {wrong} that move{'s' if wrong == 1 else ''}" if wrong else ""
        words = f"{len(stays)} stay. You found {found} of them{beyond}."
    again = button("untell", "Again, with another input")
    return tag("p", f"{words} {ran.summary}") + tag("p", again, class_="live-controls")


def judged(state: State, ran: Ran) -> str:
    """Judge the number that the reader has typed.

    Examples
    --------
    >>> state = State(pick="W1[1][0]", guess="1/2")
    >>> judged(state, run(state)).partition("</p>")[0]
    '<p><b>1/2 is not right: the gradient is +2.</b>'
    >>> judged(State(pick="W1[1][0]", guess="2"), run(state)).partition("</p>")[0]
    '<p><b>2 is right.</b>'
    """
    if not state.guess:
        return ""
    gradient = ran.rows[state.pick].gradient or 0
    off = abs(fraction_from(state.guess, "your answer") - Fraction(gradient))
    if off <= TOLERANCE * max(1, abs(gradient)):
        words = f"{escape(state.guess)} is right."
    else:
        words = f"{escape(state.guess)} is not right: the gradient is {signed(gradient)}."
    return tag("p", tag("b", words)) + chosen(state, ran)


# A reader who types two decimals of a long number has found it.
TOLERANCE = Fraction(1, 200)


def _answer(state: State, ran: Ran) -> str:
    """Fold the answer away, for those who have no scripts."""
    words = f"{ran.summary} {called(state.pick)}: the gradient is "
    words += f"{signed(ran.rows[state.pick].gradient)}."
    return tag("details", tag("summary", "Show the answer"), tag("p", escape(minus(words))))


# What to do, and what to look for; a page that has a question of its own says it itself.
LEADS = {
    "network": "Drag the dot, which is the example, into another colour. Grey dashes and 0 mark "
    "the lines to look for.",
    "territories": "Drag an example into another colour, or take one out. Which zeros go away in "
    "the sum and the mean?",
    "account": "Unit 2 is shut, so the gradients of its weights are 0. They move anyway. "
    "Choose an optimiser: the steps are taken again with it. Which optimisers leave unit 2 alone?",
    "batch": "Take an example out, or drag it. Look below: how do the sum and the mean change?",
    "paths": "Choose a unit to shut it. A path is blue if it carries a positive number, and orange "
    "if it carries a negative one. Which paths must be cut to make the gradient "
    "larger? Which to change its sign? And which to make it 0?",
    "predict": "Choose first; then let the engine, the Python program of this site, judge.",
}


def _lead(view: str, words: str) -> str:
    words = escape(words) or LEADS[view]
    return tag("p", tag("b", "In your hands. "), words, class_="live-controls live-lead")


def _legend() -> str:
    return tag(
        "p",
        "Left half of a unit: ",
        tag("i", "z"),
        ", hatched and with a bar if the unit is shut. Right half: ",
        tag("i", "a"),
        ", hatched and with a bar if the unit is inactive. ",
        tag("i", "b"),
        ": a bias. It counts as a weight into its unit. In the plane of the two inputs, the dot is "
        "the example. All points of one colour have the same open units: '1 3' means that units 1 "
        "and 3 are open.",
        class_="live-legend",
    )


# ## Several examples


def _bar(*content: str) -> str:
    return tag("div", *content, class_="live-controls live-bar")


def _territories(state: State, slots: dict[str, str]) -> str:
    return "".join(
        [
            tag(
                "div",
                tag(
                    "div",
                    planes.frame(slots),
                    tag(
                        "p",
                        "Each dot is an example. Each colour is one set of open units, named by "
                        "their numbers.",
                        class_="live-legend",
                    ),
                    class_="live-left",
                ),
                tag(
                    "div",
                    _slot("members", slots, class_="live-controls"),
                    tag(
                        "div",
                        _example_sliders(state),
                        _weight_menu(state, slots),
                        class_="live-controls live-sliders",
                    ),
                    class_="live-right",
                ),
                class_="live-stage live-wide-plane",
            ),
            _slot("nobody", slots, "p", class_="live-telling", aria_live="polite"),
            _slot("outer", slots),
            _folded("Which of the thirteen each example moves", _slot("movers", slots)),
        ]
    )


def _weight_menu(state: State, slots: dict[str, str]) -> str:
    """Let the reader choose a weight from a list, and set it."""
    value = dict(zip(NAMES, state.weights, strict=True))[state.pick]
    listed = menu("pick", "weight", [(name, name) for name in NAMES], state.pick)
    hidden = _slot("name", slots, "p", hidden=True)
    return listed + slider("weight", "value", value, -4, 4, 0.25) + hidden


def _batch(state: State, slots: dict[str, str]) -> str:
    return "".join(
        [
            tag(
                "div",
                tag(
                    "div",
                    planes.frame(slots),
                    tag("div", _example_sliders(state), class_="live-controls live-sliders"),
                    class_="live-left",
                ),
                tag(
                    "div",
                    _slot("members", slots, class_="live-controls"),
                    _bar(_slot("steps", slots)),
                    class_="live-right",
                ),
                class_="live-stage live-wide-plane",
            ),
            # Grids grow and shrink, so nothing that is pressed stands below them.
            _slot("outer", slots, aria_live="polite"),
            _slot("summary", slots, "p", class_="live-summary live-telling"),
        ]
    )


def _account(state: State, slots: dict[str, str]) -> str:
    return "".join(
        [
            tag(
                "div",
                tag(
                    "div",
                    _slot("network", slots),
                    _bar(_slot("show", slots), _slot("steps", slots)),
                    class_="live-left",
                ),
                tag(
                    "div",
                    planes.frame(slots),
                    tag(
                        "div",
                        menu("opt", "optimiser", [(one, one) for one in OPTIMISERS], state.opt),
                        slider("lr", "learning rate", state.lr, 0, 0.5, 0.01),
                        class_="live-controls live-sliders",
                    ),
                    class_="live-right",
                ),
                class_="live-stage",
            ),
            _slot("name", slots, "p", class_="live-name"),
            _slot("chosen", slots, class_="live-telling", aria_live="polite"),
            _legend(),
            tag(
                "details",
                tag("summary", "The examples of the batch"),
                _slot("members", slots),
                class_="live-more live-controls",
            ),
            _slot("account", slots),
        ]
    )


def _paths(state: State, slots: dict[str, str]) -> str:
    sliders = [
        slider(f"v{k}", f"unit {k}", value, -4, 4, 0.25, said=f"the weight ahead of unit {k}")
        for k, value in enumerate(state.ahead, start=1)
    ]
    return "".join(
        [
            tag(
                "div",
                _slot("paths", slots, class_="live-left"),
                tag(
                    "div",
                    tag("p", "The weight to the output from", class_="live-label"),
                    *sliders,
                    class_="live-controls live-right",
                ),
                class_="live-stage",
            ),
            _slot("told", slots, class_="live-telling live-told", aria_live="polite"),
        ]
    )


SLOTS |= {"verdict": verdict, "judged": judged, "answer": _answer}

# Of these three, none moves the weights around unit 2.
SEVERAL = State(examples=((1, 2, 1), (2, 2, 2), (-1.5, 0.75, 0)))

VIEWS = {
    "network": View(
        "The network in your hands",
        State(),
        _network,
        (
            *("network", "points", "regions", "show", "steps", "summary"),
            *("name", "chosen", "remedy", "table", "account"),
        ),
    ),
    "territories": View(
        "Which weights move where",
        SEVERAL,
        _territories,
        ("regions", "points", "members", "nobody", "outer", "movers", "name"),
    ),
    "account": View(
        "What moved this weight",
        # Three steps with unit 2 open; then the example shuts it, and momentum goes on.
        State(
            opt="momentum",
            lr=0.125,
            show="move",
            past=(Taken(((1.5, -0.5, 5),), "mean", 0.125),) * 3,
        ),
        _account,
        (
            *("network", "regions", "points", "members", "show", "steps"),
            *("name", "chosen", "account"),
        ),
    ),
    "batch": View(
        "The batch",
        SEVERAL,
        _batch,
        ("members", "regions", "points", "outer", "steps", "summary"),
    ),
    "paths": View("Close a path", State(), _paths, ("paths", "told")),
    "predict": View(
        "Predict first",
        State(),
        _predict,
        ("question", "points", "regions", "verdict", "judged", "answer"),
    ),
}


def page(view: str, address: str = "", lead: str = "") -> str:
    """Write a live picture as it stands in the page before anybody touches it.

    Parameters
    ----------
    view : str
        A key of `VIEWS`.
    address : str
        The state that it starts with.
    lead : str
        What the reader is to do and to look for; if not given, what `LEADS` says.

    Raises
    ------
    ValueError
        If there is no such view, or the address is wrong.

    Examples
    --------
    >>> html = page("network", "e=3,1,1")
    >>> html.count('class="edge'), "Take the step" in html
    (13, True)
    """
    if view not in VIEWS:
        raise ValueError(f"there is no view {view!r}, expected one of {', '.join(VIEWS)}")
    state = State.read(address, VIEWS[view].start)
    ran = run(state)
    slots = {name: SLOTS[name](state, ran) for name in VIEWS[view].slots}
    return _lead(view, lead) + VIEWS[view].layout(state, slots)


# ## What the reader does


def answer(view: str, start: str, address: str, do: str, value: str) -> dict[str, Any]:
    """Do what a reader has done, and return what the page must show now.

    Parameters
    ----------
    view : str
        A key of `VIEWS`.
    start, address : str
        The state with which the page began, and what the state differs from it now.
    do, value : str
        The word of the control, and its value.

    Returns
    -------
    dict
        ``address`` of the new state; ``slots`` to fill; ``fields``, the values of controls;
        ``later``, slots to ask for when there is time; ``error``, if it could not be done.

    Examples
    --------
    >>> now = answer("network", "", "", "x1", "3")
    >>> now["address"], now["fields"]["x1"], now["later"]
    ('e=3,2,1', '3', ['regions', 'table', 'account'])
    >>> answer("network", "", "", "lr", "fast")["error"]
    "the learning rate is 'fast', expected a number from -1000 to 1000"
    """
    first = State.read(start, VIEWS[view].start)
    error = ""
    try:
        old = State.read(address, first)
        before = run(old)
    except (ValueError, ArithmeticError) as problem:
        # Somebody else has written it, perhaps for another page.
        old, before, error = first, run(first), str(problem)
    state, ran = old, before
    if do and do != "later":
        try:
            state = DO[do](old, before, value).checked()
            if state.examples != old.examples:
                # It is another question now.
                state = replace(state, marks=(), told=False)
            if (state.examples, state.weights, state.pick) != (old.examples, old.weights, old.pick):
                state = replace(state, guess="")
            ran = run(state)
        except (ValueError, ArithmeticError) as problem:
            # The message is for people; the state stays as it was.
            state, ran, error = old, before, str(problem)
    names = VIEWS[view].slots
    later = [name for name in names if name in LATER]
    if not do:
        later = []
    shown = later if do == "later" else [name for name in names if name not in later]
    if do == "later":
        later = []
    return {
        "address": state.write(first),
        "slots": {name: SLOTS[name](state, ran) for name in shown},
        "fields": fields(state, ran),
        "later": later,
        "error": error,
    }


def fields(state: State, ran: Ran) -> dict[str, str]:
    """Return what the controls must show."""
    x1, x2, target = state.examples[state.at]
    numbers = {
        "x1": x1,
        "x2": x2,
        "target": target,
        "lr": state.lr,
        "weight": ran.rows[state.pick].value,
    }
    return {
        **{name: plain_text(value) for name, value in numbers.items()},
        "guess": state.guess,
        "opt": state.opt,
        "pick": state.pick,
        **{f"v{k}": plain_text(value) for k, value in enumerate(state.ahead, start=1)},
    }


def _example(state: State, place: int, value: float) -> State:
    one = list(state.examples[state.at])
    one[place] = value
    return _examples(state, tuple(one))


def _examples(state: State, moved: Any) -> State:
    return replace(
        state,
        examples=tuple(moved if i == state.at else one for i, one in enumerate(state.examples)),
    )


def _point(state: State, key: str) -> State:
    """Move the chosen example by an arrow key: a quarter, or with Shift a whole."""
    shift, _, arrow = key.rpartition("+")
    far = 1 if shift else 0.25
    x1, x2, target = state.examples[state.at]
    moves = {
        "ArrowLeft": (-far, 0),
        "ArrowRight": (far, 0),
        "ArrowUp": (0, far),
        "ArrowDown": (0, -far),
    }
    if arrow not in moves:
        return state
    dx, dy = moves[arrow]
    return _examples(state, (_inside(x1 + dx), _inside(x2 + dy), target))


def _inside(feature: float) -> float:
    return number_from(repr(min(max(feature, -planes.REACH), planes.REACH)), "a feature")


def _drag(state: State, value: str) -> State:
    across, down = map(float, value.split(","))
    features = planes.from_share(across), planes.from_share(1 - down)
    return _examples(state, (*features, state.examples[state.at][2]))


def _nudge(state: State, ran: Ran, value: str) -> State:
    """Change a weight by an arrow key on its edge: a quarter, or with Shift a whole."""
    key, _, name = value.partition(" ")
    shift, _, arrow = key.rpartition("+")
    far = 1 if shift else 0.25
    by = {"ArrowUp": far, "ArrowRight": far, "ArrowDown": -far, "ArrowLeft": -far}.get(arrow, 0)
    weight = number_from(repr(ran.rows[name].value + by), "a weight")
    return replace(set_weight(state, ran, name, weight), pick=name)


def _step(state: State, times: int = 1) -> State:
    taken = Taken(state.batch, state.reduction, state.lr)
    past = (*state.past, *[taken] * times)[:MOST_STEPS]
    return replace(state, past=past)


# Inputs that differ in which units are open.
QUESTIONS: tuple[Example, ...] = ((1, 2, 1), (3, 1, 1), (-1, 0.5, 1), (2, -2, 1), (-3, 2, -1))


def _other(state: State) -> State:
    """Ask about another input."""
    now = state.examples[state.at]
    place = QUESTIONS.index(now) if now in QUESTIONS else -1
    asked = QUESTIONS[(place + 1) % len(QUESTIONS)]
    return replace(_examples(state, asked), marks=(), told=False)


UNITS = tuple(f"unit {k}" for k in range(1, 5))


def _ahead(k: int, state: State, ran: Ran, value: str) -> State:  # noqa: ARG001
    """Change the weight ahead of unit k, from 0."""
    number = number_from(value, f"the weight ahead of unit {k + 1}")
    return replace(state, ahead=(*state.ahead[:k], number, *state.ahead[k + 1 :]))


def _removed(state: State) -> State:
    """Take the chosen example away; those behind it move up."""
    if len(state.examples) == 1:
        raise ValueError("there is one example, expected more before one is removed")
    kept = [i for i in range(len(state.examples)) if i != state.at]
    out = tuple(place for place, i in enumerate(kept) if i in state.out)
    examples = tuple(state.examples[i] for i in kept)
    return replace(state, examples=examples, out=out, at=min(state.at, len(kept) - 1))


# For each word of a control: the new state, from the old one, what the engine found and the value.
DO: dict[str, Callable[[State, Ran, str], State]] = {
    "x1": lambda state, ran, value: _example(state, 0, number_from(value, "x1")),
    "x2": lambda state, ran, value: _example(state, 1, number_from(value, "x2")),
    "target": lambda state, ran, value: _example(state, 2, number_from(value, "the target")),
    "lr": lambda state, ran, value: replace(state, lr=number_from(value, "the learning rate")),
    "weight": lambda state, ran, value: set_weight(
        state, ran, state.pick, number_from(value, state.pick)
    ),
    "try": lambda state, ran, value: attempt(state, value),
    "nudge": _nudge,
    "drag": lambda state, ran, value: _drag(state, value),
    "point": lambda state, ran, value: _point(state, value.partition(" ")[0]),
    "at": lambda state, ran, value: replace(state, at=int(value)),
    "pick": lambda state, ran, value: replace(state, pick=value),
    "show": lambda state, ran, value: replace(state, show=value),
    "step": lambda state, ran, value: _step(state),
    "step10": lambda state, ran, value: _step(state, 10),
    "toggle": lambda state, ran, value: replace(
        state,
        out=tuple(i for i in range(len(state.examples)) if (i in state.out) != (i == int(value))),
    ),
    "add": lambda state, ran, value: replace(
        state,
        examples=(*state.examples, QUESTIONS[len(state.examples) % len(QUESTIONS)]),
        at=len(state.examples),
    ),
    "remove": lambda state, ran, value: _removed(state),
    "reduction": lambda state, ran, value: replace(state, reduction=value),
    "shut": lambda state, ran, value: replace(
        state,
        closed=tuple(unit for unit in UNITS if (unit in state.closed) != (unit == f"unit {value}")),
    ),
    **{f"v{k + 1}": partial(_ahead, k) for k in range(4)},
    "mark": lambda state, ran, value: replace(
        state, marks=tuple(name for name in NAMES if (name in state.marks) != (name == value))
    ),
    "guess": lambda state, ran, value: replace(state, guess=value.strip()),
    "tell": lambda state, ran, value: replace(state, told=True),
    "untell": lambda state, ran, value: _other(state),
    "back": lambda state, ran, value: replace(state, past=state.past[:-1]),
    "restart": lambda state, ran, value: replace(state, past=()),
    # The same steps again, with another optimiser: so what differs is what the optimiser does.
    "opt": lambda state, ran, value: replace(state, opt=value),
}
