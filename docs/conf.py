"""How the website is built."""

import os
import re
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import downloads
import moved

# Where the site will be published, with a slash at the end, if it is known. Links work without it;
# but the page for missing addresses is shown at any depth, so it must know where the site begins.
SITE_URL = os.environ.get("SITE_URL", "")

# Where the source is kept, if it may be visited; the foot of every page then leads there.
REPOSITORY_URL = os.environ.get("REPOSITORY_URL", "")

project = "sgdexplained"
author = "The sgdexplained authors"
copyright = f"2026, {author}"
language = "en-GB"
smartquotes_action = "qe"  # quotes and ellipses; two hyphens stay, so that options can be copied
pyproject = Path(__file__).parents[1] / "pyproject.toml"
release = tomllib.loads(pyproject.read_text("utf-8"))["project"]["version"]

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.githubpages",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinx_reredirects",
    "sphinxcontrib.bibtex",
    "sphinxext.opengraph",
    "notfound.extension",
    "annotated",
    "api",
    "architecture",
    "claims",
    "code_lines",
    "downloads",
    "elsewhere_pages",
    "figure_code",
    "figures",
    "formulas",
    "freshness",
    "guess",
    "katex",
    "live",
    "menu",
    "moved",
    "notebooks",
    "page_head",
    "search_entries",
    "sitemap",
    "story",
    "terms",
    "torch_blocks",
    "typefaces",
]

nitpicky = True
exclude_patterns = [
    "node_modules",
    "inventories",
    # Of what sphinx-gallery writes, only the reST is a page.
    "story/**.ipynb",
    "story/**.py",
]

# -- Pages written in Markdown, executed ---------------------------------------------------------

myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_update_mathjax = False

# Not from a cache: it would not notice that the package has changed.
nb_execution_mode = "force"
nb_execution_timeout = 60
nb_execution_raise_on_error = True
nb_output_stderr = "error"
os.environ["IPYTHONDIR"] = str(Path(__file__).parent / "_ipython")
# Drawn with these settings, not with those of whoever builds.
os.environ["MATPLOTLIBRC"] = str(Path(__file__).parent / "_ipython" / "matplotlibrc")

# -- What a reader can take home -----------------------------------------------------------------

# The live pages load the wheel too, from this address.
downloads_wheel = f"download/{project}-{release}-py3-none-any.whl"
downloads_site = SITE_URL

# -- Pages written as scripts, executed ----------------------------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": "../gallery",
    "gallery_dirs": "story",
    "filename_pattern": "/plot_",
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("figures.scrape",),
    "reset_modules": ("matplotlib",),
    # The pages that use a name are listed with the name in the reference.
    "doc_module": ("sgdexplained",),
    "backreferences_dir": "story/backreferences",
    # Times differ from build to build, and the page of times loads scripts from other hosts.
    "min_reported_time": float("inf"),
    "write_computation_times": False,
    "download_all_examples": False,
    "first_notebook_cell": downloads.notebook_cell(project, downloads_wheel, SITE_URL, "plot"),
    "remove_config_comments": True,
    "show_signature": False,
    # As many scripts at once as Sphinx reads pages at once, where all of them are to run.
    "parallel": True,
}

# -- The engine, annotated: a page for each of these modules, see docs/engine/index.md ------------

annotated_modules = [
    "maths",
    "node",
    "scalar",
    "backward",
    "tensor",
    "array_maths",
    "units",
    "affine",
    "losses",
    "layers",
    "sgd",
    "differences",
    "errors",
    "ops",
    "ops.elementwise",
    "ops.reductions",
    "ops.shapes",
    "contrasts",
    "contrasts.activations",
    "contrasts.optimisers",
    "contrasts.modules",
    "reasons",
    "reasons.words",
    "reasons.codes",
    "reasons.factors",
    "reasons.in_lists",
    "reasons.in_bulk",
    "reasons.paths",
    "reasons.step",
    "parallel",
    "parallel.shards",
    "parallel.ranks",
    "fused",
]

# -- Addresses that have changed lead to the new ones: those of redirects.toml --------------------

redirects = moved.read(Path(__file__).with_name("redirects.toml"))[0]
redirect_html_template_file = str(Path(__file__).parent / "_templates" / "redirect.html")

# -- Claims: those of claims.toml, refuted by the changes of refutations.toml ---------------------

# Every claim of the register is shown somewhere; one that is not is a warning, as all warnings an
# error.
claims_complete = True

# -- Reference -----------------------------------------------------------------------------------

api_packages = [
    "sgdexplained",
    "sgdexplained.ops",
    "sgdexplained.contrasts",
    "sgdexplained.reasons",
    "sgdexplained.parallel",
    "sgdexplained.fused",
    "sgdexplained.draw",
]
autodoc_member_order = "bysource"
autodoc_typehints = "none"
# As they are written: `node=Scalar`, not what it prints as.
autodoc_preserve_defaults = True
numpydoc_show_class_members = False

terms_glossary = "reference/glossary.md"
terms_not_on = ["404", "changelog", "contributing/", "engine/", "reference/", "story/index"]
terms_not_on += [f"story/{part}/index" for part in ("1_one_example", "2_a_batch")]
terms_not_on += [f"story/{part}/index" for part in ("3_inactive_connections", "4_further")]
terms_not_on += ["ask/index"]
# Words that everybody knows, or that mean something else as often as not.
terms_by_hand = [
    "active",
    "bias",
    "closed",
    "dead",
    "example",
    "feature",
    "frozen",
    "gradient",
    "input",
    "iteration",
    "open",
    "parameter",
    "path",
    "rank",
    "state",
    "step",
    "update",
    "weight",
]

bibtex_bibfiles = ["references.bib"]

# The inventories hold the few names that we refer to, so that a build needs no network.
intersphinx_mapping = {
    "numpy": ("https://numpy.org/doc/stable/", "inventories/numpy.txt"),
    "python": ("https://docs.python.org/3/", "inventories/python.txt"),
}

# -- The site ------------------------------------------------------------------------------------

html_theme = "furo"
pygments_dark_style = "a11y-dark"
templates_path = ["_templates"]
html_title = project
html_baseurl = SITE_URL
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["site.css", "annotated.css"]
html_math_renderer = "katex"
html_search_scorer = str(Path(__file__).parent / "search_scorer.js")
html_copy_source = False
html_use_index = False
html_domain_indices = False
html_show_sourcelink = False
html_show_sphinx = False
html_scaled_image_link = False
# Two brackets and a stroke, in the colour of the text.
REPOSITORY_ICON = (
    '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.5" '
    'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">'
    '<path d="M8 7 3 12l5 5M16 7l5 5-5 5M14 4l-4 16"/></svg>'
)
html_theme_options = {
    "footer_icons": [{"name": "The source", "url": REPOSITORY_URL, "html": REPOSITORY_ICON}]
    if REPOSITORY_URL
    else [],
    # One place for what differs between light and dark; site.css says what each is for.
    "light_css_variables": {
        "color-brand-primary": "#0b5d8a",
        "color-brand-content": "#0b5d8a",
        "color-brand-visited": "#6d3b8f",
        "color-line-gone": "#a33c00",
        "color-line-come": "#0b6b3f",
        "drawing-filter": "none",
        "sign-negative": "#b84a00",
        "sign-positive": "#0067a3",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7cc4f0",
        "color-brand-content": "#7cc4f0",
        "color-brand-visited": "#c9a3e8",
        "color-line-gone": "#ffa07a",
        "color-line-come": "#7ee0a0",
        # The white around the numbers of a drawing becomes the ground of the page.
        "drawing-filter": "invert(0.925) hue-rotate(180deg)",
        "sign-negative": "#ff9e5e",
        "sign-positive": "#5fb8f2",
    },
}

# What is copied can be run: the code, without its prompts and its output.
copybutton_selector = "div:not(.sphx-glr-script-out, .output) > div.highlight > pre"
copybutton_prompt_text = re.escape(">>> ") + "|" + re.escape("... ")
copybutton_prompt_is_regexp = True

notfound_urls_prefix = urlsplit(SITE_URL).path or "/"
ogp_site_url = SITE_URL
ogp_social_cards = {"enable": False}
# A picture for those who share a page, see page_head.py; its address must be whole.
ogp_image = f"{SITE_URL}_static/social.png" if SITE_URL else ""
ogp_image_alt = "A small network: which of its weights move in one step, and which stand still."
