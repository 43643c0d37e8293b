#!/usr/bin/env bash
# Sphinx: words in neighbouring cells of a raw HTML table become one word in the search index
#
# Versions: sphinx 9.0.4
#
# Expected: The words of a table are found by the search, whether the table is written in
# reStructuredText or in HTML.
#
# Seen: "<td>apple</td><td>banana</td>" is indexed as the one word "applebanana", so neither "apple"
# nor "banana" finds the page. With a space or a line break between the cells both are found.
#
# Why: the search indexes raw HTML after its tags have been taken out, and nothing is put in their
# place. Programs that write HTML, such as tables of notebooks, seldom put a space between cells.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet sphinx==9.0.4

mkdir source
touch source/conf.py
cat >source/index.rst <<'END'
Fruit
=====

.. raw:: html

   <table><tr><td>apple</td><td>banana</td></tr></table>

.. raw:: html

   <table><tr><td>cherry</td> <td>melon</td></tr></table>

======  ====
lemon   plum
======  ====
END

environment/bin/sphinx-build -q -W source site
cat >terms.py <<'END'
import json

index = open("site/searchindex.js", encoding="utf-8").read()
print(*sorted(json.loads(index[index.index("(") + 1 : index.rindex(")")])["terms"]))
END
environment/bin/python terms.py | tee seen
diff seen - <<'END'
applebanana cherri lemon melon plum
END
