"""F1 to F4: the server, or an administrator, ends a session or a statement."""


import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import driver
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConnectionLost

TAGGED = "SELECT %s AS tag, CONNECTION_ID() AS id"


async def tagged(backend, tag):
    """The id of the session that answered; the answer is to this question."""
    (row,) = (await backend.execute(TAGGED, (tag,))).data
    assert row["tag"] == tag
    return row["id"]


@pytest.fixture
def looked_at_at_once(monkeypatch):
    monkeypatch.setattr(driver, "_IDLE_SECONDS", 0.0)


async def test_f01_idle_too_long_is_replaced(backend, admin, looked_at_at_once):
    first = await tagged(backend, "a")
    await backend.execute("SET SESSION wait_timeout = 1")
    assert admin.sessions_become(0)
    assert await tagged(backend, "b") != first
    assert len(admin.sessions()) == 1


async def test_f01_idle_too_long_and_used_at_once(backend, admin, monkeypatch):
    monkeypatch.setattr(driver, "_IDLE_SECONDS", 60.0)
    first = await tagged(backend, "a")
    await backend.execute("SET SESSION wait_timeout = 1")
    assert admin.sessions_become(0)
    with pytest.raises(ConnectionLost) as caught:
        await tagged(backend, "b")
    assert caught.value.errno in (2006, 2013, 4031) and caught.value.is_disconnect
    assert await tagged(backend, "c") != first
