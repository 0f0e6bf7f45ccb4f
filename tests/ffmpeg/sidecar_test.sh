#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A sidecar plays as the film beside it. Arguments: the program h4mk, the library of tests/cli/meanwhile.c.

. "${H4MK_SOURCE_DIR:?}/tests/support/ffmpeg.sh"

make_clips 2 > clips
clip=$(grep -m 1 'mp4$\|avi$' clips)
mkdir films && cp "$clip" films/
expect "the sidecar" "$1" sidecar "films/$clip" -o films/side.h4mk --ffmpeg "$FFMPEG"
[ "$(stat -c %s films/side.h4mk)" -lt "$(($(stat -c %s "$clip") / 2))" ] || fail "it holds the film itself"

side() { ff "$@" -enable_sidecars 1 -i films/side.h4mk -map 0:v -map 0:a -c copy -f streamhash -; }
film() { ff "$@" -i "films/$clip" -map 0:v -map 0:a -c copy -f streamhash -; }
frame() { ff -ss 1 "$@" -map 0:v -frames:v 1 -f framemd5 - | grep -v '^#' | sed 's/.*, *//'; }
[ "$(side -copyts)" = "$(film -copyts)" ] || fail "not the same packets"
[ "$(frame -enable_sidecars 1 -i films/side.h4mk)" ] || fail "no frame after a seek"

# A file is only opened because another says so if that is allowed.
rm -rf refused && mkdir refused && cp films/* refused/
ff -i refused/side.h4mk -map 0 -c copy -f null - 2> message
grep -q "enable_sidecars" message || fail "without enable_sidecars: $(cat message)"
[ "$(grep -c enable_sidecars message)" = 1 ] || fail "without enable_sidecars: told more than once"

# A link that takes the place of the film just before it is opened is not followed.
mkdir exchanged && cp films/* exchanged/
LD_PRELOAD=$2 MEANWHILE_STEP=read MEANWHILE_FILE=exchanged/$clip MEANWHILE="cd exchanged && mv $clip film && ln -s film $clip" \
  ff -enable_sidecars 1 -i exchanged/side.h4mk -map 0 -c copy -f null - 2> message
[ -L "exchanged/$clip" ] || fail "the film was not exchanged"
grep -q "Cannot open .*Permission denied" message || fail "a link is followed: $(cat message)"

# Nothing of a name is more than a name: not in a folder whose name looks like a query, and not in a URL.
# opened FILE NAME: what is opened for a track of a copy of FILE in the folder "we?ird" that names NAME
python3 - << 'EOF'
import os, sys
sys.path.insert(0, os.environ["H4MK_SOURCE_DIR"] + "/tests/support")
import chunks
os.mkdir("we?ird")
for number, name in enumerate(("%2e%2e%2fsecret", "a?delete=all", "#x", "gr\u00fcn film")):
    file = chunks.File(open("films/side.h4mk", "rb").read())
    trak = file.json("TRAK")
    for track in trak["tracks"]:
        if "beside" in track:
            track["beside"] = name
    file.set_json("TRAK", trak)
    file.drop_index()
    open(f"we?ird/{number}.h4mk", "wb").write(file.bytes())
EOF
cat > serve.py << 'EOF'
import http.server, os, re, urllib.parse
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.path, file=open("requests", "a"))
        path = "we?ird/" + os.path.basename(self.path.split("?")[0])
        data = open(path, "rb").read() if os.path.exists(path) else b""
        first = int((re.match(r"bytes=(\d+)-", self.headers.get("Range", "")) or [0, "0"])[1])
        self.send_response(206 if data else 404)
        if data: self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        try: self.wfile.write(data[first:])
        except OSError: pass
    def log_message(self, *arguments): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
EOF
python3 serve.py > port &
server=$!
until [ -s port ]; do sleep 0.1; done
echo secret > secret
for number in 0 1 2 3; do
  ff -v debug -enable_sidecars 1 -i "we?ird/$number.h4mk" -map 0 -c copy -f null - > message 2>&1
  grep -o "Opening '[^']*' for reading" message | grep -v "$number.h4mk"
  ff -enable_sidecars 1 -i "http://127.0.0.1:$(cat port)/dir/$number.h4mk?key=a/b" -map 0 -c copy -f null - 2> /dev/null
done | sort -u > opened
kill $server
# core.md, "External data": names with %, ? or # are refused, all others are names.
[ "$(cat opened)" = "Opening 'we?ird/grün film' for reading" ] || fail "a folder: $(cat opened)"
[ "$(grep -v '\.h4mk?key=a/b$' requests | sort -u)" = /dir/gr%C3%BCn%20film ] || fail "a URL: $(sort -u requests)"

# Without the film there is nothing to play, and its name is told.
mkdir alone && mv films/side.h4mk alone/
ff -enable_sidecars 1 -i alone/side.h4mk -map 0 -c copy -f null - 2> message
grep -q "$clip" message || fail "no word of $clip: $(cat message)"
finish
