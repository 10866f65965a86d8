"""LOAD DATA LOCAL from memory, on a session of its own: all rows exactly as INSERT would store them, or none."""

import re
import time
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence

from rhosocial.activerecord.backend.result import QueryResult

from .async_rows import AnyRows, AsyncRows, ReadingForThread, any_rows
from .async_session import apart
from .bulk import Batch, Rows
from .bulk_statements import insert_sql, table_name
from .codec.abc import Load
from .config import MySQLConnectionConfig
from .driver import CODEC, PLAIN, Outcome, Session, kill
from .errors import ERRORS, DataError, OperationalError
from .transaction import fail_commit

_CHUNK = 64 * 1024
_TYPE = re.compile(r"[a-z]+")
_KINDS: Dict[str, Load] = {
    name: kind
    for kind, names in {
        Load.INTEGER: "tinyint smallint mediumint int bigint",
        Load.DECIMAL: "decimal",
        Load.FLOAT: "float double",
        Load.YEAR: "year",
        Load.BIT: "bit",
        Load.TEXT: "char varchar tinytext text mediumtext longtext",
        Load.BINARY: "binary varbinary tinyblob blob mediumblob longblob vector geometry point linestring polygon "
        "multipoint multilinestring multipolygon geometrycollection geomcollection",
    }.items()
    for name in names.split()
}
_CONVERSIONS = {Load.BIT: "CAST({} AS UNSIGNED)", Load.BINARY: "UNHEX({})"}
_REFUSED = (
    "bulk_load() sends its rows by LOAD DATA LOCAL: allow it with MySQLConnectionConfig(bulk_load=True), or use "
    "execute_many()"
)
_IN_TRANSACTION = (
    "bulk_load() works on a session of its own, which commits by itself: end this transaction, or use execute_many()"
)


class _LoadingSession(Session):
    """Gives the server what load() is given and never a file, from before its first statement on."""

    def _set_up(self, config: MySQLConnectionConfig) -> None:
        if CODEC.library is not None:
            self._connection.local_infile = CODEC.functions.LocalInfile(CODEC.library, self._connection)
        super()._set_up(config)


class Loading:
    """One bulk load. run() blocks; give_up() ends it from another thread.

    read_on: called in run()'s thread where asynchronous rows have to be read first; returns when they are
    """

    read_on: Callable[[], None]

    def __init__(self, backend: Any, table: str, columns: Sequence[str], rows: Rows) -> None:
        self._plain: MySQLConnectionConfig = backend.config
        self._config = self._plain.clone(local_infile=CODEC.library is not None, autocommit=True)
        self._planner, self._quoted = backend._planner, backend.dialect.format_identifier
        self._table, self._columns = table, list(columns)
        self._batch = Batch(insert_sql(backend.dialect, table, self._columns), rows)
        self.rows = rows
        self._session: Optional[Session] = None
        self._given_up = False

    def run(self) -> Outcome:
        self._session = session = _LoadingSession(self._config, self._planner)
        try:
            self._refuse_given_up()  # while it connected
            session.run(b"START TRANSACTION")
            try:
                outcome = self._insert(session) if CODEC.library is None else self._load(session)
            except Exception:
                if not session.closed:
                    session.run(b"ROLLBACK")
                raise
            self._commit(session)
            return outcome
        finally:
            session.close()

    def give_up(self) -> None:
        self._given_up = True
        if self._session is not None:
            # by an ordinary session: local_infile, without this one's handler, gives any file to who asks
            kill(self._plain, self._planner, self._session.id)

    def _refuse_given_up(self) -> None:
        if self._given_up:
            raise OperationalError("bulk_load() was cancelled")

    @staticmethod
    def _commit(session: Session) -> None:
        try:
            session.run(b"COMMIT")
        except Exception as error:
            fail_commit(error)

    def _insert(self, session: Session) -> Outcome:
        """Where the client library is out of reach."""
        batch = self._batch
        if batch.rows.asynchronous:
            self.read_on()
        batch.start(session, session.longest())
        for chunk in batch.chunks:
            if chunk is None:
                self.read_on()
            else:
                batch.take(chunk, chunk.run(session, PLAIN))
        return batch.outcome()

    def _load(self, session: Session) -> Outcome:
        types = session.run(f"SHOW COLUMNS FROM {self._table}".encode()).rows or ()
        kinds = column_kinds(types, self._columns)
        outcome, warnings = session.load(load_sql(self._quoted, self._table, self._columns, kinds), self._lines(kinds))
        if warnings:
            raise _warned(session.run(b"SHOW WARNINGS LIMIT 3").rows or [], warnings)
        if outcome.affected_rows != self.rows.count:
            raise OperationalError(
                f"nothing was loaded: of {self.rows.count} rows the server stored {outcome.affected_rows}"
            )
        first_id = (session.run(b"SELECT LAST_INSERT_ID() AS id").rows or [{"id": 0}])[0]["id"]
        return outcome._replace(last_insert_id=first_id or None)

    def _lines(self, kinds: List[Load]) -> Iterator[bytes]:
        for before, block in self.rows.blocks():
            done = 0
            if not block:
                self.read_on()
            while done < len(block):
                self._refuse_given_up()
                text, done = CODEC.functions.load_rows(bytes(kinds), block, done, _CHUNK, before)
                yield text


def column_kinds(types: Iterable[Any], columns: Sequence[str]) -> List[Load]:
    """What LOAD DATA is given for each column. types: rows of SHOW COLUMNS"""
    known = {row["Field"].lower(): _TYPE.match(row["Type"].lower()) for row in types}
    names = [known.get(column.lower()) for column in columns]
    return [_KINDS.get(name[0], Load.MEMBER) if name else Load.MEMBER for name in names]


def load_sql(quoted: Any, table: str, columns: Sequence[str], kinds: Sequence[Load]) -> bytes:
    """The statement for what codec.load_rows() writes. Its delimiters are in hexadecimal: right in every sql_mode."""
    targets, conversions = [], []
    for i, (column, kind) in enumerate(zip(columns, kinds)):
        if kind in _CONVERSIONS:
            targets.append(f"@load_{i}")
            conversions.append(f"{quoted(column)} = {_CONVERSIONS[kind].format(targets[-1])}")
        else:
            targets.append(quoted(column))
    settings = f" SET {', '.join(conversions)}" if conversions else ""
    return (
        f"LOAD DATA LOCAL INFILE 'rows' INTO TABLE {table} CHARACTER SET utf8mb4"
        f" FIELDS TERMINATED BY X'09' ESCAPED BY X'5C' LINES TERMINATED BY X'0A' ({', '.join(targets)}){settings}"
    ).encode()


def _warned(warnings: List[Any], count: int) -> Exception:
    """LOCAL makes warnings of errors: of the class that the first one would have had."""
    codes = [warning["Code"] for warning in warnings]
    shown = "; ".join(f"{warning['Message']} (errno {warning['Code']})" for warning in warnings)
    error_class = ERRORS[codes[0]].error if codes and codes[0] in ERRORS else DataError
    error = error_class(f"nothing was loaded: the server warned {count} times: {shown}")
    error.errno = codes[0] if codes else None
    return error


class _BulkLoads:
    @contextmanager
    def _loading(
        self: Any, table: str, columns: Sequence[str], rows: Rows, schema_name: Optional[str]
    ) -> Iterator[Loading]:
        """A load that is allowed; its errors are typed, but those of the rows' iterable."""
        try:
            if not (self.config.bulk_load or self.config.local_infile):
                raise OperationalError(_REFUSED)
            if self.in_transaction:
                raise OperationalError(_IN_TRANSACTION)
            loading = Loading(self, table_name(self.dialect, table, schema_name), columns, rows)
            self._log_statement(f"LOAD DATA LOCAL INTO {table}", "many rows")
            yield loading
        except Exception as error:
            if error is rows.error:
                raise
            self._fail(error)


class BulkLoadMixin(_BulkLoads):
    """bulk_load() of a MySQLBackend."""

    def bulk_load(
        self: Any,
        table: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
        *,
        schema_name: Optional[str] = None,
    ) -> QueryResult:
        """Insert rows by LOAD DATA LOCAL from memory, all or none, on a session of its own that commits by itself.

        rows: any iterable of lists or tuples with the values of ``columns``; read as they are sent
        Returns the number of rows and the first generated id. Raises OperationalError unless the option ``bulk_load``
        allows it, and within a transaction; ParameterTypeError for a value that LOAD DATA would store otherwise than
        INSERT; IntegrityError, DataError and others for any warning of the server's; what ``rows`` raises as it is.
        """
        started = time.perf_counter()
        with self._loading(table, columns, Rows(rows, self._bindable), schema_name) as loading:
            outcome = loading.run()
        return self._result(outcome, None, time.perf_counter() - started)


class AsyncBulkLoadMixin(_BulkLoads):
    """bulk_load() of an AsyncMySQLBackend."""

    async def bulk_load(
        self: Any,
        table: str,
        columns: Sequence[str],
        rows: AnyRows,
        *,
        schema_name: Optional[str] = None,
    ) -> QueryResult:
        """BulkLoadMixin.bulk_load, awaited: a thread runs it.

        rows: an iterable, which the thread reads; or an asynchronous one, which a task of the loop reads
        """
        started = time.perf_counter()
        given = any_rows(rows, self._bindable)
        with self._loading(table, columns, given, schema_name) as loading:
            work = apart(loading.run, loading.give_up)
            if isinstance(given, AsyncRows):
                reading = ReadingForThread(given)
                loading.read_on = reading.read_on
                work = reading.during(work)
            outcome = await work
        return self._result(outcome, None, time.perf_counter() - started)
