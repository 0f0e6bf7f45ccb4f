#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A file that grows is a live stream: parts, blocking reloads, DVR, and video on demand when it is closed.

live_test.py H4MKD
"""
import os, pathlib, re, struct, subprocess, sys, tempfile, threading, time, unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from daemon import Daemon

PROGRAM = sys.argv[1]
FFMPEG = str(pathlib.Path(os.environ.get("H4MK_FFMPEG_PREFIX", ""), "bin", "ffmpeg"))


def clusters(data):
    """Offsets behind each cluster."""
    at, ends = 16, []
    while at + 16 <= len(data):
        tag, _, length = struct.unpack_from("<4sII", data, at)
        at += 16 + length
        if tag == b"CORE":
            ends.append(at)
    return ends


class LiveTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        root = pathlib.Path(self.folder.name)
        subprocess.run([FFMPEG, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=14", "-f", "lavfi", "-i", "sine=r=48000:d=14", "-c:v",
                        "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "50", "-c:a", "aac", "-cluster_time_limit", "500",
                        str(root / "whole.part.h4mk")], check=True)
        self.whole = (root / "whole.part.h4mk").read_bytes()
        (root / "whole.part.h4mk").unlink()
        self.ends = clusters(self.whole)
        self.assertGreater(len(self.ends), 25)
        self.path = root / "live.h4mk"
        self.length = 0
        self.grow(len(self.ends) // 2)
        self.daemon = Daemon(PROGRAM, root)
        self.addCleanup(self.daemon.stop)

    def grow(self, clusters=None):
        """Up to so many clusters; None: to the end."""
        end = len(self.whole) if clusters is None else self.ends[clusters - 1]
        with open(self.path, "ab") as file:
            file.write(self.whole[self.length:end])
        self.length, self.clusters = end, clusters

    def playlist(self, query="", track=0):
        status, headers, body = self.daemon.get(f"/hls/live/t{track}.m3u8{query}")
        self.assertEqual(status, 200, body)
        self.assertEqual(headers["cache-control"], "no-cache")
        return body.decode()

    def last(self, text):
        """Number of the open segment and of the part that comes next."""
        return tuple(map(int, re.search(r'PRELOAD-HINT:TYPE=PART,URI="[^"]*part-(\d+)\.(\d+)\.m4s"', text).groups()))

    def test_a_growing_file_is_an_event_with_parts(self):
        text = self.playlist()
        self.assertIn("#EXT-X-PLAYLIST-TYPE:EVENT", text)
        self.assertIn("CAN-BLOCK-RELOAD=YES", text)
        self.assertNotIn("ENDLIST", text)
        self.assertIn("#EXTINF:4.000000,", text)  # DVR: from its start
        self.assertIn("seg-0.m4s", text)
        target = float(re.search(r"PART-TARGET=([\d.]+)", text).group(1))
        parts = re.findall(r'#EXT-X-PART:DURATION=([\d.]+),URI="([^"]+)"', text)
        self.assertGreater(len(parts), 4)
        self.assertTrue(all(0 < float(d) <= target + 1e-6 for d, _ in parts))
        for _, uri in parts:
            self.assertEqual(self.daemon.get("/hls/live/" + uri)[0], 200)

    def test_parts_are_the_segment(self):
        segment, _ = self.last(self.playlist())
        parts = [uri for _, uri in re.findall(r'#EXT-X-PART:DURATION=([\d.]+),URI="([^"]+)"', self.playlist()) if f"part-{segment - 1}." in uri]
        def media(body):  # what is in its mdat
            return body[body.index(b"mdat") + 4:]
        whole = self.daemon.get("/hls/live/" + re.sub(r"part-(\d+)\.\d+", r"seg-\1", parts[0]))[2]
        self.assertEqual(b"".join(media(self.daemon.get("/hls/live/" + uri)[2]) for uri in parts), media(whole))

    # Many wait; all are answered soon after the file has grown.
    def test_a_reload_waits_for_the_part(self):
        segment, part = self.last(self.playlist())
        answers, lock = [], threading.Lock()
        def wait():
            text = self.playlist(f"?_HLS_msn={segment}&_HLS_part={part}")
            with lock:
                answers.append((time.monotonic(), self.last(text)))
        threads = [threading.Thread(target=wait) for _ in range(30)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        self.assertEqual(answers, [])
        grown = time.monotonic()
        self.grow(self.clusters + 1)
        for thread in threads:
            thread.join()
        self.assertTrue(all(place > (segment, part) for _, place in answers))
        self.assertLess(max(when for when, _ in answers) - grown, 2)  # milliseconds; time is for slow machines

    def test_a_part_that_was_hinted_at_comes(self):
        segment, part = self.last(self.playlist())
        uri = re.search(r'PRELOAD-HINT:TYPE=PART,URI="([^"]+)"', self.playlist()).group(1)
        result = []
        thread = threading.Thread(target=lambda: result.append(self.daemon.get("/hls/live/" + uri)))
        thread.start()
        time.sleep(0.3)
        self.assertEqual(result, [])
        self.grow(self.clusters + 1)
        thread.join()
        self.assertIn(result[0][0], (200, 404))  # 404: a new segment began instead

    def test_what_was_served_stays_and_the_end_makes_it_video_on_demand(self):
        before = self.playlist()
        segments = re.findall(r"#EXTINF:[\d.]+,\n\S+", before)
        first = self.daemon.get("/hls/live/" + segments[0].split("\n")[1])[2]
        self.grow()
        after = self.playlist()
        self.assertIn("#EXT-X-ENDLIST", after)
        self.assertIn("#EXT-X-PLAYLIST-TYPE:VOD", after)
        self.assertNotIn("EXT-X-PART", after)
        self.assertEqual(re.findall(r"#EXTINF:[\d.]+,\n\S+", after)[:len(segments)], segments)
        self.assertEqual(self.daemon.get("/hls/live/" + segments[0].split("\n")[1])[2], first)
        total = sum(float(d) for d in re.findall(r"#EXTINF:([\d.]+)", after))
        self.assertAlmostEqual(total, 14, places=4)

    def test_a_request_far_ahead_is_refused(self):
        self.assertEqual(self.daemon.get("/hls/live/t0.m3u8?_HLS_msn=1000")[0], 400)
        self.assertEqual(self.daemon.get("/hls/live/t0.m3u8?_HLS_msn=x")[0], 400)
        self.assertEqual(self.daemon.get("/hls/live/t0.m3u8?_HLS_part=0")[0], 400)

    # A recorder that died leaves a file without an end: no playlist waits for ever.
    def test_a_file_that_was_cut_ends(self):
        old = time.time() - 120
        os.utime(self.path, (old, old))
        text = self.playlist()
        self.assertIn("#EXT-X-ENDLIST", text)

    def test_new_files_appear_and_others_vanish(self):
        def names():
            return self.daemon.get("/api/files")[2]
        self.assertNotIn(b"other", names())
        other = self.path.with_name("other.h4mk")
        other.write_bytes(self.whole)
        end = time.monotonic() + 10
        while b"other" not in names() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertIn(b"other", names())
        self.assertEqual(self.daemon.get("/hls/other/t0.m3u8")[0], 200)
        other.unlink()
        self.assertEqual(self.daemon.get("/files/other.h4mk")[0], 404)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
