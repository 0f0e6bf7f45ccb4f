#!/bin/bash
# SPDX-License-Identifier: MIT
#
# `ffmpeg -i ANY -map 0 -c copy out.h4mk`, and what libavformat reads from the copy is what it reads from the source: every
# packet, every codec parameter, tags, dispositions, chapters, programs. Nothing of it needs decoding. The copy of a copy is the
# same again, and what is remuxed back to the first format has the same packets.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

clips=$(make_clips 2.4)
[ "$(echo "$clips" | wc -w)" -ge 12 ] || fail "could make only few clips: $clips"

# All packets by times, size and hash, stream by stream, as a stream copy has them.
hashes() {
  "$FFMPEG" -v error -nostdin -copyts -i "$1" -map 0 -copy_unknown -c copy -copyinkf -f framehash -hash md5 - |
    grep -v '^#[^t]' | sort -s -t, -k1,1
}

for clip in $clips; do
  expect "$clip to h4mk" mux "$clip" one.h4mk
  expect "$clip against its copy" "$COMPARE" -filled "$clip" one.h4mk
  expect "$clip without probing" "$COMPARE" -filled -no_probe "$clip" one.h4mk
  [ "$(hashes "$clip")" = "$(hashes one.h4mk)" ] || fail "$clip: other hashes: $(diff <(hashes "$clip") <(hashes one.h4mk) | head -n 5)"
  expect "$clip, the copy of the copy" mux one.h4mk two.h4mk
  expect "$clip against the copy of its copy" "$COMPARE" -same_order one.h4mk two.h4mk
done

# Back to where it came from: the same packets as a direct copy from the source.
for clip in film.mkv film.mp4 mpeg4.avi opus.ogg pcm.wav cover.flac gif.gif vp9.webm; do
  [ -f "clip_$clip" ] || continue
  expect "$clip to h4mk" mux "clip_$clip" one.h4mk
  expect "$clip and back" ff -i one.h4mk -map 0 -c copy "back_$clip"
  expect "$clip directly" ff -i "clip_$clip" -map 0 -c copy "direct_$clip"
  expect "$clip back against direct" "$COMPARE" -packets "direct_$clip" "back_$clip"
done
# Programs of two inputs that have the same ids stay apart: those that come later get others, and that is told.
programs() { "$FFPROBE" -v error -show_entries program=program_id,program_num,nb_streams:program_stream=index -of csv=p=0 "$1" | sed 's/,$//' | xargs; }
"$FFMPEG" -hide_banner -nostdin -v warning -y -i clip_ts.ts -i clip_ts.ts -map 0 -map 1 -c copy both.h4mk 2> message
got=$(programs both.h4mk)
[ "$got" = "1,1,2,0 1 2,2,1,2 3,1,2,3 4 4,2,1,5" ] || fail "programs of two inputs: $got"
[ "$(grep -c 'becomes program' message)" = 2 ] || fail "programs of two inputs: $(cat message)"
finish
