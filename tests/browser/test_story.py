"""A story page can be read in one go: it is short, and its picture comes first.

``python -m tests.browser.measure`` prints what each page measures, of this build or another.
"""

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.measure import measure
from tests.browser.site import PAGES

STORY = [name for name in PAGES if name.startswith("story/") and "/plot_" in name]
MOST_SCREENS, MOST_WORDS = 7, 1500
# How far down the first picture may begin, in screens.
DOWN_ON_A_DESKTOP, DOWN_ON_A_PHONE = 1, 1.2


@pytest.mark.parametrize("name", STORY)
def test_a_page_is_short_and_its_picture_comes_first(
    desktop: BrowserContext, base: str, name: str
) -> None:
    found = measure(desktop, base + name)

    assert found.screens <= MOST_SCREENS
    assert found.words <= MOST_WORDS
    assert found.down < DOWN_ON_A_DESKTOP


@pytest.mark.parametrize("name", STORY)
def test_on_a_phone_the_picture_is_near(phone: BrowserContext, base: str, name: str) -> None:
    found = measure(phone, base + name)

    assert found.down <= DOWN_ON_A_PHONE


def test_every_page_of_the_story_asks_first(desktop: BrowserContext, base: str) -> None:
    """A guess stands before the first picture, and says what its answer is."""
    late = []
    for name in STORY:
        page = desktop.new_page()
        page.goto(base + name)
        first = page.locator("article :is(div.guess[data-answer], img.drawing)").first
        if "guess" not in (first.get_attribute("class") or ""):
            late.append(name)
        page.close()

    assert late == []
