"""Column metadata + what the caller wants -> a plan both implementations follow. Once per result."""

from typing import Any, Callable, Dict, Iterable, Mapping, NamedTuple, Optional, Tuple

from .abc import Code, ZeroDates

# MySQL C API enum_field_types (field_types.h); VECTOR since MySQL 9.0.
_DECIMAL, _TINY, _SHORT, _LONG, _FLOAT, _DOUBLE, _NULL, _TIMESTAMP, _LONGLONG, _INT24 = range(10)
_DATE, _TIME, _DATETIME, _YEAR, _NEWDATE, _VARCHAR, _BIT = range(10, 17)
_VECTOR, _JSON, _NEWDECIMAL, _ENUM, _SET = 242, 245, 246, 247, 248
_BLOBS_AND_STRINGS = (_VARCHAR, _ENUM, 249, 250, 251, 252, 253, 254)

SET_FLAG = 2048

_BY_TYPE: Dict[int, Code] = {
    **dict.fromkeys((_TINY, _SHORT, _LONG, _LONGLONG, _INT24, _YEAR), Code.INT),
    **dict.fromkeys((_FLOAT, _DOUBLE), Code.FLOAT),
    **dict.fromkeys((_DECIMAL, _NEWDECIMAL), Code.DECIMAL),
    **dict.fromkeys((_DATE, _NEWDATE), Code.DATE),
    **dict.fromkeys((_TIMESTAMP, _DATETIME), Code.DATETIME),
    **dict.fromkeys(_BLOBS_AND_STRINGS, Code.TEXT),
    _TIME: Code.TIMEDELTA,
    _BIT: Code.BIT,
    _JSON: Code.TEXT,  # text, though MySQL reports the charset 'binary' for it
    _SET: Code.SET,
    _VECTOR: Code.VECTOR,
}

# (how the column decodes, what its adapter says it makes of that) -> the code that does both.
_FUSED: Dict[Tuple[Code, str], Code] = {
    (Code.INT, "bool"): Code.BOOL,
    (Code.TEXT, "json"): Code.JSON,
    (Code.TEXT, "uuid"): Code.UUID,
    (Code.TEXT, "str"): Code.TEXT,
    (Code.TIMEDELTA, "time"): Code.TIME,
    (Code.DECIMAL, "decimal"): Code.DECIMAL,
    (Code.DATE, "date"): Code.DATE,
    (Code.DATETIME, "datetime"): Code.DATETIME,
    (Code.DATETIME_UTC, "datetime"): Code.DATETIME_UTC,
    (Code.BYTES, "blob"): Code.BYTES,
    (Code.SET, "set"): Code.SET,
    (Code.VECTOR, "vector"): Code.VECTOR,
}

Call = Tuple[Callable[[Any, Any], Any], Any]
Adapters = Mapping[str, Tuple[Any, Any]]


class Column(NamedTuple):
    """One column of a result, as the server describes it."""

    name: str
    type: int  # enum_field_types
    flags: int
    binary: bool  # charset 63: the cells are bytes, not characters
    decimals: int


class Plan(NamedTuple):
    """How to decode one result. Every tuple is as long as the result is wide.

    codes:      one Code a column, as bytes
    keys:       the keys of the row dicts; None: rows are tuples
    names:      the column names, for errors
    calls:      (from_database, annotation) called on every value, NULL too, or None; None: no calls
    fallbacks:  the same of adapters that are fused into the code, for what the code does not cover
    json_quick: does what json_loads does with a text without 19 digits in a row, or raises ValueError
    """

    codes: bytes
    keys: Optional[Tuple[str, ...]]
    names: Tuple[str, ...]
    calls: Optional[Tuple[Optional[Call], ...]] = None
    fallbacks: Optional[Tuple[Optional[Call], ...]] = None
    zero_dates: ZeroDates = ZeroDates.NONE
    json_loads: Optional[Callable[[str], Any]] = None
    json_quick: Optional[Callable[[bytes], Any]] = None


def _code(column: Column, utc: bool) -> Code:
    if column.flags & SET_FLAG:
        return Code.SET  # the type reported is STRING (C API, mysql.h SET_FLAG)
    code = _BY_TYPE.get(column.type, Code.BYTES)
    if code is Code.DATETIME and utc:
        return Code.DATETIME_UTC
    if code is Code.TEXT and column.binary and column.type != _JSON:
        return Code.BYTES
    return code


class Planner:
    """Makes the plans of one session's results, and remembers the plain ones by their columns.

    utc: DATETIME and TIMESTAMP become aware datetimes, else naive ones.
    """

    REMEMBERED = 256

    def __init__(
        self,
        utc: bool = True,
        zero_dates: ZeroDates = ZeroDates.NONE,
        json_loads: Optional[Callable] = None,
        json_quick: Optional[Callable] = None,
    ) -> None:
        self.utc = utc
        self.zero_dates = zero_dates
        self.json_loads = json_loads
        self.json_quick = json_quick
        self._plain: Dict[Any, Plan] = {}
        self._shaped: Dict[Any, Tuple[Any, Plan]] = {}

    def plan(self, reader: Any, shape: Any) -> Plan:
        """The plan of a reader's result: ``shape`` has the adapters, the mapping, and whether rows are tuples.

        Remembered for the shape that a result had last, by its identity: what is in it must not be changed.
        """
        signature = reader.signature()
        known = self._shaped.get(signature)
        if known is not None and known[0] is shape:
            return known[1]
        plain = self.plain(signature, reader.columns)
        plan = self.adapted(plain, shape.adapters, shape.mapping)
        if shape.tuples:
            plan = plan._replace(keys=None)
        if len(self._shaped) >= self.REMEMBERED:
            self._shaped.clear()
        self._shaped[signature] = shape, plan
        return plan

    def plain(self, signature: Any, describe: Callable[[], Iterable[Any]]) -> Plan:
        """The plan without adapters; ``signature`` says all that ``describe()`` would."""
        plan = self._plain.get(signature)
        if plan is None:
            columns = [Column(*column) for column in describe()]
            names = tuple(column.name for column in columns)
            codes = bytes(_code(column, self.utc) for column in columns)
            plan = Plan(codes, names, names, None, None, self.zero_dates, self.json_loads, self.json_quick)
            if len(self._plain) >= self.REMEMBERED:
                self._plain.clear()
            self._plain[signature] = plan
        return plan

    def adapted(
        self, plain: Plan, adapters: Optional[Adapters] = None, mapping: Optional[Mapping[str, str]] = None
    ) -> Plan:
        """``plain`` with core's column_adapters (by column name) and column_mapping (name -> key)."""
        if not adapters and not mapping:
            return plain
        names = plain.names
        keys = tuple([mapping.get(name, name) for name in names]) if mapping else names
        if not adapters:
            return plain._replace(keys=keys)
        codes = bytearray(plain.codes)
        calls: list = [None] * len(names)
        fallbacks: list = [None] * len(names)
        for i, name in enumerate(names):
            found = adapters.get(name)
            if not found:
                continue
            adapter, annotation = found
            fused = _FUSED.get((codes[i], getattr(adapter, "fused", None)))  # type: ignore[arg-type]
            if fused is None:
                calls[i] = (adapter.from_database, annotation)
            else:
                codes[i] = fused
                fallbacks[i] = (adapter.from_database, annotation)
        return Plan(
            bytes(codes),
            keys,
            names,
            tuple(calls) if any(calls) else None,
            tuple(fallbacks) if any(fallbacks) else None,
            plain.zero_dates,
            plain.json_loads,
            plain.json_quick,
        )
