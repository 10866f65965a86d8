# Rows straight from the client library's buffers, while the server is still sending.
#
# In turns: without the GIL, copy up to 64 KiB or 256 rows into the arena; with it, decode the arena.
# One hand-over of the GIL a chunk, not a row: a row at a time collapses under threads.

from cpython.pycapsule cimport PyCapsule_GetPointer

cdef extern from "Python.h":
    enum:
        PY_SSIZE_T_MAX

cdef extern from "busy_poll.h" nogil:
    ctypedef struct busy_poll:
        long window
        unsigned long looks
    enum:
        MARIADB_OPT_IO_WAIT
    void busy_poll_begin(busy_poll *)
    void busy_poll_end()
    void *busy_poll_callback()

cdef enum:
    ARENA_SIZE = 65536
    CHUNK_ROWS = 256
    CHARSET_BINARY = 63
    PARTS = 5  # numbers that a column's signature begins with

cdef enum:  # next_row
    ROW, END, WAIT, FAILED

ctypedef struct cell_t:
    const char *data  # NULL: SQL NULL
    Py_ssize_t length


cdef class Reader:
    """Reads the results of one connection, one at a time. Not safe for concurrent use: the session's
    lock must be held from the statement to the last row, and the connection must not be closed meanwhile.

    connection: a MySQLdb connection; kept alive by the reader, since the MYSQL* points into it.
    """

    cdef Library library
    cdef object connection
    cdef void *mysql
    cdef void *result
    cdef Py_ssize_t chunks  # read by one fetch() or skip()
    cdef readonly int waiting
    cdef readonly bint done
    cdef readonly Py_ssize_t width
    cdef char *arena
    cdef cell_t *cells
    cdef Py_ssize_t cell_room  # cells allocated
    cdef Py_ssize_t rows, next_row  # rows in the arena; the first not decoded yet
    cdef row_t pending  # fetched, but the arena had no room for it
    cdef bint oversized  # pending is larger than the whole arena: decode it where it is
    cdef _Decoder decoder  # of the plan that fetch() had last
    cdef object planner, shape, plan  # what read() had last
    cdef bytes columns_planned  # their signature
    cdef busy_poll polling

    def __cinit__(self, Library library not None, connection):
        self.library = library
        self.connection = connection
        self.mysql = PyCapsule_GetPointer(connection._get_native_connection(), b"_mysql.connection.native_connection")
        self.chunks = PY_SSIZE_T_MAX
        self.done = True
        self.arena = <char *> PyMem_Malloc(ARENA_SIZE)
        if self.arena is NULL:
            raise MemoryError()

    def __dealloc__(self):
        # An open result belongs to the connection's buffers: who owns the session closes it.
        PyMem_Free(self.arena)
        PyMem_Free(self.cells)

    @property
    def busy_poll_us(self):
        """Microseconds that an answer is looked for before sleeping until it comes; 0 where the library cannot."""
        return self.polling.window // 1000

    @busy_poll_us.setter
    def busy_poll_us(self, unsigned int microseconds):
        cdef void *wait = busy_poll_callback()
        if microseconds and self.library.mariadb and not self.library.options(self.mysql, MARIADB_OPT_IO_WAIT, wait):
            self.polling.window = <long> microseconds * 1000

    @property
    def busy_poll_looks(self):
        """How many answers were looked for."""
        return self.polling.looks

    def send(self, query, bytes statement not None):
        """``query(statement)``: it sends the statement and reads the beginning of the answer."""
        busy_poll_begin(&self.polling)
        try:
            query(statement)
        finally:
            busy_poll_end()

    def reset_connection(self):
        """Have the server end the session's transaction and forget its state (COM_RESET_CONNECTION); blocks.

        Raises WireError.
        """
        cdef int failed
        if self.result is not NULL:
            raise RuntimeError("the result before this is still open")
        with nogil:
            self.library.forget_tls_errors()
            failed = self.library.reset_connection(self.mysql)
        if failed:
            self._raise_error()

    def read(self, planner, shape):
        """The first result of the statement sent: (rows or None, affected rows, generated id or None, names).

        planner.plan(self, shape) says how to decode the rows. Raises what open() and fetch() raise.
        """
        if not self.open():
            return self._no_rows()
        plan = self._plan(planner, shape)
        rows = self.fetch(plan)
        self.close()
        return rows, len(rows), None, plan.names

    cdef object _plan(self, planner, shape):
        """planner.plan(), asked only for other columns or another shape than the last."""
        if planner is not self.planner or shape is not self.shape or not self._as_planned():
            self.planner = None
            self.plan = planner.plan(self, shape)
            self.columns_planned = self.signature()
            self.planner, self.shape = planner, shape
        return self.plan

    @property
    def more_results(self):
        """Whether another result comes after the one read."""
        return self.library.more_results(self.mysql) != 0

    cdef tuple _no_rows(self):
        cdef uint64_t generated = self.library.insert_id(self.mysql)
        return None, <int64_t> self.library.affected_rows(self.mysql), generated if generated else None, ()

    def open(self):
        """Begin reading the statement's result; False where it has none.

        Raises WireError(errno, message, sqlstate).
        """
        if self.result is not NULL:
            raise RuntimeError("the result before this one is still open")
        self.result = self.library.use_result(self.mysql)
        self.rows = self.next_row = 0
        self.pending = NULL
        self.oversized = False
        self.waiting = 0
        if self.result is NULL:
            self.done = True
            self.width = 0
            self._raise_error()
            return False
        self.done = False
        self.width = self.library.num_fields(self.result)
        self._make_room()
        return True

    cdef int _make_room(self) except -1:
        cdef Py_ssize_t room = self.width if self.width > 4096 else 4096
        cdef cell_t *cells
        if room > self.cell_room:
            cells = <cell_t *> PyMem_Realloc(self.cells, <size_t> room * sizeof(cell_t))
            if cells is NULL:
                raise MemoryError()
            self.cells = cells
            self.cell_room = room
        return 0

    cdef int _raise_error(self) except -1:
        cdef unsigned int errno = self.library.errno_(self.mysql)
        if errno:
            raise _abc.WireError(
                errno,
                self.library.error(self.mysql).decode("utf-8", "replace"),
                self.library.sqlstate(self.mysql).decode("ascii", "replace"),
            )
        return 0

    def signature(self):
        """bytes that are equal where the columns are: types, flags, charsets, decimals and names."""
        cdef field_info *fields = self._fields()
        cdef Py_ssize_t size = 0, i
        cdef unsigned int part[PARTS]
        cdef char *at
        cdef bytes signature
        for i in range(self.width):
            size += <Py_ssize_t> sizeof(part) + fields[i].name_length
        signature = PyBytes_FromStringAndSize(NULL, size)
        at = PyBytes_AS_STRING(signature)
        for i in range(self.width):
            _describe(fields + i, part)
            memcpy(at, part, sizeof(part))
            memcpy(at + sizeof(part), fields[i].name, fields[i].name_length)
            at += sizeof(part) + fields[i].name_length
        return signature

    cdef bint _as_planned(self) except -1:
        """Whether signature() is the same as at the last plan."""
        cdef field_info *fields = self._fields()
        cdef const char *at = PyBytes_AS_STRING(self.columns_planned)
        cdef Py_ssize_t left = PyBytes_GET_SIZE(self.columns_planned), size, i
        cdef unsigned int part[PARTS]
        for i in range(self.width):
            size = <Py_ssize_t> sizeof(part) + fields[i].name_length
            _describe(fields + i, part)
            if left < size or memcmp(at, part, sizeof(part)):
                return False
            if memcmp(at + sizeof(part), fields[i].name, fields[i].name_length):
                return False
            at += size
            left -= size
        return left == 0

    def columns(self):
        """(name, type, flags, binary, decimals) of each column."""
        cdef field_info *fields = self._fields()
        cdef list columns = []
        cdef Py_ssize_t i
        for i in range(self.width):
            if strlen(fields[i].name) != fields[i].name_length:
                raise RuntimeError("MYSQL_FIELD is not laid out as expected: use RHOSOCIAL_MYSQLCLIENT_IMPL=compiled")
            columns.append((
                fields[i].name[:fields[i].name_length].decode("utf-8", "replace"),
                fields[i].type,
                fields[i].flags,
                fields[i].charsetnr == CHARSET_BINARY,
                fields[i].decimals,
            ))
        return tuple(columns)

    cdef field_info *_fields(self) except NULL:
        if self.result is NULL:
            raise RuntimeError("no result is open")
        return self.library.fetch_fields(self.result)

    def fetch(self, plan, Py_ssize_t limit=-1):
        """Up to ``limit`` rows (-1: all) decoded as ``plan`` says, as a list; ``done`` after the last.

        Raises WireError where the server or the connection failed, and what decode_rows raises.
        """
        cdef _Decoder decoder = self.decoder
        cdef int was_on
        if decoder is None or decoder.plan is not plan:
            decoder = self.decoder = _Decoder(plan)
        if decoder.width != self.width and not self.done:
            raise ValueError(f"a plan of {decoder.width} columns does not fit a result of {self.width}")
        self.waiting = 0
        if decoder.calls is not None:  # adapters may make cycles
            return self._fetch(decoder, limit)
        was_on = collector_pause()
        try:
            return self._fetch(decoder, limit)
        finally:
            collector_resume(was_on)

    cdef list _fetch(self, _Decoder decoder, Py_ssize_t limit):
        cdef list rows = []
        cdef Py_ssize_t chunks = self.chunks
        while True:
            while self.next_row < self.rows:
                if limit >= 0 and len(rows) >= limit:
                    return rows
                self.next_row += 1  # before decoding: a row that fails is not tried again
                PyList_Append(rows, self._decoded(decoder, self.cells + (self.next_row - 1) * self.width))
            if self.done or self.waiting or chunks == 0:
                return rows
            if limit >= 0 and len(rows) >= limit:
                return rows
            chunks -= 1
            if self.oversized:
                self._locate(self.pending)
                self.pending = NULL
                self.oversized = False
                self.rows = 1
                self.next_row = 0
                continue
            self._fill()

    def skip(self):
        """Read and drop the rows left; returns how many."""
        cdef Py_ssize_t skipped = self.rows - self.next_row, chunks = self.chunks
        self.waiting = 0
        self.rows = self.next_row = 0
        while not self.done and not self.waiting and chunks:
            chunks -= 1
            if self.oversized:
                self.pending = NULL
                self.oversized = False
                skipped += 1
            self._fill()
            skipped += self.rows
            self.rows = 0
        return skipped

    cdef int _locate(self, row_t row) except -1:
        """Point the first row of cells at a row where the library keeps it."""
        cdef unsigned long *lengths = self._lengths()
        cdef Py_ssize_t i
        for i in range(self.width):
            self.cells[i].data = row[i]
            self.cells[i].length = <Py_ssize_t> lengths[i]
        return 0

    cdef int _fill(self) except -1:
        cdef int status
        with nogil:
            self.library.forget_tls_errors()
            status = self._copy_rows()
        if status == END or status == FAILED:
            self.done = True
            if status == FAILED or self.library.errno_(self.mysql):
                self.rows = self.next_row = 0
                self._raise_error()
                raise _abc.WireError(2000, "the client library failed without saying why", "HY000")
        return 0

    cdef int _copy_rows(self) noexcept nogil:
        """Fill the arena; what ended it: ROW (it is full), END, WAIT or FAILED."""
        cdef Py_ssize_t used = 0, i, size, most
        cdef unsigned long *lengths
        cdef cell_t *cell = self.cells
        cdef row_t row
        cdef int status
        self.rows = self.next_row = 0
        most = self.cell_room // self.width if self.width else 0
        if most > CHUNK_ROWS:
            most = CHUNK_ROWS
        while self.rows < most:
            row = self.pending
            if row is NULL:
                status = self._next(&row)
                if status != ROW:
                    return status
            self.pending = NULL
            lengths = self._lengths()
            size = 0
            for i in range(self.width):
                size += <Py_ssize_t> lengths[i]
            if size > ARENA_SIZE - used:
                self.pending = row
                self.oversized = used == 0 and self.rows == 0
                return ROW
            for i in range(self.width):
                cell.length = <Py_ssize_t> lengths[i]
                if row[i] is NULL:
                    cell.data = NULL
                else:
                    cell.data = self.arena + used
                    memcpy(self.arena + used, row[i], lengths[i])
                    used += cell.length
                cell += 1
            self.rows += 1
        return ROW

    cdef int _next(self, row_t *row) noexcept nogil:
        row[0] = self.library.fetch_row(self.result)
        if row[0] is NULL:
            return FAILED if self.library.errno_(self.mysql) else END
        return ROW

    cdef unsigned long *_lengths(self) noexcept nogil:
        """Of the cells of the row fetched last."""
        return self.library.fetch_lengths(self.result)

    cdef object _decoded(self, _Decoder decoder, cell_t *cells):
        return _row(decoder, cells)

    def close(self):
        """End the result; rows not fetched yet are read and dropped, blocking."""
        cdef void *result = self.result
        if result is NULL:
            return
        self.result = NULL
        self.done = True
        self.pending = NULL
        with nogil:
            self.library.free_result(result)


cdef void _describe(field_info *field, unsigned int *part) noexcept nogil:
    part[0], part[1], part[2] = <unsigned int> field.type, field.flags, field.charsetnr
    part[3], part[4] = field.decimals, field.name_length


cdef object _row(_Decoder d, cell_t *cells):
    cdef Py_ssize_t i
    cdef object value
    cdef object row = PyDict_Copy(d.template) if d.keys is not None else PyTuple_New(d.width)
    for i in range(d.width):
        value = _value(d, i, cells[i].data, cells[i].length)
        if d.keys is not None:
            PyDict_SetItem(row, <object> PyTuple_GET_ITEM(d.keys, i), value)
        else:
            Py_INCREF(value)
            PyTuple_SET_ITEM(row, i, value)
    if d.keys is None:
        collector_forget(row)
    return row
