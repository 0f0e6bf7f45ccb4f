#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command lines of the first programs, against what those printed (tests/vectors/cli): old_clients.py TOOL"""
import hashlib, json, os, pathlib, shutil, subprocess, sys, tempfile

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors/cli"
TOOL = os.path.abspath(sys.argv[1])
# How h4mk is told which of the programs it shall be. The first one has commands that no other has.
PREFIX = {"harmony4_media.cli": [], "cli.main": ["transport"], "cli.video_tools": ["video"]}
# These must answer the same without being told, on files of the transport dialect.
ALSO_WITHOUT = {"inspect", "seek", "manifest", "block"}


def differences(case, prefix, strict):
    with tempfile.TemporaryDirectory() as folder:
        for path in (VECTORS / "files").iterdir():
            shutil.copy(path, folder)
        done = subprocess.run([TOOL, *prefix, *case["args"]], cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != case["exit"] and (strict or (done.returncode == 0) != (case["exit"] == 0)):
            yield f"exit status {done.returncode}, expected {case['exit']}"
        if case.get("compare") != "exit only" and "stdout" in case and done.stdout.decode() != case["stdout"]:
            yield f"printed {done.stdout.decode()!r}, expected {case['stdout']!r}"
        if strict and case["stderr_is"] == "message" and done.stderr.decode().splitlines()[-1:] != [case["stderr_last_line"]]:
            yield f"said {done.stderr.decode()!r}, expected {case['stderr_last_line']!r}"
        for written in case.get("files_written", []):
            content = pathlib.Path(folder, written["name"])
            if not content.exists() or hashlib.sha256(content.read_bytes()).hexdigest() != written["sha256"]:
                yield f"{written['name']} is not the same"


failed = run = 0
for case in json.loads((VECTORS / "index.json").read_text())["cases"]:
    prefix = PREFIX[case["tool"]]
    variants = [(prefix, True)]
    if prefix and case["args"] and case["args"][0] in ALSO_WITHOUT and case["exit"] == 0:
        variants.append(([], False))
    for variant, strict in variants:
        run += 1
        found = list(differences(case, variant, strict))
        failed += bool(found)
        for difference in found:
            print(f"{case['id']} (h4mk {' '.join([*variant, *case['args']])}): {difference}")
print(f"{run - failed} of {run} as the first programs")
sys.exit(1 if failed or not run else 0)
