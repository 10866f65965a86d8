"""The SQL of MySQL and MariaDB: strings only, no connection."""

from .mysql import MySQLDialect

__all__ = ["MySQLDialect"]
