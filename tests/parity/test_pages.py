"""What the pages of the story say of PyTorch: each block of it is run, and checks itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.examples import peer_blocks

from .engines import pinned

GALLERY = Path(__file__).parents[2] / "gallery"
PAGES = sorted(GALLERY.rglob("plot_*.py"), key=lambda path: path.name)

# Pages that need no block of PyTorch, and why.
WITHOUT: dict[str, str] = {}


BLOCKS = {
    f"{path.stem}-{line}": (path, line, code)
    for path in PAGES
    for line, code in peer_blocks(path.read_text("utf-8"))
}


def test_each_page_has_a_block_or_a_reason():
    having = {path.name for path, _, _ in BLOCKS.values()}
    pages = {path.name for path in PAGES}

    assert having
    assert pages - having == WITHOUT.keys()
    assert all(WITHOUT.values())


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_stands_by_itself_and_can_fail(name):
    _, _, code = BLOCKS[name]

    assert re.search(r"^import torch$", code, re.MULTILINE)
    assert re.search(r"^assert ", code, re.MULTILINE)
    assert max(map(len, code.splitlines())) <= 80


@pinned("torch")
@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_holds(name):
    path, line, code = BLOCKS[name]
    # Blank lines in front, so that an error names the line of the page.
    block = compile("\n" * (line + 1) + code, path, "exec")
    exec(block, {"__name__": "__main__"})
