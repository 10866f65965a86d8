"""Time zones, days that no calendar has, and what the servers do at the edges that docs/types.md names."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.errors import DatabaseError, TypeConversionError
from rhosocial.activerecord.backend.impl.mysqlclient.geometry import geometry, point
from rhosocial.activerecord.backend.impl.mysqlclient.type_converters import MySQLBooleanAdapter, Vector

UTC, EAST = timezone.utc, timezone(timedelta(hours=9))
BERLIN = ZoneInfo("Europe/Berlin")


def stored(backend, *values):
    """The values as DATETIME(6) and TIMESTAMP(6): read, and as the server's own text."""
    backend.execute("DROP TABLE IF EXISTS t")
    backend.execute("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, d DATETIME(6), s TIMESTAMP(6) NULL)")
    for value in values:
        backend.execute("INSERT INTO t (d, s) VALUES (%s, %s)", (value, value))
    return backend.fetch_all("SELECT d, s, CAST(d AS CHAR) AS dt, UNIX_TIMESTAMP(s) AS epoch FROM t ORDER BY id")


@pytest.mark.parametrize(
    "value",
    [
        datetime(2024, 1, 2, 3, 4, 5, 6, UTC),
        datetime(2024, 7, 1, 0, 30, tzinfo=EAST),
        datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN),
        datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1),
        datetime(2024, 3, 31, 2, 30, tzinfo=BERLIN),  # in the gap: PEP 495 takes the offset before it
    ],
)
def test_b12_b15_aware_datetimes_are_the_same_moment(backend, value):
    (row,) = stored(backend, value)
    assert row["d"] == row["s"] == value.astimezone(UTC)
    assert row["d"].tzinfo is UTC and row["s"].tzinfo is UTC
    assert float(row["epoch"]) == value.timestamp()


def test_naive_datetimes_are_utc_by_default(backend):
    (row,) = stored(backend, datetime(2024, 1, 2, 3, 4, 5))
    assert row["d"] == row["s"] == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_naive_in_and_out_without_timezone(connect):
    naive, aware = datetime(2024, 1, 2, 3, 4, 5, 6), datetime(2024, 1, 2, 3, tzinfo=EAST)
    first, second = stored(connect(timezone=None), naive, aware)
    assert first["d"] == first["s"] == naive
    assert second["d"] == second["s"] == datetime(2024, 1, 1, 18)


def test_the_sessions_time_zone_moves_only_timestamps_of_the_server(connect):
    """With timezone=None and a zone of its own the session shows TIMESTAMP in that zone."""
    (row,) = stored(connect(timezone=None, time_zone="+09:00"), datetime(2024, 1, 2, 12))
    assert row["d"] == row["s"] == datetime(2024, 1, 2, 12)
    assert float(row["epoch"]) == datetime(2024, 1, 2, 3, tzinfo=UTC).timestamp()


CELLS = [
    ("DATE", "0000-00-00"), ("DATE", "2024-00-15"), ("DATE", "2024-02-30"),
    ("DATETIME", "0000-00-00 00:00:00"), ("DATETIME", "2024-02-30 10:00:00"), ("TIMESTAMP", "0000-00-00 00:00:00"),
]  # fmt: skip


@pytest.mark.parametrize("zero_dates", ["none", "text", "raise"])
def test_b13_days_of_no_calendar(connect, zero_dates):
    backend = connect(zero_dates=zero_dates)
    backend.execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'")
    for column, cell in CELLS:
        backend.execute("DROP TABLE IF EXISTS t")
        backend.execute(f"CREATE TABLE t (day {column} NULL)")
        backend.execute(f"INSERT INTO t VALUES ('{cell}')")
        assert backend.fetch_one("SELECT CAST(day AS CHAR) AS c FROM t") == {"c": cell}
        if zero_dates == "raise":
            with pytest.raises(Exception, match="column 'day'.*zero_dates"):
                backend.fetch_one("SELECT day FROM t")
        else:
            assert backend.fetch_one("SELECT day FROM t") == {"day": None if zero_dates == "none" else cell}
        assert backend.fetch_one("SELECT 1 AS a") == {"a": 1}


def test_a_float_column_has_all_its_digits_as_double(backend):
    backend.execute("CREATE TABLE t (v FLOAT)")
    backend.execute("INSERT INTO t VALUES (%s)", (1 / 3,))
    assert backend.fetch_one("SELECT v, v + 0e0 AS exact FROM t") == {"v": 0.333333, "exact": 0.3333333432674408}


def test_b06_booleans(backend):
    """An int that is no field of type bool stays one; in a bool field every number but 0 is True."""
    backend.execute("CREATE TABLE t (v TINYINT(1))")
    backend.execute_many("INSERT INTO t VALUES (%s)", [(True,), (2,), (0,)])
    assert [row["v"] for row in backend.fetch_all("SELECT v FROM t")] == [1, 2, 0]
    read = backend.fetch_all("SELECT v FROM t", column_adapters={"v": (MySQLBooleanAdapter(), bool)})
    assert [row["v"] for row in read] == [True, True, False]


def test_b16_bits(backend):
    for bits in (1, 7, 8, 9, 33, 63, 64):
        backend.execute("DROP TABLE IF EXISTS t")
        backend.execute(f"CREATE TABLE t (v BIT({bits}))")
        values = sorted({0, 1, 2**bits - 1, 2 ** (bits - 1)})
        backend.execute_many("INSERT INTO t VALUES (%s)", [(value,) for value in values])
        assert [row["v"] for row in backend.fetch_all("SELECT v FROM t ORDER BY v")] == values


def test_b21_the_server_reads_our_geometries(backend):
    backend.execute("CREATE TABLE t (p GEOMETRY)")
    backend.execute("INSERT INTO t VALUES (%s)", (point(1.5, -2.0, srid=4326),))
    backend.execute("INSERT INTO t VALUES (ST_GeomFromText('LINESTRING(0 0, 3 4)'))")
    backend.execute("INSERT INTO t VALUES (ST_GeomFromText('POLYGON((0 0, 4 0, 4 4, 0 0))'))")
    rows = backend.fetch_all("SELECT p, ST_SRID(p) AS srid FROM t")
    assert [tuple(geometry(row["p"])) for row in rows] == [
        ("POINT", 4326, (1.5, -2.0)),
        ("LINESTRING", 0, [(0, 0), (3, 4)]),
        ("POLYGON", 0, [[(0, 0), (4, 0), (4, 4), (0, 0)]]),
    ]
    assert [row["srid"] for row in rows] == [4326, 0, 0]


@pytest.mark.flavor("mysql")
def test_b21_the_server_reads_our_vectors(backend):
    backend.execute("CREATE TABLE t (v VECTOR(2))")
    backend.execute("INSERT INTO t VALUES (STRING_TO_VECTOR('[1.5, -2]'))")
    assert backend.fetch_one("SELECT v FROM t") == {"v": [1.5, -2.0]}
    with pytest.raises(DatabaseError) as caught:
        backend.execute("UPDATE t SET v = %s", (Vector([1.0, 2.0, 3.0]),))
    assert caught.value.errno == 1406
    backend.execute("UPDATE t SET v = %s", (Vector([1.0]),))
    assert backend.fetch_one("SELECT v FROM t") == {"v": [1.0]}


def test_digits_beyond_a_decimal_are_rounded_with_a_note(backend):
    backend.execute("CREATE TABLE t (v DECIMAL(5,2))")
    backend.execute("INSERT INTO t VALUES (%s)", (Decimal("1.005"),))
    assert [row["Code"] for row in backend.fetch_all("SHOW WARNINGS")] == [1265]
    assert backend.fetch_one("SELECT v FROM t") == {"v": Decimal("1.01")}


def test_expressions_have_the_servers_types(backend):
    row = backend.fetch_one(
        "SELECT 1.5 AS d, 1.5e0 AS f, 1 AS i, NULL AS n, '' AS s, DATE '2024-02-29' AS day, TIME '-10:00:00' AS t, "
        "x'00ff' AS b, SUM(2) AS total, AVG(1) AS mean"
    )
    assert row.pop("day") == date(2024, 2, 29) and row.pop("t") == -timedelta(hours=10)
    shown = {name: str(value) for name, value in row.items()}
    assert shown == {
        "d": "1.5", "f": "1.5", "i": "1", "n": "None", "s": "", "b": "b'\\x00\\xff'", "total": "2", "mean": "1.0000"
    }  # fmt: skip
    assert type(row["f"]) is float and type(row["d"]).__name__ == type(row["mean"]).__name__ == "Decimal"


MODES = ["", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"]


@pytest.mark.parametrize("mode", MODES)
def test_b01_b04_strings_and_bytes_in_every_mode(backend, mode):
    """Switched in mid-session, past any configuration."""
    backend.execute("CREATE TABLE t (s TEXT, b BLOB) CHARACTER SET utf8mb4")
    backend.execute(f"SET SESSION sql_mode = '{mode}'")
    text = "'\"`\\\\'\0\x1a%s ? :a\n\U0001f600e\u0301\u00e9"
    for data in (text.encode(), bytearray(text.encode()), memoryview(text.encode())):
        backend.execute("INSERT INTO t VALUES (%s, %s)", (text, data))
    assert backend.fetch_all("SELECT s, b FROM t") == [{"s": text, "b": text.encode()}] * 3


@pytest.mark.parametrize(
    ("value", "message"),
    [("\ud800", "lone surrogate"), (float("nan"), "finite"), (10**5000, "4300 digits"), (Decimal("1E+999999999"), "65"),
     (timedelta(days=40), "838:59:59"), (object(), "cannot bind a object"),
     ((x for x in "ab"), "cannot bind a generator"),
     (slice(1), "cannot bind a slice"), (1j, "cannot bind a complex")],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)  # fmt: skip
def test_b02_b05_b07_b08_b10_the_parameter_is_named_and_nothing_is_sent(backend, value, message):
    backend.execute("CREATE TABLE t (a INT, v TEXT)")
    with pytest.raises(TypeConversionError, match=f"parameter 2: .*{message}"):
        backend.execute("INSERT INTO t VALUES (%s, %s)", (1, value))
    with pytest.raises(TypeConversionError, match=f"row 2, parameter 2: .*{message}"):
        backend.execute_many("INSERT INTO t VALUES (%s, %s)", [(1, "a"), (1, value)])
    assert backend.fetch_all("SELECT v FROM t") == []


def test_b18_charsets_of_columns_are_the_servers_business(backend):
    """The connection is utf8mb4: the server converts; what utf-8 cannot be comes only as bytes."""
    backend.execute(
        "CREATE TABLE t (l VARCHAR(9) CHARACTER SET latin1, u VARCHAR(9) CHARACTER SET utf16, "
        "b VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)"
    )
    backend.execute("INSERT INTO t VALUES (%s, %s, %s)", ("caf\u00e9", "\u017c\U0001f600", "\u017c"))
    row = backend.fetch_one("SELECT l, u, b, CAST(l AS BINARY) AS raw FROM t")
    assert row == {"l": "caf\u00e9", "u": "\u017c\U0001f600", "b": "\u017c", "raw": b"caf\xe9"}


def test_b19_b20_wide_results_and_odd_names(backend):
    wide = ", ".join(f"{i} AS c{i}" for i in range(4000))
    row = backend.fetch_one(f"SELECT {wide}")
    assert row == {f"c{i}": i for i in range(4000)}
    names = ["select", "a``b'\"", "n" * 64, "\u017c\u00f3\u0142w", "__class__"]
    row = backend.fetch_one("SELECT " + ", ".join(f"{i} AS `{name}`" for i, name in enumerate(names)))
    assert list(row) == [name.replace("``", "`") for name in names] and list(row.values()) == list(range(5))
    assert backend.fetch_all("SELECT 1 AS a, 2 AS a") == [{"a": 2}]
    backend.execute("CREATE TABLE t (a INT, b LONGBLOB)")
    assert backend.fetch_all("SELECT * FROM t") == []
    backend.execute("INSERT INTO t VALUES (1, REPEAT('x', 8 << 20)), (NULL, NULL)")
    assert [len(row["b"] or b"") for row in backend.fetch_all("SELECT * FROM t ORDER BY a DESC")] == [8 << 20, 0]
