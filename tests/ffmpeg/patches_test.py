#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The patches of all series of FFmpeg are one: they add the same lines, in the same order, wherever those belong in each series.
None of them asks for a format by its name."""
import os
import pathlib
import re
import sys

PATCHES = pathlib.Path(os.environ["H4MK_SOURCE_DIR"]) / "ffmpeg_patches"

# Of 7.1, what later series have in another form: a flag, and spaces.
OTHERWISE = {
    "FF_INFMT_FLAG_EXACT                                    (1 << 1)": "FF_INFMT_FLAG_EXACT                                    (1 << 3)",
    "SECTION_MAX_NB_LEVELS 16": "SECTION_MAX_NB_LEVELS    16",
}

# Later series have more that is copied: side data of tile grids, and further types of groups.
MORE_LATER = "0003-ffmpeg-programs-groups.patch"


def added(patch):
    """The lines by file, without blank ones."""
    lines, path = {}, None
    for line in patch.read_text().splitlines():
        if line.startswith("+++ "):
            path = line.split("/")[-1].replace("avtextformat.h", "ffprobe.c")
        elif line.startswith("+") and line[1:].strip():
            lines.setdefault(path, []).append(line[1:])
    return lines


def later_form(line):
    for form, later in OTHERWISE.items():
        line = line.replace(form, later)
    return line


def has_all(lines, expected):
    """Whether all that is expected is there, in its order."""
    rest = iter(lines)
    return all(line in rest for line in expected)


def main():
    failures = 0
    whole = sorted(folder for folder in PATCHES.glob("[0-9]*") if len(list(folder.glob("*.patch"))) > 1)
    if len(whole) < 3:
        print(f"only {whole} have more than one patch")
        failures += 1
    for patch in sorted(whole[0].glob("*.patch")):
        first = added(patch)
        if not first:
            print(f"{patch} adds nothing")
            failures += 1
        for folder in whole[1:]:
            expected = {path: [later_form(line) for line in lines] for path, lines in first.items()}
            other = added(folder / patch.name)
            for path in sorted(expected.keys() | other.keys()):
                if patch.name == MORE_LATER and path in expected and has_all(other.get(path, []), expected[path]):
                    continue
                if expected.get(path) != other.get(path):
                    print(f"{folder.name}/{patch.name} adds other lines to {path} than {whole[0].name}:")
                    for line in set(expected.get(path, [])) ^ set(other.get(path, [])):
                        print(f"  {line}")
                    failures += 1
    for patch in PATCHES.glob("*/*.patch"):
        if re.search(r'^\+.*strcmp\(.*"h4mk"', patch.read_text(), re.M):
            print(f"{patch}: asks for the format by its name")
            failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
