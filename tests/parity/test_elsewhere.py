"""PyTorch and JAX still answer what the record of other libraries says they do.

They run in processes of their own, because a program may change what holds for a whole library.
Compiled programs are left to ``nox -s elsewhere``: they take minutes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from elsewhere.__main__ import RECORD, TOP, CannotRunError, installed

from .engines import needs, pinned

# Here libraries use instructions that not every processor has.
BY_PROCESSOR = {"tanh", "sigmoid", "sigmoid-0"}

LIBRARIES = [
    pytest.param("torch", marks=pinned("torch")),
    pytest.param("jax", marks=[pinned("jax"), needs("optax")]),
]


def answered(library: str) -> dict[str, Any]:
    """Run all programs of a library, but none of them compiled."""
    command = [sys.executable, "-m", "elsewhere.measure", library, "--modes=reverse,forward"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TOP), *sys.path])}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=TOP, env=environment
    )
    return json.loads(done.stdout.splitlines()[-1])["pages"]


def close(one: Any, other: Any, by_processor: bool) -> bool:
    """Compare two answers: numbers nearly, all else exactly."""
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=True)
        return all(close(*pair, by_processor) for pair in pairs)
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == pytest.approx(other, rel=1e-4, abs=1.5 if by_processor else 1e-9)
    return one == other


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_record_is_what_the_library_does(library: str) -> None:
    record = json.loads((RECORD / f"{library}.json").read_text("utf-8"))["pages"]
    now = answered(library)
    different = [
        f"{page}, {case}, {kind}: {answer} on record, {now[page][case]['answers'].get(kind)} now"
        for page, entries in record.items()
        for case, entry in entries.items()
        for kind, answer in entry["answers"].items()
        if kind != "compiled"
        and not close(answer, now[page][case]["answers"].get(kind), kind in BY_PROCESSOR)
    ]

    assert not different


@needs("torch")
def test_the_line_that_the_stand_in_prints_is_pips_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # as without a network
    about = {"requirements": ["sgdexplained-of-tomorrow==9.9"]}

    found = "No matching distribution found for sgdexplained-of-tomorrow==9.9"
    with pytest.raises(CannotRunError, match=found):
        installed("torch", about, tmp_path / "torch")
