#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds libh4mk for other machines with Debian's cross compilers, and runs its tests and the conformance suite there under
# qemu-user (arm64, armhf, s390x) and wine (windows). `headers` checks the public headers as MSVC would, with clang-cl's syntax check.
# What it needs: see PACKAGES. Libraries for the other machines are taken from Debian into build/portability/; the system stays
# as it is.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
WORK=$ROOT/build/portability
JOBS=${JOBS:-$(nproc)}

ALL=(headers arm64 armhf s390x windows)
PACKAGES="clang-tools cmake g++-aarch64-linux-gnu g++-arm-linux-gnueabihf g++-s390x-linux-gnu g++-mingw-w64-x86-64-posix
  libz-mingw-w64-dev nlohmann-json3-dev python3 qemu-user wine64"
# What the library needs of the other machine.
LIBRARIES="libdeflate0 libdeflate-dev libgtest-dev libkissfft-dev libssl3 libssl-dev libzstd1 libzstd-dev nlohmann-json3-dev
  zlib1g zlib1g-dev"

usage() {
  cat <<EOF
Usage: libh4mk/portability.sh [TARGET…]

Targets: ${ALL[*]}; without one, all of them.

Environment
  JOBS=N      how many compilers run at once; now $JOBS
  TESTS=REGEX which tests run, as ctest -R takes it; all of the library's if it is not set
EOF
}

# What the library's tests are: neither FFmpeg, nor programs and their packages, nor scripts about the sources.
NOT_HERE='^(base/(layers|references|format|lint|unused|small)|cli/|ffmpeg/|package|python|web|server|bench|conformance/(python|run|reader|files|ffmpeg))'

triplet() {
  case $1 in
    arm64) echo aarch64-linux-gnu ;;
    armhf) echo arm-linux-gnueabihf ;;
    s390x) echo s390x-linux-gnu ;;
  esac
}
emulator() {
  case $1 in
    arm64) echo qemu-aarch64 ;;
    armhf) echo qemu-arm ;;
    s390x) echo qemu-s390x ;;
  esac
}

# fetch_libraries ARCHITECTURE: unpacks Debian's packages into $WORK/ARCHITECTURE/sysroot, with an apt of its own.
fetch_libraries() {
  local folder=$WORK/$1 sources
  [[ ! -e $folder/sysroot/done ]] || return 0
  rm -rf "$folder/sysroot" "$folder/apt"
  mkdir -p "$folder/sysroot" "$folder/apt/lists/partial" "$folder/apt/archives/partial" "$folder/apt/parts" "$folder/debs"
  : >"$folder/apt/status"
  for sources in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
    [[ ! -e $sources ]] || cp "$sources" "$folder/apt/parts/"
  done
  local options=(-o "APT::Architecture=$1" -o "APT::Architectures=$1" -o "Dir::State=$folder/apt" -o "Dir::State::status=$folder/apt/status"
    -o "Dir::Cache=$folder/apt" -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$folder/apt/parts" -o "APT::Sandbox::User=")
  apt-get "${options[@]}" update
  # shellcheck disable=SC2086 # a list
  (cd "$folder/debs" && apt-get "${options[@]}" download $LIBRARIES)
  for package in "$folder"/debs/*.deb; do dpkg -x "$package" "$folder/sysroot"; done
  touch "$folder/sysroot/done"
}

# run_tests TARGET OPTION…: configures, builds and tests.
run_tests() {
  local folder=$WORK/$1/build
  shift
  cmake -S "$ROOT" -B "$folder" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="${CXXFLAGS:--O1}" \
    -DH4MK_BUILD_TESTS=ON -DH4MK_BUILD_TOOLS=OFF "$@"
  cmake --build "$folder" -j "$JOBS" ${BUILD_TARGETS:+--target $BUILD_TARGETS}
  (cd "$folder" && ctest --output-on-failure -j "$JOBS" -E "$NOT_HERE" ${TESTS:+-R "$TESTS"})
}

linux() {
  local triplet emulator sysroot=$WORK/$1/sysroot
  triplet=$(triplet "$1")
  emulator=$(emulator "$1")
  fetch_libraries "$1"
  export PKG_CONFIG_LIBDIR=$sysroot/usr/lib/$triplet/pkgconfig:$sysroot/usr/share/pkgconfig PKG_CONFIG_SYSROOT_DIR=$sysroot
  run_tests "$1" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="${triplet%%-*}" \
    -DCMAKE_C_COMPILER="$triplet-gcc" -DCMAKE_CXX_COMPILER="$triplet-g++" \
    -DCMAKE_LIBRARY_ARCHITECTURE="$triplet" -DCMAKE_FIND_ROOT_PATH="$sysroot" \
    -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY \
    -DCMAKE_EXE_LINKER_FLAGS="-Wl,-rpath-link,$sysroot/usr/lib/$triplet" \
    -DCMAKE_CROSSCOMPILING_EMULATOR="$emulator;-L;/usr/$triplet;-E;LD_LIBRARY_PATH=/usr/$triplet/lib:$sysroot/usr/lib/$triplet"
}

windows() { # the small build: Debian has none of the other libraries for Windows
  local tool=x86_64-w64-mingw32
  local root=$WORK/windows/root
  mkdir -p "$root/include" "$root/share/cmake"
  cp -r /usr/include/nlohmann "$root/include/" # from where the headers of this system are not found as well
  cp -r /usr/share/cmake/nlohmann_json "$root/share/cmake/"
  export WINEPREFIX=$WORK/windows/wine WINEDEBUG=-all
  export PKG_CONFIG_LIBDIR=/usr/$tool/lib/pkgconfig
  run_tests windows -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_C_COMPILER=$tool-gcc-posix -DCMAKE_CXX_COMPILER=$tool-g++-posix \
    -DCMAKE_RC_COMPILER=$tool-windres -DCMAKE_FIND_ROOT_PATH="/usr/$tool;$root" -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY \
    -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON \
    -DCMAKE_EXE_LINKER_FLAGS=-static -DCMAKE_SHARED_LINKER_FLAGS=-static \
    -DH4MK_WITH_PROTECTION=OFF -DH4MK_WITH_ZSTD=OFF -DH4MK_WITH_ADAPTERS=OFF -DH4MK_WITH_LEGACY=OFF -DH4MK_WITH_LIBDEFLATE=OFF \
    -DCMAKE_CROSSCOMPILING_EMULATOR="$(command -v wine64 || command -v wine)"
}

headers() {
  local header
  for header in "$ROOT"/libh4mk/include/h4mk/*.h; do
    for language in c c++; do
      echo "#include <h4mk/$(basename "$header")>" | clang --driver-mode=cl -fsyntax-only -W4 -WX -Wno-unknown-argument \
        "-I$ROOT/libh4mk/include" "-imsvc/usr/x86_64-w64-mingw32/include" "-T${language/c++/P}" - 2>&1
    done
  done
}

case ${1:-} in help | -h | --help)
  usage
  exit 0
  ;;
esac
(($#)) || set -- "${ALL[@]}"
failed=()
for target; do
  [[ " ${ALL[*]} " == *" $target "* ]] || {
    usage >&2
    exit 2
  }
  echo "== $target"
  case $target in
    arm64 | armhf | s390x) (linux "$target") || failed+=("$target") ;;
    *) ("$target") || failed+=("$target") ;;
  esac
done
((${#failed[@]} == 0)) || {
  echo "failed: ${failed[*]}"
  exit 1
}
