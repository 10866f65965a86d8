"""The type adapters under the peer's module name."""

from .type_converters import (
    MySQLBlobAdapter,
    MySQLBooleanAdapter,
    MySQLDateAdapter,
    MySQLDatetimeAdapter,
    MySQLDecimalAdapter,
    MySQLEnumAdapter,
    MySQLJSONAdapter,
    MySQLSetAdapter,
    MySQLTimeAdapter,
    MySQLUUIDAdapter,
    MySQLVectorAdapter,
)

__all__ = [
    "MySQLBlobAdapter",
    "MySQLBooleanAdapter",
    "MySQLDateAdapter",
    "MySQLDatetimeAdapter",
    "MySQLDecimalAdapter",
    "MySQLEnumAdapter",
    "MySQLJSONAdapter",
    "MySQLSetAdapter",
    "MySQLTimeAdapter",
    "MySQLUUIDAdapter",
    "MySQLVectorAdapter",
]
