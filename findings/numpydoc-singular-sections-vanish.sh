#!/usr/bin/env bash
# numpydoc: a section named Example or Return is not shown, though its example is run
#
# Versions: numpydoc 1.11.0, sphinx 9.0.4
#
# Expected: A section with a name that numpydoc does not know is shown as it is, or makes a build
# with -W fail.
#
# Seen: It vanishes from the page, and the build ends with 0. doctest runs its example all the
# same.
#
# Why: Only sections of a fixed list are written out. For another one Python's warnings are used,
# and those are no warnings of Sphinx.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet numpydoc==1.11.0 sphinx==9.0.4

cat >conf.py <<'END'
import sys

sys.path.insert(0, ".")
extensions = ["sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["environment"]
END
printf 'Site\n====\n\n.. autofunction:: module.double\n' >index.rst
cat >module.py <<'END'
def double(x):
    """Double a number.

    Return
    ------
    int
        Twice the number.

    Example
    -------
    >>> double(2)
    4
    """
    return 2 * x
END
count='import doctest, module; print(doctest.testmod(module).attempted)'
environment/bin/sphinx-build -W -q . site >log 2>&1 && code=0 || code=$?
{
  echo "exit code: $code"
  for word in 'Double a number' 'Twice the number' 'double(2)'; do
    echo "$word: $(grep -c "$word" site/index.html || true)"
  done
  echo "examples that doctest runs: $(environment/bin/python -c "$count")"
} >seen

cat seen
diff seen - <<'END'
exit code: 0
Double a number: 1
Twice the number: 0
double(2): 0
examples that doctest runs: 1
END
