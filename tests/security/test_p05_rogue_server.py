"""P5: a server that answers a statement with "send me that file" (GHSA-r397-ff8c-wv2g, aiomysql)."""

import asyncio
import contextlib
import threading

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConfigError, DatabaseError

from ..admin import eventually_true
from .paths import WAYS, done
from .rogue import OK, RogueServer

STATEMENTS = ["SELECT 1", "INSERT INTO t VALUES (1)", "LOAD DATA LOCAL INFILE '{path}' INTO TABLE t", "COMMIT", "DO 0"]


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("the-files-content\n")
    return path


def asking_for(path):
    """Lets the session be set up, then asks for the file whatever it is told."""

    def answer(statement):
        return [OK] if statement.upper().startswith(b"SET ") else [b"\xfb" + bytes(path)]

    return answer


def configuration(rogue, **options):
    return MySQLConnectionConfig(host="127.0.0.1", port=rogue.port, user="u", password="p", **options)


@pytest.mark.parametrize("kind", [MySQLBackend, AsyncMySQLBackend])
@pytest.mark.parametrize("sql", STATEMENTS)
async def test_no_statement_gives_a_file_away(implementation, secret_file, kind, sql):
    with RogueServer(answer=asking_for(secret_file)) as rogue:
        backend = kind(connection_config=configuration(rogue))
        with pytest.raises(DatabaseError):
            await done(backend.execute(sql.format(path=secret_file)))
        await done(backend.disconnect())
    assert any(statement.startswith(sql[:6].encode()) for statement in rogue.statements)
    assert b"the-files-content" not in rogue.heard


@pytest.mark.parametrize("way", sorted(WAYS.keys() - {"pooled"}))  # a pool tries on for pool_timeout
@pytest.mark.parametrize("kind", [MySQLBackend, AsyncMySQLBackend])
async def test_nor_does_any_way_of_a_value(implementation, secret_file, kind, way):
    """At the first command it sends, the second, ... with an application that allows bulk_load()."""
    asked = set()
    for at in range(8):
        with RogueServer(answer=asking_at(at, secret_file, asked), answers_all=True) as rogue:
            backend = kind(connection_config=configuration(rogue, bulk_load=True, version=(9, 7, 0)))
            backend.logger.setLevel("CRITICAL")
            with contextlib.suppress(Exception):  # a DatabaseError, or the way's own where a SELECT has no rows
                await WAYS[way](backend, "value")
            await done(backend.disconnect())
        assert b"the-files-content" not in rogue.heard, (at, rogue.statements)
    assert 0 in asked


def asking_at(number, path, asked):
    """Asks for the file at one of the commands after the session was set up, and notes which it was asked at."""
    seen = []

    def answer(statement):
        if statement.upper().startswith(b"SET "):
            return [OK]
        seen.append(statement)
        if len(seen) <= number:
            return [OK]
        asked.add(number)
        return [b"\xfb" + bytes(path)]

    return answer


async def test_nor_do_the_statements_that_set_a_session_up(secret_file):
    def answer(statement):
        return [b"\xfb" + bytes(secret_file)]

    for kind in (MySQLBackend, AsyncMySQLBackend):
        with RogueServer(answer=answer) as rogue:
            backend = kind(connection_config=configuration(rogue))
            with pytest.raises(DatabaseError):
                await done(backend.connect())
            await done(backend.disconnect())
        assert rogue.statements and b"the-files-content" not in rogue.heard


def test_it_is_the_option_that_allows_it(secret_file):
    """The rogue server does what it is meant to do: with local_infile any statement gives any file away."""
    with RogueServer(answer=asking_for(secret_file)) as rogue:
        backend = MySQLBackend(connection_config=configuration(rogue, local_infile=True))
        backend.execute("INSERT INTO t VALUES (1)")
        backend.disconnect()
    assert b"the-files-content" in rogue.heard


def test_an_option_file_that_turns_it_on_is_refused(tmp_path):
    file = tmp_path / "client.cnf"
    for line in ("local-infile", "local_infile=1", "loose-local-infile = 1", "  enable-local-infile", "LOCAL-INF"):
        file.write_text(f"[client]\nport=1\n{line}\n")
        with pytest.raises(ConfigError, match="local_infile=True"):
            MySQLConnectionConfig(read_default_file=file)
        assert MySQLConnectionConfig(read_default_file=file, local_infile=True).local_infile


def test_nor_may_a_file_have_the_client_library_run_a_statement_of_a_bulk_loads_session(tmp_path):
    """It runs while the library logs in: before its handler for files can be changed."""
    file = tmp_path / "client.cnf"
    for line in ("init-command=SET @a=1", "init_command = DO 0", "loose-init-com=DO 0", "!include /etc/other.cnf"):
        file.write_text(f"[client]\nport=1\n{line}\n")
        with pytest.raises(ConfigError, match="init_command as an option"):
            MySQLConnectionConfig(read_default_file=file, bulk_load=True)
        assert MySQLConnectionConfig(read_default_file=file).read_default_file == str(file)
    file.write_text("[client]\nport=1\n# init-command\n")
    assert MySQLConnectionConfig(read_default_file=file, bulk_load=True).bulk_load


@pytest.mark.parametrize("kind", [MySQLBackend, AsyncMySQLBackend])
@pytest.mark.parametrize("asked_at", [b"LOAD", b"SHOW", b"COMMIT", b"SET", b"START", b""])
async def test_a_bulk_load_gives_its_rows_and_nothing_else(implementation, secret_file, kind, asked_at):
    """Its session alone may answer such a question, whatever file is named and at whichever statement: with rows."""

    def answer(statement):
        asks = statement.upper().startswith(asked_at or b"")
        return [b"\xfb" + bytes(secret_file)] if asks else [OK]

    with RogueServer(answer=answer) as rogue:
        backend = kind(connection_config=configuration(rogue, bulk_load=True))
        with pytest.raises(DatabaseError):  # the rogue never says that it stored the row
            await done(backend.bulk_load("t", ["a"], [("the-callers-row",)]))
        await done(backend.disconnect())
    assert rogue.statements and b"the-files-content" not in rogue.heard
    if implementation == "native" and asked_at == b"LOAD":
        assert b"the-callers-row" in rogue.heard


async def test_nor_does_the_session_that_ends_a_bulk_load(implementation, secret_file):
    """A cancelled one is killed by another session: that one may answer no such question at all."""
    sent, killing = threading.Event(), threading.Event()

    def answer(statement):
        if statement.startswith(b"START"):
            sent.set()
            killing.wait(60)
            return [OK]
        if sent.is_set():
            killing.set()
            return [b"\xfb" + bytes(secret_file)]
        return [OK]

    with RogueServer(answer=answer) as rogue:
        backend = AsyncMySQLBackend(connection_config=configuration(rogue, bulk_load=True))
        loading = asyncio.ensure_future(backend.bulk_load("t", ["a"], [("x",)]))
        while not sent.is_set():
            await asyncio.sleep(0.01)
        loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading
        assert await asyncio.to_thread(killing.wait, 60)
        # until the one that was asked has answered
        assert await eventually_true(lambda: not any("give_up" in thread.name for thread in threading.enumerate()))
        await backend.disconnect()
    assert b"the-files-content" not in rogue.heard
