# Part of build_ffmpeg.sh, which reads this file for its command "fuzz": builds all fuzz targets, the demuxer's with a libavformat
# that has the same instrumentation as libh4mk: libFuzzer sees how far an input gets there too, and the sanitizers what it does.
# Then run.py runs them, if there is anything to tell it.
# shellcheck shell=bash

FUZZ_FLAGS="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"

fuzz_command() {
  if (($# > 0)) && [[ ${1:-} != --minutes || ! ${2:-} =~ ^[0-9.]+$ ]]; then
    say "build_ffmpeg.sh: fuzz takes --minutes N and, behind that, names of targets"
    exit 2
  fi
  lock
  install_missing "$BUILD_PACKAGES
    clang         command     clang++
    libgtest-dev  pkg-config  gtest"
  install_sanitizers
  local cmake=$BUILD/cmake-fuzz prefix=$BUILD/fuzz-ffmpeg
  run fuzz-configure "Configuring for libFuzzer" -- env -C "$ROOT" cmake --preset fuzz -DH4MK_FFMPEG_PREFIX=
  run fuzz-libh4mk "Building libh4mk" -- cmake --build "$cmake" -j "$JOBS" --target h4mk h4mk_static
  run fuzz-install "Installing libh4mk" -- cmake --install "$cmake"/libh4mk --prefix "$prefix" --component development
  rm -f "$prefix"/lib/libh4mk.so # leads to no library: the static one is to be linked
  find_source
  unpack_source
  patch_source
  fuzz_ffmpeg "$prefix"
  run fuzz-configure "Configuring for libFuzzer" -- env -C "$ROOT" cmake --preset fuzz -DH4MK_FFMPEG_PREFIX="$prefix"
  run fuzz-build "Building the fuzz targets" -- cmake --build "$cmake" -j "$JOBS" --target fuzz
  unlock
  if (($# > 0)); then
    "$ROOT"/tests/fuzz/run.py --build "$cmake"/tests/fuzz --jobs "$JOBS" "$@"
  else
    say "Ready: ${cmake#"$PWD"/}/tests/fuzz/; how to run them is in tests/fuzz/README.md"
  fi
}

# libFuzzer too.
install_sanitizers() {
  local package
  package=libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev
  install_missing "$package package $package"
}

# fuzz_ffmpeg PREFIX: H4MK alone, and static: with shared libraries there would be two libh4mk in one program.
fuzz_ffmpeg() {
  local obj=$FF/fuzz options=(
    --prefix="$1" --cc=clang --ld=clang++ --pkg-config-flags=--static
    --extra-cflags="$FUZZ_FLAGS -fsanitize-ignorelist=$ROOT/tests/fuzz/ffmpeg.ignore" --extra-ldflags="$FUZZ_FLAGS"
    --disable-autodetect --disable-doc --disable-programs --disable-asm --disable-stripping --optflags=-O1
    --disable-avdevice --disable-avfilter --disable-swresample --disable-swscale --disable-everything
    --enable-version3 --enable-libh4mk --enable-demuxer=h4mk --enable-muxer=h4mk --enable-decoder="libh4mk_audio,libh4mk_video")
  mkdir -p "$obj"
  if [[ $(cat "$obj"/configured 2>/dev/null) != "${options[*]}" ]]; then
    run fuzz-ffmpeg "Configuring FFmpeg $SERIES" -- env -C "$obj" PKG_CONFIG_PATH="$1/lib/pkgconfig" ../src/configure "${options[@]}"
    echo "${options[*]}" >"$obj"/configured
  fi
  run fuzz-ffmpeg "Building FFmpeg $SERIES" -- make -C "$obj" -j "$JOBS" install
}
