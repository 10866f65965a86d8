"""The backend under test: the only place of the shared testsuite's providers that names it."""
from rhosocial.activerecord.backend.impl import mysqlclient as package

BACKEND = package.MySQLBackend
ASYNC_BACKEND = package.AsyncMySQLBackend
CONFIG = package.MySQLConnectionConfig
NAMESPACE = package.__name__
