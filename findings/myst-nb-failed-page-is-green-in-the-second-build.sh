#!/usr/bin/env bash
# MyST-NB: a page that fails is no warning in the second build
#
# Versions: myst-nb 1.4.0, sphinx 9.0.4
#
# Expected: sphinx-build -W fails as long as a cell of a page raises an error.
#
# Seen: It fails once. The second build of the same source ends with 0, and the error still stands
# on the page.
#
# Why: Sphinx keeps the page that it has read, and MyST-NB warns while a page is read.
# nb_execution_mode 'force' does not make Sphinx read a page again.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet myst-nb==1.4.0 sphinx==9.0.4 ipykernel

mkdir source
echo 'extensions = ["myst_nb"]; nb_execution_mode = "force"' >source/conf.py
cat >source/index.md <<'END'
---
file_format: mystnb
kernelspec:
  name: python3
---
# A page

```{code-cell} python
1 / 0
```
END
for build in first second; do
  environment/bin/sphinx-build -W -q source site >"$build.log" 2>&1 && code=0 || code=$?
  echo "$build build: $code"
done >seen
echo "errors on the page: $(grep -c 'ZeroDivisionError' site/index.html | sed 's/[1-9][0-9]*/some/')" >>seen

cat seen
diff seen - <<'END'
first build: 1
second build: 0
errors on the page: some
END
