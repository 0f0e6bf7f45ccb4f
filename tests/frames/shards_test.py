#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shards of a plan on a Dask cluster of two processes, of which one is killed in the middle: the same frames, each once."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

try:
    from distributed import Client
except ImportError:
    print("no distributed here")
    sys.exit(77)

import exact

EXAMPLES = os.path.join(os.environ["H4MK_SOURCE_DIR"], "tools", "python", "examples")
sys.path.insert(0, EXAMPLES)
import shards as example  # noqa: E402


def start(folder, *command):
    environment = {**os.environ, "PYTHONPATH": EXAMPLES + ":" + os.environ["PYTHONPATH"]}
    return subprocess.Popen([sys.executable, *command], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)


def wait_for(what, seconds=60):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.05)


with tempfile.TemporaryDirectory() as temporary:
    folder = pathlib.Path(temporary)
    film, address = str(folder / "film.h4mk"), str(folder / "scheduler.json")
    exact.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=40", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", film)
    numbers = list(range(0, 1000, 3))
    plan = example.make_plan(film, numbers, 40)
    assert sorted(n for shard in plan for n in shard["frames"]) == numbers
    alone = example.join(example.run_shard(film, shard) for shard in plan)
    assert len(set(alone)) == len(numbers)

    processes = [start(folder, "-c", "from distributed.cli.dask_scheduler import main; main()", "--scheduler-file", address, "--port", "0", "--no-dashboard")]
    try:
        wait_for(lambda: os.path.exists(address))
        for _ in range(2):
            processes.append(start(folder, "-c", "from distributed.cli.dask_worker import main; main()", "--scheduler-file", address, "--nthreads", "1", "--no-nanny",
                                   "--no-dashboard"))
        with Client(scheduler_file=address) as client:
            client.wait_for_workers(2, timeout=60)
            parts = []
            for part in example.results(client, example.run_shard, [(film, shard) for shard in plan]):
                parts.append(part)
                if len(parts) == 5:
                    processes[2].kill()
                    processes[2].wait()
            assert len(client.scheduler_info()["workers"]) == 1
        assert example.join(parts) == alone, "other frames"
        print(f"{len(numbers)} frames in {len(plan)} shards; a worker was killed behind five of them: the same frames")
    finally:
        for process in processes:
            process.kill()
            process.wait()
