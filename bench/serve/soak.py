#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""h4mkd under load for a while: players, files that appear, grow and vanish, and clients that stall, lie about lengths or hang up.

soak.py H4MKD FILM RECORDING [MINUTES]

FILM: any film; RECORDING: a closed file with clusters of 0.5 s (README.md). MINUTES: 60 unless told. Prints memory and descriptors
each 10 s, and compares the memory of the last third with that of the second, and the descriptors behind the load with those before.
Exit status 1: something grew, a request of an honest player failed, or a client that stalls was not cut off.
"""
import collections, contextlib, http.client, os, pathlib, random, re, shutil, signal, socket, struct, subprocess, sys, tempfile, threading, time

from waiting import clusters

HONEST_FAILURES, counts = [], collections.Counter()
stop = threading.Event()


def worker(action, pause):
    """Calls action again and again until the end."""
    def run():
        while not stop.wait(pause * random.uniform(0.5, 1.5)):
            with contextlib.suppress(ConnectionError, TimeoutError, http.client.HTTPException):
                action()
                counts[action.__name__] += 1
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


class Load:
    def __init__(self, port, folder, film, recording):
        self.port, self.folder, self.film, self.recording = port, folder, film, recording
        self.ends = clusters(recording)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def get(self, connection, target, allowed=(200,)):
        connection.request("GET", target)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status not in allowed:
            HONEST_FAILURES.append(f"{target}: {answer.status} {body[:100]}")
        return body.decode(errors="replace")

    def player(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            self.get(connection, "/hls/film/master.m3u8")
            for track in (0, 1):
                names = re.findall(r"^[^#].*m4s$", self.get(connection, f"/hls/film/t{track}.m3u8"), re.M)
                for name in random.sample(names, min(5, len(names))):
                    self.get(connection, "/hls/film/" + name)
            self.get(connection, "/dash/film/manifest.mpd")
            self.get(connection, "/api/files/film")
        finally:
            connection.close()

    def live_player(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            text = self.get(connection, "/hls/live/t0.m3u8", (200, 404, 409, 415, 422))  # it may be about to begin
            hint = re.search(r'PRELOAD-HINT:TYPE=PART,URI="[^"]*part-(\d+)\.(\d+)\.m4s"', text)
            if hint:
                self.get(connection, f"/hls/live/t0.m3u8?_HLS_msn={hint[1]}&_HLS_part={hint[2]}", (200, 400, 404, 409, 415, 422))
        finally:
            connection.close()

    def recorder(self):
        path = self.folder / "live.h4mk"
        path.unlink(missing_ok=True)
        with open(path, "ab", buffering=0) as file:
            begin = 0
            for end in self.ends:
                file.write(self.recording[begin:end])
                begin = end
                if stop.wait(0.5):
                    return
            file.write(self.recording[begin:])

    def files_come_and_go(self):
        path = self.folder / f"copy{random.randrange(100)}.h4mk"
        path.write_bytes(self.recording)
        stop.wait(1)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.get(connection, f"/hls/{path.stem}/t0.m3u8", (200, 404))
        connection.close()
        path.unlink()

    def hang_up(self):
        with self.connect() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not an end
            s.sendall(random.choice([b"GET /files/film.h4mk HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /api/files/film/verify?events=1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
                                     b"GET /hls/live/t0.m3u8?_HLS_msn=9&_HLS_part=0 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /hls"]))
            stop.wait(random.uniform(0, 0.3))

    def lie_about_a_length(self):
        with self.connect() as s:
            s.sendall(random.choice([b"POST /api/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\nshort",
                                     b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nmuch more than two bytes",
                                     b"POST /api/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999\r\n\r\n"]))
            stop.wait(0.5)

    def stall(self):
        """Asks for a film and does not read it; sends a head byte by byte. Both must be cut off."""
        with self.connect() as reader, self.connect() as writer:
            reader.sendall(b"GET /files/film.h4mk HTTP/1.1\r\nHost: localhost\r\n\r\n")
            begin, head_ended = time.monotonic(), 0.0  # limits: 30 s without a byte read, 10 s for a head
            while time.monotonic() - begin < 50 and not stop.wait(1):
                if head_ended == 0:
                    try:
                        writer.sendall(b"G")
                        writer.settimeout(0.01)
                        if writer.recv(1) == b"":
                            head_ended = time.monotonic() - begin
                    except TimeoutError:
                        pass
                    except ConnectionError:
                        head_ended = time.monotonic() - begin
                state = reader.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
                if state != 1 and head_ended:  # 1: established
                    counts["stalls that were cut off"] += 1
                    return
            if not stop.is_set():
                HONEST_FAILURES.append("a client that stalls was not cut off in 50 s")


def memory(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def main():
    program, film, recording = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]).read_bytes()
    seconds = 60 * float(sys.argv[4] if len(sys.argv) > 4 else 60)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copy(film, folder / "film.h4mk")
        process = subprocess.Popen([program, "--listen", "127.0.0.1:0", "--max-per-address", "0", name], stdout=subprocess.PIPE, text=True)
        port = int(re.search(r":(\d+)/", process.stdout.readline()).group(1))
        at_rest = len(os.listdir(f"/proc/{process.pid}/fd"))
        load = Load(port, folder, film, recording)
        threads = [worker(load.recorder, 0.1), worker(load.files_come_and_go, 0.5)]
        for action, count, pause in ((load.player, 6, 0.1), (load.live_player, 20, 0.1), (load.hang_up, 6, 0.05), (load.lie_about_a_length, 3, 0.1), (load.stall, 10, 0.1)):
            threads += [worker(action, pause) for _ in range(count)]
        samples, begin = [], time.monotonic()
        while time.monotonic() - begin < seconds and process.poll() is None:
            time.sleep(10)
            samples.append((memory(process.pid) / 2**20, len(os.listdir(f"/proc/{process.pid}/fd"))))
            print(f"{time.monotonic() - begin:6.0f} s   {samples[-1][0]:6.1f} MiB   {samples[-1][1]:4} descriptors   {sum(counts.values())} actions", flush=True)
        stop.set()
        for thread in threads:
            thread.join(timeout=70)
        time.sleep(15)
        idle = (memory(process.pid) / 2**20, len(os.listdir(f"/proc/{process.pid}/fd")))
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=60)
    third = len(samples) // 3
    grew = max(s[0] for s in samples[2 * third:]) - max(s[0] for s in samples[third:2 * third]) if third else 0
    left = idle[1] - at_rest  # files that were asked for lately stay open
    print(f"without load: {idle[0]:.1f} MiB, {idle[1]} descriptors, {at_rest} before; exit status {code}; {dict(counts)}")
    print(f"largest memory of the last third less that of the second: {grew:+.1f} MiB; failures: {len(HONEST_FAILURES)} {HONEST_FAILURES[:5]}")
    return 1 if code or HONEST_FAILURES or grew > 4 or left > 10 else 0


if __name__ == "__main__":
    sys.exit(main())
