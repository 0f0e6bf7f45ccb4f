#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A file that is still being written: a cluster is on the disk as soon as it is closed; who opens the file gets all packets up
# to there, can seek in them, and is not told of damage; who reads on later gets the rest.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

# 16 kb/s: FFmpeg's own buffer of 32 KiB would hold 16 seconds of it.
ff -f lavfi -i "$AUDIO" -t 6 -ac 1 -ar 16000 -c:a aac -b:a 16k source.nut
mux source.nut whole.h4mk

"$FFMPEG" -v error -nostdin -y -readrate 1 -readrate_initial_burst 0 -copyts -i source.nut -map 0 -c copy \
  -cluster_time_limit 250 growing.h4mk &
writer=$!
sleep 1
"$BIN/ffmpeg_follow" growing.h4mk whole.h4mk 30 > followed.txt &
follower=$!

# A cluster spans 0.25 s, so that soon more than a second is on the disk, long before the writer is done.
reached=0
for ((i = 0; i < 40; i++)); do
  "$FFPROBE" -v warning -show_entries packet=pts_time -of csv=p=0 growing.h4mk > seen.txt 2> warnings.txt
  reached=$(grep '[0-9]' seen.txt | tail -n 1 | cut -d, -f1)
  awk -v t="${reached:-0}" 'BEGIN { exit !(t >= 1.5) }' && break
  sleep 0.1
done
cp growing.h4mk snapshot.h4mk
kill -0 $writer 2> /dev/null || fail "until the writer was done only ${reached:-nothing} was on the disk"
! grep -v 'no locator' warnings.txt || fail "a growing file is taken for a damaged one"
expect "a snapshot" "$COMPARE" -packets -prefix -atleast 15 whole.h4mk snapshot.h4mk
expect "seeking in a snapshot" "$SEEK_CHECK" snapshot.h4mk

wait $writer || fail "the writer"
expect "the finished file" "$COMPARE" -packets whole.h4mk growing.h4mk
wait $follower || fail "following: $(cat followed.txt)"
finish
