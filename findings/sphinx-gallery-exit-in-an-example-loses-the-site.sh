#!/usr/bin/env bash
# sphinx-gallery: sys.exit(0) in an example ends the build with 0 and without a site
#
# Versions: sphinx-gallery 0.22.1, sphinx 9.0.4, matplotlib 3.11.2
#
# Expected: An example that ends with sys.exit(0), as scripts do, is either shown or reported. With
# -W the build fails if something is wrong.
#
# Seen: The build prints nothing and ends with 0, but there is not one page. Over an older site,
# the older site stays.
#
# Why: SystemExit is not caught around the example, so it ends Sphinx itself, with the code of the
# example.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/python -m pip install --quiet sphinx-gallery==0.22.1 sphinx==9.0.4 matplotlib==3.11.2

mkdir source examples
cat >source/conf.py <<'END'
extensions = ["sphinx_gallery.gen_gallery"]
sphinx_gallery_conf = {"examples_dirs": "../examples", "gallery_dirs": "gallery"}
END
printf 'Site\n====\n\n.. toctree::\n\n   gallery/index\n' >source/index.rst
printf 'Examples\n========\n' >examples/README.rst
printf '"""\nOne\n===\n"""\n\nimport sys\n\nprint("done")\nsys.exit(0)\n' >examples/plot_one.py
environment/bin/sphinx-build -W -q source site >log 2>&1 && code=0 || code=$?
{
  echo "exit code: $code"
  echo "pages: $(find site -name '*.html' | wc -l)"
} >seen

cat seen
diff seen - <<'END'
exit code: 0
pages: 0
END
