"""Bring the faces in which the site is set: one for prose, of the figures' family, one for code.

site.css names the files. Every page asks for them before its style has arrived, so that they are
there when the first line is drawn; a browser that would have to wait takes a face of its own, and
keeps it (``font-display: optional``). So no line ever moves because a face came late.

Written into the style sheet instead they would shift lines: browsers read such faces only after
they have drawn the page.
"""

import shutil
from pathlib import Path
from typing import Any

from katex import PRELOAD
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

PACKAGES = Path("node_modules", "@fontsource")
FOLDER = "typefaces"

# Latin letters only, in the styles that are used: some 17 KB each, 12 KB for code.
FACES = {
    "stix-two-text": ["latin-400-normal", "latin-400-italic", "latin-600-normal"],
    "source-code-pro": ["latin-400-normal"],
}


def files() -> dict[str, list[str]]:
    """Name the files of each face."""
    return {face: [f"{face}-{style}.woff2" for style in FACES[face]] for face in FACES}


def copy_faces(app: Sphinx) -> None:
    """Put the faces and their licences into the site."""
    if app.builder.format != "html":
        return
    target = Path(app.outdir, "_static", FOLDER)
    target.mkdir(parents=True, exist_ok=True)
    for face, names in files().items():
        source = Path(app.confdir, PACKAGES, face)
        if not source.exists():
            message = f"{face} is missing: run `npm ci --prefix docs`, as `nox -s docs` does."
            raise ExtensionError(message)
        for name in names:
            shutil.copy(source / "files" / name, target)
        shutil.copy(source / "LICENSE", target / f"{face}-LICENSE.txt")


def preload(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _: Any) -> None:
    """Ask for all of them at the top of the page."""
    paths = (f"_static/{FOLDER}/{name}" for names in files().values() for name in names)
    links = (PRELOAD.format(context["pathto"](path, resource=True)) for path in paths)
    context["metatags"] = context.get("metatags", "") + "".join(links)


def setup(app: Sphinx) -> dict[str, Any]:
    """Copy first, then ask for them on every page."""
    app.connect("builder-inited", copy_faces)
    app.connect("html-page-context", preload)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
