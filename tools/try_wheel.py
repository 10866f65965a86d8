"""Try an installed wheel on a server: `python -I try_wheel.py IMPLEMENTATION < connect_kwargs.json`."""
import json
import sys
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

from rhosocial.activerecord.backend.impl import mysqlclient
from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, implementation

ROW = {"id": 7, "name": "O'Hara \\ \N{SNOWMAN}", "price": Decimal("12.50"), "raw": b"\x00\xff",
       "at": datetime(2024, 2, 29, 12, 30, 0, 250000, timezone.utc), "nothing": None}

expected = sys.argv[1]
place = Path(mysqlclient.__file__).resolve()
assert place.is_relative_to(Path(sys.prefix).resolve()), f"not the installed package: {place}"
assert str(implementation()) == expected, f"runs {implementation()}, not {expected}"

backend = MySQLBackend(**json.load(sys.stdin))
backend.connect()
try:
    backend.execute("CREATE TEMPORARY TABLE wheel_try (id INT, name VARCHAR(40), price DECIMAL(8,2), raw VARBINARY(8),"
                    " at DATETIME(6), nothing INT) CHARACTER SET utf8mb4")
    columns = ", ".join(ROW)
    backend.execute(f"INSERT INTO wheel_try ({columns}) VALUES (%s, %s, %s, %s, %s, %s)", tuple(ROW.values()))
    found = backend.fetch_one(f"SELECT {columns} FROM wheel_try WHERE id = %s", (7,))
finally:
    backend.disconnect()
assert found == ROW, f"{found} came back for {ROW}"
print(f"{implementation()}: one row there and back")
