"""backend.introspector.status on both servers, sync and async."""

import inspect

import MySQLdb
import pytest
from rhosocial.activerecord.backend.errors import QueryError
from rhosocial.activerecord.backend.introspection.status.types import ReplicationSlaveInfo, StatusCategory

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.introspection import status_plans

from .conftest import configuration


def test_overview_says_everything_with_each_query_once(introspector, backend, database, monkeypatch):
    asked = []
    fetch_all = backend.fetch_all
    monkeypatch.setattr(backend, "fetch_all", lambda query: asked.append(query) or fetch_all(query))
    report = introspector.status.get_overview()
    assert len(asked) == len(set(asked)) and "SHOW GLOBAL VARIABLES" in asked
    assert report.server_vendor == ("MariaDB" if backend.dialect.vendor == "mariadb" else "MySQL")
    assert report.server_version.startswith(".".join(map(str, backend.dialect.version)))
    assert (report.session.user, report.session.database) == ("root", database)
    assert report.connections.active_count >= 1 and report.connections.max_connections >= 100
    assert report.storage.total_size_bytes == report.storage.data_size_bytes + report.storage.index_size_bytes > 0
    (own,) = [item for item in report.databases if item.name == database]
    assert (own.table_count, own.view_count, own.encoding) == (2, 1, "utf8mb4")
    assert any(user.name == "root" and user.is_superuser for user in report.users)
    assert report.innodb.buffer_pool_size > 1_000_000 and report.innodb.os_fsyncs > 0
    assert report.slow_query.long_query_time > 0
    assert any(process.id == report.session.extra["connection_id"] for process in report.processes)
    assert report.mysql_replication.is_slave is False and report.binary_log.log_enabled in (True, False)
    assert "not_permitted" not in report.extra and report.to_dict()["innodb"]["buffer_pool_size"] > 0


def test_items_have_values_units_and_categories(introspector):
    configured = {item.name: item for item in introspector.status.list_configuration()}
    assert isinstance(configured["max_connections"].value, int)
    assert configured["innodb_buffer_pool_size"].unit == "bytes"
    assert configured["version"].is_readonly and not configured["max_connections"].is_readonly
    security = introspector.status.list_configuration(StatusCategory.SECURITY)
    assert security and {item.category for item in security} == {StatusCategory.SECURITY}
    metrics = {item.name: item.value for item in introspector.status.list_performance_metrics()}
    assert metrics["Questions"] > 0 and metrics["Uptime"] >= 0


def test_what_an_account_may_not_see_is_named_not_hidden(introspector, backend, server, database):
    account = f"plain_{database[-8:]}"
    backend.execute(f"CREATE USER {account}@'%' IDENTIFIED BY 'Secret-1234'")
    backend.execute(f"GRANT SELECT ON {database}.* TO {account}@'%'")
    try:
        config = configuration(server, database).clone(username=account, password="Secret-1234")
        other = MySQLBackend(connection_config=config)
        other.introspect_and_adapt()
        try:
            status = other.introspector.status
            report = status.get_overview()
            assert report.users == [] and {"users", "mysql_replication"} <= set(report.extra["not_permitted"])
            assert report.session.user == account and report.session.password_used
            with pytest.raises(QueryError) as caught:
                status.list_users()
            assert caught.value.errno == 1142
        finally:
            other.disconnect()
    finally:
        backend.execute(f"DROP USER {account}@'%'")


def test_roles(introspector, backend, database):
    role, user = f"role_{database[-8:]}", f"user_{database[-8:]}"
    backend.execute(f"CREATE ROLE {role}")
    backend.execute(f"CREATE USER {user}@localhost")
    try:
        backend.execute(f"GRANT {role} TO {user}@localhost")
        (found,) = [item for item in introspector.status.list_users() if item.name == user]
        assert (found.host, found.roles, found.is_superuser) == ("localhost", [role], False)
    finally:
        backend.execute(f"DROP USER {user}@localhost")
        backend.execute(f"DROP ROLE {role}")


async def test_async_has_the_same_reports(introspector, async_introspector):
    sync_status, async_status = introspector.status, async_introspector.status
    reports = [name for name, _ in inspect.getmembers(sync_status, callable) if name.startswith(("get_", "list_"))]
    assert len(reports) == 13
    for name in reports:
        assert type(await getattr(async_status, name)()) is type(getattr(sync_status, name)()), name
    assert (await async_status.get_session_info()).database == sync_status.get_session_info().database


def run(plan, *answers):
    """The plan's result if the server gave these answers."""
    next(plan)
    for rows in answers:
        try:
            plan.send(rows)
        except StopIteration as done:
            return done.value
    raise AssertionError("the plan asks more")


def test_binary_log_where_it_is_on():
    class Names:
        position, replica = "SHOW BINARY LOG STATUS", "SHOW REPLICA STATUS"

    values = {"log_bin": "ON", "binlog_format": "ROW", "gtid_mode": "ON", "gtid_executed": "u:1-5"}
    variables = [{"Variable_name": name, "Value": value} for name, value in values.items()]
    files = [{"Log_name": "b.1", "File_size": 10}, {"Log_name": "b.2", "File_size": 5}]
    info = run(status_plans.binary_log(Names), variables, files, [{"File": "b.2", "Position": 5}])
    assert (info.log_files, info.log_size_bytes) == (["b.1", "b.2"], 15)
    assert (info.current_log_file, info.current_log_position, info.gtid_executed) == ("b.2", 5, "u:1-5")


@pytest.mark.parametrize(("server_word", "replica_word"), [("Master", "Slave"), ("Source", "Replica")])
def test_replica_columns_under_both_vocabularies(server_word, replica_word):
    row = {f"{server_word}_Host": "h", f"{replica_word}_IO_Running": "Yes", f"Seconds_Behind_{server_word}": "3",
           f"Read_{server_word}_Log_Pos": 7}  # fmt: skip
    found = status_plans._replica(row)
    assert found == ReplicationSlaveInfo(
        master_host="h", slave_io_running="Yes", seconds_behind_master=3, read_master_log_pos=7
    )


def test_statements_exist_on_the_server(backend, server):
    names = status_plans.Replication(backend.dialect)
    with MySQLdb.connect(**server.connect_kwargs()).cursor() as cursor:
        cursor.execute(names.position)
        cursor.execute(names.replica)
