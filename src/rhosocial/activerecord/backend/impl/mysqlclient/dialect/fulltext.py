"""MATCH ... AGAINST and FULLTEXT indexes."""

from __future__ import annotations

from typing import Any, Optional

from .predicates import SQL

_MODES = {
    "": "IN NATURAL LANGUAGE MODE",
    "NATURAL LANGUAGE": "IN NATURAL LANGUAGE MODE",
    "BOOLEAN": "IN BOOLEAN MODE",
    "QUERY EXPANSION": "WITH QUERY EXPANSION",
    "NATURAL LANGUAGE WITH QUERY EXPANSION": "WITH QUERY EXPANSION",
}


class FulltextFormatting:
    """Full-text search."""

    def format_fulltext_match(self, columns: list[str], search_term: str, mode: Optional[str] = None) -> SQL:
        """MATCH (columns) AGAINST (search_term), ``mode`` NATURAL LANGUAGE (default), BOOLEAN or QUERY EXPANSION."""
        key = " ".join((mode or "").upper().replace("_", " ").split()).removeprefix("IN ").removesuffix(" MODE")
        key = key.removeprefix("WITH ")
        if key not in _MODES:
            raise ValueError(f"unknown full-text mode {mode!r}; use one of {', '.join(filter(None, _MODES))}")
        names = ", ".join(self.format_identifier(column) for column in columns)
        return f"MATCH ({names}) AGAINST ({self.get_parameter_placeholder()} {_MODES[key]})", (search_term,)

    def format_match_against(self, columns: list[str], search_string: str, mode: Optional[str] = None) -> SQL:
        """Same as ``format_fulltext_match``."""
        return self.format_fulltext_match(columns, search_string, mode)

    def format_create_fulltext_index_statement(self, expr: Any) -> SQL:
        exists = self._if_not_exists(expr)
        keys, params = self._key_parts(expr.columns, expr.dialect_options)
        name, table = self.format_identifier(expr.index_name), self.format_identifier(expr.table_name)
        options = self._index_options({**expr.dialect_options, "parser": expr.parser})
        return f"CREATE FULLTEXT INDEX {exists}{name} ON {table} ({keys}){options}", params

    def format_drop_fulltext_index_statement(self, expr: Any) -> SQL:
        return self.format_drop_index_statement(expr)
