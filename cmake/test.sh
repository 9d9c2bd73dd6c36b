#!/bin/sh
# Installs what is missing, builds, and runs every test; ends with ctest's summary and its exit status.
# usage: test.sh [arguments of cmake's configure step, such as -DCEDE_SANITIZE=thread]
# CEDE_BUILD_DIR is where to build, CEDE_JOBS how many jobs at once.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/cmake/environment.sh"
sh "$root/cmake/dependencies.sh" build test
use_ninja

# Other arguments, another folder: CMake's cache would remember yesterday's.
default=$root/build/test
[ $# = 0 ] || default=$default-$(printf '%s\n' "$@" | cksum | cut -d ' ' -f 1)
build=${CEDE_BUILD_DIR:-$default}

cmake -S "$root" -B "$build" "$@"
cmake --build "$build" --parallel "$jobs"

# ThreadSanitizer of gcc 12 and clang 14 cannot map its shadow where the kernel randomises many address bits. Some
# containers forbid turning that off, and then it has to do as it is.
launcher=
if grep -q '^CEDE_SANITIZE:.*thread' "$build/CMakeCache.txt" && setarch "$(uname -m)" -R true 2>/dev/null; then
  launcher="setarch $(uname -m) -R"
fi
cd "$build"
# shellcheck disable=SC2086  # no word or three
exec $launcher ctest --output-on-failure --parallel "$jobs" </dev/null
