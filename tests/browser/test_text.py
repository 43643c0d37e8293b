"""What a page says is set: no sign of a markup language is left in its sentences.

A title that asks ends its sentence: no full stop follows it.
"""

import re
from html import unescape

import pytest

from tests.browser.site import PAGES, SITE

# What is shown as it is written, and what nobody reads.
NOT_PROSE = re.compile(r"<(script|style|pre|code|svg|annotation|head)\b.*?</\1>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")
LEFT = re.compile(
    r"(?<![\w*])\*\w[^*\n]{0,30}\*(?!\w)|\*\*\w[^*\n]*\*\*|(?<!\w)`[\w.]|:[a-z:]+:`|\\ \w"
)


@pytest.mark.parametrize("name", PAGES)
def test_no_markup_is_left_in_sentences(name: str) -> None:
    assert [found[0] for found in LEFT.finditer(sentences(name))] == []


@pytest.mark.parametrize("name", PAGES)
def test_no_full_stop_follows_a_question(name: str) -> None:
    assert re.findall(r"[^.]{0,30}\?\.(?!\w)", sentences(name)) == []


def sentences(name: str) -> str:
    html = (SITE / name).read_text("utf-8")
    return unescape(TAG.sub("", NOT_PROSE.sub("", html)))
