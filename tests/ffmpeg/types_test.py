#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The types of pictures are those that FFmpeg's decoders tell: types_test.py TOOL. Clips with B pyramids and open groups are made
here, and those in the folder H4MK_CORPUS are taken as well; `h4mk import` copies each, and its list is compared with ffprobe's.
AV1, for which FFmpeg has no decoder of its own, is compared with what the filter trace_headers reads. A copy by ffmpeg without
-picture_types says ? where it does not know."""
import json, os, pathlib, re, shutil, subprocess, sys, tempfile

tool = os.path.abspath(sys.argv[1])
folder = pathlib.Path(os.environ["H4MK_FFMPEG_PREFIX"], "bin")
ffmpeg, ffprobe = str(folder / "ffmpeg"), str(folder / "ffprobe")
codecs = {"h264", "hevc", "av1", "vp8", "vp9", "mpeg1video", "mpeg2video", "mpeg4"}
names = {0: "I", 1: "P", 2: "I", 3: "P"}  # of AV1: KEY, INTER, INTRA_ONLY, SWITCH
problems, compared = [], {}


def run(*words):
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def make_clips():
    source = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=3"]
    for name, options in {"pyramid.mkv": "libx264 -bf 5 -b_strategy 0 -x264-params b-pyramid=normal:keyint=24:open-gop=1",
                          "plain.mp4": "libx264 -bf 2 -x264-params b-pyramid=none:keyint=24",
                          "lengths.mp4": "libx264 -bf 3 -x264-params slices=4:keyint=30",
                          "intra.mp4": "libx264 -x264-params intra-refresh=1:bframes=0",
                          "one.mpg": "mpeg1video -bf 2 -g 12", "two.ts": "mpeg2video -bf 2 -g 12",
                          "four.mp4": "mpeg4 -bf 2 -g 12"}.items():
        encoder, *rest = options.split()
        done = run(ffmpeg, "-v", "error", "-y", *source, "-c:v", encoder, *rest, name)
        if done.returncode != 0:
            problems.append(f"{name}: {done.stderr}")
        yield name
    if shutil.which("x265"):
        run(ffmpeg, "-v", "error", "-y", *source, "-pix_fmt", "yuv420p", "h.y4m")
        run("x265", "--b-pyramid", "--bframes", "5", "--b-adapt", "0", "--keyint", "24", "h.y4m", "-o", "h.hevc")
        run(ffmpeg, "-v", "error", "-y", "-i", "h.hevc", "-c", "copy", "h.mp4")
        yield "h.mp4"


def first_video(path):
    """Codec and number of the first stream that is a film."""
    found = json.loads(run(ffprobe, "-v", "error", "-of", "json", "-select_streams", "V", "-show_entries",
                           "stream=index,codec_name", path).stdout or "{}").get("streams")
    return (found[0]["codec_name"], found[0]["index"]) if found else ("", 0)


def decoded_types(path, stream):
    """Times and types as FFmpeg's decoder has them."""
    frames = json.loads(run(ffprobe, "-v", "error", "-of", "json", "-select_streams", str(stream), "-show_entries",
                            "frame=pts,pict_type", path).stdout or "{}").get("frames", [])
    return {frame["pts"]: frame["pict_type"] for frame in frames if "pts" in frame}


def av1_types(path, stream):
    """The type of the first frame of each packet, by the fields of its header; None where it shows one that is there already."""
    text = run(ffmpeg, "-i", path, "-map", f"0:{stream}", "-c", "copy", "-bsf", "trace_headers", "-f", "null", "-").stderr
    types = []
    for packet in text.split("Packet: ")[1:]:
        found = re.search(r"frame_type\s+[01]+ = (\d)", packet)
        types.append(names[int(found[1])] if found else None)
    return types


def listed(path, stream):
    """The blocks of the track that has a stream."""
    answer = json.loads(run(tool, "inspect", "--json", path).stdout)
    track = answer["tracks"][stream]["description"]["track_id"]
    return json.loads(run(tool, "list", "--json", "--track", str(track), path).stdout)["blocks"]


def check(clip):
    name, (codec, stream) = os.path.basename(clip), first_video(clip)
    if codec not in codecs or run(tool, "import", "-y", "--ffmpeg", ffmpeg, clip, "-o", "copy.h4mk").returncode != 0:
        return
    blocks = listed("copy.h4mk", stream)
    if codec == "av1":
        ours, theirs = [block["type"] for block in blocks], av1_types(clip, stream)
        if len(ours) != len(theirs) or any(a != b for a, b in zip(ours, theirs) if b):
            problems.append(f"{name}: {ours} where the headers say {theirs}")
        compared[codec] = compared.get(codec, 0) + sum(type is not None for type in theirs)
        return
    # as seek points are I by the format
    ours = {block["pts"]: (block["key"], block["type"]) for block in blocks}
    for time, theirs in decoded_types("copy.h4mk", stream).items():
        if time not in ours:
            continue
        key, type = ours[time]
        compared[codec] = compared.get(codec, 0) + 1
        if type != ("I" if key else theirs):
            problems.append(f"{name}: {type} at {time} where the decoder says {theirs}")


def check_copies():
    """Without the option P is not claimed; B of a stream whose pictures nothing needs is."""
    run(ffmpeg, "-v", "error", "-y", "-i", "pyramid.mkv", "-c", "copy", "plain.h4mk")
    types = {block["type"] for block in listed("plain.h4mk", 0)}
    if "P" in types or "?" not in types:
        problems.append(f"a copy without -picture_types has the types {types}")
    run(ffmpeg, "-v", "error", "-y", "-i", "pyramid.mkv", "-c:v", "mpeg4", "-bf", "2", "coded.h4mk")
    types = {block["type"] for block in listed("coded.h4mk", 0)}
    if types != {"I", "P", "B"}:
        problems.append(f"an encoder's packets have the types {types}")


with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    clips = list(make_clips())
    if os.environ.get("H4MK_CORPUS"):
        clips += sorted(str(path) for path in pathlib.Path(os.environ["H4MK_CORPUS"]).rglob("*") if path.is_file())
    for clip in clips:
        check(clip)
    check_copies()
print("compared:", ", ".join(f"{count} of {codec}" for codec, count in sorted(compared.items())))
if not {"h264", "mpeg1video", "mpeg2video", "mpeg4"} <= compared.keys():
    problems.append(f"nothing was compared of some codecs: {compared}")
sys.exit("\n".join(problems[:20]) if problems else 0)
