#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the recipes of tools/recipes/README.md as they stand there, each in the same folder, where tape.mkv is.

    recipes_test.py FOLDER…      FOLDER: where programs are: ffmpeg, h4mk, h4mkd

H4MK_RECIPE=NAME in the environment runs only the recipes whose heading has NAME in it.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

README = pathlib.Path(__file__).resolve().parent.parent.parent / "tools/recipes/README.md"


def recipes():
    for part in README.read_text().split("\n## ")[1:]:
        heading, text = part.split("\n", 1)
        blocks = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
        yield heading, "\n".join(blocks)


def make_tape(folder, environment):
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=5", "-f", "lavfi", "-i", "sine=duration=5",
         "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac", "-metadata", "title=a tape", "tape.mkv"],
        cwd=folder, env=environment, check=True)
    (folder / "site").mkdir()


def main():
    wanted = os.environ.get("H4MK_RECIPE", "")
    environment = {**os.environ, "PATH": ":".join([*sys.argv[1:], "/usr/bin", os.environ["PATH"]]), "LC_ALL": "C.UTF-8"}
    failed, count = [], 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_tape(folder, environment)
        for heading, script in recipes():
            if wanted not in heading:
                continue
            count += 1
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240)
            if done.returncode:
                failed.append(heading)
                print(f"{heading}: exit status {done.returncode}\n{done.stdout}")
    print(f"{count - len(failed)} of {count} recipes work")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
