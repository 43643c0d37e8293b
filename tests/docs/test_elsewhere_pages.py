"""Pages and lines made from the record of other libraries say what it says, and no more."""

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import elsewhere_record as record
import pytest
from elsewhere_pages import FOLDER, day, in_one_line, sentence
from sphinx.testing.util import SphinxTestApp

CONF = 'extensions = ["myst_parser", "elsewhere_pages"]\nmyst_enable_extensions = ["colon_fence"]\n'


def entry(**answers: Any) -> dict[str, Any]:
    """Return a program with its answers."""
    return {"program": "lambda x: x", "answers": answers}


def answers_of(library: str, name: str, **relu: Any) -> dict[str, Any]:
    """Return the record of a library that has one kink, one gradient, one step and one type."""
    return {
        "library": library,
        "name": name,
        "versions": {library: "1.0"},
        "date": "2026-11-28",
        "language": "Python 3.11.7",
        "machine": "Linux x86_64",
        "before": "def slopes(function, x):\n    pass\n\n\ndef softmax_gradients(gaps):\n    pass",
        "programs": record.fingerprint(record.module_of(library)),
        "pages": {
            "kinks": {"relu-at-0": entry(**relu)},
            "none": {"unused": entry(**{"": None})},
            "steps": {"Adam": entry(zero=0.0, one=-0.0999994)},
            "rows": {
                "Adam": entry(**{"": [[0.0, -0.1, 0.0], [-0.1, -0.067, 0.0]]}),
                "AdamW": entry(**{"": [[-0.001, -0.1, -0.001], [-0.1, -0.068, -0.001]]}),
                "Adam, sparse": entry(**{"": [[0.0, -0.1, 0.0], [-0.1, 0.0, 0.0]]}),
                "SGD, sparse": entry(**{"": [[0.0, -0.1, 0.0], [-0.1, 0.0, 0.0]]}),
                "SGD": entry(**{"": [[0.0, -0.1, 0.0], [-0.1, 0.0, 0.0]]}),
                "AdamW, sparse": entry(**{"": {"error": "RuntimeError"}}),
            },
            "mean": {"one-ignored": entry(**{"": 0.75})},
            "numbers": {
                "float32": entry(softmax=[17, "never"], tanh=9.0, **{"swallowed-up": "2^-24"})
            },
        },
    }


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., SphinxTestApp]]:
    """Give a function that builds a site with one page and the given records."""
    apps = []

    def built(text: str, *records: dict[str, Any], warnings: bool = False) -> SphinxTestApp:
        folder = tmp_path / "reference" / "elsewhere"
        folder.mkdir(parents=True)
        for one in records:
            (folder / f"{one['library']}.json").write_text(json.dumps(one), "utf-8")
        (tmp_path / "conf.py").write_text(CONF, "utf-8")
        (tmp_path / "index.md").write_text(f"# Page\n\n{text}\n", "utf-8")
        for page in ("kinks", "steps", "mean", "numbers") if "in_your_library" in text else ():
            shown = f"---\norphan: true\n---\n# Here\n\n```{{elsewhere}} {page}\n```\n"
            (folder / f"{page}.md").write_text(shown, "utf-8")
        app = SphinxTestApp(srcdir=tmp_path)
        apps.append(app)
        app.build()
        if not warnings:
            assert not app.warning.getvalue()
        return app

    yield built
    for app in apps:
        app.cleanup()


def page(app: SphinxTestApp, name: str = "index") -> str:
    """Return the HTML of a page."""
    return Path(app.outdir, f"{name}.html").read_text("utf-8")


OURS = answers_of("sgdexplained", "sgdexplained", reverse=0.0)
TORCH = answers_of("torch", "PyTorch", reverse=0.0, forward=0.5)
AUTOGRAD = answers_of("autograd", "Autograd", reverse=0.5)


def test_a_line_says_who_answers_as_we_do_and_who_does_not(build: Callable[..., Any]) -> None:
    html = page(build("```{in_your_library} relu-at-0\n```", OURS, TORCH, AUTOGRAD))
    line = re.sub("<[^>]*>", "", re.search(r'<p class="in-your-library">.*?</p>', html)[0])

    assert line == (
        "In other libraries: The derivative that relu has at 0 is 0 in our engine and in PyTorch. "
        "It is 0.5 in Autograd. What each library does, with the programs."
    )
    assert 'href="reference/elsewhere/kinks.html#relu-at-0"' in html


def test_a_line_of_a_step_leads_to_the_page_of_steps(build: Callable[..., Any]) -> None:
    html = page(build("```{in_your_library} Adam / one\n```", TORCH, AUTOGRAD))

    step = "A weight of 1 gets the gradient 1; the learning rate is 0.1. "
    assert f"{step}Adam moves the weight by −0.1 in all" in html
    assert 'href="reference/elsewhere/steps.html"' in html


def test_a_line_of_a_mean_says_that_it_is_about_the_divisor(build: Callable[..., Any]) -> None:
    html = page(build("```{in_your_library} one-ignored\n```", TORCH))

    about = (
        "If one of four examples is ignored, the divisor of the mean is "
        "the number of all examples (4) in"
    )
    assert about in html
    assert 'href="reference/elsewhere/mean.html#one-ignored"' in html


def test_a_line_of_an_end_names_the_number_type(build: Callable[..., Any]) -> None:
    text = "```{in_your_library} swallowed-up / float32\n```"
    html = page(build(text, TORCH, AUTOGRAD))

    assert "a weight of 1 swallows in float32 is 2⁻²⁴ in all libraries" in html
    assert 'href="reference/elsewhere/numbers.html"' in html


ROWS = "(elsewhere-rows)=\n\n## Rows\n\n```{elsewhere} rows\n```"


def test_rows_are_sorted_by_which_of_them_move(build: Callable[..., Any]) -> None:
    html = page(build(ROWS, TORCH))
    shown = re.search(r'<dl class="elsewhere-answers elsewhere-rows">.*?</dl>', html, re.DOTALL)[0]
    groups = dict(re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", shown, re.DOTALL))
    names = {
        kind.split()[0]: re.findall("<summary>(.*?)</summary>", row) for kind, row in groups.items()
    }

    assert names == {
        "No": ["Adam, sparse", "SGD, sparse", "SGD"],
        "A": ["Adam <small>(−0.067)</small>"],
        "Even": ["AdamW <small>(−0.068; never looked up: −0.001)</small>"],
        "The": ["AdamW, sparse <small>(RuntimeError)</small>"],
    }
    # A library is named once in each group, and a choice of another one hides it.
    assert shown.count('<div data-library="torch"><b>PyTorch</b>') == len(groups)


def test_a_line_says_which_sparse_steps_are_lazy(build: Callable[..., Any]) -> None:
    moving = json.loads(json.dumps(AUTOGRAD))
    moving["pages"]["rows"]["Adam, sparse"]["answers"][""][1][1] = -0.067
    html = page(build(f"{ROWS}\n\n```{{in_your_library}} lazy rows\n```", TORCH, moving))

    assert "not looked up waits under Adam (PyTorch). It moves on under Adam (Autograd)." in html
    assert 'href="#elsewhere-rows"' in html


def test_another_mode_is_named_where_it_differs(build: Callable[..., Any]) -> None:
    html = page(build("```{elsewhere} kinks\n```", TORCH, AUTOGRAD))

    assert "PyTorch <small>(forward mode: 0.5)</small>" in html
    assert "slopes(lambda x: x, 0.0)" in html
    assert "Recorded on 28 November 2026." in html
    assert "have changed since they were run" not in html


def test_a_record_that_is_older_than_its_programs_is_said_to_be(build: Callable[..., Any]) -> None:
    html = page(build("```{elsewhere} none\n```", TORCH, AUTOGRAD | {"programs": "another"}))

    assert "The programs of Autograd have changed since they were run" in html
    assert ">nox -s elsewhere -- autograd</" in re.sub(r"</?span[^>]*>", "", html)


def test_a_library_whose_programs_have_changed_is_marked(build: Callable[..., Any]) -> None:
    html = page(build("```{elsewhere} libraries\n```", TORCH | {"programs": "another"}))

    assert ">28 November 2026, by older programs</td>" in html


def test_numbers_and_libraries_have_a_row_each(build: Callable[..., Any]) -> None:
    html = page(build("```{elsewhere} numbers\n```\n\n```{elsewhere} libraries\n```", TORCH))

    cells = re.findall(r'<td data-head="([^"]*)">([^<]*)</td>', html)
    assert ("softmax", "17 / never") in cells
    assert ("swallowed, up", "2⁻²⁴") in cells
    assert ("versions", "torch 1.0") in cells
    assert ("recorded on", "28 November 2026") in cells
    # The program of a row is that part which measures.
    assert "<pre><code>def softmax_gradients(gaps):\n    pass</code></pre>" in html


@pytest.mark.parametrize("name", ["kinks", "steps", "numbers", "libraries"])
def test_the_search_finds_the_words_of_neighbours(build: Callable[..., Any], name: str) -> None:
    app = build(f"```{{elsewhere}} {name}\n```", TORCH, AUTOGRAD)
    index = json.loads(Path(app.outdir, "searchindex.js").read_text("utf-8").partition("(")[2][:-1])
    shown = re.findall(r"\w+", re.sub("<[^>]*>", " ", page(app).partition("<h1")[2]))
    words = {app.builder.indexer.lang.stem(word) for word in shown}

    assert {"pytorch", "autograd"} <= words & {*index["terms"], *index["titleterms"]}
    assert {word.lower() for word in index["terms"]} <= words


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("```{in_your_library} relu-at-1\n```", r"no case 'relu-at-1' .* there are relu-at-0"),
        ("```{in_your_library} Adam / often\n```", r"no case 'Adam / often'"),
        ("```{elsewhere} kink\n```", r"no page 'kink' in the record; there are kinks"),
    ],
)
def test_what_is_not_on_record_is_refused(build: Callable[..., Any], text: str, error: str) -> None:
    assert re.search(error, build(text, TORCH, warnings=True).warning.getvalue())


def test_without_a_record_the_reader_is_told_what_to_run(build: Callable[..., Any]) -> None:
    app = build("```{elsewhere} kinks\n```", warnings=True)

    assert "there is no record of other libraries: run `nox -s elsewhere`" in app.warning.getvalue()


def test_a_record_of_no_known_library_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thorch.json").write_text("{}", "utf-8")
    with pytest.raises(ValueError, match="no library in elsewhere/libraries.toml .* thorch"):
        record.read(tmp_path)


# ## Words


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "None"),
        (0.0, "0"),
        (-0.0670058, "−0.067"),
        (16.6364, "16.64"),
        (-1.00136e-05, "−1e−5"),
        ([0.5, "nan"], "0.5, NaN"),
        ("-inf", "−∞"),
        ({"error": "TypeError"}, "error: TypeError"),
    ],
)
def test_an_answer_in_words(answer: Any, words: str) -> None:
    assert record.said(answer) == words


def test_a_mean_is_said_by_what_it_divides_by() -> None:
    case = {"sum": 3, "divisors": {"4": "all rows"}}

    assert record.said(0.75, case) == "all examples (4)"
    assert record.said(1.5, case) == "÷ 2"
    assert record.said(["nan", 0.0], case) == "NaN, 0"


def test_keras_is_named_once_if_its_backends_agree() -> None:
    records = {name: {"name": name} for name in ("torch", "keras-torch", "keras-jax")}

    assert record.together(list(records), records) == ["torch", "Keras"]
    assert record.together(["torch", "keras-jax"], records) == ["torch", "keras-jax"]


def test_a_long_list_of_names_ends_with_their_number() -> None:
    assert record.listed(["a"]) == "a"
    assert record.listed(["a", "b", "c"], 2) == "a, b and c"
    assert record.listed(["a", "b", "c", "d"], 2) == "a, b and 2 others"


def test_what_only_we_answer_is_said() -> None:
    records = {"sgdexplained": OURS, "torch": TORCH}

    said = sentence({"0": ["torch"], "1": ["sgdexplained"]}, records)

    assert said == "is 1 in our engine. It is 0 in PyTorch."


def test_errors_and_several_answers_are_whole_sentences() -> None:
    names = ["sgdexplained", "torch", "jax", "autograd", "mygrad", "mlx", "tinygrad"]
    records = {name: OURS | {"library": name, "name": name} for name in names}
    groups = {"1, 0": names[:5], "error: TypeError": ["mlx"], "0, 1": ["tinygrad"]}

    said = sentence(groups, records, "the two derivatives")

    assert said == (
        "are 1 and 0 in our engine, in PyTorch and in most others. "
        "They are 0 and 1 in tinygrad. mlx raises an error."
    )


def test_an_optimiser_moves_a_weight_or_does_not() -> None:
    names = ["sgdexplained", "torch", "jax", "autograd"]
    records = {name: OURS | {"library": name, "name": name} for name in names}

    said = sentence({"0": names[:2], "−0.1": names[2:]}, records, moving=True)
    assert said == (
        "does not move the weight in our engine and in torch. "
        "It moves the weight by −0.1 in jax and autograd."
    )
    said = sentence({"−0.1": names[:2], "0": names[2:]}, records, moving=True)
    assert said == (
        "moves the weight by −0.1 in our engine and in torch. "
        "It does not move the weight in jax and autograd."
    )


def test_every_case_has_words_for_a_sentence() -> None:
    asks = record.asks()

    for page, cases in record.cases().items():
        assert asks[page].keys() == cases.keys()
    assert asks["means"].keys() <= set().union(*record.cases().values())


def test_a_reason_follows_the_answers() -> None:
    records = record.read(record.TOP / "docs" / FOLDER)

    for asked, why in record.asks()["why"].items():
        assert in_one_line(asked, records)[1].endswith(f" {why}")


def test_epsilon_and_its_place_are_why_the_first_steps_of_adam_differ() -> None:
    records = record.read(record.TOP / "docs" / FOLDER)
    g, first, second = 1e-8, 0.9, 0.999
    m, root = (1 - first) * g, math.sqrt(1 - second) * g
    correction = math.sqrt(1 - second) / (1 - first)
    tiny = {
        "torch": g / (g + 1e-8),
        "tfjs": g / (g + 1e-7),
        "tensorflow": correction * m / (root + 1e-8),
        "keras-tensorflow": correction * m / (root + 1e-7),
        "mlx": m / (root + 1e-8),  # without a correction of the first steps
    }

    for name, step in tiny.items():
        measured = records[name]["pages"]["steps"]["Adam"]["answers"]["tiny"]
        assert measured == pytest.approx(-0.1 * step, rel=1e-3)


def test_a_date_as_people_write_it() -> None:
    assert day("2026-01-05") == "5 January 2026"
