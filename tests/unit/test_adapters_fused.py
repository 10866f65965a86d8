"""A fused adapter and the same one called by itself give the same value or the same error, in each codec."""

import struct
import uuid
from datetime import date, datetime, time
from decimal import Decimal

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import codec
from rhosocial.activerecord.backend.impl.mysqlclient.codec.plan import Column, Planner
from rhosocial.activerecord.backend.impl.mysqlclient.json_text import json_loads, json_quick
from rhosocial.activerecord.backend.impl.mysqlclient.type_converters import ADAPTERS

ADAPTERS = {adapter.fused: adapter for adapter in ADAPTERS if adapter.fused}
TINY, TIMESTAMP, DATE, TIME, JSON, NEWDECIMAL, BLOB, STRING, VECTOR = 1, 7, 10, 11, 245, 246, 252, 254, 242
SET_FLAG = 2048

# fused: annotation, column type, flags, binary charset, cells
CASES = {
    "bool": (bool, TINY, 0, True, [b"0", b"1", b"2", b"-1", b"255", None]),
    "json": (dict, JSON, 0, True, [b'{"a": [1, null]}', b"[]", b"1e2", b"[1,", b"NaN", "\"é\"".encode(), b"", None]),
    "uuid": (uuid.UUID, STRING, 0, False, [
        b"12345678-1234-5678-1234-567812345678", b"12345678123456781234567812345678",
        b"ABCDEFAB-CDEF-ABCD-EFAB-CDEFABCDEFAB", b"nonsense", b"", None,
    ]),
    "decimal": (Decimal, NEWDECIMAL, 0, True, [b"1.50", b"-0.000", b"9" * 65, None]),
    "date": (date, DATE, 0, True, [b"2024-02-29", b"0000-00-00", b"2024-02-30", None]),
    "time": (time, TIME, 0, True, [b"00:00:00", b"23:59:59.999999", b"24:00:00", b"-00:00:01", b"838:59:59", None]),
    "datetime": (datetime, TIMESTAMP, 0, True, [
        b"2024-02-29 01:02:03", b"2024-02-29 01:02:03.5", b"0000-00-00 00:00:00", None,
    ]),
    "blob": (bytes, BLOB, 0, True, [b"", b"\x00\xff", None]),
    "set": (set, STRING, SET_FLAG, False, [b"", b"a", b"a,b", None]),
    "vector": (list, VECTOR, 0, True, [struct.pack("<2f", 1.5, -2), b"", None]),
}  # fmt: skip

NATIVE = codec._native
IMPLEMENTATIONS = [codec._python] if NATIVE is None else [codec._python, NATIVE]


class Called:
    """The adapter with nothing to fuse."""

    def __init__(self, adapter):
        self.from_database = adapter.from_database


def outcome(decode_rows, plan, cell):
    try:
        ((row),) = decode_rows(plan, [(cell,)])
        return repr(row["c"])
    except (ValueError, TypeError) as error:
        return type(error).__mro__[-4:], str(error)


@pytest.mark.parametrize("utc", [True, False])
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS, ids=lambda module: module.__name__.rpartition(".")[2])
@pytest.mark.parametrize("fused", CASES)
def test_fused_and_called_agree(fused, implementation, utc):
    annotation, kind, flags, binary, cells = CASES[fused]
    planner = Planner(utc=utc, json_loads=json_loads, json_quick=json_quick)
    plain = planner.plain((fused, utc), lambda: (Column("c", kind, flags, binary, 0),))
    adapter = ADAPTERS[fused]
    plans = [planner.adapted(plain, {"c": (item, annotation)}) for item in (adapter, Called(adapter))]
    assert plans[0].calls is None and plans[1].calls is not None, "the adapter is fused, the other called"
    for cell in cells:
        fused_outcome, called_outcome = (outcome(implementation.decode_rows, plan, cell) for plan in plans)
        assert fused_outcome == called_outcome, cell


def test_every_fused_adapter_is_here():
    assert set(CASES) == set(ADAPTERS)
