#!/bin/sh
# From a bare machine to the main example: installs what is missing, builds, fetches a few hundred pages at once.
# usage: quickstart.sh [arguments of examples/fetch]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${CEDE_BUILD_DIR:-$root/build/quickstart}
. "$root/cmake/environment.sh"

sh "$root/cmake/dependencies.sh" build
use_ninja
cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCEDE_BUILD_TESTS=OFF
cmake --build "$build" --parallel "$jobs" --target cede cede_failing_allocations example_fetch  # all that installs
exec "$build/examples/fetch" "$@"
