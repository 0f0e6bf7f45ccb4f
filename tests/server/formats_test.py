#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What h4mkd streams: codecs, and files that are encrypted, signed, of version 1, or beside their media. FFmpeg reads what comes.

formats_test.py H4MKD H4MK
H4MK_CORPUS: a folder of real files, for the codecs that the FFmpeg of the tests cannot encode.
"""
import json, os, pathlib, re, subprocess, sys, tempfile, unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from daemon import Daemon

PROGRAM, H4MK = sys.argv[1:3]
BIN = pathlib.Path(os.environ.get("H4MK_FFMPEG_PREFIX", ""), "bin")
FFMPEG, FFPROBE = str(BIN / "ffmpeg"), str(BIN / "ffprobe")
CORPUS = pathlib.Path(os.environ.get("H4MK_CORPUS", "/nonexistent"))


def run(*command):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "FFMPEG": FFMPEG})
    if done.returncode:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stderr}")
    return done.stdout


def packets(source, stream):
    """(pts in microseconds, hash of the data) of each packet that has data."""
    rows = run(FFPROBE, "-v", "error", "-select_streams", stream, "-show_entries", "packet=pts_time,size,data_hash", "-show_data_hash", "md5", "-of",
               "csv=p=0", source).split()
    return [(round(float(time) * 1e6), digest) for time, size, digest in (row.split(",")[:3] for row in rows) if time != "N/A" and size != "0"]


class FormatsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        cls.films = cls.root / "films"
        cls.films.mkdir()
        cls.clip = cls.films / "clip.mp4"
        run(FFMPEG, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=9", "-f", "lavfi", "-i", "sine=r=48000:d=9", "-c:v", "libx264",
            "-preset", "ultrafast", "-bf", "2", "-g", "50", "-c:a", "aac", cls.clip)
        run(FFMPEG, "-v", "error", "-i", cls.clip, "-map", "0", "-c", "copy", cls.films / "plain.h4mk")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_the_decoder_of_pictures_gets_two_files(self):
        program, said = self.root / "decoder", self.root / "said"
        program.write_text(f"#!/bin/sh\nls -l /proc/$$/fd >'{said}'\nexit 1\n")
        program.chmod(0o755)
        with Daemon(PROGRAM, "--ffmpeg", program, self.films) as daemon:
            self.assertEqual(daemon.get("/api/files/plain/thumbnail.jpg")[0], 422)
        self.assertEqual([line for line in said.read_text().splitlines() if "socket:" in line or "anon_inode:" in line or "pipe:" in line], [])

    def plays(self, daemon, name, source, streams=("v:0", "a:0")):
        for stream in streams:
            want, got = packets(source, stream), packets(f"{daemon.url}/hls/{name}/master.m3u8", stream)
            self.assertGreater(len(want), 0, stream)
            self.assertEqual([d for _, d in want], [d for _, d in got], (name, stream))
            self.assertLessEqual(max(abs(a - b) for (a, _), (b, _) in zip(want, got)), 1, (name, stream))

    def codec(self, daemon, name):
        status, _, body = daemon.get(f"/hls/{name}/master.m3u8")
        self.assertEqual(status, 200, body)
        return re.search(r'CODECS="([^"]+)"', body.decode()).group(1)

    def test_sound(self):
        for codec, encoder in (("fLaC", "flac"), ("ac-3", "ac3"), ("ec-3", "eac3"), ("opus", "libopus"), ("mp4a.40.2", "aac")):
            path = self.films / f"sound_{encoder}.h4mk"
            run(FFMPEG, "-v", "error", "-f", "lavfi", "-i", "sine=r=48000:d=9", "-c:a", encoder, path)
            with Daemon(PROGRAM, path) as daemon:
                self.assertEqual(self.codec(daemon, path.stem), codec)
                self.plays(daemon, path.stem, path, ("a:0",))

    # Names of codecs as RFC 6381 and the codecs' own specifications have them: checked against what these files are.
    def test_codecs_of_real_files(self):
        real = {"testsrc2_h265.mp4": ("hvc1.1.6.L93.90", "v:0"), "nasa_13013_hdr.mp4": ("hvc1.2.4.L60.90", "v:0"), "testsrc2_vp9.webm": ("vp09.00.31.08", "v:0"),
                "roadtrip-vp92-10bit.webm": ("vp09.02.20.10", "v:0"), "gradient_10bit.avif": ("av01.1.00M.10", "v:0"), "bear-id3.mp3": ("mp4a.40.34", "a:0"),
                "sample_ac3.ts": ("ac-3", "a:0"), "bear.opus": ("opus", "a:0"), "bear.flac": ("fLaC", "a:0")}
        if not CORPUS.is_dir():
            self.skipTest("H4MK_CORPUS names no folder")
        for file, (codec, stream) in real.items():
            path = self.films / (file + ".h4mk")
            run(FFMPEG, "-v", "error", "-i", CORPUS / file, "-map", "0:" + stream[0], "-c", "copy", path)
            with self.subTest(file), Daemon(PROGRAM, path) as daemon:
                self.assertEqual(self.codec(daemon, path.stem), codec)
                self.plays(daemon, path.stem, path, (stream,))

    def test_version_1_and_sidecars(self):
        run(FFMPEG, "-v", "error", "-i", self.clip, "-map", "0:v", "-c", "copy", self.films / "silent.h4mk")  # version 1 has no negative times
        run(H4MK, "convert", "--to", "1", self.films / "silent.h4mk", self.films / "one.h4mk")
        run(H4MK, "sidecar", self.clip, "-o", self.films / "beside.h4mk")
        with Daemon(PROGRAM, self.films) as daemon:
            for name, streams in (("one", ("v:0",)), ("beside", ("v:0", "a:0"))):
                self.plays(daemon, name, self.films / "plain.h4mk", streams)
                self.assertTrue(json.loads(daemon.get(f"/api/files/{name}/verify")[2])["ok"])
        # The media that a sidecar needs is gone: its segments are errors, no short film.
        aside = self.root / "aside.mp4"
        self.clip.rename(aside)
        try:
            with Daemon(PROGRAM, self.films) as daemon:
                segment = re.search(r"^[^#].*m4s$", daemon.get("/hls/beside/t0.m3u8")[2].decode(), re.M).group(0)
                self.assertGreaterEqual(daemon.get("/hls/beside/" + segment)[0], 400)
        finally:
            aside.rename(self.clip)

    # Encrypted files are streamed in clear only where the operator has said so by a key.
    def test_encrypted_files(self):
        key, other, keys = self.root / "key", self.root / "other", self.root / "keys"
        for path, digits in ((key, "a1" * 32), (other, "b2" * 32)):
            path.write_text(digits)
            path.chmod(0o600)
        keys.write_text("# of the films\n" + "a1" * 32 + "\n0102 " + "b2" * 32 + "\n")
        run(H4MK, "export", "--packets", "--cipher", "aead", "--key-file", key, "-o", self.films / "locked.h4mk", self.clip)
        run(H4MK, "export", "--packets", "--cipher", "aead", "--key-file", other, "--kid", "0102", "-o", self.films / "named.h4mk", self.clip)
        with Daemon(PROGRAM, self.films) as daemon:
            self.assertEqual(daemon.get("/hls/locked/master.m3u8")[0], 403)
            self.assertEqual(daemon.get("/hls/locked/t0.m3u8")[0], 403)
            self.assertEqual(daemon.get("/dash/locked/manifest.mpd")[0], 403)
            self.assertEqual(daemon.get("/api/files/locked/range.h4mk")[0], 403)
            self.assertEqual(daemon.get("/files/locked.h4mk")[2], (self.films / "locked.h4mk").read_bytes())
        with Daemon(PROGRAM, "--decrypt-keys", keys, self.films) as daemon:
            for name in ("locked", "named"):
                self.plays(daemon, name, self.films / "plain.h4mk")
            self.assertEqual(daemon.get("/files/locked.h4mk")[2], (self.films / "locked.h4mk").read_bytes())  # the file stays as it is
            cut = self.root / "cut.h4mk"
            cut.write_bytes(daemon.get("/api/files/locked/range.h4mk")[2])
            self.assertEqual(packets(cut, "v:0"), packets(self.films / "plain.h4mk", "v:0"))
        keys.write_text("c3" * 32 + "\n")  # a key that fits nothing
        with Daemon(PROGRAM, "--decrypt-keys", keys, self.films) as daemon:
            self.assertEqual(daemon.get("/hls/locked/master.m3u8")[0], 403)

    # Whoever has the public key, and not the file, can check a block.
    def test_signed_files_and_proofs(self):
        private, public = self.root / "sign.pem", self.root / "sign.pub"
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", private)
        run("openssl", "pkey", "-in", private, "-pubout", "-out", public)
        private.chmod(0o600)
        run(H4MK, "sign", self.films / "plain.h4mk", "-o", self.films / "signed.h4mk", "--key-file", private)
        target = "/api/files/signed/tracks/0/blocks/60/proof"
        with Daemon(PROGRAM, self.films) as daemon:
            self.assertEqual(daemon.get(target)[0], 404)  # no key, no proof
        with Daemon(PROGRAM, "--verify-key", public, self.films) as daemon:
            report = json.loads(daemon.get("/api/files/signed/verify")[2])
            self.assertTrue(report["ok"] and report["report"]["signature"]["ok"])
            self.assertFalse(json.loads(daemon.get("/api/files/plain/verify")[2])["ok"])  # not signed
            status, _, proof = daemon.get(target)
            self.assertEqual(status, 200)
            (self.root / "proof").write_bytes(proof)
            self.assertIn("block 60 of track 1", run(H4MK, "verify", "--proof", self.root / "proof", "--public-key", public))
            self.assertEqual(daemon.get("/api/files/signed/tracks/0/blocks/100000/proof")[0], 404)
            self.assertEqual(daemon.get("/api/files/plain/tracks/0/blocks/60/proof")[0], 403)

    def test_verify_tells_its_progress_and_what_is_wrong(self):
        bad = bytearray((self.films / "plain.h4mk").read_bytes())
        bad[len(bad) // 2] ^= 1
        (self.films / "bad.h4mk").write_bytes(bad)
        with Daemon(PROGRAM, self.films) as daemon:
            status, headers, body = daemon.get("/api/files/bad/verify", {"Accept": "text/event-stream"})
            self.assertEqual((status, headers["content-type"]), (200, "text/event-stream"))
            result = json.loads(re.search(rb"event: done\ndata: (.*)\n\n$", body).group(1))
            self.assertFalse(result["ok"])
            self.assertIn("byte", result["problems"][0]["message"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
