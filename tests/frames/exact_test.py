#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every frame by its number is the picture that decoding from the front gives at this place: streams of every kind, in .h4mk and through
sidecars; with and without leaving out what nothing needs, by one thread and by several. Argument: the program h4mk."""
import csv
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import exact
import h4mk
from exact import ffmpeg

SOURCE = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=4"]
SAME_PICTURES = {"late_dts.h4mk": "pyramid.mp4"}  # only dts differ
X264 = ["-c:v", "libx264", "-preset", "veryfast"]


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


def clips(folder):
    """Makes the clips; yields their names."""
    def make(name, *arguments):
        ffmpeg(*arguments, folder / name)
        return name

    film = make("pyramid.mp4", *SOURCE, *X264, "-g", "40", "-bf", "5", "-x264-params", "b-pyramid=normal:ref=4:scenecut=0")
    yield film
    yield make("default.mkv", *SOURCE, "-c:v", "libx264", "-threads", "2")
    yield make("open.mp4", *SOURCE, *X264, "-g", "15", "-bf", "3", "-x264-params", "open-gop=1:scenecut=0")
    yield make("open.ts", "-i", folder / "open.mp4", "-c", "copy")
    yield make("refresh.mp4", *SOURCE, *X264, "-g", "30", "-x264-params", "intra-refresh=1")
    yield make("interlaced.mp4", *SOURCE, "-vf", "tinterlace=interleave_top", *X264, "-flags", "+ilme+ildct", "-g", "12", "-bf", "2")
    yield make("no_b.mp4", *SOURCE, *X264, "-bf", "0", "-g", "20")
    yield make("open_mpeg2.mp4", *SOURCE, "-c:v", "mpeg2video", "-bf", "2", "-g", "12")
    yield make("open_mpeg2.ts", *SOURCE, "-c:v", "mpeg2video", "-bf", "2", "-g", "12")
    yield make("mpeg4.avi", *SOURCE, "-c:v", "mpeg4", "-bf", "2", "-g", "12")
    yield make("intra.mov", *SOURCE, "-c:v", "mjpeg")
    yield make("lossless.mkv", *SOURCE, "-c:v", "ffv1", "-g", "10")
    yield make("variable.mkv", *SOURCE, "-vf", "select='mod(n\\,7)-3*not(mod(n\\,11))'", "-fps_mode", "passthrough", *X264, "-g", "17", "-bf", "3")
    yield make("late.mkv", "-i", folder / film, "-c", "copy", "-output_ts_offset", "100")
    yield make("early.mp4", "-i", folder / film, "-c", "copy", "-output_ts_offset", "-2", "-avoid_negative_ts", "disabled", "-use_editlist", "0")
    yield make("cut.mp4", "-ss", "1.2", "-i", folder / film, "-c", "copy")  # begins in a group: an edit list hides its beginning
    yield make("fragments.mp4", "-i", folder / film, "-c", "copy", "-movflags", "frag_keyframe+empty_moov")
    yield make("depth.mp4", *SOURCE, *X264, "-pix_fmt", "yuv420p10le", "-g", "25", "-bf", "3")
    for name, options in (("open_hevc", []), ("layers_hevc", ["--temporal-layers"]), ("closed_hevc", ["--no-open-gop"])):
        if shutil.which("x265"):
            make_hevc(folder, name, options)
            yield make(name + ".mp4", "-copyts", "-i", folder / (name + ".h4mk"), "-c", "copy")
    yield make("equal_times.h4mk", "-i", folder / "no_b.mp4", "-c", "copy", "-bsf:v", "setts=pts=2*DURATION*floor(N/2)")
    yield make("no_times.h4mk", "-r", "25", "-i", folder / make("no_b.h264", "-i", folder / "no_b.mp4", "-c", "copy"), "-c", "copy")
    yield make("late_dts.h4mk", "-i", folder / film, "-c", "copy", "-bsf:v", "setts=pts=PTS:dts=DTS+6*DURATION")
    if shutil.which("vpxenc"):  # pictures that are never shown, in packets of their own
        ffmpeg(*SOURCE, "-pix_fmt", "yuv420p", folder / "raw.y4m")
        for codec in ("vp8", "vp9"):
            run("vpxenc", "--codec=" + codec, "--cpu-used=8", "--auto-alt-ref=1", "--lag-in-frames=16", "--kf-max-dist=40", "-o", folder / (codec + ".webm"), folder / "raw.y4m")
            yield codec + ".webm"
        yield make("hidden_vp9.mkv", "-i", folder / "vp9.webm", "-c", "copy", "-bsf:v", "vp9_superframe_split")


def make_hevc(folder, name, options):
    """A file of x265's, which open groups unless they are told not to. Its stream has no times: they come from its table of pictures."""
    raw, stream, table = folder / "raw.y4m", folder / "stream.hevc", folder / "table.csv"
    ffmpeg(*SOURCE, "-pix_fmt", "yuv420p", raw)
    run("x265", "--y4m", "--log-level", "none", "--keyint", "20", "--min-keyint", "20", "--bframes", "4", "--b-pyramid", *options, "--csv", table,
        "--csv-log-level", "1", raw, stream)
    shown, base = [], 0
    for row in csv.reader(table.read_text().splitlines()[1:]):
        if len(row) > 3 and row[0].strip().isdigit():
            if int(row[2]) == 0:  # an IDR picture: counting begins anew
                base = max(shown, default=-1) + 1
            shown.append(base + int(row[2]))
    ffmpeg("-r", "25", "-i", stream, "-c", "copy", folder / "no_times.h4mk")
    source = h4mk.open(folder / "no_times.h4mk").video
    with h4mk.Writer(folder / (name + ".h4mk")) as writer:
        track = writer.add_description({**source.description, "time_base": "1/25", "video_delay": 3})
        for packet, picture in zip(source.packets(), shown, strict=True):
            track.write(packet.data, picture, dts=packet.ordinal - 4, duration=1, flags=packet.flags)
    table.unlink()


def to_h4mk(path):
    output = path.with_name(path.name + ".h4mk")
    ffmpeg("-fflags", "+genpts", "-copyts", "-i", path, "-map", "0:v", "-copy_unknown", "-c", "copy", "-copyinkf", "-f", "h4mk", output)
    return output


def check(folder, name, tool):
    """Prints what is wrong; returns whether anything is."""
    path = folder / name
    stream, _ = exact.first_video(path)
    expected = exact.linear(folder / SAME_PICTURES.get(name, name), stream)
    packed = to_h4mk(path)
    found = {"h4mk": exact.wrong_frames(packed, expected), "one thread": exact.wrong_frames(packed, expected, seed=2, threads=1)}
    if path.suffix in (".mp4", ".mkv", ".mov", ".avi", ".webm"):
        sidecar = h4mk.index(path, folder / (name + ".side.h4mk"), program=tool, ffmpeg=exact.FFMPEG)
        found["sidecar"] = exact.wrong_frames(sidecar, expected, seed=3)
    bad = {way: result for way, (result, _) in found.items() if result}
    print(f"{name}: {len(expected)} frames, {sum(asked for _, asked in found.values())} asked for" + (f", wrong: {bad}" if bad else ""))
    return bool(bad)


def corpus(folder):
    """Clips as they come, where they are there."""
    for path in sorted(pathlib.Path(os.environ.get("H4MK_CORPUS", "/nonexistent")).glob("*")):
        if path.suffix.lower() not in (".mp4", ".mov", ".mkv", ".webm", ".ts", ".mpg", ".avi"):
            continue
        try:
            chosen = exact.first_video(path)
        except subprocess.CalledProcessError:
            continue
        # There is no decoder for AV1, and one clip is encrypted.
        if chosen and chosen[1] != "av1" and path.name != "subsample_encrypted_noaltref.webm":
            shutil.copy(path, folder)
            yield path.name


def main(tool):
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        results = [check(work, name, tool) for source in (clips, corpus) for name in source(work)]
    print(f"{len(results)} clips, {sum(results)} with wrong frames")
    return any(results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
