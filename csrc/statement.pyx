# Prepared statements: parameters and rows in binary. Rows go the way of the drain, from the result's own buffers into
# the arena, and by the same plans into values.

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
    cdef flag_t stmt_close, stmt_free_result, stmt_reset
    cdef stmt_attr_set_t attr_set
    cdef bytes text  # while it is being prepared
    cdef readonly Py_ssize_t params
    cdef _Parameters parameters
    cdef bint binding  # parameters are being put
    cdef bytearray typed  # 1: the parameter was a number first, 2: a text
    cdef unsigned int array_size
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
        self.stmt_close = <flag_t> lib._symbol(b"mysql_stmt_close")
        self.stmt_free_result = <flag_t> lib._symbol(b"mysql_stmt_free_result")
        self.stmt_reset = <flag_t> lib._symbol(b"mysql_stmt_reset")
        self.attr_set = <stmt_attr_set_t> lib._symbol(b"mysql_stmt_attr_set")
        self.text = b""
        self.parameters = _Parameters()
        self.stmt = init(self.mysql)
        if self.stmt is NULL:
            raise MemoryError()

    def __dealloc__(self):
        # Whoever owns the session has closed the statement: it talks to the server.
        cdef Py_ssize_t i
        for i in range(self.columns_room):
            free(self.long_cells[i])
        free(self.binds)
        free(self.slots)
        free(self.cell_data)
        free(self.cell_lengths)
        free(self.nulls)
        free(self.ways)
        free(self.cell_decimals)
        free(self.long_cells)
        free(self.long_sizes)

    cdef int _check_open(self) except -1:
        if self.stmt is NULL:
            raise RuntimeError("the statement is closed")
        return 0

    def prepare(self, bytes text not None):
        """Prepare ``text``, whose placeholders are ``?``. Raises WireError."""
        self._check_open()
        self.text = text
        self._call(PREPARE)

    cdef int _call(self, int call) except -1:
        """Do what the server has to answer."""
        cdef const char *text = PyBytes_AS_STRING(self.text)
        cdef unsigned long length = <unsigned long> PyBytes_GET_SIZE(self.text)
        cdef int failed = 0
        with nogil:
            self.library.forget_tls_errors()
            if call == PREPARE:
                failed = self.stmt_prepare(self.stmt, text, length)
            elif call == EXECUTE:
                busy_poll_begin(&self.polling)
                failed = self.stmt_execute(self.stmt)
                busy_poll_end()
            elif call == RESET:
                failed = self.stmt_reset(self.stmt)
        return self._called(call, failed)

    cdef int _called(self, int call, int failed) except -1:
        """The server has answered."""
        if call == EXECUTE:
            self.parameters.forget()
        if failed:
            self._raise_error()
            raise _abc.WireError(2000, "the client library failed without saying why", "HY000")
        if call == PREPARE:
            self.text = b""
            self.params = <Py_ssize_t> self.param_count(self.stmt)
            self.typed = bytearray(self.params)
            if self.open():
                self._end_result()
        return 0

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
        return Reader._raise_error(self)  # where libmariadb has what came between the rows

    # ---- parameters

    cdef int _run(self) except -1:
        if self.params and self.bind_param(self.stmt, self.parameters.binds):
            return self._called(EXECUTE, 1)
        return self._call(EXECUTE)

    cdef int _set_array_size(self, Py_ssize_t rows) noexcept:
        """0 rows: not an array."""
        cdef unsigned int array_size = <unsigned int> rows
        if array_size != self.array_size:
            self.attr_set(self.stmt, STMT_ATTR_ARRAY_SIZE, &array_size)
            self.array_size = array_size
        return 0

    cdef int _begin(self, Py_ssize_t rows) except -1:
        self._check_open()
        if self.binding:  # by a parameter's own code, as a tzinfo's
            raise RuntimeError("the statement's parameters are being bound")
        self.parameters.begin(self.params, rows)
        self.binding = True
        return 0

    def execute(self, params):
        """Run the statement; open() then begins its result. Raises WireError, and what bind() raises.

        False: it was not run, since a parameter can only be sent as text, or was a number before and is none now, or the
        other way round: MySQL types it by the first, and would compare texts as numbers from then on.
        """
        cdef Py_ssize_t size
        self._begin(1)
        try:
            size = self.parameters.put_row(params, 0, 0)
        finally:
            self.binding = False
        if size < 0 or self._typed_otherwise():
            return False
        self.parameters.bind_one()
        self._set_array_size(0)
        self._run()
        return True

    cdef bint _typed_otherwise(self) except -1:
        cdef Py_ssize_t i
        cdef int kind, found
        for i in range(self.params):
            kind = self.parameters.types[i]
            if kind == T_NULL:
                continue
            found = 1 if kind in (T_LONGLONG, T_DOUBLE, T_NEWDECIMAL) else 2
            if self.typed[i] == 0:
                self.typed[i] = found
            elif self.typed[i] != found:
                return True
        return False

    def execute_rows(self, rows, Py_ssize_t start, Py_ssize_t limit, Py_ssize_t before=0):
        """Run the statement for rows[start] and rows after it, about ``limit`` bytes of them, all or none.

        libmariadb and MariaDB only. Returns the index of the first row not done; ``start`` where that is longer than
        ``limit``, or a column's parameters are of so many types that it would be done in small pieces: an array is of
        one. Raises as execute(), naming the row, ``before`` of which were not in ``rows``.
        """
        cdef Py_ssize_t count
        lit_check_rows(rows, start)
        self._begin(min(ARRAY_ROWS, len(rows) - start))
        try:
            count = self._put_rows(rows, start, limit, before)
        finally:
            self.binding = False
        if count:
            self.parameters.bind_array(count)
            self._set_array_size(count)
            self._run()
        return start + count

    cdef Py_ssize_t _put_rows(self, rows, Py_ssize_t start, Py_ssize_t limit, Py_ssize_t before) except -1:
        cdef Py_ssize_t count = 0, total = 0, size
        while count < self.parameters.rows and start + count < len(rows):
            size = self.parameters.put_row(PySequence_GetItem(rows, start + count), count, before + start + count + 1)
            if size < 0:
                return count if count >= FEW_ROWS else 0
            total += size
            if total > limit:
                break
            count += 1
        return count

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

    cdef tuple _no_rows(self):
        return None, self.affected_rows, self.insert_id or None, ()

    def fetch(self, plan, Py_ssize_t limit=-1):
        """Reader.fetch."""
        if not self.bound and not self.done:
            if self.decoder is None or self.decoder.plan is not plan:
                self.decoder = _Decoder(plan)
            self._bind_columns(self.decoder)
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
        return self._fetched(self.stmt_fetch(self.stmt), row)

    cdef int _fetched(self, int status, row_t *row) noexcept nogil:
        """What mysql_stmt_fetch() said, as next_row says it."""
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
        if d.keys is None:
            collector_forget(row)
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
        self._check_open()
        self._end_result()
        self._call(RESET)

    def finish(self):
        """Close the statement, here and on the server: nothing can be done with it any more."""
        cdef void *stmt = self.stmt
        self.stmt = NULL
        self._end_result()
        with nogil:
            if stmt is not NULL:
                self.stmt_close(stmt)
