"""A private throwaway server: the embedded default of the demo, the tests and the benchmarks.

    with PrivateServer("mysql") as server:
        backend = MySQLBackend(**server.connect_kwargs())

A server listens on 127.0.0.1 and on a socket of its own, as root without a password, keeps its data in a temporary
folder (in memory, if that has room) and ends with its owner, however the owner ends. It is fast instead of durable:
a power failure may lose commits (a killed server does not). Never keep data in it that you need.
"""
from __future__ import annotations

import ctypes
import errno
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

Flavor = Literal["mysql", "mariadb"]
Option = str | int | bool | None

SERVERS_VARIABLE = "RHOSOCIAL_MYSQLCLIENT_SERVERS"
CHECKOUT_SERVERS = Path(__file__).resolve().parents[6] / ".servers"
EXECUTABLES: dict[Flavor, tuple[str, ...]] = {"mysql": ("mysqld",), "mariadb": ("mariadbd", "mysqld")}
SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/usr/bin")  # a user's PATH often lacks them
HOW_TO_INSTALL: dict[Flavor, str] = {
    "mysql": "run `make setup` in a checkout, or install MySQL 8.0 or newer",
    "mariadb": "apt-get install mariadb-server-core mariadb-client-core, or install MariaDB 10.6 or newer",
}
DEFAULTS: dict[str, Option] = {
    "innodb-flush-log-at-trx-commit": 2,
    "sync-binlog": 0,
    "skip-log-bin": None,
    "skip-name-resolve": True,
    "innodb-buffer-pool-size": "256M",
}
FLAVOR_DEFAULTS: dict[Flavor, dict[str, Option]] = {
    "mysql": {"mysqlx": False, "secure-file-priv": "NULL"},  # a packaged default names a folder that may not exist
    "mariadb": {},
}
# MySQL knows root@localhost only, and without name resolution a TCP client is root@127.0.0.1.
INIT_STATEMENTS = """\
CREATE USER 'root'@'127.0.0.1';
GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;
"""
INIT_OPTIONS = frozenset({"lower-case-table-names", "innodb-page-size"})  # fixed when a data directory is made
MEMORY = "/dev/shm"
ROOM = 2 << 30
SOCKET_PATH_LIMIT = 107  # sun_path of sockaddr_un, less its final zero
STOP_SECONDS = 30
PORT_TRIES = 5
PORT_TAKEN = os.strerror(errno.EADDRINUSE)  # in the server's log
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class ServerError(RuntimeError):
    """A server could not be initialised or started; the message has the end of its error log."""


class ServerNotFound(ServerError):
    """No server of the wanted flavour is installed; the message says what to install."""


@dataclass(frozen=True)
class ServerBinary:
    """An installed server: `command` runs it without option files, `version` is what it says of itself."""

    flavor: Flavor
    command: tuple[str, ...]
    version: str


class Endpoint:
    """Where a server listens and who may log in."""

    flavor: Flavor
    host: str
    port: int
    user: str
    password: str
    socket: str | None

    @property
    def url(self) -> str:
        """`mysql://user:password@host:port/`; append a database name."""
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        return f"mysql://{quote(self.user, safe='')}{secret}@{self.host}:{self.port}/"

    def connect_kwargs(self, *, tcp: bool = False) -> dict[str, Any]:
        """Keyword arguments for MySQLBackend and for MySQLdb.connect: the local socket, or TCP when asked."""
        login = {"user": self.user, "password": self.password}
        if tcp or self.socket is None:
            return {"host": self.host, "port": self.port, **login}
        return {"host": "localhost", "unix_socket": self.socket, **login}


def find_server(flavor: Flavor) -> ServerBinary:
    """Look for a server in the folder $RHOSOCIAL_MYSQLCLIENT_SERVERS, in the checkout's `.servers` and on PATH.

    Raises:
        ServerNotFound: with the places searched and what to install.
    """
    folders = [Path(named)] if (named := os.environ.get(SERVERS_VARIABLE)) else []
    folders.append(CHECKOUT_SERVERS)
    private = [_private_command(folder / flavor) for folder in folders]
    installed = [(found, "--no-defaults") for name in EXECUTABLES[flavor] if (found := _which(name))]
    for command in (*private, *installed):
        if command and (version := _version(flavor, command)):
            return ServerBinary(flavor, command, version)
    searched = ", ".join([*map(str, folders), "PATH"])
    raise ServerNotFound(f"no {flavor} server found in {searched}: {HOW_TO_INSTALL[flavor]}")


def _which(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_FOLDERS]))


def _private_command(prefix: Path) -> tuple[str, ...]:
    """Run unpacked distribution packages through the loader and the libraries unpacked with them."""
    usr = prefix / "usr"
    loader = next(usr.glob("lib/*/ld-linux-*.so.*"), None)
    if loader is None:
        return ()
    return (str(loader), "--library-path", str(loader.parent), str(usr / "sbin" / "mysqld"), "--no-defaults",
            f"--basedir={usr}", f"--lc-messages-dir={usr / 'share' / 'mysql'}")


def _version(flavor: Flavor, command: tuple[str, ...]) -> str | None:
    """MariaDB installs a `mysqld` too: only what a server says of itself tells them apart."""
    said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"Ver (\S+)", said)
    return version[1] if version and ("MariaDB" in said) == (flavor == "mariadb") else None


class PrivateServer(Endpoint):
    """One server of its own; `with` starts it and removes it. May be started, stopped and killed in between.

    Args:
        flavor: `"mysql"` or `"mariadb"`.
        options: server options by name (`{"max_connections": 500, "skip_log_bin": None}`), over DEFAULTS.
        directory: keeps the data directory and the error log there instead of in a temporary folder.
        port: a TCP port that must be free; by default one that is.
        timeout: seconds until the server must answer.
    """

    host = "127.0.0.1"
    user = "root"
    password = ""
    socket: str

    def __init__(self, flavor: Flavor = "mysql", options: Mapping[str, Option] | None = None, *,
                 directory: str | os.PathLike[str] | None = None, port: int | None = None, timeout: float = 60) -> None:
        self.flavor = flavor
        self.binary = find_server(flavor)
        self.timeout = timeout
        self.pid: int | None = None
        self.port = port or 0
        self._wanted_port = port
        given = {name.replace("_", "-"): value for name, value in (options or {}).items()}
        self._options = {**DEFAULTS, **FLAVOR_DEFAULTS[flavor], **given}
        self._run = _run_directory()
        self._home = Path(directory).resolve() if directory else self._run
        self.socket = str(self._run / "s.sock")
        self.log_file = self._home / "error.log"
        self._guards: list[subprocess.Popen[str]] = []  # none or one; shared with the finalizer
        order = RELEASED if directory else ""
        self._finalizer = weakref.finalize(self, _end, os.getpid(), self._run, self._guards, order)

    def __enter__(self) -> PrivateServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def running(self) -> bool:
        return any(guard.poll() is None for guard in self._guards)

    def start(self) -> None:
        """Start, and wait until it answers. Does nothing when it runs.

        Raises:
            ServerError: busy port, refused option, no answer in time; nothing is left running.
        """
        if self.running:
            return
        if not self._run.is_dir():
            raise ServerError("this PrivateServer is closed; make a new one")
        self.stop()  # its guard, when it ended by itself
        self._home.mkdir(parents=True, exist_ok=True)
        data = self._home / "data"
        if not data.is_dir():
            _make_data(self.binary, self._options, data)
        tries = 1 if self._wanted_port else PORT_TRIES
        while True:
            self._choose_port()
            try:
                return self._launch(data)
            except BaseException as error:
                self.stop()
                tries -= 1
                # Someone may take a free port between our look and the server's bind, for a moment: then choose again.
                if not isinstance(error, ServerError) or not tries or PORT_TAKEN not in str(error):
                    raise
                self.port = 0

    def stop(self) -> None:
        """Shut down and keep the data: `start` goes on with it."""
        _dismiss(self._guards, RELEASED)
        self.pid = None

    def kill(self) -> None:
        """SIGKILL: the server has no chance to say goodbye. `start` recovers the data."""
        if self.pid is not None and self.running:
            os.kill(self.pid, signal.SIGKILL)
        self.stop()

    def restart(self) -> None:
        """Stop and start on the same socket and, unless someone takes it meanwhile, the same port."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End the server and remove everything temporary; with a `directory` of the caller's, shut down properly."""
        self._finalizer()
        self.pid = None

    def _choose_port(self) -> None:
        if self._wanted_port and not _port_is_free(self._wanted_port):
            raise ServerError(f"port {self._wanted_port} on {self.host} is in use: "
                              "end what listens there, or leave the port out to get a free one")
        self.port = self.port or _free_port()

    def _launch(self, data: Path) -> None:
        Path(self.socket).unlink(missing_ok=True)
        command = [*self.binary.command, *_as_root(), *_arguments(self._options), f"--datadir={data}",
                   f"--socket={self.socket}", f"--port={self.port}", f"--bind-address={self.host}",
                   f"--pid-file={self._run / 'server.pid'}", f"--log-error={self.log_file}",
                   # a MariaDB that starts deletes every temporary table in its tmpdir, other servers' too
                   f"--tmpdir={self._run}"]
        with open(self.log_file, "a") as log:
            guard = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__, str(self._run), *command], cwd="/", start_new_session=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        self._guards.append(guard)
        self.pid = int(guard.stdout.readline() or 0) or None  # type: ignore[union-attr]
        deadline = time.monotonic() + self.timeout
        while not _answers(self.socket):
            ended = not self.running
            if ended or time.monotonic() > deadline:
                what = "ended at once" if ended else f"did not answer within {self.timeout:g} s"
                raise ServerError(f"the {self.flavor} server {what}; its log ends with:\n{_tail(self.log_file)}")
            time.sleep(0.02)


def _run_directory() -> Path:
    """A new folder: in memory where there is room, as DDL waits for the disk otherwise (4 to 20 times as long)."""
    folders = [Path(folder).resolve() for folder in (MEMORY, tempfile.gettempdir(), "/tmp")]
    for folder in folders:
        short = len(os.fsencode(folder)) + len("/rho-server-12345678/s.sock") < SOCKET_PATH_LIMIT
        if short and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= ROOM:
            return Path(tempfile.mkdtemp(prefix="rho-server-", dir=folder))
    tried = ", ".join(sorted(set(map(str, folders))))
    raise ServerError(f"no room: none of {tried} is writable with {ROOM >> 30} GiB free; name a folder in TMPDIR")


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _arguments(options: Mapping[str, Option]) -> list[str]:
    words: dict[object, str] = {True: "ON", False: "OFF"}
    return [f"--{name}" if value is None else f"--{name}={words[value] if isinstance(value, bool) else value}"
            for name, value in options.items()]


def _make_data(binary: ServerBinary, options: Mapping[str, Option], data: Path) -> None:
    """Copy an initialised data directory; the first of its kind is made and kept in the user's cache."""
    fixed = _arguments({name: value for name, value in options.items() if name in INIT_OPTIONS})
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rhosocial-activerecord-mysqlclient"
    template = cache / "".join([binary.flavor, "-", binary.version, *fixed])
    if not template.is_dir():
        try:
            cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = f"{cache} cannot be made ({error.strerror})"
            raise ServerError(f"{reason}: name another folder in XDG_CACHE_HOME") from error
        with tempfile.TemporaryDirectory(prefix="new-", dir=cache) as fresh:
            _initialise(binary, fixed, Path(fresh) / "data")
            try:
                (Path(fresh) / "data").rename(template)
            except OSError:  # another process was faster
                if not template.is_dir():
                    raise
    with tempfile.TemporaryDirectory(prefix="new-", dir=data.parent) as fresh:
        shutil.copytree(template, Path(fresh) / "data")
        (Path(fresh) / "data").rename(data)


def _initialise(binary: ServerBinary, fixed: list[str], data: Path) -> None:
    common = [*_as_root(), *fixed, f"--datadir={data}"]
    if binary.flavor == "mariadb":
        script = _which("mariadb-install-db")
        if script is None:
            raise ServerNotFound(f"mariadb-install-db is missing: {HOW_TO_INSTALL['mariadb']}")
        command = [script, "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", *common]
    else:
        statements = data.with_suffix(".sql")
        statements.write_text(INIT_STATEMENTS)
        command = [*binary.command, "--initialize-insecure", f"--init-file={statements}", *common]
    answer = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    if answer.returncode:
        said = (answer.stderr or answer.stdout).strip()
        raise ServerError(f"the {binary.flavor} server could not make a data directory:\n{said[-2000:]}")
    (data / "auto.cnf").unlink(missing_ok=True)  # every copy gets a server_uuid of its own


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _answers(path: str) -> bool:
    """Whether the server greets: protocol version 10 in its first packet."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5)
        try:
            probe.connect(path)
            return probe.recv(5)[4:] == b"\x0a"
        except OSError:
            return False


def _tail(log: Path, lines: int = 12) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError as error:
        return f"({log} cannot be read: {error.strerror})"


# The guard: a process between owner and server. The owner holds the other end of its standard input; when the owner
# ends in any way, SIGKILL included, that pipe closes, and the guard kills the server and removes its folder. A server
# whose data is wanted is released first: it shuts down, and the folder stays.

RELEASED = "shut down, keep the folder"


def _dismiss(guards: list[subprocess.Popen[str]], order: str) -> None:
    while guards:
        guard = guards.pop()
        try:
            guard.communicate(order)
        except BrokenPipeError:  # it ended before us
            guard.wait()


def _end(owner: int, run: Path, guards: list[subprocess.Popen[str]], order: str) -> None:
    if os.getpid() == owner:  # a forked child runs its parent's finalizers
        _dismiss(guards, order)
        shutil.rmtree(run, ignore_errors=True)


def _guard_server(folder: str, *command: str) -> int:
    ended, held_by_server = os.pipe()
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}  # for another program
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, pass_fds=[held_by_server],
                              preexec_fn=_end_with_parent, env=environment)
    os.close(held_by_server)
    print(server.pid, flush=True)
    ready, _, _ = select.select([sys.stdin, ended], [], [])
    if sys.stdin in ready and sys.stdin.read() == RELEASED:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
    elif sys.stdin in ready:
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)
    return server.wait()


def _end_with_parent() -> None:
    """The guard may be killed too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(_guard_server(*sys.argv[1:]))
