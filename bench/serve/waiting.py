#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long many players wait for a part: of a growing file, from the moment when a cluster was written to the arrival of each answer.

waiting.py H4MKD RECORDING [PLAYERS]

RECORDING: a closed file of clusters of 0.5 s; README.md says how to make it. PLAYERS: 5000 unless told; each has a connection, and waits
for the same part of the playlist. The kernel says when an answer arrived (TCP_INFO, in steps of some milliseconds): this program
reads nothing before all answers are there, so that it takes no processor time from the server.
"""
import fcntl, os, pathlib, re, resource, signal, socket, struct, subprocess, sys, tempfile, time

from serve import cpu_ns


def clusters(data):
    """Offsets behind each cluster."""
    at, ends = 16, []
    while at + 16 <= len(data):
        tag, _, length = struct.unpack_from("<4sII", data, at)
        at += 16 + length
        if tag == b"CORE":
            ends.append(at)
    return ends


def since_data(s):
    """Milliseconds since the last byte came, and bytes that lie in the socket."""
    info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return struct.unpack_from("I", info, 52)[0], struct.unpack("i", fcntl.ioctl(s, 0x541B, bytes(4)))[0]  # tcpi_last_data_recv, FIONREAD


def main():
    program, whole = sys.argv[1], pathlib.Path(sys.argv[2]).read_bytes()
    players = int(sys.argv[3]) if len(sys.argv) > 3 else 5000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    ends = clusters(whole)
    with tempfile.TemporaryDirectory() as folder:
        start = len(ends) // 2
        recording = open(os.path.join(folder, "live.h4mk"), "ab", buffering=0)
        recording.write(whole[:ends[start - 1]])
        process = subprocess.Popen([program, "--listen", "127.0.0.1:0", "--max-per-address", "0", folder], stdout=subprocess.PIPE, text=True)
        port = int(re.search(r":(\d+)/", process.stdout.readline()).group(1))
        sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(players)]
        try:
            worst = []
            for step in range(start, start + 8):
                if step == start:
                    sockets[0].sendall(b"GET /hls/live/t0.m3u8 HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    text = sockets[0].recv(1 << 20).decode()
                segment, part = re.search(r'PRELOAD-HINT:TYPE=PART,URI="[^"]*part-(\d+)\.(\d+)\.m4s"', text).groups()
                request = f"GET /hls/live/t0.m3u8?_HLS_msn={segment}&_HLS_part={part} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
                for s in sockets:
                    s.sendall(request)
                time.sleep(2)
                waiting = sum(since_data(s)[1] == 0 for s in sockets)
                cpu, written = cpu_ns(process.pid), time.monotonic()
                recording.write(whole[ends[step - 1]:ends[step]])
                time.sleep(1.5)
                cpu = (cpu_ns(process.pid) - cpu) / 1e6
                times = []
                for s in sockets:
                    now = time.monotonic()
                    ago, there = since_data(s)
                    if there:
                        times.append((now - ago / 1e3 - written) * 1e3)
                times.sort()
                worst.append(times[-1])
                print(f"{waiting} wait, {len(times)} answered: median {times[len(times) // 2]:.0f} ms, last {times[-1]:.0f} ms; {cpu:.0f} ms of CPU", flush=True)
                for s in sockets:
                    text = s.recv(1 << 20).decode()
            print(f"all answers, median of {len(worst)} parts: {sorted(worst)[len(worst) // 2]:.0f} ms (goal: 50)")
        finally:
            for s in sockets:
                s.close()
            process.send_signal(signal.SIGTERM)
            process.wait()


if __name__ == "__main__":
    main()
