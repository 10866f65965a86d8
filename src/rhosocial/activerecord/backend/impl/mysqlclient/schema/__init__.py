"""Comparing schema snapshots."""

from .differ import MySQLSchemaDiffer

__all__ = ["MySQLSchemaDiffer"]
