"""Live pictures in a real browser: by mouse, by keyboard, by touch; and what they cost."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from sgdexplained.live.markup import signed
from sgdexplained.live.run import run
from sgdexplained.live.state import NAMES, OPTIMISERS, State
from sgdexplained.live.views import VIEWS, answer
from tests.browser.live import SLOW, TOO_SMALL, Reader, expect_same, start_of
from tests.browser.site import AXE, PREFIX, SITE, weight
from tests.browser.test_pages import ALL, COLOURS, SHIFT
from tests.refute import ROOT as PROJECT
from tests.refute import Claim, find_claims, read_changes, run_under

PICTURES = "contributing/live.html"
CELLS = "ask/dead-relu.html"
ENGINE = "refutations.html"
FIRST_STEP = SITE / "first-step.html"

SCRIPTS = 12_000  # bytes, compressed, before anything is touched
RUNTIME = 8_000_000  # bytes, as they are sent, for the first result
RUNTIME_FILES = {"worker.mjs", "python.gz"}  # and the wheel


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Wait long enough: Python has to be loaded first."""
    expect.set_options(timeout=SLOW)
    yield
    expect.set_options(timeout=5000)


@pytest.fixture
def reader(desktop: BrowserContext, strict: str) -> Iterator[Reader]:
    """Open the page with live pictures."""
    reader = Reader(desktop, strict + PICTURES)
    yield reader
    reader.page.close()
    assert reader.problems == []


# Steps of an eighth: such numbers are exact, so that no Python rounds them differently.

# -- By mouse, by keyboard, by touch ---------------------------------------------------------------


def test_an_edge_is_chosen_by_mouse_and_steps_are_taken(reader: Reader) -> None:
    reader.part("network").locator('[data-key="edge-W2[0][0]"]').click()
    expect(reader.slot("name")).to_contain_text("W2[0][0]")
    expect_same(reader, "pick=W2.0.0")

    reader.part("network").get_by_role("button", name="Take the step").click()
    reader.part("network").get_by_role("button", name="Take the step").click()
    expect(reader.slot("steps")).to_contain_text("2 steps taken")
    expect_same(reader, "past=3,1,1!mean!0.125!2;pick=W2.0.0")

    reader.part("network").get_by_role("button", name="Back").click()
    expect(reader.slot("steps")).to_contain_text("1 step taken")
    expect_same(reader, "past=3,1,1!mean!0.125!1;pick=W2.0.0")

    reader.part("network").get_by_role("button", name="Again from the start").click()
    expect(reader.slot("steps")).to_contain_text("no step taken")
    expect_same(reader, "pick=W2.0.0")


def test_the_point_is_dragged_by_mouse(reader: Reader) -> None:
    field = reader.part("network").locator(".live-plane .field")
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    assert box
    at = [(box["x"] + box["width"] * a, box["y"] + box["height"] * b) for a, b in DRAG]

    reader.page.mouse.move(*at[0])
    reader.page.mouse.down()
    reader.page.mouse.move(*at[1], steps=8)
    reader.page.mouse.up()

    expect(reader.part("network").locator('input[type="text"][data-do="x1"]')).to_have_value("-2")
    expect_same(reader, "e=-2,1,1")


DRAG = [(0.7, 0.3), (0.25, 0.375)]


def test_everything_works_by_keyboard(reader: Reader) -> None:
    part = reader.part("network")
    point = part.locator('[data-arrows="point"]')
    point.focus()
    reader.page.keyboard.press("ArrowLeft")
    reader.page.keyboard.press("Shift+ArrowDown")
    expect(point).to_have_attribute("aria-valuetext", re.compile("x1 2.75, x2 0,"))
    expect(part.locator('[data-arrows="point"]')).to_be_focused()
    expect_same(reader, "e=2.75,0,1")

    part.locator('[data-key="edge-b1[1]"]').focus()
    reader.page.keyboard.press("Enter")
    expect(part.locator('[data-key="edge-b1[1]"]')).to_have_attribute("aria-pressed", "true")
    expect(part.locator('[data-key="edge-b1[1]"]')).to_be_focused()
    reader.page.keyboard.press("Shift+ArrowUp")
    expect_same(reader, "e=2.75,0,1;pick=b1.1;w=1,1,2,1,-2,0,0,2,-1,1,2,-1,0")

    slider = part.locator('input[type="range"][data-do="target"]')
    slider.focus()
    reader.page.keyboard.press("ArrowRight")
    expect_same(reader, "e=2.75,0,1.25;pick=b1.1;w=1,1,2,1,-2,0,0,2,-1,1,2,-1,0")

    typed = part.locator('input[type="text"][data-do="lr"]')
    typed.fill("0.02")
    typed.press("Enter")
    expect_same(reader, "e=2.75,0,1.25;lr=0.02;pick=b1.1;w=1,1,2,1,-2,0,0,2,-1,1,2,-1,0")


def test_a_finger_moves_the_point(phone: BrowserContext, strict: str) -> None:
    reader = Reader(phone, strict + PICTURES)
    field = reader.part("network").locator(".live-plane .field")
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    assert box

    reader.page.touchscreen.tap(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25)
    expect_same(reader, "e=-2,2,1")
    reader.part("network").locator('[data-key="edge-W1[1][2]"]').tap()
    expect_same(reader, "e=-2,2,1;pick=W1.1.2")

    assert reader.problems == []
    reader.page.close()


def test_every_number_can_be_typed(reader: Reader) -> None:
    part = reader.part("network")
    values = [k / 4 - 1 for k in range(len(NAMES))]
    for name, value in zip(NAMES, values, strict=True):
        part.locator(f'[data-key="edge-{name}"]').focus()
        reader.page.keyboard.press("Enter")
        expect(reader.slot("name")).to_contain_text(name)
        field = part.locator('input[type="text"][data-do="weight"]')
        field.fill(str(value))
        field.press("Enter")
    for word, value in {"x1": "0.5", "x2": "1.5", "target": "-1", "lr": "0.25"}.items():
        field = part.locator(f'input[type="text"][data-do="{word}"]')
        field.fill(value)
        field.press("Enter")
    part.get_by_role("button", name="move of the next step").click()

    written = ",".join(f"{value:g}" for value in values)
    state = f"w={written};e=0.5,1.5,-1;lr=0.25;show=move;pick=b2.0"
    expect(reader.page).to_have_url(re.compile("show=move"))
    expect_same(reader, state)


def test_what_is_told_to_move_a_weight_moves_it(reader: Reader) -> None:
    part = reader.part("network")
    field = part.locator('input[type="text"][data-do="x1"]')
    field.fill("-1")
    field.press("Enter")
    part.locator('[data-key="edge-W1[0][1]"]').click()
    expect(reader.slot("chosen")).to_contain_text("Stays: unit 2 is shut")
    expect(part.locator(".factor.zero").first).to_be_visible()
    expect(reader.slot("remedy")).to_contain_text("It would move if the bias of unit 2 were")
    part.get_by_role("button", name="Try it").click()
    expect(reader.slot("chosen")).to_contain_text("Moves:")


def test_each_optimiser_has_its_account(reader: Reader) -> None:
    part = reader.part("account")
    for taken, name in enumerate(OPTIMISERS, start=4):
        part.locator('select[data-do="opt"]').select_option(name)
        part.get_by_role("button", name="Take the step").click()
        # Another optimiser takes the steps that were taken again.
        expect(reader.slot("account", "account")).to_contain_text(f"In {taken} steps of {name}")
        reader.page.wait_for_timeout(500)
        address = reader.page.evaluate("decodeURIComponent(location.hash)").partition("?")[2]
        assert State.read(address, VIEWS["account"].start).opt == name
        expect_same(reader, address, "account")


def test_paths_are_closed_and_cut_until_they_cancel(reader: Reader) -> None:
    part, told = reader.part("paths"), reader.slot("told", "paths")
    # 3 - 1 - 2 + 1: without the last the others cancel; without two more the sign changes.
    part.locator('[data-key="path-4"]').click()
    expect(told).to_contain_text("now the weight stays")
    field = part.locator('input[type="text"][data-do="v1"]')
    field.fill("0")
    field.press("Enter")
    expect(told).to_contain_text("= −3: this is the gradient")
    expect_same(reader, "closed=unit4;ahead=0,-1,-2,1", "paths")


# In each picture a control that changes it.
CONTROLS = {
    "territories": 'button[data-do="toggle"]',
    "account": 'button[data-do="step"]',
    "batch": 'button[data-do="toggle"]',
    "paths": 'g[data-do="shut"]',
}


@pytest.mark.parametrize("way", ["mouse", "keyboard", "touch"])
@pytest.mark.parametrize("part", CONTROLS)
def test_every_picture_works_in_every_way(
    part: str, way: str, desktop: BrowserContext, phone: BrowserContext, strict: str
) -> None:
    reader = Reader(phone if way == "touch" else desktop, strict + PICTURES)
    control = reader.part(part).locator(CONTROLS[part]).first
    if way == "mouse":
        control.click()
    elif way == "touch":
        control.tap()
    else:
        control.focus()
        reader.page.keyboard.press("Enter")

    # What was done stands in the address, and the picture is what Python here makes of it.
    expect(reader.page).to_have_url(re.compile(rf"#{part}\?"))
    address = reader.page.evaluate("decodeURIComponent(location.hash)").partition("?")[2]
    assert answer(part, start_of(reader, part), address, "", "")["address"] == address
    expect_same(reader, address, part)
    assert reader.problems == []
    reader.page.close()


def test_a_mistake_is_told_and_changes_nothing(reader: Reader) -> None:
    typed = reader.part("network").locator('input[type="text"][data-do="x1"]')
    typed.fill("three")
    typed.press("Enter")

    expect(reader.part("network").locator(".live-word")).to_have_text(
        "x1 is 'three', expected a number from -1000 to 1000"
    )
    expect(typed).to_have_value("three")
    expect_same_network = answer("network", start_of(reader, "network"), "", "", "")
    assert reader.slot("summary").inner_text() == expect_same_network["slots"]["summary"]


def test_what_stays_is_predicted_and_judged(reader: Reader) -> None:
    part = reader.part("predict")
    for name in ["W1[0][1]", "W1[1][1]", "b1[1]"]:
        part.locator(f'[data-key="mark-{name}"]').click()
    part.get_by_role("button", name="Let the engine judge").click()

    expect(reader.slot("verdict", "predict")).to_contain_text("4 stay. You found 3 of them")
    expect_same(reader, "marks=W1.0.1,W1.1.1,b1.1;told=1", "predict")


FOLDED = ["01_which_weights_move", "02_three_factors", "03_how_far_downhill"]
FOLDED += ["05_around_an_inactive_unit", "07_zero_gradient_importance"]


@pytest.mark.parametrize("name", FOLDED)
def test_a_story_page_takes_the_answer_first(
    name: str, desktop: BrowserContext, strict: str
) -> None:
    reader = Reader(desktop, f"{strict}story/1_one_example/plot_{name}.html")
    part = reader.part("predict")
    start = State.read(start_of(reader, "predict"))
    rows = run(start).rows
    part.locator("summary").first.click()
    for stays in (one for one, row in rows.items() if not row.moves):
        part.locator(f'[data-key="mark-{stays}"]').click()
    part.get_by_role("button", name="Let the engine judge").click()
    expect(reader.slot("verdict", "predict")).to_contain_text("All right")

    field = part.locator('[data-field="guess"]')
    field.fill("77")
    field.press("Enter")
    gradient = rows[start.pick].gradient
    expect(reader.slot("judged", "predict")).to_contain_text(f"the gradient is {signed(gradient)}")
    field.fill(str(Fraction(gradient)))
    field.press("Enter")
    expect(reader.slot("judged", "predict")).to_contain_text("is right")

    assert reader.problems == []
    reader.page.close()


# -- Addresses -------------------------------------------------------------------------------------


def test_a_sent_address_is_opened(desktop: BrowserContext, strict: str) -> None:
    state = "e=-1,0.5,2;lr=0.0625;past=3,1,1!mean!0.125!2;show=move;pick=W1.1.0"
    reader = Reader(desktop, f"{strict}{PICTURES}#network?{state}")

    expect_same(reader, state)
    reader.part("network").get_by_role("button", name="Take the step").click()
    reader.page.wait_for_url(re.compile(r"#network\?.*past=3,1,1!mean!0\.125!2~-1,0\.5,2"))

    assert reader.problems == []
    reader.page.close()


def test_a_wrong_address_is_told(desktop: BrowserContext, strict: str) -> None:
    reader = Reader(desktop, f"{strict}{PICTURES}#network?e=4")

    expect(reader.part("network").locator(".live-word")).to_contain_text("the address says e=4")
    reader.page.close()


# -- Examples that run -----------------------------------------------------------------------------


@pytest.fixture
def cells(desktop: BrowserContext, strict: str) -> Iterator[Reader]:
    """Open a page whose examples run."""
    reader = Reader(desktop, strict + CELLS)
    yield reader
    reader.page.close()


def test_an_example_gives_what_the_page_says(cells: Reader) -> None:
    cell = cells.page.locator(".live-cell").first
    text = cell.locator("pre").first.inner_text()
    written = [line for line in text.splitlines() if line and not re.match(r"(>>>|\.\.\.)", line)]

    cell.get_by_role("button", name="Run").click()

    expect(cell.locator(".live-output")).to_be_visible()
    assert cell.locator(".live-output").inner_text().split() == " ".join(written).split()


def test_an_error_shows_the_readers_own_line(cells: Reader) -> None:
    cell = cells.page.locator(".live-cell").first
    cell.get_by_role("button", name="Edit").click()
    cell.locator("textarea").fill("from sgdexplained import MLP\nnet = MLP([2, 1])\nnet([[1]])\n")
    cell.get_by_role("button", name="Run").click()

    expect(cell.locator(".live-output")).to_contain_text("line 3\n    net([[1]])")
    expect(cell.locator(".live-output")).to_contain_text("ShapeError: an example is [1]")
    expect(cell.locator(".live-output")).not_to_contain_text("layers.py")


def test_an_endless_loop_is_stopped_and_python_comes_again(cells: Reader) -> None:
    cell = cells.page.locator(".live-cell").first
    cell.get_by_role("button", name="Edit").click()
    cell.locator("textarea").fill("while True:\n    pass\n")
    cell.locator("textarea").press("Control+Enter")
    cell.get_by_role("button", name="Stop").click()
    expect(cell.locator(".live-word")).to_contain_text("Stopped")

    cell.get_by_role("button", name="Reset").click()
    cell.get_by_role("button", name="Run").click()

    expect(cell.locator(".live-output")).to_be_visible()
    expect(cell.locator(".live-word")).to_contain_text("Run")


# Of each module that was compiled by the build: is it the wheel's, as Python compares them?
FRESH = """
import importlib.util, sgdexplained.live.views, sys
from pathlib import Path
modules = [m for n, m in sys.modules.items() if n.startswith("sgdexplained")]
pairs = [(Path(m.__cached__), Path(m.__file__)) for m in modules]
made = [(c.read_bytes()[8:16], f.read_bytes()) for c, f in pairs if c.exists()]
print(len(made) > 20, all(d == importlib.util.source_hash(s) for d, s in made))
"""


def test_compiled_modules_are_those_of_the_wheel(cells: Reader) -> None:
    cell = cells.page.locator(".live-cell").first
    cell.get_by_role("button", name="Edit").click()
    cell.locator("textarea").fill(FRESH)
    cell.get_by_role("button", name="Run").click()

    expect(cell.locator(".live-output")).to_have_text("True True\n")


def test_numpy_is_said_to_be_missing(cells: Reader) -> None:
    cell = cells.page.locator(".live-cell").first
    cell.get_by_role("button", name="Edit").click()
    cell.locator("textarea").fill("import numpy")
    cell.get_by_role("button", name="Run").click()

    expect(cell.locator(".live-output")).to_contain_text("No module named 'numpy'")


# -- The engine broken -----------------------------------------------------------------------------

CHANGE = "uphill"


def test_exactly_those_claims_fall_that_fall_in_python_here(
    desktop: BrowserContext, strict: str
) -> None:
    reader = Reader(desktop, f"{strict}{ENGINE}#break?change={CHANGE}")
    word = reader.part("break").locator(".live-word")
    expect(word).to_contain_text("claims fall")
    shown = {
        kind: {
            item.get_attribute("data-claim")
            for item in reader.part("break").locator(f"li.{kind}").all()
        }
        for kind in ("falls", "breaks", "holds", "absent")
    }

    judged = [one for one in find_claims(PROJECT) if one.name not in shown["absent"]]
    change = read_changes(PROJECT / "docs" / "refutations.toml")[CHANGE]
    outcomes = run_under(change, judged, PROJECT / "src")
    words = {"falls": "refuted", "breaks": "breaks", "holds": "holds"}
    here = {
        kind: {one.claim.name for one in outcomes if one.word == said}
        for kind, said in words.items()
    }

    assert {kind: shown[kind] for kind in words} == here
    assert {one.name for one in judged if CHANGE in one.refuted_by} <= shown["falls"]
    assert shown["falls"]
    first = reader.part("break").locator("li.falls").first
    expect(first).to_contain_text("expected")
    expect(first).to_contain_text("got")
    assert reader.problems == []
    reader.page.close()


# Makes each change in the page, and gives what becomes of the claims that name it.
ALL_CHANGES = """async () => {
    const { claims, changes } = JSON.parse(document.getElementById("break-known").textContent);
    const said = {};
    for (const [change, { edits }] of Object.entries(changes)) {
        const named = claims.filter(({ refuted_by }) => refuted_by.includes(change));
        const bodies = named.map(({ name, body }) => ({ name, body }));
        const request = { room: "judge", edits, claims: bodies };
        const { verdicts, error } = await window.sgdexplainedLive.ask(request, null);
        said[change] = error || Object.fromEntries(verdicts.map(({ name, word }) => [name, word]));
    }
    return said;
}"""


def test_every_change_brings_down_the_claims_that_name_it(
    desktop: BrowserContext, strict: str
) -> None:
    claims = find_claims(PROJECT)
    changes = read_changes(PROJECT / "docs" / "refutations.toml")
    reader = Reader(desktop, strict + ENGINE)

    said = reader.page.evaluate(ALL_CHANGES)

    assert said.keys() == changes.keys()
    # An error is a text, and then the change was not made.
    assert {name: words for name, words in said.items() if isinstance(words, str)} == {}
    absent = cannot_run_without_numpy(claims)
    assert said == {
        change: {
            one.name: "absent" if one.name in absent else "falls"
            for one in claims
            if change in one.refuted_by
        }
        for change in changes
    }
    assert reader.problems == []
    reader.page.close()


# The judge of the page, in a Python here that has nothing installed.
JUDGE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from sgdexplained.live.judge import answer
json.dump(answer([], json.load(sys.stdin)), sys.stdout)
"""


def cannot_run_without_numpy(claims: list[Claim]) -> set[str]:
    asked = json.dumps([{"name": one.name, "body": one.body} for one in claims])
    command = [sys.executable, "-I", "-S", "-c", JUDGE, str(PROJECT / "src")]
    ran = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    verdicts = json.loads(ran.stdout)["verdicts"]
    return {one["name"] for one in verdicts if one["word"] == "absent"}


def test_a_line_is_edited_and_put_back(desktop: BrowserContext, strict: str) -> None:
    reader = Reader(desktop, strict + ENGINE)
    part, word = reader.part("break"), reader.part("break").locator(".live-word")
    part.get_by_label("or edit a module").select_option("sgd.py")
    text = part.locator("#break-text")
    expect(text).to_be_visible()
    source = text.input_value()

    text.fill(source.replace("class SGD(", "class SGD(("))
    part.get_by_role("button", name="Judge all claims").click()
    expect(word).to_contain_text("SyntaxError in sgd.py, line")

    text.fill(source.replace("parameter.data -= self.lr * gradient", "pass"))
    part.get_by_role("button", name="Judge all claims").click()
    expect(word).to_contain_text("claims fall")
    assert not word.inner_text().startswith("0 ")
    address = reader.page.url

    part.get_by_role("button", name="Put it back").click()
    expect(word).to_contain_text(re.compile(r"^0 of \d+ claims fall"))
    assert text.input_value() == source
    reader.page.close()

    again = Reader(desktop, address)
    expect(again.part("break").locator(".live-word")).to_contain_text(
        re.compile("^[1-9].* claims fall")
    )
    expect(again.part("break").locator("#break-text")).to_have_value(re.compile(r"\n +pass\n"))
    again.page.close()


# -- What it costs, and what it needs --------------------------------------------------------------


@pytest.mark.parametrize("name", [PICTURES, CELLS, ENGINE])
def test_nothing_is_fetched_before_a_touch_but_a_small_script(
    name: str, browser: Browser, strict: str
) -> None:
    with browser.new_context() as fresh:
        reader = Reader(fresh, strict + name)
        reader.page.wait_for_timeout(500)
        ours = [path for path in reader.asked if "/live/" in path and not path.endswith(".css")]
        sizes = {path: weight(path.removeprefix(PREFIX)) for path in ours}

        assert ours
        assert all(path.endswith(".js") for path in ours)
        assert sum(sizes.values()) <= SCRIPTS
        assert not [path for path in reader.asked if path.endswith((".whl", ".zip", ".wasm"))]


def test_a_first_result_costs_what_it_may(browser: Browser, strict: str) -> None:
    with browser.new_context() as fresh:
        reader = Reader(fresh, strict + PICTURES)
        before = len(reader.asked)
        reader.part("network").locator('[data-key="edge-W2[0][0]"]').click()
        expect(reader.slot("name")).to_contain_text("W2[0][0]")
        # The picture of the tab is asked for by the browser, at a time of its own.
        fetched = {path for path in reader.asked[before:] if not path.endswith(".svg")}
        sizes = {path: (SITE / path.removeprefix(PREFIX)).stat().st_size for path in fetched}

        # The wheel is the one that the site offers, at the address where it offers it.
        offered = re.search(r'href="(download/[^"]+\.whl)"', FIRST_STEP.read_text("utf-8"))
        assert offered
        fetched.remove(PREFIX + offered[1])
        assert {path.rpartition("/")[2] for path in fetched} == RUNTIME_FILES
        assert sum(sizes.values()) <= RUNTIME
        assert reader.page.evaluate("shifted") <= SHIFT
        assert reader.problems == []


def test_it_goes_on_without_a_network(browser: Browser, strict: str) -> None:
    with browser.new_context() as fresh:
        reader = Reader(fresh, strict + PICTURES)
        reader.part("network").get_by_role("button", name="Take the step").click()
        expect(reader.slot("steps")).to_contain_text("1 step taken")
        fresh.set_offline(True)

        reader.part("network").get_by_role("button", name="Take ten").click()

        expect(reader.slot("steps")).to_contain_text("11 steps taken")
        expect_same(reader, "past=3,1,1!mean!0.125!11")


def test_a_browser_without_webassembly_is_told(browser: Browser, strict: str) -> None:
    with browser.new_context() as fresh:
        fresh.add_init_script("delete window.WebAssembly")
        reader = Reader(fresh, strict + PICTURES)
        reader.part("network").get_by_role("button", name="Take the step").click()

        expect(reader.part("network").locator(".live-word")).to_contain_text("no WebAssembly")


def test_a_page_opened_as_a_file_is_told(browser: Browser) -> None:
    with browser.new_context() as fresh:
        page = fresh.new_page()
        page.goto((SITE / PICTURES).as_uri())
        page.locator("#network").get_by_role("button", name="Take the step").click()

        expect(page.locator("#network .live-word")).to_contain_text("opened as a file")


def test_without_scripts_everything_stands_and_no_control(browser: Browser, strict: str) -> None:
    with browser.new_context(java_script_enabled=False) as fresh:
        page = fresh.new_page()
        page.goto(strict + PICTURES)
        part = page.locator("#network")

        expect(part.locator(".live-network")).to_be_visible()
        expect(part).to_contain_text("All 13 move. The loss is 2.")
        expect(part.get_by_role("button", name="Take the step")).to_be_hidden()
        expect(part.locator("input").first).to_be_hidden()


# -- For everybody ---------------------------------------------------------------------------------

# What is not live is checked page by page, in test_pages.py.
CHECK = "(rules) => axe.run({include: [['.live, .live-cell']]}, rules)"
OPEN = "for (const one of document.querySelectorAll('.live details')) one.open = true"


@pytest.mark.parametrize("view", ["desktop", "phone"])
@pytest.mark.parametrize("name", [PICTURES, CELLS, ENGINE])
def test_axe_finds_nothing_with_live_parts_open(
    name: str, view: str, strict: str, request: pytest.FixtureRequest
) -> None:
    context: BrowserContext = request.getfixturevalue(view)
    reader = Reader(context, strict + name)
    page = reader.page
    if name == PICTURES:
        reader.part("network").get_by_role("button", name="Take the step").click()
        expect(reader.slot("steps")).to_contain_text("1 step taken")
    elif name == CELLS:
        cell = page.locator(".live-cell").first
        cell.get_by_role("button", name="Edit").click()
        cell.get_by_role("button", name="Run").click()
        expect(cell.locator(".live-output")).to_be_visible()
    else:
        reader.part("break").locator("#break-change").select_option("doubled-derivative")
        expect(reader.part("break").locator(".live-word")).to_contain_text("claims fall")
    page.evaluate(OPEN)
    page.evaluate(AXE.read_text("utf-8"))
    problems = []
    for scheme, rules in [("light", ALL), ("dark", COLOURS)]:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = page.evaluate(CHECK, rules)["violations"]
        problems += [
            f"{scheme}: {rule['id']}: {node['html'][:120]}"
            for rule in found
            for node in rule["nodes"]
        ]
    for part in page.locator(".live, .live-cell").all():
        problems += part.evaluate(TOO_SMALL)
    page.close()

    assert problems == []
