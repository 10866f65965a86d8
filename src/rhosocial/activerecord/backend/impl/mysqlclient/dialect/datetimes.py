"""Date and time arithmetic."""

from __future__ import annotations

from typing import Any

from rhosocial.activerecord.backend.expression.datetime import DateTimeField, IntervalUnit

from .predicates import SQL

#: fields EXTRACT() does not know; day of week counts from Sunday = 0
_FIELD_FUNCTIONS = {DateTimeField.DOW: "DAYOFWEEK({0}) - 1", DateTimeField.DOY: "DAYOFYEAR({0})"}

#: the start of the field a moment lies in; weeks start on Monday
_TRUNCATED = {
    DateTimeField.YEAR: "CAST(MAKEDATE(YEAR({0}), 1) AS DATETIME)",
    DateTimeField.MONTH: "CAST(DATE({0}) - INTERVAL DAYOFMONTH({0}) - 1 DAY AS DATETIME)",
    DateTimeField.WEEK: "CAST(DATE({0}) - INTERVAL WEEKDAY({0}) DAY AS DATETIME)",
    DateTimeField.DAY: "CAST(DATE({0}) AS DATETIME)",
    DateTimeField.HOUR: "DATE_ADD(DATE({0}), INTERVAL HOUR({0}) HOUR)",
    DateTimeField.MINUTE: "DATE_ADD(DATE({0}), INTERVAL HOUR({0}) * 60 + MINUTE({0}) MINUTE)",
    DateTimeField.SECOND: "DATE_ADD(DATE({0}), INTERVAL HOUR({0}) * 3600 + MINUTE({0}) * 60 + SECOND({0}) SECOND)",
}

#: seconds of the units that MySQL would round to an integer
_SECONDS = {IntervalUnit.WEEK: 604800, IntervalUnit.DAY: 86400, IntervalUnit.HOUR: 3600, IntervalUnit.MINUTE: 60}


class DateTimeFormatting:
    """EXTRACT, truncation, intervals, differences."""

    def format_extract_expression(self, expr: Any) -> SQL:
        template = _FIELD_FUNCTIONS.get(expr.field, f"EXTRACT({expr.field.value.upper()} FROM {{0}})")
        return self._apply_template(template, expr)

    def format_date_part_expression(self, expr: Any) -> SQL:
        return self.format_extract_expression(expr)

    def format_date_trunc_expression(self, expr: Any) -> SQL:
        """The moment cut down to its field, a DATETIME."""
        if expr.field not in _TRUNCATED:
            raise ValueError(f"cannot truncate to {expr.field.value!r}; use one of year ... second")
        return self._apply_template(_TRUNCATED[expr.field], expr)

    def _apply_template(self, template: str, expr: Any) -> SQL:
        sql, params = expr.source.to_sql()
        params = tuple(params) * template.count("{0}")
        return self._apply_value_expression_modifiers(template.replace("{0}", sql), params, expr)

    def format_interval_expression(self, expr: Any) -> SQL:
        return self._apply_value_expression_modifiers(f"INTERVAL {_amount(expr)}", (), expr)

    def format_datetime_add_expression(self, expr: Any) -> SQL:
        return self._shift("DATE_ADD", expr)

    def format_datetime_subtract_expression(self, expr: Any) -> SQL:
        return self._shift("DATE_SUB", expr)

    def _shift(self, function: str, expr: Any) -> SQL:
        sql, params = expr.source.to_sql()
        interval_sql, interval_params = expr.interval.to_sql()
        params = tuple(params) + tuple(interval_params)
        return self._apply_value_expression_modifiers(f"{function}({sql}, {interval_sql})", params, expr)

    def format_datetime_diff_expression(self, expr: Any) -> SQL:
        """Whole units from start to end, rounded toward zero."""
        start_sql, start_params = expr.start.to_sql()
        end_sql, end_params = expr.end.to_sql()
        sql = f"TIMESTAMPDIFF({expr.unit.value.upper()}, {start_sql}, {end_sql})"
        return self._apply_value_expression_modifiers(sql, tuple(start_params) + tuple(end_params), expr)


def _amount(expr: Any) -> str:
    value, unit = expr.value, expr.unit
    if isinstance(value, int) or value.is_integer():
        return f"{int(value)} {unit.value.upper()}"
    if unit in _SECONDS:
        value, unit = value * _SECONDS[unit], IntervalUnit.SECOND
    if unit is not IntervalUnit.SECOND:
        raise ValueError(f"an interval in {unit.value}s must be a whole number, got {value!r}")
    return f"{value:.6f} SECOND"
