# SPDX-License-Identifier: MIT
"""An object store 20 ms away: s3rver (npm) with presigned URLs, in a network namespace with netem. Where the kernel has no netem, a relay on
this machine holds back what goes through it, new connections too."""
import contextlib
import datetime
import hashlib
import heapq
import hmac
import os
import pathlib
import queue
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

KEY, SECRET, REGION, BUCKET = "S3RVER", "S3RVER", "us-east-1", "films"
ROUND_TRIP = 0.020


def presign(method, address, path, seconds=3600):
    """A presigned URL, AWS Signature Version 4."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{now[:8]}/{REGION}/s3/aws4_request"
    query = urllib.parse.urlencode(sorted({"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{KEY}/{scope}", "X-Amz-Date": now,
                                           "X-Amz-Expires": str(seconds), "X-Amz-SignedHeaders": "host"}.items()), quote_via=urllib.parse.quote)
    path = urllib.parse.quote(path)
    request = "\n".join([method, path, query, f"host:{address}\n", "host", "UNSIGNED-PAYLOAD"])
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = ("AWS4" + SECRET).encode()
    for part in (now[:8], REGION, "s3", "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return f"http://{address}{path}?{query}&X-Amz-Signature={key.hex()}"


class Relay:
    """Passes connections on, half a round trip later each way."""

    def __init__(self, target):
        self.target, self.heap, self.changed, self.count = target, [], threading.Condition(), 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        threading.Thread(target=self.deliver, daemon=True).start()

    def later(self, seconds, action):
        with self.changed:
            self.count += 1
            heapq.heappush(self.heap, (time.monotonic() + seconds, self.count, action))
            self.changed.notify()

    def deliver(self):
        while True:
            with self.changed:
                while not self.heap or self.heap[0][0] > time.monotonic():
                    self.changed.wait(self.heap[0][0] - time.monotonic() if self.heap else None)
                action = heapq.heappop(self.heap)[2]
            action()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(self.target)
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A handshake takes a round trip before the first byte may go.
            self.pass_on(near, far, ROUND_TRIP)
            self.pass_on(far, near, 0)

    def pass_on(self, source, sink, handshake):
        ready, pieces = time.monotonic() + handshake, queue.SimpleQueue()

        def read():
            while data := self.read(source):
                wait = ROUND_TRIP / 2 + max(ready - time.monotonic(), 0)
                self.later(wait, lambda data=data: pieces.put(data))
            self.later(ROUND_TRIP / 2, lambda: pieces.put(None))

        def write():
            with contextlib.suppress(OSError):
                while (data := pieces.get()) is not None:
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)

        for work in (read, write):
            threading.Thread(target=work, daemon=True).start()

    @staticmethod
    def read(source):
        with contextlib.suppress(OSError):
            return source.recv(1 << 18)
        return b""


def have_netem():
    """Whether a network namespace with a delay can be made here."""
    name = f"h4mk-try-{os.getpid()}"
    if os.geteuid() != 0 or not shutil.which("ip") or subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode != 0:
        return False
    try:
        return subprocess.run(["ip", "netns", "exec", name, "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"],
                              capture_output=True, check=False).returncode == 0
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)


@contextlib.contextmanager
def namespace():
    """Yields the words that a command in the namespace begins with, and the address of the namespace."""
    name, here, there = f"h4mk-{os.getpid()}", f"h4a{os.getpid()}", f"h4b{os.getpid()}"
    inside = ["ip", "netns", "exec", name]
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        for command in (["ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", name], ["ip", "addr", "add", "10.213.7.1/30", "dev", here],
                        ["ip", "link", "set", here, "up"], [*inside, "ip", "addr", "add", "10.213.7.2/30", "dev", there], [*inside, "ip", "link", "set", there, "up"],
                        [*inside, "tc", "qdisc", "add", "dev", there, "root", "netem", "delay", f"{ROUND_TRIP * 1000:.0f}ms", "limit", "100000"]):
            subprocess.run(command, check=True)
        yield inside, "10.213.7.2"
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)


def put(address, name, path):
    request = urllib.request.Request(presign("PUT", address, f"/{BUCKET}/{name}"), method="PUT", data=path.open("rb"), headers={"Content-Length": str(path.stat().st_size)})
    urllib.request.urlopen(request, timeout=300).read()


@contextlib.contextmanager
def store(folder, names):
    """An object store with some files of a folder. Yields a function that makes the presigned URL of a name, and what the delay is made by."""
    program = folder / "npm/node_modules/.bin/s3rver"
    if not program.exists():
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder / "npm"), "s3rver@3.7.1"], check=True, stdout=sys.stderr)
    with contextlib.ExitStack() as stack:
        netem = have_netem()
        inside, host = stack.enter_context(namespace()) if netem else ([], "127.0.0.1")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        data = folder / "store"
        server = subprocess.Popen([*inside, str(program), "-d", str(data), "-a", host, "-p", str(port), "--silent", "--configure-bucket", BUCKET], stdout=subprocess.DEVNULL)
        stack.callback(server.wait)
        stack.callback(server.kill)
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection((host, port), 1):
                break
            time.sleep(0.1)
        for name in names:
            put(f"{host}:{port}", name, pathlib.Path(folder, name))
        address = f"{host}:{port}" if netem else f"127.0.0.1:{Relay((host, port)).port}"
        yield (lambda name: presign("GET", address, f"/{BUCKET}/{name}")), "a network namespace with netem" if netem else "a relay, since this kernel has no netem"
