"""A backend on a fresh database of each server; options of its configuration are given to `connect`."""

import importlib.util
import logging
from pathlib import Path

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend

SAMPLES = Path(__file__).parents[2] / "codec" / "samples.py"


@pytest.fixture(scope="session")
def samples():
    """tests/codec/samples.py, the table of types."""
    spec = importlib.util.spec_from_file_location("samples_of_types", SAMPLES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def connect(config):
    opened = []

    def backend(**options):
        opened.append(MySQLBackend(connection_config=config.clone(**options) if options else config))
        opened[-1].logger.setLevel(logging.CRITICAL)
        return opened[-1]

    yield backend
    for backend in opened:
        backend.disconnect()


@pytest.fixture
def backend(connect):
    return connect()
