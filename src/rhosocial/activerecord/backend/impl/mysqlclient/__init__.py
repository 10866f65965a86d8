"""The MySQL and MariaDB backend of rhosocial-activerecord, on mysqlclient with a compiled codec."""

from .async_backend import AsyncMySQLBackend
from .backend import MySQLBackend
from .config import MySQLConnectionConfig
from .dialect import MySQLDialect
from .driver import CODEC
from .transaction import AsyncMySQLTransactionManager, MySQLTransactionManager

__version__ = "1.0.0.dev1"


def implementation() -> str:
    """The codec in use: 'native', 'compiled' or 'python'. implementation_reasons() says why not a better one."""
    return CODEC.name


def implementation_reasons() -> dict:
    """Why each better implementation than the one in use is not: {name: reason}."""
    return dict(CODEC.reasons)


__all__ = [
    "AsyncMySQLBackend",
    "AsyncMySQLTransactionManager",
    "MySQLBackend",
    "MySQLConnectionConfig",
    "MySQLDialect",
    "MySQLTransactionManager",
    "implementation",
    "implementation_reasons",
]
