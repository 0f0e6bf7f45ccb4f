#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Seeking in every kind of clip: each packet time of each stream and between, in every direction, by both functions of
# libavformat, against a linear scan (seek_check.c); the index that is there right after opening (index_check.c); ffmpeg -ss.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

# Small clusters, so that several of them lie between two keyframes, and ordinary ones.
for clip in $(make_clips 2.4); do
  for limit in 3000 1048576; do
    mux "$clip" seek.h4mk -cluster_size_limit "$limit" || fail "$clip: muxing"
    expect "$clip, clusters of $limit bytes" "$SEEK_CHECK" -every 2 -read 60 seek.h4mk
    expect "index of $clip, clusters of $limit bytes" "$INDEX_CHECK" seek.h4mk
  done
done
mux clip_film.mkv seek.h4mk
expect "every seek in a film, read to its end" "$SEEK_CHECK" seek.h4mk

# ffmpeg -ss: a stream copy starts with the packet that a scan gives: the last keyframe at or before the time, the first one if
# there is none.
keyframes=$("$FFPROBE" -v error -select_streams v -show_entries packet=pts_time,flags -of csv=p=0 seek.h4mk | grep K | cut -d, -f1)
for time in 0 0.2 0.48 0.5 0.96 1.3 2.1 99; do
  want=$(printf '%s\n' "$keyframes" | awk -v t="$time" 'NR == 1 || $1 <= t { best = $1 } END { print best }')
  expect "-ss $time" ff -copyts -seek_timestamp 1 -ss "$time" -i seek.h4mk -map 0:v -c copy -f h4mk ss.h4mk
  got=$("$FFPROBE" -v error -show_entries packet=pts_time -of csv=p=0 ss.h4mk | sed 's/,.*//; q')
  [ "$got" = "$want" ] || fail "-ss $time starts at $got, not at $want"
done

# A seek into the first group gives what reading from the start gives: also the packet that primes the decoder of AAC, and how many
# of its samples are to be skipped.
mux clip_film.mp4 seek.h4mk
probe() { "$FFPROBE" -v error "$@" -show_packets -show_data_hash md5 -of compact seek.h4mk; }
[ "$(probe | grep -c 'audio|.*pts=-1024|.*skip_samples=1024')" = 1 ] || fail "the clip has no packet that primes: $(probe | grep audio | head -n 1)"
for time in 0 0.005 0.2 0.35; do
  [ "$(probe -read_intervals "$time%")" = "$(probe)" ] || fail "after a seek to $time: $(probe -read_intervals "$time%" | head -n 2)"
  [ "$(ff -ss "$time" -i seek.h4mk -map 0:a -f md5 -)" = "$(ff -i seek.h4mk -map 0:a -af atrim=start="$time" -f md5 -)" ] ||
    fail "other sound from $time s on"
done

# Repeated input: each round has all packets, also those that begin before the first picture.
ff -f lavfi -i "$VIDEO" -f lavfi -i "$AUDIO" -t 2 -c:v mpeg4 -c:a aac loop.mkv
mux loop.mkv loop.h4mk
count() { ff "$@" -map 0 -c copy -f framehash - | grep -vc '^#'; }
[ "$(count -stream_loop 3 -i loop.h4mk)" = $((4 * $(count -i loop.h4mk))) ] || fail "-stream_loop loses packets: $(count -stream_loop 3 -i loop.h4mk)"
finish
