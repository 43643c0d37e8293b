"""The time that importing takes, in a fresh process that has started already."""

from __future__ import annotations

import os
import subprocess
import sys

# What to import; micrograd has its engine and its networks, and so have we.
STATEMENTS = {
    "micrograd": "import micrograd.engine, micrograd.nn",
    "ours, Scalar": "from sgdexplained import Scalar",
    "ours, Scalar and MLP": "from sgdexplained import Scalar, MLP",
    "numpy": "import numpy",
    "ours, Tensor and MLP": "from sgdexplained import Tensor, MLP",
    "autograd": "import autograd.numpy",
    "mygrad": "import mygrad",
    "jax": "import jax",
    "torch": "import torch",
}

# The clock starts when the interpreter is up, and stops before it shuts down.
_TIMED = """
from time import perf_counter
start = perf_counter()
{statement}
print(perf_counter() - start)
"""


def seconds(name: str) -> float:
    """Import once in a new process, and return how long it took."""
    code = _TIMED.format(statement=STATEMENTS[name])
    # What an import compiles it keeps for the next time, unless it was told not to.
    usual = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=usual
    )
    return float(done.stdout)
