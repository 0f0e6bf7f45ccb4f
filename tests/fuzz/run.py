#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the fuzz targets that libFuzzer was built into, side by side, and says what came of it.

    tests/fuzz/run.py --build build/cmake-fuzz/tests/fuzz --minutes 10            all targets, 10 minutes each
    tests/fuzz/run.py --build build/cmake-fuzz/tests/fuzz --minutes 1 reader json only these
    tests/fuzz/run.py --build build/cmake-fuzz/tests/fuzz --keep                  what was learned goes into tests/fuzz/corpus

What a target learns stays in BUILD/learned/TARGET, so that the next run goes on from there; BUILD/found has what ended a target. The exit
status is 1 if something was found. --keep picks of what was learned the smallest inputs that reach code which seeds and corpus do not."""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SEEDS = {"demuxer": "reader"}  # the others have their own
LARGEST_INPUT = {"protected": 32768, "signed": 32768}
LARGEST_KEPT = 2048  # bytes of an input that is committed
MEMORY_MB = {"decoder": 2048}  # one output may have 256 MiB


def targets_in(build):
    return sorted(path.name.removeprefix("fuzz_") for path in build.glob("fuzz_*") if os.access(path, os.X_OK) and path.is_file()
                  and path.name != "fuzz_make_seeds")


def inputs_of(build, target):
    """The folders of inputs that a target begins with."""
    folders = [build / "seeds" / SEEDS.get(target, target), HERE / "corpus" / target]
    return [folder for folder in folders if folder.is_dir()]


def options_of(target):
    # Without -entropic=0 libFuzzer spends two thirds of the time on its own statistics.
    return [f"-max_len={LARGEST_INPUT.get(target, 16384)}", "-timeout=10", f"-rss_limit_mb={MEMORY_MB.get(target, 1024)}", "-malloc_limit_mb=512",
            "-entropic=0", f"-dict={HERE / 'h4mk.dict'}"]


def start(build, target, arguments, log):
    environment = {**os.environ, "H4MK_SOURCE_DIR": str(HERE.parents[1])}
    return subprocess.Popen([build / f"fuzz_{target}", *options_of(target), *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                            env=environment, cwd=build)


def wait(process):
    """Status and seconds of processor time."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_utime + used.ru_stime


def fuzz(build, target, minutes):
    """One row of the report."""
    learned, found, log_path = build / "learned" / target, build / "found", build / f"{target}.log"
    learned.mkdir(parents=True, exist_ok=True)
    found.mkdir(exist_ok=True)
    before = set(os.listdir(learned))
    with open(log_path, "w") as log:
        process = start(build, target, [f"-max_total_time={round(minutes * 60)}", "-print_final_stats=1", f"-artifact_prefix={found}/{target}-",
                                        learned, *inputs_of(build, target)], log)
        status, seconds = wait(process)
    text = log_path.read_text(errors="replace")
    covered = [int(number) for number in re.findall(r" cov: (\d+) ", text)]
    runs = re.search(r"number_of_executed_units: (\d+)", text)
    return {"target": target, "seconds": seconds, "runs": int(runs[1]) if runs else 0,
            "first": covered[0] if covered else 0, "last": covered[-1] if covered else 0,
            "new": len(set(os.listdir(learned)) - before), "failed": status != 0, "log": log_path}


def report(rows):
    print(f"{'target':12} {'CPU s':>7} {'inputs':>10} {'edges':>7} {'more':>5} {'new inputs':>10}")
    for row in rows:
        print(f"{row['target']:12} {row['seconds']:7.0f} {row['runs']:10} {row['last']:7} {row['last'] - row['first']:5} {row['new']:10}"
              + (f"  FOUND something: {row['log']}" if row["failed"] else ""))
    print(f"{sum(row['seconds'] for row in rows) / 3600:.2f} hours of processor time, {sum(row['runs'] for row in rows)} inputs")


def keep(build, target):
    """Number of inputs that the corpus got. Counts how code is reached once only, whatever how often: few inputs do."""
    with tempfile.TemporaryDirectory() as folder, open(build / f"{target}.keep.log", "w") as log:
        base = pathlib.Path(folder, "base")
        base.mkdir()
        for source in inputs_of(build, target):
            for path in source.iterdir():
                shutil.copy(path, base / path.name)
        known = set(os.listdir(base))
        small = pathlib.Path(folder, "small")
        small.mkdir()
        for path in (build / "learned" / target).iterdir():
            if path.stat().st_size <= LARGEST_KEPT:
                shutil.copy(path, small)
        status, _ = wait(start(build, target, ["-merge=1", "-use_counters=0", base, small], log))
        if status != 0:
            sys.exit(f"run.py: {log.name} says what failed")
        corpus = HERE / "corpus" / target
        added = sorted(set(os.listdir(base)) - known)
        if added:
            corpus.mkdir(parents=True, exist_ok=True)
        for name in added:
            shutil.copy(base / name, corpus / name[:12])
    return len(added)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="which ones (all)")
    parser.add_argument("--build", type=lambda path: pathlib.Path(path).resolve(), required=True, help="where the programs are")
    parser.add_argument("--minutes", type=float, help="how long each target runs")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at the same time (all cores)")
    parser.add_argument("--keep", action="store_true", help="put what was learned into the corpus")
    arguments = parser.parse_args()
    targets = arguments.targets or targets_in(arguments.build)
    missing = [target for target in targets if not (arguments.build / f"fuzz_{target}").exists()]
    if missing or not targets:
        sys.exit(f"run.py: not built: {', '.join(missing) or 'any target'}")
    subprocess.run([arguments.build / "fuzz_make_seeds", arguments.build / "seeds"], check=True)
    failed = False
    if arguments.minutes:
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            rows = list(pool.map(lambda target: fuzz(arguments.build, target, arguments.minutes), targets))
        report(rows)
        print(f"{time.monotonic() - began:.0f} s, {arguments.jobs} at the same time")
        failed = any(row["failed"] for row in rows)
    if arguments.keep:
        for target in targets:
            if (arguments.build / "learned" / target).is_dir():
                print(f"{target}: {keep(arguments.build, target)} inputs more in the corpus")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
