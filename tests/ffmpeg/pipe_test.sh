#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Pipes and reproducible output: writing to a pipe gives the bytes that writing to a file gives; with -fflags +bitexact the same
# input gives the same bytes every time; what comes out of a pipe can be read from a pipe.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

for clip in $(make_clips 2); do
  mux "$clip" file.h4mk -fflags +bitexact || fail "$clip: muxing"
  mux "$clip" again.h4mk -fflags +bitexact
  cmp -s file.h4mk again.h4mk || fail "$clip: not the same bytes twice"
  mux "$clip" - -fflags +bitexact | cat > pipe.h4mk
  cmp -s file.h4mk pipe.h4mk || fail "$clip: other bytes to a pipe than to a file"
  for limits in "-cluster_size_limit 2000" "-cluster_time_limit 100"; do
    # shellcheck disable=SC2086
    mux "$clip" limits.h4mk $limits
    expect "$clip with $limits" "$COMPARE" -packets file.h4mk limits.h4mk
  done

  # ffmpeg -f h4mk - | ffmpeg -i -
  mux "$clip" - | ff -copyts -i - -map 0 -copy_unknown -c copy -copyinkf -f h4mk through.h4mk || fail "$clip: through a pipe"
  # A reader of a pipe cannot know what is only known at the end (the average bit rate of some inputs).
  only=
  [ "$clip" != clip_adts.aac ] || only=-packets
  expect "$clip through a pipe" "$COMPARE" -same_order $only file.h4mk through.h4mk
done

# Compressed where the codec leaves something to gain, and the same packets; else left alone.
ff -f lavfi -i sine=duration=2 -c:a pcm_s16le tone.wav
mux tone.wav plain.h4mk
mux tone.wav small.h4mk -compression zstd
expect "compressed packets" "$COMPARE" -packets plain.h4mk small.h4mk
[ $((2 * $(stat -c %s small.h4mk))) -lt $(($(stat -c %s plain.h4mk) * 3 / 2)) ] || fail "PCM is not compressed: $(stat -c %s small.h4mk)"
mux clip_mpeg4.avi again.h4mk -compression zstd
[ "$(ff -i again.h4mk -map 0:v -c copy -f md5 -)" = "$(ff -i clip_mpeg4.avi -map 0:v -c copy -f md5 -)" ] || fail "video with -compression"
mux tone.wav none.h4mk -compression lzma 2> /dev/null && fail "a compression that does not exist"

# An index in front: another file, the same content.
for option in "-index_to_front 1" "-reserve_index_space 4096" "-reserve_index_space 16"; do
  # shellcheck disable=SC2086
  expect "$option" mux clip_mpeg4.avi front.h4mk $option
  mux clip_mpeg4.avi file.h4mk
  expect "$option" "$COMPARE" -same_order file.h4mk front.h4mk
  expect "seeking with $option" "$SEEK_CHECK" -every 10 front.h4mk
done

# A stream that is added while the recording runs: who reads a pipe gets its packets. Who reads ciphertext is told of all streams what
# a copy of it needs, as if they had been there from the beginning.
ff -f lavfi -i "$AUDIO:duration=4" -itsoffset 2 -f lavfi -i "$AUDIO:duration=2" -map 0 -map 1 -c:a ac3 -cluster_time_limit 500 two.h4mk
mux two.h4mk secret_two.h4mk -cluster_time_limit 500 -encryption_scheme aes-256-gcm -encryption_key 000102030405060708090a0b0c0d0e0f
python3 - << 'EOF'
import json, os, sys
sys.path.insert(0, os.environ["H4MK_SOURCE_DIR"] + "/tests/support")
import chunks
for name in ("", "secret_"):
    file = chunks.File(open(name + "two.h4mk", "rb").read())
    both = file.json("TRAK")
    first_meta = next(chunk for chunk in file.chunks if chunk[0] == "META")[2]
    file.set_json("META", json.loads(first_meta))  # what only the end tells has no part in this
    file.drop_index()
    open(name + "whole.h4mk", "wb").write(file.bytes())
    clusters = [i for i, chunk in enumerate(file.chunks) if chunk[0] == "CORE"]
    file.chunks.insert(clusters[2], ["TRAK", 0, json.dumps(both).encode()])
    next(chunk for chunk in file.chunks if chunk[0] == "TRAK")[2] = json.dumps({**both, "tracks": both["tracks"][:1]}).encode()
    open(name + "late.h4mk", "wb").write(file.bytes())
EOF
"$COMPARE" -packets whole.h4mk pipe:0 < <(cat late.h4mk) > message || fail "a stream that comes late: $(tail -n 4 message)"
"$COMPARE" -keep_encrypted secret_whole.h4mk pipe:0 < <(cat secret_late.h4mk) > message || fail "ciphertext of a stream that comes late: $(tail -n 4 message)"
finish
