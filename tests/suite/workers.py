"""What the suite's worker processes need to connect (its WorkerTestProtocol)."""
from typing import Any

from suite import schema
from suite.fixtures import config_kwargs
from suite.under_test import ASYNC_BACKEND, BACKEND, CONFIG


class WorkerParams:
    """Mixin of the providers whose tests use worker processes.

    `worker_schema` names the schema file of their tables.
    """

    worker_schema: str

    def get_worker_connection_params(self, scenario_name: str, fixture_type: str = "user") -> dict[str, Any]:
        """Picklable names and values that a spawned process makes its backend from."""
        backend = ASYNC_BACKEND if fixture_type.startswith("async_") else BACKEND
        return {
            "backend_module": backend.__module__,
            "backend_class_name": backend.__name__,
            "config_class_module": CONFIG.__module__,
            "config_class_name": CONFIG.__name__,
            "config_kwargs": config_kwargs(),
            "schema_sql": "\n".join(schema.tables(self.worker_schema).values()),
        }

    def get_worker_schema_sql(self, scenario_name: str, table_name: str) -> str:
        """The CREATE TABLE statement of one table."""
        return schema.tables(self.worker_schema)[table_name]
