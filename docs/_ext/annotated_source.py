"""Cut the source of a module into pieces: something said, and the code of which it is said."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from textwrap import dedent

HEADING = re.compile(r"## (.+)\n?")
# What a linter or a type checker is told is nothing to a reader.
FOR_TOOLS = re.compile(r"  # (noqa|type: ignore)\b.*$", re.MULTILINE)
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Piece:
    """A piece of a module.

    Attributes
    ----------
    depth : int
        Of its title: 1 for a part of the page, 2 for a part of that, and so on.
    title : str
        Of a part, or the public name that is defined at the top level; empty within.
    names : list of str
        Qualified names of what is defined here.
    comment, docstring, code : str
        What is said, and of what.
    imports : bool
        Whether the code only fetches names from elsewhere.
    """

    depth: int = 0
    title: str = ""
    names: list[str] = field(default_factory=list)
    comment: str = ""
    docstring: str = ""
    code: str = ""
    imports: bool = False


def read(source: str) -> list[Piece]:
    """Cut a module into pieces, in the order of its lines."""
    module = ast.parse(source)
    pieces = [Piece(docstring=ast.get_docstring(module) or "")]
    for piece in _pieces(source.splitlines(), module, "", 1):
        last = pieces[-1]
        says_something = piece.title or piece.comment or piece.docstring
        if last.code and not says_something and piece.imports == last.imports:
            last.code += piece.code
            last.names += piece.names
        else:
            pieces.append(piece)
    for piece in pieces:
        piece.code = FOR_TOOLS.sub("", dedent(piece.code).strip("\n"))
    return pieces


def _pieces(lines: list[str], owner: ast.AST, prefix: str, depth: int) -> Iterator[Piece]:
    """Read what stands in a module or a class, below its docstring."""
    statements, done = _body(owner)
    in_part = 0
    for statement in statements:
        start = _first_line(statement)
        # What stands directly above a statement is said of it; the rest speaks for itself.
        *apart, comment = _comments(lines[done:start])
        for block in filter(None, apart):
            title = HEADING.match(block)
            in_part = 1 if title else in_part
            yield Piece(depth, title[1] if title else "", comment=HEADING.sub("", block, count=1))
        defines = isinstance(statement, Definition)
        docstring = (ast.get_docstring(statement) or "") if defines else ""
        is_part = defines and not prefix and not statement.name.startswith("_")
        yield Piece(
            depth=depth + in_part,
            title=statement.name if is_part else "",
            names=[prefix + statement.name] if defines else [],
            comment=comment,
            docstring=docstring,
            code="\n" * (start - done + 1) + "\n".join(_code(lines, statement)),
            imports=_is_import(statement) and not comment,
        )
        if isinstance(statement, ast.ClassDef):
            name = f"{prefix}{statement.name}."
            yield from _pieces(lines, statement, name, depth + in_part + is_part)
        done = statement.end_lineno


def _body(owner: ast.AST) -> tuple[list[ast.stmt], int]:
    """Give the statements below a docstring, and the line before them."""
    if ast.get_docstring(owner, clean=False) is not None:
        return owner.body[1:], owner.body[0].end_lineno
    return owner.body, _first_line(owner.body[0]) if isinstance(owner, ast.ClassDef) else 0


def _first_line(statement: ast.stmt) -> int:
    """Give the index of a statement's first line, decorators included."""
    decorators = getattr(statement, "decorator_list", [])
    return min(node.lineno for node in [statement, *decorators]) - 1


def _comments(lines: list[str]) -> list[str]:
    """Join the lines of each comment; blank lines divide them."""
    blocks = re.split(r"\n *\n", "\n".join(["", *lines, ""]))
    texts = [re.sub(r"^ *# ?", "", block, flags=re.MULTILINE).strip("\n") for block in blocks]
    return texts if lines and lines[-1].strip() else [*texts, ""]


def _code(lines: list[str], statement: ast.stmt) -> list[str]:
    """Take the lines of a statement without its docstring; of a class, only its head."""
    start, end = _first_line(statement), statement.end_lineno
    is_class = isinstance(statement, ast.ClassDef)
    if not isinstance(statement, Definition) or ast.get_docstring(statement) is None:
        return lines[start : _first_line(statement.body[0]) if is_class else end]
    docstring = statement.body[0]
    head, rest = lines[start : docstring.lineno - 1], lines[docstring.end_lineno : end]
    if is_class:
        return head
    return head + (rest if rest and rest[0].strip() else rest[1:])


def _is_import(node: ast.stmt) -> bool:
    typing = ast.unparse(node).startswith(("TYPE_CHECKING =", "if TYPE_CHECKING:"))
    return typing or isinstance(node, ast.Import | ast.ImportFrom)
