"""What to ask the server for each status report, and how the answers are put together; no I/O.

A plan is a generator: it yields a query, is sent its rows, and returns the report.
"""

from collections.abc import Generator
from dataclasses import fields
from typing import Any, TypeVar

from rhosocial.activerecord.backend.introspection.status.types import (
    BinaryLogInfo,
    ConnectionInfo,
    DatabaseBriefInfo,
    InnoDBInfo,
    MySQLReplicationInfo,
    ProcessInfo,
    ReplicationMasterInfo,
    ReplicationSlaveInfo,
    ServerOverview,
    SessionInfo,
    SlowQueryInfo,
    StatusCategory,
    StatusItem,
    StorageInfo,
    UserInfo,
)

from ..errors import DatabaseError
from .parsing import VENDOR_NAMES
from .status_variables import CONFIGURATION, METRICS, items, number

Rows = list[dict[str, Any]]
T = TypeVar("T")
Plan = Generator[str, Rows, T]
Values = dict[str, str]

# Access denied for a command, column, routine or statement; no privilege; not using binary logging.
_NOT_FOR_US = frozenset({1142, 1143, 1227, 1370, 1381})

_SYSTEM_SCHEMAS = frozenset({"information_schema", "mysql", "performance_schema", "sys"})


def _pairs(query: str) -> Plan[Values]:
    rows = yield query
    return {row["Variable_name"]: row["Value"] for row in rows}


def _variables() -> Plan[Values]:
    return _pairs("SHOW GLOBAL VARIABLES")


def _status() -> Plan[Values]:
    return _pairs("SHOW GLOBAL STATUS")


def _on(value: str | None) -> bool | None:
    return None if value is None else value.upper() in ("ON", "1", "YES")


def configuration(category: StatusCategory | None) -> Plan[list[StatusItem]]:
    return items(CONFIGURATION, (yield from _variables()), category)


def metrics(category: StatusCategory | None) -> Plan[list[StatusItem]]:
    return items(METRICS, (yield from _status()), category)


def connections() -> Plan[ConnectionInfo]:
    return _connections((yield from _variables()), (yield from _status()))


def _connections(variables: Values, status: Values) -> ConnectionInfo:
    connected, running = int(status["Threads_connected"]), int(status["Threads_running"])
    return ConnectionInfo(
        active_count=connected,
        max_connections=int(variables["max_connections"]),
        idle_count=max(connected - running, 0),
        extra={
            "threads_running": running,
            "threads_cached": int(status["Threads_cached"]),
            "max_used_connections": int(status["Max_used_connections"]),
        },
    )


def storage() -> Plan[StorageInfo]:
    return (yield from _storage((yield from _variables())))


def _storage(variables: Values) -> Plan[StorageInfo]:
    (row,) = yield (
        "SELECT SUM(DATA_LENGTH) AS data, SUM(INDEX_LENGTH) AS indexes, SUM(DATA_FREE) AS free "
        "FROM information_schema.TABLES"
    )
    data, indexes, free = (int(row[name] or 0) for name in ("data", "indexes", "free"))
    log = number(variables.get("innodb_redo_log_capacity")) or number(variables.get("innodb_log_file_size"))
    return StorageInfo(
        total_size_bytes=data + indexes,
        data_size_bytes=data,
        index_size_bytes=indexes,
        log_size_bytes=log,
        free_space_bytes=free,
        extra={name: variables[name] for name in ("datadir", "tmpdir", "innodb_data_file_path") if name in variables},
    )


def databases() -> Plan[list[DatabaseBriefInfo]]:
    rows = yield (
        "SELECT s.SCHEMA_NAME AS name, s.DEFAULT_CHARACTER_SET_NAME AS charset, s.DEFAULT_COLLATION_NAME AS collation, "
        "SUM(t.DATA_LENGTH + t.INDEX_LENGTH) AS size, SUM(t.TABLE_TYPE = 'BASE TABLE') AS tables, "
        "SUM(t.TABLE_TYPE = 'VIEW') AS views FROM information_schema.SCHEMATA AS s "
        "LEFT JOIN information_schema.TABLES AS t ON t.TABLE_SCHEMA = s.SCHEMA_NAME "
        "GROUP BY s.SCHEMA_NAME, s.DEFAULT_CHARACTER_SET_NAME, s.DEFAULT_COLLATION_NAME ORDER BY s.SCHEMA_NAME"
    )
    return [
        DatabaseBriefInfo(
            name=row["name"],
            schema=row["name"],
            encoding=row["charset"],
            size_bytes=int(row["size"] or 0),
            table_count=int(row["tables"] or 0),
            view_count=int(row["views"] or 0),
            extra={"collation": row["collation"], "system": row["name"] in _SYSTEM_SCHEMAS},
        )
        for row in rows
    ]


def users(vendor: str) -> Plan[list[UserInfo]]:
    rows = yield "SELECT User AS user, Host AS host, Super_priv AS super FROM mysql.user ORDER BY User, Host"
    granted = yield (
        "SELECT User AS user, Host AS host, Role AS role FROM mysql.roles_mapping ORDER BY Role"
        if vendor == "mariadb"
        else "SELECT TO_USER AS user, TO_HOST AS host, FROM_USER AS role FROM mysql.role_edges ORDER BY FROM_USER"
    )
    return [
        UserInfo(
            name=row["user"],
            host=row["host"],
            roles=[grant["role"] for grant in granted if (grant["user"], grant["host"]) == (row["user"], row["host"])],
            is_superuser=row["super"] == "Y",
        )
        for row in rows
    ]


def session(password_used: bool) -> Plan[SessionInfo]:
    (row,) = yield "SELECT CURRENT_USER() AS account, USER() AS login, DATABASE() AS db, CONNECTION_ID() AS id"
    tls = yield from _pairs("SHOW SESSION STATUS LIKE 'Ssl\\_%'")
    user, _, _ = row["account"].rpartition("@")
    _, _, host = row["login"].rpartition("@")
    return SessionInfo(
        user=user,
        database=row["db"],
        schema=row["db"],
        host=host,
        ssl_enabled=bool(tls.get("Ssl_cipher")),
        ssl_version=tls.get("Ssl_version") or None,
        ssl_cipher=tls.get("Ssl_cipher") or None,
        password_used=password_used,
        extra={"account": row["account"], "connection_id": row["id"]},
    )


def innodb() -> Plan[InnoDBInfo]:
    return _innodb((yield from _variables()), (yield from _status()))


def _innodb(variables: Values, status: Values) -> InnoDBInfo:
    # the same counters under the names of SHOW ENGINE INNODB STATUS
    other_names = {"os_file_reads": "data_reads", "os_file_writes": "data_writes", "os_fsyncs": "data_fsyncs"}
    values = {
        field.name: number(status.get(f"Innodb_{other_names.get(field.name, field.name)}"))
        for field in fields(InnoDBInfo)
        if field.name != "extra"
    }
    for name in ("buffer_pool_size", "buffer_pool_instances"):
        values[name] = number(variables.get(f"innodb_{name}"))
    return InnoDBInfo(**values)


def binary_log(replication: "Replication") -> Plan[BinaryLogInfo]:
    return (yield from _binary_log(replication, (yield from _variables())))


def _binary_log(replication: "Replication", variables: Values) -> Plan[BinaryLogInfo]:
    info = BinaryLogInfo(
        log_enabled=_on(variables.get("log_bin")),
        log_format=variables.get("binlog_format"),
        gtid_mode=variables.get("gtid_mode"),
        gtid_executed=variables.get("gtid_executed") or variables.get("gtid_binlog_pos") or None,
        gtid_purged=variables.get("gtid_purged") or None,
        binlog_rows_query_log_events=_on(variables.get("binlog_rows_query_log_events")),
        binlog_checksum=variables.get("binlog_checksum"),
    )
    if info.log_enabled:
        files = yield "SHOW BINARY LOGS"
        info.log_files = [row["Log_name"] for row in files]
        info.log_size_bytes = sum(int(row["File_size"]) for row in files)
        for row in (yield replication.position):
            info.current_log_file, info.current_log_position = row["File"], int(row["Position"])
    return info


def processes() -> Plan[list[ProcessInfo]]:
    rows = yield "SHOW FULL PROCESSLIST"
    return [
        ProcessInfo(
            id=row["Id"],
            user=row["User"],
            host=row["Host"],
            database=row["db"],
            command=row["Command"],
            time=row["Time"],
            state=row["State"],
            info=row["Info"],
        )
        for row in rows
    ]


def slow_query() -> Plan[SlowQueryInfo]:
    return _slow_query((yield from _variables()), (yield from _status()))


def _slow_query(variables: Values, status: Values) -> SlowQueryInfo:
    replica_statements = variables.get("log_slow_replica_statements") or variables.get("log_slow_slave_statements")
    return SlowQueryInfo(
        slow_query_log=_on(variables["slow_query_log"]),
        slow_query_log_file=variables["slow_query_log_file"],
        long_query_time=float(variables["long_query_time"]),
        log_queries_not_using_indexes=_on(variables["log_queries_not_using_indexes"]),
        log_slow_admin_statements=_on(variables.get("log_slow_admin_statements")),
        log_slow_slave_statements=_on(replica_statements),
        min_examined_row_limit=int(variables["min_examined_row_limit"]),
        slow_queries_count=int(status["Slow_queries"]),
    )


class Replication:
    """The vendor's and version's statements for replication."""

    def __init__(self, dialect: Any) -> None:
        self.position = "SHOW BINARY LOG STATUS" if dialect.available((8, 2, 0), None) else "SHOW MASTER STATUS"
        self.replica = "SHOW REPLICA STATUS" if dialect.available((8, 0, 22), None) else "SHOW SLAVE STATUS"


def replication_info(replication: Replication) -> Plan[MySQLReplicationInfo]:
    return (yield from _replication_info(replication, (yield from _variables())))


def _replication_info(replication: Replication, variables: Values) -> Plan[MySQLReplicationInfo]:
    positions = (yield replication.position) if _on(variables.get("log_bin")) else []
    replicas = yield replication.replica
    return MySQLReplicationInfo(
        is_master=bool(positions),
        is_slave=bool(replicas),
        server_id=int(variables["server_id"]),
        master_info=_master(positions[0], variables) if positions else None,
        slave_info=_replica(replicas[0]) if replicas else None,
        extra={"channels": len(replicas)} if len(replicas) > 1 else {},
    )


def _master(row: dict[str, Any], variables: Values) -> ReplicationMasterInfo:
    return ReplicationMasterInfo(
        binary_log_file=row["File"],
        binary_log_position=int(row["Position"]),
        binlog_do_db=[name for name in row["Binlog_Do_DB"].split(",") if name],
        binlog_ignore_db=[name for name in row["Binlog_Ignore_DB"].split(",") if name],
        gtid_executed=variables.get("gtid_executed") or variables.get("gtid_binlog_pos") or None,
        gtid_purged=variables.get("gtid_purged") or None,
    )


def _replica(row: dict[str, Any]) -> ReplicationSlaveInfo:
    """MySQL 8.0.22 says Source and Replica where MariaDB and older ones say Master and Slave."""
    old_names = {
        name.lower().replace("source", "master").replace("replica", "slave"): value for name, value in row.items()
    }
    known = [field.name for field in fields(ReplicationSlaveInfo) if field.name != "extra"]
    values = {name: old_names.get(name) for name in known}
    for name in ("master_port", "seconds_behind_master", "read_master_log_pos", "relay_log_pos", "exec_master_log_pos"):
        values[name] = number(values[name])
    return ReplicationSlaveInfo(**values)


def overview(dialect: Any, password_used: bool) -> Plan[ServerOverview]:
    """Everything, each query once. What the account may not see is left out and named in `extra['not_permitted']`."""
    variables, status = (yield from _variables()), (yield from _status())
    replication = Replication(dialect)
    report = ServerOverview(
        server_version=variables["version"],
        server_vendor=VENDOR_NAMES[dialect.vendor],
        server_name=variables.get("hostname"),
        configuration=items(CONFIGURATION, variables, None),
        performance=items(METRICS, status, None),
        connections=_connections(variables, status),
        innodb=_innodb(variables, status),
        slow_query=_slow_query(variables, status),
    )
    parts = {
        "session": session(password_used),
        "storage": _storage(variables),
        "databases": databases(),
        "users": users(dialect.vendor),
        "binary_log": _binary_log(replication, variables),
        "processes": processes(),
        "mysql_replication": _replication_info(replication, variables),
    }
    for name, plan in parts.items():
        try:
            setattr(report, name, (yield from plan))
        except DatabaseError as error:
            if getattr(error, "errno", None) not in _NOT_FOR_US:
                raise
            report.extra.setdefault("not_permitted", {})[name] = str(error)
    return report
