"""Run every page again when the package has changed, however little of a page has.

Sphinx reads a page again when its text changes, and sphinx-gallery runs a script again when the
script changes. What both show is computed by the package, so a change there makes all of it stale.

Nor do they remember what went wrong: Sphinx does not repeat a warning about a page that it need not
read again, and when a script that failed is changed back to what it was, sphinx-gallery keeps the
page of the failure. So what went wrong is forgotten, and tried again.
"""

import hashlib
from pathlib import Path
from typing import Any

from sphinx.application import ENV_PICKLE_FILENAME, Sphinx
from sphinx.config import Config


def fingerprint(sources: Path) -> str:
    """Condense the package's source, file names included, into one short word."""
    digest = hashlib.sha256()
    for path in sorted(sources.rglob("*.py")):
        digest.update(path.relative_to(sources).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def forget_runs(app: Sphinx, scripts: str) -> None:
    """Let sphinx-gallery forget that it has run the scripts whose names match a pattern."""
    for record in Path(app.srcdir, app.config.story_folder).rglob(f"{scripts}.md5"):
        record.unlink()


def forget_another_engine(app: Sphinx, config: Config) -> None:
    """Forget all runs if it was another version of the package that computed them."""
    config.engine_fingerprint = fingerprint(Path(app.confdir, config.engine_sources).resolve())
    stamp = Path(app.srcdir, config.story_folder, "engine.txt")
    if stamp.exists() and stamp.read_text("utf-8") == config.engine_fingerprint:
        return
    forget_runs(app, "*")
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(config.engine_fingerprint, "utf-8")


def run_few_alone(app: Sphinx) -> None:
    """Start processes for the scripts only where none has run: to start them takes seconds."""
    if any(Path(app.srcdir, app.config.story_folder).rglob("*.md5")):
        app.config.sphinx_gallery_conf["parallel"] = False


def forget_problems(app: Sphinx, _: Exception | None) -> None:
    """Forget the runs that failed, and a build that warned, as Sphinx does one that broke off."""
    for script in app.config.sphinx_gallery_conf.get("failing_examples", {}):
        forget_runs(app, Path(script).name)
    if app._warncount:  # noqa: SLF001 (it is said nowhere else)
        Path(app.doctreedir, ENV_PICKLE_FILENAME).unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the package's fingerprint a setting on which every page depends."""
    app.add_config_value("engine_sources", "../src", "")
    app.add_config_value("engine_fingerprint", "", "env")
    app.add_config_value("story_folder", "story", "")
    app.connect("config-inited", forget_another_engine)
    # Before sphinx-gallery runs the scripts.
    app.connect("builder-inited", run_few_alone, priority=100)
    # Before sphinx-gallery, which ends the build when a script has failed.
    app.connect("build-finished", forget_problems, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
