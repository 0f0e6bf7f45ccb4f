#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Write errors are reported by the exit code and a message, and what was written before them can be read.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

ff -f lavfi -i "$VIDEO" -f lavfi -i "$AUDIO" -t 20 -c:v mpeg4 -bf 2 -g 12 -c:a ac3 source.nut
ff -f lavfi -i "$AUDIO" -t 0.1 -c:a ac3 short.nut
mux source.nut whole.h4mk

# The disk is full at once: also when all fits into a buffer and only the last write fails.
for input in source.nut short.nut; do
  mux "$input" /dev/full 2> message.txt && fail "$input to /dev/full: exit code 0"
  grep -qi 'no space left' message.txt || fail "$input to /dev/full: no message: $(cat message.txt)"
done

# The disk is full in the middle: a limit of the file size stands for it.
for blocks in 10 60 200; do
  rm -f cut.h4mk
  (
    trap '' XFSZ
    ulimit -f "$blocks"
    mux source.nut cut.h4mk -cluster_time_limit 200 2> message.txt
  ) && fail "a limit of $blocks KiB: exit code 0"
  [ -s message.txt ] || fail "a limit of $blocks KiB: no message"
  size=$(stat -c %s cut.h4mk)
  [ "$size" -gt $((blocks * 512)) ] || fail "a limit of $blocks KiB: only $size bytes written"
  read -r count _ <<< "$(python3 "$H4MK_SOURCE_DIR/tests/support/count_blocks.py" cut.h4mk)"
  expect "what fits into $blocks KiB" "$COMPARE" -packets -prefix -atleast "$count" whole.h4mk cut.h4mk
done

# The reader of a pipe goes away.
mux source.nut - 2> message.txt | head -c 20000 > head.h4mk
[ "${PIPESTATUS[0]}" -ne 0 ] || fail "a closed pipe: exit code 0"
[ -s message.txt ] || fail "a closed pipe: no message"
expect "the head of a pipe" "$COMPARE" -packets -prefix whole.h4mk head.h4mk

# Options that cannot be are refused with the reason, whatever the codecs are.
refuses_options() {
  local words=$1
  shift
  mux short.nut refused.h4mk "$@" 2> message.txt && fail "$*: exit code 0"
  grep -q -- "$words" message.txt || fail "$*: $(cat message.txt)"
}
refuses_options 'No compression "lzma"' -compression lzma
refuses_options 'encryption_key_file FILE' -encryption_scheme aes-256-gcm
refuses_options 'no encryption scheme "rot13"' -encryption_scheme rot13 -encryption_key 000102030405060708090a0b0c0d0e0f

# Tags that no reader would take end the recording before it begins: a track has at most 4096 keys.
{
  printf ';FFMETADATA1\n[STREAM]\n'
  for ((i = 0; i < 5000; i++)); do printf 'k%d=v\n' $i; done
} > tags.ffmeta
ff -i short.nut -i tags.ffmeta -map 0 -map_metadata:s:a 1:s:0 -c copy many_tags.h4mk 2> message.txt && fail "5,000 tags: exit code 0"
grep -q 'more than 4096 members' message.txt || fail "5,000 tags: $(cat message.txt)"
finish
