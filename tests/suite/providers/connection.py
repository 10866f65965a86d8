"""Providers of the tests on connection pools: basic/connection, basic/transaction, query/connection."""
from typing import Any, Optional

from rhosocial.activerecord.connection.pool import AsyncBackendPool, BackendPool, PoolConfig
from rhosocial.activerecord.model import ActiveRecord, AsyncActiveRecord
from rhosocial.activerecord.testsuite.feature.basic.connection.interfaces import IBasicConnectionProvider
from rhosocial.activerecord.testsuite.feature.basic.transaction.interfaces import ITransactionBasicProvider
from rhosocial.activerecord.testsuite.feature.query.connection.interfaces import IQueryConnectionProvider
from suite import schema, server
from suite.fixtures import config, drop_tables
from suite.under_test import ASYNC_BACKEND, BACKEND

TABLE = "test_users"  # the tests have this name, and the columns, in their SQL


class PoolUser(ActiveRecord):
    """The synchronous model of these tests."""

    __table_name__ = TABLE

    id: Optional[int] = None
    name: str
    email: str


class AsyncPoolUser(AsyncActiveRecord):
    """The asynchronous model of these tests."""

    __table_name__ = TABLE

    id: Optional[int] = None
    name: str
    email: str


def pool_config(backend: type, min_size: int = 1, max_size: int = 5) -> PoolConfig:
    """Settings of a pool of backends of that class."""
    return PoolConfig(
        min_size=min_size, max_size=max_size, backend_factory=lambda: backend(connection_config=config())
    )


def _make_table() -> None:
    drop_tables([TABLE])
    server.execute([schema.tables("basic")[TABLE]])


class ConnectionProvider(IBasicConnectionProvider, IQueryConnectionProvider, ITransactionBasicProvider):
    """All three keys; the model has a backend of its own, which is not one of the pool's."""

    def get_test_scenarios(self) -> list[str]:
        """One scenario: the server this run targets."""
        return [server.TARGET]

    def setup_sync_pool_and_model(self, scenario_name: str) -> tuple[BackendPool, type[ActiveRecord]]:
        """An empty table, a pool and the configured model."""
        _make_table()
        PoolUser.configure(config(), BACKEND)
        return BackendPool.create(pool_config(BACKEND)), PoolUser

    async def setup_async_pool_and_model(self, scenario_name: str) -> tuple[AsyncBackendPool, type[AsyncActiveRecord]]:
        """An empty table, a pool and the configured model."""
        _make_table()
        await AsyncPoolUser.configure(config(), ASYNC_BACKEND)
        return await AsyncBackendPool.create(pool_config(ASYNC_BACKEND)), AsyncPoolUser

    def setup_sync_pool_for_crud(self, scenario_name: str) -> tuple[BackendPool, type[ActiveRecord]]:
        """The same again."""
        return self.setup_sync_pool_and_model(scenario_name)

    async def setup_async_pool_for_crud(self, scenario_name: str) -> tuple[AsyncBackendPool, type[AsyncActiveRecord]]:
        """The same again."""
        return await self.setup_async_pool_and_model(scenario_name)

    def cleanup_sync(self, scenario_name: str, pool: Any) -> None:
        """Close the pool, disconnect the model, drop the table."""
        pool.close(force=True)
        PoolUser.backend().disconnect()
        drop_tables([TABLE])

    async def cleanup_async(self, scenario_name: str, pool: Any) -> None:
        """Close the pool, disconnect the model, drop the table."""
        await pool.close(force=True)
        await AsyncPoolUser.backend().disconnect()
        drop_tables([TABLE])
