"""Type adapters: Python values to and from what the driver takes and gives.

The codec binds None, bool, int, float, Decimal, str, bytes, bytearray, memoryview, datetime, date, time,
timedelta and UUID itself, and gives int, float, Decimal, str, bytes, date, timedelta (TIME), datetime,
set (SET), int (BIT), str (JSON) and list of float (VECTOR). Adapters do the rest: dict, list, Enum, set, and
columns whose type is not the field's.

An adapter whose ``fused`` names a type says that decoding a column of that type directly gives what its
``from_database`` would: the codec then skips the call.
"""

import struct
from collections import UserList
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from types import UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

from pydantic_core import core_schema
from rhosocial.activerecord.backend.type_adapter import BatchConversionMixin, SQLTypeAdapter

from .json_text import json_dumps, json_loads

Options = dict[str, Any] | None


@lru_cache(maxsize=1024)
def _bare(annotation: Any) -> Any:
    """Optional[X] and X | None -> X; anything else as it is."""
    if get_origin(annotation) in (Union, UnionType):
        types = [item for item in get_args(annotation) if item is not type(None)]
        if len(types) == 1:
            return types[0]
    return annotation


def _refuse(value: Any, wanted: Any) -> TypeError:
    return TypeError(f"cannot convert {type(value).__name__} to {getattr(wanted, '__name__', wanted)}")


class MySQLTypeAdapter(BatchConversionMixin, SQLTypeAdapter):
    """Base: NULL is None both ways, and `from_database` gets the annotation without its Optional.

    Stateless once made, and so safe to share between threads.
    """

    fused: str | None = None
    types: dict[type, list[type]] = {}

    @property
    def supported_types(self) -> dict[type, list[Any]]:
        return self.types

    def to_database(self, value: Any, target_type: type, options: Options = None) -> Any:
        """What the driver takes for `value`. Raises TypeError or ValueError."""
        return None if value is None else self._encode(value, target_type, options or {})

    def from_database(self, value: Any, target_type: type, options: Options = None, **kwargs: Any) -> Any:
        """The value in the annotated type. Raises TypeError or ValueError."""
        return None if value is None else self._decode(value, _bare(target_type), options or {})

    def _encode(self, value: Any, target: Any, options: dict[str, Any]) -> Any:
        return value

    def _decode(self, value: Any, target: Any, options: dict[str, Any]) -> Any:
        return value


class MySQLBlobAdapter(MySQLTypeAdapter):
    """bytes <-> BLOB, BINARY, VARBINARY."""

    fused = "blob"
    types = {bytes: [bytes]}


class MySQLBufferAdapter(MySQLTypeAdapter):
    """bytearray and memoryview <-> BLOB, BINARY, VARBINARY."""

    types = {bytearray: [bytes], memoryview: [bytes]}

    def _encode(self, value: Any, target: Any, options: dict[str, Any]) -> bytes:
        return bytes(value)

    def _decode(self, value: Any, target: Any, options: dict[str, Any]) -> Any:
        return target(value) if target in (bytearray, memoryview) and isinstance(value, bytes) else value


class MySQLJSONAdapter(MySQLTypeAdapter):
    """dict, list, pydantic models <-> JSON (MariaDB: LONGTEXT). NaN, infinities and unknown types are refused."""

    fused = "json"
    types = {dict: [str], list: [str]}

    def _encode(self, value: Any, target: Any, options: dict[str, Any]) -> str | bytes:
        text = json_dumps(value)
        return text.encode() if target is bytes else text

    def _decode(self, value: Any, target: Any, options: dict[str, Any]) -> Any:
        return json_loads(value) if isinstance(value, (str, bytes)) else value


class MySQLUUIDAdapter(MySQLTypeAdapter):
    """UUID <-> CHAR(36), MariaDB's UUID; BINARY(16) with target type bytes, and when read."""

    fused = "uuid"
    types = {UUID: [str, bytes]}

    def _encode(self, value: UUID, target: Any, options: dict[str, Any]) -> str | bytes:
        return value.bytes if target is bytes else str(value)

    def _decode(self, value: Any, target: Any, options: dict[str, Any]) -> UUID:
        if isinstance(value, UUID):
            return value
        if isinstance(value, bytes):
            return UUID(bytes=value) if len(value) == 16 else UUID(value.decode("ascii"))
        if isinstance(value, str):
            return UUID(value)
        raise _refuse(value, UUID)


class MySQLBooleanAdapter(MySQLTypeAdapter):
    """bool <-> TINYINT(1), BIT(1). Any number but 0 reads as True; of texts only 0, 1, true and false are known."""

    fused = "bool"
    types = {bool: [int]}
    _TEXTS = {"0": False, "1": True, "false": False, "true": True}

    def _encode(self, value: Any, target: Any, options: dict[str, Any]) -> int | str:
        return int(bool(value)) if target is not str else str(bool(value)).lower()

    def _decode(self, value: Any, target: Any, options: dict[str, Any]) -> bool:
        if isinstance(value, (int, float, Decimal)):
            return bool(value)
        if isinstance(value, str) and value.lower() in self._TEXTS:
            return self._TEXTS[value.lower()]
        raise ValueError(f"{value!r} is not a boolean" if isinstance(value, str) else str(_refuse(value, bool)))


class MySQLDecimalAdapter(MySQLTypeAdapter):
    """Decimal <-> DECIMAL, exactly. A float column's value is read by its shortest text, as 0.1 -> Decimal('0.1')."""

    fused = "decimal"
    types = {Decimal: [Decimal, float, str]}

    def _encode(self, value: Decimal, target: Any, options: dict[str, Any]) -> Any:
        if target in (Decimal, float, str):
            return value if target is Decimal else target(value)
        raise _refuse(value, target)

    def _decode(self, value: Any, target: Any, options: dict[str, Any]) -> Decimal:
        if isinstance(value, Decimal):
            return value
        if isinstance(value, (int, float, str)):
            try:
                return Decimal(str(value))
            except InvalidOperation:
                raise ValueError(f"{value!r} is not a decimal number") from None
        raise _refuse(value, Decimal)


class MySQLDateAdapter(MySQLTypeAdapter):
    """date <-> DATE. A DATETIME column's value stays a datetime."""

    fused = "date"
    types = {date: [date, str]}

    def _encode(self, value: date, target: Any, options: dict[str, Any]) -> Any:
        return value.isoformat() if target is str else value

    def _decode(self, value: Any, target: Any, options: dict[str, Any]) -> Any:
        return date.fromisoformat(value) if isinstance(value, str) else value


class MySQLTimeAdapter(MySQLTypeAdapter):
    """time <-> TIME. MySQL's TIME is a span from -838:59:59 to 838:59:59; a field of type timedelta holds all of it."""

    fused = "time"
    types = {time: [time, str]}

    def _encode(self, value: time, target: Any, options: dict[str, Any]) -> Any:
        return value.isoformat() if target is str else value

    def _decode(self, value: Any, target: Any, options: dict[str, Any]) -> Any:
        if isinstance(value, timedelta):
            if not timedelta(0) <= value < timedelta(days=1):
                raise ValueError(f"TIME value {value} is no time of day: declare the field as datetime.timedelta")
            return (datetime.min + value).time()
        return time.fromisoformat(value) if isinstance(value, str) else value


class MySQLDatetimeAdapter(MySQLTypeAdapter):
    """datetime <-> DATETIME, TIMESTAMP. The codec converts time zones, as `timezone` of the configuration says.

    Text columns are read as ISO 8601, in UTC where the text names no offset. `mysql_version` is the peer's
    parameter; every version takes the literals sent here.
    """

    fused = "datetime"
    types = {datetime: [datetime, str]}

    def __init__(self, mysql_version: tuple[int, ...] | None = None) -> None:
        super().__init__()

    def _encode(self, value: datetime, target: Any, options: dict[str, Any]) -> Any:
        if target is not str:
            return value
        utc = value if value.tzinfo is None else value.astimezone(timezone.utc).replace(tzinfo=None)
        return utc.isoformat(" ")

    def _decode(self, value: Any, target: Any, options: dict[str, Any]) -> Any:
        if not isinstance(value, str):
            return value
        parsed = datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith("Z") else value)
        return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=timezone.utc)


class MySQLEnumAdapter(MySQLTypeAdapter):
    """Enum members by their value <-> ENUM, VARCHAR, integers.

    Read: by value, by the value's text, by name; an int that no member can mean is ENUM's 1-based index.
    With `use_int_storage` members are written as that index where the target type is int.
    """

    types = {Enum: [str, int]}

    def __init__(self, use_int_storage: bool = False) -> None:
        super().__init__()
        self._use_int_storage = use_int_storage

    def _encode(self, value: Enum, target: Any, options: dict[str, Any]) -> Any:
        allowed = options.get("enum_values")
        if allowed and value.value not in allowed:
            raise ValueError(f"{value.value!r} is not one of {allowed}")
        if target is int and options.get("use_int_storage", self._use_int_storage):
            return list(type(value)).index(value) + 1
        if isinstance(value.value, target):
            return value.value
        if target is str:
            return str(value.value)
        raise TypeError(f"{value!r} has no {target.__name__} value; use_int_storage=True writes its index")

    def _decode(self, value: Any, target: Any, options: dict[str, Any]) -> Any:
        if not (isinstance(target, type) and issubclass(target, Enum)) or isinstance(value, target):
            return value
        try:
            return target(value)
        except ValueError:
            found = self._search(value, list(target))
        if found is None:
            raise ValueError(f"{value!r} is not one of {target.__name__}'s {[member.value for member in target]}")
        return found

    @staticmethod
    def _search(value: Any, members: list[Enum]) -> Enum | None:
        if isinstance(value, int) and not any(isinstance(member.value, int) for member in members):
            return members[value - 1] if 1 <= value <= len(members) else None
        by_text = {str(member.value): member for member in members}
        by_name = {member.name: member for member in members}
        return by_text.get(str(value)) or by_name.get(str(value))


class MySQLSetAdapter(MySQLTypeAdapter):
    """set <-> SET: at most 64 members, none of which contains a comma (MySQL manual, "The SET Type")."""

    fused: str | None = "set"
    types = {set: [str]}
    _made: type = set

    def __init__(self, allowed_values: Sequence[str] | None = None) -> None:
        super().__init__()
        self._allowed_values = allowed_values

    def _encode(self, value: Any, target: Any, options: dict[str, Any]) -> str:
        if target is not str:
            raise TypeError(f"a SET is written as str, not {target.__name__}")
        members = sorted(str(item.value if isinstance(item, Enum) else item) for item in value)
        allowed = options.get("allowed_values", self._allowed_values)
        strange = [item for item in members if "," in item or (allowed is not None and item not in allowed)]
        if strange:
            raise ValueError(f"not members of the SET: {strange}" + (f"; it has {list(allowed)}" if allowed else ""))
        if len(members) > 64:
            raise ValueError(f"a SET has at most 64 members, not {len(members)}")
        return ",".join(members)

    def _decode(self, value: Any, target: Any, options: dict[str, Any]) -> Any:
        made = frozenset if target is frozenset or get_origin(target) is frozenset else self._made
        if isinstance(value, (set, frozenset, list)):
            return made(value)
        if isinstance(value, str):
            return made(value.split(",") if value else ())
        if isinstance(value, int):
            allowed = options.get("allowed_values", self._allowed_values)
            if allowed is None:
                raise ValueError("reading a SET from its number needs allowed_values")
            return made(member for i, member in enumerate(allowed) if value >> i & 1)
        raise _refuse(value, made)


class MySQLFrozenSetAdapter(MySQLSetAdapter):
    """frozenset <-> SET."""

    fused = None
    types = {frozenset: [str]}
    _made = frozenset


class Vector(UserList):
    """The floats of a VECTOR column, as the type of a model's field: a list is written as JSON.

    No subclass of list, of which model_dump(), that core saves from, would make a plain list.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        dump = core_schema.plain_serializer_function_ser_schema(list, when_used="json")
        floats = core_schema.no_info_after_validator_function(cls, handler(list[float]))
        return core_schema.union_schema(
            [core_schema.is_instance_schema(cls), floats], mode="left_to_right", serialization=dump
        )


class MySQLVectorAdapter(MySQLTypeAdapter):
    """list of float <-> VECTOR (MySQL 9.0, MariaDB 11.7): little-endian 4-byte floats.

    With target type str the text `[1.0,2.0]` that STRING_TO_VECTOR and VEC_FromText take.
    """

    MAX_VECTOR_DIMENSION = 16_383  # MySQL manual, "The VECTOR Type"

    fused = "vector"
    types = {list: [bytes], Vector: [bytes]}

    def __init__(self, dimension: int | None = None) -> None:
        super().__init__()
        self._dimension = dimension

    def _encode(self, value: Sequence[float], target: Any, options: dict[str, Any]) -> str | bytes:
        dimension = options.get("dimension", self._dimension)
        if not 1 <= len(value) <= self.MAX_VECTOR_DIMENSION or dimension not in (None, len(value)):
            raise ValueError(
                f"a vector has {dimension or f'1 to {self.MAX_VECTOR_DIMENSION}'} dimensions here, not {len(value)}"
            )
        for i, item in enumerate(value):
            if isinstance(item, bool) or not isinstance(item, (int, float)):
                raise TypeError(f"vector element {i} is a {type(item).__name__}, not a number")
            if not abs(item) <= 3.4028234663852886e38:  # also NaN
                raise ValueError(f"vector element {i} does not fit a 4-byte float")
        if target is str:
            return f"[{','.join(repr(float(item)) for item in value)}]"
        return struct.pack(f"<{len(value)}f", *value)

    def _decode(self, value: Any, target: Any, options: dict[str, Any]) -> list[float]:
        if isinstance(value, (list, tuple)):
            return [float(item) for item in value]
        if isinstance(value, bytes):
            if len(value) % 4:
                raise ValueError(f"{len(value)} bytes are no vector of 4-byte floats")
            return list(struct.unpack(f"<{len(value) // 4}f", value))
        if isinstance(value, str):
            return [float(item) for item in json_loads(value)]
        raise _refuse(value, list)


ADAPTERS: tuple[MySQLTypeAdapter, ...] = (
    MySQLBlobAdapter(),
    MySQLBufferAdapter(),
    MySQLJSONAdapter(),
    MySQLUUIDAdapter(),
    MySQLBooleanAdapter(),
    MySQLDecimalAdapter(),
    MySQLDateAdapter(),
    MySQLTimeAdapter(),
    MySQLDatetimeAdapter(),
    MySQLEnumAdapter(),
    MySQLSetAdapter(),
    MySQLFrozenSetAdapter(),
    MySQLVectorAdapter(),
)
