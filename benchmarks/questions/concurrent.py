"""Many tasks on one event loop."""
import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import data
from drivers import asyncmy, ours, peer
from harness import Bench, Ratio, Sides, check_equal, question

TASKS, READS = 64, 10


@question(
    Ratio("async64_vs_peer", "peer", "ours", at_least=4),
    Ratio("async64_vs_asyncmy", "asyncmy", "ours", at_least=0.9),
)
def async64(bench: Bench) -> Iterator[Sides]:
    """64 tasks, each with a session of its own, read 10 rows by key one after another."""
    with ExitStack() as stack:
        loop = asyncio.new_event_loop()
        stack.callback(loop.close)
        sides: dict[str, Any] = {}
        for name, driver in (("ours", ours), ("peer", peer), ("asyncmy", asyncmy)):
            sessions = loop.run_until_complete(gather(driver.open_async(bench.login) for _ in range(TASKS)))
            stack.callback(lambda d=driver, s=sessions: loop.run_until_complete(gather(map(d.close_async, s))))
            sides[name] = lambda d=driver, s=sessions: loop.run_until_complete(
                gather(read(d, session, task, bench.rows) for task, session in enumerate(s)))
        results = {name: [row for rows in side() for row in rows] for name, side in sides.items()}
        check_equal("async64", results)
        yield sides


async def gather(coroutines: Any) -> list[Any]:
    return await asyncio.gather(*coroutines)


async def read(driver: Any, session: Any, task: int, rows: int) -> list[Any]:
    return [await driver.read_one(session, data.SELECT_ONE, (data.FIRST_ID + (task * READS + i) % rows,))
            for i in range(READS)]

