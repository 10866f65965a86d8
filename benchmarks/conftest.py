"""`pytest benchmarks/`: the codec's functions one by one, the compiled twin beside the one in Python."""
import sys
from pathlib import Path

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native, _python

sys.path.insert(0, str(Path(__file__).resolve().parent))  # data, as run.py finds it

TWINS = {"compiled": _native, "python": _python}


@pytest.fixture(params=TWINS)
def codec(request):
    """The functions of one twin."""
    if TWINS[request.param] is None:
        pytest.skip("the extension is not built")
    return TWINS[request.param]
