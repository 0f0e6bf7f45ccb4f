#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A muxer that is killed with SIGKILL at a random moment: the file opens, keeps its index, and has every packet up to the last
# cluster that was closed. H4MK_KILLS sets how many moments are tried, H4MK_SEED which.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

kills=${H4MK_KILLS:-10}
RANDOM=${H4MK_SEED:-4711}
tried=0

ff -f lavfi -i "$VIDEO" -f lavfi -i "$AUDIO" -t 60 -c:v mpeg4 -bf 2 -g 12 -c:a ac3 source.nut
mux source.nut whole.h4mk
expect "control" "$COMPARE" -packets -filled source.nut whole.h4mk

for ((i = 1; i <= kills; i++)); do
  rm -f killed.h4mk
  "$FFMPEG" -v error -nostdin -y -readrate 30 -copyts -i source.nut -map 0 -c copy -copyinkf \
    -cluster_time_limit 500 killed.h4mk &
  pid=$!
  sleep "$((RANDOM % 2)).$((200 + RANDOM % 800))"
  kill -KILL $pid
  wait $pid 2> /dev/null
  [ -s killed.h4mk ] || continue
  read -r blocks clusters <<< "$(python3 "$H4MK_SOURCE_DIR/tests/support/count_blocks.py" killed.h4mk)"
  [ "$clusters" -gt 1 ] || continue
  tried=$((tried + 1))
  expect "kill $i, $blocks packets in $clusters clusters" "$COMPARE" -packets -prefix -atleast "$blocks" whole.h4mk killed.h4mk
  expect "kill $i: seeking" "$SEEK_CHECK" -every 50 -read 30 killed.h4mk
  expect "kill $i: index" "$INDEX_CHECK" killed.h4mk
done
echo "$tried of $kills killed muxers left a file with clusters"
[ "$tried" -ge $(((kills + 1) / 2)) ] || fail "too few"
finish
