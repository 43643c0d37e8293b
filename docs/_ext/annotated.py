"""Show the package's own source beside its explanation: prose at the left, code at the right.

``.. annotated:: package.module`` reads the module when the page is built, so the page cannot
differ from the code. The prose is what the source says of itself: docstrings, and the comments that
stand at the top level or directly inside a class. Comments inside a function stay in its code.

``:engine:`node.Node.relu``` links to a definition from any page. The reference links each name to
its definition, and a reference to a name that is in no reference page leads there as well. Below
each piece stand the pages that link to it, see ``annotated_uses``.
"""

import importlib
import inspect
from pathlib import Path
from typing import Any

import generated
from annotated_links import EngineRole, anchor_of, find, link_to_sources
from annotated_prose import comment_to_nodes, docstring_to_rest
from annotated_source import Piece, read
from annotated_uses import forget, merge, name_pages, remember, stale_pages
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class Annotated(SphinxDirective):
    """Show a module."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Lay the pieces below each other, in the sections that their titles begin."""
        module = self.arguments[0]
        path = inspect.getsourcefile(importlib.import_module(module))
        self.env.note_dependency(path)
        # Names in the docstrings are looked up from this module.
        self.env.ref_context["py:module"] = module
        short = module.removeprefix(f"{self.config.annotated_package}.")
        self.env.get_domain("std").note_object("engine", short, "", location=self.get_location())
        page = nodes.section()
        place = [page]
        for piece in read(Path(path).read_text("utf-8")):
            if piece.title:
                del place[piece.depth :]
                place[-1].append(section(piece))
                place.append(place[-1][-1])
            place[-1].append(self.row(piece, short))
        del self.env.ref_context["py:module"]
        return page.children

    def row(self, piece: Piece, module: str) -> nodes.container:
        """Lay prose and code beside each other."""
        prose = nodes.container(classes=["annotated-prose"])
        prose += comment_to_nodes(piece.comment)
        rest = docstring_to_rest(piece.docstring).splitlines()
        self.state.nested_parse(StringList(rest, self.get_source_info()[0]), 0, prose)
        row = nodes.container("", prose, classes=["annotated"])
        if piece.code:
            row += code(piece)
        row["defines"] = [f"{module}.{name}" for name in piece.names]
        for name in piece.names:
            anchor = anchor_of(name)
            self.env.get_domain("std").note_object(
                "engine", f"{module}.{name}", anchor, location=self.get_location()
            )
            if name != piece.title:
                row["ids"].append(anchor)
        return row


def section(piece: Piece) -> nodes.section:
    """Begin a section with its title."""
    text = nodes.Text(piece.title)
    title = nodes.title("", "", nodes.literal("", "", text) if piece.names else text)
    anchor = anchor_of(piece.names[0]) if piece.names else nodes.make_id(piece.title)
    return nodes.section("", title, ids=[anchor])


def code(piece: Piece) -> nodes.container:
    """Show code; imports are there for those who want to see them."""
    block = nodes.literal_block(piece.code, piece.code, language="python")
    if piece.imports:
        fold = ["<details><summary>Imports</summary>", "</details>"]
        before, after = (nodes.raw("", html, format="html") for html in fold)
        return nodes.container("", before, block, after, classes=["annotated-code"])
    return nodes.container("", block, classes=["annotated-code"])


# -- Pages ---------------------------------------------------------------------------------------


def write_pages(app: Sphinx) -> None:
    """Write a page for each module: a title and the directive. Remove those of no module."""
    pages = {
        name: f"{name}\n{'=' * len(name)}\n\n.. annotated:: {app.config.annotated_package}.{name}\n"
        for name in app.config.annotated_modules
    }
    generated.write_pages(Path(app.srcdir, app.config.annotated_folder), pages)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive, the role, and the links."""
    app.add_config_value("annotated_package", "sgdexplained", "env")
    app.add_config_value("annotated_folder", "engine", "env")
    app.add_config_value("annotated_modules", [], "env")
    app.add_directive("annotated", Annotated)
    app.add_object_type("engine", "engine", objname="source")
    app.add_role_to_domain("std", "engine", EngineRole(innernodeclass=nodes.literal), override=True)
    app.connect("builder-inited", write_pages)
    app.connect("doctree-read", link_to_sources)
    app.connect("missing-reference", find)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("doctree-read", remember)
    app.connect("env-updated", stale_pages)
    app.connect("doctree-resolved", name_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
