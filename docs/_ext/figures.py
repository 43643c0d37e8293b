"""Put the figures of a gallery script on its page: vector graphics that say what they show."""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from matplotlib import pyplot as plt
from matplotlib import rc_context
from matplotlib.figure import Figure
from sphinx.application import Sphinx
from sphinx.util import logging

SETTINGS = {
    # A fixed salt gives the parts of a drawing the same names in every build.
    "svg.hashsalt": "sgdexplained",
    # An SVG that is shown as an image cannot use the page's fonts, and a reader's machine
    # may lack the one that the figure was laid out with: so letters become outlines.
    "svg.fonttype": "path",
}
PIXELS_PER_POINT = 96 / 72

IMAGE = """
.. image:: /{path}
   :alt: {alt}
   :width: {width}
   :height: {height}
   :class: drawing
"""

logger = logging.getLogger(__name__)


def describe(figure: Figure) -> str:
    """Say what a figure shows: its label, or else its titles."""
    titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
    text = figure.get_label() or ". ".join(title for title in titles if title)
    return " ".join(str(text).split())


def save(figure: Figure, path: Path) -> tuple[int, int]:
    """Draw a figure on a transparent ground; give its width and height in pixels."""
    with rc_context(SETTINGS):
        figure.savefig(path, transparent=True, metadata={"Date": None})
    return size(path)


def size(path: Path) -> tuple[int, int]:
    """Read the width and height of a drawing, in pixels."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', path.read_text("utf-8"))
    width, height = (round(float(points) * PIXELS_PER_POINT) for points in box.groups())
    return width, height


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
            width, height = save(figure, path)
            source = path.relative_to(gallery_conf["src_dir"]).as_posix()
            # Width and height let a browser keep the place free until the image arrives.
            rest += IMAGE.format(path=source, alt=alt, width=width, height=height)
    finally:
        plt.close("all")
    return rest


def check_images(app: Sphinx, document: nodes.document) -> None:
    """Ask for an alternative text wherever a page shows an image; empty says: decoration.

    The drawings of executed pages do not know their size: it is told here, so that a browser keeps
    their places free as well.
    """
    for image in document.findall(nodes.image):
        if "drawing" in image["classes"] and "height" not in image:
            width, height = size(Path(app.srcdir, image["uri"]))
            image["width"], image["height"] = str(width), str(height)
        if "alt" not in image:
            uri = image["uri"]
            logger.warning("no alternative text: %s", uri, location=image, type="figures")


def setup(app: Sphinx) -> dict[str, Any]:
    """Check the images of every page; the gallery's configuration names the scraper."""
    app.connect("doctree-read", check_images)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
