"""The bibliography lists the works that pages cite, and no others."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIBLIOGRAPHY = (ROOT / "docs/references.bib").read_text("utf-8")
WORKS = set(re.findall(r"^@\w+\{(\w+),", BIBLIOGRAPHY, re.MULTILINE))


def test_every_work_is_cited() -> None:
    texts = [
        path.read_text("utf-8")
        for folder, suffix in [("docs", "md"), ("gallery", "py"), ("src", "py")]
        for path in (ROOT / folder).rglob(f"*.{suffix}")
        if "node_modules" not in path.parts
    ]
    cited = set(re.findall(r"\w+", "\n".join(texts)))

    assert WORKS
    assert cited >= WORKS
