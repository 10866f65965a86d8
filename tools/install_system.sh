#!/bin/sh
# Install the system packages that the build and the tests lack: with apt as root, else say which they are.
# A thing that is there already, from whatever source, is left alone. Arguments: packages needed besides.
set -u
PATH=$PATH:/usr/local/sbin:/usr/sbin
python=${PYTHON:-python3}

python_says() { "$python" -c "import os, sys, sysconfig; sys.exit(not ($1))" 2>/dev/null; }
has() { for command; do command -v "$command" >/dev/null || return 1; done; }

list_missing() {
    python_says 'sys.version_info >= (3, 10)' || echo python3
    python_says '__import__("venv") and __import__("ensurepip")' || echo python3-venv
    python_says 'os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))' || echo python3-dev
    echo '#include <stdlib.h>' | cc -E - >/dev/null 2>&1 || echo gcc libc6-dev
    has pkg-config || echo pkg-config
    pkg-config --exists libmariadb 2>/dev/null || pkg-config --exists mysqlclient 2>/dev/null || echo libmariadb-dev
    # The -core packages hold the server without the system service that mariadb-server would start.
    has mariadbd mariadb-install-db my_print_defaults || echo mariadb-server-core mariadb-client-core
    for package; do dpkg -s "$package" >/dev/null 2>&1 || echo "$package"; done
}

stop() { echo "system packages: $1" >&2; exit 1; }

missing=$(echo $(list_missing "$@"))
[ -n "$missing" ] || { echo "system packages: all there"; exit 0; }
has apt-get || stop "missing $missing; there is no apt-get here: install their equivalents and try again"
[ "$(id -u)" = 0 ] || stop "missing; run as root: apt-get install --no-install-recommends $missing"

echo "system packages: installing $missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Another make, or the machine itself, may be using apt: wait for its lock.
apt() { apt-get -qq -o DPkg::Lock::Timeout=600 -o APT::Update::Error-Mode=any "$@" >"$log" 2>&1; }
apt update && apt install -y --no-install-recommends $missing ||
    stop "apt-get install $missing failed: $(tail -n 1 "$log")"
still=$(echo $(list_missing "$@"))
[ -z "$still" ] || stop "installed, yet not found on PATH: $still (PYTHON=$python)"
