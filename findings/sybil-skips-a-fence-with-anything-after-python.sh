#!/usr/bin/env bash
# Sybil: a fence that has a blank or a title after its language is not run, and a commented one is
#
# Versions: sybil 10.1.0
#
# Expected: Every fence marked python on a page is run or reported, and what stands in an HTML
# comment is not.
#
# Seen: A blank or a title after ```python makes the fence no example, without a word. A fence in a
# comment is one.
#
# Why: The pattern for the start of a fence asks for the end of the line right after the language,
# and the page is searched as text, not read as Markdown.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet sybil==10.1.0

environment/bin/python - >seen 2>errors <<'END'
from pathlib import Path

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

fence = "```"
page = [
    f"{fence}python", "plain = 1", fence, "",
    f"{fence}python ", "blank = 1", fence, "",
    f'{fence}python title="sum.py"', "title = 1", fence, "",
    "<!--", f"{fence}python", "comment = 1", fence, "-->", "",
]
Path("page.md").write_text("\n".join(page), "utf-8")
for example in Sybil(parsers=[PythonCodeBlockParser()]).parse(Path("page.md")).examples():
    print(example.parsed.strip())
END

cat seen
diff seen - <<'END'
plain = 1
comment = 1
END
