# Part of build_ffmpeg.sh, which reads this file for its command "msan": runs the fuzz targets on their seeds under
# MemorySanitizer. That has to see all that is written, so the C++ library is built with it as well: LLVM's, from Debian's source
# package. OpenSSL and zstd are not; what reads much of what they wrote is left to Valgrind (tests/valgrind.py).
# shellcheck shell=bash

MSAN_FLAGS="-fsanitize=memory -fsanitize-memory-track-origins -fno-omit-frame-pointer -O1 -g1"
MSAN_TARGETS="adapter chunk cluster compression decoder index json reader signed token v1 writer" # transport takes SHA-256

msan_command() {
  local dir=$BUILD/msan library target
  lock
  install_missing "$BUILD_PACKAGES
    clang       command  clang++
    googletest  file     /usr/src/googletest"
  install_sanitizers
  library=$dir/libcxx
  msan_library "$dir" "$library"
  local flags="$MSAN_FLAGS -stdlib=libc++ -nostdinc++ -isystem $library/include/c++/v1 -D_LIBCPP_ENABLE_EXPERIMENTAL"
  local options=(
    -DCMAKE_BUILD_TYPE=None -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++
    -DCMAKE_C_FLAGS="$MSAN_FLAGS" -DCMAKE_CXX_FLAGS="$flags -Wno-unused-command-line-argument"
    -DCMAKE_EXE_LINKER_FLAGS="-L$library/lib" -DCMAKE_SHARED_LINKER_FLAGS="-L$library/lib")
  run msan-gtest "Configuring GoogleTest" -- cmake -S /usr/src/googletest -B "$dir"/gtest "${options[@]}" \
    -DBUILD_GMOCK=OFF -DCMAKE_INSTALL_PREFIX="$dir"/dist -DCMAKE_INSTALL_LIBDIR=lib
  run msan-gtest "Building GoogleTest" -- cmake --build "$dir"/gtest -j "$JOBS" --target install
  run msan-configure "Configuring for MemorySanitizer" -- cmake -S "$ROOT" -B "$dir"/h4mk "${options[@]}" \
    -DH4MK_BUILD_TOOLS=OFF -DGTest_DIR="$dir"/dist/lib/cmake/GTest
  run msan-build "Building the fuzz targets" -- cmake --build "$dir"/h4mk -j "$JOBS" --target fuzz
  local fuzz=$dir/h4mk/tests/fuzz
  export OPENSSL_CONF=/dev/null
  MSAN_OPTIONS=halt_on_error=0 "$fuzz"/fuzz_make_seeds "$dir"/seeds 2>"$LOGS"/msan-seeds.log || true # reports from within OpenSSL
  for target in $MSAN_TARGETS; do
    run msan-"$target" "fuzz_$target" -- "$fuzz"/fuzz_"$target" --mutations=20 "$dir"/seeds/"$target"
    say "fuzz_$target: $(tail -n 1 "$LOGS"/msan-"$target".log)"
  done
}

# msan_library DIR LIBRARY
msan_library() {
  local version uri apt=$1/apt keyrings=(/usr/share/keyrings/debian-archive-*.gpg)
  [[ ! -f $2/built ]] || return 0
  version=$(clang -dumpversion | cut -d. -f1)
  version=$((version < 15 ? 15 : version)) # 14 lacks std::ranges
  mkdir -p "$apt"/{lists,cache,download}/partial "$apt"/parts "$1"/llvm
  for uri in $(debian_archives); do
    (. /etc/os-release && IFS=, && echo "deb-src [signed-by=${keyrings[*]}] $uri $VERSION_CODENAME main" >"$apt"/sources.list)
    break
  done
  run msan-source "Downloading LLVM $version" -- apt_source "$apt" "llvm-toolchain-$version" --tar-only
  run msan-unpack "Unpacking its C++ library" -- tar -xf "$apt"/download/llvm-toolchain-*.orig.tar.xz -C "$1"/llvm --strip-components=1 \
    --wildcards '*/cmake/*' '*/runtimes/*' '*/libcxx/*' '*/libcxxabi/*' '*/llvm/utils/*'
  run msan-library "Configuring the C++ library" -- cmake -S "$1"/llvm/runtimes -B "$2" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DLLVM_USE_SANITIZER=Memory -DLLVM_ENABLE_RUNTIMES="libcxx;libcxxabi" \
    -DLIBCXX_ENABLE_SHARED=OFF -DLIBCXXABI_ENABLE_SHARED=OFF -DLIBCXXABI_USE_LLVM_UNWINDER=OFF -DLLVM_INCLUDE_TESTS=OFF \
    -DLIBCXX_INCLUDE_BENCHMARKS=OFF -DLIBCXX_INCLUDE_TESTS=OFF -DLIBCXXABI_INCLUDE_TESTS=OFF
  run msan-library "Building the C++ library" -- cmake --build "$2" -j "$JOBS" --target cxx cxxabi
  echo "GROUP(libc++.a libc++abi.a)" >"$2"/lib/libc++.so # for the linker: -lc++ is both
  touch "$2"/built
}
