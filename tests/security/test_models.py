"""P1 and P4 through FastLoadMixin's models: saved, found, changed and deleted as they are."""

from typing import ClassVar, Optional

import pytest
from rhosocial.activerecord.base import FieldProxy
from rhosocial.activerecord.model import ActiveRecord, AsyncActiveRecord

from rhosocial.activerecord.backend.impl.mysqlclient import (
    AsyncFastLoadMixin,
    AsyncMySQLBackend,
    FastLoadMixin,
    MySQLBackend,
)

from .paths import TABLE, done
from .test_p01_quotes import MODES, PAYLOADS


class Row(FastLoadMixin, ActiveRecord):
    __table_name__ = "t"
    c: ClassVar[FieldProxy] = FieldProxy()
    id: Optional[int] = None
    s: Optional[str] = None
    b: Optional[bytes] = None


class AsyncRow(AsyncFastLoadMixin, AsyncActiveRecord):
    __table_name__ = "t"
    c: ClassVar[FieldProxy] = FieldProxy()
    id: Optional[int] = None
    s: Optional[str] = None
    b: Optional[bytes] = None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("model", [Row, AsyncRow])
async def test_payloads(implementation, config, model, mode):
    backend = AsyncMySQLBackend if model is AsyncRow else MySQLBackend
    await done(model.configure(config.clone(sql_mode=mode), backend))
    await done(model.backend().execute(TABLE))
    await done(model(s="other", b=b"other").save())
    for payload in PAYLOADS:
        made = model(s=payload, b=payload.encode())
        await done(made.save())
        found = await done(model.query().where(model.c.s == payload).all())
        assert [(row.s, row.b) for row in found] == [(payload, payload.encode())]
        found[0].s = payload * 2 + "x"
        await done(found[0].save())
        again = await done(model.find_one(found[0].id))
        assert (again.s, again.b) == (payload * 2 + "x", payload.encode())
        await done(again.delete())
    assert [row.s for row in await done(model.query().all())] == ["other"]
    await done(model.backend().disconnect())
