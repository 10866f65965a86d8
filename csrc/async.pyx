# Statements and their rows without ever waiting for the server: what would wait is suspended, and goes on
# when the socket is ready.
#
# libmariadb runs such a call on a stack of its own (mysql_..._start, _cont; its "Non-blocking API"), and answers
# what it waits for. libmysqlclient's mysql_..._nonblocking calls keep their state in MYSQL and are called again
# (manual, "C API Asynchronous Interface").

cdef enum:
    CHUNKS_A_TURN = 4  # a few milliseconds of decoding

cdef enum:  # a call that may be suspended
    NO_CALL, QUERY, NEXT_RESULT, FETCH, PREPARE, EXECUTE, RESET

cdef enum:  # libmariadb's mysql.h, MYSQL_WAIT_*
    READABLE = 1
    WRITABLE = 2

cdef enum:  # libmysqlclient's mysql.h, enum net_async_status
    NET_ASYNC_NOT_READY = 1
    NET_ASYNC_ERROR = 2


cdef class AsyncReader(Reader):
    """A Reader that never waits, and sends the statements too.

    After query(), next_result(), resume(), fetch() and skip(), ``waiting`` says what the socket must become before
    going on (1 readable, 2 writable, 3 either; 0: nothing). fetch() and skip() also return now and then without
    waiting, for others to have their turn: call them until ``done``.
    """

    cdef int suspended
    cdef bytes statement  # the library holds no copy of it

    def __cinit__(self, Library library not None, connection):
        if not library.nonblocking:
            raise ImportError("the client library behind mysqlclient has no non-blocking calls")
        if library.mariadb and library.options(self.mysql, MYSQL_OPT_NONBLOCK, NULL):
            raise MemoryError()
        self.chunks = CHUNKS_A_TURN
        self.statement = b""

    def query(self, bytes statement not None):
        """Send a statement and read its answer up to the first row; resume() while ``waiting``.

        Raises WireError(errno, message, sqlstate).
        """
        self._idle()
        self.statement = statement
        self._call(QUERY, False)

    def next_result(self):
        """Read the beginning of the next result, as query() does the first one's; only where there is one."""
        self._idle()
        self._call(NEXT_RESULT, False)

    def resume(self):
        """Go on with query() or next_result(), the socket being ready."""
        self._call(self.suspended, True)

    cdef int _idle(self) except -1:
        if self.suspended != NO_CALL or self.result is not NULL:
            raise RuntimeError("the statement before this one is not done")
        return 0

    cdef int _call(self, int call, bint again) except -1:
        cdef const char *text = PyBytes_AS_STRING(self.statement)
        cdef unsigned long length = <unsigned long> PyBytes_GET_SIZE(self.statement)
        cdef int failed = 0
        with nogil:
            self.library.forget_tls_errors()
            if self.library.next_result_cont is NULL:
                self._call_libmysqlclient(call, text, length, &failed)
            else:
                self._call_libmariadb(call, again, text, length, &failed)
        if not self.waiting:
            self.statement = b""
        if failed:
            self._raise_error()
            raise _abc.WireError(0, "the client library failed without saying why", "HY000")
        return 0

    cdef void _call_libmariadb(
        self, int call, bint again, const char *text, unsigned long length, int *failed
    ) noexcept nogil:
        cdef int result = 0
        if call == QUERY:
            if again:
                self.waiting = self.library.real_query_cont(&result, self.mysql, READABLE | WRITABLE)
            else:
                self.waiting = self.library.real_query_start(&result, self.mysql, text, length)
        elif call == NEXT_RESULT:
            if again:
                self.waiting = self.library.next_result_cont(&result, self.mysql, READABLE | WRITABLE)
            else:
                self.waiting = self.library.next_result_start(&result, self.mysql)
        self._suspend(call, self.waiting)
        # mysql_next_result's -1: no more results; mysql_real_query's: the client lost the protocol's thread
        failed[0] = not self.waiting and (result != 0 if call == QUERY else result > 0)

    cdef void _call_libmysqlclient(self, int call, const char *text, unsigned long length, int *failed) noexcept nogil:
        cdef int status = 0
        if call == QUERY:
            status = self.library.real_query_nonblocking(self.mysql, text, length)
        elif call == NEXT_RESULT:
            status = self.library.next_result_nonblocking(self.mysql)
        self._suspend(call, READABLE if status == NET_ASYNC_NOT_READY else 0)
        failed[0] = status == NET_ASYNC_ERROR

    cdef void _suspend(self, int call, int waiting) noexcept nogil:
        self.waiting = waiting & (READABLE | WRITABLE)
        self.suspended = call if waiting else NO_CALL

    cdef int _next(self, row_t *row) noexcept nogil:
        cdef int status
        row[0] = NULL
        if self.library.fetch_row_cont is NULL:
            status = self.library.fetch_row_nonblocking(self.result, row)
            if status == NET_ASYNC_NOT_READY:
                self._suspend(FETCH, READABLE)
                return WAIT
            self._suspend(FETCH, 0)
        else:
            if self.suspended == FETCH:
                status = self.library.fetch_row_cont(row, self.result, READABLE | WRITABLE)
            else:
                status = self.library.fetch_row_start(row, self.result)
            self._suspend(FETCH, status)
            if status:
                return WAIT
        if row[0] is NULL:
            return FAILED if self.library.errno_(self.mysql) else END
        return ROW

    def close(self):
        """End the result and the suspended call. Where there is one, the socket must have been shut down:
        libmariadb has to run the call to its end, since mysql_free_result would wait for it for ever.
        """
        cdef row_t row = NULL
        cdef int failed = 0, attempts = 0
        self.pending = NULL
        while self.suspended != NO_CALL and self.library.mariadb and attempts < 1000:
            attempts += 1
            if self.suspended == FETCH:
                self._next(&row)
            else:
                self._call_libmariadb(self.suspended, True, NULL, 0, &failed)
        if self.suspended != NO_CALL and self.library.mariadb:
            self.result = NULL  # leaked, rather than waited for
        self.suspended = NO_CALL
        self.waiting = 0
        Reader.close(self)
