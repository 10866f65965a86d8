"""A statement's way from the call to the QueryResult: all of it but the I/O, for both backends."""

import logging
import re
from contextlib import contextmanager
from copy import copy
from dataclasses import fields
from functools import cached_property, partial
from typing import Any, Dict, Hashable, Iterator, List, NoReturn, Optional, Sequence, Tuple, TypeVar

from rhosocial.activerecord.backend.result import QueryResult
from rhosocial.activerecord.backend.transaction import TransactionMode, TransactionState
from rhosocial.activerecord.logging import BackendLoggingMixin

from .adapter_suggestions import AdapterSuggestions, Registry, register_adapters
from .bulk import BOUND_TYPES
from .capabilities import DatabaseCapabilities, capabilities, probed_variables
from .codec.abc import ZeroDates
from .codec.plan import Planner
from .codec.sql import switches_charset, template
from .config import MySQLConnectionConfig, timeout_setting
from .dialect import MySQLDialect
from .driver import CODEC, PLAIN, Outcome, Session, Shape, Statement
from .errors import (
    ERRORS,
    ConnectionError,
    ConnectionLost,
    QueryError,
    ReadOnlyServerError,
    SQLWarning,
    StatementWarning,
    is_retryable,
    translate,
)
from .explain import MySQLExplainResult, parse_explain
from .field_types import check_comparison
from .json_text import json_loads, json_quick
from .pool_policy import Lease, registry_key
from .prepared import Sightings, to_prepare
from .session_state import TRANSACTION, left_by

_bind = CODEC.functions.bind

_FETCHING_NAMES = frozenset(("execute", "fetch_one", "fetch_all"))
_IN_ONE_LINE = {code: repr(chr(code))[1:-1] for code in (*range(32), 127, 0x85, 0x2028, 0x2029)}
_VERSION = re.compile(r"\d+")

Self = TypeVar("Self", bound="Execution")


def _render(sql: str, params: Sequence[Any], backslash: bool) -> bytes:
    return _bind(template(sql, backslash).parts, params, backslash)


def _refuse_other_charset(sql: str) -> None:
    if switches_charset(sql):
        raise QueryError(
            "the session's character set stays utf8mb4 or utf8mb3: in another, values could become SQL; "
            "CONVERT(... USING ...) and tables may name any"
        )


def _chosen(config: Any) -> Dict[str, Any]:
    """The options of a configuration of the core's or the peer's: its own pool_size of 5 asks for no pool."""
    defaults = {field.name: field.default for field in fields(config)}
    options = config.to_dict().items()
    return {name: value for name, value in options if name[:5] != "pool_" or value != defaults.get(name)}


def _undone_transaction(errno: int) -> Exception:
    error = ERRORS[errno].error(f"the transaction was undone after errno {errno}: roll it back and run it again")
    error.errno = errno
    return error


def _lost_in_transaction() -> ConnectionLost:
    error = ConnectionLost("the connection was lost inside a transaction: roll it back and run it again")
    error.errno = 2006  # nothing was sent
    return error


class Execution:
    """What both backends share: configuration, dialect, rendering of statements, results."""

    config: MySQLConnectionConfig
    adapter_registry: Any
    _connection: Any
    _transaction_manager: Any
    _introspector_instance: Any

    def _take_logger(self, given: Any) -> None:
        """Core's setter, by which a model gives its logger to its backend; what it says has log_level."""
        BackendLoggingMixin.logger.fset(self, given)
        if self.config.log_level is not None:
            own = logging.Logger(self.logger.name, self.config.log_level)
            own.parent = self.logger
            self._logger = own

    logger = property(BackendLoggingMixin.logger.fget, _take_logger)

    @staticmethod
    def _base_arguments(kwargs: Dict[str, Any]) -> Dict[str, Any]:
        """What core's constructor takes, the connection's options gathered into a MySQLConnectionConfig."""
        base: Dict[str, Any] = {name: kwargs.pop(name) for name in ("logging_config", "logger") if name in kwargs}
        config = kwargs.pop("connection_config", None)
        if config is None:
            config = MySQLConnectionConfig(**kwargs)
        elif not isinstance(config, MySQLConnectionConfig):
            config = MySQLConnectionConfig.from_dict({**_chosen(config), **kwargs})
        elif kwargs:
            config = config.clone(**kwargs)
        return {**base, "connection_config": config}

    def _set_up(self) -> None:
        version = self.config.version and (*self.config.version, 0, 0)[:3]
        self._lease: Optional[Lease] = None
        self._pooled = self.config.pooled
        self._borrowed = self._returned = False
        self._dialect = MySQLDialect(version)
        self._dialect.check_comparison = check_comparison
        self._server_version_cache: Optional[Tuple[int, ...]] = version
        self._adapted_to: Optional[str] = None
        self._capabilities: Optional[DatabaseCapabilities] = None
        self._statement_timeout = self.config.statement_timeout
        if self.config.log_level is not None:
            self.logger = self.logger
        self._undone: Optional[int] = None  # the errno for which the open transaction was rolled back
        self._undoings = 0, 0  # how many were, and the last one's errno
        self._server_is_read_only = False
        threshold = self.config.prepare_threshold
        self._sightings = Sightings(threshold) if threshold is not None else None
        self._planner = Planner(
            utc=self.config.timezone is not None,
            zero_dates=ZeroDates[self.config.zero_dates.upper()],
            json_loads=json_loads,
            json_quick=json_quick,
        )
        self.adapter_registry = Registry(self.adapter_registry)
        self._adapter_suggestions = AdapterSuggestions(self.adapter_registry)

    def _register_default_adapters(self) -> None:
        register_adapters(self.adapter_registry)

    def get_default_adapter_suggestions(self) -> Any:
        """Python type -> (adapter, driver type); one object for the backend's life."""
        return self._adapter_suggestions

    @property
    def dialect(self) -> MySQLDialect:
        return self._dialect

    @property
    def capabilities(self) -> Optional[DatabaseCapabilities]:
        """What the server can do, in six categories; None before introspect_and_adapt()."""
        return self._capabilities

    @property
    def threadsafety(self) -> int:
        """2: a session's statements are serialised by its lock, so threads may share a backend."""
        return 2

    def get_default_schema(self) -> Optional[str]:
        return self.config.database

    def requires_manual_commit(self) -> bool:
        """Whether statements outside a transaction have to be committed by the backend."""
        return not self.config.autocommit

    @property
    def in_transaction(self) -> bool:
        manager = self._transaction_manager
        return manager is not None and manager.is_active

    @property
    def transaction_lost(self) -> bool:
        """Whether the open transaction, not rolled back by its user yet, is no more: its session ended, or a deadlock
        or another retryable error undid it.
        """
        if not self._transaction_open:
            return False
        return self._undone is not None or self._connection is None or self._connection.closed

    @property
    def _transaction_open(self) -> bool:
        manager = self._transaction_manager
        return manager is not None and manager.state is TransactionState.ACTIVE

    def _refuse_lost_transaction(self) -> None:
        if not self.transaction_lost:
            self._undone = None
            return
        if self._undone is None:
            raise _lost_in_transaction()
        raise _undone_transaction(self._undone)

    def _refuse_undone_since(self, undoings: Tuple[int, int]) -> None:
        """A statement that waited for the session belongs to the transaction it was meant for, and is not run alone."""
        if self._undoings is not undoings:
            raise _undone_transaction(self._undoings[1])

    def _undoes(self, error: Exception) -> bool:
        """Whether to roll back because of ``error``; what was open is then refused until its user rolls it back.

        After a deadlock the server has no transaction any more, and would commit each further statement by itself;
        after 1205 it has undone the statement only (manual 17.20.5).
        """
        session = self._connection
        if isinstance(error, StatementWarning):
            return session is not None and not session.autocommit and not self._transaction_open
        if not is_retryable(error) or session is None or session.closed:
            return False
        if self._transaction_open:
            first = self._undone is None
            self._undone = translate(error).errno
            if first:
                self._undoings = self._undoings[0] + 1, self._undone
            return first
        return not session.autocommit

    def _end_session(self) -> None:
        if self._connection is not None:
            self._connection.close()

    @property
    def _read_only_by_choice(self) -> bool:
        manager = self._transaction_manager
        return self.in_transaction and manager.transaction_mode is TransactionMode.READ_ONLY

    def _leave_read_only_server(self) -> None:
        """End a session whose server takes no writes any more, after the transaction: the next may find another."""
        session = self._connection
        begun = session is not None and TRANSACTION in session.left  # by a statement of the user's
        if self._server_is_read_only and not self.in_transaction and not begun:
            self._server_is_read_only = False
            self._end_session()

    def _end_transaction_state(self) -> None:
        """The session is being ended on purpose, and the server rolls back with it."""
        manager = self._transaction_manager
        if manager is not None:
            manager._transaction_level = 0
            manager._active_savepoints = []
            manager._state = TransactionState.INACTIVE
            manager._owner_task = None  # of core's asynchronous managers

    # -- statement timeouts --

    @contextmanager
    def statement_timeout(self, seconds: Optional[float]) -> Iterator[None]:
        """In this context, statements that run longer raise QueryTimeout, and the session stays usable.

        It goes before the configuration's statement_timeout; None is the server's own. MySQL ends SELECTs only
        (max_execution_time), MariaDB every statement (max_statement_time). The setting is sent with the next statement
        and holds for whatever runs on this backend meanwhile, its streams too.
        """
        before = self._statement_timeout
        self._statement_timeout = self.config.clone(statement_timeout=seconds).statement_timeout
        try:
            yield
        finally:
            self._statement_timeout = before

    @staticmethod
    def _limit(session: Session, seconds: Optional[float]) -> bytes:
        return f"SET {timeout_setting(seconds, mariadb=session.mariadb)}".encode()

    # -- the pool --

    @cached_property
    def _registry_key(self) -> Hashable:
        return registry_key(self.config)

    def _sibling(self: Self) -> Self:
        """The same backend, to be put on a session of its own; once that is given back, it is of no more use."""
        _ = self._registry_key  # once for all of them
        other = copy(self)
        other._connection = other._lease = other._transaction_manager = other._undone = None
        other._introspector_instance = None  # asks its own backend
        other._pooled = other._borrowed = True
        return other

    def _refuse_returned(self) -> None:
        if self._returned:
            raise ConnectionError("this connection was given back to its pool: get another")

    def _detach(self) -> Tuple[Any, Optional[Lease]]:
        """The session and its lease, the backend's no more."""
        held = self._connection, self._lease
        self._connection = self._lease = None
        self._returned = self._borrowed
        self._end_transaction_state()
        return held

    def _note(self, session: Session, sql: str) -> None:
        """Remember what the pool has to undo before the session's next user."""
        if self._lease is not None:
            left = left_by(sql)
            if left:
                session.left.update(left)

    # -- rendering --

    def _statement(self, sql: str, params: Optional[Sequence[Any]]) -> Statement:
        """What the session sends. Rendering raises TypeError or ValueError naming the parameter."""
        _refuse_other_charset(sql)
        if not params:
            return sql.encode()
        return partial(_render, sql, self._bindable(params))

    def _prepared(self, sql: str, params: Optional[Sequence[Any]]) -> Tuple[Statement, Sequence[Any], Statement]:
        """What run_prepared() takes."""
        _refuse_other_charset(sql)
        bindable = self._bindable(params or ())
        return to_prepare(sql), bindable, partial(_render, sql, bindable)

    def _bindable(self, params: Any) -> Sequence[Any]:
        """The parameters with those the codec does not know given to their adapters."""
        if isinstance(params, (str, bytes, dict)) or BOUND_TYPES.issuperset(map(type, params)):
            return params
        adapted: List[Any] = list(params)
        for i, value in enumerate(adapted):
            if type(value) not in BOUND_TYPES:
                suggestion = self._adapter_suggestions.get(type(value))
                if suggestion is not None:
                    adapter, driver_type = suggestion
                    adapted[i] = adapter.to_database(value, driver_type)
        return adapted

    # -- results --

    @staticmethod
    def _shape(options: Any, adapters: Any, mapping: Any) -> Shape:
        if options is not None:
            adapters = options.column_adapters if adapters is None else adapters
            mapping = options.column_mapping if mapping is None else mapping
        return Shape(adapters, mapping) if adapters or mapping else PLAIN

    def _result(self, outcome: Outcome, options: Any, duration: float) -> QueryResult:
        """Rows are handed out wherever there are any, unless the options say not to."""
        rows = outcome.rows
        if options is not None and options.process_result_set is False:
            rows = None
        if self.logger.isEnabledFor(logging.INFO):
            self._log_result(outcome, options, duration)
        return QueryResult(rows, outcome.affected_rows, outcome.last_insert_id, duration)

    @staticmethod
    def _bound(parts: Sequence[bytes], params: Sequence[Any]) -> Statement:
        """The statement of a template's parts, which are the same whether or not a backslash escapes."""
        return partial(_bind, parts, params)

    @property
    def _unwatched(self) -> bool:
        """Whether a statement may be run by _run(): execute() and what calls it are ours, and no log wants to know."""
        kind = type(self)
        return (
            (kind.execute, kind.fetch_one, kind.fetch_all) == kind._FETCHING  # type: ignore[attr-defined]
            and self.__dict__.keys().isdisjoint(_FETCHING_NAMES)  # goes through the fewer
            and not (self._logger or self.logger).isEnabledFor(logging.INFO)
        )

    def log(self, level: int, msg: str, *args: Any, **kwargs: Any) -> None:
        """Core's, each message in one line: values in the server's errors must not look like other messages."""
        super().log(level, msg.translate(_IN_ONE_LINE), *args, **kwargs)  # type: ignore[misc]

    def _log_statement(self, sql: str, params: Any) -> None:
        if self.config.log_queries:
            self.log(logging.INFO, f"Query: {sql}")
        if self.logger.isEnabledFor(logging.DEBUG):
            try:
                shown = self.summarize_log_data(params)  # type: ignore[attr-defined]
            except Exception as error:  # of an int with over 4300 digits: binding will name it
                shown = f"<cannot be shown: {error}>"
            self.log(logging.DEBUG, f"Executing SQL: {sql}, parameters: {shown}")

    def _log_result(self, outcome: Outcome, options: Any, duration: float) -> None:
        kind = options.stmt_type.name if options is not None else "DDL"
        if outcome.rows is not None:
            text = f"{kind} returned {len(outcome.rows)} rows, duration={duration:.3f}s"
        else:
            text = (
                f"{kind} affected {outcome.affected_rows} rows, "
                f"last_insert_id={outcome.last_insert_id}, duration={duration:.3f}s"
            )
        self.log(logging.INFO, text)

    def _failed(self, error: Exception) -> Exception:
        """The typed exception for ``error``; the caller raises it from the original."""
        self.log(logging.ERROR, f"Error executing query: {error}")
        meant = translate(error)
        if isinstance(meant, ReadOnlyServerError) and not self._read_only_by_choice:
            self._server_is_read_only = True
            self._leave_read_only_server()
        return meant

    def _fail(self, error: Exception) -> NoReturn:
        """Raise the typed exception for ``error``, from it."""
        meant = self._failed(error)
        try:
            if meant is error:
                raise error
            raise meant from error
        finally:
            del error, meant  # a frame that keeps what was raised in it is a cycle, with all that the statement used

    def _adapt_and_map_row(self, row_dict: dict, column_adapters: Any, column_mapping: Any) -> dict:
        """Core tests its (adapter, annotation) pairs as if they were adapters, and so adapts nothing."""
        adapters, mapping = column_adapters or {}, column_mapping or {}
        row = {}
        for name, value in row_dict.items():
            pair = adapters.get(name)
            row[mapping.get(name, name)] = pair[0].from_database(value, pair[1]) if pair else value
        return row

    @property
    def warnings(self) -> Tuple[SQLWarning, ...]:
        """What SHOW WARNINGS says of the last statement; with get_warnings or raise_on_warnings, else empty."""
        return () if self._connection is None else self._connection.warnings

    # -- the server --

    def _adapt_to(self, version_text: str, server_info: str) -> None:
        """Take over what SELECT VERSION() answered, such as '9.7.4' or '10.11.19-MariaDB-deb12u1'.

        server_info: what the server said of itself when the session was opened; it is asked again only if that changes.
        """
        major, minor, patch = [int(part) for part in [*_VERSION.findall(version_text), 0, 0, 0][:3]]
        self._dialect.adapt((major, minor, patch), "mariadb" if "MariaDB" in version_text else "mysql")
        self._server_version_cache = self._dialect.version
        self._adapted_to = server_info

    def _recall(self, server_info: str) -> bool:
        """Adapt to a server that another backend of the pool has asked; False where none has."""
        lease = self._lease
        known = lease.pool.servers.get(server_info) if lease is not None else None
        if known is None:
            return False
        version_text, self._capabilities = known
        self._adapt_to(version_text, server_info)
        return True

    def _remember(self, version_text: str) -> None:
        lease = self._lease
        if lease is not None:
            lease.pool.servers[self._adapted_to] = version_text, self._capabilities

    def _take_capabilities(self, rows: Any) -> None:
        self._capabilities = capabilities(self._dialect, probed_variables(rows))

    def _parse_explain_result(self, raw_rows: Any, sql: str, duration: float) -> MySQLExplainResult:
        return parse_explain(raw_rows, sql, duration)

    def get_concurrency_hint(self) -> Any:
        """One session: its statements run one at a time, however many tasks there are."""
        return None
