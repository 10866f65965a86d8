"""Query classes whose all() builds the models of a whole result in one call."""

import logging
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
        self._log(logging.INFO, f"Executing query: {sql}, parameters: {params}")
        backend = self.backend()
        rows = backend.fetch_all(sql, params, column_adapters=model._adapters_for(plan, backend))
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
        self._log(logging.INFO, f"Executing async query: {sql}, parameters: {params}")
        backend = self.backend()
        rows = await backend.fetch_all(sql, params, column_adapters=model._adapters_for(plan, backend))
        records = plan.builder.build(rows, plan.renames)
        await self._apply_eager_loading(records)
        return records
