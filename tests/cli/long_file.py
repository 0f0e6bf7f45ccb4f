#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`h4mk inspect` of ten hours reads front, end and index, not the blocks; so does a seek: long_file.py TOOL MAKE_FILE"""
import json, os, subprocess, sys, tempfile

tool, make_file = map(os.path.abspath, sys.argv[1:3])


def bytes_read():
    """By this process and by the children that it waited for."""
    with open("/proc/self/io") as file:
        return int(next(line for line in file if line.startswith("rchar")).split()[1])


def run(*arguments):
    before = bytes_read()
    done = subprocess.run([tool, *arguments, "--json", "long.h4mk"], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout), bytes_read() - before - len(done.stdout)


if not os.access("/proc/self/io", os.R_OK):
    sys.exit(77)
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    subprocess.run([make_file, "opus", "long.h4mk", "10"], check=True)
    size = os.path.getsize("long.h4mk")
    start = bytes_read()
    subprocess.run([tool, "--version"], stdout=subprocess.DEVNULL, check=True)
    of_the_program = bytes_read() - start

    found, read = run("inspect")
    assert found["tracks"][0]["blocks"] == 10 * 3600 * 50 and found["closed"] and found["errors"] == []
    assert read - of_the_program < size // 50, f"inspect read {read} of {size} bytes"

    found, read = run("seek", "--track", "1", "--t", "5:00:00")
    assert abs(found["found"]["time"] - 5 * 3600) < 2.1, found
    assert read - of_the_program < size // 100, f"seek read {read} of {size} bytes"
print("ok")
