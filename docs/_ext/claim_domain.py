"""What the build knows of claims, from all pages together."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import claim_box
import claim_register
from docutils import nodes
from sphinx import addnodes
from sphinx.builders import Builder
from sphinx.domains import Domain, ObjType
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

logger = logging.getLogger(__name__)


class Shown(NamedTuple):
    """Where a claim is shown."""

    name: str
    verdict: str
    docname: str
    anchor: str
    line: int


class ClaimDomain(Domain):
    """The claims of all pages, and the registers that say what they should be."""

    name = "claim"
    label = "Claims"
    object_types: ClassVar[dict[str, ObjType]] = {"claim": ObjType("claim", "claim")}
    initial_data: ClassVar[dict[str, Any]] = {"shown": [], "users": set()}

    @property
    def entries(self) -> dict[str, claim_register.Entry]:
        """The claims that the site must show."""
        return claim_register.read_claims(self.path("claims_register"))

    @property
    def changes(self) -> dict[str, claim_register.Change]:
        """The changes of the engine that may refute a claim."""
        return claim_register.read_changes(self.path("claims_refutations"))

    @property
    def sources(self) -> dict[str, Any]:
        """The works in the bibliography, by key."""
        return self.env.domains["cite"].bibdata.data.entries

    def path(self, setting: str) -> Path:
        """Find a file that a setting names."""
        return Path(self.env.srcdir, self.env.config[setting])

    def clear_doc(self, docname: str) -> None:
        """Forget the claims of a page."""
        self.data["shown"] = [claim for claim in self.data["shown"] if claim.docname != docname]
        self.data["users"].discard(docname)

    def merge_domaindata(self, docnames: Iterable[str], otherdata: dict[str, Any]) -> None:
        """Take over what another process has read."""
        self.data["shown"] += [one for one in otherdata["shown"] if one.docname in docnames]
        self.data["users"] |= otherdata["users"] & set(docnames)

    def check_consistency(self) -> None:
        """Say which claims are shown twice, and which not at all."""
        counts = Counter(claim.name for claim in self.data["shown"])
        for claim in self.data["shown"]:
            if counts[claim.name] > 1:
                place = (claim.docname, claim.line)
                logger.warning("claim %s is shown twice", claim.name, location=place, type="claim")
        missing = [entry for entry in self.entries.values() if entry.name not in counts]
        for entry in missing if self.env.config.claims_complete else ():
            text = "claim %s is missing: it belongs on page %s"
            logger.warning(text, entry.name, entry.page, type="claim")
        if missing and not self.env.config.claims_complete:
            logger.info("claims that are not yet shown: %s", ", ".join(one.name for one in missing))

    def get_objects(self) -> Iterable[tuple[str, str, str, str, str, int]]:
        """Offer the claims to the search."""
        for one in self.data["shown"]:
            yield one.name, f"Claim {one.name}", "claim", one.docname, one.anchor, 1

    def resolve_xref(
        self,
        env: BuildEnvironment,
        fromdocname: str,
        builder: Builder,
        typ: str,
        target: str,
        node: addnodes.pending_xref,
        contnode: nodes.Element,
    ) -> nodes.Element | None:
        """Link to a claim, with its verdict, or to a work in the bibliography."""
        if typ == "source":
            link = claim_box.link_to_source(env, fromdocname, builder, target)
            # An unknown source has been reported where it is named.
            return link if link or target in self.sources else contnode
        if typ == "place":
            return make_refnode(builder, fromdocname, target, node["anchor"], contnode)
        for one in self.data["shown"]:
            if one.name == target:
                link = make_refnode(builder, fromdocname, one.docname, one.anchor, contnode)
                # A line must not end with the bracket that opens before the sign.
                parts = [nodes.Text("("), claim_box.verdict(one.verdict), nodes.Text(")")]
                link += [nodes.Text(" "), nodes.inline("", "", *parts, classes=["in-brackets"])]
                return link
        return None

    def resolve_any_xref(self, *_: Any) -> list[tuple[str, nodes.reference]]:
        """Leave links of no stated kind to others: an id alone, such as T1, says too little."""
        return []
