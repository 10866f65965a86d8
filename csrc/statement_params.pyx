# Parameters of a prepared statement, as mysql_stmt_bind_param takes them: one row of them, or for libmariadb arrays of
# rows, a column after the other.

from libc.stdint cimport uintptr_t
from libc.string cimport memmove

cdef enum:
    ARRAY_ROWS = 1024
    FEW_ROWS = 64  # fewer are sent as quickly by an INSERT's text
    TEXTS_KEPT = 1 << 20  # bytes a statement keeps for its next parameters
    T_LITERAL_ONLY = 1000  # of no type that can be bound


cdef class _Parameters:
    cdef Py_ssize_t columns
    cdef Py_ssize_t rows  # that there is room for
    cdef bind_info *binds
    cdef uint64_t *values  # a number; of a text, where it begins, until it is bound
    cdef unsigned long *lengths
    cdef char *indicators
    cdef int *types  # of a column; T_NULL as long as there were only NULLs
    cdef bind_text texts

    def __dealloc__(self):
        free(self.binds)
        free(self.values)
        free(self.lengths)
        free(self.indicators)
        free(self.types)
        Py_XDECREF(self.texts.held)

    cdef int begin(self, Py_ssize_t columns, Py_ssize_t rows) except -1:
        """Make room for rows of parameters, and forget those there were."""
        cdef Py_ssize_t i, count = columns * rows
        self.texts.used = 0
        bind_reserve(&self.texts, 1)  # libmariadb takes a text at NULL for a NULL
        if columns != self.columns or rows > self.rows:
            self.columns = self.rows = 0
            self.binds = <bind_info *> _grown(self.binds, (columns + 1) * <Py_ssize_t> sizeof(bind_info))
            self.types = <int *> _grown(self.types, (columns + 1) * <Py_ssize_t> sizeof(int))
            self.values = <uint64_t *> _grown(self.values, (count + 1) * 8)
            self.lengths = <unsigned long *> _grown(self.lengths, (count + 1) * <Py_ssize_t> sizeof(unsigned long))
            self.indicators = <char *> _grown(self.indicators, count + 1)
            self.columns, self.rows = columns, rows
        for i in range(columns):
            self.types[i] = T_NULL
        return 0

    cdef void forget(self) noexcept:
        if self.texts.size > TEXTS_KEPT:
            Py_XDECREF(self.texts.held)
            self.texts = bind_text(NULL, NULL, 0, 0)

    cdef Py_ssize_t put_row(self, object params, Py_ssize_t row, Py_ssize_t number) except -2:
        """Keep a row of parameters: about how many bytes they are; -1: one is of another type than its column's, or
        can only be sent as text.

        number: the row's for an error, from 1; 0: there are no rows.
        """
        cdef tuple values = <tuple> params if PyTuple_CheckExact(params) else lit_as_tuple(params, number)
        cdef Py_ssize_t i = 0
        cdef size_t before = self.texts.used
        cdef int kind
        if len(values) != self.columns:
            raise lit_miscount(self.columns, len(values), number)
        try:
            for i in range(self.columns):
                kind = self._put(i * self.rows + row, <object> PyTuple_GET_ITEM(values, i))
                if kind != T_NULL and kind != self.types[i]:
                    if self.types[i] != T_NULL or kind == T_LITERAL_ONLY:
                        return -1
                    self.types[i] = kind
        except (TypeError, ValueError) as error:
            raise lit_placed(error, number, i + 1) from error.__cause__
        return <Py_ssize_t> (self.texts.used - before) + self.columns * 10

    cdef int _put(self, Py_ssize_t at, object value) except -1:
        """Keep a parameter; its type, T_NULL for None."""
        cdef int overflow = 0, kind
        cdef size_t start = self.texts.used
        cdef double real
        self.indicators[at] = 0
        self.lengths[at] = 0
        if value is None:
            self.indicators[at] = 1
            self.values[at] = 0  # bind_array makes an address of it
            return T_NULL
        if PyUnicode_CheckExact(value):
            self._put_str(value)
            kind = T_STRING
        elif PyLong_CheckExact(value) or value is True or value is False:
            self.values[at] = <uint64_t> PyLong_AsLongLongAndOverflow(value, &overflow)
            if not overflow:
                return T_LONGLONG
            kind = self._put_literal(at, value)
        elif PyFloat_CheckExact(value) and isfinite(PyFloat_AS_DOUBLE(value)):
            real = PyFloat_AS_DOUBLE(value)
            memcpy(self.values + at, &real, 8)
            return T_DOUBLE
        elif PyBytes_CheckExact(value):
            bind_put(&self.texts, lit_bytes_data(value), <size_t> lit_bytes_size(value))
            kind = T_BLOB
        else:
            kind = self._put_literal(at, value)
            if kind in (T_DOUBLE, T_LONGLONG):
                return kind
        self.values[at] = start
        self.lengths[at] = <unsigned long> (self.texts.used - start)
        return kind

    cdef int _put_str(self, object value) except -1:
        cdef bytes encoded
        if PyUnicode_IS_COMPACT_ASCII(value):
            return bind_put(&self.texts, <const char *> PyUnicode_DATA(value), <size_t> PyUnicode_GET_LENGTH(value))
        try:
            encoded = PyUnicode_AsUTF8String(value)
        except UnicodeEncodeError:
            lit_slow(value, False)  # raises the error that names it
            raise
        return bind_put(&self.texts, lit_bytes_data(encoded), <size_t> lit_bytes_size(encoded))

    cdef int _put_literal(self, Py_ssize_t at, object value) except -1:
        """Keep what is in the literal of a value; the type that the literal has."""
        cdef size_t start = self.texts.used, size
        cdef char *text
        cdef bytes literal
        if lit_value(&self.texts, value, False):
            text = self.texts.data + start
            size = self.texts.used - start
            if text[0] != c"'":
                if text[0] != c"_":
                    return T_NEWDECIMAL
            else:  # a day, a time or a UUID: there is no quote in it
                memmove(text, text + 1, size - 2)
                self.texts.used -= 2
                return T_STRING
        self.texts.used = start
        literal = lit_slow(value, False)
        if not literal.endswith(b"'"):
            if b"e" in literal:
                return self._put(at, float(literal))
            bind_put(&self.texts, lit_bytes_data(literal), <size_t> lit_bytes_size(literal))
            # an integer of so many digits is the largest DECIMAL as a literal, and an error as a parameter
            return T_NEWDECIMAL if lit_bytes_size(literal) <= lit_max_digits or b"." in literal else T_LITERAL_ONLY
        content = literal[literal.index(b"'") + 1:len(literal) - 1].replace(b"''", b"'")
        bind_put(&self.texts, lit_bytes_data(content), <size_t> lit_bytes_size(content))
        return T_BLOB if literal.startswith(b"_") else T_STRING

    cdef void bind_one(self) noexcept:
        """``binds`` for the only row."""
        cdef bind_info *bind = self.binds
        cdef Py_ssize_t i
        memset(self.binds, 0, self.columns * sizeof(bind_info))
        for i in range(self.columns):
            bind.buffer_type = self.types[i]
            bind.length = self.lengths + i * self.rows
            bind.buffer = self.values + i * self.rows
            if self.types[i] not in (T_LONGLONG, T_DOUBLE, T_NULL):
                bind.buffer = self.texts.data + self.values[i * self.rows]
            bind += 1

    cdef void bind_array(self, Py_ssize_t rows) noexcept:
        """``binds`` for the first rows."""
        cdef bind_info *bind = self.binds
        cdef Py_ssize_t i, at
        memset(self.binds, 0, self.columns * sizeof(bind_info))
        for i in range(self.columns):
            at = i * self.rows
            bind.buffer_type = self.types[i]
            bind.length = self.lengths + at
            bind.buffer = self.values + at
            bind.indicator = self.indicators + at
            bind += 1
            if self.types[i] == T_NULL:
                self.binds[i].buffer_type = T_STRING
            elif self.types[i] not in (T_LONGLONG, T_DOUBLE):
                for at in range(at, at + rows):
                    self.values[at] = <uint64_t> <uintptr_t> (self.texts.data + self.values[at])


cdef void *_grown(void *memory, Py_ssize_t size) except NULL:
    cdef void *room = realloc(memory, <size_t> size)
    if room is NULL:
        raise MemoryError()
    return room
