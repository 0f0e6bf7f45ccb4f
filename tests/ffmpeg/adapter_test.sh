#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Tracks that an adapter of libh4mk decodes: ffmpeg plays them, a copy of them is the same track, and nothing is needed to copy them.
# Arguments: the programs h4mk and make_file.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

H4MK=$1
"$2" opaque opaque.h4mk || fail "make_file"
track() { "$H4MK" inspect --json "$1" | python3 -c 'import json, sys; print([t for t in json.load(sys.stdin)["tracks"] if t["track_id"] == 2])'; }

"$H4MK" decode -t 2 -o expected opaque.h4mk 2> /dev/null
ff -i opaque.h4mk -map 0:a -f f32le sound 2> message
[ -s expected ] || fail "nothing to compare with"
expect "the same sound as from the library" cmp expected sound
grep -q 'adapter dsp: DSP1: the block is too short' message || fail "the bad block: $(cat message)"

mux opaque.h4mk copy.h4mk
expect "packets of a copy" "$COMPARE" -packets opaque.h4mk copy.h4mk
ff -i copy.h4mk -map 0:a -f f32le again 2> /dev/null
expect "the sound of a copy" cmp sound again
[ "$("$H4MK" inspect --json copy.h4mk | grep -c '"adapter": *"dsp"')" = 1 ] || fail "the copy does not name its adapter: $(track copy.h4mk)"

# From every block on: what sounds over from before is there, and nothing of it is heard too early.
for block in 0 1 5 8 9; do
  ff -ss "$(awk "BEGIN { printf \"%.6f\", $block * 1024 / 44100 + 0.000005 }")" -i opaque.h4mk -map 0:a -f f32le late 2> /dev/null
  # Block 3 is the bad one, and gives nothing.
  tail -c $(((10 - block - (block <= 3 ? 1 : 0)) * 1024 * 4)) sound > rest
  expect "the sound from block $block on" cmp rest late
done

# The example plugin: every frame, from every frame on.
example=$H4MK_SOURCE_DIR/tools/example_plugin include=$H4MK_SOURCE_DIR/libh4mk/include
cc -shared -fPIC -I"$include" "$example"/plugin.c "$example"/frame_coding.c -o example.so || fail "the example plugin"
cc -I"$include" "$example"/encode.c "$example"/frame_coding.c -L"$H4MK_FFMPEG_PREFIX/lib" -lh4mk \
  -Wl,-rpath,"$H4MK_FFMPEG_PREFIX/lib" -o encode || fail "its encoder"
frames() { ff "$@" -f framemd5 - | sed -n 's/^[0-9].*, *//p'; }
ff -f lavfi -i testsrc2=size=64x48:rate=25 -frames:v 31 -pix_fmt rgb24 -f rawvideo film.raw
./encode 64 48 rgb24 25 film.raw film.h4mk || fail "encoding"
frames -f rawvideo -video_size 64x48 -pixel_format rgb24 -framerate 25 -i film.raw > expected
[ "$(wc -l < expected)" = 31 ] || fail "31 frames expected"
for frame in $(seq 0 30); do
  tail -n +$((frame + 1)) expected > rest
  frames -adapter ./example.so -ss "$(awk "BEGIN { print $frame / 25 }")" -i film.h4mk > found
  expect "from frame $frame on" cmp rest found
done
"$FFPROBE" -hide_banner film.h4mk 2>&1 | grep -q 'codec example.*option adapter' || fail "no word about how to plug one in"

ff -adapter ./none.so -i opaque.h4mk -map 0:a -f null - 2> message && fail "an adapter that is not there"
grep -q 'none.so' message || fail "does not name it: $(cat message)"
finish
