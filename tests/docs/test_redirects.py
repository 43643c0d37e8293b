"""An address that has changed leads to a page that is there."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
MOVED = tomllib.loads((ROOT / "docs" / "redirects.toml").read_text("utf-8"))


def sources() -> set[str]:
    """Name all pages that somebody writes."""
    scripts = [path.relative_to(ROOT / "gallery") for path in (ROOT / "gallery").rglob("*.*")]
    names = {f"story/{path.with_suffix('').as_posix()}" for path in scripts}
    names |= {name.replace("GALLERY_HEADER", "index") for name in names}
    pages = (ROOT / "docs").glob("[!n]*/*.md")
    return names | {path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in pages}


def test_each_leads_to_a_page() -> None:
    assert set(MOVED.values()) <= sources()


def test_no_page_stands_where_one_has_moved_away() -> None:
    assert set(MOVED) & sources() == set()
