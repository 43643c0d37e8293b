"""Real processes on this machine: what the how-to prints, and that nobody waits for ever."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mpi4py", reason="mpi4py is not installed: `nox -s machines` installs it")
pytest.importorskip("torch", reason="torch is not installed: `nox -s machines` installs it")

ROOT = Path(__file__).parents[2]
HOWTO = ROOT / "docs" / "howto" / "several-machines.md"
SCRIPTS = ROOT / "docs" / "howto" / "several_machines"
BIN = Path(sys.executable).parent

# Far more than any of this takes; a run that reaches it hangs.
PATIENCE = 120


def run(command: str, folder: Path) -> subprocess.CompletedProcess:
    """Run a command in a folder, with the programs of this environment."""
    env = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command.split(),
        cwd=folder,
        env=env,
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE,
    )


def started() -> list[tuple[str, str]]:
    """Find the commands in the how-to, each with what the page says that it prints."""
    pattern = r"```\{code-block\} text\n:caption: (.*)\n\n?((?:.*\n)*?)```"
    return re.findall(pattern, HOWTO.read_text("utf-8"))


def test_the_how_to_shows_commands():
    assert len(started()) == 3


@pytest.mark.parametrize(("command", "printed"), started(), ids=lambda text: text.splitlines()[0])
def test_the_how_to_prints_what_its_commands_print(command, printed):
    done = run(command, SCRIPTS)
    assert done.returncode == 0, done.stderr
    # Processes print when they come to it: the page has their lines in order.
    lines = done.stdout.splitlines()
    assert sorted(lines) == sorted(printed.splitlines())


STEP = """
import os, signal, sys
import numpy as np
from sgdexplained import MLP, SGD, Tensor, half_squared_error
from sgdexplained.parallel import Ranks, shard

X = np.random.default_rng(0).normal(size=(24, 5))
target = X.sum(axis=1, keepdims=True)
with Ranks() as ranks:
    sizes = [5, 4 + (ranks.rank == 1 and "shape" in sys.argv), 1]
    net = MLP(sizes, node=Tensor, seed=1)
    optimiser = SGD(net.parameters(), lr=0.1)
    for number in range(2 if ranks.rank == 1 and "short" in sys.argv else 3):
        if number == 1 and ranks.rank == 1:
            if "raise" in sys.argv:
                raise ValueError("of the second rank")
            if "kill" in sys.argv:
                os.kill(os.getpid(), signal.SIGKILL)
        mine = shard(X, ranks.rank, ranks.size)
        net.zero_grad()
        half_squared_error(net(mine), shard(target, ranks.rank, ranks.size)).backward()
        ranks.average_gradients(net.named_parameters(), examples=len(mine))
        optimiser.step()
    weights = {name: value.tolist() for name, value in net.values().items()}
print(f"{ranks.rank} {weights}\\n", end="")
"""


def steps(processes: int, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Let so many processes take three steps together."""
    script = tmp_path / "steps.py"
    script.write_text(STEP, "utf-8")
    # What processes write at the same time may run into each other; a file each keeps it apart.
    files = "-outfile-pattern out.%r -errfile-pattern err.%r"
    command = f"mpiexec -n {processes} {files} {sys.executable} {script} {' '.join(arguments)}"
    return run(command, tmp_path)


def written(processes: int, tmp_path: Path, stream: str) -> list[str]:
    """Read what each process has written; one that writes nothing has no file."""
    files = [tmp_path / f"{stream}.{rank}" for rank in range(processes)]
    return [file.read_text("utf-8") if file.exists() else "" for file in files]


@pytest.mark.parametrize("processes", [2, 4])
def test_all_processes_have_the_same_weights_after_three_steps_and_those_of_one(
    processes, tmp_path
):
    done = steps(processes, tmp_path)
    assert done.returncode == 0, done.stderr
    weights = []
    for rank, text in enumerate(written(processes, tmp_path, "out")):
        name, _, numbers = text.partition(" ")
        assert name == str(rank)
        weights.append(numbers)
    assert len(set(weights)) == 1, "to the last bit"
    steps(1, tmp_path)
    [alone] = written(1, tmp_path, "out")
    numbers = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
    found, expected = (list(map(float, numbers.findall(text))) for text in (weights[0], alone))
    assert len(found) == 5 * 4 + 4 + 4 + 1
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("processes", [2, 4])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("raise", "RankError: rank 1 of {n} failed: ValueError: of the second rank"),
        ("short", "RankError: rank 1 of {n} has finished, while others wait for exchange 3"),
        ("shape", "ShapeError: W1 has shape (5, 4) on rank 0 and (5, 5) on rank 1"),
    ],
)
def test_a_fault_on_one_process_is_told_by_all_and_nobody_waits(processes, fault, error, tmp_path):
    done = steps(processes, tmp_path, fault)
    assert done.returncode != 0
    assert written(processes, tmp_path, "out") == [""] * processes
    for rank, text in enumerate(written(processes, tmp_path, "err")):
        expected = error.format(n=processes)
        if fault == "raise" and rank == 1:
            expected = "ValueError: of the second rank"
        assert expected in text.splitlines()[-1]


@pytest.mark.parametrize("processes", [2, 4])
def test_a_process_that_is_killed_ends_the_others(processes, tmp_path):
    done = steps(processes, tmp_path, "kill")
    assert done.returncode != 0
    assert "Killed" in done.stdout + done.stderr
    assert written(processes, tmp_path, "out") == [""] * processes, "nobody got to the end"


def test_pytorch_names_a_process_that_died(tmp_path):
    script = tmp_path / "dies.py"
    script.write_text(
        """
import os
from datetime import timedelta
import torch
import torch.distributed as dist
dist.init_process_group("gloo", timeout=timedelta(seconds=60))
if dist.get_rank() == 1:
    os._exit(3)
dist.all_reduce(torch.ones(2))
""",
        "utf-8",
    )
    done = run(f"torchrun --standalone --nproc-per-node 2 {script}", tmp_path)
    assert done.returncode != 0
    assert "exitcode  : 3" in done.stderr
