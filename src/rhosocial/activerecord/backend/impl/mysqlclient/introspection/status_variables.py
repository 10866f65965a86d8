"""The server variables that the status introspector reports: name -> (category, unit, what it is)."""

from rhosocial.activerecord.backend.introspection.status.types import StatusCategory, StatusItem

_CONFIGURATION = StatusCategory.CONFIGURATION
_PERFORMANCE = StatusCategory.PERFORMANCE
_CONNECTION = StatusCategory.CONNECTION
_STORAGE = StatusCategory.STORAGE
_SECURITY = StatusCategory.SECURITY
_REPLICATION = StatusCategory.REPLICATION

Entry = tuple[StatusCategory, str | None, str]

# SHOW GLOBAL VARIABLES; a server that lacks one is not asked why
CONFIGURATION: dict[str, Entry] = {
    "version": (_CONFIGURATION, None, "server version"),
    "version_comment": (_CONFIGURATION, None, "edition"),
    "sql_mode": (_CONFIGURATION, None, "default SQL mode of new sessions"),
    "time_zone": (_CONFIGURATION, None, "default time zone of new sessions"),
    "system_time_zone": (_CONFIGURATION, None, "time zone of the host"),
    "lower_case_table_names": (_CONFIGURATION, None, "how table names are stored and compared"),
    "character_set_server": (_CONFIGURATION, None, "default character set"),
    "collation_server": (_CONFIGURATION, None, "default collation"),
    "default_storage_engine": (_CONFIGURATION, None, "engine of new tables"),
    "transaction_isolation": (_CONFIGURATION, None, "default isolation level"),
    "tx_isolation": (_CONFIGURATION, None, "default isolation level (MariaDB before 11.1)"),
    "autocommit": (_CONFIGURATION, None, "default of new sessions"),
    "event_scheduler": (_CONFIGURATION, None, "whether events run"),
    "log_error": (_CONFIGURATION, None, "error log"),
    "general_log": (_CONFIGURATION, None, "whether every statement is logged"),
    "port": (_CONNECTION, None, "TCP port"),
    "socket": (_CONNECTION, None, "Unix socket"),
    "bind_address": (_CONNECTION, None, "addresses listened on"),
    "max_connections": (_CONNECTION, "connections", "sessions allowed at once"),
    "max_user_connections": (_CONNECTION, "connections", "sessions allowed at once for one account; 0: no limit"),
    "max_allowed_packet": (_CONNECTION, "bytes", "longest statement or value"),
    "connect_timeout": (_CONNECTION, "seconds", "wait for the client in the handshake"),
    "wait_timeout": (_CONNECTION, "seconds", "idle time before a session is closed"),
    "interactive_timeout": (_CONNECTION, "seconds", "the same for interactive clients"),
    "net_read_timeout": (_CONNECTION, "seconds", "wait for more data from a client"),
    "net_write_timeout": (_CONNECTION, "seconds", "wait for a client to take data"),
    "thread_cache_size": (_CONNECTION, "threads", "threads kept for new sessions"),
    "skip_name_resolve": (_CONNECTION, None, "whether client addresses are not looked up"),
    "innodb_buffer_pool_size": (_PERFORMANCE, "bytes", "InnoDB's cache of pages"),
    "innodb_buffer_pool_instances": (_PERFORMANCE, None, "parts of that cache"),
    "innodb_flush_log_at_trx_commit": (_PERFORMANCE, None, "1: every commit is on disk"),
    "sync_binlog": (_PERFORMANCE, None, "1: every commit is in the binary log on disk"),
    "innodb_io_capacity": (_PERFORMANCE, None, "I/O operations a second for background work"),
    "innodb_lock_wait_timeout": (_PERFORMANCE, "seconds", "wait for a row lock (errno 1205)"),
    "lock_wait_timeout": (_PERFORMANCE, "seconds", "wait for a metadata lock"),
    "max_execution_time": (_PERFORMANCE, "milliseconds", "limit of a SELECT (MySQL); 0: none"),
    "max_statement_time": (_PERFORMANCE, "seconds", "limit of a statement (MariaDB); 0: none"),
    "key_buffer_size": (_PERFORMANCE, "bytes", "MyISAM's cache of index blocks"),
    "query_cache_size": (_PERFORMANCE, "bytes", "query cache (MariaDB)"),
    "query_cache_type": (_PERFORMANCE, None, "query cache (MariaDB)"),
    "tmp_table_size": (_PERFORMANCE, "bytes", "largest temporary table in memory"),
    "max_heap_table_size": (_PERFORMANCE, "bytes", "largest MEMORY table"),
    "sort_buffer_size": (_PERFORMANCE, "bytes", "for each sort"),
    "join_buffer_size": (_PERFORMANCE, "bytes", "for each join without an index"),
    "read_buffer_size": (_PERFORMANCE, "bytes", "for each sequential scan"),
    "read_rnd_buffer_size": (_PERFORMANCE, "bytes", "for each read in sorted order"),
    "table_open_cache": (_PERFORMANCE, "tables", "tables kept open"),
    "table_definition_cache": (_PERFORMANCE, "tables", "definitions kept"),
    "open_files_limit": (_PERFORMANCE, "files", "files the server may open"),
    "datadir": (_STORAGE, None, "data directory"),
    "tmpdir": (_STORAGE, None, "directory of temporary files"),
    "innodb_data_file_path": (_STORAGE, None, "system tablespace"),
    "innodb_file_per_table": (_STORAGE, None, "whether each table has a file of its own"),
    "innodb_page_size": (_STORAGE, "bytes", "InnoDB page"),
    "innodb_log_file_size": (_STORAGE, "bytes", "redo log file"),
    "innodb_redo_log_capacity": (_STORAGE, "bytes", "redo log files together (MySQL)"),
    "innodb_log_buffer_size": (_STORAGE, "bytes", "redo log buffer"),
    "require_secure_transport": (_SECURITY, None, "whether TLS or a socket is demanded"),
    "have_ssl": (_SECURITY, None, "whether TLS is available"),
    "tls_version": (_SECURITY, None, "TLS versions offered"),
    "ssl_ca": (_SECURITY, None, "certificate authority"),
    "ssl_cert": (_SECURITY, None, "server certificate"),
    "ssl_key": (_SECURITY, None, "server key"),
    "default_authentication_plugin": (_SECURITY, None, "plugin of new accounts"),
    "authentication_policy": (_SECURITY, None, "plugins of new accounts"),
    "local_infile": (_SECURITY, None, "whether LOAD DATA LOCAL is allowed"),
    "secure_file_priv": (_SECURITY, None, "directory of LOAD DATA and INTO OUTFILE"),
    "skip_networking": (_SECURITY, None, "whether TCP is off"),
    "read_only": (_REPLICATION, None, "whether only privileged accounts may write"),
    "super_read_only": (_REPLICATION, None, "whether nobody may write"),
    "server_id": (_REPLICATION, None, "the server's number in replication"),
    "server_uuid": (_REPLICATION, None, "the server's identity"),
    "log_bin": (_REPLICATION, None, "whether changes are written to the binary log"),
    "binlog_format": (_REPLICATION, None, "form of the binary log"),
    "binlog_expire_logs_seconds": (_REPLICATION, "seconds", "age at which binary logs are removed"),
    "gtid_mode": (_REPLICATION, None, "GTIDs (MySQL)"),
    "gtid_current_pos": (_REPLICATION, None, "GTID position (MariaDB)"),
}

READ_ONLY = frozenset(
    "version version_comment system_time_zone lower_case_table_names log_error port socket bind_address "
    "skip_name_resolve innodb_buffer_pool_instances open_files_limit datadir tmpdir innodb_data_file_path "
    "innodb_page_size have_ssl secure_file_priv skip_networking server_uuid log_bin gtid_current_pos".split()
)

# SHOW GLOBAL STATUS
METRICS: dict[str, Entry] = {
    "Uptime": (_PERFORMANCE, "seconds", "time since the server started"),
    "Threads_connected": (_CONNECTION, "connections", "open sessions"),
    "Threads_running": (_CONNECTION, "threads", "sessions at work"),
    "Threads_cached": (_CONNECTION, "threads", "threads waiting for a session"),
    "Threads_created": (_CONNECTION, "threads", "threads made for sessions"),
    "Max_used_connections": (_CONNECTION, "connections", "most sessions at once"),
    "Connections": (_CONNECTION, "connections", "attempts to connect"),
    "Aborted_connects": (_CONNECTION, "connections", "attempts that failed"),
    "Aborted_clients": (_CONNECTION, "connections", "sessions that ended without a goodbye"),
    "Queries": (_PERFORMANCE, "statements", "statements, those in routines too"),
    "Questions": (_PERFORMANCE, "statements", "statements sent by clients"),
    "Slow_queries": (_PERFORMANCE, "statements", "statements longer than long_query_time"),
    "Com_select": (_PERFORMANCE, "statements", "SELECT"),
    "Com_insert": (_PERFORMANCE, "statements", "INSERT"),
    "Com_update": (_PERFORMANCE, "statements", "UPDATE"),
    "Com_delete": (_PERFORMANCE, "statements", "DELETE"),
    "Com_replace": (_PERFORMANCE, "statements", "REPLACE"),
    "Com_load": (_PERFORMANCE, "statements", "LOAD DATA"),
    "Com_commit": (_PERFORMANCE, "statements", "COMMIT"),
    "Com_rollback": (_PERFORMANCE, "statements", "ROLLBACK"),
    "Bytes_received": (_PERFORMANCE, "bytes", "from clients"),
    "Bytes_sent": (_PERFORMANCE, "bytes", "to clients"),
    "Created_tmp_tables": (_PERFORMANCE, "tables", "temporary tables"),
    "Created_tmp_disk_tables": (_PERFORMANCE, "tables", "temporary tables on disk"),
    "Select_full_join": (_PERFORMANCE, "statements", "joins without an index"),
    "Select_scan": (_PERFORMANCE, "statements", "joins that scan their first table"),
    "Sort_merge_passes": (_PERFORMANCE, None, "sorts larger than sort_buffer_size"),
    "Table_locks_waited": (_PERFORMANCE, None, "waits for table locks"),
    "Qcache_hits": (_PERFORMANCE, None, "query cache hits (MariaDB)"),
    "Qcache_inserts": (_PERFORMANCE, None, "query cache inserts (MariaDB)"),
    "Qcache_lowmem_prunes": (_PERFORMANCE, None, "query cache removals (MariaDB)"),
    "Innodb_buffer_pool_read_requests": (_PERFORMANCE, "pages", "pages read from the buffer pool"),
    "Innodb_buffer_pool_reads": (_PERFORMANCE, "pages", "pages that had to come from disk"),
    "Innodb_buffer_pool_wait_free": (_PERFORMANCE, None, "waits for a free page"),
    "Innodb_row_lock_waits": (_PERFORMANCE, None, "waits for row locks"),
    "Innodb_row_lock_time": (_PERFORMANCE, "milliseconds", "time spent in them"),
    "Innodb_rows_read": (_PERFORMANCE, "rows", "rows read"),
    "Innodb_rows_inserted": (_PERFORMANCE, "rows", "rows inserted"),
    "Innodb_rows_updated": (_PERFORMANCE, "rows", "rows updated"),
    "Innodb_rows_deleted": (_PERFORMANCE, "rows", "rows deleted"),
    "Innodb_data_reads": (_STORAGE, None, "reads from files"),
    "Innodb_data_writes": (_STORAGE, None, "writes to files"),
    "Innodb_data_read": (_STORAGE, "bytes", "read from files"),
    "Innodb_data_written": (_STORAGE, "bytes", "written to files"),
    "Open_tables": (_STORAGE, "tables", "tables open"),
    "Opened_tables": (_STORAGE, "tables", "tables that had to be opened"),
}


def number(text: str | None) -> int | float | str | None:
    """A variable's value as a number where it is one."""
    for kind in (int, float):
        try:
            return text if text is None else kind(text)
        except ValueError:
            continue
    return text


def items(table: dict[str, Entry], values: dict[str, str], category: StatusCategory | None) -> list[StatusItem]:
    """The table's variables that the server has, of one category or all."""
    return [
        StatusItem(
            name=name,
            value=number(values[name]),
            category=entry[0],
            unit=entry[1],
            description=entry[2],
            is_readonly=table is METRICS or name in READ_ONLY,
            is_dynamic=table is CONFIGURATION and name not in READ_ONLY,
        )
        for name, entry in table.items()
        if name in values and category in (None, entry[0])
    ]
