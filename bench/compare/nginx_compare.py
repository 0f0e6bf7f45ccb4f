#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the requests and bytes that it takes to play a film from an ordinary web server: Debian's nginx, on this machine only.

    bench/compare/nginx_compare.py [--prefix dist] [--cache build/compare] [--markdown]

Each file is opened, sought to its middle and read up to the next packet; then it is played for ten seconds from there by another
process. The counts are those of nginx's access log. It needs nginx (nginx-light will do).
"""
import argparse
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from compare import ROOT, Measure
from inputs import make_input

# What it is called, extension, and the muxer's options.
FILES = [
    ("H4MK", "h4mk", []),
    ("H4MK, index in front", "h4mk", ["-index_to_front", "1"]),
    ("NUT", "nut", []),
    ("Matroska", "mkv", []),
    ("Matroska, cues in front", "mkv", ["-cues_to_front", "1"]),
    ("MP4", "mp4", []),
    ("MP4, faststart", "mp4", ["-movflags", "+faststart"]),
    ("fragmented MP4", "mp4", ["-movflags", "+frag_keyframe+empty_moov+default_base_moof"]),
]
PLAYED = 10  # seconds

CONFIG = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
  log_format ranges '$uri|$status|$http_range|$body_bytes_sent';
  access_log {folder}/access.log ranges;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} sndbuf=64k; # what waits in a large buffer would count as sent
    root {folder}/files;
  }}
}}
"""


class Nginx:
    def __init__(self, folder):
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if not program:
            sys.exit("nginx is not installed (Debian: nginx-light)")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = folder / "access.log"
        self.log.unlink(missing_ok=True)
        config = folder / "nginx.conf"
        config.write_text(CONFIG.format(folder=folder, port=self.port))
        self.process = subprocess.Popen([program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)])
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        sys.exit(f"nginx did not start: see {folder}/error.log")

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/{name}"

    def requests_since(self, count):
        """Requests and bytes after the first so many lines; the log is written when a request has ended."""
        time.sleep(0.3)
        lines = [line.split("|") for line in self.log.read_text().splitlines()[count:]]
        return len(lines), sum(int(line[3]) for line in lines)

    def count(self):
        time.sleep(0.3)
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0


def make_files(ffmpeg, source, folder):
    names = []
    for number, (_, extension, options) in enumerate(FILES):
        path = folder / f"film{number}.{extension}"
        subtitles = ["-c:s", "mov_text"] if extension == "mp4" else []
        if not path.exists():
            subprocess.run([ffmpeg, "-v", "error", "-nostdin", "-y", "-i", source, "-map", "0", "-c", "copy", *subtitles, *options, path],
                           check=True)
        names.append(path.name)
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prefix", type=Path, default=ROOT / "dist", help="where the patched FFmpeg is installed")
    parser.add_argument("--cache", type=Path, default=ROOT / "build/compare")
    parser.add_argument("--markdown", action="store_true", help="a table for a document")
    options = parser.parse_args()
    prefix, cache = options.prefix.resolve(), options.cache.resolve()
    folder = cache / "nginx"
    (folder / "files").mkdir(parents=True, exist_ok=True)
    for part in [cache, *cache.parents, folder, folder / "files"]:
        if not part.stat().st_mode & 0o001:  # nginx's workers are somebody else
            sys.exit(f"nginx could not read {part}: choose another --cache")
    ffmpeg = prefix / "bin/ffmpeg"
    measure = Measure(prefix, cache)
    source = make_input("film", ffmpeg, cache)
    names = make_files(ffmpeg, source, folder / "files")
    middle = measure.lines("reach", folder / "files" / names[0])[0]["seconds"] / 2
    server = Nginx(folder)
    rows = []
    try:
        for (title, _, _), name in zip(FILES, names):
            before = server.count()
            found = measure.lines("seek", server.url(name), middle)[0]["found"]
            first = server.requests_since(before)
            before = server.count()
            subprocess.run([ffmpeg, "-v", "fatal", "-nostdin", "-ss", str(middle), "-i", server.url(name), "-t", str(PLAYED),
                            "-map", "0:v", "-map", "0:a", "-c", "copy", "-f", "null", "-"], check=True)
            rows.append((title, found, *first, *server.requests_since(before)))
    finally:
        server.stop()
    line = "| {:<24} | {:>8} | {:>9} | {:>8} | {:>9} |" if options.markdown else "{:<24} {:>8} {:>9} {:>8} {:>9}"
    print(line.format("", "requests", "kB", "playing", "kB"))
    if options.markdown:
        print("| --- | ---: | ---: | ---: | ---: |")
    for title, found, requests, size, playing, played in rows:
        print(line.format(title, requests if found else "failed", size // 1000, playing, played // 1000))


if __name__ == "__main__":
    main()
