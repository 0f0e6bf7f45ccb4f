#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a server on a network must bear: clients that lie, stall, flood and hang up; and who may ask for what.

security_test.py H4MKD MAKE_FILE
"""
import concurrent.futures, contextlib, json, os, pathlib, re, resource, signal, socket, subprocess, sys, tempfile, time, unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from daemon import Daemon

PROGRAM, MAKE_FILE = sys.argv[1:3]


def closed_by_peer(sockets):
    """How many of them the server has closed."""
    closed = 0
    for s in sockets:
        s.setblocking(False)
        try:
            closed += s.recv(1) == b""
        except (BlockingIOError, ConnectionResetError) as error:
            closed += isinstance(error, ConnectionResetError)
    return closed


class SecurityTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        (cls.root / "films" / "inside").mkdir(parents=True)
        made = subprocess.run([MAKE_FILE, "clip", str(cls.root / "films" / "a.h4mk")], capture_output=True)
        if not (cls.root / "films" / "a.h4mk").exists():
            raise RuntimeError(made.stderr)
        data = (cls.root / "films" / "a.h4mk").read_bytes()
        (cls.root / "films" / "inside" / "b.h4mk").write_bytes(data)
        (cls.root / "outside.h4mk").write_bytes(data)
        cls.films = cls.root / "films"
        cls.daemon = Daemon(PROGRAM, "--max-per-address", "200", cls.films)

    @classmethod
    def tearDownClass(cls):
        code = cls.daemon.stop()
        cls.folder.cleanup()
        assert code == 0, code

    def status(self, data):
        answer = self.daemon.raw(data)
        return int(answer.split(b" ", 2)[1]) if answer else 0

    # ---- requests that are read in two ways

    def test_ambiguous_requests_are_refused_and_the_connection_is_closed(self):
        follow = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for head in (b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                     b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
                     b"GET /health HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n", b"GET /health HTTP/1.1\r\nHost: localhost\r\nA : b\r\n\r\n",
                     b"GET /health HTTP/1.1\nHost: localhost\r\n\r\n", b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: y\r\n\r\n", b"GET  /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n"):
            answer = self.daemon.raw(head + follow)
            self.assertEqual(answer.count(b"HTTP/1.1 "), 1, head)
            self.assertIn(answer.split(b" ")[1], (b"400", b"411"), head)

    def test_two_requests_in_one_packet_are_two_answers(self):
        answer = self.daemon.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self.assertEqual(answer.count(b"HTTP/1.1 200 OK"), 2)

    def test_heads_have_a_limit(self):
        self.assertEqual(self.status(b"GET /health HTTP/1.1\r\nHost: localhost\r\nA: " + b"a" * 20000 + b"\r\n\r\n"), 431)
        self.assertEqual(self.status(b"GET /" + b"a" * 20000), 431)

    def test_bodies_that_nobody_asked_for_are_refused(self):
        self.assertEqual(self.status(b"POST /api/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"), 413)

    def test_a_refused_method_names_those_that_are_not(self):
        for target in ("/api/files", "/files/a.h4mk"):
            status, headers, _ = self.daemon.get(target, method="DELETE")
            self.assertEqual((status, headers.get("allow")), (405, "GET, HEAD, OPTIONS"))

    # ---- files

    def test_nothing_outside_of_the_folder(self):
        control = self.daemon.get("/files/a.h4mk")[0]
        self.assertEqual(control, 200)
        for target in ("/files/../outside.h4mk", "/files/%2e%2e/outside.h4mk", "/files/..%2foutside.h4mk", "/files/inside/../../outside.h4mk",
                       "/files/%2fetc%2fpasswd.h4mk", "//files/a.h4mk", "/files/a.h4mk%00.h4mk", "/files/inside"):
            self.assertEqual(self.daemon.get(target)[0] // 100, 4, target)

    def test_one_range_only(self):
        status, _, body = self.daemon.get("/files/a.h4mk", {"Range": "bytes=0-1"})
        self.assertEqual((status, len(body)), (206, 2))
        whole = (self.films / "a.h4mk").read_bytes()
        for value in ("bytes=" + ",".join("0-1" for _ in range(500)), "bytes=-18446744073709551615-1", "bytes=9223372036854775807-9223372036854775808,0-1"):
            status, _, body = self.daemon.get("/files/a.h4mk", {"Range": value})
            self.assertEqual((status, body), (200, whole), value)
        self.assertEqual(self.daemon.get("/files/a.h4mk", {"Range": "bytes=99999999-"})[0], 416)

    # ---- what is shown is not run

    def test_pages_allow_nothing_foreign(self):
        for target in ("/", "/docs"):
            status, headers, body = self.daemon.get(target)
            self.assertEqual(status, 200)
            policy = headers["content-security-policy"]
            self.assertIn("default-src 'self'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertEqual(headers["x-content-type-options"], "nosniff")
            self.assertNotIn(b"http://", body)
            self.assertNotIn(b"https://", body)

    def test_origins_that_are_named_are_allowed(self):
        with Daemon(PROGRAM, "--origin-allowed", "https://a.example", "--origin-allowed", "https://b.example", self.films) as daemon:
            for origin in ("https://a.example", "https://b.example"):
                self.assertEqual(daemon.get("/api/files", {"Origin": origin})[1].get("access-control-allow-origin"), origin)
            self.assertNotIn("access-control-allow-origin", daemon.get("/api/files", {"Origin": "https://c.example"})[1])

    # A cache keeps what a player without an origin asked for, and hands it to pages.
    def test_any_origin_is_allowed_whoever_asks(self):
        with Daemon(PROGRAM, "--origin-allowed", "*", self.films) as daemon:
            for headers in ({}, {"Origin": "https://a.example"}):
                self.assertEqual(daemon.get("/files/a.h4mk", headers)[1].get("access-control-allow-origin"), "*")

    def test_no_origin_is_allowed_by_default(self):
        self.assertNotIn("access-control-allow-origin", self.daemon.get("/api/files", {"Origin": "https://evil.example"})[1])

    def test_who_errs_is_told_where_to_look(self):
        for target in ("/", "/docs"):
            body = self.daemon.get(target)[2].split(b"<noscript>")[1].split(b"</noscript>")[0]
            self.assertIn(b'href="api/files"', body)
        status, _, body = self.daemon.get("/api/files/a/seek?t=1")
        self.assertEqual(status, 404)
        self.assertIn(b"/api/files/a/tracks/N/seek", body)

    # DNS rebinding: for a browser a page is of this origin whose name is bound to this address now. Only Host still tells.
    def test_a_local_server_is_not_read_by_a_page_that_was_bound_to_it(self):
        log = self.root / "hosts.log"
        with Daemon(PROGRAM, "--access-log", log, self.films) as daemon:
            for target in ("/api/files", "/files/a.h4mk", "/health", "/nothing"):
                status, headers, body = daemon.get(target, {"Host": "evil.example:8080"})
                self.assertEqual((status, headers["cache-control"]), (421, "no-store"), target)
                self.assertIn("--allowed-host", json.loads(body)["error"])
            # Such a page can add this header, since it asks its own origin.
            self.assertEqual(daemon.get("/api/files", {"Host": "evil.example", "X-Forwarded-Host": "localhost"})[0], 421)
            for host in ("localhost", "LOCALHOST.:1", f"127.0.0.1:{daemon.port}", "[::1]", "films.localhost", ""):
                self.assertEqual(daemon.get("/api/files", {"Host": host})[0], 200, host)
            self.assertIn(b" 200 ", daemon.raw(b"GET /api/files HTTP/1.0\r\n\r\n"))
            self.assertIn(b" 400 ", daemon.raw(b"GET http://localhost/api/files HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
        first = json.loads(log.read_text().splitlines()[0])
        self.assertEqual((first["status"], first["host"]), (421, "evil.example:8080"))

    def test_hosts_that_are_named_are_allowed(self):
        hosts = ("--allowed-host", "Films.example.org", "--allowed-host", "b.example.")
        for listen, arguments, evil in (("127.0.0.1:0", hosts, 421), ("0.0.0.0:0", hosts, 421), ("0.0.0.0:0", (), 200), ("127.0.0.1:0", ("--allowed-host", "*"), 200)):
            with Daemon(PROGRAM, *arguments, self.films, listen=listen) as daemon:
                self.assertEqual(daemon.get("/api/files", {"Host": "evil.example"})[0], evil, (listen, arguments))
                for host in ("films.example.org", "b.example:8080", "localhost", "127.0.0.1"):
                    self.assertEqual(daemon.get("/api/files", {"Host": host})[0], 200, host)

    # ---- clients that stall

    def test_connections_of_one_address_have_a_limit(self):
        with contextlib.ExitStack() as stack:
            sockets = [stack.enter_context(socket.create_connection((self.daemon.host, self.daemon.port))) for _ in range(260)]
            time.sleep(0.3)
            self.assertGreaterEqual(closed_by_peer(sockets), 60)
        time.sleep(0.2)
        self.assertEqual(self.daemon.get("/health")[0], 200)

    def test_all_connections_have_a_limit(self):
        with Daemon(PROGRAM, "--max-connections", "20", self.films) as daemon, contextlib.ExitStack() as stack:
            sockets = [stack.enter_context(socket.create_connection((daemon.host, daemon.port), timeout=5)) for _ in range(30)]
            time.sleep(0.3)
            self.assertEqual(closed_by_peer(sockets), 10)

    def test_metrics_have_a_listener_of_their_own(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        with Daemon(PROGRAM, "--metrics", f"127.0.0.1:{port}", self.films) as daemon:
            self.assertEqual(daemon.get("/metrics")[0], 404)
            daemon.port = port
            status, _, body = daemon.get("/metrics")
            self.assertEqual(status, 200)
            self.assertIn(b"h4mkd_connections_open", body)
            self.assertEqual(daemon.get("/api/files")[0], 404)
            self.assertEqual(daemon.get("/metrics", {"Host": "evil.example"})[0], 421)

    # slowloris: the time for a head counts from its first byte, whatever still comes.
    def test_a_head_must_end_in_time(self):
        with socket.create_connection((self.daemon.host, self.daemon.port)) as s:
            s.sendall(b"GET /health HTTP/1.1\r\n")
            start = time.monotonic()
            s.settimeout(1)
            while time.monotonic() - start < 25:
                try:
                    s.sendall(b"A: b\r\n")
                    if s.recv(100) == b"":
                        break
                except TimeoutError:
                    continue
                except (BrokenPipeError, ConnectionResetError):
                    break
            self.assertLess(time.monotonic() - start, 20)

    def test_a_client_that_does_not_read_is_reset(self):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect((self.daemon.host, self.daemon.port))
            s.sendall(b"GET /page.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
            def is_open():  # as the kernel has it; nothing is read here
                return s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == 1
            time.sleep(1)
            self.assertTrue(is_open())
            end = time.monotonic() + 60
            while is_open() and time.monotonic() < end:
                time.sleep(0.2)
            self.assertFalse(is_open())

    # Who asks and does not read holds a socket, no memory, and not for ever (tried for memory here).
    def test_clients_that_do_not_read_cost_little(self):
        before = self.daemon.memory()
        with contextlib.ExitStack() as stack:
            for _ in range(100):
                s = stack.enter_context(socket.create_connection((self.daemon.host, self.daemon.port)))
                s.sendall(b"GET /page.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5)
            time.sleep(0.5)
            self.assertLess(self.daemon.memory() - before, 100 * (200 << 10))

    def test_clients_that_hang_up_leave_nothing(self):
        self.daemon.get("/health")
        before = self.daemon.descriptors()
        def hang_up(i):
            with contextlib.suppress(OSError):
                with socket.create_connection((self.daemon.host, self.daemon.port), timeout=0.3) as s:
                    s.sendall((b"GET /files/a.h4mk HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /api/files/a/verify?events=1 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /", b"")[i % 4])
                    if i % 3:
                        s.recv(10)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            list(pool.map(hang_up, range(400)))
        end = time.monotonic() + 20
        while self.daemon.descriptors() > before + 2 and time.monotonic() < end:
            time.sleep(0.1)
        self.assertLessEqual(self.daemon.descriptors(), before + 2)
        self.assertEqual(self.daemon.get("/health")[0], 200)

    def test_a_log_that_was_moved_away_is_opened_anew(self):
        log = self.root / "moved.log"
        def wait_for(condition):
            for _ in range(100):
                if condition():
                    return
                time.sleep(0.1)
            self.fail("it did not come")
        with Daemon(PROGRAM, "--access-log", log, self.films) as daemon:
            for _ in range(2):
                daemon.get("/health")
                wait_for(log.read_text)
                log.rename(self.root / "moved.log.1")
                daemon.process.send_signal(signal.SIGHUP)
                wait_for(log.exists)
            daemon.get("/ready")
            wait_for(log.read_text)
            self.assertEqual([json.loads(line)["target"] for line in log.read_text().splitlines()], ["/ready"])
            self.assertEqual(daemon.stop(), 0)

    # ---- who may ask

    def test_tokens_and_signed_prefixes(self):
        token, keys, log = self.root / "token", self.root / "keys", self.root / "log"
        token.write_text("a-token-of-24-characters\n")
        keys.write_text("# name, secret\none " + "ab" * 32 + "\n")
        def sign(scope, expires=100):
            return subprocess.run([PROGRAM, "--key-file", keys, "--sign", scope, "--expires", str(expires)], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        with Daemon(PROGRAM, "--token-file", token, "--key-file", keys, "--access-log", log, self.films) as daemon:
            def status(target, **headers):
                return daemon.get(target, headers)[0]
            bearer = {"Authorization": "Bearer a-token-of-24-characters"}
            self.assertEqual(status("/health"), 200)
            self.assertEqual(status("/api/files"), 401)
            self.assertEqual(status("/files/a.h4mk"), 401)
            self.assertEqual(status("/api/files", **bearer), 200)
            self.assertEqual(status("/api/files", Authorization="bearer a-token-of-24-characters"), 200)
            for wrong in ("Bearer a-token-of-24-characterz", "a-token-of-24-characters", "Bearer", ""):
                self.assertEqual(status("/api/files", Authorization=wrong), 401, wrong)
            one, folder, all_files, old = sign("a"), sign("inside/"), sign(""), sign("a", 0)
            self.assertEqual(status(one + "/files/a.h4mk"), 200)
            self.assertEqual(status(one + "/api/files/a/tracks"), 200)
            self.assertEqual(status(one + "/files/inside/b.h4mk"), 403)
            self.assertEqual(status(one + "/api/files"), 403)
            self.assertEqual(status(folder + "/files/inside/b.h4mk"), 200)
            self.assertEqual(status(folder + "/files/a.h4mk"), 403)
            self.assertEqual(status(all_files + "/files/inside/b.h4mk"), 200)
            for target in ("/", "/page.js", "/docs", "/openapi.json", "/api/files"):
                self.assertEqual((status(all_files + target), status(folder + target), status(target)), (200, 403, 401), target)
            # Caches that many use must keep nothing for those who have no token, nor behind the end of a prefix.
            def caching(target, **headers):
                return daemon.get(target, headers)[1]["cache-control"]
            self.assertEqual(caching("/files/a.h4mk", **bearer), "private, max-age=31536000, immutable")
            self.assertRegex(caching(one + "/files/a.h4mk"), r"^public, max-age=\d{2,3}, immutable$")
            self.assertEqual(caching(sign("a", 10**9) + "/files/a.h4mk"), "public, max-age=31536000, immutable")
            self.assertEqual(status(old + "/files/a.h4mk"), 403)  # no second is left
            parts = one.split(".")
            self.assertEqual(status(".".join([parts[0], str(int(parts[1]) + 1), parts[2]]) + "/files/a.h4mk"), 403)  # another expiry
            self.assertEqual(status(one[:-1] + ("0" if one[-1] != "0" else "1") + "/files/a.h4mk"), 403)
            self.assertEqual(status(one.replace("one.", "two.") + "/files/a.h4mk"), 403)
            # Written in other ways, right or wrong, a prefix is no less a secret.
            self.assertEqual(status("/%73" + one[2:] + "/files/a.h4mk"), 200)
            self.assertEqual(status("/s%2F" + one[3:] + "/files/a.h4mk"), 200)
            self.assertEqual(status("/" + one + "/files/a.h4mk"), 404)
            self.assertEqual(status(one + "/files/%zz"), 400)
            # Requests that are not GET are not opened by a prefix.
            self.assertNotEqual(daemon.get(one + "/files/a.h4mk", method="POST", body=b"")[0], 200)
        text = log.read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        self.assertGreater(len(lines), 10)
        self.assertNotIn(parts[2], text)  # secrets are not logged
        self.assertNotIn("a-token", text)

    def test_a_log_has_no_controls(self):
        log = self.root / "controls.log"
        with Daemon(PROGRAM, "--access-log", log, self.films) as daemon:
            for byte in (b"\xc2\x9b", b"\xe2\x80\xae"):  # CSI; right to left
                daemon.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a" + byte + b"31m\r\nConnection: close\r\n\r\n")
        self.assertEqual([json.loads(line)["agent"] for line in log.read_text().splitlines()], ["a\x9b31m", "a\u202e31m"])
        self.assertTrue(log.read_text().isascii())

    # ---- bodies

    def upload(self, body, length=None, token=""):
        return (b"POST /video/stream HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\nConnection: close\r\n" + token.encode() +
                b"Content-Length: %d\r\n\r\n" % (length or len(body)) + body)

    def test_forms_take_time_and_memory_as_their_size(self):
        with Daemon(PROGRAM, "--legacy-api", self.films) as daemon:
            before = daemon.memory()
            for head in (b"Content-Disposition: " + b";" * (1 << 20), b"\n" * (4 << 20), b"A: b\r\n" * (1 << 19)):
                start = time.monotonic()
                self.assertIn(b"field required", daemon.raw(self.upload(b"--b\r\n" + head + b"\r\n\r\nx\r\n--b--\r\n"), timeout=120))
                self.assertLess(time.monotonic() - start, 5)
            self.assertLess(daemon.memory() - before, 40 << 20)

    def test_uploads_that_never_end_have_bounded_memory(self):
        with Daemon(PROGRAM, "--legacy-api", "--max-upload", "1000000", self.films) as daemon, contextlib.ExitStack() as stack:
            slow = [stack.enter_context(socket.create_connection((daemon.host, daemon.port), timeout=20)) for _ in range(5)]
            for s in slow[:4]:
                s.sendall(self.upload(b"a" * 990000, 1000000))
            time.sleep(0.5)
            slow[4].sendall(self.upload(b"a" * 50000, 1000000))
            self.assertIn(b"too many uploads", slow[4].recv(10000))
            slow[0].close()
            time.sleep(0.5)
            self.assertIn(b"field required", daemon.raw(self.upload(b"a" * 100)))

    def test_who_has_no_token_uploads_nothing(self):
        token = self.root / "upload-token"
        token.write_text("a-token-of-24-characters\n")
        token.chmod(0o600)
        with Daemon(PROGRAM, "--legacy-api", "--token-file", token, self.films) as daemon:
            self.assertIn(b"HTTP/1.1 413", daemon.raw(self.upload(b"", 5000)))  # it is not waited for
            self.assertIn(b"HTTP/1.1 401", daemon.raw(self.upload(b"a" * 100)))
            self.assertIn(b"field required", daemon.raw(self.upload(b"a" * 5000, token="Authorization: Bearer a-token-of-24-characters\r\n")))

    # A key is in memory once, and nothing of the file that it was read from.
    def test_keys_are_not_left_in_memory(self):
        def in_memory(pid, what):
            count = 0
            with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
                for line in maps:
                    begin, end = (int(x, 16) for x in line.split()[0].split("-"))
                    if "rw" in line.split()[1]:
                        with contextlib.suppress(OSError):  # pages that guard others
                            memory.seek(begin)
                            count += memory.read(end - begin).count(what)
            return count
        token = b"a-token-that-is-nowhere-else"
        sign, decrypt = os.urandom(32), os.urandom(32)
        for name, text in (("token", token + b"\r\n"), ("sign", b"# keys\none " + sign.hex().encode() + b"\n"), ("decrypt", b"\n0123 " + decrypt.hex().encode() + b" # of the film\n")):
            (self.root / name).write_bytes(text)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.root / "key.pem", "-out",
                        self.root / "chain.pem", "-subj", "/CN=localhost", "-days", "2"], check=True, capture_output=True)
        tls = (self.root / "key.pem").read_bytes().splitlines()[1]
        with Daemon(PROGRAM, "--token-file", self.root / "token", "--key-file", self.root / "sign", "--decrypt-keys", self.root / "decrypt", "--tls-cert",
                    self.root / "chain.pem", "--tls-key", self.root / "key.pem", self.films) as daemon:
            pid = daemon.process.pid
            try:
                self.assertGreater(in_memory(pid, str(self.films).encode()), 0)
            except PermissionError:
                self.assertNotEqual(os.getuid(), 0)
                self.skipTest("only root may look")
            found = {name: in_memory(pid, what) for name, what in (("token", token), ("sign", sign), ("decrypt", decrypt), ("sign in digits", sign.hex().encode()),
                                                                   ("decrypt in digits", decrypt.hex().encode()), ("key of TLS in PEM", tls))}
        self.assertEqual(found, {"token": 1, "sign": 1, "decrypt": 1, "sign in digits": 0, "decrypt in digits": 0, "key of TLS in PEM": 0})

    def test_who_holds_keys_leaves_no_core_dump(self):
        def core_limit(*arguments):
            with Daemon(PROGRAM, *arguments, self.films) as daemon:
                limits = pathlib.Path(f"/proc/{daemon.process.pid}/limits").read_text()
                if os.getuid() != 0:  # what is not dumpable belongs to root
                    self.assertEqual(os.stat(f"/proc/{daemon.process.pid}/mem").st_uid == 0, arguments != ())
                return re.search(r"Max core file size +(\S+) +(\S+)", limits).groups()
        secrets = {"--token-file": "a-token-of-24-characters", "--key-file": "one " + "ab" * 32, "--decrypt-keys": "ab" * 32}
        for option, text in secrets.items():
            (self.root / "secret").write_text(text)
            self.assertEqual(core_limit(option, self.root / "secret"), ("0", "0"), option)
        if resource.getrlimit(resource.RLIMIT_CORE)[1] != 0:
            self.assertNotEqual(core_limit(), ("0", "0"))

    # ---- stop

    def test_stop_lets_answers_end(self):
        with Daemon(PROGRAM, self.films) as daemon:
            with socket.create_connection((daemon.host, daemon.port)) as idle, socket.create_connection((daemon.host, daemon.port)) as busy:
                busy.sendall(b"GET /files/a.h4mk HTTP/1.1\r\nHost: localhost\r\n\r\n")
                first = busy.recv(10)
                self.assertTrue(first)
                self.assertEqual(daemon.stop(), 0)
                parts = [first]
                while part := busy.recv(65536):
                    parts.append(part)
                self.assertTrue(b"".join(parts).endswith((self.films / "a.h4mk").read_bytes()))
                self.assertEqual(idle.recv(1), b"")


class CommandLineTest(unittest.TestCase):
    def run_it(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20)

    def test_help_and_mistakes(self):
        done = self.run_it("--help")
        self.assertEqual(done.returncode, 0)
        for word in ("--listen", "--allowed-host", "--legacy-api", "--metrics", "/hls/NAME/master.m3u8"):
            self.assertIn(word, done.stdout)
        self.assertRegex(self.run_it("--version").stdout, r"^h4mkd \d+\.\d+\.\d+$")
        for arguments in ((), ("--listen", "nonsense", "."), ("--listen", ":8080", "."), ("--threads", "100000", "."), ("--nonsense", "."), ("--port", "1", "."), ("--allowed-host", "https://a.example", "."), ("--allowed-host", "a.example:80", "."), ("--listen", "127.0.0.1:99999", ".")):
            done = self.run_it(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertTrue(done.stdout.startswith("h4mkd: "), done.stdout)
        self.assertIn("0 to 65535", done.stdout)
        done = self.run_it("/nonexistent")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nonexistent", done.stdout)
        with tempfile.TemporaryDirectory() as folder:
            link = pathlib.Path(folder, "link.h4mk")
            pathlib.Path(folder, "file.h4mk").touch()
            link.symlink_to("file.h4mk")
            self.assertEqual(self.run_it(str(link)).stdout, f"h4mkd: {link} is a link: name the file that it leads to\n")

    def test_a_secret_that_others_can_read_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            keys = pathlib.Path(folder, "keys")
            keys.write_text("one " + "ab" * 32 + "\n")
            for mode, told in ((0o600, 0), (0o640, 1), (0o604, 1)):
                keys.chmod(mode)
                said = self.run_it("--key-file", str(keys), "--sign", "a").stdout
                self.assertEqual(said.count(f"warning: others can read the secret in {keys}"), told, said)

    def test_an_address_that_is_taken_is_named(self):
        with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as taken:
            at = "127.0.0.1:%d" % taken.getsockname()[1]
            for arguments in (("--listen", at), ("--listen", "127.0.0.1:0", "--metrics", at)):
                done = self.run_it(*arguments, folder)
                option = arguments[-2]
                self.assertEqual(done.returncode, 1)
                self.assertEqual(done.stdout, f"h4mkd: cannot listen at {at}: Address already in use; {option} ADDRESS:PORT takes another\n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
