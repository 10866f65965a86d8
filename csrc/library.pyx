# The C API of the client library that mysqlclient has loaded: found at run time, as mysql_abi.h says.

cdef extern from "mysql_abi.h" nogil:
    ctypedef struct field_info:
        char *name
        unsigned int name_length
        unsigned int flags
        unsigned int decimals
        unsigned int charsetnr
        int type
    enum:
        MYSQL_OPT_NONBLOCK
    void *abi_open(const char *path)
    void *abi_symbol(void *library, const char *name)
    void abi_close(void *library)

ctypedef char **row_t
ctypedef uint64_t (*number_t)(void *) noexcept nogil
ctypedef void *(*use_result_t)(void *) noexcept nogil
ctypedef unsigned int (*count_t)(void *) noexcept nogil
ctypedef char (*flag_t)(void *) noexcept nogil  # my_bool or bool
ctypedef field_info *(*fetch_fields_t)(void *) noexcept nogil
ctypedef row_t (*fetch_row_t)(void *) noexcept nogil
ctypedef unsigned long *(*fetch_lengths_t)(void *) noexcept nogil
ctypedef const char *(*text_t)(void *) noexcept nogil
ctypedef void (*free_result_t)(void *) noexcept nogil
ctypedef int (*options_t)(void *, int, const void *) noexcept nogil
ctypedef int (*reset_connection_t)(void *) noexcept nogil
ctypedef void (*err_clear_error_t)() noexcept nogil
# libmysqlclient's non-blocking calls
ctypedef int (*fetch_row_nonblocking_t)(void *, row_t *) noexcept nogil
ctypedef int (*real_query_nonblocking_t)(void *, const char *, unsigned long) noexcept nogil
ctypedef int (*next_result_nonblocking_t)(void *) noexcept nogil
# libmariadb's
ctypedef int (*fetch_row_start_t)(row_t *, void *) noexcept nogil
ctypedef int (*fetch_row_cont_t)(row_t *, void *, int) noexcept nogil
ctypedef int (*real_query_start_t)(int *, void *, const char *, unsigned long) noexcept nogil
ctypedef int (*next_result_start_t)(int *, void *) noexcept nogil
ctypedef int (*cont_t)(int *, void *, int) noexcept nogil


cdef class Library:
    """The C API of the client library behind mysqlclient, looked up in the file at ``path``.

    Raises ImportError, naming what is missing, where it cannot be reached.
    """

    cdef void *handle
    cdef number_t affected_rows, insert_id
    cdef use_result_t use_result
    cdef count_t num_fields, errno_
    cdef flag_t more_results
    cdef fetch_fields_t fetch_fields
    cdef fetch_row_t fetch_row
    cdef fetch_lengths_t fetch_lengths
    cdef text_t error, sqlstate
    cdef free_result_t free_result
    cdef options_t options
    cdef reset_connection_t reset_connection
    cdef err_clear_error_t err_clear_error  # OpenSSL's, where the client library uses it, else NULL
    # NULL but in libmysqlclient
    cdef fetch_row_nonblocking_t fetch_row_nonblocking
    cdef real_query_nonblocking_t real_query_nonblocking
    cdef next_result_nonblocking_t next_result_nonblocking
    # NULL but in libmariadb
    cdef fetch_row_start_t fetch_row_start
    cdef fetch_row_cont_t fetch_row_cont
    cdef real_query_start_t real_query_start
    cdef cont_t real_query_cont
    cdef next_result_start_t next_result_start
    cdef cont_t next_result_cont

    def __cinit__(self, str path not None):
        self.handle = abi_open(path.encode())
        if self.handle is NULL:
            raise ImportError(f"the client library loaded by mysqlclient is not reachable through {path}")
        self.affected_rows = <number_t> self._symbol(b"mysql_affected_rows")
        self.insert_id = <number_t> self._symbol(b"mysql_insert_id")
        self.use_result = <use_result_t> self._symbol(b"mysql_use_result")
        self.num_fields = <count_t> self._symbol(b"mysql_num_fields")
        self.more_results = <flag_t> self._symbol(b"mysql_more_results")
        self.fetch_fields = <fetch_fields_t> self._symbol(b"mysql_fetch_fields")
        self.fetch_row = <fetch_row_t> self._symbol(b"mysql_fetch_row")
        self.fetch_lengths = <fetch_lengths_t> self._symbol(b"mysql_fetch_lengths")
        self.errno_ = <count_t> self._symbol(b"mysql_errno")
        self.error = <text_t> self._symbol(b"mysql_error")
        self.sqlstate = <text_t> self._symbol(b"mysql_sqlstate")
        self.free_result = <free_result_t> self._symbol(b"mysql_free_result")
        self.options = <options_t> self._symbol(b"mysql_options")
        self.reset_connection = <reset_connection_t> self._symbol(b"mysql_reset_connection")
        self.err_clear_error = <err_clear_error_t> abi_symbol(self.handle, b"ERR_clear_error")
        self.fetch_row_nonblocking = <fetch_row_nonblocking_t> abi_symbol(self.handle, b"mysql_fetch_row_nonblocking")
        self.real_query_nonblocking = <real_query_nonblocking_t> abi_symbol(self.handle, b"mysql_real_query_nonblocking")
        self.next_result_nonblocking = <next_result_nonblocking_t> abi_symbol(
            self.handle, b"mysql_next_result_nonblocking"
        )
        self.fetch_row_start = <fetch_row_start_t> abi_symbol(self.handle, b"mysql_fetch_row_start")
        self.fetch_row_cont = <fetch_row_cont_t> abi_symbol(self.handle, b"mysql_fetch_row_cont")
        self.real_query_start = <real_query_start_t> abi_symbol(self.handle, b"mysql_real_query_start")
        self.real_query_cont = <cont_t> abi_symbol(self.handle, b"mysql_real_query_cont")
        self.next_result_start = <next_result_start_t> abi_symbol(self.handle, b"mysql_next_result_start")
        self.next_result_cont = <cont_t> abi_symbol(self.handle, b"mysql_next_result_cont")

    @property
    def mariadb(self):
        """Whether the client library is libmariadb."""
        return self.fetch_row_start is not NULL

    @property
    def nonblocking(self):
        """Whether it has what AsyncReader needs."""
        return self.next_result_nonblocking is not NULL or self.next_result_cont is not NULL

    cdef void forget_tls_errors(self) noexcept nogil:
        # SSL_get_error takes an error that another session left in this thread's queue for its own, unless the
        # queue was empty before (its manual page); libmariadb does not see to that.
        if self.err_clear_error is not NULL:
            self.err_clear_error()

    cdef void *_symbol(self, const char *name) except NULL:
        cdef void *found = abi_symbol(self.handle, name)
        if found is NULL:
            raise ImportError(f"the client library behind mysqlclient has no {name.decode()}")
        return found

    def __dealloc__(self):
        if self.handle is not NULL:
            abi_close(self.handle)
