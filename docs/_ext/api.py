"""Write a reference page for each module that has public names, in the order of ``__all__``."""

import importlib
import inspect
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

INDEX = """\
The package
===========

Every public name, by the module that defines it, in the order in which they are best read.
All of them are imported from ``{package}`` itself.

.. toctree::

{pages}
"""

PAGE = """\
{module}
{underline}

{target}{summary}

.. currentmodule:: {package}

{entries}
.. minigallery:: {names}
   :add-heading: In the story
   :heading-level: -
"""


def directive(name: str, value: object) -> str:
    """Choose the directive that documents a public name."""
    if inspect.isclass(value):
        if issubclass(value, BaseException):
            return f".. autoexception:: {name}\n   :show-inheritance:\n"
        return f".. autoclass:: {name}\n   :members:\n   :inherited-members:\n"
    kind = "function" if callable(value) else "data"
    return f".. auto{kind}:: {name}\n"


def describe(package: str) -> dict[str, str]:
    """Compose the pages, as reST, by file name."""
    public = importlib.import_module(package)
    modules: dict[str, dict[str, object]] = {}
    for name in public.__all__:
        value = getattr(public, name)
        # A constant does not know where it was defined.
        modules.setdefault(getattr(value, "__module__", package), {})[name] = value
    pages = {}
    for module, names in modules.items():
        # A module that is called like its only function leaves the name to the function.
        taken = module in {f"{package}.{name}" for name in names}
        pages[module] = PAGE.format(
            module=module,
            underline="=" * len(module),
            target="" if taken else f".. module:: {module}\n\n",
            summary=(inspect.getdoc(importlib.import_module(module)) or "").partition("\n")[0],
            package=package,
            entries="\n".join(directive(name, value) for name, value in names.items()),
            names=" ".join(f"{package}.{name}" for name in names),
        )
    index = INDEX.format(package=package, pages="\n".join(f"   {page}" for page in pages))
    return {"index": index, **pages}


def write_pages(app: Sphinx) -> None:
    """Write what has changed, so that Sphinx reads again only that; remove what has gone."""
    folder = Path(app.srcdir, app.config.api_folder)
    folder.mkdir(parents=True, exist_ok=True)
    pages = {
        folder / f"{name}.rst": text for name, text in describe(app.config.api_package).items()
    }
    for path in set(folder.glob("*.rst")) - set(pages):
        path.unlink()
    for path, text in pages.items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before Sphinx looks for pages to read."""
    app.add_config_value("api_package", "sgdexplained", "env")
    app.add_config_value("api_folder", "reference/api", "env")
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
