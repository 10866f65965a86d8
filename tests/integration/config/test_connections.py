"""Every option of a configuration, on real sessions."""

import os
import traceback

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConnectionError, QueryError


@pytest.fixture
def connect(server, database):
    opened = []

    def backend(**options):
        config = MySQLConnectionConfig(
            host=server.host, port=server.port, username=server.user, password=server.password, database=database
        )
        made = MySQLBackend(connection_config=config.clone(**options))
        made.introspect_and_adapt()
        opened.append(made)
        return made

    yield backend
    for made in opened:
        made.disconnect()


def session(backend, *names):
    row = backend.fetch_one("SELECT " + ", ".join(f"@@SESSION.{name} AS {name}" for name in names))
    return tuple(row[name] for name in names)


def test_defaults_leave_the_servers_sql_mode_alone(connect):
    backend = connect()
    assert session(backend, "time_zone", "autocommit", "character_set_client") == ("+00:00", 1, "utf8mb4")
    assert backend.fetch_one("SELECT @@SESSION.sql_mode = @@GLOBAL.sql_mode AS same") == {"same": 1}


def test_session_options(connect):
    backend = connect(
        collation="utf8mb4_unicode_ci", sql_mode="STRICT_ALL_TABLES,NO_ZERO_DATE", timezone=None, time_zone="+09:00",
        isolation_level="SERIALIZABLE", statement_timeout=7, init_command="SET @started = 'it''s'", autocommit=False,
    )  # fmt: skip
    mariadb = backend.dialect.vendor == "mariadb"
    assert session(backend, "collation_connection", "sql_mode", "time_zone", "autocommit") == (
        "utf8mb4_unicode_ci", "STRICT_ALL_TABLES,NO_ZERO_DATE", "+09:00", 0,
    )  # fmt: skip
    assert session(backend, "tx_isolation" if mariadb else "transaction_isolation") == ("SERIALIZABLE",)
    assert session(backend, "max_statement_time" if mariadb else "max_execution_time")[0] == (7 if mariadb else 7000)
    assert backend.fetch_one("SELECT @started AS started") == {"started": "it's"}


def test_utf8mb3(connect):
    assert session(connect(charset="utf8"), "character_set_client") == ("utf8mb3",)


def test_compression(connect):
    backend = connect(compress=True)
    (row,) = backend.fetch_all("SHOW SESSION STATUS LIKE 'Compression'")
    assert row["Value"] == "ON"


def test_found_rows(connect):
    backend = connect(found_rows=True)
    backend.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    backend.execute("INSERT INTO t VALUES (1)")
    assert backend.execute("UPDATE t SET id = 1").affected_rows == 1
    assert connect().execute("UPDATE t SET id = 1").affected_rows == 0


def test_unix_socket(connect, server):
    backend = connect(unix_socket=server.socket, host="ignored.example", port=1)
    assert backend.fetch_one("SELECT 1 AS a") == {"a": 1}


def test_option_file(connect, server, database, tmp_path):
    file = tmp_path / "client.cnf"
    file.write_text(f"[own]\nhost={server.host}\nport={server.port}\nuser={server.user}\npassword={server.password}\n")
    os.chmod(file, 0o600)
    config = MySQLConnectionConfig(option_files=[file], option_groups=["own"], database=database)
    backend = MySQLBackend(connection_config=config)
    try:
        assert backend.fetch_one("SELECT DATABASE() AS name") == {"name": database}
    finally:
        backend.disconnect()


def test_password_provider_is_asked_for_each_session(connect, server):
    asked = []
    backend = connect(password=None, password_provider=lambda: asked.append(1) or server.password)
    backend.disconnect()
    backend.fetch_one("SELECT 1 AS a")
    assert len(asked) == 2


def test_a_refused_password_shows_nowhere(server, caplog):
    secret = "hunter2-s3cret"
    config = MySQLConnectionConfig(host=server.host, port=server.port, username="nobody_here", password=secret)
    backend = MySQLBackend(connection_config=config)
    with pytest.raises(ConnectionError) as caught:
        backend.connect()
    shown = traceback.TracebackException(caught.type, caught.value, caught.tb.tb_next, capture_locals=True)
    text = "".join(shown.format())
    assert "MySQLdb" in text and "password" in text, "the driver's frames are there, with their locals"
    assert secret not in text and secret not in caplog.text


@pytest.mark.flavor("mysql")
def test_required_tls_is_there(connect):
    backend = connect(ssl_mode="REQUIRED")
    (row,) = backend.fetch_all("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
    assert row["Value"]


@pytest.mark.flavor("mysql")
def test_a_ca_that_did_not_sign_is_refused(connect, tmp_path):
    ca = tmp_path / "ca.pem"
    ca.write_text(OTHER_CA)
    with pytest.raises(ConnectionError):
        connect(ssl_ca=ca)


@pytest.mark.parametrize("allowed", [False, True])
def test_local_infile_only_where_asked_for(connect, tmp_path, allowed):
    backend = connect(local_infile=allowed)
    backend.execute("CREATE TABLE t (id INT)")
    if not backend.fetch_one("SELECT @@GLOBAL.local_infile AS on_server")["on_server"]:
        allowed = False
    file = tmp_path / "rows.tsv"
    file.write_text("1\n2\n")
    load = f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE t"
    if allowed:
        assert backend.execute(load).affected_rows == 2
    else:
        with pytest.raises(QueryError):
            backend.execute(load)


def test_multiple_statements_are_refused(connect):
    backend = connect()
    with pytest.raises(QueryError) as caught:
        backend.execute("SELECT 1; DROP TABLE x")
    assert caught.value.errno == 1064


def test_from_url(server, database):
    url = f"mysql://{server.user}:{server.password}@{server.host}:{server.port}/{database}?connect_timeout=5"
    backend = MySQLBackend(connection_config=MySQLConnectionConfig.from_url(url))
    try:
        assert backend.fetch_one("SELECT DATABASE() AS name") == {"name": database}
    finally:
        backend.disconnect()


# a certificate authority of its own, valid until 2126; its key is not kept
OTHER_CA = """\
-----BEGIN CERTIFICATE-----
MIIDEzCCAfugAwIBAgIUHwJzDqx5d6GvkWXm1k99eFx6700wDQYJKoZIhvcNAQEL
BQAwGDEWMBQGA1UEAwwNc29tZWJvZHkgZWxzZTAgFw0yNjExMjIyMTUyMjlaGA8y
MTI2MTAyOTIxNTIyOVowGDEWMBQGA1UEAwwNc29tZWJvZHkgZWxzZTCCASIwDQYJ
KoZIhvcNAQEBBQADggEPADCCAQoCggEBANlRApkcDlWkGl2eS60hV4x8F+aBpC3f
ULsDdi+NaLUNVTAjbtV8iDS4G/oG3Q8iQF5HoXfPtgyEOSUw4bknfYIBKxRi9YGC
CJfOB9iJQpQD63oc1cF5C2/PXw204MGDjaFEM8BTjuSPMcZx5dYUKEfMjlYLc8Iv
Gohch18nAXDagcQvCn8gQS0dYXICCmhRpoYo+kNhmQc02Uz7AxTcMK06QtIyVN1m
dvrZGSlp47MIrYieGxWiPMyxRlHeNcHdwoaxYqcUDk8ybrikDPWGy2K/1W6NZKjj
9fV52LgO+RTiM3JSUsCPt1MWaK7SHn3gLjGmIm+zJAAcbI5YUPBBJ98CAwEAAaNT
MFEwHQYDVR0OBBYEFFcYijbZJVpZQapKY+/tq2V5Z+tuMB8GA1UdIwQYMBaAFFcY
ijbZJVpZQapKY+/tq2V5Z+tuMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQEL
BQADggEBAD+oP38MunSOdGr4ofbFGs9arESa8k+zQ2oMyPVkFHtOQpzhsK/MlONC
6kypQiL1497fyaMxqYRyYx/I3+p+XI6rnq0OE4/nA3AxlERsGWgFkmkjqVbkJ6bD
b49vs5hU8WMs8BErivrk89UMgAL6EPOkvcUbO7//1r/cra1qZ+PTrhiRER1UOkKK
2eHTgoHaiXrW6IG8uS4WwKvN0BgBytVbwJ5Y2pZ8mgJr241u5yxenhCPvVVYi7q/
blkNtNY+K5UkXWOqQF5zhWBte4gxNvXvBnD40GBNUFLgRp+lkwZhfXy9Pok7d5ni
PzYnifo1hTjNljFvUeIcwpODLVPBlLk=
-----END CERTIFICATE-----
"""
