"""The installers behind `make`: quick when there is nothing to do, one clear line when something is missing."""
from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import MySQLdb
import pytest

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = ("python3 python3-venv python3-dev gcc libc6-dev pkg-config libmariadb-dev "
              "mariadb-server-core mariadb-client-core")
MISSING_HEADER = "module.c:1:10: fatal error: mysql.h: No such file or directory"


@pytest.fixture
def bin(tmp_path: Path) -> Path:
    """A PATH of our own: a shell's basic commands and nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for command in ("sh", "id", "mktemp", "tail", "rm", "grep"):
        (folder / command).symlink_to(shutil.which(command))
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the tools and the files that decide whether to build again."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "csrc").mkdir()
    (root / "csrc" / "a.pyx").write_text("# one")
    for name in ("pyproject.toml", "CMakeLists.txt"):
        (root / name).touch()
    return root


def script(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def run(*command: object, path: Path, **variables: str) -> tuple[int, list[str], list[str]]:
    environment = {"PATH": str(path), "HOME": str(path.parent), **variables}
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


def system_packages(bin: Path, tmp_path: Path) -> tuple[int, list[str], list[str]]:
    """The script, with the machine's own server out of sight."""
    text = (ROOT / "tools" / "install_system.sh").read_text()
    tool = tmp_path / "install_system.sh"
    tool.write_text(text.replace("/usr/local/sbin:/usr/sbin", str(tmp_path / "nothing")))
    assert tool.read_text() != text
    return run(bin / "sh", tool, path=bin)


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_without_apt_the_missing_packages_are_named(bin: Path, tmp_path: Path) -> None:
    status, _, said = system_packages(bin, tmp_path)
    assert status == 1
    assert said == [f"system packages: missing {EVERYTHING}; there is no apt-get here: "
                    "install their equivalents and try again"]


def test_without_root_the_command_to_run_is_named(bin: Path, tmp_path: Path) -> None:
    script(bin / "id", "echo 1000")
    script(bin / "apt-get", "echo apt was called >&2")
    status, _, said = system_packages(bin, tmp_path)
    assert status == 1
    assert said == [f"system packages: missing; run as root: apt-get install --no-install-recommends {EVERYTHING}"]


def test_a_failing_apt_is_reported_with_its_last_line(bin: Path, tmp_path: Path) -> None:
    script(bin / "id", "echo 0")
    script(bin / "apt-get", "echo hello; echo 'E: no route to the mirror'; exit 100")
    status, _, said = system_packages(bin, tmp_path)
    assert status == 1
    assert said == [f"system packages: apt-get install {EVERYTHING} failed: E: no route to the mirror"]


def test_what_apt_installed_out_of_reach_is_named(bin: Path, tmp_path: Path) -> None:
    script(bin / "id", "echo 0")
    script(bin / "apt-get", "exit 0")
    status, _, said = system_packages(bin, tmp_path)
    assert status == 1
    assert said == [f"system packages: installed, yet not found on PATH: {EVERYTHING} (PYTHON=python3)"]


def test_only_what_is_missing_is_installed(bin: Path, tmp_path: Path) -> None:
    script(bin / "id", "echo 0")
    script(bin / "python3", "exit 0")
    for command in ("cc", "pkg-config", "mariadbd", "mariadb-install-db"):
        script(bin / command, "exit 0")
    does = f'echo "$@" > {tmp_path}/asked; cp {bin}/cc {bin}/my_print_defaults'
    script(bin / "apt-get", f'case "$*" in *install*) {does};; esac')
    (bin / "cp").symlink_to(shutil.which("cp"))
    assert system_packages(bin, tmp_path)[0] == 0
    assert (tmp_path / "asked").read_text().split()[-2:] == ["mariadb-server-core", "mariadb-client-core"]
    assert system_packages(bin, tmp_path) == (0, ["system packages: all there"], [])


def test_mysql_without_apt_says_what_to_do(bin: Path, checkout: Path) -> None:
    status, _, said = run(sys.executable, checkout / "tools" / "install_mysql.py", path=bin)
    assert status == 1
    assert said == ["MySQL server: cannot be unpacked without apt-get and dpkg; "
                    "install MySQL 8.0 or newer yourself, so that mysqld is on PATH"]


@pytest.mark.parametrize(("targets", "said"), [
    ("", "this machine's apt configuration names no Debian archive; install MySQL 8.0 or newer yourself"),
    ("Other|stable|https://example.invalid/", "this machine's apt configuration names no Debian archive"),
    ("Debian|bookworm|https://example.invalid/", "apt-get failed: E: no route"),
])
def test_mysql_that_cannot_be_fetched_leaves_nothing_behind(targets: str, said: str, bin: Path, checkout: Path) -> None:
    script(bin / "apt-get", f"[ $1 = indextargets ] && echo '{targets}' || {{ echo 'E: no route' >&2; exit 100; }}")
    script(bin / "dpkg", "exit 0")
    status, _, lines = run(sys.executable, checkout / "tools" / "install_mysql.py", path=bin)
    assert status == 1
    assert len(lines) == 1 and lines[0].startswith(f"MySQL server: {said}")
    assert [left.name for left in (checkout / ".servers").iterdir()] == [".lock"]


def test_mysql_in_place_needs_no_apt_until_the_recipe_changes(bin: Path, checkout: Path) -> None:
    recipe = checkout / "tools" / "install_mysql.py"
    stamp = checkout / ".servers" / "mysql" / "installed"
    stamp.parent.mkdir(parents=True)
    stamp.write_text(f"{tool('install_mysql').recipe()} 9.7.0\n")
    assert run(sys.executable, recipe, path=bin) == (0, ["MySQL server: 9.7.0 in .servers/mysql"], [])
    recipe.write_text(recipe.read_text() + "# changed\n")
    assert run(sys.executable, recipe, path=bin)[0] == 1
    assert stamp.exists(), "an old server is kept until there is a new one"


def test_the_venv_is_installed_into_only_after_a_change(bin: Path, checkout: Path) -> None:
    calls = checkout / "calls"
    script(checkout / ".venv" / "bin" / "python", f'echo "$RHOSOCIAL_MYSQLCLIENT_REQUIRE_C $*" >> {calls}')

    def installs() -> int:
        calls.write_text("")
        assert run(sys.executable, checkout / "tools" / "install_venv.py", path=bin)[0] == 0
        found = [line for line in calls.read_text().splitlines() if "install" in line]
        assert all(line.startswith("1 -m pip install ") for line in found)
        return len(found)

    assert [installs(), installs()] == [1, 0]
    (checkout / "csrc" / "a.pyx").write_text("# two")
    assert [installs(), installs()] == [1, 0]
    (checkout / "src").mkdir()
    (checkout / "src" / "new.py").touch()
    assert [installs(), installs()] == [1, 0]


def test_a_failed_build_names_the_first_error_and_is_tried_again(bin: Path, checkout: Path) -> None:
    log = f"building\n{MISSING_HEADER}\nerror: metadata-generation-failed"
    script(checkout / ".venv" / "bin" / "python", f"case \"$*\" in *install*) echo '{log}'; exit 1;; esac")
    for _ in range(2):
        status, _, said = run(sys.executable, checkout / "tools" / "install_venv.py", path=bin)
        assert (status, said) == (1, [f"python packages: pip failed: {MISSING_HEADER}; see build/install.log"])


def test_a_wheel_that_links_a_client_library_is_refused(tmp_path: Path) -> None:
    make_wheels = tool("make_wheels")
    wheel = tmp_path / "x-1-cp311-cp311-linux_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(MySQLdb._mysql.__file__, "x.so")
    with pytest.raises(make_wheels.WheelError, match=r"its extension links lib(mariadb|mysqlclient)\.so"):
        make_wheels.linkage(wheel, tmp_path)


def test_every_python_found_can_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "python3.99").symlink_to(sys.executable)
    script(tmp_path / "python3.98", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.environ["PATH"])
    found = tool("make_wheels").pythons()
    assert f"cp3{sys.version_info.minor}" in found
    assert all(tag.startswith("cp3") for tag in found) and tmp_path / "python3.98" not in found.values()
