"""bulk_create() of records that nothing but core looks at on their way: each is dumped once."""

from typing import Any, Dict, Iterator, List, NamedTuple, Optional

from rhosocial.activerecord.backend.options import BulkInsertOptions

from .plan import LoadPlan

# What an instance has besides its fields.
_STATE = 4


class Batch(NamedTuple):
    """Rows of one bulk_insert(), and the records they are of."""

    options: BulkInsertOptions
    records: List[Any]


class Bulk:
    """The records of one bulk_create(), all of ``model`` and each with its model_dump()."""

    def __init__(self, model: Any, records: List[Any], dumps: List[Dict[str, Any]]) -> None:
        self._model, self._records, self._dumps = model, records, dumps
        self._key = model._get_field_name(model.primary_key())

    def batches(self, backend: Any, size: Optional[int]) -> Iterator[Batch]:
        """What core hands to the backend, ``size`` rows at once."""
        model = self._model
        names = [name for name in self._dumps[0] if name != self._key or not model.__pk_auto_generated__]
        returning = list(model.primary_key_columns()) if backend.dialect.supports_returning_insert() else None
        count = len(self._records)
        size = size if size and size > 0 else count
        for start in range(0, count, size):
            options = BulkInsertOptions(
                table=model.table_name(),
                schema_name=model.schema_name(),
                columns=[model._get_column_name(name) for name in names],
                rows=[[dump[name] for name in names] for dump in self._dumps[start : start + size]],
                column_adapters=model.get_column_adapters(),
                column_mapping=model.get_column_to_field_map(),
                returning_columns=returning,
                auto_commit=False,
            )
            yield Batch(options, self._records[start : start + size])

    def take_keys(self, batch: Batch, result: Any) -> None:
        """Give the records the keys that the server has generated."""
        key = self._key
        if batch.options.returning_columns and result.data:
            for record, row in zip(batch.records, result.data):
                if key in row:
                    _set(record, key, row[key])
        elif result.last_insert_id is not None:
            for number, record in enumerate(batch.records, result.last_insert_id):
                if record.__dict__[key] is None:
                    _set(record, key, number)

    def saved(self) -> None:
        """All are in the database: their values are the original ones."""
        for record, dump in zip(self._records, self._dumps):
            state = record.__dict__
            dump[self._key] = state[self._key]
            state["_is_from_db"] = True
            state["_dirty_fields"].clear()
            state["_original_values"] = dump


def _set(record: Any, name: str, value: Any) -> None:
    record.__dict__[name] = value
    record.__pydantic_fields_set__.add(name)


def bulk_of(model: Any, plan: LoadPlan, records: Any) -> Optional[Bulk]:
    """The records, if all are new, valid and without handlers; else None: then core's bulk_create() has its say."""
    if not plan.bulk or type(records) is not list or not records:
        return None
    dumps = []
    snapshot = plan.builder.snapshot  # type: ignore[union-attr]
    for record in records:
        state = record.__dict__
        if type(record) is not model or any(state.get("_event_handlers", _SOME).values()):
            return None
        dump = snapshot(state)
        if dump is None or len(state) > len(dump) + _STATE or not _is_new(state, plan):
            return None
        dumps.append(dump)
    return Bulk(model, records, dumps)


_SOME = {None: True}


def _is_new(state: Dict[str, Any], plan: LoadPlan) -> bool:
    return not state["_is_from_db"] or any(state[key] is None for key in plan.keys)
