"""The box in which a page shows a claim, and the picture that belongs to it."""

from collections.abc import Callable
from typing import Any

from claim_rules import Stated
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

Parse = Callable[[str], tuple[list[nodes.Node], list[nodes.system_message]]]

# How a verdict reads where no condition follows it; the style sheet adds a sign to each.
WORDING = {"holds when": "holds when\N{HORIZONTAL ELLIPSIS}"}


# The page on which the changes stand that would refute a claim; without it, nothing links there.
CHANGES = "refutations"
# The page of all claims, which says what would make each false.
CLAIMS = "claims"

# What opens the check of a claim.
CHECK = "Show the check"

# What leads from a claim to its picture.
PICTURE = "its picture"

# What the code of a claim is, for who points at it.
NAME = "The name of this sentence in the table of all claims"


class claim(nodes.container):  # noqa: N801 (nodes of a page have names like this)
    """A claim on a page, with what the table of all claims needs to know of it."""


def verdict(word: str) -> nodes.inline:
    """Write a verdict, with a class for its sign."""
    classes = ["verdict", f"verdict-{nodes.make_id(word)}"]
    return nodes.inline("", WORDING.get(word, word), classes=classes)


def correction(verdict: str) -> str:
    """Say what the corrected sentence of a claim is: another one, or the same with its limits."""
    return "What is true:" if verdict == "false as stated" else "More exactly:"


def line(part: str, label: str, *content: nodes.Node) -> nodes.paragraph:
    """Write one line of the box: in a word or two what it is, and its content."""
    lead = [nodes.inline("", label, classes=["claim-label"]), nodes.Text(" ")] if label else []
    return nodes.paragraph("", "", *lead, *content, classes=[f"claim-{part}"])


def box(
    stated: Stated,
    anchor: str,
    words: dict[str, str],
    parse: Parse,
    *,
    linked: bool,
    listed: bool = False,
) -> claim:
    """Compose the box: verdict, claim, when it holds, the corrected claim; folded, the check.

    What would refute it is kept for the page of all claims, which alone shows it.

    ``words`` says of each change that would refute it what it does; ``linked``, whether there is a
    page that describes the changes; ``listed``, whether there is one that lists all claims.
    """
    node = claim("", classes=["claim", f"claim-{nodes.make_id(stated.verdict)}"], ids=[anchor])
    last = stated.examples[-1:]
    node["claim"] = stated.name
    node["verdict"] = stated.verdict
    node["pictured"] = "picture" not in stated.options
    node["number"] = [text.strip() for one in last for text in (one.source, one.want)]
    name = nodes.reference("", stated.name, refid=anchor, internal=True, classes=["claim-name"])
    name["reftitle"] = NAME
    called = nodes.inline("", "", nodes.Text("Claim "), name)
    head = [called, nodes.Text(" "), verdict(stated.verdict)]
    node += line("head", "", *head)
    node += nodes.container("", *stated.statement, classes=["claim-statement"])
    corrected = correction(stated.verdict)
    for part, label in [("when", "It holds when"), ("corrected", corrected)]:
        if part in stated.options:
            content, messages = parse(stated.options[part])
            node += [line(part, label, *content), *messages]
    proof: list[nodes.Node] = [*stated.proof]
    if stated.sources:
        proof.append(line("sources", "Sources:", *references(stated.sources)))
    if listed:
        more = link_to_place(CLAIMS, anchor_of_row(stated.name), "What would make it false")
        proof.append(line("more", "", more))
    node += nodes.raw("", f'<details class="claim-check"><summary>{CHECK}</summary>', format="html")
    node += nodes.container("", *proof, classes=["claim-proof"])
    node += nodes.raw("", "</details>", format="html")
    node["refuted_by"] = list(words)
    subject = "The corrected sentence" if "corrected" in stated.options else "This"
    node += line("refuted", f"{subject} would be false if", *conditions(words, linked=linked))
    return node


def conditions(words: dict[str, str], *, linked: bool) -> list[nodes.Node]:
    """List what would make a claim false, each leading to the change of the engine behind it."""
    listed: list[nodes.Node] = []
    for name, condition in words.items():
        listed.append(nodes.Text("; or if " if listed else ""))
        if linked:
            listed.append(link_to_place(CHANGES, anchor_of_change(name), condition, "claim-change"))
        else:
            listed.append(nodes.Text(condition))
    return [*listed, nodes.Text(".")]


def anchor_of_change(name: str) -> str:
    """Name the place where a change is described."""
    return nodes.make_id(f"change-{name}")


def anchor_of_row(name: str) -> str:
    """Name the place of a claim in the table of all claims."""
    return nodes.make_id(f"row-{name}")


def link_to_place(docname: str, anchor: str, text: str, kind: str = "claim-page") -> nodes.Node:
    """Link to a place on a page; the domain knows the way there."""
    name = nodes.inline("", text, classes=[kind])
    return addnodes.pending_xref(
        "", name, refdomain="claim", reftype="place", reftarget=docname, anchor=anchor
    )


class LeaveRefutationsOut(SphinxPostTransform):
    """Show what would refute a claim on the page of all claims, and not in its box."""

    default_priority = 6

    def run(self, **_: Any) -> None:
        """Remove the line from the boxes of this page; the table has copied it by now."""
        for box_ in self.document.findall(claim):
            for part in [one for one in box_.children if "claim-refuted" in one.get("classes", ())]:
                box_.remove(part)


# -- Sources -------------------------------------------------------------------------------------


def references(keys: tuple[str, ...]) -> list[nodes.Node]:
    """Refer to works of the bibliography, to be linked when it is known where they stand."""
    listed: list[nodes.Node] = []
    for key in keys:
        text = nodes.inline("", key)
        listed += [
            nodes.Text(", " if listed else ""),
            addnodes.pending_xref(
                "", text, refdomain="claim", reftype="source", reftarget=key, refexplicit=False
            ),
        ]
    return listed


def authors_and_year(entry: Any) -> str:
    """Name a work as a sentence would: by its authors and year."""
    people = entry.persons["author"]
    names = [" ".join([*person.prelast_names, *person.last_names]) for person in people]
    who = " & ".join(names) if len(names) < 3 else f"{names[0]} et al."
    return f"{who}\N{NO-BREAK SPACE}{entry.fields['year']}"


def link_to_source(
    env: BuildEnvironment, fromdocname: str, builder: Builder, key: str
) -> nodes.reference | None:
    """Link to a work in the bibliography."""
    for citation in env.domains["cite"].citations:
        if citation.key == key:
            text = nodes.Text(authors_and_year(citation.entry))
            docname = citation.bibliography_key.docname
            return make_refnode(builder, fromdocname, docname, citation.citation_id, text)
    return None


# -- Pictures ------------------------------------------------------------------------------------


def name_pictures(_: Sphinx, document: nodes.document) -> None:
    """Give each claim the picture above it, or else the first one, unless it has none."""
    for number, image in enumerate(document.findall(nodes.image), start=1):
        image["ids"] = image["ids"] or [f"picture-{number}"]
    above = next((image["ids"][0] for image in document.findall(nodes.image)), None)
    for node in document.findall(lambda node: isinstance(node, nodes.image | claim)):
        if isinstance(node, nodes.image):
            above = node["ids"][0]
        elif above and node["pictured"]:
            node["picture"] = above
            link = nodes.reference("", PICTURE, refid=above, internal=True)
            node.children[0] += [
                nodes.Text(" "),
                nodes.inline("", "", link, classes=["claim-seen"]),
            ]


def setup(app: Sphinx) -> None:
    """Load the style wherever a claim may be shown or referred to."""
    app.add_css_file("claims.css")
    app.add_post_transform(LeaveRefutationsOut)
    app.connect("doctree-read", name_pictures)
