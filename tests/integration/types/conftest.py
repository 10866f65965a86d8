"""A backend on a fresh database of each server; options of its configuration are given to `connect`."""

import logging

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend


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
