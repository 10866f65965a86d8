# Prepared statements without ever waiting for the server, by libmariadb's mysql_stmt_..._start and _cont (its
# "Non-blocking API"); libmysqlclient has no such calls.

ctypedef int (*stmt_prepare_start_t)(int *, void *, const char *, unsigned long) noexcept nogil
ctypedef int (*stmt_call_start_t)(int *, void *) noexcept nogil
ctypedef int (*stmt_call_cont_t)(int *, void *, int) noexcept nogil
ctypedef int (*stmt_flag_start_t)(char *, void *) noexcept nogil
ctypedef int (*stmt_flag_cont_t)(char *, void *, int) noexcept nogil


cdef class AsyncStatement(Statement):
    """A Statement that never waits: prepare(), execute(), execute_rows(), next_result() and reset() return at once, and
    resume() goes on with them, ``waiting`` saying for what, as AsyncReader's does.

    Its connection is one that an AsyncReader was made for.
    """

    cdef int suspended
    cdef stmt_prepare_start_t prepare_start
    cdef stmt_call_start_t execute_start, fetch_start, next_result_start
    cdef stmt_call_cont_t prepare_cont, execute_cont, fetch_cont, next_result_cont
    cdef stmt_flag_start_t reset_start
    cdef stmt_flag_cont_t reset_cont
    cdef flag_t stmt_more_results

    def __cinit__(self, Library library not None, connection):
        cdef Library lib = library
        self.prepare_start = <stmt_prepare_start_t> lib._symbol(b"mysql_stmt_prepare_start")
        self.prepare_cont = <stmt_call_cont_t> lib._symbol(b"mysql_stmt_prepare_cont")
        self.execute_start = <stmt_call_start_t> lib._symbol(b"mysql_stmt_execute_start")
        self.execute_cont = <stmt_call_cont_t> lib._symbol(b"mysql_stmt_execute_cont")
        self.fetch_start = <stmt_call_start_t> lib._symbol(b"mysql_stmt_fetch_start")
        self.fetch_cont = <stmt_call_cont_t> lib._symbol(b"mysql_stmt_fetch_cont")
        self.next_result_start = <stmt_call_start_t> lib._symbol(b"mysql_stmt_next_result_start")
        self.next_result_cont = <stmt_call_cont_t> lib._symbol(b"mysql_stmt_next_result_cont")
        self.reset_start = <stmt_flag_start_t> lib._symbol(b"mysql_stmt_reset_start")
        self.reset_cont = <stmt_flag_cont_t> lib._symbol(b"mysql_stmt_reset_cont")
        self.stmt_more_results = <flag_t> lib._symbol(b"mysql_stmt_more_results")
        self.chunks = CHUNKS_A_TURN

    @property
    def more_results(self):
        self._check_open()
        return self.stmt_more_results(self.stmt) != 0

    def next_result(self):
        """Read the beginning of the next result; only where there is one, and the one before was read to its end."""
        self._check_open()
        self._end_result()
        self._call(NEXT_RESULT)

    def resume(self):
        """Go on with what was begun, the socket being ready."""
        cdef int call = self.suspended, failed = 0
        self._check_open()
        with nogil:
            self.library.forget_tls_errors()
            self._continue(&failed)
        if not self.waiting:
            self._called(call, failed)

    cdef int _call(self, int call) except -1:
        cdef const char *text = PyBytes_AS_STRING(self.text)
        cdef unsigned long length = <unsigned long> PyBytes_GET_SIZE(self.text)
        cdef int failed = 0, wait = 0
        cdef char flag = 0
        if self.suspended != NO_CALL:
            raise RuntimeError("the statement before this one is not done")
        with nogil:
            self.library.forget_tls_errors()
            if call == PREPARE:
                wait = self.prepare_start(&failed, self.stmt, text, length)
            elif call == EXECUTE:
                wait = self.execute_start(&failed, self.stmt)
            elif call == NEXT_RESULT:
                wait = self.next_result_start(&failed, self.stmt)
            elif call == RESET:
                wait = self.reset_start(&flag, self.stmt)
                failed = flag
        self._suspend(call, wait)
        return 0 if self.waiting else self._called(call, failed)

    cdef void _continue(self, int *failed) noexcept nogil:
        cdef int wait = 0, ready = READABLE | WRITABLE
        cdef char flag = 0
        if self.suspended == PREPARE:
            wait = self.prepare_cont(failed, self.stmt, ready)
        elif self.suspended == EXECUTE:
            wait = self.execute_cont(failed, self.stmt, ready)
        elif self.suspended == NEXT_RESULT:
            wait = self.next_result_cont(failed, self.stmt, ready)
        elif self.suspended == RESET:
            wait = self.reset_cont(&flag, self.stmt, ready)
            failed[0] = flag
        elif self.suspended == FETCH:
            wait = self.fetch_cont(failed, self.stmt, ready)
        self._suspend(self.suspended, wait)

    cdef void _suspend(self, int call, int wait) noexcept nogil:
        self.waiting = wait & (READABLE | WRITABLE)
        self.suspended = call if wait else NO_CALL

    cdef int _next(self, row_t *row) noexcept nogil:
        cdef int status = 0
        if self.suspended == FETCH:
            self._continue(&status)
        else:
            self._suspend(FETCH, self.fetch_start(&status, self.stmt))
        return WAIT if self.suspended != NO_CALL else self._fetched(status, row)

    def close(self):
        """End the result, which was read to its end, and the suspended call. Where there is one, the socket must have
        been shut down: libmariadb has to run the call to its end.
        """
        cdef bint read = self.result is not NULL and self.done
        cdef int failed = 0, attempts = 0
        if not self.connection.open:  # mysql_close() has taken the statement, and the call, from its connection
            self.suspended = NO_CALL
        while self.suspended != NO_CALL and attempts < 1000:
            attempts += 1
            self._continue(&failed)
        if read and self.suspended == NO_CALL:
            self.stmt_free_result(self.stmt)
        self.waiting = 0
        self._end_result()

    def finish(self):
        """Statement.finish."""
        self.close()
        if self.suspended == NO_CALL:  # else it is leaked, rather than waited for
            Statement.finish(self)
