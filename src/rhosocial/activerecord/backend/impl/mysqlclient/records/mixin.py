"""FastLoadMixin and AsyncFastLoadMixin: put one before ActiveRecord or AsyncActiveRecord in a model's bases."""

import logging
from datetime import date, datetime
from decimal import Decimal
from typing import Any, AsyncIterable, Dict, Iterator, List, Optional, Tuple
from uuid import UUID

from rhosocial.activerecord.backend.expression import Column
from rhosocial.activerecord.backend.options import UpdateOptions
from rhosocial.activerecord.connection.pool.context import (
    _current_async_connection_backend,
    _current_async_transaction_backend,
    _current_connection_backend,
    _current_transaction_backend,
)
from rhosocial.activerecord.interface import IActiveRecord, IAsyncActiveRecord, ModelEvent
from rhosocial.activerecord.query import ActiveQuery, AsyncActiveQuery

from ..codec.sql import template
from .bulk import bulk_of
from .known import Find, Known
from .plan import LoadPlan, PlanHolder
from .queries import AsyncFastLoadQuery, FastLoadQuery

_PLAN = "__fast_load_plan__"
_FAST_QUERIES: Dict[Any, Any] = {ActiveQuery: FastLoadQuery, AsyncActiveQuery: AsyncFastLoadQuery}
# Our query classes, and the one() that a statement of find_one's own replaces.
_FAST_ONE = {query: query.one for query in _FAST_QUERIES.values()}
# Values of a primary key that core's find_one takes for nothing else.
_KEY_TYPES = frozenset((int, str, bytes, UUID, Decimal, date, datetime))
_SAVING = {"_prepare_save_data", "is_new_record"}


class _QueryClass:
    """The model's query class: ours in the place of core's, a user's own as it is."""

    def __get__(self, instance: Any, owner: type) -> Any:
        found = super(_Loading, owner).__query_class__  # type: ignore[misc]
        return _FAST_QUERIES.get(found, found)


class _EventHandlers:
    """The handlers of an instance that was loaded, made when first asked for: 9 objects that few ever need."""

    def __get__(self, instance: Any, owner: type) -> Any:
        state = {} if instance is None else instance.__dict__
        if "_is_from_db" not in state:  # not made by core's constructor, which has none either
            raise AttributeError("_event_handlers")
        handlers: Dict[ModelEvent, List[Any]] = {event: [] for event in ModelEvent}
        for event, method in owner._load_plan().handlers:  # type: ignore[attr-defined]
            handlers[event].append(getattr(instance, method))
        return state.setdefault("_event_handlers", handlers)


# plan, backend, known, find, params: of a find_one that needs no query object.
_ByKey = Tuple[LoadPlan, Any, Known, Find, Tuple[Any, ...]]


class _Loading:
    """What both mixins share. No attribute of an instance, no annotation: pydantic takes none of it for a field."""

    __query_class__ = _QueryClass()
    _event_handlers = _EventHandlers()

    @classmethod
    def _load_plan(cls) -> LoadPlan:
        holder = cls.__dict__.get(_PLAN)
        if holder is None:
            holder = PlanHolder(cls, _Loading)
            # On the class, so that it goes with it: it refers to the class, and would keep it in a weak dict.
            type.__setattr__(cls, _PLAN, holder)
        return holder.plan()

    # -- rows -> instances --

    @classmethod
    def create_from_database(cls, row: Dict[str, Any]) -> Any:
        """The instance of a row whose keys are field names."""
        builder = cls._load_plan().builder
        if builder is None:
            return super().create_from_database(row)  # type: ignore[misc]
        return builder.build([row])[0]

    @classmethod
    def _map_columns_to_fields(cls, column_data: Dict[str, Any]) -> Dict[str, Any]:
        plan = cls._load_plan()
        if plan.renames is None and "_map_columns_to_fields" in plan.core:
            return column_data
        return super()._map_columns_to_fields(column_data)  # type: ignore[misc]

    @classmethod
    def get_column_adapters(cls) -> Dict[str, Tuple[Any, type]]:
        """Column -> (adapter, annotation), in a dict of the caller's own."""
        plan = cls._load_plan()
        if "get_column_adapters" not in plan.core:
            return super().get_column_adapters()  # type: ignore[misc]
        return dict(cls._known(plan, cls.backend()).adapters)  # type: ignore[attr-defined]

    @classmethod
    def _known(cls: Any, plan: LoadPlan, backend: Any) -> Known:
        """What the class and a backend come to together."""
        known = plan.known.get(id(backend))
        if known is None or known.backend() is not backend or known.outdated(backend):
            mine = "get_column_adapters" in plan.core and cls.get_column_adapters.__func__ is _ADAPTERS
            adapters = super().get_column_adapters() if mine else cls.get_column_adapters()  # type: ignore[misc]
            known = plan.remember(Known(backend, adapters))
        return known

    # -- find_one --

    @classmethod
    def _by_key(cls: Any, condition: Any, derived: Any, extra_derived: Any) -> Optional[_ByKey]:
        """find_one by primary key as a statement known beforehand; None where it may be anything else."""
        kind = type(condition)
        if kind not in _KEY_TYPES or derived or extra_derived:
            return None
        holder = cls.__dict__.get(_PLAN)
        plan = cls._load_plan() if holder is None else holder.plan()
        if plan.builder is None or "find_one" not in plan.core:
            return None
        transaction, connection = cls._in_context
        backend = transaction.get() or connection.get() or cls.__backend__ or cls.backend()
        known = cls._known(plan, backend)
        find = known.finds.get(kind)
        if find is None or find.dialect is not (backend.dialect if known.shape is None else find.dialect):
            find = known.finds[kind] = cls._find_statement(backend.dialect, condition)
        if find.parts is None or find.query.one is not find.one:
            return None
        return plan, backend, known, find, (condition, *find.params)

    @classmethod
    def _find_statement(cls: Any, dialect: Any, condition: Any) -> Find:
        """What core runs to find a key of the condition's type."""
        query = cls.__query_class__
        none = Find(dialect, "", None, (), query, None)
        if query not in _FAST_ONE or cls.is_composite_pk():
            return none
        sql, params = cls.query().where(Column(dialect, cls.primary_key()) == condition).limit(1).to_sql()
        parts = template(sql, True).parts
        if params[0] is not condition or parts != template(sql, False).parts:
            return none
        return Find(dialect, sql, parts, params[1:], query, _FAST_ONE[query])

    @classmethod
    def _logs(cls: Any, plan: LoadPlan) -> bool:
        """Whether cls.log() of INFO may come to anything, by a logger that was looked up before."""
        configured = cls.__logging_config__._configured_loggers  # another set after a change of the configuration
        if plan.logger[0] is not configured or "get_logger" not in plan.core:
            plan.logger[:] = configured, cls.get_logger()
        return plan.logger[1] is None or plan.logger[1].isEnabledFor(logging.INFO)

    @classmethod
    def _log_query(cls: Any, plan: LoadPlan, text: str, sql: str) -> None:
        """What core says here, without the parameters: those are for DEBUG, where the backend says them."""
        if cls._logs(plan):
            cls.log(logging.INFO, f"{text}: {sql}", offset=1)

    # -- saving --

    @property
    def is_new_record(self: Any) -> bool:
        """Whether the record is not in the database yet."""
        plan = self._load_plan()
        if "is_new_record" not in plan.core:
            return super().is_new_record  # type: ignore[misc]
        for key in plan.keys:
            if getattr(self, key, None) is None:
                return True
        return not self._is_from_db

    @classmethod
    def _map_fields_to_columns(cls, field_data: Dict[str, Any]) -> Dict[str, Any]:
        plan = cls._load_plan()
        if plan.renames is None and "_map_fields_to_columns" in plan.core:
            return dict(field_data)
        return super()._map_fields_to_columns(field_data)  # type: ignore[misc]

    def reset_tracking(self: Any) -> None:
        """Clear the dirty fields and take the present values for the original ones."""
        plan = self._load_plan()
        values = plan.builder.snapshot(self.__dict__) if plan.builder is not None else None
        if values is None:
            super().reset_tracking()  # type: ignore[misc]
            return
        self._dirty_fields.clear()
        self.__dict__["_original_values"] = values

    def _check_fields(self: Any, plan: LoadPlan) -> None:
        """Raise what pydantic finds wrong with the fields, without building a second instance."""
        if plan.builder is None or plan.builder.snapshot(self.__dict__) is None:
            values = self.model_dump()
            if not (all(name in values for name in plan.required) and _is_valid(plan.validate, values)):
                self.model_validate(self.model_dump())

    def _prepare_save_data(self: Any) -> Dict[str, Any]:
        cls = type(self)
        plan = cls._load_plan()
        if plan.builder is None or not _SAVING <= plan.core:
            return super()._prepare_save_data()  # type: ignore[misc]
        data = plan.builder.snapshot(self.__dict__)
        if not self.is_new_record:
            data = self.model_dump() if data is None else data
            return {field: data[field] for field in self._dirty_fields if field not in plan.keys}
        keys = set(plan.keys & cls.model_fields.keys()) if cls.__pk_auto_generated__ else set()
        if data is None:
            return self.model_dump(exclude=keys)
        for key in keys:
            del data[key]
        return data

    def _plain_update(self: Any, data: Dict[str, Any]) -> Optional[Tuple[Any, UpdateOptions]]:
        """The backend and the options of core's update; None where it logs, or asks classes what they add to it."""
        cls = type(self)
        plan = cls._load_plan()
        if plan.builder is None or "_update_internal" not in plan.core or cls._logs(plan):
            return None
        backend = self.backend()
        return backend, UpdateOptions(
            table=self.table_name(),
            schema_name=self.schema_name(),
            data=cls._map_fields_to_columns(data),
            where=self._build_pk_where_predicate(self._get_pk_value()),
            column_mapping=dict(plan.columns),
            column_adapters=self.get_column_adapters(),
            returning_columns=list(self.primary_key_columns()) if backend.dialect.supports_returning_update() else None,
        )

    def _has_handlers(self: Any) -> bool:
        """Whether there may be handlers of an event: there are none of a record just loaded, nor need they be made."""
        if "_event_handlers" in self.__dict__:
            return True
        plan = self._load_plan()
        return plan.builder is None or bool(plan.handlers) or "_trigger_event" not in plan.core

    def _after_save(self: Any, is_new: bool) -> None:
        if "_after_save" not in self._load_plan().core:
            super()._after_save(is_new)  # type: ignore[misc]

    def _forget_handlers(self: Any, handlers: Any) -> None:
        """After refresh(): core takes over those of the instance just read, which has none yet."""
        if handlers is not None and self.__dict__["_event_handlers"] is handlers:
            del self.__dict__["_event_handlers"]


def _is_valid(validate: Any, values: Dict[str, Any]) -> bool:
    try:
        validate(values)
    except Exception:  # the class says it in its own words
        return False
    return True


_ADAPTERS = _Loading.get_column_adapters.__func__  # type: ignore[attr-defined]


class FastLoadMixin(_Loading):
    """Loads and saves the rows of an ActiveRecord several times faster, to the same effect.

    ``class User(FastLoadMixin, ActiveRecord)``. Each class takes the fastest way its pydantic schema and its
    methods provably allow, and core's own where they allow none: docs/fast_loading.md says which is which.
    """

    _in_context = _current_transaction_backend, _current_connection_backend

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if issubclass(cls, IAsyncActiveRecord):
            raise TypeError(f"{cls.__name__} is an AsyncActiveRecord: use AsyncFastLoadMixin")

    @classmethod
    def find_one(cls: Any, condition: Any, *, derived: Any = False, extra_derived: Any = None) -> Any:
        """The record of a primary key, or the first that meets a condition; None where there is none."""
        found = cls._by_key(condition, derived, extra_derived)
        if found is None:
            return super().find_one(condition, derived=derived, extra_derived=extra_derived)  # type: ignore[misc]
        plan, backend, known, find, params = found
        cls._log_query(plan, "Executing query", find.sql)
        if known.shape is not None and backend._unwatched:
            statement = backend._bound(find.parts, params)
            rows = backend._run(find.sql, params, known.shape, statement=statement).rows
            return plan.builder.build(rows, plan.renames)[0] if rows else None
        row = backend.fetch_one(find.sql, params, column_adapters=known.adapters)
        return plan.builder.build([row], plan.renames)[0] if row else None

    def validate_fields(self: Any, *args: Any, **kwargs: Any) -> None:
        """Check the fields, then validate_record(); events before and after. Raises pydantic's ValidationError."""
        plan = self._load_plan()
        if plan.builder is None or "validate_fields" not in plan.core:
            return super().validate_fields(*args, **kwargs)  # type: ignore[misc]
        self._trigger_event(ModelEvent.BEFORE_VALIDATE)
        self._check_fields(plan)
        self.validate_record(self)
        self._trigger_event(ModelEvent.AFTER_VALIDATE)

    def _update_internal(self: Any, data: Dict[str, Any]) -> Any:
        plain = self._plain_update(data)
        if plain is None:
            return super()._update_internal(data)  # type: ignore[misc]
        backend, options = plain
        return backend.update(options)

    def _trigger_event(self: Any, event: ModelEvent, **kwargs: Any) -> None:
        if self._has_handlers():
            super()._trigger_event(event, **kwargs)  # type: ignore[misc]

    @classmethod
    def bulk_create(cls: Any, records: Any, *, batch_size: Optional[int] = None) -> List[Any]:
        """Insert new records, all or none; their keys are set. Raises BulkStateError, BulkValidationError.

        records: a list, which is returned; of an iterator one is made
        """
        if isinstance(records, Iterator):
            records = list(records)
        bulk = bulk_of(cls, cls._load_plan(), records)
        if bulk is None:
            return super().bulk_create(records, batch_size=batch_size)  # type: ignore[misc]
        backend = cls.backend()
        with backend.transaction():
            for batch in bulk.batches(backend, batch_size):
                bulk.take_keys(batch, backend.bulk_insert(batch.options))
        bulk.saved()
        return records

    def refresh(self: Any) -> None:
        """Read the record again."""
        handlers = self.__dict__.get("_event_handlers")
        super().refresh()  # type: ignore[misc]
        self._forget_handlers(handlers)


class AsyncFastLoadMixin(_Loading):
    """FastLoadMixin for an AsyncActiveRecord: ``class User(AsyncFastLoadMixin, AsyncActiveRecord)``."""

    _in_context = _current_async_transaction_backend, _current_async_connection_backend

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if issubclass(cls, IActiveRecord):
            raise TypeError(f"{cls.__name__} is an ActiveRecord: use FastLoadMixin")

    @classmethod
    async def find_one(cls: Any, condition: Any, *, derived: Any = False, extra_derived: Any = None) -> Any:
        """FastLoadMixin.find_one, awaited."""
        found = cls._by_key(condition, derived, extra_derived)
        if found is None:
            return await super().find_one(condition, derived=derived, extra_derived=extra_derived)  # type: ignore[misc]
        plan, backend, known, find, params = found
        cls._log_query(plan, "Executing async query", find.sql)
        if known.shape is not None and backend._unwatched:
            statement = backend._bound(find.parts, params)
            rows = (await backend._run(find.sql, params, known.shape, statement=statement)).rows
            return plan.builder.build(rows, plan.renames)[0] if rows else None
        row = await backend.fetch_one(find.sql, params, column_adapters=known.adapters)
        return plan.builder.build([row], plan.renames)[0] if row else None

    async def validate_fields(self: Any, *args: Any, **kwargs: Any) -> None:
        """FastLoadMixin.validate_fields, awaited."""
        plan = self._load_plan()
        if plan.builder is None or "validate_fields" not in plan.core:
            return await super().validate_fields(*args, **kwargs)  # type: ignore[misc]
        await self._trigger_event(ModelEvent.BEFORE_VALIDATE)
        self._check_fields(plan)
        self.validate_record(self)
        await self._trigger_event(ModelEvent.AFTER_VALIDATE)

    async def _update_internal(self: Any, data: Dict[str, Any]) -> Any:
        plain = self._plain_update(data)
        if plain is None:
            return await super()._update_internal(data)  # type: ignore[misc]
        backend, options = plain
        return await backend.update(options)

    async def _trigger_event(self: Any, event: ModelEvent, **kwargs: Any) -> None:
        if self._has_handlers():
            await super()._trigger_event(event, **kwargs)  # type: ignore[misc]

    @classmethod
    async def bulk_create(cls: Any, records: Any, *, batch_size: Optional[int] = None) -> List[Any]:
        """FastLoadMixin.bulk_create, awaited. records: also an asynchronous iterable"""
        if isinstance(records, AsyncIterable):
            records = [record async for record in records]
        elif isinstance(records, Iterator):
            records = list(records)
        bulk = bulk_of(cls, cls._load_plan(), records)
        if bulk is None:
            return await super().bulk_create(records, batch_size=batch_size)  # type: ignore[misc]
        backend = cls.backend()
        async with backend.transaction():
            for batch in bulk.batches(backend, batch_size):
                bulk.take_keys(batch, await backend.bulk_insert(batch.options))
        bulk.saved()
        return records

    async def refresh(self: Any) -> None:
        """FastLoadMixin.refresh, awaited."""
        handlers = self.__dict__.get("_event_handlers")
        await super().refresh()  # type: ignore[misc]
        self._forget_handlers(handlers)
