# SPDX-License-Identifier: MIT
"""Shards of a plan on a Dask cluster: two workers beside one, and one of two killed in the middle."""
import contextlib
import os
import pathlib
import subprocess
import sys
import time

from common import HERE, ROOT, table

EXAMPLES = ROOT / "tools/python/examples"
sys.path.insert(0, str(EXAMPLES))
SHARDS, FRAMES = 160, 160


def run_counted(film, shard, log):
    """A shard; its beginning and its end are noted, for the bytes that were read in all."""
    import shards as example
    note(log, "begin", shard["bytes"])
    result = example.run_shard(film, shard)
    note(log, "end", shard["bytes"])
    return result


def note(log, event, number):
    with open(log, "a", encoding="ascii") as file:
        file.write(f"{event} {number}\n")


@contextlib.contextmanager
def cluster(folder, workers):
    """Yields a client and the processes of the workers, each with one thread."""
    from distributed import Client
    address = folder / f"scheduler.{workers}.{time.monotonic_ns()}.json"
    environment = {**os.environ, "PYTHONPATH": f"{HERE}:{EXAMPLES}:{os.environ.get('PYTHONPATH', '')}"}
    start = lambda program, *arguments: subprocess.Popen(  # noqa: E731
        [sys.executable, "-c", f"from distributed.cli.{program} import main; main()", "--scheduler-file", str(address), "--no-dashboard", *arguments],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with contextlib.ExitStack() as stack:
        def kept(process):
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process
        kept(start("dask_scheduler", "--port", "0"))
        while not address.exists():
            time.sleep(0.1)
        processes = [kept(start("dask_worker", "--nthreads", "1", "--no-nanny")) for _ in range(workers)]
        client = stack.enter_context(Client(scheduler_file=str(address)))
        client.wait_for_workers(workers, timeout=60)
        client.run(__import__, "machines")
        yield client, processes


def run(folder, film, shards, workers, kill=False):
    """Seconds, digests in order, bytes of all shards that were begun."""
    import shards as example
    log = folder / "shards.log"
    log.unlink(missing_ok=True)
    with cluster(folder, workers) as (client, processes):
        start, parts = time.perf_counter(), []
        for part in example.results(client, run_counted, [(film, shard, str(log)) for shard in shards]):
            parts.append(part)
            if kill and len(parts) == len(shards) // 3:
                processes.pop().kill()
        seconds = time.perf_counter() - start
    begun = sum(int(line.split()[1]) for line in log.read_text().splitlines() if line.startswith("begin"))
    return seconds, [digest for _, digest in sorted(pair for part in parts for pair in part)], begun


def dask(folder, film):
    try:
        import distributed  # noqa: F401
    except ImportError:
        print("\nDask (python3-distributed) is not here")
        return
    import h4mk
    path = str(pathlib.Path(folder, f"{film}.h4mk"))
    with h4mk.open(path) as file:
        count = len(file.video)
        plan = file.video.plan(range(count // (2 * FRAMES), count, count // FRAMES), shards=SHARDS)
    shards = [{**shard, "bytes": sum(group["bytes"] for group in shard["groups"])} for shard in plan["shards"]]
    one, two, killed = run(folder, path, shards, 1), run(folder, path, shards, 2), run(folder, path, shards, 2, kill=True)
    table(f"{FRAMES} frames in {len(shards)} shards on a Dask cluster", ["", "s", "as fast as one worker", "the same pictures", "bytes"],
          [["one worker", f"{one[0]:.1f}", "1", "", "1"],
           ["two workers (goal 1.9)", f"{two[0]:.1f}", f"{one[0] / two[0]:.2f}", "yes" if two[1] == one[1] else "NO", f"{two[2] / one[2]:.3f}"],
           ["one of two killed (goal 1.02 times the bytes)", f"{killed[0]:.1f}", f"{one[0] / killed[0]:.2f}", "yes" if killed[1] == one[1] else "NO",
            f"{killed[2] / one[2]:.3f}"]])
