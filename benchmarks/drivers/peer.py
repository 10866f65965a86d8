"""The peer backend rhosocial-activerecord-mysql, on mysql-connector."""
from collections.abc import Sequence
from typing import Any

from rhosocial.activerecord.backend.impl.mysql import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig

BACKEND = MySQLBackend


def config(login: dict[str, Any], **options: Any) -> MySQLConnectionConfig:
    renamed = {"username" if name == "user" else name: value for name, value in login.items()}
    socket = renamed.pop("unix_socket", None)
    made = MySQLConnectionConfig(**{"port": 3306, **renamed}, charset="utf8mb4", autocommit=True, **options)
    if socket:
        made.unix_socket = socket  # its backend reads the option that its constructor refuses
    return made


def connect(login: dict[str, Any]) -> MySQLBackend:
    backend = MySQLBackend(connection_config=config(login))
    backend.connect()
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
    with backend.transaction():
        backend.execute_many(sql, rows)


async def open_async(login: dict[str, Any]) -> AsyncMySQLBackend:
    # TLS off: mysql.connector.aio fails on a server without it unless told so
    backend = AsyncMySQLBackend(connection_config=config(login, ssl_disabled=True))
    await backend.connect()
    return backend


async def read_one(backend: AsyncMySQLBackend, sql: str, params: tuple[Any, ...]) -> dict[str, Any] | None:
    return await backend.fetch_one(sql, params)


async def close_async(backend: AsyncMySQLBackend) -> None:
    await backend.disconnect()
