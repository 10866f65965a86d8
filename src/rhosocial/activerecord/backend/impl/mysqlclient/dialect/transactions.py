"""START TRANSACTION, SET TRANSACTION."""

from __future__ import annotations

from typing import Any

from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.transaction import TransactionMode

from .predicates import SQL

_ACCESS = {TransactionMode.READ_ONLY: "READ ONLY", TransactionMode.READ_WRITE: "READ WRITE"}


class TransactionFormatting:
    """Transaction control."""

    def format_begin_transaction(self, expr: Any) -> SQL:
        """START TRANSACTION with its access mode. An isolation level takes a SET TRANSACTION before it."""
        params = expr.get_params()
        self._refuse_deferrable(params)
        if params.get("begin_type"):
            raise UnsupportedFeatureError(self.name, f"BEGIN {params['begin_type']}")
        access = _ACCESS.get(params.get("mode"))
        return f"START TRANSACTION {access}" if access else "START TRANSACTION", ()

    def format_set_transaction(self, expr: Any) -> SQL:
        """For the next transaction, or with ``session()`` for all that follow."""
        params = expr.get_params()
        self._refuse_deferrable(params)
        parts = []
        if params.get("isolation_level") is not None:
            parts.append(f"ISOLATION LEVEL {self.get_isolation_level_name(params['isolation_level'])}")
        if params.get("mode") is not None:
            parts.append(_ACCESS[params["mode"]])
        if not parts:
            raise ValueError("SET TRANSACTION needs an isolation level or an access mode")
        return f"SET {'SESSION ' if params.get('session') else ''}TRANSACTION {', '.join(parts)}", ()

    def _refuse_deferrable(self, params: dict[str, Any]) -> None:
        if params.get("deferrable"):
            raise UnsupportedFeatureError(self.name, "DEFERRABLE transactions")
