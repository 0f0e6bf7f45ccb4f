# SPDX-License-Identifier: MIT
"""A server of the files in a folder, on this machine only, that counts range requests and the bytes it could send."""
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = 16 << 10  # sent at once: a client that hangs up is not sent much more than it wanted


class RangeServer:
    def __init__(self, folder):
        counter = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def setup(self):
                # What waits in a large buffer would count as sent.
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PIECE)
                super().setup()

            def do_GET(self):
                path = folder / self.path.lstrip("/")
                if path.parent != folder or not path.is_file():
                    self.send_error(404)
                    return
                size = path.stat().st_size
                wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
                first = int(wanted[1]) if wanted else 0
                last = min(int(wanted[2]), size - 1) if wanted and wanted[2] else size - 1
                if first > last:
                    self.send_error(416)
                    return
                self.send_response(206 if wanted else 200)
                self.send_header("Accept-Ranges", "bytes")
                self.send_header("Content-Length", str(last - first + 1))
                if wanted:
                    self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
                self.end_headers()
                counter.add(1, 0)
                self.send_bytes(path, first, last)

            def send_bytes(self, path, first, last):
                with open(path, "rb") as file:
                    file.seek(first)
                    while first <= last:
                        piece = file.read(min(PIECE, last - first + 1))
                        try:
                            self.wfile.write(piece)
                        except (BrokenPipeError, ConnectionResetError):
                            self.close_connection = True
                            return
                        first += len(piece)
                        counter.add(0, len(piece))

        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.reset()

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def url(self, name):
        return f"http://127.0.0.1:{self.server.server_address[1]}/{name}"

    def reset(self):
        with self.lock:
            self.requests = self.size = 0

    def add(self, requests, size):
        with self.lock:
            self.requests += requests
            self.size += size

    def counts(self):
        with self.lock:
            return self.requests, self.size
