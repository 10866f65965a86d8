"""The measured rows as model classes: of core with each backend, and of SQLAlchemy."""
from types import ModuleType
from typing import Any

import data
import sqlalchemy as sa
from drivers import ours, peer
from rhosocial.activerecord.model import ActiveRecord
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase

from rhosocial.activerecord.backend.impl.mysqlclient.records import FastLoadMixin

# side -> the driver it runs on, and the bases of its model
KINDS: dict[str, tuple[ModuleType, tuple[type, ...]]] = {
    "ours": (ours, (FastLoadMixin, ActiveRecord)),
    "ours_plain": (ours, (ActiveRecord,)),
    "peer": (peer, (ActiveRecord,)),
}


def model(backend: Any, bases: tuple[type, ...] = (ActiveRecord,), table: str = data.TABLE) -> Any:
    """A model of the table's rows on that backend; the key of what is to be written is the server's to make."""
    fields = {column.name: column.annotation for column in data.COLUMNS}
    if table == data.WRITTEN:
        fields["id"] = int | None
    optional = {name: None for name, annotation in fields.items() if type(None) in getattr(annotation, "__args__", ())}
    made: Any = type("BenchRow", bases, {
        "__annotations__": fields, "__table_name__": table, "__module__": __name__, **optional,
    })
    made.__backend__, made.__connection_config__, made.__backend_class__ = backend, backend.config, type(backend)
    return made


_TYPES = {
    "id": sa.BigInteger, "name": sa.String(100), "note": sa.Text, "quantity": sa.Integer,
    "weight": mysql.DOUBLE(asdecimal=False), "price": sa.Numeric(12, 2), "active": sa.Boolean,
    "created": mysql.DATETIME(fsp=6), "birthday": sa.Date, "opens": mysql.TIME, "settings": sa.JSON,
    "nickname": sa.String(60),
}


class Base(DeclarativeBase):
    """SQLAlchemy keeps the classes by it."""


Mapped: Any = type("Mapped", (Base,), {
    "__tablename__": data.TABLE, "__module__": __name__,
    **{name: sa.Column(kind, primary_key=name == "id") for name, kind in _TYPES.items()},
})
