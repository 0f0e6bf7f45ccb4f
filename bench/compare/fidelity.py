#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Copies clips to H4MK and to other containers and counts which copies give back what the clip gave, for three ways of copying:

  API        the public API of libavformat, everything that the demuxer told handed to every muxer (copy_everything.c)
  unpatched  `ffmpeg -c copy` without the patches to ffmpeg, if --unpatched names such a program (see README.md)
  ffmpeg     `ffmpeg -copy_exact -c copy` of this repository, to every container

The same program compares all of them (tests/ffmpeg/compare.c). Prints a table for README.md.
"""
import argparse
import concurrent.futures
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORMATS = ("h4mk", "nut", "matroska", "mov", "mpegts", "avi")
LEVELS = {"packets": ["-filled", "-packets"], "everything": ["-filled"]}
TIMEOUT = 300  # seconds for a copy or a comparison


def compiled(source, folder, prefix):
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libavformat", "libavcodec", "libavutil"], check=True, text=True,
                           capture_output=True, env={**os.environ, "PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig"}).stdout.split()
    program = folder / source.stem
    subprocess.run(["cc", "-O1", source, "-o", program, *flags, "-lm", f"-Wl,-rpath,{prefix}/lib"], check=True)
    return program


def runs(*command):
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT).returncode
    except subprocess.TimeoutExpired:
        return -1


def by_ffmpeg(program, *options):
    def copy(container, clip, target):
        return runs(program, "-v", "error", "-y", "-copyts", "-i", clip, "-map", "0", "-copy_unknown", "-c", "copy", "-avoid_negative_ts", "disabled",
                    *options, "-f", container, target)
    return copy


def outcome(way, container, clip, compare, folder):
    """How far a copy is the same: the levels that it reaches, or None if the container does not take the clip."""
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        target = Path(temporary) / f"copy.{container}"
        if way(container, clip, target):
            return None
        return {level for level, options in LEVELS.items() if runs(compare, *options, clip, target) == 0}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+", help="files, or folders with files")
    parser.add_argument("--prefix", type=Path, default=ROOT / "dist", help="where FFmpeg is installed (dist)")
    parser.add_argument("--unpatched", help="an ffmpeg program that writes H4MK but is not patched itself")
    parser.add_argument("--formats", type=lambda text: text.split(","), default=FORMATS)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("-v", "--verbose", action="store_true", help="one line a copy")
    arguments = parser.parse_args()
    prefix = arguments.prefix.resolve()
    clips = sorted(f for c in arguments.clips for f in (c.rglob("*") if c.is_dir() else [c]) if f.is_file())

    folder = Path(tempfile.mkdtemp())
    try:
        compare = compiled(ROOT / "tests/ffmpeg/compare.c", folder, prefix)
        by_api = compiled(ROOT / "bench/compare/copy_everything.c", folder, prefix)
        ways = {"API": lambda container, clip, target: runs(by_api, container, clip, target)}
        if arguments.unpatched:
            ways["unpatched"] = by_ffmpeg(arguments.unpatched)
        ways["ffmpeg"] = by_ffmpeg(prefix / "bin/ffmpeg", "-copy_exact")
        # What cannot be read twice in the same way says nothing about a copy of it.
        clips = [clip for clip in clips if runs(compare, clip, clip) == 0]
        tasks = [(way, container, clip) for clip in clips for way in ways for container in arguments.formats]
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            results = dict(zip(tasks, pool.map(lambda t: outcome(ways[t[0]], t[1], t[2], compare, folder), tasks)))
    finally:
        shutil.rmtree(folder)
    if arguments.verbose:
        for (way, container, clip), reached in results.items():
            print(f"{clip.name}\t{way}\t{container}\t{'not taken' if reached is None else ' '.join(sorted(reached)) or 'differs'}")

    print(f"| {len(clips)} clips | " + " | ".join(arguments.formats) + " |")
    print("| --- " * (len(arguments.formats) + 1) + "|")
    for way in ways:
        for level in LEVELS:
            counts = [sum(level in (results[way, container, clip] or ()) for clip in clips) for container in arguments.formats]
            print(f"| {way}: {level} identical | " + " | ".join(map(str, counts)) + " |")


if __name__ == "__main__":
    main()
