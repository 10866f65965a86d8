"""Where a statement is cut, and which INSERTs may take many rows."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhosocial.activerecord.backend.impl.mysqlclient.codec import sql as module
from rhosocial.activerecord.backend.impl.mysqlclient.codec.abc import EncodingError
from rhosocial.activerecord.backend.impl.mysqlclient.codec.sql import CACHED_LENGTH, InsertShape, template

# A $ stands for a placeholder, so that a statement also says where it is to be cut.
CUTS = [
    "SELECT 1",
    "",
    "$",
    "a = $ AND b=$",
    "$$",
    "($,$)",
    "$ 'text'",
    "é = $ AND ż = $",
    # strings
    "'%s' = $",
    '"%s" = $',
    "'it''s %s' = $",
    '"a""%s" = $',
    "'\"%s' = $",
    "'' = $",
    "'''%s' = $",
    "'-- %s' = $",
    "'/*' $ '*/'",
    "'# %s' $",
    "x'00' = $ AND n'%s' = $ AND _utf8mb4'%s' = $",
    "'%s' 'and %s' $",
    # quoted identifiers
    "`a%s` = $",
    "`a``%s` = $",
    "`a'%s` = $ AND `'` = $",
    "`a\\` = $",
    # comments
    "a -- %s\n = $",
    "a --\t%s\n = $",
    "a --\n = $",
    "a --\x01%s\n = $",
    "a -- it's\n = $",
    "1--$",
    "1 --$",
    "1---1 $",
    "a # %s\n = $",
    "a # it's\n = $",
    "# %s\r %s\n $",
    "/* %s */ $",
    "/* it's */ $",
    "/**/ $",
    "/***/ $",
    "/*/ %s */ $",
    "/* /* %s */ $",
    "/* %s **/ $",
    "/* %s\n%s */ $",
    "a / b * $ / $",
    "SELECT /*+ MAX_EXECUTION_TIME(%s) */ $",
    # executable comments
    "/*!50000 SQL_NO_CACHE */ $",
    "/*!50000 'text' */ $ /*M! 1 */ $",
    "/*! a /*! b */ $",
    # what is not a placeholder
    "a % b = $",
    "a %% b = $",
    "%d %i %(a)s %S ? :a $",
    "price %size = $",
    "price %s_ = $ AND %sé = $ AND %s1 = $ AND %s$",
    "100%",
    "a %$",  # a modulo and a placeholder
    # without an end
    "$ '%s",
    '$ "%s',
    "$ `%s",
    "$ -- %s",
    "$ --",
    "$ # %s",
    "$ /* %s",
    "$ /* %s *",
    "$ /*! 1",
    "$ 'it''",
]


def cut(statement: str) -> tuple:
    """A $ after a word character or a dollar is itself, as in ``%s$``."""
    parts = [""]
    for i, character in enumerate(statement):
        if character == "$" and statement[i - 2 : i] != "%s":
            parts.append("")
        else:
            parts[-1] += character
    return tuple(part.encode() for part in parts)


@pytest.mark.parametrize("backslash", [True, False])
@pytest.mark.parametrize("statement", CUTS)
def test_cut(statement, backslash):
    parts = cut(statement)
    assert template("%s".join(part.decode() for part in parts), backslash).parts == parts


@pytest.mark.parametrize(
    ("statement", "escapes", "plain"),
    [
        (r"'\' %s' %s", (rb"'\' %s' ", b""), (rb"'\' ", b"' %s")),
        (r'"\" %s" %s', (rb'"\" %s" ', b""), (rb'"\" ', b'" %s')),
        (r"'\\' %s", (rb"'\\' ", b""), (rb"'\\' ", b"")),
        (r"'\\\' %s' %s", (rb"'\\\' %s' ", b""), (rb"'\\\' ", b"' %s")),
        (r"'a''\' %s", (rb"'a''\' %s",), (rb"'a''\' ", b"")),
        ("%s '\\", (b"", b" '\\"), (b"", b" '\\")),
        ("%s '%s\\'", (b"", b" '%s\\'"), (b"", b" '%s\\'")),
        ("'\\\n' %s", (b"'\\\n' ", b""), (b"'\\\n' ", b"")),
    ],
)
def test_backslash(statement, escapes, plain):
    assert template(statement, True).parts == escapes
    assert template(statement, False).parts == plain


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT /*!99999 %s */ 1",
        "SELECT /*!99999 %s",
        "SELECT /*M!100100 %s */ 1",
        "SELECT /*! 1 */ %s /*!50000 , %s */",
        "SELECT /*!99999 ' */ ' */ , %s '",  # skipped or not, the %s is in a string or is not
        "SELECT /*!50000 '*/%s' */",
        "SELECT /*!99999 don't */ %s",
        "SELECT /*!50000 /* %s */ */ %s",
        "SELECT /*!50000 `*/` */ %s",
        "SELECT /*!50000 -- */\n %s",
    ],
)
def test_no_value_in_an_executable_comment(statement):
    with pytest.raises(ValueError, match="put the value outside of the comment"):
        template(statement, True)


def test_statement_types():
    class Sql(str):
        def encode(self, *args):
            return b"DROP TABLE t"

        def __len__(self):
            return 0

        def __hash__(self):
            return 0

        def __eq__(self, other):
            return True

    assert template(Sql("SELECT %s"), True).parts == (b"SELECT ", b"")
    assert template("SELECT 2", True).parts == (b"SELECT 2",)
    for statement, kind in ((b"SELECT 1", "bytes"), (None, "NoneType"), (1, "int")):
        with pytest.raises(TypeError, match=f"^a statement must be a str, not a {kind}$"):
            template(statement, True)


@pytest.mark.parametrize(("statement", "position"), [("a\ud800", 1), ("%s, %s\udfff", 6), ("\udc00 %s", 0)])
def test_surrogate(statement, position):
    with pytest.raises(EncodingError, match=f"^the statement holds a lone surrogate at position {position}:"):
        template(statement, True)


def test_cache_is_bounded():
    assert template("SELECT %s", True) is template("SELECT %s", True)
    assert template("SELECT '%s'", True) is not template("SELECT '%s'", False)
    assert template("SELECT %s", 1) is template("SELECT %s", True)
    long = "SELECT %s" + " " * CACHED_LENGTH
    assert template(long, True) is not template(long, True)
    for i in range(module.CACHED_TEMPLATES + 10):
        template(f"SELECT {i}", True)
    assert module._cached.cache_info().currsize == module.CACHED_TEMPLATES


# before, row, after
SHAPES = [
    ("INSERT INTO t VALUES ", "($)", ""),
    ("INSERT INTO t (a, b) VALUES ", "($, $)", ""),
    ("insert into t(a,b)values", "($,$)", ""),
    ("Insert Ignore Into `db`.`t` (`a`) Values ", "($)", ";"),
    ("REPLACE INTO t (a) VALUES ", "($)", " ; "),
    ("REPLACE t VALUE ", "($)", ""),
    ("INSERT INTO value (value) VALUE ", "($)", ""),
    ("INSERT value VALUES ", "($)", ""),
    ("INSERT INTO db.value VALUES ", "($)", ""),
    ("INSERT INTO t VALUES\n\t", "(\n$\n)", "\n"),
    ("INSERT LOW_PRIORITY IGNORE INTO t () VALUES ", "($)", ""),
    ("INSERT INTO t PARTITION (p0, p1) (a) VALUES ", "($)", ""),
    ('INSERT INTO "t" ("a") VALUES ', "($)", ""),
    ("INSERT INTO `a``b` (`c)``d`) VALUES ", "($)", ""),
    ("INSERT INTO `values` (`values`) VALUES ", "($)", ""),
    ("INSERT INTO t VALUES ", "(DEFAULT, $, NULL, 'a,(b', 1.5, -1, NOW(6), CONCAT($, ')'))", ""),
    ("INSERT INTO t VALUES ", "(REPLACE($, 'a', INSERT('b', 1, 1, 'c')), CAST($ AS CHAR))", ""),
    ("INSERT INTO t VALUES ", "($ /* ) */, $ -- )\n, $ # )\n)", " -- end"),
    ("/* why */ INSERT /*+ SET_VAR(a=1) */ INTO t -- (\n (a) # x\n VALUES /* ( */ ", "($)", " /* %s */"),
    ("-- why\nINSERT INTO t VALUES ", "($)", ""),
    ("INSERT INTO t (a) VALUES ", "($)", " ON DUPLICATE KEY UPDATE a = VALUES(a), b = VALUES(b) + 1"),
    ("INSERT INTO t (a) VALUES ", "($)", " AS new ON DUPLICATE KEY UPDATE a = new.a"),
    ("INSERT INTO t (a) VALUES ", "($)", " as new(m, n) on duplicate key update a = m"),
    ("INSERT INTO t (a) VALUES ", "($)", " ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id)"),
    ("INSERT INTO t (a) VALUES ", "($)", " RETURNING id, a;"),
    ("INSERT INTO é (ż) VALUES ", "($, 'é')", " RETURNING ż"),
]


@pytest.mark.parametrize(("head", "row", "tail"), SHAPES)
def test_insert(head, row, tail):
    statement = "".join((head, row, tail)).replace("$", "%s")
    assert template(statement, True).insert == InsertShape(head.encode(), cut(row), tail.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT %s",
        "UPDATE t SET a = %s",
        "INSERT INTO t VALUES (1)",
        "INSERT INTO t VALUES ()",
        "INSERT INTO t (a) VALUES (%s), (%s)",
        "INSERT INTO t (a) VALUES (1), (%s)",
        "INSERT INTO t (a) VALUES (%s), (1)",
        "INSERT INTO t (a) VALUES ROW(%s)",
        "INSERT INTO t (a) VALUES ROW(%s), ROW(%s)",
        "INSERT INTO t SET a = %s",
        "INSERT INTO t SET a = VALUES(a) + %s",
        "INSERT INTO t (a) SELECT %s",
        "INSERT INTO t (a) SELECT a FROM (VALUES ROW(%s)) x",
        "INSERT INTO t SELECT VALUES (%s)",
        "INSERT INTO t TABLE u",
        "INSERT INTO t (a) WITH x AS (SELECT %s) SELECT * FROM x",
        "WITH x AS (SELECT 1) INSERT INTO t VALUES (%s)",
        "INSERT INTO t (a) VALUES (%s) ON DUPLICATE KEY UPDATE a = %s",
        "INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a) + (%s)",
        "INSERT INTO t (a) VALUES (%s) RETURNING %s",
        "INSERT /*+ SET_VAR(a=1) */ INTO t PARTITION (%s) VALUES (%s)",
        "INSERT INTO t (a) VALUES (%s); DELETE FROM t",
        "INSERT INTO t (a) VALUES (%s) ON DUPLICATE KEY UPDATE a = 1; DELETE FROM t",
        "INSERT INTO t (a) VALUES (%s) WHERE a",
        "INSERT INTO t (a) VALUES (%s) (%s)",
        "INSERT INTO t (a) VALUES (%s",
        "INSERT INTO t (a) VALUES (%s, ')'",
        "INSERT INTO t (a) VALUES (%s /* )",
        "INSERT INTO t (a) VALUES ((%s)",
        "INSERT INTO t (a) VALUES (%s))",
        "INSERT INTO t (a) VALUES (%s; %s)",
        "INSERT INTO t (a VALUES (%s)",
        "INSERT INTO t a) VALUES (%s)",
        "INSERT INTO t (a) VALUES %s",
        "INSERT INTO (a) VALUES (%s)",
        "INSERT INTO t.u.v (a) VALUES (%s)",
        "INSERT INTO t (a) 'VALUES' (%s)",
        "INSERT INTO t (a) `VALUES` (%s)",
        "INSERT INTO t (a) VALUES ((SELECT MAX(b) FROM u) + %s)",
        "INSERT INTO t (a) VALUES (LAST_INSERT_ID(), %s)",
        "INSERT INTO t (a) VALUES (row_count(), %s)",
        "INSERT INTO t (a) VALUES (VALUES(a) + %s)",
        "INSERT /*!50000 IGNORE */ INTO t (a) VALUES (%s)",
        "INSERT INTO t (a) VALUES (%s) /*!80019 AS new */",
        "EXPLAIN INSERT INTO t (a) VALUES (%s)",
        "(INSERT INTO t (a) VALUES (%s))",
        "'INSERT' INTO t VALUES (%s)",
        "%s INSERT INTO t VALUES (%s)",
        "INSERTS INTO t VALUES (%s)",
        "INSERT",
        "",
    ],
)
def test_no_insert(statement):
    assert template(statement, True).insert is None


MILLION = 1_000_000


@pytest.mark.thread_unsafe(reason="it measures time")
@pytest.mark.parametrize(
    "statement",
    [
        "a" * MILLION + "%s",
        "('abc','def',1)," * (MILLION // 16) + "%s",
        "%s '" + "\\\\" * (MILLION // 2),
        "%s '" + "\\'" * (MILLION // 2),
        "'" * (MILLION + 1) + "%s",
        "%s /*" + "*" * MILLION,
        "%s" + "/*" * (MILLION // 2),
        "%s" + "/*!" * (MILLION // 3),
        "/*! a */" * (MILLION // 8) + "%s",
        "-" * MILLION + "%s",
        "%" * MILLION + "%s",
        "%s," * (MILLION // 3),
        "INSERT INTO t VALUES " + "(" * MILLION + "%s",
        "INSERT INTO t VALUES (%s) " + "ON " * (MILLION // 3),
        "INSERT " + "IGNORE " * (MILLION // 7) + "%s",
        "INSERT INTO " + "a " * (MILLION // 2) + "%s",
        "INSERT INTO t (" + "a," * (MILLION // 2) + "%s",
        "INSERT INTO t PARTITION (" + "a," * (MILLION // 2) + "%s",
    ],
    ids=lambda s: s[:24],
)
def test_linear_time(statement):
    """Some 0.1 s for a megabyte of the worst there is, 2 s with the tokens of an INSERT; anything
    quadratic takes minutes."""
    started = time.thread_time()  # which a crowded machine does not stretch
    template(statement, True).insert  # noqa: B018
    assert time.thread_time() - started < 20


pieces = st.sampled_from(["'", '"', "`", "\\", "-- ", "#", "/*", "*/", "\n", "%s", "%", "a", " ", "é", "$", "*", "/"])


def reference(statement: str, backslash: bool) -> tuple:
    """The same rules, a character at a time."""
    parts, i = [""], 0
    while i < len(statement):
        start, character = i, statement[i]
        if character in "'\"`":
            i += 1
            while i < len(statement) and statement[i] != character:
                i += 2 if backslash and statement[i] == "\\" and character != "`" else 1
            i += 1
        elif character == "#" or statement.startswith(("-- ", "--\n"), i) or statement[i:] == "--":
            while i < len(statement) and statement[i] != "\n":
                i += 1
        elif statement.startswith("/*", i):
            end = statement.find("*/", i + 2)
            i = len(statement) if end < 0 else end + 2
        elif statement.startswith("%s", i) and statement[i + 2 : i + 3] not in tuple("aé$"):
            parts.append("")
            i += 2
            continue
        else:
            i += 1
        parts[-1] += statement[start:i]
    return tuple(part.encode() for part in parts)


@given(st.lists(pieces, max_size=30).map("".join), st.booleans())
def test_against_reference(statement, backslash):
    assert template(statement, backslash).parts == reference(statement, backslash)
