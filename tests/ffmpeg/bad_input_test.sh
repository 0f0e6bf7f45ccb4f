#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Damaged files through FFmpeg: a message that names the offset, the good part read, the exit code that -xerror or
# -err_detect ask for; and files that are none.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

ff -f lavfi -i "$VIDEO" -f lavfi -i "$AUDIO" -t 4 -c:v mpeg4 -bf 2 -g 12 -c:a ac3 source.nut
mux source.nut whole.h4mk
size=$(stat -c %s whole.h4mk)
total=$("$FFPROBE" -v error -show_entries packet=size -of csv=p=0 whole.h4mk | wc -l)

poke() { # FILE OFFSET BYTES
  printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# One changed byte in the middle: most packets come, the rest is reported with an offset near that byte.
cp whole.h4mk bad.h4mk
poke bad.h4mk $((size / 2)) '\377\000\377\000'
"$FFPROBE" -v error -show_entries packet=size -of csv=p=0 bad.h4mk > packets.txt 2> message.txt
count=$(wc -l < packets.txt)
[ "$count" -lt "$total" ] && [ "$count" -gt $((total / 2)) ] || fail "a changed byte: $count of $total packets"
grep -Eq '[0-9]{3,}' message.txt || fail "a changed byte: no message with an offset: $(cat message.txt)"

# … marked instead of dropped, if that is asked for.
"$FFPROBE" -v quiet -err_detect ignore_err -show_entries packet=flags -of csv=p=0 bad.h4mk > flags.txt
[ "$(wc -l < flags.txt)" -eq "$total" ] || fail "-err_detect ignore_err: $(wc -l < flags.txt) of $total packets"
[ "$(grep -c C flags.txt)" -ge $((total - count)) ] || fail "-err_detect ignore_err: packets are not marked corrupt"

# With -err_detect explode the error ends reading.
"$FFPROBE" -v error -err_detect explode -show_entries packet=size -of csv=p=0 bad.h4mk > packets.txt 2> /dev/null
[ "$(wc -l < packets.txt)" -lt "$count" ] || fail "-err_detect explode reads on"

# A higher version is named and refused.
cp whole.h4mk version.h4mk
poke version.h4mk 4 '\003'
"$FFPROBE" -v error -f h4mk version.h4mk 2> message.txt && fail "version 3: exit code 0"
grep -q 3 message.txt || fail "version 3: $(cat message.txt)"

# Cut at many places: never a crash, never a packet that was not there.
for ((cut = 0; cut < size; cut += size / 23)); do
  head -c "$cut" whole.h4mk > cut.h4mk
  "$COMPARE" -packets -prefix whole.h4mk cut.h4mk > message.txt 2>&1
  code=$?
  [ $code -eq 0 ] || { [ $code -eq 2 ] && [ "$cut" -lt 4000 ]; } || fail "cut at $cut: $(cat message.txt)"
done

# A file that is wrong everywhere does not fill the log: it is summed up.
python3 - "$H4MK_SOURCE_DIR/bench/hostile" > everywhere.h4mk <<'PYTHON'
import sys
sys.path.insert(0, sys.argv[1])
from corpus import *
# compressed blocks of a track that has no compression
sys.stdout.buffer.write(header() + trak() + cluster(5000, flags=4 | 0x400, size=1, data=b"x" * 5000))
PYTHON
"$FFPROBE" -v error -show_packets everywhere.h4mk > packets.txt 2> message.txt
[ "$(wc -l < message.txt)" -le 110 ] || fail "wrong everywhere: $(wc -l < message.txt) lines of log"
grep -q "5000 parts of the file were lost" message.txt || fail "wrong everywhere: $(tail -3 message.txt)"
"$FFPROBE" -v verbose -show_packets everywhere.h4mk 2>&1 > packets.txt | grep -c "needs\|compress" > message.txt
[ "$(cat message.txt)" -ge 5000 ] || fail "wrong everywhere, verbose: $(cat message.txt) lines of log"

# Noise is not taken for H4MK, and H4MK is found by its content.
head -c 100000 /dev/urandom > noise
[ "$("$FFPROBE" -v quiet -show_entries format=format_name -of csv=p=0 noise)" != h4mk ] || fail "noise is taken for H4MK"
cp whole.h4mk film.avi
[ "$("$FFPROBE" -v quiet -show_entries format=format_name -of csv=p=0 film.avi)" = h4mk ] || fail "content is not probed"
finish
