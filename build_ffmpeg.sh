#!/usr/bin/env bash
# Builds libh4mk and an FFmpeg that reads and writes H4MK, shows them at work, and tests them.
# `./build_ffmpeg.sh help` says how to use it. Everything that it makes lies in build/ and dist/.
set -euo pipefail
shopt -s nullglob

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BUILD=$ROOT/build
DIST=$ROOT/dist
CACHE=$BUILD/cache
LOGS=$BUILD/log
JOBS=${JOBS:-$(nproc)}

# What is built when FFMPEG_SOURCE is not set.
SERIES=7.1
SUITE=trixie # the Debian release that has this series
RELEASE_TARBALL=ffmpeg-7.1.5.tar.xz
RELEASE_SHA256=de668509caf9e35e3cd162473441fdb29538c6d96ed080292b3cf9e6fc5d558f

usage() {
  cat <<EOF
Usage: ./build_ffmpeg.sh [COMMAND]

Commands
  (none)       build libh4mk and FFmpeg with H4MK, install both into dist/
  demo [FILE]  remux FILE (or a short clip made for it) to H4MK and back, and compare every packet. It builds only libh4mk,
               the h4mk program and what of FFmpeg that needs; all of FFmpeg is used where it is built already, and is built
               for files other than MP4 and MOV
  test         build, then run all tests
  system       build only a libavformat for the FFmpeg that this system has, into dist/system/: dist/system/run PROGRAM …
               \`system install\` lets all programs use it, \`system uninstall\` takes that back; \`system deb\` makes a Debian
               package of it
  series [N.N] try the patches on every series of FFmpeg that they are for, or on one, each in a small build, and as they
               would be sent upstream: patch after patch
  fuzz [--minutes N] [TARGET…]
               build the fuzz targets for libFuzzer, the demuxer's with an FFmpeg of its own, and run each N minutes, as many
               at the same time as JOBS says; then tell what code they reached and what is new (tests/fuzz/README.md)
  msan         run these targets on their seeds under MemorySanitizer
  clean        remove dist/ and build/, except for downloads
  help         this text

Environment
  FFMPEG_SOURCE=DIR|TARBALL  FFmpeg's source; else a cached download, the Debian source package (through apt, suite
                             $SUITE), or the release from ffmpeg.org
  JOBS=N                     how many compilers run at once; now $JOBS
EOF
}

# ------------------------------------------------------------------------------------------------------------ messages

say() { printf '%s\n' "$*" >&2; }
die() {
  say "build_ffmpeg.sh: $*"
  exit 1
}

# try LOG TITLE [PATTERN TOTAL] -- COMMAND…
# Runs a long step with its output in build/log/LOG.log and shows how far it is: elapsed time, and if PATTERN is given, how
# many of TOTAL lines that match it the log has. Returns the command's status.
try() {
  local log=$LOGS/$1.log title=$2 pattern='' total=0 status=0 start=$SECONDS
  shift 2
  if [[ $1 != -- ]]; then
    pattern=$1 total=$2
    shift 2
  fi
  shift
  mkdir -p "$LOGS"

  set -m # a process group of its own, so that an interrupt ends all of it
  "$@" >"$log" 2>&1 9>&- </dev/null &
  running=$!
  set +m
  local shown=0 next=2 # seconds
  while kill -0 "$running" 2>/dev/null; do
    sleep 0.1
    ((SECONDS - start >= next)) || continue
    shown=1
    if [[ -t 2 ]]; then
      printf '\r%s … %s\e[K' "$title" "$(progress)" >&2
      sleep 0.3
    else
      say "$title … $(progress)"
      next=$((next == 2 ? 20 : next + 20))
    fi
  done
  wait "$running" || status=$?
  running=
  if [[ -t 2 ]]; then printf '\r\e[K' >&2; fi
  if ((status)); then
    say "$title: failed"
  elif ((shown)); then
    say "$title: done in $((SECONDS - start)) s"
  fi
  return "$status"
}

# run: as try, but a step that fails shows the end of its log and ends the script.
run() {
  local log=$LOGS/$1.log
  if ! try "$@"; then
    say "The end of ${log#"$ROOT"/}:"
    tail -n 30 "$log" | sed 's/^/  | /' >&2
    exit 1
  fi
}

# Uses the local variables of try. What CMake builds tells itself how far it is.
progress() {
  local percent
  if ((total)); then
    printf '%d of %d, ' "$(grep -cE "$pattern" "$log")" "$total"
  else
    percent=$(sed -n 's/^\[ *\([0-9]*%\)\] .*/\1/p' "$log" | tail -n 1)
    [[ -z $percent ]] || printf '%s, ' "$percent"
  fi
  printf '%d s' $((SECONDS - start))
}

interrupted() {
  say ''
  say "build_ffmpeg.sh: interrupted; the next run goes on from here"
  exit "$1"
}

running=
trap '[[ -z $running ]] || kill -- "-$running" 2>/dev/null || true' EXIT
trap 'interrupted 130' INT
trap 'interrupted 143' TERM
trap 'interrupted 129' HUP

# -------------------------------------------------------------------------------------------------------- dependencies

# A line each: Debian package, and by what one sees that it is there.
BUILD_PACKAGES="
  build-essential     command     g++
  build-essential     command     make
  cmake               command     cmake
  nasm                command     nasm
  patch               command     patch
  pkg-config          command     pkg-config
  xz-utils            command     xz
  libboost1.81-dev    header      boost/version.hpp
  libcli11-dev        pkg-config  CLI11
  libdeflate-dev      pkg-config  libdeflate
  libexpat1-dev       pkg-config  expat
  libfmt-dev          pkg-config  fmt
  libisal-dev         pkg-config  libisal
  libkissfft-dev      header      kissfft/kiss_fft.h
  nlohmann-json3-dev  pkg-config  nlohmann_json
  zlib1g-dev          pkg-config  zlib
  libbz2-dev          header      bzlib.h
  libcurl4-openssl-dev  pkg-config  libcurl
  liblzma-dev         pkg-config  liblzma
  libopus-dev         pkg-config  opus
  libssl-dev          pkg-config  openssl
  libzstd-dev         pkg-config  libzstd
  libx264-dev         pkg-config  x264
  python3-cffi        package     python3-cffi
  python3-numpy       package     python3-numpy"
TEST_PACKAGES="
  aom-tools           command     aomenc
  chromium            command     chromium
  firefox-esr         command     firefox-esr
  clang               command     clang++
  clang-format        command     clang-format
  clang-tidy          command     clang-tidy
  file                command     file
  libavcodec59        package     libavcodec59
  libglib2.0-bin      command     gio
  libgtest-dev        pkg-config  gtest
  mypy                command     mypy
  nodejs              command     node
  npm                 command     npm
  openssl             command     openssl
  python3             command     python3
  python3-distributed  package    python3-distributed
  shared-mime-info    command     update-mime-database
  vpx-tools           command     vpxenc
  x265                command     x265"

is_there() {
  case $1 in
    command) command -v "$2" >/dev/null ;;
    pkg-config) pkg-config --exists "$2" 2>/dev/null ;;
    package) dpkg-query -W -f '${Status}' "$2" 2>/dev/null | grep -q ' installed' ;;
    file) [[ -e $2 ]] ;;
    header) printf '#include <%s>\n' "$2" | cc -E - >/dev/null 2>&1 ;;
  esac
}

# install_missing LIST: installs what of LIST is not there.
install_missing() {
  local package kind name missing=() as_root=()
  while read -r package kind name; do
    [[ -z $package ]] || is_there "$kind" "$name" || missing+=("$package")
  done <<<"$1"
  ((${#missing[@]})) || return 0
  mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)

  local command="apt-get update && apt-get install --no-install-recommends ${missing[*]}"
  command -v apt-get >/dev/null ||
    die "these Debian packages, or what this system calls them, are missing: ${missing[*]}"
  if ((EUID)); then
    # sudo asks for a password only where somebody can type it.
    if ! command -v sudo >/dev/null || ! { sudo -n true 2>/dev/null || { [[ -t 0 ]] && sudo -v; }; }; then
      say "Some packages are missing. As root:"
      say "  $command"
      exit 1
    fi
    as_root=(sudo -n)
  fi
  say "Missing packages: ${missing[*]}"
  run apt-update "Updating the list of packages" -- "${as_root[@]}" apt-get update
  run apt-install "Installing the missing packages" -- \
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

# ------------------------------------------------------------------------------------------------------ FFmpeg's source

# find_source: sets SOURCE to a directory or tarball; the places are tried in the order that the usage text gives.
# Downloads come into the cache only after their check.
find_source() {
  SOURCE=
  if [[ ${FFMPEG_SOURCE:-} ]]; then
    [[ -e $FFMPEG_SOURCE ]] || die "FFMPEG_SOURCE=$FFMPEG_SOURCE does not exist"
    SOURCE=$(realpath "$FFMPEG_SOURCE")
  elif ! from_cache; then
    mkdir -p "$CACHE"
    if ! from_debian && ! from_ffmpeg_org; then
      die "FFmpeg $SERIES could not be downloaded (logs: build/log/source-*.log);" \
        "with FFMPEG_SOURCE=DIR|TARBALL no network is needed."
    fi
    from_cache
  fi
}

from_cache() {
  local file
  for file in "$CACHE"/ffmpeg_"$SERIES"*.orig.tar.xz "$CACHE"/ffmpeg-"$SERIES"*.tar.xz; do
    SOURCE=$file
  done
  [[ $SOURCE ]]
}

# The Debian source package. apt works with a source list and an index of its own below build/apt, so nothing in /etc
# changes; it checks the archive's signature and the hashes.
from_debian() {
  local uri keyrings apt=$BUILD/apt
  keyrings=$(debian_keyrings)
  [[ $keyrings ]] && command -v apt-get >/dev/null || return 1
  for uri in $(debian_archives); do
    rm -rf "$apt"
    mkdir -p "$apt"/{lists,cache,download}/partial "$apt"/parts
    echo "deb-src [signed-by=$keyrings] $uri $SUITE main" >"$apt"/sources.list
    if try source-debian "Downloading FFmpeg $SERIES, Debian source package" -- apt_source "$apt" ffmpeg --tar-only &&
      mv "$apt"/download/ffmpeg_"$SERIES".*.orig.tar.xz "$CACHE"/; then
      rm -rf "$apt"
      return 0
    fi
  done
  return 1
}

# apt_source DIR PACKAGE [--tar-only]: all of a source package, or only what upstream released.
apt_source() {
  local options=(
    -o Dir::Etc::SourceList="$1"/sources.list
    -o Dir::Etc::SourceParts="$1"/parts
    -o Dir::State::Lists="$1"/lists
    -o Dir::Cache="$1"/cache
    -o APT::Sandbox::User=root
    -o APT::Update::Error-Mode=any
    -o APT::Get::AllowUnauthenticated=false
    -o Acquire::AllowInsecureRepositories=false
    -o Acquire::Retries=2
    -o Acquire::http::Timeout=20
  )
  cd "$1"/download
  apt-get "${options[@]}" update &&
    apt-get "${options[@]}" source --download-only --only-source "${@:3}" "$2"
}

# Where this machine gets Debian from, so that no mirror has to be named here: the archives that hold its own release.
debian_archives() {
  local codename
  # shellcheck disable=SC1091
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  # shellcheck disable=SC2016
  apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' 2>/dev/null |
    awk -v codename="$codename" '
      $3 == "main" && ($2 == codename || $2 ~ /^(oldstable|stable|testing|unstable)$/) && !seen[$1]++ { print $1 }'
}

# Comma separated, as a source list wants them. Other keys than Debian's are not accepted.
debian_keyrings() {
  local keyrings=(/usr/share/keyrings/debian-archive-{"$SUITE"-*,keyring.*})
  local IFS=,
  echo "${keyrings[*]}"
}

from_ffmpeg_org() {
  local url=https://ffmpeg.org/releases/$RELEASE_TARBALL file=$CACHE/$RELEASE_TARBALL.part
  if ! command -v curl >/dev/null && ! command -v wget >/dev/null; then
    install_missing "
      curl             command  curl
      ca-certificates  file     /etc/ssl/certs/ca-certificates.crt"
  fi
  local get=(curl -fL --retry 2 --connect-timeout 20 -o "$file" "$url")
  if ! command -v curl >/dev/null; then
    get=(wget --tries=2 --timeout=20 -O "$file" "$url")
  fi
  try source-ffmpeg.org "Downloading $url" -- "${get[@]}" || return 1
  if ! echo "$RELEASE_SHA256  $file" | sha256sum --check --status; then
    rm -f "$file"
    die "$url has not the SHA-256 that is expected here, so it is not used"
  fi
  mv "$file" "$CACHE/$RELEASE_TARBALL"
}

# unpack_source: puts SOURCE into build/ffmpeg-<series>/src unless it is there. A changed source is built anew. Sets SERIES to
# that of the source, FF to the directory, and SOURCE_ID to a name for exactly this source.
unpack_source() {
  local release
  if [[ -d $SOURCE ]]; then
    release=$(cat "$SOURCE"/RELEASE 2>/dev/null) || die "$SOURCE is not FFmpeg's source: it has no file RELEASE"
    SOURCE_ID=$(cd "$SOURCE" && find . -name .git -prune -o -type f -printf '%P %s %T@\n' | sort | sha256sum)
  else
    release=$(tar -xOf "$SOURCE" --wildcards --occurrence=1 '*/RELEASE' 2>/dev/null) ||
      die "$SOURCE is not a tarball of FFmpeg's source"
    SOURCE_ID=$(sha256sum <"$SOURCE")
  fi
  SOURCE_ID="$SOURCE ${SOURCE_ID%% *}"
  SERIES=$(cut -d. -f1,2 <<<"$release")
  [[ -d $ROOT/ffmpeg_patches/$SERIES ]] ||
    die "there is no patch for FFmpeg $release ($SOURCE), only for the series" "$(cd "$ROOT"/ffmpeg_patches && echo [0-9]*)"

  FF=$BUILD/ffmpeg-$SERIES
  [[ $(cat "$FF"/source.id 2>/dev/null) == "$SOURCE_ID" ]] && return
  rm -rf "$FF"
  mkdir -p "$FF"/src
  run unpack "Unpacking FFmpeg $release" -- copy_source
  echo "$SOURCE_ID" >"$FF"/source.id
}

copy_source() {
  if [[ -d $SOURCE ]]; then
    tar -C "$SOURCE" --exclude-vcs -c . | tar -C "$FF"/src -x
    if [[ -f $FF/src/ffbuild/config.mak ]]; then make -C "$FF"/src distclean; fi
  else
    tar -C "$FF"/src --strip-components=1 -xf "$SOURCE"
  fi
}

# -------------------------------------------------------------------------------------------------------------- patching

# patch_source: brings build/ffmpeg-<series>/src up to date with ffmpeg_patches/. The patched and added files are first made
# in overlay/; only those that differ are then copied to src/, so that make compiles no others. overlay.list names the files
# that are not FFmpeg's own, orig/ keeps what they replaced.
patch_source() {
  local overlay=$FF/overlay list=$FF/overlay.list file patches=("$ROOT/ffmpeg_patches/$SERIES"/*.patch)
  rm -rf "$overlay"
  mkdir -p "$overlay" "$LOGS"
  touch "$list"
  ((${#patches[@]})) || die "there is no patch in ffmpeg_patches/$SERIES"

  while read -r file; do
    save_original "$file"
    if [[ -f $FF/orig/$file ]]; then copy "$FF/orig/$file" "$overlay/$file"; fi
  done < <(sed -n 's|^+++ b/||p' "${patches[@]}" | cut -f1)
  for file in "${patches[@]}"; do
    if ! patch -d "$overlay" -p1 --no-backup-if-mismatch <"$file" >"$LOGS"/patch.log 2>&1; then
      sed 's/^/  | /' "$LOGS"/patch.log >&2
      die "${file#"$ROOT"/} does not fit FFmpeg in $SOURCE"
    fi
  done
  # The sources to add: all folders but those of the series are laid out as in FFmpeg's tree.
  while read -r file; do
    save_original "$file"
    copy "$ROOT/ffmpeg_patches/$file" "$overlay/$file"
  done < <(cd "$ROOT"/ffmpeg_patches && find . -mindepth 2 -type f -not -path './[0-9]*' -not -name '.*' -printf '%P\n')

  (cd "$overlay" && find . -type f -printf '%P\n') | sort >"$list".new
  sort -u "$list" "$list".new >"$list".both
  mv "$list".both "$list"
  while read -r file; do
    if [[ -f $overlay/$file ]]; then
      cmp -s "$overlay/$file" "$FF/src/$file" || copy "$overlay/$file" "$FF/src/$file"
    elif [[ -f $FF/orig/$file ]]; then # no longer patched
      copy "$FF/orig/$file" "$FF/src/$file"
    else # no longer added
      rm -f "$FF/src/$file"
    fi
  done <"$list"
  mv "$list".new "$list"
}

save_original() {
  if [[ -f $FF/src/$1 && ! -f $FF/orig/$1 ]] && ! grep -qxF "$1" "$FF"/overlay.list; then
    copy "$FF/src/$1" "$FF/orig/$1"
  fi
}

copy() {
  mkdir -p "$(dirname "$2")"
  cp "$1" "$2".tmp
  mv "$2".tmp "$2"
}

# -------------------------------------------------------------------------------------------------------------- building

# lock: two runs may not build at once; the lock is held until unlock, or the end.
lock() {
  mkdir -p "$BUILD"
  exec 9>>"$BUILD"/lock # not emptied: it says who holds it
  if ! flock -n 9; then
    say "Waiting for another build to end: $(cat "$BUILD"/lock) …"
    flock 9
  fi
  echo "process $$, since $(date +%H:%M)" >"$BUILD"/lock
}
unlock() { exec 9>&-; }

# build: everything in dist/. REQUIRES: lock.
build() {
  install_missing "$BUILD_PACKAGES"
  build_libh4mk
  find_source
  unpack_source
  patch_source
  configure_ffmpeg
  build_ffmpeg
}

build_libh4mk() {
  local component
  run libh4mk-configure "Configuring libh4mk" -- cmake -S "$ROOT" -B "$BUILD"/libh4mk -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$DIST" -DCMAKE_INSTALL_LIBDIR=lib -DH4MK_BUILD_TESTS=OFF
  run libh4mk-build "Building libh4mk" -- cmake --build "$BUILD"/libh4mk -j "$JOBS" --target h4mk h4mk_static changelog
  for component in runtime development; do
    run libh4mk-install "Installing libh4mk" -- cmake --install "$BUILD"/libh4mk --component $component
  done
}

# REQUIRES: build_libh4mk. Apart from it, since FFmpeg needs the library only.
build_tools() {
  local component
  run tools-configure "Configuring the tools" -- cmake -S "$ROOT" -B "$BUILD"/libh4mk -DH4MK_FFMPEG_PREFIX="$DIST"
  run tools-build "Building the tools" -- cmake --build "$BUILD"/libh4mk -j "$JOBS"
  for component in tools frames python; do
    run tools-install "Installing the tools" -- cmake --install "$BUILD"/libh4mk --component $component
  done
}

# Of the tools the h4mk program alone.
build_program() {
  run tools-build "Building the h4mk program" -- cmake --build "$BUILD"/libh4mk -j "$JOBS" --target h4mk_tool
  run tools-install "Installing the h4mk program" -- cmake --install "$BUILD"/libh4mk/tools/h4mk
}

configure_ffmpeg() {
  local id inputs options=(
    --prefix="$DIST" --enable-shared --disable-static
    --enable-gpl --enable-version3 # x264 is GPL, OpenSSL 3 goes with (L)GPL 3 only
    --enable-libh4mk --enable-libx264 --enable-libopus --enable-openssl
    --disable-autodetect --enable-zlib --enable-bzlib --enable-lzma --enable-iconv
    --disable-doc --disable-debug --disable-ffplay
    --optflags=-O2 # -O3 takes a fifth longer to compile
  )
  # What configure reads: itself, the lists of components, and how to link with libh4mk.
  inputs=("$FF"/src/configure "$FF"/src/lib*/all*.c "$FF"/src/libavcodec/{bitstream_filters,hwaccels,parsers}.*
    "$FF"/src/libavformat/protocols.c "$DIST"/lib/pkgconfig/libh4mk.pc)
  id=$( (echo "${options[@]}" && cat "${inputs[@]}") | sha256sum)
  [[ $(cat "$FF"/configure.id 2>/dev/null) == "$id" ]] && return
  mkdir -p "$FF"/obj
  rm -f "$FF"/configure.id
  run ffmpeg-configure "Configuring FFmpeg $SERIES" -- in_obj env PKG_CONFIG_PATH="$DIST/lib/pkgconfig:${PKG_CONFIG_PATH:-}" \
    ../src/configure "${options[@]}"
  echo "$id" >"$FF"/configure.id
}

# build_small: of FFmpeg only what the demo needs, with the programs in build/ffmpeg-<series>/small/. REQUIRES: lock.
build_small() {
  install_missing "$BUILD_PACKAGES"
  build_libh4mk
  build_program
  find_source
  unpack_source
  patch_source
  # shellcheck disable=SC2054 # these commas are configure's
  local id small=$FF/small objects options=(
    --disable-autodetect --disable-everything --disable-doc --disable-debug --disable-x86asm --disable-network --disable-ffplay
    --disable-postproc --disable-swscale --optflags=-O1
    --enable-gpl --enable-version3 --enable-libh4mk --enable-libx264
    --enable-protocol=file,pipe --enable-indev=lavfi --enable-filter=testsrc2,sine,format,aformat,aresample,null,anull
    --enable-demuxer=h4mk,mov,srt --enable-muxer=h4mk,mov,mp4,ipod,framehash
    --enable-encoder=libx264,aac,movtext --enable-decoder=h264,aac,movtext,subrip,rawvideo,wrapped_avframe,pcm_s16le
    --enable-parser=h264,hevc,av1,aac,ac3,opus,mpegaudio --enable-bsf=extract_extradata,h264_mp4toannexb,aac_adtstoasc)
  id=$( (echo "${options[@]}" && cat "$FF"/src/configure "$DIST"/lib/pkgconfig/libh4mk.pc) | sha256sum)
  if [[ $(cat "$small"/configure.id 2>/dev/null) != "$id" ]]; then
    mkdir -p "$small"
    run ffmpeg-configure "Configuring a small FFmpeg $SERIES" -- env -C "$small" \
      PKG_CONFIG_PATH="$DIST/lib/pkgconfig:${PKG_CONFIG_PATH:-}" ../src/configure "${options[@]}"
    echo "$id" >"$small"/configure.id
  fi
  local make=(make -C "$small" LDEXEFLAGS="-Wl,-rpath,'\$\$ORIGIN/../../../dist/lib'" ffmpeg ffprobe)
  objects=$("${make[@]}" -n 2>&1 | grep -c '^printf.*\.o;' || true)
  run ffmpeg-build "Building a small FFmpeg $SERIES" $'^[A-Z0-9]+\t[^ ]*\\.o$' "$objects" -- "${make[@]}" -j "$JOBS"
}

in_obj() {
  cd "$FF"/obj
  "$@"
}

build_ffmpeg() {
  # Programs and libraries find each other by their own place, so that dist/ can be moved. Quoted for make, then the shell.
  local make=(make -C "$FF"/obj LDEXEFLAGS="-Wl,-rpath,'\$\$ORIGIN/../lib'" LDSOFLAGS="-Wl,-rpath,'\$\$\$\$ORIGIN'")
  local installed=$DIST/.ffmpeg objects
  objects=$("${make[@]}" -n 2>&1 | grep -c '^printf.*\.o;' || true)
  run ffmpeg-build "Building FFmpeg $SERIES" $'^[A-Z0-9]+\t[^ ]*\\.o$' "$objects" -- "${make[@]}" -j "$JOBS"
  if [[ $(cat "$installed" 2>/dev/null) != "$SOURCE_ID" || $(newer_than "$installed") ]]; then
    rm -f "$installed"
    run ffmpeg-install "Installing FFmpeg $SERIES" -- "${make[@]}" install
    sed -i "s|=$DIST|=\${pcfiledir}/../..|" "$DIST"/lib/pkgconfig/lib{av,sw,postproc}*.pc
    echo "$SOURCE_ID" >"$installed"
  fi
}

# Programs and libraries that were linked after the file $1 was written.
newer_than() {
  find "$FF"/obj -maxdepth 2 -type f \( -name 'lib*.so.*' -o -name ffmpeg -o -name ffprobe \) -newer "$1"
}

# ------------------------------------------------------------------------------------------------------------------ demo

# demo [FILE]: the result is the exit status, 0 if nothing was lost and every seek was right.
demo() {
  local file=$1 dir=$BUILD/demo programs=$DIST/bin errors=0
  [[ -z $file || -f $file ]] || die "there is no file $file"
  [[ -z $file ]] || file=$(realpath --relative-to=. -- "$file")
  lock
  if [[ ! -f $DIST/.ffmpeg && ${file:-.mp4} =~ \.(mp4|m4a|m4v|mov)$ ]]; then
    build_small
    programs=$FF/small
  else
    build
    build_program
  fi
  unlock
  dir=$(realpath --relative-to=. "$dir")
  FFMPEG=$(realpath --relative-to=. "$programs")/ffmpeg
  FFPROBE=${FFMPEG%ffmpeg}ffprobe
  rm -rf "$dir"
  mkdir -p "$dir"

  if [[ -z $file ]]; then
    file=$dir/clip.mp4
    heading "A clip to start with: H.264, AAC and subtitles"
    make_clip "$file"
    echo "$file: $(stat -c %s "$file") bytes"
  fi
  local name=${file##*/}
  local h4mk=$dir/${name%.*}.h4mk back=$dir/back.${name##*.}

  heading "To H4MK"
  show "$FFMPEG" -v error -copyts -i "$file" -map 0 -copy_unknown -c copy "$h4mk" ||
    die "FFmpeg could not remux $file to H4MK"
  echo "$h4mk: $(stat -c %s "$h4mk") bytes ($file: $(stat -c %s "$file"))"

  heading "What is in it"
  show "$FFPROBE" -hide_banner "$h4mk" 2>&1 || die "FFmpeg cannot open $h4mk"

  heading "Seeking"
  demo_seek "$h4mk" || errors=1

  heading "Back again"
  demo_back "$file" "$h4mk" "$back"

  heading "Every packet: stream, dts, pts, duration, size and SHA-256 of the data"
  packets "$file" >"$dir"/original.packets
  packets "$h4mk" >"$dir"/h4mk.packets
  compare "$name -> H4MK" "$dir"/{original,h4mk}.packets || errors=1
  if [[ -s $back ]]; then
    packets "$back" >"$dir"/back.packets
    if cmp -s "$dir"/{original,back}.packets; then
      compare "$name -> H4MK -> ${back##*.}" "$dir"/{original,back}.packets
    else
      # What the other format itself does not keep is seen on a copy that was never H4MK.
      show "$FFMPEG" -v error -copyts -i "$file" -map 0 -copy_unknown -c copy "$dir/direct.${back##*.}"
      packets "$dir/direct.${back##*.}" >"$dir"/direct.packets
      compare "$name -> H4MK -> ${back##*.}, against $name -> ${back##*.}" "$dir"/{direct,back}.packets || errors=1
    fi
  fi

  if ((errors)); then
    verdict 31 "FAILED: see above; the lists of packets are in $dir/"
    exit 1
  fi
  verdict 32 "Identical: every packet came back as it was."
}

heading() {
  if [[ -t 1 ]]; then printf '\n\e[1m%s\e[0m\n' "$*"; else printf '\n== %s\n' "$*"; fi
}

verdict() {
  if [[ -t 1 ]]; then printf '\n\e[1;%sm%s\e[0m\n' "$1" "$2"; else printf '\n%s\n' "$2"; fi
}

# show COMMAND…: shows a command as one would type it, and runs it.
show() {
  printf '$'
  printf ' %s' "${@@Q}" | sed -E "s/'([A-Za-z0-9_.,:=@%+\/-]+)'/\1/g"
  printf '\n'
  "$@" </dev/null
}

make_clip() {
  printf '%s\n' \
    1 '00:00:00,500 --> 00:00:03,000' 'A clip of 10 seconds,' '' \
    2 '00:00:04,000 --> 00:00:09,000' 'made to be taken apart and put together.' '' >"${1%.*}.srt"
  show "$FFMPEG" -v error -f lavfi -i testsrc2=size=640x360:rate=25:duration=10 \
    -f lavfi -i sine=frequency=330:beep_factor=4:duration=10 -i "${1%.*}.srt" \
    -c:v libx264 -preset fast -g 50 -pix_fmt yuv420p -c:a aac -b:a 96k -c:s mov_text \
    -metadata title=Demo -metadata:s:a:0 language=eng -metadata:s:s:0 language=eng "$1" ||
    die "FFmpeg could not make the clip"
}

# demo_seek FILE: seeks to some times in the main stream and compares the packet found with a scan of the whole file.
demo_seek() {
  local kind stream scan duration percent time found expected wrong=0
  for kind in V a 0; do
    stream=$("$FFPROBE" -v error -select_streams $kind -show_entries stream=index -of csv=p=0 "$1" | head -n 1)
    [[ -z $stream ]] || break
  done
  local probe=("$FFPROBE" -v error -select_streams "${stream%,}" -show_entries "packet=pts_time,flags" -of csv=p=0)
  scan=$("${probe[@]}" "$1")
  duration=$(sort -n <<<"$scan" | tail -n 1 | cut -d, -f1)
  for percent in 50 25 90; do
    time=$(awk -v percent=$percent -v end="$duration" 'BEGIN { printf "%.2f", end * percent / 100 }')
    expected=$(awk -F, -v time="$time" '
      $2 ~ /K/ && $1 != "N/A" && $1 <= time + 0 && (best == "" || $1 >= best) { best = $1 }
      END { print best }' <<<"$scan")
    if ((percent == 50)); then show "${probe[@]}" -read_intervals "$time%+#1" "$1"; fi
    found=$("${probe[@]}" -read_intervals "$time%+#1" "$1" | head -n 1)
    if [[ ${found%%,*} == "$expected" ]]; then
      echo "to $time s: the keyframe at ${found%%,*} s, where a scan of the whole file finds it, too"
    else
      echo "to $time s: found ${found:-nothing}, but a scan of the whole file finds the keyframe at $expected s"
      wrong=1
    fi
  done
  return $wrong
}

# demo_back ORIGINAL H4MK BACK: remuxes to the original's format, if FFmpeg can write that.
demo_back() {
  if ! show "$FFMPEG" -v error -copyts -i "$2" -map 0 -copy_unknown -c copy "$3"; then
    rm -f "$3"
    echo "FFmpeg cannot write ${1##*/}'s streams to this format, so the H4MK file itself is compared."
  fi
}

# packets FILE: one line a packet, stream by stream.
packets() {
  "$FFMPEG" -v error -copyts -i "$1" -map 0 -copy_unknown -c copy -f framehash - </dev/null |
    grep -v '^#\(extradata\|software\|format\|version\|hash\|stream#\)' | sort -s -t, -k1,1
}

# compare TITLE EXPECTED ACTUAL: two lists of packets; a line for the result and one for each stream.
compare() {
  if cmp -s "$2" "$3"; then
    echo "$1: identical"
    awk -F', *' '
      $1 ~ /^#media_type/ { split($1, field, /[ :]+/); type[field[2]] = field[3] }
      $1 ~ /^#codec_id/ { split($1, field, /[ :]+/); codec[field[2]] = field[3] }
      $1 !~ /^#/ { packets[$1]++; bytes[$1] += $5 }
      END { for (n = 0; n in type; n++) printf "  stream %d, %-10s %-10s %7d packets %10d bytes\n", n, type[n], codec[n], packets[n], bytes[n] }
    ' "$2"
  else
    echo "$1: DIFFERENT"
    diff "$2" "$3" | head -n 10 | sed 's/^/  /' || true
    return 1
  fi
}

# ------------------------------------------------------------------------------------------------------------------ test

# What tools/web is built and tested with, as its package-lock.json has it. Without network its tests are skipped, and say so.
install_npm_packages() {
  local web=$ROOT/tools/web
  cmp -s "$web"/package-lock.json "$web"/node_modules/installed-lock.json && return
  if try npm-install "Installing the npm packages of tools/web" -- npm --prefix "$web" ci --no-audit --no-fund; then
    cp "$web"/package-lock.json "$web"/node_modules/installed-lock.json
  else
    say "The npm packages could not be installed: the tests of tools/web are skipped."
  fi
}

run_tests() {
  lock
  build
  install_missing "$TEST_PACKAGES"
  install_npm_packages
  run tests-configure "Configuring the tests" -- env -C "$ROOT" cmake --preset tests -B "$BUILD"/tests \
    -DH4MK_BUILD_TESTS=ON -DH4MK_FFMPEG_PREFIX="$DIST"
  run tests-build "Building the tests" -- cmake --build "$BUILD"/tests -j "$JOBS"
  unlock
  ctest --test-dir "$BUILD"/tests --output-on-failure --no-tests=error -j "$JOBS"
}

# ------------------------------------------------------------------------------------------------------------------ main

main() {
  local command=${1:-build} most=1
  case $command in
    demo | system | series) most=2 ;;
    fuzz) most=$# ;;
    -h | --help) command=help ;;
    build | test | msan | clean | help) ;;
    *)
      say "build_ffmpeg.sh: unknown command '$command'"
      usage >&2
      exit 2
      ;;
  esac
  if (($# > most)); then
    say "build_ffmpeg.sh: too many arguments after '$command'"
    usage >&2
    exit 2
  fi
  case $command in
    build)
      lock
      build
      build_tools
      say "Ready: ${DIST#"$PWD"/}/bin/ffmpeg -i INPUT -map 0 -c copy OUTPUT.h4mk"
      ;;
    demo) demo "${2:-}" ;;
    test) run_tests ;;
    system)
      # shellcheck source=ffmpeg_patches/system.sh
      source "$ROOT"/ffmpeg_patches/system.sh
      system_command "${2:-}"
      ;;
    series)
      # shellcheck source=ffmpeg_patches/series.sh
      source "$ROOT"/ffmpeg_patches/series.sh
      series_command "${2:-}"
      ;;
    fuzz)
      # shellcheck source=tests/fuzz/build.sh
      source "$ROOT"/tests/fuzz/build.sh
      fuzz_command "${@:2}"
      ;;
    msan)
      # shellcheck source=tests/fuzz/build.sh
      source "$ROOT"/tests/fuzz/build.sh
      # shellcheck source=tests/fuzz/msan.sh
      source "$ROOT"/tests/fuzz/msan.sh
      msan_command
      ;;
    clean)
      rm -rf "$DIST"
      find "$BUILD" -mindepth 1 -maxdepth 1 -not -name cache -exec rm -rf {} +
      ;;
    help) usage ;;
  esac
}

main "$@"
