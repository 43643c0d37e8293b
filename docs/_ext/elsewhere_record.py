"""What other libraries answered, read from the record, and how an answer is said in words."""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

TOP = Path(__file__).resolve().parents[2]
if str(TOP) not in sys.path:
    sys.path.append(str(TOP))

from elsewhere.measure import fingerprint, module_of  # noqa: E402 (the folder is known now)

PROGRAMS = TOP / "elsewhere"
# In which case of the record this package itself answers.
OURS = "sgdexplained"

MODES = {"reverse": "reverse", "forward": "forward mode", "compiled": "compiled"}


class Place(NamedTuple):
    """A case: the page and the name under which it stands there."""

    page: str
    case: str


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the records of all libraries that have one, in the order of libraries.toml."""
    order = list(tomllib.loads((PROGRAMS / "libraries.toml").read_text("utf-8")))
    found = {path.stem: path for path in folder.glob("*.json")}
    if unknown := sorted(set(found) - set(order)):
        message = f"no library in elsewhere/libraries.toml for the records {', '.join(unknown)}"
        raise ValueError(message)
    return {name: json.loads(found[name].read_text("utf-8")) for name in order if name in found}


def cases() -> dict[str, dict[str, Any]]:
    """Return what is asked, page by page."""
    return tomllib.loads((PROGRAMS / "cases.toml").read_text("utf-8"))


def asks() -> dict[str, dict[str, Any]]:
    """Return what the cases ask in words, page by page, and what some answers mean."""
    return tomllib.loads((PROGRAMS / "asks.toml").read_text("utf-8"))


def stale(record: dict[str, Any]) -> bool:
    """Tell whether the programs of a library have changed since they were run."""
    return record["programs"] != fingerprint(module_of(record["library"]))


def program(page: str, source: str, point: list[Any]) -> str:
    """Write an entry of a table as the call that gave its answer."""
    if page == "kinks":
        return f"slopes({source}, {', '.join(map(repr, point))})"
    if page == "steps":
        return f"moves({source}, gradients)"
    for start in ("lambda: ", "() => "):
        if source.startswith(start):
            return source.removeprefix(start).strip()
    return f"{source}()"


# ## Words


def number(value: float) -> str:
    """Write a number with a true minus sign, and without digits that say nothing."""
    if isinstance(value, str):
        return {"nan": "NaN", "inf": "∞", "-inf": "−∞"}.get(value, value)
    if value and abs(value) < 1e-4:
        digits, _, power = f"{value:.2e}".partition("e")
        return f"{digits.rstrip('0').rstrip('.')}e{int(power)}".replace("-", "−")
    digits = 4 if abs(value) >= 1 else 3
    return f"{value:.{digits}g}".replace("-", "−")


def said(answer: Any, case: dict[str, Any] | None = None) -> str:
    """Write an answer in words; of a mean, what it divides by."""
    if answer is None:
        return "None"
    if isinstance(answer, dict):
        return f"error: {answer['error']}"
    if case and (means := case.get("means", {}).get(str(answer).removesuffix(".0"))):
        return f"{number(answer)} ({means})"
    if case and "divisors" in case and isinstance(answer, int | float) and answer:
        divisor = case["sum"] / answer
        words = case["divisors"].get(f"{divisor:g}")
        words = asks()["divisors"].get(words, words)
        return f"{words} ({divisor:g})" if words else f"÷ {divisor:.4g}"
    if isinstance(answer, list):
        return ", ".join(number(part) for part in answer)
    return number(answer)


def main_answer(answers: dict[str, Any]) -> Any:
    """Return the answer that stands for all: that of reverse mode, run line by line."""
    return answers.get("reverse", answers.get(""))


def other_modes(answers: dict[str, Any], case: dict[str, Any] | None = None) -> str:
    """Say where another mode gives another answer."""
    main = said(main_answer(answers), case)
    return "; ".join(
        f"{MODES[mode]}: {said(answer, case)}"
        for mode, answer in answers.items()
        if mode not in ("reverse", "") and said(answer, case) != main
    )


def grouped(
    records: dict[str, dict[str, Any]], place: Place, case: dict[str, Any]
) -> dict[str, list[str]]:
    """Return the libraries by what they answer, the answer of most of them first."""
    groups: dict[str, list[str]] = {}
    for name, record in records.items():
        entry = record["pages"].get(place.page, {}).get(place.case)
        if entry:
            groups.setdefault(said(main_answer(entry["answers"]), case), []).append(name)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def together(names: list[str], records: dict[str, dict[str, Any]]) -> list[str]:
    """Name libraries; where Keras answers alike on all its backends, only Keras."""
    backends = [name for name in records if module_of(name) == "keras"]
    if backends and set(backends) <= set(names):
        names = [name for name in names if name not in backends[1:]]
        return ["Keras" if name == backends[0] else records[name]["name"] for name in names]
    return [records[name]["name"] for name in names]


def listed(names: list[str], most: int = 99) -> str:
    """Write names as a sentence has them, and only how many there are beyond the first few."""
    if len(names) > most + 1:
        names = [*names[:most], f"{len(names) - most} others"]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
