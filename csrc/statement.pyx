# Prepared statements (manual, "C API Prepared Statement Interface"): parameters and rows in binary. Rows go the way
# of the drain, from the result's own buffers into the arena, and by the same plans into values.

from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdint cimport uintptr_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

cdef extern from *:
    """
    /* MYSQL_BIND, the same size and offsets in libmysqlclient 8.0-9.7 (mysql.h) and libmariadb 3.x (mariadb_stmt.h);
       row_ptr is a union with libmariadb's array of indicators. */
    typedef struct bind_info {
        unsigned long *length;
        char *is_null;
        void *buffer;
        char *error;
        char *indicator;
        void *store_param_func, *fetch_result, *skip_result;
        unsigned long buffer_length, offset, length_value;
        unsigned int flags, pack_length;
        int buffer_type;
        char error_value, is_unsigned, long_data_used, is_null_value;
        void *extension;
    } bind_info;

    /* MYSQL_TIME; libmysqlclient's has a time zone displacement more, for which there is room. */
    typedef struct time_info {
        unsigned int year, month, day, hour, minute, second;
        unsigned long second_part;
        char neg;
        int time_type;
        int room[2];
    } time_info;
    """
    ctypedef struct bind_info:
        unsigned long *length
        char *is_null
        void *buffer
        char *error
        char *indicator
        unsigned long buffer_length
        int buffer_type
        char is_unsigned
    ctypedef struct time_info:
        unsigned int year, month, day, hour, minute, second
        unsigned long second_part
        char neg

ctypedef void *(*stmt_init_t)(void *) noexcept nogil
ctypedef int (*stmt_prepare_t)(void *, const char *, unsigned long) noexcept nogil
ctypedef char (*stmt_flag_t)(void *) noexcept nogil
ctypedef char (*stmt_bind_t)(void *, bind_info *) noexcept nogil
ctypedef int (*stmt_call_t)(void *) noexcept nogil
ctypedef int (*stmt_column_t)(void *, bind_info *, unsigned int, unsigned long) noexcept nogil
ctypedef unsigned long (*stmt_count_t)(void *) noexcept nogil
ctypedef unsigned long long (*stmt_number_t)(void *) noexcept nogil
ctypedef char (*stmt_attr_set_t)(void *, int, const void *) noexcept nogil

cdef enum:  # enum_field_types
    T_FLOAT = 4
    T_DOUBLE = 5
    T_NULL = 6
    T_TIMESTAMP = 7
    T_LONGLONG = 8
    T_INT24 = 9
    T_DATE = 10
    T_TIME = 11
    T_DATETIME = 12
    T_YEAR = 13
    T_VECTOR = 242
    T_NEWDECIMAL = 246
    T_BLOB = 252
    T_STRING = 254

cdef enum:
    UNSIGNED_FLAG = 32
    NOT_FIXED_DECIMALS = 31
    STMT_ATTR_ARRAY_SIZE = 201  # libmariadb
    NO_DATA = 100
    SLOT = 256  # a longer cell is fetched again
    CR_UNSUPPORTED_PARAM_TYPE = 2036

cdef enum:  # how a column arrives
    AS_TEXT, AS_INT, AS_DOUBLE, AS_FLOAT, AS_TIME


cdef class Statement(Reader):
    """One prepared statement of a connection, and the Reader of its rows."""

    cdef void *stmt
    cdef stmt_prepare_t stmt_prepare
    cdef stmt_bind_t bind_param, bind_result
    cdef stmt_call_t stmt_execute, stmt_fetch, stmt_next_result
    cdef stmt_column_t fetch_column
    cdef stmt_count_t param_count
    cdef count_t stmt_errno, field_count
    cdef text_t stmt_error, stmt_sqlstate
    cdef use_result_t result_metadata
    cdef stmt_number_t stmt_affected_rows, stmt_insert_id
    cdef stmt_flag_t stmt_close, stmt_free_result, stmt_reset
    cdef stmt_attr_set_t attr_set
    # parameters: ``room`` rows of them, a column after the other
    cdef readonly Py_ssize_t params
    cdef Py_ssize_t room, array_size
    cdef bind_info *param_binds
    cdef uint64_t *values  # a number, or a pointer to the text
    cdef unsigned long *value_lengths
    cdef char *indicators
    cdef int *value_types
    cdef list held
    # one row of the result
    cdef bint bound
    cdef Py_ssize_t columns_room
    cdef bind_info *binds
    cdef char *slots
    cdef char **cell_data
    cdef unsigned long *cell_lengths
    cdef char *nulls
    cdef char *ways
    cdef unsigned int *cell_decimals
    cdef char **long_cells
    cdef unsigned long *long_sizes

    def __cinit__(self, Library library not None, connection):
        cdef Library lib = library
        cdef stmt_init_t init = <stmt_init_t> lib._symbol(b"mysql_stmt_init")
        self.stmt_prepare = <stmt_prepare_t> lib._symbol(b"mysql_stmt_prepare")
        self.bind_param = <stmt_bind_t> lib._symbol(b"mysql_stmt_bind_param")
        self.bind_result = <stmt_bind_t> lib._symbol(b"mysql_stmt_bind_result")
        self.stmt_execute = <stmt_call_t> lib._symbol(b"mysql_stmt_execute")
        self.stmt_fetch = <stmt_call_t> lib._symbol(b"mysql_stmt_fetch")
        self.stmt_next_result = <stmt_call_t> lib._symbol(b"mysql_stmt_next_result")
        self.fetch_column = <stmt_column_t> lib._symbol(b"mysql_stmt_fetch_column")
        self.param_count = <stmt_count_t> lib._symbol(b"mysql_stmt_param_count")
        self.field_count = <count_t> lib._symbol(b"mysql_stmt_field_count")
        self.stmt_errno = <count_t> lib._symbol(b"mysql_stmt_errno")
        self.stmt_error = <text_t> lib._symbol(b"mysql_stmt_error")
        self.stmt_sqlstate = <text_t> lib._symbol(b"mysql_stmt_sqlstate")
        self.result_metadata = <use_result_t> lib._symbol(b"mysql_stmt_result_metadata")
        self.stmt_affected_rows = <stmt_number_t> lib._symbol(b"mysql_stmt_affected_rows")
        self.stmt_insert_id = <stmt_number_t> lib._symbol(b"mysql_stmt_insert_id")
        self.stmt_close = <stmt_flag_t> lib._symbol(b"mysql_stmt_close")
        self.stmt_free_result = <stmt_flag_t> lib._symbol(b"mysql_stmt_free_result")
        self.stmt_reset = <stmt_flag_t> lib._symbol(b"mysql_stmt_reset")
        self.attr_set = <stmt_attr_set_t> lib._symbol(b"mysql_stmt_attr_set")
        self.held = []
        self.stmt = init(self.mysql)
        if self.stmt is NULL:
            raise MemoryError()

    def __dealloc__(self):
        # Whoever owns the session has closed the statement: it talks to the server.
        cdef Py_ssize_t i
        for i in range(self.columns_room):
            free(self.long_cells[i])
        for part in (<uintptr_t> self.param_binds, <uintptr_t> self.values, <uintptr_t> self.value_lengths,
                     <uintptr_t> self.indicators, <uintptr_t> self.value_types, <uintptr_t> self.binds,
                     <uintptr_t> self.slots, <uintptr_t> self.cell_data, <uintptr_t> self.cell_lengths,
                     <uintptr_t> self.nulls, <uintptr_t> self.ways, <uintptr_t> self.cell_decimals,
                     <uintptr_t> self.long_cells, <uintptr_t> self.long_sizes):
            free(<void *> <uintptr_t> part)

    cdef int _check_open(self) except -1:
        if self.stmt is NULL:
            raise RuntimeError("the statement is closed")
        return 0

    def prepare(self, bytes text not None):
        """Prepare ``text``, whose placeholders are ``?``. Raises WireError."""
        cdef const char *data = PyBytes_AS_STRING(text)
        cdef unsigned long length = <unsigned long> PyBytes_GET_SIZE(text)
        cdef int failed
        self._check_open()
        with nogil:
            self.library.forget_tls_errors()
            failed = self.stmt_prepare(self.stmt, data, length)
        if failed:
            self._raise_error()
        self.params = <Py_ssize_t> self.param_count(self.stmt)
        if self.open():
            self._end_result()

    @property
    def affected_rows(self):
        self._check_open()
        return self.stmt_affected_rows(self.stmt)

    @property
    def insert_id(self):
        self._check_open()
        return self.stmt_insert_id(self.stmt)

    cdef int _raise_error(self) except -1:
        cdef unsigned int errno = self.stmt_errno(self.stmt)
        if errno:
            raise _abc.WireError(
                errno,
                self.stmt_error(self.stmt).decode("utf-8", "replace"),
                self.stmt_sqlstate(self.stmt).decode("ascii", "replace"),
            )
        return 0

    # ---- parameters

    cdef int _make_param_room(self, Py_ssize_t room) except -1:
        cdef Py_ssize_t count = self.params * room
        if room <= self.room or count == 0:
            return 0
        self.room = 0
        self.param_binds = <bind_info *> _grown(self.param_binds, self.params * <Py_ssize_t> sizeof(bind_info))
        self.value_types = <int *> _grown(self.value_types, self.params * <Py_ssize_t> sizeof(int))
        self.values = <uint64_t *> _grown(self.values, count * 8)
        self.value_lengths = <unsigned long *> _grown(
            self.value_lengths, count * <Py_ssize_t> sizeof(unsigned long)
        )
        self.indicators = <char *> _grown(self.indicators, count)
        self.room = room
        return 0

    cdef int _put(self, Py_ssize_t column, Py_ssize_t row, object value) except -1:
        """Keep a parameter; its type, T_NULL for None."""
        cdef Py_ssize_t at = column * self.room + row, size = 0
        cdef int overflow = 0, kind
        cdef int64_t number
        cdef double real
        cdef const char *text
        self.indicators[at] = 0
        self.value_lengths[at] = 0
        if value is None:
            self.indicators[at] = 1
            return T_NULL
        if PyUnicode_CheckExact(value):
            try:
                text = PyUnicode_AsUTF8AndSize(value, &size)
            except UnicodeEncodeError:
                lit_slow(value, False)  # raises the error that names it
                raise
            self.held.append(value)
            self.values[at] = <uint64_t> <uintptr_t> text
            self.value_lengths[at] = <unsigned long> size
            return T_STRING
        if PyLong_CheckExact(value) or value is True or value is False:
            number = PyLong_AsLongLongAndOverflow(value, &overflow)
            if not overflow:
                self.values[at] = <uint64_t> number
                return T_LONGLONG
        if PyFloat_CheckExact(value):
            real = PyFloat_AS_DOUBLE(value)
            if isfinite(real):
                memcpy(self.values + at, &real, 8)
                return T_DOUBLE
        if PyBytes_CheckExact(value):
            kind = T_BLOB
            content = value
        else:
            literal = lit_slow(value, False)
            kind = T_NEWDECIMAL
            content = literal
            if literal.endswith(b"'"):
                kind = T_BLOB if literal.startswith(b"_") else T_STRING
                content = literal[literal.index(b"'") + 1:len(literal) - 1].replace(b"''", b"'")
            elif b"e" in literal:
                return self._put(column, row, float(literal))
        self.held.append(content)
        self.values[at] = <uint64_t> <uintptr_t> PyBytes_AS_STRING(content)
        self.value_lengths[at] = <unsigned long> PyBytes_GET_SIZE(content)
        return kind

    cdef Py_ssize_t _put_row(self, object params, Py_ssize_t row, Py_ssize_t number) except -2:
        """Keep a row of parameters: their bytes; -1: a type differs from its column's, and nothing can be done."""
        cdef tuple values = <tuple> params if PyTuple_CheckExact(params) else lit_as_tuple(params, number)
        cdef Py_ssize_t i = 0, size = 0
        cdef int kind
        if len(values) != self.params:
            raise lit_miscount(self.params, len(values), number)
        try:
            for i in range(self.params):
                kind = self._put(i, row, values[i])
                if kind != T_NULL and kind != self.value_types[i]:
                    if self.value_types[i] != T_NULL:
                        return -1
                    self.value_types[i] = kind
                size += 9 + <Py_ssize_t> self.value_lengths[i * self.room + row]
        except (TypeError, ValueError) as error:
            raise lit_placed(error, number, i + 1) from error.__cause__
        return size

    cdef int _run(self, Py_ssize_t rows) except -1:
        """Send what was put; rows 0: not as an array."""
        cdef unsigned int array_size = <unsigned int> rows
        cdef bind_info *bind
        cdef Py_ssize_t i, at
        cdef int failed = 0
        if self.params:
            memset(self.param_binds, 0, self.params * sizeof(bind_info))
        for i in range(self.params):
            bind = self.param_binds + i
            at = i * self.room
            bind.buffer_type = self.value_types[i]
            bind.length = self.value_lengths + at
            bind.buffer = self.values + at
            if rows:
                bind.indicator = self.indicators + at
                if bind.buffer_type == T_NULL:
                    bind.buffer_type = T_STRING
            elif bind.buffer_type not in (T_LONGLONG, T_DOUBLE, T_NULL):
                bind.buffer = <void *> <uintptr_t> self.values[at]
        try:
            if rows or self.array_size:
                self.attr_set(self.stmt, STMT_ATTR_ARRAY_SIZE, &array_size)
                self.array_size = rows
            with nogil:
                self.library.forget_tls_errors()
                if self.params:
                    failed = self.bind_param(self.stmt, self.param_binds)
                if not failed:
                    failed = self.stmt_execute(self.stmt)
        finally:
            self.held.clear()
        if failed:
            self._raise_error()
            raise _abc.WireError(2000, "the client library failed without saying why", "HY000")
        return 0

    def execute(self, params):
        """Run the statement; open() then begins its result. Raises WireError, and what bind() raises."""
        cdef Py_ssize_t i
        self._check_open()
        self._make_param_room(1)
        for i in range(self.params):
            self.value_types[i] = T_NULL
        self._put_row(params, 0, 0)
        self._run(0)

    def execute_rows(self, rows, Py_ssize_t start, Py_ssize_t most, Py_ssize_t limit):
        """Run the statement for rows[start] and rows after it, at most ``most`` of them and about ``limit`` bytes.

        libmariadb and MariaDB only. Returns the index of the first row not done; ``start`` where one column's
        parameters are of several types, which an array cannot hold. Raises as execute(), naming the row.
        """
        cdef Py_ssize_t i, count = 0, size, total = 0
        self._check_open()
        lit_check_rows(rows, start)
        most = min(most, len(rows) - start)
        self._make_param_room(most)
        for i in range(self.params):
            self.value_types[i] = T_NULL
        try:
            while count < most:
                size = self._put_row(PySequence_GetItem(rows, start + count), count, start + count + 1)
                if size < 0:
                    return start
                total += size
                if count and total > limit:
                    break
                count += 1
            self._run(count)
        finally:
            self.held.clear()
        return start + count

    # ---- rows

    def open(self):
        """Begin reading the result; False where there is none. Raises WireError."""
        cdef Py_ssize_t i
        cdef field_info *fields
        if self.result is not NULL:
            raise RuntimeError("the result before this one is still open")
        self.rows = self.next_row = 0
        self.pending = NULL
        self.oversized = False
        self.bound = False
        self.width = 0
        self.done = True
        if self.field_count(self.stmt) == 0:
            return False
        # anew each time: ALTER TABLE may have come between
        self.result = self.result_metadata(self.stmt)
        if self.result is NULL:
            self._raise_error()
            raise MemoryError()
        self.width = self.library.num_fields(self.result)
        self.done = False
        self._make_room()
        self._make_column_room()
        fields = self._fields()
        for i in range(self.width):
            if fields[i].type == T_VECTOR and self.library.mariadb:  # would call no function for it
                raise _abc.WireError(CR_UNSUPPORTED_PARAM_TYPE, "the client library cannot fetch a VECTOR", "HY000")
        return True

    cdef int _make_column_room(self) except -1:
        cdef Py_ssize_t i, width = self.width
        if width <= self.columns_room:
            return 0
        self.binds = <bind_info *> _grown(self.binds, width * <Py_ssize_t> sizeof(bind_info))
        self.slots = <char *> _grown(self.slots, width * SLOT)
        self.cell_data = <char **> _grown(self.cell_data, width * <Py_ssize_t> sizeof(char *))
        self.cell_lengths = <unsigned long *> _grown(self.cell_lengths, width * <Py_ssize_t> sizeof(unsigned long))
        self.nulls = <char *> _grown(self.nulls, width)
        self.ways = <char *> _grown(self.ways, width)
        self.cell_decimals = <unsigned int *> _grown(self.cell_decimals, width * <Py_ssize_t> sizeof(unsigned int))
        self.long_sizes = <unsigned long *> _grown(self.long_sizes, width * <Py_ssize_t> sizeof(unsigned long))
        self.long_cells = <char **> _grown(self.long_cells, width * <Py_ssize_t> sizeof(char *))
        for i in range(self.columns_room, width):
            self.long_cells[i] = NULL
            self.long_sizes[i] = 0
        self.columns_room = width
        return 0

    def fetch(self, plan, Py_ssize_t limit=-1):
        """Reader.fetch."""
        if not self.bound and not self.done:
            self._bind_columns(_Decoder(plan))
        return Reader.fetch(self, plan, limit)

    cdef int _bind_columns(self, _Decoder d) except -1:
        cdef field_info *fields = self._fields()
        cdef bind_info *bind
        cdef Py_ssize_t i
        cdef uint8_t code
        if d.width != self.width:
            raise ValueError(f"a plan of {d.width} columns does not fit a result of {self.width}")
        memset(self.binds, 0, self.width * sizeof(bind_info))
        for i in range(self.width):
            bind = self.binds + i
            bind.length = self.cell_lengths + i
            bind.is_null = self.nulls + i
            bind.buffer = self.slots + i * SLOT
            bind.buffer_length = SLOT
            code = d.codes[i]
            self.cell_decimals[i] = fields[i].decimals
            self.ways[i] = AS_TEXT
            bind.buffer_type = T_STRING
            if code == CODE_INT or code == CODE_BOOL:
                self.ways[i] = AS_INT
                bind.buffer_type = T_LONGLONG
                bind.is_unsigned = (fields[i].flags & UNSIGNED_FLAG) != 0 or fields[i].type == T_YEAR
                if bind.is_unsigned:
                    self.cell_decimals[i] = UNSIGNED_FLAG
                else:
                    self.cell_decimals[i] = 0
            elif code == CODE_FLOAT:
                self.ways[i] = AS_FLOAT if fields[i].type == T_FLOAT else AS_DOUBLE
                bind.buffer_type = T_FLOAT if fields[i].type == T_FLOAT else T_DOUBLE
            elif code in (CODE_DATE, CODE_TIMEDELTA, CODE_TIME, CODE_DATETIME, CODE_DATETIME_UTC):
                self.ways[i] = AS_TIME
                bind.buffer_type = fields[i].type
        if self.bind_result(self.stmt, self.binds):
            self._raise_error()
        self.bound = True
        return 0

    cdef int _next(self, row_t *row) noexcept nogil:
        cdef int status = self.stmt_fetch(self.stmt)
        cdef Py_ssize_t i
        if status == NO_DATA:
            return END
        if status == 1:
            return FAILED
        for i in range(self.width):
            if self.nulls[i]:
                self.cell_data[i] = NULL
                self.cell_lengths[i] = 0
            elif self.ways[i] == AS_TEXT:
                self.cell_data[i] = self.slots + i * SLOT
                if self.cell_lengths[i] > SLOT and self._fetch_long(i):
                    return FAILED
            else:
                self.cell_data[i] = self.slots + i * SLOT
                self.cell_lengths[i] = sizeof(time_info) if self.ways[i] == AS_TIME else 8
        row[0] = self.cell_data
        return ROW

    cdef int _fetch_long(self, Py_ssize_t i) noexcept nogil:
        """Fetch a cell that is longer than its slot again, in whole; 0 where it went well."""
        cdef bind_info bind
        cdef unsigned long length = self.cell_lengths[i], got = 0
        cdef char *room
        cdef char is_null = 0, error = 0
        if length > self.long_sizes[i]:
            room = <char *> realloc(self.long_cells[i], length)
            if room is NULL:
                return 1
            self.long_cells[i] = room
            self.long_sizes[i] = length
        memset(&bind, 0, sizeof(bind))
        bind.buffer_type = T_STRING
        bind.buffer = self.long_cells[i]
        bind.buffer_length = length
        bind.length = &got
        bind.is_null = &is_null
        bind.error = &error
        self.cell_data[i] = self.long_cells[i]
        return self.fetch_column(self.stmt, &bind, <unsigned int> i, 0)

    cdef unsigned long *_lengths(self) noexcept nogil:
        return self.cell_lengths

    cdef object _decoded(self, _Decoder d, cell_t *cells):
        cdef Py_ssize_t i
        cdef object value
        cdef object row = PyDict_Copy(d.template) if d.keys is not None else PyTuple_New(d.width)
        for i in range(d.width):
            if cells[i].data is NULL or self.ways[i] == AS_TEXT:
                value = _value(d, i, cells[i].data, cells[i].length)
            else:
                value = _binary_value(d, i, self.ways[i], self.cell_decimals[i], cells[i].data)
            if d.keys is not None:
                PyDict_SetItem(row, <object> PyTuple_GET_ITEM(d.keys, i), value)
            else:
                Py_INCREF(value)
                PyTuple_SET_ITEM(row, i, value)
        return row

    def close(self):
        """End the result; rows not fetched yet, and results after it, are read and dropped, blocking."""
        cdef bint had_rows = self.result is not NULL
        cdef int status
        self._end_result()
        with nogil:
            if had_rows:
                self.stmt_free_result(self.stmt)
            status = self.stmt_next_result(self.stmt)
            while status == 0:
                self.stmt_free_result(self.stmt)
                status = self.stmt_next_result(self.stmt)
        if status > 0:
            self._raise_error()

    cdef void _end_result(self) noexcept:
        cdef void *result = self.result
        self.result = NULL
        self.done = True
        self.pending = NULL
        if result is not NULL:
            self.library.free_result(result)

    def reset(self):
        """After an error: make the statement usable again. Raises WireError."""
        cdef int failed
        self._check_open()
        self._end_result()
        with nogil:
            failed = self.stmt_reset(self.stmt)
        if failed:
            self._raise_error()

    def finish(self):
        """Close the statement, here and on the server: nothing can be done with it any more."""
        cdef void *stmt = self.stmt
        self.stmt = NULL
        self._end_result()
        with nogil:
            if stmt is not NULL:
                self.stmt_close(stmt)


cdef void *_grown(void *memory, Py_ssize_t size) except NULL:
    cdef void *room = realloc(memory, <size_t> size)
    if room is NULL:
        raise MemoryError()
    return room


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
    if way == AS_TIME:
        return _binary_time(d, i, decimals, <const time_info *> p)
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
