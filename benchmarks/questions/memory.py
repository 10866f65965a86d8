"""What the streaming API keeps of a million rows."""
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import data
from harness import Amount, Bench, Sides, check_same, question

ROWS = 1_000_000
WORKER = Path(__file__).resolve().parent.parent / "stream_worker.py"


@question(Amount("stream_memory_mb", "ours", at_most=32), rounds=3)
def stream_memory(bench: Bench) -> Iterator[Sides]:
    """A process of its own, whose peak of resident memory nobody else raises. The rows: the table times itself."""
    times = -(-ROWS // bench.rows)
    sql = (f"SELECT {', '.join(f'a.{name}' for name in data.NAMES)} FROM {data.TABLE} a "
           f"JOIN (SELECT id FROM {data.TABLE} LIMIT {times}) b")
    yield {"ours": lambda: grown(bench.login, sql, times * bench.rows)}


def grown(login: dict[str, Any], sql: str, rows: int) -> float:
    """MB by which the peak grew while a process iterated over the rows."""
    done = subprocess.run([sys.executable, str(WORKER)], input=json.dumps({"login": login, "sql": sql}),
                          capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    check_same("stream_memory: rows", {"the table": rows, "the stream": answer["rows"]})
    return answer["mb"]
