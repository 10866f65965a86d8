"""``MySQLDialect``: the capabilities of this package put together."""

from __future__ import annotations

from typing import Optional

from rhosocial.activerecord.backend.dialect import SQLDialectBase, mixins, protocols

from ..schema import MySQLSchemaDiffer
from .comparisons import ComparisonChecking
from .data_types import DataTypeFormatting
from .datetimes import DateTimeFormatting
from .ddl_column import ColumnFormatting
from .ddl_constraint import ConstraintFormatting
from .ddl_index import IndexFormatting
from .ddl_other import SchemaFormatting, SequenceFormatting, TruncateFormatting, ViewFormatting
from .ddl_partition import PartitionFormatting
from .ddl_table import TableFormatting
from .dml import DMLFormatting
from .explain import ExplainFormatting
from .expressions import ExpressionFormatting
from .features import FeatureFlags, Version
from .fulltext import FulltextFormatting
from .functions_table import FunctionTable
from .identifiers import IdentifierFormatting
from .introspection_queries import IntrospectionFormatting
from .joins import JoinFormatting
from .json_sql import JSONFormatting
from .locking import LockingFormatting
from .predicates import PredicateFormatting
from .queries import QueryFormatting
from .routines import RoutineFormatting
from .set_operations import SetOperationFormatting
from .transactions import TransactionFormatting
from .upsert import UpsertFormatting
from .words import WindowFormatting


class _OurFormatting(
    ComparisonChecking,
    IdentifierFormatting,
    PredicateFormatting,
    ExpressionFormatting,
    DateTimeFormatting,
    QueryFormatting,
    JoinFormatting,
    LockingFormatting,
    WindowFormatting,
    SetOperationFormatting,
    DMLFormatting,
    UpsertFormatting,
    TableFormatting,
    ColumnFormatting,
    ConstraintFormatting,
    IndexFormatting,
    PartitionFormatting,
    FulltextFormatting,
    ViewFormatting,
    SchemaFormatting,
    TruncateFormatting,
    SequenceFormatting,
    RoutineFormatting,
    DataTypeFormatting,
    JSONFormatting,
    ExplainFormatting,
    TransactionFormatting,
    IntrospectionFormatting,
    FunctionTable,
    FeatureFlags,
):
    """Everything MySQL writes otherwise than core."""


class _CoreFormatting(
    mixins.CollationMixin,
    mixins.CTEMixin,
    mixins.FilterClauseMixin,
    mixins.WindowFunctionMixin,
    mixins.JSONMixin,
    mixins.ReturningMixin,
    mixins.AdvancedGroupingMixin,
    mixins.ArrayMixin,
    mixins.ExplainMixin,
    mixins.GraphMixin,
    mixins.GraphTableMixin,
    mixins.LockingMixin,
    mixins.MergeMixin,
    mixins.OrderedSetAggregationMixin,
    mixins.QualifyClauseMixin,
    mixins.TemporalTableMixin,
    mixins.UpsertMixin,
    mixins.LateralJoinMixin,
    mixins.JoinMixin,
    mixins.ILIKEMixin,
    mixins.ViewMixin,
    mixins.SchemaMixin,
    mixins.IndexMixin,
    mixins.SequenceMixin,
    mixins.PartitionMixin,
    mixins.TableMixin,
    mixins.TruncateMixin,
    mixins.ConstraintMixin,
    mixins.TriggerMixin,
    mixins.FunctionMixin,
    mixins.GeneratedColumnMixin,
    mixins.IntrospectionMixin,
    mixins.SQLXMLMixin,
    mixins.IdentifierMixin,
    mixins.PredicateMixin,
    mixins.ExpressionMixin,
    mixins.DateTimeMixin,
    mixins.DQLMixin,
    mixins.DMLMixin,
    mixins.DDLColumnMixin,
    mixins.DDLTypeMixin,
    mixins.TransactionControlMixin,
    mixins.SetOperationMixin,
):
    """Everything core writes well enough."""


#: Every protocol of core, those composed of others first. They stand last among the bases: before the
#: mixins, a protocol would turn a method that is missing into a stub that returns None.
_PROTOCOLS = sorted(
    (p for name, p in vars(protocols).items() if name.endswith("Support") and getattr(p, "_is_protocol", False)),
    key=lambda protocol: -len(protocol.__mro__),
)


class MySQLDialect(_OurFormatting, _CoreFormatting, SQLDialectBase, *_PROTOCOLS):
    """SQL for MySQL 8.0 and later and for MariaDB.

    Args:
        version: the server's version, e.g. ``(8, 4, 0)``. Until it is known, what depends on it
            raises ``DialectNotAdaptedException``.
        vendor: ``"mysql"`` or ``"mariadb"``.
    """

    def __init__(self, version: Optional[Version] = None, vendor: str = "mysql") -> None:
        super().__init__()
        self.vendor = "mysql"
        if version is not None or vendor != "mysql":
            self.adapt(version, vendor)

    def adapt(self, version: Optional[Version], vendor: str = "mysql") -> None:
        """Take on the server's version and vendor.

        Raises:
            ValueError: an unknown vendor.
        """
        if vendor not in ("mysql", "mariadb"):
            raise ValueError(f"vendor must be 'mysql' or 'mariadb', got {vendor!r}")
        self.vendor = vendor
        self._version = version

    def get_server_version(self) -> Version:
        """The version the dialect is adapted to; raises DialectNotAdaptedException before that."""
        return self.version

    def create_schema_differ(self) -> MySQLSchemaDiffer:
        """The differ that knows column order, generated columns and key parts."""
        return MySQLSchemaDiffer()
