"""Models: read all, find one, save, create many."""
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import data
import sqlalchemy as sa
from drivers import floor, sqlalchemy
from harness import Bench, Fresh, Ratio, Sides, check_equal, check_same, opened, question
from models import KINDS, Mapped, model

ROWS = 5_000


def models(stack: ExitStack, bench: Bench, table: str = data.TABLE) -> dict[str, Any]:
    """The model of each kind, each on a session of its own."""
    return {name: model(opened(stack, driver, bench), bases, table) for name, (driver, bases) in KINDS.items()}


def as_dict(mapped: Any) -> dict[str, Any]:
    """An object of SQLAlchemy's, with the time zone that it leaves to the reader."""
    row = {name: getattr(mapped, name) for name in data.NAMES}
    return {**row, "created": row["created"].replace(tzinfo=data.UTC)}


@question(
    Ratio("orm_all_vs_peer", "peer", "ours", at_least=7),
    Ratio("orm_all_plain_vs_peer", "peer", "ours_plain", at_least=1.3),
    Ratio("orm_all_vs_sqlalchemy", "sqlalchemy_orm", "ours", at_least=1.5),
)
def orm_all(bench: Bench) -> Iterator[Sides]:
    """`query().all()` in the order of the key."""
    count = min(ROWS, bench.rows)
    with ExitStack() as stack:
        sides: dict[str, Callable[[], Any]] = {
            name: lambda m=made: m.query().order_by("id").limit(count).all()
            for name, made in models(stack, bench).items()
        }
        results = {name: [record.model_dump() for record in side()] for name, side in sides.items()}
        session = opened(stack, sqlalchemy, bench)
        query = sa.select(Mapped).order_by(Mapped.id).limit(count)
        sides["sqlalchemy_orm"] = partial(sqlalchemy.all_objects, session, query)
        results["sqlalchemy_orm"] = [as_dict(mapped) for mapped in sides["sqlalchemy_orm"]()]
        wanted = data.dicts(bench.rows)[:count]
        check_equal("orm_all", {"the data": wanted, **results})
        yield sides


@question(Ratio("find_one_vs_peer", "peer", "ours", at_least=6), calls=100)
def find_one(bench: Bench) -> Iterator[Sides]:
    """Beside the models, the same row sent for by mysqlclient and not even decoded: `floor`."""
    with ExitStack() as stack:
        key = data.FIRST_ID + bench.rows // 2
        sides: dict[str, Callable[[], Any]] = {
            name: partial(made.find_one, key) for name, made in models(stack, bench).items()
        }
        results = {name: [side().model_dump()] for name, side in sides.items()}
        sides["sqlalchemy_orm"] = partial(sqlalchemy.get_object, opened(stack, sqlalchemy, bench), Mapped, key)
        results["sqlalchemy_orm"] = [as_dict(sides["sqlalchemy_orm"]())]
        check_equal("find_one", results)
        drain, row = opened(stack, floor, bench), data.SELECT_ONE % key
        check_same("find_one: rows", {"floor": floor.count_rows(drain, row), "models": 1})
        yield {**sides, "floor": partial(floor.count_rows, drain, row)}


def new_records(made: Any, count: int) -> list[Any]:
    """Records without a key that nobody has saved."""
    return [made(**dict(zip(data.NAMES[1:], row[1:]))) for row in data.rows(count)]


def stored(bench: Bench) -> list[dict[str, Any]]:
    """What is in the written table, without the keys; MariaDB keeps JSON as it was spelt."""
    rows = [dict(zip(data.NAMES[1:], row)) for row in bench.ask(
        f"SELECT {', '.join(data.NAMES[1:])} FROM {data.WRITTEN} ORDER BY id")]
    return [{**row, "settings": json.loads(row["settings"])} for row in rows]


@question(Ratio("save_insert_vs_peer", "peer", "ours", at_least=2.5), calls=40)
def save_insert(bench: Bench) -> Iterator[Sides]:
    """One `save()` of a new record; making the record is not measured."""
    with ExitStack() as stack:
        sides: dict[str, Fresh] = {}
        written = {}
        for name, made in models(stack, bench, data.WRITTEN).items():
            row = dict(zip(data.NAMES[1:], data.rows(bench.rows)[0][1:]))
            sides[name] = Fresh(lambda m=made, row=row: m(**row), lambda record: record.save())
            bench.empty()
            sides[name].run(sides[name].before())
            written[name] = stored(bench)
        check_equal("save_insert", written)
        yield sides


@question(Ratio("save_update_vs_peer", "peer", "ours", at_least=2.5), calls=40)
def save_update(bench: Bench) -> Iterator[Sides]:
    """One `save()` of a record found, with two attributes changed; finding and changing are not measured."""
    with ExitStack() as stack:
        sides: dict[str, Fresh] = {}
        for name, made in models(stack, bench, data.WRITTEN).items():
            record = made(**dict(zip(data.NAMES[1:], data.rows(bench.rows)[0][1:])))
            record.save()
            sides[name] = Fresh(partial(changed, made, record.id), lambda record: record.save())
            once_more = sides[name].before()
            check_same("save_update: rows changed", {"one": 1, name: once_more.save()})
            check_same("save_update: quantity", {name: once_more.quantity, "the table": bench.ask(
                f"SELECT quantity FROM {data.WRITTEN} WHERE id = {record.id}")[0][0]})
        yield sides


def changed(made: Any, key: int) -> Any:
    record = made.find_one(key)
    record.quantity += 1
    record.note = f"{record.quantity} of them"
    return record


@question(Ratio("bulk_create_vs_peer", "peer", "ours", at_least=7))
def bulk_create(bench: Bench) -> Iterator[Sides]:
    """Making the records is not measured."""
    count = min(ROWS, bench.rows)
    with ExitStack() as stack:
        sides: dict[str, Fresh] = {}
        written = {}
        made = models(stack, bench, data.WRITTEN)
        for name in ("ours", "peer"):
            sides[name] = Fresh(partial(emptied, bench, made[name], count), made[name].bulk_create)
            records = sides[name].run(sides[name].before())
            written[name] = stored(bench)
            check_same("bulk_create: keys", {name: [record.id for record in records], "the table": [
                key for (key,) in bench.ask(f"SELECT id FROM {data.WRITTEN} ORDER BY id")]})
        check_equal("bulk_create", written)
        yield sides


def emptied(bench: Bench, made: Any, count: int) -> list[Any]:
    bench.empty()
    return new_records(made, count)


