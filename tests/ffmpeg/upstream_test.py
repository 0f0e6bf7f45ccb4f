#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What ffmpeg_patches/upstream.py writes has the form that FFmpeg asks for (doc/developer.texi, both checklists): versions, Changelog,
doc/APIchanges, MAINTAINERS, lists in the order of the alphabet, lines that are not too long. Whether the patches build and pass their
tests is for `build_ffmpeg.sh series`."""
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(os.environ["H4MK_SOURCE_DIR"])
PATCHES = ROOT / "ffmpeg_patches"
OTHERS = ["RELEASE", "Changelog", "MAINTAINERS", "doc/APIchanges", "libavformat/version.h", "libavformat/version_major.h",
          "libavcodec/version.h", "libavcodec/version_major.h"]
PUBLIC = ["libavformat/avformat.h", "libavcodec/codec_id.h"]  # of what the patches change
# Where our lines stand among others, and what is in order there.
LISTS = {
    "libavformat/allformats.c": r"extern const FF\w+ +ff_(\w+);",
    "libavcodec/allcodecs.c": r"extern const FFCodec ff_(lib\w+);",
    "libavcodec/bitstream_filters.c": r"extern const FFBitStreamFilter ff_(\w+);",
    "libavcodec/Makefile": r"OBJS-\$\(CONFIG_(LIB\w+)\)",
    "libavcodec/bsf/Makefile": r"OBJS-\$\(CONFIG_(H\w+)\)",
    "libavformat/Makefile": r"OBJS-\$\(CONFIG_(\w+)\)",
    "tests/Makefile": r"include \$\(SRC_PATH\)/tests/fate/(\w+)\.mak",
    "configure": r"    (\w+)$|(\w+)_(?:deps|select)=|  --enable-(\w+) ",
    "MAINTAINERS": r"  ([\w*]+\S*) +\S",
}
failures = []


def fail(message):
    failures.append(message)
    print(message)


def unpack(folder):
    """Of the source that was built only what the patches change; None if there is none."""
    try:
        tarball = (ROOT / "build/ffmpeg-7.1/source.id").read_text().split()[0]
        archive = tarfile.open(tarball, "r|*")
    except (OSError, IndexError):
        return None
    wanted = set(OTHERS)
    for patch in (PATCHES / "7.1").glob("*.patch"):
        wanted.update(re.findall(r"^--- a/(\S+)", patch.read_text(), re.M))
    with archive:
        for member in archive:
            member.name = member.name.partition("/")[2]
            if member.name in wanted:
                archive.extract(member, folder)
    return folder


def added(diff):
    """The lines that a patch adds, by file."""
    lines, path = {}, None
    for line in diff.splitlines():
        if line.startswith("+++ "):
            path = line[6:]
        elif line.startswith("+"):
            lines.setdefault(path, []).append(line[1:])
        elif line == "-- ":
            break
    return lines


def check_patch(name, text):
    subject = re.search(r"^Subject: \[PATCH[^]]*\] ((?:.|\n )*)", text, re.M)[1].replace("\n", "")
    if not re.match(r"(avformat|avcodec|fftools)[/\w]*: [a-z]", subject) or len(subject) > 76:
        fail(f"{name}: the subject \"{subject}\" is none of FFmpeg's")
    if "\nSigned-off-by: " not in text:
        fail(f"{name}: not signed off")
    lines = added(text)
    if any(path in lines for path in PUBLIC) and "doc/APIchanges" not in lines:
        fail(f"{name}: something public is new, and doc/APIchanges does not say so")
    if "doc/APIchanges" in lines:
        for version in re.findall(r"lav([fc]) (\d+)\.(\d+)\.100", "\n".join(lines["doc/APIchanges"])):
            library = {"f": "libavformat", "c": "libavcodec"}[version[0]]
            if f"VERSION_MINOR +{version[2]}" not in re.sub(" +", " +", "\n".join(lines.get(f"{library}/version.h", []))):
                fail(f"{name}: doc/APIchanges names a version that the patch does not make")
    for path in [path for path in lines if path and path.startswith(("lib", "fftools", "doc"))]:
        for line in lines[path]:
            if line != line.rstrip() or "\t" in line and not path.endswith("Makefile"):
                fail(f"{name}: {path}: white space in \"{line}\"")
            if re.search("H4MK_HAVE_|H4MK_PUBLIC|h4mk_compat", line):
                fail(f"{name}: {path}: what is for older series in \"{line}\"")
    return lines


def check_order(tree):
    for path, pattern in LISTS.items():
        names = []
        for line in (tree / path).read_text().splitlines():
            found = re.match(pattern, line)
            if not found:
                names.append(None)
                continue
            name = next(group for group in found.groups() if group).lower()
            if not names or name != names[-1]:
                names.append(name)
        ours = [at for at, name in enumerate(names) if name and re.match(r"(lib)?h4m", name)]
        if not ours:
            fail(f"{path}: nothing of H4MK")
        for at in ours:
            near = [name for name in names[at - 1:at + 2] if name]
            if near != sorted(near):
                fail(f"{path}: not in order: {near}")


def check_length():
    """FFmpeg: "You should try to limit your code lines to 80 characters; however, do so if and only if this improves readability."
    Tables and texts of messages may be as long as they are, comments and documentation fit in 80."""
    for path in sorted(PATCHES.glob("[dl]*/**/*.*")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            prose = path.suffix == ".texi" and not line.startswith(("@item", "ffmpeg ")) or re.match(r" *(/\*| \*( |$))(?! {4})", line)
            table = re.match(r" *(\{ |F\(|\[|AV_OPT)", line)
            if len(line) > 80 and prose or len(line) > 100 and not table:
                fail(f"{path.relative_to(ROOT)}:{number}: {len(line)} characters")


def main():
    check_length()
    with tempfile.TemporaryDirectory() as temporary:
        source = unpack(pathlib.Path(temporary) / "source")
        if not source:
            print("no source of FFmpeg 7.1 that was built")
            return 1 if failures else 77
        output = pathlib.Path(temporary) / "patches"
        subprocess.run([PATCHES / "upstream.py", source, output], check=True, stdout=subprocess.DEVNULL)
        every = {}
        for patch in sorted(output.glob("*.patch")):
            text = patch.read_text()
            for path, lines in check_patch(patch.name, text).items():
                every.setdefault(path, []).extend(lines)
            subprocess.run(["patch", "-s", "-p1", "--no-backup-if-mismatch", "-i", patch], cwd=source, check=True)
        check_order(source)
        changes = (source / "Changelog").read_text().split("version <next>:\n")[1].split("\n\n")[0].splitlines()
        if "- H4MK demuxer and muxer via libh4mk" not in changes or len(changes) < 3:
            fail(f"Changelog: {changes}")
        for path in ("MAINTAINERS", "doc/general_contents.texi", "doc/APIchanges", "tests/fate/h4mk.mak"):
            if not any("h4mk" in line.lower() for line in every.get(path, [])):
                fail(f"{path}: nothing of H4MK")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
