"""Build a wheel for every CPython >= 3.10 on this machine and the pure one, into wheelhouse/, and try each.

The wheels are built from the sdist, so it is complete; none may link a client library; each is installed into a new
environment and used on a private MySQL and a private MariaDB.
"""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rhosocial.activerecord.backend.impl.mysqlclient.server import PrivateServer, ServerError

ROOT = Path(__file__).resolve().parent.parent
WHEELHOUSE = ROOT / "wheelhouse"
TRY = Path(__file__).with_name("try_wheel.py")
PYTHON_NAME = re.compile(r"python3\.\d+t?$")
CLIENT_LIBRARY = re.compile(r"lib(mysqlclient|mariadb)\S*")
PREFIX = "RHOSOCIAL_MYSQLCLIENT_"
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")
# What decides whether a Python can build: its tag, and that its headers are there.
PROBE = """\
import os, sys, sysconfig
header = os.path.join(sysconfig.get_path("include"), "Python.h")
if sys.implementation.name == "cpython" and sys.version_info >= (3, 10) and os.path.exists(header):
    print("cp%d%d" % sys.version_info[:2] + "t" * bool(sysconfig.get_config_var("Py_GIL_DISABLED")))
"""


class WheelError(Exception):
    """One line that names the wheel and what is wrong with it."""


@dataclass(frozen=True)
class Build:
    """One wheel to make: with which Python, of which kind, and what it then says it runs."""

    name: str
    python: Path
    switch: str
    implementation: str


def main() -> int:
    shutil.rmtree(WHEELHOUSE, ignore_errors=True)
    try:
        with tempfile.TemporaryDirectory(prefix="wheels-") as scratch, ExitStack() as servers:
            sdist = make_sdist(Path(scratch))
            started = [servers.enter_context(PrivateServer(flavor)) for flavor in ("mysql", "mariadb")]
            logins = [{**server.connect_kwargs(), "database": "mysql"} for server in started]
            for build in builds():
                wheel = make_wheel(build, sdist, Path(scratch))
                print(f"{wheel.name}: {linkage(wheel, Path(scratch))}", flush=True)
                for server, login in zip(started, logins):
                    said = attempt(build, login, Path(scratch))
                    print(f"  on {server.flavor} {server.binary.version}: {said}", flush=True)
    except (WheelError, ServerError) as error:
        print(f"wheels: {error}", file=sys.stderr)
        return 1
    print(f"wheels: {len(list(WHEELHOUSE.glob('*.whl')))} in {WHEELHOUSE.relative_to(ROOT)}, all tried")
    return 0


def builds() -> list[Build]:
    compiled = [Build(tag, python, f"{PREFIX}REQUIRE_C", "native") for tag, python in sorted(pythons().items())]
    return [*compiled, Build("pure", Path(sys.executable), f"{PREFIX}PURE", "python")]


def pythons() -> dict[str, Path]:
    """One interpreter for each tag, from pyenv and PATH."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = [*sorted(pyenv.glob("versions/*/bin")), *map(Path, os.get_exec_path()), Path("/usr/bin")]
    found: dict[str, Path] = {}
    for folder in folders:
        for python in sorted(folder.glob("python3.*")):
            if PYTHON_NAME.fullmatch(python.name):
                tag = subprocess.run([python, "-I", "-c", PROBE], capture_output=True, text=True).stdout.strip()
                if tag:
                    found.setdefault(tag, python)
    return found


def make_sdist(scratch: Path) -> Path:
    run("sdist", [sys.executable, "-m", "build", "--sdist", "--outdir", str(scratch), str(ROOT)])
    return next(scratch.glob("*.tar.gz"))


def make_wheel(build: Build, sdist: Path, scratch: Path) -> Path:
    """Build the wheel in a new environment and install it there."""
    run(build.name, [str(build.python), "-m", "venv", str(scratch / build.name)])
    python = scratch / build.name / "bin" / "python"
    made = scratch / f"{build.name}-wheel"
    command = [str(python), *PIP, "wheel", "--no-deps", "--wheel-dir", str(made), str(sdist)]
    run(build.name, command, {build.switch: "1"})
    wheel = next(made.glob("*.whl"))
    if wheel.name.endswith("-none-any.whl") != (build.implementation == "python"):
        raise WheelError(f"{build.name}: {wheel.name} is of the wrong kind")
    WHEELHOUSE.mkdir(exist_ok=True)
    wheel = Path(shutil.copy(wheel, WHEELHOUSE))
    run(build.name, [str(python), *PIP, "install", str(wheel)])
    return wheel


def linkage(wheel: Path, scratch: Path) -> str:
    """What the extension links and which platforms it suits; a client library must come with mysqlclient alone."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".so")]
        extensions = [archive.extract(name, scratch / wheel.stem) for name in names]
    if not extensions:
        return "pure Python"
    linked = run(wheel.name, ["ldd", *extensions])
    if library := CLIENT_LIBRARY.search(linked):
        raise WheelError(f"{wheel.name}: its extension links {library[0]}")
    audit = run(wheel.name, [sys.executable, "-m", "auditwheel", "show", str(wheel)])
    suits = re.findall(r'platform\s+tag:\s+"(\S+)"', audit)
    libraries = " ".join(re.findall(r"^\s*(\S+?\.so\S*) ", linked, re.MULTILINE))
    return f"links {libraries}; suits {' '.join(suits)}"


def attempt(build: Build, login: dict[str, object], scratch: Path) -> str:
    """Use it. -I keeps the checkout and PYTHONPATH from standing in for it."""
    command = [str(scratch / build.name / "bin" / "python"), "-I", str(TRY), build.implementation]
    return run(build.name, command, stdin=json.dumps(login)).strip()


def run(name: str, command: list[str], extra: dict[str, str] | None = None, stdin: str | None = None) -> str:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    environment = {**inherited, **(extra or {})}
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, input=stdin, env=environment)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise WheelError(f"{name}: `{' '.join(command[1:])}` failed: {said[-1]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
