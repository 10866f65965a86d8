"""Names, string literals, placeholders."""

from __future__ import annotations

from . import text


class IdentifierFormatting:
    """Back-quoted names and ``%s`` placeholders."""

    def get_parameter_placeholder(self, position: int = 0) -> str:
        return "%s"

    def format_identifier(self, identifier: str) -> str:
        """One back-quoted name. Raises ValueError if it is empty, over 64 characters, or has a NUL."""
        return text.quote_identifier(identifier)

    def escape_identifier(self, name: str) -> str:
        """Same as ``format_identifier``."""
        return text.quote_identifier(name)

    @staticmethod
    def _escape_sql_string(value: str) -> str:
        return text.escape_string(value)

    def last_insert_id_query(self, table_name: str | None = None) -> str:
        """The statement that returns the session's last AUTO_INCREMENT value.

        ``table_name`` is accepted for other servers' sake: MySQL keeps one value per session.
        """
        return "SELECT LAST_INSERT_ID()"

    def convert_sql(self, sql: str) -> str:
        r"""``?`` placeholders to ``%s``; quotes and comments are left alone, ``\?`` is a plain ``?``."""
        return text.convert_placeholders(sql)
