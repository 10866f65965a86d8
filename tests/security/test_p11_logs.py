"""P11: logs and comments that an attacker writes into, and values that do not belong there."""

import logging

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.errors import DatabaseError

from .paths import done, model, rows, ways_of

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
    for name, way in ways_of("the-value").items():
        if name != "find":  # core's own queries say their parameters at INFO (SECURITY.md); below
            await way(either, "the-value")
        above = [record.getMessage() for record in records() if record.levelno > logging.DEBUG]
        assert not [message for message in above if "the-value" in message], name
    assert any(record.levelno == logging.INFO for record in records())


async def test_nor_in_those_of_faster_models(either, records):
    kind = model(either, key="s")
    for make in (lambda: kind.query().where(kind.c.s == "the-value").all(), lambda: kind.find_one("the-value")):
        before = len(records())
        await done(make())
        above = [record.getMessage() for record in records()[before:] if record.levelno > logging.DEBUG]
        assert any("Executing" in message for message in above)
        assert not [message for message in above if "the-value" in message]


@pytest.mark.parametrize("comment", ["*/ SELECT 2 -- ", "\n SELECT 2", "' %s", "! SELECT 2"])
async def test_a_value_does_not_leave_its_place_beside_comments(either, comment):
    for sql in ("SELECT /* tenant %s */ %s AS v", "SELECT %s AS v -- tenant %s", "SELECT %s AS v # %s\n"):
        assert await rows(either, sql, (comment,)) == [comment]
    with pytest.raises(ValueError, match="executable comment"):
        await rows(either, "SELECT 1 /*!99999 %s */ AS v", (comment,))
