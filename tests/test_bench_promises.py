"""What the benchmark leaves out is a promise of the engine: kept with it, broken without."""

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
STEP = """
import numpy as np
from sgdexplained import SGD, Tensor
from bench import promises

{left_out}
w = Tensor([1.0, 2.0])
loss = (w * w).sum()
{fault}
"""

# What goes wrong, and the error that tells it while the promise is kept.
FAULTS = {
    "_leave_changes_unnoticed": ("w.data[0] = 5.0\nloss.backward()", "GraphError"),
    "_leave_nan_unnoticed": (
        "w.grad = np.array([np.nan, 1.0])\nSGD([w], lr=1).step()",
        "NotFinite",
    ),
    "_put_nothing_back": (
        "w.grad = 'before'\ntry: loss.backward()\nexcept Exception: assert w.grad.__class__ is str",
        "AssertionError",
    ),
}


def errors(left_out, fault):
    """Return what a process writes to its errors in which something goes wrong."""
    script = STEP.format(left_out=f"promises.{left_out}()" if left_out else "", fault=fault)
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize("left_out", ["_leave_changes_unnoticed", "_leave_nan_unnoticed"])
def test_an_error_is_told_unless_its_promise_is_left_out(left_out):
    fault, error = FAULTS[left_out]
    assert error in errors("", fault)
    assert errors(left_out, fault) == ""


def test_a_failed_pass_gives_the_gradient_back_unless_this_is_left_out():
    fault, error = FAULTS["_put_nothing_back"]
    assert errors("", fault) == ""
    assert error in errors("_put_nothing_back", fault)
