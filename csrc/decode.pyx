# Cells (bytes of the text protocol) -> Python values. Twin of codec/_python/decode.py.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.datetime cimport date_new, datetime_new, import_datetime, time_new, timedelta_new
from cpython.dict cimport PyDict_Copy, PyDict_SetItem
from cpython.list cimport PyList_Append
from cpython.long cimport PyLong_FromLongLong, PyLong_FromUnsignedLongLong
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_New, PyTuple_SET_ITEM
from cpython.unicode cimport PyUnicode_DecodeASCII, PyUnicode_DecodeUTF8
from libc.stdint cimport INT64_MAX, UINT64_MAX, int64_t, uint8_t, uint64_t
from libc.string cimport memchr, memcmp, memcpy, strlen

import datetime as _datetime
import decimal as _decimal
import uuid as _uuid

from rhosocial.activerecord.backend.impl.mysqlclient.codec import abc as _abc

import_datetime()

cdef object _Decimal = _decimal.Decimal
cdef object _UUID = _uuid.UUID
cdef object _utc = _datetime.timezone.utc
cdef object _decode_error = _abc.decode_error

cdef extern from "Python.h":
    double PyOS_string_to_double(const char *, char **, PyObject *) except? -1.0
    object PyFloat_FromDouble(double)
    object PyObject_CallOneArg(object, object)

cdef extern from "collector.h":
    int collector_pause()
    void collector_resume(int was_on)
    void collector_forget(object tuple)

# codec.abc.Code, as C constants; tests/codec/test_decode.py compares the two.
cdef enum:
    CODE_BYTES = 0
    CODE_TEXT = 1
    CODE_INT = 2
    CODE_FLOAT = 3
    CODE_DECIMAL = 4
    CODE_DATE = 5
    CODE_TIMEDELTA = 6
    CODE_DATETIME = 7
    CODE_DATETIME_UTC = 8
    CODE_BIT = 9
    CODE_SET = 10
    CODE_BOOL = 11
    CODE_TIME = 12
    CODE_UUID = 13
    CODE_JSON = 14
    CODE_VECTOR = 15

cdef enum:
    ZERO_NONE = 0
    ZERO_RAISE = 1
    ZERO_TEXT = 2

cdef enum:
    MAX_TIME_HOURS = 838

cdef const uint8_t *DAYS_IN_MONTH = b"\x00\x1f\x1c\x1f\x1e\x1f\x1e\x1f\x1f\x1e\x1f\x1e\x1f"


cdef class _Decoder:
    """A plan with its parts as C pointers; lives as long as one fetch."""

    cdef object plan
    cdef tuple names
    cdef tuple keys  # None: rows are tuples
    cdef tuple calls  # None: no adapter is called
    cdef tuple fallbacks
    cdef dict template
    cdef bytes codes_object
    cdef const uint8_t *codes
    cdef Py_ssize_t width
    cdef int zero_dates
    cdef object json_loads, json_quick

    def __cinit__(self, plan):
        self.plan = plan
        self.names = plan.names
        self.keys = plan.keys
        self.calls = plan.calls
        self.fallbacks = plan.fallbacks
        self.codes_object = plan.codes
        self.codes = <const uint8_t *> PyBytes_AS_STRING(self.codes_object)
        self.width = len(self.names)
        self.zero_dates = plan.zero_dates
        self.json_loads = plan.json_loads
        self.json_quick = plan.json_quick
        if PyBytes_GET_SIZE(self.codes_object) != self.width:
            raise ValueError("a plan needs one code for each column")
        for part in (self.calls, self.fallbacks):
            if part is not None and len(part) != self.width:
                raise ValueError("a plan needs one adapter or None for each column")
        if self.keys is not None:
            if len(self.keys) != self.width:
                raise ValueError("a plan needs one key for each column")
            # Copying a dict that has every key already is faster than growing a new one for each row.
            self.template = dict.fromkeys(self.keys)


cdef object _fail(_Decoder d, Py_ssize_t i, const char *p, Py_ssize_t n, str what):
    raise _decode_error(d.names[i], what, PyBytes_FromStringAndSize(p, n))


cdef object _fallback(_Decoder d, Py_ssize_t i, object value):
    """The adapter itself, where a fused code met what it does not cover."""
    cdef tuple call = d.fallbacks[i] if d.fallbacks is not None else None
    if call is None:
        raise ValueError(f"column {d.names[i]!r} has a fused code but no adapter to fall back on")
    return call[0](value, call[1])


cdef object _text(_Decoder d, Py_ssize_t i, const char *p, Py_ssize_t n):
    try:
        return PyUnicode_DecodeUTF8(p, n, NULL)
    except UnicodeDecodeError as error:
        raise _decode_error(d.names[i], "utf-8 text", PyBytes_FromStringAndSize(p, n)) from error


cdef object _integer(_Decoder d, Py_ssize_t i, const char *p, Py_ssize_t n):
    cdef uint64_t value = 0
    cdef uint8_t digit
    cdef Py_ssize_t at = 0
    cdef bint negative = n > 0 and p[0] == c"-"
    if negative:
        at = 1
    if n == at or n - at > 20:
        return _fail(d, i, p, n, "a 64-bit integer")
    while at < n:
        digit = <uint8_t> (p[at] - c"0")
        if digit > 9 or value > (UINT64_MAX - digit) // 10:
            return _fail(d, i, p, n, "a 64-bit integer")
        value = value * 10 + digit
        at += 1
    if not negative:
        return PyLong_FromUnsignedLongLong(value)
    if value > <uint64_t> INT64_MAX + 1:
        return _fail(d, i, p, n, "a 64-bit integer")
    return PyLong_FromLongLong(<int64_t> (0 - value))


cdef bint _number_characters(const char *p, Py_ssize_t n, bint exponent) noexcept nogil:
    """Only what MySQL writes in a number: no sign '+', no space, no 'inf', no '_'."""
    cdef Py_ssize_t at
    cdef char c
    if n == 0 or p[0] == c"+":
        return False
    for at in range(n):
        c = p[at]
        if c"0" <= c <= c"9" or c == c".":
            continue
        if c == c"-" and at == 0:
            continue
        if exponent and (c == c"e" or c == c"E" or ((c == c"-" or c == c"+") and (p[at - 1] | 32) == c"e")):
            continue
        return False
    return True


cdef object _float(_Decoder d, Py_ssize_t i, const char *p, Py_ssize_t n):
    cdef char buffer[64]
    cdef char *end = NULL
    cdef double value
    cdef bytes long_text
    if not _number_characters(p, n, True):
        return _fail(d, i, p, n, "a floating-point number")
    if n >= 64:  # FLOAT(M,D) may show 255 digits
        long_text = PyBytes_FromStringAndSize(p, n)
        try:
            return float(long_text)
        except ValueError:
            return _fail(d, i, p, n, "a floating-point number")
    memcpy(buffer, p, n)
    buffer[n] = 0
    try:
        value = PyOS_string_to_double(buffer, &end, NULL)
    except ValueError:
        return _fail(d, i, p, n, "a floating-point number")
    if end != buffer + n:
        return _fail(d, i, p, n, "a floating-point number")
    return PyFloat_FromDouble(value)


cdef object _number(_Decoder d, Py_ssize_t i, const char *p, Py_ssize_t n):
    if not _number_characters(p, n, False):
        return _fail(d, i, p, n, "a decimal number")
    try:
        return PyObject_CallOneArg(_Decimal, PyUnicode_DecodeASCII(p, n, NULL))
    except _decimal.InvalidOperation:
        return _fail(d, i, p, n, "a decimal number")


cdef int _digits(const char *p, Py_ssize_t n) noexcept nogil:
    """The value of n <= 6 decimal digits, -1 if one is none."""
    cdef int value = 0
    cdef uint8_t digit
    cdef Py_ssize_t at
    for at in range(n):
        digit = <uint8_t> (p[at] - c"0")
        if digit > 9:
            return -1
        value = value * 10 + digit
    return value


cdef int _fraction(const char *p, Py_ssize_t n) noexcept nogil:
    """Microseconds of '' or '.d' to '.dddddd', -1 if it is neither."""
    cdef int value
    if n == 0:
        return 0
    if n < 2 or n > 7 or p[0] != c".":
        return -1
    value = _digits(p + 1, n - 1)
    if value < 0:
        return -1
    while n < 7:
        value *= 10
        n += 1
    return value


cdef bint _valid_day(int year, int month, int day) noexcept nogil:
    if year < 1 or month < 1 or month > 12 or day < 1:
        return False
    if month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        return day <= 29
    return day <= DAYS_IN_MONTH[month]


cdef object _zero_date(_Decoder d, Py_ssize_t i, const char *p, Py_ssize_t n):
    """MySQL keeps days that no calendar has (manual 13.2.2); d.zero_dates says what they become."""
    if d.zero_dates == ZERO_NONE:
        return None
    if d.zero_dates == ZERO_TEXT:
        return PyUnicode_DecodeASCII(p, n, NULL)
    return _fail(d, i, p, n, "a day that Python's calendar has (see zero_dates)")


cdef object _date(_Decoder d, Py_ssize_t i, const char *p, Py_ssize_t n):
    cdef int year, month, day
    if n != 10 or p[4] != c"-" or p[7] != c"-":
        return _fail(d, i, p, n, "a DATE")
    year, month, day = _digits(p, 4), _digits(p + 5, 2), _digits(p + 8, 2)
    if year < 0 or month < 0 or day < 0:
        return _fail(d, i, p, n, "a DATE")
    if not _valid_day(year, month, day):
        return _zero_date(d, i, p, n)
    return date_new(year, month, day)


cdef object _datetime_value(_Decoder d, Py_ssize_t i, const char *p, Py_ssize_t n, object tz):
    cdef int year, month, day, hour, minute, second, microsecond
    if n < 19 or p[4] != c"-" or p[7] != c"-" or p[10] != c" " or p[13] != c":" or p[16] != c":":
        return _fail(d, i, p, n, "a DATETIME")
    year, month, day = _digits(p, 4), _digits(p + 5, 2), _digits(p + 8, 2)
    hour, minute, second = _digits(p + 11, 2), _digits(p + 14, 2), _digits(p + 17, 2)
    microsecond = _fraction(p + 19, n - 19)
    if (year < 0 or month < 0 or day < 0 or hour < 0 or hour > 23 or minute < 0 or minute > 59
            or second < 0 or second > 59 or microsecond < 0):
        return _fail(d, i, p, n, "a DATETIME")
    if not _valid_day(year, month, day):
        return _zero_date(d, i, p, n)
    return datetime_new(year, month, day, hour, minute, second, microsecond, tz)


cdef object _time(_Decoder d, Py_ssize_t i, const char *p, Py_ssize_t n, bint of_day):
    """TIME '[-]HH[H]:MM:SS[.ffffff]' (manual 13.2.3) as timedelta, or as time where it is one of a day."""
    cdef int hours, minute, second, microsecond, seconds
    cdef bint negative = n > 0 and p[0] == c"-"
    cdef const char *q = p + 1 if negative else p
    cdef Py_ssize_t left = n - 1 if negative else n
    cdef Py_ssize_t wide = 3 if left > 3 and q[3] == c":" else 2
    if left < wide + 6 or q[wide] != c":" or q[wide + 3] != c":":
        return _fail(d, i, p, n, "a TIME")
    hours, minute, second = _digits(q, wide), _digits(q + wide + 1, 2), _digits(q + wide + 4, 2)
    microsecond = _fraction(q + wide + 6, left - wide - 6)
    if (hours < 0 or hours > MAX_TIME_HOURS or minute < 0 or minute > 59 or second < 0 or second > 59
            or microsecond < 0):
        return _fail(d, i, p, n, "a TIME")
    if of_day and hours < 24 and not negative:
        return time_new(hours, minute, second, microsecond, None)
    seconds = hours * 3600 + minute * 60 + second
    if negative:
        seconds, microsecond = -seconds, -microsecond
    value = timedelta_new(0, seconds, microsecond)
    return _fallback(d, i, value) if of_day else value


cdef object _bit(_Decoder d, Py_ssize_t i, const char *p, Py_ssize_t n):
    cdef uint64_t value = 0
    cdef Py_ssize_t at
    if n < 1 or n > 8:
        return _fail(d, i, p, n, "a BIT of 1 to 64")
    for at in range(n):
        value = value << 8 | <uint8_t> p[at]
    return PyLong_FromUnsignedLongLong(value)


cdef object _vector(_Decoder d, Py_ssize_t i, const char *p, Py_ssize_t n):
    cdef float number = 0
    cdef Py_ssize_t at
    cdef list values = []
    if n % 4:
        return _fail(d, i, p, n, "a VECTOR of 4-byte floats")
    for at in range(0, n, 4):
        memcpy(&number, p + at, 4)  # the format is little-endian (manual 13.3.5), as are our targets
        PyList_Append(values, PyFloat_FromDouble(number))
    return values


cdef bint _has_long_number(const char *p, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i, digits = 0
    for i in range(n):
        digits = digits + 1 if c"0" <= p[i] <= c"9" else 0
        if digits == 19:
            return True
    return False


cdef object _json(_Decoder d, Py_ssize_t i, const char *p, Py_ssize_t n):
    cdef object text
    if d.json_quick is not None and not _has_long_number(p, n):
        try:
            return d.json_quick(PyBytes_FromStringAndSize(p, n))
        except ValueError:
            pass  # json_loads may know better
    text = _text(d, i, p, n)
    try:
        return d.json_loads(text)
    except ValueError:
        return _fallback(d, i, text)


cdef object _uuid_value(_Decoder d, Py_ssize_t i, const char *p, Py_ssize_t n):
    cdef object text = _text(d, i, p, n)
    if n == 36 and p[8] == c"-" and p[13] == c"-" and p[18] == c"-" and p[23] == c"-":
        try:
            return PyObject_CallOneArg(_UUID, text)
        except ValueError:
            return _fallback(d, i, text)
    return _fallback(d, i, text)


cdef object _cell(_Decoder d, Py_ssize_t i, const char *p, Py_ssize_t n):
    """The value of a cell that is not NULL."""
    cdef uint8_t code = d.codes[i]
    if code == CODE_TEXT:
        return _text(d, i, p, n)
    if code == CODE_INT:
        return _integer(d, i, p, n)
    if code == CODE_DECIMAL:
        return _number(d, i, p, n)
    if code == CODE_DATETIME_UTC:
        return _datetime_value(d, i, p, n, _utc)
    if code == CODE_DATETIME:
        return _datetime_value(d, i, p, n, None)
    if code == CODE_BOOL:
        if n == 1 and (p[0] == c"0" or p[0] == c"1"):
            return p[0] == c"1"
        return _fallback(d, i, _integer(d, i, p, n))
    if code == CODE_FLOAT:
        return _float(d, i, p, n)
    if code == CODE_DATE:
        return _date(d, i, p, n)
    if code == CODE_TIMEDELTA:
        return _time(d, i, p, n, False)
    if code == CODE_TIME:
        return _time(d, i, p, n, True)
    if code == CODE_BYTES:
        return PyBytes_FromStringAndSize(p, n)
    if code == CODE_JSON:
        return _json(d, i, p, n)
    if code == CODE_UUID:
        return _uuid_value(d, i, p, n)
    if code == CODE_SET:
        return set((<str> _text(d, i, p, n)).split(",")) if n else set()
    if code == CODE_BIT:
        return _bit(d, i, p, n)
    if code == CODE_VECTOR:
        return _vector(d, i, p, n)
    raise ValueError(f"the plan's code {code} for column {d.names[i]!r} is unknown")


cdef object _value(_Decoder d, Py_ssize_t i, const char *p, Py_ssize_t n):
    """The value of a cell, adapter included; p is NULL for SQL NULL."""
    cdef object value = None
    cdef tuple call
    if p is not NULL:
        value = _cell(d, i, p, n)
    if d.calls is not None and d.calls[i] is not None:
        call = d.calls[i]
        return call[0](value, call[1])
    return value


def decode_rows(plan, rows):
    """Rows of cells (each a sequence of bytes or None, as wide as the plan) -> list of dict or tuple.

    Raises DecodeError naming the column for a cell its code does not cover, ValueError for a row of
    another width, TypeError for a cell that is neither bytes nor None.
    """
    cdef _Decoder d = _Decoder(plan)
    cdef list decoded = []
    cdef tuple row
    cdef object cell
    for cells in rows:
        row = tuple(cells)
        if len(row) != d.width:
            raise ValueError(f"a row of {len(row)} cells does not fit a plan of {d.width} columns")
        for i in range(d.width):
            cell = row[i]
            if cell is not None and type(cell) is not bytes:
                raise TypeError(f"column {d.names[i]!r}: a cell is bytes or None, not {type(cell).__name__}")
        decoded.append(_row_of_cells(d, row))
    return decoded


cdef object _row_of_cells(_Decoder d, tuple row):
    cdef Py_ssize_t i
    cdef object cell, value
    cdef const char *p
    cdef Py_ssize_t n
    cdef object result = PyDict_Copy(d.template) if d.keys is not None else PyTuple_New(d.width)
    for i in range(d.width):
        cell = row[i]
        p, n = NULL, 0
        if cell is not None:
            p, n = PyBytes_AS_STRING(cell), PyBytes_GET_SIZE(cell)
        value = _value(d, i, p, n)
        if d.keys is not None:
            PyDict_SetItem(result, <object> PyTuple_GET_ITEM(d.keys, i), value)
        else:
            Py_INCREF(value)
            PyTuple_SET_ITEM(result, i, value)
    return result
