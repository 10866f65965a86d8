"""What the shared testsuite does not ask of the providers itself."""
from importlib import import_module

import pytest
from suite import schema, server
from suite.providers import basic, mixins, query
from suite.registry import PROVIDERS

from rhosocial.activerecord.backend.impl.mysqlclient.capabilities import DatabaseCapabilities


def interface(key: str) -> type:
    """The interface that a key names: a class in interfaces.py of the area, or next to it."""
    area, _, name = key.rpartition(".")
    return getattr(import_module(f"rhosocial.activerecord.testsuite.{area}.interfaces"), name)


@pytest.mark.parametrize("key", PROVIDERS)
def test_provider_is_what_its_key_names(key):
    provider = PROVIDERS[key]()
    assert isinstance(provider, interface(key))
    scenarios = provider.get_benchmark_scenarios if key.startswith("benchmark") else provider.get_test_scenarios
    assert scenarios() == [server.TARGET]


def test_every_key_of_the_suite_has_a_provider():
    assert len(PROVIDERS) == 18


def test_async_models_are_those_of_the_sync_fixture():
    for fixture in (*basic.FIXTURES.values(), *mixins.FIXTURES.values(), *query.FIXTURES.values()):
        sync, asynchronous = ([model.__table_name__ for model in fixture.models(prefix)] for prefix in ("", "Async"))
        assert sync == asynchronous
        assert set(sync) <= set(schema.tables(fixture.area.schema))


def test_capabilities_are_the_backends():
    found = basic.BasicSyncProvider().get_backend_capabilities()
    assert isinstance(found, DatabaseCapabilities)
    assert found.cte["recursive"] and found.window_functions["row_number"]


async def test_async_capabilities_are_the_same():
    found = await query.QueryAsyncProvider().get_backend_capabilities()
    assert found == basic.BasicSyncProvider().get_backend_capabilities()
