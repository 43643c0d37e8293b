"""Collect every example of the project as a test: one plain ``pytest`` runs them all."""

import gc
import os
from pathlib import Path

from tests.examples import collect

# Gallery scripts draw while they are tested, where there may be no screen.
os.environ["MPLBACKEND"] = "agg"

pytest_plugins = ["pytester"]
pytest_collect_file = collect(Path(__file__).parent).pytest()


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a function by its name: an id with an address differs between parallel workers."""
    return getattr(val, "__name__", None) if callable(val) else None


def pytest_collection_finish() -> None:
    """Keep the collector from walking all tests whenever it runs: they stay until the end."""
    gc.collect()
    gc.freeze()
