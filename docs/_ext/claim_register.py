"""What is registered about claims: which the site must show, and which changes may refute them."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

VERDICTS = ("holds", "holds when", "false as stated")


class DoesNotApplyError(Exception):
    """A deliberate change does not find the line that it wants to change."""


@dataclass(frozen=True)
class Entry:
    """A claim that the site must show: on which page of the story, and with which verdict."""

    name: str
    page: int
    verdict: str
    suggested: tuple[str, ...]


@dataclass(frozen=True)
class Edit:
    """A piece of a module that stands there once, and what to put in its place."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Change:
    """A small deliberate change of the engine, and words that complete "false if"."""

    name: str
    words: str
    edits: tuple[Edit, ...]

    def apply(self, package: Path) -> None:
        """Change the package that lies in a folder."""
        for edit in self.edits:
            path = package / edit.file
            text = path.read_text("utf-8") if path.exists() else ""
            found = text.count(edit.old)
            if found != 1:
                message = f"{self.name}: {edit.file} has {found} times, expected once: {edit.old!r}"
                raise DoesNotApplyError(message)
            path.write_text(text.replace(edit.old, edit.new), "utf-8")


def read_claims(path: Path) -> dict[str, Entry]:
    """Read the register of claims, in the order in which they are listed."""
    entries = {}
    for name, fields in tomllib.loads(path.read_text("utf-8")).items():
        entry = Entry(name, fields["page"], fields["verdict"], tuple(fields["suggested"]))
        if entry.verdict not in VERDICTS:
            message = f"{path.name}: the verdict of {name} is {entry.verdict!r}"
            raise ValueError(message)
        entries[name] = entry
    return entries


def read_changes(path: Path) -> dict[str, Change]:
    """Read the register of deliberate changes."""
    return {
        name: Change(name, fields["words"], tuple(Edit(**edit) for edit in fields["edits"]))
        for name, fields in tomllib.loads(path.read_text("utf-8")).items()
    }
