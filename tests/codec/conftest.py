"""Every codec test runs on both implementations in one process."""

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native, _python

TWINS = [pytest.param(_python, id="python"), pytest.param(_native, id="compiled")]


@pytest.fixture(params=TWINS)
def codec(request):
    assert request.param is not None, "the extension is not built: these tests compare it with the Python codec"
    return request.param
