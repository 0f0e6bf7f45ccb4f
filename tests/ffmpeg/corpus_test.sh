#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Real files: if H4MK_CORPUS names a folder of media, every file in it that this FFmpeg can read goes through H4MK; its packets
# must be those of the source, seeks must land right, and the index must be there. Skipped without such a folder.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

if [ -z "${H4MK_CORPUS:-}" ]; then
  echo "H4MK_CORPUS is not set: no real files to test with"
  exit 77
fi

hashes() { # of all packets, stream by stream
  "$FFMPEG" -v error -nostdin -copyts -i "$1" -map 0 -copy_unknown -c copy -f framehash -hash md5 - 2> /dev/null |
    grep -v '^#' | sort -s -n -t, -k1,1
}

n=0
while IFS= read -r -d '' file; do
  name=$(basename "$file")
  hashes "$file" > source.txt
  [ -s source.txt ] || continue
  n=$((n + 1))
  if ! ff -copyts -i "$file" -map 0 -copy_unknown -c copy corpus.h4mk 2> message.txt; then
    fail "$name: not muxed: $(tail -n 1 message.txt)"
    continue
  fi
  hashes corpus.h4mk > copy.txt
  cmp -s source.txt copy.txt || fail "$name: $(diff source.txt copy.txt | head -n 4)"
  count=$(wc -l < copy.txt)
  expect "$name: seeking" "$SEEK_CHECK" -every $((count / 60 + 1)) -read 40 corpus.h4mk
  expect "$name: index" "$INDEX_CHECK" corpus.h4mk
done < <(find "$H4MK_CORPUS" -type f -print0 | sort -z)
echo "$n files"
finish
