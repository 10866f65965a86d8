"""An application written for rhosocial-activerecord-mysql; the test changes only the package it imports from."""

import enum
import sys
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import ClassVar, Optional
from uuid import UUID

from rhosocial.activerecord.backend.errors import DatabaseError, IntegrityError
from rhosocial.activerecord.backend.expression import Column, RawSQLExpression
from rhosocial.activerecord.backend.impl.mysql import MySQLBackend, MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysql.adapters import MySQLBooleanAdapter
from rhosocial.activerecord.backend.options import ExecutionOptions
from rhosocial.activerecord.backend.schema import StatementType
from rhosocial.activerecord.backend.transaction import IsolationLevel
from rhosocial.activerecord.base import FieldProxy
from rhosocial.activerecord.model import ActiveRecord
from rhosocial.activerecord.relation import BelongsTo, HasMany

SCHEMA = [
    "CREATE TABLE people (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50) UNIQUE, active TINYINT(1), born DATE,"
    " seen DATETIME(6), token CHAR(36), info JSON, kind VARCHAR(10)) ENGINE=InnoDB",
    "CREATE TABLE payments (id INT PRIMARY KEY AUTO_INCREMENT, person_id INT, amount DECIMAL(10, 2)) ENGINE=InnoDB",
]


class Kind(enum.Enum):
    STAFF = "staff"
    GUEST = "guest"


class Person(ActiveRecord):
    __table_name__ = "people"
    c: ClassVar[FieldProxy] = FieldProxy()
    id: Optional[int] = None
    name: str
    active: bool = True
    born: Optional[date] = None
    seen: Optional[datetime] = None
    token: Optional[UUID] = None
    info: dict = {}
    kind: Kind = Kind.GUEST
    payments: ClassVar[HasMany["Payment"]] = HasMany(foreign_key="person_id", inverse_of="person")


class Payment(ActiveRecord):
    __table_name__ = "payments"
    c: ClassVar[FieldProxy] = FieldProxy()
    id: Optional[int] = None
    person_id: int
    amount: Decimal
    person: ClassVar[BelongsTo["Person"]] = BelongsTo(foreign_key="person_id", inverse_of="payments")


def run(show, host, port, user, password, database):
    config = MySQLConnectionConfig(
        host=host,
        port=int(port),
        username=user,
        password=password,
        database=database,
        charset="utf8mb4",
        ssl_disabled=True,
    )
    Person.configure(config, MySQLBackend)
    Payment.configure(config, MySQLBackend)
    backend = Person.backend()
    for statement in SCHEMA:
        backend.execute(statement, options=ExecutionOptions(StatementType.DDL))
    ann = Person(
        name="Ann", born=date(1990, 5, 6), seen=datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=timezone.utc),
        token=UUID(int=7), info={"tags": ["a", "ż"]}, kind=Kind.STAFF,
    )  # fmt: skip
    show(ann.save(), ann.id)
    Person.bulk_create([Person(name=f"guest {i}") for i in range(3)])
    Payment.bulk_create([Payment(person_id=1 + i % 2, amount=Decimal(i) / 4) for i in range(8)])
    show(Person.find_one({"name": "Ann"}).model_dump())
    show(
        [
            (person.name, person.kind)
            for person in Person.query().where(Person.c.name.like("guest%")).order_by("id").all()
        ]
    )
    show([payment.amount for payment in Person.find_one(1).payments()])
    show(Person.query().where(Person.c.active == True).count())  # noqa: E712
    show(Payment.query().sum_(Payment.c.amount))
    total = RawSQLExpression(backend.dialect, "SUM(amount) AS total")
    by_person = Payment.query().select(Payment.c.person_id, total).group_by(Payment.c.person_id)
    show([(row["person_id"], str(row["total"])) for row in by_person.order_by(Payment.c.person_id).aggregate()])
    ann.name = "Anne"
    show(ann.save(), Person.find_one(1).name)
    try:
        with backend.transaction_manager.transaction(isolation_level=IsolationLevel.SERIALIZABLE):
            Person.find_one(2).delete()
            raise LookupError
    except LookupError:
        show(Person.query().count())
    for wrong in (lambda: Person(name="Anne").save(), lambda: backend.execute("SELEKT 1")):
        try:
            wrong()
        except DatabaseError as error:
            show(isinstance(error, IntegrityError))
    options = ExecutionOptions(StatementType.DQL, column_adapters={"active": (MySQLBooleanAdapter(), bool)})
    show(backend.execute("SELECT name, active FROM people WHERE id = %s", (1,), options=options).data)
    show(backend.fetch_one("SELECT COUNT(*) AS n FROM people WHERE name LIKE 'guest%%' OR name = %s", ("Anne",)))
    show(
        backend.execute_many("INSERT INTO payments (person_id, amount) VALUES (%s, %s)", [(9, 1), (9, 2)]).affected_rows
    )
    show(Column(backend.dialect, "x").to_sql(), backend.get_server_version()[:2] >= (8, 0))
    backend.executescript("DROP TABLE payments; DROP TABLE people")
    backend.disconnect()


if __name__ == "__main__":
    run(lambda *values: print(repr(values)), *sys.argv[1:])
