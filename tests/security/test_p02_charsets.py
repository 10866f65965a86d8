"""P2: multi-byte character sets, in which a quote or backslash can be the second half of a character.

GHSA-x4f8-9hx9-hpp9 (PyMySQL): bytes and surrogates under big5, gbk, sjis, cp932 and gb18030.
"""

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConfigError, EncodingError, QueryError

from .paths import WAYS, done, listed, prepared_and_run, rows, ways_of

CHARSETS = ["gbk", "big5", "sjis", "cp932", "gb18030", "gb2312", "ucs2", "utf16", "utf32", "latin1", "ascii", "binary",
            "euckr", "ujis", "swe7", "", "utf8mb4'", "utf8mb4 COLLATE x", "utf8mb4\0"]  # fmt: skip
PAYLOADS = [b"\xbf' UNION SELECT 0x50574E -- ", b"\xbf\\' OR 1=1 -- ", b"\x95'", b"\x81\\", b"\xa3\x27", b"\xe5\\'"]

BY_BINARY = ("prepare", "prepare_insert")


@pytest.mark.parametrize("charset", CHARSETS)
def test_other_charsets_are_refused(charset):
    for make in (
        lambda: MySQLConnectionConfig(charset=charset),
        lambda: MySQLConnectionConfig().clone(charset=charset),
        lambda: MySQLConnectionConfig.from_dict({"charset": charset}),
    ):
        with pytest.raises(ConfigError, match="charset"):
            make()


@pytest.mark.parametrize("charset", ["gbk", "sjis"])
def test_from_url_and_environment_too(charset, monkeypatch):
    with pytest.raises(ConfigError, match="charset"):
        MySQLConnectionConfig.from_url(f"mysql://u@h/d?charset={charset}")
    monkeypatch.setenv("MYSQL_CHARSET", charset)
    with pytest.raises(ConfigError, match="charset"):
        MySQLConnectionConfig.from_env()


@pytest.mark.parametrize("payload", PAYLOADS, ids=repr)
async def test_bytes_arrive_and_surrogates_do_not(either, payload):
    for made in (bytes, bytearray, memoryview):
        for name, way in ways_of(made(payload)).items():
            found = await way(either, made(payload))
            assert found and [bytes(v) for v in found] == [payload] * len(found), name
    text = payload.decode("ascii", "surrogateescape")
    for name, way in WAYS.items():
        with pytest.raises((EncodingError, UnicodeEncodeError) if name in BY_BINARY else EncodingError):
            await way(either, text)
    with pytest.raises(EncodingError):
        await rows(either, f"SELECT '{text}' AS v")
    with pytest.raises(EncodingError):
        await rows(either, f"SELECT '{text}' AS v, %s", (1,))


SWITCHES = [
    "SET NAMES gbk", "set names 'sjis'", " SET  NAMES\tbig5 COLLATE big5_bin", "SET CHARACTER SET gbk",
    "SET charset latin1",
    "SET @a = 1, NAMES gbk", "SET character_set_client = gbk", "SET @@character_set_client='gbk'",
    "SET SESSION character_set_client := gbk", "SET @@session.character_set_client=sjis", "SET NAMES DEFAULT",
    "SET NAMES %s", "SET NAMES utf8mb4x",
]  # fmt: skip


@pytest.mark.parametrize("statement", SWITCHES)
async def test_the_session_keeps_its_charset(either, statement):
    """With another in force, `\\xbf'` would be one character and a half to the server: no literal is safe then."""
    ways = [
        lambda: done(either.execute(statement)),
        lambda: done(either.execute(statement, ("gbk",))),
        lambda: done(either.executescript(f"SELECT 1; {statement};")),
        lambda: prepared_and_run(either, statement),
        lambda: listed(either.stream(statement)),
    ]
    for way in ways:
        with pytest.raises(QueryError, match="character set stays"):
            await way()
    with pytest.raises(ConfigError, match="use charset"):
        MySQLConnectionConfig(init_command=statement)
    assert await rows(either, "SELECT @@SESSION.character_set_client AS v") == ["utf8mb4"]


async def test_what_is_no_switch_goes_on(either):
    for statement in (
        "SET NAMES utf8mb4",
        "SET NAMES 'utf8mb3'",
        "SET character_set_results = latin1",
        "SET @names = 'gbk'",
        "CREATE TABLE legacy (v VARCHAR(9) CHARACTER SET gbk, w TEXT) CHARSET sjis",
    ):
        await done(either.execute(statement))
    await done(either.execute("SET NAMES utf8mb4"))
    await done(either.execute("INSERT INTO legacy VALUES (%s, %s)", ("\u4e2d'", "\u30bd\\'")))
    found = await done(either.fetch_all("SELECT v, w FROM legacy"))
    assert found == [{"v": "\u4e2d'", "w": "\u30bd\\'"}]
