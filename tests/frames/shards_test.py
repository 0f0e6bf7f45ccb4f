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
    alone = [digest for _, digest in sorted(pair for shard in plan for pair in example.run_shard(film, shard))]
    assert len(set(alone)) == len(numbers)

    processes = [start(folder, "-c", "from distributed.cli.dask_scheduler import main; main()", "--scheduler-file", address, "--port", "0", "--no-dashboard")]
    try:
        wait_for(lambda: os.path.exists(address))
        for _ in range(2):
            processes.append(start(folder, "-c", "from distributed.cli.dask_worker import main; main()", "--scheduler-file", address, "--nthreads", "1", "--no-nanny",
                                   "--no-dashboard"))
        with Client(scheduler_file=address) as client:
            client.wait_for_workers(2, timeout=60)
            victim = processes[2]
            futures = client.map(example.run_shard, [film] * len(plan), plan, pure=False)
            wait_for(lambda: sum(future.done() for future in futures) >= 5)
            done_before = sum(future.done() for future in futures)
            victim.kill()
            victim.wait()
            parts = client.gather(futures)
            assert len(client.scheduler_info()["workers"]) == 1
        digests = [digest for _, digest in sorted(pair for part in parts for pair in part)]
        assert digests == alone, "other frames"
        print(f"{len(numbers)} frames in {len(plan)} shards; a worker was killed behind {done_before} of them: the same frames")
    finally:
        for process in processes:
            process.kill()
            process.wait()
