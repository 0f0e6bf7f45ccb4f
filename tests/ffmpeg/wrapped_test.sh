#!/bin/bash
# SPDX-License-Identifier: MIT
#
# H4MK inside of what FFmpeg has around muxers and demuxers: tee, fifo, segment, -stream_loop and concat lose no packet, and are
# at least as good as with Matroska on the same inputs.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

ff -f lavfi -i "$VIDEO:duration=4" -f lavfi -i "$AUDIO:duration=4" -c:v mpeg4 -bf 2 -g 10 -c:a aac -shortest clip.mkv
copies=(-copyts -map 0 -c copy)
for format in h4mk matroska; do
  ff -i clip.mkv "${copies[@]}" -f $format "clip.$format"
done

# packets FILE [OPTION…]: the hash of the data of each packet, stream by stream.
packets() {
  local file=$1
  shift
  ff "$@" -i "$file" -map 0 -c copy -copyinkf -f framehash -hash md5 - | grep -v '^#' | awk -F', *' '{ print $1, $6 }' | sort -s -k1,1
}
packets clip.matroska > all
[ "$(wc -l < all)" -gt 200 ] || fail "the clip has $(wc -l < all) packets"

ff -i clip.mkv "${copies[@]}" -f tee "[f=h4mk]tee1.h4mk|[f=h4mk:select=\'v,a\']tee2.h4mk" || fail "tee"
for file in tee1.h4mk tee2.h4mk; do
  expect "$file" "$COMPARE" -packets clip.h4mk $file
done
ff -i clip.mkv "${copies[@]}" -f fifo -fifo_format h4mk fifo.h4mk || fail "fifo"
expect "fifo" "$COMPARE" -packets clip.h4mk fifo.h4mk

# Segments, each a file of its own, have all packets once and begin with key frames.
ff -i clip.mkv "${copies[@]}" -f segment -segment_format h4mk -segment_time 1 part%d.h4mk || fail "segment"
for part in part?.h4mk; do
  packets "$part"
  [ "$("$FFPROBE" -v error -select_streams v -show_entries packet=flags -of csv=p=0 "$part" | head -n 1 | cut -c1)" = K ] ||
    fail "$part does not begin with a key frame"
done | sort -s -k1,1 > parts
[ -f part3.h4mk ] || fail "there are only $(ls part?.h4mk)"
cmp -s all parts || fail "segments: $(diff all parts | head -n 4)"

# With -copy_exact these muxers, which do not ask for it, get what a muxer of H4MK gets: ids, dispositions, tags of origin.
ff -f lavfi -i "$VIDEO:duration=2" -f lavfi -i "$AUDIO:duration=2" -c:v mpeg4 -c:a aac -disposition:v 0 -disposition:a dub \
  -metadata creation_time=2020-01-01T00:00:00Z exact.mov
ff -i exact.mov "${copies[@]}" -copy_exact -f tee "[f=h4mk]exact1.h4mk" || fail "tee -copy_exact"
ff -i exact.mov "${copies[@]}" -copy_exact -f fifo -fifo_format h4mk exact2.h4mk || fail "fifo -copy_exact"
ff -i exact.mov "${copies[@]}" -copy_exact -f segment -segment_format h4mk -segment_start_number 3 exact%d.h4mk || fail "segment -copy_exact"
told() { "$FFPROBE" -v error -show_entries stream=id:stream_disposition=default,dub:format_tags=creation_time -of compact "$1"; }
for file in exact1.h4mk exact2.h4mk exact3.h4mk; do
  [ "$(told $file)" = "$(told exact.mov)" ] || fail "-copy_exact, $file: $(told $file)"
done

# times_of FORMAT COMMAND…: how many packets there are, then the largest gap or overlap between two of a stream, in ms.
times_of() {
  ff "$@" -map 0 -c copy -f framehash -hash md5 - | awk -F', *' '
    /^#tb/ { split($0, field, /[ :\/]+/); base[field[2]] = 1000 * field[3] / field[4] }
    !/^#/ {
      count++
      if ($1 in end) { gap = ($2 - end[$1]) * base[$1]; if (gap < 0) gap = -gap; if (gap > worst) worst = gap }
      end[$1] = $2 + $4
    }
    END { printf "%d %d\n", count, worst }'
}
as_good() { # WHAT PACKETS COMMAND…, with FORMAT for the format
  local what=$1 wanted=$2 ours theirs
  shift 2
  read -r -a ours <<< "$(times_of "${@//FORMAT/h4mk}")"
  read -r -a theirs <<< "$(times_of "${@//FORMAT/matroska}")"
  [ "${ours[0]}" = "$wanted" ] || fail "$what: ${ours[0]} packets of $wanted, Matroska ${theirs[0]}"
  [ "${ours[1]}" -le "${theirs[1]}" ] || fail "$what: gaps of ${ours[1]} ms, Matroska ${theirs[1]}"
}
count=$(wc -l < all)
as_good "-stream_loop" $((3 * count)) -stream_loop 2 -i clip.FORMAT
for format in h4mk matroska; do
  printf 'file clip.%s\nfile clip.%s\n' $format $format > "list.$format"
done
as_good "concat" $((2 * count)) -f concat -i list.FORMAT
finish
