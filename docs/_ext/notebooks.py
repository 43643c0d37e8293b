"""Make the notebooks of the story readable: they have the words of the site, without its machinery.

sphinx-gallery turns reStructuredText into Markdown, but knows neither our directives nor our roles:
a reader who downloads a page would meet ``.. guess::`` and ``:verdict:``. Here a question becomes a
question with its answer folded, a claim a quotation with its verdict, and a link to another page of
the story a link to its notebook, which lies beside this one in the archive.
"""

import ast
import posixpath
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from string import ascii_uppercase
from textwrap import dedent, indent
from typing import Any, NamedTuple

import elsewhere_pages
import elsewhere_record
from claim_box import WORDING, authors_and_year, correction
from pybtex.database import parse_file
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx_gallery import gen_rst, notebook

# A directive at the beginning of a line, and what stands indented below it.
DIRECTIVE = re.compile(r"^\.\. (\w+)::[ ]*(.*)\n?((?:[ ]+.*\n?|\n)*)", re.MULTILINE)
OPTION = re.compile(r":([\w-]+):[ ]*(.*(?:\n[ ]+.*)*)\n?")
CHOICE = re.compile(r"^([A-D])\. ", re.MULTILINE)
MATHS = re.compile(r"^\.\. math::\n\n((?:[ ]+.*\n?|\n)+)", re.MULTILINE)
EXAMPLE = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
GAP = re.compile(r"\n{3,}")
ROLE = re.compile(r"(?:\\ )?:([a-z]+(?::[a-z]+)?):`([^`]+)`(?:\\ )?")
WITH_TARGET = re.compile(r"(.*?)\s*<(.*)>", re.DOTALL)
ESCAPED_SPACE = re.compile(r"(?<=\*)\\ ")
GALLERY = "sphx_glr_story_"


class Place(NamedTuple):
    """Where pages and sources are found: the site's address is empty if nobody knows it."""

    scripts: Path
    docs: Path
    site: str


class Cited(NamedTuple):
    """A work of the bibliography, in a text and in the list at its end."""

    short: str
    full: str


# -- What stands in a line -----------------------------------------------------------------------


def without_roles(text: str, place: Place, keys: list[str]) -> str:
    """Write every role as Markdown, and remember which works are cited."""

    def written(match: re.Match[str]) -> str:
        role, inside = match.groups()
        # As in reST, a space with a stroke before it is none.
        if role == "math":
            return match[0]
        if role in {"sub", "sup"}:
            return f"<{role}>{inside}</{role}>"
        if role.startswith("footcite"):
            keys.extend(key for key in inside.split(",") if key not in keys)
            return cited_as(role, inside.split(","), works(place.docs))
        named = WITH_TARGET.fullmatch(inside)
        words, target = named.groups() if named else ("", inside)
        return link_to(role, " ".join(words.split()), target, place)

    return ESCAPED_SPACE.sub("", ROLE.sub(written, text))


def cited_as(role: str, keys: list[str], known: dict[str, Cited]) -> str:
    """Name works in a sentence, or in brackets behind it."""
    names = ", ".join(known[key].short for key in keys)
    return names if role.endswith(":t") else f"({names})"


def link_to(role: str, words: str, target: str, place: Place) -> str:
    """Write a link; what only the site has is plain text where its address is not known."""
    if role == "ref" and target.startswith(GALLERY):
        script = next(place.scripts.rglob(f"plot_{target.partition('plot_')[2]}"))
        return f"[{words or title_of(script)}]({script.stem}.ipynb)"
    if role == "doc":
        page = target.lstrip("/")
        words = words or f"the page *{posixpath.basename(page).replace('-', ' ')}* of the site"
        return f"[{words}]({place.site}{page}.html)" if place.site else words
    if role == "claim":
        return words or f"claim {target}"
    name = f"`{target.removeprefix('~').rpartition('.')[2]}`"
    return f"{words} (`{target}`)" if words else name


def title_of(script: Path) -> str:
    """Read the title of a page of the story."""
    return title_in(ast.get_docstring(ast.parse(script.read_text("utf-8"))) or "")


def title_in(text: str) -> str:
    """Take the first line, which is the title."""
    return text.strip().partition("\n")[0].strip()


@cache
def works(docs: Path) -> dict[str, Cited]:
    """Read the bibliography."""
    found = parse_file(str(docs / "references.bib"), "bibtex").entries
    return {key: Cited(authors_and_year(one), in_full(one)) for key, one in found.items()}


def in_full(entry: Any) -> str:
    """Write a work for a list: who, what, where."""
    fields = entry.fields
    where = next(
        (fields[one] for one in ("journal", "booktitle", "publisher") if one in fields), ""
    )
    parts = [authors_and_year(entry), fields["title"], where]
    return ". ".join(re.sub("[{}]", "", part) for part in parts if part) + "."


# -- What stands in a block ----------------------------------------------------------------------


def readable(text: str, page: "Page") -> str:
    """Turn the directives of a cell into Markdown."""
    parts: list[str] = []
    done = 0
    for match in DIRECTIVE.finditer(text):
        write = WRITERS.get(match[1])
        if write is None:
            continue
        options, body = parts_of(dedent(match[3]).strip("\n"))
        parts += [text[done : match.start()], write(page, match[2].strip(), options, body), "\n\n"]
        done = match.end()
    whole = "".join([*parts, text[done:]])
    return "".join(
        piece if piece.startswith("```") else with_fences(GAP.sub("\n\n", piece))
        for piece in pieces(whole)
    ).rstrip("\n")


def pieces(text: str) -> Iterator[str]:
    """Divide a text into its blocks of code and what stands between them."""
    done = 0
    for match in FENCE.finditer(text):
        yield text[done : match.start()]
        yield match[0]
        done = match.end()
    yield text[done:]


def with_fences(text: str) -> str:
    """Set examples as code and formulas as formulas."""
    text = MATHS.sub(lambda found: f"$${' '.join(found[1].split())}$$\n\n", text)
    return EXAMPLE.sub(lambda found: f"```python\n{found[0]}\n```", text)


def parts_of(text: str) -> tuple[dict[str, str], str]:
    """Divide what stands below a directive into its options and its content."""
    options = {}
    while match := OPTION.match(text):
        options[match[1]] = " ".join(match[2].split())
        text = text[match.end() :]
    return options, text.strip("\n")


def folded(summary: str, text: str) -> str:
    """Fold a text away; Jupyter reads the Markdown between empty lines."""
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"


class Page(NamedTuple):
    """What a writer needs to know of the page."""

    place: Place
    docname: str
    keys: list[str]


def guess(_: Page, __: str, options: dict[str, str], body: str) -> str:
    """Ask, offer the choices, and fold the answer."""
    places = list(CHOICE.finditer(body))
    if not places:
        question, _, why = body.partition("\n\n")
        right = f"{options['answer'].replace('-', '−')} {options.get('unit', '')}".strip()
        choices = ""
    else:
        question = body[: places[0].start()]
        offered, why = [], ""
        for match, after in zip(places, [*places[1:], None], strict=True):
            text = body[match.end() : after.start() if after else None]
            if not after:
                text, _, why = text.partition("\n\n")
            offered.append(" ".join(text.split()))
        number = int(options["answer"]) - 1
        right = f"{ascii_uppercase[number]}. {offered[number]}"
        choices = "".join(
            f"- **{letter}.** {text}\n"
            for letter, text in zip(ascii_uppercase, offered, strict=False)
        )
    parts = [f"**Guess:** {question.strip()}", choices.rstrip()]
    answer = folded("Show the answer", f"Answer: {right}\n\n{with_fences(why).strip()}")
    return "\n\n".join(part for part in [*parts, answer] if part)


def claim(page: Page, name: str, options: dict[str, str], body: str) -> str:
    """Quote the sentence with its verdict; fold the check."""
    before, mark, after = body.partition(">>> ")
    paragraphs = before.strip("\n").split("\n\n")
    first = len(paragraphs)
    while mark and first > 1 and paragraphs[first - 1].rstrip().endswith(":"):
        first -= 1
    verdict = options["verdict"]
    lines = [f"**Claim {name}: {WORDING.get(verdict, verdict)}**", *paragraphs[:first]]
    if "when" in options:
        lines.append(f"*It holds when* {options['when']}")
    if "corrected" in options:
        lines.append(f"*{correction(verdict)}* {options['corrected']}")
    quoted = indent("\n\n".join(lines), "> ", lambda _: True).replace("> \n", ">\n")
    check = "\n\n".join([*paragraphs[first:], mark + after])
    if "sources" in options:
        keys = options["sources"].replace(",", " ").split()
        known = works(page.place.docs)
        check += "\n\nSources:\n\n" + "\n".join(f"- {known[key].full}" for key in keys)
    return f"{quoted}\n\n{folded('Show the check', with_fences(check).strip())}"


def needs(page: Page, numbers: str, _: dict[str, str], __: str) -> str:
    """Name the pages to read before, by their titles."""
    if numbers == "nothing":
        return ""
    links = []
    for number in map(int, numbers.replace(",", " ").split()):
        script = next(page.place.scripts.rglob(f"plot_{number:02d}_*.py"))
        links.append(f"[page {number}, *{title_of(script)}*]({script.stem}.ipynb)")
    return f"Read before: {', '.join(links)}."


def live(page: Page, kind: str, options: dict[str, str], body: str) -> str:
    """Ask what the site asks in a picture; a picture that only the site has is left out."""
    if kind == "predict":
        return f"**Guess:** {options['folded']}\n\n{folded('Show the answer', with_fences(body))}"
    if page.place.site:
        address = f"{page.place.site}{page.docname}.html"
        return f"[On the site this picture can be changed by hand.]({address})"
    return ""


def in_your_library(page: Page, asked: str, _: dict[str, str], __: str) -> str:
    """Say in one line what other libraries do."""
    records = elsewhere_record.read(page.place.docs / elsewhere_pages.FOLDER)
    place, says = elsewhere_pages.in_one_line(asked, records)
    line = f"**In other libraries:** {says}"
    if page.place.site:
        address = f"{page.place.site}{elsewhere_pages.FOLDER}/{place.page}.html"
        line += f" [What each library does, with the programs]({address})."
    return line


def sources(page: Page, *_: Any) -> str:
    """List the works that the page cites."""
    known = works(page.place.docs)
    return "**Sources**\n\n" + "\n".join(f"- {known[key].full}" for key in page.keys)


WRITERS: dict[str, Callable[..., str]] = {
    "guess": guess,
    "claim": claim,
    "needs": needs,
    "live": live,
    "in_your_library": in_your_library,
    "footbibliography": sources,
}


# -- Whole notebooks -----------------------------------------------------------------------------


def make(blocks: list[Any], conf: dict[str, Any], folder: Any, place: Place) -> dict[str, Any]:
    """Make a notebook of the blocks of a script."""
    keys: list[str] = []
    plain = [
        block
        if block[0] == "code"
        else type(block)(block[0], without_roles(block[1], place, keys), *block[2:])
        for block in blocks
    ]
    made = notebook.jupyter_notebook(plain, conf, folder)
    title = next(block[1] for block in plain if block[0] != "code")
    page = Page(place, docname_of(title_in(title), place), keys)
    for cell in made["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = [readable("".join(cell["source"]), page)]
    return made


def docname_of(title: str, place: Place) -> str:
    """Find the page that has a title."""
    for script in place.scripts.rglob("plot_*.py"):
        if title_of(script) == title:
            return f"story/{script.parent.name}/{script.stem}"
    return "story/index"


class Offered(NamedTuple):
    """What sphinx-gallery offers below a page: the script and a notebook of ours.

    It has no setting for that. A process that runs scripts beside others reads no conf.py and loads
    no extension; but each process calls, before a script, all that is to be reset, and this too.
    """

    scripts: str
    site: str

    def __call__(self, conf: dict[str, Any], _script: str) -> None:
        """Have notebooks made by us, in this process."""
        docs = Path(conf["src_dir"])
        place = Place((docs / self.scripts).resolve(), docs, self.site)
        gen_rst.jupyter_notebook = partial(make, place=place)
        # Beside the two, an archive of them holds nothing new, and its bytes tell when it was made.
        gen_rst.ZIP_DOWNLOAD = ""


def hand_over(_: Sphinx, config: Config) -> None:
    """Let it be called before each script."""
    conf = config.sphinx_gallery_conf
    offered = Offered(config.downloads_scripts, config.html_baseurl)
    conf["reset_modules"] = (*conf["reset_modules"], offered)


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the notebooks of sphinx-gallery ours."""
    # After sphinx-gallery has filled in what conf.py left out.
    app.connect("config-inited", hand_over, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
