"""A story page tells how far the story is, and carries nothing for tags."""

import json
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
import story
import thumbnails
from docutils import nodes
from docutils.utils import new_document
from sphinx.testing.util import SphinxTestApp

TREE = {"story/index": ["story/a/index", "story/b/index"], "story/a/index": ["story/a/1"]}
TREE["story/b/index"] = ["story/b/2", "story/b/3"]
TITLES = [*TREE["story/index"], "story/a/1", "story/b/2", "story/b/3"]
ENV = SimpleNamespace(
    toctree_includes=TREE,
    titles={page: nodes.title("", page) for page in TITLES},
    metadata={"story/a/1": {}, "story/b/2": {}, "story/b/3": {"words": 301, "needs": [1, 2]}},
)
ROOT = Path(__file__).parent.parent.parent
TEMPLATE = ROOT / "docs" / "_templates" / "page.html"


def test_a_page_is_counted_through_the_whole_story() -> None:
    progress = story.progress_of(ENV, "story/index", "story/b/3")

    needs = ((1, "story/a/1", "story/a/1"), (2, "story/b/2", "story/b/2"))
    assert progress == (2, 2, 3, 3, "story/b/index", "story/b/index", 3, needs)


def test_only_words_in_sight_take_time() -> None:
    document = new_document("page")
    document += nodes.paragraph("", "Three words count.")
    document += nodes.literal_block("", "code = does + not")
    document += nodes.raw("", "<details><summary>One</summary>", format="html")
    document += nodes.paragraph("", "Nor what is folded.")
    document += nodes.raw("", "</details>", format="html")
    document += nodes.container("", nodes.paragraph("", "Two more."))
    document += nodes.container("", nodes.paragraph("", "Not this."), classes=["claim-refuted"])

    assert story.visible_words(document) == 5
    assert [story.minutes(count) for count in (0, 150, 151)] == [1, 1, 2]


def test_other_pages_have_no_progress() -> None:
    assert story.progress_of(ENV, "story/index", "story/b/index") is None
    assert story.progress_of(ENV, "nowhere", "story/b/3") is None


def test_the_template_uses_what_there_is() -> None:
    used = set(story.re.findall(r"progress\.(\w+)", TEMPLATE.read_text("utf-8")))

    assert used == set(story.Progress._fields)


def test_places_and_scripts_for_tags_are_left_out() -> None:
    config = SimpleNamespace(story_index="story/index")
    source = ["Part\n\n.. raw:: html\n\n  <div id='sg-tag-list' class='x'></div>\n\nMore"]
    story.leave_tags_out(SimpleNamespace(config=config), "story/a/index", source)
    scripts = [SimpleNamespace(filename=name) for name in ["_static/sg-tags.js", "_static/a.js"]]
    context = {"script_files": scripts}
    story.show(SimpleNamespace(config=config, env=ENV), "index", "", context, None)

    assert source == ["Part\n\n\nMore"]
    assert [script.filename for script in context["script_files"]] == ["_static/a.js"]


GALLERY = """\
Part
----

About it.

.. raw:: html

    <div class="sphx-glr-thumbnails">

.. thumbnail-parent-div-open

.. raw:: html

    <div class="sphx-glr-thumbcontainer" tooltip="A line.">

.. only:: html

  :doc:`/story/a/plot_01_x`

.. thumbnail-parent-div-close

.. raw:: html

    </div>

After.
"""


def test_cards_take_the_place_of_thumbnails() -> None:
    config, source = SimpleNamespace(story_index="story/index"), [GALLERY]

    story.leave_tags_out(SimpleNamespace(config=config), "story/a/index", source)

    lines = source[0].split("\n")
    assert [line for line in lines if line] == [
        "Part",
        "----",
        "About it.",
        ".. story-cards:: story/a/plot_01_x",
        "After.",
    ]


def test_every_page_has_a_drawing_of_its_own() -> None:
    names = [path.name for path in (ROOT / "gallery").rglob("plot_*.py")]
    numbers = sorted(int(name.split("_")[1]) for name in names)

    drawn = thumbnails.drawings()
    assert set(numbers) <= set(drawn)
    assert len(set(drawn.values())) == len(drawn)
    for number in numbers:
        ET.fromstring(thumbnails.drawing(number))


def test_a_line_on_a_card_is_one_sentence() -> None:
    assert story.SENTENCE.match("Is it 2.5? It is not.")[0] == "Is it 2.5?"
    assert story.SENTENCE.match("No full stop")[0] == "No full stop"


@pytest.mark.parametrize("name", ["pkg.used", "pkg.nowhere"])
def test_the_pages_that_use_a_name_have_cards_below_a_heading(tmp_path: Path, name: str) -> None:
    (tmp_path / "conf.py").write_text(
        'extensions = ["story"]\n\ndef setup(app):\n'
        '    app.add_config_value("story_folder", "story", "env")\n'
        '    app.add_config_value("sphinx_gallery_conf", {"backreferences_dir": "uses"}, "env")\n',
        "utf-8",
    )
    uses = {"pkg.used": [["plot_01_x.py", str(tmp_path), str(tmp_path / "story"), "", ""]]}
    (tmp_path / "uses").mkdir()
    (tmp_path / "uses" / "backreferences_all.json").write_text(json.dumps(uses), "utf-8")
    (tmp_path / "story").mkdir()
    (tmp_path / "story" / "plot_01_x.rst").write_text(":orphan:\n\nWhy?\n====\n\nSo.\n", "utf-8")
    (tmp_path / "index.rst").write_text(
        f"Top\n===\n\n.. story-pages-that-use:: {name}\n   :heading: In the story\n", "utf-8"
    )
    app = SphinxTestApp(srcdir=tmp_path, warningiserror=True)
    app.build()
    page = (app.outdir / "index.html").read_text("utf-8")
    app.cleanup()

    used = name == "pkg.used"
    assert ("<h2>In the story" in page) == used
    assert ('href="story/plot_01_x.html"><span class="doc">Why?</span></a>' in page) == used
