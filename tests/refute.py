"""Try to refute every claim: change the engine a little, and see that the claim notices.

``python -m tests.refute`` applies, one after the other, the changes of docs/refutations.toml to a
copy of the package and runs the claims that name the change; a claim that still holds has not been
tested by it. ``python -m tests.refute B4 C3`` runs those claims under every change there is, to
find the ones that refute them.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs" / "_ext"))

from claim_register import Change, DoesNotApplyError, read_changes  # noqa: E402
from claim_texts import Claim, examples_in, find_claims, first_failure  # noqa: E402

PACKAGE = "sgdexplained"
SECONDS = 60
NO_CHANGE = Change("(no change)", "", ())


@dataclass(frozen=True)
class Outcome:
    """What became of a claim under a change."""

    claim: Claim
    change: Change
    # "holds", "refuted", or "breaks": an error says that the change broke more than it should.
    word: str
    detail: str = ""

    @property
    def right(self) -> bool:
        """Whether it is what the author of the claim promises."""
        return self.word == ("refuted" if self.change.edits else "holds")

    def __str__(self) -> str:
        line = f"{self.claim.name:4} {self.change.name:26} {self.word:8} {self.detail}"
        return line.replace("\n", " ")[:110].rstrip()


# -- In a process of its own: run claims with the package that lies in a folder -------------------


def load(folder: str, files: list[str]) -> None:
    """Import the package and its changed modules, and make sure that they lie in the folder."""
    package = import_module(PACKAGE)
    if Path(package.__path__[0]).parent != Path(folder):
        message = f"{PACKAGE} comes from {package.__path__[0]}, not from {folder}"
        raise ImportError(message)
    for file in files:
        import_module(".".join([PACKAGE, *Path(file).with_suffix("").parts]))


def judge(body: str) -> tuple[str, str]:
    """Run the examples of a claim."""
    failure = first_failure(examples_in(body))
    if failure is None:
        return "holds", ""
    source = failure.example.source.strip()
    return "breaks" if failure.crashed else "refuted", f"{source} gave {failure.got}"


def work() -> None:
    """Answer one request: which claims hold with this package?"""
    request = json.load(sys.stdin)
    load(request["folder"], request["files"])
    json.dump([judge(body) for body in request["bodies"]], sys.stdout)


# -- Here: one process for each change -----------------------------------------------------------


def run_under(change: Change, claims: list[Claim], source: Path) -> list[Outcome]:
    """Run claims with a changed copy of the package that lies in a folder."""
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source / PACKAGE, folder / PACKAGE, ignore=ignored)
        try:
            change.apply(folder / PACKAGE)
        except DoesNotApplyError as error:
            return [Outcome(claim, change, "breaks", str(error)) for claim in claims]
        request = {
            "folder": str(folder),
            "files": [edit.file for edit in change.edits],
            "bodies": [claim.body for claim in claims],
        }
        # One thread: claims are small, and the changes themselves run side by side.
        try:
            answer = subprocess.run(
                [sys.executable, "-B", "-m", "tests.refute", "--work"],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": name, "OPENBLAS_NUM_THREADS": "1"},
                input=json.dumps(request),
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return [
                Outcome(claim, change, "breaks", "it does not come to an end") for claim in claims
            ]
    if answer.returncode:
        error = answer.stderr.strip().rpartition("\n")[2]
        return [Outcome(claim, change, "breaks", error) for claim in claims]
    words = json.loads(answer.stdout)
    return [Outcome(claim, change, *word) for claim, word in zip(claims, words, strict=True)]


def run_all(pairs: list[tuple[Change, list[Claim]]], source: Path) -> Iterator[Outcome]:
    """Run the claims of each pair under its change, two changes at a time."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        for outcomes in pool.map(lambda pair: run_under(*pair, source), pairs):
            yield from outcomes


def named_by(claims: list[Claim], changes: dict[str, Change]) -> list[tuple[Change, list[Claim]]]:
    """List the changes that claims name, each with those claims; first of all, no change."""
    names = dict.fromkeys(name for claim in claims for name in claim.refuted_by)
    return [
        (NO_CHANGE, claims),
        *(
            (changes[name], [one for one in claims if name in one.refuted_by])
            for name in names
            if name in changes
        ),
    ]


def mistakes(claims: list[Claim], changes: dict[str, Change]) -> Iterator[str]:
    """Say which claims name no change, or one that there is not."""
    for claim in claims:
        if not claim.refuted_by:
            yield f"{claim.name:4} names no change"
        for name in claim.refuted_by:
            if name not in changes:
                yield f"{claim.name:4} names a change that there is not: {name}"
    if not claims:
        yield "There are no claims."


def main(names: list[str], root: Path = ROOT) -> int:
    """Print a table; give 0 if every claim holds and is refuted by all it names, else 1."""
    changes = read_changes(root / "docs" / "refutations.toml")
    claims = find_claims(root)
    if names:
        chosen = [claim for claim in claims if claim.name in names]
        for outcome in run_all([(change, chosen) for change in changes.values()], root / "src"):
            print(outcome, flush=True)
        return 0
    outcomes = []
    for outcome in run_all(named_by(claims, changes), root / "src"):
        outcomes.append(outcome)
        print(outcome, flush=True)
    print(f"\n{len(claims)} claims, {len(outcomes) - len(claims)} refutations.")
    wrong = [str(outcome) for outcome in outcomes if not outcome.right]
    wrong += mistakes(claims, changes)
    print(*(wrong or ["Each claim holds, and is refuted by all that it names."]), sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--work"]:
        work()
    else:
        sys.exit(main(sys.argv[1:]))
