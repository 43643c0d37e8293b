"""A change of the package makes every page stale, and a warning comes back until it is mended."""

from pathlib import Path
from types import SimpleNamespace

import freshness
import pytest
from sphinx.testing.util import SphinxTestApp


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    sources = tmp_path / "src"
    sources.mkdir()
    (sources / "engine.py").write_text("x = 1", "utf-8")
    return sources


def test_the_fingerprint_sees_what_is_written_and_where(sources: Path) -> None:
    before = freshness.fingerprint(sources)
    (sources / "engine.py").rename(sources / "motor.py")
    renamed = freshness.fingerprint(sources)
    (sources / "motor.py").write_text("x = 2", "utf-8")
    rewritten = freshness.fingerprint(sources)

    assert len({before, renamed, rewritten}) == 3


def test_scripts_run_again_only_when_the_package_has_changed(sources: Path, tmp_path: Path) -> None:
    config = SimpleNamespace(engine_sources="src", story_folder="story")
    app = SimpleNamespace(confdir=tmp_path, srcdir=tmp_path, config=config)
    record = tmp_path / "story" / "part" / "plot_1.py.md5"
    record.parent.mkdir(parents=True)

    record.touch()
    freshness.forget_another_engine(app, config)
    assert not record.exists()

    record.touch()
    freshness.forget_another_engine(app, config)
    assert record.exists()

    (sources / "engine.py").write_text("x = 2", "utf-8")
    freshness.forget_another_engine(app, config)
    assert not record.exists()


@pytest.mark.parametrize("ran", [True, False])
def test_processes_for_scripts_start_only_where_none_has_run(tmp_path: Path, ran: bool) -> None:
    config = SimpleNamespace(story_folder="story", sphinx_gallery_conf={"parallel": 2})
    app = SimpleNamespace(srcdir=tmp_path, config=config)
    record = tmp_path / "story" / "part" / "plot_1.py.md5"
    record.parent.mkdir(parents=True)
    if ran:
        record.touch()

    freshness.run_few_alone(app)

    assert config.sphinx_gallery_conf["parallel"] == (False if ran else 2)


def test_a_script_that_failed_runs_again_even_when_it_is_as_it_was(tmp_path: Path) -> None:
    conf = {"failing_examples": {"/gallery/part/plot_1.py": "a traceback"}}
    config = SimpleNamespace(story_folder="story", sphinx_gallery_conf=conf)
    app = SimpleNamespace(srcdir=tmp_path, config=config, _warncount=0)
    failed, passed = (tmp_path / "story" / f"plot_{number}.py.md5" for number in (1, 2))
    failed.parent.mkdir()
    failed.touch()
    passed.touch()

    freshness.forget_problems(app, None)

    assert not failed.exists()
    assert passed.exists()


def test_a_warning_comes_back_until_it_is_mended(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text(
        'extensions = ["freshness"]\nsphinx_gallery_conf = {}\n'
        "def setup(app):\n    app.add_config_value('sphinx_gallery_conf', {}, '')\n",
        "utf-8",
    )
    page = tmp_path / "index.rst"

    warnings = []
    for text in ["Title\n====\n", None, "Title\n=====\n", None]:
        if text:
            page.write_text(text, "utf-8")
        app = SphinxTestApp(srcdir=tmp_path)
        app.build()
        warnings.append(app.warning.getvalue().count("WARNING: Title underline too short"))
        app.cleanup()

    assert warnings == [1, 1, 0, 0]
