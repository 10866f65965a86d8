"""The ORM at work. Each step's code is shown, then run: what is printed is what the lines above it gave."""
import inspect
import textwrap
import time
from typing import Any

from flights import Airline, Flight, Plane
from rhosocial.activerecord.backend.expression.functions import avg, count
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table


def find() -> Any:
    """Find by primary key"""
    return Flight.find_one(1)


def filter_() -> Any:
    """Filter, order, limit"""
    to_honolulu = Flight.query().where(Flight.c.dest == "HNL").where(Flight.c.dep_delay > 60)
    latest = to_honolulu.order_by((Flight.c.dep_delay, "DESC")).limit(3).all()
    return [(str(f.day), str(f.dep_time), f.dep_delay, f.tailnum) for f in latest]


def nulls() -> Any:
    """NULL is None: flights that never left"""
    never = Flight.query().where(Flight.c.dep_time.is_null())
    return never.count(), never.order_by("id").limit(1).all()[0].dep_time


def aggregate() -> Any:
    """Join and aggregate"""
    sql, flights = Flight.backend().dialect, Flight.query()
    flights.join(Airline, on=Flight.c.carrier == Airline.c.carrier).group_by(Airline.c.name)
    flights.select(Airline.c.name, count(sql, alias="flights"), avg(sql, Flight.c.arr_delay, alias="late"))
    return flights.order_by(("late", "DESC")).limit(4).aggregate()


def roll_back() -> Any:
    """Update in a transaction that rolls back"""
    try:
        with Flight.transaction():
            flight = Flight.find_one(1)
            flight.dest = "JFK"
            inside = flight.save(), Flight.find_one(1).dest
            raise LookupError("no such gate")
    except LookupError:
        return inside, Flight.find_one(1).dest


def document() -> Any:
    """JSON: a dict in the model, a path in SQL"""
    old = Plane.query().where("JSON_VALUE(details, '$.engine') = ?", ("Reciprocating",)).where(Plane.c.built < 1960)
    return Plane.find_one("N14228").details, [plane.details["model"] for plane in old.all()]


STEPS = (find, filter_, nulls, aggregate, roll_back, document)


def show(console: Console) -> None:
    """Run the steps, printing the code and the result of each."""
    for step in STEPS:
        console.print(f"\n[bold]{step.__doc__}[/]")
        console.print(Syntax(code(step), "python", background_color="default", word_wrap=True))
        started = time.perf_counter()
        result = step()
        taken = (time.perf_counter() - started) * 1000
        console.print(tabular(result) or result)
        console.print(f"[dim]{taken:.1f} ms[/]")


def code(step: Any) -> str:
    """The lines of a step below its docstring, its `return` left out."""
    body = inspect.getsource(step).split('"""', 2)[2].strip("\n")
    return textwrap.dedent(body).replace("return ", "")


def tabular(result: Any) -> Table | None:
    """A table of a list of dicts; None for anything else."""
    if not isinstance(result, list) or not all(isinstance(row, dict) for row in result):
        return None
    table = Table(*result[0])
    for row in result:
        table.add_row(*map(str, row.values()))
    return table
