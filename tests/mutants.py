"""Mutation testing: change the package in many small ways, and see that the tests notice.

``python -m tests.mutants`` tries all changes, which takes hours; ``--sample 60`` tries some, the
same ones each time. With names of modules (``node contrasts.optimisers``) it tries those of them.

What a change is, mutmut decides: a ``<`` becomes ``<=``, an argument ``None``, a 1 a 2. Running
them is done here, because mutmut's own runner swaps functions when they are called: it can reach
neither operators that are made while the module is imported, nor anything outside functions.

Each mutant lives in a process of its own, in which its module is imported with the change. There
those tests run that reach the changed statement, quick ones first, until one fails: the examples
of docstrings, pages, gallery and README, since the pages are the specification; and, for what they
let live, the unit tests.

A mutant that no test can kill is listed in mutants_equivalent.toml, with the reason.
"""

from __future__ import annotations

import argparse
import ast
import gc
import json
import os
import resource
import sys
import time
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from math import sqrt
from pathlib import Path
from random import Random
from typing import Any

from coverage import Coverage

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "sgdexplained"
EQUIVALENT = Path(__file__).with_name("mutants_equivalent.toml")
MODULES = [
    *("node", "maths", "array_maths", "scalar", "tensor", "backward", "units", "affine"),
    *("losses", "layers", "sgd", "differences", "contrasts.optimisers", "reasons.explanation"),
    "fused",
    *("ops.elementwise", "ops.reductions", "ops.shapes"),
    *("reasons.factors", "reasons.in_bulk", "reasons.in_lists", "reasons.mlp", "reasons.passes"),
    *("reasons.printing", "reasons.paths", "reasons.rows", "reasons.sentences"),
    *("reasons.source", "reasons.step", "reasons.wording", "reasons.words"),
]

# What explains the engine, or does its work in another way.
BESIDE = ("reasons.", "fused")

# What runs, one after the other, and the part of the mutants that must be dead afterwards: of the
# engine alone after the examples, since the pages do not show all the ways in which a step can be
# explained; of all modules after the unit tests.
AREAS = [
    *("backward", "contrasts_activations", "contrasts_modules", "contrasts_optimisers", "details"),
    *(
        "edges",
        "explain",
        "explain_arrays",
        "fused",
        "fuzz",
        "gradcheck",
        "layers",
        "losses",
        "messages",
    ),
    *("node", "ops", "properties", "scalar", "sgd", "tensor"),
]
SUITES = {
    "examples": (["src", "README.md", "docs", "gallery"], 0.85),
    "unit tests": ([f"tests/test_{area}.py" for area in AREAS], 0.95),
}
# A million of anything takes long, and finds nothing that a hundred would not.
QUICK = ["-k", "not million and not ten_thousand"]

BYTES = 8 * 2**30
PROMISING = 8
WORKERS = 2


# ## Mutants


@dataclass
class Mutant:
    """A module with one change."""

    module: str
    line: int
    before: str
    after: str
    code: str = field(repr=False)
    # The lines of the statement that is changed, and of the function around it, if there is one.
    statement: range = range(0)
    function: range = range(0)

    def __str__(self) -> str:
        return f"{self.module}:{self.line}\n    - {self.before}\n    + {self.after}"


def mutations(module: str) -> tuple[Any, list[Any]]:
    """Return a module's tree and the changes that mutmut makes to it."""
    from mutmut.mutation.file_mutation import create_mutations

    path = path_of(module)
    tree, changes, *_ = create_mutations(str(path), path.read_text("utf-8"))
    return tree, changes


def mutant(module: str, tree: Any, change: Any) -> Mutant | None:
    """Apply a change; nothing if it is to what only a type checker reads."""
    old = path_of(module).read_text("utf-8")
    new = tree.deep_replace(change.original_node, change.mutated_node).code
    before, after = old.splitlines(), new.splitlines()
    head = alike(before, after)
    tail = alike(before[head:][::-1], after[head:][::-1])
    only_for_types, statement, function = place_of(ast.parse(old), head + 1)
    if only_for_types or old == new:
        return None
    texts = [" ".join(map(str.strip, rows[head : len(rows) - tail])) for rows in (before, after)]
    return Mutant(module, head + 1, *texts, new, statement, function)


def alike(some: list[str], others: list[str]) -> int:
    """Return how many lines at the beginning of two texts are the same."""
    pairs = zip(some, others, strict=False)
    shorter = min(len(some), len(others))
    return next((k for k, (one, other) in enumerate(pairs) if one != other), shorter)


def place_of(tree: ast.Module, line: int) -> tuple[bool, range, range]:
    """Return whether only a type checker reads a line, and its statement's and function's lines.

    Of a statement that holds others these are the lines of its head.
    """
    statement = function = range(0)
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt | ast.ExceptHandler):
            continue
        whole = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        if line not in whole:
            continue
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        if "TYPE_CHECKING" in names and isinstance(node, ast.If | ast.Assign):
            return True, statement, function
        body = getattr(node, "body", None)
        head = range(node.lineno, body[0].lineno) if body else whole
        # Outer ones come first, so the last word is that of the innermost.
        statement = head if line in head else range(0)
        if isinstance(node, ast.FunctionDef):
            function = range(body[0].lineno, whole.stop)
    return False, statement, function


def path_of(module: str) -> Path:
    return SOURCE.joinpath(*module.split(".")).with_suffix(".py")


def equivalents() -> list[dict[str, str]]:
    """Return the list of changes that make no difference."""
    entries: list[dict[str, str]] = tomllib.loads(EQUIVALENT.read_text("utf-8"))["equivalent"]
    return entries


def fits(entry: dict[str, str], one: Mutant) -> bool:
    """Return whether an entry speaks of a mutant: ``old`` became ``new`` somewhere in its line."""
    if entry.get("module", one.module) != one.module:
        return False
    old, new = entry["old"], entry["new"]
    places = [k for k in range(len(one.before)) if one.before.startswith(old, k)]
    return any(one.before[:k] + new + one.before[k + len(old) :] == one.after for k in places)


# ## In a process of its own: the package with one change, and pytest


class Changed(SourceFileLoader):
    """Imports a module, but with other source code."""

    code = ""

    def get_code(self, fullname: str) -> Any:  # noqa: ARG002
        return compile(self.code, self.path, "exec")


class Finder:
    """Finds one module, which is changed."""

    def __init__(self, module: str, code: str) -> None:
        self.name, self.path, self.code = f"sgdexplained.{module}", path_of(module), code

    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        if name != self.name:
            return None
        loader = Changed(name, str(self.path))
        loader.code = self.code
        return spec_from_file_location(name, self.path, loader=loader)


def unit_of(node: str) -> str:
    """Return what must run as a whole: a test, or all examples of a file."""
    return node if node.startswith("tests/") else node.partition("::")[0]


class Watch:
    """Notes which lines of the package each unit reaches, and how long it takes."""

    def __init__(self) -> None:
        self.coverage = Coverage(data_file=None, config_file=False, include=[f"{SOURCE}/*"])
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.failed: list[str] = []

    def pytest_runtest_setup(self, item: Any) -> None:
        self.coverage.switch_context(unit_of(item.nodeid))
        self.begin = time.process_time()

    def pytest_runtest_teardown(self, item: Any) -> None:
        self.seconds[unit_of(item.nodeid)] += time.process_time() - self.begin
        self.coverage.switch_context("")

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def lines(self) -> dict[str, dict[str, list[int]]]:
        """Return which lines of each file each unit reaches."""
        found: dict[str, dict[str, list[int]]] = {unit: {} for unit in self.seconds}
        data = self.coverage.get_data()
        for file in data.measured_files():
            for line, units in data.contexts_by_lineno(file).items():
                for unit in filter(None, units):
                    found[unit].setdefault(file, []).append(line)
        return found


class Choice:
    """Lets only some units run, in a given order, and notes which was the first to fail."""

    def __init__(self, units: list[str]) -> None:
        self.place = {unit: k for k, unit in enumerate(units)}
        self.killer = ""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        chosen = [item for item in items if unit_of(item.nodeid) in self.place]
        items[:] = sorted(chosen, key=lambda item: self.place[unit_of(item.nodeid)])

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.killer:
            self.killer = unit_of(report.nodeid)


def in_a_child(work: Any) -> tuple[int, int]:
    """Start a process that does the work and writes what it returns; give its pid and the pipe."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    code = 1
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        answer = json.dumps(work())
        with os.fdopen(writing, "w") as pipe:
            pipe.write(answer)
        code = 0
    finally:
        os._exit(code)


def run_pytest(arguments: list[str], plugin: Any) -> int:
    import pytest

    usual = ["-q", "-x", "--assert=plain", "--tb=no", "-p", "no:cacheprovider"]
    return int(pytest.main([*usual, *arguments], plugins=[plugin]))


def survey(suite: str) -> Any:
    """Run a suite on the package as it is: lines and seconds of each unit, and what failed."""
    for module in MODULES:
        # What runs on import belongs to no unit.
        import_module(f"sgdexplained.{module}")
    watch = Watch()
    with watch.coverage.collect():
        run_pytest([*SUITES[suite][0], *QUICK, "--maxfail=1000000"], watch)
    return watch.lines(), watch.seconds, watch.failed


def try_out(one: Mutant, units: list[str], seconds: int) -> Any:
    """Run units on a mutant until one fails; give pytest's exit code and the one that failed.

    A mutant that takes longer than some seconds hangs, and is dead.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    sys.meta_path.insert(0, Finder(one.module, one.code))
    # Most die at once, of one of a few files, and no other file is read for them.
    for part in (units[:PROMISING], units[PROMISING:]):
        choice = Choice(part)
        files = list(dict.fromkeys(unit.partition("::")[0] for unit in part))
        if part and (exit_code := run_pytest(files, choice)):
            return exit_code, choice.killer
    return 0, ""


# ## Here: one process after the other


def warm_up() -> None:
    """Import what every process needs, except the package itself and what imports it."""
    import hypothesis

    for name in ("matplotlib.pyplot", "numpy.testing", "pytest", "tests.examples"):
        import_module(name)
    sys.path.insert(0, str(SOURCE.parent))
    os.chdir(ROOT)
    # Why a test failed is not asked here, so nothing is made smaller until it is easy to read.
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile("mutants", phases=phases)
    hypothesis.settings.load_profile("mutants")
    if any(name.partition(".")[0] == "sgdexplained" for name in sys.modules):
        raise ImportError("sgdexplained is imported already: it could not be changed any more")
    gc.freeze()  # or each process would look through all of that for garbage, more than once


def read(pipe: int) -> Any:
    with os.fdopen(pipe) as stream:
        text = stream.read()
    return json.loads(text) if text else None


def surveyed() -> list[Any]:
    """Survey both suites, side by side."""
    children = [in_a_child(partial(survey, suite)) for suite in SUITES]
    answers = [read(pipe) for _, pipe in children]
    for pid, _ in children:
        os.waitpid(pid, 0)
    return answers


class Hunt:
    """Finds out which mutants each suite kills.

    Parameters
    ----------
    surveys : list
        What :func:`survey` returns, for each suite.
    """

    def __init__(self, surveys: list[Any]) -> None:
        self.seconds: dict[str, float] = {}
        # Who reaches a line of a file; line 0: any of them.
        self.units: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
        for lines, seconds, failed in surveys:
            self.seconds |= seconds
            for unit in lines.keys() - set(map(unit_of, failed)):
                for file, reached in lines[unit].items():
                    for line in (0, *reached):
                        self.units[file, line].add(unit)
        self.killers: defaultdict[tuple[str, range], set[str]] = defaultdict(set)

    def units_for(self, one: Mutant, suite: str) -> list[str]:
        """List the units of a suite that may notice, the most promising ones first."""
        file = str(path_of(one.module))
        # What no unit reaches runs while the module is imported (as the head of a function does,
        # so whoever calls it may notice), or never.
        for lines in (one.statement, one.function, [0]):
            units = {unit for line in lines for unit in self.units[file, line]}
            if units:
                break
        here = [unit for unit in units if unit.startswith("tests/") == (suite == "unit tests")]
        killers = self.killers[file, one.function]
        return sorted(here, key=lambda unit: (unit not in killers, self.seconds[unit], unit))

    def run(self, mutants: list[Mutant]) -> tuple[list[Mutant], dict[str, list[Mutant]]]:
        """Return the mutants that were tried, and those that are alive after each suite.

        Ctrl-C ends the hunt early.
        """
        tried: list[Mutant] = []
        alive: dict[str, list[Mutant]] = {suite: [] for suite in SUITES}
        first, second = SUITES
        waiting = [(one, first) for one in mutants][::-1]
        running: dict[int, tuple[Mutant, str, int]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < WORKERS:
                    one, suite = waiting.pop()
                    units = self.units_for(one, suite)
                    seconds = 20 + 2 * int(sum(self.seconds[unit] for unit in units))
                    pid, pipe = in_a_child(partial(try_out, one, units, seconds))
                    running[pid] = one, suite, pipe
                pid, _ = os.wait()
                one, suite, pipe = running.pop(pid)
                # No answer: it hung or brought Python down. 0: no unit failed.
                exit_code, killer = read(pipe) or (1, "")
                if exit_code == 0:
                    alive[suite].append(one)
                    print(f"{one}\n    lives after the {suite}", flush=True)
                    if suite == first:
                        waiting.append((one, second))
                        continue
                elif killer:
                    self.killers[str(path_of(one.module)), one.function].add(killer)
                tried.append(one)
                if len(tried) % 100 == 0:
                    print(f"{len(tried)} of {len(mutants)} tried", flush=True)
        except KeyboardInterrupt:
            print(f"Interrupted after {len(tried)} of {len(mutants)}.")
        return tried, {suite: [one for one in alive[suite] if one in tried] for suite in SUITES}


def chosen(modules: list[str], sample: int | None, seed: int) -> list[Mutant]:
    """Return all mutants of modules, or a sample, in no order."""
    changes = [(module, *rest) for module in modules for rest in all_changes(module)]
    # In no order, so that a hunt that ends early has tried a sample.
    count = len(changes) if sample is None else min(sample, len(changes))
    changes = Random(seed).sample(changes, count)
    made = (mutant(*change) for change in changes)
    return [one for one in made if one is not None]


def all_changes(module: str) -> list[tuple[Any, Any]]:
    tree, changes = mutations(module)
    return [(tree, change) for change in changes]


def report(
    mutants: list[Mutant], alive: dict[str, list[Mutant]], *, sampled: bool, everywhere: bool
) -> list[str]:
    """Print scores and survivors; return what is wrong.

    The goals are for the package; one module of it may be harder than another.
    """
    entries, wrong = equivalents(), []
    last = list(SUITES)[-1]
    equivalent = [
        one
        for one in mutants
        if any(fits(entry, one) and ("module" in entry or one in alive[last]) for entry in entries)
    ]
    for suite, (_, goal) in SUITES.items():
        counted = [
            one
            for one in mutants
            if one not in equivalent and (suite == last or not one.module.startswith(BESIDE))
        ]
        killed = [one for one in counted if one not in alive[suite]]
        share = len(killed) / max(len(counted), 1)
        # A sample may have bad luck: two standard errors of it.
        luck = 2 * sqrt(goal * (1 - goal) / max(len(counted), 1)) if sampled else 0
        print(f"\nAfter the {suite}: {len(killed)} of {len(counted)} dead, {share:.1%}")
        for module in dict.fromkeys(one.module for one in counted):
            here = [one for one in counted if one.module == module]
            dead = sum(one in killed for one in here)
            print(f"    {module:22} {dead:4} of {len(here):4}  {dead / len(here):6.1%}")
        if everywhere and share < goal - luck:
            wrong.append(f"{share:.1%} of these mutants are dead after the {suite}, not {goal:.0%}")
    print(f"\n{len(equivalent)} more are listed as equivalent.\n\nSurvivors:")
    print(*[one for one in counted if one in alive[last]], sep="\n")
    wrong += [
        f"listed as equivalent, but killed: {one}" for one in equivalent if one not in alive[last]
    ]
    if everywhere and not sampled:
        wrong += [
            f"listed as equivalent, but there is no such change: {entry}"
            for entry in entries
            if not any(fits(entry, one) for one in mutants)
        ]
    return wrong


def main(arguments: list[str]) -> int:
    """Try mutants; give 0 if both suites kill what they should, else 1."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", default=MODULES)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    warm_up()
    begin = time.perf_counter()
    surveys = surveyed()
    for calls, _, failed in surveys:
        print(f"{len(calls)} units surveyed; fail without any change, and are left out: {failed}")
    print(f"{time.perf_counter() - begin:.0f} s", flush=True)
    mutants = chosen(options.modules, options.sample, options.seed)
    print(f"{len(mutants)} mutants, seed {options.seed}.", flush=True)
    tried, alive = Hunt(surveys).run(mutants)
    sampled = len(tried) < len(mutants) or options.sample is not None
    wrong = report(tried, alive, sampled=sampled, everywhere=options.modules == MODULES)
    print(f"\n{time.perf_counter() - begin:.0f} s", *wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
