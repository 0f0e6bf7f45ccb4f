#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How far hls.js in Chromium is behind a recorder that writes a cluster each half second.

live.py H4MKD RECORDING FOLDER

RECORDING: a closed file of clusters of 0.5 s and of 40 s or more; README.md says how to make it. FOLDER: one in which
`npm install hls.js@1.7.4 playwright-core` was run. The delay begins when a picture is recorded, so the half
second until its cluster is written is part of it.
"""
import os, pathlib, re, signal, subprocess, sys, tempfile, threading, time

from waiting import clusters

CLUSTER = 0.5  # seconds


def main():
    program, whole, modules = sys.argv[1], pathlib.Path(sys.argv[2]).read_bytes(), os.path.abspath(sys.argv[3])
    ends, start = clusters(whole), 20
    browser = subprocess.Popen(["node", str(pathlib.Path(__file__).with_name("live.mjs")), modules], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if browser.stdout.readline().strip() != "READY":
        sys.exit("there is no browser")
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, "live.h4mk"), "ab", buffering=0) as recording:
        recording.write(whole[:ends[start - 1]])
        server = subprocess.Popen([program, "--listen", "127.0.0.1:0", "--origin-allowed", "*", folder], stdout=subprocess.PIPE, text=True)
        url = re.search(r"http://[\d.:]+", server.stdout.readline()).group(0)
        zero = time.time() - start * CLUSTER

        def record():
            for i in range(start, len(ends)):
                time.sleep(max(0, zero + (i + 1) * CLUSTER - time.time()))
                recording.write(whole[ends[i - 1]:ends[i]])
        threading.Thread(target=record, daemon=True).start()
        print(browser.communicate(f"{url} {zero * 1000:.0f}\n", timeout=90)[0], end="")
        server.send_signal(signal.SIGTERM)
        server.wait()


if __name__ == "__main__":
    main()
