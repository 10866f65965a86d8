"""What EXPLAIN says: one row for each table access, whatever the format it came in."""

from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, Field
from rhosocial.activerecord.backend.explain.types import BaseExplainResult

IndexUsage = Literal["full_scan", "index_with_lookup", "covering_index", "unknown"]


class MySQLExplainRow(BaseModel):
    """One table access, named as the columns of the tabular format (manual, "EXPLAIN Output Format").

    `rows` and `filtered` (percent) are the optimizer's estimates; `r_rows` (each time the table is read),
    `r_filtered` and `loops` what ANALYZE measured.
    """

    id: int | None = None
    select_type: str | None = None
    table: str | None = None
    partitions: str | None = None
    type: str | None = None
    possible_keys: str | None = None
    key: str | None = None
    key_len: str | None = None
    ref: str | None = None
    rows: int | None = None
    filtered: float | None = None
    extra: str | None = Field(
        default=None, validation_alias=AliasChoices("Extra", "extra"), serialization_alias="Extra"
    )
    r_rows: float | None = None
    r_filtered: float | None = None
    loops: int | None = None

    @property
    def uses_covering_index(self) -> bool:
        """True where the index alone answers: "Using index", which "Using index condition" is not."""
        notes = [note.strip().lower() for note in (self.extra or "").split(";")]
        return any(note == "using index" or note.startswith("using index for") for note in notes)

    @property
    def index_usage(self) -> IndexUsage:
        """How this access reads its table; "unknown" for derived tables and rows without a table."""
        if not self.type or not self.table or self.table.startswith("<"):
            return "unknown"
        if self.type.upper() == "ALL" or (not self.key and self.type not in ("const", "system")):
            return "full_scan"
        return "covering_index" if self.uses_covering_index else "index_with_lookup"


class MySQLExplainResult(BaseExplainResult):
    """EXPLAIN's answer.

    Attributes:
        rows: the table accesses, read from any of the formats.
        plan: the parsed document of FORMAT=JSON.
        tree: the text of FORMAT=TREE and of EXPLAIN ANALYZE.
    """

    rows: list[MySQLExplainRow] = Field(default_factory=list)
    plan: Any = None
    tree: str | None = None

    def analyze_index_usage(self) -> IndexUsage:
        """The worst of all accesses to base tables: one full scan makes the statement a full scan."""
        usages = {row.index_usage for row in self.rows}
        order: tuple[IndexUsage, ...] = ("full_scan", "index_with_lookup", "covering_index")
        return next((usage for usage in order if usage in usages), "unknown")

    @property
    def is_full_scan(self) -> bool:
        """True when a table is read without an index."""
        return self.analyze_index_usage() == "full_scan"

    @property
    def is_index_used(self) -> bool:
        """True when every table is read through an index."""
        return self.analyze_index_usage() in ("index_with_lookup", "covering_index")

    @property
    def is_covering_index(self) -> bool:
        """True when indexes alone answer, and no table is touched."""
        return self.analyze_index_usage() == "covering_index"
