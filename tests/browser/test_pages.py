"""Every page, in four views: desktop and phone, light and dark."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.site import AXE, PAGES, PREFIX, weight

# Of which at most 12 kB are what makes pictures live, before anybody touches one.
PAGE_BUDGET = 214_000
FIGURE_BUDGET = 60_000
# A tenth of what still counts as good.
SHIFT = 0.01
# How often a page that shifts is loaded again.
AGAIN = 2

# WCAG 2.0 to 2.2, levels A and AA, and axe's advice. Only two rules depend on colours, so that the
# dark view of a page need not be asked about the others again.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL = {"runOnly": TAGS, "resultTypes": ["violations"]}
COLOURS = ALL | {"runOnly": ["color-contrast", "link-in-text-block"]}

# Advice that is not taken, and why: a rule, and what stands in the element.
DECLINED = {
    # The theme's boxes that open its menus come before everything else, as skip links do. They are
    # outside every landmark because the style sheet looks for what comes after them.
    "region": 'class="sidebar-toggle"',
}

WATCH_SHIFTS = """
window.shifted = 0;
window.whatShifted = [];
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
        window.shifted += entry.value;
        for (const { node } of entry.sources) {
            window.whatShifted.push((node?.outerHTML ?? node?.textContent ?? "?").slice(0, 80));
        }
    }
}).observe({type: "layout-shift", buffered: true});
"""

# Whatever a reader would have to push sideways, the page itself included.
TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll("article *")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1 && (one.matches("html")
        || ["auto", "scroll"].includes(getComputedStyle(one).overflowX)))
    .map((one) => one.outerHTML.slice(0, 80))
"""

LOADED = "() => performance.getEntriesByType('resource').map((entry) => entry.name)"
CHECK = "(options) => axe.run(document, options)"


def open_page(context: BrowserContext, host: str, name: str, problems: list[str]) -> Page:
    """Load a page and write down what goes wrong on the way."""
    page = context.new_page()
    page.add_init_script(WATCH_SHIFTS)
    page.on("pageerror", lambda error: problems.append(f"script: {error}"))
    page.on(
        "console",
        lambda message: (
            problems.append(f"console: {message.text}") if message.type == "error" else None
        ),
    )
    page.on("requestfailed", lambda request: problems.append(f"failed: {request.url}"))
    page.on(
        "response",
        lambda answer: (
            problems.append(f"{answer.status}: {answer.url}") if answer.status >= 400 else None
        ),
    )

    def refuse(route: Any) -> None:
        problems.append(f"outside the site: {route.request.url}")
        route.abort()

    # The page for missing addresses stands at the root, see the host.
    inside = host + ("/" if name == "404.html" else PREFIX)
    page.route(lambda url: not url.startswith((inside, "data:", "blob:")), refuse)
    page.goto(inside + name, wait_until="load")
    return page


def weigh(page: Page) -> list[str]:
    """List what is too heavy on a first visit, when nothing has been loaded before."""
    prefix = "/" if page.url.endswith("/404.html") else PREFIX
    paths = [urlsplit(url).path for url in [page.url, *page.evaluate(LOADED)]]
    sizes = {path: weight(path.removeprefix(prefix)) for path in paths if path.startswith(prefix)}
    figures = {path: size for path, size in sizes.items() if "/_images/" in path}
    rest = sum(sizes.values()) - sum(figures.values())
    return [f"{path}: {size} bytes" for path, size in figures.items() if size > FIGURE_BUDGET] + [
        f"page without figures: {rest} bytes" for rest in [rest] if rest > PAGE_BUDGET
    ]


def violations(page: Page, rules: dict[str, Any]) -> list[str]:
    """Ask axe."""
    found = page.evaluate(CHECK, rules)["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:120]}"
        for rule in found
        for node in rule["nodes"]
        if DECLINED.get(rule["id"], "nothing") not in node["html"]
    ]


def what_shifts(page: Page) -> list[str]:
    """Say by how much the layout of a loaded page has shifted, and what, if that is too much."""
    shifted = page.evaluate("shifted")
    if shifted <= SHIFT:
        return []
    return [f"the layout shifts by {shifted:.3f}: {page.evaluate('whatShifted')}"]


@pytest.mark.parametrize("name", PAGES)
def test_page(name: str, host: str, desktop: BrowserContext, phone: BrowserContext) -> None:
    problems: list[str] = []
    for view, context in [("desktop", desktop), ("phone", phone)]:
        page = open_page(context, host, name, problems)
        if page.locator("h1").count() != 1:
            problems.append("not exactly one h1")
        if context is desktop:
            problems += weigh(page)
        else:
            problems += [f"too wide: {part}" for part in page.evaluate(TOO_WIDE)]
        page.evaluate(AXE.read_text("utf-8"))
        for scheme, rules in [("light", ALL), ("dark", COLOURS)]:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            problems += [f"{view}, {scheme}: {problem}" for problem in violations(page, rules)]
        shifts = what_shifts(page)
        page.close()
        # On a busy machine a font may come late, once; what is wrong in a page shifts each time.
        for _ in range(AGAIN):
            if not shifts:
                break
            page = open_page(context, host, name, problems)
            shifts = what_shifts(page)
            page.close()
        problems += [f"{view}: {shift}" for shift in shifts]

    assert problems == []
