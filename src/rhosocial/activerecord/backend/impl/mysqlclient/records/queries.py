"""Query classes whose all() builds the models of a whole result in one call."""

from typing import Any, List

from rhosocial.activerecord.query import ActiveQuery, AsyncActiveQuery

# Core's own; where somebody has put another in its place, that is called.
_all, _async_all = ActiveQuery.all, AsyncActiveQuery.all


class FastLoadQuery(ActiveQuery):
    """ActiveQuery for models with FastLoadMixin."""

    def all(self) -> List[Any]:
        """ActiveQuery.all: a list of model instances."""
        model = self.model_class
        plan = model._load_plan()
        if plan.builder is None or ActiveQuery.all is not _all:
            return super().all()
        sql, params = self.to_sql()
        model._log_query(plan, "Executing query", sql)
        backend = self.backend()
        known = model._known(plan, backend)
        if known.shape is not None and backend._unwatched:
            rows = backend._run(sql, params, known.shape).rows or []
        else:
            rows = backend.fetch_all(sql, params, column_adapters=known.adapters)
        records = plan.builder.build(rows, plan.renames)
        self._apply_eager_loading(records)
        return records


class AsyncFastLoadQuery(AsyncActiveQuery):
    """AsyncActiveQuery for models with AsyncFastLoadMixin."""

    async def all(self) -> List[Any]:
        """AsyncActiveQuery.all: a list of model instances."""
        model = self.model_class
        plan = model._load_plan()
        if plan.builder is None or AsyncActiveQuery.all is not _async_all:
            return await super().all()
        sql, params = self.to_sql()
        model._log_query(plan, "Executing async query", sql)
        backend = self.backend()
        known = model._known(plan, backend)
        if known.shape is not None and backend._unwatched:
            rows = (await backend._run(sql, params, known.shape)).rows or []
        else:
            rows = await backend.fetch_all(sql, params, column_adapters=known.adapters)
        records = plan.builder.build(rows, plan.renames)
        await self._apply_eager_loading(records)
        return records
