"""What a model class and a backend come to together, found once."""

import weakref
from typing import Any, Dict, NamedTuple, Optional, Tuple


class Find(NamedTuple):
    """The statement of a find_one by key: it replaces ``one``.

    parts:   of the template; None: there is no such statement
    params:  those after the key
    """

    dialect: Any
    sql: str
    parts: Optional[Tuple[bytes, ...]]
    params: Tuple[Any, ...]
    query: Any
    one: Any


class Known:
    """For one class and one backend.

    adapters:  the column adapters, never changed and never handed out
    registry:  what counts the changes of the backend's adapters; None: nothing does
    changes:   how many there were when they were taken; else the suggestions then
    shape:     what rows made with them are asked for by; None: the backend is not ours
    finds:     type of the key -> the statement that finds it
    """

    __slots__ = ("backend", "adapters", "registry", "changes", "shape", "finds")

    def __init__(self, backend: Any, adapters: Dict[str, Tuple[Any, type]]) -> None:
        self.backend = weakref.ref(backend)
        self.adapters = adapters
        self.registry = backend.adapter_registry if hasattr(backend.adapter_registry, "changes") else None
        self.changes = self._changes(backend)
        self.shape = backend._shape(None, adapters, None) if hasattr(backend, "_unwatched") else None
        self.finds: Dict[type, Find] = {}

    def _changes(self, backend: Any) -> Any:
        return dict(backend.get_default_adapter_suggestions()) if self.registry is None else self.registry.changes

    def outdated(self, backend: Any) -> bool:
        """Whether the backend has other adapters now."""
        return self.changes != (self._changes(backend) if self.registry is None else self.registry.changes)
