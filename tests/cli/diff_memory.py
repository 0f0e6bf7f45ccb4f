#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`h4mk diff` of two files whose tracks stand in another order keeps little of each block that waits for its partner:
diff_memory.py TOOL MAKE_FILE"""
import os, pathlib, sys, tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench/hostile"))
import corpus  # noqa: E402

tool = os.path.abspath(sys.argv[1])
CLUSTERS, BLOCKS = 5, 65535  # of each track
MOST = 150  # bytes of memory for a block that waits


def make(path, order):
    """The blocks of one track behind those of another."""
    file = corpus.header() + corpus.trak(2)
    for track in order:
        for i in range(CLUSTERS):
            file += corpus.cluster(BLOCKS, ordinal=i * BLOCKS, size=1, data=b"x" * BLOCKS, time=i * BLOCKS, track_id=track)
    pathlib.Path(path).write_bytes(file)


def peak(*files):
    """Bytes of memory that the comparison took."""
    child = os.spawnv(os.P_NOWAIT, tool, [tool, "diff", "--quiet", *files])
    _, status, usage = os.wait4(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, status
    return usage.ru_maxrss * 1024


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    make("a.h4mk", (1, 2))
    make("b.h4mk", (2, 1))
    waiting = 2 * CLUSTERS * BLOCKS
    each = (peak("a.h4mk", "b.h4mk") - peak("a.h4mk", "a.h4mk")) / waiting
    assert each < MOST, f"{each:.0f} bytes of memory for each block that waits, more than {MOST}"
print("ok")
