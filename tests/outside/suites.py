"""Run the tests that other libraries ship, against this engine.

``python -m tests.outside.suites FOLDER`` takes the unpacked source archives of Autograd and
micrograd from a folder, and lets their tests find the stand-ins of shims/ under the names of those
libraries. Their tests are theirs, under their licences, and no part of this project; what we do
not offer they skip, and the reason says what it was.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SUITES = {
    "autograd": [
        *("tests/test_binary_ops.py", "tests/test_graphs.py", "tests/test_numpy.py"),
        *("tests/test_scalar_ops.py", "tests/test_systematic.py", "tests/test_truediv.py"),
    ],
    "micrograd": ["test/test_engine.py"],
}
# Tests of another convention than ours, each with the reason.
OTHER = {
    "test_std": "a single number has no spread, and our root has no derivative at 0",
    "test_comparison_grads": "`==` of nodes asks whether they are the same node",
    "test_enclosing_scope_ref": "asks for a gradient of a gradient",
    "test_enclosing_scope_ref_2": "asks for a gradient of a gradient",
    "test_plain_numpy_reductions_on_box": "NumPy's own functions refuse a Tensor",
    "test_cast_to_int": "NumPy's own functions refuse a Tensor",
    "test_mean_list_of_boxes": "a list of Tensors is no Tensor",
    "test_std_list_of_boxes": "a list of Tensors is no Tensor",
    "test_var_list_of_boxes": "a list of Tensors is no Tensor",
    "test_ravel_method": "a function here: ops.flatten",
    "test_flatten_method": "a function here: ops.flatten",
    "test_squeeze_method": "a function here: ops.squeeze",
    "test_astype": "a Tensor keeps its number type",
    "test_complex_mutating_outgrad_from_indexing": "complex numbers",
    **dict.fromkeys(["test_r_basic", "test_r_double", "test_r_node_and_const"], "no np.r_"),
    **dict.fromkeys(["test_r_mixed", "test_r_slicing", "test_r_no_relation"], "no np.r_"),
    **dict.fromkeys(["test_c_", "test_c_mixed"], "no np.c_"),
}


def main() -> int:
    """Run every suite, and return 1 if one has failed."""
    if len(sys.argv) != 2:
        print("expected the folder that holds the unpacked source archives")
        return 2
    folder = Path(sys.argv[1])
    failed = 0
    for name, files in SUITES.items():
        source = next(iter(folder.glob(f"{name}-*/")), None)
        if source is None:
            print(f"{folder} has no {name}-…, expected its unpacked source archive")
            return 2
        paths = [str(HERE / "shims"), os.environ.get("PYTHONPATH", "")]
        command = [
            *(sys.executable, "-m", "pytest", "-q", "--tb=short", "--noconftest"),
            *("-p", "no:cacheprovider"),
            *("-c", os.devnull, f"--rootdir={source}", "-W", "ignore"),
            *(str(source / file) for file in files),
            *(f"--deselect={file}::{test}" for file in files for test in OTHER),
        ]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
        failed |= subprocess.run(command, env=environment, check=False).returncode
    print(f"Left out are {len(OTHER)} tests of another convention than ours:")
    for test, reason in OTHER.items():
        print(f"- {test}: {reason}")
    return int(failed != 0)


if __name__ == "__main__":
    sys.exit(main())
