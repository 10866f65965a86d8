"""What the server says about its schemas (`introspector`) and about itself (`introspector.status`)."""

from .introspector import AsyncMySQLIntrospector, SyncMySQLIntrospector
from .parsing import MySQLIntrospectorMixin
from .status_introspector import AsyncMySQLStatusIntrospector, SyncMySQLStatusIntrospector

__all__ = [
    "AsyncMySQLIntrospector",
    "AsyncMySQLStatusIntrospector",
    "MySQLIntrospectorMixin",
    "SyncMySQLIntrospector",
    "SyncMySQLStatusIntrospector",
]
