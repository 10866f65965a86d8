"""SQL text: quoting names and strings, and finding what stands outside of quotes and comments."""

from __future__ import annotations

import re
from typing import Callable, Iterable, Iterator

#: Database, table, column, index, ... names (manual, "Identifier Length Limits").
MAX_IDENTIFIER_LENGTH = 64

_QUOTED = r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`"""
_COMMENT = r"--(?=\s|$)[^\n]*|\#[^\n]*|/\*.*?\*/"
_PLACEHOLDER = re.compile(rf"{_QUOTED}|{_COMMENT}|(?P<mark>\\?\?)", re.DOTALL)
_PAREN = re.compile(rf"{_QUOTED}|{_COMMENT}|(?P<paren>[()])", re.DOTALL)
_NAME = r"`(?:[^`]|``)+`"
_SIMPLE = re.compile(rf"%s|[\w.]+|{_NAME}(?:\.{_NAME})*|'(?:[^'\\]|\\.|'')*'", re.DOTALL)
_CALL = re.compile(r"(?!(?:NOT|SELECT|VALUES|WITH|TABLE)\b)(?:[\w.]+ ?)?(?=\()", re.IGNORECASE)


def quote_identifier(name: str) -> str:
    """Back-quote one name.

    Raises:
        TypeError: ``name`` is not a str.
        ValueError: it is empty, has a NUL, or is longer than 64 characters.
    """
    if not isinstance(name, str):
        raise TypeError(f"an identifier must be a str, got {type(name).__name__}: {name!r}")
    if not 0 < len(name) <= MAX_IDENTIFIER_LENGTH or "\0" in name:
        raise ValueError(f"not an identifier (1 to {MAX_IDENTIFIER_LENGTH} characters, no NUL): {name!r}")
    return "`" + name.replace("`", "``") + "`"


def escape_string(value: str) -> str:
    """The inside of a string literal: backslashes and single quotes doubled."""
    return value.replace("\\", "\\\\").replace("'", "''")


def quote_string(value: str) -> str:
    return f"'{escape_string(value)}'"


def convert_placeholders(sql: str) -> str:
    r"""``?`` becomes ``%s`` and ``\?`` a plain ``?``, outside of quotes and comments."""

    def replace(match: re.Match[str]) -> str:
        mark = match.group("mark")
        if mark is None:
            return match.group()
        return "%s" if mark == "?" else "?"

    return _PLACEHOLDER.sub(replace, sql)


def rewrite_names(sql: str, tables: Iterable[str], replace: Callable[[str], str]) -> str:
    """Every ``table.column`` of the given tables becomes ``replace(column)``, all of them back-quoted."""
    return _qualified(tables).sub(lambda match: replace(match["column"]) if match["column"] else match.group(), sql)


def qualified_columns(sql: str, tables: Iterable[str]) -> set[str]:
    """The back-quoted columns that ``sql`` reads as ``table.column`` of the given tables."""
    return {match["column"] for match in _qualified(tables).finditer(sql) if match["column"]}


def _qualified(tables: Iterable[str]) -> re.Pattern[str]:
    names = "|".join(re.escape(quote_identifier(table)) for table in tables)
    return re.compile(rf"(?:{names})\.(?P<column>{_NAME})|{_QUOTED}|{_COMMENT}", re.DOTALL)


def _outermost(sql: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """The stretches of ``sql`` that are in no quotes, comment or parentheses."""
    depth, begin = 0, start
    for match in _PAREN.finditer(sql, start):
        paren = match.group("paren")
        if depth == 0:
            yield begin, match.start()
        if paren == "(":
            depth += 1
        elif paren == ")":
            depth -= 1
        begin = match.end()
    yield begin, len(sql)


def outermost_words(sql: str) -> set[str]:
    """The words of ``sql``, in capitals, that are in no quotes, comment or parentheses."""
    return {word.upper() for begin, end in _outermost(sql) for word in re.findall(r"\w+", sql[begin:end])}


def is_atomic(sql: str) -> bool:
    """True if an operator beside ``sql`` cannot reach into it: a name, a literal, a call, ``(...)``."""
    if _SIMPLE.fullmatch(sql):
        return True
    if sql.startswith("INTERVAL "):  # not an expression: (INTERVAL 1 DAY) is a syntax error
        return True
    head = _CALL.match(sql)
    # one pair of parentheses to the very end: nothing stands outside of it
    return head is not None and all(begin == end for begin, end in _outermost(sql, head.end()))


def enclose(sql: str) -> str:
    """``sql`` as an operand: in parentheses unless it needs none."""
    return sql if is_atomic(sql) else f"({sql})"
