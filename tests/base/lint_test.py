#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""clang-tidy finds nothing in libh4mk/src of what .clang-tidy lists. It is given what the build compiles: several sources in one, since headers
take most of its time.

    lint_test.py BUILD
"""
import concurrent.futures, json, os, pathlib, re, shutil, subprocess, sys

build = pathlib.Path(sys.argv[1])
program = shutil.which("clang-tidy")
if not program:
    print("there is no clang-tidy")
    sys.exit(77)
commands = json.loads((build / "compile_commands.json").read_text())
files = sorted({entry["file"] for entry in commands if entry["file"].startswith(f"{build}/libh4mk/CMakeFiles/")})


def check(path):
    done = subprocess.run([program, "--quiet", "-p", str(build), "--extra-arg=-Wno-unknown-warning-option", path],
                          capture_output=True, text=True)
    return [line for line in done.stdout.splitlines() if re.search(r": (error|warning): ", line)] or (
        [done.stderr] if done.returncode else [])


with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    wrong = sorted({line for lines in pool.map(check, files) for line in lines})
print("\n".join(wrong) or f"nothing in {len(files)} units")
sys.exit(1 if wrong or not files else 0)
