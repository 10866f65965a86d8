"""Rows from the server in each implementation: Reader, Statement, and what stands in for them; models."""
import asyncio
from itertools import count

import data
import pytest
from drivers import ours
from models import KINDS, model

from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native
from rhosocial.activerecord.backend.impl.mysqlclient.driver import Shape
from rhosocial.activerecord.backend.impl.mysqlclient.records import _python as records_python
from rhosocial.activerecord.backend.impl.mysqlclient.records import plan as records_plan

ROWS = 1_000
TUPLES = Shape(tuples=True)


@pytest.fixture
def backend(bench, implementation):
    backend = ours.connect(bench.login, timezone=None)
    yield backend
    ours.close(backend)


@pytest.mark.benchmark(group=f"fetch, {ROWS} x 12, dicts")
def test_dicts(benchmark, backend, wanted):
    assert benchmark(backend.fetch_all, data.SELECT) == wanted


@pytest.mark.benchmark(group=f"fetch, {ROWS} x 12, tuples")
def test_tuples(benchmark, backend, wanted):
    assert benchmark(lambda: backend._run(data.SELECT, (), TUPLES).rows) == [tuple(row.values()) for row in wanted]


@pytest.mark.benchmark(group=f"fetch, {ROWS} x 12, a model's adapters")
def test_typed(benchmark, backend):
    rows = benchmark(backend.fetch_all, data.SELECT, column_adapters=model(backend).get_column_adapters())
    assert rows == [{**row, "created": row["created"].replace(tzinfo=None)} for row in data.dicts(ROWS)]


@pytest.mark.benchmark(group="fetch, 1 x 12")
def test_point(benchmark, backend, wanted):
    assert benchmark(backend.fetch_one, data.SELECT_ONE, (data.FIRST_ID + 5,)) == wanted[5]


@pytest.mark.benchmark(group=f"prepared, {ROWS} x 12, dicts")
def test_prepared(benchmark, backend, wanted):
    with backend.prepare(data.SELECT) as statement:
        assert benchmark(lambda: statement.execute().data) == wanted


@pytest.mark.benchmark(group="prepared, 1 x 12, 1 parameter")
def test_prepared_point(benchmark, backend, wanted):
    with backend.prepare(data.SELECT_ONE) as statement:
        assert benchmark(lambda: statement.execute((data.FIRST_ID + 5,)).data) == [wanted[5]]


@pytest.mark.benchmark(group="prepared, INSERT of 12 parameters")
def test_prepared_insert(benchmark, backend, bench):
    bench.empty()
    keys, values = count(1), data.parameters(data.rows(ROWS)[0])[1:]
    with backend.prepare(data.INSERT_WRITTEN) as statement:
        result = benchmark(lambda: statement.execute((next(keys), *values)))
    assert result.affected_rows == 1
    rows = backend.fetch_all(data.SELECT.replace(data.TABLE, data.WRITTEN))
    assert len(rows) == next(keys) - 1
    assert {repr(tuple(row.values())[1:]) for row in rows} == {repr(values_of(backend))}


def values_of(backend):
    """The first row as the server gives it back."""
    return tuple(backend.fetch_one(data.SELECT).values())[1:]


@pytest.mark.benchmark(group=f"stream, {ROWS} x 12, batches of 256")
def test_stream(benchmark, backend, wanted):
    assert benchmark(lambda: list(backend.stream(data.SELECT, batch_size=256))) == wanted


@pytest.mark.benchmark(group=f"fetch on an event loop, {ROWS} x 12")
def test_async(benchmark, bench, implementation, wanted):
    loop = asyncio.new_event_loop()
    backend = loop.run_until_complete(ours.open_async(bench.login))
    assert benchmark(lambda: loop.run_until_complete(backend.fetch_all(data.SELECT))) == wanted
    loop.run_until_complete(ours.close_async(backend))
    loop.close()


BUILDERS = {"compiled": _native, "python": records_python}


@pytest.fixture(params=BUILDERS)
def builder(request, monkeypatch, bench):
    """The ModelBuilder of the model, of one twin, and the model."""
    monkeypatch.setattr(records_plan, "_builders", BUILDERS[request.param])
    backend = ours.connect(bench.login)
    made = model(backend, KINDS["ours"][1])
    yield made._load_plan().builder, made
    ours.close(backend)


@pytest.mark.benchmark(group=f"ModelBuilder.build, {ROWS} models of 12 fields, exact")
def test_build(benchmark, builder):
    check_models(benchmark(builder[0].build, data.dicts(ROWS)))


@pytest.mark.benchmark(group=f"ModelBuilder.build, {ROWS} models of 12 fields, validated")
def test_build_validated(benchmark, builder):
    rows = [{**row, "quantity": str(row["quantity"])} for row in data.dicts(ROWS)]
    check_models(benchmark(builder[0].build, rows))


def check_models(records):
    assert [record.model_dump() for record in records] == data.dicts(ROWS)
    assert not any(record.is_dirty or record.is_new_record for record in records)


@pytest.mark.benchmark(group="ModelBuilder.snapshot, 12 fields")
def test_snapshot(benchmark, builder):
    record = builder[0].build(data.dicts(ROWS)[:1])[0]
    assert benchmark(builder[0].snapshot, record.__dict__) == data.dicts(ROWS)[0]


@pytest.mark.benchmark(group="class_version")
@pytest.mark.parametrize("twin", BUILDERS)
def test_class_version(benchmark, bench, twin):
    class Patched:
        pass

    class_version = BUILDERS[twin].class_version
    before = benchmark(class_version, Patched)
    Patched.attribute = 1
    assert before != class_version(Patched) or before == 0
