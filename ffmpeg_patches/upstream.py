#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the patches as FFmpeg would want them sent, for `git am`: first a demuxer and a muxer that stand alone, then one ability
a patch, without what is there for older series.

Usage: upstream.py SOURCE OUTPUT
  SOURCE  an unpacked, unpatched FFmpeg of a series that has a folder here
  OUTPUT  a new directory for the patches

The sources here are the only ones. What a later patch adds is a file of its own, or stands between
    #if H4MK_HAVE_SIDECARS
    #endif
in any file, in texinfo behind "@c ". PARTS below has the order.
"""
import datetime
import difflib
import functools
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
MAINTAINERS = "H4MK maintainers"
# What belongs to a series that is sent, and not to files that are built here.
ANNOUNCEMENTS = ("Changelog", "MAINTAINERS", "doc/APIchanges")


@dataclass
class Part:
    name: str
    subject: str
    body: str = ""  # "": that of the patch here that has the subject
    files: str = r"$^"  # the files that it adds
    lines: str = r"$^"  # the lines that it adds to files of FFmpeg, of those that patch 0001 does
    raises: str = ""  # the library that has something new, whose minor version it raises
    api: tuple = ()  # header and line for doc/APIchanges
    change: str = ""  # line for the Changelog
    maintained: str = ""  # file for MAINTAINERS, with its section

    @property
    def macro(self):
        return f"H4MK_HAVE_{self.name}"


PARTS = [
    Part("CONTAINER", "avformat: add H4MK demuxer and muxer", raises="libavformat", files=r".", lines=r".",
         change="H4MK demuxer and muxer via libh4mk", maintained="Muxers/Demuxers: h4mk*", body=
         "H4MK is a container for any codec that stores timestamps and parameters exactly as they are. The external library libh4mk "
         "reads and writes it; without its optional parts it can be used under LGPL 2.1."),
    Part("SIDE_DATA", "avformat/h4mk: side data of streams and packets", files=r"h4mk_side_data|h4mk-side-data", body=
         "By name, with structs as JSON, so that nothing of this build's layout gets into a file."),
    Part("STREAM_GROUPS", "avformat/h4mk: stream groups", files=r"h4mk_groups|h4mk_iamf|h4mk-groups", body=
         "Tile grids, immersive audio, layered video."),
    Part("INDEX", "avformat/h4mkdec: fill libavformat's index", body="With the key frames that the file lists, if max_index_size has room for them."),
    Part("PIPED_COVERS", "avformat/h4mkdec: attached pictures from pipes", body="They are looked for in the first packets."),
    Part("FOLLOW", "avformat/h4mkdec: follow files that grow", files=r"h4mk_follow|h4mk-follow", body=
         "With the option follow the demuxer waits at the present end of a recording, also over HTTP, and tells of tags and streams "
         "that come while it runs."),
    Part("MARKERS", "avformat/h4mkenc: mark headers and seek points", files=r"h4mk_markers", body=
         "So that a relay knows where one can join."),
    Part("SIDECARS", "avformat/h4mkdec: data in files beside the input", files=r"h4mk_beside", body=
         "Off unless enable_sidecars is set, as enable_drefs of mov."),
    Part("PROTECTION", "avformat/h4mk: encryption and signatures", files=r"h4mk_protection|h4mk-encryption", body=
         "libh4mk encrypts, decrypts, signs and verifies. Here are the options for keys, and what lets ciphertext be copied."),
    Part("COMPRESSION", "avformat/h4mkenc: compression of packets", files=r"h4mk-compression", body=
         "For codecs that leave something to gain."),
    Part("VERSION1", "avformat/h4mkenc: write version 1 of the format", files=r"h4mk-version1", body=
         "For readers that know no other."),
    Part("MASK", "avcodec/bsf: add h4mask", files=r"h4mask|h4mk-mask", lines=r"h4mask|H4MASK|bitstream_filters", raises="libavcodec",
         change="h4mask bitstream filter via libh4mk", body=
         "Masks or encrypts single packets in the ways of the H4MK format."),
    Part("ADAPTERS", "avcodec: add decoders for H4MK tracks with an adapter", files=r"h4mk_adapter|libh4mkdec", raises="libavcodec",
         lines=r"libh4mk_(audio|video)|libh4mkdec|libavcodec/(codec_desc|codec_id)",
         api=("codec_id.h", "Add AV_CODEC_ID_H4MK_VIDEO and AV_CODEC_ID_H4MK_AUDIO."),
         change="decoding of H4MK tracks that have an adapter via libh4mk", maintained="Codecs: libh4mkdec.c", body=
         "An adapter is a decoder that libh4mk has or loads, for blocks that only their owner understands."),
    Part("LAYOUTS", "fftools/ffmpeg: guess channel layouts for decoders only"),
    Part("GROUPS_COPIED", "fftools/ffmpeg: copy programs and stream groups"),
    Part("EXACT", "fftools/ffmpeg: add option -copy_exact", raises="libavformat", files=r"h4mk-copy",
         api=("avformat.h", "Add AVFMT_EXACT."), change="ffmpeg CLI option -copy_exact"),
    Part("DTS_AFTER_PTS", "avformat/mux: let muxers take packets that are shown before their dts"),
    Part("LEVELS", "fftools/ffprobe: make room for all levels of IAMF"),
]


def part_of(text, pattern):
    """The number of the last part that a file or a line belongs to."""
    return max(number for number, part in enumerate(PARTS) if re.search(getattr(part, pattern), text))


class Series:
    """What an FFmpeg has, by the words of h4mk_compat.h."""

    def __init__(self, source):
        self.major = int(re.search(r"_VERSION_MAJOR +(\d+)", (source / "libavformat/version_major.h").read_text())[1])
        compat = (HERE / "libavformat/h4mk_compat.h").read_text()
        self.since = {name: int(major) for name, major in
                      re.findall(r"#define (H4MK_HAVE_\w+) +\(LIBAVFORMAT_VERSION_MAJOR >= (\d+)\)", compat)}
        layered = "#if H4MK_HAVE_LAYERED_VIDEO\n" + compat.split("#if H4MK_HAVE_LAYERED_VIDEO\n")[1].split("#endif")[0] + "#endif\n"
        self.layered = self.without_conditions(layered, len(PARTS))
        self.allows_flush = self.major < 62  # FF_API_ALLOW_FLUSH

    def has(self, macro, number):
        for index, part in enumerate(PARTS):
            if part.macro == macro and index > number:
                return False
        return self.major >= self.since.get(macro, 0)

    def without_conditions(self, text, number):
        """The text as it is with the first parts: without what later ones add, and without the lines that ask for it."""
        result, ours, kept = [], [], []  # of the conditions that are open: whether it is one of ours, and what it says
        for line in text.splitlines(True):
            directive = line.removeprefix("@c ")
            if directive.startswith("#if"):
                asked = re.match(r"#if (H4MK_HAVE_\w+)$", directive)
                ours.append(bool(asked))
                kept.append(not asked or self.has(asked[1], number))
                hidden = bool(asked)
            elif directive.startswith("#else") and ours[-1]:
                kept[-1], hidden = not kept[-1], True
            elif directive.startswith("#endif"):
                hidden, visible = ours.pop(), kept.pop()
                hidden = hidden or not visible
            else:
                hidden = False
            if not hidden and all(kept):
                result.append(line)
        return "".join(result)

    def as_upstream(self, text, number):
        """What h4mk_compat.h is for, undone."""
        text = self.without_conditions(text, number)
        text = re.sub(r"\.H4MK_PUBLIC\((\w+)\)( *)", r".p.\1\2", text)
        text = re.sub(r"H4MK_STREAM_SIDE_DATA\((\w+)\)", r"\1->codecpar->coded_side_data", text)
        text = re.sub(r"H4MK_STREAM_NB_SIDE_DATA\((\w+)\)", r"\1->codecpar->nb_coded_side_data", text)
        text = text.replace(" H4MK_ALLOW_FLUSH |", " AVFMT_ALLOW_FLUSH |" if self.allows_flush else "")
        for name, value in re.findall(r"#define (H4MK_\w+)(?:\(group\))? +(\S.*)", self.layered):
            if value.startswith("("):  # ((group)->params.lcevc)
                text = re.sub(rf"{name}\((\w+)\)", value[1:-1].replace("(group)", r"\1"), text)
            else:
                text = re.sub(rf"\b{name}\b", value, text)
        text = text.replace('#include "h4mk_compat.h"\n', '#include "demux.h"\n#include "internal.h"\n#include "mux.h"\n')
        for header in re.findall(r'#include "(h4mk_\w+\.h)"\n', text):
            if part_of(header, "files") > number:
                text = text.replace(f'#include "{header}"\n', "")
        return text


def ours():
    """The files that are added, but for those that have no place upstream."""
    for path in sorted(HERE.glob("[dlt]*/**/*")):
        if path.is_file() and path.name != "h4mk_compat.h":
            yield path.relative_to(HERE)


@functools.cache
def differences(old, new):
    """Which every part asks for."""
    return difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def with_own_lines(old, new, path, number):
    """A file of FFmpeg with those of the lines that patch 0001 adds to it that belong to the first parts."""
    text = []
    for tag, i1, i2, j1, j2 in differences(old, new):
        parts = [part_of(f"{path}: {line}", "lines") for line in new[j1:j2]]
        if tag == "equal":
            text += old[i1:i2]
        elif path == "configure":
            text += [line for line, part in zip(new[j1:j2], parts) if part <= number]
        elif max(parts) <= number:  # the lines of a block go together
            text += new[j1:j2]
    return "".join(text)


def with_objects(makefile, number):
    """The objects of H4MK, without those of later parts."""
    makefile = re.sub(r"(?<=\.o) \\\n +(?=h4mk_)", " ", makefile)
    for name in set(re.findall(r" (h4mk_\w+)\.o", makefile)):
        if part_of(f"{name}.c", "files") > number:
            makefile = makefile.replace(f" {name}.o", "")
    return makefile


def with_docs(text, series, number):
    """The pieces of documentation, which upstream are no files of their own."""
    def piece(found):
        name = found[1]
        return "" if part_of(name, "files") > number else \
            series.without_conditions((HERE / "doc" / name).read_text(), number).rstrip("\n") + "\n\n"
    return re.sub(r"^@include (h4m\w+\.texi)\n\n", piece, text, flags=re.M)


def raise_minor(path):
    """As FFmpeg's checklist for new formats wants it: the micro version begins again."""
    text = path.read_text()
    text = re.sub(r"(_VERSION_MINOR +)(\d+)", lambda found: f"{found[1]}{int(found[2]) + 1}", text, count=1)
    path.write_text(re.sub(r"(_VERSION_MICRO +)\d+", r"\g<1>100", text, count=1))


def add_change(path, change):
    """At the end of the section for the next release, which a released source does not have."""
    text = path.read_text()
    if "version <next>:" not in text:
        text = re.sub(r"^version ", "version <next>:\n\n\nversion ", text, count=1, flags=re.M)
    path.write_text(re.sub(r"^version <next>:\n(?:- .*\n)*", lambda found: f"{found[0]}- {change}\n", text, count=1, flags=re.M))


def add_api_change(tree, library, header, line):
    version = [re.search(rf"_VERSION_{part} +(\d+)", (tree / library / file).read_text())[1]
               for part, file in (("MAJOR", "version_major.h"), ("MINOR", "version.h"), ("MICRO", "version.h"))]
    name = {"libavformat": "lavf", "libavcodec": "lavc"}[library]
    entry = f"{datetime.date.today().year}-xx-xx - xxxxxxxxxxx - {name} {'.'.join(version)} - {header}\n  {line}\n\n"
    path = tree / "doc/APIchanges"
    path.write_text(re.sub(r"^API changes, most recent first:\n\n", lambda found: found[0] + entry, path.read_text(), count=1, flags=re.M))


def add_maintained(path, maintained):
    """In the order of the alphabet, which the files of a section have at least roughly."""
    section, file = maintained.split(": ")
    head, heading, rest = path.read_text().partition(f"\n{section}:\n")
    lines = rest.splitlines(True)
    place = next(number for number, line in enumerate(lines) if line.strip() > file or number and not line.strip())
    lines.insert(place, f"  {file:<36}  {MAINTAINERS}\n")
    path.write_text(head + heading + "".join(lines))


def apply(tree, patch):
    subprocess.run(["patch", "-s", "-p1", "--no-backup-if-mismatch", "-i", patch], cwd=tree, check=True)


def git(tree, *arguments):
    identity = ["-c", f"user.name={MAINTAINERS}", "-c", "user.email=maintainers@h4mk.invalid"]
    subprocess.run(["git", "-C", tree, *identity, *arguments], check=True, stdout=subprocess.DEVNULL)


def paths_of(patches):
    return sorted(set(re.findall(r"^\+\+\+ b/(\S+)", "".join(patch.read_text() for patch in patches), re.M)))


def write_part(tree, source, registered, series, number, patches):
    """Brings the tree from the parts before one to that one."""
    part = PARTS[number]
    if not part.body:  # a patch of its own, to files of FFmpeg
        patch = next(patch for patch in patches if f"Subject: {part.subject}\n" in patch.read_text())
        apply(tree, patch)
        part.body = re.match(r"Subject: .*\n\n((?:.|\n)*?)\n\n--- ", patch.read_text())[1]
    else:
        for path in paths_of([registered.patch]):
            old, new = (tuple((root / path).read_text().splitlines(True)) for root in (source, registered.tree))
            text = with_own_lines(old, new, path, number)
            text = with_objects(text, number) if path == "libavformat/Makefile" else with_docs(text, series, number)
            (tree / path).write_text(text)
    for path in ours():
        if path.parts[0] != "doc" and part_of(path.name, "files") <= number:
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(series.as_upstream((HERE / path).read_text(), number))
    if part.raises:
        raise_minor(tree / part.raises / "version.h")
    if part.api:
        add_api_change(tree, part.raises, *part.api)
    if part.change:
        add_change(tree / "Changelog", part.change)
    if part.maintained:
        add_maintained(tree / "MAINTAINERS", part.maintained)
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-s", "-m", f"{part.subject}\n\n{textwrap.fill(part.body, 72)}")


@dataclass
class Registered:
    patch: Path  # 0001, which names the files of H4MK to FFmpeg
    tree: Path


def main(source, output):
    source, output = Path(source), Path(output).resolve()
    name = ".".join((source / "RELEASE").read_text().strip().split(".")[:2])
    patches = sorted((HERE / name).glob("*.patch"))
    if len(patches) < 2:
        sys.exit(f"upstream.py: there is no whole set of patches for FFmpeg {name}")
    series = Series(source)
    with tempfile.TemporaryDirectory() as temporary:
        tree, registered = Path(temporary) / "tree", Registered(patches[0], Path(temporary) / "registered")
        versions = [f"{part.raises}/{name}" for part in PARTS if part.raises for name in ("version.h", "version_major.h")]
        for path in [*paths_of(patches), *versions, *ANNOUNCEMENTS]:
            for root in (tree, registered.tree):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source / path, root / path)
        apply(registered.tree, registered.patch)
        git(tree, "init", "-q")
        git(tree, "add", "-A")
        git(tree, "commit", "-q", "-m", f"FFmpeg {name}")
        for number in range(len(PARTS)):
            write_part(tree, source, registered, series, number, patches)
        git(tree, "format-patch", "-q", "-o", str(output), f"HEAD~{len(PARTS)}")
    for patch in sorted(output.glob("*.patch")):
        print(patch)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
