"""A pytest plugin that replaces core's record classes, before the suite's models are made of them, by fast ones."""
import rhosocial.activerecord.model as core

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncFastLoadMixin, FastLoadMixin


class ActiveRecord(FastLoadMixin, core.ActiveRecord):
    """core's ActiveRecord, loaded fast."""


class AsyncActiveRecord(AsyncFastLoadMixin, core.AsyncActiveRecord):
    """core's AsyncActiveRecord, loaded fast."""


core.ActiveRecord, core.AsyncActiveRecord = ActiveRecord, AsyncActiveRecord
