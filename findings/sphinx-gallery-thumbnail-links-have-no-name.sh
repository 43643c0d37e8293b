#!/usr/bin/env bash
# sphinx-gallery: the link of a thumbnail has no text that is shown, so it has no name
#
# Versions: sphinx-gallery 0.22.1, sphinx 9.0.4, matplotlib 3.11.2
#
# Expected: A card of a gallery, or of minigallery on a page of an API, is a link that a screen
# reader can name by the title of its example.
#
# Seen: The title stands in the link, in a span that the extension's own style sheet does not
# display, and once more beside the link, where it names nothing. The picture has an empty
# alternative text. What is not displayed does not count for a name, so the link has none; axe
# reports each card (rule link-name).
#
# Why: The link is laid over the whole card, so its text was in the way; display: none takes it
# from those who listen as well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet \
  sphinx-gallery==0.22.1 sphinx==9.0.4 matplotlib==3.11.2

mkdir examples
printf 'Examples\n========\n' >examples/GALLERY_HEADER.rst
printf '"""\nA line\n======\n\nIt goes up.\n"""\n\nprint(1)\n' >examples/plot_line.py
cat >conf.py <<'END'
extensions = ["sphinx_gallery.gen_gallery"]
sphinx_gallery_conf = {"examples_dirs": "examples", "gallery_dirs": "story"}
exclude_patterns = ["environment"]
END
printf 'Site\n====\n\n.. toctree::\n\n   story/index\n' >index.rst
environment/bin/sphinx-build -q . site >log 2>&1

cat >look.py <<'END'
import re
from pathlib import Path

page = Path("site/story/index.html").read_text("utf-8")
card = page[page.index("sphx-glr-thumbcontainer") :]
print("alt of the picture:", re.search(r'<img alt="(.*?)"', card)[1] or "empty")
link = re.search(r'<p><a class="reference internal" href="plot_line.*?</a></p>', card)[0]
print("in the link:", re.sub(r'href=".*?"', "", link))
print("beside it:", re.search(r'<div class="sphx-glr-thumbnail-title">.*?</div>', card)[0])
style = Path("site/_static/sg_gallery.css").read_text("utf-8")
rule = re.search(r"\.sphx-glr-thumbcontainer p a span \{(.*?)\}", style, re.DOTALL)[1]
print("style of the span:", re.sub(r"/\*.*?\*/", "", rule, flags=re.DOTALL).strip())
END
environment/bin/python look.py >seen

cat seen
diff seen - <<'END'
alt of the picture: empty
in the link: <p><a class="reference internal" ><span class="doc">A line</span></a></p>
beside it: <div class="sphx-glr-thumbnail-title">A line</div>
style of the span: display: none;
END
