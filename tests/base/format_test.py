#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""All C++ is laid out as .clang-format says, by clang-format 14: others break lines in other places. The public headers are laid out
by hand; their comments keep to the same 100 columns."""
import os, re, shutil, subprocess, sys

root = os.environ["H4MK_SOURCE_DIR"]
program = shutil.which("clang-format-14") or shutil.which("clang-format")
if not program or not re.search(r"version 14\.", subprocess.run([program, "--version"], capture_output=True, text=True).stdout):
    print("there is no clang-format 14")
    sys.exit(77)
listed = subprocess.run(["git", "-C", root, "ls-files", "*.cc", "*.h", ":!ffmpeg_patches", ":!libh4mk/include", ":!libh4mk/frames/include"],
                        capture_output=True, text=True)
files = listed.stdout.split()
if listed.returncode or not files:
    print("the sources are in no Git repository")
    sys.exit(77)
headers = subprocess.run(["git", "-C", root, "ls-files", "libh4mk/include", "libh4mk/frames/include"], capture_output=True, text=True)
wide = [f"{name}:{number}: more than 100 columns" for name in headers.stdout.split()
        for number, line in enumerate(open(os.path.join(root, name), encoding="utf-8").read().split("\n"), 1)
        if len(line) > 100]
done = subprocess.run([program, "--dry-run", "-Werror", *files], cwd=root, capture_output=True, text=True)
print(*wide, done.stderr or f"{len(files)} files", sep="\n")
sys.exit(done.returncode or bool(wide))
