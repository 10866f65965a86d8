"""Coming from rhosocial-activerecord-mysql: the same names, and the same answers after one changed import line."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from rhosocial.activerecord.backend.impl import mysql as peer
from rhosocial.activerecord.backend.impl import mysqlclient as ours

APPLICATION = Path(__file__).with_name("application.py")
PEER, OURS = "backend.impl.mysql", "backend.impl.mysqlclient"


def answers(source, server, database, folder):
    """What the application prints, in a process of its own."""
    script = folder / "application.py"
    script.write_text(source)
    arguments = [server.host, str(server.port), server.user, server.password, database]
    done = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()


@pytest.mark.flavor("mysql")
def test_an_application_of_the_peer_gives_the_same_after_changing_its_import_lines(server, database, tmp_path):
    source = APPLICATION.read_text()
    moved = source.replace(f"{PEER} ", f"{OURS} ").replace(f"{PEER}.", f"{OURS}.")
    changed = [line for line, new in zip(source.splitlines(), moved.splitlines()) if line != new]
    assert len(changed) == 2 and all(line.startswith("from ") for line in changed)
    theirs = answers(source, server, database, tmp_path)
    assert len(theirs) == 15
    assert answers(moved, server, database, tmp_path) == theirs


def test_every_name_that_both_have_is_of_the_same_kind():
    shared = [name for name in peer.__all__ if hasattr(ours, name)]
    assert {"MySQLBackend", "AsyncMySQLBackend", "MySQLConnectionConfig", "MySQLDialect"} <= set(shared)
    assert len(shared) >= 35
    for name in shared:
        assert inspect.isclass(getattr(ours, name)) == inspect.isclass(getattr(peer, name)), name


@pytest.mark.parametrize("name", ["MySQLBackend", "AsyncMySQLBackend"])
def test_the_backends_have_the_peers_public_methods(name):
    theirs, mine = getattr(peer, name), getattr(ours, name)
    missing = [method for method in dir(theirs) if method[0].islower() and not hasattr(mine, method)]
    assert missing == []
    for method in dir(theirs):
        if not method.startswith("_") and inspect.iscoroutinefunction(getattr(theirs, method)):
            assert inspect.iscoroutinefunction(getattr(mine, method)), method


def test_the_config_takes_every_option_of_the_peers():
    theirs = {name for name in inspect.signature(peer.MySQLConnectionConfig).parameters if name != "options"}
    taken = {name for name in theirs if hasattr(ours.MySQLConnectionConfig(), name)}
    assert theirs - taken == set()
