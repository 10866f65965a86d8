"""SQL text -> the bytes between its placeholders, once per statement.

A placeholder is ``%s`` outside of strings, quoted identifiers, comments and hints, not followed by
a word character (``price %size`` is a modulo). Everything else is the server's: ``%``, ``%%``,
``%d`` and ``?`` stay as they are, so ``a %%s`` is ``a % <value>``. Under ANSI_QUOTES too, ``"..."``
is skipped; what it means is the server's business.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Iterator, List, NamedTuple, Optional, Tuple

from .abc import EncodingError

CACHED_TEMPLATES = 512
CACHED_LENGTH = 8192  # characters; a longer statement is cut anew each time

# Where a byte of a character may be a quote or a backslash to the server, no literal is safe (GHSA-x4f8-9hx9-hpp9).
_OTHER_CHARSET = re.compile(
    r"""(?:\bSET|,)\s*
    (?:NAMES\b|CHARACTER\s+SET\b|CHARSET\b|(?:@@|SESSION\s|LOCAL\s|@@SESSION\.|@@LOCAL\.)?\s*character_set_client\s*:?=)
    (?!\s*['"`]?utf8(?:mb[34])?\b)""",
    re.IGNORECASE | re.VERBOSE,
)

# A doubled quote needs no rule: it ends one string and starts the next.
_PLAIN_STRINGS = (r"'[^']*'?", r'"[^"]*"?')
_BACKSLASH_STRINGS = (r"'[^'\\]*(?:\\.[^'\\]*)*(?:'|\\?\Z)", r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)')
_REST = (
    r"`[^`]*`?",
    r"--(?=[\x00-\x20\x7f]|\Z)[^\n]*",  # MySQL manual 11.7: -- needs a space or control after it
    r"#[^\n]*",
    r"/\*M?!",  # only the opening: what follows is SQL to the servers that execute it
    r"/\*[^*]*(?:\*+(?!/)[^*]*)*(?:\*/|\Z)",
)
_EXECUTABLE = ("/*!", "/*M!")


def skipped(backslash: bool) -> str:
    """A regular expression for what is no SQL of its own: strings, quoted identifiers, comments."""
    return "|".join((*(_BACKSLASH_STRINGS if backslash else _PLAIN_STRINGS), *_REST))


def switches_charset(sql: str) -> bool:
    """Whether it is a SET that makes the session's character set another than utf8mb4 or utf8mb3."""
    return sql.lstrip()[:3].upper() == "SET" and _OTHER_CHARSET.search(sql) is not None


def is_blank(sql: str, backslash: bool) -> bool:
    """Whether there is nothing but space and comments."""
    return all(_is_comment(token[0]) for token in _ALL[backslash].finditer(sql))


def _tokens(*more: str) -> Tuple["re.Pattern[str]", "re.Pattern[str]"]:
    """Patterns indexed by ``backslash``. Every alternative starts with a literal (the search skips
    by first characters) and ends at \\Z at the latest (nothing is ever tried twice)."""
    plain, backslash = ("|".join((skipped(mode), *more)) for mode in (False, True))
    return re.compile(plain, re.DOTALL), re.compile(backslash, re.DOTALL)


_SKIPPED_OR_PLACEHOLDER = _tokens(r"%s(?![\w$])")
_ALL = _tokens(r"[\w$]+", r"\S")

# One letter per token, so that the grammar of INSERT is one pattern over tokens, not over text.
_KINDS = {
    "INSERT": "I", "REPLACE": "I",
    "LOW_PRIORITY": "m", "DELAYED": "m", "HIGH_PRIORITY": "m", "IGNORE": "m", "INTO": "o",
    "PARTITION": "p", "VALUES": "V", "VALUE": "v",
    "AS": "t", "ON": "t", "RETURNING": "t",
    # evaluated once per statement, or from what the statement before did: rows cannot share one
    "SELECT": "s", "TABLE": "s", "WITH": "s", "LAST_INSERT_ID": "s", "ROW_COUNT": "s",
    "FOUND_ROWS": "s", "SET": "s", "ROW": "s",
    "(": "(", ")": ")", ",": ",", ".": ".", ";": ";",
}  # fmt: skip
_INSERT_HEAD = re.compile(r"Im*o?[wv]w*(?:\.[wv]w*)?(?:p\([w,]+\))?(?:\([wv,.]*\))?[Vv](?=\()")
_INSERT_TAIL = re.compile(r"(?:t[^;!]*)?;?\Z")


class InsertShape(NamedTuple):
    """``INSERT ... VALUES (row) ...``: ``head``, then any number of rows joined by commas, then
    ``tail``. ``row`` is one row's text, parentheses included, cut at its placeholders."""

    head: bytes
    row: Tuple[bytes, ...]
    tail: bytes


@dataclass(frozen=True)
class Template:
    """A statement cut at its n placeholders into the n + 1 ``parts`` between them (utf-8)."""

    sql: str
    backslash: bool
    parts: Tuple[bytes, ...]

    @cached_property
    def insert(self) -> Optional[InsertShape]:
        """How to insert many rows with this statement at once; None where one row at a time may
        mean something else, or where all placeholders are not in the one row."""
        group = _row_group(self.sql, self.backslash)
        if group is None:
            return None
        start, end = group
        row = _cut(self.sql[start:end], self.backslash)
        if len(row) == 1 or len(row) != len(self.parts):
            return None
        return InsertShape(self.sql[:start].encode(), row, self.sql[end:].encode())


def template(sql: str, backslash: bool) -> Template:
    """The template of a statement, from a bounded cache.

    backslash: whether the session takes a backslash in a string as an escape, that is whether it
        is not in NO_BACKSLASH_ESCAPES.
    Raises EncodingError for a lone surrogate, ValueError for a placeholder in ``/*! ... */``.
    """
    if type(sql) is not str:
        if not isinstance(sql, str):
            raise TypeError(f"a statement must be a str, not a {type(sql).__name__}")
        sql = str.__str__(sql)
    return (_cached if len(sql) <= CACHED_LENGTH else _template)(sql, bool(backslash))


def _template(sql: str, backslash: bool) -> Template:
    return Template(sql, backslash, _cut(sql, backslash))


_cached = lru_cache(CACHED_TEMPLATES)(_template)


def _cut(sql: str, backslash: bool) -> Tuple[bytes, ...]:
    parts: List[bytes] = []
    done = 0
    try:
        for start in _placeholders(sql, backslash):
            parts.append(sql[done:start].encode())
            done = start + 2
        parts.append(sql[done:].encode())
    except UnicodeEncodeError as error:
        position = done + error.start
        raise EncodingError(
            f"the statement holds a lone surrogate at position {position}: utf-8 cannot hold it"
        ) from error
    return tuple(parts)


def _placeholders(sql: str, backslash: bool) -> Iterator[int]:
    """Where each placeholder starts."""
    if "%s" not in sql:
        return
    executable_end = -1
    for token in _SKIPPED_OR_PLACEHOLDER[backslash].finditer(sql):
        start, end = token.span()
        placeholder = sql[start] == "%"
        # A server that skips /*!99999 ... */ ends it at the first */, inside a string as well:
        # a value there could leave the comment and become SQL.
        if start < executable_end and (placeholder or end > executable_end):
            raise ValueError(
                "a placeholder, or a string or comment that does not end, within the executable "
                f"comment before position {executable_end}: a server that skips the comment would "
                "take a value's */ for its end; put the value outside of the comment"
            )
        if placeholder:
            yield start
        elif start >= executable_end and sql.startswith(_EXECUTABLE, start):
            executable_end = sql.find("*/", end)
            if executable_end < 0:
                executable_end = len(sql)


def _row_group(sql: str, backslash: bool) -> Optional[Tuple[int, int]]:
    """Start and end of the one parenthesised row of an INSERT or REPLACE, else None."""
    found = (t for t in _ALL[backslash].finditer(sql) if not _is_comment(t[0]))
    first = next(found, None)
    if first is None or _kind(first[0]) != "I":
        return None
    tokens = [first, *found]
    kinds = "".join(_kind(t[0]) for t in tokens)
    head = _INSERT_HEAD.match(kinds)
    if head is None or "!" in kinds:
        return None
    depth = 0
    for last in range(head.end(), len(kinds)):
        depth += {"(": 1, ")": -1}.get(kinds[last], 0)
        if depth == 0:
            break
    else:
        return None
    row = kinds[head.end() : last]
    if any(k in row for k in "sV;") or not _INSERT_TAIL.match(kinds, last + 1):
        return None
    return tokens[head.end()].start(), tokens[last].end()


def _is_comment(token: str) -> bool:
    if token.startswith(("#", "--")):
        return True
    return token.startswith("/*") and not token.startswith(_EXECUTABLE)


def _kind(token: str) -> str:
    if token.startswith(_EXECUTABLE):
        return "!"
    kind = _KINDS.get(token.upper())
    if kind is None:
        kind = "w" if token[0] in "`\"_$" or token[0].isalnum() else "x"
    return kind
