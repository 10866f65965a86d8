"""Every test of loading runs on both builders."""

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native
from rhosocial.activerecord.backend.impl.mysqlclient.records import _python, plan

TWINS = [pytest.param(_python, id="python"), pytest.param(_native, id="compiled")]


@pytest.fixture(params=TWINS)
def builders(request, monkeypatch):
    assert request.param is not None, "the extension is not built: these tests compare it with the Python builder"
    monkeypatch.setattr(plan, "_builders", request.param)
    return request.param
