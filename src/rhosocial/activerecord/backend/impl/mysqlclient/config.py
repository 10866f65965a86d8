"""Connection configuration: `MySQLConnectionConfig`.

Options come from, the first that has one wins: keyword arguments, a URL, the environment, a file, the defaults.
All are judged when the object is made. docs/configuration.md describes each.
"""

# No `from __future__ import annotations`: the core reads the fields' types as objects.
import difflib
import hashlib
import inspect
import json
import math
import os
import re
import secrets
import socket
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from rhosocial.activerecord.backend.config import (
    CharsetMixin,
    ConnectionConfig,
    ConnectionPoolMixin,
    LoggingMixin,
    SSLMixin,
    TimezoneMixin,
    VersionMixin,
)

from .codec.sql import switches_charset
from .config_options import ALIASES, CHARSETS, CLIENT_FLAGS, SSL_MODES, check_values, typed
from .config_sources import (
    Secret,
    build_url,
    env_options,
    env_url_options,
    file_options,
    mask,
    read_option_file,
    sets_option,
    url_options,
)
from .errors import ConfigError

Config = TypeVar("Config", bound="MySQLConnectionConfig")

_POOL_SIZE = 5  # the core's
_PROCESS_KEY = secrets.token_bytes(32)


@dataclass(init=False, repr=False)
class MySQLConnectionConfig(
    ConnectionConfig, ConnectionPoolMixin, SSLMixin, CharsetMixin, TimezoneMixin, VersionMixin, LoggingMixin
):
    """Everything needed to open sessions. Keyword arguments only; unknown and ill-typed ones raise ConfigError.

    Timeouts are in seconds, None meaning none.
    """

    port: int | None = 3306
    unix_socket: str | None = None
    password_provider: Callable[[], str] | None = None
    auth_plugin: str | None = None
    server_public_key_path: str | None = None
    connect_timeout: int | None = 10
    read_timeout: int | None = None
    write_timeout: int | None = None
    busy_poll_us: int = 100
    statement_timeout: float | None = None
    compress: bool = False
    force_ipv6: bool = False
    read_default_file: str | None = None
    read_default_group: str | None = None
    client_flags: int | None = None
    found_rows: bool = False
    conn_attrs: dict[str, str] | None = None
    prepare_threshold: int | None = None
    local_infile: bool = False
    bulk_load: bool = False
    local_infile_dir: str | None = None

    ssl_capath: str | None = None
    tls_versions: str | None = None
    ssl_disabled: bool | None = None

    autocommit: bool = True
    isolation_level: str | None = None
    init_command: str | None = None
    sql_mode: str | None = None
    sql_log_off: bool = False
    timezone: str | None = "UTC"
    time_zone: str = "+00:00"
    zero_dates: str = "none"

    # None is 5: a size that was chosen differs from the default, also after to_dict() and to_url()
    pool_size: int | None = None
    pool_timeout: float = 30
    pool_recycle: float | None = None
    pool_max_idle: float | None = None
    pool_leak_threshold: float | None = None

    get_warnings: bool = False
    raw: bool = False
    use_unicode: bool = True
    # mysql-connector's; every value describes what happens here anyway
    use_pure: bool | None = None
    buffered: bool | None = None
    consume_results: bool | None = None

    def __init__(self, **options: Any) -> None:
        options = _canonical(mask(options))
        self.options: dict[str, Any] = {}
        self._given: frozenset[str] = frozenset(options)
        for name, field in _FIELDS.items():
            setattr(self, name, typed(name, field.type, options[name]) if name in options else field.default)
        self.user = self.username
        check_values(self)
        for check in (_check_charset, _check_timezone, _check_tls, _check_pool, _check_rest):
            check(self)

    @classmethod
    def from_dict(cls: type[Config], options: Mapping[str, Any]) -> Config:
        """From a mapping such as `to_dict()` gives."""
        options = mask(options)
        return cls(**options)

    @classmethod
    def from_url(cls: type[Config], url: str, **options: Any) -> Config:
        """From `mysql://user:password@host:port/database?option=value`; `options` go before the URL's."""
        options, url = mask(options), Secret(url)
        return cls.load(url=url, env_prefix=None, **options)

    @classmethod
    def from_env(cls: type[Config], prefix: str = "MYSQL_", **options: Any) -> Config:
        """From variables such as MYSQL_HOST and MYSQL_URL, the URL's parts going before the other variables."""
        options = mask(options)
        return cls.load(env_prefix=prefix, **options)

    @classmethod
    def from_file(cls: type[Config], path: str | os.PathLike, section: str = "mysql", **options: Any) -> Config:
        """From a .toml or .json file, its table `section` if it has one, or a .cnf file, left to the client library."""
        options = mask(options)
        return cls.load(file=path, section=section, env_prefix=None, **options)

    @classmethod
    def load(
        cls: type[Config],
        *,
        url: str | None = None,
        env_prefix: str | None = "MYSQL_",
        file: str | os.PathLike | None = None,
        section: str = "mysql",
        **options: Any,
    ) -> Config:
        """From all sources; keyword arguments go before URL, environment, file and defaults, in this order.

        So it is for each option: what the URL does not say, the environment may. None is no source.
        """
        options, url = mask(options), None if url is None else Secret(url)
        sources = [] if file is None else [file_options(os.fspath(file), section)]
        if env_prefix is not None:
            sources += env_options([*_FIELDS, *ALIASES], env_prefix), env_url_options(env_prefix)
        if url is not None:
            sources.append(url_options(url))
        merged: dict[str, Any] = {}
        for source in (*sources, options):
            merged.update(_canonical(source))
        return cls(**merged)

    def clone(self: Config, **updates: Any) -> Config:
        """A copy with some options changed."""
        updates = _canonical(mask(updates))
        given = {name: getattr(self, name) for name in self._given}
        return type(self)(**{**given, **updates})

    def to_dict(self) -> dict[str, Any]:
        """All options with a value, the password among them in clear (masked only in its repr)."""
        values = {name: getattr(self, name) for name in _FIELDS if name != "user"}
        left_to_file = {name for name in _LEFT_TO_FILE if self.read_default_file and not self.chose(name)}
        return {
            name: value
            for name, value in values.items()
            if (value is not None or _FIELDS[name].default is not None) and name not in left_to_file
        }

    def to_url(self, show_password: bool = False) -> str:
        """The URL that `from_url` reads back to an equal configuration, if asked to show the password.

        A `password_provider` has no text form and is left out.
        """
        masked = self.password if show_password or self.password is None else "***"
        kept = {name for name in _LEFT_TO_FILE if self.chose(name)} if self.read_default_file else {"host"}
        chosen = {
            name: _as_text(getattr(self, name))
            for name, field in _FIELDS.items()
            if name not in ("user", "password", "password_provider")
            and (getattr(self, name) != field.default or name in kept)
        }
        return build_url(chosen, masked)

    def __repr__(self) -> str:
        shown = {name: vars(self).get(name) for name in ("host", "port", *sorted(self._given - {"host", "port"}))}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    def chose(self, name: str) -> bool:
        """Whether an option was given, by whichever source: an option file goes before the defaults only."""
        return name in self._given

    @property
    def pooled(self) -> bool:
        """Whether a pool option was chosen: then backends take their sessions from a pool."""
        return any(
            getattr(self, name) != field.default for name, field in _FIELDS.items() if name.startswith("pool_")
        )

    @property
    def pool_kept(self) -> int:
        """How many unused sessions a pool keeps."""
        return max(self.pool_size or _POOL_SIZE, self.pool_min_size or 0)

    @property
    def pool_limit(self) -> int:
        """How many sessions a pool opens at most."""
        return self.pool_max_size or self.pool_size or _POOL_SIZE

    def pool_key(self) -> Hashable:
        """Equal for configurations whose sessions are interchangeable; tells nothing of the password."""
        values = {name: value for name, value in self.to_dict().items() if not name.startswith(("pool_", "log_"))}
        password = values.pop("password", None)
        if password is not None:
            values["password"] = hashlib.blake2b(password.encode(errors="surrogatepass"), key=_PROCESS_KEY).digest()
        return tuple((name, _hashable(values[name])) for name in sorted(values))

    @property
    def tls_mode(self) -> str:
        """The `ssl_mode` in force: the one configured, raised to what a CA, certificate or ssl_verify_* demands.

        PREFERRED, TLS where the server offers it, also where none is configured; see docs/configuration.md for when
        libmariadb then does without.
        """
        if self.ssl_disabled or self.ssl_mode == "DISABLED":
            return "DISABLED"
        demands = (
            (self.ssl_verify_identity, "VERIFY_IDENTITY"),
            (self.ssl_verify_cert or self.ssl_ca or self.ssl_capath, "VERIFY_CA"),
            (self.ssl_cert or self.ssl_ciphers or self.tls_versions, "REQUIRED"),
        )
        demanded = next((mode for wanted, mode in demands if wanted), "PREFERRED")
        return max(self.ssl_mode or "PREFERRED", demanded, key=SSL_MODES.index)

    @property
    def server_verified(self) -> bool:
        """True where the client library makes sure of who the server is before it says anything else."""
        return SSL_MODES.index(self.tls_mode) >= SSL_MODES.index("VERIFY_CA")

    @property
    def tls_required(self) -> bool:
        """True where a session without a cipher must be refused."""
        return SSL_MODES.index(self.tls_mode) >= SSL_MODES.index("REQUIRED")

    def driver_kwargs(self) -> dict[str, Any]:
        """The keyword arguments of `MySQLdb.connect`; calls `password_provider`, if there is one.

        Raises:
            ConfigError: password_provider failed or gave no str; no IPv6 address for the host (force_ipv6).
        """
        flags = (self.client_flags or 0) | (CLIENT_FLAGS["FOUND_ROWS"] if self.found_rows else 0)
        ssl = {
            "ca": self.ssl_ca,
            "capath": self.ssl_capath,
            "cert": self.ssl_cert,
            "key": self.ssl_key,
            "cipher": self.ssl_ciphers,
        }
        kwargs = {
            **self._address(),
            "user": self.username,
            "password": self._password(),
            "database": self.database,
            "connect_timeout": self.connect_timeout,
            "read_timeout": self.read_timeout,
            "write_timeout": self.write_timeout,
            "compress": True if self.compress else None,  # any value, False too, turns it on
            "read_default_file": self.read_default_file,
            "read_default_group": self.read_default_group,
            "auth_plugin": self.auth_plugin,
            "server_public_key_path": self.server_public_key_path,
            "local_infile_dir": self.local_infile_dir,
            "ssl": {name: value for name, value in ssl.items() if value} or None,
        }
        return {name: value for name, value in kwargs.items() if value is not None} | {
            "charset": self.charset,
            "autocommit": self.autocommit,
            "client_flag": flags,
            "multi_statements": False,
            "local_infile": int(self.local_infile),  # the client library's own default is 1
            "ssl_mode": self.tls_mode,
        }

    @property
    def address(self) -> str:
        """Where the server is, for messages: host:port, or what else it is found by."""
        if self.unix_socket:
            return self.unix_socket
        if self.read_default_file and not self.chose("host"):
            return f"the server named in {self.read_default_file}"
        return f"{self.host}:{self.port}"

    def _address(self) -> dict[str, Any]:
        if self.unix_socket:
            return {"unix_socket": self.unix_socket}
        if self.read_default_file:
            return {name: getattr(self, name) for name in ("host", "port") if self.chose(name)}
        if self.force_ipv6:
            return {"host": _ipv6_address(self.host, self.port), "port": self.port}
        # the client library takes "localhost" for its default socket, whatever the port
        return {"host": "127.0.0.1" if self.host == "localhost" else self.host, "port": self.port}

    def _password(self) -> str | None:
        if self.password_provider is None:
            return self.password
        try:
            password = self.password_provider()
        except Exception as error:
            raise ConfigError(f"password_provider failed with {type(error).__name__}") from error
        if inspect.iscoroutine(password):
            password.close()
        if not isinstance(password, str):
            raise ConfigError(f"password_provider must return str, not {type(password).__name__}")
        return Secret(password)

    def session_statements(self, *, mariadb: bool = False) -> list[str]:
        """The SQL texts to send, in order, when a session is opened or has been reset."""
        collation = f" COLLATE {self.collation}" if self.collation else ""
        # COM_RESET_CONNECTION leaves MySQL with the server's character set (bug #85185).
        settings = [
            f"NAMES {self.charset}{collation}",
            f"autocommit={int(self.autocommit)}",
            f"time_zone='{self.time_zone}'",
        ]
        if self.sql_mode is not None:
            settings.append(f"sql_mode='{self.sql_mode}'")
        if self.statement_timeout is not None:
            settings.append(timeout_setting(self.statement_timeout, mariadb=mariadb))
        if self.sql_log_off:
            settings.append("sql_log_off=1")
        statements = [f"SET {', '.join(settings)}"]
        if self.isolation_level:
            statements.append(f"SET SESSION TRANSACTION ISOLATION LEVEL {self.isolation_level}")
        if self.init_command:
            statements.append(self.init_command)
        return statements


_FIELDS = {field.name: field for field in fields(MySQLConnectionConfig) if field.name != "options"}
_LEFT_TO_FILE = ("host", "port", "connect_timeout")  # defaults of these must not override an option file's


def timeout_setting(seconds: float | None, *, mariadb: bool) -> str:
    """What SET takes to limit the time of statements; None: what the server has globally."""
    if mariadb:
        return f"max_statement_time={'DEFAULT' if seconds is None else f'{seconds:.6f}'}"
    return f"max_execution_time={'DEFAULT' if seconds is None else math.ceil(seconds * 1000)}"


def _canonical(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options under their own names. Raises ConfigError for unknown ones and for two names that disagree.

    `dsn` (a URL) and `options` (a mapping, the core's) stand for what they hold, and give way to all others.
    """
    result: dict[str, Any] = {}
    if options.get("options") is not None:
        if not isinstance(options["options"], Mapping):
            raise ConfigError(f"options must be a mapping of options, not {type(options['options']).__name__}")
        result.update(_canonical(mask(options["options"])))
    if options.get("dsn") is not None:
        result.update(_canonical(url_options(options["dsn"])))
    overridden, result = result, {}
    for name, value in options.items():
        if name in ("dsn", "options"):
            continue
        own = ALIASES.get(name, name)
        if own not in _FIELDS:
            near = difflib.get_close_matches(str(name), [*_FIELDS, *ALIASES, "dsn"], 1)
            raise ConfigError(f"unknown option {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        if value is None and name in ALIASES:
            continue
        if own in result and result[own] is not None and result[own] != value:
            raise ConfigError(f"{own!r} is given twice, also as one of {[a for a in ALIASES if ALIASES[a] == own]}")
        result[own] = value
    return {**overridden, **result}


def _check_charset(config: MySQLConnectionConfig) -> None:
    charset = CHARSETS.get(config.charset.lower())
    if charset is None:
        raise ConfigError(
            f"charset must be utf8mb4 or utf8mb3, not {config.charset[:60]!r}: in others a byte of one character can "
            "be a quote or backslash, or text is lost; tables may use any character set, the server converts"
        )
    config.charset = charset
    family = re.match(r"(?:(utf8mb4)|(utf8mb3|utf8)|uca1400)_", config.collation or "utf8mb4_", re.IGNORECASE)
    if config.collation and (family is None or family[2 if charset == "utf8mb4" else 1]):
        raise ConfigError(f"collation {config.collation!r} does not belong to charset {charset}")


def _check_timezone(config: MySQLConnectionConfig) -> None:
    if not config.use_timezone:
        config.timezone = None
    if config.timezone == "UTC" and config.time_zone not in ("+00:00", "-00:00", "+0:00", "UTC"):
        raise ConfigError(
            f"time_zone={config.time_zone!r} needs timezone=None (naive datetimes): "
            "with timezone='UTC' the session's time zone is +00:00"
        )


def _check_tls(config: MySQLConnectionConfig) -> None:
    off = config.ssl_disabled or config.ssl_mode == "DISABLED"
    demanding = [name for name in _TLS_OPTIONS if getattr(config, name)]
    if off and demanding:
        raise ConfigError(f"TLS is disabled, yet {', '.join(demanding)} given: drop one or the other")
    if config.ssl_disabled and config.ssl_mode not in (None, "DISABLED"):
        raise ConfigError(f"ssl_disabled=True contradicts ssl_mode={config.ssl_mode!r}")
    if bool(config.ssl_cert) != bool(config.ssl_key):
        raise ConfigError("ssl_cert and ssl_key are given together or not at all")
    if config.auth_plugin in CLEAR_PASSWORDS and not (config.server_verified or config.unix_socket):
        raise ConfigError(
            f"auth_plugin={config.auth_plugin!r} sends the password as it is: "
            "that needs ssl_mode VERIFY_CA or VERIFY_IDENTITY, or a unix_socket"
        )
    for name in ("ssl_ca", "ssl_cert", "ssl_key", "server_public_key_path"):
        path = getattr(config, name)
        if path and not os.access(path, os.R_OK):
            raise ConfigError(f"{name}: cannot read {path}")


_TLS_OPTIONS = ("ssl_ca", "ssl_capath", "ssl_cert", "ssl_key", "ssl_ciphers", "ssl_verify_cert", "ssl_verify_identity",
                "tls_versions")  # fmt: skip
# Plugins that say the password as it is, and the one that may ask the process's terminal for it.
CLEAR_PASSWORDS = ("mysql_clear_password", "dialog")


def _check_pool(config: MySQLConnectionConfig) -> None:
    high = config.pool_limit
    if config.pool_min_size is not None and config.pool_min_size > high:
        raise ConfigError(f"pool_min_size {config.pool_min_size} is more than the pool's greatest size {high}")


def _check_rest(config: MySQLConnectionConfig) -> None:
    if config.password is not None and config.password_provider is not None:
        raise ConfigError("give password or password_provider, not both")
    if config.read_default_file:
        content = read_option_file(config.read_default_file)
        if not config.local_infile and sets_option(content, b"local-infile"):
            raise ConfigError(
                f"{config.read_default_file} sets local-infile, which the client library would obey: "
                "take it out, or allow LOAD DATA LOCAL by local_infile=True"
            )
        # Run while it logs in, when a server may ask for any file yet.
        if config.bulk_load and not config.local_infile and sets_option(content, b"init-command", b"!include"):
            raise ConfigError(
                f"{config.read_default_file} has an init-command or !include, with which bulk_load would let the "
                "server read files: give init_command as an option"
            )
    if config.conn_attrs and config.read_default_file and config.username is None:
        raise ConfigError("conn_attrs needs the username as an option, not in an option file")
    if config.init_command is not None and not config.init_command.strip(" \t\r\n;"):
        raise ConfigError("init_command is empty: leave it out")
    if config.init_command is not None and switches_charset(config.init_command):
        raise ConfigError("init_command may not set a character set but utf8mb4 and utf8mb3: use charset")


def _ipv6_address(host: str, port: int | None) -> str:
    try:
        return str(socket.getaddrinfo(host, port, socket.AF_INET6, socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise ConfigError(f"force_ipv6: no IPv6 address for {host}") from error


def _hashable(value: Any) -> Hashable:
    return tuple(sorted(value.items())) if isinstance(value, dict) else value


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, tuple):
        return ".".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
