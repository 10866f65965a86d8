"""EXPLAIN."""

from __future__ import annotations

from typing import Any

from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression.statements import ExplainType

from .features import ALWAYS, NEVER, Since
from .predicates import SQL

#: format -> (MySQL since, MariaDB since); core's TEXT is the TRADITIONAL table
_FORMATS: dict[str, tuple[Since, Since]] = {
    "TRADITIONAL": (ALWAYS, ALWAYS),
    "TEXT": (ALWAYS, ALWAYS),
    "JSON": (ALWAYS, ALWAYS),
    "TREE": ((8, 0, 16), NEVER),
}
#: formats of EXPLAIN ANALYZE
_ANALYZE_FORMATS: dict[str, tuple[Since, Since]] = {
    "TREE": ((8, 0, 18), NEVER),
    "JSON": ((8, 3, 0), ALWAYS),
    "TRADITIONAL": (NEVER, ALWAYS),
    "TEXT": ((8, 0, 18), ALWAYS),
}


class ExplainFormatting:
    """EXPLAIN and EXPLAIN ANALYZE (ANALYZE in MariaDB)."""

    def supports_explain_format(self, format_type: str) -> bool:
        return self.available(*_FORMATS.get(format_type.upper(), (NEVER, NEVER)))

    def format_explain_statement(self, expr: Any) -> SQL:
        sql, params = expr.statement.to_sql()
        options = expr.options
        analyze = options is not None and (options.analyze or options.type is ExplainType.ANALYZE)
        if analyze:
            self.check_feature_support("supports_explain_analyze", "EXPLAIN ANALYZE")
        keyword = "EXPLAIN" if not analyze else "ANALYZE" if self.vendor == "mariadb" else "EXPLAIN ANALYZE"
        wanted = options.format.value.upper() if options is not None and options.format else None
        return f"{keyword}{self._explain_format(wanted, analyze)} {sql}", tuple(params)

    def _explain_format(self, wanted: str | None, analyze: bool) -> str:
        if wanted is None:
            # explain_format may be TREE on the server (MySQL 9), and rows are what callers parse
            return "" if analyze else " FORMAT=TRADITIONAL"
        formats = _ANALYZE_FORMATS if analyze else _FORMATS
        if not self.available(*formats.get(wanted, (NEVER, NEVER))):
            raise UnsupportedFeatureError(self.name, f"EXPLAIN {'ANALYZE ' if analyze else ''}FORMAT={wanted}")
        if wanted == "TEXT":
            return "" if analyze else " FORMAT=TRADITIONAL"
        return "" if analyze and wanted == "TRADITIONAL" else f" FORMAT={wanted}"
