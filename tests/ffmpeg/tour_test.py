#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tour in tools/h4mk/TOUR.md says what the programs say: runs its commands one after the other and compares what they print.

    tour_test.py FOLDER…      FOLDER: where programs are: h4mk, ffmpeg; a later one counts less

In the tour, `…` stands for any text in a line, and a line that is only `…` for any lines. `= N` is an exit status other than 0.
Each of the 25 points of its table names parts of the tour, or files of the tests, that show it.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TOUR = (ROOT / "tools/h4mk/TOUR.md").read_text()
MAKE = """
set -e
mkdir -p videos/home
printf '1\\n00:00:01,000 --> 00:00:03,000\\nGuten Tag\\n' >words.srt
printf ';FFMETADATA1\\ntitle=A film\\n[CHAPTER]\\nTIMEBASE=1/1000\\nSTART=0\\nEND=5000\\ntitle=Opening\\n' >words.meta
printf 'a font' >Title.ttf
ffmpeg -v error -f lavfi -i testsrc2=size=640x360:rate=24000/1001:duration=10 -f lavfi -i sine=duration=10 -i words.srt -i words.meta \
  -map 0 -map 1 -map 2 -map_metadata 3 -c:v libx264 -preset ultrafast -profile:v main -bf 2 -coder 1 -g 24 -c:a aac -c:s ass \
  -metadata:s:a:0 language=ger -disposition:s:0 forced -attach Title.ttf -metadata:s:t mimetype=font/ttf videos/film.mkv
ffmpeg -v error -f lavfi -i testsrc2=size=160x120:rate=25:duration=2 -c:v mpeg4 videos/home/garden.mp4
rm words.srt words.meta
mv Title.ttf videos/
echo 'to do' >videos/notes.txt
"""


def commands():
    """Of each part of the tour: its title, and its commands with what they print."""
    for part in TOUR.split("\n## ")[1:]:
        title = part.split("\n", 1)[0]
        for block in re.findall(r"^```console\n(.*?)^```", part, re.M | re.S):
            for command, said in re.findall(r"^\$ (.*\n)((?:(?!\$ ).*\n)*)", block, re.M):
                yield title, command.strip(), said


def matches(said, printed):
    pattern = "".join(r"(?:.*\n)*" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n" for line in said.splitlines())
    return re.fullmatch(pattern, printed) is not None


def run(command, environment, folder):
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120)
    printed = done.stdout.decode(errors="replace")
    if printed and not printed.endswith("\n"):
        printed += "\n"
    return printed + (f"= {done.returncode}\n" if done.returncode else "")


def wrong_points():
    """The table must have all points, and what it names must be there."""
    titles = re.findall(r"^## (.*)$", TOUR, re.M)
    rows = {int(row[0]): row[3] for row in re.findall(r"^\| (\d+) \| (.*?) \| (.*?) \| (.*?) \|$", TOUR, re.M)}
    wrong = [f"point {number} is not in the table" for number in range(1, 26) if number not in rows]
    for number, shown in rows.items():
        named = re.findall(r'"([^"]+)"', shown) + re.findall(r"`([\w/.]+)`", shown)
        wrong += [f"point {number}: there is no {name}" for name in named if name not in titles and not (ROOT / name).is_file()]
        wrong += [f"point {number} names nothing that shows it"] * (not named)
    return wrong


def main():
    environment = {**os.environ, "PATH": ":".join([*map(os.path.abspath, sys.argv[1:]), os.environ["PATH"]]), "LC_ALL": "C.UTF-8"}
    wrong, count = wrong_points(), 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["bash", "-c", MAKE], cwd=folder, env=environment, check=True)
        for title, command, said in commands():
            count += 1
            printed = run(command, environment, folder)
            if not matches(said, printed):
                wrong.append(f"{title}: $ {command}\n{printed}  is not\n{said}")
    print("\n".join(wrong) or f"{count} commands print what the tour says")
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main())
