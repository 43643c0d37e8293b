"""How long the pages of the story are, and how far down their first picture is.

``python -m tests.browser.measure build/site`` prints a table, of this build or of another.
"""

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from playwright.sync_api import BrowserContext, Route, sync_playwright

# Words in sight: no code, nothing folded, none of what only helps to find one's way.
MEASURE = """() => {
  const article = document.querySelector("article");
  const screen = window.innerHeight;
  const picture = article.querySelector(".figure-title, img.drawing, .live");
  const high = (all) => [...all].reduce((sum, one) => sum + one.offsetHeight, 0);
  const hidden = "pre, script, style, .highlight, details > :not(summary), .katex-mathml," +
    " .progress, .headerlink, .sphx-glr-footer, .sphx-glr-download-link-note, nav";
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  let words = 0;
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (text.parentElement.closest(hidden)) continue;
    words += text.data.split(/\\s+/).filter(Boolean).length;
  }
  return {
    words,
    pixels: document.documentElement.scrollHeight,
    screens: document.documentElement.scrollHeight / screen,
    down: picture ? (picture.getBoundingClientRect().top + window.scrollY) / screen : Infinity,
    boxes: high(article.querySelectorAll("div.claim")) / article.offsetHeight,
    title: document.querySelector("h1").firstChild.data,
  };
}"""


class Measured(NamedTuple):
    """What a page measures in one window."""

    words: int
    pixels: int
    screens: float
    down: float
    boxes: float
    title: str


def measure(context: BrowserContext, address: str) -> Measured:
    """Open a page as it comes, everything folded, and measure it."""
    page = context.new_page()
    page.route("**/site.css*", waiting_for_letters)
    page.goto(address)
    page.evaluate("document.fonts.ready.then(() => true)")
    found = Measured(**page.evaluate(MEASURE))
    page.close()
    return found


def waiting_for_letters(route: Route) -> None:
    """Let the page wait for its letters: on a busy machine they come late, and others are wider."""
    found = route.fetch()
    route.fulfill(response=found, body=found.text().replace("display: optional", "display: block"))


class Quiet(SimpleHTTPRequestHandler):
    """A server that says nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def show(line: str) -> None:
    """Write a line of the table."""
    sys.stdout.write(f"{line}\n")


def main(site: Path) -> None:
    """Print a line for each page of the story, and the totals."""
    from tests.browser.conftest import QUIET, Server, chromium

    pages = [
        path
        for path in site.glob("story/*/plot_*.html")
        if "This page has moved" not in path.read_text("utf-8")
    ]
    names = sorted(path.relative_to(site).as_posix() for path in pages)
    server = Server(("127.0.0.1", 0), partial(Quiet, directory=site))
    Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}/"
    total = 0
    show("page                                             words screens boxes  down  phone  down")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(playwright), args=[*QUIET, "--no-sandbox"]
        )
        desktop = browser.new_context(viewport={"width": 1280, "height": 900})
        phone = browser.new_context(viewport={"width": 390, "height": 844})
        for name in names:
            wide, narrow = measure(desktop, base + name), measure(phone, base + name)
            total += wide.words
            short = name.rpartition("/")[2].removesuffix(".html")
            show(
                f"{short:48}{wide.words:6}{wide.screens:8.1f}{wide.boxes:6.0%}{wide.down:6.2f}"
                f"{narrow.screens:7.1f}{narrow.down:6.2f}"
            )
        browser.close()
    server.shutdown()
    show(f"{len(names)} pages, {total} words")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/site"))
