"""The words that stand unquoted in SQL: operators, functions' names, joins, window frames.

Core takes them as text. What is none of them is refused, so that a name from outside cannot become SQL in their place.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from rhosocial.activerecord.backend.dialect.mixins import WindowFunctionMixin

_WORD = (
    r"(?:AND|OR|XOR|NOT|IS|NULL|TRUE|FALSE|UNKNOWN|LIKE|ILIKE|REGEXP|RLIKE|SOUNDS|MEMBER|OF|IN|DISTINCT|FROM|DIV|MOD"
    r"|BINARY|BETWEEN)"
)
_OPERATOR = re.compile(rf"(?!--|/\*|\*/)[-+*/%<>=!&|^~:]{{1,3}}|{_WORD}(?: {_WORD}){{0,4}}", re.IGNORECASE)
_FUNCTION = re.compile(r"[A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$]*)?")
_JOIN = re.compile(r"(?:(?:NATURAL|INNER|LEFT|RIGHT|FULL|CROSS|OUTER|STRAIGHT|JOIN|STRAIGHT_JOIN)\b ?)+", re.IGNORECASE)
_BOUND = re.compile(
    r"CURRENT ROW|(?:UNBOUNDED|\d+|INTERVAL (?:\d+|'[\d:. -]+') \w+) (?:PRECEDING|FOLLOWING)", re.IGNORECASE
)
_FRAMES = frozenset({"ROWS", "RANGE", "GROUPS"})


def _checked(pattern: re.Pattern[str], kind: str, text: str) -> str:
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise ValueError(f"{kind}: {text!r:.60}")
    return text


@lru_cache(256)
def operator(text: str) -> str:
    """The operator itself. Raises ValueError for what is none."""
    return _checked(_OPERATOR, "no operator", text)


@lru_cache(256)
def function(text: str) -> str:
    """The function's name itself. Raises ValueError for what cannot be one."""
    return _checked(_FUNCTION, "not the name of a function", text)


def join(text: str) -> str:
    return _checked(_JOIN, "no kind of join", text)


class WindowFormatting:
    """Window functions: core's text, of checked words."""

    def format_window_function_call(self, call: Any) -> tuple[str, tuple]:
        function(call.function_name)
        return WindowFunctionMixin.format_window_function_call(self, call)

    def format_window_frame_specification(self, spec: Any) -> tuple[str, tuple]:
        if str(spec.frame_type).upper() not in _FRAMES:
            raise ValueError(f"no kind of window frame: {spec.frame_type!r:.60}")
        for bound in (spec.start_frame, spec.end_frame):
            if bound is not None:
                _checked(_BOUND, "no bound of a window frame", bound)
        return WindowFunctionMixin.format_window_frame_specification(self, spec)
