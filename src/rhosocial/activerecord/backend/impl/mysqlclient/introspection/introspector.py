"""`backend.introspector`: the core's introspector over MySQL's and MariaDB's information_schema."""

from functools import cached_property

from rhosocial.activerecord.backend.introspection.base import AsyncAbstractIntrospector, SyncAbstractIntrospector
from rhosocial.activerecord.backend.introspection.types import IntrospectionScope, TableInfo

from .parsing import MySQLIntrospectorMixin
from .status_introspector import AsyncMySQLStatusIntrospector, SyncMySQLStatusIntrospector


class SyncMySQLIntrospector(MySQLIntrospectorMixin, SyncAbstractIntrospector):
    """Tables, columns, indexes, foreign keys, views and triggers. Results are cached for 300 s."""

    @cached_property
    def status(self) -> SyncMySQLStatusIntrospector:
        return SyncMySQLStatusIntrospector(self._backend)

    def get_table_info(self, table_name: str, schema: str | None = None) -> TableInfo | None:
        """The table with its columns, indexes and foreign keys; None if there is no such table."""
        key = self._make_cache_key(IntrospectionScope.TABLE, table_name, schema=schema)
        table = self._get_cached(key)
        if table is None:
            rows = self._executor.execute(*self._build_table_info_sql(table_name, schema))
            if not rows:
                return None
            (table,) = self._parse_tables(rows, schema)
            table.columns = self.list_columns(table_name, schema)
            table.indexes = self.list_indexes(table_name, schema)
            table.foreign_keys = self.list_foreign_keys(table_name, schema)
            self._set_cached(key, table)
        return table


class AsyncMySQLIntrospector(MySQLIntrospectorMixin, AsyncAbstractIntrospector):
    """The same for the asynchronous backend."""

    @cached_property
    def status(self) -> AsyncMySQLStatusIntrospector:
        return AsyncMySQLStatusIntrospector(self._backend)

    async def get_table_info(self, table_name: str, schema: str | None = None) -> TableInfo | None:
        """The table with its columns, indexes and foreign keys; None if there is no such table."""
        key = self._make_cache_key(IntrospectionScope.TABLE, table_name, schema=schema)
        table = self._get_cached(key)
        if table is None:
            rows = await self._executor.execute(*self._build_table_info_sql(table_name, schema))
            if not rows:
                return None
            (table,) = self._parse_tables(rows, schema)
            table.columns = await self.list_columns(table_name, schema)
            table.indexes = await self.list_indexes(table_name, schema)
            table.foreign_keys = await self.list_foreign_keys(table_name, schema)
            self._set_cached(key, table)
        return table
