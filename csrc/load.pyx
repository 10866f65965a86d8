# LOAD DATA LOCAL from memory: rows -> lines of its text format, and the handler that gives them to the client library.
# Twin of codec/_python/load.py, which is asked for every value that is not written here and for every error.

from rhosocial.activerecord.backend.impl.mysqlclient.codec._python import load as load_python

ctypedef int (*infile_init_t)(void **, const char *, void *) noexcept nogil
ctypedef int (*infile_read_t)(void *, char *, unsigned int) noexcept nogil
ctypedef void (*infile_end_t)(void *) noexcept nogil
ctypedef int (*infile_error_t)(void *, char *, unsigned int) noexcept nogil
ctypedef void (*set_infile_handler_t)(
    void *, infile_init_t, infile_read_t, infile_end_t, infile_error_t, void *
) noexcept nogil

cdef object load_slow = load_python.field

cdef enum:
    LOAD_INTEGER = 0
    LOAD_DECIMAL = 1
    LOAD_FLOAT = 2
    LOAD_YEAR = 3
    LOAD_BIT = 4
    LOAD_TEXT = 5
    LOAD_MEMBER = 6
    LOAD_BINARY = 7
    CR_UNKNOWN_ERROR = 2000
    CR_SERVER_GONE_ERROR = 2006
    CR_SERVER_LOST = 2013


# ---- lines

cdef int load_escaped(bind_text *text, const char *data, size_t size) except -1:
    """``data`` with a backslash before what ends a field or a line, and before a backslash."""
    cdef const char *end = data + size
    cdef const char *run = data
    cdef char escape
    bind_reserve(text, size + 16)
    while data < end:
        if data[0] == c"\t":
            escape = c"t"
        elif data[0] == c"\n":
            escape = c"n"
        elif data[0] == c"\\":
            escape = c"\\"
        else:
            data += 1
            continue
        bind_put(text, run, <size_t>(data - run))
        bind_put(text, b"\\", 1)
        bind_put(text, &escape, 1)
        data += 1
        run = data
    bind_put(text, run, <size_t>(end - run))
    return 1


cdef int load_hex(bind_text *text, const char *data, size_t size) except -1:
    cdef size_t i
    cdef unsigned char byte
    cdef char *at
    if size > <size_t>PY_SSIZE_T_MAX // 4:
        raise MemoryError
    bind_reserve(text, 2 * size)
    at = bind_end(text)
    for i in range(size):
        byte = <unsigned char>data[i]
        at[2 * i] = LIT_HEX[byte >> 4]
        at[2 * i + 1] = LIT_HEX[byte & 15]
    text.used += 2 * size
    return 1


cdef int load_str(bind_text *text, object value, int kind) except -1:
    cdef bytes encoded
    if PyUnicode_IS_COMPACT_ASCII(value) and kind != LOAD_BINARY:
        return load_escaped(text, PyUnicode_DATA(value), <size_t>PyUnicode_GET_LENGTH(value))
    try:
        encoded = PyUnicode_AsUTF8String(value)
    except UnicodeEncodeError:
        return 0
    if kind == LOAD_BINARY:
        return load_hex(text, lit_bytes_data(encoded), <size_t>lit_bytes_size(encoded))
    return load_escaped(text, lit_bytes_data(encoded), <size_t>lit_bytes_size(encoded))


cdef int load_quoted(bind_text *text, object value) except -1:
    """A value whose literal is a text that needs no escapes: without its quotes. Answers 0 for other values."""
    cdef size_t start = text.used
    cdef int done = 0
    if PyDateTime_CheckExact(value):
        done = lit_datetime(text, value)
    elif PyDate_CheckExact(value):
        done = lit_date(text, value)
    elif PyDelta_CheckExact(value):
        done = lit_timedelta(text, value)
    elif PyTime_CheckExact(value):
        done = lit_time(text, value)
    elif type(value) is lit_UUID:
        done = lit_uuid(text, value)
    if done:
        text.used -= 2
        memmove(text.data + start, text.data + start + 1, text.used - start)
    return done


cdef int load_value(bind_text *text, object value, int kind) except -1:
    """Answers 0 for what the Python twin is to decide."""
    if value is None:
        return bind_put(text, b"\\N", 2) + 1
    if PyUnicode_CheckExact(value):
        return load_str(text, value, kind) if kind != LOAD_BIT else 0
    if PyLong_CheckExact(value):
        if kind == LOAD_YEAR or kind >= LOAD_MEMBER:
            return 0
        return lit_int(text, value)
    if value is True or value is False:
        if kind == LOAD_YEAR or kind >= LOAD_MEMBER:
            return 0
        return bind_put(text, b"1" if value is True else b"0", 1) + 1
    if PyFloat_CheckExact(value):
        return lit_float(text, value) if kind == LOAD_FLOAT else 0
    if type(value) is lit_Decimal:
        return lit_decimal(text, value) if kind == LOAD_DECIMAL or kind == LOAD_FLOAT else 0
    if PyBytes_CheckExact(value):
        if kind != LOAD_BINARY:
            return 0
        return load_hex(text, lit_bytes_data(value), <size_t>lit_bytes_size(value))
    return load_quoted(text, value) if kind != LOAD_BIT and kind != LOAD_BINARY else 0


cdef int load_line(bind_text *text, const unsigned char *kinds, Py_ssize_t width, object row, Py_ssize_t number) except -1:
    cdef tuple values
    cdef Py_ssize_t i = 0
    cdef bytes field
    if PyTuple_CheckExact(row):
        values = <tuple>row
    elif PyList_CheckExact(row):
        values = PyList_AsTuple(row)
    else:
        values = lit_as_tuple(row, number)
    if len(values) != width:
        raise lit_miscount(width, len(values), number)
    try:
        for i in range(width):
            if i:
                bind_put(text, b"\t", 1)
            if not load_value(text, values[i], kinds[i]):
                field = load_slow(values[i], kinds[i])
                bind_put(text, lit_bytes_data(field), <size_t>lit_bytes_size(field))
    except (TypeError, ValueError) as error:
        raise lit_placed(error, number, i + 1) from error.__cause__
    bind_put(text, b"\n", 1)
    return 0


def load_rows(bytes kinds not None, rows, Py_ssize_t start, Py_ssize_t limit, Py_ssize_t before=0):
    """``rows[start]`` and the rows after it as lines for LOAD DATA.

    kinds: a codec.abc.Load for each column
    limit: the bytes the text may have; a first row that is longer is returned alone.
    before: how many rows there were before these, for the numbers in errors
    Returns the text and the index of the first row that is not in it. Raises as ``bind``, and TypeError for a value
    that LOAD DATA would not store in such a column as INSERT does.
    """
    cdef bind_text text = bind_text(NULL, NULL, 0, 0)
    cdef Py_ssize_t index = start
    cdef size_t used
    cdef const unsigned char *each = <const unsigned char *>lit_bytes_data(kinds)
    load_python.check_kinds(kinds)
    lit_check_rows(rows, start)
    try:
        bind_grow(&text, min(<size_t>BIND_FIRST_SIZE, <size_t>max(limit, 1)))
        while index < len(rows):
            used = text.used
            load_line(&text, each, len(kinds), PySequence_GetItem(rows, index), before + index + 1)
            if index > start and <Py_ssize_t>text.used > limit:
                text.used = used
                break
            index += 1
        return bind_finish(&text), index
    finally:
        Py_XDECREF(text.held)


# ---- the handler

cdef struct infile_stream:
    PyObject *owner  # the LocalInfile; NULL: gone
    const char *data
    size_t left
    bint armed


cdef class LocalInfile:
    """What a connection answers to LOAD DATA LOCAL, whatever file the server names: chunks of one source, once.

    Without a source the server is refused. To be kept as long as the connection: the client library points to it.
    """

    cdef infile_stream *stream
    cdef Library library
    cdef void *mysql
    cdef object source
    cdef object lost
    cdef object failure
    cdef bytes chunk

    def __cinit__(self, Library library not None, connection):
        cdef set_infile_handler_t set_handler = <set_infile_handler_t>library._symbol(b"mysql_set_local_infile_handler")
        self.library = library
        self.mysql = PyCapsule_GetPointer(
            connection._get_native_connection(), b"_mysql.connection.native_connection"
        )
        self.stream = <infile_stream *>PyMem_Malloc(sizeof(infile_stream))
        if self.stream is NULL:
            raise MemoryError
        self.stream.owner = <PyObject *>self
        self.stream.data = NULL
        self.stream.left = 0
        self.stream.armed = False
        set_handler(self.mysql, infile_init, infile_read, infile_end, infile_error, self.stream)

    def __dealloc__(self):
        PyMem_Free(self.stream)

    def serve(self, source, lost):
        """Give the next LOAD DATA LOCAL the chunks (bytes) of an iterable.

        lost: called where they could not be sent, before the client library waits for an answer nevertheless
        """
        self.source = iter(source)
        self.lost = lost
        self.failure = None
        self.stream.armed = True

    def stop(self):
        """Refuse from now on. Returns what the source raised, or None."""
        self.stream.armed = False
        self.stream.left = 0
        self.source = self.lost = self.chunk = None
        failure, self.failure = self.failure, None
        return failure

    cdef int next_chunk(self) noexcept:
        """1, 0 at the end, -1 where the source failed."""
        self.chunk = None
        try:
            if self.source is None:
                return 0
            self.chunk = next(self.source, None)
            if self.chunk is None:
                self.source = None
                return 0
            self.stream.data = lit_bytes_data(self.chunk)
            self.stream.left = <size_t>lit_bytes_size(self.chunk)
        except BaseException as error:
            self.failure = error
            self.source = None
            return -1
        return 1

    cdef void end(self) noexcept:
        cdef unsigned int code = self.library.errno_(self.mysql)
        if self.lost is None or code not in (CR_SERVER_GONE_ERROR, CR_SERVER_LOST):
            return
        try:
            self.lost()
        except BaseException as error:
            self.failure = error


cdef int infile_init(void **handle, const char *name, void *data) noexcept nogil:
    cdef infile_stream *stream = <infile_stream *>data
    handle[0] = data
    if not stream.armed:
        return 1
    stream.armed = False
    stream.left = 0
    return 0


cdef int infile_read(void *handle, char *buffer, unsigned int size) noexcept nogil:
    cdef infile_stream *stream = <infile_stream *>handle
    cdef size_t taken
    cdef int more = 1
    while stream.left == 0 and more == 1:  # an empty chunk is no end
        with gil:
            more = (<LocalInfile>stream.owner).next_chunk()
    if more != 1:
        return more
    taken = size if size < stream.left else stream.left
    if taken > 0x7fffffff:
        taken = 0x7fffffff
    memcpy(buffer, stream.data, taken)
    stream.data += taken
    stream.left -= taken
    return <int>taken


cdef void infile_end(void *handle) noexcept nogil:
    cdef infile_stream *stream = <infile_stream *>handle
    stream.left = 0
    with gil:
        (<LocalInfile>stream.owner).end()


cdef int infile_error(void *handle, char *message, unsigned int size) noexcept nogil:
    cdef const char *text = "LOAD DATA LOCAL is refused: no rows are being loaded"
    cdef size_t length = strlen(text)
    if size:
        if length > size - 1:
            length = size - 1
        memcpy(message, text, length)
        message[length] = 0
    return CR_UNKNOWN_ERROR
