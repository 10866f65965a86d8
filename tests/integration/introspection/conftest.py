"""A backend on a database of its own, and its introspector, on each server."""

import logging

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig

TABLES = (
    "CREATE TABLE parent (a INT, b INT, PRIMARY KEY (a, b)) COMMENT='it''s'",
    """CREATE TABLE child (
        id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
        name VARCHAR(20) CHARACTER SET latin1 DEFAULT 'it''s \\\\ x' COMMENT 'its name',
        n INT NOT NULL DEFAULT 5,
        d DECIMAL(10,2) DEFAULT NULL,
        ts TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
        kept INT AS (n + 1) STORED,
        virt VARCHAR(30) AS (CONCAT(name, 'z')) VIRTUAL,
        a INT, b INT, body BLOB,
        e ENUM('x','y') DEFAULT 'y',
        bits BIT(3) DEFAULT b'101',
        expr INT DEFAULT (1 + 2),
        code VARCHAR(9) UNIQUE,
        KEY prefixed (body(10)),
        KEY two (n DESC, name(4)),
        FULLTEXT KEY words (name),
        CONSTRAINT belongs FOREIGN KEY (a, b) REFERENCES parent (a, b) ON DELETE CASCADE ON UPDATE SET NULL
    )""",
    "CREATE VIEW seen AS SELECT id, name FROM child WHERE n > 1 WITH CHECK OPTION",
    "CREATE TRIGGER at_insert BEFORE INSERT ON child FOR EACH ROW SET NEW.n = 1",
)


def configuration(server, database):
    return MySQLConnectionConfig(
        host=server.host, port=server.port, username=server.user, password=server.password, database=database
    )


@pytest.fixture
def backend(server, database):
    made = MySQLBackend(connection_config=configuration(server, database))
    made.logger.setLevel(logging.WARNING)
    made.introspect_and_adapt()
    yield made
    made.disconnect()


@pytest.fixture
def introspector(backend):
    for statement in TABLES:
        backend.execute(statement)
    return backend.introspector


@pytest.fixture
async def async_introspector(introspector, server, database):
    made = AsyncMySQLBackend(connection_config=configuration(server, database))
    await made.introspect_and_adapt()
    yield made.introspector
    await made.disconnect()
