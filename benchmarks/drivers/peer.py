"""The peer backend rhosocial-activerecord-mysql, on mysql-connector."""
from typing import Any

from rhosocial.activerecord.backend.impl.mysql import MySQLBackend, MySQLConnectionConfig

Backend, Config = MySQLBackend, MySQLConnectionConfig


def connect(login: dict[str, Any]) -> MySQLBackend:
    backend = MySQLBackend(connection_config=config(login))
    backend.connect()
    return backend


def config(login: dict[str, Any]) -> MySQLConnectionConfig:
    renamed = {"username" if name == "user" else name: value for name, value in login.items()}
    socket = renamed.pop("unix_socket", None)
    made = MySQLConnectionConfig(**{"port": 3306, **renamed}, charset="utf8mb4", autocommit=True)
    if socket:
        made.unix_socket = socket  # its backend reads the option that its constructor refuses
    return made


def close(backend: MySQLBackend) -> None:
    backend.disconnect()


def fetch_dicts(backend: MySQLBackend, sql: str) -> list[dict[str, Any]]:
    return backend.fetch_all(sql)


def fetch_typed(backend: MySQLBackend, sql: str, adapters: dict[str, Any]) -> list[dict[str, Any]]:
    return backend.fetch_all(sql, column_adapters=adapters)
