"""Claims as they stand in the sources: found, read and run, without building a site."""

import doctest
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sphinx_gallery.py_source_parser import split_code_and_text_blocks

FENCE = re.compile(r"^(`{3,}|~{3,}|:{3,})[ ]*(\{([\w:-]+)\}[ ]*(.*?))?")


@dataclass(frozen=True)
class Claim:
    """A claim as its author wrote it."""

    name: str
    path: Path
    line: int
    refuted_by: tuple[str, ...]
    body: str


@dataclass(frozen=True)
class Failure:
    """The first example that does not come out as written, and what came out instead."""

    example: doctest.Example
    got: str
    crashed: bool = False


def words_in(text: str) -> tuple[str, ...]:
    """Split an option that lists names, separated by commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


# -- The examples of a claim ---------------------------------------------------------------------


def examples_in(body: str) -> list[doctest.Example]:
    """List the examples in the body of a claim; their lines count from 0, at its first line."""
    # A Markdown fence that follows an output is not part of it.
    unfenced = re.sub(r"^[ ]*(`{3,}|~{3,}).*$", "", body, flags=re.MULTILINE)
    return doctest.DocTestParser().get_examples(unfenced)


class Judge(doctest.DocTestRunner):
    """Run examples until one fails, without a word, and keep the failure."""

    failure: Failure | None = None

    def report_failure(self, _out: Any, _test: Any, example: doctest.Example, got: str) -> None:
        """Keep an output that is not the one expected."""
        self.failure = Failure(example, got.strip())

    def report_unexpected_exception(
        self, _out: Any, _test: Any, example: doctest.Example, problem: Any
    ) -> None:
        """Keep an exception; one that a check raises is an answer, any other is a breakdown."""
        kind, error, _ = problem
        answer = f"{kind.__name__}: {error}".strip()
        self.failure = Failure(example, answer, crashed=not issubclass(kind, AssertionError))


def first_failure(examples: list[doctest.Example]) -> Failure | None:
    """Run examples in a namespace of their own, under no options but those of Python."""
    judge = Judge(verbose=False, optionflags=doctest.FAIL_FAST)
    namespace = {"__name__": "__main__"}
    judge.run(doctest.DocTest(examples, namespace, "claim", None, 0, None), out=lambda _: None)
    return judge.failure


# -- Claims in gallery scripts and in Markdown pages ---------------------------------------------


def read(name: str, path: Path, line: int, lines: list[str]) -> Claim:
    """Read what stands under the first line of a claim: options, an empty line, the body."""
    start = next((k for k, text in enumerate(lines) if not text.strip()), len(lines))
    head = "\n".join(lines[:start])
    options = dict(re.findall(r"^:([\w-]+):((?:.|\n(?=\s))*)", head, re.MULTILINE))
    refuted_by = words_in(options.get("refuted-by", ""))
    return Claim(name.strip(), path, line, refuted_by, "\n".join(lines[start:]))


def claims_in_rest(text: str, path: Path, first_line: int) -> Iterator[Claim]:
    """Find the claims in reStructuredText: each has what is indented deeper."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if match := re.match(r"( *)\.\. claim::(.*)", line):
            deeper = re.compile(rf"{match[1]} +\S|\s*$")
            end = number + 1
            while end < len(lines) and deeper.match(lines[end]):
                end += 1
            body = lines[number + 1 : end]
            indent = min(len(text) - len(text.lstrip()) for text in body if text.strip())
            yield read(match[2], path, first_line + number, [text[indent:] for text in body])


def claims_in_markdown(text: str, path: Path) -> Iterator[Claim]:
    """Find the claims in Markdown: fences of their own, or within those of another directive."""
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        fence = FENCE.match(lines[number])
        number += 1
        # What stands in a fence of colons is read as prose, what stands in backticks is not.
        if not fence or (fence[3] != "claim" and fence[1][0] == ":"):
            continue
        closing = re.compile(rf"{re.escape(fence[1])}{fence[1][0]}*\s*$")
        start = number
        while number < len(lines) and not closing.match(lines[number]):
            number += 1
        if fence[3] == "claim":
            name = lines[start - 1].partition("}")[2]
            yield read(name, path, start, lines[start:number])
        number += 1


def find_claims(root: Path) -> list[Claim]:
    """Find every claim in the gallery and the pages of a project."""
    claims: list[Claim] = []
    for path in sorted((root / "gallery").rglob("plot_*.py")):
        for kind, text, line in split_code_and_text_blocks(str(path))[1]:
            if kind == "text":
                claims += claims_in_rest(text, path, line)
    for path in sorted((root / "docs").rglob("*.md")):
        if "node_modules" not in path.parts:
            claims += claims_in_markdown(path.read_text("utf-8"), path)
    return claims
