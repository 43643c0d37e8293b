"""What the site offers for download: made once, the same each time, and found from any page."""

import runpy
import subprocess
import sys
import zipfile
from pathlib import Path

import downloads
import pytest
from sphinx.errors import ExtensionError
from sphinx.testing.util import SphinxTestApp

CONF = """
project = "thing"
extensions = ["downloads", "story_folder"]
downloads_wheel = "download/thing-1.0-py3-none-any.whl"
downloads_site = {site!r}
"""
# The extension `freshness` has this setting on the real site.
STORY = """
def setup(app):
    app.add_config_value("story_folder", "story", "")
"""
PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "thing"
version = "{version}"
requires-python = ">=3.11"
[tool.hatch.build.targets.sdist]
only-include = ["src"]
"""
PAGE = """
Page
====

Take :offer:`wheel`, :offer:`sdist` or :offer:`story`.

.. install::
   :extras: plot
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {
        "pyproject.toml": PYPROJECT.format(version="1.0"),
        "src/thing/__init__.py": "ANSWER = 42\n",
        "gallery/part/plot_1.py": "answer = 42\n",
        "docs/index.rst": PAGE + "\n.. toctree::\n\n   deep/down\n",
        "docs/deep/down.rst": PAGE,
        "docs/story_folder.py": STORY,
        "docs/conf.py": CONF.format(site=""),
        "docs/_static/install.js": "",
        "docs/story/part/plot_1.ipynb": "{}",
        "docs/story/part/plot_0_of_old.ipynb": "{}",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path


def build(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(project / "docs")
    sys.modules.pop("story_folder", None)
    app = SphinxTestApp(srcdir=project / "docs", builddir=project / "build", freshenv=True)
    try:
        app.build()
    finally:
        app.cleanup()
    return Path(app.outdir)


def contents(site: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (site / "download").iterdir()}


WHEEL = "download/thing-1.0-py3-none-any.whl"


def test_a_notebook_installs_from_the_site_or_from_its_own_folder():
    first = downloads.notebook_cell("thing", WHEEL, "https://a.example/", "plot")
    second = downloads.notebook_cell("thing", WHEEL, "", "plot")

    assert first.splitlines()[1] == (
        '%pip install --quiet "thing[plot] @ https://a.example/download/thing-1.0-py3-none-any.whl"'
    )
    assert second.splitlines()[1] == '%pip install --quiet "./thing-1.0-py3-none-any.whl[plot]"'
    assert "beside" in second.splitlines()[0]


@pytest.mark.parametrize("address", ["", "https://a.example/source"])
def test_the_address_of_the_source_is_one_setting_for_every_page(monkeypatch, address):
    monkeypatch.setenv("REPOSITORY_URL", address)
    for kept in "IPYTHONDIR", "MATPLOTLIBRC":
        monkeypatch.setenv(kept, "")
    monkeypatch.setattr(sys, "path", [*sys.path])
    settings = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "conf.py"))
    icons = settings["html_theme_options"]["footer_icons"]

    assert [icon["url"] for icon in icons] == ([address] if address else [])


def test_three_files_and_a_link_to_each_from_any_depth(project, monkeypatch):
    pytest.importorskip("hatchling")
    site = build(project, monkeypatch)

    names = ["thing-1.0-py3-none-any.whl", "thing-1.0.tar.gz", "thing-story.zip"]
    assert sorted(path.name for path in (site / "download").iterdir()) == names
    for page, root in ("index.html", ""), ("deep/down.html", "../"):
        html = (site / page).read_text("utf-8")
        for name in names:
            assert f'href="{root}download/{name}"' in html
    with zipfile.ZipFile(site / "download" / names[2]) as packed:
        assert sorted(packed.namelist()) == [
            "thing-story/plot_1.ipynb",
            "thing-story/plot_1.py",
            f"thing-story/{names[0]}",
        ]


def test_a_second_build_has_the_same_bytes(project, monkeypatch):
    pytest.importorskip("hatchling")
    first = contents(build(project, monkeypatch))
    (project / "src" / "thing" / "__init__.py").touch()
    second = contents(build(project, monkeypatch))

    assert len(first) == 3
    assert first == second


def test_the_wheel_is_the_package(project, monkeypatch):
    pytest.importorskip("hatchling")
    wheel = build(project, monkeypatch) / "download" / "thing-1.0-py3-none-any.whl"
    command = [sys.executable, "-c", "import thing; print(thing.ANSWER)"]
    answer = subprocess.run(
        command, cwd="/", env={"PYTHONPATH": str(wheel)}, capture_output=True, text=True, check=True
    )

    assert answer.stdout == "42\n"


def test_a_version_that_is_not_the_packages_ends_the_build(project, monkeypatch):
    pytest.importorskip("hatchling")
    (project / "pyproject.toml").write_text(PYPROJECT.format(version="2.0"), "utf-8")

    with pytest.raises(ExtensionError, match=r"2\.0.*expected.*1\.0"):
        build(project, monkeypatch)


@pytest.mark.parametrize(
    ("site", "line", "script"),
    [
        ("", "thing[plot] @ ADDRESS/download/thing-1.0-py3-none-any.whl", True),
        ("https://a.example/b/", "@ https://a.example/b/download/thing-1.0-py3", False),
    ],
)
def test_the_line_names_the_site_or_leaves_it_to_the_browser(
    project, monkeypatch, site, line, script
):
    (project / "docs" / "conf.py").write_text(CONF.format(site=site), "utf-8")
    monkeypatch.setattr(downloads, "write", lambda *_: None)
    html = (build(project, monkeypatch) / "deep" / "down.html").read_text("utf-8")

    assert line in html
    assert ("install.js" in html) is script
    assert ('class="install-root" href="../"' in html) is script
