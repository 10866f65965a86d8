"""What test_sync.py shows, of the asynchronous twin: the same records, statements and ids as core's."""

import pytest
import pytest_asyncio
from rhosocial.activerecord.backend.errors import BulkValidationError, DatabaseError, RecordNotFound, ValidationError
from rhosocial.activerecord.backend.expression import FunctionCall, Literal
from rhosocial.activerecord.backend.options import BulkInsertOptions, InsertOptions
from rhosocial.activerecord.interface import ModelEvent
from rhosocial.activerecord.query import AsyncActiveQuery

from ...unit.records.same import assert_same, state
from .test_sync import OVERRIDDEN, WRITERS, both


@pytest_asyncio.fixture
async def written(async_twins, statements):
    for values in WRITERS:
        await async_twins.core.writer(**values).save()
    statements.taken()
    return async_twins


async def ids(model, *keys):
    return [await model.find_one(key) for key in keys]


READERS = {
    "all": lambda model: model.query().order_by("id").all(),
    "where": lambda model: model.query().where("active = ?", (True,)).order_by("id").all(),
    "none": lambda model: model.query().where("id < ?", (0,)).all(),
    "find_one": lambda model: ids(model, 1, "2", 99, 1),
    "find_one by values": lambda model: ids(model, {"name": "Bob", "active": False}),
    "find_all": lambda model: model.find_all([1, 2, 99]),
    "find_all of all": lambda model: model.find_all(),
}


@pytest.mark.parametrize("name", sorted(READERS))
async def test_reading(written, statements, name):
    core, fast = [await READERS[name](model) for model in both(written, "writer")]
    assert len(core) == len(fast)
    for one, other in zip(core, fast):
        assert (one is None) == (other is None)
        if one is not None:
            assert_same(one, other)
    sent = statements.taken()
    assert sent[: len(sent) // 2] == sent[len(sent) // 2 :]


async def test_reading_models_that_are_validated(written):
    core, fast = both(written, "checked")
    assert fast._load_plan().builder is not None
    for one, other in zip(await core.query().order_by("id").all(), await fast.query().order_by("id").all()):
        assert_same(one, other)


async def test_columns_under_crossed_names(async_twins):
    crossed = async_twins.fast.crossed
    await crossed(a="A", b="B").save()
    read = await crossed.find_one(1)
    (listed,) = await crossed.query().all()
    assert (read.a, read.b) == (listed.a, listed.b) == ("A", "B")
    assert await crossed.backend().fetch_all("SELECT a, b FROM crossed") == [{"a": "B", "b": "A"}]


async def test_find_one_takes_core_s_way_where_it_must(async_twins, monkeypatch):
    notes, pairs, keyed = async_twins.fast.note, async_twins.fast.pair, async_twins.fast.keyed
    note = notes(text="x")
    await note.save()
    assert (await notes.find_one(note.id)).text == "x"
    await note.delete()
    assert await notes.find_one(note.id) is None
    await pairs(x=1, y=2, value="v").save()
    assert (await pairs.find_one((1, 2))).value == "v"
    await keyed(code="k", amount=3).save()
    assert (await keyed.find_one("k")).amount == 3
    with pytest.raises(RecordNotFound):
        await keyed.find_one_or_fail("missing")

    async def patched(self):
        return "patched"

    monkeypatch.setattr(AsyncActiveQuery, "one", patched)
    monkeypatch.setattr(AsyncActiveQuery, "all", patched)
    assert await keyed.find_one("k") == await keyed.query().all() == "patched"


async def test_relations(async_twins):
    loaded = []
    for models in async_twins:
        author = models.author(name="Ada")
        await author.save()
        for title in ("one", "two"):
            await models.book(title=title, writer_id=author.id).save()
        author = await models.author.find_one(author.id)
        books = await author.books()
        assert [book.title for book in books] == ["one", "two"] and type(books[0]) is models.book
        assert (await books[0].writer()).name == "Ada"
        loaded.append(await models.author.query().with_("books").where("id = ?", (author.id,)).all())
    assert [[book.title for book in await authors[0].books()] for authors in loaded] == [["one", "two"]] * 2


async def changes(writer):
    record = writer(**WRITERS[0])
    yield await record.save(), record
    record.name, record.score, record.data = "Grace", None, {"x": 1}
    yield await record.save(), record
    yield await record.save(), record
    read = await writer.find_one(record.id)
    read.active = False
    yield await read.save(), read


async def test_saving(async_twins, statements):
    results, sent = [], []
    for model in both(async_twins, "writer"):
        await model.backend().execute("TRUNCATE TABLE writers")
        statements.taken()
        results.append([(count, dict(state(record))) async for count, record in changes(model)])
        sent.append(statements.taken())
    assert repr(results[0]) == repr(results[1])
    assert sent[0] == sent[1] and len(sent[0]) == 4


async def test_events_around_a_save(async_twins):
    seen = []
    for models in async_twins:
        fired = []

        def watch(record, fired=fired):
            async def handler(record, event, **named):
                fired.append((event, sorted(named)))

            for event in ModelEvent:
                record.on(event, lambda record, event=event, **named: handler(record, event, **named))
            return record

        record = watch(models.note(text="x"))
        await record.save()
        read = watch(await models.note.find_one(record.id))
        read.text, before = "y", read.updated_at
        await read.save()
        assert read.updated_at > before
        seen.append(fired)
    assert seen[0] == seen[1] and len(seen[0]) == 8


async def test_what_is_not_valid_is_not_saved(async_twins, statements):
    raised = []
    for model in both(async_twins, "checked"):
        record = model(name="x")
        record.name = "nobody"
        with pytest.raises(ValidationError) as caught:
            await record.save()
        with pytest.raises(BulkValidationError) as in_bulk:
            await model.bulk_create([record])
        raised.append((str(caught.value), str(in_bulk.value)))
    assert raised[0] == raised[1] and statements.taken() == []


async def test_refreshing(written):
    seen = []
    for model in both(written, "writer"):
        record = await model.find_one(1)
        record.on(ModelEvent.BEFORE_UPDATE, print)
        record.name = "changed"
        await record.refresh()
        assert record.name == "Ada" and not record.is_dirty
        assert record._event_handlers == {event: [] for event in ModelEvent}
        seen.append(record)
    assert_same(*seen)


async def test_events_around_bulk_create(async_twins):
    seen = []
    for model in both(async_twins, "writer"):
        fired = []
        records = [model(**WRITERS[i]) for i in range(3)]
        for event in ModelEvent:

            async def handler(record, event=event, fired=fired, **named):
                fired.append((event, sorted(named)))

            records[1].on(event, handler)
        await model.bulk_create(records)
        seen.append(fired)
    assert seen[0] == seen[1] and len(seen[0]) == 4


@pytest.mark.parametrize("name", ["validate_record", "_prepare_save_data", "is_new_record"])
async def test_bulk_create_of_a_class_with_a_method_of_its_own(async_twins, name):
    results = []
    for model in both(async_twins, "writer"):
        used = type(model)("Writer", (model,), {"__module__": __name__, name: OVERRIDDEN[name]})
        try:
            results.append([record.name for record in await used.bulk_create([used(name="a"), used(name="b")])])
        except DatabaseError as error:
            results.append(type(error))
        results[-1] = results[-1], [record.name for record in await model.query().order_by("id").all()]
        await model.backend().execute("TRUNCATE TABLE writers")
    assert results[0] == results[1]


@pytest.mark.parametrize("named", [{}, {"batch_size": 2}])
async def test_bulk_create(async_twins, named):
    made = []
    for model in both(async_twins, "writer"):
        await model.backend().execute("TRUNCATE TABLE writers")
        records = await model.bulk_create([model(**WRITERS[i % 3]) for i in range(5)], **named)
        assert [record.id for record in records] == [1, 2, 3, 4, 5]
        made.append((records, await model.query().order_by("id").all()))
    (core, core_read), (fast, fast_read) = made
    for one, other in [*zip(core, fast), *zip(core_read, fast_read)]:
        assert_same(one, other)


async def test_bulk_create_of_records_from_generators(async_twins):
    writer = async_twins.fast.writer

    async def records(names):
        for name in names:
            yield writer(name=name)

    made = await writer.bulk_create(records("abc"))
    made += await writer.bulk_create(writer(name=name) for name in "de")
    assert [(record.id, record.name) for record in made] == list(enumerate("abcde", 1))
    assert [record.name for record in await writer.query().order_by("id").all()] == list("abcde")
    with pytest.raises(ValueError, match="midway"):
        await writer.bulk_create(writer(name=name) if name else raised() async for name in letters("fg\0"))
    assert len(await writer.query().all()) == 5


async def letters(text):
    for letter in text:
        yield letter.strip("\0")


def raised():
    raise ValueError("midway")


async def test_rows_that_fill_several_packets(async_twins, async_backend):
    async_backend._connection._longest = 1000
    writer = async_twins.fast.writer
    records = await writer.bulk_create([writer(**WRITERS[i % 3]) for i in range(50)])
    assert [record.id for record in records] == list(range(1, 51))
    assert len(await writer.query().all()) == 50


@pytest.mark.flavor("mysql")
async def test_ids_that_core_would_get_wrong_are_an_error(async_twins, async_backend):
    writer = async_twins.fast.writer
    await async_backend.execute("SET SESSION auto_increment_increment = 5")
    with pytest.raises(DatabaseError, match="auto_increment_increment is not 1"):
        await writer.bulk_create([writer(name="a"), writer(name="b")])
    assert await writer.query().all() == []


async def test_expressions_and_failures(async_backend):
    upper = FunctionCall(async_backend.dialect, "UPPER", Literal(async_backend.dialect, "ada"))
    await async_backend.insert(InsertOptions("keyed", {"code": upper}))
    with pytest.raises(DatabaseError):
        await async_backend.bulk_insert(BulkInsertOptions("keyed", ["code"], [["b"], ["ADA"]]))
    assert await async_backend.fetch_all("SELECT code FROM keyed") == [{"code": "ADA"}]


@pytest.mark.flavor("mariadb")
async def test_returning(async_backend):
    options = BulkInsertOptions("writers", ["name"], [[str(i)] for i in range(5000)], returning_columns=["id"])
    result = await async_backend.bulk_insert(options)
    assert [row["id"] for row in result.data] == list(range(1, 5001))
