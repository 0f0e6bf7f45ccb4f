#!/bin/bash
# SPDX-License-Identifier: MIT
#
# protection.md, "What a verifying reader uses": one verdict. What `h4mk verify` does not call good, ffmpeg and ffprobe refuse as well,
# where errors end them (-err_detect explode, and -xerror for ffmpeg). verdict_test.sh TOOL

TOOL=$1
. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

openssl genpkey -algorithm ed25519 -out sign.pem 2> /dev/null && openssl pkey -in sign.pem -pubout -out sign.pub
openssl genpkey -algorithm ed25519 -out other.pem 2> /dev/null && openssl pkey -in other.pem -pubout -out other.pub
ff -f lavfi -i "$VIDEO" -f lavfi -i "$AUDIO" -t 4 -c:v mpeg4 -g 12 -c:a ac3 source.nut
mux source.nut signed.h4mk -signing_key sign.pem -cluster_time_limit 200
mux source.nut plain.h4mk

# verdict FILE KEY: three exit statuses, 0 or 1 each, and as words what the first error says.
verdict() {
  "$TOOL" verify --public-key "$2" "$1" > verify.txt 2>&1
  local said=$(($? != 0))
  ff -xerror -err_detect explode -verify_key "$2" -i "$1" -map 0 -c copy -f null - 2> ffmpeg.txt
  said="$said $(($? != 0))"
  "$FFPROBE" -v error -err_detect explode -verify_key "$2" -show_packets "$1" > /dev/null 2> ffprobe.txt
  echo "$said $(($? != 0))"
}
# all_refuse WHAT FILE KEY: all three, with words.
all_refuse() {
  local said
  said=$(verdict "$2" "$3")
  [ "$said" = "1 1 1" ] || fail "$1: exit statuses $said: $(cat verify.txt ffmpeg.txt ffprobe.txt)"
  [ -s ffmpeg.txt ] && [ -s ffprobe.txt ] || fail "$1: no words"
}

said=$(verdict signed.h4mk sign.pub)
[ "$said" = "0 0 0" ] || fail "as it was signed: exit statuses $said: $(cat verify.txt ffmpeg.txt ffprobe.txt)"
[ ! -s ffmpeg.txt ] && [ ! -s ffprobe.txt ] || fail "as it was signed, but: $(cat ffmpeg.txt ffprobe.txt)"

all_refuse "not signed" plain.h4mk sign.pub
all_refuse "signed with another key" signed.h4mk other.pub
cp signed.h4mk edited.h4mk
"$TOOL" edit edited.h4mk --tag title=Other > /dev/null || fail "edit"
all_refuse "words that were edited" edited.h4mk sign.pub
grep -qi "sign" ffmpeg.txt || fail "words that were edited: $(cat ffmpeg.txt)"
head -c $(($(stat -c %s signed.h4mk) / 2)) signed.h4mk > cut.h4mk
"$TOOL" index --force cut.h4mk > /dev/null || fail "index"
all_refuse "cut, and closed anew" cut.h4mk sign.pub
# At a checkpoint the file is whole as far as it goes: that it went on is what its reader cannot know.
at_checkpoint() { python3 - "$1" "$2" << 'EOF'
import sys
data = open(sys.argv[1], "rb").read()
at, begins = 16, []
while at + 16 <= len(data):
    if data[at:at + 4] == b"VERI":
        begins.append(at)
    at += 16 + int.from_bytes(data[at + 8:at + 12], "little")
at = begins[0]
open(sys.argv[2], "wb").write(data[:at + 16 + int.from_bytes(data[at + 8:at + 12], "little")])
EOF
}
at_checkpoint signed.h4mk older.h4mk
all_refuse "cut at a checkpoint" older.h4mk sign.pub
cp older.h4mk closed.h4mk
"$TOOL" index closed.h4mk > /dev/null || fail "index"
all_refuse "cut at a checkpoint, and closed anew" closed.h4mk sign.pub
"$FFMPEG" -nostdin -y -v warning -verify_key sign.pub -i older.h4mk -map 0 -c copy -f null - 2> message.txt || fail "cut, without explode"
grep -q "is no end" message.txt || fail "cut, without explode: $(cat message.txt)"

{ head -c 16 signed.h4mk && head -c 5000 /dev/zero && tail -c +5017 signed.h4mk; } > front.h4mk
all_refuse "the front is gone" front.h4mk sign.pub

# What is found while packets are read ends ffmpeg. ffprobe has no exit status for that, only words.
python3 - signed.h4mk changed.h4mk << 'EOF'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[2], "wb").write(data)
EOF
said=$(verdict changed.h4mk sign.pub)
[ "${said% *}" = "1 1" ] || fail "a byte in the middle: exit statuses $said: $(cat verify.txt ffmpeg.txt)"
[ -s ffprobe.txt ] || fail "a byte in the middle: ffprobe says nothing"

# Without explode the words are there, and what was signed is used.
"$FFMPEG" -nostdin -y -v warning -verify_key sign.pub -i edited.h4mk -map 0 -c copy used.h4mk 2> message.txt || fail "an edit without explode"
[ -s message.txt ] || fail "an edit without explode: no words"
finish
