"""Judge claims with an engine that a reader has changed, beside the one that draws the pictures."""

from __future__ import annotations

import doctest
import importlib
import re
import shutil
import sys
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp
from traceback import extract_tb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable
    from types import ModuleType
    from typing import Any

PACKAGE = "sgdexplained"
# In the page the package lies in an archive, so it is read as a resource and not as files.
HERE = files(PACKAGE)
ABSENT = "No module named 'numpy'"

# The engine that was changed last, so that many claims can be judged without making it anew.
_last: dict[str, Any] = {"key": None, "folder": None, "modules": {}}


class ChangeError(ValueError):
    """A change that cannot be made, or after which the engine cannot be loaded."""


def source(file: str) -> str:
    """Return the source of a module of the engine.

    Raises
    ------
    ChangeError
        If the package has no such module.

    Examples
    --------
    >>> "class Node" in source("node.py")
    True
    """
    sources = _sources()
    if file not in sources:
        raise ChangeError(f"there is no module {file!r}, but for example 'node.py'")
    return sources[file]


@cache
def _sources() -> dict[str, str]:
    """Read all modules of the engine; those of the pictures are not part of it."""

    def below(folder: Traversable, path: str) -> Iterator[tuple[str, str]]:
        for one in folder.iterdir():
            if one.is_dir() and one.name not in ("__pycache__", "live"):
                yield from below(one, f"{path}{one.name}/")
            elif one.name.endswith(".py"):
                yield path + one.name, one.read_text("utf-8")

    return dict(below(HERE, ""))


def changed(edits: list[dict[str, str]]) -> dict[str, str]:
    """Return the sources of the modules that some edits change.

    Parameters
    ----------
    edits : list of dict
        Each with ``file``, and with ``old`` (which stands there once) and ``new``, or with the
        whole ``text``.

    Raises
    ------
    ChangeError
        If a piece of text does not stand there exactly once.

    Examples
    --------
    >>> uphill = {"file": "sgd.py", "old": "data -= self.lr * gradient", "new": "data += gradient"}
    >>> "data += gradient" in changed([uphill])["sgd.py"]
    True
    """
    texts: dict[str, str] = {}
    for edit in edits:
        file = edit["file"]
        text = texts.get(file) or source(file)
        if "text" in edit:
            texts[file] = edit["text"]
            continue
        found = text.count(edit["old"])
        if found != 1:
            raise ChangeError(f"{file} has {found} times, expected once: {edit['old']!r}")
        texts[file] = text.replace(edit["old"], edit["new"])
    return texts


def answer(
    edits: list[dict[str, str]], claims: list[dict[str, str]], show: str = ""
) -> dict[str, Any]:
    r"""Judge claims under some edits of the engine.

    Parameters
    ----------
    edits : list of dict
        As :func:`changed` takes them; none for the engine as it is.
    claims : list of dict
        ``name`` and ``body`` of each, the body with its examples.
    show : str
        A module whose source is wanted.

    Returns
    -------
    dict
        ``verdicts``, for each claim its ``name``, a ``word`` (``holds``, ``falls``, ``breaks``, or
        ``absent`` if it needs what is not here), and what the first failing example ``asked``,
        ``expected`` and ``got``; ``error``, if the engine cannot be changed like this; ``source``
        of the module that is wanted, as changed.

    Examples
    --------
    >>> body = ">>> from sgdexplained import Scalar\n>>> (Scalar(2) * Scalar(3)).data\n6"
    >>> claims = [{"name": "T", "body": body}]
    >>> answer([], claims)["verdicts"][0]["word"]
    'holds'
    >>> edit = {"file": "node.py", "old": "out.data = x * y\n", "new": "out.data = x + y\n"}
    >>> verdict = answer([edit], claims)["verdicts"][0]
    >>> verdict["word"], verdict["expected"], verdict["got"]
    ('falls', '6', '5')
    """
    try:
        texts = changed(edits)
        with engine(texts):
            verdicts = [judge(claim["name"], claim["body"]) for claim in claims]
        shown = texts.get(show) or (source(show) if show else "")
    except ChangeError as error:
        return {"verdicts": [], "error": str(error), "source": ""}
    return {"verdicts": verdicts, "error": "", "source": shown}


@contextmanager
def engine(texts: dict[str, str]) -> Iterator[None]:
    """Put a changed copy of the package in the place of the package, for a while."""
    kept = {name: sys.modules.pop(name) for name in filter(_ours, list(sys.modules))}
    key = tuple(sorted(texts.items()))
    if _last["key"] != key:
        _forget()
        folder = Path(mkdtemp())
        for file, text in {**_sources(), **texts}.items():
            path = folder / PACKAGE / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        _last.update(key=key, folder=folder, modules={})
    sys.modules.update(_last["modules"])
    sys.path.insert(0, str(_last["folder"]))
    importlib.invalidate_caches()
    try:
        if not _last["modules"]:
            _load(texts)
        yield
    finally:
        sys.path.remove(str(_last["folder"]))
        _last["modules"] = {
            name: sys.modules.pop(name) for name in filter(_ours, list(sys.modules))
        }
        sys.modules.update(kept)


def _ours(name: str) -> bool:
    return name.partition(".")[0] == PACKAGE


def _forget() -> None:
    if _last["folder"]:
        shutil.rmtree(_last["folder"], ignore_errors=True)
    _last.update(key=None, folder=None, modules={})


def _load(texts: dict[str, str]) -> None:
    """Import what has been changed, so that a slip is told before any claim is judged."""
    for file, text in texts.items():
        name = ".".join([PACKAGE, *Path(file).with_suffix("").parts])
        try:
            _import(name.removesuffix(".__init__"))
        except Exception as error:
            # What NumPy is for is not here, and is not at fault.
            if ABSENT in str(error):
                continue
            _last["key"] = None
            raise ChangeError(_slip(file, text, error)) from error


def _import(name: str) -> ModuleType:
    return importlib.import_module(name)


def _slip(file: str, text: str, error: Exception) -> str:
    """Say in which line of the changed module an error is."""
    if isinstance(error, SyntaxError):
        number, said = error.lineno, error.msg
    else:
        frames = [f for f in extract_tb(error.__traceback__) if f.filename.endswith(file)]
        number, said = (frames[-1].lineno if frames else None), str(error)
    where = f"{file}, line {number}" if number else file
    lines = text.splitlines()
    line = f": {lines[number - 1].strip()}" if number and number <= len(lines) else ""
    kind = type(error).__name__
    return f"The engine does not run after this change. {kind} in {where}{line} ({said})"


# ## One claim


class _Runner(doctest.DocTestRunner):
    """Run examples until one fails, without a word, and keep what happened."""

    verdict: dict[str, str] | None = None

    def report_failure(self, out: Any, test: Any, example: Any, got: str) -> None:  # noqa: ARG002
        """Keep an output that is not the one expected."""
        self._keep("falls", example, got.strip())

    def report_unexpected_exception(
        self,
        out: Any,  # noqa: ARG002
        test: Any,  # noqa: ARG002
        example: Any,
        exc_info: Any,
    ) -> None:
        """Keep an exception: one that a check raises is an answer, any other a breakdown."""
        kind, error, _ = exc_info
        word = "falls" if issubclass(kind, AssertionError) else "breaks"
        got = f"{kind.__name__}: {error}".strip()
        self._keep("absent" if ABSENT in got else word, example, got)

    def _keep(self, word: str, example: Any, got: str) -> None:
        self.verdict = {
            "word": word,
            "asked": example.source.strip(),
            "expected": example.want.strip(),
            "got": got,
        }


def judge(name: str, body: str) -> dict[str, str]:
    """Run the examples of a claim with the engine that is in place."""
    unfenced = re.sub(r"^[ ]*(`{3,}|~{3,}).*$", "", body, flags=re.MULTILINE)
    examples = doctest.DocTestParser().get_examples(unfenced)
    runner = _Runner(verbose=False, optionflags=doctest.FAIL_FAST)
    test = doctest.DocTest(examples, {"__name__": "__main__"}, "claim", None, 0, None)
    runner.run(test, out=lambda _: None)
    verdict = runner.verdict or {"word": "holds", "asked": "", "expected": "", "got": ""}
    return {"name": name, **verdict}
