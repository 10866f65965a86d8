"""MySQL's column types, for DDL.

Values without behaviour: two instances with the same attributes are equal, and every attribute is a
constructor parameter of the same name (schema snapshots rely on it). The dialect writes and parses them.
Where MySQL adds nothing, core's own types serve: ``DateType``, ``TimeType``, ``DateTimeType``,
``TimestampType``, ``JsonType``, ``BooleanType``.
"""

from __future__ import annotations

from typing import Any, ClassVar, Iterable, Optional

from rhosocial.activerecord.backend.expression.types import (
    BigIntType,
    BlobType,
    BooleanType,
    CharType,
    CustomType,
    DataType,
    DateTimeType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    JsonType,
    SmallIntType,
    TextType,
    TimestampType,
    TimeType,
    TinyIntType,
    VarCharType,
)


class MySQLDataType(DataType):
    """Base of the types below: equality, hash and repr from the attributes."""

    #: the type's keyword
    sql_name: ClassVar[str]
    #: what the server makes of an attribute that is left out
    server_defaults: ClassVar[dict[str, Any]] = {}
    #: attributes that do not change what a column stores
    display_only: ClassVar[frozenset[str]] = frozenset()
    #: classes of core with the same meaning
    equivalents: ClassVar[frozenset[str]] = frozenset()

    def attributes(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_dialect"}

    def _type_params(self) -> tuple:
        return tuple(tuple(v) if isinstance(v, list) else v for v in self.attributes().values())

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._type_params() == other._type_params()

    def __hash__(self) -> int:
        return hash((type(self), self._type_params()))

    def __repr__(self) -> str:
        given = ", ".join(f"{k}={v!r}" for k, v in self.attributes().items() if v not in (None, False))
        return f"{type(self).__name__}({given})"

    @classmethod
    def synonyms(cls) -> set[str]:
        return set(cls.equivalents)

    def is_equivalent(self, other: DataType) -> bool:
        """True if the server makes the same column of both."""
        if type(self) is type(other):
            return self._stored() == other._stored()
        return super().is_equivalent(other)

    def _stored(self) -> dict[str, Any]:
        return {
            name: self.server_defaults.get(name) if value is None else value
            for name, value in self.attributes().items()
            if name not in self.display_only
        }


class _Integer(MySQLDataType):
    """``display_width`` is deprecated but for TINYINT(1), which clients read as a boolean."""

    display_only = frozenset({"display_width"})

    def __init__(
        self,
        unsigned: bool = False,
        zerofill: bool = False,
        display_width: Optional[int] = None,
        dialect: Any = None,
    ) -> None:
        DataType.__init__(self, dialect)
        self.unsigned = bool(unsigned or zerofill)  # ZEROFILL implies UNSIGNED (manual, "Numeric Type Syntax")
        self.zerofill = bool(zerofill)
        self.display_width = display_width


class MySQLTinyIntType(_Integer, TinyIntType):
    sql_name = "TINYINT"
    equivalents = frozenset({"TinyIntType", "BooleanType"})


class MySQLSmallIntType(_Integer, SmallIntType):
    sql_name = "SMALLINT"
    equivalents = frozenset({"SmallIntType"})


class MySQLMediumIntType(_Integer):
    sql_name = "MEDIUMINT"


class MySQLIntType(_Integer, IntegerType):
    sql_name = "INT"
    equivalents = frozenset({"IntegerType", "IntType"})


class MySQLBigIntType(_Integer, BigIntType):
    sql_name = "BIGINT"
    equivalents = frozenset({"BigIntType"})


class _Fractional(MySQLDataType):
    """(``precision``, ``scale``): digits in all, digits after the point."""

    def __init__(
        self,
        precision: Optional[int] = None,
        scale: Optional[int] = None,
        unsigned: bool = False,
        zerofill: bool = False,
        dialect: Any = None,
    ) -> None:
        DataType.__init__(self, dialect)
        if scale is not None and precision is None:
            raise ValueError(f"{self.sql_name} with a scale needs a precision")
        self.precision = precision
        self.scale = scale
        self.unsigned = bool(unsigned or zerofill)
        self.zerofill = bool(zerofill)


class MySQLDecimalType(_Fractional, DecimalType):
    sql_name = "DECIMAL"
    server_defaults = {"precision": 10, "scale": 0}


class MySQLFloatType(_Fractional, FloatType):
    sql_name = "FLOAT"


class MySQLDoubleType(_Fractional, DoubleType):
    sql_name = "DOUBLE"
    equivalents = frozenset({"DoubleType"})


class MySQLBitType(MySQLDataType):
    """``n`` bits, 1 to 64."""

    sql_name = "BIT"
    server_defaults = {"n": 1}

    def __init__(self, n: Optional[int] = None, dialect: Any = None) -> None:
        super().__init__(dialect)
        if n is not None and not 1 <= n <= 64:
            raise ValueError(f"BIT holds 1 to 64 bits, got {n}")
        self.n = n


class MySQLYearType(MySQLDataType):
    sql_name = "YEAR"
    display_only = frozenset({"display_width"})

    def __init__(self, display_width: Optional[int] = None, dialect: Any = None) -> None:
        super().__init__(dialect)
        if display_width not in (None, 4):
            raise ValueError(f"YEAR has display width 4, got {display_width}")
        self.display_width = display_width


class _Text(MySQLDataType):
    """Text with its ``charset`` and ``collation``."""

    def __init__(
        self,
        length: Optional[int] = None,
        charset: Optional[str] = None,
        collation: Optional[str] = None,
        dialect: Any = None,
    ) -> None:
        DataType.__init__(self, dialect)
        self.length = length
        self.charset = charset
        self.collation = collation


class MySQLCharType(_Text, CharType):
    sql_name = "CHAR"
    server_defaults = {"length": 1}


class MySQLVarCharType(_Text, VarCharType):
    sql_name = "VARCHAR"
    server_defaults = {"length": 255}


class MySQLTextType(_Text, TextType):
    """``length`` lets the server choose the smallest TEXT type that holds it."""

    sql_name = "TEXT"
    equivalents = frozenset({"TextType"})


class _SizedText(MySQLDataType):
    def __init__(self, charset: Optional[str] = None, collation: Optional[str] = None, dialect: Any = None) -> None:
        DataType.__init__(self, dialect)
        self.charset = charset
        self.collation = collation


class MySQLTinyTextType(_SizedText, TextType):
    sql_name = "TINYTEXT"


class MySQLMediumTextType(_SizedText, TextType):
    sql_name = "MEDIUMTEXT"


class MySQLLongTextType(_SizedText, TextType):
    sql_name = "LONGTEXT"


class _Bytes(MySQLDataType):
    def __init__(self, length: Optional[int] = None, dialect: Any = None) -> None:
        DataType.__init__(self, dialect)
        self.length = length


class MySQLBinaryType(_Bytes):
    sql_name = "BINARY"
    server_defaults = {"length": 1}


class MySQLVarBinaryType(_Bytes):
    sql_name = "VARBINARY"
    server_defaults = {"length": 255}


class MySQLBlobType(_Bytes, BlobType):
    """``length`` lets the server choose the smallest BLOB type that holds it."""

    sql_name = "BLOB"
    equivalents = frozenset({"BlobType"})


class MySQLTinyBlobType(MySQLDataType, BlobType):
    sql_name = "TINYBLOB"


class MySQLMediumBlobType(MySQLDataType, BlobType):
    sql_name = "MEDIUMBLOB"


class MySQLLongBlobType(MySQLDataType, BlobType):
    sql_name = "LONGBLOB"


class _Members(MySQLDataType):
    """``values``: the members, in order."""

    def __init__(
        self,
        values: Iterable[str],
        charset: Optional[str] = None,
        collation: Optional[str] = None,
        dialect: Any = None,
    ) -> None:
        super().__init__(dialect)
        self.values = list(values)
        if not self.values:
            raise ValueError(f"{self.sql_name} must have at least one value")
        self.charset = charset
        self.collation = collation


class MySQLEnumType(_Members):
    sql_name = "ENUM"


class MySQLSetType(_Members):
    """At most 64 members, none with a comma."""

    sql_name = "SET"

    def __init__(
        self,
        values: Iterable[str],
        charset: Optional[str] = None,
        collation: Optional[str] = None,
        dialect: Any = None,
    ) -> None:
        super().__init__(values, charset, collation, dialect)
        if len(self.values) > 64 or any("," in value for value in self.values):
            raise ValueError("SET takes at most 64 values, none with a comma")


class MySQLGeometryType(MySQLDataType):
    """``srid``: the spatial reference system of every value (MySQL only)."""

    sql_name = "GEOMETRY"

    def __init__(self, srid: Optional[int] = None, dialect: Any = None) -> None:
        super().__init__(dialect)
        self.srid = srid


class MySQLPointType(MySQLGeometryType):
    sql_name = "POINT"


class MySQLLineStringType(MySQLGeometryType):
    sql_name = "LINESTRING"


class MySQLPolygonType(MySQLGeometryType):
    sql_name = "POLYGON"


class MySQLMultiPointType(MySQLGeometryType):
    sql_name = "MULTIPOINT"


class MySQLMultiLineStringType(MySQLGeometryType):
    sql_name = "MULTILINESTRING"


class MySQLMultiPolygonType(MySQLGeometryType):
    sql_name = "MULTIPOLYGON"


class MySQLGeometryCollectionType(MySQLGeometryType):
    sql_name = "GEOMETRYCOLLECTION"


class MySQLVectorType(MySQLDataType):
    """``dim`` floats of 4 bytes."""

    sql_name = "VECTOR"

    def __init__(self, dim: int, dialect: Any = None) -> None:
        super().__init__(dialect)
        self.dim = dim


MySQLEnumDataType = MySQLEnumType
MySQLSetDataType = MySQLSetType

__all__ = [
    "BooleanType",
    "CustomType",
    "DataType",
    "DateTimeType",
    "DateType",
    "JsonType",
    "MySQLDataType",
    "TimeType",
    "TimestampType",
    "MySQLBigIntType",
    "MySQLBinaryType",
    "MySQLBitType",
    "MySQLBlobType",
    "MySQLCharType",
    "MySQLDecimalType",
    "MySQLDoubleType",
    "MySQLEnumDataType",
    "MySQLEnumType",
    "MySQLFloatType",
    "MySQLGeometryCollectionType",
    "MySQLGeometryType",
    "MySQLIntType",
    "MySQLLineStringType",
    "MySQLLongBlobType",
    "MySQLLongTextType",
    "MySQLMediumBlobType",
    "MySQLMediumIntType",
    "MySQLMediumTextType",
    "MySQLMultiLineStringType",
    "MySQLMultiPointType",
    "MySQLMultiPolygonType",
    "MySQLPointType",
    "MySQLPolygonType",
    "MySQLSetDataType",
    "MySQLSetType",
    "MySQLSmallIntType",
    "MySQLTextType",
    "MySQLTinyBlobType",
    "MySQLTinyIntType",
    "MySQLTinyTextType",
    "MySQLVarBinaryType",
    "MySQLVarCharType",
    "MySQLVectorType",
    "MySQLYearType",
]
