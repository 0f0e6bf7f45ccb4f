#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Exact frames, measured beside what data loaders use now: python3 bench/frames/run.py [--minutes N] [--folder DIR]

What is there takes part: PyAV (python3-av) with sorted seeks, OpenCV (python3-opencv), FFMS2 (libffms2) with its index in a file. All get the
same faststart MP4 and the same frame numbers, each in a process of its own with one decoding thread, and h4mk again with all. First every contender's
frames are compared with decoding from the front; wrong ones are counted in the same table. README.md in bench/ says what the rows mean."""
import argparse
import hashlib
import json
import os
import pathlib
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
DIST = pathlib.Path(os.environ.get("H4MK_FFMPEG_PREFIX", HERE.parents[1] / "dist"))
FFMPEG = str(DIST / "bin/ffmpeg")
WIDTH, HEIGHT, RATE = 640, 360, 24
GROUPS = {"gop250": 250, "gop12": 12}
CONTENDERS = ["h4mk", "h4mk, all threads", "h4mk, decodes all", "sidecar", "pyav", "opencv", "ffms2"]


def ffmpeg(*arguments):
    return subprocess.run([FFMPEG, "-v", "error", "-y", "-nostdin", *map(str, arguments)], check=True, capture_output=True).stdout


# ------------------------------------------------------------------------------------------------------- inputs


def make_inputs(folder, minutes):
    """Films by x264 with its defaults, in MP4 with moov at the front, in H4MK, and with a sidecar."""
    noise = "noise=alls=12:allf=t"
    for name, group in GROUPS.items():
        film = folder / f"{name}.mp4"
        if not film.exists():
            source = f"testsrc2=size={WIDTH}x{HEIGHT}:rate={RATE}:duration=20"
            loop = folder / f"{name}.part.mp4"
            ffmpeg("-f", "lavfi", "-i", source, "-vf", noise, "-c:v", "libx264", "-g", group, "-keyint_min", group, "-sc_threshold", 0, "-pix_fmt", "yuv420p", loop)
            ffmpeg("-stream_loop", max(int(minutes * 3) - 1, 0), "-i", loop, "-c", "copy", "-movflags", "+faststart", film)
        if not (folder / f"{name}.h4mk").exists():
            ffmpeg("-i", film, "-map", "0", "-c", "copy", folder / f"{name}.h4mk")
            import h4mk
            h4mk.index(film, folder / f"{name}.side.h4mk", program=os.environ.get("H4MK_TOOL", str(DIST / "bin/h4mk")), ffmpeg=FFMPEG)


def expected_hashes(film, numbers):
    """SHA-256 of the luma of some frames, by decoding from the front."""
    wanted, size, found = set(numbers), WIDTH * HEIGHT * 3 // 2, {}
    process = subprocess.Popen([FFMPEG, "-v", "error", "-i", str(film), "-fps_mode", "passthrough", "-f", "rawvideo", "-"], stdout=subprocess.PIPE)
    index = 0
    while picture := process.stdout.read(size):
        if index in wanted:
            found[index] = hashlib.sha256(picture[:WIDTH * HEIGHT]).hexdigest()
        index += 1
    process.wait()
    return found


def luma_hash(plane):
    return hashlib.sha256(plane.tobytes()).hexdigest()


# -------------------------------------------------------------------------------------------------- contenders
# Each gives: open(film) -> object, count(object), luma(object, numbers) -> planes for the comparison, frames(object, numbers) -> RGB.


class H4mk:
    suffix, threads = ".h4mk", 1

    def __init__(self, base):
        import h4mk
        self.video = h4mk.open(f"{base}{self.suffix}", threads=self.threads).video

    def count(self):
        return len(self.video)

    def luma(self, numbers):
        decoded = self.video.frames(numbers, pixels="decoded")
        return [plane[:WIDTH * HEIGHT] for plane in decoded]

    def frames(self, numbers):
        return self.video.frames(numbers)


class H4mkAllThreads(H4mk):
    threads = 0


class Sidecar(H4mk):
    suffix = ".side.h4mk"


class PyAv:
    """Frames in the order of their times, with a seek only where the next one is not in the group at hand; times are taken from the rate,
    since there are no frame numbers."""

    def __init__(self, base):
        import av
        self.container = av.open(f"{base}.mp4")
        self.stream = self.container.streams.video[0]
        self.stream.thread_count = 1
        self.tick = 1 / self.stream.average_rate / self.stream.time_base
        self.start = self.stream.start_time or 0

    def count(self):
        return self.stream.frames

    def decode(self, numbers, convert):
        found, position = {}, None
        frames = iter(())
        for number in sorted(set(numbers)):
            target = self.start + round(number * self.tick)
            if position is None or number - position > 250 or number <= position:
                self.container.seek(target, stream=self.stream, backward=True, any_frame=False)
                frames = self.container.decode(self.stream)
            for frame in frames:
                position = round((frame.pts - self.start) / self.tick)
                if frame.pts >= target:
                    found[number] = convert(frame)
                    break
        return [found.get(number) for number in numbers]

    def luma(self, numbers):
        import numpy
        return self.decode(numbers, lambda frame: numpy.ascontiguousarray(frame.to_ndarray()[:HEIGHT]))

    def frames(self, numbers):
        import numpy
        return numpy.stack(self.decode(numbers, lambda frame: frame.to_ndarray(format="rgb24")))


class OpenCv:
    def __init__(self, base):
        import cv2
        self.cv2 = cv2
        cv2.setNumThreads(1)
        self.capture = cv2.VideoCapture(f"{base}.mp4", cv2.CAP_FFMPEG)

    def count(self):
        return int(self.capture.get(self.cv2.CAP_PROP_FRAME_COUNT))

    def frames(self, numbers):
        import numpy
        found = {}
        for number in sorted(set(numbers)):
            self.capture.set(self.cv2.CAP_PROP_POS_FRAMES, number)
            good, picture = self.capture.read()
            found[number] = self.cv2.cvtColor(picture, self.cv2.COLOR_BGR2RGB) if good else None
        return numpy.stack([found[number] for number in numbers])

    luma = None  # it hands out BGR only: compared as that


class Ffms2:
    """libffms2 by its C interface, with an index that was made before and lies in a file."""

    def __init__(self, base):
        import ctypes
        self.c = ctypes
        lib = self.lib = ctypes.CDLL("libffms2.so.5")
        for name in ("FFMS_ReadIndex", "FFMS_CreateIndexer", "FFMS_DoIndexing2", "FFMS_CreateVideoSource", "FFMS_GetVideoProperties", "FFMS_GetFrame"):
            getattr(lib, name).restype = ctypes.c_void_p
        lib.FFMS_Init(0, 0)
        self.error = (ctypes.c_char * 1024)()

        class ErrorInfo(ctypes.Structure):
            _fields_ = [("type", ctypes.c_int), ("sub", ctypes.c_int), ("size", ctypes.c_int), ("buffer", ctypes.c_char_p)]

        self.info = ErrorInfo(0, 0, 1024, ctypes.cast(self.error, ctypes.c_char_p))
        path, cache = f"{base}.mp4".encode(), f"{base}.ffindex".encode()
        index = lib.FFMS_ReadIndex(cache, ctypes.byref(self.info))
        if not index:
            indexer = ctypes.c_void_p(lib.FFMS_CreateIndexer(path, ctypes.byref(self.info)))
            index = lib.FFMS_DoIndexing2(indexer, 0, ctypes.byref(self.info))
            lib.FFMS_WriteIndex(cache, ctypes.c_void_p(index), ctypes.byref(self.info))
        track = lib.FFMS_GetFirstTrackOfType(ctypes.c_void_p(index), 0, ctypes.byref(self.info))
        self.source = ctypes.c_void_p(lib.FFMS_CreateVideoSource(path, track, ctypes.c_void_p(index), 1, 1, ctypes.byref(self.info)))
        lib.FFMS_DestroyIndex(ctypes.c_void_p(index))

    def count(self):
        properties = self.lib.FFMS_GetVideoProperties(self.source)
        # FPSDenominator, FPSNumerator, RFFDenominator, RFFNumerator, NumFrames
        return self.c.cast(properties, self.c.POINTER(self.c.c_int))[4]

    def set_rgb(self):
        formats = (self.c.c_int * 2)(self.lib.FFMS_GetPixFmt(b"rgb24"), -1)
        self.lib.FFMS_SetOutputFormatV2(self.source, formats, WIDTH, HEIGHT, 2, self.c.byref(self.info))

    def planes(self, numbers, row, rows):
        import numpy
        out = numpy.empty((len(numbers), rows, row), numpy.uint8)
        for i, number in sorted(enumerate(numbers), key=lambda pair: pair[1]):
            frame = self.lib.FFMS_GetFrame(self.source, number, self.c.byref(self.info))
            data = self.c.cast(frame, self.c.POINTER(self.c.c_void_p))[0]
            stride = self.c.cast(frame + 4 * self.c.sizeof(self.c.c_void_p), self.c.POINTER(self.c.c_int))[0]
            raw = numpy.ctypeslib.as_array(self.c.cast(data, self.c.POINTER(self.c.c_uint8)), (rows, stride))
            out[i] = raw[:, :row]
        return out

    def luma(self, numbers):
        return list(self.planes(numbers, WIDTH, HEIGHT))

    def frames(self, numbers):
        if not getattr(self, "is_rgb", False):
            self.set_rgb()
            self.is_rgb = True
        return self.planes(numbers, WIDTH * 3, HEIGHT)


class DecodesAll(H4mk):
    """Without leaving out what nothing needs."""

    def __init__(self, base):
        super().__init__(base)
        from h4mk import _decoder, _library
        original = _library.new_struct

        def all_of_them(name, **members):
            struct = original(name, **members)
            if name == "h4mk_frames_options":
                struct.decode_all = 1
            return struct

        _decoder.new_struct = all_of_them


CLASSES = dict(zip(CONTENDERS, [H4mk, H4mkAllThreads, DecodesAll, Sidecar, PyAv, OpenCv, Ffms2]))


# ------------------------------------------------------------------------------------------------------ measuring


def best_of(times, run):
    """The least of the seconds that some runs take."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return min(found)


def measure(name, base, requests):
    """Runs in a process of its own. Prints one line of JSON."""
    kind = CLASSES[name]
    kind(base).count()  # makes the cached index, warms the page cache
    opened = statistics.median(best_of(1, lambda: kind(base).count()) for _ in range(7))
    contender = kind(base)
    result = {"open_ms": 1000 * opened, "count": contender.count()}
    luma = getattr(contender, "luma", None)
    if luma:
        result["hashes"] = [[luma_hash(plane) if plane is not None else None for plane in luma(numbers)] for numbers in requests]
    timed = kind(base)
    timed.frames(requests[0])
    start = time.perf_counter()
    for numbers in requests:
        timed.frames(numbers)
    result["frames_per_second"] = sum(map(len, requests)) / (time.perf_counter() - start)
    if name.startswith("h4mk") or name == "sidecar":
        result["skipped"] = timed.video.stats["blocks_skipped"] / (timed.video.stats["blocks_skipped"] + timed.video.stats["blocks_decoded"])
        result["table_ms"] = 1000 * best_of(3, lambda: kind(base).video.times)
    result["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result))


def run(name, base, requests):
    done = subprocess.run([sys.executable, __file__, "--measure", name, str(base), json.dumps(requests)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None, (done.stderr.strip().splitlines() or ["failed"])[-1]
    return json.loads(done.stdout.splitlines()[-1]), None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--measure", nargs=3)
    options = parser.parse_args()
    if options.measure:
        return measure(options.measure[0], options.measure[1], json.loads(options.measure[2]))
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or pathlib.Path(temporary)
        folder.mkdir(exist_ok=True)
        make_inputs(folder, options.minutes)
        for group in GROUPS:
            report(folder, group)


def report(folder, group):
    base = folder / group
    first, _ = run("h4mk", base, [[0]])
    count, chooser = first["count"], random.Random(5)
    requests = [sorted(chooser.sample(range(count), 10)) for _ in range(8)]  # random
    expected = expected_hashes(folder / f"{group}.mp4", {n for numbers in requests for n in numbers})
    print(f"\n{group}: {count} frames of {WIDTH}x{HEIGHT}, 8 times 10 random frames, RGB")
    print(f"{'':20} {'open+len ms':>12} {'table ms':>9} {'frames/s':>9} {'wrong':>6} {'not decoded':>12} {'MB':>5}")
    for name in CONTENDERS:
        result, problem = run(name, base, requests)
        if problem:
            print(f"{name:20} {problem[:80]}")
            continue
        hashes = result.get("hashes")
        wrong = "-" if hashes is None else sum(h != expected[n] for found, numbers in zip(hashes, requests) for h, n in zip(found, numbers))
        table = f"{result['table_ms']:.2f}" if "table_ms" in result else "-"
        skipped = f"{100 * result['skipped']:.0f} %" if "skipped" in result else "-"
        print(f"{name:20} {result['open_ms']:12.2f} {table:>9} {result['frames_per_second']:9.1f} {wrong:>6} {skipped:>12} {result['memory_mb']:5.0f}")


if __name__ == "__main__":
    main()
