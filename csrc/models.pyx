# Rows -> instances of one model class. Twin of records/_python.py.

from cpython.object cimport PyObject_GenericSetAttr, PyTypeObject
from cpython.set cimport PySet_New

cdef extern from *:
    """
    /* Before 3.12 a flag says whether the number counts. */
    #if PY_VERSION_HEX < 0x030C0000
    #define version_of(type) ((type)->tp_flags & Py_TPFLAGS_VALID_VERSION_TAG ? (type)->tp_version_tag : 0)
    #else
    #define version_of(type) ((type)->tp_version_tag)
    #endif
    """
    unsigned int version_of(PyTypeObject *)

cdef extern from "Python.h":
    int PyObject_GenericSetDict(object, object, void *) except -1
    int PyUnicode_KIND(object)

# records._python.Kind, as C constants; tests/unit/records/test_builder.py compares the two.
cdef enum:
    KIND_SAME = 0
    KIND_TEXT = 1
    KIND_DECIMAL = 2
    KIND_DICT = 3
    KIND_LIST = 4
    KIND_ANY = 5

cdef enum:
    PAUSE_ROWS = 256
    # pydantic's serializer gives up at 255 levels
    MAX_DEPTH = 200

cdef tuple _no_arguments = ()
cdef object _is_finite = _decimal.Decimal.is_finite
cdef frozenset _unchanged = frozenset((
    type(None), bool, int, float, str, bytes, _decimal.Decimal, _datetime.datetime, _datetime.date, _datetime.time,
    _datetime.timedelta, _uuid.UUID,
))


cdef bint _encodable(str text):
    """Whether utf-8 holds it: pydantic takes no lone surrogate."""
    cdef Py_UCS4 character
    if PyUnicode_KIND(text) == 1:
        return True
    for character in text:
        if 0xD800 <= character <= 0xDFFF:
            return False
    return True


cdef object _copy(object value, int depth):
    """What model_dump() makes of a plain value: containers anew. NotImplemented for any other."""
    cdef dict copied
    cdef list items
    kind = type(value)
    if kind in _unchanged:
        return value
    if depth > MAX_DEPTH:
        return NotImplemented
    if kind is dict:
        copied = {}
        for key, inner in (<dict> value).items():
            inner = _copy(inner, depth + 1)
            if type(key) is not str or inner is NotImplemented:
                return NotImplemented
            copied[key] = inner
        return copied
    if kind is list:
        items = []
        for inner in <list> value:
            inner = _copy(inner, depth + 1)
            if inner is NotImplemented:
                return NotImplemented
            items.append(inner)
        return items
    return NotImplemented


def class_version(model not None):
    """A number that changes whenever an attribute of a class or of one of its bases is set; 0: not known."""
    if not isinstance(model, type):
        raise TypeError(f"{model!r} is no class")
    getattr(model, "__init__")  # numbers are given by the first look-up after a change
    return version_of(<PyTypeObject *> model)


cdef class ModelBuilder:
    """Builds instances of ``model`` with the state its constructor and reset_tracking() would give them.

    model:     the class; its metaclass, __new__ and __init__ do nothing that is not repeated here
    names:     its fields, in the model's order
    columns:   the column of each
    fields:    (type or None for any, nullable, Kind) of each: a row that matches exactly needs no
               validation; None: every row does
    required:  fields without which __init__ does something else
    validate:  row -> (values, extra, fields_set), as pydantic's fields validator
    dump:      instance -> its model_dump()
    fallback:  row -> instance, the way of the class itself; for what the others cannot do
    quiet:     whether validate and dump run no Python code
    """

    cdef object model, validate, dump, fallback
    cdef tuple names, columns, types, required
    cdef bytes kinds, nullable
    cdef frozenset name_set
    cdef Py_ssize_t width
    cdef bint exact, quiet

    def __init__(self, model not None, tuple names, tuple columns, fields, tuple required, validate, dump, fallback,
                 bint quiet):
        self.model = model
        self.names = names
        self.columns = columns
        self.name_set = frozenset(names)
        self.width = len(names)
        self.exact = fields is not None
        self.types = tuple([field[0] for field in fields or ()])
        self.nullable = bytes([field[1] for field in fields or ()])
        self.kinds = bytes([field[2] for field in fields or ()])
        self.required = required
        self.validate = validate
        self.dump = dump
        self.fallback = fallback
        self.quiet = quiet

    def build(self, list rows, dict renames=None):
        """The instances of ``rows``, dicts by field, or by column where ``renames`` (column -> field) is given.

        Raises what the class itself raises for the first bad row.
        """
        cdef tuple keys = self.names if renames is None else self.columns
        cdef Py_ssize_t start, end, i, count = len(rows)
        cdef list built = [None] * count
        cdef int was_on
        for start in range(0, count, PAUSE_ROWS):
            end = min(start + PAUSE_ROWS, count)
            if self.exact or self.quiet:
                was_on = collector_pause()
                try:
                    for i in range(start, end):
                        instance = self._exact(rows[i], keys) if self.exact else None
                        if instance is None and self.quiet:
                            instance = self._validated(_renamed(rows[i], renames))
                        built[i] = instance
                finally:
                    collector_resume(was_on)
            for i in range(start, end):
                if built[i] is None:
                    row = _renamed(rows[i], renames)
                    instance = None if self.quiet else self._validated(row)
                    built[i] = self.fallback(row) if instance is None else instance
        return built

    def snapshot(self, dict values):
        """model_dump() of an instance whose __dict__ is ``values``; None where only pydantic can tell."""
        cdef dict dumped = {}
        cdef Py_ssize_t i = 0
        if not self.exact:
            return None
        for key, value in values.items():
            if i == self.width:
                break
            if key != self.names[i]:
                return None
            value = self._dumped(i, value)
            if value is NotImplemented:
                return None
            dumped[key] = value
            i += 1
        return dumped if i == self.width else None

    cdef object _dumped(self, Py_ssize_t i, object value):
        """What model_dump() makes of field i; NotImplemented where its value is not exactly of the field's type."""
        cdef int kind = self.kinds[i]
        if value is None:
            return None if self.nullable[i] or kind == KIND_ANY else NotImplemented
        if kind == KIND_ANY:
            return _copy(value, 0)
        if type(value) is not self.types[i]:
            return NotImplemented
        if kind == KIND_SAME:
            return value
        if kind == KIND_TEXT:
            return value if _encodable(<str> value) else NotImplemented
        if kind == KIND_DECIMAL:
            return value if _is_finite(value) else NotImplemented
        if kind == KIND_DICT:
            for key in <dict> value:
                if type(key) is not str or not _encodable(<str> key):
                    return NotImplemented
        return _copy(value, 0)

    cdef object _exact(self, object row, tuple keys):
        """The instance of a row that has just the fields, each exactly of its type; else None."""
        cdef dict values = {}
        cdef dict original = {}
        cdef Py_ssize_t i
        cdef int kind
        if type(row) is not dict or len(<dict> row) != self.width:
            return None
        for i in range(self.width):
            value = (<dict> row).get(keys[i], NotImplemented)
            dumped = self._dumped(i, value)
            if dumped is NotImplemented:
                return None
            name = self.names[i]
            original[name] = dumped
            kind = self.kinds[i]
            if value is not None and kind == KIND_DICT:
                value = dict(<dict> value)
            elif value is not None and kind == KIND_LIST:
                value = list(<list> value)
            values[name] = value
        return self._instance(values, original, None, PySet_New(self.name_set))

    cdef object _validated(self, dict row):
        """The instance of a row that pydantic's fields validator accepts; else None."""
        for name in self.required:
            if name not in row:
                return None
        try:
            values, extra, fields_set = self.validate(row)
            instance = self._instance(values, {}, extra, fields_set)
            (<dict> values)["_original_values"] = self.dump(instance)
        except Exception:  # the class says it in its own words
            return None
        return instance

    cdef object _instance(self, dict values, dict original, object extra, object fields_set):
        cdef object instance = (<PyTypeObject *> self.model).tp_new(self.model, <PyObject *> _no_arguments, NULL)
        values["_dirty_fields"] = set()
        values["_original_values"] = original
        values["_is_from_db"] = True
        PyObject_GenericSetDict(instance, values, NULL)
        PyObject_GenericSetAttr(instance, "__pydantic_extra__", extra)
        PyObject_GenericSetAttr(instance, "__pydantic_fields_set__", fields_set)
        PyObject_GenericSetAttr(instance, "__pydantic_private__", None)
        return instance


cdef dict _renamed(dict row, dict renames):
    if renames is None:
        return row
    return {renames.get(key, key): value for key, value in row.items()}
