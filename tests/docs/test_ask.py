"""Every question has its verdict, its proof, its way on, and the words that people search for."""

import re
from pathlib import Path

import pytest

ASK = Path(__file__).parents[2] / "docs" / "ask"
PAGES = [path for path in sorted(ASK.glob("*.md")) if path.stem != "index"]
QUESTION = re.compile(
    r"(---\n.*?\n---\n\n)?# [^\n]+\?\n\n"
    r"```\{index\} ![^\n]+\n```\n\n"
    r"\*\*(?P<verdict>[^\n]+)\*\*\n",
    re.DOTALL,
)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_question_search_words_and_verdict(path: Path) -> None:
    match = QUESTION.match(path.read_text("utf-8"))

    assert match
    assert match["verdict"].count(". ") == 0  # one sentence


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_an_answer_is_executed_and_leads_on(path: Path) -> None:
    text = path.read_text("utf-8")

    assert "```python\n>>> " in text
    assert re.search(r"\nShown in full: .*(\.\./story/|\{engine\})", text)


LISTED = re.compile(r"^- \[\]\((?P<page>[\w-]+)\) – \*\*(?P<answer>[^*\n]+)\*\*$", re.MULTILINE)
WORDS = {"yes": "yes", "no": "no", "depends": "it depends"}


def test_the_index_lists_every_question_once_in_a_group() -> None:
    text = (ASK / "index.md").read_text("utf-8")
    listed = [match["page"] for match in LISTED.finditer(text)]
    toctree = re.search(r"```\{toctree\}\n:hidden:\n\n(.*?)```", text, re.DOTALL)

    assert sorted(listed) == sorted(path.stem for path in PAGES)
    assert toctree
    assert toctree[1].split() == listed


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_index_answers_as_the_page_does(path: Path) -> None:
    index = (ASK / "index.md").read_text("utf-8")
    answer = next(match["answer"] for match in LISTED.finditer(index) if match["page"] == path.stem)
    verdict = QUESTION.match(path.read_text("utf-8"))["verdict"].lower()
    said = {word for word, words in WORDS.items() if re.match(rf"{words}\b", verdict)}

    # A page that begins with yes, no or it depends is listed so, and no other is.
    assert said == {answer} & WORDS.keys()
    assert len(answer.split()) <= 6
