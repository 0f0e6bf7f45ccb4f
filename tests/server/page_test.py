#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page of h4mkd in Chromium, by playwright-core of tools/web. Skipped where these are not installed.

page_test.py H4MKD
"""
import os, pathlib, shutil, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
from daemon import Daemon

WEB = HERE.parents[1] / "tools" / "web"
FFMPEG = str(pathlib.Path(os.environ.get("H4MK_FFMPEG_PREFIX", ""), "bin", "ffmpeg"))
META = ";FFMETADATA1\ntitle=A film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=6000\ntitle=Begin\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=6000\nEND=12000\ntitle=The rest\n"


def main():
    modules = pathlib.Path(os.environ.get("H4MK_WEB", WEB))
    if not shutil.which("node") or not (modules / "node_modules" / "playwright-core").exists():
        print("skipped: Node.js or playwright-core (npm ci in tools/web) is missing")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "meta").write_text(META)
        subprocess.run([FFMPEG, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=12", "-f", "lavfi", "-i", "sine=r=48000:d=12", "-f", "lavfi", "-i",
                        "sine=f=880:r=48000:d=12", "-i", str(root / "meta"), "-map", "0", "-map", "1", "-map", "2", "-map_metadata", "3", "-map_chapters", "3",
                        "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac", str(root / "film.mp4")], check=True)
        (root / "films").mkdir()
        subprocess.run([FFMPEG, "-v", "error", "-i", str(root / "film.mp4"), "-map", "0:v", "-map", "0:a", "-c", "copy", str(root / "films" / "film.h4mk")], check=True)
        keys = root / "keys"
        keys.write_text("one " + "ab" * 32 + "\n")
        signed = subprocess.run([sys.argv[1], "--key-file", keys, "--sign", ""], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        for options, prefix in ([], ""), (["--key-file", keys], signed):  # open to all; behind a signature for all
            with Daemon(sys.argv[1], "--ffmpeg", FFMPEG, *options, root / "films") as daemon:
                code = subprocess.run(["node", str(HERE / "page.mjs"), daemon.url + prefix, str(modules)], timeout=120).returncode
            if code:
                return code
        return 0


if __name__ == "__main__":
    sys.exit(main())
