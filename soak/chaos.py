"""What goes wrong meanwhile: sessions and statements killed at random, and the server restarted in the middle."""

import random
import threading
import time
from contextlib import closing

import MySQLdb

from rhosocial.activerecord.backend.impl.mysqlclient.server import PrivateServer

# MySQL's information_schema.processlist fails (3854) while any session runs a statement with bytes that are no text.
SESSIONS = {
    "mysql": "SELECT processlist_id FROM performance_schema.threads WHERE processlist_db = %s",
    "mariadb": "SELECT id FROM information_schema.processlist WHERE db = %s",
}
_SECONDS_BETWEEN_KILLS = 0.05


def sessions(server: PrivateServer, database: str) -> list[int]:
    """The ids of the sessions that have the database as theirs."""
    with closing(MySQLdb.connect(**server.connect_kwargs())) as admin, closing(admin.cursor()) as cursor:
        cursor.execute(SESSIONS[server.flavor], (database,))
        return [row[0] for row in cursor.fetchall()]


class Chaos:
    """Kills from its start to its stop, from a thread of its own. violent: the server is killed, not asked to end."""

    def __init__(self, server: PrivateServer, database: str, seconds: float, violent: bool, seed: int) -> None:
        self._server = server
        self._database = database
        self._restart_at = time.monotonic() + seconds / 2
        self._violent = violent
        self._dice = random.Random(seed)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chaos")
        self.faults = 0
        self.failure: BaseException | None = None

    def __enter__(self) -> "Chaos":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._end.set()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        restarted = False
        try:
            while not self._end.wait(self._dice.uniform(0, 2 * _SECONDS_BETWEEN_KILLS)):
                if not restarted and time.monotonic() > self._restart_at:
                    restarted = True
                    self._restart()
                else:
                    self._kill()
        except BaseException as error:
            self.failure = error

    def _restart(self) -> None:
        if self._violent:
            self._server.kill()
            self._server.start()
        else:
            self._server.restart()
        self.faults += 1

    def _kill(self) -> None:
        there = sessions(self._server, self._database)
        if not there:
            return
        what = self._dice.choice(("CONNECTION", "QUERY"))
        with closing(MySQLdb.connect(**self._server.connect_kwargs(), autocommit=True)) as admin:
            try:
                admin.query(f"KILL {what} {self._dice.choice(there)}")
            except MySQLdb.OperationalError as error:
                if error.args[0] != 1094:  # it ended by itself meanwhile
                    raise
        self.faults += 1
