"""PARTITION BY of CREATE TABLE, from core's clause."""

from __future__ import annotations

from typing import Any

from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression.core import Column

from .ddl_column import literal
from .predicates import SQL


class PartitionFormatting:
    """``dialect_options["partitions"]``: for HASH their number; for RANGE ``{name: upper bound}``, None being
    MAXVALUE; for LIST ``{name: values}``. With several keys a bound or value is a tuple."""

    def format_partition_clause(self, expr: Any) -> SQL:
        partitions = expr.dialect_options.get("partitions")
        keys = [key.to_sql() for key in expr.keys]
        params = tuple(p for _, key_params in keys for p in key_params)
        # COLUMNS takes any type, but columns only; without it the key is an integer expression
        columns = expr.method != "HASH" and all(isinstance(key, Column) for key in expr.keys)
        sql = f"PARTITION BY {expr.method}{' COLUMNS' if columns else ''} ({', '.join(key for key, _ in keys)})"
        if expr.method == "HASH":
            return sql if partitions is None else f"{sql} PARTITIONS {int(partitions)}", params
        if expr.method not in ("RANGE", "LIST"):
            raise UnsupportedFeatureError(self.name, f"PARTITION BY {expr.method}")
        if not partitions:
            raise ValueError(f"PARTITION BY {expr.method} needs dialect_options['partitions']")
        definition = _less_than if expr.method == "RANGE" else _in
        parts = [f"PARTITION {self.format_identifier(name)} {definition(value)}" for name, value in partitions.items()]
        return f"{sql} ({', '.join(parts)})", params


def _tuple(value: Any) -> str:
    return ", ".join("MAXVALUE" if v is None else literal(v) for v in (value if isinstance(value, tuple) else (value,)))


def _less_than(bound: Any) -> str:
    return f"VALUES LESS THAN ({_tuple(bound)})"


def _in(values: Any) -> str:
    return f"VALUES IN ({', '.join(_member(value) for value in values)})"


def _member(value: Any) -> str:
    return f"({', '.join(map(literal, value))})" if isinstance(value, tuple) else literal(value)
