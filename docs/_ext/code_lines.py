"""Code that wraps keeps its shape: what continues a line stands further in than where it began.

In Python the indentation is the syntax, so a line that is broken on a phone must not look like two.
Each line becomes an element that knows its indentation, and site.css hangs what wraps from it.
"""

import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Any

from pygments.formatters import HtmlFormatter
from sphinx.application import Sphinx
from sphinx.highlighting import PygmentsBridge

# What stands before the code of a line: the prompt of an example, and spaces.
BEFORE = re.compile(r"((>>>|\.\.\.) )? *")
MOST = 24


def indentation(line: str) -> int:
    """Count the characters before the code of a highlighted line."""
    text = unescape(re.sub("<[^>]+>", "", line))
    return min(MOST, BEFORE.match(text).end())


class LinesFormatter(HtmlFormatter):
    """Write each line of code as an element."""

    def _format_lines(self, tokensource: Iterable[Any]) -> Iterator[tuple[int, str]]:
        for kind, line in super()._format_lines(tokensource):
            hung = f'<span class="line in-{indentation(line)}">{line}</span>'
            yield kind, hung if kind == 1 else line


def setup(_: Sphinx) -> dict[str, Any]:
    """Use it for all code of the site."""
    PygmentsBridge.html_formatter = LinesFormatter
    return {"parallel_read_safe": True, "parallel_write_safe": True}
