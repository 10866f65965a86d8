"""What the client library is told to log in with, and what must be true of the session it comes back with.

libmariadb, left alone, does whatever authentication the server asks for: a server that is not yours, or somebody on
the way to it, asks for `mysql_clear_password` and has the password. It has no argument of mysqlclient's against that,
but takes its options from a host that is a list of them too (Connector/C's "connection string").
"""

import ctypes
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .config import CLEAR_PASSWORDS, MySQLConnectionConfig
from .errors import ConfigError, ConnectionError

# MYSQL_OPT_CONNECT_ATTR_ADD by whether the library is libmariadb: MySQL 8.0 took options out of its mysql.h
_CONNECT_ATTR_ADD = {True: 33, False: 27}

# Our options that an option file can set, too, and their names there.
IN_OPTION_FILES = {
    "connect_timeout": "connect-timeout",
    "auth_plugin": "default-auth",
    "ssl_ca": "ssl-ca",
    "ssl_capath": "ssl-capath",
    "ssl_cert": "ssl-cert",
    "ssl_key": "ssl-key",
    "ssl_ciphers": "ssl-cipher",
}

_LOOPBACK = re.compile(r"localhost$|127(\.\d{1,3}){3}$|::1$", re.IGNORECASE)

# Those that prove to know the password without saying it, to nobody or to the holder of a key.
_PROVING = (
    "mysql_native_password",
    "caching_sha2_password",
    "sha256_password",
    "client_ed25519",
    "parsec",
    "auth_gssapi_client",
)


def is_libmariadb(client_version: str) -> bool:
    """By mysql_get_client_info(): libmysqlclient has the server's version, 8.0 or later; Connector/C 3.x its own."""
    return client_version.startswith(("3.", "10.", "11."))


def connect_arguments(config: MySQLConnectionConfig, libmariadb: bool) -> dict[str, Any]:
    """The keyword arguments of `MySQLdb.connect`. Raises ConfigError, as `driver_kwargs` does."""
    arguments = config.driver_kwargs()
    if not libmariadb or config.unix_socket:
        return arguments
    if not config.read_default_file:
        address = {"host": arguments["host"]} if "host" in arguments else {}
        options = _restrictions(config) | address
        arguments["host"] = ";".join(f"{name}={value}" for name, value in options.items())
    if config.tls_mode == "PREFERRED" and not (config.ssl_mode is None and _needs_no_tls(config)):
        arguments["ssl_mode"] = "REQUIRED"  # libmariadb's "enforce" is TLS wherever the server offers it, else none
    return arguments


def _needs_no_tls(config: MySQLConnectionConfig) -> bool:
    """Whether nobody is on the way to the server, or its RSA key keeps the password from who is.

    In TLS the password would be said as it is, to whoever is at its other end (manual 8.4.1.2).
    """
    known = config.chose("host") or not config.read_default_file
    return bool(config.server_public_key_path) or known and _LOOPBACK.match(config.host) is not None


def _restrictions(config: MySQLConnectionConfig) -> dict[str, str]:
    """Options of libmariadb's that mysqlclient has no argument for."""
    plugins = (*_PROVING, *CLEAR_PASSWORDS) if config.server_verified else _PROVING
    versions = {"tls-version": config.tls_versions} if config.tls_versions else {}
    return {"restricted-auth": ",".join(plugins), **versions}


@contextmanager
def with_option_file(
    config: MySQLConnectionConfig, arguments: dict[str, Any], libmariadb: bool
) -> Iterator[dict[str, Any]]:
    """The arguments, with an option file of ours in the place of the user's, if there is one.

    For the client library a file goes before what it was told by function, and in it the last line before the others.
    So ours includes the user's, and then says once more what was chosen here.
    """
    if not config.read_default_file:
        yield arguments
        return
    lines = [f"!include {os.path.abspath(config.read_default_file)}", "[client]"]
    for name, value in _restated(config, libmariadb).items():
        text = str(value).replace("\\", "\\\\")
        lines.append(f'{name}="{text}"')
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "options.cnf")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write("\n".join([*lines, ""]))
        yield {**arguments, "read_default_file": path}


def _restated(config: MySQLConnectionConfig, libmariadb: bool) -> dict[str, Any]:
    chosen = {name: getattr(config, name) for name in IN_OPTION_FILES if config.chose(name)}
    restated = {IN_OPTION_FILES[name]: value for name, value in chosen.items() if value is not None}
    if not config.local_infile:
        restated["local-infile"] = 0  # a file that is included may set it
    if libmariadb and not config.unix_socket:
        restated |= _restrictions(config)
    if libmariadb and config.tls_required:
        restated["ssl-enforce"] = 1
    if libmariadb and config.server_verified:
        restated["ssl-verify-server-cert"] = 1
    if not libmariadb and (config.tls_required or config.tls_mode == "DISABLED"):
        restated["ssl-mode"] = config.tls_mode
    return restated


def send_attributes(
    connection: Any, client_library: str, libmariadb: bool, arguments: Mapping[str, Any], config: Any
) -> None:
    """Log in once more, with the connection attributes: mysqlclient has no argument for them.

    connection: a MySQLdb connection, just opened with ``arguments``
    client_library: the file of the module that mysqlclient loaded its client library with
    Raises:
        ConfigError: the client library cannot be reached in that file (it is linked statically).
    """
    try:
        options4 = ctypes.CDLL(client_library).mysql_options4
    except (OSError, AttributeError) as error:
        raise ConfigError("conn_attrs: the client library behind mysqlclient is out of reach: leave it out") from error
    options4.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p]
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.argtypes, pointer.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.c_void_p
    handle = pointer(connection._get_native_connection(), b"_mysql.connection.native_connection")
    for name, value in config.conn_attrs.items():
        if options4(handle, _CONNECT_ATTR_ADD[libmariadb], name.encode(), value.encode()):
            raise ConfigError(f"conn_attrs: {name!r} is refused: empty, or all of them are more than 64 KiB")
    # COM_CHANGE_USER carries them, and makes the session a new one.
    connection.change_user(arguments.get("user") or "", arguments.get("password") or "", config.database or "")


def check_tls(config: MySQLConnectionConfig, status: Mapping[str, str]) -> None:
    """Refuse a session without the TLS that was demanded.

    status: the session's Ssl_cipher and Ssl_version.
    Raises:
        ConnectionError: there is no cipher, or another version than tls_versions allows.
    """
    if not status.get("Ssl_cipher"):
        raise ConnectionError(
            f"ssl_mode={config.tls_mode}: the session has no cipher; the server offers no TLS, or a proxy ended it"
        )
    version = status.get("Ssl_version")
    if config.tls_versions and version not in config.tls_versions.split(","):
        raise ConnectionError(f"tls_versions={config.tls_versions}: the session has {version}")
