"""docs/architecture.md: data flows one way, and each room knows only the rooms after it."""

import ast
import re
from pathlib import Path

import pytest

from rhosocial.activerecord.backend.impl import mysqlclient

PACKAGE = Path(mysqlclient.__file__).parent
NAME = mysqlclient.__name__

# room -> the rooms of ours it may import; None: any
MAY_IMPORT = {
    "__init__": None,
    "backend": {
        "bulk_load",
        "capabilities",
        "codec",
        "config",
        "cursors",
        "driver",
        "errors",
        "execution",
        "explain",
        "introspection",
        "operations",
        "pool",
        "pool_policy",
        "prepared",
        "retry",
        "streaming",
        "transaction",
    },
    "async_backend": {
        "async_pool",
        "errors",
        "pool_policy",
        "async_session",
        "bulk_load",
        "capabilities",
        "codec",
        "config",
        "cursors",
        "driver",
        "execution",
        "explain",
        "introspection",
        "operations",
        "prepared",
        "retry",
        "streaming",
        "transaction",
    },
    "pool_policy": {"codec", "config", "errors", "session_state"},
    "pool": {"driver", "pool_policy", "session_state"},
    "async_pool": {"async_session", "pool_policy", "session_state"},
    "session_state": set(),
    "async_prepared": {"codec", "driver_prepared", "driver_rows"},
    "async_rows": {"bulk", "errors"},
    "async_session": {"async_prepared", "codec", "config", "driver", "driver_rows", "errors"},
    "bulk": {"codec", "driver", "driver_prepared", "errors", "prepared"},
    "bulk_statements": {"bulk"},
    "bulk_load": {
        "async_rows",
        "async_session",
        "bulk",
        "bulk_statements",
        "codec",
        "config",
        "driver",
        "errors",
        "transaction",
    },
    "bulk_operations": {"async_rows", "bulk", "bulk_statements", "driver", "transaction"},
    "execution": {
        "bulk",
        "capabilities",
        "explain",
        "codec",
        "config",
        "dialect",
        "driver",
        "errors",
        "field_types",
        "pool_policy",
        "prepared",
        "session_state",
        "adapter_suggestions",
        "json_text",
    },
    "cursors": {"driver", "streaming"},
    "prepared": {"codec", "driver"},
    "streaming": {"errors"},
    "driver": {"codec", "config", "driver_prepared", "driver_rows", "errors", "login", "session_state", "wire"},
    "driver_prepared": {"codec", "driver_rows"},
    "driver_rows": {"codec"},
    "login": {"config", "errors"},
    "wire": set(),
    "transaction": {"errors"},
    "retry": {"errors"},
    "config": {"codec", "config_options", "config_sources", "errors"},
    "config_options": {"config_sources", "errors"},
    "config_sources": {"errors"},
    "errors": {"codec"},
    "codec": set(),
    "types": set(),
    "json_text": set(),
    "type_converters": {"json_text"},
    "adapter_suggestions": {"type_converters"},
    "field_types": {"errors"},
    "geometry": set(),
    "adapters": {"type_converters"},
    "capabilities": set(),
    "dialect": {"schema", "types"},
    "introspection": {"errors"},
    "explain": set(),
    "schema": set(),
    "server": set(),
    "operations": {"bulk", "bulk_operations", "bulk_statements", "codec", "errors"},
    "records": {"codec"},
}

# outside module -> the only rooms that may import it
ONLY_IN = {
    "MySQLdb": {"driver", "driver_prepared", "driver_rows"},
    "subprocess": {"server"},
    "asyncio": {"async_session", "async_backend", "async_pool", "async_rows", "retry"},
}

FILES = sorted(PACKAGE.rglob("*.py"))
REPOSITORY = Path(__file__).parents[2]


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    """Absolute dotted names of all that a file imports."""
    inside = [NAME, *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def rooms_imported(path):
    for name in imports(path):
        if name.startswith(f"{NAME}."):
            yield name.removeprefix(f"{NAME}.").split(".")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_knows_only_the_rooms_after_it(path):
    room = room_of(path)
    assert room in MAY_IMPORT, f"{room} is a new room: say here what it may import, and why in docs/architecture.md"
    allowed = MAY_IMPORT[room]
    if allowed is not None:
        assert set(rooms_imported(path)) - allowed - {room} == set()
    for module, rooms in ONLY_IN.items():
        if any(name == module or name.startswith(f"{module}.") for name in imports(path)):
            assert room in rooms, f"{module} is for {rooms}"


def test_the_codec_needs_only_the_standard_library():
    for path in (PACKAGE / "codec").rglob("*.py"):
        outside = [name for name in imports(path) if name.startswith(("rhosocial", "MySQLdb", "pydantic"))]
        assert [name for name in outside if not name.startswith(f"{NAME}.codec")] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_import_hides_in_a_function(path):
    hidden = [
        inner.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        for inner in ast.walk(node)
        if isinstance(inner, (ast.Import, ast.ImportFrom))
    ]
    assert hidden == []


def test_there_is_no_cycle_between_rooms():
    edges = {}
    for path in FILES:
        room = room_of(path)
        if room != "__init__":
            edges.setdefault(room, set()).update(set(rooms_imported(path)) - {room})

    def reaches(start, target, seen):
        return any(
            step == target or (step not in seen and reaches(step, target, seen | {step}))
            for step in edges.get(start, ())
        )

    assert [room for room in edges if reaches(room, room, set())] == []


def test_the_architecture_names_every_file_and_no_other():
    rows = re.findall(r"^\| `(.+)$", (REPOSITORY / "docs" / "architecture.md").read_text(), re.MULTILINE)
    named = {}
    for row in rows:
        folder = row.partition("`")[0]
        names = re.findall(r"`(\w+\.(?:pyx?|pyi|h))`", f"`{row}")
        named.setdefault(folder if folder.endswith("/") else "", set()).update(names)
    sources = [path for path in PACKAGE.rglob("*.py*") if path.suffix in {".py", ".pyi"}]
    there = {}
    for path in [*sources, *(REPOSITORY / "csrc").iterdir()]:
        base = REPOSITORY if path.parent.name == "csrc" else PACKAGE
        folder = path.parent.relative_to(base).as_posix() + "/" if path.parent != PACKAGE else ""
        if folder == "" or path.name != "__init__.py":
            there.setdefault(folder, set()).add(path.name)
    assert named == there
