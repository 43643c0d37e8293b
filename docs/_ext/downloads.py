"""Offer the package and the story for download, so that a reader can run what the site shows.

At the end of a build the site gets a folder with three files: the wheel, the source distribution,
and an archive of all scripts and notebooks of the story, with the wheel beside them.
``{offer}`wheel``` links to a file, and ``{install}`` shows the line that installs the wheel from
the site's own address. Wherever that address is not known when the site is built, a few lines of
JavaScript put it in, for the browser knows it.
"""

import importlib.util
import posixpath
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

logger = logging.getLogger(__name__)

# What stands for the address of the site until somebody knows it.
UNKNOWN = "ADDRESS/"
# An archive keeps a time for each file. Ours keep the same one always: builds have equal bytes.
LONG_AGO = (2020, 2, 2, 0, 0, 0)


def requirement(name: str, wheel: str, site: str = "", extras: str = "") -> str:
    """Write what pip installs: the wheel at the address of the site."""
    return f"{name}{f'[{extras}]' if extras else ''} @ {site or UNKNOWN}{wheel}"


def notebook_cell(name: str, wheel: str, site: str = "", extras: str = "") -> str:
    """Write the first cell of a notebook, which installs what the others use.

    Where the address of the site is not known, the wheel is expected beside the notebook.
    """
    if site:
        about = "# Install what this page uses."
        what = requirement(name, wheel, site, extras)
    else:
        about = "# Install what this page uses: put the wheel that the site offers beside it."
        what = f"./{posixpath.basename(wheel)}{f'[{extras}]' if extras else ''}"
    return f'{about}\n%pip install --quiet "{what}"'


def offers(wheel: str) -> dict[str, str]:
    """Name the files on offer: their addresses, relative to the root of the site."""
    folder = posixpath.dirname(wheel)
    name, version, *_ = posixpath.basename(wheel).split("-")
    return {
        "wheel": wheel,
        "sdist": f"{folder}/{name}-{version}.tar.gz",
        "story": f"{folder}/{name}-story.zip",
    }


class OfferRole(SphinxRole):
    """Link to one of the files by what it is: ``wheel``, ``sdist`` or ``story``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Link relative to this page, as the site may stand anywhere."""
        found = offers(self.config.downloads_wheel).get(self.text)
        if found is None:
            message = f"there is no {self.text!r} to download; there are wheel, sdist and story"
            logger.warning(message, location=self.get_location(), type="downloads")
            return [nodes.Text(self.text)], []
        address = "../" * self.env.docname.count("/") + found
        link = nodes.reference("", "", internal=True, refuri=address)
        link += nodes.literal("", posixpath.basename(found))
        return [link], []


class InstallDirective(SphinxDirective):
    """Show the line that installs the wheel from the address of the site."""

    option_spec: ClassVar[dict[str, Any]] = {"extras": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Write the line; without scripts, say what to put into it."""
        config = self.config
        what = requirement(
            config.project, config.downloads_wheel, config.downloads_site, self.options["extras"]
        )
        line = nodes.literal_block("", f'pip install "{what}"', language="shell")
        box = nodes.container("", line, classes=["install"])
        if not config.downloads_site:
            root = "../" * self.env.docname.count("/")
            box["classes"].append("install-unknown")
            note = (
                f"<noscript><p>Put the address of this site in the place of <code>{UNKNOWN}</code>."
                f'</p></noscript><a class="install-root" href="{root or "./"}" hidden>this site</a>'
            )
            box += nodes.raw("", note, format="html")
        return [box]


def stories(app: Sphinx) -> Iterable[Path]:
    """List the scripts of the story and the notebooks that sphinx-gallery has made of them."""
    source = Path(app.srcdir, app.config.downloads_scripts).resolve()
    made = Path(app.srcdir, app.config.story_folder)
    for script in sorted(source.rglob("plot_*.py"), key=lambda path: path.name):
        yield script
        notebook = made / script.relative_to(source).with_suffix(".ipynb")
        if notebook.exists():
            yield notebook


def pack(archive: Path, files: Iterable[Path]) -> None:
    """Put files into an archive, all in one folder that is called like the archive."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in files:
            entry = zipfile.ZipInfo(f"{archive.stem}/{path.name}", LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, path.read_bytes())


def build_package(root: Path, folder: Path) -> None:
    """Make the wheel and the source distribution, in a process of their own."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel"]
    command += ["-d", str(folder.resolve())]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ExtensionError(f"hatchling cannot build the package in {root}:\n{done.stderr}")


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the folder when the site is built."""
    if error or app.builder.format != "html":
        return
    if not importlib.util.find_spec("hatchling"):
        logger.warning("hatchling is not installed: the site offers no downloads", type="downloads")
        return
    names = offers(app.config.downloads_wheel)
    folder = Path(app.outdir, names["wheel"]).parent
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    with TemporaryDirectory() as made:
        build_package(Path(app.srcdir, app.config.downloads_project).resolve(), Path(made))
        for path in Path(made).iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
    missing = [name for name in ("wheel", "sdist") if not Path(app.outdir, names[name]).exists()]
    if missing:
        raise ExtensionError(
            f"hatchling made {sorted(path.name for path in folder.iterdir())}, expected "
            f"{[names[name] for name in missing]}: does the version in conf.py agree?"
        )
    pack(Path(app.outdir, names["story"]), [Path(app.outdir, names["wheel"]), *stories(app)])


def add_script(app: Sphinx, _page: str, _template: str, _context: Any, doctree: Any) -> None:
    """Load the script on a page that shows an address still to be put in, and on no other."""
    boxes = doctree.findall(nodes.container) if doctree else ()
    if any("install-unknown" in box["classes"] for box in boxes):
        app.add_js_file("install.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the downloads when all pages are there."""
    app.add_config_value("downloads_wheel", "", "env")
    app.add_config_value("downloads_site", "", "env")
    app.add_config_value("downloads_project", "..", "")
    app.add_config_value("downloads_scripts", "../gallery", "")
    app.add_role("offer", OfferRole())
    app.add_directive("install", InstallDirective)
    app.connect("html-page-context", add_script)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
