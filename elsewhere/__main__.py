# ruff: noqa: T201 (this is a program, and prints)
"""Run the programs of libraries, and write the answers to ``docs/reference/elsewhere/``.

``python -m elsewhere`` runs all, ``python -m elsewhere torch jax`` some. Each library is installed
into an environment of its own, which is taken away afterwards; ``--in FOLDER`` keeps environments
there and uses those that are there already. What fails is said at the end, and leaves the record
of that library as it was.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
import tomllib
import venv
from datetime import UTC, datetime
from pathlib import Path
from signal import Signals
from tempfile import TemporaryDirectory
from typing import Any

from elsewhere.measure import GRADIENTS, GRID, HERE, SUBNORMAL, cases, fingerprint

TOP = HERE.parent
RECORD = TOP / "docs" / "reference" / "elsewhere"


class CannotRunError(Exception):
    """Something that a library needs is missing, and the message says what."""


def libraries() -> dict[str, dict[str, Any]]:
    """Return what is asked, by name."""
    return tomllib.loads((HERE / "libraries.toml").read_text("utf-8"))


def called(command: list[str | Path], **options: Any) -> str:
    """Run a command and return what it prints; if it fails, say its last words."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        # A program that a signal ends, as its own library may, has no last words about it.
        signal = Signals(-done.returncode).name if done.returncode < 0 else ""
        ended = f"was ended by {signal}" if signal else "failed"
        words = [line for line in done.stderr.splitlines() if line.strip()][-3:]
        raise CannotRunError(f"`{' '.join(map(str, command[:4]))} …` {ended}: {' / '.join(words)}")
    return done.stdout


# ## Environments


def python_of(folder: Path) -> Path:
    """Return the interpreter of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def installed(library: str, about: dict[str, Any], folder: Path) -> Path:
    """Return the interpreter of an environment that has the library, made if it is not there."""
    for command in about.get("commands", []):
        if not shutil.which(command):
            raise CannotRunError(
                f"it needs {command}, and there is none on this machine: install {command} first"
            )
    before = folder.exists()
    try:
        return found_or_made(library, about, folder)
    except BaseException as error:
        # Half an environment must not be taken for a whole one in the next run.
        if not before:
            shutil.rmtree(folder, ignore_errors=True)
        if not isinstance(error, CannotRunError):
            raise
        wanted = " and ".join(about["requirements"])
        raise CannotRunError(
            f"it could not be installed. {error}. Look whether the network is there, and whether "
            f"{wanted} is offered for this machine and its Python. Then run it again, alone: "
            f"`nox -s elsewhere -- {library}`"
        ) from error


def found_or_made(library: str, about: dict[str, Any], folder: Path) -> Path:
    """Return the interpreter of an environment, and install what belongs there if it is new."""
    if library == "tfjs":
        if not (folder / "node_modules").exists():
            folder.mkdir(parents=True, exist_ok=True)
            wanted = [one.replace("==", "@") for one in about["requirements"]]
            quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
            called(["npm", "install", *quiet, *wanted], cwd=folder)
        return Path("node")
    python = python_of(folder)
    if not python.exists():
        venv.create(folder, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        # First what the others may need in order to be built.
        if beside := about.get("beside"):
            called([*pip, *beside])
        if options := about.get("options"):
            numpy = [one for one in about["requirements"] if one.startswith("numpy")]
            called([*pip, *numpy])
            called([*pip, *options, *about["requirements"]])
        else:
            called([*pip, *about["requirements"]])
    return python


def versions(library: str, about: dict[str, Any], program: Path, folder: Path) -> dict[str, str]:
    """Return the versions that are there, and refuse others than those that are pinned."""
    pinned = {
        name.partition("[")[0]: version
        for name, _, version in (one.rpartition("==") for one in about["requirements"])
    }
    found = {}
    for name, wanted in pinned.items():
        if library == "tfjs":
            package = folder / "node_modules" / name / "package.json"
            there = json.loads(package.read_text("utf-8"))["version"]
        else:
            ask = f"from importlib.metadata import version; print(version({name!r}))"
            there = called([program, "-c", ask]).strip().partition("+")[0]
        if there != wanted:
            raise CannotRunError(
                f"{name} {there} is installed, and {wanted} is pinned in elsewhere/libraries.toml: "
                "remove the environment, or pin the other version and look at what changes"
            )
        found[name] = there
    return found


# ## One library


def answers(library: str, about: dict[str, Any], program: Path, folder: Path) -> dict[str, Any]:
    """Run the programs in their environment."""
    environment = os.environ | about.get("environment", {})
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    if library == "tfjs":
        for path in (HERE / "measure.mjs", HERE / "programs" / "tfjs.mjs"):
            shutil.copy(path, folder)
        asked = folder / "asked.json"
        given = {"cases": cases(), "gradients": GRADIENTS, "grid": GRID, "subnormal": SUBNORMAL}
        asked.write_text(json.dumps(given), "utf-8")
        command = [program, folder / "measure.mjs", folder / "tfjs.mjs", asked]
        found = json.loads(called(command, env=environment))
        return {"programs": fingerprint("tfjs")} | found
    # From the top of the project, and without what a person has set for another Python.
    environment["PYTHONPATH"] = os.pathsep.join([str(TOP), str(TOP / "src")])
    output = called([program, "-m", "elsewhere.measure", library], cwd=TOP, env=environment)
    return json.loads(output.splitlines()[-1])


def run(library: str, about: dict[str, Any], folder: Path) -> None:
    """Install a library, run its programs and write its record."""
    program = installed(library, about, folder)
    print("installed …", end=" ", flush=True)
    record = {
        "library": library,
        "name": about["name"],
        "versions": versions(library, about, program, folder),
        "date": datetime.now(UTC).date().isoformat(),
        "language": called([program, "--version"]).strip(),
        "machine": f"{platform.system()} {platform.machine()}, processor only",
    }
    if library == "tfjs":
        record["language"] = f"Node.js {record['language'].removeprefix('v')}"
    record |= answers(library, about, program, folder)
    RECORD.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    (RECORD / f"{library}.json").write_text(text, "utf-8")


def main() -> int:
    """Run what is asked for, one library after the other."""
    known = libraries()
    parser = argparse.ArgumentParser(prog="nox -s elsewhere --", description=__doc__)
    parser.add_argument("libraries", nargs="*", metavar="LIBRARY", help=f"of {', '.join(known)}")
    parser.add_argument("--in", dest="folder", type=Path, help="keep the environments there")
    arguments = parser.parse_args()
    if unknown := set(arguments.libraries) - set(known):
        parser.error(f"no programs for {', '.join(sorted(unknown))}: there are {', '.join(known)}")
    chosen = arguments.libraries or list(known)
    failed = {}
    for number, library in enumerate(chosen, start=1):
        start = time.monotonic()
        print(f"[{number}/{len(chosen)}] {known[library]['name']} …", end=" ", flush=True)
        try:
            if arguments.folder:
                run(library, known[library], arguments.folder.resolve() / library)
            else:
                with TemporaryDirectory() as folder:
                    run(library, known[library], Path(folder, library))
        except CannotRunError as error:
            failed[library] = str(error)
            print(f"no: {error}", flush=True)
        else:
            print(f"{time.monotonic() - start:.0f} s", flush=True)
    for library, why in failed.items():
        path = RECORD / f"{library}.json"
        there = json.loads(path.read_text("utf-8"))["date"] if path.exists() else None
        kept = f"its record of {there} stays" if there else "it has no record yet"
        print(f"{known[library]['name']} did not run, so {kept}: {why}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
