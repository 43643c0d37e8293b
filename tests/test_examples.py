"""No example anywhere is passed over, and none can be wrong without a test that fails.

A plain pytest runs them all, but for those of PyTorch: these stand in blocks of their own, which
the parity session runs.
"""

import os
import re
import subprocess
import sys
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path

import pytest

from .examples import peer_blocks, torch_blocks

ROOT = Path(__file__).parent.parent
PLACES = ["src", "docs", "gallery"]
GENERATED = {"api", "node_modules", "story"}


def written_files() -> list[Path]:
    """List the files in which a reader may meet an example."""
    below = [path for place in PLACES for path in (ROOT / place).rglob("*")]
    return [*ROOT.glob("*.md")] + [
        path
        for path in below
        if path.suffix in {".md", ".py", ".rst"} and not GENERATED & {*path.relative_to(ROOT).parts}
    ]


def lines_that_match(pattern: str) -> set[tuple[str, int]]:
    """Find lines by their look alone, whatever stands around them."""
    return {
        (path.relative_to(ROOT).as_posix(), number)
        for path in written_files()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if re.search(pattern, line)
    }


def lines_with_torch() -> set[tuple[str, int]]:
    """Find the blocks of the gallery that the parity session runs."""
    return {
        (path.relative_to(ROOT).as_posix(), line)
        for path in (ROOT / "gallery").rglob("plot_*.py")
        for line, code in peer_blocks(path.read_text("utf-8"))
        if re.search("^import torch$", code, re.MULTILINE)
    }


@pytest.fixture(scope="module")
def collected() -> set[tuple[str, int]]:
    """Ask a plain pytest for the file and line of each example that it would run."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *PLACES, "README.md"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    examples = re.findall(r"^(.+)::sybil:\w+,line:(\d+),", answer.stdout, re.MULTILINE)
    return {(path, int(line)) for path, line in examples}


def test_every_prompt_is_run(collected: set[tuple[str, int]]) -> None:
    prompts = lines_that_match(r"^\W*>>> \S")
    if not find_spec("torch"):  # the parity session runs those
        prompts = {one for one in prompts if not one[0].startswith("src/sgdexplained/pytorch/")}

    assert prompts
    assert prompts - collected == set()


def test_every_notebook_cell_is_run(collected: set[tuple[str, int]]) -> None:
    cells = lines_that_match(r"^\W*\{code-cell\}")

    assert cells - collected == set()


def test_every_page_and_script_of_a_kind_is_run(collected: set[tuple[str, int]]) -> None:
    scripts = {path.relative_to(ROOT).as_posix() for path in (ROOT / "gallery").rglob("plot_*.py")}

    assert scripts <= {path for path, _ in collected}


@pytest.mark.parametrize(
    "pattern",
    [
        # Sybil reads only what is marked exactly `python`; the others would look just as good.
        r"^\W*(```|~~~|:::)\s*\{?(doctest|ipython3?|py|pycon|python3|testcode)\b",
        r"^\W*(```|~~~|:::)\s*python\W*\S",
        # In an indented fence it loses count of the lines.
        r"^\s+(```|~~~)\s*python",
        r"^\W*\{code-cell\}(?! python$)",
        r"\.\. (code-block|code|sourcecode)::\s*(doctest|ipython|py|$)",
        r"\.\. (doctest|testcode)::",
        r"doctest:\s*\+\s*SKIP",
        r"^\W*In \[\d+\]:",
    ],
)
def test_nothing_is_written_in_a_way_that_is_not_run(pattern: str) -> None:
    assert lines_that_match(pattern) - lines_with_torch() == set()


def test_every_block_of_torch_on_a_page_is_found() -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), line)
        for path in written_files()
        if path.suffix == ".md"
        for line, code in torch_blocks(path.read_text("utf-8"))
        if re.search("^import torch$", code, re.MULTILINE)
    }

    assert found
    assert lines_that_match(r"^\W*\{torch\}") == found


def test_a_block_ends_where_its_fence_does() -> None:
    page = "# A page\n\n```{torch}\nimport torch\n\nassert 1\n```\n\n```python\n>>> 1\n1\n```\n"

    assert torch_blocks(page) == [(3, "import torch\n\nassert 1\n")]
    assert torch_blocks(page.replace("{torch}", "torch")) == []


def test_a_block_ends_where_its_indentation_does() -> None:
    prose = (
        "# Prose.\n#\n# .. code-block:: python\n#\n#    import torch\n#\n"
        "#    for one in [1]:\n#        assert one\n#\n# More.\n\nimport numpy\n"
    )

    assert peer_blocks(prose) == [(3, "import torch\n\nfor one in [1]:\n    assert one\n")]
    assert peer_blocks("# .. code-block:: text\n#\n#    import torch\n") == []


PLANTED = {
    "src/planted.py": '''\
        """A module.

        >>> TWO + 1
        3
        >>> TWO + 2
        5
        >>> kept = 1
        """

        TWO = 2


        def double(number):
            r"""Double a number.

            >>> kept
            1
            >>> double(TWO)
            4
            """
            return 2 * number
        ''',
    "README.md": """\
        # A project

        ```python
        >>> 1 + 1
        3
        >>> 1 + 2
        3
        ```
        """,
    "docs/folder/page.md": """\
        # A page

        ```{code-cell} python
        :tags: [hide-input]

        two = 2
        ```

        ```python
        >>> two
        2
        >>> two + two
        5
        ```

        ```{code-cell} python
        assert two == 3
        ```
        """,
    "gallery/part/plot_1.py": '''\
        r"""
        A script
        ========

        >>> 1 + 1
        3
        """

        two = 2

        # %%
        # Prose.
        #
        # >>> two
        # 2
        # >>> two + two
        # 5

        import matplotlib.pyplot as plt

        plt.figure()
        assert plt.get_fignums() == [2]

        # %%
        # >>> plt.get_fignums()
        # [1]
        ''',
}

WRONG = {
    "src/planted.py": {5, 16},
    "README.md": {4},
    "docs/folder/page.md": {12, 16},
    "gallery/part/plot_1.py": {5, 16, 18},
}


def test_a_wrong_example_fails_wherever_it_stands(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeconftest(
        "from pathlib import Path\n"
        "from tests.examples import collect\n"
        "pytest_collect_file = collect(Path(__file__).parent).pytest()\n"
    )
    for name, text in PLANTED.items():
        path = pytester.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(re.sub("^ {8}", "", text, flags=re.MULTILINE), "utf-8")
    places = [str(pytester.path / "src"), str(Path(__file__).parents[1])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(places))

    # In a process of its own: pytester would unload what NumPy may load only once.
    result = pytester.runpytest_subprocess("-p", "no:doctest", "-rf", *PLACES, "README.md")

    failed: defaultdict[str, set[int]] = defaultdict(set)
    for line in result.outlines:
        if match := re.match(r"FAILED (.+)::sybil:\w+,line:(\d+),", line):
            failed[match[1]].add(int(match[2]))
    assert failed == WRONG
    assert result.parseoutcomes()["passed"] == 9
