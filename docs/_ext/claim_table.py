"""The table of all claims, and how many there are of each verdict."""

import posixpath
import re
from typing import Any

from anew import digest, write_when_changed
from claim_box import CHECK, WORDING, anchor_of_row, claim, line, link_to_place, verdict
from claim_counts import counts
from claim_filter import form
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

COLUMNS = {"Claim": 16, "What is said, and what is true": 64, "Shown on": 20}


class claims_table(nodes.General, nodes.Element):  # noqa: N801
    """The place where the table goes, once every page has been read."""


class ClaimsTableDirective(SphinxDirective):
    """List the claims of the whole site, or only count them, or name those of one verdict."""

    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Keep the place."""
        self.env.domains["claim"].data["users"].add(self.env.docname)
        verdict = self.arguments[0] if self.arguments else ""
        return [claims_table(kind=self.name, verdict=verdict)]


class FillTable(SphinxPostTransform):
    """Write the table from the pages, just before references are resolved."""

    default_priority = 5

    def run(self, **_: Any) -> None:
        """Replace each place by counts and a table."""
        for place in list(self.document.findall(claims_table)):
            domain = self.env.domains["claim"]
            shown = {}
            for docname in {one.docname for one in domain.data["shown"]}:
                for node in self.env.get_doctree(docname).findall(claim):
                    shown[node["claim"]] = (docname, node)
            found = {name: shown[name] for name in domain.entries if name in shown}
            verdicts = {name: node["verdict"] for name, (_, node) in found.items()}
            if place["kind"] == "claims_list":
                content = [self.named(found, place["verdict"])]
            else:
                content = counts(verdicts, len(domain.entries))
            if place["kind"] == "claims_table":
                content.append(self.filter(found))
                content.append(table([self.row(*one) for one in found.values()]))
            place.replace_self(content)

    def named(self, found: dict[str, tuple[str, claim]], verdict: str) -> nodes.bullet_list:
        """Name the claims of one verdict, each with the page that shows it."""
        lines = nodes.bullet_list(classes=["claims-list"])
        kind = nodes.make_id(verdict)
        for docname, node in found.values():
            if node["verdict"] == verdict:
                said = next(part for part in node.children if "claim-statement" in part["classes"])
                paragraph = self.copy(said.children[0])
                title = self.env.titles[docname].astext()
                # The picture convinces; the box is below it.
                page = link_to_place(docname, node.get("picture") or node["ids"][0], title)
                paragraph.insert(0, nodes.inline(classes=["verdict", f"verdict-{kind}"]))
                paragraph += [nodes.Text(" "), page]
                lines += nodes.list_item("", paragraph)
        return lines

    def filter(self, found: dict[str, tuple[str, claim]]) -> nodes.raw:
        """Offer the verdicts as the table has them, and the parts in the order of the story."""
        verdicts = [WORDING.get(node["verdict"], node["verdict"]) for _, node in found.values()]
        parts = [self.part(docname) for docname in sorted(docname for docname, _ in found.values())]
        return form(verdicts, parts, len(found))

    def part(self, docname: str) -> str:
        """Name the part of the story to which a page belongs, if it belongs to one."""
        part = self.env.titles.get(posixpath.join(posixpath.dirname(docname), "index"))
        return part.astext() if part and docname.count("/") > 1 else ""

    def row(self, docname: str, node: claim) -> nodes.row:
        """Write the row of a claim: id, verdict, what is said, and where it is shown."""
        name = link_to_place(docname, node["ids"][0], node["claim"])
        about = [part for part in node.children if "claim-statement" in part["classes"]]
        # A sentence that only leads to the check stays with it.
        about = [one for part in about for one in part.children if one.astext()[-1:] != ":"]
        about += [part for part in node.children if "claim-when" in part["classes"]]
        about += [part for part in node.children if "claim-corrected" in part["classes"]]
        if seen := picture_of(node):
            link = link_to_place(docname, node["picture"], shown_in(seen), "claim-picture")
            about.append(line("seen", "Picture:", link))
        refuted = next(part for part in node.children if "claim-refuted" in part["classes"])
        conditions = [part.deepcopy() for part in refuted.children[2:]]
        about.append(line("refuted", "False if", *conditions))
        about += self.check(node)
        parts = {
            "claim-id": [nodes.paragraph("", "", name, nodes.Text(" "), verdict(node["verdict"]))],
            "claim-about": [self.copy(part) for part in about],
            "claim-where": self.where(docname, node),
        }
        cells = [nodes.entry("", *cell, classes=[kind]) for kind, cell in parts.items()]
        anchor = anchor_of_row(node["claim"])
        return nodes.row("", *cells, classes=["claim-row"], ids=[anchor])

    def check(self, node: claim) -> list[nodes.Node]:
        """Show the whole check, folded, so that it can be read where the claim stands."""
        proof = next(part for part in node.children if "claim-proof" in part["classes"])
        kept = [
            part
            for part in proof.children
            if not {"claim-more", "claim-sources"} & {*part.get("classes", ())}
        ]
        fold = [f'<details class="claim-check"><summary>{CHECK}</summary>', "</details>"]
        before, after = (nodes.raw("", html, format="html") for html in fold)
        return [before, *kept, after]

    def where(self, docname: str, node: claim) -> list[nodes.Node]:
        """Link to the page, and name the part of the story."""
        title = self.env.titles[docname].astext()
        page = link_to_place(docname, node["ids"][0], title)
        lines = [nodes.paragraph("", "", page)]
        if part := self.part(docname):
            lines.append(nodes.paragraph("", part, classes=["claim-part"]))
        return lines

    def copy(self, part: nodes.Node) -> nodes.Node:
        """Copy a sentence to this page, without the names by which others refer to it."""
        copied = part.deepcopy()
        for node in copied.findall(nodes.Element):
            node["ids"], node["names"] = [], []
            if "refdoc" in node:
                node["refdoc"] = self.env.docname
        return copied


def picture_of(node: claim) -> nodes.image | None:
    """Find the picture that belongs to a claim."""
    images = node.document.findall(nodes.image) if "picture" in node else ()
    return next((one for one in images if node["picture"] in one["ids"]), None)


def shown_in(image: nodes.image) -> str:
    """Say what a picture shows: by its title, or else by the first sentence that describes it."""
    place = image.parent.index(image)
    before = image.parent[place - 1] if place else nodes.paragraph()
    if "figure-title" in before.get("classes", ()):
        return before.astext()
    return re.split(r"(?<=[.!?]) ", " ".join(image["alt"].split()))[0]


def table(rows: list[nodes.row]) -> nodes.table:
    """Put rows under a head."""
    heads = [nodes.entry("", nodes.paragraph("", name)) for name in COLUMNS]
    group = nodes.tgroup("", cols=len(COLUMNS))
    group += [nodes.colspec(colwidth=width) for width in COLUMNS.values()]
    group += nodes.thead("", nodes.row("", *heads))
    group += nodes.tbody("", *rows)
    return nodes.table("", group, classes=["claims-table", "colwidths-auto"])


# -- What the table needs from other pages, and from a browser -----------------------------------


def note_what_is_said(app: Sphinx, document: nodes.document) -> None:
    """Remember what the claims of a page say: the lists of claims repeat it."""
    boxes = [box.pformat() for box in document.findall(claim)]
    if boxes:
        pictures = [shown_in(seen) for box in document.findall(claim) if (seen := picture_of(box))]
        app.env.metadata[app.env.docname]["claims"] = digest([boxes, pictures])


def verdicts(env: BuildEnvironment) -> list[Any]:
    """List what the pages that show claims of others depend on."""
    domain = env.domains["claim"]
    registers = [domain.path(name) for name in ("claims_register", "claims_refutations")]
    shown = [
        (one.name, one.verdict, one.docname, one.anchor, env.metadata[one.docname].get("claims"))
        for one in domain.data["shown"]
    ]
    titles = [env.titles[docname].astext() for docname in sorted({one[2] for one in shown})]
    return [sorted(shown), titles, [path.read_text("utf-8") for path in registers]]


def add_script(app: Sphinx, _page: str, _template: str, _context: Any, doctree: Any) -> None:
    """Load the script on the page that has the table, and on no other."""
    tables = doctree.findall(nodes.table) if doctree else ()
    if any("claims-table" in node["classes"] for node in tables):
        app.add_js_file("claims.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Register the directives that list and count the claims, and what they need from others."""
    app.add_directive("claims_table", ClaimsTableDirective)
    app.add_directive("claims_counts", ClaimsTableDirective)
    app.add_directive("claims_list", ClaimsTableDirective)
    app.add_post_transform(FillTable)
    app.connect("doctree-read", note_what_is_said, priority=900)
    write_when_changed(app, "claims", lambda env: env.domains["claim"].data["users"], verdicts)
    app.connect("html-page-context", add_script)
