"""What the head of a page tells others: one viewport, and a picture for those who share the page.

It loads no styles of sphinx-gallery for what this site has not: Binder's badges and data frames.
The picture is drawn by the build, and only a site that knows its address can name it.
"""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

VIEWPORT = re.compile(r'<meta name="viewport"[^>]*>\s*')
RELATIVE = re.compile(r'<meta property="og:url" content="(?!https?:)[^"]*" />\s*')
UNUSED = ("sg_gallery-binder.css", "sg_gallery-dataframe.css")
PICTURE = "_static/social.png"


def tidy(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _: Any) -> None:
    """Leave out a second viewport, an address that is none, and styles that nothing uses."""
    tags = VIEWPORT.sub("", context.get("metatags", ""))
    context["metatags"] = RELATIVE.sub("", tags)
    styles = context.get("css_files", [])
    context["css_files"] = [one for one in styles if not str(one.filename).endswith(UNUSED)]


def draw_picture(app: Sphinx, problem: Exception | None) -> None:
    """Draw the network of the first page, as large as services ask for."""
    if problem or app.builder.name != "html" or not app.config.ogp_image:
        return
    from matplotlib import pyplot as plt

    from sgdexplained import MLP, draw, half_squared_error

    init = [([[1, 1, 2], [1, -2, 0]], [0, 1, -1]), ([[1], [2], [-1]], [0])]
    net = MLP([2, 3, 1], init=init)
    half_squared_error(net([[1, 2]]), [[1]]).backward()
    axes = draw.network(net)
    draw.title(axes, "Which weights move in one SGD step, how far, and why?")
    figure = axes.figure
    width, height = figure.get_size_inches()
    figure.set_facecolor("white")
    path = Path(app.outdir, PICTURE)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=min(1200 / width, 630 / height), metadata={"Software": None})
    plt.close(figure)


def setup(app: Sphinx) -> dict[str, Any]:
    """Tidy the head of every page, after those who fill it."""
    app.connect("html-page-context", tidy, priority=900)
    app.connect("build-finished", draw_picture)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
