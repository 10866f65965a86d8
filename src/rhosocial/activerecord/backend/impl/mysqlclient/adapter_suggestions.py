"""Which adapter a Python type or annotation has, and in which of the driver's types it is bound."""

from collections import abc
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, get_origin
from uuid import UUID

from pydantic import BaseModel
from rhosocial.activerecord.backend.type_adapter import SQLTypeAdapter
from rhosocial.activerecord.backend.type_registry import TypeRegistry

from .type_converters import ADAPTERS, Vector

# Python type -> what its adapter hands to the driver.
_DRIVER_TYPES: dict[type, type] = {
    bool: int,
    bytes: bytes,
    bytearray: bytes,
    memoryview: bytes,
    datetime: datetime,
    date: date,
    time: time,
    Decimal: Decimal,
    UUID: str,
    dict: str,
    list: str,
    Enum: str,
    set: str,
    frozenset: str,
    Vector: bytes,
}

# Subclasses and annotations that stand for one of the types above, the first that matches.
_STAND_FOR: tuple[tuple[type, type], ...] = (
    (Enum, Enum),
    (dict, dict),
    (BaseModel, dict),
    (Vector, Vector),
    (list, list),
    (set, set),
    (frozenset, frozenset),
    (bytearray, bytearray),
)

_ORIGINS: dict[Any, type] = {
    tuple: list,
    abc.Mapping: dict,
    abc.MutableMapping: dict,
    abc.Sequence: list,
    abc.MutableSequence: list,
    abc.Iterable: list,
    abc.Set: set,
    abc.MutableSet: set,
}

# Asked for with every parameter.
_AS_THEY_ARE = frozenset({type(None), int, float, str, timedelta})

Suggestion = tuple[SQLTypeAdapter, type]


class Registry(TypeRegistry):
    """A TypeRegistry that counts what is registered, for those who remember what they found in it."""

    def __init__(self, others: TypeRegistry) -> None:
        super().__init__()
        self._adapters.update(others.get_all_adapters())
        self.changes = 0

    def register(self, *args: Any, **kwargs: Any) -> None:
        super().register(*args, **kwargs)
        self.changes += 1


class AdapterSuggestions(dict[Any, Suggestion]):
    """Python type or annotation -> (adapter, driver type).

    What `get_default_adapter_suggestions` gives: made once, it follows the registry.
    `get` also knows Enum and dict subclasses, pydantic models and parametrised generics such as List[int].
    Adapters registered later for the same pair of types take effect at once.
    """

    def __init__(self, registry: TypeRegistry) -> None:
        super().__init__()
        self._registry = registry
        for python_type, driver_type in _DRIVER_TYPES.items():
            self[python_type] = (registry.get_adapter(python_type, driver_type), driver_type)

    def get(self, key: Any, default: Any = None) -> Any:
        known = key if isinstance(key, type) and key in self else self._stand_in(key)
        if known is None:
            return default
        adapter, driver_type = self[known]
        if known is Enum:
            driver_type = _enum_driver_type(key)
        return self._registry.get_adapter(known, driver_type) or adapter, driver_type

    @staticmethod
    def _stand_in(key: Any) -> Any:
        origin = get_origin(key)
        known = key if origin is None else _ORIGINS.get(origin, origin)
        if isinstance(known, type) and known not in _AS_THEY_ARE:
            return next((found for base, found in _STAND_FOR if issubclass(known, base)), None)
        return None


def _enum_driver_type(key: type[Enum]) -> type:
    return int if len(key) and all(isinstance(member.value, int) for member in key) else str


def register_adapters(registry: TypeRegistry) -> None:
    """Registers every adapter for its pairs of types, replacing the core's."""
    for adapter in ADAPTERS:
        for python_type, driver_types in adapter.supported_types.items():
            for driver_type in driver_types:
                registry.register(adapter, python_type, driver_type, allow_override=True)
