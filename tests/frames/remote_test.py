#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files on a server that knows no more than presigned URLs allow: GET with one range. How many requests and bytes frames take, what is tried
again, what is refused; and the commands that read URLs. Argument: the program h4mk."""
import collections
import http.server
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

import exact
import h4mk

TOOL = sys.argv.pop(1)
DELAY = 0.02  # seconds before each answer


class Server(http.server.ThreadingHTTPServer):
    """Files by path. `script` has what is answered in place of the next requests: a status, "wait" (429, and when to come back), "short",
    "close". `tags` has the ETags of the next answers."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.requests, self.connections = {}, [], set()
        self.script, self.tag, self.tags, self.ranges, self.lock = collections.deque(), '"one"', iter(()), True, threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, name):
        return f"http://127.0.0.1:{self.server_address[1]}/folder/{urllib.parse.quote(name)}?signature=abc"

    def handle_error(self, request, client_address):
        pass  # of clients that close a connection


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        server, start = self.server, time.monotonic()
        server.connections.add(self.client_address)
        time.sleep(DELAY)
        with server.lock:
            action = server.script.popleft() if server.script else None
        data = server.files.get(urllib.parse.unquote(urllib.parse.urlsplit(self.path).path.rsplit("/", 1)[1]))
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if isinstance(action, int) or data is None or not asked:
            self.answer(action if isinstance(action, int) else 404 if data is None else 400, b"", {"Retry-After": "0"} if action == 429 else {})
        elif action == "wait":
            self.answer(429, b"", {"Retry-After": "1"})
        elif action == "close":
            self.close_connection = True
        elif not server.ranges:
            self.answer(200, data)
        else:
            first, last = int(asked[1]), min(int(asked[2]), len(data) - 1)
            if first >= len(data):
                self.answer(416, b"", {"Content-Range": f"bytes */{len(data)}"})
            else:
                body = data[first:last + 1]
                tag = next(server.tags, server.tag)
                self.answer(206, body[:-1] if action == "short" else body, {"Content-Range": f"bytes {first}-{last}/{len(data)}", "ETag": tag})
        with server.lock:
            server.requests.append((start, time.monotonic(), int(asked[2]) - int(asked[1]) + 1 if asked else 0))

    def do_HEAD(self):
        self.server.requests.append(None)
        self.answer(403, b"")

    def answer(self, status, body, headers={}):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        work = pathlib.Path(folder.name)
        film = work / "ein film.mp4"
        exact.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=120", "-f", "lavfi", "-i", "sine=duration=120", "-vf", "noise=alls=6:allf=t",
                     "-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-bf", "2", "-c:a", "aac", "-movflags", "+faststart", film)
        packed = work / "film.h4mk"
        exact.ffmpeg("-i", film, "-map", "0", "-c", "copy", packed)
        side = pathlib.Path(h4mk.index(film, work / "side.h4mk", program=TOOL, ffmpeg=exact.FFMPEG))
        cls.files = {path.name: path.read_bytes() for path in (film, packed, side)}
        cls.expected = exact.linear(film, 0)
        cls.numbers = [2999, 40, 1510] + list(range(77, 2977, 240))

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.server.files = dict(self.files)


class Remote(Base):
    def check(self, file, numbers=None):
        numbers = self.numbers if numbers is None else numbers
        found = exact.hashes(file.video.frames(numbers, pixels="decoded"))
        self.assertEqual(found, [self.expected[i] for i in numbers])

    def test_frames_take_few_requests(self):
        self.assertEqual(len(self.numbers), 16)
        file = h4mk.open(self.server.url("film.h4mk"))
        self.assertEqual(len(file.video), 3000)
        self.assertLessEqual(len(self.server.requests), 2)
        self.check(file)
        self.check_transfers(file, requests=18, rounds=4)

    def check_transfers(self, file, requests, rounds):
        found = file.transfers
        groups = {50 * (i // 50) for i in self.numbers}
        needed = h4mk.open(self.files["film.h4mk"]).video.plan([i + k for i in groups for k in range(50)])["bytes"]
        print(f"{found}; the groups have {needed} bytes; {len(self.server.connections)} connections")
        self.assertLessEqual(found["requests"], requests)
        self.assertLessEqual(found["rounds"], rounds)
        self.assertLessEqual(found["bytes"], 1.15 * needed + 600_000)

    def test_a_sidecar_of_an_untouched_film(self):
        file = h4mk.open(self.server.url("side.h4mk"))
        self.check(file)
        self.check_transfers(file, requests=20, rounds=4)

    def test_a_film_with_a_url_of_its_own(self):
        self.server.files["elsewhere"] = self.server.files.pop("ein film.mp4")
        with self.assertRaises(h4mk.NotFoundError):
            h4mk.open(self.server.url("side.h4mk")).video.frames([7])
        self.check(h4mk.open(self.server.url("side.h4mk"), beside={"ein film.mp4": self.server.url("elsewhere")}), [7])

    def test_reading_in_order(self):
        file = h4mk.open(self.server.url("film.h4mk"))
        local = h4mk.open(self.files["film.h4mk"])
        self.assertEqual([p.data for p in file.packets()], [p.data for p in local.packets()])
        self.assertLess(len(self.server.requests), 40)
        self.assertTrue(file.verify())

    def test_connections_are_used_again(self):
        file = h4mk.open(self.server.url("film.h4mk"))
        for i in range(10):
            self.check(file, [i * 250])
        self.assertEqual(len(self.server.connections), 1)

    def test_what_passes_is_tried_again(self):
        for trouble in ([503], [429, 500, 502], ["close"], [503, "close", 429]):
            with self.subTest(trouble):
                self.server.script.extend(trouble)
                file = h4mk.open(self.server.url("film.h4mk"))
                self.server.script.extend(trouble)
                self.check(file)

    def test_a_server_says_when_to_come_back(self):
        self.server.script.append("wait")
        h4mk.open(self.server.url("film.h4mk"))
        first, second = self.server.requests[:2]
        self.assertGreaterEqual(second[0] - first[1], 0.9)

    def test_what_does_not_pass_is_an_error(self):
        for status, kind in ((404, h4mk.NotFoundError), (403, h4mk.KeyRequiredError), (400, h4mk.ReadError)):
            self.server.script.append(status)
            with self.subTest(status), self.assertRaisesRegex(kind, str(status)):
                h4mk.open(self.server.url("film.h4mk"))
        self.assertLessEqual(len(self.server.requests), 3)  # none was tried again
        with self.assertRaises(h4mk.Error):
            h4mk.open("http://127.0.0.1:1/film.h4mk")
        with self.assertRaises(h4mk.Error):
            h4mk.open("http://")

    def test_a_changed_file_is_an_error(self):
        file = h4mk.open(self.server.url("film.h4mk"))
        self.server.tag = '"two"'
        with self.assertRaisesRegex(h4mk.ReadError, "changed"):
            file.video.frames([1500])
        other = h4mk.open(self.server.url("film.h4mk"))
        self.server.files["film.h4mk"] += b"more"
        with self.assertRaisesRegex(h4mk.ReadError, "changed"):
            other.video.frames([1500])

    def test_a_server_that_sends_something_else(self):
        self.server.script.append("short")
        with self.assertRaises(h4mk.ReadError):
            h4mk.open(self.server.url("film.h4mk"))

    def test_a_server_without_ranges(self):
        self.server.ranges = False
        self.check(h4mk.open(self.server.url("film.h4mk")))
        self.assertEqual(len(self.server.requests), 1)
        self.server.files["large"] = bytes(70 << 20)
        with self.assertRaises(h4mk.Error):
            h4mk.open(self.server.url("large"))

    def test_an_empty_file(self):
        self.server.files["empty"] = b""
        with self.assertRaises(h4mk.FormatError):
            h4mk.open(self.server.url("empty"))

    def test_after_fork(self):
        file = h4mk.open(self.server.url("film.h4mk"))
        self.check(file, [5])
        child = os.fork()
        if child == 0:
            try:
                self.check(file, [1005])
                os._exit(0)
            finally:
                os._exit(1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.check(file, [2005])


class Commands(Base):
    """The same files read by h4mk from the server and from a folder: the same answers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        for name, data in cls.files.items():
            (cls.folder / name).write_bytes(data)

    def run_tool(self, command, place, *options):
        done = subprocess.run([TOOL, command, place, *options], capture_output=True, check=False)
        return done.returncode, done.stdout.replace(str(place).encode(), b"FILE"), done.stderr.decode()

    def check_same(self, command, name, *options):
        remote = self.run_tool(command, self.server.url(name), *options)
        self.assertEqual(remote, self.run_tool(command, self.folder / name, *options))
        self.assertNotIn(None, self.server.requests)  # no HEAD
        return remote

    def test_commands_read_urls(self):
        for command, *options in (("inspect", "--json"), ("inspect",), ("frames", "--track", "1"), ("seek", "--track", "1", "--time", "60"), ("verify", "--json"),
                                  ("cat", "--track", "1")):
            with self.subTest(command):
                self.assertEqual(self.check_same(command, "film.h4mk", *options)[0], 0)

    def test_few_bytes_are_read(self):
        self.check_same("inspect", "film.h4mk")
        self.check_same("seek", "film.h4mk", "--track", "1", "--time", "60")
        self.assertLess(sum(size for _, _, size in self.server.requests), len(self.files["film.h4mk"]) / 2)

    def test_a_cut_does_not_ask_for_every_chunk(self):
        out = ["-y", "-o", str(self.folder / "cut.h4mk")]
        self.check_same("cut", "film.h4mk", "--from", "60", "--to", "62", *out)
        self.assertLess(len(self.server.requests), 50)  # it has some 60 clusters

    def test_the_file_beside_a_sidecar(self):
        self.assertIn(b"with the files beside it", self.check_same("verify", "side.h4mk")[1])
        self.check_same("cat", "side.h4mk", "--track", "1")
        del self.server.files["ein film.mp4"]
        self.assertIn(b"which is missing", self.run_tool("inspect", self.server.url("side.h4mk"))[1])
        self.assertNotEqual(self.run_tool("cat", self.server.url("side.h4mk"), "--track", "1")[0], 0)

    def test_trouble(self):
        self.server.script.extend([503, 429, "close"])
        self.assertEqual(self.check_same("inspect", "film.h4mk")[0], 0)
        for trouble, words in ((404, "404"), (403, "403"), ("short", "other bytes")):
            self.server.script.append(trouble)
            code, _, errors = self.run_tool("inspect", self.server.url("film.h4mk"))
            self.assertEqual(code, 2)
            self.assertIn(words, errors)
        self.server.tags = iter(['"two"'])
        code, _, errors = self.run_tool("verify", self.server.url("film.h4mk"))
        self.assertNotEqual(code, 0)
        self.assertIn("changed", errors)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
