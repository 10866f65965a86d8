"""MySQLConnectionConfig: sources, precedence, judgement of every option, secrets."""

import copy
import dataclasses
import json
import os
import pickle
import sys
import traceback

import pytest
from rhosocial.activerecord.backend.transaction import IsolationLevel

from rhosocial.activerecord.backend.impl.mysqlclient.config import MySQLConnectionConfig as Config
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConfigError
from rhosocial.activerecord.backend.impl.mysqlclient.login import connect_arguments

SECRET = "hunter2-s3cret"

# One value for each option that the peer's backend takes as a keyword argument.
PEER_OPTIONS = {
    "host": "db.example",
    "port": 3307,
    "database": "shop",
    "username": "app",
    "password": SECRET,
    "charset": "utf8mb4",
    "collation": "utf8mb4_bin",
    "timezone": "UTC",
    "version": (8, 4, 0),
    "pool_size": 7,
    "pool_timeout": 12,
    "pool_name": "web",
    "pool_reset_session": False,
    "pool_pre_ping": True,
    "ssl_ca": __file__,
    "ssl_cert": __file__,
    "ssl_key": __file__,
    "ssl_verify_cert": True,
    "ssl_verify_identity": True,
    "log_queries": True,
    "log_level": 10,
    "auth_plugin": "caching_sha2_password",
    "autocommit": False,
    "init_command": "SET @started = 1",
    "connect_timeout": 3,
    "read_timeout": 4,
    "write_timeout": 5,
    "use_pure": True,
    "get_warnings": True,
    "raise_on_warnings": True,
    "buffered": True,
    "raw": False,
    "consume_results": True,
    "force_ipv6": True,
    "option_groups": ["client", "shop"],
    "use_unicode": True,
    "sql_mode": "STRICT_ALL_TABLES,NO_ZERO_DATE",
    "time_zone": "+00:00",
    "sql_log_off": True,
    "compress": True,
    "allow_local_infile": True,
    "conn_attrs": {"program_name": "shop"},
    "client_flags": ["FOUND_ROWS"],
    "unix_socket": "/run/mysqld.sock",
    "allow_local_infile_in_path": "/srv/imports",
}
OWN_NAMES = {
    "allow_local_infile": "local_infile",
    "allow_local_infile_in_path": "local_infile_dir",
    "option_groups": "read_default_group",
}
READ_AS = {"option_groups": "shop", "client_flags": 2}


@pytest.mark.parametrize("name", PEER_OPTIONS)
def test_every_option_of_the_peer_is_a_field(name):
    given = PEER_OPTIONS if name in ("ssl_cert", "ssl_key") else {name: PEER_OPTIONS[name]}
    assert getattr(Config(**given), OWN_NAMES.get(name, name)) == READ_AS.get(name, PEER_OPTIONS[name])


def test_peer_option_files_and_dsn(tmp_path):
    file = tmp_path / "client.cnf"
    file.write_text("[client]\nhost=elsewhere\n")
    assert Config(option_files=[file]).read_default_file == str(file)
    config = Config(dsn=f"mysql://app:{SECRET}@db.example:3307/shop", database="other")
    assert (config.host, config.port, config.username, config.database) == ("db.example", 3307, "app", "other")
    assert config.password == SECRET


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"port": "3306 "}, "port must be an integer, not '3306 '"),
        ({"port": 0}, "port must be from 1 to 65535"),
        ({"port": True}, "port must be an integer"),
        ({"connect_timeout": -1}, "connect_timeout must be from 1"),
        ({"connect_timeout": 0}, "leave it out"),
        ({"connect_timeout": "x"}, "an integer"),
        ({"connect_timeout": 1.5}, "an integer"),
        ({"autocommit": 1}, "True or False"),
        ({"hots": "x"}, "unknown option 'hots'; did you mean 'host'"),
        ({"pasword": SECRET}, "did you mean 'password'"),
        ({"charset": "gbk"}, "charset must be utf8mb4 or utf8mb3"),
        ({"charset": "latin1"}, "tables may use any character set"),
        ({"collation": "utf8mb4_bin, @x=1"}, "characters"),
        ({"collation": "latin1_bin"}, "does not belong to charset utf8mb4"),
        ({"sql_mode": "ANSI', @@session.autocommit='1"}, "characters"),
        ({"isolation_level": "SNAPSHOT"}, "isolation_level must be one of"),
        ({"isolation_level": "REPEATABLE READ; DROP TABLE t"}, "isolation_level must be one of"),
        ({"time_zone": "+00:00', @x='"}, "characters"),
        ({"time_zone": "+09:00"}, "needs timezone=None"),
        ({"timezone": "Asia/Tokyo"}, "timezone must be one of UTC"),
        ({"auth_plugin": "../../tmp/evil"}, "characters"),
        ({"host": "x;local_infile=1"}, "characters"),
        ({"host": "a\0b"}, "NUL"),
        ({"ssl_mode": "VERIFY_IDENTIT"}, "VERIFY_IDENTITY"),
        ({"ssl_mode": "DISABLED", "ssl_ca": __file__}, "TLS is disabled, yet ssl_ca"),
        ({"ssl_disabled": True, "ssl_mode": "REQUIRED"}, "contradicts"),
        ({"ssl_cert": __file__}, "together"),
        ({"ssl_ca": "/nowhere/ca.pem"}, "cannot read /nowhere/ca.pem"),
        ({"tls_versions": "TLSv1"}, "tls_versions may hold TLSv1.2 and TLSv1.3"),
        ({"tls_versions": [1]}, "tls_versions may hold"),
        ({"tls_versions": "TLSv1.3", "ssl_mode": "DISABLED"}, "TLS is disabled, yet tls_versions"),
        ({"auth_plugin": "mysql_clear_password"}, "ssl_mode VERIFY_CA"),
        ({"zero_dates": "null"}, "zero_dates must be one of"),
        ({"pool_min_size": 9, "pool_max_size": 3}, "pool_min_size 9 is more"),
        ({"pool_size": 0}, "pool_size must be from 1"),
        ({"raw": True}, "always decoded"),
        ({"use_unicode": False}, "always str"),
        ({"server_timezone": "UTC"}, "set time_zone"),
        ({"client_flags": ["MULTI_STATEMENTS"]}, "unknown flag 'MULTI_STATEMENTS'"),
        ({"client_flags": 65536}, "never allowed"),
        ({"client_flags": 128}, "local_infile"),
        ({"conn_attrs": {"a": 1}}, "mapping of text to text"),
        ({"read_default_file": "/nowhere/my.cnf"}, "cannot read /nowhere/my.cnf"),
        ({"option_groups": ["a", "b"]}, "takes one"),
        ({"username": "a", "user": "b"}, "given twice"),
        ({"password": SECRET, "password_provider": lambda: SECRET}, "not both"),
        ({"password": 5}, "password must be text"),
        ({"username": "\ud800"}, "surrogate"),
        ({"init_command": " ;"}, "empty"),
        ({"version": "new"}, "version must be a tuple"),
        ({"dsn": "postgres://u:p@h/d"}, "not of the form"),
    ],
)
def test_bad_options_are_refused_by_name(options, message):
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")) as caught:
        Config(**{"password": SECRET, **options} if "password_provider" not in options else options)
    assert SECRET not in str(caught.value)


def test_urls_are_read_part_by_part():
    config = Config.from_url(
        "mysql+mysqldb://us%40er:p%2Fa%3As%25s@[::1]:3307/my%2Fdb?autocommit=off&read_timeout=4&version=8.0.36"
    )
    assert (config.username, config.password, config.host) == ("us@er", "p/a:s%s", "::1")
    assert (config.port, config.database, config.autocommit) == (3307, "my/db", False)
    assert (config.read_timeout, config.version) == (4, (8, 0, 36))


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://u:{SECRET}/x@h/db",
        f"mysql://u:p@{SECRET}:notaport/db",
        f"mysql://u:{SECRET}@h:99999/db",
        f"mysql://u:{SECRET}@h/db?x",
        f"mysql://u:{SECRET}@h/db?nonsense=1",
        f"mysql://u:{SECRET}@h/db?port=1x",
        f"http://u:{SECRET}@h/db",
        f"mysql://u:{SECRET}@[h/db",
        f"mysql://u:{SECRET}@h/db?isolation_level=x%27",
        f"mysql://u:{SECRET}%00@h/db",
    ],
)
def test_bad_urls_are_refused_without_showing_the_password(url):
    try:
        Config.from_url(url)
    except ConfigError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    else:
        pytest.fail("accepted")
    _, inner = shown.split("Config.from_url(url)", 1)
    # this test's own `url` is in its frame's locals, none of ours may hold it
    assert SECRET not in inner.split("\n    url = ", 1)[1].split("\n", 1)[1]


@pytest.mark.parametrize("source", ["kwargs", "dict", "clone", "env", "json"])
def test_no_secret_in_tracebacks_with_locals(source, monkeypatch, tmp_path):
    bad = {"password": SECRET, "port": -1}
    (tmp_path / "c.json").write_text(json.dumps(bad))
    os.chmod(tmp_path / "c.json", 0o600)
    monkeypatch.setenv("BAD_PASSWORD", SECRET)
    monkeypatch.setenv("BAD_PORT", "-1")
    calls = {
        "kwargs": lambda: Config(**bad),
        "dict": lambda: Config.from_dict(bad),
        "clone": lambda: Config().clone(**bad),
        "env": lambda: Config.from_env("BAD_"),
        "json": lambda: Config.from_file(tmp_path / "c.json"),
    }
    with pytest.raises(ConfigError) as caught:
        calls[source]()
    frames = [
        frame for frame in traceback.walk_tb(caught.tb) if "mysqlclient" in frame[0].f_code.co_filename.split("/")
    ]
    assert frames
    summary = traceback.StackSummary.extract(iter(frames), capture_locals=True)
    assert SECRET not in "".join(summary.format())


def test_precedence(monkeypatch, tmp_path):
    file = tmp_path / "db.json"
    file.write_text(json.dumps({"mysql": {"host": "file", "port": 1, "database": "file", "username": "file"}}))
    monkeypatch.setenv("SHOP_HOST", "env")
    monkeypatch.setenv("SHOP_PORT", "2")
    monkeypatch.setenv("SHOP_DB", "env")
    monkeypatch.setenv("SHOP_URL", "mysql://h.example:3/")
    config = Config.load(file=file, env_prefix="SHOP_", host="kwarg")
    assert (config.host, config.port, config.database, config.username) == ("kwarg", 3, "env", "file")
    assert config.connect_timeout == 10
    config = Config.load(file=file, env_prefix="SHOP_", url="mysql://url.example/")
    assert (config.host, config.port) == ("url.example", 3)


def test_environment_types_and_foreign_variables(monkeypatch):
    for name, value in {
        "HOST": "h", "PORT": "3310", "USER": "u", "AUTOCOMMIT": "no", "POOL_TIMEOUT": "1.5", "CONN_ATTRS": '{"a":"b"}',
        "VERSION": "8.0.36-1.el9", "ROOT_PASSWORD": "ignored", "CLIENT_FLAGS": "FOUND_ROWS,INTERACTIVE", "TIMEZONE": "",
        "PASSWORD": "",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"MYSQL_{name}", value)
    config = Config.from_env()
    assert (config.port, config.autocommit, config.pool_timeout, config.conn_attrs) == (3310, False, 1.5, {"a": "b"})
    assert (config.version, config.client_flags, config.timezone, config.password) == ((8, 0, 36), 1026, None, "")
    monkeypatch.setenv("MYSQL_PORT", "33 06")
    with pytest.raises(ConfigError, match="port must be an integer"):
        Config.from_env()


def test_files(tmp_path):
    cnf = tmp_path / "my.cnf"
    cnf.write_text("[client]\npassword=x\n")
    os.chmod(cnf, 0o600)
    assert Config.from_file(cnf).read_default_file == str(cnf)
    toml = tmp_path / "db.toml"
    toml.write_text('[prod]\nhost = "h"\nport = 3307\n')
    if sys.version_info >= (3, 11):
        assert Config.from_file(toml, section="prod", port=1).to_dict()["host"] == "h"
    else:
        with pytest.raises(ConfigError, match="JSON"):
            Config.from_file(toml)
    for name, text, message in [
        ("a.json", "{", "not valid JSON"),
        ("b.yaml", "", "are read from"),
        ("c.json", "[]", "table of options"),
        ("d.json", '{"prot": 1}', "did you mean 'port'"),
        ("e.json", '{"port": "1"}', "port must be an integer"),
    ]:
        (tmp_path / name).write_text(text)
        with pytest.raises(ConfigError, match=message):
            Config.from_file(tmp_path / name)
    with pytest.raises(ConfigError, match="cannot read"):
        Config.from_file(tmp_path / "none.json")


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
@pytest.mark.parametrize(("name", "text"), [("x.json", '{"password": "p"}'), ("x.cnf", "[client]\npassword = p\n")])
def test_files_that_others_can_read_may_hold_no_password(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)
    os.chmod(file, 0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        Config.from_file(file)
    os.chmod(file, 0o600)
    Config.from_file(file)
    os.chmod(file, 0o602)
    with pytest.raises(ConfigError, match="written by everybody"):
        Config.from_file(file)


FULL = Config(
    **{name: value for name, value in PEER_OPTIONS.items() if name not in ("ssl_verify_identity",)},
    isolation_level="serializable",
    zero_dates="TEXT",
    statement_timeout=1.5,
    found_rows=True,
    tls_versions=["TLSv1.2", "TLSv1.3"],
)


@pytest.mark.parametrize("config", [Config(), FULL, Config(timezone=None, sql_mode="", password="")])
def test_round_trips(config):
    assert Config.from_dict(config.to_dict()) == config
    assert Config.from_url(config.to_url(show_password=True)) == config
    assert config.clone() == config
    assert pickle.loads(pickle.dumps(config)) == config
    assert copy.deepcopy(config) == config
    assert dataclasses.replace(config, port=3399) == config.clone(port=3399)


def test_clone_changes_and_core_options():
    config = Config(user="a", host="h", options={"read_timeout": 5})
    assert (config.read_timeout, config.options) == (5, {})
    assert config.clone(username="b").user == "b"
    assert config.clone(options={"read_timeout": 6}).read_timeout == 6
    with pytest.raises(ConfigError, match="unknown option"):
        Config(options={"nonsense": 1})


def test_the_password_shows_nowhere():
    config = Config(password=SECRET, user="u")
    for text in (repr(config), str(config), config.to_url(), repr(config.to_dict()), repr(config.driver_kwargs()),
                 repr(config.pool_key()), repr(vars(config))):  # fmt: skip
        assert SECRET not in text
    assert config.to_dict()["password"] == SECRET == config.driver_kwargs()["password"]
    assert SECRET in config.to_url(show_password=True)


def test_pool_keys():
    config = Config(password=SECRET, conn_attrs={"a": "b"})
    assert config.pool_key() == Config(password=SECRET, conn_attrs={"a": "b"}, pool_size=9).pool_key()
    assert hash(config.pool_key()) == hash(config.clone().pool_key())
    assert config.pool_key() != config.clone(password="other").pool_key()
    assert config.pool_key() != config.clone(sql_mode="ANSI").pool_key()


def test_driver_kwargs_are_safe_by_default():
    kwargs = Config(host="db.example", user="u").driver_kwargs()
    assert kwargs["multi_statements"] is False and kwargs["local_infile"] == 0
    assert kwargs["charset"] == "utf8mb4" and kwargs["autocommit"] is True
    assert kwargs["ssl_mode"] == "PREFERRED" and "ssl" not in kwargs and "compress" not in kwargs
    assert Config(local_infile=True, found_rows=True).driver_kwargs()["local_infile"] == 1
    assert Config(found_rows=True, client_flags=["interactive"]).driver_kwargs()["client_flag"] == 1026


def test_localhost_is_tcp_and_a_socket_wins():
    assert Config().driver_kwargs()["host"] == "127.0.0.1"
    kwargs = Config(host="db.example", unix_socket="/run/x.sock").driver_kwargs()
    assert kwargs["unix_socket"] == "/run/x.sock" and "host" not in kwargs and "port" not in kwargs
    assert Config(host="::1", force_ipv6=True).driver_kwargs()["host"] == "::1"
    with pytest.raises(ConfigError, match="no IPv6 address for 127.0.0.1"):
        Config(host="127.0.0.1", force_ipv6=True).driver_kwargs()


def test_an_option_file_is_not_overridden_by_defaults(tmp_path):
    file = tmp_path / "my.cnf"
    file.write_text("[client]\nhost=elsewhere\n")
    assert not {"host", "port"} & set(Config(read_default_file=file).driver_kwargs())
    assert Config(read_default_file=file, port=3307).driver_kwargs()["port"] == 3307
    copied = Config.from_dict(Config(read_default_file=file).to_dict())
    assert "host" not in copied.driver_kwargs()


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({}, "PREFERRED"),
        ({"ssl_mode": "disabled"}, "DISABLED"),
        ({"ssl_disabled": True}, "DISABLED"),
        ({"ssl_mode": "required"}, "REQUIRED"),
        ({"ssl_ca": __file__}, "VERIFY_CA"),
        ({"ssl_ca": __file__, "ssl_mode": "REQUIRED"}, "VERIFY_CA"),
        ({"ssl_ca": __file__, "ssl_mode": "VERIFY_IDENTITY"}, "VERIFY_IDENTITY"),
        ({"ssl_verify_identity": True}, "VERIFY_IDENTITY"),
        ({"ssl_cert": __file__, "ssl_key": __file__}, "REQUIRED"),
        ({"ssl_cipher": "ECDHE-RSA-AES128-GCM-SHA256"}, "REQUIRED"),
    ],
)
def test_tls_mode(options, mode):
    config = Config(**options)
    assert config.tls_mode == mode == config.driver_kwargs()["ssl_mode"]
    assert config.tls_required == (mode not in ("DISABLED", "PREFERRED"))


def test_password_provider():
    passwords = iter(["one", "two"])
    config = Config(password_provider=lambda: next(passwords))
    assert [config.driver_kwargs()["password"] for _ in range(2)] == ["one", "two"]
    with pytest.raises(ConfigError, match="password_provider failed with StopIteration") as caught:
        config.driver_kwargs()
    assert isinstance(caught.value.__cause__, StopIteration)
    with pytest.raises(ConfigError, match="must return str, not bytes"):
        Config(password_provider=lambda: b"x").driver_kwargs()


def test_session_statements():
    assert Config().session_statements() == ["SET NAMES utf8mb4, autocommit=1, time_zone='+00:00'"]
    config = Config(collation="utf8mb4_bin", sql_mode="ANSI", statement_timeout=0.0015,
                    isolation_level=IsolationLevel.READ_COMMITTED, init_command="SET @a=1")  # fmt: skip
    rest = ["SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "SET @a=1"]
    head = "SET NAMES utf8mb4 COLLATE utf8mb4_bin, autocommit=1, time_zone='+00:00', sql_mode='ANSI', "
    assert config.session_statements() == [head + "max_execution_time=2", *rest]
    assert config.session_statements(mariadb=True) == [head + "max_statement_time=0.001500", *rest]


def test_timezone_none_allows_any_session_time_zone():
    statements = Config(timezone=None, time_zone="+09:00").session_statements()
    assert statements == ["SET NAMES utf8mb4, autocommit=1, time_zone='+09:00'"]
    assert Config(use_timezone=False).timezone is None


def test_a_pool_is_wanted_where_an_option_was_chosen():
    assert not Config().pooled
    for options in ({"pool_size": 5}, {"pool_name": "web"}, {"pool_max_size": 9}, {"pool_pre_ping": True}):
        config = Config(**options)
        assert config.pooled
        assert Config.from_dict(config.to_dict()).pooled and Config.from_url(config.to_url()).pooled
        assert config.clone(port=3307).pooled and not Config.from_dict(Config().to_dict()).pooled


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({"host": "db.example"}, "REQUIRED"),  # libmariadb's: where the server offers it
        ({"host": "127.example"}, "REQUIRED"),
        ({"host": "127.0.0.1"}, "PREFERRED"),  # libmariadb's: none
        ({"host": "localhost"}, "PREFERRED"),
        ({"host": "::1"}, "PREFERRED"),
        ({"host": "127.0.0.1", "ssl_mode": "PREFERRED"}, "REQUIRED"),
        ({"host": "db.example", "ssl_mode": "DISABLED"}, "DISABLED"),
        ({"host": "db.example", "server_public_key_path": __file__}, "PREFERRED"),
        ({"unix_socket": "/run/s.sock"}, "PREFERRED"),
        ({"host": "db.example", "ssl_ca": __file__}, "VERIFY_CA"),
    ],
)
def test_what_libmariadb_is_told_of_tls(options, mode):
    assert connect_arguments(Config(**options), libmariadb=True)["ssl_mode"] == mode
    assert connect_arguments(Config(**options), libmariadb=False)["ssl_mode"] == Config(**options).tls_mode
