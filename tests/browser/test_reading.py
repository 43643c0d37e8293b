"""What a reader does: search, read without scripts, use the keyboard, lose the way, print."""

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.site import PREFIX, SITE

# What people type, and the Ask page that answers it: it must come first.
ASK = {
    "dead relu": "dead-relu",
    "how to detect dead relu": "dead-relu",
    "can dead relu recover": "dead-relu-revive",
    "inactive neurons": "inactive-neurons",
    "zero gradient": "inactive-neurons",
    "weights not updating": "gradient-but-no-move",
    "weight does not move": "gradient-but-no-move",
    "gradient exists but weight stays": "gradient-but-no-move",
    "neuron inactive for some examples": "some-of-the-batch",
    "weight used by one example in batch": "some-of-the-batch",
    "adam moves embedding": "adam-moves-embedding",
    "embedding weight decay": "adam-moves-embedding",
    "sparse adam": "sparse-momentum",
    "frozen layer": "frozen-layer",
    "froze layer changes": "frozen-layer",
    "frozen layer changes": "frozen-layer",
    "weight decay": "momentum-and-decay",
    "mean or sum": "mean-or-sum",
    "mean sum batch 32": "mean-or-sum",
    "batch size learning rate": "mean-or-sum",
    "gradient accumulation": "accumulated-batches",
    "old or new weights": "old-or-new-weights",
    "why topological sort": "topological-order",
    "zero_grad": "zero-grad",
    "zero grad": "zero-grad",
    "gradient is none": "zero-or-none",
    "relu derivative at 0": "relu-at-zero",
    "leaky relu": "other-activations",
    "dropout": "dropout",
    "batch norm bias": "bias-before-batchnorm",
    "vanishing gradient": "why-relu-works",
    "initialize weights to zero": "shut-at-the-start",
    "learning rate too high": "loss-goes-up",
    "pruning": "importance",
    "weight decay embedding": "adam-moves-embedding",
    "symmetry": "identical-twins",
    "symmetry breaking": "identical-twins",
    "identical units": "identical-twins",
    "max pooling gradient": "max-pooling",
    "attention mask": "attention-mask",
    "padding mask": "attention-mask",
    "class weights": "ignored-labels",
    "ignore_index": "ignored-labels",
    "detach": "detached-middle",
    "freeze batchnorm": "frozen-batchnorm",
    "cross entropy vs mse": "squared-error-sigmoid",
    "softmax gradient": "unlikely-class",
    "per-sample gradients": "per-example-gradients",
    "how many weights move": "how-many-at-start",
    "born dead": "dead-at-birth",
    "gradient noise": "noisy-batch",
    "momentum effective learning rate": "momentum-whole-way",
    "rarely active": "mostly-inactive",
    "grad none": "gradient-none",
    "unused parameters": "gradient-none",
    "stop_gradient": "gradient-none",
    "requires_grad false still updated": "frozen-layer",
    "argmax gradient": "round-and-argmax",
    "straight through estimator": "round-and-argmax",
    "bfloat16": "too-small-step",
    "padding_idx": "padding-row",
    "gradscaler": "skipped-steps",
    "gradient clipping": "clipping",
    "loss is nan": "loss-zero-or-nan",
    "check weight changed": "did-it-move",
    "gradient noise or zero": "zero-or-noise",
}
ELSEWHERE = {
    "upstream gradient": "reference/glossary.html",
    "autograd from scratch": "engine/sixty-lines.html",
    "topological_order": "engine/backward.html",
}
FIRST = 5


def search(context: BrowserContext, base: str, words: str) -> list[str]:
    """Type words into the search; give the pages found, best first."""
    page = context.new_page()
    page.goto(base)
    page.get_by_role("textbox", name="Search").fill(words)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?*")
    expect(page.locator(".search-summary")).to_contain_text("finished", timeout=30_000)
    links = page.locator("#search-results li a")
    found = [link.get_attribute("href") or "" for link in links.all()]
    page.close()
    return [link.partition("#")[0].partition("?")[0] for link in found]


@pytest.mark.parametrize(("words", "page"), ASK.items())
def test_search_finds_the_answer_first(
    words: str, page: str, desktop: BrowserContext, base: str
) -> None:
    first, *_ = search(desktop, base, words)

    assert first == f"ask/{page}.html"


@pytest.mark.parametrize(("words", "page"), ELSEWHERE.items())
def test_search_finds_a_name(words: str, page: str, desktop: BrowserContext, base: str) -> None:
    first = list(dict.fromkeys(search(desktop, base, words)))[:FIRST]

    assert page in first


PARTS = "p:not(:empty), pre, img, .katex-html"


@pytest.mark.parametrize("name", ["index.html", "engine/node.html", "reference/notation.html"])
def test_a_page_is_whole_without_scripts(name: str, browser: Browser, base: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(base + name)

        expect(page.locator("h1")).to_be_visible()
        expect(page.get_by_role("complementary", name="All pages")).to_be_visible()
        # What works with scripts alone is not offered without them.
        for part in page.locator(
            f"article :is({PARTS}):not(.live-controls, .live-controls *, [hidden])"
        ).all():
            if part.locator("xpath=ancestor::details").count() == 0:
                expect(part).to_be_visible()


def test_the_search_page_leads_on_without_scripts(browser: Browser, base: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(base + "search.html")

        expect(page.locator("article a[href='ask/index.html']")).to_be_visible()


def test_the_tab_of_the_first_page_says_what_the_site_is_about(
    desktop: BrowserContext, base: str
) -> None:
    page = desktop.new_page()
    page.goto(base)
    expect(page).to_have_title("Which weights move? How far, and why? - sgdexplained")
    page.goto(base + "claims.html")
    expect(page).to_have_title("Claims - sgdexplained")
    page.close()


STORY = "story/1_one_example/plot_01_which_weights_move.html"


def test_a_figure_stands_above_its_code(browser: Browser, base: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(base + STORY)
        fold = page.locator(".figure-code", has_text="draw.network(net, notes=")
        figure = fold.locator("xpath=preceding-sibling::img[1]")
        code = fold.locator("pre")
        figure_place, fold_place = figure.bounding_box(), fold.bounding_box()
        assert figure_place is not None
        assert fold_place is not None

        assert figure_place["y"] + figure_place["height"] <= fold_place["y"]
        expect(code).to_be_hidden()
        fold.locator("summary").press("Enter")
        expect(code).to_be_visible()
        expect(code).to_contain_text("draw.network")


def test_folded_code_can_be_copied(browser: Browser, base: str) -> None:
    with browser.new_context(permissions=["clipboard-read", "clipboard-write"]) as context:
        page = context.new_page()
        page.goto(base + STORY)
        fold = page.locator(".figure-code", has_text="draw.network(net, notes=")
        fold.locator("summary").click()
        code = fold.locator("pre:not(.live-output)")
        code.hover()
        fold.get_by_role("button", name="Copy").click()

        copied = page.evaluate("navigator.clipboard.readText()")
        assert "ax = draw.network(" in copied
        assert copied.rstrip() == code.inner_text().rstrip()


def test_claims_can_be_chosen(desktop: BrowserContext, base: str) -> None:
    page = desktop.new_page()
    page.goto(base + "claims.html")
    rows = page.locator(".claims-table tbody tr:visible")
    everything = rows.count()
    page.get_by_label("Verdict").select_option("false as stated")
    page.get_by_label("Order").select_option("by page")

    assert 0 < rows.count() < everything
    assert set(rows.locator(".verdict").all_inner_texts()) == {"false as stated"}
    expect(page.locator(".claims-filter output")).to_have_text(
        f"{rows.count()} of {everything} claims"
    )
    places = [link.get_attribute("href") for link in rows.locator(".claim-where .claim-page").all()]
    assert places == sorted(places, key=lambda place: str(place).partition("#")[0])
    page.close()


def test_without_scripts_all_claims_are_there_and_nothing_to_choose(
    browser: Browser, base: str
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(base + "claims.html")

        expect(page.locator(".claims-filter")).to_be_hidden()
        expect(page.locator(".claims-table tbody tr").last).to_be_visible()


def test_the_line_that_installs_has_the_address_of_the_site(
    desktop: BrowserContext, base: str
) -> None:
    page = desktop.new_page()
    page.goto(base + "first-step.html")
    line = page.locator(".install pre").inner_text()
    wheel = page.get_by_role("link", name=".whl").first.get_attribute("href")

    assert f"@ {base}{wheel}" in line
    page.close()


def test_without_scripts_the_search_leads_to_other_ways(browser: Browser, base: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(base + "search.html")
        page.locator("article").get_by_role("link", name="Ask").click()

        expect(page.locator("h1")).to_contain_text("Ask")


def test_a_tab_is_kept_from_page_to_page_and_reached_by_keyboard(
    browser: Browser, base: str
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(base + "ask/zero-grad.html")
        expect(page.locator(".torch")).to_be_hidden()
        page.get_by_label("This engine").focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator(".torch")).to_be_visible()
        page.get_by_text("PyTorch", exact=True).first.click()
        page.goto(base + "ask/dropout.html")
        expect(page.locator(".torch")).to_be_visible()


def test_the_first_tab_leads_past_the_navigation(desktop: BrowserContext, base: str) -> None:
    page = desktop.new_page()
    page.goto(base)
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    expect(skip).to_have_text("Skip to content")
    expect(skip).to_be_in_viewport()
    skip.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.closest('article, .main') !== null")
    page.close()


def test_a_missing_address_leads_back(desktop: BrowserContext, host: str) -> None:
    page = desktop.new_page()
    answer = page.goto(f"{host}/no/such/page.html")
    assert answer is not None
    assert answer.status == 404
    expect(page.locator("h1")).to_contain_text("Nothing here")
    page.get_by_role("link", name="The home page").click()

    expect(page).to_have_url(f"{host}/index.html")
    page.close()


def test_a_printed_page_is_its_text(desktop: BrowserContext, base: str) -> None:
    page = desktop.new_page()
    page.goto(base + STORY)
    page.emulate_media(media="print", color_scheme="dark")

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for gone in [
        ".sidebar-drawer",
        ".toc-drawer",
        ".copybtn",
        ".theme-toggle",
        ".related-pages",
        ".figure-code",
    ]:
        for part in page.locator(gone).all():
            expect(part).to_be_hidden()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground in {"rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"}
    page.close()


def test_the_prefix_is_part_of_every_address(desktop: BrowserContext, base: str) -> None:
    page = desktop.new_page()
    page.goto(base)
    page.get_by_role("link", name="Next").click()

    assert PREFIX in page.url
    page.close()


# Words and points of a drawing that stand above or below what is shown of it, in points.
CUT_OFF = """() => {
  const drawing = document.documentElement, shown = drawing.getBoundingClientRect();
  const scale = drawing.viewBox.baseVal.height / shown.height;
  return [...drawing.querySelectorAll("g[id^=text_], g[id^=PathCollection]")]
    .map((part) => part.getBoundingClientRect()).filter((box) => box.height)
    .map((box) => Math.max(shown.top - box.top, box.bottom - shown.bottom) * scale)
    .filter((way) => way > 1);
}"""


def test_nothing_of_a_drawing_is_cut_off(desktop: BrowserContext, base: str) -> None:
    drawings = sorted(path.name for path in (SITE / "_images").glob("*.svg"))
    page = desktop.new_page()
    cut = {}
    for name in drawings:
        page.goto(f"{base}_images/{name}")
        if found := page.evaluate(CUT_OFF):
            cut[name] = found

    assert drawings
    assert cut == {}
    page.close()
