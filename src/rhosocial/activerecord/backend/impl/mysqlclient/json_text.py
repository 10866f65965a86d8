"""JSON text and Python values: by orjson where it is installed, with the results of the standard library."""

import json
from datetime import date, datetime, time
from enum import Enum
from re import compile as regex
from typing import Any
from uuid import UUID

from pydantic import BaseModel

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)
_long_number = regex(r"[0-9]{19}")  # orjson makes a float of an integer beyond 64 bits


def _stdlib_loads(text: str | bytes) -> Any:
    try:
        return _decoder.decode(text if isinstance(text, str) else bytes(text).decode())
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None


def _orjson_loads(text: str | bytes) -> Any:
    """The same values as the standard library's: what orjson refuses or reads otherwise is left to that."""
    text = text if isinstance(text, str) else bytes(text).decode()
    if _long_number.search(text):
        return _stdlib_loads(text)
    try:
        return orjson.loads(text)
    except ValueError:
        return _stdlib_loads(text)


def _json_default(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")


def _stdlib_dumps(value: Any) -> str:
    """Raises TypeError for what JSON does not know, ValueError for NaN and infinities."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_json_default)
    except RecursionError:
        raise ValueError("nested too deeply for JSON") from None


def _orjson_dumps(value: Any) -> str:
    try:
        text = orjson.dumps(value, _json_default, _ORJSON_OPTIONS)
    except TypeError:  # integers beyond 64 bits, unusual keys
        return _stdlib_dumps(value)
    if b"null" in text:  # orjson writes NaN so
        return _stdlib_dumps(value)
    return text.decode()


if orjson is None:
    json_loads, json_dumps, json_quick = _stdlib_loads, _stdlib_dumps, None
else:
    _ORJSON_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
    # quick: json_loads without a number of 19 digits, if it raises no ValueError
    json_loads, json_dumps, json_quick = _orjson_loads, _orjson_dumps, orjson.loads
