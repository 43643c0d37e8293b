"""Put figures on their pages: vector graphics that say what they show.

The title of a figure is a sentence of its page. It is taken out of the drawing, where letters are
outlines, and set as text above it: so it can be found, selected and read on a phone. On a reader's
own machine it stands in the figure as it was drawn.
"""

import os
import re
from html import unescape
from pathlib import Path
from typing import Any

from docutils import nodes
from matplotlib import pyplot as plt
from matplotlib import rc_context
from matplotlib.figure import Figure
from sphinx.application import Sphinx
from sphinx.util import logging

from sgdexplained.draw.language import TITLE_NAME, title_height

SETTINGS = {
    # A fixed salt gives the parts of a drawing the same names in every build.
    "svg.hashsalt": "sgdexplained",
    # An SVG that is shown as an image cannot use the page's fonts, and a reader's machine
    # may lack the one that the figure was laid out with: so letters become outlines.
    "svg.fonttype": "path",
}
PIXELS_PER_POINT = 96 / 72
# A drawing fills the column of the text, but no screen: in pixels.
COLUMN, HIGHEST = 672, 330

IMAGE = """
.. image:: /{path}
   :alt: {alt}
   :class: drawing
"""

VIEW_BOX = re.compile(r'(?<=viewBox=")([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)(?=")')
HEIGHT = re.compile(r'(?<= height=")[\d.]+(?=pt")')
TITLE_GROUP = re.compile(rf'^( *)<g id="{TITLE_NAME}">\n.*?^\1</g>\n', re.DOTALL | re.MULTILINE)
TITLE = re.compile(r"(?<=<title>).*?(?=</title>)")
COMMENT = re.compile(r"<!-- (.*?) -->")
# A letter is drawn where it first occurs, and named from there on.
LETTER = re.compile(r'<path id="([^"]+)".*?/>', re.DOTALL)

logger = logging.getLogger(__name__)


def describe(figure: Figure) -> str:
    """Say what a figure shows: its label, or else its titles."""
    titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
    text = figure.get_label() or ". ".join(title for title in titles if title)
    return " ".join(str(text).split())


def save(figure: Figure, path: Path) -> None:
    """Draw a figure on a transparent ground."""
    for _ in range(2):  # panels of a fixed shape find their places with the third drawing
        figure.draw_without_rendering()
    with rc_context(SETTINGS):
        figure.savefig(path, transparent=True, metadata={"Date": None})


def set_title_apart(path: Path) -> str:
    """Take the title out of a drawing, if it is in it, and keep it as its name; give the title."""
    drawing = path.read_text("utf-8")
    if group := TITLE_GROUP.search(drawing):
        drawing = without_title(drawing, group)
        # Another page may have the same drawing, and be read at the same time.
        apart = path.with_suffix(f".{os.getpid()}")
        apart.write_text(drawing, "utf-8")
        apart.replace(path)
    title = TITLE.search(drawing)
    return unescape(title[0]) if title else ""


def without_title(drawing: str, group: re.Match[str]) -> str:
    """Cut off the title and the room it took."""
    lines = COMMENT.findall(group[0])
    left, top, width, height = map(float, VIEW_BOX.search(drawing).groups())
    cut = title_height(len(lines)) * 72
    rest = drawing[: group.start()] + drawing[group.end() :]
    used = [path[0] for path in LETTER.finditer(group[0]) if f'"#{path[1]}"' in rest]
    kept = "".join(["<defs>", *used, "</defs>\n"]) if used else ""
    # Comments hold no two strokes side by side.
    title = " ".join(lines).replace("- -", "--")
    rest = rest.replace(" <metadata>", f" <title>{title}</title>\n{kept} <metadata>", 1)
    rest = VIEW_BOX.sub(f"{left:g} {top + cut:g} {width:g} {height - cut:g}", rest, count=1)
    return HEIGHT.sub(f"{height - cut:g}", rest, count=1)


def size(path: Path) -> tuple[int, int]:
    """Read the width and height of a drawing, in pixels, as wide as its page has room for it."""
    width, height = map(float, VIEW_BOX.search(path.read_text("utf-8")).groups()[2:])
    scale = max(PIXELS_PER_POINT, min(COLUMN / width, HIGHEST / height))
    return round(width * scale), round(height * scale)


def scrape(_block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the figures that a block of code left open; give the reST that shows them."""
    rest = ""
    numbers = plt.get_fignums()
    try:
        for number, template in zip(numbers, block_vars["image_path_iterator"], strict=False):
            figure = plt.figure(number)
            alt = describe(figure)
            if not alt:
                message = 'No alternative text: use fig.set_label("...") or give it a title.'
                raise ValueError(message)
            path = Path(template).with_suffix(".svg")
            save(figure, path)
            source = path.relative_to(gallery_conf["src_dir"]).as_posix()
            rest += IMAGE.format(path=source, alt=alt)
    finally:
        plt.close("all")
    return rest


def check_images(app: Sphinx, document: nodes.document) -> None:
    """Give each drawing its title and its size, and ask each image for an alternative text.

    Empty, that says: decoration. Width and height let a browser keep the place free until the
    image arrives.
    """
    for image in list(document.findall(nodes.image)):
        if "drawing" in image["classes"]:
            path = Path(app.srcdir, image["uri"])
            if title := set_title_apart(path):
                place = image.parent.index(image)
                image.parent.insert(place, nodes.paragraph("", title, classes=["figure-title"]))
            width, height = size(path)
            image["width"], image["height"] = str(width), str(height)
        if "alt" not in image:
            uri = image["uri"]
            logger.warning("no alternative text: %s", uri, location=image, type="figures")


def setup(app: Sphinx) -> dict[str, Any]:
    """Check the images of every page; the gallery's configuration names the scraper."""
    app.connect("doctree-read", check_images)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
