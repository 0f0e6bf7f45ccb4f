# SPDX-License-Identifier: MIT
"""Who is asked about a file: `ask(path, options)` gives the object of tests/conformance/README.md, and `good`: nothing is wrong with the file."""
import base64
import functools
import json
import os
import pathlib
import subprocess
import traceback

import crypto
from reader.report import Report

SLOW = 20  # seconds
crypto.is_signed = functools.cache(crypto.is_signed)  # most files have the checkpoints of others


def judged(said):
    good = said["outcome"] == "read" and said.get("verdict", "good") == "good" and not said["problems"] and said["closed"]
    return {**said, "good": bool(good)}


def crash(why):
    return {"outcome": "crash", "error": why, "good": False}


class Library:
    """Tells what it found where it looked: it reads all blocks, but not all of the index."""
    looks_everywhere = False

    def __init__(self, program):
        self.program = program

    def ask(self, path, options):
        done = subprocess.run([self.program, *options, path], capture_output=True, timeout=SLOW)
        try:
            return judged(json.loads(done.stdout))
        except ValueError:
            return crash((done.returncode, done.stderr[-200:]))


class Python:
    looks_everywhere = True

    def ask(self, path, options):
        key = {"key": bytes.fromhex(options[1])} if options[0] == "--key" else {"verify_key": base64.b64decode(options[1])}
        try:
            return judged(Report(pathlib.Path(path).read_bytes(), ".", **key).json)
        except Exception:  # whatever it is, the reader failed on this file
            return crash(traceback.format_exc())


class Web:
    """tests/web/conformance.ts, in one process for all files. As the library, it tells what it found where it looked."""
    looks_everywhere = False

    def __init__(self, node, bundle):
        self.process = subprocess.Popen([node, bundle, "--lines"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, path, options):
        self.process.stdin.write(json.dumps([*options, str(path)]) + "\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline())
        return crash(said["error"]) if said["outcome"] == "crash" else judged(said)


class Verify:
    """`h4mk verify`: a verdict, and no content."""
    looks_everywhere = True

    def __init__(self, program, folder):
        self.program = program
        self.key = os.path.join(folder, "key")

    def ask(self, path, options):
        kind, key = options
        text = f"-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n" if kind == "--verify-key" else key + "\n"
        pathlib.Path(self.key).write_text(text)
        os.chmod(self.key, 0o600)
        with_key = "--key" if kind == "--verify-key" else "--key-file"
        done = subprocess.run([self.program, "verify", with_key, self.key, path], capture_output=True, timeout=SLOW)
        if done.returncode not in (0, 1, 2):
            return crash((done.returncode, done.stderr[-200:]))
        return {"outcome": "verdict", "good": done.returncode == 0}
