"""Write a reference page for each module that has public names, in the order of ``__all__``."""

import importlib
import inspect
import sys
from pathlib import Path
from textwrap import indent
from typing import Any

import generated
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer

# The names of one module, by the package in which they are public: with each, its value and words.
Names = dict[str, dict[str, tuple[object, str]]]

INDEX = """\
The package
===========

Every public name in one line, by the module that defines it, in the order in which they are best
read.

.. toctree::
   :hidden:

{pages}

{sections}
"""

SECTION = """\
{title}
{underline}

{summary}

{entries}
"""

PAGE = """\
{title}
{underline}

{target}{summary}

{entries}
.. story-pages-that-use:: {names}
   :heading: In the story
"""


def directive(name: str, value: object, words: str, *, again: bool = False) -> str:
    """Choose the directive that documents a public name; a constant cannot hold its own words.

    What a class inherits is shown with it; not *again* in another package, where a base is named.
    """
    if inspect.isclass(value):
        if issubclass(value, BaseException):
            return f".. autoexception:: {name}\n   :show-inheritance:\n"
        option = "show-inheritance:" if again else "inherited-members: tuple, Sequence"
        return f".. autoclass:: {name}\n   :members:\n   :{option}\n"
    if callable(value):
        return f".. autofunction:: {name}\n"
    return f".. py:data:: {name}\n   :value: {value!r}\n\n{indent(words, '   ')}\n"


def words_below(package: str, name: str) -> str:
    """Return what is written below a constant, in whichever module of a package it is defined."""
    for module in [one for one in sys.modules if f"{one}.".startswith(f"{package}.")]:
        words = ModuleAnalyzer.for_module(module).find_attr_docs().get(("", name))
        if words:
            return "\n".join(words)
    return ""


def inherits_from(first: str, package: str, value: object) -> bool:
    """Tell whether a class of another package has a base in the first one."""
    bases = value.__mro__[1:] if inspect.isclass(value) else ()
    return package != first and any(
        base.__module__.startswith(f"{first}.") and not base.__module__.startswith(f"{package}.")
        for base in bases
    )


def one_line(package: str, name: str, value: object, words: str) -> str:
    """Link to a name, and say in one line what it is: the first paragraph of its docstring."""
    about = inspect.getdoc(value) if callable(value) else words
    first = " ".join((about or f"{value!r}").partition("\n\n")[0].split())
    return f":py:obj:`{name} <{package}.{name}>`\n   {first}\n"


def section(title: str, module: str, by_package: Names) -> str:
    """Describe a module on the page that lists them all."""
    entries = [
        f".. currentmodule:: {package}\n\n"
        + "\n".join(one_line(package, name, *about) for name, about in names.items())
        for package, names in by_package.items()
    ]
    return SECTION.format(
        title=title,
        underline="-" * len(title),
        summary=summary_of(module),
        entries="\n".join(entries),
    )


def summary_of(module: str) -> str:
    """Return the first line of what a module says of itself."""
    return (inspect.getdoc(importlib.import_module(module)) or "").partition("\n")[0]


def public_names(packages: list[str]) -> dict[str, Names]:
    """Sort the names of all packages by the module that defines them, and where they are public.

    With each name go its value and the words below it.

    A name that is public in two packages belongs to the first; a module that is public itself is
    no name, for its own names have pages.
    """
    modules: dict[str, Names] = {}
    seen: list[object] = []
    for package in packages:
        public = importlib.import_module(package)
        for name in public.__all__:
            value = getattr(public, name)
            if inspect.ismodule(value) or any(value is one for one in seen):
                continue
            # A constant does not know where it was defined, and may equal another one.
            home = getattr(value, "__module__", None)
            seen += [value] if home else []
            words = "" if callable(value) else words_below(package, name)
            modules.setdefault(home or package, {}).setdefault(package, {})[name] = value, words
    return modules


def describe(packages: list[str]) -> dict[str, str]:
    """Compose the pages, as reST, by file name."""
    pages, sections = {}, []
    for module, by_package in public_names(packages).items():
        full = [f"{package}.{name}" for package, names in by_package.items() for name in names]
        entries = [
            f".. currentmodule:: {package}\n\n"
            + "\n".join(
                directive(name, value, words, again=inherits_from(packages[0], package, value))
                for name, (value, words) in names.items()
            )
            for package, names in by_package.items()
        ]
        # In a title, as in the navigation, there is no room for the name of the package itself.
        title = module.removeprefix(f"{packages[0]}.")
        pages[module] = PAGE.format(
            title=title,
            underline="=" * len(title),
            # A module that is called like one of the names leaves its own to that name.
            target="" if module in full else f".. module:: {module}\n\n",
            summary=summary_of(module),
            entries="\n".join(entries),
            names=" ".join(full),
        )
        sections.append(section(title, module, by_package))
    entries = (f"   {page.removeprefix(f'{packages[0]}.')} <{page}>" for page in pages)
    index = INDEX.format(pages="\n".join(entries), sections="\n".join(sections))
    return {"index": index, **pages}


def write_pages(app: Sphinx) -> None:
    """Write what has changed, so that Sphinx reads again only that; remove what has gone."""
    folder = Path(app.srcdir, app.config.api_folder)
    generated.write_pages(folder, describe(app.config.api_packages))


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before Sphinx looks for pages to read."""
    app.add_config_value("api_packages", ["sgdexplained"], "env")
    app.add_config_value("api_folder", "reference/api", "env")
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
