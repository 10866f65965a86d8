"""Type adapters and the suggestions made of them."""

import math
import struct
import uuid
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, Optional, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from rhosocial.activerecord.backend.type_adapter import SQLTypeAdapter
from rhosocial.activerecord.backend.type_registry import TypeRegistry

from rhosocial.activerecord.backend.impl.mysqlclient import adapter_suggestions, adapters, json_text, type_converters
from rhosocial.activerecord.backend.impl.mysqlclient.adapters import (
    MySQLBlobAdapter,
    MySQLBooleanAdapter,
    MySQLDateAdapter,
    MySQLDatetimeAdapter,
    MySQLDecimalAdapter,
    MySQLEnumAdapter,
    MySQLJSONAdapter,
    MySQLSetAdapter,
    MySQLTimeAdapter,
    MySQLUUIDAdapter,
    MySQLVectorAdapter,
)


class Color(Enum):
    RED = "red"
    GREEN = "green"


class Level(IntEnum):
    LOW = 10
    HIGH = 20


class Price(Enum):
    CHEAP = Decimal("1.50")


class Address(BaseModel):
    city: str


UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")
EXACT = Decimal("1234567890123456789.012345678901234567890")
MOMENT = datetime(2024, 1, 2, 3, 4, 5, 678901, timezone.utc)


@pytest.mark.parametrize(
    ("adapter", "value", "driver_type", "driver_value"),
    [
        (MySQLBlobAdapter(), b"\0\xff", bytes, b"\0\xff"),
        (MySQLJSONAdapter(), {"a": [1, None, "é"]}, str, '{"a":[1,null,"é"]}'),
        (MySQLUUIDAdapter(), UUID, str, str(UUID)),
        (MySQLUUIDAdapter(), UUID, bytes, UUID.bytes),
        (MySQLBooleanAdapter(), True, int, 1),
        (MySQLDecimalAdapter(), EXACT, Decimal, EXACT),
        (MySQLDecimalAdapter(), EXACT, str, str(EXACT)),
        (MySQLDateAdapter(), date(2024, 2, 29), date, date(2024, 2, 29)),
        (MySQLDateAdapter(), date(2024, 2, 29), str, "2024-02-29"),
        (MySQLTimeAdapter(), time(1, 2, 3, 4), time, time(1, 2, 3, 4)),
        (MySQLDatetimeAdapter(mysql_version=(8, 0, 0)), MOMENT, datetime, MOMENT),
        (MySQLDatetimeAdapter(), MOMENT, str, "2024-01-02 03:04:05.678901"),
        (MySQLSetAdapter(), {"b", "a"}, str, "a,b"),
        (MySQLSetAdapter(), set(), str, ""),
        (MySQLVectorAdapter(), [1.0, -0.5], bytes, struct.pack("<2f", 1.0, -0.5)),
        (MySQLVectorAdapter(), [1.0, -0.5], str, "[1.0,-0.5]"),
    ],
)
def test_to_database_and_back(adapter, value, driver_type, driver_value):
    written = adapter.to_database(value, driver_type)
    assert written == driver_value and type(written) is type(driver_value)
    for annotation in (type(value), Optional[type(value)]):
        assert adapter.from_database(written, annotation) == value


@pytest.mark.parametrize("adapter", type_converters.ADAPTERS, ids=lambda adapter: type(adapter).__name__)
def test_none_is_null_and_the_protocol_is_met(adapter):
    assert isinstance(adapter, SQLTypeAdapter)
    assert adapter.to_database(None, str) is None
    assert adapter.from_database(None, Optional[Any]) is None


@pytest.mark.parametrize(
    ("adapter", "stored", "annotation", "value"),
    [
        (MySQLBooleanAdapter(), 2, bool, True),
        (MySQLBooleanAdapter(), "0", bool, False),
        (MySQLBooleanAdapter(), "TRUE", bool, True),
        (MySQLBooleanAdapter(), Decimal(0), bool, False),
        (MySQLDecimalAdapter(), 0.1, Decimal, Decimal("0.1")),
        (MySQLDecimalAdapter(), 7, Decimal | None, Decimal(7)),
        (MySQLUUIDAdapter(), UUID.hex.encode(), UUID.__class__, UUID),
        (MySQLTimeAdapter(), timedelta(hours=23, microseconds=1), time, time(23, 0, 0, 1)),
        (MySQLTimeAdapter(), "01:02:03", time, time(1, 2, 3)),
        (MySQLDatetimeAdapter(), "2024-01-02T03:04:05.678901Z", datetime, MOMENT),
        (MySQLDatetimeAdapter(), "2024-01-02 03:04:05.678901", datetime, MOMENT),
        (MySQLDatetimeAdapter(), MOMENT.replace(tzinfo=None), datetime, MOMENT.replace(tzinfo=None)),
        (MySQLDateAdapter(), "2024-02-29", date, date(2024, 2, 29)),
        (MySQLJSONAdapter(), b"[1]", list, [1]),
        (MySQLJSONAdapter(), [1.5], list[float], [1.5]),
        (MySQLSetAdapter(), {"a"}, frozenset[str], frozenset({"a"})),
        (MySQLSetAdapter(["a", "b", "c"]), 5, set, {"a", "c"}),
        (MySQLVectorAdapter(), "[1, 2.5]", list, [1.0, 2.5]),
        (MySQLVectorAdapter(), [1, 2], list, [1.0, 2.0]),
        (MySQLEnumAdapter(), "red", Color, Color.RED),
        (MySQLEnumAdapter(), "GREEN", Optional[Color], Color.GREEN),
        (MySQLEnumAdapter(), 2, Color, Color.GREEN),
        (MySQLEnumAdapter(), 20, Level, Level.HIGH),
        (MySQLEnumAdapter(), "20", Level, Level.HIGH),
        (MySQLEnumAdapter(), Decimal("1.5"), Price, Price.CHEAP),
        (MySQLEnumAdapter(), Color.RED, Color, Color.RED),
    ],
)
def test_reading_from_other_column_types(adapter, stored, annotation, value):
    read = adapter.from_database(stored, annotation)
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: MySQLTimeAdapter().from_database(timedelta(hours=-1), time), ValueError, "timedelta"),
        (lambda: MySQLTimeAdapter().from_database(timedelta(days=1), time), ValueError, "timedelta"),
        (lambda: MySQLBooleanAdapter().from_database("maybe", bool), ValueError, "not a boolean"),
        (lambda: MySQLEnumAdapter().from_database("blue", Color), ValueError, "not one of Color"),
        (lambda: MySQLEnumAdapter().from_database(3, Color), ValueError, "not one of Color"),
        (lambda: MySQLEnumAdapter().from_database(1, Level), ValueError, "not one of Level"),
        (lambda: MySQLEnumAdapter().to_database(Color.RED, int), TypeError, "use_int_storage"),
        (lambda: MySQLEnumAdapter().to_database(Color.RED, str, {"enum_values": ["x"]}), ValueError, "not one of"),
        (lambda: MySQLSetAdapter().to_database({"a,b"}, str), ValueError, "not members"),
        (lambda: MySQLSetAdapter(["a"]).to_database({"b"}, str), ValueError, "it has"),
        (lambda: MySQLSetAdapter().to_database(set(range(65)), str), ValueError, "64"),
        (lambda: MySQLSetAdapter().from_database(5, set), ValueError, "allowed_values"),
        (lambda: MySQLVectorAdapter(3).to_database([1.0], bytes), ValueError, "3 dimensions"),
        (lambda: MySQLVectorAdapter().to_database([], bytes), ValueError, "dimensions"),
        (lambda: MySQLVectorAdapter().to_database(["1"], bytes), TypeError, "element 0"),
        (lambda: MySQLVectorAdapter().to_database([1e39], bytes), ValueError, "4-byte"),
        (lambda: MySQLVectorAdapter().to_database([math.nan], bytes), ValueError, "4-byte"),
        (lambda: MySQLJSONAdapter().to_database({"a": math.nan}, str), ValueError, "JSON"),
        (lambda: MySQLJSONAdapter().to_database({"a": {1}}, str), TypeError, "set"),
        (lambda: MySQLJSONAdapter().from_database("[1,", list), ValueError, "Expecting value"),
        (lambda: MySQLJSONAdapter().from_database("[NaN]", list), ValueError, "NaN"),
        (lambda: MySQLJSONAdapter().from_database("[" * 100_000, list), ValueError, "nested too deeply"),
        (lambda: MySQLUUIDAdapter().from_database(5, uuid.UUID), TypeError, "cannot convert int"),
        (lambda: MySQLDecimalAdapter().to_database(EXACT, bytes), TypeError, "cannot convert"),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_enum_members_are_written_by_value():
    adapter = MySQLEnumAdapter()
    assert adapter.to_database(Color.RED, str) == "red"
    assert adapter.to_database(Level.LOW, int) == 10 and type(adapter.to_database(Level.LOW, int)) is int
    assert adapter.to_database(Level.LOW, str) == "10"
    assert MySQLEnumAdapter(use_int_storage=True).to_database(Color.GREEN, int) == 2


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.skipif(json_text.orjson is None, reason="needs the extra 'json'")
@given(JSON_VALUES)
def test_orjson_and_the_standard_library_agree(value):
    for dumps in (json_text._orjson_dumps, json_text._stdlib_dumps):
        text = dumps(value)
        for loads in (json_text._orjson_loads, json_text._stdlib_loads):
            assert repr(loads(text)) == repr(value)


@pytest.mark.skipif(json_text.orjson is None, reason="needs the extra 'json'")
@pytest.mark.parametrize(
    "value",
    [{2: "a", None: "b", True: "c"}, MOMENT, UUID, Level.LOW, Color.RED, Address(city="X"), (1, 2), "\ud800", 2**64,
     {"d": {"n": math.inf}}, {"x": b"1"}, {"x": object()}, [[]] * 3],
)  # fmt: skip
def test_orjson_writes_and_refuses_the_same(value):
    def outcome(dumps):
        try:
            return dumps(value)
        except (TypeError, ValueError) as error:
            return type(error)

    assert outcome(json_text._orjson_dumps) == outcome(json_text._stdlib_dumps)


@pytest.fixture
def registry():
    made = TypeRegistry()
    adapter_suggestions.register_adapters(made)
    return made


@pytest.mark.parametrize(
    ("annotation", "adapter", "driver_type"),
    [
        (bool, "Boolean", int),
        (bytes, "Blob", bytes),
        (bytearray, "Buffer", bytes),
        (memoryview, "Buffer", bytes),
        (datetime, "Datetime", datetime),
        (date, "Date", date),
        (time, "Time", time),
        (Decimal, "Decimal", Decimal),
        (uuid.UUID, "UUID", str),
        (dict, "JSON", str),
        (dict[str, Any], "JSON", str),
        (list[int], "JSON", str),
        (tuple[int, ...], "JSON", str),
        (Address, "JSON", str),
        (Color, "Enum", str),
        (Level, "Enum", int),
        (Price, "Enum", str),
        (set[str], "Set", str),
        (frozenset, "FrozenSet", str),
    ],
)
def test_suggestions(registry, annotation, adapter, driver_type):
    found, found_type = adapter_suggestions.AdapterSuggestions(registry).get(annotation)
    assert type(found).__name__ == f"MySQL{adapter}Adapter" and found_type is driver_type


@pytest.mark.parametrize(
    "annotation", [int, str, float, type(None), timedelta, tuple, object, Union[int, str], Literal["a"], Any, type]
)
def test_nothing_is_suggested_for_what_needs_no_adapter(registry, annotation):
    assert adapter_suggestions.AdapterSuggestions(registry).get(annotation) is None
    assert adapter_suggestions.AdapterSuggestions(registry).get(Annotated[annotation, []], "default") == "default"


def test_an_adapter_registered_later_takes_effect(registry):
    suggestions = adapter_suggestions.AdapterSuggestions(registry)
    own = MySQLJSONAdapter()
    registry.register(own, dict, str, allow_override=True)
    assert suggestions.get(dict)[0] is own


def test_only_reading_that_needs_the_annotation_is_not_fused():
    fused = {type(adapter).__name__[5:-7]: adapter.fused for adapter in type_converters.ADAPTERS}
    assert fused == {
        "Blob": "blob", "Buffer": None, "JSON": "json", "UUID": "uuid", "Boolean": "bool", "Decimal": "decimal",
        "Date": "date", "Time": "time", "Datetime": "datetime", "Enum": None, "Set": "set", "FrozenSet": None,
        "Vector": "vector",
    }  # fmt: skip


def test_the_peers_module_name():
    assert len(adapters.__all__) == 11
