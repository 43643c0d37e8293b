"""Set maths with KaTeX while the site is built, so that no reader needs a script for it."""

import json
import re
import shutil
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import quickjs
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

# What every formula is set in. Asked for early, they are there before the page is drawn, which
# otherwise would move when they arrive.
FONTS = ["KaTeX_Main-Regular.woff2", "KaTeX_Math-Italic.woff2"]
PRELOAD = '<link rel="preload" as="font" type="font/woff2" crossorigin href="{}">\n'

PACKAGE = Path("node_modules", "katex")
STYLE = "katex/katex.min.css"

# Strictness makes KaTeX refuse what LaTeX would refuse, instead of guessing.
OPTIONS = {"strict": "error", "throwOnError": True}

# JSON both ways: QuickJS passes on neither Python's dictionaries nor JavaScript's ropes.
RENDER = """
function render(latex, options) {
    try {
        return JSON.stringify({html: katex.renderToString(latex, JSON.parse(options))});
    } catch (error) {
        return JSON.stringify({problem: error.message});
    }
}
"""

logger = logging.getLogger(__name__)


class InvalidFormulaError(Exception):
    """What KaTeX has to say about a formula that it refuses."""


@cache
def load_engine(script: Path) -> Any:
    """Load KaTeX into a JavaScript engine; once for each build, for it takes a while."""
    context = quickjs.Context()
    context.eval(script.read_text("utf-8"))
    context.eval(RENDER)
    return context.get("render")


@cache
def render(script: Path, latex: str, *, display: bool) -> str:
    """Turn a formula into HTML for the eye and MathML for everybody else."""
    answer = json.loads(load_engine(script)(latex, json.dumps(OPTIONS | {"displayMode": display})))
    if "problem" in answer:
        raise InvalidFormulaError(answer["problem"])
    return answer["html"]


def html_or_warning(writer: HTML5Translator, node: nodes.Element, latex: str) -> str:
    """Render a formula; where it is wrong, say where it stands and show its source."""
    script = Path(writer.builder.confdir, PACKAGE, "dist", "katex.min.js")
    try:
        return render(script, latex, display=isinstance(node, nodes.math_block))
    except InvalidFormulaError as problem:
        logger.warning("invalid formula: %s", problem, location=node, type="katex")
        return f"<code>{escape(latex)}</code>"


def visit_inline(writer: HTML5Translator, node: nodes.math) -> None:
    """Write a formula that stands within a sentence."""
    writer.body.append(html_or_warning(writer, node, node.astext()))
    raise nodes.SkipNode


def visit_display(writer: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula that stands on lines of its own, with its number if it has one."""
    latex = node.astext()
    if r"\\" in latex and r"\begin" not in latex:
        latex = rf"\begin{{aligned}}{latex}\end{{aligned}}"
    writer.body.append(writer.starttag(node, "div", CLASS="math"))
    if node["number"]:
        writer.body.append(f'<span class="eqno">({get_node_equation_number(writer, node)})')
        writer.add_permalink_ref(node, "Link to this equation")
        writer.body.append("</span>")
    writer.body.append(html_or_warning(writer, node, latex) + "</div>\n")
    raise nodes.SkipNode


def copy_style(app: Sphinx) -> None:
    """Put KaTeX's style, fonts and licence into the site."""
    if app.builder.format != "html":
        return
    source = Path(app.confdir, PACKAGE)
    if not source.exists():
        message = f"{PACKAGE} is missing: run `npm ci --prefix docs`, as `nox -s docs` does."
        raise ExtensionError(message)
    target = Path(app.outdir, "_static", STYLE).parent
    # Every browser of the last ten years reads woff2: the older formats would be dead weight.
    shutil.copytree(
        source / "dist" / "fonts",
        target / "fonts",
        ignore=shutil.ignore_patterns("*.woff", "*.ttf"),
        dirs_exist_ok=True,
    )
    style = (source / "dist" / "katex.min.css").read_text("utf-8")
    style = re.sub(r',url\([^)]*\) format\("(woff|truetype)"\)', "", style)
    (target / "katex.min.css").write_text(style, "utf-8")
    shutil.copy(source / "LICENSE", target)


def add_style(app: Sphinx, _page: str, _template: str, context: dict[str, Any], _: Any) -> None:
    """Load KaTeX's style on the pages that have maths, and on no other."""
    if context.get("has_maths_elements"):
        app.add_css_file(STYLE)
        fonts = (context["pathto"](f"_static/katex/fonts/{name}", resource=True) for name in FONTS)
        context["metatags"] = context.get("metatags", "") + "".join(map(PRELOAD.format, fonts))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register KaTeX as the way in which maths is written in HTML."""
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_display, None))
    app.connect("builder-inited", copy_style)
    app.connect("html-page-context", add_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
