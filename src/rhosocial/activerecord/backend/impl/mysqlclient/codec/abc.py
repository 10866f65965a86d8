"""What both codec implementations agree on: decode codes, limits and the texts of their errors.

The twins are ``_python`` and ``_native``; every name here is used by both, so that they cannot
differ in a constant or a message.
"""

from enum import IntEnum

# MySQL manual 13.2.3: TIME ranges from '-838:59:59.000000' to '838:59:59.000000'; the fraction is
# accepted up to .999999 only below the last second.
MAX_TIME_SECONDS = 838 * 3600 + 59 * 60 + 59

# MySQL manual 14.24.2: DECIMAL holds at most 65 digits.
MAX_DECIMAL_DIGITS = 65


class Code(IntEnum):
    """How one column's cells become Python values. SQL NULL is None under every code."""

    BYTES = 0
    TEXT = 1  # utf-8 -> str
    INT = 2
    FLOAT = 3
    DECIMAL = 4
    DATE = 5
    TIMEDELTA = 6  # TIME -> datetime.timedelta
    DATETIME = 7  # naive
    DATETIME_UTC = 8  # aware, datetime.timezone.utc
    BIT = 9  # big-endian bytes -> int
    SET = 10  # 'a,b' -> {'a', 'b'}
    BOOL = 11  # integer text -> bool
    TIME = 12  # TIME within a day -> datetime.time
    UUID = 13  # 36 characters -> uuid.UUID
    JSON = 14  # text -> plan.json_loads(text)
    VECTOR = 15  # little-endian float32s -> list of float


class ZeroDates(IntEnum):
    """What a date that Python cannot hold ('0000-00-00', '2024-00-15', '2024-02-30') becomes."""

    NONE = 0
    RAISE = 1
    TEXT = 2


class Load(IntEnum):
    """What LOAD DATA is given for one column: text that the server stores as it stores INSERT's literals."""

    INTEGER = 0
    DECIMAL = 1
    FLOAT = 2
    YEAR = 3  # int in four digits: INSERT takes 0 for the year 0000, text '0' is 2000 (MySQL manual 13.2.4)
    BIT = 4  # digits, to be cast: text is taken for its bytes
    TEXT = 5
    MEMBER = 6  # ENUM, SET, JSON, dates and times: an int would be something else than the same digits as text
    BINARY = 7  # hexadecimal digits


class DecodeError(ValueError):
    """A cell that is not what its column type says."""


class EncodingError(ValueError):
    """A str parameter that utf-8 cannot hold (a lone surrogate)."""


def decode_error(column: str, what: str, cell: bytes) -> DecodeError:
    """The error for a cell of ``column`` that is no ``what``; shows at most 60 bytes of it."""
    shown = repr(cell) if len(cell) <= 60 else f"{cell[:60]!r}... ({len(cell)} bytes)"
    return DecodeError(f"column {column!r}: {shown} is not {what}")


class WireError(Exception):
    """The server or the connection failed while rows were read: args (errno, message, sqlstate)."""
