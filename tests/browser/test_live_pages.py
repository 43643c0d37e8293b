"""Every page that has something live: it works there, for everybody, and nobody needs it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from sgdexplained.live.judge import answer as judge
from sgdexplained.live.views import answer
from tests.browser.live import SLOW, TOO_SMALL, Reader, expect_same, start_of
from tests.browser.site import AXE, PAGES, ROOT, SITE
from tests.browser.test_pages import ALL, COLOURS, SHIFT

PICTURE = re.compile(r'id="([^"]+)" role="group"[^>]* data-live="(\w+)"')
PICTURES = {name: PICTURE.findall((SITE / name).read_text("utf-8")) for name in PAGES}
ENGINE = "refutations.html"
LIVE = [name for name in PAGES if PICTURES[name] or name == ENGINE]
SOURCES = ROOT / "src" / "sgdexplained"

WINDOWS = {"mouse": {"width": 1280, "height": 900}, "touch": {"width": 390, "height": 844}}

# In each picture a control that changes it.
CONTROLS = {
    "network": 'button[data-do="step"]',
    "territories": 'button[data-do="toggle"]',
    "account": 'button[data-do="add"]',  # it stands under a fold
    "batch": 'button[data-do="toggle"]:enabled',  # the last one in cannot be taken out
    "paths": 'g[data-do="shut"]',
    "predict": 'button[data-do="tell"]',
}

OPEN = "for (const one of document.querySelectorAll('.live details')) one.open = true"
CHECK = "(rules) => axe.run({include: [['.live']]}, rules)"
MOVING = "document.getAnimations().map((one) => one.effect.target.outerHTML.slice(0, 80))"

# What cannot be told from the ground where the reader's system chooses the colours.
UNSEEN = """(part) => {
    const ground = document.createElement("i");
    ground.style.cssText = "position: fixed; color: Canvas; background: CanvasText";
    part.append(ground);
    const {color: canvas} = getComputedStyle(ground);
    ground.remove();
    const seen = (one) => one.getClientRects().length;
    const lines = [...part.querySelectorAll(".line, .live-network .body, .shutting, .dot")]
        .filter((one) => seen(one) && [canvas, "none"].includes(getComputedStyle(one).stroke));
    const texts = [...part.querySelectorAll("svg text, button, summary, p, td, th, label")]
        .filter((one) => {
            const style = getComputedStyle(one);
            // The number of an example stands in its dot.
            if (one.matches(".point:not(.out) .point-name")) return style.fill !== canvas;
            return seen(one) && (one.closest("svg") ? style.fill : style.color) === canvas;
        });
    const filled = [...part.querySelectorAll(".live-network :is(.body, .pill)")]
        .filter((one) => seen(one) && getComputedStyle(one).fill !== canvas);
    return [...lines, ...texts, ...filled].map((one) => one.outerHTML.slice(0, 80));
}"""


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Wait long enough: Python has to be loaded first."""
    expect.set_options(timeout=SLOW)
    yield
    expect.set_options(timeout=5000)


def use(control: Locator, way: str) -> None:
    """Use a control."""
    control.tap() if way == "touch" else control.click()


def use_picture(reader: Reader, part: str, view: str, way: str) -> str:
    """Change a picture, and compare it with what Python here makes of the same state."""
    use(reader.part(part).locator(CONTROLS[view]).first, way)
    expect(reader.page).to_have_url(re.compile(rf"#{part}\?"))
    address: str = reader.page.evaluate("decodeURIComponent(location.hash)").partition("?")[2]
    assert answer(view, start_of(reader, part), address, "", "")["address"] == address
    expect_same(reader, address, part, view)
    return address


def files_since(reader: Reader, before: int) -> list[str]:
    """List what was asked for; the picture of the tab comes at a time of its own."""
    return [path for path in reader.asked[before:] if not path.endswith(".svg")]


def problems_for_anybody(page: Page, name: str) -> list[str]:
    """Ask axe in light and dark, look for small targets, and force colours."""
    page.evaluate(AXE.read_text("utf-8"))
    # What sticks to the lower edge may cover a field until the reader scrolls on: axe looks once.
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    problems = []
    for scheme, rules in [("light", ALL), ("dark", COLOURS)]:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        problems += [f"moves: {one}" for one in page.evaluate(MOVING)]
        found = page.evaluate(CHECK, rules)["violations"]
        problems += [
            f"{scheme}: {rule['id']}: {node['html'][:120]}"
            for rule in found
            for node in rule["nodes"]
        ]
    parts = page.locator(".live").all()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, forced_colors="active")
        for part in parts:
            problems += [f"forced {scheme}: {one}" for one in part.evaluate(UNSEEN)]
    page.emulate_media(forced_colors="none")
    for part in parts:
        problems += part.evaluate(TOO_SMALL)
    return [f"{name}: {one}" for one in problems]


@pytest.mark.parametrize("way", ["mouse", "touch"])
@pytest.mark.parametrize("name", LIVE)
def test_it_works_on_its_page(name: str, way: str, browser: Browser, strict: str) -> None:
    with browser.new_context(viewport=WINDOWS[way], has_touch=way == "touch") as fresh:
        reader = Reader(fresh, strict + name)
        reader.page.evaluate(OPEN)
        before = len(reader.asked)
        # Folds that a script opens move what is below them; what comes now must not.
        reader.page.wait_for_timeout(200)
        reader.page.evaluate("shifted = 0")
        if name == ENGINE:
            reader.part("break").locator("#break-change").select_option("biases-left-out")
            expect(reader.part("break").locator(".live-word")).to_contain_text("claims fall")
        else:
            first, view = PICTURES[name][0]
            use_picture(reader, first, view, way)

        # Three files for the first result, and none for all that follows.
        assert len(files_since(reader, before)) == 3
        shifted = reader.page.evaluate("shifted")
        fresh.set_offline(True)
        for part, view in PICTURES[name][1:]:
            use_picture(reader, part, view, way)
        if name == ENGINE:
            reader.part("break").get_by_role("button", name="Put it back").click()
            expect(reader.part("break").locator(".live-word")).to_contain_text(re.compile("^0 of"))
        assert len(files_since(reader, before)) == 3

        reader.page.evaluate(OPEN)
        assert problems_for_anybody(reader.page, name) == []
        # A menu that a script uses, and folds that stand open on a phone, count as nobody's input.
        if way == "mouse" and name != ENGINE:
            assert shifted <= SHIFT, reader.page.evaluate("whatShifted")
        assert reader.problems == []


# -- Where Python cannot run, and where there are no scripts ---------------------------------------


def first_control(page: Page, name: str) -> Locator:
    """Find what a reader touches first."""
    page.evaluate(OPEN)
    if name == ENGINE:
        page.locator("#break-module").select_option("sgd.py")
        return page.locator("#break-judge")
    part, view = PICTURES[name][0]
    return page.locator(f"#{part}").locator(CONTROLS[view]).first


@pytest.mark.parametrize("name", LIVE)
def test_where_python_cannot_run_it_says_why(name: str, browser: Browser, strict: str) -> None:
    words = {
        (SITE / name).as_uri(): "opened as a file",
        strict + name: "no WebAssembly",
    }
    with browser.new_context() as fresh:
        fresh.add_init_script("delete window.WebAssembly")
        for address, said in words.items():
            page = fresh.new_page()
            page.goto(address, wait_until="load")
            control = first_control(page, name)
            if name != ENGINE:
                control.click()
            expect(page.locator(".live .live-word").first).to_contain_text(said)
            page.close()


@pytest.mark.parametrize("name", LIVE)
def test_without_scripts_the_page_is_complete(name: str, browser: Browser, strict: str) -> None:
    with browser.new_context(java_script_enabled=False) as fresh:
        page = fresh.new_page()
        page.goto(strict + name)
        for part, view in PICTURES[name]:
            picture = page.locator(f"#{part}")
            if picture.locator(".live-fold").count():
                picture.locator("summary").first.click()
            expect(picture.locator("svg").first).to_be_visible()
            for control in picture.locator("button, input, select").all():
                expect(control).to_be_hidden()
            if view == "predict":
                expect(picture.get_by_text("Show the answer")).to_be_visible()
        if name == ENGINE:
            expect(page.locator("#break-change")).to_be_hidden()
            expect(page.locator("article")).to_contain_text("parameter.data")


# -- The engine broken, from all three places ------------------------------------------------------

ANNOTATED = [
    name
    for name in PAGES
    if name.startswith("engine/") and "#break" in (SITE / name).read_text("utf-8")
]


def test_each_module_leads_to_the_place_where_it_is_changed() -> None:
    files = set()
    for name in ANNOTATED:
        found = re.findall(r'href="(\S+)\?file=(\S+?)#break"', (SITE / name).read_text("utf-8"))
        assert len(found) == 1
        [(page, file)] = found
        assert (SITE / name).parent.joinpath(page).resolve() == (SITE / ENGINE).resolve()
        assert (SOURCES / file).exists()
        files.add(file)

    assert len(files) == len(ANNOTATED) > 10


def test_a_line_is_changed_from_the_annotated_engine(desktop: BrowserContext, strict: str) -> None:
    reader = Reader(desktop, f"{strict}engine/sgd.html")
    reader.page.get_by_role("link", name="Change a line of this module").click()
    part = reader.part("break")
    text = part.locator("#break-text")
    expect(text).to_be_visible()
    assert text.input_value() == Path(SOURCES, "sgd.py").read_text("utf-8")

    text.fill(
        text.input_value().replace("data -= self.lr * gradient", "data += self.lr * gradient")
    )
    part.get_by_role("button", name="Judge all claims").click()

    # The same as the change of that name, so that every claim which names it falls.
    expect(part.locator(".live-word")).to_contain_text("claims fall")
    known = reader.page.evaluate("JSON.parse(document.getElementById('break-known').textContent)")
    named = {one["name"] for one in known["claims"] if "uphill" in one["refuted_by"]}
    fallen = {item.get_attribute("data-claim") for item in part.locator("li.falls").all()}
    absent = {item.get_attribute("data-claim") for item in part.locator("li.absent").all()}
    assert named - absent <= fallen
    assert part.locator("li.breaks").count() == 0
    assert reader.problems == []
    reader.page.close()


def test_the_claims_lead_there_and_a_survivor_is_told(desktop: BrowserContext, strict: str) -> None:
    reader = Reader(desktop, f"{strict}claims.html")
    reader.page.get_by_role("link", name="Break the engine yourself").click()
    part = reader.part("break")
    expect(part).to_be_in_viewport()
    known = reader.page.evaluate("JSON.parse(document.getElementById('break-known').textContent)")
    hunted = next(one for one in known["claims"] if one["name"] == "B4")
    claim = [{"name": "B4", "body": hunted["body"]}]
    other = next(
        name
        for name, change in known["changes"].items()
        if judge(change["edits"], claim)["verdicts"][0]["word"] == "holds"
    )

    part.get_by_label("A claim to bring down").select_option("B4")
    expect(part.locator("#break-hunt")).to_contain_text("Find a change that refutes B4")
    part.get_by_label("What would be false if").select_option(other)
    expect(part.locator(".live-word")).to_contain_text("claims fall")
    expect(part.locator("#break-hunt")).to_contain_text("B4 survives this change. Find one")
    part.get_by_role("button", name="Give me one").click()
    expect(part.locator("#break-hunt")).to_contain_text("B4 falls: you have refuted it.")
    expect(part.locator("#break-change")).to_have_value(hunted["refuted_by"][0])
    # What is changed is shown, and the address can be sent.
    expect(part.locator("#break-diff ins").first).to_be_visible()
    assert reader.page.url.endswith(f"#break?change={hunted['refuted_by'][0]}")
    assert reader.problems == []
    reader.page.close()
