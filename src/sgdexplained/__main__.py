"""Run a training script, and say which parameters its first optimizer step did not move, and why.

``python -m sgdexplained train.py --epochs 3`` runs ``train.py`` with its own arguments, as
``python train.py --epochs 3`` would. After the first ``optimizer.step()`` (or the one that
``--step`` names) the explanation is written to the standard error stream. The script is not
changed: what it prints, its errors and its exit status are its own. It goes on after the step, at
its usual speed.

Gradients are explained as far as PyTorch tells them; a fused operation (an LSTM, attention) is left
as it is, so that the script computes the same numbers as without, and named where no reason is
known. :func:`sgdexplained.explain` takes such operations apart.
"""

from __future__ import annotations

import argparse
import builtins
import io
import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder
from itertools import pairwise
from pathlib import Path
from traceback import FrameSummary, StackSummary, TracebackException
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from typing import Any

    from sgdexplained.pytorch.command import Following

DESCRIPTION = (
    "Run a PyTorch training script and say which parameters a step does not move, and why."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script that the arguments name; return the exit status.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the command line if not given.

    Examples
    --------
    >>> main(["nowhere.py"])
    2
    """
    options = _options(arguments)
    script = Path(options.script).absolute()
    try:
        with io.open_code(str(script)) as file:
            source = file.read()
    except OSError as error:
        _say(f"cannot read {options.script!r}: {error.strerror}")
        return 2
    if options.step is None and (number := _behind(options.arguments)):
        _say(
            f"--step {number} stands behind {options.script}, so it went to the script, and step 1 "
            f"is explained. To explain step {number}: "
            f"python -m sgdexplained --step {number} {options.script}"
        )
    follower = Follower(options.step or 1)
    sys.meta_path.insert(0, follower)
    if "torch" in sys.modules:  # some tools import it at the start of Python
        follower.begin()
    status = 1
    try:
        status = _run(script, source, [options.script, *options.arguments])
    finally:
        sys.meta_path.remove(follower)
        report = follower.end()
        if report:
            sys.stdout.flush()
            _say(report)
    return status


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sgdexplained",
        description=DESCRIPTION,
        epilog="The explanation goes to the standard error stream; all else is the script's own.",
    )
    parser.add_argument(
        "--step",
        type=_counted,
        metavar="N",
        help="explain the Nth call of optimizer.step(), whichever optimizer it is (default: 1); "
        "it stands before the script, since all that stands behind it is the script's",
    )
    parser.add_argument("script", help="a Python script that trains something with PyTorch")
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="arguments of the script", metavar="..."
    )
    return parser.parse_args(arguments)


def _behind(arguments: Sequence[str]) -> int:
    """Return the number of a ``--step`` among the arguments of the script; 0 if there is none.

    It is the script's, which may have such an option of its own; most often it was meant for us.

    Examples
    --------
    >>> _behind(["--step", "3"]), _behind(["--lr", "1", "--step=2"]), _behind(["--step", "fast"])
    (3, 2, 0)
    """
    words = " ".join(arguments).replace("--step=", "--step ").split()
    texts = [after for word, after in pairwise(words) if word == "--step"]
    return next((int(text) for text in texts if text.isdecimal()), 0)


def _counted(text: str) -> int:
    """Return a number from 1.

    Examples
    --------
    >>> _counted("2")
    2
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no step, expected 1, 2, 3, ...")
    return int(text)


def _say(text: str) -> None:
    sys.stderr.write(f"sgdexplained: {text}\n")
    sys.stderr.flush()


# ## The script


def _run(script: Path, source: bytes, arguments: list[str]) -> int:
    """Run a script as Python itself would; return its exit status."""
    sys.argv = arguments
    sys.path[0] = str(script.resolve().parent)
    module = ModuleType("__main__")
    vars(module).update(__file__=str(script), __builtins__=builtins)
    sys.modules["__main__"] = module
    try:
        exec(compile(source, str(script), "exec"), vars(module))
    except SystemExit as leaving:
        return _status(leaving.code)
    except BaseException as error:  # noqa: BLE001 (it is the script's own, and shown as that)
        _show(error, str(script))
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _status(code: Any) -> int:
    """Return what `sys.exit` does with what it is given.

    Examples
    --------
    >>> _status(None), _status(3)
    (0, 3)
    """
    if code is None:
        return 0
    if isinstance(code, int):
        return code
    sys.stderr.write(f"{code}\n")
    return 1


def _show(error: BaseException, script: str) -> None:
    """Print the error as Python does: from the script's first line on, without ours."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != script:
        trace = trace.tb_next
    error = error.with_traceback(trace)
    if sys.excepthook is not sys.__excepthook__:
        sys.excepthook(type(error), error, trace)
        return
    told: TracebackException | None = TracebackException.from_exception(error)
    todo = [told]
    for one in todo:
        if one is not None:
            one.stack = StackSummary.from_list(_without_ours(one.stack))
            todo += [one.__cause__, one.__context__]
    if told is not None:
        sys.stderr.write("".join(told.format()))


def _without_ours(stack: StackSummary) -> list[FrameSummary]:
    """Leave out lines that are only there because calls are recorded."""
    home, passed = str(Path(__file__).parent), f"{os.sep}torch{os.sep}overrides.py"
    ours = [frame.filename.startswith(home) or frame.filename.endswith(passed) for frame in stack]
    # A function of PyTorch that asks for such a record is called anew afterwards.
    asks = [
        ahead and not mine and f"{os.sep}torch{os.sep}" in frame.filename
        for frame, mine, ahead in zip(stack, ours, [*ours[1:], False], strict=False)
    ]
    return [
        frame for frame, mine, ask in zip(stack, ours, asks, strict=True) if not mine and not ask
    ]


# ## PyTorch, when the script imports it


class Follower(MetaPathFinder):
    """Begins to follow PyTorch as soon as it is imported; a script without it goes its own way."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.following: Following | None = None
        self.problem = ""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find PyTorch as usual, and have :meth:`begin` called when it is there."""
        if name != "torch":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Then(spec.loader, self.begin)
        return spec

    def begin(self) -> None:
        """Follow what is computed."""
        from sgdexplained.pytorch.command import Following

        self.following = Following(self.step)
        self.following.begin()

    def end(self) -> str:
        """Stop; return what is left to say."""
        if self.following is None:
            return "the script has not used PyTorch, so no step was explained"
        return self.following.end()


class _Then(Loader):
    """Loads a module as its own loader does, and does one thing more."""

    def __init__(self, loader: Any, then: Callable[[], None]) -> None:
        self.loader, self.then = loader, then

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self.loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        module.__loader__ = self.loader
        self.loader.exec_module(module)
        self.then()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)


if __name__ == "__main__":
    sys.exit(main())
