"""Where connection options come from besides keyword arguments: a URL, the environment, a file.

Each function returns a plain dict of option names to values; `MySQLConnectionConfig` judges them. Values
that are text by nature (URL, environment) come as `Text`, so that `port=3306` there means a number.
"""

import difflib
import json
import os
import re
import stat
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from .errors import ConfigError

try:
    import tomllib
except ImportError:  # Python 3.10
    tomllib = None  # type: ignore[assignment]

# Of difflib: PASWORD and SSLCA are beyond it, Docker's ROOT_PASSWORD and the client library's TCP_PORT are not.
_MISSPELT = 0.8
SCHEMES = ("mysql", "mariadb", "mysql+mysqlclient", "mysql+mysqldb")


class Secret(str):
    """A str that does not show itself in repr, and so neither in logs of dicts nor in tracebacks with locals."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class Text(Secret):
    """Text to be read as the option's type; masked, since which option it belongs to is not known here."""

    __slots__ = ()


def mask(options: Mapping[str, Any]) -> dict[str, Any]:
    """The same options, the secret ones among them as `Secret`."""
    secret = ("password", "passwd", "dsn")
    return {name: Secret(value) if name in secret and type(value) is str else value for name, value in options.items()}


def url_options(url: str) -> dict[str, Any]:
    """Options of `mysql://user:password@host:port/database?option=value`.

    Raises:
        ConfigError: another scheme, or a port that is no number; the URL itself is never quoted.
    """
    url = Secret(url)
    try:
        return _split_url(url)
    except ValueError:
        problem = ConfigError(
            "the URL is not of the form mysql://user:password@host:port/database?option=value; "
            "in user and password write @ : / ? # % as %40 %3A %2F %3F %23 %25"
        )
    raise problem


def _split_url(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or parts.fragment or parts.path.count("/") > 1 or "://" not in url:
        raise ValueError
    options: dict[str, Any] = {
        "host": parts.hostname,
        "port": parts.port,
        "username": unquote(parts.username) if parts.username else None,
        "password": Secret(unquote(parts.password)) if parts.password is not None else None,
        "database": unquote(parts.path[1:]) or None,
    }
    options = {name: value for name, value in options.items() if value is not None}
    for name, text in parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)):
        options[name] = Text(text)
    return options


def build_url(options: Mapping[str, str], password: str | None) -> str:
    """The URL of text options; `host`, `port`, `username`, `database` go in front, all others into the query."""
    rest = dict(options)
    host, port = rest.pop("host", ""), rest.pop("port", "")
    user, database = rest.pop("username", None), rest.pop("database", "")
    login = quote(user or "", safe="") + (f":{quote(password, safe='*')}" if password is not None else "")
    address = f"[{host}]" if ":" in host else host
    if urlsplit(f"//{address}").hostname != (host or None):  # which has it in lower case
        rest["host"], address = host, ""
    return "".join(
        (
            "mysql://",
            f"{login}@" if user is not None or password is not None else "",
            address,
            f":{port}" if port else "",
            f"/{quote(database, safe='')}",
            f"?{urlencode(rest)}" if rest else "",
        )
    )


def env_options(names: Collection[str], prefix: str) -> dict[str, Any]:
    """Options from variables such as MYSQL_HOST. Unknown ones are left alone: other programs share the prefix.

    Raises:
        ConfigError: one is so like an option's name that it is that, misspelt.
    """
    variables = {f"{prefix}{name.upper()}": name for name in names}
    url = f"{prefix}URL"
    for variable in os.environ if prefix else ():
        if variable.startswith(prefix) and variable not in variables and variable != url:
            near = difflib.get_close_matches(variable[len(prefix) :].lower(), names, 1, _MISSPELT)
            if near:
                raise ConfigError(
                    f"the environment's {variable} is no option; did you mean {prefix}{near[0].upper()}? "
                    "Or choose a prefix that no other program has"
                )
    found = {name: os.environ.get(variable) for variable, name in variables.items()}
    return {name: Text(value) for name, value in found.items() if value is not None}


def env_url_options(prefix: str) -> dict[str, Any]:
    """Options of the URL in a variable such as MYSQL_URL; none where it is empty."""
    value = Secret(os.environ.get(f"{prefix}URL", ""))
    return url_options(value) if value else {}


def file_options(path: str, section: str) -> dict[str, Any]:
    """Options from a .toml or .json file (its table `section` if it has one), or a .cnf file by its path.

    Option files are the client library's to read: they become `read_default_file`.

    Raises:
        ConfigError: the file is missing, unreadable, malformed, or holds a password others may read.
    """
    suffix = os.path.splitext(path)[1].lower()
    if suffix in (".cnf", ".ini"):
        return {"read_default_file": path}
    content, public = _read(path)
    document = _parse_document(path, suffix, content)
    if public and _holds_password(document):
        raise _public_password(path)
    options = document.get(section, document) if isinstance(document, dict) else document
    if not isinstance(options, dict):
        raise ConfigError(f"{path}: a table of options is expected at its top or under [{section}]")
    return mask(options)


def _parse_document(path: str, suffix: str, content: bytes) -> Any:
    if suffix == ".toml" and tomllib is None:
        raise ConfigError(f"{path}: TOML needs Python 3.11 or newer; write the options as JSON")
    if suffix not in (".toml", ".json"):
        raise ConfigError(f"{path}: options are read from .toml, .json, .cnf and .ini files")
    try:
        return tomllib.loads(content.decode()) if suffix == ".toml" else json.loads(content)
    except ValueError as error:  # the parsers' own messages quote the file
        line = getattr(error, "lineno", None)
        problem = ConfigError(f"{path} is not valid {suffix[1:].upper()}" + (f" (line {line})" if line else ""))
    raise problem


def sets_option(content: bytes, *names: bytes) -> bool:
    """Whether an option file sets one of these, perhaps by the beginning of its name (manual 6.2.2.1)."""
    for line in content.lower().splitlines():
        key = re.sub(rb"^(?:(?:loose|enable)-)+", b"", line.split(b"=")[0].strip().replace(b"_", b"-"))
        if key and any(name.startswith(key) or (name[:1] == b"!" and key.startswith(name)) for name in names):
            return True
    return False


def read_option_file(path: str) -> bytes:
    """An option file's bytes; refused where a password in it can be read, or the file be written, by everybody."""
    content, public = _read(path)
    if public and re.search(rb"(?m)^\s*pass(word|wd)?\s*=", content):
        raise _public_password(path)
    return content


def _read(path: str) -> tuple[bytes, bool]:
    """A file's bytes, and whether everybody may read them."""
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = Content(file.read())
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    if os.name == "posix" and mode & stat.S_IWOTH:  # the client library skips such a file without a word
        raise ConfigError(f"{path} can be written by everybody: chmod o-w {path}")
    return content, os.name == "posix" and bool(mode & stat.S_IROTH)


def _holds_password(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    names = {str(name).lower() for name in document}
    if not names.isdisjoint(("password", "passwd")) or re.search(r"://[^/@]*:[^/]*@", str(document.get("dsn"))):
        return True
    return any(map(_holds_password, document.values()))


def _public_password(path: str) -> ConfigError:
    return ConfigError(f"{path} holds a password that everybody can read: chmod 600 {path}")


class Content(bytes):
    """A file's bytes that do not show themselves in a traceback with locals."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"
