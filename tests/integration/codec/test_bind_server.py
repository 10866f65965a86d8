"""What bind writes, read by the servers: every byte arrives, in every quoting mode."""

import random
import uuid
from contextlib import closing
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import MySQLdb
import pytest
from MySQLdb import _mysql

from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native, _python
from rhosocial.activerecord.backend.impl.mysqlclient.codec.sql import template

MODES = ["", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"]
INSERT = "INSERT INTO t (id, s, b) VALUES (%s, %s, %s)"
ALPHABET = "'\"\\`%_;-#/*?\0\n\r\t\x1a aé\u0416\u8a31\U0001f600\U0010ffff"
PAYLOADS = [
    "\\' UNION SELECT 0x50574E -- ",
    '" OR 1=1 -- ',
    "' OR 1=1 -- ",
    "\\",
    "'",
    "\\\\'",
    "'\\",
    "''",
    "*/ DROP TABLE t; /*",
    "\xbf' UNION SELECT 0x50574E -- ",
    "\n-- \n#",
    "1; DROP TABLE t",
    "%s ? %(a)s :a",
    "cafe\u0301 caf\u00e9",
    "",
]


@pytest.fixture(params=[pytest.param(_python, id="python"), pytest.param(_native, id="compiled")])
def codec(request):
    assert request.param is not None, "the extension is not built"
    return request.param


@pytest.fixture
def session(server, database):
    # without conversions: every cell comes as bytes
    with closing(_mysql.connect(**server.connect_kwargs(), database=database, charset="utf8mb4", conv={})) as session:
        run(session, "CREATE TABLE t (id BIGINT PRIMARY KEY, s LONGTEXT, b LONGBLOB) CHARACTER SET utf8mb4")
        yield session


def run(session, statement):
    """The rows of a statement."""
    session.query(statement if isinstance(statement, bytes) else statement.encode())
    result = session.store_result()
    return [] if result is None else list(result.fetch_row(maxrows=0))


def escapes(session) -> bool:
    """Whether a backslash escapes now, as the live session knows it."""
    return session.escape_string(b"\\") == b"\\\\"


def stored(session):
    rows = run(session, "SELECT id, HEX(s), HEX(b) FROM t ORDER BY id")
    return [(int(i), bytes.fromhex(s.decode()), bytes.fromhex(b.decode())) for i, s, b in rows]


def random_rows(seed: int, count: int):
    rng = random.Random(seed)
    characters = [chr(c) for c in range(0x300)]
    rows = []
    for i in range(count):
        source = ALPHABET if i % 2 else characters
        rows.append((i, "".join(rng.choices(source, k=rng.randrange(60))), rng.randbytes(rng.randrange(60))))
    return rows


@pytest.mark.parametrize("mode", MODES)
def test_strings_and_bytes_arrive(codec, session, mode):
    run(session, f"SET SESSION sql_mode = '{mode}'")  # within the session: the mode is asked for, not assumed
    assert escapes(session) is ("NO_BACKSLASH_ESCAPES" not in mode)
    statement = template(INSERT, escapes(session))
    rows = random_rows(len(mode), 2000)
    rows += [(i, text, text.encode()) for i, text in enumerate(PAYLOADS, len(rows))]
    for row in rows[-200:]:
        run(session, codec.bind(statement.parts, row, escapes(session)))
    start = 0
    head, parts, tail = statement.insert
    while start < len(rows) - 200:
        text, start = codec.bind_rows(parts, rows[:-200], start, 16384, escapes(session))
        run(session, head + text + tail)
    assert stored(session) == [(i, s.encode(), b) for i, s, b in rows]


@pytest.mark.parametrize("mode", MODES)
def test_payloads_match_nothing(codec, session, mode):
    run(session, "INSERT INTO t VALUES (1, 'secret', 'secret')")
    run(session, f"SET SESSION sql_mode = '{mode}'")
    for condition in ("s = %s", "s LIKE %s", "b IN (%s)"):
        parts = template(f"SELECT id FROM t WHERE {condition}", escapes(session)).parts
        for payload in PAYLOADS:
            if "%" in payload:
                continue  # a LIKE pattern
            for value in (payload, payload.encode(), bytearray(payload.encode()), memoryview(payload.encode())):
                assert run(session, codec.bind(parts, (value,), escapes(session))) == []


def test_placeholders_only_where_meant(codec, session):
    statement = (
        "SELECT '%s', `a%s`, 10 % 4, 10 %%s, DATE_FORMAT('2024-01-02 03:04:05', '%H:%i:%s'), %s -- %s\n"
        ", /* %s */ %s # it's %s\n FROM (SELECT 1 AS `a%s`) x"
    )
    query = codec.bind(template(statement, True).parts, (3, "it's", 2), True)
    assert run(session, query) == [(b"%s", b"1", b"2", b"1", b"03:04:05", b"it's", b"2")]


def test_a_skipped_comment_is_why_values_are_refused_in_one(session):
    """The server ends a comment that it skips at the first */, quoted or not."""
    assert run(session, "SELECT 1 /*!40000 , '*/, 2 -- ' */") == [(b"1", b"*/, 2 -- ")]
    assert run(session, "SELECT 1 /*!99999 , '*/, 2 -- ' */") == [(b"1", b"2")]
    with pytest.raises(ValueError, match="outside of the comment"):
        template("SELECT 1 /*!99999 , %s */", True)


VALUES = [
    ("BIGINT UNSIGNED", [0, 1, 2**63, 2**64 - 1, True, False]),
    ("BIGINT", [-(2**63), -1, 2**63 - 1]),
    ("DOUBLE", [0.1, 1.0, -2.5, 1e16, 1e-7, 5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, 1 / 3]),
    ("DECIMAL(65,30)", [Decimal("1.5"), Decimal("-1E-30"), Decimal("9" * 35 + "." + "9" * 30), Decimal("1E+3")]),
    ("DATETIME(6)", [datetime(1, 1, 1), datetime(2024, 2, 29, 23, 59, 59, 999999), datetime(9999, 12, 31, 1, 2, 3)]),
    ("DATE", [date(1, 1, 1), date(2024, 2, 29), date(9999, 12, 31)]),
    ("TIME(6)", [time(), time(1, 2, 3), time(23, 59, 59, 999999)]),
    ("TIME(6)", [timedelta(), timedelta(seconds=3020399), timedelta(hours=-30, microseconds=-7), timedelta(0, 0, -1)]),
    ("CHAR(36)", [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)]),
]  # fmt: skip


def read(value, cell: bytes):
    """A cell as the type that was written."""
    text = cell.decode()
    if isinstance(value, timedelta):
        hours, minutes, seconds = text.lstrip("-").split(":")
        length = timedelta(hours=int(hours), minutes=int(minutes), microseconds=int(seconds.replace(".", "")))
        return -length if text.startswith("-") else length
    if isinstance(value, (date, time)):
        return type(value).fromisoformat(text)
    return type(value)(int(text)) if isinstance(value, int) else type(value)(text)


@pytest.mark.parametrize(("column", "values"), VALUES, ids=[column for column, _ in VALUES])
def test_types_arrive(codec, session, column, values):
    run(session, f"CREATE TABLE v (id INT, v {column} NULL)")
    rows = list(enumerate([None, *values]))
    text, end = codec.bind_rows((b"(", b",", b")"), rows, 0, 10**6, True)
    assert end == len(rows)
    run(session, b"INSERT INTO v VALUES " + text)
    cells = [cell for (cell,) in run(session, "SELECT v FROM v ORDER BY id")]
    assert cells[0] is None
    assert [read(value, cell) for value, cell in zip(values, cells[1:])] == values


def test_numbers_have_their_types(codec, session):
    """A float is a DOUBLE to the server, not a DECIMAL that happens to look like it; bytes are binary."""
    run(session, codec.bind(template("CREATE TABLE k AS SELECT %s f, %s d, %s i, %s b", True).parts,
                            (1.0, Decimal("1.0"), 1, b"1"), True))  # fmt: skip
    kinds = run(session, "SELECT data_type FROM information_schema.columns WHERE table_schema = DATABASE() "
                         "AND table_name = 'k' ORDER BY ordinal_position")  # fmt: skip
    double, decimal, integer, binary = (kind for (kind,) in kinds)
    assert (double, decimal, binary) == (b"double", b"decimal", b"varbinary")
    assert integer in (b"int", b"bigint")


def test_aware_datetimes_arrive_in_utc(codec, session):
    east = datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=9)))
    assert run(session, codec.bind((b"SELECT ", b""), (east,), True)) == [(b"2024-01-01 18:04:05",)]


@pytest.mark.flavor("mysql")
def test_float_keeps_the_sign_of_zero(codec, session):
    """MariaDB has no negative zero."""
    assert run(session, codec.bind((b"SELECT ", b""), (-0.0,), True)) == [(b"-0",)]


def test_the_last_second_of_time(codec, session, server):
    """MariaDB stores 838:59:59.999999; MySQL ends at .000000 and says so."""
    run(session, "CREATE TABLE v (v TIME(6))")
    statement = codec.bind((b"INSERT INTO v VALUES (", b")"), (timedelta(seconds=3020399, microseconds=999999),), True)
    if server.flavor == "mariadb":
        run(session, statement)
        assert run(session, "SELECT v FROM v") == [(b"838:59:59.999999",)]
    else:
        with pytest.raises(MySQLdb.Error, match="Incorrect time value"):
            run(session, statement)


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, 10**60])
def test_out_of_range_is_the_servers_error(codec, session, value):
    with pytest.raises(MySQLdb.Error) as caught:
        run(session, codec.bind((b"INSERT INTO t VALUES (", b", NULL, NULL)"), (value,), True))
    assert caught.value.args[0] == 1264


def test_large_values(codec, session):
    """Just over and under 16 MiB, where one packet becomes two, as far as the server lets them in."""
    ((packet,),) = run(session, "SELECT @@max_allowed_packet")
    sizes = [2**20, *(n for n in (2**24 - 64, 2**24 - 1, 2**24, 2**24 + 1) if n + 4096 < int(packet))]
    for i, size in enumerate(sizes):
        blob = b"x" * (size - 2) + b"'\\"
        run(session, codec.bind(template(INSERT, True).parts, (i, "x", blob), True))
        same = f"SELECT LENGTH(b), b = CONCAT(REPEAT('x', {size - 2}), 0x275c) FROM t WHERE id = {i}"
        assert run(session, same) == [(b"%d" % size, b"1")]


def test_one_statement_at_a_time(codec, session):
    with pytest.raises(MySQLdb.Error) as caught:
        run(session, codec.bind(template("SELECT %s; DROP TABLE t", True).parts, (1,), True))
    assert caught.value.args[0] == 1064
    assert stored(session) == []


def test_upsert_by_shape(codec, session):
    statement = template(INSERT + " ON DUPLICATE KEY UPDATE s = VALUES(s)", True)
    head, row, tail = statement.insert
    for s in ("old", "n'ew"):
        text, _ = codec.bind_rows(row, [(i, s, b"") for i in range(3)], 0, 10**6, True)
        run(session, head + text + tail)
    assert stored(session) == [(i, b"n'ew", b"") for i in range(3)]
