"""EXPLAIN's rows -> `MySQLExplainResult`: the tabular format, JSON (both versions and MariaDB's) and TREE."""

import json
import re
from collections.abc import Iterator
from typing import Any

from .types import MySQLExplainResult, MySQLExplainRow

# A line of FORMAT=TREE, and "operation" in MySQL's JSON version 2 (manual, "Obtaining Execution Plan Information").
_ACCESS = re.compile(
    r"(?P<how>[A-Z][\w -]*?(?:scan|lookup|search)(?: for \w+)?) on (?P<table>[^\s(]+)(?: using (?P<key>[^\s(]+))?"
)
_CONSTANT = re.compile(r"Constant row from (?P<table>[^\s(]+)")
# What a table access reads where its table is derived; the tabular format writes such names in angle brackets.
_MATERIALIZED = re.compile(r"(-> )?(\w+ )?materialize\b", re.IGNORECASE)
_ESTIMATE = re.compile(r"\(cost=\S+ rows=([\d.e+-]+)\)")
_ACTUAL = re.compile(r"\(actual time=\S+ rows=([\d.e+-]+) loops=(\d+)\)")

# The first that occurs in the words of an access gives its type in the tabular format.
_TYPES = (
    ("table scan", "ALL"),
    ("sample scan", "ALL"),
    ("single-row", "eq_ref"),
    ("range", "range"),
    ("skip scan", "range"),
    ("full-text", "fulltext"),
    ("lookup", "ref"),
    ("index scan", "index"),
)


def parse_explain(raw_rows: list[dict[str, Any]], sql: str, duration: float) -> MySQLExplainResult:
    """The typed result of an EXPLAIN or ANALYZE statement that gave `raw_rows`."""
    text = _document(raw_rows)
    plan = tree = None
    if text is None:
        rows = [MySQLExplainRow.model_validate(row) for row in raw_rows]
    elif text.lstrip().startswith("{"):
        plan = json.loads(text)
        rows = list(_json_rows(plan))
    else:
        tree = text
        lines = [line.strip() for line in text.splitlines()]
        rows = [
            row
            for line, source in zip(lines, [*lines[1:], ""], strict=True)
            if (row := _tree_row(line, source)) is not None
        ]
    return MySQLExplainResult(raw_rows=raw_rows, sql=sql, duration=duration, rows=rows, plan=plan, tree=tree)


def _document(raw_rows: list[dict[str, Any]]) -> str | None:
    """JSON and TREE come as one cell, in a column EXPLAIN (MariaDB also: ANALYZE)."""
    if len(raw_rows) != 1 or len(raw_rows[0]) != 1:
        return None
    (cell,) = raw_rows[0].values()
    return cell.decode() if isinstance(cell, bytes) else cell


def _tree_row(line: str, source: str) -> MySQLExplainRow | None:
    row = _access(line, source)
    if row is not None:
        estimate, actual = _ESTIMATE.search(line), _ACTUAL.search(line)
        row.rows = round(float(estimate[1])) if estimate else None
        row.r_rows, row.loops = (float(actual[1]), int(actual[2])) if actual else (None, None)
    return row


def _access(text: str, source: str) -> MySQLExplainRow | None:
    """The table access that the words describe, `source` being those of what it reads from."""
    found = _ACCESS.search(text)
    if found is None:
        constant = _CONSTANT.search(text)
        return MySQLExplainRow(table=constant["table"].strip("`"), type="const") if constant else None
    how, table = found["how"].lower(), found["table"].strip("`")
    return MySQLExplainRow(
        table=f"<{table}>" if _MATERIALIZED.match(source) else table,
        type=next((kind for words, kind in _TYPES if words in how), None),
        key=found["key"],
        extra="Using index" if "covering" in how else None,
    )


def _json_rows(node: Any) -> Iterator[MySQLExplainRow]:
    """Every table of the document, in its order."""
    if isinstance(node, list):
        for item in node:
            yield from _json_rows(item)
    elif isinstance(node, dict):
        if "access_type" in node and "table_name" in node:
            row = _operation_row(node) if "operation" in node else _table_row(node)
            if row is not None:
                yield row
        for child in node.values():
            yield from _json_rows(child)


def _operation_row(node: dict[str, Any]) -> MySQLExplainRow | None:
    inputs = node.get("inputs") or [{}]
    row = _access(node["operation"], inputs[0].get("operation", ""))
    if row is not None:
        row.rows = round(node["estimated_rows"]) if "estimated_rows" in node else None
        row.r_rows, row.loops = node.get("actual_rows"), node.get("actual_loops")
        row.ref = ",".join(node.get("lookup_references", ())) or None
    return row


def _table_row(table: dict[str, Any]) -> MySQLExplainRow:
    return MySQLExplainRow(
        table=table["table_name"],
        type=table["access_type"],
        possible_keys=",".join(table.get("possible_keys", ())) or None,
        key=table.get("key"),
        key_len=table.get("key_length"),
        ref=",".join(table.get("ref", ())) or None,
        rows=table.get("rows_examined_per_scan", table.get("rows")),
        filtered=table.get("filtered"),
        r_rows=table.get("r_rows"),
        r_filtered=table.get("r_filtered"),
        loops=table.get("r_loops"),
        extra=_notes(table),
    )


def _notes(table: dict[str, Any]) -> str | None:
    notes = {
        "Using index condition": "index_condition" in table,
        "Using where": "attached_condition" in table,
        "Using index": table.get("using_index", False),
        "Using index for group-by": table.get("using_index_for_group_by", False),
    }
    return "; ".join(note for note, applies in notes.items() if applies) or None
