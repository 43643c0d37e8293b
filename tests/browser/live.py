"""A page with live pictures, somebody who reads it, and what it must show."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Locator, Page

from sgdexplained.live.views import answer
from tests.browser.test_pages import WATCH_SHIFTS

SLOW = 150_000  # milliseconds: a machine that does other things as well

# Whether a slot holds what Python here says it must; both are read by the browser.
SAME = """([slot, html]) => {
    const twin = slot.cloneNode(false);
    twin.innerHTML = html;
    return twin.innerHTML === slot.innerHTML;
}"""


class Reader:
    """A page that somebody reads, and what it has asked the host for."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.problems: list[str] = []
        self.asked: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(SLOW)
        self.page.add_init_script(WATCH_SHIFTS)
        self.page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        self.page.on(
            "console",
            lambda message: self.problems.append(message.text) if message.type == "error" else None,
        )
        context.on("request", lambda request: self.asked.append(urlsplit(request.url).path))
        self.page.goto(address, wait_until="load")

    def part(self, name: str) -> Locator:
        """Find a live picture."""
        return self.page.locator(f"#{name}")

    def slot(self, name: str, part: str = "network") -> Locator:
        """Find a slot of a live picture."""
        return self.part(part).locator(f'[data-slot="{name}"]')


def start_of(reader: Reader, part: str) -> str:
    """Give the state with which a picture begins."""
    return reader.part(part).get_attribute("data-start") or ""


def expect_same(reader: Reader, address: str, part: str = "network", view: str = "") -> None:
    """Compare each slot and each field with what Python here makes of the same state."""
    now = answer(view or part, start_of(reader, part), address, "", "")
    assert now["error"] == ""
    for name, html in now["slots"].items():
        slot = reader.slot(name, part)
        # It may still be on its way.
        for _ in range(100):
            if slot.evaluate(f"(slot, html) => ({SAME})([slot, html])", html):
                break
            reader.page.wait_for_timeout(100)
        else:
            assert slot.inner_html() == html
    for name, value in now["fields"].items():
        for field in reader.part(part).locator(f'[data-field="{name}"]').all():
            shown = field.input_value()
            limits = [field.get_attribute(limit) for limit in ("min", "max")]
            if limits[0] is not None and not float(limits[0]) <= float(value) <= float(limits[1]):
                continue
            if field.get_attribute("type") == "range":
                assert float(shown) == pytest.approx(float(value), abs=0.13)
            else:
                assert shown == value


TOO_SMALL = """(part) => [...part.querySelectorAll("button, select, input, summary, .hit")]
    .map((one) => [one, one.getBoundingClientRect()])
    .filter(([, { width, height }]) => width && (width < 23.5 || height < 23.5))
    .map(([one, { width, height }]) => `${one.outerHTML.slice(0, 80)} ${width}x${height}`)
"""
