"""backend.introspector on both servers, sync and async."""

from rhosocial.activerecord.backend.introspection.types import (
    ColumnNullable,
    IndexType,
    ReferentialAction,
    TableType,
)


def column(introspector, name):
    return introspector.get_column_info("child", name)


def test_database(introspector, database, server):
    info = introspector.get_database_info()
    assert (info.name, info.vendor.lower(), info.encoding) == (database, server.flavor, "utf8mb4")
    assert info.version_tuple == introspector.dialect.version and info.version.startswith(str(info.version_tuple[0]))


def test_tables_and_views(introspector, database):
    found = {table.name: table for table in introspector.list_tables()}
    assert {name: table.table_type for name, table in found.items()} == {
        "child": TableType.BASE_TABLE, "parent": TableType.BASE_TABLE, "seen": TableType.VIEW,
    }  # fmt: skip
    assert {table.schema for table in found.values()} == {database}
    assert (found["parent"].comment, found["seen"].comment, found["child"].comment) == ("it's", None, None)
    assert found["child"].extra["engine"] == "InnoDB" and found["child"].size_bytes > 0
    assert introspector.get_table_info("absent") is None and not introspector.table_exists("absent")


def test_the_schema_of_a_session_is_the_one_in_use_not_the_one_configured(introspector, backend, database):
    backend.execute(f"CREATE DATABASE {database}_other")
    try:
        backend.execute(f"CREATE TABLE {database}_other.elsewhere (id INT)")
        assert [table.name for table in introspector.list_tables(f"{database}_other")] == ["elsewhere"]
        introspector.clear_cache()
        backend.execute(f"USE {database}_other")
        assert [table.name for table in introspector.list_tables()] == ["elsewhere"]
        assert introspector.list_columns("elsewhere")[0].schema == f"{database}_other"
    finally:
        backend.execute(f"DROP DATABASE {database}_other")


def test_columns(introspector):
    info = introspector.get_table_info("child")
    assert [item.name for item in info.columns] == [
        "id", "name", "n", "d", "ts", "kept", "virt", "a", "b", "body", "e", "bits", "expr", "code",
    ]  # fmt: skip
    identity = column(introspector, "id")
    assert identity.is_primary_key and identity.is_auto_increment and identity.nullable is ColumnNullable.NOT_NULL
    assert identity.data_type == "bigint" and "unsigned" in identity.data_type_full
    assert column(introspector, "code").is_unique
    name = column(introspector, "name")
    assert (name.charset, name.character_maximum_length, name.comment) == ("latin1", 20, "its name")
    assert column(introspector, "ts").datetime_precision == 3
    assert (column(introspector, "d").numeric_precision, column(introspector, "d").numeric_scale) == (10, 2)


def test_defaults_are_values_on_both_vendors(introspector):
    defaults = {item.name: item.default_value for item in introspector.list_columns("child")}
    assert defaults["name"] == "it's \\ x" and defaults["n"] == "5" and defaults["d"] is None and defaults["e"] == "y"
    assert defaults["bits"] == "b'101'" and defaults["expr"].strip("()").replace(" ", "") == "1+2"
    assert defaults["ts"].upper() == "CURRENT_TIMESTAMP(3)"
    expressions = {item.name for item in introspector.list_columns("child") if item.extra.get("default_is_expression")}
    assert expressions == {"ts", "expr"}
    assert column(introspector, "ts").extra["on_update"].upper() == "CURRENT_TIMESTAMP(3)"


def test_generated_columns(introspector):
    stored, virtual = column(introspector, "kept"), column(introspector, "virt")
    assert (stored.is_generated, stored.extra["generated"]) == (True, "STORED")
    assert (virtual.is_generated, virtual.extra["generated"]) == (True, "VIRTUAL")
    assert "`n` + 1" in stored.generated_expression
    assert "'z'" in virtual.generated_expression and "\\" not in virtual.generated_expression
    assert not column(introspector, "n").is_generated


def test_indexes(introspector):
    found = {index.name: index for index in introspector.list_indexes("child")}
    assert set(found) == {"PRIMARY", "code", "prefixed", "two", "words", "belongs"}
    assert found["PRIMARY"].is_primary and found["PRIMARY"].is_unique
    assert introspector.get_primary_key("parent").columns[1].name == "b"
    assert found["code"].is_unique and not found["two"].is_unique
    assert found["words"].index_type is IndexType.FULLTEXT
    assert [(part.name, part.is_descending, part.ordinal_position) for part in found["two"].columns] == [
        ("n", True, 1), ("name", False, 2),
    ]  # fmt: skip
    assert found["two"].extra["prefix_lengths"] == {"name": 4}
    assert found["prefixed"].extra["prefix_lengths"] == {"body": 10}


def test_invisible_and_functional_indexes(introspector, backend):
    invisible = "IGNORED" if backend.dialect.vendor == "mariadb" else "INVISIBLE"
    backend.execute(f"CREATE INDEX hidden ON parent (b) {invisible}")
    assert introspector.get_index_info("parent", "hidden").extra["invisible"] is True
    if backend.dialect.supports_functional_index():
        backend.execute("CREATE INDEX computed ON parent ((a + b))")
        introspector.clear_cache()
        index = introspector.get_index_info("parent", "computed")
        assert index.columns[0].name == "(`a` + `b`)" and index.extra["expressions"] == ["(`a` + `b`)"]


def test_foreign_keys(introspector, database):
    (key,) = introspector.list_foreign_keys("child")
    assert (key.name, key.columns, key.referenced_columns) == ("belongs", ["a", "b"], ["a", "b"])
    assert (key.referenced_schema, key.referenced_table) == (database, "parent")
    assert (key.on_delete, key.on_update) == (ReferentialAction.CASCADE, ReferentialAction.SET_NULL)


def test_views_and_triggers(introspector, database):
    (view,) = introspector.list_views()
    assert (view.name, view.schema, view.check_option, view.is_updatable) == ("seen", database, "CASCADED", True)
    assert "`n` > 1" in introspector.get_view_info("seen").definition
    assert introspector.get_view_info("absent") is None
    (trigger,) = introspector.list_triggers("child")
    assert (trigger.name, trigger.table_name, trigger.timing, trigger.events, trigger.level) == (
        "at_insert", "child", "BEFORE", ["INSERT"], "ROW",
    )  # fmt: skip
    assert "n = 1" in trigger.definition.lower()


async def test_async_gives_the_same(introspector, async_introspector):
    assert await async_introspector.get_database_info() == introspector.get_database_info()
    assert await async_introspector.list_tables() == introspector.list_tables()
    assert repr(await async_introspector.get_table_info("child")) == repr(introspector.get_table_info("child"))
    assert await async_introspector.get_table_info("absent") is None
    assert await async_introspector.list_views() == introspector.list_views()
    assert await async_introspector.list_triggers() == introspector.list_triggers()
