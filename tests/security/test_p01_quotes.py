"""P1: quotes, backslashes and what looks like SQL, in every sql_mode, however and whenever it is set.

GHSA-m9c3-99x3-77g6 (mysqlclient), GHSA-m75w-33c4-7v8q (PyMySQL): values in sets and tuples under NO_BACKSLASH_ESCAPES.
"""

import asyncio

import pytest
from pydantic import ValidationError

from rhosocial.activerecord.backend.impl.mysqlclient.errors import TypeConversionError

from .paths import COMPARING, OF_MODELS, WAYS, done, prepared, rows, ways_of

PAYLOADS = [
    "\\' UNION SELECT 0x50574E -- ",
    '" OR 1=1 -- ',
    "' OR '1'='1",
    "\\",
    "\\\\'",
    "'\\''\\",
    "*/ ; DROP TABLE t; /*",
    "\0\x1a\r\n\t%s %(a)s ? :a %%",
    "cafe\u0301 \u017c\U0001f600'",
    "",
]


class Text(str):
    """A str whose own methods lie."""

    def __str__(self):
        return "' OR 1=1 -- "

    def encode(self, *_):
        return b"' OR 1=1 -- "

    def replace(self, *_):
        return "' OR 1=1 -- "


class Odd:
    def __str__(self):
        return "' OR 1=1 -- "


KINDS = {
    "str": str,
    "subclass": Text,
    "bytes": str.encode,
    "bytearray": lambda text: bytearray(text.encode()),
    "memoryview": lambda text: memoryview(text.encode()),
}
MODES = ["", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"]


def plain(value):
    return str.__str__(value) if isinstance(value, str) else bytes(value)


async def check(backend, names=WAYS, payloads=PAYLOADS):
    for i, text in enumerate(payloads):
        for kind, made in KINDS.items():
            if i >= 3 and kind not in ("str", "bytes"):
                continue
            value = made(text)
            for name, way in ways_of(value).items():
                found = await way(backend, value) if name in names else [value]
                assert found and [plain(v) for v in found] == [plain(value)] * len(found), (name, kind, text)


@pytest.mark.parametrize("mode", MODES)
async def test_mode_set_in_the_session(either, mode):
    await done(either.execute(f"SET sql_mode = '{mode}'"))
    await check(either)


# Where the place of a parameter has a type of its own: elsewhere a prepared statement takes that of its first value.
TYPED = ("insert", "execute_many", "options_insert", "bulk_upsert", "save", "find", "in_list", "compared", "like")


@pytest.mark.parametrize(
    ("options", "ways"),
    [
        ({"init_command": "SET sql_mode = 'NO_BACKSLASH_ESCAPES'"}, WAYS),
        ({"sql_mode": "ANSI_QUOTES,NO_BACKSLASH_ESCAPES", "prepare_threshold": 1}, TYPED),
    ],
    ids=["init_command", "sql_mode"],
)
async def test_mode_of_the_configuration(either, config, options, ways):
    backend = type(either)(connection_config=config.clone(**options))
    await done(backend.introspect_and_adapt())
    try:
        await check(backend, ways, PAYLOADS[:4])
    finally:
        await done(backend.disconnect())


async def test_mode_switched_between_statements_and_by_other_tasks(either):
    """What is rendered is for the mode in force when it is sent."""
    payload = PAYLOADS[0]
    statement = await prepared(either, "SELECT CAST(%s AS CHAR) AS v")
    for mode in [*MODES, *reversed(MODES)]:
        await done(either.execute("SET sql_mode = %s", (mode,)))
        assert await rows(either, "SELECT %s AS v", (payload,)) == [payload]
        assert (await done(statement.execute((payload,)))).data == [{"v": payload}]

    async def switch():
        for mode in MODES * 20:
            await done(either.execute("SET sql_mode = %s", (mode,)))
            await asyncio.sleep(0)

    async def ask():
        for _ in range(60):
            assert await rows(either, "SELECT %s AS v", (payload,)) == [payload]
            await asyncio.sleep(0)

    await asyncio.gather(switch(), ask(), ask())


@pytest.mark.parametrize("mode", MODES)
async def test_collections_are_no_scalars(either, mode):
    """A list in the place of one value is its JSON text, a set that of a SET column; others are refused."""
    await done(either.execute(f"SET sql_mode = '{mode}'"))
    for text in PAYLOADS[:4]:
        assert await rows(either, "SELECT JSON_UNQUOTE(JSON_EXTRACT(%s, '$[0]')) AS v", ([text],)) == [text]
        for made in (set, frozenset):
            for name, way in ways_of(made([text])).items():
                if name not in COMPARING | OF_MODELS:
                    found = await way(either, made([text]))
                    assert found in ([text] * len(found), [made([text])]), name
        for refused in ((text,), iter([text]), range(1), slice(1), Odd()):
            for name, way in ways_of(refused).items():
                expected = ValidationError if name in OF_MODELS else TypeConversionError
                with pytest.raises(expected, match="s\\n" if name in OF_MODELS else "parameter [12]"):
                    await way(either, refused)
                assert await rows(either, "SELECT id FROM t WHERE s IS NOT NULL") == [], name
                await done(either.execute("DELETE FROM t"))
