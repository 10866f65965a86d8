"""Whether two instances are the same, attribute by attribute."""

import pickle
import warnings

from pydantic import BaseModel

SLOTS = ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")


def exactly(one, other):
    """Equal, of the same types, in the same order, all the way down."""
    if isinstance(one, BaseModel) and isinstance(other, BaseModel):
        return exactly(vars(one), vars(other)) and type(one).__name__ == type(other).__name__
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(exactly(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(exactly, one, other))
    return one == other or (one != one and other != other) or repr(one) == repr(other)


def state(instance):
    return {name: value for name, value in vars(instance).items() if name != "_event_handlers"}


def handlers(instance):
    """Names of the methods registered for each event, bound to the instance itself."""
    found = instance._event_handlers if hasattr(instance, "_event_handlers") else {}
    assert all(handler.__self__ is instance for registered in found.values() for handler in registered)
    return {event: [handler.__name__ for handler in registered] for event, registered in found.items()}


def assert_same(core, fast):
    assert exactly(state(core), state(fast)), (state(core), state(fast))
    for slot in SLOTS:
        assert exactly(getattr(core, slot), getattr(fast, slot)), slot
    assert repr(core) == repr(fast)
    assert core.is_dirty == fast.is_dirty and core.is_from_db == fast.is_from_db
    assert handlers(core) == handlers(fast)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for mode in ("python", "json"):
            assert outcome(core.model_dump, mode=mode) == outcome(fast.model_dump, mode=mode)


def assert_own(instance, row):
    """Nothing of an instance is shared with another, nor with its own row, that pydantic would not share."""
    assert vars(instance) is not row
    originals = vars(instance)["_original_values"]
    for name, value in vars(instance).items():
        if isinstance(value, (dict, list)) and name in originals:
            assert originals[name] is not value, name


def outcome(call, *arguments, **named):
    """What a call returns, or the type and text of what it raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return "returned", repr(call(*arguments, **named))
    except Exception as error:
        return type(error).__name__, str(error)


def copied(row):
    return pickle.loads(pickle.dumps(row))
