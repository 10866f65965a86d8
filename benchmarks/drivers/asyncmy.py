"""asyncmy, with its DictCursor, on an event loop of asyncio's."""
import asyncio
from typing import Any, NamedTuple

import asyncmy
from asyncmy.cursors import DictCursor


class Session(NamedTuple):
    """A connection and the loop it lives on."""

    loop: asyncio.AbstractEventLoop
    connection: asyncmy.Connection


def connect(login: dict[str, Any]) -> Session:
    loop = asyncio.new_event_loop()
    return Session(loop, loop.run_until_complete(open_async(login)))


def close(session: Session) -> None:
    session.loop.run_until_complete(close_async(session.connection))
    session.loop.close()


def fetch_dicts(session: Session, sql: str) -> list[dict[str, Any]]:
    return session.loop.run_until_complete(read_all(session.connection, sql))


def fetch_one(session: Session, sql: str, params: tuple[Any, ...]) -> dict[str, Any] | None:
    return session.loop.run_until_complete(read_one(session.connection, sql, params))


def prepare(session: Session, sql: str) -> Any:
    return session.loop.run_until_complete(session.connection.prepare(sql))


def fetch_prepared(session: Session, statement: Any) -> tuple[tuple[Any, ...], ...]:
    return session.loop.run_until_complete(statement.execute()).rows


async def open_async(login: dict[str, Any]) -> asyncmy.Connection:
    return await asyncmy.connect(**login, charset="utf8mb4", autocommit=True, cursor_cls=DictCursor)


async def read_all(connection: asyncmy.Connection, sql: str) -> list[dict[str, Any]]:
    async with connection.cursor() as cursor:
        await cursor.execute(sql)
        return list(await cursor.fetchall())


async def read_one(connection: asyncmy.Connection, sql: str, params: tuple[Any, ...]) -> dict[str, Any] | None:
    async with connection.cursor() as cursor:
        await cursor.execute(sql, params)
        return await cursor.fetchone()


async def close_async(connection: asyncmy.Connection) -> None:
    await connection.ensure_closed()
