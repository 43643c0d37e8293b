"""A second build leaves readers all the words that they can search for."""

import json
from pathlib import Path

from sphinx.application import Sphinx

INDEXED = """\
{title}
=======

.. index:: ! {word}

Some text.
"""


def built(source: Path, site: Path) -> dict[str, list[object]]:
    """Build a site, and return its words from index directives."""
    app = Sphinx(source, source, site, site / "doctrees", "html", status=None, warning=None)
    app.build()
    index = (site / "searchindex.js").read_text("utf-8")
    return json.loads(index[index.index("(") + 1 : index.rindex(")")])["indexentries"]


def test_words_of_pages_that_are_not_read_again_are_found(tmp_path: Path) -> None:
    source, site = tmp_path / "source", tmp_path / "site"
    source.mkdir()
    (source / "conf.py").write_text('extensions = ["search_entries"]', "utf-8")
    page = source / "index.rst"
    for name, word in ("index", "first"), ("other", "second"), ("gone", "third"):
        text = ":orphan:\n\n" + INDEXED.format(title=name, word=word)
        (source / f"{name}.rst").write_text(text, "utf-8")
    before = built(source, site)
    assert set(before) == {"first", "second", "third"}

    (source / "gone.rst").unlink()
    page.write_text(page.read_text("utf-8").replace("! first", "! changed"), "utf-8")
    after = built(source, site)

    assert set(after) == {"changed", "second"}
    assert after["second"][0][1:] == before["second"][0][1:]
