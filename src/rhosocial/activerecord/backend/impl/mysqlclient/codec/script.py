"""A script of several statements -> its statements, as the mysql client cuts it."""

import re
from functools import lru_cache
from typing import Iterator

from .sql import is_blank, skipped


@lru_cache(64)
def _pattern(delimiter: str, backslash: bool) -> "re.Pattern[str]":
    """What a statement's end is looked for in: what is skipped, the delimiter, the DELIMITER command."""
    command = r"(?P<command>^[ \t]*delimiter[ \t]+(?P<new>\S+)[^\n]*)"
    return re.compile(
        f"{skipped(backslash)}|(?P<end>{re.escape(delimiter)})|{command}", re.DOTALL | re.MULTILINE | re.IGNORECASE
    )


def statements(script: str, backslash: bool) -> Iterator[str]:
    """The statements of ``script``, without their delimiters and those that are only comments.

    ``;`` ends a statement outside of strings, quoted identifiers and comments; ``DELIMITER //`` at the
    start of a statement's line changes that, for bodies of routines (mysql manual, "mysql Client Commands").
    backslash: whether a backslash escapes in the session's string literals.
    """
    delimiter, start, position = ";", 0, 0
    while True:
        found = _pattern(delimiter, backslash).search(script, position)
        if found is None:
            break
        position = found.end()
        if found["end"]:
            if not is_blank(script[start : found.start()], backslash):
                yield script[start : found.start()].strip()
            start = position
        elif found["command"] and is_blank(script[start : found.start()], backslash):
            delimiter, start = found["new"], position
    if not is_blank(script[start:], backslash):
        yield script[start:].strip()
