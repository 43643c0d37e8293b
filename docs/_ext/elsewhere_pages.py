"""Show what other libraries answered: pages of the reference, and a line on any other page.

``{elsewhere} kinks`` shows the cases of a page, each library with the program that gave its answer.
``{in_your_library} relu-at-0`` says in one line who answers otherwise. Everything is made
from the record in ``reference/elsewhere/``; nothing is run here, so what is shown may be older than
the programs, and then it is said.
"""

import re
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import elsewhere_record as record
from annotated_prose import inline
from docutils import nodes
from elsewhere_record import OURS, Place
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FOLDER = "reference/elsewhere"
# What an optimiser was given, and what the column of its last move is called.
STEPS = {
    "none": "no gradient",
    "zero": "gradient 0",
    "one": "gradient 1",
    "tiny": "gradient 1e−8",
    "then-zero": "1, then 0",
    "then-none": "1, then none",
}
# The same in a sentence, after "a weight of 1 gets", and what then takes the last step.
GIVEN = {
    "none": "no gradient",
    "zero": "the gradient 0",
    "one": "the gradient 1",
    "tiny": "the gradient 1e−8",
    "then-zero": "the gradient 1, and in the next step the gradient 0",
    "then-none": "the gradient 1, and in the next step no gradient",
}
ENDS = {
    "softmax": "softmax",
    "tanh": "tanh 1",
    "sigmoid": "sigmoid 1",
    "sigmoid-0": "sigmoid 0",
    "swallowed-down": "swallowed, down",
    "swallowed-up": "swallowed, up",
    "subnormal": "subnormal step",
}
# What an optimiser does with the rows of an embedding that are not looked up.
ROWS = {
    "wait": "No row moves that is not looked up",
    "memory": "A row moves on one step after it was looked up",
    "all": "Even a row that was never looked up moves",
    "refused": "The optimiser refuses the gradient",
}
ENDS_OF_PARTS = re.compile("</(?:td|th|dt|dd|b|summary|details|option)>")
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


# ## Parts of a page, in HTML


def raw(html: str) -> nodes.raw:
    """Put HTML on a page, and each part of a table or list on a line of its own.

    Sphinx's search takes tags out and puts nothing in, so neighbours would become one word.
    """
    return nodes.raw("", ENDS_OF_PARTS.sub(r"\g<0>\n", html), format="html")


def folded(summary: str, program: str, library: str, kind: str = "program") -> str:
    """Fold a program behind a few words."""
    return (
        f'<details class="elsewhere-{kind}" data-library="{library}"><summary>{summary}</summary>'
        f"<pre><code>{escape(program)}</code></pre></details>"
    )


def choice(records: dict[str, Any]) -> str:
    """Offer one library; elsewhere.js makes it work, and without scripts it is hidden."""
    options = "".join(
        f'<option value="{name}">{escape(one["name"])}</option>' for name, one in records.items()
    )
    return (
        '<form class="elsewhere-choice" autocomplete="off"><label>Show '
        f'<select name="library"><option value="">all libraries</option>{options}</select>'
        "</label></form>"
    )


def answers(records: dict[str, Any], place: Place, case: dict[str, Any]) -> str:
    """Show who answers what, the answer of most libraries first."""
    lines = []
    for answer, names in record.grouped(records, place, case).items():
        chips = []
        for name in names:
            entry = records[name]["pages"][place.page][place.case]
            modes = record.other_modes(entry["answers"], case)
            also = f" <small>({escape(modes)})</small>" if modes else ""
            program = record.program(place.page, entry["program"], case.get("point", []))
            chips.append(folded(escape(records[name]["name"]) + also, program, name))
        lines.append(f"<dt>{escape(answer)}</dt><dd>{''.join(chips)}</dd>")
    return f'<dl class="elsewhere-answers">{"".join(lines)}</dl>'


def waiting(records: dict[str, Any]) -> str:
    """Show which rows of an embedding an optimiser moves, one step after they were looked up."""
    groups: dict[str, str] = dict.fromkeys(ROWS, "")
    for name, one in records.items():
        kinds: dict[str, str] = {}
        for optimiser, entry in one["pages"]["rows"].items():
            kind, moved = row_kind(entry["answers"][""])
            also = f" <small>({escape(moved)})</small>" if moved else ""
            program = record.program("rows", entry["program"], [])
            kinds[kind] = kinds.get(kind, "") + folded(escape(optimiser) + also, program, name)
        for kind, chips in kinds.items():
            library = f"<b>{escape(one['name'])}</b>"
            groups[kind] += f'<div data-library="{name}">{library}{chips}</div>'
    lines = [f"<dt>{ROWS[kind]}</dt><dd>{found}</dd>" for kind, found in groups.items() if found]
    return f'<dl class="elsewhere-answers elsewhere-rows">{"".join(lines)}</dl>'


def row_kind(answer: Any) -> tuple[str, str]:
    """Say which rows move that are not looked up, and how far: see the words of that page."""
    if isinstance(answer, dict):
        return "refused", answer["error"]
    (_, _, never), (_, before, _) = answer
    if never:
        return "all", f"{record.number(before)}; never looked up: {record.number(never)}"
    return ("memory", record.number(before)) if before else ("wait", "")


def table(corner: str, heads: list[str], rows: list[tuple[str, str, list[str]]]) -> str:
    """Write a table whose rows belong to libraries."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in [corner, *heads])
    body = "".join(
        f'<tr data-library="{library}"><th scope="row">{first}</th>'
        f"{''.join(map(cell, heads, cells))}</tr>"
        for library, first, cells in rows
    )
    return (
        '<div class="elsewhere-table"><table class="docutils">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def cell(head: str, words: str) -> str:
    """Write a cell that keeps its head, for screens on which there is no room for columns."""
    return f'<td data-head="{escape(head)}">{escape(words)}</td>'


def ends(answers: dict[str, Any]) -> list[str]:
    """Write the cells of a number type; of a softmax the right logit comes first."""
    cells = []
    for kind in ENDS:
        answer = answers.get(kind, "–")
        words = record.said(answer)
        if kind == "softmax" and isinstance(answer, list):
            words = " / ".join(record.number(part) for part in answer)
        cells.append(power(words))
    return cells


def measuring(before: str) -> str:
    """Return what measures where numbers end: it stands last among what programs need."""
    starts = (before.rfind(f"{word} softmax") for word in ("def", "export function"))
    return before[max(0, *starts) :]


def power(words: str) -> str:
    """Write 2^-25 as people do."""
    base, sign, exponent = words.partition("^")
    return base + exponent.translate(RAISED) if sign else words


# ## Directives


class FromRecord(SphinxDirective):
    """A directive that reads the record, so that its page is read again when that changes."""

    def records(self) -> dict[str, Any]:
        """Return the record, and remember of what this page is made."""
        folder = Path(self.env.srcdir, FOLDER)
        for path in [*folder.glob("*.json"), *record.PROGRAMS.rglob("*.*")]:
            if path.suffix in {".json", ".toml", ".py", ".mjs"}:
                self.env.note_dependency(str(path))
        found = record.read(folder)
        if not found:
            raise self.error("there is no record of other libraries: run `nox -s elsewhere`")
        return found


class ElsewherePage(FromRecord):
    """Show one page of the record."""

    required_arguments = 1
    has_content = False

    def run(self) -> list[nodes.Node]:
        """Say of when the record is, then show it."""
        page = self.arguments[0]
        shown = {
            "kinks": self.cases,
            "none": self.cases,
            "mean": self.cases,
            "steps": self.steps,
            "numbers": self.numbers,
            "rows": self.rows,
            "libraries": self.libraries,
        }
        if page not in shown:
            message = f"there is no page {page!r} in the record; there are {', '.join(shown)}"
            raise self.error(message)
        records = self.records()
        if page == "libraries":
            return self.libraries(page, records)
        here = {name: one for name, one in records.items() if page in one["pages"]}
        if page == "rows":  # below the steps, whose choice holds for it too
            return self.rows(page, here)
        return [*self.notes(here), raw(choice(here)), *shown[page](page, here)]

    def notes(self, records: dict[str, Any]) -> list[nodes.Node]:
        """Say of what date the answers are, and which are older than their programs."""
        days = sorted({one["date"] for one in records.values()})
        when = " to ".join(dict.fromkeys([day(days[0]), day(days[-1])]))
        said = [nodes.paragraph("", f"Recorded on {when}. Open a name for the program.")]
        old = {name: one["name"] for name, one in records.items() if record.stale(one)}
        if old:
            words = (
                f"The programs of {record.listed([*old.values()])} have changed since they were "
                "run: what is shown is what the older programs gave. To ask again: "
            )
            again = nodes.literal("", f"nox -s elsewhere -- {' '.join(old)}")
            said.append(nodes.note("", nodes.paragraph("", "", nodes.Text(words), again)))
        return said

    def section(self, name: str, title: str, *content: nodes.Node) -> nodes.section:
        """Make a section that has a name to link to."""
        part = nodes.section("", nodes.title("", title), *content, ids=[name], names=[label(name)])
        self.state.document.note_explicit_target(part, part)
        return part

    def cases(self, page: str, records: dict[str, Any]) -> list[nodes.Node]:
        """Show case after case."""
        parts = []
        for name, case in record.cases()[page].items():
            content = [nodes.paragraph("", "", *inline(case["says"]))] if "says" in case else []
            if not any(name in one["pages"][page] for one in records.values()):
                continue
            shown = answers(records, Place(page, name), case)
            parts.append(self.section(name, capital(case["title"]), *content, raw(shown)))
        return parts

    def steps(self, page: str, records: dict[str, Any]) -> list[nodes.Node]:
        """Show the optimisers of one library after the other."""
        parts = []
        for name, one in records.items():
            rows = [
                (
                    name,
                    folded(escape(optimiser), record.program(page, entry["program"], []), name),
                    [record.said(entry["answers"].get(kind, "–")) for kind in STEPS],
                )
                for optimiser, entry in one["pages"][page].items()
            ]
            content = raw(table("optimiser", list(STEPS.values()), rows))
            parts.append(self.section(f"steps-{name}", one["name"], content))
            parts[-1]["classes"].append(f"elsewhere-of-{name}")
        return parts

    def rows(self, _: str, records: dict[str, Any]) -> list[nodes.Node]:
        """Show what each optimiser does with rows of an embedding that are not looked up."""
        return [raw(waiting(records))]

    def numbers(self, page: str, records: dict[str, Any]) -> list[nodes.Node]:
        """Show one table, with a row for each library and number type."""
        rows = []
        for name, one in records.items():
            program = measuring(one["before"])
            for dtype, entry in one["pages"][page].items():
                first = folded(f"{escape(one['name'])} {dtype}", program, name)
                rows.append((name, first, ends(entry["answers"])))
                program = f"The same, with {entry['program']} as the type."
        return [raw(table("library and type", list(ENDS.values()), rows))]

    def libraries(self, _: str, records: dict[str, Any]) -> list[nodes.Node]:
        """List the libraries with their versions, and what stands above their programs."""
        rows = []
        for name, one in records.items():
            versions = ", ".join(
                f"{package} {version}" for package, version in one["versions"].items()
            )
            when = day(one["date"]) + (", by older programs" if record.stale(one) else "")
            rows.append((name, escape(one["name"]), [versions, one["language"], when]))
        heads = ["versions", "language", "recorded on"]
        shown = [raw(table("library", heads, rows))]
        programs = "".join(
            folded(escape(one["name"]), one["before"], name, "before")
            for name, one in records.items()
        )
        title = "What stands above the programs"
        words = "A program calls what its library's part says here."
        section = self.section("before", title, nodes.paragraph("", words), raw(programs))
        return [*shown, section]


class InYourLibrary(FromRecord):
    """Say in one line in which libraries an answer is another one."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Write the line, with a link to all answers."""
        try:
            place, says = in_one_line(self.arguments[0], self.records())
        except LookupError as problem:
            raise self.error(problem.args[0]) from problem
        line = nodes.paragraph("", classes=["in-your-library"])
        line += nodes.strong("", "In other libraries:")
        for part in re.split(r"\b(None)\b", f" {says} "):
            line += nodes.literal("", part) if part == "None" else nodes.Text(part)
        line += [self.link(place), nodes.Text(".")]
        return [line]

    def link(self, place: Place) -> nodes.Node:
        """Link to all answers, once the address of their page is known."""
        if place.page in ("steps", "numbers"):
            target = {"reftype": "doc", "reftarget": f"/{FOLDER}/{place.page}"}
        else:
            target = {"reftype": "ref", "reftarget": label(place.case)}
        words = nodes.inline("", "What each library does, with the programs")
        found = {"refdomain": "std", "refexplicit": True, "refwarn": True} | target
        return addnodes.pending_xref("", words, refdoc=self.env.docname, **found)


# ## In one line


def in_one_line(asked: str, records: dict[str, Any]) -> tuple[Place, str]:
    """Say where all answers stand, and what is asked and who gives which answer.

    Raises
    ------
    LookupError
        If the record has no such case.
    """
    if asked == "lazy rows":
        return Place("rows", "rows"), lazily(records)
    place, case = found(asked, records)
    groups = (
        in_tables(records, place.page, *place.case.rsplit("/", 1))
        if place.page in ("steps", "numbers")
        else record.grouped(records, place, case)
    )
    if "divisors" in case:  # what is counted is named, but for "the sum of the weights"
        groups = {
            f"the number of {answer}"
            if answer[0].isalpha() and answer[:4] != "the "
            else answer: names
            for answer, names in groups.items()
        }
    asks = case["asks"]
    said = sentence(groups, records, asks, moving=place.page == "steps")
    why = record.asks()["why"].get(asked, "")
    return place, capital(f"{asks} {said} {why}".rstrip())


def lazily(records: dict[str, Any]) -> str:
    """Say which optimisers are lazy with a sparse gradient, and which are not."""
    found: dict[str, dict[str, list[str]]] = {"wait": {}, "move": {}}
    for one in records.values():
        rows = one["pages"].get("rows", {})
        kinds = {name: row_kind(entry["answers"][""])[0] for name, entry in rows.items()}
        for name, kind in kinds.items():
            optimiser = name.removesuffix(", sparse")
            # Plain SGD moves no row but those that are looked up, with any gradient.
            if optimiser == name or kind == "refused" or kinds.get(optimiser) == "wait":
                continue
            group = found["wait" if kind == "wait" else "move"]
            group.setdefault(optimiser.replace(", ", " with ", 1), []).append(one["name"])
    waits, moves = (
        record.listed([f"{name} ({record.listed(who)})" for name, who in group.items()])
        for group in found.values()
    )
    return (
        f"With a sparse gradient, a row that is not looked up waits under {waits}. "
        f"It moves on under {moves}."
    )


def found(asked: str, records: dict[str, Any]) -> tuple[Place, dict[str, Any]]:
    """Find a case by its name, a step by its optimiser and gradients, an end by its number type."""
    everything = record.cases()
    for page, cases in everything.items():
        if asked in cases:
            case = cases[asked] | {"asks": record.asks()[page][asked]}
            return Place(page, asked), case | {"means": record.asks()["means"].get(asked, {})}
    optimiser, _, kind = (part.strip() for part in asked.rpartition("/"))
    known = {name for one in records.values() for name in one["pages"].get("steps", {})}
    if optimiser in known and kind in STEPS:
        name = optimiser.replace(", ", " with ", 1)
        which = "In this next step " if kind.startswith("then") else ""
        asks = f"a weight of 1 gets {GIVEN[kind]}; the learning rate is 0.1. {which}{name}"
        return Place("steps", f"{optimiser}/{kind}"), {"asks": asks}
    dtypes = {name for one in records.values() for name in one["pages"].get("numbers", {})}
    if optimiser in ENDS and kind in dtypes:
        asks = record.asks()["numbers"][optimiser].format(kind)
        return Place("numbers", f"{kind}/{optimiser}"), {"asks": asks}
    names = ", ".join(name for cases in everything.values() for name in cases)
    message = (
        f"no case {asked!r} in the record of other libraries; there are {names}, "
        f"optimisers with one of {', '.join(STEPS)}, such as Adam / then-zero, "
        f"and {', '.join(ENDS)} with a number type, such as softmax / float32"
    )
    raise LookupError(message)


def in_tables(records: dict[str, Any], page: str, row: str, kind: str) -> dict[str, list[str]]:
    """Return the libraries by what stands in a row and column of the tables of a page."""
    groups: dict[str, list[str]] = {}
    for name, one in records.items():
        entry = one["pages"].get(page, {}).get(row)
        if entry and kind in entry["answers"]:
            answer = entry["answers"][kind]
            if page == "steps" and isinstance(answer, float | int):
                answer = float(f"{answer:.2g}")
            groups.setdefault(power(record.said(answer)), []).append(name)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def sentence(
    groups: dict[str, list[str]], records: dict[str, Any], asks: str = "", *, moving: bool = False
) -> str:
    """Say our answer, or PyTorch's where we have none, and then only who answers otherwise.

    ``moving`` tells that the answers are how far an optimiser moves a weight.
    """
    several = asks.startswith("the two") or "the loss and the" in asks
    it, is_ = ("They", "are") if several else ("It", "moves the weight" if moving else "is")
    by = "by " if moving else ""
    standing = [answer for who in (OURS, "torch") for answer in groups if who in groups[answer]]
    first = standing[0] if standing else ""
    others = [answer for answer in groups if answer != first]
    said = []
    if first:
        stays = moving and first == "0"
        verb = "does not move the weight" if stays else f"{is_} {by}{both(first)}"
        said.append(f"{verb} {alike(groups, first, records)}")
    answered = [answer for answer in others if not answer.startswith("error")]
    where = [f"{by}{both(answer)} in {libraries(groups[answer], records)}" for answer in answered]
    if moving and answered == ["0"]:
        said.append(f"It does not move the weight in {libraries(groups['0'], records)}")
    elif where:
        verb = f"{it} {is_}" if first else is_
        between = ", and " if len(where) < 3 else "; "
        said.append(f"{verb} {between.join(where)}")
    failing = [name for answer in others if answer.startswith("error") for name in groups[answer]]
    if failing:
        raises = "raises" if len(failing) == 1 else "raise"
        said.append(f"{libraries(failing, records)} {raises} an error")
    return ". ".join(said) + "."


def alike(groups: dict[str, list[str]], answer: str, records: dict[str, Any]) -> str:
    """Say where an answer is the same: by name only where few agree."""
    here = ["in our engine"] if OURS in groups[answer] else []
    if len(groups) == 1:
        return record.listed([*here, "in all libraries that were asked"])
    rest = [name for name in groups[answer] if name not in (OURS, "torch")]
    if 2 * len(groups[answer]) > sum(map(len, groups.values())) and len(rest) > 2:
        torch = ["in PyTorch"] if "torch" in groups[answer] else []
        return record.listed([*here, *torch, "in most others"])
    named = [name for name in groups[answer] if name != OURS]
    return record.listed([*here, f"in {libraries(named, records)}"] if named else here)


def libraries(names: list[str], records: dict[str, Any]) -> str:
    """Name libraries, but only the first few of many."""
    return record.listed(record.together(names, records), 5)


def both(answer: str) -> str:
    """Write two numbers as a sentence has them."""
    return answer.replace(", ", " and ")


# ## Words and links


def day(iso: str) -> str:
    """Write a date as people do."""
    found = date.fromisoformat(iso)
    return f"{found.day} {found:%B %Y}"


def capital(title: str) -> str:
    """Begin a title with a capital, unless it begins with code or a name."""
    return title[0].upper() + title[1:]


def label(case: str) -> str:
    """Name the place of a case, for links from anywhere."""
    return f"elsewhere-{case}"


def add_files(app: Sphinx, page: str, _template: str, _context: Any, doctree: Any) -> None:
    """Load style and script on the pages of the record, and on no other."""
    if doctree is not None and page.startswith(FOLDER):
        app.add_css_file("elsewhere.css")
        app.add_js_file("elsewhere.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register both directives and what their pages need."""
    app.add_directive("elsewhere", ElsewherePage)
    app.add_directive("in_your_library", InYourLibrary)
    app.connect("html-page-context", add_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
