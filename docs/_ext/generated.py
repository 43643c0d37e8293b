"""Write pages that other extensions make up, so that Sphinx reads again only what has changed."""

from pathlib import Path


def write_pages(folder: Path, pages: dict[str, str]) -> None:
    """Make a folder hold exactly these reST pages, given by name; what is the same stays."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {folder / f"{name}.rst": text for name, text in pages.items()}
    for path in set(folder.glob("*.rst")) - set(wanted):
        path.unlink()
    for path, text in wanted.items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
