#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipe for nginx in front of h4mkd (tools/server/deploy/nginx.conf): TLS, a cache for segments, ranges. Skipped without nginx.

nginx_test.py H4MKD
"""
import os, pathlib, re, shutil, socket, ssl, subprocess, sys, tempfile, time, unittest, urllib.error, urllib.request

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
from daemon import Daemon

PROGRAM = sys.argv[1]
NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
FFMPEG = str(pathlib.Path(os.environ.get("H4MK_FFMPEG_PREFIX", ""), "bin", "ffmpeg"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class NginxTest(unittest.TestCase):
    def test_the_recipe_serves_films_by_tls_and_keeps_segments(self):
        with tempfile.TemporaryDirectory() as name:
            root, port = pathlib.Path(name), free_port()
            (root / "films").mkdir()
            film = root / "films" / "film.h4mk"
            subprocess.run([FFMPEG, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=9", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", str(film)],
                           check=True)
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", root / "key.pem", "-out",
                            root / "chain.pem", "-subj", "/CN=films.example.org", "-days", "2"], check=True, capture_output=True)
            with Daemon(PROGRAM, "--access-log", root / "log", root / "films") as daemon:
                recipe = (HERE.parents[1] / "tools/server/deploy/nginx.conf").read_text()
                for old, new in (("/var/cache/nginx/h4mkd", str(root / "cache")), ("127.0.0.1:8080", f"127.0.0.1:{daemon.port}"),
                                 ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"), ("/etc/ssl/films.example.org", str(root))):
                    self.assertIn(old, recipe)
                    recipe = recipe.replace(old, new)
                temporary = " ".join(f"{kind}_temp_path {root}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
                user = "user root;" if os.getuid() == 0 else ""
                (root / "conf").write_text(f"daemon off; worker_processes 1; {user} pid {root}/pid; error_log stderr warn;\nevents {{}}\n"
                                           f"http {{ access_log off; {temporary}\n{recipe}\n}}\n")
                nginx = subprocess.Popen([NGINX, "-p", name, "-c", str(root / "conf")], stderr=subprocess.PIPE, text=True)
                try:
                    self.browse(f"https://127.0.0.1:{port}", film.read_bytes(), root / "log")
                finally:
                    nginx.terminate()
                    self.assertEqual(nginx.communicate(timeout=20)[1], "")

    def browse(self, url, film, log):
        trust = ssl.create_default_context()
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        def get(target, **headers):
            with urllib.request.urlopen(urllib.request.Request(url + target, headers=headers), timeout=20, context=trust) as answer:
                return answer.status, answer.read()
        for _ in range(100):
            try:
                get("/health")
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        self.assertEqual(get("/files/film.h4mk"), (200, film))
        self.assertEqual(get("/files/film.h4mk", Range="bytes=100-199"), (206, film[100:200]))
        playlist = get("/hls/film/t0.m3u8")[1].decode()
        segment = "/hls/film/" + re.search(r"^[^#].*m4s$", playlist, re.M).group(0)
        first = get(segment)
        self.assertEqual(first, get(segment))
        self.assertEqual(log.read_text().count("seg-0.m4s"), 1)  # the second one came from the cache


if __name__ == "__main__":
    if not NGINX:
        print("skipped: there is no nginx")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
