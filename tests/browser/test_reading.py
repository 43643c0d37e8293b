"""What a reader does: search, read without scripts, use the keyboard, lose the way, print."""

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.site import PAGES, PREFIX

# What people type, and where an answer is. An Ask page answers most of it: while there is none,
# these wait; from the first one on, each must find one among its first results.
ASK = [
    "dead relu",
    "zero gradient",
    "adam moves embedding",
    "mean or sum",
    "old or new weights",
]
ELSEWHERE = {
    "upstream signal": "reference/glossary.html",
    "topological_order": "engine/backward.html",
}
FIRST = 5

ASK_PAGES = [page for page in PAGES if page.startswith("ask/") and page != "ask/index.html"]


def search(context: BrowserContext, base: str, words: str) -> list[str]:
    """Type words into the search; give the pages found, best first."""
    page = context.new_page()
    page.goto(base)
    page.get_by_role("textbox", name="Search").fill(words)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?*")
    expect(page.locator(".search-summary")).to_contain_text("finished")
    links = page.locator("#search-results li a")
    found = [link.get_attribute("href") or "" for link in links.all()]
    page.close()
    return [link.partition("#")[0].partition("?")[0] for link in found]


@pytest.mark.parametrize("words", ASK)
def test_search_finds_an_answer(words: str, desktop: BrowserContext, base: str) -> None:
    if not ASK_PAGES:
        pytest.skip("there are no Ask pages yet")

    first = list(dict.fromkeys(search(desktop, base, words)))[:FIRST]

    assert set(first) & set(ASK_PAGES), first


@pytest.mark.parametrize(("words", "page"), ELSEWHERE.items())
def test_search_finds_a_name(words: str, page: str, desktop: BrowserContext, base: str) -> None:
    first = list(dict.fromkeys(search(desktop, base, words)))[:FIRST]

    assert page in first


@pytest.mark.parametrize("name", ["index.html", "engine/node.html", "reference/notation.html"])
def test_a_page_is_whole_without_scripts(name: str, browser: Browser, base: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(base + name)

        expect(page.locator("h1")).to_be_visible()
        expect(page.get_by_role("complementary", name="All pages")).to_be_visible()
        for part in page.locator("article :is(p:not(:empty), pre, img, .katex-html)").all():
            if part.locator("xpath=ancestor::details").count() == 0:
                expect(part).to_be_visible()


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
    page.goto(f"{base}engine/node.html")
    page.emulate_media(media="print", color_scheme="dark")

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for gone in [".sidebar-drawer", ".toc-drawer", ".copybtn", ".theme-toggle", ".related-pages"]:
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
