#!/bin/bash
# SPDX-License-Identifier: MIT
#
# -format_version 1: readers that only know version 1 find what they expect; this FFmpeg finds everything. Files of the
# transport dialect open.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

for clip in $(make_clips 2); do
  # Version 1 has no negative times.
  mux "$clip" plain.h4mk -output_ts_offset 10
  mux "$clip" v1.h4mk -output_ts_offset 10 -format_version 1 2> message || { fail "$clip: $(tail -n 3 message)"; continue; }
  expect "$clip" "$COMPARE" -packets plain.h4mk v1.h4mk
  streams=$("$FFPROBE" -v error -show_entries format=nb_streams -of csv=p=0 v1.h4mk)
  [ "$(python3 "$H4MK_SOURCE_DIR/tests/support/read_v1.py" v1.h4mk)" = "$streams" ] || fail "$clip: as a reader of version 1"
done

mux clip_mpeg4.avi plain.h4mk
mux clip_mpeg4.avi v1.h4mk -format_version 1
expect "all of a clip" "$COMPARE" plain.h4mk v1.h4mk
expect "seeking" "$SEEK_CHECK" -every 5 v1.h4mk

# A warning for each stream, and no more.
"$FFMPEG" -hide_banner -nostdin -v warning -y -i clip_mpeg4.avi -map 0 -c copy -format_version 1 v1.h4mk 2> message
[ "$(grep -c 'version 1 of the format' message)" = 2 ] || fail "warnings: $(cat message)"
mux clip_mpeg4.avi bad.h4mk -format_version 1 -index_to_front 1 2> /dev/null && fail "an index at the front of version 1"

# Captions, as files of version 1 name them, are subtitles: their codec fits their type, and the file can be probed. A codec of
# another type than its track is one that FFmpeg does not know; the name stays, also in a copy.
subtitles > s.srt
mux s.srt captions.h4mk -format_version 1
# retype FILE KIND CODEC: says so in TRAK, and leaves nothing that says otherwise
retype() {
  python3 - "$@" << 'EOF'
import os, sys
sys.path.insert(0, os.environ["H4MK_SOURCE_DIR"] + "/tests/support")
import chunks
name, kind, codec = sys.argv[1:]
file = chunks.File(open(name, "rb").read())
trak = file.json("TRAK")
trak["tracks"][0].update(kind=kind, codec=codec)
file.set_json("TRAK", trak, same_size=True)
file.chunks = [chunk for chunk in file.chunks if chunk[0] != "META"]
open(name, "wb").write(file.bytes())
EOF
}
described() { "$FFPROBE" -v error -show_entries stream=codec_type,codec_name:stream_tags=codec_name -of csv=p=0 "$1" 2>&1; }
retype captions.h4mk captions text
[ "$(described captions.h4mk)" = "text,subtitle" ] || fail "captions: $(described captions.h4mk)"
retype captions.h4mk video aac
[ "$(described captions.h4mk)" = "unknown,video,aac" ] || fail "an audio codec of a video track: $(described captions.h4mk)"
ff -i captions.h4mk -map 0 -c copy copied.h4mk
[ "$(described copied.h4mk)" = "unknown,video,aac" ] || fail "a copy of that: $(described copied.h4mk)"

for file in "$H4MK_SOURCE_DIR"/tests/vectors/transport/*.h4mk; do
  expect "${file##*/}" "$FFPROBE" -v error -show_packets "$file"
done
finish
