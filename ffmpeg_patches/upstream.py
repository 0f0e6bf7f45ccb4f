#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the patches as FFmpeg would want them sent: one commit a concern, for `git am`, without what is there for older series.

Usage: upstream.py SOURCE OUTPUT
  SOURCE  an unpacked, unpatched FFmpeg of the newest series that has a folder here
  OUTPUT  a new directory for the patches; their messages are in CONCERNS below
"""
import difflib
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Name, what lines and files belong to it (the first that matches, from the last concern up, counts), subject and body.
CONCERNS = [
    ("demuxer", r"", "avformat: add H4MK demuxer",
     "H4MK is a container for any codec that stores timestamps, parameters and side data exactly\n"
     "as they are. It is read and written by the external library libh4mk."),
    ("muxer", r"muxer(?<!demuxer)|h4mkenc", "avformat: add H4MK muxer", "Writes any codec, append-only, by libh4mk."),
    ("filter", r"h4mask|bitstream_filters|libavcodec/bsf", "avcodec/bsf: add h4mask",
     "Masks or encrypts single packets in the ways of the H4MK format."),
    ("decoder", r"libh4mk_(audio|video)|libh4mkdec|libavcodec/(Makefile|allcodecs)", "avcodec: add decoders for H4MK tracks with an adapter",
     "An adapter is a decoder that libh4mk has or loads, for blocks that only their owner understands."),
    # The body is that of the patch itself.
    ("ffmpeg", r"fftools", "fftools/ffmpeg: keep all of the source in a stream copy to H4MK", None),
    ("fate", r"tests/|fate", "fate: add tests for H4MK", "They need no samples."),
]


# The library whose minor version a concern raises: it has something new.
RAISED = {"demuxer": "libavformat", "muxer": "libavformat", "filter": "libavcodec", "decoder": "libavcodec"}


def concern_of(path, line=""):
    for number in range(len(CONCERNS) - 1, 0, -1):
        if re.search(CONCERNS[number][1], f"{path}" if not line else line) or re.search(CONCERNS[number][1], path):
            return number
    return 0


def up_to(old, new, path, number):
    """The file with those of its changes that belong to the concerns up to a number; lines of a block go together."""
    result = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            result += old[i1:i2]
        elif tag == "insert" and path in ("configure", "libavformat/Makefile", "libavformat/allformats.c"):
            result += [line for line in new[j1:j2] if concern_of(path, line) <= number]
        elif concern_of(path) <= number:
            result += new[j1:j2]
        else:
            result += old[i1:i2]
    return result


def without_conditions(text):
    """The text without the lines that ask what a series has; what is between them stays."""
    result, ours = [], []  # of the conditions that are open: whether it asks that
    for line in text.splitlines(True):
        if line.startswith("#if"):
            ours.append(line.startswith("#if H4MK_HAVE_"))
            if ours[-1]:
                continue
        elif line.startswith("#endif") and ours.pop():
            continue
        result.append(line)
    return "".join(result)


def without_older_series(text):
    """What h4mk_compat.h is for, undone."""
    text = without_conditions(text)
    text = re.sub(r"\.H4MK_PUBLIC\((\w+)\)", r".p.\1", text)
    text = re.sub(r"H4MK_STREAM_SIDE_DATA\((\w+)\)", r"\1->codecpar->coded_side_data", text)
    text = re.sub(r"H4MK_STREAM_NB_SIDE_DATA\((\w+)\)", r"\1->codecpar->nb_coded_side_data", text)
    text = text.replace(" H4MK_ALLOW_FLUSH |", "")
    text = re.sub(r"H4MK_LAYERED\((\w+)\)", r"\1->params.layered_video", text)
    text = text.replace("H4MK_LAYERED_VIDEO", "AVStreamGroupLayeredVideo").replace("H4MK_EL_INDEX", "el_index")
    return text.replace('#include "h4mk_compat.h"\n', '#include "demux.h"\n#include "internal.h"\n#include "mux.h"\n')


def raise_minor(path):
    """As FFmpeg's checklist for new formats wants it: the micro version begins again."""
    text = path.read_text()
    text = re.sub(r"(_VERSION_MINOR +)(\d+)", lambda found: f"{found[1]}{int(found[2]) + 1}", text, count=1)
    path.write_text(re.sub(r"(_VERSION_MICRO +)\d+", r"\g<1>100", text, count=1))


def added_files():
    for path in sorted(HERE.glob("[lt]*/**/*")):
        if path.is_file() and path.name != "h4mk_compat.h":
            yield path.relative_to(HERE), without_older_series(path.read_text())


def body_of(patches, subject):
    """What a patch says above its first file."""
    for patch in patches:
        found = re.match(rf"Subject: {re.escape(subject)}\n\n(.*?)\n\n--- ", patch.read_text(), re.S)
        if found:
            return found[1]
    sys.exit(f"upstream.py: no patch has the subject: {subject}")


def git(tree, *arguments):
    identity = ["-c", "user.name=H4MK maintainers", "-c", "user.email=maintainers@h4mk.invalid"]
    subprocess.run(["git", "-C", tree, *identity, *arguments], check=True, stdout=subprocess.DEVNULL)


def main(source, output):
    source, output = Path(source), Path(output).resolve()
    series = ".".join((source / "RELEASE").read_text().strip().split(".")[:2])
    patches = sorted((HERE / series).glob("*.patch"))
    if not patches:
        sys.exit(f"upstream.py: there are no patches for FFmpeg {series}")
    paths = sorted(set(re.findall(r"^\+\+\+ b/(\S+)", "".join(p.read_text() for p in patches), re.M)))
    versions = sorted(f"{library}/version.h" for library in set(RAISED.values()))

    with tempfile.TemporaryDirectory() as temporary:
        tree, patched = Path(temporary) / "tree", Path(temporary) / "patched"
        for path in paths + versions:
            for root in (tree, patched):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                if (source / path).exists():
                    shutil.copy(source / path, root / path)
        for patch in patches:
            subprocess.run(["patch", "-s", "-p1", "--no-backup-if-mismatch", "-i", patch], cwd=patched, check=True)
        git(tree, "init", "-q")
        git(tree, "add", "-A")
        git(tree, "commit", "-q", "--allow-empty", "-m", f"FFmpeg {series}")

        for number, (name, _, subject, body) in enumerate(CONCERNS):
            message = textwrap.fill(body or body_of(patches, subject), 72)
            for path in paths:
                old = (source / path).read_text().splitlines(True) if (source / path).exists() else []
                new = (patched / path).read_text().splitlines(True)
                text = "".join(up_to(old, new, path, number))
                if text:
                    (tree / path).write_text(text)
            for path, text in added_files():
                if concern_of(str(path)) == number:
                    (tree / path).parent.mkdir(parents=True, exist_ok=True)
                    (tree / path).write_text(text)
            if name in RAISED:
                raise_minor(tree / RAISED[name] / "version.h")
            git(tree, "add", "-A")
            git(tree, "commit", "-q", "-s", "-m", f"{subject}\n\n{message}")
        git(tree, "format-patch", "-q", "-o", str(output), f"HEAD~{len(CONCERNS)}")
    for patch in sorted(output.glob("*.patch")):
        print(patch)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
