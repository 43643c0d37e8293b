"""Claims: what the site asserts, with a verdict, an executed check, and what would refute it.

``.. claim:: B4`` states a claim where it is shown, ``:claim:`B4``` links to it from anywhere,
``.. claims_table::`` lists them all, ``.. claims_counts::`` only says how many hold,
``.. claims_list::`` names those of one verdict, and ``.. claims_changes::`` describes what would
refute them. The build fails when a claim fails, or is not as registered.
"""

from typing import Any, ClassVar

import claim_box
import claim_changes
import claim_rules
import claim_table
from claim_domain import ClaimDomain, Shown
from claim_texts import examples_in, words_in
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.roles import XRefRole
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)


class ClaimRole(XRefRole):
    """Refer to a claim by its id."""

    innernodeclass = nodes.inline

    def process_link(
        self, env: BuildEnvironment, refnode: nodes.Element, *names: Any
    ) -> tuple[str, str]:
        """Leave it to the domain to find the claim."""
        refnode["refdomain"] = ClaimDomain.name
        env.domains[ClaimDomain.name].data["users"].add(env.docname)
        return super().process_link(env, refnode, *names)


class ClaimDirective(SphinxDirective):
    """State a claim, run its examples, and show it in a box."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = dict.fromkeys(
        ["verdict", "when", "corrected", "picture", "sources", "refuted-by"],
        directives.unchanged_required,
    )

    def run(self) -> list[nodes.Node]:
        """Check the claim against the registers and itself."""
        domain = self.env.domains[ClaimDomain.name]
        for setting in ["claims_register", "claims_refutations"]:
            self.env.note_dependency(str(domain.path(setting)))
        claim = claim_rules.Stated(
            name=self.arguments[0],
            options=self.options,
            body=self.parse_content_to_nodes(),
            examples=examples_in("\n".join(self.content)),
            refuted_by=words_in(self.options.get("refuted-by", "")),
            sources=words_in(self.options.get("sources", "")),
        )
        known = (domain.entries.get(claim.name), domain.changes, domain.sources)
        for problem in claim_rules.problems(claim, *known, self.env.docname):
            text = f"claim {claim.name}: {problem}"
            logger.warning(text, location=self.get_location(), type="claim")
        anchor = nodes.make_id(f"claim-{claim.name}")
        shown = Shown(claim.name, claim.verdict, self.env.docname, anchor, self.lineno)
        domain.data["shown"].append(shown)
        known_by = domain.changes
        words = {name: known_by[name].words for name in claim.refuted_by if name in known_by}
        pages = {"linked": claim_box.CHANGES, "listed": claim_box.CLAIMS}
        there = {name: docname in self.env.found_docs for name, docname in pages.items()}
        return [claim_box.box(claim, anchor, words, self.parse_inline, **there)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the ways to state claims, to refer to them, and to list them."""
    app.add_config_value("claims_register", "claims.toml", "env")
    app.add_config_value("claims_refutations", "refutations.toml", "env")
    app.add_config_value("claims_complete", default=True, rebuild="env")
    app.add_domain(ClaimDomain)
    app.add_role("claim", ClaimRole(warn_dangling=True))
    app.add_directive("claim", ClaimDirective)
    claim_box.setup(app)
    claim_table.setup(app)
    claim_changes.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
