"""Every way on which a name gets to the server: asynchronous functions of (backend, name), for both backends.

Of table t, which paths.TABLE makes. ``REFUSED``: there is no such column, table, schema, or it cannot have that name.
"""

from rhosocial.activerecord.backend.expression import Column, ComparisonPredicate, Literal
from rhosocial.activerecord.backend.options import (
    BulkInsertOptions,
    BulkUpdateOptions,
    DeleteOptions,
    InsertOptions,
    UpdateOptions,
)

from .paths import MANY, done, listed, model

#: errno of: no such column, table, database; a name that cannot be a table's, a database's
NO_SUCH = {1054, 1146, 1049, 1103, 1102}


def equals(backend, name):
    return ComparisonPredicate(backend.dialect, "=", Column(backend.dialect, name), Literal(backend.dialect, 1))


def updated(key, column, count=2, table="t"):
    """Options of an UPDATE of ``count`` rows by ``key``."""
    return BulkUpdateOptions(
        table=table, pk_column=key, pk_values=list(range(count)), field_values={column: ["x"] * count}
    )


async def savepoint(backend, name):
    manager = backend.transaction_manager
    await done(manager.begin())
    await done(manager.savepoint(name))
    await done(backend.execute("DELETE FROM t"))
    await done(manager.rollback_to(name))
    await done(manager.release(name))
    await done(manager.commit())


async def isolation_level(backend, name):
    await done(backend.run_transaction(lambda: backend.execute("DO 0"), isolation_level=name))


async def transaction_mode(backend, name):
    await done(backend.run_transaction(lambda: backend.execute("DO 0"), mode=name))


async def statement_timeout(backend, name):
    with backend.statement_timeout(name):
        await done(backend.execute("DO 0"))


# The server is asked for just this name, and says that there is none.
ASKED_FOR = {
    "bulk_load's table": lambda b, n: b.bulk_load(n, ["s"], [("x",)]),
    "bulk_load's column": lambda b, n: b.bulk_load("t", ["s", n], [("x", "y")]),
    "bulk_load's schema": lambda b, n: b.bulk_load("t", ["s"], [("x",)], schema_name=n),
    "bulk_upsert's table": lambda b, n: b.bulk_upsert(n, ["s"], [("x",)]),
    "bulk_upsert's column": lambda b, n: b.bulk_upsert("t", ["s", n], [("x", "y")]),
    "bulk_upsert's update_columns": lambda b, n: b.bulk_upsert("t", ["s", n], [("x", "y")], [n]),
    "bulk_upsert's own row": lambda b, n: b.bulk_upsert("t", [n, "s"], [("x", "y")], []),
    "bulk_upsert's schema": lambda b, n: b.bulk_upsert("t", ["s"], [("x",)], schema_name=n),
    "bulk_update_rows' table": lambda b, n: b.bulk_update_rows(n, ["id"], ["s"], [(1, "x")]),
    "bulk_update_rows' key": lambda b, n: b.bulk_update_rows("t", [n], ["s"], [(1, "x")]),
    "bulk_update_rows' column": lambda b, n: b.bulk_update_rows("t", ["id"], [n], [(1, "x")]),
    "bulk_update_rows' schema": lambda b, n: b.bulk_update_rows("t", ["id"], ["s"], [(1, "x")], schema_name=n),
    "bulk_insert's table": lambda b, n: b.bulk_insert(BulkInsertOptions(table=n, columns=["s"], rows=[["x"], ["y"]])),
    "bulk_insert's column": lambda b, n: b.bulk_insert(BulkInsertOptions(table="t", columns=[n], rows=[["x"], ["y"]])),
    "bulk_insert's schema": lambda b, n: b.bulk_insert(
        BulkInsertOptions(table="t", schema_name=n, columns=["s"], rows=[["x"], ["y"]])),
    "insert's table": lambda b, n: b.insert(InsertOptions(table=n, data={"s": "x"})),
    "insert's column": lambda b, n: b.insert(InsertOptions(table="t", data={n: "x"})),
    "update's table": lambda b, n: b.update(UpdateOptions(table=n, data={"s": "x"}, where=equals(b, "id"))),
    "update's schema": lambda b, n: b.update(
        UpdateOptions(table="t", schema_name=n, data={"s": "x"}, where=equals(b, "id"))),
    "update's column": lambda b, n: b.update(UpdateOptions(table="t", data={n: "x"}, where=equals(b, "id"))),
    "update's where": lambda b, n: b.update(UpdateOptions(table="t", data={"s": "x"}, where=equals(b, n))),
    "delete's table": lambda b, n: b.delete(DeleteOptions(table=n, where=equals(b, "id"))),
    "delete's where": lambda b, n: b.delete(DeleteOptions(table="t", where=equals(b, n))),
    "bulk_update's key": lambda b, n: b.bulk_update(updated(n, "s")),
    "bulk_update's column": lambda b, n: b.bulk_update(updated("id", n)),
    "many rows' key": lambda b, n: b.bulk_update(updated(n, "s", MANY)),
    "many rows' column": lambda b, n: b.bulk_update(updated("id", n, MANY)),
    "many rows' table": lambda b, n: b.bulk_update(updated("id", "s", MANY, table=n)),
    "order_by": lambda b, n: model(b).query().order_by(n).all(),
    "group_by": lambda b, n: model(b).query().group_by(n).all(),
    "select": lambda b, n: model(b).query().select(n).all(),
    "count": lambda b, n: model(b).query().count(n),
    "max": lambda b, n: model(b).query().max_(n),
    "join": lambda b, n: model(b).query().join(n, on=equals(b, "id")).all(),
}  # fmt: skip
# Refused before anything is sent.
REFUSED = {
    "find_one's field": lambda b, n: model(b).find_one({n: 1}),
    "find_all's field": lambda b, n: model(b).find_all({n: 1}),
    "core's find_one": lambda b, n: model(b, fast=False).find_one({n: 1}),
    "order_by's direction": lambda b, n: model(b).query().order_by((model(b).c.s, n)).all(),
    "limit": lambda b, n: model(b).query().limit(n).all(),
    "with_": lambda b, n: model(b).query().with_(n).all(),
    "isolation level": isolation_level,
    "transaction mode": transaction_mode,
    "statement timeout": statement_timeout,
}
# What finds nothing of the name, or makes something that has it.
TAKEN = {
    "savepoint": savepoint,
    "list_tables' schema": lambda b, n: b.introspector.list_tables(schema=n),
    "list_tables' type": lambda b, n: b.introspector.list_tables(table_type=n),
    "list_columns": lambda b, n: b.introspector.list_columns(n),
    "list_indexes": lambda b, n: b.introspector.list_indexes(n),
    "list_foreign_keys": lambda b, n: b.introspector.list_foreign_keys(n, schema=n),
    "get_table_info": lambda b, n: b.introspector.get_table_info(n),
    "get_view_info": lambda b, n: b.introspector.get_view_info(n),
    "list_triggers": lambda b, n: b.introspector.list_triggers(n),
    "status category": lambda b, n: b.introspector.status.list_configuration(n),
    "column_mapping": lambda b, n: b.fetch_all("SELECT 1 AS v FROM t WHERE FALSE", column_mapping={"v": n}),
    "aggregate's alias": lambda b, n: model(b).query().where("FALSE = ?", (1,)).max_("id", alias=n),
    "stream of models": lambda b, n: listed(
        b.stream(f"SELECT 1 AS {b.dialect.format_identifier(n.rstrip())} FROM t WHERE FALSE", model=model(b))),
}  # fmt: skip
