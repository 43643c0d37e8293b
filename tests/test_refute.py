"""A claim that survives a change is found out, and so is a change that breaks too much."""

import re
from pathlib import Path

import pytest
from claim_register import Change, DoesNotApplyError, Edit
from claim_texts import Claim

from tests import refute

SOURCE = "def twice(x):\n    return 2 * x\n"
BODY = "\n>>> from sgdexplained import twice\n>>> twice(1)\n2\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Lay out a package of one module, which stands in for the engine."""
    package = tmp_path / "src" / refute.PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(SOURCE, "utf-8")
    return package.parent


def change(old: str, new: str) -> Change:
    return Change(f"{old}-{new}", "words", (Edit("__init__.py", old, new),))


def claim(body: str = BODY) -> Claim:
    return Claim("A1", Path("page.md"), 1, (), body)


@pytest.mark.parametrize(
    ("old", "new", "word", "detail"),
    [
        ("2", "3", "refuted", "twice(1) gave 3"),
        ("2 * x", "x + 1", "holds", ""),
        ("2 * x", "x + y", "breaks", "twice(1) gave NameError: name 'y' is not defined"),
        ("return", "retrun", "breaks", "SyntaxError: invalid syntax"),
        ("x", "y", "breaks", "x-y: __init__.py has 2 times, expected once: 'x'"),
        ("three", "3", "breaks", "three-3: __init__.py has 0 times, expected once: 'three'"),
    ],
)
def test_what_becomes_of_a_claim(source: Path, old: str, new: str, word: str, detail: str) -> None:
    [outcome] = refute.run_under(change(old, new), [claim()], source)

    assert (outcome.word, outcome.detail) == (word, detail)
    assert outcome.right == (word == "refuted")


def test_unchanged_a_claim_must_hold(source: Path) -> None:
    outcomes = refute.run_under(refute.NO_CHANGE, [claim(), claim(BODY + ">>> 1\n2\n")], source)

    assert [(outcome.word, outcome.right) for outcome in outcomes] == [
        ("holds", True),
        ("refuted", False),
    ]


def test_the_package_itself_stays_as_it_was(source: Path) -> None:
    refute.run_under(change("2", "3"), [claim()], source)

    assert (source / refute.PACKAGE / "__init__.py").read_text("utf-8") == SOURCE
    assert [path.name for path in source.rglob("*")] == [refute.PACKAGE, "__init__.py"]


def test_a_claim_that_does_not_end_breaks(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refute, "SECONDS", 0.5)

    [outcome] = refute.run_under(refute.NO_CHANGE, [claim("\n>>> while True: pass\n")], source)

    assert outcome.word == "breaks"


def project(root: Path, refuted_by: str) -> None:
    """Lay out a project with one claim and one change."""
    (root / "gallery").mkdir()
    (root / "docs").mkdir()
    (root / "docs" / "page.md").write_text(
        f":::{{claim}} A1\n:verdict: holds\n{refuted_by}\n\nTwice one is two.\n\n"
        f"```python{BODY}```\n:::\n",
        "utf-8",
    )
    (root / "docs" / "refutations.toml").write_text(
        "[three]\nwords = 'twice were thrice'\n"
        "edits = [{ file = '__init__.py', old = '2 * x', new = '3 * x' }]\n"
        "[sum]\nwords = 'twice were a sum'\n"
        "edits = [{ file = '__init__.py', old = '2 * x', new = 'x + x' }]\n",
        "utf-8",
    )


@pytest.mark.parametrize(
    ("refuted_by", "code", "last"),
    [
        (
            ":refuted-by: three",
            0,
            "Each claim holds, and is refuted by all that it names.",
        ),
        (":refuted-by: three, sum", 1, "A1 sum holds"),
        (":refuted-by: four", 1, "A1 names a change that there is not: four"),
        ("", 1, "A1 names no change"),
    ],
)
def test_the_run_fails_when_a_claim_survives(
    source: Path, capsys: pytest.CaptureFixture[str], refuted_by: str, code: int, last: str
) -> None:
    project(source.parent, refuted_by)

    assert refute.main([], source.parent) == code
    assert re.sub(" +", " ", capsys.readouterr().out).splitlines()[-1].strip() == last


def test_a_claim_can_be_tried_against_every_change(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project(source.parent, ":refuted-by: three")

    assert refute.main(["A1"], source.parent) == 0
    assert [line.split()[1:3] for line in capsys.readouterr().out.splitlines()] == [
        ["three", "refuted"],
        ["sum", "holds"],
    ]


def test_a_change_must_find_its_text_once(source: Path) -> None:
    with pytest.raises(DoesNotApplyError, match="has 2 times"):
        change("x", "y").apply(source / refute.PACKAGE)
