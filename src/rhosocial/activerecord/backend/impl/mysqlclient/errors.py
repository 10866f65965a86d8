"""Errors: one table from the server's and client's error numbers to typed exceptions.

Every exception is one of the core's (`rhosocial.activerecord.backend.errors`) or a
subclass of one, and carries

- ``errno``: int, the MySQL/MariaDB error number; None where no server or client spoke
- ``sqlstate``: str of 5 characters; ``'HY000'`` where none is assigned
- ``is_disconnect``: bool, the session is gone or out of step and must be discarded
- ``is_retryable``: bool, the whole transaction was undone or never began, and running it
  again from its start may succeed

Nothing here reads message texts, so the server's ``lc_messages`` does not matter.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from rhosocial.activerecord.backend.errors import (
    ConnectionError,
    DatabaseError,
    DeadlockError,
    IntegrityError,
    IsolationLevelError,
    LockError,
    OperationalError,
    QueryError,
    TransactionError,
    TypeConversionError,
    ValidationError,
)

__all__ = [
    "AccessDenied",
    "CommitUnknown",
    "ConfigError",
    "ConnectionError",
    "ConnectionLost",
    "DataError",
    "DatabaseError",
    "DeadlockError",
    "DecodeError",
    "EncodingError",
    "IntegrityError",
    "LockError",
    "LockTimeout",
    "OperationalError",
    "PacketTooLarge",
    "ParameterTypeError",
    "ParameterValueError",
    "PoolTimeout",
    "QueryCanceled",
    "QueryError",
    "QueryTimeout",
    "ReadOnlyServerError",
    "SQLWarning",
    "StatementWarning",
    "TransactionError",
    "TransactionLost",
    "TypeConversionError",
    "UnknownDatabase",
    "commit_error",
    "connect_error",
    "is_disconnect",
    "is_retryable",
    "transaction_error",
    "translate",
]


class ConfigError(ValueError):
    """A connection option is unknown, ill-typed, out of range or contradicts another."""


class ParameterTypeError(TypeConversionError, TypeError):
    """A parameter's Python type cannot be sent to the server."""


class ParameterValueError(TypeConversionError, ValueError):
    """A parameter's value cannot be sent: NaN, an exponent or a time too large, the wrong number of parameters."""


class EncodingError(ParameterValueError):
    """A str parameter cannot be encoded for the connection's character set: it has a lone surrogate."""


class DecodeError(TypeConversionError, ValueError):
    """A cell is not what its column's type says, or holds a date that `zero_dates` refuses; names the column."""


class DataError(ValidationError):
    """A value does not fit its column: too long, out of range, not a valid date or JSON text."""


class ConnectionLost(ConnectionError, OperationalError):
    """The session ended: server gone, killed, idle too long, network cut. An open transaction is lost."""


class TransactionLost(ConnectionLost, TransactionError):
    """The session ended while a transaction was begun, or before its COMMIT was sent: nothing of it is committed."""


class CommitUnknown(ConnectionLost, TransactionError):
    """The session ended after COMMIT was sent and before its answer: the transaction may or may not be committed.

    Nothing runs it again: look for something of it before you do.
    """


class AccessDenied(ConnectionError, OperationalError):
    """The server refused the user, password, authentication plugin or host."""


class UnknownDatabase(ConnectionError, QueryError):
    """The database named at connect, or in the statement, does not exist."""


class LockTimeout(LockError):
    """Lock wait timeout (1205): the server undid the statement only; the backend then rolls back its transaction."""


class QueryCanceled(OperationalError):
    """The statement was interrupted by KILL QUERY; the session remains usable."""


class QueryTimeout(OperationalError):
    """The statement ran longer than max_execution_time / max_statement_time; the session remains usable."""


class ReadOnlyServerError(OperationalError):
    """The server or transaction accepts no writes, as after a failover (1290, 1792, 1836)."""


class PacketTooLarge(OperationalError):
    """The statement is larger than max_allowed_packet."""


class SQLWarning(NamedTuple):
    """A line of SHOW WARNINGS."""

    level: str  #: 'Note', 'Warning' or 'Error'
    code: int
    message: str


class StatementWarning(DatabaseError):
    """The statement was done, with warnings (raise_on_warnings); notes alone do not raise it.

    Attributes:
        warnings: tuple of SQLWarning, as SHOW WARNINGS has them; errno is the code of the first that is no note.
    """

    def __init__(self, warnings: tuple[SQLWarning, ...]) -> None:
        first = next(warning for warning in warnings if warning.level != "Note")
        super().__init__(f"{first.message} (warning {first.code})")
        self.warnings = warnings
        self.errno = first.code
        self.sqlstate = "01000"


class PoolTimeout(ConnectionError, OperationalError):
    """No session became free in time.

    Attributes:
        statistics: the pool's figures at that moment, such as size, in use, waiters, oldest holder (seconds).
    """

    def __init__(self, message: str, statistics: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.statistics = dict(statistics or {})


Typed = TypeVar("Typed", bound=DatabaseError)


class Rule(NamedTuple):
    error: type[DatabaseError]
    sqlstate: str


# From the "MySQL 9.7 Error Message Reference" and MariaDB's "Error Codes". Where one number means two things
# (from 4000 on), the one met while running statements is listed: 4025 and 4151 MariaDB's, 4031 MySQL's.
# Numbers not listed are QueryError: the server refused the statement.
# fmt: off
_GROUPS: tuple[tuple[type[DatabaseError], str, tuple[int, ...]], ...] = (
    # constraints
    (IntegrityError, "23000", (1022, 1048, 1062, 1169, 1216, 1217, 1451, 1452, 1586, 1761, 1762, 1859, 4025)),
    (IntegrityError, "HY000", (1364, 1369, 1834, 3730, 3819)),
    # values
    (DataError, "22001", (1406,)),
    (DataError, "22003", (1264, 1416, 1690, 1916, 1917, 3155, 3669)),
    (DataError, "22004", (1138, 1263)),
    (DataError, "22007", (1292, 1367, 1918)),
    (DataError, "22008", (1441,)),
    (DataError, "22012", (1365,)),
    (DataError, "22018", (3156, 3903)),
    (DataError, "22032", (3140, 3141, 3144, 3145, 3146, 3147, 3150, 3151, 3157, 3158)),
    (DataError, "22S02", (3616,)),
    (DataError, "22S03", (3617,)),
    (DataError, "01000", (1265,)),
    (DataError, "HY000", (1300, 1366, 1411, 1525, 1977, 3854, 3988, 6136, 6137, 6138)),
    # locks and transactions
    (DeadlockError, "40001", (1213,)),
    (DeadlockError, "XA102", (1614,)),
    (DeadlockError, "40000", (3101,)),
    (DeadlockError, "HY000", (3058,)),
    (LockTimeout, "HY000", (1205,)),
    (LockError, "HY000", (1020, 1099, 1100, 1206, 1223, 1637, 3132, 3133, 3177, 3572)),
    (TransactionError, "25000", (1179, 1207)),
    (TransactionError, "HY000", (1180, 1181, 1182, 1192, 1196)),
    (TransactionError, "XAE07", (1399,)),
    (TransactionError, "XAE09", (1400,)),
    (TransactionError, "XA106", (1613,)),
    (IsolationLevelError, "25001", (1568,)),
    (ReadOnlyServerError, "HY000", (1290, 1836, 1874)),
    (ReadOnlyServerError, "25006", (1792,)),
    # statements
    (QueryError, "42000", (
        1055, 1056, 1057, 1059, 1061, 1063, 1064, 1065, 1066, 1067, 1068, 1069, 1070, 1071, 1072, 1073, 1074, 1075,
        1083, 1084, 1090, 1091, 1102, 1103, 1104, 1106, 1107, 1110, 1112, 1113, 1115, 1118, 1120, 1121, 1131, 1132,
        1133, 1139, 1140, 1141, 1142, 1143, 1144, 1145, 1147, 1148, 1149, 1162, 1163, 1164, 1166, 1167, 1170, 1171,
        1172, 1173, 1176, 1177, 1178, 1211, 1226, 1227, 1230, 1231, 1232, 1234, 1235, 1239, 1248, 1250, 1252, 1253,
        1280, 1281, 1286, 1304, 1305, 1308, 1310, 1313, 1318, 1319, 1322, 1327, 1330, 1331, 1370, 1403, 1410, 1425,
        1426, 1427, 1437, 1439, 1458, 1460, 1461, 1463, 1582, 1583, 1584, 1630, 1701, 1970, 3143, 3948)),
    (QueryError, "42S01", (1050,)),
    (QueryError, "42S02", (1051, 1109, 1146, 1932, 1965, 4089, 4090, 4091, 4092)),
    (QueryError, "42S12", (1082,)),
    (QueryError, "42S21", (1060,)),
    (QueryError, "42S22", (1054, 1247)),
    (QueryError, "23000", (1052,)),
    (QueryError, "21000", (1222, 1241, 1242)),
    (QueryError, "21S01", (1058, 1136)),
    (QueryError, "3D000", (1046,)),
    (QueryError, "0A000", (1312, 1314, 1335, 1336, 1415, 1845, 1846)),
    (QueryError, "02000", (1329, 1643)),
    (QueryCanceled, "70100", (1317,)),
    (QueryTimeout, "70100", (1969,)),
    (QueryTimeout, "HY000", (3024,)),
    (PacketTooLarge, "08S01", (1153,)),
    (PacketTooLarge, "HY000", (2020,)),
    # storage and server
    (OperationalError, "HY000", (1004, 1006, 1021, 1026, 1030, 1034, 1036, 1041, 1114, 1194, 1195, 1197, 1297, 1412,
                                 1615, 1785, 3098, 3100)),
    (OperationalError, "HY001", (1037, 1038)),
    # refused at connect
    (AccessDenied, "28000", (1045, 1698, 1873)),
    (AccessDenied, "42000", (1044,)),
    (AccessDenied, "08004", (1251,)),
    (AccessDenied, "HY000", (1129, 1130, 1820, 1862, 2059, 2061, 3118, 3159, 3955, 4151, 5010, 5012)),
    (UnknownDatabase, "42000", (1049,)),
    (ConnectionError, "08004", (1040,)),
    (ConnectionError, "42000", (1203,)),
    (ConnectionError, "08S01", (1042, 1043, 1081)),
    (ConnectionError, "HY000", (2001, 2002, 2003, 2004, 2005, 2007, 2009, 2010, 2011, 2012, 2015, 2016, 2017,
                                2018, 2019, 2021, 2022, 2023, 2024, 2025, 2028, 2037, 2038, 2039, 2040, 2041,
                                2042, 2043, 2044, 2046, 2047, 2058, 2060, 2062, 2063, 2064, 3032, 3168, 5001,
                                6400)),
    # session gone or out of step
    (ConnectionLost, "08S01", (1047, 1053, 1080, 1152, 1154, 1155, 1156, 1157, 1158, 1159, 1160, 1161, 1184,
                               3068)),
    (ConnectionLost, "70100", (1927,)),
    (ConnectionLost, "HY000", (1835, 2000, 2006, 2013, 2026, 2027, 2045, 2048, 2050, 2055, 3169, 4031, 5013, 5014, 5015,
                               5026)),
    (OperationalError, "HY000", (2008, 2014)),
    # misuse of the client library's prepared statements
    (DatabaseError, "HY000", (2029, 2030, 2031, 2032, 2033, 2034, 2035, 2036, 2049, 2051, 2052, 2053, 2054, 2056,
                             2057)),
)
# fmt: on

_UNLISTED = Rule(QueryError, "HY000")

ERRORS: dict[int, Rule] = {errno: Rule(error, state) for error, state, errnos in _GROUPS for errno in errnos}

# 1153: the server answers, then closes. 2008/2014/2020: a result is left half read.
DISCONNECTS = frozenset(
    errno for errno, rule in ERRORS.items() if issubclass(rule.error, ConnectionLost)
) | {1153, 2008, 2014, 2020, 3032, 6400}  # fmt: skip

# Undone whole by the server (deadlock), to be undone by us (1205), or never begun (no connection).
RETRYABLE = frozenset({1020, 1040, 1203, 1205, 1213, 1613, 1614, 2002, 2003, 3058, 3101})

_HOLE = ", <NULL>)"  # unquoted, so no text's

# Base classes of the exceptions whose args are (errno, text), the codec's with the sqlstate: MySQLdb's, the codec's.
_NUMBERED = frozenset({"MySQLError", "WireError"})

# PEP 249 class names, for what MySQLdb raises without a number.
_BY_DRIVER_CLASS: dict[str, type[DatabaseError]] = {
    "IntegrityError": IntegrityError,
    "DataError": DataError,
    "ProgrammingError": QueryError,
    "NotSupportedError": QueryError,
    "InterfaceError": ConnectionError,
    "OperationalError": OperationalError,
}

# MySQLdb's base class, and what codec.abc raises for the same errors while rows are read.
_WIRE_CLASSES = frozenset({"MySQLError", "WireError"})

# What the codec raises, known by name as MySQLdb's are: this module needs neither.
_BY_CODEC_CLASS: dict[str, type[DatabaseError]] = {"EncodingError": EncodingError, "DecodeError": DecodeError}

# What the codec and the network raise of Python's own; UnicodeError is a ValueError, so it comes first.
# ConfigError: found out while connecting, as a password_provider that fails.
_BY_BUILTIN_CLASS: tuple[tuple[type[Exception], type[DatabaseError]], ...] = (
    (ConfigError, ConnectionError),
    (UnicodeError, EncodingError),
    (TypeError, ParameterTypeError),
    (ValueError, ParameterValueError),
    (OSError, ConnectionLost),
)

_HINTS: dict[int, str] = {
    1040: "raise the server's max_connections or lower pool_max_size",
    1045: "check username and password",
    1148: "set local_infile=True to allow LOAD DATA LOCAL",
    1153: "raise the server's max_allowed_packet or send less at once",
    1698: "this account logs in without a password: use unix_socket, or give it one with ALTER USER",
    2002: "is the server running, and host, port or unix_socket right?",
    2003: "is the server running, and host and port right?",
    2059: "the client library lacks this authentication plugin: install it, or change the account's",
    2061: "caching_sha2_password needs TLS, a unix_socket or server_public_key_path",
    2068: "set local_infile=True to allow LOAD DATA LOCAL",
    3948: "set local_infile=True to allow LOAD DATA LOCAL",
    5010: "the server wants the password as it is: ssl_mode VERIFY_CA or a unix_socket allows that",
    4166: "set local_infile=True to allow LOAD DATA LOCAL",
}


_CONNECT_HINTS = _HINTS | {
    2013: "it ended the connection or did not answer within connect_timeout",
    2026: "check ssl_mode, ssl_ca and the server's certificate",
}

_STATEMENT_HINTS = _HINTS | {
    2006: "the statement was not sent",
    2013: "the statement was sent; outside a transaction it may be done",
    2026: "the connection ended; outside a transaction the statement may be done",
}

# CR_SERVER_GONE_ERROR: "the client couldn't send a question" (manual B.3.2.7); after 2013 nobody knows.
_NOT_SENT = 2006
# CR_SSL_CONNECTION_ERROR: libmariadb's for any end of an encrypted connection, too; at connect a wrong certificate's.
_TLS = 2026
# ER_USER_LIMIT_REACHED: while connecting as 1203, of one account; a statement that gets it has run too often.
_ACCOUNT_LIMIT = 1226


def translate(error: BaseException) -> DatabaseError:
    """The typed exception for one raised by MySQLdb, the codec or the network; use as `raise translate(e) from e`.

    An exception that is a core DatabaseError already is returned itself, its attributes completed.
    """
    return _translated(error, _STATEMENT_HINTS)


def _translated(error: BaseException, hints: Mapping[int, str]) -> DatabaseError:
    if isinstance(error, DatabaseError):
        return _annotate(error, getattr(error, "errno", None), getattr(error, "sqlstate", None))
    said = _said(error)
    if said is None:
        return _annotate(_unnumbered(error), None)
    if said.errno == 0:  # InterfaceError(0, ''): the client lost the protocol's thread
        return _annotate(ConnectionLost("the session was closed or is out of step with the server"), 0)
    error_class = ERRORS.get(said.errno, _UNLISTED).error
    hint = f"; {hints[said.errno]}" if said.errno in hints else ""
    state = said.sqlstate or ERRORS.get(said.errno, _UNLISTED).sqlstate
    text = said.text or error_class.__name__
    return _annotate(error_class(f"{text} (errno {said.errno}, SQLSTATE {state}){hint}"), said.errno, state)


def connect_error(error: BaseException, address: str) -> DatabaseError:
    """translate() for an error of opening a session: it names the server, and no session is lost, as none came about.

    address: host:port, or the socket's path
    """
    failed = _translated(error, _CONNECT_HINTS)
    nameless = isinstance(failed, ConnectionLost) or failed.errno == _ACCOUNT_LIMIT
    passes = nameless and failed.errno != _TLS
    named = (ConnectionError if nameless else type(failed))(f"connecting to {address}: {failed}")
    return _annotate(named, failed.errno, failed.sqlstate, passes or failed.is_retryable)


def commit_error(error: BaseException) -> DatabaseError:
    """translate() for an error of COMMIT: CommitUnknown where the session was lost after it was sent."""
    failed = translate(error)
    if not failed.is_disconnect or failed.errno == _NOT_SENT:
        return failed
    text = f"the answer to COMMIT was lost: the transaction may or may not be committed ({failed})"
    return _annotate(CommitUnknown(text), failed.errno, failed.sqlstate)


def transaction_error(error: TransactionError) -> TransactionError:
    """What core's transaction managers raise for an error of BEGIN, COMMIT or ROLLBACK, as typed as its cause is."""
    cause = error.__cause__
    if isinstance(cause, CommitUnknown):
        return cause
    if not isinstance(cause, DatabaseError):
        return error
    lost = TransactionLost(*error.args) if isinstance(cause, ConnectionLost) else error
    return _annotate(lost, getattr(cause, "errno", None), getattr(cause, "sqlstate", None))


def is_disconnect(error: BaseException) -> bool:
    """True where the session is gone or out of step: discard it, never reuse it."""
    errno = _errno(error)
    if errno is None:
        return isinstance(error, (ConnectionLost, OSError))
    return errno == 0 or errno in DISCONNECTS


def is_retryable(error: BaseException) -> bool:
    """True where running the whole transaction again, from its start, may succeed."""
    known: bool | None = getattr(error, "is_retryable", None)
    return _errno(error) in RETRYABLE if known is None else known


def _annotate(
    error: Typed, errno: int | None, sqlstate: str | None = None, retryable: bool | None = None
) -> Typed:
    error.errno = errno
    error.sqlstate = sqlstate or (_UNLISTED if errno is None else ERRORS.get(errno, _UNLISTED)).sqlstate
    error.is_disconnect = is_disconnect(error)
    error.is_retryable = is_retryable(error) if retryable is None else retryable
    return error


class _Said(NamedTuple):
    errno: int
    text: str
    sqlstate: str | None


def _said(error: BaseException) -> _Said | None:
    """What the server or client library said, in an exception of MySQLdb or of the codec's drain."""
    args = error.args
    if not args or not isinstance(args[0], int) or _NUMBERED.isdisjoint(_class_names(error)):
        return None
    # mysqlclient 2.3.1 leaves a hole in the tuple where the text is no UTF-8: looking into it ends the process.
    if len(args) < 2 or repr(args).endswith(_HOLE):
        return _Said(args[0], "", None)
    return _Said(args[0], str(args[1]), args[2] if len(args) > 2 else None)


def _errno(error: BaseException) -> int | None:
    if isinstance(error, DatabaseError):
        return getattr(error, "errno", None)
    said = _said(error)
    return None if said is None else said.errno


def _unnumbered(error: BaseException) -> DatabaseError:
    names = _class_names(error)
    by_name = _BY_DRIVER_CLASS if "MySQLError" in names else _BY_CODEC_CLASS
    named = next((by_name[name] for name in names if name in by_name), None)
    if named is not None:
        return named(str(error))
    for raised, error_class in _BY_BUILTIN_CLASS:
        if isinstance(error, raised):
            return error_class(str(error))
    return DatabaseError(f"{type(error).__name__}: {error}")


def _class_names(error: BaseException) -> list[str]:
    return [cls.__name__ for cls in type(error).__mro__]
