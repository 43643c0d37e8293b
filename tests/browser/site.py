"""The built site as files: its pages, and what it weighs."""

import gzip
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SITE = ROOT / "build" / "site"
AXE = ROOT / "docs" / "node_modules" / "axe-core" / "axe.min.js"

# Nobody's site is here: a link that works only at the root of a host fails.
PREFIX = "/any/where/"

# Pages that only lead on, from an address that has changed.
MOVED = {
    f"{name}.html" for name in tomllib.loads((ROOT / "docs" / "redirects.toml").read_text("utf-8"))
}

PAGES = sorted({path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html")} - MOVED)


@cache
def weight(name: str) -> int:
    """Give the size of a file as it is sent: compressed."""
    return len(gzip.compress((SITE / name).read_bytes(), mtime=0))
