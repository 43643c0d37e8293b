"""The programs of the how-to print what the page shows, and its figures show their reasons."""

from __future__ import annotations

import contextlib
import io
import json
import re
import runpy

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
    assert 'draw_recorded("cnn")' in page  # the other's table says all that a map would show
    assert {path.stem for path in PROGRAMS.iterdir()} == set(NAMES)


def test_the_page_has_all_codes():
    from sgdexplained.pytorch.causes import WORDS

    page = (PROGRAMS.parent / "explain-your-network.md").read_text("utf-8")
    table = page[page.index("| reason (and short name) |") :]
    table = table[: table.index("\n\n")]
    codes = set(re.findall(r"`([a-z 0+]+)`", table))
    assert set(WORDS) - {"", "gradient"} <= codes


def test_the_page_counts_the_weights_with_an_inactive_sender():
    with contextlib.redirect_stdout(io.StringIO()):
        program = runpy.run_path(str(PROGRAMS / "cnn.py"))
    second = program["model"][:5](program["images"])
    zeros = (second == 0).all(0).flatten(1).sum(1).tolist()  # places of each filter
    partly = [count for count in zeros if 0 < count < 16]

    assert (zeros.count(16), len(partly), sum(partly)) == (4, 2, 18)
    assert program["report"].counts()["6.weight"]["inactive"] == 4 * 16 * 3 + 18 * 3 == 246
