"""Sources of options: each pair in the order of precedence; what each refuses, and with which suggestion."""

import itertools
import json
import os
import sys

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.config import MySQLConnectionConfig as Config
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConfigError

FILES = ["json", "toml"] if sys.version_info >= (3, 11) else ["json"]


def document(kind, options):
    """The text of a file with these options."""
    if kind == "json":
        return json.dumps({"mysql": options})
    return "[mysql]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in options.items())


@pytest.fixture
def load(tmp_path, monkeypatch):
    """load({source: seconds}): the configuration whose `read_timeout` all these sources have."""

    def load_(given, kind="json"):
        arguments = {"env_prefix": "APP_"}
        for source, seconds in given.items():
            url = f"mysql://h/?read_timeout={seconds}"
            if source == "file":
                arguments["file"] = tmp_path / f"db.{kind}"
                arguments["file"].write_text(document(kind, {"read_timeout": seconds}))
            elif source == "environment":
                monkeypatch.setenv("APP_READ_TIMEOUT", str(seconds))
            elif source == "the environment's URL":
                monkeypatch.setenv("APP_URL", url)
            elif source == "URL":
                arguments["url"] = url
            elif source == "options=":
                arguments["options"] = {"read_timeout": seconds}
            elif source == "dsn=":
                arguments["dsn"] = url
            else:
                arguments["read_timeout"] = seconds
        return Config.load(**arguments)

    return load_


# docs/configuration.md, "Where options come from", the first one winning.
ORDER = ("keyword arguments", "dsn=", "options=", "URL", "the environment's URL", "environment", "file")


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("pair", [*itertools.combinations(ORDER, 2)], ids=" before ".join)
def test_each_source_goes_before_those_after_it(load, pair, kind):
    assert load({pair[0]: 11, pair[1]: 22}, kind).read_timeout == 11


@pytest.mark.parametrize("source", ORDER)
def test_each_source_goes_before_the_defaults_and_is_taken_where_those_before_say_nothing(load, source):
    assert Config().read_timeout is None
    config = load({source: 33})
    assert config.read_timeout == 33
    assert config.clone(read_timeout=44).read_timeout == 44
    for kind in (MySQLBackend, AsyncMySQLBackend):
        assert kind(connection_config=config, read_timeout=55).config.read_timeout == 55
        assert kind(connection_config=config).config.read_timeout == 33


def test_all_of_them_at_once(load):
    for first in range(len(ORDER)):
        sources = {name: 100 + number for number, name in enumerate(ORDER[first:])}
        if first <= ORDER.index("the environment's URL"):
            assert load(sources).read_timeout == 100


def test_sources_that_are_not_asked_for_play_no_part(monkeypatch, tmp_path):
    monkeypatch.setenv("MYSQL_HOST", "env")
    monkeypatch.setenv("MYSQL_URL", "mysql://envurl")
    file = tmp_path / "db.json"
    file.write_text("{}")
    assert Config().host == Config.from_file(file).host == Config.from_dict({}).host == "localhost"
    assert Config.from_url("mysql://").host == "localhost" and Config.from_env("OTHER_").host == "localhost"
    assert Config.from_env().host == "envurl"


ILL_TYPED = [
    ("port", "3306x"), ("port", "yes"), ("port", "-1"), ("port", "9" * 30), ("port", "65536"), ("port", "0x10"),
    ("port", "3306 "), ("port", "3306.0"), ("read_timeout", "nan"), ("pool_timeout", "nan"), ("pool_timeout", "inf"),
    ("pool_timeout", "1e3"), ("statement_timeout", "-1"), ("compress", "maybe"), ("compress", "2"),
    ("ssl_mode", "VERIFY"), ("conn_attrs", "[1]"), ("conn_attrs", "{"), ("version", "new"), ("log_level", "LOUD"),
    ("client_flags", "NONE,SUCH"), ("isolation_level", "NONE"), ("zero_dates", "never"), ("password_provider", "x"),
    ("host", "a b"), ("tls_versions", "TLSv1.1"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), ILL_TYPED)
@pytest.mark.parametrize("source", ["env", "url", "the environment's URL", "json", "kwarg"])
def test_what_is_no_value_is_refused_by_name(monkeypatch, tmp_path, name, text, source):
    file = tmp_path / "c.json"
    file.write_text(json.dumps({name: text}))
    monkeypatch.setenv(*(("BAD_URL", f"mysql://?{name}={text}") if "URL" in source else (f"BAD_{name.upper()}", text)))
    calls = {
        "env": lambda: Config.from_env("BAD_"),
        "the environment's URL": lambda: Config.from_env("BAD_"),
        "url": lambda: Config.from_url(f"mysql://h/?{name}={text}"),
        "json": lambda: Config.from_file(file),
        "kwarg": lambda: MySQLBackend(**{name: text}),
    }
    with pytest.raises(ConfigError, match=name):
        calls[source]()


WRONG_TYPES = [
    ("port", True), ("port", 3306.0), ("port", "3306"), ("host", ["h"]), ("host", 5), ("username", {"a": 1}),
    ("password", ["p"]), ("compress", 1), ("compress", "yes"), ("pool_size", 2.0), ("pool_timeout", "30"),
    ("pool_timeout", False), ("conn_attrs", {"a": 1}), ("conn_attrs", "a=b"), ("version", "x"), ("version", [8, "4"]),
    ("options", 5), ("options", ["a"]), ("ssl_ca", 1), ("sql_mode", ["ANSI"]), ("log_level", 10**30),
    ("version", [8, -1]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG_TYPES)
@pytest.mark.parametrize("source", ["kwarg", "options=", *FILES])
def test_what_is_of_another_type_is_refused_by_name(tmp_path, name, value, source):
    if source == "kwarg":
        with pytest.raises(ConfigError, match=name):
            Config(**{name: value})
    elif source == "options=":
        with pytest.raises(ConfigError, match=name):
            Config(options={name: value})
    else:
        if isinstance(value, dict) and source == "toml":
            text = f"[mysql.{name}]\na = 1\n"
        else:
            text = document(source, {name: value})
        file = tmp_path / f"c.{source}"
        file.write_text(text)
        file.chmod(0o600)
        with pytest.raises(ConfigError, match=name):
            Config.from_file(file)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("pasword", "password"), ("databse", "database"), ("pool_sise", "pool_size"), ("ssl_cas", "ssl_ca")],
)
@pytest.mark.parametrize("source", ["kwarg", "backend", "options=", "clone", "dict", "env", "url", "dsn=", *FILES])
def test_an_unknown_option_is_refused_with_the_right_name(monkeypatch, tmp_path, wrong, right, source):
    monkeypatch.setenv(f"TYPO_{wrong.upper()}", "x")
    file = tmp_path / f"c.{source}"
    file.write_text(document(source if source in FILES else "json", {wrong: "x"}))
    calls = {
        "kwarg": lambda: Config(**{wrong: "x"}),
        "backend": lambda: AsyncMySQLBackend(**{wrong: "x"}),
        "options=": lambda: Config(options={wrong: "x"}),
        "clone": lambda: Config().clone(**{wrong: "x"}),
        "dict": lambda: Config.from_dict({wrong: "x"}),
        "env": lambda: Config.from_env("TYPO_"),
        "url": lambda: Config.from_url(f"mysql://h/?{wrong}=x"),
        "dsn=": lambda: Config(dsn=f"mysql://h/?{wrong}=x"),
    }
    with pytest.raises(ConfigError) as caught:
        calls.get(source, lambda: Config.from_file(file))()
    wanted = (f"TYPO_{wrong.upper()}", f"TYPO_{right.upper()}") if source == "env" else (f"'{wrong}'", f"'{right}'")
    assert all(name in str(caught.value) for name in wanted)


def test_variables_of_other_programs_are_left_alone(monkeypatch):
    """Docker's images, Kubernetes's services and the client library's own."""
    for name in ("ROOT_PASSWORD", "RANDOM_ROOT_PASSWORD", "ALLOW_EMPTY_PASSWORD", "ROOT_HOST", "INITDB_SKIP_TZINFO",
                 "ONETIME_PASSWORD", "PASSWORD_FILE", "PWD", "TCP_PORT", "UNIX_PORT", "HISTFILE", "TEST_LOGIN_FILE",
                 "GROUP_SUFFIX", "HOME", "PS1", "MAJOR", "SHELL_VERSION", "SERVICE_HOST", "SERVICE_PORT",
                 "PORT_3306_TCP_ADDR", "REPLICATION_USER", "EXTRA_FLAGS"):  # fmt: skip
        monkeypatch.setenv(f"MYSQL_{name}", "x")
    assert Config.from_env() == Config()


@pytest.mark.parametrize("name", ["host", "database", "username", "ssl_ca", "ssl_capath", "unix_socket", "collation"])
def test_empty_text_is_refused_where_it_would_mean_none(name):
    with pytest.raises(ConfigError, match=f"{name} is empty"):
        Config(**{name: ""})
    assert getattr(Config.from_url(f"mysql://?{name}="), name) is None if name != "host" else True


def test_empty_text_that_means_something():
    assert Config(password="", sql_mode="").sql_mode == "" == Config(password="").password


def test_an_empty_url_is_none(monkeypatch):
    monkeypatch.setenv("APP_URL", "")
    assert Config.from_env("APP_") == Config() == Config.load(env_prefix=None)
    for call in (lambda: Config.from_url(""), lambda: Config.load(url=""), lambda: Config(dsn="")):
        with pytest.raises(ConfigError, match="not of the form"):
            call()


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("one_line.json", '{"mysql": {"user": "u", "password": "p"}}'),
        ("in_options.json", '{"options": {"passwd": "p"}}'),
        ("other_section.json", '{"mysql": {}, "prod": {"password": "p"}}'),
        ("dsn.json", '{"dsn": "mysql://u:p@h/d"}'),
        *[("inline.toml", 'mysql = {user = "u", password = "p"}') for kind in FILES if kind == "toml"],
    ],
)
def test_wherever_a_password_stands_in_a_file_others_may_not_read_it(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        Config.from_file(file)
    file.chmod(0o600)
    Config.from_file(file)


def test_a_provider_is_a_plain_function():
    async def provider():
        return "p"

    with pytest.raises(ConfigError, match="plain function"):
        Config(password_provider=provider)
    with pytest.raises(ConfigError, match="must return str, not coroutine"):
        Config(password_provider=lambda: provider()).driver_kwargs()
