#!/usr/bin/env bash
# Sphinx: after a second build the search does not know the index entries of unchanged pages
#
# Versions: sphinx 9.0.4
#
# Expected: Words of index directives can be searched for, and a build in which one page has changed
# leaves the same search index as a build from nothing.
#
# Seen: searchindex.js lists the entries of the changed page alone; those of all others are gone.
# Words, titles and objects are all there.
#
# Why: the builder reads the last search index to fill in what is not read again, and takes words and
# titles from it, but no index entries. The environment could hold them, but is stored before pages
# are written, which is when they are collected.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet sphinx==9.0.4

mkdir source
touch source/conf.py
page() {
  printf '%s\n%s\n\n.. index:: %s\n\nText.\n\n%s\n' "$1" ===== "$2" "${3-}"
}
page First apple '.. toctree::

   second' >source/index.rst
page Other banana >source/second.rst

cat >entries.py <<'END'
import json

index = open("site/searchindex.js", encoding="utf-8").read()
found = json.loads(index[index.index("(") + 1 : index.rindex(")")])
print(sorted(found["indexentries"]), "text" in found["terms"])
END
environment/bin/sphinx-build -q -W source site
environment/bin/python entries.py >seen
printf '\nOne more sentence.\n' >>source/index.rst
environment/bin/sphinx-build -q -W source site
environment/bin/python entries.py >>seen
environment/bin/sphinx-build -q -W -E -a source site
environment/bin/python entries.py >>seen

cat seen
diff seen - <<'END'
['apple', 'banana'] True
['apple'] True
['apple', 'banana'] True
END
