"""Write the pages anew that show what other pages say, but only when that has changed.

Sphinx writes a page when its own text has changed. A list of claims or a card of the story shows
what stands on other pages, so it would stay as it was.
"""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def digest(value: object) -> str:
    """Condense what something says of itself into one word."""
    return hashlib.sha256(repr(value).encode()).hexdigest()


def write_when_changed(
    app: Sphinx,
    name: str,
    pages: Callable[[BuildEnvironment], Iterable[str]],
    shown: Callable[[BuildEnvironment], object],
) -> None:
    """Have pages written when what they show of others is not what the last build showed.

    Parameters
    ----------
    app : Sphinx
        The build.
    name : str
        The file in which it is remembered, beside the doctrees.
    pages : callable
        Names the pages that show something of others.
    shown : callable
        Returns what they show: something whose ``repr`` changes with it.
    """

    def stamp() -> Path:
        return Path(app.doctreedir, f"{name}.shown")

    def outdated(_: Sphinx, env: BuildEnvironment) -> list[str]:
        last = stamp().read_text("utf-8") if stamp().exists() else ""
        return [] if last == digest(shown(env)) else sorted(set(pages(env)) & env.found_docs)

    def remember(_: Sphinx, error: Exception | None) -> None:
        # What broke off may have written some of the pages, and not the others.
        if error is None:
            stamp().write_text(digest(shown(app.env)), "utf-8")

    app.connect("env-updated", outdated)
    app.connect("build-finished", remember)
