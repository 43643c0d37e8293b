"""Live pictures as the build and the page see them: states, answers, and what must not happen."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sgdexplained
from sgdexplained import MLP, SGD, half_squared_error
from sgdexplained.live.markup import signed
from sgdexplained.live.room import ask
from sgdexplained.live.run import run
from sgdexplained.live.state import NAMES, OPTIMISERS, State, Taken
from sgdexplained.live.views import VIEWS, answer, page

START = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]

STATES = [
    State(),
    State(weights=(0.5,) * 13, lr=0.25, opt="Adam"),
    State(examples=((1, 2, 1), (3, -0.5, 0)), at=1, out=(0,), reduction="sum"),
    State(past=(Taken(((1, 2, 1),), "mean", 0.1),) * 3 + (Taken(((0, 2, 1),), "sum", 0.2),)),
    State(show="move", pick="b2[0]", closed=("unit 2", "unit 4"), marks=("b1[1]",), told=True),
    State(pick="W1[1][2]", guess="−1/2"),
]


def steps(state, count):
    """Take steps by hand, with the public engine."""
    net = MLP([2, 3, 1], init=START)
    sgd = SGD(net.parameters(), lr=state.lr)
    for _ in range(count):
        sgd.zero_grad()
        half_squared_error(net([[1, 2]]), [[1]]).backward()
        sgd.step()
    return net.values()


@pytest.mark.parametrize("state", STATES)
def test_a_state_survives_its_address(state):
    assert State.read(state.write()) == state


@pytest.mark.parametrize("start", STATES)
@pytest.mark.parametrize("state", STATES)
def test_an_address_tells_what_differs_from_any_start(state, start):
    assert State.read(state.write(start), start) == state


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("e=1,2", "expected examples of three numbers"),
        ("w=1,2", "there are 2 weights, expected 13"),
        ("lr=-1", "the learning rate is -1, expected a number from 0 to 1000"),
        ("lr=nan", "expected a number from -1000 to 1000"),
        ("guess=1e9999", "your answer is '1e9999', expected a number such as"),
        ("guess=1/0", "your answer is '1/0', expected a number such as"),
        ("opt=LBFGS", "'LBFGS' is not known, expected one of SGD"),
        ("pick=W9.0.0", "'W9[0][0]' is not known"),
        ("at=4", "there is no such example, expected a place below 1"),
        ("colour=red", "the address says 'colour', expected one of w, e,"),
        ("past=1,2,1", "expected examples!reduction!lr!count"),
        ("past=1,2,1!mean!0.1!100000", "the address has 100000 steps, expected 1 to 200"),
        ("e=" + "/".join(["1,2,1"] * 9), "there are 9 examples, expected 1 to 6"),
    ],
)
def test_a_wrong_address_says_what_is_wrong(address, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        State.read(address)


def test_steps_are_those_of_the_engine():
    state = State(past=(Taken(((1, 2, 1),), "mean", 0.1),) * 5)

    found = run(state).net.values()

    assert found == steps(state, 5)


def test_the_account_adds_up():
    for opt in OPTIMISERS:
        state = State(opt=opt, past=(Taken(((1, 2, 1),), "mean", 0.1),) * 4)
        account = run(state).account
        for name in NAMES:
            entries = [step[name] for step in account]
            end = run(state).rows[name].value
            assert entries[0].before + sum(one.move for one in entries) == pytest.approx(end)
            for one in entries:
                assert sum(one.parts.values()) == pytest.approx(one.move)


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_and_the_answer_show_the_same(view):
    """What the build has written is what the page would show without being touched."""
    html = page(view)

    slots = answer(view, "", "", "", "")["slots"]

    assert set(slots) == set(VIEWS[view].slots)
    for name, content in slots.items():
        assert f'data-slot="{name}"' in html
        assert content in html


@pytest.mark.parametrize("view", VIEWS)
def test_no_name_stands_twice(view):
    names = re.findall(r' data-key="([^"]+)"', page(view))

    assert len(names) == len(set(names))
    # A page may have several pictures, so none has an id that another could have.
    assert " id=" not in page(view)


@pytest.mark.parametrize("view", VIEWS)
def test_every_word_of_a_control_is_known(view):
    from sgdexplained.live.views import DO

    html = page(view)
    words = set(re.findall(r'data-(?:do|arrows|drag)="([^"]+)"', html))

    assert words <= set(DO)
    assert words


def test_a_mistake_leaves_the_picture_as_it_was():
    before = answer("network", "", "e=3,1,1", "", "")

    after = answer("network", "", "e=3,1,1", "weight", "a lot")

    assert after["error"] == "W1[0][1] is 'a lot', expected a number from -1000 to 1000"
    assert after["address"] == before["address"]
    assert after["slots"]["network"] == before["slots"]["network"]


def test_a_wrong_address_shows_the_start_and_says_why():
    shown = answer("network", "", "e=oops", "", "")

    assert "an example is 'oops'" in shown["error"]
    assert shown["slots"] == answer("network", "", "", "", "")["slots"]


def test_numbers_that_grow_too_large_are_told():
    address = ""
    for _ in range(30):
        shown = answer("network", "lr=1000", address, "step10", "")
        address = shown["address"]
        if shown["error"]:
            break

    assert "finite" in shown["error"]
    assert shown["slots"]


def test_what_would_move_a_weight_does_move_it():
    """The remedy is tried before it is told; here the reader tries it."""
    addresses = ["", "e=1,2,2", "lr=0", "e=-3,-3,1", "w=1,1,2,1,-2,0,0,1,-1,0,0,0,0"]
    # Here one change is not enough, or the nearest one makes the loss 0.
    addresses += ["e=0,2,2", "e=0,0,-1", "e=-2,0.5,2"]
    for name in NAMES:
        for address in addresses:
            here = ";".join(
                filter(None, [address, f"pick={name}".replace("[", ".").replace("]", "")])
            )
            shown = answer("network", "", here, "", "")
            offered = re.search(
                r'data-do="(\w+)" data-value="([^"]+)">Try', shown["slots"]["remedy"]
            )
            assert bool(offered) != run(State.read(here)).rows[name].moves
            if offered:
                after = answer("network", "", here, *offered.groups())
                assert run(State.read(after["address"])).rows[name].moves


def test_a_room_that_there_is_not():
    with pytest.raises(ValueError, match="there is no room 'attic', expected one of picture, cell"):
        ask(json.dumps({"room": "attic"}))


def test_live_pictures_need_neither_numpy_nor_matplotlib():
    source = Path(sgdexplained.__file__).parent.parent
    code = (
        f"import sys; sys.path.insert(0, {str(source)!r})\n"
        "from sgdexplained.live.room import ask\n"
        "import json\n"
        "from sgdexplained.live.views import VIEWS, page\n"
        "print(*(page(view)[:0] for view in VIEWS))\n"
        "ask(json.dumps(dict(room='cell', page='p', cells=[['cell', '1']])))\n"
        "ask(json.dumps(dict(room='judge', edits=[], claims=[])))\n"
        "print(*(name for name in ('numpy', 'matplotlib') if name in sys.modules))\n"
    )

    # -S hides everything that is installed.
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True, text=True
    )

    assert ran.stdout.strip() == ""


def test_a_judge_leaves_the_engine_as_it_was():
    from sgdexplained.live import judge

    before = {name: id(module) for name, module in sys.modules.items() if "sgdexplained" in name}
    edit = {"file": "sgd.py", "old": "parameter.data -= self.lr * gradient", "new": "pass"}

    judge.answer([edit], [{"name": "C", "body": ">>> from sgdexplained import SGD\n>>> 1\n1"}])

    assert before == {name: id(m) for name, m in sys.modules.items() if "sgdexplained" in name}
    assert judge.changed([edit])["sgd.py"] != judge.source("sgd.py")


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ({"file": "sgd.py", "old": "self", "new": ""}, "sgd.py has "),
        ({"file": "../secret.py", "text": ""}, "there is no module '../secret.py'"),
        ({"file": "nothing.py", "old": "a", "new": "b"}, "there is no module 'nothing.py'"),
        ({"file": "sgd.py", "text": "x = 1\ndef f(:\n"}, "SyntaxError in sgd.py, line 2: def f(:"),
        ({"file": "sgd.py", "text": "x = 1\ny = x / 0\n"}, "ZeroDivisionError in sgd.py, line 2"),
    ],
)
def test_a_change_that_cannot_be_made_says_why(edit, says):
    from sgdexplained.live import judge

    found = judge.answer([edit], [{"name": "T", "body": ">>> 1\n1"}])

    assert says in found["error"]
    assert found["verdicts"] == []


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("2", "2 is right."),
        (" 4/2 ", "4/2 is right."),
        ("2,001", "2,001 is right."),
        ("−2", "−2 is not right: the gradient is +2."),
        ("2.1", "2.1 is not right: the gradient is +2."),
    ],
)
def test_a_gradient_is_predicted_and_judged(typed, says):
    now = answer("predict", "pick=W1.1.0", "", "guess", typed)

    assert now["error"] == ""
    assert says in now["slots"]["judged"]
    # Another weight is another question.
    then = answer("predict", "pick=W1.1.0", now["address"], "pick", "b2[0]")
    assert then["slots"]["judged"] == then["fields"]["guess"] == ""


def test_an_account_of_a_batch_tells_each_example_and_each_cause():
    address = ""
    for do in ("add", "step"):
        now = answer("account", "", address, do, "")
        address = now["address"]
    told = answer("account", "", address, "later", "")["slots"]["account"]

    heads = re.findall(r'<th scope="col">([^<]+)</th>', told)
    assert heads[3:8] == ["example 1", "example 2", "by gradient", "by memory", "by decay"]
    entry = run(State.read(address, VIEWS["account"].start)).account[-1]["W1[0][1]"]
    assert sum(entry.parts.values()) == pytest.approx(entry.move)
    assert sum(entry.contributions) == pytest.approx(entry.gradient)


# -- Drawn like the figures ------------------------------------------------------------------------

DRAWN = [
    State(),
    State(pick="W2[1][0]", show="move"),
    State(examples=((0, 2, 1),), pick="b1[1]"),
    State(examples=((-4, -3.75, 4),), show="move", lr=0.5),
    State(weights=(-1.25,) * 13, examples=((-3.25, 3.75, -2),), pick="W1[1][0]"),
    VIEWS["account"].start,
]


def boxes(html, kind):
    """Give left, top, right and bottom of each rectangle of a kind."""
    found = []
    for element in re.findall(rf'<rect class="{kind}"[^>]*>', html):
        sizes = dict(re.findall(r' (x|y|width|height)="([^"]+)"', element))
        x, y, width, height = (float(sizes[one]) for one in ("x", "y", "width", "height"))
        found.append((x, y, x + width, y + height))
    return found


def overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@pytest.mark.parametrize("state", DRAWN)
def test_bars_and_dashes_stand_where_the_figures_have_them(state):
    from sgdexplained.draw import network_data

    ran = run(state)
    html = answer("network", "", state.write(), "", "")["slots"]["network"]
    data = network_data(ran.net)
    hidden = data["layers"][0]

    bodies, bars = boxes(html, "body"), boxes(html, "bar")

    # In the order in which they are drawn: two inputs, three hidden units, the output.
    shut = [False, False, *(gate == 0 for gate in hidden["gates"]), False]
    inactive = [*(x == 0 for x in data["inputs"]), *(a == 0 for a in hidden["a"]), False]
    for body, left, right in zip(bodies, shut, inactive, strict=True):
        middle = (body[1] + body[3]) / 2
        here = [(a + c) / 2 for a, b, c, d in bars if (b + d) / 2 == middle]
        assert (body[0] in here) is left
        assert (body[2] in here) is right
    assert len(bars) == sum(shut) + sum(inactive)

    if state.show == "gradient":
        rows = [g for layer in data["layers"] for row in layer["weight_gradients"] for g in row]
        kinds = re.findall(r'<line class="line (\w+)"', html)[: len(rows)]
        words = {True: "zero", False: "positive"}
        assert kinds == ["negative" if g < 0 else words[g == 0] for g in rows]


@pytest.mark.parametrize("state", DRAWN)
def test_no_number_covers_another_or_a_unit(state):
    html = answer("network", "", state.write(), "", "")["slots"]["network"]
    numbers, units = boxes(html, "pill"), boxes(html, "body") + boxes(html, "bar")

    assert len(numbers) == len(NAMES)
    for i, one in enumerate(numbers):
        assert not [other for other in numbers[:i] if overlap(one, other)]
        assert not [unit for unit in units if overlap(one, unit)]


def test_a_bias_is_named_and_the_chosen_line_tells_a_second_number():
    html = answer("network", "", "pick=W1.1.1", "", "")["slots"]["network"]
    assert re.findall(r">(b [^<]+)<", html) == ["b 0", "b 1", "b −1", "b 0"]
    assert ">weight = −2<" in html

    moved = answer("account", "", "", "", "")["slots"]["network"]
    assert ">gradient = 0<" in moved


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_sum_and_mean_stand_side_by_side(reduction):
    net = MLP([2, 3, 1], init=START)
    half_squared_error(net([[1, 2], [3, 1]]), [[1], [1]], reduction="sum").backward()
    summed = [g for row in net.gradients()["W1"] for g in row]

    shown = answer("batch", "", f"e=1,2,1/3,1,1;red={reduction}", "", "")["slots"]["outer"]

    grids = {
        re.search("<caption>([^<]+)", grid)[1]: re.findall(r'<td class="\w+">([^<]+)<', grid)
        for grid in shown.split("<table")[1:]
    }
    assert grids["their sum"] == [signed(g) for g in summed]
    assert grids["their mean"] == [signed(g / 2) for g in summed]
    assert re.findall(r'class="live-grid together used"><caption>([^<]+)', shown) == [
        f"their {reduction}"
    ]


def test_a_page_says_what_to_do_in_its_own_words():
    assert "</b>Look &amp; see.</p>" in page("network", "", "Look & see.")
