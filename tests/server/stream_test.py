#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""HLS, DASH and cuts of h4mkd, read by FFmpeg: every packet that goes in must come out, with its time.

stream_test.py H4MKD
"""
import hashlib, os, pathlib, re, subprocess, sys, tempfile, unittest
import xml.etree.ElementTree as ET
from fractions import Fraction

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from daemon import Daemon

PROGRAM = sys.argv[1]
BIN = pathlib.Path(os.environ.get("H4MK_FFMPEG_PREFIX", ""), "bin")
FFMPEG, FFPROBE = str(BIN / "ffmpeg"), str(BIN / "ffprobe")


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode or done.stderr:
        raise AssertionError(f"{' '.join(command)}: {done.returncode}\n{done.stderr}")
    return done.stdout


def packets(source, stream):
    """(pts, hash of the data) of each packet of a stream, in microseconds from its first."""
    text = run(FFPROBE, "-v", "error", "-select_streams", stream, "-show_entries", "packet=pts_time,data_hash", "-show_data_hash", "md5",
               "-of", "csv=p=0", source)
    rows = [line.split(",")[:2] for line in text.split() if line]
    return [(round(float(time) * 1e6), digest) for time, digest in rows if time != "N/A"]


class StreamTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        (cls.root / "a").mkdir()
        cls.film = cls.root / "a" / "film one.h4mk"
        srt = cls.root / "text.srt"
        srt.write_text("1\n00:00:01,000 --> 00:00:06,500\nOver the <i>edge</i>\n\n2\n00:00:09,000 --> 00:00:10,000\nLast\n\n")
        # MP4's pictures have lengths; those that come from an encoder or a transport stream have start codes.
        run(FFMPEG, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x120:r=24000/1001:d=13", "-f", "lavfi", "-i", "sine=r=44100:d=13",
            "-f", "lavfi", "-i", "sine=f=880:r=48000:d=13", "-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2",
            "-g", "24", "-c:a:0", "aac", "-c:a:1", "libopus", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu", "-metadata",
            "title=A \"film\" & more", str(cls.root / "film.mp4"))
        run(FFMPEG, "-v", "error", "-i", str(cls.root / "film.mp4"), "-i", str(srt), "-map", "0", "-map", "1", "-c", "copy", "-metadata:s:s:0", "language=eng",
            str(cls.film))
        run(FFMPEG, "-v", "error", "-i", str(cls.film), "-map", "0:v", "-map", "0:a:0", "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "mpegts",
            str(cls.root / "film.ts"))
        run(FFMPEG, "-v", "error", "-i", str(cls.root / "film.ts"), "-map", "0", "-c", "copy", str(cls.root / "stream.h4mk"))
        cls.daemon = Daemon(PROGRAM, cls.root)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        cls.folder.cleanup()

    def text(self, target):
        status, _, body = self.daemon.get(target)
        self.assertEqual(status, 200, body)
        return body.decode()

    HLS = "/hls/a/film%20one/"

    def test_hls_has_every_packet_at_its_time(self):
        for stream in ("v:0", "a:0", "a:1"):
            source = packets(str(self.film), stream)
            served = packets(self.daemon.url + self.HLS + "master.m3u8", stream)
            self.assertGreater(len(source), 100)
            self.assertEqual([h for _, h in source], [h for _, h in served], stream)
            for (a, _), (b, _) in zip(source, served):
                self.assertLessEqual(abs(a - b), 1, stream)

    def test_durations_are_exact(self):
        playlist = self.text(self.HLS + "t0.m3u8")
        durations = [Fraction(d) for d in re.findall(r"#EXTINF:([\d.]+),", playlist)]
        self.assertEqual(durations[:2], [Fraction("4.004"), Fraction("4.004")])
        frames = len(packets(str(self.film), "v:0"))
        self.assertLess(abs(sum(durations) - frames * Fraction(1001, 24000)), Fraction(1, 10**5))
        target = int(re.search(r"TARGETDURATION:(\d+)", playlist).group(1))
        self.assertTrue(all(round(d) <= target for d in durations))

    def test_segments_begin_with_key_frames_and_decode_alone(self):
        playlist = self.text(self.HLS + "t0.m3u8")
        header = self.daemon.get(self.HLS + re.search(r'MAP:URI="([^"]+)"', playlist).group(1))[2]
        for name in re.findall(r"^[^#].*m4s$", playlist, re.M):
            status, headers, body = self.daemon.get(self.HLS + name)
            self.assertEqual((status, headers["content-type"]), (200, "video/mp4"))
            self.assertIn("immutable", headers["cache-control"])
            one = self.root / "one.mp4"
            one.write_bytes(header + body)
            flags = run(FFPROBE, "-v", "error", "-show_entries", "packet=flags", "-of", "csv=p=0", str(one)).split()
            self.assertTrue(flags[0].startswith("K"), name)
            run(FFMPEG, "-v", "error", "-i", str(one), "-f", "null", "-")
            one.unlink()

    # What a cache holds is what the server would send again, also after a restart.
    def test_answers_are_repeatable(self):
        def fetch(daemon):
            master = daemon.get(self.HLS + "master.m3u8")[2]
            media = daemon.get(self.HLS + "t1.m3u8")[2]
            names = re.findall(r"^[^#].*m4s$", media.decode(), re.M)
            pieces = [daemon.get(self.HLS + name)[2] for name in names]
            return [hashlib.sha256(b).hexdigest() for b in [master, media, *pieces]]
        first = fetch(self.daemon)
        self.assertEqual(first, fetch(self.daemon))
        with Daemon(PROGRAM, self.root) as other:
            self.assertEqual(first, fetch(other))

    def test_the_master_playlist_names_tracks(self):
        master = self.text(self.HLS + "master.m3u8")
        self.assertRegex(master, r'TYPE=AUDIO,GROUP-ID="audio",NAME="eng",LANGUAGE="eng",DEFAULT=YES')
        self.assertRegex(master, r'TYPE=AUDIO,GROUP-ID="audio",NAME="deu",LANGUAGE="deu",DEFAULT=NO')
        self.assertRegex(master, r'TYPE=SUBTITLES,GROUP-ID="subs",NAME="eng",LANGUAGE="eng"')
        self.assertRegex(master, r'CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2,opus",RESOLUTION=160x120,FRAME-RATE=23\.976,AUDIO="audio",SUBTITLES="subs"')

    def test_i_frames_are_single_key_frames(self):
        playlist = self.text(self.HLS + "t0-iframes.m3u8")
        self.assertIn("#EXT-X-I-FRAMES-ONLY", playlist)
        names = re.findall(r"^[^#].*m4s$", playlist, re.M)
        self.assertEqual(len(names), 13)
        header = self.daemon.get(self.HLS + re.search(r'MAP:URI="([^"]+)"', playlist).group(1))[2]
        one = self.root / "i.mp4"
        one.write_bytes(header + self.daemon.get(self.HLS + names[5])[2])
        self.assertEqual(len(packets(str(one), "v:0")), 1)
        one.unlink()

    def test_text_is_cut_into_segments(self):
        playlist = self.text(self.HLS + "t3.m3u8")
        names = re.findall(r"^[^#].*vtt$", playlist, re.M)
        pieces = [self.text(self.HLS + name) for name in names]
        shown = [("edge" in piece, "Last" in piece) for piece in pieces]
        self.assertEqual(shown[:3], [(True, False), (True, False), (False, True)])  # 1 to 6.5 s lies in two segments
        self.assertTrue(all(piece.startswith("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:") for piece in pieces))
        self.assertIn("00:00:01.000 --> 00:00:06.500\nOver the <i>edge</i>\n", pieces[0])

    def test_dash_names_the_same_segments(self):
        mpd = ET.fromstring(self.text("/dash/a/film%20one/manifest.mpd"))
        ns = {"d": "urn:mpeg:dash:schema:mpd:2011"}
        self.assertEqual(mpd.get("type"), "static")
        base = mpd.find(".//d:Period/d:BaseURL", ns).text
        self.assertTrue(base.startswith("../../../hls/a/film%20one/"))
        sets = mpd.findall(".//d:AdaptationSet", ns)
        self.assertEqual([s.get("contentType") for s in sets], ["video", "audio", "audio", "text"])
        hls = self.text(self.HLS + "t0.m3u8")
        self.assertIn(base.split("/")[-2] + "/t0/seg-0.m4s", hls)
        for representation in mpd.findall(".//d:Representation", ns):
            template = representation.find("d:SegmentTemplate", ns)
            if template is None:
                continue
            total, count = 0, 0
            for s in template.findall("d:SegmentTimeline/d:S", ns):
                repeat = int(s.get("r", "0")) + 1
                total += int(s.get("d")) * repeat
                count += repeat
            self.assertLess(abs(total / int(template.get("timescale")) - 13.0), 0.06)
            last = base[len("../../.."):] + template.get("media").replace("$Number$", str(count - 1))
            self.assertEqual(self.daemon.get(last)[0], 200)
            self.assertEqual(self.daemon.get(last.replace(f"-{count - 1}.", f"-{count}."))[0], 404)

    def test_a_cut_plays(self):
        for kind in ("mp4", "h4mk"):
            target = f"/api/files/a/film%20one/range.{kind}?from=5&to=9"
            status, headers, whole = self.daemon.get(target)
            self.assertEqual(status, 200)
            cut = self.root / f"cut.{kind}.part"
            cut.write_bytes(whole)
            run(FFMPEG, "-v", "error", "-i", str(cut), "-map", "0:v", "-map", "0:a", "-f", "null", "-")
            self.assertIn(len(packets(str(cut), "v:0")), range(90, 220))
            cut.unlink()
            status, headers, part = self.daemon.get(target, {"Range": "bytes=100-299", "If-Range": headers["etag"]})
            self.assertEqual((status, part), (206, whole[100:300]))
        self.assertEqual(self.daemon.get("/api/files/a/film%20one/range.mp4?from=5&to=2")[0], 400)

    def test_the_whole_film_as_mp4_has_every_packet(self):
        for stream in ("v:0", "a:0", "a:1"):
            source = packets(str(self.film), stream)
            served = packets(self.daemon.url + "/api/files/a/film%20one/range.mp4", stream)
            self.assertEqual([h for _, h in source], [h for _, h in served], stream)

    # From a transport stream: start codes, ADTS headers, no extradata.
    def test_what_has_start_codes_and_adts_is_repacked(self):
        def decoded(source):
            return [line.split()[-1] for line in run(FFMPEG, "-v", "error", "-i", source, "-map", "0:v", "-f", "framemd5", "-").splitlines()][-100:]
        self.assertEqual(decoded(str(self.film)), decoded(self.daemon.url + "/hls/stream/master.m3u8"))
        source, served = packets(str(self.film), "a:0"), packets(self.daemon.url + "/hls/stream/master.m3u8", "a:0")
        self.assertEqual([h for _, h in source][-100:], [h for _, h in served][-100:])

    def test_another_file_under_the_same_name_is_not_mixed_up(self):
        copy = self.root / "copy.h4mk"
        copy.write_bytes(self.film.read_bytes())
        with Daemon(PROGRAM, copy) as daemon:
            segment = re.search(r"^[^#].*m4s$", daemon.get("/hls/copy/t0.m3u8")[2].decode(), re.M).group(0)
            self.assertEqual(daemon.get("/hls/copy/" + segment)[0], 200)
            other = self.root / "other.part"
            run(FFMPEG, "-v", "error", "-i", str(self.film), "-map", "0:v", "-c", "copy", "-f", "h4mk", str(other))
            other.replace(copy)
            self.assertEqual(daemon.get("/hls/copy/" + segment)[0], 404)
            self.assertEqual(daemon.get("/hls/copy/t0.m3u8")[0], 200)
        copy.unlink()

    # A damaged block is an error of its segment, and of no other one.
    def test_damage_is_told(self):
        copy = self.root / "bad.h4mk"
        data = bytearray(self.film.read_bytes())
        status, _, body = self.daemon.get("/api/files/a/film%20one/tracks/0/blocks/10")
        place = int(re.search(rb'"offset":(\d+)', body).group(1))
        data[place + 5] ^= 1
        copy.write_bytes(data)
        with Daemon(PROGRAM, copy) as daemon:
            names = re.findall(r"^[^#].*m4s$", daemon.get("/hls/bad/t0.m3u8")[2].decode(), re.M)
            self.assertEqual([daemon.get("/hls/bad/" + name)[0] for name in names], [422, 200, 200, 200])
        copy.unlink()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
