"""What is asked of a claim before it may stand on a page."""

import doctest
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from claim_register import VERDICTS, Entry
from claim_texts import first_failure
from docutils import nodes


@dataclass(frozen=True)
class Stated:
    """A claim as a page states it."""

    name: str
    options: dict[str, str]
    body: list[nodes.Node]
    examples: list[doctest.Example]
    refuted_by: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Whether it holds."""
        return self.options.get("verdict", "")

    @property
    def statement(self) -> list[nodes.Node]:
        """The sentences before the first example: what is claimed."""
        return self.body[: self._first_of_check()]

    @property
    def proof(self) -> list[nodes.Node]:
        """The examples, and what stands around them."""
        return self.body[self._first_of_check() :]

    def _first_of_check(self) -> int:
        """Find where the check begins: a sentence that leads to an example belongs to it."""
        first = self._first_example()
        while first > 1 and self.body[first - 1].astext().endswith(":"):
            first -= 1
        return first

    def _first_example(self) -> int:
        code = (nodes.doctest_block, nodes.literal_block)
        places = [place for place, node in enumerate(self.body) if isinstance(node, code)]
        return min(places, default=len(self.body))


def problems(
    claim: Stated,
    entry: Entry | None,
    changes: Collection[str],
    sources: Collection[str],
    docname: str,
) -> Iterator[str]:
    """Say what is wrong with a claim, in words for its author."""
    if entry is None:
        yield "the register does not know it"
    else:
        if claim.verdict != entry.verdict:
            yield f"it is {claim.verdict!r} here and {entry.verdict!r} in the register"
        number = re.search(r"plot_(\d+)", docname)
        if number and int(number[1]) != entry.page:
            yield f"it is on page {int(number[1])} here and on {entry.page} in the register"
    yield from problems_of_words(claim)
    yield from problems_of_examples(claim.examples)
    if not claim.refuted_by:
        yield "nothing refutes it: :refuted-by: names no change"
    for name in claim.refuted_by:
        if name not in changes:
            yield f"no such change: {name}"
    for key in claim.sources:
        if key not in sources:
            yield f"no such source: {key}"


def problems_of_words(claim: Stated) -> Iterator[str]:
    """Check that everything is said, and nothing that contradicts the verdict."""
    if claim.verdict not in VERDICTS:
        yield f":verdict: is {claim.verdict!r}, expected one of {', '.join(VERDICTS)}"
    if ("when" in claim.options) != (claim.verdict == "holds when"):
        yield ":when: goes with the verdict 'holds when', and with no other"
    if "corrected" not in claim.options and claim.verdict != "holds":
        yield ":corrected: is missing: which sentence is true?"
    if claim.options.get("picture", "none") != "none":
        yield ":picture: is 'none', or left out: then it is the picture above the claim"
    if not claim.statement:
        yield "it has no sentence before its first example"


def problems_of_examples(examples: list[doctest.Example]) -> Iterator[str]:
    """Run the examples; what they show must be able to be wrong."""
    if not any(example.want for example in examples):
        yield "it has no doctest that expects an answer"
        return
    if any(example.options for example in examples):
        yield "its doctest has options: exact answers need none"
    last = examples[-1]
    if last.source.count("\n") != 1 or last.want.count("\n") != 1:
        yield "its last example is no single line with a single line of answer"
    if failure := first_failure(examples):
        source, want = failure.example.source.strip(), failure.example.want.strip()
        yield f"its doctest fails: {source} gave {failure.got}, expected {want}"
