#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The filter h4mask: what is masked and unmasked comes back, also when reading starts in the middle, and for one stream only.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

KEY=000102030405060708090a0b0c0d0e0f
OTHER=f00102030405060708090a0b0c0d0e0f

# All of each packet. Of Matroska stream, size and data only: libavformat finds the rest by parsing, which ciphertext misleads.
fields=1-
packets() {
  local order=cat
  [ $fields = 1- ] || order=sort
  ff "$@" -f framehash - 2> /dev/null | grep -v '^#' | cut -d, -f$fields | $order
}
# through MODE OPTIONS…: what unmasking with these input options gives
through() {
  local mode=$1
  shift
  packets "$@" -c copy -bsf "h4mask=op=unmask:mode=$mode:key=$KEY"
}

mux_masked() { # MODE INPUT OUTPUT
  ff -copyts -i "$2" -map 0 -c copy -bsf "h4mask=mode=$1:key=$KEY" "$3"
}

ff -f lavfi -i "$VIDEO" -f lavfi -i "$AUDIO" -t 4 -c:v mpeg4 -bf 2 -g 12 -c:a ac3 clip.mkv
ff -copyts -i clip.mkv -map 0 -c copy clip.h4mk

for case in "xor h4mk" "aead h4mk" "aead mkv"; do
  read -r mode format <<< "$case"
  [ $format = h4mk ] && fields=1- || fields=1,5-
  plain=$(packets -copyts -i clip.h4mk -map 0 -c copy)
  mux_masked "$mode" clip.h4mk masked.$format || fail "$case: masking"
  [ "$(packets -copyts -i masked.$format -map 0 -c copy)" != "$plain" ] || fail "$case: not masked"
  ff -copyts -i clip.h4mk -map 0 -c copy reference.$format
  [ "$(through "$mode" -copyts -i masked.$format -map 0)" = "$(packets -copyts -i reference.$format -map 0 -c copy)" ] ||
    fail "$case: not the same"
  for time in 1.3 2.1 3.7; do
    [ "$(through "$mode" -copyts -ss $time -i masked.$format -map 0)" = \
      "$(packets -copyts -ss $time -i reference.$format -map 0 -c copy)" ] || fail "$case: from $time s on"
    [ "$(through "$mode" -copyts -ss $time -i masked.$format -map 0:a)" = \
      "$(packets -copyts -ss $time -i reference.$format -map 0:a -c copy)" ] || fail "$case: audio alone, from $time s on"
  done
done

# Unmasking leaves nothing of the mask behind.
mux_masked xor clip.h4mk masked.h4mk
ff -copyts -i masked.h4mk -map 0 -c copy -bsf "h4mask=op=unmask:mode=xor:key=$KEY" unmasked.h4mk
expect "side data" "$COMPARE" -packets clip.h4mk unmasked.h4mk

# Numbers may come from the demuxer, from an offset, or from the count; it is the same mask.
ff -copyts -i clip.h4mk -map 0:a -c copy -bsf "h4mask=mode=xor:key=$KEY" counted.h4mk
ff -copyts -block_numbers 1 -i clip.h4mk -map 0:a -c copy -bsf "h4mask=mode=xor:key=$KEY" numbered.h4mk
expect "numbers of the demuxer" "$COMPARE" -packets counted.h4mk numbered.h4mk
ff -copyts -i clip.h4mk -map 0:a -c copy -bsf "h4mask=mode=xor:key=$KEY:number=5" shifted.h4mk
cmp -s counted.h4mk shifted.h4mk && fail "the number makes no difference"

fields=1-
# Two runs under one key have nothing in common; what was changed, or opened with another key, is an error.
mux_masked aead clip.h4mk a.mkv
mux_masked aead clip.h4mk b.mkv
[ "$(packets -i a.mkv -map 0 -c copy | cut -d, -f6 | sort | comm -12 - <(packets -i b.mkv -map 0 -c copy | cut -d, -f6 | sort))" = "" ] ||
  fail "two runs give the same ciphertext"
ff -xerror -i a.mkv -map 0 -c copy -bsf "h4mask=op=unmask:key=$OTHER" -f null - 2> message && fail "another key"
grep -q "wrong key" message || fail "another key: $(cat message)"
ff -xerror -i clip.mkv -map 0 -c copy -bsf "h4mask=op=unmask:key=$KEY" -f null - 2> message && fail "unmasking what was not masked"
ff -i clip.mkv -map 0 -c copy -bsf "h4mask=key=0011" -f null - 2> message && fail "a short key"
grep -q "32 hexadecimal digits" message || fail "a short key: $(cat message)"
finish
