#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""h4mkd --origin: films that lie on another server give the same answers as films in a folder, and nobody can have that server asked
for anything else.

origin_test.py H4MKD
"""
import http.server, json, os, pathlib, re, select, socket, subprocess, sys, tempfile, threading, time, unittest, urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from daemon import Daemon

PROGRAM = sys.argv[1]
FFMPEG = str(pathlib.Path(os.environ.get("H4MK_FFMPEG_PREFIX", ""), "bin", "ffmpeg"))


class Origin(http.server.ThreadingHTTPServer):
    """Files by path; only GET with one range, as object stores have it. `answer`: what is said in place of a file: a status, or a URL to go to."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.tag, self.asked, self.answer = {}, "one", [], None
        self.goes_on, self.is_held = threading.Event(), threading.Event()
        self.goes_on.set()
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        pass  # of clients that close a connection


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        origin = self.server
        path = urllib.parse.unquote(self.path)
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        origin.asked.append((path, int(asked[1]), int(asked[2])) if asked else (path, 0, 0))
        if not origin.goes_on.is_set():
            origin.is_held.set()
            origin.goes_on.wait(60)
        data = origin.files.get(path)
        if isinstance(origin.answer, str):
            return self.say(302, b"", {"Location": origin.answer + self.path})
        if origin.answer or data is None or not asked:
            return self.say(origin.answer or (404 if data is None else 400), b"")
        first, last = int(asked[1]), min(int(asked[2]), len(data) - 1)
        self.say(206, data[first:last + 1], {"Content-Range": f"bytes {first}-{last}/{len(data)}", "ETag": f'"{origin.tag}"'})

    def say(self, status, body, headers={}):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def make_film(path, seconds, source):
    subprocess.run([FFMPEG, "-v", "error", "-f", "lavfi", "-i", f"{source}=s=320x240:r=25:d={seconds}", "-f", "lavfi", "-i", f"sine=d={seconds}", "-c:v", "libx264",
                    "-preset", "ultrafast", "-crf", "4", "-g", "50", "-c:a", "aac", str(path)], check=True)
    return path.read_bytes()


class OriginTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        cls.films = cls.root / "films"
        (cls.films / "summer days").mkdir(parents=True)
        cls.film = make_film(cls.films / "summer days" / "sea.h4mk", 60, "testsrc2")
        cls.other = make_film(cls.root / "other.h4mk", 9, "testsrc")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.origin = Origin()
        self.addCleanup(self.origin.server_close)
        self.addCleanup(self.origin.shutdown)
        self.origin.files = {"/bucket/summer days/sea.h4mk": self.film, "/bucket/secret.h4mk": self.film, "/sea.h4mk": self.film}
        self.list = self.root / "list"
        self.list.write_text("# films\nsummer days/sea.h4mk\ngone.h4mk\n../sea.h4mk\n/etc/passwd\nsummer days/../secret.h4mk\nnotes.txt\n")

    def serve(self, *arguments):
        return Daemon(PROGRAM, "--ffmpeg", "", "--origin", self.origin.url + "/bucket", "--origin-list", self.list, *arguments)

    def targets(self, daemon, name):
        """Everything that a player asks for."""
        yield f"/hls/{name}/master.m3u8"
        for track in ("t0", "t1"):
            playlist = f"/hls/{name}/{track}.m3u8"
            yield playlist
            text = daemon.get(playlist)[2].decode()
            for piece in re.findall(r'^[^#].*m4s$|(?<=MAP:URI=")[^"]*', text, re.M):
                yield f"/hls/{name}/{piece}"
        yield f"/dash/{name}/manifest.mpd"
        yield f"/files/{name}.h4mk"
        yield f"/api/files/{name}/tracks"
        yield f"/api/files/{name}/range.mp4?from=3&to=9"

    def test_answers_are_those_for_a_folder(self):
        name = "summer%20days/sea"
        with Daemon(PROGRAM, "--ffmpeg", "", self.films) as local, self.serve() as remote:
            targets = list(self.targets(local, name))
            self.assertGreater(len(targets), 12)
            for target in targets:
                expected, answer = local.get(target), remote.get(target)
                self.assertEqual(answer[0], 200, target)
                self.assertEqual(answer[2], expected[2], target)
                self.assertEqual(answer[1]["etag"] if "etag" in expected[1] else "", expected[1].get("etag", ""), target)
            whole = f"/files/{name}.h4mk"
            for byte_range in ("bytes=0-0", "bytes=100000-399999", "bytes=-70000"):
                self.assertEqual(remote.get(whole, {"Range": byte_range})[::2], local.get(whole, {"Range": byte_range})[::2])
            self.assertEqual(remote.get(f"/api/files/{name}/verify")[2].count(b'"ok":true'), 1)
            self.assertEqual(remote.stop(), 0)

    def test_a_segment_takes_few_requests_and_little_more_than_its_bytes(self):
        with self.serve() as daemon:
            playlist = daemon.get("/hls/summer%20days/sea/t0.m3u8")[2].decode()
            segments = re.findall(r"^[^#].*m4s$", playlist, re.M)
            del self.origin.asked[:]
            size = len(daemon.get("/hls/summer%20days/sea/" + segments[3])[2])
            bytes_read = sum(last - first + 1 for _, first, last in self.origin.asked)
            self.assertLess(bytes_read, 2 * size + (256 << 10))
            self.assertLessEqual(len(self.origin.asked), 3 + size // (64 << 10))

    def test_only_what_the_list_has_is_asked_for(self):
        with self.serve() as daemon:
            for name in ("secret", "../sea", "..%2Fsea", "summer%20days/../secret", "summer%20days%2F..%2Fsecret", "notes.txt", "%2Fetc%2Fpasswd", "sea"):
                self.assertEqual(daemon.get(f"/files/{name}.h4mk")[0], 404, name)
            self.assertEqual(self.origin.asked, [])
            self.assertEqual(daemon.get("/files/gone.h4mk")[0], 404)  # the origin says so
            self.assertEqual({path for path, _, _ in self.origin.asked}, {"/bucket/gone.h4mk"})
            names = [entry["name"] for entry in json.loads(daemon.get("/api/files")[2])["files"]]
            self.assertEqual(names, ["gone", "summer days/sea"])

    def test_redirections_are_not_followed(self):
        elsewhere = Origin()
        self.addCleanup(elsewhere.server_close)
        self.addCleanup(elsewhere.shutdown)
        elsewhere.files = self.origin.files
        self.origin.answer = elsewhere.url
        with self.serve() as daemon:
            self.assertEqual(daemon.get("/files/summer%20days/sea.h4mk")[0], 502)
            self.assertNotEqual(self.origin.asked, [])
            self.assertEqual(elsewhere.asked, [])

    def test_trouble_at_the_origin_is_told_and_passes(self):
        target = "/files/summer%20days/sea.h4mk"
        with self.serve(self.films / "summer days") as daemon:
            for status in (500, 403):
                self.origin.answer = status
                code, _, body = daemon.get(target)
                self.assertEqual((code, str(status) in body.decode()), (502, True))
            self.assertEqual(daemon.get("/files/sea.h4mk")[0], 200)  # that of the folder
            self.origin.answer = None
            self.assertEqual(daemon.get(target)[2], self.film)

    def test_others_are_answered_while_the_origin_is_slow(self):
        with self.serve("--threads", "1", self.films / "summer days") as daemon:
            base = "/hls/summer%20days/sea/"
            segments, sound = (re.findall(r"^[^#].*m4s$", daemon.get(base + track)[2].decode(), re.M) for track in ("t0.m3u8", "t1.m3u8"))
            self.assertEqual({daemon.get(base + segment)[0] for segment in sound}, {200})  # plans cost little CPU time
            self.origin.goes_on.clear()
            self.addCleanup(self.origin.goes_on.set)
            with socket.create_connection((daemon.host, daemon.port)) as waiting:
                waiting.sendall(f"GET {base}{segments[4]} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                self.assertTrue(self.origin.is_held.wait(60))
                self.assertEqual([daemon.get(path)[0] for path in ("/health", "/hls/sea/t0.m3u8")], [200, 200])
                self.assertEqual(select.select([waiting], [], [], 0)[0], [])
                self.origin.goes_on.set()
                self.assertTrue(waiting.recv(100).startswith(b"HTTP/1.1 200"))

    def test_who_waits_for_another_that_opens_the_file_may_hang_up(self):
        log = self.root / "log"
        with self.serve("--access-log", log) as daemon:
            self.origin.goes_on.clear()
            self.addCleanup(self.origin.goes_on.set)
            request = b"GET /api/files/summer%20days/sea HTTP/1.1\r\nHost: localhost\r\n\r\n"
            with socket.create_connection((daemon.host, daemon.port)) as opening:
                opening.sendall(request)
                self.assertTrue(self.origin.is_held.wait(60))
                with socket.create_connection((daemon.host, daemon.port)) as waiting:
                    waiting.sendall(request)
                for _ in range(150):
                    if '"status":499' in log.read_text():
                        break
                    time.sleep(0.1)
                self.assertIn('"status":499', log.read_text())
                self.assertEqual(select.select([opening], [], [], 0)[0], [])
                self.origin.goes_on.set()
                self.assertTrue(opening.recv(100).startswith(b"HTTP/1.1 200"))

    def test_a_file_that_was_exchanged_is_opened_anew(self):
        name = "summer%20days/sea"
        with self.serve() as daemon:
            before = daemon.get(f"/hls/{name}/t0.m3u8")
            segments = re.findall(r"^[^#].*m4s$", before[2].decode(), re.M)
            self.origin.files["/bucket/summer days/sea.h4mk"], self.origin.tag = self.other, "two"
            # What was kept of the file before is not mixed with the new one: reading fails, and then the new one is there.
            self.assertEqual(daemon.get(f"/hls/{name}/{segments[3]}")[0], 502)
            self.assertEqual(daemon.get(f"/hls/{name}/{segments[3]}")[0], 404)
            after = daemon.get(f"/hls/{name}/t0.m3u8")
            self.assertEqual(after[0], 200)
            self.assertNotEqual(after[1]["etag"], before[1]["etag"])
            self.assertEqual(daemon.get(f"/files/{name}.h4mk")[2], self.other)

    def test_urls_that_are_none(self):
        for url in ("ftp://127.0.0.1/", "https://", "http://user:word@127.0.0.1/", "http://127.0.0.1/?a", "/films", "file:///films"):
            made = subprocess.run([PROGRAM, "--origin", url, "--origin-list", self.list], capture_output=True, text=True)
            self.assertNotEqual(made.returncode, 0, url)
            self.assertIn("URL of a folder", made.stderr)
        self.assertEqual(subprocess.run([PROGRAM, "--origin", self.origin.url], capture_output=True).returncode, 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
