#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What files cost a server that want to cost more than they weigh: CPU time and memory of each request, and whether others are
answered meanwhile.

hostile_test.py H4MKD FOLDER_OF_CORPUS
"""
import json, os, pathlib, select, signal, socket, struct, sys, tempfile, time, unittest

sys.path[:0] = [str(pathlib.Path(__file__).parent), sys.argv[2]]
import corpus, protected
from daemon import Daemon

PROGRAM = sys.argv[1]
MAX_SECONDS, MAX_MIB = 2.0, 256
CASES = {**corpus.CASES, **protected.SIGNED, **protected.ENCRYPTED}
STALLING = "each cluster has all tracks"
PATHS = ["/hls/{}/master.m3u8", "/hls/{}/t0.m3u8", "/hls/{}/t0-iframes.m3u8", "/dash/{}/manifest.mpd", "/files/{}.h4mk", "/api/files/{}"]
PATHS += ["/api/files/{}/" + path for path in (
    "tracks", "chapters", "tags", "tracks/0/frames", "tracks/0/seekpoints", "tracks/0/seek?t=1000", "tracks/0/chain?t=1000", "tracks/0/blocks/9",
    "tracks/0/blocks/9/data", "tracks/0/blocks/0/proof", "range.h4mk?from=0&to=100000", "range.mp4?from=0&to=100000", "verify")]


def cpu_seconds(daemon):
    fields = pathlib.Path(f"/proc/{daemon.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mib(daemon):
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


class HostileTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def make(self, case, kib):
        (self.folder / "h.h4mk").write_bytes(CASES[case](kib << 10))

    def keys(self):
        public, secret = self.folder / "public.pem", self.folder / "secret"
        public.write_text(protected.pem("PUBLIC", protected.PUBLIC))
        secret.write_text(protected.KEY)
        secret.chmod(0o600)
        return "--verify-key", public, "--decrypt-keys", secret

    def test_no_request_costs_more_than_its_file_is_worth(self):
        for case in CASES:
            self.make(case, 1000 if case == STALLING else 300)
            with Daemon(PROGRAM, *self.keys(), self.folder) as daemon:
                for path in PATHS:
                    with self.subTest(case=case, path=path):
                        before = cpu_seconds(daemon)
                        status = daemon.get(path.format("h"))[0]
                        self.assertLess(cpu_seconds(daemon) - before, MAX_SECONDS)
                        self.assertLess(peak_mib(daemon), MAX_MIB)
                        self.assertNotEqual(status, 500)

    def test_others_are_answered_meanwhile(self):
        self.make(STALLING, 1000)
        with Daemon(PROGRAM, "--threads", "1", self.folder) as daemon:
            with socket.create_connection((daemon.host, daemon.port)) as busy:
                busy.sendall(b"GET /hls/h/master.m3u8 HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertEqual(daemon.get("/health")[0], 200)
                self.assertEqual(select.select([busy], [], [], 0)[0], [])  # it is still worked at
                self.assertTrue(busy.recv(100).startswith(b"HTTP/1.1 415"))
            self.assertEqual(daemon.stop(), 0)

    def test_work_ends_with_its_client(self):
        self.make(STALLING, 10000)
        log = self.folder / "log"
        for path in ("/hls/h/master.m3u8", "/api/files/h/range.mp4", "/api/files/h/verify"):
            with self.subTest(path=path), Daemon(PROGRAM, "--access-log", log, self.folder) as daemon:
                with socket.create_connection((daemon.host, daemon.port)) as gone:
                    gone.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                    time.sleep(0.1)  # so that it is worked at
                for _ in range(100):
                    if log.read_text():
                        break
                    time.sleep(0.1)
                self.assertEqual(json.loads(log.read_text())["status"], 499)
            log.unlink()

    def test_clients_that_do_not_read_hold_little_together(self):
        # A zstd frame of 60 MB in 60 KB: RLE blocks of 4000 bytes (RFC 8878, 3.1.1). Its answer is in memory until it is sent.
        blocks = [(4000 << 3 | 2 | (i == 14999)).to_bytes(3, "little") + b"x" for i in range(15000)]
        frame = b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", 15000 * 4000) + b"".join(blocks)
        (self.folder / "h.h4mk").write_bytes(corpus.header() + corpus.trak(compression="zstd") + corpus.cluster(1, flags=4 | 0x400, size=len(frame), data=frame))
        path = "/api/files/h/tracks/0/blocks/0/data"
        with Daemon(PROGRAM, self.folder) as daemon:
            clients = [socket.create_connection((daemon.host, daemon.port)) for _ in range(12)]
            for client in clients:
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            statuses = [client.recv(12)[-3:] for client in clients]
            self.assertEqual((statuses.count(b"200"), statuses.count(b"503")), (8, 4))  # 512 MiB
            self.assertEqual(daemon.get("/api/files/h")[0], 200)  # small answers do not count
            for client in clients:
                client.close()
            for _ in range(100):
                status, _, body = daemon.get(path)
                if status == 200:
                    break
                time.sleep(0.1)
            self.assertEqual((status, len(body)), (200, 15000 * 4000))

    def test_work_ends_with_the_server(self):
        self.make(STALLING, 1000)
        with Daemon(PROGRAM, self.folder) as daemon:
            with socket.create_connection((daemon.host, daemon.port)) as gone:
                gone.sendall(b"GET /hls/h/master.m3u8 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual(daemon.stop(), 0)

    def test_the_second_signal_ends_what_is_running_and_what_waits_for_its_turn(self):
        self.make(STALLING, 1000)
        with Daemon(PROGRAM, self.folder) as daemon:
            clients = [socket.create_connection((daemon.host, daemon.port)) for _ in range(40)]
            for number, client in enumerate(clients):  # each takes more than a second of a worker
                client.sendall(f"GET /hls/h/master.m3u8?n={number} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            time.sleep(0.5)
            daemon.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            begin = time.monotonic()
            self.assertEqual(daemon.stop(), 0)
            self.assertLess(time.monotonic() - begin, 10)
            for client in clients:
                client.close()

    def test_errors_of_many_tracks_are_short_and_name_them(self):
        (self.folder / "h.h4mk").write_bytes(corpus.header() + corpus.trak(1500))
        with Daemon(PROGRAM, self.folder) as daemon:
            for path in ("/hls/h/master.m3u8", "/dash/h/manifest.mpd"):
                status, _, body = daemon.get(path)
                self.assertEqual(status, 415)
                self.assertIn(b"track 1: the track is empty; ", body)
                self.assertIn(b"and 1492 more tracks", body)
                self.assertLess(len(body), 1000)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
