#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Changes the structure of signed and encrypted files, with checksums and distances made to fit, and asks several readers with the key. They must agree about a
signed file, and a file that is good must show what it showed before.

    protected_attacks.py --library conformance_with_libh4mk --tool h4mk --web NODE --files 300
    protected_attacks.py ... --seed 7 --minutes 60 --keep found     a long run; what was found is kept
    protected_attacks.py ... --seed 7 --number 4711                 one file of that run again
"""
import argparse
import pathlib
import random
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "conformance"))

from attacks.changes import attacked  # noqa: E402
from attacks.judge import Judge  # noqa: E402
from attacks.readers import Library, Python, Verify, Web  # noqa: E402
from attacks.recordings import recordings  # noqa: E402

NOT_INSTALLED = 77  # of run.mjs


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", dest="reader_of_library", required=True, help="the program of tests/conformance/with_libh4mk.c")
    parser.add_argument("--tool", required=True, help="the program h4mk")
    parser.add_argument("--web", help="Node.js: asks the reader of tools/web too, where its packages are installed")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--minutes", type=float, help="so long, instead of so many files")
    parser.add_argument("--number", type=int, help="this file only")
    parser.add_argument("--only", default="", help="recordings whose name begins so")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for files that show a fault")
    return parser.parse_args()


def readers_of(asked, folder):
    readers = {"the library": Library(asked.reader_of_library), "the Python reader": Python(), "h4mk verify": Verify(asked.tool, folder)}
    if asked.web:
        done = subprocess.run([asked.web, HERE.parent / "web/run.mjs", "bundle", "conformance"], cwd=folder, capture_output=True, text=True)
        if done.returncode == 0:
            readers["tools/web"] = Web(asked.web, done.stdout.strip())
        elif done.returncode != NOT_INSTALLED:
            sys.exit(done.stderr)
    return readers


def numbers(asked):
    if asked.number is not None:
        yield asked.number
        return
    end = time.monotonic() + 60 * (asked.minutes or 0)
    number = 0
    while time.monotonic() < end if asked.minutes else number < asked.files:
        yield number
        number += 1


def main():
    asked = arguments()
    found = count = 0
    with tempfile.TemporaryDirectory() as folder:
        readers = readers_of(asked, folder)
        judges = [Judge(r, readers, folder) for r in recordings() if r.name.startswith(asked.only)]
        for number in numbers(asked):
            rng = random.Random(f"{asked.seed} {number}")
            judge = rng.choice(judges)
            data, changes = attacked(judge.recording, rng)
            faults = list(judge.faults(data)) if data != judge.recording.data else []
            count += 1
            if not faults:
                continue
            found += 1
            print(f"{number}, {judge.recording.name}:", *changes, *faults, sep="\n    ", flush=True)
            if asked.keep:
                asked.keep.mkdir(parents=True, exist_ok=True)
                (asked.keep / f"{asked.seed}-{number}.h4mk").write_bytes(data)
    print(f"{count} files, asked: {', '.join(readers)}; {found} with faults")
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main())
