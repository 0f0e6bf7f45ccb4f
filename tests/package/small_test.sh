#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The smallest library: it builds with zlib alone, has the functions of the whole one, passes its own tests and the part of the conformance
# suite that needs no more, and says what it lacks.
set -euo pipefail
full=$1 # the shared library with everything
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake -S "$H4MK_SOURCE_DIR" -B "$work" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 -DCMAKE_SHARED_LINKER_FLAGS=-Wl,-z,defs \
  -DH4MK_WITH_PROTECTION=OFF -DH4MK_WITH_ZSTD=OFF -DH4MK_WITH_ADAPTERS=OFF -DH4MK_WITH_LIBDEFLATE=OFF \
  -DH4MK_BUILD_TOOLS=OFF -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON >"$work/log"
cmake --build "$work" -j "$(nproc)" >>"$work/log" || {
  cat "$work/log"
  exit 1
}
ctest --test-dir "$work" --output-on-failure

functions() { nm -D --defined-only "$1" | grep -o ' h4mk_.*' | sort; }
small=$work/libh4mk/libh4mk.so
diff <(functions "$full") <(functions "$small") || {
  echo "the small library has other functions than the whole one"
  exit 1
}
needs=$(readelf -d "$small" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -vE '^(libc|libm|libstdc\+\+|libgcc_s|ld-linux.*)\.so' | tr '\n' ' ')
[[ $needs == 'libz.so.1 ' ]] || {
  echo "the small library needs: $needs"
  exit 1
}
grep -qx 'features=' "$work/libh4mk/libh4mk.pc"
grep -qx 'Requires.private: zlib' "$work/libh4mk/libh4mk.pc"
