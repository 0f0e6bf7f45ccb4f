# Part of build_ffmpeg.sh, which reads this file for its command "series": for every series of FFmpeg that there are patches for,
# and whose source can be had, applies them, builds a small FFmpeg, remuxes a clip to H4MK and back, and runs the tests of H4MK
# that the patch adds to FFmpeg's own. Without libh4mk, a patched FFmpeg has to be the unpatched one.
# shellcheck shell=bash

# The Debian releases that have them; the newest of a series counts.
SERIES_SUITES="bookworm trixie forky sid"

# series_command [SERIES]: one of them, or all.
series_command() {
  local series sources=() failed=0
  [[ -z $1 || -d $ROOT/ffmpeg_patches/$1 ]] || die "there is no series $1, only" $(series_list)
  lock
  install_missing "$BUILD_PACKAGES"
  build_libh4mk
  build_small_libh4mk
  for series in ${1:-$(series_list)}; do
    series_source "$series"
    sources=("$CACHE"/ffmpeg[_-]"$series"*.tar.xz)
    if ((!${#sources[@]})); then
      say "FFmpeg $series: no source to be had, NOT tried"
    elif (try_series "${sources[-1]}"); then
      say "FFmpeg $series: good (${sources[-1]##*/})"
    else
      say "FFmpeg $series: FAILED"
      failed=1
    fi
  done
  return $failed
}

# The smallest libh4mk, which goes with FFmpeg under LGPL 2.1, in SMALL. "Small builds" in libh4mk/README.md.
build_small_libh4mk() {
  local component off=(-DH4MK_WITH_{PROTECTION,ZSTD,ADAPTERS,LEGACY,LIBDEFLATE}=OFF)
  SMALL=$BUILD/small
  run libh4mk-configure "Configuring the smallest libh4mk" -- cmake -S "$ROOT" -B "$BUILD"/libh4mk-small -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$SMALL" -DCMAKE_INSTALL_LIBDIR=lib -DH4MK_BUILD_TESTS=OFF -DH4MK_BUILD_TOOLS=OFF \
    "${off[@]}"
  run libh4mk-build "Building the smallest libh4mk" -- cmake --build "$BUILD"/libh4mk-small -j "$JOBS" --target h4mk h4mk_static changelog
  for component in runtime development; do
    run libh4mk-install "Installing it" -- cmake --install "$BUILD"/libh4mk-small --component $component
  done
}

series_list() {
  (cd "$ROOT"/ffmpeg_patches && ls -d [0-9]*.[0-9]*) | sort -V
}

# series_source SERIES: puts the source of a series into the cache, if a Debian release has it.
series_source() {
  local version found apt=$BUILD/apt uri suite keyrings=(/usr/share/keyrings/debian-archive-*.gpg)
  found=("$CACHE"/ffmpeg[_-]"$1"*.tar.xz)
  ((!${#found[@]})) || return 0
  rm -rf "$apt"
  mkdir -p "$CACHE" "$apt"/{lists,cache,download}/partial "$apt"/parts
  for uri in $(debian_archives); do
    for suite in $SERIES_SUITES; do
      echo "deb-src [signed-by=$(IFS=, && echo "${keyrings[*]}")] $uri $suite main" >>"$apt"/sources.list
    done
    break
  done
  version=$(apt_versions "$apt" | sed -n "s/^Version: \(\([0-9]*:\)\?$1[.].*\)/\1/p" | sort -V | tail -n 1)
  [[ $version ]] || return 0
  try source-"$1" "Downloading FFmpeg $version" -- apt_source "$apt" "ffmpeg=$version" --tar-only || return 0
  mv "$apt"/download/ffmpeg_*.orig.tar.xz "$CACHE"/
}

apt_versions() {
  local options=(-o Dir::Etc::SourceList="$1"/sources.list -o Dir::Etc::SourceParts="$1"/parts
    -o Dir::State::Lists="$1"/lists -o Dir::Cache="$1"/cache -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update >/dev/null 2>&1 || true
  apt-cache "${options[@]}" showsrc ffmpeg 2>/dev/null || true
}

# What the tests below need.
SERIES_OPTIONS=(
  --enable-shared --disable-static --enable-libh4mk --disable-autodetect --disable-doc --disable-debug --disable-x86asm
  --disable-everything --enable-protocol=file,pipe
  --enable-demuxer=h4mk,matroska,framehash,image2,pcm_s16le,rawvideo,wav,ffmetadata
  --enable-muxer=h4mk,matroska,framehash,framecrc,crc,image2,wav,ffmetadata
  --enable-indev=lavfi --enable-filter=testsrc2,sine,aresample,format,scale,null,anull
  --enable-encoder=rawvideo,pgmyuv,mpeg4,mp2,pcm_s16le,flac
  --enable-decoder=rawvideo,pgmyuv,wrapped_avframe,pcm_s16le,mpeg4,mp2,flac,libh4mk_audio,libh4mk_video
  --enable-parser=mpeg4video,mpegaudio,flac --enable-bsf=h4mask)

# try_series TARBALL: in a subshell, since unpack_source sets the variables of the main build.
try_series() {
  SOURCE=$1
  unpack_small
  patch_source
  local options=("${SERIES_OPTIONS[@]}" --enable-version3)
  mkdir -p "$FF"/obj
  if [[ ! -f $FF/configured || $(<"$FF"/configured) != "${options[*]}" ]]; then
    run series-configure "Configuring FFmpeg $RELEASE" -- in_obj env PKG_CONFIG_PATH="$DIST/lib/pkgconfig" \
      ../src/configure "${options[@]}"
    echo "${options[*]}" >"$FF"/configured
  fi
  run series-build "Building FFmpeg $RELEASE" -- make -C "$FF"/obj -j "$JOBS" ffmpeg ffprobe
  in_obj series_smoke_test || return 1
  if [[ $SERIES != 5.1 ]]; then # its patch is for libavformat alone, which has fewer fields
    in_obj run series-api "Every field that a stream or a packet can have" -- series_api_test
    in_obj run series-fate "FFmpeg's own tests of H4MK" -- env LD_LIBRARY_PATH="$(series_libraries)" \
      make -j "$JOBS" fate-h4mk
  fi
  run series-headers "Headers, each alone" -- make -C "$FF"/obj libavformat/h4mk.h.o libavformat/h4mk_compat.h.o
  try_minimal demuxer && try_minimal muxer && try_disabled || return 1
  [[ $SERIES == 5.1 ]] || try_upstream
}

# try_disabled: FFmpeg without libh4mk, from the unpatched source and from the patched: compares what configure found, every
# object but those of files that the patches change, what the two say of themselves, and all that they write.
try_disabled() {
  local tree file id same=0 plain=$FF/plain disabled=$FF/disabled list=$FF/overlay.list
  local options=(
    --disable-autodetect --disable-doc --disable-debug --disable-x86asm --disable-optimizations --disable-swscale --disable-everything
    --enable-protocol=file,pipe --enable-indev=lavfi --enable-filter=testsrc2,sine,aresample,format,aformat,null,anull
    --enable-demuxer=avi,matroska,mov,nut,wav --enable-muxer=avi,framehash,matroska,mov,nut,wav
    --enable-encoder=ffvhuff,pcm_s16le --enable-decoder=ffvhuff,rawvideo,wrapped_avframe,pcm_s16le)
  rm -rf "$plain"/src
  mkdir -p "$plain"/obj "$disabled"/obj
  ln -sfn ../src "$disabled"/src
  cp -al "$FF"/src "$plain"/src
  while read -r file; do
    rm -f "$plain/src/$file"
    if [[ -f $FF/orig/$file ]]; then cp -p "$FF/orig/$file" "$plain/src/$file"; fi
  done <"$list"
  for tree in "$plain" "$disabled"; do
    id=$( (echo "${options[@]}" && cat "$tree"/src/{configure,lib*/all*.c,libavcodec/bitstream_filters.c}) | sha256sum)
    if [[ $(cat "$tree"/configure.id 2>/dev/null) != "$id" ]]; then
      run series-configure "Configuring without libh4mk" -- env -C "$tree"/obj ../src/configure "${options[@]}"
      echo "$id" >"$tree"/configure.id
    fi
    run series-build "Building without libh4mk" -- make -C "$tree"/obj -j "$JOBS" ffmpeg
    rm -rf "$tree"/out
    mkdir "$tree"/out
    (cd "$tree"/out && run_disabled) || return 1
  done
  for file in config.h config_components.h; do
    diff "$plain/obj/$file" <(grep -v H4M "$disabled/obj/$file") || same=1
  done
  # bsf/ has the source's absolute path in it; the other two include the header that patch 0005 changes.
  local others=(-not -path '*/bsf/*' -not -path '*/textformat/*' -not -path '*/graph/*')
  while read -r file; do
    grep -qxF "${file%.o}.c" "$list" || cmp "$plain/obj/$file" "$disabled/obj/$file" || same=1
  done < <(cd "$plain"/obj && find . -name '*.o' "${others[@]}" -printf '%P\n')
  # A copy keeps the layout that its input has, one that was guessed for decoding only is left out (patch 0002).
  sed -i '/^#channel_layout_name/d' "$plain"/out/*.hash "$disabled"/out/*.hash
  diff -r "$plain"/out "$disabled"/out || same=1
  return $same
}

# In a folder beside obj/.
run_disabled() {
  local ff=(../obj/ffmpeg -v error -nostdin -y) format what
  "${ff[@]}" -h full | grep -v "^-copy_exact " >help || return 1
  for what in formats codecs decoders encoders bsfs protocols filters; do
    "${ff[@]}" -$what | grep -v ' h4mk_\(audio\|video\) ' >$what || return 1 # names of codecs are there with and without it
  done
  ff+=(-fflags +bitexact)
  for format in mov matroska nut avi; do
    "${ff[@]}" -f lavfi -i testsrc2=d=1:s=64x48 -f lavfi -i sine=d=1 -c:v ffvhuff -c:a pcm_s16le \
      -metadata title=clip -metadata creation_time=2020-01-01 -fflags +bitexact -f $format $format || return 1
    "${ff[@]}" -i $format -map 0 -c copy -fflags +bitexact -f $format $format.copy || return 1
    "${ff[@]}" -ss 0.5 -i $format -map 0:a -c copy -fflags +bitexact -f wav $format.wav || return 1
    "${ff[@]}" -copyts -i $format -map 0 -c copy -f framehash $format.hash || return 1
  done
}

# try_upstream: what would be sent upstream, patch after patch on the unpatched source that try_disabled leaves. After each, FFmpeg
# is built and passes the tests of H4MK that it has by then: as long as that is all that a patch needs, under LGPL 2.1 with the
# smallest libh4mk, from the patch for encryption on with all of it.
try_upstream() {
  local patch tree=$FF/upstream
  rm -rf "$tree" # objects too: a header without a later patch is older than those that were made with it
  mkdir -p "$tree"
  cp -al "$FF"/plain/src "$tree"/src
  "$ROOT"/ffmpeg_patches/upstream.py "$tree"/src "$tree"/patches >/dev/null || return 1
  local FF=$tree/lgpl LIBH4MK=$SMALL options=("${SERIES_OPTIONS[@]}")
  for patch in "$tree"/patches/*.patch; do
    patch -s -p1 -d "$tree"/src -i "$patch" || return 1
    if [[ $patch == *encryption* ]]; then
      FF=$tree/version3 LIBH4MK=$DIST
      options+=(--enable-version3)
    fi
    try_patch "$patch" || { say "${patch##*/}: FAILED" && return 1; }
    say "${patch##*/}: good"
  done
}

# try_patch PATCH: in FF/obj, with the libh4mk in LIBH4MK.
try_patch() {
  mkdir -p "$FF"/obj
  ln -sfn ../src "$FF"/src
  local id
  id=$( (cd "$FF"/src && cat configure lib*/all*.c libavcodec/bitstream_filters.c tests/Makefile) | sha256sum)
  if [[ $(cat "$FF"/configure.id 2>/dev/null) != "$id" ]]; then
    run series-configure "Configuring ${1##*/}" -- in_obj env PKG_CONFIG_PATH="$LIBH4MK/lib/pkgconfig" \
      ../src/configure "${options[@]}"
    echo "$id" >"$FF"/configure.id
  fi
  if [[ $LIBH4MK == "$SMALL" ]]; then
    grep -q '^#define FFMPEG_LICENSE "LGPL version 2.1 or later"' "$FF"/obj/config.h || return 1
  fi
  run series-build "Building ${1##*/}" -- make -C "$FF"/obj -j "$JOBS" ffmpeg ffprobe
  # what a patch leaves out must not leave odd code behind
  if grep 'h4m.*-Wmisleading-indentation' "$LOGS"/series-build.log; then return 1; fi
  in_obj series_smoke_test || return 1
  in_obj run series-fate "Testing ${1##*/}" -- env LD_LIBRARY_PATH="$(series_libraries)" make -j "$JOBS" fate-h4mk
}

# try_minimal demuxer|muxer: builds libavformat with that and nothing else.
try_minimal() {
  local obj=$FF/minimal-$1
  mkdir -p "$obj"
  [[ -f $obj/ffbuild/config.mak ]] ||
    run series-configure "Configuring the $1 alone" -- env -C "$obj" PKG_CONFIG_PATH="$DIST/lib/pkgconfig" \
      ../src/configure --disable-autodetect --disable-doc --disable-debug --disable-x86asm --disable-programs \
      --disable-everything --enable-version3 --enable-libh4mk --enable-"$1"=h4mk
  run series-build "Building the $1 alone" -- make -C "$obj" -j "$JOBS" libavformat/libavformat.a
  # not -q: nm would not be read to its end
  nm "$obj"/libavformat/libavformat.a 2>/dev/null | grep "ff_h4mk_$1" >/dev/null
}

# Where a program in the build folder finds libraries, as an absolute path: FFmpeg's tests change their folder. LIBH4MK, or else
# dist/, has libh4mk, and behind these perhaps an FFmpeg of its own.
series_libraries() {
  local library
  for library in avcodec avdevice avfilter avformat avutil swresample swscale postproc; do
    printf %s "$FF/obj/lib$library:"
  done
  printf %s "${LIBH4MK:-$DIST}/lib"
}

unpack_small() {
  RELEASE=$(tar -xOf "$SOURCE" --wildcards --occurrence=1 '*/RELEASE')
  SERIES=$(cut -d. -f1,2 <<<"$RELEASE")
  FF=$BUILD/series-$RELEASE
  [[ -f $FF/unpacked ]] && return
  rm -rf "$FF"
  mkdir -p "$FF"/src
  run unpack "Unpacking FFmpeg $RELEASE" -- copy_source
  touch "$FF"/unpacked
}

# The test that needs nothing but libavformat, with the headers of this series.
series_api_test() {
  cc -I../src -I. "$ROOT"/tests/ffmpeg/api_test.c -Llibavformat -Llibavcodec -Llibavutil -lavformat -lavcodec -lavutil -lm \
    -Wl,--allow-shlib-undefined -o api_test && H4MK_SOURCE_DIR=$ROOT LD_LIBRARY_PATH=$(series_libraries) ./api_test
}

# Encodes a clip, copies it to H4MK and on; the packets and the streams have to be those of the clip, from a seek on as well.
series_smoke_test() {
  local -x LD_LIBRARY_PATH
  LD_LIBRARY_PATH=$(series_libraries)
  local ff=(./ffmpeg -v warning -nostdin -y)
  "${ff[@]}" -f lavfi -i testsrc2=d=4:s=128x96 -f lavfi -i sine=d=4 -c:v mpeg4 -bf 2 -g 12 -c:a pcm_s16le \
    -metadata title=clip clip.mkv || return 1
  "${ff[@]}" -copyts -i clip.mkv -map 0 -c copy clip.h4mk || return 1
  "${ff[@]}" -copyts -i clip.h4mk -map 0 -c copy again.h4mk || return 1
  local file
  for file in clip.mkv clip.h4mk again.h4mk; do
    "${ff[@]}" -copyts -i $file -map 0 -c copy -f framehash - | grep -v '^#software' >$file.hash || return 1
    "${ff[@]}" -copyts -ss 2 -i $file -map 0:v -c copy -f framehash - | grep -v '^#' >$file.seek || return 1
  done
  cmp clip.mkv.hash clip.h4mk.hash && cmp clip.h4mk.hash again.h4mk.hash && cmp clip.h4mk.seek again.h4mk.seek &&
    [[ -s clip.h4mk.seek ]] && ./ffprobe -v error -show_format clip.h4mk | grep -q 'TAG:title=clip'
}
