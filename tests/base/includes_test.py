#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each source of the library compiles by itself: the build joins several into one, which hides an #include that is missing.

    includes_test.py CLANG [OPTION…]

nlohmann/json.hpp takes most of the time. It is compiled once, for those that include it anyway.
"""
import concurrent.futures, functools, os, pathlib, re, subprocess, sys, tempfile

source = pathlib.Path(os.environ["H4MK_SOURCE_DIR"], "libh4mk/src")


compiler = [*sys.argv[1:], "-std=c++20", f"-I{source}", f"-I{source.parent / 'include'}"]
folder = tempfile.TemporaryDirectory()
json = folder.name + "/json.pch"


@functools.cache
def uses_json(path):
    text = path.read_text()
    return "<nlohmann/json.hpp>" in text or any(uses_json(source / name) for name in re.findall(r'#include "(.+)"', text))


def check(path):
    done = subprocess.run([*compiler, "-fsyntax-only", *(["-include-pch", json] if uses_json(path) else []), str(path)],
                          capture_output=True, text=True)
    return "\n".join(done.stderr.splitlines()[:5]) if done.returncode else ""


subprocess.run([*compiler, "-x", "c++-header", "-o", json, "-"], input="#include <nlohmann/json.hpp>", text=True, check=True)
files = sorted(path for path in source.rglob("*.cc") if not path.stem.endswith("_windows"))  # which needs headers of Windows
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    wrong = [text for text in pool.map(check, files) if text]
print("\n".join(wrong) or f"{len(files)} files compile alone")
sys.exit(1 if wrong or not files else 0)
