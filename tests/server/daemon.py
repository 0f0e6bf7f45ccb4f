# SPDX-License-Identifier: MIT
"""Starts h4mkd on a free port for a test, asks it, and stops it."""
import contextlib, http.client, os, re, signal, socket, subprocess


class Daemon:
    def __init__(self, program, *arguments, listen="127.0.0.1:0"):
        self.process = subprocess.Popen([program, "--listen", listen, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        found = re.search(r"(https?)://([\d.]+):(\d+)/", line)
        if not found:
            raise RuntimeError(f"h4mkd did not start: {line!r}")
        self.url, self.host, self.port = found.group(0).rstrip("/"), found.group(2), int(found.group(3))

    def get(self, target, headers=None, method="GET", body=None):
        """Status, headers (names in lower case) and body."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.request(method, target, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def raw(self, data, timeout=10):
        """Sends bytes; everything that comes until the connection is closed."""
        with socket.create_connection((self.host, self.port), timeout=timeout) as s:
            s.sendall(data)
            parts = []
            with contextlib.suppress(ConnectionResetError):
                while part := s.recv(65536):
                    parts.append(part)
            return b"".join(parts)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def stop(self):
        """The exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=20)
        self.process.stdout.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
