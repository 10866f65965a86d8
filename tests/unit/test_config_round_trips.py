"""Any configuration there can be: clone, to_dict, to_url, pickle and back, and its secret nowhere between."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhosocial.activerecord.backend.impl.mysqlclient.config import _FIELDS
from rhosocial.activerecord.backend.impl.mysqlclient.config import MySQLConnectionConfig as Config
from rhosocial.activerecord.backend.impl.mysqlclient.config_options import (
    _RANGES,
    CLIENT_FLAGS,
    ISOLATION_LEVELS,
    TLS_VERSIONS,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
SECRETS = TEXT.map("s3cr3t-{}".format)
MODES = st.lists(st.sampled_from(["ANSI", "STRICT_ALL_TABLES", "NO_BACKSLASH_ESCAPES"]), unique=True)
FIXED = {
    "host": st.sampled_from(["localhost", "DB.Example", "10.0.0.1", "::1", "fe80::1%eth0", "FE80::A", "db_1", "a%b"]),
    "password": SECRETS | st.just(""),
    "version": st.lists(st.integers(0, 999), min_size=1, max_size=3).map(tuple),
    "charset": st.sampled_from(["utf8mb4", "UTF8MB3", "utf8"]),
    "sql_mode": MODES.map(",".join),
    "ssl_mode": st.sampled_from(["PREFERRED", "required", "VERIFY_CA", "VERIFY_IDENTITY"]),
    "ssl_disabled": st.just(False),
    "ssl_ca": st.just(__file__),
    "ssl_ciphers": st.just("ECDHE-RSA-AES128-GCM-SHA256:!aNULL"),
    "tls_versions": st.lists(st.sampled_from(TLS_VERSIONS), min_size=1, max_size=2, unique=True),
    "server_public_key_path": st.just(__file__),
    "auth_plugin": st.just("caching_sha2_password"),
    "client_flags": st.lists(st.sampled_from([*CLIENT_FLAGS]), unique=True) | st.just(1026),
    "conn_attrs": st.dictionaries(TEXT, TEXT, max_size=3),
    "isolation_level": st.sampled_from([*ISOLATION_LEVELS, "read-committed"]),
    "init_command": TEXT.map("SET @a = '{}'".format),
    "zero_dates": st.sampled_from(["none", "RAISE", "text"]),
    "timezone": st.sampled_from(["UTC", None]),
    "log_level": st.sampled_from([0, 10, 35, "INFO", "warning"]),
}
BY_TYPE = {bool: st.booleans(), str: TEXT}
# Without a second value, at odds with another option, read from disk, or with no text form.
LEFT_OUT = {
    "user", "raw", "use_unicode", "server_timezone", "client_encoding", "collation", "time_zone", "read_default_file",
    "ssl_cert", "ssl_key", "password_provider", "pool_min_size",
}  # fmt: skip


def values(name, hint):
    """What one option may be."""
    if name in FIXED:
        return FIXED[name]
    if name in _RANGES:
        low, high = _RANGES[name]
        return st.floats(low, high) if float in (hint, *getattr(hint, "__args__", ())) else st.integers(low, int(high))
    kinds = [kind for kind in (hint, *getattr(hint, "__args__", ())) if kind in BY_TYPE]
    return BY_TYPE[kinds[0]]


OPTIONS = st.fixed_dictionaries(
    {}, optional={name: values(name, field.type) for name, field in _FIELDS.items() if name not in LEFT_OUT}
)


@settings(max_examples=50, deadline=None)
@given(OPTIONS)
def test_there_and_back(options):
    config = Config(**options)
    assert Config.from_dict(config.to_dict()) == config
    assert Config.from_url(config.to_url(show_password=True)) == config
    assert config.clone() == config and config.clone().pool_key() == config.pool_key()
    assert pickle.loads(pickle.dumps(config)) == config
    for name in options:
        assert getattr(config, name) == getattr(Config.from_url(config.to_url(show_password=True)), name)


@settings(max_examples=50, deadline=None)
@given(OPTIONS, SECRETS)
def test_the_secret_is_nowhere_between(options, secret):
    config = Config(**{**options, "password": secret})
    for text in (repr(config), config.to_url(), repr(config.to_dict()), repr(config.pool_key()), repr(vars(config))):
        assert "s3cr3t" not in text
    assert Config.from_url(config.to_url()).password == "***"
    assert config.to_dict()["password"] == secret


@settings(max_examples=50, deadline=None)
@given(OPTIONS, OPTIONS)
def test_clone_changes_what_it_is_told_and_nothing_else(options, updates):
    changed = Config(**options).clone(**updates)
    assert changed == Config(**{**options, **updates})
    assert Config(**options) == Config(**options).clone(**{name: getattr(Config(**options), name) for name in options})


def test_every_option_is_tried():
    assert {*FIXED, *LEFT_OUT} <= {*_FIELDS}
    tried = {name for name in _FIELDS if name not in LEFT_OUT}
    assert len(tried) > 50 and all(not values(name, _FIELDS[name].type).is_empty for name in tried)


@pytest.mark.parametrize("text", ["", "mysql:", "mysql//h", "  "])
def test_a_url_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="not of the form"):
        Config.from_url(text)
