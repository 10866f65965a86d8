# Cells of the binary protocol, as mysql_stmt_fetch stored them, and their values.

cdef object _binary_value(_Decoder d, Py_ssize_t i, int way, unsigned int decimals, const char *p):
    """The value of a cell that did not come as text, adapter included."""
    cdef object value = _binary_cell(d, i, way, decimals, p)
    cdef tuple call
    if d.calls is not None and d.calls[i] is not None:
        call = d.calls[i]
        return call[0](value, call[1])
    return value


cdef object _binary_cell(_Decoder d, Py_ssize_t i, int way, unsigned int decimals, const char *p):
    cdef int64_t number = 0
    cdef double real = 0
    cdef time_info moment
    if way == AS_TIME:
        memcpy(&moment, p, sizeof(moment))  # the arena aligns nothing
        return _binary_time(d, i, decimals, &moment)
    if way == AS_DOUBLE:
        memcpy(&real, p, 8)
        return PyFloat_FromDouble(real)
    if way == AS_FLOAT:
        return _binary_float(decimals, p)
    memcpy(&number, p, 8)
    if d.codes[i] == CODE_BOOL and 0 <= number <= 1:
        return number == 1
    value = PyLong_FromUnsignedLongLong(<uint64_t> number) if decimals else PyLong_FromLongLong(number)
    return _fallback(d, i, value) if d.codes[i] == CODE_BOOL else value


cdef object _binary_float(unsigned int decimals, const char *p):
    """As text it has 6 digits, or the declared decimals (manual 13.1.4): so here."""
    cdef float short_real = 0
    cdef char *text
    memcpy(&short_real, p, 4)
    if decimals >= NOT_FIXED_DECIMALS:
        text = PyOS_double_to_string(<double> short_real, c"g", 6, 0, NULL)
    else:
        text = PyOS_double_to_string(<double> short_real, c"f", <int> decimals, 0, NULL)
    try:
        return PyFloat_FromDouble(PyOS_string_to_double(text, NULL, NULL))
    finally:
        PyMem_Free(text)


cdef object _binary_time(_Decoder d, Py_ssize_t i, unsigned int decimals, const time_info *t):
    cdef uint8_t code = d.codes[i]
    cdef int seconds, microseconds
    if code == CODE_TIMEDELTA or code == CODE_TIME:
        if code == CODE_TIME and not t.neg and t.day == 0 and t.hour < 24:
            return time_new(t.hour, t.minute, t.second, <int> t.second_part, None)
        seconds = <int> (((t.day * 24 + t.hour) * 60 + t.minute) * 60 + t.second)
        microseconds = <int> t.second_part
        value = timedelta_new(0, -seconds if t.neg else seconds, -microseconds if t.neg else microseconds)
        return _fallback(d, i, value) if code == CODE_TIME else value
    if not _valid_day(<int> t.year, <int> t.month, <int> t.day):
        text = b"%04d-%02d-%02d" % (t.year, t.month, t.day)
        if code != CODE_DATE:
            text += b" %02d:%02d:%02d" % (t.hour, t.minute, t.second)
            if 0 < decimals <= 6:
                text += b"." + (b"%06d" % t.second_part)[:decimals]
        return _zero_date(d, i, PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))
    if code == CODE_DATE:
        return date_new(t.year, t.month, t.day)
    return datetime_new(
        t.year, t.month, t.day, t.hour, t.minute, t.second, <int> t.second_part,
        _utc if code == CODE_DATETIME_UTC else None,
    )
