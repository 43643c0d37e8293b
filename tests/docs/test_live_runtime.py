"""Python for the page: what the build makes of Pyodide's scripts."""

from pathlib import Path

import live_runtime
import pytest

LOADER = "var a = 1;\nexport{a as loadPyodide,b as version};\n//# sourceMappingURL=x.map\n"
COMPILED = "function f() {}export default f;\n"


def test_scripts_become_one_module_without_exports() -> None:
    text = live_runtime.bundle(LOADER, COMPILED, "work();")

    assert text == (
        "const loadPyodide = (() => {\nvar a = 1;\nreturn a;\n})();\n"
        "const createPyodideModule = (() => {\nfunction f() {}\nreturn f;\n})();\nwork();"
    )


@pytest.mark.parametrize(
    ("loader", "compiled"), [("export{a as other};", COMPILED), (LOADER, "export {f};")]
)
def test_other_exports_are_told(loader: str, compiled: str) -> None:
    with pytest.raises(live_runtime.RuntimeMissingError, match="export something else"):
        live_runtime.bundle(loader, compiled, "")


def test_a_missing_pyodide_is_told(tmp_path: Path) -> None:
    with pytest.raises(live_runtime.RuntimeMissingError, match="npm ci --prefix docs"):
        live_runtime.pyodide(tmp_path)


def test_a_missing_node_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(live_runtime.RuntimeMissingError, match="node is missing"):
        live_runtime.library(tmp_path, tmp_path / "package.whl")
