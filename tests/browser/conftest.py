"""A browser, and a server that holds the built site under a path, as most hosts do.

They need ``build/site`` and ``docs/node_modules``: ``nox -s docs`` makes both.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

from tests.browser.site import PREFIX, SITE

# Chromium asks home for news, which no reader's browser does on our behalf.
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


class Host(SimpleHTTPRequestHandler):
    """Serve the site below a path; show its page for missing addresses for everything else.

    That page alone does not know where it is shown, so it links to the root of the host.
    """

    def translate_path(self, path: str) -> str:
        """Find the file for an address."""
        return super().translate_path("/" + path.removeprefix(PREFIX))

    def send_error(self, code: int, *texts: str | None) -> None:
        """Send our own page, as hosts do that find a 404.html."""
        if code != 404:
            super().send_error(code, *texts)
            return
        page = (SITE / "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


# A host that is as strict as can be; wasm-unsafe-eval allows WebAssembly and no other eval.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)


class StrictHost(Host):
    """Serve the site under a content security policy."""

    def end_headers(self) -> None:
        """Send the policy."""
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()


class Server(ThreadingHTTPServer):
    """A server that does not mind when the browser has had enough."""

    def handle_error(self, *_: object) -> None:
        """Say nothing: what a page misses is seen in the browser."""


@contextmanager
def served(host: type[Host]) -> Iterator[str]:
    """Serve the site by one kind of host; give its address."""
    with Server(("127.0.0.1", 0), partial(host, directory=SITE)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def host() -> Iterator[str]:
    """Give the address of the host."""
    with served(Host) as address:
        yield address


@pytest.fixture(scope="session")
def strict() -> Iterator[str]:
    """Give the address of the site at a strict host."""
    with served(StrictHost) as address:
        yield address + PREFIX


@pytest.fixture(scope="session")
def base(host: str) -> str:
    """Give the address of the site."""
    return host + PREFIX


def chromium(playwright: Playwright) -> str:
    """Find a Chromium: the one that CHROMIUM names, Playwright's own, or the system's."""
    candidates = [
        os.environ.get("CHROMIUM"),
        playwright.chromium.executable_path,
        shutil.which("chromium"),
        shutil.which("chromium-browser"),
        shutil.which("google-chrome"),
    ]
    for candidate in filter(None, candidates):
        if Path(candidate).exists():
            return candidate
    message = (
        "There is no Chromium here. On Debian: apt-get install chromium. "
        "Elsewhere: nox -s browser -- --fetch-chromium. "
        "Or name one in the environment variable CHROMIUM."
    )
    pytest.exit(message, returncode=1)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start one browser for all tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(playwright), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def desktop(browser: Browser) -> Iterator[BrowserContext]:
    """Give a window as wide as a desktop's."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield context


@pytest.fixture(scope="session")
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """Give a window as wide as a phone's."""
    with browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True) as context:
        yield context
