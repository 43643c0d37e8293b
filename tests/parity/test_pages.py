"""What the pages say of PyTorch: each block of it is run, and checks itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.examples import peer_blocks, torch_blocks

from .engines import pinned

ROOT = Path(__file__).parents[2]
STORY = sorted((ROOT / "gallery").rglob("plot_*.py"), key=lambda path: path.name)
ASK = [path for path in sorted((ROOT / "docs" / "ask").glob("*.md")) if path.stem != "index"]
OTHERS = [
    path
    for path in sorted((ROOT / "docs").rglob("*.md"))
    if "node_modules" not in path.parts and path not in ASK
]

# Pages of the story and of Ask that need no block of PyTorch, and why.
WITHOUT: dict[str, str] = {}


BLOCKS = {
    f"{path.stem}-{line}": (path, line, code)
    for paths, blocks in ((STORY, peer_blocks), ([*ASK, *OTHERS], torch_blocks))
    for path in paths
    for line, code in blocks(path.read_text("utf-8"))
}


def test_each_page_has_a_block_or_a_reason():
    having = {path.name for path, _, _ in BLOCKS.values()} & {path.name for path in [*STORY, *ASK]}
    pages = {path.name for path in [*STORY, *ASK]}

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
