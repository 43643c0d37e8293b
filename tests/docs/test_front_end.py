"""What the site takes from npm is pinned, checked, and asked for at no fixed address."""

import json
import re
from pathlib import Path

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_versions_are_exact() -> None:
    package = json.loads((DOCS / "package.json").read_text("utf-8"))
    wanted = package["dependencies"] | package["devDependencies"]

    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())


def test_every_package_is_checked_and_names_no_registry() -> None:
    lock = json.loads((DOCS / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}

    assert packages
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert not any("resolved" in entry for entry in packages.values())


def test_style_and_templates_load_nothing_from_elsewhere() -> None:
    files = [*(DOCS / "_static").rglob("*.css"), *(DOCS / "_templates").rglob("*.html")]
    outside = re.compile(r"""(url\(|@import|src=|href=)\s*["']?(https?:)?//""")

    assert files
    assert not [path.name for path in files if outside.search(path.read_text("utf-8"))]
