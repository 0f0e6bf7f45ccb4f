#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Frames and samples in Python: forms of output, numbers and times, threads and processes, plans, loaders, what is refused."""
import json
import multiprocessing
import os
import pathlib
import pickle
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from fractions import Fraction

import numpy as np

sys.path.insert(0, os.path.join(os.environ["H4MK_SOURCE_DIR"], "tests", "frames"))
import exact  # noqa: E402
import h4mk  # noqa: E402
from h4mk import loader  # noqa: E402

WIDTH, HEIGHT, COUNT = 96, 64, 100


def decode(arguments, dtype):
    return np.frombuffer(exact.ffmpeg(*arguments, "-"), dtype)


def brightness(file):  # in another process
    return file.video.frames([3, 60], pixels="gray").mean(axis=(1, 2)).tolist()


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        clip = pathlib.Path(cls.folder.name, "clip.mkv")
        exact.ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={WIDTH}x{HEIGHT}:rate=25:duration=4", "-f", "lavfi", "-i", "sine=frequency=300:sample_rate=48000:duration=4",
                     "-ac", "2", "-c:v", "libx264", "-g", "30", "-bf", "3", "-c:a", "flac", clip)
        cls.path = clip.with_suffix(".h4mk")
        exact.ffmpeg("-i", clip, "-map", "0", "-c", "copy", cls.path)
        cls.rgb = decode(["-i", clip, "-sws_flags", "bilinear", "-pix_fmt", "rgb24", "-f", "rawvideo"], np.uint8).reshape(COUNT, HEIGHT, WIDTH, 3)
        cls.sound = decode(["-i", clip, "-f", "f32le"], np.float32).reshape(-1, 2)

    def setUp(self):
        self.file = h4mk.open(self.path)
        self.video = self.file.video


class Pictures(Base):
    def test_forms(self):
        numbers = [7, 99, 7, 0, -1]
        hwc = self.video.frames(numbers)
        np.testing.assert_array_equal(hwc, self.rgb[numbers])
        np.testing.assert_array_equal(hwc[1], hwc[4])
        chw = self.video.frames(numbers, layout="chw")
        self.assertEqual(chw.shape, (5, 3, HEIGHT, WIDTH))
        self.assertLess(np.abs(chw.transpose(0, 2, 3, 1).astype(int) - hwc).mean(), 1)  # swscale's two ways round differently
        gray = self.video.frames(numbers, pixels="gray")
        self.assertEqual(gray.shape, (5, HEIGHT, WIDTH))
        self.assertEqual(self.video.frames([1], pixels="decoded").shape, (1, WIDTH * HEIGHT * 3 // 2))
        self.assertEqual(self.video.frames([1], width=40, height=30).shape, (1, 30, 40, 3))
        self.assertEqual(self.video.frames([1], width=41, height=31, layout="chw").shape, (1, 3, 31, 41))

    def test_indexing(self):
        np.testing.assert_array_equal(self.video[50], self.rgb[50])
        np.testing.assert_array_equal(self.video[-1], self.rgb[-1])
        np.testing.assert_array_equal(self.video[90:10:-20], self.rgb[90:10:-20])
        self.assertEqual(len(list(iter(self.video[:3]))), 3)

    def test_times(self):
        np.testing.assert_array_equal(self.video.frames_at([1.0, Fraction(1, 25), 0.999, 3.97]), self.rgb[[25, 1, 24, 99]])
        np.testing.assert_array_equal(self.video.frames_at(self.video.times.seconds[40:45]), self.rgb[40:45])

    def test_any_kind_of_times(self):
        for kind in (np.float32, np.float64):  # 1.2 of 32 bits is above 6/5, 0.28 is below 7/25
            self.assertEqual([self.video.frame_at(time) for time in self.video.times.seconds.astype(kind)], list(range(COUNT)))
        np.testing.assert_array_equal(self.video.frames_at(np.array([0, 2])), self.rgb[[0, 50]])
        self.assertEqual(self.file.audio.samples(np.float32(0.5), np.int64(1)).shape, (24000, 2))
        self.assertEqual(next(self.video.packets(start=np.float32(1.2))).pts, self.video.packet(30).pts)

    def test_any_kind_of_numbers(self):
        for numbers in ((1, 2), range(1, 3), np.array([1, 2]), np.array([1, 2], np.uint8), iter([1, 2])):
            np.testing.assert_array_equal(self.video.frames(numbers), self.rgb[1:3])
        self.assertEqual(self.video.frames([]).shape, (0, HEIGHT, WIDTH, 3))
        for wrong in ([100], [-101], [0, 10**12]):
            with self.assertRaises(IndexError):
                self.video.frames(wrong)
        for wrong in ([1.5], ["a"], [[1]]):
            with self.assertRaises(TypeError):
                self.video.frames(wrong)

    def test_into_memory_of_the_caller(self):
        out = np.zeros((2, HEIGHT, WIDTH, 3), np.uint8)
        self.assertIs(self.video.frames([8, 9], out=out), out)
        np.testing.assert_array_equal(out, self.rgb[8:10])
        for wrong in (np.zeros((3, HEIGHT, WIDTH, 3), np.uint8), np.zeros(out.shape, np.int8), np.zeros((2, HEIGHT, WIDTH, 6), np.uint8)[..., ::2]):
            with self.assertRaises(ValueError):
                self.video.frames([8, 9], out=wrong)
        out.flags.writeable = False
        with self.assertRaises((ValueError, BufferError)):
            self.video.frames([8, 9], out=out)
        with self.assertRaises(ValueError):
            self.video.frames([1], pixels="yuv")

    def test_what_nothing_needs_is_not_decoded(self):
        self.video.frames([29])
        stats = self.video.stats
        self.assertGreater(stats["blocks_skipped"], 5)
        self.assertEqual(stats["blocks_decoded"] + stats["blocks_skipped"], self.video.plan([29])["shards"][0]["groups"][0]["blocks"])

    def test_plans(self):
        numbers = [70, 3, 70, 31, 99]
        plan = self.video.plan(numbers, shards=2)
        json.dumps(plan)
        self.assertEqual((plan["frames"], plan["groups"], len(plan["shards"])), (5, 4, 2))
        whole = np.empty((5, HEIGHT, WIDTH, 3), np.uint8)
        for shard in plan["shards"]:
            whole[shard["positions"]] = self.video.frames(shard["frames"])
            self.assertTrue(all(r["size"] > 0 for r in shard["ranges"]))
        np.testing.assert_array_equal(whole, self.rgb[numbers])
        self.assertLessEqual(plan["bytes_read"], plan["bytes"] * 1.1 + 5 * 4096)
        self.assertEqual(len(self.video.plan(range(100), shards=50)["shards"]), 4)
        self.assertEqual(self.video.plan([])["groups"], 0)


class Sound(Base):
    def test_samples(self):
        audio = self.file.audio
        np.testing.assert_array_equal(audio.samples(), self.sound)
        for start, end in ((0, 1), (Fraction(1, 3), Fraction(2, 3)), (3.1, 3.2), (1.0, 1.0)):
            first, last = -int(-Fraction(start).limit_denominator(1000) * 48000 // 1), -int(-Fraction(end).limit_denominator(1000) * 48000 // 1)
            np.testing.assert_array_equal(audio.samples(start, end), self.sound[first:last])
        np.testing.assert_array_equal(audio.samples(-1, 0), np.zeros((48000, 2), np.float32))
        beyond = audio.samples(3.5, 5)
        np.testing.assert_array_equal(beyond[:24000], self.sound[-24000:])
        self.assertFalse(beyond[24000:].any())


class Trouble(Base):
    def test_damage_is_an_error(self):
        data = bytearray(self.path.read_bytes())
        packet = self.video.packet(40).data
        data[data.index(packet) + len(packet) // 2] ^= 1
        video = h4mk.open(data).video
        with self.assertRaises(h4mk.CorruptError):
            video.frames([99, 45])
        np.testing.assert_array_equal(video.frames([99, 5]), self.rgb[[99, 5]])

    def test_codecs_that_nobody_knows(self):
        with h4mk.Writer() as writer:
            writer.add_track("video", "x-example.org-video", width=4, height=4).write(b"1234", 0)
        with self.assertRaisesRegex(h4mk.UnsupportedError, "x-example.org-video"):
            h4mk.open(writer.getvalue()).video.frames([0])

    def test_nonsense_is_an_error(self):
        with h4mk.Writer() as writer:
            track = writer.add_track("video", "h264", width=96, height=64)
            for i in range(10):
                track.write(os.urandom(500), i, key=i == 0)
        with self.assertRaises(h4mk.CorruptError):
            h4mk.open(writer.getvalue()).video.frames([5])

    def test_sizes_that_cannot_be(self):
        for size in ({"width": 64}, {"height": 64}, {"width": -1, "height": 5}, {"width": 16385, "height": 5}):
            with self.assertRaisesRegex(ValueError, "both 0 or both 1 to 16384"):
                self.video.frames([0], **size)

    def test_cancel(self):
        self.video.frames([0])
        failures = []

        def work():
            try:
                self.video.frames(list(range(COUNT)) * 3 + [0] * 1000)
                for _ in range(1000):
                    self.video.frames(range(COUNT))
            except h4mk.CancelledError as error:
                failures.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        time.sleep(0.1)
        self.video.cancel()
        thread.join(20)
        self.assertEqual([str(error) for error in failures], ["cancelled"])
        np.testing.assert_array_equal(self.video[5], self.rgb[5])


class Workers(Base):
    def test_threads(self):
        results = [None] * 4
        files = [self.file, self.file, h4mk.open(self.path), h4mk.open(self.path, threads=1)]

        def work(i):
            results[i] = files[i].video.frames(range(i, COUNT, 7))

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for i in range(4):
            np.testing.assert_array_equal(results[i], self.rgb[i::7])

    def test_closing_while_other_threads_decode(self):
        refusals = []

        def work(file):
            try:
                while True:
                    file.video.frames([10, 70])
            except ValueError as error:
                refusals.append(str(error))

        for _ in range(5):
            file = h4mk.open(self.path, threads=1)
            threads = [threading.Thread(target=work, args=(file,)) for _ in range(5)]
            for thread in threads:
                thread.start()
            time.sleep(0.05)
            file.close()
            for thread in threads:
                thread.join()
        self.assertEqual(refusals, ["the file was closed"] * 25)

    def test_the_lock_of_python_is_released(self):
        ticks = []
        done = threading.Event()

        def tick():
            while not done.is_set():
                ticks.append(None)
                time.sleep(0.001)

        thread = threading.Thread(target=tick)
        thread.start()
        for _ in range(5):
            self.video.frames(range(COUNT))
        done.set()
        thread.join()
        self.assertGreater(len(ticks), 5)

    def test_processes_after_decoding(self):
        expected = brightness(self.file)  # the parent has decoders, and threads of theirs
        for method in ("fork", "spawn"):
            with self.subTest(method), multiprocessing.get_context(method).Pool(2) as pool:
                self.assertEqual(pool.map(brightness, [self.file] * 4), [expected] * 4)

    def test_a_child_leaves_the_decoders_of_its_parent(self):
        self.video.frames(range(COUNT))
        child = os.fork()
        if child == 0:
            try:
                self.file.close()
                right = bool((h4mk.open(self.path).video[9] == self.rgb[9]).all())
                os._exit(0 if right else 1)
            finally:
                os._exit(2)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        np.testing.assert_array_equal(self.video[9], self.rgb[9])

    def test_data_sets(self):
        items = [(i % 3, w) for i, w in enumerate(loader.windows(COUNT, 4, step=2))]
        data = loader.FrameDataset([self.path] * 3, items, layout="hwc", open_files=2)
        self.assertEqual((len(data), items[1]), (12, (1, [8, 10, 12, 14])))
        for copy in (data, pickle.loads(pickle.dumps(data))):
            for i, (_, numbers) in enumerate(items):
                np.testing.assert_array_equal(np.asarray(copy[i]), self.rgb[numbers])
        self.assertLessEqual(len(data._files), 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
