"""Reading, saving and refreshing: the same records, statements and ids as core's, on both servers."""

import datetime
import decimal
import logging
import uuid

import pytest
from rhosocial.activerecord.backend.errors import (
    BulkStateError,
    BulkValidationError,
    DatabaseError,
    RecordNotFound,
    ValidationError,
)
from rhosocial.activerecord.backend.expression import Column, FunctionCall, Literal
from rhosocial.activerecord.backend.options import BulkInsertOptions, InsertOptions, UpdateOptions
from rhosocial.activerecord.interface import ModelEvent
from rhosocial.activerecord.query import ActiveQuery

from ...unit.records.same import assert_same, state
from .models import Color

MOMENT = datetime.datetime(2024, 2, 29, 12, 0, 0, 123456, datetime.timezone.utc)
WRITERS = (
    {"name": "Ada", "score": 1.5, "balance": decimal.Decimal("12.50"), "born": datetime.date(1815, 12, 10),
     "seen": MOMENT, "clock": datetime.time(1, 2, 3, 4), "token": uuid.UUID(int=7), "color": Color.RED,
     "data": {"a": [1, {"b": None}], "é": "😀"}, "photo": b"\0\xff'\\"},
    {"name": "Bob", "active": False, "data": {}},
    {"name": "Élise 😀 '\\"},
)  # fmt: skip


def both(twins, name):
    return getattr(twins.core, name), getattr(twins.fast, name)


@pytest.fixture
def written(twins, statements):
    for values in WRITERS:
        twins.core.writer(**values).save()
    statements.taken()
    return twins


READERS = {
    "all": lambda model: model.query().order_by("id").all(),
    "where": lambda model: model.query().where("active = ?", (True,)).order_by("id").all(),
    "none": lambda model: model.query().where("id < ?", (0,)).all(),
    "one": lambda model: [model.query().where("name = ?", ("Bob",)).one()],
    "find_one": lambda model: [model.find_one(1), model.find_one("2"), model.find_one(99)],
    "find_one again": lambda model: [model.find_one(n) for n in (1, 2, 3, 1)],
    "find_one by values": lambda model: [model.find_one({"name": "Bob", "active": False})],
    "find_one_or_fail": lambda model: [model.find_one_or_fail(3)],
    "find_all": lambda model: model.find_all([1, 2, 99]),
    "find_all of all": lambda model: model.find_all(),
    "limit": lambda model: model.query().order_by("id").limit(1).offset(1).all(),
}


@pytest.mark.parametrize("name", sorted(READERS))
def test_reading(written, statements, name):
    core, fast = (READERS[name](model) for model in both(written, "writer"))
    assert len(core) == len(fast)
    for one, other in zip(core, fast):
        assert (one is None) == (other is None)
        if one is not None:
            assert_same(one, other)
    sent = statements.taken()
    assert sent[: len(sent) // 2] == sent[len(sent) // 2 :]


@pytest.mark.parametrize("name", ["checked", "author"])
def test_reading_models_that_are_validated(written, name):
    core, fast = both(written, name)
    if name == "checked":  # a model of some of the columns
        assert fast._load_plan().builder is not None
    for one, other in zip(core.query().order_by("id").all(), fast.query().order_by("id").all()):
        assert_same(one, other)
    assert_same(core.find_one(1), fast.find_one(1))


def test_a_bad_row_raises_what_core_raises(written):
    core, fast = both(written, "checked")
    core.backend().execute("UPDATE writers SET score = -1 WHERE id = 2")
    raised = []
    for model in (core, fast):
        for read in (lambda model=model: model.query().all(), lambda model=model: model.find_one(2)):
            with pytest.raises(ValueError) as caught:
                read()
            raised.append(str(caught.value))
    assert raised[:2] == raised[2:] and "greater than or equal to 0" in raised[0]


def test_columns_under_crossed_names(twins):
    core, fast = both(twins, "crossed")
    core(a="A", b="B").save()
    fast(a="A", b="B").save()
    rows = core.backend().fetch_all("SELECT a, b FROM crossed")
    assert rows == [{"a": "B", "b": "A"}] * 2
    for one, other in zip(core.query().all(), fast.query().all()):
        other.__dict__["id"], other._original_values["id"] = one.id, one.id
        assert_same(one, other)
    assert (fast.find_one(2).a, fast.find_one(2).b) == ("A", "B")


def test_find_one_takes_core_s_way_where_it_must(twins, monkeypatch):
    notes, pairs, keyed = twins.fast.note, twins.fast.pair, twins.fast.keyed
    note = notes(text="x")
    note.save()
    assert notes.find_one(note.id).text == "x"
    note.delete()
    assert notes.find_one(note.id) is None  # its query() leaves the deleted ones out
    pairs(x=1, y=2, value="v").save()
    assert pairs.find_one((1, 2)).value == pairs.find_one({"x": 1, "y": 2}).value == "v"
    with pytest.raises(TypeError, match="composite"):
        pairs.find_one(1)
    keyed(code="k", amount=3).save()
    assert keyed.find_one("k").amount == 3 and keyed.find_one("missing") is None
    with pytest.raises(RecordNotFound):
        keyed.find_one_or_fail("missing")
    monkeypatch.setattr(ActiveQuery, "one", lambda self: "patched")
    assert keyed.find_one("k") == "patched"


def test_find_one_follows_the_class(written, monkeypatch):
    writer = written.fast.writer
    assert writer.find_one(1).name == "Ada"
    writer.backend().execute("CREATE TABLE others LIKE writers")
    writer.backend().execute("INSERT INTO others (id, name, active) VALUES (1, 'Other', 1)")
    monkeypatch.setattr(writer, "__table_name__", "others")
    assert writer.find_one(1).name == "Other"
    monkeypatch.undo()
    assert writer.find_one(1).name == "Ada"
    monkeypatch.setattr(writer, "__primary_key__", "name")
    assert writer.find_one("Bob").id == 2
    monkeypatch.undo()
    monkeypatch.setattr(writer, "__schema_name__", writer.backend().config.database)
    assert writer.find_one(1).name == "Ada"


def test_find_one_of_all_kinds_of_keys(written, statements):
    core, fast = both(written, "writer")
    backend = fast.backend()
    backend.logger = logging.getLogger("test.records.quiet")
    backend.logger.setLevel(logging.WARNING)

    def check():
        for key in (1, 2, 3, 99, -1, 2**63, 2**70, "2", 1, 3):
            one, other = core.find_one(key), fast.find_one(key)
            assert (one is None) == (other is None)
            if one is not None:
                assert_same(one, other)

    check()
    backend.execute("ALTER TABLE writers ADD added INT DEFAULT 5 FIRST")
    check()
    backend.execute("ALTER TABLE writers DROP added")
    check()
    backend.disconnect()
    check()
    with backend.transaction():
        backend.execute("UPDATE writers SET name = 'Eve' WHERE id = 1")
        check()


def test_patched_queries_are_honoured(written, monkeypatch):
    monkeypatch.setattr(ActiveQuery, "all", lambda self: "patched")
    assert written.fast.writer.query().all() == "patched"


def test_adapters_are_the_caller_s_own_and_follow_the_backend(written, backend):
    writer = written.fast.writer
    adapters = writer.get_column_adapters()
    assert adapters == written.core.writer.get_column_adapters()
    adapters.clear()
    assert writer.get_column_adapters() == written.core.writer.get_column_adapters() != {}
    other = type(backend.adapter_registry.get_adapter(bool, int))()
    backend.adapter_registry.register(other, bool, int, allow_override=True)
    assert writer.get_column_adapters() == written.core.writer.get_column_adapters()
    assert writer.get_column_adapters()["active"][0] is other


# -- relations --


def test_relations(twins):
    for models in twins:
        author = models.author(name="Ada")
        author.save()
        for title in ("one", "two"):
            models.book(title=title, writer_id=author.id).save()
    for models, author_id in zip(twins, (1, 2)):
        author = models.author.find_one(author_id)
        assert [book.title for book in author.books()] == ["one", "two"]
        assert author.books()[0].writer().name == "Ada"
        assert type(author.books()[0]) is models.book
    loaded = [models.author.query().with_("books").order_by("id").all() for models in twins]
    for one, other in zip(*loaded):
        # what is cached beside the fields are instances of the two families
        for record in (one, other):
            assert [book.title for book in record.books()] == ["one", "two"]
            for name in [name for name in vars(record) if name not in state_of_a_fresh(twins)]:
                del record.__dict__[name]
        assert_same(one, other)


def state_of_a_fresh(twins):
    return {*state(twins.core.author.find_one(1)), "_event_handlers"}


# -- saving --


def changes(writer):
    record = writer(**WRITERS[0])
    yield record.save(), record
    record.name, record.score, record.data = "Grace", None, {"x": 1}
    yield record.save(), record
    yield record.save(), record
    read = writer.find_one(record.id)
    read.active = False
    yield read.save(), read
    read.data["y"] = 2
    read.token = uuid.UUID(int=9)
    yield read.save(), read


def test_saving(twins, statements):
    results, sent = [], []
    for model in both(twins, "writer"):
        model.backend().execute("TRUNCATE TABLE writers")
        statements.taken()
        results.append([(count, dict(state(record))) for count, record in changes(model)])
        sent.append(statements.taken())
    assert repr(results[0]) == repr(results[1])
    assert sent[0] == sent[1] and len(sent[0]) == 5


def test_events_around_a_save(twins):
    seen = []
    for models in twins:
        fired = []
        record = models.note(text="x")
        for event in ModelEvent:
            record.on(event, lambda record, event=event, fired=fired, **named: fired.append((event, sorted(named))))
        record.save()
        read = models.note.find_one(record.id)
        for event in ModelEvent:
            read.on(event, lambda record, event=event, fired=fired, **named: fired.append((event, sorted(named))))
        read.text = "y"
        before = read.updated_at
        read.save()
        assert read.updated_at > before and read.created_at == record.created_at
        read.delete()
        assert read.deleted_at is not None
        seen.append(fired)
    assert seen[0] == seen[1] and len(seen[0]) == 10


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # it has the number serialized before it is refused
def test_what_is_not_valid_is_not_saved(twins, statements):
    raised = []
    for model in both(twins, "checked"):
        record = model(name="x")
        record.name = "nobody"
        with pytest.raises(ValidationError) as caught:
            record.save()
        record.__dict__["name"] = 7
        with pytest.raises(ValidationError) as wrong_type:
            record.save()
        raised.append((str(caught.value), str(wrong_type.value)))
    assert raised[0] == raised[1]
    assert statements.taken() == []


def test_refreshing(written):
    seen = []
    for model in both(written, "writer"):
        record = model.find_one(1)
        record.on(ModelEvent.BEFORE_UPDATE, print)
        model.backend().execute("UPDATE writers SET score = score + 1 WHERE id = 1")
        record.name = "changed"
        record.refresh()
        assert record.name == "Ada" and not record.is_dirty
        assert record._event_handlers == {event: [] for event in ModelEvent}
        model.backend().execute("UPDATE writers SET score = score - 1 WHERE id = 1")
        seen.append(record)
    assert_same(*seen)
    with pytest.raises(DatabaseError, match="unsaved"):
        written.fast.writer(name="x").refresh()
    gone = written.fast.writer.find_one(2)
    gone.delete()
    gone.id = 2
    with pytest.raises(RecordNotFound):
        gone.refresh()


# -- bulk_create --


def in_bulk(model, count=3, **named):
    return model.bulk_create([model(**WRITERS[i % 3], id=None) for i in range(count)], **named)


@pytest.mark.parametrize("named", [{}, {"batch_size": 2}])
def test_bulk_create(twins, named):
    made = []
    for model in both(twins, "writer"):
        model.backend().execute("TRUNCATE TABLE writers")
        records = in_bulk(model, 5, **named)
        assert [record.id for record in records] == [1, 2, 3, 4, 5]
        assert all(record.is_from_db and not record.is_new_record and not record.is_dirty for record in records)
        made.append((records, model.query().order_by("id").all()))
    (core, core_read), (fast, fast_read) = made
    for one, other in [*zip(core, fast), *zip(core_read, fast_read)]:
        assert_same(one, other)


def test_bulk_create_of_a_generator(twins):
    writer = twins.fast.writer
    made = writer.bulk_create(writer(name=name) for name in "ab")
    assert [(record.id, record.name) for record in made] == [(1, "a"), (2, "b")]
    assert [record.name for record in writer.query().order_by("id").all()] == ["a", "b"]


def test_events_around_bulk_create(twins):
    """A record with a handler of its own: everything is told, in core's order."""
    seen = []
    for model in both(twins, "writer"):
        fired = []
        records = [model(**WRITERS[i]) for i in range(3)]
        for event in ModelEvent:
            records[1].on(event, lambda record, event=event, fired=fired, **named: fired.append((event, sorted(named))))
        model.bulk_create(records)
        seen.append(fired)
    assert seen[0] == seen[1] and len(seen[0]) == 4


OVERRIDDEN = {
    "validate_fields": lambda self, *_, **__: self.__dict__.__setitem__("name", "overridden"),
    "validate_record": classmethod(lambda cls, record: record.__dict__.__setitem__("name", "overridden")),
    "_prepare_save_data": lambda self: {"name": "overridden"},
    "_trigger_event": lambda self, event, **named: self.__dict__.__setitem__("name", "overridden"),
    "bulk_create": classmethod(lambda cls, records, **named: [record.save() for record in records]),
    "is_new_record": property(lambda self: False),
}


@pytest.mark.parametrize("name", sorted(OVERRIDDEN))
@pytest.mark.parametrize("where", ["own", "patched", "patched in core"])
def test_bulk_create_of_a_class_with_a_method_of_its_own(twins, monkeypatch, name, where):
    results = []
    for model in both(twins, "writer"):
        used = model
        assert "name" in model.bulk_create([model(name="before")])[0].__dict__
        if where == "own":
            used = type(model)("Writer", (model,), {"__module__": __name__, name: OVERRIDDEN[name]})
        with monkeypatch.context() as patch:
            if where == "patched":
                patch.setattr(used, name, OVERRIDDEN[name])
            elif where == "patched in core":
                owner = next(k for k in reversed(model.__mro__) if name in vars(k))
                patch.setattr(owner, name, OVERRIDDEN[name])
            try:
                made = used.bulk_create([used(name="a"), used(name="b")])
                results.append([getattr(record, "name", record) for record in made])
            except DatabaseError as error:
                results.append(type(error))
        results[-1] = results[-1], [record.name for record in model.query().order_by("id").all()]
        model.backend().execute("TRUNCATE TABLE writers")
    assert results[0] == results[1]


def test_bulk_create_of_records_saved_already(twins):
    for model in both(twins, "writer"):
        saved = model.bulk_create([model(name="a")])
        with pytest.raises(BulkStateError, match="index 1"):
            model.bulk_create([model(name="b"), *saved])
        assert model.bulk_create([]) == []
        one = model(name="once")
        one.name = "twice"
        model.bulk_create([one, one])
        assert [record.name for record in model.query().order_by("id").all()] == ["a", "twice", "twice"]
        model.backend().execute("TRUNCATE TABLE writers")
        assert one._original_values == one.model_dump() and not one.is_dirty


def test_bulk_create_validates_all_first(twins, statements):
    raised = []
    for model in both(twins, "checked"):
        records = [model(name="a"), model(name="b"), model(name="c")]
        records[1].name, records[2].score = "nobody", -5
        with pytest.raises(BulkValidationError) as caught:
            model.bulk_create(records)
        raised.append(str(caught.value))
    assert raised[0] == raised[1]
    assert statements.taken() == []


def test_bulk_create_of_given_keys(twins):
    keyed = twins.fast.keyed
    keyed.bulk_create([keyed(code=f"k{i}", amount=i) for i in range(3)])
    assert [(record.code, record.amount) for record in keyed.query().order_by("code").all()] == [
        ("k0", 0), ("k1", 1), ("k2", 2)
    ]  # fmt: skip


def chunked(backend, packet):
    """The backend with the limits of a server whose max_allowed_packet is so small."""
    backend._connection._longest = packet
    return backend


def test_rows_that_fill_several_packets(twins, backend, statements):
    writer = twins.fast.writer
    chunked(backend, 1000)
    records = in_bulk(writer, 50)
    assert [record.id for record in records] == list(range(1, 51))
    assert [record.id for record in writer.query().order_by("id").all()] == list(range(1, 51))


@pytest.mark.flavor("mysql")  # MariaDB returns the ids
def test_ids_that_core_would_get_wrong_are_an_error(twins, backend):
    writer = twins.fast.writer
    backend.execute("SET SESSION auto_increment_increment = 5")
    with pytest.raises(DatabaseError, match="auto_increment_increment is not 1"):
        in_bulk(writer, 3)
    assert writer.query().all() == []
    assert [record.id for record in in_bulk(writer, 1)]
    backend.bulk_insert(BulkInsertOptions("writers", ["id", "name"], [[100, "a"], [117, "b"]]))
    assert [record.id for record in writer.find_all([100, 117])] == [100, 117]


@pytest.mark.flavor("mysql")
def test_ids_of_several_packets_that_do_not_follow(twins, backend, config):
    """Another session inserts between two packets."""
    writer = twins.fast.writer
    other = type(backend)(connection_config=config)
    chunked(backend, 500)
    session, run, sent = backend._connection, backend._connection.run, []

    def interrupted(statement, *shape):
        outcome = run(statement, *shape)
        if callable(statement) and statement(True).startswith(b"INSERT") and not sent:
            sent.append(other.execute("INSERT INTO writers (name) VALUES ('between')"))
        return outcome

    session.run = interrupted
    try:
        with pytest.raises(DatabaseError, match="another session inserts meanwhile"):
            in_bulk(writer, 30)
    finally:
        del session.run
        other.disconnect()
    assert [record.name for record in writer.query().all()] == ["between"]


# -- the backend's operations --


def test_expressions_are_inserted_and_updated(twins, backend):
    upper = FunctionCall(backend.dialect, "UPPER", Literal(backend.dialect, "ada"))
    backend.insert(InsertOptions("writers", {"name": upper, "active": True}))
    backend.bulk_insert(BulkInsertOptions("writers", ["name", "active"], [[upper, True], ["bob", False]]))
    assert [row["name"] for row in backend.fetch_all("SELECT name FROM writers ORDER BY id")] == ["ADA", "ADA", "bob"]


def test_a_key_of_another_type_is_refused_as_core_s_way_refuses_it(twins, backend, statements):
    keyed = twins.fast.keyed
    keyed(code="1", amount=1).save()
    record = keyed.find_one("1")
    record.amount = 2
    record.save()
    options = UpdateOptions("keyed", {"amount": 3}, Column(backend.dialect, "code") == 1)
    with pytest.raises(DatabaseError, match="cannot be compared with int"):
        backend.update(options)
    assert keyed.find_one("1").amount == 2


def test_names_are_quoted(backend):
    backend.execute("CREATE TABLE `odd ``table %s` (`select` INT, `a``b %s` VARCHAR(9))")
    options = {"select": 1, "a`b %s": "x"}
    table = "odd `table %s"
    assert backend.insert(InsertOptions(table, options)).affected_rows == 1
    assert backend.insert(InsertOptions(table, options, schema_name=backend.config.database)).affected_rows == 1
    rows = [[1, "x"], [2, "y"], [None, None]]
    assert backend.bulk_insert(BulkInsertOptions(table, list(options), rows)).affected_rows == 3
    assert backend.fetch_one("SELECT COUNT(*) AS n FROM `odd ``table %%s`".replace("%%", "%"))["n"] == 5


def test_bulk_insert_is_all_or_nothing(backend):
    rows = [["a", 1], ["b", 2], ["a", 3]]
    for chunk in (None, 60):
        if chunk:
            chunked(backend, chunk)
        with pytest.raises(DatabaseError):
            backend.bulk_insert(BulkInsertOptions("keyed", ["code", "amount"], rows))
        assert backend.fetch_all("SELECT * FROM keyed") == []


def test_rows_of_unequal_length_are_core_s_error(backend):
    with pytest.raises(ValueError, match="same number of columns"):
        backend.bulk_insert(BulkInsertOptions("keyed", ["code", "amount"], [["a", 1], ["b"]]))


@pytest.mark.flavor("mariadb")
def test_returning(backend):
    result = backend.insert(InsertOptions("writers", {"name": "x"}, returning_columns=["id", "name"]))
    assert result.data == [{"id": 1, "name": "x"}]
    rows = [[str(i)] for i in range(5000)]
    result = backend.bulk_insert(BulkInsertOptions("writers", ["name"], rows, returning_columns=["id"]))
    assert [row["id"] for row in result.data] == list(range(2, 5002)) and result.affected_rows == 5000


def test_without_autocommit_an_insert_is_committed(config, backend):
    manual = type(backend)(connection_config=config.clone(autocommit=False))
    manual.insert(InsertOptions("keyed", {"code": "a", "amount": 1}))
    manual.bulk_insert(BulkInsertOptions("keyed", ["code"], [["b"], ["c"]]))
    manual.bulk_insert(BulkInsertOptions("keyed", ["code"], [["d"]]))
    manual.disconnect()
    assert len(backend.fetch_all("SELECT * FROM keyed")) == 4


def test_the_statement_is_logged(backend, statements):
    backend.bulk_insert(BulkInsertOptions("keyed", ["code"], [["b"], ["c"]]))
    sent = [message for message in statements.taken() if "INSERT" in message]
    assert len(sent) == 1 and "2 rows" in sent[0]
    assert logging.getLogger("test.records").isEnabledFor(logging.DEBUG)
