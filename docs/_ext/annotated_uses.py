"""Lead from a piece of the source to the pages that link to it: who reads the code finds the story.

A page that links to a definition is remembered while the pages are read. When the page of the
source is written, a line below its words names them.
"""

from collections.abc import Iterable

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

LEAD = "Pages that lead here:"
CLASS = "annotated-uses"


def forget(_: Sphinx, env: BuildEnvironment, page: str) -> None:
    """Forget a page that will be read again."""
    uses(env).pop(page, None)


def merge(_: Sphinx, env: BuildEnvironment, pages: Iterable[str], other: BuildEnvironment) -> None:
    """Take over what another process has read."""
    uses(env).update({page: uses(other)[page] for page in pages if page in uses(other)})


def remember(app: Sphinx, doctree: nodes.document) -> None:
    """Remember the links of a page; those that the reference makes by itself are not meant."""
    links = doctree.findall(addnodes.pending_xref)
    found = {link["reftarget"] for link in links if is_written(link)}
    if found:
        uses(app.env)[app.env.docname] = found


def stale_pages(_: Sphinx, env: BuildEnvironment) -> list[str]:
    """List the pages of the source whose lines are no longer right."""
    now = {target: pages_that_use(env, target) for target in set().union(*uses(env).values())}
    before = getattr(env, "annotated_named", {})
    env.annotated_named = now
    changed = {name for name in now.keys() | before.keys() if now.get(name) != before.get(name)}
    sources = env.get_domain("std").objects.items()
    return sorted(
        {page for (kind, name), (page, _) in sources if kind == "engine" and name in changed}
    )


def uses(env: BuildEnvironment) -> dict[str, set[str]]:
    """Give what the environment remembers."""
    if not hasattr(env, "annotated_uses"):
        env.annotated_uses = {}
    found: dict[str, set[str]] = env.annotated_uses
    return found


def is_written(link: addnodes.pending_xref) -> bool:
    """Return whether a link is one that somebody wrote with the role ``engine``."""
    return link.get("reftype") == "engine" and not link.get("optional")


def pages_that_use(env: BuildEnvironment, target: str) -> list[tuple[str, str]]:
    """List the pages that link to a definition, in the order of their names, with their titles."""
    pages = [page for page, targets in sorted(uses(env).items()) if target in targets]
    return [(page, env.titles[page].astext()) for page in pages]


def name_pages(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Name, below the words of each piece, the pages that link to it."""
    beside = (
        f"{app.config.annotated_folder}/"  # the pages of the source have each other in the menu
    )
    for row in doctree.findall(
        lambda node: isinstance(node, nodes.container) and "defines" in node
    ):
        found = [page for name in row["defines"] for page in pages_that_use(app.env, name)]
        links = [
            nodes.list_item("", nodes.paragraph("", "", link(app, docname, *page)))
            for page in dict.fromkeys(found)
            if not page[0].startswith(beside)
        ]
        if links:
            listed = nodes.bullet_list("", *links)
            row[0] += nodes.container("", nodes.paragraph("", LEAD), listed, classes=[CLASS])


def link(app: Sphinx, docname: str, page: str, title: str) -> nodes.reference:
    """Refer to a page by its title."""
    address = app.builder.get_relative_uri(docname, page)
    return nodes.reference("", title, internal=True, refuri=address)
