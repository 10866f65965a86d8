"""Keys, foreign keys, checks."""

from __future__ import annotations

from typing import Any

from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression.statements import (
    ColumnConstraint,
    ColumnConstraintType,
    ColumnDefinition,
    ReferentialAction,
    TableConstraint,
    TableConstraintType,
)

from .predicates import SQL


class ConstraintFormatting:
    """``dialect_options`` of a CHECK: ``enforced`` (False for NOT ENFORCED)."""

    def format_table_constraint_sql(self, t_const: TableConstraint) -> SQL:
        self._refuse_deferral(t_const)
        name = f"CONSTRAINT {self.format_identifier(t_const.name)} " if t_const.name else ""
        sql, params = self._table_constraint(t_const)
        return name + sql, tuple(params)

    def _table_constraint(self, t_const: TableConstraint) -> SQL:
        kind = t_const.constraint_type
        if kind is TableConstraintType.PRIMARY_KEY:
            return self.format_pk_constraint(t_const), ()
        if kind is TableConstraintType.UNIQUE:
            return self.format_unique_constraint(t_const), ()
        if kind is TableConstraintType.FOREIGN_KEY:
            return self.format_foreign_key_constraint(t_const), ()
        if kind is TableConstraintType.CHECK:
            return self.format_table_check_constraint(t_const)
        raise UnsupportedFeatureError(self.name, f"{kind.value} constraints")

    def format_table_check_constraint(self, t_const: TableConstraint) -> SQL:
        if t_const.check_condition is None:
            raise ValueError("CHECK constraint must have a check condition specified.")
        sql, params = t_const.check_condition.to_sql()
        return f"CHECK ({sql}){self._enforcement(t_const)}", tuple(params)

    def _enforcement(self, constraint: TableConstraint | ColumnConstraint) -> str:
        if (constraint.dialect_options or {}).get("enforced", True):
            return ""
        self.check_feature_support("supports_constraint_enforced", "NOT ENFORCED")
        return " NOT ENFORCED"

    def format_foreign_key_constraint(self, t_const: TableConstraint) -> str:
        for attribute in ("columns", "foreign_key_table", "foreign_key_columns"):
            if not getattr(t_const, attribute):
                raise ValueError(f"FOREIGN KEY constraint must have {attribute} specified.")
        self._refuse_match(getattr(t_const, "match_type", None))
        return (
            f"FOREIGN KEY ({self._names(t_const.columns)}) "
            f"{self._references(t_const.foreign_key_table, t_const.foreign_key_columns)}{_actions(t_const)}"
        )

    def format_column_fk_constraint(self, constraint: ColumnConstraint) -> SQL:
        """The REFERENCES clause of a column; see hoisted_constraints()."""
        if constraint.foreign_key_reference is None:
            raise ValueError("Foreign key constraint must have a foreign_key_reference specified.")
        self._refuse_deferral(constraint)
        return f" {self._references(*constraint.foreign_key_reference)}{_actions(constraint)}", ()

    def hoisted_constraints(self, col_def: ColumnDefinition) -> list[SQL]:
        """The column's checks and foreign keys as table constraints, the form every server obeys: MySQL
        before 9.0 ignores REFERENCES of a column, MariaDB takes no name for a CHECK of a column."""
        hoisted: list[SQL] = []
        for constraint in col_def.constraints:
            name = f"CONSTRAINT {self.format_identifier(constraint.name)} " if constraint.name else ""
            if constraint.constraint_type is ColumnConstraintType.FOREIGN_KEY:
                references, params = self.format_column_fk_constraint(constraint)
                hoisted.append((f"{name}FOREIGN KEY ({self.format_identifier(col_def.name)}){references}", params))
            elif constraint.constraint_type is ColumnConstraintType.CHECK:
                check, params = self.format_column_check_constraint(constraint)
                hoisted.append((name + check.lstrip(), params))
        return hoisted

    def _references(self, table: str, columns: list[str]) -> str:
        return f"REFERENCES {self.format_identifier(table)} ({self._names(columns)})"

    def _names(self, columns: list[str]) -> str:
        return ", ".join(self.format_identifier(column) for column in columns)

    def _refuse_deferral(self, constraint: Any) -> None:
        if constraint.deferrable or constraint.initially_deferred:
            raise UnsupportedFeatureError(self.name, "DEFERRABLE constraints", "InnoDB checks row by row.")

    def _refuse_match(self, match_type: str | None) -> None:
        if match_type and match_type.upper() != "SIMPLE":
            raise UnsupportedFeatureError(
                self.name, f"MATCH {match_type}", "MySQL parses it, then ignores ON DELETE and ON UPDATE."
            )

    def format_add_table_constraint_action(self, action: Any) -> SQL:
        sql, params = self.format_table_constraint_sql(action.constraint)
        return f"ADD {sql}", params

    def format_drop_table_constraint_action(self, action: Any) -> SQL:
        if action.cascade:
            raise UnsupportedFeatureError(self.name, "DROP CONSTRAINT ... CASCADE")
        if_exists = getattr(action, "if_exists", None)
        if if_exists:
            self.check_feature_support(
                "supports_drop_constraint_if_exists",
                "DROP CONSTRAINT IF EXISTS",
                "Look in information_schema.TABLE_CONSTRAINTS.",
            )
        self.check_feature_support("supports_drop_constraint", "DROP CONSTRAINT")
        clause = "IF EXISTS " if if_exists else ""
        return f"DROP CONSTRAINT {clause}{self.format_identifier(action.constraint_name)}", ()


def _actions(constraint: Any) -> str:
    sql = ""
    for event in ("delete", "update"):
        action = getattr(constraint, f"on_{event}", None)
        if action is not None and action is not ReferentialAction.NO_ACTION:
            sql += f" ON {event.upper()} {action.value}"
    return sql
