#!/bin/sh
# Installs what is missing of the named groups: on Debian and its kin by apt-get, elsewhere it names the packages.
# usage: dependencies.sh [build] [test] [ci] [peers]
set -eu

build="g++ cmake ninja-build ccache pkg-config libboost-context-dev libabsl-dev"
test="libboost-test-dev python3 libuv1-dev libglib2.0-dev libssl-dev openssl curl wrk"
ci="clang libclang-rt-dev make nginx-light socat strace valgrind"  # the runtime is what clang's sanitizers link; make is cmake's own choice
peers="python3-uvloop libuv1-dev libevent-dev libst-dev libboost-fiber-dev libboost-coroutine-dev golang-go valgrind wrk nginx-light"

wanted=
for group in "${@:-build}"; do
  case $group in
    build) wanted="$wanted $build" ;;
    test) wanted="$wanted $test" ;;
    ci) wanted="$wanted $ci" ;;
    peers) wanted="$wanted $peers" ;;
    *) echo "dependencies.sh: no group '$group': build, test, ci or peers" >&2; exit 2 ;;
  esac
done

# Where it may not install, it goes on with what is there: the build says what it cannot do without.
go_on_without() {
  echo "$1$2"
  for tool in c++ cmake; do
    command -v "$tool" >/dev/null || { echo "Install these first: '$tool' is not here." >&2; exit 1; }
  done
  exit 0
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  go_on_without "Not a Debian system. What cede needs, by Debian's names:" "$wanted"
fi

missing=
for package in $wanted; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || :)
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || go_on_without "Neither root nor sudo. What is missing: apt-get install" "$missing"
  sudo=sudo
fi
# shellcheck disable=SC2086  # lists of words, one perhaps without any
apt() { $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" </dev/null >/dev/null; }
# shellcheck disable=SC2086
install() { apt install -y --no-install-recommends $missing; }

echo "Installing with apt-get:$missing"
# The lists are fetched when they do not know a package, or name a version that the mirror has dropped since.
known=yes
for package in $missing; do
  apt-cache show "$package" 2>/dev/null | grep -q '^Package:' || known=no
done
if [ $known = no ] || ! install; then
  echo "Fetching apt's package lists"
  apt update
  install
fi
