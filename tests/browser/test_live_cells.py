"""Every example that has *Run* runs without NumPy, and gives what the page says.

No browser is needed: the examples are read from the built pages, and run by the functions that the
page asks, in a Python that has nothing installed.
"""

import json
import re
import subprocess
import sys
from doctest import DocTestParser
from html import unescape

import pytest

from tests.browser.site import PAGES, ROOT, SITE

CELL = re.compile(
    r'<div class="live-cell" data-kind="(\w+)"( data-missing="\w+")?>.*?<pre>(.*?)</pre>', re.DOTALL
)
# Runs all cells of a page from top to bottom; one that needs more is only an earlier one.
PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
from sgdexplained.live.cells import answer
cells = json.load(sys.stdin)
sources = [[kind, source] for kind, source, _ in cells]
found = [
    None if missing else answer("page", sources[: place + 1])
    for place, (_, _, missing) in enumerate(cells)
]
json.dump(found, sys.stdout)
"""


def cells_of(name: str) -> list[tuple[str, str, bool]]:
    """Read the examples of a page: their kind, their text, and whether they need more."""
    html = (SITE / name).read_text("utf-8")
    return [
        (kind, unescape(re.sub("<[^>]+>", "", text)).rstrip("\n"), bool(missing))
        for kind, missing, text in CELL.findall(html)
    ]


def code_of(kind: str, text: str) -> str:
    """Take prompts and output off, as the script of the page does."""
    if kind == "cell":
        return text
    lines = [line[4:] for line in text.splitlines() if re.match(r"(>>>|\.\.\.)( |$)", line)]
    return "\n".join(lines)


WITH_CELLS = [name for name in PAGES if any(not missing for *_, missing in cells_of(name))]


def test_most_pages_have_examples_that_run() -> None:
    assert len(WITH_CELLS) > 30


@pytest.mark.parametrize("name", WITH_CELLS)
def test_examples_of_a_page_run_and_give_what_it_says(name: str) -> None:
    cells = cells_of(name)
    request = [(kind, code_of(kind, text), missing) for kind, text, missing in cells]
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROGRAM, str(ROOT / "src")],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )
    wrong = []
    for (kind, text, _), found in zip(cells, json.loads(ran.stdout), strict=True):
        if found is None:
            continue
        if found["failed"]:
            wrong.append((text[:60], found["output"]))
        elif kind == "doctest":
            wanted = "".join(example.want for example in DocTestParser().get_examples(text))
            if found["output"].split() != wanted.replace("<BLANKLINE>", "").split():
                wrong.append((wanted, found["output"]))

    assert wrong == []
