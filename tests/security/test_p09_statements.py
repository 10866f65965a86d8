"""P9: one statement at a time."""

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConfigError, DatabaseError, QueryError

from .paths import TEXTS, done, rows


@pytest.mark.parametrize("sql", ["SELECT 1; DROP TABLE t", "DO 0; SELECT 2", "DELETE FROM t; DROP TABLE t; --"])
async def test_a_second_one_is_a_syntax_error(either, sql):
    await done(either.execute("INSERT INTO t (id, s) VALUES (1, 'kept')"))
    for name, way in TEXTS.items():
        with pytest.raises(QueryError) as caught:
            await way(either, sql)
        assert caught.value.errno == 1064, name
    assert await rows(either, "SELECT s FROM t") == ["kept"]


@pytest.mark.parametrize("threshold", [1, 2])
async def test_nor_is_it_where_statements_are_prepared_unasked(either, config, threshold):
    backend = type(either)(connection_config=config.clone(prepare_threshold=threshold))
    try:
        for _ in range(3):
            with pytest.raises(QueryError) as caught:
                await done(backend.execute("DO 0; DROP TABLE t"))
            assert caught.value.errno == 1064
    finally:
        await done(backend.disconnect())
    assert await rows(either, "SELECT COUNT(*) AS n FROM t") == [0]


def test_no_option_allows_it():
    for options in ({"client_flags": 65536}, {"client_flags": ["MULTI_STATEMENTS"]}, {"multi_statements": True}):
        with pytest.raises(ConfigError):
            MySQLConnectionConfig(**options)
    assert MySQLConnectionConfig(client_flags=["FOUND_ROWS"]).driver_kwargs()["multi_statements"] is False


async def test_an_option_file_that_turns_it_on_is_turned_off(either, config, tmp_path):
    file = tmp_path / "client.cnf"
    file.write_text("[client]\nmulti-statements=1\nmulti-queries=1\n")
    backend = type(either)(connection_config=config.clone(read_default_file=file))
    try:
        for name, way in TEXTS.items():
            with pytest.raises(QueryError) as caught:
                await way(backend, "SELECT 1; SELECT 2")
            assert caught.value.errno == 1064, name
    finally:
        await done(backend.disconnect())


async def test_an_init_command_is_one_too(either, config):
    backend = type(either)(connection_config=config.clone(init_command="SET @a = 1; DROP TABLE t"))
    with pytest.raises(DatabaseError) as caught:
        await done(backend.connect())
    assert caught.value.errno == 1064
    assert await rows(either, "SELECT COUNT(*) AS n FROM t") == [0]
