"""The programs of the how-to print what the page shows, and its figures show their reasons."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch")

from .howto import NAMES, PROGRAMS, run


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shown_is_what_is_computed(name):
    printed, data = run(name)

    assert printed == (PROGRAMS / f"{name}.txt").read_text("utf-8")
    assert data == json.loads((PROGRAMS / f"{name}.json").read_text("utf-8"))
    assert max(map(len, printed.splitlines())) <= 80


def test_every_program_is_shown():
    page = (PROGRAMS.parent / "explain-your-network.md").read_text("utf-8")

    for name in NAMES:
        assert f"programs/{name}.py" in page
        assert f"programs/{name}.txt" in page
        assert f'draw_recorded("{name}")' in page
    assert {path.stem for path in PROGRAMS.iterdir()} == set(NAMES)
