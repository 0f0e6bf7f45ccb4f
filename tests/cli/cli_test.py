#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the command line tests: a script <name>.sh and what it must print, <name>.out, byte for byte.

cli_test.py TOOL MAKE_FILE [--update] [NAME...]

Also runs the programs of PROGRAMS, which check what a comparison of texts cannot; they return 0, or 77 where they cannot run.

A script runs with bash in an empty folder with h4mk and make_file in its PATH. `t COMMAND...` shows a command, what it prints
(standard error too) and, if it is not 0, its exit status. --update writes the .out files anew: look at the difference.
"""
import difflib, os, pathlib, shutil, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = ["corpus.py", "diff_memory.py", "full_disk.py", "html_page.py", "long_file.py", "old_clients.py", "shared_folder.py", "terminal.py"]
PRELUDE = """
set -u
export LC_ALL=C.UTF-8
t() { printf '$ %s\\n' "$*"; "$@" 2>&1 || printf '= %s\\n' "$?"; }
# Changes bytes of a file: poke FILE OFFSET HEX
poke() { printf "$(sed 's/../\\\\x&/g' <<<"$3")" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }
"""


def run(script, bin_folder):
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, PATH=f"{bin_folder}:{os.environ['PATH']}", CASES=str(HERE))
        done = subprocess.run(["bash", "-c", PRELUDE + script.read_text()], cwd=folder, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout


def main():
    tool, make_file, *rest = sys.argv[1:]
    update = "--update" in rest
    names = [name for name in rest if name != "--update"]
    scripts = [HERE / f"{name}.sh" for name in names] or sorted(HERE.glob("*.sh"))
    failed = 0
    with tempfile.TemporaryDirectory() as bin_folder:
        os.symlink(os.path.abspath(tool), os.path.join(bin_folder, "h4mk"))
        os.symlink(os.path.abspath(make_file), os.path.join(bin_folder, "make_file"))
        for script in scripts:
            expected_path = script.with_suffix(".out")
            actual = run(script, bin_folder)
            if update:
                expected_path.write_bytes(actual)
            expected = expected_path.read_bytes() if expected_path.exists() else b""
            if actual == expected:
                continue
            failed += 1
            sys.stdout.writelines(difflib.unified_diff(
                expected.decode(errors="replace").splitlines(True), actual.decode(errors="replace").splitlines(True),
                expected_path.name, f"what {script.name} printed"))
    print(f"{len(scripts) - failed} of {len(scripts)} scripts as expected")
    for program in [] if names or update else PROGRAMS:
        print(f"{program}:", flush=True)
        code = subprocess.run([sys.executable, str(HERE / program), tool, make_file]).returncode
        failed += code not in (0, 77)
    return 1 if failed or not scripts else 0


sys.exit(main())
