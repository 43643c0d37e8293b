"""The programs for other libraries fit what is asked, and our own answers are those on record."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from elsewhere.__main__ import (
    RECORD,
    CannotRunError,
    called,
    installed,
    libraries,
    main,
    versions,
)
from elsewhere.measure import HERE, PAGES, cases, first_from, measured, module_of, plain, sources

MODULES = sorted({module_of(name) for name in libraries()})
TABLES = {table: page for page, table in PAGES.items() if page in cases()}


@cache
def names_in(module: str) -> dict[str, set[str]]:
    """Return the names in each table of a module."""
    path = HERE / "programs" / f"{module}.py"
    if path.exists():
        return {table: set(entries) for table, entries in sources(path)[1].items()}
    found = {}
    for table in TABLES:
        text = path.with_suffix(".mjs").read_text("utf-8").partition(f"const {table} = {{")[2]
        found[table] = set(re.findall(r'^  "?([\w-]+)"?:', text.partition("\n};")[0], re.MULTILINE))
    return found


def answers_in(pages: dict[str, Any]) -> dict[str, Any]:
    """Return the answers without the programs that gave them."""
    return {
        page: {case: entry["answers"] for case, entry in entries.items()}
        for page, entries in pages.items()
    }


@pytest.mark.parametrize("module", MODULES)
def test_a_program_answers_what_is_asked(module: str) -> None:
    asked = cases()
    for table, page in TABLES.items():
        assert names_in(module).get(table, set()) <= set(asked[page])


def test_every_case_is_asked_of_somebody() -> None:
    everybody = [names_in(module) for module in MODULES]
    for table, page in TABLES.items():
        assert set().union(*(names.get(table, set()) for names in everybody)) == set(cases()[page])


def test_there_is_a_record_of_every_library_and_of_no_other() -> None:
    assert {path.stem for path in RECORD.glob("*.json")} == set(libraries())


@pytest.mark.parametrize("library", libraries())
def test_a_record_has_the_pinned_versions_and_names_no_machine(library: str) -> None:
    text = (RECORD / f"{library}.json").read_text("utf-8")
    record = json.loads(text)
    pinned = [one.replace("[cpu]", "") for one in libraries()[library]["requirements"]]

    assert pinned == [f"{name}=={version}" for name, version in record["versions"].items()]
    assert not re.search(r"/(root|home|work|tmp|usr)/", text)


def test_our_answers_are_those_on_record() -> None:
    record = json.loads((RECORD / "sgdexplained.json").read_text("utf-8"))["pages"]
    # Where tanh and the sigmoid end depends on the processor.
    now = measured("sgdexplained", ["reverse"], [*PAGES])["pages"]

    assert answers_in(now) == answers_in({page: record[page] for page in PAGES})


@pytest.mark.parametrize(
    ("answer", "written"),
    [
        (-0.0, "0.0"),
        (float("nan"), "nan"),
        (1 / 3, "0.333333"),
        ([2.0], "2.0"),
        ([1, float("-inf")], "[1.0, '-inf']"),
        (None, "None"),
    ],
)
def test_answers_are_written_alike_everywhere(answer: Any, written: str) -> None:
    assert str(plain(answer)) == written


def test_an_end_is_where_all_that_follows_has_reached_it() -> None:
    # The second number is 1 already, and the third is not.
    assert first_from([0.5, 1, 0.9, 1, 1], 1) == 3 / 64
    assert first_from([0.5, 1, 0.9], 1) == "never"


# ## What goes wrong is said


def test_an_unknown_library_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["elsewhere", "torhc"])
    with pytest.raises(SystemExit):
        main()

    assert "no programs for torhc: there are sgdexplained, torch, jax" in capsys.readouterr().err


def test_another_version_than_the_pinned_one_is_refused() -> None:
    about = {"requirements": ["numpy==0.0.1"]}
    with pytest.raises(CannotRunError, match=r"numpy \S+ is installed, and 0\.0\.1 is pinned"):
        versions("sgdexplained", about, sys.executable, RECORD)


def test_what_does_not_install_leaves_the_record_and_says_of_when_that_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: Any) -> None:
        called([sys.executable, "-c", "raise SystemExit('no such package')"])

    monkeypatch.setattr("elsewhere.__main__.run", refused)
    monkeypatch.setattr(sys, "argv", ["elsewhere", "mygrad"])
    before = (RECORD / "mygrad.json").read_bytes()

    assert main() == 1
    said = capsys.readouterr().err
    assert re.search(r"MyGrad did not run, so its record of \d{4}-\d\d-\d\d stays", said)
    assert "no such package" in said
    assert (RECORD / "mygrad.json").read_bytes() == before


def test_a_missing_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(CannotRunError, match="needs clang, and there is none .*: install clang"):
        installed("tinygrad", libraries()["tinygrad"], RECORD)


# A whole environment takes seconds to make; `tests/parity` makes one, with pip.
PIP = """
import sys
said = f"ERROR: No matching distribution found for {sys.argv[-1]}"
sys.exit(said if sys.argv[1] == "install" else 0)
"""


def test_a_library_that_does_not_install_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pip.py").write_text(PIP, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    create = venv.create
    monkeypatch.setattr(venv, "create", lambda folder, with_pip: create(folder))
    about = {"requirements": ["sgdexplained-of-tomorrow==9.9"]}
    with pytest.raises(CannotRunError) as caught:
        installed("torch", about, tmp_path / "torch")

    said = str(caught.value)
    assert said.startswith("it could not be installed. `")
    assert "No matching distribution found for sgdexplained-of-tomorrow==9.9" in said
    assert "sgdexplained-of-tomorrow==9.9 is offered for this machine" in said
    assert said.endswith("run it again, alone: `nox -s elsewhere -- torch`")
    # Half an environment would be taken for a whole one.
    assert not (tmp_path / "torch").exists()


def test_the_others_run_where_one_cannot(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = []

    def run_or_refuse(library: str, *_: Any) -> None:
        if library == "autograd":
            raise CannotRunError("no wheel")
        ran.append(library)

    monkeypatch.setattr("elsewhere.__main__.run", run_or_refuse)
    monkeypatch.setattr(sys, "argv", ["elsewhere", "torch", "autograd", "mygrad"])

    assert main() == 1
    assert ran == ["torch", "mygrad"]
    assert "[3/3] MyGrad … 0 s" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="Windows ends programs without signals")
def test_a_program_that_a_signal_ends_is_said_to_be() -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    with pytest.raises(CannotRunError, match="was ended by SIGKILL"):
        called([sys.executable, "-c", code])


def test_the_module_measures_alone() -> None:
    command = [sys.executable, "-m", "elsewhere.measure", "sgdexplained", "mean"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=HERE.parent, env=environment
    )

    assert json.loads(done.stdout)["pages"]["mean"]["plain"]["answers"] == {"": 1.0}
