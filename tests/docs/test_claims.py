"""A claim that is wrong, unknown, unchecked or irrefutable fails the build of the site."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import claim_changes
import claim_counts
import claim_register
import claim_rules
import claim_table
import claim_texts
import pytest
from docutils import nodes
from sphinx.testing.util import SphinxTestApp

SAMPLE = Path(__file__).parent / "claim_sample.py"

CONF = """\
extensions = ["myst_parser", "sphinxcontrib.bibtex", "claims"]
bibtex_bibfiles = ["works.bib"]
myst_enable_extensions = ["colon_fence"]
"""
BIBLIOGRAPHY = """\
@article{long1990, author={Long, A. and Short, B. and Tall, C.}, title={T}, journal={J}, year=1990}
@book{short1991, author={Short, B. and van Tall, C.}, title={U}, publisher={P}, year=1991}
"""
REGISTER = """\
[A1]
page = 1
verdict = "holds"
suggested = []
[B2]
page = 2
verdict = "holds when"
suggested = []
[C3]
page = 3
verdict = "false as stated"
suggested = []
"""
REFUTATIONS = """\
[wrong-sum]
words = "one and one were three"
edits = []
[no-sum]
words = "there were no sums"
edits = []
"""
A1 = """\
.. claim:: A1
   :verdict: holds
   :sources: long1990, short1991
   :refuted-by: wrong-sum, no-sum

   One and one are *two*.

   >>> one = 1
   >>> one + one
   2
"""
B2 = """\
.. claim:: B2
   :verdict: holds when
   :when: nothing is lost.
   :corrected: Two and two are four,
      at least in theory.
   :refuted-by: wrong-sum

   Two and two are four.

   >>> 2 + 2
   4
"""
C3 = """\
:::{claim} C3
:verdict: false as stated
:corrected: It is *six*.
:refuted-by: wrong-sum

Three and three are seven.

```python
>>> 3 + 3
6
```
:::
"""
PAGES = {
    "index.md": (
        "# Start\n\nSee {claim}`C3` and {claim}`the first <A1>`.\n\n"
        "```{claims_table}\n```\n\n```{toctree}\none\npart/index\nworks\n```\n"
    ),
    "one.rst": f"One\n===\n\n.. image:: a.svg\n   :alt: A\n\n{A1}",
    "part/index.rst": "Part\n====\n\n.. toctree::\n\n   two\n   sub/index\n",
    "part/two.rst": f"Two\n===\n\n{B2}\n.. image:: a.svg\n   :alt: B\n",
    "part/sub/index.md": "# Sub\n\n```{toctree}\nthree\n```\n",
    "part/sub/three.md": f"# Three\n\n{C3}",
    "works.md": "# Works\n\n```{bibliography}\n:all:\n:list: bullet\n```\n",
}

Build = Callable[..., SphinxTestApp]


def build_in(
    folder: Path,
    builder: str = "dummy",
    conf: str = "",
    changes: str = REFUTATIONS,
    **replacements: tuple[str, str],
) -> SphinxTestApp:
    """Build the pages in a folder, some of them changed."""
    texts = dict(PAGES)
    for name, (old, new) in replacements.items():
        path = next(path for path in texts if Path(path).stem == name)
        assert old in texts[path]
        texts[path] = texts[path].replace(old, new)
    texts |= {"conf.py": CONF + conf, "works.bib": BIBLIOGRAPHY}
    texts |= {"claims.toml": REGISTER, "refutations.toml": changes}
    texts |= {"a.svg": "<svg/>", "part/a.svg": "<svg/>"}
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    app = SphinxTestApp(builder, srcdir=folder)
    try:
        app.build()
    finally:
        app.cleanup()
    return app


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Give a function that builds the pages, some of them changed."""
    return partial(build_in, tmp_path)


def warnings(app: SphinxTestApp) -> list[str]:
    """List what the build complained about, without the places."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", app.warning.getvalue())
    return re.findall(r"WARNING: (.*?)(?: \[[\w.]+\])?$", plain, re.MULTILINE)


# -- What fails the build -----------------------------------------------------------------------


def test_claims_in_order_raise_no_warning(build: Build) -> None:
    assert warnings(build()) == []


@pytest.mark.parametrize(
    ("page", "old", "new", "complaint"),
    [
        ("one", ".. claim:: A1", ".. claim:: A9", "claim A9: the register does not know it"),
        ("one", "   2\n", "   3\n", "claim A1: its doctest fails: one + one gave 2, expected 3"),
        ("three", "\n6\n", "\n7\n", "claim C3: its doctest fails: 3 + 3 gave 6, expected 7"),
        ("one", "one + one", "one + two", "claim A1: its doctest fails: one + two gave NameError"),
        ("one", "   2\n", "", "claim A1: it has no doctest that expects an answer"),
        ("one", "   >>> one = 1\n   >>> one + one\n   2\n", "", "claim A1: it has no doctest"),
        (
            "one",
            "one + one",
            "one + one  # doctest: +ELLIPSIS",
            "claim A1: its doctest has",
        ),
        ("one", "   2\n", "   2\n   >>> two = 2\n", "claim A1: its last example is no single line"),
        ("one", "   One and one are *two*.\n\n", "", "claim A1: it has no sentence before"),
        ("one", "long1990", "long1999", "claim A1: no such source: long1999"),
        ("one", "wrong-sum", "no-such", "claim A1: no such change: no-such"),
        ("one", "   :refuted-by: wrong-sum, no-sum\n", "", "claim A1: nothing refutes it"),
        ("one", ": holds", ": holds when", "claim A1: it is 'holds when' here and 'holds' in the"),
        ("one", ": holds", ": true", "claim A1: :verdict: is 'true', expected one of holds, holds"),
        ("two", "   :when: nothing is lost.\n", "", "claim B2: :when: goes with the verdict"),
        ("one", ": holds\n", ": holds\n   :when: x.\n", "claim A1: :when: goes with the verdict"),
        ("three", ":corrected: It is *six*.\n", "", "claim C3: :corrected: is missing"),
        (
            "one",
            ": holds\n",
            ": holds\n   :picture: b.\n",
            "claim A1: :picture: is 'none', or left",
        ),
        ("two", "Two\n===\n", f"Two\n===\n\n{A1}", "claim A1 is shown twice"),
        ("one", A1, "", "claim A1 is missing: it belongs on page 1"),
    ],
)
def test_a_claim_out_of_order_fails_the_build(
    build: Build, page: str, old: str, new: str, complaint: str
) -> None:
    assert any(text.startswith(complaint) for text in warnings(build(**{page: (old, new)})))


def test_a_missing_claim_is_no_warning_while_pages_are_being_written(build: Build) -> None:
    link = " and {claim}`the first <A1>`"
    app = build(conf="claims_complete = False\n", one=(A1, ""), index=(link, ""))

    assert warnings(app) == []
    assert "claims that are not yet shown: A1" in app.status.getvalue()


def test_a_link_to_no_claim_fails_the_build(build: Build) -> None:
    app = build(index=("{claim}`C3`", "{claim}`C4`"))

    assert warnings(app) == ["claim:claim reference target not found: C4"]


def test_a_claim_belongs_on_its_page_of_the_story(build: Build, tmp_path: Path) -> None:
    pages = tmp_path / "story"
    pages.mkdir()
    (pages / "plot_04_x.rst").write_text(f":orphan:\n\nX\n=\n\n{A1}", "utf-8")

    app = build(one=(A1, ""))

    assert warnings(app) == ["claim A1: it is on page 4 here and on 1 in the register"]


# -- What a reader sees -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Build the site; give a function that reads a page as text with links."""
    app = build_in(tmp_path_factory.mktemp("site"), "html")
    assert warnings(app) == []
    return lambda name: (app.outdir / f"{name}.html").read_text("utf-8")


def words(html: str) -> str:
    """Leave out all tags."""
    return " ".join(re.sub("<[^>]+>", "", html).replace("&gt;", ">").split())


def test_a_claim_without_a_picture_leads_to_none(build: Build) -> None:
    app = build("html", two=(": holds when\n", ": holds when\n   :picture: none\n"))

    assert warnings(app) == []
    assert "its picture" not in (app.outdir / "part" / "two.html").read_text("utf-8")
    assert "its picture" in (app.outdir / "one.html").read_text("utf-8")


def test_the_box_says_it_all(site: Callable[[str], str]) -> None:
    box = words(site("part/two"))

    assert (
        "Claim B2 holds when… its picture Two and two are four. It holds when nothing is lost. "
        "More exactly: Two and two are four, at least in theory. Show the check >>> 2 + 2 4 " in box
    )


def test_the_box_folds_its_check_and_leaves_its_refutations_to_the_list(
    site: Callable[[str], str],
) -> None:
    page = site("part/two")
    folded = page[page.index('<details class="claim-check">') : page.index("</details>")]

    assert "2 + 2" in words(folded)
    assert "would be false" not in words(page)


def test_sources_are_links_to_the_bibliography(site: Callable[[str], str]) -> None:
    page = site("one")
    links = re.findall(r'href="works.html#([\w-]+)">([^<]+)<', page)

    assert [text for _, text in links] == ["Long et al.\xa01990", "Short &amp; van Tall\xa01991"]
    assert all(f'id="{anchor}"' in site("works") for anchor, _ in links)


def test_a_link_says_the_verdict(site: Callable[[str], str]) -> None:
    text = words(site("index"))

    assert "See C3 (false as stated) and the first (holds)." in text
    assert 'href="part/sub/three.html#claim-c3"' in site("index")
    assert 'id="claim-c3"' in site("part/sub/three")


def test_the_table_lists_all_claims_in_the_order_of_the_register(
    site: Callable[[str], str],
) -> None:
    page = site("index")
    rows = [words(row) for row in re.findall(r'<tr class="claim-row.*?</tr>', page, re.DOTALL)]

    assert "3 common claims: 1 holds, 1 holds under conditions, 1 is false as stated." in words(
        page
    )
    assert rows == [
        (
            "A1 holds One and one are two. Picture: A "
            "False if one and one were three; or if there were no sums. "
            "Show the check>>> one = 1 >>> one + one 2 One"
        ),
        (
            "B2 holds when… Two and two are four. It holds when nothing is lost. "
            "More exactly: Two and two are four, at least in theory. Picture: B "
            "False if one and one were three. Show the check>>> 2 + 2 4 Two"
        ),
        (
            "C3 false as stated Three and three are seven. What is true: It is six. "
            "False if one and one were three. Show the check>>> 3 + 3 6 Three Sub"
        ),
    ]


def test_the_verdicts_are_counted(site: Callable[[str], str]) -> None:
    expected = "3 common claims: 1 holds, 1 holds under conditions, 1 is false as stated."

    assert expected in words(site("index"))


def test_the_verdicts_are_counted_where_there_is_no_table(build: Build) -> None:
    app = build("html", two=("Two\n===", "Two\n===\n\n.. claims_counts::"))
    page = (app.outdir / "part" / "two.html").read_text("utf-8")

    assert warnings(app) == []
    assert "3 common claims: 1 holds, 1 holds under conditions, 1 is false" in words(page)
    assert "claims-table" not in page
    assert "claims.js" not in page


def test_kinds_that_hold_throughout_are_counted_together() -> None:
    verdicts = dict.fromkeys(["X1", "X2", "T1", "T2", "P1", "P2"], "holds")
    [lines] = claim_counts.counts(verdicts | {"A1": "holds"}, 7)

    assert [line.astext() for line in lines.children] == [
        "1 common claim: 1 holds.",
        "2 further claims, 2 theorems and 2 published results: all hold.",
    ]


def test_a_list_names_the_claims_of_one_verdict(build: Build) -> None:
    app = build("html", two=("Two\n===", "Two\n===\n\n.. claims_list:: false as stated"))
    page = (app.outdir / "part" / "two.html").read_text("utf-8")
    listed = re.findall(r'<ul class="claims-list.*?</ul>', page, re.DOTALL)

    assert warnings(app) == []
    assert [words(one) for one in listed] == ["Three and three are seven. Three"]
    assert 'href="sub/three.html#claim-c3"' in listed[0]


def test_a_list_leads_to_the_picture_that_convinces(build: Build) -> None:
    app = build("html", two=("Two\n===", "Two\n===\n\n.. claims_list:: holds"))
    page = (app.outdir / "part" / "two.html").read_text("utf-8")
    [listed] = re.findall(r'<ul class="claims-list.*?</ul>', page, re.DOTALL)
    [anchor] = re.findall(r'href="\.\./one\.html#([\w-]+)"', listed)

    picture = rf'<img[^>]*id="{anchor}"|id="{anchor}"[^>]*>\s*<img'
    assert re.search(picture, (app.outdir / "one.html").read_text("utf-8"))


def test_a_link_to_a_picture_is_named_by_what_it_shows() -> None:
    image = nodes.image(alt="Two bars,\n0.5 and 1. More.")
    title = nodes.paragraph("", "One is longer.", classes=["figure-title"])

    nodes.container("", image)
    assert claim_table.shown_in(image) == "Two bars, 0.5 and 1."
    nodes.container("", title, image)
    assert claim_table.shown_in(image) == "One is longer."


# -- What would refute them ----------------------------------------------------------------------

CHANGES = """\
# -- Sums ----
[wrong-sum]
words = "one and one were three"
edits = [{ file = "a.py", old = "if x > 0:\\n    y", new = "if x:\\n    y" }]
# -- No sums ----
[no-sum]
words = "there were no sums"
edits = []
"""


def test_the_changes_are_described_and_say_what_notices_them(build: Build, tmp_path: Path) -> None:
    (tmp_path / "refutations.md").write_text("# Changes\n\n```{claims_changes}\n```\n", "utf-8")
    app = build("html", changes=CHANGES, index=("works\n", "works\nrefutations\n"))
    page = (app.outdir / "refutations.html").read_text("utf-8")

    assert re.findall(r"<h2>(.*?)<", page) == ["Sums", "No sums"]
    assert (
        "What if one and one were three? Then 3 claims would be false. A1 One and one are two. "
        "B2 Two and two are four. C3 Three and three are seven."
    ) in words(page)
    assert "- if x > 0: - y + if x: + y Its name is wrong-sum." in words(page)
    assert (
        "What if there were no sums? Then one claim would be false. A1 One and one are two. "
        "Its name is no-sum."
    ) in words(page)
    assert 'id="change-wrong-sum"' in page
    assert "would be false" not in (app.outdir / "one.html").read_text()
    assert 'href="refutations.html#change-no-sum"' in (app.outdir / "index.html").read_text()


def test_a_change_is_written_as_a_diff() -> None:
    edit = claim_register.Edit("a.py", "        if x > 0:\n            y = 1\n", "if x:\n        y")
    change = claim_register.Change("one", "", (edit, claim_register.Edit("a.py", "b", "c")))

    assert list(claim_changes.lines_of(change)) == [
        "@@ a.py @@",
        "- if x > 0:",
        "-     y = 1",
        "+ if x:",
        "+     y",
        "- b",
        "+ c",
    ]


def test_the_table_leads_to_the_pictures(site: Callable[[str], str]) -> None:
    links = re.findall(r'href="([^#"]+).html#([\w-]+)"><span class="claim-picture"', site("index"))

    assert [page for page, _ in links] == ["one", "part/two"]
    assert all(f'id="{anchor}"' in site(page) for page, anchor in links)


def test_only_the_page_with_the_table_loads_its_script(site: Callable[[str], str]) -> None:
    assert "claims.js" in site("index")
    assert "claims.js" not in site("one")


def test_the_filter_offers_what_the_table_has(site: Callable[[str], str]) -> None:
    form = re.search(r"<form.*?</form>", site("index"), re.DOTALL)
    assert form
    lists = re.findall(r'<select name="(\w+)">(.*?)</select>', form[0])
    offered = {name: re.findall(r'value="([^"]*)">([^<]+)', options) for name, options in lists}

    assert list(offered) == ["verdict", "part", "order"]
    verdicts = ["holds", "holds when…", "false as stated"]
    assert offered["verdict"] == [("", "all verdicts"), *((one, one) for one in verdicts)]
    assert offered["part"] == [("", "all parts"), ("Sub", "Sub")]
    assert "3 of 3 claims" in form[0]
    assert all(f">{one}</span>" in site("index") for one in verdicts)


def test_the_table_follows_a_page_that_changes(build: Build) -> None:
    build("html")

    app = build("html", one=("One and one", "1 and 1"))

    assert "1 and 1 are two." in words((app.outdir / "index.html").read_text("utf-8"))


def test_the_table_is_not_written_again_when_no_claim_has_changed(build: Build) -> None:
    page = build("html").outdir / "index.html"
    page.write_text("As it was.", "utf-8")

    build("html")

    assert page.read_text("utf-8") == "As it was."


def test_the_table_is_written_again_after_a_build_that_broke_off(build: Build) -> None:
    app = build("html")
    page = app.outdir / "index.html"
    page.write_text("Half of it.", "utf-8")
    Path(app.doctreedir, "claims.shown").write_text("of an earlier build", "utf-8")

    build("html")

    assert "Half of it." not in page.read_text("utf-8")


# -- Claims read without building a site --------------------------------------------------------


def test_scripts_and_pages_are_read_alike(build: Build, tmp_path: Path) -> None:
    app = build("html")
    gallery, docs = tmp_path / "gallery", tmp_path / "docs"
    gallery.mkdir()
    docs.mkdir()
    prose = "".join(f"# {line}".rstrip() + "\n" for line in f"{A1}\nProse.\n\n{B2}".splitlines())
    (gallery / "plot_01.py").write_text(
        f'"""\nTitle\n=====\n"""\n\n# %%\n{prose}\nx = 1\n', "utf-8"
    )
    (docs / "three.md").write_text(PAGES["part/sub/three.md"], "utf-8")

    found = {claim.name: claim for claim in claim_texts.find_claims(tmp_path)}

    assert list(found) == [one.name for one in sorted(app.env.domains["claim"].data["shown"])]
    assert found["A1"].refuted_by == ("wrong-sum", "no-sum")
    assert found["A1"].line == 7
    for claim in found.values():
        examples = claim_texts.examples_in(claim.body)
        assert examples[-1].want.strip() in {"2", "4", "6"}
        assert claim_texts.first_failure(examples) is None


def test_the_example_of_the_manual_holds() -> None:
    text = re.sub("^# ?", "", SAMPLE.read_text("utf-8"), flags=re.MULTILINE)

    [claim] = claim_texts.claims_in_rest(text, SAMPLE, 1)

    assert claim.name == "C3"
    assert claim.refuted_by == ("uphill", "doubled-derivative")
    assert claim_texts.first_failure(claim_texts.examples_in(claim.body)) is None


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"{C3}\n{C3}", [1, 14]),
        (f"::::{{note}}\n{C3}::::\n", [2]),
        (f"````markdown\n{C3}````\n", []),
        ("```python\n:::{claim} C3\n```\n", []),
        (C3.replace(":::", "::::"), [1]),
        ("- see :::{claim} C3\n", []),
    ],
)
def test_a_claim_that_is_only_quoted_is_none(text: str, lines: list[int]) -> None:
    found = claim_texts.claims_in_markdown(text, Path("page.md"))

    assert [claim.line for claim in found] == lines


def test_a_check_that_says_no_refutes_and_any_other_error_breaks() -> None:
    outcomes = [
        claim_texts.first_failure(claim_texts.examples_in(f">>> {line}\n1\n"))
        for line in ["2", "assert 1 == 2, 'no'", "1 / 0"]
    ]

    assert [(outcome.got, outcome.crashed) for outcome in outcomes] == [
        ("2", False),
        ("AssertionError: no", False),
        ("ZeroDivisionError: division by zero", True),
    ]


def test_a_sentence_that_leads_to_an_example_stands_with_the_check() -> None:
    said, leading = nodes.paragraph("", "It is so."), nodes.paragraph("", "Here it is:")
    example = nodes.doctest_block("", ">>> 1\n1")
    stated = claim_rules.Stated("A1", {}, [said, leading, example], [], (), ())

    assert stated.statement == [said]
    assert stated.proof == [leading, example]
