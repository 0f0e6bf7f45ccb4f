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

# What comes back from which container: payloads, sizes and flags of all packets, or a refusal that gives the reason.
declare -A routes=(
  [h4mk]="h264 hevc vp9 av1 mpeg4 mpeg2video aac opus ac3 mp2 flac pcm_s16le" [nut]="h264 hevc vp9 av1 mpeg4 mpeg2video aac opus ac3 mp2 flac pcm_s16le"
  [matroska]="h264 hevc vp9 mpeg4 mpeg2video aac ac3 pcm_s16le" [mp4]="h264 hevc vp9 mpeg4 mpeg2video aac opus"
  [avi]="vp9 av1 mpeg4 mpeg2video aac" [flv]="h264 hevc vp9 av1 aac" [mpegts]="")
clip_of() { # CODEC: makes codec.nut, by an encoder or from the corpus
  local codec=$1 encoder=$1 source
  case $codec in h264) encoder=libx264 ;; opus) encoder=libopus ;; hevc) encoder=libx265 ;; vp9) encoder=libvpx-vp9 ;; av1) encoder=libsvtav1 ;; esac
  case $codec in h264 | hevc | vp9 | av1 | mpeg*) source=$VIDEO ;; *) source=$AUDIO ;; esac
  if has_encoder "$encoder"; then
    case $codec in
      h264 | hevc) # from MP4: sizes in place of start codes
        ff -f lavfi -i "$source" -t 3 -c "$encoder" -g 12 "$codec.mp4" && ff -i "$codec.mp4" -c copy "$codec.nut"
        ;;
      *) ff -f lavfi -i "$source" -t 3 -c "$encoder" -g 12 "$codec.nut" ;;
    esac
    return
  fi
  case $codec in hevc) source=testsrc2_h265.mp4 ;; vp9) source=testsrc2_vp9.webm ;; av1) source=sample_with_colr_mdcv_and_clli.mp4 ;; *) return 1 ;; esac
  [ -f "${H4MK_CORPUS:-}/$source" ] && ff -i "$H4MK_CORPUS/$source" -map 0:v -c copy -frames 60 "$codec.nut"
}
# payloads OUTPUT OPTIONS…: of what these options give
payloads() {
  local file=$1
  shift
  ff -copyts "$@" -f h4mk "$file" 2> /dev/null && "$FFPROBE" -v error -show_data_hash md5 -show_entries packet=size,flags,data_hash -of csv=p=0 "$file"
}
# say_codec CODEC: makes codec.h4mk of another clip, for codecs that there is neither an encoder nor a clip for: what the filter refuses
# it refuses by name.
say_codec() {
  CODEC=$1 python3 - << 'EOF'
import base64, os, sys
sys.path.insert(0, os.environ["H4MK_SOURCE_DIR"] + "/tests/support")
import chunks
codec = os.environ["CODEC"]
file = chunks.File(open("clip.h4mk", "rb").read())
trak = file.json("TRAK")
trak["tracks"][0].update(codec=codec, extradata=base64.b64encode(b"\1").decode())
file.set_json("TRAK", trak)
file.drop_index()
open(codec + ".h4mk", "wb").write(file.bytes())
EOF
}
for codec in h264 hevc vp9 av1 mpeg4 mpeg2video aac opus ac3 mp2 flac pcm_s16le; do
  input=$codec.nut
  clip_of $codec || { say_codec $codec; input=$codec.h4mk; echo "$codec: tried only what is refused"; }
  for container in "${!routes[@]}"; do
    if [[ " ${routes[$container]} " != *" $codec "* ]]; then
      ff -i $input -map 0:0 -c copy -bsf "h4mask=key=$KEY:container=$container" -f null - 2> message && fail "$codec in $container is not refused"
      grep -q "$codec do not come back from $container" message || fail "$codec in $container: $(cat message)"
      continue
    fi
    [ $input = $codec.nut ] || continue
    expect "$codec in $container, not masked" ff -i $codec.nut -c copy -f $container reference
    expect "$codec in $container: masking" ff -i $codec.nut -c copy -bsf "h4mask=key=$KEY:container=$container" -f $container masked
    expected=$(payloads out.h4mk -i reference -c copy -copyinkf)
    # what the parser makes of ciphertext has no key flags: ffmpeg waits for one unless told not to
    got=$(payloads out.h4mk -i masked -c copy -copyinkf -bsf "h4mask=op=unmask:key=$KEY")
    [ "$expected" ] && [ "$got" = "$expected" ] || fail "$codec does not come back from $container"
  done
done
ff -i h264.nut -c copy -bsf h264_mp4toannexb start_codes.nut
for container in matroska mp4 flv; do
  ff -i start_codes.nut -c copy -bsf "h4mask=key=$KEY:container=$container" -f $container masked 2> message && fail "start codes in $container"
  grep -q "with start codes do not come back" message || fail "start codes in $container: $(cat message)"
done
ff -i h264.nut -c copy -bsf "h4mask=key=$KEY:container=ogg" masked.nut 2> message && fail "a container that was never tried"
grep -q "never tried" message || fail "a container that was never tried: $(cat message)"
"$FFMPEG" -v warning -nostdin -y -i h264.nut -c copy -bsf "h4mask=key=$KEY" masked.nut 2> message
grep -q "option container" message || fail "no word of the option container: $(cat message)"

fields=1-
# Two runs under one key have nothing in common; what was changed, or opened with another key, is an error.
mux_masked aead clip.h4mk a.mkv
mux_masked aead clip.h4mk b.mkv
for file in a b; do
  packets -i $file.mkv -map 0 -c copy | cut -d, -f6 | sort > $file.hashes
  [ -s $file.hashes ] || fail "$file.mkv has no packets"
done
[ "$(comm -12 a.hashes b.hashes)" = "" ] || fail "two runs give the same ciphertext"
ff -xerror -i a.mkv -map 0 -c copy -bsf "h4mask=op=unmask:key=$OTHER" -f null - 2> message && fail "another key"
grep -q "wrong key" message || fail "another key: $(cat message)"
ff -xerror -i clip.mkv -map 0 -c copy -bsf "h4mask=op=unmask:key=$KEY" -f null - 2> message && fail "unmasking what was not masked"
grep -q "was not made by this filter" message || fail "unmasking what was not masked: $(cat message)"
ff -i clip.mkv -map 0 -c copy -bsf "h4mask=key=0011" -f null - 2> message && fail "a short key"
grep -q "32 hexadecimal digits" message || fail "a short key: $(cat message)"
finish
