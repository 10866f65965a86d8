"""P8: columns named and typed by an attacker (node-mysql2: CVE-2024-21508, 21509, 21507, 21511)."""

import struct

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.errors import DatabaseError

from .paths import READS, done, listed, listed_one, model
from .rogue import EOF, OK, RogueServer, column, lenenc

NAMES = ["__class__", "__init__", "__dict__", "id", "__proto__", "constructor", "a.b", "{0.__class__}", "%s", "${x}",
         "__import__('os')", "'", '"', "`", "\\", "a\nb", "\u017c", "self", "None"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_names_are_keys_and_nothing_else(either, name):
    alias = either.dialect.format_identifier(name)
    for way, read in READS.items():
        found = await read(either, f"SELECT 1 AS {alias}, 'x' AS other")
        assert found == [{name: 1, "other": "x"}] and type(found[0]) is dict, way
        again = await read(either, f"SELECT 'text' AS {alias}, 2 AS other")
        assert again == [{name: "text", "other": 2}], "the plan made for the first result is not the second's"


OF_INSTANCES = ["_is_from_db", "_dirty_fields", "_original_values", "_event_handlers", "__pydantic_fields_set__",
                "__pydantic_private__", "__pydantic_extra__", "__backend__", "__table_name__", "save", "c",
                "model_config", "model_fields"]  # fmt: skip
FIELDS = ("id",)  # one of them is


@pytest.mark.parametrize("name", [name for name in NAMES if name not in FIELDS] + OF_INSTANCES)
async def test_columns_that_are_no_fields_change_nothing_of_a_model(either, name):
    """Though they have the names of what makes up an instance."""
    await done(either.execute("CREATE TABLE many LIKE t"))
    await done(either.execute(f"ALTER TABLE many ADD {either.dialect.format_identifier(name)} VARCHAR(9)"))
    await done(either.execute("INSERT INTO many VALUES (1, 'kept', NULL, NULL, NULL, 'evil')"))
    for fast in (True, name == "self"):  # of which name core's constructor has a parameter
        kind = model(either, fast)
        backend, fields = kind.__backend__, dict(kind.model_fields)
        kind.__table_name__ = "many"
        ways = [
            lambda kind: listed(either.stream("SELECT * FROM many", model=kind)),
            lambda kind: done(kind.query().all()),
            lambda kind: done(kind.find_all({"id": 1})),
            lambda kind: listed_one(kind.find_one(1)),
        ]
        for way in ways:
            (row,) = await way(kind)
            assert type(row) is kind and (row.id, row.s, row._is_from_db, row._dirty_fields) == (1, "kept", True, set())
            assert "evil" not in repr(row) + repr(vars(row)) + repr(row.__pydantic_fields_set__)
            assert (kind.__backend__, kind.__table_name__, dict(kind.model_fields)) == (backend, "many", fields)
        kind.__table_name__ = "t"


async def test_the_same_names_with_other_types(either):
    """A plan is remembered by all that it depends on: types, flags, character sets."""
    for sql, expected in (
        ("SELECT CAST(1 AS SIGNED) AS v", 1),
        ("SELECT CAST(18446744073709551615 AS UNSIGNED) AS v", 2**64 - 1),
        ("SELECT 'a' AS v", "a"),
        ("SELECT _binary'a' AS v", b"a"),
        ("SELECT CAST('a' AS BINARY) AS v", b"a"),
        ("SELECT 1.50 AS v", 1.5),
        ("SELECT NULL AS v", None),
    ):
        for read in (*READS.values(), *READS.values()):
            (row,) = await read(either, sql)
            assert row == {"v": expected} and isinstance(row["v"], str) == isinstance(expected, str)


def result(columns, *cells):
    """The packets of a result set of the text protocol."""
    count = bytes([len(columns)]) if len(columns) < 251 else b"\xfc" + struct.pack("<H", len(columns))
    return [count, *columns, EOF, *(b"".join(map(lenenc, row)) for row in cells), EOF]


@pytest.fixture(params=[MySQLBackend, AsyncMySQLBackend], ids=["sync", "async"])
def ask_rogue(request, implementation):
    """What a backend makes of each of the answers, on one session as long as that lives: rows, or the error."""

    async def ask(*answers):
        def answer(statement):
            return [OK] if statement.startswith(b"SET ") else answers[int(statement.split()[1])]

        found = []
        with RogueServer(answer=answer) as rogue:
            config = MySQLConnectionConfig(host="127.0.0.1", port=rogue.port, user="u", read_timeout=5)
            backend = request.param(connection_config=config)
            backend.logger.setLevel("CRITICAL")
            for i in range(len(answers)):
                try:
                    found.append((await done(backend.execute(f"SELECT {i}"))).data)
                except DatabaseError as error:
                    found.append(error)
            await done(backend.disconnect())
        return found

    return ask


async def test_a_name_that_is_no_text(ask_rogue):
    ((row,),) = await ask_rogue(result([column(b"\xff\xfe`")], [b"x"]))
    (name,) = row
    assert isinstance(name, str) and row[name] == "x"


async def test_a_name_of_a_megabyte(ask_rogue):
    ((row,),) = await ask_rogue(result([column(b"n" * (1 << 20))], [b"x"]))
    assert row == {"n" * (1 << 20): "x"}


async def test_4096_columns(ask_rogue):
    ((row,),) = await ask_rogue(result([column(b"c%d" % i) for i in range(4096)], [b"x"] * 4096))
    assert len(row) == 4096 and set(row.values()) == {"x"}


CELLS = [b"", b"\xff\xfe", b"12a", b"-", b"99:99", b"2024-02-30", b"9" * 400, b"\0" * 9]


async def test_types_and_cells_that_do_not_fit(ask_rogue):
    """Any cell under any type: its value or a typed error that names the column, never a crash."""
    answers = [
        result([column(b"v", kind, flags, charset, 31)], [cell])
        for kind in (*range(17), 99, *range(240, 256))
        for flags, charset in ((0, 63), (32, 45), (128, 8), (0xFFFF, 65535))
        for cell in CELLS
    ]
    for found in await ask_rogue(*answers):
        if isinstance(found, DatabaseError):
            assert "'v'" in str(found) or found.is_disconnect, found
        else:
            assert [list(row) for row in found] == [["v"]]


async def test_an_error_whose_text_is_no_text(ask_rogue):
    """mysqlclient leaves a hole in its exception then, and whoever looks into it ends the process."""
    texts = [b"\xff\xfe no text", b"", b"x" * 500, b"a\nb\0c"]
    for error in await ask_rogue(*[[b"\xff" + struct.pack("<H", 1064) + b"#42000" + text] for text in texts]):
        assert error.errno == 1064 and isinstance(str(error), str) and repr(error.__cause__)
