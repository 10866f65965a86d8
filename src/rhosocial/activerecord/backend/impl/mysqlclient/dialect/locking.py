"""FOR UPDATE and FOR SHARE."""

from __future__ import annotations

from typing import Any

from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression.core import Column, TableExpression

from .predicates import SQL


class LockingFormatting:
    """Locking reads."""

    def format_for_update_clause(self, clause: Any) -> SQL:
        """FOR UPDATE, or FOR SHARE when the clause has a ``strength`` of that value.

        Raises:
            UnsupportedFeatureError: OF, NOWAIT or SKIP LOCKED is asked of a server without it.
            ValueError: both NOWAIT and SKIP LOCKED, or a column without its table in OF.
        """
        strength = getattr(clause, "strength", None) or clause.dialect_options.get("strength", "FOR UPDATE")
        share = "SHARE" in str(getattr(strength, "value", strength)).upper()
        parts = [self._strength(share)]
        if clause.of_columns:
            self.check_feature_support("supports_for_update_of", "OF in a locking clause", "Lock all tables read.")
            parts.append("OF " + ", ".join(dict.fromkeys(self._locked_table(item) for item in clause.of_columns)))
        if clause.nowait and clause.skip_locked:
            raise ValueError("NOWAIT and SKIP LOCKED exclude each other")
        if clause.nowait:
            self.check_feature_support("supports_for_update_nowait", "NOWAIT")
            parts.append("NOWAIT")
        if clause.skip_locked:
            self.check_feature_support("supports_for_update_skip_locked", "SKIP LOCKED")
            parts.append("SKIP LOCKED")
        return " ".join(parts), ()

    def _strength(self, share: bool) -> str:
        if not share:
            return "FOR UPDATE"
        # FOR SHARE is MySQL 8.0.1; MariaDB has the older spelling only
        return "FOR SHARE" if self.available((8, 0, 1), None) else "LOCK IN SHARE MODE"

    def _locked_table(self, item: Any) -> str:
        """OF names tables (or their aliases), not columns: error 3568."""
        if isinstance(item, str):
            name = item
        elif isinstance(item, Column):
            name = item.table
        elif isinstance(item, TableExpression):
            name = item.alias or item.name
        else:
            raise UnsupportedFeatureError(self.name, f"OF {type(item).__name__} in a locking clause")
        if not name:
            raise ValueError(f"OF locks tables: give column {item.name!r} its table")
        return self.format_identifier(name)
