#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs libh4mk's test programs under Valgrind's memcheck: no invalid access, nothing that depends on memory that was never
written, no leak.

    tests/valgrind.py                     all, from the build folder of the preset `default`, which is built before
    tests/valgrind.py --build DIR REGEX   those whose name REGEX is found in, from another build without a sanitizer

Prints a line a test, and all that a test printed that fails. Fails if one does.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PRESET = PROJECT / "build/cmake-default"
FOLDERS = ("base", "capi", "cluster", "decode", "file", "fuzz", "legacy", "protect")

# What would take 7 to 13 minutes each, as Valgrind is some 30 times as slow.
FILTERS = {
    "file/seek": "*_FewBlocks",
    "protect/signing": "-SigningBitTest.*",
    "file/damage": "-DamageTest.EveryFlippedBit*",
    "file/large": "-LargeTest.MoreThan4GiB",
}

VALGRIND = [
    "valgrind", "-q", "--error-exitcode=9", "--leak-check=full",
    "--soname-synonyms=somalloc=nouserintercepts",  # tests/support/allocations.h replaces operator new
]


def programs(build):
    """(name, command, folder) of each test that is a program and no script."""
    listing = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True, capture_output=True, text=True)
    for test in json.loads(listing.stdout)["tests"]:
        command = test["command"]
        folder = next(item["value"] for item in test["properties"] if item["name"] == "WORKING_DIRECTORY")
        if test["name"].split("/")[0] in FOLDERS and not command[-1].endswith(".py"):
            yield test["name"], command, folder


def run(name, command, folder):
    start = time.monotonic()
    environment = {**os.environ, "GTEST_FILTER": FILTERS.get(name, "*")}
    process = subprocess.run([*VALGRIND, *command], cwd=folder, env=environment, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, errors="replace")
    good = process.returncode == 0
    print(f"{name:30} {time.monotonic() - start:6.0f} s  {'good' if good else 'FAILED'}", flush=True)
    if not good:
        print(process.stdout, flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path)
    parser.add_argument("regex", nargs="?", default="")
    options = parser.parse_args()
    if not options.build:
        for command in (["cmake", "--preset"], ["cmake", "--build", "--preset"]):
            subprocess.run([*command, "default"], cwd=PROJECT, check=True)
    tests = [test for test in programs(options.build or PRESET) if re.search(options.regex, test[0])]
    failed = [test[0] for test in tests if not run(*test)]
    print(f"{len(tests) - len(failed)} of {len(tests)} good", *failed)
    return bool(failed) or not tests


if __name__ == "__main__":
    sys.exit(main())
