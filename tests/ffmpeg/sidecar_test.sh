#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A sidecar plays as the film beside it. Argument: the program h4mk.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

make_clips 2 > clips
clip=$(grep -m 1 'mp4$\|avi$' clips)
mkdir films && cp "$clip" films/
expect "the sidecar" "$1" sidecar "films/$clip" -o films/side.h4mk --ffmpeg "$FFMPEG"
[ "$(stat -c %s films/side.h4mk)" -lt "$(($(stat -c %s "$clip") / 2))" ] || fail "it holds the film itself"

for input in "films/$clip" films/side.h4mk; do
  ff -copyts -i "$input" -map 0:v -map 0:a -c copy -f streamhash "${input##*/}.hash"
  ff -ss 1 -i "$input" -map 0:v -frames:v 1 -f framemd5 - | grep -v '^#' | sed 's/.*, *//' > "${input##*/}.frame"
done
expect "the same packets" cmp "$clip.hash" side.h4mk.hash
[ -s side.h4mk.frame ] || fail "no frame after a seek"

# Without the film there is nothing to play, and its name is told.
mkdir alone && mv films/side.h4mk alone/
ff -i alone/side.h4mk -map 0 -c copy -f null - 2> message
grep -q "$clip" message || fail "no word of $clip: $(cat message)"
finish
