"""The notebooks of the story are Markdown and Python: nothing of reST or of the site is left."""

import pickle
import re
from pathlib import Path
from types import SimpleNamespace

import notebooks
import pytest
from sphinx_gallery import gen_rst
from sphinx_gallery.gen_gallery import DEFAULT_GALLERY_CONF
from sphinx_gallery.py_source_parser import Block, split_code_and_text_blocks

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "gallery").rglob("plot_*.py"))
NAMES = [path.stem for path in SCRIPTS]
CONF = {"first_notebook_cell": None, "last_notebook_cell": None, "pypandoc": False}
# What must not be left: a directive, an option, a role, a label, an escaped space, a bare example.
RAW = re.compile(
    r"^[ >]*\.\. \S+|^ *:[\w-]+: |:[a-z:]+:`|sphx_glr|(?<=\*)\\ |`__?\b|^ +>>>", re.MULTILINE
)
PROSE = r"""
A title
=======

.. needs:: 1 5

One sentence, see :ref:`sphx_glr_story_1_one_example_plot_02_three_factors.py`.
A formula *w*\\ ²/2, *x*\\ :sub:`t`, :engine:`the step <sgd.SGD.move>` and :footcite:t:`bottou2018`.

.. guess::
   :answer: 2

   Which one?

   A. The first.
   B. The second,
      which goes on.

   Because of this:

   >>> 1 + 1
   2

.. guess::
   :answer: -1/2
   :unit: steps

   How far?

   Half a step back.

.. live:: network
   :start: pick=W1.0.0

.. live:: predict
   :start: e=1
   :folded: What stays?

   Nothing.

.. claim:: B5
   :verdict: holds when
   :when: the unit is shut.
   :corrected: It stays shut.
   :sources: bottou2018
   :refuted-by: uphill

   A unit that is shut stays.

   A line of the check:

   >>> 2 + 2
   4

.. in_your_library:: relu-at-0

.. footbibliography::
""".replace("\\\\", "\\")


def make(blocks: list[Block], site: str = "") -> str:
    """Return the Markdown of the notebook of a script."""
    place = notebooks.Place(ROOT / "gallery", ROOT / "docs", site)
    made = notebooks.make(blocks, DEFAULT_GALLERY_CONF | CONF, "", place)
    cells = [cell for cell in made["cells"] if cell["cell_type"] == "markdown"]
    return "\n\n".join("".join(cell["source"]) for cell in cells)


def outside_code(text: str) -> str:
    return "".join(piece for piece in notebooks.pieces(text) if not piece.startswith("```"))


@pytest.mark.parametrize("script", SCRIPTS, ids=NAMES)
def test_no_notebook_holds_a_raw_directive_or_role(script: Path) -> None:
    text = outside_code(make(split_code_and_text_blocks(str(script))[1]))

    assert not [found[0] for found in RAW.finditer(text)]
    assert text.count("<details>") == text.count("</details>") > 0


def test_a_question_has_its_choices_and_its_answer_folded() -> None:
    text = make([Block("text", PROSE, 1)])

    choices = "- **A.** The first.\n- **B.** The second, which goes on."
    fold = "<details><summary>Show the answer</summary>"
    why = "Because of this:\n\n```python\n>>> 1 + 1\n2\n```"
    assert f"**Guess:** Which one?\n\n{choices}\n\n{fold}\n\nAnswer: B. The second" in text
    assert f"which goes on.\n\n{why}\n\n</details>" in text
    assert f"**Guess:** How far?\n\n{fold}\n\nAnswer: −1/2 steps\n\nHalf a step back." in text
    assert f"**Guess:** What stays?\n\n{fold}\n\nNothing." in text


def test_a_claim_is_a_quotation_with_its_verdict() -> None:
    text = make([Block("text", PROSE, 1)])

    quoted = [line for line in text.splitlines() if line.startswith(">") and ">>>" not in line]
    assert [line for line in quoted if line != ">"] == [
        "> **Claim B5: holds when…**",
        "> A unit that is shut stays.",
        "> *It holds when* the unit is shut.",
        "> *More exactly:* It stays shut.",
    ]
    fold = "<details><summary>Show the check</summary>\n\nA line of the check:\n\n```python\n>>> 2"
    assert fold in text


def test_links_and_sources_can_be_read_without_the_site() -> None:
    text = make([Block("text", PROSE, 1)])

    first = "[page 1, *Which weights does one step move?*](plot_01_which_weights_move.ipynb)"
    assert f"Read before: {first}, [page 5, *" in text
    assert (
        "see [Why is a gradient a product of three numbers?](plot_02_three_factors.ipynb)." in text
    )
    assert "A formula *w*²/2, *x*<sub>t</sub>, the step (`sgd.SGD.move`) and Bottou et al." in text
    assert "**Sources**\n\n- Bottou et al." in text
    assert "**In other libraries:** The derivative that relu has at 0 is 0 in our engine" in text
    assert "by hand" not in text


def test_where_the_address_is_known_the_notebook_leads_to_the_site() -> None:
    text = make([Block("text", PROSE, 1)], "https://a.example/")

    link = "[What each library does, with the programs](https://a.example/reference/elsewhere/"
    assert link in text
    assert "by hand.](https://a.example/story/" in text


def test_each_process_that_runs_a_script_makes_our_notebooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = SimpleNamespace(
        downloads_scripts="../gallery",
        html_baseurl="https://example.org/",
        sphinx_gallery_conf={"reset_modules": ("matplotlib",)},
    )
    notebooks.hand_over(None, config)
    # As such a process gets the configuration.
    conf = pickle.loads(pickle.dumps(config.sphinx_gallery_conf))
    conf = DEFAULT_GALLERY_CONF | conf | {"src_dir": str(ROOT / "docs"), **CONF}
    monkeypatch.setattr(gen_rst, "jupyter_notebook", None)
    monkeypatch.setattr(gen_rst, "ZIP_DOWNLOAD", "an archive")

    theirs, ours = gen_rst._get_callables(conf, "reset_modules")
    ours(conf, "plot_01.py")

    assert theirs is not ours
    place = notebooks.Place(ROOT / "gallery", ROOT / "docs", "https://example.org/")
    blocks = split_code_and_text_blocks(SCRIPTS[0])[1]
    assert gen_rst.jupyter_notebook(blocks, conf, tmp_path) == notebooks.make(
        blocks, conf, tmp_path, place
    )
    assert gen_rst.ZIP_DOWNLOAD == ""
