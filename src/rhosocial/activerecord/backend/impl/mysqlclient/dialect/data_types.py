"""Column types as SQL text, both ways."""

from __future__ import annotations

import re
from typing import Any, Callable

from rhosocial.activerecord.backend.expression import types as core

from .. import types as my
from .predicates import SQL
from .text import quote_string

#: core's types: their keyword, and the attributes that are its arguments
_CORE: dict[type, tuple[str, tuple[str, ...]]] = {
    core.TinyIntType: ("TINYINT", ()),
    core.SmallIntType: ("SMALLINT", ()),
    core.IntType: ("INT", ()),
    core.IntegerType: ("INT", ()),
    core.BigIntType: ("BIGINT", ()),
    core.FloatType: ("FLOAT", ("precision",)),
    core.RealType: ("FLOAT", ()),  # core: 4 bytes; MySQL's REAL has 8
    core.DoubleType: ("DOUBLE", ()),
    core.DecimalType: ("DECIMAL", ("precision", "scale")),
    core.BooleanType: ("BOOLEAN", ()),
    core.CharType: ("CHAR", ("length",)),
    core.VarCharType: ("VARCHAR", ("length",)),
    core.TextType: ("TEXT", ()),
    core.BlobType: ("BLOB", ()),
    core.DateType: ("DATE", ()),
    core.TimeType: ("TIME", ("precision",)),
    core.TimeTzType: ("TIME", ("precision",)),
    core.DateTimeType: ("DATETIME", ("precision",)),
    core.TimestampType: ("TIMESTAMP", ("precision",)),
    core.TimestampTzType: ("TIMESTAMP", ("precision",)),  # stored in UTC
    core.JsonType: ("JSON", ()),
    core.JsonBType: ("JSON", ()),
}
#: attributes of MySQL's types that are arguments, in their order
_ARGUMENTS = ("length", "precision", "scale", "n", "dim", "display_width")
#: keywords MySQL refuses without a length
_NEEDS_LENGTH = {"VARCHAR": 255, "VARBINARY": 255}

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+")

_OURS: list[type[my.MySQLDataType]] = [
    cls
    for cls in vars(my).values()
    if isinstance(cls, type) and issubclass(cls, my.MySQLDataType) and "sql_name" in vars(cls)
]

#: what parse_type() makes of a keyword
_PARSED: dict[str, type] = {cls.sql_name: cls for cls in _OURS}
_PARSED |= {
    "INTEGER": my.MySQLIntType,
    "MIDDLEINT": my.MySQLMediumIntType,
    "BOOL": core.BooleanType,
    "BOOLEAN": core.BooleanType,
    "DEC": my.MySQLDecimalType,
    "NUMERIC": my.MySQLDecimalType,
    "FIXED": my.MySQLDecimalType,
    "DOUBLE PRECISION": my.MySQLDoubleType,
    "REAL": my.MySQLDoubleType,
    "CHARACTER": my.MySQLCharType,
    "CHARACTER VARYING": my.MySQLVarCharType,
    "GEOMCOLLECTION": my.MySQLGeometryCollectionType,
    "DATE": core.DateType,
    "TIME": core.TimeType,
    "DATETIME": core.DateTimeType,
    "TIMESTAMP": core.TimestampType,
    "JSON": core.JsonType,
}

_STRING = r"'(?:[^'\\]|\\.|'')*'"
_TYPE = re.compile(
    rf"\s*(?P<name>DOUBLE\s+PRECISION|CHARACTER\s+VARYING|[A-Z]+)"
    rf"\s*(?:\(\s*(?P<args>\d+(?:\s*,\s*\d+)*|{_STRING}(?:\s*,\s*{_STRING})*)\s*\))?"
    rf"(?P<unsigned>\s+UNSIGNED)?(?P<zerofill>\s+ZEROFILL)?"
    rf"(?:\s+(?:CHARACTER\s+SET|CHARSET)\s+(?P<charset>\w+))?"
    rf"(?:\s+COLLATE\s+(?P<collation>\w+))?"
    rf"(?:\s+SRID\s+(?P<srid>\d+))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_ESCAPED = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a"}


class DataTypeFormatting:
    """``format_data_type`` and its inverse, ``parse_type``."""

    def format_data_type(self, data_type: core.DataType) -> SQL:
        """The type's SQL.

        Raises:
            TypeError: MySQL has no such type (arrays, intervals).
            UnsupportedFeatureError: this server has it not (VECTOR, SRID).
        """
        if isinstance(data_type, core.CustomType):
            return data_type.raw, ()
        if isinstance(data_type, my.MySQLDataType):
            return self._mysql_type(data_type), ()
        if type(data_type) in _CORE:
            name, arguments = _CORE[type(data_type)]
            return name + _arguments(name, [getattr(data_type, a) for a in arguments]), ()
        return super().format_data_type(data_type)

    def supports_data_types(self) -> list[tuple[type, str]]:
        return [(cls, cls.sql_name) for cls in _OURS] + [(cls, name) for cls, (name, _) in _CORE.items()]

    def _mysql_type(self, data_type: my.MySQLDataType) -> str:
        has = data_type.attributes()
        name = data_type.sql_name
        if name == "VECTOR":
            self.check_feature_support("supports_vector_type", "the VECTOR type")
        if "values" in has:
            sql = f"{name}({','.join(quote_string(value) for value in has['values'])})"
        else:
            sql = name + _arguments(name, [has.get(argument) for argument in _ARGUMENTS])
        for attribute, keyword in (("unsigned", " UNSIGNED"), ("zerofill", " ZEROFILL")):
            if has.get(attribute):
                sql += keyword
        for attribute, keyword in (("charset", " CHARACTER SET "), ("collation", " COLLATE ")):
            if has.get(attribute) is not None:
                sql += keyword + _plain(attribute, has[attribute])
        if has.get("srid") is not None:
            self.check_feature_support("supports_srid_attribute", "SRID of a column")
            sql += f" SRID {int(has['srid'])}"
        return sql

    def parse_type(self, raw: str) -> core.DataType:
        """The type that ``raw`` (as in COLUMN_TYPE) denotes; CustomType if MySQL has none of that name."""
        match = _TYPE.fullmatch(raw)
        name = " ".join(match["name"].upper().split()) if match else ""
        cls = _PARSED.get(name)
        if match is None or cls is None:
            return core.CustomType(raw)
        try:
            return cls(**_constructor_arguments(cls, match))
        except (TypeError, ValueError):  # arguments the type does not take
            return core.CustomType(raw)


def _constructor_arguments(cls: type, match: re.Match[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if match["args"]:
        if match["args"].startswith("'"):
            given["values"] = [_unquote(m.group()) for m in re.finditer(_STRING, match["args"], re.DOTALL)]
        else:
            numbers = [int(n) for n in match["args"].split(",")]
            given.update(zip(_positional(cls), numbers, strict=False))
            if len(numbers) > len(_positional(cls)):
                raise TypeError(f"{cls.__name__} takes fewer arguments than {match['args']}")
    convert: dict[str, Callable[[str], Any]] = {"unsigned": bool, "zerofill": bool, "charset": str, "collation": str}
    convert["srid"] = int
    for attribute, make in convert.items():
        if match[attribute] is not None:
            given[attribute] = make(match[attribute])
    return given


def _positional(cls: type) -> tuple[str, ...]:
    """The attributes that a type's numbers in parentheses stand for."""
    parameters = cls.__init__.__code__.co_varnames
    return tuple(a for a in _ARGUMENTS if a in parameters)


def _arguments(name: str, values: list[Any]) -> str:
    given = [int(value) for value in values if value is not None]
    if not given and name in _NEEDS_LENGTH:
        given = [_NEEDS_LENGTH[name]]
    return f"({','.join(map(str, given))})" if given else ""


def _plain(attribute: str, value: str) -> str:
    if not _PLAIN_NAME.fullmatch(value):
        raise ValueError(f"{attribute} must be a plain name, got {value!r}")
    return value


def _unquote(literal: str) -> str:
    def replace(match: re.Match[str]) -> str:
        character = match.group(1)
        return "'" if character is None else _ESCAPED.get(character, character)

    return _ESCAPE.sub(replace, literal[1:-1])
