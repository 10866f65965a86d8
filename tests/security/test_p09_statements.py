"""P9: one statement at a time."""

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConfigError, QueryError

from .paths import done, prepared, rows


@pytest.mark.parametrize("sql", ["SELECT 1; DROP TABLE t", "DO 0; SELECT 2", "DELETE FROM t; DROP TABLE t; --"])
async def test_a_second_one_is_a_syntax_error(either, sql):
    statement = await prepared(either, sql)
    for way in (
        lambda: either.execute(sql),
        lambda: either.execute(f"SELECT %s; {sql}", (1,)),
        lambda: either.execute_many(f"INSERT INTO t (s) VALUES (%s); {sql}", [(1,), (2,)]),
        lambda: statement.execute(()),
    ):
        with pytest.raises(QueryError) as caught:
            await done(way())
        assert caught.value.errno == 1064
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
        with pytest.raises(QueryError) as caught:
            await done(backend.execute("SELECT 1; SELECT 2"))
        assert caught.value.errno == 1064
    finally:
        await done(backend.disconnect())
