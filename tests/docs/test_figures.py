"""A figure is the same in every build, has a size, and says what it shows."""

import re
from collections.abc import Iterator
from html import escape
from itertools import count
from pathlib import Path

import figures
import matplotlib.pyplot as plt
import pytest
from sphinx.testing.util import SphinxTestApp

from sgdexplained.draw import language


def draw(label: str = "", title: str = "") -> plt.Figure:
    figure, axes = plt.subplots(figsize=(3, 2))
    axes.plot([0, 1])
    axes.set_title(title)
    figure.set_label(label)
    return figure


def scrape(folder: Path) -> str:
    images = (f"{folder}/image_{number}.png" for number in count(1))
    return figures.scrape(None, {"image_path_iterator": images}, {"src_dir": str(folder)})


def height_of(path: Path) -> float:
    """Read the height of a drawing in points."""
    return float(figures.VIEW_BOX.search(path.read_text("utf-8"))[4])


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
    assert page.count('height="330"') == page.count('width="495"') == 2
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
    assert 'height="330"' in page
    assert 'width="495"' in page
    app.cleanup()


def test_a_title_is_text_of_the_page_and_not_of_the_drawing(tmp_path: Path) -> None:
    sentence = 'Never -- "in 2 <ways>" & on a second line, it rises.'
    _, axes = language.figure(2)
    axes.plot([0, 1])
    axes.set(xlabel="on a line")
    language.title(axes, sentence)
    (tmp_path / "conf.py").write_text('extensions = ["figures"]\n', "utf-8")
    (tmp_path / "index.rst").write_text("Title\n=====\n" + scrape(tmp_path), "utf-8")
    path = tmp_path / "image_1.svg"
    before, high = path.read_text("utf-8"), height_of(path)
    app = SphinxTestApp(srcdir=tmp_path, warningiserror=True)

    app.build()

    page, after = (app.outdir / "index.html").read_text("utf-8"), path.read_text("utf-8")
    assert page.count(f'<p class="figure-title">{escape(sentence)}</p>') == 1
    assert language.TITLE_NAME in before
    assert language.TITLE_NAME not in after
    # Both lines of the title and the room they took are gone; the words of the axis are there.
    assert high - height_of(path) == pytest.approx(72 * language.title_height(2))
    assert "<!-- on a line -->" in after
    named = re.findall(r'xlink:href="#([^"]+)"', after)
    assert named
    assert set(named) <= set(re.findall(r' id="([^"]+)"', after))
    # A page that is read again finds the same.
    assert figures.set_title_apart(path) == sentence
    assert path.read_text("utf-8") == after
    app.cleanup()


def test_what_stands_under_the_title_is_not_cut_off(tmp_path: Path) -> None:
    figure, places = language.figure(3.1, columns=2)
    for axes in places:
        with language.style():
            axes.set_title("a panel\nwith two lines")
        axes.set(aspect="equal", xlim=(-1.2, 1.2), ylim=(-1.2, 1.2))
        axes.axis("off")
    language.title(figure, "A sentence that is long enough for a second line, and then it ends.")
    path = tmp_path / "a.svg"

    figures.save(figure, path)

    drawing = path.read_text("utf-8")
    heights = re.findall(r"<!-- a panel -->\n.*?translate\([\d.]+ ([\d.]+)\)", drawing)
    capital = 0.7 * language.TEXT
    assert len(heights) == 2
    assert min(map(float, heights)) - capital > 72 * language.title_height(2)


def test_titles_of_single_axes_stay_in_the_drawing(tmp_path: Path) -> None:
    fig, (left, right) = language.figure(2, columns=2)
    language.title(left, "First.")
    language.title(right, "Second.")
    path = tmp_path / "a.svg"
    figures.save(fig, path)
    before = path.read_bytes()

    assert figures.set_title_apart(path) == ""
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("width", "height", "shown"), [(3, 1, (672, 224)), (3, 3, (330, 330)), (3, 4, (288, 384))]
)
def test_a_drawing_fills_the_column_but_no_screen(
    tmp_path: Path, width: float, height: float, shown: tuple[int, int]
) -> None:
    figure = plt.figure(figsize=(width, height))
    figures.save(figure, tmp_path / "a.svg")

    assert figures.size(tmp_path / "a.svg") == shown
