"""Sizes, shapes and connections."""

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConnectionError

SIZES = [0, 1, 255, 16_000, 16_384, 16_500, 65_535, 65_536, 70_000, 1 << 20, 8 << 20]


@pytest.mark.parametrize("size", SIZES)
async def test_a_long_statement(backend, size):
    text = "ä" * (size // 2) + "x" * (size % 2)
    assert (await backend.execute("SELECT LENGTH(%s) AS n, 7 AS tag", (text,))).data == [{"n": size, "tag": 7}]


@pytest.mark.parametrize("size", SIZES)
async def test_a_large_cell(backend, size):
    row = (await backend.execute("SELECT REPEAT('y', %s) AS text, %s AS tag", (size, size))).data[0]
    assert row == {"text": "y" * size, "tag": size}


async def test_rows_of_large_and_small_cells(backend):
    sizes = [5, 70_000, 0, 65_536, 3, 300_000, 1, 65_535] * 5
    sql = " UNION ALL ".join(f"SELECT {i} AS i, REPEAT('z', {size}) AS text" for i, size in enumerate(sizes))
    rows = (await backend.execute(sql)).data
    assert [(row["i"], len(row["text"])) for row in rows] == list(enumerate(sizes))


async def test_no_rows(backend):
    result = await backend.execute("SELECT 1 AS a FROM DUAL WHERE FALSE")
    assert result.data == [] and result.affected_rows == 0


async def test_no_result_set(backend):
    await backend.execute("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v INT)")
    result = await backend.execute("INSERT INTO t (v) VALUES (%s)", (5,))
    assert (result.data, result.affected_rows, result.last_insert_id) == (None, 1, 1)
    result = await backend.execute_many("INSERT INTO t (v) VALUES (%s)", [(i,) for i in range(10)])
    assert (result.affected_rows, result.last_insert_id) == (10, 2)
    assert (await backend.execute_many("INSERT INTO t (v) VALUES (%s)", [])).affected_rows == 0
    assert (await backend.execute("UPDATE t SET v = 99 WHERE id <= 3")).affected_rows == 3


async def test_rows_come_without_the_id_of_a_statement_before(backend, server):
    await backend.execute("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v INT)")
    insert = "INSERT INTO t (v) VALUES (%s)" + " RETURNING id" * (server.flavor == "mariadb")
    expected = (None, [{"id": 2}]) if server.flavor == "mariadb" else (2, None)

    async def prepared(sql, params):
        return await (await backend.prepare(sql)).execute(params)

    for run in (backend.execute, prepared):
        await backend.execute("TRUNCATE TABLE t")
        assert (await backend.execute("INSERT INTO t (v) VALUES (1)")).last_insert_id == 1
        assert (await run("SELECT %s AS x", (1,))).last_insert_id is None
        result = await run(insert, (2,))
        assert (result.last_insert_id, result.data) == expected


async def test_tuples_through_a_cursor(backend):
    cursor = await backend._get_cursor()
    await cursor.execute("SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, NULL ORDER BY a")
    assert [column[0] for column in cursor.description] == ["a", "b"]
    assert await cursor.fetchone() == (1, "x")
    assert await cursor.fetchall() == [(2, None)]
    await cursor.close()


async def test_many_columns(backend):
    columns = ", ".join(f"{i} AS c{i}" for i in range(1000))
    assert (await backend.execute(f"SELECT {columns}")).data == [{f"c{i}": i for i in range(1000)}]


@pytest.mark.parametrize("autocommit", [True, False])
async def test_a_statement_outside_a_transaction_is_committed(config, admin, autocommit):
    backend = AsyncMySQLBackend(connection_config=config.clone(autocommit=autocommit))
    await backend.execute("CREATE TABLE t (id INT)")
    await backend.execute("INSERT INTO t VALUES (1)")
    await backend.execute_many("INSERT INTO t VALUES (%s)", [(2,), (3,)])
    await backend.execute_many("UPDATE t SET id = %s WHERE id = %s", [(20, 2), (30, 3)])
    assert admin.ask("SELECT id FROM t ORDER BY id") == ((1,), (20,), (30,))
    await backend.disconnect()


async def test_backslashes_of_the_session_from_its_first_statement(config):
    backend = AsyncMySQLBackend(connection_config=config.clone(sql_mode="NO_BACKSLASH_ESCAPES"))
    await backend.execute("CREATE TABLE t (text VARCHAR(20))")
    await backend.disconnect()
    texts = ["\\", "\\'", "a\\nb"]
    await backend.execute_many("INSERT INTO t VALUES (%s)", [(text,) for text in texts])
    assert [row["text"] for row in (await backend.execute("SELECT text FROM t")).data] == texts
    await backend.disconnect()


async def test_what_the_server_cannot_prepare_runs_all_the_same(backend):
    statement = await backend.prepare("UNLOCK TABLES")
    assert (await statement.execute(())).affected_rows == 0
    await assert_sane(backend)


async def assert_sane(backend):
    assert (await backend.execute("SELECT 'sane' AS answer")).data == [{"answer": "sane"}]


@pytest.mark.flavor("mysql")
async def test_tls(server, database, ticker):
    backend = AsyncMySQLBackend(**server.connect_kwargs(tcp=True), database=database, ssl_mode="REQUIRED")
    assert (await backend.execute("SHOW SESSION STATUS LIKE 'Ssl_cipher'")).data[0]["Value"]
    async with ticker() as others:
        assert (await backend.execute("SELECT SLEEP(0.5) AS s")).data == [{"s": 0}]
    assert others.turns >= 25  # libmariadb's own waiting over TLS would end after 5 ms
    assert len((await backend.execute("SELECT REPEAT('x', 3000000) AS t")).data[0]["t"]) == 3_000_000
    text = "y" * (3 << 20)
    assert (await backend.execute("SELECT LENGTH(%s) AS n", (text,))).data == [{"n": len(text)}]
    await backend.execute("CREATE PROCEDURE p() BEGIN SELECT 1 AS a; SELECT SLEEP(0.2) AS b; END")
    assert (await backend.execute("CALL p()")).data == [{"a": 1}]
    assert await backend.ping()
    prepared = await backend.prepare("SELECT SLEEP(%s) AS s")
    assert (await prepared.execute((0.05,))).data == [{"s": 0}]
    await backend.disconnect()


@pytest.mark.flavor("mysql")
async def test_the_end_of_a_tls_session_is_not_its_neighbours(server, database, admin, trusted):
    """OpenSSL keeps a thread's errors in one queue, and all sessions of a loop are in one thread."""
    options = {**server.connect_kwargs(tcp=True), "database": database, "ssl_mode": "REQUIRED"}
    ending, staying = AsyncMySQLBackend(**options), AsyncMySQLBackend(**options)
    before = (await staying.execute("SELECT CONNECTION_ID() AS id")).data
    for i in range(10):
        admin.ask(f"KILL {(await ending.execute('SELECT CONNECTION_ID() AS id')).data[0]['id']}")
        with pytest.raises(ConnectionError):
            await ending.execute("SELECT 1")
        assert (await staying.execute("SELECT SLEEP(0.01) AS s, %s AS i", (i,))).data == [{"s": 0, "i": i}]
    assert (await staying.execute("SELECT CONNECTION_ID() AS id")).data == before
    await ending.disconnect()
    await staying.disconnect()


@pytest.mark.flavor("mariadb")
async def test_tls_from_a_server_without_it(server, database, admin):
    if admin.ask("SHOW VARIABLES LIKE 'have_ssl'")[0][1] == b"YES":
        pytest.skip("this server offers TLS")
    backend = AsyncMySQLBackend(**server.connect_kwargs(tcp=True), database=database, ssl_mode="REQUIRED")
    with pytest.raises(ConnectionError, match="(?i)tls|ssl"):
        await backend.connect()
    assert admin.sessions_become(0)


async def test_load_data_local(config, server, tmp_path, admin, ticker):
    backend = AsyncMySQLBackend(connection_config=config.clone(local_infile=True))
    rows = 200_000
    file = tmp_path / "rows.tsv"
    file.write_text("".join(f"{i}\t{'x' * 50}\n" for i in range(rows)))
    await backend.execute("CREATE TABLE t (id INT, text VARCHAR(100))")
    async with ticker() as others:
        result = await backend.execute("LOAD DATA LOCAL INFILE %s INTO TABLE t", (str(file),))
    assert result.affected_rows == rows
    assert others.turns >= 5
    assert await backend.ping()
    await backend.disconnect()
