"""Providers of the benchmark areas. The suite's context classes are alike but for FastAPI's."""
from typing import Any

import httpx
from rhosocial.activerecord.connection.pool import AsyncBackendPool
from rhosocial.activerecord.testsuite.benchmark.crud.fixtures.data import make_user_payloads, payload_count_for_size
from rhosocial.activerecord.testsuite.benchmark.crud.interfaces import CrudBenchmarkContext
from rhosocial.activerecord.testsuite.benchmark.fastapi.app import create_fastapi_benchmark_app
from rhosocial.activerecord.testsuite.benchmark.fastapi.interfaces import (
    FASTAPI_CONNECTION_STRATEGIES,
    FASTAPI_CONTEXT_STRATEGY,
    FASTAPI_RUNTIME_CONFIGS,
    FastAPIBenchmarkContext,
)
from rhosocial.activerecord.testsuite.benchmark.mixin.interfaces import MixinBenchmarkContext
from rhosocial.activerecord.testsuite.benchmark.query.interfaces import QueryBenchmarkContext
from rhosocial.activerecord.testsuite.benchmark.transaction.interfaces import TransactionBenchmarkContext
from suite import server
from suite.fixtures import Area, AsyncProvider, SyncProvider, config
from suite.providers.connection import pool_config
from suite.under_test import ASYNC_BACKEND, BACKEND, NAMESPACE

BENCHMARK = Area("benchmark.crud", schema="benchmark")
FIXTURES = {"setup_user_model": BENCHMARK.one("BenchmarkUser")}


class UserSyncProvider(SyncProvider, fixtures=FIXTURES):
    """The synchronous model, its table and its backend."""


class UserAsyncProvider(AsyncProvider, fixtures=FIXTURES):
    """The asynchronous model, its table and its backend."""


def _seed(scenario: str, size: str, model: type, backend: type) -> dict[str, Any]:
    """Insert the rows of that size and return the fields that all context classes have."""
    payloads = make_user_payloads(payload_count_for_size(size))
    moment = "2024-01-01 00:00:00"
    return {
        "scenario": scenario,
        "size": size,
        "model_class": model,
        "payloads": payloads,
        "record_ids": [server.insert("benchmark_users", created_at=moment, updated_at=moment, **p) for p in payloads],
        "backend_namespace": NAMESPACE,
        "backend_name": backend.__name__,
    }


class BenchmarkProvider:
    """The four areas that differ by the class of their context only."""

    context: type

    def __init__(self) -> None:
        self._sync = UserSyncProvider()
        self._async = UserAsyncProvider()

    def get_benchmark_scenarios(self) -> list[str]:
        """One scenario: the server this run targets."""
        return [server.TARGET]

    def setup_benchmark_sync(self, scenario: str, size: str) -> Any:
        """The synchronous model and its rows."""
        model = self._sync.setup_user_model(scenario)
        return self.context(**_seed(scenario, size, model, BACKEND))

    def teardown_benchmark_sync(self, scenario: str, context: Any) -> None:
        """Disconnect, then drop the table."""
        self._sync.cleanup_after_test(scenario)

    async def setup_benchmark_async(self, scenario: str, size: str) -> Any:
        """The asynchronous model and its rows."""
        model = await self._async.setup_user_model(scenario)
        return self.context(**_seed(scenario, size, model, ASYNC_BACKEND))

    async def teardown_benchmark_async(self, scenario: str, context: Any) -> None:
        """Disconnect, then drop the table."""
        await self._async.cleanup_after_test(scenario)


class CrudBenchmarkProvider(BenchmarkProvider):
    """benchmark.crud.ICrudBenchmarkProvider"""

    context = CrudBenchmarkContext


class QueryBenchmarkProvider(BenchmarkProvider):
    """benchmark.query.IQueryBenchmarkProvider"""

    context = QueryBenchmarkContext


class TransactionBenchmarkProvider(BenchmarkProvider):
    """benchmark.transaction.ITransactionBenchmarkProvider"""

    context = TransactionBenchmarkContext


class MixinBenchmarkProvider(BenchmarkProvider):
    """benchmark.mixin.IMixinBenchmarkProvider"""

    context = MixinBenchmarkContext


class FastAPIBenchmarkProvider:
    """benchmark.fastapi.IFastAPIBenchmarkProvider: an application, and a client that calls it in the same loop."""

    def __init__(self) -> None:
        self._users = UserAsyncProvider()
        self._pool: AsyncBackendPool | None = None

    def get_benchmark_scenarios(self) -> list[str]:
        """One scenario: the server this run targets."""
        return [server.TARGET]

    def get_connection_strategies(self) -> list[str]:
        """A backend per request, and pools that the load just fits, nearly fills and overflows."""
        return FASTAPI_CONNECTION_STRATEGIES

    async def setup_benchmark_async(
        self, scenario: str, size: str, connection_strategy: str = FASTAPI_CONTEXT_STRATEGY
    ) -> FastAPIBenchmarkContext:
        """The model and its rows, the pool if the strategy has one, the application and its client."""
        model = await self._users.setup_user_model(scenario)
        runtime = FASTAPI_RUNTIME_CONFIGS[connection_strategy]
        sizes = {name: runtime[f"pool_{name}"] for name in ("min_size", "max_size")}
        if connection_strategy != FASTAPI_CONTEXT_STRATEGY:
            self._pool = await AsyncBackendPool.create(pool_config(ASYNC_BACKEND, **sizes))
        pool = self._pool
        connection = pool.connection if pool else lambda: ASYNC_BACKEND(connection_config=config()).context()
        app = create_fastapi_benchmark_app(model, connection, ASYNC_BACKEND.__name__, scenario)
        return FastAPIBenchmarkContext(
            app=app,
            client=httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://benchmark"),
            connection_strategy=connection_strategy,
            concurrency=runtime["concurrency"],
            repeat=runtime["repeat"],
            pool_config=sizes if pool else None,
            pool_connection_mode=pool.connection_mode if pool else None,
            pool_stats=pool.get_stats if pool else None,
            **_seed(scenario, size, model, ASYNC_BACKEND),
        )

    async def teardown_benchmark_async(self, scenario: str, context: FastAPIBenchmarkContext) -> None:
        """Close the client and the pool, disconnect the model, drop the table."""
        await context.client.aclose()
        if self._pool is not None:
            await self._pool.close(force=True)
        await self._users.cleanup_after_test(scenario)
