"""Short formulas do not break, and nothing else changes."""

from pathlib import Path

import pytest
from formulas import NO_BREAK, unbroken
from sphinx.application import Sphinx


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("so it is 1 − 0.1·3 = 0.7, and", "so it is 1_−_0.1·3_=_0.7, and"),
        (" = 0.0445, and", "_=_0.0445, and"),
        ("is w / ", "is w_/_"),
        ("here 2 ×\n3 is", "here 2_×_3 is"),
        ("upstream × derivative = gradient", "upstream × derivative = gradient"),
        ("Here a < b.", "Here a_<_b."),
        ("the result, − the change", "the result, − the change"),
        ("0.7·3 + 2·0 − 1.1·1 − 0.1 = 0.9", "0.7·3_+_2·0_−_1.1·1_−_0.1 =_0.9"),
        ("all 51 200 of 100 000", "all 51_200 of 100_000"),
        ("where φ′(z) is 1", "where φ′\N{WORD JOINER}(z) is 1"),
        ("+ alone", "+ alone"),
        ("nothing", "nothing"),
    ],
)
def test_no_break_spaces_hold_terms_together(text: str, shown: str) -> None:
    assert unbroken(text) == shown.replace("_", NO_BREAK)


def test_code_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text('extensions = ["formulas"]', "utf-8")
    page = "Page\n====\n\nIt is 1 + 1 = 2 or ``1 + 1``, and *w* = 3.\n\n>>> 1 + 1\n2\n"
    (tmp_path / "index.rst").write_text(page, "utf-8")
    app = Sphinx(tmp_path, tmp_path, tmp_path / "site", tmp_path / "d", "html", status=None)
    app.build()
    html = (tmp_path / "site" / "index.html").read_text("utf-8")

    assert (
        "It is 1 + 1 = 2 or".replace(" + 1 = ", f"{NO_BREAK}+{NO_BREAK}1{NO_BREAK}={NO_BREAK}")
        in html
    )
    assert f"<em>w</em>{NO_BREAK}={NO_BREAK}3." in html
    assert NO_BREAK not in html[html.index("<code") : html.index("</code>")]
    assert NO_BREAK not in html[html.index("<pre>") : html.index("</pre>")]
