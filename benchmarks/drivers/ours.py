"""This backend."""
from typing import Any

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, MySQLConnectionConfig

Backend, Config = MySQLBackend, MySQLConnectionConfig


def connect(login: dict[str, Any], **options: Any) -> MySQLBackend:
    backend = MySQLBackend(**login, **options)
    backend.connect()
    return backend


def close(backend: MySQLBackend) -> None:
    backend.disconnect()


def fetch_dicts(backend: MySQLBackend, sql: str) -> list[dict[str, Any]]:
    return backend.fetch_all(sql)


def fetch_typed(backend: MySQLBackend, sql: str, adapters: dict[str, Any]) -> list[dict[str, Any]]:
    return backend.fetch_all(sql, column_adapters=adapters)
