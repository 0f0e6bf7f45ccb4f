#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Line coverage of libh4mk by its tests, in the build folder of the preset `coverage`.

    tests/coverage.py --run        builds, runs all tests, and tells
    tests/coverage.py              what the tests that have run there since then reached

Prints a line a file, the lowest first, and fails if all together are below --least per cent. --missing also lists the lines.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SOURCES = PROJECT / "libh4mk/src"
BUILD = PROJECT / "build/cmake-coverage"


def run_tests():
    for counts in BUILD.rglob("*.gcda"):  # of earlier runs
        counts.unlink()
    for command in (["cmake", "--preset"], ["cmake", "--build", "--preset"], ["ctest", "--preset"]):
        subprocess.run([*command, "coverage"], cwd=PROJECT, check=True)


def read_counts():
    """{file: {line: how often it was run}}; a header's line counts if any source ran it, one of the tests or tools too."""
    counts = {}
    data = [str(path.resolve()) for path in BUILD.rglob("*.gcda")]
    if not data:
        sys.exit(f"no test has run in {BUILD}")
    text = subprocess.run(["gcov", "--json-format", "--stdout", *data], check=True, capture_output=True, text=True).stdout
    for report in text.splitlines():
        for file in json.loads(report)["files"]:
            path = Path(file["file"])
            if not path.is_relative_to(SOURCES):
                continue
            for line in file["lines"]:  # none in a header without code
                lines = counts.setdefault(str(path.relative_to(SOURCES)), {})
                lines[line["line_number"]] = lines.get(line["line_number"], 0) + line["count"]
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", action="store_true", help="build and run all tests before")
    parser.add_argument("--least", type=float, default=95, help="per cent of all lines")
    parser.add_argument("--missing", action="store_true")
    options = parser.parse_args()
    if options.run:
        run_tests()
    rows = []
    for file, lines in read_counts().items():
        missing = sorted(number for number, count in lines.items() if count == 0)
        rows.append((len(lines), missing, file))
    for total, missing, file in sorted(rows, key=lambda row: 1 - len(row[1]) / row[0]):
        print(f"{100 * (1 - len(missing) / total):6.1f} %  {total - len(missing):5} of {total:5}  {file}")
        if options.missing and missing:
            print("          " + " ".join(map(str, missing)))
    total, missed = sum(row[0] for row in rows), sum(len(row[1]) for row in rows)
    share = 100 * (1 - missed / total)
    print(f"{share:6.1f} %  {total - missed:5} of {total:5}  all lines of libh4mk")
    return share < options.least


if __name__ == "__main__":
    sys.exit(main())
