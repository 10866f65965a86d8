"""Cutting scripts into statements."""

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.codec.script import statements

ROUTINE = "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END"


@pytest.mark.parametrize(
    "script, expected",
    [
        ("", []),
        (" ;\n; -- nothing\n ; /* nor here; */ # or; here", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;SELECT 2;\n", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';', \"a;b\", `c;d` -- e;f\n;SELECT 2", ["SELECT ';', \"a;b\", `c;d` -- e;f", "SELECT 2"]),
        ("SELECT 'it''s; here'; SELECT 2", ["SELECT 'it''s; here'", "SELECT 2"]),
        (f"DELIMITER //\n{ROUTINE}//\nDELIMITER ;\nCALL p();", [ROUTINE, "CALL p()"]),
        (f"delimiter $$\r\n{ROUTINE}$$\r\n  DELIMITER ;\r\nCALL p()", [ROUTINE, "CALL p()"]),
        ("SELECT 1 AS a,\ndelimiter x\n;SELECT 2", ["SELECT 1 AS a,\ndelimiter x", "SELECT 2"]),
        ("/* head */ SELECT 1; /*! SELECT 2 */;", ["/* head */ SELECT 1", "/*! SELECT 2 */"]),
        ("SELECT 'unfinished; SELECT 2", ["SELECT 'unfinished; SELECT 2"]),
    ],
)
@pytest.mark.parametrize("backslash", [True, False])
def test_statements(script, expected, backslash):
    assert list(statements(script, backslash)) == expected


def test_a_backslash_escapes_only_where_the_session_says_so():
    script = r"SELECT 'a\'; SELECT 'b'; SELECT 3"
    assert list(statements(script, False)) == [r"SELECT 'a\'", "SELECT 'b'", "SELECT 3"]
    assert list(statements(script, True)) == [r"SELECT 'a\'; SELECT 'b'; SELECT 3"]
