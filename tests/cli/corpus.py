#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real clips through the program: corpus.py TOOL. Every file in the folder H4MK_CORPUS that the patched ffmpeg can copy is
verified, edited, cut and recovered. Skipped without H4MK_CORPUS or a patched ffmpeg (H4MK_FFMPEG_PREFIX)."""
import json, os, pathlib, subprocess, sys, tempfile

tool = os.path.abspath(sys.argv[1])
corpus = os.environ.get("H4MK_CORPUS")
ffmpeg = pathlib.Path(os.environ.get("H4MK_FFMPEG_PREFIX") or "/nonexistent", "bin/ffmpeg")
if not corpus or not ffmpeg.exists():
    sys.exit(77)


def h4mk(*arguments):
    return subprocess.run([tool, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def answer(*arguments):
    return json.loads(h4mk(*arguments).stdout)


def problems(clip):
    environment = dict(os.environ, FFMPEG=str(ffmpeg))
    done = subprocess.run([tool, "export", "--packets", clip, "-o", "a.h4mk"], env=environment,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if done.returncode != 0:
        return None
    found = []
    verified = answer("verify", "--json", "a.h4mk")
    blocks = answer("list", "--json", "a.h4mk")["blocks"]
    if verified["errors"]:
        found.append(f"verify: {verified['errors']}")
    if len(blocks) != verified["blocks"]:
        found.append(f"{len(blocks)} blocks listed, {verified['blocks']} verified")
    if h4mk("inspect", "a.h4mk").returncode != 0:
        found.append("inspect failed")
    if h4mk("edit", "a.h4mk", "--tag", "h4mk=test").returncode != 0 or h4mk("verify", "a.h4mk").returncode != 0:
        found.append("edit")
    h4mk("edit", "a.h4mk", "--undo")
    with open("a.h4mk", "r+b") as file:
        file.truncate(max(1000, os.path.getsize("a.h4mk") * 2 // 3))
    if 0 in (h4mk(command, "a.h4mk").returncode for command in ("verify", "inspect", "list", "manifest")):
        found.append("status 0 for a file that was cut")
    if h4mk("recover", "a.h4mk", "b.h4mk").returncode < 2 and h4mk("verify", "b.h4mk").returncode != 0:
        found.append("a recovered file is not whole")
    return found


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    clips = sorted(path for path in pathlib.Path(corpus).iterdir() if path.is_file())
    tried = failed = 0
    for clip in clips:
        found = problems(str(clip))
        tried += found is not None
        failed += bool(found)
        for problem in found or []:
            print(f"{clip.name}: {problem}")
print(f"{tried - failed} of {tried} clips")
sys.exit(1 if failed or not tried else 0)
