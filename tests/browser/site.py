"""The built site as files: its pages, and what it weighs."""

import gzip
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SITE = ROOT / "build" / "site"
AXE = ROOT / "docs" / "node_modules" / "axe-core" / "axe.min.js"

# Nobody's site is here: a link that works only at the root of a host fails.
PREFIX = "/any/where/"

PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))


@cache
def weight(name: str) -> int:
    """Give the size of a file as it is sent: compressed."""
    return len(gzip.compress((SITE / name).read_bytes(), mtime=0))
