"""What wraps of a line of code hangs from where the line began."""

import re

from code_lines import LinesFormatter, indentation
from pygments import highlight
from pygments.lexers import PythonLexer


def test_each_line_knows_its_indentation() -> None:
    html = highlight("def f(x):\n    return x\n\nf(1)", PythonLexer(), LinesFormatter())

    found = [part.split('"')[0] for part in html.split('<span class="line in-')[1:]]
    assert found == ["0", "4", "0", "0"]


def test_a_prompt_counts_and_no_line_hangs_too_far() -> None:
    assert indentation('<span class="gp">... </span>    x') == 8
    assert indentation("&gt;&gt;&gt; x") == 4
    assert indentation(" " * 60 + "x") == 24


def test_the_text_stays_the_same() -> None:
    code = "a = [\n    1,\n]\n"
    plain = highlight(code, PythonLexer(), LinesFormatter(nowrap=True))

    assert re.sub("<[^>]+>", "", plain) == code
