# SPDX-License-Identifier: MIT
"""Frames by number against decoding from the front: what the tests of this folder share."""
import hashlib
import os
import pathlib
import random
import subprocess

import h4mk

PREFIX = os.environ["H4MK_FFMPEG_PREFIX"]
FFMPEG, FFPROBE = PREFIX + "/bin/ffmpeg", PREFIX + "/bin/ffprobe"


def ffmpeg(*arguments, **options):
    return subprocess.run([FFMPEG, "-hide_banner", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True, capture_output=True, **options).stdout


def linear(path, stream):
    """SHA-256 of each picture of a stream as it is decoded from the front, in the order of their times, without rotation."""
    text = ffmpeg("-noautorotate", "-copyts", "-i", path, "-map", f"0:{stream}", "-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "framehash", "-hash", "sha256", "-")
    rows = [line.split(b",") for line in text.splitlines() if line and not line.startswith(b"#")]
    return [row[-1].strip().decode() for row in sorted(rows, key=lambda row: int(row[2]))]


def hashes(pictures):
    return [hashlib.sha256(picture.tobytes()).hexdigest() for picture in pictures]


def wrong_frames(path, expected, seed=1, requests=8, **options):
    """How many of the frames that are asked for, in several ways, are not as expected: all, each sixth alone, some at random. Also how many
    were asked for."""
    wrong = asked = 0
    with h4mk.open(path, **options) as file:
        video = file.video
        if len(video) != len(expected):
            return f"{len(video)} frames in the index, {len(expected)} were decoded", 0
        chooser = random.Random(seed)
        everything = list(range(len(video)))
        plans = [everything[i:i + 100] for i in range(0, len(everything), 100)] + [[i] for i in everything[::max(1, len(everything) // 6)]]
        plans += [[chooser.choice(everything) for _ in range(5)] for _ in range(requests)]
        for numbers in plans:
            found = hashes(video.frames(numbers, pixels="decoded"))
            asked += len(numbers)
            wrong += sum(a != expected[i] for a, i in zip(found, numbers))
    return wrong, asked


def first_video(path):
    """The number of the stream that h4mk takes by default, and its codec; None if there is none."""
    text = subprocess.run([FFPROBE, "-v", "error", "-show_entries", "stream=index,codec_type,codec_name:stream_disposition=default,attached_pic",
                           "-of", "compact=p=0", str(path)], capture_output=True, text=True, check=True).stdout
    found = []
    for line in text.splitlines():
        fields = dict(field.split("=", 1) for field in line.split("|") if "=" in field)
        if fields.get("codec_type") == "video" and fields.get("disposition:attached_pic") != "1":
            found.append((fields.get("disposition:default") != "1", int(fields["index"]), fields.get("codec_name")))
    return min(found)[1:] if found else None
