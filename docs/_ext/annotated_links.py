"""Links to the annotated source: from the reference, and wherever the reference has no place."""

import importlib
import inspect
from operator import attrgetter

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.roles import XRefRole
from sphinx.util.nodes import make_refnode


class EngineRole(XRefRole):
    """Refer to a definition: its name is code, a title of the page's own is prose."""

    def result_nodes(
        self, document: nodes.document, env: BuildEnvironment, node: nodes.Element, is_ref: bool
    ) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Write the name, or the last part of it, or the title."""
        if not f".{node['reftarget']}".endswith(f".{node.astext()}"):
            node[:] = [nodes.inline("", node.astext())]
        return super().result_nodes(document, env, node, is_ref)


def anchor_of(name: str) -> str:
    """Give the anchor of a definition; the prefix tells it from that of a heading."""
    return f"code-{name}"


def home_of(package: str, module: str, name: str) -> str | None:
    """Find where a name of the reference is defined: ``SGD.step`` is ``sgd.Optimiser.step``."""
    try:
        value = attrgetter(name)(importlib.import_module(module))
    except (AttributeError, ImportError):
        return None
    value = inspect.unwrap(getattr(value, "fget", value))
    home = getattr(value, "__module__", None) or ""
    if not home.startswith(f"{package}.") or not hasattr(value, "__qualname__"):
        return None
    return f"{home.removeprefix(f'{package}.')}.{value.__qualname__}"


def link_to_sources(app: Sphinx, document: nodes.document) -> None:
    """Link each name in the reference to its definition."""
    for signature in document.findall(addnodes.desc_signature):
        name, module = signature.get("fullname"), signature.get("module")
        home = name and module and home_of(app.config.annotated_package, module, name)
        if home:
            # An inline, because the names of a signature are read as code.
            text = nodes.inline("", "source", classes=["source-link"])
            target = {"refdomain": "std", "reftype": "engine", "reftarget": home}
            refdoc = app.env.docname
            link = addnodes.pending_xref("", text, **target, refdoc=refdoc, optional=True)
            signature.append(link)


def find(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, text: nodes.TextElement
) -> nodes.Node | None:
    """Find a name that is not public, or is written as the module itself writes it."""
    if node.get("optional"):
        return nodes.inline()
    if node.get("refdomain") != "py":
        return None
    package, target = app.config.annotated_package, node["reftarget"]
    module, owner = node.get("py:module") or package, node.get("py:class")
    names = [target.removeprefix(f"{package}."), home_of(package, module, target)]
    names += [home_of(package, module, f"{owner}.{target}")] if owner else []
    sources = {
        name: place
        for (kind, name), place in env.get_domain("std").objects.items()
        if kind == "engine"
    }
    public = {name: entry[:2] for name, entry in env.get_domain("py").objects.items()}
    found = [sources[name] for name in names if name in sources]
    # A docstring is also shown where a class of another module inherits it.
    found += only(public, target) + only(sources, target)
    return make_refnode(app.builder, node["refdoc"], *found[0], text) if found else None


def only(places: dict[str, tuple[str, str]], target: str) -> list[tuple[str, str]]:
    """Give the place of the one name that ends like this, if it is the only one."""
    found = {place for name, place in places.items() if name.endswith(f".{target}")}
    return list(found) if len(found) == 1 else []
