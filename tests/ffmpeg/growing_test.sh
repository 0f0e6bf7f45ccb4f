#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A file that is still being written: a cluster is on the disk as soon as it is closed; who opens the file gets all packets up
# to there, can seek in them, and is not told of damage; who reads on later gets the rest.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

# A web server that tells the size that a file has by now.
cat > serve.py << 'EOF'
import http.server, os, re
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        data = open(self.path[1:], "rb").read()
        first = int((re.match(r"bytes=(\d+)-", self.headers.get("Range", "")) or [0, "0"])[1])
        self.send_response(206 if first < len(data) else 416)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}" if first < len(data) else f"bytes */{len(data)}")
        self.send_header("Content-Length", str(max(len(data) - first, 0)))
        self.end_headers()
        try: self.wfile.write(data[first:])
        except OSError: self.close_connection = True
    def log_message(self, *arguments): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
EOF
python3 serve.py > port &
server=$!
until [ -s port ]; do sleep 0.1; done

# 16 kb/s: FFmpeg's own buffer of 32 KiB would hold 16 seconds of it.
ff -f lavfi -i "$AUDIO" -t 6 -ac 1 -ar 16000 -c:a aac -b:a 16k source.nut
mux source.nut whole.h4mk

"$FFMPEG" -v error -nostdin -y -readrate 1 -readrate_initial_burst 0 -copyts -i source.nut -map 0 -c copy \
  -cluster_time_limit 250 growing.h4mk &
writer=$!
sleep 1
"$BIN/ffmpeg_follow" growing.h4mk whole.h4mk 30 > followed.txt &
follower=$!

# Who is told to follow the file waits at its present end, and is done when it is closed: a file, and a web server's.
timeout 120 "$FFMPEG" -v error -nostdin -y -follow 1 -copyts -i growing.h4mk -map 0 -c copy -f h4mk watched.h4mk &
watcher=$!
timeout 120 "$FFMPEG" -v error -nostdin -y -follow 1 -copyts -i "http://127.0.0.1:$(cat port)/growing.h4mk" -map 0 -c copy -f h4mk \
  watched_http.h4mk &
http_watcher=$!

# A cluster spans 0.25 s, so that soon more than a second is on the disk, long before the writer is done.
reached=0
for ((i = 0; i < 40; i++)); do
  "$FFPROBE" -v warning -show_entries packet=pts_time -of csv=p=0 growing.h4mk > seen.txt 2> warnings.txt
  reached=$(grep '[0-9]' seen.txt | tail -n 1 | cut -d, -f1)
  awk -v t="${reached:-0}" 'BEGIN { exit !(t >= 1.5) }' && break
  sleep 0.1
done
cp growing.h4mk snapshot.h4mk
kill -0 $writer 2> /dev/null || fail "until the writer was done only ${reached:-nothing} was on the disk"
! grep -v 'no end at byte' warnings.txt || fail "a growing file is taken for a damaged one"
expect "a snapshot" "$COMPARE" -packets -prefix -atleast 15 whole.h4mk snapshot.h4mk
expect "seeking in a snapshot" "$SEEK_CHECK" snapshot.h4mk

wait $writer || fail "the writer"
expect "the finished file" "$COMPARE" -packets whole.h4mk growing.h4mk
wait $watcher || fail "-follow 1"
expect "what -follow 1 gives" "$COMPARE" -packets whole.h4mk watched.h4mk
wait $http_watcher || fail "-follow 1 over HTTP"
expect "what -follow 1 gives over HTTP" "$COMPARE" -packets whole.h4mk watched_http.h4mk
kill $server
wait $follower || fail "following: $(cat followed.txt)"

# A recording whose writer is stopped for a while and then killed: what there is comes, and rw_timeout ends the waiting.
"$FFMPEG" -v error -nostdin -y -readrate 1 -readrate_initial_burst 0 -copyts -i source.nut -map 0 -c copy \
  -cluster_time_limit 250 killed.h4mk &
writer=$!
until [ -s killed.h4mk ]; do sleep 0.1; done
timeout 120 "$FFMPEG" -v error -nostdin -y -follow 1 -rw_timeout 3000000 -copyts -i killed.h4mk -map 0 -c copy -f h4mk watched.h4mk 2> message &
watcher=$!
kill -STOP $writer
sleep 1
kill -CONT $writer
sleep 1
kill -KILL $writer
wait $writer 2> /dev/null
wait $watcher
read -r count _ <<< "$(python3 "$H4MK_SOURCE_DIR/tests/support/count_blocks.py" killed.h4mk)"
expect "what there is of a killed writer's file" "$COMPARE" -packets -prefix -atleast "$count" whole.h4mk watched.h4mk

# So does follow_timeout, where the input has no such option.
rm watched.h4mk
timeout 60 "$FFMPEG" -v error -nostdin -y -follow 1 -follow_timeout 1.5 -copyts -i killed.h4mk -map 0 -c copy -f h4mk watched.h4mk 2> message
[ $? -ne 124 ] && grep -q "nothing came for 1.5 s" message || fail "follow_timeout: $(cat message)"
expect "what there is after follow_timeout" "$COMPARE" -packets -prefix -atleast "$count" whole.h4mk watched.h4mk

# A recording whose writer is killed and that another writer begins anew: what there was is all that comes, and a warning says why.
rm killed.h4mk
"$FFMPEG" -v error -nostdin -y -readrate 1 -readrate_initial_burst 0 -copyts -i source.nut -map 0 -c copy \
  -cluster_time_limit 250 killed.h4mk &
writer=$!
until [ -s killed.h4mk ]; do sleep 0.1; done
timeout 60 "$FFMPEG" -v warning -nostdin -y -follow 1 -copyts -i killed.h4mk -map 0 -c copy -f h4mk watched.h4mk 2> message &
watcher=$!
timeout 60 "$BIN/ffmpeg_follow" -again killed.h4mk > again.txt &
again=$!
sleep 2
kill -KILL $writer
wait $writer 2> /dev/null
sleep 0.5
read -r count _ <<< "$(python3 "$H4MK_SOURCE_DIR/tests/support/count_blocks.py" killed.h4mk)"
head -c 100 whole.h4mk > killed.h4mk
sleep 0.5
cat whole.h4mk whole.h4mk > killed.h4mk
wait $watcher || fail "-follow 1 of a file that is begun anew"
grep -q "begun anew" message || fail "a file that is begun anew: $(cat message)"
wait $again || fail "who asks again for more of a file that is begun anew: $(cat again.txt)"
expect "what there was of a file that is begun anew" "$COMPARE" -packets -prefix -atleast "$count" whole.h4mk watched.h4mk

# Opening never waits, wherever the file ends by now.
ff -f lavfi -i "$AUDIO" -t 1 -ac 1 -ar 16000 -c:a aac -b:a 16k -cluster_time_limit 250 short.h4mk
expect "opening prefixes" "$BIN/ffmpeg_follow" -prefixes short.h4mk prefix.h4mk

# Who looks at a recording that has just begun waits a moment for its descriptions.
head -c 100 short.h4mk > begun.h4mk
(sleep 0.3; tail -c +101 short.h4mk >> begun.h4mk) &
[ "$("$FFPROBE" -v error -f h4mk -follow 1 -show_entries stream=codec_name -of csv=p=0 begun.h4mk)" = aac ] || fail "a recording that has just begun"
wait $!
finish
