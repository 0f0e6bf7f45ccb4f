#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""URLs where commands take files, also where ffmpeg does the work: url_test.py TOOL. What comes of a URL is what comes of the file;
names are never options, protocols or lists."""
import http.server, json, os, pathlib, re, subprocess, sys, tempfile, threading

tool = os.path.abspath(sys.argv[1])
ffmpeg = str(pathlib.Path(os.environ["H4MK_FFMPEG_PREFIX"], "bin/ffmpeg"))
problems, asked = [], []


class Handler(http.server.BaseHTTPRequestHandler):
    """Files of this folder, with ranges."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked.append(self.path)
        path = pathlib.Path(self.path.split("?")[0].lstrip("/"))
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        part = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first, last = (int(part[1]), min(int(part[2] or len(data)), len(data) - 1)) if part else (0, len(data) - 1)
        if first > last:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if part else 200)
        if part:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", '"one"')
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        self.wfile.write(data[first:last + 1])

    def log_message(self, *_):
        pass


def run(*words, cwd=None):
    return subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=dict(os.environ, FFMPEG=ffmpeg))


def good(*words, cwd=None):
    done = run(tool, *words, cwd=cwd)
    if done.returncode != 0:
        problems.append(f"{' '.join(words)}: {done.stderr.decode()}")
    return done.stdout


def same(what, one, other):
    if one != other:
        problems.append(f"{what}: a URL and its file are not the same")


def check_reading(url):
    for words in (["list"], ["list", "--hash"], ["frames", "--track", "1"], ["verify"], ["inspect", "--json"], ["cat", "--track", "1"]):
        here, there = (good(*words, place + "film.h4mk") for place in ("", url))
        same(words[0], here.replace(b"film.h4mk", b""), there.replace(url.encode() + b"film.h4mk", b""))
    good("diff", "film.h4mk", url + "film.h4mk")
    if run(tool, "diff", url + "film.h4mk", url + "other.h4mk").returncode != 1:
        problems.append("diff of two URLs sees no difference")


def check_writing(url):
    good("cut", url + "film.h4mk", "--from", "1", "--to", "2", "-o", "cut.h4mk")
    good("cut", "film.h4mk", "--from", "1", "--to", "2", "-o", "cut_here.h4mk")
    good("diff", "cut.h4mk", "cut_here.h4mk")
    good("join", url + "film.h4mk", url + "film.h4mk", "-o", "both.h4mk")
    good("verify", "both.h4mk")
    good("export", "--packets", url + "film.mp4", "-o", "exported.h4mk")
    good("verify", "exported.h4mk")
    good("inspect", "--html", "page.html", "--thumbnails", "--ffmpeg", ffmpeg, url + "film.h4mk")
    if '"thumbnails":[]' in pathlib.Path("page.html").read_text().replace(" ", ""):
        problems.append("the page of a URL has no pictures")


def check_extract(url):
    """The film goes through ffmpeg, the sound as well, the subtitles do not."""
    good("extract", "--ffmpeg", ffmpeg, "film.h4mk", "-o", "here")
    good("extract", "--ffmpeg", ffmpeg, url + "film.h4mk?key=1/2", "-o", "there")
    here, there = ({path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()} for folder in ("here", "there"))
    same("extract", here, there)
    if len(there) != 3 or not all(there.values()):
        problems.append(f"extract wrote {sorted(there)}")


def check_import(url):
    os.mkdir("work")
    good("import", "--ffmpeg", ffmpeg, url + "film.mp4?key=1/2", cwd="work")
    same("import", os.listdir("work"), ["film.h4mk"])
    good("diff", "film.h4mk", "work/film.h4mk")
    # a list on a server names a file of this machine
    pathlib.Path("list.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nfile://" + os.path.abspath("film.ts") + "\n#EXT-X-ENDLIST\n")
    done = run(tool, "import", "--ffmpeg", ffmpeg, url + "list.m3u8", "-o", "stolen.h4mk")
    if done.returncode == 0 or os.path.exists("stolen.h4mk"):
        problems.append("a list on a server read a file of this machine")
    # other protocols are names of files
    before = len(asked)
    for name in ("tcp://127.0.0.1:1", "-http://x", "concat:film.mp4|film.mp4", "hls+" + url + "film.mp4"):
        if run(tool, "import", "--ffmpeg", ffmpeg, "-o", "no.h4mk", "--", name).returncode == 0:
            problems.append(f"{name} was read")
    if len(asked) != before:
        problems.append(f"a name that is no URL was asked for: {asked[before:]}")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    pathlib.Path("text.srt").write_text("1\n00:00:00,500 --> 00:00:01,500\nwords\n")
    common = ["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=3", "-f", "lavfi", "-i", "sine=duration=3"]
    run(ffmpeg, *common, "-i", "text.srt", "-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-g", "25", "-c:a", "aac", "-c:s", "mov_text", "film.mp4")
    run(ffmpeg, *common, "-c:v", "libx264", "-c:a", "aac", "film.ts")
    good("import", "--ffmpeg", ffmpeg, "film.mp4")
    good("import", "--ffmpeg", ffmpeg, "film.ts", "-o", "other.h4mk")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    check_reading(url)
    check_writing(url)
    check_extract(url)
    check_import(url)
    server.shutdown()
sys.exit("\n".join(problems[:20]) if problems else 0)
