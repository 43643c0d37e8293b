"""Run the programs of one library, in its own environment, and print the answers as JSON.

``python -m elsewhere.measure torch`` needs the library and nothing of this project. What is not
finite is written as a word, because JSON has no number for it.
"""

from __future__ import annotations

import ast
import hashlib
import json
import math
import sys
import tomllib
import warnings
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TABLES = ("KINKS", "NONE", "OPTIMIZERS", "ROWS", "MEAN", "TYPES")

# What an optimiser is given, step by step; None stands for a weight that has no gradient.
GRADIENTS = {
    "none": [None],
    "zero": [0.0],
    "one": [1.0],
    "tiny": [1e-8],
    "then-zero": [1.0, 0.0],
    "then-none": [1.0, None],
}

# Where activations are looked at: 1/64 apart, so that float32 has all of these numbers.
GRID = [k / 64 for k in range(64 * 16)] + [16 + k / 8 for k in range(8 * 784)]
# A step of rate × gradient that has no normal number in this type, and its two factors.
SUBNORMAL = {
    "float16": (2.0**-10, 2.0**-10),
    "bfloat16": (2.0**-20, 2.0**-110),
    "float32": (2.0**-20, 2.0**-120),
    "float64": (2.0**-60, 2.0**-1000),
}


def cases() -> dict[str, dict[str, Any]]:
    """Return what is asked, page by page."""
    return tomllib.loads((HERE / "cases.toml").read_text("utf-8"))


def module_of(library: str) -> str:
    """Name the module of a library: that of Keras serves three."""
    return library.partition("-")[0]


def fingerprint(module: str) -> str:
    """Return what changes when the programs of a library change, or what they are given."""
    names = ["measure.py", "cases.toml", *sorted(path.name for path in HERE.glob("*.mjs"))]
    wanted = names[:2] if (HERE / "programs" / f"{module}.py").exists() else names[1:]
    programs = next((HERE / "programs").glob(f"{module}.*"))
    texts = [programs.read_text("utf-8"), *((HERE / name).read_text("utf-8") for name in wanted)]
    # Words may be changed without running anything again.
    kept = "\n".join(
        line
        for line in chain.from_iterable(text.splitlines() for text in texts)
        if not line.startswith(("title = ", "says = ", "#"))
    )
    return hashlib.sha256(kept.encode()).hexdigest()[:16]


# ## Answers


def plain(answer: Any) -> Any:
    """Write an answer in numbers of six digits, words, None, and lists of them."""
    if answer is None or isinstance(answer, bool | str):
        return answer
    if isinstance(answer, list | tuple):
        parts = [plain(part) for part in answer]
        return parts[0] if len(parts) == 1 else parts
    number = float(answer)
    if not math.isfinite(number):
        return str(number)
    # Adding 0 takes the sign off a zero.
    return float(f"{number:.6g}") + 0.0


def answered(program: Any, *arguments: Any) -> Any:
    """Return the answer of a program, or the name of the error that it raises."""
    try:
        return plain(program(*arguments))
    except Exception as error:  # noqa: BLE001 (whatever a library raises is its answer)
        print(f"  {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
        return {"error": type(error).__name__}


def sources(path: Path) -> tuple[str, dict[str, dict[str, str]]]:
    """Return what stands above the tables of a module, and the source of each entry."""
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    entries: dict[str, dict[str, str]] = {}
    first = None
    for node in tree.body:
        name = ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else ""
        if name in TABLES and isinstance(node.value, ast.Dict):
            first = first or node.lineno
            entries[name] = {
                key.value: dedented(ast.get_source_segment(text, value) or "", value.col_offset)
                for key, value in zip(node.value.keys, node.value.values, strict=True)
                if isinstance(key, ast.Constant)
            }
    lines = text.splitlines()[: (first or 0) - 1]
    start = tree.body[0].end_lineno or 0  # the docstring
    kept = [line for line in lines[start:] if not line.startswith(("# ##", "from __future__"))]
    return "\n".join(kept).strip(), entries


def dedented(source: str, column: int) -> str:
    """Take from the lines after the first what they are indented by."""
    first, *rest = source.splitlines()
    indent = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return "\n".join([first, *(line[max(indent - 4, 0) :] if column else line for line in rest)])


# ## The pages


def kinks(module: Any, modes: list[str]) -> dict[str, Any]:
    """Return the derivatives at each point, in each mode that the library has."""
    asked = cases()["kinks"]
    return {
        name: {
            mode: answered(module.MODES[mode], program, *asked[name]["point"])
            for mode in module.MODES
            if mode in modes
        }
        for name, program in module.KINKS.items()
    }


def none(module: Any) -> dict[str, Any]:
    """Return the gradient of a weight of 1.5: a number, None or an error."""
    return {name: {"": answered(program)} for name, program in module.NONE.items()}


def steps(module: Any) -> dict[str, Any]:
    """Return how far each optimiser moves a weight of 1, at the last of several steps."""
    return {
        name: {
            kind: answered(lambda g=gradients, m=make: module.moves(m, g)[-1])
            for kind, gradients in GRADIENTS.items()
        }
        for name, make in module.OPTIMIZERS.items()
    }


def rows(module: Any) -> dict[str, Any]:
    """Return how far each optimiser moves three rows of an embedding, in each of two steps.

    Row 1 is looked up in the first step, row 0 in the second, and row 2 never.
    """
    return {name: {"": answered(program)} for name, program in module.ROWS.items()}


def mean(module: Any) -> dict[str, Any]:
    """Return the loss of each case, over the loss of one row."""
    return {name: {"": answered(program)} for name, program in module.MEAN.items()}


def numbers(module: Any) -> dict[str, Any]:
    """Return where numbers end in each type, as far as the library has what is asked."""
    found: dict[str, Any] = {}
    for name, dtype in module.TYPES.items():
        asked = {
            "softmax": ("softmax_gradients", lambda d=dtype: gaps(module, d)),
            "tanh": ("tanh", lambda d=dtype: first_from(module.tanh(GRID, d), 1)),
            "sigmoid": ("sigmoid", lambda d=dtype: first_from(module.sigmoid(GRID, d), 1)),
            "sigmoid-0": (
                "sigmoid",
                lambda d=dtype: first_from(module.sigmoid([-x for x in GRID], d), 0),
            ),
            "swallowed-down": ("step", lambda d=dtype: swallowed(module, d, 1.0)),
            "swallowed-up": ("step", lambda d=dtype: swallowed(module, d, -1.0)),
            "subnormal": (
                "step",
                lambda d=dtype, n=name: "kept" if module.step(0.0, *SUBNORMAL[n], d) else "lost",
            ),
        }
        found[name] = {
            kind: answered(program)
            for kind, (needed, program) in asked.items()
            if hasattr(module, needed)
        }
    return found


def gaps(module: Any, dtype: Any) -> Any:
    """Return from which whole gap on the gradient of either logit is 0; the right one comes first.

    The logits are (gap, 0) and the first class is right.
    """
    rows = module.softmax_gradients([float(gap) for gap in range(1000)], dtype)
    found = [next((gap for gap, row in enumerate(rows) if row[i] == 0), "never") for i in (0, 1)]
    return [*found]


def first_from(values: list[float], end: float) -> Any:
    """Return from which number of the grid on all values are the end."""
    at = len(values)
    while at and values[at - 1] == end:
        at -= 1
    return GRID[at] if at < len(values) else "never"


def swallowed(module: Any, dtype: Any, gradient: float) -> str:
    """Return the largest power of 2 that a weight of 1 swallows as a step."""
    for power in range(1, 80):
        if module.step(1.0, 2.0**-power, gradient, dtype) == 1:
            return f"2^-{power}"
    return "none"


PAGES = {"kinks": "KINKS", "none": "NONE", "steps": "OPTIMIZERS", "rows": "ROWS", "mean": "MEAN"}


def measured(library: str, modes: list[str], pages: list[str] | None = None) -> dict[str, Any]:
    """Run every program of a library."""
    name = module_of(library)
    module = import_module(f"elsewhere.programs.{name}")
    before, programs = sources(HERE / "programs" / f"{name}.py")
    answers: dict[str, Any] = {}
    for page, table in PAGES.items():
        if hasattr(module, table) and page in (pages or [page]):
            run = globals()[page]
            found = run(module, modes) if page == "kinks" else run(module)
            answers[page] = {
                case: {"program": programs[table][case], "answers": given}
                for case, given in found.items()
            }
            print(f"{library}: {page}", file=sys.stderr, flush=True)
    if hasattr(module, "TYPES") and "numbers" in (pages or ["numbers"]):
        answers["numbers"] = {
            dtype: {"program": programs["TYPES"][dtype], "answers": given}
            for dtype, given in numbers(module).items()
        }
        print(f"{library}: numbers", file=sys.stderr, flush=True)
    return {"before": before, "programs": fingerprint(name), "pages": answers}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    library, *options = sys.argv[1:]
    chosen = next((o.split("=")[1].split(",") for o in options if o.startswith("--modes=")), None)
    only = [option for option in options if not option.startswith("--")]
    every = ["reverse", "forward", "compiled"]
    print(json.dumps(measured(library, chosen or every, only or None)))
