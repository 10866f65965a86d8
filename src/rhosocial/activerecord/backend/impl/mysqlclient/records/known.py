"""What a model class and a backend come to together, found once."""

import weakref
from typing import Any, Dict, NamedTuple, Optional, Tuple


class Find(NamedTuple):
    """The statement of a find_one by key, but for the key; sql is None where there is none. It replaces ``one``."""

    dialect: Any
    sql: Optional[str]
    params: Tuple[Any, ...]
    query: Any
    one: Any


class Known:
    """For one class and one backend.

    adapters:  the column adapters, never changed and never handed out
    changes:   what adapter_changes() was when they were made
    shape:     what rows made with them are asked for by; None: the backend is not ours
    finds:     type of the key -> the statement that finds it
    """

    __slots__ = ("backend", "adapters", "changes", "shape", "finds")

    def __init__(self, backend: Any, adapters: Dict[str, Tuple[Any, type]]) -> None:
        self.backend = weakref.ref(backend)
        self.adapters = adapters
        self.changes = adapter_changes(backend)
        self.shape = backend._shape(None, adapters, None) if hasattr(backend, "_unwatched") else None
        self.finds: Dict[type, Find] = {}


def adapter_changes(backend: Any) -> Any:
    """What is equal as long as a backend's adapters are the same."""
    changes = getattr(backend.adapter_registry, "changes", None)
    return dict(backend.get_default_adapter_suggestions()) if changes is None else changes
