"""Make `.venv` and install the project into it, editable, with the compiled codec.

Runs pip only when pyproject.toml, CMakeLists.txt, csrc/, the list of modules or this file changed since it last did.
The build must give the extension: an install that quietly fell back to pure Python would test the wrong thing.
"""
from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed"
LOG = ROOT / "build" / "install.log"
REQUIREMENT = ".[json,test,demo,bench,lint,wheels]"
INSTALL = ("-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--editable", REQUIREMENT)
BUILD = {"RHOSOCIAL_MYSQLCLIENT_REQUIRE_C": "1", "SKBUILD_CMAKE_DEFINE": "STRICT=ON"}


def main() -> int:
    with open(ROOT / "pyproject.toml") as lock:  # two makes at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not works():
            print(f"python packages: making .venv with Python {sys.version.split()[0]}", flush=True)
            venv.create(VENV, clear=True, with_pip=True)
        wanted = fingerprint()
        if STAMP.is_file() and STAMP.read_text() == wanted:
            print("python packages: up to date in .venv")
            return 0
        print(f"python packages: installing {REQUIREMENT} into .venv, with the C extension", flush=True)
        LOG.parent.mkdir(exist_ok=True)
        with open(LOG, "w") as log:
            done = subprocess.run([PYTHON, *INSTALL], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, check=False,
                                  env={**os.environ, **BUILD})
        if done.returncode:
            print(f"python packages: pip failed: {reason()}; see {LOG.relative_to(ROOT)}", file=sys.stderr)
            return 1
        STAMP.write_text(wanted)
    return 0


def works() -> bool:
    """Whether .venv has a Python that runs: the one that made it may have been removed."""
    return PYTHON.exists() and subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True).returncode == 0


def fingerprint() -> str:
    built = [ROOT / "pyproject.toml", ROOT / "CMakeLists.txt", Path(__file__), *sorted((ROOT / "csrc").rglob("*.*"))]
    # The editable install has a list of the modules: it must not name one that went, or a file that became a folder.
    modules = sorted(str(module.relative_to(ROOT)) for module in (ROOT / "src").rglob("*.py"))
    digest = hashlib.sha256("\0".join(modules).encode())
    for source in built:
        digest.update(f"\0{source.relative_to(ROOT)}\0".encode() + source.read_bytes())
    return digest.hexdigest()


def reason() -> str:
    """The compiler's or CMake's first error says more than pip's own summary, which comes last."""
    lines = [line.strip() for line in LOG.read_text(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if "error:" in line.lower() and "subprocess-exited" not in line]
    return (telling or lines[-1:] or ["no message"])[0]


if __name__ == "__main__":
    sys.exit(main())
