"""Install a MySQL server into ``.servers/mysql`` without touching the system.

Debian 12 has no MySQL packages; Debian unstable has. A private apt state (own sources, lists, cache and an empty
dpkg status) resolves and downloads the packages with all their dependencies, signatures checked against the Debian
archive keyring, and ``dpkg -x`` unpacks them. Nothing is configured, no maintainer script runs, and neither root nor
a container is needed.

``RHOSOCIAL_MYSQLCLIENT_DEBS`` names a folder that keeps the .deb files for the next checkout
(default: ``$XDG_CACHE_HOME/rhosocial-activerecord-mysqlclient/debs``).
"""
from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / ".servers" / "mysql"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SUITE = "unstable"
RELEASES = ("bookworm", "trixie", "forky", "stable", "testing", "unstable", "sid")
PACKAGES = ("mysql-server-core",)
TOOLS = ("apt-get", "dpkg")
UNUSED = ("usr/bin", "usr/share/doc", "usr/share/i18n", "usr/share/locale", "usr/share/man", "usr/share/perl")
OWN_SERVER = "install MySQL 8.0 or newer yourself, so that mysqld is on PATH"


class InstallError(Exception):
    """One line that names what is missing and the next step."""


def main() -> int:
    TARGET.parent.mkdir(exist_ok=True)
    with open(TARGET.parent / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            print(f"MySQL server: {installed() or install()} in {TARGET.relative_to(ROOT)}")
        except InstallError as error:
            print(f"MySQL server: {error}", file=sys.stderr)
            return 1
    return 0


def recipe() -> str:
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def installed() -> str | None:
    """The version in place, when this very recipe put it there."""
    stamp = TARGET / "installed"
    if not stamp.is_file():
        return None
    made_by, version = stamp.read_text().split(maxsplit=1)
    return version.strip() if made_by == recipe() else None


def install() -> str:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise InstallError(f"cannot be unpacked without {' and '.join(missing)}; {OWN_SERVER}")
    if not KEYRING.is_file():
        raise InstallError("package debian-archive-keyring is missing; apt-get install debian-archive-keyring")
    print(f"MySQL server: unpacking {' '.join(PACKAGES)} of Debian {SUITE} into a private folder", flush=True)
    with tempfile.TemporaryDirectory(prefix=".mysql-", dir=TARGET.parent) as scratch:
        fresh = Path(scratch) / "mysql"
        for package in download(Path(scratch)):
            run("dpkg", "-x", str(package), str(fresh))
        for folder in UNUSED:
            shutil.rmtree(fresh / folder, ignore_errors=True)
        version = check(fresh)
        (fresh / "installed").write_text(f"{recipe()} {version}\n")
        if TARGET.exists():
            TARGET.rename(Path(scratch) / "old")
        fresh.rename(TARGET)
    return version


def download(state: Path) -> list[Path]:
    """Fetch the packages and all they depend on; return the .deb files of exactly this resolution."""
    debs = Path(os.environ.get("RHOSOCIAL_MYSQLCLIENT_DEBS") or user_cache() / "debs").resolve()
    for folder in (debs / "partial", state / "lists" / "partial", state / "empty" / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    (state / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {SUITE} main\n")
    # The machine's own apt configuration stays in force (proxies, certificates) but for hooks that act on the host.
    (state / "apt.conf").write_text(f"""
        #clear APT::Update::Post-Invoke; #clear APT::Update::Post-Invoke-Success; #clear DPkg::Post-Invoke;
        Dir::State "{state}"; Dir::State::lists "{state}/lists"; Dir::State::status "{state}/status";
        Dir::Cache "{state}"; Dir::Cache::archives "{debs}"; Dir::Log "{state}";
        Dir::Etc::sourcelist "{state}/sources.list"; Dir::Etc::sourceparts "/dev/null";
        Dir::Etc::preferences "/dev/null"; Dir::Etc::preferencesparts "/dev/null";
        APT::Install-Recommends "false"; APT::Sandbox::User "root"; APT::Update::Error-Mode "any"; Acquire::Retries "3";
    """)
    apt = ("apt-get", "-qq", "-c", str(state / "apt.conf"))
    run(*apt, "update")
    # With an empty archive folder apt lists every file, also those that it would not need to fetch again.
    uris = run(*apt, "-o", f"Dir::Cache::archives={state}/empty", "install", "--print-uris", *PACKAGES)
    run(*apt, "install", "--download-only", "-y", *PACKAGES)
    return [debs / line.split()[1] for line in uris.splitlines() if line.startswith("'")]


def mirror() -> str:
    """The address of a Debian archive, from this machine's apt configuration (apt itself reads both its formats)."""
    targets = run("apt-get", "indextargets", "--format", "$(LABEL)|$(RELEASE)|$(REPO_URI)", "Created-By: Packages")
    # Before the first `apt-get update` the label is unknown, and the name of the release has to do.
    known = [uri for label, release, uri in (line.split("|") for line in targets.splitlines() if line)
             if label == "Debian" or label == "$(LABEL)" and release in RELEASES]
    if not known:
        raise InstallError(f"this machine's apt configuration names no Debian archive; {OWN_SERVER}")
    return known[0]


def check(prefix: Path) -> str:
    """The version that the unpacked server says it has."""
    loader = next(prefix.glob("usr/lib/*/ld-linux-*.so.*"))
    said = run(str(loader), "--library-path", str(loader.parent), str(prefix / "usr/sbin/mysqld"), "--no-defaults",
               "--version")
    return said.split("Ver ")[1].split()[0]


def user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rhosocial-activerecord-mysqlclient"


def run(*command: str) -> str:
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        said = (answer.stderr or answer.stdout).strip().splitlines() or ["no message"]
        raise InstallError(f"{' '.join(command[:1])} failed: {said[-1]}")
    return answer.stdout


if __name__ == "__main__":
    sys.exit(main())
