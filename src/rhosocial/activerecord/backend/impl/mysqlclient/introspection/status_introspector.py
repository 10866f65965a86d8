"""`backend.introspector.status`: the plans of `status_plans`, run on either backend."""

from typing import Any, TypeVar

from rhosocial.activerecord.backend.introspection.status.base import (
    AsyncAbstractStatusIntrospector,
    StatusIntrospectorMixin,
    SyncAbstractStatusIntrospector,
)
from rhosocial.activerecord.backend.introspection.status.types import (
    BinaryLogInfo,
    ConnectionInfo,
    DatabaseBriefInfo,
    InnoDBInfo,
    MySQLReplicationInfo,
    ProcessInfo,
    ServerOverview,
    SessionInfo,
    SlowQueryInfo,
    StatusCategory,
    StatusItem,
    StorageInfo,
    UserInfo,
)

from ..errors import DatabaseError
from . import status_plans as plans
from .parsing import VENDOR_NAMES

T = TypeVar("T")


class _StatusMixin(StatusIntrospectorMixin):
    _backend: Any

    def _get_vendor_name(self) -> str:
        return VENDOR_NAMES[self.dialect.vendor]

    @property
    def _password_used(self) -> bool:
        config = self._backend.config
        return bool(config.password or config.password_provider)


class SyncMySQLStatusIntrospector(_StatusMixin, SyncAbstractStatusIntrospector):
    """Status of the server. A report the account may not see raises QueryError (1142, 1227)."""

    def _run(self, plan: plans.Plan[T]) -> T:
        try:
            query = next(plan)
            while True:
                try:
                    rows = self._backend.fetch_all(query)
                except DatabaseError as error:
                    query = plan.throw(error)
                else:
                    query = plan.send(rows)
        except StopIteration as done:
            return done.value

    def get_overview(self) -> ServerOverview:
        return self._run(plans.overview(self.dialect, self._password_used))

    def list_configuration(self, category: StatusCategory | None = None) -> list[StatusItem]:
        return self._run(plans.configuration(category))

    def list_performance_metrics(self, category: StatusCategory | None = None) -> list[StatusItem]:
        return self._run(plans.metrics(category))

    def get_connection_info(self) -> ConnectionInfo:
        return self._run(plans.connections())

    def get_storage_info(self) -> StorageInfo:
        return self._run(plans.storage())

    def list_databases(self) -> list[DatabaseBriefInfo]:
        return self._run(plans.databases())

    def list_users(self) -> list[UserInfo]:
        return self._run(plans.users(self.dialect.vendor))

    def get_session_info(self) -> SessionInfo:
        return self._run(plans.session(self._password_used))

    def get_innodb_info(self) -> InnoDBInfo:
        return self._run(plans.innodb())

    def get_binary_log_info(self) -> BinaryLogInfo:
        return self._run(plans.binary_log(plans.Replication(self.dialect)))

    def list_processes(self) -> list[ProcessInfo]:
        return self._run(plans.processes())

    def get_slow_query_info(self) -> SlowQueryInfo:
        return self._run(plans.slow_query())

    def get_mysql_replication_info(self) -> MySQLReplicationInfo:
        return self._run(plans.replication_info(plans.Replication(self.dialect)))


class AsyncMySQLStatusIntrospector(_StatusMixin, AsyncAbstractStatusIntrospector):
    """The same for the asynchronous backend."""

    async def _run(self, plan: plans.Plan[T]) -> T:
        try:
            query = next(plan)
            while True:
                try:
                    rows = await self._backend.fetch_all(query)
                except DatabaseError as error:
                    query = plan.throw(error)
                else:
                    query = plan.send(rows)
        except StopIteration as done:
            return done.value

    async def get_overview(self) -> ServerOverview:
        return await self._run(plans.overview(self.dialect, self._password_used))

    async def list_configuration(self, category: StatusCategory | None = None) -> list[StatusItem]:
        return await self._run(plans.configuration(category))

    async def list_performance_metrics(self, category: StatusCategory | None = None) -> list[StatusItem]:
        return await self._run(plans.metrics(category))

    async def get_connection_info(self) -> ConnectionInfo:
        return await self._run(plans.connections())

    async def get_storage_info(self) -> StorageInfo:
        return await self._run(plans.storage())

    async def list_databases(self) -> list[DatabaseBriefInfo]:
        return await self._run(plans.databases())

    async def list_users(self) -> list[UserInfo]:
        return await self._run(plans.users(self.dialect.vendor))

    async def get_session_info(self) -> SessionInfo:
        return await self._run(plans.session(self._password_used))

    async def get_innodb_info(self) -> InnoDBInfo:
        return await self._run(plans.innodb())

    async def get_binary_log_info(self) -> BinaryLogInfo:
        return await self._run(plans.binary_log(plans.Replication(self.dialect)))

    async def list_processes(self) -> list[ProcessInfo]:
        return await self._run(plans.processes())

    async def get_slow_query_info(self) -> SlowQueryInfo:
        return await self._run(plans.slow_query())

    async def get_mysql_replication_info(self) -> MySQLReplicationInfo:
        return await self._run(plans.replication_info(plans.Replication(self.dialect)))
