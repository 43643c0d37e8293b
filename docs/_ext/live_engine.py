"""The place where a reader breaks the engine: a form, and the claims that may fall.

``.. live_engine::`` writes the form, and below it what it needs to know of claims and changes: as
data, in the page itself, so that nothing has to be fetched but Python.
"""

import json
from html import escape
from pathlib import Path
from typing import Any

from claim_box import claim, correction
from claim_changes import parts
from claim_texts import find_claims
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import sgdexplained


class engine(nodes.General, nodes.Element):  # noqa: N801
    """The form."""


class EngineDirective(SphinxDirective):
    """Let the reader change the engine."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Write the form, with all changes to choose from."""
        domain = self.env.domains["claim"]
        path = domain.path("claims_refutations")
        self.env.note_dependency(str(path))
        self.env.metadata[self.env.docname]["engine"] = True
        # Written anew when a claim changes, wherever it stands.
        domain.data["users"].add(self.env.docname)
        node = engine(changes=[], modules=sorted(self.config.annotated_modules))
        known = domain.changes
        for title, names in parts(path.read_text("utf-8")):
            node["changes"].append((title, [(name, known[name].words) for name in names]))
        node += self.parse_content_to_nodes()
        return [node]


def visit_html(self: Any, node: engine) -> None:
    """Write the form around what the page says of it."""
    groups = "".join(
        f'<optgroup label="{escape(title)}">'
        + "".join(f'<option value="{name}">{escape(words)}</option>' for name, words in listed)
        + "</optgroup>"
        for title, listed in node["changes"]
    )
    modules = "".join(
        f'<option value="{file_of(module)}">{module}</option>' for module in node["modules"]
    )
    told = known(self.builder.app)
    claims = "".join(
        f'<option value="{one["name"]}">{one["name"]}: {escape(one["says"][:90])}</option>'
        for one in told["claims"]
    )
    self.body.append(f"""
<div class="live live-engine" id="break" role="group" aria-label="Break the engine yourself">
<div class="live-controls">
<p><label for="break-change">What would be false if …</label>
<select id="break-change" autocomplete="off">
<option value="">choose one of the changes</option>{groups}</select></p>
<p><label for="break-module">or edit a module:</label>
<select id="break-module" autocomplete="off">
<option value="">choose one</option>{modules}</select></p>
<div id="break-code" hidden><textarea id="break-text" rows="16" spellcheck="false"
 autocapitalize="off" aria-label="Source of the module"></textarea>
<p><button type="button" id="break-judge" class="live-main">Judge all claims</button></p></div>
<pre id="break-diff" class="live-diff" hidden tabindex="0" aria-label="The change"></pre>
<p class="live-bar"><span><button type="button" id="break-back" disabled>Put it back</button>
<button type="button" id="break-stop" hidden>Stop</button></span></p>
<p><label for="break-claim">A claim to bring down:</label>
<select id="break-claim" autocomplete="off"><option value="">none yet</option>{claims}</select></p>
<p id="break-hunt" aria-live="polite"></p></div>
<p class="live-word" role="status"></p>
<div id="break-verdicts"></div>
<script type="application/json" id="break-known">{as_data(told)}</script>
""")


def as_data(value: Any) -> str:
    """Write something as JSON that can stand in a page: no end of an element is in it."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def file_of(module: str) -> str:
    """Find the file of a module in the package; that of a package is its ``__init__``."""
    path = module.replace(".", "/")
    is_package = Path(sgdexplained.__file__).parent.joinpath(path).is_dir()
    return f"{path}/__init__.py" if is_package else f"{path}.py"


def link_from_sources(
    app: Sphinx, name: str, _template: str, context: dict[str, Any], _: Any
) -> None:
    """Lead from the page of a module to the place where it can be changed."""
    folder, _, module = name.rpartition("/")
    modules = getattr(app.config, "annotated_modules", ())
    if folder != getattr(app.config, "annotated_folder", None) or module not in modules:
        return
    # Behind an ordinary question mark, so that the anchor is one without scripts as well.
    target = f"{context['pathto']('refutations')}?file={file_of(module)}#break"
    link = f'<p><a href="{target}">Change a line of this module, and see which claims fall</a></p>'
    context["body"] = context["body"].replace("</h1>", f"</h1>\n{link}", 1)


def depart_html(self: Any, _: engine) -> None:
    """End it."""
    self.body.append("</div>\n")


def known(app: Sphinx) -> dict[str, Any]:
    """Tell the page what the claims say, how they are checked, and what the changes are."""
    domain = app.env.domains["claim"]
    bodies = {one.name: one for one in find_claims(Path(app.confdir).parent)}
    told = []
    order = list(domain.entries)
    for shown in sorted(domain.data["shown"], key=lambda one: order.index(one.name)):
        if shown.name not in bodies:
            continue
        told.append(
            {
                "name": shown.name,
                "says": sentence(app, shown),
                "body": bodies[shown.name].body,
                "refuted_by": bodies[shown.name].refuted_by,
                "at": f"{app.builder.get_target_uri(shown.docname)}#{shown.anchor}",
            }
        )
    changes = {
        name: {"words": change.words, "edits": [vars(edit) for edit in change.edits]}
        for name, change in domain.changes.items()
    }
    return {"claims": told, "changes": changes}


def sentence(app: Sphinx, shown: Any) -> str:
    """Find what a claim says; if it is false as stated, what is true."""
    for node in app.env.get_doctree(shown.docname).findall(claim):
        if node["claim"] == shown.name:
            wanted = "claim-corrected" if shown.verdict == "false as stated" else "claim-statement"
            found = [one for one in node.children if wanted in one.get("classes", [])]
            return " ".join(one.astext() for one in found).removeprefix(
                f"{correction(shown.verdict)} "
            )
    return ""


def setup(app: Sphinx) -> None:
    """Register the form."""
    nothing = (lambda *_: None, lambda *_: None)
    app.add_node(engine, html=(visit_html, depart_html), latex=nothing, text=nothing)
    app.add_directive("live_engine", EngineDirective)
    app.connect("html-page-context", link_from_sources)
