# ruff: noqa: T201 (this is a program, and prints)
"""Measure, print a table, and write the results down.

Engines take turns: in every round each does the same work for about as long, and a ratio compares
times of the same round, so that a machine that is busy for a while is busy for all of them. What is
kept is the median over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import median, quantiles
from time import sleep
from typing import Any, NamedTuple

from bench import imports
from bench.process import GIVE_BACK, KEEP_MEMORY, ONE_THREAD, PROCESSOR_TIME, EngineProcess

PACKAGES = ["micrograd", "numpy", "autograd", "mygrad", "torch", "jax"]
NEEDS = {"ours_in_its_style": "micrograd"} | dict.fromkeys(
    ("torch_nn", "torch_tensors", "torch_step", "torch_explained"), "torch"
)


# For how long the threads of one engine may go on waiting for work, on a core that the next needs.
REST = 0.2


class Job(NamedTuple):
    """A piece of work and the engines that do it, the first being what others are compared with."""

    name: str
    module: str
    engines: tuple[str, ...]
    arguments: tuple[Any, ...] = ()
    threads: str = "1"
    collector: bool = True
    tolerance: float = 1e-9
    rounds: int = 15
    may_fail: tuple[str, ...] = ()
    keep_memory: bool = True


DEMO = ("micrograd", "ours_in_its_style", "ours", "lists_by_hand")
CHAIN = ("ours", "micrograd", "autograd", "mygrad", "torch")
OTHERS = ("autograd", "mygrad", "torch_nn", "torch_tensors", "jax")
DIGITS = ("numpy_by_hand", "ours", "ours_fused", *OTHERS)
ORDINARY = DIGITS[:6]
TINY = ("numpy_by_hand", "ours", "ours_fused", "ours_scalars", *OTHERS)
EXPLAIN = ("training_step", "explained")
EXPLAIN_TORCH = ("torch_step", "torch_explained")
IMAGES = (784, 256, 128, 10)
EACH = ("numpy_by_hand", "ours", "torch", "jax")
PROMISES = (
    *("numpy_by_hand", "ours"),
    *("changes_unnoticed", "nan_unnoticed", "nothing_put_back", "no_promise"),
)


def jobs() -> list[Job]:
    """List everything that is measured."""
    listed = [Job("demo", "demo", DEMO, collector=on) for on in (True, False)]
    for length in (1_000, 10_000, 100_000, 1_000_000):
        # A million nodes of Autograd or MyGrad would take as long as everything else together.
        engines = CHAIN if length < 1_000_000 else ("ours", "micrograd", "torch")
        rounds = max(3, min(15, 300_000 // length))
        job = Job("chain", "chain", engines, (length,), rounds=rounds, may_fail=CHAIN[1:])
        job = job._replace(keep_memory=False)  # a chain shows how much is taken
        listed += [job._replace(collector=on) for on in (True, False)]
    listed += [Job("tiny", "tiny", TINY, collector=on) for on in (True, False)]
    for threads in ("1", "all"):
        for dtype, tolerance in (("float64", 1e-9), ("float32", 1e-4)):
            for batch in (1, 32, 128, 1024):
                work = (batch, dtype)
                listed.append(
                    Job("digits", "digits", DIGITS, work, threads, tolerance=tolerance, rounds=25)
                )
        listed.append(Job("per_example", "per_example", EACH, (128,), threads))
    # The same step in an ordinary script, where the system may take memory back at any time.
    for batch in (1, 32, 128, 1024):
        work = (batch, "float64")
        listed.append(Job("ordinary", "digits", ORDINARY, work, rounds=25, keep_memory=False))
    # 0 stands for the network that fits on a page, which has one example and no batch.
    listed += [
        Job("promises", "promises", PROMISES, (batch,), rounds=25) for batch in (0, 1, 32, 128)
    ]
    return listed + explanations() + models_of_pytorch()


def explanations() -> list[Job]:
    """List the steps that are explained: of three optimisers, and along three ways to grow."""
    works = [(IMAGES, 128, optimiser, "Tensor") for optimiser in ("SGD", "Adam", "AdamW")]
    works += [((20, 50, 10), 4, "SGD", "Tensor"), ((2, 3, 1), 1, "SGD", "Scalar")]
    works += [(IMAGES, batch, "SGD", "Tensor") for batch in (1, 8, 32, 512)]
    works += [((width,) * 3, 32, "SGD", "Tensor") for width in (32, 64, 128, 256, 512, 1024)]
    works += [((32,) * (depth + 1), 8, "SGD", "Tensor") for depth in (2, 4, 8, 16, 32)]
    # The training goes on and the explanation does not, so they need not agree to the last digit.
    return [Job("explain", "explain", EXPLAIN, work, tolerance=1e-2) for work in works]


def models_of_pytorch() -> list[Job]:
    """List the models of PyTorch of which a step is explained, each with two optimizers."""
    return [
        Job("torch_models", "torch_models", EXPLAIN_TORCH, (model, optimizer), tolerance=1e-2)
        for model in ("perceptron", "convolutions", "transformer")
        for optimizer in ("SGD", "AdamW")
    ]


# ## One job


def installed(engine: str) -> bool:
    """Return whether the packages an engine needs are here."""
    package = NEEDS.get(engine, engine)
    if package not in PACKAGES:
        return True
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def run(job: Job, seconds: float, rounds: int, quick: bool) -> dict[str, Any]:
    """Check that all engines compute the same, then time them in turns."""
    processes, failures = {}, {}
    environment = (ONE_THREAD if job.threads == "1" else {}) | (
        KEEP_MEMORY if job.keep_memory else {}
    )
    for engine in filter(installed, job.engines):
        processes[engine] = EngineProcess(job.module, engine, job.arguments, environment)
    try:
        expected = None
        for engine, process in list(processes.items()):
            try:
                results = process.results()
            except (RecursionError, MemoryError) as error:
                if engine not in job.may_fail:
                    raise
                failures[engine] = type(error).__name__
                processes.pop(engine).close()
                continue
            expected = results if expected is None else expected
            check_same(f"{job.name} {job.arguments}: {engine}", results, expected, job.tolerance)
        print(f"  same numbers: {', '.join(processes)}", flush=True)
        times = {} if quick else timed(job, processes, seconds, rounds)
        extra = {} if quick else memory(job, list(processes))
    finally:
        for process in processes.values():
            process.close()
    return {
        "work": job.name,
        "arguments": list(job.arguments),
        "threads": job.threads,
        "collector": job.collector,
        **({"clock": "processor"} if os.environ.get(PROCESSOR_TIME) else {}),
        "reference": job.engines[0],
        "engines": summary(times, job.engines[0]),
        "failures": failures,
        "not installed": [engine for engine in job.engines if not installed(engine)],
        **extra,
    }


def check_same(name: str, results: Any, expected: Any, tolerance: float) -> None:
    """Raise unless losses and gradients agree within the tolerance, relative above 1."""
    for got, wanted in zip(results, expected, strict=True):
        for one, other in zip(got, wanted, strict=True):
            if not abs(one - other) <= tolerance * max(1, abs(other)):
                raise AssertionError(f"{name} has {one!r}, the others {other!r}")


def timed(
    job: Job, processes: dict[str, Any], seconds: float, rounds: int
) -> dict[str, list[float]]:
    """Return the time of a step in every round, engine by engine."""
    steps = {}
    for engine, process in processes.items():
        process.collector(job.collector)
        steps[engine] = max(1, min(1000, int(seconds / process.seconds(1))))
    times: dict[str, list[float]] = {engine: [] for engine in processes}
    for turn in range(min(job.rounds, rounds)):
        order = list(processes)
        # Nobody is always the one who comes after the one with the largest garbage.
        for engine in order[turn % len(order) :] + order[: turn % len(order)]:
            if job.threads == "all":
                sleep(REST)
            times[engine].append(processes[engine].seconds(steps[engine]))
    return times


def memory(job: Job, engines: list[str]) -> dict[str, Any]:
    """Return how much memory the work takes, where that is asked."""
    if job.name == "chain":
        return bytes_a_node(job, engines)
    return peaks(job, engines) if job.name == "torch_models" else {}


def peaks(job: Job, engines: list[str]) -> dict[str, Any]:
    """Return by how much memory was at its highest above the start, where the system tells."""
    if not Path("/proc/self/status").exists():
        return {}
    found = {}
    for engine in engines:
        process = EngineProcess(job.module, engine, job.arguments, ONE_THREAD | GIVE_BACK)
        try:
            found[engine] = process.peak()
        finally:
            process.close()
    return {"bytes": found}


def bytes_a_node(job: Job, engines: list[str]) -> dict[str, Any]:
    """Return the memory of a chain, where the system tells and the chain is long enough to see."""
    length = job.arguments[0]
    if length < 100_000 or not Path("/proc/self/status").exists():
        return {}
    found = {}
    for engine in engines:
        # A process that has worked before keeps some of that memory, and would seem to need less.
        process = EngineProcess(job.module, engine, job.arguments, {})
        try:
            found[engine] = process.bytes() / length
        finally:
            process.close()
    return {"bytes": found}


def summary(times: dict[str, list[float]], reference: str) -> dict[str, Any]:
    """Return the median time (µs), and median and quartiles of the ratio to the reference."""
    table = {}
    for engine, own in times.items():
        ratios = [a / b for a, b in zip(own, times[reference], strict=True)]
        low, _, high = quantiles(ratios, n=4)
        table[engine] = {
            "microseconds": median(own) * 1e6,
            "ratio": median(ratios),
            "quartiles": [low, high],
        }
    return table


def run_imports(rounds: int) -> dict[str, Any]:
    """Time imports, each in a new process, in turns."""
    names = [name for name in imports.STATEMENTS if installed(name.split(",", maxsplit=1)[0])]
    for name in names:
        imports.seconds(name)  # writes the bytecode
    turns = [{name: imports.seconds(name) for name in names} for _ in range(rounds)]
    times = {name: [turn[name] for turn in turns] for name in names}
    reference = "micrograd" if "micrograd" in names else names[0]
    return {
        "work": "imports",
        "arguments": [],
        "reference": reference,
        "engines": summary(times, reference),
    }


# ## All of them


def about() -> dict[str, Any]:
    """Describe the machine and the versions, as far as results depend on them."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{processor()}, {os.cpu_count()} cores, {platform.system()}",
        "versions": versions,
    }


def joined(record: dict[str, Any], report: dict[str, Any]) -> dict[str, Any]:
    """Return a record in which the rows of a new report stand in place of their old ones.

    A row that is newer than the record carries its own date.

    Raises
    ------
    SystemExit
        If the record is of another machine or of other versions, whose ratios do not belong
        beside these.
    """
    for what in "machine", "versions":
        if record[what] != report[what]:
            sys.exit(f"the record is of {record[what]}, this is {report[what]}: record all anew")
    new = [{**row, "date": report["date"]} for row in report["rows"]]
    measured = {same_work(row): row for row in new}
    rows = [measured.pop(same_work(row), row) for row in record["rows"]]
    return {**record, "rows": rows + list(measured.values())}


def same_work(row: dict[str, Any]) -> str:
    """Return what tells rows apart: the work, and under which conditions it was done."""
    return json.dumps([row.get(key) for key in ("work", "arguments", "threads", "collector")])


def processor() -> str:
    """Return what the processor calls itself."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text("utf-8").splitlines() if listing.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def print_row(row: dict[str, Any]) -> None:
    """Print the results of one job."""
    for engine, one in row["engines"].items():
        low, high = one["quartiles"]
        memory = row.get("bytes", {}).get(engine)
        print(
            f"  {engine:<22}{one['ratio']:>9.3f}  ({low:.3f} to {high:.3f})"
            f"{one['microseconds']:>12.1f} µs" + (f"{memory:>8.0f} bytes" if memory else "")
        )
    for engine, failure in row.get("failures", {}).items():
        print(f"  {engine:<22}{failure}")
    for engine in row.get("not installed", []):
        print(f"  {engine:<22}not installed")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only check, time nothing")
    parser.add_argument("--only", default="", help="names of the work to do, with commas")
    parser.add_argument("--threads", default="", help="only jobs with 1 or all threads")
    parser.add_argument("--seconds", type=float, default=0.05, help="for an engine in a round")
    parser.add_argument("--rounds", type=int, default=25, help="at most so many, at least 2")
    parser.add_argument("--busy", action="store_true", help="count the processor's time only")
    parser.add_argument("--json", type=Path, help="where to write the results")
    parser.add_argument("--into", type=Path, help="a record whose rows of this work are replaced")
    options = parser.parse_args()
    if options.busy:
        os.environ[PROCESSOR_TIME] = "1"  # the engines' processes are told
    chosen = [name for name in options.only.split(",") if name]
    report = about()
    print(json.dumps(report, indent=1))
    rows = []
    for job in jobs():
        unwanted = (chosen and job.name not in chosen) or options.threads not in ("", job.threads)
        # All engines agree on a million nodes if they agree on a thousand.
        large = job.name == "chain" and job.arguments > (10_000,)
        if unwanted or (options.quick and (large or job.threads != "1")):
            continue
        collector = "on" if job.collector else "off"
        print(
            f"{job.name} {' '.join(map(str, job.arguments))} (threads: {job.threads}, "
            f"collector {collector})"
        )
        rows.append(run(job, options.seconds, options.rounds, options.quick))
        print_row(rows[-1])
    if not options.quick and (not chosen or "imports" in chosen):
        print("imports")
        rows.append(run_imports(min(41, 2 * options.rounds)))
        print_row(rows[-1])
    report["rows"] = rows
    if options.json:
        write(options.json, report)
    if options.into:
        write(options.into, joined(json.loads(options.into.read_text("utf-8")), report))


def write(path: Path, report: dict[str, Any]) -> None:
    """Write results as the site reads them."""
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
