"""Collect every example of the project as a test: one plain ``pytest`` runs them all."""

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.examples import collect

# Gallery scripts draw while they are tested, where there may be no screen.
os.environ["MPLBACKEND"] = "agg"

pytest_plugins = ["pytester"]
pytest_collect_file = collect(Path(__file__).parent).pytest()


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a function by its name: an id with an address differs between parallel workers."""
    return getattr(val, "__name__", None) if callable(val) else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the collector of garbage leave all tests alone, now and later: they stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()
