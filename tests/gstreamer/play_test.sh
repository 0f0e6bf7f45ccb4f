#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The GStreamer plugin: all blocks with their times, seeks to where the library seeks, and playbin decodes to the end.
# Arguments: the plugin, the program of play.c, the program h4mk. Skipped where elements of GStreamer are missing.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

PLAY=$2 H4MK=$3
export GST_PLUGIN_PATH GST_REGISTRY=$PWD/registry
GST_PLUGIN_PATH=$(dirname "$1")

# Of a track as `play` shows it: time in milliseconds, bytes, K. Bytes that are put before key frames do not count.
listed() {
  "$H4MK" list --json -t "$2" "$1" | python3 -c '
import json, sys
for block in json.load(sys.stdin)["blocks"]: print(block["pts"], block["size"], "K" if block["key"] else "-")'
}

ff -f lavfi -i testsrc2=size=160x120:rate=25:duration=6 -f lavfi -i sine=duration=6 -c:v mpeg4 -g 25 -bf 0 -c:a pcm_s16le -copyts film.h4mk
"$PLAY" blocks film.h4mk track_0 > shown 2> message
status=$?
[ $status != 77 ] || exit 77
[ $status = 0 ] || fail "blocks: $(cat message)"
awk '{ printf "%d %s %s\n", $1 / 40000000 + 0.5, $2, $3 }' shown > found
listed film.h4mk 1 > expected
[ "$(wc -l < expected)" = 150 ] || fail "150 pictures expected: $(wc -l < expected)"
expect "every block with its time" cmp expected found

for seconds in 0 1.5 3.99 5.9; do
  found=$("$PLAY" seek film.h4mk track_0 $seconds 2> message | awk '{ printf "%d %s", $1 / 1000000 + 0.5, $3 }')
  [ "$found" = "$(awk "BEGIN { printf \"%d K\", int($seconds) * 1000 }")" ] || fail "seek to $seconds: $found $(cat message)"
done

head -c $(($(stat -c %s film.h4mk) / 2)) film.h4mk > cut.h4mk
found=$("$PLAY" blocks cut.h4mk track_0 2> message | wc -l)
[ "$found" = "$(listed cut.h4mk 1 2> /dev/null | wc -l)" ] && [ "$found" -gt 20 ] || fail "a cut file: $found blocks, $(cat message)"
head -c 100000 /dev/zero > none.h4mk
"$PLAY" blocks none.h4mk track_0 > shown 2> message && fail "no file at all"
ff -i film.h4mk -map 0 -c copy -encryption_scheme aes-256-gcm -encryption_key 000102030405060708090a0b0c0d0e0f secret.h4mk
"$PLAY" blocks secret.h4mk track_0 > shown 2> message && fail "an encrypted file"
grep -q 'encrypted.*key-file' message || fail "an encrypted file: $(cat message)"
echo 000102030405060708090a0b0c0d0e0f > key
"$PLAY" blocks secret.h4mk track_0 key > shown 2> message || fail "an encrypted file with its key: $(cat message)"
awk '{ printf "%d %s %s\n", $1 / 40000000 + 0.5, $2, $3 }' shown > found
expect "what was encrypted, with its key" cmp expected found
for mode in 600 640 604; do
  chmod $mode key
  GST_DEBUG=h4mkdemux:2 GST_DEBUG_NO_COLOR=1 "$PLAY" blocks secret.h4mk track_0 key 2>&1 > /dev/null | grep "others can read this key (mode 0$mode)" > warned
  [ "$(wc -l < warned)" = $((mode != 600)) ] || fail "a key of mode $mode: $(cat warned)"
done
for key in 0001 00010203040506070809zz0b0c0d0e0f ffffffffffffffffffffffffffffffff; do
  echo $key > wrong
  "$PLAY" blocks secret.h4mk track_0 wrong > shown 2> message && fail "the key $key"
done

# A sidecar, whose blocks are in the film beside it: only where a program lets them be opened.
ff -i film.h4mk -map 0 -c copy film.mov
"$H4MK" sidecar --quiet film.mov -o beside.h4mk --ffmpeg "$FFMPEG" || fail "sidecar"
"$PLAY" beside "$PWD/beside.h4mk" track_0 > shown 2> message || fail "a sidecar: $(cat message)"
awk '{ printf "%d %s %s\n", $1 / 40000000 + 0.5, $2, $3 }' shown > found
expect "the blocks of a sidecar" cmp expected found
"$PLAY" blocks beside.h4mk track_0 > shown 2> message
[ ! -s shown ] || fail "a sidecar that may not open the film"
mv film.mov gone.mov
"$PLAY" beside "$PWD/beside.h4mk" track_0 > shown 2> message
[ ! -s shown ] || fail "a sidecar without its film"

# What a program is told: tags, a cover, a font, chapters. The film begins at 2 s, which is 0 here.
printf '\x89PNG\r\n\x1a\n picture' > front.png
printf 'no font' > Title.ttf
ff -i film.h4mk -map 0 -c copy -output_ts_offset 2 -metadata title="A film" -metadata:s:a language=ger told.h4mk
printf ';FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=2000\nEND=3000\ntitle=One\n[CHAPTER]\nTIMEBASE=1/10\nSTART=30\nEND=80\ntitle=Two\n' > chapters
"$H4MK" edit --quiet told.h4mk --chapters chapters || fail "chapters"
"$H4MK" edit --quiet told.h4mk --cover front.png || fail "cover"
"$H4MK" edit --quiet told.h4mk --attach Title.ttf || fail "attachment"
"$PLAY" told told.h4mk track_1 2> message | sort -u > found
cat > expected <<'END'
attachment font/ttf Title.ttf 7 bytes
chapter 0 1000 One
chapter 1000 6000 Two
container-format H4MK
image image/png - 16 bytes
language-code ger
title A film
END
expect "tags, cover, font, chapters" diff expected found

# Of thousands of chapters, and of attachments that would fill the memory, the first.
{ echo ';FFMETADATA1'; for i in {1..5000}; do printf '[CHAPTER]\nTIMEBASE=1/1000\nSTART=%d\nEND=%d\ntitle=x\n' "$i" $((i + 1)); done; } > chapters
ff -i film.h4mk -map 0 -c copy many.h4mk
"$H4MK" edit --quiet many.h4mk --chapters chapters || fail "5000 chapters"
for name in a b; do
  head -c $((40 << 20)) /dev/zero > $name.bin
  "$H4MK" edit --quiet many.h4mk --attach $name.bin || fail "an attachment of 40 MiB"
done
GST_DEBUG=h4mkdemux:2 GST_DEBUG_NO_COLOR=1 "$PLAY" told many.h4mk track_1 2> message | sort -u > found
[ "$(grep -c ^chapter found)" = 4096 ] || fail "chapters: $(grep -c ^chapter found)"
grep -q '904 chapters are left out' message || fail "what is left out is not told: $(cat message)"
[ "$(grep -c ^attachment found)" = 1 ] || fail "attachments: $(grep ^attachment found)"

# With decoders, where gst-libav is there.
if command -v gst-inspect-1.0 > /dev/null && gst-inspect-1.0 avdec_mpeg4 > /dev/null 2>&1 && gst-inspect-1.0 playbin > /dev/null 2>&1; then
  for seconds in 0 4; do
    found=$("$PLAY" playbin "$PWD/film.h4mk" $seconds 2> message) || fail "playbin: $(cat message)"
    pictures=$((150 - 25 * seconds))
    [[ $found =~ ^6\.0\ s\ long,\ ($pictures|$((pictures + 1)))\ pictures$ ]] || fail "playbin from $seconds s: $found"
  done
fi
finish
