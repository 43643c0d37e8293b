"""A figure is the same in every build, has a size, and says what it shows."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import figures
import matplotlib.pyplot as plt
import pytest
from sphinx.testing.util import SphinxTestApp


def draw(label: str = "", title: str = "") -> plt.Figure:
    figure, axes = plt.subplots(figsize=(3, 2))
    axes.plot([0, 1])
    axes.set_title(title)
    figure.set_label(label)
    return figure


def scrape(folder: Path) -> str:
    images = (f"{folder}/image_{number}.png" for number in count(1))
    return figures.scrape(None, {"image_path_iterator": images}, {"src_dir": str(folder)})


@pytest.fixture(autouse=True)
def _no_figure_stays_open() -> Iterator[None]:
    yield
    plt.close("all")


def test_a_label_says_more_than_a_title() -> None:
    figure = draw(label="A line\n  that rises", title="Rise")

    assert figures.describe(figure) == "A line that rises"


def test_without_a_label_all_titles_speak() -> None:
    figure, axes = plt.subplots(1, 2)
    figure.suptitle("Two lines")
    axes[1].set_title("The second")

    assert figures.describe(figure) == "Two lines. The second"


def test_the_same_figure_has_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"

    for path in [first, second]:
        figures.save(draw(title="Rise"), path)

    assert first.read_bytes() == second.read_bytes()
    assert b"<dc:date>" not in first.read_bytes()
    assert b"<text" not in first.read_bytes()


def test_a_figure_without_words_is_refused_and_closed(tmp_path: Path) -> None:
    draw()

    with pytest.raises(ValueError, match="set_label"):
        scrape(tmp_path)
    assert plt.get_fignums() == []


def test_a_page_shows_a_figure_with_its_words_and_size(tmp_path: Path) -> None:
    draw(label='It "rises" & <ends>')
    draw(title="Another")
    (tmp_path / "conf.py").write_text('extensions = ["figures"]\n', "utf-8")
    (tmp_path / "index.rst").write_text("Title\n=====\n" + scrape(tmp_path), "utf-8")
    app = SphinxTestApp(srcdir=tmp_path, warningiserror=True)

    app.build()

    page = (app.outdir / "index.html").read_text("utf-8")
    assert 'alt="It &quot;rises&quot; &amp; &lt;ends&gt;"' in page
    assert 'alt="Another"' in page
    assert page.count('height="192"') == page.count('width="288"') == 2
    app.cleanup()


def test_an_image_on_any_page_needs_words(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text('extensions = ["figures"]\n', "utf-8")
    figures.save(draw(), tmp_path / "a.svg")
    (tmp_path / "index.rst").write_text(
        "Title\n=====\n\n.. image:: a.svg\n\n.. image:: a.svg\n   :alt:\n", "utf-8"
    )
    app = SphinxTestApp(srcdir=tmp_path)

    app.build()

    assert app.warning.getvalue().count("no alternative text: a.svg") == 1
    app.cleanup()


def test_a_drawing_without_a_size_gets_its_own(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text('extensions = ["figures"]\n', "utf-8")
    figures.save(draw(), tmp_path / "a.svg")
    (tmp_path / "index.rst").write_text(
        "Title\n=====\n\n.. image:: a.svg\n   :alt: A line\n   :class: drawing\n", "utf-8"
    )
    app = SphinxTestApp(srcdir=tmp_path, warningiserror=True)

    app.build()

    page = (app.outdir / "index.html").read_text("utf-8")
    assert 'height="192"' in page
    assert 'width="288"' in page
    app.cleanup()
