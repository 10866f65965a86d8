"""bytes <-> values, in three implementations of one contract.

native:    the compiled codec, decoding the client library's own rows while they arrive
compiled:  the compiled codec, decoding the rows that mysqlclient hands over
python:    the same in pure Python, wherever the extension cannot be built
"""

from importlib import import_module
from types import ModuleType
from typing import Any, Dict, NamedTuple, Optional

from . import _python

_native: Optional[ModuleType]
try:
    _native = import_module("._native", __name__)
except ImportError as error:
    _native = None
    _NO_EXTENSION = f"the extension is not there: {error}; install a wheel for this Python, or a C compiler and again"

IMPLEMENTATIONS = ("native", "compiled", "python")
VARIABLE = "RHOSOCIAL_MYSQLCLIENT_IMPL"


class Codec(NamedTuple):
    """The implementation in use. ``reasons``: why each better one is not."""

    name: str
    functions: ModuleType  # bind, bind_rows, decode_rows
    library: Optional[Any]  # native: the Library that Readers are made with
    reasons: Dict[str, str]


def choose(demanded: Optional[str], client_library: str) -> Codec:
    """The best implementation there is, or exactly the ``demanded`` one.

    client_library: the file of the module that mysqlclient loaded its client library with.
    Raises ImportError saying why the demanded one cannot be had.
    """
    if demanded and demanded not in IMPLEMENTATIONS:
        raise ImportError(f"{VARIABLE}={demanded}: choose one of {', '.join(IMPLEMENTATIONS)}")
    reasons: Dict[str, str] = {}
    for name in IMPLEMENTATIONS:
        if name == "python":
            found = Codec(name, _python, None, reasons)
        elif _native is None:
            reasons[name] = _NO_EXTENSION
            continue
        elif name == "compiled":
            found = Codec(name, _native, None, reasons)
        else:
            try:
                found = Codec(name, _native, _native.Library(client_library), reasons)
            except ImportError as error:
                reasons[name] = str(error)
                continue
        if demanded in (None, "", name):
            return found
        if name != demanded:
            reasons.setdefault(name, f"{VARIABLE}={demanded}")
    raise ImportError(f"{VARIABLE}={demanded} cannot be had: {reasons[demanded]}")  # type: ignore[index]
