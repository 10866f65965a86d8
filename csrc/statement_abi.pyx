# What prepared statements need of the MySQL C API (manual, "C API Prepared Statement Interface").

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
