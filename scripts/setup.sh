#!/bin/sh
# Installs what is missing for building, the demo, the benchmarks or the tests, on Debian 12 and distributions like it; does
# nothing, and needs no rights, if everything is there.
#
#     scripts/setup.sh build | demo | bench | peers | wheel | test
set -eu

# dpkg-dev: without it Meson does not know Debian's library folder and installs to lib64, where nothing looks.
build="g++ dpkg-dev meson ninja-build pkg-config flatbuffers-compiler libflatbuffers-dev libzstd-dev libxxhash-dev
       libcli11-dev libfmt-dev nlohmann-json3-dev libeigen3-dev zlib1g-dev libminizip-dev"
demo="$build dataset-fashion-mnist"
bench="$build libbenchmark-dev libsimdjson-dev python3"
peers="$bench python3-dev python3-venv"
wheel="$build bubblewrap python3 python3-venv"
test="$demo $bench cmake doctest-dev clang-14 clang-format-14 clang-tidy-19 libclang-rt-14-dev libfuse3-dev doxygen g++-aarch64-linux-gnu
      llvm-14 python3 python3-dev python3-venv python3-xxhash python3-zstandard qemu-user-static spin strace zsh fish groff-base"

case "${1:-}" in
    build) wanted=$build ;;
    demo) wanted=$demo ;;
    bench) wanted=$bench ;;
    peers) wanted=$peers ;;
    wheel) wanted=$wheel ;;
    test) wanted=$test ;;
    *) echo "usage: scripts/setup.sh build | demo | bench | peers | wheel | test" >&2; exit 2 ;;
esac

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "No apt here. Debian calls what is needed: $(echo $wanted)" >&2
    exit 0
fi

# A name that dpkg never heard of is an error of dpkg-query, and missing.
installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' $wanted 2>/dev/null || true)
missing=""
for package in $wanted; do
    if ! echo "$installed" | grep -qxF "$package installed"; then
        missing="$missing $package"
    fi
done
if [ -z "$missing" ]; then
    exit 0
fi

if [ "$(id -u)" = 0 ]; then
    as_root="env"
elif command -v sudo >/dev/null; then
    as_root="sudo env"
else
    echo "These packages are missing, and there is no sudo to install them:$missing" >&2
    exit 1
fi
echo "Installing:$missing"
# A mirror in the middle of an update makes this fail, although what is wanted can be installed.
$as_root apt-get update -q || true
$as_root DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
