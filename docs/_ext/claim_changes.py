"""The deliberate changes of the engine, one by one: what each edits, and which claims notice."""

import re
from collections.abc import Iterator
from textwrap import dedent, indent
from typing import Any

from claim_box import anchor_of_change, claim, link_to_place
from claim_register import Change
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective


class refutes(nodes.General, nodes.Element):  # noqa: N801
    """The place for the claims that name a change, once every page has been read."""


class ChangesDirective(SphinxDirective):
    """List the changes of the register, in its parts and in its order."""

    def run(self) -> list[nodes.Node]:
        """Write a section for each part, and in it a paragraph and a diff for each change."""
        domain = self.env.domains["claim"]
        domain.data["users"].add(self.env.docname)
        path = domain.path("claims_refutations")
        self.env.note_dependency(str(path))
        sections: list[nodes.Node] = []
        for title, names in parts(path.read_text("utf-8")):
            section = nodes.section("", nodes.title("", title), ids=[nodes.make_id(title)])
            for name in names:
                section += self.described(domain.changes[name])
            sections.append(section)
        return sections

    def described(self, change: Change) -> list[nodes.Node]:
        """Say in words what is changed; fold which claims notice, and the lines of code."""
        words = nodes.strong("", f"What if {change.words}?")
        about = nodes.paragraph("", "", words, ids=[anchor_of_change(change.name)])
        code = nodes.container()
        if change.edits:
            lead = nodes.paragraph(
                "", "The lines that are taken out (\N{MINUS SIGN}) and put in (+):"
            )
            diff = nodes.literal_block("", "\n".join(lines_of(change)), language="diff")
            code += [lead, diff]
        name = nodes.literal("", change.name, classes=["change-name"])
        code += nodes.paragraph("", "", nodes.Text("Its name is "), name, nodes.Text("."))
        return [about, refutes(change=change.name), code]


class FillRefuted(SphinxPostTransform):
    """Name the claims that a change refutes, just before references are resolved."""

    default_priority = 5

    def run(self, **_: Any) -> None:
        """Replace each place by links to the boxes."""
        places = list(self.document.findall(refutes))
        if not places:
            return
        noticed = noticed_by(self.env)
        for place in places:
            claims = noticed.get(place["change"], [])
            said = "Then no claim would be false."
            if claims:
                some = f"{len(claims)} claims" if len(claims) > 1 else "one claim"
                said = f"Then {some} would be false."
            code = place.next_node(nodes.container, descend=False, siblings=True)
            fold = f"<details><summary>{said}</summary>"
            code.parent.insert(code.parent.index(code) + 1, raw("</details>"))
            place.replace_self([raw(fold), *list_of(claims)])


def raw(html: str) -> nodes.raw:
    """Write HTML as it is."""
    return nodes.raw("", html, format="html")


def list_of(claims: list[tuple[str, claim]]) -> list[nodes.Node]:
    """List claims with their first sentence; each leads to its box."""
    lines = nodes.bullet_list()
    for docname, node in claims:
        said = next(part for part in node.children if "claim-statement" in part["classes"])
        link = link_to_place(docname, node["ids"][0], node["claim"])
        text = nodes.Text(f" {said.children[0].astext()}")
        lines += nodes.list_item("", nodes.paragraph("", "", link, text))
    return [lines] if claims else []


def noticed_by(env: BuildEnvironment) -> dict[str, list[tuple[str, claim]]]:
    """Find, for each change, the claims that name it, in the order of the register."""
    domain = env.domains["claim"]
    shown = {}
    for docname in {one.docname for one in domain.data["shown"]}:
        for node in env.get_doctree(docname).findall(claim):
            shown[node["claim"]] = (docname, node)
    found: dict[str, list[tuple[str, claim]]] = {}
    for name in domain.entries:
        if name in shown:
            for change in shown[name][1]["refuted_by"]:
                found.setdefault(change, []).append(shown[name])
    return found


def parts(register: str) -> Iterator[tuple[str, list[str]]]:
    """Divide the register as its comments do: ``# -- Title ----`` above the names of a part."""
    found = re.split(r"^# -- (.+?) -+$", register, flags=re.MULTILINE)
    for title, text in zip(found[1::2], found[2::2], strict=True):
        yield title, re.findall(r"^\[([\w-]+)\]$", text, re.MULTILINE)


def lines_of(change: Change) -> Iterator[str]:
    """Write the edits of a change as a diff, module by module."""
    module = None
    for edit in change.edits:
        if edit.file != module:
            module = edit.file
            yield f"@@ {module} @@"
        for sign, text in ("-", edit.old), ("+", edit.new):
            yield from (f"{sign} {line}" for line in aligned(text).splitlines() if line)


def aligned(text: str) -> str:
    """Take the margin off a piece of code, also where its first line has been cut out of one."""
    first, _, rest = text.strip("\n").partition("\n")
    if first[:1] == " ":
        return dedent(text.strip("\n"))
    return f"{first}\n{indent(dedent(rest), '    ' * first.endswith(':'))}"


def setup(app: Sphinx) -> None:
    """Register the list of changes, and what fills it."""
    app.add_directive("claims_changes", ChangesDirective)
    app.add_post_transform(FillRefuted)
