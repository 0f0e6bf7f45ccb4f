#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a request costs h4mkd: CPU of the server (all its threads, by the kernel's clock in nanoseconds), time, memory.

serve.py H4MKD FILM [NGINX]

FILM: a film of 2 h; README.md says how to make it. NGINX: the program; ranges of the same size of
the same file from it, in the same run. One connection, one request after the other, on loopback: costs, not what a machine can bear.
"""
import http.client, os, pathlib, re, signal, socket, statistics, subprocess, sys, tempfile, threading, time


def cpu_ns(pid):
    """Time on a processor of a process, its children included as far as they live."""
    total = 0
    pids = [pid] + [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    for p in pids:
        for task in pathlib.Path(f"/proc/{p}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total


def memory(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port)

    def get(self, target, headers={}):
        self.connection.request("GET", target, headers=headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status not in (200, 206):
            raise RuntimeError(f"{target}: {answer.status} {body[:200]}")
        return body


def start(program, *arguments):
    process = subprocess.Popen([program, "--listen", "127.0.0.1:0", "--max-per-address", "0", *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    return process, int(re.search(r":(\d+)/", process.stdout.readline()).group(1))


def show(what, value, unit, goal=""):
    print(f"{what:58} {value:10.3f} {unit:4} {goal}", flush=True)


def each(pid, what, requests, goal=""):
    """CPU and time a request, in milliseconds."""
    before, begin = cpu_ns(pid), time.perf_counter()
    times = []
    for request in requests:
        t = time.perf_counter()
        request()
        times.append(time.perf_counter() - t)
    cpu = (cpu_ns(pid) - before) / 1e6 / len(requests)
    show(what + ", CPU", cpu, "ms", goal)
    show(what + ", median time", statistics.median(times) * 1e3, "ms")


def first_of_a_new_file(program, film, what, target, goal):
    """A process that has never seen the file: time of the first answer, and of the second for what of that is the process's own start."""
    times, costs = [], []
    for _ in range(5):
        process, port = start(program, film)
        client = Client(port)
        client.get("/health")
        cpu, t = cpu_ns(process.pid), time.perf_counter()
        client.get(target)
        times.append(time.perf_counter() - t)
        costs.append(cpu_ns(process.pid) - cpu)
        process.send_signal(signal.SIGTERM)
        process.wait()
    show(what + ", time", statistics.median(times) * 1e3, "ms", goal)
    show(what + ", CPU", statistics.median(costs) / 1e6, "ms")


def half_open(pid, port, count, data):
    before = memory(pid)
    sockets = []
    for _ in range(count):
        s = socket.create_connection(("127.0.0.1", port))
        if data:
            s.sendall(data)
        sockets.append(s)
    time.sleep(1)
    grown = (memory(pid) - before) / count / 1024
    for s in sockets:
        s.close()
    time.sleep(0.5)
    return grown


def nginx_range(program, film, size, rounds):
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(film, os.path.join(folder, "film"))
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        conf = pathlib.Path(folder, "conf")
        conf.write_text(f"daemon off; worker_processes 1; pid {folder}/pid; error_log stderr; user root;\nevents {{ worker_connections 512; }}\nhttp {{ access_log off; "
                        f"sendfile on; tcp_nopush on; server {{ listen 127.0.0.1:{port}; root {folder}; }} }}\n")
        process = subprocess.Popen([program, "-p", folder, "-c", str(conf)], stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        client = Client(port)
        each(process.pid, "nginx, a range of that size", [lambda i=i: client.get("/film", {"Range": f"bytes={i * 100000}-{i * 100000 + size - 1}"}) for i in range(rounds)])
        process.terminate()
        process.wait()


def main():
    program, film = sys.argv[1], os.path.abspath(sys.argv[2])
    name = pathlib.Path(film).stem
    process, port = start(program, film)
    pid, client = process.pid, Client(port)
    client.get("/health")
    show("memory at rest", memory(pid) / 2**20, "MiB", "15")
    t = time.perf_counter()
    client.get(f"/hls/{name}/master.m3u8")
    playlist = client.get(f"/hls/{name}/t0.m3u8").decode()
    show("first playlists of the film", (time.perf_counter() - t) * 1e3, "ms")
    segments = [f"/hls/{name}/{s}" for s in re.findall(r"^[^#].*m4s$", playlist, re.M)]
    durations = [float(d) for d in re.findall(r"#EXTINF:([\d.]+)", playlist)]
    print(f"{len(segments)} segments, {sum(durations):.6f} s")
    sizes = [len(client.get(s)) for s in segments[:50]]
    size = int(statistics.mean(sizes))
    print(f"a segment: {size / 1000:.0f} kB on average")
    each(pid, "a segment, new: plan made, every block's CRC checked", [lambda s=s: client.get(s) for s in segments[50:550]], "0.12")
    each(pid, "a segment, again: plan kept", [lambda s=s: client.get(s) for s in segments[50:550]], "0.12")
    each(pid, "a playlist, again", [lambda: client.get(f"/hls/{name}/t0.m3u8") for _ in range(500)], "0.02")
    each(pid, f"a range of {size} bytes of the file", [lambda i=i: client.get(f"/files/{name}.h4mk", {"Range": f"bytes={i * 100000}-{i * 100000 + size - 1}"}) for i in range(500)])
    show("memory with the film open", memory(pid) / 2**20, "MiB")
    show("memory of a connection without a request", half_open(pid, port, 2000, b""), "KiB")
    show("memory of a half-open connection", half_open(pid, port, 2000, b"GET /health HTTP/1.1\r\nHost: localhost\r\n"), "KiB", "4")
    whole = f"GET /files/{name}.h4mk HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    show("memory of a connection that streams and is not read", half_open(pid, port, 500, whole), "KiB", "64")
    process.send_signal(signal.SIGTERM)
    process.wait()
    first_of_a_new_file(program, film, "first segment of a file never opened before", segments[900], "2")
    first_of_a_new_file(program, film, "first playlist of a file never opened before", f"/hls/{name}/t0.m3u8", "")
    if len(sys.argv) > 3:
        nginx_range(sys.argv[3], film, size, 500)


if __name__ == "__main__":
    main()
