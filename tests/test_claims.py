"""The registers of claims fit the engine and each other, and every claim is among the examples."""

from collections import Counter
from functools import cache
from pathlib import Path
from shutil import copy

import claim_register
import claim_texts
import pytest

from tests.examples import collect

ROOT = Path(__file__).parent.parent
CLAIMS = claim_texts.find_claims(ROOT)
REGISTER = claim_register.read_claims(ROOT / "docs" / "claims.toml")
CHANGES = claim_register.read_changes(ROOT / "docs" / "refutations.toml")


def test_the_register_has_every_claim() -> None:
    numbers = {"A": 6, "B": 7, "C": 5, "D": 6, "E": 5, "X": 12, "T": 3, "P": 10}

    assert list(REGISTER) == [f"{x}{k}" for x, last in numbers.items() for k in range(1, last + 1)]


def test_of_the_common_claims_five_hold_and_six_are_false() -> None:
    common = Counter(entry.verdict for name, entry in REGISTER.items() if name[0] in "ABCDE")

    assert common == {"holds": 5, "holds when": 18, "false as stated": 6}


def test_every_page_of_the_story_has_a_claim() -> None:
    numbers = {int(path.name.split("_")[1]) for path in (ROOT / "gallery").rglob("plot_*.py")}
    # Page 28 shows what becomes of the claims about batches when several machines share one.
    assert {entry.page for entry in REGISTER.values()} == numbers - {28}


def test_every_suggested_change_exists() -> None:
    suggested = {name for entry in REGISTER.values() for name in entry.suggested}

    assert suggested - set(CHANGES) == set()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_fits_the_engine(change: claim_register.Change, tmp_path: Path) -> None:
    source = ROOT / "src" / "sgdexplained"
    for edit in change.edits:
        (tmp_path / edit.file).parent.mkdir(parents=True, exist_ok=True)
        copy(source / edit.file, tmp_path / edit.file)

    change.apply(tmp_path)

    for edit in change.edits:
        path = tmp_path / edit.file
        assert path.read_bytes() != (source / edit.file).read_bytes()
        compile(path.read_text("utf-8"), path, "exec")


@cache
def collected(path: Path) -> set[tuple[str, str]]:
    """List the examples that a plain pytest runs from a file: source and answer."""
    [sybil] = [one for one in collect(ROOT) if one.should_parse(path)]
    parsed = [example.parsed for example in sybil.parse(path).examples()]
    return {(one.source, one.want) for one in parsed if hasattr(one, "want")}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_every_example_of_a_claim_is_run_by_pytest_too(claim: claim_texts.Claim) -> None:
    examples = {(one.source, one.want) for one in claim_texts.examples_in(claim.body)}

    assert examples
    assert examples - collected(claim.path) == set()


def test_claims_are_found_where_there_are_any() -> None:
    lines = [
        line
        for path in [*ROOT.glob("gallery/**/plot_*.py"), *ROOT.glob("docs/*.md")]
        for line in path.read_text("utf-8").splitlines()
        if line.startswith(("# .. claim::", ":::{claim}"))
    ]

    assert len(claim_texts.find_claims(ROOT)) == len(lines)
