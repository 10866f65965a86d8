"""SQLAlchemy on mysqlclient: Core, and its ORM."""
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session


def connect(login: dict[str, Any]) -> sa.Connection:
    options = {name: value for name, value in login.items() if name == "unix_socket"}
    url = sa.URL.create("mysql+mysqldb", login["user"], login["password"] or None, login["host"], login.get("port"),
                        login["database"], {**options, "charset": "utf8mb4"})
    return sa.create_engine(url, isolation_level="AUTOCOMMIT").connect()


def close(connection: sa.Connection) -> None:
    connection.close()
    connection.engine.dispose()


def fetch_dicts(connection: sa.Connection, sql: str) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.exec_driver_sql(sql).mappings()]


def fetch_one(connection: sa.Connection, sql: str, params: tuple[Any, ...]) -> dict[str, Any] | None:
    row = connection.exec_driver_sql(sql, params).mappings().first()
    return None if row is None else dict(row)


def insert_many(connection: sa.Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    connection.exec_driver_sql("START TRANSACTION")
    connection.exec_driver_sql(sql, list(rows))
    connection.exec_driver_sql("COMMIT")


def all_objects(connection: sa.Connection, query: sa.Select) -> Sequence[Any]:
    with Session(connection) as session:
        return session.scalars(query).all()


def get_object(connection: sa.Connection, model: type, key: int) -> Any:
    with Session(connection) as session:
        return session.get(model, key)
