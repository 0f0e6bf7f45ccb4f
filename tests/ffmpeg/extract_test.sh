#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What `h4mk extract` writes of a track is a file that others know: its name says the format, and it has the same packets.
# extract_test.sh TOOL

TOOL=$1
. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

packets() { ff -i "$1" -map 0 -c copy -f framehash - | grep -v '^#' | awk '{ print $NF }'; }

# extracts FILE EXTENSION: the one track of FILE comes out as NAME.1.EXTENSION, with the packets of FILE.
extracts() {
  rm -rf out source.h4mk
  mux "$1" source.h4mk || fail "$1: not copied"
  "$TOOL" extract --ffmpeg "$FFMPEG" source.h4mk -o out > said.txt || fail "$1: not extracted"
  [ -s "out/source.1.$2" ] || fail "$1: $(cat said.txt)"
  [ "$(packets "out/source.1.$2")" = "$(packets "$1")" ] || fail "$1: other packets than out/source.1.$2"
}

# Ten frames of silence, 13 bytes each (RFC 4867, section 5.1): FFmpeg has no encoder for them.
{
  printf '#!AMR\n'
  for _ in 1 2 3 4 5 6 7 8 9 10; do printf '\004\0\0\0\0\0\0\0\0\0\0\0\0'; done
} > speech.amr
extracts speech.amr amr
cmp -s speech.amr out/source.1.amr || fail "speech.amr: other bytes"

sound() { ff -f lavfi -i "sine=frequency=440:sample_rate=$2" -t 1 -ac 1 -strict -2 -c:a "$3" "$1"; }
sound true.tta 48000 tta && extracts true.tta tta
sound packed.mlp 48000 mlp && extracts packed.mlp mlp
sound voice.g722 16000 g722 && extracts voice.g722 g722
sound stream.latm 48000 aac && extracts stream.latm latm
finish
