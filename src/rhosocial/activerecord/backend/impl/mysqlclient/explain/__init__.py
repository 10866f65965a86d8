"""Typed results of EXPLAIN."""

from .parsing import parse_explain
from .types import IndexUsage, MySQLExplainResult, MySQLExplainRow

__all__ = ["IndexUsage", "MySQLExplainResult", "MySQLExplainRow", "parse_explain"]
