"""A driver of another version, in a process of its own, as two versions of a package do not go into one.

    python drivers/process.py FOLDER MODULE   # what Driver starts; it answers on standard output
"""
import importlib
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO

BENCHMARKS = Path(__file__).resolve().parent.parent
CONNECTOR_9 = BENCHMARKS.parent / "build" / "bench" / "connector-9"  # `make bench` installs it where it can


class Driver:
    """A session of the driver `module`, with the packages of `folder` before all others."""

    def __init__(self, folder: Path, module: str, login: dict[str, Any]) -> None:
        self._process = subprocess.Popen([sys.executable, __file__, str(folder), module], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE)
        self.version = self._ask(("connect", login))

    def fetch_dicts(self, sql: str) -> None:
        """The rows stay in the other process."""
        self._ask(("fetch_dicts", sql))

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return self._ask(("rows", sql))

    def close(self) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]
        self._process.wait()

    def _ask(self, question: tuple[str, Any]) -> Any:
        send(self._process.stdin, question)  # type: ignore[arg-type]
        return pickle.load(self._process.stdout)  # type: ignore[arg-type]


def send(pipe: BinaryIO, message: Any) -> None:
    pickle.dump(message, pipe, pickle.HIGHEST_PROTOCOL)
    pipe.flush()


def serve(folder: str, module: str) -> None:
    """Answer until standard input ends."""
    sys.path[:0] = [folder, str(BENCHMARKS)]
    driver = importlib.import_module(f"drivers.{module}")
    question, login = pickle.load(sys.stdin.buffer)
    session = driver.connect(login)
    answer: Any = importlib.import_module("mysql.connector").__version__
    while True:
        send(sys.stdout.buffer, answer)
        try:
            question, sql = pickle.load(sys.stdin.buffer)
        except EOFError:
            return driver.close(session)
        rows = driver.fetch_dicts(session, sql)
        answer = rows if question == "rows" else None


if __name__ == "__main__":
    sys.path.pop(0)  # this folder: its modules are named as the packages they import
    serve(*sys.argv[1:])
