"""The MySQL and MariaDB backend of rhosocial-activerecord, on mysqlclient with a compiled codec."""

from .async_backend import AsyncMySQLBackend
from .backend import MySQLBackend
from .capabilities import DatabaseCapabilities
from .config import MySQLConnectionConfig
from .dialect import MySQLDialect
from .driver import CODEC
from .errors import (
    AccessDenied,
    CommitUnknown,
    ConfigError,
    ConnectionLost,
    DataError,
    DecodeError,
    EncodingError,
    LockTimeout,
    PacketTooLarge,
    ParameterTypeError,
    ParameterValueError,
    PoolTimeout,
    QueryCanceled,
    QueryTimeout,
    ReadOnlyServerError,
    SQLWarning,
    StatementWarning,
    TransactionLost,
    UnknownDatabase,
)
from .explain import MySQLExplainResult, MySQLExplainRow
from .records import AsyncFastLoadMixin, FastLoadMixin
from .transaction import AsyncMySQLTransactionManager, MySQLTransactionManager
from .type_converters import Vector
from .types import (
    MySQLBigIntType,
    MySQLBinaryType,
    MySQLBitType,
    MySQLBlobType,
    MySQLCharType,
    MySQLDecimalType,
    MySQLDoubleType,
    MySQLEnumDataType,
    MySQLEnumType,
    MySQLFloatType,
    MySQLGeometryCollectionType,
    MySQLGeometryType,
    MySQLIntType,
    MySQLLineStringType,
    MySQLLongBlobType,
    MySQLLongTextType,
    MySQLMediumBlobType,
    MySQLMediumIntType,
    MySQLMediumTextType,
    MySQLMultiLineStringType,
    MySQLMultiPointType,
    MySQLMultiPolygonType,
    MySQLPointType,
    MySQLPolygonType,
    MySQLSetDataType,
    MySQLSetType,
    MySQLSmallIntType,
    MySQLTextType,
    MySQLTinyBlobType,
    MySQLTinyIntType,
    MySQLTinyTextType,
    MySQLVarBinaryType,
    MySQLVarCharType,
    MySQLVectorType,
    MySQLYearType,
)

__version__ = "1.0.0.dev1"


def implementation() -> str:
    """The codec in use: 'native', 'compiled' or 'python'. implementation_reasons() says why not a better one."""
    return CODEC.name


def implementation_reasons() -> dict[str, str]:
    """Why each better implementation than the one in use is not: {name: reason}."""
    return dict(CODEC.reasons)


__all__ = [
    "AccessDenied",
    "AsyncFastLoadMixin",
    "AsyncMySQLBackend",
    "AsyncMySQLTransactionManager",
    "CommitUnknown",
    "ConfigError",
    "ConnectionLost",
    "DataError",
    "DatabaseCapabilities",
    "DecodeError",
    "EncodingError",
    "FastLoadMixin",
    "LockTimeout",
    "MySQLBackend",
    "MySQLBigIntType",
    "MySQLBinaryType",
    "MySQLBitType",
    "MySQLBlobType",
    "MySQLCharType",
    "MySQLConnectionConfig",
    "MySQLDecimalType",
    "MySQLDialect",
    "MySQLDoubleType",
    "MySQLEnumDataType",
    "MySQLEnumType",
    "MySQLExplainResult",
    "MySQLExplainRow",
    "MySQLFloatType",
    "MySQLGeometryCollectionType",
    "MySQLGeometryType",
    "MySQLIntType",
    "MySQLLineStringType",
    "MySQLLongBlobType",
    "MySQLLongTextType",
    "MySQLMediumBlobType",
    "MySQLMediumIntType",
    "MySQLMediumTextType",
    "MySQLMultiLineStringType",
    "MySQLMultiPointType",
    "MySQLMultiPolygonType",
    "MySQLPointType",
    "MySQLPolygonType",
    "MySQLSetDataType",
    "MySQLSetType",
    "MySQLSmallIntType",
    "MySQLTextType",
    "MySQLTinyBlobType",
    "MySQLTinyIntType",
    "MySQLTinyTextType",
    "MySQLTransactionManager",
    "MySQLVarBinaryType",
    "MySQLVarCharType",
    "MySQLVectorType",
    "MySQLYearType",
    "PacketTooLarge",
    "ParameterTypeError",
    "ParameterValueError",
    "PoolTimeout",
    "QueryCanceled",
    "QueryTimeout",
    "ReadOnlyServerError",
    "SQLWarning",
    "StatementWarning",
    "TransactionLost",
    "UnknownDatabase",
    "Vector",
    "implementation",
    "implementation_reasons",
]
