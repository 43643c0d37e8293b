# ruff: noqa: T201 (this is a program, and prints)
"""How long a step takes that several processes share, and how long they exchange gradients.

``python -m bench.machines`` starts itself with 1, 2, 4 and 8 processes, which take turns, and
writes docs/reference/machines.json. A step is always one step on the same batch. What is kept is
the median over the rounds; of several processes the slowest counts, since all wait for it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bench.__main__ import about
from bench.process import ONE_THREAD

PROCESSES = (1, 2, 4, 8)
# Networks of 64 inputs, a hidden layer of so many units, and 10 outputs.
HIDDEN = (16, 160, 1600, 16000)
BATCH = 64
RECORD = Path("docs/reference/machines.json")


def parameters(hidden: int) -> int:
    """Count the weights and biases of a network."""
    return 64 * hidden + hidden + hidden * 10 + 10


def measure(hidden: int, steps: int) -> tuple[list[float], list[float]]:
    """Take steps on this rank; give for each how long it computed, and how long it exchanged."""
    import numpy as np

    from sgdexplained import MLP, SGD, Tensor, half_squared_error
    from sgdexplained.parallel import Ranks, shard

    random = np.random.default_rng(0)
    X, target = random.normal(size=(BATCH, 64)), random.normal(size=(BATCH, 10))
    net = MLP([64, hidden, 10], node=Tensor, seed=0)
    named = net.named_parameters()
    optimiser = SGD(named, lr=0.001)
    computed, exchanged = [], []
    with Ranks() as ranks:
        mine, wanted = (shard(part, ranks.rank, ranks.size) for part in (X, target))
        for _ in range(steps):
            begin = perf_counter()
            net.zero_grad()
            half_squared_error(net(mine), wanted).backward()
            ready = perf_counter()
            ranks.average_gradients(named, examples=len(mine))
            arrived = perf_counter()
            optimiser.step()
            computed.append(perf_counter() - arrived + ready - begin)
            exchanged.append(arrived - ready)
        slowest = ranks._communicator.allgather((computed, exchanged))  # noqa: SLF001
    # What one waits for because another still computes is no exchange: the quickest tells.
    return (
        [max(times) for times in zip(*(one for one, _ in slowest), strict=True)],
        [min(times) for times in zip(*(one for _, one in slowest), strict=True)],
    )


def start(processes: int, hidden: int, steps: int) -> dict[str, float]:
    """Start so many processes and read what the first of them printed."""
    command = [str(Path(sys.executable).parent / "mpiexec"), "-n", str(processes), sys.executable]
    command += ["-m", "bench.machines", "--rank", str(hidden), str(steps)]
    done = subprocess.run(
        command, env=os.environ | ONE_THREAD, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout.splitlines()[0])


def on_this_rank(hidden: int, steps: int) -> None:
    """Measure, and let one rank print the medians, in seconds."""
    from mpi4py import MPI

    computed, exchanged = measure(hidden, steps)
    if MPI.COMM_WORLD.rank == 0:
        # The first steps fill caches.
        print(json.dumps({"compute": median(computed[2:]), "exchange": median(exchanged[2:])}))


def main() -> None:
    """Measure all sizes with all numbers of processes, in turns."""
    parser = argparse.ArgumentParser(prog="python -m bench.machines", description=__doc__)
    parser.add_argument("--rank", nargs=2, type=int, help="measure as one of several processes")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, default=RECORD)
    options = parser.parse_args()
    if options.rank:
        on_this_rank(*options.rank)
        return
    rows: list[dict[str, Any]] = []
    for hidden in HIDDEN:
        steps = max(5, min(200, 2_000_000 // parameters(hidden)))
        turns = [{p: start(p, hidden, steps) for p in PROCESSES} for _ in range(options.rounds)]
        for processes in PROCESSES:
            row = {"parameters": parameters(hidden), "processes": processes}
            for part in ("compute", "exchange"):
                # A ratio compares times of one turn: with the whole step of one process.
                row[part] = median(turn[processes][part] / sum(turn[1].values()) for turn in turns)
                row[f"{part} microseconds"] = 1e6 * median(turn[processes][part] for turn in turns)
            rows.append(row)
            print(row, flush=True)
    versions = {name: metadata.version(name) for name in ("mpi4py", "mpich", "numpy")}
    report = {**about(), "versions": versions, "batch": BATCH, "rows": rows}
    options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
