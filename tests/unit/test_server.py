"""Private servers: start, crash, end; above all, that none outlives its owner."""
from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import MySQLdb
import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import server as module
from rhosocial.activerecord.backend.impl.mysqlclient.server import (
    PrivateServer,
    ServerError,
    ServerNotFound,
    find_server,
)

# nohup and shells' background jobs leave signals ignored
OWNER = """
import signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
from rhosocial.activerecord.backend.impl.mysqlclient.server import PrivateServer
server = PrivateServer("mariadb")
server.start()
print(server.pid, server.socket, flush=True)
{}
"""


def query(server: PrivateServer, sql: str, **kwargs: object) -> tuple[tuple[object, ...], ...]:
    with closing(MySQLdb.connect(**{**server.connect_kwargs(), **kwargs}, autocommit=True)) as session:
        cursor = session.cursor()
        cursor.execute(sql)
        return cursor.fetchall()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def soon(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@pytest.fixture(scope="module")
def mariadb() -> Iterator[PrivateServer]:
    with PrivateServer("mariadb") as server:
        yield server


@pytest.mark.parametrize("flavor", ["mysql", "mariadb"])
def test_a_server_answers_keeps_its_data_over_restart_and_crash_and_vanishes(flavor: module.Flavor) -> None:
    with PrivateServer(flavor, {"max_connections": 77}) as server:
        assert query(server, "SELECT @@max_connections, @@port") == ((77, server.port),)
        assert query(server, "SELECT CURRENT_USER()", **server.connect_kwargs(tcp=True)) == (("root@127.0.0.1",),)
        assert ("MariaDB" in server.binary.version) == (flavor == "mariadb")
        query(server, "CREATE DATABASE kept")
        before, port = server.pid, server.port
        server.restart()
        assert server.pid != before and alive(server.pid)
        assert server.port == port or "Address already in use" in server.log_file.read_text()  # another's meanwhile
        server.kill()
        assert not server.running and server.pid is None
        server.start()
        assert query(server, "SHOW DATABASES LIKE 'kept'") == (("kept",),)
        last, folder = server.pid, Path(server.socket).parent
    assert not alive(last) and not folder.exists()
    with pytest.raises(ServerError, match="closed"):
        server.start()


def test_the_socket_path_fits_however_long_the_temporary_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    monkeypatch.setattr(module, "MEMORY", "/no/such")
    monkeypatch.setattr(module.tempfile, "tempdir", str(deep))
    server = PrivateServer("mariadb")
    assert len(server.socket) < 107 and server.socket.startswith("/tmp/rho-server-")
    server.close()
    assert not Path(server.socket).parent.exists() and not list(deep.iterdir())


def test_a_full_disk_is_named_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOM", 1 << 60)
    with pytest.raises(ServerError, match="^no room: none of /dev/shm, .*/tmp is writable .*TMPDIR$"):
        PrivateServer("mariadb")


def test_a_directory_of_the_callers_keeps_data_and_log(tmp_path: Path) -> None:
    with PrivateServer("mariadb", directory=tmp_path / "home") as server:
        query(server, "CREATE DATABASE kept")
    assert server.log_file.is_file()
    with PrivateServer("mariadb", directory=tmp_path / "home") as server:
        assert query(server, "SHOW DATABASES LIKE 'kept'") == (("kept",),)


def test_a_cache_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ServerError, match=f"^{tmp_path}/file/.* cannot be made .*XDG_CACHE_HOME$"):
        PrivateServer("mariadb").start()


def test_a_template_is_made_once_and_each_server_gets_its_own_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    identities = set()
    for _ in range(2):
        with PrivateServer("mysql", {"lower_case_table_names": 1}) as server:
            identities |= set(query(server, "SELECT @@lower_case_table_names, @@server_uuid"))
    assert {case for case, _ in identities} == {1} and len(identities) == 2
    kept = [folder.name for folder in (tmp_path / "rhosocial-activerecord-mysqlclient").iterdir()]
    assert kept == [f"mysql-{server.binary.version}--lower-case-table-names=1"]


def test_a_busy_port_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = PrivateServer("mariadb", port=port)
        with pytest.raises(ServerError, match=f"^port {port} on 127.0.0.1 is in use: .*free one$"):
            server.start()
        assert not server.running
        server.close()


@pytest.mark.parametrize("soon_free", [False, True])
def test_a_free_port_that_is_taken_meanwhile_is_chosen_again(soon_free: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        chosen = iter([port, *(module._free_port() for _ in range(2))])
        monkeypatch.setattr(module, "_free_port", lambda: next(chosen))
        if soon_free:
            stop = PrivateServer.stop
            monkeypatch.setattr(PrivateServer, "stop", lambda server: (server.port and taken.close(), stop(server)))
        with PrivateServer("mariadb") as server:
            assert server.port != port
            assert query(server, "SELECT @@port") == ((server.port,),)


def test_a_refused_option_is_told_from_the_log() -> None:
    server = PrivateServer("mariadb", {"no_such_option": 1})
    with pytest.raises(ServerError, match="ended at once(.|\n)*no-such-option"):
        server.start()
    assert not server.running and server.pid is None
    server.close()


def test_a_server_that_never_answers_is_ended() -> None:
    server = PrivateServer("mariadb", timeout=0)
    with pytest.raises(ServerError, match="did not answer within 0 s"):
        server.start()
    assert not server.running and server.pid is None
    server.close()


@pytest.mark.parametrize("flavor", ["mysql", "mariadb"])
def test_a_missing_server_is_named_with_what_to_install(
    flavor: module.Flavor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("RHOSOCIAL_MYSQLCLIENT_SERVERS", str(tmp_path / "mine"))
    monkeypatch.setattr(module, "CHECKOUT_SERVERS", tmp_path / "none")
    monkeypatch.setattr(module, "SYSTEM_FOLDERS", ())
    with pytest.raises(ServerNotFound) as caught:
        find_server(flavor)
    assert str(caught.value).startswith(f"no {flavor} server found in {tmp_path / 'mine'}, {tmp_path / 'none'}, PATH: ")
    assert module.HOW_TO_INSTALL[flavor] in str(caught.value)


def test_a_mysqld_that_is_mariadb_is_not_taken_for_mysql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mysqld").symlink_to(find_server("mariadb").command[0])
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(module, "CHECKOUT_SERVERS", tmp_path / "none")
    monkeypatch.setattr(module, "SYSTEM_FOLDERS", ())
    with pytest.raises(ServerNotFound):
        find_server("mysql")


def test_the_url_quotes_and_omits_an_empty_password(mariadb: PrivateServer) -> None:
    assert mariadb.url == f"mysql://root@127.0.0.1:{mariadb.port}/"
    endpoint = module.Endpoint()
    endpoint.host, endpoint.port, endpoint.user, endpoint.password = "db", 3306, "a:b", "p@/ss"
    assert endpoint.url == "mysql://a%3Ab:p%40%2Fss@db:3306/"


@pytest.mark.parametrize(
    "ending",
    ["pass", "sys.exit(3)", "raise KeyError", "import os; os._exit(0)", "import os; os.kill(os.getpid(), 9)"],
)
def test_a_server_ends_with_its_owner(ending: str) -> None:
    owner = subprocess.run([sys.executable, "-c", OWNER.format(ending)], capture_output=True, text=True, timeout=120)
    assert_gone(owner.stdout)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_a_server_ends_when_its_owner_is_killed(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER.format("time.sleep(60)")], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as owner:
        started = owner.stdout.readline()
        assert alive(int(started.split()[0]))
        owner.send_signal(number)
        assert owner.wait(60) != 0
    assert_gone(started)


def test_a_server_ends_when_its_guard_is_killed() -> None:
    with PrivateServer("mariadb") as server:
        os.kill(server._guards[0].pid, signal.SIGKILL)
        assert soon(lambda: not alive(server.pid))
        assert soon(lambda: not server.running)
        server.start()
        assert query(server, "SELECT 1") == ((1,),)


def test_a_server_outlives_the_thread_that_started_it_and_a_forked_child() -> None:
    server = PrivateServer("mariadb")
    thread = threading.Thread(target=server.start)
    thread.start()
    thread.join()
    child = subprocess.run([sys.executable, "-c", OWNER.format(
        "import os\nif os.fork() == 0: sys.exit()\nos.wait()\nprint(server.running)")], capture_output=True, text=True)
    assert child.stdout.splitlines()[1] == "True"
    assert_gone(child.stdout)
    assert query(server, "SELECT 1") == ((1,),)
    server.close()


def assert_gone(started: str) -> None:
    pid, path = started.splitlines()[0].split()
    assert soon(lambda: not alive(int(pid))), "the server still runs"
    assert soon(lambda: not Path(path).parent.exists()), "its folder is still there"
