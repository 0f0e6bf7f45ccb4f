#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipes for nginx and Caddy in front of h4mkd (tools/server/deploy): TLS, ranges, and nginx' cache for segments; and for nginx behind it, as
an object store. Skipped where neither is installed.

proxies_test.py H4MKD
"""
import contextlib, os, pathlib, re, shutil, socket, ssl, subprocess, sys, tempfile, time, unittest, urllib.error, urllib.request

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
from daemon import Daemon

PROGRAM = sys.argv[1]
NGINX, CADDY = (shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") for name in ("nginx", "caddy"))
FFMPEG = str(pathlib.Path(os.environ.get("H4MK_FFMPEG_PREFIX", ""), "bin", "ffmpeg"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class ProxiesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root, self.port = pathlib.Path(folder.name), free_port()
        (self.root / "films").mkdir()
        self.film = self.root / "films" / "film.h4mk"
        subprocess.run([FFMPEG, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=9", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", str(self.film)],
                       check=True)

    def recipe(self, name, *changes):
        """A file of deploy/, with what must be another on this machine. A change that does not fit is an error: the recipe has changed."""
        text = (HERE.parents[1] / "tools/server/deploy" / name).read_text()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        return text

    def options(self, name):
        """Of the command for h4mkd that a recipe names."""
        return re.search(r"^#   h4mkd --listen \S+ (.*) /srv/films$", self.recipe(name), re.M).group(1).split()

    @contextlib.contextmanager
    def running(self, command, environment={}):
        """The program, until the block ends; then what it said."""
        program = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | environment)
        try:
            for _ in range(100):
                with socket.socket() as s:
                    if s.connect_ex(("127.0.0.1", self.port)) == 0:
                        break
                time.sleep(0.1)
            yield
        finally:
            program.terminate()
            self.complaints = program.communicate(timeout=20)[1]

    def nginx(self, recipe):
        root = self.root
        temporary = " ".join(f"{kind}_temp_path {root}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.getuid() == 0 else ""
        (root / "conf").write_text(f"daemon off; worker_processes 1; {user} pid {root}/pid; error_log stderr warn;\nevents {{}}\n"
                                   f"http {{ access_log off; {temporary}\n{recipe}\n}}\n")
        return self.running([NGINX, "-p", str(root), "-c", str(root / "conf")])

    def nginx_in_front(self, daemon):
        root = self.root
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", root / "key.pem", "-out",
                        root / "chain.pem", "-subj", "/CN=films.example.org", "-days", "2"], check=True, capture_output=True)
        return self.nginx(self.recipe("nginx.conf", ("/var/cache/nginx/h4mkd", str(root / "cache")), ("127.0.0.1:8080", f"127.0.0.1:{daemon.port}"),
                                      ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"), ("/etc/ssl/films.example.org", str(root))))

    @unittest.skipUnless(NGINX, "there is no nginx")
    def test_nginx_serves_films_by_tls_and_keeps_segments(self):
        with Daemon(PROGRAM, *self.options("nginx.conf"), "--access-log", self.root / "log", self.root / "films") as daemon, self.nginx_in_front(daemon):
            asked = self.browse(self.root / "log")
            # For nginx this server is the one for all names.
            with self.assertRaisesRegex(urllib.error.HTTPError, "421"):
                self.get("/api/files", Host="evil.example")
        self.assertEqual(self.complaints, "")
        self.assertEqual(asked, 1)  # the second time the segment came from the cache

    @unittest.skipUnless(NGINX, "there is no nginx")
    def test_nginx_keeps_nothing_that_a_token_opened(self):
        (self.root / "token").write_text("a-token-of-24-characters")
        bearer = {"Authorization": "Bearer a-token-of-24-characters"}
        with Daemon(PROGRAM, *self.options("nginx.conf"), "--token-file", self.root / "token", self.root / "films") as daemon, self.nginx_in_front(daemon):
            playlist = self.get("/hls/film/t0.m3u8", **bearer)[1].decode()
            segment = "/hls/film/" + re.search(r"^[^#].*m4s$", playlist, re.M).group(0)
            self.assertEqual(self.get(segment, **bearer)[0], 200)
            with self.assertRaisesRegex(urllib.error.HTTPError, "401"):
                self.get(segment)

    @unittest.skipUnless(NGINX, "there is no nginx")
    def test_nginx_as_an_object_store(self):
        (self.root / "list").write_text("film.h4mk\n")
        recipe = self.recipe("nginx-origin.conf", ("127.0.0.1:8090;", f"127.0.0.1:{self.port};"), ("/srv/films/", f"{self.root}/films/"))
        with self.nginx(recipe), Daemon(PROGRAM, "--origin", f"http://127.0.0.1:{self.port}/films", "--origin-list", self.root / "list") as daemon, \
                Daemon(PROGRAM, self.root / "films") as local:
            playlist = daemon.get("/hls/film/t0.m3u8")
            self.assertEqual(playlist[::2], local.get("/hls/film/t0.m3u8")[::2])
            segment = "/hls/film/" + re.search(r"^[^#].*m4s$", playlist[2].decode(), re.M).group(0)
            self.assertEqual(daemon.get(segment)[::2], local.get(segment)[::2])
            self.assertEqual(daemon.get("/files/film.h4mk")[2], self.film.read_bytes())

    @unittest.skipUnless(CADDY, "there is no Caddy")
    def test_caddy_serves_films_by_tls(self):
        with Daemon(PROGRAM, *self.options("Caddyfile"), "--access-log", self.root / "log", self.root / "films") as daemon:
            # The handshake is for localhost, requests are for the name of the recipe.
            recipe = self.recipe("Caddyfile", ("films.example.org {", f"https://localhost:{self.port}, https://films.example.org:{self.port} {{"), ("127.0.0.1:8080", f"127.0.0.1:{daemon.port}"))
            (self.root / "Caddyfile").write_text("{\n\tadmin off\n\tlocal_certs\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n" + recipe)
            home = {name: str(self.root / "caddy") for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
            with self.running([CADDY, "run", "--config", str(self.root / "Caddyfile")], home):
                self.browse(self.root / "log")
        self.assertNotIn('"level":"error"', self.complaints)

    def get(self, target, **headers):
        headers = {"Host": "films.example.org"} | headers
        trust = ssl.create_default_context()
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        with urllib.request.urlopen(urllib.request.Request(f"https://localhost:{self.port}{target}", headers=headers), timeout=20, context=trust) as answer:
            return answer.status, answer.read()

    def browse(self, log):
        """How often the server was asked for a segment that was wanted twice."""
        get, film = self.get, self.film.read_bytes()
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
        return log.read_text().count("seg-0.m4s")


if __name__ == "__main__":
    if not NGINX and not CADDY:
        print("skipped: there is neither nginx nor Caddy")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
