#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Players of the distribution, on the libavformat that `build_ffmpeg.sh system` builds for them, play a recording that is being
# written: they go on when its writer does, play to its end and end with it; where the writer is killed they play what there is.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

run=$H4MK_FFMPEG_PREFIX/system/run
[ -x "$run" ] || { echo "build_ffmpeg.sh system was not run"; exit 77; }
export SDL_VIDEODRIVER=dummy SDL_AUDIODRIVER=dummy
ff -f lavfi -i "$VIDEO" -f lavfi -i "$AUDIO" -t 6 -c:v mpeg4 -bf 2 -g 12 -c:a aac source.nut

# What a player says goes to log; the time that it shows last goes to reached.
play_ffplay() {
  timeout 60 "$run" ffplay -hide_banner -autoexit -follow 1 "$@" recording.h4mk 2> log < /dev/null || return 1
  tr '\r' '\n' < log | grep -o '^ *[0-9.]* [AM]-[VD]' | tail -n 1 | awk '{ print $1 }' > reached
}
# shellcheck disable=SC2016 # mpv expands it
play_mpv() {
  timeout 60 "$run" mpv --no-config --vo=null --ao=null --term-status-msg='${=time-pos} at' --demuxer-lavf-o="follow=1${1:-}" recording.h4mk \
    > log 2>&1 < /dev/null || return 1
  tr '\r' '\n' < log | grep -o '[0-9.]* at' | tail -n 1 | cut -d' ' -f1 > reached
}

write() {
  rm -f recording.h4mk
  "$FFMPEG" -v error -nostdin -y -readrate 1 -readrate_initial_burst 0 -copyts -i source.nut -map 0 -c copy -cluster_time_limit 250 \
    recording.h4mk &
  writer=$!
  until [ -s recording.h4mk ]; do sleep 0.1; done
}

tried=
for player in ffplay mpv; do
  command -v $player > /dev/null || continue
  tried+=" $player"
  write
  play_$player &
  watcher=$!
  sleep 2
  kill -STOP $writer
  sleep 2
  kill -0 $watcher 2> /dev/null || fail "$player does not wait for a writer that is stopped"
  kill -CONT $writer
  wait $writer || fail "the writer"
  wait $watcher || fail "$player: $(tail -c 300 log)"
  awk '{ ok = $1 >= 5.5 } END { exit !ok }' reached || fail "$player ends at $(cat reached) of a recording of 6 s"
done
[ "$tried" ] || { echo "there is neither ffplay nor mpv"; exit 77; }

write_and_kill() { # PLAYER OPTIONS…: it plays what there is, and ends
  local player=$1
  write
  "play_$@" &
  watcher=$!
  sleep 2
  kill -KILL $writer
  wait $writer 2> /dev/null
  wait $watcher || fail "$player does not end after a writer that was killed: $(tail -c 300 log)"
}
if command -v ffplay > /dev/null; then
  write_and_kill ffplay -rw_timeout 2000000
  grep -aq ' 1\.[0-9]* [AM]-[VD]' log || fail "ffplay does not play what there is of a writer that was killed: $(tail -c 300 log)"
fi
if command -v mpv > /dev/null; then
  write_and_kill mpv ,follow_timeout=2
  grep -aq '1\.[0-9]* at' log || fail "mpv does not play what there is of a writer that was killed: $(tail -c 300 log)"
fi
echo "tried:$tried"
finish
