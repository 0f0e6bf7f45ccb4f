#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the second reader says about the file that `h4mk recover` makes of a file: run.py compares it with what must be said of that one.

    H4MK_TOOL=PROGRAM with_recover.py FILE

Tracks, metadata, attachments and blocks are saved, and nothing else. What no reader reads need not be saved.
"""
import contextlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import h4mk_reader

SAVED = ("tracks", "meta", "attachments", "blocks")


def read(path):
    said = io.StringIO()
    sys.argv = [h4mk_reader.__name__, str(path)]
    with contextlib.redirect_stdout(said):
        h4mk_reader.main()
    return json.loads(said.getvalue())


def main():
    path = pathlib.Path(sys.argv[-1])
    as_it_is = read(path)
    if as_it_is["outcome"] == "refused":
        print(json.dumps(as_it_is))
        return
    with tempfile.TemporaryDirectory() as folder:
        for beside in path.parent.iterdir():
            if beside.is_file() and beside.suffix not in (".h4mk", ".json"):
                shutil.copy(beside, folder, follow_symlinks=False)
        out = pathlib.Path(folder, "out.h4mk")
        done = subprocess.run([os.environ["H4MK_TOOL"], "recover", path, out], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        said = read(out) if out.exists() else {"outcome": f"status {done.returncode}: {done.stderr}"}
    print(json.dumps({member: said[member] for member in ("outcome", "error", *SAVED) if member in said}))


if __name__ == "__main__":
    main()
