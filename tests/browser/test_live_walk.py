"""What no reader should do, and some will: the live parts tell them, and go on."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.browser.live import SLOW, Reader, expect_same
from tests.browser.test_live import CELLS, ENGINE, PICTURES

HOME = "index.html"


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Wait long enough: Python has to be loaded first."""
    expect.set_options(timeout=SLOW)
    yield
    expect.set_options(timeout=5000)


# -- What is told is in sight ----------------------------------------------------------------------

IN_SIGHT = """(one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return bottom - top > 10 && top >= 0 && bottom <= innerHeight + 1;
}"""
TOP = "(one) => scrollTo(0, one.getBoundingClientRect().top + scrollY - 60)"


def test_on_a_phone_the_answer_is_in_sight(phone: BrowserContext, strict: str) -> None:
    reader = Reader(phone, strict + HOME)
    part = reader.part("network")
    word = part.locator(".live-word")
    part.evaluate(TOP)

    high = part.evaluate("(one) => one.offsetHeight")
    part.locator('[data-key="edge-W1[1][2]"]').tap()
    expect(word).to_contain_text("being loaded")
    assert word.evaluate(IN_SIGHT)
    assert part.evaluate("(one) => one.offsetHeight") == pytest.approx(high, abs=2)

    expect(reader.slot("chosen")).to_contain_text("gradient −2")
    assert reader.slot("network").evaluate(IN_SIGHT)
    assert reader.slot("chosen").evaluate(IN_SIGHT)

    # A mistake as well, wherever the field is.
    field = part.locator('input[type="text"][data-do="x1"]')
    field.fill("1e999")
    field.press("Enter")
    expect(word).to_contain_text("x1 is '1e999', expected a number")
    assert word.evaluate(IN_SIGHT)
    assert reader.problems == []
    reader.page.close()


# Whether the letters of a word lie under something else.
COVERED = """([word, other]) => {
    const letters = document.createRange();
    letters.selectNodeContents(word);
    const it = other.getBoundingClientRect();
    return [...letters.getClientRects()].some((line) =>
        line.right > it.left && line.left < it.right &&
        line.bottom > it.top && line.top < it.bottom);
}"""


def test_what_is_said_of_a_guess_is_not_covered(phone: BrowserContext, strict: str) -> None:
    reader = Reader(phone, strict + "story/2_a_batch/plot_09_when_a_batch_moves_a_weight.html")
    guess = reader.page.locator('.guess[data-kind="number"]').first
    field = guess.locator("input")
    for typed, said in {
        "": "Type a number",
        "letters": "Type a number",
        "1,5": "is not right",
    }.items():
        field.fill(typed)
        field.press("Enter")
        word = guess.locator(".guess-word")
        expect(word).to_contain_text(said)
        tools = guess.locator(".guess-tools").element_handle()
        assert not reader.page.evaluate(COVERED, [word.element_handle(), tools])
    assert reader.problems == []
    reader.page.close()


@pytest.mark.parametrize("window", ["desktop", "phone"])
@pytest.mark.parametrize(
    ("part", "touched"),
    [
        ("territories", 'input[type="range"][data-do="weight"]'),
        ("batch", 'button[data-do="step"]'),
        ("batch", 'input[type="range"][data-do="x1"]'),
    ],
)
def test_what_is_pressed_stays_where_it_is(
    part: str, touched: str, window: str, strict: str, request: pytest.FixtureRequest
) -> None:
    context: BrowserContext = request.getfixturevalue(window)
    reader = Reader(context, strict + PICTURES)
    control = reader.part(part).locator(touched)

    def place() -> float:
        return float(control.evaluate("(one) => one.getBoundingClientRect().top + scrollY"))

    before = place()
    example = reader.part(part).locator('button[data-do="toggle"]').first
    example.click()
    expect(example).to_have_text("out")
    # Numbers of many digits.
    field = reader.part(part).locator('input[type="text"][data-do="x1"]')
    field.fill("-1.23")
    field.press("Enter")
    expect_same(reader, "e=-1.23,2,1/2,2,2/-1.5,0.75,0;out=0", part)

    assert place() == pytest.approx(before, abs=1)
    reader.page.close()


# -- Addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("%", "the address says '%'"),
        ("e=1,2", "expected examples of three numbers"),
        ("out=0", "no example is in the batch"),
        ("lr=1000;past=1,2,1!mean!1000!99", "the loss is inf, expected a finite number"),
        ("pick=W9.9.9", "'W9[9][9]' is not known"),
        ("past=1,2,1!mean!0.1!99999", "expected 1 to 200"),
    ],
)
def test_a_broken_address_is_told_and_the_picture_works(
    address: str, said: str, desktop: BrowserContext, strict: str
) -> None:
    reader = Reader(desktop, f"{strict}{HOME}#network?{address}")
    expect(reader.part("network").locator(".live-word")).to_contain_text(said)

    reader.part("network").get_by_role("button", name="Take the step").click()
    expect(reader.slot("steps")).to_contain_text("1 step taken")
    expect(reader.part("network").locator(".live-word")).to_be_empty()
    assert reader.problems == []
    reader.page.close()


def test_a_reader_goes_back_and_forward(desktop: BrowserContext, strict: str) -> None:
    reader = Reader(desktop, f"{strict}{HOME}#network?e=3,1,1")
    expect_same(reader, "e=3,1,1")
    reader.page.evaluate("location.hash = '#network?e=-1,0.5,1'")
    expect_same(reader, "e=-1,0.5,1")

    reader.page.go_back()
    expect_same(reader, "e=3,1,1")
    reader.page.go_forward()
    expect_same(reader, "e=-1,0.5,1")
    assert reader.problems == []
    reader.page.close()


# -- Steps -----------------------------------------------------------------------------------------


def test_no_step_is_lost_and_two_hundred_are_the_most(desktop: BrowserContext, strict: str) -> None:
    reader = Reader(desktop, strict + PICTURES)
    part, mouse = reader.part("network"), reader.page.mouse
    button = part.get_by_role("button", name="Take the step")
    button.click()
    expect(reader.slot("steps")).to_contain_text("1 step taken")
    box = button.bounding_box()
    assert box
    mouse.move(box["x"] + 20, box["y"] + 10)
    # Quicker than the picture is drawn, which must not take the button from under the mouse.
    for _ in range(49):
        mouse.down()
        reader.page.wait_for_timeout(5)
        mouse.up()
    expect(reader.slot("steps")).to_contain_text("50 steps taken")

    ten = part.get_by_role("button", name="Take ten")
    for taken in range(60, 201, 10):
        ten.click()
        expect(reader.slot("steps")).to_contain_text(f"{taken} steps taken")
    expect(button).to_be_disabled()
    expect(ten).to_be_disabled()
    expect_same(reader, "past=3,1,1!mean!0.125!200")

    part.get_by_role("button", name="Again from the start").click()
    back = part.get_by_role("button", name="Back")
    expect(back).to_be_disabled()
    back.click(force=True)
    expect_same(reader, "")
    assert reader.problems == []
    reader.page.close()


def test_another_optimiser_takes_the_same_steps(desktop: BrowserContext, strict: str) -> None:
    reader = Reader(desktop, strict + PICTURES)
    menu = reader.part("account").locator('select[data-do="opt"]')
    said = {"SGD": "Stays: unit 2 is shut", "Adam": "Moves although its gradient is 0"}
    for name, words in said.items():
        menu.select_option(name)
        expect(reader.slot("account", "account")).to_contain_text(f"In 3 steps of {name}")
        expect(reader.slot("chosen", "account")).to_contain_text(words)
    assert reader.problems == []
    reader.page.close()


# -- Examples --------------------------------------------------------------------------------------


@pytest.fixture
def cell(desktop: BrowserContext, strict: str) -> Iterator[Locator]:
    """Open an example to be edited."""
    reader = Reader(desktop, strict + CELLS)
    cell = reader.page.locator(".live-cell").first
    cell.get_by_role("button", name="Edit").click()
    yield cell
    reader.page.close()


def run(cell: Locator, code: str) -> Locator:
    """Run some code; give the place of what it prints."""
    cell.locator("textarea").fill(code)
    cell.get_by_role("button", name="Run").click()
    expect(cell).not_to_have_attribute("aria-busy", "true")
    return cell.locator(".live-output")


def test_code_that_is_edited_is_as_wide_as_the_page(phone: BrowserContext, strict: str) -> None:
    reader = Reader(phone, strict + CELLS)
    cell = reader.page.locator(".live-cell").first
    cell.get_by_role("button", name="Edit").tap()
    field, whole = cell.locator("textarea").bounding_box(), cell.bounding_box()
    assert field
    assert whole
    assert field["x"] + field["width"] <= whole["x"] + whole["width"] <= 390
    reader.page.close()


def test_a_question_to_the_keyboard_is_answered(cell: Locator) -> None:
    output = run(cell, "name = input('Who? ')")
    expect(output).to_contain_text("EOFError: nobody can type here while it runs")


def test_long_output_does_not_fill_the_page(cell: Locator) -> None:
    output = run(cell, "for i in range(100_000):\n    print('line', i)\n")
    expect(output).to_contain_text("characters more")
    box = output.bounding_box()
    assert box
    assert box["height"] < 500

    output = run(cell, "def f():\n    return f()\nf()\n")
    expect(output).to_contain_text("RecursionError")
    assert output.inner_text().count("line 2") < 12


def test_python_comes_again_after_it_came_to_grief(cell: Locator) -> None:
    run(cell, "import os\nos.abort()\n")
    expect(cell.locator(".live-word")).to_contain_text("Python is loaded anew")

    expect(run(cell, "print(6 * 7)")).to_have_text("42\n")


def test_python_is_asked_again_after_the_network_failed(
    desktop: BrowserContext, strict: str
) -> None:
    reader = Reader(desktop, strict + CELLS)
    cell = reader.page.locator(".live-cell").first
    reader.page.route("**/python.gz", lambda route: route.abort())
    cell.get_by_role("button", name="Run").click()
    expect(cell.locator(".live-word")).to_contain_text("Python could not")

    reader.page.unroute_all()
    cell.get_by_role("button", name="Run").click()
    expect(cell.locator(".live-output")).to_be_visible()
    reader.page.close()


# -- The engine ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("change=nothing-of-the-kind", "names a change that is not here"),
        ("file=nothing.py", "there is no module 'nothing.py'"),
        ("file=sgd.py&at=3&was=an+older+line%0A&text=pass%0A", "written for another version"),
    ],
)
def test_an_older_change_is_told(
    address: str, said: str, desktop: BrowserContext, strict: str
) -> None:
    reader = Reader(desktop, f"{strict}{ENGINE}#break?{address}")
    expect(reader.part("break").locator(".live-word")).to_contain_text(said)
    expect(reader.part("break").locator("#break-verdicts li")).to_have_count(0)
    assert reader.problems == []
    reader.page.close()


def test_one_change_does_not_stay_below_another(desktop: BrowserContext, strict: str) -> None:
    reader = Reader(desktop, f"{strict}{ENGINE}#break?change=uphill")
    part = reader.part("break")
    word = part.locator(".live-word")
    expect(word).to_contain_text("claims fall")
    first = word.inner_text()
    part.locator("#break-change").select_option("doubled-derivative")
    expect(word).not_to_have_text(first)
    expect(word).to_contain_text("claims fall")
    second = word.inner_text()

    part.locator("#break-claim").select_option("B4")
    expect(part.locator("#break-hunt")).to_contain_text("B4 ")

    # A module to be edited is the one that holds: no verdict on another engine stays.
    part.locator("#break-module").select_option("node.py")
    expect(part.locator("#break-text")).to_be_visible()
    expect(part.locator("#break-verdicts li")).to_have_count(0)
    expect(word).to_be_empty()
    source = part.locator("#break-text").input_value()

    # Nor above an engine that does not run at all.
    expect(part.locator("#break-hunt")).to_contain_text("Find a change that refutes B4.")
    part.locator("#break-text").fill("nonsense (")
    part.get_by_role("button", name="Judge all claims").click()
    expect(word).to_contain_text("SyntaxError in node.py, line 1")
    expect(part.locator("#break-verdicts li")).to_have_count(0)

    # What is edited can be put back, also before it is judged.
    part.locator("#break-text").fill("nonsense")
    part.get_by_role("button", name="Put it back").click()
    expect(word).to_contain_text(re.compile(r"^0 of \d+ claims fall"))
    assert part.locator("#break-text").input_value() == source
    expect(part.locator("#break-hunt")).to_contain_text("Find a change that refutes B4.")

    # Both ways lead to the same verdicts.
    part.locator("#break-change").select_option("doubled-derivative")
    expect(word).to_have_text(second)
    part.locator("#break-change").select_option("")
    expect(word).to_contain_text(re.compile(r"^0 of \d+ claims fall"))
    assert reader.problems == []
    reader.page.close()
