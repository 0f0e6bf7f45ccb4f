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

for file in "$H4MK_SOURCE_DIR"/tests/vectors/transport/*.h4mk; do
  expect "${file##*/}" "$FFPROBE" -v error -show_packets "$file"
done
finish
