"""P11: logs and comments that an attacker writes into, and values that do not belong there."""

import logging

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.errors import DatabaseError

from .paths import done, rows

FORGED = "x\n2026-01-01 00:00:00 - CRITICAL - all is well\r\x1b[2J\u2028"


@pytest.fixture
def records(either, caplog):
    caplog.set_level(logging.DEBUG)
    either.logger.setLevel(logging.DEBUG)
    return lambda: caplog.records


async def test_a_message_is_one_line(either, records):
    await done(either.execute("CREATE TABLE k (v VARCHAR(200) PRIMARY KEY)"))
    for _ in range(2):
        try:
            await done(either.execute("INSERT INTO k VALUES (%s)", (FORGED,)))
        except DatabaseError as error:
            assert error.errno == 1062
    with pytest.raises(DatabaseError):
        await rows(either, f"SELECT '{FORGED}' FROM absent")
    assert len(records()) > 4
    for record in records():
        assert not set("\r\n\x1b\u2028\0") & set(record.getMessage())


async def test_values_are_in_no_message_above_debug(either, records):
    await rows(either, "SELECT %s AS v", ("the-value",))
    await done(either.execute("INSERT INTO t (s) VALUES (%s)", ("the-value",)))
    await done(either.execute_many("INSERT INTO t (s) VALUES (%s)", [("the-value",), ("the-value",)]))
    assert any(record.levelno == logging.INFO for record in records())
    assert not [record for record in records() if record.levelno > logging.DEBUG and "the-value" in record.getMessage()]


@pytest.mark.parametrize("comment", ["*/ SELECT 2 -- ", "\n SELECT 2", "' %s", "! SELECT 2"])
async def test_a_value_does_not_leave_its_place_beside_comments(either, comment):
    for sql in ("SELECT /* tenant %s */ %s AS v", "SELECT %s AS v -- tenant %s", "SELECT %s AS v # %s\n"):
        assert await rows(either, sql, (comment,)) == [comment]
    with pytest.raises(ValueError, match="executable comment"):
        await rows(either, "SELECT 1 /*!99999 %s */ AS v", (comment,))
