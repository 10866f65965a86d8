# Parameters -> SQL literals -> statements. Twin of codec/_python/literal.py, which is asked for every
# value that is not written here (a writer answers 0) and for every error: so the two cannot differ.

from cpython.bytes cimport PyBytes_CheckExact
from cpython.datetime cimport (
    PyDate_CheckExact, PyDateTime_CheckExact, PyDelta_CheckExact, PyTime_CheckExact,
    date_day, date_month, date_year, datetime_day, datetime_hour, datetime_microsecond,
    datetime_minute, datetime_month, datetime_second, datetime_tzinfo, datetime_year, get_utc,
    import_datetime, time_hour, time_microsecond, time_minute, time_second, time_tzinfo,
    timedelta_days, timedelta_microseconds, timedelta_seconds,
)
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.list cimport PyList_AsTuple, PyList_CheckExact
from cpython.long cimport (
    PyLong_AsLongLongAndOverflow, PyLong_AsUnsignedLongLong, PyLong_AsUnsignedLongLongMask,
    PyLong_CheckExact,
)
from cpython.mem cimport PyMem_Free
from cpython.object cimport PyObject
from cpython.ref cimport Py_XDECREF
from cpython.sequence cimport PySequence_GetItem
from cpython.tuple cimport PyTuple_CheckExact
from cpython.unicode cimport PyUnicode_AsUTF8String, PyUnicode_CheckExact
from libc.math cimport isfinite
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memchr, memcpy, memmove, strlen

import decimal as lit_decimal_module
import uuid as lit_uuid_module

from rhosocial.activerecord.backend.impl.mysqlclient.codec import abc as lit_abc
from rhosocial.activerecord.backend.impl.mysqlclient.codec._python import literal as lit_python

import_datetime()

cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object)
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    const char *PyUnicode_DATA(object)
    bint PyByteArray_CheckExact(object)
    bint PyMemoryView_Check(object)
    object PyBytes_FromObject(object)
    object PyObject_CallFunctionObjArgs(object, ...)
    char *PyOS_double_to_string(double, char, int, int, int *) except NULL
    int Py_DTSF_ADD_DOT_0
    PyObject *Py_True
    PyObject *Py_False
    Py_ssize_t PY_SSIZE_T_MAX
    # Declared here without a reference count: bind_text alone holds its bytes.
    PyObject *bind_new "PyBytes_FromStringAndSize"(const char *, Py_ssize_t) except NULL
    char *bind_chars "PyBytes_AS_STRING"(PyObject *)
    int _PyBytes_Resize(PyObject **, Py_ssize_t) except -1
    const char *lit_bytes_data "PyBytes_AS_STRING"(object)
    Py_ssize_t lit_bytes_size "PyBytes_GET_SIZE"(object)

cdef extern from *:
    """
    static const char LIT_HEX[] = "0123456789abcdef";
    """
    const char *LIT_HEX

cdef object lit_Decimal = lit_decimal_module.Decimal
cdef object lit_UUID = lit_uuid_module.UUID
cdef object lit_slow = lit_python.literal
cdef object lit_as_tuple = lit_python.as_tuple
cdef object lit_check_rows = lit_python.check_rows
cdef object lit_miscount = lit_python.miscount
cdef object lit_placed = lit_python.placed
cdef int64_t lit_max_time = lit_abc.MAX_TIME_SECONDS
cdef Py_ssize_t lit_max_digits = lit_abc.MAX_DECIMAL_DIGITS

cdef enum:
    BIND_FIRST_SIZE = 65536
    LIT_TIME_DAYS = 40  # more days than a TIME holds, few enough to count their seconds


# ---- the text being written

# ``held``: a bytes object of ``size`` bytes, longer than what is ``used`` until bind_finish.
cdef struct bind_text:
    PyObject *held
    char *data
    size_t used
    size_t size


cdef int bind_grow(bind_text *text, size_t more) except -1:
    cdef size_t limit = <size_t>PY_SSIZE_T_MAX // 2
    cdef size_t size = text.size + (text.size >> 1)
    if more > limit - text.used:
        raise MemoryError
    if size < text.used + more:
        size = text.used + more
    if text.held == NULL:
        text.held = bind_new(NULL, <Py_ssize_t>size)
    else:
        try:
            _PyBytes_Resize(&text.held, <Py_ssize_t>size)
        except MemoryError:  # held is NULL: a statement's next parameters begin anew
            text[0] = bind_text(NULL, NULL, 0, 0)
            raise
    text.data = bind_chars(text.held)
    text.size = size
    return 0


cdef inline int bind_reserve(bind_text *text, size_t more) except -1:
    if text.size - text.used < more:
        bind_grow(text, more)
    return 0


cdef inline int bind_put(bind_text *text, const char *data, size_t size) except -1:
    bind_reserve(text, size)
    memcpy(text.data + text.used, data, size)
    text.used += size
    return 0


cdef bytes bind_finish(bind_text *text):
    _PyBytes_Resize(&text.held, <Py_ssize_t>text.used)
    return <bytes>text.held


cdef inline char *bind_end(bind_text *text) noexcept:
    return text.data + text.used


# ---- literals; each writer answers 1, or 0 for what the Python twin is to decide

cdef int lit_quoted(bind_text *text, const char *data, size_t size, bint backslash) except -1:
    """Quote ``data``, with ' doubled, and \\ where it escapes; in runs between those."""
    cdef const char *end = data + size
    cdef const char *quote = <const char *>memchr(data, c"'", size)
    cdef const char *slash = <const char *>memchr(data, c"\\", size) if backslash else NULL
    cdef const char *stop
    bind_reserve(text, size + 2)
    bind_end(text)[0] = c"'"
    text.used += 1
    while quote != NULL or slash != NULL:
        stop = quote if slash == NULL or (quote != NULL and quote < slash) else slash
        bind_put(text, data, <size_t>(stop - data) + 1)
        bind_put(text, stop, 1)
        data = stop + 1
        if stop == quote:
            quote = <const char *>memchr(data, c"'", <size_t>(end - data))
        else:
            slash = <const char *>memchr(data, c"\\", <size_t>(end - data))
    bind_put(text, data, <size_t>(end - data))
    bind_put(text, b"'", 1)
    return 1


cdef int lit_str(bind_text *text, object value, bint backslash) except -1:
    cdef bytes encoded
    if PyUnicode_IS_COMPACT_ASCII(value):
        return lit_quoted(
            text, PyUnicode_DATA(value), <size_t>PyUnicode_GET_LENGTH(value), backslash
        )
    try:
        encoded = PyUnicode_AsUTF8String(value)  # AsUTF8AndSize would keep a copy in the str
    except UnicodeEncodeError:
        return 0
    return lit_quoted(text, lit_bytes_data(encoded), <size_t>lit_bytes_size(encoded), backslash)


cdef int lit_bytes(bind_text *text, object value, bint backslash) except -1:
    bind_put(text, b"_binary", 7)
    return lit_quoted(text, lit_bytes_data(value), <size_t>lit_bytes_size(value), backslash)


cdef int lit_int(bind_text *text, object value) except -1:
    cdef char digits[20]
    cdef int at = 20
    cdef int overflow = 0
    cdef int64_t number = PyLong_AsLongLongAndOverflow(value, &overflow)
    cdef uint64_t rest
    if overflow:
        return 0
    rest = 0 - <uint64_t>number if number < 0 else <uint64_t>number
    while True:
        at -= 1
        digits[at] = <char>(c"0" + <int>(rest % 10))
        rest //= 10
        if rest == 0:
            break
    if number < 0:
        bind_put(text, b"-", 1)
    bind_put(text, digits + at, <size_t>(20 - at))
    return 1


cdef int lit_float(bind_text *text, object value) except -1:
    cdef double number = PyFloat_AS_DOUBLE(value)
    cdef char *digits
    cdef size_t size
    if not isfinite(number):
        return 0
    digits = PyOS_double_to_string(number, c"r", 0, Py_DTSF_ADD_DOT_0, NULL)
    try:
        size = strlen(digits)
        bind_put(text, digits, size)
        if memchr(digits, c"e", size) == NULL:
            bind_put(text, b"e0", 2)
    finally:
        PyMem_Free(digits)
    return 1


cdef int lit_decimal(bind_text *text, object value) except -1:
    """str() of a Decimal is its plain notation too, unless there is an exponent or a word in it."""
    cdef str plain = str(value)
    cdef const char *data
    cdef Py_ssize_t size, i
    if not PyUnicode_IS_COMPACT_ASCII(plain):
        return 0
    data = PyUnicode_DATA(plain)
    size = PyUnicode_GET_LENGTH(plain)
    if size > lit_max_digits:
        return 0
    for i in range(size):
        if not (c"0" <= data[i] <= c"9" or data[i] == c"." or data[i] == c"-"):
            return 0
    bind_put(text, data, <size_t>size)
    return 1


cdef inline char *lit_two(char *at, int number, char after) noexcept:
    at[0] = <char>(c"0" + number // 10)
    at[1] = <char>(c"0" + number % 10)
    at[2] = after
    return at + 3


cdef inline char *lit_day(char *at, int year, int month, int day, char after) noexcept:
    at[0] = <char>(c"0" + year // 1000)
    at[1] = <char>(c"0" + year // 100 % 10)
    at = lit_two(at + 2, year % 100, c"-")
    at = lit_two(at, month, c"-")
    return lit_two(at, day, after)


cdef inline char *lit_clock(char *at, int hour, int minute, int second, int micro) noexcept:
    """The time of a day and the closing quote; the fraction where there is one."""
    cdef int i
    at = lit_two(at, hour, c":")
    at = lit_two(at, minute, c":")
    at = lit_two(at, second, c"'")
    if micro:
        (at - 1)[0] = c"."
        for i in range(5, -1, -1):
            at[i] = <char>(c"0" + micro % 10)
            micro //= 10
        at[6] = c"'"
        at += 7
    return at


cdef int lit_datetime(bind_text *text, object value) except -1:
    cdef object zone = datetime_tzinfo(value)
    cdef char *at
    if zone is not None and zone is not get_utc():
        return 0
    bind_reserve(text, 32)
    at = bind_end(text)
    at[0] = c"'"
    at = lit_day(
        at + 1, datetime_year(value), datetime_month(value), datetime_day(value), c" "
    )
    at = lit_clock(
        at, datetime_hour(value), datetime_minute(value), datetime_second(value),
        datetime_microsecond(value),
    )
    text.used = <size_t>(at - text.data)
    return 1


cdef int lit_date(bind_text *text, object value) except -1:
    bind_reserve(text, 16)
    cdef char *at = bind_end(text)
    at[0] = c"'"
    at = lit_day(at + 1, date_year(value), date_month(value), date_day(value), c"'")
    text.used = <size_t>(at - text.data)
    return 1


cdef int lit_time(bind_text *text, object value) except -1:
    cdef char *at
    if time_tzinfo(value) is not None:
        return 0
    bind_reserve(text, 24)
    at = bind_end(text)
    at[0] = c"'"
    at = lit_clock(
        at + 1, time_hour(value), time_minute(value), time_second(value), time_microsecond(value)
    )
    text.used = <size_t>(at - text.data)
    return 1


cdef int lit_timedelta(bind_text *text, object value) except -1:
    cdef int days = timedelta_days(value)
    cdef int micro = timedelta_microseconds(value)
    cdef int64_t seconds
    cdef int hours
    cdef char *at
    if not -LIT_TIME_DAYS < days < LIT_TIME_DAYS:
        return 0
    bind_reserve(text, 24)
    at = bind_end(text)
    at[0] = c"'"
    at += 1
    seconds = <int64_t>days * 86400 + timedelta_seconds(value)
    if seconds < 0:
        seconds = -seconds
        if micro:
            seconds -= 1
            micro = 1000000 - micro
        at[0] = c"-"
        at += 1
    if seconds > lit_max_time:
        return 0
    hours = <int>(seconds // 3600)
    if hours >= 100:
        at[0] = <char>(c"0" + hours // 100)
        at += 1
    at = lit_clock(
        at, hours % 100, <int>(seconds // 60 % 60), <int>(seconds % 60), micro
    )
    text.used = <size_t>(at - text.data)
    return 1


cdef int lit_uuid(bind_text *text, object value) except -1:
    cdef object number = value.int
    cdef uint64_t half[2]
    cdef char *at
    cdef int i
    if not PyLong_CheckExact(number):
        return 0
    try:
        half[0] = PyLong_AsUnsignedLongLong(number >> 64)
    except OverflowError:
        return 0
    half[1] = PyLong_AsUnsignedLongLongMask(number)
    bind_reserve(text, 38)
    at = bind_end(text)
    at[0] = c"'"
    at += 1
    for i in range(32):
        if i == 8 or i == 12 or i == 16 or i == 20:
            at[0] = c"-"
            at += 1
        at[0] = LIT_HEX[(half[i // 16] >> (60 - i % 16 * 4)) & 15]
        at += 1
    at[0] = c"'"
    text.used += 38
    return 1


cdef int lit_value(bind_text *text, object value, bint backslash) except -1:
    """The common exact types, the most frequent first."""
    if PyUnicode_CheckExact(value):
        return lit_str(text, value, backslash)
    if PyLong_CheckExact(value):
        return lit_int(text, value)
    if value is None:
        return bind_put(text, b"NULL", 4) + 1
    if PyDateTime_CheckExact(value):
        return lit_datetime(text, value)
    if PyFloat_CheckExact(value):
        return lit_float(text, value)
    if value is True or value is False:
        return bind_put(text, b"1" if value is True else b"0", 1) + 1
    if type(value) is lit_Decimal:
        return lit_decimal(text, value)
    if PyDate_CheckExact(value):
        return lit_date(text, value)
    if PyBytes_CheckExact(value):
        return lit_bytes(text, value, backslash)
    if PyDelta_CheckExact(value):
        return lit_timedelta(text, value)
    if PyTime_CheckExact(value):
        return lit_time(text, value)
    if type(value) is lit_UUID:
        return lit_uuid(text, value)
    if PyByteArray_CheckExact(value) or PyMemoryView_Check(value):
        # a copy first: another thread may write into it between finding a quote and doubling it
        return lit_bytes(text, PyBytes_FromObject(value), backslash)
    return 0


# ---- statements

cdef int bind_one(
    bind_text *text, tuple parts, object params, bint backslash, Py_ssize_t row
) except -1:
    """Append ``parts`` with ``params`` between them; row 0: there are no rows."""
    cdef Py_ssize_t count = len(parts) - 1
    cdef Py_ssize_t i = 0
    cdef tuple values
    cdef object value
    cdef bytes part, literal
    if PyTuple_CheckExact(params):
        values = <tuple>params
    elif PyList_CheckExact(params):
        values = PyList_AsTuple(params)  # its own references: another thread may change the list
    else:
        values = lit_as_tuple(params, row)
    if len(values) != count:
        raise lit_miscount(count, len(values), row)
    try:
        for i in range(count):
            part = <bytes>parts[i]
            bind_put(text, lit_bytes_data(part), <size_t>lit_bytes_size(part))
            value = values[i]
            if not lit_value(text, value, backslash):
                # Not a plain call: this one turns a NULL without an exception, which CPython 3.11
                # may answer when memory ends, into a SystemError.
                literal = PyObject_CallFunctionObjArgs(
                    lit_slow, <PyObject *>value, Py_True if backslash else Py_False, NULL
                )
                bind_put(text, lit_bytes_data(literal), <size_t>lit_bytes_size(literal))
    except (TypeError, ValueError) as error:
        raise lit_placed(error, row, i + 1) from error.__cause__
    part = <bytes>parts[count]
    bind_put(text, lit_bytes_data(part), <size_t>lit_bytes_size(part))
    return 0


cdef size_t bind_size(tuple parts) except? 0:
    """A first guess at the length of a statement; checks that ``parts`` are those of a Template."""
    cdef size_t size = 0
    cdef object part
    for part in parts:
        if not PyBytes_CheckExact(part):
            raise TypeError("parts must be a tuple of bytes")
        size += <size_t>lit_bytes_size(part) + 24
    if size == 0:
        raise ValueError("parts must not be empty")
    return size


def bind(tuple parts not None, params, bint backslash):
    """The statement: ``parts`` of a Template with the literals of ``params`` between them.

    params: a sequence of as many values as there are placeholders.
    backslash: whether the session takes a backslash in a string as an escape.
    Raises TypeError for a type that has no literal, EncodingError for a str with a lone surrogate,
    ValueError for any other value without one and for a wrong number of parameters.
    """
    cdef bind_text text = bind_text(NULL, NULL, 0, 0)
    try:
        bind_grow(&text, bind_size(parts))
        bind_one(&text, parts, params, backslash, 0)
        return bind_finish(&text)
    finally:
        Py_XDECREF(text.held)


def bind_rows(
    tuple parts not None, rows, Py_ssize_t start, Py_ssize_t limit, bint backslash, Py_ssize_t before=0
):
    """``rows[start]`` and the rows after it, each bound into ``parts``, joined by commas.

    limit: the bytes the text may have; a first row that is longer is returned alone.
    before: how many rows there were before these, for the numbers in errors
    Returns the text and the index of the first row that is not in it. Raises as ``bind``, naming
    row and parameter, both counted from 1.
    """
    cdef bind_text text = bind_text(NULL, NULL, 0, 0)
    cdef Py_ssize_t index = start
    cdef size_t used
    bind_size(parts)
    lit_check_rows(rows, start)
    try:
        bind_grow(&text, min(<size_t>BIND_FIRST_SIZE, <size_t>max(limit, 1)))
        while index < len(rows):
            used = text.used
            if index > start:
                bind_put(&text, b",", 1)
            bind_one(&text, parts, PySequence_GetItem(rows, index), backslash, before + index + 1)
            if index > start and <Py_ssize_t>text.used > limit:
                text.used = used
                break
            index += 1
        return bind_finish(&text), index
    finally:
        Py_XDECREF(text.held)
