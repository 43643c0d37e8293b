"""Where the project's examples live, and how each kind of file is read and run.

========== =========================== ================== ============================
kind       files                       read as            one namespace for
========== =========================== ================== ============================
docstrings ``src/**/*.py``             doctests           each docstring
pages      ``README.md``, ``docs/``    doctests and code  each page
gallery    ``gallery/**/plot_*.py``    doctests and code  each script
========== =========================== ================== ============================

The docstrings of ``sgdexplained.pytorch`` are run where PyTorch is: in the parity session.
What a gallery script or a page says of PyTorch stands in blocks of their own. They need PyTorch,
so ``tests/parity`` runs them, each in a namespace for itself.
"""

import re
import sys
import textwrap
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from typing import Any

from sphinx_gallery.py_source_parser import split_code_and_text_blocks
from sybil import Document, Example, Region, Sybil
from sybil.document import PythonDocStringDocument
from sybil.evaluators.python import PythonEvaluator
from sybil.example import NotEvaluated
from sybil.parsers.abstract.doctest import DocTestStringParser
from sybil.parsers.myst import PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser
from sybil.python import import_path
from sybil.region import Lexeme
from sybil.sybil import SybilCollection
from sybil.typing import Parser


class Docstrings(PythonDocStringDocument):
    """A module whose docstrings each begin anew, so that none leans on the one above it."""

    def __init__(self, text: str, path: str) -> None:
        super().__init__(text, path)
        self.evaluators = [self.begin]

    def begin(self, example: Example) -> None:
        """Let a docstring see its module's names, as Python's own doctest does."""
        if not example.namespace:
            example.namespace.update(vars(import_path(Path(self.path))))
        raise NotEvaluated

    def examples(self) -> Iterator[Example]:
        """Give the examples of one docstring one namespace."""
        starts = sorted(start for start, _, _ in self.extract_docstrings(self.text))
        namespaces: defaultdict[int, dict[str, Any]] = defaultdict(dict)
        for example in super().examples():
            example.namespace = namespaces[bisect(starts, example.start)]
            yield example


class GalleryScript(Document):
    """A gallery script with its prose uncommented, character for character in its place."""

    @classmethod
    def parse(cls, path: str, *_: Parser, encoding: str = "utf-8") -> Document:
        """Run the script's code blocks, and the doctests in its prose, from top to bottom."""
        text = Path(path).read_text(encoding)
        document = cls(text, path)
        document.namespace["__name__"] = "__main__"
        prose = re.sub("^# ?", lambda sign: " " * len(sign[0]), text, flags=re.MULTILINE)
        offsets = [0, *(newline.end() for newline in re.finditer("\n", text))]
        for kind, content, line in split_code_and_text_blocks(path)[1]:
            start = offsets[line - 1]
            if kind == "code":
                code = Lexeme(content, 0, -1)
                document.add(Region(start, start + len(content), code, PythonEvaluator()))
                continue
            if line == 1:
                start, end, _ = next(PythonDocStringDocument.extract_docstrings(text))
            else:
                end = start + len(re.match(r"(#.*\n?)*", text[start:])[0])
            for region in DocTestStringParser()(prose[start:end], path):
                region.start += start
                region.end += start
                document.add(region)
        return document


def peer_blocks(text: str) -> list[tuple[int, str]]:
    """Find the plain Python blocks in a gallery script's prose: the line of each, and its code."""
    lines = text.splitlines()
    found = []
    for number, line in enumerate(lines, start=1):
        if line == "# .. code-block:: python":
            inside = takewhile(lambda after: re.match("#( {4}|$)", after), lines[number:])
            code = textwrap.dedent("\n".join(after[1:] for after in inside))
            found.append((number, code.strip() + "\n"))
    return found


def torch_blocks(text: str) -> list[tuple[int, str]]:
    """Find the blocks of PyTorch on a Markdown page: the line of each, and its code."""
    return [
        (text.count("\n", 0, block.start()) + 1, block[1])
        for block in re.finditer(r"^```\{torch\}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


def close_figures(_: dict[str, Any]) -> None:
    """Leave neither figures nor settings behind for whatever runs next."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot:
        pyplot.close("all")
        pyplot.rcdefaults()


def collect(root: Path) -> SybilCollection:
    """Tell pytest which files under a folder hold examples, and how each is read."""
    return SybilCollection(
        [
            Sybil(
                [DocTestParser()],
                name="docstrings",
                path=str(root / "src"),
                pattern="*.py",
                # The room for models of PyTorch cannot be opened where there is no PyTorch.
                excludes=[] if find_spec("torch") else ["sgdexplained/pytorch/*.py"],
                document_types={".py": Docstrings},
                teardown=close_figures,
            ),
            Sybil([PythonCodeBlockParser()], name="readme", path=str(root), pattern="README.md"),
            Sybil(
                [PythonCodeBlockParser()],
                name="pages",
                path=str(root / "docs"),
                pattern="*.md",
                teardown=close_figures,
            ),
            Sybil(
                [],
                name="gallery",
                path=str(root / "gallery"),
                pattern="plot_*.py",
                document_types={".py": GalleryScript},
                teardown=close_figures,
            ),
        ]
    )
