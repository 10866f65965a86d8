"""This backend."""
from collections.abc import Sequence
from typing import Any

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig

BACKEND = MySQLBackend


def config(login: dict[str, Any], **options: Any) -> MySQLConnectionConfig:
    return MySQLConnectionConfig(**login, **options)


def connect(login: dict[str, Any], **options: Any) -> MySQLBackend:
    backend = MySQLBackend(**login, **options)
    backend.introspect_and_adapt()
    return backend


def close(backend: MySQLBackend) -> None:
    backend.disconnect()


def fetch_dicts(backend: MySQLBackend, sql: str) -> list[dict[str, Any]]:
    return backend.fetch_all(sql)


def fetch_typed(backend: MySQLBackend, sql: str, adapters: dict[str, Any]) -> list[dict[str, Any]]:
    return backend.fetch_all(sql, column_adapters=adapters)


def fetch_one(backend: MySQLBackend, sql: str, params: tuple[Any, ...]) -> dict[str, Any] | None:
    return backend.fetch_one(sql, params)


def insert_many(backend: MySQLBackend, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    backend.execute_many(sql, rows)  # it is a transaction


async def open_async(login: dict[str, Any]) -> AsyncMySQLBackend:
    backend = AsyncMySQLBackend(**login, timezone=None)
    await backend.introspect_and_adapt()
    return backend


async def read_one(backend: AsyncMySQLBackend, sql: str, params: tuple[Any, ...]) -> dict[str, Any] | None:
    return await backend.fetch_one(sql, params)


async def close_async(backend: AsyncMySQLBackend) -> None:
    await backend.disconnect()
