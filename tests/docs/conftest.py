"""Many small sites are built here; what is the same for all of them is worked out once."""

import functools
import importlib.metadata
import logging
from collections.abc import Iterator

import jinja2
import pytest
from jinja2.bccache import Bucket
from sphinx.jinja2glue import BuiltinTemplateLoader

# Each looks through all installed packages for its plugins, several times in each build.
LOOK_FOR_PLUGINS = (
    *("pybtex.plugin", "sphinxcontrib.bibtex.plugin"),
    *("sphinx.registry", "sphinx.theming"),
)


class CompiledTemplates(jinja2.BytecodeCache):
    """Templates of the theme, kept for the next site; Jinja2 asks for them by their source."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self.kept.get((bucket.key, bucket.checksum)):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


@pytest.fixture(scope="package", autouse=True)
def shared_work() -> Iterator[None]:
    """Look for plugins and compile templates once, and write no notes that nobody reads."""
    templates, start = CompiledTemplates(), BuiltinTemplateLoader.init

    def init(self: BuiltinTemplateLoader, *arguments: object, **options: object) -> None:
        start(self, *arguments, **options)
        self.environment.bytecode_cache = templates

    with pytest.MonkeyPatch.context() as patch:
        once = functools.cache(importlib.metadata.entry_points)
        for module in LOOK_FOR_PLUGINS:
            patch.setattr(f"{module}.entry_points", once, raising=False)
        patch.setattr(BuiltinTemplateLoader, "init", init)
        logging.disable(logging.DEBUG)
        yield
        logging.disable(logging.NOTSET)
