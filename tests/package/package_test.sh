#!/usr/bin/env bash
# What is installed is enough to build a program outside this tree: with find_package, shared and static, and with
# pkg-config, shared and static, also after the installed tree was moved.
# Usage: package_test.sh BUILD_DIRECTORY
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$1" --prefix "$work/installed" >/dev/null
mv "$work/installed" "$work/moved"

echo "installed headers: the public ones only"
[[ $(cd "$work/moved/include/h4mk" && echo *) == "adapter.h frames.h h4mk.h h4mk.hpp http.h io.h legacy.h protection.h status.h token.h value.h" && $(ls "$work/moved/include") == h4mk ]]

echo "find_package"
cmake -S "$source_dir" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/moved" >/dev/null
cmake --build "$work/build" >/dev/null
"$work/build/with_shared"
"$work/build/with_static"

echo "pkg-config"
PKG_CONFIG_PATH=$(dirname "$(find "$work/moved" -name libh4mk.pc)")
export PKG_CONFIG_PATH
libdir=$(pkg-config --variable=libdir libh4mk)
# shellcheck disable=SC2046 # several words each
cc "$source_dir/main.c" -o "$work/shared" $(pkg-config --cflags --libs libh4mk) -Wl,-rpath,"$libdir"
"$work/shared"
rm "$libdir"/libh4mk.so*
# shellcheck disable=SC2046
cc "$source_dir/main.c" -o "$work/static" $(pkg-config --cflags --static --libs libh4mk)
"$work/static"
