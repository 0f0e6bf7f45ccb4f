#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What hostile files cost: CPU seconds and peak memory of each command on each file of corpus.py and protected.py, read with its key.

    python3 bench/hostile/cost.py [--tool build/cmake-release/tools/h4mk/h4mk] [--ffprobe dist/bin/ffprobe] [--size KIB]
    python3 bench/hostile/cost.py --tool … --patterns 200 --seed 7      files of patterns.py; every other one gets an index first

No file under 1 MiB may cost more than 2 s (and what printing takes) or 256 MiB, or crash a command; what does is marked, and the exit status is 1."""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import corpus  # noqa: E402
import patterns  # noqa: E402
import protected  # noqa: E402

MAX_SECONDS, MAX_MIB = 2.0, 256
PRINTED = 50e6  # bytes a second: who asks for a line for each of a million blocks waits for the lines as well
# In memory where that can be: ext4 spends seconds on thousands of new files where as many were deleted just before, which says
# nothing of H4MK.
FOLDER = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def run(command):
    """CPU seconds, peak MiB, bytes of output and exit status of a command."""
    with open(os.devnull, "w") as null:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=null, stdin=subprocess.DEVNULL)
        written = 0
        while piece := child.stdout.read(1 << 16):
            written += len(piece)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = status
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, written, status


class Keys:
    """Files with the keys that the cases are read with, and the options that name them."""

    def __init__(self, folder):
        self.private, self.public, self.secret = (os.path.join(folder, name) for name in ("private.pem", "public.pem", "secret"))
        for path, text in ((self.private, protected.pem("PRIVATE", protected.PRIVATE)),
                           (self.public, protected.pem("PUBLIC", protected.PUBLIC)), (self.secret, protected.KEY)):
            pathlib.Path(path).write_text(text)
            os.chmod(path, 0o600)

    def of_case(self, name):
        """What opens a file, what verifies it, and both as options of ffprobe."""
        if name in protected.SIGNED:
            return [], ["--public-key", self.public], ["-verify_key", self.public]
        if name in protected.ENCRYPTED:
            return ["--key-file", self.secret], [], ["-decryption_key_file", self.secret]
        return [], [], []


def tool_commands(tool, path, out, private, opens, verifies):
    yield "inspect", [tool, "inspect", path]
    yield "inspect --json", [tool, "inspect", "--json", path]
    yield "inspect --html", [tool, "inspect", "-y", "--html", out + ".html", path]
    yield "verify", [tool, "verify", *opens, *verifies, path]
    yield "verify --json", [tool, "verify", "--json", *opens, *verifies, path]
    yield "list", [tool, "list", path]
    yield "list --hash", [tool, "list", "--hash", *opens, path]
    yield "cat", [tool, "cat", "--track", "1", *opens, path]
    yield "frames", [tool, "frames", "--track", "1", path]
    yield "seek", [tool, "seek", "--track", "1", "--time", "1", path]
    shutil.copyfile(path, out + ".changed.h4mk")
    yield "edit --undo", [tool, "edit", "--undo", out + ".changed.h4mk"]
    yield "index", [tool, "index", out + ".changed.h4mk"]
    yield "recover", [tool, "recover", "-y", path, out + ".h4mk"]
    yield "convert --to 1", [tool, "convert", "-y", "--to", "1", *opens, path, out + ".v1"]
    yield "cut", [tool, "cut", "-y", "--from", "0", "--to", "1000000", *opens, *verifies, path, "-o", out + ".cut.h4mk"]
    yield "join", [tool, "join", "-y", *opens, path, path, "-o", out + ".join.h4mk"]
    yield "merge", [tool, "merge", "-y", path, path, "-o", out + ".merge.h4mk"]
    yield "extract", [tool, "extract", "-y", *opens, path, "-o", out + ".parts/"]
    yield "decode", [tool, "decode", "--track", "1", *opens, path]
    yield "diff", [tool, "diff", path, path]
    yield "sign", [tool, "sign", "-y", "--key-file", private, path, "-o", out + ".signed.h4mk"]


def ffprobe_commands(ffprobe, path, probes):
    yield "ffprobe", [ffprobe, "-v", "quiet", *probes, path]
    packets = ["-count_packets", "-show_entries", "stream=nb_read_packets"]  # to print a packet costs 30 times what reading it does
    yield "ffprobe -count_packets", [ffprobe, "-v", "quiet", *probes, *packets, path]
    yield "ffprobe -read_intervals", [ffprobe, "-v", "quiet", *probes, *packets, "-read_intervals", "1000%+#1", path]


def commands(options, path, out, keys, name):
    opens, verifies, probes = keys.of_case(name)
    if options.tool:
        yield from tool_commands(options.tool, path, out, keys.private, opens, verifies)
    if options.ffprobe:
        yield from ffprobe_commands(options.ffprobe, path, probes)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", help="the program h4mk")
    parser.add_argument("--ffprobe", help="an ffprobe that reads H4MK")
    parser.add_argument("--size", type=int, default=1000, help="KiB of each file (1000)")
    parser.add_argument("--case", help="only files whose name holds this text")
    parser.add_argument("--patterns", type=int, help="so many files of random patterns instead")
    parser.add_argument("--seed", type=int, default=1, help="the number of the first of them (1)")
    parser.add_argument("--all", action="store_true", help="each command, not only the dearest of a file")
    options = parser.parse_args()
    if not (options.tool or options.ffprobe) or options.patterns and not options.tool:
        parser.error("--tool or --ffprobe is needed, and --tool for --patterns")
    worst = 0
    print(f"{'file':32} {'KiB':>6}  {'seconds':>8} {'ms/KiB':>7} {'MiB':>6} {'output':>10}  dearest command")
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        keys = Keys(folder)
        cases = {**corpus.CASES, **protected.SIGNED, **protected.ENCRYPTED}
        if options.patterns:
            cases = {f"pattern {seed}": lambda size, seed=seed: patterns.make(seed, size) for seed in range(options.seed, options.seed + options.patterns)}
        for number, (name, make) in enumerate(cases.items()):
            if options.case and options.case not in name:
                continue
            path = os.path.join(folder, "hostile.h4mk")
            data = make(options.size * 1024)
            pathlib.Path(path).write_bytes(data)
            if options.patterns and (options.seed + number) % 2 == 1:
                run([options.tool, "index", path])
            rows = []
            for title, command in commands(options, path, os.path.join(folder, "out"), keys, name):
                rows.append((title, *run(command)))
            dearest = max(rows, key=lambda row: max(row[1] / (MAX_SECONDS + row[3] / PRINTED), row[2] / MAX_MIB))
            crashed = [row for row in rows if os.WIFSIGNALED(row[-1])]
            for title, seconds, mib, written, status in rows if options.all else crashed or [dearest]:
                mark = "  TOO MUCH" if seconds > MAX_SECONDS + written / PRINTED or mib > MAX_MIB else ""
                if os.WIFSIGNALED(status):
                    mark += f"  ENDED BY SIGNAL {os.WTERMSIG(status)}"
                worst += bool(mark)
                kib = len(data) / 1024
                print(f"{name:32} {kib:6.0f}  {seconds:8.2f} {1000 * seconds / max(kib, 1):7.2f} {mib:6.0f} {written:10}  {title}{mark}")
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main())
