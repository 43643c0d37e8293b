"""What a page owes to everybody: visible links, a keyboard that gets there, code in its shape."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

STORY = "story/1_one_example/plot_05_around_an_inactive_unit.html"

FOCUSED = """() => {
  const box = document.activeElement.getBoundingClientRect();
  return [document.activeElement.tagName, box.left, box.right, box.top];
}"""
CONTRAST = """(property) => {
  const light = (rgb) => {
    const [r, g, b] = rgb.match(/[\\d.]+/g).map((part) => part / 255).map((part) =>
      part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = light(getComputedStyle(document.body).backgroundColor);
  return [...document.querySelectorAll("article p > a.reference:not(.claim-name)")].map((link) => {
    const style = getComputedStyle(link);
    const ink = light(style.textDecorationColor);
    const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    return [style.textDecorationLine, ratio];
  });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_link_is_underlined_for_all_eyes(browser: Browser, base: str, scheme: str) -> None:
    with browser.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(base + STORY)

        links = page.evaluate(CONTRAST)
        assert links
        assert all(line == "underline" and ratio >= 3 for line, ratio in links)


def test_the_contents_stand_beside_the_page_on_a_laptop(desktop: BrowserContext, base: str) -> None:
    page = desktop.new_page()
    page.goto(base + STORY)

    contents, article = page.locator(".toc-drawer"), page.locator("article")
    expect(contents).to_be_in_viewport()
    beside, text = contents.bounding_box(), article.bounding_box()
    assert beside is not None
    assert text is not None
    assert text["x"] + text["width"] <= beside["x"]
    page.close()


@pytest.mark.parametrize("width", [390, 640, 1000])
def test_the_keyboard_meets_nothing_that_is_out_of_sight(
    browser: Browser, base: str, width: int
) -> None:
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.goto(base + STORY)
        outside = []
        for _ in range(40):
            page.keyboard.press("Tab")
            tag, left, right, _top = page.evaluate(FOCUSED)
            if right <= 0 or left >= width:
                outside.append(tag)

        assert outside == []


@pytest.mark.parametrize(
    ("box", "drawer"), [("#__navigation", ".sidebar-drawer"), ("#__toc", ".toc-drawer")]
)
def test_a_menu_opens_by_keyboard(browser: Browser, base: str, box: str, drawer: str) -> None:
    with browser.new_context(viewport={"width": 640, "height": 900}) as context:
        page = context.new_page()
        page.goto(base + STORY)
        expect(page.locator(drawer)).to_be_hidden()

        tab_to(page, box)
        page.keyboard.press("Space")

        expect(page.locator(drawer)).to_be_visible()
        expect(page.locator(drawer)).to_be_in_viewport()


def test_a_branch_of_the_menu_opens_by_keyboard(desktop: BrowserContext, base: str) -> None:
    page = desktop.new_page()
    page.goto(base)
    branch = page.locator(".toctree-checkbox").first
    below = page.locator(".sidebar-tree li.has-children > ul").first
    expect(below).to_be_hidden()
    branch.focus()
    page.keyboard.press("Space")

    expect(below).to_be_visible()
    page.close()


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until something is focused."""
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"ten tabs do not lead to {selector}")


def test_a_copy_button_is_seen_when_it_is_reached(desktop: BrowserContext, base: str) -> None:
    page = desktop.new_page()
    page.goto(base + STORY)
    button = page.locator("article > section > section .copybtn").last
    button.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")

    expect(button).to_have_css("opacity", "1")
    expect(button).to_have_css("outline-style", "solid")
    page.close()


def test_what_wraps_of_a_line_hangs_from_its_beginning(phone: BrowserContext, base: str) -> None:
    page = phone.new_page()
    page.goto(base + STORY)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    hung = page.evaluate("""() => [...document.querySelectorAll("article .highlight .line")]
      .map((line) => {
        const range = document.createRange();
        range.selectNodeContents(line);
        const rows = [...range.getClientRects()].filter((box) => box.width > 2);
        const last = Math.max(...rows.map((box) => box.top));
        const left = (top) => Math.min(...rows.filter((b) => Math.abs(b.top - top) < 4)
          .map((box) => box.left));
        return rows.length && last > rows[0].top + 8
          ? left(last) - line.getBoundingClientRect().left : null;
      }).filter((way) => way !== null)""")

    assert hung
    assert min(hung) > 10
    page.close()


def test_less_motion_is_none(browser: Browser, base: str) -> None:
    with browser.new_context(reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(base + STORY)

        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_answers_are_printed_and_checks_are_not(desktop: BrowserContext, base: str) -> None:
    page = desktop.new_page()
    page.goto(base + STORY)
    page.emulate_media(media="print")

    for answer in page.locator(".guess-answer .guess-right").all():
        box = answer.bounding_box()
        assert box is not None
        assert box["height"] > 5
    for check in page.locator(".claim-check").all():
        expect(check).to_be_hidden()
    page.close()


def test_a_page_has_one_viewport_and_no_address_that_is_none(
    desktop: BrowserContext, base: str
) -> None:
    page = desktop.new_page()
    page.goto(base + STORY)
    html = page.content()

    assert html.count('name="viewport"') == 1
    assert all(re.match("https?:", one) for one in re.findall(r'og:url" content="([^"]*)', html))
    page.close()


def test_an_old_address_leads_to_the_same_place_of_the_new_page(
    desktop: BrowserContext, base: str
) -> None:
    page = desktop.new_page()
    page.goto(base + "story/1_single_input/plot_05_two_kinds_of_zero.html#claim-b5")

    expect(page).to_have_url(base + STORY + "#claim-b5")
    expect(page.locator("#claim-b5")).to_be_in_viewport()
    page.close()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("plot_14_routes_ahead.html#claim-p3", "4_further/plot_23_first_weights"),
        (
            "plot_13_moving_without_a_gradient.html#claim-p10",
            "4_further/plot_21_after_many_zeros",
        ),
    ],
)
def test_an_old_address_leads_to_a_claim_that_left_its_page(
    desktop: BrowserContext, base: str, old: str, new: str
) -> None:
    page = desktop.new_page()
    claim = old.partition("#")[2]
    page.goto(f"{base}story/3_inactive_connections/{old}")

    expect(page).to_have_url(f"{base}story/{new}.html#{claim}")
    expect(page.locator(f"#{claim}")).to_be_in_viewport()
    page.close()
