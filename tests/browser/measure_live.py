"""What the live pictures cost: ``python -m tests.browser.measure_live [SITE]`` prints a table.

Times belong to the machine, so no test looks at them; sizes are tested in test_live.py.
"""

import sys
from functools import partial
from gzip import compress
from pathlib import Path
from statistics import median
from threading import Thread
from urllib.parse import urlsplit

from playwright.sync_api import expect, sync_playwright

from tests.browser.conftest import QUIET, Host, Server, chromium
from tests.browser.site import PREFIX, SITE

PAGE = "contributing/live.html"
CHANGES = 200

# Moves a slider, and waits until the picture is on the screen.
MOVE = """async (count) => {
    const slider = document.querySelector('#network input[type=range][data-do=x1]');
    const slot = document.querySelector('#network [data-slot=network]');
    const times = [];
    for (let i = 0; i < count; i += 1) {
        const drawn = new Promise((done) => new MutationObserver((_, seen) => {
            seen.disconnect();
            done();
        }).observe(slot, {childList: true}));
        const start = performance.now();
        slider.value = (i % 31) * 0.25 - 3.75;
        slider.dispatchEvent(new Event('input', {bubbles: true}));
        await drawn;
        times.push(performance.now() - start);
    }
    return times;
}"""


def main(site: Path = SITE) -> None:
    """Measure once, in a fresh browser."""
    with (
        Server(("127.0.0.1", 0), partial(Host, directory=site)) as server,
        sync_playwright() as playwright,
    ):
        Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=chromium(playwright), args=QUIET)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(urlsplit(request.url).path))
        page.goto(f"http://127.0.0.1:{server.server_port}{PREFIX}{PAGE}", wait_until="load")
        scripts = {path for path in asked if "/live/" in path and path.endswith(".js")}
        before = len(asked)
        first = page.evaluate("performance.now()")
        page.locator('#network [data-key="edge-W2[0][0]"]').click()
        expect(page.locator("#network [data-slot=name]")).to_contain_text("W2[0][0]", timeout=60000)
        first = page.evaluate("performance.now()") - first
        fetched = {
            path.removeprefix(PREFIX) for path in asked[before:] if not path.endswith(".svg")
        }
        times = sorted(page.evaluate(MOVE, CHANGES))
        packed = sum(
            len(compress((site / one.removeprefix(PREFIX)).read_bytes())) for one in scripts
        )
        rows = {
            "scripts before a touch, gzip": f"{packed} bytes in {len(scripts)} files",
            "files after a touch": f"{len(fetched)}",
            "bytes after a touch": f"{sum((site / one).stat().st_size for one in fetched)}",
            "first result": f"{first:.0f} ms",
            f"a change, median of {CHANGES}": f"{median(times):.1f} ms",
            "a change, 95th percentile": f"{times[int(0.95 * CHANGES)]:.1f} ms",
        }
        for what, value in rows.items():
            sys.stdout.write(f"{what:34} {value}\n")
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
