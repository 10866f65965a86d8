"""What the providers of the shared testsuite have in common.

An area's fixtures are a table, provider method -> models; SyncProvider and AsyncProvider make the methods from it.
"""
import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Callable

from suite import schema, server
from suite.under_test import ASYNC_BACKEND, BACKEND, CONFIG

TESTSUITE = "rhosocial.activerecord.testsuite"
# The suite has some models once more in the syntax of a newer Python: models_py312.py is models.py for 3.12 and up.
NEWER_SYNTAX = tuple(f"models_py3{minor}" for minor in (12, 11, 10) if sys.version_info >= (3, minor))


def config_kwargs() -> dict[str, Any]:
    """Keyword arguments of the connection configuration, plain values only: workers get them pickled."""
    return {**server.address(), "database": server.database()}


def config() -> Any:
    """A connection configuration for this process's own database."""
    return CONFIG(**config_kwargs())


@dataclass(frozen=True)
class Area:
    """One area of the suite: the package its models are in, and the schema file with their tables."""

    package: str
    schema: str
    modules: tuple[str, ...] = (*NEWER_SYNTAX, "models")

    def find(self, name: str) -> type:
        """The model class of that name, from the first module that has it. Raises LookupError if none has."""
        for module in self.modules:
            path = f"{TESTSUITE}.{self.package}.fixtures.{module}"
            if find_spec(path) and hasattr(found := import_module(path), name):
                return getattr(found, name)
        raise LookupError(f"the testsuite has no model {name} in {self.package}")

    def one(self, name: str) -> "Fixture":
        """A fixture of one model, handed over as the class itself."""
        return Fixture(self, (name,), single=True)

    def all(self, *names: str) -> "Fixture":
        """A fixture handed over as a tuple of classes."""
        return Fixture(self, names)


@dataclass(frozen=True)
class Fixture:
    """Models of one area that a test gets together."""

    area: Area
    names: tuple[str, ...]
    single: bool = False

    def models(self, prefix: str) -> tuple[type, ...]:
        """The model classes; prefix is "Async" for the asynchronous ones."""
        return tuple(self.area.find(prefix + name) for name in self.names)

    def make_tables(self, models: tuple[type, ...]) -> list[str]:
        """Create the models' tables, empty, and return their names."""
        statements = schema.tables(self.area.schema)
        names = list(dict.fromkeys(model.__table_name__ for model in models))
        drop_tables(names)
        server.execute(statements[name] for name in names)
        return names

    def shape(self, models: tuple[type, ...]) -> Any:
        """The models as the test wants them."""
        return models[0] if self.single else models


def drop_tables(names: list[str]) -> None:
    """Drop those of the named tables that exist."""
    if names:
        server.execute([f"DROP TABLE IF EXISTS {', '.join(names)}"])


class Provider:
    """A provider lives for one test. It keeps the backend in use and the names of the tables made."""

    def __init_subclass__(cls, fixtures: dict[str, Fixture] | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, fixture in (fixtures or {}).items():
            setattr(cls, name, cls._setup_method(fixture))

    def __init__(self) -> None:
        self._backend: Any = None
        self._tables: list[str] = []

    def get_test_scenarios(self) -> list[str]:
        """One scenario: the server this run targets."""
        return [server.TARGET]

    def _share(self, models: tuple[type, ...]) -> None:
        # One instance for all: the suite counts the queries of the first model's backend only.
        for model in models:
            model.__connection_config__ = self._backend.config
            model.__backend_class__ = type(self._backend)
            model.__backend__ = self._backend


class SyncProvider(Provider):
    """Provider of synchronous models."""

    @staticmethod
    def _setup_method(fixture: Fixture) -> Callable[..., Any]:
        # The default is for the one method that the suite calls without a scenario.
        def setup(self: SyncProvider, scenario: str = server.TARGET) -> Any:
            models = fixture.models("")
            self._tables += fixture.make_tables(models)
            if self._backend is None:
                models[0].configure(config(), BACKEND)
                self._backend = models[0].backend()
            self._share(models)
            return fixture.shape(models)

        return setup

    def probe(self) -> Any:
        """A backend that has been connected, has adapted itself to the server, and is disconnected again."""
        backend = BACKEND(connection_config=config())
        backend.introspect_and_adapt()
        backend.disconnect()
        return backend

    def get_backend_capabilities(self) -> Any:
        """The DatabaseCapabilities of the backend on the server that this run targets."""
        return self.probe().capabilities

    def cleanup_after_test(self, scenario: str) -> None:
        """Disconnect, then drop the tables."""
        if self._backend is not None:
            self._backend.disconnect()
        drop_tables(self._tables)


class AsyncProvider(Provider):
    """Provider of asynchronous models."""

    @staticmethod
    def _setup_method(fixture: Fixture) -> Callable[..., Any]:
        async def setup(self: AsyncProvider, scenario: str) -> Any:
            models = fixture.models("Async")
            self._tables += fixture.make_tables(models)
            if self._backend is None:
                await models[0].configure(config(), ASYNC_BACKEND)
                self._backend = models[0].backend()
            self._share(models)
            return fixture.shape(models)

        return setup

    async def probe(self) -> Any:
        """A backend that has been connected, has adapted itself to the server, and is disconnected again."""
        backend = ASYNC_BACKEND(connection_config=config())
        await backend.introspect_and_adapt()
        await backend.disconnect()
        return backend

    async def get_backend_capabilities(self) -> Any:
        """The DatabaseCapabilities of the backend on the server that this run targets."""
        return (await self.probe()).capabilities

    async def cleanup_after_test(self, scenario: str) -> None:
        """Disconnect, then drop the tables."""
        if self._backend is not None:
            await self._backend.disconnect()
        drop_tables(self._tables)
