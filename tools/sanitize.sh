#!/bin/sh
# Build the extension with ASan and UBSan into build/sanitize and run on it the codec's tests, and those that drive the
# native implementation hardest on the servers: `make sanitize`, some 15 minutes on two quiet cores. A report ends the
# run, in their subprocesses too.
#
# With clang: from LLVM 18 on ASan's allocator is locked around fork(), which else leaves F19's children a lock that
# nobody frees (gcc 12, clang 14); and F20 at every line takes two minutes instead of many.
#
# Not run:
#   F28, a result larger than the memory: the sanitizers' own memory is more than it allows
#   -fsanitize=function: Cython calls a derived class's method by the type that its base class gave it
#   detect_stack_use_after_return: libmariadb's non-blocking calls run on stacks of their own, which it allocates; the
#   frames of those calls would be on a stack that ASan believes to be another thread's
#   leaks, but in the codec's functions: at its end Python keeps what modules have, which is no leak. With servers
#   tests/stress/test_leaks.py looks for them, by what malloc gives out.
set -eu
cd "$(dirname "$0")/.."
sh tools/install_system.sh clang-19 libclang-rt-19-dev
place=build/sanitize
python=.venv/bin/python
flags="-fsanitize=address,undefined -shared-libasan -fno-sanitize=function -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer -g -O1"

rm -rf "$place"
mkdir -p "$place"
CC=clang-19 CFLAGS=$(echo $flags) RHOSOCIAL_MYSQLCLIENT_REQUIRE_C=1 $python -m pip install --quiet \
    --disable-pip-version-check --no-deps --target "$place/package" . -Cbuild-dir="$place/cmake" -Cinstall.strip=false
# An environment of its own: the editable install would stand before any path.
$python -m venv --without-pip "$place/venv"
site=$("$place/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
{
    echo "$PWD/$place/package"
    $python -c 'import sys; print(*(path for path in sys.path if path.endswith("site-packages")), sep="\n")'
} >"$site/paths.pth"
ln -s ../../.servers "$place/.servers"  # where setup put the servers

common=strict_string_checks=1:detect_stack_use_after_return=0
export ASAN_OPTIONS=$common:detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export PYTHONMALLOC=malloc LD_PRELOAD="$(clang-19 -print-file-name="libclang_rt.asan-$(uname -m).so")"
export RHOSOCIAL_MYSQLCLIENT_IMPL=native
sanitized() { "$place/venv/bin/python" "$@"; }

sanitized - <<'END'
import sys
from pathlib import Path
from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native
sanitized = Path(_native.__file__).resolve()
assert sanitized.is_relative_to(Path("build/sanitize").resolve()), sanitized
assert b"__asan_report" in sanitized.read_bytes() and b"__ubsan_handle" in sanitized.read_bytes()
END
started=$(date +%s)
# Leaks: the interpreter's own are in the report too; ours have the extension in their stacks.
ASAN_OPTIONS=$common:detect_leaks=1:fast_unwind_on_malloc=0:exitcode=0:log_path="$place/leaks" sanitized - <<'END'
import sys
sys.path.insert(0, "tests/stress")
import growth
for call in growth.codec_ways(growth.CODECS["compiled"]).values():
    growth.repeat(call, 50)
END
ls "$place"/leaks.* >/dev/null  # there is always one
if grep -l _native "$place"/leaks.*; then
    echo "sanitize: the extension leaks" >&2
    exit 1
fi
sanitized -m pytest -q -p no:cacheprovider -n 2 tests/codec "$@"
sanitized -m pytest -q -p no:cacheprovider -n 2 tests/faults tests/integration/prepared tests/integration/streaming \
    tests/integration/bulk tests/integration/backend tests/integration/async_backend \
    -k "not larger_than_the_memory" "$@"
echo "sanitize: $(($(date +%s) - started)) s"
