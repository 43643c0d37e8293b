"""Record what the programs of the how-to print, and why each weight of theirs moves or stays.

The site is built without PyTorch, so it shows what is recorded. ``python -m tests.torch.howto``
records anew; ``test_howto.py`` compares.
"""

from __future__ import annotations

import contextlib
import io
import json
import runpy
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parents[2] / "docs" / "howto" / "programs"
NAMES = ("cnn", "transformer")


def run(name: str) -> tuple[str, dict[str, Any]]:
    """Return what a program prints, and the reasons that its figure is drawn from."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        report = runpy.run_path(str(PROGRAMS / f"{name}.py"))["report"]
    codes = [
        (one.name, one.shape, one.reason.tolist() if hasattr(one.reason, "tolist") else one.reason)
        for one in report.parameters
    ]
    data = {"words": list(report.words), "said": dict(report.said), "parameters": codes}
    return printed.getvalue(), json.loads(json.dumps(data))


def main() -> None:
    for name in NAMES:
        printed, data = run(name)
        (PROGRAMS / f"{name}.txt").write_text(printed, "utf-8")
        text = json.dumps(data, separators=(",", ":"))
        (PROGRAMS / f"{name}.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
