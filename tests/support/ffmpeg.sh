# SPDX-License-Identifier: MIT
#
# Sourced by the scripts in ffmpeg/: where the programs are, a folder of its own for each script, and small clips of every
# kind, made by FFmpeg itself.

set -u
export LC_ALL=C

FFMPEG=${FFMPEG:-${H4MK_FFMPEG_PREFIX:?names the folder where the patched FFmpeg is installed}/bin/ffmpeg}
FFPROBE=${FFPROBE:-$H4MK_FFMPEG_PREFIX/bin/ffprobe}
BIN=$(cd "${H4MK_TEST_BIN:-.}" && pwd)
COMPARE=$BIN/ffmpeg_compare
SEEK_CHECK=$BIN/ffmpeg_seek_check
INDEX_CHECK=$BIN/ffmpeg_index_check

WORK=$(mktemp -d "${TMPDIR:-/tmp}/h4mk_test.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
cd "$WORK" || exit 1

failures=0
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
# expect MESSAGE COMMAND…: the command succeeds.
expect() {
  local message=$1 output
  shift
  output=$("$@" 2>&1 < /dev/null) || fail "$message: $(printf '%s\n' "$output" | tail -n 12)"
}
finish() {
  [ "$failures" -eq 0 ] || echo "$failures failures"
  exit $((failures != 0))
}

ff() { "$FFMPEG" -hide_banner -nostdin -v error -y "$@"; }
has_encoder() { "$FFMPEG" -hide_banner -encoders 2> /dev/null | grep -q " $1 "; }

# mux INPUT OUTPUT [OPTION…]: a stream copy of everything, with all times as they are.
mux() {
  local input=$1 output=$2
  shift 2
  ff -copyts -i "$input" -map 0 -copy_unknown -c copy -copyinkf "$@" -f h4mk "$output"
}

VIDEO="testsrc2=size=128x96:rate=25"
AUDIO="sine=frequency=440:sample_rate=48000"

subtitles() { # as SubRip
  printf '1\n00:00:00,500 --> 00:00:01,200\nfirst\n\n2\n00:00:01,500 --> 00:00:01,700\n<i>second</i>\n\n'
  printf '3\n00:00:02,000 --> 00:00:02,900\nthird, gr\303\274n\n'
}
chapters() { # as FFMETADATA
  printf ';FFMETADATA1\ntitle=A film\nartist=Nobody\ncomment=gr\303\274n\n'
  printf '[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n'
  printf '[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=3000\ntitle=Two\n'
}

# make_clips SECONDS: one small clip of each kind in the current folder; prints their names. Kinds for which this FFmpeg has no
# encoder are left out.
make_clips() {
  local t=$1
  subtitles > s.srt
  chapters > c.txt
  ff -f lavfi -i "$VIDEO" -frames:v 1 cover.jpg
  head -c 3000 /dev/zero > font.ttf
  make_clip() { # NAME ENCODERS ARGUMENT…
    local name=$1 encoder
    for encoder in $2; do has_encoder "$encoder" || return 0; done
    shift 2
    if ff "$@" -t "$t" "clip_$name"; then echo "clip_$name"; else echo "no clip_$name" >&2; fi
  }
  local v="-f lavfi -i $VIDEO" a="-f lavfi -i $AUDIO"
  # shellcheck disable=SC2086
  {
    make_clip film.mkv "libx264 aac" $v $a -i s.srt -i c.txt -map 0 -map 1 -map 2 -map_metadata 3 -map_chapters 3 \
      -c:v libx264 -preset ultrafast -bf 2 -g 12 -c:a aac -c:s srt -attach font.ttf -metadata:s:3 mimetype=font/ttf \
      -metadata:s:a language=deu -disposition:a:0 default+forced
    make_clip film.mp4 "libx264 aac mov_text" $v $a -i s.srt -i c.txt -map 0 -map 1 -map 2 -map_metadata 3 -map_chapters 3 \
      -c:v libx264 -preset ultrafast -bf 3 -g 20 -c:a aac -c:s mov_text
    make_clip open_gop.mp4 "libx264" $v -c:v libx264 -bf 3 -g 15 -x264-params open-gop=1:scenecut=0
    make_clip one_gop.mp4 "libx264 aac" $v $a -map 0 -map 1 -c:v libx264 -preset ultrafast -bf 2 -g 1000 -c:a aac
    make_clip two_videos.mkv "libx264 mpeg4" $v $v -map 0 -map 1 -c:v:0 libx264 -g 10 -c:v:1 mpeg4 -bf 2 -g 17
    make_clip mpeg2.mpg "mpeg2video mp2" $v $a -c:v mpeg2video -bf 2 -g 12 -c:a mp2
    make_clip ts.ts "mpeg2video mp2" $v $a $v -map 0 -map 1 -map 2 -c:v mpeg2video -bf 2 -g 12 -c:a mp2 \
      -program title=One:program_num=1:st=0:st=1 -program title=Two:program_num=2:st=2
    make_clip mpeg4.avi "mpeg4 pcm_s16le" $v $a -c:v mpeg4 -bf 2 -g 12 -c:a pcm_s16le
    make_clip ac3.avi "mpeg4 ac3" $v $a -c:v mpeg4 -c:a ac3
    make_clip mjpeg.mov "mjpeg pcm_s24le" $v $a -c:v mjpeg -c:a pcm_s24le -timecode 01:00:00:00
    make_clip prores.mov "prores_ks alac" $v $a -c:v prores_ks -c:a alac
    make_clip ffv1.mkv "ffv1 flac" $v $a -i s.srt -map 0 -map 1 -map 2 -c:v ffv1 -c:a flac -c:s ass
    make_clip vp9.webm "libvpx-vp9 libopus" $v $a -c:v libvpx-vp9 -deadline realtime -g 12 -c:a libopus
    make_clip opus.ogg "libopus" $a -c:a libopus -metadata title=Tone
    make_clip opus.mka "libopus" $a -c:a libopus
    make_clip vorbis.ogg "vorbis" $a -ac 2 -strict experimental -c:a vorbis
    make_clip cover.flac "flac mjpeg" $a -i cover.jpg -map 0 -map 1 -c:a flac -c:v copy -disposition:v attached_pic
    make_clip mp3.mp3 "libmp3lame" $a -c:a libmp3lame
    make_clip ac3.ac3 "ac3" $a -c:a ac3
    make_clip adts.aac "aac" $a -c:a aac
    make_clip pcm.wav "pcm_f32le" $a -c:a pcm_f32le
    make_clip surround.wav "pcm_s16le" $a -af aformat=channel_layouts=5.1 -c:a pcm_s16le
    make_clip gif.gif "gif" $v -c:v gif
    make_clip apng.apng "apng" $v -c:v apng
    make_clip png.png "png" $v -frames:v 1 -c:v png
    make_clip dv.dv "dvvideo" -f lavfi -i testsrc2=size=720x576:rate=25 -pix_fmt yuv420p -c:v dvvideo
    make_clip raw.nut "rawvideo pcm_s16le" -f lavfi -i testsrc2=size=32x24:rate=25 $a -c:v rawvideo -pix_fmt rgb24 -c:a pcm_s16le
    make_clip h264.h264 "libx264" $v -c:v libx264 -bf 2 -g 12
    make_clip frag.mp4 "libx264 aac" $v $a -c:v libx264 -bf 2 -g 12 -c:a aac -movflags frag_keyframe+empty_moov
    make_clip webvtt.vtt "webvtt" -i s.srt -c:s webvtt
    make_clip rotated.mp4 "libx264" -display_rotation 90 $v -c:v libx264 -g 12
    make_clip interlaced.mp4 "libx264" $v -vf tinterlace=interleave_top -flags +ilme+ildct -c:v libx264 -g 12
    make_clip hdr.mp4 "libx264" $v -c:v libx264 -pix_fmt yuv420p10le -color_primaries bt2020 -color_trc smpte2084 \
      -colorspace bt2020nc -color_range tv
  }
}
