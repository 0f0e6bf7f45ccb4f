#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The package h4mk without decoding: what is written comes back; pickles, fork, spawn, threads; damage, keys, signatures."""
import array
import multiprocessing
import os
import pathlib
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock
from fractions import Fraction

import h4mk
import numpy as np

PTS = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]  # of the video's packets, in decoding order


def write(place=None, **options):
    """Ten packets of video in groups of four, ten arrays, tags, chapters, a font. Returns the writer, finished."""
    with h4mk.Writer(place, repeatable=True, **options) as writer:
        writer.set_tags(title="Grün", artist="Nobody")
        writer.set_chapters([(0, Fraction(1, 2), "One"), (Fraction(1, 2), 1, "Two")])
        writer.attach("font.ttf", b"glyphs", "font/ttf")
        video = writer.add_track("video", "x-example.org-video", time_base="1/25", width=4, height=2, extradata=b"\0\1\2",
                                 tags={"language": "deu"})
        arm = writer.add_track("data", "x-example.org-arm", name="arm", compression="zstd")
        for i in range(10):
            video.write(bytes([i]) * (i + 1), PTS[i], dts=i - 1, duration=1, key=i % 4 == 0)
            arm.write(np.arange(i, dtype=np.float32), 40 * i, side_data={"x-example.org-note": b"%d" % i})
    return writer


def count_frames(file):  # in another process
    return len(file.video), bytes(file.video.packet(3).data)


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name, "ä file.h4mk")
        write(self.path)

    def test_descriptions_come_back(self):
        with h4mk.open(self.path) as file:
            self.assertEqual((file.version, file.is_closed), (2, True))
            self.assertEqual(file.tags, {"title": "Grün", "artist": "Nobody"})
            self.assertEqual([(c.start, c.end, c.title) for c in file.chapters], [(0, Fraction(1, 2), "One"), (Fraction(1, 2), 1, "Two")])
            font, video, arm = file.tracks
            self.assertEqual((font.data, font.tags["filename"]), (b"glyphs", "font.ttf"))
            self.assertIs(file.video, video)
            self.assertEqual((video.width, video.height, video.language, video.time_base), (4, 2, "deu", Fraction(1, 25)))
            self.assertEqual((arm.name, arm.codec, arm.packet_count, arm.time_base), ("arm", "x-example.org-arm", 10, Fraction(1, 1000)))
            self.assertEqual((video.start, video.end), (0, Fraction(10, 25)))
            with self.assertRaises(h4mk.NotFoundError):
                file.audio

    def test_packets_come_back(self):
        file = h4mk.open(str(self.path))
        packets = list(file.packets())
        self.assertEqual(len(packets), 20)
        video = [p for p in packets if p.track is file.video]
        self.assertEqual([(p.pts, p.dts, p.duration, p.is_key, len(p.data)) for p in video],
                         [(PTS[i], i - 1, 1, i % 4 == 0, i + 1) for i in range(10)])
        for i, packet in enumerate(file.tracks[2].packets()):
            self.assertEqual(packet.side_data, {"x-example.org-note": b"%d" % i})
            np.testing.assert_array_equal(np.frombuffer(packet.data, np.float32), np.arange(i))
        self.assertEqual(file.video.packet(-1).ordinal, 9)
        with self.assertRaises(h4mk.NotFoundError):
            file.video.packet(10)
        with self.assertRaises(IndexError):
            file.video.packet(-11)

    def test_packets_from_a_time_on(self):
        file = h4mk.open(self.path)
        self.assertEqual([p.ordinal for p in file.video.packets(start=Fraction(13, 50))], [4, 5, 6, 7, 8, 9])
        self.assertEqual(next(file.packets(start=0.26)).ordinal, 4)

    def test_iterators_do_not_disturb_each_other(self):
        file = h4mk.open(self.path)
        first, second = file.video.packets(), file.video.packets()
        self.assertEqual([(next(first).ordinal, next(second).ordinal) for _ in range(5)], [(i, i) for i in range(5)])

    def test_who_asks_each_track_opens_the_file_twice(self):
        """Once for each track would be quadratic in the size of a file that has few packets a track."""
        with h4mk.Writer(self.path) as writer:
            tracks = [writer.add_track("data", "x-example.org-data") for _ in range(50)]
            for time in range(3):
                for i, track in enumerate(tracks):
                    track.write(b"%d %d" % (time, i), 1000 * time)
        with unittest.mock.patch("h4mk.file.Reader", wraps=h4mk.file.Reader) as opened, h4mk.open(self.path) as file:
            for i, track in enumerate(file.tracks):
                self.assertEqual(next(track.packets(start=1.0)).data, b"1 %d" % i)
                self.assertEqual([p.data for p in track.packets(start=1.0)], [b"1 %d" % i, b"2 %d" % i])
            self.assertEqual(opened.call_count, 2)
            self.assertEqual(len(list(file.packets())), 150)
            self.assertEqual([p.data for p in file.tracks[7].packets()], [b"0 7", b"1 7", b"2 7"])

    def test_descriptions_of_another_form_are_left_out(self):
        """Anybody can write a file, and the library takes it: Fraction("1e-30000000") alone would take more than a minute."""
        with h4mk.Writer(self.path) as writer:
            writer.add_track("video", "h264", width="x", height=1.5, avg_frame_rate="1/x", disposition=5, tags="ab")
            good = {"time_base": "1/1000", "start": 500, "end": None, "tags": {"title": "one"}}
            odd = [{"time_base": text, "start": 1} for text in ("1e-30000000", "1/0", "1", 5, None)]
            writer.set_meta({"chapters": [*odd, 7, good], "tags": 5})
        with h4mk.open(self.path) as file:
            self.assertEqual([(c.start, c.end, c.title) for c in file.chapters], [(Fraction(1, 2), None, "one")])
            self.assertEqual(file.tags, {})
            track = file.video
            self.assertEqual((track.width, track.height, track.average_rate), (0, 0, None))
            self.assertEqual((track.disposition, track.tags), (frozenset(), {}))
        with h4mk.Writer(self.path) as writer:
            writer.set_meta({"chapters": 5})
        self.assertEqual(h4mk.open(self.path).chapters, [])
        with h4mk.Writer(self.path) as writer, self.assertRaises(ValueError):
            writer.add_track("data", "x-example.org-data", time_base="1e10000000")

    def test_frames_are_numbered_as_they_are_shown(self):
        video = h4mk.open(self.path).video
        self.assertEqual(len(video), 10)
        self.assertEqual(list(video.times), [Fraction(i, 25) for i in range(10)])
        self.assertEqual(video.times.ticks.dtype, np.int64)
        for i, seconds in enumerate(np.asarray(video.times)):
            self.assertEqual(video.frame_at(seconds), i)
            self.assertEqual(video.frame_at(Fraction(i, 25) + Fraction(1, 1000)), i)
        self.assertEqual(video.frame_at(100), 9)
        with self.assertRaises(h4mk.NotFoundError):
            video.frame_at(-1)

    def test_bytes_are_a_file_too(self):
        data = self.path.read_bytes()
        for place in (data, bytearray(data), memoryview(data)):
            self.assertEqual(len(h4mk.open(place).video), 10)
        self.assertEqual(write().getvalue(), data)

    def test_a_missing_file_is_an_os_error(self):
        with self.assertRaises(FileNotFoundError):
            h4mk.open(self.path.with_name("other"))
        with self.assertRaises(IsADirectoryError):
            h4mk.Writer(self.path.parent)
        with self.assertRaises(IsADirectoryError):
            h4mk.open(self.path.parent)

    def test_something_else_is_a_format_error(self):
        for data in (b"", b"no such file at all", bytes(1000)):
            with self.assertRaises(h4mk.FormatError):
                h4mk.open(data)

    def test_a_closed_file_says_so(self):
        file = h4mk.open(self.path)
        file.close()
        file.close()
        with self.assertRaises(ValueError):
            file.tags

    def test_places_and_keys_of_another_kind(self):
        for use in (h4mk.open, h4mk.Writer):
            with self.assertRaises(ValueError):
                use(f"{self.path}\0.txt")
            with self.assertRaisesRegex(TypeError, "fromhex"):
                use(self.path, key="0" * 64)
        self.assertEqual(len(list(h4mk.open(self.path).video.packets())), 10)  # the file is as it was

    def test_keys_that_are_refused_leave_a_file_as_it_is(self):
        before = self.path.read_bytes()
        for keys in ({"signing_key": "no key"}, {"signing_key": "k\u00e9y"}, {"signing_key": b"PEM"}, {"key": b"short"}, {"key": "0" * 64}):
            with self.subTest(keys), self.assertRaises((h4mk.Error, AttributeError, TypeError, UnicodeError)):
                h4mk.Writer(self.path, **keys)
            self.assertEqual(self.path.read_bytes(), before)


class Processes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "file.h4mk")
        write(self.path)
        self.expected = (10, bytes([3]) * 4)

    def test_pickles(self):
        file = pickle.loads(pickle.dumps(h4mk.open(self.path)))
        self.assertEqual(count_frames(file), self.expected)
        self.assertEqual(pickle.loads(pickle.dumps(file.video)).frame_count, 10)
        error = pickle.loads(pickle.dumps(h4mk.CorruptError("at byte 7")))
        self.assertEqual((type(error), str(error), error.status), (h4mk.CorruptError, "at byte 7", 303))

    def test_other_processes(self):
        file = h4mk.open(self.path)
        for method in ("fork", "spawn"):
            with self.subTest(method), multiprocessing.get_context(method).Pool(2) as pool:
                self.assertEqual(pool.map(count_frames, [file] * 8), [self.expected] * 8)

    def test_children_do_not_share_a_position(self):
        file = h4mk.open(self.path)
        children = []
        for _ in range(4):
            child = os.fork()
            if child == 0:
                right = all(count_frames(file) == self.expected for _ in range(300))
                os._exit(0 if right else 1)
            children.append(child)
        self.assertTrue(all(count_frames(file) == self.expected for _ in range(300)))
        self.assertEqual([os.waitpid(child, 0)[1] for child in children], [0] * 4)

    def test_a_reader_that_was_left_is_not_shared(self):
        file = h4mk.open(self.path)
        expected = [p.data for p in file.video.packets(start=0.2)]

        def reads_the_same():
            return all([p.data for p in file.video.packets(start=0.2)] == expected for _ in range(100))

        children = []
        for _ in range(4):
            child = os.fork()
            if child == 0:
                os._exit(0 if reads_the_same() else 1)
            children.append(child)
        self.assertTrue(reads_the_same())
        self.assertEqual([os.waitpid(child, 0)[1] for child in children], [0] * 4)

    def test_what_goes_on_belongs_to_its_process(self):
        """A child that went on with it would move, or write, in the parent's open file."""
        def child(body):
            pid = os.fork()
            if pid:
                return os.waitpid(pid, 0)[1]
            try:
                body()
            except ValueError:
                os._exit(0)
            os._exit(1)

        packets = h4mk.open(self.path).packets()
        first = next(packets)
        self.assertEqual(child(lambda: next(packets)), 0)
        self.assertEqual([first.data] + [p.data for p in packets], [p.data for p in h4mk.open(self.path).packets()])
        with h4mk.Writer(self.path) as writer:
            track = writer.add_track("data", "x-example.org-a")
            track.write(b"before", 0)
            self.assertEqual(child(lambda: track.write(b"child", 1)), 0)
            self.assertEqual(child(writer.finish), 0)
            pid = os.fork()
            if pid == 0:
                try:
                    writer.__exit__(SystemExit, None, None)  # as sys.exit() within the block
                finally:
                    os._exit(0)
            os.waitpid(pid, 0)
            track.write(b"after", 2)
        file = h4mk.open(self.path)
        self.assertEqual([p.data for p in file.packets()], [b"before", b"after"])
        self.assertTrue(file.verify().ok)

    def test_threads_share_a_file(self):
        file, wrong = h4mk.open(self.path), []

        def look():
            for i in range(200):
                if len(file.video.packet(i % 10).data) != i % 10 + 1:
                    wrong.append(i)

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_closing_while_other_threads_read(self):
        refusals = []

        def look(file):
            try:
                while True:
                    file.video.packet(7)
                    self.assertEqual((file.version, file.is_closed), (2, True))
            except ValueError as error:
                refusals.append(str(error))

        for _ in range(20):
            file = h4mk.open(self.path)
            threads = [threading.Thread(target=look, args=(file,)) for _ in range(6)]
            for thread in threads:
                thread.start()
            time.sleep(0.005)
            file.close()
            for thread in threads:
                thread.join()
        self.assertEqual(refusals, ["the file was closed"] * 120)

    def test_properties_while_another_thread_closes(self):
        def look(file):
            try:
                while True:
                    file.version, file.is_closed
            except ValueError:
                pass

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        self.addCleanup(sys.setswitchinterval, interval)
        for _ in range(300):
            file = h4mk.open(self.path)
            thread = threading.Thread(target=look, args=(file,))
            thread.start()
            file.close()
            thread.join()

    def test_threads_share_a_writer(self):
        def append(track):
            try:
                for i in range(200):
                    track.write(b"x" * 2000, i)
            except (ValueError, h4mk.StateError):
                pass  # it is finished, or closed

        def finish(writer):
            try:
                writer.finish()
            except (ValueError, h4mk.StateError):
                pass

        for ends in (0, 2):
            for _ in range(20):
                writer = h4mk.Writer()
                tracks = [writer.add_track("data", "x-example.org-a") for _ in range(4)]
                threads = [threading.Thread(target=append, args=(track,)) for track in tracks]
                threads += [threading.Thread(target=finish, args=(writer,)) for _ in range(ends)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                finish(writer)
                written = [packet.track.id for packet in h4mk.open(writer.getvalue()).packets()]
                self.assertTrue(ends or written.count(4) == written.count(1) == 200)

    def test_ending_while_threads_read(self):
        program = """
import sys, threading, time, h4mk
def look():
    while True:
        list(file.packets())
file = h4mk.open(sys.argv[1])
for _ in range(3):
    threading.Thread(target=look, daemon=True).start()
time.sleep(0.1)
"""
        for _ in range(5):
            self.assertEqual(subprocess.run([sys.executable, "-c", program, self.path], check=False).returncode, 0)


class Loading(unittest.TestCase):
    def test_the_library_is_not_taken_from_where_the_package_was_copied_to(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(pathlib.Path(h4mk.__file__).parent, pathlib.Path(folder, "a", "b", "h4mk"))
            pathlib.Path(folder, "libh4mk.so.1").write_bytes(b"of somebody else")
            environment = {**os.environ, "PYTHONPATH": folder + "/a/b", "LD_LIBRARY_PATH": os.environ["H4MK_LIBRARY_DIR"]}
            del environment["H4MK_LIBRARY_DIR"]
            subprocess.run([sys.executable, "-c", "import h4mk"], env=environment, check=True)


class Trust(unittest.TestCase):
    def test_a_good_file_verifies(self):
        report = h4mk.open(write().getvalue()).verify()
        self.assertTrue(report, report)
        self.assertEqual((report.problems, report.packets, report.signature), ([], 20, None))

    def test_every_damage_is_found(self):
        data = write().getvalue()
        for at in range(16, len(data), 7):
            damaged = bytearray(data)
            damaged[at] ^= 0x10
            try:
                report = h4mk.open(damaged).verify()
            except h4mk.Error:
                continue
            self.assertFalse(report, at)

    def test_a_damaged_packet_is_an_error(self):
        data = bytearray(write().getvalue())
        data[data.index(bytes([9]) * 10)] ^= 1
        with self.assertRaisesRegex(h4mk.CorruptError, "byte"):
            list(h4mk.open(data).packets())

    def test_a_cut_file_has_no_end(self):
        report = h4mk.open(write().getvalue()[:-40]).verify()
        self.assertFalse(report.is_closed)
        self.assertFalse(report)

    def test_encrypted_files_need_their_key(self):
        key, data = b"k" * 32, write(key=b"k" * 32, key_id=b"mine").getvalue()
        for given in (None, b"x" * 32, {b"other": key}):
            with self.assertRaises(h4mk.KeyRequiredError):
                h4mk.open(data, key=given)
        for given in (key, {b"mine": key}, {b"other": b"x" * 32, b"mine": key}):
            self.assertEqual(h4mk.open(data, key=given).video.packet(3).data, bytes([3]) * 4)

    def test_signed_files_are_verified(self):
        private, public = new_keys()
        data = write(signing_key=private).getvalue()
        file = h4mk.open(data, verify_key=public)
        self.assertTrue(file.verify())
        self.assertTrue(file.signature.is_final)
        with self.assertRaises(h4mk.KeyRequiredError):
            h4mk.open(data, verify_key=new_keys()[1])
        with self.assertRaises(h4mk.KeyRequiredError):
            h4mk.open(write().getvalue(), verify_key=public)
        self.assertIsNone(h4mk.open(data).signature)
        changed = bytearray(data)
        changed[data.index(bytes([9]) * 10)] ^= 1
        with self.assertRaises(h4mk.CorruptError):
            h4mk.open(changed, verify_key=public).video.packet(9)
        # With another file's end nothing of it is used.
        with self.assertRaises(h4mk.Error):
            h4mk.open(data[:-300], verify_key=public)


def new_keys():
    private = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, check=True).stdout
    public = subprocess.run(["openssl", "pkey", "-pubout"], input=private, capture_output=True, check=True).stdout
    return private.decode(), public.decode()


class Writing(unittest.TestCase):
    def test_any_buffer(self):
        array = np.arange(24, dtype=np.int16).reshape(4, 6)
        given = [b"bytes", bytearray(b"more"), memoryview(b"view"), array, array[:, ::2], array.T, np.zeros((0, 3)), b""]
        with h4mk.Writer() as writer:
            track = writer.add_track("data", "x-example.org-any")
            for i, data in enumerate(given):
                track.write(data, i)
        expected = [d.tobytes() if isinstance(d, np.ndarray) else bytes(d) for d in given]
        self.assertEqual([p.data for p in h4mk.open(writer.getvalue()).packets()], expected)

    def test_any_buffer_beside_a_packet(self):
        """As many bytes as there are, whatever len() counts."""
        wide = array.array("I", [1, 2, 3])
        with h4mk.Writer() as writer:
            writer.attach("wide", wide)
            writer.attach("empty", b"")
            track = writer.add_track("data", "x-example.org-any", extradata=bytearray())
            track.write(b"", 0, side_data={"wide": memoryview(wide), "empty": b""})
            with self.assertRaisesRegex(ValueError, "null character"):
                track.write(b"", 1, side_data={"wide\0r": b""})
        file = h4mk.open(writer.getvalue())
        self.assertEqual([t.data for t in file.tracks[:2]], [wide.tobytes(), b""])
        self.assertEqual(next(file.tracks[2].packets()).side_data, {"wide": wide.tobytes(), "empty": b""})

    def test_a_path_of_bytes(self):
        class Path:
            def __fspath__(self):
                return os.fsencode(self.name)
        with tempfile.NamedTemporaryFile() as place:
            Path.name = place.name
            write(place.name)
            self.assertEqual(len(h4mk.open(Path()).tracks), 3)

    def test_packets_that_are_not_shown_are_no_frames(self):
        with h4mk.Writer() as writer:
            track = writer.add_track("video", "x-example.org-video", time_base="1/25")
            for i in range(6):
                track.write(b"picture", i, key=i == 0, discard=i == 3)
        track = h4mk.open(writer.getvalue()).tracks[0]
        self.assertEqual([p.is_discard for p in track.packets()], [False, False, False, True, False, False])
        self.assertEqual(track.times.ticks.tolist(), [0, 1, 2, 4, 5])

    def test_an_exception_leaves_what_was_written(self):
        with self.assertRaises(ZeroDivisionError):
            with h4mk.Writer() as writer:
                writer.add_track("data", "x-example.org-any").write(b"kept", 0)
                1 / 0
        file = h4mk.open(writer.getvalue())
        self.assertFalse(file.is_closed)
        self.assertEqual([p.data for p in file.packets()], [b"kept"])

    def test_refusals(self):
        with h4mk.Writer() as writer:
            with self.assertRaises(h4mk.ArgumentError):
                writer.add_track("data", "x", time_base="0/1")
            track = writer.add_track("data", "x-example.org-any")
            with self.assertRaises(h4mk.ArgumentError):
                writer.add_track("data", "x", track_id=1)
            track.write(b"", None)
            with self.assertRaises(TypeError):
                track.write("text", 0)
        with self.assertRaises(ValueError):
            writer.flush()

    def test_a_copy_of_a_track(self):
        source = h4mk.open(write().getvalue())
        with h4mk.Writer() as writer:
            track = writer.add_description(source.video.description)
            for p in source.video.packets():
                track.write(p.data, p.pts, dts=p.dts, duration=p.duration, flags=p.flags)
            track.update(name="a copy")
        copy = h4mk.open(writer.getvalue()).video
        self.assertEqual(copy.description, {**source.video.description, "name": "a copy"})
        self.assertEqual([p.data for p in copy.packets()], [p.data for p in source.video.packets()])


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
