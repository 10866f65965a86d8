"""What each connection option accepts: its type, range, choices and characters; and reading it from text."""

import difflib
import inspect
import json
import logging
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from .config_sources import Secret, Text
from .errors import ConfigError

TLS_VERSIONS = ("TLSv1.2", "TLSv1.3")
SSL_MODES = ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
ISOLATION_LEVELS = ("READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")

# Names of the peer, of mysqlclient and of the core for one and the same option.
ALIASES: dict[str, str] = {
    "user": "username",
    "passwd": "password",
    "db": "database",
    "allow_local_infile": "local_infile",
    "allow_local_infile_in_path": "local_infile_dir",
    "option_files": "read_default_file",
    "option_groups": "read_default_group",
    "client_flag": "client_flags",
    "ssl_cipher": "ssl_ciphers",
}

# MySQL Internals, "Capabilities Flags"; those the session needs set or unset are not for the user.
CLIENT_FLAGS = {
    "FOUND_ROWS": 2,
    "NO_SCHEMA": 16,
    "ODBC": 64,
    "IGNORE_SPACE": 256,
    "INTERACTIVE": 1024,
    "IGNORE_SIGPIPE": 4096,
}

CHARSETS = {"utf8mb4": "utf8mb4", "utf8mb3": "utf8mb3", "utf8": "utf8mb3"}
_YEAR = 31_536_000  # seconds; the C API's timeouts are 32-bit

_RANGES: dict[str, tuple[float, float]] = {
    "port": (1, 65535),
    "connect_timeout": (1, _YEAR),
    "read_timeout": (1, _YEAR),
    "write_timeout": (1, _YEAR),
    "statement_timeout": (0.001, _YEAR),
    "busy_poll_us": (0, 10_000),
    "prepare_threshold": (1, 1_000_000),
    "pool_size": (1, 100_000),
    "pool_min_size": (0, 100_000),
    "pool_max_size": (1, 100_000),
    "pool_timeout": (0.001, _YEAR),
    "pool_recycle": (0.001, _YEAR),
    "pool_max_idle": (0.001, _YEAR),
    "pool_leak_threshold": (0.001, _YEAR),
}

_CHOICES: dict[str, tuple[str, ...]] = {
    "ssl_mode": SSL_MODES,
    "isolation_level": ISOLATION_LEVELS,
    "zero_dates": ("none", "raise", "text"),
    "timezone": ("UTC",),
}

# What is put into SQL text, or would be taken by the client library for more than a name.
_PATTERNS: dict[str, str] = {
    "read_default_file": r"[^\r\n]+",
    "host": r"[A-Za-z0-9._:%-]+",  # libmariadb reads `;` and `=` in a host as a connection string
    "collation": r"[A-Za-z0-9_]+",
    "sql_mode": r"([A-Za-z0-9_]+(,[A-Za-z0-9_]+)*)?",
    "time_zone": r"[+-]\d{1,2}:\d\d|[A-Za-z][A-Za-z0-9_+/-]*",
    "auth_plugin": r"[A-Za-z0-9_]+",
    "ssl_ciphers": r"[A-Za-z0-9:,_+!@.-]+",
}

_REFUSED: dict[str, tuple[Any, str]] = {
    "raw": (False, "rows are always decoded"),
    "use_unicode": (True, "text columns are always str; declare a column BINARY or BLOB to get bytes"),
    "server_timezone": (None, "set time_zone"),
    "client_encoding": (None, "set charset"),
}

_MAY_BE_EMPTY = ("password", "sql_mode")
_WANTED = {bool: "True or False", int: "an integer", float: "a number", str: "text", dict: "a mapping of text to text"}
_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def typed(name: str, hint: Any, value: Any) -> Any:
    """The option's value in its own type, None where that is allowed. Raises ConfigError."""
    kind = _kind(hint)
    optional = hint is Any or hint != kind
    if isinstance(value, Text):
        value = _parse(name, kind, str(value))
    if name == "password" and isinstance(value, str):
        value = Secret(value)
    if value is None:
        if optional:
            return None
        raise _ill_typed(name, kind, value)
    return _ACCEPT[_SPECIAL.get(name, kind)](name, value)


def _kind(hint: Any) -> Any:
    arguments = getattr(hint, "__args__", ())
    if type(None) in arguments:
        return _kind(next(item for item in arguments if item is not type(None)))
    return hint if hint in (bool, int, float, str, Any) else getattr(hint, "__origin__", hint)


def _parse(name: str, kind: Any, text: str) -> Any:
    """What text from a URL or the environment means for this option; empty text means None."""
    if not text and name not in _MAY_BE_EMPTY:
        return None
    if kind is bool:
        return _BOOLEANS.get(text.lower(), text)
    if name == "client_flags":
        return int(text) if text.isascii() and text.isdigit() else text.split(",")
    if kind in (int, Any) and re.fullmatch(r"[+-]?\d{1,18}", text):
        return int(text)
    if kind is float and re.fullmatch(r"[+-]?\d{1,18}(\.\d{1,30})?", text):
        return float(text)
    if kind is dict:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _ill_typed(name: str, kind: Any, value: Any) -> ConfigError:
    shown = type(value).__name__ if name == "password" else repr(value)[:60]
    return ConfigError(f"{name} must be {_WANTED[kind]}, not {shown}")


def _accept_exact(kind: type, *instances: type) -> Callable[[str, Any], Any]:
    def accept(name: str, value: Any) -> Any:
        if not isinstance(value, instances or kind) or (isinstance(value, bool) and kind is not bool):
            raise _ill_typed(name, kind, value)
        return value

    return accept


def _accept_text(name: str, value: Any) -> str:
    value = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(value, str):
        raise _ill_typed(name, str, value)
    if not value and name not in _MAY_BE_EMPTY:  # an ssl_ca from a variable that is not set would be no TLS
        raise ConfigError(f"{name} is empty: leave it out, or give None")
    if "\0" in value:
        raise ConfigError(f"{name} must not contain a NUL character")
    if not value.isascii() and value != value.encode(errors="replace").decode():
        raise ConfigError(f"{name} contains a lone surrogate, which has no encoding")
    return value


def _accept_mapping(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(item, str) for pair in value.items() for item in pair):
        raise _ill_typed(name, dict, value)
    if any("\0" in item for pair in value.items() for item in pair):
        raise ConfigError(f"{name} must not contain a NUL character")
    return dict(value)


def _accept_callable(name: str, value: Any) -> Callable:
    if not callable(value):
        raise ConfigError(f"{name} must be callable, not {type(value).__name__}")
    if inspect.iscoroutinefunction(value):
        raise ConfigError(f"{name} must be a plain function, no async one: asynchronous backends call it in a thread")
    return value


def _accept_version(name: str, value: Any) -> tuple[int, ...]:
    if isinstance(value, str):
        found = re.match(r"\d{1,9}(\.\d{1,9})*", value)  # what follows may be -1.el9 or -MariaDB
        value = [int(part) for part in found[0].split(".")] if found else []
    if not isinstance(value, (tuple, list)) or not value or not all(type(part) is int and part >= 0 for part in value):
        raise ConfigError("version must be a tuple of integers such as (8, 4, 0)")
    return tuple(value)


def _accept_one(name: str, value: Any) -> str:
    """Option file or group: mysql-connector takes a list, the client library one."""
    if isinstance(value, (list, tuple)):
        named = [item for item in value if item != "client"]  # [client] is always read
        if len(named) > 1:
            raise ConfigError(f"{name} takes one, not {len(named)}: use !include in the option file")
        value = named[0] if named else "client"
    return _accept_text(name, value)


def _accept_flags(name: str, value: Any) -> int:
    flags = 0
    for item in value if isinstance(value, (list, tuple)) else [value]:
        off = item.startswith("-") if isinstance(item, str) else isinstance(item, int) and item < 0
        bits = CLIENT_FLAGS.get(item.lstrip("-").upper()) if isinstance(item, str) else item
        if isinstance(bits, bool) or not isinstance(bits, int):
            raise ConfigError(f"client_flags: unknown flag {str(item)[:60]!r}; known are {', '.join(CLIENT_FLAGS)}")
        flags = flags & ~abs(bits) if off else flags | bits
    if flags & ~sum(CLIENT_FLAGS.values()):
        raise ConfigError(
            f"client_flags may hold {', '.join(CLIENT_FLAGS)}; compress, local_infile and ssl_mode are options of "
            "their own, and multiple statements per query are never allowed"
        )
    return flags


def _accept_isolation(name: str, value: Any) -> str:
    value = getattr(value, "name", value)  # the core's IsolationLevel
    return re.sub(r"[\s_-]+", " ", _accept_text(name, value)).upper()


def _accept_tls_versions(name: str, value: Any) -> str:
    versions = value.split(",") if isinstance(value, str) else value
    if not isinstance(versions, (list, tuple)) or not versions or not all(item in TLS_VERSIONS for item in versions):
        raise ConfigError(f"tls_versions may hold {' and '.join(TLS_VERSIONS)}, not {str(value)[:60]!r}")
    return ",".join(versions)


def _accept_log_level(name: str, value: Any) -> int:
    level = logging.getLevelName(value.upper()) if isinstance(value, str) else value
    if type(level) is not int or not 0 <= level < 1 << 31:
        raise ConfigError(f"log_level must be a level of the logging module such as 'INFO' or 20, not {value!r:.60}")
    return level


_ACCEPT: dict[Any, Callable[[str, Any], Any]] = {
    bool: _accept_exact(bool),
    int: _accept_exact(int),
    float: _accept_exact(float, int, float),
    str: _accept_text,
    dict: _accept_mapping,
    Any: lambda name, value: value,
    "callable": _accept_callable,
    "version": _accept_version,
    "one": _accept_one,
    "flags": _accept_flags,
    "isolation": _accept_isolation,
    "tls_versions": _accept_tls_versions,
    "log_level": _accept_log_level,
}

_SPECIAL: dict[str, str] = {
    "password_provider": "callable",
    "version": "version",
    "read_default_file": "one",
    "read_default_group": "one",
    "client_flags": "flags",
    "isolation_level": "isolation",
    "tls_versions": "tls_versions",
    "log_level": "log_level",
}


def check_values(config: Any) -> None:
    """Ranges, choices and characters of every option; choices get their canonical case. Raises ConfigError."""
    for name, (low, high) in _RANGES.items():
        value = getattr(config, name)
        if value is not None and not low <= value <= high:
            raise ConfigError(f"{name} must be from {low} to {high}, not {value!r}; leave it out for the default")
    for name, choices in _CHOICES.items():
        value = getattr(config, name)
        if value is not None:
            match = next((choice for choice in choices if choice.lower() == value.lower()), None)
            if match is None:
                near = difflib.get_close_matches(value.upper(), choices, 1)
                raise ConfigError(f"{name} must be one of {', '.join(near or choices)}, not {value[:60]!r}")
            setattr(config, name, match)
    for name, pattern in _PATTERNS.items():
        value = getattr(config, name)
        if value is not None and not re.fullmatch(pattern, value):
            raise ConfigError(f"{name} has characters that are not allowed in it: {value[:60]!r}")
    for name, (only, reason) in _REFUSED.items():
        if getattr(config, name) != only:
            raise ConfigError(f"{name} can only be {only!r} here: {reason}")
