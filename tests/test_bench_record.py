"""A record of benchmarks takes new rows in, and loses none."""

import re

import pytest
from bench.__main__ import joined


def row(work, batch, ratio, **more):
    """Return a row as far as a record looks at it."""
    return {"work": work, "arguments": [batch], "threads": "1", "ratio": ratio, **more}


RECORD = {
    "date": "2026-01-01",
    "machine": "abacus",
    "versions": {"numpy": "2.0"},
    "rows": [row("digits", 1, 1.5), row("digits", 32, 1.2)],
}


def report(**changes):
    """Return what a later run of one old and one new work reports."""
    rows = [row("digits", 32, 1.1), row("tiny", 1, 3.0)]
    new = {"date": "2026-02-02", "machine": "abacus", "versions": {"numpy": "2.0"}, "rows": rows}
    return new | changes


def test_new_rows_take_the_place_of_the_same_work_and_say_their_day():
    assert joined(RECORD, report()) == {
        **RECORD,
        "rows": [
            row("digits", 1, 1.5),
            row("digits", 32, 1.1, date="2026-02-02"),
            row("tiny", 1, 3.0, date="2026-02-02"),
        ],
    }


@pytest.mark.parametrize(
    ("what", "other", "words"),
    [
        ("machine", "slide rule", "the record is of abacus, this is slide rule: "),
        ("versions", {"numpy": "2.1"}, "'2.0'}, this is {'numpy': '2.1'}: "),
    ],
)
def test_a_record_of_another_machine_or_other_versions_is_left_alone(what, other, words):
    with pytest.raises(SystemExit, match=re.escape(words)):
        joined(RECORD, report(**{what: other}))
