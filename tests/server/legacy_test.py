#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The HTTP API of the first programs: every request that was recorded from them (vectors/, with index.json,
in/ and out/), byte for byte.

legacy_test.py H4MKD
"""
import hashlib, json, os, pathlib, sys, tempfile, urllib.parse, unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from daemon import Daemon

PROGRAM = sys.argv[1]
VECTORS = pathlib.Path(__file__).parent / "vectors"

# Here the old program failed for all files that its own writer makes. These are answered as they were meant.
MEANT = {"info_with_meta": b'"project": "P"', "compat_manifest_with_seek": b'"seek":[{"pts_us":100,"block_offset":0}', "compat_seek_with_table": b"No keyframe"}


def form(upload, fields):
    lines = []
    for name, value in fields:
        lines += [b"--b0", f'Content-Disposition: form-data; name="{name}"'.encode(), b"", value.encode()]
    if upload:
        lines += [b"--b0", f'Content-Disposition: form-data; name="{upload["field"]}"; filename="{upload["filename"]}"'.encode(),
                  b"Content-Type: application/octet-stream", b"", upload["bytes"]]
    return b"\r\n".join(lines + [b"--b0--", b""])


class LegacyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.daemons = {"main": Daemon(PROGRAM, "--legacy-api", cls.folder.name), "tracks": Daemon(PROGRAM, "--legacy-tracks", cls.folder.name)}

    @classmethod
    def tearDownClass(cls):
        for daemon in cls.daemons.values():
            daemon.stop()
        cls.folder.cleanup()

    def ask(self, app, method, path, query=(), headers=None, upload=None, fields=()):
        target = urllib.parse.quote(path) + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = dict(headers or {})
        body = None
        if upload or fields:
            headers["Content-Type"] = "multipart/form-data; boundary=b0"
            body = form(upload, fields)
        elif method == "POST":
            headers["Content-Length"] = "0"
        return self.daemons[app].get(target, headers, method, body)

    def check(self, case):
        expected, upload, query = case["expect"], case.get("upload"), [tuple(q) for q in case["query"]]
        if upload:
            upload = dict(upload, bytes=(VECTORS / upload["content"]).read_bytes())
        if "query_hex_of_file" in case:
            name, file = case["query_hex_of_file"]
            query.append((name, (VECTORS / file).read_bytes().hex()))
        try:
            status, headers, body = self.ask(case["app"], case["method"], case["path"], query, dict(case.get("headers") or {}), upload,
                                             case.get("form_fields") or ())
        except Exception as error:  # the body ends before its end
            body = getattr(error, "partial", None)
            self.assertTrue(expected.get("aborted"), repr(error))
            if body is not None and "body_text" in expected:
                self.assertEqual(body.decode(), expected["body_text"])
            return
        if case["id"] in MEANT:
            self.assertNotEqual(status, 500)
            self.assertIn(MEANT[case["id"]], body)
            return
        self.assertFalse(expected.get("aborted"))
        self.assertEqual(status, expected["status"], body[:300])
        if expected["match"] == "status_and_detail_array":
            self.assertIsInstance(json.loads(body)["detail"], list)
            return
        names = {"content-type"} if expected["match"] == "status_and_content_type" else None
        for name, value in expected["headers"]:
            if names is None or name in names:
                self.assertEqual(headers.get(name), value, name)
        if names is None:
            # Plain errors have no type.
            if not any(name == "content-type" for name, _ in expected["headers"]):
                self.assertNotIn("content-type", headers)
            self.assertEqual(hashlib.sha256(body).hexdigest(), expected["body_sha256"], body[:500])

    def test_vectors(self):
        cases = json.loads((VECTORS / "index.json").read_text())["cases"]
        self.assertGreater(len(cases), 100)
        for case in cases:
            with self.subTest(case["id"]):
                self.check(case)

    RAW = {"field": "file", "filename": "a.raw", "bytes": b"a" * 512}

    def test_what_is_exported_can_be_asked_for(self):
        status, headers, file = self.ask("main", "POST", "/video/export", [("gop", "1")], upload=self.RAW)
        self.assertEqual((status, headers["content-disposition"]), (200, 'attachment; filename="Harmony\xd84_video.h4mk"'))
        upload = dict(self.RAW, bytes=file)
        status, headers, body = self.ask("main", "POST", "/video/block/0", upload=upload)
        self.assertEqual((status, body, headers["x-decompressed"]), (200, self.RAW["bytes"], "true"))
        self.assertEqual(json.loads(self.ask("main", "POST", "/video/manifest", upload=upload)[2])["seek"], [{"pts_us": 0, "block_offset": 0}])
        status, _, body = self.ask("main", "POST", "/video/seek_to_block", [("pts_us", "7")], upload=upload)
        self.assertEqual(json.loads(body), {"pts_us": 7, "keyframe_entry_index": 0, "keyframe_pts_us": 0})
        status, _, body = self.ask("main", "GET", "/video/info", [("h4mk", file.hex())])
        self.assertEqual(json.loads(body)["metadata"]["domain"], "video-transport")

    def test_uploads_have_a_limit(self):
        with Daemon(PROGRAM, "--legacy-api", "--max-upload", "1000", self.folder.name) as daemon:
            head = b"POST /video/export HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b0\r\nContent-Length: %d\r\n\r\n"
            self.assertIn(b" 413 ", daemon.raw(head % 1001).split(b"\r\n")[0])

    # Small frames with all their tokens would make 1.7 GB of a sound of 64 MB.
    def test_tokens_have_a_limit(self):
        sound = {"field": "file", "filename": "a.pcm", "bytes": bytes(range(256)) * (5 << 12)}
        query = [("frame_size", "256"), ("top_k", "256")]
        status, _, body = self.ask("main", "POST", "/audio/stream", query, upload=sound)
        self.assertEqual((status, b"2,097,152 tokens" in body), (413, True))
        status, _, body = self.ask("main", "POST", "/audio/stream", [("frame_size", "16384"), ("top_k", "1")], upload=sound)
        self.assertEqual((status, body.count(b"event:token")), (200, 319))

    # Without the option nothing of it is there.
    def test_it_is_off_by_default(self):
        with Daemon(PROGRAM, self.folder.name) as daemon:
            self.assertIn(daemon.get("/video/export", method="POST", body=b"")[0], (404, 405))
            self.assertEqual(daemon.get("/health")[2], b'{"status":"ok"}\n')


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
