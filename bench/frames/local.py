# SPDX-License-Identifier: MIT
"""Files on a disk: opening, frame table, random frames, and which frames are wrong."""
import pathlib
import random
import resource
import time

import numpy as np

from common import HEIGHT, LOOP, TOOL, WIDTH, ffmpeg, in_process, table
from contenders import CONTENDERS, gray

TOLD = 12  # frames that are asked for in each clip


def best(times, run):
    """The least of the seconds that some runs take."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return min(found)


# -------------------------------------------------------------------------------------------------- speed


def measure(name, base, requests):
    """One contender, in a process of its own."""
    kind, media = CONTENDERS[name], f"{base}.mp4"
    kind(base, media).count()  # makes the cached index, warms the page cache
    contender = kind(base, media)
    result = {"open_ms": 1000 * best(7, lambda: kind(base, media).count()), "count": contender.count()}
    contender.frames(requests[0][:1])
    start = time.perf_counter()
    pictures = [contender.frames(numbers) for numbers in requests]
    result["frames_per_second"] = sum(map(len, requests)) / (time.perf_counter() - start)
    result["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    loop = np.frombuffer(ffmpeg("-i", f"{base}.loop.mp4", "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", "-"), np.uint8).reshape(-1, HEIGHT, WIDTH)
    result["wrong"] = sum(not is_nearest(picture, loop, number % LOOP) for numbers, found in zip(requests, pictures) for number, picture in zip(numbers, found))
    if hasattr(contender, "video"):
        stats = contender.video.stats
        result["skipped"] = stats["blocks_skipped"] / (stats["blocks_skipped"] + stats["blocks_decoded"])
        result["table_ms"] = 1000 * best(3, lambda: kind(base, media).video.times)
    return result


def is_nearest(picture, truth, number):
    """Whether a picture is more like the one with this number than like any other near it. Colours differ a little from program to program."""
    if picture is None or picture.shape[:2] != truth.shape[1:]:
        return False
    seen = gray(picture)
    near = range(max(number - 8, 0), min(number + 9, len(truth)))
    return min(near, key=lambda i: np.abs(seen - truth[i]).mean()) == number


def speed(folder, groups, requests=4):
    for name in groups:
        base = str(folder / name)
        first, problem = in_process("local.measure", "h4mk", base, [[0]])
        if problem:
            print(f"{name}: {problem}")
            continue
        chooser = random.Random(5)
        asked = [sorted(chooser.sample(range(first["count"]), 10)) for _ in range(requests)]
        rows, rates = [], {}
        for contender in CONTENDERS:
            result, problem = in_process("local.measure", contender, base, asked)
            if problem:
                rows.append([contender, problem] + ["-"] * 5)
                continue
            rates[contender] = result["frames_per_second"]
            rows.append([contender, f"{result['open_ms']:.2f}", f"{result['table_ms']:.1f}" if "table_ms" in result else "-", f"{result['frames_per_second']:.1f}",
                         result["wrong"], f"{100 * result['skipped']:.0f} %" if "skipped" in result else "-", f"{result['memory_mb']:.0f}"])
        table(f"{name}: {first['count']} frames of {WIDTH}x{HEIGHT}, {requests} times 10 random frames as RGB",
              ["", "open and len, ms", "all times, ms", "frames/s", "wrong", "not decoded", "MB"], rows)


def factors(base, repeat):
    """Seconds for the same frames: skipping nothing, skipping, and by two threads. In one process, in turns."""
    import h4mk
    from h4mk import _decoder
    chooser, original = random.Random(7), _decoder.new_struct
    every = CONTENDERS["h4mk, skips nothing"](base, None).video
    every.frames([0])  # makes the decoder
    _decoder.new_struct = original
    one, two = h4mk.open(f"{base}.h4mk", threads=1).video, h4mk.open(f"{base}.h4mk", threads=2).video
    numbers = sorted(chooser.sample(range(len(one)), 24))
    ways = {"all": every, "one": one, "two": two}
    same = len({way.frames(numbers, pixels="decoded").tobytes() for way in ways.values()}) == 1
    seconds = {name: [] for name in ways}
    for _ in range(repeat):
        for name, way in ways.items():
            seconds[name].append(best(1, lambda: way.frames(numbers)))
    least = {name: min(found) for name, found in seconds.items()}
    return {"skipping": least["all"] / least["one"], "two": least["one"] / least["two"], "same": same}


def factor_table(folder, groups):
    rows = []
    for name in groups:
        result, problem = in_process("local.factors", str(folder / name), 3)
        rows.append([name, problem, "", ""] if problem else
                    [name, f"{result['skipping']:.2f}", f"{result['two']:.2f}", "yes" if result["same"] else "NO"])
    table("How much faster: 24 random frames, best of 3", ["", "by leaving out what nothing needs (goal 1.5)", "by two threads (goal 1.8)", "the same bits"], rows)


# ------------------------------------------------------------------------------------------------- wrong frames


def wrong_frames(name, clips):
    """How many of some frames of each clip are another picture: [clip, folder, numbers, size of the track]."""
    found = {}
    for clip, folder, numbers, width, height in clips:
        media = pathlib.Path(folder, clip)
        if name == "h4mk, sidecar" and not media.with_name(clip + ".side.h4mk").exists() or media.suffix == ".h4mk" and not name.startswith("h4mk"):
            found[clip] = "-"
            continue
        try:
            truth = np.frombuffer(media.with_name(clip + ".gray").read_bytes(), np.uint8).reshape(-1, height, width)
            pictures = CONTENDERS[name](str(media), media).frames(numbers)
            found[clip] = sum(not is_nearest(picture, truth, number) for number, picture in zip(numbers, pictures))
        except Exception as error:  # whatever a library raises is its result
            found[clip] = f"fails: {error}"[:60]
    return found


def exactness(folder):
    """The clips of tests/frames/exact_test.py."""
    import exact
    import exact_test
    import h4mk
    clips, chooser = [], random.Random(3)
    for clip in exact_test.clips(folder):
        path = folder / clip
        stream, _ = exact.first_video(path)
        packed = exact_test.to_h4mk(path)
        video = h4mk.open(packed).video
        picture = ffmpeg("-noautorotate", "-copyts", "-i", path, "-map", f"0:{stream}", "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", "-")
        path.with_name(clip + ".gray").write_bytes(picture)
        count = len(picture) // (video.width * video.height)
        if path.suffix in (".mp4", ".mkv", ".mov", ".avi", ".webm"):
            h4mk.index(path, path.with_name(clip + ".side.h4mk"), program=TOOL, ffmpeg=exact.FFMPEG)
        clips.append((clip, str(folder), chooser.sample(range(count), min(TOLD, count)), video.width, video.height))
    names = ["h4mk", "h4mk, sidecar", "PyAV", "OpenCV", "FFMS2"]
    results = {name: in_process("local.wrong_frames", name, clips) for name in names}
    for name, (found, problem) in results.items():
        if problem:
            print(f"{name}: {problem}")
    rows = [[clip[0]] + [(results[name][0] or {}).get(clip[0], "-") for name in names] for clip in clips]
    table(f"Wrong frames of {TOLD} random ones", ["clip"] + names, rows)
