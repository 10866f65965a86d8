"""The MySQL and MariaDB backend of rhosocial-activerecord, on mysqlclient with a compiled codec."""

from .async_backend import AsyncMySQLBackend
from .backend import MySQLBackend
from .capabilities import DatabaseCapabilities
from .config import MySQLConnectionConfig
from .dialect import MySQLDialect
from .driver import CODEC
from .explain import MySQLExplainResult, MySQLExplainRow
from .records import AsyncFastLoadMixin, FastLoadMixin
from .transaction import AsyncMySQLTransactionManager, MySQLTransactionManager
from .types import (
    MySQLBigIntType,
    MySQLBinaryType,
    MySQLBitType,
    MySQLBlobType,
    MySQLEnumDataType,
    MySQLEnumType,
    MySQLGeometryCollectionType,
    MySQLGeometryType,
    MySQLIntType,
    MySQLLineStringType,
    MySQLLongBlobType,
    MySQLLongTextType,
    MySQLMediumBlobType,
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
    "AsyncFastLoadMixin",
    "AsyncMySQLBackend",
    "AsyncMySQLTransactionManager",
    "DatabaseCapabilities",
    "FastLoadMixin",
    "MySQLBackend",
    "MySQLBigIntType",
    "MySQLBinaryType",
    "MySQLBitType",
    "MySQLBlobType",
    "MySQLConnectionConfig",
    "MySQLDialect",
    "MySQLEnumDataType",
    "MySQLEnumType",
    "MySQLExplainResult",
    "MySQLExplainRow",
    "MySQLGeometryCollectionType",
    "MySQLGeometryType",
    "MySQLIntType",
    "MySQLLineStringType",
    "MySQLLongBlobType",
    "MySQLLongTextType",
    "MySQLMediumBlobType",
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
    "MySQLVectorType",
    "MySQLYearType",
    "implementation",
    "implementation_reasons",
]
