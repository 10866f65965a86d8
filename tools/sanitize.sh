#!/bin/sh
# Build the extension with ASan and UBSan into build/sanitize and run on it the codec's tests, and those that drive the
# native implementation hardest on the servers: `make sanitize`, some 15 minutes on two quiet cores. A report ends the
# run, in their subprocesses too. Leaks of the interpreter itself are not reported; ours are what
# tests/stress/test_leaks.py looks for.
# libmariadb's non-blocking calls run on stacks of their own, which it allocates: with detect_stack_use_after_return the
# frames of those calls would be on a stack that ASan believes to be another thread's. gcc's default leaves it off; so
# it stays.
set -eu
cd "$(dirname "$0")/.."
place=build/sanitize
python=.venv/bin/python
flags="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g -O1"

rm -rf "$place"
mkdir -p "$place"
CC=gcc CFLAGS="$flags" RHOSOCIAL_MYSQLCLIENT_REQUIRE_C=1 $python -m pip install --quiet --disable-pip-version-check \
    --no-deps --target "$place/package" . -Cbuild-dir="$place/cmake" -Cinstall.strip=false
# An environment of its own: the editable install would stand before any path.
$python -m venv --without-pip "$place/venv"
site=$("$place/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
{
    echo "$PWD/$place/package"
    $python -c 'import sys; print(*(path for path in sys.path if path.endswith("site-packages")), sep="\n")'
} >"$site/paths.pth"
ln -s ../../.servers "$place/.servers"  # where setup put the servers

export ASAN_OPTIONS=detect_leaks=0:strict_string_checks=1:abort_on_error=1:detect_stack_use_after_return=0 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export PYTHONMALLOC=malloc LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
"$place/venv/bin/python" - <<'END'
import sys
from pathlib import Path
from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native
sanitized = Path(_native.__file__).resolve()
assert sanitized.is_relative_to(Path("build/sanitize").resolve()), sanitized
assert b"__asan_report" in sanitized.read_bytes() and b"__ubsan_handle" in sanitized.read_bytes()
END
export RHOSOCIAL_MYSQLCLIENT_IMPL=native
started=$(date +%s)
"$place/venv/bin/python" -m pytest -q -p no:cacheprovider tests/codec "$@"
# Not with less memory than the sanitizers themselves need; nor after fork() beside threads: in the child the lock of
# gcc 12's ASan allocator may stay with a thread that is no more.
"$place/venv/bin/python" -m pytest -q -p no:cacheprovider -n 2 tests/faults tests/integration/prepared \
    tests/integration/streaming tests/integration/bulk tests/integration/async_backend \
    -k "not larger_than_the_memory" --ignore=tests/faults/test_f19_fork.py "$@"
echo "sanitize: $(($(date +%s) - started)) s"
