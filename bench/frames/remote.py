# SPDX-License-Identifier: MIT
"""16 random frames of the film by presigned URL."""
import random
import statistics
import time

from common import LOOP, in_process, table
from network import ROUND_TRIP, store

FRAMES = 16


GROUP = 250


def groups_of(numbers):
    """All frames of the groups that frames are in: a loop has a group of 250 frames and the rest."""
    found = set()
    for number in numbers:
        loop, place = divmod(number, LOOP)
        found.update(range(loop * LOOP + (place // GROUP) * GROUP, loop * LOOP + min((place // GROUP + 1) * GROUP, LOOP)))
    return sorted(found)


def measure(local, url, beside, seed):
    """Requests, rounds, bytes beside those of the groups, and the time beside that of the same frames from the disk."""
    import h4mk
    with h4mk.open(local) as film:
        numbers = random.Random(seed).sample(range(len(film.video)), FRAMES)
        needed = film.video.plan(groups_of(numbers))["bytes"]
        film.video.frames(numbers)
        expected, alone = None, []
        for _ in range(2):
            start = time.perf_counter()
            expected = film.video.frames(numbers)
            alone.append(time.perf_counter() - start)
    start = time.perf_counter()
    with h4mk.open(url, beside=beside) as film:
        found = film.video.frames(numbers)
        seconds = time.perf_counter() - start
        transfers = film.transfers
    return {"same": bool((found == expected).all()), "seconds": seconds, "alone": min(alone), "needed": needed, **transfers}


def requests(folder, film, repeat=3):
    names = [f"{film}.h4mk", f"{film}.side.h4mk", f"{film}.mp4"]
    rows = []
    with store(folder, names) as (url, delay):
        for kind, name in (("H4MK", names[0]), ("sidecar of the MP4", names[1])):
            runs = [in_process("remote.measure", str(folder / name), url(name), {names[2]: url(names[2])}, seed) for seed in range(repeat)]
            problems = [problem for _, problem in runs if problem]
            if problems:
                rows.append([kind, problems[0]] + ["-"] * 5)
                continue
            found = [result for result, _ in runs]
            rows.append([kind, max(r["requests"] for r in found), max(r["rounds"] for r in found), f"{max((r['bytes'] - 6e5) / r['needed'] for r in found):.2f}",
                         f"{statistics.median(r['seconds'] for r in found):.2f}", f"{statistics.median(r['seconds'] / r['alone'] for r in found):.2f}",
                         "yes" if all(r["same"] for r in found) else "NO"])
    table(f"{FRAMES} random frames by presigned URL, {1000 * ROUND_TRIP:.0f} ms away ({delay}); {repeat} times, the worst of the first three columns",
          ["", "requests (goal 18)", "rounds (goal 4)", "(bytes - 0.6 MB) / bytes of the groups (goal 1.15)", "s", "time / decoding alone (goal 1.2)", "the same pictures"], rows)
