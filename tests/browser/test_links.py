"""Every link, anchor and image leads somewhere, wherever the site stands."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser

from tests.browser.site import PAGES, SITE

ELSEWHERE = {"a"}  # a reader may go there; nothing is loaded from there


class Reader(HTMLParser):
    """What a page links to, loads and names."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[tuple[str, str]] = []
        self.inactive: list[str] = []
        self.feed((SITE / page).read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what counts."""
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(given["id"])
        if given.get("rel") != "canonical":
            self.targets += [(tag, given[name]) for name in ["href", "src"] if given.get(name)]
        if tag == "img" and "alt" not in given:
            self.inactive.append(given["src"] or "")


@pytest.fixture(scope="module")
def read() -> dict[str, Reader]:
    """Read all pages."""
    return {page: Reader(page) for page in PAGES}


def problem_of(page: str, tag: str, target: str, read: dict[str, Reader]) -> str | None:
    """Say what is wrong with a link, if anything is."""
    parts = urlsplit(target)
    if parts.scheme == "data":
        return None
    if parts.scheme or parts.netloc:
        return None if tag in ELSEWHERE else "loads from elsewhere"
    if parts.path.startswith("/") and page != "404.html":
        return "works only at the root of a host"
    folder = SITE if parts.path.startswith("/") else (SITE / page).parent
    path = (folder / unquote(parts.path).lstrip("/")).resolve() if parts.path else SITE / page
    path = path / "index.html" if path.is_dir() else path
    if not path.is_relative_to(SITE) or not path.exists():
        return "leads nowhere"
    anchor = unquote(parts.fragment)
    name = path.relative_to(SITE).as_posix()
    if anchor and name in read and anchor not in read[name].ids:
        return "has no such anchor"
    return None


def test_every_link_leads_somewhere(read: dict[str, Reader]) -> None:
    problems = {
        (page, target): problem
        for page, reader in read.items()
        for tag, target in reader.targets
        if (problem := problem_of(page, tag, target, read))
    }

    assert read
    assert problems == {}


def test_an_anchor_stands_once(read: dict[str, Reader]) -> None:
    twice = {
        (page, name)
        for page, reader in read.items()
        for name in reader.ids
        if reader.ids.count(name) > 1
    }

    assert twice == set()


def test_every_image_has_an_alternative_text(read: dict[str, Reader]) -> None:
    assert {page: reader.inactive for page, reader in read.items() if reader.inactive} == {}


def test_styles_load_only_what_the_site_has() -> None:
    missing = []
    for style in SITE.rglob("*.css"):
        for target in re.findall(r"""url\(["']?([^"')]+)""", style.read_text("utf-8")):
            if target.startswith(("data:", "#")):
                continue
            if not Path(style.parent, urlsplit(target).path).exists():
                missing.append((style.name, target))

    assert missing == []


def test_a_link_to_a_picture_shows_its_title(browser: Browser, base: str) -> None:
    """The claims table and home lead to pictures; what a picture says stands above it."""
    found = re.findall(
        r'href="(story/[^"]+#picture-\d+)"', (SITE / "claims.html").read_text("utf-8")
    )
    hidden = []
    phone = {"width": 390, "height": 844}
    with browser.new_context(viewport=phone, reduced_motion="reduce") as context:
        page = context.new_page()
        for target in sorted(set(found)):
            page.goto(base + target)
            picture = page.locator(f"#{target.partition('#')[2]}")
            above = picture.locator("xpath=preceding-sibling::*[1][@class='figure-title']")
            top = page.evaluate("document.querySelector('.mobile-header').offsetHeight")
            # Pictures of several drawings have a title each, inside.
            if above.count() and above.bounding_box()["y"] < top:
                hidden.append(target)

    assert len(set(found)) > 20
    assert hidden == []
