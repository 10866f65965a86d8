"""Errors: the table, its classes and what is said about each error."""

import builtins

import MySQLdb
import pytest

from rhosocial.activerecord.backend import errors as core
from rhosocial.activerecord.backend.impl.mysqlclient import errors
from rhosocial.activerecord.backend.impl.mysqlclient.codec import abc as codec


@pytest.mark.parametrize(
    ("errno", "error_class", "sqlstate", "disconnect", "retryable"),
    [
        (1062, core.IntegrityError, "23000", False, False),
        (1048, core.IntegrityError, "23000", False, False),
        (1451, core.IntegrityError, "23000", False, False),
        (3819, core.IntegrityError, "HY000", False, False),
        (4025, core.IntegrityError, "23000", False, False),
        (1406, errors.DataError, "22001", False, False),
        (1264, errors.DataError, "22003", False, False),
        (1064, core.QueryError, "42000", False, False),
        (1146, core.QueryError, "42S02", False, False),
        (1054, core.QueryError, "42S22", False, False),
        (1049, errors.UnknownDatabase, "42000", False, False),
        (1205, errors.LockTimeout, "HY000", False, True),
        (1213, core.DeadlockError, "40001", False, True),
        (1317, errors.QueryCanceled, "70100", False, False),
        (3024, errors.QueryTimeout, "HY000", False, False),
        (1969, errors.QueryTimeout, "70100", False, False),
        (1290, errors.ReadOnlyServerError, "HY000", False, False),
        (1792, errors.ReadOnlyServerError, "25006", False, False),
        (1836, errors.ReadOnlyServerError, "HY000", False, False),
        (1045, errors.AccessDenied, "28000", False, False),
        (1698, errors.AccessDenied, "28000", False, False),
        (2061, errors.AccessDenied, "HY000", False, False),
        (1040, core.ConnectionError, "08004", False, True),
        (2003, core.ConnectionError, "HY000", False, True),
        (1153, errors.PacketTooLarge, "08S01", True, False),
        (1053, errors.ConnectionLost, "08S01", True, False),
        (1927, errors.ConnectionLost, "70100", True, False),
        (2006, errors.ConnectionLost, "HY000", True, False),
        (2013, errors.ConnectionLost, "HY000", True, False),
        (2014, core.OperationalError, "HY000", True, False),
        (2045, errors.ConnectionLost, "HY000", True, False),
        (2055, errors.ConnectionLost, "HY000", True, False),
        (4031, errors.ConnectionLost, "HY000", True, False),
        (1999, core.QueryError, "HY000", False, False),
    ],
)
def test_translation(errno, error_class, sqlstate, disconnect, retryable):
    # lc_messages may be any language: the text plays no part
    raised = MySQLdb.OperationalError(errno, "Fehlermeldung des Servers")
    error = errors.translate(raised)
    assert type(error) is error_class
    assert (error.errno, error.sqlstate) == (errno, sqlstate)
    assert (error.is_disconnect, error.is_retryable) == (disconnect, retryable)
    assert (errors.is_disconnect(raised), errors.is_retryable(raised)) == (disconnect, retryable)
    assert "Fehlermeldung des Servers" in str(error) and str(errno) in str(error)
    assert errors.translate(error) is error and error.errno == errno


def test_every_entry_is_a_core_error_with_a_five_character_sqlstate():
    assert len(errors.ERRORS) > 350
    for errno, (error_class, sqlstate) in errors.ERRORS.items():
        assert issubclass(error_class, core.DatabaseError), errno
        assert len(sqlstate) == 5, errno
    assert set(range(2000, 2065)) <= set(errors.ERRORS)
    assert sum(len(group) for _, _, group in errors._GROUPS) == len(errors.ERRORS), "a number is listed twice"


@pytest.mark.parametrize(
    ("name", "bases"),
    [
        ("LockTimeout", (core.LockError,)),
        ("QueryCanceled", (core.OperationalError,)),
        ("QueryTimeout", (core.OperationalError,)),
        ("ReadOnlyServerError", (core.OperationalError,)),
        ("ConnectionLost", (core.ConnectionError, core.OperationalError)),
        ("CommitUnknown", (errors.ConnectionLost,)),
        ("AccessDenied", (core.ConnectionError,)),
        ("PoolTimeout", (core.ConnectionError, core.OperationalError)),
        ("DataError", (core.ValidationError,)),
        ("DecodeError", (core.TypeConversionError, ValueError)),
        ("ParameterTypeError", (core.TypeConversionError, TypeError)),
        ("ParameterValueError", (core.TypeConversionError, ValueError)),
        ("EncodingError", (errors.ParameterValueError,)),
        ("ConfigError", (ValueError,)),
    ],
)
def test_classes_keep_the_cores_as_base(name, bases):
    assert all(issubclass(getattr(errors, name), base) for base in bases)


@pytest.mark.parametrize(
    ("raised", "error_class", "disconnect"),
    [
        (MySQLdb.InterfaceError(0, ""), errors.ConnectionLost, True),
        (MySQLdb.ProgrammingError("used by another thread"), core.QueryError, False),
        (MySQLdb.NotSupportedError("no ssl"), core.QueryError, False),
        (MySQLdb.MySQLError(), core.DatabaseError, False),
        (TypeError("parameter 2"), errors.ParameterTypeError, False),
        (ValueError("parameter 2"), errors.ParameterValueError, False),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), errors.EncodingError, False),
        (codec.EncodingError("parameter 1"), errors.EncodingError, False),
        (codec.DecodeError("column 'a'"), errors.DecodeError, False),
        (builtins.ConnectionResetError(104, "reset by peer"), errors.ConnectionLost, True),
        (RuntimeError("x"), core.DatabaseError, False),
    ],
)
def test_errors_without_a_number(raised, error_class, disconnect):
    error = errors.translate(raised)
    assert type(error) is error_class
    assert error.sqlstate == "HY000" and error.is_disconnect is disconnect is errors.is_disconnect(raised)


def test_the_codecs_own_wire_error_carries_the_servers_sqlstate():
    raised = codec.WireError(1366, "Incorrect integer value", "22007")
    error = errors.translate(raised)
    assert (type(error), error.errno, error.sqlstate) == (errors.DataError, 1366, "22007")
    assert errors.translate(error).sqlstate == "22007"
    assert errors.is_disconnect(codec.WireError(2013, "Lost connection", "HY000"))


def test_an_oserror_number_is_not_taken_for_the_servers():
    assert errors.translate(OSError(1062, "x")).errno is None


def test_a_raised_error_of_ours_is_completed_and_kept():
    error = errors.CommitUnknown("no answer to COMMIT")
    assert errors.translate(error) is error
    assert error.errno is None and error.is_disconnect and not error.is_retryable
    known = errors.translate(MySQLdb.OperationalError(1213, "Deadlock"))
    assert errors.translate(known).is_retryable


def test_hints_say_the_next_step():
    assert "server_public_key_path" in str(errors.translate(MySQLdb.OperationalError(2061, "x")))
    assert "local_infile=True" in str(errors.translate(MySQLdb.OperationalError(3948, "x")))


def test_pool_timeout_carries_statistics():
    assert errors.PoolTimeout("none free in 3 s", {"size": 8}).statistics == {"size": 8}
    assert errors.PoolTimeout("none free in 3 s").statistics == {}
