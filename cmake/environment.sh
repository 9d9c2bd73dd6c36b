# shellcheck shell=sh
# Sourced by the scripts beside it: how many jobs, and which generator a new build folder gets.
# Two jobs unless told otherwise: each wants up to a gigabyte.
jobs=${CEDE_JOBS:-2}
cores=$(nproc 2>/dev/null || echo 2)
[ "$jobs" -le "$cores" ] || jobs=$cores
use_ninja() {
  # Through the environment rather than -G, so that a folder configured with another generator stays usable.
  if [ -z "${CMAKE_GENERATOR:-}" ] && command -v ninja >/dev/null; then
    export CMAKE_GENERATOR=Ninja
  fi
}
