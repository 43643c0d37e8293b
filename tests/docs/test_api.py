"""The reference has every public name, in reading order, and is rewritten only where it changes."""

from pathlib import Path
from types import SimpleNamespace

import api
import pytest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Lay out a package with a name of each kind; each test has its own."""
    name = f"package_{tmp_path.name}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "second.py").write_text(
        '"""The second module.\n\nMore."""\nclass Thing: ...\nclass Wrong(Exception): ...\n',
        "utf-8",
    )
    (folder / "first.py").write_text('def act(): ...\nSIZE = 2\n"""How large."""\n', "utf-8")
    (folder / "__init__.py").write_text(
        f"from {name}.first import SIZE, act\nfrom {name}.second import Thing, Wrong\n"
        "LIMIT = 3\n__all__ = ['Thing', 'act', 'LIMIT', 'Wrong', 'SIZE']\n",
        "utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_each_module_has_a_page_in_the_order_of_the_names(package: str) -> None:
    pages = api.describe([package])

    assert list(pages) == ["index", f"{package}.second", f"{package}.first", package]
    second = pages[f"{package}.second"]
    assert "\nThe second module.\n" in second
    assert second.index(".. autoclass:: Thing") < second.index(".. autoexception:: Wrong")
    assert f".. story-pages-that-use:: {package}.Thing {package}.Wrong\n" in second
    assert ".. autofunction:: act" in pages[f"{package}.first"]
    assert ".. py:data:: LIMIT\n   :value: 3\n" in pages[package]
    assert ".. py:data:: SIZE\n   :value: 2\n\n   How large.\n" in pages[package]


def test_the_index_has_one_line_for_each_name(package: str, tmp_path: Path) -> None:
    module = tmp_path / package / "second.py"
    module.write_text(
        module.read_text("utf-8").replace(
            "Thing: ...", 'Thing:\n    """A thing,\n    and\n    more.\n\n    Not this."""'
        ),
        "utf-8",
    )

    index = api.describe([package])["index"]

    assert f":py:obj:`Thing <{package}.Thing>`\n   A thing, and more.\n" in index
    assert f":py:obj:`SIZE <{package}.SIZE>`\n   How large.\n" in index
    assert f":py:obj:`LIMIT <{package}.LIMIT>`\n   3\n" in index
    assert "\nsecond\n------\n\nThe second module.\n" in index
    assert "Not this" not in index


def test_only_what_changes_is_written(package: str, tmp_path: Path) -> None:
    config = SimpleNamespace(api_folder="api", api_packages=[package])
    app = SimpleNamespace(srcdir=tmp_path, config=config)
    api.write_pages(app)
    kept, stale = tmp_path / "api" / f"{package}.first.rst", tmp_path / "api" / "gone.rst"
    stale.touch()
    before = kept.stat().st_mtime_ns

    api.write_pages(app)

    assert kept.stat().st_mtime_ns == before
    assert not stale.exists()


def test_a_name_belongs_to_the_first_package_that_has_it(package: str, tmp_path: Path) -> None:
    inner = tmp_path / package / "inner"
    inner.mkdir()
    (inner / "__init__.py").write_text(
        f"from {package}.first import act, more\n__all__ = ['act', 'more']\n", "utf-8"
    )
    with (tmp_path / package / "first.py").open("a", encoding="utf-8") as file:
        file.write("def more(): ...\n")

    pages = api.describe([package, f"{package}.inner"])

    first = pages[f"{package}.first"]
    assert first.count(".. autofunction:: act") == 1
    assert f".. currentmodule:: {package}.inner\n\n.. autofunction:: more" in first
    assert f".. story-pages-that-use:: {package}.act {package}.inner.more\n" in first


def test_what_is_inherited_from_the_core_is_not_shown_again(package: str, tmp_path: Path) -> None:
    inner = tmp_path / package / "inner"
    inner.mkdir()
    (inner / "__init__.py").write_text(
        f"from {package}.inner.own import Special\n__all__ = ['Special']\n", "utf-8"
    )
    (inner / "own.py").write_text(
        f"from {package}.second import Thing\nclass Special(Thing): ...\n", "utf-8"
    )

    pages = api.describe([package, f"{package}.inner"])

    thing = pages[f"{package}.second"]
    assert "Thing\n   :members:\n   :inherited-members: tuple, Sequence\n" in thing
    special = pages[f"{package}.inner.own"]
    assert "Special\n   :members:\n   :show-inheritance:\n" in special
    assert "inherited-members" not in special
