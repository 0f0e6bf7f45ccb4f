#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Encrypted files through the options of muxer and demuxer: with the key all comes back, from every point; without it, or with
# another one, there is one clear error and never a packet of garbage; ciphertext can be copied as it is.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

KEY=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
OTHER=ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
ENCRYPT="-encryption_scheme aes-256-gcm -encryption_key $KEY"

# copy INPUT OUTPUT [INPUT OPTION…]
copy() {
  local input=$1 output=$2
  shift 2
  ff -copyts "$@" -i "$input" -map 0 -copy_unknown -c copy -copyinkf -f h4mk "$output"
}
# refuses NAME WORDS [INPUT OPTION…]: encrypted.h4mk does not open; the message has the words; nothing comes out.
refuses() {
  local name=$1 words=$2
  shift 2
  rm -f out.h4mk
  if copy encrypted.h4mk out.h4mk "$@" 2> message; then fail "$clip: $name: opened"; fi
  [ ! -s out.h4mk ] || fail "$clip: $name: something came out"
  grep -qi -- "$words" message || fail "$clip: $name: $(cat message)"
}
packets() { ff "$@" -map 0 -copy_unknown -c copy -f framehash - | grep -v '^#'; }

for clip in $(make_clips 2); do
  mux "$clip" plain.h4mk
  # shellcheck disable=SC2086
  mux "$clip" encrypted.h4mk $ENCRYPT || fail "$clip: encrypting"
  cmp -s plain.h4mk encrypted.h4mk && fail "$clip: not encrypted"
  copy encrypted.h4mk decrypted.h4mk -decryption_key $KEY || fail "$clip: decrypting"
  expect "$clip" "$COMPARE" plain.h4mk decrypted.h4mk
  refuses "no key" "-decryption_key_file FILE"
  refuses "another key" "is not the one that the file was encrypted with" -decryption_key $OTHER

  # A seek finds the same with the key as in a plain file. Pictures and short clips have nothing so late.
  for time in 0.3 1 1.9; do
    [ "$(packets -copyts -ss $time -decryption_key $KEY -i encrypted.h4mk)" = "$(packets -copyts -ss $time -i plain.h4mk)" ] ||
      fail "$clip: from $time s on"
  done

  # Ciphertext is copied, and decrypted after that.
  copy encrypted.h4mk copied.h4mk -keep_encrypted 1 2> /dev/null || fail "$clip: copying ciphertext"
  copy copied.h4mk decrypted.h4mk -decryption_key $KEY || fail "$clip: decrypting the copy"
  expect "$clip: copied as ciphertext" "$COMPARE" -packets plain.h4mk decrypted.h4mk
done

clip=clip_mpeg4.avi
mux $clip plain.h4mk
# shellcheck disable=SC2086
mux $clip encrypted.h4mk $ENCRYPT -encryption_kid 0a0b
expect "cryptokey" copy encrypted.h4mk decrypted.h4mk -cryptokey $KEY
expect "keys by id" copy encrypted.h4mk decrypted.h4mk -decryption_keys "ff=$OTHER:0a0b=$KEY"
expect "keys by id: result" "$COMPARE" plain.h4mk decrypted.h4mk
refuses "another id" "its key 0a0b is needed" -decryption_keys "ff=$KEY"
refuses "no hexadecimal key" "hexa" -decryption_keys "0a0b=xyz"
# does_not_write NAME WORDS OPTION…: the muxer refuses these options, and the message has the words.
does_not_write() {
  local name=$1 words=$2
  shift 2
  if mux $clip bad.h4mk "$@" 2> message; then fail "$name"; fi
  grep -q -- "$words" message || fail "$name: $(cat message)"
}
does_not_write "encrypted without a key" "encryption_scheme needs a key" -encryption_scheme aes-256-gcm
does_not_write "a scheme that there is not" "no encryption scheme \"rot13\"" -encryption_scheme rot13 -encryption_key $KEY
does_not_write "a key without a scheme" "needs an encryption_scheme" -encryption_key $KEY
printf %s $KEY > key
expect "the key from a file" copy encrypted.h4mk decrypted.h4mk -decryption_key_file key

# Signed, too; another key, or a changed byte, is noticed.
openssl genpkey -algorithm ed25519 -out sign.pem 2> /dev/null && openssl pkey -in sign.pem -pubout -out sign.pub
openssl genpkey -algorithm ed25519 -out other.pem 2> /dev/null && openssl pkey -in other.pem -pubout -out other.pub
# shellcheck disable=SC2086
mux $clip encrypted.h4mk $ENCRYPT -signing_key sign.pem
expect "signed" copy encrypted.h4mk decrypted.h4mk -decryption_key $KEY -verify_key sign.pub
expect "signed: result" "$COMPARE" -packets plain.h4mk decrypted.h4mk
refuses "signed by another" "sign" -decryption_key $KEY -verify_key other.pub

# A block that was changed before a cover, which is looked for in the first packets of a pipe, is told as any other. The CRCs fit.
# shellcheck disable=SC2086
ff -f lavfi -i "$AUDIO" -itsoffset 0.1 -f lavfi -i "$VIDEO" -t 2 -map 0 -map 1 -c:a ac3 -c:v mjpeg -frames:v 1 -disposition:v attached_pic $ENCRYPT cover.h4mk
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$H4MK_SOURCE_DIR/tests/conformance:$H4MK_SOURCE_DIR/tests/fuzz python3 - << 'END'
from attacks.file import AttackedFile
from reader.primitives import Cursor

file = AttackedFile(open("cover.h4mk", "rb").read())
cluster = next(chunk for chunk in file.chunks if chunk.tag == b"CORE")
cursor = Cursor(cluster.payload)
data = cursor.varint() + cursor.position + 4
cluster.payload = cluster.payload[:data] + bytes([cluster.payload[data] ^ 1]) + cluster.payload[data + 1 :]
open("cover.h4mk", "wb").write(file.bytes())
END
"$FFMPEG" -v error -decryption_key $KEY -f h4mk -i - -map 0 -c copy -f null - < <(cat cover.h4mk) 2> message
grep -q "not what was encrypted" message || fail "a change before a cover is not told: $(cat message)"
if "$FFMPEG" -v error -xerror -err_detect explode -decryption_key $KEY -f h4mk -i - -map 0 -c copy -f null - < <(cat cover.h4mk) 2> message; then
  fail "a change before a cover: exit status 0"
fi

# That blocks are missing at the end is told from a pipe too.
end=$(grep -abo META cover.h4mk | tail -n 1 | cut -d: -f1)
"$FFMPEG" -v warning -decryption_key $KEY -f h4mk -i - -map 0 -c copy -f null - < <(head -c "$end" cover.h4mk) 2> message
grep -q "no end" message || fail "a missing end is not told: $(cat message)"

# A key in a file that others can read is used, with a warning; a public key needs none.
warns() { # warns COUNT COMMAND…: how often there is a warning
  local count=$1
  shift
  "$@" 2> message || fail "$*: $(cat message)"
  [ "$(grep -c "others can read this key (mode 06[0-7]*); .chmod 600 FILE. mends that" message)" = "$count" ] ||
    fail "$count warnings: $*: $(cat message)"
}
warning() { "$FFMPEG" -hide_banner -nostdin -v warning -y "$@" -f h4mk warned.h4mk; }
echo $KEY > key
openssl genpkey -algorithm ed25519 -out secret.pem 2> /dev/null
openssl pkey -in secret.pem -pubout -out public.pem
encrypting="-map 0 -c copy -encryption_scheme aes-256-gcm -encryption_key_file key -signing_key secret.pem"
chmod 644 public.pem
for mode in 600 640 604 620; do
  chmod $mode key secret.pem
  # shellcheck disable=SC2086
  warns $((mode == 600 ? 0 : 2)) warning -i plain.h4mk $encrypting
  mv warned.h4mk both.h4mk
  warns $((mode == 600 ? 0 : 1)) warning -decryption_key_file key -verify_key public.pem -i both.h4mk -map 0 -c copy
done
# A pipe is nobody's to read, and nothing is said of it.
warns 0 warning -decryption_key_file <(cat key) -i both.h4mk -map 0 -c copy

# What the muxer writes of ciphertext comes from the demuxer alone: a tag of that name is a tag, and a file that says so of itself
# is not believed. Ciphertext and other packets do not mix.
mux $clip tagged.h4mk -metadata 'h4mk_protection={"scheme":"aes-256-gcm"}' || fail "a tag stops the muxer"
expect "a tag that looks like protection" "$COMPARE" -packets plain.h4mk tagged.h4mk
[ "$("$FFPROBE" -v error -show_entries format_tags=h4mk_protection -of csv=p=0 tagged.h4mk)" ] || fail "a tag is lost"
mux tagged.h4mk again.h4mk || fail "an inherited tag stops the muxer"
expect "an inherited tag" "$COMPARE" -packets plain.h4mk again.h4mk
copy encrypted.h4mk copied.h4mk -keep_encrypted 1 2> /dev/null || fail "copying ciphertext"
"$FFPROBE" -v error -show_format copied.h4mk -keep_encrypted 1 > said.txt || fail "what is known of ciphertext"
grep -q protection said.txt && fail "protection is a tag"
python3 - << 'EOF'
import os, struct, sys
sys.path.insert(0, os.environ["H4MK_SOURCE_DIR"] + "/tests/support")
import base64, chunks
system, data = b"H4MK protection\0", b'{"scheme":"aes-256-gcm"}'
info = struct.pack(">5I", 1, len(system), 0, 0, len(data)) + system + data
file = chunks.File(open("plain.h4mk", "rb").read())
trak = file.json("TRAK")
trak["tracks"][0]["side_data"] = [{"name": "encryption_init_info", "data": base64.b64encode(info).decode()}]
file.set_json("TRAK", trak)
file.drop_index()
open("claims.h4mk", "wb").write(file.bytes())
EOF
"$FFPROBE" -v error -show_streams claims.h4mk > said.txt || fail "a file that makes claims cannot be read"
grep -qi encryption said.txt && fail "a file says what only the demuxer may"
if ff -keep_encrypted 1 -i encrypted.h4mk -i plain.h4mk -map 0 -map 1 -c copy mixed.h4mk 2> message; then fail "ciphertext and other packets"; fi
grep -q "all together" message || fail "ciphertext and other packets: $(cat message)"
if ff -keep_encrypted 1 -i encrypted.h4mk -map 0:1 -map 0:0 -c copy mixed.h4mk 2> message; then fail "ciphertext in another order"; fi
grep -q "all together" message || fail "ciphertext in another order: $(cat message)"
# The words about the recording can be others.
ff -keep_encrypted 1 -i encrypted.h4mk -map 0 -c copy -metadata title=Other -metadata:s:0 title=Name copied.h4mk
expect "other words" copy copied.h4mk decrypted.h4mk -decryption_key $KEY
grep -q Other decrypted.h4mk || fail "other words are lost"

# A plain file is no encrypted one whose protection was taken off.
cp plain.h4mk encrypted.h4mk
refuses "plain file with a key" "encrypted" -decryption_key $KEY
finish
