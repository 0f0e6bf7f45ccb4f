#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""All C++ is laid out as .clang-format says, by clang-format 14: others break lines in other places."""
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
done = subprocess.run([program, "--dry-run", "-Werror", *files], cwd=root, capture_output=True, text=True)
print(done.stderr or f"{len(files)} files")
sys.exit(done.returncode)
